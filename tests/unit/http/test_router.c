/* Routes: what a method and a path lead to, what is allowed, and the OpenAPI document of it all. */
#include "table.h"

#include "base/mem.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct cd_route more_routes[] = {
	{CD_GET, "/", NULL, 0, 0, "root", "The root", ""},
	{CD_GET, "/health", NULL, 0, CD_ROUTE_CONTROL, "health", "Health", ""},
	{CD_HEAD, "/health", NULL, 0, 0, "healthHead", "Health, briefly", ""},
	{CD_GET, NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static struct cd_settings set;
static struct cd_arena arena;
static struct cd_cx cx;
static struct cd_router *router;
static struct cd_args args;
static cd_str allow;

static int setup(void **state)
{
	(void)state;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 26);
	router = cd_router_new();
	return !router || cd_router_add(router, test_routes, test_params, P_N) ||
	       cd_router_add(router, more_routes, NULL, 0);
}

static int teardown(void **state)
{
	(void)state;
	cd_router_free(router);
	cd_arena_done(&arena);
	return 0;
}

static const char *find(enum cd_method m, const char *path)
{
	const struct cd_route *route = NULL;
	cd_cx_init(&cx, &arena, &set);
	args = (struct cd_args){0};
	allow = cd_str_of(NULL, 0);
	cd_code code = cd_router_find(router, &cx, m, cd_str_z(path), &route, &args, &allow);
	assert_int_equal(code, cx.err.code);
	return code == CD_OK            ? route->name
	       : code == CD_E_NOT_FOUND ? "404"
	       : code == CD_E_METHOD    ? "405"
					: "400";
}

static void test_find(void **state)
{
	static const struct {
		enum cd_method method;
		const char *path, *name;
	} cases[] = {
		{CD_GET, "/v1/things", "query"},
		{CD_GET, "/v1/things/", "query"}, /* a collection answers with and without */
		{CD_POST, "/v1/things/", "create"}, {CD_HEAD, "/v1/things", "query"},
		{CD_GET, "/v1/things/a", "retrieve"}, {CD_HEAD, "/v1/things/a", "retrieve"},
		{CD_GET, "/v1/things/a/", "retrieve"}, {CD_GET, "/v1/things/special", "special"},
		{CD_DELETE, "/v1/things/special", "405"}, {CD_GET, "/v1/things/specials", "retrieve"},
		{CD_DELETE, "/v1/things/", "delete"}, /* an empty id: for the route to refuse */
		{CD_DELETE, "/v1/things", "405"}, {CD_PUT, "/v1/things", "405"},
		{CD_METHOD_OTHER, "/v1/things", "405"}, {CD_PATCH, "/v1/things/a/attrs/b", "update"},
		{CD_PATCH, "/v1/things//attrs/b", "update"}, {CD_GET, "/v1/things/a/attrs", "attrs"},
		{CD_GET, "/v1/things/a/attrs/", "attrs"}, {CD_GET, "/v1/things/a/attrs/b", "405"},
		{CD_GET, "/v1/things/a/attrs/b/c", "404"}, {CD_GET, "/v1/things/a/other", "404"},
		{CD_GET, "/v1", "404"}, {CD_GET, "/v1/", "404"}, {CD_GET, "/V1/things", "404"},
		{CD_GET, "/v1/thing", "404"}, {CD_GET, "/v1/bin", "404"}, {CD_GET, "/v1/bin/", "405"},
		{CD_GET, "/", "root"}, {CD_HEAD, "/health", "healthHead"}, {CD_GET, "/health", "health"},
		{CD_GET, "//", "root"}, {CD_GET, "", "404"}, {CD_GET, "*", "404"},
		{CD_GET, "v1/things", "404"}, {CD_GET, "/v1/things/%zz", "400"},
		{CD_GET, "/v1/things/%", "400"}, {CD_GET, "/1/2/3/4/5", "404"}, /* more parts than are kept */
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = find(cases[i].method, cases[i].path);
		if (strcmp(got, cases[i].name) != 0)
			print_error("%s\n", cases[i].path);
		assert_string_equal(got, cases[i].name);
	}
}

static void test_parts(void **state)
{
	(void)state;
	find(CD_PATCH, "/v1/things/urn%3Aa%2Fb/attrs/c%20d");
	assert_true(cd_str_eq(args.part[0], CD_STR("urn:a/b")));
	assert_true(cd_str_eq(args.part[1], CD_STR("c d")));
	assert_true(cd_str_eq(args.part_raw[0], CD_STR("urn%3Aa%2Fb")));
	find(CD_PATCH, "/v1/things//attrs/");
	assert_non_null(args.part[0].p);
	assert_int_equal(args.part[0].n, 0);
	find(CD_GET, "/v1/things/%252F"); /* decoded once */
	assert_true(cd_str_eq(args.part[0], CD_STR("%2F")));
}

