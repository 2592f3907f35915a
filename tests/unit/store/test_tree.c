/*
 * The tree against a sorted array: random edits in batches, many versions alive at once, every one of them
 * verified whole; the leaves that changed; no memory; density of ascending keys.
 */
#include "base/mem.h"
#include "store/sort.h"
#include "store/tree_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct pair {
	struct cd_key key;
	uint64_t value;
};
struct model {
	struct pair *p;
	size_t n;
};

static uint64_t seed = 1;
static uint64_t rnd(uint64_t n)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return seed % n;
}

static size_t model_find(const struct model *m, struct cd_key k)
{
	size_t lo = 0, hi = m->n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (cd_key_less(m->p[mid].key, k))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool model_has(const struct model *m, size_t i, struct cd_key k)
{
	return i < m->n && cd_key_eq(m->p[i].key, k);
}

static void model_put(struct model *m, struct cd_key k, uint64_t v)
{
	size_t i = model_find(m, k);
	if (!model_has(m, i, k)) {
		m->p = realloc(m->p, (m->n + 1) * sizeof *m->p);
		memmove(m->p + i + 1, m->p + i, (m->n - i) * sizeof *m->p);
		m->n++;
	}
	m->p[i] = (struct pair){k, v};
}

static void model_del(struct model *m, struct cd_key k)
{
	size_t i = model_find(m, k);
	if (!model_has(m, i, k))
		return;
	memmove(m->p + i, m->p + i + 1, (m->n - i - 1) * sizeof *m->p);
	m->n--;
}

static struct model model_copy(const struct model *m)
{
	struct model c = {malloc(m->n * sizeof *m->p + 1), m->n};
	if (m->n)
		memcpy(c.p, m->p, m->n * sizeof *m->p);
	return c;
}

/* Counts, order, separators, depth. */
static void check_node(
	const struct cd_tree_node *node, bool top, struct cd_key lo, struct cd_key hi, bool open)
{
	assert_true(node->n > 0 || (top && node->level == 0));
	assert_true(node->n <= CD_TREE_FAN);
	for (unsigned i = 0; i < node->n; i++) {
		if (node->level == 0) {
			assert_false(cd_key_less(node->key[i], lo));
			assert_true(open || cd_key_less(node->key[i], hi));
			assert_true(i == 0 || cd_key_less(node->key[i - 1], node->key[i]));
			continue;
		}
		struct cd_key clo = i ? node->key[i] : lo, chi = i + 1u < node->n ? node->key[i + 1] : hi;
		assert_int_equal(node->child[i]->level, node->level - 1);
		assert_int_equal(node->count[i], cd_node_total(node->child[i]));
		assert_true(node->child[i]->life.born <= node->life.born);
		check_node(node->child[i], false, clo, chi, open && i + 1u == node->n);
	}
}

static void check_same(struct cd_tree t, const struct model *m)
{
	struct cd_tree_at at;
	struct cd_key k = {0, 0};
	uint64_t v = 0;
	if (t.top)
		check_node(t.top, true, k, k, true);
	assert_int_equal(cd_tree_count(t), m->n);
	cd_tree_seek(t, k, &at);
	for (size_t i = 0; i < m->n; i++) {
		assert_true(cd_tree_next(&at, &k, &v));
		assert_true(cd_key_eq(k, m->p[i].key));
		assert_int_equal(v, m->p[i].value);
	}
	assert_false(cd_tree_next(&at, &k, &v));
	assert_false(cd_tree_next(&at, &k, &v));
}

static void check_lookups(struct cd_tree t, const struct model *m, struct cd_key probe)
{
	struct cd_tree_at at;
	struct cd_key k;
	uint64_t v;
	size_t i = model_find(m, probe);
	assert_int_equal(cd_tree_rank(t, probe), i);
	assert_int_equal(cd_tree_get(t, probe, &v), model_has(m, i, probe));
	for (int way = 0; way < 2; way++) {
		if (way)
			cd_tree_select(t, i, &at);
		else
			cd_tree_seek(t, probe, &at);
		assert_int_equal(cd_tree_here(&at, &k, &v), i < m->n);
		assert_int_equal(cd_tree_next(&at, &k, &v), i < m->n);
		if (i < m->n)
			assert_true(cd_key_eq(k, m->p[i].key) && v == m->p[i].value);
	}
	/* from any place before it, near and far */
	for (int way = 0; way < 4; way++) {
		size_t before = way == 0 || i == 0 ? 0 : way == 1 ? i - 1 : (size_t)rnd(i + 1);
		cd_tree_select(t, before, &at);
		cd_tree_ahead(t, probe, &at);
		assert_int_equal(cd_tree_next(&at, &k, &v), i < m->n);
		if (i < m->n)
			assert_true(cd_key_eq(k, m->p[i].key) && v == m->p[i].value);
	}
}

/* Replaying the changed leaves over the old content gives the new content: what a checkpoint relies on. */
static void check_changed(struct cd_tree t, uint64_t since, const struct model *old, const struct model *now)
{
	struct cd_tree_leaf leaf;
	struct cd_key from = {0, 0};
	struct model got = {NULL, 0};
	size_t o = 0;
	while (cd_tree_changed(t, since, from, &leaf)) {
		bool last = leaf.to.hi == ~0ull && leaf.to.lo == ~0ull;
		assert_false(cd_key_less(leaf.from, from));
		for (; o < old->n && cd_key_less(old->p[o].key, leaf.from); o++)
			model_put(&got, old->p[o].key, old->p[o].value);
		while (o < old->n && (last || cd_key_less(old->p[o].key, leaf.to)))
			o++;
		for (uint32_t i = 0; i < leaf.n; i++) {
			assert_false(cd_key_less(leaf.key[i], leaf.from));
			assert_true(last || cd_key_less(leaf.key[i], leaf.to));
			model_put(&got, leaf.key[i], leaf.value[i]);
		}
		from = leaf.to;
		if (last)
			break;
	}
	for (; o < old->n; o++)
		model_put(&got, old->p[o].key, old->p[o].value);
	assert_int_equal(got.n, now->n);
	for (size_t i = 0; i < got.n; i++)
		assert_true(cd_key_eq(got.p[i].key, now->p[i].key) && got.p[i].value == now->p[i].value);
	free(got.p);
}

/* ---- random edits ---- */

enum { HELD = 12 };
struct held {
	struct cd_version *v;
	struct cd_tree t;
	struct model m;
};

struct shape {
	const char *name;
	uint64_t hi, lo;  /* ranges of random keys */
	bool ascending;   /* puts take the next lo under a random hi */
	unsigned del_pct; /* of the edits, changing over the run */
};

static struct cd_key random_key(const struct shape *s, uint64_t *next)
{
	struct cd_key k = {rnd(s->hi), rnd(s->lo)};
	if (s->ascending)
		k.lo = (*next)++;
	return k;
}

static void edit_once(struct cd_edit *e, struct cd_tree *t, struct model *m, const struct shape *s, bool del,
	uint64_t *next)
{
	struct cd_key k = random_key(s, next);
	uint64_t old = 0, value = rnd(1000);
	bool was = false;
	if (del && m->n && rnd(4))
		k = m->p[rnd(m->n)].key;
	size_t i = model_find(m, k);
	bool has = model_has(m, i, k);
	if (del) {
		assert_int_equal(cd_tree_del(e, t, k, &old, &was), CD_OK);
	} else {
		assert_int_equal(cd_tree_put(e, t, k, value, &old, &was), CD_OK);
	}
	assert_int_equal(was, has);
	if (has)
		assert_int_equal(old, m->p[i].value);
	if (del)
		model_del(m, k);
	else
		model_put(m, k, value);
}

static void let_go(struct cd_reclaim *r, struct held *h)
{
	h->v->pinned = false;
	free(h->m.p);
	h->v = NULL;
	cd_reclaim_sweep(r);
}

static struct cd_version *publish(struct cd_reclaim *r, uint64_t version)
{
	struct cd_version *v = cd_mem_zalloc(sizeof *v);
	v->root = cd_mem_zalloc(sizeof *v->root);
	v->root->edition = version;
	cd_reclaim_publish(r, v);
	return v;
}

static void random_run(const struct shape *s, unsigned batches)
{
	struct cd_reclaim r;
	struct held held[HELD] = {0};
	struct cd_tree t = {NULL};
	struct model m = {NULL, 0};
	uint64_t next = 0, version = 0;
	cd_reclaim_init(&r);
	publish(&r, 0);
	for (unsigned b = 0; b < batches; b++) {
		struct cd_edit e = {.edition = version + 1, .reclaim = &r};
		unsigned n = 1 + (unsigned)rnd(b % 7 == 0 ? 400 : b % 7 == 1 ? 1 : 12);
		/* waves: the tree grows, shrinks to nothing, grows again */
		unsigned del = (b / 60) % 2 ? 100 - s->del_pct : s->del_pct;
		bool drop = rnd(9) == 0;
		struct cd_tree before = t;
		struct model copy = model_copy(&m);
		for (unsigned i = 0; i < n; i++)
			edit_once(&e, &t, &m, s, rnd(100) < del, &next);
		if (drop) {
			cd_tree_abort(&e, &t);
			cd_reclaim_abort(&r);
			t = before;
			free(m.p);
			m = copy;
			check_same(t, &m);
			continue;
		}
		free(copy.p);
		version += n;
		struct cd_version *v = publish(&r, version);
		struct cd_tree_leaf none;
		assert_false(cd_tree_changed(t, version, (struct cd_key){0, 0}, &none));
		struct held *h = &held[rnd(HELD)];
		if (h->v)
			let_go(&r, h);
		v->pinned = true;
		*h = (struct held){v, t, model_copy(&m)};
		cd_reclaim_sweep(&r);
		for (int i = 0; i < HELD; i++)
			if (held[i].v && (b % 10 == 0 || i == (int)rnd(HELD)))
				check_same(held[i].t, &held[i].m);
		const struct held *since = &held[rnd(HELD)];
		if (since->v)
			check_changed(t, since->v->root->edition, &since->m, &m);
		for (int i = 0; i < 20; i++)
			check_lookups(
				t, &m, (struct cd_key){rnd(s->hi), rnd(s->ascending ? next + 1 : s->lo)});
	}
	for (int i = 0; i < HELD; i++)
		if (held[i].v)
			let_go(&r, &held[i]);
	struct cd_edit e = {.edition = version + 1, .reclaim = &r};
	cd_tree_drop(&e, &t);
	publish(&r, version + 1);
	cd_reclaim_sweep(&r);
	assert_int_equal(r.leaf.used_n + r.inner.used_n, 0);
	assert_int_equal(r.dead_bytes, 0);
	assert_int_equal(r.versions_n, 1);
	cd_mem_free(cd_reclaim_forget(&r));
	cd_reclaim_done(&r);
	free(m.p);
}

static void test_random(void **state)
{
	(void)state;
	static const struct shape shapes[] = {
		{"hashed", 1ull << 60, 1ull << 60, false, 20},
		{"numbers", 1, 1ull << 40, true, 15},
		{"typed", 7, 1ull << 40, true, 15},
		{"dense", 3, 900, false, 35},
		{"growing", 1ull << 60, 16, false, 5},
	};
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		for (uint64_t k = 1; k <= 2; k++) {
			seed = k * 0x9e3779b97f4a7c15u + i;
			random_run(&shapes[i], 240);
		}
	}
}

