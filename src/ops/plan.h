/*
 * ops/plan.h -- which entities a query must look at, and in which way they are found.
 *
 * Candidates come in the order of their numbers. Indexes only narrow: the evaluator decides about each;
 * `exact` says that every candidate is a result, and then totals and places are known without looking. An
 * index that is missing and would pay is asked for; it serves the queries after this one.
 *
 * The price of each way is guessed in looks at entities. A guess that turns out wrong by far (values that are
 * not spread over the entities) is taken back on the way: the plan changes over to what is sure.
 */
#ifndef CD_OPS_PLAN_H
#define CD_OPS_PLAN_H

#include "model/query.h"
#include "ops/source.h"
#include "store/root.h"
#include "store/store.h"

enum cd_plan_way { CD_PLAN_ALL, CD_PLAN_TYPE, CD_PLAN_IDS, CD_PLAN_INDEX, CD_PLAN_NOTHING };
extern const char *const cd_plan_way_names[];

/* Entries of one tree, from one key to another, both included. */
struct cd_plan_part {
	struct cd_tree tree;
	uint64_t from, to;
	const struct cd_index *index; /* whose tree it is; NULL: not of an index over values */
};
/* One set of candidates: entries of trees. What the plan is made of, for those who want to see it. */
struct cd_plan_set {
	enum cd_plan_way way;
	cd_term term;                 /* of the attribute or type; 0: of scopes, of all */
	const struct cd_index *index; /* INDEX; the first one where several make the set */
	uint64_t n;                   /* entries */
	struct cd_plan_part *parts;
	unsigned parts_n;
	bool in_order; /* can be walked where it stands; else it is collected first */
};
struct cd_plan_wish { /* for an index that is not there */
	cd_term term;
	enum cd_vi_class class;
};
enum { CD_PLAN_SETS = 8, CD_PLAN_USED = 4, CD_PLAN_WISHES = 4, CD_PLAN_AHEAD = 8 };

struct cd_plan {
	bool exact;
	uint64_t candidates;                          /* as far as it is known before looking */
	const struct cd_plan_set *used[CD_PLAN_USED]; /* the first is the narrowest; what is in all of them */
	unsigned used_n;
	bool changed;          /* over to another way */
	double results, price; /* guesses: how many there are; looks until the wanted ones are found */
	/* inside */
	struct cd_arena *arena;
	struct cd_store *store;
	const struct cd_tenant *tenant;
	struct cd_plan_part whole;
	struct cd_plan_set everything, sets[CD_PLAN_SETS];
	unsigned sets_n, wishes_n;
	struct cd_plan_wish wishes[CD_PLAN_WISHES];
	uint64_t worth;                                   /* looks after which the wishes are told */
	const struct cd_q *ids;                           /* still to be looked up */
	bool one_id;                                      /* only the first of them counts */
	struct cd_source *sources[CD_PLAN_USED], *source; /* NULL: still collecting */
	unsigned collecting;                              /* which of `used` */
	unsigned part;                                    /* and which part of it */
	struct cd_tree_at at;                             /* in that, once begun */
	bool begun;
	uint64_t next, looked, patience;
	struct cd_near near;
	const struct cd_ent *ahead[CD_PLAN_AHEAD]; /* on their way from memory */
	uint64_t ahead_n, ahead_i;
	cd_code bad; /* sticky: CD_E_NO_MEMORY */
};
/*
 * Over a pinned root. `wanted` results will be looked for (UINT64_MAX: all of them). The plan needs no end:
 * what it has lives in the arena. CD_E_NO_MEMORY
 */
cd_code cd_plan_make(struct cd_cx *, struct cd_arena *, struct cd_store *, const struct cd_tenant *,
	const struct cd_q *, uint64_t wanted, struct cd_plan *);
/* An exact plan: pass over so many candidates. */
void cd_plan_skip(struct cd_plan *, uint64_t n);
/* Go on behind a number, in a newer root too, when the plan was made anew. */
void cd_plan_after(struct cd_plan *, uint64_t number);
/*
 * The next candidate; NULL: some work was done, and there is none yet (look at the clock, call again). False:
 * the end, or plan->bad.
 */
bool cd_plan_next(struct cd_plan *, const struct cd_ent **ret);

#endif
