/*
 * The writer: batches of jobs, each durable with one sync, then visible with one atomic store, then answered.
 *
 *   take jobs in turn -> apply each on the private root -> log, one sync -> participants -> publish -> post
 * all jobs
 *
 * What queued up during the last sync makes the next batch; nobody waits for more to come. Refused jobs are
 * answered with the rest, because their reason may rest on a change of the same batch. A batch in which
 * nothing was accepted has nothing to sync: its reasons rest on what is durable.
 *
 * When the disk is full the batch is decided once more with growing changes refused, and may use the log's
 * last segment: deletions go on. After any other failure of the log the state of the disk is unknown: nothing
 * is published, the batch is answered "outcome unknown", and nothing is ever written again.
 */
#include "base/log.h"
#include "base/mem.h"
#include "store/store_int.h"

#include <errno.h>
#include <time.h>

enum { IDLE_SWEEP_MS = 100 };

/* ---- one batch ---- */

static void tell_participants(const struct cd_batch *b)
{
	const struct cd_participant *const *at = b->store->participants;
	for (; at && *at; at++) {
		for (size_t i = 0; (*at)->event && i < b->accepted_n; i++) {
			const struct cd_accepted *a = &b->accepted[i];
			const struct cd_event event = {
				.revision = a->delta->revision,
				.tenant = a->tenant,
				.old = a->old ? &a->old->ent : NULL,
				.now = a->now ? &a->now->ent : NULL,
				.delta = a->delta,
				.context = cd_names_text(b->store->contexts, a->context),
			};
			(*at)->event((*at)->arg, &event, false);
		}
	}
}

void cd_count_memory(struct cd_store *s)
{
	uint64_t bytes = cd_reclaim_bytes(&s->reclaim);
	atomic_store_explicit(&s->bytes, bytes, memory_order_relaxed);
	cd_metric_set(s->metrics, CD_M_memory_bytes, bytes);
	cd_metric_set(s->metrics, CD_M_memory_dead_bytes, s->reclaim.dead_bytes);
}

static void count_batch(struct cd_store *s, const struct cd_root *root, int64_t entities)
{
	struct cd_metrics *m = s->metrics;
	cd_metric_set(m, CD_M_revision, root->version);
	cd_metric_add(m, CD_M_entities, (uint64_t)entities); /* wraps round for fewer */
	cd_metric_set(m, CD_M_tenants, root->tenants_n);
	cd_metric_set(m, CD_M_names, cd_names_count(s->names));
	cd_count_memory(s);
	cd_metric_set(m, CD_M_checkpoint_lag_bytes, root->log_bytes - atomic_load(&s->checkpointed));
}

static void poison(struct cd_store *s)
{
	atomic_store(&s->poisoned, true);
	cd_metric_set(s->metrics, CD_M_read_only, 1);
	cd_log(CD_LOG_ERROR, "store", 0, "stopped writing for good; reading goes on",
		"the log could not be synced", "detail=\"%s\"", s->fs->why);
}

static void publish(struct cd_batch *b, struct cd_version *v)
{
	struct cd_store *s = b->store;
	struct cd_root *root = b->root;
	root->log_bytes = cd_log_position(s->log);
	root->batch = cd_log_batch(s->log);
	s->names_durable = s->names_put;
	s->contexts_durable = s->contexts_put;
	tell_participants(b);
	cd_batch_publish(b, v);
	atomic_store(&s->version, root->version);
	atomic_store(&s->written, root->log_bytes);
	count_batch(s, root, b->entities);
	if (root->log_bytes - s->keep_asked_at >= s->set->segment_bytes / 4) {
		s->keep_asked_at = root->log_bytes;
		cd_keep_ask(s);
	}
}