/* Thousands of keys removed one by one from the left, the right, the middle: thin nodes are met on the way.
 */
static void test_removed_in_order(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		struct cd_reclaim r;
		struct cd_tree t = {NULL};
		struct model m = {NULL, 0};
		cd_reclaim_init(&r);
		publish(&r, 0);
		struct cd_edit e = {.edition = 1, .reclaim = &r};
		enum { N = 33 * 32 * 32 + 1 };
		for (uint64_t i = 0; i < N; i++)
			assert_int_equal(cd_tree_put(&e, &t, (struct cd_key){0, i}, i, NULL, NULL), CD_OK);
		for (uint64_t i = 0; i < N; i++) {
			uint64_t lo = way == 0 ? i : way == 1 ? N - 1 - i : (i + N / 2) % N;
			bool was = false;
			assert_int_equal(cd_tree_del(&e, &t, (struct cd_key){0, lo}, NULL, &was), CD_OK);
			assert_true(was);
			if (i % 1500 == 0)
				check_node(t.top, true, (struct cd_key){0, 0}, (struct cd_key){0, 0}, true);
		}
		check_same(t, &m);
		assert_non_null(t.top); /* the empty leaf that tells a checkpoint of what is gone */
		cd_tree_drop(&e, &t);
		cd_mem_free(cd_reclaim_forget(&r));
		cd_reclaim_done(&r);
	}
}

