/*
 * ops/hosted.h -- contexts that live in the twin. [CIM 009 5.13]
 *
 * A hosted context is an entity of a tenant of its own beside the tenant it belongs to (cd_tenant_inner): it
 * is written, logged, checkpointed and backed up as every other entity is, and no client can name that
 * tenant. Its name is 128 random bits, so that a URL which ends in one of this tenant's names is this
 * tenant's context, whatever the host in it is called from outside.
 */
#ifndef CD_OPS_HOSTED_H
#define CD_OPS_HOSTED_H

#include "ops/runner.h"
#include "ops/write.h"

enum { CD_HOSTED_NAME = 32 }; /* hexadecimal digits */
#define CD_HOSTED_PATH "/ngsi-ld/v1/jsonldContexts/"

struct cd_hosted {
	cd_str name;
	cd_str text; /* {"@context":...} */
	cd_time_us created;
};

bool cd_hosted_name_ok(cd_str);
/* The name in a URL of a hosted context, of this twin or another; p == NULL when it is none. */
cd_str cd_hosted_name_of(cd_str url);

/* CD_E_NOT_FOUND  this tenant has none of that name. The text is a copy in cx->arena. */
cd_code cd_hosted_find(struct cd_runner *, struct cd_cx *, cd_str tenant, cd_str name, struct cd_hosted *ret);
/* All of the tenant, in the order of creation; what `each` gets is borrowed for the call. */
cd_code cd_hosted_each(struct cd_runner *, struct cd_cx *, cd_str tenant,
	void (*each)(void *arg, const struct cd_hosted *), void *arg);

/*
 * Make what a context refers to known to the loader, where it is hosted here: `value` is that of a
 * "@context". CD_E_CONTEXT_UNAVAIL  it names a context of another tenant   CD_E_BAD_REQUEST_DATA  it names
 * more than context_fetches
 */
cd_code cd_hosted_bring(struct cd_runner *, struct cd_cx *, cd_str tenant, const struct cd_json *value);

/*
 * Store the value of a "@context" under a new name; op.cx, tenant, done and owner are set by the caller, the
 * rest is filled in. CD_E_BAD_REQUEST_DATA not a context   CD_E_FULL contexts_hosted are there already
 */
void cd_op_host_begin(
	struct cd_runner *, struct cd_op_write *, const struct cd_json *value, cd_str *ret_name);
/* CD_E_NOT_FOUND */
void cd_op_unhost_begin(struct cd_runner *, struct cd_op_write *, cd_str name);

#endif
