#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

void cd_buf_init(struct cd_buf *b, size_t max_bytes)
{
	*b = (struct cd_buf){.max = max_bytes};
}

void cd_buf_done(struct cd_buf *b)
{
	cd_mem_free(b->p);
	*b = (struct cd_buf){.max = b->max};
}

void cd_buf_reset(struct cd_buf *b)
{
	b->n = 0;
	b->bad = CD_OK;
}

bool cd_buf_room(struct cd_buf *b, size_t n)
{
	if (b->bad)
		return false;
	if (n <= b->cap - b->n)
		return true;
	if (n > b->max || b->n > b->max - n) {
		b->bad = CD_E_TOO_LARGE;
		return false;
	}
	size_t cap = b->cap ? b->cap * 2 : 512;
	if (cap < b->n + n)
		cap = b->n + n;
	if (cap > b->max)
		cap = b->max;
	char *p = cd_mem_realloc(b->p, cap);
	if (!p) {
		b->bad = CD_E_NO_MEMORY;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void cd_buf_u64(struct cd_buf *b, uint64_t v)
{
	char text[20];
	size_t at = sizeof text;
	do
		text[--at] = (char)('0' + v % 10);
	while (v /= 10);
	cd_buf_put(b, cd_str_of(text + at, sizeof text - at));
}

void cd_buf_i64(struct cd_buf *b, int64_t v)
{
	if (v < 0)
		cd_buf_char(b, '-');
	cd_buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void cd_buf_stamp(struct cd_buf *b, cd_stamp stamp)
{
	char text[CD_STAMP_TEXT_MAX];
	cd_buf_put(b, cd_str_of(text, cd_stamp_print(stamp, text)));
}

void cd_buf_printf(struct cd_buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	size_t room = b->bad ? 0 : b->cap - b->n;
	int n = vsnprintf(room ? b->p + b->n : NULL, room, fmt, ap);
	/* vsnprintf writes a NUL behind the text: room for it is asked for, but not kept */
	bool fits = n >= 0 && (size_t)n < room;
	if (!fits && n >= 0 && cd_buf_room(b, (size_t)n + 1)) {
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		fits = true;
	}
	b->n += fits ? (size_t)n : 0;
	va_end(again);
	va_end(ap);
}
