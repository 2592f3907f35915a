#include "ops/by_value.h"

static enum cd_value class_in(const struct cd_index *index)
{
	return index->class == CD_VI_NUMBER ? CD_V_NUMBER : CD_V_DATETIME;
}

bool cd_by_value_begin(struct cd_by_value *b, const struct cd_tenant *t, const struct cd_order *order)
{
	cd_term attribute;
	*b = (struct cd_by_value){.tenant = t, .order = order};
	if (!cd_order_single(order, &attribute, &b->down))
		return false;
	b->index = cd_tenant_index(t, attribute, CD_VI_NUMBER);
	if (!b->index || b->index->others)
		b->index = cd_tenant_index(t, attribute, CD_VI_TIME);
	if (!b->index || b->index->others || cd_tree_count(b->index->rest))
		return false;
	return true;
}

/* To the entries of the greatest key below `key`; of the greatest at all when nothing was begun. */
static bool step_down(struct cd_by_value *b)
{
	const struct cd_tree tree = b->index->tree;
	uint64_t n = b->begun ? cd_tree_rank(tree, (struct cd_key){b->key, 0}) : cd_tree_count(tree), value;
	struct cd_key key;
	if (n == 0)
		return false;
	cd_tree_select(tree, n - 1, &b->at);
	if (!cd_tree_next(&b->at, &key, &value))
		return false;
	b->key = key.hi;
	cd_tree_seek(tree, (struct cd_key){b->key, 0}, &b->at);
	return true;
}

static bool next_entry(struct cd_by_value *b, struct cd_key *ret)
{
	uint64_t value;
	if (!b->begun && !b->down)
		cd_tree_seek(b->index->tree, (struct cd_key){0, 0}, &b->at);
	if (!b->begun && b->down && !step_down(b))
		return false;
	b->begun = true;
	bool found = cd_tree_next(&b->at, ret, &value);
	if (!b->down || (found && ret->hi == b->key))
		return found;
	return step_down(b) && cd_tree_next(&b->at, ret, &value);
}

bool cd_by_value_next(struct cd_by_value *b, struct cd_q_run *run, const struct cd_ent **ret)
{
	struct cd_key entry;
	enum cd_value class;
	uint64_t key;
	*ret = NULL;
	if (!next_entry(b, &entry))
		return false;
	const struct cd_ent *e = cd_tenant_at(b->tenant, entry.lo);
	if (e && cd_order_first(b->order, e, run, &class, &key) && class == class_in(b->index) &&
		key == entry.hi)
		*ret = e;
	return true;
}

void cd_by_value_wish(struct cd_store *s, const struct cd_tenant *t, const struct cd_order *order,
	const struct cd_ent *e, struct cd_q_run *run)
{
	cd_term attribute;
	bool down;
	enum cd_value class;
	uint64_t key;
	if (!cd_order_single(order, &attribute, &down) || !cd_order_first(order, e, run, &class, &key))
		return;
	enum cd_vi_class index = class == CD_V_NUMBER ? CD_VI_NUMBER : CD_VI_TIME;
	if ((class == CD_V_NUMBER || class == CD_V_DATETIME) && !cd_tenant_index(t, attribute, index))
		cd_index_ask(s, t, attribute, index);
}
