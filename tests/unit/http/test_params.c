/* The query against the rows of a binding: every kind, each at its bounds and one past them. */
#include "table.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct cd_settings set;
static struct cd_arena arena;
static struct cd_cx cx;
static struct cd_router *router;
static struct cd_args args;

static int setup(void **state)
{
	(void)state;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 26);
	router = cd_router_new();
	return !router || cd_router_add(router, test_routes, test_params, P_N);
}

static int teardown(void **state)
{
	(void)state;
	cd_router_free(router);
	cd_arena_done(&arena);
	return 0;
}

static cd_code query_of(const struct cd_route *route, const char *query)
{
	cd_cx_init(&cx, &arena, &set);
	args = (struct cd_args){0};
	return cd_router_args(router, &cx, route, cd_str_z(query), &args);
}

static cd_code query(const char *text)
{
	return query_of(&test_routes[0], text);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(query(""), CD_OK);
	assert_int_equal(args.given, 0);
	assert_int_equal(query("limit=7&q=a%26b%3Dc+d%2B&&count=true&options=sysAttrs,keyValues&"), CD_OK);
	assert_int_equal(args.given, 1u << P_UINT | 1u << P_TEXT | 1u << P_BOOL | 1u << P_WORDS);
	assert_int_equal(args.uint[P_UINT], 7);
	assert_int_equal(args.uint[P_BOOL], 1);
	assert_true(cd_str_eq(args.text[P_TEXT], CD_STR("a&b=c d+")));
	assert_int_equal(query("count=false"), CD_OK);
	assert_int_equal(args.uint[P_BOOL], 0);
	assert_int_equal(query("%71=1&li%6Dit=2"), CD_OK); /* names may be escaped, too */
	assert_int_equal(args.uint[P_UINT], 2);
	assert_int_equal(query("q"), CD_OK);
	assert_non_null(args.text[P_TEXT].p);
	assert_int_equal(args.text[P_TEXT].n, 0);
	assert_int_equal(query("q=a=b"), CD_OK);
	assert_true(cd_str_eq(args.text[P_TEXT], CD_STR("a=b")));
}

static void test_good_and_bad(void **state)
{
	static const struct {
		const char *query;
		cd_code code;
	} cases[] = {
		{"limit=1", CD_OK},
		{"limit=0", CD_E_BAD_REQUEST_DATA},
		{"limit=1000", CD_OK},
		{"limit=1001", CD_E_BAD_REQUEST_DATA},
		{"limit=", CD_E_BAD_REQUEST_DATA},
		{"limit=-1", CD_E_BAD_REQUEST_DATA},
		{"limit=+1", CD_E_BAD_REQUEST_DATA},
		{"limit=1.0", CD_E_BAD_REQUEST_DATA},
		{"limit=%201", CD_E_BAD_REQUEST_DATA},
		{"limit=18446744073709551617", CD_E_BAD_REQUEST_DATA},
		{"count=True", CD_E_BAD_REQUEST_DATA},
		{"count=1", CD_E_BAD_REQUEST_DATA},
		{"count", CD_E_BAD_REQUEST_DATA},
		{"datasetId=urn:a", CD_OK},
		{"datasetId=@none", CD_OK},
		{"datasetId=a", CD_E_BAD_REQUEST_DATA},
		{"datasetId=:a", CD_E_BAD_REQUEST_DATA},
		{"datasetId=urn:", CD_E_BAD_REQUEST_DATA},
		{"datasetId=urn:a%20b", CD_E_BAD_REQUEST_DATA},
		{"datasetId=urn:a%00b", CD_E_BAD_REQUEST_DATA},
		{"datasetId=urn:%3Ca", CD_E_BAD_REQUEST_DATA},
		{"id=urn:a", CD_OK},
		{"id=urn:a,urn:b", CD_OK},
		{"id=urn:a,", CD_E_BAD_REQUEST_DATA},
		{"id=", CD_E_BAD_REQUEST_DATA},
		{"attrs=a,b", CD_OK},
		{"attrs=a,,b", CD_E_BAD_REQUEST_DATA},
		{"attrs=,", CD_E_BAD_REQUEST_DATA},
		{"attrs=", CD_E_BAD_REQUEST_DATA},
		{"options=keyValues", CD_OK},
		{"options=concise,sysAttrs", CD_OK},
		{"options=keyvalues", CD_E_INVALID_REQUEST},
		{"options=keyValues,", CD_E_INVALID_REQUEST},
		{"options=", CD_E_INVALID_REQUEST},
		{"options=keyValues|concise", CD_E_INVALID_REQUEST},
		{"format=concise", CD_OK},
		{"format=conc", CD_E_INVALID_REQUEST},
		{"format=normalized,concise", CD_E_INVALID_REQUEST},
		{"at=2024-02-29T12:00:00Z", CD_OK},
		{"at=2023-02-29T12:00:00Z", CD_E_BAD_REQUEST_DATA},
		{"at=now", CD_E_BAD_REQUEST_DATA},
		{"nope=1", CD_E_INVALID_REQUEST},
		{"=1", CD_E_INVALID_REQUEST},
		{"Limit=1", CD_E_INVALID_REQUEST},
		{"limit=1&limit=1", CD_E_INVALID_REQUEST},
		{"q=1&limit=1&q=2", CD_E_INVALID_REQUEST},
		{"q=%", CD_E_INVALID_REQUEST},
		{"q=%4", CD_E_INVALID_REQUEST},
		{"%zz=1", CD_E_INVALID_REQUEST},
		{"%00=1", CD_E_INVALID_REQUEST},
		{"&&&", CD_OK},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cd_code code = query(cases[i].query);
		if (code != cases[i].code)
			print_error("%s\n", cases[i].query);
		assert_int_equal(code, cases[i].code);
		assert_int_equal(cx.err.code, code);
		if (code)
			assert_non_null(cx.err.where);
	}
}

