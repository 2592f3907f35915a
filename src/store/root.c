/*
 * Reading a root: tenants by name, entities by id, in order, by type.
 *
 * An id is found by its hash, seeded at random per data directory so that nobody can aim at one place of the
 * index; keys with the same hash stand side by side, and the id in the block decides.
 */
#include "base/hash.h"
#include "store/store_int.h"
#include "store/tree_int.h"

enum { AHEAD_BYTES = 640 };

static struct cd_block *block_of(uint64_t value)
{
	return (struct cd_block *)(uintptr_t)value;
}

/* Whoever asks for a block will read it. */
static void prefetch_block(const struct cd_block *b)
{
	for (unsigned i = 0; i < AHEAD_BYTES; i += 64)
		__builtin_prefetch((const char *)b + i);
}

uint32_t cd_root_tenant_number(const struct cd_root *r, cd_str name)
{
	struct cd_tree_at at;
	struct cd_key key, first = {cd_hash64(name, r->id_seed), 0};
	uint64_t value;
	if (name.n == 0)
		return 0;
	cd_tree_seek(r->tenant_ids, first, &at);
	while (cd_tree_next(&at, &key, &value) && key.hi == first.hi)
		if (cd_str_eq(cd_tenant_name(r->tenants[key.lo]), name))
			return (uint32_t)key.lo;
	return UINT32_MAX;
}

const struct cd_tenant *cd_root_tenant(const struct cd_root *r, cd_str name)
{
	uint32_t number = cd_root_tenant_number(r, name);
	return number == UINT32_MAX ? NULL : r->tenants[number];
}

struct cd_block *cd_tenant_find(uint64_t id_seed, const struct cd_tenant *t, cd_str id)
{
	struct cd_tree_at at;
	struct cd_key key, first = {cd_hash64(id, id_seed), 0};
	uint64_t value;
	cd_tree_seek(t->ids, first, &at);
	while (cd_tree_next(&at, &key, &value) && key.hi == first.hi) {
		if (!cd_tree_get(t->entities, (struct cd_key){0, key.lo}, &value))
			continue;
		struct cd_block *b = block_of(value);
		prefetch_block(b);
		if (cd_str_eq(cd_ent_id(&b->ent), id))
			return b;
	}
	return NULL;
}

const struct cd_ent *cd_tenant_get(const struct cd_store *s, const struct cd_tenant *t, cd_str id)
{
	const struct cd_block *b = cd_tenant_find(s->id_seed, t, id);
	return b ? &b->ent : NULL;
}

/* ---- look-ups ahead ---- */

struct probe {
	const struct cd_tenant *tenant;
	struct cd_key key;
	const struct cd_tree_node *node;
};

/* All probes one level down per round: each waits for memory while the others ask for theirs. */
static void descend(struct probe *p, unsigned n)
{
	bool more = true;
	for (unsigned i = 0; i < n; i++)
		if (p[i].node)
			cd_node_prefetch(p[i].node);
	while (more) {
		more = false;
		for (unsigned i = 0; i < n; i++) {
			if (!p[i].node || p[i].node->level == 0)
				continue;
			p[i].node = p[i].node->child[cd_node_child(p[i].node, p[i].key)];
			cd_node_prefetch(p[i].node);
			more = true;
		}
	}
}

static unsigned leaf_place(const struct probe *p)
{
	return cd_keys_below(p->node->key, p->node->n, p->key);
}

void cd_root_warm(const struct cd_root *r, struct cd_job *const *jobs, unsigned n)
{
	struct probe p[CD_WARM];
	for (unsigned i = 0; i < n; i++) {
		uint32_t number = cd_root_tenant_number(r, jobs[i]->tenant);
		p[i] = (struct probe){.tenant = number == UINT32_MAX ? NULL : r->tenants[number]};
		if (!p[i].tenant || jobs[i]->n == 0)
			continue;
		p[i].key.hi = cd_hash64(jobs[i]->changes[0].id, r->id_seed);
		p[i].node = p[i].tenant->ids.top;
	}
	descend(p, n);
	for (unsigned i = 0; i < n; i++) {
		unsigned at = p[i].node ? leaf_place(&p[i]) : 0;
		bool found = p[i].node && at < p[i].node->n && p[i].node->key[at].hi == p[i].key.hi;
		p[i].key = (struct cd_key){0, found ? p[i].node->key[at].lo : 0};
		p[i].node = found ? p[i].tenant->entities.top : NULL;
	}
	descend(p, n);
	for (unsigned i = 0; i < n; i++) {
		unsigned at = p[i].node ? leaf_place(&p[i]) : 0;
		if (p[i].node && at < p[i].node->n)
			prefetch_block(block_of(p[i].node->value[at]));
	}
}

