/* Contexts compiled from text: what a name means, and what an IRI is called. [JSON-LD 1.1; CIM 009 5.5.7] */
#include "fixture.h"

#include "base/buf.h"

#include <stdio.h>

#define VOCAB    "https://uri.etsi.org/ngsi-ld/default-context/"
#define NGSILD   "https://uri.etsi.org/ngsi-ld/"
#define CORE_URL "'https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld'"

SHARED_WORK(w)

struct pair {
	const char *name, *iri;
};

/* Both ways. */
static void names_mean(const char *context, const struct pair *pairs, size_t n)
{
	struct cd_ctx *c = compiled(&w, context);
	for (size_t i = 0; i < n; i++) {
		same(cd_ctx_expand(c, &w.arena, cd_str_z(pairs[i].name)), pairs[i].iri);
		same(cd_ctx_compact(c, &w.arena, cd_str_z(pairs[i].iri)), pairs[i].name);
	}
	cd_ctx_unref(c);
}
#define MEAN(context, ...)                                                                                   \
	names_mean(context, (const struct pair[]){__VA_ARGS__},                                              \
		sizeof((const struct pair[]){__VA_ARGS__}) / sizeof(struct pair))

static void expands(const char *context, const char *name, const char *iri)
{
	struct cd_ctx *c = compiled(&w, context);
	same(cd_ctx_expand(c, &w.arena, cd_str_z(name)), iri);
	cd_ctx_unref(c);
}

static void compacts(const char *context, const char *iri, const char *name)
{
	struct cd_ctx *c = compiled(&w, context);
	same(cd_ctx_compact(c, &w.arena, cd_str_z(iri)), name);
	cd_ctx_unref(c);
}

static void refused_with(const struct page *rows, const char *context, const char *words)
{
	struct cd_ctx *c;
	cd_str missing = cd_str_of(NULL, 0);
	assert_int_equal(compile_with(&w, context, rows, &c, &missing), CD_E_BAD_REQUEST_DATA);
	assert_null(c);
	assert_string_equal(w.cx.err.where, "@context");
	if (!strstr(w.cx.err.detail, words))
		fail_msg("%s: \"%s\" lacks \"%s\"", context, w.cx.err.detail, words);
}

static void refused(const char *context, const char *words)
{
	refused_with(NULL, context, words);
}

/* ---- names ---- */

static void terms_have_iris(void **state)
{
	(void)state;
	MEAN("{'speed': 'http://e.org/speed', 'heat': {'@id': 'http://e.org/temperature'}}",
		{"speed", "http://e.org/speed"}, {"heat", "http://e.org/temperature"},
		{"other", VOCAB "other"}, {"http://e.org/else", "http://e.org/else"}, {"urn:x:y", "urn:x:y"});
}

static void prefixes(void **state)
{
	(void)state;
	MEAN("{'ex': 'http://e.org/', 'a': 'ex:alpha', 'b': {'@id': 'ex:b'}, 'ex2': 'ex:sub/'}",
		{"a", "http://e.org/alpha"}, {"b", "http://e.org/b"}, {"ex:c", "http://e.org/c"},
		{"ex2:d", "http://e.org/sub/d"}, {"ngsi-ld:x", NGSILD "x"});
	/* a prefix ends with a delimiter, or says that it is one */
	expands("{'ex': 'http://e.org/v'}", "ex:c", "ex:c");
	expands("{'ex': {'@id': 'http://e.org/'}}", "ex:c", "ex:c");
	MEAN("{'ex': {'@id': 'http://e.org/v', '@prefix': true}}", {"ex:c", "http://e.org/vc"});
	expands("{'ex': {'@id': 'http://e.org/', '@prefix': false}}", "ex:c", "ex:c");
	for (const char *d = ":/?#[]@"; *d; d++) {
		char context[64], iri[64];
		snprintf(context, sizeof context, "{'ex': 'http://e.org%c'}", *d);
		snprintf(iri, sizeof iri, "http://e.org%cc", *d);
		MEAN(context, {"ex:c", iri});
	}
	/* "//" behind the colon is never a compact IRI; "_:" is a blank node */
	expands("{'http': 'http://e.org/', '_': 'http://u/'}", "http://x", "http://x");
	expands("{'_': 'http://u/'}", "_:b", "_:b");
	compacts("{'_': 'http://u/'}", "http://u/b", "http://u/b");
	/* nothing begins with a keyword, or with no meaning */
	refused("{'k': {'@id': '@type', '@prefix': true}}", "\"k\"");
	expands("{'k': '@type'}", "k:x", "k:x");
	expands("{'n': {'@id': null, '@prefix': true}}", "n:x", "n:x");
	/* what stands before the first colon is the prefix: such a one could never be read */
	refused("{'a:b': {'@id': 'http://e/', '@prefix': true}}", "\"a:b\"");
	refused("{'a/b': {'@id': 'http://e/', '@prefix': false}}", "\"a/b\"");
	refused("{'bad': {'@id': 'http://e/', '@prefix': 1}}", "\"bad\"");
	compacts("{'h': 'http:'}", "http://e.org/a", "http://e.org/a");
}

