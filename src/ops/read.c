/*
 * Reading: from a pinned root, packed blocks straight into the answer.
 *
 * A list has two passes over one sequence of candidates: the page itself, and, when the client wants a count
 * that no tree knows, the rest. The header of a streamed answer must tell count and next page, so a list that
 * needs the rest counted is written into memory first; only lists whose total the trees know are streamed. An
 * ordered list looks at every candidate before it writes the first. All of them judge with one evaluator.
 */
#include "ops/read.h"

#include "model/uri.h"
#include "ops/runner.h"
#include "ops/top.h"

enum {
	ANSWER_MAX = 1 << 30,
	PIECE = 64 * 1024,
	TIRED_EVERY = 8,
	PATIENCE = 256,
	PAGE_GUESS = 100,
	KEY_MAX = 1 << 20
};

/* ---- what linked entities are read from ---- */

struct linked_from {
	const struct cd_store *store;
	const struct cd_tenant *tenant;
	cd_time_us now;
};

static const struct cd_ent *fetch(void *arg, cd_str id)
{
	const struct linked_from *from = arg;
	const struct cd_ent *e = cd_tenant_get(from->store, from->tenant, id);
	return e && cd_ent_alive(e, from->now) ? e : NULL;
}

static bool link_to(
	struct cd_op *op, const struct cd_tenant *tenant, struct cd_asked *asked, struct cd_q_run *run)
{
	struct linked_from *from = CD_NEW(op->cx->arena, struct linked_from);
	if (!from)
		return false;
	*from = (struct linked_from){cd_runner_store(op->runner), tenant, op->cx->now};
	asked->join.fetch = fetch;
	asked->join.arg = from;
	if (run) {
		run->fetch = fetch;
		run->arg = from;
	}
	return true;
}

static bool flat(const struct cd_asked *a)
{
	return a->join.how == CD_JOIN_FLAT;
}

/* ---- the frame around many ---- */

static void open_list(struct cd_buf *b, const struct cd_out *out)
{
	cd_buf_put(b, out->geojson ? CD_STR("{\"type\":\"FeatureCollection\",\"features\":[") : CD_STR("["));
}

static void close_list(struct cd_buf *b, const struct cd_out *out, bool with_context)
{
	cd_buf_char(b, ']');
	if (!out->geojson)
		return;
	if (with_context) {
		CD_BUF_LIT(b, ",\"@context\":");
		cd_buf_put(b, cd_ctx_source(out->ctx));
	}
	cd_buf_char(b, '}');
}

/* ---- one ---- */

static cd_code not_found(struct cd_op *op, cd_str id)
{
	return cd_fail(op->cx, CD_E_NOT_FOUND, NULL, "There is no entity " CD_STR_FMT, CD_STR_ARG(id));
}

struct linked_list {
	struct cd_buf *b;
	struct cd_arena *arena;
	uint64_t n;
};

static void write_linked(void *arg, const struct cd_ent *e, const struct cd_out *out)
{
	struct linked_list *l = arg;
	if (l->n++)
		cd_buf_char(l->b, ',');
	cd_repr_out(l->b, l->arena, out, e);
}

static bool any_linked(struct cd_op_retrieve *r, const struct cd_ent *e)
{
	struct cd_seen *seen = cd_seen_new(r->op.cx->arena);
	struct cd_buf none;
	struct linked_list l = {&none, r->op.cx->arena, 0};
	cd_buf_init(&none, ANSWER_MAX);
	if (seen && cd_seen_add(seen, e->number))
		cd_repr_linked(r->op.cx->arena, &r->asked.out, e, seen, write_linked, &l);
	cd_buf_done(&none);
	return l.n > 0;
}

