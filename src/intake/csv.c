/*
 * A row is scanned in the buffer without changing it; when its end is not there yet the buffer is filled on
 * and the scan begins anew (the buffer holds thousands of rows, so that is rare). Only a whole row is
 * rewritten in place where quotes are doubled, so that starting anew never sees its own traces.
 *
 * The scan goes from mark to mark: the bytes that may end something (delimiter, quote, CR, LF) are found 64
 * at a time and kept as bits, so that what lies between them is never looked at one by one.
 */
#include "intake/csv.h"

#include "base/mem.h"
#include "json/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BUFFER = 1 << 18, BLOCK = 64 };

struct cd_csv {
	struct cd_stream *in;
	struct cd_csv_shape shape;
	char *p; /* BLOCK bytes behind cap are readable */
	size_t at, n, cap;
	bool end, begun;
	uint64_t line;
	size_t block;           /* where the block begins that was looked at last; SIZE_MAX: none */
	uint64_t marks, beyond; /* its bytes that are marks; that are beyond ASCII */
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
	c->block = SIZE_MAX;
	c->cells_cap = 64;
	cd_buf_init(&c->text, (size_t)CD_CSV_ROW_MAX * 3);
	c->p = cd_mem_alloc(c->cap + BLOCK);
	c->cells = cd_mem_alloc(c->cells_cap * sizeof *c->cells);
	if (c->p && c->cells)
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
	cd_mem_free(c->p);
	cd_mem_free(c);
}

/* ---- the buffer ---- */

static cd_code fill(struct cd_csv *c, struct cd_cx *cx)
{
	memmove(c->p, c->p + c->at, c->n - c->at);
	c->n -= c->at;
	c->at = 0;
	c->block = SIZE_MAX;
	if (c->n == c->cap) {
		char *p = cd_mem_realloc(c->p, c->cap * 2 + BLOCK);
		if (!p)
			return cd_fail_memory(cx);
		c->p = p;
		c->cap *= 2;
	}
	/* at least as much again, so that a row that comes in drops is not scanned anew for each of them */
	size_t enough = c->n * 2 < c->cap ? c->n * 2 : c->cap;
	do {
		size_t got;
		cd_code code = cd_stream_read(c->in, cx, c->p + c->n, c->cap - c->n, &got);
		if (code)
			return code;
		c->end = got == 0;
		c->n += got;
	} while (!c->end && c->n < enough);
	memset(c->p + c->n, 0, BLOCK);
	return CD_OK;
}

/* A mark of the encoding at the file's start. */
static cd_code begin(struct cd_csv *c, struct cd_cx *cx)
{
	while (!c->end && c->n < 3)
		if (fill(c, cx))
			return cx->err.code;
	if (c->n >= 3 && memcmp(c->p, "\xEF\xBB\xBF", 3) == 0) {
		c->at = 3;
		c->shape.encoding = CD_UTF_8;
	}
	if (c->n >= 2 && (memcmp(c->p, "\xFF\xFE", 2) == 0 || memcmp(c->p, "\xFE\xFF", 2) == 0))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL,
			"The file is UTF-16; save it as UTF-8 and try again");
	c->begun = true;
	return CD_OK;
}

/* ---- marks ---- */

#ifdef __SSE2__
typedef __m128i vector;
static inline vector vector_load(const char *p)
{
	return _mm_loadu_si128((const vector *)p);
}
static inline vector vector_is(vector v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}
static inline uint64_t vector_bits(vector v)
{
	return (unsigned)_mm_movemask_epi8(v);
}
#else
typedef signed char vector __attribute__((vector_size(16)));
static inline vector vector_load(const char *p)
{
	vector v;
	memcpy(&v, p, sizeof v);
	return v;
}
static inline vector vector_is(vector v, char c)
{
	return v == (vector)((vector){0} + (signed char)c);
}
/* The highest bit of each byte; the multiplication moves those of eight bytes side by side. */
static inline uint64_t vector_bits(vector v)
{
	const uint64_t top = 0x8080808080808080, gather = 0x0102040810204080;
	uint64_t half[2];
	memcpy(half, &v, sizeof half);
	return ((half[0] & top) >> 7) * gather >> 56 | (((half[1] & top) >> 7) * gather >> 56) << 8;
}
#endif

static void look_at(struct cd_csv *c, size_t block)
{
	char delimiter = c->shape.delimiter, quote = c->shape.quote ? c->shape.quote : delimiter;
	c->block = block;
	c->marks = c->beyond = 0;
	for (unsigned i = 0; i < BLOCK; i += 16) {
		vector v = vector_load(c->p + block + i);
		vector line_end = vector_is(v, '\n') | vector_is(v, '\r');
		c->marks |= vector_bits(vector_is(v, delimiter) | vector_is(v, quote) | line_end) << i;
		c->beyond |= vector_bits(v) << i;
	}
}

