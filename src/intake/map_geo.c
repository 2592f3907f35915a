/* Geometries as GeoJSON text: from columns, written positions, WKT, or a geometry that is there already. */
#include "intake/mapping_int.h"

#include <math.h>

static bool on_earth(double x, double y)
{
	return x >= -180 && x <= 180 && y >= -90 && y <= 90;
}

/* Nine digits behind the point are a tenth of a millimetre: what a transformation is worth at most. */
static void put_degrees(struct cd_buf *b, double d)
{
	cd_json_write_number(b, round(d * 1e9) / 1e9);
}

/* Numbers that need no transformation stay as they are written. */
static bool put_position(struct cd_buf *b, struct cd_crs *crs, const cd_str *number, unsigned n)
{
	double x = cd_json_number(number[0]), y = cd_json_number(number[1]);
	if ((crs && !cd_crs_to_wgs84(crs, &x, &y)) || !on_earth(x, y))
		return false;
	cd_buf_char(b, '[');
	if (crs)
		put_degrees(b, x);
	else
		cd_buf_put(b, number[0]);
	cd_buf_char(b, ',');
	if (crs)
		put_degrees(b, y);
	else
		cd_buf_put(b, number[1]);
	if (n > 2) {
		cd_buf_char(b, ',');
		cd_buf_put(b, number[2]);
	}
	cd_buf_char(b, ']');
	return true;
}

/* ---- WKT: TYPE [Z] ( ... ), case and blanks as one likes [OGC 06-103r4 6.2] ---- */

struct wkt {
	cd_str rest;
	struct cd_crs *crs;
	struct cd_buf *out;
};

static void blanks(struct wkt *w)
{
	while (w->rest.n && strchr(" \t\r\n", w->rest.p[0]) && w->rest.p[0])
		w->rest = cd_str_skip(w->rest, 1);
}

static bool sign(struct wkt *w, char c)
{
	blanks(w);
	if (w->rest.n == 0 || w->rest.p[0] != c)
		return false;
	w->rest = cd_str_skip(w->rest, 1);
	return true;
}

static bool wkt_position(struct wkt *w)
{
	cd_str number[4];
	unsigned n = 0;
	for (; n < 4; n++) {
		size_t k = 0;
		blanks(w);
		while (k < w->rest.n &&
			(memchr("+-.eE", w->rest.p[k], 5) || (w->rest.p[k] >= '0' && w->rest.p[k] <= '9')))
			k++;
		if (k == 0)
			break;
		number[n] = cd_str_of(w->rest.p, k);
		w->rest = cd_str_skip(w->rest, k);
		if (!cd_json_is_number(number[n]))
			return false;
	}
	return n >= 2 && put_position(w->out, w->crs, number, n < 3 ? n : 3);
}

/* depth 0: a position; 1: positions in brackets; 2: lists of them ... */
static bool wkt_list(struct wkt *w, unsigned depth, bool wrapped)
{
	if (depth == 0) {
		/* MULTIPOINT ((1 2), (3 4)) and MULTIPOINT (1 2, 3 4) are both in use */
		bool own = wrapped && sign(w, '(');
		return wkt_position(w) && (!own || sign(w, ')'));
	}
	if (!sign(w, '('))
		return false;
	cd_buf_char(w->out, '[');
	do {
		if (w->out->p[w->out->n - 1] != '[')
			cd_buf_char(w->out, ',');
		if (!wkt_list(w, depth - 1, wrapped))
			return false;
	} while (!w->out->bad && sign(w, ','));
	cd_buf_char(w->out, ']');
	return sign(w, ')');
}

static const struct {
	cd_str word, name;
	unsigned depth;
	bool wrapped;
} wkt_types[] = {
	{CD_STR_INIT("POINT"), CD_STR_INIT("Point"), 0, true},
	{CD_STR_INIT("LINESTRING"), CD_STR_INIT("LineString"), 1, false},
	{CD_STR_INIT("POLYGON"), CD_STR_INIT("Polygon"), 2, false},
	{CD_STR_INIT("MULTIPOINT"), CD_STR_INIT("MultiPoint"), 1, true},
	{CD_STR_INIT("MULTILINESTRING"), CD_STR_INIT("MultiLineString"), 2, false},
	{CD_STR_INIT("MULTIPOLYGON"), CD_STR_INIT("MultiPolygon"), 3, false},
};

