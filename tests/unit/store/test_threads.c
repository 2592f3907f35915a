/*
 * Loops, writer and keeper at once: every loop moves amounts between accounts, two changes in one job;
 * readers sum up. In every version that a reader pins the sum is right and all trees agree; every loop reads
 * its own writes; checkpoints and a backup run meanwhile; afterwards everything is still there.
 */
#include "twin.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TYPE "https://example.org/Account"
enum { LOOPS = 3, ACCOUNTS = 40, START = 1000, MOVES = 3000, INFLIGHT = 8 };

struct move {
	struct cd_arena arena;
	struct cd_job job;
	struct cd_change change[2];
	struct cd_report report[2];
	struct twin view; /* for making fragments */
	char id[2][32];
	bool busy;
};
struct loop {
	struct twin *t;
	unsigned number;
	struct cd_queue *queue;
	struct cd_reader *reader;
	_Atomic(struct cd_job *) done;
	uint64_t finished, seen;
	int value[ACCOUNTS]; /* each loop has accounts of its own: so it knows what it must read */
	struct move move[INFLIGHT];
};
static atomic_bool over;

static void post(void *arg, struct cd_job *list)
{
	struct loop *l = arg;
	struct cd_job *last = list, *head = atomic_load(&l->done);
	while (last->next)
		last = last->next;
	do
		last->next = head;
	while (!atomic_compare_exchange_weak(&l->done, &head, list));
}

static void account(char *id, size_t n, unsigned loop, unsigned i)
{
	snprintf(id, n, "urn:account:%u:%u", loop, i);
}

static void collect(struct loop *l)
{
	struct cd_job *job = atomic_exchange(&l->done, NULL);
	for (struct cd_job *next; job; job = next) {
		next = job->next;
		struct move *m = job->owner;
		if (job->code || m->report[0].code || m->report[1].code)
			abort();
		const struct cd_root *root = cd_pin(l->reader);
		if (root->version < job->version || job->version < l->seen)
			abort();
		cd_unpin(l->reader, root);
		l->finished++;
		m->busy = false;
	}
}

static void begin_move(struct loop *l, struct move *m, unsigned *seed)
{
	unsigned from = (unsigned)rand_r(seed) % ACCOUNTS,
		 to = (from + 1 + (unsigned)rand_r(seed) % (ACCOUNTS - 1)) % ACCOUNTS;
	int amount = rand_r(seed) % 10;
	l->value[from] -= amount;
	l->value[to] += amount;
	account(m->id[0], sizeof m->id[0], l->number, from);
	account(m->id[1], sizeof m->id[1], l->number, to);
	cd_arena_reset(&m->arena);
	m->view = (struct twin){.set = l->t->set, .store = l->t->store, .arena = m->arena};
	m->change[0] = twin_change(&m->view, CD_VERB_APPEND, m->id[0], NULL, l->value[from], 0);
	m->change[1] = twin_change(&m->view, CD_VERB_APPEND, m->id[1], NULL, l->value[to], 0);
	m->arena = m->view.arena;
	m->job = (struct cd_job){.n = 2,
		.changes = m->change,
		.reports = m->report,
		.arena = &m->arena,
		.now = cd_time_wall(),
		.bytes = 500,
		.owner = m};
	m->busy = true;
	while (cd_store_submit(l->queue, &m->job) == CD_E_BUSY)
		sched_yield();
}

static void *loop_main(void *arg)
{
	struct loop *l = arg;
	unsigned seed = l->number + 1, begun = 0;
	l->queue = cd_queue_new(l->t->store, post, l);
	l->reader = cd_reader_new(l->t->store);
	for (int i = 0; i < INFLIGHT; i++)
		cd_arena_init(&l->move[i].arena, 1 << 24);
	while (l->finished < MOVES) {
		for (int i = 0; i < INFLIGHT && begun < MOVES; i++) {
			if (l->move[i].busy)
				continue;
			begin_move(l, &l->move[i], &seed);
			begun++;
		}
		collect(l);
		sched_yield();
	}
	for (int i = 0; i < INFLIGHT; i++)
		cd_arena_done(&l->move[i].arena);
	cd_reader_free(l->reader);
	cd_queue_free(l->queue);
	return NULL;
}