static void test_allow(void **state)
{
	(void)state;
	find(CD_DELETE, "/v1/things");
	assert_true(cd_str_eq(allow, CD_STR("GET, HEAD, POST, OPTIONS")));
	find(CD_PUT, "/v1/things/a");
	assert_true(cd_str_eq(allow, CD_STR("GET, HEAD, DELETE, OPTIONS")));
	find(CD_GET, "/v1/things/a/attrs/b");
	assert_true(cd_str_eq(allow, CD_STR("PATCH, OPTIONS")));
	find(CD_OPTIONS, "/v1/things"); /* 405, and the application answers it with the list */
	assert_int_equal(cx.err.code, CD_E_METHOD);
	assert_true(allow.n > 0);
	find(CD_GET, "/nowhere");
	assert_null(allow.p);
}

static void test_tables_bound(void **state)
{
	static const struct cd_route none[] = {{CD_GET, NULL, NULL, 0, 0, NULL, NULL, NULL}};
	(void)state;
	for (int i = 2; i < 16; i++)
		assert_int_equal(cd_router_add(router, none, NULL, 0), CD_OK);
	assert_int_equal(cd_router_add(router, none, NULL, 0), CD_E_FULL);
	assert_string_equal(find(CD_GET, "/health"), "health");
}

static const struct cd_json *at(const struct cd_json *v, const char *path)
{
	cd_str rest = cd_str_z(path);
	while (rest.p) {
		v = cd_json_get(v, cd_str_cut(&rest, '|'));
		assert_non_null(v);
	}
	return v;
}

static void test_openapi(void **state)
{
	struct cd_json *v;
	struct cd_buf b;
	(void)state;
	cd_cx_init(&cx, &arena, &set);
	cd_buf_init(&b, 1 << 20);
	cd_router_openapi(router, &b, CD_STR("A \"title\""), CD_STR("0.1"));
	assert_int_equal(b.bad, CD_OK);
	/* JSON, and no member twice: the reader refuses that */
	assert_int_equal(cd_json_parse_copy(&cx, cd_buf_str(&b), &v), CD_OK);
	at(v, "info|title");
	at(v, "components|responses|Problem");
	for (int t = 0; t < 2; t++)
		for (const struct cd_route *r = t ? more_routes : test_routes; r->path; r++) {
			char method[16] = "";
			for (size_t i = 0; i < cd_method_names[r->method].n; i++)
				method[i] = (char)(cd_method_names[r->method].p[i] | 32);
			const struct cd_json *path = cd_json_get(at(v, "paths"), cd_str_z(r->path));
			const struct cd_json *op = cd_json_get(path, cd_str_z(method));
			at(op, "operationId");
			at(op, "summary");
			at(op, "responses|4XX");
			bool body = r->flags & (CD_ROUTE_BODY_JSON | CD_ROUTE_BODY_MERGE);
			assert_int_equal(cd_json_get(op, CD_STR("requestBody")) != NULL, body);
			assert_int_equal(cd_json_get(op, CD_STR("description")) != NULL, r->clause[0] != 0);
			/* every parameter it takes, and each {part} of its path */
			unsigned parts = 0;
			for (const char *c = r->path; *c; c++)
				parts += *c == '{';
			assert_int_equal(
				at(op, "parameters")->n, parts + (unsigned)__builtin_popcountll(r->params));
		}
	cd_buf_done(&b);
}

static void test_openapi_without_room(void **state)
{
	struct cd_buf b;
	(void)state;
	cd_buf_init(&b, 1 << 20);
	cd_router_openapi(router, &b, CD_STR("t"), CD_STR("0.1"));
	size_t whole = b.n;
	cd_buf_done(&b);
	for (size_t max = 1; max < whole; max += 37) {
		cd_buf_init(&b, max);
		cd_router_openapi(router, &b, CD_STR("t"), CD_STR("0.1"));
		assert_int_equal(b.bad, CD_E_TOO_LARGE);
		assert_true(b.n <= max);
		cd_buf_done(&b);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long k = 1;; k++) {
		assert_true(k < 1000);
		cd_mem_fail_after(k);
		struct cd_router *r = cd_router_new();
		cd_code code = r ? cd_router_add(r, test_routes, test_params, P_N) : CD_E_NO_MEMORY;
		bool failed = cd_mem_failed();
		cd_mem_fail_after(0);
		cd_router_free(r);
		assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
		if (!failed)
			break;
	}
	cd_router_free(NULL);
	struct cd_arena small;
	cd_arena_init(&small, 1);
	cd_cx_init(&cx, &small, &set);
	const struct cd_route *route;
	assert_int_not_equal(
		cd_router_find(router, &cx, CD_GET, CD_STR("/v1/things/%41"), &route, &args, &allow), CD_OK);
	cd_arena_done(&small);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {TEST(test_find), TEST(test_parts), TEST(test_allow),
		TEST(test_tables_bound), TEST(test_openapi), TEST(test_openapi_without_room),
		TEST(test_no_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
