/*
 * Many entities: from a pinned root, packed blocks straight into the answer.
 *
 * A list has two passes over one sequence of candidates: the page itself, and, when the client wants a count
 * that no tree knows, the rest. The header of a streamed answer must tell count and next page, so a list that
 * needs the rest counted is written into memory first; only lists whose total the trees know, and without
 * linked entities, are streamed. An ordered list (list_ordered.c) looks at its candidates before it writes
 * the first. All of them judge with one evaluator.
 */
#include "ops/read_int.h"

#include "ops/runner.h"

enum { PIECE = 64 * 1024, PAGE_GUESS = 100, PAGE_BYTES = 1 << 20, LARGE = 4096, KEY_MAX = 1 << 20 };

bool cd_list_next(struct cd_op_list *l, const struct cd_ent **ret)
{
	return !l->run.bad && cd_plan_next(&l->plan, ret);
}

bool cd_list_tired(struct cd_op_list *l, unsigned i)
{
	bool look = i % CD_TIRED_EVERY == 0 || !l->seen || l->seen->bytes > LARGE;
	return look && cd_op_tired(&l->op);
}

bool cd_list_wanted(struct cd_op_list *l, const struct cd_ent *e)
{
	l->looked++;
	if (!cd_ent_alive(e, l->op.cx->now))
		return false;
	if (l->plan.exact)
		return true;
	bool yes = !l->asked.query || cd_q_eval(l->asked.query, e, &l->run) == CD_TRUE;
	cd_arena_reset(&l->run.scratch);
	return yes && (!l->asked.may_be_empty || cd_repr_any(&l->asked.out, e));
}

static enum cd_step scan_page(struct cd_op *op);
static enum cd_step scan_rest(struct cd_op *op);

static void free_inside(struct cd_op_list *l)
{
	cd_asked_done(&l->asked);
	cd_q_run_done(&l->run);
	cd_top_free(l->top);
	l->top = NULL;
	cd_buf_done(&l->key);
}

static enum cd_step finish(struct cd_op_list *l)
{
	cd_read_close(&l->answer, &l->asked.out, l->out.with_context);
	if (!l->plan.exact)
		l->total = l->found;
	if (l->explain)
		cd_list_explain(l);
	if (l->run.bad == CD_E_TOO_COMPLEX)
		(void)cd_fail(l->op.cx, CD_E_TOO_COMPLEX, l->run.where,
			"A pattern, or a way through links, needs too many steps on what is stored");
	else
		(void)cd_read_judge(&l->op, &l->ask,
			l->answer.bad   ? l->answer.bad
			: l->run.bad    ? l->run.bad
			: l->linked.bad ? l->linked.bad
					: l->plan.bad);
	free_inside(l);
	return CD_STEP_DONE;
}

static enum cd_step write_linked(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	return cd_read_linked(op, &l->linked, &l->answer) ? finish(l) : CD_STEP_YIELD;
}

enum cd_step cd_list_done(struct cd_op_list *l)
{
	if (!l->linked.walk || l->run.bad || l->op.cx->err.code)
		return finish(l);
	l->linked.written = l->written;
	l->op.next = write_linked;
	return write_linked(&l->op);
}

enum cd_step cd_list_failed(struct cd_op_list *l)
{
	free_inside(l);
	return CD_STEP_DONE;
}

/* What the trees know without looking. */
static void plan_totals(struct cd_op_list *l)
{
	l->total = l->plan.candidates;
	l->more = l->offset < l->total && l->limit < l->total - l->offset;
	l->skipped = l->offset;
	cd_plan_skip(&l->plan, l->offset);
}

/* Until the page is full and it is known whether there is more; with a count or an order, all. */
static uint64_t results_wanted(const struct cd_op_list *l)
{
	return l->count || l->ask.order.by.p ? UINT64_MAX : l->offset + l->limit + 1;
}

static cd_code prepare_join(struct cd_op_list *l)
{
	l->put = NULL; /* too many linked entities are an error, which has to come before the answer */
	if (!cd_read_flat(&l->asked) || l->explain)
		return CD_OK;
	l->linked.scratch = &l->run.scratch;
	l->linked.walk = cd_walk_new(l->op.cx->arena, l->linked.scratch, &l->asked.out);
	return l->linked.walk ? CD_OK : cd_fail_memory(l->op.cx);
}

