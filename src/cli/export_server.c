/*
 * Export from a running server, page by page.
 *
 * Pages come in the order of creation, which nothing changes; what is deleted meanwhile moves later entities
 * towards the beginning. So each page begins some entities before the end of the last one: those that are
 * known again say where to go on, and when none is, the page before is read. Whatever is there from the first
 * page to the last is therefore exported exactly once, in the state it had when its page was read. That is
 * as much as HTTP allows; a backup is of one moment.
 *
 * An answer is turned into packed entities, so that every format is the same as from a data directory. Those
 * of a table, which has to look at all of them before it writes, are kept in a temporary file.
 */
#include "cli/export.h"

#include "base/mem.h"
#include "ops/runner.h"
#include "json/json.h"

#include <errno.h>
#include <stdio.h>

enum { OVERLAP = 16, LIMIT_MAX = 1000, WAKE_MS = 100 };
static const size_t ANSWER_MAX = (size_t)1 << 30, PAGE_MEMORY = (size_t)8 << 30;
static const cd_time_us TIMEOUT = 600000000;

struct from_server {
	struct cd_export_source source;
	struct cd_settings set; /* what a server has taken is not refused here */
	const struct cd_export_plan *plan;
	uv_loop_t loop;
	uv_timer_t timer; /* so that a signal is noticed while the server is silent */
	bool loop_open;
	struct cd_client *client;
	struct cd_ctx_cache *contexts;
	struct cd_runner *runner;
	struct cd_names *names;
	struct cd_arena page, last; /* of this page; ids of the one before */
	const cd_str *known;        /* in the one before, in order */
	size_t known_n;
	FILE *kept; /* entities for a second read */
};

/* ---- one request ---- */

struct reply {
	bool done;
	struct cd_cx *cx;
	int status;
	cd_str body;
};

static void replied(void *arg, const struct cd_client_answer *a)
{
	struct reply *r = arg;
	r->done = true;
	r->status = a->status;
	if (a->code)
		(void)cd_fail(r->cx, a->code, "url", "%s", a->detail);
	char *p = cd_arena_zalloc(r->cx->arena, a->body.n + CD_JSON_PADDING);
	if (!p)
		(void)cd_fail_memory(r->cx);
	else if (a->body.n)
		memcpy(p, a->body.p, a->body.n);
	r->body = cd_str_of(p, p ? a->body.n : 0);
}

static void on_timer(uv_timer_t *timer)
{
	(void)timer;
}

static void put_parameter(struct cd_buf *b, const char *name, const char *value)
{
	cd_buf_printf(b, "&%s=", name);
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
		cd_buf_printf(b, plain ? "%c" : "%%%02X", c);
	}
}

static uint64_t page_size(const struct from_server *from)
{
	uint64_t most = from->set.page_max;
	return most > LIMIT_MAX ? LIMIT_MAX
	       : most < 2       ? 2
				: most; /* one that is known, and one that is new */
}

/* local: not only of one type, and not from other brokers. sysAttrs: expiresAt is one of them. */
static cd_str page_url(const struct from_server *from, struct cd_cx *cx, uint64_t offset)
{
	struct cd_buf b;
	cd_buf_init(&b, 1 << 20);
	cd_buf_printf(&b, "%s/ngsi-ld/v1/entities?local=true&options=sysAttrs&limit=%llu&offset=%llu",
		from->plan->url, (unsigned long long)page_size(from), (unsigned long long)offset);
	if (from->plan->type)
		put_parameter(&b, "type", from->plan->type);
	if (from->plan->q)
		put_parameter(&b, "q", from->plan->q);
	cd_str url = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return url;
}

static cd_code get_page(struct from_server *from, struct cd_cx *cx, uint64_t offset, struct cd_json **ret)
{
	struct reply reply = {.cx = cx};
	cd_str link = cd_arena_printf(cx->arena,
		"<" CD_STR_FMT
		">; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"",
		CD_STR_ARG(cd_ctx_link(from->source.ctx)));
	struct cd_http_field fields[3] = {
		{CD_STR_INIT("Accept"), CD_STR_INIT("application/json")},
		{CD_STR_INIT("Link"), link},
		{CD_STR_INIT("NGSILD-Tenant"), cd_str_z(from->plan->tenant)},
	};
	const struct cd_client_req req = {
		.method = CD_GET,
		.url = page_url(from, cx, offset),
		.fields = fields,
		.fields_n = from->plan->tenant[0] ? 3 : 2,
		.answer_max = ANSWER_MAX,
		.timeout_us = TIMEOUT,
		.done = replied,
		.arg = &reply,
	};
	struct cd_client_call *call = req.url.p && link.p ? cd_client_send(from->client, &req) : NULL;
	if (!call)
		return cd_fail_memory(cx);
	while (!reply.done && !cd_export_signal())
		uv_run(&from->loop, UV_RUN_ONCE);
	if (!reply.done) {
		cd_client_cancel(from->client, call);
		return cd_fail(cx, CD_E_IO, NULL, "Interrupted");
	}
	if (!cx->err.code && reply.status != 200)
		return cd_fail(cx, CD_E_BAD_GATEWAY, "url", "The server answered %d: " CD_STR_FMT,
			reply.status, CD_STR_ARG(reply.body));
	if (cx->err.code || cd_json_parse(cx, reply.body, ret))
		return cx->err.code;
	return (*ret)->kind == CD_JSON_ARRAY
		       ? CD_OK
		       : cd_fail(cx, CD_E_BAD_GATEWAY, "url", "The server did not answer with a list");
}

