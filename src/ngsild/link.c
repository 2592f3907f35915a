/* Link = #( "<" URI ">" *( ";" name [ "=" ( token | quoted ) ] ) ); commas may stand inside <> and quotes. */
#include "ngsild/link.h"

static const cd_str context_rel = CD_STR_INIT("http://www.w3.org/ns/json-ld#context");

static void skip_blanks(cd_str *s)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t'))
		*s = cd_str_skip(*s, 1);
}

/* A token up to one of `;,=` or a blank, or the inside of a quoted string (escapes are left in). False: no
 * end quote. */
static bool take_word(cd_str *s, cd_str *ret)
{
	skip_blanks(s);
	bool quoted = s->n && s->p[0] == '"';
	size_t i = quoted;
	if (quoted) {
		while (i < s->n && s->p[i] != '"')
			i += s->p[i] == '\\' ? 2 : 1;
		if (i >= s->n)
			return false;
		*ret = cd_str_of(s->p + 1, i - 1);
		*s = cd_str_skip(*s, i + 1);
	} else {
		while (i < s->n && !memchr(";,= \t", s->p[i], 5))
			i++;
		*ret = cd_str_of(s->p, i);
		*s = cd_str_skip(*s, i);
	}
	skip_blanks(s);
	return true;
}

/* One link value; moves on behind its comma. */
static bool take_link(cd_str *s, cd_str *ret_url, bool *ret_context)
{
	*ret_context = false;
	skip_blanks(s);
	size_t end = cd_str_find(*s, '>');
	if (s->n == 0 || s->p[0] != '<' || end == s->n)
		return false;
	*ret_url = cd_str_of(s->p + 1, end - 1);
	*s = cd_str_skip(*s, end + 1);
	skip_blanks(s);
	while (s->n && s->p[0] == ';') {
		cd_str name, value = cd_str_of(NULL, 0);
		*s = cd_str_skip(*s, 1);
		if (!take_word(s, &name))
			return false;
		if (s->n && s->p[0] == '=') {
			*s = cd_str_skip(*s, 1);
			if (!take_word(s, &value))
				return false;
		}
		if (cd_str_eq_nocase(name, CD_STR("rel")) && cd_str_eq(value, context_rel))
			*ret_context = true;
	}
	if (s->n && s->p[0] != ',')
		return false;
	*s = cd_str_skip(*s, 1);
	return true;
}

cd_code cd_link_context(struct cd_http_req *req, cd_str *ret_url)
{
	*ret_url = cd_str_of(NULL, 0);
	cd_str field;
	for (size_t i = 0; (field = cd_http_field_nth(req, CD_STR("link"), i)).p; i++) {
		while (cd_str_trim(field).n) {
			cd_str url;
			bool context;
			if (!take_link(&field, &url, &context))
				return cd_fail(&req->cx, CD_E_BAD_REQUEST_DATA, "Link",
					"The Link header can not be read");
			if (!context)
				continue;
			if (ret_url->n)
				return cd_fail(&req->cx, CD_E_BAD_REQUEST_DATA, "Link",
					"More than one @context; use an array of them in one document");
			if (url.n == 0)
				return cd_fail(
					&req->cx, CD_E_BAD_REQUEST_DATA, "Link", "The @context has no URL");
			*ret_url = url;
		}
	}
	return CD_OK;
}

cd_str cd_link_of_context(struct cd_arena *arena, cd_str url)
{
	const cd_str parts[] = {CD_STR("<"), url,
		CD_STR(">; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"")};
	return cd_arena_join(arena, parts, sizeof parts / sizeof *parts);
}
