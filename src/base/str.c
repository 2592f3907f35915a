#include "base/str.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool cd_str_eq_nocase(cd_str a, cd_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

cd_str cd_str_cut(cd_str *rest, char sep)
{
	size_t at = cd_str_find(*rest, sep);
	cd_str head = cd_str_of(rest->p, at);
	if (at == rest->n)
		*rest = cd_str_of(NULL, 0);
	else
		*rest = cd_str_of(rest->p + at + 1, rest->n - at - 1);
	return head;
}

cd_str cd_str_trim(cd_str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = cd_str_of(s.p + 1, s.n - 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool cd_str_u64(cd_str s, unsigned long long *ret)
{
	unsigned long long v = 0;
	if (s.n == 0 || s.n > 20)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned char)s.p[i] - '0';
		if (d > 9 || v > (~0ull - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*ret = v;
	return true;
}

bool cd_uri_byte(unsigned char c)
{
	static const bool never[256] = {[0 ... 0x20] = true,
		['<'] = true,
		['>'] = true,
		['"'] = true,
		['{'] = true,
		['}'] = true,
		['\\'] = true,
		['^'] = true,
		['`'] = true,
		['|'] = true,
		[0x7f] = true};
	return !never[c];
}
