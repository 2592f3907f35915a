/*
 * A row is scanned in the buffer without changing it; when its end is not there yet the buffer is filled on
 * and the scan begins anew (with a buffer of a megabyte that is rare). Only a whole row is rewritten in place
 * where quotes are doubled, so that starting anew never sees its own traces.
 */
#include "intake/csv.h"

#include "base/mem.h"
#include "json/json.h"

enum { BUFFER = 1 << 20 };

struct cell {
	uint32_t at, n; /* from the row's start */
	bool doubled;
};
struct cd_csv {
	struct cd_stream *in;
	struct cd_csv_shape shape;
	char *p;
	size_t at, n, cap;
	bool end, begun;
	uint64_t line;
	struct cell *marks;
	cd_str *cells;
	uint32_t cells_cap;
	struct cd_buf text; /* converted from another encoding */
};

struct cd_csv *cd_csv_new(struct cd_stream *in, const struct cd_csv_shape *shape)
{
	struct cd_csv *c = cd_mem_zalloc(sizeof *c);
	if (!c)
		return NULL;
	c->in = in;
	c->shape = *shape;
	c->line = 1;
	c->cap = BUFFER;
	c->cells_cap = 64;
	cd_buf_init(&c->text, (size_t)CD_CSV_ROW_MAX * 3);
	c->p = cd_mem_alloc(c->cap);
	c->marks = cd_mem_alloc(c->cells_cap * sizeof *c->marks);
	c->cells = cd_mem_alloc(c->cells_cap * sizeof *c->cells);
	if (c->p && c->marks && c->cells)
		return c;
	cd_csv_free(c);
	return NULL;
}

void cd_csv_free(struct cd_csv *c)
{
	if (!c)
		return;
	cd_buf_done(&c->text);
	cd_mem_free(c->cells);
	cd_mem_free(c->marks);
	cd_mem_free(c->p);
	cd_mem_free(c);
}

/* ---- the buffer ---- */

static cd_code fill(struct cd_csv *c, struct cd_cx *cx)
{
	memmove(c->p, c->p + c->at, c->n - c->at);
	c->n -= c->at;
	c->at = 0;
	if (c->n == c->cap) {
		char *p = cd_mem_realloc(c->p, c->cap * 2);
		if (!p)
			return cd_fail_memory(cx);
		c->p = p;
		c->cap *= 2;
	}
	size_t got;
	cd_code code = cd_stream_read(c->in, cx, c->p + c->n, c->cap - c->n, &got);
	if (code)
		return code;
	c->end = got == 0;
	c->n += got;
	return CD_OK;
}

/* A mark of the encoding at the file's start. */
static cd_code begin(struct cd_csv *c, struct cd_cx *cx)
{
	while (!c->end && c->n < 3)
		if (fill(c, cx))
			return cx->err.code;
	c->begun = true;
	if (c->n >= 3 && memcmp(c->p, "\xEF\xBB\xBF", 3) == 0) {
		c->at = 3;
		c->shape.encoding = CD_UTF_8;
	}
	if (c->n >= 2 && (memcmp(c->p, "\xFF\xFE", 2) == 0 || memcmp(c->p, "\xFE\xFF", 2) == 0))
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, NULL, "The file is UTF-16; save it as UTF-8 and try again");
	return CD_OK;
}

/* ---- one row ---- */

enum scan { SCAN_ROW, SCAN_MORE, SCAN_FAULT };
struct scanned {
	size_t end;    /* behind the line end */
	uint32_t n;    /* cells */
	uint64_t lines;
	unsigned char bits; /* of all bytes: is anything beyond ASCII? */
	enum cd_csv_fault fault;
	bool quoted;
};

static bool grow(struct cd_csv *c)
{
	uint32_t cap = c->cells_cap * 2;
	struct cell *marks = cd_mem_realloc(c->marks, cap * sizeof *marks);
	if (marks)
		c->marks = marks;
	cd_str *cells = marks ? cd_mem_realloc(c->cells, cap * sizeof *cells) : NULL;
	if (!cells)
		return false;
	c->cells = cells;
	c->cells_cap = cap;
	return true;
}

