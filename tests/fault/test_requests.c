/*
 * Every allocation of a request fails, each in its turn: from the accepted connection through the head, JSON,
 * the
 * @context, the packed entity, the writer and back to the answer. The client hears what came of it, or 500 or
 * 503, or the connection ends; what was answered as done is done, what was refused is not; and the next
 * request is answered as if nothing had been.
 *
 * The whole server is here but its threads: loop, writer and client take turns on this one.
 */
#include "base/log.h"
#include "base/mem.h"
#include "cli/edge.h"
#include "cli/serve.h"
#include "cli/system.h"
#include "ngsild/request.h"
#include "ui/routes.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define API "/ngsi-ld/v1"
enum { PATIENCE_MS = 20000, ANSWER = 1 << 20 };

struct world {
	struct cd_serve serve;
	struct cd_metrics metrics, writer;
	struct cd_metrics *all[2];
	struct cd_edge edge;
	struct cd_http_server *http;
	uv_loop_t loop;
	struct cd_arena arena;
	struct cd_cx cx;
	char folder[128];
	bool drained;
	char *answer; /* the last one */
	size_t answer_n;
	int status; /* 0: the connection ended before there was one */
};

/* ---- the server ---- */

static void open_parts(struct world *w)
{
	struct cd_serve *s = &w->serve;
	const struct cd_store_config store = {.set = &s->set, .fs = s->fs, .metrics = &w->writer};
	s->contexts = cd_ctx_cache_new(&w->cx, &s->set);
	s->router = cd_router_new();
	assert_non_null(s->contexts);
	assert_false(cd_router_add(s->router, cd_system_routes, cd_system_params, cd_system_params_n));
	assert_false(cd_router_add(s->router, cd_ngsi_routes, cd_ngsi_params, cd_ngsi_params_n));
	assert_false(cd_router_add(s->router, cd_ui_routes, cd_ui_params, cd_ui_params_n));
	assert_int_equal(cd_store_open(&w->cx, &store, &s->store), CD_OK);
	const struct cd_runner_config runner = {.loop = &w->loop,
		.store = s->store,
		.contexts = s->contexts,
		.set = &s->set,
		.metrics = &w->metrics};
	w->edge = (struct cd_edge){.serve = s,
		.router = s->router,
		.runner = cd_runner_new(&w->cx, &runner),
		.metrics = &w->metrics};
	assert_non_null(w->edge.runner);
}

static void world_open(struct world *w)
{
	const char *tmp = getenv("TMPDIR");
	memset(w, 0, sizeof *w);
	signal(SIGPIPE, SIG_IGN);
	cd_arena_init(&w->arena, 1 << 20);
	cd_settings_init(&w->serve.set);
	snprintf(w->folder, sizeof w->folder, "%s/cardo-fault-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(w->folder));
	w->serve.set.data = w->folder;
	w->serve.set.durability = "os";
	w->serve.set.index_worth = 4; /* so that queries ask for indexes */
	w->serve.set.checkpoint_map = 1 << 28;
	cd_cx_init(&w->cx, &w->arena, &w->serve.set);
	w->serve.fs = cd_fs_new();
	w->all[0] = &w->metrics;
	w->all[1] = &w->writer;
	w->serve.metrics = w->all;
	w->serve.metrics_n = 2;
	w->serve.loops_n = 1;
	atomic_store(&w->serve.ready, 1);
	w->answer = malloc(ANSWER);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	open_parts(w);
	w->http = cd_http_server_new(&w->loop, &w->serve.set, &w->metrics, NULL, &cd_edge_app, &w->edge);
	assert_non_null(w->http);
	assert_int_equal(cd_http_listen(&w->cx, w->http, CD_STR("127.0.0.1:0"), false), CD_OK);
}

static void on_drained(void *arg)
{
	struct world *w = arg;
	w->drained = true;
	cd_http_server_free(w->http);
	cd_runner_free(w->edge.runner);
}

static void world_close(struct world *w)
{
	char line[256];
	cd_http_server_drain(w->http, on_drained, w);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_true(w->drained);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	assert_int_equal(w->metrics.v[CD_M_connections_open], 0);
	cd_store_close(w->serve.store);
	cd_router_free(w->serve.router);
	cd_ctx_cache_free(w->serve.contexts);
	cd_fs_free(w->serve.fs);
	cd_arena_done(&w->arena);
	free(w->answer);
	snprintf(line, sizeof line, "rm -rf '%s'", w->folder);
	assert_int_equal(system(line), 0);
}

/* ---- the client ---- */

static int dial(const struct world *w)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)cd_http_server_port(w->http))};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

