/* zlib reads what is not gzip as it stands, so plain files need no way of their own. */
#include "intake/stream.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct packed {
	struct cd_stream stream;
	gzFile gz;
	const char *path;
};

static cd_code packed_read(struct cd_stream *s, struct cd_cx *cx, void *to, size_t n, size_t *ret_got)
{
	struct packed *p = (struct packed *)s;
	int got = gzread(p->gz, to, n < 1u << 30 ? (unsigned)n : 1u << 30);
	int error = Z_OK;
	const char *why = got > 0 ? NULL : gzerror(p->gz, &error);
	if (got < 0 || (error != Z_OK && error != Z_STREAM_END))
		return cd_fail(cx, error == Z_ERRNO ? CD_E_IO : CD_E_CORRUPT, p->path, "%s",
			error == Z_ERRNO ? strerror(errno) : why);
	z_off_t at = gzoffset(p->gz);
	s->at = at > 0 ? (uint64_t)at : 0;
	*ret_got = (size_t)got;
	return CD_OK;
}

static void packed_close(struct cd_stream *s)
{
	struct packed *p = (struct packed *)s;
	(void)gzclose_r(p->gz); /* only read from: nothing can be lost */
	cd_mem_free(p);
}

static const struct cd_stream_ops packed_ops = {packed_read, packed_close};

static int open_path(const char *path)
{
	if (cd_str_eq(cd_str_z(path), CD_STR("-")))
		return dup(STDIN_FILENO);
	return open(path, O_RDONLY | O_CLOEXEC);
}

cd_code cd_stream_open(struct cd_cx *cx, const char *path, struct cd_stream **ret)
{
	struct stat st;
	int fd = open_path(path);
	if (fd < 0)
		return cd_fail(cx, errno == ENOENT ? CD_E_NOT_FOUND : CD_E_IO, path, "%s", strerror(errno));
	if (fstat(fd, &st) != 0)
		st = (struct stat){0}; /* only costs the progress */
	if (S_ISDIR(st.st_mode)) {
		close(fd);
		return cd_fail(cx, CD_E_IO, path, "This is a folder");
	}
	struct packed *p = cd_mem_zalloc(sizeof *p);
	if (p)
		p->gz = gzdopen(fd, "rb");
	if (!p || !p->gz) {
		cd_mem_free(p);
		close(fd);
		return cd_fail_memory(cx);
	}
	(void)gzbuffer(p->gz, 1 << 18);
	p->path = path;
	p->stream.ops = &packed_ops;
	p->stream.size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	*ret = &p->stream;
	return CD_OK;
}

struct memory {
	struct cd_stream stream;
	cd_str rest;
};

static cd_code memory_read(struct cd_stream *s, struct cd_cx *cx, void *to, size_t n, size_t *ret_got)
{
	struct memory *m = (struct memory *)s;
	(void)cx;
	*ret_got = n < m->rest.n ? n : m->rest.n;
	if (*ret_got)
		memcpy(to, m->rest.p, *ret_got);
	m->rest = cd_str_skip(m->rest, *ret_got);
	s->at += *ret_got;
	return CD_OK;
}

static void memory_close(struct cd_stream *s)
{
	cd_mem_free(s);
}

static const struct cd_stream_ops memory_ops = {memory_read, memory_close};

struct cd_stream *cd_stream_memory(cd_str bytes)
{
	struct memory *m = cd_mem_zalloc(sizeof *m);
	if (!m)
		return NULL;
	m->stream.ops = &memory_ops;
	m->stream.size = bytes.n;
	m->rest = bytes;
	return &m->stream;
}

void cd_stream_close(struct cd_stream *s)
{
	if (s)
		s->ops->close(s);
}