/* Behind the opening quote; sets *i behind the closing one. */
static enum scan scan_quoted(struct cd_csv *c, size_t *i, struct cell *cell, struct scanned *s)
{
	char quote = c->shape.quote;
	size_t k = *i, from = k;
	cell->doubled = false;
	for (;; k++) {
		if (k >= c->n)
			break;
		char ch = c->p[k];
		s->bits |= (unsigned char)ch;
		if (ch == '\n')
			s->lines++;
		if (ch != quote)
			continue;
		if (k + 1 >= c->n && !c->end)
			break;
		if (k + 1 >= c->n || c->p[k + 1] != quote) {
			cell->at = (uint32_t)(from - c->at);
			cell->n = (uint32_t)(k - from);
			*i = k + 1;
			return SCAN_ROW;
		}
		cell->doubled = true;
		k++;
	}
	if (!c->end && c->n - c->at <= CD_CSV_ROW_MAX)
		return SCAN_MORE;
	s->fault = CD_CSV_QUOTE;
	return SCAN_FAULT;
}

static enum scan scan_cell(struct cd_csv *c, size_t *i, struct cell *cell, struct scanned *s)
{
	size_t k = *i, n = c->n;
	const char *p = c->p;
	char delimiter = c->shape.delimiter;
	unsigned char bits = 0;
	if (k < n && c->shape.quote && p[k] == c->shape.quote) {
		(*i)++;
		s->quoted = true;
		return scan_quoted(c, i, cell, s);
	}
	while (k < n && p[k] != delimiter && p[k] != '\n' && p[k] != '\r')
		bits |= (unsigned char)p[k++];
	s->bits |= bits;
	cell->doubled = false;
	cell->at = (uint32_t)(*i - c->at);
	cell->n = (uint32_t)(k - *i);
	*i = k;
	return SCAN_ROW;
}

/* Where the line that begins at `from` ends: behind its line end. */
static size_t line_end(const struct cd_csv *c, size_t from)
{
	const char *nl = memchr(c->p + from, '\n', c->n - from);
	return nl ? (size_t)(nl - c->p) + 1 : c->n;
}

static enum scan scan_row(struct cd_csv *c, struct scanned *s)
{
	size_t i = c->at;
	*s = (struct scanned){0};
	for (;;) {
		if (s->n == CD_CSV_CELLS_MAX || (s->n == c->cells_cap && !grow(c))) {
			s->fault = CD_CSV_WIDE;
			return SCAN_FAULT;
		}
		enum scan cell = scan_cell(c, &i, &c->marks[s->n], s);
		if (cell != SCAN_ROW)
			return cell;
		s->n++;
		if (i >= c->n && !c->end)
			return SCAN_MORE;
		if (i >= c->n)
			break;
		if (c->p[i] == c->shape.delimiter) {
			i++;
			continue;
		}
		if (c->p[i] == '\r') {
			if (i + 1 >= c->n && !c->end)
				return SCAN_MORE;
			i += i + 1 < c->n && c->p[i + 1] == '\n';
		} else if (c->p[i] != '\n') {
			s->fault = CD_CSV_QUOTE;
			return SCAN_FAULT;
		}
		i++;
		s->lines++;
		break;
	}
	s->end = i;
	return SCAN_ROW;
}

/* ---- what is handed out ---- */

static size_t undouble(char *p, size_t n, char quote)
{
	size_t to = 0;
	for (size_t i = 0; i < n; i++) {
		p[to++] = p[i];
		if (p[i] == quote)
			i++;
	}
	return to;
}