/* The next mark from k on, or c->n. *beyond is set when bytes on the way may be beyond ASCII. */
static inline size_t next_mark(struct cd_csv *c, size_t k, bool *beyond)
{
	size_t block = k & ~(size_t)(BLOCK - 1);
	uint64_t from = ~(uint64_t)0 << (k - block);
	for (; block < c->n; block += BLOCK, from = ~(uint64_t)0) {
		if (block != c->block)
			look_at(c, block);
		*beyond |= c->beyond != 0;
		if (c->marks & from) {
			size_t at = block + (size_t)__builtin_ctzll(c->marks & from);
			return at < c->n ? at : c->n;
		}
	}
	return c->n;
}

/* ---- one row ---- */

enum scan { SCAN_ROW, SCAN_MORE, SCAN_FAULT, SCAN_NO_MEMORY };
struct scanned {
	size_t end; /* behind the line end */
	uint32_t n; /* cells */
	uint64_t lines;
	enum cd_csv_fault fault;
	bool quoted, doubled; /* some cell is; holds doubled quotes */
	bool beyond;          /* there may be bytes beyond ASCII */
};

static bool is_line_end(char ch)
{
	return ch == '\n' || ch == '\r';
}

static bool grow(struct cd_csv *c)
{
	cd_str *cells = cd_mem_realloc(c->cells, c->cells_cap * 2 * sizeof *cells);
	if (!cells)
		return false;
	c->cells = cells;
	c->cells_cap *= 2;
	return true;
}

/* Behind the opening quote at `from`; sets *i behind the closing one. */
static enum scan scan_quoted(struct cd_csv *c, size_t *i, cd_str *cell, struct scanned *s)
{
	const char *p = c->p;
	size_t from = *i, k = from;
	size_t max = c->at + CD_CSV_ROW_MAX;
	s->quoted = true;
	for (;; k++) {
		k = next_mark(c, k, &s->beyond);
		if (k >= c->n || k >= max)
			break;
		if (is_line_end(p[k]))
			s->lines += p[k] == '\n' || p[k + 1] != '\n'; /* p[c->n] is readable */
		if (p[k] != c->shape.quote)
			continue;
		if (k + 1 >= c->n && !c->end)
			break;
		if (k + 1 >= c->n || p[k + 1] != c->shape.quote) {
			*cell = cd_str_of(p + from, k - from);
			*i = k + 1;
			return SCAN_ROW;
		}
		s->doubled = true;
		k++;
	}
	if (!c->end && c->n <= max)
		return SCAN_MORE;
	s->fault = CD_CSV_QUOTE;
	return SCAN_FAULT;
}

static inline enum scan scan_cell(struct cd_csv *c, size_t *i, cd_str *cell, struct scanned *s)
{
	size_t from = *i;
	char quote = c->shape.quote;
	if (from < c->n && quote && c->p[from] == quote) {
		(*i)++;
		return scan_quoted(c, i, cell, s);
	}
	size_t k = next_mark(c, from, &s->beyond);
	while (k < c->n &&
		c->p[k] == quote) /* inside of a cell without quotes it is a character like others */
		k = next_mark(c, k + 1, &s->beyond);
	*cell = cd_str_of(c->p + from, k - from);
	*i = k;
	return SCAN_ROW;
}

/* At the line end at `i`: behind it. False: whether LF follows CR is not known yet. */
static bool pass_line_end(const struct cd_csv *c, size_t i, size_t *ret)
{
	if (c->p[i] == '\r' && i + 1 >= c->n && !c->end)
		return false;
	*ret = i + 1 + (c->p[i] == '\r' && i + 1 < c->n && c->p[i + 1] == '\n');
	return true;
}

static enum scan row_ends(struct cd_csv *c, size_t i, struct scanned *s)
{
	s->end = i;
	s->fault = i - c->at > CD_CSV_ROW_MAX ? CD_CSV_LONG : CD_CSV_SOUND;
	if (s->fault)
		return SCAN_FAULT;
	if (i >= c->n)
		return SCAN_ROW;
	s->lines++;
	return pass_line_end(c, i, &s->end) ? SCAN_ROW : SCAN_MORE;
}

static enum scan fault(struct scanned *s, enum cd_csv_fault what)
{
	s->fault = what;
	return SCAN_FAULT;
}

