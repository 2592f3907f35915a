/* Written times: each form, each field of a pattern, and what is no time. */
#include "rig.h"

#include "intake/moment.h"
#include "intake/zone.h"

#define S ((int64_t)1000000)

static struct cd_moment_form form(const char *text)
{
	struct rig r;
	struct cd_moment_form f;
	rig_begin(&r);
	assert_int_equal(cd_moment_form(&r.cx, "/source/time/form", cd_str_z(text), &f), CD_OK);
	rig_end(&r);
	return f;
}

static bool reads(const char *pattern, const char *text, struct cd_moment *m)
{
	struct cd_moment_form f = form(pattern);
	/* exactly sized, so that a look behind the end is caught */
	char *copy = malloc(strlen(text) + 1);
	memcpy(copy, text, strlen(text));
	bool ok = cd_moment_read(&f, cd_str_of(copy, strlen(text)), m);
	free(copy);
	return ok;
}

static int64_t clock(int64_t year, unsigned month, unsigned day, int64_t h, int64_t m, int64_t s)
{
	return (cd_days(year, month, day) * 86400 + h * 3600 + m * 60 + s) * S;
}

static const struct {
	const char *form, *text;
	int year, month, day, h, m, s;
	int64_t micros;
	unsigned digits;
	int offset_min; /* NONE: the text has no offset */
} good[] = {
#define NONE 9999
	{"iso", "2024-01-31T12:34:56Z", 2024, 1, 31, 12, 34, 56, 0, 0, 0},
	{"iso", "2024-01-31T12:34:56z", 2024, 1, 31, 12, 34, 56, 0, 0, 0},
	{"iso", "2024-01-31t12:34:56", 2024, 1, 31, 12, 34, 56, 0, 0, NONE},
	{"iso", "2024-01-31 12:34", 2024, 1, 31, 12, 34, 0, 0, 0, NONE},
	{"iso", "2024-01-31 7:05", 2024, 1, 31, 7, 5, 0, 0, 0, NONE},
	{"iso", "2024-01-31", 2024, 1, 31, 0, 0, 0, 0, 0, NONE},
	{"iso", "2024-01-31T12:34:56.789+02:00", 2024, 1, 31, 12, 34, 56, 789000, 3, 120},
	{"iso", "2024-01-31T12:34:56,5 -0330", 2024, 1, 31, 12, 34, 56, 500000, 1, -210},
	{"iso", "2024-01-31T12:34:56.1234567+01", 2024, 1, 31, 12, 34, 56, 123456, 6, 60},
	{"iso", "2024-01-31T12:34+23:59", 2024, 1, 31, 12, 34, 0, 0, 0, 1439},
	{"iso", "2024-02-29", 2024, 2, 29, 0, 0, 0, 0, 0, NONE},
	{"iso", "2000-02-29", 2000, 2, 29, 0, 0, 0, 0, 0, NONE},
	{"iso", "0001-01-01T00:00:00Z", 1, 1, 1, 0, 0, 0, 0, 0, 0},
	{"iso", "9999-12-31T23:59:59.999999Z", 9999, 12, 31, 23, 59, 59, 999999, 6, 0},
	{"iso", "2024-12-31T24:00:00", 2025, 1, 1, 0, 0, 0, 0, 0, NONE},
	{"DD.MM.YYYY hh:mm", "31.01.2024 07:05", 2024, 1, 31, 7, 5, 0, 0, 0, NONE},
	{"D.M.YYYY h:mm", "1.2.2024 7:05", 2024, 2, 1, 7, 5, 0, 0, 0, NONE},
	{"D.M.YYYY h:mm", "31.12.2024 17:05", 2024, 12, 31, 17, 5, 0, 0, 0, NONE},
	{"YYYYMMDDhhmmss", "20240131120500", 2024, 1, 31, 12, 5, 0, 0, 0, NONE},
	{"DD/MM/YY", "31/01/69", 2069, 1, 31, 0, 0, 0, 0, 0, NONE},
	{"DD/MM/YY", "31/01/70", 1970, 1, 31, 0, 0, 0, 0, 0, NONE},
	{"M/D/YYYY h:mm:ss A", "1/31/2024 12:00:01 AM", 2024, 1, 31, 0, 0, 1, 0, 0, NONE},
	{"M/D/YYYY h:mm:ss A", "1/31/2024 12:00:01 pm", 2024, 1, 31, 12, 0, 1, 0, 0, NONE},
	{"M/D/YYYY h:mm:ss A", "1/31/2024 1:00:01 PM", 2024, 1, 31, 13, 0, 1, 0, 0, NONE},
	{"DD-MMM-YYYY", "31-Jan-2024", 2024, 1, 31, 0, 0, 0, 0, 0, NONE},
	{"DD MMM YYYY", "01 dec 2024", 2024, 12, 1, 0, 0, 0, 0, 0, NONE},
	{"YYYY-MM-DD hh:mm:ss.SSS ZZ", "2024-01-31 12:34:56.25 +0100", 2024, 1, 31, 12, 34, 56, 250000, 2,
		60},
	{"YYYY-MM-DDThh:mm:ssZZ", "2024-01-31T12:34:56Z", 2024, 1, 31, 12, 34, 56, 0, 0, 0},
	{"SSS SSS YYYY-MM-DD", "999999 999999 2024-01-31", 2024, 1, 31, 0, 0, 0, 999999, 6,
		NONE}, /* the last counts */
	{"unix", "0", 1970, 1, 1, 0, 0, 0, 0, 0, 0},
	{"unix", "1706704496", 2024, 1, 31, 12, 34, 56, 0, 0, 0},
	{"unix", "-1", 1969, 12, 31, 23, 59, 59, 0, 0, 0},
	{"unix", "1706704496.25", 2024, 1, 31, 12, 34, 56, 250000, 3, 0},
	{"unix", "1.706704496e9", 2024, 1, 31, 12, 34, 56, 0, 0, 0},
	{"unix-ms", "1706704496123", 2024, 1, 31, 12, 34, 56, 123000, 3, 0},
	{"unix-ms", "1706704496123.5", 2024, 1, 31, 12, 34, 56, 123500, 6, 0},
};

