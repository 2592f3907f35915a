/*
 * Entities as a table: one row for each, one column for each thing that some entity has. [RFC 4180]
 *
 *   name                 the value: a text bare, a number as written, what is compound as JSON
 *   name@de              of a language map
 *   name.longitude       and name.latitude, of a point; other geometries stand as GeoJSON under the name
 *   name.observedAt      name.unitCode, name.expiresAt
 *   name.sub             a sub-attribute, and so on below it
 *   name[urn:x:1]        the instance of that dataset
 *
 * The columns are known only after every entity has been looked at, so the source is read twice: first the
 * headers are collected, then sorted, then rows are written. A cell is found by its header, composed on the
 * way down, in one table. Two things that share a header (a sub-attribute called "longitude") would overwrite
 * each other: the first one stays, the other is counted and told.
 *
 * A table can not hold everything: kinds of attributes, types of values, objectType, valueType and sealed
 * entity references are left out. JSON-LD holds all of it.
 */
#include "cli/export.h"

#include "base/hash.h"
#include "base/mem.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS_MAX = 10000, SLOTS = 32768, ROW_MAX = 1 << 30 };
_Static_assert(SLOTS > 2 * COLUMNS_MAX && (SLOTS & (SLOTS - 1)) == 0, "open addressing needs room");

struct column {
	cd_str header;
	int order;    /* own members stand before attributes */
	uint64_t row; /* the cell is of this row, from 1 */
	size_t at, n; /* of its text in `cells` */
};
struct cd_export_csv {
	struct cd_arena headers;
	struct column columns[COLUMNS_MAX];
	uint32_t sorted[COLUMNS_MAX], n;
	uint32_t slots[SLOTS]; /* index + 1 */
	uint64_t row, clashes;
	bool writing; /* the second time: cells are kept */
	bool full;
	struct cd_buf path, cells;
	int order; /* of what comes now */
};

/* ---- columns ---- */

static uint32_t *slot_of(struct cd_export_csv *t, cd_str header)
{
	uint64_t at = cd_hash64(header, 0);
	for (;; at++) {
		uint32_t *slot = &t->slots[at & (SLOTS - 1)];
		if (*slot == 0 || cd_str_eq(t->columns[*slot - 1].header, header))
			return slot;
	}
}

static struct column *column(struct cd_export_csv *t)
{
	uint32_t *slot = slot_of(t, cd_buf_str(&t->path));
	if (*slot)
		return &t->columns[*slot - 1];
	t->full = t->full || t->n == COLUMNS_MAX || t->writing;
	if (t->full)
		return NULL;
	struct column *c = &t->columns[t->n];
	*c = (struct column){.header = cd_arena_copy(&t->headers, cd_buf_str(&t->path)), .order = t->order};
	if (!c->header.p)
		t->path.bad = CD_E_NO_MEMORY;
	*slot = ++t->n;
	return c;
}

/* The cell under the path. */
static void cell(struct cd_export_csv *t, cd_str text)
{
	struct column *c = t->path.bad ? NULL : column(t);
	if (!c)
		return;
	if (c->row == t->row) {
		t->clashes += t->writing;
		return;
	}
	c->row = t->row;
	if (!t->writing)
		return;
	c->at = t->cells.n;
	c->n = text.n;
	cd_buf_put(&t->cells, text);
}

static void cell_at(struct cd_export_csv *t, cd_str tail, cd_str text)
{
	size_t n = t->path.n;
	cd_buf_put(&t->path, tail);
	cell(t, text);
	t->path.n = n;
}

static void cell_stamp(struct cd_export_csv *t, cd_str tail, cd_stamp stamp)
{
	char text[CD_STAMP_TEXT_MAX];
	if (stamp != CD_STAMP_NONE)
		cell_at(t, tail, cd_str_of(text, cd_stamp_print(stamp, text)));
}

/* ---- values ---- */

struct csv_row {
	struct cd_export *ex;
	struct cd_export_csv *t;
	struct cd_cx *cx; /* over the arena of one entity */
	const struct cd_ent *e;
};

