#include "rig.h"

#include "base/mem.h"
#include "http/problem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum order { ORDER_NONE, ORDER_STOP, ORDER_DRAIN, ORDER_RELEASE, ORDER_FAIL };
enum { PIECE = 10000 };

/* ---- the application ---- */

struct rig_work {
	struct rig_work *next;
	struct rig *rig;
	struct cd_http_req *req;
	uv_timer_t timer;
	bool timed, streams, cut;
	size_t left, at;
};

/* The alphabet up to w, again and again. */
static void fill(struct cd_buf *b, size_t n, size_t at)
{
	static const char letters[] = "abcdefghijklmnopqrstuvw";
	size_t begin = b->n;
	if (!cd_buf_room(b, n ? n : 1))
		return;
	for (; b->n < begin + n && b->n < begin + 23; at++)
		b->p[b->n++] = letters[at % 23];
	while (b->n < begin + n) {
		size_t have = (b->n - begin) / 23 * 23, left = begin + n - b->n;
		size_t some = have < left ? have : left;
		memcpy(b->p + b->n, b->p + begin, some);
		b->n += some;
	}
}

static void forget(struct rig_work *w)
{
	struct rig_work **at = &w->rig->works;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

static void free_work(uv_handle_t *h)
{
	free(h->data);
}

static void work_done(struct rig_work *w)
{
	forget(w);
	if (w->timed)
		uv_close((uv_handle_t *)&w->timer, free_work);
	else
		free(w);
}

static struct rig_work *work_new(struct rig *rig, struct cd_http_req *req)
{
	struct rig_work *w = calloc(1, sizeof *w);
	w->rig = rig;
	w->req = req;
	w->next = rig->works;
	rig->works = w;
	req->app = w;
	return w;
}

static void echo(struct cd_http_req *req, int status, const struct cd_http_field *more)
{
	struct cd_http_field fields[3] = {{CD_STR_INIT("Content-Type"), CD_STR_INIT("text/plain")}};
	struct cd_buf body;
	size_t n = 1;
	cd_str method = req->method < CD_METHOD_N ? cd_method_names[req->method] : CD_STR("?");
	cd_str seen = cd_arena_printf(
		req->cx.arena, CD_STR_FMT " " CD_STR_FMT, CD_STR_ARG(method), CD_STR_ARG(req->target));
	if (seen.p)
		fields[n++] = (struct cd_http_field){CD_STR("X-Seen"), seen};
	if (more)
		fields[n++] = *more;
	cd_buf_init(&body, 1 << 30);
	cd_buf_put(&body, req->body);
	cd_http_reply(req, status, fields, n, &body);
}

static void list_fields(struct cd_http_req *req)
{
	const struct cd_http_field fields[] = {{CD_STR_INIT("Content-Type"), CD_STR_INIT("text/plain")}};
	struct cd_buf body;
	cd_buf_init(&body, 1 << 20);
	for (size_t i = 0; i < req->fields_n; i++)
		cd_buf_printf(&body, CD_STR_FMT "=" CD_STR_FMT "\n", CD_STR_ARG(req->fields[i].name),
			CD_STR_ARG(req->fields[i].value));
	cd_http_reply(req, 200, fields, 1, &body);
}

static void bytes(struct cd_http_req *req, size_t n, cd_str media)
{
	const struct cd_http_field fields[] = {{CD_STR_INIT("Content-Type"), media}};
	struct cd_buf body;
	cd_buf_init(&body, 1 << 30);
	fill(&body, n, 0);
	if (body.bad) {
		cd_buf_done(&body);
		(void)cd_fail_memory(&req->cx);
		cd_problem_reply(req, CD_SURFACE_NGSILD, NULL, 0);
		return;
	}
	cd_http_reply(req, 200, fields, 1, &body);
}

static void stream_on(struct rig_work *w)
{
	bool room = true;
	while (w->left && room && !cd_http_gone(w->req)) {
		struct cd_buf piece;
		size_t n = w->left < PIECE ? w->left : PIECE;
		cd_buf_init(&piece, PIECE + 1);
		fill(&piece, n, w->at);
		if (piece.bad)
			break;
		w->left -= n;
		w->at += n;
		atomic_fetch_add(&w->rig->put, n);
		room = cd_http_stream_put(w->req, &piece);
		cd_buf_done(&piece);
	}
	if (w->left && !room && !cd_http_gone(w->req))
		return;
	if (cd_http_gone(w->req))
		atomic_fetch_add(&w->rig->gone, 1);
	struct cd_http_req *req = w->req;
	bool cut = w->cut || w->left;
	work_done(w);
	if (cut)
		cd_http_stream_cut(req);
	else
		cd_http_stream_end(req);
}

static void stream(struct rig *rig, struct cd_http_req *req, size_t n, bool cut)
{
	const struct cd_http_field fields[] = {{CD_STR_INIT("Content-Type"), CD_STR_INIT("text/plain")}};
	struct rig_work *w = work_new(rig, req);
	w->streams = true;
	w->left = n;
	w->cut = cut;
	cd_http_stream_begin(req, 200, fields, 1);
	stream_on(w);
}

static void answer_work(struct rig_work *w)
{
	struct cd_http_req *req = w->req;
	if (cd_http_gone(req))
		atomic_fetch_add(&w->rig->gone, 1);
	work_done(w);
	echo(req, 200, NULL);
}

static void on_later(uv_timer_t *t)
{
	answer_work(t->data);
}

static void later(struct rig *rig, struct cd_http_req *req)
{
	struct rig_work *w = work_new(rig, req);
	w->timed = true;
	uv_timer_init(&rig->loop, &w->timer);
	w->timer.data = w;
	uv_timer_start(&w->timer, on_later, 20, 0);
}

static void redirect(struct cd_http_req *req, const char *to, unsigned long n)
{
	cd_str place = to ? cd_str_z(to) : cd_arena_printf(req->cx.arena, "/redirect/%lu", n);
	const struct cd_http_field field = {CD_STR_INIT("Location"), place};
	echo(req, 302, &field);
}

/* The loop stands still for two seconds. */
static void stall(struct rig *rig, struct cd_http_req *req)
{
	atomic_fetch_add(&rig->stalls, 1);
	sleep(2);
	echo(req, 200, NULL);
}

static void tag(struct cd_http_req *req)
{
	const struct cd_http_field field = {CD_STR_INIT("ETag"), CD_STR_INIT("\"v1\"")};
	bool known = cd_str_eq(cd_http_field(req, CD_STR("if-none-match")), CD_STR("\"v1\""));
	echo(req, known ? 304 : 200, &field);
}

static bool under(cd_str path, const char *folder, size_t *ret)
{
	unsigned long long n;
	if (!cd_str_starts(path, cd_str_z(folder)) || !cd_str_u64(cd_str_skip(path, strlen(folder)), &n))
		return false;
	*ret = n;
	return true;
}

static void on_request(void *app, struct cd_http_req *req)
{
	struct rig *rig = app;
	size_t n = 0;
	atomic_fetch_add(&rig->requests, 1);
	if (req->cx.err.code)
		cd_problem_reply(req, CD_SURFACE_NGSILD, NULL, 0);
	else if (cd_str_eq(req->path, CD_STR("/fields")))
		list_fields(req);
	else if (cd_str_eq(req->path, CD_STR("/empty")))
		cd_http_reply(req, 204, NULL, 0, NULL);
	else if (cd_str_eq(req->path, CD_STR("/later")))
		later(rig, req);
	else if (cd_str_eq(req->path, CD_STR("/hold")))
		(void)work_new(rig, req);
	else if (cd_str_eq(req->path, CD_STR("/stall")))
		stall(rig, req);
	else if (cd_str_eq(req->path, CD_STR("/elsewhere")))
		redirect(req, "ftp://127.0.0.1/x", 0);
	else if (cd_str_eq(req->path, CD_STR("/tag")))
		tag(req);
	else if (under(req->path, "/bytes/", &n))
		bytes(req, n, CD_STR("text/plain"));
	else if (under(req->path, "/raw/", &n))
		bytes(req, n, CD_STR("image/png"));
	else if (under(req->path, "/stream/", &n))
		stream(rig, req, n, false);
	else if (under(req->path, "/cut/", &n))
		stream(rig, req, n, true);
	else if (under(req->path, "/redirect/", &n) && n)
		redirect(req, NULL, n - 1);
	else
		echo(req, 200, NULL);
}

static cd_code on_head(void *app, struct cd_http_req *req)
{
	struct rig *rig = app;
	atomic_fetch_add(&rig->heads, 1);
	if (cd_str_eq(req->path, CD_STR("/refused")))
		return cd_fail(&req->cx, CD_E_FORBIDDEN, NULL, "Not for you");
	return CD_OK;
}

static void on_done(void *app, struct cd_http_req *req)
{
	struct rig *rig = app;
	(void)req;
	atomic_fetch_add(&rig->dones, 1);
}

static void on_room(void *app, struct cd_http_req *req)
{
	struct rig *rig = app;
	atomic_fetch_add(&rig->rooms, 1);
	stream_on(req->app);
}

static const struct cd_http_app app = {on_head, on_request, on_done, on_room};

/* ---- the thread ---- */

static void close_rest(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void release(struct rig *rig)
{
	for (struct rig_work *w = rig->works, *next; w; w = next) {
		next = w->next;
		if (!w->timed && !w->streams)
			answer_work(w);
	}
}

static void on_drained(void *arg)
{
	struct rig *rig = arg;
	cd_http_server_free(rig->server);
	rig->server = NULL;
	atomic_store(&rig->drained, true);
	uv_walk(&rig->loop, close_rest, NULL);
}

static void on_order(uv_async_t *async)
{
	struct rig *rig = async->data;
	pthread_mutex_lock(&rig->lock);
	int order = rig->order;
	unsigned long arg = rig->order_arg;
	if (order == ORDER_STOP)
		release(rig);
	if ((order == ORDER_DRAIN || order == ORDER_STOP))
		cd_http_server_drain(rig->server, on_drained, rig);
	if (order == ORDER_RELEASE)
		release(rig);
	if (order == ORDER_FAIL) {
		atomic_store(&rig->failed, cd_mem_failed());
		cd_mem_fail_after(arg);
	}
	rig->order = ORDER_NONE;
	pthread_cond_signal(&rig->obeyed);
	pthread_mutex_unlock(&rig->lock);
}

static void command(struct rig *rig, int what, unsigned long arg)
{
	pthread_mutex_lock(&rig->lock);
	rig->order = what;
	rig->order_arg = arg;
	uv_async_send(&rig->wake);
	while (rig->order != ORDER_NONE)
		pthread_cond_wait(&rig->obeyed, &rig->lock);
	pthread_mutex_unlock(&rig->lock);
}

static void *serve(void *arg)
{
	struct rig *rig = arg;
	uv_run(&rig->loop, UV_RUN_DEFAULT);
	return NULL;
}

void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof *rig);
	cd_settings_init(&rig->set);
	signal(SIGPIPE, SIG_IGN);
}

