/*
 * Hosted contexts as entities {"id": "urn:cardo:context:<name>", "type": TYPE, CONTENT: {"@context": ...}} of
 * the inner tenant "<tenant>#contexts".
 */
#include "ops/hosted.h"

#include <sys/random.h>

#define TYPE    "urn:cardo:HostedContext"
#define CONTENT "urn:cardo:hostedContent"
static const cd_str id_prefix = CD_STR_INIT("urn:cardo:context:");
enum { NESTED_MAX = 8 };

static cd_str shelf_of(struct cd_arena *arena, cd_str tenant)
{
	const cd_str parts[] = {tenant, CD_STR("#contexts")};
	return cd_arena_join(arena, parts, 2);
}

static cd_str id_of(struct cd_arena *arena, cd_str name)
{
	const cd_str parts[] = {id_prefix, name};
	return cd_arena_join(arena, parts, 2);
}

bool cd_hosted_name_ok(cd_str s)
{
	if (s.n != CD_HOSTED_NAME)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return true;
}

cd_str cd_hosted_name_of(cd_str url)
{
	static const cd_str path = CD_STR_INIT(CD_HOSTED_PATH);
	const cd_str none = cd_str_of(NULL, 0);
	if (url.n < path.n + CD_HOSTED_NAME ||
		!(cd_str_starts(url, CD_STR("http://")) || cd_str_starts(url, CD_STR("https://"))))
		return none;
	cd_str name = cd_str_skip(url, url.n - CD_HOSTED_NAME);
	cd_str before = cd_str_of(name.p - path.n, path.n);
	return cd_str_eq(before, path) && cd_hosted_name_ok(name) ? name : none;
}

/* ---- reading ---- */

/* The shelf under a pin, or NULL: nothing was ever put there. */
static cd_code pin_shelf(
	struct cd_runner *r, struct cd_cx *cx, cd_str tenant, struct cd_op *op, const struct cd_tenant **ret)
{
	*ret = NULL;
	*op = (struct cd_op){.cx = cx, .runner = r, .tenant = shelf_of(cx->arena, tenant)};
	if (!op->tenant.p)
		return cd_fail_memory(cx);
	if (cd_may_or_fail(cx, CD_ACT_READ, tenant))
		return cx->err.code;
	cd_code code = cd_op_pin(op, ret);
	if (code == CD_E_NO_TENANT) {
		cd_cx_clear(cx);
		return CD_OK;
	}
	return code;
}

static struct cd_hosted hosted_of(const struct cd_ent *e)
{
	const struct cd_node *content = cd_ent_nodes(e);
	return (struct cd_hosted){
		.name = cd_str_skip(cd_ent_id(e), id_prefix.n),
		.text = e->tops ? cd_node_value(e, content) : cd_str_of(NULL, 0),
		.created = cd_stamp_us(e->created),
	};
}

/* Under one pin, so that what is here can be copied as well. Without `want_text` the text is not set. */
static cd_code look_up(struct cd_runner *r, struct cd_cx *cx, cd_str tenant, cd_str name, bool want_text,
	struct cd_hosted *ret, bool *ret_here)
{
	struct cd_op op;
	const struct cd_tenant *shelf;
	cd_code code = pin_shelf(r, cx, tenant, &op, &shelf);
	cd_str id = id_of(cx->arena, name);
	if (!code && !id.p)
		code = cd_fail_memory(cx);
	const struct cd_ent *e = !code && shelf ? cd_tenant_get(cd_runner_store(r), shelf, id) : NULL;
	*ret_here = e != NULL;
	if (e) {
		*ret = hosted_of(e);
		ret->name = name;
		ret->text = want_text ? cd_arena_copy(cx->arena, ret->text) : cd_str_of(NULL, 0);
		if (want_text && !ret->text.p)
			code = cd_fail_memory(cx);
	}
	cd_op_unpin(&op);
	return code;
}

cd_code cd_hosted_find(
	struct cd_runner *r, struct cd_cx *cx, cd_str tenant, cd_str name, struct cd_hosted *ret)
{
	bool here;
	cd_code code = look_up(r, cx, tenant, name, true, ret, &here);
	if (code || here)
		return code;
	return cd_fail(cx, CD_E_NOT_FOUND, "contextId", "There is no such @context");
}

static cd_code count(struct cd_runner *r, struct cd_cx *cx, cd_str tenant, uint64_t *ret)
{
	struct cd_op op;
	const struct cd_tenant *shelf;
	cd_code code = pin_shelf(r, cx, tenant, &op, &shelf);
	*ret = !code && shelf ? cd_tenant_count(shelf) : 0;
	cd_op_unpin(&op);
	return code;
}

