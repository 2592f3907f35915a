/*
 * Documents by URL. A fresh one is used as it is; a stale one is asked for again with its ETag, and goes on
 * being used while its source is down. Failures are remembered for two seconds, so that a dead source is not
 * asked by every request. The folder of the setting `contexts` fills in documents that stay fresh for ever.
 *
 * A document is fetched by one loop at a time: who comes second is told that others fetch it, and its loop is
 * woken when that ends. Everything that strangers can make this file remember, failures too, counts against
 * context_cache.
 */
#include "jsonld/documents.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "json/json.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FAIL_US = 2000000, STALE_RETRY_US = 10000000, FRESH_MIN_US = 1000000, BUCKETS = 1024 };

struct doc {
	struct doc *next;          /* in its bucket */
	struct cd_doc_use *use;    /* set once there is text */
	struct doc *older, *newer; /* by use; documents of the folder are not in that list */
	char *url, *text, *base, *etag, *why;
	char *hosted;            /* the name of the hosted context it is a copy of, or NULL */
	struct doc *next_hosted; /* in the bucket of that name */
	size_t url_n, text_n, bytes;
	cd_time_us fresh_until;
	cd_time_us created; /* wall clock: of the text */
	bool fixed, failed, bad, fetching;
};

struct cd_ctx_cache {
	const struct cd_settings *set;
	pthread_mutex_t lock;
	struct doc *buckets[BUCKETS];
	struct doc *hosted[BUCKETS]; /* by name */
	struct doc *oldest, *newest;
	size_t bytes;
	struct cd_docs_watch *watches;
	_Atomic uint64_t generation;
};

const struct cd_settings *cd_docs_settings(const struct cd_ctx_cache *c)
{
	return c->set;
}

uint64_t cd_docs_generation(const struct cd_ctx_cache *c)
{
	return atomic_load_explicit(&c->generation, memory_order_acquire);
}

/* What was compiled until now may have another meaning: all loops look again. */
static void new_generation(struct cd_ctx_cache *c)
{
	atomic_fetch_add_explicit(&c->generation, 1, memory_order_release);
}

/* ---- uses ---- */

struct cd_doc_use *cd_doc_use_ref(struct cd_doc_use *u)
{
	if (u)
		atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
	return u;
}

void cd_doc_use_unref(struct cd_doc_use *u)
{
	if (u && atomic_fetch_sub_explicit(&u->refs, 1, memory_order_acq_rel) == 1)
		cd_mem_free(u);
}

void cd_doc_used(struct cd_doc_use *u, cd_time_us now)
{
	if (!u)
		return;
	atomic_fetch_add_explicit(&u->hits, 1, memory_order_relaxed);
	atomic_store_explicit(&u->last, now, memory_order_relaxed);
}

/* ---- life of a document ---- */

static char *copy_text(cd_str s)
{
	char *p = cd_mem_alloc(s.n + 1);
	if (p) {
		if (s.n)
			memcpy(p, s.p, s.n);
		p[s.n] = 0;
	}
	return p;
}

static void set_text(char **to, cd_str s)
{
	cd_mem_free(*to);
	*to = s.p ? copy_text(s) : NULL;
}

static void doc_free(struct doc *d)
{
	if (!d)
		return;
	cd_mem_free(d->url);
	cd_mem_free(d->text);
	cd_mem_free(d->base);
	cd_mem_free(d->etag);
	cd_mem_free(d->why);
	cd_doc_use_unref(d->use);
	cd_mem_free(d);
}

static struct doc **bucket_of(struct cd_ctx_cache *c, cd_str url)
{
	return &c->buckets[cd_hash64(url, 0) % BUCKETS];
}

static struct doc *doc_find(struct cd_ctx_cache *c, cd_str url)
{
	struct doc *d = *bucket_of(c, url);
	while (d && !cd_str_eq(cd_str_of(d->url, d->url_n), url))
		d = d->next;
	return d;
}