static cd_str name_of(struct csv_row *r, cd_term term)
{
	const struct cd_out *out = &r->ex->out;
	return out->ctx ? cd_ctx_name(out->ctx, &r->ex->scratch, out->names, term)
			: cd_names_text(out->names, term);
}

static cd_str bare(struct csv_row *r, cd_str text)
{
	return text.n && text.p[0] == '"' ? cd_json_unquote(&r->ex->scratch, text) : text;
}

static struct cd_json *parsed(struct csv_row *r, cd_str text)
{
	struct cd_json *v;
	return cd_json_parse_copy(r->cx, text, &v) ? NULL : v;
}

static cd_str written(struct csv_row *r, const struct cd_json *v)
{
	struct cd_buf b;
	if (v->kind == CD_JSON_STRING)
		return v->text;
	cd_buf_init(&b, ROW_MAX);
	cd_json_write(&b, v);
	cd_str text = cd_arena_copy(&r->ex->scratch, cd_buf_str(&b));
	cd_buf_done(&b);
	return text;
}

static void put_point(struct csv_row *r, cd_str text)
{
	struct cd_json *v = parsed(r, text), *type = cd_json_get(v, CD_STR("type")),
		       *at = cd_json_get(v, CD_STR("coordinates"));
	if (!type || !cd_str_eq(type->text, CD_STR("Point")) || !at || at->n != 2) {
		cell(r->t, text);
		return;
	}
	cell_at(r->t, CD_STR(".longitude"), at->child->text);
	cell_at(r->t, CD_STR(".latitude"), at->child->next->text);
}

static void put_languages(struct csv_row *r, cd_str text)
{
	size_t n = r->t->path.n;
	struct cd_json *map = parsed(r, text);
	for (const struct cd_json *m = map ? map->child : NULL; m; m = m->next) {
		cd_buf_char(&r->t->path, '@');
		cell_at(r->t, m->key, written(r, m));
		r->t->path.n = n;
	}
}

static void put_vocab(struct csv_row *r, cd_str text)
{
	struct cd_json *v = parsed(r, text);
	bool list = v && v->kind == CD_JSON_ARRAY;
	for (struct cd_json *c = list ? v->child : v; c && r->ex->out.ctx; c = list ? c->next : NULL)
		c->text = cd_ctx_compact(r->ex->out.ctx, &r->ex->scratch, c->text);
	if (v)
		cell(r->t, written(r, v));
}

/* {"@type":"DateTime","@value":"..."} is a time like any other. */
static void put_time(struct csv_row *r, cd_str text)
{
	const struct cd_json *v = cd_json_get(text.p[0] == '{' ? parsed(r, text) : NULL, CD_STR("@value"));
	cell(r->t, v ? v->text : bare(r, text));
}

static void put_value(struct csv_row *r, const struct cd_node *n)
{
	cd_str text = cd_node_value(r->e, n);
	if (n->kind == CD_GEO_PROPERTY)
		put_point(r, text);
	else if (n->kind == CD_LANGUAGE_PROPERTY)
		put_languages(r, text);
	else if (n->kind == CD_VOCAB_PROPERTY)
		put_vocab(r, text);
	else if (n->value_class == CD_V_DATETIME)
		put_time(r, text);
	else
		cell(r->t, bare(r, text));
}

static void put_nodes(struct csv_row *r, const struct cd_node *nodes, uint32_t n);