static void test_where_it_is_wrong(void **state)
{
	(void)state;
	query("q=1&limit=x");
	assert_string_equal(cx.err.where, "limit");
	query("unheard%20of=1");
	assert_string_equal(cx.err.where, "unheard of");
	query("count=true&count=true");
	assert_string_equal(cx.err.where, "count");
}

/* A parameter of the table that this route does not take is refused as an unknown one. */
static void test_inapplicable(void **state)
{
	(void)state;
	assert_int_equal(query_of(&test_routes[2], "options=concise"), CD_OK);
	assert_int_equal(query_of(&test_routes[2], "limit=1"), CD_E_INVALID_REQUEST);
	assert_int_equal(query_of(&test_routes[1], "q=1"), CD_E_INVALID_REQUEST);
}

/* As many as there can be: bit 63 is a parameter like all others. */
static void test_sixty_four(void **state)
{
	static struct cd_param params[CD_PARAMS_MAX];
	static char names[CD_PARAMS_MAX][8];
	static struct cd_route routes[2] = {{CD_GET, "/all", NULL, ~0ull, 0, "all", "All", ""}};
	(void)state;
	for (int i = 0; i < CD_PARAMS_MAX; i++) {
		names[i][0] = 'p';
		names[i][1] = (char)('0' + i / 10);
		names[i][2] = (char)('0' + i % 10);
		params[i] = (struct cd_param){names[i], CD_PARAM_UINT, 0, 9, NULL, "", ""};
	}
	assert_int_equal(cd_router_add(router, routes, params, CD_PARAMS_MAX), CD_OK);
	assert_int_equal(query_of(&routes[0], "p63=9&p00=1"), CD_OK);
	assert_true(args.given == (1ull << 63 | 1));
	assert_int_equal(args.uint[63], 9);
	assert_int_equal(query_of(&routes[0], "p63=9&p63=9"), CD_E_INVALID_REQUEST);
	assert_int_equal(query_of(&routes[0], "p64=9"), CD_E_INVALID_REQUEST);
}

static void test_no_memory(void **state)
{
	static const char *const texts[] = {"q=%41", "n%6fpe=1", "limit=x", "nope=1"};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct cd_arena none;
		cd_arena_init(&none, 1);
		cd_cx_init(&cx, &none, &set);
		args = (struct cd_args){0};
		assert_int_not_equal(
			cd_router_args(router, &cx, &test_routes[0], cd_str_z(texts[i]), &args), CD_OK);
		cd_arena_done(&none);
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {TEST(test_values), TEST(test_good_and_bad),
		TEST(test_where_it_is_wrong), TEST(test_inapplicable), TEST(test_sixty_four),
		TEST(test_no_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
