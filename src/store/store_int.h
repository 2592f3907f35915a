/*
 * store/store_int.h -- what the parts of the store share: the struct behind struct cd_store, and the seams
 * between queue.c (jobs come in), pin.c (readers), apply.c (one change), index.c (its trees), private.c (the
 * root under way), writer.c (one batch), keep.c (checkpoints), recover.c, store.c (open, close, backup).
 * Nobody outside the folder includes it.
 *
 * Threads: `current`, the queues' counters, `asleep`, `poisoned`, `stop`, `trim_to`, `keep_asked` are atomics
 * that any thread may touch. `lock` guards the lists of queues and readers and the writer's sleep;
 * `keep_lock` the checkpoint and everything under "keeper". The rest belongs to the writer.
 */
#ifndef CD_STORE_STORE_INT_H
#define CD_STORE_STORE_INT_H

#include "store/checkpoint.h"
#include "store/log.h"
#include "store/reclaim.h"
#include "store/store.h"
#include "store/uses.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CD_STORE_PATH = 4096 };

/* ---- pins (pin.c) ---- */

struct cd_pins {
	_Atomic(struct cd_root *)
		current;           /* stored by publish, loaded by cd_pin: both in the one total order */
	struct cd_reader *readers; /* under store->lock */
};
/* What readers hold, on the versions: sets `pinned`, counts. */
void cd_pins_mark(struct cd_store *);

/* ---- queues (queue.c) ---- */

enum { CD_LANES = 16 };

/* Jobs of the tenants that fall on this lane, in their order. The counters bound what waits. */
struct cd_lane {
	struct cd_job *head, **tail;
	_Atomic uint64_t jobs, bytes;
};
struct cd_queue {
	struct cd_store *store;
	struct cd_queue *next; /* under store->lock */
	void (*post)(void *, struct cd_job *);
	void *arg;
	_Atomic(struct cd_job *)
		incoming; /* newest first; pushed by submit (release), taken by the writer (acquire) */
	_Atomic uint64_t jobs, bytes; /* from submit to post */
	unsigned turn;                /* lane that is served next */
	struct cd_lane lane[CD_LANES];
	struct cd_job *done, **done_tail; /* of this batch */
};
/* The next job in turn over queues and lanes, or NULL. */
struct cd_job *cd_queues_take(struct cd_store *);
bool cd_queues_waiting(struct cd_store *);
/* The job is finished; cd_queues_post hands all of them over. */
void cd_job_done(struct cd_job *);
void cd_queues_post(struct cd_store *);
/* Wake the writer if it sleeps. */
void cd_writer_wake(struct cd_store *);

/* ---- the batch under way (apply.c, writer.c) ---- */

/* One accepted change, kept for the participants and for the case that the batch is thrown away. */
struct cd_accepted {
	uint32_t tenant, context;
	const struct cd_block *old;
	struct cd_block *now;
	const struct cd_ent *delta; /* in the job's arena */
};
struct cd_batch {
	struct cd_store *store;
	struct cd_edit edit;
	struct cd_root *root; /* private */
	uint32_t tenants_cap;
	struct cd_accepted *accepted; /* kept from batch to batch */
	size_t accepted_n, accepted_cap;
	struct cd_uses uses; /* not yet in the trees */
	int64_t entities;    /* more or less than before */
	bool shrink_only;    /* the disk is full: only what makes the twin smaller */
	bool growing;        /* something in it needs room */
	cd_code bad;         /* the whole batch must be thrown away */
};
/* Decide all changes of a job, one after the other. */
void cd_apply_job(struct cd_batch *, struct cd_job *);

/* ---- indexes over values (index_build.c) ---- */

struct cd_index_wish {
	uint32_t tenant;
	cd_term term;
	enum cd_vi_class class;
};
struct cd_index_use {
	struct cd_index_use *next;
	struct cd_index_wish of;
	_Atomic uint64_t at;
};
enum { CD_WISHES = 32 };
struct cd_index_job;
/* The keeper: builds the index that was asked for first, when there is one. */
void cd_index_build(struct cd_store *);
/* ask.c: the oldest wish, which stays in the list until it is forgotten. */
bool cd_wish_take(struct cd_store *, struct cd_index_wish *ret);
void cd_wish_forget(struct cd_store *);
/* The writer: attaches the one that has been built. */
void cd_index_attach(struct cd_store *);
_Atomic uint64_t *cd_index_use_slot(struct cd_store *, const struct cd_index_wish *);
void cd_index_uses_free(struct cd_store *);

/* Is there something to lapse? */
bool cd_lapse_due(const struct cd_root *, cd_time_us now);
/* What has expired leaves, some of it in each batch; `arena` lives until the batch is settled. */
void cd_apply_lapsed(struct cd_batch *, struct cd_arena *, cd_time_us now);

/* The trees of a tenant (owned by the batch), changed from `old` to `now` (either may be NULL).
 * CD_E_NO_MEMORY: half done, throw it away. */
cd_code cd_index_change(struct cd_batch *, struct cd_tenant *, struct cd_block *old, struct cd_block *now);
/* What the batch has counted goes into the trees `uses`: before it is made durable. CD_E_NO_MEMORY */
cd_code cd_index_flush(struct cd_batch *);
/* When something in it expires next; INT64_MAX: never. */
cd_time_us cd_ent_lapse(const struct cd_ent *);
/* The changeable tenant of that number in a private root; NULL: out of memory. */
struct cd_tenant *cd_tenant_own(struct cd_batch *, uint32_t number);
/* A new tenant with the next number. */
cd_code cd_tenant_add(struct cd_batch *, cd_str name, uint32_t *ret);
/* The block of that id, and its number, or NULL. */
struct cd_block *cd_tenant_find(uint64_t id_seed, const struct cd_tenant *, cd_str id);
uint32_t cd_root_tenant_number(const struct cd_root *, cd_str name); /* UINT32_MAX: none */