static void order_inside_an_object_does_not_matter(void **state)
{
	(void)state;
	MEAN("{'a': 'b:x', 'b': 'c:y/', 'c': 'http://e.org/'}", {"a", "http://e.org/y/x"},
		{"b:z", "http://e.org/y/z"});
	MEAN("{'a': 'b', 'b': 'http://e.org/b'}", {"a", "http://e.org/b"});
	MEAN("{'a': {'@type': 'b'}, 'b': 'http://e.org/b'}", {"a", VOCAB "a"});
}

static void later_definitions_win(void **state)
{
	(void)state;
	MEAN("[{'a': 'http://one/a', 'p': 'http://one/'}, {'a': 'http://two/a'}, {'b': 'p:b'}]",
		{"a", "http://two/a"}, {"b", "http://one/b"}, {"p:a", "http://one/a"});
}

static void a_term_keeps_what_it_meant_when_it_was_defined(void **state)
{
	(void)state;
	expands("[{'a': 'b:x', 'b': 'http://one/'}, {'b': 'http://two/', 'c': 'a'}]", "c", "http://one/x");
	expands("[{'@vocab': 'http://one/', 'a': {'@type': '@id'}}, {'@vocab': 'http://two/'}]", "a",
		"http://one/a");
}

static void null_forgets(void **state)
{
	(void)state;
	MEAN("[{'a': 'http://one/a', '@vocab': 'http://v/', '@base': 'http://b/'}, null, {'b': "
	     "'http://one/b'}]",
		{"a", VOCAB "a"}, {"b", "http://one/b"});
	expands("null", "a", VOCAB "a");
	expands("[]", "a", VOCAB "a");
	/* a term that is switched off has no meaning, and no other name takes its place */
	for (int i = 0; i < 3; i++) {
		static const char *const off[] = {
			"{'a': null}", "{'a': {'@id': null}}", "[{'a': 'http://x'}, {'a': null}]"};
		expands(off[i], "a", "");
		compacts(off[i], VOCAB "a", "ngsi-ld:default-context/a");
	}
}

static void vocab(void **state)
{
	(void)state;
	MEAN("{'@vocab': 'http://v/', 'b': {'@type': '@id'}}", {"a", "http://v/a"}, {"b", "http://v/b"},
		{"ngsi-ld:default-context/a", VOCAB "a"});
	/* what was defined before it counts, not what stands beside it */
	MEAN("[{'ex': 'http://e/'}, {'@vocab': 'ex:v#'}]", {"a", "http://e/v#a"});
	MEAN("{'@vocab': 'ex:v#', 'ex': 'http://e/'}", {"a", "ex:v#a"});
	MEAN("[{'@vocab': 'http://v/'}, {'@vocab': null}]", {"a", VOCAB "a"});
	/* what the user calls differently must not come back under a name that means something else */
	compacts("{'a': 'http://e/a'}", VOCAB "a", "ngsi-ld:default-context/a");
	compacts("{'@vocab': 'http://v/', 'a': 'http://e/a'}", "http://v/a", "http://v/a");
	compacts("{}", VOCAB "urn:x", "ngsi-ld:default-context/urn:x");
	compacts("{}", VOCAB "value", "ngsi-ld:default-context/value");
	compacts("{}", VOCAB, "ngsi-ld:default-context/");
}

static void the_best_name(void **state)
{
	(void)state;
	compacts("{'longer': 'http://e/x', 'b': 'http://e/x', 'a': 'http://e/x'}", "http://e/x", "a");
	compacts("{'val': 'ngsi-ld:hasValue'}", NGSILD "hasValue", "val");
	compacts("{'theValue': 'ngsi-ld:hasValue'}", NGSILD "hasValue", "value");
	compacts("{'pp': 'http://e/', 'p': 'http://e/long/', 'q': 'http://e/long/'}", "http://e/long/x",
		"p:x");
	compacts("{'p': 'http://e/', 'p:x': 'http://else/x'}", "http://e/x", "http://e/x");
	/* ... which JSON-LD 1.1 refuses, and contexts in use have */
	expands("{'p': 'http://e/', 'p:x': 'http://else/x'}", "p:x", "http://else/x");
	expands("{'a/b': 'http://else/x'}", "a/b", "http://else/x");
	compacts("{'p': 'http://e/'}", "http://e/", "p");
	/* a term before the vocabulary before a prefix */
	compacts("{'@vocab': 'http://e/', 'p': 'http://e/', 't': 'http://e/x'}", "http://e/x", "t");
	compacts("{'@vocab': 'http://e/', 'p': 'http://e/'}", "http://e/y", "y");
}