/* The entity and those linked to it; the entity alone when there are none. */
static cd_code write_flat(struct cd_op_retrieve *r, const struct cd_ent *e)
{
	struct cd_out *out = &r->asked.out;
	struct linked_list l = {&r->answer, r->op.cx->arena, 1};
	bool with_context = out->with_context;
	if (!any_linked(r, e)) {
		cd_repr_out(&r->answer, r->op.cx->arena, out, e);
		return CD_OK;
	}
	struct cd_seen *seen = cd_seen_new(r->op.cx->arena);
	if (!seen)
		return cd_fail_memory(r->op.cx);
	out->with_context = with_context && !out->geojson;
	(void)cd_seen_add(seen, e->number);
	open_list(&r->answer, out);
	cd_repr_out(&r->answer, r->op.cx->arena, out, e);
	cd_repr_linked(r->op.cx->arena, out, e, seen, write_linked, &l);
	close_list(&r->answer, out, with_context);
	return CD_OK;
}

static cd_code retrieve(struct cd_op_retrieve *r)
{
	struct cd_op *op = &r->op;
	const struct cd_tenant *tenant;
	if (!cd_uri_ok(r->id))
		return cd_fail(op->cx, CD_E_BAD_REQUEST_DATA, "entityId", "\"" CD_STR_FMT "\" is not a URI",
			CD_STR_ARG(r->id));
	r->asked.out = r->out;
	r->asked.out.names = cd_runner_names(op->runner);
	r->ask.any_size = true;
	cd_str attrs = r->ask.attrs;
	if (cd_ask_compile(op->cx, &r->ask, &r->asked) || cd_op_pin(op, &tenant))
		return op->cx->err.code;
	if (!link_to(op, tenant, &r->asked, NULL))
		return cd_fail_memory(op->cx);
	const struct cd_ent *e = fetch(r->asked.join.arg, r->id);
	if (!e)
		return not_found(op, r->id);
	struct cd_q_run run;
	cd_q_run_init(&run, op->cx);
	bool wanted = !r->asked.query || cd_q_eval(r->asked.query, e, &run) == CD_TRUE;
	cd_q_run_done(&run);
	if (!wanted && !attrs.p)
		return cd_fail(op->cx, CD_E_NOT_FOUND, "type", "The entity is of other types");
	if (!wanted || (r->asked.attributes_named && !cd_repr_shows(&r->asked.out, e)) ||
		!cd_repr_any(&r->asked.out, e))
		return cd_fail(op->cx, CD_E_NOT_FOUND,
			attrs.p         ? "attrs"
			: r->ask.pick.p ? "pick"
					: "omit",
			"The entity has none of the members wanted");
	if (flat(&r->asked)) {
		if (write_flat(r, e))
			return op->cx->err.code;
	} else {
		cd_repr_out(&r->answer, op->cx->arena, &r->asked.out, e);
	}
	return r->answer.bad ? cd_fail(op->cx, r->answer.bad, NULL, "The answer does not fit into memory")
			     : CD_OK;
}

static enum cd_step retrieve_step(struct cd_op *op)
{
	struct cd_op_retrieve *r = (struct cd_op_retrieve *)op;
	(void)retrieve(r);
	cd_asked_done(&r->asked);
	return CD_STEP_DONE;
}

void cd_op_retrieve_begin(struct cd_runner *r, struct cd_op_retrieve *op)
{
	cd_buf_init(&op->answer, ANSWER_MAX);
	op->op.action = CD_ACT_READ;
	op->op.next = retrieve_step;
	cd_op_begin(r, &op->op);
}

/* ---- many ---- */

/* The next candidate; NULL: none yet. False: there are no more, or one can not be judged. */
static bool next(struct cd_op_list *l, const struct cd_ent **ret)
{
	return !l->run.bad && cd_plan_next(&l->plan, ret);
}

/* Time for others? Asked after some looks, and after each piece of work without a candidate. */
static bool tired(struct cd_op_list *l, unsigned i)
{
	return (i % TIRED_EVERY == 0 || !l->seen) && cd_op_tired(&l->op);
}

static bool wanted(struct cd_op_list *l, const struct cd_ent *e)
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
static enum cd_step scan_ordered(struct cd_op *op);
static enum cd_step scan_by_value(struct cd_op *op);

