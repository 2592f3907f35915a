/*
 * Filling a tree from sorted pairs: one open node per level, each filled to the brim before the next one is
 * begun.
 */
#include "base/mem.h"
#include "store/tree_int.h"

struct cd_tree_build {
	struct cd_edit *edit;
	struct cd_tree_node *open[CD_TREE_DEPTH];
	unsigned levels;
	cd_code bad;
};

struct cd_tree_build *cd_tree_build_new(struct cd_edit *e)
{
	struct cd_tree_build *b = cd_mem_zalloc(sizeof *b);
	if (b)
		b->edit = e;
	return b;
}

static void add_child(struct cd_tree_build *b, unsigned level, struct cd_tree_node *child)
{
	struct cd_tree_node *node = b->open[level];
	if (node && node->n == CD_TREE_FAN) {
		add_child(b, level + 1, node);
		node = NULL;
	}
	if (!node) {
		node = b->open[level] = cd_node_new(b->edit, level);
		b->levels = level + 1 > b->levels ? level + 1 : b->levels;
	}
	node->key[node->n] = child->key[0];
	node->child[node->n] = child;
	node->count[node->n++] = cd_node_total(child);
}

static bool reserve(struct cd_tree_build *b)
{
	struct cd_reclaim *r = b->edit->reclaim;
	if (!cd_pool_reserve(&r->leaf, 1) || !cd_pool_reserve(&r->inner, b->levels + 1))
		b->bad = CD_E_NO_MEMORY;
	return !b->bad;
}

cd_code cd_tree_build_put(struct cd_tree_build *b, struct cd_key key, uint64_t value)
{
	struct cd_tree_node *leaf = b->open[0];
	if (b->bad)
		return b->bad;
	if (!leaf || leaf->n == CD_TREE_FAN) {
		if (!reserve(b))
			return b->bad;
		if (leaf)
			add_child(b, 1, leaf);
		leaf = b->open[0] = cd_node_new(b->edit, 0);
		b->levels = b->levels ? b->levels : 1;
	}
	leaf->key[leaf->n] = key;
	leaf->value[leaf->n++] = value;
	return CD_OK;
}

cd_code cd_tree_build_end(struct cd_tree_build *b, struct cd_tree *ret)
{
	cd_code code = b->bad;
	struct cd_tree t = {NULL};
	if (!code && !reserve(b))
		code = b->bad;
	for (unsigned level = 0; !code && level + 1 < b->levels; level++)
		add_child(b, level + 1, b->open[level]);
	for (unsigned level = 0; code && level < b->levels; level++) {
		t.top = b->open[level];
		cd_tree_drop(b->edit, &t);
	}
	if (!code)
		ret->top = b->levels ? b->open[b->levels - 1] : NULL;
	cd_mem_free(b);
	return code;
}
