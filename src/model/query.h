/*
 * model/query.h -- one typed tree for everything that selects entities, and its evaluator. [CIM
 * 009 4.9, 4.10, 4.17, 4.19, 5.7.2]
 *
 * Type selection, ids, patterns, q, scopes and geometries compile to it; indexes only narrow what is looked
 * at, the evaluator decides, in three values: what cannot be said of an entity is unknown. Names are numbers
 * already: a name that the twin does not know becomes CD_Q_NEVER. A tree may hold compiled patterns and
 * prepared geometries, which cd_q_done lets go of.
 */
#ifndef CD_MODEL_QUERY_H
#define CD_MODEL_QUERY_H

#include "geo/relate.h"
#include "jsonld/context.h"
#include "model/entity.h"

enum cd_q_kind {
	CD_Q_ALWAYS,
	CD_Q_NEVER,
	CD_Q_AND,     /* child... */
	CD_Q_OR,      /* child... */
	CD_Q_TYPE,    /* has the type `term` */
	CD_Q_ID,      /* id is `text` */
	CD_Q_PATTERN, /* id matches `pattern` */
	CD_Q_SCOPE,   /* some scope matches `text`: a path with + and # */
	CD_Q_HAS,     /* has the attribute `term` */
	CD_Q_COMPARE, /* what `path` leads to, `op`, `values` */
	CD_Q_GEO,     /* the GeoProperty `term` stands in `geo` */
	CD_Q_LINKED,  /* an entity that `path` points to satisfies child; it has one of `types`, when given */
};
enum cd_tri { CD_FALSE, CD_UNKNOWN, CD_TRUE }; /* AND is the least, OR the greatest */

enum cd_q_op {
	CD_OP_EXISTS,
	CD_OP_EQ,
	CD_OP_NE,
	CD_OP_GT,
	CD_OP_GE,
	CD_OP_LT,
	CD_OP_LE,
	CD_OP_LIKE,
	CD_OP_UNLIKE,
};
/* What a step ends at when it is no attribute. */
enum cd_q_member {
	CD_MEMBER_NONE,
	CD_MEMBER_OBSERVED,
	CD_MEMBER_CREATED,
	CD_MEMBER_MODIFIED,
	CD_MEMBER_EXPIRES,
	CD_MEMBER_UNIT,
	CD_MEMBER_DATASET,
};
/* attribute.sub.sub[member.member]; without steps and with a member: of the entity itself. */
struct cd_q_path {
	const cd_term *steps;
	const cd_str *inside;
	uint16_t steps_n, inside_n;
	enum cd_q_member member;
};
/* A value written in a query. */
struct cd_q_literal {
	enum cd_value class; /* BOOL, NUMBER, STRING or DATETIME */
	uint64_t key;
	cd_str text; /* the bytes of a string; what was written else */
	bool dated;  /* a string that is a DateTime: `time` is its key */
	uint64_t time;
};
struct cd_q_value {
	struct cd_q_literal from, to; /* a range; or `from` alone */
	bool range;
	struct cd_q_value *next; /* a list: any of them */
};

struct cd_pattern;
struct cd_q {
	enum cd_q_kind kind;
	enum cd_q_op op;
	cd_term term;
	cd_str text;
	struct cd_q_path path;
	struct cd_q_value *values;
	struct cd_pattern *pattern;
	struct cd_geo_query *geo;
	const cd_term *types;
	uint32_t types_n;
	struct cd_q *child, *next;
};

/* What the parsers of this folder share. */
struct cd_q_parse {
	struct cd_cx *cx;
	struct cd_ctx *ctx;
	const struct cd_names *names;
	cd_str expand_values; /* comma list of attributes whose values are vocabulary terms */
	unsigned join_level;  /* how deep linked entities may be asked for; 0: not at all */
};

/*
 * Type selection: `A`, `A,B`, `A|B`, `(A;B)`, `(A;B)|C`, `*`. Names are expanded with the context.
 * CD_E_BAD_REQUEST_DATA  not of that grammar (where: "type"), or more than 1,000 names
 */
cd_code cd_q_types(struct cd_cx *, struct cd_ctx *, const struct cd_names *, cd_str text, struct cd_q **ret);
/* A comma list of ids as OR of CD_Q_ID. CD_E_BAD_REQUEST_DATA when one is not a URI (where: "id"). */
cd_code cd_q_ids(struct cd_cx *, cd_str list, struct cd_q **ret);
cd_code cd_q_id_list(struct cd_cx *, const cd_str *ids, size_t n, struct cd_q **ret); /* n > 0 */
/* An unanchored regular expression over the id. CD_E_BAD_REQUEST_DATA  it is none (where: "idPattern") */
cd_code cd_q_id_pattern(struct cd_cx *, cd_str text, struct cd_q **ret);
/* The query language. [4.9] CD_E_BAD_REQUEST_DATA (where: "q"), CD_E_TOO_COMPLEX over query_terms */
cd_code cd_q_text(const struct cd_q_parse *, cd_str text, struct cd_q **ret);
/* Does it name an attribute, other than createdAt and its like? [5.7.2.4: what is not too wide] */
bool cd_q_names_attribute(const struct cd_q *);
/* [4.19] where: "scopeQ" */
cd_code cd_q_scope(struct cd_cx *, cd_str text, struct cd_q **ret);
/* [4.10] `coordinates` is JSON text. where: "georel", "geometry" or "coordinates" */
struct cd_q_geo_text {
	cd_str georel, geometry, coordinates, property;
};
cd_code cd_q_geo(const struct cd_q_parse *, const struct cd_q_geo_text *, struct cd_q **ret);
/* Has at least one of a comma list of attributes. */
cd_code cd_q_has(const struct cd_q_parse *, cd_str list, struct cd_q **ret);
/* AND, OR of two, either may be NULL. NULL when out of memory: then both are done with. */
struct cd_q *cd_q_and(struct cd_arena *, struct cd_q *, struct cd_q *);
struct cd_q *cd_q_or(struct cd_arena *, struct cd_q *, struct cd_q *);
/* Lets go of patterns and geometries; the tree itself lies in an arena. NULL is fine. */
void cd_q_done(struct cd_q *);

/* ---- evaluating ---- */

/* One evaluation after the other. Without one (NULL) only types and ids can be judged. */
struct cd_q_run {
	cd_time_us now;          /* what has expired is not there */
	struct cd_arena scratch; /* of one entity */
	/* The entity of that id, for linked ones; NULL: there is none. */
	const struct cd_ent *(*fetch)(void *arg, cd_str id);
	void *arg;
	uint64_t followed, followed_max; /* links, for one condition on one entity */
	unsigned hops;                   /* from that entity to the one that is looked at */
	cd_code bad;       /* sticky: CD_E_TOO_COMPLEX a pattern's bound or that of links, CD_E_NO_MEMORY */
	const char *where; /* the parameter with what is too complex */
	uint64_t evaluated;
};
void cd_q_run_init(struct cd_q_run *, const struct cd_cx *);
void cd_q_run_done(struct cd_q_run *);
enum cd_tri cd_q_eval(const struct cd_q *, const struct cd_ent *, struct cd_q_run *);

/* ---- patterns ---- */

/* CD_E_BAD_REQUEST_DATA  not a regular expression, or longer than pattern_max; `where` names the parameter */
cd_code cd_pattern_new(struct cd_cx *, const char *where, cd_str text, struct cd_pattern **ret);
void cd_pattern_free(struct cd_pattern *);
/* Somewhere in `text`? CD_UNKNOWN: its match limit was passed. */
enum cd_tri cd_pattern_search(const struct cd_pattern *, cd_str text);

#endif
