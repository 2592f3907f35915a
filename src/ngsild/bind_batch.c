/* Batch operations: an array in, BatchOperationResult or a list of ids out. [CIM 009 6.14 to 6.17, 6.31] */
#include "ngsild/bind.h"
#include "ngsild/params.h"
#include "ngsild/request.h"
#include "ops/batch.h"

static void put_id(struct cd_buf *b, cd_str id, bool *first)
{
	if (!*first)
		cd_buf_char(b, ',');
	*first = false;
	cd_json_write_string(b, id);
}

/* {"success":[ids],"errors":[{"entityId","error"}]} [5.2.16, 5.2.17] */
static void batch_result(struct cd_ngsi *n, struct cd_buf *b, struct cd_op_batch *batch)
{
	bool first = true;
	CD_BUF_LIT(b, "{\"success\":[");
	for (uint32_t i = 0; i < batch->n; i++)
		if (!batch->items[i].err.code)
			put_id(b, batch->items[i].id, &first);
	CD_BUF_LIT(b, "],\"errors\":[");
	first = true;
	for (uint32_t i = 0; i < batch->n; i++) {
		if (!batch->items[i].err.code)
			continue;
		if (!first)
			cd_buf_char(b, ',');
		first = false;
		CD_BUF_LIT(b, "{\"entityId\":");
		cd_json_write_string(b, batch->items[i].id);
		CD_BUF_LIT(b, ",\"error\":");
		cd_ngsi_found(n, batch->items[i].json, &batch->items[i].err);
		cd_problem_write(b, CD_SURFACE_NGSILD, &batch->items[i].err);
		cd_buf_char(b, '}');
	}
	CD_BUF_LIT(b, "]}");
}

static void release_contexts(struct cd_op_batch *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		cd_ctx_unref(b->items[i].ctx);
}

static void count(const struct cd_op_batch *b, uint32_t *failed, uint32_t *created)
{
	*failed = *created = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		*failed += b->items[i].err.code != CD_OK;
		*created += !b->items[i].err.code && b->items[i].created;
	}
}

static void batch_done(struct cd_op *op)
{
	struct cd_op_batch *b = (struct cd_op_batch *)op;
	struct cd_ngsi *n = op->owner;
	uint32_t failed, created;
	release_contexts(b);
	if (op->cx->err.code) {
		cd_ngsi_fail(n);
		return;
	}
	count(b, &failed, &created);
	bool creates = b->verb == CD_VERB_CREATE || b->verb == CD_VERB_UPSERT;
	if (!failed && (!creates || !created)) {
		cd_ngsi_no_content(n);
		return;
	}
	struct cd_buf body;
	cd_buf_init(&body, SIZE_MAX / 2);
	if (failed) {
		batch_result(n, &body, b);
	} else {
		bool first = true;
		cd_buf_char(&body, '[');
		for (uint32_t i = 0; i < b->n; i++)
			if (b->items[i].created)
				put_id(&body, b->items[i].id, &first);
		cd_buf_char(&body, ']');
	}
	cd_ngsi_json(n, failed ? 207 : 201, &body);
}

/* ---- in ---- */

static cd_code check_array(struct cd_ngsi *n)
{
	const uint64_t most = n->cx->set->batch_max;
	if (n->body->kind != CD_JSON_ARRAY)
		return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, "", "Expected an array");
	if (n->body->n == 0)
		return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, "", "The array is empty");
	if (n->body->n > most)
		return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, "", "More than %llu entities in one batch",
			(unsigned long long)most);
	for (const struct cd_json *item = n->body->child; item; item = item->next)
		if (item->kind == CD_JSON_NULL)
			return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(n->cx, item),
				"An item is null");
	return CD_OK;
}

static void contexts_ready(struct cd_ngsi *n)
{
	cd_op_batch_begin(n->runner, n->op);
}

