/* What is a geometry, and its box. [RFC 7946 3.1] */
#include "geo/geometry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static cd_code check(const char *text, unsigned vertices, struct cd_box *box, char *where)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v;
	enum cd_geo_type type;
	cd_settings_init(&set);
	set.vertices_max = vertices;
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, &set);
	assert_int_equal(cd_json_parse_copy(&cx, cd_str_z(text), &v), CD_OK);
	cd_code code = cd_geo_check(&cx, v, &type, box);
	where[0] = 0;
	if (code)
		strcat(where, cx.err.where);
	cd_arena_done(&arena);
	return code;
}

static void good(const char *text, double west, double south, double east, double north)
{
	struct cd_box b;
	char where[256];
	assert_int_equal(check(text, 100, &b, where), CD_OK);
	assert_true(b.west == west && b.south == south && b.east == east && b.north == north);
}

static void bad(const char *text, const char *place)
{
	struct cd_box b;
	char where[256];
	assert_int_equal(check(text, 100, &b, where), CD_E_BAD_REQUEST_DATA);
	assert_string_equal(where, place);
}

static void geometries(void **state)
{
	(void)state;
	good("{\"type\":\"Point\",\"coordinates\":[1,2]}", 1, 2, 1, 2);
	good("{\"type\":\"Point\",\"coordinates\":[1,2,3]}", 1, 2, 1, 2);
	good("{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[-3,4]]}", -3, 2, 1, 4);
	good("{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}", 1, 2, 3, 4);
	good("{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]],[[0,0],[1,1]]]}", 0, 0, 3, 4);
	good("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}", 0, 0, 2, 2);
	good("{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[2,0],[2,2],[0.0,0e0]]]]}", 0, 0, 2, 2);
}

static void what_is_none(void **state)
{
	(void)state;
	bad("{\"type\":\"GeometryCollection\",\"geometries\":[]}", "");
	bad("{\"type\":\"Point\"}", "");
	bad("7", "");
	bad("{\"type\":\"Point\",\"coordinates\":[1]}", "/coordinates");
	bad("{\"type\":\"Point\",\"coordinates\":[1,2,3,4,5]}", "/coordinates");
	bad("{\"type\":\"Point\",\"coordinates\":[[1,2]]}", "/coordinates");
	bad("{\"type\":\"Point\",\"coordinates\":[1,\"2\"]}", "/coordinates/1");
	bad("{\"type\":\"Point\",\"coordinates\":[1e999,2]}", "/coordinates/0");
	bad("{\"type\":\"MultiPoint\",\"coordinates\":[]}", "/coordinates");
	bad("{\"type\":\"LineString\",\"coordinates\":[[1,2]]}", "/coordinates");
	bad("{\"type\":\"LineString\",\"coordinates\":[[1,2],3]}", "/coordinates/1");
	bad("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[0,0]]]}", "/coordinates/0");
	bad("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,1]]]}", "/coordinates/0");
	bad("{\"type\":\"MultiPolygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,0]]]}", "/coordinates/0/0");
}

static void vertices_bound(void **state)
{
	struct cd_box b;
	char where[256];
	const char *four = "{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[1,2],[1,2],[1,2]]}";
	(void)state;
	assert_int_equal(check(four, 4, &b, where), CD_OK);
	assert_int_equal(check(four, 3, &b, where), CD_E_BAD_REQUEST_DATA);
	assert_string_equal(where, "/coordinates/3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(geometries),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(vertices_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