static void free_inside(struct cd_op_list *l)
{
	cd_asked_done(&l->asked);
	cd_q_run_done(&l->run);
	cd_top_free(l->top);
	l->top = NULL;
	cd_buf_done(&l->key);
}

static void explain_set(struct cd_op_list *l, const struct cd_plan_set *set)
{
	static const char *const classes[] = {"numbers", "times", "strings", "places", "scopes"};
	cd_buf_printf(&l->answer, "\"plan\":\"%s\",", cd_plan_way_names[set->way]);
	if (set->index)
		cd_buf_printf(&l->answer, "\"index\":\"%s\",", classes[set->index->class]);
	if (set->index && set->term) {
		CD_BUF_LIT(&l->answer, "\"attribute\":");
		cd_json_write_string(&l->answer, cd_names_text(l->asked.out.names, set->term));
		cd_buf_char(&l->answer, ',');
	}
	cd_buf_printf(&l->answer, "\"candidates\":%llu", (unsigned long long)set->n);
}

/* The set that is gone through, and those it is cut with. */
static void explain(struct cd_op_list *l)
{
	const struct cd_plan *p = &l->plan;
	cd_buf_reset(&l->answer);
	cd_buf_char(&l->answer, '{');
	if (l->picked)
		CD_BUF_LIT(&l->answer, "\"order\":\"index\",");
	explain_set(l, p->used[0]);
	for (unsigned i = 1; i < p->used_n; i++) {
		cd_buf_put(&l->answer, i == 1 ? CD_STR(",\"cut\":[{") : CD_STR(",{"));
		explain_set(l, p->used[i]);
		cd_buf_char(&l->answer, '}');
	}
	cd_buf_printf(&l->answer,
		"%s,\"changed\":%s,\"exact\":%s,\"ordered\":%s,\"evaluated\":%llu,\"found\":%llu,"
		"\"microseconds\":%lld}",
		p->used_n > 1 ? "]" : "", p->changed ? "true" : "false", p->exact ? "true" : "false",
		l->asked.order ? "true" : "false", (unsigned long long)l->looked,
		(unsigned long long)l->found, (long long)(cd_time_mono() - l->began));
}

static enum cd_step list_done(struct cd_op_list *l)
{
	bool with_context = l->out.with_context;
	if (flat(&l->asked) && l->written && !l->op.cx->err.code) {
		struct linked_list out = {&l->answer, l->op.cx->arena, l->written};
		for (uint64_t i = 0; i < l->written; i++)
			cd_repr_linked(
				l->op.cx->arena, &l->asked.out, l->page[i], l->linked, write_linked, &out);
	}
	close_list(&l->answer, &l->asked.out, with_context);
	if (!l->plan.exact)
		l->total = l->found;
	if (l->explain)
		explain(l);
	if (l->run.bad == CD_E_TOO_COMPLEX)
		(void)cd_fail(
			l->op.cx, CD_E_TOO_COMPLEX, "q", "A pattern needs too many steps on what is stored");
	else if (l->run.bad || l->answer.bad || l->plan.bad)
		(void)cd_fail(l->op.cx,
			l->answer.bad ? l->answer.bad
			: l->run.bad  ? l->run.bad
				      : l->plan.bad,
			NULL, "The answer does not fit into memory");
	free_inside(l);
	return CD_STEP_DONE;
}

static enum cd_step failed(struct cd_op_list *l)
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

static bool prepare_order(struct cd_op_list *l)
{
	uint64_t k = l->offset + l->limit;
	if (k > l->op.cx->set->order_max)
		return (void)cd_fail(l->op.cx, CD_E_TOO_MANY_RESULTS, "offset",
			       "An ordered list ends after %llu results",
			       (unsigned long long)l->op.cx->set->order_max),
		       false;
	cd_buf_init(&l->key, KEY_MAX);
	l->top = cd_top_new((size_t)k);
	return l->top || cd_fail_memory(l->op.cx) == CD_OK;
}

