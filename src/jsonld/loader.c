/*
 * Contexts of requests, on one loop.
 *
 * A context is known by its text: the URL of a Link header, or the JSON of an "@context". A text seen before
 * is one look-up in a table of this loop. A new one is compiled from the documents at hand; when one is
 * missing or stale it is fetched, and everybody who waits for it tries again when it has come. A stale copy
 * goes on being used while it is being asked for again.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "jsonld/context_int.h"
#include "jsonld/documents.h"

enum { TABLE = 256, PROBES = 8 };

struct known {
	uint64_t hash;
	char *text;
	size_t text_n;
	struct cd_ctx *ctx;
	cd_time_us until, used;
};

struct fetch {
	struct fetch *next;
	struct cd_ctx_loader *loader;
	char *url;
	size_t url_n;
};

struct cd_ctx_wait {
	struct cd_ctx_wait *next;
	char *text; /* JSON of the context */
	size_t text_n;
	char *url; /* of the document it waits for */
	size_t url_n;
	void (*ready)(void *, struct cd_ctx *, const struct cd_err *);
	void *arg;
};

struct cd_ctx_loader {
	struct cd_ctx_cache *cache;
	const struct cd_settings *set;
	struct cd_ctx_fetcher fetcher;
	struct cd_metrics *metrics;
	struct known table[TABLE];
	size_t bytes;
	struct fetch *fetches;
	struct cd_ctx_wait *waits;
};

/* ---- what is known ---- */

static struct known *lookup(struct cd_ctx_loader *l, uint64_t hash, cd_str text)
{
	for (unsigned i = 0; i < PROBES; i++) {
		struct known *k = &l->table[(hash + i) % TABLE];
		if (k->ctx && k->hash == hash && cd_str_eq(cd_str_of(k->text, k->text_n), text))
			return k;
	}
	return NULL;
}

static void forget(struct cd_ctx_loader *l, struct known *k)
{
	if (!k->ctx)
		return;
	l->bytes -= cd_ctx_bytes(k->ctx);
	cd_ctx_unref(k->ctx);
	cd_mem_free(k->text);
	*k = (struct known){.hash = 0};
	cd_metric_sub(l->metrics, CD_M_contexts_cached, 1);
}

/* Where a new one goes: its old place, an empty one, else that of the least recently used nearby. */
static struct known *place(struct cd_ctx_loader *l, uint64_t hash, cd_str text)
{
	struct known *best = lookup(l, hash, text);
	for (unsigned i = 0; i < PROBES && !(best && (!best->ctx || best->hash == hash)); i++) {
		struct known *k = &l->table[(hash + i) % TABLE];
		if (!best || !k->ctx || k->used < best->used)
			best = k;
	}
	return best;
}

static void make_room(struct cd_ctx_loader *l)
{
	while (l->bytes > l->set->context_cache) {
		struct known *oldest = NULL;
		for (unsigned i = 0; i < TABLE; i++)
			if (l->table[i].ctx && (!oldest || l->table[i].used < oldest->used))
				oldest = &l->table[i];
		if (!oldest)
			return;
		forget(l, oldest);
	}
}

static void know(struct cd_ctx_loader *l, cd_str text, struct cd_ctx *ctx, cd_time_us until)
{
	uint64_t hash = cd_hash64(text, 0);
	struct known *k = place(l, hash, text);
	char *copy = cd_mem_alloc(text.n + 1);
	if (!copy)
		return; /* compiled again next time */
	forget(l, k);
	memcpy(copy, text.p, text.n);
	*k = (struct known){hash, copy, text.n, cd_ctx_ref(ctx), until, cd_time_mono()};
	l->bytes += cd_ctx_bytes(ctx);
	cd_metric_add(l->metrics, CD_M_contexts_cached, 1);
	make_room(l);
}

/* ---- compiling from the documents at hand ---- */

struct attempt {
	struct cd_ctx_loader *l;
	struct cd_cx *cx;
	cd_time_us until; /* the least freshness of all documents used */
	struct cd_doc last;
};

static void refresh(struct cd_ctx_loader *l, cd_str url, cd_str etag);

static const struct cd_json *document(void *arg, cd_str url, cd_str *ret_base)
{
	struct attempt *a = arg;
	struct cd_json *v;
	cd_docs_get(a->l->cache, a->cx->arena, url, &a->last);
	if (a->last.state == CD_DOC_STALE)
		refresh(a->l, url, a->last.etag);
	if (a->last.state != CD_DOC_FRESH && a->last.state != CD_DOC_STALE)
		return NULL;
	cd_time_us until = a->last.state == CD_DOC_FRESH ? a->last.fresh_until : cd_time_mono() + 1000000;
	a->until = until < a->until ? until : a->until;
	*ret_base = a->last.base;
	return a->last.text.p && !cd_json_parse(a->cx, a->last.text, &v) ? v : NULL;
}

