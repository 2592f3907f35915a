/*
 * http/client.h -- the one way out: every outbound request of the program leaves through here. (libcurl, on
 * the loop)
 *
 * One address policy (private, loopback, link-local addresses only when outbound_private allows it, checked
 * after name resolution and again after each redirect, so that a name cannot be rebound), time-outs, a size
 * cap, bounded redirects, reuse of connections. Only http and https.
 */
#ifndef CD_HTTP_CLIENT_H
#define CD_HTTP_CLIENT_H

#include "base/cx.h"
#include "base/metrics.h"
#include "http/server.h"

#include <uv.h>

struct cd_client;
struct cd_client_answer;
struct cd_client *cd_client_new(uv_loop_t *, const struct cd_settings *, bool allow_private);
/* Ends open requests with CD_E_BAD_GATEWAY first. */
void cd_client_free(struct cd_client *);

struct cd_client_req {
	enum cd_method method;
	cd_str url;
	const char *unix_socket; /* connect there instead of to the host of the URL (control socket); NULL:
				    no. No address policy. */
	const struct cd_http_field *fields;
	size_t fields_n;
	cd_str body;           /* borrowed until done */
	size_t answer_max;     /* bytes */
	cd_time_us timeout_us; /* for all of it */
	/* Called once, on the loop. Everything in `a` is borrowed for the call. */
	void (*done)(void *arg, const struct cd_client_answer *a);
	void *arg;
};
struct cd_client_answer {
	cd_code code; /* CD_OK: an answer came, of any status; else CD_E_BAD_GATEWAY (no answer: refused,
			 time-out, too large, address not allowed) */
	const char *detail; /* why not */
	int status;
	cd_str body;
	const struct cd_http_field *fields; /* names in lower case */
	size_t fields_n;
	cd_str final_url; /* after redirects */
};
/* Copies what it needs but the body. Returns a handle for cancel, or NULL when out of memory (then done isn't
 * called). */
struct cd_client_call *cd_client_send(struct cd_client *, const struct cd_client_req *);
/* `done` will not be called. */
void cd_client_cancel(struct cd_client *, struct cd_client_call *);

#endif