/* Durable and visible, or gone. */
static cd_code settle(struct cd_batch *b)
{
	struct cd_store *s = b->store;
	struct cd_version *v = NULL;
	cd_code code = b->bad;
	if (!code && b->accepted_n)
		code = cd_index_flush(b);
	if (!code && b->accepted_n) {
		v = cd_mem_zalloc(sizeof *v);
		code = v ? CD_OK : CD_E_NO_MEMORY;
	}
	if (!code && v) {
		cd_time_us began = cd_time_mono();
		code = cd_log_commit(s->log, !b->growing);
		atomic_store_explicit(&s->sync_us, (uint64_t)(cd_time_mono() - began), memory_order_relaxed);
		if (code && code != CD_E_FULL) {
			poison(s);
			code = CD_E_OUTCOME_UNKNOWN;
		}
	}
	if (!code && v) {
		publish(b, v);
		return CD_OK;
	}
	cd_mem_free(v);
	cd_log_drop_batch(s->log);
	cd_batch_abort(b);
	return code;
}

/* Up to n jobs in turn, linked behind *tail. */
static unsigned take_some(struct cd_store *s, struct cd_job **job, unsigned n, struct cd_job ***tail)
{
	unsigned got = 0;
	for (; got < n && (job[got] = cd_queues_take(s)); got++) {
		**tail = job[got];
		*tail = &job[got]->next;
	}
	return got;
}

/* A few jobs are taken at a time, so that what they will read can be fetched for all of them at once. */
static void collect(struct cd_batch *b, struct cd_job *first)
{
	struct cd_store *s = b->store;
	struct cd_job *some[CD_WARM] = {first}, **tail = &first->next;
	unsigned n = 1 + take_some(s, some + 1, CD_WARM - 1, &tail);
	cd_time_us until = cd_time_mono() + (cd_time_us)s->set->batch_time;
	while (n > 0) {
		cd_root_warm(b->root, some, n);
		for (unsigned i = 0; i < n; i++)
			cd_apply_job(b, some[i]);
		if (b->bad || cd_log_batch_bytes(s->log) >= s->set->batch_bytes || cd_time_mono() >= until)
			break;
		n = take_some(s, some, CD_WARM, &tail);
	}
}

/* The disk is full: the same jobs again, without what grows. */
static cd_code settle_shrinking(struct cd_batch *b, struct cd_job *jobs, cd_time_us now)
{
	if (cd_batch_begin(b, b->store))
		return CD_E_NO_MEMORY;
	b->shrink_only = true;
	cd_apply_lapsed(b, &b->store->lapse_arena, now);
	for (struct cd_job *job = jobs; job; job = job->next)
		cd_apply_job(b, job);
	cd_code code = settle(b);
	if (code == CD_OK)
		cd_log(CD_LOG_WARN, "store", 0, "refused what needs room", "the disk is full", NULL);
	return code;
}

static void count_reports(struct cd_store *s, const struct cd_job *job)
{
	uint64_t accepted = 0;
	for (uint32_t i = 0; i < job->n; i++)
		accepted += job->reports[i].code == CD_OK;
	cd_metric_add(s->metrics, CD_M_writes_accepted, accepted);
	cd_metric_add(s->metrics, CD_M_writes_refused, job->n - accepted);
}

static size_t answer(struct cd_store *s, struct cd_job *jobs, cd_code code)
{
	size_t n = 0;
	for (struct cd_job *next; jobs; jobs = next, n++) {
		next = jobs->next;
		jobs->code = code;
		jobs->version = s->reclaim.newest->root->version;
		if (!code)
			count_reports(s, jobs);
		cd_job_done(jobs);
	}
	cd_queues_post(s);
	return n;
}

/* Without threads time is that of the jobs: tests and imports have clocks of their own. */
static cd_time_us lapse_time(const struct cd_store *s, const struct cd_job *jobs)
{
	return jobs ? jobs->now : s->threads ? cd_time_wall() : s->job_time;
}

