#include "cli/demo.h"

#include "base/log.h"
#include "base/mem.h"
#include "cli/demo_place.h"
#include "ops/batch.h"
#include "json/json.h"

enum { BATCH = 500, TICK_MS = 200, LATE_MS = 1000 };

struct cd_demo {
	struct cd_place place;
	const struct cd_settings *set;
	struct cd_runner *runner;
	uv_timer_t timer;
	struct cd_arena arena; /* of the batch under way */
	struct cd_cx cx;
	struct cd_buf text;
	struct cd_op_batch op;
	bool open;            /* a batch is under way */
	uint64_t made, count; /* entities that were written, of how many */
	uint64_t next;        /* whose turn it is to speak */
	double owed;          /* changes, by the rate */
	cd_time_us last, begun;
	void (*then)(void *);
	void *then_arg;
};

static cd_time_us clock_of(const struct cd_demo *d)
{
	return d->place.begun + (cd_time_mono() - d->begun) * (cd_time_us)d->set->demo_speed;
}

static void again(struct cd_demo *d, unsigned ms);

static void finished(struct cd_op *op)
{
	struct cd_demo *d = op->owner;
	bool failed = d->cx.err.code != CD_OK;
	if (failed)
		cd_log(CD_LOG_WARN, "demo", 0, "tries again", d->cx.err.detail, NULL);
	else if (d->made < d->count)
		d->made += d->op.n;
	if (!failed && d->made == d->count && d->op.verb == CD_VERB_UPSERT)
		cd_log(CD_LOG_INFO, "demo", 0, "the place is built", NULL, "entities=%llu",
			(unsigned long long)d->count);
	for (uint32_t i = 0; i < d->op.n; i++)
		cd_ctx_unref(d->op.items[i].ctx);
	d->open = false;
	if (d->then)
		d->then(d->then_arg);
	else
		again(d, failed ? LATE_MS : d->made < d->count || d->owed >= 1 ? 0 : TICK_MS);
}

/* What stands in d->text, an array, as one batch. */
static bool submit(struct cd_demo *d, enum cd_verb verb, enum cd_body body)
{
	struct cd_json *list;
	cd_cx_init(&d->cx, &d->arena, d->set);
	if (d->text.bad || cd_json_parse_copy(&d->cx, cd_buf_str(&d->text), &list) || list->n == 0)
		return false;
	d->op = (struct cd_op_batch){.op = {.cx = &d->cx, .done = finished, .owner = d},
		.verb = verb,
		.body = body,
		.n = list->n,
		.items = CD_NEWS(&d->arena, struct cd_batch_item, list->n)};
	if (!d->op.items)
		return false;
	uint32_t i = 0;
	for (const struct cd_json *c = list->child; c; c = c->next, i++)
		d->op.items[i] = (struct cd_batch_item){.json = c, .ctx = cd_ctx_ref(cd_ctx_core())};
	d->open = true;
	cd_op_batch_begin(d->runner, &d->op);
	return true;
}

static void begin_text(struct cd_demo *d)
{
	cd_arena_reset(&d->arena);
	cd_buf_reset(&d->text);
	cd_buf_char(&d->text, '[');
}

/* As it is when its clock begins, however long this takes: the same seed and start, the same entities. */
static bool build(struct cd_demo *d)
{
	begin_text(d);
	for (uint64_t i = d->made; i < d->count && i < d->made + BATCH; i++) {
		if (i > d->made)
			cd_buf_char(&d->text, ',');
		cd_place_entity(&d->place, i, d->place.begun, &d->text);
	}
	cd_buf_char(&d->text, ']');
	return submit(d, CD_VERB_UPSERT, CD_BODY_ENTITY);
}

/* As many changes as the rate owes since the last time. */
static bool live(struct cd_demo *d)
{
	cd_time_us now = cd_time_mono(), at = clock_of(d);
	d->owed += (double)(now - d->last) / 1e6 * (double)d->set->demo_rate;
	d->last = now;
	begin_text(d);
	for (unsigned n = 0; d->owed >= 1 && n < BATCH; d->owed--) {
		size_t before = d->text.n;
		if (n)
			cd_buf_char(&d->text, ',');
		if (cd_place_news(&d->place, d->next++, at, &d->text))
			n++;
		else
			d->text.n = before;
	}
	d->owed = d->owed > BATCH ? BATCH : d->owed; /* what a slow disk keeps back is not made up for */
	cd_buf_char(&d->text, ']');
	return submit(d, CD_VERB_APPEND, CD_BODY_FRAGMENT);
}

static void on_timer(uv_timer_t *t)
{
	struct cd_demo *d = t->data;
	bool begun = d->made < d->count ? build(d) : live(d);
	if (!begun && !d->open)
		again(d, TICK_MS);
}

static void again(struct cd_demo *d, unsigned ms)
{
	(void)uv_timer_start(&d->timer, on_timer, ms, 0); /* fails only on a closing handle */
}

/* A twin that has entities is not built again: only its life goes on. */
static bool is_empty(struct cd_runner *runner)
{
	struct cd_reader *reader = cd_reader_new(cd_runner_store(runner));
	bool empty = true;
	if (!reader)
		return false;
	const struct cd_root *root = cd_pin(reader);
	empty = cd_tenant_count(root->tenants[0]) == 0;
	cd_unpin(reader, root);
	cd_reader_free(reader);
	return empty;
}

cd_code cd_demo_new(struct cd_cx *cx, const struct cd_settings *set, struct cd_runner *runner,
	uv_loop_t *loop, struct cd_demo **ret)
{
	struct cd_place place;
	cd_stamp start = cd_stamp_of(cd_time_wall(), 0);
	if (!set->demo[0])
		return CD_OK;
	if (set->demo_start[0] && !cd_stamp_parse(cd_str_z(set->demo_start), &start))
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, "demo_start", "Expected a time as 2026-06-01T07:30:00Z");
	if (!cd_place_init(&place, cd_str_z(set->demo), set->demo_seed, cd_stamp_us(start)))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "demo", "Expected village, city or metropolis");
	struct cd_demo *d = cd_mem_zalloc(sizeof *d);
	if (!d)
		return cd_fail_memory(cx);
	d->place = place;
	d->set = set;
	d->runner = runner;
	d->begun = d->last = cd_time_mono();
	d->count = cd_place_count(&place);
	d->made = is_empty(runner) ? 0 : d->count;
	cd_arena_init(&d->arena, set->request_memory);
	cd_buf_init(&d->text, 1 << 26);
	uv_timer_init(loop, &d->timer);
	d->timer.data = d;
	again(d, 0);
	*ret = d;
	return CD_OK;
}

void cd_demo_stop(struct cd_demo *d, void (*then)(void *), void *arg)
{
	uv_close((uv_handle_t *)&d->timer, NULL);
	d->then = then;
	d->then_arg = arg;
	if (!d->open)
		then(arg);
}

void cd_demo_free(struct cd_demo *d)
{
	if (!d)
		return;
	cd_arena_done(&d->arena);
	cd_buf_done(&d->text);
	cd_mem_free(d);
}
