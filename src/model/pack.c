/*
 * Building blocks: from loose nodes to one block.
 *
 * First all nodes are laid out breadth first as a list of items (a loose node, or a packed one that is taken
 * over with all below it), siblings sorted. Then the sizes are added up, then everything is written. Times
 * are shared with the newest few that differ: nearly always an entity has one to three, and a longer search
 * would be quadratic.
 */
#include "model/entity.h"

#include <stdlib.h>

enum { SHARE_BACK = 16 };

/* A node to be written. Times of a taken-over node that has none (it came in a fragment) are those of its
 * taker. */
struct item {
	const struct cd_loose *loose; /* NULL: packed */
	const struct cd_ent *of;
	const struct cd_node *node;
	cd_term term;
	cd_stamp created, modified;
	cd_str dataset;
};

struct pack {
	struct cd_cx *cx;
	uint16_t flags; /* those that nodes keep: what only a fragment says stays in it */
	const struct cd_loose_ent *ent;
	struct item *items;
	uint32_t n, max;
	cd_stamp *stamps;
	uint32_t stamps_n;
	struct cd_ent *out;
	char *heap; /* where the next bytes go */
};

/* ---- loose nodes ---- */

struct cd_loose *cd_loose_new(struct cd_arena *arena, cd_term term, enum cd_kind kind)
{
	struct cd_loose *l = CD_NEW(arena, struct cd_loose);
	if (l) {
		l->term = term;
		l->kind = (uint8_t)kind;
		l->created = l->modified = l->observed = l->expires = CD_STAMP_NONE;
	}
	return l;
}

void cd_loose_ent_init(struct cd_loose_ent *e)
{
	*e = (struct cd_loose_ent){
		.created = CD_STAMP_NONE, .modified = CD_STAMP_NONE, .expires = CD_STAMP_NONE};
}

/* A packed child, taken over as it is. */
static struct cd_loose *taken(struct cd_arena *arena, const struct cd_ent *e, const struct cd_node *n)
{
	struct cd_loose *l = cd_loose_new(arena, 0, n->kind);
	if (l) {
		l->of = e;
		l->node = n;
	}
	return l;
}

struct cd_loose *cd_loose_open(struct cd_arena *arena, const struct cd_ent *e, const struct cd_node *n)
{
	struct cd_loose *l = cd_loose_new(arena, n->term, n->kind);
	if (!l)
		return NULL;
	l->value_class = n->value_class;
	l->flags = n->flags;
	l->key = n->key;
	l->created = cd_ent_stamp(e, n->created);
	l->modified = cd_ent_stamp(e, n->modified);
	l->observed = cd_ent_stamp(e, n->observed);
	l->expires = cd_ent_stamp(e, n->expires);
	l->value = cd_node_value(e, n);
	for (int tag = 0; n->metas && tag < CD_META_N; tag++)
		l->meta[tag] = cd_node_meta(e, n, tag);
	struct cd_loose **at = &l->child;
	for (uint32_t i = 0; i < n->children; i++, at = &(*at)->next) {
		*at = taken(arena, e, cd_ent_nodes(e) + n->child + i);
		if (!*at)
			return NULL;
	}
	return l;
}

/* ---- laying out ---- */

static uint32_t count_packed(const struct cd_ent *e, const struct cd_node *n)
{
	uint32_t sum = 1;
	for (uint32_t i = 0; i < n->children; i++)
		sum += count_packed(e, cd_ent_nodes(e) + n->child + i);
	return sum;
}

static uint64_t count_loose(const struct cd_loose *l)
{
	uint64_t sum = 0;
	for (; l; l = l->next)
		sum += l->of ? count_packed(l->of, l->node) : 1 + count_loose(l->child);
	return sum;
}

