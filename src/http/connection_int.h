/*
 * http/connection_int.h -- a server and its connections; for listen.c, connection.c, answer.c and secure.c.
 *
 * Memory of a connection: an idle one is this struct alone. Bytes that arrive take a buffer from the server's
 * pool; a request takes a request object (with its arena) from another. A request owns the buffer its head
 * lies in, so that nothing the application was given ever moves; bytes behind it (pipelined requests) go into
 * the next buffer.
 */
#ifndef CD_HTTP_CONNECTION_INT_H
#define CD_HTTP_CONNECTION_INT_H

#include "http/server.h"

#include <llhttp/llhttp.h>
#include <openssl/ssl.h>
#include <zlib.h>

enum { PADDING = 64, BODY_ROOM = 16384, HIGH_WATER = 262144, ENDLESS_ROOM = 65536, POOL_MAX = 64 };

struct cd_http_buffer {
	struct cd_http_buffer *next;
	size_t n;   /* bytes in it */
	size_t cap; /* without the padding behind */
	char p[];
};

/* A span of the head: offsets until the head is complete, then field pointers. */
struct span {
	uint32_t at, n;
};
struct head_field {
	struct span name, value;
};

struct request {
	struct cd_http_req pub; /* first: the application's pointer is ours */
	struct request *next;   /* in the pool */
	struct cd_arena arena;
	struct cd_http_buffer *head; /* holds request line and fields */
	struct cd_buf body;          /* when it did not fit behind the head */
	struct cd_buf out;           /* head of the answer */
	struct head_field *raw;
	struct cd_http_field *fields;
	size_t raw_n;
	bool one_more; /* than headers_max: a name is being read that has no place */
	struct span target;
	size_t head_end;        /* bytes behind it are free once they were parsed */
	size_t body_at, body_n; /* of a body that lies in `head` */
	size_t framing;         /* bytes of chunk extensions and trailers since the last of the body */
	bool inlined;           /* it does */
	bool dispatched, answered, streaming, chunk_framed, gzip, held, finished, endless;
	bool close_after;
	z_stream *z;
};

enum conn_state {
	CONN_IDLE, /* between requests */
	CONN_HEAD, /* some bytes of a head are here */
	CONN_BODY,
	CONN_HANDLING, /* the application has the request */
	CONN_CLOSING,  /* the last answer leaves, then it closes */
};

struct cd_http_conn {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	struct cd_http_server *server;
	struct cd_http_conn *next, *prev;
	llhttp_t parser;
	struct cd_http_buffer *in;
	size_t parsed; /* bytes of `in` that the parser has seen */
	struct request *req;
	enum conn_state state;
	uint64_t deadline_ms; /* loop time; 0: none */
	unsigned writes;      /* in flight */
	size_t unsent;        /* bytes of them, when the deadline was set */
	uv_shutdown_t shutdown;
	bool reading, ended, gone, lingering, closing, closed, control, loopback;
	bool in_dispatch; /* run() is on the stack: an answer given now must not start it again */
	SSL *ssl;
	struct cd_http_buffer *cipher; /* TLS: what arrived, encrypted */
};

struct cd_http_server {
	uv_loop_t *loop;
	const struct cd_settings *set;
	struct cd_metrics *metrics;
	struct cd_http_tls *tls;
	const struct cd_http_app *app;
	void *arg;
	uv_tcp_t *listener;
	uv_pipe_t *control;
	uv_timer_t *sweep;
	bool sweeping, draining;
	bool owed, control_owed; /* a connection waits that could not be taken for want of memory */
	int port;
	char *control_path;
	struct cd_http_conn *conns;
	uint64_t conns_n;
	struct cd_http_buffer *buffers;
	struct request *requests;
	unsigned buffers_n, requests_n;
	z_stream *z; /* for whole answers, reset between them */
	char date[64];
	uint64_t date_ms;
	uint64_t drain_until_ms, swept_ms;
	unsigned handles; /* of ours that are open */
	void (*drained)(void *);
	void *drained_arg;
};

struct cd_http_tls {
	SSL_CTX *ctx;
};

/* listen.c */
void cd_conn_deadline(struct cd_http_conn *, uint64_t us);
void cd_conn_removed(struct cd_http_conn *); /* closed: out of the list */
struct cd_http_buffer *cd_server_buffer(struct cd_http_server *);
void cd_server_buffer_back(struct cd_http_server *, struct cd_http_buffer *);
struct request *cd_server_request(struct cd_http_server *);
void cd_server_request_back(struct cd_http_server *, struct request *);

/* connection.c */
void cd_conn_start(struct cd_http_conn *);
void cd_conn_run(struct cd_http_conn *); /* go on parsing what is here */
void cd_conn_close(struct cd_http_conn *, bool reset);
void cd_conn_finished(struct cd_http_conn *); /* the answer has left */
void cd_conn_orphan(struct cd_http_conn *);   /* it was given, but the client has gone */
void cd_conn_linger(
	struct cd_http_conn *); /* say that nothing follows, and close when the client has read that */
void cd_conn_timeout(struct cd_http_conn *);

/* head.c */
/* The head is complete: its spans become method, target and fields, in the buffer. */
void cd_head_take(struct cd_http_buffer *, struct request *, const llhttp_t *);
/* What breaks the protocol or a bound, in the order of importance. Sets close_after when nothing behind it
 * can be trusted. */
cd_code cd_head_check(const struct cd_http_buffer *, struct request *, const llhttp_t *);

/* answer.c */
/* Send bytes; takes nothing. What the kernel does not take at once is copied and follows. False: the
 * connection is gone. */
bool cd_conn_send(struct cd_http_conn *, const uv_buf_t *, unsigned n);
/* A bare answer of the server itself, before there is a request. */
void cd_conn_refuse(struct cd_http_conn *, cd_code, const char *detail);

/* secure.c */
bool cd_tls_start(struct cd_http_conn *);
void cd_tls_bye(struct cd_http_conn *); /* say that nothing follows */
void cd_tls_end(struct cd_http_conn *);
/* What arrived into plain bytes of conn->in. -1: broken; 0: nothing more now; 1: go on. */
int cd_tls_read(struct cd_http_conn *);
/* Plain bytes into encrypted ones in *out. */
bool cd_tls_write(struct cd_http_conn *, const uv_buf_t *, unsigned n, struct cd_buf *out);
bool cd_tls_pending(struct cd_http_conn *, struct cd_buf *out);

#endif
