/*
 * From HTTP to an operation and back, for every NGSI-LD route.
 *
 * Preconditions come in the order of the standard [6.3.4 to 6.3.14] (those about the body's length and type
 * were decided on the head, by the application that owns the routes). The request's state lives in the arena
 * of the HTTP request, as the operation does.
 */
#include "ngsild/request.h"

#include "http/negotiate.h"
#include "ngsild/link.h"
#include "ops/hosted.h"

#include <strings.h>

static const cd_str offers[CD_OFFER_N] = {
	[CD_OFFER_JSON] = CD_STR_INIT("application/json"),
	[CD_OFFER_LD] = CD_STR_INIT("application/ld+json"),
	[CD_OFFER_GEO] = CD_STR_INIT("application/geo+json"),
};
static const cd_str tenant_field = CD_STR_INIT("NGSILD-Tenant");
enum { FIELDS_MAX = 12, TENANT_MAX = 128 };

/* ---- answers ---- */

struct fields {
	struct cd_http_field f[FIELDS_MAX];
	size_t n;
	bool bad; /* one could not be made: an answer without it would say something else */
};

static void add(struct fields *fs, cd_str name, cd_str value)
{
	if (fs->n < FIELDS_MAX && value.p)
		fs->f[fs->n++] = (struct cd_http_field){name, value};
}

/* A value that was made for this answer: none means that memory was short. */
static void add_made(struct fields *fs, cd_str name, cd_str value)
{
	add(fs, name, value);
	fs->bad = fs->bad || !value.p;
}

static void add_all(struct fields *fs, const struct cd_http_field *more, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_made(fs, more[i].name, more[i].value);
}

static void add_tenant(struct fields *fs, const struct cd_ngsi *n)
{
	if (n->tenant_given)
		add(fs, tenant_field, n->tenant);
}

static void release(struct cd_ngsi *n)
{
	cd_ctx_unref(n->ctx);
	n->ctx = NULL;
}

void cd_ngsi_problem(struct cd_http_req *http, const struct cd_http_field *more, size_t n)
{
	struct fields fs = {.n = 0};
	for (size_t i = 0; i < n; i++)
		add(&fs, more[i].name, more[i].value);
	add(&fs, tenant_field, cd_http_field(http, CD_STR("ngsild-tenant")));
	if (http->cx.err.code == CD_E_BUSY || http->cx.err.code == CD_E_FULL ||
		http->cx.err.code == CD_E_NO_MEMORY)
		add(&fs, CD_STR("Retry-After"), CD_STR("1"));
	cd_problem_reply(http, CD_SURFACE_NGSILD, fs.f, fs.n);
}

void cd_ngsi_fail(struct cd_ngsi *n)
{
	cd_ngsi_found(n, NULL, &n->cx->err);
	release(n);
	cd_ngsi_problem(n->http, NULL, 0);
}

void cd_ngsi_fail_allow(struct cd_ngsi *n, cd_str allow)
{
	const struct cd_http_field field = {CD_STR_INIT("Allow"), allow};
	release(n);
	cd_ngsi_problem(n->http, &field, allow.p ? 1 : 0);
}

void cd_ngsi_created(struct cd_ngsi *n, const char *collection, cd_str id)
{
	struct fields fs = {.n = 0};
	struct cd_buf location;
	cd_buf_init(&location, 1 << 20);
	cd_buf_put(&location, cd_str_z(collection));
	cd_percent_encode(&location, id, ":@!$&'()*+,;=");
	if (!location.bad) /* it is created, whether we can say where or not */
		add(&fs, CD_STR("Location"), cd_buf_str(&location));
	add_tenant(&fs, n);
	release(n);
	cd_http_reply(n->http, 201, fs.f, fs.n, NULL);
	cd_buf_done(&location);
}

void cd_ngsi_no_content(struct cd_ngsi *n)
{
	struct fields fs = {.n = 0};
	add_tenant(&fs, n);
	release(n);
	cd_http_reply(n->http, 204, fs.f, fs.n, NULL);
}

/* An answer that could not be written whole becomes an error instead. */
static bool body_failed(struct cd_ngsi *n, struct cd_buf *body, bool head_bad)
{
	if (!body->bad && !head_bad)
		return false;
	(void)cd_fail(n->cx, CD_E_NO_MEMORY, NULL, "The answer does not fit into memory");
	cd_buf_done(body);
	cd_ngsi_fail(n);
	return true;
}

static void plain(struct cd_ngsi *n, int status, cd_str media, struct cd_buf *body)
{
	struct fields fs = {.n = 0};
	if (body_failed(n, body, false))
		return;
	add(&fs, CD_STR("Content-Type"), media);
	add_tenant(&fs, n);
	release(n);
	cd_http_reply(n->http, status, fs.f, fs.n, body);
}

void cd_ngsi_json(struct cd_ngsi *n, int status, struct cd_buf *body)
{
	plain(n, status, offers[CD_OFFER_JSON], body);
}

