/*
 * model/query.h -- one typed tree for everything that selects entities, and its evaluator. [design 3.8]
 *
 * Today it is filled from the type selection language [4.17] and from lists of ids; q, geo, scope, CQL2 and
 * OData compile to the same tree. Names are numbers already: a name that the twin does not know becomes
 * CD_Q_NEVER.
 */
#ifndef CD_MODEL_QUERY_H
#define CD_MODEL_QUERY_H

#include "jsonld/context.h"
#include "model/entity.h"

enum cd_q_kind {
	CD_Q_ALWAYS,
	CD_Q_NEVER,
	CD_Q_AND,  /* child... */
	CD_Q_OR,   /* child... */
	CD_Q_TYPE, /* has the type `term` */
	CD_Q_ID,   /* id is `text` */
};
enum cd_tri { CD_FALSE, CD_UNKNOWN, CD_TRUE }; /* AND is the least, OR the greatest */

struct cd_q {
	enum cd_q_kind kind;
	cd_term term;
	cd_str text;
	struct cd_q *child, *next;
};

/*
 * Type selection: `A`, `A,B`, `A|B`, `(A;B)`, `(A;B)|C`, `*`. Names are expanded with the context.
 * CD_E_BAD_REQUEST_DATA  not of that grammar (where: "type"), or more than 1,000 names
 */
cd_code cd_q_types(struct cd_cx *, struct cd_ctx *, const struct cd_names *, cd_str text, struct cd_q **ret);
/* A comma list of ids as OR of CD_Q_ID. CD_E_BAD_REQUEST_DATA when one is not a URI (where: "id"). */
cd_code cd_q_ids(struct cd_cx *, cd_str list, struct cd_q **ret);
/* AND of two, either may be NULL. */
struct cd_q *cd_q_and(struct cd_arena *, struct cd_q *, struct cd_q *);

enum cd_tri cd_q_eval(const struct cd_q *, const struct cd_ent *);

#endif
