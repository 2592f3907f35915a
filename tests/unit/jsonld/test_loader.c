/* Remote contexts: fetched once, kept fresh, used on while their source is down, bounded. [CIM
 * 009 5.5.5, 5.13] */
#include "loader.h"

#include "base/log.h"

#include <sys/stat.h>
#include <unistd.h>

enum { S = 1000000 };

cd_time_us __wrap_cd_time_mono(void);
static cd_time_us now_us;
cd_time_us __wrap_cd_time_mono(void)
{
	return now_us;
}

static struct work w;
static struct net net;
static struct cd_metrics metrics;
static struct cd_ctx_cache *cache;
static struct cd_ctx_loader *loader;
static struct asker one, two, three;

static uint64_t metric(enum cd_metric id)
{
	return atomic_load(&metrics.v[id]);
}

static int set_up(void **state)
{
	(void)state;
	now_us = 1000 * (cd_time_us)S;
	work_init(&w);
	memset(&net, 0, sizeof net);
	memset(&metrics, 0, sizeof metrics);
	const struct cd_ctx_fetcher fetcher = {.get = net_get, .arg = &net};
	cache = cd_ctx_cache_new(&w.cx, &w.set);
	loader = cd_ctx_loader_new(cache, &fetcher, &metrics);
	assert_non_null(loader);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	struct asker *all[] = {&one, &two, &three};
	for (size_t i = 0; i < 3; i++) {
		cd_ctx_unref(all[i]->ctx);
		*all[i] = (struct asker){.ctx = NULL};
	}
	cd_ctx_loader_free(loader);
	cd_ctx_cache_free(cache);
	work_done(&w);
	return 0;
}

static struct asker *ask(struct asker *a, const char *text)
{
	return ask_json(a, loader, &w.set, text);
}

static void means(const struct asker *a, const char *name, const char *iri)
{
	if (!a->ctx)
		fail_msg("no context: %s", a->detail);
	same(cd_ctx_expand(a->ctx, &w.arena, cd_str_z(name)), iri);
}

static void fails(const struct asker *a, cd_code code, const char *words)
{
	assert_null(a->ctx);
	assert_int_equal(a->code, code);
	if (!strstr(a->detail, words))
		fail_msg("\"%s\" lacks \"%s\"", a->detail, words);
}

#define A  "{'@context': {'a': 'http://e/a'}}"
#define A2 "{'@context': {'a': 'http://e/a2'}}"

/* ---- once ---- */

static void fetched_once_for_all_who_wait(void **state)
{
	(void)state;
	static struct asker many[50];
	turns = 0;
	for (int i = 0; i < 50; i++) {
		ask(&many[i], "'http://d/c'");
		assert_null(many[i].ctx);
		assert_int_equal(many[i].code, CD_OK);
		assert_non_null(many[i].wait);
	}
	ask(&one, "['http://d/c', {'b': 'a'}]"); /* another context, the same document */
	assert_int_equal(net.asked, 1);
	assert_string_equal(net.open[0].etag, "");
	net_serve(&net, "http://d/c", A, NULL, NULL);
	const struct cd_ctx *first = many[0].ctx;
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(many[i].ready, 1);
		means(&many[i], "a", "http://e/a");
		assert_ptr_equal(many[i].ctx, first); /* compiled once, too */
		assert_true(i == 0 || many[i].turn > many[i - 1].turn);
		cd_ctx_unref(many[i].ctx);
		many[i].ctx = NULL;
	}
	means(&one, "b", "http://e/a");
	ask(&two, "'http://d/c'");
	means(&two, "a", "http://e/a");
	assert_int_equal(two.ready, 0);
	assert_int_equal(net.asked, 1);
	assert_int_equal(metric(CD_M_contexts_fetched), 1);
	assert_int_equal(metric(CD_M_contexts_cached), 2);
}

static void documents_that_name_documents(void **state)
{
	(void)state;
	ask(&one, "'http://d/dir/one'");
	net_serve(&net, "http://d/dir/one", "{'@context': ['two', {'b': 'a'}]}", NULL, NULL);
	net_serve(&net, "http://d/dir/two", "{'@context': '../three'}", NULL, NULL);
	assert_int_equal(one.ready, 0);
	net_serve(&net, "http://d/three", A, NULL, NULL);
	means(&one, "b", "http://e/a");
	assert_int_equal(net.asked, 3);
}

static void a_redirected_document_resolves_against_its_last_address(void **state)
{
	(void)state;
	ask(&one, "'http://d/c'");
	net_reply(&net, "http://d/c",
		(struct cd_ctx_fetched){.status = 200,
			.body = CD_STR("{\"@context\":\"two\"}"),
			.final_url = CD_STR("http://moved/dir/c")});
	net_serve(&net, "http://moved/dir/two", A, NULL, NULL);
	means(&one, "a", "http://e/a");
}

static void documents_in_a_circle(void **state)
{
	(void)state;
	ask(&one, "'http://d/a'");
	net_serve(&net, "http://d/a", "{'@context': 'b'}", NULL, NULL);
	net_serve(&net, "http://d/b", "{'@context': 'a'}", NULL, NULL);
	fails(&one, CD_E_BAD_REQUEST_DATA, "circle");
	assert_int_equal(net.asked, 2);
	ask(&two, "'http://d/self'");
	net_serve(&net, "http://d/self", "{'@context': 'self'}", NULL, NULL);
	fails(&two, CD_E_BAD_REQUEST_DATA, "circle");
	assert_int_equal(net.n, 0);
}