/* Is there an index in that order, and does it save looks? Whoever wants a count has to look at all of them.
 */
static bool ordered_by_index(struct cd_op_list *l, const struct cd_tenant *tenant)
{
	uint64_t k = l->offset + l->limit + 1;
	if ((l->count && !l->plan.exact) || l->plan.results < 1 ||
		!cd_by_value_begin(&l->by_value, tenant, l->asked.order))
		return false;
	double entries = (double)cd_tree_count(l->by_value.index->tree),
	       looks = (double)k * entries / l->plan.results;
	if (l->plan.results < (double)k || looks * 2 > l->plan.price)
		return false;
	l->patience = (uint64_t)(looks * 4) + PATIENCE;
	l->picked = cd_arena_alloc(l->op.cx->arena, k * sizeof *l->picked);
	return l->picked != NULL;
}

static bool prepare_flat(struct cd_op_list *l)
{
	l->linked = cd_seen_new(l->op.cx->arena);
	l->page = CD_NEWS(l->op.cx->arena, const struct cd_ent *, l->limit + 1);
	l->put = NULL; /* what is linked comes after the whole page */
	return (l->linked && l->page) || cd_fail_memory(l->op.cx) == CD_OK;
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
		!link_to(op, tenant, &l->asked, &l->run) ||
		cd_plan_make(op->cx, op->cx->arena, cd_runner_store(op->runner), tenant, l->asked.query,
			results_wanted(l), &l->plan))
		return failed(l);
	l->plan.exact = l->plan.exact && !l->asked.may_be_empty;
	if ((l->asked.order && !prepare_order(l)) || (flat(&l->asked) && !prepare_flat(l)))
		return failed(l);
	open_list(&l->answer, &l->asked.out);
	if (l->asked.order) {
		op->next = ordered_by_index(l, tenant) ? scan_by_value : scan_ordered;
		l->known = l->plan.exact ? l->plan.candidates : 0;
		l->plan.exact = false;
		return op->next(op);
	}
	if (l->plan.exact)
		plan_totals(l);
	op->next = scan_page;
	return scan_page(op);
}

static void write_one(struct cd_op_list *l, const struct cd_ent *e)
{
	if (l->page) {
		l->page[l->written] = e;
		(void)cd_seen_add(l->linked, e->number);
	}
	l->last = e->number;
	if (l->written++)
		cd_buf_char(&l->answer, ',');
	else /* one growth for the page: most entities of a type are about equally large */
		(void)cd_buf_room(&l->answer, e->bytes * (l->limit < PAGE_GUESS ? l->limit + 1 : PAGE_GUESS));
	if (!l->explain)
		cd_repr_out(&l->answer, l->op.cx->arena, &l->asked.out, e);
}

/* After a wait the old root is gone: go on behind the last entity of the answer in the newest one. */
static enum cd_step resume(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	const struct cd_tenant *tenant;
	bool exact = l->plan.exact;
	if (cd_op_pin(op, &tenant) || !link_to(op, tenant, &l->asked, &l->run) ||
		cd_plan_make(op->cx, op->cx->arena, cd_runner_store(op->runner), tenant, l->asked.query,
			results_wanted(l), &l->plan))
		return failed(l);
	l->plan.exact = exact;
	cd_plan_after(&l->plan, l->last);
	op->next = scan_page;
	return scan_page(op);
}

static bool page_full(const struct cd_op_list *l)
{
	return l->written == l->limit;
}

static enum cd_step scan_page(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	for (unsigned i = 1; !page_full(l); i++) {
		if (tired(l, i))
			return CD_STEP_YIELD;
		if (!next(l, &l->seen))
			return list_done(l);
		const struct cd_ent *e = l->seen;
		if (!e || !wanted(l, e))
			continue;
		l->found++;
		if (l->skipped < l->offset)
			l->skipped++;
		else
			write_one(l, e);
		if (!l->plan.exact || !l->put || l->answer.n < PIECE)
			continue;
		l->streamed = true;
		if (!l->put(l, &l->answer))
			return cd_op_wait(op, CD_NEED_ROOM, resume);
	}
	if (l->plan.exact)
		return list_done(l);
	op->next = scan_rest;
	return scan_rest(op);
}

