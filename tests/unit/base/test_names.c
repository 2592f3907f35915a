/* Names as numbers: never reused, never mistaken, one writer beside many readers. */
#include "base/names.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static cd_str name(char *text, size_t n, const char *kind, unsigned i)
{
	return cd_str_of(text, (size_t)snprintf(text, n, "https://example.org/%s/%u", kind, i));
}

static void numbers_count_up(void **state)
{
	struct cd_names *t = cd_names_new(1000);
	char text[64];
	(void)state;
	for (unsigned i = 1; i <= 1000; i++)
		assert_int_equal(cd_names_add(t, name(text, sizeof text, "a", i)), i);
	for (unsigned i = 1; i <= 1000; i++) {
		cd_str n = name(text, sizeof text, "a", i);
		assert_int_equal(cd_names_find(t, n), i);
		assert_int_equal(cd_names_add(t, n), i);
		assert_true(cd_str_eq(cd_names_text(t, i), n));
	}
	assert_int_equal(cd_names_count(t), 1000);
	cd_names_free(t);
	cd_names_free(NULL);
}

static void the_bound(void **state)
{
	struct cd_names *t = cd_names_new(2);
	(void)state;
	assert_int_equal(cd_names_add(t, CD_STR("a")), 1);
	assert_int_equal(cd_names_add(t, CD_STR("b")), 2);
	assert_int_equal(cd_names_add(t, CD_STR("c")), 0);
	assert_int_equal(cd_names_add(t, CD_STR("b")), 2); /* known ones still are */
	assert_int_equal(cd_names_find(t, CD_STR("c")), 0);
	assert_int_equal(cd_names_count(t), 2);
	cd_names_free(t);
}

static void what_is_no_name(void **state)
{
	struct cd_names *t = cd_names_new(10);
	(void)state;
	assert_int_equal(cd_names_find(t, CD_STR("a")), 0);
	assert_int_equal(cd_names_add(t, CD_STR("")), 0);
	assert_int_equal(cd_names_find(t, CD_STR("")), 0);
	assert_int_equal(cd_names_text(t, 0).n, 0);
	assert_int_equal(cd_names_text(t, 1).n, 0);
	assert_int_equal(cd_names_text(t, UINT32_MAX).n, 0);
	assert_int_equal(cd_names_add(t, cd_str_of("a\0b", 3)), 1); /* bytes, not C strings */
	assert_int_equal(cd_names_find(t, CD_STR("a")), 0);
	cd_names_free(t);
}

/* The k-th allocation fails: 0, nothing half added, and the same name goes in afterwards with the next
 * number. */
static void without_memory(void **state)
{
	char text[64];
	(void)state;
	cd_mem_fail_after(1);
	assert_null(cd_names_new(10));
	cd_mem_fail_after(2);
	assert_null(cd_names_new(10));
	cd_mem_fail_after(0);
	struct cd_names *t = cd_names_new(10000);
	unsigned failures = 0;
	for (unsigned i = 1; i <= 3000; i++) {
		cd_str n = name(text, sizeof text, "a", i);
		cd_term term = 0;
		for (unsigned long k = 1; !term; k++) {
			cd_mem_fail_after(k);
			term = cd_names_add(t, n);
			bool failed = cd_mem_failed();
			cd_mem_fail_after(0);
			failures += failed;
			assert_true(failed == !term);
			assert_int_equal(cd_names_count(t), term ? i : i - 1);
			assert_int_equal(cd_names_find(t, n), term);
		}
		assert_int_equal(term, i);
	}
	assert_true(failures > 3000);
	cd_names_free(t);
}

enum { NAMES = 100000, READERS = 3 };

struct shared {
	struct cd_names *names;
	_Atomic unsigned added; /* names up to here are in */
	_Atomic unsigned wrong;
	atomic_bool done;
};

static void *read_along(void *arg)
{
	struct shared *s = arg;
	unsigned seed = (unsigned)(size_t)&seed | 1, wrong = 0;
	char text[64];
	while (!atomic_load(&s->done)) {
		unsigned added = atomic_load(&s->added);
		seed = seed * 1664525u + 1013904223u;
		unsigned i = added ? 1 + (seed >> 8) % added : 0;
		/* what is in is found */
		wrong += i && cd_names_find(s->names, name(text, sizeof text, "a", i)) != i;
		/* what may just be going in is found as itself or not at all */
		cd_term t = cd_names_find(s->names, name(text, sizeof text, "a", added + 1));
		wrong += t != 0 && t != added + 1;
		/* what never goes in is never found, whatever takes its slot in this moment */
		for (unsigned k = 0; k < 8; k++)
			wrong += cd_names_find(s->names, name(text, sizeof text, "never", seed + k)) != 0;
		wrong += i && !cd_str_eq(cd_names_text(s->names, i), name(text, sizeof text, "a", i));
		wrong += cd_names_count(s->names) < added;
	}
	atomic_fetch_add(&s->wrong, wrong);
	return NULL;
}

static void readers_beside_the_writer(void **state)
{
	struct shared s = {.names = cd_names_new(NAMES)};
	pthread_t readers[READERS];
	char text[64];
	(void)state;
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_along, &s), 0);
	for (unsigned i = 1; i <= NAMES; i++) {
		if (cd_names_add(s.names, name(text, sizeof text, "a", i)) != i)
			atomic_fetch_add(&s.wrong, 1);
		atomic_store(&s.added, i);
	}
	atomic_store(&s.done, true);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	assert_int_equal(atomic_load(&s.wrong), 0);
	cd_names_free(s.names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_count_up),
		cmocka_unit_test(the_bound),
		cmocka_unit_test(what_is_no_name),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(readers_beside_the_writer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