/* Everybody takes turns until the connection ends. */
static void talk(struct world *w, int fd)
{
	w->answer_n = 0;
	for (int idle = 0; idle < PATIENCE_MS; idle++) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		uv_run(&w->loop, UV_RUN_NOWAIT);
		(void)cd_store_run(w->serve.store);
		if (poll(&wait, 1, idle > 2) <= 0)
			continue;
		ssize_t n = recv(fd, w->answer + w->answer_n, ANSWER - 1 - w->answer_n, MSG_DONTWAIT);
		if (n <= 0)
			break;
		w->answer_n += (size_t)n;
		idle = 0;
	}
	w->answer[w->answer_n] = 0;
	w->status = w->answer_n > 12 ? atoi(w->answer + 9) : 0;
	close(fd);
}

/* One request, whose k-th allocation fails (0: none). True: one did. */
static bool ask_failing(struct world *w, const char *line, const char *body, unsigned long k)
{
	char text[8192];
	int n = snprintf(text, sizeof text,
		"%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "
		"application/json\r\nContent-Length: "
		"%zu\r\n\r\n%s",
		line, strlen(body), body);
	assert_true(n > 0 && n < (int)sizeof text);
	int fd = dial(w);
	assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
	cd_mem_fail_after(k);
	talk(w, fd);
	bool failed = cd_mem_failed();
	cd_mem_fail_after(0);
	return failed;
}

static void ask(struct world *w, const char *line, const char *body)
{
	(void)ask_failing(w, line, body, 0);
}

/* ---- what is asked ---- */

enum effect { READS, REPEATS, MAKES, CHANGES, DELETES }; /* REPEATS: answers the same each time */
struct request {
	const char *line, *body; /* %1$lu: how often it was tried */
	int status;
	enum effect effect; /* on urn:k:N, or on n of urn:a, which becomes N */
};
#define ATTRIBUTES                                                                                           \
	"\"n\":{\"type\":\"Property\",\"value\":1,\"unitCode\":\"C62\",\"observedAt\":\"2020-01-01T00:00:"   \
	"00Z\","                                                                                             \
	"\"sub\":{\"type\":\"Relationship\",\"object\":\"urn:b\"}}," OTHERS
#define OTHERS                                                                                               \
	"\"where\":{\"type\":\"GeoProperty\","                                                               \
	"\"value\":{\"type\":\"Point\",\"coordinates\":[7,52]}},\"names\":{\"type\":\"LanguageProperty\","   \
	"\"languageMap\":{\"de\":\"Lampe\",\"en\":\"lamp\"}},\"scope\":[\"/a/b\"]"

