/*
 * Keeping house, off the writer's path: a spare segment for the log, checkpoints, and what the log may
 * forget.
 *
 * A checkpoint is due when checkpoint_bytes of log were written since the last one. It pins a root and waits
 * until every participant has done with the log up to that root: blocks in a checkpoint are newer than what a
 * participant that lags would want to see replayed, so a checkpoint never passes a participant. Then it walks
 * the root in small transactions. Between two of them it sleeps as long as the log's sync takes, and longer
 * when that has become slow: the clients wait for that sync. It stops sleeping when the log grows faster than
 * it can follow.
 *
 * The log itself is the writer's: it trims when it next wakes.
 */
#include "base/log.h"
#include "base/mem.h"
#include "store/store_int.h"

#include <errno.h>
#include <time.h>

enum {
	KEEP_MS = 100,
	PACE_MAX_US = 100 * 1000,
	PARTICIPANT_WAIT_US = 2 * 1000 * 1000,
	PARTICIPANT_LOOK_US = 2000
};

/* ---- pace ---- */

static void sleep_us(uint64_t us)
{
	const struct timespec t = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
	(void)nanosleep(&t, NULL); /* waking early only makes it less polite */
}

uint64_t cd_keep_rest_us(uint64_t sync, uint64_t calm, uint64_t behind, uint64_t due)
{
	uint64_t us = sync > 2 * calm ? 4 * sync : sync;
	return behind / 2 > due ? 0 : us < PACE_MAX_US ? us : PACE_MAX_US;
}

static bool pace(void *arg)
{
	struct cd_store *s = arg;
	if (!cd_writable(s))
		return false;
	(void)cd_log_prepare(
		s->log); /* a long checkpoint must not leave the writer without a spare segment */
	if (!s->threads || atomic_load(&s->keep_hurry) || atomic_load(&s->stop))
		return true;
	sleep_us(cd_keep_rest_us(atomic_load_explicit(&s->sync_us, memory_order_relaxed),
		atomic_load_explicit(&s->sync_calm_us, memory_order_relaxed),
		atomic_load(&s->written) - atomic_load(&s->checkpointed), s->set->checkpoint_bytes));
	return true;
}

/* ---- participants ---- */

static uint64_t needed_from(const struct cd_store *s)
{
	uint64_t least = UINT64_MAX;
	for (const struct cd_participant *const *at = s->participants; at && *at; at++) {
		uint64_t from = (*at)->needs_from ? (*at)->needs_from((*at)->arg) : UINT64_MAX;
		least = from < least ? from : least;
	}
	return least;
}

static bool participants_passed(struct cd_store *s, uint64_t position)
{
	cd_time_us until = cd_time_mono() + PARTICIPANT_WAIT_US;
	while (needed_from(s) < position) {
		if (!s->threads || cd_time_mono() >= until || !cd_writable(s))
			return false;
		sleep_us(PARTICIPANT_LOOK_US);
	}
	return true;
}

/* ---- checkpoints: under keep_lock ---- */

static void finished(struct cd_store *s, const struct cd_ckpt_write *w)
{
	s->meta = w->meta;
	s->kept = w->root->edition;
	atomic_store(&s->checkpointed, w->meta.log_position);
	for (const struct cd_participant *const *at = s->participants; at && *at; at++)
		if ((*at)->checkpoint)
			(*at)->checkpoint((*at)->arg, w->meta.version);
	uint64_t from = needed_from(s);
	atomic_store(&s->trim_to, w->meta.log_position < from ? w->meta.log_position : from);
	cd_metric_add(s->metrics, CD_M_checkpoints, 1);
	cd_metric_add(s->metrics, CD_M_checkpoint_records, w->records);
	cd_writer_wake(s);
}

