/*
 * ops/read.h -- retrieve one entity, list many. [CIM 009 5.7.1, 5.7.2]
 */
#ifndef CD_OPS_READ_H
#define CD_OPS_READ_H

#include "ops/ask.h"
#include "ops/by_value.h"
#include "ops/op.h"
#include "ops/plan.h"
#include "ops/top.h"

/* The tail of a flat answer. */
struct cd_linked {
	struct cd_walk *walk; /* NULL: the answer is not flat */
	struct cd_arena *scratch;
	uint64_t written; /* entities in the answer */
	cd_code bad;
};

struct cd_op_retrieve {
	struct cd_op op;
	cd_str id;
	struct cd_ask ask;    /* of it: types, and what is shown */
	struct cd_out out;    /* ctx, form, sys_attrs, with_context, geojson */
	struct cd_buf answer; /* the entity, or a list of it and those linked; the caller's to take or free */
	/* inside */
	struct cd_asked asked;
	struct cd_q_run run;
	const struct cd_ent *found;
	struct cd_linked linked;
};
/* Yields in a flat answer only. CD_E_TOO_COMPLEX past linked_max; CD_E_NOT_FOUND  no such entity, expired, of
 * other types, without the attributes wanted */
void cd_op_retrieve_begin(struct cd_runner *, struct cd_op_retrieve *);

struct cd_op_list {
	struct cd_op op;
	/* asked */
	struct cd_ask ask;
	uint64_t limit, offset;
	bool count;
	bool explain;      /* no results, but how they would be found */
	struct cd_out out; /* as above */
	/*
	 * Where the answer goes when it is long: takes the memory of `piece`; false: wait for cd_op_room().
	 * Before the first piece, total and more are known.
	 */
	bool (*put)(struct cd_op_list *, struct cd_buf *piece);
	/* came of it */
	uint64_t total;       /* when count */
	bool more;            /* there is a next page */
	bool streamed;        /* put() has been called; `answer` is the last piece */
	struct cd_buf answer; /* a JSON array or a FeatureCollection, or its end */
	/* inside */
	struct cd_asked asked;
	struct cd_q_run run;
	struct cd_plan plan;
	/* of an ordered list */
	enum { CD_ORDER_ALL, CD_ORDER_BY_VALUE, CD_ORDER_AROUND } way;
	struct cd_top *top;
	struct cd_by_value by_value;
	const struct cd_ent **picked; /* by value */
	uint64_t picked_n, patience;
	bool heaped;       /* all are on the heap */
	double metres;     /* around */
	uint64_t known;    /* how many there are in all, when the trees know it */
	struct cd_buf key; /* of one entity in it */
	struct cd_linked linked;
	const struct cd_ent *seen; /* the last candidate; NULL: the plan had none yet */
	uint64_t skipped, found, looked, last, written;
	cd_time_us began;
};
/*
 * In the order of creation, or as asked; stable while others write. Yields, and pins anew after each wait:
 * what was created or deleted in between shows from there on.
 */
void cd_op_list_begin(struct cd_runner *, struct cd_op_list *);

#endif
