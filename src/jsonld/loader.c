/*
 * Contexts of requests, on one loop.
 *
 * A context is known by its text: the URL of a Link header, or the JSON of an "@context". A text seen before
 * is one look-up in a table of this loop. A new one is compiled from the documents at hand; when one is
 * missing it is fetched, and the text is compiled again when it has come: once, however many requests wait
 * for it. A stale copy goes on being used while it is being asked for again.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "jsonld/context_int.h"
#include "jsonld/documents.h"

enum { TABLE = 256, PROBES = 8, STALE_US = 1000000, USES = 8 };

/* The counters of the documents in a context; of very many the first. */
struct uses {
	struct cd_doc_use *of[USES];
	unsigned n;
};

struct known {
	uint64_t hash;
	char *text;
	size_t text_n;
	struct cd_ctx *ctx;
	cd_time_us until, used;
	uint64_t generation;
	struct uses uses;
};

struct fetch {
	struct fetch *next;
	struct cd_ctx_loader *loader;
	char *url;
	size_t url_n;
};

struct pending;
struct cd_ctx_wait {
	struct cd_ctx_wait *next, **at;
	struct pending *of;
	void (*ready)(void *, struct cd_ctx *, const struct cd_err *);
	void *arg;
};

/* A context that can not be compiled yet, and who wants it. */
struct pending {
	struct pending *next;
	uint64_t hash;
	char *text; /* JSON of the context */
	size_t text_n;
	char *url; /* of the document it waits for */
	size_t url_n;
	unsigned rounds; /* documents it has waited for */
	struct cd_ctx_wait *first, **last;
};

struct cd_ctx_loader {
	struct cd_ctx_cache *cache;
	const struct cd_settings *set;
	struct cd_ctx_fetcher fetcher;
	struct cd_metrics *metrics;
	struct known table[TABLE];
	size_t bytes;
	struct fetch *fetches;
	size_t fetches_n;
	struct pending *pending[TABLE]; /* by hash of the text */
	struct pending *due;            /* what they wait for has come */
	struct cd_docs_watch watch;
	atomic_bool rung;
};

/* ---- counting ---- */

static void uses_add(struct uses *u, struct cd_doc_use *use)
{
	bool room = use && u->n < USES;
	for (unsigned i = 0; room && i < u->n; i++)
		room = u->of[i] != use;
	if (room)
		u->of[u->n++] = use;
	else
		cd_doc_use_unref(use);
}

static void uses_drop(struct uses *u)
{
	while (u->n)
		cd_doc_use_unref(u->of[--u->n]);
}

static void count(const struct uses *u, cd_time_us now)
{
	for (unsigned i = 0; i < u->n; i++)
		cd_doc_used(u->of[i], now);
}

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
	uses_drop(&k->uses);
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

struct attempt {
	struct cd_ctx_loader *l;
	struct cd_cx *cx;
	cd_time_us until; /* the least freshness of all documents used */
	uint64_t generation;
	struct cd_doc last;
	struct uses uses;
};

/* Takes the counters of the attempt. */
static void know(struct cd_ctx_loader *l, cd_str text, struct cd_ctx *ctx, struct attempt *a)
{
	uint64_t hash = cd_hash64(text, 0);
	struct known *k = place(l, hash, text);
	char *copy = cd_mem_alloc(text.n + 1);
	if (!copy)
		return; /* compiled again next time */
	forget(l, k);
	memcpy(copy, text.p, text.n);
	*k = (struct known){
		hash, copy, text.n, cd_ctx_ref(ctx), a->until, cd_time_mono(), a->generation, a->uses};
	a->uses.n = 0;
	l->bytes += cd_ctx_bytes(ctx);
	cd_metric_add(l->metrics, CD_M_contexts_cached, 1);
	make_room(l);
}

/* ---- compiling from the documents at hand ---- */

static void refresh(struct cd_ctx_loader *l, cd_str url, cd_str etag);

static const struct cd_json *document(void *arg, cd_str url, cd_str *ret_base)
{
	struct attempt *a = arg;
	struct cd_json *v;
	cd_docs_get(a->l->cache, a->cx->arena, url, &a->last);
	uses_add(&a->uses, a->last.use);
	if (a->last.state == CD_DOC_STALE)
		refresh(a->l, url, a->last.etag);
	if (a->last.state != CD_DOC_FRESH && a->last.state != CD_DOC_STALE)
		return NULL;
	cd_time_us until = a->last.state == CD_DOC_FRESH ? a->last.fresh_until : cd_time_mono() + STALE_US;
	a->until = until < a->until ? until : a->until;
	*ret_base = a->last.base;
	if (!a->last.text.p || !a->last.base.p)
		(void)cd_fail_memory(a->cx);
	else if (!cd_json_parse(a->cx, a->last.text, &v))
		return v;
	return NULL;
}

