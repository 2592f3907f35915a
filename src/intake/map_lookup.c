/* Joined files: read once before the rows, found by key. */
#include "intake/mapping_int.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <sys/stat.h>

/* ---- compiling ---- */

static const char *const members[] = {"file", "member", "optional", "format", "delimiter", "quote", "comment",
	"encoding", "skipRows", "header", "within", "key", "by", "miss", NULL};

static cd_code lookup(struct cd_compile *c, const struct cd_json *v, struct cd_lookup *l)
{
	static const char *const misses[] = {"rows", "keys", "ignore", NULL};
	unsigned miss = 0;
	const struct cd_json *key;
	l->name = v->key;
	if (cd_map_only(c, v, members) || cd_map_text(c, v, "file", &l->file) ||
		cd_map_text(c, v, "member", &l->member) || cd_map_flag(c, v, "optional", &l->optional) ||
		cd_map_word(c, v, "miss", misses, &miss) || cd_map_source(c, v, &l->source))
		return c->cx->err.code;
	l->miss = miss;
	l->where = cd_json_pointer(c->cx, v);
	if (l->source.format != CD_FROM_CSV && l->source.format != CD_FROM_JSON)
		return cd_map_wrong(c, v, "Rows are looked up in csv or json");
	if (!l->file.p == !l->member.p || (l->member.p && c->m->source.format != CD_FROM_ZIP))
		return cd_map_wrong(c, v, "Expected \"file\", or \"member\" in a zip");
	if (l->name.n == 0 || cd_str_find(l->name, '.') < l->name.n || l->name.p[0] == '@')
		return cd_map_wrong(c, v, "The name of a lookup has no dot, and does not begin with @");
	key = cd_json_get(v, CD_STR("key"));
	l->by = cd_json_get(v, CD_STR("by"));
	if (!key || !l->by)
		return cd_map_wrong(c, v, "Expected \"key\" and \"by\"");
	struct cd_compile inner = {
		.cx = c->cx, .m = c->m, .table = &l->columns, .source = &l->source, .bare = true};
	return cd_map_template(&inner, key, CD_MAP_NONE, &l->key);
}

cd_code cd_map_lookups(struct cd_compile *c, const struct cd_json *list)
{
	if (!list)
		return CD_OK;
	if (list->kind != CD_JSON_OBJECT)
		return cd_map_wrong(c, list, "Expected an object: {\"name\": {\"file\": ...}}");
	struct cd_lookup *all = CD_NEWS(c->cx->arena, struct cd_lookup, list->n);
	if (!all)
		return cd_fail_memory(c->cx);
	uint32_t n = 0;
	for (const struct cd_json *v = list->child; v; v = v->next)
		if (lookup(c, v, &all[n++]))
			return c->cx->err.code;
	c->m->lookups = all;
	c->m->lookups_n = n;
	return CD_OK;
}

static bool wanted(const struct cd_table *t, uint32_t lookup_i)
{
	for (uint32_t i = 0; i < t->slots_n; i++)
		if (t->slots[i].kind == CD_SLOT_LOOKUP && t->slots[i].number == lookup_i)
			return true;
	return false;
}

/* `by` may need fields of lookups that are declared before: from the last to the first all are known then. */
cd_code cd_map_uses(struct cd_compile *c)
{
	struct cd_table *t = c->table;
	t->uses = CD_NEWS(c->cx->arena, struct cd_use, c->m->lookups_n);
	if (!t->uses)
		return cd_fail_memory(c->cx);
	for (uint32_t i = c->m->lookups_n; i-- > 0;) {
		if (!wanted(t, i))
			continue;
		memmove(t->uses + 1, t->uses, t->uses_n * sizeof *t->uses);
		t->uses[0] = (struct cd_use){.lookup = i};
		t->uses_n++;
		uint32_t known = t->slots_n;
		if (cd_map_template(c, c->m->lookups[i].by, CD_MAP_NONE, &t->uses[0].by))
			return c->cx->err.code;
		for (uint32_t k = known; k < t->slots_n; k++)
			if (t->slots[k].kind == CD_SLOT_LOOKUP && t->slots[k].number >= i)
				return cd_map_wrong(c, c->m->lookups[i].by,
					"A lookup can use those that stand before it");
	}
	for (uint32_t i = 0; i < t->uses_n; i++) {
		t->uses[i].passes = cd_template_passes(t, &t->uses[i].by);
		for (uint32_t k = 0; k < t->slots_n; k++)
			if (t->slots[k].kind == CD_SLOT_LOOKUP && t->slots[k].number == t->uses[i].lookup)
				t->slots[k].passes = t->uses[i].passes;
	}
	return CD_OK;
}