static void unlist(struct cd_ctx_cache *c, struct doc *d)
{
	*(d->older ? &d->older->newer : &c->oldest) = d->newer;
	*(d->newer ? &d->newer->older : &c->newest) = d->older;
	d->older = d->newer = NULL;
}

static void list(struct cd_ctx_cache *c, struct doc *d)
{
	d->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = d;
	c->newest = d;
}

static void used(struct cd_ctx_cache *c, struct doc *d)
{
	if (!d->fixed && c->newest != d) {
		unlist(c, d);
		list(c, d);
	}
}

static struct doc **name_bucket(struct cd_ctx_cache *c, cd_str name)
{
	return &c->hosted[cd_hash64(name, 0) % BUCKETS];
}

static void unmark_hosted(struct cd_ctx_cache *c, struct doc *d)
{
	if (!d->hosted)
		return;
	struct doc **at = name_bucket(c, cd_str_z(d->hosted));
	while (*at != d)
		at = &(*at)->next_hosted;
	*at = d->next_hosted;
	cd_mem_free(d->hosted);
	d->hosted = NULL;
}

static void forget(struct cd_ctx_cache *c, struct doc *d)
{
	unmark_hosted(c, d);
	struct doc **at = bucket_of(c, cd_str_of(d->url, d->url_n));
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	if (!d->fixed)
		unlist(c, d);
	c->bytes -= d->bytes;
	doc_free(d);
}

/* Count it anew, then the least recently used ones go while there is no room: what failed is remembered here,
 * too, and must not fill memory. Those of the folder stay, and those that somebody waits for. */
static void weigh(struct cd_ctx_cache *c, struct doc *d)
{
	const char *const parts[] = {d->base, d->etag, d->why};
	size_t bytes = sizeof *d + d->url_n + d->text_n;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		bytes += parts[i] ? strlen(parts[i]) : 0;
	c->bytes += bytes - d->bytes;
	d->bytes = bytes;
	for (struct doc *old = c->oldest, *newer; old && c->bytes > c->set->context_cache; old = newer) {
		newer = old->newer;
		if (old != d && !old->fetching)
			forget(c, old);
	}
}

static struct doc *doc_add(struct cd_ctx_cache *c, cd_str url)
{
	struct doc *d = doc_find(c, url);
	if (d)
		return d;
	d = cd_mem_zalloc(sizeof *d);
	if (d)
		d->url = copy_text(url);
	if (!d || !d->url) {
		doc_free(d);
		return NULL;
	}
	struct doc **at = bucket_of(c, url);
	d->url_n = url.n;
	d->next = *at;
	*at = d;
	list(c, d);
	weigh(c, d);
	return d;
}

static bool set_content(struct doc *d, cd_str text, cd_str base)
{
	char *copy = copy_text(text), *base_copy = copy_text(base);
	if (!d->use) {
		d->use = cd_mem_zalloc(sizeof *d->use);
		if (d->use)
			atomic_store(&d->use->refs, 1);
	}
	if (!copy || !base_copy || !d->use) {
		cd_mem_free(copy);
		cd_mem_free(base_copy);
		return false;
	}
	d->created = cd_time_wall();
	cd_mem_free(d->text);
	cd_mem_free(d->base);
	d->text = copy;
	d->base = base_copy;
	d->text_n = text.n;
	d->failed = d->bad = false;
	set_text(&d->why, cd_str_of(NULL, 0));
	return true;
}

/* ---- asking ---- */

