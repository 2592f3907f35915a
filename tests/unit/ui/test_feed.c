/* The ring behind the writer: what is kept, what is forgotten, and that a reader never takes what is torn. */
#include "base/mem.h"
#include "ui/feed.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { KEPT = 1024, KINDS = 61, LONG = 2048 };

struct world {
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_feed *feed;
	struct cd_ent *ent[KINDS];
};

static struct cd_ent *make(struct world *w, cd_str id, unsigned attributes)
{
	struct cd_loose_ent loose;
	struct cd_ent *ent = NULL;
	const cd_term type = (cd_term)(attributes + 7);
	cd_loose_ent_init(&loose);
	loose.id = id;
	loose.types = &type;
	loose.types_n = 1;
	loose.created = loose.modified = cd_stamp_of(1000000 + attributes, 6);
	for (unsigned i = attributes; i > 0; i--) {
		struct cd_loose *l = cd_loose_new(&w->arena, i, CD_PROPERTY);
		l->value = CD_STR("1");
		l->value_class = CD_V_NUMBER;
		l->next = loose.child;
		loose.child = l;
	}
	assert_int_equal(cd_ent_pack(&w->cx, &loose, &ent), CD_OK);
	return ent;
}

/* Ids of all lengths, each full of one letter. */
static cd_str id_of(struct world *w, unsigned kind)
{
	size_t n = kind == 0 ? LONG : 5 + kind * 3;
	char *p = cd_arena_alloc(&w->arena, n);
	memset(p, 'A' + (int)kind, n);
	return cd_str_of(p, n);
}

static void begin(struct world *w)
{
	cd_settings_init(&w->set);
	w->set.events_kept = KEPT;
	cd_arena_init(&w->arena, 1 << 24);
	cd_cx_init(&w->cx, &w->arena, &w->set);
	for (unsigned i = 0; i < KINDS; i++)
		w->ent[i] = make(w, id_of(w, i), i % 20);
	w->feed = cd_feed_new(&w->set);
	assert_non_null(w->feed);
}

static void done(struct world *w)
{
	cd_feed_free(w->feed);
	cd_arena_done(&w->arena);
}

static void tell(struct world *w, uint64_t revision)
{
	const struct cd_ent *e = w->ent[revision % KINDS];
	const struct cd_participant *p = cd_feed_participant(w->feed);
	const struct cd_event event = {
		.revision = revision, .tenant = (uint32_t)(revision % 7), .now = e, .delta = e};
	p->event(p->arg, &event, false);
}

/* Whatever is read must be what was told of just that revision. */
static bool is_right(struct world *w, uint64_t revision)
{
	struct cd_feed_change c;
	uint32_t tenant;
	if (cd_feed_tenant(w->feed, revision, &tenant))
		assert_int_equal(tenant, revision % 7);
	if (!cd_feed_get(w->feed, revision, &c))
		return false;
	const struct cd_ent *e = w->ent[revision % KINDS];
	assert_true(cd_str_eq(c.id, cd_ent_id(e)));
	assert_int_equal(c.at, 1000000 + e->tops);
	assert_int_equal(c.types[0], e->tops + 7);
	assert_int_equal(c.attributes_n + c.attributes_more, e->tops);
	for (unsigned i = 0; i < c.attributes_n; i++)
		assert_int_equal(c.attributes[i], i + 1);
	return true;
}

static void test_asleep_nothing_is_kept(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	uint32_t tenant;
	tell(&w, 1);
	assert_false(cd_feed_tenant(w.feed, 1, &tenant));
	assert_true(cd_feed_reaches(w.feed, 1, 1));
	assert_false(cd_feed_reaches(w.feed, 0, 1));
	assert_true(cd_feed_wake(w.feed));
	assert_false(cd_feed_tenant(w.feed, 1, &tenant));
	tell(&w, 2);
	assert_true(is_right(&w, 2));
	assert_true(cd_feed_reaches(w.feed, 1, 2));
	assert_false(cd_feed_reaches(w.feed, 0, 2));
	assert_false(cd_feed_reaches(w.feed, 1, 3));
	assert_false(cd_feed_reaches(w.feed, 5, 2));
	done(&w);
}

static void test_a_gap_forgets_what_was_before(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	assert_true(cd_feed_wake(w.feed));
	for (uint64_t r = 10; r < 20; r++)
		tell(&w, r);
	cd_feed_rest(w.feed);
	tell(&w, 20);
	assert_true(cd_feed_reaches(w.feed, 9, 19));
	assert_true(cd_feed_wake(w.feed));
	tell(&w, 21);
	assert_false(cd_feed_reaches(w.feed, 9, 21));
	assert_false(is_right(&w, 19));
	assert_true(cd_feed_reaches(w.feed, 20, 21));
	assert_true(is_right(&w, 21));
	done(&w);
}

