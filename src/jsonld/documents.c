/*
 * Documents by URL. A fresh one is used as it is; a stale one is asked for again with its ETag, and goes on
 * being used while its source is down. Failures are remembered for two seconds, so that a dead source is not
 * asked by every request. The folder of the setting `contexts` fills in documents that stay fresh for ever.
 */
#include "jsonld/documents.h"

#include "base/log.h"
#include "base/mem.h"
#include "json/json.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { FAIL_US = 2000000, STALE_RETRY_US = 10000000, FRESH_MAX_S = 31536000 };

struct doc {
	struct doc *next;
	char *url, *text, *base, *etag, *why;
	size_t url_n, text_n;
	cd_time_us fresh_until, used;
	bool fixed, failed, bad;
};

struct cd_ctx_cache {
	const struct cd_settings *set;
	pthread_mutex_t lock;
	struct doc *docs;
	size_t bytes;
};

const struct cd_settings *cd_docs_settings(const struct cd_ctx_cache *c)
{
	return c->set;
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
	cd_mem_free(d->url);
	cd_mem_free(d->text);
	cd_mem_free(d->base);
	cd_mem_free(d->etag);
	cd_mem_free(d->why);
	cd_mem_free(d);
}

static struct doc *doc_find(struct cd_ctx_cache *c, cd_str url)
{
	for (struct doc *d = c->docs; d; d = d->next)
		if (cd_str_eq(cd_str_of(d->url, d->url_n), url))
			return d;
	return NULL;
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
		cd_mem_free(d);
		return NULL;
	}
	d->url_n = url.n;
	d->next = c->docs;
	c->docs = d;
	return d;
}

/* The least recently used ones go when there is no room; those of the folder stay. */
static void make_room(struct cd_ctx_cache *c, const struct doc *keep)
{
	while (c->bytes > c->set->context_cache) {
		struct doc **oldest = NULL;
		for (struct doc **at = &c->docs; *at; at = &(*at)->next)
			if (!(*at)->fixed && *at != keep && (*at)->text &&
				(!oldest || (*at)->used < (*oldest)->used))
				oldest = at;
		if (!oldest)
			return;
		struct doc *d = *oldest;
		*oldest = d->next;
		c->bytes -= d->text_n;
		doc_free(d);
	}
}

static bool set_content(struct cd_ctx_cache *c, struct doc *d, cd_str text, cd_str base)
{
	char *copy = copy_text(text);
	if (!copy)
		return false;
	c->bytes += text.n;
	c->bytes -= d->text ? d->text_n : 0;
	cd_mem_free(d->text);
	d->text = copy;
	d->text_n = text.n;
	set_text(&d->base, base);
	d->failed = d->bad = false;
	make_room(c, d);
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
		ret->fresh_until = d->fresh_until;
		ret->state = d->fixed || now < d->fresh_until ? CD_DOC_FRESH : CD_DOC_STALE;
		if (d->fixed)
			ret->fresh_until = INT64_MAX;
		d->used = now;
	} else if (d && (d->failed || d->bad) && now < d->fresh_until) {
		ret->state = d->bad ? CD_DOC_BAD : CD_DOC_FAILED;
		ret->why = cd_arena_copy(arena, cd_str_z(d->why)).p;
	}
	pthread_mutex_unlock(&c->lock);
}

/* ---- freshness [RFC 9111 4.2] ---- */

static bool directive(cd_str field, const char *name, unsigned long long *ret)
{
	cd_str rest = field;
	while (rest.p) {
		cd_str part = cd_str_trim(cd_str_cut(&rest, ','));
		cd_str key = cd_str_trim(cd_str_cut(&part, '='));
		if (!cd_str_eq_nocase(key, cd_str_z(name)))
			continue;
		*ret = 0;
		cd_str value = cd_str_trim(part);
		if (value.n >= 2 && value.p[0] == '"')
			value = cd_str_of(value.p + 1, value.n - 2);
		return part.p == NULL || cd_str_u64(value, ret);
	}
	return false;
}