void cd_ngsi_document(struct cd_ngsi *n, struct cd_buf *body)
{
	plain(n, 200, offers[n->offer], body);
}

static void entity_fields(
	struct cd_ngsi *n, struct fields *fs, const struct cd_http_field *more, size_t more_n)
{
	add(fs, CD_STR("Content-Type"), offers[n->offer]);
	if (n->context_in_link) {
		cd_str url = cd_ctx_link(n->ctx);
		add_made(fs, CD_STR("Link"),
			cd_link_of_context(n->cx->arena, url.n ? url : cd_core_context_url));
	}
	if (n->minor && n->entities)
		add_made(fs, CD_STR("Preference-Applied"),
			cd_arena_printf(n->cx->arena, "ngsi-ld=1.%u", n->minor));
	add_tenant(fs, n);
	add_all(fs, more, more_n);
}

void cd_ngsi_entities(struct cd_ngsi *n, struct cd_buf *body, const struct cd_http_field *more, size_t more_n)
{
	struct fields fs = {.n = 0};
	entity_fields(n, &fs, more, more_n);
	if (body_failed(n, body, fs.bad))
		return;
	release(n); /* before the answer: with it the request's memory goes, and `n` lies there */
	cd_http_reply(n->http, n->altered ? 203 : 200, fs.f, fs.n, body);
}

void cd_ngsi_entities_begin(struct cd_ngsi *n, const struct cd_http_field *more, size_t more_n)
{
	struct fields fs = {.n = 0};
	entity_fields(n, &fs, more, more_n);
	if (fs.bad)
		(void)cd_fail_memory(n->cx); /* which cuts the answer at its end */
	n->streaming = true;
	cd_http_stream_begin(n->http, 200, fs.f, fs.n);
}

void cd_ngsi_room(struct cd_http_req *http)
{
	struct cd_ngsi *n = http->app;
	if (n && n->streaming && n->room)
		n->room(n);
}

/* ---- contexts ---- */

static void run_then(struct cd_ngsi *n)
{
	if (--n->waiting == 0)
		n->then(n);
}

static void context_ready(void *arg, struct cd_ctx *ctx, const struct cd_err *err)
{
	struct cd_ngsi_wait *w = arg;
	*w->ctx = ctx;
	if (!ctx) {
		/* the words belong to the loader: they are gone after this call */
		cd_cx_clear(w->request->cx);
		(void)cd_fail(w->request->cx, err->code, err->where, "%s", err->detail);
		*w->err = w->request->cx->err;
		if (w->err != &w->request->cx->err)
			cd_cx_clear(w->request->cx);
	}
	run_then(w->request);
}

/* Which value says the context: that of the body when the body is JSON-LD, else the Link header's. */
static cd_code context_value(struct cd_ngsi *n, const struct cd_json *body, const struct cd_json **ret)
{
	const struct cd_json *inside = cd_json_get(body, CD_STR("@context"));
	if (n->ld_body && !inside)
		return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, "@context",
			"A body of type application/ld+json must hold an @context");
	if (!n->ld_body && inside)
		return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(n->cx, inside),
			"An @context inside the body needs the Content-Type application/ld+json; with "
			"application/json it "
			"is named in a Link header");
	*ret = n->ld_body ? inside : n->link;
	return CD_OK;
}

void cd_ngsi_want_context(struct cd_ngsi *n, const struct cd_json *body, struct cd_ngsi_wait *w)
{
	const struct cd_json *value = NULL;
	cd_code code = context_value(n, body, &value);
	if (!code)
		code = cd_hosted_bring(n->runner, n->cx, n->tenant, value);
	if (!code)
		code = cd_runner_context(n->runner, n->cx, value, context_ready, w, w->ctx, &w->wait);
	if (code) {
		*w->err = n->cx->err;
		if (w->err != &n->cx->err)
			cd_cx_clear(n->cx);
	} else if (!*w->ctx) {
		n->waiting++;
	}
}

void cd_ngsi_contexts_done(struct cd_ngsi *n, void (*then)(struct cd_ngsi *))
{
	n->then = then;
	run_then(n);
}

static void with_context(struct cd_ngsi *n)
{
	if (n->cx->err.code)
		cd_ngsi_fail(n);
	else
		n->bound(n);
}

/* ---- preconditions ---- */

/* The value of a preference; p == NULL: it was not said. [RFC 7240 2] */
static cd_str preference(const struct cd_http_req *http, cd_str name)
{
	cd_str rest;
	for (size_t i = 0; (rest = cd_http_field_nth(http, CD_STR("prefer"), i)).p; i++) {
		while (rest.p) {
			cd_str one = cd_str_cut(&rest, ',');
			cd_str said = cd_str_trim(cd_str_cut(&one, ';'));
			cd_str key = cd_str_trim(cd_str_cut(&said, '=')),
			       what = cd_str_trim(said.p ? said : CD_STR(""));
			if (what.n > 1 && what.p[0] == '"' && what.p[what.n - 1] == '"')
				what = cd_str_of(what.p + 1, what.n - 2);
			if (key.n == name.n && strncasecmp(key.p, name.p, key.n) == 0)
				return what;
		}
	}
	return cd_str_of(NULL, 0);
}

