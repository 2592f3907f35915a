/* Buffers: numbers as text, the bound, and that the first failure sticks. */
#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect(struct cd_buf *b, const char *text)
{
	assert_int_equal(b->bad, CD_OK);
	assert_int_equal(b->n, strlen(text));
	assert_memory_equal(b->p, text, b->n);
	cd_buf_reset(b);
}

static void numbers(void **state)
{
	struct cd_buf b;
	(void)state;
	cd_buf_init(&b, 1000);
	cd_buf_u64(&b, 0);
	expect(&b, "0");
	cd_buf_u64(&b, UINT64_MAX);
	expect(&b, "18446744073709551615");
	cd_buf_i64(&b, INT64_MIN);
	expect(&b, "-9223372036854775808");
	cd_buf_i64(&b, INT64_MAX);
	expect(&b, "9223372036854775807");
	cd_buf_i64(&b, -1);
	cd_buf_char(&b, ',');
	cd_buf_stamp(&b, cd_stamp_of(1500000, 1));
	expect(&b, "-1,1970-01-01T00:00:01.5Z");
	cd_buf_printf(&b, "%s %d", "a", 5);
	cd_buf_printf(&b, "%s", "");
	CD_BUF_LIT(&b, "!");
	expect(&b, "a 5!");
	cd_buf_done(&b);
}

static void up_to_the_bound(void **state)
{
	struct cd_buf b;
	(void)state;
	cd_buf_init(&b, 1000);
	for (int i = 0; i < 1000; i++)
		cd_buf_char(&b, 'x');
	assert_int_equal(b.bad, CD_OK);
	assert_int_equal(b.n, 1000);
	cd_buf_put(&b, CD_STR(""));
	assert_int_equal(b.bad, CD_OK);
	cd_buf_char(&b, 'y');
	assert_int_equal(b.bad, CD_E_TOO_LARGE);
	assert_int_equal(b.n, 1000);
	cd_buf_done(&b);
}

static void a_failure_sticks(void **state)
{
	struct cd_buf b;
	(void)state;
	cd_buf_init(&b, 600);
	CD_BUF_LIT(&b, "abc");
	assert_false(cd_buf_room(&b, 598));
	assert_false(cd_buf_room(&b, SIZE_MAX));
	CD_BUF_LIT(&b, "d"); /* there would be room for it */
	cd_buf_printf(&b, "e");
	cd_buf_u64(&b, 1);
	assert_int_equal(b.bad, CD_E_TOO_LARGE);
	assert_int_equal(b.n, 3);
	cd_buf_reset(&b);
	CD_BUF_LIT(&b, "d");
	expect(&b, "d");
	cd_buf_done(&b);
}

static void without_memory(void **state)
{
	struct cd_buf b;
	(void)state;
	for (unsigned long k = 1; k < 6; k++) {
		cd_buf_init(&b, 1 << 20);
		cd_mem_fail_after(k);
		for (int i = 0; i < 10000; i++)
			cd_buf_char(&b, (char)i);
		bool failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_true(failed);
		assert_int_equal(b.bad, CD_E_NO_MEMORY);
		for (size_t i = 0; i < b.n; i++)
			assert_int_equal(b.p[i], (char)i); /* what was written stays */
		cd_buf_done(&b);
		assert_null(b.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(up_to_the_bound),
		cmocka_unit_test(a_failure_sticks),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