/* Each item has its own context; the same one again is a look-up. */
static bool want_contexts(struct cd_ngsi *n, struct cd_op_batch *b)
{
	struct cd_ngsi_wait *waits = CD_NEWS(n->cx->arena, struct cd_ngsi_wait, b->n);
	if (!waits)
		return false;
	for (uint32_t i = 0; i < b->n; i++) {
		waits[i] =
			(struct cd_ngsi_wait){.request = n, .ctx = &b->items[i].ctx, .err = &b->items[i].err};
		cd_ngsi_want_context(n, b->items[i].json, &waits[i]);
	}
	return true;
}

static struct cd_op_batch *new_batch(struct cd_ngsi *n, enum cd_verb verb, enum cd_body body)
{
	struct cd_op_batch *b = CD_NEW(n->cx->arena, struct cd_op_batch);
	struct cd_batch_item *items = b ? CD_NEWS(n->cx->arena, struct cd_batch_item, n->body->n) : NULL;
	if (!items) {
		(void)cd_fail_memory(n->cx);
		return NULL;
	}
	*b = (struct cd_op_batch){
		.op = {.cx = n->cx, .tenant = n->tenant, .done = batch_done, .owner = n},
		.verb = verb,
		.body = body,
		.items = items,
	};
	for (const struct cd_json *item = n->body->child; item; item = item->next)
		items[b->n++] = (struct cd_batch_item){.json = item, .id = CD_STR("")};
	return b;
}

static void begin(struct cd_ngsi *n, enum cd_verb verb, enum cd_body body, uint32_t flags)
{
	struct cd_op_batch *b = check_array(n) ? NULL : new_batch(n, verb, body);
	if (!b) {
		cd_ngsi_fail(n);
		return;
	}
	b->flags = flags;
	n->op = b;
	if (verb != CD_VERB_DELETE && !want_contexts(n, b)) {
		(void)cd_fail_memory(n->cx);
		cd_ngsi_fail(n);
		return;
	}
	cd_ngsi_contexts_done(n, contexts_ready);
}

static void batch_create(struct cd_ngsi *n)
{
	begin(n, CD_VERB_CREATE, CD_BODY_ENTITY, 0);
}

static void batch_merge(struct cd_ngsi *n)
{
	begin(n, CD_VERB_MERGE, CD_BODY_MERGE, 0);
}

static void batch_delete(struct cd_ngsi *n)
{
	begin(n, CD_VERB_DELETE, CD_BODY_ENTITY, 0);
}

static void batch_upsert(struct cd_ngsi *n)
{
	uint32_t options;
	if (cd_ngsi_options(n, CD_OPT_REPLACE | CD_OPT_UPDATE, &options)) {
		cd_ngsi_fail(n);
		return;
	}
	if (options & CD_OPT_UPDATE)
		begin(n, CD_VERB_UPSERT, CD_BODY_UPSERT_UPDATE, CD_CHANGE_UPDATE);
	else
		begin(n, CD_VERB_UPSERT, CD_BODY_ENTITY, 0);
}

static void batch_update(struct cd_ngsi *n)
{
	uint32_t options;
	if (cd_ngsi_options(n, CD_OPT_NO_OVERWRITE, &options)) {
		cd_ngsi_fail(n);
		return;
	}
	begin(n, CD_VERB_APPEND, CD_BODY_FRAGMENT,
		options & CD_OPT_NO_OVERWRITE ? CD_CHANGE_NO_OVERWRITE : 0);
}

#define BIND(name)                                                                                           \
	void cd_bind_##name(void *app, struct cd_http_req *http, const struct cd_route *route,               \
		const struct cd_args *args)                                                                  \
	{                                                                                                    \
		cd_ngsi_begin(app, http, route, args, CD_NGSI_CONTEXT_ITEMS, name);                          \
	}
BIND(batch_create)
BIND(batch_merge)
BIND(batch_delete)
BIND(batch_upsert)
BIND(batch_update)
