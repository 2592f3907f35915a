/*
 * A purge of several jobs: that it takes all and no more, what it says and frees when one of them is refused,
 * and the time of what it changes.
 */
#include "jsonld/cache.h"
#include "ops/batch.h"
#include "ops/purge.h"
#include "ops/runner.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { MANY = 2500, PER_BATCH = 500, PER_JOB = 1000, SECOND = 1000000 };

static struct world {
	struct cd_settings set;
	struct cd_metrics metrics, writer;
	struct cd_fs *fs;
	struct cd_store *store;
	struct cd_ctx_cache *contexts;
	struct cd_runner *runner;
	uv_loop_t loop;
	struct work {
		struct cd_arena arena;
		struct cd_cx cx;
		bool done;
	} asked, made; /* the purge; what fills the twin */
	char folder[128];
} * w;

static int begin(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	w = calloc(1, sizeof *w);
	cd_settings_init(&w->set);
	snprintf(w->folder, sizeof w->folder, "%s/cardo-purge-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(w->folder));
	w->set.data = w->folder;
	w->set.durability = "os";
	w->set.checkpoint_map = 1 << 28;
	w->fs = cd_fs_new();
	cd_arena_init(&w->asked.arena, 1 << 26);
	cd_arena_init(&w->made.arena, 1 << 26);
	cd_cx_init(&w->asked.cx, &w->asked.arena, &w->set);
	const struct cd_store_config store = {.set = &w->set, .fs = w->fs, .metrics = &w->writer};
	assert_int_equal(cd_store_open(&w->asked.cx, &store, &w->store), CD_OK);
	w->contexts = cd_ctx_cache_new(&w->asked.cx, &w->set);
	assert_non_null(w->contexts);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	const struct cd_runner_config runner = {.loop = &w->loop,
		.store = w->store,
		.contexts = w->contexts,
		.set = &w->set,
		.metrics = &w->metrics};
	w->runner = cd_runner_new(&w->asked.cx, &runner);
	assert_non_null(w->runner);
	return 0;
}

static int end(void **state)
{
	(void)state;
	char line[256];
	cd_runner_free(w->runner);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	cd_store_close(w->store);
	cd_ctx_cache_free(w->contexts);
	cd_fs_free(w->fs);
	cd_arena_done(&w->asked.arena);
	cd_arena_done(&w->made.arena);
	snprintf(line, sizeof line, "rm -rf '%s'", w->folder);
	assert_int_equal(system(line), 0);
	free(w);
	return 0;
}

/* ---- operations ---- */

static void on_done(struct cd_op *op)
{
	((struct work *)op->owner)->done = true;
}

static struct cd_op op_new(struct work *of)
{
	of->done = false;
	cd_arena_reset(&of->arena);
	cd_cx_init(&of->cx, &of->arena, &w->set);
	return (struct cd_op){.cx = &of->cx, .done = on_done, .owner = of};
}

/* One turn of the loop, then one of the writer; the number of jobs that it did. */
static size_t turn(void)
{
	uv_run(&w->loop, UV_RUN_NOWAIT);
	return cd_store_run(w->store);
}

static void until_done(const struct work *of)
{
	while (!of->done)
		(void)turn();
}

/* Entities urn:n:<from> and on, each with the attributes a, b and n, its number. */
static void make_batch(unsigned from, const char *pad)
{
	struct cd_op_batch b = {
		.op = op_new(&w->made), .verb = CD_VERB_CREATE, .body = CD_BODY_ENTITY, .n = PER_BATCH};
	b.items = CD_NEWS(&w->made.arena, struct cd_batch_item, b.n);
	for (uint32_t i = 0; i < b.n; i++) {
		struct cd_json *json;
		cd_str text = cd_arena_printf(&w->made.arena,
			"{\"id\":\"urn:n:%u\",\"type\":\"T\",\"a\":1,\"b\":\"%s\",\"n\":%u}", from + i, pad,
			from + i);
		assert_int_equal(cd_json_parse_copy(&w->made.cx, text, &json), CD_OK);
		b.items[i] = (struct cd_batch_item){.json = json, .ctx = cd_ctx_core()};
	}
	cd_op_batch_begin(w->runner, &b);
	until_done(&w->made);
	assert_int_equal(w->made.cx.err.code, CD_OK);
	for (uint32_t i = 0; i < b.n; i++)
		assert_int_equal(b.items[i].err.code, CD_OK);
}

static void make(unsigned n, const char *pad)
{
	for (unsigned from = 0; from < n; from += PER_BATCH)
		make_batch(from, pad);
}

/* On the heap, so that what it forgets is a leak. */
static struct cd_op_purge *purge_new(const char *q)
{
	struct cd_op_purge *p = calloc(1, sizeof *p);
	p->op = op_new(&w->asked);
	p->ctx = cd_ctx_core();
	p->ask.types = CD_STR("T");
	p->ask.id_pattern = CD_STR("^urn:n:.*");
	p->ask.q = q ? cd_str_z(q) : cd_str_of(NULL, 0);
	return p;
}

static void purge_all(struct cd_op_purge *p)
{
	cd_op_purge_begin(w->runner, p);
	until_done(&w->asked);
}

/* Until a job is stored. */
static void purge_a_job(struct cd_op_purge *p)
{
	cd_op_purge_begin(w->runner, p);
	while (turn() == 0)
		assert_false(w->asked.done);
}

static void purge_free(struct cd_op_purge *p)
{
	assert_null(p->arena.head);
	assert_null(p->kept.head);
	assert_null(p->run.scratch.head);
	free(p);
}

static uint64_t with_tenant(void (*look)(const struct cd_tenant *))
{
	struct cd_reader *r = cd_reader_new(w->store);
	const struct cd_root *root = cd_pin(r);
	const struct cd_tenant *t = cd_root_tenant(root, cd_str_of("", 0));
	uint64_t n = cd_tenant_count(t);
	if (look)
		look(t);
	cd_unpin(r, root);
	cd_reader_free(r);
	return n;
}

/* ---- tests ---- */

static void of_a_type(void **state)
{
	(void)state;
	make(MANY, "");
	struct cd_op_purge *p = purge_new(NULL);
	purge_all(p);
	assert_int_equal(w->asked.cx.err.code, CD_OK);
	assert_int_equal(p->purged, MANY);
	assert_null(p->failures);
	assert_int_equal(with_tenant(NULL), 0);
	purge_free(p);
}

static void only_n_below_300(const struct cd_tenant *t)
{
	char id[32];
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "urn:n:%u", i);
		assert_int_equal(cd_tenant_get(w->store, t, cd_str_z(id)) != NULL, i < 300);
	}
}