static void test_ascending_is_dense(void **state)
{
	(void)state;
	struct cd_reclaim r;
	struct cd_tree numbers = {NULL}, typed = {NULL};
	cd_reclaim_init(&r);
	struct cd_edit e = {.edition = 1, .reclaim = &r};
	for (uint64_t i = 0; i < 20000; i++)
		assert_int_equal(cd_tree_put(&e, &numbers, (struct cd_key){0, i}, i, NULL, NULL), CD_OK);
	assert_in_range(r.leaf.used_n, 20000 / CD_TREE_FAN, 20000 / CD_TREE_FAN + 1);
	uint64_t before = r.leaf.used_n;
	for (uint64_t i = 0; i < 20000; i++)
		assert_int_equal(
			cd_tree_put(&e, &typed, (struct cd_key){i * 7 % 10, i}, i, NULL, NULL), CD_OK);
	assert_in_range(r.leaf.used_n - before, 20000 / CD_TREE_FAN, 20000 / CD_TREE_FAN + 20);
	cd_tree_drop(&e, &numbers);
	cd_tree_drop(&e, &typed);
	cd_reclaim_done(&r);
}

static void test_build(void **state)
{
	(void)state;
	static const unsigned sizes[] = {
		0, 1, 31, 32, 33, 1024, 1025, 32 * 32 * 32, 32 * 32 * 32 + 1, 100000};
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		struct cd_reclaim r;
		struct cd_tree t = {NULL};
		struct model m = {calloc(sizes[s] + 1, sizeof *m.p), sizes[s]};
		cd_reclaim_init(&r);
		struct cd_edit e = {.edition = 1, .reclaim = &r};
		struct cd_tree_build *b = cd_tree_build_new(&e);
		for (unsigned i = 0; i < sizes[s]; i++) {
			m.p[i] = (struct pair){{i / 100, i}, i};
			assert_int_equal(cd_tree_build_put(b, m.p[i].key, i), CD_OK);
		}
		assert_int_equal(cd_tree_build_end(b, &t), CD_OK);
		check_same(t, &m);
		for (int i = 0; i < 100 && sizes[s]; i++)
			check_lookups(t, &m, (struct cd_key){rnd(sizes[s]) / 100, rnd(sizes[s])});
		cd_tree_drop(&e, &t);
		assert_int_equal(r.leaf.used_n + r.inner.used_n, 0);
		cd_reclaim_done(&r);
		free(m.p);
	}
}