static void put_node(struct csv_row *r, const struct cd_node *n)
{
	struct cd_export_csv *t = r->t;
	cd_str dataset = cd_node_dataset(r->e, n),
	       unit = n->metas ? cd_node_meta(r->e, n, CD_META_UNIT) : cd_str_of(NULL, 0);
	if (dataset.n)
		cd_buf_printf(&t->path, "[" CD_STR_FMT "]", CD_STR_ARG(dataset));
	put_value(r, n);
	cell_stamp(t, CD_STR(".observedAt"), cd_ent_stamp(r->e, n->observed));
	cell_stamp(t, CD_STR(".expiresAt"), cd_ent_stamp(r->e, n->expires));
	if (unit.p)
		cell_at(t, CD_STR(".unitCode"), bare(r, unit));
	if (r->ex->out.sys_attrs) {
		cell_stamp(t, CD_STR(".createdAt"), cd_ent_stamp(r->e, n->created));
		cell_stamp(t, CD_STR(".modifiedAt"), cd_ent_stamp(r->e, n->modified));
	}
	cd_buf_char(&t->path, '.');
	put_nodes(r, cd_ent_nodes(r->e) + n->child, n->children);
}

static void put_nodes(struct csv_row *r, const struct cd_node *nodes, uint32_t n)
{
	size_t path = r->t->path.n;
	for (uint32_t i = 0; i < n; i++) {
		if (!cd_node_alive(r->e, &nodes[i], r->ex->out.now))
			continue;
		cd_buf_put(&r->t->path, name_of(r, nodes[i].term));
		put_node(r, &nodes[i]);
		r->t->path.n = path;
	}
}

/* ---- the entity's own members ---- */

static void put_own(struct csv_row *r, int order, const char *header, cd_str text)
{
	r->t->order = order;
	cell_at(r->t, cd_str_z(header), text);
}

static void put_own_stamp(struct csv_row *r, int order, const char *header, cd_stamp stamp)
{
	r->t->order = order;
	cell_stamp(r->t, cd_str_z(header), stamp);
}

/* Names and scopes have no blanks: one stands between two. */
static void put_list(struct csv_row *r, int order, const char *header, const cd_str *items, uint32_t n)
{
	struct cd_buf b;
	cd_buf_init(&b, ROW_MAX);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			cd_buf_char(&b, ' ');
		cd_buf_put(&b, items[i]);
	}
	if (n)
		put_own(r, order, header, cd_buf_str(&b));
	if (b.bad)
		r->t->cells.bad = b.bad;
	cd_buf_done(&b);
}

static int by_text(const void *a, const void *b)
{
	return cd_str_cmp(*(const cd_str *)a, *(const cd_str *)b);
}

static void put_types_and_scopes(struct csv_row *r)
{
	const struct cd_ent *e = r->e;
	uint32_t n = e->types > e->scopes ? e->types : e->scopes;
	cd_str *items = CD_NEWS(&r->ex->scratch, cd_str, n + 1u);
	if (!items) {
		r->t->cells.bad = CD_E_NO_MEMORY;
		return;
	}
	for (uint32_t i = 0; i < e->types; i++)
		items[i] = name_of(r, cd_ent_types(e)[i]);
	qsort(items, e->types, sizeof *items, by_text); /* not by the numbers of this twin */
	put_list(r, 1, "type", items, e->types);
	for (uint32_t i = 0; i < e->scopes; i++)
		items[i] = cd_ent_at(e, cd_ent_scopes(e)[i]);
	put_list(r, 2, "scope", items, e->scopes);
}

static cd_code put_entity(struct cd_export *ex, struct cd_cx *out, const struct cd_ent *e)
{
	struct cd_export_csv *t = ex->csv;
	struct cd_cx cx;
	struct csv_row r = {.ex = ex, .t = t, .cx = &cx, .e = e};
	cd_cx_init(&cx, &ex->scratch, out->set);
	t->row++;
	cd_buf_reset(&t->path);
	cd_buf_reset(&t->cells);
	put_own(&r, 0, "id", cd_ent_id(e));
	put_types_and_scopes(&r);
	put_own_stamp(&r, 3, "expiresAt", e->expires);
	if (ex->out.sys_attrs) {
		put_own_stamp(&r, 4, "createdAt", e->created);
		put_own_stamp(&r, 5, "modifiedAt", e->modified);
	}
	t->order = 6;
	put_nodes(&r, cd_ent_nodes(e), e->tops);
	if (t->full)
		return cd_fail(out, CD_E_TOO_MANY_RESULTS, "csv",
			"More than %d columns; --type selects entities that have more in common",
			COLUMNS_MAX);
	if (t->path.bad || t->cells.bad || cx.err.code)
		return cd_fail(out, CD_E_NO_MEMORY, "csv", "An entity does not fit into memory");
	return CD_OK;
}

