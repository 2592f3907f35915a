/* The Link header: which of its links names the @context. [CIM 009 6.3.5] */
#include "ngsild/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REL "rel=\"http://www.w3.org/ns/json-ld#context\""

static cd_code context_of(const char *first, const char *second, char *out)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_http_field fields[2] = {
		{CD_STR_INIT("link"), cd_str_z(first)}, {CD_STR_INIT("link"), cd_str_z(second)}};
	struct cd_http_req req = {.fields = fields, .fields_n = second ? 2 : 1};
	cd_str url;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 16);
	cd_cx_init(&req.cx, &arena, &set);
	cd_code code = cd_link_context(&req, &url);
	out[0] = 0;
	if (!code && url.n)
		strncat(out, url.p, url.n);
	cd_arena_done(&arena);
	return code;
}

static void expect(const char *first, const char *second, cd_code code, const char *url)
{
	char out[256];
	assert_int_equal(context_of(first, second, out), code);
	assert_string_equal(out, url);
}

static void the_context_is_found(void **state)
{
	(void)state;
	expect("<http://a/c>; " REL "; type=\"application/ld+json\"", NULL, CD_OK, "http://a/c");
	expect("<http://a/c>;" REL, NULL, CD_OK, "http://a/c");
	expect("<http://a/x>; rel=next, <http://a/c?a,b>; " REL, NULL, CD_OK, "http://a/c?a,b");
	expect("<http://a/x>; rel=\"a, \\\"b\"", "<http://a/c>; " REL, CD_OK, "http://a/c");
	expect("<http://a/x>; rel=next", NULL, CD_OK, "");
	/* of several rel the first counts, and one may hold several relations [RFC 8288 3.3] */
	expect("<http://a/x>; rel=next; " REL, NULL, CD_OK, "");
	expect("<http://a/c>; rel=\"next  http://www.w3.org/ns/json-ld#context\"", NULL, CD_OK, "http://a/c");
	expect("", NULL, CD_OK, "");
}

static void broken_links_are_refused(void **state)
{
	(void)state;
	expect("http://a/c; " REL, NULL, CD_E_BAD_REQUEST_DATA, "");
	expect("<http://a/c; " REL, NULL, CD_E_BAD_REQUEST_DATA, "");
	expect("<http://a/c>; rel=\"http", NULL, CD_E_BAD_REQUEST_DATA, "");
	expect("<>; " REL, NULL, CD_E_BAD_REQUEST_DATA, "");
	expect("<http://a/c> junk", NULL, CD_E_BAD_REQUEST_DATA, "");
}

static void two_contexts_are_refused(void **state)
{
	(void)state;
	expect("<http://a/c>; " REL ", <http://a/d>; " REL, NULL, CD_E_BAD_REQUEST_DATA, "");
	expect("<http://a/c>; " REL, "<http://a/c>; " REL, CD_E_BAD_REQUEST_DATA, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_context_is_found),
		cmocka_unit_test(broken_links_are_refused),
		cmocka_unit_test(two_contexts_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
