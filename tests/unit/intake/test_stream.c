/* Streams: the same bytes whatever the packing and the size of the reads; what is torn is told. */
#include "rig.h"

#include "intake/stream.h"

#include <sys/stat.h>

/* All that is left, in reads of `step` bytes. */
static cd_code drain(struct rig *r, struct cd_stream *s, size_t step, struct cd_buf *to)
{
	char *p = cd_arena_alloc(&r->arena, step);
	for (;;) {
		size_t got = 0;
		cd_code code = cd_stream_read(s, &r->cx, p, step, &got);
		if (code || got == 0)
			return code;
		assert_true(got <= step);
		cd_buf_put(to, cd_str_of(p, got));
	}
}

static cd_code drain_path(struct rig *r, const char *path, size_t step, struct cd_buf *to)
{
	struct cd_stream *s = NULL;
	cd_code code = cd_stream_open(&r->cx, path, &s);
	if (code)
		return code;
	code = drain(r, s, step, to);
	cd_stream_close(s);
	return code;
}

/* What comes out of a file with these bytes. */
static void expect(cd_str bytes, cd_code code, cd_str plain)
{
	static const size_t steps[] = {1, 7, 4096, 1 << 20};
	struct rig r;
	rig_begin(&r);
	const char *path = rig_file(&r, bytes.p, bytes.n);
	for (size_t i = plain.n > 1 << 16; i < 4; i++) {
		struct cd_buf got;
		cd_buf_init(&got, SIZE_MAX / 2);
		cd_cx_clear(&r.cx);
		assert_int_equal(drain_path(&r, path, steps[i], &got), code);
		assert_int_equal(got.n, plain.n);
		assert_memory_equal(got.p ? got.p : "", plain.p, plain.n);
		if (code)
			assert_string_equal(r.cx.err.where, path);
		cd_buf_done(&got);
	}
	unlink(path);
	rig_end(&r);
}

static void plain_files(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	expect(CD_STR(""), CD_OK, CD_STR(""));
	expect(CD_STR("a"), CD_OK, CD_STR("a"));
	expect(CD_STR("\x1f"), CD_OK, CD_STR("\x1f")); /* half of what gzip begins with */
	expect(CD_STR("a;b\r\n\0;c"), CD_OK, CD_STR("a;b\r\n\0;c"));
	cd_str noise = rig_noise(&r, 3 << 20);
	expect(noise, CD_OK, noise);
	rig_end(&r);
}

static void gzip_files(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	expect(rig_pack(&r, CD_STR(""), 31), CD_OK, CD_STR(""));
	expect(rig_pack(&r, CD_STR("a;b\n1;2\n"), 31), CD_OK, CD_STR("a;b\n1;2\n"));
	cd_str noise = rig_noise(&r, 3 << 20);
	expect(rig_pack(&r, noise, 31), CD_OK, noise);
	/* several one behind the other are one, as gzip itself has it */
	cd_str two[] = {rig_pack(&r, CD_STR("a\n"), 31), rig_pack(&r, CD_STR("b\n"), 31)};
	expect(cd_arena_join(&r.arena, two, 2), CD_OK, CD_STR("a\nb\n"));
	rig_end(&r);
}

/* Cut at each byte of its second half, and with each of the last bytes turned. */
static void torn_gzip_is_told(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	cd_str plain = rig_noise(&r, 300), packed = rig_pack(&r, plain, 31);
	for (size_t n = 2; n < packed.n; n += n < 20 || n + 12 > packed.n ? 1 : 17) {
		struct cd_buf got;
		const char *path = rig_file(&r, packed.p, n);
		cd_buf_init(&got, 1 << 20);
		cd_cx_clear(&r.cx);
		assert_int_equal(drain_path(&r, path, 64, &got), CD_E_CORRUPT);
		assert_true(got.n <= plain.n);
		assert_memory_equal(got.p ? got.p : "", plain.p, got.n); /* what came before is right */
		cd_buf_done(&got);
		unlink(path);
	}
	for (size_t back = 1; back <= 8; back++) { /* checksum and length */
		struct cd_buf got;
		char *bad = (char *)cd_arena_copy(&r.arena, packed).p;
		bad[packed.n - back] ^= 1;
		const char *path = rig_file(&r, bad, packed.n);
		cd_buf_init(&got, 1 << 20);
		cd_cx_clear(&r.cx);
		assert_int_equal(drain_path(&r, path, 64, &got), CD_E_CORRUPT);
		cd_buf_done(&got);
		unlink(path);
	}
	rig_end(&r);
}

