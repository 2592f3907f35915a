/*
 * ops/batch.h -- many changes in one request, each failing alone. [CIM 009 5.6.7 to 5.6.10, 5.6.20; 5.5.11]
 */
#ifndef CD_OPS_BATCH_H
#define CD_OPS_BATCH_H

#include "ops/op.h"
#include "repr/repr.h"
#include "json/json.h"

struct cd_batch_item {
	const struct cd_json *json; /* an entity; for delete: a string */
	struct cd_ctx *ctx;         /* of this item; NULL when it has failed already */
	cd_str id;                  /* as far as it is known; filled in */
	struct cd_err err;          /* why it failed; code CD_OK: it was applied */
	bool created;
	uint32_t change; /* inside */
};
struct cd_op_batch {
	struct cd_op op;
	/* asked; borrowed until done */
	enum cd_verb verb; /* CREATE, UPSERT, APPEND (batch update), MERGE, DELETE */
	uint32_t flags;
	enum cd_body body;
	struct cd_batch_item *items; /* in: err.code set for those that the edge refused */
	uint32_t n;
	/* inside */
	struct cd_job job;
	uint32_t at;
};
/* An error of op.cx is one of the whole request (busy, no tenant); else look at the items. Waits for COMMIT
 * once. */
void cd_op_batch_begin(struct cd_runner *, struct cd_op_batch *);

#endif
