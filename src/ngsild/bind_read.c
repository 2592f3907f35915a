/* Retrieve and list. [CIM 009 6.4.3.2, 6.5.3.1; digest 7.5] */
#include "ngsild/bind.h"
#include "ngsild/params.h"
#include "ngsild/request.h"
#include "ops/read.h"

static cd_code representation(struct cd_ngsi *n, struct cd_out *out)
{
	uint32_t options;
	if (cd_ngsi_options(n, CD_OPT_FORMS | CD_OPT_SYS_ATTRS, &options))
		return n->cx->err.code;
	*out = (struct cd_out){
		.ctx = n->ctx,
		.form = cd_ngsi_form(n, options),
		.sys_attrs = options & CD_OPT_SYS_ATTRS,
		.with_context = n->offer == CD_OFFER_LD,
	};
	return CD_OK;
}

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
	} else if (!representation(n, &r->out)) {
		r->op = (struct cd_op){.cx = n->cx, .tenant = n->tenant, .done = retrieved, .owner = n};
		r->id = n->args->part[0];
		r->types = n->args->text[P_TYPE];
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

/* The request again with another offset, parameters sorted by name, as the links of entity lists want it
 * {019_31}. */
static void put_target(struct cd_buf *b, struct cd_ngsi *n, uint64_t offset, uint64_t limit)
{
	static const enum cd_ngsi_param sorted[] = {
		P_COUNT, P_FORMAT, P_ID, P_LIMIT, P_LOCAL, P_OFFSET, P_OPTIONS, P_TYPE};
	const struct cd_args *a = n->args;
	char sep = '?';
	CD_BUF_LIT(b, "/ngsi-ld/v1/entities");
	for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++) {
		enum cd_ngsi_param p = sorted[i];
		if (p != P_LIMIT && p != P_OFFSET && !(a->given & (1ull << p)))
			continue;
		cd_buf_char(b, sep);
		cd_buf_put(b, cd_str_z(cd_ngsi_params[p].name));
		cd_buf_char(b, '=');
		sep = '&';
		if (p == P_LIMIT)
			cd_buf_u64(b, limit);
		else if (p == P_OFFSET)
			cd_buf_u64(b, offset);
		else
			cd_percent_encode(b, a->text[p], ":@!$'()*,;/?");
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
	cd_buf_put(&b, n->offer == CD_OFFER_LD ? CD_STR("application/ld+json") : CD_STR("application/json"));
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
	/* an id does not narrow enough [5.7.2.4] */
	if (!(a->given & P(TYPE)) && !a->uint[P_LOCAL])
		return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, "type", "Too wide: say a type, or local=true");
	if (cd_str_eq(a->text[P_TYPE], CD_STR("*")) && (a->given & P(LOCAL)) && !a->uint[P_LOCAL])
		return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, "local", "type=* is only answered locally");
	return CD_OK;
}

static void list(struct cd_ngsi *n)
{
	struct list *l = CD_NEW(n->cx->arena, struct list);
	if (!l) {
		(void)cd_fail_memory(n->cx);
	} else if (!representation(n, &l->op.out) && !check_page(n, &l->op)) {
		l->op.op = (struct cd_op){.cx = n->cx, .tenant = n->tenant, .done = listed, .owner = n};
		l->op.types = n->args->text[P_TYPE];
		l->op.ids = n->args->text[P_ID];
		l->op.put = put;
		n->op = l;
		n->room = list_room;
		cd_op_list_begin(n->runner, &l->op);
		return;
	}
	cd_ngsi_fail(n);
}

#define BIND(name)                                                                                           \
	void cd_bind_##name(void *app, struct cd_http_req *http, const struct cd_route *route,               \
		const struct cd_args *args)                                                                  \
	{                                                                                                    \
		cd_ngsi_begin(app, http, route, args, CD_NGSI_CONTEXT, name);                                \
	}
BIND(retrieve)
BIND(list)
