/* Settings: rows, units, bounds; and the error slot they report through. */
#include "base/cx.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

struct fixture {
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
};

static void begin(struct fixture *f)
{
	cd_settings_init(&f->set);
	cd_arena_init(&f->arena, 1 << 20);
	cd_cx_init(&f->cx, &f->arena, &f->set);
}

static cd_code set(struct fixture *f, const char *row, const char *text)
{
	const struct cd_setting *s = cd_setting_find(cd_str_z(row));
	assert_non_null(s);
	cd_cx_clear(&f->cx);
	return cd_setting_set(&f->cx, &f->set, s, cd_str_z(text));
}

static uint64_t field(const struct fixture *f, const struct cd_setting *row)
{
	uint64_t v;
	memcpy(&v, (const char *)&f->set + row->offset, sizeof v);
	return v;
}

/* Each row: named once, found with either spelling, its default within its own bounds and what init gives. */
static void every_row(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	assert_true(cd_setting_n > 40);
	for (size_t i = 0; i < cd_setting_n; i++) {
		const struct cd_setting *row = &cd_setting_rows[i];
		char dashes[64] = "";
		strncat(dashes, row->name, sizeof dashes - 1);
		for (char *p = dashes; *p; p++)
			*p = *p == '_' ? '-' : *p;
		assert_ptr_equal(cd_setting_find(cd_str_z(row->name)), row);
		assert_ptr_equal(cd_setting_find(cd_str_z(dashes)), row);
		assert_true(row->sentence[0] != 0);
		if (row->kind == CD_SET_TEXT)
			continue;
		assert_true(row->least <= row->most);
		assert_true(row->def >= row->least && row->def <= row->most);
		assert_true(field(&f, row) == row->def);
	}
	assert_string_equal(f.set.listen, "127.0.0.1:9090");
	cd_arena_done(&f.arena);
}

/* At both bounds of every numeric row, and one past each. */
static void bounds_of_every_row(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	for (size_t i = 0; i < cd_setting_n; i++) {
		const struct cd_setting *row = &cd_setting_rows[i];
		if (row->kind == CD_SET_TEXT)
			continue;
		const char *unit = row->kind == CD_SET_TIME_US ? "us" : "";
		char text[64];
		const uint64_t good[] = {row->least, row->most}, bad[] = {row->least - 1, row->most + 1};
		for (int k = 0; k < 2; k++) {
			snprintf(text, sizeof text, "%llu%s", (unsigned long long)good[k], unit);
			assert_int_equal(set(&f, row->name, text), CD_OK);
			assert_true(field(&f, row) == good[k]);
			if (k == 0 && row->least == 0)
				continue; /* nothing below */
			uint64_t before = field(&f, row);
			snprintf(text, sizeof text, "%llu%s", (unsigned long long)bad[k], unit);
			assert_int_equal(set(&f, row->name, text), CD_E_BAD_REQUEST_DATA);
			assert_string_equal(f.cx.err.where, row->name);
			assert_true(field(&f, row) == before); /* refused means unchanged */
		}
	}
	cd_arena_done(&f.arena);
}

static void expect(const char *row, const char *text, uint64_t want)
{
	struct fixture f;
	begin(&f);
	assert_int_equal(set(&f, row, text), CD_OK);
	assert_true(field(&f, cd_setting_find(cd_str_z(row))) == want);
	cd_arena_done(&f.arena);
}

static void units(void **state)
{
	(void)state;
	expect("body_max", "4096", 4096);
	expect("body_max", "16KiB", 16384);
	expect("body_max", "2 MiB", 2 << 20);
	expect("body_max", "1GiB", 1 << 30);
	expect("memory_max", "1TiB", 1ull << 40);
	expect("idle_timeout", "1500us", 1500);
	expect("idle_timeout", "50ms", 50000);
	expect("idle_timeout", "30s", 30000000);
	expect("idle_timeout", "10min", 600000000);
	expect("idle_timeout", "2h", 7200000000);
	expect("idle_timeout", "1d", 86400000000);
	expect("slow_request", "0", 0); /* nothing needs no unit */
	expect("loops", "4", 4);
	expect("insecure", "yes", 1);
	expect("insecure", "true", 1);
	expect("insecure", "0", 0);
	expect("insecure", "no", 0);
}

