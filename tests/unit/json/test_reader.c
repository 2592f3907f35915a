/*
 * The reader under hard conditions: every document at every offset of the parser's blocks, whatever lies
 * behind the text in memory, without memory, on many threads. [RFC 8259]
 */
#include "base/mem.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* More than two blocks of the widest parser: a token meets every edge. */
enum { SHIFTS = 130 };

static const char *const good[] = {"0", "-0", "-0.0", "1E5", "1e+5", "1e-5", "0e0", "0E+00",
	"123456789012345678901234567890", "0.1e400", "[-1]", "true", "false", "null", "\"\"", "[]", "{}",
	"[[]]", "[{}]", "{\"\":[]}", "[1,2]", "[ 1 , 2 ]", "{\"a\":{\"a\":{\"a\":1}}}", "[\"\\\\\"]",
	"[\"\\\\\\\"\"]", "[\"\\\\u0041\"]", "[\"\\u0000\"]", "[\"\\uFFFF\"]", "[\"\\uD800\\uDC00\"]",
	"[\"\\udbff\\udfff\"]", "[\"\x7f\"]", "[\"\xef\xbf\xbf\"]", "[\"\xf4\x8f\xbf\xbf\"]",
	"[\"\xc2\x80\"]", "[\"/\",\"\\/\"]", "[\"[1,\\\"]\"]", "\r\n\t []\r\n\t ",
	"{\"a\":1,\"A\":1,\"a \":1}", "[\"{}\"]", "{\"\\u0000\":1,\"\":2}", "[null,true,false,0,\"\",[],{}]",
	"[1.5,-2.25e-3,1e0]"};

static const char *const broken[] = {"-", "--1", "+0", "00", "-01", "0.", ".0", "-.5", "0.e1", "1e", "1E+",
	"1e1.0", "1e+-1", "1 000", "0x1", "1_0", "1a", "1.5.6", "0b1", "Infinity", "-Infinity", "-NaN", "nan",
	"True", "FALSE", "nul", "nulls", "falsey", "truefalse", "true,", "null null", "1,2", "1:2", "\"a\":1",
	"\"a\",", "\"a\"x", "x\"a\"", "'a'", "\"\\", "\"\\\"", "\"\\a\"", "\"\\0\"", "\"\\x41\"",
	"\"\\U0041\"", "\"\\u\"", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\u 123\"",
	"\"\\u+123\"", "\"\\ud800\"", "\"\\uDBFF\"", "\"\\udc00\"", "\"\\udfff\"", "\"\\ud800\\ud800\"",
	"\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ue000\"", "\"\\ud800\\uzzzz\"",
	"\"\\udc00\\ud800\"", "{\"\\ud800\":1}", "{\"\\udc00\":1}", "{\"\\q\":1}", "{\"\\ud83d\\u\":1}", "[",
	"{", "[[", "[{", "{\"a\"", "{\"a\":", "{\"a\":[", "{\"a\":1", "{\"a\":1,", "[1,", "[\"a\",", "[[1],",
	"[[1]", "[[1,2],[3]", "{\"a\":{}", "{\"a\":[1]", "[{\"a\":1}", "]", "}", "[]]", "{}}", "[]}", "{}]",
	"[1]]", "[}", "{]", "[1}", "{\"a\":1]", "[[1}]", "[{\"a\":1]}", "[,]", "[,1]", "[1,]", "[1,,2]",
	"[1 2]", "[1 true]", "[\"a\" \"b\"]", "[\"a\"\"b\"]", "[1\"a\"]", "[\"a\"1]", "[[]1]", "[[][]]",
	"[1[]]", "[{}{}]", "[1:2]", "[\"a\":1]", "[:]", "[:1]", "[true:1]", "[[]:1]", "{,}", "{\"a\"}",
	"{\"a\",\"b\"}", "{\"a\":}", "{\"a\"::1}", "{\"a\":1:2}", "{\"a\":1,}", "{,\"a\":1}",
	"{\"a\":1,,\"b\":2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}", "{a:1}", "{1:1}",
	"{null:1}", "{[]:1}", "{{}:1}", "{\"a\":1 2}", "{\"a\":b}", "{\"a\":true:false}",
	"{\"a\":\"b\":\"c\"}", "{\"a\":[1,]}", "[{\"a\":}]", "{\"a\":1}{", "[1][2]", "{}1", "[]\"\"", "1[]",
	"[1]x", "[1],", "[1]//c", "[1/*c*/]", "[1]#", "[\"a\nb\"]", "[\"a\tb\"]", "[\"\x01\"]", "[\"\x1f\"]",
	"[\x0b]", "[\x0c]", "\x0c[]", "[1]\x1f", "\xef\xbb\xbf[]", "[]\xef\xbb\xbf", "[\xc2\xa0]",
	"[\xe2\x80\xa8]", "[\"\x80\"]", "[\"\xbf\"]", "[\"\xc0\x80\"]", "[\"\xc1\xbf\"]", "[\"\xc3\"]",
	"[\"\xc3(\"]", "[\"\xe0\x80\x80\"]", "[\"\xe2\x82\"]", "[\"\xed\xa0\x80\"]", "[\"\xed\xbf\xbf\"]",
	"[\"\xf0\x80\x80\x80\"]", "[\"\xf4\x90\x80\x80\"]", "[\"\xf5\x80\x80\x80\"]",
	"[\"\xf8\x88\x80\x80\x80\"]", "[\"\xff\"]", "{\"\xff\":1}", "\xff", "[\xff]", "{\"a\":1,\"a\":1}",
	"{\"\":1,\"\":2}", "{\"a\":1,\"b\":2,\"\\u0061\":3}", "[{\"x\":{\"a\":1,\"a\":2}}]",
	"{\"\\/\":1,\"/\":2}", "{\"\\u00e9\":1,\"\xc3\xa9\":1}"};

