/*
 * The file layer over this machine's file system. Calls are repeated after signals and short transfers; "no
 * space" is told apart, because the store goes on with what needs none.
 */
#include "os/file.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct cd_file {
	int fd;
	char path[];
};

static cd_code fail(struct cd_fs *fs, const char *what, const char *path)
{
	int e = errno;
	snprintf(fs->why, sizeof fs->why, "%s %s: %s", what, path, strerror(e));
	if (e == ENOSPC || e == EDQUOT)
		return CD_E_FULL;
	return e == ENOENT ? CD_E_NOT_FOUND : e == EEXIST ? CD_E_ALREADY_EXISTS : CD_E_IO;
}

static struct cd_file *file_new(int fd, const char *path)
{
	size_t n = strlen(path) + 1;
	struct cd_file *f = cd_mem_alloc(sizeof *f + n);
	if (f) {
		f->fd = fd;
		memcpy(f->path, path, n);
	}
	return f;
}

static cd_code file_open(struct cd_fs *fs, const char *path, int flags, struct cd_file **ret)
{
	int mode = (flags & CD_FILE_WRITE ? O_RDWR : O_RDONLY) | (flags & CD_FILE_CREATE ? O_CREAT : 0) |
		   (flags & CD_FILE_EXCLUSIVE ? O_EXCL : 0) | O_CLOEXEC;
	int fd = open(path, mode, 0600);
	if (fd < 0)
		return fail(fs, "open", path);
	*ret = file_new(fd, path);
	if (*ret)
		return CD_OK;
	close(fd);
	return CD_E_NO_MEMORY;
}

static void file_close(struct cd_fs *fs, struct cd_file *f)
{
	(void)fs;
	if (!f)
		return;
	close(f->fd);
	cd_mem_free(f);
}

static cd_code file_read(
	struct cd_fs *fs, struct cd_file *f, void *to, size_t n, uint64_t at, size_t *ret_got)
{
	size_t got = 0;
	while (got < n) {
		ssize_t k = pread(f->fd, (char *)to + got, n - got, (off_t)(at + got));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return fail(fs, "read", f->path);
		if (k == 0)
			break;
		got += (size_t)k;
	}
	if (ret_got)
		*ret_got = got;
	if (ret_got || got == n)
		return CD_OK;
	snprintf(
		fs->why, sizeof fs->why, "read %s: it ends at %llu", f->path, (unsigned long long)(at + got));
	return CD_E_IO;
}

static cd_code file_write(struct cd_fs *fs, struct cd_file *f, const void *from, size_t n, uint64_t at)
{
	size_t put = 0;
	while (put < n) {
		ssize_t k = pwrite(f->fd, (const char *)from + put, n - put, (off_t)(at + put));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return fail(fs, "write", f->path);
		put += (size_t)k;
	}
	return CD_OK;
}

static cd_code file_sync(struct cd_fs *fs, struct cd_file *f)
{
	/* never repeated: after a failure the kernel may have dropped the pages, and would say "done" */
	return fdatasync(f->fd) == 0 ? CD_OK : fail(fs, "sync", f->path);
}

static cd_code file_size(struct cd_fs *fs, struct cd_file *f, uint64_t *ret)
{
	struct stat st;
	if (fstat(f->fd, &st) != 0)
		return fail(fs, "stat", f->path);
	*ret = (uint64_t)st.st_size;
	return CD_OK;
}

static cd_code file_truncate(struct cd_fs *fs, struct cd_file *f, uint64_t n)
{
	return ftruncate(f->fd, (off_t)n) == 0 ? CD_OK : fail(fs, "truncate", f->path);
}

static cd_code path_rename(struct cd_fs *fs, const char *from, const char *to)
{
	return rename(from, to) == 0 ? CD_OK : fail(fs, "rename", from);
}

static cd_code path_unlink(struct cd_fs *fs, const char *path)
{
	return unlink(path) == 0 ? CD_OK : fail(fs, "unlink", path);
}

static cd_code path_mkdir(struct cd_fs *fs, const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? CD_OK : fail(fs, "mkdir", path);
}

static cd_code path_sync_dir(struct cd_fs *fs, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(fs, "open", path);
	cd_code code = fsync(fd) == 0 ? CD_OK : fail(fs, "sync", path);
	close(fd);
	return code;
}

static cd_code path_list(struct cd_fs *fs, const char *path, void (*each)(void *, const char *), void *arg)
{
	DIR *dir = opendir(path);
	if (!dir)
		return fail(fs, "list", path);
	for (struct dirent *e; (e = readdir(dir));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			each(arg, e->d_name);
	closedir(dir);
	return CD_OK;
}

static cd_code path_lock(struct cd_fs *fs, const char *path, struct cd_file **ret)
{
	struct cd_file *f;
	cd_code code = file_open(fs, path, CD_FILE_WRITE | CD_FILE_CREATE, &f);
	if (code)
		return code;
	if (flock(f->fd, LOCK_EX | LOCK_NB) == 0) {
		*ret = f;
		return CD_OK;
	}
	bool taken = errno == EWOULDBLOCK;
	code = fail(fs, "lock", path);
	if (taken) {
		snprintf(fs->why, sizeof fs->why, "lock %s: another process has this data directory", path);
		code = CD_E_CONFLICT;
	}
	file_close(fs, f);
	return code;
}

static const char *real_path(struct cd_fs *fs, const char *path, char *buf, size_t n)
{
	(void)fs, (void)buf, (void)n;
	return path;
}

static const struct cd_fs_ops real_ops = {
	.open = file_open,
	.close = file_close,
	.read = file_read,
	.write = file_write,
	.sync = file_sync,
	.size = file_size,
	.truncate = file_truncate,
	.rename = path_rename,
	.unlink = path_unlink,
	.mkdir = path_mkdir,
	.sync_dir = path_sync_dir,
	.list = path_list,
	.lock = path_lock,
	.lmdb_path = real_path,
};

struct cd_fs *cd_fs_new(void)
{
	struct cd_fs *fs = cd_mem_zalloc(sizeof *fs);
	if (fs)
		fs->ops = &real_ops;
	return fs;
}

void cd_fs_free(struct cd_fs *fs)
{
	cd_mem_free(fs);
}
