/*
 * store/log.h -- the change log: what is durable. [docs/file-format.md]
 *
 * Segments log/<number>.seg of segment_bytes, zero-filled ahead and recycled; records of 8-byte multiples. A
 * record's sum is salted with the number of its segment, so that what a recycled segment held before does not
 * count. A batch is complete when its last record carries CD_REC_END; recovery drops an incomplete one. A
 * record after a damaged place that belongs to a later batch than the damaged one can be means: the damage
 * lies in what was once synced; that refuses to start and says where. Not thread-safe: the writer's (prepare
 * may run on another thread, it has a lock of its own).
 */
#ifndef CD_STORE_LOG_H
#define CD_STORE_LOG_H

#include "base/cx.h"
#include "base/metrics.h"
#include "os/file.h"

enum cd_rec_kind {
	CD_REC_DELTA = 1,   /* tenant u32, 4 bytes, context u32 (0 none), 4 bytes, then the delta block; its
			       head has number and revision */
	CD_REC_NAME = 2,    /* number u32, 4 bytes, text: types, attributes */
	CD_REC_CONTEXT = 3, /* number u32, 4 bytes, text: source of an @context */
	CD_REC_TENANT = 4,  /* number u32, 4 bytes, text */
};
enum { CD_REC_END = 1 }; /* last of its batch */

struct cd_rec {
	enum cd_rec_kind kind;
	uint32_t flags;
	uint32_t epoch;    /* of the writer's term, for replicas that follow the log one day */
	uint64_t batch;    /* 1, 2, 3 ... without gaps */
	uint64_t revision; /* of a delta; of the newest delta before it for the others */
	uint64_t at;       /* position: bytes of log before it, over all segments */
	cd_str payload;
};

struct cd_log;

/*
 * Open the log in `folder` and read every record of complete batches from position `from` on (the
 * checkpoint's). `each` may fail, which ends it. A torn tail is cut. CD_E_CORRUPT  damage before a valid
 * record, a missing segment: cx->err tells the segment and the offset
 */
struct cd_log_config {
	struct cd_fs *fs;
	const struct cd_settings *set;
	struct cd_metrics *metrics;
	const char *folder;
	uint64_t from;       /* log position of the checkpoint */
	uint64_t from_batch; /* the last batch that the checkpoint holds */
	bool read_only;
	bool sync; /* durability "disk" */
};
cd_code cd_log_open(struct cd_cx *, const struct cd_log_config *,
	cd_code (*each)(void *arg, struct cd_cx *, const struct cd_rec *), void *arg, struct cd_log **ret);
void cd_log_close(struct cd_log *);

/* Append to the batch in memory. CD_E_NO_MEMORY, CD_E_TOO_LARGE: nothing was appended. */
cd_code cd_log_put(struct cd_log *, enum cd_rec_kind, uint64_t revision, const cd_str *parts, size_t n);
size_t cd_log_batch_bytes(const struct cd_log *);
/* Forget what was put since the given size of the batch (one change failed after its names were put: names
 * stay). */
void cd_log_drop_batch(struct cd_log *);
/*
 * Write the batch and sync. CD_OK: durable. CD_E_FULL: nothing was written, the batch is dropped, the log
 * goes on (the disk is full and no spare segment is left, or only the last one is and `spare` is false).
 * Anything else: the state of the disk is unknown, the log refuses everything from here on.
 */
cd_code cd_log_commit(struct cd_log *, bool spare);
uint64_t cd_log_position(const struct cd_log *);
uint64_t cd_log_batch(const struct cd_log *); /* number of the last committed batch */

/* Make a zero-filled spare segment when there is none; called by the housekeeper, off the writer's path. */
cd_code cd_log_prepare(struct cd_log *);
/* What lies before `position` is in the checkpoint and needed by nobody: segments are recycled or removed. */
cd_code cd_log_trim(struct cd_log *, uint64_t position);

#endif
