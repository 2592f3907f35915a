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
	struct cd_loose_ent out;
	bool types_changed, scope_changed, expires_changed, touched;
	cd_term *updated;
	uint32_t updated_n;
	struct cd_not_updated *refused;
	uint32_t refused_n;
	struct cd_report *report;
	bool failed; /* out of memory, or over a bound: cx->err */
};

struct cd_slot *cd_work_find(struct cd_work *, cd_term, cd_str dataset);
/* Refuse the change: nothing of it is applied. */
void cd_work_refuse(struct cd_work *, cd_code, const char *where, const char *detail);
void cd_work_oom(struct cd_work *);
/* The instance replaced by one of the fragment, whole; createdAt of an old one is kept. */
void cd_work_set(struct cd_work *, const struct cd_ent *from, const struct cd_node *);
void cd_work_remove(struct cd_work *, struct cd_slot *);

/* apply_merge.c */
void cd_work_merge(struct cd_work *, struct cd_slot *, const struct cd_node *frag); /* Merge Entity */
void cd_work_partial(
	struct cd_work *, struct cd_slot *, const struct cd_node *frag); /* Partial Attribute Update */
void cd_work_merge_new(struct cd_work *, const struct cd_node *frag); /* Merge Entity, nothing is there yet */
/* A node of a simplified fragment that has no stored counterpart: it becomes a Property. */
void cd_work_plain(struct cd_loose *);

/* apply_delta.c */
void cd_work_delta(struct cd_work *);

#endif
