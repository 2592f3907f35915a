/* The type selection language and lists of ids. [CIM 009 4.17, 5.7.2] */
#include "base/mem.h"
#include "model/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static struct cd_settings set;
static struct cd_arena arena;
static struct cd_cx cx;
static struct cd_names *names;
static struct cd_ctx *ctx;

static const struct cd_json *no_document(void *arg, cd_str url, cd_str *base)
{
	(void)arg, (void)url, (void)base;
	return NULL;
}

static int begin(void **state)
{
	static const char text[] =
		"{\"Auto\":\"https://example.org/Car\",\"ex\":\"https://example.org/\",\"None\":null}";
	const struct cd_ctx_docs docs = {no_document, NULL};
	struct cd_json *v;
	cd_str missing;
	(void)state;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 28);
	cd_cx_init(&cx, &arena, &set);
	names = cd_names_new(1000);
	assert_int_equal(cd_json_parse_copy(&cx, cd_str_z(text), &v), CD_OK);
	assert_int_equal(cd_ctx_compile(&cx, v, CD_STR(""), &docs, &ctx, &missing), CD_OK);
	return 0;
}

static int end(void **state)
{
	(void)state;
	cd_ctx_unref(ctx);
	cd_names_free(names);
	cd_arena_done(&arena);
	return 0;
}

static cd_term name(const char *n)
{
	return cd_names_add(names, cd_ctx_expand(ctx, &arena, cd_str_z(n)));
}

/* An entity with these types (one string, cut at blanks). */
static const struct cd_ent *entity(const char *id, const char *types)
{
	struct cd_loose_ent e;
	struct cd_ent *to = NULL;
	cd_term list[16];
	cd_str rest = cd_str_z(types);
	cd_loose_ent_init(&e);
	e.id = cd_str_z(id);
	e.types = list;
	while (rest.p && rest.n)
		list[e.types_n++] = name(cd_arena_copy(&arena, cd_str_cut(&rest, ' ')).p);
	assert_int_equal(cd_ent_pack(&cx, &e, &to), CD_OK);
	return to;
}

static bool selects(const char *query, const char *types)
{
	const struct cd_ent *e = entity("urn:a", types);
	struct cd_q *q = NULL;
	cd_code code = cd_q_types(&cx, ctx, names, cd_str_z(query), &q);
	if (code)
		print_error("%s: %s\n", query, cx.err.detail);
	assert_int_equal(code, CD_OK);
	return cd_q_eval(q, e, NULL) == CD_TRUE;
}

static void selections(void **state)
{
	static const struct {
		const char *query, *with, *without;
	} rows[] = {
		{"A", "A", "B"},
		{"A,B", "B", "C"},
		{"A|B", "A C", "C"},
		{"(A;B)", "A B C", "A C"},
		{"A;B", "A B", "B"},
		{"(A;B)|C", "C", "A"},
		{"C,(A;B)", "A B", "B"},
		{"(A,B);C", "B C", "A B"},
		{"A;B,C;D", "C D", "A D"},
		{"((A))", "A", "B"},
		{"(A;(B|C))", "A C", "B C"},
		{"*;B", "B", "A"},
		{"A,Unheard", "A", "B"},
		{"Auto", "Auto", "Car"},
		{"ex:Car", "Auto", "Car"},
		{"https://example.org/Car", "Auto", "Car"},
		{"https://uri.etsi.org/ngsi-ld/default-context/A", "A", "B"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!selects(rows[i].query, rows[i].with) || selects(rows[i].query, rows[i].without))
			print_error("%s\n", rows[i].query);
		assert_true(selects(rows[i].query, rows[i].with));
		assert_false(selects(rows[i].query, rows[i].without));
	}
	assert_true(selects("*", "A"));
	assert_true(selects("*", ""));
	assert_false(selects("Unheard", "A"));
	assert_false(selects("(A;Unheard)", "A"));
	assert_false(selects("None", "A"));
}

/* Looking up must not make names: strangers would fill the table. */
static void queries_add_no_names(void **state)
{
	struct cd_q *q;
	(void)state;
	assert_int_equal(cd_q_types(&cx, ctx, names, CD_STR("X,Y,ex:Z"), &q), CD_OK);
	assert_int_equal(cd_names_count(names), 0);
}

static void refused_n(const char *query, size_t n)
{
	struct cd_q *q = NULL;
	cd_cx_clear(&cx);
	cd_code code = cd_q_types(&cx, ctx, names, cd_str_of(query, n), &q);
	if (!code)
		print_error("taken: %s\n", query);
	assert_int_equal(code, CD_E_BAD_REQUEST_DATA);
	assert_string_equal(cx.err.where, "type");
	assert_null(q);
	cd_cx_clear(&cx);
}

