/*
 * Lists in an order. Three ways, from the cheapest:
 *
 *   by value   an index over the one attribute that decides is walked in its order until the page is full
 *   around     nearest first: what lies within some metres, and when that is too little, within more
 *   all        every candidate gets a key, the least are kept on a heap
 *
 * The first two are guesses about how much there is to find; what they do not find goes the third way, with
 * the same result. Who wants a count needs to have looked at all anyway.
 */
#include "ops/read_int.h"

#include "ops/runner.h"

#include <math.h>

enum { PATIENCE = 256, SORT_STEP = 64 };
static const double metres_first = 125, metres_most = 3e6, grow_least = 1.5, grow_most = 4;

static enum cd_step scan_all(struct cd_op *op);

/* ---- what was found ---- */

static uint64_t enough(const struct cd_op_list *l)
{
	return l->offset + l->limit + 1; /* one more tells whether there is a next page */
}

static uint64_t ordered_n(const struct cd_op_list *l)
{
	return l->picked ? l->picked_n : cd_top_count(l->top);
}

static const struct cd_ent *ordered_at(const struct cd_op_list *l, uint64_t i)
{
	return l->picked ? l->picked[i] : cd_top_at(l->top, i);
}

static enum cd_step write_ordered(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	while (!cd_list_full(l) && l->offset + l->written < ordered_n(l)) {
		if (l->written % CD_TIRED_EVERY == CD_TIRED_EVERY - 1 && l->skipped != l->written &&
			cd_op_tired(op)) {
			l->skipped = l->written; /* not twice at the same place */
			return CD_STEP_YIELD;
		}
		cd_list_write(l, ordered_at(l, l->offset + l->written));
	}
	l->more = l->found > l->offset + l->written;
	return cd_list_done(l);
}

static enum cd_step write_page(struct cd_op_list *l)
{
	l->op.next = write_ordered;
	return write_ordered(&l->op);
}

/* ---- all ---- */

static bool new_top(struct cd_op_list *l)
{
	cd_top_free(l->top);
	l->top = cd_top_new((size_t)(l->offset + l->limit), l->op.cx->set->request_memory);
	l->found = 0;
	l->heaped = false;
	return l->top || cd_fail_memory(l->op.cx) == CD_OK;
}

static bool keep(struct cd_op_list *l, const struct cd_ent *e)
{
	l->found++;
	cd_buf_reset(&l->key);
	cd_order_key(l->asked.order, e, &l->run, &l->key);
	cd_arena_reset(&l->run.scratch);
	cd_code code = cd_top_add(l->top, &l->key, e);
	if (code == CD_E_TOO_MANY_RESULTS)
		(void)cd_fail(
			l->op.cx, code, "orderBy", "That many results can not be put in order in memory");
	else if (code)
		(void)cd_fail_memory(l->op.cx);
	return !code;
}

/* Puts every candidate onto the heap, then what is left in order. False: not done yet; or with cx->err. */
static bool heap_up(struct cd_op_list *l)
{
	for (unsigned i = 1; !l->heaped; i++) {
		if (cd_list_tired(l, i))
			return false;
		if (!cd_list_next(l, &l->seen))
			break;
		const struct cd_ent *e = l->seen;
		if (!e || !cd_list_wanted(l, e))
			continue;
		if (!keep(l, e))
			return false;
	}
	l->heaped = true;
	while (!cd_top_sort(l->top, SORT_STEP))
		if (cd_op_tired(&l->op))
			return false;
	return true;
}

static enum cd_step yield_or_fail(struct cd_op_list *l)
{
	return l->op.cx->err.code ? cd_list_failed(l) : CD_STEP_YIELD;
}

/* The next time an index may know the order. */
static void wish_for_index(struct cd_op_list *l)
{
	const struct cd_ent *first = cd_top_count(l->top) ? cd_top_at(l->top, 0) : NULL;
	cd_term place;
	if (l->looked < l->op.cx->set->index_worth)
		return;
	if (cd_order_around(l->asked.order, 0, &place))
		cd_index_ask(l->plan.store, l->plan.tenant, place, CD_VI_PLACE);
	else if (first)
		cd_by_value_wish(l->plan.store, l->plan.tenant, l->asked.order, first, &l->run);
	cd_arena_reset(&l->run.scratch);
}

static enum cd_step scan_all(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	if (!heap_up(l))
		return yield_or_fail(l);
	wish_for_index(l);
	return write_page(l);
}

static enum cd_step begin_all(struct cd_op_list *l)
{
	l->picked = NULL;
	l->way = CD_ORDER_ALL;
	if (!new_top(l))
		return cd_list_failed(l);
	l->op.next = scan_all;
	return scan_all(&l->op);
}

/* ---- by value ---- */

/* Does walking the index save looks? */
static bool value_pays(struct cd_op_list *l)
{
	double k = (double)enough(l), entries = (double)cd_tree_count(l->by_value.index->tree);
	if (l->plan.results < k)
		return false;
	double looks = k * entries / l->plan.results;
	l->patience = (uint64_t)(looks * 4) + PATIENCE;
	return looks * 2 <= l->plan.price;
}

