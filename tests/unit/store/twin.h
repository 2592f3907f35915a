/* A store in a temporary folder, for tests: open it, write through a queue, look at all of it. */
#ifndef TESTS_STORE_TWIN_H
#define TESTS_STORE_TWIN_H

#include "store/store_int.h"

struct twin {
	struct cd_settings set;
	struct cd_metrics metrics;
	struct cd_fs *fs;
	char folder[256];
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_store *store;
	struct cd_queue *queue;
	struct cd_reader *reader;
	const struct cd_participant *const *participants;
	cd_time_us now;
	bool threads;
	struct cd_job *done; /* what post has handed over */
	unsigned posts;
};

/* A fresh folder under the system's temporary one, on the disk of this machine. */
void twin_init(struct twin *);
void twin_done(struct twin *); /* removes the folder */
cd_code twin_open(struct twin *);
void twin_close(struct twin *);
void twin_reopen(struct twin *);
void twin_remove(const char *folder);

/* A fragment: one type, "value" as a number, and `bulk` bytes of text. Names that the twin does not know are
 * local. */
struct twin_frag {
	const struct cd_ent *ent;
	cd_str names[8];
	uint32_t names_n;
};
struct twin_frag twin_fragment(struct twin *, const char *id, const char *type, int value, size_t bulk);

/* One job with one change each; the report's code, or the job's. */
cd_code twin_create(
	struct twin *, const char *tenant, const char *id, const char *type, int value, size_t bulk);
cd_code twin_update(struct twin *, const char *tenant, const char *id, int value, size_t bulk);
cd_code twin_delete(struct twin *, const char *tenant, const char *id);
struct cd_change twin_change(
	struct twin *, enum cd_verb, const char *id, const char *type, int value, size_t bulk);
cd_code twin_submit(struct twin *, struct cd_job *);
/* Of an entity's "value", or -1. */
int twin_value(const struct cd_names *, const struct cd_ent *);
int twin_get(struct twin *, const char *tenant, const char *id);

/* A sum over everything in a root: tenants, blocks, counts; fails the test when the trees disagree. */
uint64_t twin_sum(struct cd_store *, const struct cd_root *);
uint64_t twin_sum_now(struct twin *);

#endif