/* ---- loading ---- */

struct found_row {
	uint64_t hash; /* 0: empty */
	cd_str key;
	cd_str *cells; /* of the lookup's slots */
};
struct cd_found {
	struct found_row *rows;
	size_t n, cap;
	struct cd_watches missed;
	bool absent;
};

static struct found_row *place(struct cd_found *f, uint64_t hash, cd_str key)
{
	size_t at = hash & (f->cap - 1);
	while (f->rows[at].hash && (f->rows[at].hash != hash || !cd_str_eq(f->rows[at].key, key)))
		at = (at + 1) & (f->cap - 1);
	return &f->rows[at];
}

static bool room(struct cd_found *f)
{
	if (f->cap && f->n * 4 < f->cap * 3)
		return true;
	struct cd_found more = {.cap = f->cap ? f->cap * 2 : 256};
	more.rows = cd_mem_zalloc(more.cap * sizeof *more.rows);
	if (!more.rows)
		return false;
	for (size_t i = 0; i < f->cap; i++)
		if (f->rows[i].hash)
			*place(&more, f->rows[i].hash, f->rows[i].key) = f->rows[i];
	cd_mem_free(f->rows);
	f->rows = more.rows;
	f->cap = more.cap;
	return true;
}

/* The cells of its slots are in s->cells. */
static cd_code keep(struct cd_map_state *s, const struct cd_lookup *l, struct cd_found *f)
{
	cd_str key = cd_template_text(s, &l->key, CD_STR(""));
	if (!key.p)
		return CD_OK;
	if (!room(f))
		return cd_fail_memory(s->cx);
	uint64_t hash = cd_hash64(key, 0);
	struct found_row *row = place(f, hash + (hash == 0), key);
	if (row->hash)
		return CD_OK;
	row->key = cd_arena_copy(&s->keep, key);
	row->cells = CD_NEWS(&s->keep, cd_str, l->columns.slots_n + 1);
	if (!row->key.p || !row->cells)
		return cd_fail(
			s->cx, CD_E_TOO_LARGE, l->where, "The rows of the lookup do not fit into memory");
	for (uint32_t i = 0; i < l->columns.slots_n; i++)
		if (s->cells[i].text.n)
			row->cells[i] = cd_arena_copy(&s->keep, s->cells[i].text);
	row->hash = hash + (hash == 0);
	f->n++;
	return CD_OK;
}

static cd_code bind(
	struct cd_map_state *s, const struct cd_lookup *l, const cd_str *names, uint32_t n, uint32_t *to)
{
	for (uint32_t i = 0; i < l->columns.slots_n; i++) {
		to[i] = CD_MAP_NONE;
		for (uint32_t k = 0; k < n; k++)
			if (cd_str_eq(names[k], l->columns.slots[i].column))
				to[i] = k;
		if (to[i] == CD_MAP_NONE)
			return cd_fail(s->cx, CD_E_BAD_REQUEST_DATA, l->where,
				"The file of the lookup has no column \"" CD_STR_FMT "\"",
				CD_STR_ARG(l->columns.slots[i].column));
	}
	return CD_OK;
}

