/*
 * store/reclaim.h -- memory of versions: node pools, what a batch replaced, the versions that are alive.
 *
 *
 * Inside the store only; writer thread only (before there is one: the thread that opens the store).
 */
#ifndef CD_STORE_RECLAIM_H
#define CD_STORE_RECLAIM_H

#include "base/err.h"
#include "store/root.h"

enum cd_mortal_kind { CD_DEAD_NODE, CD_DEAD_BLOCK, CD_DEAD_TENANT, CD_DEAD_N };

/* Nodes of one size, in slabs that go back to the heap when they are empty. */
struct cd_slab;
struct cd_pool {
	uint32_t node_bytes, per_slab;
	struct cd_slab *open; /* slabs with room */
	uint64_t free_n, used_n;
};
void cd_pool_init(struct cd_pool *, size_t node_bytes);
void cd_pool_done(struct cd_pool *); /* all nodes, used ones too */
bool cd_pool_grow(struct cd_pool *, uint64_t free_n);
/* After this, `n` allocations can not fail. */
static inline bool cd_pool_reserve(struct cd_pool *p, uint64_t n)
{
	return p->free_n >= n || cd_pool_grow(p, n);
}
struct cd_tree_node *cd_pool_alloc(struct cd_pool *); /* from what was reserved */
void cd_pool_free(struct cd_pool *, struct cd_tree_node *);

/* A published root that a reader may hold, and what it is the newest to see. */
struct cd_version {
	struct cd_version *older, *newer;
	struct cd_root *root;
	struct cd_mortal *dead[CD_DEAD_N];
	cd_time_us replaced_at; /* monotonic; when a newer one was published */
	bool pinned, old;       /* old: held beyond pin_age, and counted */
};

struct cd_reclaim {
	struct cd_pool leaf, inner;
	struct cd_mortal *retired[CD_DEAD_N]; /* by the batch under way: visible up to the newest version */
	struct cd_mortal *young;              /* blocks that were born and replaced in the batch under way */
	uint64_t retired_bytes;
	struct cd_version *newest; /* NULL until the first root is published: then what is retired is freed */
	uint64_t block_bytes;      /* alive and dead */
	uint64_t dead_bytes;
	uint32_t versions_n;
};
void cd_reclaim_init(struct cd_reclaim *);
void cd_reclaim_done(struct cd_reclaim *); /* every version must be gone; frees the nodes */

/* Of all that was ever born and is not freed. */
uint64_t cd_reclaim_bytes(const struct cd_reclaim *);

struct cd_block *cd_block_new(
	struct cd_reclaim *, uint64_t born, const struct cd_ent *); /* copies; NULL: no memory */
void cd_block_free(struct cd_reclaim *, struct cd_block *);

void cd_retire_tenant(struct cd_edit *, struct cd_tenant *);

/* The batch is published as `v`: what it retired hangs on the version before it. */
void cd_reclaim_publish(struct cd_reclaim *, struct cd_version *v);
/* The batch is thrown away: what it retired lives on. Its new nodes and blocks are the caller's to free. */
void cd_reclaim_abort(struct cd_reclaim *);
/* Let go of every version but the newest that is not marked as pinned. */
void cd_reclaim_sweep(struct cd_reclaim *);
/* At the end of all: every version goes, also pinned ones; the newest root is the caller's to take apart. */
struct cd_root *cd_reclaim_forget(struct cd_reclaim *);

#endif