static void the_core_is_never_fetched(void **state)
{
	(void)state;
	ask(&one, "'https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld'");
	assert_ptr_equal(one.ctx, cd_ctx_core());
	ask(&one, NULL);
	assert_ptr_equal(one.ctx, cd_ctx_core());
	ask(&one, "['https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld']");
	means(&one, "value", "https://uri.etsi.org/ngsi-ld/hasValue");
	ask(&one, "null");
	means(&one, "value", "https://uri.etsi.org/ngsi-ld/hasValue");
	assert_int_equal(net.asked, 0);
	ask(&one, "'https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld'");
	assert_int_equal(net.asked, 1);
	net_status(&net, "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld", 404);
	fails(&one, CD_E_CONTEXT_UNAVAIL, "404");
}

static void the_default_context(void **state)
{
	(void)state;
	w.set.default_context = "http://d/standard";
	ask(&one, NULL);
	net_serve(&net, "http://d/standard", A, NULL, NULL);
	means(&one, "a", "http://e/a");
	ask(&two, NULL);
	assert_ptr_equal(one.ctx, two.ctx);
	ask(&two, "{}");
	means(&two, "a", "https://uri.etsi.org/ngsi-ld/default-context/a");
}

/* ---- two loops ---- */

static void wake(void *arg)
{
	struct net *n = arg;
	n->woken++;
}

static void fetched_once_for_all_loops(void **state)
{
	(void)state;
	static struct net nets[2];
	memset(nets, 0, sizeof nets);
	struct cd_ctx_loader *l[2];
	for (int i = 0; i < 2; i++) {
		const struct cd_ctx_fetcher f = {.get = net_get, .arg = &nets[i], .wake = wake};
		l[i] = cd_ctx_loader_new(cache, &f, &metrics);
	}
	ask_json(&one, l[0], &w.set, "'http://d/c'");
	ask_json(&two, l[1], &w.set, "'http://d/c'");
	ask_json(&three, l[1], &w.set, "'http://d/other'");
	assert_int_equal(nets[0].asked, 1);
	assert_int_equal(nets[1].asked, 1);
	cd_ctx_loader_woken(l[1]); /* nothing has come: nothing happens */
	assert_int_equal(nets[1].asked, 1);
	net_serve(&nets[0], "http://d/c", "{'@context': ['more', {'b': 'a'}]}", NULL, NULL);
	assert_true(nets[1].woken > 0);
	assert_int_equal(two.ready, 0);
	cd_ctx_loader_woken(l[1]);
	assert_int_equal(nets[0].asked, 2); /* "more" is on its way already */
	assert_int_equal(nets[1].asked, 1);
	net_serve(&nets[0], "http://d/more", A, NULL, NULL);
	means(&one, "b", "http://e/a");
	cd_ctx_loader_woken(l[1]);
	means(&two, "b", "http://e/a");
	assert_int_equal(three.ready, 0);
	/* the loop that fetched for another goes away: the other one does it itself */
	ask_json(&one, l[0], &w.set, "'http://d/other'");
	assert_int_equal(nets[0].asked, 2);
	cd_ctx_loader_free(l[1]);
	cd_ctx_loader_woken(l[0]);
	assert_int_equal(nets[0].asked, 3);
	net_serve(&nets[0], "http://d/other", A2, NULL, NULL);
	means(&one, "a", "http://e/a2");
	cd_ctx_loader_free(l[0]);
	three.wait = NULL;
}

static void a_failure_is_shared_by_loops(void **state)
{
	(void)state;
	static struct net other;
	memset(&other, 0, sizeof other);
	const struct cd_ctx_fetcher f = {.get = net_get, .arg = &other, .wake = wake};
	struct cd_ctx_loader *l[2] = {
		cd_ctx_loader_new(cache, &f, &metrics), cd_ctx_loader_new(cache, &f, &metrics)};
	ask_json(&one, l[0], &w.set, "'http://d/c'");
	ask_json(&two, l[1], &w.set, "'http://d/c'");
	net_down(&other, "http://d/c");
	cd_ctx_loader_woken(l[1]);
	fails(&one, CD_E_CONTEXT_UNAVAIL, "connection refused");
	fails(&two, CD_E_CONTEXT_UNAVAIL, "connection refused");
	assert_int_equal(other.asked, 1);
	cd_ctx_loader_free(l[0]);
	cd_ctx_loader_free(l[1]);
}

/* ---- fresh, stale ---- */

