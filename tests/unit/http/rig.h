/*
 * A real server on loopback in a thread of its own, with a tiny application; and a client of plain sockets.
 *
 *   /echo         200 with the body back and X-Seen: METHOD TARGET
 *   /later        the same, 20 ms later
 *   /hold         when rig_release is called
 *   /stall        after the whole loop stood still for two seconds
 *   /fields       name=value lines
 *   /bytes/N      N bytes of text; /raw/N the same as image/png
 *   /stream/N     N bytes in pieces, as fast as the client reads
 *   /cut/N        N bytes, then the connection is cut
 *   /empty        204
 *   /refused      403 while the head is looked at
 *   /redirect/N   302 to N-1, 0 is an echo
 *   /elsewhere    302 to ftp:
 *   /tag          ETag "v1", 304 for who has it
 */
#ifndef CD_TEST_RIG_H
#define CD_TEST_RIG_H

#include "http/server.h"

#include <pthread.h>
#include <stdatomic.h>

struct rig_work;
struct rig {
	struct cd_settings set; /* changed by the test before rig_start */
	struct cd_metrics metrics;
	struct cd_http_tls *tls;
	const char *control; /* path of a control socket; NULL: none */
	int port;
	atomic_uint heads, requests, dones, rooms, gone, stalls;
	atomic_size_t put;   /* bytes of streams that were handed to the server */
	atomic_bool drained; /* rig_drain is done */
	atomic_bool failed;  /* an armed allocation failed */
	bool draining;
	pthread_t thread;
	uv_loop_t loop;
	uv_async_t wake;
	pthread_mutex_t lock;
	pthread_cond_t obeyed;
	int order; /* enum order of rig.c */
	unsigned long order_arg;
	struct cd_http_server *server;
	struct rig_work *works; /* answers that are still to be given; the loop's */
};

void rig_init(struct rig *);  /* settings at their defaults */
void rig_start(struct rig *); /* returns when it listens */
void rig_stop(struct rig *);  /* drain, join; fails when something is left behind */
void rig_drain(struct rig *); /* begins; rig->drained tells the end */
void rig_release(struct rig *);
void rig_fail_after(struct rig *, unsigned long k); /* allocations of the loop's thread; 0: no more */
uint64_t rig_metric(struct rig *, enum cd_metric);
/* Waits for the counter to become n, ten seconds at most. */
void rig_await(atomic_uint *, unsigned n);
void rig_await_open(struct rig *, uint64_t n); /* open connections */

/* One answer, as it came. */
struct heard {
	int status;       /* 0: the connection ended before a whole answer */
	const char *head; /* with a NUL behind */
	const char *body;
	size_t head_n, body_n;
	bool reset; /* it ended with an error, not in peace */
};
struct peer {
	int fd;
	char *p;
	size_t n, cap, taken;
	char *plain; /* body without its chunks */
	struct heard heard;
};

void dial(struct peer *, const struct rig *);
void hang_up(struct peer *);
void say(struct peer *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_bytes(struct peer *, const char *, size_t);
/* False when the connection does not take all of it. */
bool try_say(struct peer *, const char *, size_t);
/* The next answer; `no_body` behind a HEAD. */
const struct heard *hear(struct peer *, bool no_body);
/* The connection ends now, and nothing came before. */
void expect_end(struct peer *);
/* Value of a field of the last answer, NULL when it is not there. In a buffer that the next call reuses. */
const char *field_of(const struct heard *, const char *name);
/* say + hear on a connection of its own. */
int ask(struct rig *, const char *request);

#endif
