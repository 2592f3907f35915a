/* Sources of candidates against sets that are computed plainly: walked, collected, together, and how they jump. */
#include "ops/source.h"

#include "store/reclaim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SPAN = 20000, KEYS = 5 };

static uint64_t seed = 11;
static uint64_t rnd(uint64_t n)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return seed % n;
}

static struct world {
	struct cd_reclaim reclaim;
	struct cd_tree tree; /* {key, number} */
	struct cd_arena arena;
	bool in[KEYS][SPAN];
} *w;

/* Key k holds about one in 1, 5, 25, ... of the numbers. */
static int begin(void **state)
{
	(void)state;
	struct cd_edit edit = {.edition = 1};
	w = calloc(1, sizeof *w);
	cd_reclaim_init(&w->reclaim);
	edit.reclaim = &w->reclaim;
	cd_arena_init(&w->arena, 1 << 28);
	struct cd_tree_build *b = cd_tree_build_new(&edit);
	uint64_t one_in = 1;
	for (unsigned k = 0; k < KEYS; k++, one_in *= 5)
		for (uint64_t i = 1; i < SPAN; i++) {
			w->in[k][i] = rnd(one_in) == 0;
			if (w->in[k][i])
				assert_int_equal(cd_tree_build_put(b, (struct cd_key){k * 10, i}, 0), CD_OK);
		}
	assert_int_equal(cd_tree_build_end(b, &w->tree), CD_OK);
	return 0;
}

static int end(void **state)
{
	struct cd_edit edit = {.edition = 1, .reclaim = &w->reclaim};
	(void)state;
	cd_tree_drop(&edit, &w->tree);
	cd_arena_done(&w->arena);
	cd_reclaim_done(&w->reclaim);
	free(w);
	return 0;
}

static struct cd_source *key(unsigned k)
{
	struct cd_source *s = cd_source_key(&w->arena, w->tree, k * 10);
	assert_non_null(s);
	return s;
}

/* The same numbers collected, in any order and some of them twice. */
static struct cd_source *set(unsigned k)
{
	uint64_t *numbers = calloc(2 * SPAN, sizeof *numbers), n = 0;
	for (uint64_t i = 1; i < SPAN; i++)
		for (unsigned twice = rnd(4) == 0 ? 2 : 1; w->in[k][i] && twice > 0; twice--)
			numbers[n++] = i;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t other = rnd(n), x = numbers[i];
		numbers[i] = numbers[other];
		numbers[other] = x;
	}
	struct cd_source *s = cd_source_set(&w->arena, n, 1, SPAN);
	assert_non_null(s);
	for (uint64_t i = 0; i < n; i++)
		assert_true(cd_source_add(s, numbers[i]));
	cd_source_ready(s);
	free(numbers);
	return s;
}

/* All numbers from `least` on, going on where it says so. */
static bool ask(struct cd_source *s, uint64_t least, uint64_t *ret)
{
	for (unsigned calls = 0;; calls++) {
		uint64_t from = least;
		switch (cd_source_seek(s, least, ret)) {
		case CD_FOUND:
			assert_true(*ret >= least);
			return true;
		case CD_FOUND_END:
			return false;
		case CD_FOUND_ONWARD:
			least = *ret;
			assert_true(least > from);
			assert_true(calls < SPAN);
		}
	}
}

static void is(struct cd_source *s, const bool *in, uint64_t jump)
{
	uint64_t least = 0, number;
	for (;;) {
		uint64_t i = least;
		while (i < SPAN && !in[i])
			i++;
		bool found = ask(s, least, &number);
		assert_int_equal(found, i < SPAN);
		if (!found)
			return;
		assert_int_equal(number, i);
		assert_true(ask(s, least, &number)); /* asked twice it says the same */
		assert_int_equal(number, i);
		least = i + 1 + rnd(jump);
	}
}

