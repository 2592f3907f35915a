/*
 * ops/plan.h -- which entities a query must look at: by id, by type, or all. [design 3.8: indexes only
 * narrow]
 *
 * Candidates come in the order of their numbers. The evaluator decides about each; `exact` says that every
 * candidate is a result, and then totals and places are known without looking.
 */
#ifndef CD_OPS_PLAN_H
#define CD_OPS_PLAN_H

#include "model/query.h"
#include "store/root.h"
#include "store/store.h"

enum cd_plan_way { CD_PLAN_ALL, CD_PLAN_TYPE, CD_PLAN_IDS, CD_PLAN_NOTHING };
extern const char *const cd_plan_way_names[];

struct cd_plan {
	enum cd_plan_way way;
	cd_term type;
	bool exact;
	uint64_t candidates; /* as far as it is known before looking */
	struct cd_scan scan;
	const struct cd_ent **found; /* IDS: by number */
	size_t found_n, at;
};
/* Over a pinned root. CD_E_NO_MEMORY */
cd_code cd_plan_make(struct cd_cx *, const struct cd_store *, const struct cd_tenant *, const struct cd_q *,
	struct cd_plan *);
/* Pass over so many candidates, or those up to a number (to go on in a newer root: make the plan anew, then
 * this). */
void cd_plan_skip(struct cd_plan *, const struct cd_tenant *, uint64_t n);
void cd_plan_after(struct cd_plan *, const struct cd_tenant *, uint64_t number);
const struct cd_ent *cd_plan_next(struct cd_plan *);

#endif