static void add_packed(
	struct pack *p, const struct cd_ent *e, const struct cd_node *n, const struct item *parent)
{
	struct item *item = &p->items[p->n++];
	*item = (struct item){.of = e,
		.node = n,
		.term = n->term,
		.created = n->created ? cd_ent_stamp(e, n->created) : parent->created,
		.modified = n->modified ? cd_ent_stamp(e, n->modified) : parent->modified,
		.dataset = cd_node_dataset(e, n)};
}

static void add_loose(struct pack *p, const struct cd_loose *l)
{
	struct item *item = &p->items[p->n++];
	if (!l->of) {
		*item = (struct item){.loose = l,
			.term = l->term,
			.created = l->created,
			.modified = l->modified,
			.dataset = l->meta[CD_META_DATASET]};
		return;
	}
	*item = (struct item){.of = l->of,
		.node = l->node,
		.term = l->term ? l->term : l->node->term,
		.created = l->created != CD_STAMP_NONE ? l->created : cd_ent_stamp(l->of, l->node->created),
		.modified =
			l->modified != CD_STAMP_NONE ? l->modified : cd_ent_stamp(l->of, l->node->modified),
		.dataset = cd_node_dataset(l->of, l->node)};
}

static int by_name(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	if (a->term != b->term)
		return a->term < b->term ? -1 : 1;
	return cd_str_cmp(a->dataset, b->dataset);
}

/* Siblings mostly come in order already: they are those of a packed entity. */
static cd_code sort_items(struct pack *p, uint32_t first)
{
	struct item *items = p->items + first;
	uint32_t n = p->n - first;
	bool sorted = true;
	for (uint32_t i = 1; i < n && sorted; i++)
		sorted = by_name(&items[i - 1], &items[i]) < 0;
	if (sorted)
		return CD_OK;
	qsort(items, n, sizeof *items, by_name);
	for (uint32_t i = 1; i < n; i++)
		if (by_name(&items[i - 1], &items[i]) == 0)
			return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, NULL,
				"Two instances of one attribute have the same datasetId, or none");
	return CD_OK;
}

static cd_code add_children(struct pack *p, uint32_t i)
{
	const struct item *item = &p->items[i];
	uint32_t first = p->n;
	if (item->loose)
		for (const struct cd_loose *l = item->loose->child; l; l = l->next)
			add_loose(p, l);
	else
		for (uint32_t k = 0; k < item->node->children; k++)
			add_packed(p, item->of, cd_ent_nodes(item->of) + item->node->child + k, item);
	return p->n - first > 1 ? sort_items(p, first) : CD_OK;
}

static cd_code lay_out(struct pack *p)
{
	uint64_t n = count_loose(p->ent->child);
	if (n > p->cx->set->attributes_max)
		return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, NULL,
			"More than %llu attributes and sub-attributes",
			(unsigned long long)p->cx->set->attributes_max);
	p->max = (uint32_t)n;
	p->items = cd_arena_alloc(p->cx->arena, (n ? n : 1) * sizeof *p->items);
	p->stamps = cd_arena_alloc(p->cx->arena, (4 * n + 1) * sizeof *p->stamps);
	if (!p->items || !p->stamps)
		return cd_fail_memory(p->cx);
	for (const struct cd_loose *l = p->ent->child; l; l = l->next)
		add_loose(p, l);
	cd_code code = sort_items(p, 0);
	for (uint32_t i = 0; !code && i < p->n; i++)
		code = add_children(p, i);
	return code;
}

/* ---- writing ---- */

static uint16_t stamp_index(struct pack *p, cd_stamp s)
{
	if (s == CD_STAMP_NONE)
		return 0;
	uint32_t n = p->stamps_n, least = n > SHARE_BACK ? n - SHARE_BACK : 0;
	for (uint32_t i = n; i > least; i--)
		if (p->stamps[i - 1] == s)
			return (uint16_t)i;
	p->stamps[p->stamps_n++] = s;
	return (uint16_t)p->stamps_n;
}

