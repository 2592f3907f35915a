/* What may be an id, a name, a scope, a language tag. [CIM 009 4.6.2, 4.6.3, 4.18] */
#include "model/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static void expect(bool (*ok)(cd_str), bool expected, const char *const *list)
{
	for (; *list; list++) {
		if (ok(cd_str_z(*list)) != expected)
			print_error("\"%s\"\n", *list);
		assert_int_equal(ok(cd_str_z(*list)), expected);
	}
}
#define GOOD(ok, ...) expect(ok, true, (const char *const[]){__VA_ARGS__, NULL})
#define BAD(ok, ...)  expect(ok, false, (const char *const[]){__VA_ARGS__, NULL})

static void uris(void **state)
{
	(void)state;
	GOOD(cd_uri_ok, "urn:a", "urn:ngsi-ld:Car:1", "http://a.b/c?d=e#f", "a:b", "a+-.9:b", "mailto:x@y",
		"urn:stra\xc3\x9f"
		"e",
		"urn:\xe6\x9d\xb1\xe4\xba\xac", "urn:%20", "urn:a'b", "urn:\xf0\x9f\x9a\x97");
	BAD(cd_uri_ok, "", "urn", "urn:", ":a", "1a:b", "a b:c", "a_b:c", "/a:b", "urn:a b", "urn:a\tb",
		"urn:a\nb", "urn:a<b", "urn:a>b", "urn:a\"b", "urn:a{b", "urn:a}b", "urn:a\\b", "urn:a^b",
		"urn:a|b", "urn:a`b", "urn:\x7f", "urn:a\x01", "\xc3\xa4:b");
}

static void uris_without_invisible_characters(void **state)
{
	(void)state;
	BAD(cd_uri_ok, "urn:\u200ba" /* U+200B */, "urn:\xef\xbb\xbf" /* U+FEFF */, "urn:\xe2\x80\xa8",
		"urn:\xe2\x80\xa9", "urn:\xc2\xa0" /* U+00A0 */, "urn:\xef\xb8\x8f" /* variation selector */,
		"urn:\xf3\xa0\x84\x80" /* U+E0100 */, "urn:\xe3\x85\xa4" /* Hangul filler */,
		"urn:\xe2\xa0\x80" /* U+2800 */, "urn:\xe2\x80\xae" /* U+202E, bidi */,
		"urn:\xe2\x81\xa6" /* U+2066 */, "urn:\xef\xbf\xbe" /* U+FFFE */,
		"urn:\xf4\x8f\xbf\xbf" /* U+10FFFF */, "urn:\xef\xb7\x90" /* U+FDD0 */,
		"urn:\xe3\x80\x80" /* U+3000 */, "urn:\xc2\x85" /* U+0085 */,
		"urn:\xc2\xad" /* soft hyphen */);
}

static void uris_are_utf8(void **state)
{
	(void)state;
	BAD(cd_uri_ok, "urn:\xff", "urn:\xc3", "urn:\xed\xa0\x80", "urn:\xc0\x80");
	assert_false(cd_uri_ok(cd_str_of("urn:a\0b", 7)));
	assert_false(cd_uri_ok(cd_str_of(NULL, 0)));
}

static void names(void **state)
{
	(void)state;
	GOOD(cd_name_ok, "a", "A1_", "temperature", "stra\u00dfe", "\u6771\u4eac1",
		"a\xd9\xa1" /* Arabic 1 */, "pre:name", "http://a.b/c-d", "urn:x:y",
		"a:b-c" /* an IRI of the scheme a */, "a\xc2\xb2" /* No */,
		"a\xe2\x85\xa3" /* U+2163, a letter number */);
	BAD(cd_name_ok, "", "1a", "_a", "a-b", "a b", "a.b", "a/b", "a\xff", ":a", "a:", "pre:a b", "\u0661a",
		"\xc3\xa4:a-b", "a<b", "a\xe2\x80\x8b", "@type", "a@b", "..", "%2E%2E");
}

static void scopes(void **state)
{
	(void)state;
	GOOD(cd_scope_ok, "/Madrid", "Madrid", "/a/b/c", "a/b", "/a_1/b2", "/\xc3\x84/\xe6\x9d\xb1");
	BAD(cd_scope_ok, "", "/", "//a", "/a/", "/a//b", "/1a", "/a-b", "/a b", "/a/1", "/#", "/a/+",
		"/a\xff", "/a:b");
}

static void language_tags(void **state)
{
	(void)state;
	GOOD(cd_language_ok, "en", "de-AT", "zh-Hant-TW", "es-419", "x-abc", "@none", "abcdefgh",
		"a-12345678");
	BAD(cd_language_ok, "", "-", "en-", "-en", "en--us", "abcdefghi", "en-123456789", "e1", "en_US",
		"en us", "@vocab", "\xc3\xa4", "*");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris),
		cmocka_unit_test(uris_without_invisible_characters),
		cmocka_unit_test(uris_are_utf8),
		cmocka_unit_test(names),
		cmocka_unit_test(scopes),
		cmocka_unit_test(language_tags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