/* ---- an entity of the answer, packed ---- */

static cd_stamp stamp_of(const struct cd_json *object, cd_str name)
{
	cd_stamp stamp;
	const struct cd_json *v = cd_json_get(object, name);
	return v && v->kind == CD_JSON_STRING && cd_stamp_parse(v->text, &stamp) ? stamp : CD_STAMP_NONE;
}

/* The instance that became this node: by name, and by dataset where there are several. */
static const struct cd_json *instance_of(
	struct from_server *from, struct cd_cx *cx, const struct cd_json *in, cd_term term, cd_str dataset)
{
	for (const struct cd_json *m = in ? in->child : NULL; m; m = m->next) {
		if (cd_ctx_term(from->source.ctx, cx->arena, from->names, m->key, NULL) != term)
			continue;
		bool list = m->kind == CD_JSON_ARRAY;
		for (const struct cd_json *i = list ? m->child : m; i; i = list ? i->next : NULL) {
			const struct cd_json *d = cd_json_get(i, CD_STR("datasetId"));
			if (cd_str_eq(d ? d->text : CD_STR(""), dataset))
				return i;
		}
	}
	return NULL;
}

static struct cd_loose *stamped(struct from_server *from, struct cd_cx *cx, const struct cd_ent *e,
	const struct cd_node *n, const struct cd_json *in)
{
	struct cd_loose *l = cd_loose_open(cx->arena, e, n);
	const struct cd_json *json = instance_of(from, cx, in, n->term, cd_node_dataset(e, n));
	if (!l)
		return NULL;
	l->created = stamp_of(json, CD_STR("createdAt"));
	l->modified = stamp_of(json, CD_STR("modifiedAt"));
	for (struct cd_loose **at = &l->child; *at; at = &(*at)->next) {
		struct cd_loose *next = (*at)->next;
		*at = stamped(from, cx, e, (*at)->node, json);
		if (!*at)
			return NULL;
		(*at)->next = next;
	}
	return l;
}

/* Reading an entity passes over times of the system; here they are put in again. */
static cd_code add_times(
	struct from_server *from, struct cd_cx *cx, const struct cd_json *json, struct cd_ent **e)
{
	struct cd_loose_ent out;
	struct cd_loose **at = &out.child;
	cd_loose_ent_init(&out);
	cd_str *scopes = CD_NEWS(cx->arena, cd_str, (*e)->scopes + 1u);
	if (!scopes)
		return cd_fail_memory(cx);
	for (unsigned i = 0; i < (*e)->scopes; i++)
		scopes[i] = cd_ent_at(*e, cd_ent_scopes(*e)[i]);
	out.id = cd_ent_id(*e);
	out.flags = (*e)->flags;
	out.expires = (*e)->expires;
	out.created = stamp_of(json, CD_STR("createdAt"));
	out.modified = stamp_of(json, CD_STR("modifiedAt"));
	out.types = cd_ent_types(*e);
	out.types_n = (*e)->types;
	out.scopes = scopes;
	out.scopes_n = (*e)->scopes;
	for (uint32_t i = 0; i < (*e)->tops; i++, at = &(*at)->next) {
		*at = stamped(from, cx, *e, cd_ent_nodes(*e) + i, json);
		if (!*at)
			return cd_fail_memory(cx);
	}
	return cd_ent_pack(cx, &out, e);
}

static cd_code pack(
	struct from_server *from, struct cd_cx *cx, const struct cd_json *json, struct cd_ent **ret)
{
	const struct cd_in in = {.ctx = from->source.ctx, .names = from->names, .body = CD_BODY_ENTITY};
	struct cd_frag frag;
	if (cd_repr_in(cx, &in, json, &frag))
		return cx->err.code;
	cd_term *map = CD_NEWS(cx->arena, cd_term, frag.names_n + 1);
	for (uint32_t i = 0; map && i < frag.names_n; i++) {
		map[i] = cd_names_add(from->names, frag.names[i]);
		if (!map[i])
			return cd_fail_memory(cx);
	}
	*ret = frag.ent;
	if (!map)
		return cd_fail_memory(cx);
	if (frag.names_n && cd_ent_rename(cx, frag.ent, map, ret))
		return cx->err.code;
	return from->plan->sys_attrs ? add_times(from, cx, json, ret) : CD_OK;
}

