/*
 * A geometry is positions nested 0 to 3 arrays deep; types differ in the depth and in what the innermost list
 * of positions must be. So one walk serves all of them.
 */
#include "geo/geometry.h"

#include <math.h>

static const struct {
	cd_str name;
	unsigned depth; /* arrays around a position */
	unsigned least; /* positions of the innermost array */
	bool ring;
} types[CD_GEO_N] = {
	[CD_GEO_POINT] = {CD_STR_INIT("Point"), 0, 1, false},
	[CD_GEO_MULTI_POINT] = {CD_STR_INIT("MultiPoint"), 1, 1, false},
	[CD_GEO_LINE_STRING] = {CD_STR_INIT("LineString"), 1, 2, false},
	[CD_GEO_MULTI_LINE_STRING] = {CD_STR_INIT("MultiLineString"), 2, 2, false},
	[CD_GEO_POLYGON] = {CD_STR_INIT("Polygon"), 2, 4, true},
	[CD_GEO_MULTI_POLYGON] = {CD_STR_INIT("MultiPolygon"), 3, 4, true},
};

struct walk {
	struct cd_cx *cx;
	enum cd_geo_type type;
	struct cd_box box;
	uint64_t positions;
};

static int type_of(const struct cd_json *geometry)
{
	const struct cd_json *type = cd_json_get(geometry, CD_STR("type"));
	for (int i = 0; type && type->kind == CD_JSON_STRING && i < CD_GEO_N; i++)
		if (cd_str_eq(type->text, types[i].name))
			return i;
	return -1;
}

bool cd_geo_looks(const struct cd_json *v)
{
	return type_of(v) >= 0 && cd_json_get(v, CD_STR("coordinates"));
}

static cd_code bad(struct walk *w, const struct cd_json *at, const char *what)
{
	return cd_fail(w->cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(w->cx, at), "%s", what);
}

static cd_code position(struct walk *w, const struct cd_json *p)
{
	double v[2] = {0, 0};
	if (p->kind != CD_JSON_ARRAY || p->n < 2 || p->n > 4)
		return bad(w, p, "Expected a position: [longitude, latitude], and perhaps a height");
	if (w->positions++ == w->cx->set->vertices_max)
		return cd_fail(w->cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(w->cx, p),
			"More than %llu positions", (unsigned long long)w->cx->set->vertices_max);
	unsigned i = 0;
	for (const struct cd_json *c = p->child; c; c = c->next, i++) {
		double d = c->kind == CD_JSON_NUMBER ? cd_json_number(c->text) : NAN;
		if (!isfinite(d))
			return bad(w, c, "Expected a finite number");
		if (i < 2)
			v[i] = d;
	}
	w->box.west = fmin(w->box.west, v[0]);
	w->box.east = fmax(w->box.east, v[0]);
	w->box.south = fmin(w->box.south, v[1]);
	w->box.north = fmax(w->box.north, v[1]);
	return CD_OK;
}

static bool same_position(const struct cd_json *a, const struct cd_json *b)
{
	const struct cd_json *x = a->child, *y = b->child;
	for (; x && y; x = x->next, y = y->next)
		if (cd_json_number(x->text) != cd_json_number(y->text))
			return false;
	return !x && !y;
}

static cd_code positions(struct walk *w, const struct cd_json *list)
{
	const struct cd_json *last = NULL;
	if (list->n < types[w->type].least)
		return cd_fail(w->cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(w->cx, list),
			"%s needs %u positions and more here", types[w->type].name.p, types[w->type].least);
	for (const struct cd_json *p = list->child; p; p = p->next) {
		cd_code code = position(w, p);
		if (code)
			return code;
		last = p;
	}
	if (types[w->type].ring && !same_position(list->child, last))
		return bad(w, list, "The ring is not closed: its last position must be its first");
	return CD_OK;
}

static cd_code nested(struct walk *w, const struct cd_json *v, unsigned depth)
{
	if (depth == 0)
		return position(w, v);
	if (v->kind != CD_JSON_ARRAY || v->n == 0)
		return bad(
			w, v, depth == 1 ? "Expected an array of positions" : "Expected an array of arrays");
	if (depth == 1)
		return positions(w, v);
	for (const struct cd_json *c = v->child; c; c = c->next) {
		cd_code code = nested(w, c, depth - 1);
		if (code)
			return code;
	}
	return CD_OK;
}

cd_code cd_geo_check(
	struct cd_cx *cx, const struct cd_json *v, enum cd_geo_type *ret_type, struct cd_box *ret_box)
{
	struct walk w = {.cx = cx, .box = {INFINITY, INFINITY, -INFINITY, -INFINITY}};
	int type = type_of(v);
	const struct cd_json *coordinates = cd_json_get(v, CD_STR("coordinates"));
	if (type < 0)
		return bad(&w, v,
			"Expected a GeoJSON geometry: Point, MultiPoint, LineString, MultiLineString, "
			"Polygon or MultiPolygon");
	if (!coordinates)
		return bad(&w, v, "The geometry has no coordinates");
	w.type = (enum cd_geo_type)type;
	cd_code code = nested(&w, coordinates, types[type].depth);
	if (code)
		return code;
	*ret_type = w.type;
	*ret_box = w.box;
	return CD_OK;
}
