/* Purge: DELETE /entities with a query. [CIM 009 6.4.3.3] */
#include "ngsild/ask.h"
#include "ngsild/bind.h"
#include "ngsild/params.h"
#include "ops/purge.h"

static void put_failures(struct cd_buf *b, const struct cd_op_purge *p)
{
	CD_BUF_LIT(b, "{\"success\":[],\"errors\":[");
	for (const struct cd_purge_failure *f = p->failures; f; f = f->next) {
		if (f != p->failures)
			cd_buf_char(b, ',');
		CD_BUF_LIT(b, "{\"entityId\":");
		cd_json_write_string(b, f->id);
		CD_BUF_LIT(b, ",\"error\":");
		cd_problem_write(b, CD_SURFACE_NGSILD, &f->err);
		cd_buf_char(b, '}');
	}
	CD_BUF_LIT(b, "]}");
}

static void purged(struct cd_op *op)
{
	struct cd_op_purge *p = (struct cd_op_purge *)op;
	struct cd_ngsi *n = op->owner;
	if (op->cx->err.code) {
		cd_ngsi_fail(n);
	} else if (p->failures) {
		struct cd_buf body;
		cd_buf_init(&body, SIZE_MAX / 2);
		put_failures(&body, p);
		cd_ngsi_json(n, 207, &body);
	} else {
		cd_ngsi_no_content(n);
	}
}

static cd_str given(const struct cd_ngsi *n, enum cd_ngsi_param p)
{
	return n->args->given >> p & 1 ? n->args->text[p] : cd_str_of(NULL, 0);
}

static void purge(struct cd_ngsi *n)
{
	struct cd_op_purge *p = CD_NEW(n->cx->arena, struct cd_op_purge);
	if (!p) {
		(void)cd_fail_memory(n->cx);
	} else if (!cd_ngsi_ask(n, &p->ask)) {
		p->op = (struct cd_op){.cx = n->cx, .tenant = n->tenant, .done = purged, .owner = n};
		p->ctx = n->ctx;
		p->keep = given(n, P_KEEP);
		p->drop = given(n, P_DROP);
		cd_op_purge_begin(n->runner, p);
		return;
	}
	cd_ngsi_fail(n);
}

void cd_bind_purge(
	void *app, struct cd_http_req *http, const struct cd_route *route, const struct cd_args *args)
{
	cd_ngsi_begin(app, http, route, args, CD_NGSI_CONTEXT, purge);
}
