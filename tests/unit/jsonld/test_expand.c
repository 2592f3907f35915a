/* Documents expanded: what each keyword does, and every error of the standard. [JSON-LD 1.1 API 4, 5] */
#include "document.h"

#include <stdio.h>

SHARED_WORK(w)

static void comes(const char *document, const char *want)
{
	comes_with(&w, document, NULL, NULL, NULL, want);
}

static void fails(const char *document, enum cd_jld_error error, const char *where)
{
	fails_with(&w, document, NULL, NULL, NULL, error, where);
}

#define V "'@context': {'@vocab': 'http://v/'}, "

/* ---- nodes ---- */

static void names_become_iris(void **state)
{
	(void)state;
	comes("{'@context': {'p': 'http://p/', 'a': 'p:a', '@vocab': 'http://v/'}, 'a': 1, 'p:b': 2, 'c': 3}",
		"[{'http://p/a':[{'@value':1}],'http://p/b':[{'@value':2}],'http://v/c':[{'@value':3}]}]");
	comes("{'a': 1, 'http://p/b': 2}", "[{'http://p/b':[{'@value':2}]}]");
	comes("{'@context': {'a': null, '@vocab': 'http://v/'}, 'a': 1, 'b': 2}",
		"[{'http://v/b':[{'@value':2}]}]");
	comes("{'@context': {'i': '@id', 't': '@type', '@vocab': '#'}, 'i': '../x', 't': 'T'}",
		"[{'@id':'http://d/x','@type':['http://d/a/b#T']}]");
}

static void what_is_no_node_goes_from_the_top(void **state)
{
	(void)state;
	comes("[]", "[]");
	comes("'text'", "[]");
	comes("null", "[]");
	comes("{'@id': 'http://x'}", "[]");
	comes("{'@value': 1}", "[]");
	comes("[[{'http://p/a': []}], {'@graph': [1, {'http://p/b': null}, {'http://p/c': 3}]}]",
		"[{'http://p/a':[]},{'@graph':[{'http://p/c':[{'@value':3}]}]}]");
	comes("{'@graph': [{'http://p/c': 3}]}", "[{'http://p/c':[{'@value':3}]}]");
}

static void values_get_what_their_term_says(void **state)
{
	(void)state;
	comes("{'@context': {'@vocab': 'http://v/', '@language': 'en', '@direction': 'rtl',"
	      "'i': {'@type': '@id'}, 'w': {'@type': '@vocab'}, 'd': {'@type': 'date'}, 'n': {'@type': "
	      "'@none'},"
	      "'l': {'@language': 'de', '@direction': null}, 'o': {'@language': null}},"
	      "'i': ['x', 1], 'w': 'y', 'd': 'z', 'n': 1, 'l': 'a', 'o': 'b', 'p': ['c', true]}",
		"[{'http://v/i':[{'@id':'http://d/a/x'},{'@value':1}],'http://v/w':[{'@id':'http://v/y'}],"
		"'http://v/d':[{'@value':'z','@type':'http://v/date'}],'http://v/n':[{'@value':1}],"
		"'http://v/l':[{'@value':'a','@language':'de'}],'http://v/"
		"o':[{'@value':'b','@direction':'rtl'}],"
		"'http://v/p':[{'@value':'c','@language':'en','@direction':'rtl'},{'@value':true}]}]");
}

static void numbers_stay_as_they_were_written(void **state)
{
	(void)state;
	comes("{" V "'a': [1.0, 1e400, 12345678901234567890123]}",
		"[{'http://v/a':[{'@value':1.0},{'@value':1e400},{'@value':12345678901234567890123}]}]");
}

