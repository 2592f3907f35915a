/* model/apply_int.h -- the work in progress of cd_ent_apply; for apply.c, apply_merge.c and apply_delta.c. */
#ifndef CD_MODEL_APPLY_INT_H
#define CD_MODEL_APPLY_INT_H

#include "model/change.h"

/* One top-level instance on its way into the new block. */
struct cd_slot {
	cd_term term;
	cd_str dataset;
	const struct cd_node *old; /* in the old block; NULL: new */
	struct cd_loose *now;      /* NULL: gone */
	bool touched;              /* goes into the delta */
};

struct cd_work {
	struct cd_cx *cx;
	const struct cd_ent *old;
	const struct cd_change *change;
	const struct cd_ent *frag;
	cd_stamp now;
	struct cd_slot *slots;
	uint32_t slots_n, slots_cap;
	uint32_t olds; /* the first slots are those of the old block, sorted as it is */
	struct cd_loose_ent out;
	bool types_changed, scope_changed, expires_changed, touched;
	cd_term *updated;
	uint32_t updated_n;
	struct cd_not_updated *refused;
	uint32_t refused_n;
	struct cd_report *report;
	cd_term term; /* of the fragment's attribute that is being applied; 0: none */
	bool failed;  /* out of memory, or over a bound: cx->err */
};

/* The slot of an instance of the old block, or NULL. */
struct cd_slot *cd_work_find(struct cd_work *, cd_term, cd_str dataset);
/* Refuse the change: nothing of it is applied. */
void cd_work_refuse(struct cd_work *, cd_code, const char *where, const char *detail);
void cd_work_oom(struct cd_work *);
/* The instance replaced by one of the fragment, whole; createdAt of an old one is kept. NULL: failed, or
 * refused. */
struct cd_slot *cd_work_set(struct cd_work *, const struct cd_node *frag);
/* A packed node taken over with all below it; NULL: failed. */
struct cd_loose *cd_work_take(struct cd_work *, const struct cd_ent *, const struct cd_node *);
void cd_work_remove(struct cd_work *, struct cd_slot *);

/* apply_merge.c */
void cd_work_merge(struct cd_work *, struct cd_slot *, const struct cd_node *frag); /* Merge Entity */
void cd_work_partial(
	struct cd_work *, struct cd_slot *, const struct cd_node *frag); /* Partial Attribute Update */
/*
 * A node of the fragment where nothing is yet, or what is there goes: without what it would remove, a bare
 * value as a Property. NULL: failed, or refused because it has no value.
 */
struct cd_loose *cd_work_fresh(struct cd_work *, const struct cd_node *frag, cd_stamp created);

/* apply_lapse.c */
void cd_work_lapse(struct cd_work *);
/* The slots without what has expired; they go into the delta if anything does. True: something has. */
bool cd_work_prune(struct cd_work *);

/* apply_delta.c */
void cd_work_delta(struct cd_work *);

#endif
