/* Who reads an error wants to see what was wrong, not only where. */
#include "ngsild/params.h"
#include "ngsild/request.h"

enum { READ_MAX = 4096 }; /* of a long value */

/* A token of a pointer: ~1 is a slash, ~0 a tilde. [RFC 6901 4] */
static cd_str unescape(struct cd_arena *arena, cd_str token)
{
	char *p = cd_arena_alloc(arena, token.n + 1);
	size_t n = 0;
	for (size_t i = 0; p && i < token.n; i++) {
		bool escaped = token.p[i] == '~' && i + 1 < token.n;
		p[n++] = !escaped ? token.p[i] : token.p[++i] == '1' ? '/' : '~';
	}
	return cd_str_of(p ? p : "", n);
}

static const struct cd_json *item(const struct cd_json *array, cd_str token)
{
	unsigned long long index;
	if (!cd_str_u64(token, &index))
		return NULL;
	const struct cd_json *c = array->child;
	while (c && index-- > 0)
		c = c->next;
	return c;
}

/* NULL: there is nothing. */
static const struct cd_json *at_pointer(struct cd_ngsi *n, const struct cd_json *of, cd_str pointer)
{
	const struct cd_json *v = of ? of : n->body;
	pointer = cd_str_skip(pointer, 1);
	if (of)
		(void)cd_str_cut(&pointer, '/'); /* its index: counting to it would be quadratic in a batch */
	while (v && pointer.p) {
		cd_str token = cd_str_cut(&pointer, '/');
		v = v->kind == CD_JSON_ARRAY ? item(v, token) : cd_json_get(v, unescape(n->cx->arena, token));
	}
	return v;
}

static const char *quote_value(struct cd_ngsi *n, const struct cd_json *v)
{
	const char *text = NULL;
	struct cd_buf b;
	if (v->kind == CD_JSON_STRING && v->text.n > READ_MAX)
		return cd_err_quote(n->cx->arena, v->text);
	cd_buf_init(&b, READ_MAX);
	cd_json_write(&b, v); /* of what is longer, its beginning */
	if (b.n)
		text = cd_err_quote(n->cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return text;
}

static bool about_input(cd_code code)
{
	return code == CD_E_BAD_REQUEST_DATA || code == CD_E_INVALID_REQUEST || code == CD_E_TOO_COMPLEX ||
	       code == CD_E_TOO_MANY_RESULTS;
}

void cd_ngsi_found(struct cd_ngsi *n, const struct cd_json *of, struct cd_err *err)
{
	cd_str where = cd_str_z(err->where);
	if (!about_input(err->code) || where.n == 0 || err->found)
		return;
	if (where.p[0] == '/') {
		const struct cd_json *v = at_pointer(n, of, where);
		err->found = v ? quote_value(n, v) : NULL;
		return;
	}
	for (int i = 0; n->args && i < P_N; i++)
		if ((n->args->given >> i & 1) && cd_str_eq(where, cd_str_z(cd_ngsi_params[i].name)))
			err->found = cd_err_quote(n->cx->arena, n->args->text[i]);
}
