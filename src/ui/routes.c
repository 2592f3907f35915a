/* Routes for people with a browser. */
#include "ui/routes.h"

#include "http/problem.h"
#include "ngsild/request.h"
#include "ui/ui_int.h"

enum { P_TENANT };
const struct cd_param cd_ui_params[] = {
	[P_TENANT] = {.name = "tenant",
		.kind = CD_PARAM_TEXT,
		.sentence = "the tenant, for those who cannot send NGSILD-Tenant (EventSource)"},
};
const size_t cd_ui_params_n = sizeof cd_ui_params / sizeof *cd_ui_params;
const struct cd_route cd_ui_routes[] = {
	{CD_GET, "/", cd_ui_page, 0, 0, "startPage", "The start page, for browsers", ""},
	{CD_GET, "/api", cd_ui_page, 0, 0, "apiPage", "This description, for browsers", ""},
	{CD_GET, "/docs", cd_ui_page, 0, 0, "docsPage", "The documents, for browsers", ""},
	{CD_GET, "/docs/{page}", cd_ui_page, 0, 0, "docsOnePage", "One document, for browsers", ""},
	{CD_GET, "/assets/{file}", cd_ui_page, 0, 0, "asset", "What the pages are made of", ""},
	{CD_GET, "/twin", cd_ui_twin, 0, 0, "twin",
		"What runs here: version, newest revision, tenants and how many entities they have", ""},
	{CD_GET, "/events", cd_ui_events, 1u << P_TENANT, 0, "events",
		"What changes in this twin, as server-sent events: the newest in full, of the others their "
		"number",
		""},
	{0},
};

bool cd_is_ui_route(const struct cd_route *route)
{
	return route >= cd_ui_routes && route < cd_ui_routes + sizeof cd_ui_routes / sizeof *cd_ui_routes;
}

/* The tenant from the query or from the header; when both are given they must agree. */
void cd_ui_events(
	void *app, struct cd_http_req *req, const struct cd_route *route, const struct cd_args *args)
{
	struct cd_ui *ui = app;
	(void)route;
	cd_str header = cd_http_field(req, CD_STR("ngsild-tenant")), tenant = header;
	cd_code code = CD_OK;
	if (args->given & 1u << P_TENANT) {
		tenant = args->text[P_TENANT];
		if (header.p && !cd_str_eq(header, tenant))
			code = cd_fail(&req->cx, CD_E_INVALID_REQUEST, "tenant",
				"The header NGSILD-Tenant names another one");
	}
	if (!code)
		code = cd_ngsi_tenant(&req->cx, tenant);
	if (code)
		cd_problem_reply(req, CD_SURFACE_NGSILD, NULL, 0);
	else
		cd_events_listen(ui->events, req, tenant);
}