void rig_start(struct rig *rig)
{
	struct cd_arena arena;
	struct cd_cx cx;
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, &rig->set);
	pthread_mutex_init(&rig->lock, NULL);
	pthread_cond_init(&rig->obeyed, NULL);
	assert_int_equal(uv_loop_init(&rig->loop), 0);
	assert_int_equal(uv_async_init(&rig->loop, &rig->wake, on_order), 0);
	rig->wake.data = rig;
	rig->server = cd_http_server_new(&rig->loop, &rig->set, &rig->metrics, rig->tls, &app, rig);
	assert_non_null(rig->server);
	assert_int_equal(cd_http_listen(&cx, rig->server, CD_STR("127.0.0.1:0"), false), CD_OK);
	if (rig->control)
		assert_int_equal(cd_http_listen_control(&cx, rig->server, rig->control), CD_OK);
	rig->port = cd_http_server_port(rig->server);
	assert_true(rig->port > 0);
	cd_arena_done(&arena);
	assert_int_equal(pthread_create(&rig->thread, NULL, serve, rig), 0);
}

void rig_stop(struct rig *rig)
{
	if (!rig->draining)
		command(rig, ORDER_STOP, 0);
	pthread_join(rig->thread, NULL);
	assert_true(atomic_load(&rig->drained));
	assert_null(rig->works);
	assert_int_equal(uv_loop_close(&rig->loop), 0);
	assert_int_equal(rig_metric(rig, CD_M_connections_open), 0);
	assert_int_equal(atomic_load(&rig->requests), atomic_load(&rig->dones));
	pthread_mutex_destroy(&rig->lock);
	pthread_cond_destroy(&rig->obeyed);
}

