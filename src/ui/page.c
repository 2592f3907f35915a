/*
 * The files of the start page. A name with a hash in it is kept by browsers for ever; the others are asked
 * for again each time and mostly answered with 304, so that a new version of the program shows at once. A
 * page may load what comes from this very origin, and nothing else: it works without any other network, and
 * what somebody writes into an entity cannot make it fetch or run anything.
 */
#include "http/negotiate.h"
#include "http/problem.h"
#include "ui/ui_int.h"

static const cd_str policy = CD_STR_INIT(
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'");

static const struct cd_ui_file *file_at(cd_str path)
{
	size_t low = 0, high = cd_ui_files_n;
	if (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = cd_str_cmp(path, cd_ui_files[mid].path);
		if (order == 0)
			return &cd_ui_files[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* Does the client have this content, plain or compressed? Weak comparison. [RFC 9110 13.1.2] */
static bool has_it(const struct cd_http_req *req, cd_str plain_tag, cd_str gzip_tag)
{
	cd_str rest = cd_http_field(req, CD_STR("if-none-match"));
	while (rest.p) {
		cd_str tag = cd_str_trim(cd_str_cut(&rest, ','));
		if (cd_str_starts(tag, CD_STR("W/")))
			tag = cd_str_skip(tag, 2);
		if (cd_str_eq(tag, plain_tag) || cd_str_eq(tag, gzip_tag) || cd_str_eq(tag, CD_STR("*")))
			return true;
	}
	return false;
}

static void send_file(struct cd_http_req *req, const struct cd_ui_file *f)
{
	bool gzip = f->gzip.n && cd_accepts_coding(req, CD_STR("gzip"));
	cd_str plain_tag = cd_arena_printf(req->cx.arena, "\"%s\"", f->tag);
	cd_str gzip_tag = cd_arena_printf(req->cx.arena, "\"%s-gzip\"", f->tag);
	cd_str bytes = gzip ? f->gzip : f->plain;
	struct cd_buf body;
	struct cd_http_field fields[10];
	size_t n = 0;
	cd_buf_init(&body, bytes.n);
	cd_buf_put(&body, bytes);
	if (!plain_tag.p || !gzip_tag.p || body.bad) {
		cd_buf_done(&body);
		(void)cd_fail_memory(&req->cx);
		cd_problem_reply(req, CD_SURFACE_NGSILD, NULL, 0);
		return;
	}
	fields[n++] = (struct cd_http_field){CD_STR("ETag"), gzip ? gzip_tag : plain_tag};
	fields[n++] = (struct cd_http_field){CD_STR("Cache-Control"),
		f->hashed ? CD_STR("public, max-age=31536000, immutable") : CD_STR("no-cache")};
	if (f->gzip.n)
		fields[n++] = (struct cd_http_field){CD_STR("Vary"), CD_STR("Accept-Encoding")};
	fields[n++] = (struct cd_http_field){CD_STR("Content-Security-Policy"), policy};
	fields[n++] = (struct cd_http_field){CD_STR("X-Content-Type-Options"), CD_STR("nosniff")};
	fields[n++] = (struct cd_http_field){CD_STR("Referrer-Policy"), CD_STR("no-referrer")};
	if (has_it(req, plain_tag, gzip_tag)) {
		cd_buf_done(&body);
		cd_http_reply(req, 304, fields, n, NULL);
		return;
	}
	fields[n++] = (struct cd_http_field){CD_STR("Content-Type"), f->media};
	if (gzip)
		fields[n++] = (struct cd_http_field){CD_STR("Content-Encoding"), CD_STR("gzip")};
	cd_http_reply(req, 200, fields, n, &body);
}

void cd_ui_page(void *app, struct cd_http_req *req, const struct cd_route *route, const struct cd_args *args)
{
	(void)app, (void)route, (void)args;
	const struct cd_ui_file *f = file_at(req->path);
	if (f) {
		send_file(req, f);
		return;
	}
	(void)cd_fail(&req->cx, CD_E_NOT_FOUND, NULL, "There is no such page");
	cd_problem_reply(req, CD_SURFACE_NGSILD, NULL, 0);
}
