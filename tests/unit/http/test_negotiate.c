/* Accept against offers, media types, content codings. */
#include "http/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const cd_str offers[] = {CD_STR_INIT("application/json"), CD_STR_INIT("application/ld+json"),
	CD_STR_INIT("application/geo+json")};

/* Up to two fields of that name; NULL: not there. */
static struct cd_http_req request(struct cd_http_field *fields, cd_str name, const char *one, const char *two)
{
	struct cd_http_req req = {.fields = fields};
	fields[req.fields_n++] = (struct cd_http_field){CD_STR("host"), CD_STR("x")};
	if (one)
		fields[req.fields_n++] = (struct cd_http_field){name, cd_str_z(one)};
	if (two)
		fields[req.fields_n++] = (struct cd_http_field){name, cd_str_z(two)};
	return req;
}

static int best(const char *one, const char *two, uint32_t allowed)
{
	struct cd_http_field fields[3];
	const struct cd_http_req req = request(fields, CD_STR("accept"), one, two);
	return cd_negotiate(&req, offers, 3, allowed);
}

static void test_accept(void **state)
{
	static const struct {
		const char *accept;
		int best;
	} cases[] = {
		{NULL, 0},
		{"", 0}, /* says nothing: as if it were not there */
		{" , ", 0},
		{"*/*", 0},
		{"application/*", 0},
		{"APPLICATION/LD+JSON", 1},
		{"application/ld+json", 1},
		{"application/ld+json;profile=\"x\"", 1},
		{"application/json;q=0.5, application/ld+json", 1},
		{"application/json;q=0.5,application/ld+json;q=0.6", 1},
		{"application/json;q=0.5,application/ld+json;q=0.5", 0},
		{"application/ld+json;q=0.001,text/html", 1},
		{"*/*;q=0.1,application/geo+json", 2},
		{"application/json;q=0,*/*", 1},
		{"application/json;q=0.0,application/*;q=0.1", 1},
		{"application/*;q=0,application/geo+json;q=0.2", 2},
		{"*/*;q=0", -1},
		{"text/html", -1},
		{"text/*", -1},
		{"application", -1},
		{"application/jso", -1},
		{"application/jsonx", -1},
		{"*/json", -1},
		{"application/json;q=0", -1},
		{"application/ld+json;q=1.0;ext=1,application/json;q=0.9", 1},
		{"application/ld+json ; Q=0.3 , application/json; q=0.2", 1},
		{"application/json;q=nonsense,application/ld+json;q=0.9",
			0}, /* an unreadable weight is none */
		{"application/json;q=0.2;q=0.9999,application/ld+json;q=0.5", 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (best(cases[i].accept, NULL, 7) != cases[i].best)
			print_error("%s\n", cases[i].accept);
		assert_int_equal(best(cases[i].accept, NULL, 7), cases[i].best);
	}
}

static void test_allowed_and_repeated(void **state)
{
	(void)state;
	assert_int_equal(best(NULL, NULL, 6), 1);
	assert_int_equal(best("application/json", NULL, 6), -1);
	assert_int_equal(best("*/*", NULL, 4), 2);
	assert_int_equal(best("*/*", NULL, 0), -1);
	assert_int_equal(best("application/json;q=0.1", "application/geo+json", 7), 2);
	assert_int_equal(best("text/html", "application/ld+json", 7), 1);
	assert_int_equal(best("", "application/ld+json", 7), 1);
}

static void test_media_type(void **state)
{
	const cd_str ld = CD_STR("application/ld+json");
	(void)state;
	assert_true(cd_media_is(CD_STR(" Application/LD+Json ; charset=UTF-8"), ld));
	assert_true(cd_media_is(ld, ld));
	assert_false(cd_media_is(CD_STR("application/ld+jsonx"), ld));
	assert_false(cd_media_is(CD_STR("application/ld"), ld));
	assert_false(cd_media_is(CD_STR(""), ld));
	assert_false(cd_media_is(CD_STR(";application/ld+json"), ld));
	assert_false(cd_media_is(cd_str_of(NULL, 0), ld));
}

static bool gzip(const char *value)
{
	struct cd_http_field fields[3];
	const struct cd_http_req req = request(fields, CD_STR("accept-encoding"), value, NULL);
	return cd_accepts_coding(&req, CD_STR("gzip"));
}

static void test_coding(void **state)
{
	static const char *const yes[] = {"gzip", "GZIP", "br, gzip", "gzip;q=0.5", "gzip; q=0.001", "*",
		"br;q=1, *;q=0.1", "deflate,\tgzip", "*;q=0, gzip"};
	static const char *const no[] = {"", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "identity", "gzipp",
		"*, gzip;q=0", "gzip;q=0, *"};
	(void)state;
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		assert_true(gzip(yes[i]));
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		assert_false(gzip(no[i]));
	assert_false(gzip(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_allowed_and_repeated),
		cmocka_unit_test(test_media_type),
		cmocka_unit_test(test_coding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
