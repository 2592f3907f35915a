/* Documents compacted: which name and which form a value gets, and that nothing is lost. [JSON-LD 1.1 API 6]
 */
#include "document.h"

#include <stdio.h>

SHARED_WORK(w)

/* `want` without the context, which comes back in front as it was given. */
static void comes_more(
	const char *document, const char *context, const struct cd_jld_options *more, const char *want)
{
	struct cd_buf b;
	struct cd_json *v = (struct cd_json *)(uintptr_t)json_of(&w, context);
	cd_buf_init(&b, 1 << 16);
	CD_BUF_LIT(&b, "{'@context':");
	cd_json_write(&b, v);
	cd_buf_printf(&b, "%s%s", want[1] == '}' ? "" : ",", want + 1);
	cd_buf_char(&b, 0);
	for (char *c = b.p; *c; c++)
		*c = *c == '"' ? '\'' : *c;
	comes_with(&w, document, context, NULL, more, b.p);
	cd_buf_done(&b);
}

static void comes(const char *document, const char *context, const char *want)
{
	comes_more(document, context, NULL, want);
}

/* ---- names ---- */

static void the_shortest_name_then_the_least(void **state)
{
	(void)state;
	comes("{'http://p/a': 1}", "{'bb': 'http://p/a', 'b': 'http://p/a', 'a': 'http://p/a'}", "{'a':1}");
	comes("{'http://p/a': 1}", "{'p': 'http://p/', 'pp': 'http://p/'}", "{'p:a':1}");
	comes("{'http://p/a': 1}", "{'@vocab': 'http://p/'}", "{'a':1}");
	comes("{'http://p/a': 1}", "{'@vocab': 'http://p/', 'a': 'http://q/', 'p': 'http://p/'}",
		"{'p:a':1}");
	comes("{'http://p/a': 1}", "{'@vocab': 'http://p/', 'a': 'http://q/'}", "{'http://p/a':1}");
	comes("{'@id': 'http://p/a', '@type': 'http://p/T', 'http://p/x': []}",
		"{'id': '@id', 'type': '@type', 'T': 'http://p/T', 'p': 'http://p/'}",
		"{'id':'p:a','type':'T','p:x':[]}");
	/* a context without anything in it is not told of */
	comes_with(&w, "{'http://p/a': 1}", "{}", NULL, NULL, "{'http://p/a':1}");
	comes_with(&w, "[]", "{}", NULL, NULL, "{}");
}

static void the_name_that_fits_the_value(void **state)
{
	(void)state;
	const char *context = "{'n': {'@id': 'http://p/a', '@type': 'http://x/n'}, 'en': {'@id': "
			      "'http://p/a', '@language': 'en'},"
			      "'ref': {'@id': 'http://p/a', '@type': '@id'}, 'l': {'@id': 'http://p/a', "
			      "'@container': '@list'},"
			      "'none': {'@id': 'http://p/a', '@language': null}, 'rtl': {'@id': "
			      "'http://p/a', '@language': 'ar', '@direction': 'rtl'},"
			      "'j': {'@id': 'http://p/a', '@type': '@json'}}";
	comes("{'http://p/a': [{'@value': '5', '@type': 'http://x/n'}, {'@value': 'x', '@language': 'EN'}, "
	      "{'@id': 'http://d/a/r'},"
	      "{'@list': [1]}, 'plain', {'@value': 'y', '@language': 'ar', '@direction': 'rtl'}, {'@value': "
	      "[1], '@type': '@json'},"
	      "{'@value': 'z', '@type': 'http://x/m'}]}",
		context,
		"{'n':'5','en':'x','ref':'r','l':[1],'none':'plain','rtl':'y','j':[1],'http://p/"
		"a':{'@value':'z','@type':'http://x/m'}}");
}

static void lists_by_what_their_items_share(void **state)
{
	(void)state;
	const char *context = "{'i': {'@id': 'http://p/a', '@type': '@id', '@container': '@list'}, 'e': "
			      "{'@id': 'http://p/a', '@language': 'en', '@container': '@list'},"
			      "'x': {'@id': 'http://p/a', '@container': '@list'}}";
	comes("{'http://p/a': [{'@list': [{'@id': 'http://q/1'}, {'@id': 'http://q/2'}]}]}", context,
		"{'i':['http://q/1','http://q/2']}");
	comes("{'http://p/a': [{'@list': [{'@value': 'a', '@language': 'en'}]}]}", context, "{'e':['a']}");
	comes("{'http://p/a': [{'@list': [{'@value': 'a', '@language': 'en'}, 'b']}]}", context,
		"{'x':[{'@value':'a','@language':'en'},'b']}");
	comes("{'http://p/a': [{'@list': []}]}", context, "{'e':[]}");
	comes("{'http://p/a': [{'@list': [1], '@index': 'k'}]}", context,
		"{'http://p/a':{'@list':[1],'@index':'k'}}");
}

