#include "store/uses.h"

#include "base/mem.h"

enum { SLOTS_FIRST = 256, SLOTS_KEPT = 1 << 14 };

void cd_uses_done(struct cd_uses *u)
{
	cd_mem_free(u->slots);
	*u = (struct cd_uses){0};
}

void cd_uses_clear(struct cd_uses *u)
{
	if (u->mask >= SLOTS_KEPT)
		cd_uses_done(u);
	else if (u->n)
		memset(u->slots, 0, (u->mask + 1) * sizeof *u->slots);
	u->n = 0;
}

static bool same(const struct cd_use *a, const struct cd_use *b)
{
	return a->tenant == b->tenant && a->type == b->type && a->attribute == b->attribute &&
	       a->kind == b->kind;
}

/* A free slot has no attribute. */
static struct cd_use *slot_of(struct cd_use *slots, size_t mask, const struct cd_use *key)
{
	uint64_t h = ((uint64_t)key->type << 32 | key->attribute) * 0x9e3779b97f4a7c15u;
	h = (h ^ (uint64_t)key->tenant << 8 ^ key->kind) * 0xbf58476d1ce4e5b9u;
	size_t i = (size_t)(h >> 32) & mask;
	while (slots[i].attribute && !same(&slots[i], key))
		i = (i + 1) & mask;
	return &slots[i];
}

static bool grow(struct cd_uses *u)
{
	size_t mask = u->slots ? u->mask * 2 + 1 : SLOTS_FIRST - 1;
	struct cd_use *slots = cd_mem_zalloc((mask + 1) * sizeof *slots);
	if (!slots)
		return false;
	for (size_t i = 0; u->slots && i <= u->mask; i++)
		if (u->slots[i].attribute)
			*slot_of(slots, mask, &u->slots[i]) = u->slots[i];
	cd_mem_free(u->slots);
	u->slots = slots;
	u->mask = mask;
	return true;
}

static bool count(struct cd_uses *u, struct cd_use key, int64_t n)
{
	if ((!u->slots || u->n * 2 > u->mask) && !grow(u))
		return false;
	struct cd_use *slot = slot_of(u->slots, u->mask, &key);
	if (!slot->attribute) {
		*slot = key;
		u->n++;
	}
	slot->n += n;
	return true;
}

/* Several instances of a name count once for each kind they have. */
static bool kind_before(const struct cd_node *first, const struct cd_node *n)
{
	for (; first < n; first++)
		if (first->kind == n->kind)
			return true;
	return false;
}

static bool count_entity(struct cd_uses *u, uint32_t tenant, const struct cd_ent *e, int64_t sign)
{
	const struct cd_node *nodes = cd_ent_nodes(e), *first = nodes;
	const cd_term *types = cd_ent_types(e);
	bool ok = true;
	for (uint32_t i = 0; ok && i < e->tops; i++) {
		const struct cd_node *n = &nodes[i];
		if (n->term != first->term || i == 0) {
			first = n;
			ok = count(u, (struct cd_use){tenant, 0, n->term, 0, 0}, sign);
		}
		if (n != first && kind_before(first, n))
			continue;
		for (uint16_t t = 0; ok && t < e->types; t++)
			ok = count(u, (struct cd_use){tenant, types[t], n->term, n->kind, 0}, sign);
	}
	return ok;
}

static bool same_uses(const struct cd_ent *a, const struct cd_ent *b)
{
	const struct cd_node *x = cd_ent_nodes(a), *y = cd_ent_nodes(b);
	if (a->tops != b->tops || a->types != b->types ||
		memcmp(cd_ent_types(a), cd_ent_types(b), a->types * sizeof(cd_term)) != 0)
		return false;
	for (uint32_t i = 0; i < a->tops; i++)
		if (x[i].term != y[i].term || x[i].kind != y[i].kind)
			return false;
	return true;
}

cd_code cd_uses_change(struct cd_uses *u, uint32_t tenant, const struct cd_ent *old, const struct cd_ent *now)
{
	if (old && now && same_uses(old, now))
		return CD_OK;
	if (old && !count_entity(u, tenant, old, -1))
		return CD_E_NO_MEMORY;
	return !now || count_entity(u, tenant, now, 1) ? CD_OK : CD_E_NO_MEMORY;
}
