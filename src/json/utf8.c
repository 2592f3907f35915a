/* UTF-8: valid or not, and one code point after the other. */
#include "json/json.h"

/* Bytes of the sequence that begins at p, 0 when it is none. [Unicode 3.9, table 3-7] */
static size_t sequence(const unsigned char *p, size_t n)
{
	unsigned char c = p[0];
	if (c < 0x80)
		return 1;
	size_t len = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
	if (len == 0 || len > n)
		return 0;
	unsigned char least = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	unsigned char most = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	if (p[1] < least || p[1] > most)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool cd_utf8_valid(cd_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	for (size_t i = 0; i < s.n;) {
		uint64_t eight;
		if (s.n - i >= 8 && (memcpy(&eight, p + i, 8), (eight & 0x8080808080808080u) == 0)) {
			i += 8;
			continue;
		}
		size_t len = sequence(p + i, s.n - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

uint32_t cd_utf8_next(cd_str *s)
{
	const unsigned char *p = (const unsigned char *)s->p;
	size_t len = sequence(p, s->n);
	static const unsigned char mask[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	if (len == 0)
		len = 1; /* not valid: never happens on what the reader let in */
	uint32_t c = p[0] & mask[len];
	for (size_t i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	*s = cd_str_skip(*s, len);
	return c;
}
