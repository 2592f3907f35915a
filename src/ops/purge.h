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
	uint64_t purged, refused; /* changes: entities, or attributes */
	/* inside */
	struct cd_asked asked;
	struct cd_pick *attributes;
	struct cd_q_run run;
	struct cd_plan plan;
	struct cd_arena arena; /* of the plan; then of one job */
	struct cd_arena kept;  /* until the end */
	struct cd_source *picked;
	const struct cd_tenant *tenant; /* of the pinned root */
	struct cd_near near;
	uint64_t next;
	struct cd_job job;
	uint32_t cap; /* changes there is room for */
	bool end;
};
/*
 * What the query selects when it begins; in jobs of about a thousand changes, each decided on the state of
 * its moment; waits for COMMIT after each. When one fails, so does the purge: the error tells what earlier
 * jobs did.
 */
void cd_op_purge_begin(struct cd_runner *, struct cd_op_purge *);

#endif