/* ---- pages ---- */

static cd_str id_of(const struct cd_json *entity)
{
	const struct cd_json *id = cd_json_get(entity, CD_STR("id"));
	return id ? id->text : CD_STR("");
}

/* The first entity of the page that is new: behind the last one that is known. NULL: none is known. */
static const struct cd_json *behind_known(
	struct from_server *from, const struct cd_json *page, bool *ret_known)
{
	const struct cd_json *first = page->child;
	size_t from_id = 0;
	*ret_known = from->known_n == 0;
	for (const struct cd_json *e = page->child; e; e = e->next)
		/* both are in one order: the search goes on where the last one ended */
		for (size_t i = from_id; i < from->known_n; i++)
			if (cd_str_eq(from->known[i], id_of(e))) {
				from_id = i + 1;
				first = e->next;
				*ret_known = true;
				break;
			}
	return first;
}

static cd_code remember(struct from_server *from, struct cd_cx *cx, const struct cd_json *page)
{
	size_t n = 0;
	cd_arena_reset(&from->last);
	cd_str *ids = CD_NEWS(&from->last, cd_str, page->n + 1u);
	for (const struct cd_json *e = page->child; ids && e; e = e->next) {
		ids[n] = cd_arena_copy(&from->last, id_of(e));
		if (!ids[n++].p)
			return cd_fail_memory(cx);
	}
	from->known = ids;
	from->known_n = n;
	return ids ? CD_OK : cd_fail_memory(cx);
}

struct reading {
	bool keep;
	cd_export_each *each;
	void *arg;
};

static cd_code keep(struct from_server *from, struct cd_cx *cx, const struct cd_ent *e)
{
	return fwrite(e, 1, e->bytes, from->kept) == e->bytes
		       ? CD_OK
		       : cd_fail(cx, CD_E_FULL, "temporary file", "%s", strerror(errno));
}

/* All are packed before the first goes on, so that new names are put in order once for a page. */
static cd_code take_page(
	struct from_server *from, struct cd_cx *cx, const struct cd_json *first, const struct reading *r)
{
	size_t n = 0;
	for (const struct cd_json *e = first; e; e = e->next)
		n++;
	struct cd_ent **all = CD_NEWS(cx->arena, struct cd_ent *, n + 1);
	if (!all)
		return cd_fail_memory(cx);
	n = 0;
	for (const struct cd_json *e = first; e; e = e->next)
		if (pack(from, cx, e, &all[n++]))
			return cx->err.code;
	for (size_t i = 0; i < n; i++) {
		if (!cd_ent_alive(all[i], cx->now))
			continue;
		if (r->each(r->arg, cx, all[i]) || (r->keep && keep(from, cx, all[i])))
			return cx->err.code;
	}
	return CD_OK;
}

static cd_code read_pages(struct from_server *from, struct cd_cx *cx, const struct reading *r)
{
	uint64_t limit = page_size(from), overlap = limit > 2 * OVERLAP ? OVERLAP : limit / 2;
	uint64_t done = 0, back = overlap; /* entities up to the end of the last page; how far before it */
	struct cd_json *page;
	from->known_n = 0;
	for (;;) {
		bool known;
		uint64_t offset = done > back ? done - back : 0;
		cd_arena_reset(&from->page);
		if (get_page(from, cx, offset, &page))
			return cx->err.code;
		const struct cd_json *first = behind_known(from, page, &known);
		if (!known && offset == 0)
			return cd_fail(cx, CD_E_CONFLICT, "url",
				"So much was deleted meanwhile that the place is lost; try again, or export "
				"a "
				"backup");
		if (!known) {
			back += limit > 1 ? limit - 1 : 1;
			continue;
		}
		if (take_page(from, cx, first, r) || (page->n && remember(from, cx, page)))
			return cx->err.code;
		if (page->n < limit)
			return CD_OK;
		done = offset + page->n;
		back = overlap;
	}
}

static cd_code read_kept(struct from_server *from, struct cd_cx *cx, const struct reading *r)
{
	struct cd_ent head;
	rewind(from->kept);
	while (fread(&head, 1, sizeof head, from->kept) == sizeof head) {
		cd_arena_reset(&from->page);
		char *e = cd_arena_alloc(&from->page, head.bytes);
		if (!e)
			return cd_fail_memory(cx);
		memcpy(e, &head, sizeof head);
		size_t rest = head.bytes - sizeof head;
		if (fread(e + sizeof head, 1, rest, from->kept) != rest)
			return cd_fail(cx, CD_E_IO, "temporary file", "It is shorter than what was written");
		if (r->each(r->arg, cx, (const struct cd_ent *)(const void *)e))
			return cx->err.code;
	}
	return ferror(from->kept) ? cd_fail(cx, CD_E_IO, "temporary file", "%s", strerror(errno)) : CD_OK;
}

