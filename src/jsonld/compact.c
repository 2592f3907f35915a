/*
 * The way back: from IRIs to names. [JSON-LD 1.1 API 6.2; CIM 009 5.5.7]
 *
 * Terms are sorted by IRI; of several with one IRI the shortest is the better name, then the least. Prefixes
 * are few and looked at one by one.
 */
#include "jsonld/context_int.h"

#include "base/mem.h"

#include <stdlib.h>

/* Shorter, then less. */
static int better(cd_str a, cd_str b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return cd_str_cmp(a, b);
}

static int by_iri(const void *x, const void *y)
{
	const struct cd_ctx_entry *a = *(const struct cd_ctx_entry *const *)x,
				  *b = *(const struct cd_ctx_entry *const *)y;
	int c = cd_str_cmp(a->def.iri, b->def.iri);
	return c ? c : better(a->name, b->name);
}

bool cd_ctx_seal(struct cd_ctx *c)
{
	uint32_t n = c->slots ? c->mask + 1 : 0;
	c->by_iri = cd_mem_alloc((n + 1) * sizeof *c->by_iri);
	c->prefixes = cd_mem_alloc((n + 1) * sizeof *c->prefixes);
	if (!c->by_iri || !c->prefixes)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct cd_ctx_entry *e = c->slots[i];
		if (!e || e->def.iri.n == 0 || e->def.iri.p[0] == '@')
			continue;
		c->by_iri[c->by_iri_n++] = e;
		if (e->prefix)
			c->prefixes[c->prefixes_n++] = e;
	}
	qsort(c->by_iri, c->by_iri_n, sizeof *c->by_iri, by_iri);
	return true;
}

static const struct cd_ctx_entry *term_of(const struct cd_ctx *c, cd_str iri)
{
	uint32_t lo = 0, hi = c->by_iri_n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (cd_str_cmp(c->by_iri[mid]->def.iri, iri) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->by_iri_n && cd_str_eq(c->by_iri[lo]->def.iri, iri) ? c->by_iri[lo] : NULL;
}

static cd_str best_term(const struct cd_ctx *c, cd_str iri)
{
	const struct cd_ctx *core = cd_ctx_core();
	/* no term of a user's context has the name of a core term: those were passed over */
	const struct cd_ctx_entry *a = term_of(core, iri), *b = c == core ? NULL : term_of(c, iri);
	if (a && b)
		return better(a->name, b->name) <= 0 ? a->name : b->name;
	return a ? a->name : b ? b->name : cd_str_of(NULL, 0);
}

/* Thousands of prefixes may fit one IRI: only one that is no longer than the best so far is written out. */
static void try_prefixes(
	const struct cd_ctx *c, const struct cd_ctx *all, struct cd_arena *arena, cd_str iri, cd_str *best)
{
	for (uint32_t i = 0; i < c->prefixes_n; i++) {
		const struct cd_ctx_entry *e = c->prefixes[i];
		if (iri.n <= e->def.iri.n || !cd_str_starts(iri, e->def.iri))
			continue;
		cd_str rest = cd_str_skip(iri, e->def.iri.n);
		if (cd_str_starts(rest, CD_STR("//"))) /* would be read as an absolute IRI */
			continue;
		size_t n = e->name.n + 1 + rest.n;
		if (best->p && (n > best->n || (n == best->n && cd_str_cmp(e->name, *best) > 0)))
			continue;
		char *text = cd_arena_alloc(arena, n);
		if (!text)
			return; /* the whole IRI is right, too */
		memcpy(text, e->name.p, e->name.n);
		text[e->name.n] = ':';
		memcpy(text + e->name.n + 1, rest.p, rest.n);
		cd_str name = cd_str_of(text, n);
		if (!cd_ctx_find(all, name) && (!best->p || better(name, *best) < 0))
			*best = name;
	}
}

cd_str cd_ctx_compact(const struct cd_ctx *c, struct cd_arena *arena, cd_str iri)
{
	const struct cd_ctx *core = cd_ctx_core();
	cd_str name = best_term(c, iri);
	if (name.p)
		return name;
	cd_str vocab = c->vocab.n ? c->vocab : cd_default_vocab;
	if (iri.n > vocab.n && cd_str_starts(iri, vocab)) {
		cd_str rest = cd_str_skip(iri, vocab.n);
		/* a remainder that means something else would come back as that */
		if (!cd_ctx_find(c, rest) && cd_str_find(rest, ':') == rest.n)
			return rest;
	}
	try_prefixes(core, c, arena, iri, &name);
	if (c != core)
		try_prefixes(c, c, arena, iri, &name);
	return name.p ? name : iri;
}
