/*
 * Any target and any fields: METHOD-LETTER PATH?QUERY LF ACCEPT LF ACCEPT-ENCODING LF CONTENT-TYPE. Nothing
 * may be read past its end; what is decoded and encoded again is the same; an offer that is refused is never
 * the answer.
 */
#include "../unit/http/table.h"

#include "http/negotiate.h"
#include "http/problem.h"
#include "json/json.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

/* A copy of exactly that size, so that the sanitizer sees what is read past it. */
static cd_str exact(cd_str s)
{
	char *p = malloc(s.n ? s.n : 1);
	if (!p)
		abort();
	if (s.n)
		memcpy(p, s.p, s.n);
	return cd_str_of(p, s.n);
}

static void route(const struct cd_router *router, struct cd_cx *cx, enum cd_method m, cd_str target)
{
	const struct cd_route *found = NULL;
	struct cd_args args = {0};
	cd_str allow = {NULL, 0}, query = target, path = cd_str_cut(&query, '?');
	struct cd_buf out;
	struct cd_json *v;
	if (!cd_router_find(router, cx, m, path, &found, &args, &allow) &&
		!cd_router_args(router, cx, found, query, &args)) {
		check((args.given & ~found->params) == 0);
		check(!(args.given >> P_UINT & 1) || (args.uint[P_UINT] >= 1 && args.uint[P_UINT] <= 1000));
		return;
	}
	check(cx->err.code != CD_OK);
	/* words of errors quote the input: what is sent is JSON all the same */
	cd_buf_init(&out, 1 << 20);
	cd_problem_write(&out, CD_SURFACE_NGSILD, &cx->err);
	cd_cx_clear(cx);
	check(cd_json_parse_copy(cx, cd_buf_str(&out), &v) == CD_OK);
	cd_buf_done(&out);
}

static void escapes(struct cd_arena *arena, cd_str s)
{
	struct cd_buf out;
	cd_buf_init(&out, 1 << 20);
	cd_percent_encode(&out, s, "/:");
	cd_str back = cd_percent_decode(arena, cd_buf_str(&out));
	check(s.n == 0 || cd_str_eq(back, s));
	cd_buf_done(&out);
	(void)cd_percent_decode(arena, s);
}

static void negotiate(cd_str accept, cd_str coding, cd_str type)
{
	static const cd_str offers[] = {CD_STR_INIT("application/json"), CD_STR_INIT("application/ld+json"),
		CD_STR_INIT("application/geo+json")};
	const struct cd_http_field fields[] = {
		{CD_STR_INIT("accept"), accept}, {CD_STR_INIT("accept-encoding"), coding}};
	const struct cd_http_req req = {.fields = fields, .fields_n = 2};
	for (uint32_t allowed = 0; allowed < 8; allowed++) {
		int best = cd_negotiate(&req, offers, 3, allowed);
		check(best == -1 || (best >= 0 && best < 3 && (allowed >> best & 1)));
	}
	(void)cd_accepts_coding(&req, CD_STR("gzip"));
	(void)cd_media_is(type, offers[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cd_router *router;
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	if (size == 0 || size > 65536)
		return 0;
	if (!router) {
		router = cd_router_new();
		check(router && !cd_router_add(router, test_routes, test_params, P_N));
	}
	cd_settings_init(&set);
	cd_arena_init(&arena, 16 << 20);
	cd_cx_init(&cx, &arena, &set);
	cd_str rest = cd_str_of((const char *)data + 1, size - 1), parts[4];
	for (int i = 0; i < 4; i++)
		parts[i] = exact(rest.p ? cd_str_cut(&rest, '\n') : CD_STR(""));
	route(router, &cx, (enum cd_method)(data[0] % (CD_METHOD_N + 1)), parts[0]);
	escapes(&arena, parts[0]);
	negotiate(parts[1], parts[2], parts[3]);
	for (int i = 0; i < 4; i++)
		free((char *)(uintptr_t)parts[i].p);
	cd_arena_done(&arena);
	return 0;
}
