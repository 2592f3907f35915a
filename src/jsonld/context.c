/*
 * The compiled context: its life, and the way from names to IRIs and numbers.
 *
 * Core terms come first in every look-up: they are protected. What was found for a name that the twin knows
 * is remembered in a slot of a small table: filled in once with compare-and-swap, never changed, freed with
 * the context. A look-up on the hot path is one hash of the short name and one comparison.
 */
#include "jsonld/context_int.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

/* ---- life ---- */

struct cd_ctx *cd_ctx_new(size_t max_bytes)
{
	struct cd_ctx *c = cd_mem_zalloc(sizeof *c);
	if (!c)
		return NULL;
	atomic_store(&c->refs, 1);
	cd_arena_init(&c->arena, max_bytes);
	return c;
}

struct cd_ctx *cd_ctx_ref(struct cd_ctx *c)
{
	if (c && c != cd_ctx_core())
		atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void cd_ctx_free(struct cd_ctx *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < CD_CTX_MEMOS; i++) {
		cd_mem_free(atomic_load_explicit(&c->by_name[i], memory_order_relaxed));
		cd_mem_free(atomic_load_explicit(&c->by_term[i], memory_order_relaxed));
	}
	cd_mem_free(c->slots);
	cd_mem_free(c->by_iri);
	cd_mem_free(c->prefixes);
	cd_arena_done(&c->arena);
	cd_mem_free(c);
}

