/* A heap with the greatest on top: whoever is less takes its place. */
#include "ops/top.h"

#include "base/mem.h"

#include <stdlib.h>

struct item {
	struct cd_buf key;
	const struct cd_ent *e;
};
struct cd_top {
	struct item *items;
	size_t n, cap, k;
};

struct cd_top *cd_top_new(size_t k)
{
	struct cd_top *t = cd_mem_zalloc(sizeof *t);
	if (t)
		t->k = k;
	return t;
}

void cd_top_free(struct cd_top *t)
{
	for (size_t i = 0; t && i < t->n; i++)
		cd_buf_done(&t->items[i].key);
	if (t)
		cd_mem_free(t->items);
	cd_mem_free(t);
}

static int order(const struct cd_buf *a, const struct cd_buf *b)
{
	int c = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);
	return c ? c : (a->n > b->n) - (a->n < b->n);
}

static void swap(struct item *a, struct item *b)
{
	struct item c = *a;
	*a = *b;
	*b = c;
}

static void down(struct cd_top *t, size_t i)
{
	for (;;) {
		size_t most = i, left = 2 * i + 1;
		for (size_t c = left; c < left + 2 && c < t->n; c++)
			if (order(&t->items[c].key, &t->items[most].key) > 0)
				most = c;
		if (most == i)
			return;
		swap(&t->items[i], &t->items[most]);
		i = most;
	}
}

static void up(struct cd_top *t, size_t i)
{
	for (size_t parent; i > 0; i = parent) {
		parent = (i - 1) / 2;
		if (order(&t->items[i].key, &t->items[parent].key) <= 0)
			return;
		swap(&t->items[i], &t->items[parent]);
	}
}

static bool grow(struct cd_top *t)
{
	if (t->n < t->cap)
		return true;
	size_t cap = t->cap ? t->cap * 2 : 32;
	struct item *items = cd_mem_realloc(t->items, cap * sizeof *items);
	if (!items)
		return false;
	t->items = items;
	t->cap = cap;
	return true;
}

bool cd_top_add(struct cd_top *t, struct cd_buf *key, const struct cd_ent *e)
{
	if (key->bad)
		return false;
	if (t->k == 0)
		return true;
	if (t->n < t->k) {
		if (!grow(t))
			return false;
		t->items[t->n] = (struct item){*key, e};
		cd_buf_init(key, key->max);
		up(t, t->n++);
	} else if (order(key, &t->items[0].key) < 0) {
		struct cd_buf old = t->items[0].key;
		t->items[0] = (struct item){*key, e};
		*key = old;
		down(t, 0);
	}
	return true;
}

static int ascending(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	return order(&a->key, &b->key);
}

void cd_top_sort(struct cd_top *t)
{
	if (t->n)
		qsort(t->items, t->n, sizeof *t->items, ascending);
}

size_t cd_top_count(const struct cd_top *t)
{
	return t->n;
}

const struct cd_ent *cd_top_at(const struct cd_top *t, size_t i)
{
	return t->items[i].e;
}