/* Sixteen megabytes of nothing in a little gzip cost no memory: it is unpacked as it is read. */
static void what_unpacks_to_much_is_read_in_pieces(void **state)
{
	static char piece[1 << 20];
	struct rig r;
	struct cd_stream *s;
	uint64_t sum = 0;
	size_t got;
	(void)state;
	rig_begin(&r);
	z_stream z = {0};
	size_t max = 1 << 20;
	char *p = cd_arena_alloc(&r.arena, max);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = (Bytef *)p, z.avail_out = (uInt)max;
	for (int i = 0; i < 16; i++) {
		z.next_in = (Bytef *)piece, z.avail_in = sizeof piece;
		assert_int_equal(deflate(&z, i == 15 ? Z_FINISH : Z_NO_FLUSH), i == 15 ? Z_STREAM_END : Z_OK);
	}
	const char *path = rig_file(&r, p, z.total_out);
	deflateEnd(&z);
	assert_int_equal(cd_stream_open(&r.cx, path, &s), CD_OK);
	size_t used = r.arena.used;
	do {
		assert_int_equal(cd_stream_read(s, &r.cx, piece, sizeof piece, &got), CD_OK);
		sum += got;
	} while (got);
	assert_int_equal(sum, (uint64_t)16 << 20);
	assert_int_equal(r.arena.used, used);
	cd_stream_close(s);
	unlink(path);
	rig_end(&r);
}

static void how_far_it_is(void **state)
{
	struct rig r;
	struct cd_stream *s;
	char piece[64];
	size_t got;
	(void)state;
	rig_begin(&r);
	cd_str plain = cd_str_of(cd_arena_zalloc(&r.arena, 100000), 100000), packed = rig_pack(&r, plain, 31);
	const char *path = rig_file(&r, packed.p, packed.n);
	assert_int_equal(cd_stream_open(&r.cx, path, &s), CD_OK);
	assert_int_equal(s->size, packed.n);
	assert_int_equal(s->at, 0);
	do
		assert_int_equal(cd_stream_read(s, &r.cx, piece, sizeof piece, &got), CD_OK);
	while (got);
	assert_int_equal(s->at, packed.n); /* of the file as it lies there, not of what it unpacks to */
	cd_stream_close(s);
	unlink(path);
	s = cd_stream_memory(CD_STR("abcdef"));
	assert_int_equal(s->size, 6);
	assert_int_equal(cd_stream_read(s, &r.cx, piece, 4, &got), CD_OK);
	assert_int_equal(got, 4);
	assert_int_equal(s->at, 4);
	assert_int_equal(cd_stream_read(s, &r.cx, piece, 4, &got), CD_OK);
	assert_int_equal(got, 2);
	assert_int_equal(cd_stream_read(s, &r.cx, piece, 4, &got), CD_OK);
	assert_int_equal(got, 0);
	assert_memory_equal(piece, "efcd", 4);
	cd_stream_close(s);
	rig_end(&r);
}

static void standard_input(void **state)
{
	struct rig r;
	int ends[2], before = dup(STDIN_FILENO);
	struct cd_stream *s;
	struct cd_buf got;
	(void)state;
	rig_begin(&r);
	cd_str packed = rig_pack(&r, CD_STR("from elsewhere\n"), 31);
	for (int gzip = 0; gzip < 2; gzip++) {
		cd_str bytes = gzip ? packed : CD_STR("from elsewhere\n");
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], bytes.p, bytes.n), bytes.n);
		close(ends[1]);
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		assert_int_equal(cd_stream_open(&r.cx, "-", &s), CD_OK);
		assert_int_equal(s->size, 0); /* nobody knows */
		cd_buf_init(&got, 100);
		assert_int_equal(drain(&r, s, 5, &got), CD_OK);
		assert_true(cd_str_eq(cd_buf_str(&got), CD_STR("from elsewhere\n")));
		cd_buf_done(&got);
		cd_stream_close(s);
	}
	dup2(before, STDIN_FILENO);
	close(before);
	rig_end(&r);
}

static void what_can_not_be_opened(void **state)
{
	struct rig r;
	struct cd_stream *s = NULL;
	(void)state;
	rig_begin(&r);
	assert_int_equal(cd_stream_open(&r.cx, "/tmp/no/such/file", &s), CD_E_NOT_FOUND);
	assert_string_equal(r.cx.err.where, "/tmp/no/such/file");
	cd_cx_clear(&r.cx);
	assert_int_equal(cd_stream_open(&r.cx, "/tmp", &s), CD_E_IO);
	cd_cx_clear(&r.cx);
	assert_int_equal(cd_stream_open(&r.cx, "/dev/null/file", &s), CD_E_IO);
	assert_null(s);
	cd_stream_close(NULL);
	rig_end(&r);
}

static void without_memory(void **state)
{
	struct rig r;
	struct cd_stream *s = NULL;
	(void)state;
	rig_begin(&r);
	const char *path = rig_file(&r, "abc", 3);
	cd_mem_fail_after(1);
	assert_int_equal(cd_stream_open(&r.cx, path, &s), CD_E_NO_MEMORY);
	cd_mem_fail_after(1);
	assert_null(cd_stream_memory(CD_STR("abc")));
	cd_mem_fail_after(0);
	assert_null(s);
	unlink(path);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_files),
		cmocka_unit_test(gzip_files),
		cmocka_unit_test(torn_gzip_is_told),
		cmocka_unit_test(what_unpacks_to_much_is_read_in_pieces),
		cmocka_unit_test(how_far_it_is),
		cmocka_unit_test(standard_input),
		cmocka_unit_test(what_can_not_be_opened),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