/* CD_OK with *ret, or with *ret_missing when a document has to be fetched first; else the error. */
static cd_code compile(struct cd_ctx_loader *l, struct cd_cx *cx, const struct cd_json *value, cd_str text,
	struct cd_ctx **ret, cd_str *ret_missing)
{
	struct attempt a = {.l = l, .cx = cx, .until = INT64_MAX};
	const struct cd_ctx_docs docs = {document, &a};
	*ret_missing = cd_str_of(NULL, 0);
	cd_code code = cd_ctx_compile(cx, value, CD_STR(""), &docs, ret, ret_missing);
	if (!code) {
		know(l, text, *ret, a.until);
		return CD_OK;
	}
	if (code != CD_E_CONTEXT_UNAVAIL)
		return code;
	const char *why = a.last.why ? a.last.why : "it can not be fetched";
	cd_str url = *ret_missing;
	if (a.last.state == CD_DOC_UNKNOWN) {
		cd_cx_clear(cx);
		return CD_OK;
	}
	cd_cx_clear(cx);
	return cd_fail(cx, a.last.state == CD_DOC_BAD ? CD_E_BAD_REQUEST_DATA : CD_E_CONTEXT_UNAVAIL,
		"@context", CD_STR_FMT ": %s", CD_STR_ARG(url), why);
}

/* ---- fetching ---- */

static struct fetch *fetch_of(struct cd_ctx_loader *l, cd_str url)
{
	for (struct fetch *f = l->fetches; f; f = f->next)
		if (cd_str_eq(cd_str_of(f->url, f->url_n), url))
			return f;
	return NULL;
}

static void retry_waiting(struct cd_ctx_loader *l, cd_str url);

static void fetch_free(struct fetch *f)
{
	struct fetch **at = &f->loader->fetches;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	cd_mem_free(f->url);
	cd_mem_free(f);
}

static void fetched(void *arg, const struct cd_ctx_fetched *got)
{
	struct fetch *f = arg;
	struct cd_ctx_loader *l = f->loader;
	char *url = f->url;
	cd_str name = cd_str_of(url, f->url_n);
	f->url = NULL;
	cd_docs_fetched(l->cache, name, got, l->metrics);
	/* out of the list first: those who waited may ask for it again */
	fetch_free(f);
	retry_waiting(l, name);
	cd_mem_free(url);
}

static bool start_fetch(struct cd_ctx_loader *l, cd_str url, cd_str etag)
{
	if (fetch_of(l, url))
		return true;
	struct fetch *f = cd_mem_zalloc(sizeof *f);
	if (f)
		f->url = cd_mem_alloc(url.n + 1);
	if (!f || !f->url) {
		cd_mem_free(f);
		return false;
	}
	memcpy(f->url, url.p, url.n);
	f->url[url.n] = 0;
	f->url_n = url.n;
	f->loader = l;
	f->next = l->fetches;
	l->fetches = f;
	if (l->fetcher.get && l->fetcher.get(l->fetcher.arg, cd_str_of(f->url, f->url_n), etag, fetched, f))
		return true;
	fetch_free(f);
	return false;
}

static void refresh(struct cd_ctx_loader *l, cd_str url, cd_str etag)
{
	(void)start_fetch(l, url, etag); /* the copy at hand serves meanwhile */
}

/* ---- waiting ---- */

static char *copy_of(cd_str s)
{
	char *p = cd_mem_alloc(s.n + CD_JSON_PADDING);
	if (p && s.n)
		memcpy(p, s.p, s.n);
	if (p)
		memset(p + s.n, 0, CD_JSON_PADDING);
	return p;
}

static void wait_free(struct cd_ctx_wait *w)
{
	if (!w)
		return;
	cd_mem_free(w->text);
	cd_mem_free(w->url);
	cd_mem_free(w);
}

static bool wait_for(struct cd_ctx_loader *l, struct cd_ctx_wait *w, cd_str url)
{
	cd_mem_free(w->url);
	w->url = copy_of(url);
	w->url_n = url.n;
	w->next = l->waits;
	l->waits = w;
	if (w->url && start_fetch(l, url, cd_str_of(NULL, 0)))
		return true;
	l->waits = w->next;
	return false;
}