void cd_docs_get(struct cd_ctx_cache *c, struct cd_arena *arena, cd_str url, struct cd_doc *ret)
{
	cd_time_us now = cd_time_mono();
	*ret = (struct cd_doc){.state = CD_DOC_UNKNOWN};
	pthread_mutex_lock(&c->lock);
	struct doc *d = doc_find(c, url);
	if (d && d->text) {
		char *p = cd_arena_zalloc(arena, d->text_n + CD_JSON_PADDING);
		if (p)
			memcpy(p, d->text, d->text_n);
		ret->text = cd_str_of(p, p ? d->text_n : 0);
		ret->base = cd_arena_copy(arena, cd_str_z(d->base));
		ret->etag = d->etag ? cd_arena_copy(arena, cd_str_z(d->etag)) : cd_str_of(NULL, 0);
		ret->fresh_until = d->fixed ? INT64_MAX : d->fresh_until;
		ret->state = now < ret->fresh_until ? CD_DOC_FRESH : CD_DOC_STALE;
		ret->use = cd_doc_use_ref(d->use);
	} else if (d && (d->failed || d->bad) && now < d->fresh_until) {
		ret->state = d->bad ? CD_DOC_BAD : CD_DOC_FAILED;
		ret->why = cd_arena_copy(arena, cd_str_z(d->why)).p;
	}
	if (d)
		used(c, d);
	pthread_mutex_unlock(&c->lock);
}

/* ---- one fetch at a time ---- */

enum cd_docs_turn cd_docs_begin(struct cd_ctx_cache *c, cd_str url)
{
	enum cd_docs_turn turn = CD_TURN_MINE;
	pthread_mutex_lock(&c->lock);
	struct doc *d = doc_add(c, url);
	if (!d)
		turn = CD_TURN_NO_MEMORY;
	else if (d->fetching)
		turn = CD_TURN_OTHERS;
	else if (d->fixed || ((d->text || d->failed || d->bad) && cd_time_mono() < d->fresh_until))
		turn = CD_TURN_DONE;
	else
		d->fetching = true;
	pthread_mutex_unlock(&c->lock);
	return turn;
}

bool cd_docs_fetching(struct cd_ctx_cache *c, cd_str url)
{
	pthread_mutex_lock(&c->lock);
	struct doc *d = doc_find(c, url);
	bool fetching = d && d->fetching;
	pthread_mutex_unlock(&c->lock);
	return fetching;
}

void cd_docs_watch(struct cd_ctx_cache *c, struct cd_docs_watch *w)
{
	pthread_mutex_lock(&c->lock);
	w->next = c->watches;
	c->watches = w;
	pthread_mutex_unlock(&c->lock);
}

void cd_docs_unwatch(struct cd_ctx_cache *c, struct cd_docs_watch *w)
{
	pthread_mutex_lock(&c->lock);
	struct cd_docs_watch **at = &c->watches;
	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
	pthread_mutex_unlock(&c->lock);
}

/* With the lock held: a loader that is going away waits for it in cd_docs_unwatch(). */
static void fetch_ended(struct cd_ctx_cache *c, struct doc *d)
{
	d->fetching = false;
	weigh(c, d);
	for (struct cd_docs_watch *w = c->watches; w; w = w->next)
		w->wake(w->arg);
}

void cd_docs_abandon(struct cd_ctx_cache *c, cd_str url)
{
	pthread_mutex_lock(&c->lock);
	struct doc *d = doc_find(c, url);
	if (d)
		fetch_ended(c, d);
	pthread_mutex_unlock(&c->lock);
}

/* ---- what came ---- */

/* Even what its source calls stale at once is good for the requests that waited for it. */
static cd_time_us fresh_until(const struct cd_ctx_cache *c, const struct cd_ctx_fetched *f)
{
	cd_time_us us = cd_fresh_lifetime(c->set, f);
	return cd_time_mono() + (us > FRESH_MIN_US ? us : FRESH_MIN_US);
}

static cd_code check_body(struct cd_ctx_cache *c, cd_str body)
{
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v;
	cd_arena_init(&arena, c->set->request_memory);
	cd_cx_init(&cx, &arena, c->set);
	cd_code code = cd_json_parse_copy(&cx, body, &v);
	if (!code && !cd_json_get(v, CD_STR("@context")))
		code = CD_E_BAD_REQUEST_DATA;
	cd_arena_done(&arena);
	return code;
}

