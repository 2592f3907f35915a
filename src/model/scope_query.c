/*
 * Scopes [CIM 009 4.19]: or of ands, as types; an item is a path in which + stands for one level and a last #
 * for anything below, the path itself included. The slash in front may be missing. A + that was not escaped
 * in a URL arrives as a blank.
 */
#include "model/query_int.h"
#include "model/uri.h"

enum { ITEMS_MAX = 1000, NESTING_MAX = 32 };

struct parse {
	struct cd_cx *cx;
	cd_str rest;
	unsigned n, depth;
};

static cd_code parse_any(struct parse *, struct cd_q **ret);

static cd_code bad(struct parse *p, const char *what)
{
	return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "scopeQ", "Not a scope query: %s", what);
}

static bool take(struct parse *p, char c)
{
	if (p->rest.n == 0 || p->rest.p[0] != c)
		return false;
	p->rest = cd_str_skip(p->rest, 1);
	return true;
}

static bool item_ok(cd_str text)
{
	if (text.n && text.p[0] == '/')
		text = cd_str_skip(text, 1);
	while (text.p) {
		cd_str level = cd_str_cut(&text, '/');
		if (cd_str_eq(level, CD_STR("#")))
			return !text.p;
		bool any = cd_str_eq(level, CD_STR("+")) || cd_str_eq(level, CD_STR(" "));
		if (!any && !cd_scope_ok(level))
			return false;
	}
	return true;
}

static cd_code parse_item(struct parse *p, struct cd_q **ret)
{
	if (take(p, '(')) {
		if (++p->depth > NESTING_MAX)
			return bad(p, "too deeply nested");
		cd_code code = parse_any(p, ret);
		p->depth--;
		return code ? code : take(p, ')') ? CD_OK : bad(p, "a parenthesis is not closed");
	}
	size_t n = 0;
	while (n < p->rest.n && !strchr("(),|;", p->rest.p[n]))
		n++;
	cd_str text = cd_str_of(p->rest.p, n);
	p->rest = cd_str_skip(p->rest, n);
	if (n == 0 || !item_ok(text))
		return bad(p, "a level is a name, + or, as the last one, #");
	if (p->n++ == ITEMS_MAX)
		return cd_fail(p->cx, CD_E_TOO_COMPLEX, "scopeQ", "More than %d scopes", ITEMS_MAX);
	*ret = cd_q_new(p->cx->arena, CD_Q_SCOPE);
	if (!*ret)
		return cd_fail_memory(p->cx);
	(*ret)->text = text.p[0] == '/' ? cd_str_skip(text, 1) : text;
	return CD_OK;
}

static cd_code parse_list(struct parse *p, struct cd_q **ret, bool all)
{
	struct cd_q *sum = NULL;
	do {
		struct cd_q *one = NULL;
		cd_code code = all ? parse_item(p, &one) : parse_list(p, &one, true);
		if (code)
			return code;
		sum = all ? cd_q_and(p->cx->arena, sum, one) : cd_q_or(p->cx->arena, sum, one);
		if (!sum)
			return cd_fail_memory(p->cx);
	} while (all ? take(p, ';') : take(p, '|') || take(p, ','));
	*ret = sum;
	return CD_OK;
}

static cd_code parse_any(struct parse *p, struct cd_q **ret)
{
	return parse_list(p, ret, false);
}

cd_code cd_q_scope(struct cd_cx *cx, cd_str text, struct cd_q **ret)
{
	struct parse p = {.cx = cx, .rest = text};
	cd_code code = parse_any(&p, ret);
	return code ? code : p.rest.n ? bad(&p, "something stands behind it") : CD_OK;
}
