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

/* Where one of `stops` comes, from `at` on, or the end. */
static size_t until(cd_str s, size_t at, const char *stops, size_t stops_n)
{
	while (at < s.n && !memchr(stops, s.p[at], stops_n))
		at++;
	return at;
}

/* ... without the dot segments of `path`, written to `out`, which has room for all of it. [5.2.4] */
static size_t remove_dots(char *out, cd_str path)
{
	size_t n = 0;
	while (path.n) {
		bool up = cd_str_starts(path, CD_STR("/../")) || cd_str_eq(path, CD_STR("/.."));
		if (cd_str_starts(path, CD_STR("../"))) {
			path = cd_str_skip(path, 3);
		} else if (cd_str_starts(path, CD_STR("./"))) {
			path = cd_str_skip(path, 2);
		} else if (cd_str_eq(path, CD_STR(".")) || cd_str_eq(path, CD_STR(".."))) {
			path = cd_str_skip(path, path.n);
		} else if (up || cd_str_starts(path, CD_STR("/./")) || cd_str_eq(path, CD_STR("/."))) {
			size_t seg = up ? 3 : 2;
			path = path.n > seg ? cd_str_skip(path, seg) : CD_STR("/");
			while (up && n && out[--n] != '/')
				;
		} else {
			size_t seg = until(path, 1, "/", 1);
			memcpy(out + n, path.p, seg);
			n += seg;
			path = cd_str_skip(path, seg);
		}
	}
	return n;
}

static cd_str with_path(struct cd_arena *arena, cd_str head, cd_str path, cd_str tail)
{
	char *p = cd_arena_alloc(arena, head.n + path.n + tail.n + 1);
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
	size_t colon = cd_str_find(base, ':');
	if (cd_iri_absolute(ref) || colon == base.n)
		return ref;
	size_t scheme = colon + 1, host = scheme;
	bool authority = cd_str_starts(cd_str_skip(base, scheme), CD_STR("//"));
	if (authority)
		host = until(base, scheme + 2, "/?#", 3);
	size_t path_end = until(base, host, "?#", 2), query_end = until(base, path_end, "#", 1);
	size_t path = until(ref, 0, "?#", 2);
	cd_str tail = cd_str_skip(ref, path), head = cd_str_of(base.p, host);
	if (cd_str_starts(ref, CD_STR("//")))
		return cd_ctx_join(arena, cd_str_of(base.p, scheme), ref);
	if (path == 0) /* "", "?query", "#fragment" */
		return cd_ctx_join(
			arena, cd_str_of(base.p, ref.n && ref.p[0] == '?' ? path_end : query_end), ref);
	if (ref.p[0] == '/')
		return with_path(arena, head, cd_str_of(ref.p, path), tail);
	size_t slash = path_end;
	while (slash > host && base.p[slash - 1] != '/')
		slash--;
	cd_str folder = cd_str_of(base.p + host, slash - host);
	if (folder.n == 0 && authority)
		folder = CD_STR("/");
	cd_str merged = cd_ctx_join(arena, folder, cd_str_of(ref.p, path));
	return merged.p ? with_path(arena, head, merged, tail) : merged;
}
