/* What runs here, as far as NGSI-LD has no words for it: version, newest revision, tenants. */
#include "http/problem.h"
#include "ops/runner.h"
#include "ui/routes.h"
#include "ui/ui_int.h"
#include "json/json.h"

enum { ANSWER_MAX = 1 << 20, TENANTS_SHOWN = 1000 };

struct twin {
	struct cd_op op;
	struct cd_http_req *req;
	struct cd_buf answer;
};

/* Objects of the twin's own lie in tenants that no client can name. */
static bool nameable(const struct cd_tenant *t)
{
	return !cd_tenant_inner(cd_str_of(t->name, t->name_n));
}

static void put_tenants(struct cd_buf *b, const struct cd_root *root)
{
	unsigned shown = 0, more = 0;
	CD_BUF_LIT(b, "\"tenants\":[");
	for (uint32_t i = 0; i < root->tenants_n; i++) {
		const struct cd_tenant *t = root->tenants[i];
		if (!t || !nameable(t))
			continue;
		if (shown == TENANTS_SHOWN) {
			more++;
			continue;
		}
		if (shown++)
			cd_buf_char(b, ',');
		CD_BUF_LIT(b, "{\"name\":");
		cd_json_write_string(b, cd_str_of(t->name, t->name_n));
		CD_BUF_LIT(b, ",\"entities\":");
		cd_buf_u64(b, cd_tenant_count(t));
		cd_buf_char(b, '}');
	}
	cd_buf_printf(b, "],\"moreTenants\":%u", more);
}

static enum cd_step tell(struct cd_op *op)
{
	struct twin *t = (struct twin *)op;
	const struct cd_tenant *first;
	if (cd_op_pin(op, &first))
		return CD_STEP_DONE;
	CD_BUF_LIT(&t->answer, "{\"version\":\"" CARDO_VERSION "\",\"revision\":");
	cd_buf_u64(&t->answer, op->root->version);
	cd_buf_char(&t->answer, ',');
	put_tenants(&t->answer, op->root);
	cd_buf_char(&t->answer, '}');
	if (t->answer.bad)
		(void)cd_fail_memory(op->cx);
	return CD_STEP_DONE;
}

static void told(struct cd_op *op)
{
	static const struct cd_http_field fields[] = {
		{CD_STR_INIT("Content-Type"), CD_STR_INIT("application/json")},
		{CD_STR_INIT("Cache-Control"), CD_STR_INIT("no-store")}};
	struct twin *t = (struct twin *)op;
	if (!op->cx->err.code) {
		cd_http_reply(t->req, 200, fields, 2, &t->answer);
		return;
	}
	cd_buf_done(&t->answer);
	cd_problem_reply(t->req, CD_SURFACE_NGSILD, NULL, 0);
}

void cd_ui_twin(void *app, struct cd_http_req *req, const struct cd_route *route, const struct cd_args *args)
{
	(void)route, (void)args;
	struct twin *t = CD_NEW(req->cx.arena, struct twin);
	if (!t) {
		(void)cd_fail_memory(&req->cx);
		cd_problem_reply(req, CD_SURFACE_NGSILD, NULL, 0);
		return;
	}
	t->req = req;
	t->op = (struct cd_op){.cx = &req->cx, .action = CD_ACT_READ, .next = tell, .done = told};
	cd_buf_init(&t->answer, ANSWER_MAX);
	cd_op_begin(((struct cd_ui *)app)->runner, &t->op);
}
