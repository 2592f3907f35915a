/*
 * Listeners. A request passes through: tenant (an operation that pins the newest root), names (the @context
 * that answers without one have), the head of the answer; then it starts with the next tick, and its audience
 * (the listeners of one tenant) takes it in.
 *
 * A tick reads the feed once for all: whose change each one was, for the counts, and the newest of each
 * audience in full; the text is made once for an audience. What a stream says, in this order:
 *
 *   ready {revision}   what follows is what happened after that revision, told or counted
 *   resync {revision}  something was lost, nobody knows what: read the twin again; then as after ready
 *   missed {count}     so many changes are not told
 *   change {...}       one change; its event's id is its revision, to come back with (Last-Event-ID)
 */
#include "ui/events.h"

#include "base/mem.h"
#include "http/problem.h"
#include "json/json.h"

enum {
	TICK_MS = 200,
	SHOWN = 40,        /* of one tick, to each listener */
	REPLAYED = 200,    /* to one that comes back */
	STARTS = 8,        /* listeners that start in one tick: each may read all of the feed */
	LINGER_MS = 60000, /* the feed stays awake for those who come back */
	BEAT_MS = 15000,
	PIECE_MAX = 1 << 20,
	CHAINS = 64
};

/* The newest of a number of changes. */
struct picked {
	uint64_t count;
	unsigned most;
	uint64_t newest[REPLAYED];
};

struct listener {
	struct listener *next;
	struct cd_events *events;
	struct cd_http_req *req;
	uint32_t tenant;
	bool returns;    /* with Last-Event-ID; else it is new: */
	uint64_t after;  /* it knows of what is up to this revision; UINT64_MAX: nobody knows of what */
	bool lost;       /* is to be told to read again */
	uint64_t missed; /* not yet told */
	uint64_t wrote_ms;
	/* on its way in */
	struct cd_op op;
	struct cd_ctx_wait *wait;
};

struct audience {
	struct audience *chain;
	uint32_t tenant;
	struct listener *listeners;
	struct picked picked;
	uint64_t missed;
	struct cd_buf text;
};

struct cd_events {
	struct cd_runner *runner;
	struct cd_feed *feed;
	uv_timer_t *timer;
	struct listener *starting, **starting_end;
	struct audience *audiences[CHAINS]; /* by tenant; none is empty between two ticks */
	unsigned listeners_n;
	struct cd_ctx *ctx;
	struct cd_arena arena; /* of one tick */
	uint64_t told;         /* revision up to which all audiences are told */
	bool awake, stopped;
};

static void put_revision(struct cd_buf *b, const char *event, uint64_t revision)
{
	cd_buf_printf(b, "event: %s\nid: %llu\ndata: {\"revision\":%llu}\n\n", event,
		(unsigned long long)revision, (unsigned long long)revision);
}

static void put_missed(struct cd_buf *b, uint64_t count)
{
	if (count)
		cd_buf_printf(b, "event: missed\ndata: {\"count\":%llu}\n\n", (unsigned long long)count);
}

/* ---- one change as text ---- */

static void put_names(struct cd_events *ev, struct cd_buf *b, const cd_term *terms, unsigned n)
{
	const struct cd_names *names = cd_runner_names(ev->runner);
	cd_buf_char(b, '[');
	for (unsigned i = 0; i < n; i++) {
		if (i)
			cd_buf_char(b, ',');
		cd_json_write_string(b, cd_ctx_name(ev->ctx, &ev->arena, names, terms[i]));
	}
	cd_buf_char(b, ']');
}

