/*
 * Reading the tree: look-ups, ranks, places, and the leaves that changed.
 *
 * Everything here runs on any thread that holds a pin. It reads nodes and nothing else, and nodes do not
 * change once they are published. All leaves stand at the same depth.
 */
#include "store/tree_int.h"

bool cd_tree_get(struct cd_tree t, struct cd_key key, uint64_t *ret)
{
	const struct cd_tree_node *node = t.top;
	if (!node)
		return false;
	while (node->level) {
		node = node->child[cd_node_child(node, key)];
		cd_node_prefetch(node);
	}
	unsigned i = cd_keys_below(node->key, node->n, key);
	if (i == node->n || !cd_key_eq(node->key[i], key))
		return false;
	*ret = node->value[i];
	return true;
}

uint64_t cd_tree_count(struct cd_tree t)
{
	return t.top ? cd_node_total(t.top) : 0;
}

uint64_t cd_tree_rank(struct cd_tree t, struct cd_key key)
{
	const struct cd_tree_node *node = t.top;
	uint64_t rank = 0;
	if (!node)
		return 0;
	while (node->level) {
		unsigned c = cd_node_child(node, key);
		for (unsigned i = 0; i < c; i++)
			rank += node->count[i];
		node = node->child[c];
	}
	return rank + cd_keys_below(node->key, node->n, key);
}

static void push(struct cd_tree_at *at, struct cd_tree_node *node, unsigned i)
{
	at->node[at->depth] = node;
	at->i[at->depth++] = (uint16_t)i;
}

void cd_tree_seek(struct cd_tree t, struct cd_key key, struct cd_tree_at *at)
{
	at->depth = 0;
	struct cd_tree_node *node = t.top;
	while (node) {
		unsigned i = node->level ? cd_node_child(node, key) : cd_keys_below(node->key, node->n, key);
		push(at, node, i);
		node = node->level ? node->child[i] : NULL;
		if (node)
			cd_node_prefetch(node);
	}
}

void cd_tree_ahead(struct cd_tree t, struct cd_key key, struct cd_tree_at *at)
{
	const struct cd_tree_node *leaf = at->depth ? at->node[at->depth - 1] : NULL;
	if (!leaf || leaf->n == 0 || cd_key_less(leaf->key[leaf->n - 1], key)) {
		cd_tree_seek(t, key, at);
		return;
	}
	unsigned from = at->i[at->depth - 1];
	if (from < leaf->n && cd_key_less(leaf->key[from], key))
		at->i[at->depth - 1] = (uint16_t)(from + cd_keys_below(leaf->key + from, leaf->n - from, key));
}

void cd_tree_select(struct cd_tree t, uint64_t rank, struct cd_tree_at *at)
{
	at->depth = 0;
	struct cd_tree_node *node = t.top;
	if (!node || rank >= cd_node_total(node))
		return;
	while (node->level) {
		unsigned i = 0;
		while (rank >= node->count[i])
			rank -= node->count[i++];
		push(at, node, i);
		node = node->child[i];
	}
	push(at, node, (unsigned)rank);
}

/* To the first pair of the next leaf; false, and at the end, when there is none. */
static bool next_leaf(struct cd_tree_at *at)
{
	unsigned depth = at->depth, d = depth - 1;
	while (d > 0 && at->i[d - 1] + 1u >= at->node[d - 1]->n)
		d--;
	if (d == 0) {
		at->depth = 0;
		return false;
	}
	at->i[d - 1]++;
	for (; d < depth; d++) {
		at->node[d] = at->node[d - 1]->child[at->i[d - 1]];
		at->i[d] = 0;
	}
	return true;
}

bool cd_tree_here(struct cd_tree_at *at, struct cd_key *ret_key, uint64_t *ret_value)
{
	if (at->depth == 0)
		return false;
	unsigned d = at->depth - 1u;
	if (at->i[d] >= at->node[d]->n && !next_leaf(at))
		return false;
	unsigned i = at->i[d];
	*ret_key = at->node[d]->key[i];
	*ret_value = at->node[d]->value[i];
	return true;
}

bool cd_tree_next(struct cd_tree_at *at, struct cd_key *ret_key, uint64_t *ret_value)
{
	if (!cd_tree_here(at, ret_key, ret_value))
		return false;
	at->i[at->depth - 1]++;
	return true;
}

/*
 * Depth first through nodes that were born after `since`: an unchanged node has only unchanged ones below it,
 * because an edit copies whole paths. Ranges come from the keys of inner nodes, not from what stands in a
 * leaf, so that a leaf answers for the keys it has lost as well; and a leaf that took over a neighbour's
 * range was born by doing so.
 */
static bool changed(struct cd_tree_node *node, uint64_t since, struct cd_key from, struct cd_key lo,
	struct cd_key hi, struct cd_tree_leaf *ret)
{
	if (node->life.born <= since)
		return false;
	if (node->level == 0) {
		*ret = (struct cd_tree_leaf){
			.from = lo, .to = hi, .key = node->key, .value = node->value, .n = node->n};
		return true;
	}
	for (unsigned i = cd_node_child(node, from); i < node->n; i++) {
		struct cd_key clo = i ? node->key[i] : lo;
		struct cd_key chi = i + 1u < node->n ? node->key[i + 1] : hi;
		if (changed(node->child[i], since, cd_key_less(from, clo) ? clo : from, clo, chi, ret))
			return true;
	}
	return false;
}

bool cd_tree_changed(struct cd_tree t, uint64_t since, struct cd_key from, struct cd_tree_leaf *ret)
{
	const struct cd_key least = {0, 0}, most = {~0ull, ~0ull};
	return t.top && changed(t.top, since, from, least, most, ret);
}
