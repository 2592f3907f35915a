/*
 * Answers. Head and body leave in one system call: the kernel mostly takes all of it at once, and then
 * nothing is allocated. What it does not take is copied and follows when the client reads.
 */
#include "base/mem.h"
#include "http/connection_int.h"
#include "http/negotiate.h"
#include "http/problem.h"

#include <stdio.h>
#include <time.h>

enum { GZIP_LEVEL = 2, GZIP_WINDOW = 15 + 16 };

static const struct {
	int status;
	const char *reason;
} reasons[] = {{200, "OK"}, {201, "Created"}, {203, "Non-Authoritative Information"}, {204, "No Content"},
	{206, "Partial Content"}, {207, "Multi-Status"}, {304, "Not Modified"}, {400, "Bad Request"},
	{401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
	{406, "Not Acceptable"}, {408, "Request Timeout"}, {409, "Conflict"}, {411, "Length Required"},
	{413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
	{417, "Expectation Failed"}, {422, "Unprocessable Content"}, {431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
	{503, "Service Unavailable"}, {504, "Gateway Timeout"}};

static const char *reason_of(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

/* ---- bytes to the socket ---- */

struct sending {
	uv_write_t write;
	struct cd_http_conn *conn;
	char bytes[];
};

/* Which time-out runs now that something was written or has left. */
static void await_writes(struct cd_http_conn *c)
{
	const struct cd_settings *set = c->server->set;
	if (c->writes) {
		c->unsent = uv_stream_get_write_queue_size(&c->uv.stream);
		cd_conn_deadline(c, set->write_timeout);
	} else if (!c->lingering) {
		cd_conn_deadline(c, c->state == CONN_BODY ? set->body_timeout : 0);
	}
}

static void answer_left(struct cd_http_conn *c)
{
	struct request *r = c->req;
	if (c->state == CONN_CLOSING && c->writes == 0)
		cd_conn_linger(c);
	else if (r && r->answered && c->writes == 0)
		cd_conn_finished(c);
}

static void room_again(struct cd_http_conn *c)
{
	struct request *r = c->req;
	if (!r || !r->held || uv_stream_get_write_queue_size(&c->uv.stream) > HIGH_WATER / 2)
		return;
	r->held = false;
	if (c->server->app->room)
		c->server->app->room(c->server->arg, &r->pub);
}

static void on_written(uv_write_t *w, int status)
{
	struct sending *s = (struct sending *)w;
	struct cd_http_conn *c = s->conn;
	cd_mem_free(s);
	c->writes--;
	if (status < 0 && !c->closing)
		cd_conn_close(c, true);
	if (c->closing) {
		if (c->req && c->req->held) {
			c->req->held = false;
			if (c->server->app->room)
				c->server->app->room(c->server->arg,
					&c->req->pub); /* it learns that the client has gone */
		}
		return;
	}
	await_writes(c);
	room_again(c);
	if (!c->closing)
		answer_left(c);
}

static bool send_later(struct cd_http_conn *c, const uv_buf_t *bufs, unsigned n, size_t done)
{
	size_t total = 0;
	for (unsigned i = 0; i < n; i++)
		total += bufs[i].len;
	struct sending *s = cd_mem_alloc(sizeof *s + total - done);
	if (!s)
		return false;
	size_t at = 0;
	for (unsigned i = 0; i < n; i++) {
		size_t skip = done < bufs[i].len ? done : bufs[i].len;
		memcpy(s->bytes + at, bufs[i].base + skip, bufs[i].len - skip);
		at += bufs[i].len - skip;
		done -= skip;
	}
	s->conn = c;
	uv_buf_t b = uv_buf_init(s->bytes, (unsigned)at);
	if (uv_write(&s->write, &c->uv.stream, &b, 1, on_written) != 0) {
		cd_mem_free(s);
		return false;
	}
	c->writes++;
	await_writes(c);
	return true;
}

static bool send_plain(struct cd_http_conn *c, const uv_buf_t *bufs, unsigned n)
{
	size_t total = 0;
	for (unsigned i = 0; i < n; i++)
		total += bufs[i].len;
	if (total == 0)
		return true;
	int sent = c->writes ? UV_EAGAIN : uv_try_write(&c->uv.stream, bufs, n);
	if (sent < 0 && sent != UV_EAGAIN)
		return false;
	size_t done = sent > 0 ? (size_t)sent : 0;
	cd_metric_add(c->server->metrics, CD_M_bytes_out, total);
	return done == total || send_later(c, bufs, n, done);
}

bool cd_conn_send(struct cd_http_conn *c, const uv_buf_t *bufs, unsigned n)
{
	bool good;
	if (c->closing)
		return false;
	if (!c->ssl) {
		good = send_plain(c, bufs, n);
	} else {
		struct cd_buf cipher;
		cd_buf_init(&cipher, SIZE_MAX / 2);
		good = cd_tls_write(c, bufs, n, &cipher);
		uv_buf_t b = uv_buf_init(cipher.p, (unsigned)cipher.n);
		good = good && send_plain(c, &b, 1);
		cd_buf_done(&cipher);
	}
	if (!good)
		cd_conn_close(c, true);
	return good;
}

/* ---- heads ---- */

static const char *date_now(struct cd_http_server *s)
{
	uint64_t now = uv_now(s->loop);
	if (!s->date[0] || now - s->date_ms >= 1000) {
		struct tm tm;
		time_t t = time(NULL);
		gmtime_r(&t, &tm);
		strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		s->date_ms = now;
	}
	return s->date;
}

/* A value that could begin a new line would let a client write fields of its own. */
static void put_field(struct cd_buf *b, cd_str name, cd_str value)
{
	cd_buf_put(b, name);
	CD_BUF_LIT(b, ": ");
	size_t at = b->n;
	cd_buf_put(b, value);
	for (; !b->bad && at < b->n; at++)
		if ((unsigned char)b->p[at] < 0x20 && b->p[at] != '\t')
			b->p[at] = '_';
	CD_BUF_LIT(b, "\r\n");
}

/* Pages of other origins may call, and read what they were told. [Fetch, CORS protocol] */
static void put_cors(struct cd_buf *b, struct request *r, const struct cd_http_field *fields, size_t n)
{
	const char *origin = r->pub.cx.set->cors_origin;
	if (!origin[0] || !cd_http_field(&r->pub, CD_STR("origin")).p)
		return;
	put_field(b, CD_STR("Access-Control-Allow-Origin"), cd_str_z(origin));
	CD_BUF_LIT(b, "Access-Control-Expose-Headers: Location, Link, NGSILD-Results-Count, NGSILD-Tenant, "
		      "NGSILD-Warning, "
		      "Preference-Applied, Content-Range\r\n");
	if (r->pub.method != CD_OPTIONS || !cd_http_field(&r->pub, CD_STR("access-control-request-method")).p)
		return;
	for (size_t i = 0; i < n; i++)
		if (cd_str_eq(fields[i].name, CD_STR("Allow")))
			put_field(b, CD_STR("Access-Control-Allow-Methods"), fields[i].value);
	cd_str asked = cd_http_field(&r->pub, CD_STR("access-control-request-headers"));
	if (asked.n)
		put_field(b, CD_STR("Access-Control-Allow-Headers"), asked);
	CD_BUF_LIT(b, "Access-Control-Max-Age: 86400\r\n");
}

static void put_head(struct request *r, int status, const struct cd_http_field *fields, size_t n)
{
	struct cd_buf *b = &r->out;
	struct cd_http_server *s = r->pub.conn->server;
	cd_buf_reset(b);
	CD_BUF_LIT(b, "HTTP/1.1 ");
	cd_buf_u64(b, (uint64_t)status);
	cd_buf_char(b, ' ');
	cd_buf_put(b, cd_str_z(reason_of(status)));
	CD_BUF_LIT(b, "\r\nDate: ");
	cd_buf_put(b, cd_str_z(date_now(s)));
	CD_BUF_LIT(b, "\r\n");
	for (size_t i = 0; i < n; i++)
		put_field(b, fields[i].name, fields[i].value);
	put_cors(b, r, fields, n);
	if (r->close_after || s->draining) {
		r->close_after = true;
		CD_BUF_LIT(b, "Connection: close\r\n");
	} else if (r->pub.conn->parser.http_minor == 0) {
		CD_BUF_LIT(b, "Connection: keep-alive\r\n"); /* is not understood without [RFC 9112 9.3] */
	}
}

static void count_status(struct request *r, int status)
{
	struct cd_metrics *m = r->pub.conn->server->metrics;
	cd_metric_add(m,
		status >= 500   ? CD_M_requests_5xx
		: status >= 400 ? CD_M_requests_4xx
				: CD_M_requests_2xx,
		1);
}

/* ---- compression ---- */

/* JSON and text, unless it comes encoded already. Events must not wait in a compressor for more of them. */
static bool compressible(const struct cd_http_field *fields, size_t n)
{
	bool text = false;
	for (size_t i = 0; i < n; i++) {
		if (cd_str_eq(fields[i].name, CD_STR("Content-Encoding")))
			return false;
		if (cd_str_eq(fields[i].name, CD_STR("Content-Type")))
			text = memmem(fields[i].value.p, fields[i].value.n, "json", 4) ||
			       (cd_str_starts(fields[i].value, CD_STR("text/")) &&
				       !cd_str_eq(fields[i].value, CD_STR("text/event-stream")));
	}
	return text;
}

static z_stream *deflate_new(void)
{
	z_stream *z = cd_mem_zalloc(sizeof *z);
	if (z && deflateInit2(z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		cd_mem_free(z);
		return NULL;
	}
	return z;
}

static bool deflate_into(z_stream *z, cd_str in, int how, struct cd_buf *out)
{
	z->next_in = (unsigned char *)(uintptr_t)in.p;
	z->avail_in = (unsigned)in.n;
	do {
		if (!cd_buf_room(out, 16384))
			return false;
		z->next_out = (unsigned char *)out->p + out->n;
		z->avail_out = (unsigned)(out->cap - out->n);
		unsigned room = z->avail_out;
		if (deflate(z, how) == Z_STREAM_ERROR)
			return false;
		out->n += room - z->avail_out;
	} while (z->avail_out == 0);
	return true;
}

/* The body compressed, when that is wanted and worth it; else untouched. */
static bool compress_body(
	struct request *r, const struct cd_http_field *fields, size_t n, struct cd_buf *body)
{
	struct cd_http_server *s = r->pub.conn->server;
	struct cd_buf out;
	if (!s->set->gzip_min || body->n < s->set->gzip_min || !compressible(fields, n) ||
		!cd_accepts_coding(&r->pub, CD_STR("gzip")))
		return false;
	if (!s->z)
		s->z = deflate_new();
	if (!s->z || deflateReset(s->z) != Z_OK)
		return false;
	cd_buf_init(&out, body->n + 65536);
	if (!deflate_into(s->z, cd_buf_str(body), Z_FINISH, &out) || out.n >= body->n) {
		cd_buf_done(&out);
		return false;
	}
	cd_buf_done(body);
	*body = out;
	return true;
}

/* ---- whole answers ---- */

void cd_http_reply(struct cd_http_req *pub, int status, const struct cd_http_field *fields, size_t n,
	struct cd_buf *body)
{
	struct request *r = (struct request *)pub;
	struct cd_http_conn *c = pub->conn;
	struct cd_buf none, *b = body ? body : &none;
	cd_buf_init(&none, 0);
	count_status(r, status);
	if (c->gone) {
		cd_buf_done(b);
		cd_conn_orphan(c);
		return;
	}
	bool gzip = body && compress_body(r, fields, n, b);
	bool bare = status == 204 || status == 304 || status < 200;
	put_head(r, status, fields, n);
	if (gzip)
		CD_BUF_LIT(&r->out, "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n");
	if (!bare) {
		CD_BUF_LIT(&r->out, "Content-Length: ");
		cd_buf_u64(&r->out, b->n);
		CD_BUF_LIT(&r->out, "\r\n");
	}
	CD_BUF_LIT(&r->out, "\r\n");
	bool with_body = !bare && pub->method != CD_HEAD && b->n;
	const uv_buf_t bufs[2] = {
		uv_buf_init(r->out.p, (unsigned)r->out.n), uv_buf_init(b->p, with_body ? (unsigned)b->n : 0)};
	r->answered = true;
	bool sent = !r->out.bad && cd_conn_send(c, bufs, with_body ? 2 : 1);
	cd_buf_done(b);
	if (!sent) {
		cd_conn_close(c, true);
		cd_conn_orphan(c);
	} else if (c->writes == 0) {
		cd_conn_finished(c);
	}
}

void cd_conn_refuse(struct cd_http_conn *c, cd_code code, const char *detail)
{
	const struct cd_err err = {code, detail, NULL};
	struct cd_buf body, head;
	cd_buf_init(&body, 65536);
	cd_buf_init(&head, 65536);
	cd_problem_write(&body, CD_SURFACE_NGSILD, &err);
	cd_buf_printf(&head,
		"HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: application/json\r\nConnection: "
		"close\r\nContent-Length: %zu\r\n\r\n",
		cd_code_status(code), reason_of(cd_code_status(code)), date_now(c->server), body.n);
	const uv_buf_t bufs[2] = {
		uv_buf_init(head.p, (unsigned)head.n), uv_buf_init(body.p, (unsigned)body.n)};
	cd_metric_add(c->server->metrics, CD_M_requests_4xx, 1);
	if (c->req) {
		cd_server_request_back(c->server, c->req);
		c->req = NULL;
	}
	c->state = CONN_CLOSING;
	bool sent = cd_conn_send(c, bufs, 2);
	cd_buf_done(&body);
	cd_buf_done(&head);
	/* a moment for the client to read why, before its unread bytes turn the close into a reset */
	if (sent && c->writes == 0)
		cd_conn_linger(c);
}

/* ---- streams ---- */

void cd_http_stream_begin(struct cd_http_req *pub, int status, const struct cd_http_field *fields, size_t n)
{
	struct request *r = (struct request *)pub;
	struct cd_http_conn *c = pub->conn;
	r->streaming = true;
	r->chunk_framed = c->parser.http_minor >= 1;
	if (!r->chunk_framed)
		r->close_after = true;
	count_status(r, status);
	if (c->gone)
		return;
	r->gzip = c->server->set->gzip_min && compressible(fields, n) &&
		  cd_accepts_coding(pub, CD_STR("gzip")) && (r->z = deflate_new());
	put_head(r, status, fields, n);
	if (r->gzip)
		CD_BUF_LIT(&r->out, "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n");
	if (r->chunk_framed)
		CD_BUF_LIT(&r->out, "Transfer-Encoding: chunked\r\n");
	CD_BUF_LIT(&r->out, "\r\n");
	if (r->out.bad) {
		cd_conn_close(c, true);
		return;
	}
	const uv_buf_t b = uv_buf_init(r->out.p, (unsigned)r->out.n);
	(void)cd_conn_send(c, &b, 1);
}

static bool put_chunk(struct request *r, cd_str data)
{
	struct cd_http_conn *c = r->pub.conn;
	char size[24];
	if (data.n == 0 || r->pub.method == CD_HEAD)
		return true;
	int n = snprintf(size, sizeof size, "%zx\r\n", data.n);
	const uv_buf_t framed[3] = {uv_buf_init(size, (unsigned)n),
		uv_buf_init((char *)(uintptr_t)data.p, (unsigned)data.n),
		uv_buf_init((char *)(uintptr_t) "\r\n", 2)};
	return r->chunk_framed ? cd_conn_send(c, framed, 3) : cd_conn_send(c, framed + 1, 1);
}

static bool put_piece(struct request *r, cd_str data, int how)
{
	struct cd_buf out;
	if (!r->gzip)
		return put_chunk(r, data);
	cd_buf_init(&out, SIZE_MAX / 2);
	bool good = deflate_into(r->z, data, how, &out) && put_chunk(r, cd_buf_str(&out));
	cd_buf_done(&out);
	return good;
}

bool cd_http_stream_put(struct cd_http_req *pub, struct cd_buf *piece)
{
	struct request *r = (struct request *)pub;
	struct cd_http_conn *c = pub->conn;
	if (!c->gone && !put_piece(r, cd_buf_str(piece), Z_NO_FLUSH))
		cd_conn_close(c, true);
	size_t max = piece->max;
	cd_buf_done(piece);
	cd_buf_init(piece, max);
	if (c->gone)
		return true; /* swallowed */
	r->held = uv_stream_get_write_queue_size(&c->uv.stream) > HIGH_WATER;
	return !r->held;
}

void cd_http_stream_end(struct cd_http_req *pub)
{
	struct request *r = (struct request *)pub;
	struct cd_http_conn *c = pub->conn;
	static const char last[] = "0\r\n\r\n";
	if (!c->gone && r->gzip && !put_piece(r, CD_STR(""), Z_FINISH))
		cd_conn_close(c, true);
	r->answered = true;
	const uv_buf_t b = uv_buf_init((char *)(uintptr_t)last, 5);
	if (!c->gone && r->chunk_framed && pub->method != CD_HEAD)
		(void)cd_conn_send(c, &b, 1);
	if (c->gone)
		cd_conn_orphan(c);
	else if (c->writes == 0)
		cd_conn_finished(c);
}

void cd_http_stream_cut(struct cd_http_req *pub)
{
	struct request *r = (struct request *)pub;
	struct cd_http_conn *c = pub->conn;
	cd_metric_add(c->server->metrics, CD_M_answers_cut, 1);
	r->answered = true;
	cd_conn_close(c, true);
	cd_conn_orphan(c);
}

void cd_http_stream_endless(struct cd_http_req *pub)
{
	struct request *r = (struct request *)pub;
	int room = ENDLESS_ROOM;
	r->endless = true;
	if (!pub->conn->closing && !pub->conn->control)
		(void)uv_send_buffer_size(&pub->conn->uv.handle, &room); /* else it holds what the system gives */
}

size_t cd_http_stream_waiting(const struct cd_http_req *pub)
{
	return pub->conn->gone ? 0 : uv_stream_get_write_queue_size(&pub->conn->uv.stream);
}

bool cd_http_gone(const struct cd_http_req *pub)
{
	return pub->conn->gone;
}
