/*
 * Any bytes on a connection, cut in any way. The input: one byte, the size of the pieces; the rest is said by
 * the client, who then closes his side. Said at once and said in pieces the requests that reach the
 * application and the statuses of the answers must be the same: where the bytes are cut means nothing in TCP,
 * and whatever depends on it hides a request or invents one.
 *
 * The connection is put together here over a pair of sockets, without a listener.
 */
#include "http/connection_int.h"

#include "base/mem.h"
#include "http/problem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct cd_buf log; /* what the application was asked, in words */
	struct cd_buf wire;
	unsigned requests, done;
};

static void request(void *arg, struct cd_http_req *req)
{
	struct seen *seen = arg;
	struct cd_buf body;
	seen->requests++;
	cd_buf_printf(&seen->log, "%d %d " CD_STR_FMT " " CD_STR_FMT "?" CD_STR_FMT "\n",
		(int)req->cx.err.code, (int)req->method, CD_STR_ARG(req->target), CD_STR_ARG(req->path),
		CD_STR_ARG(req->query));
	for (size_t i = 0; i < req->fields_n; i++)
		cd_buf_printf(&seen->log, CD_STR_FMT "=" CD_STR_FMT "\n", CD_STR_ARG(req->fields[i].name),
			CD_STR_ARG(req->fields[i].value));
	cd_buf_put(&seen->log, req->body);
	if (req->cx.err.code) {
		cd_problem_reply(req, CD_SURFACE_NGSILD, NULL, 0);
		return;
	}
	const struct cd_http_field text = {CD_STR_INIT("Content-Type"), CD_STR_INIT("text/plain")};
	cd_buf_init(&body, 1 << 20);
	cd_buf_put(&body, req->body);
	if (cd_str_starts(req->path, CD_STR("/s"))) {
		cd_http_stream_begin(req, 200, &text, 1);
		(void)cd_http_stream_put(req, &body);
		cd_http_stream_end(req);
	} else {
		cd_http_reply(req, 200, &text, 1, &body);
	}
}

static void done(void *arg, struct cd_http_req *req)
{
	struct seen *seen = arg;
	(void)req;
	seen->done++;
}

static void take(struct seen *seen, int fd)
{
	char part[65536];
	ssize_t n;
	while ((n = recv(fd, part, sizeof part, MSG_DONTWAIT)) > 0)
		cd_buf_put(&seen->wire, cd_str_of(part, (size_t)n));
}

static struct cd_http_conn *connect_to(struct cd_http_server *s, int fd)
{
	struct cd_http_conn *c = cd_mem_zalloc(sizeof *c);
	if (!c || uv_pipe_init(s->loop, &c->uv.pipe, 0) || uv_pipe_open(&c->uv.pipe, fd))
		abort();
	c->server = s;
	c->control = c->loopback = true;
	c->uv.handle.data = c;
	s->conns = c;
	s->conns_n = 1;
	cd_conn_start(c);
	return c;
}

static void nothing(void *arg)
{
	(void)arg;
}

static void talk(
	const struct cd_settings *set, const uint8_t *data, size_t size, size_t piece, struct seen *seen)
{
	static const struct cd_http_app app = {.request = request, .done = done};
	uv_loop_t loop;
	int fd[2];
	if (uv_loop_init(&loop) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		abort();
	struct cd_http_server *s = cd_http_server_new(&loop, set, NULL, NULL, &app, seen);
	(void)connect_to(s, fd[1]);
	for (size_t at = 0; at < size && s->conns; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		if (send(fd[0], data + at, n, MSG_NOSIGNAL) != (ssize_t)n)
			break;
		uv_run(&loop, UV_RUN_NOWAIT);
		take(seen, fd[0]);
	}
	shutdown(fd[0], SHUT_WR);
	while (s->conns) {
		uv_run(&loop, UV_RUN_ONCE);
		take(seen, fd[0]);
	}
	take(seen, fd[0]);
	cd_http_server_drain(s, nothing, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	cd_http_server_free(s);
	if (uv_loop_close(&loop))
		abort();
	close(fd[0]);
	if (seen->requests != seen->done)
		abort();
}

/* The statuses, one byte pair each; bodies are counted out so that they can not look like an answer. */
static void statuses(const struct seen *seen, struct cd_buf *out)
{
	cd_str rest = cd_buf_str(&seen->wire);
	while (rest.n && rest.p) {
		char *end = memmem(rest.p, rest.n, "\r\n\r\n", 4);
		if (!end || !cd_str_starts(rest, CD_STR("HTTP/1.1 ")))
			abort();
		cd_str head = cd_str_of(rest.p, (size_t)(end - rest.p) + 2);
		if (!cd_str_starts(cd_str_skip(head, 9), CD_STR("100")))
			cd_buf_put(out, cd_str_of(head.p + 9, 4));
		rest = cd_str_skip(rest, head.n + 2);
		char *length = memmem(head.p, head.n, "Content-Length: ", 16);
		/* behind a HEAD or a stream the length is not told: what follows is looked for */
		size_t n = length ? strtoul(length + 16, NULL, 10) : 0;
		if (n && cd_str_starts(rest, CD_STR("HTTP/1.1 ")))
			n = 0;
		if (n > rest.n)
			n = rest.n;
		rest = cd_str_skip(rest, n);
		if (memmem(head.p, head.n, "chunked", 7) || !length) {
			char *next = rest.n ? memmem(rest.p, rest.n, "HTTP/1.1 ", 9) : NULL;
			rest = next ? cd_str_skip(rest, (size_t)(next - rest.p)) : CD_STR("");
		}
	}
}

static void seen_init(struct seen *seen)
{
	memset(seen, 0, sizeof *seen);
	cd_buf_init(&seen->log, 64 << 20);
	cd_buf_init(&seen->wire, 64 << 20);
}

static void differ(const struct seen *once, const struct seen *cut, unsigned piece)
{
	const struct seen *both[] = {once, cut};
	for (int i = 0; i < 2; i++)
		fprintf(stderr, "---- %s, of %u:\n" CD_STR_FMT "\n----\n" CD_STR_FMT "\n",
			i ? "said in pieces" : "said at once", piece + 1,
			CD_STR_ARG(cd_buf_str(&both[i]->log)), CD_STR_ARG(cd_buf_str(&both[i]->wire)));
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_settings set;
	struct seen once, cut;
	struct cd_buf a, b;
	if (size < 2 || size > 60000)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	cd_settings_init(&set);
	set.head_max = 1024;
	set.uri_max = 256;
	set.body_max = 4096;
	set.headers_max = 12;
	seen_init(&once);
	seen_init(&cut);
	cd_buf_init(&a, 1 << 20);
	cd_buf_init(&b, 1 << 20);
	talk(&set, data + 1, size - 1, size, &once);
	talk(&set, data + 1, size - 1, 1u + data[0], &cut);
	statuses(&once, &a);
	statuses(&cut, &b);
	if (!cd_str_eq(cd_buf_str(&once.log), cd_buf_str(&cut.log)) ||
		!cd_str_eq(cd_buf_str(&a), cd_buf_str(&b)))
		differ(&once, &cut, data[0]);
	cd_buf_done(&once.log);
	cd_buf_done(&once.wire);
	cd_buf_done(&cut.log);
	cd_buf_done(&cut.wire);
	cd_buf_done(&a);
	cd_buf_done(&b);
	return 0;
}
