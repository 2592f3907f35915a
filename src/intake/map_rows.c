/* Rows of a table: what the header made of it, which rows are meant, which of them belong together. */
#include "intake/mapping_int.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- names of attributes for columns that no rule names ---- */

static bool taken(const struct cd_table *t, cd_str name)
{
	static const cd_str members[] = {CD_STR_INIT("id"), CD_STR_INIT("type"), CD_STR_INIT("scope"),
		CD_STR_INIT("createdAt"), CD_STR_INIT("modifiedAt"), CD_STR_INIT("deletedAt"),
		CD_STR_INIT("expiresAt")};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (cd_str_eq(members[i], name))
			return true;
	for (uint32_t i = 0; i < t->rules_n; i++)
		if (cd_str_eq(t->rules[i].to, name))
			return true;
	return false;
}

/* A letter, then letters, digits and _; a _ behind it when an attribute or member is called so. */
cd_str cd_map_fitting_name(struct cd_arena *arena, const struct cd_table *t, cd_str name)
{
	char *p = cd_arena_alloc(arena, name.n + 4);
	size_t n = 0;
	if (!p)
		return cd_str_of(NULL, 0);
	unsigned char first = name.n ? (unsigned char)name.p[0] : '0';
	if (first < 0x80 && !((first | 32) >= 'a' && (first | 32) <= 'z'))
		p[n++] = 'x';
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		bool fits = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
		p[n++] = (char)(fits || c >= 0x80 ? c : '_');
	}
	if (taken(t, cd_str_of(p, n)))
		p[n++] = '_';
	return cd_str_of(p, n);
}

/* ---- a header ---- */

static uint32_t column_of(const cd_str *names, uint32_t n, cd_str name)
{
	for (uint32_t i = 0; i < n; i++)
		if (cd_str_eq(names[i], name))
			return i;
	return CD_MAP_NONE;
}

/* "{channel} ({label})": each capture takes as little as fits, the last one all. */
static bool fits(const struct cd_column_pattern *p, uint32_t from, cd_str name, cd_str *captures)
{
	if (from == p->n)
		return name.n == 0;
	if (p->parts[from].literal.p)
		return cd_str_starts(name, p->parts[from].literal) &&
		       fits(p, from + 1, cd_str_skip(name, p->parts[from].literal.n), captures);
	for (size_t n = from + 1 == p->n ? name.n : 1; n && n <= name.n; n++) {
		captures[p->parts[from].capture] = cd_str_of(name.p, n);
		if (fits(p, from + 1, cd_str_skip(name, n), captures))
			return true;
	}
	return false;
}

static bool excepted(const struct cd_spread *spread, cd_str name)
{
	for (uint32_t i = 0; i < spread->except.n; i++)
		if (cd_wild(spread->except.text[i], name))
			return true;
	return false;
}

static cd_str with_column(struct cd_arena *arena, const struct cd_column_pattern *t, const cd_str *captures)
{
	cd_str name = CD_STR("");
	for (uint32_t i = 0; name.p && i < t->n; i++) {
		cd_str parts[] = {
			name, t->parts[i].literal.p ? t->parts[i].literal : captures[t->parts[i].capture]};
		name = cd_arena_join(arena, parts, 2);
	}
	return name;
}

static bool one_pass(struct cd_map_state *s, const struct cd_spread *spread, const cd_str *names, uint32_t n,
	uint32_t column, struct cd_pass *pass)
{
	pass->column = column;
	pass->captures = CD_NEWS(&s->head, cd_str, spread->captures.n + 1);
	pass->with = CD_NEWS(&s->head, uint32_t, spread->with_names.n + 1);
	if (!pass->captures || !pass->with) {
		(void)cd_fail_memory(s->cx);
		return false;
	}
	if (excepted(spread, names[column]))
		return false;
	for (uint32_t i = 0; i < spread->patterns_n; i++) {
		memset(pass->captures, 0, spread->captures.n * sizeof *pass->captures);
		if (!fits(&spread->patterns[i], 0, names[column], pass->captures))
			continue;
		for (uint32_t k = 0; k < spread->with_names.n; k++)
			pass->with[k] =
				column_of(names, n, with_column(&s->head, &spread->with[k], pass->captures));
		return true;
	}
	return false;
}

