/*
 * The server: listeners, the list of connections, pools, one sweep for all time-outs, the drain.
 *
 * One timer looks at every connection twice a second, while there are connections: ten thousand comparisons
 * are cheaper than a timer for each, and an idle twin does not wake up.
 */
#include "base/mem.h"
#include "http/connection_int.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SWEEP_MS = 500, BACKLOG = 1024 };

const cd_str cd_method_names[CD_METHOD_N] = {
	[CD_GET] = CD_STR_INIT("GET"),
	[CD_HEAD] = CD_STR_INIT("HEAD"),
	[CD_POST] = CD_STR_INIT("POST"),
	[CD_PUT] = CD_STR_INIT("PUT"),
	[CD_PATCH] = CD_STR_INIT("PATCH"),
	[CD_DELETE] = CD_STR_INIT("DELETE"),
	[CD_OPTIONS] = CD_STR_INIT("OPTIONS"),
};

cd_str cd_http_field_nth(const struct cd_http_req *r, cd_str name, size_t n)
{
	for (size_t i = 0; i < r->fields_n; i++)
		if (cd_str_eq(r->fields[i].name, name) && n-- == 0)
			return r->fields[i].value;
	return cd_str_of(NULL, 0);
}

cd_str cd_http_field(const struct cd_http_req *r, cd_str name)
{
	return cd_http_field_nth(r, name, 0);
}

/* ---- pools ---- */

struct cd_http_buffer *cd_server_buffer(struct cd_http_server *s)
{
	struct cd_http_buffer *b = s->buffers;
	size_t cap = s->set->head_max + BODY_ROOM; /* the largest head leaves room for what is behind it */
	if (b) {
		s->buffers = b->next;
		s->buffers_n--;
	} else {
		b = cd_mem_alloc(sizeof *b + cap + PADDING);
		if (!b)
			return NULL;
		b->cap = cap;
	}
	b->n = 0;
	b->next = NULL;
	return b;
}

void cd_server_buffer_back(struct cd_http_server *s, struct cd_http_buffer *b)
{
	if (!b)
		return;
	if (s->buffers_n >= POOL_MAX) {
		cd_mem_free(b);
		return;
	}
	b->next = s->buffers;
	s->buffers = b;
	s->buffers_n++;
}

static void request_free(struct request *r)
{
	if (!r)
		return;
	cd_arena_done(&r->arena);
	cd_buf_done(&r->body);
	cd_buf_done(&r->out);
	cd_mem_free(r->raw);
	cd_mem_free(r->fields);
	cd_mem_free(r);
}

struct request *cd_server_request(struct cd_http_server *s)
{
	struct request *r = s->requests;
	if (r) {
		s->requests = r->next;
		s->requests_n--;
		r->next = NULL;
		return r;
	}
	r = cd_mem_zalloc(sizeof *r);
	if (!r)
		return NULL;
	r->raw = cd_mem_alloc(s->set->headers_max * sizeof *r->raw);
	r->fields = cd_mem_alloc(s->set->headers_max * sizeof *r->fields);
	cd_arena_init(&r->arena, s->set->request_memory);
	cd_buf_init(&r->body, s->set->body_max + PADDING);
	cd_buf_init(&r->out, 1 << 20);
	if (r->raw && r->fields)
		return r;
	request_free(r);
	return NULL;
}

void cd_server_request_back(struct cd_http_server *s, struct request *r)
{
	if (!r)
		return;
	cd_server_buffer_back(s, r->head);
	if (r->z) {
		(void)deflateEnd(r->z);
		cd_mem_free(r->z);
	}
	if (s->requests_n >= POOL_MAX || r->body.cap > 65536) {
		request_free(r);
		return;
	}
	struct request keep = {
		.arena = r->arena, .body = r->body, .out = r->out, .raw = r->raw, .fields = r->fields};
	*r = keep;
	cd_arena_reset(&r->arena);
	cd_buf_reset(&r->body);
	cd_buf_reset(&r->out);
	r->next = s->requests;
	s->requests = r;
	s->requests_n++;
}

/* ---- time ---- */

void cd_conn_deadline(struct cd_http_conn *c, uint64_t us)
{
	c->deadline_ms = us ? uv_now(c->server->loop) + us / 1000 + 1 : 0;
}

static void finish_drain(struct cd_http_server *s);
static void accept_owed(struct cd_http_server *s);

/* Time in which the loop stood still is not the clients': what they said or took meanwhile is only seen after
 * the timers have run. */
static uint64_t stood_still(struct cd_http_server *s, uint64_t now)
{
	uint64_t late = now - s->swept_ms;
	s->swept_ms = now;
	return late > 2 * SWEEP_MS ? late - SWEEP_MS : 0;
}