static void asked_again_with_its_etag_when_it_is_stale(void **state)
{
	(void)state;
	ask(&one, "'http://d/c'");
	net_serve(&net, "http://d/c", A, "max-age=10", "\"v1\"");
	now_us += 10 * S - 1;
	ask(&one, "'http://d/c'");
	means(&one, "a", "http://e/a");
	assert_int_equal(net.asked, 1);
	now_us += 1;
	ask(&one, "'http://d/c'");
	means(&one, "a", "http://e/a"); /* nobody waits for it */
	assert_int_equal(net.asked, 2);
	assert_string_equal(net.open[0].etag, "\"v1\"");
	ask(&one, "'http://d/c'");
	assert_int_equal(net.asked, 2);
	net_reply(&net, "http://d/c",
		(struct cd_ctx_fetched){.status = 304, .cache_control = CD_STR("max-age=20")});
	now_us += 20 * S - 1;
	ask(&one, "'http://d/c'");
	means(&one, "a", "http://e/a");
	assert_int_equal(net.asked, 2);
	now_us += 1;
	ask(&one, "'http://d/c'");
	assert_int_equal(net.asked, 3);
	assert_string_equal(net.open[0].etag, "\"v1\"");
	/* and now it means something else */
	net_serve(&net, "http://d/c", A2, "max-age=10", "\"v2\"");
	now_us += S;
	ask(&one, "'http://d/c'");
	means(&one, "a", "http://e/a2");
	now_us += 10 * S;
	ask(&one, "'http://d/c'");
	assert_string_equal(net.open[0].etag, "\"v2\"");
}

static void the_least_fresh_of_several_documents_counts(void **state)
{
	(void)state;
	ask(&one, "['http://d/long', 'http://d/short']");
	net_serve(&net, "http://d/long", A, "max-age=1000", NULL);
	net_serve(&net, "http://d/short", "{'@context': {}}", "max-age=5", NULL);
	now_us += 5 * S;
	ask(&one, "['http://d/long', 'http://d/short']");
	assert_int_equal(net.asked, 3);
	assert_non_null(net_find(&net, "http://d/short"));
	net_serve(&net, "http://d/short", "{'@context': {}}", "max-age=5", NULL);
	ask(&one, "['http://d/short', 'http://d/long']");
	now_us += 5 * S;
	ask(&one, "['http://d/short', 'http://d/long']");
	assert_non_null(net_find(&net, "http://d/short"));
}

static void how_long_it_is_fresh(void **state)
{
	(void)state;
#define NOON "Tue, 24 Nov 2026 12:00:00 GMT"
	static const struct {
		const char *cache_control, *expires, *date, *age;
		int seconds;
	} rows[] = {
		{NULL, NULL, NULL, NULL, 3600}, /* context_age */
		{"", NULL, NULL, NULL, 3600},
		{"max-age=60", NULL, NULL, NULL, 60},
		{"public, Max-Age = 60", NULL, NULL, NULL, 60},
		{"max-age=\"60\"", NULL, NULL, NULL, 60},
		{"max-age=60, s-maxage=30", NULL, NULL, NULL, 30},
		{"max-age=60", NULL, NULL, "20", 40},
		{"max-age=60", NULL, NULL, "60", 1},
		{"max-age=60", NULL, NULL, "100", 1},
		{"max-age=0", NULL, NULL, NULL, 1},
		{"no-cache", NULL, NULL, NULL, 1},
		{"max-age=60, no-store", NULL, NULL, NULL, 1},
		{"max-age=99999999999", NULL, NULL, NULL, 31536000},
		{"max-age=60", "Tue, 24 Nov 2026 13:00:00 GMT", NOON, NULL, 60},
		{NULL, "Tue, 24 Nov 2026 12:02:00 GMT", NOON, NULL, 120},
		{NULL, "Tue, 24 Nov 2026 12:02:00 GMT", NOON, "30", 90},
		{NULL, "Tue, 24 Nov 2026 11:59:00 GMT", NOON, NULL, 1},
		{NULL, "Thu, 01 Jan 1970 00:00:00 GMT", NULL, NULL, 1},
		{NULL, "0", NOON, NULL, 1},
		{NULL, "soon", NULL, NULL, 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char url[64], text[80];
		struct cd_doc doc;
		snprintf(url, sizeof url, "http://d/%zu", i);
		snprintf(text, sizeof text, "'%s'", url);
		ask(&one, text);
		net_reply(&net, url,
			(struct cd_ctx_fetched){.status = 200,
				.body = CD_STR("{\"@context\":{}}"),
				.cache_control = cd_str_z(rows[i].cache_control),
				.expires = cd_str_z(rows[i].expires),
				.date = cd_str_z(rows[i].date),
				.age = cd_str_z(rows[i].age)});
		cd_docs_get(cache, &w.arena, cd_str_z(url), &doc);
		cd_doc_use_unref(doc.use);
		assert_int_equal(doc.state, CD_DOC_FRESH);
		if (doc.fresh_until - now_us != (cd_time_us)rows[i].seconds * S)
			fail_msg("row %zu: %lld us", i, (long long)(doc.fresh_until - now_us));
	}
	assert_int_equal(net.n, 0); /* also what is stale at once was fetched once for who waited */
}

/* ---- sources in trouble ---- */

static void the_last_good_copy_serves_while_the_source_is_down(void **state)
{
	(void)state;
	ask(&one, "'http://d/c'");
	net_serve(&net, "http://d/c", A, "max-age=10", "\"v1\"");
	for (int round = 0; round < 4; round++) {
		now_us += 10 * S;
		ask(&one, "'http://d/c'");
		means(&one, "a", "http://e/a");
		assert_int_equal(net.n, 1);
		switch (round) { /* whatever is wrong with it */
		case 0:
			net_down(&net, "http://d/c");
			break;
		case 1:
			net_status(&net, "http://d/c", 500);
			break;
		case 2:
			net_serve(&net, "http://d/c", "<html>", NULL, NULL);
			break;
		default:
			net_serve(&net, "http://d/c", "{}", NULL, NULL);
		}
		ask(&one, "'http://d/c'");
		means(&one, "a", "http://e/a");
		now_us += 10 * S - 1; /* not asked by every request meanwhile */
		ask(&one, "'http://d/c'");
		means(&one, "a", "http://e/a");
		assert_int_equal(net.n, 0);
		now_us += 1 - 10 * S;
	}
	assert_int_equal(metric(CD_M_contexts_stale), 4);
	assert_int_equal(metric(CD_M_contexts_failed), 4);
	now_us += 10 * S;
	ask(&one, "'http://d/c'");
	assert_string_equal(net.open[0].etag, "\"v1\"");
	net_serve(&net, "http://d/c", A2, NULL, NULL);
	now_us += S;
	ask(&one, "'http://d/c'");
	means(&one, "a", "http://e/a2");
}

static void never_loaded(void **state)
{
	(void)state;
	ask(&one, "'http://d/c'");
	net_down(&net, "http://d/c");
	fails(&one, CD_E_CONTEXT_UNAVAIL, "http://d/c: connection refused");
	now_us += 2 * S - 1;
	ask(&one, "'http://d/c'"); /* at once: the source is not asked by every request */
	fails(&one, CD_E_CONTEXT_UNAVAIL, "http://d/c: connection refused");
	assert_int_equal(net.asked, 1);
	now_us += 1;
	ask(&one, "'http://d/c'");
	assert_int_equal(net.asked, 2);
	net_status(&net, "http://d/c", 404);
	fails(&one, CD_E_CONTEXT_UNAVAIL, "404");
	now_us += 2 * S;
	ask(&one, "'http://d/c'");
	net_status(&net, "http://d/c", 304); /* nobody had asked conditionally */
	fails(&one, CD_E_CONTEXT_UNAVAIL, "304");
	now_us += 2 * S;
	ask(&one, "'http://d/c'");
	net_serve(&net, "http://d/c", A, NULL, NULL);
	means(&one, "a", "http://e/a");
	assert_int_equal(metric(CD_M_contexts_stale), 0);
}

static void what_comes_is_no_context(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"", "<html>", "[]", "{}", "{'@context': {}", "{'context': {}}", "7"};
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		now_us += 2 * S;
		ask(&one, "'http://d/c'");
		net_serve(&net, "http://d/c", bodies[i], NULL, NULL);
		fails(&one, CD_E_BAD_REQUEST_DATA, "http://d/c: what came is not JSON with an @context");
		ask(&one, "'http://d/c'");
		fails(&one, CD_E_BAD_REQUEST_DATA, "http://d/c");
		assert_int_equal(net.n, 0);
	}
	/* JSON with an @context that is wrong */
	now_us += 2 * S;
	ask(&one, "'http://d/c'");
	net_serve(&net, "http://d/c", "{'@context': {'bad': 7}}", NULL, NULL);
	fails(&one, CD_E_BAD_REQUEST_DATA, "\"bad\"");
}

