/* Link = #( "<" URI ">" *( ";" name [ "=" ( token | quoted ) ] ) ); commas may stand inside <> and quotes. */
#include "jsonld/link.h"

const cd_str cd_link_context_rel = CD_STR_INIT("http://www.w3.org/ns/json-ld#context");

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

bool cd_link_take(cd_str *s, struct cd_link *ret)
{
	*ret = (struct cd_link){.rel = {"", 0}, .type = {"", 0}};
	skip_blanks(s);
	size_t end = cd_str_find(*s, '>');
	if (s->n == 0 || s->p[0] != '<' || end == s->n)
		return false;
	ret->url = cd_str_of(s->p + 1, end - 1);
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
		if (cd_str_eq_nocase(name, CD_STR("rel")) && !ret->rel.n)
			ret->rel = value;
		else if (cd_str_eq_nocase(name, CD_STR("type")) && !ret->type.n)
			ret->type = value;
	}
	if (s->n && s->p[0] != ',')
		return false;
	*s = cd_str_skip(*s, 1);
	return true;
}

bool cd_link_is(const struct cd_link *l, cd_str rel)
{
	cd_str rest = l->rel;
	while (rest.n)
		if (cd_str_eq_nocase(cd_str_cut(&rest, ' '), rel))
			return true;
	return false;
}
