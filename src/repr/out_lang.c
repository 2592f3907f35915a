/* The language filter. [CIM 009 4.15; RFC 4647 3.3, 3.4] */
#include "repr/out_int.h"

#include <stdlib.h>
#include <strings.h>

enum { RANGES_MAX = 64 };

struct weighted {
	cd_str range;
	double weight;
	unsigned place;
};

static int better(const void *x, const void *y)
{
	const struct weighted *a = x, *b = y;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return a->place < b->place ? -1 : 1;
}

static bool range_ok(cd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '*'))
			return false;
	}
	return s.n > 0 && s.n < 64;
}

static bool parse_one(cd_str item, struct weighted *w)
{
	cd_str rest = item;
	w->range = cd_str_trim(cd_str_cut(&rest, ';'));
	w->weight = 1;
	if (rest.p) {
		cd_str q = cd_str_trim(rest);
		if (!cd_str_starts(q, CD_STR("q=")) || !cd_json_is_number(cd_str_skip(q, 2)))
			return false;
		w->weight = cd_json_number(cd_str_skip(q, 2));
	}
	return range_ok(w->range) && w->weight >= 0 && w->weight <= 1;
}

cd_code cd_langs_parse(struct cd_cx *cx, cd_str text, struct cd_langs *ret)
{
	struct weighted w[RANGES_MAX];
	unsigned n = 0;
	while (text.p) {
		if (n == RANGES_MAX || !parse_one(cd_str_cut(&text, ','), &w[n]))
			return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "lang",
				"Expected at most %d language ranges, separated by commas, each perhaps with "
				";q=0.5",
				RANGES_MAX);
		w[n].place = n;
		n += w[n].weight > 0;
	}
	qsort(w, n, sizeof *w, better);
	ret->n = n;
	ret->ranges = CD_NEWS(cx->arena, cd_str, n + 1);
	if (!ret->ranges)
		return cd_fail_memory(cx);
	for (unsigned i = 0; i < n; i++)
		ret->ranges[i] = w[i].range;
	return CD_OK;
}

static bool same(cd_str a, cd_str b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* en fits en and en-GB. */
static const struct cd_json *fitting(const struct cd_json *map, cd_str range)
{
	for (const struct cd_json *m = map->child; m; m = m->next)
		if (same(m->key, range))
			return m;
	for (const struct cd_json *m = map->child; m; m = m->next)
		if (m->key.n > range.n && m->key.p[range.n] == '-' &&
			same(cd_str_of(m->key.p, range.n), range))
			return m;
	return NULL;
}

static const struct cd_json *otherwise(const struct cd_json *map)
{
	const struct cd_json *none = cd_json_get(map, CD_STR("@none"));
	return none ? none : map->child;
}

const struct cd_json *cd_lang_choose(const struct cd_langs *langs, const struct cd_json *map)
{
	for (uint32_t i = 0; i < langs->n; i++) {
		cd_str range = langs->ranges[i];
		if (cd_str_eq(range, CD_STR("*")))
			return otherwise(map);
		/* nl-BE, then nl */
		while (range.n) {
			const struct cd_json *m = fitting(map, range);
			if (m)
				return m;
			while (range.n && range.p[range.n - 1] != '-')
				range.n--;
			range.n -= range.n > 0;
		}
	}
	return otherwise(map);
}