static void ids(void **state)
{
	(void)state;
	static const struct pair rows[] = {{"p:x", "http://e/x"}, {"urn:a:b", "urn:a:b"},
		{"t", "http://b/dir/t"}, {"../t", "http://b/t"}, {"http://z/q", "http://z/q"},
		{"#f", "http://b/dir/file#f"}, {"_:n", "_:n"}};
	struct cd_ctx *c =
		compiled(&w, "{'@base': 'http://b/dir/file', 'p': 'http://e/', 't': 'http://e/t'}");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		same(cd_ctx_expand_id(c, &w.arena, cd_str_z(rows[i].name)), rows[i].iri);
	cd_ctx_unref(c);
	c = compiled(&w, "[{'@base': 'http://b/x/'}, {'@base': 'y/'}]");
	same(cd_ctx_expand_id(c, &w.arena, CD_STR("z")), "http://b/x/y/z");
	cd_ctx_unref(c);
	c = compiled(&w, "[{'@base': 'http://b/x/'}, {'@base': null}]");
	same(cd_ctx_expand_id(c, &w.arena, CD_STR("z")), "z");
	cd_ctx_unref(c);
}

static void a_name_with_a_nul_is_not_cut(void **state)
{
	(void)state;
	struct cd_ctx *c = compiled(&w, "{'p': 'http://e/', 'a\\u0000b': {'@type': '@id'}}");
	cd_str got = cd_ctx_expand(c, &w.arena, CD_STR("x\0y"));
	assert_true(cd_str_eq(got, CD_STR(VOCAB "x\0y")));
	assert_true(cd_str_eq(cd_ctx_compact(c, &w.arena, got), CD_STR("x\0y")));
	got = cd_ctx_expand(c, &w.arena, CD_STR("p:x\0y"));
	assert_true(cd_str_eq(got, CD_STR("http://e/x\0y")));
	assert_true(cd_str_eq(cd_ctx_compact(c, &w.arena, got), CD_STR("p:x\0y")));
	assert_true(cd_str_eq(cd_ctx_expand(c, &w.arena, CD_STR("a\0b")), CD_STR(VOCAB "a\0b")));
	assert_null(cd_ctx_find(c, CD_STR("a")));
	cd_ctx_unref(c);
}

/* ---- what definitions say of values ---- */

static void coercions(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum cd_ctx_coerce coerce;
		const char *type;
	} rows[] = {{"a", CD_COERCE_ID, ""}, {"b", CD_COERCE_VOCAB, ""}, {"c", CD_COERCE_JSON, ""},
		{"d", CD_COERCE_TYPED, "http://xsd/date"}, {"e", CD_COERCE_TYPED, VOCAB "thing"},
		{"f", CD_COERCE_NONE, ""}, {"g", CD_COERCE_NONE, ""}, /* null says nothing */
		{"h", CD_COERCE_TYPED, NGSILD "DateTime"}};
	struct cd_ctx *c =
		compiled(&w, "{'xsd': 'http://xsd/', 'a': {'@type': '@id'}, 'b': {'@type': '@vocab'},"
			     "'c': {'@type': '@json'}, 'd': {'@type': 'xsd:date'}, 'e': {'@type': 'thing'}, "
			     "'f': {'@type': '@none'},"
			     "'g': {'@type': null}, 'h': {'@type': 'DateTime'}}");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct cd_ctx_def *d = cd_ctx_find(c, cd_str_z(rows[i].name));
		assert_int_equal(d->coerce, rows[i].coerce);
		same(d->type, rows[i].type);
		assert_false(d->core);
	}
	assert_null(cd_ctx_find(c, CD_STR("thing")));
	cd_ctx_unref(c);
	refused("{'bad': {'@type': 1}}", "bad");
	refused("{'bad': {'@type': ['@id']}}", "bad");
}

static void containers(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		uint32_t bits;
	} rows[] = {{"'@list'", CD_CONTAINER_LIST}, {"'@set'", CD_CONTAINER_SET},
		{"'@language'", CD_CONTAINER_LANGUAGE}, {"'@index'", CD_CONTAINER_INDEX},
		{"'@id'", CD_CONTAINER_ID}, {"'@type'", CD_CONTAINER_TYPE}, {"'@graph'", CD_CONTAINER_GRAPH},
		{"['@graph', '@id', '@set']", CD_CONTAINER_GRAPH | CD_CONTAINER_ID | CD_CONTAINER_SET},
		{"null", 0}, {"[]", 0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[128];
		snprintf(text, sizeof text, "{'a': {'@container': %s}}", rows[i].word);
		struct cd_ctx *c = compiled(&w, text);
		assert_int_equal(cd_ctx_find(c, CD_STR("a"))->containers, rows[i].bits);
		cd_ctx_unref(c);
	}
	refused("{'bad': {'@container': '@nest'}}", "bad");
	refused("{'bad': {'@container': 5}}", "bad");
	refused("{'bad': {'@container': ['@set', 5]}}", "bad");
	refused("{'bad': {'@container': {'@set': 1}}}", "bad");
}

static void aliases_of_keywords(void **state)
{
	(void)state;
	struct cd_ctx *c =
		compiled(&w, "{'kind': '@type', 'key': '@id', 'name2': 'kind', 'odd': '@notAKeyword'}");
	same(cd_ctx_find(c, CD_STR("kind"))->iri, "@type");
	same(cd_ctx_find(c, CD_STR("name2"))->iri, "@type");
	/* for standards to come: as if it were not there */
	assert_null(cd_ctx_find(c, CD_STR("odd")));
	same(cd_ctx_expand(c, &w.arena, CD_STR("odd")), VOCAB "odd");
	same(cd_ctx_compact(c, &w.arena, CD_STR("@type")), "@type");
	cd_ctx_unref(c);
}

