/* What columns look like: cells, parted by bars, and the verdict. */
#include "rig.h"

#include "intake/look.h"

#include <math.h>

enum { CELLS_MAX = 64 };

static struct cd_look look(struct rig *r, const char *cells, char decimal)
{
	cd_str all[CELLS_MAX], rest = cd_str_z(cells);
	size_t n = 0;
	struct cd_look l;
	while (rest.p && n < CELLS_MAX)
		all[n++] = cd_str_cut(&rest, '|');
	assert_int_equal(cd_look(&r->cx, (struct cd_column){all, n, 1}, decimal, &l), CD_OK);
	return l;
}

static void kinds(void **state)
{
	static const struct {
		const char *cells;
		enum cd_looks looks;
	} cases[] = {
		{"||", CD_LOOKS_EMPTY}, {"1|2|-3", CD_LOOKS_INTEGER}, {"1||3", CD_LOOKS_INTEGER},
		{"1|-|3", CD_LOOKS_INTEGER}, {"1|2.5", CD_LOOKS_NUMBER}, {"1e-5|2", CD_LOOKS_NUMBER},
		{"1,5|2", CD_LOOKS_NUMBER},
		{"01010|01020", CD_LOOKS_TEXT}, /* a code: as a number it would lose its zero */
		{"0|1", CD_LOOKS_INTEGER}, {"+4925112345|+4925167890", CD_LOOKS_TEXT},
		{"1234567890123456|1234567890123457", CD_LOOKS_TEXT}, /* more digits than a number keeps */
		{"123456789012345|1", CD_LOOKS_INTEGER}, {"1.2.3|4.5.6", CD_LOOKS_TEXT},
		{"12a|13b", CD_LOOKS_TEXT}, {"true|false|true", CD_LOOKS_BOOLEAN},
		{"ja|nein|", CD_LOOKS_BOOLEAN}, {"ja|ja", CD_LOOKS_TEXT}, /* one word alone is no choice */
		{"ja|nein|vielleicht", CD_LOOKS_TEXT}, {"Ja|ja|nein", CD_LOOKS_TEXT}, /* two spellings */
		{"2024-01-31|2024-02-01", CD_LOOKS_TIME},
		{"31.01.2024 07:00|31.01.2024 08:00", CD_LOOKS_TIME}, {"20240131|20240201", CD_LOOKS_TIME},
		{"20241331|20240201", CD_LOOKS_INTEGER}, /* no such month */
		{"30001231|30010101", CD_LOOKS_INTEGER}, /* no year for data */
		{"07:00|8:15", CD_LOOKS_CLOCK}, {"07:00:00|23:59:59", CD_LOOKS_CLOCK},
		{"25:00|26:00", CD_LOOKS_TEXT}, {"POINT (7 51)|LINESTRING(7 51, 8 52)", CD_LOOKS_WKT},
		{"point z (7 51 3)|POLYGON((1 2,3 4,5 6,1 2))", CD_LOOKS_WKT},
		{"POINTER|POLYGONS", CD_LOOKS_TEXT},
		{"{\"type\":\"Point\",\"coordinates\":[7,51]}", CD_LOOKS_GEOJSON},
		{"{\"a\":1}", CD_LOOKS_TEXT}, {"51.96, 7.62|51.97,7.63", CD_LOOKS_LATLON},
		{"7.62, 51.96|7.63,51.97", CD_LOOKS_LONLAT}, {"151.2, -33.8|151.1, -33.9", CD_LOOKS_LONLAT},
		{"-33.8, 151.2|-33.9, 151.1", CD_LOOKS_LATLON}, {"191.2, 33.8", CD_LOOKS_TEXT},
		{"Rathaus|Bahnhof", CD_LOOKS_TEXT}, {"-|NA", CD_LOOKS_TEXT}, /* nothing to judge by */
	};
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cd_look l = look(&r, cases[i].cells, '.');
		if (l.looks != cases[i].looks)
			print_error("%s: %d\n", cases[i].cells, l.looks);
		assert_int_equal(l.looks, cases[i].looks);
	}
	rig_end(&r);
}