static void put_change(
	struct cd_events *ev, struct cd_buf *b, uint64_t revision, const struct cd_feed_change *c)
{
	static const char *const verbs[] = {[CD_FEED_CREATE] = "create",
		[CD_FEED_UPDATE] = "update",
		[CD_FEED_REPLACE] = "replace",
		[CD_FEED_DELETE] = "delete",
		[CD_FEED_EXPIRE] = "expire"};
	cd_buf_printf(b, "event: change\nid: %llu\ndata: {\"revision\":%llu,\"at\":\"",
		(unsigned long long)revision, (unsigned long long)revision);
	cd_buf_stamp(b, cd_stamp_of(c->at, 6));
	cd_buf_printf(b, "\",\"verb\":\"%s\",\"id\":", verbs[c->verb]);
	cd_json_write_string(b, c->id);
	CD_BUF_LIT(b, ",\"type\":");
	put_names(ev, b, c->types, c->types_n);
	CD_BUF_LIT(b, ",\"attributes\":");
	put_names(ev, b, c->attributes, c->attributes_n);
	if (c->attributes_more)
		cd_buf_printf(b, ",\"more\":%u", c->attributes_more);
	CD_BUF_LIT(b, "}\n\n");
}

static void pick(struct picked *p, uint64_t revision)
{
	p->newest[p->count++ % p->most] = revision;
}

/* Oldest first. How many of them there was no record of any more, or that were too many, comes back. */
static uint64_t put_picked(struct cd_events *ev, struct cd_buf *b, const struct picked *p)
{
	struct cd_feed_change change;
	uint64_t shown = 0;
	for (uint64_t i = p->count > p->most ? p->count - p->most : 0; i < p->count; i++) {
		uint64_t revision = p->newest[i % p->most];
		if (!cd_feed_get(ev->feed, revision, &change))
			continue;
		put_change(ev, b, revision, &change);
		shown++;
	}
	cd_metric_add(cd_runner_metrics(ev->runner), CD_M_events_told, shown);
	return p->count - shown;
}

/* ---- listeners ---- */

static uint64_t now_ms(const struct cd_events *ev)
{
	return uv_now(ev->timer->loop);
}

static void put_piece(struct listener *l, struct cd_buf *piece)
{
	if (piece->n)
		l->wrote_ms = now_ms(l->events);
	(void)cd_http_stream_put(l->req, piece); /* the next tick looks at what has left */
}

/* It was no slow request. */
static void end(struct listener *l)
{
	struct cd_events *ev = l->events;
	ev->listeners_n--;
	cd_feed_leave(ev->feed);
	cd_metric_sub(cd_runner_metrics(ev->runner), CD_M_events_listeners, 1);
	l->req->began_us = cd_time_mono();
	cd_http_stream_end(l->req); /* the listener's memory is the request's */
}

static struct audience *audience_of(struct cd_events *ev, uint32_t tenant)
{
	struct audience *a = ev->audiences[tenant % CHAINS];
	while (a && a->tenant != tenant)
		a = a->chain;
	return a;
}

static struct audience *audience_new(struct cd_events *ev, uint32_t tenant)
{
	struct audience *a = cd_mem_zalloc(sizeof *a);
	if (!a)
		return NULL;
	a->tenant = tenant;
	a->picked.most = SHOWN;
	cd_buf_init(&a->text, PIECE_MAX);
	a->chain = ev->audiences[tenant % CHAINS];
	ev->audiences[tenant % CHAINS] = a;
	return a;
}

static void each_audience(
	struct cd_events *ev, void (*fn)(struct cd_events *, struct audience *, uint64_t), uint64_t version)
{
	for (unsigned i = 0; i < CHAINS; i++)
		for (struct audience *a = ev->audiences[i]; a; a = a->chain)
			fn(ev, a, version);
}

/* Those who have gone, and the audiences that nobody is left of. */
static void sweep(struct cd_events *ev, bool all)
{
	for (unsigned i = 0; i < CHAINS; i++) {
		for (struct audience **at = &ev->audiences[i]; *at;) {
			struct audience *a = *at;
			for (struct listener **l = &a->listeners; *l;) {
				struct listener *gone = *l;
				if (!all && !cd_http_gone(gone->req)) {
					l = &gone->next;
					continue;
				}
				*l = gone->next;
				end(gone);
			}
			if (a->listeners) {
				at = &a->chain;
				continue;
			}
			*at = a->chain;
			cd_buf_done(&a->text);
			cd_mem_free(a);
		}
	}
}

