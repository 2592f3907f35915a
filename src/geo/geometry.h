/* geo/geometry.h -- GeoJSON geometries as values. [RFC 7946; CIM 009 4.7] */
#ifndef CD_GEO_GEOMETRY_H
#define CD_GEO_GEOMETRY_H

#include "json/json.h"

enum cd_geo_type {
	CD_GEO_POINT,
	CD_GEO_MULTI_POINT,
	CD_GEO_LINE_STRING,
	CD_GEO_MULTI_LINE_STRING,
	CD_GEO_POLYGON,
	CD_GEO_MULTI_POLYGON,
	CD_GEO_N,
};
struct cd_box {
	double west, south, east, north; /* of all positions; degrees */
};

/* An object whose `type` names a geometry and that has `coordinates`: what concise input takes for a
 * GeoProperty. */
bool cd_geo_looks(const struct cd_json *);

/*
 * Is it a geometry? Known type (no GeometryCollection), right nesting, positions of 2 to 4 finite numbers,
 * lines of two and more positions, rings closed and of four and more, at most vertices_max positions.
 * Polygons may touch themselves. CD_E_BAD_REQUEST_DATA  where: JSON pointer of what is wrong
 */
cd_code cd_geo_check(
	struct cd_cx *, const struct cd_json *, enum cd_geo_type *ret_type, struct cd_box *ret_box);

#endif
