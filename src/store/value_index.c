#include "store/value_index.h"

#include "base/hash.h"
#include "geo/cell.h"
#include "json/json.h"

enum { HASH_SEED = 0x5eed };

uint64_t cd_vi_string_key(cd_str text)
{
	return cd_hash64(text, HASH_SEED);
}

uint64_t cd_vi_scope_key(cd_str scope, bool below)
{
	return cd_hash64(scope, below ? HASH_SEED + 1 : HASH_SEED + 2);
}

/* a/b stands under itself, and under what is above it: a, a/b. */
static bool scope_entries(const struct cd_ent *e, cd_vi_each *each, void *arg)
{
	const struct cd_ref *scopes = cd_ent_scopes(e);
	bool good = true;
	for (unsigned i = 0; good && i < e->scopes; i++) {
		cd_str scope = cd_ent_at(e, scopes[i]);
		if (scope.n && scope.p[0] == '/')
			scope = cd_str_skip(scope, 1);
		good = each(arg, cd_vi_scope_key(scope, false), CD_VI_TREE);
		for (size_t n = 1; good && n <= scope.n; n++)
			if (n == scope.n || scope.p[n] == '/')
				good = each(arg, cd_vi_scope_key(cd_str_of(scope.p, n), true), CD_VI_TREE);
	}
	return good;
}

static bool string_entry(const struct cd_ent *e, const struct cd_node *n, cd_vi_each *each, void *arg)
{
	cd_str text = cd_node_value(e, n);
	if (text.n < 2 || text.p[0] != '"')
		return each(arg, 0, CD_VI_REST);
	/* escapes are rare: such a string is looked at always */
	if (memchr(text.p, '\\', text.n))
		return each(arg, 0, CD_VI_REST);
	return each(arg, cd_vi_string_key(cd_str_of(text.p + 1, text.n - 2)), CD_VI_TREE);
}

static bool place_entry(const struct cd_ent *e, const struct cd_node *n, cd_vi_each *each, void *arg)
{
	struct cd_box box;
	cd_str packed = cd_node_meta(e, n, CD_META_BOX);
	if (packed.n != sizeof box)
		return true;
	memcpy(&box, packed.p, sizeof box);
	return each(arg, cd_cell_of(&box), CD_VI_TREE);
}

static bool entry(
	const struct cd_ent *e, const struct cd_node *n, enum cd_vi_class class, cd_vi_each *each, void *arg)
{
	if (class == CD_VI_PLACE)
		return n->kind != CD_GEO_PROPERTY || place_entry(e, n, each, arg);
	/* no comparison holds for them as a whole, but an order has a rank for them */
	if (n->kind == CD_LANGUAGE_PROPERTY || n->kind == CD_GEO_PROPERTY)
		return class == CD_VI_STRING || each(arg, 0, CD_VI_OTHERS);
	if (n->value_class == CD_V_ARRAY || n->value_class == CD_V_OBJECT)
		return each(arg, 0, CD_VI_REST);
	bool string = n->value_class == CD_V_STRING || n->value_class == CD_V_URI;
	bool time = n->value_class == CD_V_DATETIME;
	if (class == CD_VI_STRING)
		return !string || string_entry(e, n, each, arg);
	if ((class == CD_VI_NUMBER && n->value_class == CD_V_NUMBER) || (class == CD_VI_TIME && time))
		return each(arg, n->key, CD_VI_TREE);
	return each(arg, 0, CD_VI_OTHERS);
}

bool cd_vi_entries(const struct cd_ent *e, cd_term term, enum cd_vi_class class, cd_vi_each *each, void *arg)
{
	const struct cd_node *at;
	if (class == CD_VI_SCOPE)
		return scope_entries(e, each, arg);
	uint32_t n = cd_nodes_find(cd_ent_nodes(e), e->tops, term, &at);
	for (uint32_t i = 0; i < n; i++)
		if (!entry(e, &at[i], class, each, arg))
			return false;
	return true;
}

/* ---- changes ---- */

struct put {
	struct cd_edit *edit;
	struct cd_index *index;
	uint64_t number;
	bool out;
	cd_code code;
};

static bool put_one(void *arg, uint64_t key, enum cd_vi_where where)
{
	struct put *p = arg;
	struct cd_tree *tree = where == CD_VI_REST ? &p->index->rest : &p->index->tree;
	const struct cd_key at = {key, p->number};
	if (where == CD_VI_OTHERS) {
		p->index->others += p->out ? -1ull : 1;
		return true;
	}
	if (!p->out && p->index->class == CD_VI_PLACE)
		p->index->levels |= cd_cell_level_bit(key);
	p->code = p->out ? cd_tree_del(p->edit, tree, at, NULL, NULL)
			 : cd_tree_put(p->edit, tree, at, 0, NULL, NULL);
	return p->code == CD_OK;
}

static bool same_value(
	const struct cd_ent *a, const struct cd_node *x, const struct cd_ent *b, const struct cd_node *y)
{
	return x->kind == y->kind && x->value_class == y->value_class && x->key == y->key &&
	       cd_str_eq(cd_node_value(a, x), cd_node_value(b, y));
}

static bool same_scopes(const struct cd_ent *a, const struct cd_ent *b)
{
	bool same = a->scopes == b->scopes;
	for (unsigned i = 0; same && i < a->scopes; i++)
		same = cd_str_eq(cd_ent_at(a, cd_ent_scopes(a)[i]), cd_ent_at(b, cd_ent_scopes(b)[i]));
	return same;
}

static bool same_values(const struct cd_ent *old, const struct cd_ent *now, cd_term term)
{
	const struct cd_node *x, *y;
	uint32_t n = cd_nodes_find(cd_ent_nodes(old), old->tops, term, &x);
	if (n != cd_nodes_find(cd_ent_nodes(now), now->tops, term, &y))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!same_value(old, &x[i], now, &y[i]))
			return false;
	return true;
}

static bool unchanged(const struct cd_ent *old, const struct cd_ent *now, const struct cd_index *index)
{
	return index->class == CD_VI_SCOPE ? same_scopes(old, now) : same_values(old, now, index->term);
}

cd_code cd_vi_change_one(
	struct cd_edit *e, struct cd_index *index, const struct cd_ent *old, const struct cd_ent *now)
{
	struct put p = {.edit = e, .index = index, .out = true};
	if (old && now && unchanged(old, now, index))
		return CD_OK;
	if (old) {
		p.number = old->number;
		(void)cd_vi_entries(old, index->term, index->class, put_one, &p);
	}
	p.out = false;
	if (now && !p.code) {
		p.number = now->number;
		(void)cd_vi_entries(now, index->term, index->class, put_one, &p);
	}
	return p.code;
}

cd_code cd_vi_change(
	struct cd_edit *e, struct cd_tenant *t, const struct cd_ent *old, const struct cd_ent *now)
{
	cd_code code = CD_OK;
	for (unsigned i = 0; !code && i < t->indexes_n; i++)
		code = cd_vi_change_one(e, &t->indexes[i], old, now);
	return code;
}
