/* Import into a data directory: the same operations as the server's, run synchronously. */
#include "cli/target.h"

#include "base/mem.h"
#include "ops/batch.h"
#include "json/json.h"

#include <stdlib.h>

struct to_store {
	struct cd_target target;
	const struct cd_settings *set;
	const struct cd_import_plan *plan;
	struct cd_fs *fs;
	struct cd_store *store;
	struct cd_ctx_cache *contexts;
	struct cd_runner *runner;
	struct cd_arena arena; /* of one batch */
};

static const struct {
	cd_str mode;
	enum cd_verb verb;
	enum cd_body body;
	uint32_t flags;
} modes[] = {
	{CD_STR_INIT("upsert"), CD_VERB_UPSERT, CD_BODY_ENTITY, 0},
	{CD_STR_INIT("create"), CD_VERB_CREATE, CD_BODY_ENTITY, 0},
	{CD_STR_INIT("update"), CD_VERB_APPEND, CD_BODY_FRAGMENT, 0},
	{CD_STR_INIT("append"), CD_VERB_APPEND, CD_BODY_FRAGMENT, CD_CHANGE_NO_OVERWRITE},
	{CD_STR_INIT("merge"), CD_VERB_MERGE, CD_BODY_MERGE, 0},
};

static void batch_done(struct cd_op *op)
{
	(void)op;
}

/* Parse one item and find its context; an error is the item's. */
static void prepare(struct to_store *t, struct cd_cx *cx, cd_str text, struct cd_batch_item *item)
{
	struct cd_json *json, *value;
	struct cd_ctx_wait *wait;
	if (!cd_json_parse(cx, text, &json)) {
		item->json = json;
		value = cd_json_get(json, CD_STR("@context"));
		if (!value && t->plan->context)
			value = cd_json_string(cx->arena, cd_str_z(t->plan->context));
		(void)cd_runner_context(t->runner, cx, value, NULL, NULL, &item->ctx, &wait);
	}
	if (!item->json)
		item->json = cd_json_new(cx->arena, CD_JSON_NULL);
	item->err = cx->err;
	cd_cx_clear(cx);
}

static struct cd_op_batch *new_batch(struct to_store *t, struct cd_cx *cx, const struct cd_import_batch *in)
{
	struct cd_op_batch *b = CD_NEW(cx->arena, struct cd_op_batch);
	struct cd_batch_item *items = b ? CD_NEWS(cx->arena, struct cd_batch_item, in->n) : NULL;
	if (!items)
		return NULL;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (cd_str_eq(modes[i].mode, cd_str_z(t->plan->mode))) {
			b->verb = modes[i].verb;
			b->body = modes[i].body;
			b->flags = modes[i].flags;
		}
	b->op.cx = cx;
	b->op.tenant = cd_str_z(t->plan->tenant);
	b->op.done = batch_done;
	b->items = items;
	b->n = in->n;
	for (uint32_t i = 0; i < in->n; i++)
		prepare(t, cx, cd_str_of(in->text.p + in->item[i].at, in->item[i].n), &items[i]);
	return b;
}

static cd_code write_batch(struct cd_target *target, struct cd_cx *out, const struct cd_import_batch *in,
	void (*failed)(void *, uint64_t, const char *, const char *), void *arg)
{
	struct to_store *t = (struct to_store *)target;
	struct cd_cx cx;
	cd_arena_reset(&t->arena);
	cd_cx_init(&cx, &t->arena, t->set);
	struct cd_op_batch *b = new_batch(t, &cx, in);
	if (!b)
		return cd_fail_memory(out);
	cd_op_batch_begin(t->runner, b);
	for (uint32_t i = 0; i < b->n; i++) {
		cd_ctx_unref(b->items[i].ctx);
		if (!cx.err.code && b->items[i].err.code)
			failed(arg, in->item[i].line, cd_arena_copy(cx.arena, b->items[i].id).p,
				b->items[i].err.detail);
	}
	return cx.err.code ? cd_fail(out, cx.err.code, cx.err.where, "%s", cx.err.detail) : CD_OK;
}

static cd_code close_store(struct cd_target *target, struct cd_cx *cx)
{
	struct to_store *t = (struct to_store *)target;
	(void)cx;
	cd_runner_free(t->runner);
	cd_ctx_cache_free(t->contexts);
	cd_store_close(t->store);
	cd_fs_free(t->fs);
	cd_arena_done(&t->arena);
	cd_mem_free(t);
	return CD_OK;
}

static const struct cd_target_ops store_ops = {write_batch, close_store};

struct cd_target *cd_target_store(
	struct cd_cx *cx, const struct cd_settings *set, const struct cd_import_plan *plan)
{
	struct to_store *t = cd_mem_zalloc(sizeof *t);
	if (!t) {
		(void)cd_fail_memory(cx);
		return NULL;
	}
	t->target.ops = &store_ops;
	t->set = set;
	t->plan = plan;
	cd_arena_init(&t->arena, set->request_memory);
	t->fs = cd_fs_new();
	const struct cd_store_config conf = {.set = set, .fs = t->fs};
	if (t->fs && !cd_store_open(cx, &conf, &t->store))
		t->contexts = cd_ctx_cache_new(cx, set);
	const struct cd_runner_config rconf = {.store = t->store,
		.contexts = t->contexts,
		.set = set,
		.allow_private = set->outbound_private != 0};
	if (t->contexts)
		t->runner = cd_runner_new(cx, &rconf);
	if (t->runner)
		return &t->target;
	if (!cx->err.code)
		(void)cd_fail_memory(cx);
	(void)close_store(&t->target, cx);
	return NULL;
}
