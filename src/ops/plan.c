/*
 * Of all that must hold, the narrowest is chosen: ids, an index range, a type. Counts of the trees tell how
 * many candidates each has.
 *
 * Candidates of an index lie in the order of its keys, results come in the order of numbers; so they are
 * collected and sorted first. That pays when they are fewer than the scan would look at until the page is
 * full: with c candidates among n entities every n/c-th one is a result, so w results cost w * n / c looks.
 */
#include "ops/plan.h"

#include "geo/cell.h"
#include "store/value_index.h"

#include <stdlib.h>

enum { COLLECT_MAX = 20000, RANGES_MAX = CD_CELL_RANGES };

const char *const cd_plan_way_names[] = {
	[CD_PLAN_ALL] = "all entities",
	[CD_PLAN_TYPE] = "entities of a type",
	[CD_PLAN_FOUND] = "ids",
	[CD_PLAN_NOTHING] = "nothing",
};

/* What one condition asks of an index. */
struct probe {
	cd_term term;
	enum cd_vi_class class;
	struct cd_cell_range ranges[RANGES_MAX]; /* of keys, both ends included */
	unsigned n;
};
struct best {
	const struct cd_index *index;
	struct probe probe;
	uint64_t candidates;
};
struct make {
	struct cd_cx *cx;
	struct cd_store *store;
	const struct cd_tenant *tenant;
	struct cd_plan *plan;
	const struct cd_q *ids;
	struct best best;
	const struct cd_q *wishes[4]; /* conditions whose index is missing */
	unsigned wishes_n;
};

/* ---- conditions ---- */

static bool only_ids(const struct cd_q *q)
{
	if (q->kind != CD_Q_OR)
		return q->kind == CD_Q_ID;
	for (const struct cd_q *c = q->child; c; c = c->next)
		if (c->kind != CD_Q_ID)
			return false;
	return q->child != NULL;
}

static bool class_of(const struct cd_q_literal *l, enum cd_vi_class *ret)
{
	if (l->class == CD_V_NUMBER)
		*ret = CD_VI_NUMBER;
	else if (l->class == CD_V_DATETIME || (l->class == CD_V_STRING && l->dated))
		*ret = CD_VI_TIME;
	else if (l->class == CD_V_STRING)
		*ret = CD_VI_STRING;
	else
		return false;
	return true;
}

static uint64_t key_of(const struct cd_q_literal *l, enum cd_vi_class class)
{
	return class == CD_VI_STRING ? cd_vi_string_key(l->text) : class == CD_VI_TIME ? l->time : l->key;
}

static bool probe_value(const struct cd_q *q, const struct cd_q_value *v, struct probe *p)
{
	enum cd_vi_class class, other;
	if (p->n == RANGES_MAX || !class_of(&v->from, &class) || (v != q->values && class != p->class))
		return false;
	p->class = class;
	struct cd_cell_range r = {key_of(&v->from, class), key_of(&v->from, class)};
	if (v->range) {
		if (class == CD_VI_STRING || !class_of(&v->to, &other) || other != class)
			return false;
		r.to = key_of(&v->to, class);
	} else if (q->op != CD_OP_EQ && class == CD_VI_STRING) {
		return false; /* strings are kept by hash: no order */
	} else if (q->op == CD_OP_GT || q->op == CD_OP_GE) {
		r.to = UINT64_MAX;
	} else if (q->op == CD_OP_LT || q->op == CD_OP_LE) {
		r.from = 0;
	}
	p->ranges[p->n++] = r;
	return true;
}

/* Up to the first wildcard a scope query is a path. `/#` is any scope: no index narrows that. */
static bool probe_scope(const struct cd_q *q, struct probe *p)
{
	cd_str rest = q->text;
	size_t n = 0;
	bool wild = false;
	while (rest.p && !wild) {
		cd_str level = cd_str_cut(&rest, '/');
		wild = cd_str_eq(level, CD_STR("#")) || cd_str_eq(level, CD_STR("+")) ||
		       cd_str_eq(level, CD_STR(" "));
		n = wild ? n : (size_t)(level.p + level.n - q->text.p);
	}
	uint64_t key = cd_vi_scope_key(cd_str_of(q->text.p, n), wild);
	p->class = CD_VI_SCOPE;
	p->ranges[p->n++] = (struct cd_cell_range){key, key};
	return n > 0;
}