/* CD_OK with *ret, or without when *ret_missing has to be fetched first; else the error. */
static cd_code compile(struct cd_ctx_loader *l, struct cd_cx *cx, const struct cd_json *value, cd_str text,
	struct cd_ctx **ret, cd_str *ret_missing)
{
	struct attempt a = {.l = l, .cx = cx, .until = INT64_MAX, .generation = cd_docs_generation(l->cache)};
	const struct cd_ctx_docs docs = {document, &a};
	cd_code code = cd_ctx_compile(cx, value, CD_STR(""), &docs, ret, ret_missing);
	if (!code) {
		count(&a.uses, cx->now);
		know(l, text, *ret, &a);
	}
	uses_drop(&a.uses);
	if (code != CD_E_CONTEXT_UNAVAIL)
		return code;
	cd_cx_clear(cx);
	if (a.last.state == CD_DOC_UNKNOWN)
		return CD_OK;
	return cd_fail(cx, a.last.state == CD_DOC_BAD ? CD_E_BAD_REQUEST_DATA : CD_E_CONTEXT_UNAVAIL,
		"@context", CD_STR_FMT ": %s", CD_STR_ARG(*ret_missing),
		a.last.why ? a.last.why : "it can not be fetched");
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
	f->loader->fetches_n--;
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
	/* out of the list first: those who waited may ask for it again */
	fetch_free(f);
	cd_docs_fetched(l->cache, name, got, l->metrics);
	retry_waiting(l, name);
	cd_mem_free(url);
}

static char *copy_of(cd_str s)
{
	char *p = cd_mem_alloc(s.n + CD_JSON_PADDING);
	if (p && s.n)
		memcpy(p, s.p, s.n);
	if (p)
		memset(p + s.n, 0, CD_JSON_PADDING);
	return p;
}

static cd_code send_fetch(struct cd_ctx_loader *l, cd_str url, cd_str etag)
{
	struct fetch *f = cd_mem_zalloc(sizeof *f);
	if (f)
		f->url = copy_of(url);
	if (!f || !f->url) {
		cd_mem_free(f);
		return CD_E_NO_MEMORY;
	}
	f->url_n = url.n;
	f->loader = l;
	f->next = l->fetches;
	l->fetches = f;
	l->fetches_n++;
	if (l->fetcher.get && l->fetcher.get(l->fetcher.arg, cd_str_of(f->url, f->url_n), etag, fetched, f))
		return CD_OK;
	fetch_free(f);
	return CD_E_CONTEXT_UNAVAIL;
}

/*
 * Have it fetched, by this loop or another.
 *
 * CD_OK    it will come, and retry_waiting() with it; *ret_now: it is there (or known to have failed) already
 * CD_E_NO_MEMORY, CD_E_BUSY, CD_E_CONTEXT_UNAVAIL: it will not come
 */
static cd_code start_fetch(struct cd_ctx_loader *l, cd_str url, cd_str etag, bool *ret_now)
{
	*ret_now = false;
	if (fetch_of(l, url))
		return CD_OK;
	if (l->fetches_n >= l->set->context_parallel)
		return CD_E_BUSY;
	enum cd_docs_turn turn = cd_docs_begin(l->cache, url);
	if (turn == CD_TURN_NO_MEMORY)
		return CD_E_NO_MEMORY;
	*ret_now = turn == CD_TURN_DONE;
	if (turn == CD_TURN_DONE || (turn == CD_TURN_OTHERS && l->fetcher.wake))
		return CD_OK;
	cd_code code = send_fetch(l, url, etag);
	if (code && turn == CD_TURN_MINE)
		cd_docs_abandon(l->cache, url);
	return code;
}

static void refresh(struct cd_ctx_loader *l, cd_str url, cd_str etag)
{
	bool now;
	(void)start_fetch(l, url, etag, &now); /* the copy at hand serves meanwhile */
}

/* ---- from a text to a context, now or later ---- */

static bool set_url(struct pending *p, cd_str url)
{
	char *copy = copy_of(url);
	if (!copy)
		return false;
	cd_mem_free(p->url);
	p->url = copy;
	p->url_n = url.n;
	return true;
}

static cd_code no_fetch(struct cd_cx *cx, cd_code code, cd_str url)
{
	if (code == CD_E_NO_MEMORY)
		return cd_fail_memory(cx);
	return cd_fail(cx, code, "@context",
		code == CD_E_BUSY ? CD_STR_FMT ": too many remote contexts are being fetched; try again"
				  : CD_STR_FMT ": it can not be fetched",
		CD_STR_ARG(url));
}

