/*
 * store/tree.h -- a copy-on-write ordered tree with counts: the one index structure of the twin.
 *
 * A B+ tree of fixed 16-byte keys {hi, lo}, ordered as one 128-bit number, and a 64-bit value. Nodes are
 * immutable once published: an edit copies the path, except nodes that were born in the same edit (node.born
 * == edit->revision), which are changed in place, so a batch copies each path once. Counts in inner nodes
 * make rank and select cost log n. What an edit replaces is handed to edit->reclaim (store/reclaim.h) and
 * freed when no reader can see it any more.
 */
#ifndef CD_STORE_TREE_H
#define CD_STORE_TREE_H

#include "base/err.h"

#include <stdint.h>

struct cd_key {
	uint64_t hi, lo;
};
struct cd_tree_node;

/* What nodes, blocks and tenants begin with: they die when no reader can see them any more (store/reclaim.h).
 */
struct cd_mortal {
	uint64_t born;          /* edition that first held it (struct cd_root) */
	struct cd_mortal *dead; /* the next one in a dead list; readers never look at it */
};

/* A version of a tree: by value, hangs in a root. {NULL} is the empty tree. */
struct cd_tree {
	struct cd_tree_node *top;
};

/* The private work of one batch on any number of trees. */
struct cd_edit {
	uint64_t edition; /* born of new nodes: greater than that of every published version */
	struct cd_reclaim *reclaim;
};

/* Readers: any thread that holds a pin on the root of this version. */
bool cd_tree_get(struct cd_tree, struct cd_key, uint64_t *ret);
uint64_t cd_tree_count(struct cd_tree);
/* How many keys are less than `key`. */
uint64_t cd_tree_rank(struct cd_tree, struct cd_key);

/* A place between keys; valid as long as the version is. Not larger than needed: it may live in a request. */
struct cd_tree_at {
	struct cd_tree_node *node[12];
	uint16_t i[12];
	uint8_t depth; /* 0: at the end */
};
void cd_tree_seek(struct cd_tree, struct cd_key, struct cd_tree_at *);   /* first key >= key */
void cd_tree_select(struct cd_tree, uint64_t rank, struct cd_tree_at *); /* the rank-th key, from 0 */
/* The same from a place of this tree before it; costs little when the key is near. */
void cd_tree_ahead(struct cd_tree, struct cd_key key, struct cd_tree_at *);
/* The pair at the place, then moves on; false at the end. */
bool cd_tree_next(struct cd_tree_at *, struct cd_key *ret_key, uint64_t *ret_value);
bool cd_tree_here(struct cd_tree_at *, struct cd_key *ret_key, uint64_t *ret_value); /* ... and stays */

/* Writer. CD_E_NO_MEMORY leaves the tree as it was before the call (the batch fails, its nodes are retired).
 */
cd_code cd_tree_put(
	struct cd_edit *, struct cd_tree *, struct cd_key, uint64_t value, uint64_t *ret_old, bool *ret_was);
cd_code cd_tree_del(struct cd_edit *, struct cd_tree *, struct cd_key, uint64_t *ret_old, bool *ret_was);
/* Fill an empty tree from pairs in ascending order: densely packed, for start-up and index builds. */
struct cd_tree_build;
struct cd_tree_build *cd_tree_build_new(struct cd_edit *); /* NULL when out of memory */
cd_code cd_tree_build_put(struct cd_tree_build *, struct cd_key, uint64_t value);
/* Frees the builder; CD_E_NO_MEMORY also when a put failed before: then nothing is left. */
cd_code cd_tree_build_end(struct cd_tree_build *, struct cd_tree *ret);
/* Retire every node (not what values point to). */
void cd_tree_drop(struct cd_edit *, struct cd_tree *);
/* The edit is thrown away: free the nodes that were born in it. */
void cd_tree_abort(struct cd_edit *, struct cd_tree *);

/*
 * The leaves that were born after the edition `since`, with the half-open range of keys each is responsible
 * for: what a checkpoint writes. In key order; the ranges cover every key that was added, changed or removed
 * after `since`. `ret` is the first one that ends behind `from`: begin with {0, 0}, go on with the last one's
 * `to` until that is {~0, ~0}.
 */
struct cd_tree_leaf {
	struct cd_key from, to; /* to == {~0, ~0} for the last: inclusive */
	const struct cd_key *key;
	const uint64_t *value;
	uint32_t n;
};
bool cd_tree_changed(struct cd_tree, uint64_t since, struct cd_key from, struct cd_tree_leaf *ret);

#endif
