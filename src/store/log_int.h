/* store/log_int.h -- what segments and records are on disk; for log.c, log_scan.c and segment.c.
 * [docs/file-format.md] */
#ifndef CD_STORE_LOG_INT_H
#define CD_STORE_LOG_INT_H

#include "base/buf.h"
#include "store/log.h"

#include <pthread.h>

enum { SEG_HEAD = 64, REC_HEAD = 40, SPARES = 2, SEG_VERSION = 1, LOG_PATH = 4096 };
#define SEG_MAGIC 0x474f4c4f44524143ull /* "CARDOLOG" */

/*  offset size        head of a segment
 *       0    8  magic      "CARDOLOG"
 *       8    4  version    1
 *      12    4  epoch      of the writer that began it
 *      16    8  number     as in its name
 *      24    8  position   bytes of records in all segments before it
 *      32    8  batch      the last one that began before it
 *      40   20  zero
 *      60    4  sum        of the 60 bytes before, salted with the number
 */
struct seg_head {
	uint64_t magic;
	uint32_t version, epoch;
	uint64_t number, position, batch;
	uint32_t zero[5], sum;
};
_Static_assert(sizeof(struct seg_head) == SEG_HEAD, "on-disk segment head is 64 bytes");

/*  offset size        head of a record, followed by its payload and zeroes up to a multiple of 8
 *       0    4  sum        of everything behind it, salted with the segment's number and the record's offset
 *       4    4  bytes      of the whole record, a multiple of 8
 *       8    4  payload    bytes of it
 *      12    2  kind       enum cd_rec_kind
 *      14    2  flags      CD_REC_END
 *      16    8  batch
 *      24    8  revision
 *      32    4  epoch
 *      36    4  zero
 */
struct rec_head {
	uint32_t sum, bytes, payload;
	uint16_t kind, flags;
	uint64_t batch, revision;
	uint32_t epoch, zero;
};
_Static_assert(sizeof(struct rec_head) == REC_HEAD, "on-disk record head is 40 bytes");

struct segment {
	uint64_t number, position;
};

struct cd_log {
	struct cd_log_config conf;
	char folder[LOG_PATH - 64];
	struct cd_file *file;          /* the segment that is written */
	uint64_t number, seg_position; /* its number; position of its first record */
	uint64_t at;                   /* offset where the next record goes */
	uint64_t batch;                /* the last one that is complete */
	uint32_t epoch;
	bool dead;                /* a sync failed: nothing more */
	struct cd_buf pending;    /* records of the batch that is being collected */
	size_t last;              /* of them: offset of the newest */
	struct segment *segments; /* on disk, oldest first; the last one is written */
	size_t segments_n, segments_cap;
	pthread_mutex_t lock;    /* of what follows: prepare() runs on another thread */
	uint64_t spares[SPARES]; /* names of files that are ready */
	unsigned spares_n;
	uint64_t spare_name; /* for the next one */
};

uint32_t cd_rec_sum(const struct rec_head *, uint64_t number, uint64_t offset);
/* Is there a whole record of ours at this offset? `seg` holds n bytes. */
bool cd_rec_valid(const char *seg, size_t n, uint64_t number, uint64_t offset, struct rec_head *ret);

/* segment.c */
void cd_seg_path(const struct cd_log *, uint64_t number, char *out);
void cd_spare_path(const struct cd_log *, uint64_t name, char *out);
/* A file with zeroes under a spare's name; filled: really written, so that later syncs need no metadata. */
cd_code cd_spare_make(struct cd_log *, uint64_t name, bool filled);
/* Go on in a new segment, made from a spare when there is one. `last`: the last spare may be used up. */
cd_code cd_seg_next(struct cd_log *, bool last);
bool cd_seg_add(struct cd_log *, uint64_t number, uint64_t position);

/* log_scan.c */
cd_code cd_log_scan(struct cd_cx *, struct cd_log *,
	cd_code (*each)(void *, struct cd_cx *, const struct cd_rec *), void *arg);

#endif