/* What may lie behind the text: all of it would make some cut document whole, were it read. */
static const char *const behind[] = {"\0", "]]]]]]]]", "}}}}}}}}", "\"\"\"\"\"\"", ",1]]]]]]", ",\"z\":1}}}}",
	":1}}}}", "0000000", "        ", "\\\"\"]}"};

static const struct cd_settings *defaults(void)
{
	static struct cd_settings set;
	cd_settings_init(&set);
	return &set;
}

/* Parses `text` behind `shift` blanks, with `tail` repeated over the padding. */
static cd_code parse(const struct cd_settings *set, cd_str text, size_t shift, cd_str tail, size_t *ret_nodes)
{
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v = NULL;
	char *p = malloc(shift + text.n + CD_JSON_PADDING);
	memset(p, ' ', shift);
	memcpy(p + shift, text.p, text.n);
	for (size_t i = 0; i < CD_JSON_PADDING; i++)
		p[shift + text.n + i] = tail.p[i % tail.n];
	cd_arena_init(&arena, 64 << 20);
	cd_cx_init(&cx, &arena, set);
	cd_code code = cd_json_parse(&cx, cd_str_of(p, shift + text.n), &v);
	free(p);
	assert_int_equal(code, cx.err.code);
	if (code) {
		assert_non_null(cx.err.detail);
		assert_null(v); /* nothing half read comes out */
	}
	if (ret_nodes)
		*ret_nodes = code ? 0 : v->n;
	cd_arena_done(&arena);
	return code;
}

static cd_str behind_at(size_t i)
{
	return cd_str_of(behind[i], behind[i][0] ? strlen(behind[i]) : 1);
}

static void everywhere(const struct cd_settings *set, cd_str text, cd_code want)
{
	size_t tails = sizeof behind / sizeof *behind;
	for (size_t shift = 0; shift < SHIFTS; shift++) {
		cd_code code = parse(set, text, shift, behind_at(shift % tails), NULL);
		if (code != want)
			print_error("%.*s behind %zu blanks: %d\n", (int)text.n, text.p, shift, code);
		assert_int_equal(code, want);
	}
	for (size_t t = 0; t < tails; t++)
		assert_int_equal(parse(set, text, 0, behind_at(t), NULL), want);
}

static void good_documents_at_every_offset(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		everywhere(defaults(), cd_str_z(good[i]), CD_OK);
}

static void broken_documents_at_every_offset(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		everywhere(defaults(), cd_str_z(broken[i]), CD_E_INVALID_REQUEST);
}