static cd_code decide_batch(struct cd_store *s, struct cd_job *jobs, cd_time_us now)
{
	struct cd_batch *b = &s->batch;
	cd_code code = cd_batch_begin(b, s);
	if (code)
		return code;
	cd_apply_lapsed(b, &s->lapse_arena, now);
	if (jobs)
		collect(b, jobs);
	code = settle(b);
	return code == CD_E_FULL ? settle_shrinking(b, jobs, now) : code;
}

bool cd_writer_batch(struct cd_store *s, size_t *ret_jobs)
{
	struct cd_job *jobs = cd_queues_take(s);
	cd_time_us now = lapse_time(s, jobs);
	if (!jobs && !cd_lapse_due(s->reclaim.newest->root, now))
		return false;
	s->job_time = now;
	uint64_t before = s->reclaim.newest->root->version;
	cd_code code = decide_batch(s, jobs, now);
	cd_arena_reset(&s->lapse_arena);
	*ret_jobs += answer(s, jobs, code);
	/* what could not lapse now waits for the next sweep */
	return jobs || s->reclaim.newest->root->version > before;
}

void cd_writer_refuse(struct cd_store *s)
{
	for (struct cd_job *job; (job = cd_queues_take(s));) {
		job->next = NULL;
		(void)answer(s, job, CD_E_OUTCOME_UNKNOWN);
	}
}

/* ---- the thread ---- */

static void trim(struct cd_store *s)
{
	uint64_t to = atomic_load(&s->trim_to);
	if (to <= s->trimmed)
		return;
	s->trimmed = to;
	if (cd_writable(s) && cd_log_trim(s->log, to))
		cd_log(CD_LOG_WARN, "store", 0, "kept old segments of the log", "they could not be recycled",
			NULL);
}

/* Versions that readers have let go of while nothing was written. */
static void sweep(struct cd_store *s)
{
	if (s->reclaim.versions_n <= 1)
		return;
	cd_pins_mark(s);
	cd_reclaim_sweep(&s->reclaim);
	cd_count_memory(s);
}

static bool has_mortals(const struct cd_root *root)
{
	for (uint32_t i = 0; i < root->tenants_n; i++)
		if (cd_tree_count(root->tenants[i]->expiry))
			return true;
	return false;
}

static void sleep_until_work(struct cd_store *s)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += IDLE_SWEEP_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	int rc = 0;
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->asleep, true); /* pairs with cd_writer_wake() */
	bool mortal = has_mortals(s->reclaim.newest->root);
	while (rc != ETIMEDOUT && !cd_queues_waiting(s) && !atomic_load(&s->stop) &&
		atomic_load(&s->trim_to) <= s->trimmed && !atomic_load(&s->index_job)) {
		if (s->reclaim.versions_n > 1 || mortal)
			rc = pthread_cond_timedwait(&s->wake, &s->lock, &until);
		else
			rc = pthread_cond_wait(&s->wake, &s->lock);
	}
	atomic_store(&s->asleep, false);
	pthread_mutex_unlock(&s->lock);
}

void *cd_writer_main(void *arg)
{
	struct cd_store *s = arg;
	for (;;) {
		bool stop = atomic_load(&s->stop); /* before the last look at the queues */
		size_t jobs = 0;
		while (!atomic_load(&s->poisoned) && cd_writer_batch(s, &jobs)) {
			cd_index_attach(s);
			trim(s);
		}
		cd_index_attach(s);
		if (atomic_load(&s->poisoned))
			cd_writer_refuse(s);
		trim(s);
		sweep(s);
		if (stop)
			return NULL;
		sleep_until_work(s);
	}
}

size_t cd_store_run(struct cd_store *s)
{
	size_t jobs = 0;
	while (!atomic_load(&s->poisoned) && cd_writer_batch(s, &jobs))
		continue;
	if (atomic_load(&s->poisoned))
		cd_writer_refuse(s);
	else
		cd_keep_step(s);
	trim(s);
	sweep(s);
	return jobs;
}
