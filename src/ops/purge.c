/*
 * Purge first picks: it goes over the candidates of one state of the twin once and keeps the numbers of those
 * that the query selects. Then it works them off in their order, a job of changes at a time, each looked at
 * again in the newest state: what has gone is passed over, and what no longer fits stays. So it ends,
 * whatever is written meanwhile.
 */
#include "ops/purge.h"

#include "ops/runner.h"

enum { JOB_CHANGES = 1000, TIRED_EVERY = 8 };

static enum cd_step begin_job(struct cd_op_purge *);

/* A failure on the way does not take back what earlier jobs did; whoever asked is told how much that is. */
static void tell_done(struct cd_op_purge *p)
{
	struct cd_err *err = &p->op.cx->err;
	if (!err->code || p->purged + p->refused == 0)
		return;
	cd_str text = cd_arena_printf(p->op.cx->arena, "%s (%llu %s had been deleted before, %llu refused)",
		err->detail, (unsigned long long)p->purged, p->attributes ? "attributes" : "entities",
		(unsigned long long)p->refused);
	if (text.p)
		err->detail = text.p;
}

static enum cd_step finish(struct cd_op_purge *p)
{
	tell_done(p);
	cd_asked_done(&p->asked);
	cd_q_run_done(&p->run);
	cd_arena_done(&p->arena);
	cd_arena_done(&p->kept);
	return CD_STEP_DONE;
}

static enum cd_step no_memory(struct cd_op_purge *p)
{
	(void)cd_fail_memory(p->op.cx);
	return finish(p);
}

/* ---- what the writer said ---- */

/* Out of the job's memory, which does not outlive it; false: out of memory. */
static bool keep_text(struct cd_arena *arena, const char *text, const char **ret)
{
	*ret = text ? cd_arena_copy(arena, cd_str_z(text)).p : NULL;
	return *ret || !text;
}

static bool keep_failure(struct cd_op_purge *p, const struct cd_change *c, const struct cd_report *r)
{
	struct cd_arena *arena = p->op.cx->arena;
	struct cd_purge_failure *f = CD_NEW(arena, struct cd_purge_failure);
	if (!f)
		return false;
	f->id = cd_arena_copy(arena, c->id);
	f->err.code = r->code;
	if (!f->id.p || !keep_text(arena, r->detail ? r->detail : cd_code_title(r->code), &f->err.detail) ||
		!keep_text(arena, r->where, &f->err.where))
		return false;
	f->next = p->failures;
	p->failures = f;
	return true;
}

static enum cd_step settle(struct cd_op *op)
{
	struct cd_op_purge *p = (struct cd_op_purge *)op;
	bool kept = true;
	if (op->cx->err.code)
		return finish(p);
	for (uint32_t i = 0; i < p->job.n; i++) {
		const struct cd_report *r = &p->job.reports[i];
		p->purged += r->code == CD_OK;
		/* somebody else was quicker: it is gone, as wanted */
		if (r->code == CD_OK || r->code == CD_E_NOT_FOUND)
			continue;
		p->refused++;
		kept = kept && keep_failure(p, &p->job.changes[i], r);
	}
	if (!kept)
		return no_memory(p);
	return p->end ? finish(p) : begin_job(p);
}

/* ---- what is to be done ---- */