static bool http_date(cd_str text, time_t *ret)
{
	char copy[64];
	struct tm tm = {0};
	if (text.n == 0 || text.n >= sizeof copy)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	if (!strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return false;
	*ret = timegm(&tm);
	return true;
}

static cd_time_us lifetime(const struct cd_ctx_cache *c, const struct cd_ctx_fetched *f)
{
	unsigned long long s, age = 0;
	time_t expires, date;
	(void)cd_str_u64(f->age, &age);
	if (directive(f->cache_control, "no-store", &s) || directive(f->cache_control, "no-cache", &s))
		return 0;
	if (!directive(f->cache_control, "s-maxage", &s) && !directive(f->cache_control, "max-age", &s)) {
		if (!http_date(f->expires, &expires))
			return (cd_time_us)c->set->context_age;
		if (!http_date(f->date, &date))
			date = time(NULL);
		s = expires > date ? (unsigned long long)(expires - date) : 0;
	}
	s = s > FRESH_MAX_S ? FRESH_MAX_S : s;
	return (cd_time_us)(s > age ? s - age : 0) * 1000000;
}

/* ---- what came ---- */

static bool has_context(struct cd_ctx_cache *c, cd_str body)
{
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v;
	cd_arena_init(&arena, c->set->request_memory);
	cd_cx_init(&cx, &arena, c->set);
	bool good = !cd_json_parse_copy(&cx, body, &v) && cd_json_get(v, CD_STR("@context"));
	cd_arena_done(&arena);
	return good;
}

static void failed(struct cd_ctx_cache *c, struct doc *d, const char *why, bool bad, struct cd_metrics *m)
{
	(void)c;
	cd_time_us now = cd_time_mono();
	cd_metric_add(m, CD_M_contexts_failed, 1);
	if (d->text && !bad) {
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

void cd_docs_fetched(struct cd_ctx_cache *c, cd_str url, const struct cd_ctx_fetched *f, struct cd_metrics *m)
{
	bool success = !f->code && f->status >= 200 && f->status < 300;
	bool good = success && has_context(c, f->body);
	char why[64];
	snprintf(why, sizeof why, "the source answered %d", f->status);
	pthread_mutex_lock(&c->lock);
	struct doc *d = doc_add(c, url);
	if (d && !f->code && f->status == 304 && d->text) {
		d->fresh_until = cd_time_mono() + lifetime(c, f);
	} else if (d && good && set_content(c, d, f->body, f->final_url.n ? f->final_url : url)) {
		set_text(&d->etag, f->etag);
		d->fresh_until = cd_time_mono() + lifetime(c, f);
		cd_metric_add(m, CD_M_contexts_fetched, 1);
	} else if (d && success) {
		failed(c, d, "what came is not JSON with an @context", true, m);
	} else if (d) {
		failed(c, d, f->code ? (f->detail ? f->detail : "no answer") : why, false, m);
	}
	pthread_mutex_unlock(&c->lock);
}

/* ---- the folder ---- */

static cd_code read_file(struct cd_cx *cx, const char *path, cd_str *ret)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return cd_fail(cx, CD_E_NOT_FOUND, "contexts", "%s: %s", path, strerror(errno));
	size_t max = (size_t)cx->set->context_bytes;
	char *p = cd_arena_alloc(cx->arena, max + 1);
	size_t n = p ? fread(p, 1, max + 1, f) : 0;
	fclose(f);
	if (!p)
		return cd_fail_memory(cx);
	if (n > max)
		return cd_fail(cx, CD_E_TOO_LARGE, "contexts", "%s is larger than context_bytes", path);
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
	if (!has_context(c, text))
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, "contexts", "%s is not JSON with an @context", path.p);
	struct doc *d = doc_add(c, row->key);
	if (!d || !set_content(c, d, text, row->key))
		return cd_fail_memory(cx);
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
	for (struct doc *d = c->docs, *next; d; d = next) {
		next = d->next;
		doc_free(d);
	}
	pthread_mutex_destroy(&c->lock);
	cd_mem_free(c);
}
