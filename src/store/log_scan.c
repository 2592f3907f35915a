/*
 * Recovery of the log: every record of complete batches from the checkpoint's position on; then the end is
 * found.
 *
 * At the first place that holds no valid record of the batch that may stand there, the log ends: the batch
 * was not synced when the power went, so nobody was told that it is stored. Sectors of it may have reached
 * the disk in any order, so valid records of the same batch may follow; they are nothing. But a valid record
 * of a *later* batch can only have been written after the damaged one was synced: then what is missing was
 * promised once, and starting without it would be a lie.
 */
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/log_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct scan {
	struct cd_cx *cx;
	struct cd_log *log;
	cd_code (*each)(void *, struct cd_cx *, const struct cd_rec *);
	void *arg;
	uint64_t *numbers; /* of the segments in the folder, ascending */
	size_t numbers_n, numbers_cap;
	bool failed;
	char *seg; /* content of the segment at hand */
	size_t seg_n;
	struct seg_head head;
	struct cd_buf open;                        /* records of the batch that has not ended yet */
	uint64_t open_at;                          /* position of its first record */
	uint64_t end_number, end_at, end_position; /* behind the last complete batch */
	uint32_t epoch_max;
};

static cd_code corrupt(struct scan *s, uint64_t number, uint64_t offset, const char *what)
{
	return cd_fail(s->cx, CD_E_CORRUPT, NULL, "log segment %" PRIu64 ", offset %" PRIu64 ": %s", number,
		offset, what);
}

static cd_code io(struct scan *s, cd_code code)
{
	return cd_fail(s->cx, code, NULL, "%s", s->log->conf.fs->why);
}

/* ---- the folder ---- */

static void on_name(void *arg, const char *name)
{
	struct scan *s = arg;
	char *end;
	unsigned long long number = strtoull(name, &end, 10);
	if (strcmp(end, ".seg") != 0 || end - name != 20)
		return;
	if (s->numbers_n == s->numbers_cap) {
		size_t cap = s->numbers_cap ? s->numbers_cap * 2 : 64;
		uint64_t *list = cd_mem_realloc(s->numbers, cap * sizeof *list);
		if (!list) {
			s->failed = true;
			return;
		}
		s->numbers = list;
		s->numbers_cap = cap;
	}
	s->numbers[s->numbers_n++] = number;
}

/* Spares of a life before are not trusted to be whole: they go. */
static void on_spare(void *arg, const char *name)
{
	struct cd_log *log = arg;
	char path[LOG_PATH];
	if (strncmp(name, "spare.", 6) != 0)
		return;
	snprintf(path, sizeof path, "%s/%s", log->conf.folder, name);
	(void)log->conf.fs->ops->unlink(log->conf.fs, path); /* best effort */
}

static int ascending(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
	return (a > b) - (a < b);
}

static cd_code list_segments(struct scan *s)
{
	struct cd_fs *fs = s->log->conf.fs;
	cd_code code = fs->ops->list(fs, s->log->conf.folder, on_name, s);
	if (code == CD_E_NOT_FOUND && s->log->conf.read_only)
		return CD_OK;
	if (code)
		return io(s, code);
	if (!s->log->conf.read_only)
		(void)fs->ops->list(fs, s->log->conf.folder, on_spare, s->log);
	if (s->failed)
		return cd_fail_memory(s->cx);
	if (s->numbers_n)
		qsort(s->numbers, s->numbers_n, sizeof *s->numbers, ascending);
	return CD_OK;
}

/* ---- one segment ---- */

static cd_code check_head(struct scan *s, uint64_t number)
{
	const struct seg_head *h = &s->head;
	if (h->magic != SEG_MAGIC || h->sum != cd_sum32(h, SEG_HEAD - 4, number) || h->number != number)
		return corrupt(s, number, 0, "the head is damaged");
	if (h->version != SEG_VERSION)
		return cd_fail(s->cx, CD_E_NOT_SUPPORTED, NULL,
			"log segment %" PRIu64 " has format %u; this program knows %d", number, h->version,
			SEG_VERSION);
	if (h->epoch > s->epoch_max)
		s->epoch_max = h->epoch;
	return CD_OK;
}

