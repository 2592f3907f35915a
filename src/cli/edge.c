/*
 * The application of the HTTP server. The route is found when the head is there, so that a body nobody wants
 * (wrong path, wrong type, no length) is refused before it is read; parameters are checked when the request
 * is complete.
 */
#include "cli/edge.h"

#include "base/log.h"
#include "cli/system.h"
#include "http/negotiate.h"
#include "ngsild/request.h"

struct routed {
	const struct cd_route *route;
	struct cd_args args;
	cd_str allow;
};

static bool has_body(enum cd_method m)
{
	return m == CD_POST || m == CD_PUT || m == CD_PATCH;
}

/* 411 comes before 415; the server itself answers 413. */
static cd_code check_head(struct cd_http_req *req, const struct cd_route *route)
{
	struct cd_cx *cx = &req->cx;
	if ((route->flags & CD_ROUTE_CONTROL) && !req->control)
		return cd_fail(
			cx, CD_E_FORBIDDEN, NULL, "Only over the control socket in the data directory");
	if (!has_body(req->method) || !(route->flags & (CD_ROUTE_BODY_JSON | CD_ROUTE_BODY_MERGE)))
		return CD_OK;
	if ((route->flags & CD_ROUTE_LENGTH) && !req->has_length)
		return cd_fail(cx, CD_E_LENGTH, "Content-Length", "A Content-Length is required");
	cd_str media = cd_http_field(req, CD_STR("content-type"));
	if (cd_media_is(media, CD_STR("application/json")) ||
		cd_media_is(media, CD_STR("application/ld+json")))
		return CD_OK;
	if ((route->flags & CD_ROUTE_BODY_MERGE) &&
		cd_media_is(media, CD_STR("application/merge-patch+json")))
		return CD_OK;
	return cd_fail(cx, CD_E_MEDIA_TYPE, "Content-Type",
		"Taken are application/json and application/ld+json%s",
		route->flags & CD_ROUTE_BODY_MERGE ? ", and application/merge-patch+json" : "");
}

static cd_code edge_head(void *app, struct cd_http_req *req)
{
	struct cd_edge *edge = app;
	struct routed *r = CD_NEW(req->cx.arena, struct routed);
	if (!r)
		return cd_fail_memory(&req->cx);
	req->app = r;
	cd_code code = cd_router_find(
		edge->router, &req->cx, req->method, req->path, &r->route, &r->args, &r->allow);
	if (code && req->method == CD_OPTIONS && r->allow.n) {
		cd_cx_clear(&req->cx);
		return CD_OK;
	}
	return code ? code : check_head(req, r->route);
}

static void answer_options(struct cd_http_req *req, cd_str allow)
{
	const struct cd_http_field fields[] = {{CD_STR_INIT("Allow"), allow}};
	cd_http_reply(req, 204, fields, 1, NULL);
}

static void refuse(struct cd_http_req *req, const struct routed *r)
{
	struct cd_http_field allow = {CD_STR_INIT("Allow"), cd_str_of(NULL, 0)};
	if (r && req->cx.err.code == CD_E_METHOD)
		allow.value = r->allow;
	req->app = NULL;
	cd_ngsi_problem(req, &allow, allow.value.p ? 1 : 0);
}

static void *app_of(struct cd_edge *edge, const struct cd_route *route)
{
	if (cd_is_system_route(route))
		return edge;
	return cd_is_ui_route(route) ? (void *)&edge->ui : (void *)edge->runner;
}

static void edge_request(void *app, struct cd_http_req *req)
{
	struct cd_edge *edge = app;
	struct routed *r = req->app;
	req->app = NULL;
	if (req->cx.err.code) {
		refuse(req, r);
	} else if (!r->route) {
		answer_options(req, r->allow);
	} else if (cd_router_args(edge->router, &req->cx, r->route, req->query, &r->args)) {
		refuse(req, r);
	} else {
		r->route->fn(app_of(edge, r->route), req, r->route, &r->args);
	}
}

static void edge_done(void *app, struct cd_http_req *req)
{
	struct cd_edge *edge = app;
	cd_time_us took = cd_time_mono() - req->began_us;
	uint64_t slow = req->cx.set->slow_request;
	cd_metric_add(edge->metrics, CD_M_request_seconds_us, (uint64_t)took);
	if (slow && (uint64_t)took >= slow) {
		cd_metric_add(edge->metrics, CD_M_requests_slow, 1);
		cd_log(CD_LOG_WARN, "edge", req->cx.trace, "answered slowly", NULL,
			"method=" CD_STR_FMT " path_bytes=%zu took_us=%lld",
			CD_STR_ARG(req->method < CD_METHOD_N ? cd_method_names[req->method] : CD_STR("?")),
			req->path.n, (long long)took);
	}
	if (req->cx.err.code && cd_code_status(req->cx.err.code) == 500)
		cd_log(CD_LOG_ERROR, "edge", req->cx.trace, "answered with 500", req->cx.err.detail, NULL);
}

static void edge_room(void *app, struct cd_http_req *req)
{
	(void)app;
	cd_ngsi_room(req);
}

const struct cd_http_app cd_edge_app = {
	.head = edge_head,
	.request = edge_request,
	.done = edge_done,
	.room = edge_room,
};
