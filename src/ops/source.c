#include "ops/source.h"

enum {
	LIST_MAX = 4096,   /* above, bits need less room and no sorting */
	BLOCK_BITS = 4096, /* bits that are allocated together */
	BLOCK_WORDS = BLOCK_BITS / 64,
	SMALL = 48,       /* numbers that are sorted by moving them */
	JUMPS_MAX = 64,   /* of one call */
	BLOCKS_MAX = 8192 /* empty blocks that one call passes over */
};

enum kind { KEY, LIST, BITS, ANY, ALL };

struct cd_source {
	enum kind kind;
	struct cd_arena *arena;
	/* KEY: the tree, and the place behind `now` in it */
	struct cd_tree tree;
	struct cd_tree_at at;
	uint64_t key, now;
	bool begun, ended;
	/* LIST */
	uint64_t *numbers, *room;
	size_t n, i;
	/* BITS */
	uint64_t first;
	uint64_t **blocks;
	size_t blocks_n;
	/* ANY, ALL */
	struct cd_source *const *parts;
	unsigned parts_n;
};

static struct cd_source *source_new(struct cd_arena *a, enum kind kind)
{
	struct cd_source *s = CD_NEW(a, struct cd_source);
	if (s)
		*s = (struct cd_source){.kind = kind, .arena = a};
	return s;
}

/* ---- entries of one key ---- */

struct cd_source *cd_source_key(struct cd_arena *a, struct cd_tree tree, uint64_t key)
{
	struct cd_source *s = source_new(a, KEY);
	if (s) {
		s->tree = tree;
		s->key = key;
	}
	return s;
}

static enum cd_found seek_key(struct cd_source *s, uint64_t least, uint64_t *ret)
{
	struct cd_key key;
	uint64_t value;
	if (s->ended)
		return CD_FOUND_END;
	if (!s->begun || s->now < least) {
		const struct cd_key from = {s->key, least};
		if (s->begun)
			cd_tree_ahead(s->tree, from, &s->at);
		else
			cd_tree_seek(s->tree, from, &s->at);
		s->begun = true;
		s->ended = !cd_tree_next(&s->at, &key, &value) || key.hi != s->key;
		if (s->ended)
			return CD_FOUND_END;
		s->now = key.lo;
	}
	*ret = s->now;
	return CD_FOUND;
}

/* ---- collected numbers ---- */

struct cd_source *cd_source_set(struct cd_arena *a, uint64_t most, uint64_t first, uint64_t last)
{
	struct cd_source *s = source_new(a, most <= LIST_MAX ? LIST : BITS);
	if (!s)
		return NULL;
	s->first = first;
	if (s->kind == LIST) {
		s->numbers = cd_arena_alloc(a, (2 * most + 1) * sizeof *s->numbers);
		s->room = s->numbers ? s->numbers + most : NULL;
		return s->numbers ? s : NULL;
	}
	s->blocks_n = (size_t)((last - first) / BLOCK_BITS + 1);
	s->blocks = CD_NEWS(a, uint64_t *, s->blocks_n);
	return s->blocks ? s : NULL;
}

bool cd_source_add(struct cd_source *s, uint64_t number)
{
	if (s->kind == LIST) {
		s->numbers[s->n++] = number;
		return true;
	}
	uint64_t bit = number - s->first, **block = &s->blocks[bit / BLOCK_BITS];
	if (!*block) {
		*block = CD_NEWS(s->arena, uint64_t, BLOCK_WORDS);
		if (!*block)
			return false;
	}
	(*block)[bit / 64 % BLOCK_WORDS] |= 1ull << bit % 64;
	return true;
}

static void sort_small(uint64_t *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t x = v[i];
		size_t k = i;
		for (; k > 0 && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

/* By bytes, from the low one up; numbers of entities differ in three of them or so. */
static void sort_bytes(struct cd_source *s)
{
	uint64_t differ = 0;
	for (size_t i = 1; i < s->n; i++)
		differ |= s->numbers[i] ^ s->numbers[0];
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t count[256] = {0}, at = 0;
		if (!(differ >> shift & 255))
			continue;
		for (size_t i = 0; i < s->n; i++)
			count[s->numbers[i] >> shift & 255]++;
		for (unsigned b = 0; b < 256; b++) {
			size_t n = count[b];
			count[b] = at;
			at += n;
		}
		for (size_t i = 0; i < s->n; i++)
			s->room[count[s->numbers[i] >> shift & 255]++] = s->numbers[i];
		uint64_t *sorted = s->room;
		s->room = s->numbers;
		s->numbers = sorted;
	}
}

void cd_source_ready(struct cd_source *s)
{
	if (s->kind != LIST)
		return;
	if (s->n <= SMALL)
		sort_small(s->numbers, s->n);
	else
		sort_bytes(s);
}

/* Steps double until they are too far: what is near is found soon. */
static enum cd_found seek_list(struct cd_source *s, uint64_t least, uint64_t *ret)
{
	size_t low = s->i, step = 1;
	while (low + step < s->n && s->numbers[low + step] < least) {
		low += step;
		step *= 2;
	}
	size_t high = low + step < s->n ? low + step : s->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->numbers[mid] < least)
			low = mid + 1;
		else
			high = mid;
	}
	s->i = low;
	if (low == s->n)
		return CD_FOUND_END;
	*ret = s->numbers[low];
	return CD_FOUND;
}