/* ---- the core ---- */

static void core_terms_are_protected(void **state)
{
	(void)state;
	struct cd_ctx *c =
		compiled(&w, "{'value': 'http://evil/', 'location': {'@id': 'http://evil/', '@type': '@id'},"
			     "'type': 'http://evil/', 'id': null, 'ngsi-ld': 'http://evil/', 'Property': "
			     "'@type', 'mine': 'value'}");
	same(cd_ctx_expand(c, &w.arena, CD_STR("value")), NGSILD "hasValue");
	same(cd_ctx_expand(c, &w.arena, CD_STR("location")), NGSILD "location");
	same(cd_ctx_expand(c, &w.arena, CD_STR("type")), "@type");
	same(cd_ctx_expand(c, &w.arena, CD_STR("id")), "@id");
	same(cd_ctx_expand(c, &w.arena, CD_STR("ngsi-ld:x")), NGSILD "x");
	same(cd_ctx_expand(c, &w.arena, CD_STR("Property")), NGSILD "Property");
	same(cd_ctx_expand(c, &w.arena, CD_STR("mine")), NGSILD "hasValue");
	assert_int_equal(cd_ctx_find(c, CD_STR("location"))->coerce, CD_COERCE_NONE);
	assert_true(cd_ctx_find(c, CD_STR("location"))->core);
	same(cd_ctx_compact(c, &w.arena, CD_STR("http://evil/")), "http://evil/");
	cd_ctx_unref(c);
	/* nor does it matter where the core stands, or that a null comes behind it */
	expands("[" CORE_URL ", {'value': 'http://evil/'}]", "value", NGSILD "hasValue");
	expands("[{'value': 'http://evil/'}, " CORE_URL ", null]", "value", NGSILD "hasValue");
	expands(CORE_URL, "speed", VOCAB "speed");
}

/* ---- what is refused ---- */

static void not_a_context(void **state)
{
	(void)state;
	refused("1", "A @context is");
	refused("true", "A @context is");
	refused("[{}, 1]", "A @context is");
	refused("[[{}]]", "A @context is");
	refused("'ftp://e/c'", "ftp://e/c");
	refused("'relative'", "relative");
	refused("''", "not an http URL");
	refused("{'bad': 1}", "\"bad\"");
	refused("{'bad': ['http://x']}", "\"bad\"");
	refused("{'bad': true}", "\"bad\"");
	refused("{'bad': {'@id': 1}}", "\"bad\"");
	refused("{'bad': {'@id': '@context'}}", "\"bad\"");
	refused("{'bad': '@context'}", "\"bad\"");
	refused("{'bad': {'@foo': 1}}", "\"bad\" has an unknown member \"@foo\"");
	refused("{'bad': {'id': 'http://x'}}", "\"bad\" has an unknown member \"id\"");
	refused("{'': 'http://x'}", "empty");
	refused("{'@vocab': 1}", "@vocab");
	refused("{'@base': []}", "@base");
	refused("{'@version': 1.0}", "1.0");
	refused("{'@version': '1.1'}", "@version");
	expands("{'@version': 1.1, '@protected': true, '@language': 'en', '@direction': 'ltr'}", "a",
		VOCAB "a");
}

static void what_ngsi_ld_forbids(void **state)
{
	(void)state;
	refused("{'bad': {'@id': 'http://x', '@context': {}}}", "scoped");
	refused("[{'ok': 'http://x'}, {'bad': {'@context': null}}]", "\"bad\"");
	/* a context holds for the whole of an entity: one that does not propagate can not be */
	refused("{'@propagate': false}", "@propagate");
	expands("{'@propagate': true}", "a", VOCAB "a");
}

static void a_context_may_import_another(void **state)
{
	(void)state;
	static const struct page rows[] = {
		{"http://d/1",
			"{'@context': {'a': 'http://e/a', 'b': 'http://e/b', 'value': 'http://evil/'}}",
			NULL},
		{"http://d/2", "{'@context': ['1']}", NULL},
		{"http://d/3", "{'@context': {'@import': '1'}}", NULL},
		{"http://d/4", "{'@context': {'a': {'@context': {}}}}", NULL}, {NULL, NULL, NULL}};
	struct cd_ctx *c;
	cd_str missing;
	assert_int_equal(
		compile_with(&w, "{'@import': 'http://d/1', 'b': 'http://own/b'}", rows, &c, &missing),
		CD_OK);
	same(cd_ctx_expand(c, &w.arena, CD_STR("a")), "http://e/a");
	same(cd_ctx_expand(c, &w.arena, CD_STR("b")), "http://own/b");
	same(cd_ctx_expand(c, &w.arena, CD_STR("value")), NGSILD "hasValue");
	cd_ctx_unref(c);
	assert_int_equal(
		compile_with(&w, "{'@import': 'http://d/5'}", rows, &c, &missing), CD_E_CONTEXT_UNAVAIL);
	same(missing, "http://d/5");
	refused_with(rows, "{'@import': 'http://d/2'}", "http://d/2");
	refused_with(rows, "{'@import': 'http://d/3'}", "http://d/3");
	refused_with(rows, "{'@import': 'http://d/4'}", "scoped");
	refused("{'@import': 1}", "@import");
	/* the core is always there */
	MEAN("{'@import': " CORE_URL ", 'a': 'http://e/a'}", {"a", "http://e/a"}, {"b", VOCAB "b"});
}