/* The k-th allocation fails, for every k: the tree is as it was before the call. */
static void test_no_memory(void **state)
{
	(void)state;
	struct cd_reclaim r;
	struct cd_tree t = {NULL};
	struct model m = {NULL, 0};
	cd_reclaim_init(&r);
	publish(&r, 0);
	unsigned fails = 0;
	for (uint64_t i = 0; i < 6000; i++) {
		struct cd_edit e = {.edition = i / 50 + 1, .reclaim = &r};
		struct cd_key k = {rnd(1ull << 50), i};
		cd_mem_fail_after(1);
		cd_code code = cd_tree_put(&e, &t, k, i, NULL, NULL);
		cd_mem_fail_after(0);
		if (code) {
			fails++;
			check_same(t, &m);
			assert_int_equal(cd_tree_put(&e, &t, k, i, NULL, NULL), CD_OK);
		}
		model_put(&m, k, i);
		if (i % 50 == 49) {
			publish(&r, e.edition)->pinned = true;
		}
	}
	assert_true(fails > 5);
	check_same(t, &m);
	cd_reclaim_sweep(&r);
	struct cd_edit e = {.edition = 1000, .reclaim = &r};
	for (unsigned i = 0; i < 3000; i++) {
		struct cd_key k = m.p[rnd(m.n)].key;
		cd_mem_fail_after(1);
		cd_code code = cd_tree_del(&e, &t, k, NULL, NULL);
		cd_mem_fail_after(0);
		if (code) {
			check_same(t, &m);
			assert_int_equal(cd_tree_del(&e, &t, k, NULL, NULL), CD_OK);
		}
		model_del(&m, k);
	}
	check_same(t, &m);
	cd_tree_drop(&e, &t);
	publish(&r, 1000);
	cd_mem_free(cd_reclaim_forget(&r));
	assert_int_equal(r.leaf.used_n + r.inner.used_n, 0);
	cd_reclaim_done(&r);
	free(m.p);
}