void rig_drain(struct rig *rig)
{
	rig->draining = true;
	command(rig, ORDER_DRAIN, 0);
}

void rig_release(struct rig *rig)
{
	command(rig, ORDER_RELEASE, 0);
}

void rig_fail_after(struct rig *rig, unsigned long k)
{
	command(rig, ORDER_FAIL, k);
}

uint64_t rig_metric(struct rig *rig, enum cd_metric id)
{
	return atomic_load(&rig->metrics.v[id]);
}

static void moment(void)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	nanosleep(&ms, NULL);
}

void rig_await(atomic_uint *counter, unsigned n)
{
	for (int i = 0; i < 10000 && atomic_load(counter) < n; i++)
		moment();
	assert_int_equal(atomic_load(counter), n);
}

void rig_await_open(struct rig *rig, uint64_t n)
{
	for (int i = 0; i < 10000 && rig_metric(rig, CD_M_connections_open) != n; i++)
		moment();
	assert_int_equal(rig_metric(rig, CD_M_connections_open), n);
}

/* ---- the client ---- */

void dial(struct peer *peer, const struct rig *rig)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)rig->port)};
	struct timeval patience = {.tv_sec = 20};
	const int at_once = 1; /* pieces shall arrive as pieces */
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(peer, 0, sizeof *peer);
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(peer->fd >= 0);
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	assert_int_equal(connect(peer->fd, (struct sockaddr *)&to, sizeof to), 0);
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
}

void hang_up(struct peer *peer)
{
	close(peer->fd);
	free(peer->p);
	free(peer->plain);
	memset(peer, 0, sizeof *peer);
	peer->fd = -1;
}

