/*
 * The private root: what a batch builds, and what becomes of it.
 *
 * A tenant is copied once per batch, at its first change; the array of tenants stands behind the root in one
 * allocation. Throwing a batch away frees the nodes, blocks and tenants that were born in it and forgets what
 * it retired.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/store_int.h"

enum { TENANTS_AHEAD = 8 };

/* ---- tenants ---- */

static struct cd_tenant **tenants_of(struct cd_batch *b)
{
	return (struct cd_tenant **)(void *)(b->root + 1);
}

struct cd_tenant *cd_tenant_own(struct cd_batch *b, uint32_t number)
{
	struct cd_tenant *old = b->root->tenants[number];
	if (old->born == b->edit.edition)
		return old;
	struct cd_tenant *t = cd_mem_alloc(sizeof *t);
	if (!t)
		return NULL;
	*t = *old;
	t->life = (struct cd_mortal){.born = b->edit.edition};
	tenants_of(b)[number] = t;
	cd_retire_tenant(&b->edit, old);
	return t;
}

static bool room_for_tenant(struct cd_batch *b)
{
	if (b->root->tenants_n < b->tenants_cap)
		return true;
	uint32_t cap = b->tenants_cap * 2;
	struct cd_root *root = cd_mem_realloc(b->root, sizeof *root + cap * sizeof(struct cd_tenant *));
	if (!root)
		return false;
	b->root = root;
	b->tenants_cap = cap;
	root->tenants = tenants_of(b);
	return true;
}

cd_code cd_tenant_add(struct cd_batch *b, cd_str name, uint32_t *ret)
{
	cd_term owned = name.n ? cd_names_add(b->store->tenant_names, name) : 0;
	if ((name.n && !owned) || !room_for_tenant(b))
		return CD_E_NO_MEMORY;
	struct cd_root *root = b->root;
	struct cd_tenant *t = cd_mem_zalloc(sizeof *t);
	if (!t)
		return CD_E_NO_MEMORY;
	cd_str text = cd_names_text(b->store->tenant_names, owned);
	t->born = b->edit.edition;
	t->number = root->tenants_n;
	t->name = text.p;
	t->name_n = (uint32_t)text.n;
	struct cd_key key = {cd_hash64(name, root->id_seed), t->number};
	cd_code code = cd_tree_put(&b->edit, &root->tenant_ids, key, 0, NULL, NULL);
	if (code) {
		cd_mem_free(t);
		return code;
	}
	tenants_of(b)[root->tenants_n++] = t;
	*ret = t->number;
	return CD_OK;
}

/* ---- private roots ---- */

cd_code cd_batch_begin(struct cd_batch *b, struct cd_store *s)
{
	const struct cd_root *newest = s->reclaim.newest ? s->reclaim.newest->root : NULL;
	uint32_t n = newest ? newest->tenants_n : 0;
	b->store = s;
	b->tenants_cap = n + TENANTS_AHEAD;
	b->root = cd_mem_alloc(sizeof *b->root + b->tenants_cap * sizeof(struct cd_tenant *));
	if (!b->root)
		return CD_E_NO_MEMORY;
	*b->root = newest ? *newest : (struct cd_root){.next_number = 1, .id_seed = s->id_seed};
	b->root->tenants = tenants_of(b);
	if (n)
		memcpy(tenants_of(b), newest->tenants, n * sizeof(struct cd_tenant *));
	b->root->edition++;
	b->edit = (struct cd_edit){.edition = b->root->edition, .reclaim = &s->reclaim};
	b->accepted_n = 0;
	b->entities = 0;
	b->shrink_only = b->growing = false;
	b->bad = CD_OK;
	s->names_put = s->names_durable;
	s->contexts_put = s->contexts_durable;
	return CD_OK;
}

void cd_batch_abort(struct cd_batch *b)
{
	struct cd_reclaim *r = &b->store->reclaim;
	for (size_t i = 0; i < b->accepted_n; i++)
		if (b->accepted[i].now)
			cd_block_free(r, b->accepted[i].now);
	for (uint32_t i = 0; i < b->root->tenants_n; i++) {
		struct cd_tenant *t = b->root->tenants[i];
		if (t->born != b->edit.edition)
			continue;
		cd_tree_abort(&b->edit, &t->ids);
		cd_tree_abort(&b->edit, &t->entities);
		cd_tree_abort(&b->edit, &t->types);
		cd_tree_abort(&b->edit, &t->uses);
		cd_tree_abort(&b->edit, &t->expiry);
		for (unsigned k = 0; k < t->indexes_n; k++) {
			cd_tree_abort(&b->edit, &t->indexes[k].tree);
			cd_tree_abort(&b->edit, &t->indexes[k].rest);
		}
		cd_mem_free(t);
	}
	cd_tree_abort(&b->edit, &b->root->tenant_ids);
	cd_reclaim_abort(r);
	cd_mem_free(b->root);
	b->root = NULL;
	b->accepted_n = 0;
	cd_uses_clear(&b->uses);
}

void cd_batch_publish(struct cd_batch *b, struct cd_version *v)
{
	struct cd_store *s = b->store;
	v->root = b->root;
	if (s->reclaim.newest)
		s->reclaim.newest->replaced_at = cd_time_mono();
	cd_reclaim_publish(&s->reclaim, v);
	atomic_store(&s->pins.current, b->root); /* pairs with cd_pin() */
	b->root = NULL;
	cd_pins_mark(s);
	cd_reclaim_sweep(&s->reclaim);
}
