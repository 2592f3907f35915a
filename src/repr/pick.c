/*
 * Projection [CIM 009 4.21]:
 *
 *   list = item *( ("," | "|") item )
 *   item = name [ "{" list "}" ]
 */
#include "model/uri.h"
#include "repr/repr.h"

#include <stdlib.h>

enum { ITEMS_MAX = 1000 };

struct parse {
	struct cd_cx *cx;
	struct cd_ctx *ctx;
	const struct cd_names *names;
	const char *where;
	cd_str rest;
	unsigned depth, items;
};

static cd_code bad(struct parse *p, const char *what)
{
	return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, p->where, "%s", what);
}

static bool take(struct parse *p, char c)
{
	if (p->rest.n == 0 || p->rest.p[0] != c)
		return false;
	p->rest = cd_str_skip(p->rest, 1);
	return true;
}

static int by_term(const void *x, const void *y)
{
	const struct cd_pick_item *a = x, *b = y;
	return (a->term > b->term) - (a->term < b->term);
}

static cd_code parse_list(struct parse *p, struct cd_pick **ret);

static cd_code add_attribute(struct parse *p, struct cd_pick *pick, cd_str name)
{
	struct cd_pick_item *item = &pick->items[pick->n];
	cd_str iri;
	if (!cd_name_ok(name))
		return bad(p, name.n ? "Not the name of a member" : "A name is missing");
	if (p->items++ == ITEMS_MAX)
		return cd_fail(p->cx, CD_E_TOO_COMPLEX, p->where, "More than %d members", ITEMS_MAX);
	item->term = cd_ctx_term(p->ctx, p->cx->arena, p->names, name, &iri);
	if (!iri.p)
		return cd_fail_memory(p->cx);
	pick->attributes = true;
	item->below = NULL;
	if (take(p, '{')) {
		if (p->depth == 0)
			return bad(
				p, "Members of linked entities go with join, and no deeper than joinLevel");
		p->depth--;
		cd_code code = parse_list(p, &item->below);
		p->depth++;
		if (code || !take(p, '}'))
			return code ? code : bad(p, "A brace is not closed");
	}
	pick->n += item->term != 0;
	return CD_OK;
}

static cd_code parse_item(struct parse *p, struct cd_pick *pick)
{
	size_t n = 0;
	while (n < p->rest.n && !strchr(",|{};", p->rest.p[n]))
		n++;
	cd_str name = cd_str_of(p->rest.p, n);
	p->rest = cd_str_skip(p->rest, n);
	bool braces = p->rest.n && p->rest.p[0] == '{';
	if (!braces && cd_str_eq(name, CD_STR("id")))
		pick->id = true;
	else if (!braces && cd_str_eq(name, CD_STR("type")))
		pick->type = true;
	else if (!braces && cd_str_eq(name, CD_STR("scope")))
		pick->scope = true;
	else
		return add_attribute(p, pick, name);
	return CD_OK;
}

static size_t at_most(cd_str s)
{
	size_t n = 1;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == ',' || s.p[i] == '|';
	return n;
}

static cd_code parse_list(struct parse *p, struct cd_pick **ret)
{
	struct cd_pick *pick = *ret = CD_NEW(p->cx->arena, struct cd_pick);
	if (pick)
		pick->items = CD_NEWS(p->cx->arena, struct cd_pick_item, at_most(p->rest));
	if (!pick || !pick->items)
		return cd_fail_memory(p->cx);
	do {
		cd_code code = parse_item(p, pick);
		if (code)
			return code;
	} while (take(p, ',') || take(p, '|'));
	if (pick->n)
		qsort(pick->items, pick->n, sizeof *pick->items, by_term);
	return CD_OK;
}

cd_code cd_pick_parse(struct cd_cx *cx, struct cd_ctx *ctx, const struct cd_names *names, const char *where,
	cd_str text, unsigned depth, struct cd_pick **ret)
{
	struct parse p = {.cx = cx, .ctx = ctx, .names = names, .where = where, .rest = text, .depth = depth};
	cd_code code = parse_list(&p, ret);
	return code ? code : p.rest.n ? bad(&p, "Expected names, separated by commas") : CD_OK;
}

const struct cd_pick_item *cd_pick_find(const struct cd_pick *p, cd_term term)
{
	uint32_t lo = 0, hi = p->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (p->items[mid].term < term)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < p->n && p->items[lo].term == term ? &p->items[lo] : NULL;
}

/* An attribute of which only parts below are left out is still there. */
bool cd_pick_overlap(const struct cd_pick *a, const struct cd_pick *b)
{
	if ((a->id && b->id) || (a->type && b->type) || (a->scope && b->scope))
		return true;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct cd_pick_item *other = cd_pick_find(b, a->items[i].term);
		if (other && !other->below && !a->items[i].below)
			return true;
	}
	return false;
}
