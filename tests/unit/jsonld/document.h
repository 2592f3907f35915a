/* Documents expanded and compacted from text, for the tests of JSON-LD. */
#ifndef CD_TEST_JSONLD_DOCUMENT_H
#define CD_TEST_JSONLD_DOCUMENT_H

#include "fixture.h"
#include "jsonld/jsonld.h"

#define BASE "http://d/a/b"

/* Expanded, or compacted when there is a `context`; the text of what came, or NULL and the error. */
static inline const char *try_process(struct work *w, const char *document, const char *context,
	const struct page *rows, const struct cd_jld_options *more, struct cd_jld_problem *ret_problem)
{
	struct pages p = {w, rows, 0};
	const struct cd_ctx_docs docs = {pages_get, &p};
	struct cd_jld_options o = more ? *more : (struct cd_jld_options){.old = false};
	struct cd_json *got = NULL;
	struct cd_buf b;
	o.docs = &docs;
	o.base = CD_STR(BASE);
	cd_cx_clear(&w->cx);
	const struct cd_json *in = try_json(w, document), *with = context ? try_json(w, context) : NULL;
	if (!in || (context && !with))
		return NULL;
	if (with)
		(void)cd_jld_compact(&w->cx, in, with, &o, &got, ret_problem);
	else
		(void)cd_jld_expand(&w->cx, in, &o, &got, ret_problem);
	if (!got)
		return NULL;
	cd_buf_init(&b, 1 << 24);
	cd_json_write(&b, got);
	cd_buf_char(&b, 0);
	for (char *c = b.p; c && *c; c++)
		*c = *c == '"' ? '\'' : *c;
	cd_str text = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(&w->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	if (!text.p)
		(void)cd_fail_memory(&w->cx);
	return text.p;
}

static inline void comes_with(struct work *w, const char *document, const char *context,
	const struct page *rows, const struct cd_jld_options *more, const char *want)
{
	struct cd_jld_problem problem = {CD_JLD_NONE, {NULL, 0}};
	const char *got = try_process(w, document, context, rows, more, &problem);
	if (!got)
		fail_msg("%s: %s", document, w->cx.err.detail);
	else if (strcmp(got, want) != 0)
		fail_msg("%s\n   got %s\nwanted %s", document, got, want);
	assert_int_equal(problem.error, CD_JLD_NONE);
	assert_null(problem.missing.p);
}

static inline void fails_with(struct work *w, const char *document, const char *context,
	const struct page *rows, const struct cd_jld_options *more, enum cd_jld_error error,
	const char *where)
{
	struct cd_jld_problem problem = {CD_JLD_NONE, {NULL, 0}};
	const char *got = try_process(w, document, context, rows, more, &problem);
	if (got)
		fail_msg("%s: came to %s", document, got);
	if (problem.error != error)
		fail_msg("%s: \"%s\", expected \"%s\" (%s)", document, cd_jld_error_words(problem.error),
			cd_jld_error_words(error), w->cx.err.detail);
	cd_str words = cd_str_z(cd_jld_error_words(error));
	assert_true(cd_str_starts(cd_str_z(w->cx.err.detail), words));
	if (where && (!w->cx.err.where || strcmp(where, w->cx.err.where) != 0))
		fail_msg("%s: at \"%s\", expected \"%s\"", document,
			w->cx.err.where ? w->cx.err.where : "(nowhere)", where);
}

/* An object with a hundred thousand properties http://v/p0 and so on; the arena is given room for what comes
 * of it. */
static inline struct cd_json *hundred_thousand(struct work *w)
{
	struct cd_buf b;
	struct cd_json *v;
	cd_buf_init(&b, 1 << 26);
	for (int i = 0; i < 100000; i++)
		cd_buf_printf(&b, "%c\"http://v/p%d\":%d", i ? ',' : '{', i, i);
	cd_buf_char(&b, '}');
	w->arena.max = 1u << 30;
	assert_int_equal(cd_json_parse_copy(&w->cx, cd_buf_str(&b), &v), CD_OK);
	cd_buf_done(&b);
	return v;
}

#endif
