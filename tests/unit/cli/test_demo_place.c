/* The made-up place: the same bytes for the same seed and time, rhythm, and three sensors that are broken. */
#include "cli/demo_int.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TURNS = 20 * CD_PLACE_CYCLE };

static const char *const sizes[] = {"village", "city", "metropolis"};
static const uint64_t counts[] = {300, 5000, 1000000};

/* Monday, the first of June 2026, that hour UTC */
static cd_time_us june(double day, double hour)
{
	return (cd_time_us)1780272000 * 1000000 + (cd_time_us)((day * 24 + hour) * 3600e6);
}

static struct cd_place place(const char *size, uint64_t seed)
{
	struct cd_place p;
	assert_true(cd_place_init(&p, cd_str_z(size), seed, june(0, 6)));
	return p;
}

static void the_sizes(void **state)
{
	(void)state;
	struct cd_place p;
	for (unsigned i = 0; i < 3; i++) {
		p = place(sizes[i], 1);
		assert_int_equal(cd_place_count(&p), counts[i]);
	}
	assert_false(cd_place_init(&p, CD_STR("hamlet"), 1, 0));
	assert_false(cd_place_init(&p, CD_STR(""), 1, 0));
}

/* Everything that the place says, entities in steps of `step`, then news of some turns. */
static void tell(struct cd_buf *b, const char *size, uint64_t seed, uint64_t step)
{
	struct cd_place p = place(size, seed);
	cd_buf_init(b, 1 << 28);
	for (uint64_t i = 0; i < cd_place_count(&p); i += step)
		cd_place_entity(&p, i, june(0, 7), b);
	for (uint64_t i = 0; i < TURNS; i++)
		(void)cd_place_news(&p, i, june(0, 8) + (cd_time_us)i * 1000, b); /* some are silent */
	assert_false(b->bad);
}

static void the_same_seed_says_the_same(void **state)
{
	(void)state;
	struct cd_buf one, same, other;
	for (unsigned i = 0; i < 3; i++) {
		tell(&one, sizes[i], 7, i < 2 ? 1 : 97);
		tell(&same, sizes[i], 7, i < 2 ? 1 : 97);
		tell(&other, sizes[i], 8, i < 2 ? 1 : 97);
		assert_true(cd_str_eq(cd_buf_str(&one), cd_buf_str(&same)));
		assert_false(cd_str_eq(cd_buf_str(&one), cd_buf_str(&other)));
		cd_buf_done(&one);
		cd_buf_done(&same);
		cd_buf_done(&other);
	}
}

/* The kind and number an id speaks of: urn:ngsi-ld:Vehicle:demo:0002 */
static unsigned kind_of(cd_str text, uint64_t *number)
{
	for (unsigned k = 0; k < CD_KINDS; k++) {
		char start[80];
		int n = snprintf(
			start, sizeof start, "{\"id\":\"urn:ngsi-ld:%s:demo:", cd_demo_kinds[k].type);
		if (cd_str_starts(text, cd_str_of(start, (size_t)n))) {
			*number = strtoull(text.p + n, NULL, 10) - 1;
			return k;
		}
	}
	fail_msg("no kind of the place");
	return 0;
}

static void everyone_who_lives_is_heard(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct cd_place p = place(sizes[i], 1);
		uint64_t heard[CD_KINDS] = {0}, number;
		bool *who = calloc(CD_KINDS * 2000, 1);
		struct cd_buf b;
		cd_buf_init(&b, 1 << 20);
		for (uint64_t turn = 0; turn < 200000; turn++) {
			cd_buf_reset(&b);
			assert_true(cd_place_news(&p, turn, june(0, 6), &b));
			unsigned k = kind_of(cd_buf_str(&b), &number);
			assert_true(number < cd_demo_kinds[k].count[i]);
			heard[k] += !who[k * 2000 + number];
			who[k * 2000 + number] = true;
		}
		for (unsigned k = 0; k < CD_KINDS; k++)
			assert_int_equal(heard[k], cd_demo_kinds[k].lives ? cd_demo_kinds[k].count[i] : 0);
		cd_buf_done(&b);
		free(who);
	}
}

