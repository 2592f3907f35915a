/* Positions of national systems, against points whose place in both systems is published or follows from the
 * system. */
#include "rig.h"

#include "intake/crs.h"

#include <math.h>

static const struct {
	const char *system;
	double x, y, lon, lat, within; /* degrees; 1e-5 is about a metre */
} points[] = {
	{"EPSG:25832", 500000, 0, 9, 0, 1e-9},           /* where its meridian meets the equator */
	{"EPSG:25832", 500000, 5761038.21, 9, 52, 1e-6}, /* on its meridian: the length of the arc */
	{"EPSG:25833", 500000, 5761038.21, 15, 52, 1e-6},
	{"EPSG:28992", 155000, 463000, 5.387203657, 52.155172897, 1e-5},  /* its origin in Amersfoort */
	{"EPSG:2056", 2600000, 1200000, 7.438632495, 46.951082877, 2e-5}, /* the old observatory of Bern */
	{"EPSG:2154", 700000, 6600000, 3, 46.5, 1e-6},                    /* the centre of Lambert-93 */
	{"EPSG:3035", 4321000, 3210000, 10, 52, 1e-6},                    /* the centre of LAEA Europe */
	{"EPSG:3857", 0, 0, 0, 0, 1e-9},
	{"EPSG:3857", 20037508.342789244, 20037508.342789244, 180, 85.0511287798, 1e-6},
	{"EPSG:4326", 7.6, 51.9, 7.6, 51.9, 1e-12}, /* longitude first, though it is defined the other way */
	{"EPSG:4258", 7.6, 51.9, 7.6, 51.9, 1e-6},
};

static void known_points(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		struct cd_crs *c = NULL;
		double x = points[i].x, y = points[i].y;
		assert_int_equal(cd_crs_open(&r.cx, "/source/crs", cd_str_z(points[i].system), &c), CD_OK);
		assert_true(cd_crs_to_wgs84(c, &x, &y));
		if (fabs(x - points[i].lon) > points[i].within || fabs(y - points[i].lat) > points[i].within)
			print_error("%s: %.9f %.9f\n", points[i].system, x, y);
		assert_true(fabs(x - points[i].lon) <= points[i].within);
		assert_true(fabs(y - points[i].lat) <= points[i].within);
		cd_crs_close(c);
	}
	rig_end(&r);
}

/* Left as they are: a caller may still say them. */
static void what_is_not_on_the_map(void **state)
{
	static const double far[][2] = {{1e12, 1e12}, {INFINITY, 0}, {NAN, 5e6}};
	struct rig r;
	struct cd_crs *c = NULL;
	(void)state;
	rig_begin(&r);
	assert_int_equal(cd_crs_open(&r.cx, "/source/crs", CD_STR("EPSG:25832"), &c), CD_OK);
	for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
		double x = far[i][0], y = far[i][1];
		assert_false(cd_crs_to_wgs84(c, &x, &y));
		assert_memory_equal(&x, &far[i][0], sizeof x);
		assert_memory_equal(&y, &far[i][1], sizeof y);
	}
	double x = 405000, y = 5758000; /* and the next one is none the worse for it */
	assert_true(cd_crs_to_wgs84(c, &x, &y));
	assert_true(x > 7.6 && x < 7.7 && y > 51.9 && y < 52);
	cd_crs_close(c);
	rig_end(&r);
}

static void what_is_no_system(void **state)
{
	static const char *const bad[] = {
		"", "EPSG:1", "EPSG:", "25832", "somewhere", "EPSG:5773" /* heights */};
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct cd_crs *c = NULL;
		cd_cx_clear(&r.cx);
		if (!cd_crs_open(&r.cx, "/source/crs", cd_str_z(bad[i]), &c))
			print_error("%s\n", bad[i]);
		assert_int_equal(r.cx.err.code, CD_E_BAD_REQUEST_DATA);
		assert_string_equal(r.cx.err.where, "/source/crs");
		assert_null(c);
	}
	cd_crs_close(NULL);
	rig_end(&r);
}

static cd_code open_one(struct cd_cx *cx, void **ret)
{
	return cd_crs_open(cx, "crs", CD_STR("EPSG:25832"), (struct cd_crs **)ret);
}

static void close_one(void *opened)
{
	cd_crs_close(opened);
}

static void without_memory(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	assert_true(rig_starve(&r, open_one, close_one) > 2);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_points),
		cmocka_unit_test(what_is_not_on_the_map),
		cmocka_unit_test(what_is_no_system),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