static void on_sweep(uv_timer_t *timer)
{
	struct cd_http_server *s = timer->data;
	uint64_t now = uv_now(s->loop), late = stood_still(s, now);
	bool force = s->draining && now >= s->drain_until_ms;
	for (struct cd_http_conn *c = s->conns, *next; c; c = next) {
		next = c->next;
		if (c->closing)
			continue;
		if (c->deadline_ms)
			c->deadline_ms += late;
		if (force)
			cd_conn_close(c, true);
		else if (c->deadline_ms && now >= c->deadline_ms)
			cd_conn_timeout(c);
	}
	accept_owed(s);
	if (!s->conns && !s->owed && !s->control_owed && !s->draining) {
		uv_timer_stop(s->sweep);
		s->sweeping = false;
	}
}

static void start_sweep(struct cd_http_server *s)
{
	if (s->sweeping)
		return;
	s->sweeping = true;
	s->swept_ms = uv_now(s->loop);
	uv_timer_start(s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

/* ---- connections come and go ---- */

void cd_conn_removed(struct cd_http_conn *c)
{
	struct cd_http_server *s = c->server;
	if (c->prev)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->conns_n--;
	cd_metric_sub(s->metrics, CD_M_connections_open, 1);
	cd_mem_free(c);
	if (s->draining && !s->conns)
		finish_drain(s);
}

static void refused_closed(uv_handle_t *h)
{
	cd_mem_free(h);
}

static bool peer_is_loopback(const uv_tcp_t *tcp)
{
	struct sockaddr_storage peer;
	int n = sizeof peer;
	if (uv_tcp_getpeername(tcp, (struct sockaddr *)&peer, &n) != 0)
		return false;
	if (peer.ss_family == AF_INET)
		return ntohl(((struct sockaddr_in *)&peer)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&peer)->sin6_addr);
}

static void add_conn(struct cd_http_server *s, struct cd_http_conn *c)
{
	c->next = s->conns;
	c->prev = NULL;
	if (s->conns)
		s->conns->prev = c;
	s->conns = c;
	s->conns_n++;
	cd_metric_add(s->metrics, CD_M_connections_accepted, 1);
	cd_metric_add(s->metrics, CD_M_connections_open, 1);
	start_sweep(s);
}

static void accept_one(struct cd_http_server *s, uv_stream_t *listener, bool control)
{
	struct cd_http_conn *c = cd_mem_zalloc(sizeof *c);
	if (!c) {
		/* libuv offers no other connection before this one is taken: the sweep will try again */
		*(control ? &s->control_owed : &s->owed) = true;
		start_sweep(s);
		return;
	}
	c->server = s;
	c->control = control;
	if (control)
		(void)uv_pipe_init(s->loop, &c->uv.pipe, 0);
	else
		(void)uv_tcp_init(s->loop, &c->uv.tcp);
	c->uv.handle.data = c;
	if (uv_accept(listener, &c->uv.stream) != 0 || (!control && s->conns_n >= s->set->connections_max)) {
		cd_metric_add(s->metrics, CD_M_connections_refused, 1);
		uv_close(&c->uv.handle, refused_closed);
		return;
	}
	if (!control)
		(void)uv_tcp_nodelay(&c->uv.tcp, 1);
	c->loopback = control || peer_is_loopback(&c->uv.tcp);
	add_conn(s, c);
	if (s->tls && !control && !cd_tls_start(c)) {
		cd_conn_close(c, true);
		return;
	}
	cd_conn_start(c);
}

static void accept_owed(struct cd_http_server *s)
{
	bool owed = s->owed, control_owed = s->control_owed;
	s->owed = s->control_owed = false;
	if (owed && s->listener)
		accept_one(s, (uv_stream_t *)s->listener, false);
	if (control_owed && s->control)
		accept_one(s, (uv_stream_t *)s->control, true);
}

static void on_connection(uv_stream_t *listener, int status)
{
	if (status == 0)
		accept_one(listener->data, listener, false);
}

static void on_control(uv_stream_t *listener, int status)
{
	if (status == 0)
		accept_one(listener->data, listener, true);
}

/* ---- listening ---- */

static bool parse_address(cd_str text, struct sockaddr_storage *ret)
{
	char host[64];
	size_t colon = text.n;
	while (colon && text.p[colon - 1] != ':')
		colon--;
	unsigned long long port;
	if (colon == 0 || !cd_str_u64(cd_str_skip(text, colon), &port) || port > 65535)
		return false;
	cd_str name = cd_str_of(text.p, colon - 1);
	bool six = name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']';
	if (six)
		name = cd_str_of(name.p + 1, name.n - 2);
	if (cd_str_eq(name, CD_STR("localhost")))
		name = CD_STR("127.0.0.1");
	if (name.n == 0 || name.n >= sizeof host)
		return false;
	memcpy(host, name.p, name.n);
	host[name.n] = 0;
	memset(ret, 0, sizeof *ret);
	return six ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)ret) == 0
		   : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)ret) == 0;
}

