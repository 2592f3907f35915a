/* A loader with a network of its own: calls are kept until a test answers them. The clock stands until it is
 * moved. */
#ifndef CD_TEST_JSONLD_LOADER_H
#define CD_TEST_JSONLD_LOADER_H

#include "fixture.h"
#include "jsonld/documents.h"

#include <stdio.h>

struct call {
	char url[256], etag[64];
	void (*done)(void *, const struct cd_ctx_fetched *);
	void *arg;
};
struct net {
	struct call open[600];
	size_t n;
	unsigned asked; /* in all */
	bool refuses;
	unsigned woken;
};

static inline bool net_get(void *arg, cd_str url, cd_str etag,
	void (*done)(void *, const struct cd_ctx_fetched *), void *done_arg)
{
	struct net *net = arg;
	if (net->refuses)
		return false;
	assert_true(net->n < sizeof net->open / sizeof *net->open);
	struct call *call = &net->open[net->n++];
	*call = (struct call){.done = done, .arg = done_arg};
	snprintf(call->url, sizeof call->url, "%.*s", (int)url.n, url.p);
	snprintf(call->etag, sizeof call->etag, "%.*s", (int)etag.n, etag.n ? etag.p : "");
	net->asked++;
	return true;
}

static inline struct call *net_find(struct net *net, const char *url)
{
	for (size_t i = 0; i < net->n; i++)
		if (strcmp(net->open[i].url, url) == 0)
			return &net->open[i];
	return NULL;
}

static inline void net_reply(struct net *net, const char *url, struct cd_ctx_fetched f)
{
	struct call *call = net_find(net, url);
	if (!call)
		fail_msg("%s was not asked for", url);
	struct call one = *call;
	*call = net->open[--net->n];
	one.done(one.arg, &f);
}

/* 200 with that body (' for "); `cache` may be NULL. */
static inline void net_serve(
	struct net *net, const char *url, const char *body, const char *cache, const char *etag)
{
	char text[4096];
	snprintf(text, sizeof text, "%s", body);
	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	net_reply(net, url,
		(struct cd_ctx_fetched){.status = 200,
			.body = cd_str_z(text),
			.cache_control = cd_str_z(cache),
			.etag = cd_str_z(etag)});
}

static inline void net_status(struct net *net, const char *url, int status)
{
	net_reply(net, url, (struct cd_ctx_fetched){.status = status});
}

static inline void net_down(struct net *net, const char *url)
{
	net_reply(
		net, url, (struct cd_ctx_fetched){.code = CD_E_BAD_GATEWAY, .detail = "connection refused"});
}

/* One request: what it got, and when. */
struct asker {
	struct cd_ctx *ctx;
	struct cd_ctx_wait *wait;
	cd_code code;
	char detail[256];
	unsigned ready; /* how often it was told */
	unsigned turn;  /* the how-manieth of all that were told */
	struct cd_ctx_loader *loader;
	struct asker *cancels;
};
static unsigned turns;

static inline void asker_ready(void *arg, struct cd_ctx *ctx, const struct cd_err *err)
{
	struct asker *a = arg;
	a->ready++;
	a->turn = ++turns;
	a->ctx = ctx;
	a->wait = NULL;
	a->code = ctx ? CD_OK : err->code;
	snprintf(a->detail, sizeof a->detail, "%s", ctx ? "" : err->detail);
	if (a->cancels && a->cancels->wait) {
		cd_ctx_cancel(a->loader, a->cancels->wait);
		a->cancels->wait = NULL;
	}
}

static inline struct asker *ask_json(
	struct asker *a, struct cd_ctx_loader *l, const struct cd_settings *set, const char *text)
{
	struct work w;
	cd_ctx_unref(a->ctx);
	*a = (struct asker){.loader = l, .cancels = a->cancels};
	work_init(&w);
	w.cx.set = set;
	const struct cd_json *value = text ? json_of(&w, text) : NULL;
	a->code = cd_ctx_get(l, &w.cx, value, asker_ready, a, &a->ctx, &a->wait);
	if (a->code) {
		snprintf(a->detail, sizeof a->detail, "%s", w.cx.err.detail);
		assert_int_equal(w.cx.err.code, a->code);
	}
	work_done(&w);
	return a;
}

#endif