/* Ask memory for the entities that the first changes of these jobs address; n <= CD_WARM. Changes nothing. */
enum { CD_WARM = 8 };
void cd_root_warm(const struct cd_root *, struct cd_job *const *, unsigned n);

/* A private root that begins as a copy of the newest (of nothing, at start). */
cd_code cd_batch_begin(struct cd_batch *, struct cd_store *);
/* Free everything that was made since. */
void cd_batch_abort(struct cd_batch *);
/* Make it the newest root; `v` was allocated before. Can not fail. */
void cd_batch_publish(struct cd_batch *, struct cd_version *v);

/* Work off what waits in one batch; false when nothing waited. */
bool cd_writer_batch(struct cd_store *, size_t *ret_jobs);
/* The writer has published or freed something. */
void cd_count_memory(struct cd_store *);
/* Refuse everything that waits: the store does not write any more. */
void cd_writer_refuse(struct cd_store *);
void *cd_writer_main(void *store);

/* ---- keeping (keep.c) ---- */

cd_code cd_keep_init(struct cd_store *);
void cd_keep_done(struct cd_store *);
/* Ask the keeper to look whether something is due. */
void cd_keep_ask(struct cd_store *);
/* What is due, once: a spare segment, a checkpoint. */
void cd_keep_step(struct cd_store *);
void *cd_keep_main(void *store);
/* How long a checkpoint rests between two transactions: the newest sync of the log took `sync`, usual are
 * `calm`, and the log is `behind` bytes ahead of the last checkpoint, which is due after `due`. */
uint64_t cd_keep_rest_us(uint64_t sync, uint64_t calm, uint64_t behind, uint64_t due);

/* ---- recovery (recover.c) ---- */

/* Names, tenants, entities and the newest root, from checkpoint and log; opens both. */
cd_code cd_recover(struct cd_cx *, struct cd_store *);
/* Free what the newest root holds, and itself. */
void cd_store_forget(struct cd_store *);

/* "folder/name" into `out` of CD_STORE_PATH bytes. */
cd_code cd_store_path(struct cd_cx *, const char *folder, const char *name, char *out);

/* ---- the store ---- */

struct cd_store {
	const struct cd_settings *set;
	struct cd_fs *fs;
	struct cd_metrics *metrics;
	const struct cd_participant *const *participants;
	struct cd_arena lapse_arena; /* of what lapses in the batch under way */
	cd_time_us job_time;         /* of the newest batch */
	bool threads, read_only;
	const char *folder;
	struct cd_file *folder_lock;
	struct cd_names *names, *contexts;
	struct cd_names *tenant_names; /* owns their texts; their numbers mean nothing */
	uint64_t id_seed, memory_max;
	struct cd_pins pins;
	struct cd_queue *queues;
	struct cd_queue *turn; /* that is served next */
	_Atomic bool asleep, poisoned, stop;
	_Atomic uint64_t version; /* of the newest root */
	_Atomic uint64_t bytes;   /* cd_reclaim_bytes, for other threads than the writer */

	/* writer */
	struct cd_reclaim reclaim;
	struct cd_log *log;
	struct cd_batch batch;
	uint32_t names_put,
		names_durable; /* numbers up to here are in the batch, in the log or the checkpoint */
	uint32_t contexts_put, contexts_durable;
	uint64_t contexts_bytes;
	uint64_t keep_asked_at; /* log position when the keeper was asked last */
	_Atomic uint64_t trim_to;
	uint64_t trimmed;

	/* keeper */
	cd_time_us index_rest; /* no index before: there was no room for one */
	bool put_off;          /* the keeper's: the last checkpoint that was due did not succeed */
	pthread_mutex_t keep_lock;
	struct cd_ckpt *ckpt;
	struct cd_ckpt_meta meta; /* of the newest checkpoint */
	uint64_t kept;            /* edition of the root that it was written from */
	struct cd_reader *keep_reader;
	_Atomic uint64_t checkpointed; /* log position of the newest checkpoint */
	_Atomic uint64_t written;      /* log position of the newest root, for the keeper */
	_Atomic uint64_t sync_us;      /* the newest sync of the log */
	_Atomic uint64_t sync_calm_us; /* what a sync takes when no checkpoint runs */
	_Atomic bool keep_hurry;       /* no pacing: the store closes, or somebody waits */
	pthread_mutex_t ask_lock;
	pthread_cond_t ask_cond;
	bool asked;
	struct cd_index_wish wishes[CD_WISHES]; /* under ask_lock; the first one is being granted */
	unsigned wishes_n;
	_Atomic(struct cd_index_job *) index_job; /* from the keeper to the writer */
	struct cd_index_use *index_uses;          /* the writer's */

	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t writer_thread, keep_thread;
	bool writer_runs, keep_runs;
};

static inline bool cd_writable(const struct cd_store *s)
{
	return !s->read_only && !atomic_load_explicit(&s->poisoned, memory_order_relaxed);
}

static inline cd_str cd_tenant_name(const struct cd_tenant *t)
{
	return cd_str_of(t->name, t->name_n);
}

#endif
