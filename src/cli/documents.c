/* Documents, one after the other: the loop runs until an answer is here. */
#include "cli/documents.h"

#include "base/mem.h"
#include "http/client.h"
#include "http/router.h"
#include "jsonld/documents.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOPS_MAX = 5 }; /* from one document to the one it says is meant */

struct known { /* a context that was read: expanding and compacting ask for it once each */
	struct known *next;
	cd_str url, base;
	const struct cd_json *root;
};

struct cd_documents {
	struct cd_cx *cx;
	struct known *known;
	struct cd_ctx_cache *folder;
	uv_loop_t loop;
	struct cd_client *client;
	bool local, looping;
	const char *why;
};

struct reply {
	struct cd_documents *d;
	bool done;
	struct cd_jld_answer answer;
	cd_str body; /* p == NULL: none */
};

struct cd_documents *cd_documents_new(struct cd_cx *cx)
{
	struct cd_documents *d = CD_NEW(cx->arena, struct cd_documents);
	if (!d) {
		(void)cd_fail_memory(cx);
		return NULL;
	}
	d->cx = cx;
	d->folder = cd_ctx_cache_new(cx, cx->set);
	return d->folder ? d : NULL;
}

void cd_documents_free(struct cd_documents *d)
{
	if (!d)
		return;
	cd_client_free(d->client);
	if (d->looping) {
		uv_run(&d->loop, UV_RUN_DEFAULT);
		(void)uv_loop_close(&d->loop);
	}
	cd_ctx_cache_free(d->folder);
}

const char *cd_documents_why(const struct cd_documents *d)
{
	return d->why;
}

/* ---- files ---- */

