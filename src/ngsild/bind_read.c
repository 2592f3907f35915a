/* Retrieve, list, and the query with a body. [CIM 009 6.4.3.2, 6.5.3.1, 6.23.3.1] */
#include "ngsild/ask.h"
#include "ngsild/bind.h"
#include "ngsild/params.h"
#include "ops/read.h"

#include <stdlib.h>

/* ---- one ---- */

static void retrieved(struct cd_op *op)
{
	struct cd_op_retrieve *r = (struct cd_op_retrieve *)op;
	struct cd_ngsi *n = op->owner;
	if (op->cx->err.code) {
		cd_buf_done(&r->answer);
		cd_ngsi_fail(n);
	} else {
		cd_ngsi_entities(n, &r->answer, NULL, 0);
	}
}

static void retrieve(struct cd_ngsi *n)
{
	struct cd_op_retrieve *r = CD_NEW(n->cx->arena, struct cd_op_retrieve);
	if (!r) {
		(void)cd_fail_memory(n->cx);
	} else if (!cd_ngsi_representation(n, &r->out) && !cd_ngsi_ask(n, &r->ask)) {
		r->op = (struct cd_op){.cx = n->cx, .tenant = n->tenant, .done = retrieved, .owner = n};
		r->id = n->args->part[0];
		cd_op_retrieve_begin(n->runner, r);
		return;
	}
	cd_ngsi_fail(n);
}

/* ---- many ---- */

struct list {
	struct cd_op_list op;
	struct cd_http_field fields[3];
	size_t fields_n;
};

static int by_name(const void *x, const void *y)
{
	const enum cd_ngsi_param *a = x, *b = y;
	return strcmp(cd_ngsi_params[*a].name, cd_ngsi_params[*b].name);
}

/* The request again with another offset, parameters sorted by name, as the links of entity lists want it. */
static void put_target(struct cd_buf *b, struct cd_ngsi *n, uint64_t offset, uint64_t limit)
{
	enum cd_ngsi_param sorted[P_N];
	size_t sorted_n = 0;
	char sep = '?';
	for (unsigned p = 0; p < P_N; p++)
		if (((n->args->given | P(LIMIT) | P(OFFSET)) >> p & 1))
			sorted[sorted_n++] = (enum cd_ngsi_param)p;
	qsort(sorted, sorted_n, sizeof *sorted, by_name);
	cd_buf_put(b, cd_str_z(n->route->path));
	for (size_t i = 0; i < sorted_n; i++) {
		cd_buf_char(b, sep);
		cd_buf_put(b, cd_str_z(cd_ngsi_params[sorted[i]].name));
		cd_buf_char(b, '=');
		sep = '&';
		if (sorted[i] == P_LIMIT)
			cd_buf_u64(b, limit);
		else if (sorted[i] == P_OFFSET)
			cd_buf_u64(b, offset);
		else
			cd_percent_encode(b, n->args->text[sorted[i]], ":@!$'()*,;/?");
	}
}

