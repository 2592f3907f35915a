/*
 * os/file.h -- the file layer: everything the store does to files goes through this table, so that tests can
 * put a simulated disk under it that loses, reorders and tears what was not synced (tests/sim/disk.h).
 *
 * Paths are relative to nothing special (the caller joins them). All calls block; none is made on an event
 * loop. Errors: CD_OK, CD_E_FULL (no space), CD_E_NOT_FOUND, CD_E_ALREADY_EXISTS, CD_E_IO; the words (path,
 * strerror) go to fs->why, valid until the next call of that thread.
 */
#ifndef CD_OS_FILE_H
#define CD_OS_FILE_H

#include "base/err.h"

#include <stdint.h>

enum { CD_FILE_READ = 0, CD_FILE_WRITE = 1, CD_FILE_CREATE = 2, CD_FILE_EXCLUSIVE = 4 };

struct cd_fs;
struct cd_file; /* an open file */

struct cd_fs_ops {
	cd_code (*open)(struct cd_fs *, const char *path, int flags, struct cd_file **ret);
	void (*close)(struct cd_fs *, struct cd_file *);
	/* Both do all of n or fail; reading past the end is CD_E_IO unless ret_got is given, which then tells
	 * how much. */
	cd_code (*read)(struct cd_fs *, struct cd_file *, void *, size_t n, uint64_t at, size_t *ret_got);
	cd_code (*write)(struct cd_fs *, struct cd_file *, const void *, size_t n, uint64_t at);
	cd_code (*sync)(
		struct cd_fs *, struct cd_file *); /* fdatasync: data, and the length when it changed */
	cd_code (*size)(struct cd_fs *, struct cd_file *, uint64_t *ret);
	cd_code (*truncate)(struct cd_fs *, struct cd_file *, uint64_t n);
	cd_code (*rename)(struct cd_fs *, const char *from, const char *to);
	cd_code (*unlink)(struct cd_fs *, const char *path);
	cd_code (*mkdir)(struct cd_fs *, const char *path); /* mode 0700; exists already: CD_OK */
	cd_code (*sync_dir)(struct cd_fs *, const char *path);
	/* Names in a folder without . and .., any order. */
	cd_code (*list)(struct cd_fs *, const char *path, void (*each)(void *, const char *name), void *arg);
	/* Exclusive lock of the process on a file that is created; CD_E_CONFLICT when another process has it.
	 */
	cd_code (*lock)(struct cd_fs *, const char *path, struct cd_file **ret);
	/* The folder of the checkpoint, where LMDB does its own files: a real path. */
	const char *(*lmdb_path)(struct cd_fs *, const char *path, char *buf, size_t n);
};
struct cd_fs {
	const struct cd_fs_ops *ops;
	char why[256];
};

/* The disk of this machine. */
struct cd_fs *cd_fs_new(void);
void cd_fs_free(struct cd_fs *);

#endif
