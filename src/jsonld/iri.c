/* Resolving a reference against a base. [RFC 3986 5.2] */
#include "jsonld/context_int.h"

bool cd_iri_absolute(cd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (c == ':')
			return i > 0;
		if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
			return false;
	}
	return false;
}

/* Up to and with the authority: "https://host". */
static size_t authority_end(cd_str base)
{
	size_t colon = cd_str_find(base, ':');
	size_t at = colon + 1;
	if (!cd_str_starts(cd_str_skip(base, at), CD_STR("//")))
		return at;
	for (at += 2; at < base.n && !memchr("/?#", base.p[at], 3);)
		at++;
	return at;
}

/* ... without the dot segments of `path`, written behind what `out` holds. [5.2.4] */
static size_t remove_dots(char *out, cd_str path)
{
	size_t n = 0;
	while (path.n) {
		size_t seg = 1;
		while (seg < path.n && path.p[seg] != '/')
			seg++;
		cd_str s = cd_str_of(path.p, seg);
		bool last = seg == path.n;
		path = cd_str_skip(path, seg);
		bool up = cd_str_eq(s, CD_STR("/.."));
		if (!up && !cd_str_eq(s, CD_STR("/."))) {
			memcpy(out + n, s.p, s.n);
			n += s.n;
			continue;
		}
		while (up && n && out[--n] != '/')
			;
		if (last)
			out[n++] = '/';
	}
	return n;
}

static cd_str joined(struct cd_arena *arena, cd_str head, cd_str path, cd_str tail)
{
	char *p = cd_arena_alloc(arena, head.n + path.n + tail.n + 2);
	if (!p)
		return cd_str_of(NULL, 0);
	memcpy(p, head.p, head.n);
	size_t n = head.n + remove_dots(p + head.n, path);
	if (tail.n)
		memcpy(p + n, tail.p, tail.n);
	return cd_str_of(p, n + tail.n);
}

cd_str cd_iri_resolve(struct cd_arena *arena, cd_str base, cd_str ref)
{
	if (cd_iri_absolute(ref) || base.n == 0)
		return ref;
	size_t scheme = cd_str_find(base, ':') + 1, host = authority_end(base), end = host;
	if (scheme > base.n)
		return ref;
	while (end < base.n && base.p[end] != '?' && base.p[end] != '#')
		end++;
	if (cd_str_starts(ref, CD_STR("//")))
		return cd_arena_printf(arena, CD_STR_FMT CD_STR_FMT, (int)scheme, base.p, CD_STR_ARG(ref));
	if (ref.n == 0 || ref.p[0] == '#')
		return cd_arena_printf(arena, CD_STR_FMT CD_STR_FMT, (int)end, base.p, CD_STR_ARG(ref));
	size_t path = 0;
	while (path < ref.n && ref.p[path] != '?' && ref.p[path] != '#')
		path++;
	cd_str tail = cd_str_skip(ref, path), head = cd_str_of(base.p, host);
	if (path == 0)
		return cd_arena_printf(arena, CD_STR_FMT CD_STR_FMT, (int)end, base.p, CD_STR_ARG(ref));
	if (ref.p[0] == '/')
		return joined(arena, head, cd_str_of(ref.p, path), tail);
	size_t slash = end;
	while (slash > host && base.p[slash - 1] != '/')
		slash--;
	cd_str merged = cd_arena_printf(arena, "%s" CD_STR_FMT CD_STR_FMT, slash == host ? "/" : "",
		(int)(slash - host), base.p + host, (int)path, ref.p);
	return merged.p ? joined(arena, head, merged, tail) : merged;
}