/* Also as a part of something larger, where the same fault takes other paths. */
static void broken_values_inside(void **state)
{
	static const char *const around[][2] = {
		{"[", "]"}, {"[0,", "]"}, {"[", ",0]"}, {"{\"k\":", "}"}, {"{\"k\":", ",\"l\":0}"}};
	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		for (size_t a = 0; a < 5; a++) {
			char text[256];
			/* two values side by side are legal where a list of them is */
			if (!strcmp(broken[i], "1,2") || !strcmp(broken[i], "true,") ||
				!strcmp(broken[i], "\"a\","))
				continue;
			int n = snprintf(text, sizeof text, "%s%s%s", around[a][0], broken[i], around[a][1]);
			cd_code code = parse(defaults(), cd_str_of(text, (size_t)n), 0, CD_STR("]"), NULL);
			if (code != CD_E_INVALID_REQUEST)
				print_error("taken: %s\n", text);
			assert_int_equal(code, CD_E_INVALID_REQUEST);
		}
}

static void zero_bytes_are_refused(void **state)
{
	(void)state;
	everywhere(defaults(), CD_STR("\0"), CD_E_INVALID_REQUEST);
	everywhere(defaults(), CD_STR("[1\0]"), CD_E_INVALID_REQUEST);
	everywhere(defaults(), CD_STR("[1]\0"), CD_E_INVALID_REQUEST);
	everywhere(defaults(), CD_STR("\0[1]"), CD_E_INVALID_REQUEST);
	everywhere(defaults(), CD_STR("[\"a\0b\"]"), CD_E_INVALID_REQUEST);
	everywhere(defaults(), CD_STR("{\"a\0\":1}"), CD_E_INVALID_REQUEST);
	everywhere(defaults(), CD_STR("[1,\0]"), CD_E_INVALID_REQUEST);
}

/* A slice of a larger buffer: the rest of the very document follows in memory. */
static void a_cut_document_is_refused_though_the_rest_follows(void **state)
{
	static const char text[] = "{\"id\":\"urn:x\",\"a\":{\"v\":[1,[2],{\"b\":null}],\"t\":true},\"c\":"
				   "\"\\u00e9\\\\\",\"d\":[[[]]]}";
	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		char rest[CD_JSON_PADDING] = {0};
		size_t left = sizeof text - 1 - n;
		memcpy(rest, text + n, left < sizeof rest ? left : sizeof rest);
		for (size_t shift = 0; shift < SHIFTS; shift++)
			assert_int_equal(parse(defaults(), cd_str_of(text, n), shift,
						 cd_str_of(rest, sizeof rest), NULL),
				CD_E_INVALID_REQUEST);
	}
}

static void object_of(struct cd_buf *b, unsigned n, int twin)
{
	cd_buf_reset(b);
	cd_buf_char(b, '{');
	for (unsigned i = 0; i < n; i++)
		cd_buf_printf(
			b, "%s\"member%u\":0", i ? "," : "", twin >= 0 && i == n - 1 ? (unsigned)twin : i);
	cd_buf_char(b, '}');
}

/* On both sides of the count where comparing pairs gives way to sorting; the twin at each place. */
static void twins_are_found_in_objects_of_any_size(void **state)
{
	struct cd_buf b;
	(void)state;
	cd_buf_init(&b, 1 << 20);
	for (unsigned n = 2; n <= 40; n++) {
		object_of(&b, n, -1);
		assert_int_equal(parse(defaults(), cd_buf_str(&b), 0, CD_STR("}"), NULL), CD_OK);
		for (unsigned twin = 0; twin + 1 < n; twin++) {
			object_of(&b, n, (int)twin);
			assert_int_equal(parse(defaults(), cd_buf_str(&b), 0, CD_STR("}"), NULL),
				CD_E_INVALID_REQUEST);
		}
	}
	cd_buf_done(&b);
}

/* Depth counts arrays and objects alike; the bound is the last depth that passes. */
static void depth_at_its_bound(void **state)
{
	struct cd_settings set = *defaults();
	char text[8192];
	(void)state;
	for (unsigned bound = 4; bound <= 512; bound += 127) {
		set.json_depth = bound;
		for (unsigned over = 0; over < 2; over++) {
			size_t n = 0;
			for (unsigned i = 0; i < bound + over; i++) {
				const char *open = i % 2 ? "{\"a\":" : "[";
				memcpy(text + n, open, strlen(open));
				n += strlen(open);
			}
			text[n++] = '1';
			for (unsigned i = bound + over; i-- > 0;)
				text[n++] = i % 2 ? '}' : ']';
			assert_int_equal(parse(&set, cd_str_of(text, n), 0, CD_STR("]"), NULL),
				over ? CD_E_BAD_REQUEST_DATA : CD_OK);
		}
	}
}