/* The number that an attribute of one thing has at some time; -1 when it is silent. */
static double said(const struct cd_place *p, unsigned kind, uint64_t number, const char *name, cd_time_us at)
{
	struct cd_buf b;
	double v = -1;
	cd_buf_init(&b, 1 << 20);
	for (uint64_t turn = 0;; turn++) {
		uint64_t whose = turn / CD_PLACE_CYCLE * p->turns[kind] + p->turn[turn % CD_PLACE_CYCLE].nth;
		if (p->turn[turn % CD_PLACE_CYCLE].kind != kind ||
			whose % cd_demo_kinds[kind].count[p->size] != number)
			continue;
		if (cd_place_news(p, turn, at, &b)) {
			char start[80];
			int n = snprintf(
				start, sizeof start, "\"%s\":{\"type\":\"Property\",\"value\":", name);
			cd_buf_char(&b, 0);
			const char *found = strstr(b.p, start);
			assert_non_null(found);
			v = strtod(found + n, NULL);
		}
		break;
	}
	cd_buf_done(&b);
	return v;
}

static void one_dies_one_drifts_one_lies(void **state)
{
	(void)state;
	struct cd_place p = place("city", 1);
	assert_true(said(&p, CD_AIR, 2, "no2", june(0, 6.25)) > 0);
	assert_true(said(&p, CD_AIR, 2, "no2", june(0, 6.26)) < 0);
	assert_true(said(&p, CD_AIR, 3, "no2", june(0, 6.26)) > 0);
	/* 30 days: 15 decibels more than its neighbours hear */
	double then = said(&p, CD_NOISE, 1, "LAeq", june(1, 3)),
	       now = said(&p, CD_NOISE, 1, "LAeq", june(31, 3));
	double near = said(&p, CD_NOISE, 2, "LAeq", june(31, 3)) - said(&p, CD_NOISE, 2, "LAeq", june(1, 3));
	assert_true(now - then > 8 && now - then < 22 && near > -7 && near < 7);
	for (unsigned hour = 0; hour < 24; hour++) {
		assert_true(said(&p, CD_WATER, 0, "pH", june(2, hour)) == 14);
		assert_true(said(&p, CD_WATER, 1, "pH", june(2, hour)) < 8);
	}
}

/* The mean over all traffic counters. */
static double cars(const struct cd_place *p, cd_time_us at)
{
	double sum = 0;
	for (uint64_t i = 0; i < 160; i++)
		sum += said(p, CD_FLOW, i, "intensity", at) / 160;
	return sum;
}

static void days_have_a_rhythm(void **state)
{
	(void)state;
	struct cd_place p = place("city", 1);
	double rush = cars(&p, june(1, 7)), night = cars(&p, june(1, 2)), sunday = cars(&p, june(6, 7));
	assert_true(rush > 4 * night && rush > 3 * sunday);
	/* car parks are full of cars at noon; June nights are short, December nights long */
	assert_true(said(&p, CD_PARKING, 0, "availableSpotNumber", june(1, 11.5)) <
		    said(&p, CD_PARKING, 0, "availableSpotNumber", june(1, 3)));
	struct cd_thing t = {.place = &p, .time = june(20, 20), .hour = 20};
	assert_false(cd_thing_dark(&t));
	t.time = june(200, 20);
	assert_true(cd_thing_dark(&t) && cd_thing_summer(&t) < -0.7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sizes),
		cmocka_unit_test(the_same_seed_says_the_same),
		cmocka_unit_test(everyone_who_lives_is_heard),
		cmocka_unit_test(one_dies_one_drifts_one_lies),
		cmocka_unit_test(days_have_a_rhythm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
