/*
 * Memory of versions.
 *
 * A batch retires what it replaces. All of that was visible up to the version before the batch, so when the
 * batch is published the whole list hangs on that version at once. When a version goes (no reader pins it),
 * each of its dead things is freed if it was born after the next older living version, else it moves on to
 * that one: a thing moves at most once for each version that somebody holds. The link of the lists stands in
 * the things themselves, so that retiring can not fail.
 *
 * Invariants: (1) a thing is in at most one list; (2) a thing in the list of version v was born at or before
 * v and is not in any version after v; (3) nothing that the newest version holds is in a list.
 */
#include "store/reclaim.h"

#include "base/mem.h"
#include "store/tree_int.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_ASAN 1
#endif
#endif
#ifdef POOL_ASAN
#include <sanitizer/asan_interface.h>
/* A freed node is out of bounds for readers that still hold it, as heap memory would be; its link stays ours.
 */
#define NODE_HIDE(node, bytes) ASAN_POISON_MEMORY_REGION((char *)(node) + 24, (bytes)-24)
#define NODE_SHOW(node, bytes) ASAN_UNPOISON_MEMORY_REGION((node), (bytes))
#else
#define NODE_HIDE(node, bytes) ((void)0)
#define NODE_SHOW(node, bytes) ((void)0)
#endif

/* ---- pools ---- */

enum { SLAB_BYTES = 48 * 1024 };

struct cd_slab {
	struct cd_slab *prev, *next; /* among those with room */
	struct cd_mortal *free;
	uint32_t free_n; /* in the list above and never used yet */
	uint32_t carved; /* nodes that were used once: the rest was never touched */
	_Alignas(16) char node[];
};

void cd_pool_init(struct cd_pool *p, size_t node_bytes)
{
	*p = (struct cd_pool){
		.node_bytes = (uint32_t)node_bytes, .per_slab = (uint32_t)(SLAB_BYTES / node_bytes)};
}

static void open_add(struct cd_pool *p, struct cd_slab *s)
{
	s->prev = NULL;
	s->next = p->open;
	if (p->open)
		p->open->prev = s;
	p->open = s;
}

static void open_remove(struct cd_pool *p, struct cd_slab *s)
{
	*(s->prev ? &s->prev->next : &p->open) = s->next;
	if (s->next)
		s->next->prev = s->prev;
}

static void slab_free(struct cd_pool *p, struct cd_slab *s)
{
	NODE_SHOW(s->node, (size_t)p->per_slab * p->node_bytes);
	open_remove(p, s);
	p->free_n -= p->per_slab;
	cd_mem_free(s);
}

/* By then every node has been given back: all slabs are among the open ones. */
void cd_pool_done(struct cd_pool *p)
{
	while (p->open)
		slab_free(p, p->open);
}

bool cd_pool_grow(struct cd_pool *p, uint64_t free_n)
{
	while (p->free_n < free_n) {
		struct cd_slab *s = cd_mem_alloc(sizeof *s + (size_t)p->per_slab * p->node_bytes);
		if (!s)
			return false;
		s->free = NULL;
		s->free_n = p->per_slab;
		s->carved = 0;
		open_add(p, s);
		p->free_n += p->per_slab;
	}
	return true;
}

struct cd_tree_node *cd_pool_alloc(struct cd_pool *p)
{
	struct cd_slab *s = p->open;
	struct cd_tree_node *node;
	if (s->free) {
		node = (struct cd_tree_node *)(void *)s->free;
		s->free = node->life.dead;
		NODE_SHOW(node, p->node_bytes);
	} else {
		node = (struct cd_tree_node *)(void *)(s->node + (size_t)s->carved * p->node_bytes);
		node->slot = s->carved++;
	}
	if (--s->free_n == 0)
		open_remove(p, s);
	p->free_n--;
	p->used_n++;
	return node;
}

void cd_pool_free(struct cd_pool *p, struct cd_tree_node *node)
{
	char *first = (char *)node - (size_t)node->slot * p->node_bytes;
	struct cd_slab *s = (struct cd_slab *)(void *)(first - offsetof(struct cd_slab, node));
	node->life.dead = s->free;
	NODE_HIDE(node, p->node_bytes);
	s->free = &node->life;
	if (s->free_n++ == 0)
		open_add(p, s);
	p->free_n++;
	p->used_n--;
	/* One empty slab stays, so that a batch at the edge does not ask the heap each time. */
	if (s->free_n == p->per_slab && p->free_n >= 2ull * p->per_slab)
		slab_free(p, s);
}

/* ---- things ---- */

void cd_reclaim_init(struct cd_reclaim *r)
{
	*r = (struct cd_reclaim){0};
	cd_pool_init(&r->leaf, CD_LEAF_BYTES);
	cd_pool_init(&r->inner, CD_INNER_BYTES);
}

void cd_reclaim_done(struct cd_reclaim *r)
{
	cd_pool_done(&r->leaf);
	cd_pool_done(&r->inner);
}

static struct cd_pool *pool_of(struct cd_reclaim *r, const struct cd_tree_node *node)
{
	return node->level ? &r->inner : &r->leaf;
}

static size_t block_bytes(const struct cd_block *b)
{
	return sizeof b->life + b->ent.bytes + 16; /* the heap's own share: a header, rounded */
}

uint64_t cd_reclaim_bytes(const struct cd_reclaim *r)
{
	return r->leaf.used_n * CD_LEAF_BYTES + r->inner.used_n * CD_INNER_BYTES + r->block_bytes;
}