/* As compile(), and what is missing is being fetched when it comes back without a context. */
static cd_code resolve(struct cd_ctx_loader *l, struct cd_cx *cx, const struct cd_json *value, cd_str text,
	struct cd_ctx **ret, cd_str *ret_missing)
{
	cd_code code;
	bool now = true;
	while (now) { /* each time round another loop has brought a document */
		*ret = NULL;
		code = compile(l, cx, value, text, ret, ret_missing);
		if (code || *ret)
			return code;
		code = start_fetch(l, *ret_missing, cd_str_of(NULL, 0), &now);
		if (code)
			return no_fetch(cx, code, *ret_missing);
	}
	return CD_OK;
}

/* ---- waiting ---- */

static void pending_free(struct pending *p)
{
	if (!p)
		return;
	for (struct cd_ctx_wait *w = p->first, *next; w; w = next) {
		next = w->next;
		cd_mem_free(w);
	}
	cd_mem_free(p->text);
	cd_mem_free(p->url);
	cd_mem_free(p);
}

static struct pending *pending_find(struct cd_ctx_loader *l, uint64_t hash, cd_str text)
{
	for (struct pending *p = l->pending[hash % TABLE]; p; p = p->next)
		if (p->hash == hash && cd_str_eq(cd_str_of(p->text, p->text_n), text))
			return p;
	return NULL;
}

static void pending_put(struct cd_ctx_loader *l, struct pending *p)
{
	p->next = l->pending[p->hash % TABLE];
	l->pending[p->hash % TABLE] = p;
}

static struct pending *pending_new(struct cd_ctx_loader *l, uint64_t hash, cd_str text, cd_str url)
{
	struct pending *p = cd_mem_zalloc(sizeof *p);
	if (!p)
		return NULL;
	p->hash = hash;
	p->text = copy_of(text);
	p->text_n = text.n;
	p->last = &p->first;
	if (!p->text || !set_url(p, url)) {
		pending_free(p);
		return NULL;
	}
	pending_put(l, p);
	return p;
}

static void unlink_wait(struct cd_ctx_wait *w)
{
	*w->at = w->next;
	*(w->next ? &w->next->at : &w->of->last) = w->at;
}

/* Everybody in the order they came; a caller may cancel others, and ask for more. */
static void tell(struct pending *p, struct cd_ctx *ctx, const struct cd_err *err)
{
	struct cd_ctx_wait *w;
	while ((w = p->first)) {
		unlink_wait(w);
		w->ready(w->arg, cd_ctx_ref(ctx), err);
		cd_mem_free(w);
	}
	cd_ctx_unref(ctx);
	pending_free(p);
}

static void retry(struct cd_ctx_loader *l, struct pending *p)
{
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *value;
	struct cd_ctx *ctx = NULL;
	cd_str text = cd_str_of(p->text, p->text_n), missing;
	if (!p->first) { /* all cancelled */
		pending_free(p);
		return;
	}
	cd_arena_init(&arena, l->set->request_memory);
	cd_cx_init(&cx, &arena, l->set);
	cd_code code = cd_json_parse(&cx, text, &value);
	/* each round brings one document, unless they drive one another out again */
	if (!code && p->rounds++ == l->set->context_fetches)
		code = cd_fail(&cx, CD_E_CONTEXT_UNAVAIL, "@context",
			CD_STR_FMT ": the documents do not fit into context_cache together", (int)p->url_n,
			p->url);
	if (!code)
		code = resolve(l, &cx, value, text, &ctx, &missing);
	if (!code && !ctx && !set_url(p, missing))
		code = cd_fail_memory(&cx);
	if (!code && !ctx)
		pending_put(l, p);
	else
		tell(p, ctx, &cx.err);
	cd_arena_done(&arena);
}

static void retry_due(struct cd_ctx_loader *l)
{
	struct pending *p;
	while ((p = l->due)) {
		l->due = p->next;
		retry(l, p);
	}
}

/* Make due what `waits_no_more` says. */
static void make_due(struct cd_ctx_loader *l,
	bool (*waits_no_more)(struct cd_ctx_loader *, const struct pending *, cd_str), cd_str url)
{
	for (unsigned i = 0; i < TABLE; i++)
		for (struct pending **at = &l->pending[i]; *at;) {
			struct pending *p = *at;
			if (!waits_no_more(l, p, url)) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			p->next = l->due;
			l->due = p;
		}
}

static bool waits_for(struct cd_ctx_loader *l, const struct pending *p, cd_str url)
{
	(void)l;
	return cd_str_eq(cd_str_of(p->url, p->url_n), url);
}

static void retry_waiting(struct cd_ctx_loader *l, cd_str url)
{
	make_due(l, waits_for, url);
	retry_due(l);
}

static bool nobody_fetches(struct cd_ctx_loader *l, const struct pending *p, cd_str any)
{
	cd_str url = cd_str_of(p->url, p->url_n);
	(void)any;
	return !fetch_of(l, url) && !cd_docs_fetching(l->cache, url);
}

