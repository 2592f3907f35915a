/*
 * The suite of the W3C for expansion, compaction and remote documents, all of it that applies to JSON-LD 1.1.
 * It is data that this repository does not hold: $CARDO_DATA/json-ld-tests, else ../shared/data/...; without
 * it there is nothing to run. One process for all tests; `test_jsonld_w3c NAME...` runs single ones and shows
 * both sides.
 */
#include "fixture.h"

#include "jsonld/jsonld.h"

#include <stdio.h>

#define REMOTE "https://w3c.github.io/json-ld-api/tests/"
enum { SKIPPED = 77 };

/* Tests that fail, and why. The list has to be exact: one that passes after all is an error, too. */
static const struct {
	const char *name, *why;
} known[] = {
	{"remote-doc/t0013", "a context inside of HTML: the optional feature of script extraction"},
	{NULL, NULL},
};

static char folder[4096];

struct suite {
	const char *name, *manifest;
	bool compaction, remote;
	unsigned passed, failed, excused;
};

/* ---- documents ---- */

static const struct cd_json *read_file(struct work *w, cd_str name)
{
	char path[8192];
	struct cd_buf b;
	struct cd_json *v = NULL;
	snprintf(path, sizeof path, "%s/" CD_STR_FMT, folder, CD_STR_ARG(name));
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	cd_buf_init(&b, 1 << 24);
	char chunk[4096];
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		cd_buf_put(&b, cd_str_of(chunk, n));
	fclose(f);
	if (cd_json_parse_copy(&w->cx, cd_buf_str(&b), &v)) {
		fprintf(stderr, "%s: %s\n", path, w->cx.err.detail);
		cd_cx_clear(&w->cx);
	}
	cd_buf_done(&b);
	return v;
}

static const struct cd_json *document(void *arg, cd_str url, cd_str *ret_base)
{
	*ret_base = url;
	return cd_str_starts(url, CD_STR(REMOTE)) ? read_file(arg, cd_str_skip(url, sizeof REMOTE - 1))
						  : NULL;
}

/*
 * ---- comparing: in an expanded document only what stands in a @list has an order, as the suite says; a
 * compacted one keeps the order of its document, which is more than the suite asks ----
 */

static bool same_value(const struct cd_json *a, const struct cd_json *b, bool ordered);

static bool same_items(const struct cd_json *a, const struct cd_json *b, bool ordered)
{
	bool taken[1024] = {false};
	size_t i = 0;
	for (const struct cd_json *x = a->child; x; x = x->next, i++) {
		const struct cd_json *y = b->child;
		size_t k = 0;
		for (; y; y = y->next, k++)
			if (k < 1024 && !taken[k] && (!ordered || k == i) && same_value(x, y, ordered))
				break;
		if (!y)
			return false;
		taken[k] = true;
	}
	return true;
}

static bool same_members(const struct cd_json *a, const struct cd_json *b, bool ordered)
{
	for (const struct cd_json *x = a->child; x; x = x->next) {
		const struct cd_json *y = cd_json_get(b, x->key);
		bool list = ordered || cd_str_eq(x->key, CD_STR("@list"));
		if (!y)
			return false;
		if (cd_str_eq(x->key, CD_STR("@language")) && x->kind == CD_JSON_STRING
				? !cd_str_eq_nocase(x->text, y->text)
				: !same_value(x, y, list))
			return false;
	}
	return true;
}

static bool same_value(const struct cd_json *a, const struct cd_json *b, bool ordered)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == CD_JSON_ARRAY)
		return same_items(a, b, ordered);
	if (a->kind == CD_JSON_OBJECT)
		return same_members(a, b, ordered);
	if (a->kind == CD_JSON_NUMBER)
		return cd_json_number(a->text) == cd_json_number(b->text);
	return cd_str_eq(a->text, b->text);
}

/* ---- one test ---- */

static cd_str text_of(const struct cd_json *object, const char *key)
{
	const struct cd_json *v = cd_json_get(object, cd_str_z(key));
	return v && v->kind == CD_JSON_STRING ? v->text : cd_str_of(NULL, 0);
}

