/* Any JSON as a geometry: refused with a place in it, or a box that holds; and the same answer for the same
 * text. */
#include "geo/geometry.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_box(const struct cd_box *b)
{
	if (!isfinite(b->west) || !isfinite(b->east) || !isfinite(b->south) || !isfinite(b->north))
		abort();
	if (b->west > b->east || b->south > b->north)
		abort();
}

static void check(struct cd_cx *cx, const struct cd_json *v)
{
	enum cd_geo_type type = CD_GEO_N;
	struct cd_box box;
	cd_code code = cd_geo_check(cx, v, &type, &box);
	if (code) {
		/* refused: one error, a place that begins at the top, nothing returned */
		if (code != CD_E_BAD_REQUEST_DATA || !cx->err.where ||
			(cx->err.where[0] && cx->err.where[0] != '/') || type != CD_GEO_N)
			abort();
		return;
	}
	if (type >= CD_GEO_N || !cd_geo_looks(v))
		abort();
	check_box(&box);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v;
	cd_settings_init(&set);
	set.vertices_max = 40;
	cd_arena_init(&arena, 64 << 20);
	cd_cx_init(&cx, &arena, &set);
	if (!cd_json_parse_copy(&cx, cd_str_of((const char *)data, size), &v))
		check(&cx, v);
	cd_arena_done(&arena);
	return 0;
}
