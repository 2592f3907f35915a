/* repr/out_int.h -- what the writers of entities share: out.c, out_attr.c, out_lang.c, link.c. */
#ifndef CD_REPR_OUT_INT_H
#define CD_REPR_OUT_INT_H

#include "repr/repr.h"

/* The way to a linked entity, over the C stack: what lies on it is not followed again. */
struct cd_chain {
	cd_str id;
	const struct cd_chain *up;
};
struct cd_write {
	struct cd_buf *b;
	struct cd_arena *scratch;
	const struct cd_out *out;
	const struct cd_ent *e;
	const struct cd_pick *pick, *omit; /* of this entity: linked ones may have their own */
	bool shown_by_attrs;
	struct cd_chain chain;
	unsigned level; /* hops that are left */
};

void cd_put_name(struct cd_write *, cd_term);
/* Attributes, or sub-attributes (`below`), each with a comma before it. */
void cd_put_attrs(struct cd_write *, const struct cd_node *, uint32_t n, bool below);
/* `alone`: not among other instances, which in the concise form all have to be objects. */
void cd_put_instance(struct cd_write *, const struct cd_node *, bool alone);
/* The object, from its brace on, without @context. */
void cd_put_entity(struct cd_write *);
struct cd_json *cd_out_parsed(struct cd_write *, cd_str text);
bool cd_out_wants_dataset(const struct cd_write *, const struct cd_node *);

/* Older versions lack kinds and members: false, and noted, when this one is too new. */
bool cd_out_knows(const struct cd_write *, unsigned minor);

/* Of a language map: the value and the tag that serve best. */
const struct cd_json *cd_lang_choose(const struct cd_langs *, const struct cd_json *map);

/* May this target be followed from here? */
bool cd_link_open(const struct cd_write *, const struct cd_node *, cd_str id, const struct cd_ent **ret);
/* What stands in a Relationship's place: the entity, written with the projection below `term`. */
void cd_put_linked(struct cd_write *, cd_term, const struct cd_ent *);

#endif
