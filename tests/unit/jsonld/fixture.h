/* What the tests of this room share: a piece of work with its memory, and contexts compiled from text. */
#ifndef CD_TEST_JSONLD_FIXTURE_H
#define CD_TEST_JSONLD_FIXTURE_H

#include "base/mem.h"
#include "jsonld/context_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct work {
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
};

static inline void work_init(struct work *w)
{
	cd_settings_init(&w->set);
	cd_arena_init(&w->arena, w->set.request_memory);
	cd_cx_init(&w->cx, &w->arena, &w->set);
}

static inline void work_done(struct work *w)
{
	cd_arena_done(&w->arena);
}

/* For tests that share one piece of work: `static struct work w;` and a set-up and tear-down for it. */
#define SHARED_WORK(w)                                                                                       \
	static struct work w;                                                                                \
	static int set_up(void **state)                                                                      \
	{                                                                                                    \
		(void)state;                                                                                 \
		work_init(&w);                                                                               \
		return 0;                                                                                    \
	}                                                                                                    \
	static int tear_down(void **state)                                                                   \
	{                                                                                                    \
		(void)state;                                                                                 \
		work_done(&w);                                                                               \
		return 0;                                                                                    \
	}

/* JSON with ' instead of ", so that it reads well in C. NULL and the error when memory runs out. */
static inline const struct cd_json *try_json(struct work *w, const char *text)
{
	cd_str copy = cd_arena_copy(&w->arena, cd_str_z(text));
	struct cd_json *v = NULL;
	for (char *p = (char *)(uintptr_t)copy.p; p && *p; p++)
		*p = *p == '\'' ? '"' : *p;
	if (!copy.p)
		(void)cd_fail_memory(&w->cx);
	return !copy.p || cd_json_parse_copy(&w->cx, copy, &v) ? NULL : v;
}

static inline const struct cd_json *json_of(struct work *w, const char *text)
{
	const struct cd_json *v = try_json(w, text);
	if (!v)
		fail_msg("%s: %s", text, w->cx.err.detail);
	return v;
}

/* Documents that a context may name, as rows; no row: not here. `base` NULL: that of the URL. */
struct page {
	const char *url, *text, *base;
};
struct pages {
	struct work *w;
	const struct page *rows;
	unsigned asked;
};

static inline const struct cd_json *pages_get(void *arg, cd_str url, cd_str *ret_base)
{
	struct pages *p = arg;
	p->asked++;
	for (const struct page *row = p->rows; row && row->url; row++)
		if (cd_str_eq(url, cd_str_z(row->url))) {
			*ret_base = row->base ? cd_str_z(row->base) : url;
			return try_json(p->w, row->text);
		}
	return NULL;
}

static inline cd_code compile_with(
	struct work *w, const char *text, const struct page *rows, struct cd_ctx **ret, cd_str *ret_missing)
{
	struct pages p = {w, rows, 0};
	const struct cd_ctx_docs docs = {pages_get, &p};
	cd_cx_clear(&w->cx);
	*ret = NULL;
	return cd_ctx_compile(&w->cx, json_of(w, text), cd_str_of("", 0), &docs, ret, ret_missing);
}

static inline struct cd_ctx *compiled(struct work *w, const char *text)
{
	struct cd_ctx *c;
	cd_str missing;
	cd_code code = compile_with(w, text, NULL, &c, &missing);
	if (code)
		fail_msg("%s: %s", text, w->cx.err.detail);
	return c;
}

static inline void same(cd_str got, const char *want)
{
	if (!cd_str_eq(got, cd_str_z(want)))
		fail_msg("got \"%.*s\", expected \"%s\"", (int)got.n, got.p ? got.p : "", want);
}

#endif
