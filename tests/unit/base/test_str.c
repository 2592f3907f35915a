/* Slices: comparing, cutting, trimming, counting. */
#include "base/hash.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void order(void **state)
{
	static const char *const sorted[] = {
		"", "\x01", "A", "a", "a\x01", "aa", "ab", "b", "\x7f", "\x80", "\xff"};
	size_t n = sizeof sorted / sizeof *sorted;
	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			cd_str a = cd_str_z(sorted[i]), b = cd_str_z(sorted[k]);
			int c = cd_str_cmp(a, b);
			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
			assert_true(cd_str_eq(a, b) == (i == k));
		}
	assert_true(cd_str_eq(cd_str_of(NULL, 0), CD_STR("")));
	assert_int_equal(cd_str_cmp(cd_str_of(NULL, 0), CD_STR("")), 0);
	assert_int_equal(cd_str_z(NULL).n, 0);
}

static void parts(void **state)
{
	(void)state;
	assert_true(cd_str_starts(CD_STR("abc"), CD_STR("ab")));
	assert_true(cd_str_starts(CD_STR("abc"), CD_STR("")));
	assert_false(cd_str_starts(CD_STR("ab"), CD_STR("abc")));
	assert_true(cd_str_eq(cd_str_skip(CD_STR("abc"), 1), CD_STR("bc")));
	assert_int_equal(cd_str_skip(CD_STR("abc"), 3).n, 0);
	assert_int_equal(cd_str_skip(CD_STR("abc"), 99).n, 0);
	assert_int_equal(cd_str_find(CD_STR("abc"), 'c'), 2);
	assert_int_equal(cd_str_find(CD_STR("abc"), 'x'), 3);
	assert_int_equal(cd_str_find(cd_str_of(NULL, 0), 'x'), 0);
	assert_true(cd_str_eq(cd_str_trim(CD_STR(" \t a b\t ")), CD_STR("a b")));
	assert_int_equal(cd_str_trim(CD_STR(" \t ")).n, 0);
	assert_int_equal(cd_str_trim(cd_str_of(NULL, 0)).n, 0);
}

static void expect_cut(const char *text, const char *parts)
{
	char got[64] = "";
	cd_str rest = cd_str_z(text);
	do {
		cd_str part = cd_str_cut(&rest, ',');
		strcat(got, "<");
		strncat(got, part.p, part.n);
		strcat(got, ">");
	} while (rest.p);
	assert_string_equal(got, parts);
}

static void cutting(void **state)
{
	(void)state;
	expect_cut("a,bc,d", "<a><bc><d>");
	expect_cut("a", "<a>");
	expect_cut("", "<>");
	expect_cut(",", "<><>");
	expect_cut("a,,b", "<a><><b>");
	expect_cut("a,", "<a><>");
}

static void letters_without_case(void **state)
{
	(void)state;
	assert_true(cd_str_eq_nocase(CD_STR("Content-TYPE"), CD_STR("content-type")));
	assert_false(cd_str_eq_nocase(CD_STR("a"), CD_STR("ab")));
	assert_false(cd_str_eq_nocase(CD_STR("[@`{"), CD_STR("{`@["))); /* neighbours of the letters */
	assert_false(cd_str_eq_nocase(CD_STR("\xc4"), CD_STR("\xe4"))); /* ASCII only */
}

static void counts(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1a", "0x1", "18446744073709551616",
		"99999999999999999999", "100000000000000000000"};
	unsigned long long v;
	(void)state;
	assert_true(cd_str_u64(CD_STR("0"), &v) && v == 0);
	assert_true(cd_str_u64(CD_STR("007"), &v) && v == 7);
	assert_true(cd_str_u64(CD_STR("18446744073709551615"), &v) && v == ~0ull);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		v = 42;
		assert_false(cd_str_u64(cd_str_z(bad[i]), &v));
		assert_int_equal(v, 42);
	}
}

static void checksums(void **state)
{
	char text[300];
	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t n = 0; n < sizeof text; n++) {
		uint32_t sum = cd_sum32(text, n, 1);
		assert_int_equal(sum, cd_sum32(text, n, 1));
		assert_int_not_equal(sum, cd_sum32(text, n, 2)); /* bound to its place */
		if (n) {
			text[n / 2] ^= 1;
			assert_int_not_equal(sum, cd_sum32(text, n, 1));
			text[n / 2] ^= 1;
		}
	}
	assert_true(cd_hash64(CD_STR("a"), 1) != cd_hash64(CD_STR("a"), 2));
	assert_true(cd_hash64(cd_str_of(NULL, 0), 1) == cd_hash64(CD_STR(""), 1));
	assert_true(cd_random(text, 256));
	assert_false(cd_random(text, 257)); /* more could come in pieces */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(parts),
		cmocka_unit_test(cutting),
		cmocka_unit_test(letters_without_case),
		cmocka_unit_test(counts),
		cmocka_unit_test(checksums),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
