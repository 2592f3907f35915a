/*
 * `cardo serve`: opens the parts in the order of the data flow, runs one thread for each loop, and closes in
 * the opposite order. Loop 0 is the main thread; it takes the signals and the control socket. A drain stops
 * the loops one by one; when the last has ended the store finishes its queue and writes a checkpoint.
 */
#include "cli/serve.h"

#include "base/log.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/demo.h"
#include "cli/system.h"
#include "ngsild/request.h"
#include "ui/routes.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct cd_loop {
	struct cd_serve *serve;
	unsigned index;
	pthread_t thread;
	uv_loop_t uv;
	uv_async_t stop;
	uv_signal_t signals[2];
	struct cd_metrics metrics;
	struct cd_edge edge;
	struct cd_http_server *http;
	struct cd_demo *demo; /* on loop 0, or NULL */
	struct cd_arena arena;
	struct cd_cx cx;
};

/* ---- one loop ---- */

static void drained(void *arg)
{
	struct cd_loop *l = arg;
	atomic_fetch_sub(&l->serve->ready, 1);
	cd_http_server_free(l->http);
	l->http = NULL;
	cd_events_free(l->edge.ui.events);
	cd_runner_free(l->edge.runner);
	l->edge.runner = NULL;
}

static void drain(void *arg)
{
	struct cd_loop *l = arg;
	cd_events_stop(l->edge.ui.events);
	cd_http_server_drain(l->http, drained, l);
}

static void on_stop(uv_async_t *async)
{
	struct cd_loop *l = async->data;
	uv_close((uv_handle_t *)async, NULL);
	if (l->demo)
		cd_demo_stop(l->demo, drain, l);
	else
		drain(l);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	struct cd_loop *l = handle->data;
	cd_log(CD_LOG_INFO, "serve", 0, "stops: no new connections, open requests are answered",
		signum == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
	for (int i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&l->signals[i], NULL);
	for (unsigned i = 0; i < l->serve->loops_n; i++)
		uv_async_send(&l->serve->loops[i].stop);
}

static void open_signals(struct cd_loop *l)
{
	static const int which[2] = {SIGTERM, SIGINT};
	for (int i = 0; i < 2; i++) {
		uv_signal_init(&l->uv, &l->signals[i]);
		l->signals[i].data = l;
		uv_signal_start(&l->signals[i], on_signal, which[i]);
	}
}

static cd_code open_control(struct cd_loop *l)
{
	cd_str path = cd_arena_printf(l->cx.arena, "%s/control.sock", l->serve->set.data);
	return path.p ? cd_http_listen_control(&l->cx, l->http, path.p) : cd_fail_memory(&l->cx);
}

static cd_code open_loop(struct cd_loop *l)
{
	struct cd_serve *s = l->serve;
	if (uv_loop_init(&l->uv) != 0 || uv_async_init(&l->uv, &l->stop, on_stop) != 0)
		return cd_fail(&l->cx, CD_E_INTERNAL, NULL, "The event loop can not be set up");
	l->stop.data = l;
	const struct cd_runner_config conf = {
		.loop = &l->uv,
		.store = s->store,
		.contexts = s->contexts,
		.set = &s->set,
		.metrics = &l->metrics,
		.allow_private =
			s->set.outbound_private == 1 || (s->set.outbound_private == 2 && s->loopback),
	};
	l->edge = (struct cd_edge){.serve = s, .router = s->router, .metrics = &l->metrics};
	l->edge.runner = cd_runner_new(&l->cx, &conf);
	if (!l->edge.runner)
		return l->cx.err.code;
	l->edge.ui = (struct cd_ui){l->edge.runner, cd_events_new(&l->uv, l->edge.runner, s->feed)};
	if (!l->edge.ui.events)
		return cd_fail_memory(&l->cx);
	l->http = cd_http_server_new(&l->uv, &s->set, &l->metrics, s->tls, &cd_edge_app, &l->edge);
	if (!l->http)
		return cd_fail_memory(&l->cx);
	cd_code code = cd_http_listen(&l->cx, l->http, cd_str_z(s->set.listen), s->loops_n > 1);
	if (!code && l->index == 0)
		code = open_control(l);
	if (!code && l->index == 0)
		code = cd_demo_new(&l->cx, &s->set, l->edge.runner, &l->uv, &l->demo);
	return code;
}

static void *run_loop(void *arg)
{
	struct cd_loop *l = arg;
	atomic_fetch_add(&l->serve->ready, 1);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	(void)uv_loop_close(&l->uv);
	return NULL;
}

/* ---- all of them ---- */

static cd_code open_loops(struct cd_cx *cx, struct cd_serve *s)
{
	s->loops_n = s->set.loops ? (unsigned)s->set.loops : (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	s->loops = cd_mem_zalloc(s->loops_n * sizeof *s->loops);
	s->metrics = cd_mem_zalloc((s->loops_n + 1) * sizeof *s->metrics);
	if (!s->loops || !s->metrics)
		return cd_fail_memory(cx);
	for (unsigned i = 0; i < s->loops_n; i++) {
		struct cd_loop *l = &s->loops[i];
		l->serve = s;
		l->index = i;
		cd_arena_init(&l->arena, 1 << 20);
		cd_cx_init(&l->cx, &l->arena, &s->set);
		s->metrics[i] = &l->metrics;
		if (open_loop(l))
			return cd_fail(cx, l->cx.err.code, l->cx.err.where, "%s", l->cx.err.detail);
	}
	return CD_OK;
}

/* A loop without its thread would leave those waiting whom the kernel gives to its listener. */
static cd_code start_loops(struct cd_cx *cx, struct cd_serve *s)
{
	for (unsigned i = 1; i < s->loops_n; i++)
		if (pthread_create(&s->loops[i].thread, NULL, run_loop, &s->loops[i]) != 0)
			return cd_fail(cx, CD_E_INTERNAL, "loops", "There is no thread for loop %u of %u", i,
				s->loops_n);
	return CD_OK;
}

static cd_code run_loops(struct cd_cx *cx, struct cd_serve *s)
{
	open_signals(&s->loops[0]);
	if (start_loops(cx, s))
		return cx->err.code;
	printf("Cardo %s listens on %s://%s\n", CARDO_VERSION, s->tls ? "https" : "http", s->set.listen);
	fflush(stdout);
	run_loop(&s->loops[0]);
	for (unsigned i = 1; i < s->loops_n; i++)
		pthread_join(s->loops[i].thread, NULL);
	for (unsigned i = 0; i < s->loops_n; i++) {
		cd_demo_free(s->loops[i].demo);
		cd_arena_done(&s->loops[i].arena);
	}
	return CD_OK;
}

/* ---- the process ---- */

static bool is_loopback(const char *listen)
{
	cd_str s = cd_str_z(listen);
	return cd_str_starts(s, CD_STR("127.")) || cd_str_starts(s, CD_STR("[::1]")) ||
	       cd_str_starts(s, CD_STR("localhost:"));
}

static cd_code check_settings(struct cd_cx *cx, struct cd_serve *s)
{
	enum cd_log_level level;
	s->loopback = is_loopback(s->set.listen);
	if (!cd_log_level_parse(cd_str_z(s->set.log_level), &level))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "log_level", "Expected debug, info, warn or error");
	cd_log_level_set(level);
	if (!cd_str_eq(cd_str_z(s->set.durability), CD_STR("disk")) &&
		!cd_str_eq(cd_str_z(s->set.durability), CD_STR("os")))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "durability", "Expected disk or os");
	if (!s->loopback && !s->set.insecure)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "listen",
			"%s can be reached from other machines, and everybody there may write; say "
			"--insecure if that is meant",
			s->set.listen);
	if (!s->set.tls_cert[0] != !s->set.tls_key[0])
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "tls_cert", "tls_cert and tls_key go together");
	return CD_OK;
}