static void failed(struct doc *d, const char *why, bool bad, struct cd_metrics *m)
{
	cd_time_us now = cd_time_mono();
	cd_metric_add(m, CD_M_contexts_failed, 1);
	if (d->text) {
		/* better an old meaning than none */
		d->fresh_until = now + STALE_RETRY_US;
		cd_metric_add(m, CD_M_contexts_stale, 1);
		cd_log(CD_LOG_WARN, "jsonld", 0, "goes on with the last good copy of a remote @context", why,
			"url=%s", d->url);
		return;
	}
	cd_log(CD_LOG_WARN, "jsonld", 0, "refuses requests with a remote @context", why, "url=%s", d->url);
	set_text(&d->why, cd_str_z(why));
	d->failed = !bad;
	d->bad = bad;
	d->fresh_until = now + FAIL_US;
}

bool cd_docs_fetched(struct cd_ctx_cache *c, cd_str url, const struct cd_ctx_fetched *f, struct cd_metrics *m)
{
	bool success = !f->code && f->status >= 200 && f->status < 300;
	cd_code body = success ? check_body(c, f->body) : CD_OK;
	bool taken = false;
	char why[64];
	snprintf(why, sizeof why, "the source answered %d", f->status);
	pthread_mutex_lock(&c->lock);
	struct doc *d = doc_add(c, url);
	if (d && !f->code && f->status == 304 && d->text) {
		d->fresh_until = fresh_until(c, f);
		taken = true;
	} else if (d && success && !body && set_content(d, f->body, f->final_url.n ? f->final_url : url)) {
		set_text(&d->etag, f->etag);
		d->fresh_until = fresh_until(c, f);
		cd_metric_add(m, CD_M_contexts_fetched, 1);
		taken = true;
	} else if (d && success) {
		bool bad = body && body != CD_E_NO_MEMORY;
		failed(d, bad ? "what came is not JSON with an @context" : "out of memory", bad, m);
	} else if (d) {
		failed(d, f->code ? (f->detail ? f->detail : "no answer") : why, false, m);
	}
	if (d)
		fetch_ended(c, d);
	pthread_mutex_unlock(&c->lock);
	return taken;
}

/* ---- stored contexts ---- */

/* Those that were fetched, and those of the folder: both came by their URL. */
static bool is_cached(const struct doc *d)
{
	return d->text && !d->hosted;
}

static struct cd_ctx_info info_of(const struct doc *d)
{
	cd_time_us left = d->fresh_until - cd_time_mono();
	return (struct cd_ctx_info){
		.url = cd_str_of(d->url, d->url_n),
		.created = d->created,
		.used = atomic_load_explicit(&d->use->last, memory_order_relaxed),
		.hits = atomic_load_explicit(&d->use->hits, memory_order_relaxed),
		.expires = d->fixed || d->hosted ? 0 : cd_time_wall() + left,
		.fixed = d->fixed,
	};
}

bool cd_ctx_cache_info(struct cd_ctx_cache *c, cd_str url, struct cd_ctx_info *ret)
{
	pthread_mutex_lock(&c->lock);
	struct doc *d = doc_find(c, url);
	bool found = d && is_cached(d);
	if (found) {
		*ret = info_of(d);
		ret->url = url;
		cd_doc_used(d->use, cd_time_wall());
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

bool cd_ctx_cache_has(struct cd_ctx_cache *c, cd_str url)
{
	pthread_mutex_lock(&c->lock);
	const struct doc *d = doc_find(c, url);
	bool has = d && is_cached(d);
	pthread_mutex_unlock(&c->lock);
	return has;
}

static size_t count_cached(const struct cd_ctx_cache *c)
{
	size_t n = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct doc *d = c->buckets[i]; d; d = d->next)
			n += is_cached(d);
	return n;
}

/* False: out of memory. */
static bool copy_infos(const struct cd_ctx_cache *c, struct cd_arena *arena, struct cd_ctx_info *to)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct doc *d = c->buckets[i]; d; d = d->next) {
			if (!is_cached(d))
				continue;
			*to = info_of(d);
			to->url = cd_arena_copy(arena, to->url);
			if (!to++->url.p)
				return false;
		}
	return true;
}

