/*
 * ops/by_value.h -- entities in the order of an index over numbers or times: the first of a million without
 * looking at a million.
 *
 * An index knows all values of an attribute, the order is that of the value that decides (the first of an
 * entity that has several); so the caller passes over entries of other values. Entities without the attribute
 * are in no index: they come behind all others, and who needs them goes another way.
 */
#ifndef CD_OPS_BY_VALUE_H
#define CD_OPS_BY_VALUE_H

#include "model/order.h"
#include "store/root.h"

struct cd_by_value {
	const struct cd_tenant *tenant;
	const struct cd_index *index;
	const struct cd_order *order;
	bool down;
	struct cd_tree_at at;
	uint64_t key; /* of the entries at hand */
	bool begun;
};
/* False: there is no index that knows all values of what the order is by. */
bool cd_by_value_begin(struct cd_by_value *, const struct cd_tenant *, const struct cd_order *);
/* The next entry; NULL: it is not the value that decides, call again. False: no more. Equal values come in
 * the order of creation, whichever way the order goes. */
bool cd_by_value_next(struct cd_by_value *, struct cd_q_run *, const struct cd_ent **ret);
/* Would an index have helped? Asked with the first of what was put in order without. */
void cd_by_value_wish(struct cd_store *, const struct cd_tenant *, const struct cd_order *,
	const struct cd_ent *, struct cd_q_run *);

#endif
