/*
 * A simulated disk under the file layer, and under LMDB.
 *
 * Every change of the disk is recorded in order: that order is the I/O index. From the record the disk of any
 * moment can be made again: as a process would find it that was started after the one before was killed
 * (disk_kill: the kernel still has what was not synced), or as it would be after the power went (disk_cut).
 * What was synced is there after a cut; of what was not, any subset is: whole writes, single sectors of 512
 * bytes, lengths, entries of folders, in any combination, chosen by the seed. A rename is done or not done,
 * never half.
 *
 * LMDB does its own system calls on a real folder. They are caught on their way (lmdb.c) and become
 * operations of the same record.
 */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include "os/file.h"

#include <stdbool.h>
#include <stddef.h>

struct disk;

struct disk *disk_new(void);
void disk_free(struct disk *);
struct cd_fs *disk_fs(struct disk *);
size_t disk_index(const struct disk *); /* changes so far */
struct disk *disk_kill(const struct disk *, size_t index);
struct disk *disk_cut(const struct disk *, size_t index, uint64_t seed);

/* Faults: the `at`-th operation of the kind from now on fails (0: the next), `times` of them. */
enum disk_fault {
	DISK_NO_FAULT,
	DISK_SYNC_FAILS,  /* and what it should have made durable may be lost, though the next one succeeds */
	DISK_WRITE_FAILS, /* nothing was written */
	DISK_WRITE_SHORT, /* the first half was */
	DISK_WRITE_FULL,  /* no space */
	DISK_READ_FAILS,
};
void disk_fail(struct disk *, enum disk_fault, size_t at, size_t times);
bool disk_failed(const struct disk *);                   /* a fault has happened */
size_t disk_count(const struct disk *, enum disk_fault); /* operations of the kind so far */
void disk_capacity(struct disk *, size_t bytes);         /* 0: without bound */
size_t disk_used(const struct disk *);

/* For lmdb.c: a real folder stands for one of the disk's. NULL: the path is nobody's. */
struct disk *disk_of_path(const char *path, uint32_t *ret_folder, const char **ret_name);
bool disk_lmdb_open(struct disk *, uint32_t folder, const char *name, bool create, uint32_t *ret_inode);
/* False: errno is set, and nothing (or half) was written. */
bool disk_lmdb_write(struct disk *, uint32_t inode, const void *, size_t n, uint64_t at, size_t *ret_put);
bool disk_lmdb_sync(struct disk *, uint32_t inode);

#endif