static void alone(void **state)
{
	(void)state;
	for (unsigned k = 0; k < KEYS; k++)
		for (uint64_t jump = 1; jump < 10000; jump *= 10) {
			is(key(k), w->in[k], jump);
			is(set(k), w->in[k], jump);
		}
}

static void together(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct cd_source *of[4];
		bool any[SPAN] = {false}, all[SPAN];
		unsigned n = 1 + (unsigned)rnd(4);
		bool cut = rnd(2);
		memset(all, true, sizeof all);
		for (unsigned i = 0; i < n; i++) {
			unsigned k = (unsigned)rnd(KEYS);
			of[i] = rnd(2) ? key(k) : set(k);
			for (unsigned j = 0; j < SPAN; j++) {
				any[j] |= w->in[k][j];
				all[j] &= w->in[k][j];
			}
		}
		is(cut ? cd_source_all(&w->arena, of, n) : cd_source_any(&w->arena, of, n), cut ? all : any,
			1 + rnd(50));
		cd_arena_reset(&w->arena);
	}
}

static void nested(void **state)
{
	(void)state;
	struct cd_source *of[2] = {key(3), set(2)}, *both[2];
	bool in[SPAN];
	both[0] = cd_source_any(&w->arena, of, 2);
	both[1] = key(1);
	for (unsigned j = 0; j < SPAN; j++)
		in[j] = (w->in[3][j] || w->in[2][j]) && w->in[1][j];
	is(cd_source_all(&w->arena, both, 2), in, 1);
}

static void nothing(void **state)
{
	(void)state;
	uint64_t number;
	struct cd_source *empty = cd_source_set(&w->arena, 0, 0, 0), *of[2] = {key(0), empty};
	cd_source_ready(empty);
	assert_int_equal(cd_source_seek(empty, 0, &number), CD_FOUND_END);
	assert_int_equal(cd_source_seek(cd_source_key(&w->arena, w->tree, 7), 0, &number), CD_FOUND_END);
	assert_int_equal(cd_source_seek(cd_source_all(&w->arena, of, 2), 0, &number), CD_FOUND_END);
	assert_int_equal(cd_source_seek(key(0), SPAN, &number), CD_FOUND_END);
}

/* One call ends soon: two sets that never meet are not jumped through at once. */
static void bounded(void **state)
{
	(void)state;
	struct cd_source *even = cd_source_set(&w->arena, 100000, 0, 200001),
			 *odd = cd_source_set(&w->arena, 100000, 0, 200001), *of[2] = {even, odd};
	uint64_t number, least = 0;
	unsigned calls = 0;
	for (uint64_t i = 0; i < 200000; i++)
		assert_true(cd_source_add(i % 2 ? odd : even, i));
	struct cd_source *both = cd_source_all(&w->arena, of, 2);
	while (cd_source_seek(both, least, &number) == CD_FOUND_ONWARD) {
		assert_true(number > least && number - least <= 300);
		least = number;
		calls++;
	}
	assert_true(calls > 500);
}

static void no_memory(void **state)
{
	(void)state;
	struct cd_arena small;
	cd_arena_init(&small, 4096);
	assert_null(cd_source_set(&small, 4000, 0, 4000));
	assert_null(cd_source_set(&small, 5000, 0, UINT64_MAX / 2));
	cd_arena_done(&small);
	cd_arena_init(&small, 16384);
	struct cd_source *s = cd_source_set(&small, 5000, 0, 1 << 20);
	assert_non_null(s);
	uint64_t i = 0;
	while (i < 1 << 20 && cd_source_add(s, i))
		i += 4096;
	assert_true(i < 1 << 20);
	cd_arena_done(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(alone, begin, end),
		cmocka_unit_test_setup_teardown(together, begin, end),
		cmocka_unit_test_setup_teardown(nested, begin, end),
		cmocka_unit_test_setup_teardown(nothing, begin, end),
		cmocka_unit_test_setup_teardown(bounded, begin, end),
		cmocka_unit_test_setup_teardown(no_memory, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