static const struct request requests[] = {
	{"POST " API "/entities", "{\"id\":\"urn:k:%1$lu\",\"type\":[\"T\",\"U%1$lu\"]," ATTRIBUTES "}", 201,
		MAKES},
	{"POST " API "/entities", "{\"id\":\"urn:k:%1$lu\",\"type\":\"T\",\"new%1$lu\":1}", 201, MAKES},
	{"POST " API "/entities", "{\"id\":\"urn:a\",\"type\":\"T\"}", 409, READS},
	{"POST " API "/entities", "{\"id\":\"urn:k:%1$lu\",\"type\":\"T\",\"n\":", 400, READS},
	{"PATCH " API "/entities/urn:a/attrs/n", "{\"value\":%1$lu}", 204, CHANGES},
	{"PATCH " API "/entities/urn:a", "{\"n\":{\"value\":%1$lu}}", 204, CHANGES},
	{"POST " API "/entities/urn:a/attrs", "{\"n\":{\"type\":\"Property\",\"value\":%1$lu}}", 204,
		CHANGES},
	{"DELETE " API "/entities/urn:k:%1$lu", "", 204, DELETES},
	{"POST " API "/entityOperations/upsert", "[{\"id\":\"urn:k:%1$lu\",\"type\":\"T\"," ATTRIBUTES "}]",
		201, MAKES},
	{"POST " API "/entityOperations/create",
		"[{\"id\":\"urn:k:%1$lu\",\"type\":\"T\"},{\"id\":\"urn:a\",\"type\":\"T\"}]", 207, MAKES},
	{"GET " API "/entities/urn:a", "", 200, REPEATS},
	{"GET " API "/entities/urn:none", "", 404, READS},
	{"GET " API "/entities/urn:a?options=concise,sysAttrs&attrs=n,where", "", 200, REPEATS},
	{"GET " API "/entities?type=T&q=n%%3E0|names~=%%22La.*%%22&limit=5&offset=5&count=true", "", 200,
		REPEATS},
	{"GET " API
	 "/entities?type=T&georel=near;maxDistance==1000&geometry=Point&coordinates=[7,52]&orderBy=n",
		"", 200, REPEATS},
	{"POST " API "/entityOperations/query",
		"{\"type\":\"Query\",\"entities\":[{\"type\":\"T\"}],\"q\":\"n>0\",\"scopeQ\":\"/a/#\"}", 200,
		REPEATS},
	{"GET " API "/entities?type=T&q=n%%3E0&limit=3", "", 200, REPEATS},
	{"GET " API "/entities?type=T&q=n%%3E0|n%%3C-5&orderBy=n&limit=3&count=true", "", 200, REPEATS},
	{"GET " API "/entities?id=urn:a,urn:b&type=(T|U1);T&idPattern=a&scopeQ=/a/%%23", "", 200, REPEATS},
	{"GET " API "/entities/urn:a?join=inline&joinLevel=2", "", 200, REPEATS},
	{"GET " API "/entities?type=T&join=flat&limit=3", "", 200, REPEATS},
	{"GET " API "/entities/urn:a?join=flat&joinLevel=2", "", 200, REPEATS},
	{"POST " API "/entityOperations/merge", "[{\"id\":\"urn:a\",\"n\":{\"value\":%1$lu}}]", 204, CHANGES},
	{"POST " API "/entityOperations/update",
		"[{\"id\":\"urn:a\",\"n\":{\"type\":\"Property\",\"value\":%1$lu}}]", 204, CHANGES},
	{"PUT " API "/entities/urn:a", "{\"id\":\"urn:a\",\"type\":\"T\",\"n\":%1$lu," OTHERS "}", 204,
		CHANGES},
	{"POST " API "/entityOperations/delete", "[\"urn:k:%1$lu\"]", 204, DELETES},
	{"DELETE " API "/entities?type=T&id=urn:k:%1$lu", "", 204, DELETES},
	{"GET " API "/entities?type=Large&limit=1000", "", 200, REPEATS},
	{"GET " API "/types?details=true", "", 200, REPEATS},
	{"GET " API "/attributes/n", "", 200, REPEATS},
	{"GET " API "/nonsense", "", 404, READS},
	{"OPTIONS " API "/entities", "", 204, READS},
	{"POST " API "/jsonldContexts", "{\"@context\":{\"a%1$lu\":\"https://example.org/a\"}}", 201, READS},
	{"GET " API "/jsonldContexts?details=true", "", 200, READS},
	{"GET /metrics", "", 200, READS},
	{"GET /openapi", "", 200, REPEATS},
	{"GET /ready", "", 200, REPEATS},
};

static bool has(struct world *w, const char *id)
{
	char line[256];
	snprintf(line, sizeof line, "GET " API "/entities/%s", id);
	ask(w, line, "");
	assert_true(w->status == 200 || w->status == 404);
	return w->status == 200;
}

static unsigned long value_of_a(struct world *w)
{
	ask(w, "GET " API "/entities/urn:a?options=keyValues", "");
	assert_int_equal(w->status, 200);
	const char *at = strstr(w->answer, "\"n\":");
	assert_non_null(at);
	return strtoul(at + 4, NULL, 10);
}

