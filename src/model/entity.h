/*
 * model/entity.h -- a packed entity: one block of bytes without pointers, the same in memory and in the
 * checkpoint.
 *
 * Little endian, 64-bit hosts. Layout of a block (every part starts at a multiple of 8):
 *
 *   struct cd_ent
 *   cd_stamp        stamp[stamps]  distinct times; nodes name them by index + 1, 0 is "none"
 *   struct cd_node  node[nodes]    tops first, sorted by (term, dataset: default first, then bytes); the
 *                                  children of a node stand together, sorted the same way, behind it
 *   struct cd_ref   scope[scopes]  each "/A/B", sorted, distinct
 *   cd_term         type[types]    sorted, distinct (padded to 8)
 *   bytes                          id, scopes, values, metas; each starts at a multiple of 8
 *
 * A value is compact JSON text (no blanks, shortest escapes, numbers as the client wrote them) of the member
 * that its kind names: value, object, languageMap, vocab, valueList, objectList (an array of URI strings),
 * json. Names inside compound values stay as the client sent them. Beside the text stands a comparable key
 * (see enum cd_value).
 *
 * A *fragment* (the body of a write) has the same layout; it may also have nodes that carry
 * CD_NODE_OF_FRAGMENT, and names without a number yet (CD_TERM_LOCAL). A *delta* holds the instances that a
 * change replaced, whole, and CD_NODE_GONE for those it removed.
 */
#ifndef CD_MODEL_ENTITY_H
#define CD_MODEL_ENTITY_H

#include "base/clock.h"
#include "base/cx.h"
#include "base/names.h"

struct cd_json;

enum cd_kind {
	CD_KIND_NONE, /* fragments in simplified form: the stored kind decides */
	CD_PROPERTY,
	CD_GEO_PROPERTY,
	CD_RELATIONSHIP,
	CD_LANGUAGE_PROPERTY,
	CD_VOCAB_PROPERTY,
	CD_LIST_PROPERTY,
	CD_LIST_RELATIONSHIP,
	CD_JSON_PROPERTY,
	CD_KIND_N,
};
struct cd_kind_row {
	cd_str type;   /* "LanguageProperty" */
	cd_str member; /* "languageMap": the one that holds its value */
	cd_str begin;  /* of a normalized instance, up to its value */
};
extern const struct cd_kind_row cd_kinds[CD_KIND_N];

/* What a value is, and its comparable key: equal order of keys is the order of values of that class. */
enum cd_value {
	CD_V_NONE,     /* no value (fragments only) */
	CD_V_BOOL,     /* 0 or 1 */
	CD_V_NUMBER,   /* the nearest double, mapped so that unsigned order is numeric order */
	CD_V_STRING,   /* first 8 bytes of the unescaped text, big endian, zero padded */
	CD_V_DATETIME, /* a string, or {"@type":"DateTime","@value":...}, that is a DateTime: us + 2^63 */
	CD_V_URI,      /* one URI (Relationship): like a string */
	CD_V_ARRAY,    /* number of items */
	CD_V_OBJECT,   /* number of members */
	CD_V_GEOMETRY, /* 0; CD_META_BOX holds the box */
	CD_V_NULL,     /* JSON null inside @json */
};

enum {
	CD_NODE_NULL = 1,    /* fragment: the NGSI-LD null was given as the value */
	CD_NODE_GONE = 2,    /* delta: this instance was removed */
	CD_NODE_CONCISE = 4, /* fragment: given without `type`, the kind was inferred */
	/* fragment: the NGSI-LD null was given for a member, which is to be removed */
	CD_NODE_NO_OBSERVED = 8,
	CD_NODE_NO_EXPIRES = 16,
	CD_NODE_NO_UNIT = 32,
	CD_NODE_NO_OBJECT_TYPE = 64,
	CD_NODE_NO_VALUE_TYPE = 128,
	CD_NODE_OF_FRAGMENT = 0xfd, /* what only a fragment says */
};

/* Optional byte strings of a node. */
enum cd_meta {
	CD_META_DATASET,     /* datasetId, a URI; absent: the default instance */
	CD_META_UNIT,        /* unitCode, as JSON text */
	CD_META_OBJECT_TYPE, /* objectType, as JSON text, names expanded */
	CD_META_VALUE_TYPE,  /* valueType, as JSON text, names expanded */
	CD_META_ID_SEALED,   /* entityIdSealed, JSON text */
	CD_META_TYPE_SEALED, /* entityTypeSealed, JSON text, names expanded */
	CD_META_BOX,         /* 4 doubles: west, south, east, north */
	CD_META_N
};