/* Can an index answer it? */
static bool probe_of(const struct cd_q *q, struct probe *p)
{
	*p = (struct probe){.n = 0};
	if (q->kind == CD_Q_GEO) {
		struct cd_box box;
		p->term = q->term;
		p->class = CD_VI_PLACE;
		if (!cd_geo_query_box(q->geo, &box))
			return false;
		p->n = cd_cell_cover(&box, p->ranges);
		return true;
	}
	if (q->kind == CD_Q_SCOPE)
		return probe_scope(q, p);
	bool op = q->op == CD_OP_EQ || (q->op >= CD_OP_GT && q->op <= CD_OP_LE);
	if (q->kind != CD_Q_COMPARE || !op || q->path.steps_n != 1 || q->path.inside_n || q->path.member)
		return false;
	p->term = q->path.steps[0];
	for (const struct cd_q_value *v = q->values; v; v = v->next)
		if (!probe_value(q, v, p))
			return false;
	return p->n > 0;
}

static uint64_t in_range(struct cd_tree t, const struct cd_cell_range *r)
{
	uint64_t to = r->to == UINT64_MAX ? cd_tree_count(t) : cd_tree_rank(t, (struct cd_key){r->to + 1, 0});
	uint64_t from = cd_tree_rank(t, (struct cd_key){r->from, 0});
	return to > from ? to - from : 0;
}

static void consider(struct make *m, const struct cd_q *q)
{
	struct probe p;
	if (!probe_of(q, &p))
		return;
	const struct cd_index *index = cd_tenant_index(m->tenant, p.term, p.class);
	if (!index) {
		if (m->wishes_n < sizeof m->wishes / sizeof *m->wishes)
			m->wishes[m->wishes_n++] = q;
		return;
	}
	uint64_t n = cd_tree_count(index->rest);
	for (unsigned i = 0; i < p.n; i++)
		n += in_range(index->tree, &p.ranges[i]);
	if (m->best.index && n >= m->best.candidates)
		return;
	m->best = (struct best){index, p, n};
}

/* The narrowest of what must all hold. */
static void narrow(struct make *m, const struct cd_q *q)
{
	struct cd_plan *p = m->plan;
	if (q->kind == CD_Q_NEVER) {
		p->way = CD_PLAN_NOTHING;
		p->candidates = 0;
	} else if (only_ids(q)) {
		m->ids = m->ids ? m->ids : q;
	} else if (q->kind == CD_Q_TYPE && p->way <= CD_PLAN_TYPE) {
		uint64_t n = cd_tenant_type_count(m->tenant, q->term);
		if (p->way == CD_PLAN_ALL || n < p->candidates) {
			p->way = CD_PLAN_TYPE;
			p->type = q->term;
			p->candidates = n;
		}
	} else if (q->kind == CD_Q_AND) {
		for (const struct cd_q *c = q->child; c; c = c->next)
			narrow(m, c);
	} else {
		consider(m, q);
	}
}

/* ---- collecting ---- */

static int ascending(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
	return (a > b) - (a < b);
}

static void sort_found(struct cd_plan *p)
{
	if (p->found_n)
		qsort(p->found, p->found_n, sizeof *p->found, ascending);
	size_t kept = 0;
	for (size_t i = 0; i < p->found_n; i++) /* one entity may have several of the values */
		if (kept == 0 || p->found[kept - 1] != p->found[i])
			p->found[kept++] = p->found[i];
	p->found_n = kept;
	p->way = CD_PLAN_FOUND;
	p->candidates = kept;
}

static cd_code by_ids(struct make *m)
{
	struct cd_plan *p = m->plan;
	const struct cd_q *first = m->ids->kind == CD_Q_ID ? m->ids : m->ids->child;
	size_t n = 1;
	for (const struct cd_q *c = first; c; c = m->ids->kind == CD_Q_ID ? NULL : c->next)
		n++;
	p->found = CD_NEWS(m->cx->arena, uint64_t, n);
	if (!p->found)
		return cd_fail_memory(m->cx);
	for (const struct cd_q *c = first; c; c = m->ids->kind == CD_Q_ID ? NULL : c->next) {
		const struct cd_ent *e = cd_tenant_get(m->store, m->tenant, c->text);
		if (e)
			p->found[p->found_n++] = e->number;
	}
	sort_found(p);
	return CD_OK;
}

