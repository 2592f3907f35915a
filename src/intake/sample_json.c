/* Objects as rows: what stands at the same path makes a column. Objects go three deep; lists and deeper ones
 * stay. */
#include "intake/sample.h"

#include "intake/items.h"
#include "json/json.h"

enum { DEPTH_MAX = 3 };

struct gather {
	struct cd_sample *s;
	struct cd_json **rows; /* parsed objects; of features their properties */
	uint32_t max;
	bool features, entities;
};

/* ---- paths ---- */

/* The path of a member; a dot or bracket in its name is no step. p == NULL: no memory, or no name. */
static cd_str path_of(struct cd_cx *cx, cd_str up, cd_str name)
{
	char *p = name.n ? cd_arena_alloc(cx->arena, up.n + name.n * 2 + 2) : NULL;
	size_t n = 0;
	if (!p)
		return cd_str_of(NULL, 0);
	if (up.n) {
		memcpy(p, up.p, up.n);
		n = up.n;
		p[n++] = '.';
	}
	for (size_t i = 0; i < name.n; i++) {
		if (strchr(".[\\", name.p[i]) && name.p[i])
			p[n++] = '\\';
		p[n++] = name.p[i];
	}
	return cd_str_of(p, n);
}

/* Columns mostly come in the order in which they are known: the search goes on behind the last one. */
static uint32_t column_of(const struct cd_sample *s, cd_str path, uint32_t *last)
{
	for (uint32_t k = 1; k <= s->columns; k++) {
		uint32_t i = (*last + k) % s->columns;
		if (cd_str_eq(s->names[i], path))
			return *last = i;
	}
	return s->columns;
}

static bool steps_into(const struct cd_json *v, int depth)
{
	return v->kind == CD_JSON_OBJECT && v->n && depth < DEPTH_MAX &&
	       !cd_json_get(v, CD_STR("coordinates"));
}

static void collect_columns(
	struct cd_cx *cx, struct cd_sample *s, const struct cd_json *object, cd_str up, int depth)
{
	uint32_t last = 0;
	for (const struct cd_json *m = object->child; m; m = m->next) {
		cd_str path = path_of(cx, up, m->key);
		if (!path.p)
			continue;
		if (steps_into(m, depth))
			collect_columns(cx, s, m, path, depth + 1);
		else if (s->columns < CD_SAMPLE_COLUMNS && column_of(s, path, &last) == s->columns)
			s->names[s->columns++] = path;
	}
}

static cd_str text_of(struct cd_cx *cx, const struct cd_json *v, unsigned char *holds)
{
	struct cd_buf b;
	switch (v->kind) {
	case CD_JSON_NULL:
		return CD_STR("");
	case CD_JSON_TRUE:
	case CD_JSON_FALSE:
		*holds |= CD_SAMPLE_HAS_BOOLEAN;
		return v->kind == CD_JSON_TRUE ? CD_STR("true") : CD_STR("false");
	case CD_JSON_NUMBER:
		*holds |= CD_SAMPLE_HAS_NUMBER;
		return v->text;
	case CD_JSON_STRING:
		*holds |= CD_SAMPLE_HAS_TEXT;
		return v->text;
	case CD_JSON_ARRAY:
	case CD_JSON_OBJECT:
		*holds |= CD_SAMPLE_HAS_MORE;
	}
	cd_buf_init(&b, CD_SAMPLE_BYTES);
	cd_json_write(&b, v);
	cd_str text = cd_arena_copy(cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return text.p ? text : CD_STR("");
}

static void fill_row(struct cd_cx *cx, struct cd_sample *s, cd_str *row, const struct cd_json *object,
	cd_str up, int depth)
{
	uint32_t last = s->columns - 1;
	for (const struct cd_json *m = object->child; m; m = m->next) {
		cd_str path = path_of(cx, up, m->key);
		if (!path.p)
			continue;
		if (steps_into(m, depth)) {
			fill_row(cx, s, row, m, path, depth + 1);
			continue;
		}
		uint32_t i = column_of(s, path, &last);
		if (i < s->columns) /* those that the first rows do not have are left out */
			row[i] = text_of(cx, m, &s->holds[i]);
	}
}

/* ---- features ---- */

static const struct cd_json *first_position(const struct cd_json *coordinates)
{
	while (coordinates && coordinates->kind == CD_JSON_ARRAY && coordinates->child &&
		coordinates->child->kind == CD_JSON_ARRAY)
		coordinates = coordinates->child;
	return coordinates;
}

static void look_at_feature(struct gather *g, const struct cd_json *feature)
{
	const struct cd_json *id = cd_json_get(feature, CD_STR("id"));
	const struct cd_json *geometry = cd_json_get(feature, CD_STR("geometry"));
	const struct cd_json *at = first_position(cd_json_get(geometry, CD_STR("coordinates")));
	g->s->feature_ids += id && (id->kind == CD_JSON_STRING || id->kind == CD_JSON_NUMBER);
	if (g->s->located || !at || at->kind != CD_JSON_ARRAY || at->n < 2 ||
		at->child->kind != CD_JSON_NUMBER || at->child->next->kind != CD_JSON_NUMBER)
		return;
	g->s->located = true;
	g->s->x = cd_json_number(at->child->text);
	g->s->y = cd_json_number(at->child->next->text);
}

static bool is_text(const struct cd_json *v)
{
	return v && v->kind == CD_JSON_STRING;
}

/* Enough seen: how the cutter is told to stop. */
static cd_code stop(struct cd_cx *cx)
{
	return cd_fail(cx, CD_E_TOO_MANY_RESULTS, NULL, "enough");
}

static cd_code take(void *arg, struct cd_cx *cx, cd_str item, uint64_t line)
{
	struct gather *g = arg;
	struct cd_json *v;
	(void)line;
	if (g->s->rows == g->max)
		return stop(cx);
	if (cd_json_parse_copy(cx, item, &v))
		return cx->err.code;
	const struct cd_json *type = cd_json_get(v, CD_STR("type"));
	/* in another array of a wrapping object they are objects like any others: GeoJSON has one for them */
	bool collection = g->s->within.n == 0 || cd_str_eq(g->s->within, CD_STR("features"));
	bool feature = collection && is_text(type) && cd_str_eq(type->text, CD_STR("Feature"));
	if (g->s->rows == 0) {
		g->features = feature;
		const struct cd_json *id = cd_json_get(v, CD_STR("id"));
		g->entities = !feature && type && is_text(id) && cd_str_find(id->text, ':') < id->text.n;
	}
	if (feature)
		look_at_feature(g, v);
	if (g->features)
		v = cd_json_get(v, CD_STR("properties"));
	if (v && v->kind == CD_JSON_OBJECT)
		g->rows[g->s->rows++] = v;
	return CD_OK;
}

/* ---- where the objects are ---- */

/* The member of a wrapping object that has an array of objects: what stands before the first "[{" at depth 1.
 */
static cd_str wrapping_member(cd_str bytes)
{
	cd_str name = {0};
	unsigned depth = 0;
	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];
		if (c == '"') {
			size_t from = ++i;
			while (i < bytes.n && bytes.p[i] != '"')
				i += 1 + (bytes.p[i] == '\\');
			if (i >= bytes.n)
				break;
			if (depth == 1)
				name = cd_str_of(bytes.p + from, i - from);
		} else if (c == '[' && depth == 1) {
			size_t k = i + 1;
			while (k < bytes.n && strchr(" \t\r\n", bytes.p[k]))
				k++;
			if (k < bytes.n && bytes.p[k] == '{')
				return name;
			depth++;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && --depth == 0) {
			break;
		}
	}
	return cd_str_of(NULL, 0);
}

