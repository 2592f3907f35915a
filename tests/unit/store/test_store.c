/*
 * The store from outside, without threads, on the disk of this machine: what was answered is there, also
 * after a restart from log and checkpoint; what failed left nothing; bounds at and one past them.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/log_int.h"
#include "twin.h"

#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TYPE "https://example.org/Lamp"

/* A participant that holds the log, so that closing writes no checkpoint and the next start replays. */
static uint64_t from_the_start(void *arg)
{
	(void)arg;
	return 0;
}
static const struct cd_participant holder = {.name = "holder", .needs_from = from_the_start};
static const struct cd_participant *const held[] = {&holder, NULL};

static void test_first_minutes(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	assert_int_equal(cd_store_version(t.store), 0);
	assert_int_equal(twin_create(&t, "", "urn:a", TYPE, 1, 0), CD_OK);
	assert_int_equal(twin_create(&t, "", "urn:a", TYPE, 2, 0), CD_E_ALREADY_EXISTS);
	assert_int_equal(twin_get(&t, "", "urn:a"), 1);
	assert_int_equal(twin_update(&t, "", "urn:a", 3, 0), CD_OK);
	assert_int_equal(twin_get(&t, "", "urn:a"), 3);
	assert_int_equal(twin_update(&t, "", "urn:b", 3, 0), CD_E_NOT_FOUND);
	assert_int_equal(twin_get(&t, "", "urn:b"), -1);
	assert_int_equal(cd_store_version(t.store), 2);
	assert_int_equal(twin_delete(&t, "", "urn:a"), CD_OK);
	assert_int_equal(twin_get(&t, "", "urn:a"), -1);
	assert_int_equal(twin_delete(&t, "", "urn:a"), CD_E_NOT_FOUND);
	assert_int_equal(cd_store_version(t.store), 3);
	twin_done(&t);
}

/* The lock, a folder of somebody else, a newer format. */
static void test_folder(void **state)
{
	(void)state;
	struct twin t, second;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	second = t;
	cd_arena_init(&second.arena, 1 << 20);
	assert_int_equal(twin_open(&second), CD_E_CONFLICT);
	twin_close(&t);
	char path[300];
	snprintf(path, sizeof path, "%s/format", t.folder);
	FILE *f = fopen(path, "w");
	fputs("cardo-data 2\n", f);
	fclose(f);
	assert_int_equal(twin_open(&t), CD_E_NOT_SUPPORTED);
	f = fopen(path, "w");
	fputs("something else\n", f);
	fclose(f);
	assert_int_equal(twin_open(&t), CD_E_CORRUPT);
	remove(path);
	assert_int_equal(twin_open(&t), CD_E_CORRUPT); /* its parts hold something, but what? */
	cd_arena_done(&second.arena);
	twin_done(&t);
}

static void set_segment_format(const char *folder, uint32_t version)
{
	char path[320];
	struct seg_head h;
	snprintf(path, sizeof path, "%s/log/%020d.seg", folder, 1);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fread(&h, sizeof h, 1, f), 1);
	h.version = version;
	h.sum = cd_sum32(&h, SEG_HEAD - 4, 1);
	rewind(f);
	assert_int_equal(fwrite(&h, sizeof h, 1, f), 1);
	fclose(f);
}

