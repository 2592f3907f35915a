/*
 * The power fails at every I/O index of a life, and the twin must come back as some batch left it: the last
 * one that was answered, or the one whose answer was under way. Compared is a sum over all blocks of all
 * tenants, byte by byte, revisions and numbers included; so nothing acknowledged is lost, nothing is half
 * there, and replay gives what was decided.
 *
 * A life: batches of jobs over three tenants, sized so that segments are recycled and checkpoints happen, a
 * backup, a clean restart in the middle. It is lived once for each seed, without threads; every moment of it
 * is then made again from the disk's record. Also tried: power that fails during the recovery; a process that
 * is killed, whose successor serves what the kernel still had, before the power fails (what was served must
 * stay); failing syncs, writes, reads; a full disk.
 *
 * CARDO_SIM_SEEDS more lives than the default; CARDO_SIM_FIRST begins elsewhere.
 */
#include "../unit/store/twin.h"
#include "base/log.h"
#include "disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { BATCHES = 60, IDS = 24, TENANTS = 3, JOBS = 5, CHANGES = 3, BACKUP_AT = 22, RESTART_AT = 38, LAG = 3 };
static const char *const tenants[TENANTS] = {"", "north", "south"};

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static unsigned below(uint64_t *state, unsigned n)
{
	return (unsigned)(next_random(state) % n);
}

/* ---- a life ---- */

struct life {
	struct twin t;
	struct disk *disk;
	struct cd_queue *queue;
	size_t *answered_at; /* where post writes the I/O index */
	/* what clients know: value by tenant and id, -1 none */
	int known[TENANTS][IDS];
	bool unsure[TENANTS][IDS]; /* "outcome unknown", or a batch that was refused as a whole */
	/* a follower that lags: what it needs, and what it was told of in replay */
	bool caught_up;
	uint64_t needs, past[LAG], past_revision[LAG], cursor, seen, replay_first, replay_n;
	struct cd_participant follower;
	const struct cd_participant *followers[2];
	bool stopped; /* the store does not write any more */
};

static void on_event(void *arg, const struct cd_event *e, bool replay)
{
	struct life *l = arg;
	if (replay) {
		assert_true(l->replay_n == 0 || e->revision > l->seen);
		l->replay_first = l->replay_n++ ? l->replay_first : e->revision;
	}
	l->seen = e->revision;
}

static uint64_t on_needs(void *arg)
{
	const struct life *l = arg;
	return l->caught_up ? UINT64_MAX : l->needs;
}

static void life_init(struct life *l, struct disk *d)
{
	memset(l, 0, sizeof *l);
	twin_init(&l->t);
	cd_fs_free(l->t.fs);
	l->disk = d;
	l->t.fs = disk_fs(d);
	l->t.set.data = "/twin";
	l->t.set.durability = "disk";
	l->t.set.segment_bytes = 32 << 10;
	l->t.set.checkpoint_bytes = 48 << 10;
	l->t.set.checkpoint_map = 16 << 20;
	l->t.set.batch_time = 60000000;
	l->follower =
		(struct cd_participant){.name = "test", .arg = l, .event = on_event, .needs_from = on_needs};
	l->followers[0] = &l->follower;
	l->t.participants = l->followers;
	for (int i = 0; i < TENANTS * IDS; i++)
		l->known[i / IDS][i % IDS] = -1;
}

static void life_done(struct life *l)
{
	cd_arena_done(&l->t.arena);
}

static void on_post(void *arg, struct cd_job *done)
{
	struct life *l = arg;
	l->t.done = done;
	if (l->answered_at)
		*l->answered_at = disk_index(l->disk);
}

static cd_code life_open(struct life *l)
{
	l->replay_n = 0;
	cd_code code = twin_open(&l->t);
	if (!code) {
		l->queue = cd_queue_new(l->t.store, on_post, l);
		assert_non_null(l->queue);
	}
	return code;
}

