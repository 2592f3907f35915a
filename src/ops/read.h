/*
 * ops/read.h -- retrieve one entity, list many. [CIM 009 5.7.1, 5.7.2]
 */
#ifndef CD_OPS_READ_H
#define CD_OPS_READ_H

#include "ops/op.h"
#include "repr/repr.h"

struct cd_op_retrieve {
	struct cd_op op;
	cd_str id, types;     /* types: the `type` parameter, n == 0 when not given */
	struct cd_out out;    /* names are filled in */
	struct cd_buf answer; /* the entity; the caller's to take or free */
};
/* One step. CD_E_NOT_FOUND  no such entity, expired, or of other types */
void cd_op_retrieve_begin(struct cd_runner *, struct cd_op_retrieve *);

struct cd_op_list {
	struct cd_op op;
	/* asked */
	cd_str types, ids; /* parameters; n == 0: not given */
	uint64_t limit, offset;
	bool count;
	struct cd_out out;
	/*
	 * Where the answer goes when it is long: takes the memory of `piece`; false: wait for cd_op_room().
	 * Before the first piece, total and more are known.
	 */
	bool (*put)(struct cd_op_list *, struct cd_buf *piece);
	/* came of it */
	uint64_t total;       /* when count */
	bool more;            /* there is a next page */
	bool streamed;        /* put() has been called; `answer` is the last piece */
	struct cd_buf answer; /* a JSON array, or its end */
	/* inside */
	struct cd_q *query;
	struct cd_scan scan;
	uint64_t skipped, found, last, written;
	cd_term type;
	bool scanned;
};
/*
 * In the order of creation, stable while others write. Yields, and pins anew after each wait: what was
 * created or deleted in between shows from there on.
 */
void cd_op_list_begin(struct cd_runner *, struct cd_op_list *);

#endif