static void collect_range(struct cd_plan *p, struct cd_tree t, const struct cd_cell_range *r, size_t cap)
{
	struct cd_tree_at at;
	struct cd_key key;
	uint64_t value;
	cd_tree_seek(t, (struct cd_key){r->from, 0}, &at);
	while (p->found_n < cap && cd_tree_next(&at, &key, &value) && key.hi <= r->to)
		p->found[p->found_n++] = key.lo;
}

static cd_code by_index(struct make *m)
{
	const struct cd_cell_range all = {0, UINT64_MAX};
	struct cd_plan *p = m->plan;
	size_t cap = (size_t)m->best.candidates;
	p->index = m->best.index;
	p->found = CD_NEWS(m->cx->arena, uint64_t, cap + 1);
	if (!p->found)
		return cd_fail_memory(m->cx);
	for (unsigned i = 0; i < m->best.probe.n; i++)
		collect_range(p, p->index->tree, &m->best.probe.ranges[i], cap);
	collect_range(p, p->index->rest, &all, cap);
	sort_found(p);
	atomic_store_explicit(p->index->used, (uint64_t)cd_time_mono(), memory_order_relaxed);
	return CD_OK;
}

/* How many entities the scan would look at until it has the results wanted. */
static uint64_t scan_cost(const struct cd_plan *p, uint64_t found, uint64_t wanted)
{
	if (found == 0 || wanted >= found)
		return p->candidates;
	double cost = (double)p->candidates / (double)found * (double)wanted;
	return cost < (double)p->candidates ? (uint64_t)cost : p->candidates;
}

static void ask_for_indexes(struct make *m)
{
	struct probe p;
	if (m->plan->candidates < m->cx->set->index_worth)
		return;
	for (unsigned i = 0; i < m->wishes_n; i++)
		if (probe_of(m->wishes[i], &p))
			cd_index_ask(m->store, m->tenant, p.term, p.class);
}

cd_code cd_plan_make(struct cd_cx *cx, struct cd_store *s, const struct cd_tenant *t, const struct cd_q *q,
	uint64_t wanted, struct cd_plan *p)
{
	struct make m = {.cx = cx, .store = s, .tenant = t, .plan = p};
	*p = (struct cd_plan){.way = CD_PLAN_ALL, .tenant = t, .candidates = cd_tenant_count(t)};
	cd_code code = CD_OK;
	if (q)
		narrow(&m, q);
	p->exact =
		!cd_tenant_expired(t, cx->now) && (!q || q->kind == CD_Q_ALWAYS || q->kind == CD_Q_NEVER ||
							  (p->way == CD_PLAN_TYPE && q->kind == CD_Q_TYPE));
	if (p->way == CD_PLAN_NOTHING)
		return CD_OK;
	if (m.ids)
		code = by_ids(&m);
	else if (m.best.index && m.best.candidates <= COLLECT_MAX &&
		 m.best.candidates < scan_cost(p, m.best.candidates, wanted))
		code = by_index(&m);
	else if (!m.best.index)
		ask_for_indexes(&m);
	if (!code && p->way <= CD_PLAN_TYPE)
		cd_scan_begin(&p->scan, t, p->type, 0);
	return code;
}

/* ---- going through them ---- */

void cd_plan_skip(struct cd_plan *p, uint64_t n)
{
	if (p->way <= CD_PLAN_TYPE)
		cd_scan_begin(&p->scan, p->tenant, p->type, n);
	else
		p->at = n < p->found_n ? (size_t)n : p->found_n;
}

void cd_plan_after(struct cd_plan *p, uint64_t number)
{
	if (p->way <= CD_PLAN_TYPE)
		cd_scan_after(&p->scan, p->tenant, p->type, number);
	else
		while (p->at < p->found_n && p->found[p->at] <= number)
			p->at++;
}

const struct cd_ent *cd_plan_next(struct cd_plan *p)
{
	if (p->way <= CD_PLAN_TYPE)
		return cd_scan_next(&p->scan);
	while (p->at < p->found_n) {
		const struct cd_ent *e = cd_tenant_at(p->tenant, p->found[p->at++]);
		if (e)
			return e;
	}
	return NULL;
}