/* 0x80 to 0x9F of Windows-1252; 0 where it has nothing. */
static const uint16_t windows[32] = {0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6,
	0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

static void put_char(struct cd_buf *b, unsigned u)
{
	if (u < 0x80) {
		cd_buf_char(b, (char)u);
		return;
	}
	if (u >= 0x800) {
		cd_buf_char(b, (char)(0xE0 | u >> 12));
		cd_buf_char(b, (char)(0x80 | (u >> 6 & 0x3F)));
	} else {
		cd_buf_char(b, (char)(0xC0 | u >> 6));
	}
	cd_buf_char(b, (char)(0x80 | (u & 0x3F)));
}

/* From one byte for each character to UTF-8: the text of all cells first, then the slices, since it moves. */
static bool convert(struct cd_csv *c, uint32_t n)
{
	cd_buf_reset(&c->text);
	for (uint32_t i = 0; i < n; i++) {
		cd_str from = c->cells[i];
		size_t at = c->text.n;
		for (size_t k = 0; k < from.n; k++) {
			unsigned u = (unsigned char)from.p[k];
			if (u >= 0x80 && u < 0xA0 && c->shape.encoding == CD_WINDOWS_1252)
				u = windows[u - 0x80] ? windows[u - 0x80] : 0xFFFD;
			put_char(&c->text, u);
		}
		c->marks[i].at = (uint32_t)at;
		c->marks[i].n = (uint32_t)(c->text.n - at);
	}
	for (uint32_t i = 0; i < n && !c->text.bad; i++)
		c->cells[i] = cd_str_of(c->text.p + c->marks[i].at, c->marks[i].n);
	return !c->text.bad;
}

static void slices(struct cd_csv *c, const struct scanned *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct cell *m = &c->marks[i];
		char *p = c->p + c->at + m->at;
		c->cells[i] = cd_str_of(p, m->doubled ? undouble(p, m->n, c->shape.quote) : m->n);
	}
}

static bool utf8(const struct cd_csv *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!cd_utf8_valid(c->cells[i]))
			return false;
	return true;
}

static bool hand_out(struct cd_csv *c, struct cd_cx *cx, const struct scanned *s, struct cd_csv_row *ret)
{
	*ret = (struct cd_csv_row){.cells = c->cells, .n = s->n, .line = c->line};
	slices(c, s);
	if (s->bits & 0x80) {
		if (c->shape.encoding != CD_UTF_8 && !convert(c, s->n)) {
			(void)cd_fail_memory(cx);
			return false;
		}
		if (c->shape.encoding == CD_UTF_8 && !utf8(c, s->n))
			ret->fault = CD_CSV_ENCODING;
	}
	c->at = s->end;
	c->line += s->lines;
	return true;
}

/* The line at fault is passed over. */
static bool hand_out_fault(
	struct cd_csv *c, struct cd_cx *cx, enum cd_csv_fault fault, struct cd_csv_row *ret)
{
	*ret = (struct cd_csv_row){.line = c->line, .fault = fault};
	while (line_end(c, c->at) == c->n && !c->end) {
		if (c->n - c->at > CD_CSV_ROW_MAX)
			c->at = c->n;
		if (fill(c, cx))
			return false;
	}
	c->at = line_end(c, c->at);
	c->line++;
	return true;
}

static bool is_blank(const struct cd_csv *c, const struct scanned *s)
{
	if (s->n == 1 && c->marks[0].n == 0 && !s->quoted)
		return true;
	return c->shape.comment && c->at < c->n && c->p[c->at] == c->shape.comment;
}

bool cd_csv_next(struct cd_csv *c, struct cd_cx *cx, struct cd_csv_row *ret)
{
	struct scanned s;
	if (!c->begun && begin(c, cx))
		return false;
	for (;;) {
		if (c->end && c->at >= c->n)
			return false;
		enum scan found = scan_row(c, &s);
		if (found == SCAN_MORE && c->n - c->at > CD_CSV_ROW_MAX) {
			s.fault = CD_CSV_LONG;
			found = SCAN_FAULT;
		}
		if (found == SCAN_FAULT)
			return hand_out_fault(c, cx, s.fault, ret);
		if (found == SCAN_MORE) {
			if (fill(c, cx))
				return false;
			continue;
		}
		if (!is_blank(c, &s))
			return hand_out(c, cx, &s, ret);
		c->at = s.end;
		c->line += s.lines;
	}
}
