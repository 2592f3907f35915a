/*
 * Stored contexts: hosted ones live in the twin, cached ones in the loader's memory, the core context in the
 * program. [CIM 009 5.13, 6.29, 6.30]
 *
 * A cached context is named by its URL, a hosted one by its name or by its URL here.
 */
#include "http/problem.h"
#include "ngsild/bind.h"
#include "ngsild/params.h"
#include "ngsild/request.h"
#include "ops/hosted.h"

/* ---- what is told of one ---- */

struct list {
	struct cd_ngsi *n;
	struct cd_buf b;
	bool details;
	bool some;
};

/* "http://host/ngsi-ld/v1/jsonldContexts/", as the client reached it */
static void put_base(struct cd_buf *b, const struct cd_ngsi *n)
{
	cd_str host = cd_http_field(n->http, CD_STR("host"));
	cd_buf_put(b, n->cx->set->tls_cert[0] ? CD_STR("https://") : CD_STR("http://"));
	cd_buf_put(b, host.n ? host : cd_str_z(n->cx->set->listen));
	cd_buf_put(b, CD_STR(CD_HOSTED_PATH));
}

static void put_time(struct cd_buf *b, const char *member, cd_time_us us)
{
	if (us == 0)
		return;
	cd_buf_printf(b, ",\"%s\":\"", member);
	cd_buf_stamp(b, cd_stamp_of(us, 3));
	cd_buf_char(b, '"');
}

static void put_url(struct cd_buf *b, const struct cd_ngsi *n, cd_str name, cd_str url)
{
	struct cd_buf whole;
	if (url.p) {
		cd_json_write_string(b, url);
		return;
	}
	cd_buf_init(&whole, 1 << 20);
	put_base(&whole, n);
	cd_buf_put(&whole, name);
	if (whole.bad)
		b->bad = whole.bad;
	else
		cd_json_write_string(b, cd_buf_str(&whole));
	cd_buf_done(&whole);
}

/* `name` of a hosted one, else info->url. [5.2.42] */
static void put_details(struct cd_buf *b, const struct cd_ngsi *n, cd_str name, const struct cd_ctx_info *i)
{
	CD_BUF_LIT(b, "{\"URL\":");
	put_url(b, n, name, i->url);
	CD_BUF_LIT(b, ",\"localId\":");
	cd_json_write_string(b, name.p ? name : i->url);
	cd_buf_printf(b, ",\"kind\":\"%s\"", name.p ? "Hosted" : "Cached");
	put_time(b, "createdAt", i->created);
	put_time(b, "lastUsage", i->used);
	put_time(b, "expiresAt", i->expires);
	cd_buf_printf(b, ",\"numberOfHits\":%llu}", (unsigned long long)i->hits);
}

static void put_one(struct list *l, cd_str name, const struct cd_ctx_info *info)
{
	if (l->some)
		cd_buf_char(&l->b, ',');
	l->some = true;
	if (l->details)
		put_details(&l->b, l->n, name, info);
	else
		put_url(&l->b, l->n, name, info->url);
}

/* The core context is in the program: there since that began, and never asked for. */
static struct cd_ctx_info core_info(const struct cd_ngsi *n, cd_str url)
{
	cd_time_us up = cd_time_mono() - cd_runner_started(n->runner);
	return (struct cd_ctx_info){.url = url, .created = n->cx->now - up, .fixed = true};
}

/* What is known of a cached context, of the core context too. */
static bool cached(const struct cd_ngsi *n, cd_str url, struct cd_ctx_info *ret)
{
	if (cd_ctx_is_core_url(url)) {
		*ret = core_info(n, url);
		return true;
	}
	return cd_ctx_cache_info(cd_runner_contexts(n->runner), url, ret);
}

/* ---- add ---- */

static void added(struct cd_op *op)
{
	struct cd_ngsi *n = op->owner;
	if (op->cx->err.code)
		cd_ngsi_fail(n);
	else
		cd_ngsi_created(n, CD_HOSTED_PATH, *(const cd_str *)n->op);
}

static cd_code context_of(struct cd_ngsi *n, const struct cd_json **ret)
{
	*ret = n->body->kind == CD_JSON_OBJECT ? cd_json_get(n->body, CD_STR("@context")) : NULL;
	if (!*ret)
		return cd_fail(
			n->cx, CD_E_INVALID_REQUEST, NULL, "Expected a JSON object with the member @context");
	return CD_OK;
}

/* An operation of this room, with what all of them have. */
static struct cd_op_write *new_write(struct cd_ngsi *n, void (*done)(struct cd_op *))
{
	struct cd_op_write *w = CD_NEW(n->cx->arena, struct cd_op_write);
	if (w)
		*w = (struct cd_op_write){.op = {.cx = n->cx, .tenant = n->tenant, .done = done, .owner = n}};
	else
		(void)cd_fail_memory(n->cx);
	return w;
}

