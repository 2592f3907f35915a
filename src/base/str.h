/* base/str.h -- slices of bytes: not owned, maybe without a NUL. */
#ifndef CD_BASE_STR_H
#define CD_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct cd_str {
	const char *p;
	size_t n;
} cd_str;

#define CD_STR(lit) ((cd_str){"" lit, sizeof(lit) - 1}) /* in expressions */
#define CD_STR_INIT(lit)                                                                                     \
	{                                                                                                    \
		"" lit, sizeof(lit) - 1                                                                      \
	}                    /* in static tables */
#define CD_STR_FMT    "%.*s" /* with CD_STR_ARG, for printf */
#define CD_STR_ARG(s) (int)(s).n, (s).p

static inline cd_str cd_str_of(const char *p, size_t n)
{
	cd_str s = {p, n};
	return s;
}

static inline cd_str cd_str_z(const char *z)
{
	return cd_str_of(z, z ? strlen(z) : 0);
}

static inline bool cd_str_eq(cd_str a, cd_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Bytes first, then length: the order of keys everywhere. */
static inline int cd_str_cmp(cd_str a, cd_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static inline bool cd_str_starts(cd_str s, cd_str head)
{
	return s.n >= head.n && (head.n == 0 || memcmp(s.p, head.p, head.n) == 0);
}

static inline cd_str cd_str_skip(cd_str s, size_t n)
{
	return n < s.n ? cd_str_of(s.p + n, s.n - n) : cd_str_of(s.p + s.n, 0);
}

/* Position of the byte, or s.n. */
static inline size_t cd_str_find(cd_str s, char c)
{
	const char *at = s.n ? (const char *)memchr(s.p, c, s.n) : NULL;
	return at ? (size_t)(at - s.p) : s.n;
}

/* Case-insensitive for ASCII, as header names and tokens want it. */
bool cd_str_eq_nocase(cd_str a, cd_str b);

/* Cut at the next `sep`: the part before it comes back, *rest goes on behind it (n == 0, p == NULL at the
 * end). */
cd_str cd_str_cut(cd_str *rest, char sep);

/* Without blanks and tabs at both ends. */
/* Can this byte stand in a URI or IRI? Blanks, controls and <>"{}\\^`| can not. [RFC 3986 2] */
bool cd_uri_byte(unsigned char);
cd_str cd_str_trim(cd_str s);

/* Decimal digits only, no sign, no blank. False when empty, not a number, or above UINT64_MAX. */
bool cd_str_u64(cd_str s, unsigned long long *ret);

#endif
