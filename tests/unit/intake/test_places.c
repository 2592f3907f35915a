/* Reference systems by their numbers: a point of a known town in each, and what is told when several could be
 * meant. */
#include "rig.h"

#include "intake/places.h"

static void known_towns(void **state)
{
	static const struct {
		const char *town;
		double x, y;
		const char *names, *zone, *system;
		bool swapped, sure;
	} cases[] = {
		{"Münster", 7.63, 51.96, "lon lat", "", "", false, true},
		{"Sydney", -33.8, 151.2, "a b", "", "", true, true}, /* only one of them can be a latitude */
		{"Münster", 405000, 5758000, "x y", "", "EPSG:25832", false, false},
		{"Münster", 405000, 5758000, "Rechtswert Hochwert", "Europe/Berlin", "EPSG:25832", false,
			false},
		{"Münster", 405000, 5758000, "x_25833 y_25833", "Europe/Berlin", "EPSG:25833", false, true},
		{"Münster", 32405000, 5758000, "Ost Nord", "Europe/Berlin", "EPSG:4647", false, true},
		{"Münster", 3405000, 5760000, "Rechtswert Hochwert", "Europe/Berlin", "EPSG:31467", false,
			true},
		{"Münster", 5758000, 405000, "hoch rechts", "Europe/Berlin", "EPSG:25832", true, false},
		{"Münster", 4160000, 3210000, "x y", "", "EPSG:3035", false, true},
		{"Amersfoort", 155000, 463000, "x y", "Europe/Amsterdam", "EPSG:28992", false, false},
		{"Amersfoort", 155000, 463000, "RD_X RD_Y", "", "EPSG:28992", false, true},
		{"Zürich", 2683000, 1247000, "E N", "", "EPSG:2056", false, true},
		{"Zürich", 683000, 247000, "lv03_e lv03_n", "", "EPSG:21781", false, true},
		{"Paris", 652000, 6862000, "x y", "Europe/Paris", "EPSG:2154", false, false},
		{"Madrid", 440000, 4474000, "coordenada_x coordenada_y", "Europe/Madrid", "EPSG:25830", false,
			false},
		{"London", 530000, 180000, "easting northing", "", "EPSG:21781", false,
			false}, /* hence "other systems" */
		{"London", 530000, 180000, "osgb_e osgb_n", "", "EPSG:27700", false, true},
		{"Lisboa", -87000, -105000, "x y", "Europe/Lisbon", "EPSG:3763", false, true},
		{"New York", -8238000, 4970000, "x y", "", "EPSG:3857", false, false},
		{"nowhere", 1e9, 1e9, "x y", "", NULL, false, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cd_extent e = {cases[i].x, cases[i].x, cases[i].y, cases[i].y};
		struct cd_place_guess g =
			cd_place_guess(&e, cd_str_z(cases[i].names), cd_str_z(cases[i].zone));
		bool right = !g.system == !cases[i].system &&
			     (!g.system || strcmp(g.system, cases[i].system) == 0) &&
			     g.swapped == cases[i].swapped && g.sure == cases[i].sure;
		if (!right)
			print_error("%s, %s: %s swapped %d sure %d\n", cases[i].town, cases[i].names,
				g.system ? g.system : "none", g.swapped, g.sure);
		assert_true(right);
	}
}

/* All points must lie in it: one outside, and another system is meant or none. */
static void an_extent_counts_as_a_whole(void **state)
{
	struct cd_extent inside = {2485000, 2834000, 1075000, 1296000},
			 outside = {2485000, 2841000, 1075000, 1296000};
	(void)state;
	assert_string_equal(cd_place_guess(&inside, CD_STR(""), CD_STR("")).system, "EPSG:2056");
	assert_string_not_equal(cd_place_guess(&outside, CD_STR(""), CD_STR("")).system, "EPSG:2056");
	struct cd_extent edge = {-180, 180, -90, 90}, past = {-180, 180.1, -90, 90};
	assert_string_equal(cd_place_guess(&edge, CD_STR(""), CD_STR("")).system, "");
	assert_string_not_equal(cd_place_guess(&past, CD_STR(""), CD_STR("")).system, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_towns),
		cmocka_unit_test(an_extent_counts_as_a_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