static cd_code read_server(struct cd_export_source *source, struct cd_cx *out, bool keep_all, bool again,
	cd_export_each *each, void *arg)
{
	struct from_server *from = (struct from_server *)source;
	const struct reading r = {keep_all, each, arg};
	struct cd_cx cx;
	cd_cx_init(&cx, &from->page, &from->set);
	cx.now = out->now;
	if (keep_all && !from->kept && !(from->kept = tmpfile()))
		return cd_fail(out, CD_E_IO, "temporary file", "%s", strerror(errno));
	cd_code code = again ? read_kept(from, &cx, &r) : read_pages(from, &cx, &r);
	if (!code && keep_all && fflush(from->kept) != 0)
		code = cd_fail(&cx, CD_E_FULL, "temporary file", "%s", strerror(errno));
	return code ? cd_fail(out, code, cx.err.where, "%s", cx.err.detail) : CD_OK;
}

static cd_code no_tenants(
	struct cd_export_source *source, struct cd_cx *cx, const cd_str **ret, size_t *ret_n)
{
	(void)source, (void)ret, (void)ret_n;
	return cd_fail(cx, CD_E_NOT_SUPPORTED, "url", "A server does not tell which tenants it has");
}

/* ---- life ---- */

static void close_server(struct cd_export_source *source)
{
	struct from_server *from = (struct from_server *)source;
	if (from->kept)
		fclose(from->kept);
	cd_ctx_unref(from->source.ctx);
	cd_runner_free(from->runner);
	cd_ctx_cache_free(from->contexts);
	cd_names_free(from->names);
	cd_client_free(from->client);
	if (from->loop_open) {
		uv_close((uv_handle_t *)&from->timer, NULL);
		uv_run(&from->loop, UV_RUN_DEFAULT);
		(void)uv_loop_close(&from->loop);
	}
	cd_arena_done(&from->page);
	cd_arena_done(&from->last);
	cd_mem_free(from);
}

static const struct cd_export_source_ops server_ops = {read_server, no_tenants, close_server};

static cd_code open_context(struct from_server *from, struct cd_cx *cx)
{
	struct cd_ctx_wait *wait;
	const struct cd_runner_config conf = {.contexts = from->contexts,
		.set = &from->set,
		.allow_private = from->set.outbound_private != 0};
	from->runner = cd_runner_new(cx, &conf);
	if (!from->runner)
		return cx->err.code;
	const char *url = from->plan->context;
	const struct cd_json *value = url ? cd_json_string(cx->arena, cd_str_z(url)) : NULL;
	return cd_runner_context(from->runner, cx, value, NULL, NULL, &from->source.ctx, &wait);
}

static cd_code open_server(struct from_server *from, struct cd_cx *cx)
{
	if (uv_loop_init(&from->loop) != 0)
		return cd_fail_memory(cx);
	from->loop_open = true;
	uv_timer_init(&from->loop, &from->timer);
	uv_timer_start(&from->timer, on_timer, WAKE_MS, WAKE_MS);
	from->client = cd_client_new(&from->loop, &from->set, true);
	from->names = cd_names_new(from->set.names_max);
	if (!from->client || !from->names)
		return cd_fail_memory(cx);
	from->contexts = cd_ctx_cache_new(cx, &from->set);
	return from->contexts ? open_context(from, cx) : cx->err.code;
}

struct cd_export_source *cd_export_server(
	struct cd_cx *cx, const struct cd_settings *set, const struct cd_export_plan *plan)
{
	struct from_server *from = cd_mem_zalloc(sizeof *from);
	if (!from) {
		(void)cd_fail_memory(cx);
		return NULL;
	}
	from->source.ops = &server_ops;
	from->plan = plan;
	from->set = *set;
	from->set.json_depth = 512;
	from->set.json_members = UINT64_MAX;
	from->set.attributes_max = 65535;
	from->set.entity_max = (uint64_t)1 << 28;
	from->set.id_max = 65535;
	from->set.types_max = 4096;
	from->set.vertices_max = 10000000;
	cd_arena_init(&from->page, PAGE_MEMORY);
	cd_arena_init(&from->last, PAGE_MEMORY);
	if (!open_server(from, cx)) {
		from->source.names = from->names;
		return &from->source;
	}
	close_server(&from->source);
	return NULL;
}
