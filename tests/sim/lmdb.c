/*
 * LMDB's system calls, caught. The dynamic linker finds these definitions before the C library's, so a call
 * out of liblmdb comes here; it is done on the real file, which LMDB maps into memory, and recorded on the
 * simulated disk the file stands for. Nothing is really synced: the record says what was.
 */
#include "disk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS = 64 };

static struct caught {
	bool open, synced_writes;
	int fd;
	struct disk *disk;
	uint32_t inode;
	uint64_t at; /* where write() goes on */
} table[FDS];

#define VISIBLE __attribute__((visibility("default")))
/* The names carry labels of their own: with large-file macros the headers would rename them. */
VISIBLE int caught_open(const char *path, int flags, ...) __asm__("open");
VISIBLE int caught_close(int fd) __asm__("close");
VISIBLE ssize_t caught_pwrite(int fd, const void *from, size_t n, off_t at) __asm__("pwrite");
VISIBLE ssize_t caught_writev(int fd, const struct iovec *parts, int n) __asm__("writev");
VISIBLE off_t caught_lseek(int fd, off_t at, int whence) __asm__("lseek");
VISIBLE int caught_fdatasync(int fd) __asm__("fdatasync");
VISIBLE int caught_fsync(int fd) __asm__("fsync");

static void *real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);
	if (!f)
		abort();
	return f;
}
#define REAL(type, name) (*(type *)(void *)&(void *[]){real(name)})

static struct caught *find(int fd)
{
	for (int i = 0; i < FDS; i++)
		if (table[i].open && table[i].fd == fd)
			return &table[i];
	return NULL;
}

static void catch_file(int fd, int flags, struct disk *d, uint32_t inode)
{
	for (int i = 0; i < FDS; i++)
		if (!table[i].open) {
			table[i] = (struct caught){true, (flags & O_DSYNC) == O_DSYNC, fd, d, inode, 0};
			return;
		}
	abort();
}

int caught_open(const char *path, int flags, ...)
{
	typedef int open_fn(const char *, int, ...);
	va_list ap;
	va_start(ap, flags);
	int mode = flags & O_CREAT ? va_arg(ap, int) : 0;
	va_end(ap);
	int fd = REAL(open_fn *, "open")(path, flags & ~O_DSYNC, mode);
	uint32_t folder, inode;
	const char *name;
	struct disk *d = fd >= 0 ? disk_of_path(path, &folder, &name) : NULL;
	if (d && (flags & (O_WRONLY | O_RDWR)) && disk_lmdb_open(d, folder, name, flags & O_CREAT, &inode))
		catch_file(fd, flags, d, inode);
	return fd;
}

int caught_close(int fd)
{
	typedef int close_fn(int);
	struct caught *c = find(fd);
	if (c)
		c->open = false;
	return REAL(close_fn *, "close")(fd);
}

ssize_t caught_pwrite(int fd, const void *from, size_t n, off_t at)
{
	typedef ssize_t pwrite_fn(int, const void *, size_t, off_t);
	struct caught *c = find(fd);
	size_t put = n;
	bool ok = !c || disk_lmdb_write(c->disk, c->inode, from, n, (uint64_t)at, &put);
	int e = errno;
	ssize_t done = put || ok ? REAL(pwrite_fn *, "pwrite")(fd, from, put, at) : 0;
	if (!ok) {
		errno = e;
		return -1;
	}
	if (c && c->synced_writes && !disk_lmdb_sync(c->disk, c->inode))
		return -1;
	return done;
}

ssize_t caught_writev(int fd, const struct iovec *parts, int n)
{
	typedef ssize_t writev_fn(int, const struct iovec *, int);
	struct caught *c = find(fd);
	ssize_t sum = 0;
	if (!c)
		return REAL(writev_fn *, "writev")(fd, parts, n);
	for (int i = 0; i < n; i++) {
		ssize_t put = caught_pwrite(fd, parts[i].iov_base, parts[i].iov_len, (off_t)c->at);
		if (put < 0)
			return -1;
		c->at += (uint64_t)put;
		sum += put;
	}
	return sum;
}

off_t caught_lseek(int fd, off_t at, int whence)
{
	typedef off_t lseek_fn(int, off_t, int);
	struct caught *c = find(fd);
	if (c && whence == SEEK_SET)
		c->at = (uint64_t)at;
	return REAL(lseek_fn *, "lseek")(fd, at, whence);
}

int caught_fdatasync(int fd)
{
	typedef int sync_fn(int);
	struct caught *c = find(fd);
	if (!c)
		return REAL(sync_fn *, "fdatasync")(fd);
	return disk_lmdb_sync(c->disk, c->inode) ? 0 : -1;
}

int caught_fsync(int fd)
{
	return caught_fdatasync(fd);
}
