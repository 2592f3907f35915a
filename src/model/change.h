/*
 * model/change.h -- one write: what a client asks for, and what it does to an entity. [CIM 009 5.6]
 *
 * cd_ent_apply is the one pure function that decides. The writer, replay, branches and other drivers call it.
 */
#ifndef CD_MODEL_CHANGE_H
#define CD_MODEL_CHANGE_H

#include "model/entity.h"
#include "model/query.h"

enum cd_verb {
	CD_VERB_CREATE,  /* 5.6.1   409 when it exists */
	CD_VERB_REPLACE, /* 5.6.18  404 when it does not */
	CD_VERB_UPSERT,  /* 5.6.8   create, else replace; with CD_CHANGE_UPDATE: else Update Attributes */
	CD_VERB_MERGE,   /* 5.6.17 */
	CD_VERB_APPEND,  /* 5.6.3 and batch update 5.6.9; CD_CHANGE_NO_OVERWRITE */
	CD_VERB_UPDATE,  /* 5.6.2   Update Attributes */
	CD_VERB_PARTIAL, /* 5.6.4   Partial Attribute Update of `attr` */
	CD_VERB_REPLACE_ATTR, /* 5.6.19  of `attr` */
	CD_VERB_DELETE_ATTR,  /* 5.6.5   `attr`, `dataset`, CD_CHANGE_DELETE_ALL */
	CD_VERB_DELETE,       /* 5.6.6 */
	CD_VERB_LAPSE, /* 4.22    what has expired leaves: the entity, or parts of it; the store's own */
	CD_VERB_DELTA, /* replay: `frag` is a delta that was accepted once */
	CD_VERB_N
};
enum {
	CD_CHANGE_NO_OVERWRITE = 1,
	CD_CHANGE_UPDATE = 2,
	CD_CHANGE_DELETE_ALL = 4,
	CD_CHANGE_SCOPE =
		8, /* DELETE_ATTR, PARTIAL, REPLACE_ATTR address the member `scope`, not an attribute */
};

struct cd_change {
	enum cd_verb verb;
	uint32_t flags;
	cd_str id;
	const struct cd_ent *frag; /* NULL for DELETE and DELETE_ATTR */
	const cd_str *
		names; /* IRIs of the fragment's local names; the writer gives them numbers when it accepts */
	uint32_t names_n;
	cd_term attr;             /* PARTIAL, REPLACE_ATTR, DELETE_ATTR; 0: a name the twin does not know */
	cd_str dataset;           /* DELETE_ATTR; n == 0: the default instance */
	const struct cd_q *types; /* the operation's `type` parameter, or NULL: no match is 404 */
	cd_str lang;              /* MERGE: n == 0 when not given */
	cd_stamp observed;        /* MERGE: CD_STAMP_NONE when not given */
	cd_str context;           /* source text of the @context it was written in */
};

/* Why an attribute was not updated. `name` is an expanded IRI. */
struct cd_not_updated {
	cd_term term; /* 0: the scope */
	const char *reason;
};
struct cd_report {
	cd_code code;       /* CD_OK: accepted (also when nothing changed) */
	const char *detail; /* when refused, in the caller's arena */
	const char *where;
	cd_term term; /* when refused: the top-level attribute at fault, as in the fragment; 0: none */
	bool created; /* the entity did not exist before */
	const cd_term *updated; /* distinct names that were applied; when not_updated_n > 0 */
	uint32_t updated_n;
	const struct cd_not_updated *not_updated;
	uint32_t not_updated_n;
};

struct cd_applied {
	const struct cd_ent *block; /* NULL: the entity is gone (delta) or nothing changed (no delta) */
	const struct cd_ent *delta; /* NULL: accepted, but nothing changed */
	struct cd_report report;
};

/*
 * The new state of an entity.
 *
 * old       the stored block, or NULL; one that has expired at cx->now counts as NULL
 * number    of the entity: the old one's, or a fresh one      revision  of this change
 * change    its fragment has no local names any more (cd_ent_rename)
 *
 * Pure: reads nothing but its arguments, takes memory from cx->arena only; same arguments, same bytes. CD_OK
 * also when the change is refused by the state: then ret->report.code says why (404, 409, 400 of a type
 * mismatch). Other codes: out of memory, over a bound. Blocks in *ret live in cx->arena or are `old`'s own
 * memory.
 *
 * Times: createdAt of what is new and modifiedAt of what is touched are cx->now with 6 digits of a second
 * (millisecond precision is not enough to order writes); with CD_VERB_DELTA they stand in the delta.
 */
cd_code cd_ent_apply(struct cd_cx *, const struct cd_ent *old, uint64_t number, uint64_t revision,
	const struct cd_change *, struct cd_applied *ret);

#endif
