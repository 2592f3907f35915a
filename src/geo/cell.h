/*
 * geo/cell.h -- places as numbers: cells of a quadtree over longitude and latitude, in the order of their
 * Morton codes.
 *
 * A box is kept under the smallest cell that holds it. Cells of any size that touch a query's box form few
 * ranges of numbers, and a few single numbers for the large cells around.
 */
#ifndef CD_GEO_CELL_H
#define CD_GEO_CELL_H

#include "geo/geometry.h"

#include <stdint.h>

enum { CD_CELL_LEVELS = 28, CD_CELL_RANGES = 192 };

struct cd_cell_range {
	uint64_t from, to; /* both included */
};

uint64_t cd_cell_of(const struct cd_box *);
/* The bit of that cell's level in a set of levels. */
static inline uint32_t cd_cell_level_bit(uint64_t cell)
{
	return 1u << (cell & 31);
}
/* Ranges that hold the cell of every box that touches this one, as far as its level is among `levels` (where
 * all places are points, large cells need no look); ascending, apart from each other; returns how many. */
unsigned cd_cell_cover(const struct cd_box *, uint32_t levels, struct cd_cell_range ret[CD_CELL_RANGES]);

#endif