static void a_fetch_that_can_not_start(void **state)
{
	(void)state;
	net.refuses = true;
	ask(&one, "'http://d/c'");
	fails(&one, CD_E_CONTEXT_UNAVAIL, "http://d/c");
	assert_false(cd_docs_fetching(cache, CD_STR("http://d/c"))); /* others may try */
	net.refuses = false;
	ask(&one, "'http://d/c'"); /* nothing is remembered of it */
	net_serve(&net, "http://d/c", A, "max-age=10", NULL);
	means(&one, "a", "http://e/a");
	net.refuses = true;
	now_us += 10 * S;
	ask(&one, "'http://d/c'");
	means(&one, "a", "http://e/a");
}

/* ---- bounds ---- */

static void bound_of_parallel_fetches(void **state)
{
	(void)state;
	w.set.context_parallel = 2;
	ask(&one, "'http://d/1'");
	ask(&two, "'http://d/2'");
	assert_int_equal(two.code, CD_OK);
	ask(&three, "'http://d/3'");
	fails(&three, CD_E_BUSY, "http://d/3");
	ask(&three, "['http://d/2']"); /* that one is on its way */
	assert_int_equal(three.code, CD_OK);
	net_serve(&net, "http://d/1", A, NULL, NULL);
	net_serve(&net, "http://d/2", A, NULL, NULL);
	means(&three, "a", "http://e/a");
	ask(&three, "'http://d/3'");
	assert_int_equal(three.code, CD_OK);
	net_serve(&net, "http://d/3", A2, NULL, NULL);
	means(&three, "a", "http://e/a2");
}

static void failures_do_not_fill_memory(void **state)
{
	(void)state;
	struct cd_doc doc;
	w.set.context_cache = 65536;
	for (int i = 0; i < 1000; i++) {
		char url[64], text[80];
		snprintf(url, sizeof url, "http://d/%d", i);
		snprintf(text, sizeof text, "'%s'", url);
		ask(&one, text);
		net_down(&net, url);
		fails(&one, CD_E_CONTEXT_UNAVAIL, url);
	}
	cd_docs_get(cache, &w.arena, CD_STR("http://d/999"), &doc);
	assert_int_equal(doc.state, CD_DOC_FAILED);
	cd_docs_get(cache, &w.arena, CD_STR("http://d/0"), &doc);
	assert_int_equal(doc.state, CD_DOC_UNKNOWN);
}