static void add(struct cd_ngsi *n)
{
	const struct cd_json *value;
	cd_str *name = CD_NEW(n->cx->arena, cd_str);
	struct cd_op_write *w = new_write(n, added);
	if (!name || !w || context_of(n, &value)) {
		if (!name)
			(void)cd_fail_memory(n->cx);
		cd_ngsi_fail(n);
		return;
	}
	n->op = name;
	cd_op_host_begin(n->runner, w, value, name);
}

/* ---- list ---- */

static cd_code list_cached(struct list *l)
{
	struct cd_ngsi *n = l->n;
	const struct cd_ctx_info core = core_info(n, cd_core_context_url), *infos;
	size_t infos_n;
	cd_code code = cd_ctx_cache_list(cd_runner_contexts(n->runner), n->cx, &infos, &infos_n);
	put_one(l, cd_str_of(NULL, 0), &core);
	for (size_t i = 0; i < infos_n; i++)
		put_one(l, cd_str_of(NULL, 0), &infos[i]);
	return code;
}

static void put_hosted(void *arg, const struct cd_hosted *h)
{
	struct list *l = arg;
	struct cd_ctx_info info = {.created = h->created};
	if (l->details)
		(void)cd_ctx_cache_hosted_info(cd_runner_contexts(l->n->runner), h->name, &info);
	info.url = cd_str_of(NULL, 0);
	info.created = h->created;
	put_one(l, h->name, &info);
}

static bool kind_ok(cd_str kind)
{
	return cd_str_eq(kind, CD_STR("Hosted")) || cd_str_eq(kind, CD_STR("Cached")) ||
	       cd_str_eq(kind, CD_STR("ImplicitlyCreated"));
}

static void list(struct cd_ngsi *n)
{
	cd_str kind = n->args->text[P_KIND];
	bool all = !(n->args->given & P(KIND));
	struct list l = {.n = n, .details = n->args->uint[P_DETAILS]};
	if (!all && !kind_ok(kind)) {
		(void)cd_fail(
			n->cx, CD_E_BAD_REQUEST_DATA, "kind", "Expected Hosted, Cached or ImplicitlyCreated");
		cd_ngsi_fail(n);
		return;
	}
	if (cd_may_or_fail(n->cx, CD_ACT_READ, n->tenant)) {
		cd_ngsi_fail(n);
		return;
	}
	bool with_cached = all || cd_str_eq(kind, CD_STR("Cached"));
	bool with_hosted = all || cd_str_eq(kind, CD_STR("Hosted"));
	cd_buf_init(&l.b, n->cx->set->request_memory);
	cd_buf_char(&l.b, '[');
	if ((with_cached && list_cached(&l)) ||
		(with_hosted && cd_hosted_each(n->runner, n->cx, n->tenant, put_hosted, &l))) {
		cd_buf_done(&l.b);
		cd_ngsi_fail(n);
		return;
	}
	cd_buf_char(&l.b, ']');
	cd_ngsi_json(n, 200, &l.b);
}

/* ---- serve ---- */

/*
 * The name of a hosted context in the path, given alone or with the URL before it; p == NULL: none. A URL of
 * that form may also be one of another broker, of which there is a copy here.
 */
static cd_str name_in_path(const struct cd_ngsi *n)
{
	cd_str id = n->args->part[0];
	if (cd_hosted_name_ok(id))
		return id;
	return cd_ctx_cache_has(cd_runner_contexts(n->runner), id) ? cd_str_of(NULL, 0)
								   : cd_hosted_name_of(id);
}

static void serve_hosted(struct cd_ngsi *n, cd_str name, bool details)
{
	struct cd_hosted h;
	struct cd_buf b;
	struct cd_ctx_info info = {.hits = 0};
	struct cd_ctx_cache *cache = cd_runner_contexts(n->runner);
	cd_buf_init(&b, n->cx->set->request_memory);
	if (cd_hosted_find(n->runner, n->cx, n->tenant, name, &h)) {
		cd_ngsi_fail(n);
		return;
	}
	if (!cd_ctx_cache_hosted_info(cache, name, &info)) {
		/* from now on it is counted */
		struct cd_buf url;
		cd_buf_init(&url, 1 << 20);
		put_base(&url, n);
		cd_buf_put(&url, name);
		if (!url.bad && !cd_ctx_cache_host(cache, n->cx, name, cd_buf_str(&url), h.text, h.created))
			(void)cd_ctx_cache_hosted_info(cache, name, &info);
		cd_buf_done(&url);
		cd_cx_clear(n->cx);
	}
	info.url = cd_str_of(NULL, 0);
	info.created = h.created;
	if (details) {
		put_details(&b, n, name, &info);
		cd_ngsi_json(n, 200, &b);
	} else {
		cd_buf_put(&b, h.text);
		cd_ngsi_document(n, &b);
	}
}

