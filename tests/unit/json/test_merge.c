/* Merging large values, searching them, building them: in time that grows with their size only. [CIM
 * 009 5.5.12] */
#include "base/mem.h"
#include "json/merge.h"

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
	cd_arena_init(&f->arena, 512 << 20);
	cd_cx_init(&f->cx, &f->arena, &f->set);
}

static struct cd_json *parsed(struct fixture *f, const char *text)
{
	struct cd_json *v = NULL;
	assert_int_equal(cd_json_parse_copy(&f->cx, cd_str_z(text), &v), CD_OK);
	return v;
}

/* {"m<from>":value, ... "m<to-1>":value} */
static struct cd_json *object_of(struct fixture *f, unsigned from, unsigned to, const char *value)
{
	struct cd_json *object = cd_json_new(&f->arena, CD_JSON_OBJECT);
	for (unsigned i = from; i < to; i++) {
		struct cd_json *m = cd_json_string(&f->arena, cd_str_z(value));
		m->key = cd_arena_printf(&f->arena, "m%u", i);
		cd_json_append(object, m);
	}
	return object;
}

static const char *text_of(struct fixture *f, const struct cd_json *v)
{
	struct cd_buf b;
	cd_buf_init(&b, 1 << 20);
	cd_json_write(&b, v);
	const char *text = cd_arena_copy(&f->arena, cd_buf_str(&b)).p;
	cd_buf_done(&b);
	return text;
}

/* With the quadratic walk each of these took minutes: the suite's time limit is the assertion. */
static void large_objects(void **state)
{
	enum { N = 200000 };
	struct fixture f;
	(void)state;
	begin(&f);
	struct cd_json *old = object_of(&f, 0, N, "old"), *patch = object_of(&f, N / 2, N + N / 2, "new");
	struct cd_json *both = cd_json_merge(&f.cx, old, patch);
	assert_non_null(both);
	assert_int_equal(both->n, N + N / 2);
	unsigned i = 0;
	for (const struct cd_json *m = both->child; m; m = m->next, i++) {
		assert_true(m->up == both);
		assert_true(cd_str_eq(m->text, i < N / 2 ? CD_STR("old") : CD_STR("new")));
	}
	struct cd_json *none = cd_json_merge(&f.cx, old, object_of(&f, 0, N, "urn:ngsi-ld:null"));
	assert_non_null(none);
	assert_int_equal(none->n, 0);
	assert_null(none->child);
	cd_arena_done(&f.arena);
}

static void large_arrays(void **state)
{
	enum { N = 500000 };
	struct fixture f;
	(void)state;
	begin(&f);
	struct cd_json *array = cd_json_new(&f.arena, CD_JSON_ARRAY);
	for (int i = 0; i < N; i++)
		cd_json_append(array, cd_json_new(&f.arena, CD_JSON_TRUE));
	struct cd_json *copy = cd_json_merge(&f.cx, NULL, array);
	assert_non_null(copy);
	assert_int_equal(copy->n, N);
	assert_true(copy->child != array->child); /* its own nodes */
	cd_arena_done(&f.arena);
}

/* Objects on both sides of the size where a table takes over give the same answer. */
static void every_size(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 40; n++) {
		struct fixture f;
		begin(&f);
		struct cd_json *v =
			cd_json_merge(&f.cx, object_of(&f, 0, n, "old"), object_of(&f, n / 2, n + 3, "new"));
		assert_int_equal(v->n, n + 3);
		for (unsigned i = 0; i < n + 3; i++) {
			char name[16];
			snprintf(name, sizeof name, "m%u", i);
			const struct cd_json *m = cd_json_get(v, cd_str_z(name));
			assert_non_null(m);
			assert_true(cd_str_eq(m->text, i < n / 2 ? CD_STR("old") : CD_STR("new")));
		}
		cd_arena_done(&f.arena);
	}
}

