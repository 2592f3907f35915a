/*
 * The runner: a thin shell around steps.
 *
 * Finished jobs come from the writer's thread over a lock-free stack and one wake-up per batch; everything
 * else happens on the loop's own thread. Operations that yield wait in a list which is worked off once per
 * turn of the loop (an idle handle keeps the loop from sleeping meanwhile), so that sockets get their turn
 * between two slices.
 *
 * The synchronous runner has the same drive(); where the loop would wait, it works off the store's queue
 * itself.
 */
#include "ops/runner.h"

#include "base/mem.h"

#include <stdatomic.h>

enum { SLICE_US = 200 };

struct cd_runner {
	struct cd_runner_config conf;
	struct cd_queue *queue;
	struct cd_reader *reader;
	uv_loop_t own_loop; /* of a synchronous runner: for remote contexts */
	uv_loop_t *loop;
	struct cd_client *client;
	struct cd_ctx_loader *loader;
	uv_async_t wake;
	uv_idle_t idle;
	bool wake_open;
	cd_time_us started;
	_Atomic(struct cd_job *) finished; /* pushed by post() (release), taken by collect() (acquire) */
	struct cd_op *tired, **tired_end;  /* operations that yielded */
	unsigned handles;                  /* uv handles that still close */
};

static void drive(struct cd_op *op);

bool cd_may(const struct cd_subject *subject, enum cd_action action, cd_str tenant)
{
	(void)subject, (void)action, (void)tenant;
	return true;
}

cd_code cd_may_or_fail(struct cd_cx *cx, enum cd_action action, cd_str tenant)
{
	const struct cd_subject nobody = {CD_STR_INIT("")};
	return cd_may(&nobody, action, tenant) ? CD_OK : cd_fail(cx, CD_E_FORBIDDEN, NULL, "Not allowed");
}

/* ---- pins ---- */

cd_code cd_op_pin(struct cd_op *op, const struct cd_tenant **ret)
{
	if (!op->root)
		op->root = cd_pin(op->runner->reader);
	if (!op->root)
		return cd_fail(op->cx, CD_E_BUSY, NULL,
			"Slow readers hold too many versions of the twin; try again");
	*ret = cd_root_tenant(op->root, op->tenant);
	if (!*ret)
		return cd_fail(op->cx, CD_E_NO_TENANT, "NGSILD-Tenant",
			"There is no tenant \"" CD_STR_FMT "\"", CD_STR_ARG(op->tenant));
	return CD_OK;
}

void cd_op_unpin(struct cd_op *op)
{
	if (op->root)
		cd_unpin(op->runner->reader, op->root);
	op->root = NULL;
}

bool cd_op_tired(const struct cd_op *op)
{
	return op->runner->conf.loop && cd_time_mono() >= op->slice_end;
}

/* ---- steps ---- */

static void finish(struct cd_op *op)
{
	cd_op_unpin(op);
	op->done(op);
}

/* The outcome of the whole job in the error slot; what single changes came to stands in their reports. */
static void committed(struct cd_op *op)
{
	if (op->job->code)
		(void)cd_fail(op->cx, op->job->code, NULL, "%s", cd_code_title(op->job->code));
	drive(op);
}

/* CD_OK: committed() goes on. Else nobody will: the next step must run now, with the error, and clear up. */
static cd_code submit(struct cd_op *op)
{
	struct cd_runner *r = op->runner;
	op->job->owner = op;
	cd_code code = cd_store_submit(r->queue, op->job);
	if (code) {
		(void)cd_fail(op->cx, code, NULL, "%s", cd_code_title(code));
		cd_metric_add(r->conf.metrics, CD_M_writes_busy, code == CD_E_BUSY);
	}
	return code;
}

static void work_run(uv_work_t *w)
{
	struct cd_op *op = w->data;
	op->work(op);
}

static void work_done(uv_work_t *w, int status)
{
	(void)status;
	drive(w->data);
}

static cd_code begin_work(struct cd_op *op)
{
	uv_work_t *w = cd_arena_alloc(op->cx->arena, sizeof *w);
	if (!w)
		return cd_fail_memory(op->cx);
	w->data = op;
	if (uv_queue_work(op->runner->loop, w, work_run, work_done) != 0)
		return cd_fail(op->cx, CD_E_BUSY, NULL, "No thread for this work");
	return CD_OK;
}

static void wait_for(struct cd_op *op)
{
	cd_code code = CD_OK;
	cd_op_unpin(op);
	if (op->need == CD_NEED_COMMIT)
		code = submit(op);
	else if (op->need == CD_NEED_WORK)
		code = begin_work(op);
	if (code)
		drive(op);
	/* CD_NEED_ROOM: cd_op_room() goes on */
}

static void on_idle(uv_idle_t *idle);

static void put_off(struct cd_op *op)
{
	struct cd_runner *r = op->runner;
	op->link = NULL;
	*r->tired_end = op;
	r->tired_end = &op->link;
	uv_idle_start(&r->idle, on_idle);
}