/* ---- forms ---- */

static void maps(void **state)
{
	(void)state;
	comes("{'http://p/a': [{'@value': 'x', '@language': 'en'}, {'@value': 'y', '@language': 'en'}, 'z']}",
		"{'a': {'@id': 'http://p/a', '@container': '@language'}}",
		"{'a':{'en':['x','y'],'@none':'z'}}");
	comes("{'http://p/a': [{'@value': 'x', '@index': 'k'}, {'@id': 'http://q/r', '@index': 'k'}]}",
		"{'a': {'@id': 'http://p/a', '@container': ['@index', '@set']}}",
		"{'a':{'k':['x',{'@id':'http://q/r'}]}}");
	comes("{'http://p/a': ['x', {'@list': [1]}, {'@list': [], '@index': 'k'}, 'y']}",
		"{'a': {'@id': 'http://p/a', '@container': '@index'}}",
		"{'a':{'@none':['x',{'@list':[1]},'y'],'k':{'@list':[]}}}");
	comes("{'http://p/a': [{'@id': 'http://q/r', 'http://p/b': 1}, {'http://p/b': 2}]}",
		"{'a': {'@id': 'http://p/a', '@container': '@id'}, 'b': 'http://p/b'}",
		"{'a':{'http://q/r':{'b':1},'@none':{'b':2}}}");
	comes("{'http://p/a': [{'@type': ['http://p/T', 'http://p/U'], 'http://p/b': 1}, {'@id': "
	      "'http://q/r', '@type': 'http://p/U'}]}",
		"{'@vocab': 'http://p/', 'a': {'@container': '@type'}}",
		"{'a':{'T':{'b':1,'@type':'U'},'U':'http://q/r'}}");
	comes("{'http://p/a': [{'http://p/k': 'one', 'http://p/b': 1}, {'http://p/b': 2}]}",
		"{'@vocab': 'http://p/', 'a': {'@container': '@index', '@index': 'k'}}",
		"{'a':{'one':{'b':1},'@none':{'b':2}}}");
	comes("{'http://p/a': [{'@graph': [{'http://p/b': 1}], '@id': 'http://q/g'}, {'@graph': "
	      "[{'http://p/b': 2}, {'http://p/b': 3}]}]}",
		"{'@vocab': 'http://p/', 'a': {'@container': ['@graph', '@id']}}",
		"{'a':{'http://q/g':{'b':1},'@none':[{'b':2},{'b':3}]}}");
}

static void nothing_is_lost(void **state)
{
	(void)state;
	/* an index that no container holds */
	comes("{'http://p/a': [{'@id': 'http://q/r', '@index': 'k'}, {'@value': 'x', '@index': 'k'}]}",
		"{'a': {'@id': 'http://p/a', '@type': '@id'}}",
		"{'a':{'@id':'http://q/r','@index':'k'},'http://p/a':{'@value':'x','@index':'k'}}");
	/* a language that would be added, a type that would */
	comes("{'http://p/a': ['x', 1]}", "{'@language': 'en', '@vocab': 'http://p/'}",
		"{'a':[{'@value':'x'},1]}");
	comes("{'http://p/a': [{'@value': 1, '@type': 'http://x/n'}]}",
		"{'a': 'http://p/a', 'n': 'http://x/n'}", "{'a':{'@value':1,'@type':'n'}}");
	comes("{'http://p/a': [{'@value': [], '@type': '@json'}]}",
		"{'a': {'@id': 'http://p/a', '@type': '@json', '@container': '@set'}}", "{'a':[]}");
	comes("{'http://p/a': [1.0, 1e400, null]}", "{'a': 'http://p/a'}", "{'a':[1.0,1e400]}");
	/* several at the top, and a graph that is named */
	comes("[{'http://p/a': 1}, {'http://p/a': 2}]", "{'a': 'http://p/a', 'g': '@graph'}",
		"{'g':[{'a':1},{'a':2}]}");
	comes("{'@id': 'http://q/g', '@graph': [{'http://p/a': 1}]}", "{'a': 'http://p/a'}",
		"{'@id':'http://q/g','@graph':[{'a':1}]}");
}