static cd_code write_root(struct cd_cx *cx, struct cd_store *s, const struct cd_root *root)
{
	if (!participants_passed(s, root->log_bytes))
		return cd_fail(
			cx, CD_E_BUSY, NULL, "A participant still needs the log before the checkpoint");
	struct cd_ckpt_write w = {
		.root = root,
		.names = s->names,
		.contexts = s->contexts,
		.since = s->kept,
		.meta =
			{
				.version = root->version,
				.log_position = root->log_bytes,
				.batch = root->batch,
				.next_number = root->next_number,
				.id_seed = s->id_seed,
				.target = root->version,
				.names_n = cd_names_count(s->names),
				.contexts_n = cd_names_count(s->contexts),
				.tenants_n = root->tenants_n,
			},
		.pace = pace,
		.arg = s,
	};
	cd_code code = cd_ckpt_write(cx, s->ckpt, &w);
	if (!code)
		finished(s, &w);
	return code;
}

static cd_code checkpoint(struct cd_cx *cx, struct cd_store *s)
{
	const struct cd_root *root = cd_pin(s->keep_reader);
	if (!root)
		return cd_fail(cx, CD_E_BUSY, NULL, "No slot for another version of the twin");
	cd_code code = root->log_bytes > s->meta.log_position ? write_root(cx, s, root) : CD_OK;
	cd_unpin(s->keep_reader, root);
	return code;
}

cd_code cd_store_checkpoint(struct cd_cx *cx, struct cd_store *s)
{
	if (!cd_writable(s))
		return cd_fail(cx, CD_E_OUTCOME_UNKNOWN, NULL, "The store does not write any more");
	atomic_store(&s->keep_hurry, true);
	pthread_mutex_lock(&s->keep_lock);
	cd_code code = checkpoint(cx, s);
	atomic_store(&s->keep_hurry, false);
	pthread_mutex_unlock(&s->keep_lock);
	return code;
}

/* ---- what is due ---- */

static bool checkpoint_due(struct cd_store *s)
{
	return atomic_load(&s->written) - atomic_load(&s->checkpointed) >= s->set->checkpoint_bytes;
}

void cd_keep_step(struct cd_store *s)
{
	struct cd_arena arena;
	struct cd_cx cx;
	if (!cd_writable(s))
		return;
	(void)cd_log_prepare(
		s->log); /* without a spare the writer makes room itself, or says that the disk is full */
	uint64_t sync = atomic_load_explicit(&s->sync_us, memory_order_relaxed), calm = s->sync_calm_us;
	atomic_store_explicit(&s->sync_calm_us, calm ? (7 * calm + sync) / 8 : sync, memory_order_relaxed);
	cd_index_build(s);
	if (!checkpoint_due(s))
		return;
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, s->set);
	pthread_mutex_lock(&s->keep_lock);
	cd_code code = checkpoint_due(s) ? checkpoint(&cx, s) : CD_OK;
	pthread_mutex_unlock(&s->keep_lock);
	bool told = s->put_off; /* once is enough until it goes well again */
	s->put_off = code != CD_OK;
	if (code && !told)
		cd_log(CD_LOG_WARN, "store", 0, "put the checkpoint off; the log grows meanwhile",
			cx.err.detail ? cx.err.detail : cd_code_title(code), NULL);
	cd_arena_done(&arena);
}

static void wait_for_ask(struct cd_store *s, unsigned ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&s->ask_lock);
	while (!s->asked && !atomic_load(&s->stop))
		if (pthread_cond_timedwait(&s->ask_cond, &s->ask_lock, &until) == ETIMEDOUT)
			break;
	s->asked = false;
	pthread_mutex_unlock(&s->ask_lock);
}

void *cd_keep_main(void *arg)
{
	struct cd_store *s = arg;
	while (!atomic_load(&s->stop)) {
		cd_keep_step(s);
		wait_for_ask(s, KEEP_MS);
	}
	return NULL;
}

cd_code cd_keep_init(struct cd_store *s)
{
	s->keep_reader = cd_reader_new(s);
	return s->keep_reader ? CD_OK : CD_E_NO_MEMORY;
}

void cd_keep_done(struct cd_store *s)
{
	cd_reader_free(s->keep_reader);
	s->keep_reader = NULL;
}