uint64_t cd_tenant_count(const struct cd_tenant *t)
{
	return cd_tree_count(t->entities);
}

uint64_t cd_tenant_type_count(const struct cd_tenant *t, cd_term type)
{
	return cd_tree_rank(t->types, (struct cd_key){type + 1ull, 0}) -
	       cd_tree_rank(t->types, (struct cd_key){type, 0});
}

/* ---- scans ---- */

void cd_scan_begin(struct cd_scan *s, const struct cd_tenant *t, cd_term type, uint64_t offset)
{
	*s = (struct cd_scan){.tenant = t, .type = type};
	if (!type) {
		cd_tree_select(t->entities, offset, &s->at);
		return;
	}
	uint64_t first = cd_tree_rank(t->types, (struct cd_key){type, 0});
	if (offset <= UINT64_MAX - first)
		cd_tree_select(t->types, first + offset, &s->at);
}

const struct cd_ent *cd_scan_next(struct cd_scan *s)
{
	struct cd_key key;
	uint64_t value;
	do {
		if (!cd_tree_next(&s->at, &key, &value) || key.hi != s->type)
			return NULL;
	} while (s->type && !cd_tree_get(s->tenant->entities, (struct cd_key){0, key.lo}, &value));
	return &block_of(value)->ent;
}

const struct cd_ent *cd_tenant_at(const struct cd_tenant *t, uint64_t number)
{
	uint64_t value;
	return cd_tree_get(t->entities, (struct cd_key){0, number}, &value)
		       ? &((const struct cd_block *)(uintptr_t)value)->ent
		       : NULL;
}

const struct cd_ent *cd_tenant_near(const struct cd_tenant *t, struct cd_near *n, uint64_t number)
{
	struct cd_key key;
	uint64_t value;
	cd_tree_ahead(t->entities, (struct cd_key){0, number}, &n->at);
	if (!cd_tree_here(&n->at, &key, &value) || key.lo != number)
		return NULL;
	prefetch_block(block_of(value));
	return &block_of(value)->ent;
}

/* ---- indexes ---- */

const struct cd_index *cd_tenant_index(const struct cd_tenant *t, cd_term term, enum cd_vi_class class)
{
	for (unsigned i = 0; i < t->indexes_n; i++)
		if (t->indexes[i].term == term && t->indexes[i].class == class)
			return &t->indexes[i];
	return NULL;
}

void cd_index_used(const struct cd_index *index)
{
	uint64_t now = (uint64_t)cd_time_mono();
	if (now - atomic_load_explicit(index->used, memory_order_relaxed) > 1000000)
		atomic_store_explicit(index->used, now, memory_order_relaxed);
}

/* ---- uses, expiry ---- */

bool cd_tenant_expired(const struct cd_tenant *t, cd_time_us now)
{
	struct cd_tree_at at;
	struct cd_key key;
	uint64_t value;
	cd_tree_seek(t->expiry, (struct cd_key){0, 0}, &at);
	return cd_tree_next(&at, &key, &value) && key.hi <= cd_key_of_time(now);
}

void cd_uses_begin(const struct cd_tenant *t, cd_term type, struct cd_tree_at *at)
{
	cd_tree_seek(t->uses, (struct cd_key){(uint64_t)type << 32, 0}, at);
}

bool cd_uses_next(struct cd_tree_at *at, struct cd_uses_row *ret)
{
	struct cd_key key;
	uint64_t n;
	if (!cd_tree_next(at, &key, &n))
		return false;
	*ret = (struct cd_uses_row){(cd_term)(key.hi >> 32), (cd_term)key.hi, (enum cd_kind)key.lo, n};
	return true;
}
