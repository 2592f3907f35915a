/*
 * The table is read several times, as each delimiter would have it: the rows say which one is right, since
 * only then almost all have as many cells as the first one.
 */
#include "intake/sample.h"

#include "intake/look.h"
#include "json/json.h"

#include <stdlib.h>

enum { SNIFF_ROWS = 500, SKIP_MAX = 20 };

cd_code cd_sample_bytes(struct cd_cx *cx, struct cd_stream *in, cd_str *ret, bool *ret_whole)
{
	char *p = cd_arena_alloc(cx->arena, CD_SAMPLE_BYTES + CD_JSON_PADDING);
	size_t n = 0, got = 1;
	if (!p)
		return cd_fail_memory(cx);
	while (got && n < CD_SAMPLE_BYTES) {
		if (cd_stream_read(in, cx, p + n, CD_SAMPLE_BYTES - n, &got))
			return cx->err.code;
		n += got;
	}
	if (got && cd_stream_read(in, cx, p + n, 1, &got)) /* is there more? */
		return cx->err.code;
	*ret_whole = got == 0;
	*ret = cd_str_of(p, n);
	return CD_OK;
}

/* ---- how the table is written ---- */

struct measure {
	uint32_t rows, faults, usual; /* cells of most rows */
	uint32_t usual_rows, before;  /* rows that have so many; that come before the first of them */
	bool quoted;
};

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void find_usual(const uint32_t *cells, uint32_t n, struct measure *m)
{
	uint32_t sorted[SNIFF_ROWS], run = 0;
	memcpy(sorted, cells, n * sizeof *cells);
	qsort(sorted, n, sizeof *sorted, by_size);
	for (uint32_t i = 0; i < n; i++) {
		run = i && sorted[i] == sorted[i - 1] ? run + 1 : 1;
		if (run >= m->usual_rows) {
			m->usual_rows = run;
			m->usual = sorted[i];
		}
	}
	while (m->before < n && cells[m->before] != m->usual)
		m->before++;
}

static cd_code measure(struct cd_cx *cx, cd_str bytes, const struct cd_csv_shape *shape, struct measure *ret)
{
	uint32_t cells[SNIFF_ROWS];
	struct cd_csv_row row;
	struct measure m = {0};
	struct cd_stream *in = cd_stream_memory(bytes);
	struct cd_csv *csv = in ? cd_csv_new(in, shape) : NULL;
	if (!csv) {
		cd_stream_close(in);
		return cd_fail_memory(cx);
	}
	while (m.rows < SNIFF_ROWS && cd_csv_next(csv, cx, &row)) {
		if (row.fault)
			m.faults++;
		else
			cells[m.rows++] = row.n;
	}
	cd_csv_free(csv);
	cd_stream_close(in);
	find_usual(cells, m.rows, &m);
	*ret = m;
	return cx->err.code;
}

static enum cd_encoding encoding_of(cd_str bytes)
{
	if (cd_utf8_valid(bytes))
		return CD_UTF_8;
	for (size_t i = 0; i < bytes.n; i++)
		if ((unsigned char)bytes.p[i] >= 0x80 && (unsigned char)bytes.p[i] < 0xA0)
			return CD_WINDOWS_1252;
	return CD_LATIN_1;
}

/* A first line that begins with # is a comment, unless the next does not and has as many cells: then it is a
 * header. */
static char comment_of(cd_str bytes, char delimiter)
{
	size_t n[2] = {0, 0};
	cd_str rest = bytes, lines[2];
	for (int i = 0; i < 2; i++) {
		lines[i] = cd_str_cut(&rest, '\n');
		for (size_t k = 0; k < lines[i].n; k++)
			n[i] += lines[i].p[k] == delimiter;
	}
	if (!cd_str_starts(lines[0], CD_STR("#")))
		return 0;
	return n[0] && n[0] == n[1] && !cd_str_starts(lines[1], CD_STR("#")) ? 0 : '#';
}

/* Rows that are alike, of a hundred, when they have more than one cell. */
static uint32_t regular(const struct measure *m)
{
	return m->rows && m->usual > 1 ? m->usual_rows * 100 / (m->rows + m->faults) : 0;
}

