/* Percent-encoding: what is decoded, what is refused, and that the way there and back is the identity. */
#include "http/router.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void expect(const char *in, const char *out, size_t n)
{
	struct cd_arena arena;
	cd_arena_init(&arena, 1 << 20);
	cd_str got = cd_percent_decode(&arena, cd_str_z(in));
	assert_int_equal(cd_percent_ok(cd_str_z(in)), out != NULL);
	if (!out) {
		assert_null(got.p);
	} else {
		assert_non_null(got.p);
		assert_int_equal(got.n, n);
		assert_memory_equal(got.p, out, n);
	}
	cd_arena_done(&arena);
}

static void test_decode(void **state)
{
	(void)state;
	expect("", "", 0);
	expect("plain", "plain", 5);
	expect("a%20b", "a b", 3);
	expect("%2F%2f", "//", 2);
	expect("%41%5a%61%7A", "AZaz", 4);
	expect("%00", "\0", 1);
	expect("%ff%C3%A4", "\xff\xc3\xa4", 3);
	expect("a+b", "a+b", 3);   /* no form: '+' is a plus */
	expect("%252F", "%2F", 3); /* once, not twice */
}

static void test_decode_refuses(void **state)
{
	static const char *const bad[] = {"%", "%4", "a%", "%g0", "%0g", "%%41", "% 1", "%+1", "%-1", "%4%41",
		"%0x", "%:0", "%@0", "%`0"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		expect(bad[i], NULL, 0);
}

static void test_there_and_back(void **state)
{
	struct cd_arena arena;
	struct cd_buf b;
	char all[256];
	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	cd_arena_init(&arena, 1 << 20);
	cd_buf_init(&b, 4096);
	cd_percent_encode(&b, cd_str_of(all, 256), "");
	for (size_t i = 0; i < b.n; i++)
		assert_non_null(strchr(
			"%-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", b.p[i]));
	cd_str back = cd_percent_decode(&arena, cd_buf_str(&b));
	assert_int_equal(back.n, 256);
	assert_memory_equal(back.p, all, 256);
	cd_buf_reset(&b);
	cd_percent_encode(&b, CD_STR("urn:a/b?c=\xc3\xa4"), ":/");
	assert_true(cd_str_eq(cd_buf_str(&b), CD_STR("urn:a/b%3Fc%3D%C3%A4")));
	cd_buf_reset(&b);
	cd_percent_encode(&b, cd_str_of("\0", 1), ":"); /* the NUL of `keep` is not in it */
	assert_true(cd_str_eq(cd_buf_str(&b), CD_STR("%00")));
	cd_buf_done(&b);
	cd_arena_done(&arena);
}

static void test_no_memory(void **state)
{
	struct cd_arena arena;
	(void)state;
	cd_arena_init(&arena, 1 << 20);
	cd_mem_fail_after(1);
	assert_null(cd_percent_decode(&arena, CD_STR("%41")).p);
	cd_mem_fail_after(0);
	cd_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_refuses),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