static void how_numbers_are_written(void **state)
{
	static const struct {
		const char *cells;
		char first, decimal, thousands;
		double least, most;
	} cases[] = {
		{"1|2", '.', 0, 0, 1, 2},
		{"1.5|-2.25", '.', '.', 0, -2.25, 1.5},
		{"1,5|-2,25", '.', ',', 0, -2.25, 1.5},
		{"1.234|5.678", '.', '.', 0, 1.234, 5.678},
		{"1.234|5.678", ',', 0, '.', 1234, 5678}, /* in a file where others have decimal commas */
		{"1.234,5|12", '.', ',', '.', 12, 1234.5},
		{"1,234.5|12", ',', '.', ',', 12, 1234.5},
		{"1.234.567|2", '.', 0, '.', 2, 1234567},
		{"51.987988|51.98", ',', '.', 0, 51.98, 51.987988},
		{"5.|6", '.', '.', 0, 5, 6},
	};
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cd_look l = look(&r, cases[i].cells, cases[i].first);
		if (l.decimal != cases[i].decimal || l.thousands != cases[i].thousands ||
			l.least != cases[i].least)
			print_error("%s %c: %d %d %f %f\n", cases[i].cells, cases[i].first, l.decimal,
				l.thousands, l.least, l.most);
		assert_int_equal(l.decimal, cases[i].decimal);
		assert_int_equal(l.thousands, cases[i].thousands);
		assert_true(l.least == cases[i].least && l.most == cases[i].most);
	}
	rig_end(&r);
}

static void single_numbers(void **state)
{
	static const struct {
		const char *text;
		char decimal, thousands;
		bool is;
		double value;
	} cases[] = {
		{"12", '.', 0, true, 12},
		{" -1.5 ", '.', 0, true, -1.5},
		{"1,000", '.', ',', true, 1000},
		{"10,00", '.', ',', false, 0},
		{"1,0000", '.', ',', false, 0},
		{",100", '.', ',', false, 0},
		{"1,000,", '.', ',', false, 0},
		{"", '.', 0, false, 0},
		{"-", '.', 0, false, 0},
		{".5", '.', 0, false, 0},
		{"1 000", '.', 0, false, 0},
		{"1e3", '.', 0, true, 1000},
		{"1e999", '.', 0, false, 0},
		{"0x10", '.', 0, false, 0},
		{"1,5", ',', '.', true, 1.5},
		{"007", '.', 0, false, 0},
		{"-0.5", '.', 0, true, -0.5},
		{"123456789012345", '.', 0, true, 123456789012345},
		{"1234567890123456", '.', 0, false, 0},
		{"0.12345678901234567890123456789012345678901234567890123456789", '.', 0, false, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double v = 77;
		bool is = cd_look_number(cd_str_z(cases[i].text), cases[i].decimal, cases[i].thousands, &v);
		if (is != cases[i].is)
			print_error("%s\n", cases[i].text);
		assert_int_equal(is, cases[i].is);
		assert_true(v == (is ? cases[i].value : 77));
	}
}

static void how_times_are_written(void **state)
{
	static const struct {
		const char *cells, *form;
		bool day_only, offset, either;
	} cases[] = {
		{"2024-01-31 07:00|2024-02-01 08:00", "iso", false, false, false},
		{"2024-01-31T07:00:00Z|2024-02-01T08:00:00+01:00", "iso", false, true, false},
		{"2024-01-31|2024-02-01", "iso", true, false, false},
		{"31.01.2024|01.02.2024", "DD.MM.YYYY", true, false, false},
		{"31.1.2024|1.2.2024", "D.M.YYYY", true, false, false},
		{"31.01.2024 07:00|01.02.2024 08:00", "DD.MM.YYYY hh:mm", false, false, false},
		{"31/01/2024 07:00|01/02/2024 08:00", "DD/MM/YYYY hh:mm", false, false, false},
		{"01/02/2024|02/03/2024", "DD/MM/YYYY", true, false,
			true}, /* which is which nobody can say */
		{"01/31/2024|02/01/2024", "MM/DD/YYYY", true, false, false},
		{"1/31/2024 1:05 PM|2/1/2024 11:05 AM", "M/D/YYYY h:mm A", false, false, false},
		{"2024/01/31|2024/02/01", "YYYY/MM/DD", true, false, false},
		{"20240131|20240201", "YYYYMMDD", true, false, false},
		{"31-Jan-2024|01-Feb-2024", "DD-MMM-YYYY", true, false, false},
		{"07:00|23:00", "hh:mm", false, false, false},
		{"7:00|23:00", "h:mm", false, false, false},
		{"07:00:01|23:00:00", "hh:mm:ss", false, false, false},
	};
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cd_look l = look(&r, cases[i].cells, '.');
		if (!l.form || strcmp(l.form, cases[i].form) != 0)
			print_error("%s: %s\n", cases[i].cells, l.form ? l.form : "none");
		assert_string_equal(l.form, cases[i].form);
		assert_int_equal(l.day_only, cases[i].day_only);
		assert_int_equal(l.offset, cases[i].offset);
		assert_int_equal(l.either, cases[i].either);
	}
	rig_end(&r);
}

