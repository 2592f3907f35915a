/*
 * Changing the tree.
 *
 * Before an edit touches anything it reserves all nodes it could need from the pools: after that it can not
 * fail, so there is nothing to undo. It then makes the path to the key its own (copies what an earlier edit
 * made), changes the leaf in place and repairs upwards: split when full, merge or share with a neighbour when
 * nearly empty.
 *
 * Keys mostly come in ascending order: entity numbers, and numbers under one type. A split where the new key
 * is the last of its leaf and goes on the run of its left neighbour (same hi) leaves the left leaf full, and
 * a split in the middle where a run ends cuts behind the run. So runs are packed densely, and only hashed
 * keys split in halves.
 *
 * A leaf is never removed alone: it merges with a neighbour, which is copied by that and so answers for the
 * removed keys at the next checkpoint. That needs a neighbour, so a deletion first sees to it that no inner
 * node on its path has just one child (ascending splits make such nodes). A tree that was emptied keeps one
 * empty leaf for the same reason.
 */
#include "store/tree_int.h"

struct path {
	struct cd_tree_node *node[CD_TREE_DEPTH];
	unsigned i[CD_TREE_DEPTH];
	unsigned depth;
};

struct cd_tree_node *cd_node_new(struct cd_edit *e, unsigned level)
{
	struct cd_tree_node *node = cd_pool_alloc(level ? &e->reclaim->inner : &e->reclaim->leaf);
	node->life = (struct cd_mortal){.born = e->edition};
	node->n = 0;
	node->level = (uint16_t)level;
	return node;
}

/* An edit of one key copies, at each level, the path, and makes or copies up to two neighbours. */
static bool reserve(struct cd_edit *e, struct cd_tree t)
{
	unsigned levels = t.top ? t.top->level : 0;
	return cd_pool_reserve(&e->reclaim->leaf, 3) &&
	       cd_pool_reserve(&e->reclaim->inner, 3ull * levels + 2);
}

static void move(struct cd_tree_node *to, unsigned at, struct cd_tree_node *from, unsigned first, unsigned n)
{
	memmove(to->key + at, from->key + first, n * sizeof to->key[0]);
	memmove(to->value + at, from->value + first, n * sizeof to->value[0]);
	if (to->level)
		memmove(to->count + at, from->count + first, n * sizeof to->count[0]);
}

/* The node at *slot, changeable: itself when it was born in this edit, else a copy that takes its place. */
static struct cd_tree_node *own(struct cd_edit *e, struct cd_tree_node **slot)
{
	struct cd_tree_node *old = *slot;
	if (old->life.born == e->edition)
		return old;
	struct cd_tree_node *node = cd_node_new(e, old->level);
	node->n = old->n;
	move(node, 0, old, 0, old->n);
	cd_retire_node(e, old);
	return *slot = node;
}

static void own_path(struct cd_edit *e, struct cd_tree *t, struct cd_key key, struct path *p)
{
	struct cd_tree_node **slot = &t->top;
	p->depth = 0;
	for (;;) {
		struct cd_tree_node *node = own(e, slot);
		p->node[p->depth] = node;
		if (node->level == 0) {
			p->i[p->depth++] = cd_keys_below(node->key, node->n, key);
			return;
		}
		unsigned i = cd_node_child(node, key);
		p->i[p->depth++] = i;
		slot = &node->child[i];
		cd_node_prefetch(*slot);
	}
}

/* ---- put ---- */

static void open_gap(struct cd_tree_node *node, unsigned at)
{
	move(node, at + 1, node, at, node->n - at);
	node->n++;
}

/* How much of a full leaf stays on the left when `key` goes in at `i`. */
static unsigned split_point(
	const struct path *p, const struct cd_tree_node *leaf, unsigned i, struct cd_key key)
{
	bool runs_on = i > 0 && leaf->key[i - 1].hi == key.hi;
	if (i < leaf->n)
		return runs_on && leaf->key[i].hi != key.hi ? i : CD_TREE_FAN / 2;
	bool last = true;
	for (unsigned d = 0; d + 1 < p->depth; d++)
		last &= p->i[d] + 1u == p->node[d]->n;
	return runs_on || last ? CD_TREE_FAN : CD_TREE_FAN / 2;
}