#define CD_TERM_LOCAL 0x80000000u /* CD_TERM_LOCAL | i: the i-th of the fragment's own names */

struct cd_ref {
	uint32_t at, n;
};

struct cd_ent {
	uint32_t bytes;    /* of the whole block, a multiple of 8 */
	uint32_t flags;    /* CD_ENT_... */
	uint64_t number;   /* never reused; 0 in a fragment */
	uint64_t revision; /* given by the writer, > 0; 0 in a fragment */
	cd_stamp created;  /* CD_STAMP_NONE in a fragment */
	cd_stamp modified;
	cd_stamp expires; /* CD_STAMP_NONE: never */
	uint32_t nodes, tops;
	uint16_t stamps, types, scopes, reserved;
	struct cd_ref id;
};
_Static_assert(sizeof(struct cd_ent) == 72, "on-disk header is 72 bytes");

enum {
	CD_ENT_TYPES = 1,      /* delta: the types changed, and stand here whole */
	CD_ENT_SCOPE = 2,      /* delta, fragment: scope was given (none: removed) */
	CD_ENT_EXPIRES = 4,    /* delta, fragment: expiresAt was given (CD_STAMP_NONE: removed) */
	CD_ENT_SCOPE_NULL = 8, /* fragment: scope was the NGSI-LD null */
	CD_ENT_DELTA = 16,
	CD_ENT_FRAGMENT = 32,
	CD_ENT_WHOLE = 64,    /* delta of a create or replace: the whole new entity */
	CD_ENT_DELETED = 128, /* delta: the entity is gone */
};

struct cd_node {
	cd_term term;
	uint8_t kind, value_class; /* enum cd_kind, enum cd_value */
	uint16_t flags;
	uint32_t child; /* index of the first sub-attribute */
	uint16_t children, metas;
	uint16_t created, modified, observed, expires; /* index + 1 into the stamps */
	struct cd_ref value;
	uint32_t meta_at; /* first of `metas` entries: { uint32_t tag, n; bytes, padded to 8 } */
	uint32_t reserved;
	uint64_t key;
};
_Static_assert(sizeof(struct cd_node) == 48, "on-disk node is 48 bytes");

/* ---- reading (inline-cheap; only on validated blocks) ---- */

static inline cd_str cd_ent_at(const struct cd_ent *e, struct cd_ref r)
{
	return cd_str_of((const char *)e + r.at, r.n);
}
static inline cd_str cd_ent_id(const struct cd_ent *e)
{
	return cd_ent_at(e, e->id);
}
static inline const cd_stamp *cd_ent_stamps(const struct cd_ent *e)
{
	return (const cd_stamp *)(const void *)(e + 1);
}
static inline cd_stamp cd_ent_stamp(const struct cd_ent *e, uint16_t index)
{
	return index ? cd_ent_stamps(e)[index - 1] : CD_STAMP_NONE;
}
static inline const struct cd_node *cd_ent_nodes(const struct cd_ent *e)
{
	return (const struct cd_node *)(const void *)(cd_ent_stamps(e) + e->stamps);
}
static inline const struct cd_ref *cd_ent_scopes(const struct cd_ent *e)
{
	return (const struct cd_ref *)(const void *)(cd_ent_nodes(e) + e->nodes);
}
static inline const cd_term *cd_ent_types(const struct cd_ent *e)
{
	return (const cd_term *)(const void *)(cd_ent_scopes(e) + e->scopes);
}
static inline cd_str cd_node_value(const struct cd_ent *e, const struct cd_node *n)
{
	return cd_ent_at(e, n->value);
}
/* Has this instance not expired? */
static inline bool cd_node_alive(const struct cd_ent *e, const struct cd_node *n, cd_time_us now)
{
	return n->expires == 0 || cd_stamp_us(cd_ent_stamp(e, n->expires)) > now;
}
static inline bool cd_ent_alive(const struct cd_ent *e, cd_time_us now)
{
	return e->expires == CD_STAMP_NONE || cd_stamp_us(e->expires) > now;
}
/* The optional strings of a node one after the other, node->metas of them, in the order of their tags. */
static inline const char *cd_node_metas(const struct cd_ent *e, const struct cd_node *n)
{
	return (const char *)e + n->meta_at;
}
static inline cd_str cd_meta_next(const char **at, enum cd_meta *ret_tag)
{
	uint32_t head[2];
	memcpy(head, *at, sizeof head);
	cd_str text = cd_str_of(*at + sizeof head, head[1]);
	*ret_tag = (enum cd_meta)head[0];
	*at += sizeof head + ((head[1] + 7u) & ~7u);
	return text;
}
/* p == NULL when absent. */
cd_str cd_node_meta(const struct cd_ent *, const struct cd_node *, enum cd_meta);
static inline cd_str cd_node_dataset(const struct cd_ent *e, const struct cd_node *n)
{
	return n->metas ? cd_node_meta(e, n, CD_META_DATASET) : cd_str_of(NULL, 0);
}