static void protected_terms(void **state)
{
	(void)state;
	expands("[{'@protected': true, 'a': 'http://e/a'}, {'a': 'http://e/a'}]", "a", "http://e/a");
	refused("[{'@protected': true, 'a': 'http://e/a'}, {'a': 'http://e/b'}]", "\"a\"");
	refused("[{'a': {'@id': 'http://e/a', '@protected': true}}, null]", "null");
	refused("[{'a': {'@id': 'http://e/a', '@protected': 1}}]", "\"a\"");
}

static void circles(void **state)
{
	(void)state;
	refused("{'a': 'b', 'b': 'a'}", "\"a\"");
	refused("{'a': 'b:x', 'b': 'c:y', 'c': 'a:z'}", "\"a\"");
	refused("{'a': 'a:x'}", "\"a\"");
	refused("{'a': {'@id': 'http://x', '@type': 'a'}}", "\"a\"");
	refused("{'@vocab': 'v:x', 'v': 'v:y'}", "\"v\"");
	expands("{'a': 'a'}", "a", VOCAB "a");
	expands("[{'a': 'http://x/'}, {'b': 'a:y', 'a': 'http://z/'}]", "b", "http://z/y");
}

/* ---- bounds: at each one, and one past it ---- */

static cd_str chain_of(unsigned n)
{
	struct cd_buf b;
	cd_buf_init(&b, 1 << 20);
	cd_buf_char(&b, '{');
	for (unsigned i = 0; i < n; i++)
		cd_buf_printf(&b, "'t%u': 't%u',", i, i + 1);
	cd_buf_printf(&b, "'t%u': 'http://e/'}", n);
	cd_str text = cd_arena_copy(&w.arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return text;
}

static void bound_of_references(void **state)
{
	(void)state;
	expands(chain_of(99).p, "t0", "http://e/"); /* a hundred definitions wait for one another */
	refused(chain_of(100).p, "too deeply");
}

static void bound_of_terms(void **state)
{
	(void)state;
	w.set.context_terms = 3;
	expands("[{'a': 'http://e/a', 'b': 'http://e/b'}, {'c': 'http://e/c', 'a': 'http://e/d', 'value': "
		"'x'}]",
		"a", "http://e/d");
	refused("[{'a': 'http://e/a', 'b': 'http://e/b'}, {'c': 'http://e/c', 'd': 'http://e/d'}]",
		"3 terms");
	expands("[{'a': 'http://e/a', 'b': 'http://e/b'}, null, {'c': 'http://e/c', 'd': 'http://e/d'}]", "a",
		VOCAB "a");
}

/* 32 times context_terms definitions for one request, however few of them stay. */
static void bound_of_effort(void **state)
{
	(void)state;
	struct cd_buf b;
	w.set.context_terms = 3;
	for (int more = 0; more < 2; more++) {
		cd_buf_init(&b, 1 << 16);
		for (int i = 0; i < 96 + more; i++)
			cd_buf_printf(&b, "%c{'a': 'http://e/%d'}", i ? ',' : '[', i);
		CD_BUF_LIT(&b, "]\0");
		if (more)
			refused(b.p, "96 definitions");
		else
			expands(b.p, "a", "http://e/95");
		cd_buf_done(&b);
	}
}

static void bound_of_iris(void **state)
{
	(void)state;
	w.set.id_max = 64;
	const int rest = 64 - (int)sizeof "http://e/" + 1;
	char text[256];
	for (int more = 0; more < 2; more++) {
		static const char *const shapes[] = {"{'a': 'http://e/%0*d'}",
			"{'p': 'http://e/', 'a': 'p:%0*d'}", "{'p': 'http://e/', 'p:%0*d': {}}",
			"{'@vocab': 'http://e/%0*d'}", "{'@base': 'http://e/%0*d'}",
			"{'@vocab': 'http://e/', '%0*d': {}}", "{'a': {'@type': 'http://e/%0*d'}}"};
		for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
			snprintf(text, sizeof text, shapes[i], rest + more, 7);
			if (more)
				refused(text, "id_max");
			else
				cd_ctx_unref(compiled(&w, text));
		}
	}
}

static void bound_of_memory(void **state)
{
	(void)state;
	struct cd_ctx *c;
	cd_str missing;
	const struct cd_json *v = json_of(&w, "{'a': 'http://e/a', 'b': 'http://e/b'}");
	w.set.request_memory = 8;
	assert_int_equal(cd_ctx_compile(&w.cx, v, CD_STR(""), NULL, &c, &missing), CD_E_NO_MEMORY);
}

/* ---- documents ---- */