/* ---- the table ---- */

cd_code cd_export_csv_look(struct cd_export *ex, struct cd_cx *cx, const struct cd_ent *e)
{
	if (!ex->csv) {
		ex->csv = cd_mem_zalloc(sizeof *ex->csv);
		if (!ex->csv)
			return cd_fail_memory(cx);
		cd_arena_init(&ex->csv->headers, (size_t)1 << 30);
		cd_buf_init(&ex->csv->path, 1 << 24);
		cd_buf_init(&ex->csv->cells, ROW_MAX);
	}
	return put_entity(ex, cx, e);
}

static int by_header(const void *a, const void *b, void *arg)
{
	const struct cd_export_csv *t = arg;
	const struct column *x = &t->columns[*(const uint32_t *)a], *y = &t->columns[*(const uint32_t *)b];
	return x->order != y->order ? x->order - y->order : cd_str_cmp(x->header, y->header);
}

static void put_quoted(struct cd_buf *b, cd_str s)
{
	bool quotes = false;
	for (size_t i = 0; i < s.n && !quotes; i++)
		quotes = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' || s.p[i] == '\r';
	if (s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' '))
		quotes = true;
	if (!quotes) {
		cd_buf_put(b, s);
		return;
	}
	cd_buf_char(b, '"');
	while (s.n) {
		size_t n = cd_str_find(s, '"');
		cd_buf_put(b, cd_str_of(s.p, n));
		if (n < s.n)
			CD_BUF_LIT(b, "\"\"");
		s = cd_str_skip(s, n + 1);
	}
	cd_buf_char(b, '"');
}

cd_code cd_export_csv_begin(struct cd_export *ex, struct cd_cx *cx)
{
	struct cd_export_csv *t = ex->csv;
	if (!t) { /* not one entity */
		CD_BUF_LIT(&ex->text, "id,type\n");
		return CD_OK;
	}
	for (uint32_t i = 0; i < t->n; i++)
		t->sorted[i] = i;
	qsort_r(t->sorted, t->n, sizeof *t->sorted, by_header, t);
	for (uint32_t i = 0; i < t->n; i++) {
		if (i)
			cd_buf_char(&ex->text, ',');
		put_quoted(&ex->text, t->columns[t->sorted[i]].header);
	}
	cd_buf_char(&ex->text, '\n');
	t->writing = true;
	return ex->text.bad ? cd_fail_memory(cx) : CD_OK;
}

cd_code cd_export_csv_one(struct cd_export *ex, struct cd_cx *cx, const struct cd_ent *e)
{
	struct cd_export_csv *t = ex->csv;
	if (put_entity(ex, cx, e))
		return cx->err.code;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[t->sorted[i]];
		if (i)
			cd_buf_char(&ex->text, ',');
		if (c->row == t->row)
			put_quoted(&ex->text, cd_str_of(t->cells.p + c->at, c->n));
	}
	cd_buf_char(&ex->text, '\n');
	return ex->text.bad ? cd_fail_memory(cx) : CD_OK;
}

void cd_export_csv_end(struct cd_export *ex)
{
	(void)ex;
}

void cd_export_csv_tell(const struct cd_export *ex)
{
	fprintf(stderr,
		"A table does not hold kinds of attributes and types of values; jsonld and ndjson hold "
		"everything\n");
	if (ex->csv && ex->csv->clashes)
		fprintf(stderr, "%llu values are not in it: another one has their column\n",
			(unsigned long long)ex->csv->clashes);
}

void cd_export_csv_free(struct cd_export_csv *t)
{
	if (!t)
		return;
	cd_arena_done(&t->headers);
	cd_buf_done(&t->path);
	cd_buf_done(&t->cells);
	cd_mem_free(t);
}
