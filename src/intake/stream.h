/*
 * intake/stream.h -- bytes of a file that is read once, from its beginning: plain or gzip (told by its first
 * bytes), standard input, a piece of memory, or a member of an archive (intake/archive.h).
 */
#ifndef CD_INTAKE_STREAM_H
#define CD_INTAKE_STREAM_H

#include "base/cx.h"

struct cd_stream;
struct cd_stream_ops {
	/* Up to n bytes, 0 at the end. CD_E_IO; CD_E_CORRUPT: packed data is damaged or cut off. */
	cd_code (*read)(struct cd_stream *, struct cd_cx *, void *, size_t n, size_t *ret_got);
	void (*close)(struct cd_stream *);
};
struct cd_stream {
	const struct cd_stream_ops *ops;
	uint64_t at, size; /* in the file as it lies on disk, for progress; size 0: not known */
};
/* "-" is standard input. CD_E_NOT_FOUND, CD_E_IO. */
cd_code cd_stream_open(struct cd_cx *, const char *path, struct cd_stream **ret);
/* The bytes are borrowed. NULL when out of memory. */
struct cd_stream *cd_stream_memory(cd_str);
static inline cd_code cd_stream_read(
	struct cd_stream *s, struct cd_cx *cx, void *to, size_t n, size_t *ret_got)
{
	return s->ops->read(s, cx, to, n, ret_got);
}
void cd_stream_close(struct cd_stream *); /* NULL is fine */

#endif