static cd_code load_csv(
	struct cd_map_state *s, const struct cd_lookup *l, struct cd_stream *in, struct cd_found *f)
{
	struct cd_csv *csv = cd_csv_new(in, &l->source.shape);
	uint32_t *columns = CD_NEWS(&s->keep, uint32_t, l->columns.slots_n + 1);
	bool bound = false;
	struct cd_csv_row row;
	if (!csv || !columns) {
		cd_csv_free(csv);
		return cd_fail_memory(s->cx);
	}
	if (l->source.names.n)
		bound = !bind(s, l, l->source.names.text, l->source.names.n, columns);
	uint64_t skip = l->source.skip_rows;
	while (!s->cx->err.code && cd_csv_next(csv, s->cx, &row)) {
		if (row.fault || skip) {
			skip -= skip > 0;
			continue;
		}
		if (!bound) {
			bound = !bind(s, l, row.cells, row.n, columns);
			continue;
		}
		cd_arena_reset(&s->row);
		for (uint32_t i = 0; i < l->columns.slots_n; i++)
			s->cells[i] = (struct cd_cell){
				.text = columns[i] < row.n ? row.cells[columns[i]] : cd_str_of(NULL, 0)};
		(void)keep(s, l, f);
	}
	cd_csv_free(csv);
	return s->cx->err.code;
}

struct json_load {
	struct cd_map_state *s;
	const struct cd_lookup *l;
	struct cd_found *f;
};

static cd_code json_item(void *arg, struct cd_cx *cx, cd_str item, uint64_t line)
{
	struct json_load *j = arg;
	struct cd_json *v;
	(void)line;
	cd_arena_reset(&j->s->row);
	cd_cx_clear(&j->s->row_cx);
	if (cd_json_parse(&j->s->row_cx, item, &v))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, j->l->where, "The file of the lookup is no JSON");
	for (uint32_t i = 0; i < j->l->columns.slots_n; i++) {
		const struct cd_slot *slot = &j->l->columns.slots[i];
		const struct cd_json *at = cd_path_get(v, slot->path, slot->path_n);
		j->s->cells[i] = (struct cd_cell){.text = at ? cd_json_scalar(at) : cd_str_of(NULL, 0)};
	}
	return keep(j->s, j->l, j->f);
}

static cd_code load_json(
	struct cd_map_state *s, const struct cd_lookup *l, struct cd_stream *in, struct cd_found *f)
{
	struct json_load j = {s, l, f};
	struct cd_items items;
	char chunk[16384];
	size_t n = 1;
	cd_items_init(&items, s->cx->set->body_max, json_item, &j);
	items.within = l->source.within;
	while (n && !cd_stream_read(in, s->cx, chunk, sizeof chunk, &n) && n)
		if (cd_items_feed(&items, s->cx, cd_str_of(chunk, n)))
			break;
	if (!s->cx->err.code)
		(void)cd_items_end(&items, s->cx);
	cd_items_done(&items);
	return s->cx->err.code;
}

/* Beside the input, as it is named or packed; or where --with says. */
static const char *path_of(struct cd_map_state *s, const struct cd_lookup *l)
{
	struct stat st;
	const char *path = s->input->path ? s->input->path : "", *slash = strrchr(path, '/');
	for (unsigned i = 0; i < s->input->with_n; i++)
		if (cd_str_eq(s->input->with[i].name, l->name))
			return s->input->with[i].path;
	cd_str folder = cd_str_of(path, slash && l->file.p[0] != '/' ? (size_t)(slash - path) + 1 : 0);
	cd_str parts[] = {folder, l->file, CD_STR(".gz")};
	cd_str plain = cd_arena_join(&s->keep, parts, 2), packed = cd_arena_join(&s->keep, parts, 3);
	return plain.p && packed.p && stat(plain.p, &st) != 0 && stat(packed.p, &st) == 0 ? packed.p
											  : plain.p;
}

static cd_code open_lookup(
	struct cd_map_state *s, const struct cd_lookup *l, struct cd_archive *archive, struct cd_stream **ret)
{
	if (l->member.p)
		return cd_archive_member(s->cx, archive, l->member, ret);
	const char *path = path_of(s, l);
	if (!path)
		return cd_fail_memory(s->cx);
	struct cd_err before = s->cx->err;
	if (!cd_stream_open(s->cx, path, ret))
		return CD_OK;
	if (l->optional || s->cx->err.code != CD_E_NOT_FOUND)
		return s->cx->err.code;
	s->cx->err = before;
	return cd_fail(s->cx, CD_E_NOT_FOUND, path,
		"The mapping looks rows up in this file; --with " CD_STR_FMT "=PATH names another",
		CD_STR_ARG(l->name));
}