static enum cd_step scan_by_value(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	const struct cd_ent *e;
	for (unsigned i = 1; l->picked_n < enough(l) && l->looked < l->patience && !l->run.bad; i++) {
		if (i % CD_TIRED_EVERY == 0 && cd_op_tired(op))
			return CD_STEP_YIELD;
		bool more = cd_by_value_next(&l->by_value, &l->run, &e);
		cd_arena_reset(&l->run.scratch);
		if (!more)
			break;
		if (!e)
			l->looked++;
		else if (cd_list_wanted(l, e))
			l->picked[l->picked_n++] = e;
	}
	if (l->picked_n < enough(l) && !l->run.bad)
		return begin_all(l);
	l->found = l->known ? l->known : l->picked_n;
	return write_page(l);
}

static enum cd_step begin_by_value(struct cd_op_list *l)
{
	l->picked = cd_arena_alloc(l->op.cx->arena, enough(l) * sizeof *l->picked);
	if (!l->picked)
		return begin_all(l);
	l->way = CD_ORDER_BY_VALUE;
	cd_index_used(l->by_value.index);
	l->op.next = scan_by_value;
	return scan_by_value(&l->op);
}

/* ---- around ---- */

static enum cd_step scan_around(struct cd_op *op);

/* Candidates within l->metres; the condition narrows only, who is farther has a key that tells. */
static bool plan_around(struct cd_op_list *l)
{
	cd_term place;
	struct cd_q *near = cd_order_around(l->asked.order, l->metres, &place),
		    both = {.kind = CD_Q_AND, .child = near};
	near->next = l->asked.query;
	cd_code code = cd_plan_make(
		l->op.cx, l->op.cx->arena, l->plan.store, l->plan.tenant, &both, UINT64_MAX, &l->plan);
	near->next = NULL;
	return !code && new_top(l);
}

static enum cd_step not_around(struct cd_op_list *l)
{
	if (cd_plan_make(l->op.cx, l->op.cx->arena, l->plan.store, l->plan.tenant, l->asked.query, UINT64_MAX,
		    &l->plan))
		return cd_list_failed(l);
	l->plan.exact = false;
	return begin_all(l);
}

/* Near a pole or the date line no box narrows. */
static bool by_place(const struct cd_plan *p)
{
	for (unsigned i = 0; i < p->used_n; i++)
		if (p->used[i]->index && p->used[i]->index->class == CD_VI_PLACE)
			return true;
	return false;
}

static enum cd_step begin_around(struct cd_op_list *l)
{
	l->way = CD_ORDER_AROUND;
	if (!plan_around(l))
		return cd_list_failed(l);
	if (!by_place(&l->plan))
		return not_around(l);
	l->plan.exact = false;
	l->op.next = scan_around;
	return scan_around(&l->op);
}

/* As much farther as would make twice what is needed of what was found, if it lay evenly. */
static double growth(uint64_t found, uint64_t needed)
{
	double by = found ? sqrt((2.0 * (double)needed + 8) / (double)found) : grow_most;
	return by < grow_least ? grow_least : by > grow_most ? grow_most : by;
}

static enum cd_step scan_around(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	if (!heap_up(l))
		return yield_or_fail(l);
	uint64_t k = l->offset + l->limit;
	/* whoever is missing is farther than `metres`; so the page is right when its last one is not, and has
	 * a place at all */
	double farthest = l->found > k ? cd_order_metres(l->asked.order, ordered_at(l, k - 1), &l->run) : -1;
	if (l->run.bad || (farthest >= 0 && farthest <= l->metres)) {
		l->found = l->known ? l->known : l->found;
		return write_page(l);
	}
	l->metres *= growth(l->found, k);
	return l->metres > metres_most ? not_around(l) : begin_around(l);
}

/* ---- which ---- */

static bool place_known(struct cd_op_list *l)
{
	cd_term place;
	return l->limit > 0 && cd_order_around(l->asked.order, 0, &place) &&
	       cd_tenant_index(l->plan.tenant, place, CD_VI_PLACE) && l->plan.price > PATIENCE;
}

enum cd_step cd_list_ordered(struct cd_op_list *l)
{
	bool counted = l->plan.exact; /* the trees know how many there are */
	if (l->offset + l->limit > l->op.cx->set->order_max) {
		(void)cd_fail(l->op.cx, CD_E_TOO_MANY_RESULTS, "offset",
			"An ordered list ends after %llu results",
			(unsigned long long)l->op.cx->set->order_max);
		return cd_list_failed(l);
	}
	l->known = counted ? l->plan.candidates : 0;
	l->plan.exact = false;
	if (l->count && !counted)
		return begin_all(l);
	if (cd_by_value_begin(&l->by_value, l->plan.tenant, l->asked.order) && value_pays(l))
		return begin_by_value(l);
	l->metres = metres_first;
	return place_known(l) ? begin_around(l) : begin_all(l);
}