static size_t round8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static size_t packed_metas_bytes(const struct cd_ent *e, const struct cd_node *n)
{
	size_t at = n->meta_at;
	for (unsigned i = 0; i < n->metas; i++) {
		uint32_t head[2];
		memcpy(head, (const char *)e + at, sizeof head);
		at += sizeof head + round8(head[1]);
	}
	return at - n->meta_at;
}

static size_t item_bytes(const struct item *item)
{
	if (!item->loose)
		return round8(item->node->value.n) + packed_metas_bytes(item->of, item->node);
	size_t n = round8(item->loose->value.n);
	for (int tag = 0; tag < CD_META_N; tag++)
		if (item->loose->meta[tag].p)
			n += 8 + round8(item->loose->meta[tag].n);
	return n;
}

/* Bytes with zeroes up to the next multiple of 8: equal content, equal block. */
static struct cd_ref put_bytes(struct pack *p, cd_str s)
{
	struct cd_ref r = {(uint32_t)(p->heap - (char *)p->out), (uint32_t)s.n};
	size_t n = round8(s.n);
	if (n)
		memset(p->heap + n - 8, 0, 8);
	if (s.n)
		memcpy(p->heap, s.p, s.n);
	p->heap += n;
	return r;
}

static void put_metas(struct pack *p, struct cd_node *n, const struct cd_loose *l)
{
	n->meta_at = (uint32_t)(p->heap - (char *)p->out);
	for (uint32_t tag = 0; tag < CD_META_N; tag++) {
		if (!l->meta[tag].p)
			continue;
		const uint32_t head[2] = {tag, (uint32_t)l->meta[tag].n};
		memcpy(p->heap, head, sizeof head);
		p->heap += sizeof head;
		(void)put_bytes(p, l->meta[tag]);
		n->metas++;
	}
}

static void put_loose(struct pack *p, struct cd_node *n, const struct cd_loose *l)
{
	n->kind = l->kind;
	n->value_class = l->value_class;
	n->flags = l->flags & p->flags;
	n->key = l->key;
	n->value = put_bytes(p, l->value);
	put_metas(p, n, l);
}

static void put_packed(struct pack *p, struct cd_node *n, const struct item *item)
{
	const struct cd_node *from = item->node;
	n->kind = from->kind;
	n->value_class = from->value_class;
	n->flags = from->flags & p->flags;
	n->key = from->key;
	n->value = put_bytes(p, cd_node_value(item->of, from));
	n->metas = from->metas;
	n->meta_at = (uint32_t)(p->heap - (char *)p->out);
	size_t bytes = packed_metas_bytes(item->of, from);
	if (bytes)
		memcpy(p->heap, (const char *)item->of + from->meta_at, bytes);
	p->heap += bytes;
}

/* Times are collected before the table of times is written, so this pass comes first. */
static void put_times(struct pack *p, struct cd_node *nodes)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const struct item *item = &p->items[i];
		bool loose = item->loose != NULL;
		nodes[i].created = stamp_index(p, item->created);
		nodes[i].modified = stamp_index(p, item->modified);
		nodes[i].observed = stamp_index(
			p, loose ? item->loose->observed : cd_ent_stamp(item->of, item->node->observed));
		nodes[i].expires = stamp_index(
			p, loose ? item->loose->expires : cd_ent_stamp(item->of, item->node->expires));
	}
}

static uint32_t children_of(const struct item *item)
{
	uint32_t n = 0;
	if (!item->loose)
		return item->node->children;
	for (const struct cd_loose *l = item->loose->child; l; l = l->next)
		n++;
	return n;
}

static void put_nodes(struct pack *p, struct cd_node *nodes)
{
	uint32_t next = p->out->tops;
	for (uint32_t i = 0; i < p->n; i++) {
		const struct item *item = &p->items[i];
		nodes[i].term = item->term;
		nodes[i].children = (uint16_t)children_of(item);
		nodes[i].child = nodes[i].children ? next : 0;
		next += nodes[i].children;
		if (item->loose)
			put_loose(p, &nodes[i], item->loose);
		else
			put_packed(p, &nodes[i], item);
	}
}