/* Far deeper than any bound: refused, and the stack survives. */
static void endless_nesting_is_refused(void **state)
{
	(void)state;
	size_t n = 1 << 20;
	char *text = malloc(n);
	memset(text, '[', n / 2);
	memset(text + n / 2, ']', n / 2);
	assert_int_equal(parse(defaults(), cd_str_of(text, n), 0, CD_STR("]"), NULL), CD_E_BAD_REQUEST_DATA);
	free(text);
}

/* The k-th allocation fails, for every k: that error and no other, nothing lost, and the next parse works. */
static void without_memory(void **state)
{
	struct cd_buf b;
	unsigned long k = 0;
	(void)state;
	cd_buf_init(&b, 1 << 20);
	cd_buf_char(&b, '{');
	for (int i = 0; i < 200; i++) /* some chunks of the arena, a name table, escapes, depth */
		cd_buf_printf(&b, "%s\"m%d\":{\"v\":[1,2,{\"b\":\"x\"}],\"c\":\"\\u00e9\",\"d\":null}",
			i ? "," : "", i);
	cd_buf_char(&b, '}');
	for (bool failed = true; failed; k++) {
		struct cd_arena arena;
		struct cd_cx cx;
		struct cd_json *v = NULL;
		cd_arena_init(&arena, 16 << 20);
		cd_cx_init(&cx, &arena, defaults());
		cd_mem_fail_after(k + 1);
		cd_code code = cd_json_parse_copy(&cx, cd_buf_str(&b), &v);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
		assert_true(failed == !v);
		cd_arena_done(&arena);
	}
	assert_true(k > 4); /* the loop did fail something */
	cd_buf_done(&b);
}

static void *parse_for_a_while(void *shared)
{
	const struct cd_settings *set = shared;
	for (int i = 0; i < 300; i++) {
		assert_int_equal(parse(set, cd_str_z(good[(size_t)i % (sizeof good / sizeof *good)]), 0,
					 CD_STR("]"), NULL),
			CD_OK);
		assert_int_equal(parse(set, cd_str_z(broken[(size_t)i % (sizeof broken / sizeof *broken)]), 0,
					 CD_STR("]"), NULL),
			CD_E_INVALID_REQUEST);
	}
	return NULL;
}

/* Each thread has its own parser, and gives it back when it ends (the leak checker looks). */
static void on_many_threads(void **state)
{
	pthread_t threads[4];
	(void)state;
	const struct cd_settings *set = defaults();
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, parse_for_a_while, (void *)set), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* A large document between small ones: the parser grows and shrinks. */
static void large_then_small(void **state)
{
	struct cd_buf b;
	size_t n;
	(void)state;
	cd_buf_init(&b, 8 << 20);
	cd_buf_char(&b, '[');
	for (int i = 0; i < 300000; i++)
		cd_buf_printf(&b, "%s%d", i ? "," : "", i);
	cd_buf_char(&b, ']');
	for (int round = 0; round < 2; round++) {
		assert_int_equal(parse(defaults(), cd_buf_str(&b), 0, CD_STR("]"), &n), CD_OK);
		assert_int_equal(n, 300000);
		assert_int_equal(parse(defaults(), CD_STR("[1,2]"), 0, CD_STR("]"), &n), CD_OK);
		assert_int_equal(n, 2);
	}
	cd_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_documents_at_every_offset),
		cmocka_unit_test(broken_documents_at_every_offset),
		cmocka_unit_test(broken_values_inside),
		cmocka_unit_test(zero_bytes_are_refused),
		cmocka_unit_test(a_cut_document_is_refused_though_the_rest_follows),
		cmocka_unit_test(twins_are_found_in_objects_of_any_size),
		cmocka_unit_test(depth_at_its_bound),
		cmocka_unit_test(endless_nesting_is_refused),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(on_many_threads),
		cmocka_unit_test(large_then_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
