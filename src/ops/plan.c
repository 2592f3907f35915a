#include "ops/plan.h"

#include <stdlib.h>

const char *const cd_plan_way_names[] = {
	[CD_PLAN_ALL] = "all entities",
	[CD_PLAN_TYPE] = "entities of a type",
	[CD_PLAN_IDS] = "ids",
	[CD_PLAN_NOTHING] = "nothing",
};

static bool only_ids(const struct cd_q *q)
{
	if (q->kind != CD_Q_OR)
		return q->kind == CD_Q_ID;
	for (const struct cd_q *c = q->child; c; c = c->next)
		if (c->kind != CD_Q_ID)
			return false;
	return q->child != NULL;
}

static int by_number(const void *x, const void *y)
{
	const struct cd_ent *a = *(const struct cd_ent *const *)x, *b = *(const struct cd_ent *const *)y;
	return (a->number > b->number) - (a->number < b->number);
}

static cd_code by_ids(struct cd_cx *cx, const struct cd_store *s, const struct cd_tenant *t,
	const struct cd_q *q, struct cd_plan *p)
{
	size_t n = 1;
	for (const struct cd_q *c = q->child; c; c = c->next)
		n++;
	p->found = CD_NEWS(cx->arena, const struct cd_ent *, n);
	if (!p->found)
		return cd_fail_memory(cx);
	for (const struct cd_q *c = q->kind == CD_Q_ID ? q : q->child; c;
		c = q->kind == CD_Q_ID ? NULL : c->next) {
		const struct cd_ent *e = cd_tenant_get(s, t, c->text);
		if (e)
			p->found[p->found_n++] = e;
	}
	qsort(p->found, p->found_n, sizeof *p->found, by_number);
	size_t kept = 0;
	for (size_t i = 0; i < p->found_n; i++) /* an id may be asked for twice */
		if (kept == 0 || p->found[kept - 1] != p->found[i])
			p->found[kept++] = p->found[i];
	p->found_n = kept;
	p->way = CD_PLAN_IDS;
	p->candidates = kept;
	return CD_OK;
}

/* The narrowest of what must all hold. */
static cd_code narrow(struct cd_cx *cx, const struct cd_store *s, const struct cd_tenant *t,
	const struct cd_q *q, struct cd_plan *p)
{
	if (q->kind == CD_Q_NEVER) {
		p->way = CD_PLAN_NOTHING;
		p->candidates = 0;
	} else if (only_ids(q)) {
		return p->way == CD_PLAN_NOTHING ? CD_OK : by_ids(cx, s, t, q, p);
	} else if (q->kind == CD_Q_TYPE && p->way <= CD_PLAN_TYPE) {
		uint64_t n = cd_tenant_type_count(t, q->term);
		if (p->way == CD_PLAN_ALL || n < p->candidates) {
			p->way = CD_PLAN_TYPE;
			p->type = q->term;
			p->candidates = n;
		}
	} else if (q->kind == CD_Q_AND) {
		cd_code code = CD_OK;
		for (const struct cd_q *c = q->child; !code && c; c = c->next)
			code = narrow(cx, s, t, c, p);
		return code;
	}
	return CD_OK;
}

cd_code cd_plan_make(struct cd_cx *cx, const struct cd_store *s, const struct cd_tenant *t,
	const struct cd_q *q, struct cd_plan *p)
{
	*p = (struct cd_plan){.way = CD_PLAN_ALL, .candidates = cd_tenant_count(t)};
	cd_code code = q ? narrow(cx, s, t, q, p) : CD_OK;
	p->exact =
		!cd_tenant_expired(t, cx->now) && (!q || q->kind == CD_Q_ALWAYS || q->kind == CD_Q_NEVER ||
							  (p->way == CD_PLAN_TYPE && q->kind == CD_Q_TYPE));
	if (!code && p->way <= CD_PLAN_TYPE)
		cd_scan_begin(&p->scan, t, p->type, 0);
	return code;
}

void cd_plan_skip(struct cd_plan *p, const struct cd_tenant *t, uint64_t n)
{
	if (p->way <= CD_PLAN_TYPE)
		cd_scan_begin(&p->scan, t, p->type, n);
	else
		p->at = n < p->found_n ? (size_t)n : p->found_n;
}

void cd_plan_after(struct cd_plan *p, const struct cd_tenant *t, uint64_t number)
{
	if (p->way <= CD_PLAN_TYPE)
		cd_scan_after(&p->scan, t, p->type, number);
	else
		while (p->at < p->found_n && p->found[p->at]->number <= number)
			p->at++;
}

const struct cd_ent *cd_plan_next(struct cd_plan *p)
{
	if (p->way <= CD_PLAN_TYPE)
		return cd_scan_next(&p->scan);
	return p->at < p->found_n ? p->found[p->at++] : NULL;
}