static cd_code load(struct scan *s, uint64_t number, bool whole)
{
	struct cd_fs *fs = s->log->conf.fs;
	struct cd_file *f;
	char path[LOG_PATH];
	uint64_t size = 0;
	cd_seg_path(s->log, number, path);
	cd_code code = fs->ops->open(fs, path, CD_FILE_READ, &f);
	if (code)
		return io(s, code);
	code = fs->ops->size(fs, f, &size);
	if (!code && size < SEG_HEAD)
		code = corrupt(s, number, size, "the segment is shorter than its head");
	if (!code)
		code = fs->ops->read(fs, f, &s->head, sizeof s->head, 0, NULL);
	if (!code && whole) {
		cd_mem_free(s->seg);
		s->seg_n = (size_t)size;
		s->seg = cd_mem_alloc(s->seg_n);
		code = s->seg ? fs->ops->read(fs, f, s->seg, s->seg_n, 0, NULL) : cd_fail_memory(s->cx);
	}
	fs->ops->close(fs, f);
	if (code)
		return s->cx->err.code ? code : io(s, code);
	return check_head(s, number);
}

/* ---- batches ---- */

static cd_code deliver(struct scan *s)
{
	uint64_t position = s->open_at;
	for (size_t at = 0; at < s->open.n;) {
		const struct rec_head *rec = (const struct rec_head *)(const void *)(s->open.p + at);
		const struct cd_rec out = {.kind = (enum cd_rec_kind)rec->kind,
			.flags = rec->flags,
			.epoch = rec->epoch,
			.batch = rec->batch,
			.revision = rec->revision,
			.at = position,
			.payload = cd_str_of((const char *)(rec + 1), rec->payload)};
		cd_code code = s->each ? s->each(s->arg, s->cx, &out) : CD_OK;
		if (code)
			return code;
		at += rec->bytes;
		position += rec->bytes;
	}
	cd_buf_reset(&s->open);
	return CD_OK;
}

/* May this record stand here? The next one of the open batch, or the first of the next. */
static bool in_turn(const struct scan *s, const struct rec_head *rec)
{
	if (rec->batch != s->log->batch + 1)
		return false;
	return s->open.n == 0 || ((const struct rec_head *)(const void *)s->open.p)->epoch == rec->epoch;
}

static cd_code take_record(struct scan *s, uint64_t number, uint64_t offset, const struct rec_head *rec)
{
	uint64_t position = s->head.position + offset - SEG_HEAD;
	if (s->open.n == 0)
		s->open_at = position;
	cd_buf_put(&s->open, cd_str_of(s->seg + offset, rec->bytes));
	if (s->open.bad)
		return cd_fail_memory(s->cx);
	if (!(rec->flags & CD_REC_END))
		return CD_OK;
	s->log->batch++;
	s->end_number = number;
	s->end_at = offset + rec->bytes;
	s->end_position = position + rec->bytes;
	return deliver(s);
}

/* Records from `offset` on; *ret_end is where they end. */
static cd_code take_segment(struct scan *s, uint64_t number, uint64_t offset, uint64_t *ret_end)
{
	struct rec_head rec;
	while (cd_rec_valid(s->seg, s->seg_n, number, offset, &rec) && in_turn(s, &rec)) {
		if (rec.epoch > s->epoch_max)
			s->epoch_max = rec.epoch;
		cd_code code = take_record(s, number, offset, &rec);
		if (code)
			return code;
		offset += rec.bytes;
	}
	*ret_end = offset;
	return CD_OK;
}

/* ---- the end ---- */

/* Nothing behind the end may belong to a batch later than the one that was cut off. */
static cd_code check_behind(struct scan *s, uint64_t number, uint64_t offset)
{
	struct rec_head rec;
	for (; offset + REC_HEAD <= s->seg_n; offset += 8) {
		if (!cd_rec_valid(s->seg, s->seg_n, number, offset, &rec))
			continue;
		if (rec.epoch > s->epoch_max)
			s->epoch_max = rec.epoch;
		if (rec.batch > s->log->batch + 1)
			return corrupt(s, number, offset,
				"a valid record stands behind a damaged place: what lies between was lost");
	}
	return CD_OK;
}

static size_t first_needed(struct scan *s, cd_code *ret)
{
	size_t first = 0;
	*ret = CD_OK;
	for (size_t i = 0; !*ret && i < s->numbers_n; i++) {
		*ret = load(s, s->numbers[i], false);
		if (!*ret && !cd_seg_add(s->log, s->numbers[i], s->head.position))
			*ret = cd_fail_memory(s->cx);
		if (!*ret && s->head.position <= s->log->conf.from)
			first = i;
	}
	return first;
}