static cd_str word(struct wkt *w)
{
	size_t n = 0;
	blanks(w);
	while (n < w->rest.n && (w->rest.p[n] | 32) >= 'a' && (w->rest.p[n] | 32) <= 'z')
		n++;
	cd_str r = cd_str_of(w->rest.p, n);
	w->rest = cd_str_skip(w->rest, n);
	return r;
}

bool cd_wkt_put(cd_str text, struct cd_crs *crs, struct cd_buf *out)
{
	struct wkt w = {.rest = text, .crs = crs, .out = out};
	size_t mark = out->n;
	cd_str type = word(&w);
	for (size_t i = 0; i < sizeof wkt_types / sizeof *wkt_types; i++) {
		if (!cd_str_eq_nocase(wkt_types[i].word, type))
			continue;
		cd_str more = word(&w);
		if (more.n && !cd_str_eq_nocase(more, CD_STR("Z")))
			return false;
		CD_BUF_LIT(out, "{\"type\":\"");
		cd_buf_put(out, wkt_types[i].name);
		CD_BUF_LIT(out, "\",\"coordinates\":");
		/* a single position has brackets of its own in WKT, none in GeoJSON */
		bool good = wkt_list(&w, wkt_types[i].depth, wkt_types[i].wrapped);
		cd_buf_char(out, '}');
		blanks(&w);
		if (good && w.rest.n == 0)
			return true;
	}
	out->n = mark;
	return false;
}

/* ---- GeoJSON ---- */

/* Arrays of any depth around positions; the twin judges the rest. */
static bool put_coordinates(struct cd_buf *b, struct cd_crs *crs, const struct cd_json *v, unsigned depth)
{
	cd_str number[4];
	unsigned n = 0;
	if (v->kind != CD_JSON_ARRAY || v->n == 0 || depth > 4)
		return false;
	if (v->child->kind == CD_JSON_NUMBER) {
		for (const struct cd_json *c = v->child; c && n < 4; c = c->next) {
			if (c->kind != CD_JSON_NUMBER)
				return false;
			number[n++] = c->text;
		}
		return n >= 2 && put_position(b, crs, number, n < 3 ? n : 3);
	}
	cd_buf_char(b, '[');
	for (const struct cd_json *c = v->child; c; c = c->next) {
		if (c != v->child)
			cd_buf_char(b, ',');
		if (!put_coordinates(b, crs, c, depth + 1))
			return false;
	}
	cd_buf_char(b, ']');
	return true;
}

static bool put_geojson(struct cd_buf *b, struct cd_crs *crs, const struct cd_json *geometry)
{
	const struct cd_json *type = cd_json_get(geometry, CD_STR("type"));
	const struct cd_json *positions = cd_json_get(geometry, CD_STR("coordinates"));
	if (!type || type->kind != CD_JSON_STRING || !positions)
		return false;
	CD_BUF_LIT(b, "{\"type\":");
	cd_json_write(b, type);
	CD_BUF_LIT(b, ",\"coordinates\":");
	bool good = put_coordinates(b, crs, positions, 0);
	cd_buf_char(b, '}');
	return good;
}

static bool put_written_geojson(struct cd_map_state *s, const struct cd_map_rule *r, struct cd_buf *b)
{
	const struct cd_cell *cell = &s->cells[r->from[0]];
	struct cd_json *parsed;
	if (cell->json && cell->json->kind == CD_JSON_OBJECT)
		return put_geojson(b, r->crs, cell->json);
	cd_cx_clear(&s->row_cx);
	return cell->text.n && !cd_json_parse_copy(&s->row_cx, cell->text, &parsed) &&
	       put_geojson(b, r->crs, parsed);
}

/* ---- columns ---- */

static bool column_position(struct cd_map_state *s, const struct cd_map_rule *r, struct cd_buf *b)
{
	char plain[3][CD_NUMBER_MAX];
	cd_str number[3];
	unsigned n = 0;
	for (; n < r->from_n; n++) {
		cd_str text = s->cells[r->from[n]].text;
		if (n == 2 && text.n == 0)
			break;
		if (!cd_number_read(&r->number, text, plain[n], &number[n]))
			return false;
	}
	return put_position(b, r->crs, number, n);
}