static void what_means_missing(void **state)
{
	static const struct {
		const char *cells, *nulls;
		double least, most;
	} cases[] = {
		{"1|-|3", "-", 1, 3}, {"1|NA|3|n/a", "NA n/a", 1, 3}, {"12|-200|13|-200|11", "-200", 11, 13},
		{"12.5|-200.0|13|-200", "-200.0 -200", 12.5, 13}, {"5|9999|6|9999", "9999", 5, 6},
		{"5|-999|6|7", "", -999, 7},             /* once: it may be a wild reading */
		{"-150|-200|-180|-200", "", -200, -150}, /* the others are near */
		{"600|999|700|999", "", 600, 999},       /* so they are here */
		{"5|-77|6|-77", "", -77, 6},             /* nobody's word for missing */
		{"-|Siemens|Swarco", "-", 0, 0},
		{"NA|Siemens|Swarco", "", 0, 0}, /* among texts it may be one */
	};
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cd_look l = look(&r, cases[i].cells, '.');
		char nulls[256] = "";
		for (uint32_t k = 0; k < l.nulls_n; k++)
			snprintf(nulls + strlen(nulls), sizeof nulls - strlen(nulls), "%s%.*s", k ? " " : "",
				(int)l.nulls[k].n, l.nulls[k].p);
		if (strcmp(nulls, cases[i].nulls) != 0)
			print_error("%s: %s\n", cases[i].cells, nulls);
		assert_string_equal(nulls, cases[i].nulls);
		if (l.looks != CD_LOOKS_TEXT)
			assert_true(l.least == cases[i].least && l.most == cases[i].most);
	}
	rig_end(&r);
}

/* Of a hundred cells five may be of another kind, and no more. */
static void a_few_wild_cells(void **state)
{
	cd_str cells[100];
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (unsigned wild = 0; wild < 8; wild++) {
		struct cd_look l;
		for (unsigned i = 0; i < 100; i++)
			cells[i] = i < wild ? CD_STR("geschlossen") : CD_STR("12");
		assert_int_equal(cd_look(&r.cx, (struct cd_column){cells, 100, 1}, '.', &l), CD_OK);
		assert_int_equal(l.looks, wild <= 5 ? CD_LOOKS_INTEGER : CD_LOOKS_TEXT);
		assert_int_equal(l.odd, wild > 0 && wild <= 5);
		for (unsigned i = 0; i < 100; i++)
			cells[i] = i < wild ? CD_STR("gestern") : CD_STR("2024-01-31");
		assert_int_equal(cd_look(&r.cx, (struct cd_column){cells, 100, 1}, '.', &l), CD_OK);
		assert_int_equal(l.looks, wild <= 5 ? CD_LOOKS_TIME : CD_LOOKS_TEXT);
	}
	rig_end(&r);
}

static void what_is_unique(void **state)
{
	const cd_str cells[] = {CD_STR("a"), CD_STR("1"), CD_STR("x"), CD_STR("a"), CD_STR("2"), CD_STR("x"),
		CD_STR("b"), CD_STR("1"), CD_STR("")};
	struct cd_column c[] = {{cells, 3, 3}, {cells + 1, 3, 3}, {cells + 2, 3, 3}};
	struct rig r;
	(void)state;
	rig_begin(&r);
	assert_false(cd_look_unique(&r.cx, c, 1));
	assert_false(cd_look_unique(&r.cx, c + 1, 1));
	assert_true(cd_look_unique(&r.cx, c, 2));
	assert_false(cd_look_unique(&r.cx, c, 3)); /* a row has nothing there */
	struct cd_look l;
	assert_int_equal(cd_look_values(&r.cx, c[2], &l), CD_OK);
	assert_int_equal(l.filled, 2);
	assert_int_equal(l.distinct, 1);
	assert_true(l.plain);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(how_numbers_are_written),
		cmocka_unit_test(single_numbers),
		cmocka_unit_test(how_times_are_written),
		cmocka_unit_test(what_means_missing),
		cmocka_unit_test(a_few_wild_cells),
		cmocka_unit_test(what_is_unique),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
