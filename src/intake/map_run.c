/* A mapping over a file: rows of csv, objects of JSON, tables of an archive. */
#include "intake/mapping_int.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROW_BYTES = 256 << 20, KEEP_BYTES = 1 << 30, ENTITY_BYTES = 64 << 20 };

/* ---- state ---- */

static uint32_t most_slots(const struct cd_mapping *m)
{
	uint32_t n = 1;
	for (uint32_t i = 0; i < m->tables_n; i++)
		n = m->tables[i].slots_n > n ? m->tables[i].slots_n : n;
	for (uint32_t i = 0; i < m->lookups_n; i++)
		n = m->lookups[i].columns.slots_n > n ? m->lookups[i].columns.slots_n : n;
	return n;
}

/* "100020113" of "/data/100020113.csv.gz" */
static cd_str word_of(const char *path)
{
	cd_str text = cd_str_z(path);
	const char *slash = path ? strrchr(path, '/') : NULL;
	if (slash)
		text = cd_str_skip(text, (size_t)(slash - path) + 1);
	size_t dot = text.n > 1 ? 1 + cd_str_find(cd_str_skip(text, 1), '.') : text.n;
	return cd_str_of(text.p, dot);
}

static cd_code begin(struct cd_map_state *s)
{
	const struct cd_mapping *m = s->m;
	cd_arena_init(&s->row, ROW_BYTES);
	cd_arena_init(&s->head, ROW_BYTES);
	cd_arena_init(&s->keep, KEEP_BYTES);
	cd_cx_init(&s->row_cx, &s->row, s->cx->set);
	cd_buf_init(&s->out, ENTITY_BYTES);
	cd_buf_init(&s->scratch, ENTITY_BYTES);
	m->source.time->last_us = INT64_MIN;
	s->file = s->input->path ? s->input->path : "(input)";
	s->file_word = word_of(s->file);
	s->cells = CD_NEWS(&s->keep, struct cd_cell, most_slots(m));
	s->tables = CD_NEWS(&s->keep, struct cd_table_run, m->tables_n);
	if (!s->cells || !s->tables)
		return cd_fail_memory(s->cx);
	for (uint32_t i = 0; i < m->tables_n; i++) {
		s->tables[i].t = &m->tables[i];
		cd_arena_init(&s->tables[i].rows_arena, KEEP_BYTES);
		s->tables[i].kept = CD_NEWS(&s->keep, struct cd_kept, m->tables[i].remember.n + 1);
		if (!s->tables[i].kept)
			return cd_fail_memory(s->cx);
	}
	return CD_OK;
}

static void done(struct cd_map_state *s)
{
	for (uint32_t i = 0; s->tables && i < s->m->tables_n; i++) {
		struct cd_table_run *tr = &s->tables[i];
		cd_arena_done(&tr->rows_arena);
		cd_mem_free(tr->rows);
		cd_watches_done(&tr->ids);
		cd_watches_done(&tr->groups);
	}
	cd_lookups_done(s);
	cd_buf_done(&s->scratch);
	cd_buf_done(&s->out);
	cd_arena_done(&s->keep);
	cd_arena_done(&s->head);
	cd_arena_done(&s->row);
}

/* ---- tables ---- */

struct csv_run {
	struct cd_map_state *s;
	cd_str member; /* n == 0: all tables */
	cd_str *names;
	uint32_t names_n;
	bool headed;
};

static bool of_member(const struct csv_run *r, const struct cd_table_run *tr)
{
	return r->member.n == 0 || cd_str_eq(tr->t->member, r->member);
}

static bool has_name(const cd_str *names, uint32_t n, cd_str name)
{
	for (uint32_t i = 0; i < n; i++)
		if (cd_str_eq(names[i], name))
			return true;
	return false;
}

/* "without a, b" of what is in one list and not in the other, the first few. */
static void list_missing(char *to, size_t max, const char *word, const cd_str *from, uint32_t from_n,
	const cd_str *in, uint32_t in_n)
{
	unsigned told = 0;
	for (uint32_t i = 0; i < from_n; i++) {
		size_t n = strlen(to);
		if (has_name(in, in_n, from[i]))
			continue;
		if (told++ < 4)
			snprintf(to + n, max - n, "%s \"" CD_STR_FMT "\"", told == 1 ? word : ",",
				CD_STR_ARG(from[i]));
		else if (told == 5)
			snprintf(to + n, max - n, " and more");
	}
}

static void tell_header(struct csv_run *r, const struct cd_csv_row *row)
{
	char text[380];
	snprintf(text, sizeof text, "The header comes again: %u columns, before %u", (unsigned)row->n,
		(unsigned)r->names_n);
	size_t same = strlen(text);
	list_missing(text, sizeof text, "; new:", row->cells, row->n, r->names, r->names_n);
	list_missing(text, sizeof text, "; gone:", r->names, r->names_n, row->cells, row->n);
	cd_map_fault(r->s, "header", "%s%s", text, text[same] ? "" : ", the same names");
}

