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
	if (cd_str_starts(ref, CD_STR("//"))) {
		size_t own = until(ref, 2, "/?#", 3);
		cd_str own_head = cd_ctx_join(arena, cd_str_of(base.p, scheme), cd_str_of(ref.p, own));
		return own_head.p ? with_path(arena, own_head, cd_str_of(ref.p + own, path - own), tail)
				  : own_head;
	}
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

/* ---- and back ---- */

/* Bytes of scheme and authority, "http://host". */
static size_t head_of(cd_str iri)
{
	size_t scheme = cd_str_find(iri, ':') + 1;
	return cd_str_starts(cd_str_skip(iri, scheme), CD_STR("//")) ? until(iri, scheme + 2, "/?#", 3)
								     : scheme;
}

/* "../" for each folder of `from` that is not on the way, then what is left of `to`. Paths begin with "/". */
static cd_str relative_path(struct cd_arena *arena, cd_str from, cd_str to, cd_str tail)
{
	size_t common = 0, ups = 0;
	for (size_t i = 0; i < from.n && i < to.n && from.p[i] == to.p[i]; i++)
		if (from.p[i] == '/')
			common = i + 1;
	for (size_t i = common; i < from.n; i++)
		ups += from.p[i] == '/';
	cd_str rest = cd_str_skip(to, common);
	/* a first segment that is empty, has a colon or looks like a keyword is none of those behind "./" */
	bool dot = !ups && (rest.n == 0 || rest.p[0] == '/' || rest.p[0] == '@' ||
				   cd_str_find(rest, ':') < cd_str_find(rest, '/'));
	size_t n = 3 * ups + (dot ? 2 : 0);
	char *p = cd_arena_alloc(arena, n + rest.n + tail.n + 1), *at = p;
	if (!p)
		return cd_str_of(NULL, 0);
	for (size_t i = 0; i < ups; i++, at += 3)
		memcpy(at, "../", 3);
	if (dot)
		memcpy(at, "./", 2);
	memcpy(p + n, rest.p, rest.n);
	if (tail.n)
		memcpy(p + n + rest.n, tail.p, tail.n);
	return cd_str_of(p, n + rest.n + tail.n);
}

cd_str cd_iri_relative(struct cd_arena *arena, cd_str base, cd_str iri)
{
	size_t head = head_of(base);
	if (!cd_iri_absolute(base) || !cd_iri_absolute(iri) || head != head_of(iri) ||
		memcmp(base.p, iri.p, head) != 0)
		return iri;
	size_t base_path = until(base, head, "?#", 2), path = until(iri, head, "?#", 2);
	size_t base_query = until(base, base_path, "#", 1), query = until(iri, path, "#", 1);
	cd_str from = cd_str_of(base.p + head, base_path - head), to = cd_str_of(iri.p + head, path - head);
	cd_str got;
	bool same = cd_str_eq(from, to) && cd_str_eq(cd_str_of(base.p + base_path, base_query - base_path),
						   cd_str_of(iri.p + path, query - path));
	if (same && query < iri.n)
		got = cd_str_skip(iri, query); /* "#fragment" */
	else if (cd_str_eq(from, to) && query > path && !same)
		got = cd_str_skip(iri, path); /* "?query" */
	else if (!from.n || !to.n || from.p[0] != '/' || to.p[0] != '/')
		return iri;
	else
		got = relative_path(arena, from, to, cd_str_skip(iri, path));
	if (!got.p)
		return got;
	cd_str back = cd_iri_resolve(arena, base, got);
	return !back.p ? back : cd_str_eq(back, iri) ? got : iri;
}