static cd_code scan_segments(struct scan *s)
{
	cd_code code;
	const uint64_t from = s->log->conf.from;
	size_t first = first_needed(s, &code);
	bool ended = false;
	for (size_t i = first; !code && i < s->numbers_n; i++) {
		uint64_t number = s->numbers[i], end = SEG_HEAD;
		code = load(s, number, true);
		if (code)
			return code;
		if (i > first && number != s->numbers[i - 1] + 1)
			return corrupt(s, number - 1, 0, "the segment is missing");
		if (i == first && s->head.position > from)
			return corrupt(
				s, number, 0, "segments before it are missing, which the checkpoint needs");
		uint64_t offset = i == first ? SEG_HEAD + from - s->head.position : SEG_HEAD;
		/* It begins where the last complete batch ended: what stands open was cut off in a life
		 * before, and the writer that came after went on here, without room for its own batch behind
		 * the old end. */
		if (i > first && s->open.n && s->head.position == s->end_position)
			cd_buf_reset(&s->open);
		/* the segment before ended where this one says it begins: its rest was left free */
		uint64_t expected = s->open.n ? s->open_at + s->open.n : s->end_position;
		ended = ended || (i > first && s->head.position != expected);
		if (!ended)
			code = take_segment(s, number, offset, &end);
		if (!code)
			code = check_behind(s, number, end);
	}
	return code;
}

/* Segments behind the last one that holds something of a complete batch were begun for the batch that was cut
 * off. */
static cd_code drop_behind(struct scan *s)
{
	struct cd_log *log = s->log;
	struct cd_fs *fs = log->conf.fs;
	bool any = false;
	while (log->segments_n && log->segments[log->segments_n - 1].number > s->end_number) {
		char path[LOG_PATH];
		cd_seg_path(log, log->segments[log->segments_n - 1].number, path);
		cd_code code = fs->ops->unlink(fs, path);
		if (code)
			return io(s, code);
		log->segments_n--;
		any = true;
	}
	return any && fs->ops->sync_dir(fs, log->conf.folder) ? io(s, CD_E_IO) : CD_OK;
}

static cd_code go_on_writing(struct scan *s)
{
	struct cd_log *log = s->log;
	struct cd_fs *fs = log->conf.fs;
	char path[LOG_PATH];
	log->epoch = s->epoch_max + 1;
	log->number = s->end_number;
	log->seg_position = s->end_position;
	cd_code code = drop_behind(s);
	if (code)
		return code;
	if (log->segments_n) {
		cd_seg_path(log, log->number, path);
		code = fs->ops->open(fs, path, CD_FILE_WRITE, &log->file);
		/* behind its end (it was made with another size, or lost what was not synced): the next batch
		 * goes on in a new one */
		log->at = s->end_at < log->conf.set->segment_bytes ? s->end_at : log->conf.set->segment_bytes;
		log->seg_position = s->end_position - (log->at - SEG_HEAD);
		/* What the last life wrote but did not live to sync may so far be with the kernel only; from
		 * here on it is served, so it must be on the disk. */
		if (!code && log->conf.sync &&
			(fs->ops->sync(fs, log->file) || fs->ops->sync_dir(fs, log->conf.folder)))
			code = CD_E_IO;
	} else {
		log->at = SEG_HEAD;
		code = cd_seg_next(log, true);
	}
	return code ? io(s, code) : CD_OK;
}

/* Where the log ends when it holds no batch behind the checkpoint: in the segment that holds that position.
 */
static void begin_at_checkpoint(struct scan *s)
{
	const struct cd_log_config *conf = &s->log->conf;
	s->log->batch = conf->from_batch;
	s->end_position = conf->from;
	for (size_t i = 0; i < s->log->segments_n; i++) {
		const struct segment *seg = &s->log->segments[i];
		if (seg->position > conf->from)
			continue;
		s->end_number = seg->number;
		s->end_at = SEG_HEAD + conf->from - seg->position;
	}
}

cd_code cd_log_scan(struct cd_cx *cx, struct cd_log *log,
	cd_code (*each)(void *, struct cd_cx *, const struct cd_rec *), void *arg)
{
	struct scan s = {.cx = cx, .log = log, .each = each, .arg = arg};
	cd_buf_init(&s.open, SIZE_MAX / 2);
	cd_code code = list_segments(&s);
	if (!code) {
		log->batch = log->conf.from_batch;
		s.end_position = log->conf.from;
		(void)first_needed(&s, &code);
		begin_at_checkpoint(&s);
		log->segments_n = 0;
	}
	if (!code)
		code = scan_segments(&s);
	if (!code && s.open.n)
		cd_log(CD_LOG_INFO, "store", 0, "cut off an unfinished batch at the end of the log",
			"it was being written when the last life ended", "bytes=%zu", s.open.n);
	if (!code && !log->conf.read_only)
		code = go_on_writing(&s);
	else if (!code) {
		log->number = s.end_number;
		log->at = SEG_HEAD;
		log->seg_position = s.end_position;
	}
	cd_buf_done(&s.open);
	cd_mem_free(s.seg);
	cd_mem_free(s.numbers);
	return code;
}
