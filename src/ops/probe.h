/*
 * ops/probe.h -- what one condition of a query asks of an index: which one, and which ranges of its keys.
 */
#ifndef CD_OPS_PROBE_H
#define CD_OPS_PROBE_H

#include "geo/cell.h"
#include "model/query.h"
#include "store/root.h"

struct cd_probe {
	cd_term term;
	enum cd_vi_class class;
	struct cd_cell_range ranges[CD_CELL_RANGES]; /* of keys, both ends included */
	unsigned n;
};
/* Over which index? False: none can narrow the condition. */
bool cd_probe_index(const struct cd_q *, cd_term *ret_term, enum cd_vi_class *ret_class);
/* The ranges, of a condition for which there is that index. False: it does not narrow after all. */
bool cd_probe_ranges(const struct cd_q *, const struct cd_index *, struct cd_probe *ret);

#endif
