/* Errors as JSON: every code, on every surface, whatever bytes the words quote. */
#include "http/problem.h"

#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct cd_settings set;
static struct cd_arena arena;
static struct cd_cx cx;

static int setup(void **state)
{
	(void)state;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 24);
	cd_cx_init(&cx, &arena, &set);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cd_arena_done(&arena);
	return 0;
}

static cd_str written(enum cd_surface s, struct cd_err err)
{
	struct cd_buf b;
	cd_buf_init(&b, 65536);
	cd_problem_write(&b, s, &err);
	assert_int_equal(b.bad, CD_OK);
	cd_str copy = cd_arena_copy(&arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return copy;
}

static void expect_member(const struct cd_json *v, cd_str name, const char *text)
{
	struct cd_buf b;
	const struct cd_json *m = cd_json_get(v, name);
	if (!text) {
		assert_null(m);
		return;
	}
	assert_non_null(m);
	cd_buf_init(&b, 65536);
	cd_json_write(&b, m);
	assert_true(cd_str_eq(cd_buf_str(&b), cd_str_z(text)));
	cd_buf_done(&b);
}

static void test_every_code(void **state)
{
	(void)state;
	for (int code = 1; code < CD_ERROR_N; code++)
		for (int s = CD_SURFACE_NGSILD; s <= CD_SURFACE_OGC; s++) {
			struct cd_json *v;
			const struct cd_err err = {(cd_code)code, "words", "/a/b"};
			assert_int_equal(
				cd_json_parse_copy(&cx, written((enum cd_surface)s, err), &v), CD_OK);
			cd_str type =
				s == CD_SURFACE_OGC
					? CD_STR("\"about:blank\"")
					: cd_arena_printf(&arena,
						  "\"https://uri.etsi.org/ngsi-ld/errors/" CD_STR_FMT "\"",
						  CD_STR_ARG(cd_code_type((cd_code)code)));
			expect_member(v, CD_STR("type"), type.p);
			cd_str status = cd_arena_printf(&arena, "%d", cd_code_status((cd_code)code));
			expect_member(v, CD_STR("status"), status.p);
			expect_member(v, CD_STR("detail"), "\"words\"");
			expect_member(v, CD_STR("where"), "\"/a/b\"");
			assert_non_null(cd_json_get(v, CD_STR("title")));
			assert_in_range(cd_code_status((cd_code)code), 400, 599);
		}
}

static void test_words(void **state)
{
	struct cd_json *v;
	(void)state;
	const struct cd_err quotes = {CD_E_BAD_REQUEST_DATA, "a \"b\" \\ \n \x01", NULL};
	assert_int_equal(cd_json_parse_copy(&cx, written(CD_SURFACE_NGSILD, quotes), &v), CD_OK);
	expect_member(v, CD_STR("detail"), "\"a \\\"b\\\" \\\\ \\n \\u0001\"");
	expect_member(v, CD_STR("where"), NULL);
	/* bytes that are no text are spoken of rather than sent; there is always something to read */
	const struct cd_err bytes = {CD_E_BAD_REQUEST_DATA, "\xff\xfe", "\xc3"};
	assert_int_equal(cd_json_parse_copy(&cx, written(CD_SURFACE_NGSILD, bytes), &v), CD_OK);
	expect_member(v, CD_STR("detail"), "\"It holds bytes that are not UTF-8\"");
	expect_member(v, CD_STR("where"), NULL);
	expect_member(v, CD_STR("found"), NULL);
	const struct cd_err none = {CD_E_NOT_FOUND, NULL, ""};
	assert_int_equal(cd_json_parse_copy(&cx, written(CD_SURFACE_OGC, none), &v), CD_OK);
	expect_member(v, CD_STR("detail"), "\"Not found\"");
	expect_member(v, CD_STR("where"), NULL);
	const struct cd_err found = {CD_E_BAD_REQUEST_DATA, "words", "/a", "\"x\""};
	assert_int_equal(cd_json_parse_copy(&cx, written(CD_SURFACE_NGSILD, found), &v), CD_OK);
	expect_member(v, CD_STR("found"), "\"\\\"x\\\"\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_code, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
