/*
 * minizip finds and unpacks; its reads come through the callbacks below, from a descriptor or from memory.
 * Nothing is unpacked to disk and names of members are only compared, so what they say can do no harm.
 */
#include "intake/archive.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <minizip/unzip.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMBERS_MAX = 100000 };

struct cd_archive {
	const char *folder; /* or a zip file: */
	unzFile zip;
	int fd; /* -1: in memory */
	cd_str bytes;
	uint64_t at, size;
	bool failed;
};

/* ---- callbacks of minizip ---- */

static voidpf zip_open(voidpf arg, const void *name, int mode)
{
	(void)name, (void)mode;
	return arg;
}

static uLong zip_read(voidpf arg, voidpf stream, void *to, uLong n)
{
	struct cd_archive *a = stream;
	(void)arg;
	if (a->at >= a->size)
		return 0;
	if (n > a->size - a->at)
		n = (uLong)(a->size - a->at);
	if (a->fd < 0) {
		memcpy(to, a->bytes.p + a->at, n);
	} else {
		ssize_t got = pread(a->fd, to, n, (off_t)a->at);
		a->failed |= got < 0;
		n = got > 0 ? (uLong)got : 0;
	}
	a->at += n;
	return n;
}

static uLong zip_write(voidpf arg, voidpf stream, const void *from, uLong n)
{
	(void)arg, (void)stream, (void)from, (void)n;
	return 0;
}

static ZPOS64_T zip_tell(voidpf arg, voidpf stream)
{
	(void)arg;
	return ((struct cd_archive *)stream)->at;
}

static long zip_seek(voidpf arg, voidpf stream, ZPOS64_T offset, int origin)
{
	struct cd_archive *a = stream;
	(void)arg;
	uint64_t base = origin == ZLIB_FILEFUNC_SEEK_CUR   ? a->at
			: origin == ZLIB_FILEFUNC_SEEK_END ? a->size
							   : 0;
	if (offset > a->size - base)
		return -1;
	a->at = base + offset;
	return 0;
}

static int zip_close(voidpf arg, voidpf stream)
{
	(void)arg, (void)stream;
	return 0;
}

static int zip_error(voidpf arg, voidpf stream)
{
	(void)arg;
	return ((struct cd_archive *)stream)->failed;
}

static cd_code open_zip(struct cd_cx *cx, const char *path, struct cd_archive *a, struct cd_archive **ret)
{
	zlib_filefunc64_def calls = {
		zip_open, zip_read, zip_write, zip_tell, zip_seek, zip_close, zip_error, a};
	a->zip = unzOpen2_64("", &calls);
	if (!a->zip) {
		cd_archive_close(a);
		return cd_fail(cx, CD_E_CORRUPT, path, "This is no zip file, or it is damaged");
	}
	*ret = a;
	return CD_OK;
}

static struct cd_archive *new_archive(void)
{
	struct cd_archive *a = cd_mem_zalloc(sizeof *a);
	if (a)
		a->fd = -1;
	return a;
}

cd_code cd_archive_open(struct cd_cx *cx, const char *path, struct cd_archive **ret)
{
	struct stat st;
	struct cd_archive *a = new_archive();
	if (!a)
		return cd_fail_memory(cx);
	a->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (a->fd < 0 || fstat(a->fd, &st) != 0) {
		cd_code code =
			cd_fail(cx, errno == ENOENT ? CD_E_NOT_FOUND : CD_E_IO, path, "%s", strerror(errno));
		cd_archive_close(a);
		return code;
	}
	if (S_ISDIR(st.st_mode)) {
		a->folder = path;
		*ret = a;
		return CD_OK;
	}
	a->size = (uint64_t)st.st_size;
	return open_zip(cx, path, a, ret);
}

cd_code cd_archive_memory(struct cd_cx *cx, cd_str bytes, struct cd_archive **ret)
{
	struct cd_archive *a = new_archive();
	if (!a)
		return cd_fail_memory(cx);
	a->bytes = bytes;
	a->size = bytes.n;
	return open_zip(cx, NULL, a, ret);
}

void cd_archive_close(struct cd_archive *a)
{
	if (!a)
		return;
	if (a->zip)
		(void)unzClose(a->zip);
	if (a->fd >= 0)
		close(a->fd);
	cd_mem_free(a);
}