static void set_checkpoint_format(const char *folder, uint32_t format)
{
	char path[320], copy[64];
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi db;
	MDB_val key = {4, (void *)(uintptr_t) "meta"}, value;
	snprintf(path, sizeof path, "%s/checkpoint/data.mdb", folder);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
	assert_int_equal(mdb_env_open(env, path, MDB_NOLOCK | MDB_NOSUBDIR, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", 0, &db), 0);
	assert_int_equal(mdb_get(txn, db, &key, &value), 0);
	assert_int_equal(value.mv_size, sizeof copy);
	memcpy(copy, value.mv_data, sizeof copy);
	memcpy(copy, &format, sizeof format);
	value.mv_data = copy;
	assert_int_equal(mdb_put(txn, db, &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

/* Each file says its version: a newer one is told as such, not as damage, and nothing is touched. */
static void test_newer_formats(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	assert_int_equal(twin_create(&t, "", "urn:a", TYPE, 1, 0), CD_OK);
	twin_close(&t);
	set_segment_format(t.folder, SEG_VERSION + 1);
	assert_int_equal(twin_open(&t), CD_E_NOT_SUPPORTED);
	set_segment_format(t.folder, SEG_VERSION);
	set_checkpoint_format(t.folder, 2);
	assert_int_equal(twin_open(&t), CD_E_NOT_SUPPORTED);
	set_checkpoint_format(t.folder, 1);
	assert_int_equal(twin_open(&t), CD_OK);
	assert_int_equal(twin_get(&t, "", "urn:a"), 1);
	twin_done(&t);
}

/* ---- pace ---- */

/* A checkpoint rests as long as a sync of the log takes, four times as long while those are slow, and not at
 * all when the log runs away. */
static void test_pace(void **state)
{
	(void)state;
	const uint64_t due = 1 << 20;
	assert_int_equal(cd_keep_rest_us(500, 400, 0, due), 500);
	assert_int_equal(cd_keep_rest_us(800, 400, 2 * due, due), 800);
	assert_int_equal(cd_keep_rest_us(801, 400, 0, due), 4 * 801);
	assert_int_equal(cd_keep_rest_us(30000, 400, 0, due), 100000);
	assert_int_equal(cd_keep_rest_us(30000, 400, 2 * due + 2, due), 0);
}

/* ---- random work, and restarts ---- */

enum { IDS = 60, TENANTS = 4 };

static void random_change(struct twin *t, unsigned *seed, int value[TENANTS][IDS])
{
	static const char *const tenants[TENANTS] = {"", "north", "south", "east"};
	unsigned k = (unsigned)rand_r(seed) % TENANTS, i = (unsigned)rand_r(seed) % IDS;
	char id[32], type[64];
	snprintf(id, sizeof id, "urn:thing:%u", i);
	snprintf(type, sizeof type, "https://example.org/T%u", (unsigned)rand_r(seed) % 6);
	int v = rand_r(seed) % 1000000;
	size_t bulk = (size_t)rand_r(seed) % 3 * 100;
	bool there = value[k][i] >= 0;
	switch (rand_r(seed) % 4) {
	case 0:
		assert_int_equal(
			twin_create(t, tenants[k], id, type, v, bulk), there ? CD_E_ALREADY_EXISTS : CD_OK);
		value[k][i] = there ? value[k][i] : v;
		break;
	case 1:
		assert_int_equal(twin_delete(t, tenants[k], id), there ? CD_OK : CD_E_NOT_FOUND);
		value[k][i] = -1;
		break;
	default:
		assert_int_equal(twin_update(t, tenants[k], id, v, bulk), there ? CD_OK : CD_E_NOT_FOUND);
		value[k][i] = there ? v : -1;
		break;
	}
	assert_int_equal(twin_get(t, tenants[k], id), value[k][i]);
}

static void test_random_restarts(void **state)
{
	(void)state;
	for (int hold = 0; hold < 2; hold++) {
		struct twin t;
		int value[TENANTS][IDS];
		unsigned seed = 11;
		memset(value, 0xff, sizeof value);
		twin_init(&t);
		t.participants = hold ? held : NULL;
		assert_int_equal(twin_open(&t), CD_OK);
		for (int round = 0; round < 12; round++) {
			for (int i = 0; i < 120; i++)
				random_change(&t, &seed, value);
			if (round % 3 == 1 && !hold)
				assert_int_equal(cd_store_checkpoint(&t.cx, t.store), CD_OK);
			for (int i = 0; i < 20; i++)
				random_change(&t, &seed, value);
			uint64_t sum = twin_sum_now(&t), version = cd_store_version(t.store);
			uint64_t entities = atomic_load(&t.metrics.v[CD_M_entities]);
			twin_reopen(&t);
			assert_int_equal(cd_store_version(t.store), version);
			assert_true(twin_sum_now(&t) == sum);
			assert_int_equal(atomic_load(&t.metrics.v[CD_M_entities]), entities);
			cd_arena_reset(&t.arena);
		}
		twin_done(&t);
	}
}

/* Indexes are made in the midst of writing, and stay exact: twin_sum compares them with what is stored. */
static void test_indexes(void **state)
{
	(void)state;
	struct twin t;
	int value[TENANTS][IDS];
	unsigned seed = 23;
	memset(value, 0xff, sizeof value);
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 60; i++)
			random_change(&t, &seed, value);
		const struct cd_root *root = cd_pin(t.reader);
		const struct cd_names *names = cd_store_names(t.store);
		for (uint32_t k = 0; k < root->tenants_n; k++) {
			cd_index_ask(t.store, root->tenants[k],
				cd_names_find(names, CD_STR("https://example.org/value")), CD_VI_NUMBER);
			cd_index_ask(t.store, root->tenants[k],
				cd_names_find(names, CD_STR("https://example.org/bulk")), CD_VI_STRING);
		}
		cd_unpin(t.reader, root);
		for (int i = 0; i < 10; i++)
			random_change(&t, &seed, value);
		(void)twin_sum_now(&t);
		cd_arena_reset(&t.arena);
		if (round == 10)
			twin_reopen(&t);
	}
	const struct cd_root *root = cd_pin(t.reader);
	for (uint32_t k = 0; k < root->tenants_n; k++)
		assert_int_equal(root->tenants[k]->indexes_n, 2);
	cd_unpin(t.reader, root);
	/* more than there is room for: the one that was used longest ago goes */
	for (cd_term term = 1; term <= CD_INDEXES + 4; term++) {
		root = cd_pin(t.reader);
		cd_index_ask(t.store, root->tenants[0], term, CD_VI_TIME);
		cd_unpin(t.reader, root);
		for (int i = 0; i < 3; i++)
			random_change(&t, &seed, value);
	}
	root = cd_pin(t.reader);
	assert_int_equal(root->tenants[0]->indexes_n, CD_INDEXES);
	assert_non_null(cd_tenant_index(root->tenants[0], CD_INDEXES + 4, CD_VI_TIME));
	cd_unpin(t.reader, root);
	(void)twin_sum_now(&t);
	twin_done(&t);
}

/* ---- batches ---- */

static void test_one_job_many_changes(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	struct cd_change c[] = {
		twin_change(&t, CD_VERB_CREATE, "urn:a", TYPE, 1, 0),
		twin_change(&t, CD_VERB_CREATE, "urn:a", TYPE, 2, 0), /* sees the first */
		twin_change(&t, CD_VERB_APPEND, "urn:a", NULL, 3, 0),
		twin_change(&t, CD_VERB_APPEND, "urn:none", NULL, 3, 0),
		twin_change(&t, CD_VERB_CREATE, "urn:b", TYPE, 4, 0),
		twin_change(&t, CD_VERB_DELETE, "urn:b", NULL, 0, 0),
		twin_change(&t, CD_VERB_CREATE, "urn:b", TYPE, 5, 0),
	};
	const cd_code want[] = {CD_OK, CD_E_ALREADY_EXISTS, CD_OK, CD_E_NOT_FOUND, CD_OK, CD_OK, CD_OK};
	enum { N = sizeof c / sizeof *c };
	struct cd_report r[N] = {0};
	struct cd_job job = {.n = N, .changes = c, .reports = r};
	assert_int_equal(twin_submit(&t, &job), CD_OK);
	for (int i = 0; i < N; i++)
		assert_int_equal(r[i].code, want[i]);
	assert_int_equal(job.version, 5);
	assert_int_equal(twin_get(&t, "", "urn:a"), 3);
	assert_int_equal(twin_get(&t, "", "urn:b"), 5);
	/* the number of what was deleted in between is not used again */
	const struct cd_root *root = cd_pin(t.reader);
	const struct cd_ent *b =
		cd_tenant_get(t.store, cd_root_tenant(root, cd_str_of("", 0)), CD_STR("urn:b"));
	assert_int_equal(b->number, 3);
	assert_int_equal(b->revision, 5);
	cd_unpin(t.reader, root);
	uint64_t sum = twin_sum_now(&t);
	twin_reopen(&t);
	assert_true(twin_sum_now(&t) == sum);
	twin_done(&t);
}

static void test_many_jobs_one_sync(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	enum { N = 50 };
	struct cd_change c[N];
	struct cd_report r[N];
	struct cd_job job[N];
	char id[N][16];
	for (int i = 0; i < N; i++) {
		snprintf(id[i], sizeof id[i], "urn:%d", i / 2);
		c[i] = twin_change(&t, CD_VERB_CREATE, id[i], TYPE, i, 0);
		job[i] = (struct cd_job){.n = 1,
			.changes = &c[i],
			.reports = &r[i],
			.arena = &t.arena,
			.now = t.now,
			.bytes = 100};
		assert_int_equal(cd_store_submit(t.queue, &job[i]), CD_OK);
	}
	uint64_t batches = atomic_load(&t.metrics.v[CD_M_log_batches]);
	assert_int_equal(cd_store_run(t.store), N);
	assert_int_equal(atomic_load(&t.metrics.v[CD_M_log_batches]) - batches, 1);
	assert_int_equal(t.posts, 1); /* refused and accepted ones together */
	for (int i = 0; i < N; i++)
		assert_int_equal(r[i].code, i % 2 ? CD_E_ALREADY_EXISTS : CD_OK);
	assert_int_equal(atomic_load(&t.metrics.v[CD_M_writes_accepted]), N / 2);
	assert_int_equal(atomic_load(&t.metrics.v[CD_M_writes_refused]), N / 2);
	/* nothing accepted: nothing synced */
	assert_int_equal(twin_delete(&t, "", "urn:none"), CD_E_NOT_FOUND);
	assert_int_equal(atomic_load(&t.metrics.v[CD_M_log_batches]) - batches, 1);
	twin_done(&t);
}

/* ---- scans ---- */

static unsigned scan_from(const struct cd_tenant *t, cd_term type, uint64_t offset, uint64_t *last)
{
	struct cd_scan scan;
	const struct cd_ent *e;
	unsigned n = 0;
	cd_scan_begin(&scan, t, type, offset);
	for (uint64_t before = 0; (e = cd_scan_next(&scan)); n++) {
		assert_true(e->number > before && (!type || cd_ent_has_type(e, type)));
		before = *last = e->number;
	}
	assert_null(cd_scan_next(&scan));
	return n;
}

static void test_scans(void **state)
{
	(void)state;
	struct twin t;
	uint64_t last = 0;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	for (int i = 0; i < 300; i++) {
		char id[32], type[64];
		snprintf(id, sizeof id, "urn:%d", i);
		snprintf(type, sizeof type, "https://example.org/T%d", i % 3);
		assert_int_equal(twin_create(&t, "", id, type, i, 0), CD_OK);
	}
	assert_int_equal(twin_delete(&t, "", "urn:0"), CD_OK); /* numbers: 2 .. 300 */
	const struct cd_root *root = cd_pin(t.reader);
	const struct cd_tenant *at = root->tenants[0];
	cd_term type = cd_names_find(cd_store_names(t.store), CD_STR("https://example.org/T1"));
	assert_int_equal(cd_tenant_count(at), 299);
	assert_int_equal(cd_tenant_type_count(at, type), 100);
	assert_int_equal(cd_tenant_type_count(at, type + 1000), 0);
	assert_int_equal(scan_from(at, 0, 0, &last), 299);
	assert_int_equal(last, 300);
	assert_int_equal(scan_from(at, 0, 298, &last), 1);
	assert_int_equal(scan_from(at, 0, 299, &last), 0);
	assert_int_equal(scan_from(at, 0, UINT64_MAX, &last), 0);
	assert_int_equal(scan_from(at, type, 0, &last), 100);
	assert_int_equal(last, 299);
	assert_int_equal(scan_from(at, type, 99, &last), 1);
	assert_int_equal(scan_from(at, type, 100, &last), 0); /* and not those of the next type */
	assert_int_equal(scan_from(at, type, UINT64_MAX, &last), 0);
	assert_int_equal(scan_from(at, type + 1000, 0, &last), 0);
	cd_unpin(t.reader, root);
	twin_done(&t);
}

/* ---- tenants, names, memory: bounds ---- */

static void test_tenants(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	t.set.tenants_max = 20;
	assert_int_equal(twin_open(&t), CD_OK);
	char name[32];
	for (int i = 1; i <= 20; i++) { /* the default tenant is one of them */
		snprintf(name, sizeof name, "tenant%d", i);
		assert_int_equal(twin_create(&t, name, "urn:a", TYPE, i, 0), i < 20 ? CD_OK : CD_E_FULL);
	}
	assert_int_equal(twin_update(&t, "unborn", "urn:a", 1, 0), CD_E_NOT_FOUND); /* makes no tenant */
	struct cd_change c = twin_change(&t, CD_VERB_DELETE, "urn:a", NULL, 0, 0);
	struct cd_report r = {0};
	struct cd_job job = {.tenant = CD_STR("unborn"), .n = 1, .changes = &c, .reports = &r};
	assert_int_equal(twin_submit(&t, &job), CD_OK);
	assert_int_equal(r.code, CD_E_NO_TENANT);
	const struct cd_root *root = cd_pin(t.reader);
	assert_int_equal(root->tenants_n, 20);
	cd_unpin(t.reader, root);
	for (int i = 1; i < 20; i++) {
		snprintf(name, sizeof name, "tenant%d", i);
		assert_int_equal(twin_get(&t, name, "urn:a"), i);
	}
	uint64_t sum = twin_sum_now(&t);
	twin_reopen(&t);
	assert_true(twin_sum_now(&t) == sum);
	twin_done(&t);
}

static void test_names_bound(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	t.set.names_max = 5;
	assert_int_equal(twin_open(&t), CD_OK);
	char type[64], id[32];
	/* refused writes leave no names */
	assert_int_equal(twin_update(&t, "", "urn:none", 1, 10), CD_E_NOT_FOUND);
	assert_int_equal(cd_names_count(cd_store_names(t.store)), 0);
	for (int i = 0; i < 6; i++) { /* "value" and five types: one too many */
		snprintf(type, sizeof type, "https://example.org/T%d", i);
		snprintf(id, sizeof id, "urn:%d", i);
		assert_int_equal(twin_create(&t, "", id, type, 1, 0), i < 4 ? CD_OK : CD_E_FULL);
	}
	assert_int_equal(cd_names_count(cd_store_names(t.store)), 5);
	assert_int_equal(twin_create(&t, "", "urn:more", "https://example.org/T1", 1, 0), CD_OK);
	twin_done(&t);
}

/* A fragment may name one thing twice; it gets one number. */
static void test_names_given_twice(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	struct cd_change c = twin_change(&t, CD_VERB_CREATE, "urn:a", "https://example.org/value", 1, 10);
	cd_str names[3] = {CD_STR("https://example.org/value"), CD_STR("https://example.org/value"),
		CD_STR("https://example.org/bulk")};
	c.names = names;
	c.names_n = 3;
	struct cd_report r = {0};
	struct cd_job job = {.n = 1, .changes = &c, .reports = &r};
	assert_int_equal(twin_submit(&t, &job), CD_OK);
	assert_int_equal(r.code, CD_OK);
	assert_int_equal(cd_names_count(cd_store_names(t.store)), 2);
	assert_int_equal(twin_get(&t, "", "urn:a"), 1);
	uint64_t sum = twin_sum_now(&t);
	twin_reopen(&t);
	assert_true(twin_sum_now(&t) == sum);
	twin_done(&t);
}

/* A refused change names what the twin does not know as its fragment did; an accepted one has numbers. */
static void test_names_in_reports(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	assert_int_equal(twin_create(&t, "", "urn:a", TYPE, 1, 0), CD_OK);
	struct cd_change c[] = {twin_change(&t, CD_VERB_UPDATE, "urn:a", NULL, 2, 10),
		twin_change(&t, CD_VERB_APPEND, "urn:a", NULL, 3, 10)};
	c[1].flags = CD_CHANGE_NO_OVERWRITE;
	struct cd_report r[2] = {0};
	struct cd_job job = {.n = 1, .changes = c, .reports = r};
	/* something is to be removed that was never there */
	struct cd_loose_ent e;
	struct cd_ent *packed;
	cd_loose_ent_init(&e);
	e.id = CD_STR("urn:a");
	e.flags = CD_ENT_FRAGMENT;
	e.child = cd_loose_new(&t.arena, CD_TERM_LOCAL, CD_PROPERTY);
	e.child->flags = CD_NODE_NULL;
	assert_int_equal(cd_ent_pack(&t.cx, &e, &packed), CD_OK);
	const cd_str name = CD_STR_INIT("https://example.org/bulk");
	c[0].frag = packed;
	c[0].names = &name;
	c[0].names_n = 1;
	assert_int_equal(twin_submit(&t, &job), CD_OK);
	assert_int_equal(r[0].not_updated_n, 1);
	assert_int_equal(r[0].not_updated[0].term, CD_TERM_LOCAL | 0);
	assert_int_equal(cd_names_find(cd_store_names(t.store), name), 0); /* still a stranger */
	job.changes = &c[1];
	job.reports = &r[1];
	assert_int_equal(twin_submit(&t, &job), CD_OK);
	assert_int_equal(r[1].code, CD_OK);
	assert_int_equal(r[1].updated_n, 1);
	assert_int_equal(r[1].updated[0], cd_names_find(cd_store_names(t.store), name));
	assert_int_equal(r[1].not_updated_n, 1);
	twin_done(&t);
}

static void test_contexts(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	char *text = calloc(1, 70000);
	memset(text, 'c', 70000);
	for (size_t n = 65535; n <= 65537; n++) {
		char id[32];
		snprintf(id, sizeof id, "urn:%zu", n);
		struct cd_change c = twin_change(&t, CD_VERB_CREATE, id, TYPE, 1, 0);
		struct cd_report r = {0};
		struct cd_job job = {.create_tenant = true, .n = 1, .changes = &c, .reports = &r};
		c.context = cd_str_of(text, n);
		assert_int_equal(twin_submit(&t, &job), CD_OK);
		assert_int_equal(r.code, CD_OK); /* a context too long to be kept hinders nobody */
		assert_int_equal(cd_names_count(t.store->contexts), n <= 65536 ? n - 65534 : 2);
	}
	twin_reopen(&t);
	assert_int_equal(cd_names_count(t.store->contexts), 2);
	assert_int_equal(t.store->contexts_bytes, 65535 + 65536);
	free(text);
	twin_done(&t);
}

static void test_memory_bound(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	t.set.memory_max = 1 << 20;
	assert_int_equal(twin_open(&t), CD_OK);
	char id[32];
	cd_code code = CD_OK;
	int n = 0;
	for (; !code && n < 10000; n++) {
		snprintf(id, sizeof id, "urn:%d", n);
		code = twin_create(&t, "", id, TYPE, n, 500);
		cd_arena_reset(&t.arena);
	}
	assert_int_equal(code, CD_E_FULL);
	assert_in_range(n, 500, 2000);
	assert_in_range(atomic_load(&t.metrics.v[CD_M_memory_bytes]), (1 << 20) / 100 * 95, 1 << 20);
	assert_int_equal(twin_update(&t, "", "urn:1", 7, 0), CD_OK); /* no larger than before */
	assert_int_equal(twin_update(&t, "", "urn:1", 8, 5000), CD_E_FULL);
	assert_int_equal(twin_get(&t, "", "urn:1"), 7);
	for (int i = 0; i < 40; i++) {
		snprintf(id, sizeof id, "urn:%d", i);
		assert_int_equal(twin_delete(&t, "", id), CD_OK);
	}
	assert_int_equal(twin_create(&t, "", "urn:new", TYPE, 1, 500), CD_OK);
	twin_done(&t);
}

/* ---- what has expired ---- */

static void test_expired_makes_room(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	t.participants = held;
	assert_int_equal(twin_open(&t), CD_OK);
	struct cd_change c = twin_change(&t, CD_VERB_CREATE, "urn:a", TYPE, 1, 0);
	struct cd_ent *mortal = cd_arena_alloc(&t.arena, c.frag->bytes);
	memcpy(mortal, c.frag, c.frag->bytes);
	mortal->flags |= CD_ENT_EXPIRES;
	mortal->expires = cd_stamp_of(t.now + 1000, 6);
	c.frag = mortal;
	struct cd_report r = {0};
	struct cd_job job = {.create_tenant = true, .n = 1, .changes = &c, .reports = &r};
	assert_int_equal(twin_submit(&t, &job), CD_OK);
	assert_int_equal(r.code, CD_OK);
	assert_int_equal(twin_create(&t, "", "urn:a", TYPE, 2, 0), CD_E_ALREADY_EXISTS);
	t.now += 2000;
	assert_int_equal(twin_update(&t, "", "urn:a", 3, 0), CD_E_NOT_FOUND);
	assert_int_equal(twin_create(&t, "", "urn:a", TYPE, 4, 0), CD_OK);
	assert_int_equal(cd_store_version(t.store), 3); /* one for the old one's end */
	for (int i = 0; i < 2; i++) {
		const struct cd_root *root = cd_pin(t.reader);
		const struct cd_tenant *at = root->tenants[0];
		const struct cd_ent *e = cd_tenant_get(t.store, at, CD_STR("urn:a"));
		assert_int_equal(cd_tenant_count(at), 1);
		assert_int_equal(twin_value(cd_store_names(t.store), e), 4);
		assert_int_equal(e->number, 2);
		cd_unpin(t.reader, root);
		(void)twin_sum_now(&t);
		twin_reopen(&t);
	}
	twin_done(&t);
}

/* ---- participants ---- */

struct seen {
	unsigned created, changed, deleted, replayed;
	uint64_t last, needs, checkpoint;
	bool context;
};

static void on_event(void *arg, const struct cd_event *e, bool replay)
{
	struct seen *s = arg;
	assert_int_equal(e->revision, s->last + 1);
	assert_int_equal(e->delta->revision, e->revision);
	s->last = e->revision;
	s->created += !e->old && e->now;
	s->changed += e->old && e->now;
	s->deleted += e->old && !e->now;
	s->replayed += replay;
	s->context |= e->context.n > 0;
}
static uint64_t on_needs(void *arg)
{
	return ((struct seen *)arg)->needs;
}
static void on_checkpoint(void *arg, uint64_t version)
{
	((struct seen *)arg)->checkpoint = version;
}

static void test_participant(void **state)
{
	(void)state;
	struct twin t;
	struct seen seen = {0};
	const struct cd_participant p = {"seen", &seen, on_event, on_needs, on_checkpoint};
	const struct cd_participant *const list[] = {&p, NULL};
	twin_init(&t);
	t.participants = list;
	assert_int_equal(twin_open(&t), CD_OK);
	assert_int_equal(twin_create(&t, "", "urn:a", TYPE, 1, 0), CD_OK);
	assert_int_equal(twin_create(&t, "", "urn:a", TYPE, 1, 0), CD_E_ALREADY_EXISTS);
	assert_int_equal(twin_update(&t, "", "urn:a", 2, 0), CD_OK);
	assert_int_equal(twin_create(&t, "", "urn:b", TYPE, 1, 0), CD_OK);
	assert_int_equal(twin_delete(&t, "", "urn:a"), CD_OK);
	assert_int_equal(seen.created, 2);
	assert_int_equal(seen.changed, 1);
	assert_int_equal(seen.deleted, 1);
	assert_int_equal(seen.replayed, 0);
	assert_true(seen.context);
	/* it lags: no checkpoint, and the next start shows it everything again */
	assert_int_equal(cd_store_checkpoint(&t.cx, t.store), CD_E_BUSY);
	assert_int_equal(seen.checkpoint, 0);
	seen = (struct seen){0};
	twin_reopen(&t);
	assert_int_equal(seen.created, 2);
	assert_int_equal(seen.changed, 1);
	assert_int_equal(seen.deleted, 1);
	assert_int_equal(seen.replayed, 4);
	assert_true(seen.context);
	/* it has caught up */
	seen.needs = UINT64_MAX;
	cd_cx_clear(&t.cx);
	assert_int_equal(cd_store_checkpoint(&t.cx, t.store), CD_OK);
	assert_int_equal(seen.checkpoint, 4);
	seen = (struct seen){.last = 4, .needs = UINT64_MAX};
	twin_reopen(&t);
	assert_int_equal(seen.replayed, 0);
	twin_done(&t);
}

/* ---- backup ---- */

static void test_backup(void **state)
{
	(void)state;
	struct twin t;
	int value[TENANTS][IDS];
	unsigned seed = 5;
	uint64_t version = 0;
	char copy[300];
	memset(value, 0xff, sizeof value);
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	for (int i = 0; i < 300; i++)
		random_change(&t, &seed, value);
	uint64_t sum = twin_sum_now(&t);
	snprintf(copy, sizeof copy, "%s-copy", t.folder);
	assert_int_equal(cd_store_backup(&t.cx, t.store, copy, &version), CD_OK);
	assert_int_equal(version, cd_store_version(t.store));
	cd_cx_clear(&t.cx);
	assert_int_equal(cd_store_backup(&t.cx, t.store, copy, &version), CD_E_ALREADY_EXISTS);
	for (int i = 0; i < 50; i++)
		random_change(&t, &seed, value); /* not in the copy */
	twin_close(&t);
	t.set.data = copy;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(twin_open(&t), CD_OK);
		assert_int_equal(cd_store_version(t.store), version + i);
		if (i == 0)
			assert_true(twin_sum_now(&t) == sum);
		assert_int_equal(twin_create(&t, "", i ? "urn:second" : "urn:first", TYPE, 1, 0), CD_OK);
		twin_close(&t);
	}
	twin_remove(copy);
	twin_done(&t);
}

/* ---- a disk that fails ---- */

struct bad_fs {
	struct cd_fs fs;
	struct cd_fs_ops ops;
	struct cd_fs *real;
	bool no_sync, full;
};

static struct bad_fs *bad;
static cd_code told(cd_code code)
{
	memcpy(bad->fs.why, bad->real->why, sizeof bad->fs.why);
	return code;
}
static cd_code bad_open(struct cd_fs *fs, const char *path, int flags, struct cd_file **ret)
{
	(void)fs;
	return told(bad->real->ops->open(bad->real, path, flags, ret));
}
static void bad_close(struct cd_fs *fs, struct cd_file *f)
{
	(void)fs;
	bad->real->ops->close(bad->real, f);
}
static cd_code bad_read(struct cd_fs *fs, struct cd_file *f, void *p, size_t n, uint64_t at, size_t *got)
{
	(void)fs;
	return told(bad->real->ops->read(bad->real, f, p, n, at, got));
}
static cd_code bad_write(struct cd_fs *fs, struct cd_file *f, const void *p, size_t n, uint64_t at)
{
	uint64_t size = 0;
	(void)fs;
	(void)bad->real->ops->size(bad->real, f, &size);
	if (bad->full && at + n > size)
		return CD_E_FULL;
	return told(bad->real->ops->write(bad->real, f, p, n, at));
}
static cd_code bad_sync(struct cd_fs *fs, struct cd_file *f)
{
	(void)fs;
	return bad->no_sync ? CD_E_IO : told(bad->real->ops->sync(bad->real, f));
}
static cd_code bad_size(struct cd_fs *fs, struct cd_file *f, uint64_t *ret)
{
	(void)fs;
	return told(bad->real->ops->size(bad->real, f, ret));
}
static cd_code bad_truncate(struct cd_fs *fs, struct cd_file *f, uint64_t n)
{
	uint64_t size = 0;
	(void)fs;
	(void)bad->real->ops->size(bad->real, f, &size);
	if (bad->full && n > size)
		return CD_E_FULL;
	return told(bad->real->ops->truncate(bad->real, f, n));
}
static cd_code bad_rename(struct cd_fs *fs, const char *from, const char *to)
{
	(void)fs;
	return told(bad->real->ops->rename(bad->real, from, to));
}
static cd_code bad_unlink(struct cd_fs *fs, const char *path)
{
	(void)fs;
	return told(bad->real->ops->unlink(bad->real, path));
}
static cd_code bad_mkdir(struct cd_fs *fs, const char *path)
{
	(void)fs;
	return told(bad->real->ops->mkdir(bad->real, path));
}
static cd_code bad_sync_dir(struct cd_fs *fs, const char *path)
{
	(void)fs;
	return told(bad->real->ops->sync_dir(bad->real, path));
}
static cd_code bad_list(struct cd_fs *fs, const char *path, void (*each)(void *, const char *), void *arg)
{
	(void)fs;
	return told(bad->real->ops->list(bad->real, path, each, arg));
}
static cd_code bad_lock(struct cd_fs *fs, const char *path, struct cd_file **ret)
{
	(void)fs;
	return told(bad->real->ops->lock(bad->real, path, ret));
}
static const char *bad_lmdb_path(struct cd_fs *fs, const char *path, char *buf, size_t n)
{
	(void)fs;
	return bad->real->ops->lmdb_path(bad->real, path, buf, n);
}

static void bad_init(struct bad_fs *b, struct twin *t)
{
	*b = (struct bad_fs){.real = t->fs,
		.ops = {bad_open, bad_close, bad_read, bad_write, bad_sync, bad_size, bad_truncate,
			bad_rename, bad_unlink, bad_mkdir, bad_sync_dir, bad_list, bad_lock, bad_lmdb_path}};
	b->fs.ops = &b->ops;
	bad = b;
	t->fs = &b->fs;
	t->set.durability = "disk";
}

static void test_failed_sync(void **state)
{
	(void)state;
	struct twin t;
	struct bad_fs b;
	twin_init(&t);
	bad_init(&b, &t);
	assert_int_equal(twin_open(&t), CD_OK);
	assert_int_equal(twin_create(&t, "", "urn:a", TYPE, 1, 0), CD_OK);
	b.no_sync = true;
	assert_int_equal(twin_update(&t, "", "urn:a", 2, 0), CD_E_OUTCOME_UNKNOWN);
	assert_int_equal(twin_get(&t, "", "urn:a"), 1); /* not shown: it may not be durable */
	b.no_sync = false;
	assert_false(cd_store_writable(t.store)); /* and never again */
	assert_int_equal(twin_update(&t, "", "urn:a", 3, 0), CD_E_OUTCOME_UNKNOWN);
	assert_int_equal(atomic_load(&t.metrics.v[CD_M_read_only]), 1);
	assert_int_equal(cd_store_checkpoint(&t.cx, t.store), CD_E_OUTCOME_UNKNOWN);
	assert_int_equal(twin_get(&t, "", "urn:a"), 1);
	twin_reopen(&t);
	int value = twin_get(&t, "", "urn:a"); /* either is right, 3 is not */
	assert_true(value == 1 || value == 2);
	t.fs = b.real;
	twin_close(&t);
	twin_done(&t);
}

static void test_full_disk(void **state)
{
	(void)state;
	struct twin t;
	struct bad_fs b;
	char id[32];
	twin_init(&t);
	bad_init(&b, &t);
	assert_int_equal(twin_open(&t), CD_OK);
	for (int i = 0; i < 10; i++) {
		snprintf(id, sizeof id, "urn:%d", i);
		assert_int_equal(twin_create(&t, "", id, TYPE, i, 1000), CD_OK);
	}
	b.full = true;
	cd_code code = CD_OK;
	int n = 10;
	for (; !code && n < 20000; n++) {
		snprintf(id, sizeof id, "urn:%d", n);
		code = twin_create(&t, "", id, TYPE, n, 1000);
		cd_arena_reset(&t.arena);
	}
	assert_int_equal(code, CD_E_FULL);
	assert_int_equal(twin_get(&t, "", id), -1);
	assert_true(cd_store_writable(t.store));
	/* deletions go on, also in one batch with what is refused */
	struct cd_change c[] = {twin_change(&t, CD_VERB_CREATE, "urn:new", TYPE, 1, 2000),
		twin_change(&t, CD_VERB_DELETE, "urn:3", NULL, 0, 0)};
	struct cd_report r[2] = {0};
	struct cd_job job = {.n = 2, .changes = c, .reports = r};
	assert_int_equal(twin_submit(&t, &job), CD_OK);
	assert_int_equal(r[0].code, CD_E_FULL);
	assert_int_equal(r[1].code, CD_OK);
	assert_int_equal(twin_get(&t, "", "urn:3"), -1);
	assert_int_equal(twin_get(&t, "", "urn:new"), -1);
	b.full = false;
	assert_int_equal(twin_create(&t, "", "urn:new", TYPE, 1, 10), CD_OK);
	uint64_t sum = twin_sum_now(&t);
	twin_reopen(&t);
	assert_true(twin_sum_now(&t) == sum);
	t.fs = b.real;
	twin_close(&t);
	twin_done(&t);
}

/* ---- no memory, at every place in turn ---- */

static void test_no_memory(void **state)
{
	(void)state;
	struct twin t;
	twin_init(&t);
	t.participants = held;
	assert_int_equal(twin_open(&t), CD_OK);
	assert_int_equal(twin_create(&t, "", "urn:kept", TYPE, 1, 0), CD_OK);
	unsigned long k = 1;
	for (bool failed = true; failed; k++) {
		char type[64], id[2][32], tenant[32];
		snprintf(type, sizeof type, "https://example.org/T%lu", k);
		snprintf(id[0], sizeof id[0], "urn:a:%lu", k);
		snprintf(id[1], sizeof id[1], "urn:b:%lu", k);
		snprintf(tenant, sizeof tenant, "tenant%lu", k);
		struct cd_change c[] = {twin_change(&t, CD_VERB_CREATE, id[0], type, 1, 0),
			twin_change(&t, CD_VERB_CREATE, id[1], type, 2, 0),
			twin_change(&t, CD_VERB_APPEND, id[0], NULL, 3, 300)};
		struct cd_report r[3] = {0};
		struct cd_job job = {.tenant = cd_str_z(tenant),
			.create_tenant = true,
			.n = 3,
			.changes = c,
			.reports = r};
		uint64_t before = twin_sum_now(&t), version = cd_store_version(t.store);
		cd_mem_fail_after(k);
		cd_code code = twin_submit(&t, &job);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		int a = twin_get(&t, tenant, id[0]), b = twin_get(&t, tenant, id[1]);
		if (code) {
			assert_int_equal(code, CD_E_NO_MEMORY);
			assert_true(twin_sum_now(&t) == before);
			assert_int_equal(cd_store_version(t.store), version);
		} else {
			/* each change as its report says */
			assert_int_equal(a, r[0].code ? -1 : r[2].code ? 1 : 3);
			assert_int_equal(b, r[1].code ? -1 : 2);
		}
		if (failed && k % 5 == 0) {
			uint64_t sum = twin_sum_now(&t);
			twin_reopen(&t);
			assert_true(twin_sum_now(&t) == sum);
		}
	}
	assert_true(k > 5);
	assert_int_equal(twin_get(&t, "", "urn:kept"), 1);
	uint64_t sum = twin_sum_now(&t);
	twin_reopen(&t);
	assert_true(twin_sum_now(&t) == sum);
	twin_done(&t);
}

static void test_open_no_memory(void **state)
{
	(void)state;
	struct twin t;
	int value[TENANTS][IDS];
	unsigned seed = 9;
	memset(value, 0xff, sizeof value);
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	for (int i = 0; i < 150; i++)
		random_change(&t, &seed, value);
	twin_reopen(&t);
	t.participants = held;
	twin_reopen(&t);
	for (int i = 0; i < 100; i++)
		random_change(&t, &seed, value);
	uint64_t sum = twin_sum_now(&t);
	twin_close(&t);
	for (unsigned long k = 1;; k++) {
		cd_mem_fail_after(k);
		const struct cd_store_config conf = {
			.set = &t.set, .fs = t.fs, .metrics = &t.metrics, .participants = held};
		cd_cx_init(&t.cx, &t.arena, &t.set);
		cd_code code = cd_store_open(&t.cx, &conf, &t.store);
		bool failed = cd_mem_failed();
		cd_mem_fail_after(0);
		if (code)
			assert_int_equal(code, CD_E_NO_MEMORY);
		else
			cd_store_close(t.store);
		t.store = NULL;
		cd_arena_reset(&t.arena);
		if (!failed)
			break;
	}
	assert_int_equal(twin_open(&t), CD_OK);
	assert_true(twin_sum_now(&t) == sum);
	twin_done(&t);
}

/* A checkpoint or a backup that runs out of memory is put off: the twin and what is on the disk stay whole.
 */
static void test_checkpoint_no_memory(void **state)
{
	(void)state;
	struct twin t;
	int value[TENANTS][IDS];
	unsigned seed = 31;
	unsigned long k = 1;
	memset(value, 0xff, sizeof value);
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	for (bool failed = true; failed; k++) {
		for (int i = 0; i < 20; i++)
			random_change(&t, &seed, value);
		uint64_t sum = twin_sum_now(&t);
		cd_cx_clear(&t.cx);
		cd_mem_fail_after(k);
		cd_code code = cd_store_checkpoint(&t.cx, t.store);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
		assert_true(cd_store_writable(t.store));
		twin_reopen(&t);
		assert_true(twin_sum_now(&t) == sum);
	}
	twin_done(&t);
}

static void test_backup_no_memory(void **state)
{
	(void)state;
	struct twin t;
	int value[TENANTS][IDS];
	unsigned seed = 37;
	unsigned long k = 1;
	char folder[300];
	memset(value, 0xff, sizeof value);
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	for (int i = 0; i < 300; i++)
		random_change(&t, &seed, value);
	uint64_t sum = twin_sum_now(&t), version;
	for (bool failed = true; failed; k++) {
		snprintf(folder, sizeof folder, "%s-%lu", t.folder, k);
		cd_cx_clear(&t.cx);
		cd_mem_fail_after(k);
		cd_code code = cd_store_backup(&t.cx, t.store, folder, &version);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
		assert_true(twin_sum_now(&t) == sum);
		/* what was not finished is taken for nothing, least of all for a twin */
		struct cd_settings set = t.set;
		const struct cd_store_config conf = {.set = &set, .fs = t.fs, .read_only = true};
		struct cd_store *copy = NULL;
		set.data = folder;
		code = cd_store_open(&t.cx, &conf, &copy);
		assert_true((code != CD_OK) == failed);
		cd_store_close(copy);
		twin_remove(folder);
	}
	assert_true(k > 3);
	twin_done(&t);
}

/* An index that does not fit is done without; the writes and the other indexes go on. */
static void test_index_no_memory(void **state)
{
	(void)state;
	struct twin t;
	int value[TENANTS][IDS];
	unsigned seed = 41;
	unsigned long k = 1, without = 0;
	memset(value, 0xff, sizeof value);
	twin_init(&t);
	assert_int_equal(twin_open(&t), CD_OK);
	for (int i = 0; i < 300; i++)
		random_change(&t, &seed, value);
	cd_term term = cd_names_find(cd_store_names(t.store), CD_STR("https://example.org/value"));
	for (bool failed = true; failed; k++) {
		const struct cd_root *root = cd_pin(t.reader);
		cd_index_ask(t.store, root->tenants[0], term, CD_VI_NUMBER);
		cd_unpin(t.reader, root);
		cd_mem_fail_after(k);
		cd_index_build(t.store);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		for (int i = 0; i < 10; i++)
			random_change(&t, &seed, value);
		(void)twin_sum_now(&t); /* checks the index against what is stored */
		root = cd_pin(t.reader);
		bool there = cd_tenant_index(root->tenants[0], term, CD_VI_NUMBER);
		cd_unpin(t.reader, root);
		assert_true(there || failed);
		without += !there;
		twin_reopen(&t);
	}
	assert_true(without > 3);
	twin_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_minutes),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_newer_formats),
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_random_restarts),
		cmocka_unit_test(test_indexes),
		cmocka_unit_test(test_one_job_many_changes),
		cmocka_unit_test(test_many_jobs_one_sync),
		cmocka_unit_test(test_scans),
		cmocka_unit_test(test_tenants),
		cmocka_unit_test(test_names_bound),
		cmocka_unit_test(test_names_given_twice),
		cmocka_unit_test(test_names_in_reports),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_memory_bound),
		cmocka_unit_test(test_expired_makes_room),
		cmocka_unit_test(test_participant),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_failed_sync),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_open_no_memory),
		cmocka_unit_test(test_checkpoint_no_memory),
		cmocka_unit_test(test_backup_no_memory),
		cmocka_unit_test(test_index_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