static void life_close(struct life *l)
{
	if (!l->t.store)
		return;
	cd_queue_free(l->queue);
	twin_close(&l->t);
}

static void open_or_fail(struct life *l, const char *when, uint64_t seed, size_t index)
{
	cd_code code = life_open(l);
	if (code)
		print_error("life %llu, cut at %zu, %s: %s %s\n", (unsigned long long)seed, index, when,
			cd_code_title(code), l->t.cx.err.detail ? l->t.cx.err.detail : "");
	assert_int_equal(code, CD_OK);
}

/* ---- what it does ---- */

struct asked {
	unsigned tenant, id;
	int value;
};
struct batch {
	unsigned jobs_n;
	struct cd_job jobs[JOBS];
	struct cd_change changes[JOBS][CHANGES];
	struct cd_report reports[JOBS][CHANGES];
	struct asked asked[JOBS][CHANGES];
};

static struct cd_change one_change(struct life *l, uint64_t *random, unsigned number, struct asked *a)
{
	static const enum cd_verb verbs[] = {
		CD_VERB_UPSERT, CD_VERB_CREATE, CD_VERB_APPEND, CD_VERB_APPEND, CD_VERB_DELETE};
	char *id = cd_arena_alloc(&l->t.arena, 64), *type = cd_arena_alloc(&l->t.arena, 64);
	a->id = below(random, IDS);
	a->value = (int)below(random, 1000000);
	snprintf(id, 64, "urn:ngsi-ld:Thing:%u", a->id);
	snprintf(type, 64, "https://example.org/Type%u", number / 8);
	enum cd_verb verb = verbs[below(random, 5)];
	if (verb == CD_VERB_DELETE)
		a->value = -1;
	return twin_change(&l->t, verb, id, verb == CD_VERB_APPEND ? NULL : type, a->value,
		below(random, 4) ? 40 : 2500);
}

static void make_batch(struct life *l, uint64_t *random, unsigned number, struct batch *b)
{
	memset(b, 0, sizeof *b);
	b->jobs_n = 1 + below(random, JOBS);
	for (unsigned j = 0; j < b->jobs_n; j++) {
		unsigned tenant = below(random, TENANTS), n = 1 + below(random, CHANGES);
		for (unsigned c = 0; c < n; c++) {
			b->changes[j][c] = one_change(l, random, number, &b->asked[j][c]);
			b->asked[j][c].tenant = tenant;
		}
		b->jobs[j] = (struct cd_job){.tenant = cd_str_z(tenants[tenant]),
			.create_tenant = true,
			.n = n,
			.changes = b->changes[j],
			.reports = b->reports[j],
			.arena = &l->t.arena,
			.now = l->t.now++};
	}
}

static void learn(struct life *l, const struct batch *b)
{
	for (unsigned j = 0; j < b->jobs_n; j++) {
		if (b->jobs[j].code == CD_E_OUTCOME_UNKNOWN)
			l->stopped = true;
		for (unsigned c = 0; c < b->jobs[j].n; c++) {
			const struct asked *a = &b->asked[j][c];
			if (b->jobs[j].code == CD_E_OUTCOME_UNKNOWN)
				l->unsure[a->tenant][a->id] = true;
			else if (b->jobs[j].code == CD_OK && b->reports[j][c].code == CD_OK)
				l->known[a->tenant][a->id] = a->value;
		}
	}
}

/* The follower is done with everything but the last LAG batches; now and then with all of it. */
static void follow(struct life *l, unsigned number)
{
	const struct cd_root *root = cd_pin(l->t.reader);
	bool was = l->caught_up;
	l->caught_up = number % 4 == 2; /* in the next batch, and what is done in its wake */
	for (unsigned i = 0; i < LAG; i++) {
		bool shift = !was && !l->caught_up && i + 1 < LAG;
		l->past[i] = shift ? l->past[i + 1] : root->log_bytes;
		l->past_revision[i] = shift ? l->past_revision[i + 1] : root->version;
	}
	l->needs = l->past[0];
	l->cursor = l->past_revision[0];
	cd_unpin(l->t.reader, root);
}

