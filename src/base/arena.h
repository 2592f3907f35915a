/*
 * base/arena.h -- memory freed by lifetime: one arena per request, connection, batch.
 *
 * Allocation bumps a pointer inside chunks; nothing is freed alone. `max` bounds the whole arena: past it,
 * and when the heap is empty, alloc answers NULL and the caller fails with CD_E_NO_MEMORY. In sanitizer
 * builds every object is an allocation of its own, so that an overrun is caught on the spot. Not thread-safe;
 * it may move between threads together with what it holds.
 */
#ifndef CD_BASE_ARENA_H
#define CD_BASE_ARENA_H

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>

struct cd_arena_chunk;
struct cd_arena {
	struct cd_arena_chunk *head; /* the chunk that is being filled */
	char *at, *end;              /* free space of it */
	size_t used, max;            /* bytes taken from the heap; bound */
};

void cd_arena_init(struct cd_arena *, size_t max_bytes);
void cd_arena_done(struct cd_arena *);
/* Forget everything, keep one chunk of ordinary size for the next request. */
void cd_arena_reset(struct cd_arena *);

/* Aligned to 16, not zeroed. */
void *cd_arena_alloc(struct cd_arena *, size_t n);
void *cd_arena_zalloc(struct cd_arena *, size_t n);
#define CD_NEW(arena, type)     ((type *)cd_arena_zalloc((arena), sizeof(type)))
#define CD_NEWS(arena, type, n) ((type *)cd_arena_zalloc((arena), sizeof(type) * (size_t)(n)))

/* A copy with a NUL behind it; p == NULL when out of memory. */
cd_str cd_arena_copy(struct cd_arena *, cd_str);
/* The parts one behind the other, with a NUL behind all. */
cd_str cd_arena_join(struct cd_arena *, const cd_str *parts, size_t n);
cd_str cd_arena_printf(struct cd_arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
cd_str cd_arena_vprintf(struct cd_arena *, const char *fmt, va_list) __attribute__((format(printf, 2, 0)));

#endif
