/* Queues: bounds, turns of loops and tenants, order within a tenant, jobs from many threads arriving once
 * each. */
#include "base/mem.h"
#include "store/store_int.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct world {
	struct cd_settings set;
	struct cd_store s;
};

static void world_init(struct world *w)
{
	memset(w, 0, sizeof *w);
	cd_settings_init(&w->set);
	w->s.set = &w->set;
	w->set.queue_jobs = 32;
	w->set.queue_bytes = 65536;
	pthread_mutex_init(&w->s.lock, NULL);
	pthread_cond_init(&w->s.wake, NULL);
}

static struct cd_job *posted;
static void keep_posted(void *arg, struct cd_job *done)
{
	*(unsigned *)arg += 1;
	posted = done;
}

static struct cd_job job_of(const char *tenant, size_t bytes)
{
	return (struct cd_job){.tenant = cd_str_z(tenant), .bytes = bytes};
}

static void test_bounds(void **state)
{
	(void)state;
	struct world w;
	unsigned posts = 0;
	world_init(&w);
	struct cd_queue *q = cd_queue_new(&w.s, keep_posted, &posts);
	struct cd_job jobs[33], other[3];
	for (int i = 0; i < 33; i++) {
		jobs[i] = job_of("", 10);
		assert_int_equal(cd_store_submit(q, &jobs[i]), i < 32 ? CD_OK : CD_E_BUSY);
	}
	/* a flood of one tenant does not lock out another: two of 32, a sixteenth */
	for (int i = 0; i < 3; i++) {
		other[i] = job_of("quiet", 10);
		assert_int_equal(cd_store_submit(q, &other[i]), i < 2 ? CD_OK : CD_E_BUSY);
	}
	struct cd_job *job;
	unsigned n = 0;
	while ((job = cd_queues_take(&w.s))) {
		cd_job_done(job);
		n++;
	}
	cd_queues_post(&w.s);
	assert_int_equal(n, 34);
	assert_int_equal(posts, 1);
	for (n = 0; posted; posted = posted->next)
		n++;
	assert_int_equal(n, 34);
	assert_int_equal(atomic_load(&q->jobs) + atomic_load(&q->bytes), 0);
	cd_queue_free(q);
}

static void test_bytes(void **state)
{
	(void)state;
	struct world w;
	unsigned posts = 0;
	world_init(&w);
	struct cd_queue *q = cd_queue_new(&w.s, keep_posted, &posts);
	struct cd_job huge = job_of("", 1000000), a = job_of("", 60000), b = job_of("", 5536),
		      c = job_of("", 1);
	assert_int_equal(cd_store_submit(q, &huge), CD_OK); /* alone it may pass, else it never could */
	assert_int_equal(cd_store_submit(q, &c), CD_E_BUSY);
	cd_job_done(cd_queues_take(&w.s));
	assert_int_equal(cd_store_submit(q, &a), CD_OK);
	assert_int_equal(cd_store_submit(q, &b), CD_OK);
	assert_int_equal(cd_store_submit(q, &c), CD_E_BUSY);
	cd_job_done(cd_queues_take(&w.s));
	cd_job_done(cd_queues_take(&w.s));
	cd_queues_post(&w.s);
	atomic_store(&w.s.poisoned, true);
	assert_int_equal(cd_store_submit(q, &c), CD_E_OUTCOME_UNKNOWN);
	cd_queue_free(q);
}