/* Those before the comma may have commas in their cells (decimals, texts); the other way round is rare. */
static cd_code find_delimiter(struct cd_cx *cx, cd_str bytes, struct cd_csv_shape *shape, struct measure *ret)
{
	static const char delimiters[] = "\t;|,";
	uint32_t best = 0;
	char found = ',';
	for (const char *d = delimiters; *d && best < 90; d++) {
		struct measure m;
		shape->delimiter = *d;
		shape->comment = comment_of(bytes, *d);
		if (measure(cx, bytes, shape, &m))
			return cx->err.code;
		if (regular(&m) > best) {
			best = regular(&m);
			found = *d;
		}
	}
	shape->delimiter = found;
	shape->comment = comment_of(bytes, found);
	return measure(cx, bytes, shape, ret);
}

/* ' where all lines begin with it; none where " makes rows that can not be read. */
static cd_code find_quote(struct cd_cx *cx, cd_str bytes, struct cd_csv_shape *shape, struct measure *m)
{
	struct measure other;
	if (cd_str_starts(bytes, CD_STR("'"))) {
		shape->quote = '\'';
		if (measure(cx, bytes, shape, &other))
			return cx->err.code;
		if (!other.faults && other.usual_rows >= m->usual_rows) {
			*m = other;
			return CD_OK;
		}
		shape->quote = '"';
	}
	if (m->faults > 1 && m->faults * 20 > m->rows) {
		shape->quote = 0;
		if (measure(cx, bytes, shape, &other))
			return cx->err.code;
		if (other.faults < m->faults) {
			*m = other;
			return CD_OK;
		}
		shape->quote = '"';
	}
	return CD_OK;
}

/* ---- the table ---- */

static cd_code take_row(struct cd_cx *cx, struct cd_sample *s, const struct cd_csv_row *row)
{
	cd_str *to = s->cells + (size_t)s->rows * s->columns;
	if (row->n > s->columns) {
		s->wide_rows++;
		return CD_OK;
	}
	s->short_rows += row->n < s->columns;
	for (uint32_t i = 0; i < s->columns; i++) {
		to[i] = i < row->n ? cd_arena_copy(cx->arena, row->cells[i]) : CD_STR("");
		if (!to[i].p)
			return cd_fail_memory(cx);
	}
	s->rows++;
	return CD_OK;
}

/* There are no more rows than line ends, and one. */
static uint32_t rows_at_most(cd_str bytes, uint32_t columns)
{
	uint32_t max =
		CD_SAMPLE_CELLS / columns < CD_SAMPLE_ROWS ? CD_SAMPLE_CELLS / columns : CD_SAMPLE_ROWS;
	uint32_t lines = 1;
	for (size_t i = 0; i < bytes.n && lines < max; i++)
		lines += bytes.p[i] == '\n' || bytes.p[i] == '\r';
	return lines;
}

static cd_code fill(struct cd_cx *cx, struct cd_csv *csv, uint32_t max, struct cd_sample *s)
{
	struct cd_csv_row row;
	uint32_t passed = 0;
	s->cells = CD_NEWS(cx->arena, cd_str, (size_t)(max + 1) * s->columns);
	if (!s->cells)
		return cd_fail_memory(cx);
	while (s->rows <= max && cd_csv_next(csv, cx, &row)) {
		if (row.fault)
			s->faults++;
		else if (passed < s->skip_rows)
			passed++;
		else if (take_row(cx, s, &row))
			return cx->err.code;
	}
	s->whole &= s->rows <= max || !cd_csv_next(csv, cx, &row);
	return cx->err.code;
}