static cd_code open_parts(struct cd_cx *cx, struct cd_serve *s, struct cd_metrics *writer)
{
	s->feed = cd_feed_new(&s->set);
	if (!s->feed)
		return cd_fail_memory(cx);
	s->participants[0] = cd_feed_participant(s->feed);
	const struct cd_store_config conf = {.set = &s->set,
		.fs = s->fs,
		.metrics = writer,
		.participants = s->participants,
		.threads = true};
	if (s->set.tls_cert[0] && !(s->tls = cd_http_tls_new(cx, s->set.tls_cert, s->set.tls_key)))
		return cx->err.code;
	s->contexts = cd_ctx_cache_new(cx, &s->set);
	s->router = cd_router_new();
	if (!s->contexts || !s->router)
		return cx->err.code ? cx->err.code : cd_fail_memory(cx);
	if (cd_router_add(s->router, cd_system_routes, cd_system_params, cd_system_params_n) ||
		cd_router_add(s->router, cd_ngsi_routes, cd_ngsi_params, cd_ngsi_params_n) ||
		cd_router_add(s->router, cd_ui_routes, cd_ui_params, cd_ui_params_n))
		return cd_fail_memory(cx);
	return cd_store_open(cx, &conf, &s->store);
}

static void close_parts(struct cd_serve *s)
{
	cd_store_close(s->store);
	cd_feed_free(s->feed);
	cd_router_free(s->router);
	cd_ctx_cache_free(s->contexts);
	cd_http_tls_free(s->tls);
	cd_mem_free(s->loops);
	cd_mem_free(s->metrics);
	cd_fs_free(s->fs);
}

/* Each connection is a descriptor: take what the machine gives. */
static void raise_descriptors(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r); /* else the old limit holds */
	}
}

static cd_code no_arguments(void *arg, struct cd_cx *cx, const char *flag, cd_str value)
{
	(void)arg, (void)flag;
	return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "\"" CD_STR_FMT "\" is not expected here",
		CD_STR_ARG(value));
}

static int serve(struct cd_cx *cx, struct cd_serve *s)
{
	static struct cd_metrics writer; /* outlives everything that counts in it */
	s->fs = cd_fs_new();
	if (!s->fs)
		return cd_fail_memory(cx), cd_cli_fail(cx);
	raise_descriptors();
	signal(SIGPIPE, SIG_IGN);
	if (open_parts(cx, s, &writer) || open_loops(cx, s))
		return cd_cli_fail(cx);
	s->metrics[s->loops_n] = &writer;
	s->metrics_n = s->loops_n + 1;
	return run_loops(cx, s) ? cd_cli_fail(cx) : 0;
}

int cd_cmd_serve(struct cd_cx *cx, int argc, char **argv)
{
	struct cd_serve s = {.loops_n = 0};
	cx->set = &s.set;
	if (cd_cli_settings(cx, &s.set, NULL, argc, argv, no_arguments, NULL) || check_settings(cx, &s))
		return cd_cli_fail(cx);
	int status = serve(cx, &s);
	if (status == 0)
		close_parts(&s);
	return status;
}