static void retry_one(struct cd_ctx_loader *l, struct cd_ctx_wait *w)
{
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *value;
	struct cd_ctx *ctx = NULL;
	cd_str text = cd_str_of(w->text, w->text_n), missing = cd_str_of(NULL, 0);
	cd_arena_init(&arena, l->set->request_memory);
	cd_cx_init(&cx, &arena, l->set);
	cd_code code = cd_json_parse(&cx, text, &value);
	if (!code)
		code = compile(l, &cx, value, text, &ctx, &missing);
	if (!code && !ctx && wait_for(l, w, missing)) {
		cd_arena_done(&arena);
		return;
	}
	if (!code && !ctx)
		(void)cd_fail_memory(&cx);
	w->ready(w->arg, ctx, &cx.err);
	wait_free(w);
	cd_arena_done(&arena);
}

static void retry_waiting(struct cd_ctx_loader *l, cd_str url)
{
	struct cd_ctx_wait *mine = NULL, **at = &l->waits;
	while (*at) {
		struct cd_ctx_wait *w = *at;
		if (!cd_str_eq(cd_str_of(w->url, w->url_n), url)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->next = mine;
		mine = w;
	}
	while (mine) {
		struct cd_ctx_wait *next = mine->next;
		retry_one(l, mine);
		mine = next;
	}
}

void cd_ctx_cancel(struct cd_ctx_loader *l, struct cd_ctx_wait *w)
{
	for (struct cd_ctx_wait **at = &l->waits; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			wait_free(w);
			return;
		}
}

/* ---- the question ---- */

/* Compact JSON of the value, as its key. */
static cd_str key_of(struct cd_cx *cx, const struct cd_json *value)
{
	struct cd_buf b;
	cd_buf_init(&b, cx->set->body_max);
	cd_json_write(&b, value);
	cd_str text = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return text;
}

static cd_code begin_wait(struct cd_ctx_loader *l, struct cd_cx *cx, cd_str text, cd_str missing,
	void (*ready)(void *, struct cd_ctx *, const struct cd_err *), void *arg,
	struct cd_ctx_wait **ret_wait)
{
	struct cd_ctx_wait *w = cd_mem_zalloc(sizeof *w);
	if (w)
		w->text = copy_of(text);
	if (!w || !w->text) {
		wait_free(w);
		return cd_fail_memory(cx);
	}
	w->text_n = text.n;
	w->ready = ready;
	w->arg = arg;
	if (!wait_for(l, w, missing)) {
		wait_free(w);
		return cd_fail(cx, CD_E_CONTEXT_UNAVAIL, "@context", CD_STR_FMT ": it can not be fetched",
			CD_STR_ARG(missing));
	}
	*ret_wait = w;
	return CD_OK;
}

cd_code cd_ctx_get(struct cd_ctx_loader *l, struct cd_cx *cx, const struct cd_json *value,
	void (*ready)(void *arg, struct cd_ctx *, const struct cd_err *), void *arg, struct cd_ctx **ret,
	struct cd_ctx_wait **ret_wait)
{
	struct cd_json standard = {.kind = CD_JSON_STRING, .text = cd_str_z(l->set->default_context)};
	struct cd_ctx *ctx = NULL;
	cd_str missing;
	*ret = NULL;
	*ret_wait = NULL;
	if (!value && standard.text.n)
		value = &standard;
	if (!value || (value->kind == CD_JSON_STRING && cd_ctx_is_core_url(value->text))) {
		*ret = cd_ctx_ref(cd_ctx_core());
		return CD_OK;
	}
	cd_str text = key_of(cx, value);
	if (!text.p)
		return cd_fail_memory(cx);
	struct known *k = lookup(l, cd_hash64(text, 0), text);
	cd_time_us now = cd_time_mono();
	if (k && now < k->until) {
		k->used = now;
		*ret = cd_ctx_ref(k->ctx);
		return CD_OK;
	}
	cd_code code = compile(l, cx, value, text, &ctx, &missing);
	if (code)
		return code;
	*ret = ctx;
	return ctx ? CD_OK : begin_wait(l, cx, text, missing, ready, arg, ret_wait);
}

/* ---- life ---- */

struct cd_ctx_loader *cd_ctx_loader_new(
	struct cd_ctx_cache *cache, const struct cd_ctx_fetcher *fetcher, struct cd_metrics *metrics)
{
	struct cd_ctx_loader *l = cd_mem_zalloc(sizeof *l);
	if (!l)
		return NULL;
	l->cache = cache;
	l->set = cd_docs_settings(cache);
	l->fetcher = *fetcher;
	l->metrics = metrics;
	return l;
}

void cd_ctx_loader_free(struct cd_ctx_loader *l)
{
	if (!l)
		return;
	while (l->waits) {
		struct cd_ctx_wait *w = l->waits;
		l->waits = w->next;
		wait_free(w);
	}
	for (unsigned i = 0; i < TABLE; i++)
		forget(l, &l->table[i]);
	while (l->fetches)
		fetch_free(l->fetches);
	cd_mem_free(l);
}