/* An index that is there is exact, in every version. */
static void check_index(const struct twin *t, const struct cd_tenant *at)
{
	cd_term term = cd_names_find(cd_store_names(t->store), CD_STR("https://example.org/value"));
	const struct cd_index *index = cd_tenant_index(at, term, CD_VI_NUMBER);
	struct cd_scan scan;
	const struct cd_ent *e;
	uint64_t found;
	cd_index_ask(t->store, at, term, CD_VI_NUMBER);
	if (!index)
		return;
	if (cd_tree_count(index->tree) != cd_tenant_count(at))
		abort();
	cd_scan_begin(&scan, at, 0, 0);
	while ((e = cd_scan_next(&scan)))
		if (!cd_tree_get(index->tree,
			    (struct cd_key){
				    cd_key_of_double(twin_value(cd_store_names(t->store), e)), e->number},
			    &found))
			abort();
}

static void check_root(struct twin *t, const struct cd_root *root)
{
	struct cd_scan scan;
	const struct cd_ent *e;
	int64_t sum = 0;
	uint64_t n = 0;
	cd_scan_begin(&scan, root->tenants[0], 0, 0);
	while ((e = cd_scan_next(&scan))) {
		sum += twin_value(cd_store_names(t->store), e);
		n++;
		if (cd_tenant_get(t->store, root->tenants[0], cd_ent_id(e)) != e)
			abort();
	}
	if (n != LOOPS * ACCOUNTS || sum != LOOPS * ACCOUNTS * START ||
		n != cd_tenant_count(root->tenants[0]))
		abort();
	check_index(t, root->tenants[0]);
}

static void *reader_main(void *arg)
{
	struct twin *t = arg;
	struct cd_reader *r = cd_reader_new(t->store);
	while (!atomic_load(&over)) {
		const struct cd_root *a = cd_pin(r), *b;
		check_root(t, a);
		sched_yield();
		b = cd_pin(r);
		check_root(t, a);
		check_root(t, b);
		cd_unpin(r, a);
		cd_unpin(r, b);
	}
	cd_reader_free(r);
	return NULL;
}

static void fill(struct twin *t, struct loop *loops)
{
	for (unsigned k = 0; k < LOOPS; k++) {
		for (unsigned i = 0; i < ACCOUNTS; i++) {
			char *id = cd_arena_alloc(&t->arena, 32);
			account(id, 32, k, i);
			assert_int_equal(twin_create(t, "", id, TYPE, START, 100), CD_OK);
			loops[k].value[i] = START;
		}
	}
}

static void test_all_at_once(void **state)
{
	(void)state;
	static struct loop loops[LOOPS];
	struct twin t;
	pthread_t loop[LOOPS], reader[2];
	char copy[300];
	uint64_t version;
	twin_init(&t);
	t.set.checkpoint_bytes = 1 << 20; /* so that the keeper gets to work */
	assert_int_equal(twin_open(&t), CD_OK);
	fill(&t, loops);
	t.threads = true;
	twin_reopen(&t);
	for (unsigned i = 0; i < LOOPS; i++) {
		loops[i].t = &t;
		loops[i].number = i;
		pthread_create(&loop[i], NULL, loop_main, &loops[i]);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&reader[i], NULL, reader_main, &t);
	snprintf(copy, sizeof copy, "%s-copy", t.folder);
	assert_int_equal(cd_store_backup(&t.cx, t.store, copy, &version), CD_OK);
	assert_int_equal(cd_store_checkpoint(&t.cx, t.store), CD_OK);
	for (int i = 0; i < LOOPS; i++)
		pthread_join(loop[i], NULL);
	atomic_store(&over, true);
	for (int i = 0; i < 2; i++)
		pthread_join(reader[i], NULL);
	const struct cd_root *last = cd_pin(t.reader);
	assert_int_equal(last->tenants[0]->indexes_n, 1);
	(void)twin_sum(t.store, last);
	cd_unpin(t.reader, last);
	t.threads = false;
	twin_reopen(&t);
	for (unsigned k = 0; k < LOOPS; k++) {
		for (unsigned i = 0; i < ACCOUNTS; i++) {
			char id[32];
			account(id, sizeof id, k, i);
			assert_int_equal(twin_get(&t, "", id), loops[k].value[i]);
		}
	}
	(void)twin_sum_now(&t);
	twin_close(&t);
	t.set.data = copy; /* the copy is one version: it sums up as well */
	assert_int_equal(twin_open(&t), CD_OK);
	const struct cd_root *root = cd_pin(t.reader);
	assert_int_equal(root->version, version);
	check_root(&t, root);
	cd_unpin(t.reader, root);
	twin_close(&t);
	twin_remove(copy);
	twin_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