/* A wrapping object is one alone; several one behind the other are rows themselves. */
static bool is_alone(cd_str bytes, bool whole)
{
	unsigned depth = 0;
	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];
		if (c == '"')
			for (i++; i < bytes.n && bytes.p[i] != '"'; i++)
				i += bytes.p[i] == '\\';
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return cd_str_find(cd_str_skip(bytes, i + 1), '{') == bytes.n - i - 1;
	}
	return !whole;
}

static cd_code cut(struct cd_cx *cx, cd_str bytes, struct gather *g)
{
	struct cd_items items;
	cd_items_init(&items, CD_SAMPLE_BYTES + 128, take, g);
	items.within = g->s->within;
	cd_code code = cd_items_feed(&items, cx, bytes);
	if (!code && g->s->whole)
		code = cd_items_end(&items, cx);
	cd_items_done(&items);
	if (code == CD_E_TOO_MANY_RESULTS) {
		cd_cx_clear(cx);
		g->s->whole = false;
		code = CD_OK;
	}
	return code;
}

static cd_code make_table(struct cd_cx *cx, struct cd_sample *s, struct cd_json **rows)
{
	for (uint32_t i = 0; i < s->rows && i < 1000; i++)
		collect_columns(cx, s, rows[i], CD_STR(""), 1);
	uint32_t columns = s->columns ? s->columns : 1;
	if (s->rows > CD_SAMPLE_CELLS / columns)
		s->rows = CD_SAMPLE_CELLS / columns;
	s->cells = CD_NEWS(cx->arena, cd_str, (size_t)s->rows * columns + 1);
	s->holds = CD_NEWS(cx->arena, unsigned char, CD_SAMPLE_COLUMNS + 1);
	if (!s->cells || !s->holds)
		return cd_fail_memory(cx);
	for (uint32_t i = 0; i < s->rows && s->columns; i++)
		fill_row(cx, s, s->cells + (size_t)i * s->columns, rows[i], CD_STR(""), 1);
	return CD_OK;
}

cd_code cd_sample_objects(struct cd_cx *cx, cd_str bytes, bool whole, struct cd_sample *ret)
{
	struct cd_sample s = {.whole = whole};
	struct gather g = {.s = &s, .max = CD_SAMPLE_ROWS};
	if (bytes.p[0] == '{' && is_alone(bytes, whole))
		s.within = wrapping_member(bytes);
	if (!cd_utf8_valid(s.within))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "The file is not UTF-8");
	g.rows = CD_NEWS(cx->arena, struct cd_json *, CD_SAMPLE_ROWS);
	s.names = CD_NEWS(cx->arena, cd_str, CD_SAMPLE_COLUMNS + 1);
	if (!g.rows || !s.names)
		return cd_fail_memory(cx);
	if (cut(cx, bytes, &g))
		return cx->err.code;
	if (s.rows == 0)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "There is no object in the file");
	s.kind = g.features ? CD_SAMPLE_GEOJSON : g.entities ? CD_SAMPLE_ENTITIES : CD_SAMPLE_JSON;
	if (g.features && cd_str_eq(s.within, CD_STR("features")))
		s.within = cd_str_of(NULL, 0); /* GeoJSON says so itself */
	if (make_table(cx, &s, g.rows))
		return cx->err.code;
	*ret = s;
	return CD_OK;
}
