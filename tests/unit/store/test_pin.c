/*
 * Pins: one writer publishes versions as fast as it can, readers pin them and look at all of it. In every
 * version the values sum up to the same, the two trees hold the same keys, and the counts agree: a reader
 * that saw half a batch, or memory that was freed, would notice (and so would the sanitizers).
 */
#include "base/mem.h"
#include "store/store_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 500, VALUE = 1000, BATCHES = 4000, READERS = 3 };

struct world {
	struct cd_settings set;
	struct cd_metrics metrics;
	struct cd_store s;
	atomic_bool over;
	atomic_uint_fast64_t looks, refused;
};

static void world_init(struct world *w)
{
	memset(w, 0, sizeof *w);
	cd_settings_init(&w->set);
	w->set.pins_max = 4;
	w->s.set = &w->set;
	w->s.metrics = &w->metrics;
	w->s.tenant_names = cd_names_new(10);
	pthread_mutex_init(&w->s.lock, NULL);
	cd_reclaim_init(&w->s.reclaim);
}

static void publish(struct cd_batch *b)
{
	struct cd_version *v = cd_mem_zalloc(sizeof *v);
	b->root->version = b->edit.edition;
	cd_batch_publish(b, v);
}

static void first_root(struct world *w)
{
	struct cd_batch *b = &w->s.batch;
	uint32_t number;
	assert_int_equal(cd_batch_begin(b, &w->s), CD_OK);
	assert_int_equal(cd_tenant_add(b, cd_str_of(NULL, 0), &number), CD_OK);
	assert_int_equal(number, 0);
	struct cd_tenant *t = cd_tenant_own(b, 0);
	for (uint64_t i = 0; i < KEYS; i++) {
		assert_int_equal(
			cd_tree_put(&b->edit, &t->ids, (struct cd_key){1, i * 3}, VALUE, NULL, NULL), CD_OK);
		assert_int_equal(
			cd_tree_put(&b->edit, &t->types, (struct cd_key){1, i * 3}, 0, NULL, NULL), CD_OK);
	}
	publish(b);
}

static void world_done(struct world *w)
{
	struct cd_edit e = {.edition = UINT64_MAX, .reclaim = &w->s.reclaim};
	struct cd_root *root = cd_reclaim_forget(&w->s.reclaim);
	struct cd_tenant *t = root->tenants[0];
	cd_tree_drop(&e, &t->ids);
	cd_tree_drop(&e, &t->types);
	cd_tree_drop(&e, &root->tenant_ids);
	cd_mem_free(t);
	cd_mem_free(root);
	assert_int_equal(w->s.reclaim.leaf.used_n + w->s.reclaim.inner.used_n, 0);
	assert_int_equal(w->s.reclaim.dead_bytes, 0);
	cd_reclaim_done(&w->s.reclaim);
	cd_names_free(w->s.tenant_names);
	pthread_mutex_destroy(&w->s.lock);
}

/* Some value moves from one key to another, and keys come and go. */
static void edit(struct world *w, unsigned *seed, bool keep)
{
	struct cd_batch *b = &w->s.batch;
	assert_int_equal(cd_batch_begin(b, &w->s), CD_OK);
	struct cd_tenant *t = cd_tenant_own(b, 0);
	for (int i = 0; i < 8; i++) {
		struct cd_key from = {1, (uint64_t)rand_r(seed) % (KEYS * 3)},
			      to = {1, (uint64_t)rand_r(seed) % (KEYS * 3)};
		uint64_t value = 0, other = 0;
		bool was = false;
		(void)cd_tree_del(&b->edit, &t->ids, from, &value, &was);
		if (!was)
			continue;
		(void)cd_tree_del(&b->edit, &t->types, from, NULL, NULL);
		(void)cd_tree_get(t->ids, to, &other);
		(void)cd_tree_put(&b->edit, &t->ids, to, value + other, NULL, NULL);
		(void)cd_tree_put(&b->edit, &t->types, to, 0, NULL, NULL);
	}
	if (keep)
		publish(b);
	else
		cd_batch_abort(b);
}