static void what_is_being_fetched_is_not_forgotten(void **state)
{
	(void)state;
	w.set.context_cache = 65536;
	assert_int_equal(cd_docs_begin(cache, CD_STR("http://d/slow")), CD_TURN_MINE);
	for (int i = 0; i < 1000; i++) {
		char url[64];
		const struct cd_ctx_fetched down = {.code = CD_E_BAD_GATEWAY, .detail = "refused"};
		snprintf(url, sizeof url, "http://d/%d", i);
		assert_int_equal(cd_docs_begin(cache, cd_str_z(url)), CD_TURN_MINE);
		cd_docs_fetched(cache, cd_str_z(url), &down, NULL);
		assert_int_equal(cd_docs_begin(cache, cd_str_z(url)), CD_TURN_DONE);
	}
	assert_int_equal(cd_docs_begin(cache, CD_STR("http://d/slow")), CD_TURN_OTHERS);
	cd_docs_abandon(cache, CD_STR("http://d/slow"));
	assert_int_equal(cd_docs_begin(cache, CD_STR("http://d/slow")), CD_TURN_MINE);
	cd_docs_abandon(cache, CD_STR("http://d/slow"));
}

static void the_least_recently_used_document_goes(void **state)
{
	(void)state;
	static const char *const urls[] = {"http://d/1", "http://d/2", "http://d/3"};
	struct cd_doc doc = {.use = NULL};
	char body[30000] = "{\"@context\":{}}";
	w.set.context_cache = 65536;
	memset(body + strlen(body), ' ', sizeof body - strlen(body) - 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(cd_docs_begin(cache, cd_str_z(urls[i])), CD_TURN_MINE);
		const struct cd_ctx_fetched f = {.status = 200, .body = cd_str_z(body)};
		cd_docs_fetched(cache, cd_str_z(urls[i]), &f, NULL);
		if (i == 1)
			cd_docs_get(cache, &w.arena, CD_STR("http://d/1"), &doc);
		cd_doc_use_unref(doc.use);
		doc.use = NULL;
	}
	const enum cd_doc_state states[] = {CD_DOC_FRESH, CD_DOC_UNKNOWN, CD_DOC_FRESH};
	for (int i = 0; i < 3; i++) {
		cd_docs_get(cache, &w.arena, cd_str_z(urls[i]), &doc);
		cd_doc_use_unref(doc.use);
		assert_int_equal(doc.state, states[i]);
	}
}

static void documents_that_drive_one_another_out(void **state)
{
	(void)state;
	static char body[60000] = "{\"@context\":{}}";
	memset(body + 15, ' ', sizeof body - 16);
	w.set.context_cache = 65536;
	w.set.context_fetches = 4;
	ask(&one, "['http://d/1', 'http://d/2']");
	for (int i = 0; i < 20 && !one.ready; i++)
		net_reply(&net, net.open[0].url,
			(struct cd_ctx_fetched){.status = 200, .body = cd_str_z(body)});
	fails(&one, CD_E_CONTEXT_UNAVAIL, "context_cache");
	assert_int_equal(net.n, 0);
}

static void compiled_contexts_are_bounded(void **state)
{
	(void)state;
	w.set.context_cache = 65536;
	for (int i = 0; i < 2000; i++) {
		char text[80];
		snprintf(text, sizeof text, "{'a': 'http://e/%d'}", i);
		ask(&one, text);
		snprintf(text, sizeof text, "http://e/%d", i);
		means(&one, "a", text);
		assert_true(metric(CD_M_contexts_cached) <= 8);
	}
	assert_true(metric(CD_M_contexts_cached) > 0);
	w.set.context_cache = 1 << 30;
	for (int i = 0; i < 2000; i++) {
		char text[80];
		snprintf(text, sizeof text, "{'a': 'http://e/%d'}", i);
		ask(&one, text);
	}
	assert_true(metric(CD_M_contexts_cached) <= 256);
	struct cd_ctx *c = cd_ctx_ref(one.ctx);
	ask(&one, "{'a': 'http://e/1999'}"); /* the newest is still there */
	assert_ptr_equal(one.ctx, c);
	cd_ctx_unref(c);
}

/* ---- who waits no more ---- */

static void cancelled(void **state)
{
	(void)state;
	ask(&one, "'http://d/c'");
	ask(&two, "'http://d/c'");
	ask(&three, "'http://d/c'");
	cd_ctx_cancel(loader, three.wait); /* the last of them, then one more */
	ask(&three, "'http://d/c'");
	cd_ctx_cancel(loader, two.wait);
	net_serve(&net, "http://d/c", A, NULL, NULL);
	means(&one, "a", "http://e/a");
	means(&three, "a", "http://e/a");
	assert_int_equal(two.ready, 0);
	ask(&two, "'http://d/x'");
	cd_ctx_cancel(loader, two.wait);
	net_serve(&net, "http://d/x", "{'@context': 'http://d/y'}", NULL, NULL);
	assert_int_equal(two.ready, 0);
	assert_int_equal(net.n, 0); /* nothing is fetched for nobody */
}

