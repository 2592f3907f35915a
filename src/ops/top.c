/* A heap with the greatest on top: whoever is less takes its place. Sorting takes the top off, again and
 * again. */
#include "ops/top.h"

#include "base/mem.h"

struct item {
	char *key;
	uint32_t n, room;
	const struct cd_ent *e;
};
struct cd_top {
	struct item *items;
	size_t n, cap, k;
	size_t heap; /* of them still a heap; those behind are in order */
	size_t bytes, bytes_max;
};

struct cd_top *cd_top_new(size_t k, size_t bytes_max)
{
	struct cd_top *t = cd_mem_zalloc(sizeof *t);
	if (t) {
		t->k = k;
		t->bytes_max = bytes_max;
	}
	return t;
}

void cd_top_free(struct cd_top *t)
{
	for (size_t i = 0; t && i < t->n; i++)
		cd_mem_free(t->items[i].key);
	if (t)
		cd_mem_free(t->items);
	cd_mem_free(t);
}

static int compare(const char *a, size_t a_n, const char *b, size_t b_n)
{
	int c = memcmp(a, b, a_n < b_n ? a_n : b_n);
	return c ? c : (a_n > b_n) - (a_n < b_n);
}

static int order(const struct item *a, const struct item *b)
{
	return compare(a->key, a->n, b->key, b->n);
}

static void swap(struct item *a, struct item *b)
{
	struct item c = *a;
	*a = *b;
	*b = c;
}

static void down(struct cd_top *t, size_t i, size_t n)
{
	for (;;) {
		size_t most = i, left = 2 * i + 1;
		for (size_t c = left; c < left + 2 && c < n; c++)
			if (order(&t->items[c], &t->items[most]) > 0)
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
		if (order(&t->items[i], &t->items[parent]) <= 0)
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

/* The key's bytes into the item, whose room grows when it must. */
static cd_code take(struct cd_top *t, struct item *i, const struct cd_buf *key, const struct cd_ent *e)
{
	if (key->n > i->room) {
		if (key->n - i->room > t->bytes_max - t->bytes)
			return CD_E_TOO_MANY_RESULTS;
		char *more = cd_mem_realloc(i->key, key->n);
		if (!more)
			return CD_E_NO_MEMORY;
		t->bytes += key->n - i->room;
		i->key = more;
		i->room = (uint32_t)key->n;
	}
	memcpy(i->key, key->p, key->n);
	i->n = (uint32_t)key->n;
	i->e = e;
	return CD_OK;
}

cd_code cd_top_add(struct cd_top *t, const struct cd_buf *key, const struct cd_ent *e)
{
	cd_code code = key->bad;
	if (code || t->k == 0)
		return code;
	if (t->n < t->k) {
		if (!grow(t))
			return CD_E_NO_MEMORY;
		t->items[t->n] = (struct item){.key = NULL};
		code = take(t, &t->items[t->n], key, e);
		if (!code)
			up(t, t->n++);
	} else if (compare(key->p, key->n, t->items[0].key, t->items[0].n) < 0) {
		code = take(t, &t->items[0], key, e);
		if (!code)
			down(t, 0, t->n);
	}
	t->heap = t->n;
	return code;
}

bool cd_top_sort(struct cd_top *t, size_t steps)
{
	for (; steps > 0 && t->heap > 1; steps--) {
		swap(&t->items[0], &t->items[--t->heap]);
		down(t, 0, t->heap);
	}
	return t->heap <= 1;
}

size_t cd_top_count(const struct cd_top *t)
{
	return t->n;
}

const struct cd_ent *cd_top_at(const struct cd_top *t, size_t i)
{
	return t->items[i].e;
}
