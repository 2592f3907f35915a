/*
 * ops/write.h -- one change of one entity: create, replace, merge, append, update, partial update, replace
 * attribute, delete attribute, delete. [CIM 009 5.6.1 to 5.6.6, 5.6.17 to 5.6.19]
 */
#ifndef CD_OPS_WRITE_H
#define CD_OPS_WRITE_H

#include "ops/op.h"
#include "repr/repr.h"
#include "json/json.h"

struct cd_op_write {
	struct cd_op op; /* cx, tenant, done, owner are set by the caller */
	/* asked; borrowed until done */
	enum cd_verb verb;
	uint32_t flags; /* CD_CHANGE_... */
	enum cd_body body;
	const struct cd_json *json; /* NULL for the two deletes */
	struct cd_ctx *ctx;
	cd_str id;   /* of the path; n == 0: in the body */
	cd_str attr; /* name as in the path, "scope" included; n == 0: not an attribute operation */
	cd_str dataset, types, lang; /* parameters; p == NULL: not given */
	cd_stamp observed;           /* CD_STAMP_NONE: not given */
	uint64_t entities_max;       /* as in struct cd_job */
	/* came of it */
	struct cd_report report; /* when op.cx->err.code is CD_OK: what was applied */
	cd_str entity_id;
	/* inside */
	struct cd_job job;
	struct cd_change change;
};
/*
 * CD_E_BAD_REQUEST_DATA  id, name, type selection or body break their rules
 * CD_E_NOT_FOUND, CD_E_ALREADY_EXISTS, CD_E_NO_TENANT, CD_E_BUSY, CD_E_FULL, CD_E_OUTCOME_UNKNOWN
 * Waits for COMMIT once; done means durable.
 */
void cd_op_write_begin(struct cd_runner *, struct cd_op_write *);
/* Where the body of a refused change is at fault: the report's own place, or the member that became its
 * attribute, as a JSON pointer. NULL: nowhere in particular */
const char *cd_op_place(struct cd_op *, const struct cd_json *body, struct cd_ctx *, const struct cd_change *,
	const struct cd_report *);

#endif