static void test_turns(void **state)
{
	(void)state;
	struct world w;
	unsigned posts = 0;
	world_init(&w);
	struct cd_queue *busy = cd_queue_new(&w.s, keep_posted, &posts);
	struct cd_queue *calm = cd_queue_new(&w.s, keep_posted, &posts);
	struct cd_job many[20], one = job_of("", 1), tenant = job_of("tenant", 1);
	for (int i = 0; i < 20; i++) {
		many[i] = job_of("", 1);
		assert_int_equal(cd_store_submit(busy, &many[i]), CD_OK);
	}
	assert_int_equal(cd_store_submit(busy, &tenant), CD_OK);
	assert_int_equal(cd_store_submit(calm, &one), CD_OK);
	int at_one = -1, at_tenant = -1, next = 0;
	for (int i = 0; i < 22; i++) {
		struct cd_job *job = cd_queues_take(&w.s);
		assert_non_null(job);
		if (job == &one)
			at_one = i;
		else if (job == &tenant)
			at_tenant = i;
		else
			assert_ptr_equal(job, &many[next++]); /* in the order in which they came */
		cd_job_done(job);
	}
	assert_null(cd_queues_take(&w.s));
	assert_in_range(at_one, 0, 2);
	assert_in_range(at_tenant, 0, 4);
	cd_queues_post(&w.s);
	assert_int_equal(posts, 2);
	cd_queue_free(busy);
	assert_null(cd_queues_take(&w.s));
	cd_queue_free(calm);
	assert_null(cd_queues_take(&w.s));
}

static void test_queues_alternate(void **state)
{
	(void)state;
	struct world w;
	unsigned posts = 0;
	world_init(&w);
	struct cd_queue *q[3];
	struct cd_job jobs[3][8];
	for (int k = 0; k < 3; k++) {
		q[k] = cd_queue_new(&w.s, keep_posted, &posts);
		for (int i = 0; i < 8; i++) {
			jobs[k][i] = job_of("", 1);
			assert_int_equal(cd_store_submit(q[k], &jobs[k][i]), CD_OK);
		}
	}
	for (int i = 0; i < 8; i++) {
		unsigned seen = 0;
		for (int k = 0; k < 3; k++) {
			struct cd_job *job = cd_queues_take(&w.s);
			seen |= job->queue == q[0] ? 1 : job->queue == q[1] ? 2 : 4;
			cd_job_done(job);
		}
		assert_int_equal(seen, 7);
	}
	cd_queues_post(&w.s);
	for (int k = 0; k < 3; k++)
		cd_queue_free(q[k]);
}

/* ---- threads ---- */

enum { LOOPS = 3, JOBS = 20000 };
struct loop {
	struct world *w;
	_Atomic(struct cd_job *) done;
	atomic_uint_fast64_t finished;
};
static atomic_bool over;

static void post_to_loop(void *arg, struct cd_job *list)
{
	struct loop *l = arg;
	uint64_t n = 0;
	for (; list; list = list->next)
		n++;
	atomic_fetch_add(&l->finished, n);
}

static void *loop_main(void *arg)
{
	struct loop *l = arg;
	struct cd_queue *q = cd_queue_new(&l->w->s, post_to_loop, l);
	struct cd_job *jobs = calloc(JOBS, sizeof *jobs);
	for (int i = 0; i < JOBS; i++) {
		jobs[i] = job_of(i % 2 ? "t1" : "t2", 8);
		while (cd_store_submit(q, &jobs[i]) == CD_E_BUSY)
			sched_yield();
	}
	while (atomic_load(&l->finished) < JOBS)
		sched_yield();
	cd_queue_free(q);
	free(jobs);
	return NULL;
}

static void *writer_main(void *arg)
{
	struct world *w = arg;
	while (!atomic_load(&over)) {
		struct cd_job *job;
		for (int i = 0; i < 64 && (job = cd_queues_take(&w->s)); i++)
			cd_job_done(job);
		cd_queues_post(&w->s);
	}
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	static struct world w;
	static struct loop loops[LOOPS];
	pthread_t thread[LOOPS], writer;
	world_init(&w);
	pthread_create(&writer, NULL, writer_main, &w);
	for (int i = 0; i < LOOPS; i++) {
		loops[i].w = &w;
		pthread_create(&thread[i], NULL, loop_main, &loops[i]);
	}
	for (int i = 0; i < LOOPS; i++)
		pthread_join(thread[i], NULL);
	atomic_store(&over, true);
	pthread_join(writer, NULL);
	for (int i = 0; i < LOOPS; i++)
		assert_int_equal(atomic_load(&loops[i].finished), JOBS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_queues_alternate),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
