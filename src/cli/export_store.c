/* Export from a data directory that nobody serves: one operation over one pinned root. */
#include "cli/export.h"

#include "base/mem.h"
#include "ops/ask.h"
#include "ops/plan.h"
#include "ops/runner.h"

struct from_store {
	struct cd_export_source source;
	const struct cd_settings *set;
	const struct cd_export_plan *plan;
	struct cd_fs *fs;
	struct cd_store *store;
	struct cd_ctx_cache *contexts;
	struct cd_runner *runner;
};

struct reading {
	struct cd_op op;
	struct from_store *from;
	cd_export_each *each;
	void *arg;
	struct cd_asked asked;
	struct cd_plan plan;
	struct cd_q_run run;
};

static void read_done(struct cd_op *op)
{
	(void)op;
}

static cd_str text_or_none(const char *text)
{
	return text ? cd_str_z(text) : cd_str_of(NULL, 0);
}

static cd_code each_of(struct reading *r)
{
	struct cd_cx *cx = r->op.cx;
	const struct cd_ent *e;
	cd_code code = CD_OK;
	while (!code && !r->run.bad && cd_plan_next(&r->plan, &e)) {
		if (!e || !cd_ent_alive(e, cx->now))
			continue;
		bool yes =
			r->plan.exact || !r->asked.query || cd_q_eval(r->asked.query, e, &r->run) == CD_TRUE;
		cd_arena_reset(&r->run.scratch);
		if (yes)
			code = r->each(r->arg, cx, e);
	}
	cd_code bad = r->run.bad ? r->run.bad : r->plan.bad;
	return code || !bad ? code : cd_fail(cx, bad, "q", "%s", cd_code_title(bad));
}

static enum cd_step read_step(struct cd_op *op)
{
	struct reading *r = (struct reading *)op;
	const struct cd_tenant *tenant;
	const struct cd_ask ask = {.types = text_or_none(r->from->plan->type),
		.q = text_or_none(r->from->plan->q),
		.any_size = true};
	r->asked.out = (struct cd_out){.ctx = r->from->source.ctx, .names = r->from->source.names};
	cd_q_run_init(&r->run, op->cx);
	if (!cd_ask_compile(op->cx, &ask, &r->asked) && !cd_op_pin(op, &tenant) &&
		!cd_plan_make(op->cx, op->cx->arena, r->from->store, tenant, r->asked.query, UINT64_MAX,
			&r->plan))
		(void)each_of(r);
	cd_q_run_done(&r->run);
	cd_asked_done(&r->asked);
	return CD_STEP_DONE;
}

static cd_code read_store(struct cd_export_source *source, struct cd_cx *cx, bool keep, bool again,
	cd_export_each *each, void *arg)
{
	struct from_store *from = (struct from_store *)source;
	/* the directory is ours: every read sees the same */
	(void)keep, (void)again;
	struct reading *r = CD_NEW(cx->arena, struct reading);
	if (!r)
		return cd_fail_memory(cx);
	r->op = (struct cd_op){.cx = cx,
		.tenant = cd_str_z(from->plan->tenant),
		.action = CD_ACT_READ,
		.next = read_step,
		.done = read_done};
	r->from = from;
	r->each = each;
	r->arg = arg;
	cd_op_begin(from->runner, &r->op);
	return cx->err.code;
}

static cd_code list_tenants(
	struct cd_export_source *source, struct cd_cx *cx, const cd_str **ret, size_t *ret_n)
{
	struct from_store *from = (struct from_store *)source;
	struct cd_reader *reader = cd_reader_new(from->store);
	const struct cd_root *root = reader ? cd_pin(reader) : NULL;
	cd_str *names = root ? CD_NEWS(cx->arena, cd_str, root->tenants_n) : NULL;
	for (uint32_t i = 0; names && i < root->tenants_n; i++)
		names[i] = cd_str_of(root->tenants[i]->name, root->tenants[i]->name_n);
	*ret_n = names ? root->tenants_n : 0;
	*ret = names;
	if (root)
		cd_unpin(reader, root);
	cd_reader_free(reader);
	return names ? CD_OK : cd_fail_memory(cx);
}

static void close_store(struct cd_export_source *source)
{
	struct from_store *from = (struct from_store *)source;
	cd_ctx_unref(from->source.ctx);
	cd_runner_free(from->runner);
	cd_ctx_cache_free(from->contexts);
	cd_store_close(from->store);
	cd_fs_free(from->fs);
	cd_mem_free(from);
}

static const struct cd_export_source_ops store_ops = {read_store, list_tenants, close_store};

static cd_code open_store(struct cd_cx *cx, struct from_store *from)
{
	struct cd_ctx_wait *wait;
	/* a directory that is not there is not made */
	const struct cd_store_config conf = {.set = from->set, .fs = from->fs, .read_only = true};
	if (!from->fs)
		return cd_fail_memory(cx);
	if (cd_store_open(cx, &conf, &from->store))
		return cx->err.code;
	from->contexts = cd_ctx_cache_new(cx, from->set);
	if (!from->contexts)
		return cx->err.code;
	const struct cd_runner_config rconf = {.store = from->store,
		.contexts = from->contexts,
		.set = from->set,
		.allow_private = from->set->outbound_private != 0};
	from->runner = cd_runner_new(cx, &rconf);
	if (!from->runner)
		return cx->err.code;
	const char *url = from->plan->context;
	const struct cd_json *value = url ? cd_json_string(cx->arena, cd_str_z(url)) : NULL;
	return cd_runner_context(from->runner, cx, value, NULL, NULL, &from->source.ctx, &wait);
}

struct cd_export_source *cd_export_store(
	struct cd_cx *cx, const struct cd_settings *set, const struct cd_export_plan *plan)
{
	struct from_store *from = cd_mem_zalloc(sizeof *from);
	if (!from) {
		(void)cd_fail_memory(cx);
		return NULL;
	}
	from->source.ops = &store_ops;
	from->set = set;
	from->plan = plan;
	from->fs = cd_fs_new();
	if (!open_store(cx, from)) {
		from->source.names = cd_store_names(from->store);
		return &from->source;
	}
	close_store(&from->source);
	return NULL;
}
