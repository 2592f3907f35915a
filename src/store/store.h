/*
 * store/store.h -- the embedded store: open, write, follow, back up.
 *
 * One writer decides. A job comes from a loop's queue, is applied on a private root, logged and synced with
 * its batch, published, and only then reported, refused or accepted. Reading is store/root.h.
 */
#ifndef CD_STORE_STORE_H
#define CD_STORE_STORE_H

#include "base/metrics.h"
#include "model/change.h"
#include "os/file.h"
#include "store/root.h"

/* ---- participants: history, followers in step and at leisure register here; the store knows them only by
 * this table ---- */

struct cd_event {
	uint64_t revision;
	uint32_t tenant;
	const struct cd_ent *old, *now, *delta; /* old NULL: created; now NULL: deleted */
	cd_str context;                         /* source text of the @context of the write; may be empty */
};
struct cd_participant {
	const char *name;
	void *arg;
	/* In step, on the writer thread, after the batch is durable and before it is published. No blocking,
	 * no failing: a participant that must refuse does so in `admit`. `replay` is set while the log is
	 * replayed at start. */
	void (*event)(void *arg, const struct cd_event *, bool replay);
	/* The log up to this position is needed: a checkpoint never lets go of what lies behind it. NULL:
	 * nothing is. */
	uint64_t (*needs_from)(void *arg);
	/* A checkpoint of `version` has just been made durable. May be NULL. */
	void (*checkpoint)(void *arg, uint64_t version);
};

/* ---- open and close ---- */

struct cd_store_config {
	const struct cd_settings *set;
	struct cd_fs *fs;                                 /* outlives the store */
	struct cd_metrics *metrics;                       /* the writer's own */
	const struct cd_participant *const *participants; /* NULL-ended, or NULL */
	bool threads;   /* false: no threads; cd_store_run works off queues and checkpoints (tests, import) */
	bool read_only; /* verify */
};
/*
 * Take the data directory (created when missing, locked), recover: checkpoint, then the log's tail.
 * CD_E_CONFLICT another process has the directory   CD_E_CORRUPT damage: cx->err says where
 * CD_E_NOT_SUPPORTED  written by a newer version    CD_E_IO, CD_E_FULL, CD_E_NO_MEMORY
 */
cd_code cd_store_open(struct cd_cx *, const struct cd_store_config *, struct cd_store **ret);
/* Finishes what is queued, writes a last checkpoint, releases the directory. Queues must get no more jobs. */
void cd_store_close(struct cd_store *);

const struct cd_names *cd_store_names(const struct cd_store *); /* types, attributes, sub-attributes */
bool cd_store_writable(const struct cd_store *);                /* false after a failed sync: never again */
uint64_t cd_store_version(const struct cd_store *);
/* A number that stays with the data directory, and tells nothing of what it holds. */
uint64_t cd_store_identity(const struct cd_store *);

/* ---- writing ---- */

struct cd_job;
struct cd_queue; /* one for each loop: bounded by queue_jobs and queue_bytes, served in turn */
/*
 * `post` is called by the writer, once per batch, with the finished jobs of this queue linked by job->next;
 * it must only hand them over (a lock-free list and a wake-up). Without threads it is called from
 * cd_store_run.
 */
struct cd_queue *cd_queue_new(struct cd_store *, void (*post)(void *arg, struct cd_job *done), void *arg);
void cd_queue_free(struct cd_queue *); /* empty, and nothing in flight */

struct cd_job {
	struct cd_job *next;
	cd_str tenant;      /* name; n == 0: the default tenant */
	bool create_tenant; /* an unknown tenant is made; else every change is refused with CD_E_NO_TENANT */
	uint64_t entities_max; /* a new entity past so many in the tenant is refused with CD_E_FULL; 0: no
				  bound */
	uint32_t n;
	struct cd_change *changes;
	struct cd_report *reports; /* n of them, filled in; their texts live in `arena` */
	struct cd_arena *arena;    /* the request's: the writer's own from submit to post */
	cd_time_us now;            /* wall clock of the request */
	size_t bytes;              /* about how much memory the changes take, for the bounds */
	uint64_t trace;
	cd_code code;           /* CD_OK: see the reports; CD_E_OUTCOME_UNKNOWN: the sync failed; CD_E_FULL,
				   CD_E_NO_MEMORY */
	uint64_t version;       /* of the published root that holds it */
	struct cd_queue *queue; /* the store's */
	void *owner;            /* the submitter's */
};
/* CD_E_BUSY the queue is full: 503   CD_E_OUTCOME_UNKNOWN the store does not write any more */
cd_code cd_store_submit(struct cd_queue *, struct cd_job *);

/* Without threads: works off all queues, in batches; checkpoints when due. Returns the number of jobs done.
 */
size_t cd_store_run(struct cd_store *);

/* ---- keeping ---- */

/* Checkpoint now and wait (tests, shutdown). */
cd_code cd_store_checkpoint(struct cd_cx *, struct cd_store *);
/*
 * A complete, consistent copy of the twin in a new folder, itself a data directory. Blocks: call it on a
 * worker thread (with a reader of its own inside). CD_E_ALREADY_EXISTS the folder holds something.
 */
cd_code cd_store_backup(struct cd_cx *, struct cd_store *, const char *folder, uint64_t *ret_version);
/* Offline: read everything, check every block, name and record. Prints findings into `out`; CD_E_CORRUPT when
 * some. */
cd_code cd_store_verify(struct cd_cx *, struct cd_fs *, const char *folder, struct cd_buf *out);

#endif
