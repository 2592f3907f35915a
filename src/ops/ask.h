/*
 * ops/ask.h -- what a query asks for, as the client wrote it, and what becomes of it. [CIM
 * 009 5.7.1, 5.7.2, 5.2.23]
 *
 * The binding fills in texts; compiling needs the context and the names. The same for retrieve, list, purge
 * and the query with a body.
 */
#ifndef CD_OPS_ASK_H
#define CD_OPS_ASK_H

#include "model/order.h"
#include "repr/repr.h"

/* One of several selections, any of which selects. [5.2.33] */
struct cd_ask_selector {
	cd_str types, id_pattern; /* ids win over the pattern */
	const cd_str *ids;
	uint32_t ids_n;
};
/* Texts with p == NULL were not given. */
struct cd_ask {
	cd_str types, ids, id_pattern, q, scope_q, attrs, expand_values;
	struct cd_q_geo_text geo;
	bool geo_given;
	const struct cd_ask_selector *selectors;
	uint32_t selectors_n;
	bool local;    /* only what is stored here */
	bool any_size; /* not too wide, whatever is asked */
	bool in_body;  /* errors point into a Query instead of naming parameters */
	cd_str pick, omit, datasets, lang, contained_by;
	cd_str geometry_property;
	enum cd_join_how join;
	unsigned join_level;
	struct cd_order_text order;
};
struct cd_asked {
	struct cd_q *query;     /* NULL: everything */
	struct cd_order *order; /* NULL: the order of creation */
	struct cd_out out;
	struct cd_join join;
	uint64_t linked_left; /* of linked_max */
	struct cd_langs langs;
	bool may_be_empty; /* the projection may leave nothing of an entity: then it is left out of a list */
	bool attributes_named; /* an entity that shows none of them is not found by retrieve */
};
/*
 * `ret->out` brings ctx, names, form and the like along; the rest of it is filled in. Call cd_asked_done also
 * after an error. CD_E_BAD_REQUEST_DATA (where: the parameter, or its place in the body), also when the
 * selection is too wide; CD_E_TOO_COMPLEX
 */
cd_code cd_ask_compile(struct cd_cx *, const struct cd_ask *, struct cd_asked *ret);
void cd_asked_done(struct cd_asked *);

#endif
