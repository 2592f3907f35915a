/* Archives: members are found, unpacked as they are read, and nothing damaged passes for sound. */
#include "zip_made.h"

#include "intake/archive.h"

#include <sys/stat.h>

static cd_code read_all(struct rig *r, struct cd_stream *s, size_t step, struct cd_buf *to)
{
	char *p = cd_arena_alloc(&r->arena, step);
	size_t got = 1;
	while (got) {
		cd_code code = cd_stream_read(s, &r->cx, p, step, &got);
		if (code)
			return code;
		cd_buf_put(to, cd_str_of(p, got));
	}
	return cd_stream_read(s, &r->cx, p, step, &got) || got ? CD_E_INTERNAL
							       : CD_OK; /* the end stays the end */
}

/* Opens the zip, reads the member; when nothing fails it is what is expected. */
static cd_code member(struct rig *r, cd_str zip, const char *name, size_t step, cd_str expected)
{
	struct cd_archive *a = NULL;
	struct cd_stream *s = NULL;
	struct cd_buf got;
	cd_cx_clear(&r->cx);
	cd_code code = cd_archive_memory(&r->cx, zip, &a);
	if (!code)
		code = cd_archive_member(&r->cx, a, cd_str_z(name), &s);
	cd_buf_init(&got, SIZE_MAX / 2);
	if (!code) {
		code = read_all(r, s, step, &got);
		if (!code)
			assert_int_equal(s->at, expected.n);
	}
	if (!code)
		assert_true(cd_str_eq(cd_buf_str(&got), expected)); /* before the end nothing is sure */
	cd_stream_close(s);
	cd_archive_close(a);
	cd_buf_done(&got);
	return code;
}

static void stored_and_packed_members(void **state)
{
	static const size_t steps[] = {1, 13, 65536};
	struct rig r;
	(void)state;
	rig_begin(&r);
	cd_str noise = rig_noise(&r, 200000);
	struct zip_member members[] = {
		{.name = "empty.txt"},
		{.name = "a.txt", .data = CD_STR("a;b\n1;2\n")},
		{.name = "b.txt", .data = CD_STR("stored\n"), .stored = true},
		{.name = "noise", .data = noise},
		{.name = "noise.stored", .data = noise, .stored = true},
	};
	cd_str zip = zip_made(&r, members, 5);
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(member(&r, zip, members[i].name, steps[k], members[i].data), CD_OK);
	/* in a file, and with something before it (what unpacks itself) */
	cd_str parts[] = {CD_STR("#!/bin/sh\nexit\n"), zip}, before = cd_arena_join(&r.arena, parts, 2);
	assert_int_equal(member(&r, before, "a.txt", 100, members[1].data), CD_OK);
	const char *path = rig_file(&r, zip.p, zip.n);
	struct cd_archive *a;
	struct cd_stream *s;
	struct cd_buf got;
	assert_int_equal(cd_archive_open(&r.cx, path, &a), CD_OK);
	for (size_t i = 5; i-- > 0;) { /* in any order */
		assert_int_equal(cd_archive_member(&r.cx, a, cd_str_z(members[i].name), &s), CD_OK);
		assert_int_equal(s->size, members[i].data.n);
		cd_buf_init(&got, 1 << 20);
		assert_int_equal(read_all(&r, s, 1000, &got), CD_OK);
		assert_true(cd_str_eq(cd_buf_str(&got), members[i].data));
		cd_buf_done(&got);
		cd_stream_close(s);
	}
	/* closed in the middle, and the next one */
	assert_int_equal(cd_archive_member(&r.cx, a, CD_STR("noise"), &s), CD_OK);
	cd_stream_close(s);
	assert_int_equal(cd_archive_member(&r.cx, a, CD_STR("a.txt"), &s), CD_OK);
	cd_stream_close(s);
	cd_archive_close(a);
	unlink(path);
	rig_end(&r);
}

