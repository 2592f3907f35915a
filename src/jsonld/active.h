/*
 * jsonld/active.h -- active contexts while a document is worked on; for the files of this folder.
 * [JSON-LD 1.1 API 4]
 *
 * An active context is a stack of layers: what one local context defines lies over what was there, so that a
 * context on each of a million nodes copies nothing. A finished layer never changes. Layers that were made
 * from the same local context over the same layer are the same layer (struct cd_jld, cache).
 */
#ifndef CD_JSONLD_ACTIVE_H
#define CD_JSONLD_ACTIVE_H

#include "jsonld/context_int.h"
#include "jsonld/jsonld.h"

struct cd_jld_term { /* a term definition */
	cd_str name;
	cd_str iri;  /* p == NULL: the term is switched off */
	cd_str type; /* "@id", "@vocab", "@json", "@none", or an IRI; p == NULL: none */
	uint32_t containers;
	bool prefix, reverse, guarded; /* guarded: @protected */
	bool has_language, has_direction;
	cd_str language, direction;    /* p == NULL: explicitly none */
	cd_str nest, index;            /* p == NULL: none */
	const struct cd_json *context; /* scoped; NULL: none */
	cd_str context_base;
};

struct cd_jld_entry {
	cd_str name;
	uint64_t hash;
	const struct cd_jld_term *term; /* NULL: not defined, whatever lies below */
	const struct cd_json *todo;     /* in the local context at hand, not read yet */
	struct cd_jld_entry *next;      /* noted behind it */
	bool busy;                      /* being read */
};

struct cd_jld_way; /* inverse.c: from IRIs to the terms of one layer */
struct cd_jld_ctx {
	const struct cd_jld_ctx *under;    /* NULL: the lowest */
	const struct cd_jld_ctx *previous; /* goes on behind the next node; NULL: this one propagates */
	struct cd_jld_entry **slots;       /* by name */
	uint32_t mask, n;
	uint32_t height;            /* layers below */
	uint32_t terms, guarded;    /* in all layers together */
	cd_str base, vocab;         /* p == NULL: none */
	cd_str language, direction; /* p == NULL: none */
	struct cd_jld_way *way;     /* filled in when first asked for */
};

/* A document that was asked for. */
struct cd_jld_doc {
	struct cd_jld_doc *next;
	cd_str url, base;
	const struct cd_json *root;
};

struct cd_jld_made; /* made.c: layers by what they were made of */
struct cd_jld_slot {
	const struct cd_json *object;
	struct cd_json *member;
};

/* One piece of work. */
struct cd_jld {
	struct cd_cx *cx;
	struct cd_arena *arena; /* of layers; what only has to be checked goes into one of its own */
	const struct cd_ctx_docs *docs;
	const struct cd_ctx *over; /* NGSI-LD: these terms stand over all contexts, and its rules hold */
	bool old, keep_arrays;
	cd_str base; /* of the document */
	enum cd_jld_error error;
	cd_str missing;
	struct cd_jld_doc *loaded;
	unsigned loaded_n;
	unsigned chain; /* definitions that wait for one they refer to */
	uint64_t work;  /* definitions read and copied: what contexts that multiply one another run up against
			 */
	struct cd_jld_made **made;
	uint32_t made_mask, made_n;
	struct cd_jld_slot *members; /* values.c: members of objects with many */
	size_t members_mask, members_n;
};
static inline bool cd_jld_failed(const struct cd_jld *j)
{
	return j->cx->err.code != CD_OK;
}

