/*
 * ops/discover.h -- which types and attributes there are. [CIM 009 5.7.5 to 5.7.10]
 *
 * Answered from counts that every write keeps, so it costs as much as there are types and attributes, and is
 * exact.
 */
#ifndef CD_OPS_DISCOVER_H
#define CD_OPS_DISCOVER_H

#include "jsonld/context.h"
#include "ops/op.h"

enum cd_discover { CD_DISCOVER_TYPES, CD_DISCOVER_TYPE, CD_DISCOVER_ATTRIBUTES, CD_DISCOVER_ATTRIBUTE };

struct cd_op_discover {
	struct cd_op op;
	enum cd_discover what;
	cd_str name; /* of the one type or attribute */
	bool details;
	bool with_context;
	struct cd_ctx *ctx;
	struct cd_buf answer; /* JSON; the caller's to take or free */
};
/* One step. CD_E_NOT_FOUND no entity has it; CD_E_BAD_REQUEST_DATA it is no name */
void cd_op_discover_begin(struct cd_runner *, struct cd_op_discover *);

#endif