static void a_name_in_a_folder_is_found_after_the_plain_one(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	struct zip_member members[] = {
		{.name = "feed/stops.txt", .data = CD_STR("first folder")},
		{.name = "other/stops.txt", .data = CD_STR("second folder")},
		{.name = "xstops.txt", .data = CD_STR("ends alike")},
		{.name = "feed/routes.txt", .data = CD_STR("routes")},
		{.name = "stops.txt", .data = CD_STR("plain")},
	};
	cd_str zip = zip_made(&r, members, 5), without = zip_made(&r, members, 4);
	assert_int_equal(member(&r, zip, "stops.txt", 9, CD_STR("plain")), CD_OK);
	assert_int_equal(member(&r, without, "stops.txt", 9, CD_STR("first folder")), CD_OK);
	assert_int_equal(member(&r, zip, "other/stops.txt", 9, CD_STR("second folder")), CD_OK);
	assert_int_equal(member(&r, zip, "routes.txt", 9, CD_STR("routes")), CD_OK);
	assert_int_equal(member(&r, zip, "trips.txt", 9, CD_STR("")), CD_E_NOT_FOUND);
	assert_string_equal(r.cx.err.where, "trips.txt");
	assert_int_equal(member(&r, zip, "Stops.txt", 9, CD_STR("")), CD_E_NOT_FOUND);
	assert_int_equal(member(&r, zip, "", 9, CD_STR("")), CD_E_NOT_FOUND);
	rig_end(&r);
}

static void long_names(void **state)
{
	char longest[256], longer[257];
	struct rig r;
	(void)state;
	rig_begin(&r);
	memset(longest, 'n', sizeof longest), longest[255] = 0;
	memset(longer, 'n', sizeof longer), longer[256] = 0;
	struct zip_member members[] = {
		{.name = longer, .data = CD_STR("longer")},
		{.name = longest, .data = CD_STR("longest")},
	};
	cd_str zip = zip_made(&r, members, 2);
	assert_int_equal(member(&r, zip, longest, 9, CD_STR("longest")), CD_OK);
	assert_int_equal(member(&r, zip, longer, 9, CD_STR("")), CD_E_NOT_FOUND);
	rig_end(&r);
}

static void what_the_headers_lie_about(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	cd_str text = CD_STR("a;b\n1;2\n3;4\n5;6\n"), noise = rig_noise(&r, 5000);
	struct {
		struct zip_member m;
		cd_code code;
	} cases[] = {
		{{.name = "x", .data = text}, CD_OK},
		{{.name = "x", .data = text, .crc_off = 1}, CD_E_CORRUPT},
		{{.name = "x", .data = text, .size_off = 1}, CD_E_CORRUPT},
		{{.name = "x", .data = text, .size_off = -1}, CD_E_CORRUPT},
		{{.name = "x", .data = text, .packed_off = -1},
			CD_OK}, /* all that counts came before the last byte */
		{{.name = "x", .data = text, .packed_off = -5}, CD_E_CORRUPT},
		{{.name = "x", .data = text, .packed_off = 1000000}, CD_E_CORRUPT},
		{{.name = "x", .data = noise, .packed_off = -3000}, CD_E_CORRUPT},
		{{.name = "x", .data = text, .stored = true, .size_off = 1}, CD_E_CORRUPT},
		{{.name = "x", .data = text, .stored = true, .crc_off = -1}, CD_E_CORRUPT},
		{{.name = "x", .data = text, .stored = true, .packed_off = -1}, CD_E_CORRUPT},
		{{.name = "x", .data = text, .flags = 1}, CD_E_CORRUPT},   /* encrypted */
		{{.name = "x", .data = text, .method = 93}, CD_E_CORRUPT}, /* zstd */
		{{.name = "x", .data = text, .method = 14}, CD_E_CORRUPT}, /* LZMA */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cd_code code = member(&r, zip_made(&r, &cases[i].m, 1), "x", 7, cases[i].m.data);
		if (code != cases[i].code)
			print_error("case %zu: %d\n", i, code);
		assert_int_equal(code, cases[i].code);
		if (code)
			assert_string_equal(r.cx.err.where, "x");
	}
	rig_end(&r);
}