static void drive(struct cd_op *op)
{
	op->slice_end = cd_time_mono() + SLICE_US;
	op->need = CD_NEED_NONE;
	switch (op->next(op)) {
	case CD_STEP_DONE:
		finish(op);
		break;
	case CD_STEP_YIELD:
		put_off(op);
		break;
	case CD_STEP_WAIT:
		wait_for(op);
		break;
	}
}

/* One slice for each operation that waited when the turn began. */
static void on_idle(uv_idle_t *idle)
{
	struct cd_runner *r = idle->data;
	struct cd_op *op = r->tired;
	r->tired = NULL;
	r->tired_end = &r->tired;
	while (op) {
		struct cd_op *next = op->link;
		drive(op);
		op = next;
	}
	if (!r->tired)
		uv_idle_stop(idle);
}

void cd_op_room(struct cd_op *op)
{
	if (op->need == CD_NEED_ROOM)
		drive(op);
}

static void run_sync(struct cd_op *op)
{
	enum cd_step step = CD_STEP_YIELD;
	while (step != CD_STEP_DONE) {
		op->need = CD_NEED_NONE;
		step = op->next(op);
		if (step != CD_STEP_WAIT)
			continue;
		cd_op_unpin(op);
		if (op->need == CD_NEED_WORK)
			op->work(op);
		if (op->need != CD_NEED_COMMIT)
			continue;
		if (submit(op))
			continue;
		while (atomic_load(&op->runner->finished) == NULL)
			(void)cd_store_run(op->runner->conf.store);
		atomic_store(&op->runner->finished, NULL);
		if (op->job->code)
			(void)cd_fail(op->cx, op->job->code, NULL, "%s", cd_code_title(op->job->code));
	}
	finish(op);
}

void cd_op_begin(struct cd_runner *r, struct cd_op *op)
{
	op->runner = r;
	op->root = NULL;
	if (cd_may_or_fail(op->cx, op->action, op->tenant))
		finish(op);
	else if (r->conf.loop)
		drive(op);
	else
		run_sync(op);
}

/* ---- finished jobs ---- */

/* On the writer's thread: push the whole list, wake the loop. */
static void post(void *arg, struct cd_job *list)
{
	struct cd_runner *r = arg;
	struct cd_job *last = list;
	while (last->next)
		last = last->next;
	struct cd_job *head = atomic_load_explicit(&r->finished, memory_order_relaxed);
	do
		last->next = head;
	while (!atomic_compare_exchange_weak_explicit(&r->finished, &head, list, memory_order_release,
		memory_order_relaxed)); /* pairs with collect() */
	if (r->conf.loop)
		uv_async_send(&r->wake);
}

static void collect(uv_async_t *wake)
{
	struct cd_runner *r = wake->data;
	struct cd_job *job = atomic_exchange_explicit(&r->finished, NULL, memory_order_acquire);
	while (job) {
		struct cd_job *next = job->next;
		committed(job->owner);
		job = next;
	}
	cd_ctx_loader_woken(r->loader);
}

/* ---- remote contexts through the one client ---- */

struct fetch {
	void (*done)(void *, const struct cd_ctx_fetched *);
	void *arg;
};

static cd_str answer_field(const struct cd_client_answer *a, const char *name)
{
	for (size_t i = 0; i < a->fields_n; i++)
		if (cd_str_eq(a->fields[i].name, cd_str_z(name)))
			return a->fields[i].value;
	return cd_str_of(NULL, 0);
}

static void fetched(void *arg, const struct cd_client_answer *a)
{
	struct fetch f = *(struct fetch *)arg;
	cd_mem_free(arg);
	struct cd_ctx_fetched got = {
		.code = a->code,
		.detail = a->detail,
		.status = a->status,
		.body = a->body,
		.final_url = a->final_url,
		.etag = answer_field(a, "etag"),
		.cache_control = answer_field(a, "cache-control"),
		.expires = answer_field(a, "expires"),
		.date = answer_field(a, "date"),
		.age = answer_field(a, "age"),
		.link = answer_field(a, "link"),
		.media = answer_field(a, "content-type"),
	};
	f.done(f.arg, &got);
}

static bool fetch_get(void *arg, cd_str url, cd_str etag, void (*done)(void *, const struct cd_ctx_fetched *),
	void *done_arg)
{
	struct cd_runner *r = arg;
	struct fetch *f = cd_mem_alloc(sizeof *f);
	if (!f)
		return false;
	*f = (struct fetch){done, done_arg};
	struct cd_http_field fields[] = {
		{CD_STR_INIT("Accept"),
			CD_STR_INIT("application/ld+json, application/json;q=0.9, */*;q=0.1")},
		{CD_STR_INIT("If-None-Match"), etag},
	};
	struct cd_client_req req = {
		.method = CD_GET,
		.url = url,
		.fields = fields,
		.fields_n = etag.n ? 2 : 1,
		.answer_max = r->conf.set->context_bytes,
		.timeout_us = (cd_time_us)r->conf.set->context_timeout,
		.done = fetched,
		.arg = f,
	};
	if (cd_client_send(r->client, &req))
		return true;
	cd_mem_free(f);
	return false;
}