struct cd_block *cd_block_new(struct cd_reclaim *r, uint64_t born, const struct cd_ent *e)
{
	struct cd_block *b = cd_mem_alloc(offsetof(struct cd_block, ent) + e->bytes);
	if (!b)
		return NULL;
	b->life = (struct cd_mortal){.born = born};
	memcpy(&b->ent, e, e->bytes);
	r->block_bytes += block_bytes(b);
	return b;
}

void cd_block_free(struct cd_reclaim *r, struct cd_block *b)
{
	r->block_bytes -= block_bytes(b);
	cd_mem_free(b);
}

static size_t mortal_bytes(struct cd_reclaim *r, enum cd_mortal_kind kind, struct cd_mortal *m)
{
	switch (kind) {
	case CD_DEAD_NODE:
		return pool_of(r, (struct cd_tree_node *)(void *)m)->node_bytes;
	case CD_DEAD_BLOCK:
		return block_bytes((struct cd_block *)(void *)m);
	case CD_DEAD_TENANT:
	case CD_DEAD_N:
		break;
	}
	return sizeof(struct cd_tenant);
}

static void mortal_free(struct cd_reclaim *r, enum cd_mortal_kind kind, struct cd_mortal *m)
{
	if (kind == CD_DEAD_NODE)
		cd_pool_free(pool_of(r, (struct cd_tree_node *)(void *)m), (struct cd_tree_node *)(void *)m);
	else if (kind == CD_DEAD_BLOCK)
		cd_block_free(r, (struct cd_block *)(void *)m);
	else
		cd_mem_free(m);
}

static void retire(struct cd_reclaim *r, enum cd_mortal_kind kind, struct cd_mortal *m)
{
	if (!r->newest) { /* at start: there are no readers yet */
		mortal_free(r, kind, m);
		return;
	}
	m->dead = r->retired[kind];
	r->retired[kind] = m;
	r->retired_bytes += mortal_bytes(r, kind, m);
}

void cd_retire_node(struct cd_edit *e, struct cd_tree_node *node)
{
	if (node->life.born == e->edition)
		cd_pool_free(pool_of(e->reclaim, node), node);
	else
		retire(e->reclaim, CD_DEAD_NODE, &node->life);
}

/* A block of this very batch stays until its end: the participants will still want to see it. */
void cd_retire_block(struct cd_edit *e, struct cd_block *b)
{
	struct cd_reclaim *r = e->reclaim;
	if (b->born == e->edition && r->newest) {
		b->life.dead = r->young;
		r->young = &b->life;
	} else {
		retire(r, CD_DEAD_BLOCK, &b->life);
	}
}

void cd_retire_tenant(struct cd_edit *e, struct cd_tenant *t)
{
	if (t->born == e->edition)
		cd_mem_free(t);
	else
		retire(e->reclaim, CD_DEAD_TENANT, &t->life);
}

/* ---- versions ---- */

void cd_reclaim_publish(struct cd_reclaim *r, struct cd_version *v)
{
	struct cd_version *before = r->newest;
	for (int k = 0; before && k < CD_DEAD_N; k++)
		before->dead[k] = r->retired[k];
	for (struct cd_mortal *m = r->young, *next; m; m = next) {
		next = m->dead;
		mortal_free(r, CD_DEAD_BLOCK, m);
	}
	r->dead_bytes += r->retired_bytes;
	v->older = before;
	if (before)
		before->newer = v;
	r->newest = v;
	r->versions_n++;
	cd_reclaim_abort(r);
}

void cd_reclaim_abort(struct cd_reclaim *r)
{
	memset(r->retired, 0, sizeof r->retired);
	r->young = NULL;
	r->retired_bytes = 0;
}

static void let_go(struct cd_reclaim *r, struct cd_version *v)
{
	struct cd_version *older = v->older;
	for (int k = 0; k < CD_DEAD_N; k++) {
		for (struct cd_mortal *m = v->dead[k], *next; m; m = next) {
			next = m->dead;
			if (older && m->born <= older->root->edition) {
				m->dead = older->dead[k];
				older->dead[k] = m;
			} else {
				r->dead_bytes -= mortal_bytes(r, (enum cd_mortal_kind)k, m);
				mortal_free(r, (enum cd_mortal_kind)k, m);
			}
		}
	}
	if (older)
		older->newer = v->newer;
	if (v->newer)
		v->newer->older = older;
	r->versions_n--;
	cd_mem_free(v->root);
	cd_mem_free(v);
}

/* From the oldest on, so that what moves on moves to a version that stays. */
void cd_reclaim_sweep(struct cd_reclaim *r)
{
	struct cd_version *v = r->newest;
	while (v && v->older)
		v = v->older;
	for (struct cd_version *newer; v && v != r->newest; v = newer) {
		newer = v->newer;
		if (!v->pinned)
			let_go(r, v);
	}
}

struct cd_root *cd_reclaim_forget(struct cd_reclaim *r)
{
	struct cd_version *newest = r->newest;
	if (!newest)
		return NULL;
	for (struct cd_version *v = newest; v; v = v->older)
		v->pinned = false;
	cd_reclaim_sweep(r);
	struct cd_root *root = newest->root; /* its lists are empty: only a newer version would fill them */
	r->newest = NULL;
	r->versions_n = 0;
	cd_mem_free(newest);
	return root;
}