cd_code cd_hosted_each(struct cd_runner *r, struct cd_cx *cx, cd_str tenant,
	void (*each)(void *arg, const struct cd_hosted *), void *arg)
{
	struct cd_op op;
	struct cd_scan scan;
	const struct cd_tenant *shelf;
	const struct cd_ent *e;
	cd_code code = pin_shelf(r, cx, tenant, &op, &shelf);
	if (!code && shelf) {
		cd_scan_begin(&scan, shelf, 0, 0);
		while ((e = cd_scan_next(&scan))) {
			const struct cd_hosted h = hosted_of(e);
			each(arg, &h);
		}
	}
	cd_op_unpin(&op);
	return code;
}

/* ---- for the loader ---- */

/* One request's context: what it names is brought once, and no more than the loader would take. */
struct named {
	const struct named *next;
	cd_str url;
};
struct bringing {
	struct cd_runner *runner;
	struct cd_cx *cx;
	cd_str tenant;
	const struct named *named;
	uint64_t named_n;
};

static cd_code bring(struct bringing *, const struct cd_json *value, unsigned depth);

static cd_code name_once(struct bringing *b, cd_str url, bool *ret_again)
{
	const struct named *n = b->named;
	while (n && !cd_str_eq(n->url, url))
		n = n->next;
	*ret_again = n != NULL;
	if (n)
		return CD_OK;
	if (b->named_n == b->cx->set->context_fetches)
		return cd_fail(b->cx, CD_E_BAD_REQUEST_DATA, "@context",
			"context overflow: Too many remote contexts (context_fetches): \"" CD_STR_FMT "\"",
			CD_STR_ARG(url));
	struct named *fresh = CD_NEW(b->cx->arena, struct named);
	if (!fresh)
		return cd_fail_memory(b->cx);
	*fresh = (struct named){b->named, url};
	b->named = fresh;
	b->named_n++;
	return CD_OK;
}

/* The first use of it, or since it was driven out: copied for the loader, with what it names in turn. */
static cd_code bring_copy(struct bringing *b, cd_str url, const struct cd_hosted *h, unsigned depth)
{
	struct cd_json *doc;
	struct cd_ctx_cache *cache = cd_runner_contexts(b->runner);
	if (cd_ctx_cache_host(cache, b->cx, h->name, url, h->text, h->created) ||
		cd_json_parse_copy(b->cx, h->text, &doc))
		return b->cx->err.code;
	return bring(b, cd_json_get(doc, CD_STR("@context")), depth + 1);
}

static cd_code bring_url(struct bringing *b, cd_str url, unsigned depth)
{
	bool again, here;
	struct cd_hosted h;
	cd_str name = cd_hosted_name_of(url);
	if (!name.p)
		return CD_OK;
	cd_code code = name_once(b, url, &again);
	if (code || again)
		return code;
	bool known = cd_ctx_cache_hosts(cd_runner_contexts(b->runner), url);
	code = look_up(b->runner, b->cx, b->tenant, name, !known, &h, &here);
	if (code)
		return code;
	if (here)
		return known ? CD_OK : bring_copy(b, url, &h, depth);
	if (known) /* another tenant's, or just deleted: as if it were not there */
		return cd_fail(b->cx, CD_E_CONTEXT_UNAVAIL, "@context", CD_STR_FMT ": it is not here",
			CD_STR_ARG(url));
	return CD_OK; /* perhaps that of another broker */
}

static cd_code bring(struct bringing *b, const struct cd_json *value, unsigned depth)
{
	if (!value || depth > NESTED_MAX)
		return CD_OK;
	if (value->kind == CD_JSON_STRING)
		return bring_url(b, value->text, depth);
	cd_code code = CD_OK;
	if (value->kind == CD_JSON_ARRAY)
		for (const struct cd_json *item = value->child; item && !code; item = item->next)
			code = item->kind == CD_JSON_STRING ? bring_url(b, item->text, depth) : CD_OK;
	return code;
}

cd_code cd_hosted_bring(struct cd_runner *r, struct cd_cx *cx, cd_str tenant, const struct cd_json *value)
{
	struct bringing b = {.runner = r, .cx = cx, .tenant = tenant};
	return bring(&b, value, 0);
}

/* ---- writing ---- */

static const struct cd_json *none_here(void *arg, cd_str url, cd_str *ret_base)
{
	(void)arg, (void)url, (void)ret_base;
	return NULL;
}

static bool may_be_context(const struct cd_json *v)
{
	return v->kind == CD_JSON_STRING || v->kind == CD_JSON_OBJECT;
}