/* A row of names has no number or time where those below have; years may head columns. */
static bool is_header(struct cd_cx *cx, const struct cd_sample *s)
{
	uint32_t typed = 0, alike = 0, years = 0;
	if (s->rows < 2)
		return true;
	for (uint32_t i = 0; i < s->columns; i++) {
		struct cd_look below, first;
		double v;
		struct cd_column column = {s->cells + s->columns + i, s->rows - 1, s->columns};
		if (cd_look(cx, column, '.', &below) ||
			cd_look(cx, (struct cd_column){s->cells + i, 1, s->columns}, '.', &first))
			return false;
		if (below.looks == CD_LOOKS_EMPTY || below.looks == CD_LOOKS_TEXT)
			continue;
		typed++;
		alike += first.looks != CD_LOOKS_TEXT && first.looks != CD_LOOKS_EMPTY;
		years += cd_look_number(s->cells[i], '.', 0, &v) && v >= 1900 && v <= 2100;
	}
	if (typed)
		return alike < typed || years == typed;
	for (uint32_t i = 0; i < s->columns; i++) /* texts alone: a name does not come again below */
		for (uint32_t row = 1; row < s->rows; row++)
			if (s->cells[i].n && cd_str_eq(s->cells[i], s->cells[(size_t)row * s->columns + i]))
				return false;
	return true;
}

/* Titles may stand in a row of as many cells, all but the first of which are empty. */
static void pass_titles(struct cd_sample *s)
{
	while (s->rows > 2 && s->skip_rows < SKIP_MAX) {
		uint32_t filled = 0;
		for (uint32_t i = 0; i < s->columns; i++)
			filled += cd_str_trim(s->cells[i]).n > 0;
		if (filled * 2 >= s->columns)
			return;
		s->cells += s->columns;
		s->rows--;
		s->skip_rows++;
	}
}

static cd_code name_columns(struct cd_cx *cx, struct cd_sample *s)
{
	pass_titles(s);
	s->names = CD_NEWS(cx->arena, cd_str, s->columns);
	s->header = is_header(cx, s);
	if (cx->err.code || !s->names)
		return cd_fail_memory(cx);
	for (uint32_t i = 0; i < s->columns; i++) {
		s->names[i] = s->header ? s->cells[i] : cd_arena_printf(cx->arena, "%u", i + 1);
		if (!s->names[i].p)
			return cd_fail_memory(cx);
	}
	if (s->header) {
		s->cells += s->columns;
		s->rows--;
	}
	return CD_OK;
}

/* A line that the sample cuts is left out. */
static cd_str whole_lines(cd_str bytes, bool whole)
{
	while (!whole && bytes.n && bytes.p[bytes.n - 1] != '\n' && bytes.p[bytes.n - 1] != '\r')
		bytes.n--;
	return bytes;
}

cd_code cd_sample_table(struct cd_cx *cx, cd_str bytes, bool whole, struct cd_sample *ret)
{
	struct cd_sample s = {.kind = CD_SAMPLE_TABLE, .whole = whole, .shape = {.quote = '"'}};
	struct measure m;
	bytes = whole_lines(bytes, whole);
	s.shape.encoding = encoding_of(bytes);
	if (find_delimiter(cx, bytes, &s.shape, &m) || find_quote(cx, bytes, &s.shape, &m))
		return cx->err.code;
	if (m.rows == 0 || m.usual > CD_SAMPLE_COLUMNS)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "%s",
			m.rows ? "There are too many columns to suggest a mapping for"
			       : "There is nothing in the file");
	s.columns = m.usual;
	s.skip_rows = m.before <= SKIP_MAX ? m.before : 0;
	struct cd_stream *in = cd_stream_memory(bytes);
	struct cd_csv *csv = in ? cd_csv_new(in, &s.shape) : NULL;
	cd_code code = csv ? fill(cx, csv, rows_at_most(bytes, s.columns), &s) : cd_fail_memory(cx);
	cd_csv_free(csv);
	cd_stream_close(in);
	if (!code && s.rows == 0)
		code = cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "No two rows have the same number of cells");
	if (!code)
		code = name_columns(cx, &s);
	if (!code)
		*ret = s;
	return code;
}

cd_code cd_sample(struct cd_cx *cx, cd_str bytes, bool whole, struct cd_sample *ret)
{
	cd_str rest = cd_str_starts(bytes, CD_STR("\xEF\xBB\xBF")) ? cd_str_skip(bytes, 3) : bytes;
	while (rest.n && strchr(" \t\r\n\x1e", rest.p[0]))
		rest = cd_str_skip(rest, 1);
	if (rest.n && (rest.p[0] == '{' || rest.p[0] == '['))
		return cd_sample_objects(cx, rest, whole, ret);
	return cd_sample_table(cx, bytes, whole, ret);
}
