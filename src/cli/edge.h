/*
 * cli/edge.h -- what stands between one loop's sockets and the bindings: routes, preconditions on the head,
 * the log line of a slow or failed request.
 */
#ifndef CD_CLI_EDGE_H
#define CD_CLI_EDGE_H

#include "http/router.h"
#include "http/server.h"
#include "ops/runner.h"
#include "ui/routes.h"

struct cd_serve; /* cli/serve.h */

/* One for each loop. Route functions get it as `app` when they belong to the program, its `ui` when to the
 * pages, its runner when to NGSI-LD. */
struct cd_edge {
	struct cd_serve *serve;
	const struct cd_router *router;
	struct cd_runner *runner;
	struct cd_ui ui;
	struct cd_metrics *metrics;
};
extern const struct cd_http_app cd_edge_app;

#endif
