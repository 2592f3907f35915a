/* The trees of a tenant, changed by the writer and by replay alike. An update leaves ids and, mostly, types
 * alone. */
#include "base/hash.h"
#include "store/store_int.h"
#include "store/value_index.h"

static struct cd_key number_key(const struct cd_block *b)
{
	return (struct cd_key){0, b->ent.number};
}

static cd_code types_put(
	struct cd_edit *e, struct cd_tenant *t, const struct cd_ent *now, const struct cd_ent *old)
{
	cd_code code = CD_OK;
	const cd_term *type = cd_ent_types(now);
	for (uint16_t i = 0; !code && i < now->types; i++)
		if (!old || !cd_ent_has_type(old, type[i]))
			code = cd_tree_put(
				e, &t->types, (struct cd_key){type[i], now->number}, 0, NULL, NULL);
	return code;
}

static cd_code types_del(
	struct cd_edit *e, struct cd_tenant *t, const struct cd_ent *old, const struct cd_ent *now)
{
	cd_code code = CD_OK;
	const cd_term *type = cd_ent_types(old);
	for (uint16_t i = 0; !code && i < old->types; i++)
		if (!now || !cd_ent_has_type(now, type[i]))
			code = cd_tree_del(e, &t->types, (struct cd_key){type[i], old->number}, NULL, NULL);
	return code;
}

static bool same_types(const struct cd_ent *a, const struct cd_ent *b)
{
	return a->types == b->types &&
	       memcmp(cd_ent_types(a), cd_ent_types(b), a->types * sizeof(cd_term)) == 0;
}

static cd_code add(struct cd_edit *e, uint64_t id_seed, struct cd_tenant *t, struct cd_block *now)
{
	struct cd_key id = {cd_hash64(cd_ent_id(&now->ent), id_seed), now->ent.number};
	cd_code code = cd_tree_put(e, &t->entities, number_key(now), (uintptr_t)now, NULL, NULL);
	if (!code)
		code = cd_tree_put(e, &t->ids, id, 0, NULL, NULL);
	return code ? code : types_put(e, t, &now->ent, NULL);
}

static cd_code change(struct cd_edit *e, struct cd_tenant *t, struct cd_block *old, struct cd_block *now)
{
	cd_code code = cd_tree_put(e, &t->entities, number_key(now), (uintptr_t)now, NULL, NULL);
	if (code || same_types(&old->ent, &now->ent))
		return code;
	code = types_del(e, t, &old->ent, &now->ent);
	return code ? code : types_put(e, t, &now->ent, &old->ent);
}

static cd_code drop(struct cd_edit *e, uint64_t id_seed, struct cd_tenant *t, struct cd_block *old)
{
	struct cd_key id = {cd_hash64(cd_ent_id(&old->ent), id_seed), old->ent.number};
	cd_code code = types_del(e, t, &old->ent, NULL);
	if (!code)
		code = cd_tree_del(e, &t->ids, id, NULL, NULL);
	return code ? code : cd_tree_del(e, &t->entities, number_key(old), NULL, NULL);
}

/* ---- expiry ---- */

cd_time_us cd_ent_lapse(const struct cd_ent *e)
{
	cd_time_us least = e->expires == CD_STAMP_NONE ? INT64_MAX : cd_stamp_us(e->expires);
	const struct cd_node *n = cd_ent_nodes(e);
	for (uint32_t i = 0; i < e->nodes; i++)
		if (n[i].expires) {
			cd_time_us us = cd_stamp_us(cd_ent_stamp(e, n[i].expires));
			least = us < least ? us : least;
		}
	return least;
}

static struct cd_key lapse_key(cd_time_us us, uint64_t number)
{
	return (struct cd_key){cd_key_of_time(us), number};
}

static cd_code change_expiry(
	struct cd_edit *e, struct cd_tenant *t, const struct cd_block *old, const struct cd_block *now)
{
	cd_time_us before = old ? cd_ent_lapse(&old->ent) : INT64_MAX,
		   after = now ? cd_ent_lapse(&now->ent) : INT64_MAX;
	cd_code code = CD_OK;
	if (before == after)
		return CD_OK;
	if (before != INT64_MAX)
		code = cd_tree_del(e, &t->expiry, lapse_key(before, old->ent.number), NULL, NULL);
	if (!code && after != INT64_MAX)
		code = cd_tree_put(e, &t->expiry, lapse_key(after, now->ent.number), 0, NULL, NULL);
	return code;
}

/* ---- all of them ---- */

cd_code cd_index_change(struct cd_batch *b, struct cd_tenant *t, struct cd_block *old, struct cd_block *now)
{
	struct cd_edit *e = &b->edit;
	cd_code code = CD_OK;
	if (old && now)
		code = change(e, t, old, now);
	else if (now)
		code = add(e, b->root->id_seed, t, now);
	else if (old)
		code = drop(e, b->root->id_seed, t, old);
	if (!code)
		code = change_expiry(e, t, old, now);
	if (!code)
		code = cd_vi_change(e, t, old ? &old->ent : NULL, now ? &now->ent : NULL);
	if (!code)
		code = cd_uses_change(&b->uses, t->number, old ? &old->ent : NULL, now ? &now->ent : NULL);
	if (code)
		return code;
	t->bytes += now ? now->ent.bytes : 0;
	t->bytes -= old ? old->ent.bytes : 0;
	if (old)
		cd_retire_block(e, old);
	return CD_OK;
}

static cd_code flush_one(struct cd_batch *b, const struct cd_use *u)
{
	struct cd_tenant *t = cd_tenant_own(b, u->tenant);
	const struct cd_key key = {(uint64_t)u->type << 32 | u->attribute, u->kind};
	uint64_t n = 0;
	if (!t)
		return CD_E_NO_MEMORY;
	(void)cd_tree_get(t->uses, key, &n);
	n += (uint64_t)u->n;
	return n ? cd_tree_put(&b->edit, &t->uses, key, n, NULL, NULL)
		 : cd_tree_del(&b->edit, &t->uses, key, NULL, NULL);
}

cd_code cd_index_flush(struct cd_batch *b)
{
	cd_code code = CD_OK;
	for (size_t i = 0; !code && b->uses.n && i <= b->uses.mask; i++)
		if (b->uses.slots[i].attribute && b->uses.slots[i].n)
			code = flush_one(b, &b->uses.slots[i]);
	cd_uses_clear(&b->uses);
	return code;
}