static void documents(void **state)
{
	(void)state;
	static const struct page rows[] = {
		{"http://d/one", "{'@context': [{'a': 'http://e/a'}, 'two', '../three', " CORE_URL "]}",
			NULL},
		{"http://d/two", "{'@context': {'b': 'http://e/b', 'a': 'http://e/a2'}}", NULL},
		{"http://three", "{'@context': 'x'}", "http://moved/dir/"},
		{"http://d/three", "{'@context': 'x'}", "http://moved/dir/"},
		{"http://moved/dir/x", "{'@context': {'c': 'http://e/c'}, 'else': [1]}", NULL},
		{NULL, NULL, NULL}};
	struct cd_ctx *c;
	cd_str missing;
	assert_int_equal(compile_with(&w, "['http://d/one', {'d': 'a'}]", rows, &c, &missing), CD_OK);
	same(cd_ctx_expand(c, &w.arena, CD_STR("a")), "http://e/a2");
	same(cd_ctx_expand(c, &w.arena, CD_STR("b")), "http://e/b");
	same(cd_ctx_expand(c, &w.arena, CD_STR("c")), "http://e/c");
	same(cd_ctx_expand(c, &w.arena, CD_STR("d")), "http://e/a2");
	same(cd_ctx_source(c), "[\"http://d/one\",{\"d\":\"a\"}]");
	cd_ctx_unref(c);
}

static void a_missing_document_is_named(void **state)
{
	(void)state;
	static const struct page rows[] = {
		{"http://d/one", "{'@context': ['two']}", NULL}, {NULL, NULL, NULL}};
	struct cd_ctx *c;
	cd_str missing = cd_str_of(NULL, 0);
	assert_int_equal(compile_with(&w, "'http://d/one'", rows, &c, &missing), CD_E_CONTEXT_UNAVAIL);
	same(missing, "http://d/two");
	assert_int_equal(compile_with(&w, "'https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v9.jsonld'",
				 rows, &c, &missing),
		CD_E_CONTEXT_UNAVAIL);
	/* without any documents as well */
	cd_cx_clear(&w.cx);
	assert_int_equal(cd_ctx_compile(&w.cx, json_of(&w, "'http://d/one'"), CD_STR(""), NULL, &c, &missing),
		CD_E_CONTEXT_UNAVAIL);
	same(missing, "http://d/one");
}

static const struct cd_json *no_room(void *arg, cd_str url, cd_str *ret_base)
{
	(void)url;
	(void)ret_base;
	(void)cd_fail_memory(arg);
	return NULL;
}

static void trouble_with_a_document_is_told_as_it_is(void **state)
{
	(void)state;
	const struct cd_ctx_docs docs = {no_room, &w.cx};
	struct cd_ctx *c;
	cd_str missing;
	assert_int_equal(
		cd_ctx_compile(&w.cx, json_of(&w, "'http://d/one'"), CD_STR(""), &docs, &c, &missing),
		CD_E_NO_MEMORY);
}

static void documents_that_are_no_contexts(void **state)
{
	(void)state;
	static const struct page rows[] = {{"http://d/none", "{'context': {}}", NULL},
		{"http://d/array", "[]", NULL}, {"http://d/number", "{'@context': 7}", NULL},
		{"http://d/scoped", "{'@context': {'bad': {'@context': {}}}}", NULL},
		{"http://d/self", "{'@context': 'self'}", NULL},
		{"http://d/ping", "{'@context': {'@vocab': 'http://v/'}, 'x': 1}", NULL},
		{"http://d/a", "{'@context': ['b']}", NULL}, {"http://d/b", "{'@context': [{}, 'a']}", NULL},
		{NULL, NULL, NULL}};
	refused_with(rows, "'http://d/none'", "http://d/none");
	refused_with(rows, "'http://d/array'", "http://d/array");
	refused_with(rows, "'http://d/number'", "A @context is");
	refused_with(rows, "'http://d/scoped'", "\"bad\"");
	refused_with(rows, "'http://d/self'", "circle");
	refused_with(rows, "['http://d/ping', 'http://d/a']", "circle");
}

static void bound_of_depth(void **state)
{
	(void)state;
	static const struct page rows[] = {{"http://d/1", "{'@context': '2'}", NULL},
		{"http://d/2", "{'@context': '3'}", NULL},
		{"http://d/3", "{'@context': {'a': 'http://e/a'}}", NULL}, {NULL, NULL, NULL}};
	struct cd_ctx *c;
	cd_str missing;
	w.set.context_depth = 3;
	assert_int_equal(compile_with(&w, "'http://d/1'", rows, &c, &missing), CD_OK);
	cd_ctx_unref(c);
	w.set.context_depth = 2;
	refused_with(rows, "'http://d/1'", "http://d/3");
}

/* Of different documents: the same one again costs no fetch. */
static void bound_of_fetches(void **state)
{
	(void)state;
	static const struct page rows[] = {{"http://d/1", "{'@context': ['2', '3', '2']}", NULL},
		{"http://d/2", "{'@context': {}}", NULL}, {"http://d/3", "{'@context': {}}", NULL},
		{NULL, NULL, NULL}};
	struct cd_ctx *c;
	cd_str missing;
	w.set.context_fetches = 3;
	assert_int_equal(compile_with(&w, "['http://d/1', 'http://d/2']", rows, &c, &missing), CD_OK);
	cd_ctx_unref(c);
	w.set.context_fetches = 2;
	refused_with(rows, "['http://d/1', 'http://d/2']", "http://d/3");
}

