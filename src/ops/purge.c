/*
 * Purge goes over the query's candidates in the order of their numbers, a job of changes at a time; after
 * each commit it goes on behind the last number in the newest root. So it ends, whatever is written
 * meanwhile.
 */
#include "ops/purge.h"

#include "ops/runner.h"

enum { JOB_ENTITIES = 1000, TIRED_EVERY = 8 };

static enum cd_step begin_job(struct cd_op_purge *);

static enum cd_step finish(struct cd_op_purge *p)
{
	cd_asked_done(&p->asked);
	cd_q_run_done(&p->run);
	cd_arena_done(&p->arena);
	return CD_STEP_DONE;
}

/* ---- what the writer said ---- */

static void keep_failure(struct cd_op_purge *p, const struct cd_change *c, const struct cd_report *r)
{
	struct cd_arena *arena = p->op.cx->arena;
	struct cd_purge_failure *f = CD_NEW(arena, struct cd_purge_failure);
	if (!f)
		return;
	f->id = cd_arena_copy(arena, c->id);
	f->err = (struct cd_err){
		r->code, r->detail ? cd_arena_copy(arena, cd_str_z(r->detail)).p : NULL, NULL};
	f->next = p->failures;
	p->failures = f;
}

static enum cd_step settle(struct cd_op *op)
{
	struct cd_op_purge *p = (struct cd_op_purge *)op;
	if (op->cx->err.code)
		return finish(p);
	for (uint32_t i = 0; i < p->job.n; i++) {
		const struct cd_report *r = &p->job.reports[i];
		/* somebody else was quicker: it is gone, as wanted */
		if (r->code && r->code != CD_E_NOT_FOUND)
			keep_failure(p, &p->job.changes[i], r);
		p->purged += r->code == CD_OK;
	}
	cd_arena_reset(&p->arena);
	return p->end ? finish(p) : begin_job(p);
}

/* ---- what is to be done ---- */

static bool add_change(struct cd_op_purge *p, struct cd_change change)
{
	if (p->job.n == p->cap) {
		uint32_t n = p->cap ? p->cap * 2 : JOB_ENTITIES;
		struct cd_change *changes = CD_NEWS(&p->arena, struct cd_change, n);
		if (!changes)
			return false;
		if (p->job.n)
			memcpy(changes, p->job.changes, p->job.n * sizeof *changes);
		p->job.changes = changes;
		p->cap = n;
	}
	p->job.changes[p->job.n++] = change;
	p->job.bytes += sizeof change + change.id.n;
	return true;
}

static bool goes(const struct cd_op_purge *p, cd_term term)
{
	bool named = cd_pick_find(p->attributes, term) != NULL;
	return p->keep.p ? !named : named;
}

static bool add_entity(struct cd_op_purge *p, const struct cd_ent *e)
{
	const struct cd_node *n = cd_ent_nodes(e);
	struct cd_change change = {.verb = CD_VERB_DELETE,
		.id = cd_arena_copy(&p->arena, cd_ent_id(e)),
		.observed = CD_STAMP_NONE};
	if (!change.id.p)
		return false;
	if (!p->attributes)
		return add_change(p, change);
	change.verb = CD_VERB_DELETE_ATTR;
	change.flags = CD_CHANGE_DELETE_ALL;
	for (uint32_t i = 0; i < e->tops; i++) {
		if ((i && n[i].term == n[i - 1].term) || !goes(p, n[i].term))
			continue;
		change.attr = n[i].term;
		if (!add_change(p, change))
			return false;
	}
	return true;
}

static enum cd_step submit(struct cd_op_purge *p)
{
	p->job.reports = CD_NEWS(&p->arena, struct cd_report, p->job.n + 1);
	if (!p->job.reports) {
		(void)cd_fail_memory(p->op.cx);
		return finish(p);
	}
	p->op.job = &p->job;
	return cd_op_wait(&p->op, CD_NEED_COMMIT, settle);
}

/* False: out of memory. */
static bool take(struct cd_op_purge *p, const struct cd_ent *e)
{
	p->last = e->number;
	bool wanted = cd_ent_alive(e, p->op.cx->now) &&
		      (!p->asked.query || cd_q_eval(p->asked.query, e, &p->run) == CD_TRUE);
	cd_arena_reset(&p->run.scratch);
	return !wanted || add_entity(p, e);
}

/* One job's worth. */
static enum cd_step collect(struct cd_op *op)
{
	struct cd_op_purge *p = (struct cd_op_purge *)op;
	const struct cd_ent *e = NULL;
	for (unsigned looked = 1; p->job.n < JOB_ENTITIES; looked++) {
		if ((looked % TIRED_EVERY == 0 || !e) && cd_op_tired(op))
			return CD_STEP_YIELD;
		p->end = p->run.bad || !cd_plan_next(&p->plan, &e);
		if (p->end)
			break;
		if (e && !take(p, e)) {
			(void)cd_fail_memory(op->cx);
			return finish(p);
		}
	}
	if (p->run.bad || p->plan.bad) {
		(void)cd_fail(op->cx, p->run.bad ? p->run.bad : p->plan.bad, "q",
			"The query cannot be judged on what is stored");
		return finish(p);
	}
	return p->job.n ? submit(p) : finish(p);
}

static enum cd_step begin_job(struct cd_op_purge *p)
{
	const struct cd_tenant *tenant;
	struct cd_op *op = &p->op;
	p->cap = 0;
	p->job = (struct cd_job){
		.tenant = op->tenant, .arena = &p->arena, .now = op->cx->now, .trace = op->cx->trace};
	if (cd_op_pin(op, &tenant) || cd_plan_make(op->cx, &p->arena, cd_runner_store(op->runner), tenant,
					      p->asked.query, UINT64_MAX, &p->plan))
		return finish(p);
	if (p->last)
		cd_plan_after(&p->plan, p->last);
	op->next = collect;
	return collect(op);
}

static cd_code check_attributes(struct cd_op_purge *p)
{
	cd_str text = p->keep.p ? p->keep : p->drop;
	if (p->keep.p && p->drop.p)
		return cd_fail(p->op.cx, CD_E_BAD_REQUEST_DATA, "keep", "keep and drop exclude each other");
	if (!text.p)
		return CD_OK;
	return cd_pick_parse(p->op.cx, p->ctx, cd_runner_names(p->op.runner), p->keep.p ? "keep" : "drop",
		text, 0, &p->attributes);
}

static enum cd_step start(struct cd_op *op)
{
	struct cd_op_purge *p = (struct cd_op_purge *)op;
	p->asked.out = (struct cd_out){.ctx = p->ctx, .names = cd_runner_names(op->runner)};
	if (check_attributes(p) || cd_ask_compile(op->cx, &p->ask, &p->asked))
		return finish(p);
	return begin_job(p);
}

void cd_op_purge_begin(struct cd_runner *r, struct cd_op_purge *p)
{
	cd_q_run_init(&p->run, p->op.cx);
	cd_arena_init(&p->arena, p->op.cx->set->request_memory);
	p->op.action = CD_ACT_WRITE;
	p->op.next = start;
	cd_op_begin(r, &p->op);
}
