/* Many loops, one cache: each thread is a loop with its own loader, all ask for the same few documents. */
#include "fixture.h"
#include "jsonld/documents.h"

#include "base/log.h"

#include <pthread.h>
#include <stdio.h>

enum { LOOPS = 6, ROUNDS = 300, DOCS = 5 };

/* A loop: what it has to answer, and whether it was woken. */
struct loop {
	pthread_mutex_t lock;
	bool woken;
	struct cd_ctx_loader *loader;
	struct {
		char url[64];
		void (*done)(void *, const struct cd_ctx_fetched *);
		void *arg;
	} open[DOCS];
	size_t n;
	unsigned asked, told, failed;
	struct cd_ctx_cache *cache;
	const struct cd_settings *set;
	unsigned seed;
};

static bool get(void *arg, cd_str url, cd_str etag, void (*done)(void *, const struct cd_ctx_fetched *),
	void *done_arg)
{
	struct loop *l = arg;
	(void)etag;
	if (l->n == DOCS)
		return false;
	snprintf(l->open[l->n].url, sizeof l->open->url, "%.*s", (int)url.n, url.p);
	l->open[l->n].done = done;
	l->open[l->n++].arg = done_arg;
	l->asked++;
	return true;
}

static void wake(void *arg)
{
	struct loop *l = arg;
	pthread_mutex_lock(&l->lock);
	l->woken = true;
	pthread_mutex_unlock(&l->lock);
}

/* One turn: an answer, good or bad, and what others fetched. */
static void turn(struct loop *l)
{
	if (l->n && rand_r(&l->seed) % 2) {
		const struct cd_ctx_fetched good = {.status = 200,
						    .body = CD_STR("{\"@context\":{\"a\":\"http://e/a\"}}"),
						    .cache_control = CD_STR("max-age=0")},
					    bad = {.code = CD_E_BAD_GATEWAY, .detail = "refused"};
		l->n--;
		l->open[l->n].done(l->open[l->n].arg, rand_r(&l->seed) % 4 ? &good : &bad);
	}
	pthread_mutex_lock(&l->lock);
	bool woken = l->woken;
	l->woken = false;
	pthread_mutex_unlock(&l->lock);
	if (woken)
		cd_ctx_loader_woken(l->loader);
}

static void ready(void *arg, struct cd_ctx *ctx, const struct cd_err *err)
{
	struct loop *l = arg;
	l->told++;
	l->failed += ctx == NULL || err->code != CD_OK;
	cd_ctx_unref(ctx);
}

static void *run(void *arg)
{
	struct loop *l = arg;
	unsigned wanted = 0;
	for (int i = 0; i < ROUNDS; i++) {
		struct cd_arena arena;
		struct cd_cx cx;
		struct cd_ctx *ctx;
		struct cd_ctx_wait *wait;
		cd_arena_init(&arena, 1 << 20);
		cd_cx_init(&cx, &arena, l->set);
		struct cd_json *v = cd_json_new(&arena, CD_JSON_STRING);
		v->text = cd_arena_printf(&arena, "http://d/%d", rand_r(&l->seed) % DOCS);
		if (!cd_ctx_get(l->loader, &cx, v, ready, l, &ctx, &wait) && !ctx)
			wanted++;
		else
			cd_ctx_unref(ctx);
		cd_arena_done(&arena);
		turn(l);
	}
	while (l->told < wanted)
		turn(l);
	while (l->n) /* refreshes that nobody waits for */
		turn(l);
	cd_ctx_loader_free(l->loader);
	return NULL;
}

static void loops_share_what_they_fetch(void **state)
{
	(void)state;
	static struct loop loops[LOOPS];
	pthread_t t[LOOPS];
	struct work w;
	work_init(&w);
	cd_log_level_set(CD_LOG_ERROR);
	struct cd_ctx_cache *cache = cd_ctx_cache_new(&w.cx, &w.set);
	for (unsigned i = 0; i < LOOPS; i++) {
		struct loop *l = &loops[i];
		const struct cd_ctx_fetcher f = {.get = get, .arg = l, .wake = wake};
		pthread_mutex_init(&l->lock, NULL);
		l->seed = i + 1;
		l->set = &w.set;
		l->loader = cd_ctx_loader_new(cache, &f, NULL);
		assert_non_null(l->loader);
	}
	for (int i = 0; i < LOOPS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, run, &loops[i]), 0);
	unsigned asked = 0;
	for (int i = 0; i < LOOPS; i++) {
		pthread_join(t[i], NULL);
		asked += loops[i].asked;
		pthread_mutex_destroy(&loops[i].lock);
	}
	assert_true(asked >= DOCS && asked < LOOPS * ROUNDS / 4);
	cd_ctx_cache_free(cache);
	work_done(&w);
}

/* ---- one context, many threads ---- */

struct shared {
	struct cd_ctx *c;
	struct cd_names *names;
};

static void *look_up(void *arg)
{
	struct shared *s = arg;
	struct cd_arena arena;
	uintptr_t wrong = 0;
	cd_arena_init(&arena, 1 << 26);
	for (int i = 0; i < 2000; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%d", i % 700);
		struct cd_ctx *c = cd_ctx_ref(s->c);
		cd_term t = cd_ctx_term(c, &arena, s->names, cd_str_z(name), NULL);
		wrong += t == 0 || !cd_str_eq(cd_ctx_name(c, &arena, s->names, t), cd_str_z(name));
		cd_ctx_unref(c);
	}
	cd_arena_done(&arena);
	return (void *)wrong;
}

static void threads_share_what_is_remembered(void **state)
{
	(void)state;
	struct work w;
	work_init(&w);
	struct shared s = {compiled(&w, "{'@vocab': 'http://v/'}"), cd_names_new(1000)};
	pthread_t t[4];
	for (int i = 0; i < 700; i++) {
		char iri[48];
		snprintf(iri, sizeof iri, "http://v/n%d", i);
		cd_names_add(s.names, cd_str_z(iri));
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, look_up, &s), 0);
	for (int i = 0; i < 4; i++) {
		void *wrong;
		pthread_join(t[i], &wrong);
		assert_null(wrong);
	}
	cd_ctx_unref(s.c);
	cd_names_free(s.names);
	work_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loops_share_what_they_fetch),
		cmocka_unit_test(threads_share_what_is_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