/* ---- what a context says of itself ---- */

static void source_and_link(void **state)
{
	(void)state;
	static const struct page rows[] = {{"http://d/1", "{'@context': {}}", NULL},
		{"http://d/2", "{'@context': {}}", NULL}, {NULL, NULL, NULL}};
	static const struct {
		const char *text, *link;
	} cases[] = {{"'http://d/1'", "http://d/1"}, {"['http://d/1']", "http://d/1"},
		{"['http://d/1', " CORE_URL "]", "http://d/1"},
		{"[" CORE_URL ", 'http://d/1']", "http://d/1"}, {"['http://d/1', 'http://d/2']", ""},
		{"[{}, 'http://d/1']", ""}, {"['http://d/1', null]", ""}, {"{}", ""}, {"[]", ""},
		{"[" CORE_URL "]", "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"}};
	uint64_t ids[16];
	const size_t n = sizeof cases / sizeof *cases;
	for (size_t i = 0; i < n; i++) {
		struct cd_ctx *c;
		cd_str missing;
		assert_int_equal(compile_with(&w, cases[i].text, rows, &c, &missing), CD_OK);
		same(cd_ctx_link(c), cases[i].link);
		ids[i] = cd_ctx_id(c);
		assert_true(cd_ctx_bytes(c) > 0);
		for (size_t k = 0; k < i; k++)
			assert_true(ids[k] != ids[i]);
		cd_ctx_unref(c);
	}
}

/* ---- names and numbers ---- */

static void numbers(void **state)
{
	(void)state;
	struct cd_names *names = cd_names_new(100);
	struct cd_ctx *c = compiled(&w, "{'a': 'http://e/a', 'off': null}");
	cd_str iri;
	assert_int_equal(cd_ctx_term(c, &w.arena, names, CD_STR("a"), &iri), 0);
	same(iri, "http://e/a");
	same(cd_ctx_name(c, &w.arena, names, 1), ""); /* not given yet: not remembered either */
	cd_term t = cd_names_add(names, CD_STR("http://e/a"));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(cd_ctx_term(c, &w.arena, names, CD_STR("a"), &iri), t);
		same(iri, "http://e/a");
		assert_int_equal(cd_ctx_term(c, &w.arena, names, CD_STR("a"), NULL), t);
		same(cd_ctx_name(c, &w.arena, names, t), "a");
	}
	assert_int_equal(cd_ctx_term(c, &w.arena, names, CD_STR("off"), &iri), 0);
	assert_int_equal(iri.n, 0);
	assert_int_equal(cd_ctx_term(c, &w.arena, names, CD_STR("http://e/a"), NULL), t);
	cd_ctx_unref(c);
	cd_names_free(names);
}

static void more_names_than_are_remembered(void **state)
{
	(void)state;
	struct cd_names *names = cd_names_new(10000);
	struct cd_ctx *c = compiled(&w, "{'@vocab': 'http://v/'}");
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 3000; i++) {
			char name[32], iri[48];
			snprintf(name, sizeof name, "n%d", i);
			snprintf(iri, sizeof iri, "http://v/n%d", i);
			cd_term t = cd_names_add(names, cd_str_z(iri));
			assert_int_equal(cd_ctx_term(c, &w.arena, names, cd_str_z(name), NULL), t);
			same(cd_ctx_name(c, &w.arena, names, t), name);
		}
	cd_ctx_unref(c);
	cd_names_free(names);
}

/* ---- time and memory ---- */

static void fifty_thousand_terms_take_no_long_time(void **state)
{
	(void)state;
	struct cd_buf b;
	struct cd_ctx *c;
	struct cd_json *v;
	cd_str missing;
	cd_buf_init(&b, 1 << 24);
	CD_BUF_LIT(&b, "{");
	for (int i = 0; i < 49999; i++)
		cd_buf_printf(&b, "\"t%d\":\"p:%d/\",", i, i);
	CD_BUF_LIT(&b, "\"p\":\"http://e/\"}");
	assert_int_equal(cd_json_parse_copy(&w.cx, cd_buf_str(&b), &v), CD_OK);
	cd_buf_done(&b);
	cd_time_us before = cd_time_mono();
	assert_int_equal(cd_ctx_compile(&w.cx, v, CD_STR(""), NULL, &c, &missing), CD_OK);
	same(cd_ctx_expand(c, &w.arena, CD_STR("t49998")), "http://e/49998/");
	/* a search through the object for each term took very long here */
	assert_true(cd_time_mono() - before < 10000000);
	cd_ctx_unref(c);
}

