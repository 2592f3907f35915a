/* Local times: the hour that is missing, the one that comes twice, and all the others. */
#include "rig.h"

#include "intake/zone.h"

#define S ((int64_t)1000000)
#define H (3600 * S)

static int64_t at(int64_t year, unsigned month, unsigned day, int64_t h, int64_t m)
{
	return (cd_days(year, month, day) * 24 + h) * H + m * 60 * S;
}

static struct cd_zone *open_zone(struct rig *r, const char *name)
{
	struct cd_zone *z = NULL;
	cd_cx_clear(&r->cx);
	assert_int_equal(cd_zone_open(&r->cx, "/source/time/zone", cd_str_z(name), &z), CD_OK);
	return z;
}

static void expect_one(struct cd_zone *z, int64_t local, int64_t us)
{
	struct cd_zone_instants i = cd_zone_instants(z, local);
	assert_int_equal(i.n, 1);
	assert_int_equal(i.us[0], us);
}

static void expect_gap(struct cd_zone *z, int64_t local, int64_t before)
{
	struct cd_zone_instants i = cd_zone_instants(z, local);
	assert_int_equal(i.n, 0);
	assert_int_equal(i.us[0], before);
}

static void expect_two(struct cd_zone *z, int64_t local, int64_t first, int64_t second)
{
	struct cd_zone_instants i = cd_zone_instants(z, local);
	assert_int_equal(i.n, 2);
	assert_int_equal(i.us[0], first);
	assert_int_equal(i.us[1], second);
}

static void clocks_of_europe(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	struct cd_zone *z = open_zone(&r, "Europe/Berlin");
	expect_one(z, at(2024, 1, 15, 12, 0), at(2024, 1, 15, 11, 0));
	expect_one(z, at(2024, 7, 15, 12, 0), at(2024, 7, 15, 10, 0));
	/* 31 March 2024: from 02:00 to 03:00 */
	expect_one(z, at(2024, 3, 31, 2, 0) - 1, at(2024, 3, 31, 1, 0) - 1);
	expect_gap(z, at(2024, 3, 31, 2, 0), at(2024, 3, 31, 1, 0));
	expect_gap(z, at(2024, 3, 31, 3, 0) - 1, at(2024, 3, 31, 2, 0) - 1);
	expect_one(z, at(2024, 3, 31, 3, 0), at(2024, 3, 31, 1, 0));
	/* 27 October 2024: from 03:00 to 02:00 */
	expect_one(z, at(2024, 10, 27, 2, 0) - 1, at(2024, 10, 27, 0, 0) - 1);
	expect_two(z, at(2024, 10, 27, 2, 0), at(2024, 10, 27, 0, 0), at(2024, 10, 27, 1, 0));
	expect_two(z, at(2024, 10, 27, 3, 0) - 1, at(2024, 10, 27, 1, 0) - 1, at(2024, 10, 27, 2, 0) - 1);
	expect_one(z, at(2024, 10, 27, 3, 0), at(2024, 10, 27, 2, 0));
	rig_end(&r);
}

/* Half an hour (Lord Howe), three quarters (Kathmandu), a day that never was (Apia, 30 December 2011). */
static void clocks_of_elsewhere(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	struct cd_zone *z = open_zone(&r, "Australia/Lord_Howe");
	expect_gap(z, at(2024, 10, 6, 2, 15), at(2024, 10, 5, 15, 45));
	expect_two(z, at(2024, 4, 7, 1, 45), at(2024, 4, 6, 14, 45), at(2024, 4, 6, 15, 15));
	z = open_zone(&r, "Asia/Kathmandu");
	expect_one(z, at(2024, 6, 1, 5, 45), at(2024, 6, 1, 0, 0));
	z = open_zone(&r, "Pacific/Apia");
	expect_gap(z, at(2011, 12, 30, 12, 0), at(2011, 12, 30, 22, 0));
	expect_one(z, at(2011, 12, 29, 12, 0), at(2011, 12, 29, 22, 0));
	expect_one(z, at(2011, 12, 31, 12, 0), at(2011, 12, 30, 22, 0));
	z = open_zone(&r, "Asia/Tokyo"); /* no changes for long */
	expect_one(z, at(2024, 6, 1, 9, 0), at(2024, 6, 1, 0, 0));
	rig_end(&r);
}

static void fixed_offsets(void **state)
{
	static const struct {
		const char *name;
		int minutes;
	} cases[] = {{"UTC", 0}, {"Z", 0}, {"+00:00", 0}, {"+01:00", 60}, {"-0330", -210}, {"+23:59", 1439},
		{"-23:59", -1439}};
	static const int64_t far[] = {0, (int64_t)2e17, -(int64_t)6.3e16};
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cd_zone *z = open_zone(&r, cases[i].name);
		for (size_t k = 0; k < 3; k++)
			expect_one(z, far[k], far[k] - cases[i].minutes * 60 * S);
	}
	rig_end(&r);
}