/* An index is a root that no change has made: neither disk nor follower may notice. */
static void want_index(struct life *l, unsigned number)
{
	cd_term term = cd_names_find(cd_store_names(l->t.store), CD_STR("https://example.org/value"));
	const struct cd_root *root = cd_pin(l->t.reader);
	if (term && number % 3 == 1)
		cd_index_ask(l->t.store, root->tenants[number % root->tenants_n], term, CD_VI_NUMBER);
	cd_unpin(l->t.reader, root);
}

static void run_batch(struct life *l, uint64_t *random, unsigned number)
{
	struct batch b;
	cd_arena_reset(&l->t.arena);
	make_batch(l, random, number, &b);
	l->t.done = NULL;
	for (unsigned j = 0; j < b.jobs_n; j++) {
		cd_code code = cd_store_submit(l->queue, &b.jobs[j]);
		if (code) /* it does not write any more */
			b.jobs[j].code = code;
	}
	want_index(l, number);
	(void)cd_store_run(l->t.store);
	learn(l, &b);
	follow(l, number);
}

static uint64_t sum_or_zero(struct life *l)
{
	return twin_sum_now(&l->t);
}

static void check_known(struct life *l, const char *when)
{
	for (unsigned t = 0; t < TENANTS; t++)
		for (unsigned i = 0; i < IDS; i++) {
			char id[64];
			snprintf(id, sizeof id, "urn:ngsi-ld:Thing:%u", i);
			int value = twin_get(&l->t, tenants[t], id);
			if (!l->unsure[t][i] && value != l->known[t][i])
				print_error("%s: %s of tenant \"%s\" is %d, answered was %d\n", when, id,
					tenants[t], value, l->known[t][i]);
			assert_true(l->unsure[t][i] || value == l->known[t][i]);
		}
}

/* ---- the record of a whole life ---- */

struct record {
	uint64_t seed;
	struct disk *disk;
	size_t begun[BATCHES], answered[BATCHES];
	uint64_t sums[BATCHES + 1];
	size_t backup_begun, backup_done;
	uint64_t backup_sum;
	uint64_t cursor[BATCHES]; /* of the follower, when the batch began: it must be told what came later */
};

static void live(struct record *r, uint64_t seed)
{
	struct life l;
	uint64_t random = seed;
	*r = (struct record){.seed = seed, .disk = disk_new()};
	life_init(&l, r->disk);
	open_or_fail(&l, "birth", seed, 0);
	r->sums[0] = sum_or_zero(&l);
	for (unsigned i = 0; i < BATCHES; i++) {
		if (i == BACKUP_AT) {
			uint64_t version;
			r->backup_begun = disk_index(r->disk);
			assert_int_equal(cd_store_backup(&l.t.cx, l.t.store, "/copy", &version), CD_OK);
			r->backup_done = disk_index(r->disk);
			r->backup_sum = r->sums[i];
		}
		if (i == RESTART_AT) {
			life_close(&l);
			open_or_fail(&l, "restart", seed, disk_index(r->disk));
			assert_true(sum_or_zero(&l) == r->sums[i]);
		}
		r->begun[i] = disk_index(r->disk);
		r->cursor[i] = l.caught_up ? UINT64_MAX - 1 : l.cursor;
		l.answered_at = &r->answered[i];
		run_batch(&l, &random, i);
		r->sums[i + 1] = sum_or_zero(&l);
		assert_false(l.stopped);
	}
	check_known(&l, "at the end");
	life_close(&l);
	life_done(&l);
}

