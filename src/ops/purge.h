/*
 * ops/purge.h -- delete everything that a query selects, or attributes of it. [CIM 009 5.6.21]
 */
#ifndef CD_OPS_PURGE_H
#define CD_OPS_PURGE_H

#include "ops/ask.h"
#include "ops/op.h"
#include "ops/plan.h"

struct cd_op_purge {
	struct cd_op op;
	/* asked */
	struct cd_ask ask;
	struct cd_ctx *ctx;
	cd_str keep, drop; /* comma lists; p == NULL: not given */
	/* came of it: entities for which the writer refused something, with the reason */
	struct cd_purge_failure {
		cd_str id;
		struct cd_err err;
		struct cd_purge_failure *next;
	} * failures;
	uint64_t purged;
	/* inside */
	struct cd_asked asked;
	struct cd_pick *attributes;
	struct cd_q_run run;
	struct cd_plan plan;
	struct cd_arena arena; /* of one job */
	struct cd_job job;
	uint32_t cap; /* changes there is room for */
	uint64_t last;
	bool end;
};
/* In jobs of a thousand entities, each decided on the state of its moment; waits for COMMIT after each. */
void cd_op_purge_begin(struct cd_runner *, struct cd_op_purge *);

#endif