static void put_head(struct pack *p, uint32_t tops)
{
	const struct cd_loose_ent *in = p->ent;
	*p->out = (struct cd_ent){
		.flags = in->flags,
		.number = in->number,
		.revision = in->revision,
		.created = in->created,
		.modified = in->modified,
		.expires = in->expires,
		.nodes = p->n,
		.tops = tops,
		.stamps = (uint16_t)p->stamps_n,
		.types = (uint16_t)in->types_n,
		.scopes = (uint16_t)in->scopes_n,
	};
}

static int by_bytes(const void *a, const void *b)
{
	return cd_str_cmp(*(const cd_str *)a, *(const cd_str *)b);
}

static int by_number(const void *a, const void *b)
{
	cd_term x = *(const cd_term *)a, y = *(const cd_term *)b;
	return (x > y) - (x < y);
}

/* Sorted and distinct copies of types and scopes. */
static cd_code tidy_lists(struct pack *p, struct cd_loose_ent *tidy)
{
	cd_term *types = cd_arena_alloc(p->cx->arena, (tidy->types_n + 1) * sizeof *types);
	cd_str *scopes = cd_arena_alloc(p->cx->arena, (tidy->scopes_n + 1) * sizeof *scopes);
	uint32_t n = 0;
	if (!types || !scopes)
		return cd_fail_memory(p->cx);
	if (tidy->types_n > p->cx->set->types_max || tidy->scopes_n > p->cx->set->types_max)
		return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, NULL, "More than %llu types or scopes",
			(unsigned long long)p->cx->set->types_max);
	if (tidy->types_n)
		memcpy(types, tidy->types, tidy->types_n * sizeof *types);
	if (tidy->scopes_n)
		memcpy(scopes, tidy->scopes, tidy->scopes_n * sizeof *scopes);
	qsort(types, tidy->types_n, sizeof *types, by_number);
	qsort(scopes, tidy->scopes_n, sizeof *scopes, by_bytes);
	for (uint32_t i = 0; i < tidy->types_n; i++)
		if (n == 0 || types[n - 1] != types[i])
			types[n++] = types[i];
	tidy->types_n = n;
	tidy->types = types;
	n = 0;
	for (uint32_t i = 0; i < tidy->scopes_n; i++)
		if (n == 0 || !cd_str_eq(scopes[n - 1], scopes[i]))
			scopes[n++] = scopes[i];
	tidy->scopes_n = n;
	tidy->scopes = scopes;
	return CD_OK;
}

static size_t total_bytes(const struct pack *p)
{
	const struct cd_loose_ent *in = p->ent;
	size_t n = sizeof *p->out + p->stamps_n * sizeof(cd_stamp) + p->n * sizeof(struct cd_node) +
		   in->scopes_n * sizeof(struct cd_ref) + round8(in->types_n * sizeof(cd_term)) +
		   round8(in->id.n);
	for (uint32_t i = 0; i < in->scopes_n; i++)
		n += round8(in->scopes[i].n);
	for (uint32_t i = 0; i < p->n; i++)
		n += item_bytes(&p->items[i]);
	return n;
}

static void write_tables(struct pack *p, struct cd_node *times)
{
	const struct cd_loose_ent *in = p->ent;
	if (p->stamps_n)
		memcpy((void *)(uintptr_t)cd_ent_stamps(p->out), p->stamps, p->stamps_n * sizeof *p->stamps);
	struct cd_node *nodes = (struct cd_node *)(uintptr_t)cd_ent_nodes(p->out);
	if (p->n)
		memcpy(nodes, times, p->n * sizeof *nodes);
	struct cd_ref *scopes = (struct cd_ref *)(uintptr_t)cd_ent_scopes(p->out);
	cd_term *types = (cd_term *)(uintptr_t)cd_ent_types(p->out);
	size_t types_bytes = round8(in->types_n * sizeof *types);
	if (types_bytes)
		memset((char *)types + types_bytes - 8, 0, 8);
	if (in->types_n)
		memcpy(types, in->types, in->types_n * sizeof *types);
	p->heap = (char *)types + types_bytes;
	p->out->id = put_bytes(p, in->id);
	for (uint32_t i = 0; i < in->scopes_n; i++)
		scopes[i] = put_bytes(p, in->scopes[i]);
	put_nodes(p, nodes);
}