static enum cd_found seek_bits(struct cd_source *s, uint64_t least, uint64_t *ret)
{
	uint64_t bit = least > s->first ? least - s->first : 0;
	size_t block = (size_t)(bit / BLOCK_BITS);
	unsigned word = (unsigned)(bit / 64 % BLOCK_WORDS);
	uint64_t mask = ~0ull << bit % 64;
	for (unsigned passed = 0; block < s->blocks_n; block++, word = 0, mask = ~0ull) {
		const uint64_t *b = s->blocks[block];
		if (!b && ++passed == BLOCKS_MAX) {
			*ret = s->first + (uint64_t)block * BLOCK_BITS;
			return CD_FOUND_ONWARD;
		}
		for (; b && word < BLOCK_WORDS; word++, mask = ~0ull) {
			uint64_t left = b[word] & mask;
			if (!left)
				continue;
			*ret = s->first + (uint64_t)block * BLOCK_BITS + word * 64u +
			       (unsigned)__builtin_ctzll(left);
			return CD_FOUND;
		}
	}
	return CD_FOUND_END;
}

/* ---- together ---- */

static struct cd_source *together(
	struct cd_arena *a, enum kind kind, struct cd_source *const *parts, unsigned n)
{
	struct cd_source *s = source_new(a, kind);
	struct cd_source **copy = CD_NEWS(a, struct cd_source *, n + 1);
	if (!s || !copy)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		copy[i] = parts[i];
	s->parts = copy;
	s->parts_n = n;
	return s;
}

struct cd_source *cd_source_any(struct cd_arena *a, struct cd_source *const *parts, unsigned n)
{
	return n == 1 ? parts[0] : together(a, ANY, parts, n);
}

struct cd_source *cd_source_all(struct cd_arena *a, struct cd_source *const *parts, unsigned n)
{
	return n == 1 ? parts[0] : together(a, ALL, parts, n);
}

/* The least of all; a part that only knows where to go on counts with that. */
static enum cd_found seek_any(struct cd_source *s, uint64_t least, uint64_t *ret)
{
	enum cd_found best = CD_FOUND_END;
	for (unsigned i = 0; i < s->parts_n; i++) {
		uint64_t number;
		enum cd_found f = cd_source_seek(s->parts[i], least, &number);
		if (f == CD_FOUND_END || (best != CD_FOUND_END && number > *ret))
			continue;
		if (best == CD_FOUND && number == *ret)
			continue; /* found is more than onward */
		best = f;
		*ret = number;
	}
	return best;
}

/* Until all stand at one number. */
static enum cd_found seek_all(struct cd_source *s, uint64_t least, uint64_t *ret)
{
	unsigned agree = 0, i = 0;
	for (unsigned jumps = 0; agree < s->parts_n; jumps++) {
		uint64_t number;
		enum cd_found f = cd_source_seek(s->parts[i], least, &number);
		if (f == CD_FOUND_END)
			return f;
		if (f == CD_FOUND_ONWARD || (jumps >= JUMPS_MAX && number > least)) {
			*ret = number;
			return CD_FOUND_ONWARD;
		}
		agree = number == least ? agree + 1 : 1;
		least = number;
		i = i + 1 == s->parts_n ? 0 : i + 1;
	}
	*ret = least;
	return CD_FOUND;
}

enum cd_found cd_source_seek(struct cd_source *s, uint64_t least, uint64_t *ret)
{
	switch (s->kind) {
	case KEY:
		return seek_key(s, least, ret);
	case LIST:
		return seek_list(s, least, ret);
	case BITS:
		return seek_bits(s, least, ret);
	case ANY:
		return seek_any(s, least, ret);
	case ALL:
		return seek_all(s, least, ret);
	}
	return CD_FOUND_END;
}
