/*
 * Is a block sound? After this, every accessor of entity.h stays inside of it, whatever its bytes are.
 *
 * The order of nodes is breadth first: tops, then the children of node 0, of node 1, ... So one pass proves
 * that the nodes make a forest: the children of each node begin where those of the node before ended, and
 * every node comes behind its parent. There can be no cycle, no node with two parents, and none without.
 *
 * What is stored (no fragment, no delta) is printed as it is, so there every node has a kind and a value.
 */
#include "model/entity.h"
#include "json/json.h"

enum { DEPTH_MAX = 512 };

struct check {
	const struct cd_ent *e;
	const char *base;
	size_t heap; /* offset of the bytes behind the tables */
};

static bool sound_ref(const struct check *c, struct cd_ref r)
{
	return r.at % 8 == 0 && r.at >= c->heap && r.at <= c->e->bytes && r.n <= c->e->bytes - r.at;
}

static bool sound_text(const struct check *c, struct cd_ref r)
{
	return sound_ref(c, r) && cd_utf8_valid(cd_ent_at(c->e, r));
}

static const char *check_tables(struct check *c)
{
	const struct cd_ent *e = c->e;
	uint64_t at = sizeof *e + 8ull * e->stamps + (uint64_t)sizeof(struct cd_node) * e->nodes +
		      (uint64_t)sizeof(struct cd_ref) * e->scopes + ((4ull * e->types + 7) & ~7ull);
	if (at > e->bytes)
		return "the tables do not fit into the block";
	if (e->tops > e->nodes)
		return "more top nodes than nodes";
	c->heap = (size_t)at;
	return NULL;
}

static const char *check_lists(const struct check *c)
{
	const struct cd_ent *e = c->e;
	const cd_term *types = cd_ent_types(e);
	const struct cd_ref *scopes = cd_ent_scopes(e);
	if (!sound_text(c, e->id))
		return "the id lies outside of the block";
	for (unsigned i = 0; i < e->types; i++)
		if (types[i] == 0 || (i && types[i] <= types[i - 1]))
			return "the types are not in order";
	for (unsigned i = 0; i < e->scopes; i++) {
		if (!sound_text(c, scopes[i]))
			return "a scope lies outside of the block";
		if (i && cd_str_cmp(cd_ent_at(e, scopes[i - 1]), cd_ent_at(e, scopes[i])) >= 0)
			return "the scopes are not in order";
	}
	return NULL;
}

static const char *check_metas(const struct check *c, const struct cd_node *n)
{
	uint64_t at = n->meta_at, least = 0;
	if (n->metas && (at % 8 || at < c->heap))
		return "a meta lies outside of the block";
	for (unsigned i = 0; i < n->metas; i++) {
		uint32_t head[2];
		if (at + sizeof head > c->e->bytes)
			return "a meta lies outside of the block";
		memcpy(head, c->base + at, sizeof head);
		if (head[0] < least || head[0] >= CD_META_N)
			return "metas are not in order";
		least = head[0] + 1ull;
		at += sizeof head + ((head[1] + 7ull) & ~7ull);
		if (at > c->e->bytes)
			return "a meta lies outside of the block";
		if (head[0] == CD_META_BOX ? head[1] != 32
					   : !cd_utf8_valid(cd_str_of(
						     c->base + at - ((head[1] + 7ull) & ~7ull), head[1])))
			return "a meta is not of its kind";
	}
	return NULL;
}

/* What the first byte of a value's text must be. */
static bool value_begins(enum cd_value class, char first)
{
	switch (class) {
	case CD_V_NONE:
		return false;
	case CD_V_BOOL:
		return first == 't' || first == 'f';
	case CD_V_NUMBER:
		return first == '-' || (first >= '0' && first <= '9');
	case CD_V_STRING:
	case CD_V_URI:
		return first == '"';
	case CD_V_DATETIME:
		return first == '"' || first == '{';
	case CD_V_ARRAY:
		return first == '[';
	case CD_V_OBJECT:
	case CD_V_GEOMETRY:
		return first == '{';
	case CD_V_NULL:
		return first == 'n';
	}
	return false;
}

static const char *check_node(const struct check *c, const struct cd_node *n)
{
	const struct cd_ent *e = c->e;
	bool stored = !(e->flags & (CD_ENT_FRAGMENT | CD_ENT_DELTA)) || (e->flags & CD_ENT_WHOLE);
	if (stored && (n->kind == CD_KIND_NONE || n->value_class == CD_V_NONE ||
			      (n->flags & (CD_NODE_NULL | CD_NODE_GONE))))
		return "a stored node has no kind or no value";
	if (n->term == 0 || n->kind >= CD_KIND_N || n->value_class > CD_V_NULL)
		return "a node is of no kind";
	if (n->created > e->stamps || n->modified > e->stamps || n->observed > e->stamps ||
		n->expires > e->stamps)
		return "a time lies outside of the block";
	if (n->value.n ? !sound_text(c, n->value) || !value_begins(n->value_class, c->base[n->value.at])
		       : n->value_class != CD_V_NONE)
		return "a value is not of its class";
	return check_metas(c, n);
}

/* Siblings by term, then the default instance, then datasetIds; no two alike. */
static bool ordered(const struct cd_ent *e, const struct cd_node *a, const struct cd_node *b)
{
	if (a->term != b->term)
		return a->term < b->term;
	return cd_str_cmp(cd_node_dataset(e, a), cd_node_dataset(e, b)) < 0;
}

static const char *check_order(const struct check *c, uint32_t first, uint32_t n)
{
	const struct cd_node *nodes = cd_ent_nodes(c->e);
	for (uint32_t i = first + 1; i < first + n; i++)
		if (!ordered(c->e, &nodes[i - 1], &nodes[i]))
			return "attributes are not in order";
	return NULL;
}

static const char *check_nodes(const struct check *c)
{
	const struct cd_ent *e = c->e;
	const struct cd_node *nodes = cd_ent_nodes(e);
	uint32_t next = e->tops, level_end = e->tops, depth = 1;
	for (uint32_t i = 0; i < e->nodes; i++) {
		const char *why = check_node(c, &nodes[i]);
		if (why)
			return why;
		if (i == level_end) {
			level_end = next;
			depth++;
		}
		if (i >= next || depth > DEPTH_MAX)
			return "a node has no parent, or is too deep";
		if (nodes[i].children == 0 ? nodes[i].child != 0 : nodes[i].child != next)
			return "children do not follow one another";
		if (nodes[i].children > e->nodes - next)
			return "more children than nodes";
		next += nodes[i].children;
	}
	if (next != e->nodes)
		return "nodes without a parent";
	const char *why = check_order(c, 0, e->tops);
	for (uint32_t i = 0; !why && i < e->nodes; i++)
		why = check_order(c, nodes[i].child, nodes[i].children);
	return why;
}

const char *cd_ent_validate(const void *block, size_t n)
{
	struct check c = {.e = block, .base = block};
	if (n < sizeof *c.e)
		return "shorter than a header";
	if (c.e->bytes > n || c.e->bytes < sizeof *c.e || c.e->bytes % 8)
		return "its length is wrong";
	const char *why = check_tables(&c);
	if (!why)
		why = check_lists(&c);
	return why ? why : check_nodes(&c);
}
