/* References against a base: the examples of the standard, one row each. [RFC 3986 5.4] */
#include "fixture.h"

struct row {
	const char *ref, *want;
};

static void resolve_all(const char *base, const struct row *rows, size_t n)
{
	struct cd_arena arena;
	cd_arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < n; i++)
		same(cd_iri_resolve(&arena, cd_str_z(base), cd_str_z(rows[i].ref)), rows[i].want);
	cd_arena_done(&arena);
}
#define RESOLVE(base, rows) resolve_all(base, rows, sizeof rows / sizeof *rows)

static void normal_examples(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"g:h", "g:h"},
		{"g", "http://a/b/c/g"},
		{"./g", "http://a/b/c/g"},
		{"g/", "http://a/b/c/g/"},
		{"/g", "http://a/g"},
		{"//g", "http://g"},
		{"//g/../x/./y?z", "http://g/x/y?z"},
		{"?y", "http://a/b/c/d;p?y"},
		{"g?y", "http://a/b/c/g?y"},
		{"#s", "http://a/b/c/d;p?q#s"},
		{"g#s", "http://a/b/c/g#s"},
		{"g?y#s", "http://a/b/c/g?y#s"},
		{";x", "http://a/b/c/;x"},
		{"g;x", "http://a/b/c/g;x"},
		{"g;x?y#s", "http://a/b/c/g;x?y#s"},
		{"", "http://a/b/c/d;p?q"},
		{".", "http://a/b/c/"},
		{"./", "http://a/b/c/"},
		{"..", "http://a/b/"},
		{"../", "http://a/b/"},
		{"../g", "http://a/b/g"},
		{"../..", "http://a/"},
		{"../../", "http://a/"},
		{"../../g", "http://a/g"},
	};
	RESOLVE("http://a/b/c/d;p?q", rows);
}

static void abnormal_examples(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"../../../g", "http://a/g"},
		{"../../../../g", "http://a/g"},
		{"/./g", "http://a/g"},
		{"/../g", "http://a/g"},
		{"g.", "http://a/b/c/g."},
		{".g", "http://a/b/c/.g"},
		{"g..", "http://a/b/c/g.."},
		{"..g", "http://a/b/c/..g"},
		{"./../g", "http://a/b/g"},
		{"./g/.", "http://a/b/c/g/"},
		{"g/./h", "http://a/b/c/g/h"},
		{"g/../h", "http://a/b/c/h"},
		{"g;x=1/./y", "http://a/b/c/g;x=1/y"},
		{"g;x=1/../y", "http://a/b/c/y"},
		{"g?y/./x", "http://a/b/c/g?y/./x"},
		{"g?y/../x", "http://a/b/c/g?y/../x"},
		{"g#s/./x", "http://a/b/c/g#s/./x"},
		{"g#s/../x", "http://a/b/c/g#s/../x"},
		{"http:g", "http:g"},
	};
	RESOLVE("http://a/b/c/d;p?q", rows);
}

static void bases_of_other_shapes(void **state)
{
	(void)state;
	static const struct row no_path[] = {
		{"g", "http://a/g"}, {"../g", "http://a/g"}, {"?y", "http://a?y"}, {"", "http://a"}};
	static const struct row fragment[] = {
		{"", "http://a/b?q"}, {"#t", "http://a/b?q#t"}, {"?y", "http://a/b?y"}};
	static const struct row no_authority[] = {
		{"b", "urn:b"}, {"/b", "urn:/b"}, {"../b", "urn:b"}, {"..", "urn:"}, {".", "urn:"}};
	static const struct row slashes_behind[] = {{"x", "http://a/b/x"}, {"#/s", "http://a/b/c?p/q#/s"}};
	static const struct row none[] = {{"g", "g"}, {"", ""}, {"http://a/../b", "http://a/../b"}};
	RESOLVE("http://a", no_path);
	RESOLVE("http://a/b?q#f", fragment);
	RESOLVE("urn:x", no_authority);
	RESOLVE("http://a/b/c?p/q", slashes_behind);
	RESOLVE("", none);
	RESOLVE("no-scheme/at/all", none);
}