static bool consistent(const struct cd_root *root)
{
	const struct cd_tenant *t = root->tenants[0];
	struct cd_tree_at ids, types;
	struct cd_key k = {0, 0}, l;
	uint64_t v, sum = 0, n = 0, ignored;
	cd_tree_seek(t->ids, k, &ids);
	cd_tree_seek(t->types, k, &types);
	while (cd_tree_next(&ids, &k, &v)) {
		sum += v;
		n++;
		if (!cd_tree_next(&types, &l, &ignored) || k.lo != l.lo)
			return false;
	}
	return sum == KEYS * VALUE && n == cd_tree_count(t->ids) && n == cd_tree_count(t->types);
}

static void *reader(void *arg)
{
	struct world *w = arg;
	struct cd_reader *r = cd_reader_new(&w->s);
	const struct cd_root *held[5] = {NULL};
	unsigned seed = (unsigned)(uintptr_t)&held;
	uint64_t newest = 0;
	while (!atomic_load(&w->over)) {
		unsigned i = (unsigned)rand_r(&seed) % 5;
		if (held[i]) {
			if (!consistent(held[i]))
				abort();
			cd_unpin(r, held[i]);
		}
		held[i] = cd_pin(r);
		if (!held[i]) {
			atomic_fetch_add(&w->refused, 1);
			continue;
		}
		if (held[i]->version < newest || !consistent(held[i]))
			abort();
		newest = held[i]->version;
		atomic_fetch_add(&w->looks, 1);
	}
	for (int i = 0; i < 5; i++)
		if (held[i])
			cd_unpin(r, held[i]);
	cd_reader_free(r);
	return NULL;
}

static void test_readers_and_a_writer(void **state)
{
	(void)state;
	static struct world w;
	pthread_t thread[READERS];
	unsigned seed = 7;
	world_init(&w);
	first_root(&w);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, &w), 0);
	for (int i = 0; i < BATCHES || atomic_load(&w.looks) < 1000; i++)
		edit(&w, &seed, i % 5 != 0);
	atomic_store(&w.over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	edit(&w, &seed, true);
	assert_int_equal(w.s.reclaim.versions_n, 1); /* nobody holds anything any more */
	assert_int_equal(w.s.reclaim.dead_bytes, 0);
	world_done(&w);
}

static void test_slots(void **state)
{
	(void)state;
	static struct world w;
	unsigned seed = 3;
	const struct cd_root *held[4];
	world_init(&w);
	first_root(&w);
	struct cd_reader *r = cd_reader_new(&w.s);
	for (int i = 0; i < 4; i++) {
		held[i] = cd_pin(r);
		assert_non_null(held[i]);
		assert_ptr_equal(cd_pin(r), held[i]); /* the same version takes no further slot */
		edit(&w, &seed, true);
	}
	assert_null(cd_pin(r)); /* pins_max versions, and one more */
	assert_int_equal(w.s.reclaim.versions_n, 5);
	assert_int_equal(atomic_load(&w.metrics.v[CD_M_pins]), 4);
	for (int i = 0; i < 4; i++) {
		assert_true(consistent(held[i]));
		cd_unpin(r, held[i]);
	}
	edit(&w, &seed, true);
	assert_int_equal(w.s.reclaim.versions_n, 5); /* each was pinned twice */
	cd_unpin(r, held[2]);
	assert_non_null(cd_pin(r));
	edit(&w, &seed, true);
	assert_int_equal(w.s.reclaim.versions_n, 5);
	assert_true(w.s.reclaim.dead_bytes > 0);
	cd_reader_free(r); /* and with it its pins */
	edit(&w, &seed, true);
	assert_int_equal(w.s.reclaim.versions_n, 1);
	assert_int_equal(w.s.reclaim.dead_bytes, 0);
	world_done(&w);
}

static void test_pin_age(void **state)
{
	(void)state;
	static struct world w;
	unsigned seed = 3;
	world_init(&w);
	first_root(&w);
	struct cd_reader *r = cd_reader_new(&w.s);
	const struct cd_root *old = cd_pin(r);
	edit(&w, &seed, true);
	edit(&w, &seed, true);
	assert_int_equal(atomic_load(&w.metrics.v[CD_M_pins_old]), 0);
	w.set.pin_age = 0;
	edit(&w, &seed, true);
	edit(&w, &seed, true);
	assert_int_equal(atomic_load(&w.metrics.v[CD_M_pins_old]), 1); /* counted once */
	assert_true(consistent(old));
	cd_unpin(r, old);
	cd_reader_free(r);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_pin_age),
		cmocka_unit_test(test_readers_and_a_writer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