static bool is(const struct cd_json *object, const char *key, const char *text)
{
	return cd_str_eq(text_of(object, key), cd_str_z(text));
}

static bool no(const struct cd_json *object, const char *key)
{
	const struct cd_json *v = cd_json_get(object, cd_str_z(key));
	return v && v->kind == CD_JSON_FALSE;
}

static void show(const char *what, const struct cd_json *v)
{
	struct cd_buf b;
	cd_buf_init(&b, 1 << 24);
	if (v)
		cd_json_write(&b, v);
	fprintf(stderr, "  %s: " CD_STR_FMT "\n", what, CD_STR_ARG(cd_buf_str(&b)));
	cd_buf_done(&b);
}

/* ---- a server, as the options of a test describe it ---- */

static bool ends(cd_str s, const char *tail)
{
	cd_str t = cd_str_z(tail);
	return s.n >= t.n && cd_str_eq(cd_str_skip(s, s.n - t.n), t);
}

static cd_str media_of(cd_str name)
{
	return ends(name, ".jsonld") ? CD_STR("application/ld+json")
	       : ends(name, ".json") ? CD_STR("application/json")
				     : CD_STR("text/html");
}

static cd_str links_of(struct work *w, const struct cd_json *option)
{
	const struct cd_json *v = cd_json_get(option, CD_STR("httpLink"));
	bool list = v && v->kind == CD_JSON_ARRAY;
	cd_str all = CD_STR("");
	for (const struct cd_json *l = list ? v->child : v; l; l = list ? l->next : NULL) {
		const cd_str parts[] = {all, all.n ? CD_STR(", ") : CD_STR(""), l->text};
		all = cd_arena_join(&w->arena, parts, 3);
	}
	return all;
}

/* The document a test begins with: its name, and the URL of the context sent beside it. */
static const struct cd_json *load(struct work *w, const struct suite *s, const struct cd_json *test,
	cd_str *ret_name, cd_str *ret_context, struct cd_jld_problem *ret_problem)
{
	const struct cd_json *option = cd_json_get(test, CD_STR("option"));
	cd_str name = text_of(test, "input"), instead = {NULL, 0};
	if (s->remote && text_of(option, "redirectTo").p)
		name = text_of(option, "redirectTo");
	struct cd_jld_answer a = {.url = cd_ctx_join(&w->arena, CD_STR(REMOTE), name),
		.media = text_of(option, "contentType"),
		.link = links_of(w, option)};
	if (!a.media.p)
		a.media = media_of(name);
	if (s->remote && cd_jld_answered(&w->cx, &a, &instead, ret_context, ret_problem))
		return NULL;
	*ret_name = instead.p ? cd_str_skip(instead, sizeof REMOTE - 1) : name;
	const struct cd_json *v = read_file(w, *ret_name);
	if (!v) {
		ret_problem->error = CD_JLD_LOADING_DOCUMENT_FAILED;
		(void)cd_fail(&w->cx, CD_E_NOT_FOUND, NULL, "no such file");
	}
	return v;
}

static cd_code process(struct work *w, const struct suite *s, const struct cd_json *test,
	struct cd_json **ret, struct cd_jld_problem *ret_problem)
{
	const struct cd_ctx_docs docs = {document, w};
	const struct cd_json *option = cd_json_get(test, CD_STR("option"));
	cd_str name, context = text_of(option, "expandContext");
	struct cd_jld_options o = {.base = text_of(option, "base"), .docs = &docs};
	const struct cd_json *in = load(w, s, test, &name, &o.context_url, ret_problem);
	if (!in)
		return w->cx.err.code;
	if (!o.base.p)
		o.base = cd_ctx_join(&w->arena, CD_STR(REMOTE), name);
	if (context.p)
		o.context = read_file(w, context);
	o.old = is(option, "processingMode", "json-ld-1.0");
	o.keep_arrays = no(option, "compactArrays");
	o.keep_absolute = no(option, "compactToRelative");
	if (!s->compaction)
		return cd_jld_expand(&w->cx, in, &o, ret, ret_problem);
	return cd_jld_compact(&w->cx, in, read_file(w, text_of(test, "context")), &o, ret, ret_problem);
}