static cd_code bind_spread(struct cd_map_state *s, struct cd_table_run *tr, const cd_str *names, uint32_t n)
{
	const struct cd_spread *spread = tr->t->spread;
	struct cd_bound *b = &tr->bound;
	b->passes = CD_NEWS(&s->head, struct cd_pass, n + 1);
	if (!b->passes)
		return cd_fail_memory(s->cx);
	for (uint32_t i = 0; i < n && !s->cx->err.code; i++)
		b->passes_n += one_pass(s, spread, names, n, i, &b->passes[b->passes_n]);
	if (b->passes_n == 0)
		cd_map_fault(s, "column", "No column fits the pattern of the spread");
	return s->cx->err.code;
}

static cd_code bind_rest(struct cd_map_state *s, struct cd_table_run *tr, const cd_str *names, uint32_t n)
{
	struct cd_bound *b = &tr->bound;
	const struct cd_table *t = tr->t;
	b->rest = CD_NEWS(&s->head, uint32_t, n + 1);
	b->rest_heads = CD_NEWS(&s->head, cd_str, n + 1);
	if (!b->rest || !b->rest_heads)
		return cd_fail_memory(s->cx);
	for (uint32_t i = 0; i < n; i++) {
		bool named = names[i].n == 0;
		for (uint32_t k = 0; k < t->slots_n; k++)
			named |= b->columns[k] == i;
		for (uint32_t k = 0; k < b->passes_n; k++)
			named |= b->passes[k].column == i;
		if (named)
			continue;
		if (t->rest == CD_REST_ERROR)
			return cd_fail(s->cx, CD_E_BAD_REQUEST_DATA, s->file,
				"No rule names the column \"" CD_STR_FMT "\" (\"rest\" is \"error\")",
				CD_STR_ARG(names[i]));
		cd_str name = cd_map_fitting_name(&s->head, t, names[i]);
		b->rest[b->rest_n] = i;
		b->rest_heads[b->rest_n++] = cd_arena_printf(
			&s->head, ",\"" CD_STR_FMT "\":{\"type\":\"Property\",\"value\":", CD_STR_ARG(name));
	}
	return CD_OK;
}

cd_code cd_bind_header(struct cd_map_state *s, struct cd_table_run *tr, const cd_str *names, uint32_t n)
{
	const struct cd_table *t = tr->t;
	tr->bound = (struct cd_bound){.columns = CD_NEWS(&s->head, uint32_t, t->slots_n + 1)};
	if (!tr->bound.columns)
		return cd_fail_memory(s->cx);
	for (uint32_t i = 0; i < t->slots_n; i++) {
		bool column =
			t->slots[i].kind == CD_SLOT_COLUMN || t->slots[i].kind == CD_SLOT_REMEMBER_COLUMN;
		tr->bound.columns[i] = column ? column_of(names, n, t->slots[i].column) : CD_MAP_NONE;
		if (column && tr->bound.columns[i] == CD_MAP_NONE && !s->m->source.absent_ignored)
			cd_map_fault(s, "column", "There is no column \"" CD_STR_FMT "\"",
				CD_STR_ARG(t->slots[i].column));
	}
	if (t->spread && bind_spread(s, tr, names, n))
		return s->cx->err.code;
	return t->rest == CD_REST_DROP ? CD_OK : bind_rest(s, tr, names, n);
}

/* ---- groups ---- */

static void sort_rows(struct cd_table_run *tr, size_t from, size_t n);

/* @row, which is known when the group is whole. */
static void number_rows(struct cd_table_run *tr, size_t from, size_t n)
{
	for (uint32_t k = 0; k < tr->t->slots_n; k++)
		for (size_t i = 0; tr->t->slots[k].kind == CD_SLOT_ROW && i < n; i++)
			tr->rows[from + i].cells[k].text = cd_arena_printf(&tr->rows_arena, "%zu", i + 1);
}

static void emit_group(struct cd_map_state *s, struct cd_table_run *tr, size_t from, size_t n)
{
	struct cd_cell *cells = s->cells;
	uint64_t line = s->line;
	if (tr->t->group->order != CD_MAP_NONE)
		sort_rows(tr, from, n);
	number_rows(tr, from, n);
	s->tr = tr;
	s->group = &tr->rows[from];
	s->group_n = n;
	s->cells = tr->rows[from].cells;
	s->line = tr->rows[from].line;
	s->has_time = false;
	cd_map_put_entity(s, NULL, NULL, 0);
	s->group = NULL;
	s->group_n = 0;
	s->cells = cells;
	s->line = line;
	cd_arena_reset(&s->row);
}