static void what_is_no_selection(void **state)
{
	static const char *const rows[] = {"", ",", "A,", ",A", "A,,B", "A|", "A;", ";A", "(", ")", "()",
		"(A", "A)", "(A;B", "A B", " A", "A ", "(A)(B)", "A(B)", "1A", "A-B", "A&B", "\"A\"", "**",
		"*A", "A*", "!A", "A\xff", "a@b"};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused_n(rows[i], strlen(rows[i]));
	refused_n("A\0B", 3);
	refused_n("A\0", 2);
	refused_n("\0", 1);
	refused_n("A,\0", 3);
}

static void bounds(void **state)
{
	char text[8192];
	(void)state;
	for (unsigned n = 1000; n <= 1001; n++) {
		size_t at = 0;
		for (unsigned i = 0; i < n; i++)
			at += (size_t)snprintf(text + at, sizeof text - at, i ? ",T%u" : "T%u", i);
		if (n == 1000)
			assert_false(selects(text, "A"));
		else
			refused_n(text, at);
	}
	for (unsigned n = 32; n <= 33; n++) {
		memset(text, '(', n);
		text[n] = 'A';
		memset(text + n + 1, ')', n);
		text[2 * n + 1] = 0;
		if (n == 32)
			assert_true(selects(text, "A"));
		else
			refused_n(text, 2 * n + 1);
	}
}

/* ---- ids ---- */

static void lists_of_ids(void **state)
{
	const struct cd_ent *a = entity("urn:a", "A"), *b = entity("urn:b", "A"), *c = entity("urn:c", "A");
	struct cd_q *q, *types;
	(void)state;
	assert_int_equal(cd_q_ids(&cx, CD_STR("urn:a"), &q), CD_OK);
	assert_int_equal(cd_q_eval(q, a, NULL), CD_TRUE);
	assert_int_equal(cd_q_eval(q, b, NULL), CD_FALSE);
	assert_int_equal(cd_q_ids(&cx, CD_STR("urn:a,urn:c,urn:a"), &q), CD_OK);
	assert_int_equal(cd_q_eval(q, a, NULL), CD_TRUE);
	assert_int_equal(cd_q_eval(q, b, NULL), CD_FALSE);
	assert_int_equal(cd_q_eval(q, c, NULL), CD_TRUE);
	assert_int_equal(cd_q_types(&cx, ctx, names, CD_STR("A"), &types), CD_OK);
	struct cd_q *both = cd_q_and(&arena, types, q);
	assert_int_equal(cd_q_eval(both, c, NULL), CD_TRUE);
	assert_int_equal(cd_q_eval(both, b, NULL), CD_FALSE);
	assert_int_equal(cd_q_eval(both, entity("urn:c", "B"), NULL), CD_FALSE);
	assert_ptr_equal(cd_q_and(&arena, NULL, q), q);
	assert_ptr_equal(cd_q_and(&arena, q, NULL), q);
	assert_null(cd_q_and(&arena, NULL, NULL));
}

static void what_are_no_ids(void **state)
{
	static const char *const rows[] = {"", ",", "urn:a,", ",urn:a", "a", "urn:a, urn:b", "urn:a,b"};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cd_q *q = NULL;
		cd_cx_clear(&cx);
		assert_int_equal(cd_q_ids(&cx, cd_str_z(rows[i]), &q), CD_E_BAD_REQUEST_DATA);
		assert_string_equal(cx.err.where, "id");
		assert_null(q);
	}
	cd_cx_clear(&cx);
}

static void ids_at_their_bound(void **state)
{
	char *text = cd_arena_alloc(&arena, 10001 * 6);
	struct cd_q *q;
	(void)state;
	for (unsigned i = 0; i < 10001; i++)
		memcpy(text + i * 6ul, "urn:x,", 6);
	assert_int_equal(cd_q_ids(&cx, cd_str_of(text, 60000 - 1), &q), CD_OK);
	assert_int_equal(cd_q_ids(&cx, cd_str_of(text, 60006 - 1), &q), CD_E_TOO_COMPLEX);
	cd_cx_clear(&cx);
}

/* Out of memory is said; it must not look like a type that nobody has. */
static void out_of_memory(void **state)
{
	struct cd_arena small;
	(void)state;
	for (int ids = 0; ids < 2; ids++) {
		cd_code code = CD_E_NO_MEMORY;
		for (unsigned long k = 1; code; k++) {
			struct cd_q *q = NULL;
			cd_arena_init(&small, 1 << 20);
			cx.arena = &small;
			cd_cx_clear(&cx);
			cd_mem_fail_after(k);
			code = ids ? cd_q_ids(&cx, CD_STR("urn:a,urn:b"), &q)
				   : cd_q_types(&cx, ctx, names, CD_STR("(A;B)|C,ex:D"), &q);
			bool failed = cd_mem_failed();
			cd_mem_fail_after(0);
			assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
			cd_arena_done(&small);
		}
	}
	cx.arena = &arena;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(selections),
		T(queries_add_no_names),
		T(what_is_no_selection),
		T(bounds),
		T(lists_of_ids),
		T(what_are_no_ids),
		T(ids_at_their_bound),
		T(out_of_memory),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
