/* Geo-queries [CIM 009 4.10]: georel, geometry and coordinates become a prepared reference. */
#include "model/query_int.h"
#include "model/uri.h"

#include <math.h>
#include <string.h>

static const struct {
	cd_str name;
	enum cd_georel relation;
} relations[] = {
	{CD_STR_INIT("near"), CD_GEOREL_NEAR},
	{CD_STR_INIT("within"), CD_GEOREL_WITHIN},
	{CD_STR_INIT("contains"), CD_GEOREL_CONTAINS},
	{CD_STR_INIT("intersects"), CD_GEOREL_INTERSECTS},
	{CD_STR_INIT("equals"), CD_GEOREL_EQUALS},
	{CD_STR_INIT("disjoint"), CD_GEOREL_DISJOINT},
	{CD_STR_INIT("overlaps"), CD_GEOREL_OVERLAPS},
};

static cd_code bad(struct cd_cx *cx, const char *where, const char *what)
{
	return cd_fail(cx, CD_E_BAD_REQUEST_DATA, where, "%s", what);
}

static cd_code parse_distance(struct cd_cx *cx, cd_str text, struct cd_geo_reference *r)
{
	static const char what[] = "near takes one of maxDistance==metres and minDistance==metres";
	bool most = cd_str_starts(text, CD_STR("maxDistance==")),
	     least = cd_str_starts(text, CD_STR("minDistance=="));
	if (!most && !least)
		return bad(cx, "georel", what);
	text = cd_str_skip(text, sizeof "maxDistance==" - 1);
	double metres = cd_json_is_number(text) ? cd_json_number(text) : NAN;
	if (!isfinite(metres) || metres <= 0)
		return bad(cx, "georel", "The distance is a number of metres greater than 0");
	r->least = least ? metres : 0;
	r->most = most ? metres : -1;
	return CD_OK;
}

static cd_code parse_relation(struct cd_cx *cx, cd_str text, struct cd_geo_reference *r)
{
	cd_str rest = text, name = cd_str_cut(&rest, ';');
	for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
		if (!cd_str_eq(name, relations[i].name))
			continue;
		r->relation = relations[i].relation;
		if (r->relation == CD_GEOREL_NEAR)
			return parse_distance(cx, rest.p ? rest : CD_STR(""), r);
		return rest.p ? bad(cx, "georel", "Only near takes a distance") : CD_OK;
	}
	return bad(cx, "georel", "Expected near, within, contains, intersects, equals, disjoint or overlaps");
}

static cd_code parse_geometry(struct cd_cx *cx, const struct cd_q_geo_text *in, struct cd_geo_reference *r)
{
	enum cd_geo_type type;
	struct cd_json *v;
	struct cd_buf b;
	cd_buf_init(&b, SIZE_MAX / 2);
	CD_BUF_LIT(&b, "{\"type\":");
	cd_json_write_string(&b, in->geometry);
	CD_BUF_LIT(&b, ",\"coordinates\":");
	cd_buf_put(&b, in->coordinates);
	cd_buf_char(&b, '}');
	cd_code code = b.bad ? cd_fail_memory(cx) : cd_json_parse_copy(cx, cd_buf_str(&b), &v);
	if (!code)
		r->geometry = cd_arena_copy(cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	if (code) { /* words about the text made here would only confuse */
		cd_cx_clear(cx);
		return code == CD_E_NO_MEMORY ? cd_fail_memory(cx)
					      : bad(cx, "coordinates", "Expected a JSON array of positions");
	}
	if (!r->geometry.p)
		return cd_fail_memory(cx);
	code = cd_geo_check(cx, v, &type, &r->box);
	if (code && code != CD_E_NO_MEMORY) { /* it points into the geometry that was made here */
		const char *why = cx->err.detail, *at = cx->err.where;
		bool inside = at && strncmp(at, "/coordinates", 12) == 0;
		cd_cx_clear(cx);
		code = inside && at[12] ? cd_fail(cx, code, "coordinates", "%s (at %s)", why, at + 12)
					: cd_fail(cx, code, inside ? "coordinates" : "geometry", "%s", why);
	}
	return code;
}

cd_code cd_q_geo(const struct cd_q_parse *p, const struct cd_q_geo_text *in, struct cd_q **ret)
{
	struct cd_geo_reference r = {.most = -1};
	struct cd_cx *cx = p->cx;
	cd_str name = in->property.n ? in->property : CD_STR("location"), iri;
	if (!in->georel.n || !in->geometry.n || !in->coordinates.n)
		return bad(cx,
			!in->georel.n     ? "georel"
			: !in->geometry.n ? "geometry"
					  : "coordinates",
			"georel, geometry and coordinates come together");
	if (!cd_utf8_valid(in->geometry) || !cd_utf8_valid(in->coordinates))
		return bad(cx, "coordinates", "Not UTF-8");
	if (!cd_name_ok(name))
		return bad(cx, "geoproperty", "Not the name of an attribute");
	cd_code code = parse_relation(cx, in->georel, &r);
	if (!code)
		code = parse_geometry(cx, in, &r);
	if (code)
		return code;
	cd_term term = cd_ctx_term(p->ctx, cx->arena, p->names, name, &iri);
	struct cd_q *q = cd_q_new(cx->arena, term ? CD_Q_GEO : CD_Q_NEVER);
	if (!iri.p || !q)
		return cd_fail_memory(cx);
	q->term = term;
	code = cd_geo_query_new(
		cx, &r, &q->geo); /* also for a name that nobody has: the reference may be wrong */
	*ret = q;
	return code;
}
