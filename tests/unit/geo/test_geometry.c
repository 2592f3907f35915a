/* What is a geometry, and its box. [RFC 7946 3.1] */
#include "base/mem.h"
#include "geo/geometry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

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

/* Every type with every nesting from a number to five arrays: right for one depth only. */
static void nesting(void **state)
{
	static const struct {
		const char *type;
		unsigned depth;
	} types[] = {{"Point", 1}, {"MultiPoint", 2}, {"LineString", 2}, {"MultiLineString", 3},
		{"Polygon", 3}, {"MultiPolygon", 4}};
	static const char *const inner[] = {"1", "1,2", "[1,2],[3,4],[5,6],[1,2]"};
	(void)state;
	for (size_t t = 0; t < 6; t++)
		for (unsigned depth = 0; depth < 6; depth++) {
			char text[256];
			struct cd_box b;
			char where[256];
			/* the innermost arrays of what is no point hold four positions */
			const char *in = depth == 0 ? inner[0] : depth == 1 ? inner[1] : inner[2];
			unsigned around = depth < 2 ? depth : depth - 1;
			snprintf(text, sizeof text, "{\"type\":\"%s\",\"coordinates\":%.*s%s%.*s}",
				types[t].type, (int)around, "[[[[[[", in, (int)around, "]]]]]]");
			cd_code code = check(text, 100, &b, where);
			assert_int_equal(code, depth == types[t].depth ? CD_OK : CD_E_BAD_REQUEST_DATA);
		}
}

/* The same number of positions that is enough, and one less. */
static void least_positions(void **state)
{
	(void)state;
	good("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,0]]]}", 0, 0, 2, 2);
	bad("{\"type\":\"Polygon\",\"coordinates\":[]}", "/coordinates");
	bad("{\"type\":\"Polygon\",\"coordinates\":[[]]}", "/coordinates/0");
	bad("{\"type\":\"MultiPolygon\",\"coordinates\":[[]]}", "/coordinates/0");
	bad("{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]],[[1,2]]]}", "/coordinates/1");
	bad("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,0]],[[1,1],[1,2],[1,1]]]}",
		"/coordinates/1");
	bad("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,0,1]]]}", "/coordinates/0");
	bad("{\"type\":\"LineString\",\"coordinates\":{}}", "/coordinates");
	bad("{\"type\":\"Point\",\"coordinates\":null}", "/coordinates");
	bad("{\"type\":\"point\",\"coordinates\":[1,2]}", "");
	bad("{\"type\":[\"Point\"],\"coordinates\":[1,2]}", "");
	bad("{\"type\":\"Point\",\"coordinates\":[1,null]}", "/coordinates/1");
	bad("{\"type\":\"Point\",\"coordinates\":[1,-1e400]}", "/coordinates/1");
	bad("{\"type\":\"Point\",\"coordinates\":[1,2,3,true]}", "/coordinates/3");
	good("{\"type\":\"Point\",\"coordinates\":[500,-91.5,1,2]}", 500, -91.5, 500,
		-91.5); /* ranges are not ours to judge */
}

static bool looks(const char *text)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, &set);
	assert_int_equal(cd_json_parse_copy(&cx, cd_str_z(text), &v), CD_OK);
	bool is = cd_geo_looks(v);
	cd_arena_done(&arena);
	return is;
}

/* Looking like one does not mean being one: {"type":"Point","coordinates":7} is an error, not a plain value.
 */
static void what_looks_like_a_geometry(void **state)
{
	(void)state;
	assert_true(looks("{\"type\":\"Point\",\"coordinates\":7}"));
	assert_true(looks("{\"coordinates\":[],\"type\":\"MultiPolygon\",\"more\":1}"));
	assert_false(looks("{\"type\":\"GeometryCollection\",\"coordinates\":[]}"));
	assert_false(looks("{\"type\":\"Point\"}"));
	assert_false(looks("{\"type\":1,\"coordinates\":[]}"));
	assert_false(looks("{\"coordinates\":[]}"));
	assert_false(looks("[\"type\",\"Point\",\"coordinates\"]"));
	assert_false(looks("\"Point\""));
	assert_false(looks("null"));
}

/* The k-th allocation fails: a refusal still is that refusal, only its words get shorter. */
static void without_memory(void **state)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v;
	enum cd_geo_type type;
	struct cd_box b;
	unsigned long k = 1;
	(void)state;
	cd_settings_init(&set);
	for (bool failed = true; failed; k++) {
		cd_arena_init(&arena, 1 << 20);
		cd_cx_init(&cx, &arena, &set);
		assert_int_equal(
			cd_json_parse_copy(&cx, CD_STR("{\"type\":\"Point\",\"coordinates\":[1,\"2\"]}"), &v),
			CD_OK);
		cd_mem_fail_after(k);
		assert_int_equal(cd_geo_check(&cx, v, &type, &b), CD_E_BAD_REQUEST_DATA);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_non_null(cx.err.detail);
		cd_arena_done(&arena);
	}
	assert_true(k > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(geometries),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(vertices_bound),
		cmocka_unit_test(nesting),
		cmocka_unit_test(least_positions),
		cmocka_unit_test(what_looks_like_a_geometry),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