/* ---- a tick ---- */

static void lose(struct cd_events *ev, struct audience *a, uint64_t version)
{
	(void)ev, (void)version;
	for (struct listener *l = a->listeners; l; l = l->next)
		l->lost = true;
}

static void read_feed(struct cd_events *ev, uint64_t version)
{
	uint32_t tenant;
	for (uint64_t r = ev->told + 1; r <= version; r++) {
		if (!cd_feed_tenant(ev->feed, r, &tenant)) { /* the writer has overtaken us */
			each_audience(ev, lose, version);
			return;
		}
		struct audience *a = audience_of(ev, tenant);
		if (a)
			pick(&a->picked, r);
	}
}

static void write_text(struct cd_events *ev, struct audience *a, uint64_t version)
{
	(void)version;
	cd_buf_reset(&a->text);
	a->missed = a->picked.count ? put_picked(ev, &a->text, &a->picked) : 0;
	if (a->text.bad) { /* no memory: it is counted, not told */
		a->missed = a->picked.count;
		cd_buf_done(&a->text);
		cd_buf_init(&a->text, PIECE_MAX);
	}
}

static void tell_one(struct listener *l, const struct audience *a, uint64_t version)
{
	struct cd_events *ev = l->events;
	struct cd_buf piece;
	if (cd_http_stream_waiting(l->req)) { /* slow */
		l->missed += a->picked.count;
		return;
	}
	cd_buf_init(&piece, PIECE_MAX);
	if (l->lost) {
		put_revision(&piece, "resync", version);
	} else {
		put_missed(&piece, l->missed + a->missed);
		cd_buf_put(&piece, cd_buf_str(&a->text));
	}
	if (piece.n == 0 && now_ms(ev) - l->wrote_ms >= BEAT_MS)
		CD_BUF_LIT(&piece, ":\n\n");
	if (piece.bad) {
		l->missed += a->picked.count;
		cd_buf_done(&piece);
		return;
	}
	if (!l->lost)
		cd_metric_add(cd_runner_metrics(ev->runner), CD_M_events_missed, l->missed + a->missed);
	l->missed = 0;
	l->lost = false;
	if (piece.n)
		put_piece(l, &piece);
}

static void tell(struct cd_events *ev, struct audience *a, uint64_t version)
{
	(void)ev;
	for (struct listener *l = a->listeners; l; l = l->next)
		tell_one(l, a, version);
	a->picked.count = 0;
	a->missed = 0;
}

/* What has happened since it came, or was here the last time; false: too much is lost. */
static bool put_start(struct cd_events *ev, struct listener *l, uint64_t version, struct cd_buf *piece)
{
	struct picked p = {.most = REPLAYED};
	struct cd_buf text;
	uint32_t tenant = 0;
	if (l->after > version || !cd_feed_reaches(ev->feed, l->after, version))
		return false;
	for (uint64_t r = l->after + 1; r <= version; r++) {
		if (!cd_feed_tenant(ev->feed, r, &tenant))
			return false;
		if (tenant == l->tenant)
			pick(&p, r);
	}
	put_revision(piece, "ready", l->after);
	cd_buf_init(&text, PIECE_MAX);
	put_missed(piece, put_picked(ev, &text, &p));
	cd_buf_put(piece, cd_buf_str(&text));
	bool good = !text.bad;
	cd_buf_done(&text);
	return good;
}

