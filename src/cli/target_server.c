/* Import into a running server: batch requests through the one outbound client. */
#include "cli/target.h"

#include "base/mem.h"
#include "json/json.h"

#include <stdlib.h>

struct to_server {
	struct cd_target target;
	const struct cd_settings *set;
	const struct cd_import_plan *plan;
	uv_loop_t loop;
	struct cd_client *client;
	struct cd_arena arena; /* of one batch */
};

struct reply {
	bool done;
	cd_code code;
	int status;
	cd_str detail, body;
	struct cd_arena *arena;
};

static void replied(void *arg, const struct cd_client_answer *a)
{
	struct reply *r = arg;
	r->done = true;
	r->code = a->code;
	r->status = a->status;
	r->detail = cd_arena_copy(r->arena, cd_str_z(a->detail));
	/* parsed later: padding behind it */
	char *p = cd_arena_zalloc(r->arena, a->body.n + CD_JSON_PADDING);
	if (p && a->body.n)
		memcpy(p, a->body.p, a->body.n);
	r->body = cd_str_of(p, p ? a->body.n : 0);
}

/* A bare look for the member is enough here: the server judges where it stands. */
static bool has_context(cd_str item)
{
	return memmem(item.p, item.n, "\"@context\"", 10) != NULL;
}

struct part {
	struct cd_buf body;
	unsigned index[CD_IMPORT_BATCH_MAX]; /* into the batch */
	unsigned n;
	bool ld;
};

static void fill(struct part *part, const struct cd_import_batch *in, bool ld)
{
	part->ld = ld;
	cd_buf_init(&part->body, SIZE_MAX / 2);
	cd_buf_char(&part->body, '[');
	for (unsigned i = 0; i < in->n; i++) {
		cd_str item = cd_str_of(in->text.p + in->item[i].at, in->item[i].n);
		if (has_context(item) != ld)
			continue;
		if (part->n)
			cd_buf_char(&part->body, ',');
		cd_buf_put(&part->body, item);
		part->index[part->n++] = i;
	}
	cd_buf_char(&part->body, ']');
}

static cd_code post(struct to_server *t, struct cd_cx *cx, const struct part *part, struct reply *ret)
{
	const char *mode = cd_str_eq(cd_str_z(t->plan->mode), CD_STR("append")) ? "update?options=noOverwrite"
										: t->plan->mode;
	cd_str link = cd_arena_printf(cx->arena,
		"<%s>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"",
		t->plan->context ? t->plan->context : "");
	struct cd_http_field fields[3] = {{CD_STR_INIT("Content-Type"),
		part->ld ? CD_STR("application/ld+json") : CD_STR("application/json")}};
	size_t n = 1;
	if (t->plan->context && !part->ld)
		fields[n++] = (struct cd_http_field){CD_STR("Link"), link};
	if (t->plan->tenant[0])
		fields[n++] = (struct cd_http_field){CD_STR("NGSILD-Tenant"), cd_str_z(t->plan->tenant)};
	const struct cd_client_req req = {
		.method = CD_POST,
		.url = cd_arena_printf(cx->arena, "%s/ngsi-ld/v1/entityOperations/%s", t->plan->url, mode),
		.fields = fields,
		.fields_n = n,
		.body = cd_buf_str(&part->body),
		.answer_max = 1u << 30,
		.timeout_us = 600000000,
		.done = replied,
		.arg = ret,
	};
	*ret = (struct reply){.arena = cx->arena};
	if (!cd_client_send(t->client, &req))
		return cd_fail_memory(cx);
	while (!ret->done)
		uv_run(&t->loop, UV_RUN_ONCE);
	if (ret->code)
		return cd_fail(cx, ret->code, "url", CD_STR_FMT, CD_STR_ARG(ret->detail));
	if (ret->status != 201 && ret->status != 204 && ret->status != 207)
		return cd_fail(cx, CD_E_BAD_GATEWAY, "url", "The server answered %d: " CD_STR_FMT,
			ret->status, CD_STR_ARG(ret->body));
	return CD_OK;
}

static uint64_t line_of(const struct cd_import_batch *in, const struct part *part, cd_str id)
{
	for (unsigned i = 0; i < part->n; i++) {
		unsigned k = part->index[i];
		if (id.n && memmem(in->text.p + in->item[k].at, in->item[k].n, id.p, id.n))
			return in->item[k].line;
	}
	return part->n ? in->item[part->index[0]].line : 0;
}

/* 207: {"errors":[{"entityId","error":{"detail"}}]} */
static cd_code report(struct cd_cx *cx, const struct cd_import_batch *in, const struct part *part,
	const struct reply *reply, void (*failed)(void *, uint64_t, const char *, const char *), void *arg)
{
	struct cd_json *body;
	if (reply->status != 207)
		return CD_OK;
	if (cd_json_parse(cx, reply->body, &body))
		return cx->err.code;
	const struct cd_json *errors = cd_json_get(body, CD_STR("errors"));
	for (const struct cd_json *e = errors ? errors->child : NULL; e; e = e->next) {
		const struct cd_json *id = cd_json_get(e, CD_STR("entityId"));
		const struct cd_json *why = cd_json_get(cd_json_get(e, CD_STR("error")), CD_STR("detail"));
		cd_str id_text = id ? id->text : CD_STR("");
		failed(arg, line_of(in, part, id_text), cd_arena_copy(cx->arena, id_text).p,
			cd_arena_copy(cx->arena, why ? why->text : CD_STR("refused")).p);
	}
	return CD_OK;
}

static cd_code write_batch(struct cd_target *target, struct cd_cx *out, const struct cd_import_batch *in,
	void (*failed)(void *, uint64_t, const char *, const char *), void *arg)
{
	struct to_server *t = (struct to_server *)target;
	struct cd_cx cx;
	cd_arena_reset(&t->arena);
	cd_cx_init(&cx, &t->arena, t->set);
	for (int ld = 0; ld < 2 && !cx.err.code; ld++) {
		struct part *part = CD_NEW(cx.arena, struct part);
		struct reply reply;
		if (!part)
			return cd_fail_memory(out);
		fill(part, in, ld);
		if (part->body.bad)
			(void)cd_fail_memory(&cx);
		else if (part->n && !post(t, &cx, part, &reply))
			(void)report(&cx, in, part, &reply, failed, arg);
		cd_buf_done(&part->body);
	}
	return cx.err.code ? cd_fail(out, cx.err.code, cx.err.where, "%s", cx.err.detail) : CD_OK;
}

static cd_code close_server(struct cd_target *target, struct cd_cx *cx)
{
	struct to_server *t = (struct to_server *)target;
	(void)cx;
	cd_client_free(t->client);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&t->loop);
	cd_arena_done(&t->arena);
	cd_mem_free(t);
	return CD_OK;
}

static const struct cd_target_ops server_ops = {write_batch, close_server};

struct cd_target *cd_target_server(
	struct cd_cx *cx, const struct cd_settings *set, const struct cd_import_plan *plan)
{
	struct to_server *t = cd_mem_zalloc(sizeof *t);
	if (!t || uv_loop_init(&t->loop) != 0) {
		cd_mem_free(t);
		(void)cd_fail_memory(cx);
		return NULL;
	}
	t->target.ops = &server_ops;
	t->set = set;
	t->plan = plan;
	cd_arena_init(&t->arena, (size_t)4 << 30);
	t->client = cd_client_new(&t->loop, set, true);
	if (t->client)
		return &t->target;
	(void)cd_fail_memory(cx);
	(void)close_server(&t->target, cx);
	return NULL;
}