static cd_str page_link(struct cd_ngsi *n, uint64_t offset, uint64_t limit, const char *rel)
{
	struct cd_buf b;
	cd_buf_init(&b, 1 << 20);
	cd_buf_char(&b, '<');
	put_target(&b, n, offset, limit);
	CD_BUF_LIT(&b, ">;rel=\"");
	cd_buf_put(&b, cd_str_z(rel));
	CD_BUF_LIT(&b, "\";type=\"");
	cd_buf_put(&b, n->offer == CD_OFFER_LD    ? CD_STR("application/ld+json")
		       : n->offer == CD_OFFER_GEO ? CD_STR("application/geo+json")
						  : CD_STR("application/json"));
	cd_buf_char(&b, '"');
	cd_str text = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(n->cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return text;
}

static void page_fields(struct list *l, struct cd_ngsi *n)
{
	const struct cd_op_list *op = &l->op;
	if (op->count)
		l->fields[l->fields_n++] = (struct cd_http_field){CD_STR("NGSILD-Results-Count"),
			cd_arena_printf(n->cx->arena, "%llu", (unsigned long long)op->total)};
	if (op->limit == 0)
		return;
	uint64_t before = op->offset > op->limit ? op->offset - op->limit : 0;
	if (op->offset)
		l->fields[l->fields_n++] =
			(struct cd_http_field){CD_STR("Link"), page_link(n, before, op->limit, "prev")};
	if (op->more)
		l->fields[l->fields_n++] = (struct cd_http_field){
			CD_STR("Link"), page_link(n, op->offset + op->limit, op->limit, "next")};
}

static bool put(struct cd_op_list *op, struct cd_buf *piece)
{
	struct list *l = (struct list *)op;
	struct cd_ngsi *n = op->op.owner;
	if (!n->streaming) {
		page_fields(l, n);
		cd_ngsi_entities_begin(n, l->fields, l->fields_n);
	}
	return cd_http_stream_put(n->http, piece);
}

static void stream_finished(struct cd_ngsi *n, struct cd_op_list *op)
{
	struct cd_ctx *ctx = n->ctx;
	if (op->op.cx->err.code) {
		cd_buf_done(&op->answer);
		cd_http_stream_cut(n->http);
	} else {
		(void)cd_http_stream_put(n->http, &op->answer);
		cd_http_stream_end(n->http);
	}
	cd_ctx_unref(ctx);
}

static void listed(struct cd_op *op)
{
	struct list *l = (struct list *)op;
	struct cd_ngsi *n = op->owner;
	if (n->streaming) {
		stream_finished(n, &l->op);
	} else if (op->cx->err.code) {
		cd_buf_done(&l->op.answer);
		cd_ngsi_fail(n);
	} else {
		page_fields(l, n);
		cd_ngsi_entities(n, &l->op.answer, l->fields, l->fields_n);
	}
}

/* How a query is answered, instead of its answer. */
static void explained(struct cd_op *op)
{
	struct list *l = (struct list *)op;
	struct cd_ngsi *n = op->owner;
	if (op->cx->err.code) {
		cd_buf_done(&l->op.answer);
		cd_ngsi_fail(n);
	} else {
		cd_ngsi_json(n, 200, &l->op.answer);
	}
}

static void list_room(struct cd_ngsi *n)
{
	cd_op_room(&((struct cd_op_list *)n->op)->op);
}

static cd_code check_page(struct cd_ngsi *n, struct cd_op_list *op)
{
	const struct cd_args *a = n->args;
	const struct cd_settings *set = n->cx->set;
	op->limit = a->given & P(LIMIT) ? a->uint[P_LIMIT] : set->page_default;
	op->offset = a->uint[P_OFFSET];
	op->count = a->uint[P_COUNT];
	if (op->limit == 0 && !op->count)
		return cd_fail(
			n->cx, CD_E_BAD_REQUEST_DATA, "limit", "0 is only for counting: with count=true");
	if (op->limit > set->page_max)
		return cd_fail(n->cx, CD_E_TOO_MANY_RESULTS, "limit", "At most %llu results in one answer",
			(unsigned long long)set->page_max);
	return CD_OK;
}

static void list_with(struct cd_ngsi *n, cd_code (*ask)(struct cd_ngsi *, struct cd_ask *), bool explain)
{
	struct list *l = CD_NEW(n->cx->arena, struct list);
	if (!l) {
		(void)cd_fail_memory(n->cx);
	} else if (!cd_ngsi_representation(n, &l->op.out) && !check_page(n, &l->op) && !ask(n, &l->op.ask)) {
		l->op.op = (struct cd_op){
			.cx = n->cx, .tenant = n->tenant, .done = explain ? explained : listed, .owner = n};
		/* the status of an answer in an older version is known at its end */
		l->op.put = explain || n->minor ? NULL : put;
		l->op.explain = explain;
		n->op = l;
		n->room = list_room;
		cd_op_list_begin(n->runner, &l->op);
		return;
	}
	cd_ngsi_fail(n);
}

static void list(struct cd_ngsi *n)
{
	list_with(n, cd_ngsi_ask, false);
}

/* limit, offset, count and the representation stay parameters. */
static cd_code ask_body(struct cd_ngsi *n, struct cd_ask *a)
{
	*a = (struct cd_ask){.local = n->args->uint[P_LOCAL], .in_body = true};
	return cd_ngsi_ask_body(n, a);
}

static void query(struct cd_ngsi *n)
{
	list_with(n, ask_body, false);
}

static void explain(struct cd_ngsi *n)
{
	list_with(n, cd_ngsi_ask, true);
}

#define BIND(name)                                                                                           \
	void cd_bind_##name(void *app, struct cd_http_req *http, const struct cd_route *route,               \
		const struct cd_args *args)                                                                  \
	{                                                                                                    \
		cd_ngsi_begin(app, http, route, args, CD_NGSI_CONTEXT, name);                                \
	}
BIND(retrieve)
BIND(list)
BIND(query)
BIND(explain)
