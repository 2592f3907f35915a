#include "model/uri.h"

#include "json/json.h"

struct range {
	uint32_t first, last;
};
#include "model/unicode_names.inc"

#define IN(table, c) in_ranges((table), sizeof(table) / sizeof *(table), (c))

static bool in_ranges(const struct range *r, size_t n, uint32_t c)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (r[mid].last < c)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && r[lo].first <= c;
}

static bool is_letter(uint32_t c)
{
	return c < 0x80 ? (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') : IN(letters, c);
}

static bool is_number(uint32_t c)
{
	return c < 0x80 ? c >= '0' && c <= '9' : IN(numbers, c);
}

/* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) ":" [RFC 3986 3.1]; its length with the colon, 0: none.
 */
static size_t scheme(cd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (c == ':')
			return i ? i + 1 : 0;
		if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
			return 0;
	}
	return 0;
}

static bool uri_char(uint32_t c)
{
	if (c >= 0x80)
		return !IN(invisible, c);
	return cd_uri_byte((unsigned char)c);
}

bool cd_uri_ok(cd_str s)
{
	size_t n = scheme(s);
	if (n == 0 || n == s.n || !cd_utf8_valid(s))
		return false;
	while (s.n)
		if (!uri_char(cd_utf8_next(&s)))
			return false;
	return true;
}

/* letter *(letter | number | "_") */
static bool plain_name(cd_str s)
{
	if (s.n == 0 || !is_letter(cd_utf8_next(&s)))
		return false;
	while (s.n) {
		uint32_t c = cd_utf8_next(&s);
		if (c != '_' && !is_letter(c) && !is_number(c))
			return false;
	}
	return true;
}

bool cd_name_ok(cd_str s)
{
	if (!cd_utf8_valid(s))
		return false;
	size_t colon = cd_str_find(s, ':');
	if (colon == s.n)
		return plain_name(s);
	/* prefix:name, with a prefix of the same letters, or a full IRI */
	return (plain_name(cd_str_of(s.p, colon)) && plain_name(cd_str_skip(s, colon + 1))) || cd_uri_ok(s);
}

bool cd_scope_ok(cd_str s)
{
	if (!cd_utf8_valid(s))
		return false;
	if (s.n && s.p[0] == '/')
		s = cd_str_skip(s, 1);
	if (s.n == 0)
		return false;
	while (s.p)
		if (!plain_name(cd_str_cut(&s, '/')))
			return false;
	return true;
}

bool cd_language_ok(cd_str tag)
{
	bool first = true;
	if (cd_str_eq(tag, CD_STR("@none")))
		return true;
	while (tag.p) {
		cd_str part = cd_str_cut(&tag, '-');
		if (part.n == 0 || part.n > 8)
			return false;
		for (size_t i = 0; i < part.n; i++) {
			char c = part.p[i];
			bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
			if (!letter && (first || c < '0' || c > '9'))
				return false;
		}
		first = false;
	}
	return !first;
}
