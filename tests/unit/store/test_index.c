/* Building indexes: within the bound of memory, and when the store stops. */
#include "store/tree_int.h"
#include "twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define TYPE  "https://example.org/Lamp"
#define VALUE "https://example.org/value"

static const struct cd_index *ask_index(struct twin *t)
{
	cd_term term = cd_names_find(cd_store_names(t->store), CD_STR(VALUE));
	const struct cd_root *root = cd_pin(t->reader);
	cd_index_ask(t->store, root->tenants[0], term, CD_VI_NUMBER);
	cd_unpin(t->reader, root);
	cd_index_build(t->store);
	root = cd_pin(t->reader);
	const struct cd_index *index = cd_tenant_index(root->tenants[0], term, CD_VI_NUMBER);
	cd_unpin(t->reader, root);
	return index; /* to be compared with NULL */
}

static void create_some(struct twin *t, int from, int to)
{
	char id[32];
	for (int i = from; i < to; i++) {
		snprintf(id, sizeof id, "urn:%d", i);
		assert_int_equal(twin_create(t, "", id, TYPE, i, 0), CD_OK);
		cd_arena_reset(&t->arena);
	}
}

/* Queries of anyone shall not use up the memory that changes need. */
static void test_index_within_memory(void **state)
{
	(void)state;
	enum { SLACK = 4 * CD_INNER_BYTES };
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	create_some(&t, 0, 3000);
	uint64_t used = cd_reclaim_bytes(&t.store->reclaim);
	t.store->memory_max = used * 100 / 90;
	assert_null(ask_index(&t));
	assert_int_equal(t.store->wishes_n, 0);
	t.store->memory_max = used * 10;
	assert_null(ask_index(&t)); /* it was looked at a moment ago */
	t.store->index_rest = 0;
	assert_non_null(ask_index(&t));
	assert_int_equal(atomic_load(&t.metrics.v[CD_M_memory_bytes]), cd_reclaim_bytes(&t.store->reclaim));
	uint64_t index = cd_reclaim_bytes(&t.store->reclaim) - used;
	assert_in_range(index, 3000 * 24, 3000 * 48);
	for (int fits = 0; fits < 2; fits++) {
		twin_reopen(&t);
		used = cd_reclaim_bytes(&t.store->reclaim);
		t.store->memory_max = (used + index + (fits ? SLACK : -SLACK)) / 90 * 100;
		assert_int_equal(ask_index(&t) != NULL, fits);
	}
	(void)twin_sum_now(&t);
	twin_done(&t);
}

/* A stop waits for no index, wherever its building has come to; and the twin is whole afterwards. */
static void test_index_stop(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	create_some(&t, 0, 3000);
	uint64_t sum = twin_sum_now(&t);
	atomic_store(&t.store->stop, true);
	assert_null(ask_index(&t));
	atomic_store(&t.store->stop, false);
	assert_non_null(ask_index(&t));
	t.threads = true;
	for (long us = 0; us < 20000; us += 500) {
		twin_reopen(&t);
		const struct cd_root *root = cd_pin(t.reader);
		cd_term term = cd_names_find(cd_store_names(t.store), CD_STR(VALUE));
		cd_index_ask(t.store, root->tenants[0], term, CD_VI_NUMBER);
		cd_unpin(t.reader, root);
		const struct timespec wait = {.tv_nsec = us * 1000};
		(void)nanosleep(&wait, NULL);
	}
	t.threads = false;
	twin_reopen(&t);
	assert_true(twin_sum_now(&t) == sum);
	twin_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_within_memory),
		cmocka_unit_test(test_index_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