static void containers(void **state)
{
	(void)state;
	comes("{'@context': {'@vocab': 'http://v/', 'l': {'@container': '@list'}}, 'l': [1, [2, []]]}",
		"[{'http://v/l':[{'@list':[{'@value':1},{'@list':[{'@value':2},{'@list':[]}]}]}]}]");
	comes("{'@context': {'@vocab': 'http://v/', 'l': {'@container': '@language', '@direction': 'ltr'}},"
	      "'l': {'en': ['a', null], '@none': 'b'}}",
		"[{'http://v/"
		"l':[{'@value':'a','@language':'en','@direction':'ltr'},{'@value':'b','@direction':'ltr'}]"
		"}]");
	comes("{'@context': {'@vocab': 'http://v/', 'i': {'@container': '@index'}}, 'i': {'x': [1, "
	      "{'@index': 'own'}]}}",
		"[{'http://v/i':[{'@value':1,'@index':'x'},{'@index':'own'}]}]");
	comes("{'@context': {'@vocab': 'http://v/', 'i': {'@container': '@index', '@index': 'by'}}, 'i': "
	      "{'x': {'by': 1}}}",
		"[{'http://v/i':[{'http://v/by':[{'@value':'x'},{'@value':1}]}]}]");
	comes("{'@context': {'@vocab': 'http://v/', 'i': {'@container': '@id'}}, 'i': {'x': {'a': 1}, "
	      "'@none': {'a': 2}}}",
		"[{'http://v/i':[{'http://v/a':[{'@value':1}],'@id':'http://d/a/x'},{'http://v/"
		"a':[{'@value':2}]}]}]");
	comes("{'@context': {'@vocab': 'http://v/', 't': {'@container': '@type'}}, 't': {'T': {'@type': "
	      "'U'}, 'V': 'ref'}}",
		"[{'http://v/t':[{'@type':['http://v/T','http://v/U']},{'@id':'http://d/a/"
		"ref','@type':['http://v/V']}]}]");
	comes("{'@context': {'@vocab': 'http://v/', 'g': {'@container': ['@graph', '@id']}}, 'g': {'x': "
	      "{'a': 1}}}",
		"[{'http://v/g':[{'@graph':[{'http://v/a':[{'@value':1}]}],'@id':'http://d/a/x'}]}]");
}

static void literals_stay_as_they_are(void **state)
{
	(void)state;
	comes("{'@context': {'@vocab': 'http://v/', 'j': {'@type': '@json'}}, 'j': {'@id': [null, {'a': "
	      "1.0}]}}",
		"[{'http://v/j':[{'@value':{'@id':[null,{'a':1.0}]},'@type':'@json'}]}]");
	comes("{" V "'j': {'@type': '@json', '@value': null}}",
		"[{'http://v/j':[{'@type':'@json','@value':null}]}]");
	comes("{" V "'j': {'@value': null}}", "[]");
}

static void reverse_included_nested(void **state)
{
	(void)state;
	comes("{'@context': {'@vocab': 'http://v/', 'r': {'@reverse': 'p'}}, 'r': {'@id': 'x'}, '@reverse': "
	      "{'q': {'@id': 'y'}, 'r': {'@id': 'z'}}}",
		"[{'@reverse':{'http://v/p':[{'@id':'http://d/a/x'}],'http://v/q':[{'@id':'http://d/a/y'}]},"
		"'http://v/p':[{'@id':'http://d/a/z'}]}]");
	comes("{" V "'@included': [{'a': 1}]}", "[{'@included':[{'http://v/a':[{'@value':1}]}]}]");
	comes("{'@context': {'@vocab': 'http://v/', 'n': '@nest'}, 'n': [{'a': 1}, {'@nest': {'b': 2, 'a': "
	      "3}}]}",
		"[{'http://v/a':[{'@value':1},{'@value':3}],'http://v/b':[{'@value':2}]}]");
}

/* ---- contexts ---- */