/* How many batches the state may hold after a cut at `index`. */
static void bounds(const struct record *r, size_t index, unsigned *ret_least, unsigned *ret_most)
{
	*ret_least = *ret_most = 0;
	for (unsigned i = 0; i < BATCHES; i++) {
		if (r->answered[i] <= index)
			*ret_least = i + 1;
		if (r->begun[i] < index)
			*ret_most = i + 1;
	}
	if (*ret_most < *ret_least) /* batches in which nothing was accepted need no I/O */
		*ret_most = *ret_least;
}

static void check_state(const struct record *r, size_t index, const char *when, uint64_t sum)
{
	unsigned least, most;
	bounds(r, index, &least, &most);
	for (unsigned i = least; i <= most; i++)
		if (sum == r->sums[i])
			return;
	for (unsigned i = 0; i <= BATCHES; i++)
		if (sum == r->sums[i])
			print_error("it is the state after %u batches\n", i);
	print_error("life %llu, cut at %zu, %s: not the state after %u to %u batches\n",
		(unsigned long long)r->seed, index, when, least, most);
	fail();
}

/* Every event behind the follower's cursor comes again. */
static void check_replay(const struct record *r, size_t index, const struct life *l)
{
	unsigned least, most;
	bounds(r, index, &least, &most);
	uint64_t version = cd_store_version(l->t.store), cursor = version;
	/* of the batch under way, and of the one before, whose checkpoint may be */
	if (least < BATCHES)
		cursor = r->cursor[least];
	if (least > 0 && r->cursor[least - 1] > cursor)
		cursor = r->cursor[least - 1];
	if (l->seen < version && l->replay_n == 0)
		assert_true(cursor >= version);
	else if (l->replay_n)
		assert_true(l->replay_first <= cursor + 1);
}

/* It also lives on: writes, restarts, and has what it had. */
static void lives_on(struct life *l, const struct record *r, size_t index)
{
	uint64_t random = r->seed ^ index;
	for (unsigned i = 0; i < 2; i++)
		run_batch(l, &random, i);
	assert_false(l->stopped);
	uint64_t sum = sum_or_zero(l);
	life_close(l);
	open_or_fail(l, "after living on", r->seed, index);
	assert_true(sum_or_zero(l) == sum);
}

static void after_cut(const struct record *r, size_t index, uint64_t seed)
{
	struct disk *d = disk_cut(r->disk, index, seed);
	struct life l;
	life_init(&l, d);
	open_or_fail(&l, "recovery", r->seed, index);
	check_state(r, index, "recovery", sum_or_zero(&l));
	check_replay(r, index, &l);
	if ((index + seed) % 5 == 0)
		lives_on(&l, r, index);
	life_close(&l);
	life_done(&l);
	disk_free(d);
}

/* Power fails again, somewhere in the recovery. */
static void cut_twice(const struct record *r, size_t index, uint64_t seed)
{
	struct disk *first = disk_cut(r->disk, index, seed), *second;
	struct life l;
	uint64_t random = seed * 31 + index;
	life_init(&l, first);
	open_or_fail(&l, "recovery", r->seed, index);
	second = disk_cut(first, below(&random, (unsigned)disk_index(first) + 1), seed);
	life_close(&l);
	life_done(&l);
	life_init(&l, second);
	open_or_fail(&l, "recovery from a recovery", r->seed, index);
	check_state(r, index, "recovery from a recovery", sum_or_zero(&l));
	life_close(&l);
	life_done(&l);
	disk_free(first);
	disk_free(second);
}

/* The process dies; the next one sees what the kernel has; then power fails. */
static void kill_then_cut(const struct record *r, size_t index, uint64_t seed)
{
	struct disk *killed = disk_kill(r->disk, index), *cut;
	struct life l;
	life_init(&l, killed);
	open_or_fail(&l, "after kill", r->seed, index);
	uint64_t sum = sum_or_zero(&l);
	check_state(r, index, "after kill", sum);
	cut = disk_cut(killed, disk_index(killed), seed);
	life_close(&l);
	life_done(&l);
	life_init(&l, cut);
	open_or_fail(&l, "after kill and cut", r->seed, index);
	if (sum_or_zero(&l) != sum)
		print_error("life %llu, killed at %zu: what was served is gone after the cut\n",
			(unsigned long long)r->seed, index);
	assert_true(sum_or_zero(&l) == sum);
	life_close(&l);
	life_done(&l);
	disk_free(killed);
	disk_free(cut);
}