static struct cd_tree_node *split(struct cd_edit *e, struct cd_tree_node *node, unsigned at)
{
	struct cd_tree_node *right = cd_node_new(e, node->level);
	right->n = (uint16_t)(node->n - at);
	move(right, 0, node, at, right->n);
	node->n = (uint16_t)at;
	return right;
}

/* Where the new entry goes after a split at `s`: an entry at the cut belongs to the left unless that is full.
 */
static struct cd_tree_node *side(
	struct cd_tree_node *left, struct cd_tree_node *right, unsigned s, unsigned *i)
{
	if (*i < s || (*i == s && s < CD_TREE_FAN))
		return left;
	*i -= s;
	return right;
}

/* The new right neighbour of child i, if it was split; returns the new neighbour of the node itself. */
static struct cd_tree_node *adopt(
	struct cd_edit *e, struct cd_tree_node *node, unsigned i, struct cd_tree_node *fresh, bool dense)
{
	node->count[i] = cd_node_total(node->child[i]);
	struct cd_tree_node *right = NULL;
	unsigned at = i + 1;
	if (node->n == CD_TREE_FAN) {
		unsigned s = dense && at == node->n ? CD_TREE_FAN : CD_TREE_FAN / 2;
		right = split(e, node, s);
		node = side(node, right, s, &at);
	}
	open_gap(node, at);
	node->key[at] = fresh->key[0];
	node->child[at] = fresh;
	node->count[at] = cd_node_total(fresh);
	return right;
}

static void grow_top(struct cd_edit *e, struct cd_tree *t, struct cd_tree_node *right)
{
	struct cd_tree_node *left = t->top, *top = cd_node_new(e, left->level + 1u);
	top->n = 2;
	top->key[0] = (struct cd_key){0, 0};
	top->key[1] = right->key[0];
	top->child[0] = left;
	top->child[1] = right;
	top->count[0] = cd_node_total(left);
	top->count[1] = cd_node_total(right);
	t->top = top;
}

static void insert(struct cd_edit *e, struct cd_tree *t, struct path *p, struct cd_key key, uint64_t value)
{
	unsigned d = p->depth - 1, i = p->i[d];
	struct cd_tree_node *leaf = p->node[d], *right = NULL;
	bool dense = false;
	if (leaf->n == CD_TREE_FAN) {
		unsigned s = split_point(p, leaf, i, key);
		dense = s == CD_TREE_FAN;
		right = split(e, leaf, s);
		leaf = side(leaf, right, s, &i);
	}
	open_gap(leaf, i);
	leaf->key[i] = key;
	leaf->value[i] = value;
	while (d-- > 0) {
		if (right)
			right = adopt(e, p->node[d], p->i[d], right, dense);
		else
			p->node[d]->count[p->i[d]]++;
	}
	if (right)
		grow_top(e, t, right);
}

cd_code cd_tree_put(struct cd_edit *e, struct cd_tree *t, struct cd_key key, uint64_t value,
	uint64_t *ret_old, bool *ret_was)
{
	struct path p;
	if (!reserve(e, *t))
		return CD_E_NO_MEMORY;
	if (!t->top)
		t->top = cd_node_new(e, 0);
	own_path(e, t, key, &p);
	struct cd_tree_node *leaf = p.node[p.depth - 1];
	unsigned i = p.i[p.depth - 1];
	bool was = i < leaf->n && cd_key_eq(leaf->key[i], key);
	if (ret_was)
		*ret_was = was;
	if (ret_old && was)
		*ret_old = leaf->value[i];
	if (was)
		leaf->value[i] = value;
	else
		insert(e, t, &p, key, value);
	return CD_OK;
}

/* ---- del ---- */

static void close_gap(struct cd_tree_node *node, unsigned at)
{
	move(node, at, node, at + 1, node->n - at - 1u);
	node->n--;
}

static void merge(struct cd_edit *e, struct cd_tree_node *parent, unsigned left)
{
	struct cd_tree_node *a = own(e, &parent->child[left]), *b = parent->child[left + 1];
	move(a, a->n, b, 0, b->n);
	a->key[a->n] = parent->key[left + 1]; /* of a leaf: replaced by its own key below */
	if (a->level == 0 && b->n)
		a->key[a->n] = b->key[0];
	a->n = (uint16_t)(a->n + b->n);
	cd_retire_node(e, b);
	close_gap(parent, left + 1);
	parent->count[left] = cd_node_total(a);
}