static void of_values(void **state)
{
	(void)state;
	make(MANY, "");
	struct cd_op_purge *p = purge_new("n>=300");
	purge_all(p);
	assert_int_equal(w->asked.cx.err.code, CD_OK);
	assert_int_equal(p->purged, MANY - 300);
	(void)with_tenant(only_n_below_300);
	purge_free(p);
}

/* What comes while it is under way stays. */
static void not_what_comes_later(void **state)
{
	(void)state;
	make(MANY, "");
	struct cd_op_purge *p = purge_new(NULL);
	purge_a_job(p);
	make_batch(MANY, "");
	until_done(&w->asked);
	assert_int_equal(p->purged, MANY);
	assert_int_equal(with_tenant(NULL), PER_BATCH);
	purge_free(p);
}

static void refused_at_once(void **state)
{
	(void)state;
	make(PER_BATCH, "");
	struct cd_op_purge *p = purge_new(NULL);
	w->set.queue_jobs = 0;
	purge_all(p);
	assert_int_equal(w->asked.cx.err.code, CD_E_BUSY);
	assert_string_equal(w->asked.cx.err.detail, cd_code_title(CD_E_BUSY));
	assert_int_equal(with_tenant(NULL), PER_BATCH);
	purge_free(p);
}

static void refused_on_the_way(void **state)
{
	(void)state;
	make(MANY, "");
	struct cd_op_purge *p = purge_new(NULL);
	purge_a_job(p);
	w->set.queue_jobs = 0;
	until_done(&w->asked);
	assert_int_equal(w->asked.cx.err.code, CD_E_BUSY);
	assert_non_null(strstr(w->asked.cx.err.detail, "1000 entities had been deleted before, 0 refused"));
	assert_int_equal(p->purged, PER_JOB);
	assert_int_equal(with_tenant(NULL), MANY - PER_JOB);
	purge_free(p);
}

static void none_is_older_than_made(const struct cd_tenant *t)
{
	const struct cd_ent *e = cd_tenant_get(w->store, t, CD_STR("urn:n:0"));
	assert_non_null(e);
	assert_true(cd_stamp_us(e->modified) >= cd_stamp_us(e->created));
}

/* A purge that began long before its job does not turn modifiedAt back. */
static void at_its_time(void **state)
{
	(void)state;
	make(PER_BATCH, "");
	struct cd_op_purge *p = purge_new(NULL);
	p->drop = CD_STR("a");
	w->asked.cx.now -= 10 * SECOND;
	purge_all(p);
	assert_int_equal(w->asked.cx.err.code, CD_OK);
	assert_int_equal(p->purged, PER_BATCH);
	(void)with_tenant(none_is_older_than_made);
	purge_free(p);
}

/* Of attributes; its job needs more memory than there is for one. */
static struct cd_op_purge *purge_too_large(void)
{
	char pad[4001];
	memset(pad, 'x', sizeof pad - 1);
	pad[sizeof pad - 1] = 0;
	make(PER_BATCH, pad);
	w->set.request_memory = 1 << 20;
	struct cd_op_purge *p = purge_new(NULL);
	p->drop = CD_STR("a");
	return p;
}

/* What the writer has no memory for is refused, one by one, and each refusal is told. */
static void refusals_are_told(void **state)
{
	(void)state;
	struct cd_op_purge *p = purge_too_large();
	purge_all(p);
	uint64_t told = 0;
	for (const struct cd_purge_failure *f = p->failures; f; f = f->next, told++) {
		assert_int_equal(f->err.code, CD_E_NO_MEMORY);
		assert_non_null(f->id.p);
		assert_non_null(f->err.detail);
	}
	assert_int_equal(w->asked.cx.err.code, CD_OK);
	assert_true(told > 0);
	assert_int_equal(told + p->purged, PER_BATCH);
	purge_free(p);
}

/* A refusal that cannot be told makes the whole a failure, not a success. */
static void refusals_that_cannot_be_told(void **state)
{
	(void)state;
	struct cd_op_purge *p = purge_too_large();
	purge_a_job(p);
	w->asked.arena.max = w->asked.arena.used;
	w->asked.arena.at = w->asked.arena.end; /* nor is there room in what it has */
	until_done(&w->asked);
	assert_int_equal(w->asked.cx.err.code, CD_E_NO_MEMORY);
	assert_true(p->purged > 0 && p->refused > 0);
	purge_free(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_a_type),
		TEST(of_values),
		TEST(not_what_comes_later),
		TEST(refused_at_once),
		TEST(refused_on_the_way),
		TEST(at_its_time),
		TEST(refusals_are_told),
		TEST(refusals_that_cannot_be_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