cd_code cd_ctx_cache_list(
	struct cd_ctx_cache *c, struct cd_cx *cx, const struct cd_ctx_info **ret, size_t *ret_n)
{
	pthread_mutex_lock(&c->lock);
	size_t n = count_cached(c);
	struct cd_ctx_info *infos = CD_NEWS(cx->arena, struct cd_ctx_info, n + 1);
	bool good = infos && copy_infos(c, cx->arena, infos);
	pthread_mutex_unlock(&c->lock);
	*ret = infos;
	*ret_n = good ? n : 0;
	return good ? CD_OK : cd_fail_memory(cx);
}

static void drop(struct cd_ctx_cache *c, struct doc *d)
{
	if (!d->fetching) {
		forget(c, d);
		return;
	}
	cd_mem_free(d->text); /* somebody waits for what comes: only the copy goes */
	d->text = NULL;
	d->text_n = 0;
	weigh(c, d);
}

bool cd_ctx_cache_forget(struct cd_ctx_cache *c, cd_str url)
{
	pthread_mutex_lock(&c->lock);
	struct doc *d = doc_find(c, url);
	bool found = d && is_cached(d) && !d->fixed;
	if (found)
		drop(c, d);
	new_generation(c);
	pthread_mutex_unlock(&c->lock);
	return found;
}

static struct doc *hosted_find(struct cd_ctx_cache *c, cd_str name)
{
	struct doc *d = *name_bucket(c, name);
	while (d && !cd_str_eq(cd_str_z(d->hosted), name))
		d = d->next_hosted;
	return d;
}

/* False: out of memory; then it is none. */
static bool mark_hosted(struct cd_ctx_cache *c, struct doc *d, cd_str name)
{
	unmark_hosted(c, d);
	d->hosted = copy_text(name);
	if (!d->hosted)
		return false;
	struct doc **at = name_bucket(c, name);
	d->next_hosted = *at;
	*at = d;
	return true;
}

bool cd_ctx_cache_hosts(struct cd_ctx_cache *c, cd_str url)
{
	pthread_mutex_lock(&c->lock);
	struct doc *d = doc_find(c, url);
	bool hosts = d && d->hosted && d->text;
	if (hosts)
		used(c, d);
	pthread_mutex_unlock(&c->lock);
	return hosts;
}

cd_code cd_ctx_cache_host(
	struct cd_ctx_cache *c, struct cd_cx *cx, cd_str name, cd_str url, cd_str text, cd_time_us created)
{
	bool good = false;
	pthread_mutex_lock(&c->lock);
	const struct doc *other = hosted_find(c, name);
	struct cd_doc_use *use = other ? cd_doc_use_ref(other->use) : NULL;
	struct doc *d = doc_add(c, url);
	if (d && mark_hosted(c, d, name) && set_content(d, text, url)) {
		good = true;
		d->fresh_until = INT64_MAX;
		d->created = created;
		if (use) { /* counted together, whatever the URL says of the host */
			cd_doc_use_unref(d->use);
			d->use = cd_doc_use_ref(use);
		}
		weigh(c, d);
	} else if (d) { /* no half one, which might pass for what came from its URL */
		unmark_hosted(c, d);
		if (!d->fixed)
			drop(c, d);
	}
	cd_doc_use_unref(use);
	pthread_mutex_unlock(&c->lock);
	return good ? CD_OK : cd_fail_memory(cx);
}

bool cd_ctx_cache_hosted_info(struct cd_ctx_cache *c, cd_str name, struct cd_ctx_info *ret)
{
	pthread_mutex_lock(&c->lock);
	struct doc *d = hosted_find(c, name);
	if (d) {
		*ret = info_of(d);
		cd_doc_used(d->use, cd_time_wall());
	}
	pthread_mutex_unlock(&c->lock);
	return d != NULL;
}

