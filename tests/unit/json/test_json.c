/* JSON in and out: what is taken, what is refused, and that nothing is lost. [RFC 8259] */
#include "json/json.h"
#include "json/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

struct fixture {
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
};

static void begin(struct fixture *f)
{
	cd_settings_init(&f->set);
	cd_arena_init(&f->arena, 64 << 20);
	cd_cx_init(&f->cx, &f->arena, &f->set);
}

/* The text written back, or NULL when it was refused. Padding is filled with what could close an open array.
 */
static cd_code round_trip(struct fixture *f, const char *text, size_t n, char *out, size_t out_n)
{
	struct cd_json *v;
	struct cd_buf b;
	char *padded = malloc(n + CD_JSON_PADDING);
	memcpy(padded, text, n);
	memset(padded + n, ']', CD_JSON_PADDING);
	cd_code code = cd_json_parse(&f->cx, cd_str_of(padded, n), &v);
	out[0] = 0;
	if (!code) {
		cd_buf_init(&b, out_n - 1);
		cd_json_write(&b, v);
		assert_int_equal(b.bad, CD_OK);
		memcpy(out, b.p, b.n);
		out[b.n] = 0;
		cd_buf_done(&b);
	}
	free(padded);
	return code;
}

static void expect(const char *in, const char *out)
{
	struct fixture f;
	char got[4096];
	begin(&f);
	cd_code code = round_trip(&f, in, strlen(in), got, sizeof got);
	if (code)
		print_error("%s: %s\n", in, f.cx.err.detail);
	assert_int_equal(code, CD_OK);
	assert_string_equal(got, out);
	cd_arena_done(&f.arena);
}

static void refuse_n(const char *in, size_t n)
{
	struct fixture f;
	char got[4096];
	begin(&f);
	cd_code code = round_trip(&f, in, n, got, sizeof got);
	if (code != CD_E_INVALID_REQUEST)
		print_error("taken: %.*s\n", (int)n, in);
	assert_int_equal(code, CD_E_INVALID_REQUEST);
	assert_non_null(f.cx.err.detail);
	cd_arena_done(&f.arena);
}

static void values_survive(void **state)
{
	(void)state;
	expect("{}", "{}");
	expect(" [ ] \n", "[]");
	expect("{\"a\" : [1, 2.50 ,-0, 1E+2, 1e400, 12345678901234567890123, -0.0e-10]}",
		"{\"a\":[1,2.50,-0,1E+2,1e400,12345678901234567890123,-0.0e-10]}");
	expect("[true,false,null]", "[true,false,null]");
	expect("\"x\"", "\"x\"");
	expect("7", "7");
	expect(" null ", "null");
	expect("[\"\\u0041\\u00e9\\ud83d\\ude00\\n\\/\\\"\\\\\\u0001\"]",
		"[\"A\xc3\xa9\xf0\x9f\x98\x80\\n/\\\"\\\\\\u0001\"]");
	expect("{\"\":{\"\":1}}", "{\"\":{\"\":1}}");
	expect("[[[[]]],{\"a\":{}}]", "[[[[]]],{\"a\":{}}]");
	expect("{\"a\":1,\"b\":{\"a\":2}}", "{\"a\":1,\"b\":{\"a\":2}}");
}

static void what_is_not_json_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]",
		"{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{a:1}",
		"{1:2}", "{'a':1}", "[1]]", "[[1]", "{}{}", "[] x", "1 2", "tru", "truex", "[truex]", "[nul]",
		"nulll", "+1", ".5", "1.", "01", "-", "-a", "1e", "1e+", "0x10", "[1.e3]", "[--1]", "NaN",
		"[Infinity]", "\"", "\"a", "[\"a]", "\"a\nb\"", "[\"\t\"]", "\"\\x\"", "\"\\u12\"",
		"\"\\ud800\"", "\"\\udc00\"", "[\"\\ud800\\u0041\"]", "{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}", "[\"a\"\"b\"]", "{\"a\":1}}", "[{\"a\":1]", "{\"a\":[1}", "[1}",
		"{\"a\":1]", "//", "[1]//", "/**/1", "\xef\xbb\xbf{}", "[\"\\ud83d\"]"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refuse_n(bad[i], strlen(bad[i]));
	refuse_n("[\"\xff\"]", 5);
	refuse_n("[\"\xc0\xaf\"]", 6);
	refuse_n("[\"\xed\xa0\x80\"]", 7);
	refuse_n("[1\0]", 4);
	refuse_n("[1]\0", 4);
	refuse_n("\0", 1);
}

/* Every prefix of a document is refused, whatever follows in memory. */
static void cut_documents_are_refused(void **state)
{
	static const char text[] =
		"{\"id\":\"urn:x\",\"a\":{\"value\":[1,2,{\"b\":null}],\"t\":true},\"c\":\"\\u00e9\"}";
	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++)
		refuse_n(text, n);
	expect(text, "{\"id\":\"urn:x\",\"a\":{\"value\":[1,2,{\"b\":null}],\"t\":true},\"c\":\"\xc3\xa9\"}");
}

static cd_code parse_nested(unsigned depth, unsigned bound)
{
	struct fixture f;
	char text[4096], got[4096];
	begin(&f);
	f.set.json_depth = bound;
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	cd_code code = round_trip(&f, text, 2 * depth, got, sizeof got);
	cd_arena_done(&f.arena);
	return code;
}