/* The instances of a name among `n` sorted nodes (the tops of an entity, the children of a node): how many,
 * and where. */
uint32_t cd_nodes_find(const struct cd_node *, uint32_t n, cd_term, const struct cd_node **ret_first);
/* The instance with that datasetId (n == 0: the default one), or NULL. */
const struct cd_node *cd_nodes_instance(
	const struct cd_ent *, const struct cd_node *, uint32_t n, cd_term, cd_str dataset);
bool cd_ent_has_type(const struct cd_ent *, cd_term);

/*
 * Every untrusted block passes through here before anything else reads it: all offsets, counts, orders,
 * kinds, UTF-8 and JSON of values' first byte, depth. NULL when it is sound, else what is wrong.
 */
const char *cd_ent_validate(const void *block, size_t n);

/* Number as an ordered key and back. */
uint64_t cd_key_of_double(double);
double cd_key_to_double(uint64_t);
uint64_t cd_key_of_string(cd_str unescaped);
/* What a value is, and its key; the null of the language counts as a value. Never URI or GEOMETRY: those are
 * what the kind makes of a string, of an object. */
enum cd_value cd_value_of(const struct cd_json *, uint64_t *ret_key);
static inline uint64_t cd_key_of_time(cd_time_us us)
{
	return (uint64_t)us + (1ull << 63);
}

/* ---- building ---- */

/* A node being built. Times absent: CD_STAMP_NONE. Everything is borrowed until cd_ent_pack. */
struct cd_loose {
	cd_term term;
	uint8_t kind, value_class;
	uint16_t flags;
	uint64_t key;
	cd_stamp created, modified, observed, expires;
	cd_str value;
	cd_str meta[CD_META_N];
	struct cd_loose *child, *next;
	/* When `of` is set the node is a packed one, taken over with all its children; of the fields above
	 * only term (when not 0), created and modified (when not CD_STAMP_NONE) still count, and override. */
	const struct cd_ent *of;
	const struct cd_node *node;
};
struct cd_loose_ent {
	cd_str id;
	uint32_t flags;
	uint64_t number, revision;
	cd_stamp created, modified, expires;
	const cd_term *types;
	uint32_t types_n;
	const cd_str *scopes;
	uint32_t scopes_n;
	struct cd_loose *child;
};
/* An empty loose node or entity with all times absent; NULL when out of memory. */
struct cd_loose *cd_loose_new(struct cd_arena *, cd_term, enum cd_kind);
void cd_loose_ent_init(struct cd_loose_ent *);
/* A packed node as a loose one that can be edited: its children are loose nodes that take over packed ones.
 */
struct cd_loose *cd_loose_open(struct cd_arena *, const struct cd_ent *, const struct cd_node *);

/*
 * Pack into cx->arena: sorts, shares repeated times.
 * CD_E_BAD_REQUEST_DATA  two instances of one name with the same datasetId, over attributes_max, entity_max,
 * types_max
 *
 * Of the nodes' flags a fragment keeps CD_NODE_OF_FRAGMENT, everything else GONE.
 */
cd_code cd_ent_pack(struct cd_cx *, const struct cd_loose_ent *, struct cd_ent **ret);

/* The same block with local names replaced by map[i] for CD_TERM_LOCAL | i, sorted again. */
cd_code cd_ent_rename(struct cd_cx *, const struct cd_ent *, const cd_term *map, struct cd_ent **ret);

#endif