void cd_ctx_loader_woken(struct cd_ctx_loader *l)
{
	if (!atomic_exchange(&l->rung, false)) /* pairs with ring() */
		return;
	make_due(l, nobody_fetches, CD_STR(""));
	retry_due(l);
}

/* Any thread. */
static void ring(void *arg)
{
	struct cd_ctx_loader *l = arg;
	atomic_store(&l->rung, true);
	l->fetcher.wake(l->fetcher.arg);
}

void cd_ctx_cancel(struct cd_ctx_loader *l, struct cd_ctx_wait *w)
{
	(void)l;
	unlink_wait(w);
	cd_mem_free(w);
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

static cd_code begin_wait(struct cd_cx *cx, struct pending *p,
	void (*ready)(void *, struct cd_ctx *, const struct cd_err *), void *arg,
	struct cd_ctx_wait **ret_wait)
{
	struct cd_ctx_wait *w = p ? cd_mem_zalloc(sizeof *w) : NULL;
	if (!w)
		return cd_fail_memory(cx);
	w->ready = ready;
	w->arg = arg;
	w->of = p;
	w->at = p->last;
	*p->last = w;
	p->last = &w->next;
	*ret_wait = w;
	return CD_OK;
}

cd_code cd_ctx_get(struct cd_ctx_loader *l, struct cd_cx *cx, const struct cd_json *value,
	void (*ready)(void *arg, struct cd_ctx *, const struct cd_err *), void *arg, struct cd_ctx **ret,
	struct cd_ctx_wait **ret_wait)
{
	struct cd_json standard = {.kind = CD_JSON_STRING, .text = cd_str_z(l->set->default_context)};
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
	uint64_t hash = cd_hash64(text, 0);
	struct known *k = lookup(l, hash, text);
	cd_time_us now = cd_time_mono();
	if (k && now < k->until && k->generation == cd_docs_generation(l->cache)) {
		k->used = now;
		count(&k->uses, cx->now);
		*ret = cd_ctx_ref(k->ctx);
		return CD_OK;
	}
	struct pending *p = pending_find(l, hash, text);
	if (p)
		return begin_wait(cx, p, ready, arg, ret_wait);
	cd_code code = resolve(l, cx, value, text, ret, &missing);
	if (code || *ret)
		return code;
	return begin_wait(cx, pending_new(l, hash, text, missing), ready, arg, ret_wait);
}

/* ---- fetching anew ---- */

struct reload {
	struct cd_ctx_loader *loader;
	void (*done)(void *, bool);
	void *arg;
	size_t url_n;
	char url[];
};

static void reloaded(void *arg, const struct cd_ctx_fetched *got)
{
	struct reload *r = arg;
	struct cd_ctx_loader *l = r->loader;
	bool ok = cd_docs_fetched(l->cache, cd_str_of(r->url, r->url_n), got, l->metrics);
	if (ok)
		cd_docs_renewed(l->cache);
	r->done(r->arg, ok);
	cd_mem_free(r);
}

cd_code cd_ctx_reload(
	struct cd_ctx_loader *l, struct cd_cx *cx, cd_str url, void (*done)(void *arg, bool ok), void *arg)
{
	struct cd_ctx_info info;
	if (!cd_ctx_cache_info(l->cache, url, &info))
		return cd_fail(cx, CD_E_NOT_FOUND, "contextId", "There is no cached @context of this URL");
	struct reload *r = cd_mem_alloc(sizeof *r + url.n);
	if (!r)
		return cd_fail_memory(cx);
	*r = (struct reload){.loader = l, .done = done, .arg = arg, .url_n = url.n};
	memcpy(r->url, url.p, url.n);
	if (l->fetcher.get &&
		l->fetcher.get(l->fetcher.arg, cd_str_of(r->url, r->url_n), CD_STR(""), reloaded, r))
		return CD_OK;
	cd_mem_free(r);
	return cd_fail(
		cx, CD_E_CONTEXT_UNAVAIL, "contextId", CD_STR_FMT ": it can not be fetched", CD_STR_ARG(url));
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
	l->watch = (struct cd_docs_watch){.wake = ring, .arg = l};
	if (fetcher->wake)
		cd_docs_watch(cache, &l->watch);
	return l;
}

void cd_ctx_loader_free(struct cd_ctx_loader *l)
{
	if (!l)
		return;
	cd_docs_unwatch(l->cache, &l->watch);
	for (unsigned i = 0; i < TABLE; i++) {
		forget(l, &l->table[i]);
		for (struct pending *p = l->pending[i], *next; p; p = next) {
			next = p->next;
			pending_free(p);
		}
	}
	while (l->fetches) {
		struct fetch *f = l->fetches;
		cd_docs_abandon(l->cache, cd_str_of(f->url, f->url_n));
		fetch_free(f);
	}
	cd_mem_free(l);
}