static enum cd_step plan(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	const struct cd_tenant *tenant;
	l->began = cd_time_mono();
	l->asked.out = l->out;
	l->asked.out.names = cd_runner_names(op->runner);
	l->asked.out.with_context = l->out.with_context && !l->out.geojson; /* a collection has one for all */
	if (cd_ask_compile(op->cx, &l->ask, &l->asked) || cd_op_pin(op, &tenant) ||
		cd_read_links(op, tenant, &l->asked, &l->run) ||
		cd_plan_make(op->cx, op->cx->arena, cd_runner_store(op->runner), tenant, l->asked.query,
			results_wanted(l), &l->plan))
		return cd_list_failed(l);
	l->plan.exact = l->plan.exact && !l->asked.may_be_empty;
	if (l->asked.join.how && prepare_join(l))
		return cd_list_failed(l);
	cd_read_open(&l->answer, &l->asked.out);
	if (l->asked.order)
		return cd_list_ordered(l);
	if (l->plan.exact)
		plan_totals(l);
	op->next = scan_page;
	return scan_page(op);
}

static size_t page_bytes(const struct cd_op_list *l, const struct cd_ent *e)
{
	size_t bytes = e->bytes * (l->limit < PAGE_GUESS ? (size_t)l->limit + 1 : PAGE_GUESS);
	return bytes < PAGE_BYTES ? bytes : PAGE_BYTES;
}

void cd_list_write(struct cd_op_list *l, const struct cd_ent *e)
{
	if (l->linked.walk)
		cd_walk_from(l->linked.walk, e);
	l->last = e->number;
	if (l->written++)
		cd_buf_char(&l->answer, ',');
	else /* one growth for the page: most entities of a type are about equally large */
		(void)cd_buf_room(&l->answer, page_bytes(l, e));
	if (!l->explain)
		cd_repr_out(&l->answer, l->op.cx->arena, &l->asked.out, e);
}

/* After a wait the old root is gone: go on behind the last entity of the answer in the newest one. */
static enum cd_step resume(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	const struct cd_tenant *tenant;
	bool exact = l->plan.exact;
	if (cd_op_pin(op, &tenant) || cd_read_links(op, tenant, &l->asked, &l->run) ||
		cd_plan_make(op->cx, op->cx->arena, cd_runner_store(op->runner), tenant, l->asked.query,
			results_wanted(l), &l->plan))
		return cd_list_failed(l);
	l->plan.exact = exact;
	l->seen = NULL; /* of the old root */
	cd_plan_after(&l->plan, l->last);
	op->next = scan_page;
	return scan_page(op);
}

static enum cd_step scan_page(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	for (unsigned i = 1; !cd_list_full(l); i++) {
		if (cd_list_tired(l, i))
			return CD_STEP_YIELD;
		if (!cd_list_next(l, &l->seen))
			return cd_list_done(l);
		const struct cd_ent *e = l->seen;
		if (!e || !cd_list_wanted(l, e))
			continue;
		l->found++;
		if (l->skipped < l->offset)
			l->skipped++;
		else
			cd_list_write(l, e);
		if (!l->plan.exact || !l->put || l->answer.n < PIECE)
			continue;
		l->streamed = true;
		if (!l->put(l, &l->answer))
			return cd_op_wait(op, CD_NEED_ROOM, resume);
	}
	if (l->plan.exact)
		return cd_list_done(l);
	op->next = scan_rest;
	return scan_rest(op);
}

/* Behind the page: is there one more, and when a count is wanted, how many? */
static enum cd_step scan_rest(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	for (unsigned i = 1; l->count || !l->more; i++) {
		if (cd_list_tired(l, i))
			return CD_STEP_YIELD;
		if (!cd_list_next(l, &l->seen))
			break;
		const struct cd_ent *e = l->seen;
		if (!e || !cd_list_wanted(l, e))
			continue;
		l->found++;
		l->more = true;
	}
	return cd_list_done(l);
}

void cd_op_list_begin(struct cd_runner *r, struct cd_op_list *l)
{
	cd_buf_init(&l->answer, CD_ANSWER_MAX);
	cd_buf_init(&l->key, KEY_MAX);
	cd_q_run_init(&l->run, l->op.cx);
	l->op.action = CD_ACT_READ;
	l->op.next = plan;
	cd_op_begin(r, &l->op);
}
