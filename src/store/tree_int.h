/* store/tree_int.h -- the node of a tree, shared by the parts of the tree and by the pools. */
#ifndef CD_STORE_TREE_INT_H
#define CD_STORE_TREE_INT_H

#include "store/reclaim.h"
#include "store/tree.h"

#include <string.h>

/* With a million keys 32, 48 and 64 measure alike, within the noise; 32 copies the least for a single change.
 */
#ifndef CD_TREE_FAN
#define CD_TREE_FAN 32
#endif
enum { CD_TREE_DEPTH = 12, CD_TREE_MIN = CD_TREE_FAN / 4 };

/*
 * A leaf holds keys and values. In an inner node key[i] is less than or equal to every key under child[i] and
 * greater than every key under child[i - 1]; key[0] is never looked at while the node stands where it is. A
 * leaf's allocation ends before count[].
 */
struct cd_tree_node {
	struct cd_mortal life;
	uint16_t n;
	uint16_t level; /* 0: leaf */
	uint32_t slot;  /* in its slab */
	struct cd_key key[CD_TREE_FAN];
	union {
		uint64_t value[CD_TREE_FAN];
		struct cd_tree_node *child[CD_TREE_FAN];
	};
	uint64_t count[]; /* inner: keys under each child */
};
enum {
	CD_LEAF_BYTES = sizeof(struct cd_tree_node),
	CD_INNER_BYTES = sizeof(struct cd_tree_node) + CD_TREE_FAN * sizeof(uint64_t)
};

static inline unsigned __int128 cd_key_wide(struct cd_key k)
{
	return (unsigned __int128)k.hi << 64 | k.lo;
}
static inline bool cd_key_less(struct cd_key a, struct cd_key b)
{
	return cd_key_wide(a) < cd_key_wide(b);
}
static inline bool cd_key_eq(struct cd_key a, struct cd_key b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* How many of the n sorted keys are less than `k`; without branches that depend on the keys. */
static inline unsigned cd_keys_below(const struct cd_key *key, unsigned n, struct cd_key k)
{
	unsigned base = 0;
	while (n > 0) {
		unsigned half = (n + 1) / 2;
		base += cd_key_less(key[base + half - 1], k) ? half : 0;
		n -= half;
	}
	return base;
}

/* Most of a look-up in a large tree is waiting for memory: ask for a whole node at once, not line by line. */
static inline void cd_node_prefetch(const struct cd_tree_node *node)
{
	for (unsigned i = 0; i < sizeof *node; i += 64)
		__builtin_prefetch((const char *)node + i);
}

/* The child under which `k` stands or would stand. */
static inline unsigned cd_node_child(const struct cd_tree_node *node, struct cd_key k)
{
	const struct cd_key *key = node->key + 1;
	unsigned n = node->n - 1u, base = 0;
	while (n > 0) {
		unsigned half = (n + 1) / 2;
		base += cd_key_less(k, key[base + half - 1]) ? 0 : half;
		n -= half;
	}
	return base;
}

static inline uint64_t cd_node_total(const struct cd_tree_node *node)
{
	uint64_t sum = node->level ? 0 : node->n;
	for (unsigned i = 0; node->level && i < node->n; i++)
		sum += node->count[i];
	return sum;
}

struct cd_tree_node *cd_node_new(struct cd_edit *, unsigned level); /* from what was reserved */

#endif
