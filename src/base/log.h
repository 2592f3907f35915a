/*
 * base/log.h -- one line for each incident, as key=value.
 *
 * Library code returns its errors; the edges log, once, and say what was done next. Payloads, tokens and
 * query values stay out. Lines go to standard error, whole, from any thread: time=2026-01-02T03:04:05.678Z
 * level=warn area=jsonld trace=7f3a did="kept the cached context" why="timed out"
 */
#ifndef CD_BASE_LOG_H
#define CD_BASE_LOG_H

#include "base/str.h"

#include <stdint.h>

enum cd_log_level { CD_LOG_DEBUG, CD_LOG_INFO, CD_LOG_WARN, CD_LOG_ERROR };

bool cd_log_level_parse(cd_str, enum cd_log_level *ret);
void cd_log_level_set(enum cd_log_level);

/* `why` may be NULL; `more` is a printf format of further key=value pairs, or NULL. */
void cd_log(enum cd_log_level, const char *area, uint64_t trace, const char *did, const char *why,
	const char *more, ...) __attribute__((format(printf, 6, 7)));

#endif
