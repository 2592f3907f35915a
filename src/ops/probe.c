#include "ops/probe.h"

#include "store/value_index.h"

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

static bool of_class(const struct cd_q_value *v, enum cd_vi_class class)
{
	enum cd_vi_class from, to;
	if (!class_of(&v->from, &from) || from != class)
		return false;
	return !v->range || (class != CD_VI_STRING && class_of(&v->to, &to) && to == class);
}

/* ---- values ---- */

/* Strings are kept by hash: they have no order. */
static bool compares(const struct cd_q *q, enum cd_vi_class *ret)
{
	bool equal = q->op == CD_OP_EQ, order = q->op >= CD_OP_GT && q->op <= CD_OP_LE;
	if (!equal && !order)
		return false;
	if (q->path.steps_n != 1 || q->path.inside_n || q->path.member)
		return false;
	if (!q->values || !class_of(&q->values->from, ret) || (order && *ret == CD_VI_STRING))
		return false;
	for (const struct cd_q_value *v = q->values; v; v = v->next)
		if (!of_class(v, *ret))
			return false;
	return true;
}

static struct cd_cell_range range_of(const struct cd_q *q, const struct cd_q_value *v, enum cd_vi_class class)
{
	struct cd_cell_range r = {key_of(&v->from, class), key_of(v->range ? &v->to : &v->from, class)};
	if (q->op == CD_OP_GT || q->op == CD_OP_GE)
		r.to = UINT64_MAX;
	else if (q->op == CD_OP_LT || q->op == CD_OP_LE)
		r.from = 0;
	return r;
}

static bool value_ranges(const struct cd_q *q, struct cd_probe *p)
{
	for (const struct cd_q_value *v = q->values; v; v = v->next) {
		if (p->n == CD_CELL_RANGES)
			return false;
		struct cd_cell_range r = range_of(q, v, p->class);
		if (r.from <= r.to)
			p->ranges[p->n++] = r;
	}
	return true;
}

/* ---- scopes ---- */

/* Up to the first wildcard a scope query is a path; 0: it begins with one. */
static size_t scope_path(const struct cd_q *q, bool *ret_wild)
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
	*ret_wild = wild;
	return n;
}

static void scope_ranges(const struct cd_q *q, struct cd_probe *p)
{
	bool wild;
	size_t n = scope_path(q, &wild);
	uint64_t key = cd_vi_scope_key(cd_str_of(q->text.p, n), wild);
	p->ranges[p->n++] = (struct cd_cell_range){key, key};
}

/* ---- all ---- */

bool cd_probe_index(const struct cd_q *q, cd_term *ret_term, enum cd_vi_class *ret_class)
{
	struct cd_box box;
	bool wild;
	switch (q->kind) {
	case CD_Q_GEO:
		*ret_term = q->term;
		*ret_class = CD_VI_PLACE;
		return cd_geo_query_box(q->geo, &box);
	case CD_Q_SCOPE:
		*ret_term = 0;
		*ret_class = CD_VI_SCOPE;
		return scope_path(q, &wild) > 0;
	case CD_Q_COMPARE:
		if (!compares(q, ret_class))
			return false;
		*ret_term = q->path.steps[0];
		return true;
	default: /* nothing else has an index over values */
		return false;
	}
}

bool cd_probe_ranges(const struct cd_q *q, const struct cd_index *index, struct cd_probe *ret)
{
	struct cd_box box;
	*ret = (struct cd_probe){.term = index->term, .class = index->class};
	if (q->kind == CD_Q_SCOPE) {
		scope_ranges(q, ret);
		return true;
	}
	if (q->kind == CD_Q_COMPARE)
		return value_ranges(q, ret);
	if (!cd_geo_query_box(q->geo, &box))
		return false;
	ret->n = cd_cell_cover(&box, index->levels, ret->ranges);
	return true;
}
