/* Routes for the people and programs that run the twin. */
#include "cli/system.h"

#include "cli/serve.h"
#include "http/problem.h"
#include "json/json.h"

static void answer(struct cd_http_req *req, int status, cd_str media, struct cd_buf *body)
{
	const struct cd_http_field fields[] = {{CD_STR_INIT("Content-Type"), media},
		{CD_STR_INIT("Cache-Control"), CD_STR_INIT("no-store")}};
	if (body->bad) {
		cd_buf_done(body);
		(void)cd_fail_memory(&req->cx);
		cd_problem_reply(req, CD_SURFACE_NGSILD, NULL, 0);
		return;
	}
	cd_http_reply(req, status, fields, 2, body);
}

static void answer_text(struct cd_http_req *req, int status, cd_str media, cd_str text)
{
	struct cd_buf b;
	cd_buf_init(&b, 65536);
	cd_buf_put(&b, text);
	answer(req, status, media, &b);
}

#define ROUTE(name)                                                                                          \
	static void name(void *app, struct cd_http_req *req, const struct cd_route *route,                   \
		const struct cd_args *args)

ROUTE(health)
{
	(void)app, (void)route, (void)args;
	answer_text(req, 200, CD_STR("application/json"), CD_STR("{\"status\":\"alive\"}"));
}

ROUTE(ready)
{
	struct cd_edge *edge = app;
	(void)route, (void)args;
	bool writable = cd_store_writable(edge->serve->store);
	bool up = atomic_load(&edge->serve->ready) == edge->serve->loops_n;
	answer_text(req, up ? 200 : 503, CD_STR("application/json"),
		!up        ? CD_STR("{\"status\":\"starting\"}")
		: writable ? CD_STR("{\"status\":\"ready\"}")
			   : CD_STR("{\"status\":\"ready\",\"writable\":false}"));
}

ROUTE(metrics)
{
	struct cd_edge *edge = app;
	struct cd_buf b;
	(void)route, (void)args;
	cd_buf_init(&b, 1 << 20);
	cd_metrics_print(&b, edge->serve->metrics, edge->serve->metrics_n);
	answer(req, 200, CD_STR("text/plain; version=0.0.4; charset=utf-8"), &b);
}

ROUTE(openapi)
{
	struct cd_edge *edge = app;
	struct cd_buf b;
	(void)route, (void)args;
	cd_buf_init(&b, 16 << 20);
	cd_router_openapi(edge->router, &b, CD_STR("Cardo"), CD_STR(CARDO_VERSION));
	answer(req, 200, CD_STR("application/json"), &b);
}

/* ---- backup: the walk over a pinned root takes long, so it runs on a thread ---- */

struct backup {
	struct cd_op op;
	struct cd_http_req *req;
	struct cd_arena arena; /* the thread's own */
	struct cd_cx cx;
	const char *folder;
	uint64_t version;
};

static void backup_work(struct cd_op *op)
{
	struct backup *b = (struct backup *)op;
	cd_arena_init(&b->arena, op->cx->set->request_memory);
	cd_cx_init(&b->cx, &b->arena, op->cx->set);
	(void)cd_store_backup(&b->cx, cd_runner_store(op->runner), b->folder, &b->version);
}

static enum cd_step backup_end(struct cd_op *op)
{
	struct backup *b = (struct backup *)op;
	if (b->cx.err.code)
		(void)cd_fail(op->cx, b->cx.err.code, b->cx.err.where, "%s", b->cx.err.detail);
	cd_arena_done(&b->arena);
	return CD_STEP_DONE;
}

static enum cd_step backup_begin(struct cd_op *op)
{
	op->work = backup_work;
	return cd_op_wait(op, CD_NEED_WORK, backup_end);
}

static void backup_done(struct cd_op *op)
{
	struct backup *b = (struct backup *)op;
	if (op->cx->err.code) {
		cd_problem_reply(b->req, CD_SURFACE_NGSILD, NULL, 0);
		return;
	}
	struct cd_buf body;
	cd_buf_init(&body, 4096);
	cd_buf_printf(&body, "{\"version\":%llu}", (unsigned long long)b->version);
	answer(b->req, 200, CD_STR("application/json"), &body);
}

static const struct cd_json *backup_folder(struct cd_http_req *req)
{
	struct cd_json *body;
	if (cd_json_parse(&req->cx, req->body, &body))
		return NULL;
	const struct cd_json *folder = cd_json_get(body, CD_STR("folder"));
	if (folder && folder->kind == CD_JSON_STRING && folder->text.n && folder->text.p[0] == '/' &&
		!memchr(folder->text.p, 0, folder->text.n))
		return folder;
	(void)cd_fail(&req->cx, CD_E_BAD_REQUEST_DATA, "/folder", "Expected an absolute path");
	return NULL;
}

ROUTE(backup)
{
	struct cd_edge *edge = app;
	(void)route, (void)args;
	const struct cd_json *folder = backup_folder(req);
	struct backup *b = folder ? CD_NEW(req->cx.arena, struct backup) : NULL;
	if (b)
		b->folder = cd_arena_copy(req->cx.arena, folder->text).p;
	if (!b || !b->folder) {
		if (folder)
			(void)cd_fail_memory(&req->cx);
		cd_problem_reply(req, CD_SURFACE_NGSILD, NULL, 0);
		return;
	}
	b->req = req;
	b->op = (struct cd_op){
		.cx = &req->cx, .action = CD_ACT_OPERATE, .next = backup_begin, .done = backup_done};
	cd_op_begin(edge->runner, &b->op);
}

const struct cd_param cd_system_params[] = {{0}};
const size_t cd_system_params_n = 0;
const struct cd_route cd_system_routes[] = {
	{CD_GET, "/health", health, 0, 0, "health", "Is the process alive?", ""},
	{CD_GET, "/ready", ready, 0, 0, "ready", "Are requests answered?", ""},
	{CD_GET, "/metrics", metrics, 0, 0, "metrics", "Counters and gauges for Prometheus", ""},
	{CD_GET, "/openapi", openapi, 0, 0, "openapi", "This description", ""},
	{CD_POST, "/control/backup", backup, 0, CD_ROUTE_BODY_JSON | CD_ROUTE_CONTROL, "backup",
		"Copy the twin into a folder of the server's machine", ""},
	{0},
};

bool cd_is_system_route(const struct cd_route *route)
{
	return route >= cd_system_routes &&
	       route < cd_system_routes + sizeof cd_system_routes / sizeof *cd_system_routes;
}