static void reverse_nest_included(void **state)
{
	(void)state;
	comes("{'@id': 'http://q/x', '@reverse': {'http://p/a': [{'@id': 'http://q/y'}], 'http://p/b': "
	      "[{'@id': 'http://q/z'}]}}",
		"{'r': {'@reverse': 'http://p/a'}}",
		"{'@id':'http://q/x','r':{'@id':'http://q/y'},'@reverse':{'http://p/b':{'@id':'http://q/"
		"z'}}}");
	comes("{'http://p/a': 1, 'http://p/b': [], 'http://p/c': 3}",
		"{'@vocab': 'http://p/', 'a': {'@nest': 'n'}, 'b': {'@nest': 'n'}, 'n': '@nest'}",
		"{'n':{'a':1,'b':[]},'c':3}");
	comes("{'@included': [{'http://p/a': 1}], 'http://p/b': 2}", "{'@vocab': 'http://p/'}",
		"{'@included':{'a':1},'b':2}");
}

static void contexts_of_terms_and_of_types(void **state)
{
	(void)state;
	comes("{'@type': 'http://p/T', 'http://p/a': [{'http://p/b': 1}]}",
		"{'@vocab': 'http://p/', 'T': {'@context': {'x': 'http://p/a', 'y': 'http://p/b'}}}",
		"{'@type':'T','x':{'b':1}}");
	comes("{'http://p/a': [{'http://p/b': 1}], 'http://p/b': 2}",
		"{'@vocab': 'http://p/', 'a': {'@context': {'y': 'http://p/b'}}}", "{'a':{'y':1},'b':2}");
}

static void options(void **state)
{
	(void)state;
	const struct cd_jld_options arrays = {.keep_arrays = true}, absolute = {.keep_absolute = true};
	comes_more("{'@id': 'x', '@type': 'http://p/T', 'http://p/a': 1}", "{'@vocab': 'http://p/'}", &arrays,
		"{'@graph':[{'@id':'x','@type':['T'],'a':[1]}]}");
	comes_more("{'@id': 'x', 'http://p/a': 1}", "{'@vocab': 'http://p/'}", &absolute,
		"{'@id':'http://d/a/x','a':1}");
	static const struct page rows[] = {
		{"http://c/one", "{'@context': {'a': 'http://p/a'}}", NULL}, {NULL, NULL, NULL}};
	const struct cd_jld_options elsewhere = {.compact_base = CD_STR_INIT("http://c/x")};
	comes_with(&w, "{'http://p/a': 1}", "['one', {}]", rows, &elsewhere, "{'@context':['one',{}],'a':1}");
}

static void errors(void **state)
{
	(void)state;
	fails_with(&w, "{'@id': 'p:x', 'http://p/a': 1}", "{'p': 'http://q/'}", NULL, NULL,
		CD_JLD_IRI_CONFUSED_WITH_PREFIX, NULL);
	fails_with(&w, "{'http://p/a': 1}", "{'a': {'@id': 'http://p/a', '@nest': 'n'}, 'n': 'http://p/n'}",
		NULL, NULL, CD_JLD_INVALID_NEST_VALUE, NULL);
	fails_with(&w, "{'http://p/a': 1}", "{'@context': {'a': 5}}", NULL, NULL,
		CD_JLD_INVALID_TERM_DEFINITION, "/@context/a");
	fails_with(&w, "{'@id': 5}", "{}", NULL, NULL, CD_JLD_INVALID_ID_VALUE, "/@id");
	fails_with(&w, "{'http://p/a': 1}", "5", NULL, NULL, CD_JLD_INVALID_LOCAL_CONTEXT, "");
}

/* ---- what a server says ---- */

