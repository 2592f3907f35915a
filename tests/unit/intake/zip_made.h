/* Zip files written byte by byte, so that anything in them can be wrong. [APPNOTE 4.3] */
#ifndef TEST_INTAKE_ZIP_MADE_H
#define TEST_INTAKE_ZIP_MADE_H

#include "rig.h"

struct zip_member {
	const char *name;
	cd_str data;
	bool stored;
	/* what the headers say, when it is not the truth: */
	unsigned flags, method;
	int64_t crc_off, size_off, packed_off;
};

static inline void zip_le(struct cd_buf *b, uint64_t v, unsigned bytes)
{
	for (; bytes; bytes--, v >>= 8)
		cd_buf_char(b, (char)v);
}

/* What local and central header have in common, from "version needed" to the lengths. */
static inline void zip_head(struct cd_buf *b, const struct zip_member *m, cd_str packed)
{
	uint32_t crc = (uint32_t)crc32(0, (const Bytef *)m->data.p, (uInt)m->data.n);
	zip_le(b, 20, 2);
	zip_le(b, m->flags, 2);
	zip_le(b, m->method ? m->method : m->stored ? 0 : 8, 2);
	zip_le(b, 0x00212821, 4); /* a time */
	zip_le(b, (uint64_t)(crc + m->crc_off), 4);
	zip_le(b, (uint64_t)((int64_t)packed.n + m->packed_off), 4);
	zip_le(b, (uint64_t)((int64_t)m->data.n + m->size_off), 4);
	zip_le(b, strlen(m->name), 2);
	zip_le(b, 0, 2); /* extra */
}

static inline uint64_t zip_local(
	struct rig *r, struct cd_buf *b, const struct zip_member *m, cd_str *ret_packed)
{
	uint64_t at = b->n;
	*ret_packed = m->stored ? m->data : rig_pack(r, m->data, -15);
	zip_le(b, 0x04034b50, 4);
	zip_head(b, m, *ret_packed);
	cd_buf_put(b, cd_str_z(m->name));
	cd_buf_put(b, *ret_packed);
	return at;
}

static inline void zip_central(struct cd_buf *b, const struct zip_member *m, cd_str packed, uint64_t at)
{
	zip_le(b, 0x02014b50, 4);
	zip_le(b, 20, 2);
	zip_head(b, m, packed);
	zip_le(b, 0, 10); /* comment, disk, attributes */
	zip_le(b, at, 4);
	cd_buf_put(b, cd_str_z(m->name));
}

/* Members from 65535 on need the wide form of the directory's end. [4.3.14] */
static inline void zip_end(struct cd_buf *b, uint64_t n, uint64_t directory)
{
	uint64_t bytes = b->n - directory, end = b->n;
	if (n > 65534) {
		zip_le(b, 0x06064b50, 4);
		zip_le(b, 44, 8);
		zip_le(b, 45 << 16 | 45, 4);
		zip_le(b, 0, 8);
		zip_le(b, n, 8);
		zip_le(b, n, 8);
		zip_le(b, bytes, 8);
		zip_le(b, directory, 8);
		zip_le(b, 0x07064b50, 4);
		zip_le(b, 0, 4);
		zip_le(b, end, 8);
		zip_le(b, 1, 4);
	}
	bool wide = n > 65534;
	zip_le(b, 0x06054b50, 4);
	zip_le(b, 0, 4);
	zip_le(b, wide ? 0xffff : n, 2);
	zip_le(b, wide ? 0xffff : n, 2);
	zip_le(b, wide ? 0xffffffff : bytes, 4);
	zip_le(b, wide ? 0xffffffff : directory, 4);
	zip_le(b, 0, 2);
}

static inline cd_str zip_made(struct rig *r, const struct zip_member *members, size_t n)
{
	struct cd_buf b;
	uint64_t at[16];
	cd_str packed[16];
	cd_buf_init(&b, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++)
		at[i] = zip_local(r, &b, &members[i], &packed[i]);
	uint64_t directory = b.n;
	for (size_t i = 0; i < n; i++)
		zip_central(&b, &members[i], packed[i], at[i]);
	zip_end(&b, n, directory);
	cd_str made = cd_arena_copy(&r->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return made;
}

#endif
