/*
 * base/buf.h -- bytes being written: an answer, a log record, a line.
 *
 * Sticky: after the first failure every put does nothing; the caller looks at b->bad once, at the end. Grows
 * on the heap up to `max`. Text of numbers never depends on the locale.
 */
#ifndef CD_BASE_BUF_H
#define CD_BASE_BUF_H

#include "base/clock.h"
#include "base/err.h"

#include <stdint.h>

struct cd_buf {
	char *p;
	size_t n, cap, max;
	cd_code bad; /* CD_OK, CD_E_NO_MEMORY (heap) or CD_E_TOO_LARGE (over max) */
};

void cd_buf_init(struct cd_buf *, size_t max_bytes);
void cd_buf_done(struct cd_buf *);
/* Empty again; keeps its memory. */
void cd_buf_reset(struct cd_buf *);
/* Room for n more bytes; false sets bad. */
bool cd_buf_room(struct cd_buf *, size_t n);

static inline void cd_buf_put(struct cd_buf *b, cd_str s)
{
	if (s.n > b->cap - b->n && !cd_buf_room(b, s.n))
		return;
	if (s.n && !b->bad) {
		memcpy(b->p + b->n, s.p, s.n);
		b->n += s.n;
	}
}

static inline void cd_buf_char(struct cd_buf *b, char c)
{
	cd_buf_put(b, cd_str_of(&c, 1));
}

#define CD_BUF_LIT(b, lit) cd_buf_put((b), CD_STR(lit))

void cd_buf_u64(struct cd_buf *, uint64_t);
void cd_buf_i64(struct cd_buf *, int64_t);
void cd_buf_stamp(struct cd_buf *, cd_stamp); /* without quotes */
void cd_buf_printf(struct cd_buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline cd_str cd_buf_str(const struct cd_buf *b)
{
	return cd_str_of(b->p, b->n);
}

#endif