static void share(struct cd_edit *e, struct cd_tree_node *parent, unsigned left)
{
	struct cd_tree_node *a = own(e, &parent->child[left]), *b = own(e, &parent->child[left + 1]);
	unsigned half = (a->n + b->n + 1u) / 2;
	if (b->level)
		b->key[0] = parent->key[left + 1];
	if (a->n < half) {
		unsigned k = half - a->n;
		move(a, a->n, b, 0, k);
		move(b, 0, b, k, b->n - k);
		b->n = (uint16_t)(b->n - k);
	} else {
		unsigned k = a->n - half;
		move(b, k, b, 0, b->n);
		move(b, 0, a, half, k);
		b->n = (uint16_t)(b->n + k);
	}
	a->n = (uint16_t)half;
	parent->key[left + 1] = b->key[0];
	parent->count[left] = cd_node_total(a);
	parent->count[left + 1] = cd_node_total(b);
}

/* Child i has too little: together with a neighbour it makes one node that is not quite full, or two halves.
 */
static void refill(struct cd_edit *e, struct cd_tree_node *parent, unsigned i)
{
	unsigned left = i ? i - 1 : 0;
	if (parent->child[left]->n + parent->child[left + 1]->n <= CD_TREE_FAN * 3 / 4)
		merge(e, parent, left);
	else
		share(e, parent, left);
}

static void drop_thin_top(struct cd_edit *e, struct cd_tree *t)
{
	while (t->top->level && t->top->n == 1) {
		struct cd_tree_node *only = t->top->child[0];
		cd_retire_node(e, t->top);
		t->top = only;
	}
}

/* The path to the key, with at least two children in the leaf's parent. */
static void own_path_to_del(struct cd_edit *e, struct cd_tree *t, struct cd_key key, struct path *p)
{
	drop_thin_top(e, t);
	struct cd_tree_node *node = own(e, &t->top);
	while (node->level > 1) {
		unsigned i = cd_node_child(node, key);
		if (node->child[i]->n == 1)
			refill(e, node, i);
		node = own(e, &node->child[cd_node_child(node, key)]);
	}
	own_path(e, t, key, p);
}

cd_code cd_tree_del(struct cd_edit *e, struct cd_tree *t, struct cd_key key, uint64_t *ret_old, bool *ret_was)
{
	uint64_t old;
	bool was = cd_tree_get(*t, key, &old);
	if (was && !reserve(e, *t))
		return CD_E_NO_MEMORY;
	if (ret_was)
		*ret_was = was;
	if (!was)
		return CD_OK;
	if (ret_old)
		*ret_old = old;
	struct path p;
	own_path_to_del(e, t, key, &p);
	unsigned d = p.depth - 1;
	close_gap(p.node[d], p.i[d]);
	while (d-- > 0) {
		struct cd_tree_node *node = p.node[d];
		node->count[p.i[d]]--;
		if (p.node[d + 1]->n < CD_TREE_MIN && node->n > 1)
			refill(e, node, p.i[d]);
	}
	drop_thin_top(e, t);
	return CD_OK;
}

/* ---- whole trees ---- */

static void drop(struct cd_edit *e, struct cd_tree_node *node)
{
	for (unsigned i = 0; node->level && i < node->n; i++)
		drop(e, node->child[i]);
	cd_retire_node(e, node);
}

void cd_tree_drop(struct cd_edit *e, struct cd_tree *t)
{
	if (t->top)
		drop(e, t->top);
	t->top = NULL;
}

/* A node of this edit may have older ones below it, never the other way round. */
static void abort_node(struct cd_edit *e, struct cd_tree_node *node)
{
	if (node->life.born != e->edition)
		return;
	for (unsigned i = 0; node->level && i < node->n; i++)
		abort_node(e, node->child[i]);
	cd_retire_node(e, node);
}

void cd_tree_abort(struct cd_edit *e, struct cd_tree *t)
{
	if (t->top)
		abort_node(e, t->top);
	t->top = NULL;
}