static void answers(void **state)
{
	(void)state;
	static const struct {
		const char *media, *link, *instead, *context;
		enum cd_jld_error error;
	} rows[] = {
		{"application/ld+json", "<c>; rel=\"http://www.w3.org/ns/json-ld#context\"", NULL, NULL,
			CD_JLD_NONE},
		{"application/json; charset=utf-8", "<c>; rel=\"http://www.w3.org/ns/json-ld#context\"", NULL,
			"http://d/a/c", CD_JLD_NONE},
		{"Application/Geo+JSON", "<x>; rel=\"next http://www.w3.org/ns/json-ld#context\"; rel=last",
			NULL, "http://d/a/x", CD_JLD_NONE},
		{"application/json", "<c>; rel=\"last\"; rel=\"http://www.w3.org/ns/json-ld#context\"", NULL,
			NULL, CD_JLD_NONE},
		{"application/json",
			"<c>; rel=\"http://www.w3.org/ns/json-ld#context\", <e>; "
			"rel=\"http://www.w3.org/ns/json-ld#context\"",
			NULL, NULL, CD_JLD_MULTIPLE_CONTEXT_LINK_HEADERS},
		{"application/json", "<c>; rel=alternate; type=\"application/ld+json\"", NULL, NULL,
			CD_JLD_NONE},
		{"text/html", "<x>; rel=next, </c>; rel=alternate; type=\"application/ld+json\"",
			"http://d/c", NULL, CD_JLD_NONE},
		{"text/html", "<c>; rel=alternate; type=\"text/plain\"", NULL, NULL,
			CD_JLD_LOADING_DOCUMENT_FAILED},
		{"text/html", "", NULL, NULL, CD_JLD_LOADING_DOCUMENT_FAILED},
		{"", "broken", NULL, NULL, CD_JLD_LOADING_DOCUMENT_FAILED},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct cd_jld_answer a = {
			CD_STR_INIT(BASE), cd_str_z(rows[i].media), cd_str_z(rows[i].link)};
		struct cd_jld_problem problem;
		cd_str instead, context;
		cd_cx_clear(&w.cx);
		cd_code code = cd_jld_answered(&w.cx, &a, &instead, &context, &problem);
		assert_int_equal(problem.error, rows[i].error);
		assert_int_equal(code, rows[i].error ? CD_E_BAD_REQUEST_DATA : CD_OK);
		if (!code) {
			same(instead, rows[i].instead ? rows[i].instead : "");
			same(context, rows[i].context ? rows[i].context : "");
		}
	}
}

/* ---- the core context as a document says what its table says ---- */

static void the_core_is_a_document(void **state)
{
	(void)state;
	const struct cd_ctx *core = cd_ctx_core();
	struct cd_json *doc = cd_ctx_core_document(&w.cx), *got;
	assert_non_null(doc);
	const struct cd_jld_options o = {.context = doc};
	for (uint32_t i = 0; i <= core->mask; i++) {
		const struct cd_ctx_entry *e = core->slots[i];
		struct cd_jld_problem problem;
		if (!e || e->def.iri.p[0] == '@')
			continue;
		struct cd_json value = {.kind = CD_JSON_STRING, .text = CD_STR("http://x/y"), .key = e->name},
			       in = {.kind = CD_JSON_OBJECT};
		cd_json_append(&in, &value);
		assert_int_equal(cd_jld_expand(&w.cx, &in, &o, &got, &problem), CD_OK);
		const struct cd_json *m = got->child->child, *v = m->child;
		assert_true(cd_str_eq(m->key, e->def.iri));
		if (e->def.containers & CD_CONTAINER_LIST)
			v = cd_json_get(v, CD_STR("@list"))->child;
		const struct cd_json *type = cd_json_get(v, CD_STR("@type"));
		bool reference = e->def.coerce == CD_COERCE_ID || e->def.coerce == CD_COERCE_VOCAB;
		assert_true((cd_json_get(v, CD_STR("@id")) != NULL) == reference);
		if (e->def.coerce == CD_COERCE_TYPED)
			assert_true(cd_str_eq(type->text, e->def.type));
		else if (e->def.coerce == CD_COERCE_JSON)
			same(type->text, "@json");
		else
			assert_null(type);
	}
	comes_with(&w, "{'a': 1}", NULL, NULL, &o,
		"[{'https://uri.etsi.org/ngsi-ld/default-context/a':[{'@value':1}]}]");
	const struct cd_jld_options behind = {.context = doc};
	fails_with(&w, "{'@context': {'value': 'http://evil/'}}", NULL, NULL, &behind,
		CD_JLD_PROTECTED_TERM_REDEFINITION, "/@context/value");
}

/* ---- bounds, time and memory ---- */