cd_code cd_ent_pack(struct cd_cx *cx, const struct cd_loose_ent *in, struct cd_ent **ret)
{
	struct cd_loose_ent tidy = *in;
	struct pack p = {.cx = cx,
		.ent = &tidy,
		.flags = in->flags & CD_ENT_FRAGMENT ? CD_NODE_OF_FRAGMENT : CD_NODE_GONE};
	uint32_t tops = 0;
	if (tidy_lists(&p, &tidy) || lay_out(&p))
		return cx->err.code;
	for (const struct cd_loose *l = in->child; l; l = l->next)
		tops++;
	struct cd_node *times = CD_NEWS(cx->arena, struct cd_node, p.n + 1);
	if (!times)
		return cd_fail_memory(cx);
	put_times(&p, times);
	size_t bytes = total_bytes(&p);
	if (bytes > cx->set->entity_max)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "The entity is larger than %llu bytes",
			(unsigned long long)cx->set->entity_max);
	if (p.stamps_n > UINT16_MAX)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "More than %d different times in one entity",
			UINT16_MAX);
	p.out = cd_arena_alloc(cx->arena, bytes);
	if (!p.out)
		return cd_fail_memory(cx);
	put_head(&p, tops);
	p.out->bytes = (uint32_t)bytes;
	write_tables(&p, times);
	*ret = p.out;
	return CD_OK;
}

/* ---- renaming ---- */

static struct cd_loose *renamed(
	struct cd_arena *arena, const struct cd_ent *e, const struct cd_node *n, const cd_term *map)
{
	struct cd_loose *l = cd_loose_open(arena, e, n);
	if (!l)
		return NULL;
	if (l->term & CD_TERM_LOCAL)
		l->term = map[l->term & ~CD_TERM_LOCAL];
	struct cd_loose **at = &l->child;
	for (uint32_t i = 0; i < n->children; i++, at = &(*at)->next) {
		*at = renamed(arena, e, cd_ent_nodes(e) + n->child + i, map);
		if (!*at)
			return NULL;
	}
	return l;
}

cd_code cd_ent_rename(struct cd_cx *cx, const struct cd_ent *e, const cd_term *map, struct cd_ent **ret)
{
	struct cd_loose_ent out;
	cd_loose_ent_init(&out);
	cd_term *types = CD_NEWS(cx->arena, cd_term, e->types + 1u);
	cd_str *scopes = CD_NEWS(cx->arena, cd_str, e->scopes + 1u);
	if (!types || !scopes)
		return cd_fail_memory(cx);
	for (unsigned i = 0; i < e->types; i++) {
		cd_term t = cd_ent_types(e)[i];
		types[i] = t & CD_TERM_LOCAL ? map[t & ~CD_TERM_LOCAL] : t;
	}
	for (unsigned i = 0; i < e->scopes; i++)
		scopes[i] = cd_ent_at(e, cd_ent_scopes(e)[i]);
	out.id = cd_ent_id(e);
	out.flags = e->flags;
	out.number = e->number;
	out.revision = e->revision;
	out.created = e->created;
	out.modified = e->modified;
	out.expires = e->expires;
	out.types = types;
	out.types_n = e->types;
	out.scopes = scopes;
	out.scopes_n = e->scopes;
	struct cd_loose **at = &out.child;
	for (uint32_t i = 0; i < e->tops; i++, at = &(*at)->next) {
		*at = renamed(cx->arena, e, cd_ent_nodes(e) + i, map);
		if (!*at)
			return cd_fail_memory(cx);
	}
	return cd_ent_pack(cx, &out, ret);
}