static void contexts_of_terms_and_of_types(void **state)
{
	(void)state;
	/* a property's context holds for what is below; a type's for its node alone */
	comes("{'@context': {'@vocab': 'http://v/', 'a': {'@context': {'@vocab': 'http://in/'}}}, 'a': {'b': "
	      "{'c': 1}}, 'b': 2}",
		"[{'http://v/a':[{'http://in/b':[{'http://in/c':[{'@value':1}]}]}],'http://v/"
		"b':[{'@value':2}]}]");
	comes("{'@context': {'@vocab': 'http://v/', 'T': {'@context': {'@vocab': 'http://in/'}}}, '@type': "
	      "'T', 'b': {'c': 1}}",
		"[{'@type':['http://v/T'],'http://in/b':[{'http://v/c':[{'@value':1}]}]}]");
	comes("{'@context': {'@vocab': 'http://v/', 'T': {'@context': {'@vocab': 'http://in/', '@propagate': "
	      "true}}}, '@type': 'T', 'b': {'c': 1}}",
		"[{'@type':['http://v/T'],'http://in/b':[{'http://in/c':[{'@value':1}]}]}]");
	comes("{'@context': [{'@vocab': 'http://v/'}, {'@vocab': 'http://in/', '@propagate': false}], 'b': "
	      "{'c': 1}}",
		"[{'http://in/b':[{'http://in/c':[{'@value':1}]}]}]");
	comes("{'@context': {'@vocab': 'http://v/'}, 'a': {'@context': null, 'http://p/b': 1, 'c': 2}}",
		"[{'http://v/a':[{'http://p/b':[{'@value':1}]}]}]");
	/* what a scoped context refers to may stand behind it */
	comes("{'@context': {'a': {'@id': 'http://p/a', '@context': {'b': 'c'}}, 'c': 'http://p/c'}, 'a': "
	      "{'b': 1}}",
		"[{'http://p/a':[{'http://p/c':[{'@value':1}]}]}]");
	/* a protected term gives way to the context of a property only */
	comes("{'@context': {'@vocab': 'http://v/', 'a': {'@id': 'http://p/a', '@protected': true}, 'b': "
	      "{'@context': {'a': 'http://q/a'}}}, 'b': {'a': 1}}",
		"[{'http://v/b':[{'http://q/a':[{'@value':1}]}]}]");
}

static void many_layers(void **state)
{
	(void)state;
	/* more than are kept apart: the innermost still knows the outermost, and what came between */
	struct cd_buf b;
	cd_buf_init(&b, 1 << 20);
	for (int i = 0; i < 60; i++)
		cd_buf_printf(&b, "{'@context': {'t%d': 'http://p/%d'}, 'http://p/in': ", i, i);
	cd_buf_printf(&b, "{'t0': 1, 't40': 2, 't59': 3, 't60': 4}");
	for (int i = 0; i < 60; i++)
		cd_buf_char(&b, '}');
	cd_buf_char(&b, 0);
	struct cd_jld_problem problem;
	const char *got = try_process(&w, b.p, NULL, NULL, NULL, &problem);
	assert_non_null(got);
	assert_non_null(strstr(got,
		"{'http://p/0':[{'@value':1}],'http://p/40':[{'@value':2}],'http://p/59':[{'@value':3}]}"));
	cd_buf_done(&b);
}

static const struct page remote[] = {
	{"http://d/a/one", "{'@context': {'x': 'http://p/x', '@base': 'http://else/'}}", NULL},
	{"http://d/a/two", "{'@context': ['one', {'@vocab': 'http://v/', 's': {'@context': 'two'}}]}", NULL},
	{"http://d/a/terms", "{'@context': {'y': 'rel'}}", NULL},
	{"http://d/a/list", "{'@context': ['one']}", NULL}, {"http://d/a/none", "{'x': 1}", NULL},
	{"http://d/a/importing", "{'@context': {'@import': 'one'}}", NULL},
	{"http://d/a/ring", "{'@context': 'ring'}", NULL}, {NULL, NULL, NULL}};

static void contexts_of_documents(void **state)
{
	(void)state;
	/* a remote context can not move the base; one that comes back in a scoped context is no circle */
	comes_with(&w, "{'@context': 'two', '@id': 'i', 'x': 1, 's': {'s': {'z': 1}}}", NULL, remote, NULL,
		"[{'@id':'http://d/a/i','http://p/x':[{'@value':1}],'http://v/s':[{'http://v/s':[{'http://v/"
		"z':[{'@"
		"value':1}]}]}]}]");
	comes_with(&w,
		"{'@context': {'@vocab': 'http://v/', '@import': 'terms', 'x': 'http://own/x'}, 'x': 1, 'y': "
		"2}",
		NULL, remote, NULL, "[{'http://own/x':[{'@value':1}],'http://v/rel':[{'@value':2}]}]");
	const struct cd_jld_options sent = {.context_url = CD_STR_INIT("http://d/a/two")};
	comes_with(&w, "{'z': 1}", NULL, remote, &sent, "[{'http://v/z':[{'@value':1}]}]");
	const struct cd_jld_options given = {.context = json_of(&w, "{'@context': {'z': 'http://p/z'}}")};
	comes_with(&w, "{'z': 1}", NULL, NULL, &given, "[{'http://p/z':[{'@value':1}]}]");
}

