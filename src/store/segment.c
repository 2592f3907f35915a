/*
 * Segments and spares. A spare is a file of the right size that is not a segment yet: made ahead and filled
 * with zeroes, or an old segment that nobody needs any more. It becomes a segment in three steps: the new
 * head is written and synced, the file gets its new name, the folder is synced. What an old segment held
 * cannot be taken for new: sums are salted with the segment's number.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/log_int.h"

#include <stdio.h>

enum { FILL = 1 << 20 };

void cd_seg_path(const struct cd_log *log, uint64_t number, char *out)
{
	snprintf(out, LOG_PATH, "%s/%020llu.seg", log->conf.folder, (unsigned long long)number);
}

void cd_spare_path(const struct cd_log *log, uint64_t name, char *out)
{
	snprintf(out, LOG_PATH, "%s/spare.%llu", log->conf.folder, (unsigned long long)name);
}

static cd_code fill(struct cd_log *log, struct cd_file *f)
{
	static const char zeroes[FILL];
	struct cd_fs *fs = log->conf.fs;
	cd_code code = CD_OK;
	for (uint64_t at = 0; !code && at < log->conf.set->segment_bytes; at += FILL) {
		uint64_t left = log->conf.set->segment_bytes - at;
		code = fs->ops->write(fs, f, zeroes, left < FILL ? (size_t)left : FILL, at);
	}
	return code;
}

cd_code cd_spare_make(struct cd_log *log, uint64_t name, bool filled)
{
	struct cd_fs *fs = log->conf.fs;
	struct cd_file *f;
	char path[LOG_PATH];
	cd_spare_path(log, name, path);
	cd_code code = fs->ops->open(fs, path, CD_FILE_WRITE | CD_FILE_CREATE, &f);
	if (code)
		return code;
	code = filled ? fill(log, f) : fs->ops->truncate(fs, f, log->conf.set->segment_bytes);
	if (!code)
		code = fs->ops->sync(fs, f);
	fs->ops->close(fs, f);
	if (code)
		(void)fs->ops->unlink(fs, path); /* best effort: swept when the log is opened */
	return code;
}

cd_code cd_log_prepare(struct cd_log *log)
{
	pthread_mutex_lock(&log->lock);
	bool wanted = log->spares_n < SPARES;
	uint64_t name = log->spare_name;
	log->spare_name += wanted;
	pthread_mutex_unlock(&log->lock);
	if (!wanted)
		return CD_OK;
	cd_code code = cd_spare_make(log, name, true);
	pthread_mutex_lock(&log->lock);
	bool kept = !code && log->spares_n < SPARES;
	if (kept)
		log->spares[log->spares_n++] = name;
	pthread_mutex_unlock(&log->lock);
	if (!code && !kept) {
		char path[LOG_PATH];
		cd_spare_path(log, name, path);
		(void)log->conf.fs->ops->unlink(log->conf.fs, path); /* one too many */
	}
	return code;
}

/* A spare's name, made now when there is none. The last one is kept back for what makes the twin smaller. */
static cd_code take_spare(struct cd_log *log, bool last, uint64_t *ret)
{
	pthread_mutex_lock(&log->lock);
	bool have = log->spares_n > 1 || (log->spares_n == 1 && last);
	if (have)
		*ret = log->spares[--log->spares_n];
	uint64_t name = log->spare_name;
	log->spare_name += !have;
	pthread_mutex_unlock(&log->lock);
	if (have)
		return CD_OK;
	*ret = name;
	/* really filled, so that a full disk says so now; but for the very first, which an empty store should
	 * not wait for: its syncs are slower, and its writes may meet the full disk */
	return cd_spare_make(log, name, log->file != NULL);
}

bool cd_seg_add(struct cd_log *log, uint64_t number, uint64_t position)
{
	if (log->segments_n == log->segments_cap) {
		size_t cap = log->segments_cap ? log->segments_cap * 2 : 16;
		struct segment *list = cd_mem_realloc(log->segments, cap * sizeof *list);
		if (!list)
			return false;
		log->segments = list;
		log->segments_cap = cap;
	}
	log->segments[log->segments_n++] = (struct segment){number, position};
	return true;
}

static cd_code write_head(struct cd_log *log, struct cd_file *f, uint64_t number, uint64_t position)
{
	struct seg_head head = {.magic = SEG_MAGIC,
		.version = SEG_VERSION,
		.epoch = log->epoch,
		.number = number,
		.position = position,
		.batch = log->batch};
	head.sum = cd_sum32(&head, SEG_HEAD - 4, number);
	struct cd_fs *fs = log->conf.fs;
	cd_code code = fs->ops->write(fs, f, &head, sizeof head, 0);
	return code ? code : fs->ops->sync(fs, f);
}

cd_code cd_seg_next(struct cd_log *log, bool last)
{
	struct cd_fs *fs = log->conf.fs;
	struct cd_file *f = NULL;
	char from[LOG_PATH], to[LOG_PATH];
	uint64_t name, number = log->number + 1;
	uint64_t position = log->file ? log->seg_position + log->at - SEG_HEAD : log->seg_position;
	cd_code code = take_spare(log, last, &name);
	if (code)
		return code;
	cd_spare_path(log, name, from);
	cd_seg_path(log, number, to);
	code = fs->ops->open(fs, from, CD_FILE_WRITE, &f);
	if (!code)
		code = write_head(log, f, number, position);
	if (!code)
		code = fs->ops->rename(fs, from, to);
	if (!code)
		code = fs->ops->sync_dir(fs, log->conf.folder);
	if (!code && !cd_seg_add(log, number, position))
		code = CD_E_NO_MEMORY;
	if (code) {
		fs->ops->close(fs, f);
		return code;
	}
	fs->ops->close(fs, log->file);
	log->file = f;
	log->number = number;
	log->seg_position = position;
	log->at = SEG_HEAD;
	cd_metric_set(log->conf.metrics, CD_M_log_segments, log->segments_n);
	return CD_OK;
}

/* The oldest segment becomes a spare, or goes. */
static cd_code retire(struct cd_log *log)
{
	struct cd_fs *fs = log->conf.fs;
	char from[LOG_PATH], to[LOG_PATH];
	cd_seg_path(log, log->segments[0].number, from);
	pthread_mutex_lock(&log->lock);
	bool wanted = log->spares_n < SPARES;
	uint64_t name = log->spare_name;
	log->spare_name += wanted;
	pthread_mutex_unlock(&log->lock);
	cd_spare_path(log, name, to);
	cd_code code = wanted ? fs->ops->rename(fs, from, to) : fs->ops->unlink(fs, from);
	if (code)
		return code;
	memmove(log->segments, log->segments + 1, --log->segments_n * sizeof *log->segments);
	pthread_mutex_lock(&log->lock);
	bool kept = wanted && log->spares_n < SPARES;
	if (kept)
		log->spares[log->spares_n++] = name;
	pthread_mutex_unlock(&log->lock);
	if (wanted && !kept)
		(void)fs->ops->unlink(fs, to); /* the housekeeper was quicker */
	return CD_OK;
}

cd_code cd_log_trim(struct cd_log *log, uint64_t position)
{
	cd_code code = CD_OK;
	bool any = false;
	/* a segment ends where the next one begins; the one that is written stays */
	while (!code && log->segments_n > 1 && log->segments[1].position <= position) {
		code = retire(log);
		any = true;
	}
	if (any && !code)
		code = log->conf.fs->ops->sync_dir(log->conf.fs, log->conf.folder);
	cd_metric_set(log->conf.metrics, CD_M_log_segments, log->segments_n);
	return code;
}