static void start_one(struct cd_events *ev, struct listener *l, uint64_t version)
{
	struct audience *a = audience_of(ev, l->tenant);
	struct cd_buf piece;
	if (!a)
		a = audience_new(ev, l->tenant);
	if (!a || cd_http_gone(l->req)) {
		end(l);
		return;
	}
	l->next = a->listeners;
	a->listeners = l;
	cd_buf_init(&piece, PIECE_MAX);
	if (!put_start(ev, l, version, &piece)) {
		cd_buf_reset(&piece);
		put_revision(&piece, "resync", version);
	}
	if (piece.bad) {
		l->lost = true;
		cd_buf_done(&piece);
		return;
	}
	put_piece(l, &piece);
}

static void start_some(struct cd_events *ev, uint64_t version)
{
	for (unsigned n = 0; ev->starting && n < STARTS; n++) {
		struct listener *l = ev->starting;
		ev->starting = l->next;
		if (!ev->starting)
			ev->starting_end = &ev->starting;
		start_one(ev, l, version);
	}
}

static void on_tick(uv_timer_t *timer);

/* Nobody is left: those who come back soon shall find what they missed. */
static void linger(struct cd_events *ev)
{
	uv_timer_start(ev->timer, on_tick, LINGER_MS, 0);
}

static void on_tick(uv_timer_t *timer)
{
	struct cd_events *ev = timer->data;
	uint64_t version = cd_store_version(cd_runner_store(ev->runner));
	if (ev->listeners_n == 0) {
		uv_timer_stop(timer);
		ev->awake = false;
		cd_feed_rest(ev->feed);
		return;
	}
	if (cd_feed_reaches(ev->feed, ev->told, version))
		read_feed(ev, version);
	else
		each_audience(ev, lose, version);
	each_audience(ev, write_text, version);
	each_audience(ev, tell, version);
	ev->told = version;
	start_some(ev, version);
	sweep(ev, false);
	cd_arena_reset(&ev->arena);
	if (ev->listeners_n == 0)
		linger(ev);
}

/* ---- on the way in ---- */

static void refuse(struct cd_http_req *req)
{
	const struct cd_http_field later = {
		CD_STR_INIT("Retry-After"), req->cx.err.code == CD_E_BUSY ? CD_STR("5") : cd_str_of(NULL, 0)};
	cd_problem_reply(req, CD_SURFACE_NGSILD, &later, 1);
}

static bool wake(struct cd_events *ev)
{
	if (!ev->awake && !cd_feed_wake(ev->feed))
		return false;
	if (!ev->awake || ev->listeners_n == 0) {
		ev->told = cd_store_version(cd_runner_store(ev->runner));
		uv_timer_start(ev->timer, on_tick, TICK_MS, TICK_MS);
	}
	ev->awake = true;
	return true;
}

static cd_code check_in(struct cd_events *ev, struct cd_http_req *req)
{
	if (ev->stopped)
		return cd_fail(&req->cx, CD_E_BUSY, NULL, "The twin is being stopped");
	if (!cd_feed_enter(ev->feed))
		return cd_fail(&req->cx, CD_E_BUSY, NULL, "All %llu places of listeners are taken",
			(unsigned long long)req->cx.set->events_max);
	if (wake(ev))
		return CD_OK;
	cd_feed_leave(ev->feed);
	return cd_fail_memory(&req->cx);
}

static void begin(struct listener *l)
{
	static const struct cd_http_field fields[] = {
		{CD_STR_INIT("Content-Type"), CD_STR_INIT("text/event-stream")},
		{CD_STR_INIT("Cache-Control"), CD_STR_INIT("no-store")},
		{CD_STR_INIT("X-Accel-Buffering"),
			CD_STR_INIT("no")}}; /* proxies of that kind would hold it back */
	struct cd_events *ev = l->events;
	struct cd_buf hello;
	if (check_in(ev, l->req)) {
		refuse(l->req);
		return;
	}
	if (!l->returns) /* once the feed is awake, and before the head: what it reads after that is not older
			  */
		l->after = cd_store_version(cd_runner_store(ev->runner));
	ev->listeners_n++;
	cd_metric_add(cd_runner_metrics(ev->runner), CD_M_events_listeners, 1);
	cd_http_stream_begin(l->req, 200, fields, sizeof fields / sizeof *fields);
	cd_http_stream_endless(l->req);
	if (l->req->method == CD_HEAD) {
		end(l);
		return;
	}
	cd_buf_init(&hello, 256);
	CD_BUF_LIT(&hello, "retry: 2000\n\n");
	put_piece(l, &hello);
	*ev->starting_end = l;
	ev->starting_end = &l->next;
}