static void errors_in_documents(void **state)
{
	(void)state;
	static const struct {
		const char *document;
		enum cd_jld_error error;
		const char *where;
	} rows[] = {
		{"{'@context': 'none'}", CD_JLD_INVALID_REMOTE_CONTEXT, "/@context"},
		{"{'@context': {'@import': 'list'}}", CD_JLD_INVALID_REMOTE_CONTEXT, "/@context/@import"},
		{"{'@context': {'@import': 'importing'}}", CD_JLD_INVALID_CONTEXT_ENTRY, "/@context/@import"},
		{"{'@context': [{}, 'ring']}", CD_JLD_CONTEXT_OVERFLOW, "http://d/a/ring#/@context"},
		{"[{}, {'@context': 'terms'}]", CD_JLD_INVALID_IRI_MAPPING, "http://d/a/terms#/@context/y"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		fails_with(&w, rows[i].document, NULL, remote, NULL, rows[i].error, rows[i].where);
	struct cd_jld_problem problem;
	assert_null(try_process(&w, "{'http://p/a': {'@context': ['far']}}", NULL, remote, NULL, &problem));
	assert_int_equal(w.cx.err.code, CD_E_CONTEXT_UNAVAIL);
	assert_int_equal(problem.error, CD_JLD_LOADING_REMOTE_CONTEXT_FAILED);
	same(problem.missing, "http://d/a/far");
	assert_string_equal(w.cx.err.where, "/http:~1~1p~1a/@context/0");
}

/* ---- each error of the standard that a document alone can make ---- */

static void errors(void **state)
{
	(void)state;
	static const struct {
		enum cd_jld_error error;
		const char *document, *where;
	} rows[] = {
		{CD_JLD_COLLIDING_KEYWORDS, "{'@context': {'i': '@id'}, '@id': 'a', 'i': 'b'}", "/i"},
		{CD_JLD_CYCLIC_IRI_MAPPING, "{'@context': {'a': 'b:x', 'b': 'a:y'}}", "/@context/a"},
		{CD_JLD_INVALID_ID_VALUE, "{'http://p/a': [{'@id': 5}]}", "/http:~1~1p~1a/0/@id"},
		{CD_JLD_INVALID_IMPORT_VALUE, "{'@context': {'@import': 5}}", "/@context/@import"},
		{CD_JLD_INVALID_INCLUDED_VALUE, "{'@included': 'x'}", "/@included"},
		{CD_JLD_INVALID_INDEX_VALUE, "{'@index': 5}", "/@index"},
		{CD_JLD_INVALID_NEST_VALUE, "{'@nest': 5}", "/@nest"},
		{CD_JLD_INVALID_NEST_VALUE, "{'@context': {'a': {'@id': 'http://p/a', '@nest': '@id'}}}",
			"/@context/a"},
		{CD_JLD_INVALID_PREFIX_VALUE, "{'@context': {'a': {'@id': 'http://p/a', '@prefix': 1}}}",
			"/@context/a"},
		{CD_JLD_INVALID_PROPAGATE_VALUE, "{'@context': {'@propagate': 1}}", "/@context/@propagate"},
		{CD_JLD_INVALID_PROTECTED_VALUE, "{'@context': {'@protected': 1}}", "/@context/@protected"},
		{CD_JLD_INVALID_REVERSE_VALUE, "{'@reverse': 5}", "/@reverse"},
		{CD_JLD_INVALID_VERSION_VALUE, "{'@context': {'@version': 1.2}}", "/@context/@version"},
		{CD_JLD_INVALID_BASE_DIRECTION, "{'@context': {'@direction': 'up'}}", "/@context/@direction"},
		{CD_JLD_INVALID_BASE_IRI, "{'@context': [{'@base': null}, {'@base': 'x'}]}",
			"/@context/1/@base"},
		{CD_JLD_INVALID_CONTAINER_MAPPING,
			"{'@context': {'a': {'@id': 'http://p/a', '@container': '@x'}}}", "/@context/a"},
		{CD_JLD_INVALID_CONTAINER_MAPPING,
			"{'@context': {'a': {'@id': 'http://p/a', '@container': null}}}", "/@context/a"},
		{CD_JLD_INVALID_CONTEXT_NULLIFICATION,
			"{'@context': [{'@protected': true, 'a': 'http://p/a'}, null]}", "/@context/1"},
		{CD_JLD_INVALID_DEFAULT_LANGUAGE, "{'@context': {'@language': 5}}", "/@context/@language"},
		{CD_JLD_INVALID_IRI_MAPPING, "{'@context': {'a': 'b'}}", "/@context/a"},
		{CD_JLD_INVALID_IRI_MAPPING, "{'@context': {'p': 'http://p/', 'p:a': 'http://q/'}}",
			"/@context/p:a"},
		{CD_JLD_INVALID_KEYWORD_ALIAS, "{'@context': {'a': '@context'}}", "/@context/a"},
		{CD_JLD_INVALID_LANGUAGE_MAP_VALUE,
			"{'@context': {'a': {'@id': 'http://p/a', '@container': '@language'}}, 'a': {'en': "
			"5}}",
			"/a/en"},
		{CD_JLD_INVALID_LANGUAGE_MAPPING,
			"{'@context': {'a': {'@id': 'http://p/a', '@language': 5}}}", "/@context/a"},
		{CD_JLD_INVALID_LANGUAGE_TAGGED_STRING, "{'http://p/a': {'@value': 'x', '@language': 5}}",
			"/http:~1~1p~1a/@language"},
		{CD_JLD_INVALID_LANGUAGE_TAGGED_VALUE, "{'http://p/a': {'@value': 5, '@language': 'en'}}",
			"/http:~1~1p~1a"},
		{CD_JLD_INVALID_LOCAL_CONTEXT, "{'@context': [5]}", "/@context/0"},
		{CD_JLD_INVALID_REVERSE_PROPERTY,
			"{'@context': {'a': {'@reverse': 'http://p/a', '@id': 'http://p/b'}}}",
			"/@context/a"},
		{CD_JLD_INVALID_REVERSE_PROPERTY_MAP, "{'@reverse': {'@id': 'x'}}", "/@reverse/@id"},
		{CD_JLD_INVALID_REVERSE_PROPERTY_VALUE, "{'@reverse': {'http://p/a': 'x'}}", "/@reverse"},
		{CD_JLD_INVALID_SCOPED_CONTEXT,
			"{'@context': {'a': {'@id': 'http://p/a', '@context': {'b': 5}}}}",
			"/@context/a/@context/b"},
		{CD_JLD_INVALID_SET_OR_LIST_OBJECT, "{'http://p/a': {'@list': [], '@id': 'x'}}",
			"/http:~1~1p~1a"},
		{CD_JLD_INVALID_TERM_DEFINITION, "{'@context': {'a': 5}}", "/@context/a"},
		{CD_JLD_INVALID_TERM_DEFINITION, "{'@context': {'a': {'@id': 'http://p/a', '@x': 1}}}",
			"/@context/a/@x"},
		{CD_JLD_INVALID_TYPE_MAPPING, "{'@context': {'a': {'@id': 'http://p/a', '@type': null}}}",
			"/@context/a"},
		{CD_JLD_INVALID_TYPE_VALUE, "{'@type': [5]}", "/@type/0"},
		{CD_JLD_INVALID_TYPED_VALUE, "{'http://p/a': {'@value': 'x', '@type': ['http://t']}}",
			"/http:~1~1p~1a"},
		{CD_JLD_INVALID_VALUE_OBJECT, "{'http://p/a': {'@value': 'x', '@id': 'y'}}",
			"/http:~1~1p~1a"},
		{CD_JLD_INVALID_VALUE_OBJECT,
			"{'@context': {'a': {'@id': 'http://p/a', '@container': '@id'}}, 'a': {'http://q/r': "
			"'text'}}",
			"/a/http:~1~1q~1r"},
		{CD_JLD_INVALID_SET_OR_LIST_OBJECT,
			"{'@context': {'a': {'@id': 'http://p/a', '@container': '@type'}}, 'a': "
			"{'http://q/T': {'@list': []}}}",
			"/a/http:~1~1q~1T"},
		{CD_JLD_INVALID_VALUE_OBJECT_VALUE, "{'http://p/a': {'@value': []}}",
			"/http:~1~1p~1a/@value"},
		{CD_JLD_INVALID_VOCAB_MAPPING, "{'@context': {'@vocab': 5}}", "/@context/@vocab"},
		{CD_JLD_KEYWORD_REDEFINITION, "{'@context': {'@id': 'http://p/a'}}", "/@context/@id"},
		{CD_JLD_PROTECTED_TERM_REDEFINITION,
			"{'@context': [{'@protected': true, 'a': 'http://p/a'}, {'a': 'http://p/b'}]}",
			"/@context/1/a"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		fails(rows[i].document, rows[i].error, rows[i].where);
}

/* ---- json-ld-1.0 ---- */

static void mode_of_1_0(void **state)
{
	(void)state;
	const struct cd_jld_options old = {.old = true};
	static const struct {
		enum cd_jld_error error;
		const char *document;
	} rows[] = {{CD_JLD_PROCESSING_MODE_CONFLICT, "{'@context': {'@version': 1.1}}"},
		{CD_JLD_INVALID_CONTEXT_ENTRY, "{'@context': {'@propagate': true}}"},
		{CD_JLD_INVALID_CONTEXT_ENTRY, "{'@context': {'@import': 'x'}}"},
		{CD_JLD_INVALID_TYPE_MAPPING, "{'@context': {'a': {'@id': 'http://p/a', '@type': '@json'}}}"},
		{CD_JLD_INVALID_CONTAINER_MAPPING,
			"{'@context': {'a': {'@id': 'http://p/a', '@container': '@graph'}}}"},
		{CD_JLD_INVALID_CONTAINER_MAPPING,
			"{'@context': {'a': {'@id': 'http://p/a', '@container': ['@set']}}}"},
		{CD_JLD_INVALID_TERM_DEFINITION,
			"{'@context': {'a': {'@id': 'http://p/a', '@nest': '@nest'}}}"},
		{CD_JLD_INVALID_TERM_DEFINITION,
			"{'@context': {'a': {'@id': 'http://p/a', '@context': {}}}}"},
		{CD_JLD_INVALID_VOCAB_MAPPING, "{'@context': {'@vocab': 'relative'}}"},
		{CD_JLD_COLLIDING_KEYWORDS,
			"{'@context': {'t': '@type'}, 't': 'http://a', '@type': 'http://b'}"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		fails_with(&w, rows[i].document, NULL, NULL, &old, rows[i].error, NULL);
}

/* ---- bounds ---- */

static void bound_of_effort(void **state)
{
	(void)state;
	struct cd_buf b;
	w.set.context_terms = 3;
	for (int more = 0; more < 2; more++) { /* a hundred times context_terms definitions, and one more */
		cd_buf_init(&b, 1 << 20);
		CD_BUF_LIT(&b, "[");
		for (int i = 0; i < 300 + more; i++)
			cd_buf_printf(&b, "%s{'@context': {'a': 'http://p/%d'}, 'a': 1}", i ? "," : "", i);
		CD_BUF_LIT(&b, "]\0");
		struct cd_jld_problem problem;
		const char *got = try_process(&w, b.p, NULL, NULL, NULL, &problem);
		assert_true((got == NULL) == more);
		assert_int_equal(problem.error, more ? CD_JLD_CONTEXT_OVERFLOW : CD_JLD_NONE);
		cd_buf_done(&b);
	}
	/* the same context on each node is read once */
	cd_buf_init(&b, 1 << 20);
	CD_BUF_LIT(&b, "[");
	for (int i = 0; i < 1000; i++)
		cd_buf_printf(&b, "%s{'@context': {'a': 'http://p/a'}, 'a': 1}", i ? "," : "");
	CD_BUF_LIT(&b, "]\0");
	struct cd_jld_problem problem;
	assert_non_null(try_process(&w, b.p, NULL, NULL, NULL, &problem));
	cd_buf_done(&b);
}

/* Each context has two scoped ones that name the next: what they make together doubles with each. */
static void contexts_that_multiply(void **state)
{
	(void)state;
	static struct page rows[21];
	static char urls[20][16], texts[20][256];
	for (int i = 0; i < 20; i++) {
		snprintf(urls[i], sizeof urls[i], "http://d/%d", i);
		snprintf(texts[i], sizeof texts[i],
			"{'@context': {'a': {'@id': 'http://p/a', '@context': ['%d', {'x': 'http://p/x'}]},"
			"'b': {'@id': 'http://p/b', '@context': ['%d', {'y': 'http://p/y'}]}}}",
			i + 1, i + 1);
		rows[i] = (struct page){urls[i], texts[i], NULL};
	}
	rows[19].text = "{'@context': {}}";
	w.set.context_terms = 1000;
	w.set.context_depth = 64;
	fails_with(&w, "{'@context': 'http://d/0', 'a': 1}", NULL, rows, NULL, CD_JLD_CONTEXT_OVERFLOW, NULL);
}

static void bound_of_terms(void **state)
{
	(void)state;
	struct cd_jld_problem problem;
	w.set.context_terms = 2;
	assert_non_null(try_process(
		&w, "{'@context': {'a': 'http://p/a', 'b': 'http://p/b'}}", NULL, NULL, NULL, &problem));
	assert_null(
		try_process(&w, "{'@context': [{'a': 'http://p/a', 'b': 'http://p/b'}, {'c': 'http://p/c'}]}",
			NULL, NULL, NULL, &problem));
	assert_int_equal(w.cx.err.code, CD_E_BAD_REQUEST_DATA);
	assert_non_null(strstr(w.cx.err.detail, "2 terms"));
}

static void bound_of_fetches(void **state)
{
	(void)state;
	w.set.context_fetches = 2;
	struct cd_jld_problem problem;
	const char *two = "[{'@context': ['two', 'one']}, {'@context': ['one', {}, 'two']}]";
	assert_non_null(try_process(&w, two, NULL, remote, NULL, &problem));
	fails_with(&w, "[{'@context': 'two'}, {'@context': 'list'}]", NULL, remote, NULL,
		CD_JLD_CONTEXT_OVERFLOW, "/1/@context");
}

static void bound_of_memory(void **state)
{
	(void)state;
	const struct cd_json *v = json_of(&w, "{" V "'a': [1, 2, 3, {'b': 'c'}]}");
	struct cd_arena small;
	struct cd_jld_problem problem;
	struct cd_json *got = NULL;
	cd_arena_init(&small, 8);
	w.cx.arena = &small;
	const struct cd_jld_options o = {.old = false};
	assert_int_equal(cd_jld_expand(&w.cx, v, &o, &got, &problem), CD_E_NO_MEMORY);
	assert_null(got);
	cd_arena_done(&small);
	w.cx.arena = &w.arena;
}

/* ---- size ---- */

static void a_hundred_thousand_properties(void **state)
{
	(void)state;
	struct cd_json *v = hundred_thousand(&w), *got;
	struct cd_jld_problem problem;
	const struct cd_jld_options o = {.old = false};
	cd_time_us before = cd_time_mono();
	assert_int_equal(cd_jld_expand(&w.cx, v, &o, &got, &problem), CD_OK);
	assert_int_equal(got->child->n, 100000);
	/* a search through all members for each took minutes */
	assert_true(cd_time_mono() - before < 20000000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(names_become_iris), TEST(what_is_no_node_goes_from_the_top),
		TEST(values_get_what_their_term_says), TEST(numbers_stay_as_they_were_written),
		TEST(containers), TEST(literals_stay_as_they_are), TEST(reverse_included_nested),
		TEST(contexts_of_terms_and_of_types), TEST(many_layers), TEST(contexts_of_documents),
		TEST(errors_in_documents), TEST(errors), TEST(mode_of_1_0), TEST(bound_of_effort),
		TEST(contexts_that_multiply), TEST(bound_of_terms), TEST(bound_of_fetches),
		TEST(bound_of_memory), TEST(a_hundred_thousand_properties)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