/* Fails with an error of the standard; `at` (may be NULL) is the place. */
cd_code cd_jld_fail(struct cd_jld *, enum cd_jld_error, const struct cd_json *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* ... because a document is not here. */
void cd_jld_missing(struct cd_jld *, const struct cd_json *at, cd_str url);
/* More definitions were read, or terms looked at: false when that is too much. */
bool cd_jld_effort(struct cd_jld *, uint64_t more);

/* ---- layers ---- */

struct cd_jld_ctx *cd_jld_ctx_new(struct cd_jld *); /* the initial context; NULL and the error */
struct cd_jld_ctx *cd_jld_ctx_over(struct cd_jld *, const struct cd_jld_ctx *);
struct cd_jld_entry *cd_jld_own(const struct cd_jld_ctx *, cd_str name);
/* Its own entry, made from what lies below when there is none; `hash` is that of cd_hash64(name, 0). */
struct cd_jld_entry *cd_jld_touch(struct cd_jld *, struct cd_jld_ctx *, uint64_t hash, cd_str name);
void cd_jld_set(struct cd_jld *, struct cd_jld_ctx *, struct cd_jld_entry *, const struct cd_jld_term *);
const struct cd_jld_term *cd_jld_find(const struct cd_jld_ctx *, cd_str name); /* NULL: not defined */

/* ---- names and IRIs ---- */

bool cd_jld_keyword(cd_str);
bool cd_jld_keyword_like(cd_str); /* "@" and letters */
static inline bool cd_jld_is(cd_str s, const char *word)
{
	size_t n = strlen(word);
	return s.n == n && memcmp(s.p, word, n) == 0;
}

/* A local context being read: what its terms refer to is defined first. */
struct cd_jld_how {
	cd_str base;                      /* of the document the context stands in */
	const struct cd_jld_trail *trail; /* remote contexts it came through */
	bool override;                    /* protected terms may be redefined: property-scoped */
	bool apart;                       /* does not propagate: type-scoped */
	bool lenient;                     /* scoped contexts are looked at once, not in circles */
};
struct cd_jld_trail {
	const struct cd_jld_trail *up;
	cd_str url;
	unsigned n;
};
struct cd_jld_reading {
	struct cd_jld_ctx *ctx;
	const struct cd_jld_how *how;
	bool guarded;                       /* @protected of the whole */
	struct cd_jld_entry *first, **last; /* what was noted */
};

enum { CD_JLD_VOCAB = 1, CD_JLD_RELATIVE = 2 };
/* IRI expansion; p == NULL: null, or failed. `reading` NULL: outside of context processing. [5.2] */
cd_str cd_jld_iri(struct cd_jld *, const struct cd_jld_ctx *, cd_str value, unsigned flags,
	struct cd_jld_reading *reading);
cd_code cd_jld_define(struct cd_jld *, struct cd_jld_reading *, struct cd_jld_entry *); /* [4.2] */
cd_code cd_jld_define_first(struct cd_jld *, struct cd_jld_reading *, cd_str name);
/* Is the scoped context of a term one? [4.2, 21] */
cd_code cd_jld_check_scoped(struct cd_jld *, const struct cd_jld_reading *, const struct cd_jld_term *);

/* The context that `local` makes of `active`; NULL and the error. [4.1] */
const struct cd_jld_ctx *cd_jld_process(struct cd_jld *, const struct cd_jld_ctx *active,
	const struct cd_json *local, const struct cd_jld_how *);
/* The same for the @context of a node, and for the scoped one of a term: made once for each active context.
 * Without one `active` comes back as it is. */
const struct cd_jld_ctx *cd_jld_embedded(
	struct cd_jld *, const struct cd_jld_ctx *active, const struct cd_json *local);
const struct cd_jld_ctx *cd_jld_scoped(struct cd_jld *, const struct cd_jld_ctx *active,
	const struct cd_jld_term *, bool override, bool apart);

/* ---- the way back ---- */

/* IRI compaction; p == NULL only when failed. `value` may be NULL. [6.2] */
cd_str cd_jld_compact_iri(struct cd_jld *, const struct cd_jld_ctx *, cd_str iri, const struct cd_json *value,
	bool vocab, bool reverse);
/* The name of a keyword. */
cd_str cd_jld_alias(struct cd_jld *, const struct cd_jld_ctx *, const char *keyword);

/* ---- trees: NULL goes through all of these, and the error is in j->cx ---- */

struct cd_json *cd_jld_object(struct cd_jld *);
struct cd_json *cd_jld_array(struct cd_jld *);
struct cd_json *cd_jld_null(struct cd_jld *);
struct cd_json *cd_jld_string(struct cd_jld *, cd_str);
struct cd_json *cd_jld_copy(struct cd_jld *, const struct cd_json *); /* deep */
bool cd_jld_equal(const struct cd_json *, const struct cd_json *);    /* exactly: order, text of numbers */
uint64_t cd_jld_hash(const struct cd_json *);
struct cd_json *cd_jld_get(const struct cd_json *object, const char *key);                /* few members */
struct cd_json *cd_jld_member(struct cd_jld *, const struct cd_json *object, cd_str key); /* many */
/* The text of a member that is a string; p == NULL: there is none. */
cd_str cd_jld_text(const struct cd_json *object, const char *key);
/* Put `value` under `key`, in place of what was there. */
void cd_jld_put(struct cd_jld *, struct cd_json *object, cd_str key, struct cd_json *value);
/* The same with a string, or null where s.p == NULL. */
void cd_jld_put_text(struct cd_jld *, struct cd_json *object, const char *key, cd_str s);
/* Add value, of the standard: one stays alone unless as_array, more make an array. Takes `value` apart. */
void cd_jld_add(struct cd_jld *, struct cd_json *object, cd_str key, struct cd_json *value, bool as_array);
void cd_jld_drop(struct cd_jld *, struct cd_json *object, cd_str key);
void cd_jld_append(struct cd_json *array, struct cd_json *item);
/* Items of `from` (any value) behind those of `to`, an array. */
void cd_jld_concat(struct cd_json *to, struct cd_json *from);
struct cd_json *cd_jld_as_array(struct cd_jld *, struct cd_json *);

bool cd_jld_is_value(const struct cd_json *);
bool cd_jld_is_list(const struct cd_json *);
bool cd_jld_is_graph(const struct cd_json *);
static inline bool cd_jld_boolean(const struct cd_json *v)
{
	return v->kind == CD_JSON_TRUE || v->kind == CD_JSON_FALSE;
}
static inline bool cd_jld_scalar(const struct cd_json *v)
{
	return v->kind != CD_JSON_ARRAY && v->kind != CD_JSON_OBJECT && v->kind != CD_JSON_NULL;
}

/* ---- the two algorithms ---- */

struct cd_json *cd_jld_expand_element(struct cd_jld *, const struct cd_jld_ctx *, cd_str property,
	const struct cd_json *element, bool from_map);
struct cd_json *cd_jld_expand_value(
	struct cd_jld *, const struct cd_jld_ctx *, cd_str property, const struct cd_json *value);
/* The value of a term whose container is a map: by language, index, id or type. [5.1.2, 13.7 and 13.8] */
struct cd_json *cd_jld_expand_language_map(
	struct cd_jld *, const struct cd_jld_ctx *, const struct cd_jld_term *, const struct cd_json *map);
struct cd_json *cd_jld_expand_map(
	struct cd_jld *, const struct cd_jld_ctx *, const struct cd_jld_term *, const struct cd_json *map);

struct cd_json *cd_jld_compact_element(
	struct cd_jld *, const struct cd_jld_ctx *, cd_str property, const struct cd_json *element);
struct cd_json *cd_jld_compact_value(
	struct cd_jld *, const struct cd_jld_ctx *, cd_str property, const struct cd_json *value);

#endif