/* NULL: as expected; else what is wrong. */
static const char *outcome(struct work *w, const struct suite *s, const struct cd_json *test, bool loud)
{
	struct cd_jld_problem problem = {CD_JLD_NONE, {NULL, 0}};
	struct cd_json *got = NULL;
	cd_str error = text_of(test, "expectErrorCode");
	cd_code code = process(w, s, test, &got, &problem);
	const char *words = code ? cd_jld_error_words(problem.error) : "no error";
	if (loud && code)
		fprintf(stderr, "  %s at %s\n", w->cx.err.detail, w->cx.err.where ? w->cx.err.where : "");
	if (error.p)
		return code && cd_str_eq(error, cd_str_z(words)) ? NULL : words;
	if (code)
		return w->cx.err.detail;
	const struct cd_json *want = read_file(w, text_of(test, "expect"));
	if (want && same_value(want, got, s->compaction))
		return NULL;
	if (loud) {
		show("got ", got);
		show("want", want);
	}
	return "something else came out";
}

/* Which of the named tests is it? */
static bool chosen(const struct suite *s, const struct cd_json *test, int argc, char **argv, char *ret_name)
{
	cd_str id = text_of(test, "@id");
	bool named = argc < 2;
	snprintf(ret_name, 64, "%s/" CD_STR_FMT, s->name, CD_STR_ARG(cd_str_skip(id, 1)));
	for (int i = 1; i < argc; i++)
		named = named || strcmp(argv[i], ret_name) == 0;
	return named && !is(cd_json_get(test, CD_STR("option")), "specVersion", "json-ld-1.0");
}

static void judge(struct suite *s, const char *name, const char *wrong)
{
	const char *why = NULL;
	for (size_t i = 0; known[i].name; i++)
		if (strcmp(known[i].name, name) == 0)
			why = known[i].why;
	if (!why && !wrong) {
		s->passed++;
	} else if (why && wrong) {
		s->excused++;
		printf("%s fails: %s\n", name, why);
	} else {
		s->failed++;
		printf("%s: %s\n", name, wrong ? wrong : "passes, though it is named as failing");
	}
}

static bool run(struct suite *s, int argc, char **argv)
{
	struct work outer;
	work_init(&outer);
	const struct cd_json *manifest = read_file(&outer, cd_str_z(s->manifest));
	const struct cd_json *tests = cd_json_get(manifest, CD_STR("sequence"));
	for (const struct cd_json *t = tests ? tests->child : NULL; t; t = t->next) {
		char name[64];
		struct work w;
		if (!chosen(s, t, argc, argv, name))
			continue;
		work_init(&w);
		judge(s, name, outcome(&w, s, t, argc > 1));
		work_done(&w);
	}
	printf("%s: %u of %u passed\n", s->manifest, s->passed, s->passed + s->failed + s->excused);
	work_done(&outer);
	return tests && s->failed == 0;
}

int main(int argc, char **argv)
{
	struct suite suites[] = {{.name = "expand", .manifest = "expand-manifest.jsonld"},
		{.name = "compact", .manifest = "compact-manifest.jsonld", .compaction = true},
		{.name = "remote-doc", .manifest = "remote-doc-manifest.jsonld", .remote = true}};
	const char *data = getenv("CARDO_DATA");
	snprintf(folder, sizeof folder, "%s/json-ld-tests", data ? data : CARDO_ROOT "/../shared/data");
	FILE *f = fopen(folder, "r");
	if (!f) {
		printf("%s is not here: set CARDO_DATA to run the suite\n", folder);
		return SKIPPED;
	}
	fclose(f);
	bool good = true;
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		good = run(&suites[i], argc, argv) && good;
	return good ? 0 : 1;
}
