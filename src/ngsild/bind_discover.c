/* Types and attributes. [CIM 009 6.25 to 6.28] */
#include "ngsild/bind.h"
#include "ngsild/params.h"
#include "ngsild/request.h"
#include "ops/discover.h"

static void discovered(struct cd_op *op)
{
	struct cd_op_discover *d = (struct cd_op_discover *)op;
	struct cd_ngsi *n = op->owner;
	if (op->cx->err.code) {
		cd_buf_done(&d->answer);
		cd_ngsi_fail(n);
	} else {
		cd_ngsi_entities(n, &d->answer, NULL, 0);
	}
}

static void discover(struct cd_ngsi *n, enum cd_discover what)
{
	struct cd_op_discover *d = CD_NEW(n->cx->arena, struct cd_op_discover);
	if (!d) {
		(void)cd_fail_memory(n->cx);
		cd_ngsi_fail(n);
		return;
	}
	*d = (struct cd_op_discover){
		.op = {.cx = n->cx, .tenant = n->tenant, .done = discovered, .owner = n},
		.what = what,
		.name = n->args->part[0],
		.details = n->args->uint[P_DETAILS],
		.with_context = !n->context_in_link,
		.ctx = n->ctx,
	};
	cd_op_discover_begin(n->runner, d);
}

static void types(struct cd_ngsi *n)
{
	discover(n, CD_DISCOVER_TYPES);
}

static void type(struct cd_ngsi *n)
{
	discover(n, CD_DISCOVER_TYPE);
}

static void attributes(struct cd_ngsi *n)
{
	discover(n, CD_DISCOVER_ATTRIBUTES);
}

static void attribute(struct cd_ngsi *n)
{
	discover(n, CD_DISCOVER_ATTRIBUTE);
}

#define BIND(name)                                                                                           \
	void cd_bind_##name(void *app, struct cd_http_req *http, const struct cd_route *route,               \
		const struct cd_args *args)                                                                  \
	{                                                                                                    \
		cd_ngsi_begin(app, http, route, args, CD_NGSI_CONTEXT, name);                                \
	}
BIND(types)
BIND(type)
BIND(attributes)
BIND(attribute)
