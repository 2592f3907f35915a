/*
 * Building an index, in three steps on two threads.
 *
 *   a reader  finds that an index would pay, and asks (cd_index_ask)
 *   the keeper pins the newest root, collects the entries of all entities, sorts them
 *   the writer fills a tree with them, puts in what changed since that root, publishes
 *
 * The root stays pinned until the writer has done, so that it can tell what an entity had in it then.
 */
#include "base/log.h"
#include "base/mem.h"
#include "geo/cell.h"
#include "store/sort.h"
#include "store/store_int.h"
#include "store/tree_int.h"
#include "store/value_index.h"

#include <time.h>

enum {
	WAIT_US = 500,
	LOOK_EACH = 1024,         /* entities between two looks at the bounds */
	ROOM_PCT = 90,            /* of memory_max: creates are refused at 95 */
	FULL_REST_US = 10000000u, /* so long nothing is collected again in vain */
};

struct cd_index_job {
	struct cd_index_wish wish;
	const struct cd_root *root; /* pinned by the keeper */
	struct cd_pairs pairs, rest;
	uint64_t others;
	uint32_t levels;
	cd_code code;
	_Atomic bool done;
};

/* ---- collecting: the keeper ---- */

struct collect {
	struct cd_index_job *job;
	uint64_t number;
};

static bool collect_one(void *arg, uint64_t key, enum cd_vi_where where)
{
	struct collect *c = arg;
	if (where == CD_VI_OTHERS) {
		c->job->others++;
		return true;
	}
	if (c->job->wish.class == CD_VI_PLACE)
		c->job->levels |= cd_cell_level_bit(key);
	return cd_pairs_add(
		where == CD_VI_REST ? &c->job->rest : &c->job->pairs, (struct cd_key){key, c->number});
}

/* Of a dense tree with n keys. */
static uint64_t tree_bytes(uint64_t n)
{
	uint64_t bytes = 0, each = CD_LEAF_BYTES;
	do {
		n = n / CD_TREE_FAN + 1;
		bytes += n * each;
		each = CD_INNER_BYTES;
	} while (n > 1);
	return bytes;
}

/* Whoever asks may ask for any attribute: what is stored goes first, and a stop does not wait. */
static cd_code look(const struct cd_store *s, const struct cd_index_job *job)
{
	if (atomic_load(&s->stop))
		return CD_E_BUSY;
	uint64_t used = atomic_load_explicit(&s->bytes, memory_order_relaxed);
	uint64_t more = tree_bytes(job->pairs.n) + tree_bytes(job->rest.n);
	return used + more > s->memory_max / 100 * ROOM_PCT ? CD_E_FULL : CD_OK;
}

static cd_code collect(const struct cd_store *s, struct cd_index_job *job, const struct cd_tenant *t)
{
	struct cd_scan scan;
	struct collect c = {.job = job};
	cd_code code = look(s, job);
	unsigned n = 0;
	cd_scan_begin(&scan, t, 0, 0);
	for (const struct cd_ent *e; !code && (e = cd_scan_next(&scan));) {
		c.number = e->number;
		if (++n % LOOK_EACH == 0)
			code = look(s, job);
		if (!cd_vi_entries(e, job->wish.term, job->wish.class, collect_one, &c))
			return CD_E_NO_MEMORY;
	}
	if (!code)
		code = look(s, job);
	if (code)
		return code;
	return cd_pairs_sort(&job->pairs) && cd_pairs_sort(&job->rest) ? CD_OK : CD_E_NO_MEMORY;
}

static void hand_over(struct cd_store *s, struct cd_index_job *job)
{
	atomic_store(&s->index_job, job);
	cd_writer_wake(s);
	const struct timespec t = {.tv_nsec = WAIT_US * 1000L};
	while (!atomic_load(&job->done)) {
		if (s->threads) {
			if (atomic_load(&s->stop) && atomic_exchange(&s->index_job, NULL) == job) {
				job->code = CD_E_BUSY; /* the writer will not come any more */
				return;
			}
			(void)nanosleep(&t, NULL);
		} else {
			cd_index_attach(s);
		}
	}
}