void cd_ctx_unref(struct cd_ctx *c)
{
	if (c && c != cd_ctx_core() && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
		cd_ctx_free(c);
}

size_t cd_ctx_bytes(const struct cd_ctx *c)
{
	return sizeof *c + c->arena.used + (c->mask + 1 + c->by_iri_n + c->prefixes_n) * sizeof(void *);
}

cd_str cd_ctx_source(const struct cd_ctx *c)
{
	return c->source;
}

cd_str cd_ctx_link(const struct cd_ctx *c)
{
	return c->link;
}

uint64_t cd_ctx_id(const struct cd_ctx *c)
{
	return c->id;
}

/* ---- entries ---- */

static uint32_t probe(const struct cd_ctx *c, uint64_t hash, cd_str name)
{
	uint32_t i = (uint32_t)hash & c->mask;
	while (c->slots[i] && !cd_str_eq(c->slots[i]->name, name))
		i = (i + 1) & c->mask;
	return i;
}

struct cd_ctx_entry *cd_ctx_own_hashed(const struct cd_ctx *c, uint64_t hash, cd_str name)
{
	return c->slots ? c->slots[probe(c, hash, name)] : NULL;
}

static bool resize(struct cd_ctx *c, uint32_t n)
{
	struct cd_ctx_entry **old = c->slots, **slots = cd_mem_zalloc(n * sizeof *slots);
	uint32_t old_n = old ? c->mask + 1 : 0;
	if (!slots)
		return false;
	c->slots = slots;
	c->mask = n - 1;
	for (uint32_t i = 0; i < old_n; i++)
		if (old[i])
			c->slots[probe(c, cd_hash64(old[i]->name, 0), old[i]->name)] = old[i];
	cd_mem_free(old);
	return true;
}

bool cd_ctx_reserve(struct cd_ctx *c, uint32_t n)
{
	uint32_t size = 32;
	while (n * 2 > size - 1)
		size *= 2;
	return n == 0 || (c->slots && size <= c->mask + 1) || resize(c, size);
}

struct cd_ctx_entry *cd_ctx_add_hashed(struct cd_ctx *c, uint64_t hash, cd_str name)
{
	struct cd_ctx_entry *e = cd_ctx_own_hashed(c, hash, name);
	if (e)
		return e;
	if ((!c->slots || (c->n + 1) * 2 > c->mask) && !resize(c, c->slots ? (c->mask + 1) * 2 : 32))
		return NULL;
	e = CD_NEW(&c->arena, struct cd_ctx_entry);
	if (!e)
		return NULL;
	e->name = cd_arena_copy(&c->arena, name);
	if (!e->name.p)
		return NULL;
	c->slots[probe(c, hash, name)] = e;
	c->n++;
	return e;
}

static const struct cd_ctx_entry *find(const struct cd_ctx *c, cd_str name)
{
	const struct cd_ctx *core = cd_ctx_core();
	uint64_t hash = cd_hash64(name, 0);
	const struct cd_ctx_entry *e = cd_ctx_own_hashed(core, hash, name);
	return e || c == core ? e : cd_ctx_own_hashed(c, hash, name);
}

const struct cd_ctx_def *cd_ctx_find(const struct cd_ctx *c, cd_str name)
{
	const struct cd_ctx_entry *e = find(c, name);
	return e ? &e->def : NULL;
}

/* ---- names to IRIs ---- */

cd_str cd_ctx_join(struct cd_arena *arena, cd_str a, cd_str b)
{
	char *p = cd_arena_alloc(arena, a.n + b.n + 1);
	if (!p)
		return cd_str_of(NULL, 0);
	if (a.n)
		memcpy(p, a.p, a.n);
	if (b.n)
		memcpy(p + a.n, b.p, b.n);
	p[a.n + b.n] = 0;
	return cd_str_of(p, a.n + b.n);
}

bool cd_ctx_expand_compact(const struct cd_ctx *c, struct cd_arena *arena, cd_str name, cd_str *ret)
{
	size_t colon = cd_str_find(name, ':');
	*ret = name;
	if (colon == name.n || colon == 0)
		return false;
	cd_str prefix = cd_str_of(name.p, colon), rest = cd_str_skip(name, colon + 1);
	if (cd_str_starts(rest, CD_STR("//")) || cd_str_eq(prefix, CD_STR("_")))
		return true;
	const struct cd_ctx_entry *e = find(c, prefix);
	if (e && e->prefix)
		*ret = cd_ctx_join(arena, e->def.iri, rest);
	return true;
}

cd_str cd_ctx_expand(const struct cd_ctx *c, struct cd_arena *arena, cd_str name)
{
	const struct cd_ctx_entry *e = find(c, name);
	cd_str iri;
	if (e)
		return e->def.iri.p ? e->def.iri : CD_STR("");
	if (cd_ctx_expand_compact(c, arena, name, &iri) || cd_str_find(name, ':') != name.n)
		return iri;
	return cd_ctx_join(arena, c->vocab.n ? c->vocab : cd_default_vocab, name);
}

cd_str cd_ctx_expand_id(const struct cd_ctx *c, struct cd_arena *arena, cd_str id)
{
	cd_str iri;
	if (cd_ctx_expand_compact(c, arena, id, &iri) || !c->base.n)
		return iri;
	return cd_iri_resolve(arena, c->base, id);
}

/* ---- names to numbers, remembered ---- */

static struct cd_ctx_memo *memo_new(uint64_t hash, cd_term term, cd_str name, cd_str iri)
{
	struct cd_ctx_memo *m = cd_mem_alloc(sizeof *m + name.n + iri.n);
	if (!m)
		return NULL;
	char *text = (char *)(m + 1);
	if (name.n)
		memcpy(text, name.p, name.n);
	if (iri.n)
		memcpy(text + name.n, iri.p, iri.n);
	*m = (struct cd_ctx_memo){hash, term, cd_str_of(text, name.n), cd_str_of(text + name.n, iri.n)};
	return m;
}

/* Into the first free of a few slots; when there is none, it is not remembered. */
static void remember(_Atomic(struct cd_ctx_memo *) *slots, struct cd_ctx_memo *m)
{
	for (unsigned i = 0; m && i < CD_CTX_PROBES; i++) {
		struct cd_ctx_memo *none = NULL;
		if (atomic_compare_exchange_strong_explicit(&slots[(m->hash + i) % CD_CTX_MEMOS], &none, m,
			    memory_order_release, memory_order_relaxed)) /* pairs with recall() */
			return;
	}
	cd_mem_free(m);
}

static const struct cd_ctx_memo *recall_name(struct cd_ctx *c, uint64_t hash, cd_str name)
{
	for (unsigned i = 0; i < CD_CTX_PROBES; i++) {
		const struct cd_ctx_memo *m =
			atomic_load_explicit(&c->by_name[(hash + i) % CD_CTX_MEMOS], memory_order_acquire);
		if (!m)
			return NULL;
		if (m->hash == hash && cd_str_eq(m->name, name))
			return m;
	}
	return NULL;
}

cd_term cd_ctx_term(
	struct cd_ctx *c, struct cd_arena *arena, const struct cd_names *names, cd_str name, cd_str *ret_iri)
{
	uint64_t hash = cd_hash64(name, 1);
	const struct cd_ctx_memo *m = recall_name(c, hash, name);
	if (m) {
		if (ret_iri)
			*ret_iri = m->iri;
		return m->term;
	}
	cd_str iri = cd_ctx_expand(c, arena, name);
	cd_term term = iri.n ? cd_names_find(names, iri) : 0;
	if (term)
		remember(c->by_name, memo_new(hash, term, name, iri));
	if (ret_iri)
		*ret_iri = iri;
	return term;
}

cd_str cd_ctx_name(struct cd_ctx *c, struct cd_arena *arena, const struct cd_names *names, cd_term term)
{
	uint64_t hash = term;
	for (unsigned i = 0; i < CD_CTX_PROBES; i++) {
		const struct cd_ctx_memo *m =
			atomic_load_explicit(&c->by_term[(hash + i) % CD_CTX_MEMOS], memory_order_acquire);
		if (!m)
			break;
		if (m->term == term)
			return m->name;
	}
	cd_str iri = cd_names_text(names, term), name = cd_ctx_compact(c, arena, iri);
	if (iri.n) /* a number not given yet may be given later */
		remember(c->by_term, memo_new(hash, term, name, cd_str_of("", 0)));
	return name;
}
