/* Percent-encoding. [RFC 3986 2.1] */
#include "http/router.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of the escape that `s` begins with; -1: it is none. */
static int escaped(cd_str s)
{
	int high = s.n > 2 ? hex(s.p[1]) : -1, low = s.n > 2 ? hex(s.p[2]) : -1;
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool cd_percent_ok(cd_str s)
{
	for (size_t at; (at = cd_str_find(s, '%')) < s.n; s = cd_str_skip(s, at + 3))
		if (escaped(cd_str_skip(s, at)) < 0)
			return false;
	return true;
}

cd_str cd_percent_decode(struct cd_arena *arena, cd_str s)
{
	if (cd_str_find(s, '%') == s.n)
		return s.p ? s : CD_STR("");
	char *out = cd_arena_alloc(arena, s.n);
	size_t n = 0;
	for (size_t i = 0; out && i < s.n; i++) {
		if (s.p[i] != '%') {
			out[n++] = s.p[i];
			continue;
		}
		int byte = escaped(cd_str_skip(s, i));
		if (byte < 0)
			return cd_str_of(NULL, 0);
		out[n++] = (char)byte;
		i += 2;
	}
	return cd_str_of(out, n);
}

static bool unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

void cd_percent_encode(struct cd_buf *b, cd_str s, const char *keep)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (unreserved(c) || (c && strchr(keep, c))) {
			cd_buf_char(b, c);
			continue;
		}
		const char text[3] = {'%', digits[(unsigned char)c >> 4], digits[c & 15]};
		cd_buf_put(b, cd_str_of(text, 3));
	}
}