static void depth_bound(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(64, 64), CD_OK);
	assert_int_equal(parse_nested(65, 64), CD_E_BAD_REQUEST_DATA);
	assert_int_equal(parse_nested(512, 512), CD_OK);
}

static cd_code parse_values(unsigned n, unsigned bound)
{
	struct fixture f;
	char text[4096] = "[", got[4096];
	begin(&f);
	f.set.json_members = bound;
	for (unsigned i = 1; i < n; i++)
		strcat(text, i > 1 ? ",1" : "1");
	strcat(text, "]");
	cd_code code = round_trip(&f, text, strlen(text), got, sizeof got);
	cd_arena_done(&f.arena);
	return code;
}

static void values_bound(void **state)
{
	(void)state;
	assert_int_equal(parse_values(16, 16), CD_OK);
	assert_int_equal(parse_values(17, 16), CD_E_BAD_REQUEST_DATA);
}

static void errors_point_at_the_place(void **state)
{
	struct fixture f;
	char got[64];
	(void)state;
	begin(&f);
	const char *text = "{\"a\":[0,{\"x/y~\":01}]}";
	assert_int_equal(round_trip(&f, text, strlen(text), got, sizeof got), CD_E_INVALID_REQUEST);
	assert_string_equal(f.cx.err.where, "/a/1/x~1y~0");
	cd_arena_done(&f.arena);
}

/* Twice the same name among very many: found, and not in quadratic time. */
static void many_members(void **state)
{
	(void)state;
	for (int twice = 0; twice < 2; twice++) {
		struct fixture f;
		struct cd_buf b;
		struct cd_json *v;
		begin(&f);
		cd_buf_init(&b, 8 << 20);
		cd_buf_char(&b, '{');
		for (int i = 0; i < 20000; i++)
			cd_buf_printf(&b, "%s\"m%d\":%d", i ? "," : "", i, i);
		if (twice)
			CD_BUF_LIT(&b, ",\"m77\":1");
		cd_buf_char(&b, '}');
		cd_code code = cd_json_parse_copy(&f.cx, cd_buf_str(&b), &v);
		assert_int_equal(code, twice ? CD_E_INVALID_REQUEST : CD_OK);
		if (!twice)
			assert_int_equal(v->n, 20000);
		cd_buf_done(&b);
		cd_arena_done(&f.arena);
	}
}

static void numbers(void **state)
{
	struct cd_buf b;
	(void)state;
	assert_true(cd_json_number(CD_STR("0.1")) == 0.1);
	assert_true(cd_json_number(CD_STR("-1e400")) < -1.7e308);
	assert_true(cd_json_number(CD_STR("1e-400")) == 0);
	assert_true(cd_json_number(CD_STR("0.00001e-400")) == 0);
	assert_true(cd_json_number(CD_STR("100000e400")) > 1.7e308);
	cd_buf_init(&b, 100);
	cd_json_write_number(&b, 0.1);
	cd_buf_char(&b, ' ');
	cd_json_write_number(&b, 1e22);
	assert_true(cd_str_eq(cd_buf_str(&b), CD_STR("0.1 1e+22")));
	cd_buf_done(&b);
}

static void expect_merge(const char *old, const char *patch, const char *result)
{
	struct fixture f;
	struct cd_json *a, *p;
	struct cd_buf b;
	begin(&f);
	assert_int_equal(cd_json_parse_copy(&f.cx, cd_str_z(old), &a), CD_OK);
	assert_int_equal(cd_json_parse_copy(&f.cx, cd_str_z(patch), &p), CD_OK);
	cd_buf_init(&b, 4096);
	cd_json_write(&b, cd_json_merge(&f.cx, a, p));
	cd_buf_char(&b, 0);
	assert_string_equal(b.p, result);
	cd_buf_done(&b);
	cd_arena_done(&f.arena);
}

/* The examples of RFC 7396, with the NGSI-LD null. */
static void merges(void **state)
{
	(void)state;
	expect_merge("{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
	expect_merge("{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}");
	expect_merge("{\"a\":\"b\",\"b\":1}", "{\"a\":\"urn:ngsi-ld:null\"}", "{\"b\":1}");
	expect_merge("{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
	expect_merge("{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":\"urn:ngsi-ld:null\"}}",
		"{\"a\":{\"b\":\"d\"}}");
	expect_merge("[1]", "{\"a\":{\"b\":\"urn:ngsi-ld:null\",\"c\":1}}", "{\"a\":{\"c\":1}}");
	expect_merge("{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}");
}

static void unquoting(void **state)
{
	struct fixture f;
	struct cd_buf b;
	(void)state;
	begin(&f);
	cd_str all = CD_STR("a\"b\\c\n\t\r\b\f\x01\x1f/\xc3\xa9");
	cd_buf_init(&b, 4096);
	cd_json_write_string(&b, all);
	assert_true(cd_str_eq(cd_json_unquote(&f.arena, cd_buf_str(&b)), all));
	assert_true(cd_str_eq(cd_json_unquote(&f.arena, CD_STR("\"\"")), CD_STR("")));
	cd_buf_done(&b);
	cd_arena_done(&f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_survive),
		cmocka_unit_test(what_is_not_json_is_refused),
		cmocka_unit_test(cut_documents_are_refused),
		cmocka_unit_test(depth_bound),
		cmocka_unit_test(values_bound),
		cmocka_unit_test(errors_point_at_the_place),
		cmocka_unit_test(many_members),
		cmocka_unit_test(numbers),
		cmocka_unit_test(merges),
		cmocka_unit_test(unquoting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
