/*
 * Routes by path: a tree of segments, made once from the tables. A path is cut at its slashes and walked
 * down; "{...}" takes any segment, fixed ones come first. A trailing slash is an empty last segment: where a
 * node has routes of its own it answers for it too, so that a collection answers with and without; where it
 * has a "{...}" below, an empty one goes there only when a method needs it (the route refuses it then).
 */
#include "http/router_int.h"

#include "base/mem.h"

/* ---- the tree ---- */

static struct cd_route_node *node_new(cd_str name)
{
	struct cd_route_node *n = cd_mem_zalloc(sizeof *n);
	if (n)
		n->name = name;
	return n;
}

static bool is_part(cd_str name)
{
	return name.n && name.p[0] == '{';
}

static struct cd_route_node *child_named(const struct cd_route_node *n, cd_str name)
{
	for (struct cd_route_node *c = n->child; c; c = c->next)
		if (!is_part(c->name) && cd_str_eq(c->name, name))
			return c;
	return NULL;
}

static struct cd_route_node *child_part(const struct cd_route_node *n)
{
	for (struct cd_route_node *c = n->child; c; c = c->next)
		if (is_part(c->name))
			return c;
	return NULL;
}

static struct cd_route_node *child_made(struct cd_route_node *n, cd_str name)
{
	struct cd_route_node *c = is_part(name) ? child_part(n) : child_named(n, name);
	if (c)
		return c;
	c = node_new(name);
	if (c) {
		c->next = n->child;
		n->child = c;
	}
	return c;
}

struct cd_router *cd_router_new(void)
{
	return cd_mem_zalloc(sizeof(struct cd_router));
}

static cd_code add_route(
	struct cd_router *r, const struct cd_route *route, const struct cd_route_table *table)
{
	struct cd_route_node *n = &r->top;
	cd_str rest = cd_str_skip(cd_str_z(route->path), 1);
	while (rest.p && n)
		n = child_made(n, cd_str_cut(&rest, '/'));
	if (!n)
		return CD_E_NO_MEMORY;
	n->routes[route->method] = route;
	n->tables[route->method] = table;
	return CD_OK;
}

cd_code cd_router_add(
	struct cd_router *r, const struct cd_route *routes, const struct cd_param *params, size_t params_n)
{
	if (r->tables_n == CD_ROUTE_TABLES)
		return CD_E_FULL;
	struct cd_route_table *t = &r->tables[r->tables_n++];
	*t = (struct cd_route_table){routes, params, params_n};
	cd_code code = CD_OK;
	for (const struct cd_route *route = routes; !code && route->path; route++)
		code = add_route(r, route, t);
	return code;
}

static void free_below(struct cd_route_node *n)
{
	for (struct cd_route_node *c = n->child, *next; c; c = next) {
		next = c->next;
		free_below(c);
		cd_mem_free(c);
	}
}

void cd_router_free(struct cd_router *r)
{
	if (!r)
		return;
	free_below(&r->top);
	cd_mem_free(r);
}

/* ---- finding ---- */

static bool answers(const struct cd_route_node *n)
{
	for (int m = 0; n && m < CD_METHOD_N; m++)
		if (n->routes[m])
			return true;
	return false;
}

static const struct cd_route *route_for(const struct cd_route_node *n, enum cd_method m)
{
	if (m == CD_HEAD && n && !n->routes[CD_HEAD])
		m = CD_GET;
	return n && m < CD_METHOD_N ? n->routes[m] : NULL;
}

static cd_str allow_of(struct cd_arena *arena, const struct cd_route_node *n)
{
	cd_str list = CD_STR("");
	for (int m = 0; m < CD_METHOD_N; m++) {
		bool has = n->routes[m] || m == CD_OPTIONS || (m == CD_HEAD && n->routes[CD_GET]);
		if (has && list.p)
			list = cd_arena_printf(arena, CD_STR_FMT "%s" CD_STR_FMT, CD_STR_ARG(list),
				list.n ? ", " : "", CD_STR_ARG(cd_method_names[m]));
	}
	return list;
}

static cd_code take_part(struct cd_cx *cx, cd_str raw, struct cd_args *args, unsigned *parts)
{
	if (*parts == CD_PATH_PARTS_MAX)
		return cd_fail(cx, CD_E_NOT_FOUND, NULL, "There is no such path");
	args->part_raw[*parts] = raw;
	if (!cd_percent_ok(raw))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "path",
			"A %% in the path is not followed by two hexadecimal digits");
	args->part[*parts] = cd_percent_decode(cx->arena, raw);
	if (!args->part[*parts].p)
		return cd_fail_memory(cx);
	(*parts)++;
	return CD_OK;
}

/* The node of a path. A last empty segment is passed over by a node that answers itself, unless only its
 * child takes the method. */
static cd_code walk(const struct cd_router *r, struct cd_cx *cx, enum cd_method m, cd_str path,
	struct cd_args *args, const struct cd_route_node **ret)
{
	const struct cd_route_node *n = &r->top;
	cd_str rest = cd_str_skip(path, 1);
	unsigned parts = 0;
	while (rest.p && n) {
		cd_str seg = cd_str_cut(&rest, '/');
		const struct cd_route_node *part = child_part(n);
		if (seg.n == 0 && !rest.p && answers(n) && (route_for(n, m) || !route_for(part, m)))
			break;
		const struct cd_route_node *named = child_named(n, seg);
		if (!named && part && take_part(cx, seg, args, &parts))
			return cx->err.code;
		n = named ? named : part;
	}
	*ret = n;
	return CD_OK;
}

cd_code cd_router_find(const struct cd_router *r, struct cd_cx *cx, enum cd_method m, cd_str path,
	const struct cd_route **ret, struct cd_args *ret_args, cd_str *ret_allow)
{
	const struct cd_route_node *n = NULL;
	if (path.n == 0 || path.p[0] != '/')
		return cd_fail(cx, CD_E_NOT_FOUND, NULL, "There is no such path");
	if (walk(r, cx, m, path, ret_args, &n))
		return cx->err.code;
	if (!answers(n))
		return cd_fail(cx, CD_E_NOT_FOUND, NULL, "There is no such path");
	*ret = route_for(n, m);
	if (*ret)
		return CD_OK;
	*ret_allow = allow_of(cx->arena, n);
	if (!ret_allow->p)
		return cd_fail_memory(cx);
	return cd_fail(cx, CD_E_METHOD, NULL, "Here are " CD_STR_FMT, CD_STR_ARG(*ret_allow));
}