/* Cut anywhere, any byte turned: refused or right, never wrong. */
static void damage(void **state)
{
	struct rig r;
	struct zip_member members[] = {
		{.name = "a", .data = CD_STR("some text to be packed, some text to be packed")},
		{.name = "b", .data = CD_STR("some that is stored"), .stored = true},
	};
	(void)state;
	rig_begin(&r);
	cd_str zip = zip_made(&r, members, 2);
	for (size_t n = 0; n < zip.n; n++) {
		bool sound = member(&r, cd_str_of(zip.p, n), "a", 8, members[0].data) == CD_OK;
		assert_true(!sound || n >= zip.n - 4); /* what is missing there are zeros */
	}
	for (size_t i = 0; i < zip.n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			char *bad = (char *)cd_arena_copy(&r.arena, zip).p;
			bad[i] = (char)(bad[i] ^ 1 << bit);
			for (size_t k = 0; k < 2; k++)
				(void)member(&r, cd_str_of(bad, zip.n), members[k].name, 8, members[k].data);
		}
	rig_end(&r);
}

static void no_zip_at_all(void **state)
{
	struct rig r;
	struct cd_archive *a = NULL;
	(void)state;
	rig_begin(&r);
	cd_str noise = rig_noise(&r, 100000);
	assert_int_equal(cd_archive_memory(&r.cx, CD_STR(""), &a), CD_E_CORRUPT);
	cd_cx_clear(&r.cx);
	assert_int_equal(cd_archive_memory(&r.cx, noise, &a), CD_E_CORRUPT);
	cd_cx_clear(&r.cx);
	assert_int_equal(cd_archive_open(&r.cx, "/tmp/no/such/file", &a), CD_E_NOT_FOUND);
	cd_cx_clear(&r.cx);
	assert_int_equal(cd_archive_open(&r.cx, "/dev/null/file", &a), CD_E_IO);
	cd_cx_clear(&r.cx);
	const char *path = rig_file(&r, "stop_id\n", 8);
	assert_int_equal(cd_archive_open(&r.cx, path, &a), CD_E_CORRUPT);
	assert_string_equal(r.cx.err.where, path);
	unlink(path);
	assert_null(a);
	cd_archive_close(NULL);
	rig_end(&r);
}

/* A member of 16 MB that is 16 kB packed: read in pieces, nothing is kept. */
static void a_member_that_unpacks_to_much(void **state)
{
	static char piece[1 << 20];
	struct rig r;
	struct cd_archive *a;
	struct cd_stream *s;
	z_stream z = {0};
	uint64_t sum = 0, size = (uint64_t)16 << 20;
	size_t got = 1;
	(void)state;
	rig_begin(&r);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	char *packed = cd_arena_alloc(&r.arena, 1 << 20);
	z.next_out = (Bytef *)packed, z.avail_out = 1 << 20;
	uint32_t crc = 0;
	for (int i = 0; i < 16; i++) {
		crc = (uint32_t)crc32(crc, (Bytef *)piece, sizeof piece);
		z.next_in = (Bytef *)piece, z.avail_in = sizeof piece;
		assert_int_equal(deflate(&z, i == 15 ? Z_FINISH : Z_NO_FLUSH), i == 15 ? Z_STREAM_END : Z_OK);
	}
	/* as a stored member, whose headers are then put right */
	struct zip_member m = {
		.name = "bomb", .data = cd_str_of(packed, z.total_out), .stored = true, .method = 8};
	deflateEnd(&z);
	m.crc_off = (int64_t)crc - (int64_t)crc32(0, (const Bytef *)m.data.p, (uInt)m.data.n);
	m.size_off = (int64_t)size - (int64_t)m.data.n;
	assert_int_equal(cd_archive_memory(&r.cx, zip_made(&r, &m, 1), &a), CD_OK);
	assert_int_equal(cd_archive_member(&r.cx, a, CD_STR("bomb"), &s), CD_OK);
	size_t used = r.arena.used;
	while (got) {
		assert_int_equal(cd_stream_read(s, &r.cx, piece, sizeof piece, &got), CD_OK);
		sum += got;
	}
	assert_int_equal(sum, size);
	assert_int_equal(r.arena.used, used);
	cd_stream_close(s);
	cd_archive_close(a);
	rig_end(&r);
}

