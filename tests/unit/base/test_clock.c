/* Instants and their written form. [CIM 009 4.6.3] */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <time.h>

static const char *printed(cd_stamp s)
{
	static char text[CD_STAMP_TEXT_MAX + 1];
	size_t n = cd_stamp_print(s, text);
	assert_true(n <= CD_STAMP_TEXT_MAX);
	text[n] = 0;
	return text;
}

static cd_stamp stamp(const char *text)
{
	cd_stamp s = CD_STAMP_NONE;
	if (!cd_stamp_parse(cd_str_z(text), &s))
		print_error("refused: %s\n", text);
	assert_true(s != CD_STAMP_NONE);
	return s;
}

static void texts_come_back_as_they_were(void **state)
{
	static const char *const texts[] = {"1970-01-01T00:00:00Z", "2026-03-01T09:00:00Z",
		"2026-03-01T09:00:00.0Z", "2026-03-01T09:00:00.000Z", "2026-03-01T09:00:00.120Z",
		"2026-03-01T09:00:00,5Z", "2026-03-01T09:00:00,000000Z", "2026-03-01T09:00:00.000001Z",
		"1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999Z", "2000-02-29T00:00:00Z", "2024-02-29T23:59:59Z"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_string_equal(printed(stamp(texts[i])), texts[i]);
}

static void what_is_no_instant(void **state)
{
	static const char *const bad[] = {"", "2026", "2026-03-01", "2026-03-01T09:00:00",
		"2026-03-01T09:00:00+00:00", "2026-03-01T09:00:00z", "2026-03-01t09:00:00Z",
		"2026-03-01 09:00:00Z", "2026-03-01T09:00Z", "2026-3-01T09:00:00Z", "2026-00-01T09:00:00Z",
		"2026-13-01T09:00:00Z", "2026-01-00T09:00:00Z", "2026-01-32T09:00:00Z",
		"2026-04-31T09:00:00Z", "2026-02-29T09:00:00Z", "1900-02-29T09:00:00Z",
		"2026-03-01T24:00:00Z", "2026-03-01T09:60:00Z", "2026-03-01T09:00:60Z",
		"2026-03-01T09:00:00.Z", "2026-03-01T09:00:00,Z", "2026-03-01T09:00:00.1234567Z",
		"2026-03-01T09:00:00.1", "2026-03-01T09:00:00.1ZZ", "2026-03-01T09:00:00ZZ",
		"2026-03-01T09:00:00.-1Z", "2026-03-01T09:00:00;1Z", "-026-03-01T09:00:00Z",
		"+2026-03-01T09:00:00Z", "12026-03-01T09:00:00Z", " 2026-03-01T09:00:00Z",
		"2026-03-01T09:00:00Z ", "2026/03/01T09:00:00Z"};
	cd_stamp s = 42;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (cd_stamp_parse(cd_str_z(bad[i]), &s))
			print_error("taken: %s\n", bad[i]);
		assert_int_equal(s, 42);
	}
}

/* Each cut of a good text, in memory of exactly that size. */
static void cut_texts(void **state)
{
	static const char text[] = "2026-03-01T09:00:00.123456Z";
	cd_stamp s;
	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		char *p = test_malloc(n + 1);
		memcpy(p, text, n);
		assert_false(cd_stamp_parse(cd_str_of(p, n), &s));
		test_free(p);
	}
}

/* Every day of years 0 to 9999, against the calendar of the C library. */
static void every_day(void **state)
{
	int64_t first = cd_stamp_us(stamp("0000-01-01T00:00:00Z")) / 1000000 / 86400;
	int64_t last = cd_stamp_us(stamp("9999-12-31T00:00:00Z")) / 1000000 / 86400;
	(void)state;
	assert_int_equal(last - first, 3652424);
	for (int64_t day = first; day <= last; day++) {
		char want[64];
		struct tm tm;
		time_t t = (time_t)(day * 86400 + (day % 86400 + 86400) % 86400);
		gmtime_r(&t, &tm);
		snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
			tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		cd_stamp s = cd_stamp_of((cd_time_us)t * 1000000, 0);
		if (strcmp(printed(s), want) != 0 || stamp(want) != s)
			assert_string_equal(printed(s), want);
	}
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* What was printed reads back as the same stamp; a cut fraction as the instant below. */
static void random_instants(void **state)
{
	int64_t least = cd_stamp_us(stamp("0000-01-01T00:00:00Z")),
		most = cd_stamp_us(stamp("9999-12-31T23:59:59Z"));
	uint64_t x = 88172645463325252u, span = (uint64_t)(most - least);
	static const int64_t unit[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
	(void)state;
	for (int i = 0; i < 300000; i++) {
		cd_time_us us = least + (int64_t)(next_random(&x) % span);
		unsigned digits = (unsigned)(next_random(&x) % 7),
			 comma = digits && next_random(&x) % 2 ? 8 : 0;
		int64_t rest = ((us % unit[digits]) + unit[digits]) % unit[digits];
		cd_stamp s = us * 16 + (digits | comma), back = stamp(printed(s));
		assert_true(back == (us - rest) * 16 + (digits | comma));
		assert_true(cd_stamp_us(back) == us - rest);
		assert_string_equal(printed(back), printed(s));
	}
}

static void order_of_stamps_is_order_of_instants(void **state)
{
	static const char *const sorted[] = {"0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
		"1969-12-31T23:59:59.000001Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.1Z",
		"1970-01-01T00:00:00,2Z", "1970-01-01T00:00:00.200001Z", "9999-12-31T23:59:59,999999Z"};
	(void)state;
	for (size_t i = 1; i < sizeof sorted / sizeof *sorted; i++)
		assert_true(stamp(sorted[i - 1]) < stamp(sorted[i]));
	assert_true(CD_STAMP_NONE < stamp(sorted[0]));
	assert_int_equal(
		cd_stamp_us(stamp("1969-12-31T23:59:59,50Z")), cd_stamp_us(stamp("1969-12-31T23:59:59.5Z")));
}

/* Any number, as damaged data may hold it, stays within the buffer. */
static void any_stamp_prints(void **state)
{
	uint64_t x = 362436069;
	(void)state;
	(void)printed(CD_STAMP_NONE);
	(void)printed(INT64_MAX);
	for (int i = 0; i < 100000; i++)
		(void)printed((cd_stamp)next_random(&x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_come_back_as_they_were),
		cmocka_unit_test(what_is_no_instant),
		cmocka_unit_test(cut_texts),
		cmocka_unit_test(every_day),
		cmocka_unit_test(random_instants),
		cmocka_unit_test(order_of_stamps_is_order_of_instants),
		cmocka_unit_test(any_stamp_prints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