static int by_order(const void *a, const void *b)
{
	const struct cd_group_row *x = a, *y = b;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

static void sort_rows(struct cd_table_run *tr, size_t from, size_t n)
{
	bool sorted = true;
	for (size_t i = 1; i < n; i++)
		sorted &= tr->rows[from + i - 1].order <= tr->rows[from + i].order;
	if (!sorted)
		qsort(&tr->rows[from], n, sizeof *tr->rows, by_order);
}

static int by_key(const void *a, const void *b)
{
	const struct cd_group_row *x = a, *y = b;
	int c = cd_str_cmp(x->key, y->key);
	return c ? c : (x->seq > y->seq) - (x->seq < y->seq);
}

void cd_map_group_end(struct cd_map_state *s, struct cd_table_run *tr)
{
	if (!tr->t->group || tr->rows_n == 0)
		return;
	if (tr->t->group->scattered)
		qsort(tr->rows, tr->rows_n, sizeof *tr->rows, by_key);
	for (size_t from = 0; from < tr->rows_n && !s->cx->err.code;) {
		size_t n = 1;
		while (from + n < tr->rows_n && cd_str_eq(tr->rows[from].key, tr->rows[from + n].key))
			n++;
		emit_group(s, tr, from, n);
		from += n;
	}
	tr->rows_n = 0;
	cd_arena_reset(&tr->rows_arena);
}

static bool keep_row(struct cd_map_state *s, struct cd_table_run *tr, cd_str key)
{
	const struct cd_table *t = tr->t;
	if (tr->rows_n == tr->rows_cap) {
		size_t cap = tr->rows_cap ? tr->rows_cap * 2 : 64;
		struct cd_group_row *more = cd_mem_realloc(tr->rows, cap * sizeof *more);
		if (!more)
			return false;
		tr->rows = more;
		tr->rows_cap = cap;
	}
	struct cd_group_row *row = &tr->rows[tr->rows_n];
	*row = (struct cd_group_row){
		.key = cd_arena_copy(&tr->rows_arena, key), .line = s->line, .seq = tr->rows_n};
	row->cells = CD_NEWS(&tr->rows_arena, struct cd_cell, t->slots_n + 1);
	if (!row->cells || !row->key.p)
		return false;
	for (uint32_t i = 0; i < t->slots_n; i++) {
		if (s->cells[i].text.p)
			row->cells[i].text = cd_arena_copy(&tr->rows_arena, s->cells[i].text);
		if (s->cells[i].text.p && !row->cells[i].text.p)
			return false;
	}
	tr->rows_n++;
	return true;
}

static void number_row(struct cd_map_state *s, struct cd_table_run *tr)
{
	const struct cd_table *t = tr->t;
	struct cd_group_row *row = &tr->rows[tr->rows_n - 1];
	char plain[CD_NUMBER_MAX];
	cd_str number;
	if (t->group->order == CD_MAP_NONE)
		return;
	cd_str text = row->cells[t->group->order].text;
	if (text.n && cd_number_read(&s->m->source.number, text, plain, &number))
		row->order = cd_json_number(number);
	else
		cd_map_fault(s, "number", "\"" CD_STR_FMT "\" gives no place in the order of its group",
			CD_STR_ARG(text));
}

static void group_row(struct cd_map_state *s, struct cd_table_run *tr)
{
	struct cd_group *g = tr->t->group;
	cd_str key = cd_template_text(s, &g->by, CD_STR(""));
	if (!key.p) {
		cd_map_fault(s, "group", "The row says nothing about its group");
		return;
	}
	if (!g->scattered && (tr->rows_n == 0 || !cd_str_eq(tr->rows[0].key, key))) {
		cd_map_group_end(s, tr);
		struct cd_watch *w = cd_watch_of(&tr->groups, cd_hash64(key, 0));
		if (w && w->told)
			cd_map_fault(s, "group",
				"The group \"" CD_STR_FMT "\" comes again: is it \"scattered\"?",
				CD_STR_ARG(key));
		if (w)
			w->told = true;
		/* ending the group before took the row's memory with it */
		key = cd_template_text(s, &g->by, CD_STR(""));
	}
	if (s->cx->err.code)
		return;
	if (!keep_row(s, tr, key))
		(void)cd_fail(s->cx, CD_E_TOO_LARGE, s->file, "The rows of a group do not fit into memory");
	else
		number_row(s, tr);
}

/* ---- one row ---- */

static void report(struct cd_map_state *s, const struct cd_condition *q, const char *what)
{
	char kind[64];
	snprintf(kind, sizeof kind, CD_STR_FMT, CD_STR_ARG(q->report));
	/* of several conditions the first one says what it is about */
	while (q->parts_n)
		q = &q->parts[0];
	if (q->test == CD_TEST_ALL || q->test == CD_TEST_ANY)
		cd_map_fault(s, kind, "The row %s", what);
	else
		cd_map_fault(s, kind, CD_STR_FMT " is \"" CD_STR_FMT "\"; the row %s",
			CD_STR_ARG(s->tr->t->slots[q->slot].name), CD_STR_ARG(s->cells[q->slot].text), what);
}

/* The conditions that differ between passes, or those that do not: each is told once for a row. */
static bool left_out(struct cd_map_state *s, bool passes)
{
	const struct cd_conditions *skip = &s->tr->t->skip, *told = &s->tr->t->report;
	for (uint32_t i = 0; i < skip->n; i++) {
		if (skip->p[i].passes != passes || !cd_condition_holds(s, &skip->p[i]))
			continue;
		if (skip->p[i].report.n)
			report(s, &skip->p[i], "is left out");
		return true;
	}
	for (uint32_t i = 0; i < told->n; i++)
		if (told->p[i].passes == passes && cd_condition_holds(s, &told->p[i]))
			report(s, &told->p[i], "is read");
	return false;
}

static void rules_row(struct cd_map_state *s, const struct cd_json *item, const cd_str *row, uint32_t n)
{
	if (s->tr->t->group)
		group_row(s, s->tr);
	else
		cd_map_put_entity(s, item, row, n);
}

static cd_str at(const cd_str *cells, uint32_t n, uint32_t column)
{
	return column < n ? cells[column] : cd_str_of(NULL, 0);
}

static void pass_cells(
	struct cd_map_state *s, const struct cd_pass *p, const cd_str *cells, uint32_t n, const cd_str *names)
{
	const struct cd_table *t = s->tr->t;
	for (uint32_t i = 0; i < t->slots_n; i++) {
		const struct cd_slot *slot = &t->slots[i];
		cd_str *to = &s->cells[i].text;
		if (slot->kind == CD_SLOT_NAME)
			*to = names[p->column];
		else if (slot->kind == CD_SLOT_CELL)
			*to = at(cells, n, p->column);
		else if (slot->kind == CD_SLOT_CAPTURE)
			*to = p->captures[slot->number];
		else if (slot->kind == CD_SLOT_WITH)
			*to = at(cells, n, p->with[slot->number]);
		else if (slot->kind == CD_SLOT_REMEMBER)
			*to = at(s->tr->kept[slot->number].cells, s->tr->kept[slot->number].n, p->column);
	}
}

static void plain_slot(struct cd_map_state *s, const struct cd_slot *slot, cd_str *to)
{
	if (slot->kind == CD_SLOT_FILE)
		*to = s->file_word;
	else if (slot->kind == CD_SLOT_LINE)
		*to = cd_str_of(s->line_digits, (size_t)snprintf(s->line_digits, sizeof s->line_digits,
							"%llu", (unsigned long long)s->line));
}

static void row_cells(struct cd_map_state *s, const cd_str *cells, uint32_t n)
{
	const struct cd_table *t = s->tr->t;
	memset(s->cells, 0, t->slots_n * sizeof *s->cells);
	for (uint32_t i = 0; i < t->slots_n; i++) {
		const struct cd_slot *slot = &t->slots[i];
		uint32_t column = s->tr->bound.columns[i];
		if (slot->kind == CD_SLOT_COLUMN)
			s->cells[i].text = at(cells, n, column);
		else if (slot->kind == CD_SLOT_REMEMBER_COLUMN)
			s->cells[i].text =
				at(s->tr->kept[slot->number].cells, s->tr->kept[slot->number].n, column);
		else
			plain_slot(s, slot, &s->cells[i].text);
	}
}

static bool remember(struct cd_map_state *s, const cd_str *cells, uint32_t n)
{
	const struct cd_table *t = s->tr->t;
	for (uint32_t i = 0; i < t->remember.n; i++) {
		if (!cd_condition_holds(s, &t->remember.p[i]))
			continue;
		struct cd_kept *k = &s->tr->kept[i];
		k->n = 0;
		k->cells = CD_NEWS(&s->keep, cd_str, n + 1);
		for (uint32_t c = 0; k->cells && c < n; c++) {
			k->cells[c] = cd_arena_copy(&s->keep, cells[c]);
			k->n += k->cells[c].p != NULL;
		}
		if (k->n != n)
			(void)cd_fail_memory(s->cx);
		return true;
	}
	return false;
}

static void begin_row(struct cd_map_state *s, struct cd_table_run *tr)
{
	cd_arena_reset(&s->row);
	cd_cx_clear(&s->row_cx);
	s->tr = tr;
	s->has_time = false;
}

void cd_map_csv_row(struct cd_map_state *s, struct cd_table_run *tr, const cd_str *cells, uint32_t n,
	const cd_str *names, bool *wanted)
{
	begin_row(s, tr);
	row_cells(s, cells, n);
	if (remember(s, cells, n)) {
		*wanted = true;
		return;
	}
	if (!cd_conditions_hold(s, &tr->t->match))
		return;
	*wanted = true;
	cd_lookups_find(s, false);
	if (left_out(s, false))
		return;
	if (!tr->t->spread) {
		rules_row(s, NULL, cells, n);
		return;
	}
	if (tr->t->observed_once && !tr->t->group && !cd_map_row_time(s))
		return;
	for (uint32_t i = 0; i < tr->bound.passes_n && !s->cx->err.code; i++) {
		pass_cells(s, &tr->bound.passes[i], cells, n, names);
		cd_lookups_find(s, true);
		if (!left_out(s, true))
			rules_row(s, NULL, cells, n);
	}
}

/* ---- objects ---- */

static cd_str feature_id(struct cd_map_state *s, const struct cd_json *feature)
{
	const struct cd_json *id = cd_json_get(feature, CD_STR("id"));
	cd_str text = id ? cd_json_scalar(id) : cd_str_of(NULL, 0);
	if (text.n)
		return text;
	return cd_arena_printf(
		&s->row, CD_STR_FMT "-%llu", CD_STR_ARG(s->file_word), (unsigned long long)s->count->rows);
}

void cd_map_json_row(
	struct cd_map_state *s, struct cd_table_run *tr, const struct cd_json *item, bool *wanted)
{
	bool features = s->m->source.format == CD_FROM_GEOJSON;
	const struct cd_json *from = features ? cd_json_get(item, CD_STR("properties")) : item;
	begin_row(s, tr);
	s->geometry = features ? cd_json_get(item, CD_STR("geometry")) : NULL;
	if (s->geometry && s->geometry->kind == CD_JSON_NULL)
		s->geometry = NULL;
	memset(s->cells, 0, tr->t->slots_n * sizeof *s->cells);
	for (uint32_t i = 0; i < tr->t->slots_n; i++) {
		const struct cd_slot *slot = &tr->t->slots[i];
		if (slot->kind == CD_SLOT_FEATURE)
			s->cells[i].text = feature_id(s, item);
		if (slot->kind != CD_SLOT_COLUMN) {
			plain_slot(s, slot, &s->cells[i].text);
			continue;
		}
		s->cells[i].json = cd_path_get(from, slot->path, slot->path_n);
		if (s->cells[i].json)
			s->cells[i].text = cd_json_scalar(s->cells[i].json);
	}
	if (!cd_conditions_hold(s, &tr->t->match))
		return;
	*wanted = true;
	cd_lookups_find(s, false);
	static const struct cd_json nothing = {.kind = CD_JSON_OBJECT};
	if (!left_out(s, false))
		rules_row(s, from && from->kind == CD_JSON_OBJECT ? from : &nothing, NULL, 0);
}