static cd_code load(
	struct cd_map_state *s, const struct cd_lookup *l, struct cd_archive *archive, struct cd_found *f)
{
	struct cd_stream *in = NULL;
	if (open_lookup(s, l, archive, &in)) {
		if (!l->optional || s->cx->err.code != CD_E_NOT_FOUND)
			return s->cx->err.code;
		cd_cx_clear(s->cx);
		f->absent = true;
		return CD_OK;
	}
	if (l->source.format == CD_FROM_JSON)
		(void)load_json(s, l, in, f);
	else
		(void)load_csv(s, l, in, f);
	cd_stream_close(in);
	return s->cx->err.code;
}

cd_code cd_lookups_load(struct cd_map_state *s, struct cd_archive *archive)
{
	const struct cd_mapping *m = s->m;
	s->found = CD_NEWS(&s->keep, struct cd_found *, m->lookups_n + 1);
	if (!s->found)
		return cd_fail_memory(s->cx);
	for (uint32_t i = 0; i < m->lookups_n; i++) {
		s->found[i] = cd_mem_zalloc(sizeof *s->found[i]);
		if (!s->found[i])
			return cd_fail_memory(s->cx);
		if (load(s, &m->lookups[i], archive, s->found[i]))
			return s->cx->err.code;
	}
	return CD_OK;
}

void cd_lookups_done(struct cd_map_state *s)
{
	for (uint32_t i = 0; s->found && i < s->m->lookups_n; i++) {
		if (!s->found[i])
			continue;
		cd_watches_done(&s->found[i]->missed);
		cd_mem_free(s->found[i]->rows);
		cd_mem_free(s->found[i]);
	}
}

/* ---- finding ---- */

static void miss(struct cd_map_state *s, const struct cd_lookup *l, struct cd_found *f, cd_str key)
{
	if (l->miss == CD_MISS_IGNORE || f->absent)
		return;
	if (l->miss == CD_MISS_KEYS) {
		struct cd_watch *w = cd_watch_of(&f->missed, cd_hash64(key, 0));
		if (!w || w->told)
			return;
		w->told = true;
	}
	if (key.n)
		cd_map_fault(s, "lookup", "\"" CD_STR_FMT "\" is not in " CD_STR_FMT, CD_STR_ARG(key),
			CD_STR_ARG(l->file.p ? l->file : l->member));
	else
		cd_map_fault(s, "lookup", "The row does not say what to look for in " CD_STR_FMT,
			CD_STR_ARG(l->file.p ? l->file : l->member));
}

static void find(struct cd_map_state *s, const struct cd_use *use)
{
	const struct cd_table *t = s->tr->t;
	struct cd_found *f = s->found[use->lookup];
	cd_str key = cd_template_text(s, &use->by, CD_STR(""));
	uint64_t hash = key.n ? cd_hash64(key, 0) : 0;
	const struct found_row *row = key.n && f->cap ? place(f, hash + (hash == 0), key) : NULL;
	if (!row || !row->hash) {
		row = NULL;
		miss(s, &s->m->lookups[use->lookup], f, key);
	}
	for (uint32_t i = 0; i < t->slots_n; i++)
		if (t->slots[i].kind == CD_SLOT_LOOKUP && t->slots[i].number == use->lookup)
			s->cells[i].text = row ? row->cells[t->slots[i].other] : cd_str_of(NULL, 0);
}

void cd_lookups_find(struct cd_map_state *s, bool passes)
{
	const struct cd_table *t = s->tr->t;
	for (uint32_t i = 0; i < t->uses_n; i++)
		if (t->uses[i].passes == passes)
			find(s, &t->uses[i]);
}