static void serve(struct cd_ngsi *n)
{
	bool details = n->args->uint[P_DETAILS];
	cd_str name = name_in_path(n);
	struct cd_ctx_info info;
	struct cd_buf b;
	if (cd_may_or_fail(n->cx, CD_ACT_READ, n->tenant)) {
		cd_ngsi_fail(n);
	} else if (name.p) {
		serve_hosted(n, name, details);
	} else if (!cached(n, n->args->part[0], &info)) {
		(void)cd_fail(n->cx, CD_E_NOT_FOUND, "contextId", "There is no such @context");
		cd_ngsi_fail(n);
	} else if (!details) {
		(void)cd_fail(n->cx, CD_E_NOT_SUPPORTED, "contextId",
			"This @context is a copy, kept for the twin's own use: ask its source, or for "
			"details=true");
		cd_ngsi_fail(n);
	} else {
		cd_buf_init(&b, n->cx->set->request_memory);
		put_details(&b, n, cd_str_of(NULL, 0), &info);
		cd_ngsi_json(n, 200, &b);
	}
}

/* ---- delete, reload ---- */

static void unhosted(struct cd_op *op)
{
	struct cd_ngsi *n = op->owner;
	if (op->cx->err.code) {
		cd_ngsi_fail(n);
		return;
	}
	cd_ctx_cache_unhost(cd_runner_contexts(n->runner), *(const cd_str *)n->op);
	cd_ngsi_no_content(n);
}

/* The name as it is now: while the writer works the same URL may become one of a copy. */
static void unhost(struct cd_ngsi *n, cd_str name)
{
	cd_str *kept = CD_NEW(n->cx->arena, cd_str);
	struct cd_op_write *w = new_write(n, unhosted);
	if (!kept || !w) {
		(void)cd_fail_memory(n->cx);
		cd_ngsi_fail(n);
		return;
	}
	*kept = name;
	n->op = kept;
	cd_op_unhost_begin(n->runner, w, name);
}

static void reloaded(void *arg, bool ok)
{
	struct cd_ngsi *n = arg;
	if (ok) {
		cd_ngsi_no_content(n);
		return;
	}
	(void)cd_fail(n->cx, CD_E_CONTEXT_UNAVAIL, "contextId",
		CD_STR_FMT ": it can not be fetched; the copy at hand stays", CD_STR_ARG(n->args->part[0]));
	cd_ngsi_fail(n);
}

static void reload(struct cd_ngsi *n)
{
	struct cd_ctx_info info;
	if (name_in_path(n).p || !cached(n, n->args->part[0], &info))
		(void)cd_fail(
			n->cx, CD_E_BAD_REQUEST_DATA, "reload", "Only a cached @context can be fetched anew");
	else if (info.fixed) {
		cd_ngsi_no_content(
			n); /* it comes from the program, or from the folder: it is as new as it gets */
		return;
	} else if (!cd_runner_context_reload(n->runner, n->cx, n->args->part[0], reloaded, n)) {
		return;
	}
	cd_ngsi_fail(n);
}

static void delete (struct cd_ngsi *n)
{
	cd_str id = n->args->part[0], name = name_in_path(n);
	if (cd_may_or_fail(n->cx, CD_ACT_WRITE, n->tenant)) {
		cd_ngsi_fail(n);
		return;
	}
	if (n->args->uint[P_RELOAD]) {
		reload(n);
		return;
	}
	if (name.p) {
		unhost(n, name);
		return;
	}
	if (cd_ctx_is_core_url(id)) {
		(void)cd_fail(
			n->cx, CD_E_BAD_REQUEST_DATA, "contextId", "The core @context can not be deleted");
	} else if (cd_ctx_cache_forget(cd_runner_contexts(n->runner), id)) {
		cd_ngsi_no_content(n);
		return;
	} else {
		(void)cd_fail(n->cx, CD_E_NOT_FOUND, "contextId", "There is no such @context");
	}
	cd_ngsi_fail(n);
}

#define BIND(name, fn)                                                                                       \
	void cd_bind_##name(void *app, struct cd_http_req *http, const struct cd_route *route,               \
		const struct cd_args *args)                                                                  \
	{                                                                                                    \
		cd_ngsi_begin(app, http, route, args, CD_NGSI_CONTEXT_ITEMS, fn);                            \
	}
BIND(context_add, add)
BIND(context_list, list)
BIND(context_serve, serve)
BIND(context_delete, delete)
