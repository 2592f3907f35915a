#include "base/names.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdatomic.h>

/* Texts by number, in pages that never move: a reader holds a pointer while the writer appends. */
enum { PAGE_BITS = 10, PAGE_N = 1 << PAGE_BITS, PAGES_MAX = 1 << 17 };

struct text {
	uint32_t n;
	char bytes[];
};

struct slots {
	struct slots *older; /* freed with the table */
	uint64_t mask;
	_Atomic(cd_term) slot[];
};

struct cd_names {
	uint64_t max, seed;
	_Atomic(uint32_t) count;       /* pairs with cd_names_text(): texts below it are complete */
	_Atomic(struct slots *) slots; /* pairs with cd_names_find() */
	_Atomic(struct text *) *_Atomic pages[PAGES_MAX];
};

static struct slots *slots_new(uint64_t n, struct slots *older)
{
	struct slots *s = cd_mem_zalloc(sizeof *s + n * sizeof s->slot[0]);
	if (s) {
		s->mask = n - 1;
		s->older = older;
	}
	return s;
}

struct cd_names *cd_names_new(uint64_t max)
{
	struct cd_names *t = cd_mem_zalloc(sizeof *t);
	struct slots *s = t ? slots_new(256, NULL) : NULL;
	if (!s) {
		cd_mem_free(t);
		return NULL;
	}
	t->max = max < (uint64_t)PAGES_MAX * PAGE_N - 1 ? max : (uint64_t)PAGES_MAX * PAGE_N - 1;
	t->seed = 0x9e3779b97f4a7c15u;
	(void)cd_random(&t->seed, sizeof t->seed); /* without randomness a fixed seed serves */
	atomic_store_explicit(&t->slots, s, memory_order_release);
	return t;
}

void cd_names_free(struct cd_names *t)
{
	if (!t)
		return;
	for (struct slots *s = atomic_load(&t->slots), *older; s; s = older) {
		older = s->older;
		cd_mem_free(s);
	}
	for (uint32_t i = 1; i <= atomic_load(&t->count); i++)
		cd_mem_free(atomic_load(&atomic_load(&t->pages[i >> PAGE_BITS])[i & (PAGE_N - 1)]));
	for (uint32_t i = 0; i < PAGES_MAX && atomic_load(&t->pages[i]); i++)
		cd_mem_free(atomic_load(&t->pages[i]));
	cd_mem_free(t);
}

static struct text *text_at(const struct cd_names *t, cd_term term)
{
	_Atomic(struct text *) *page =
		atomic_load_explicit(&t->pages[term >> PAGE_BITS], memory_order_acquire);
	return atomic_load_explicit(&page[term & (PAGE_N - 1)], memory_order_acquire);
}

cd_str cd_names_text(const struct cd_names *t, cd_term term)
{
	if (term == 0 || term > atomic_load_explicit(&t->count, memory_order_acquire))
		return cd_str_of("", 0);
	const struct text *x = text_at(t, term);
	return cd_str_of(x->bytes, x->n);
}

uint32_t cd_names_count(const struct cd_names *t)
{
	return atomic_load_explicit(&t->count, memory_order_acquire);
}

/*
 * The number of the name; 0: none, and *ret_at is the empty slot where it would go. Readers must take the
 * number from here: a slot seen empty may hold another name when it is looked at again.
 */
static cd_term probe(const struct cd_names *t, const struct slots *s, cd_str name, uint64_t *ret_at)
{
	uint64_t i = cd_hash64(name, t->seed) & s->mask;
	for (;; i = (i + 1) & s->mask) {
		cd_term term = atomic_load_explicit(&s->slot[i], memory_order_acquire);
		if (term) {
			const struct text *x = text_at(t, term);
			if (!cd_str_eq(cd_str_of(x->bytes, x->n), name))
				continue;
		}
		*ret_at = i;
		return term;
	}
}

cd_term cd_names_find(const struct cd_names *t, cd_str name)
{
	const struct slots *s = atomic_load_explicit(&t->slots, memory_order_acquire);
	uint64_t at;
	return probe(t, s, name, &at);
}

static struct slots *grown(struct cd_names *t, struct slots *s)
{
	struct slots *big = slots_new((s->mask + 1) * 2, s);
	if (!big)
		return NULL;
	for (cd_term i = 1; i <= atomic_load(&t->count); i++) {
		uint64_t at;
		(void)probe(
			t, big, cd_names_text(t, i), &at); /* not there yet: the new table has none of them */
		atomic_store_explicit(&big->slot[at], i, memory_order_relaxed);
	}
	atomic_store_explicit(&t->slots, big, memory_order_release); /* pairs with cd_names_find() */
	return big;
}

static bool store_text(struct cd_names *t, cd_term term, cd_str name)
{
	_Atomic(struct text *) *page = atomic_load(&t->pages[term >> PAGE_BITS]);
	if (!page) {
		page = cd_mem_zalloc(PAGE_N * sizeof *page);
		if (!page)
			return false;
		atomic_store_explicit(&t->pages[term >> PAGE_BITS], page, memory_order_release);
	}
	struct text *x = cd_mem_alloc(sizeof *x + name.n + 1);
	if (!x)
		return false;
	x->n = (uint32_t)name.n;
	memcpy(x->bytes, name.p, name.n);
	x->bytes[name.n] = 0;
	atomic_store_explicit(&page[term & (PAGE_N - 1)], x, memory_order_release);
	return true;
}

cd_term cd_names_add(struct cd_names *t, cd_str name)
{
	struct slots *s = atomic_load(&t->slots);
	uint64_t at;
	cd_term term = probe(t, s, name, &at);
	if (term)
		return term;
	uint32_t n = atomic_load(&t->count);
	if (n >= t->max || name.n == 0 || name.n > UINT32_MAX - 64)
		return 0;
	if ((uint64_t)(n + 1) * 2 > s->mask) {
		s = grown(t, s);
		if (!s)
			return 0;
		(void)probe(t, s, name, &at);
	}
	term = n + 1;
	if (!store_text(t, term, name))
		return 0;
	atomic_store_explicit(&t->count, term, memory_order_release);
	atomic_store_explicit(&s->slot[at], term, memory_order_release);
	return term;
}