static void build(struct cd_store *s, struct cd_index_job *job)
{
	cd_time_us began = cd_time_mono();
	job->code = collect(s, job, job->root->tenants[job->wish.tenant]);
	if (!job->code)
		hand_over(s, job);
	if (job->code == CD_E_FULL)
		s->index_rest = cd_time_mono() + FULL_REST_US;
	const char *why = !job->code               ? NULL
			  : job->code == CD_E_BUSY ? "the twin is being stopped"
						   : cd_code_title(job->code);
	cd_log(CD_LOG_INFO, "store", 0, why ? "did without an index" : "built an index", why,
		"term=%u class=%u entries=%zu rest=%zu took_us=%lld", job->wish.term, job->wish.class,
		job->pairs.n, job->rest.n, (long long)(cd_time_mono() - began));
}

void cd_index_build(struct cd_store *s)
{
	struct cd_index_job job = {.code = CD_OK};
	if (!cd_wish_take(s, &job.wish) || !cd_writable(s) || atomic_load(&s->stop))
		return;
	if (cd_time_mono() < s->index_rest) {
		cd_wish_forget(s);
		return;
	}
	pthread_mutex_lock(&s->keep_lock); /* the reader is the keeper's, whoever plays its part */
	job.root = cd_pin(s->keep_reader);
	if (!job.root) {
		pthread_mutex_unlock(&s->keep_lock);
		return;
	}
	/* it may have been asked for by one who reads an old version */
	bool wanted = job.wish.tenant < job.root->tenants_n &&
		      !cd_tenant_index(job.root->tenants[job.wish.tenant], job.wish.term, job.wish.class);
	if (wanted)
		build(s, &job);
	cd_unpin(s->keep_reader, job.root);
	pthread_mutex_unlock(&s->keep_lock);
	cd_pairs_done(&job.pairs);
	cd_pairs_done(&job.rest);
	cd_wish_forget(s);
}

/* ---- attaching: the writer ---- */

/* Keys of equal entries stand next to each other: once is enough. */
static cd_code fill(struct cd_edit *e, const struct cd_pairs *pairs, struct cd_tree *ret)
{
	struct cd_tree_build *b = cd_tree_build_new(e);
	if (!b)
		return CD_E_NO_MEMORY;
	for (size_t i = 0; i < pairs->n; i++) {
		const struct cd_key *k = &pairs->at[i];
		if (i == 0 || k->hi != k[-1].hi || k->lo != k[-1].lo)
			(void)cd_tree_build_put(b, *k, 0); /* sticky: the end tells */
	}
	return cd_tree_build_end(b, ret);
}

static const struct cd_ent *entity_at(struct cd_tree t, uint64_t number)
{
	uint64_t value;
	return cd_tree_get(t, (struct cd_key){0, number}, &value)
		       ? &((const struct cd_block *)(uintptr_t)value)->ent
		       : NULL;
}

static cd_code catch_up_leaf(struct cd_edit *e, struct cd_index *index, struct cd_tree before,
	struct cd_tree after, const struct cd_tree_leaf *leaf)
{
	struct cd_tree_at at;
	struct cd_key key;
	uint64_t value;
	cd_code code = CD_OK;
	/* what was there: gone, changed, or as it was */
	cd_tree_seek(before, leaf->from, &at);
	while (!code && cd_tree_next(&at, &key, &value) && (leaf->to.hi || key.lo < leaf->to.lo)) {
		const struct cd_ent *old = &((const struct cd_block *)(uintptr_t)value)->ent,
				    *now = entity_at(after, key.lo);
		if (old != now)
			code = cd_vi_change_one(e, index, old, now);
	}
	for (uint32_t i = 0; !code && i < leaf->n; i++)
		if (!entity_at(before, leaf->key[i].lo))
			code = cd_vi_change_one(e, index, NULL, entity_at(after, leaf->key[i].lo));
	return code;
}

