/*
 * Any JSON as a document, a context and what they name: {"document": ..., "context": ..., "old": ..., "URL":
 * document, ...}. Expansion and compaction end within their bounds, with an error of the list or a tree; what
 * was expanded stays the same when it is compacted without a context and expanded again.
 */
#include "jsonld/jsonld.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_at(bool good, int line)
{
	if (!good)
		fprintf(stderr, "fuzz_jsonld.c:%d: not so\n", line);
	if (!good)
		abort();
}
#define check(what) check_at(what, __LINE__)

static const struct cd_json *document(void *arg, cd_str url, cd_str *ret_base)
{
	*ret_base = url;
	return cd_json_get(arg, url);
}

/* Members in any order. */
static bool same(const struct cd_json *a, const struct cd_json *b)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind != CD_JSON_ARRAY && a->kind != CD_JSON_OBJECT)
		return cd_str_eq(a->text, b->text);
	const struct cd_json *y = b->child;
	for (const struct cd_json *x = a->child; x; x = x->next) {
		const struct cd_json *other = a->kind == CD_JSON_OBJECT ? cd_json_get(b, x->key) : y;
		if (!other || !same(x, other))
			return false;
		y = y ? y->next : NULL;
	}
	return true;
}

/* A whole tree: each item knows what is around it, each array its last and its length. */
static void sound(const struct cd_json *v)
{
	uint32_t n = 0;
	const struct cd_json *last = NULL;
	if (v->kind != CD_JSON_ARRAY && v->kind != CD_JSON_OBJECT)
		return;
	for (const struct cd_json *m = v->child; m; m = m->next, n++) {
		check(m->up == v && (v->kind == CD_JSON_OBJECT) == (m->key.p != NULL));
		last = m;
		sound(m);
	}
	check(n == v->n && last == v->last);
}

static bool ended_well(struct cd_cx *cx, cd_code code, const struct cd_jld_problem *p)
{
	check(code == cx->err.code);
	check(code == CD_OK || code == CD_E_BAD_REQUEST_DATA || code == CD_E_NO_MEMORY ||
		code == CD_E_CONTEXT_UNAVAIL);
	check((code == CD_E_CONTEXT_UNAVAIL) == (p->missing.p != NULL));
	check(code || p->error == CD_JLD_NONE);
	cd_cx_clear(cx);
	return code == CD_OK;
}

/* Holds what the standard does not keep: graphs with empty nodes in them, an empty @type, the direction of
 * what is no text. */
static bool fades(const struct cd_json *v)
{
	const struct cd_json *type = cd_json_get(v, CD_STR("@type"));
	const struct cd_json *value = cd_json_get(v, CD_STR("@value"));
	bool found = cd_json_get(v, CD_STR("@graph")) || (type && type->kind == CD_JSON_ARRAY && !type->n) ||
		     (value && value->kind != CD_JSON_STRING && cd_json_get(v, CD_STR("@direction")));
	bool inner = v->kind == CD_JSON_ARRAY || v->kind == CD_JSON_OBJECT;
	for (const struct cd_json *m = inner ? v->child : NULL; m && !found; m = m->next)
		found = fades(m);
	return found;
}

/* Compacted without a context, and expanded again; NULL: that did not end well. */
static struct cd_json *round_trip(
	struct cd_cx *cx, const struct cd_json *expanded, const struct cd_jld_options *o)
{
	struct cd_json *plain, *again, none = {.kind = CD_JSON_OBJECT};
	struct cd_jld_problem problem;
	if (!ended_well(cx, cd_jld_compact(cx, expanded, &none, o, &plain, &problem), &problem))
		return NULL;
	sound(plain);
	return ended_well(cx, cd_jld_expand(cx, plain, o, &again, &problem), &problem) ? again : NULL;
}

/* What fades does so once. */
static void and_back(struct cd_cx *cx, const struct cd_json *expanded, const struct cd_jld_options *o)
{
	struct cd_jld_options bare = {.old = o->old, .keep_absolute = true, .keep_arrays = o->keep_arrays};
	struct cd_json *once = round_trip(cx, expanded, &bare);
	struct cd_json *twice = once ? round_trip(cx, once, &bare) : NULL;
	if (once && !fades(expanded))
		check(same(expanded, once));
	if (twice)
		check(same(once, twice));
}

static void run(struct cd_cx *cx, const struct cd_json *v)
{
	const struct cd_ctx_docs docs = {document, (void *)(uintptr_t)v};
	const struct cd_json *in = cd_json_get(v, CD_STR("document")),
			     *context = cd_json_get(v, CD_STR("context")),
			     *base = cd_json_get(v, CD_STR("base"));
	struct cd_jld_options o = {.docs = &docs,
		.old = cd_json_get(v, CD_STR("old")) != NULL,
		.keep_arrays = cd_json_get(v, CD_STR("arrays")) != NULL,
		.base = CD_STR("http://d/a/b?c#d")};
	struct cd_jld_problem problem;
	struct cd_json *got;
	if (base && base->kind == CD_JSON_STRING)
		o.base = base->text;
	if (!in)
		return;
	if (ended_well(cx, cd_jld_expand(cx, in, &o, &got, &problem), &problem)) {
		check(got->kind == CD_JSON_ARRAY && !got->up);
		sound(got);
		and_back(cx, got, &o);
	}
	if (context && ended_well(cx, cd_jld_compact(cx, in, context, &o, &got, &problem), &problem)) {
		check(got->kind == CD_JSON_OBJECT && !got->up);
		sound(got);
		(void)ended_well(cx, cd_jld_expand(cx, got, &o, &got, &problem), &problem);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v;
	cd_settings_init(&set);
	set.context_terms = 100;
	set.id_max = 200;
	set.request_memory = 1 << 23;
	cd_arena_init(&arena, set.request_memory);
	cd_cx_init(&cx, &arena, &set);
	if (!cd_json_parse_copy(&cx, cd_str_of((const char *)data, size), &v))
		run(&cx, v);
	cd_arena_done(&arena);
	return 0;
}