static void cancelled_by_another_that_is_told(void **state)
{
	(void)state;
	one.cancels = &two;
	ask(&one, "'http://d/c'");
	ask(&two, "'http://d/c'");
	ask(&three, "['http://d/c']");
	net_serve(&net, "http://d/c", A, NULL, NULL);
	assert_int_equal(one.ready, 1);
	assert_int_equal(two.ready, 0);
	assert_int_equal(three.ready, 1);
	one.cancels = NULL;
}

static void the_loader_goes_while_somebody_waits(void **state)
{
	(void)state;
	struct cd_ctx_loader *l;
	const struct cd_ctx_fetcher f = {.get = net_get, .arg = &net};
	l = cd_ctx_loader_new(cache, &f, NULL);
	ask_json(&one, l, &w.set, "'http://d/c'");
	cd_ctx_loader_free(l);
	assert_int_equal(one.ready, 0);
	net.n = 0; /* the client has ended them */
	ask(&two, "'http://d/c'");
	assert_int_equal(net.asked, 2);
	net_serve(&net, "http://d/c", A, NULL, NULL);
	means(&two, "a", "http://e/a");
}

/* ---- the folder of contexts ---- */

static char folder[256];

static void put(const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	for (; *text; text++)
		fputc(*text == '\'' ? '"' : *text, f);
	fclose(f);
}

static int folder_set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(folder, sizeof folder, "%s/cardo-contexts-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(folder));
	return set_up(state);
}

static int folder_tear_down(void **state)
{
	static const char *const names[] = {"index.json", "a.jsonld", "b.jsonld"};
	char path[512];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	return tear_down(state);
}

/* A cache with the folder; when that is refused, w.cx says why, and there is none. */
static void reopen(void)
{
	const struct cd_ctx_fetcher fetcher = {.get = net_get, .arg = &net};
	cd_ctx_loader_free(loader);
	cd_ctx_cache_free(cache);
	w.set.contexts = folder;
	cd_cx_clear(&w.cx);
	cache = cd_ctx_cache_new(&w.cx, &w.set);
	loader = cache ? cd_ctx_loader_new(cache, &fetcher, &metrics) : NULL;
}

static void folder_needs_no_network(void **state)
{
	(void)state;
	put("index.json", "{'http://d/a': 'a.jsonld', 'https://e.org/b?x=1': 'b.jsonld'}");
	put("a.jsonld", "{'@context': ['https://e.org/b?x=1', {'a': 'http://e/a'}]}");
	put("b.jsonld", "{'@context': {'b': 'http://e/b'}}");
	reopen();
	assert_int_equal(w.cx.err.code, CD_OK);
	ask(&one, "'http://d/a'");
	means(&one, "a", "http://e/a");
	means(&one, "b", "http://e/b");
	now_us += 1000000 * (cd_time_us)S;
	ask(&one, "'http://d/a'");
	means(&one, "a", "http://e/a");
	assert_int_equal(net.asked, 0);
	/* they stay while others come and go */
	w.set.context_cache = 65536;
	for (int i = 0; i < 500; i++) {
		char url[64], text[80];
		snprintf(url, sizeof url, "http://d/%d", i);
		snprintf(text, sizeof text, "'%s'", url);
		ask(&two, text);
		net_down(&net, url);
	}
	ask(&one, "['http://d/a', {}]");
	means(&one, "b", "http://e/b");
	assert_int_equal(net.n, 0);
}

static void folder_refused(const char *words)
{
	reopen();
	assert_int_not_equal(w.cx.err.code, CD_OK);
	assert_string_equal(w.cx.err.where ? w.cx.err.where : "contexts", "contexts");
	if (!strstr(w.cx.err.detail, words))
		fail_msg("\"%s\" lacks \"%s\"", w.cx.err.detail, words);
}

static void folders_that_are_wrong(void **state)
{
	(void)state;
	folder_refused("index.json");
	put("index.json", "[]");
	folder_refused("expected an object");
	put("index.json", "{'http://d/a': 7}");
	folder_refused("name of a file");
	put("index.json", "{'http://d/a': 'a.jsonld'}");
	folder_refused("a.jsonld");
	put("a.jsonld", "{'context': 1}");
	folder_refused("a.jsonld is not JSON with an @context");
	put("a.jsonld", "{");
	folder_refused("a.jsonld is not JSON with an @context");
	put("index.json", "{'http://d/a': '.'}");
	folder_refused("is not JSON with an @context");
}

static void bound_of_a_file(void **state)
{
	(void)state;
	put("index.json", "{'http://d/a': 'a.jsonld'}");
	put("a.jsonld", "{'@context': {'a': 'http://e/a234567890'}}");
	w.set.context_bytes = sizeof "{'@context': {'a': 'http://e/a234567890'}}" - 1;
	reopen();
	assert_int_equal(w.cx.err.code, CD_OK);
	w.set.context_bytes--;
	folder_refused("a.jsonld is larger than context_bytes");
	assert_int_equal(w.cx.err.code, CD_E_TOO_LARGE);
}

/* ---- memory runs out ---- */

