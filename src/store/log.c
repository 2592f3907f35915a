/*
 * The change log: collecting a batch, making it durable.
 *
 * Records are laid down in memory without sums; at commit they get their places, and with them their sums. A
 * batch mostly lies in one segment: one write, one sync. When it goes over the end of a segment each part is
 * one write and one sync.
 *
 * Every record carries the epoch of its writer. A batch whose records differ in it is none: so what a writer
 * left behind that stopped in the middle of a batch cannot be completed by the next one's batch of the same
 * number.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/log_int.h"

#include <stdio.h>

/* ---- records ---- */

/* Everything behind the sum. The offset is part of the salt: a record is only valid where it was put. */
uint32_t cd_rec_sum(const struct rec_head *rec, uint64_t number, uint64_t offset)
{
	return cd_sum32((const char *)rec + 4, rec->bytes - 4, number * 0x9e3779b97f4a7c15u + offset);
}

bool cd_rec_valid(const char *seg, size_t n, uint64_t number, uint64_t offset, struct rec_head *ret)
{
	if (offset % 8 || offset > n || n - offset < REC_HEAD)
		return false;
	const struct rec_head *rec = (const struct rec_head *)(const void *)(seg + offset);
	if (rec->bytes < REC_HEAD || rec->bytes % 8 || rec->bytes > n - offset)
		return false;
	if (rec->payload > rec->bytes - REC_HEAD || rec->kind < CD_REC_DELTA || rec->kind > CD_REC_TENANT)
		return false;
	if (rec->sum != cd_rec_sum(rec, number, offset))
		return false;
	*ret = *rec;
	return true;
}

cd_code cd_log_put(
	struct cd_log *log, enum cd_rec_kind kind, uint64_t revision, const cd_str *parts, size_t n)
{
	static const char zeroes[8];
	uint64_t payload = 0;
	for (size_t i = 0; i < n; i++)
		payload += parts[i].n;
	uint64_t bytes = (REC_HEAD + payload + 7) & ~7ull;
	if (bytes > log->conf.set->segment_bytes - SEG_HEAD)
		return CD_E_TOO_LARGE;
	if (!cd_buf_room(&log->pending, bytes)) {
		log->pending.bad = CD_OK;
		return CD_E_NO_MEMORY;
	}
	const struct rec_head head = {.bytes = (uint32_t)bytes,
		.payload = (uint32_t)payload,
		.kind = (uint16_t)kind,
		.batch = log->batch + 1,
		.revision = revision,
		.epoch = log->epoch};
	log->last = log->pending.n;
	cd_buf_put(&log->pending, cd_str_of((const char *)&head, sizeof head));
	for (size_t i = 0; i < n; i++)
		cd_buf_put(&log->pending, parts[i]);
	cd_buf_put(&log->pending, cd_str_of(zeroes, bytes - REC_HEAD - payload));
	return CD_OK;
}

size_t cd_log_batch_bytes(const struct cd_log *log)
{
	return log->pending.n;
}

void cd_log_drop_batch(struct cd_log *log)
{
	cd_buf_reset(&log->pending);
}

uint64_t cd_log_position(const struct cd_log *log)
{
	return log->seg_position + log->at - SEG_HEAD;
}

uint64_t cd_log_batch(const struct cd_log *log)
{
	return log->batch;
}

/* ---- commit ---- */

/* Records from `from` on that fit into the segment get their sums; returns where they end. */
static size_t place(struct cd_log *log, size_t from)
{
	uint64_t offset = log->at;
	size_t at = from;
	while (at < log->pending.n) {
		struct rec_head *rec = (struct rec_head *)(void *)(log->pending.p + at);
		if (rec->bytes > log->conf.set->segment_bytes - offset)
			break;
		rec->epoch = log->epoch;
		rec->sum = cd_rec_sum(rec, log->number, offset);
		offset += rec->bytes;
		at += rec->bytes;
	}
	return at;
}

static cd_code write_part(struct cd_log *log, size_t from, size_t to)
{
	struct cd_fs *fs = log->conf.fs;
	cd_code code = fs->ops->write(fs, log->file, log->pending.p + from, to - from, log->at);
	if (code)
		return code;
	if (log->conf.sync && fs->ops->sync(fs, log->file))
		return CD_E_IO; /* also when it was for want of space: the disk's state is unknown */
	log->at += to - from;
	return CD_OK;
}

static cd_code write_batch(struct cd_log *log, bool spare)
{
	((struct rec_head *)(void *)(log->pending.p + log->last))->flags |= CD_REC_END;
	for (size_t from = 0; from < log->pending.n;) {
		size_t to = place(log, from);
		cd_code code = to == from ? cd_seg_next(log, spare) : write_part(log, from, to);
		if (code)
			return code;
		from = to;
	}
	return CD_OK;
}

/* No space: what was written of the batch lies behind the end and is nothing. A new epoch keeps it apart from
 * what will be written over it. When a part already went to an older segment, the rest has nowhere to go back
 * to. */
static cd_code out_of_space(struct cd_log *log, uint64_t number, uint64_t at)
{
	log->epoch++;
	log->dead = log->number != number;
	if (log->dead)
		return CD_E_IO;
	log->at = at;
	cd_log_drop_batch(log);
	return CD_E_FULL;
}

cd_code cd_log_commit(struct cd_log *log, bool spare)
{
	uint64_t number = log->number, at = log->at;
	if (log->dead)
		return CD_E_IO;
	if (log->pending.n == 0)
		return CD_OK;
	cd_time_us began = cd_time_mono();
	cd_code code = write_batch(log, spare);
	if (code == CD_E_FULL)
		return out_of_space(log, number, at);
	if (code) {
		log->dead = true;
		return CD_E_IO;
	}
	uint64_t took = (uint64_t)(cd_time_mono() - began);
	cd_metric_add(log->conf.metrics, CD_M_log_batches, 1);
	cd_metric_add(log->conf.metrics, CD_M_log_bytes, log->pending.n);
	cd_metric_add(log->conf.metrics, CD_M_log_sync_us, took);
	cd_metric_set(log->conf.metrics, CD_M_log_sync_last_us, took);
	log->batch++;
	cd_log_drop_batch(log);
	return CD_OK;
}

/* ---- open and close ---- */

cd_code cd_log_open(struct cd_cx *cx, const struct cd_log_config *conf,
	cd_code (*each)(void *arg, struct cd_cx *, const struct cd_rec *), void *arg, struct cd_log **ret)
{
	struct cd_log *log = cd_mem_zalloc(sizeof *log);
	if (!log)
		return cd_fail_memory(cx);
	log->conf = *conf;
	snprintf(log->folder, sizeof log->folder, "%s", conf->folder);
	log->conf.folder = log->folder;
	pthread_mutex_init(&log->lock, NULL);
	cd_buf_init(&log->pending, SIZE_MAX / 2);
	cd_code code = conf->read_only ? CD_OK : conf->fs->ops->mkdir(conf->fs, conf->folder);
	if (code)
		code = cd_fail(cx, code, NULL, "%s", conf->fs->why);
	if (!code)
		code = cd_log_scan(cx, log, each, arg);
	if (code) {
		cd_log_close(log);
		return code;
	}
	*ret = log;
	return CD_OK;
}

void cd_log_close(struct cd_log *log)
{
	if (!log)
		return;
	log->conf.fs->ops->close(log->conf.fs, log->file);
	cd_buf_done(&log->pending);
	cd_mem_free(log->segments);
	pthread_mutex_destroy(&log->lock);
	cd_mem_free(log);
}
