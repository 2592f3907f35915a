/*
 * jsonld/cache.h -- contexts of requests: compiled once, kept, fetched when they are remote.
 *
 * One cache of documents for the process (bounded by context_cache, mutex inside, off the hot path), one
 * loader for each loop (the contexts it compiled, bounded by context_cache as well: a request with a context
 * seen before costs one look-up in a table of its own; and its fetches). A remote document is fetched once
 * however many requests wait for it, is fresh as its source says (Cache-Control, Expires; else context_age),
 * is revalidated with its ETag, and its last good copy is used while the source is down. Core contexts are
 * built in. The folder of setting `contexts` holds documents that need no network: index.json {"https://...":
 * "file.jsonld", ...}, loaded at start.
 */
#ifndef CD_JSONLD_CACHE_H
#define CD_JSONLD_CACHE_H

#include "base/metrics.h"
#include "jsonld/context.h"

struct cd_ctx_cache;
struct cd_ctx_cache *cd_ctx_cache_new(struct cd_cx *, const struct cd_settings *);
void cd_ctx_cache_free(struct cd_ctx_cache *);

/* ---- stored contexts, for those who manage them: any thread [CIM 009 5.13] ---- */

struct cd_ctx_info {
	cd_str url;
	cd_time_us created, used, expires; /* wall clock; used, expires: 0 for never */
	uint64_t hits;                     /* uses by requests, and looks from outside before this one */
	bool fixed;                        /* from the folder of the setting `contexts` */
};
/* Those that came from their URL ("Cached"). False: not here. */
bool cd_ctx_cache_info(struct cd_ctx_cache *, cd_str url, struct cd_ctx_info *ret);
/* Only whether it is: not counted as a look. */
bool cd_ctx_cache_has(struct cd_ctx_cache *, cd_str url);
/* All of them, copied into cx->arena; not counted as looks. */
cd_code cd_ctx_cache_list(
	struct cd_ctx_cache *, struct cd_cx *, const struct cd_ctx_info **ret, size_t *ret_n);
/* False: not here, or of the folder. */
bool cd_ctx_cache_forget(struct cd_ctx_cache *, cd_str url);

/*
 * A context that lives in the twin under `name`, known here under `url` so that it needs no fetch; not among
 * the above. It may be driven out again: ask cd_ctx_cache_hosts before each use.
 */
cd_code cd_ctx_cache_host(
	struct cd_ctx_cache *, struct cd_cx *, cd_str name, cd_str url, cd_str text, cd_time_us created);
bool cd_ctx_cache_hosts(struct cd_ctx_cache *, cd_str url);
bool cd_ctx_cache_hosted_info(
	struct cd_ctx_cache *, cd_str name, struct cd_ctx_info *ret); /* url is not set */
void cd_ctx_cache_unhost(struct cd_ctx_cache *, cd_str name);

/*
 * How a document is fetched, so that jsonld knows no HTTP: the runner fills this in with the one outbound
 * client, tests with a map. `done` is called once, on the loop, later: never from inside `get`.
 */
struct cd_ctx_fetched {
	cd_code code; /* CD_OK: status and body are there */
	const char *detail;
	int status;
	cd_str body, etag, final_url, cache_control, expires, date, age, link;
	cd_str media; /* Content-Type; anything that is JSON is accepted */
};
struct cd_ctx_fetcher {
	/* Starts a GET with If-None-Match when etag.n > 0; false: could not start. */
	bool (*get)(void *arg, cd_str url, cd_str etag, void (*done)(void *, const struct cd_ctx_fetched *),
		void *done_arg);
	void *arg;
	/*
	 * Any thread: have cd_ctx_loader_woken() called soon on the loader's loop. With it a document is
	 * fetched once for all loops; NULL: each fetches for itself.
	 */
	void (*wake)(void *arg);
};

struct cd_ctx_loader;
struct cd_ctx_loader *cd_ctx_loader_new(
	struct cd_ctx_cache *, const struct cd_ctx_fetcher *, struct cd_metrics *);
void cd_ctx_loader_free(struct cd_ctx_loader *); /* nobody may wait any more */
/* On its loop, after fetcher.wake: looks again for what other loops fetched. Cheap when there is nothing. */
void cd_ctx_loader_woken(struct cd_ctx_loader *);

/*
 * The context of a request. `value`: the JSON of its "@context", or a string node made from its Link header;
 * NULL: the setting default_context, else the core context. Only on the loader's loop.
 *
 * CD_OK and *ret != NULL   here it is (one reference, yours)
 * CD_OK and *ret == NULL   being fetched: `ready` will be called once, later, on this loop, with the context
 * (one reference) or NULL and the error; cancel with cd_ctx_cancel and the returned *ret_wait
 * CD_E_BAD_REQUEST_DATA    not a context
 * CD_E_CONTEXT_UNAVAIL     known to be unreachable right now
 * CD_E_BUSY                context_parallel documents are being fetched already
 */
struct cd_ctx_wait;
cd_code cd_ctx_get(struct cd_ctx_loader *, struct cd_cx *, const struct cd_json *value,
	void (*ready)(void *arg, struct cd_ctx *, const struct cd_err *), void *arg, struct cd_ctx **ret,
	struct cd_ctx_wait **ret_wait);
void cd_ctx_cancel(struct cd_ctx_loader *, struct cd_ctx_wait *);

/*
 * Fetch a cached document anew; `done` is called once, later, on this loop. When the fetch fails the old copy
 * stays, and ok is false. CD_E_NOT_FOUND it is not here   CD_E_CONTEXT_UNAVAIL it can not be fetched
 */
cd_code cd_ctx_reload(
	struct cd_ctx_loader *, struct cd_cx *, cd_str url, void (*done)(void *arg, bool ok), void *arg);

#endif