/* The shortest reference that comes back as the same. */
static void and_back(void **state)
{
	(void)state;
	static const struct {
		const char *base, *iri, *want;
	} rows[] = {
		{"http://a/b/c/d;p?q", "http://a/b/c/g", "g"},
		{"http://a/b/c/d;p?q", "http://a/b/c/", "./"},
		{"http://a/b/c/d;p?q", "http://a/b/c/d;p?q", "d;p?q"},
		{"http://a/b/c/d;p?q", "http://a/b/c/d;p", "d;p"},
		{"http://a/b/c/d;p?q", "http://a/b/c/d;p?q#s", "#s"},
		{"http://a/b/c/d;p?q", "http://a/b/c/d;p?y", "?y"},
		{"http://a/b/c/d;p?q", "http://a/b/c/d;p?y#s", "?y#s"},
		{"http://a/b/c/d;p?q", "http://a/b/g?y#s", "../g?y#s"},
		{"http://a/b/c/d;p?q", "http://a/g", "../../g"},
		{"http://a/b/c/d;p?q", "http://a/", "../../"},
		{"http://a/b/c/d;p?q", "http://a/b/cc/d", "../cc/d"},
		{"http://a/b/c/d;p?q", "http://a/b/c/d/e", "d/e"},
		{"http://a/b/c/d;p?q", "http://a", "http://a"},
		{"http://a/b/c/d;p?q", "http://aa/b/c/g", "http://aa/b/c/g"},
		{"http://a/b/c/d;p?q", "https://a/b/c/g", "https://a/b/c/g"},
		{"http://a/b/c/d;p?q", "http://a/b/c/x:y", "./x:y"},
		{"http://a/b/c/d;p?q", "http://a/b/c/x/y:z", "x/y:z"},
		{"http://a/b/c/d;p?q", "http://a/b/c/@id", "./@id"},
		{"http://a/b/c/d;p?q", "http://a/b/c//x", ".//x"},
		{"http://a/b/c/d;p?q", "http://a/b/../x", "http://a/b/../x"},
		{"http://a", "http://a/b", "http://a/b"},
		{"file:///x/y", "file:///x/z", "z"},
		{"urn:a:b", "urn:a:c", "urn:a:c"},
		{"http://a/b", "_:x", "_:x"},
		{"http://a/b", "plain", "plain"},
		{"", "http://a/b", "http://a/b"},
	};
	struct cd_arena arena;
	cd_arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		same(cd_iri_relative(&arena, cd_str_z(rows[i].base), cd_str_z(rows[i].iri)), rows[i].want);
	cd_arena_done(&arena);
}

static void what_is_absolute(void **state)
{
	(void)state;
	assert_true(cd_iri_absolute(CD_STR("http://a")));
	assert_true(cd_iri_absolute(CD_STR("a+b-c.9:x")));
	assert_false(cd_iri_absolute(CD_STR(":x")));
	assert_false(cd_iri_absolute(CD_STR("9a:x")));
	assert_false(cd_iri_absolute(CD_STR("a/b:c")));
	assert_false(cd_iri_absolute(CD_STR("a b:c")));
	assert_false(cd_iri_absolute(CD_STR("abc")));
	assert_false(cd_iri_absolute(CD_STR("")));
}

static void out_of_memory(void **state)
{
	(void)state;
	static const char *const refs[] = {"g", "/g", "//g", "?g", "#g", "../g"};
	for (size_t i = 0; i < sizeof refs / sizeof *refs; i++)
		for (unsigned long k = 1;; k++) {
			struct cd_arena arena;
			cd_arena_init(&arena, 1 << 16);
			cd_mem_fail_after(k);
			cd_str iri = cd_iri_resolve(&arena, CD_STR("http://a/b"), cd_str_z(refs[i]));
			cd_str back = cd_iri_relative(&arena, CD_STR("http://a/b"), CD_STR("http://a/c/d"));
			bool failed = cd_mem_failed();
			cd_mem_fail_after(0);
			assert_true(failed == (iri.p == NULL || back.p == NULL));
			assert_true(!back.p || cd_str_eq(back, CD_STR("c/d")));
			cd_arena_done(&arena);
			if (!failed)
				break;
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_examples),
		cmocka_unit_test(abnormal_examples),
		cmocka_unit_test(bases_of_other_shapes),
		cmocka_unit_test(and_back),
		cmocka_unit_test(what_is_absolute),
		cmocka_unit_test(out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
