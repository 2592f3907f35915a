/*
 * http/server.h -- HTTP/1.1 for many clients on one event loop.
 *
 * One request of a connection is in the hands of the application at a time; pipelined ones wait, their bytes
 * bounded, and are answered in order. A request object, its arena and everything in it live until the last
 * byte of the answer has left or the connection is gone, and never less than until the application has
 * answered: when the client goes away in between, answers are swallowed. All calls are made on the loop's own
 * thread.
 *
 * Slow and hostile clients meet the bounds of base/settings.h: head_max (431), uri_max (414), body_max (413),
 * headers_max (431), head_timeout and body_timeout (408, close), idle_timeout, write_timeout,
 * connections_max.
 */
#ifndef CD_HTTP_SERVER_H
#define CD_HTTP_SERVER_H

#include "base/buf.h"
#include "base/cx.h"
#include "base/metrics.h"

#include <uv.h>

enum cd_method {
	CD_GET,
	CD_HEAD, /* routed like GET; the server leaves the body out */
	CD_POST,
	CD_PUT,
	CD_PATCH,
	CD_DELETE,
	CD_OPTIONS,
	CD_METHOD_N,
	CD_METHOD_OTHER = CD_METHOD_N, /* well-formed, but none of ours: 405 or 501 */
};
extern const cd_str cd_method_names[CD_METHOD_N];

struct cd_http_field {
	cd_str name; /* requests: in lower case; answers: as it shall be sent */
	cd_str value;
};

struct cd_http_conn;
struct cd_http_req {
	struct cd_http_conn *conn;
	struct cd_cx cx; /* its arena is the request's; bounds, time, trace set */
	enum cd_method method;
	cd_str target; /* as sent, e.g. "/a%20b?x=1" */
	cd_str path;   /* "/a%20b": not decoded */
	cd_str query;  /* "x=1": not decoded */
	const struct cd_http_field *fields;
	size_t fields_n;
	bool has_length;     /* Content-Length was given */
	bool chunked;        /* the body came (comes) chunked */
	cd_str body;         /* 64 readable bytes behind it; empty until the whole body is here */
	bool loopback;       /* the peer is this machine */
	bool control;        /* came over the control socket of the data directory */
	cd_time_us began_us; /* monotonic: end of the request */
	void *app;           /* the application's own */
};

/* The value of a field (several of one name: the first), p == NULL when absent. `name` in lower case. */
cd_str cd_http_field(const struct cd_http_req *, cd_str name);
/* The n-th field of that name, for those that may repeat (Link, Accept, Prefer). */
cd_str cd_http_field_nth(const struct cd_http_req *, cd_str name, size_t n);

struct cd_http_app {
	/*
	 * The head is complete, the body has not been read. CD_OK: read it (a 100 is sent when the client
	 * waits for one). Anything else: `request` is called at once with an empty body and cx.err set, and
	 * the connection closes after the answer if a body was announced.
	 */
	cd_code (*head)(void *app, struct cd_http_req *);
	/* Answer now or later, with one of the functions below, exactly once. */
	void (*request)(void *app, struct cd_http_req *);
	/* The answer has left or was dropped; the request is freed right after. May be NULL. */
	void (*done)(void *app, struct cd_http_req *);
	/* A stream that was held back has room again. May be NULL when nothing streams. */
	void (*room)(void *app, struct cd_http_req *);
};

/*
 * The whole answer. Takes the memory of `body` (which is empty afterwards); NULL: no body. The server adds
 * Date, Content-Length, Connection, CORS fields, and compresses (Content-Encoding, Vary) bodies of gzip_min
 * and more when the client accepts gzip, unless `fields` has a Content-Encoding. 204 and 304 get neither body nor
 * length. Field values are copied.
 */
void cd_http_reply(
	struct cd_http_req *, int status, const struct cd_http_field *, size_t n, struct cd_buf *body);

/* An answer in pieces (chunked), for lists whose length is not known. */
void cd_http_stream_begin(struct cd_http_req *, int status, const struct cd_http_field *, size_t n);
/* Takes the memory of `piece`. False: over the high-water mark; put nothing more before app->room. */
bool cd_http_stream_put(struct cd_http_req *, struct cd_buf *piece);
void cd_http_stream_end(struct cd_http_req *);
/* Something failed in the middle: the connection is reset, so that the client cannot mistake it for the
 * whole. */
void cd_http_stream_cut(struct cd_http_req *);
/*
 * For a stream that goes on for as long as its client listens (server-sent events), after begin: that the
 * client closes its side means that it has gone, and the kernel holds little that it has not read.
 */
void cd_http_stream_endless(struct cd_http_req *);
/* Bytes of a stream that the kernel has not taken yet: the client reads slowly. */
size_t cd_http_stream_waiting(const struct cd_http_req *);
/* The client has gone: work for the answer may stop (it must still be finished with end or cut). */
bool cd_http_gone(const struct cd_http_req *);

/* TLS for all servers of the process, from PEM files. NULL and cx->err when they are not usable. */
struct cd_http_tls *cd_http_tls_new(struct cd_cx *, const char *cert_path, const char *key_path);
void cd_http_tls_free(struct cd_http_tls *);

struct cd_http_server;
/* `set`, `metrics`, `tls` (may be NULL) outlive the server. NULL when out of memory. */
struct cd_http_server *cd_http_server_new(uv_loop_t *, const struct cd_settings *set,
	struct cd_metrics *metrics, struct cd_http_tls *tls, const struct cd_http_app *, void *app);
/*
 * Listen on "127.0.0.1:9090" or "[::1]:9090" (port 0: any, told by cd_http_server_port). With `shared`
 * several loops listen on one port (SO_REUSEPORT) and the kernel spreads the connections.
 */
cd_code cd_http_listen(struct cd_cx *, struct cd_http_server *, cd_str address, bool shared);
int cd_http_server_port(const struct cd_http_server *);
/* Listen on a Unix socket (mode 0600, an old one is replaced); requests have `control` set. No TLS. */
cd_code cd_http_listen_control(struct cd_cx *, struct cd_http_server *, const char *path);
/* Stop listening, close idle connections, answer what is open ("Connection: close"), then call `done`; what
 * is still open after drain_timeout is reset. */
void cd_http_server_drain(struct cd_http_server *, void (*done)(void *), void *arg);
/* After drain's `done`. */
void cd_http_server_free(struct cd_http_server *);

#endif