static cd_code take_header(struct csv_run *r, const struct cd_csv_row *row)
{
	struct cd_map_state *s = r->s;
	if (r->headed)
		tell_header(r, row);
	cd_arena_reset(&s->head);
	r->names = CD_NEWS(&s->head, cd_str, row->n + 1);
	r->names_n = row->n;
	for (uint32_t i = 0; r->names && i < row->n; i++) {
		r->names[i] = cd_arena_copy(&s->head, row->cells[i]);
		if (!r->names[i].p)
			r->names = NULL;
	}
	if (!r->names)
		return cd_fail_memory(s->cx);
	r->headed = true;
	for (uint32_t i = 0; i < s->m->tables_n && !s->cx->err.code; i++)
		if (of_member(r, &s->tables[i]))
			(void)cd_bind_header(s, &s->tables[i], r->names, r->names_n);
	return s->cx->err.code;
}

/* Names from the mapping, or 1, 2, ... */
static cd_code given_header(struct csv_run *r, uint32_t n)
{
	const struct cd_source *source = &r->s->m->source;
	struct cd_csv_row row = {.cells = source->names.text, .n = source->names.n};
	cd_str *numbers = NULL;
	if (source->names.n == 0) {
		numbers = CD_NEWS(&r->s->keep, cd_str, n + 1);
		for (uint32_t i = 0; numbers && i < n; i++)
			numbers[i] = cd_arena_printf(&r->s->keep, "%u", (unsigned)i + 1);
		row.cells = numbers;
		row.n = n;
	}
	return row.cells ? take_header(r, &row) : cd_fail_memory(r->s->cx);
}

/* False: the row is left out. */
static bool sound(struct csv_run *r, const struct cd_csv_row *row)
{
	static const struct {
		const char *kind, *words;
	} faults[] = {
		[CD_CSV_QUOTE] = {"quote", "A quote is not closed, or text stands behind a closing one"},
		[CD_CSV_ENCODING] = {"encoding",
			"The row is not UTF-8: is it \"encoding\": \"windows-1252\"?"},
		[CD_CSV_LONG] = {"long", "The row is longer than 4 MiB"},
		[CD_CSV_WIDE] = {"wide", "The row has more than 65536 cells"},
	};
	struct cd_map_state *s = r->s;
	enum cd_ragged ragged = s->m->source.ragged;
	if (row->fault) {
		cd_map_fault(s, faults[row->fault].kind, "%s", faults[row->fault].words);
		return false;
	}
	if (!r->headed || row->n == r->names_n || (row->n < r->names_n && ragged == CD_RAGGED_USE))
		return true;
	bool left_out = row->n > r->names_n || ragged == CD_RAGGED_SKIP;
	cd_map_fault(s, "cells", "%u cells, the header has %u%s", (unsigned)row->n, (unsigned)r->names_n,
		left_out ? "; the row is left out" : "");
	return !left_out;
}

static void csv_row(struct csv_run *r, const struct cd_csv_row *row)
{
	struct cd_map_state *s = r->s;
	bool wanted = false;
	s->line = row->line;
	if (!r->headed && !row->fault) {
		(void)(s->m->source.header ? take_header(r, row) : given_header(r, row->n));
		if (s->m->source.header)
			return;
	}
	bool again = s->m->source.header && r->headed && !row->fault && row->n && r->names_n &&
		     cd_str_eq(row->cells[0], r->names[0]);
	if (again) {
		(void)take_header(r, row);
		return;
	}
	s->count->rows++;
	if (s->cx->err.code || !sound(r, row))
		return;
	for (uint32_t i = 0; i < s->m->tables_n && !s->cx->err.code; i++)
		if (of_member(r, &s->tables[i]))
			cd_map_csv_row(s, &s->tables[i], row->cells, row->n, r->names, &wanted);
	s->count->passed += !wanted;
}

static cd_code run_csv(struct cd_map_state *s, struct cd_stream *in, cd_str member)
{
	struct csv_run r = {.s = s, .member = member};
	struct cd_csv *csv = cd_csv_new(in, &s->m->source.shape);
	struct cd_csv_row row;
	uint64_t skip = s->m->source.skip_rows;
	if (!csv)
		return cd_fail_memory(s->cx);
	while (!s->cx->err.code && cd_csv_next(csv, s->cx, &row)) {
		s->count->at = in->at;
		if (skip)
			skip--;
		else
			csv_row(&r, &row);
	}
	for (uint32_t i = 0; i < s->m->tables_n && !s->cx->err.code; i++)
		if (of_member(&r, &s->tables[i]))
			cd_map_group_end(s, &s->tables[i]);
	cd_csv_free(csv);
	return s->cx->err.code;
}

