/* The query of a request against the rows of its binding. */
#include "http/router_int.h"

static cd_code bad(struct cd_cx *cx, const struct cd_param *p, const char *what)
{
	return cd_fail(cx, CD_E_BAD_REQUEST_DATA, p->name, "%s", what);
}

static bool uri(cd_str s)
{
	size_t colon = cd_str_find(s, ':');
	if (colon == 0 || colon + 1 >= s.n)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!cd_uri_byte((unsigned char)s.p[i]))
			return false;
	return true;
}

static bool one_of(const char *words, cd_str word)
{
	cd_str rest = cd_str_z(words);
	while (rest.p)
		if (cd_str_eq(cd_str_cut(&rest, '|'), word))
			return true;
	return false;
}

static cd_code check_uint(struct cd_cx *cx, const struct cd_param *p, cd_str text, uint64_t *ret)
{
	unsigned long long v;
	if (!cd_str_u64(text, &v) || v < p->least || v > p->most)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, p->name,
			"Expected a whole number from %llu to %llu", (unsigned long long)p->least,
			(unsigned long long)p->most);
	*ret = v;
	return CD_OK;
}

static cd_code check_list(struct cd_cx *cx, const struct cd_param *p, cd_str text)
{
	while (text.p) {
		cd_str item = cd_str_cut(&text, ',');
		if (p->kind == CD_PARAM_URIS && !uri(item))
			return bad(cx, p, "Expected URIs, separated by commas");
		if (p->kind == CD_PARAM_NAMES && item.n == 0)
			return bad(cx, p, "Expected names, separated by commas");
		/* an unknown keyword is a wrong request, not wrong data */
		if (p->kind == CD_PARAM_WORDS && !one_of(p->words, item))
			return cd_fail(cx, CD_E_INVALID_REQUEST, p->name,
				"Expected words of %s, separated by commas", p->words);
	}
	return CD_OK;
}

static cd_code check(struct cd_cx *cx, const struct cd_param *p, cd_str text, uint64_t *ret)
{
	cd_stamp stamp;
	switch (p->kind) {
	case CD_PARAM_TEXT:
		return CD_OK;
	case CD_PARAM_UINT:
		return check_uint(cx, p, text, ret);
	case CD_PARAM_BOOL:
		*ret = cd_str_eq(text, CD_STR("true"));
		return *ret || cd_str_eq(text, CD_STR("false")) ? CD_OK
								: bad(cx, p, "Expected true or false");
	case CD_PARAM_URI:
		return uri(text) || cd_str_eq(text, CD_STR("@none")) ? CD_OK : bad(cx, p, "Expected a URI");
	case CD_PARAM_URIS:
	case CD_PARAM_NAMES:
	case CD_PARAM_WORDS:
		return check_list(cx, p, text);
	case CD_PARAM_WORD:
		return one_of(p->words, text)
			       ? CD_OK
			       : cd_fail(cx, CD_E_INVALID_REQUEST, p->name, "Expected one of %s", p->words);
	case CD_PARAM_STAMP:
		return cd_stamp_parse(text, &stamp)
			       ? CD_OK
			       : bad(cx, p, "Expected a DateTime: YYYY-MM-DDThh:mm:ss[.ffffff]Z");
	}
	return CD_OK;
}

static const struct cd_route_table *table_of(const struct cd_router *r, const struct cd_route *route)
{
	for (size_t i = 0; i < r->tables_n; i++)
		for (const struct cd_route *at = r->tables[i].routes; at->path; at++)
			if (at == route)
				return &r->tables[i];
	return NULL;
}

/* In a query + stands for a blank [WHATWG URL 5.1]: that is how libraries write it. */
static cd_str form_decode(struct cd_arena *arena, cd_str s)
{
	cd_str copy = memchr(s.p, '+', s.n) ? cd_arena_copy(arena, s) : s;
	char *p = (char *)(uintptr_t)copy.p;
	for (size_t i = 0; p != s.p && p && i < copy.n; i++)
		if (p[i] == '+')
			p[i] = ' ';
	return copy.p ? cd_percent_decode(arena, copy) : copy;
}

static cd_code take(struct cd_cx *cx, const struct cd_route_table *t, const struct cd_route *route,
	cd_str pair, struct cd_args *args)
{
	cd_str rest = pair;
	if (!cd_percent_ok(pair))
		return cd_fail(cx, CD_E_INVALID_REQUEST, "query",
			"A %% in the query is not followed by two hexadecimal digits");
	cd_str name = cd_percent_decode(cx->arena, cd_str_cut(&rest, '='));
	cd_str value = form_decode(cx->arena, rest.p ? rest : CD_STR(""));
	if (!name.p || !value.p)
		return cd_fail_memory(cx);
	for (size_t i = 0; i < t->params_n; i++) {
		if (!(route->params >> i & 1) || !cd_str_eq(name, cd_str_z(t->params[i].name)))
			continue;
		if (args->given >> i & 1)
			return cd_fail(
				cx, CD_E_INVALID_REQUEST, t->params[i].name, "The parameter is there twice");
		args->given |= 1ull << i;
		args->text[i] = value;
		cd_code code = check(cx, &t->params[i], value, &args->uint[i]);
		if (code)
			cx->err.found = cd_err_quote(cx->arena, value);
		return code;
	}
	cd_str copy = cd_arena_copy(cx->arena, name);
	return cd_fail(
		cx, CD_E_INVALID_REQUEST, copy.p ? copy.p : "query", "This parameter is not known here");
}

cd_code cd_router_args(const struct cd_router *r, struct cd_cx *cx, const struct cd_route *route,
	cd_str query, struct cd_args *args)
{
	const struct cd_route_table *t = table_of(r, route);
	cd_code code = CD_OK;
	while (!code && query.p && query.n) {
		cd_str pair = cd_str_cut(&query, '&');
		if (pair.n)
			code = take(cx, t, route, pair, args);
	}
	return code;
}
