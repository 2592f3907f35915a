/* The cutter of item streams: what begins and ends an item, whatever the chunks. */
#include "intake/items.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct seen {
	char text[4096];
	uint64_t lines[64];
	unsigned n;
};

static cd_code take(void *arg, struct cd_cx *cx, cd_str item, uint64_t line)
{
	struct seen *s = arg;
	(void)cx;
	strncat(s->text, item.p, item.n);
	strcat(s->text, "|");
	s->lines[s->n++] = line;
	return CD_OK;
}

/* Feeds in chunks of every size: the result must be the same. */
static cd_code cut(const char *text, size_t chunk, size_t item_max, struct seen *s)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_items items;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, &set);
	memset(s, 0, sizeof *s);
	cd_items_init(&items, item_max, take, s);
	cd_str rest = cd_str_z(text);
	cd_code code = CD_OK;
	while (!code && rest.n) {
		size_t n = chunk < rest.n ? chunk : rest.n;
		code = cd_items_feed(&items, &cx, cd_str_of(rest.p, n));
		rest = cd_str_skip(rest, n);
	}
	if (!code)
		code = cd_items_end(&items, &cx);
	cd_items_done(&items);
	cd_arena_done(&arena);
	return code;
}

static void expect(const char *text, cd_code code, const char *items)
{
	for (size_t chunk = 1; chunk <= strlen(text) + 1; chunk++) {
		struct seen s;
		assert_int_equal(cut(text, chunk, 1024, &s), code);
		assert_string_equal(s.text, items);
	}
}

static void items_are_cut(void **state)
{
	(void)state;
	expect("", CD_OK, "");
	expect("[]", CD_OK, "");
	expect("[{\"a\":1},{\"b\":[1,{}]}]", CD_OK, "{\"a\":1}|{\"b\":[1,{}]}|");
	expect("{\"a\":1}\n{\"b\":2}\n", CD_OK, "{\"a\":1}|{\"b\":2}|");
	expect("{\"a\":\"}\\\"]\"}{\"b\":2}", CD_OK, "{\"a\":\"}\\\"]\"}|{\"b\":2}|");
	expect("[{}]\n[{},{}]", CD_OK, "{}|{}|{}|");
}

static void broken_streams_are_refused(void **state)
{
	(void)state;
	expect("[{},", CD_E_INVALID_REQUEST, "{}|");
	expect("[{}{}]", CD_E_INVALID_REQUEST, "{}|");
	expect("[,{}]", CD_E_INVALID_REQUEST, "");
	expect("{\"a\":", CD_E_INVALID_REQUEST, "");
	expect("{\"a\":\"", CD_E_INVALID_REQUEST, "");
	expect("7", CD_E_INVALID_REQUEST, "");
	expect("[[{}]]", CD_E_INVALID_REQUEST, "");
	expect("]", CD_E_INVALID_REQUEST, "");
}

static void lines_are_counted(void **state)
{
	struct seen s;
	(void)state;
	assert_int_equal(cut("[\n{},\n\n{\n}\n]", 3, 1024, &s), CD_OK);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.lines[0], 2);
	assert_int_equal(s.lines[1], 4);
}

/* An item and the padding behind it must fit. */
static void item_bound(void **state)
{
	struct seen s;
	(void)state;
	assert_int_equal(cut("{\"a\":1}", 100, 7 + 64, &s), CD_OK);
	assert_int_equal(cut("{\"a\":1}", 100, 7 + 63, &s), CD_E_TOO_LARGE);
	assert_int_equal(s.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_are_cut),
		cmocka_unit_test(broken_streams_are_refused),
		cmocka_unit_test(lines_are_counted),
		cmocka_unit_test(item_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
