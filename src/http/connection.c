/*
 * One connection: bytes in, requests out, one at a time.
 *
 *   IDLE --bytes--> HEAD --head complete--> BODY --body complete--> HANDLING --answer has left--> IDLE
 *                    |                       |                                                   or CLOSING
 *                    +-----------------------+---- refused: 400, 408, 413, 414, 431 ----> CLOSING
 *
 * The parser is fed what has arrived; it is stopped at the end of each message, and what lies behind waits in
 * the buffer (reading stops when that is too much) until the answer has left.
 */
#include "http/connection_int.h"

#include "base/mem.h"

static void go_on_reading(struct cd_http_conn *c);

/* ---- closing ---- */

static void conn_free(struct cd_http_conn *c)
{
	struct request *r = c->req;
	if (r && r->dispatched && !r->finished && c->server->app->done)
		c->server->app->done(c->server->arg, &r->pub); /* answered, but not all of it has left */
	cd_server_request_back(c->server, r);
	c->req = NULL;
	cd_conn_removed(c);
}

/* The application may still hold the request: then the connection goes with its answer. */
static void on_closed(uv_handle_t *h)
{
	struct cd_http_conn *c = h->data;
	cd_server_buffer_back(c->server, c->in);
	cd_server_buffer_back(c->server, c->cipher);
	c->in = c->cipher = NULL;
	cd_tls_end(c);
	c->closed = true;
	if (!c->req || !c->req->dispatched || c->req->answered)
		conn_free(c);
}

/* Answered, but nobody is there: the end of the request, and of the connection when its handle is closed
 * already. */
void cd_conn_orphan(struct cd_http_conn *c)
{
	struct request *r = c->req;
	r->answered = r->finished = true;
	if (c->server->app->done)
		c->server->app->done(c->server->arg, &r->pub);
	if (c->closed)
		conn_free(c);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	(void)req, (void)status;
}

void cd_conn_linger(struct cd_http_conn *c)
{
	c->state = CONN_CLOSING;
	if (c->lingering)
		return;
	c->lingering = true;
	cd_conn_deadline(c, 1000000);
	if (c->in)
		c->in->n = c->parsed = 0;
	go_on_reading(
		c); /* what is not read would turn the close into a reset, which may overtake the answer */
	if (c->ssl)
		cd_tls_bye(c);
	if (c->closing)
		return;
	if (c->ended || uv_shutdown(&c->shutdown, &c->uv.stream, on_shutdown) != 0)
		cd_conn_close(c, false);
}

void cd_conn_close(struct cd_http_conn *c, bool reset)
{
	if (c->closing)
		return;
	c->closing = true;
	c->gone = true;
	c->state = CONN_CLOSING;
	if (reset && !c->control && uv_tcp_close_reset(&c->uv.tcp, on_closed) == 0)
		return;
	uv_close(&c->uv.handle, on_closed);
}

/* A large answer is one write for libuv: bytes that were taken of it are progress, too. */
static bool answer_moves(struct cd_http_conn *c)
{
	size_t before = c->unsent;
	c->unsent = uv_stream_get_write_queue_size(&c->uv.stream);
	return c->writes && c->unsent < before;
}

void cd_conn_timeout(struct cd_http_conn *c)
{
	if (answer_moves(c)) {
		cd_conn_deadline(c, c->server->set->write_timeout);
		return;
	}
	if (c->lingering) {
		cd_conn_close(c, false);
		return;
	}
	cd_metric_add(c->server->metrics, CD_M_connections_timeout, 1);
	if (c->state == CONN_HEAD || c->state == CONN_BODY)
		cd_conn_refuse(c, CD_E_TIMEOUT, "The request came too slowly");
	else
		cd_conn_close(c, c->state != CONN_IDLE);
}

/* ---- the head: spans while it comes, fields when it is whole ---- */

static struct request *req_of(llhttp_t *p)
{
	return ((struct cd_http_conn *)p->data)->req;
}