/* Prefer: ngsi-ld=1.5 asks for entities as that version knew them. [CIM 009 4.3.6.8] */
static void check_version(struct cd_ngsi *n)
{
	cd_str v = preference(n->http, CD_STR("ngsi-ld"));
	if (v.n == 3 && v.p[0] == '1' && v.p[1] == '.' && v.p[2] >= '1' && v.p[2] <= '9')
		n->minor = (unsigned)(v.p[2] - '0');
}

static cd_code check_accept(struct cd_ngsi *n)
{
	bool geo = n->route->flags & CD_ROUTE_GEOJSON;
	n->offer = cd_negotiate(n->http, offers, CD_OFFER_N, geo ? 7 : 3);
	n->context_in_link =
		n->offer == CD_OFFER_JSON ||
		(n->offer == CD_OFFER_GEO && cd_str_eq(preference(n->http, CD_STR("body")), CD_STR("json")));
	check_version(n);
	if (n->offer >= 0)
		return CD_OK;
	return cd_fail(n->cx, CD_E_NOT_ACCEPTABLE, "Accept",
		"Offered are application/json, application/ld+json%s", geo ? ", application/geo+json" : "");
}

static bool tenant_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-' || c == '.';
}

cd_code cd_ngsi_tenant(struct cd_cx *cx, cd_str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!tenant_char(name.p[i]) || i >= TENANT_MAX)
			return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "NGSILD-Tenant",
				"A tenant's name is 1 to %d letters, digits, _, - and .", TENANT_MAX);
	return CD_OK;
}

static cd_code check_tenant(struct cd_ngsi *n)
{
	n->tenant = cd_http_field(n->http, CD_STR("ngsild-tenant"));
	n->tenant_given = n->tenant.p != NULL;
	if (cd_http_field_nth(n->http, CD_STR("ngsild-tenant"), 1).p)
		return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, "NGSILD-Tenant",
			"A request is for one tenant; here are two");
	return cd_ngsi_tenant(n->cx, n->tenant);
}

static cd_code check_link(struct cd_ngsi *n)
{
	cd_str url;
	if (cd_link_context(n->http, &url))
		return n->cx->err.code;
	if (url.n == 0)
		return CD_OK;
	if (n->ld_body)
		return cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, "Link",
			"A body of type application/ld+json brings its own @context; the Link header must "
			"not name one");
	n->link = cd_json_string(n->cx->arena, url);
	return n->link ? CD_OK : cd_fail_memory(n->cx);
}

static cd_code read_body(struct cd_ngsi *n)
{
	if (!(n->route->flags & CD_ROUTE_BODY_JSON))
		return CD_OK;
	n->ld_body = cd_media_is(cd_http_field(n->http, CD_STR("content-type")), offers[CD_OFFER_LD]);
	if (n->http->body.n == 0)
		return cd_fail(n->cx, CD_E_INVALID_REQUEST, NULL, "The body is empty");
	return cd_json_parse(n->cx, n->http->body, &n->body);
}

void cd_ngsi_begin(void *app, struct cd_http_req *http, const struct cd_route *route,
	const struct cd_args *args, enum cd_ngsi_context how, void (*then)(struct cd_ngsi *))
{
	struct cd_ngsi *n = CD_NEW(http->cx.arena, struct cd_ngsi);
	if (!n) {
		(void)cd_fail_memory(&http->cx);
		cd_ngsi_problem(http, NULL, 0);
		return;
	}
	*n = (struct cd_ngsi){
		.runner = app, .http = http, .cx = &http->cx, .route = route, .args = args, .waiting = 1};
	http->app = n;
	if (check_accept(n) || check_tenant(n) || read_body(n) || check_link(n)) {
		cd_ngsi_fail(n);
		return;
	}
	if (how == CD_NGSI_CONTEXT_ITEMS) {
		then(n);
		return;
	}
	if (n->body && n->body->kind != CD_JSON_OBJECT) {
		(void)cd_fail(n->cx, CD_E_INVALID_REQUEST, NULL, "Expected a JSON object");
		cd_ngsi_fail(n);
		return;
	}
	struct cd_ngsi_wait *w = CD_NEW(n->cx->arena, struct cd_ngsi_wait);
	if (!w) {
		(void)cd_fail_memory(n->cx);
		cd_ngsi_fail(n);
		return;
	}
	*w = (struct cd_ngsi_wait){.request = n, .ctx = &n->ctx, .err = &n->cx->err};
	n->bound = then;
	cd_ngsi_want_context(n, n->body, w);
	cd_ngsi_contexts_done(n, with_context);
}