/* Any thread: another loop has fetched what this one may wait for. */
static void fetched_elsewhere(void *arg)
{
	struct cd_runner *r = arg;
	uv_async_send(&r->wake);
}

struct sync_wait {
	bool ready;
	struct cd_ctx *ctx;
	struct cd_cx *cx;
	cd_code code;
};

static void sync_ready(void *arg, struct cd_ctx *ctx, const struct cd_err *err)
{
	struct sync_wait *w = arg;
	w->ready = true;
	w->ctx = ctx;
	if (!ctx)
		w->code = cd_fail(w->cx, err->code, err->where, "%s", err->detail);
}

cd_code cd_runner_context(struct cd_runner *r, struct cd_cx *cx, const struct cd_json *value,
	void (*ready)(void *arg, struct cd_ctx *, const struct cd_err *), void *arg, struct cd_ctx **ret,
	struct cd_ctx_wait **ret_wait)
{
	if (r->conf.loop)
		return cd_ctx_get(r->loader, cx, value, ready, arg, ret, ret_wait);
	struct sync_wait w = {.cx = cx};
	cd_code code = cd_ctx_get(r->loader, cx, value, sync_ready, &w, ret, ret_wait);
	if (code || *ret)
		return code;
	while (!w.ready)
		uv_run(r->loop, UV_RUN_ONCE);
	*ret = w.ctx;
	return w.code;
}

struct cd_ctx_cache *cd_runner_contexts(const struct cd_runner *r)
{
	return r->conf.contexts;
}

cd_code cd_runner_context_reload(
	struct cd_runner *r, struct cd_cx *cx, cd_str url, void (*done)(void *arg, bool ok), void *arg)
{
	return cd_ctx_reload(r->loader, cx, url, done, arg);
}

/* ---- life ---- */

static bool open_handles(struct cd_runner *r)
{
	if (uv_idle_init(r->loop, &r->idle) != 0 || uv_async_init(r->loop, &r->wake, collect) != 0)
		return false;
	r->idle.data = r->wake.data = r;
	r->wake_open = true;
	r->handles = 2;
	return true;
}

static bool open_parts(struct cd_runner *r, struct cd_cx *cx)
{
	struct cd_ctx_fetcher fetcher = {.get = fetch_get, .arg = r, .wake = fetched_elsewhere};
	r->client = cd_client_new(r->loop, r->conf.set, r->conf.allow_private);
	r->loader = cd_ctx_loader_new(r->conf.contexts, &fetcher, r->conf.metrics);
	if (r->conf.store) {
		r->reader = cd_reader_new(r->conf.store);
		r->queue = cd_queue_new(r->conf.store, post, r);
	}
	if (r->client && r->loader && (!r->conf.store || (r->reader && r->queue)))
		return true;
	(void)cd_fail_memory(cx);
	return false;
}

struct cd_runner *cd_runner_new(struct cd_cx *cx, const struct cd_runner_config *conf)
{
	struct cd_runner *r = cd_mem_zalloc(sizeof *r);
	if (!r) {
		(void)cd_fail_memory(cx);
		return NULL;
	}
	r->conf = *conf;
	r->started = cd_time_mono();
	r->tired_end = &r->tired;
	r->loop = conf->loop;
	if (!r->loop && uv_loop_init(&r->own_loop) == 0)
		r->loop = &r->own_loop;
	if (!r->loop || !open_handles(r) || !open_parts(r, cx)) {
		(void)cd_fail(cx, CD_E_INTERNAL, NULL, "The event loop can not be set up");
		cd_runner_free(r);
		return NULL;
	}
	return r;
}

static void closed(uv_handle_t *h)
{
	struct cd_runner *r = h->data;
	if (--r->handles == 0 && r->conf.loop)
		cd_mem_free(r);
}

void cd_runner_free(struct cd_runner *r)
{
	if (!r)
		return;
	cd_queue_free(r->queue);
	cd_reader_free(r->reader);
	cd_client_free(r->client); /* ends the fetches of the loader */
	cd_ctx_loader_free(r->loader);
	bool own = r->loop && r->loop == &r->own_loop;
	if (r->wake_open) {
		uv_close((uv_handle_t *)&r->idle, closed);
		uv_close((uv_handle_t *)&r->wake, closed);
	}
	if (own) {
		uv_run(r->loop, UV_RUN_DEFAULT);
		(void)uv_loop_close(r->loop);
	}
	if (own || !r->wake_open)
		cd_mem_free(r);
}

struct cd_store *cd_runner_store(const struct cd_runner *r)
{
	return r->conf.store;
}

const struct cd_names *cd_runner_names(const struct cd_runner *r)
{
	return cd_store_names(r->conf.store);
}

struct cd_metrics *cd_runner_metrics(const struct cd_runner *r)
{
	return r->conf.metrics;
}

const struct cd_settings *cd_runner_settings(const struct cd_runner *r)
{
	return r->conf.set;
}

cd_time_us cd_runner_started(const struct cd_runner *r)
{
	return r->started;
}