static uint32_t offset_of(llhttp_t *p, const char *at)
{
	return (uint32_t)(at - ((struct cd_http_conn *)p->data)->in->p);
}

/* Spans come in pieces when the bytes do; pieces of one span lie side by side. */
static bool extend(struct span *s, uint32_t at, size_t n)
{
	if (s->n == 0)
		s->at = at;
	else if (s->at + s->n != at)
		return false; /* a folded line: obsolete, and a means of smuggling [RFC 9112 5.2] */
	s->n += (uint32_t)n;
	return true;
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
	struct request *r = req_of(p);
	return extend(&r->target, offset_of(p, at), n) ? 0 : HPE_USER;
}

/* What stands between the bytes of a chunked body and behind them means nothing to us, but has an end. Where
 * it is passed depends on how the bytes were cut; so it is refused as the malformed framing is that may
 * follow. */
static int on_framing(llhttp_t *p, const char *at, size_t n)
{
	struct request *r = req_of(p);
	(void)at;
	r->framing += n;
	if (r->framing <= r->pub.cx.set->head_max)
		return 0;
	llhttp_set_error_reason(p, "What is around the body is too large");
	return HPE_USER;
}

static int on_name(llhttp_t *p, const char *at, size_t n)
{
	struct request *r = req_of(p);
	struct cd_http_conn *c = p->data;
	if (c->state == CONN_BODY)
		return on_framing(p, at, n);
	bool begins = r->raw_n == 0 || r->raw[r->raw_n - 1].value.at;
	r->one_more = begins && r->raw_n == c->server->set->headers_max;
	if (r->one_more)
		return 0; /* refused when it is whole: until then it may still turn out to be no name */
	if (begins)
		r->raw[r->raw_n++] = (struct head_field){.name = {0, 0}};
	return extend(&r->raw[r->raw_n - 1].name, offset_of(p, at), n) ? 0 : HPE_USER;
}

static int on_name_complete(llhttp_t *p)
{
	struct request *r = req_of(p);
	if (!r->one_more)
		return 0;
	(void)cd_fail(&r->pub.cx, CD_E_HEAD_TOO_LARGE, NULL, "More than %llu header fields",
		(unsigned long long)r->pub.cx.set->headers_max);
	return HPE_USER;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
	struct request *r = req_of(p);
	if (((struct cd_http_conn *)p->data)->state == CONN_BODY)
		return on_framing(p, at, n);
	return extend(&r->raw[r->raw_n - 1].value, offset_of(p, at), n) ? 0 : HPE_USER;
}

/* An empty value has no span, but the next name must begin a new field. */
static int on_value_complete(llhttp_t *p)
{
	struct request *r = req_of(p);
	if (((struct cd_http_conn *)p->data)->state == CONN_BODY)
		return 0;
	struct head_field *f = &r->raw[r->raw_n - 1];
	if (f->value.at == 0)
		f->value.at = f->name.at + f->name.n;
	return 0;
}

static void invite_body(struct cd_http_conn *c, struct request *r)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const uv_buf_t b = uv_buf_init((char *)(uintptr_t)text, sizeof text - 1);
	/* HTTP/1.0 does not know it [RFC 9110 10.1.1] */
	if (c->parser.http_minor >= 1 && cd_http_field(&r->pub, CD_STR("expect")).p)
		(void)cd_conn_send(c, &b, 1);
}

static int on_head(llhttp_t *p)
{
	struct cd_http_conn *c = p->data;
	struct request *r = c->req;
	cd_head_take(c->in, r, p);
	c->state = CONN_BODY;
	cd_conn_deadline(c, c->server->set->body_timeout);
	cd_code code = cd_head_check(c->in, r, p);
	if (!code && c->server->app->head)
		code = c->server->app->head(c->server->arg, &r->pub);
	if (!code)
		return 0;
	/* the answer is known: the body is not read, so nothing can follow on this connection */
	if ((r->pub.has_length && p->content_length > 0) ||
		cd_http_field(&r->pub, CD_STR("transfer-encoding")).p)
		r->close_after = true;
	return r->close_after ? HPE_USER : 0;
}

