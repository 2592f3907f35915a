/*
 * repr/repr.h -- the only place that turns JSON into entities and back, in every representation. [CIM
 * 009 4.5; digest 2, 3, 4, 6]
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
struct cd_out {
	struct cd_ctx *ctx;
	const struct cd_names *names;
	enum cd_form form;
	bool sys_attrs;    /* createdAt, modifiedAt, expiresAt */
	bool with_context; /* ld+json: "@context" inside */
};
/* One entity as a JSON object. `scratch` is for short names that are not remembered yet. Hot path: no
 * allocation but the buffer's, once names are remembered. */
void cd_repr_out(struct cd_buf *, struct cd_arena *scratch, const struct cd_out *, const struct cd_ent *);

#endif