/* As far as that can be told before its remote parts are fetched, which happens at its first use. */
static cd_code check_context(struct cd_cx *cx, const struct cd_json *value)
{
	const struct cd_ctx_docs docs = {none_here, NULL};
	struct cd_ctx *ctx = NULL;
	cd_str missing;
	bool good = may_be_context(value) || value->kind == CD_JSON_ARRAY;
	if (value->kind == CD_JSON_ARRAY)
		for (const struct cd_json *item = value->child; item && good; item = item->next)
			good = may_be_context(item);
	if (!good)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "/@context",
			"Expected a URL, an object of terms, or an array of those");
	cd_code code = cd_ctx_compile(cx, value, CD_STR(""), &docs, &ctx, &missing);
	cd_ctx_unref(ctx);
	if (code != CD_E_CONTEXT_UNAVAIL)
		return code;
	cd_cx_clear(cx);
	return CD_OK;
}

static cd_str new_name(struct cd_cx *cx)
{
	unsigned char bits[CD_HOSTED_NAME / 2];
	char *name = cd_arena_alloc(cx->arena, CD_HOSTED_NAME + 1);
	if (!name) {
		(void)cd_fail_memory(cx);
	} else if (getrandom(bits, sizeof bits, 0) != sizeof bits) {
		(void)cd_fail(cx, CD_E_INTERNAL, NULL, "The kernel has no random bits");
	} else {
		for (size_t i = 0; i < sizeof bits; i++) {
			name[2 * i] = "0123456789abcdef"[bits[i] >> 4];
			name[2 * i + 1] = "0123456789abcdef"[bits[i] & 15];
		}
		name[CD_HOSTED_NAME] = 0;
		return cd_str_of(name, CD_HOSTED_NAME);
	}
	return cd_str_of(NULL, 0);
}

static struct cd_json *as_entity(struct cd_cx *cx, cd_str id, const struct cd_json *value)
{
	struct cd_buf b;
	struct cd_json *entity = NULL;
	if (!id.p) {
		(void)cd_fail_memory(cx);
		return NULL;
	}
	cd_buf_init(&b, 2 * cx->set->body_max);
	cd_buf_printf(&b,
		"{\"id\":\"" CD_STR_FMT "\",\"type\":\"" TYPE "\",\"" CONTENT
		"\":{\"type\":\"JsonProperty\",\"json\":{\"@context\":",
		CD_STR_ARG(id));
	cd_json_write(&b, value);
	CD_BUF_LIT(&b, "}}}");
	if (b.bad)
		(void)cd_fail_memory(cx);
	else
		(void)cd_json_parse_copy(cx, cd_buf_str(&b), &entity);
	cd_buf_done(&b);
	return entity;
}

/* In good words when it is clear already; the writer holds the bound among those who come together. */
static cd_code room_for_one(struct cd_runner *r, struct cd_cx *cx, cd_str tenant)
{
	uint64_t n = 0;
	if (count(r, cx, tenant, &n))
		return cx->err.code;
	return n < cx->set->contexts_hosted
		       ? CD_OK
		       : cd_fail(cx, CD_E_FULL, NULL, "%llu contexts are hosted already (contexts_hosted)",
				 (unsigned long long)n);
}

/* From here on the operation's tenant is the inner one. */
static void write_on_shelf(struct cd_runner *r, struct cd_op_write *w)
{
	cd_str shelf = shelf_of(w->op.cx->arena, w->op.tenant);
	if (!shelf.p) { /* no name at all would be the default tenant */
		(void)cd_fail_memory(w->op.cx);
		w->op.done(&w->op);
		return;
	}
	w->op.tenant = shelf;
	cd_op_write_begin(r, w);
}

void cd_op_host_begin(
	struct cd_runner *r, struct cd_op_write *w, const struct cd_json *value, cd_str *ret_name)
{
	struct cd_cx *cx = w->op.cx;
	*ret_name = new_name(cx);
	w->verb = CD_VERB_CREATE;
	w->body = CD_BODY_ENTITY;
	w->entities_max = cx->set->contexts_hosted;
	w->ctx = cd_ctx_core();
	w->observed = CD_STAMP_NONE;
	if (cx->err.code || check_context(cx, value) || room_for_one(r, cx, w->op.tenant) ||
		!(w->json = as_entity(cx, id_of(cx->arena, *ret_name), value)))
		w->op.done(&w->op);
	else
		write_on_shelf(r, w);
}

void cd_op_unhost_begin(struct cd_runner *r, struct cd_op_write *w, cd_str name)
{
	struct cd_cx *cx = w->op.cx;
	struct cd_hosted h;
	w->verb = CD_VERB_DELETE;
	w->ctx = cd_ctx_core();
	w->observed = CD_STAMP_NONE;
	w->id = id_of(cx->arena, name);
	if (cd_hosted_find(r, cx, w->op.tenant, name, &h)) { /* also when the shelf was never made */
		w->op.done(&w->op);
	} else if (!w->id.p) {
		(void)cd_fail_memory(cx);
		w->op.done(&w->op);
	} else {
		write_on_shelf(r, w);
	}
}