/* Of one IRI, all of another type, none of which fits: not looked through for each of many values. */
static void thousands_of_names_for_one_iri(void **state)
{
	(void)state;
	struct cd_buf b, d;
	struct cd_json *v, *context, *got;
	struct cd_jld_problem problem;
	cd_buf_init(&b, 1 << 24);
	cd_buf_init(&d, 1 << 24);
	CD_BUF_LIT(&b, "{");
	for (int i = 0; i < 5000; i++)
		cd_buf_printf(&b, "%s\"t%d\":{\"@id\":\"http://p/a\",\"@type\":\"http://x/%d\"}",
			i ? "," : "", i, i);
	CD_BUF_LIT(&b, "}");
	CD_BUF_LIT(&d, "{\"http://p/a\":[0");
	for (int i = 1; i < 20000; i++)
		cd_buf_printf(&d, ",{\"@value\":%d,\"@type\":\"http://y/%d\"}", i, i);
	CD_BUF_LIT(&d, "]}");
	assert_int_equal(cd_json_parse_copy(&w.cx, cd_buf_str(&b), &context), CD_OK);
	assert_int_equal(cd_json_parse_copy(&w.cx, cd_buf_str(&d), &v), CD_OK);
	cd_buf_done(&b);
	cd_buf_done(&d);
	const struct cd_jld_options o = {.old = false};
	cd_time_us before = cd_time_mono();
	assert_int_equal(cd_jld_compact(&w.cx, v, context, &o, &got, &problem), CD_E_BAD_REQUEST_DATA);
	assert_int_equal(problem.error, CD_JLD_CONTEXT_OVERFLOW);
	assert_true(cd_time_mono() - before < 10000000);
}

static void a_hundred_thousand_properties(void **state)
{
	(void)state;
	struct cd_json *v = hundred_thousand(&w), *got;
	struct cd_jld_problem problem;
	const struct cd_jld_options o = {.old = false};
	cd_time_us before = cd_time_mono();
	assert_int_equal(
		cd_jld_compact(&w.cx, v, json_of(&w, "{'@vocab': 'http://v/'}"), &o, &got, &problem), CD_OK);
	assert_int_equal(got->n, 100001);
	assert_true(cd_time_mono() - before < 20000000);
}

static void out_of_memory_at_every_place(void **state)
{
	(void)state;
	static const struct page rows[] = {
		{"http://d/a/one",
			"{'@context': {'p': 'http://p/', 'T': {'@id': 'p:T', '@context': {'x': 'p:x'}}}}",
			NULL},
		{NULL, NULL, NULL}};
	const char *context =
		"['one', {'@vocab': 'http://v/', 'l': {'@container': '@list'}, 'i': {'@container': "
		"['@index', '@set']}, 'g': {'@container': ['@graph', '@id']},"
		"'m': {'@container': '@language'}, 'r': {'@reverse': 'q'}, 'n': {'@nest': '@nest'}}]";
	const char *document = "{'@context': ['one', {'@vocab': 'http://v/', 'l': {'@container': '@list'}, "
			       "'i': {'@container': '@index'}, 'g': {'@container': ['@graph', '@id']},"
			       "'m': {'@container': '@language'}, 'r': {'@reverse': 'q'}}],"
			       "'@id': 'a', '@type': 'T', 'x': 1, 'l': [1, 'two'], 'i': {'k': {'@id': 'b'}}, "
			       "'g': {'c': {'y': 2}}, 'm': {'en': 'e'}, 'r': {'@id': 'd'},"
			       "'n': {'@value': 'v', '@type': 'p:t', '@index': 'o'}}";
	char *whole = NULL;
	for (unsigned long k = 0;; k++) {
		struct cd_jld_problem problem = {CD_JLD_NONE, {NULL, 0}};
		struct work inner;
		work_init(&inner);
		cd_mem_fail_after(k); /* 0: not at all, to know what should come */
		const char *got = try_process(&inner, document, context, rows, NULL, &problem);
		bool failed = cd_mem_failed();
		cd_mem_fail_after(0);
		if (k == 0)
			whole = strdup(got);
		assert_int_equal(problem.error, CD_JLD_NONE);
		if (!got)
			assert_int_equal(inner.cx.err.code, CD_E_NO_MEMORY);
		else
			assert_string_equal(got, whole);
		assert_true(failed || got);
		work_done(&inner);
		if (k && !failed)
			break;
	}
	free(whole);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(the_shortest_name_then_the_least),
		TEST(the_name_that_fits_the_value), TEST(lists_by_what_their_items_share), TEST(maps),
		TEST(nothing_is_lost), TEST(reverse_nest_included), TEST(contexts_of_terms_and_of_types),
		TEST(options), TEST(errors), TEST(answers), TEST(the_core_is_a_document),
		TEST(thousands_of_names_for_one_iri), TEST(a_hundred_thousand_properties),
		TEST(out_of_memory_at_every_place)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