static void context_here(void *arg, struct cd_ctx *ctx, const struct cd_err *err)
{
	struct listener *l = arg;
	(void)err; /* names are told in full then */
	if (ctx) {
		cd_ctx_unref(l->events->ctx);
		l->events->ctx = ctx;
	}
	begin(l);
}

static enum cd_step find_tenant(struct cd_op *op)
{
	struct listener *l = op->owner;
	const struct cd_tenant *t;
	if (!cd_op_pin(op, &t))
		l->tenant = t->number;
	return CD_STEP_DONE;
}

static void tenant_found(struct cd_op *op)
{
	struct listener *l = op->owner;
	struct cd_ctx *ctx = NULL;
	if (op->cx->err.code) {
		refuse(l->req);
		return;
	}
	cd_code code = cd_runner_context(l->events->runner, op->cx, NULL, context_here, l, &ctx, &l->wait);
	if (code)
		cd_cx_clear(op->cx);
	if (code || ctx)
		context_here(l, ctx, NULL);
}

void cd_events_listen(struct cd_events *ev, struct cd_http_req *req, cd_str tenant)
{
	struct listener *l = CD_NEW(req->cx.arena, struct listener);
	unsigned long long after;
	if (!l) {
		(void)cd_fail_memory(&req->cx);
		refuse(req);
		return;
	}
	*l = (struct listener){.events = ev, .req = req};
	cd_str last = cd_http_field(req, CD_STR("last-event-id"));
	l->returns = last.n > 0;
	l->after =
		last.n && cd_str_u64(last, &after) ? after : UINT64_MAX; /* not one of ours: it starts anew */
	l->op = (struct cd_op){.cx = &req->cx,
		.tenant = tenant,
		.action = CD_ACT_READ,
		.next = find_tenant,
		.done = tenant_found,
		.owner = l};
	cd_op_begin(ev->runner, &l->op);
}

/* ---- life ---- */

struct cd_events *cd_events_new(uv_loop_t *loop, struct cd_runner *runner, struct cd_feed *feed)
{
	struct cd_events *ev = cd_mem_zalloc(sizeof *ev);
	uv_timer_t *timer = cd_mem_zalloc(sizeof *timer);
	if (!ev || !timer || uv_timer_init(loop, timer) != 0) {
		cd_mem_free(ev);
		cd_mem_free(timer);
		return NULL;
	}
	timer->data = ev;
	*ev = (struct cd_events){
		.runner = runner, .feed = feed, .timer = timer, .ctx = cd_ctx_ref(cd_ctx_core())};
	ev->starting_end = &ev->starting;
	cd_arena_init(&ev->arena, PIECE_MAX);
	return ev;
}

static void timer_closed(uv_handle_t *h)
{
	cd_mem_free(h);
}

void cd_events_stop(struct cd_events *ev)
{
	if (!ev || ev->stopped)
		return;
	ev->stopped = true;
	while (ev->starting) {
		struct listener *l = ev->starting;
		ev->starting = l->next;
		end(l);
	}
	ev->starting_end = &ev->starting;
	sweep(ev, true);
	if (ev->awake)
		cd_feed_rest(ev->feed);
	ev->awake = false;
	uv_close((uv_handle_t *)ev->timer, timer_closed);
	ev->timer = NULL;
}

void cd_events_free(struct cd_events *ev)
{
	if (!ev)
		return;
	cd_ctx_unref(ev->ctx);
	cd_arena_done(&ev->arena);
	cd_mem_free(ev);
}
