/*
 * base/cx.h -- what every piece of work has: memory, an error slot, the time, the bounds, a trace id.
 *
 * The list is short and stays so: a field for one operation is an argument in hiding.
 */
#ifndef CD_BASE_CX_H
#define CD_BASE_CX_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/settings.h"

struct cd_cx {
	struct cd_arena *arena;
	const struct cd_settings *set;
	cd_time_us now; /* wall clock, fixed when the work began: createdAt, modifiedAt, expiry */
	uint64_t trace; /* in every log line about this work */
	struct cd_err err;
};

/* A context over an arena, with the wall clock of this moment. */
void cd_cx_init(struct cd_cx *, struct cd_arena *, const struct cd_settings *);

/*
 * Fails with a sentence about the input. The first cause wins: a later call only returns its code. `where` is
 * copied. Always returns `code`, so that callers write `return cd_fail(...)`.
 */
cd_code cd_fail(struct cd_cx *, cd_code, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
cd_code cd_fail_memory(struct cd_cx *);
/* For cd_err.found: a copy of UTF-8 text in the arena, cut after some hundred bytes. NULL when out of memory.
 */
const char *cd_err_quote(struct cd_arena *, cd_str text);

/* Forget the error, for work that goes on after a failure (items of a batch). */
void cd_cx_clear(struct cd_cx *);

#endif