static bool whole_story(unsigned long k)
{
	struct cd_ctx_cache *c;
	struct cd_ctx_loader *l = NULL;
	struct asker a = {.ctx = NULL}, b = {.ctx = NULL};
	struct work inner;
	static struct net n;
	const struct cd_ctx_fetcher f = {.get = net_get, .arg = &n};
	memset(&n, 0, sizeof n);
	work_init(&inner);
	const struct cd_json *va = json_of(&inner, "['http://d/c', {'b': 'a'}]"),
			     *vb = json_of(&inner, "'http://d/c'");
	cd_mem_fail_after(k);
	c = cd_ctx_cache_new(&inner.cx, &inner.set);
	if (c)
		l = cd_ctx_loader_new(c, &f, NULL);
	if (l) {
		a.code = cd_ctx_get(l, &inner.cx, va, asker_ready, &a, &a.ctx, &a.wait);
		cd_cx_clear(&inner.cx);
		b.code = cd_ctx_get(l, &inner.cx, vb, asker_ready, &b, &b.ctx, &b.wait);
		if (n.n)
			net_serve(&n, "http://d/c", "{'@context': ['d', {'a': 'http://e/a'}]}", "max-age=10",
				"\"x\"");
		if (n.n)
			net_serve(&n, "http://d/d", "{'@context': {}}", NULL, NULL);
	}
	bool failed = cd_mem_failed();
	cd_mem_fail_after(0);
	struct asker *both[] = {&a, &b};
	for (int i = 0; l && i < 2; i++) {
		/* everybody has one answer */
		assert_true(both[i]->ctx || both[i]->code == CD_E_NO_MEMORY ||
			    both[i]->code == CD_E_CONTEXT_UNAVAIL);
		assert_int_equal(both[i]->ctx != NULL, both[i]->code == CD_OK);
		if (both[i]->ctx)
			means(both[i], "a", "http://e/a");
		assert_true(failed || both[i]->ctx);
		assert_null(both[i]->ctx ? both[i]->wait : NULL);
		cd_ctx_unref(both[i]->ctx);
	}
	cd_ctx_loader_free(l);
	cd_ctx_cache_free(c);
	work_done(&inner);
	return failed;
}

static void out_of_memory_at_every_place(void **state)
{
	(void)state;
	unsigned long k = 1;
	while (whole_story(k))
		k++;
	assert_true(k > 10);
}

/* ---- stored contexts [5.13] ---- */

static uint64_t hits_of(const char *url)
{
	struct cd_ctx_info info;
	assert_true(cd_ctx_cache_info(cache, cd_str_z(url), &info));
	same(info.url, url);
	assert_true(info.created > 0 && info.expires > info.created);
	return info.hits;
}

static void uses_are_counted_and_so_are_looks(void **state)
{
	(void)state;
	struct cd_ctx_info info;
	assert_false(cd_ctx_cache_info(cache, CD_STR("http://d/a"), &info));
	ask(&one, "'http://d/a'");
	net_serve(&net, "http://d/a", A, NULL, NULL);
	assert_int_equal(hits_of("http://d/a"), 1);
	assert_int_equal(hits_of("http://d/a"), 2); /* that one look */
	ask(&two, "'http://d/a'");
	ask(&three, "['http://d/a', {'b': 'http://e/b'}]");
	assert_int_equal(hits_of("http://d/a"), 5);
	assert_true(cd_ctx_cache_forget(cache, CD_STR("http://d/a")));
	assert_false(cd_ctx_cache_forget(cache, CD_STR("http://d/a")));
	assert_false(cd_ctx_cache_info(cache, CD_STR("http://d/a"), &info));
}

static void what_was_forgotten_is_fetched_again(void **state)
{
	(void)state;
	ask(&one, "'http://d/a'");
	net_serve(&net, "http://d/a", A, NULL, NULL);
	means(&one, "a", "http://e/a");
	assert_true(cd_ctx_cache_forget(cache, CD_STR("http://d/a")));
	ask(&two, "'http://d/a'"); /* though it stands compiled in the loader */
	assert_null(two.ctx);
	net_serve(&net, "http://d/a", A2, NULL, NULL);
	means(&two, "a", "http://e/a2");
}

static void told(void *arg, bool ok)
{
	*(int *)arg = ok;
}

static void fetched_anew_or_not_at_all(void **state)
{
	(void)state;
	int came = -1;
	assert_int_equal(cd_ctx_reload(loader, &w.cx, CD_STR("http://d/a"), told, &came), CD_E_NOT_FOUND);
	cd_cx_clear(&w.cx);
	ask(&one, "'http://d/a'");
	net_serve(&net, "http://d/a", A, NULL, NULL);
	assert_int_equal(cd_ctx_reload(loader, &w.cx, CD_STR("http://d/a"), told, &came), CD_OK);
	net_down(&net, "http://d/a");
	assert_int_equal(came, 0);
	ask(&two, "'http://d/a'"); /* the old copy stays */
	means(&two, "a", "http://e/a");
	assert_int_equal(cd_ctx_reload(loader, &w.cx, CD_STR("http://d/a"), told, &came), CD_OK);
	net_serve(&net, "http://d/a", A2, NULL, NULL);
	assert_int_equal(came, 1);
	ask(&three, "'http://d/a'");
	means(&three, "a", "http://e/a2");
}

