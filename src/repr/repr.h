/*
 * repr/repr.h -- the only place that turns JSON into entities and back, in every representation. [CIM
 * 009 4.5]
 */
#ifndef CD_REPR_REPR_H
#define CD_REPR_REPR_H

#include "jsonld/context.h"
#include "model/entity.h"
#include "json/json.h"

/* ---- in ---- */

/* What a body is, which decides what it may hold. */
enum cd_body {
	CD_BODY_ENTITY,        /* create, replace, batch create, upsert: id, type, no NGSI-LD null anywhere */
	CD_BODY_FRAGMENT,      /* append: no id needed (must equal `id` when given), no null */
	CD_BODY_FRAGMENT_NULL, /* Update Attributes: null deletes an attribute instance */
	CD_BODY_UPSERT_UPDATE, /* the same with an id and a type: batch upsert with options=update */
	CD_BODY_MERGE,         /* Merge: null also inside compound values and sub-attributes */
	CD_BODY_MERGE_SIMPLIFIED, /* Merge with format=simplified: bare values, kinds CD_KIND_NONE unless they
				     tell */
	CD_BODY_SIMPLIFIED, /* import only: key-values into new entities (Property, GeoProperty, Relationship
			       by coercion) */
	CD_BODY_ATTR,       /* Partial update: the inside of one attribute; null as above */
	CD_BODY_ATTR_WHOLE, /* Replace attribute: no null */
};
struct cd_in {
	struct cd_ctx *ctx;
	const struct cd_names *names;
	enum cd_body body;
	cd_str id;       /* of the path; n == 0: the body must name it */
	cd_str attr_iri; /* CD_BODY_ATTR...: the attribute's expanded name */
	cd_term attr;    /* its number, 0 when the twin has none */
};
/* A fragment and the names in it that have no number yet. */
struct cd_frag {
	struct cd_ent *ent;
	const cd_str *names; /* IRIs; name i is CD_TERM_LOCAL | i in the block */
	uint32_t names_n;
};
/*
 * Check and pack a body. For CD_BODY_ATTR... the block has one top node. A top-level "@context" is passed
 * over (the edge has used it). `ret` lives in cx->arena and borrows nothing from `json`.
 *
 * CD_E_BAD_REQUEST_DATA  err.where is the JSON pointer of the member at fault, detail says what is allowed
 */
cd_code cd_repr_in(struct cd_cx *, const struct cd_in *, const struct cd_json *json, struct cd_frag *ret);

/* ---- out ---- */

enum cd_form { CD_NORMALIZED, CD_CONCISE, CD_SIMPLIFIED };

/* Members that are shown, or left out. [CIM 009 4.21] */
struct cd_pick {
	bool id, type, scope;
	struct cd_pick_item
		*items; /* attributes, sorted by term; those the twin does not know are left away */
	uint32_t n;
	bool attributes; /* some attribute was named, known or not */
};
struct cd_pick_item {
	cd_term term;
	struct cd_pick *below; /* of the linked entity; NULL: not said */
};
/*
 * `id,type,name{id}`: members, with those of linked entities in braces, at most `depth` of them in each
 * other. CD_E_BAD_REQUEST_DATA  not of that grammar; `where` is the parameter
 */
cd_code cd_pick_parse(struct cd_cx *, struct cd_ctx *, const struct cd_names *, const char *where,
	cd_str text, unsigned depth, struct cd_pick **ret);
/* Do both name the same member? */
bool cd_pick_overlap(const struct cd_pick *, const struct cd_pick *);
const struct cd_pick_item *cd_pick_find(const struct cd_pick *, cd_term);

/* Language ranges, best first. [CIM 009 4.15; RFC 9110 12.5.4] */
struct cd_langs {
	cd_str *ranges;
	uint32_t n;
};
/* CD_E_BAD_REQUEST_DATA (where: "lang") */
cd_code cd_langs_parse(struct cd_cx *, cd_str text, struct cd_langs *ret);

/* Linked entities. [CIM 009 4.5.23] */
enum cd_join_how { CD_JOIN_NONE, CD_JOIN_INLINE, CD_JOIN_FLAT };
struct cd_join {
	enum cd_join_how how;
	unsigned level;
	const cd_str *contained; /* ids that are not to be followed */
	uint32_t contained_n;
	/* The entity of that id, or NULL; valid as long as the answer is written. */
	const struct cd_ent *(*fetch)(void *arg, cd_str id);
	void *arg;
	uint64_t *left;         /* linked entities that the answer may still take; then CD_E_TOO_COMPLEX */
	struct cd_seen *closed; /* of `contained`, by cd_join_begin */
};
/* When `contained` and `fetch` are there, and again for another `fetch`. CD_E_NO_MEMORY */
cd_code cd_join_begin(struct cd_cx *, struct cd_join *);

struct cd_out {
	struct cd_ctx *ctx; /* NULL: names are written as IRIs */
	const struct cd_names *names;
	enum cd_form form;
	const uint32_t *rank;              /* by term: types and attributes in that order; NULL: by term */
	bool sys_attrs;                    /* createdAt, modifiedAt, expiresAt */
	bool expiry;                       /* expiresAt, also without them */
	bool with_context;                 /* ld+json: "@context" inside */
	cd_time_us now;                    /* instances that have expired are not shown */
	const struct cd_pick *pick, *omit; /* NULL: everything, nothing */
	bool attrs;                        /* `pick` came from attrs: id, type and scope are shown as well */
	const cd_str *datasets; /* instances that are shown: ids of datasets, "@none" for the default one */
	uint32_t datasets_n;    /* 0: all */
	const struct cd_langs *langs; /* or NULL */
	const struct cd_join *join;   /* or NULL */
	unsigned minor;               /* of the version the client wants, 1.minor; 0: the newest [4.3.6.8] */
	bool *altered;                /* set when that changed something */
	bool geojson;                 /* Features */
	cd_term geometry;             /* of them: the attribute */
};
/* One entity as a JSON object. `scratch` is for short names that are not remembered yet. Hot path: no
 * allocation but the buffer's, once names are remembered. */
void cd_repr_out(struct cd_buf *, struct cd_arena *scratch, const struct cd_out *, const struct cd_ent *);
/* Would the answer show any member of it at all? */
bool cd_repr_any(const struct cd_out *, const struct cd_ent *);
/* Would the answer show any attribute of it? */
bool cd_repr_shows(const struct cd_out *, const struct cd_ent *);

/*
 * Entities linked to those written, each once, for a flat answer. The nearest come first, so each is followed
 * once, from where most hops are left. Each is shown, and followed, as the first that leads to it asks;
 * those written are followed as they are shown, from wherever they are met again.
 */
struct cd_walk;
/* `scratch` is emptied by each cd_walk_next. NULL: out of memory. */
struct cd_walk *cd_walk_new(struct cd_arena *, struct cd_arena *scratch, const struct cd_out *);
/* An entity that is written; all of them before the first cd_walk_next. */
void cd_walk_from(struct cd_walk *, const struct cd_ent *);
/*
 * Some of the way: *ret is the next linked entity and *ret_out how it is shown, or *ret is NULL: none yet.
 * False: there are no more, or *bad: CD_E_NO_MEMORY, CD_E_TOO_COMPLEX past join->left.
 */
bool cd_walk_next(struct cd_walk *, const struct cd_ent **ret, struct cd_out *ret_out, cd_code *bad);

#endif