/* A backup is whole, or nobody takes it for one. False: the latter. */
static bool backup_opens(struct disk *d, uint64_t sum)
{
	struct life l;
	life_init(&l, d);
	l.t.set.data = "/copy";
	const struct cd_store_config conf = {
		.set = &l.t.set, .fs = l.t.fs, .metrics = &l.t.metrics, .read_only = true};
	cd_cx_init(&l.t.cx, &l.t.arena, &l.t.set);
	cd_code code = cd_store_open(&l.t.cx, &conf, &l.t.store);
	if (!code) {
		l.t.reader = cd_reader_new(l.t.store);
		assert_true(sum_or_zero(&l) == sum);
		cd_reader_free(l.t.reader);
		cd_store_close(l.t.store);
	}
	life_done(&l);
	return !code;
}

static void check_backup(const struct record *r, size_t index, uint64_t seed)
{
	struct disk *d = disk_cut(r->disk, index, seed);
	bool opens = backup_opens(d, r->backup_sum);
	assert_true(opens || index < r->backup_done);
	disk_free(d);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void test_cuts(void **state)
{
	(void)state;
	uint64_t lives = number_from("CARDO_SIM_SEEDS", 6), first = number_from("CARDO_SIM_FIRST", 1);
	size_t cuts = 0;
	for (uint64_t seed = first; seed < first + lives; seed++) {
		struct record r;
		live(&r, seed);
		for (size_t i = 0; i <= disk_index(r.disk); i++) {
			after_cut(&r, i, 1);
			after_cut(&r, i, 2);
			cuts += 2;
			if (i % 3 == seed % 3)
				cut_twice(&r, i, 3), cuts += 2;
			if (i % 3 == (seed + 1) % 3)
				kill_then_cut(&r, i, 4), cuts += 2;
			if (i >= r.backup_begun && (i < r.backup_done + 8 || i % 50 == 0))
				check_backup(&r, i, 5), cuts++;
		}
		print_message(
			"life %llu: %zu I/O operations\n", (unsigned long long)seed, disk_index(r.disk));
		disk_free(r.disk);
	}
	print_message("%zu cuts\n", cuts);
}

/* ---- faults ---- */

struct backup {
	bool tried, good;
	uint64_t sum;
};

/* Batches, with a backup and a restart between them, until nothing is written any more. */
static cd_code live_with_fault(struct life *l, uint64_t *random, struct backup *b)
{
	cd_code code = life_open(l);
	for (unsigned i = 0; !code && i < BATCHES && !l->stopped; i++) {
		uint64_t version;
		if (i == BACKUP_AT) {
			*b = (struct backup){.tried = true, .sum = sum_or_zero(l)};
			b->good = cd_store_backup(&l->t.cx, l->t.store, "/copy", &version) == CD_OK;
		}
		if (i == RESTART_AT) {
			life_close(l);
			if ((code = life_open(l)))
				break;
		}
		run_batch(l, random, i);
		check_known(l, "with a fault");
	}
	return code;
}

/* One life with one fault; afterwards the power is cut as well. False when the fault found nothing to strike.
 */
static bool faulty_life(uint64_t seed, enum disk_fault fault, size_t at, size_t times)
{
	struct life l;
	struct backup backup = {0};
	struct disk *d = disk_new();
	uint64_t random = seed;
	life_init(&l, d);
	disk_fail(d, fault, at, times);
	cd_code code = live_with_fault(&l, &random, &backup);
	bool struck = disk_failed(d);
	assert_true(!code || struck);
	disk_fail(d, DISK_NO_FAULT, 0, 0);
	if (!code && l.stopped) { /* then it says so, and stays readable */
		assert_false(cd_store_writable(l.t.store));
		run_batch(&l, &random, BATCHES);
		check_known(&l, "after writing has stopped");
	}
	struct disk *cut = disk_cut(d, disk_index(d), seed + at);
	life_close(&l);
	struct life after = l;
	life_done(&l);
	life_init(&l, cut);
	memcpy(l.known, after.known, sizeof l.known);
	memcpy(l.unsure, after.unsure, sizeof l.unsure);
	open_or_fail(&l, "after a fault", seed, at);
	check_known(&l, "after a fault and a cut");
	life_close(&l);
	life_done(&l);
	if (backup.tried) {
		bool opens = backup_opens(cut, backup.sum);
		assert_true(opens || !backup.good);
	}
	disk_free(cut);
	disk_free(d);
	return struck;
}

static void test_faults(void **state)
{
	static const enum disk_fault faults[] = {
		DISK_SYNC_FAILS, DISK_WRITE_FAILS, DISK_WRITE_SHORT, DISK_WRITE_FULL};
	(void)state;
	for (size_t f = 0; f < sizeof faults / sizeof *faults; f++) {
		size_t at = 0;
		while (faulty_life(7, faults[f], at, 1))
			at++;
		print_message("fault %d: at %zu places\n", (int)faults[f], at);
		assert_true(at > 100);
	}
}

/* Reading fails once somewhere in a recovery: that start is refused, or what could not be read was not
 * needed. */
static void test_read_errors(void **state)
{
	struct record r;
	(void)state;
	live(&r, 11);
	size_t refused = 0;
	for (size_t at = 0;; at++) {
		struct disk *d = disk_cut(r.disk, r.answered[BATCHES - 10], 1);
		struct life l;
		life_init(&l, d);
		disk_fail(d, DISK_READ_FAILS, at, 1);
		cd_code code = life_open(&l);
		bool struck = disk_failed(d);
		disk_fail(d, DISK_NO_FAULT, 0, 0);
		if (code) {
			assert_true(struck);
			refused++;
			open_or_fail(&l, "after a read error", r.seed, at);
		}
		check_state(&r, r.answered[BATCHES - 10], "read error", sum_or_zero(&l));
		life_close(&l);
		life_done(&l);
		disk_free(d);
		if (!struck)
			break;
	}
	assert_true(refused > 3);
	disk_free(r.disk);
}

/* The disk is full from some size on: what is answered is right; deletes go on; with room again so does
 * everything. */
static void test_full_disk(void **state)
{
	(void)state;
	for (size_t capacity = 96 << 10; capacity < 640 << 10; capacity += 12 << 10) {
		struct life l;
		struct disk *d = disk_new();
		uint64_t random = capacity;
		life_init(&l, d);
		disk_capacity(d, capacity);
		if (life_open(&l) == CD_OK) {
			for (unsigned i = 0; i < BATCHES; i++) {
				run_batch(&l, &random, i);
				check_known(&l, "on a full disk");
			}
		}
		struct disk *cut = disk_cut(d, disk_index(d), capacity);
		struct life after = l;
		life_close(&l);
		life_done(&l);
		life_init(&l, cut);
		memcpy(l.known, after.known, sizeof l.known);
		memcpy(l.unsure, after.unsure, sizeof l.unsure);
		open_or_fail(&l, "with room again", capacity, 0);
		check_known(&l, "with room again");
		for (unsigned i = 0; i < 3; i++)
			run_batch(&l, &random, i);
		assert_false(l.stopped);
		check_known(&l, "writing with room again");
		life_close(&l);
		life_done(&l);
		disk_free(cut);
		disk_free(d);
	}
}

int main(void)
{
	cd_log_level_set(CD_LOG_ERROR); /* it warns of each cut, which is right */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_read_errors),
		cmocka_unit_test(test_full_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