static void test_build_no_memory(void **state)
{
	(void)state;
	struct cd_reclaim r;
	for (unsigned long k = 1;; k++) {
		cd_reclaim_init(&r);
		struct cd_edit e = {.edition = 1, .reclaim = &r};
		struct cd_tree t = {NULL};
		cd_mem_fail_after(k);
		struct cd_tree_build *b = cd_tree_build_new(&e);
		cd_code code = CD_E_NO_MEMORY;
		if (b) {
			for (uint64_t i = 0; i < 9000; i++)
				(void)cd_tree_build_put(b, (struct cd_key){0, i}, i);
			code = cd_tree_build_end(b, &t);
		}
		bool failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
		cd_tree_drop(&e, &t);
		assert_int_equal(r.leaf.used_n + r.inner.used_n, 0);
		cd_reclaim_done(&r);
		if (!failed)
			break;
	}
}

/* ---- sorting ---- */

static void test_sort(void **state)
{
	(void)state;
	static const unsigned sizes[] = {0, 1, 2, 3, 1000, 5000};
	static const uint64_t ranges[] = {1, 2, 5000, 1ull << 32, ~0ull};
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
			struct cd_pairs p = {0};
			uint64_t sum = 0;
			for (uint64_t i = 0; i < sizes[s]; i++) {
				struct cd_key k = {rnd(ranges[r]), i};
				sum += k.hi * 31 + k.lo;
				assert_true(cd_pairs_add(&p, k));
			}
			cd_mem_fail_after(1);
			assert_int_equal(cd_pairs_sort(&p), sizes[s] < 2);
			cd_mem_fail_after(0);
			assert_true(cd_pairs_sort(&p));
			for (size_t i = 0; i < p.n; i++) {
				sum -= p.at[i].hi * 31 + p.at[i].lo;
				assert_true(i == 0 || cd_key_less(p.at[i - 1], p.at[i]));
			}
			assert_int_equal(p.n, sizes[s]);
			assert_true(sum == 0);
			cd_pairs_done(&p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_removed_in_order),
		cmocka_unit_test(test_ascending_is_dense),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_build_no_memory),
		cmocka_unit_test(test_sort),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