static void what_is_no_zone(void **state)
{
	static const char *const bad[] = {"", "Europe/Nowhere", "Berlin", "+24:00", "+01:60", "+1:00", "+01",
		"01:00", "+01:0", "+01:000", "+0a:00", "+01-00", "Europe/Berl\xc3\xadn",
		"a/name/that/is/longer/than/any/zone/has/and/than/there/is/room/for/it"};
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct cd_zone *z = NULL;
		cd_cx_clear(&r.cx);
		if (!cd_zone_open(&r.cx, "/source/time/zone", cd_str_z(bad[i]), &z))
			print_error("%s\n", bad[i]);
		assert_int_equal(r.cx.err.code, CD_E_BAD_REQUEST_DATA);
		assert_string_equal(r.cx.err.where, "/source/time/zone");
		assert_null(z);
	}
	rig_end(&r);
}

/* Before the rules begin and behind the last one a clock goes on as it went. */
static void far_years(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	struct cd_zone *z = open_zone(&r, "Europe/Berlin");
	expect_one(z, at(1950, 1, 1, 1, 0), at(1950, 1, 1, 0, 0));
	expect_one(z, at(1, 1, 1, 1, 0), at(1, 1, 1, 0, 0));
	expect_one(z, at(9999, 7, 1, 1, 0), at(9999, 7, 1, 0, 0));
	expect_gap(z, at(2099, 3, 29, 2, 30), at(2099, 3, 29, 1, 30));
	expect_one(z, at(2099, 7, 1, 2, 0), at(2099, 7, 1, 0, 0));
	rig_end(&r);
}

/*
 * Forth: each instant of three years has a local time; back: that local time has this instant. Whatever was
 * asked before makes no difference.
 */
static void there_and_back(void **state)
{
	struct rig r;
	unsigned twice = 0;
	uint64_t random = 88172645463325252u;
	(void)state;
	rig_begin(&r);
	struct cd_zone *z = open_zone(&r, "Europe/Berlin"), *other = open_zone(&r, "Europe/Berlin");
	for (int64_t local = at(2022, 1, 1, 0, 0); local < at(2025, 1, 1, 0, 0); local += H / 4) {
		struct cd_zone_instants i = cd_zone_instants(z, local), k = {0};
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		(void)cd_zone_instants(other, at(1900 + (int64_t)(random % 300), 6, 1, 0, 0));
		k = cd_zone_instants(other, local);
		assert_int_equal(i.n, k.n);
		assert_int_equal(i.us[0], k.us[0]);
		twice += i.n == 2;
		for (unsigned m = 0; m < i.n; m++) {
			int64_t offset = local - i.us[m];
			assert_true(offset == H || offset == 2 * H);
		}
		if (i.n == 2)
			assert_true(i.us[0] < i.us[1]);
	}
	assert_int_equal(twice, 3 * 4);
	rig_end(&r);
}

static void days(void **state)
{
	(void)state;
	assert_int_equal(cd_days(1970, 1, 1), 0);
	assert_int_equal(cd_days(1969, 12, 31), -1);
	assert_int_equal(cd_days(2000, 2, 29), 11016);
	assert_int_equal(cd_days(2000, 3, 1), 11017);
	assert_int_equal(cd_days(1, 1, 1), -719162);
	assert_int_equal(cd_days(0, 3, 1), -719468);
	assert_int_equal(cd_days(-400, 3, 1), -719468 - 146097);
	assert_int_equal(cd_days(9999, 12, 31), 2932896);
	assert_true(cd_is_day(2000, 2, 29));
	assert_false(cd_is_day(1900, 2, 29));
	assert_true(cd_is_day(2024, 2, 29));
	assert_false(cd_is_day(2023, 2, 29));
	assert_false(cd_is_day(2024, 2, 30));
	assert_false(cd_is_day(2024, 13, 1));
	assert_false(cd_is_day(2024, 0, 1));
	assert_false(cd_is_day(2024, 1, 0));
	assert_false(cd_is_day(2024, 4, 31));
}

static cd_code open_one(struct cd_cx *cx, void **ret)
{
	return cd_zone_open(cx, "zone", CD_STR("Europe/Berlin"), (struct cd_zone **)ret);
}

static void close_one(void *opened)
{
	(void)opened; /* the arena has it */
}

static void without_memory(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	assert_true(rig_starve(&r, open_one, close_one) > 1);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_of_europe),
		cmocka_unit_test(clocks_of_elsewhere),
		cmocka_unit_test(fixed_offsets),
		cmocka_unit_test(what_is_no_zone),
		cmocka_unit_test(far_years),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(days),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