static enum scan scan_row(struct cd_csv *c, struct scanned *s)
{
	size_t i = c->at;
	*s = (struct scanned){0};
	for (;; i++) {
		if (s->n == CD_CSV_CELLS_MAX)
			return fault(s, CD_CSV_WIDE);
		if (s->n == c->cells_cap && !grow(c))
			return SCAN_NO_MEMORY;
		enum scan cell = scan_cell(c, &i, &c->cells[s->n], s);
		if (cell != SCAN_ROW)
			return cell;
		s->n++;
		if (i >= c->n && !c->end)
			return c->n - c->at > CD_CSV_ROW_MAX ? fault(s, CD_CSV_LONG) : SCAN_MORE;
		if (i >= c->n || is_line_end(c->p[i]))
			return row_ends(c, i, s);
		if (c->p[i] != c->shape.delimiter)
			return fault(s, CD_CSV_QUOTE);
	}
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

/* A cell has been in quotes when one stands right before it: before others stands a delimiter. */
static void undouble_cells(struct cd_csv *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		char *p = c->p + (c->cells[i].p - c->p);
		if (p > c->p + c->at && p[-1] == c->shape.quote)
			c->cells[i].n = undouble(p, c->cells[i].n, c->shape.quote);
	}
}

/* 0x80 to 0x9F of Windows-1252; 0 where it has nothing. */
static const uint16_t windows[32] = {0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6,
	0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013,
	0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

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

/* From one byte for each character to UTF-8, of three bytes at most: with room for all of it nothing moves.
 */
static bool convert(struct cd_csv *c, uint32_t n)
{
	size_t bytes = 0;
	for (uint32_t i = 0; i < n; i++)
		bytes += c->cells[i].n;
	if (bytes == 0)
		return true;
	cd_buf_reset(&c->text);
	if (!cd_buf_room(&c->text, bytes * 3))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		cd_str from = c->cells[i];
		size_t at = c->text.n;
		for (size_t k = 0; k < from.n; k++) {
			unsigned u = (unsigned char)from.p[k];
			if (u >= 0x80 && u < 0xA0 && c->shape.encoding == CD_WINDOWS_1252)
				u = windows[u - 0x80] ? windows[u - 0x80] : 0xFFFD;
			put_char(&c->text, u);
		}
		c->cells[i] = cd_str_of(c->text.p + at, c->text.n - at);
	}
	return true;
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
	if (s->doubled)
		undouble_cells(c, s->n);
	if (s->beyond && c->shape.encoding != CD_UTF_8 && !convert(c, s->n)) {
		(void)cd_fail_memory(cx);
		return false;
	}
	if (s->beyond && c->shape.encoding == CD_UTF_8 && !utf8(c, s->n)) {
		ret->fault = CD_CSV_ENCODING;
		ret->n = 0;
	}
	c->at = s->end;
	c->line += s->lines;
	return true;
}

/* Goes behind the end of this line, whatever is in it. */
static cd_code pass_line(struct cd_csv *c, struct cd_cx *cx)
{
	bool beyond = false;
	size_t k = c->at;
	for (;;) {
		k = next_mark(c, k, &beyond);
		if (k < c->n && !is_line_end(c->p[k])) {
			k++;
			continue;
		}
		if (k < c->n && pass_line_end(c, k, &c->at))
			break;
		c->at = k; /* what was passed need not be kept */
		if (c->end)
			break;
		if (fill(c, cx))
			return cx->err.code;
		k = 0;
	}
	c->line++;
	return CD_OK;
}

static bool is_comment(const struct cd_csv *c)
{
	return c->shape.comment && c->at < c->n && c->p[c->at] == c->shape.comment;
}

static bool is_empty(const struct cd_csv *c, const struct scanned *s)
{
	return s->n == 1 && c->cells[0].n == 0 && !s->quoted;
}

bool cd_csv_next(struct cd_csv *c, struct cd_cx *cx, struct cd_csv_row *ret)
{
	struct scanned s;
	if (!c->begun && begin(c, cx))
		return false;
	for (;;) {
		if (c->at >= c->n) {
			if (c->end || fill(c, cx))
				return false;
			continue;
		}
		if (is_comment(c)) {
			if (pass_line(c, cx))
				return false;
			continue;
		}
		switch (scan_row(c, &s)) {
		case SCAN_MORE:
			if (fill(c, cx))
				return false;
			break;
		case SCAN_NO_MEMORY:
			(void)cd_fail_memory(cx);
			return false;
		case SCAN_FAULT:
			*ret = (struct cd_csv_row){.line = c->line, .fault = s.fault};
			return pass_line(c, cx) == CD_OK;
		case SCAN_ROW:
			if (!is_empty(c, &s))
				return hand_out(c, cx, &s, ret);
			c->at = s.end;
			c->line += s.lines;
		}
	}
}