/* Behind the page: is there one more, and when a count is wanted, how many? */
static enum cd_step scan_rest(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	for (unsigned i = 1; l->count || !l->more; i++) {
		if (tired(l, i))
			return CD_STEP_YIELD;
		if (!next(l, &l->seen))
			break;
		const struct cd_ent *e = l->seen;
		if (!e || !wanted(l, e))
			continue;
		l->found++;
		l->more = true;
	}
	return list_done(l);
}

static uint64_t ordered_n(const struct cd_op_list *l)
{
	return l->picked ? l->picked_n : cd_top_count(l->top);
}

static enum cd_step write_ordered(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	while (!page_full(l) && l->offset + l->written < ordered_n(l)) {
		if (l->written % TIRED_EVERY == TIRED_EVERY - 1 && l->skipped != l->written &&
			cd_op_tired(op)) {
			l->skipped = l->written; /* not twice at the same place */
			return CD_STEP_YIELD;
		}
		uint64_t at = l->offset + l->written;
		write_one(l, l->picked ? l->picked[at] : cd_top_at(l->top, at));
	}
	l->more = l->found > l->offset + l->written;
	return list_done(l);
}

/* Until the page is full and it is known whether there is more. What an index can not tell, or not soon, is
 * found by looking at all. */
static enum cd_step scan_by_value(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	const uint64_t enough = l->offset + l->limit + 1;
	bool found = true;
	for (unsigned i = 1; l->picked_n < enough && found && l->looked < l->patience; i++) {
		if (i % TIRED_EVERY == 0 && cd_op_tired(op))
			return CD_STEP_YIELD;
		const struct cd_ent *e;
		found = !l->run.bad && cd_by_value_next(&l->by_value, &l->run, &e);
		cd_arena_reset(&l->run.scratch);
		if (!found)
			break;
		if (!e)
			l->looked++;
		else if (wanted(l, e))
			l->picked[l->picked_n++] = e;
	}
	if (l->picked_n < enough && !l->run.bad) {
		l->picked = NULL;
		op->next = scan_ordered;
		return scan_ordered(op);
	}
	l->found = l->known ? l->known : l->picked_n;
	op->next = write_ordered;
	return write_ordered(op);
}

/* The next time an index may know the order. */
static void wish_for_order(struct cd_op_list *l)
{
	const struct cd_ent *first = cd_top_count(l->top) ? cd_top_at(l->top, 0) : NULL;
	if (first && l->looked >= l->op.cx->set->index_worth)
		cd_by_value_wish(l->plan.store, l->plan.tenant, l->asked.order, first, &l->run);
	cd_arena_reset(&l->run.scratch);
}

static enum cd_step scan_ordered(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	for (unsigned i = 1;; i++) {
		if (tired(l, i))
			return CD_STEP_YIELD;
		if (!next(l, &l->seen))
			break;
		const struct cd_ent *e = l->seen;
		if (!e || !wanted(l, e))
			continue;
		l->found++;
		cd_buf_reset(&l->key);
		cd_order_key(l->asked.order, e, &l->run, &l->key);
		cd_arena_reset(&l->run.scratch);
		if (!cd_top_add(l->top, &l->key, e)) {
			(void)cd_fail_memory(op->cx);
			return failed(l);
		}
	}
	cd_top_sort(l->top);
	wish_for_order(l);
	op->next = write_ordered;
	return write_ordered(op);
}

void cd_op_list_begin(struct cd_runner *r, struct cd_op_list *l)
{
	cd_buf_init(&l->answer, ANSWER_MAX);
	cd_buf_init(&l->key, KEY_MAX);
	cd_q_run_init(&l->run, l->op.cx);
	l->op.action = CD_ACT_READ;
	l->op.next = plan;
	cd_op_begin(r, &l->op);
}