static void what_is_refused(void **state)
{
	static const char *const bad[][2] = {{"body_max", ""}, {"body_max", "KiB"}, {"body_max", "-1"},
		{"body_max", "1.5MiB"}, {"body_max", "1MB"}, {"body_max", "1mib"}, {"body_max", "2048s"},
		{"body_max", "99999999999TiB"}, {"body_max", "18446744073709551616"}, {"idle_timeout", "30"},
		{"idle_timeout", "30S"}, {"idle_timeout", "30KiB"}, {"loops", "4s"}, {"loops", "four"},
		{"loops", "4 4"}, {"insecure", "2"}, {"insecure", ""}, {"insecure", "maybe"}};
	struct fixture f;
	(void)state;
	begin(&f);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cd_code code = set(&f, bad[i][0], bad[i][1]);
		if (!code)
			print_error("taken: %s = %s\n", bad[i][0], bad[i][1]);
		assert_int_equal(code, CD_E_BAD_REQUEST_DATA);
	}
	assert_null(cd_setting_find(CD_STR("")));
	assert_null(cd_setting_find(CD_STR("body")));
	assert_null(cd_setting_find(CD_STR("body_maxx")));
	assert_null(cd_setting_find(CD_STR("Body_max")));
	cd_arena_done(&f.arena);
}

static void the_first_cause_wins(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	char where[] = "/a";
	assert_int_equal(cd_fail(&f.cx, CD_E_NOT_FOUND, where, "no %d", 1), CD_E_NOT_FOUND);
	where[1] = 'b'; /* it was copied */
	assert_int_equal(cd_fail(&f.cx, CD_E_CONFLICT, "/c", "later"), CD_E_CONFLICT);
	assert_int_equal(cd_fail_memory(&f.cx), CD_E_NO_MEMORY);
	assert_int_equal(f.cx.err.code, CD_E_NOT_FOUND);
	assert_string_equal(f.cx.err.detail, "no 1");
	assert_string_equal(f.cx.err.where, "/a");
	cd_cx_clear(&f.cx);
	assert_int_equal(cd_fail_memory(&f.cx), CD_E_NO_MEMORY);
	assert_int_equal(f.cx.err.code, CD_E_NO_MEMORY);
	assert_null(f.cx.err.where);
	cd_arena_done(&f.arena);
}

/* Without memory for the sentence the code still arrives, with the title of its kind. */
static void failing_without_memory(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	cd_mem_fail_after(1);
	assert_int_equal(cd_fail(&f.cx, CD_E_NOT_FOUND, NULL, "%*d", 30000, 1), CD_E_NOT_FOUND);
	cd_mem_fail_after(0);
	assert_int_equal(f.cx.err.code, CD_E_NOT_FOUND);
	assert_string_equal(f.cx.err.detail, cd_code_title(CD_E_NOT_FOUND));
	cd_arena_done(&f.arena);
}

static void every_code(void **state)
{
	(void)state;
	for (int code = 1; code < CD_ERROR_N; code++) {
		assert_true(cd_code_type((cd_code)code).n > 0);
		assert_true(cd_code_title((cd_code)code)[0] != 0);
		assert_in_range(cd_code_status((cd_code)code), 400, 599);
	}
	assert_int_equal(cd_code_status(CD_E_NOT_FOUND), 404);
	assert_true(cd_str_eq(cd_code_type(CD_E_NOT_FOUND), CD_STR("ResourceNotFound")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(bounds_of_every_row),
		cmocka_unit_test(units),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(the_first_cause_wins),
		cmocka_unit_test(failing_without_memory),
		cmocka_unit_test(every_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