bool try_say(struct peer *peer, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(peer->fd, p, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

void say_bytes(struct peer *peer, const char *p, size_t n)
{
	assert_true(try_say(peer, p, n));
}

void say(struct peer *peer, const char *fmt, ...)
{
	char text[8192];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && n < (int)sizeof text);
	say_bytes(peer, text, (size_t)n);
}

/* More bytes from the socket. False at the end. */
static bool more(struct peer *peer)
{
	if (peer->cap - peer->n < 65536) {
		peer->cap = peer->cap ? peer->cap * 2 : 131072;
		peer->p = realloc(peer->p, peer->cap);
	}
	ssize_t got = recv(peer->fd, peer->p + peer->n, peer->cap - peer->n - 1, 0);
	if (got < 0)
		assert_true(errno == ECONNRESET || errno == EPIPE); /* waited in vain: EAGAIN */
	peer->heard.reset = got < 0;
	if (got <= 0)
		return false;
	peer->n += (size_t)got;
	peer->p[peer->n] = 0;
	return true;
}

const char *field_of(const struct heard *h, const char *name)
{
	static char value[8192];
	char wanted[128];
	snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
	const char *at = strcasestr(h->head, wanted);
	if (!at)
		return NULL;
	at += strlen(wanted);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r\n"), at);
	return value;
}

/* Chunks from `at` on, into peer->plain. False: cut off. */
static bool unchunk(struct peer *peer, size_t at)
{
	struct heard *h = &peer->heard;
	size_t cap = 0;
	for (;;) {
		char *end = NULL;
		while (at >= peer->n || !strstr(peer->p + at, "\r\n"))
			if (!more(peer))
				return false;
		size_t size = strtoul(peer->p + at, &end, 16);
		assert_true(end > peer->p + at && end[0] == '\r');
		at = (size_t)(end - peer->p) + 2;
		while (peer->n < at + size + 2)
			if (!more(peer))
				return false;
		assert_memory_equal(peer->p + at + size, "\r\n", 2);
		if (h->body_n + size + 1 > cap)
			peer->plain = realloc(peer->plain, cap = (h->body_n + size + 1) * 2);
		memcpy(peer->plain + h->body_n, peer->p + at, size);
		h->body_n += size;
		h->body = peer->plain;
		at += size + 2;
		if (size == 0)
			break;
	}
	peer->taken = at;
	return true;
}

static bool sized(struct peer *peer, size_t at, size_t size)
{
	while (peer->n < at + size)
		if (!more(peer))
			return false;
	peer->heard.body = peer->p + at;
	peer->heard.body_n = size;
	peer->taken = at + size;
	return true;
}

static bool to_the_end(struct peer *peer, size_t at)
{
	while (more(peer))
		;
	peer->heard.body = peer->p + at;
	peer->heard.body_n = peer->n - at;
	peer->taken = peer->n;
	return !peer->heard.reset;
}

const struct heard *hear(struct peer *peer, bool no_body)
{
	struct heard *h = &peer->heard;
	char *end;
	if (peer->taken)
		memmove(peer->p, peer->p + peer->taken, peer->n - peer->taken);
	peer->n -= peer->taken;
	peer->taken = 0;
	*h = (struct heard){0};
	if (peer->p)
		peer->p[peer->n] = 0;
	while (!peer->n || !(end = strstr(peer->p, "\r\n\r\n")))
		if (!more(peer))
			return h;
	size_t at = (size_t)(end - peer->p) + 4;
	char *copy = strndup(peer->p, at); /* peer->p moves while it grows */
	h->head = copy;
	int status = atoi(copy + 9);
	const char *length = field_of(h, "Content-Length");
	bool bare = no_body || status == 204 || status == 304 || status < 200, good;
	size_t size = length ? strtoul(length, NULL, 10) : 0;
	bool chunked = field_of(h, "Transfer-Encoding") != NULL;
	assert_memory_equal(copy, "HTTP/1.1 ", 9);
	assert_false(length && chunked);
	if (bare || length)
		good = sized(peer, at, bare ? 0 : size);
	else
		good = chunked ? unchunk(peer, at) : to_the_end(peer, at);
	h->status = good ? status : 0;
	h->head = peer->p; /* the copy's bytes, once nothing grows any more */
	h->head_n = at;
	peer->p[at - 1] = 0;
	free(copy);
	return h;
}

void expect_end(struct peer *peer)
{
	const struct heard *h = hear(peer, false);
	assert_int_equal(peer->n, 0);
	assert_int_equal(h->status, 0);
}

int ask(struct rig *rig, const char *request)
{
	struct peer p;
	dial(&p, rig);
	say_bytes(&p, request, strlen(request));
	int status = hear(&p, false)->status;
	hang_up(&p);
	return status;
}