/* Is this an answer that a request may get whose allocation failed? In a batch each fails alone. */
static bool refused(const struct world *w)
{
	return w->status == 0 || w->status == 500 || w->status == 503 ||
	       (w->status == 207 && strstr(w->answer, "OutOfMemory"));
}

static bool answered_as_done(const struct world *w, const struct request *r, unsigned long n)
{
	char listed[64];
	snprintf(listed, sizeof listed, "\"success\":[\"urn:k:%lu\"", n);
	return w->status == r->status && (w->status != 207 || strstr(w->answer, listed));
}

/* No answer, or 500 behind the commit: then it may be done or not. */
static void check_effect(struct world *w, const struct request *r, unsigned long n, bool done)
{
	char id[64];
	snprintf(id, sizeof id, "urn:k:%lu", n);
	switch (r->effect) {
	case READS:
	case REPEATS:
		break;
	case MAKES:
		assert_true(!done || has(w, id));
		break;
	case CHANGES:
		assert_true(!done || value_of_a(w) == n);
		break;
	case DELETES:
		assert_true(!done || !has(w, id));
		break;
	}
}

static void prepare(struct world *w, const struct request *r, unsigned long n)
{
	char body[128];
	if (r->effect != DELETES)
		return;
	snprintf(body, sizeof body, "{\"id\":\"urn:k:%lu\",\"type\":\"T\"}", n);
	ask(w, "POST " API "/entities", body);
	assert_int_equal(w->status, 201);
}

/* The last answer behind its date; the caller's to free. */
static char *told(const struct world *w)
{
	const char *from = strstr(w->answer, "Content-Type:");
	assert_non_null(from);
	return strdup(from);
}

static bool cut_visibly(const struct world *w)
{
	return strstr(w->answer, "chunked") && !strstr(w->answer, "\r\n0\r\n\r\n");
}

/* A condition, a page's link or a count that got lost for want of memory would make another answer. */
static void check_same(const struct world *w, const struct request *r, const char *expected)
{
	if (!expected || w->status != r->status || cut_visibly(w))
		return;
	char *body = told(w);
	if (strcmp(body, expected) != 0)
		print_error("%s: %s\nnot %s\n", r->line, w->answer, expected);
	assert_string_equal(body, expected);
	free(body);
}

static unsigned long every_allocation(struct world *w, const struct request *r, unsigned long *tries)
{
	unsigned long k = 0;
	char line[256], body[2048], *expected = NULL;
	for (bool failed = true; failed;) {
		unsigned long n = ++*tries;
		snprintf(line, sizeof line, r->line, n);
		snprintf(body, sizeof body, r->body, n);
		if (r->effect == REPEATS && !expected) {
			ask(w, line, body);
			expected = told(w);
		}
		prepare(w, r, n);
		failed = ask_failing(w, line, body, ++k);
		bool right = w->status == r->status || (failed && refused(w));
		if (!right)
			print_error("%s, allocation %lu: %d, not %d: %.600s\n", line, k, w->status, r->status,
				w->answer);
		assert_true(right);
		check_same(w, r, expected);
		check_effect(w, r, n, answered_as_done(w, r, n));
	}
	free(expected);
	return k - 1;
}

/* A list of these is more than one piece. */
static void make_large_ones(struct world *w)
{
	char body[4096];
	for (int i = 0; i < 60; i++) {
		snprintf(body, sizeof body,
			"{\"id\":\"urn:large:%d\",\"type\":\"Large\",\"pad\":\"%03000d\"}", i, 0);
		ask(w, "POST " API "/entities", body);
		assert_int_equal(w->status, 201);
	}
}

static void test_requests_without_memory(void **state)
{
	(void)state;
	static struct world w;
	unsigned long tries = 0;
	world_open(&w);
	ask(&w, "POST " API "/entities", "{\"id\":\"urn:a\",\"type\":\"T\"," ATTRIBUTES "}");
	assert_int_equal(w.status, 201);
	make_large_ones(&w);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		unsigned long places = every_allocation(&w, &requests[i], &tries);
		print_message("%lu allocations: %s\n", places, requests[i].line);
		assert_true(places > 0);
	}
	world_close(&w);
}

int main(void)
{
	cd_log_level_set(CD_LOG_ERROR);
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_requests_without_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
