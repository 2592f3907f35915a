/* Arenas: alignment, bounds, reuse, and what happens without memory. */
#include "base/arena.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>

static void objects_are_aligned_and_apart(void **state)
{
	struct cd_arena a;
	(void)state;
	cd_arena_init(&a, 64 << 20);
	/* around the sizes where an object gets a chunk of its own */
	for (size_t n = 0; n < 20000; n += n < 100 ? 1 : 97) {
		unsigned char *p = cd_arena_alloc(&a, n), *q = cd_arena_alloc(&a, n);
		assert_non_null(p);
		assert_non_null(q);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_int_equal((uintptr_t)q % 16, 0);
		memset(p, 1, n);
		memset(q, 2, n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 1);
	}
	cd_arena_done(&a);
}

/* Nothing is asked for, nothing is missing: NULL would be taken for "out of memory". */
static void an_empty_object_is_no_failure(void **state)
{
	struct cd_arena a;
	(void)state;
	cd_arena_init(&a, 1 << 20);
	assert_non_null(cd_arena_alloc(&a, 0));
	assert_non_null(cd_arena_zalloc(&a, 0));
	assert_non_null(cd_arena_copy(&a, cd_str_of(NULL, 0)).p);
	cd_arena_done(&a);
}

static void the_bound_holds(void **state)
{
	struct cd_arena a;
	(void)state;
	cd_arena_init(&a, 1 << 20);
	assert_non_null(cd_arena_alloc(&a, 1 << 20));
	assert_null(cd_arena_alloc(&a, 1));
	assert_true(a.used <= a.max);
	cd_arena_reset(&a);
	assert_null(cd_arena_alloc(&a, (1 << 20) + 1));
	assert_null(cd_arena_alloc(&a, SIZE_MAX));
	assert_null(cd_arena_alloc(&a, SIZE_MAX - 8));
	assert_non_null(cd_arena_alloc(&a, 1 << 19));
	cd_arena_done(&a);
	cd_arena_done(&a); /* twice is harmless */
}

static void many_small_objects_stay_within_the_bound(void **state)
{
	struct cd_arena a;
	size_t n = 0;
	(void)state;
	cd_arena_init(&a, 1 << 20);
	while (cd_arena_alloc(&a, 100))
		n++;
	assert_true(n > 5000 && n * 100 <= 1 << 20);
	assert_true(a.used <= a.max);
	cd_arena_reset(&a);
	assert_true(a.used < 1 << 16);
	for (size_t i = 0; i < n; i++)
		assert_non_null(cd_arena_alloc(&a, 100)); /* as much room as before */
	cd_arena_done(&a);
}

static void texts(void **state)
{
	struct cd_arena a;
	(void)state;
	cd_arena_init(&a, 1 << 20);
	cd_str s = cd_arena_copy(&a, cd_str_of("abc", 2));
	assert_string_equal(s.p, "ab"); /* a NUL behind it */
	assert_int_equal(s.n, 2);
	s = cd_arena_printf(&a, "%d-%s", 7, "x");
	assert_string_equal(s.p, "7-x");
	assert_int_equal(s.n, 3);
	s = cd_arena_printf(&a, "%*d", 30000, 1); /* larger than a chunk */
	assert_int_equal(s.n, 30000);
	unsigned char *z = cd_arena_zalloc(&a, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(z[i], 0);
	cd_arena_done(&a);
}

static void without_memory(void **state)
{
	struct cd_arena a;
	(void)state;
	cd_arena_init(&a, 1 << 20);
	cd_mem_fail_after(1);
	assert_null(cd_arena_alloc(&a, 10));
	assert_true(cd_mem_failed());
	assert_non_null(cd_arena_copy(&a, CD_STR("x")).p); /* the failure is over */
	cd_mem_fail_after(1);
	assert_null(cd_arena_printf(&a, "%*d", 30000, 1).p);
	cd_mem_fail_after(0);
	assert_non_null(cd_arena_alloc(&a, 10));
	cd_arena_done(&a);
}

static void test_join(void **state)
{
	(void)state;
	struct cd_arena a;
	cd_arena_init(&a, 1 << 20);
	const cd_str parts[] = {CD_STR("<"), CD_STR(""), CD_STR("urn:x"), cd_str_of(NULL, 0), CD_STR(">")};
	cd_str all = cd_arena_join(&a, parts, 5);
	assert_int_equal(all.n, 7);
	assert_string_equal(all.p, "<urn:x>");
	assert_string_equal(cd_arena_join(&a, parts, 0).p, "");
	cd_mem_fail_after(1);
	while (!cd_mem_failed())
		(void)cd_arena_join(&a, parts, 5);
	cd_mem_fail_after(0);
	cd_arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_aligned_and_apart),
		cmocka_unit_test(an_empty_object_is_no_failure),
		cmocka_unit_test(the_bound_holds),
		cmocka_unit_test(many_small_objects_stay_within_the_bound),
		cmocka_unit_test(texts),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(test_join),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
