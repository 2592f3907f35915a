/*
 * jsonld/context.h -- a compiled @context: short names to IRIs and back. [JSON-LD 1.1 4.1; CIM 009 5.5.5
 * to 5.5.7]
 *
 * A compiled context is immutable, shared by all threads and counted. It holds the user's context with the
 * NGSI-LD core context behind it: core terms are protected, a user context cannot change them. It interns
 * nothing: the number of a name (cd_term) is looked up in the twin's table when first asked for and
 * remembered in a lock-free slot once the name exists; so is the way back, from a number to the shortest
 * name.
 */
#ifndef CD_JSONLD_CONTEXT_H
#define CD_JSONLD_CONTEXT_H

#include "base/cx.h"
#include "base/names.h"
#include "json/json.h"

struct cd_ctx;

struct cd_ctx *cd_ctx_ref(struct cd_ctx *);
void cd_ctx_unref(struct cd_ctx *);

/* ---- names ---- */

/* What a term's definition says about its values. */
enum cd_ctx_coerce {
	CD_COERCE_NONE,
	CD_COERCE_ID,    /* "@type": "@id" */
	CD_COERCE_VOCAB, /* "@type": "@vocab" */
	CD_COERCE_JSON,  /* "@type": "@json" */
	CD_COERCE_TYPED, /* "@type": some IRI; see cd_ctx_def.type */
};
enum {
	CD_CONTAINER_LIST = 1,
	CD_CONTAINER_SET = 2,
	CD_CONTAINER_LANGUAGE = 4,
	CD_CONTAINER_INDEX = 8,
	CD_CONTAINER_ID = 16,
	CD_CONTAINER_TYPE = 32,
	CD_CONTAINER_GRAPH = 64
};
struct cd_ctx_def {
	cd_str iri; /* expanded; "@id", "@type" for aliases of keywords; n == 0: the term is mapped to null */
	enum cd_ctx_coerce coerce;
	cd_str type; /* CD_COERCE_TYPED */
	uint32_t containers;
	bool core; /* defined (and protected) by the core context */
};
/* The definition of exactly this term, or NULL. Borrowed from the context. */
const struct cd_ctx_def *cd_ctx_find(const struct cd_ctx *, cd_str name);

/*
 * The IRI of a name in vocabulary position (types, attribute names): the term's IRI, else prefix:suffix
 * expanded, else an absolute IRI as it is, else @vocab + name (default vocabulary of NGSI-LD when the user
 * has none). Borrowed from the context or from `arena`. n == 0: the name is mapped to null; p == NULL: out of
 * memory.
 */
cd_str cd_ctx_expand(const struct cd_ctx *, struct cd_arena *, cd_str name);
/* The same for a value coerced to @id: terms are not tried, @base applies, compact IRIs are expanded. */
cd_str cd_ctx_expand_id(const struct cd_ctx *, struct cd_arena *, cd_str id);

/* The number of a name, 0 when the twin has never stored it; *ret_iri (may be NULL) as cd_ctx_expand. Hot
 * path: no allocation and no hashing of the IRI once the name is known. */
cd_term cd_ctx_term(
	struct cd_ctx *, struct cd_arena *, const struct cd_names *, cd_str name, cd_str *ret_iri);

/*
 * The shortest usable name of an IRI: a term whose IRI is exactly that, else the @vocab remainder, else
 * prefix:suffix, else the IRI. Under the default vocabulary, a remainder that the user maps elsewhere becomes
 * "ngsi-ld:default-context/x". Borrowed from the context or from `arena`.
 */
cd_str cd_ctx_compact(const struct cd_ctx *, struct cd_arena *, cd_str iri);
/* The same for a number, remembered. Hot path. Borrowed from the context. */
cd_str cd_ctx_name(struct cd_ctx *, struct cd_arena *, const struct cd_names *, cd_term);

/* The context as its client gave it: text of a JSON string, array or object, compact. The core context alone:
 * its URL. */
cd_str cd_ctx_source(const struct cd_ctx *);
/* The one URL that stands for it in a Link header; empty when there is none (an inline object, several URLs).
 */
cd_str cd_ctx_link(const struct cd_ctx *);
/* Stable hash of the source text. */
uint64_t cd_ctx_id(const struct cd_ctx *);

/* The core context alone (version 1.9). Borrowed for the life of the program; NULL when memory ran out at its
 * first use, which cd_ctx_cache_new and cd_ctx_compile report. */
struct cd_ctx *cd_ctx_core(void);
extern const cd_str cd_core_context_url;
/* One of the published names of the core context (v1.3 to v1.9, exactly; also /ngsi-ld-core-context.jsonld)?
 */
bool cd_ctx_is_core_url(cd_str url);

/* The same as a document: {"@context": {...}}, new in the arena; NULL and the error. Without the scoped
 * context of ngsildproof. */
struct cd_json *cd_ctx_core_document(struct cd_cx *);

/* ---- compiling ---- */

/*
 * Documents that a context names. `get` answers NULL when the document is not here: then the compilation
 * stops, and *ret_missing names it; fetch it, and compile again.
 */
struct cd_ctx_docs {
	const struct cd_json *(*get)(void *arg, cd_str url, cd_str *ret_base);
	void *arg;
};
/*
 * Compile the value of a "@context": a URL, an object, or an array of those. `base` resolves relative URLs
 * (may be empty). On success *ret is new (one reference).
 *
 * CD_E_BAD_REQUEST_DATA   invalid context, scoped contexts, a number where a context is expected, over a
 * bound CD_E_CONTEXT_UNAVAIL    a document is missing: *ret_missing (in the arena) says which CD_E_NO_MEMORY
 * also over request_memory another error that docs->get() left in cx goes on as it is
 */
cd_code cd_ctx_compile(struct cd_cx *, const struct cd_json *value, cd_str base, const struct cd_ctx_docs *,
	struct cd_ctx **ret, cd_str *ret_missing);

#endif
