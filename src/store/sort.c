/*
 * Radix sort from the low digit up, 11 bits at a time. All digits are counted in one pass over the keys; a
 * digit that is the same in all of them is skipped, so terms (small numbers) take one or two passes and
 * hashes six.
 */
#include "store/sort.h"

#include "base/mem.h"

#include <string.h>

enum { BITS = 11, DIGITS = (64 + BITS - 1) / BITS, RADIX = 1 << BITS };

bool cd_pairs_add(struct cd_pairs *p, struct cd_key key)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 1024;
		struct cd_key *more = cd_mem_realloc(p->at, cap * sizeof *more);
		if (!more)
			return false;
		p->at = more;
		p->cap = cap;
	}
	p->at[p->n++] = key;
	return true;
}

static unsigned digit(struct cd_key key, unsigned d)
{
	return (unsigned)(key.hi >> d * BITS) & (RADIX - 1);
}

static bool one_value(const size_t *count, size_t n)
{
	for (unsigned i = 0; i < RADIX; i++)
		if (count[i])
			return count[i] == n;
	return true;
}

bool cd_pairs_sort(struct cd_pairs *p)
{
	if (p->n < 2)
		return true;
	size_t(*count)[RADIX] = cd_mem_zalloc(DIGITS * sizeof *count);
	struct cd_key *other = cd_mem_alloc(p->cap * sizeof *other);
	for (size_t i = 0; count && other && i < p->n; i++)
		for (unsigned d = 0; d < DIGITS; d++)
			count[d][digit(p->at[i], d)]++;
	for (unsigned d = 0; count && other && d < DIGITS; d++) {
		if (one_value(count[d], p->n))
			continue;
		size_t at = 0;
		for (unsigned i = 0; i < RADIX; i++) {
			size_t n = count[d][i];
			count[d][i] = at;
			at += n;
		}
		for (size_t i = 0; i < p->n; i++)
			other[count[d][digit(p->at[i], d)]++] = p->at[i];
		struct cd_key *sorted = other;
		other = p->at;
		p->at = sorted;
	}
	bool ok = count && other;
	cd_mem_free(count);
	cd_mem_free(other);
	return ok;
}

void cd_pairs_done(struct cd_pairs *p)
{
	cd_mem_free(p->at);
	*p = (struct cd_pairs){0};
}
