/*
 * store/checkpoint.h -- the twin in LMDB: where recovery begins. [docs/file-format.md]
 *
 * Databases: meta (format, version, log position, batch, next number, seed of the id hash, target version of
 * a checkpoint that is under way), tenants, names, contexts, entities {tenant u32 BE, number u64 BE} ->
 * block. A checkpoint walks a pinned root's leaves that were born after the last one, in small transactions,
 * paced; a crash in between leaves newer blocks under an older meta, which replay by revision makes good.
 * Indexes are not stored: they are built at load.
 */
#ifndef CD_STORE_CHECKPOINT_H
#define CD_STORE_CHECKPOINT_H

#include "os/file.h"
#include "store/root.h"

struct cd_ckpt;
struct cd_ckpt_meta {
	uint64_t version, log_position, batch, next_number, id_seed;
	uint64_t target; /* version of an unfinished checkpoint, or == version */
	uint32_t names_n, contexts_n, tenants_n;
};
/* Open or create; *ret_meta tells what it holds (version 0: nothing). */
cd_code cd_ckpt_open(struct cd_cx *, struct cd_fs *, const char *folder, uint64_t map_bytes, bool read_only,
	struct cd_ckpt **ret, struct cd_ckpt_meta *ret_meta);
void cd_ckpt_close(struct cd_ckpt *);

/* Everything in it, names first, then contexts, tenants, entities in key order. Blocks are validated. */
struct cd_ckpt_load {
	void *arg;
	cd_code (*name)(void *arg, struct cd_cx *, uint32_t number, cd_str text);
	cd_code (*context)(void *arg, struct cd_cx *, uint32_t number, cd_str text);
	cd_code (*tenant)(void *arg, struct cd_cx *, uint32_t number, cd_str name);
	cd_code (*entity)(void *arg, struct cd_cx *, uint32_t tenant, const struct cd_ent *);
};
cd_code cd_ckpt_load(struct cd_cx *, struct cd_ckpt *, const struct cd_ckpt_load *);

/*
 * Write what changed after the edition `since`, from a pinned root. `pace` is called between
 * transactions (it sleeps while the log's syncs are slow, and may say stop: false ends with CD_E_BUSY, to be
 * gone on with later).
 */
struct cd_ckpt_write {
	const struct cd_root *root;
	const struct cd_names *names, *contexts;
	uint64_t since;           /* 0: all */
	struct cd_ckpt_meta meta; /* of the finished checkpoint */
	bool (*pace)(void *arg);
	void *arg;
	uint64_t records; /* out: written */
};
cd_code cd_ckpt_write(struct cd_cx *, struct cd_ckpt *, struct cd_ckpt_write *);

#endif