void cd_ctx_cache_unhost(struct cd_ctx_cache *c, cd_str name)
{
	struct doc *d;
	pthread_mutex_lock(&c->lock);
	while ((d = hosted_find(c, name)))
		forget(c, d);
	new_generation(c);
	pthread_mutex_unlock(&c->lock);
}

void cd_docs_renewed(struct cd_ctx_cache *c)
{
	new_generation(c);
}

/* ---- the folder ---- */

static cd_code read_file(struct cd_cx *cx, const char *path, cd_str *ret)
{
	struct stat st;
	FILE *f = fopen(path, "rb");
	if (!f || fstat(fileno(f), &st) != 0) {
		(void)cd_fail(cx, CD_E_NOT_FOUND, "contexts", "%s: %s", path, strerror(errno));
		if (f)
			fclose(f);
		return cx->err.code;
	}
	size_t size = (size_t)st.st_size;
	bool fits = size <= cx->set->context_bytes;
	char *p = fits ? cd_arena_alloc(cx->arena, size + 1) : NULL;
	size_t n = p ? fread(p, 1, size, f) : 0;
	fclose(f);
	if (!fits)
		return cd_fail(cx, CD_E_TOO_LARGE, "contexts", "%s is larger than context_bytes", path);
	if (!p)
		return cd_fail_memory(cx);
	*ret = cd_str_of(p, n);
	return CD_OK;
}

static cd_code load_one(struct cd_ctx_cache *c, struct cd_cx *cx, const struct cd_json *row)
{
	cd_str text;
	if (row->kind != CD_JSON_STRING)
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, "contexts", "index.json: expected the name of a file");
	cd_str path = cd_arena_printf(cx->arena, "%s/" CD_STR_FMT, c->set->contexts, CD_STR_ARG(row->text));
	if (!path.p || read_file(cx, path.p, &text))
		return cx->err.code ? cx->err.code : cd_fail_memory(cx);
	cd_code code = check_body(c, text);
	if (code == CD_E_NO_MEMORY)
		return cd_fail_memory(cx);
	if (code)
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, "contexts", "%s is not JSON with an @context", path.p);
	struct doc *d = doc_add(c, row->key);
	if (!d || !set_content(d, text, row->key))
		return cd_fail_memory(cx);
	unlist(c, d);
	c->bytes -= d->bytes; /* asked for by the operator: it takes no room from others */
	d->bytes = 0;
	d->fixed = true;
	return CD_OK;
}

static cd_code load_folder(struct cd_ctx_cache *c, struct cd_cx *cx)
{
	struct cd_json *index;
	cd_str text, path = cd_arena_printf(cx->arena, "%s/index.json", c->set->contexts);
	if (!path.p)
		return cd_fail_memory(cx);
	if (read_file(cx, path.p, &text) || cd_json_parse_copy(cx, text, &index))
		return cx->err.code;
	if (index->kind != CD_JSON_OBJECT)
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, "contexts", "%s: expected an object, URL to file", path.p);
	cd_code code = CD_OK;
	for (const struct cd_json *row = index->child; !code && row; row = row->next)
		code = load_one(c, cx, row);
	return code;
}

/* ---- life ---- */

struct cd_ctx_cache *cd_ctx_cache_new(struct cd_cx *cx, const struct cd_settings *set)
{
	struct cd_ctx_cache *c = cd_mem_zalloc(sizeof *c);
	if (!c || !cd_ctx_core()) {
		cd_mem_free(c);
		(void)cd_fail_memory(cx);
		return NULL;
	}
	c->set = set;
	pthread_mutex_init(&c->lock, NULL);
	if (set->contexts[0] && load_folder(c, cx)) {
		cd_ctx_cache_free(c);
		return NULL;
	}
	return c;
}

void cd_ctx_cache_free(struct cd_ctx_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (c->buckets[i])
			forget(c, c->buckets[i]);
	pthread_mutex_destroy(&c->lock);
	cd_mem_free(c);
}