/* ---- members ---- */

struct member {
	struct cd_stream stream;
	struct cd_archive *archive;
	bool ended;
	char name[256];
};

/* At the end: it has as many bytes as the directory says, and (what closing compares) their checksum. */
static bool is_whole(struct member *m)
{
	return m->stream.at == m->stream.size && unzCloseCurrentFile(m->archive->zip) != UNZ_CRCERROR;
}

static cd_code member_read(struct cd_stream *s, struct cd_cx *cx, void *to, size_t n, size_t *ret_got)
{
	struct member *m = (struct member *)s;
	int got = 0;
	if (!m->ended)
		got = unzReadCurrentFile(m->archive->zip, to, n < 1u << 30 ? (unsigned)n : 1u << 30);
	m->ended |= got == 0 && n > 0;
	if (got < 0 || (m->ended && !is_whole(m)))
		return cd_fail(cx, m->archive->failed ? CD_E_IO : CD_E_CORRUPT, m->name,
			"The packed data is damaged or cut off");
	s->at += (uint64_t)got;
	*ret_got = (size_t)got;
	return CD_OK;
}

static void member_close(struct cd_stream *s)
{
	struct member *m = (struct member *)s;
	(void)unzCloseCurrentFile(m->archive->zip); /* closed already when it was read to its end */
	cd_mem_free(m);
}

static const struct cd_stream_ops member_ops = {member_read, member_close};

static cd_str base_name(cd_str path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return cd_str_skip(path, i);
	return path;
}

static bool locate(struct cd_archive *a, cd_str name, unz_file_info64 *info)
{
	char text[256];
	unz64_file_pos nested;
	bool found = false;
	unsigned seen = 0;
	for (int rc = unzGoToFirstFile(a->zip); rc == UNZ_OK && seen < MEMBERS_MAX;
		rc = unzGoToNextFile(a->zip), seen++) {
		if (unzGetCurrentFileInfo64(a->zip, info, text, sizeof text, NULL, 0, NULL, 0) != UNZ_OK ||
			info->size_filename >= sizeof text)
			continue;
		cd_str here = cd_str_of(text, info->size_filename);
		if (cd_str_eq(here, name))
			return true;
		if (!found && cd_str_eq(base_name(here), name))
			found = unzGetFilePos64(a->zip, &nested) == UNZ_OK;
	}
	return found && unzGoToFilePos64(a->zip, &nested) == UNZ_OK &&
	       unzGetCurrentFileInfo64(a->zip, info, NULL, 0, NULL, 0, NULL, 0) == UNZ_OK;
}

static cd_code folder_member(struct cd_cx *cx, struct cd_archive *a, cd_str name, struct cd_stream **ret)
{
	cd_str path = cd_arena_printf(cx->arena, "%s/" CD_STR_FMT, a->folder, CD_STR_ARG(name));
	return path.p ? cd_stream_open(cx, path.p, ret) : cd_fail_memory(cx);
}

cd_code cd_archive_member(struct cd_cx *cx, struct cd_archive *a, cd_str name, struct cd_stream **ret)
{
	unz_file_info64 info;
	if (a->folder)
		return folder_member(cx, a, name, ret);
	struct member *m = cd_mem_zalloc(sizeof *m);
	if (!m)
		return cd_fail_memory(cx);
	memcpy(m->name, name.p, name.n < sizeof m->name ? name.n : sizeof m->name - 1);
	cd_code code = CD_OK;
	if (!locate(a, name, &info))
		code = cd_fail(cx, CD_E_NOT_FOUND, m->name, "There is no such member");
	else if (info.flag & 1)
		code = cd_fail(cx, CD_E_CORRUPT, m->name, "The member is encrypted");
	else if (unzOpenCurrentFile(a->zip) != UNZ_OK)
		code = cd_fail(cx, CD_E_CORRUPT, m->name, "The member can not be unpacked");
	if (code) {
		cd_mem_free(m);
		return code;
	}
	m->stream.ops = &member_ops;
	m->stream.size = info.uncompressed_size;
	m->archive = a;
	*ret = &m->stream;
	return CD_OK;
}
