/*
 * The number of a cell: the Morton code of its lower left corner at the finest level, shifted by six bits,
 * plus its level. So everything within a cell lies between its corner's code and that of its last part; cells
 * around it have numbers of their own, one for each level.
 */
#include "geo/cell.h"

#include <math.h>
#include <stdlib.h>

enum { COVER_CELLS = 24 };

static uint32_t position(double v, double least, double size)
{
	double x = (v - least) / size * (double)(1u << CD_CELL_LEVELS);
	if (!(x > 0))
		return 0;
	return x >= (double)((1u << CD_CELL_LEVELS) - 1) ? (1u << CD_CELL_LEVELS) - 1 : (uint32_t)x;
}

static uint64_t spread(uint32_t v)
{
	uint64_t x = v;
	x = (x | x << 16) & 0x0000ffff0000ffffu;
	x = (x | x << 8) & 0x00ff00ff00ff00ffu;
	x = (x | x << 4) & 0x0f0f0f0f0f0f0f0fu;
	x = (x | x << 2) & 0x3333333333333333u;
	return (x | x << 1) & 0x5555555555555555u;
}

struct square {
	uint32_t x0, y0, x1, y1; /* at the finest level */
};

static struct square square_of(const struct cd_box *b)
{
	return (struct square){position(b->west, -180, 360), position(b->south, -90, 180),
		position(b->east, -180, 360), position(b->north, -90, 180)};
}

static uint64_t number(uint32_t x, uint32_t y, unsigned level)
{
	unsigned shift = CD_CELL_LEVELS - level;
	uint64_t code = spread(x >> shift << shift) | spread(y >> shift << shift) << 1;
	return code << 6 | level;
}

/* The level at which both corners lie in one cell. */
static unsigned common_level(const struct square *s)
{
	uint32_t differ = (s->x0 ^ s->x1) | (s->y0 ^ s->y1);
	return differ ? CD_CELL_LEVELS - (32 - (unsigned)__builtin_clz(differ)) : CD_CELL_LEVELS;
}

uint64_t cd_cell_of(const struct cd_box *b)
{
	struct square s = square_of(b);
	return number(s.x0, s.y0, common_level(&s));
}

static uint64_t cells_across(const struct square *s, unsigned level)
{
	unsigned shift = CD_CELL_LEVELS - level;
	return ((uint64_t)(s->x1 >> shift) - (s->x0 >> shift) + 1) *
	       ((uint64_t)(s->y1 >> shift) - (s->y0 >> shift) + 1);
}

static int ascending(const void *a, const void *b)
{
	const struct cd_cell_range *x = a, *y = b;
	return (x->from > y->from) - (x->from < y->from);
}

/* What lies between the parts of two neighbours are only large cells that hold the second. */
static unsigned join(struct cd_cell_range *r, unsigned n)
{
	unsigned kept = 0;
	qsort(r, n, sizeof *r, ascending);
	for (unsigned i = 0; i < n; i++) {
		if (kept && r[i].from >> 6 <= (r[kept - 1].to >> 6) + 1)
			r[kept - 1].to = r[i].to > r[kept - 1].to ? r[i].to : r[kept - 1].to;
		else
			r[kept++] = r[i];
	}
	return kept;
}

unsigned cd_cell_cover(const struct cd_box *b, uint32_t levels, struct cd_cell_range ret[CD_CELL_RANGES])
{
	struct square s = square_of(b);
	unsigned level = common_level(&s), n = 0;
	while (level < CD_CELL_LEVELS && cells_across(&s, level + 1) <= COVER_CELLS)
		level++;
	unsigned shift = CD_CELL_LEVELS - level;
	for (uint32_t y = s.y0 >> shift; y <= s.y1 >> shift; y++)
		for (uint32_t x = s.x0 >> shift; x <= s.x1 >> shift; x++) {
			uint64_t first = spread(x << shift) | spread(y << shift) << 1;
			uint64_t last = first + ((1ull << 2 * shift) - 1);
			ret[n++] = (struct cd_cell_range){first << 6 | level, last << 6 | 63};
		}
	/* larger cells that hold a part of it: for each level above, few */
	for (unsigned up = 0; up < level; up++) {
		if (!(levels >> up & 1))
			continue;
		unsigned wide = CD_CELL_LEVELS - up;
		for (uint32_t y = s.y0 >> wide; y <= s.y1 >> wide; y++)
			for (uint32_t x = s.x0 >> wide; x <= s.x1 >> wide; x++) {
				uint64_t one = number(x << wide, y << wide, up);
				ret[n++] = (struct cd_cell_range){one, one};
			}
	}
	return join(ret, n);
}