static bool put_point(struct cd_map_state *s, const struct cd_map_rule *r, struct cd_buf *b)
{
	CD_BUF_LIT(b, "{\"type\":\"Point\",\"coordinates\":");
	bool good = column_position(s, r, b);
	cd_buf_char(b, '}');
	return good;
}

static bool put_pair(struct cd_map_state *s, const struct cd_map_rule *r, struct cd_buf *b)
{
	char plain[2][CD_NUMBER_MAX];
	cd_str number[2], text = s->cells[r->from[0]].text;
	size_t cut = 0;
	while (cut < text.n && !strchr(",; \t/", text.p[cut]))
		cut++;
	bool swap = r->shape == CD_SHAPE_LATLON;
	cd_str second = cd_str_trim(cd_str_skip(text, cut));
	if (second.n && strchr(",;/", second.p[0]))
		second = cd_str_skip(second, 1);
	if (!cd_number_read(&r->number, cd_str_of(text.p, cut), plain[0], &number[swap]) ||
		!cd_number_read(&r->number, second, plain[1], &number[!swap]))
		return false;
	CD_BUF_LIT(b, "{\"type\":\"Point\",\"coordinates\":");
	bool good = put_position(b, r->crs, number, 2);
	cd_buf_char(b, '}');
	return good;
}

static bool put_line(struct cd_map_state *s, const struct cd_map_rule *r, struct cd_buf *b)
{
	struct cd_cell *first = s->cells;
	uint64_t line = s->line;
	size_t points = 0;
	CD_BUF_LIT(b, "{\"type\":\"LineString\",\"coordinates\":[");
	for (size_t i = 0; i < s->group_n; i++) {
		size_t mark = b->n;
		s->cells = s->group[i].cells;
		s->line = s->group[i].line;
		if (points)
			cd_buf_char(b, ',');
		if (column_position(s, r, b)) {
			points++;
			continue;
		}
		b->n = mark;
		cd_map_fault(s, "geometry", "This point of " CD_STR_FMT " is none", CD_STR_ARG(r->to));
	}
	s->cells = first;
	s->line = line;
	CD_BUF_LIT(b, "]}");
	return points >= 2;
}

static bool put_wkt(struct cd_map_state *s, const struct cd_map_rule *r, struct cd_buf *b)
{
	return cd_wkt_put(s->cells[r->from[0]].text, r->crs, b);
}

static bool put_feature(struct cd_map_state *s, const struct cd_map_rule *r, struct cd_buf *b)
{
	return put_geojson(b, r->crs, s->geometry);
}

static bool (*const shapes[CD_SHAPE_N])(
	struct cd_map_state *, const struct cd_map_rule *, struct cd_buf *) = {
	[CD_SHAPE_POINT] = put_point,
	[CD_SHAPE_LATLON] = put_pair,
	[CD_SHAPE_LONLAT] = put_pair,
	[CD_SHAPE_LINE] = put_line,
	[CD_SHAPE_WKT] = put_wkt,
	[CD_SHAPE_GEOJSON] = put_written_geojson,
	[CD_SHAPE_FEATURE] = put_feature,
};

static bool nothing_there(const struct cd_map_state *s, const struct cd_map_rule *r)
{
	if (r->shape == CD_SHAPE_FEATURE)
		return !s->geometry;
	for (uint32_t i = 0; i < r->from_n; i++)
		if (s->cells[r->from[i]].text.n || s->cells[r->from[i]].json)
			return false;
	return true;
}

bool cd_map_geometry(struct cd_map_state *s, const struct cd_map_rule *r, struct cd_buf *b)
{
	size_t mark = b->n;
	if (nothing_there(s, r))
		return false;
	if (shapes[r->shape](s, r, b))
		return true;
	b->n = mark;
	cd_str text = r->from_n ? s->cells[r->from[0]].text : CD_STR("");
	cd_map_fault(s, "geometry",
		"No position on Earth for " CD_STR_FMT ": \"" CD_STR_FMT "%s" CD_STR_FMT "\"",
		CD_STR_ARG(r->to), CD_STR_ARG(text), r->from_n > 1 ? ", " : "",
		CD_STR_ARG(r->from_n > 1 ? s->cells[r->from[1]].text : CD_STR("")));
	return false;
}