/* As many members as are looked at, all of them one and the same but the last. */
static cd_code last_of(struct rig *r, uint64_t n)
{
	struct zip_member many = {.name = "m"}, last = {.name = "last", .data = CD_STR("found")};
	struct cd_buf b;
	cd_str packed, last_packed;
	cd_buf_init(&b, SIZE_MAX / 2);
	uint64_t at = zip_local(r, &b, &many, &packed), last_at = zip_local(r, &b, &last, &last_packed);
	uint64_t directory = b.n;
	for (uint64_t i = 1; i < n; i++)
		zip_central(&b, &many, packed, at);
	zip_central(&b, &last, last_packed, last_at);
	zip_end(&b, n, directory);
	cd_code code = member(r, cd_buf_str(&b), "last", 9, last.data);
	cd_buf_done(&b);
	return code;
}

static void members_at_their_bound(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	assert_int_equal(last_of(&r, 65534), CD_OK);
	assert_int_equal(last_of(&r, 100000), CD_OK);
	assert_int_equal(last_of(&r, 100001), CD_E_NOT_FOUND);
	rig_end(&r);
}

static void folders(void **state)
{
	struct rig r;
	struct cd_archive *a;
	struct cd_stream *s = NULL;
	struct cd_buf got;
	char folder[] = "/tmp/cardo-intake-XXXXXX";
	(void)state;
	rig_begin(&r);
	assert_non_null(mkdtemp(folder));
	cd_str path = cd_arena_printf(&r.arena, "%s/stops.txt", folder);
	cd_str packed = rig_pack(&r, CD_STR("stop_id\n1\n"), 31);
	for (int gzip = 0; gzip < 2; gzip++) {
		FILE *f = fopen(path.p, "wb");
		cd_str bytes = gzip ? packed : CD_STR("stop_id\n1\n");
		fwrite(bytes.p, 1, bytes.n, f);
		fclose(f);
		assert_int_equal(cd_archive_open(&r.cx, folder, &a), CD_OK);
		assert_int_equal(cd_archive_member(&r.cx, a, CD_STR("stops.txt"), &s), CD_OK);
		cd_buf_init(&got, 100);
		assert_int_equal(read_all(&r, s, 4, &got), CD_OK);
		assert_true(cd_str_eq(cd_buf_str(&got), CD_STR("stop_id\n1\n")));
		cd_buf_done(&got);
		cd_stream_close(s);
		assert_int_equal(cd_archive_member(&r.cx, a, CD_STR("trips.txt"), &s), CD_E_NOT_FOUND);
		cd_cx_clear(&r.cx);
		cd_archive_close(a);
	}
	unlink(path.p);
	rmdir(folder);
	rig_end(&r);
}

static void without_memory(void **state)
{
	struct rig r;
	struct zip_member m = {.name = "x", .data = CD_STR("text")};
	(void)state;
	rig_begin(&r);
	cd_str zip = zip_made(&r, &m, 1);
	bool failed = true;
	unsigned long k = 0;
	while (failed) {
		struct cd_archive *a = NULL;
		struct cd_stream *s = NULL;
		cd_cx_clear(&r.cx);
		cd_mem_fail_after(++k);
		cd_code code = cd_archive_memory(&r.cx, zip, &a);
		if (!code)
			code = cd_archive_member(&r.cx, a, CD_STR("x"), &s);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
		assert_int_equal(s != NULL, !failed);
		cd_stream_close(s);
		cd_archive_close(a);
	}
	assert_int_equal(k, 3);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stored_and_packed_members),
		cmocka_unit_test(a_name_in_a_folder_is_found_after_the_plain_one),
		cmocka_unit_test(long_names),
		cmocka_unit_test(what_the_headers_lie_about),
		cmocka_unit_test(damage),
		cmocka_unit_test(no_zip_at_all),
		cmocka_unit_test(a_member_that_unpacks_to_much),
		cmocka_unit_test(members_at_their_bound),
		cmocka_unit_test(folders),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
