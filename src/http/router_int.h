/* http/router_int.h -- the router's tree; for router.c, params.c and openapi.c. */
#ifndef CD_HTTP_ROUTER_INT_H
#define CD_HTTP_ROUTER_INT_H

#include "http/router.h"

enum { CD_ROUTE_TABLES = 16 };

struct cd_route_table {
	const struct cd_route *routes;
	const struct cd_param *params;
	size_t params_n;
};
struct cd_route_node {
	struct cd_route_node *next, *child;
	cd_str name; /* of the segment; "{...}": any */
	const struct cd_route *routes[CD_METHOD_N];
	const struct cd_route_table *tables[CD_METHOD_N];
};
struct cd_router {
	struct cd_route_node top;
	struct cd_route_table tables[CD_ROUTE_TABLES];
	size_t tables_n;
};

#endif