static int bind_tcp(struct cd_http_server *s, const struct sockaddr_storage *to, bool shared)
{
	int rc = uv_tcp_init_ex(s->loop, s->listener, to->ss_family);
	uv_os_fd_t fd;
	int on = 1;
	if (rc == 0 && shared && uv_fileno((uv_handle_t *)s->listener, &fd) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
		rc = UV_ENOTSUP;
	if (rc == 0)
		rc = uv_tcp_bind(s->listener, (const struct sockaddr *)to, 0);
	return rc ? rc : uv_listen((uv_stream_t *)s->listener, BACKLOG, on_connection);
}

static int bound_port(const uv_tcp_t *tcp)
{
	struct sockaddr_storage name;
	int n = sizeof name;
	if (uv_tcp_getsockname(tcp, (struct sockaddr *)&name, &n) != 0)
		return 0;
	return ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
						: ((struct sockaddr_in *)&name)->sin_port);
}

cd_code cd_http_listen(struct cd_cx *cx, struct cd_http_server *s, cd_str address, bool shared)
{
	struct sockaddr_storage to;
	if (!parse_address(address, &to))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "listen",
			"\"" CD_STR_FMT "\" is not an address and port, like 127.0.0.1:9090 or [::1]:9090",
			CD_STR_ARG(address));
	s->listener = cd_mem_zalloc(sizeof *s->listener);
	if (!s->listener)
		return cd_fail_memory(cx);
	s->listener->data = s;
	s->handles++;
	int rc = bind_tcp(s, &to, shared);
	if (rc)
		return cd_fail(
			cx, CD_E_IO, "listen", CD_STR_FMT ": %s", CD_STR_ARG(address), uv_strerror(rc));
	s->port = bound_port(s->listener);
	return CD_OK;
}

int cd_http_server_port(const struct cd_http_server *s)
{
	return s->port;
}

cd_code cd_http_listen_control(struct cd_cx *cx, struct cd_http_server *s, const char *path)
{
	(void)unlink(path); /* left behind by a life that was killed; the directory's lock is ours */
	s->control = cd_mem_zalloc(sizeof *s->control);
	s->control_path = cd_mem_alloc(strlen(path) + 1);
	if (!s->control || !s->control_path) {
		cd_mem_free(s->control);
		s->control = NULL;
		return cd_fail_memory(cx);
	}
	memcpy(s->control_path, path, strlen(path) + 1);
	(void)uv_pipe_init(s->loop, s->control, 0);
	s->control->data = s;
	s->handles++;
	mode_t old = umask(0177);
	int rc = uv_pipe_bind(s->control, path);
	(void)umask(old);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)s->control, 16, on_control);
	return rc ? cd_fail(cx, CD_E_IO, NULL, "%s: %s", path, uv_strerror(rc)) : CD_OK;
}

/* ---- life ---- */

struct cd_http_server *cd_http_server_new(uv_loop_t *loop, const struct cd_settings *set,
	struct cd_metrics *metrics, struct cd_http_tls *tls, const struct cd_http_app *app, void *arg)
{
	struct cd_http_server *s = cd_mem_zalloc(sizeof *s);
	if (!s)
		return NULL;
	s->loop = loop;
	s->set = set;
	s->metrics = metrics;
	s->tls = tls;
	s->app = app;
	s->arg = arg;
	s->sweep = cd_mem_zalloc(sizeof *s->sweep);
	if (!s->sweep || uv_timer_init(loop, s->sweep) != 0) {
		cd_mem_free(s->sweep);
		cd_mem_free(s);
		return NULL;
	}
	s->sweep->data = s;
	s->handles++;
	return s;
}

static void handle_closed(uv_handle_t *h)
{
	struct cd_http_server *s = h->data;
	cd_mem_free(h);
	if (--s->handles == 0 && s->drained)
		s->drained(s->drained_arg);
}

static void finish_drain(struct cd_http_server *s)
{
	if (!s->sweep)
		return;
	uv_timer_t *sweep = s->sweep;
	s->sweep = NULL;
	uv_close((uv_handle_t *)sweep, handle_closed);
}

void cd_http_server_drain(struct cd_http_server *s, void (*done)(void *), void *arg)
{
	s->draining = true;
	s->drained = done;
	s->drained_arg = arg;
	s->drain_until_ms = uv_now(s->loop) + s->set->drain_timeout / 1000;
	if (s->listener)
		uv_close((uv_handle_t *)s->listener, handle_closed);
	if (s->control)
		uv_close((uv_handle_t *)s->control, handle_closed);
	if (s->control_path)
		(void)unlink(s->control_path);
	s->listener = NULL;
	s->control = NULL;
	for (struct cd_http_conn *c = s->conns, *next; c; c = next) {
		next = c->next;
		if (c->state == CONN_IDLE)
			cd_conn_close(c, false);
	}
	start_sweep(s);
	if (!s->conns)
		finish_drain(s);
}

void cd_http_server_free(struct cd_http_server *s)
{
	if (!s)
		return;
	while (s->buffers) {
		struct cd_http_buffer *b = s->buffers;
		s->buffers = b->next;
		cd_mem_free(b);
	}
	while (s->requests) {
		struct request *r = s->requests;
		s->requests = r->next;
		request_free(r);
	}
	if (s->z) {
		(void)deflateEnd(s->z);
		cd_mem_free(s->z);
	}
	cd_mem_free(s->control_path);
	cd_mem_free(s);
}
