/* jsonld/context_int.h -- the innards of a compiled context; for the files of this folder. */
#ifndef CD_JSONLD_CONTEXT_INT_H
#define CD_JSONLD_CONTEXT_INT_H

#include "base/hash.h"
#include "jsonld/context.h"

#include <stdatomic.h>

struct cd_ctx_entry {
	cd_str name;
	struct cd_ctx_def def;
	bool prefix; /* may stand before a colon */
};

/* What was looked up once: a name of the twin under this context. Filled in once, never changed. */
struct cd_ctx_memo {
	uint64_t hash;
	cd_term term;
	cd_str name, iri;
};
enum { CD_CTX_MEMOS = 512, CD_CTX_PROBES = 8 };

struct cd_ctx {
	atomic_uint refs;
	struct cd_arena arena;
	cd_str source, link;
	uint64_t id;
	cd_str vocab; /* p == NULL: none of its own; n == 0: switched off */
	cd_str base;
	struct cd_ctx_entry **slots; /* hash table of entries by name */
	uint32_t mask, n;
	struct cd_ctx_entry **by_iri; /* sorted by IRI, then by what makes the better name; no keywords */
	uint32_t by_iri_n;
	struct cd_ctx_entry **prefixes;
	uint32_t prefixes_n;
	_Atomic(struct cd_ctx_memo *)
		by_name[CD_CTX_MEMOS]; /* name to term: set once, release; read acquire */
	_Atomic(struct cd_ctx_memo *) by_term[CD_CTX_MEMOS]; /* term to name */
};

extern const cd_str cd_default_vocab; /* https://uri.etsi.org/ngsi-ld/default-context/ */

struct cd_ctx *cd_ctx_new(size_t max_bytes);      /* empty; NULL when out of memory */
void cd_ctx_free(struct cd_ctx *);                /* whoever still refers to it */
bool cd_ctx_reserve(struct cd_ctx *, uint32_t n); /* room for so many; false: out of memory */
/* Its own entry, core terms not looked at; `hash` is that of cd_hash64(name, 0). */
struct cd_ctx_entry *cd_ctx_own_hashed(const struct cd_ctx *, uint64_t hash, cd_str name);
static inline struct cd_ctx_entry *cd_ctx_own(const struct cd_ctx *c, cd_str name)
{
	return cd_ctx_own_hashed(c, cd_hash64(name, 0), name);
}
/* New or the old one; NULL when out of memory. */
struct cd_ctx_entry *cd_ctx_add_hashed(struct cd_ctx *, uint64_t hash, cd_str name);
static inline struct cd_ctx_entry *cd_ctx_add(struct cd_ctx *c, cd_str name)
{
	return cd_ctx_add_hashed(c, cd_hash64(name, 0), name);
}
/* After the last entry: the way back from IRIs. False: out of memory. */
bool cd_ctx_seal(struct cd_ctx *);
size_t cd_ctx_bytes(const struct cd_ctx *);

/* True when a colon counts: *ret is "prefix:rest" with the prefix's IRI put in, or `name` itself when that is
 * no prefix; ret->p == NULL: out of memory. False: *ret is `name`. */
bool cd_ctx_expand_compact(const struct cd_ctx *, struct cd_arena *, cd_str name, cd_str *ret);
/* Both, one behind the other, as bytes (a name may hold NULs); p == NULL: out of memory. */
cd_str cd_ctx_join(struct cd_arena *, cd_str a, cd_str b);
/* RFC 3986 5: `ref` against `base`. */
cd_str cd_iri_resolve(struct cd_arena *, cd_str base, cd_str ref);
/* The way back: the shortest reference that means `iri` seen from `base`, or `iri`; p == NULL: out of memory.
 */
cd_str cd_iri_relative(struct cd_arena *, cd_str base, cd_str iri);
bool cd_iri_absolute(cd_str);

#endif