/* ---- objects ---- */

static cd_code json_item(void *arg, struct cd_cx *cx, cd_str text, uint64_t line)
{
	struct cd_map_state *s = arg;
	struct cd_json *item;
	bool wanted = false;
	s->line = line;
	s->count->rows++;
	/* the tree must outlive the tables, each of which empties the row's arena: it is the header's */
	cd_arena_reset(&s->head);
	struct cd_cx item_cx;
	cd_cx_init(&item_cx, &s->head, cx->set);
	if (cd_json_parse(&item_cx, text, &item)) {
		cd_map_fault(s, "json", "%s%s%s", item_cx.err.detail ? item_cx.err.detail : "This is no JSON",
			item_cx.err.where && item_cx.err.where[0] ? " at " : "",
			item_cx.err.where ? item_cx.err.where : "");
		return cx->err.code;
	}
	for (uint32_t i = 0; i < s->m->tables_n && !cx->err.code; i++)
		cd_map_json_row(s, &s->tables[i], item, &wanted);
	s->count->passed += !wanted;
	return cx->err.code;
}

static cd_code run_json(struct cd_map_state *s, struct cd_stream *in)
{
	struct cd_items items;
	char *chunk = cd_mem_alloc(1 << 18);
	size_t n = 1;
	if (!chunk)
		return cd_fail_memory(s->cx);
	cd_items_init(&items, s->cx->set->body_max, json_item, s);
	items.within = s->m->source.within;
	while (n && !cd_stream_read(in, s->cx, chunk, 1 << 18, &n) && n) {
		s->count->at = in->at;
		if (cd_items_feed(&items, s->cx, cd_str_of(chunk, n)))
			break;
	}
	if (!s->cx->err.code)
		(void)cd_items_end(&items, s->cx);
	cd_items_done(&items);
	cd_mem_free(chunk);
	return s->cx->err.code;
}

/* ---- archives ---- */

static bool earlier(const struct cd_mapping *m, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (cd_str_eq(m->tables[k].member, m->tables[i].member))
			return true;
	return false;
}

static cd_code run_member(struct cd_map_state *s, struct cd_archive *archive, const struct cd_table *t)
{
	struct cd_stream *in;
	const char *archive_path = s->file;
	cd_str name = cd_arena_copy(&s->keep, t->member);
	if (!name.p)
		return cd_fail_memory(s->cx);
	cd_code code = cd_archive_member(s->cx, archive, t->member, &in);
	if (code == CD_E_NOT_FOUND && t->optional) {
		cd_cx_clear(s->cx);
		return CD_OK;
	}
	if (code)
		return code;
	cd_str parts[] = {cd_str_z(archive_path), CD_STR("!"), name};
	s->file = cd_arena_join(&s->keep, parts, 3).p;
	uint64_t before = s->count->at;
	(void)run_csv(s, in, t->member);
	s->count->at = before;
	cd_stream_close(in);
	s->file = archive_path;
	return s->cx->err.code;
}

static cd_code run_archive(struct cd_map_state *s, struct cd_archive *archive)
{
	for (uint32_t i = 0; i < s->m->tables_n && !s->cx->err.code; i++)
		if (!earlier(s->m, i))
			(void)run_member(s, archive, &s->m->tables[i]);
	return s->cx->err.code;
}

/* ---- the run ---- */

static cd_code run_stream(struct cd_map_state *s, struct cd_stream *in)
{
	s->count->bytes = in->size;
	return s->m->source.format == CD_FROM_CSV ? run_csv(s, in, CD_STR("")) : run_json(s, in);
}

static cd_code run_opened(struct cd_map_state *s, struct cd_archive *archive, struct cd_stream *in)
{
	if (cd_lookups_load(s, archive))
		return s->cx->err.code;
	return archive ? run_archive(s, archive) : run_stream(s, in);
}

cd_code cd_map_run(struct cd_cx *cx, struct cd_mapping *m, const struct cd_map_input *input,
	const struct cd_map_sink *sink, struct cd_map_count *count)
{
	struct cd_map_state s = {.cx = cx, .m = m, .input = input, .sink = sink, .count = count};
	struct cd_archive *archive = NULL;
	struct cd_stream *in = NULL;
	bool zip = cd_mapping_of_archive(m), given = zip ? input->archive != NULL : input->stream != NULL;
	*count = (struct cd_map_count){0};
	cd_code code = given ? CD_OK
		       : zip ? cd_archive_open(cx, input->path, &archive)
			     : cd_stream_open(cx, input->path, &in);
	if (!code && !begin(&s))
		(void)run_opened(&s, given ? input->archive : archive, given ? input->stream : in);
	if (!code)
		done(&s);
	cd_stream_close(in);
	cd_archive_close(archive);
	return cx->err.code;
}
