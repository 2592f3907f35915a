/*
 * The type selection language [CIM 009 4.17]:
 *
 *   or   = and *( ("," | "|") and )
 *   and  = item *( ";" item )              the standard wants parentheses around an and; without is taken too
 *   item = "(" or ")" | name | "*"
 *
 * Names may be IRIs; none of the operators may stand in them.
 */
#include "model/query.h"
#include "model/uri.h"

enum { NAMES_MAX = 1000, NESTING_MAX = 32 };

struct parse {
	struct cd_cx *cx;
	struct cd_ctx *ctx;
	const struct cd_names *names;
	cd_str rest;
	unsigned n, depth;
};

static cd_code parse_or(struct parse *p, struct cd_q **ret);

static cd_code bad(struct parse *p, const char *what)
{
	return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "type", "Not a type selection: %s", what);
}

static bool take(struct parse *p, char c)
{
	if (p->rest.n == 0 || p->rest.p[0] != c)
		return false;
	p->rest = cd_str_skip(p->rest, 1);
	return true;
}

static cd_code parse_name(struct parse *p, struct cd_q *q)
{
	size_t n = 0;
	while (n < p->rest.n && !strchr("(),|;", p->rest.p[n]))
		n++;
	cd_str name = cd_str_of(p->rest.p, n), iri;
	p->rest = cd_str_skip(p->rest, n);
	if (p->n++ == NAMES_MAX)
		return bad(p, "too many names");
	if (cd_str_eq(name, CD_STR("*"))) {
		q->kind = CD_Q_ALWAYS;
		return CD_OK;
	}
	if (!cd_name_ok(name))
		return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "type",
			"\"" CD_STR_FMT "\" is not the name of a type", CD_STR_ARG(name));
	q->term = cd_ctx_term(p->ctx, p->cx->arena, p->names, name, &iri);
	if (!iri.p)
		return cd_fail_memory(p->cx);
	q->kind = q->term ? CD_Q_TYPE : CD_Q_NEVER;
	return CD_OK;
}

static cd_code parse_item(struct parse *p, struct cd_q **ret)
{
	if (take(p, '(')) {
		if (p->depth++ == NESTING_MAX)
			return bad(p, "too many parentheses");
		cd_code code = parse_or(p, ret);
		p->depth--;
		return code || take(p, ')') ? code : bad(p, "a parenthesis is not closed");
	}
	*ret = CD_NEW(p->cx->arena, struct cd_q);
	return *ret ? parse_name(p, *ret) : cd_fail_memory(p->cx);
}

/* One or more of `part`, joined by one of `seps`. */
static cd_code parse_list(struct parse *p, enum cd_q_kind kind, const char *seps,
	cd_code (*part)(struct parse *, struct cd_q **), struct cd_q **ret)
{
	struct cd_q *first;
	cd_code code = part(p, &first);
	struct cd_q **at = &first;
	bool many = false;
	while (!code && p->rest.n && p->rest.p[0] && strchr(seps, p->rest.p[0])) {
		p->rest = cd_str_skip(p->rest, 1);
		at = &(*at)->next;
		code = part(p, at);
		many = true;
	}
	if (code)
		return code;
	*ret = first;
	if (!many)
		return CD_OK;
	*ret = CD_NEW(p->cx->arena, struct cd_q);
	if (!*ret)
		return cd_fail_memory(p->cx);
	(*ret)->kind = kind;
	(*ret)->child = first;
	return CD_OK;
}

static cd_code parse_and(struct parse *p, struct cd_q **ret)
{
	return parse_list(p, CD_Q_AND, ";", parse_item, ret);
}

static cd_code parse_or(struct parse *p, struct cd_q **ret)
{
	return parse_list(p, CD_Q_OR, ",|", parse_and, ret);
}

cd_code cd_q_types(
	struct cd_cx *cx, struct cd_ctx *ctx, const struct cd_names *names, cd_str text, struct cd_q **ret)
{
	struct parse p = {.cx = cx, .ctx = ctx, .names = names, .rest = text};
	struct cd_q *q = NULL;
	cd_code code = parse_or(&p, &q);
	if (!code && p.rest.n)
		code = bad(&p, "something follows it");
	if (!code)
		*ret = q;
	return code;
}