static void thousands_of_prefixes_fit_one_iri(void **state)
{
	(void)state;
	struct cd_buf b;
	struct cd_ctx *c;
	struct cd_json *v;
	cd_str missing;
	cd_buf_init(&b, 1 << 24);
	CD_BUF_LIT(&b, "{");
	for (int i = 0; i < 5000; i++)
		cd_buf_printf(&b, "\"t%d\":\"http://e/\",", i);
	CD_BUF_LIT(&b, "\"p\":\"http://e/\"}");
	assert_int_equal(cd_json_parse_copy(&w.cx, cd_buf_str(&b), &v), CD_OK);
	cd_buf_done(&b);
	assert_int_equal(cd_ctx_compile(&w.cx, v, CD_STR(""), NULL, &c, &missing), CD_OK);
	struct cd_arena small;
	cd_arena_init(&small, 20000); /* not one name for each */
	same(cd_ctx_compact(c, &small, CD_STR("http://e/x")), "p:x");
	cd_arena_done(&small);
	cd_ctx_unref(c);
}

static void out_of_memory_at_every_place(void **state)
{
	(void)state;
	static const struct page rows[] = {{"http://d/1", "{'@context': ['2', {'a': 'p:a'}]}", NULL},
		{"http://d/2",
			"{'@context': {'p': 'http://e/', 'r:x': {'@type': 'p:t'}, 'r': 'p:r/', '@vocab': "
			"'p:v/', '@base': 'http://b/'}}",
			NULL},
		{NULL, NULL, NULL}};
	const struct cd_json *v = json_of(
		&w, "['http://d/1', {'own': {'@type': '@id', '@container': ['@list']}, 'alias': '@type'}]");
	struct pages p = {&w, rows, 0};
	const struct cd_ctx_docs docs = {pages_get, &p};
	assert_non_null(cd_ctx_core());
	for (unsigned long k = 1;; k++) {
		struct cd_ctx *c = NULL;
		cd_str missing;
		struct work inner;
		work_init(&inner);
		p.w = &inner;
		cd_mem_fail_after(k);
		cd_code code = cd_ctx_compile(&inner.cx, v, CD_STR(""), &docs, &c, &missing);
		bool failed = cd_mem_failed();
		cd_mem_fail_after(0);
		if (!failed) {
			assert_int_equal(code, CD_OK);
			same(cd_ctx_expand(c, &w.arena, CD_STR("r:x")), "http://e/r/x");
			cd_ctx_unref(c);
			work_done(&inner);
			assert_true(k > 3); /* many more where each object of an arena is an allocation */
			break;
		}
		/* an error sentence that found no room is the only thing that may be lost */
		assert_true(code == CD_E_NO_MEMORY || code == CD_OK);
		cd_ctx_unref(c);
		work_done(&inner);
	}
}

static void out_of_memory_while_naming(void **state)
{
	(void)state;
	struct cd_ctx *c = compiled(&w, "{'p': 'http://e/', '@base': 'http://b/'}");
	struct cd_names *names = cd_names_new(10);
	cd_term t = cd_names_add(names, CD_STR("http://e/x"));
	for (unsigned long k = 1;; k++) {
		struct cd_arena arena;
		cd_arena_init(&arena, 1 << 20);
		cd_mem_fail_after(k);
		cd_str iri = cd_ctx_expand(c, &arena, CD_STR("p:x"));
		cd_str plain = cd_ctx_expand(c, &arena, CD_STR("plain"));
		cd_str id = cd_ctx_expand_id(c, &arena, CD_STR("id"));
		cd_str name = cd_ctx_name(c, &arena, names, t);
		(void)cd_ctx_term(c, &arena, names, CD_STR("p:x"), NULL);
		bool failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_true(!iri.p || cd_str_eq(iri, CD_STR("http://e/x")));
		assert_true(!plain.p || cd_str_eq(plain, CD_STR(VOCAB "plain")));
		assert_true(!id.p || cd_str_eq(id, CD_STR("http://b/id")));
		assert_true(cd_str_eq(name, CD_STR("p:x")) || cd_str_eq(name, CD_STR("http://e/x")));
		cd_arena_done(&arena);
		if (!failed)
			break;
	}
	cd_names_free(names);
	cd_ctx_unref(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(terms_have_iris),
		TEST(prefixes),
		TEST(order_inside_an_object_does_not_matter),
		TEST(later_definitions_win),
		TEST(a_term_keeps_what_it_meant_when_it_was_defined),
		TEST(null_forgets),
		TEST(vocab),
		TEST(the_best_name),
		TEST(ids),
		TEST(a_name_with_a_nul_is_not_cut),
		TEST(coercions),
		TEST(containers),
		TEST(aliases_of_keywords),
		TEST(core_terms_are_protected),
		TEST(not_a_context),
		TEST(what_ngsi_ld_forbids),
		TEST(a_context_may_import_another),
		TEST(protected_terms),
		TEST(circles),
		TEST(bound_of_references),
		TEST(bound_of_terms),
		TEST(bound_of_effort),
		TEST(bound_of_iris),
		TEST(bound_of_memory),
		TEST(documents),
		TEST(a_missing_document_is_named),
		TEST(trouble_with_a_document_is_told_as_it_is),
		TEST(documents_that_are_no_contexts),
		TEST(bound_of_depth),
		TEST(bound_of_fetches),
		TEST(source_and_link),
		TEST(numbers),
		TEST(more_names_than_are_remembered),
		TEST(fifty_thousand_terms_take_no_long_time),
		TEST(thousands_of_prefixes_fit_one_iri),
		TEST(out_of_memory_at_every_place),
		TEST(out_of_memory_while_naming),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
