/*
 * geo/relate.h -- how a geometry stands to another. [CIM 009 4.10; OGC 06-103r4 6.1.15]
 *
 * GEOS decides, loaded when it is first needed; `near` measures metres on the ellipsoid (PROJ's geodesics).
 * Boxes decide first, since most geometries lie elsewhere.
 */
#ifndef CD_GEO_RELATE_H
#define CD_GEO_RELATE_H

#include "geo/geometry.h"

enum cd_georel {
	CD_GEOREL_NEAR, /* within or beyond a distance */
	CD_GEOREL_WITHIN,
	CD_GEOREL_CONTAINS,
	CD_GEOREL_INTERSECTS,
	CD_GEOREL_EQUALS,
	CD_GEOREL_DISJOINT,
	CD_GEOREL_OVERLAPS,
};
struct cd_geo_query;

/*
 * The reference, prepared. `geometry` is GeoJSON text that cd_geo_check has taken, with its box.
 *
 * least, most  metres, for CD_GEOREL_NEAR: most < 0 when only `least` was given
 */
struct cd_geo_reference {
	enum cd_georel relation;
	cd_str geometry;
	struct cd_box box;
	double least, most;
};
cd_code cd_geo_query_new(struct cd_cx *, const struct cd_geo_reference *, struct cd_geo_query **ret);
void cd_geo_query_free(struct cd_geo_query *);
/* Does the geometry (GeoJSON text, its box) stand in that relation to the reference? A geometry that has no
 * answer (it touches itself) is in none. */
bool cd_geo_query_holds(const struct cd_geo_query *, cd_str geometry, const struct cd_box *);
/* A box that holds every geometry that can be in the relation; false: anything can be. */
bool cd_geo_query_box(const struct cd_geo_query *, struct cd_box *ret);

/* CD_GEOREL_NEAR: at most so many metres from now on, and no least. */
void cd_geo_query_reach(struct cd_geo_query *, double most);

/* Metres between the nearest points of two geometries along a sphere, as orders have them [4.23.1]; negative
 * when there is no answer. */
double cd_geo_query_distance(const struct cd_geo_query *, cd_str geometry, const struct cd_box *);

#endif