static void test_bounds_of_the_ring(void **state)
{
	(void)state;
	struct world w;
	uint32_t tenant;
	begin(&w);
	assert_true(cd_feed_wake(w.feed));
	for (uint64_t r = 1; r <= KEPT; r++)
		tell(&w, r);
	assert_true(cd_feed_reaches(w.feed, 0, KEPT));
	assert_true(cd_feed_tenant(w.feed, 1, &tenant));
	tell(&w, KEPT + 1);
	assert_false(cd_feed_reaches(w.feed, 0, KEPT + 1));
	assert_true(cd_feed_reaches(w.feed, 1, KEPT + 1));
	assert_false(cd_feed_tenant(w.feed, 1, &tenant));
	/* the ids are long: records go before the rows do */
	assert_false(is_right(&w, 2));
	assert_true(cd_feed_tenant(w.feed, 2, &tenant));
	assert_true(is_right(&w, KEPT + 1));
	for (uint64_t r = KEPT + 2; r < 20 * KEPT; r++) {
		tell(&w, r);
		assert_true(is_right(&w, r));
		assert_true(is_right(&w, r - 20));
	}
	done(&w);
}

static void test_an_id_that_is_too_long_is_counted_only(void **state)
{
	(void)state;
	struct world w;
	struct cd_feed_change c;
	uint32_t tenant;
	begin(&w);
	char *p = cd_arena_alloc(&w.arena, CD_FEED_ID + 1);
	memset(p, 'x', CD_FEED_ID + 1);
	w.ent[1] = make(&w, cd_str_of(p, CD_FEED_ID + 1), 1);
	assert_true(cd_feed_wake(w.feed));
	tell(&w, 1);
	tell(&w, 2);
	assert_true(cd_feed_tenant(w.feed, 1, &tenant));
	assert_false(cd_feed_get(w.feed, 1, &c));
	assert_true(is_right(&w, 2));
	tell(&w, KINDS); /* just as long as may be */
	assert_true(is_right(&w, KINDS));
	done(&w);
}

static void test_replay_is_no_news(void **state)
{
	(void)state;
	struct world w;
	uint32_t tenant;
	begin(&w);
	assert_true(cd_feed_wake(w.feed));
	const struct cd_participant *p = cd_feed_participant(w.feed);
	const struct cd_event event = {.revision = 1, .now = w.ent[0], .delta = w.ent[0]};
	p->event(p->arg, &event, true);
	assert_false(cd_feed_tenant(w.feed, 1, &tenant));
	done(&w);
}

static void test_places(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	w.set.events_max = 2;
	assert_true(cd_feed_enter(w.feed));
	assert_true(cd_feed_enter(w.feed));
	assert_false(cd_feed_enter(w.feed));
	cd_feed_leave(w.feed);
	assert_true(cd_feed_enter(w.feed));
	done(&w);
}

static void test_no_memory(void **state)
{
	(void)state;
	struct world w;
	begin(&w);
	unsigned long k = 1;
	for (;; k++) {
		cd_mem_fail_after(k);
		bool awake = cd_feed_wake(w.feed);
		bool fired = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_int_equal(awake, !fired);
		if (!fired)
			break;
		tell(&w, k);
	}
	assert_int_equal(k, 4);
	tell(&w, k);
	assert_true(is_right(&w, k));
	done(&w);
}

/* ---- many readers beside the writer ---- */

enum { CHANGES = 300000, READERS = 3 };

struct beside {
	struct world w;
	_Atomic uint64_t published; /* stands for the version of the store */
	_Atomic uint64_t right;
};

static void *read_on(void *arg)
{
	struct beside *b = arg;
	uint64_t right = 0, version = 0;
	while (version < CHANGES) {
		version = atomic_load(&b->published);
		for (uint64_t r = version > KEPT ? version - KEPT + 1 : 1; r <= version; r += 13)
			right += is_right(&b->w, r);
	}
	atomic_fetch_add(&b->right, right);
	return NULL;
}

static void test_readers_beside_the_writer(void **state)
{
	(void)state;
	struct beside b = {.published = 0};
	pthread_t thread[READERS];
	begin(&b.w);
	assert_true(cd_feed_wake(b.w.feed));
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, read_on, &b), 0);
	for (uint64_t r = 1; r <= CHANGES; r++) {
		tell(&b.w, r);
		atomic_store(&b.published, r);
	}
	for (int i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	assert_true(b.right > 0);
	done(&b.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asleep_nothing_is_kept),
		cmocka_unit_test(test_a_gap_forgets_what_was_before),
		cmocka_unit_test(test_bounds_of_the_ring),
		cmocka_unit_test(test_an_id_that_is_too_long_is_counted_only),
		cmocka_unit_test(test_replay_is_no_news),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_readers_beside_the_writer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