static bool add_change(struct cd_op_purge *p, struct cd_change change)
{
	if (p->job.n == p->cap) {
		uint32_t n = p->cap ? p->cap * 2 : JOB_CHANGES;
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
	if (!p->job.reports)
		return no_memory(p);
	p->op.job = &p->job;
	return cd_op_wait(&p->op, CD_NEED_COMMIT, settle);
}

static bool wanted(struct cd_op_purge *p, const struct cd_ent *e)
{
	bool is = cd_ent_alive(e, p->run.now) &&
		  (!p->asked.query || cd_q_eval(p->asked.query, e, &p->run) == CD_TRUE);
	cd_arena_reset(&p->run.scratch);
	return is;
}

static enum cd_step not_judged(struct cd_op_purge *p)
{
	if (p->run.bad == CD_E_NO_MEMORY)
		return no_memory(p);
	(void)cd_fail(p->op.cx, p->run.bad, "q", "The query cannot be judged on what is stored");
	return finish(p);
}

/* The next one that was picked; NULL: it is not there any more, or not found yet. False: the end. */
static bool next_picked(struct cd_op_purge *p, const struct cd_ent **ret)
{
	uint64_t number;
	enum cd_found f = cd_source_seek(p->picked, p->next, &number);
	*ret = NULL;
	if (f == CD_FOUND_END)
		return false;
	p->next = f == CD_FOUND ? number + 1 : number;
	if (f == CD_FOUND)
		*ret = cd_tenant_near(p->tenant, &p->near, number);
	return true;
}

/* One job's worth. */
static enum cd_step collect(struct cd_op *op)
{
	struct cd_op_purge *p = (struct cd_op_purge *)op;
	const struct cd_ent *e;
	for (unsigned looked = 1; p->job.n < JOB_CHANGES && !p->run.bad; looked++) {
		if (looked % TIRED_EVERY == 0 && cd_op_tired(op))
			return CD_STEP_YIELD;
		p->end = !next_picked(p, &e);
		if (p->end)
			break;
		if (!e || !wanted(p, e))
			continue;
		if (!add_entity(p, e))
			return no_memory(p);
	}
	if (p->run.bad)
		return not_judged(p);
	return p->job.n ? submit(p) : finish(p);
}

/*
 * In the newest state, at the time of now: an attribute that others changed since the request began must not
 * get an older modifiedAt.
 */
static enum cd_step begin_job(struct cd_op_purge *p)
{
	struct cd_op *op = &p->op;
	cd_arena_reset(&p->arena);
	p->run.now = cd_time_wall();
	p->cap = 0;
	p->near = (struct cd_near){0};
	p->job = (struct cd_job){
		.tenant = op->tenant, .arena = &p->arena, .now = p->run.now, .trace = op->cx->trace};
	cd_op_unpin(op);
	if (cd_op_pin(op, &p->tenant))
		return finish(p);
	op->next = collect;
	return collect(op);
}

/* ---- which they are ---- */

static enum cd_step pick(struct cd_op *op)
{
	struct cd_op_purge *p = (struct cd_op_purge *)op;
	const struct cd_ent *e = NULL;
	for (unsigned looked = 1; !p->run.bad; looked++) {
		if ((looked % TIRED_EVERY == 0 || !e) && cd_op_tired(op))
			return CD_STEP_YIELD;
		if (!cd_plan_next(&p->plan, &e))
			break;
		if (e && wanted(p, e) && !cd_source_add(p->picked, e->number))
			return no_memory(p);
	}
	if (p->plan.bad)
		return no_memory(p);
	if (p->run.bad)
		return not_judged(p);
	cd_source_ready(p->picked);
	return begin_job(p);
}

static enum cd_step begin_pick(struct cd_op_purge *p)
{
	struct cd_op *op = &p->op;
	if (cd_op_pin(op, &p->tenant) || cd_plan_make(op->cx, &p->arena, cd_runner_store(op->runner),
						 p->tenant, p->asked.query, UINT64_MAX, &p->plan))
		return finish(p);
	p->picked = cd_source_set(&p->kept, cd_tenant_count(p->tenant), 0, op->root->next_number);
	if (!p->picked)
		return no_memory(p);
	op->next = pick;
	return pick(op);
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
	return begin_pick(p);
}

void cd_op_purge_begin(struct cd_runner *r, struct cd_op_purge *p)
{
	cd_q_run_init(&p->run, p->op.cx);
	cd_arena_init(&p->arena, p->op.cx->set->request_memory);
	cd_arena_init(&p->kept, p->op.cx->set->request_memory);
	p->op.action = CD_ACT_WRITE;
	p->op.next = start;
	cd_op_begin(r, &p->op);
}