static cd_code catch_up(struct cd_edit *e, struct cd_index *index, const struct cd_root *then,
	const struct cd_tenant *was, struct cd_tenant *t)
{
	struct cd_key from = {0, 0};
	struct cd_tree_leaf leaf;
	cd_code code = CD_OK;
	while (!code && cd_tree_changed(t->entities, then->edition, from, &leaf)) {
		code = catch_up_leaf(e, index, was->entities, t->entities, &leaf);
		from = leaf.to;
		if (from.hi == UINT64_MAX && from.lo == UINT64_MAX)
			break;
	}
	return code;
}

/* A place for one more: the index that was used longest ago makes room. */
static struct cd_index *place_for(struct cd_edit *e, struct cd_tenant *t)
{
	if (t->indexes_n < CD_INDEXES)
		return &t->indexes[t->indexes_n++];
	struct cd_index *oldest = &t->indexes[0];
	for (unsigned i = 1; i < CD_INDEXES; i++)
		if (atomic_load(t->indexes[i].used) < atomic_load(oldest->used))
			oldest = &t->indexes[i];
	cd_tree_drop(e, &oldest->tree);
	cd_tree_drop(e, &oldest->rest);
	return oldest;
}

static cd_code attach(struct cd_batch *b, struct cd_index_job *job)
{
	struct cd_tenant *t = cd_tenant_own(b, job->wish.tenant);
	struct cd_index index = {.term = job->wish.term,
		.class = job->wish.class,
		.others = job->others,
		.levels = job->levels};
	if (!t)
		return CD_E_NO_MEMORY;
	index.used = cd_index_use_slot(b->store, &job->wish);
	if (!index.used)
		return CD_E_NO_MEMORY;
	cd_code code = fill(&b->edit, &job->pairs, &index.tree);
	if (!code)
		code = fill(&b->edit, &job->rest, &index.rest);
	if (!code)
		code = catch_up(&b->edit, &index, job->root, job->root->tenants[job->wish.tenant], t);
	if (code) {
		cd_tree_abort(&b->edit, &index.tree);
		cd_tree_abort(&b->edit, &index.rest);
		return code;
	}
	*place_for(&b->edit, t) = index;
	return CD_OK;
}

/* An edition without a revision: no data changes, so nothing is logged and nobody is told. */
static cd_code publish_index(struct cd_store *s, struct cd_index_job *job)
{
	struct cd_batch *b = &s->batch;
	struct cd_version *v = cd_mem_zalloc(sizeof *v);
	cd_code code = v ? cd_batch_begin(b, s) : CD_E_NO_MEMORY;
	if (code) {
		cd_mem_free(v);
		return code;
	}
	code = attach(b, job);
	if (code) {
		cd_mem_free(v);
		cd_batch_abort(b);
		return code;
	}
	cd_batch_publish(b, v);
	cd_count_memory(s);
	return CD_OK;
}

void cd_index_attach(struct cd_store *s)
{
	struct cd_index_job *job = atomic_exchange(&s->index_job, NULL);
	if (!job)
		return;
	job->code = publish_index(s, job);
	atomic_store(&job->done, true);
}

/* ---- use ---- */

_Atomic uint64_t *cd_index_use_slot(struct cd_store *s, const struct cd_index_wish *wish)
{
	struct cd_index_use *u = s->index_uses;
	while (u && memcmp(&u->of, wish, sizeof *wish) != 0)
		u = u->next;
	if (!u) {
		u = cd_mem_zalloc(sizeof *u);
		if (!u)
			return NULL;
		u->of = *wish;
		u->next = s->index_uses;
		s->index_uses = u;
	}
	atomic_store(&u->at, (uint64_t)cd_time_mono());
	return &u->at;
}

void cd_index_uses_free(struct cd_store *s)
{
	for (struct cd_index_use *u = s->index_uses, *next; u; u = next) {
		next = u->next;
		cd_mem_free(u);
	}
	s->index_uses = NULL;
}
