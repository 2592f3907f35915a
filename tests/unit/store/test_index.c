/* Building indexes: what it does to revisions and checkpoints, to the bound of memory, and when the store
 * stops. */
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

/* Revisions are those of changes: an index is a new root without one, between checkpoints as well, and what
 * it replaces is kept for those who hold an older root. */
static void test_index_takes_no_revision(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	create_some(&t, 0, 200);
	assert_int_equal(cd_store_checkpoint(&t.cx, t.store), CD_OK);
	const struct cd_root *before = cd_pin(t.reader);
	uint64_t sum = twin_sum(t.store, before);
	assert_non_null(ask_index(&t));
	const struct cd_root *after = cd_pin(t.reader);
	assert_ptr_not_equal(before, after);
	assert_int_equal(before->version, 200);
	assert_int_equal(after->version, 200);
	assert_int_equal(cd_store_version(t.store), 200);
	assert_int_equal(after->log_bytes, before->log_bytes);
	assert_int_equal(twin_update(&t, "", "urn:7", 1000, 0), CD_OK);
	assert_int_equal(twin_delete(&t, "", "urn:9"), CD_OK);
	create_some(&t, 200, 230);
	assert_int_equal(cd_store_version(t.store), 232);
	assert_true(twin_sum(t.store, before) == sum);
	assert_true(twin_sum(t.store, after) == sum);
	cd_unpin(t.reader, after);
	(void)cd_store_run(t.store);
	assert_true(twin_sum(t.store, before) == sum);
	cd_unpin(t.reader, before);
	(void)cd_store_run(t.store);
	assert_int_equal(t.store->reclaim.versions_n, 1);
	assert_int_equal(t.store->reclaim.dead_bytes, 0);
	assert_int_equal(cd_store_checkpoint(&t.cx, t.store), CD_OK); /* writes what the last one lacks */
	sum = twin_sum_now(&t);
	twin_reopen(&t);
	assert_int_equal(cd_store_version(t.store), 232);
	assert_true(twin_sum_now(&t) == sum);
	/* a checkpoint after a start: only what came since */
	assert_non_null(ask_index(&t));
	assert_int_equal(twin_update(&t, "", "urn:8", 1001, 0), CD_OK);
	uint64_t records = atomic_load(&t.metrics.v[CD_M_checkpoint_records]);
	assert_int_equal(cd_store_checkpoint(&t.cx, t.store), CD_OK);
	assert_int_equal(atomic_load(&t.metrics.v[CD_M_checkpoint_records]) - records, 1);
	sum = twin_sum_now(&t);
	twin_reopen(&t);
	assert_int_equal(cd_store_version(t.store), 233);
	assert_true(twin_sum_now(&t) == sum);
	twin_done(&t);
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
		assert_int_equal(cd_store_version(t.store), 3000);
	}
	t.threads = false;
	twin_reopen(&t);
	assert_true(twin_sum_now(&t) == sum);
	twin_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_takes_no_revision),
		cmocka_unit_test(test_index_within_memory),
		cmocka_unit_test(test_index_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
