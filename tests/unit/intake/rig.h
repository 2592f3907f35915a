/* What the tests of this room share: a context, files that go away, packed bytes. */
#ifndef TEST_INTAKE_RIG_H
#define TEST_INTAKE_RIG_H

#include "base/buf.h"
#include "base/cx.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

struct rig {
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
};

static inline void rig_begin(struct rig *r)
{
	cd_settings_init(&r->set);
	cd_arena_init(&r->arena, 256 << 20);
	cd_cx_init(&r->cx, &r->arena, &r->set);
}

static inline void rig_end(struct rig *r)
{
	cd_arena_done(&r->arena);
}

/* Opens with the first allocation failing, the second ...: it is told each time, and nothing is left behind.
 * How often. */
static inline unsigned long rig_starve(
	struct rig *r, cd_code (*open)(struct cd_cx *, void **ret), void (*close)(void *))
{
	unsigned long k = 0;
	for (bool failed = true; failed;) {
		struct cd_arena arena;
		void *opened = NULL;
		cd_arena_init(&arena, 1 << 20);
		cd_cx_clear(&r->cx);
		r->cx.arena = &arena;
		cd_mem_fail_after(++k);
		cd_code code = open(&r->cx, &opened);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
		assert_int_equal(opened != NULL, !failed);
		if (opened)
			close(opened);
		cd_arena_done(&arena);
	}
	r->cx.arena = &r->arena;
	return k;
}

/* A new file with these bytes; its name comes back, unlink it. */
static inline const char *rig_file(struct rig *r, const void *p, size_t n)
{
	cd_str path = cd_arena_copy(&r->arena, CD_STR("/tmp/cardo-intake-XXXXXX"));
	int fd = mkstemp((char *)path.p);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
	return path.p;
}

/* In zlib's format (window_bits 15), gzip (31) or bare (-15), in the arena. */
static inline cd_str rig_pack(struct rig *r, cd_str plain, int window_bits)
{
	z_stream z = {0};
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t max = deflateBound(&z, plain.n) + 64;
	char *p = cd_arena_alloc(&r->arena, max);
	z.next_in = (Bytef *)plain.p, z.avail_in = (uInt)plain.n;
	z.next_out = (Bytef *)p, z.avail_out = (uInt)max;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t n = z.total_out;
	deflateEnd(&z);
	return cd_str_of(p, n);
}

/* n bytes that look random and do not pack well. */
static inline cd_str rig_noise(struct rig *r, size_t n)
{
	char *p = cd_arena_alloc(&r->arena, n);
	uint64_t state = 88172645463325252u;
	for (size_t i = 0; i < n; i++) {
		state ^= state << 13, state ^= state >> 7, state ^= state << 17;
		p[i] = (char)state;
	}
	return cd_str_of(p, n);
}

#endif
