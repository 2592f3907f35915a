/*
 * ops/plan.h -- which entities a query must look at: by id, by type, by an index over values, or all.
 *
 * Candidates come in the order of their numbers. Indexes only narrow: the evaluator decides about each;
 * `exact` says that every candidate is a result, and then totals and places are known without looking. An
 * index that is missing and would pay is asked for; it serves the queries after this one.
 */
#ifndef CD_OPS_PLAN_H
#define CD_OPS_PLAN_H

#include "model/query.h"
#include "store/root.h"
#include "store/store.h"

enum cd_plan_way { CD_PLAN_ALL, CD_PLAN_TYPE, CD_PLAN_FOUND, CD_PLAN_NOTHING };
extern const char *const cd_plan_way_names[];

struct cd_plan {
	enum cd_plan_way way;
	cd_term type;
	bool exact;
	const struct cd_index *index; /* FOUND: the one that was used, or NULL for ids */
	uint64_t candidates;          /* as far as it is known before looking */
	const struct cd_tenant *tenant;
	struct cd_scan scan;
	uint64_t *found; /* FOUND: numbers, ascending */
	size_t found_n, at;
};
/*
 * Over a pinned root. `wanted` results will be looked for (UINT64_MAX: all of them), which decides whether
 * few candidates are worth collecting. CD_E_NO_MEMORY
 */
cd_code cd_plan_make(struct cd_cx *, struct cd_store *, const struct cd_tenant *, const struct cd_q *,
	uint64_t wanted, struct cd_plan *);
/* Pass over so many candidates, or those up to a number (to go on in a newer root: make the plan anew, then
 * this). */
void cd_plan_skip(struct cd_plan *, uint64_t n);
void cd_plan_after(struct cd_plan *, uint64_t number);
const struct cd_ent *cd_plan_next(struct cd_plan *);

#endif
