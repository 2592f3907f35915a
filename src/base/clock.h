/*
 * base/clock.h -- instants, and their written form.
 *
 * cd_time_us is UTC microseconds since 1970. A cd_stamp is an instant together with the way a client wrote it
 * (how many digits of a second, comma or point), so that an answer echoes the text it was given and
 * comparison still is one of integers:   stamp = us * 16 + form,  form = fraction digits 0..6, plus 8 when a
 * comma was used. Order of stamps is the order of instants; use cd_stamp_us() when equal instants must
 * compare equal.
 */
#ifndef CD_BASE_CLOCK_H
#define CD_BASE_CLOCK_H

#include "base/str.h"

#include <stdint.h>

typedef int64_t cd_time_us;
typedef int64_t cd_stamp;

#define CD_STAMP_NONE INT64_MIN /* "no such time" */

/* Written with `digits` digits of a second. */
static inline cd_stamp cd_stamp_of(cd_time_us us, unsigned digits)
{
	return us * 16 + (int64_t)digits;
}

static inline cd_time_us cd_stamp_us(cd_stamp s)
{
	return s >> 4;
}

/*
 * `YYYY-MM-DDThh:mm:ss[.f{1,6}]Z`, comma accepted; nothing else: no offsets, no missing parts, real days of
 * real months only, seconds 00..59.                                                             [CIM
 * 009 4.6.3]
 */
bool cd_stamp_parse(cd_str text, cd_stamp *ret);

enum { CD_STAMP_TEXT_MAX = 28 };
/* Writes the text as it was given (comma included), without NUL; returns its length. */
size_t cd_stamp_print(cd_stamp, char out[CD_STAMP_TEXT_MAX]);

cd_time_us cd_time_wall(void); /* CLOCK_REALTIME; only the edges call it: inside, cx->now is the time */
cd_time_us cd_time_mono(void); /* CLOCK_MONOTONIC */

#endif