static cd_code read_all(struct cd_cx *cx, FILE *f, const char *name, struct cd_json **ret)
{
	static char chunk[1 << 16];
	struct cd_buf b;
	cd_buf_init(&b, cx->set->body_max);
	for (size_t n; !b.bad && (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		cd_buf_put(&b, cd_str_of(chunk, n));
	if (ferror(f))
		(void)cd_fail(cx, CD_E_IO, name, "%s", strerror(errno));
	else if (b.bad == CD_E_TOO_LARGE)
		(void)cd_fail(cx, CD_E_TOO_LARGE, name, "More than %llu bytes (--body-max)",
			(unsigned long long)cx->set->body_max);
	else if (b.bad)
		(void)cd_fail_memory(cx);
	else
		(void)cd_json_parse_copy(cx, cd_buf_str(&b), ret);
	cd_buf_done(&b);
	return cx->err.code;
}

static cd_code read_file(struct cd_cx *cx, const char *path, struct cd_json **ret)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return cd_fail(cx, CD_E_NOT_FOUND, path, "%s", strerror(errno));
	(void)read_all(cx, f, path, ret);
	fclose(f);
	return cx->err.code;
}

static cd_str file_url(struct cd_cx *cx, const char *path)
{
	char full[PATH_MAX];
	struct cd_buf b;
	if (!realpath(path, full))
		return cd_str_of(NULL, 0);
	cd_buf_init(&b, 4 * PATH_MAX);
	CD_BUF_LIT(&b, "file://");
	cd_percent_encode(&b, cd_str_z(full), "/");
	cd_str url = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return url;
}

/* ---- servers ---- */

static cd_str copy(struct cd_cx *cx, cd_str s)
{
	cd_str text = cd_arena_copy(cx->arena, s);
	if (!text.p)
		(void)cd_fail_memory(cx);
	return text;
}

static cd_str fields_of(struct cd_cx *cx, const struct cd_client_answer *a, const char *name)
{
	cd_str all = CD_STR("");
	for (size_t i = 0; i < a->fields_n; i++) {
		if (!cd_str_eq(a->fields[i].name, cd_str_z(name)))
			continue;
		const cd_str parts[] = {all, all.n ? CD_STR(", ") : CD_STR(""), a->fields[i].value};
		all = cd_arena_join(cx->arena, parts, 3);
		if (!all.p)
			(void)cd_fail_memory(cx);
	}
	return all;
}

static void replied(void *arg, const struct cd_client_answer *a)
{
	struct reply *r = arg;
	struct cd_cx *cx = r->d->cx;
	r->done = true;
	if (a->code || a->status != 200) {
		cd_str why = a->code ? copy(cx, cd_str_z(a->detail))
				     : cd_arena_printf(cx->arena, "The server answered %d", a->status);
		r->d->why = why.p;
		return;
	}
	r->answer.url = copy(cx, a->final_url);
	r->answer.media = fields_of(cx, a, "content-type");
	r->answer.link = fields_of(cx, a, "link");
	r->body = copy(cx, a->body);
}

static cd_code start(struct cd_documents *d)
{
	if (!d->looping && uv_loop_init(&d->loop) != 0)
		return cd_fail_memory(d->cx);
	d->looping = true;
	if (!d->client)
		d->client = cd_client_new(&d->loop, d->cx->set, true);
	return d->client ? CD_OK : cd_fail_memory(d->cx);
}

static cd_code ask(struct cd_documents *d, cd_str url, struct reply *r)
{
	const struct cd_http_field fields[] = {{CD_STR_INIT("Accept"),
		CD_STR_INIT("application/ld+json, application/json;q=0.9, */*;q=0.1")}};
	const struct cd_client_req req = {.method = CD_GET,
		.url = url,
		.fields = fields,
		.fields_n = 1,
		.answer_max = d->cx->set->body_max,
		.timeout_us = (cd_time_us)d->cx->set->context_timeout,
		.done = replied,
		.arg = r};
	*r = (struct reply){.d = d};
	if (start(d))
		return d->cx->err.code;
	if (!cd_client_send(d->client, &req))
		return cd_fail_memory(d->cx);
	while (!r->done)
		uv_run(&d->loop, UV_RUN_ONCE);
	return d->cx->err.code;
}

/* CD_E_CONTEXT_UNAVAIL without words: d->why has them. */
static cd_code get_url(
	struct cd_documents *d, cd_str url, struct cd_document *ret, struct cd_jld_problem *ret_problem)
{
	struct reply r;
	struct cd_json *root;
	cd_str instead = url;
	for (unsigned hops = 0; instead.p; hops++) {
		if (ask(d, instead, &r))
			return d->cx->err.code;
		if (hops == HOPS_MAX)
			d->why = "It says again and again that another one is meant";
		if (!r.body.p || hops == HOPS_MAX)
			return CD_E_CONTEXT_UNAVAIL;
		if (cd_jld_answered(d->cx, &r.answer, &instead, &ret->context, ret_problem))
			return d->cx->err.code;
	}
	if (cd_json_parse_copy(d->cx, r.body, &root))
		return d->cx->err.code;
	ret->root = root;
	ret->url = r.answer.url;
	return CD_OK;
}

/* ---- contexts ---- */

static const struct cd_json *from_folder(struct cd_documents *d, cd_str url, cd_str *ret_base)
{
	struct cd_doc doc;
	struct cd_json *root = NULL;
	cd_docs_get(d->folder, d->cx->arena, url, &doc);
	cd_doc_use_unref(doc.use);
	if (doc.state != CD_DOC_FRESH && doc.state != CD_DOC_STALE)
		return NULL;
	*ret_base = doc.base;
	if (!doc.text.p || !doc.base.p)
		(void)cd_fail_memory(d->cx);
	else
		(void)cd_json_parse(d->cx, doc.text, &root);
	return root;
}

static const struct cd_json *from_file(struct cd_documents *d, cd_str url)
{
	struct cd_json *root = NULL;
	cd_str path = cd_percent_decode(d->cx->arena, cd_str_skip(url, sizeof "file://" - 1));
	cd_str z = d->local && path.p ? cd_arena_copy(d->cx->arena, path) : cd_str_of(NULL, 0);
	if (!d->local)
		d->why = "Only a document that is a file itself may name files";
	if (z.p)
		(void)read_file(d->cx, z.p, &root);
	return root;
}

/* By the place it names. NULL: the error, or d->why. */
static const struct cd_json *from_place(struct cd_documents *d, cd_str url, cd_str *ret_base)
{
	struct cd_document got = {.root = NULL};
	struct cd_jld_problem problem;
	if (cd_ctx_is_core_url(url))
		return cd_ctx_core_document(d->cx);
	if (cd_str_starts(url, CD_STR("file://")))
		return from_file(d, url);
	if (!cd_str_starts(url, CD_STR("http://")) && !cd_str_starts(url, CD_STR("https://")))
		d->why = "Neither an http URL nor a file";
	else if (!get_url(d, url, &got, &problem))
		*ret_base = got.url;
	return got.root;
}

static void remember(struct cd_documents *d, cd_str url, cd_str base, const struct cd_json *root)
{
	struct known *k = CD_NEW(d->cx->arena, struct known);
	if (!k) {
		(void)cd_fail_memory(d->cx);
		return;
	}
	*k = (struct known){d->known, url, base, root};
	d->known = k;
}

/* What is wrong with a context that was named is a reason why the work ends: that it is not to be had. */
static const struct cd_json *document(void *arg, cd_str url, cd_str *ret_base)
{
	struct cd_documents *d = arg;
	struct cd_cx *cx = d->cx;
	const struct known *k = d->known;
	while (k && !cd_str_eq(k->url, url))
		k = k->next;
	d->why = NULL;
	*ret_base = k ? k->base : url;
	if (k)
		return k->root;
	const struct cd_json *root = from_folder(d, url, ret_base);
	if (!root && !cx->err.code)
		root = from_place(d, url, ret_base);
	if (root)
		remember(d, url, *ret_base, root);
	if (cx->err.code && cx->err.code != CD_E_NO_MEMORY) {
		d->why = cx->err.detail;
		cd_cx_clear(cx);
	}
	return root;
}

struct cd_ctx_docs cd_documents_docs(struct cd_documents *d)
{
	return (struct cd_ctx_docs){document, d};
}

cd_code cd_documents_read(
	struct cd_documents *d, const char *name, struct cd_document *ret, struct cd_jld_problem *ret_problem)
{
	struct cd_json *root = NULL;
	struct cd_cx *cx = d->cx;
	cd_str url = cd_str_z(name);
	*ret = (struct cd_document){.root = NULL};
	if (cd_str_starts(url, CD_STR("http://")) || cd_str_starts(url, CD_STR("https://"))) {
		cd_code code = get_url(d, url, ret, ret_problem);
		if (code && !cx->err.code)
			ret_problem->error = CD_JLD_LOADING_DOCUMENT_FAILED;
		return code && !cx->err.code ? cd_fail(cx, code, NULL, "%s: %s: %s",
						       cd_jld_error_words(CD_JLD_LOADING_DOCUMENT_FAILED),
						       name, d->why ? d->why : "")
					     : cx->err.code;
	}
	d->local = true;
	if (cd_str_eq(url, CD_STR("-"))) {
		(void)read_all(cx, stdin, "-", &root);
	} else if (!read_file(cx, name, &root)) {
		ret->url = file_url(cx, name);
		if (!ret->url.p)
			return cd_fail(cx, CD_E_IO, name, "%s", strerror(errno));
	}
	ret->root = root;
	return cx->err.code;
}