/* ---- the body ---- */

static int on_body(llhttp_t *p, const char *at, size_t n)
{
	struct cd_http_conn *c = p->data;
	struct request *r = c->req;
	uint32_t offset = offset_of(p, at);
	cd_conn_deadline(c, c->server->set->body_timeout);
	r->framing = 0;
	if (r->body.n == 0 && r->body_n == 0 && !r->pub.chunked) {
		/* does all of it fit behind the head? then it stays there */
		uint64_t total = n + p->content_length;
		r->inlined = offset + total <= c->in->cap;
		r->body_at = offset;
	}
	if (r->inlined) {
		r->body_n += n;
		return 0;
	}
	if (r->body.n + n > c->server->set->body_max) {
		(void)cd_fail(&r->pub.cx, CD_E_TOO_LARGE, NULL, "A body may have %llu bytes",
			(unsigned long long)c->server->set->body_max);
		return HPE_USER;
	}
	cd_buf_put(&r->body, cd_str_of(at, n));
	if (r->body.bad) {
		(void)cd_fail_memory(&r->pub.cx);
		return HPE_USER;
	}
	return 0;
}

static int on_complete(llhttp_t *p)
{
	(void)p;
	return HPE_PAUSED;
}

static const llhttp_settings_t parser_settings = {
	.on_url = on_url,
	.on_header_field = on_name,
	.on_header_field_complete = on_name_complete,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
	.on_headers_complete = on_head,
	.on_chunk_extension_name = on_framing,
	.on_chunk_extension_value = on_framing,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

/* ---- the request ---- */

static bool begin_request(struct cd_http_conn *c)
{
	struct cd_http_server *s = c->server;
	struct request *r = cd_server_request(s);
	if (!r)
		return false;
	c->req = r;
	r->pub.conn = c;
	r->pub.loopback = c->loopback;
	r->pub.control = c->control;
	cd_cx_init(&r->pub.cx, &r->arena, s->set);
	llhttp_init(&c->parser, HTTP_REQUEST, &parser_settings);
	c->parser.data = c;
	c->state = CONN_HEAD;
	cd_conn_deadline(c, s->set->head_timeout);
	return true;
}

/* The head's buffer becomes the request's; what lies behind the request moves into a new one. */
static bool split_buffer(struct cd_http_conn *c)
{
	struct cd_http_buffer *rest = NULL;
	size_t n = c->in->n - c->parsed;
	if (n) {
		rest = cd_server_buffer(c->server);
		if (!rest)
			return false;
		memcpy(rest->p, c->in->p + c->parsed, n);
		rest->n = n;
	}
	c->req->head = c->in;
	c->in = rest;
	c->parsed = 0;
	return true;
}

static uint64_t trace_of(struct cd_http_conn *c)
{
	/* unique enough to find lines of one request: time and place */
	return (uint64_t)cd_time_mono() << 12 ^ ((uintptr_t)c >> 6 & 0xfff);
}

static void dispatch(struct cd_http_conn *c)
{
	struct request *r = c->req;
	if (!split_buffer(c)) {
		cd_conn_close(c, true);
		return;
	}
	if (r->inlined) {
		r->pub.body = cd_str_of(r->head->p + r->body_at, r->body_n);
	} else if (r->body.n) {
		if (!cd_buf_room(&r->body, PADDING)) {
			cd_conn_close(c, true);
			return;
		}
		r->pub.body = cd_buf_str(&r->body);
	}
	r->pub.cx.now = cd_time_wall();
	r->pub.cx.trace = trace_of(c);
	r->pub.began_us = cd_time_mono();
	r->dispatched = true;
	c->state = CONN_HANDLING;
	cd_conn_deadline(c, 0);
	if (c->server->draining || (c->ended && !c->in))
		r->close_after = true;
	cd_metric_add(c->server->metrics, CD_M_requests, 1);
	c->server->app->request(c->server->arg, &r->pub);
}

/* Errors of the parser, of the bounds, and of app->head when a body would follow. */
static void parse_failed(struct cd_http_conn *c)
{
	struct request *r = c->req;
	if (r->pub.cx.err.code && c->state == CONN_BODY) {
		r->close_after = true;
		c->parsed = c->in->n;
		r->inlined = false;
		cd_buf_reset(&r->body);
		dispatch(c);
		return;
	}
	cd_code code = r->pub.cx.err.code ? r->pub.cx.err.code : CD_E_INVALID_REQUEST;
	const char *why = r->pub.cx.err.detail ? r->pub.cx.err.detail : llhttp_get_error_reason(&c->parser);
	cd_conn_refuse(c, code, why && why[0] ? why : "The request is not HTTP/1.1");
}

static void after_execute(struct cd_http_conn *c, llhttp_errno_t e, const char *from, size_t n)
{
	if (e == HPE_PAUSED_UPGRADE) {
		llhttp_resume_after_upgrade(&c->parser);
		e = HPE_PAUSED;
	}
	if (e == HPE_PAUSED) {
		c->parsed = (size_t)(llhttp_get_error_pos(&c->parser) - c->in->p);
		dispatch(c);
		return;
	}
	c->parsed = (size_t)(from - c->in->p) + n;
	if (e != HPE_OK) {
		parse_failed(c);
		return;
	}
	if (c->state == CONN_HEAD && c->parsed >= c->server->set->head_max) {
		if (c->req->target.n > c->server->set->uri_max)
			cd_conn_refuse(c, CD_E_URI_TOO_LONG, "The target of the request is too long");
		else
			cd_conn_refuse(c, CD_E_HEAD_TOO_LARGE, "The head of the request is too large");
		return;
	}
	/* the bytes were copied: the head stays, the room behind it is free again */
	if (c->state == CONN_BODY && !c->req->inlined && c->parsed == c->in->n)
		c->in->n = c->parsed = c->req->head_end;
}

static void feed(struct cd_http_conn *c)
{
	char *from = c->in->p + c->parsed;
	size_t n = c->in->n - c->parsed;
	bool was_body = c->state == CONN_BODY;
	if (c->state == CONN_HEAD && n > c->server->set->head_max - c->parsed)
		n = c->server->set->head_max - c->parsed;
	llhttp_errno_t e = llhttp_execute(&c->parser, from, n);
	if (!was_body && c->state == CONN_BODY && e == HPE_OK && c->req->body.n == 0 && c->req->body_n == 0)
		invite_body(c, c->req);
	after_execute(c, e, from, n);
}

/* Empty lines between requests are passed over [RFC 9112 2.2]. */
static void skip_line_ends(struct cd_http_conn *c)
{
	while (c->parsed < c->in->n && (c->in->p[c->parsed] == '\r' || c->in->p[c->parsed] == '\n'))
		c->parsed++;
	if (c->parsed == c->in->n)
		c->parsed = c->in->n = 0;
}

void cd_conn_run(struct cd_http_conn *c)
{
	if (c->in_dispatch)
		return;
	c->in_dispatch = true;
	while (!c->closing && c->in && c->parsed < c->in->n && c->state <= CONN_BODY) {
		if (c->state == CONN_IDLE) {
			skip_line_ends(c);
			if (c->in->n == 0)
				break;
			if (c->parsed) { /* spans count from the buffer's begin */
				memmove(c->in->p, c->in->p + c->parsed, c->in->n - c->parsed);
				c->in->n -= c->parsed;
				c->parsed = 0;
			}
			if (!begin_request(c)) {
				cd_conn_close(c, true);
				break;
			}
		}
		feed(c);
	}
	c->in_dispatch = false;
	if (!c->closing && c->state == CONN_IDLE && c->in && c->in->n == 0) {
		cd_server_buffer_back(c->server, c->in);
		c->in = NULL;
	}
	if (c->ended && c->state <= CONN_BODY && !c->closing)
		cd_conn_close(c, false);
}

/* ---- bytes ---- */

static void on_alloc(uv_handle_t *h, size_t wanted, uv_buf_t *ret)
{
	struct cd_http_conn *c = h->data;
	struct cd_http_buffer **b = c->ssl ? &c->cipher : &c->in;
	(void)wanted;
	if (!*b) {
		*b = cd_server_buffer(c->server);
		if (b == &c->in)
			c->parsed = 0;
	}
	*ret = *b ? uv_buf_init((*b)->p + (*b)->n, (unsigned)((*b)->cap - (*b)->n)) : uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void pause_reading(struct cd_http_conn *c)
{
	/* what lies behind the request at hand is bounded by its buffer; full: the client has to wait */
	if (c->reading && c->in && c->in->n == c->in->cap) {
		(void)uv_read_stop(&c->uv.stream);
		c->reading = false;
	}
}

static void go_on_reading(struct cd_http_conn *c)
{
	if (c->reading || c->ended || c->closing)
		return;
	c->reading = true;
	(void)uv_read_start(&c->uv.stream, on_alloc, on_read);
}

static void on_end(struct cd_http_conn *c, bool broken)
{
	c->ended = true;
	(void)uv_read_stop(&c->uv.stream);
	c->reading = false;
	if (broken || c->state == CONN_CLOSING || (c->req && c->req->endless)) {
		cd_conn_close(c, broken);
		return;
	}
	/* half-closed: what was asked is still answered, pipelined requests too */
	if (c->state != CONN_HANDLING)
		cd_conn_close(c, false);
	else if (!c->in || c->in->n == 0)
		c->req->close_after = true;
}

static void run_tls(struct cd_http_conn *c)
{
	int more;
	while ((more = cd_tls_read(c)) > 0 && !c->closing)
		cd_conn_run(c);
	if (more < 0 && !c->closing)
		cd_conn_close(c, true);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct cd_http_conn *c = stream->data;
	(void)buf;
	if (n == 0)
		return;
	if (n < 0) {
		on_end(c, n != UV_EOF);
		return;
	}
	cd_metric_add(c->server->metrics, CD_M_bytes_in, (uint64_t)n);
	if (c->state == CONN_CLOSING) {
		if (c->in)
			c->in->n = 0; /* nobody reads it: the answer that ends the connection is on its way */
		return;
	}
	if (!c->ssl) {
		c->in->n += (size_t)n;
		cd_conn_run(c);
	} else {
		c->cipher->n += (size_t)n;
		run_tls(c);
	}
	if (!c->closing)
		pause_reading(c);
}

void cd_conn_start(struct cd_http_conn *c)
{
	c->state = CONN_IDLE;
	cd_conn_deadline(c, c->server->set->idle_timeout);
	go_on_reading(c);
}

void cd_conn_finished(struct cd_http_conn *c)
{
	struct request *r = c->req;
	struct cd_http_server *s = c->server;
	bool close_after = r->close_after || s->draining;
	if (r->finished)
		return;
	r->finished = true;
	if (s->app->done)
		s->app->done(s->arg, &r->pub);
	c->req = NULL;
	cd_server_request_back(s, r);
	if (c->closing)
		return;
	if (close_after) {
		cd_conn_linger(c);
		return;
	}
	c->state = CONN_IDLE;
	cd_conn_deadline(c, s->set->idle_timeout);
	if (c->in_dispatch)
		return; /* the loop around us goes on */
	go_on_reading(c);
	cd_conn_run(c);
	if (c->ssl && !c->closing && c->state < CONN_CLOSING)
		run_tls(c); /* pipelined requests may wait inside of OpenSSL */
}