static void hosted_ones_need_no_network(void **state)
{
	(void)state;
	struct cd_ctx_info info;
	char text[] = "{\"@context\":{\"a\":\"http://e/a\"}}";
	assert_false(cd_ctx_cache_hosts(cache, CD_STR("http://h/x")));
	assert_int_equal(
		cd_ctx_cache_host(cache, &w.cx, CD_STR("x"), CD_STR("http://h/x"), cd_str_z(text), 7), CD_OK);
	assert_int_equal(
		cd_ctx_cache_host(cache, &w.cx, CD_STR("x"), CD_STR("http://i/x"), cd_str_z(text), 7), CD_OK);
	ask(&one, "'http://h/x'");
	ask(&two, "'http://i/x'");
	means(&one, "a", "http://e/a");
	means(&two, "a", "http://e/a");
	assert_true(cd_ctx_cache_hosted_info(cache, CD_STR("x"), &info));
	assert_int_equal(info.hits, 2); /* under whatever URL */
	assert_int_equal(info.created, 7);
	assert_false(cd_ctx_cache_info(cache, CD_STR("http://h/x"), &info)); /* not a cached one */
	assert_false(cd_ctx_cache_forget(cache, CD_STR("http://h/x")));
	cd_ctx_cache_unhost(cache, CD_STR("x"));
	assert_false(cd_ctx_cache_hosts(cache, CD_STR("http://h/x")));
	ask(&three, "'http://h/x'");
	assert_null(three.ctx); /* being asked of h */
}

static void many_hosted_ones_are_told_apart(void **state)
{
	(void)state;
	enum { N = 3000 };
	struct cd_ctx_info info;
	char text[] = "{\"@context\":{}}", name[16], url[32];
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof name, "%d", i);
		snprintf(url, sizeof url, "http://h/%d", i);
		assert_int_equal(
			cd_ctx_cache_host(cache, &w.cx, cd_str_z(name), cd_str_z(url), cd_str_z(text), i + 1),
			CD_OK);
	}
	for (int i = 0; i < N; i += 3) {
		snprintf(name, sizeof name, "%d", i);
		cd_ctx_cache_unhost(cache, cd_str_z(name));
	}
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof name, "%d", i);
		snprintf(url, sizeof url, "http://h/%d", i);
		assert_int_equal(cd_ctx_cache_hosted_info(cache, cd_str_z(name), &info), i % 3 != 0);
		assert_int_equal(cd_ctx_cache_hosts(cache, cd_str_z(url)), i % 3 != 0);
		if (i % 3)
			assert_int_equal(info.created, i + 1);
	}
}

static void the_list_is_a_copy_of_cached_ones_alone(void **state)
{
	(void)state;
	const struct cd_ctx_info *infos;
	size_t n;
	char text[] = "{\"@context\":{}}";
	assert_int_equal(cd_ctx_cache_list(cache, &w.cx, &infos, &n), CD_OK);
	assert_int_equal(n, 0);
	assert_int_equal(
		cd_ctx_cache_host(cache, &w.cx, CD_STR("x"), CD_STR("http://h/x"), cd_str_z(text), 7), CD_OK);
	ask(&one, "'http://d/a'");
	net_serve(&net, "http://d/a", A, NULL, NULL);
	assert_int_equal(cd_ctx_cache_list(cache, &w.cx, &infos, &n), CD_OK);
	assert_int_equal(n, 1);
	assert_true(cd_ctx_cache_forget(cache, CD_STR("http://d/a")));
	same(infos[0].url, "http://d/a");
	assert_int_equal(infos[0].hits, 1);
}

#define TEST(f)        cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define FOLDER_TEST(f) cmocka_unit_test_setup_teardown(f, folder_set_up, folder_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fetched_once_for_all_who_wait),
		TEST(documents_that_name_documents),
		TEST(a_redirected_document_resolves_against_its_last_address),
		TEST(documents_in_a_circle),
		TEST(the_core_is_never_fetched),
		TEST(the_default_context),
		TEST(fetched_once_for_all_loops),
		TEST(a_failure_is_shared_by_loops),
		TEST(asked_again_with_its_etag_when_it_is_stale),
		TEST(the_least_fresh_of_several_documents_counts),
		TEST(how_long_it_is_fresh),
		TEST(the_last_good_copy_serves_while_the_source_is_down),
		TEST(never_loaded),
		TEST(what_comes_is_no_context),
		TEST(a_fetch_that_can_not_start),
		TEST(bound_of_parallel_fetches),
		TEST(failures_do_not_fill_memory),
		TEST(what_is_being_fetched_is_not_forgotten),
		TEST(the_least_recently_used_document_goes),
		TEST(documents_that_drive_one_another_out),
		TEST(compiled_contexts_are_bounded),
		TEST(cancelled),
		TEST(cancelled_by_another_that_is_told),
		TEST(the_loader_goes_while_somebody_waits),
		TEST(uses_are_counted_and_so_are_looks),
		TEST(what_was_forgotten_is_fetched_again),
		TEST(fetched_anew_or_not_at_all),
		TEST(hosted_ones_need_no_network),
		TEST(many_hosted_ones_are_told_apart),
		TEST(the_list_is_a_copy_of_cached_ones_alone),
		FOLDER_TEST(folder_needs_no_network),
		FOLDER_TEST(folders_that_are_wrong),
		FOLDER_TEST(bound_of_a_file),
		TEST(out_of_memory_at_every_place),
	};
	cd_log_level_set(CD_LOG_ERROR); /* hundreds of sources fail here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