static void neither_side_is_changed(void **state)
{
	static const char old[] = "{\"a\":{\"b\":[1,2],\"c\":1},\"d\":2}";
	static const char patch[] =
		"{\"a\":{\"b\":[3],\"x\":{\"y\":\"urn:ngsi-ld:null\"}},\"d\":\"urn:ngsi-ld:null\"}";
	struct fixture f;
	(void)state;
	begin(&f);
	struct cd_json *o = parsed(&f, old), *p = parsed(&f, patch);
	assert_string_equal(text_of(&f, cd_json_merge(&f.cx, o, p)), "{\"a\":{\"b\":[3],\"c\":1,\"x\":{}}}");
	assert_string_equal(text_of(&f, o), old);
	assert_string_equal(text_of(&f, p), patch);
	cd_arena_done(&f.arena);
}

/* A parsed tree goes on where the parser stopped; a merged one, too. */
static void appending_to_what_is_there(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	struct cd_json *v = parsed(&f, "[1,[2]]");
	cd_json_append(v, cd_json_new(&f.arena, CD_JSON_NULL));
	cd_json_append(v->child->next, cd_json_new(&f.arena, CD_JSON_TRUE));
	assert_string_equal(text_of(&f, v), "[1,[2,true],null]");
	struct cd_json *m = cd_json_merge(&f.cx, NULL, v);
	cd_json_append(m, cd_json_new(&f.arena, CD_JSON_FALSE));
	assert_string_equal(text_of(&f, m), "[1,[2,true],null,false]");
	assert_string_equal(cd_json_pointer(&f.cx, m->child->next->child->next), "/1/1");
	v = parsed(&f, "[]");
	cd_json_append(v, cd_json_new(&f.arena, CD_JSON_NULL));
	assert_string_equal(text_of(&f, v), "[null]");
	cd_arena_done(&f.arena);
}

static void markers_and_nulls_are_found(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	assert_null(cd_json_find_marker(
		parsed(&f, "{\"urn:ngsi-ld:null\":[\"urn:ngsi-ld:nul\",\"URN:ngsi-ld:null\",null]}")));
	assert_string_equal(
		cd_json_pointer(&f.cx, cd_json_find_marker(parsed(&f, "[0,{\"a\":[\"urn:ngsi-ld:null\"]}]"))),
		"/1/a/0");
	assert_null(cd_json_find_null(parsed(&f, "[0,\"null\",{\"null\":false}]")));
	assert_string_equal(
		cd_json_pointer(&f.cx, cd_json_find_null(parsed(&f, "[0,{\"a\":null}]"))), "/1/a");
	assert_non_null(cd_json_find_null(parsed(&f, "null")));
	cd_arena_done(&f.arena);
}

/* The k-th allocation fails: NULL, nothing leaks. */
static void without_memory(void **state)
{
	unsigned long k = 1;
	(void)state;
	for (bool failed = true; failed; k++) {
		struct fixture f;
		begin(&f);
		struct cd_json *old = object_of(&f, 0, 60, "old"), *patch = object_of(&f, 30, 90, "new");
		cd_mem_fail_after(k);
		const struct cd_json *v = cd_json_merge(&f.cx, old, patch);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_true(failed == !v);
		cd_arena_done(&f.arena);
	}
	assert_true(k > 3);
}

/* Out of a double's range with millions of digits: what counts is where they stand. */
static void far_exponents(void **state)
{
	enum { ZEROS = 3000000 };
	struct fixture f;
	(void)state;
	begin(&f);
	char *p = cd_arena_alloc(&f.arena, ZEROS + 32);
	memset(p, '0', ZEROS);
	p[0] = '1';
	strcpy(p + ZEROS, "e-20000000");
	assert_true(cd_json_number(cd_str_z(p)) == 0);
	strcpy(p + ZEROS, "e-99");
	assert_true(cd_json_number(cd_str_z(p)) > 1e308);
	strcpy(p + ZEROS, "e99999999999999999999");
	assert_true(cd_json_number(cd_str_z(p)) > 1e308);
	assert_true(cd_json_number(CD_STR("-1e-99999999999999999999")) == 0);
	assert_true(cd_json_number(CD_STR("-1e99999999999999999999")) < -1e308);
	cd_arena_done(&f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_objects),
		cmocka_unit_test(large_arrays),
		cmocka_unit_test(every_size),
		cmocka_unit_test(neither_side_is_changed),
		cmocka_unit_test(appending_to_what_is_there),
		cmocka_unit_test(markers_and_nulls_are_found),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(far_exponents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
