/*
 * A data directory whose log holds anything: opening it for reading ends with a twin or with an error, and
 * what it found is sound. The first byte says how the rest is taken: as a segment's raw bytes behind its
 * head, or as records that are framed and summed here, so that damage gets past the sums.
 */
#include "../sim/disk.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/log_int.h"
#include "store/store_int.h"

#include <stdlib.h>

enum { SEGMENT = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t frame(char *seg, const uint8_t *data, size_t n)
{
	size_t at = SEG_HEAD;
	uint64_t batch = 1;
	while (n >= 4) {
		size_t payload = (size_t)(data[2] | data[3] << 8) % 4096;
		uint16_t kind = data[0] % 6, flags = data[1] & 1;
		payload = payload < n - 4 ? payload : n - 4;
		size_t bytes = (REC_HEAD + payload + 7) & ~(size_t)7;
		if (at + bytes > SEGMENT)
			break;
		struct rec_head *rec = (struct rec_head *)(void *)(seg + at);
		*rec = (struct rec_head){.bytes = (uint32_t)bytes,
			.payload = (uint32_t)payload,
			.kind = kind,
			.flags = flags,
			.batch = batch,
			.revision = batch,
			.epoch = 1};
		memcpy(rec + 1, data + 4, payload);
		rec->sum = cd_rec_sum(rec, 1, at);
		batch += flags;
		at += bytes;
		data += 4 + payload;
		n -= 4 + payload;
	}
	return at;
}

static void put_file(struct cd_fs *fs, const char *path, const char *data, size_t n)
{
	struct cd_file *f;
	if (fs->ops->open(fs, path, CD_FILE_WRITE | CD_FILE_CREATE, &f) || fs->ops->write(fs, f, data, n, 0))
		abort();
	fs->ops->close(fs, f);
}

static void look_at(struct cd_store *s)
{
	struct cd_reader *reader = cd_reader_new(s);
	const struct cd_root *root = cd_pin(reader);
	for (uint32_t i = 0; i < root->tenants_n; i++) {
		struct cd_scan scan;
		cd_scan_begin(&scan, root->tenants[i], 0, 0);
		for (const struct cd_ent *e; (e = cd_scan_next(&scan));)
			if (cd_ent_validate(e, e->bytes))
				abort();
	}
	cd_unpin(reader, root);
	cd_reader_free(reader);
}

static void open_and_look(struct cd_fs *fs, bool read_only)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	static struct cd_metrics metrics;
	struct cd_store *s;
	cd_settings_init(&set);
	set.data = "/twin";
	set.segment_bytes = SEGMENT;
	set.checkpoint_map = 1 << 24;
	cd_arena_init(&arena, 1 << 28);
	cd_cx_init(&cx, &arena, &set);
	const struct cd_store_config conf = {
		.set = &set, .fs = fs, .metrics = &metrics, .read_only = read_only};
	if (cd_store_open(&cx, &conf, &s) == CD_OK) {
		look_at(s);
		cd_store_close(s);
	}
	cd_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char seg[SEGMENT];
	if (n == 0)
		return 0;
	cd_log_level_set(CD_LOG_ERROR);
	struct disk *d = disk_new();
	struct cd_fs *fs = disk_fs(d);
	open_and_look(fs, false); /* an empty twin */
	memset(seg, 0, sizeof seg);
	struct seg_head head = {.magic = SEG_MAGIC, .version = SEG_VERSION, .epoch = 1, .number = 1};
	head.sum = cd_sum32(&head, SEG_HEAD - 4, 1);
	memcpy(seg, &head, sizeof head);
	if (data[0] & 1)
		(void)frame(seg, data + 1, n - 1);
	else
		memcpy(seg + SEG_HEAD, data + 1, n - 1 < SEGMENT - SEG_HEAD ? n - 1 : SEGMENT - SEG_HEAD);
	put_file(fs, "/twin/log/00000000000000000001.seg", seg, sizeof seg);
	open_and_look(fs, true);
	open_and_look(fs, false);
	disk_free(d);
	return 0;
}