static void times(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct cd_moment m;
		bool ok = reads(good[i].form, good[i].text, &m);
		int64_t us = clock(good[i].year, (unsigned)good[i].month, (unsigned)good[i].day, good[i].h,
				     good[i].m, good[i].s) +
			     good[i].micros;
		if (!ok || m.local_us != us || m.digits != good[i].digits)
			print_error("%s %s\n", good[i].form, good[i].text);
		assert_true(ok);
		assert_int_equal(m.local_us, us);
		assert_int_equal(m.digits, good[i].digits);
		assert_int_equal(m.offset, good[i].offset_min != NONE);
		assert_int_equal(m.offset_us, good[i].offset_min == NONE ? 0 : good[i].offset_min * 60 * S);
	}
}

static void what_is_no_time(void **state)
{
	static const char *const bad[][2] = {
		{"iso", ""},
		{"iso", "2024"},
		{"iso", "2024-01"},
		{"iso", "2024-1-31"},
		{"iso", "24-01-31"},
		{"iso", "2024-00-10"},
		{"iso", "2024-13-10"},
		{"iso", "2024-01-00"},
		{"iso", "2024-01-32"},
		{"iso", "2024-04-31"},
		{"iso", "2023-02-29"},
		{"iso", "1900-02-29"},
		{"iso", "12024-01-31"},
		{"iso", "-2024-01-31"},
		{"iso", "2024-01-31T"},
		{"iso", "2024-01-31T12"},
		{"iso", "2024-01-31T12:"},
		{"iso", "2024-01-31T12:3"},
		{"iso", "2024-01-31T12:60"},
		{"iso", "2024-01-31T24:01"},
		{"iso", "2024-01-31T24:00:00.1"},
		{"iso", "2024-01-31T25:00"},
		{"iso", "2024-01-31T12:34:60"},
		{"iso", "2024-01-31T12:34:5"},
		{"iso", "2024-01-31T12:34:56."},
		{"iso", "2024-01-31T12:34:56+"},
		{"iso", "2024-01-31T12:34:56+1"},
		{"iso", "2024-01-31T12:34:56+24:00"},
		{"iso", "2024-01-31T12:34:56+01:60"},
		{"iso", "2024-01-31T12:34:56+01:0"},
		{"iso", "2024-01-31T12:34:56ZZ"},
		{"iso", "2024-01-31T12:34:56Z "},
		{"iso", " 2024-01-31"},
		{"iso", "31.01.2024"},
		{"DD.MM.YYYY hh:mm", "31.01.2024"},
		{"DD.MM.YYYY hh:mm", "31.01.2024 7:05"},
		{"DD.MM.YYYY hh:mm", "31.01.2024 07:05 "},
		{"DD.MM.YYYY hh:mm", "01/31/2024 07:05"},
		{"DD.MM.YYYY hh:mm", ""},
		{"MM/DD/YYYY", "31/01/2024"},
		{"M/D/YYYY h:mm A", "1/31/2024 0:30 AM"},
		{"M/D/YYYY h:mm A", "1/31/2024 13:30 PM"},
		{"M/D/YYYY h:mm A", "1/31/2024 1:30 XM"},
		{"M/D/YYYY h:mm A", "1/31/2024 1:30 A"},
		{"DD MMM YYYY", "01 Dez 2024"},
		{"DD MMM YYYY", "01 D"},
		{"YYYY-MM-DD ZZ", "2024-01-31 CET"},
		{"unix", ""},
		{"unix", "now"},
		{"unix", "0x10"},
		{"unix", "1,5"},
		{"unix", " 1"},
		{"unix", "1706704496123"}, /* milliseconds, by mistake: no such year */
		{"unix", "1e400"},
		{"unix-ms", "2024-01-31"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct cd_moment m = {.digits = 77};
		if (reads(bad[i][0], bad[i][1], &m))
			print_error("%s %s\n", bad[i][0], bad[i][1]);
		assert_false(reads(bad[i][0], bad[i][1], &m));
		assert_int_equal(m.digits, 77); /* untouched */
	}
}

/* From 1970 in both directions as far as instants are told: years 69 and 8307. */
static void the_bounds_of_counted_times(void **state)
{
	struct cd_moment m;
	(void)state;
	assert_true(reads("unix", "199999999999", &m));
	assert_int_equal(m.local_us, 199999999999 * S);
	assert_false(reads("unix", "200000000000", &m));
	assert_true(reads("unix", "-59999999999", &m));
	assert_false(reads("unix", "-60000000000", &m));
	assert_true(reads("unix-ms", "199999999999999", &m));
	assert_false(reads("unix-ms", "200000000000000", &m));
}

static void every_day_of_four_centuries(void **state)
{
	struct cd_moment m;
	char text[32];
	int64_t days = cd_days(1700, 1, 1);
	(void)state;
	for (int year = 1700; year < 2100; year++)
		for (unsigned month = 1; month <= 12; month++)
			for (unsigned day = 1; day <= 31; day++) {
				snprintf(text, sizeof text, "%02u.%02u.%04d", day, month, year);
				bool is = reads("DD.MM.YYYY", text, &m);
				assert_int_equal(is, cd_is_day(year, month, day));
				if (is)
					assert_int_equal(m.local_us, days++ * 86400 * S);
			}
	assert_int_equal(days, 47482); /* 2100-01-01 */
}

static void forms(void **state)
{
	static const char *const bad[] = {"", "hh:mm", "MM.YYYY", "DD.MM.", "DD.YYYY", "Iso", "yyyy-mm-dd"};
	struct rig r;
	struct cd_moment_form f;
	(void)state;
	rig_begin(&r);
	assert_int_equal(form("iso").kind, CD_FORM_ISO);
	assert_int_equal(form("unix").kind, CD_FORM_UNIX);
	assert_int_equal(form("unix-ms").kind, CD_FORM_UNIX_MS);
	assert_int_equal(form("D.M.YY").kind, CD_FORM_PATTERN);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cd_cx_clear(&r.cx);
		assert_int_equal(cd_moment_form(&r.cx, "/source/time/form", cd_str_z(bad[i]), &f),
			CD_E_BAD_REQUEST_DATA);
		assert_string_equal(r.cx.err.where, "/source/time/form");
	}
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(what_is_no_time),
		cmocka_unit_test(the_bounds_of_counted_times),
		cmocka_unit_test(every_day_of_four_centuries),
		cmocka_unit_test(forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
