/* The server from outside, over loopback: what the protocol promises, every bound, and clients that behave
 * badly. */
#include "rig.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define HOST      "Host: x\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static void begin(struct rig *rig)
{
	rig_init(rig);
	rig_start(rig);
}

static void pad(char *out, size_t n)
{
	memset(out, 'a', n);
	out[n] = 0;
}

/* ---- the protocol ---- */

static void test_keep_alive(void **state)
{
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	for (int i = 0; i < 3; i++) {
		say(&p, "POST /echo?i=%d HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", i);
		const struct heard *h = hear(&p, false);
		assert_int_equal(h->status, 200);
		assert_int_equal(h->body_n, 5);
		assert_memory_equal(h->body, "hello", 5);
		assert_null(field_of(h, "Connection"));
		assert_non_null(field_of(h, "Date"));
		char want[64];
		snprintf(want, sizeof want, "POST /echo?i=%d", i);
		assert_string_equal(field_of(h, "X-Seen"), want);
	}
	assert_int_equal(rig_metric(&rig, CD_M_connections_accepted), 1);
	say(&p, "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	assert_string_equal(field_of(hear(&p, false), "Connection"), "close");
	expect_end(&p);
	hang_up(&p);
	rig_stop(&rig);
}

static void test_old_protocol(void **state)
{
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	say(&p, "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert_string_equal(field_of(hear(&p, false), "Connection"), "keep-alive");
	say(&p, "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: "
		"2\r\n\r\nab");
	assert_int_equal(hear(&p, false)->status, 200); /* no 100 before it: 1.0 does not know that */
	say(&p, "GET /stream/30000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	const struct heard *h = hear(&p, false); /* no chunks either: the end of the connection is the end */
	assert_null(field_of(h, "Transfer-Encoding"));
	assert_string_equal(field_of(h, "Connection"), "close");
	assert_int_equal(h->body_n, 30000);
	hang_up(&p);
	dial(&p, &rig);
	say(&p, "GET /echo HTTP/1.0\r\n\r\n");
	assert_int_equal(hear(&p, false)->status, 200);
	expect_end(&p);
	hang_up(&p);
	rig_stop(&rig);
}

/* `late` answers in the middle come from a timer: nothing overtakes them. */
static void pipeline(struct rig *rig, unsigned n, bool late)
{
	struct peer p;
	char *all = malloc(n * 128);
	size_t at = 0;
	for (unsigned i = 0; i < n; i++) {
		const char *path = late && i % 3 == 0 ? "later" : "echo";
		at += (size_t)snprintf(all + at, 128,
			"POST /%s?%u HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n%s%s", path, i,
			i % 2 ? 4 : 0, i % 2 ? "body" : "", i % 5 ? "" : "\r\n");
	}
	dial(&p, rig);
	say_bytes(&p, all, at);
	for (unsigned i = 0; i < n; i++) {
		const struct heard *h = hear(&p, false);
		char want[64];
		snprintf(want, sizeof want, "POST /%s?%u", late && i % 3 == 0 ? "later" : "echo", i);
		assert_int_equal(h->status, 200);
		assert_string_equal(field_of(h, "X-Seen"), want);
		assert_int_equal(h->body_n, i % 2 ? 4 : 0);
	}
	hang_up(&p);
	free(all);
}

static void test_pipelining_in_order(void **state)
{
	static struct rig rig;
	(void)state;
	begin(&rig);
	pipeline(&rig, 1000, false);
	pipeline(&rig, 60, true);
	assert_int_equal(rig.requests, 1060);
	rig_stop(&rig);
}

/* More than a buffer waits behind a request that takes its time. */
static void test_pipelining_behind_a_slow_one(void **state)
{
	static struct rig rig;
	struct peer p;
	char *big = malloc(8001);
	(void)state;
	pad(big, 8000);
	begin(&rig);
	dial(&p, &rig);
	say(&p, GET("/hold"));
	rig_await(&rig.requests, 1);
	for (int i = 0; i < 20; i++) {
		say(&p, "POST /echo?%d HTTP/1.1\r\n" HOST "Content-Length: 8000\r\n\r\n", i);
		say_bytes(&p, big, 8000);
	}
	assert_int_equal(ask(&rig, GET("/echo")), 200);
	assert_int_equal(rig.requests, 2);
	rig_release(&rig);
	assert_int_equal(hear(&p, false)->status, 200);
	for (int i = 0; i < 20; i++) {
		char want[64];
		snprintf(want, sizeof want, "POST /echo?%d", i);
		const struct heard *h = hear(&p, false);
		assert_string_equal(field_of(h, "X-Seen"), want);
		assert_int_equal(h->body_n, 8000);
	}
	hang_up(&p);
	free(big);
	rig_stop(&rig);
}

static void test_expect_continue(void **state)
{
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	say(&p, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
	assert_int_equal(hear(&p, false)->status, 100);
	say(&p, "abc");
	assert_int_equal(hear(&p, false)->status, 200);
	/* the body came along: nobody waits */
	say(&p, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
	assert_int_equal(hear(&p, false)->status, 200);
	say(&p, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
	assert_int_equal(hear(&p, false)->status, 100);
	say(&p, "2\r\nab\r\n0\r\n\r\n");
	assert_int_equal(hear(&p, false)->body_n, 2);
	say(&p, "POST /refused HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	const struct heard *h = hear(&p, false);
	assert_int_equal(h->status, 403);
	assert_string_equal(field_of(h, "Connection"), "close");
	hang_up(&p);
	assert_int_equal(ask(&rig, "GET /echo HTTP/1.1\r\n" HOST "Expect: wonders\r\n\r\n"), 417);
	rig_stop(&rig);
}

static void test_head_has_the_same_head(void **state)
{
	static const char *const paths[] = {"/bytes/5000", "/echo", "/stream/5000", "/empty", "/nope"};
	static const char *const codings[] = {"", "Accept-Encoding: gzip\r\n"};
	static const char *const names[] = {
		"Content-Length", "Content-Type", "Content-Encoding", "Vary", "Transfer-Encoding"};
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	for (size_t i = 0; i < 10; i++) {
		char get[5][128];
		say(&p, "GET %s HTTP/1.1\r\n" HOST "%s\r\n", paths[i % 5], codings[i / 5]);
		const struct heard *h = hear(&p, false);
		int status = h->status;
		for (size_t k = 0; k < 5; k++)
			snprintf(get[k], 128, "%s", field_of(h, names[k]) ? field_of(h, names[k]) : "-");
		say(&p, "HEAD %s HTTP/1.1\r\n" HOST "%s\r\n", paths[i % 5], codings[i / 5]);
		h = hear(&p, true);
		assert_int_equal(h->status, status);
		for (size_t k = 0; k < 5; k++)
			assert_string_equal(get[k], field_of(h, names[k]) ? field_of(h, names[k]) : "-");
	}
	say(&p, GET("/echo")); /* and no byte of a body lies about */
	assert_int_equal(hear(&p, false)->status, 200);
	hang_up(&p);
	rig_stop(&rig);
}

static void test_fields_and_target(void **state)
{
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	say(&p, "GET /fields?x#y HTTP/1.1\r\nHOST:x\r\nEmpty:\r\nX-B: \t two  words \t\r\nx-b:2\r\n\r\n");
	const struct heard *h = hear(&p, false);
	const char *want = "host=x\nempty=\nx-b=two  words\nx-b=2\n";
	assert_int_equal(h->body_n, strlen(want));
	assert_memory_equal(h->body, want, strlen(want));
	say(&p, "GET http://other.example/fields?z HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(hear(&p, false)->body_n, strlen("host=x\n"));
	hang_up(&p);
	rig_stop(&rig);
}

/* ---- bodies ---- */

static void test_chunked_bodies(void **state)
{
	static const size_t sizes[] = {0, 1, 100, 16383, 16384, 16385, 40000, 300000};
	static struct rig rig;
	struct peer p;
	char *body = malloc(300001), *all = malloc(1000000);
	(void)state;
	for (size_t i = 0; i < 300000; i++)
		body[i] = (char)('a' + i % 26);
	begin(&rig);
	dial(&p, &rig);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (size_t piece = 7; piece < 1000000; piece *= 31) {
			size_t at = (size_t)sprintf(
				all, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n");
			for (size_t done = 0; done < sizes[i] && (piece > 7 || sizes[i] < 50000);) {
				size_t n = sizes[i] - done < piece ? sizes[i] - done : piece;
				at += (size_t)sprintf(all + at, "%zX;b=\"c\";name=value\r\n", n);
				memcpy(all + at, body + done, n);
				at += n + (size_t)sprintf(all + at + n, "\r\n");
				done += n;
			}
			at += (size_t)sprintf(all + at, "0\r\nTrailer: t\r\nContent-Length: 5\r\n\r\n");
			say_bytes(&p, all, at);
			const struct heard *h = hear(&p, false);
			assert_int_equal(h->status, 200);
			if (piece > 7 || sizes[i] < 50000) {
				assert_int_equal(h->body_n, sizes[i]);
				assert_memory_equal(h->body, body, sizes[i]);
			}
		}
	}
	hang_up(&p);
	free(all);
	free(body);
	rig_stop(&rig);
}

static void test_sized_bodies(void **state)
{
	static const size_t sizes[] = {1, 16000, 16384, 32000, 32600, 32700, 32768, 33000, 1000000};
	static struct rig rig;
	struct peer p;
	char *body = malloc(1000001);
	(void)state;
	for (size_t i = 0; i < 1000000; i++)
		body[i] = (char)('a' + i % 26);
	begin(&rig);
	dial(&p, &rig);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		/* what follows must not be lost, wherever the body was kept */
		say(&p, "POST /later HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", sizes[i]);
		say_bytes(&p, body, sizes[i]);
		say(&p, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nok");
		const struct heard *h = hear(&p, false);
		assert_int_equal(h->body_n, sizes[i]);
		assert_memory_equal(h->body, body, sizes[i]);
		assert_int_equal(hear(&p, false)->body_n, 2);
	}
	hang_up(&p);
	free(body);
	rig_stop(&rig);
}

static void test_byte_by_byte(void **state)
{
	static const char all[] =
		"POST /echo?first HTTP/1.1\r\nHost: x\r\nX-Long: some words\r\nContent-Length: "
		"5\r\n\r\nhello"
		"\r\nPOST /echo?second HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nSome-Trailer: its value\r\nOther: b\r\n\r\n"
		"GET /echo?third HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	for (size_t piece = 1; piece < 8; piece++) {
		dial(&p, &rig);
		for (size_t i = 0; i < sizeof all - 1; i += piece) {
			say_bytes(&p, all + i, sizeof all - 1 - i < piece ? sizeof all - 1 - i : piece);
			usleep(50); /* so that the pieces mostly arrive as such */
		}
		const struct heard *h = hear(&p, false);
		assert_string_equal(field_of(h, "X-Seen"), "POST /echo?first");
		assert_memory_equal(h->body, "hello", 5);
		h = hear(&p, false);
		assert_string_equal(field_of(h, "X-Seen"), "POST /echo?second");
		assert_int_equal(h->body_n, 5);
		assert_memory_equal(h->body, "abcde", 5);
		assert_string_equal(field_of(hear(&p, false), "X-Seen"), "GET /echo?third");
		expect_end(&p);
		hang_up(&p);
	}
	rig_stop(&rig);
}

/* ---- bounds, each at it and one past it ---- */

static void test_head_bound(void **state)
{
	static const size_t maxima[] = {1024, 16384, 40000};
	char *fill = malloc(50000);
	(void)state;
	for (int i = 0; i < 3; i++) {
		static struct rig rig;
		rig_init(&rig);
		rig.set.head_max = maxima[i];
		rig_start(&rig);
		for (int past = 0; past < 2; past++)
			for (int body = 0; body < 2; body++)
				for (int split = 0; split < 2; split++) {
					struct peer p;
					char head[256];
					int n = snprintf(head, sizeof head,
						"POST /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\nX: ",
						5 * body);
					size_t rest = maxima[i] + (size_t)past - (size_t)n - 4;
					pad(fill, rest);
					dial(&p, &rig);
					say_bytes(&p, head, (size_t)n);
					say_bytes(&p, fill, rest / 2);
					if (split)
						usleep(2000);
					strcpy(fill + rest, body ? "\r\n\r\nhello" : "\r\n\r\n");
					say_bytes(&p, fill + rest / 2, strlen(fill + rest / 2));
					const struct heard *h = hear(&p, false);
					assert_int_equal(h->status, past ? 431 : 200);
					assert_true(past || h->body_n == (body ? 5 : 0));
					hang_up(&p);
				}
		rig_stop(&rig);
	}
	free(fill);
}

static void test_uri_bound(void **state)
{
	static struct rig rig;
	struct peer p;
	char target[60001];
	(void)state;
	rig_init(&rig);
	rig.set.uri_max = 300;
	rig_start(&rig);
	dial(&p, &rig);
	pad(target, 299);
	say(&p, "GET /%.299s HTTP/1.1\r\n" HOST "\r\n", target);
	assert_int_equal(hear(&p, false)->status, 200);
	pad(target, 300);
	say(&p, "GET /%.300s HTTP/1.1\r\n" HOST "\r\n", target);
	assert_int_equal(hear(&p, false)->status, 414);
	hang_up(&p);
	dial(&p, &rig); /* longer than any head may be: still the target's fault */
	pad(target, 60000);
	say(&p, "GET /");
	(void)try_say(&p, target, 60000);
	assert_int_equal(hear(&p, false)->status, 414);
	hang_up(&p);
	rig_stop(&rig);
}

static void test_fields_bound(void **state)
{
	static struct rig rig;
	(void)state;
	rig_init(&rig);
	rig.set.headers_max = 10;
	rig_start(&rig);
	for (int past = 0; past < 2; past++) {
		struct peer p;
		dial(&p, &rig);
		say(&p, "GET /fields HTTP/1.1\r\n" HOST);
		for (int i = 0; i < 9 + past; i++)
			say(&p, "F%d: %d\r\n", i, i);
		say(&p, "\r\n");
		assert_int_equal(hear(&p, false)->status, past ? 431 : 200);
		hang_up(&p);
	}
	rig_stop(&rig);
}

static void test_body_bound(void **state)
{
	static struct rig rig;
	struct peer p;
	char body[2049];
	(void)state;
	rig_init(&rig);
	rig.set.body_max = 2000;
	rig_start(&rig);
	pad(body, 2001);
	for (int past = 0; past < 2; past++) {
		dial(&p, &rig);
		say(&p, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", 2000 + past);
		(void)try_say(&p, body, (size_t)(2000 + past));
		const struct heard *h = hear(&p, false);
		assert_int_equal(h->status, past ? 413 : 200);
		assert_true(past || h->body_n == 2000);
		if (past)
			expect_end(&p);
		hang_up(&p);
		dial(&p, &rig);
		say(&p, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e8\r\n%.1000s\r\n",
			body);
		say(&p, "%x\r\n%.*s\r\n0\r\n\r\n", 1000 + past, 1000 + past, body);
		assert_int_equal(hear(&p, false)->status, past ? 413 : 200);
		hang_up(&p);
	}
	dial(&p, &rig); /* refused at the head: nobody invites what nobody wants */
	say(&p, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2001\r\n\r\n");
	assert_int_equal(hear(&p, false)->status, 413);
	hang_up(&p);
	rig_stop(&rig);
}

/* Extensions of chunks and trailers have an end, too. */
static void test_framing_bound(void **state)
{
	static struct rig rig;
	(void)state;
	rig_init(&rig);
	rig.set.head_max = 1024;
	rig_start(&rig);
	for (int past = 0; past < 2; past++)
		for (int trailer = 0; trailer < 2; trailer++) {
			struct peer p;
			char text[2048];
			pad(text, (size_t)(1024 - 1 + past));
			dial(&p, &rig);
			say(&p, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
			if (trailer)
				say(&p, "0\r\nX: %s\r\n\r\n", text);
			else
				say(&p, "1;x=%s\r\na\r\n0\r\n\r\n", text);
			assert_int_equal(hear(&p, false)->status, past ? 400 : 200);
			hang_up(&p);
		}
	rig_stop(&rig);
}

static void test_connections_bound(void **state)
{
	static struct rig rig;
	struct peer p[4];
	(void)state;
	rig_init(&rig);
	rig.set.connections_max = 3;
	rig_start(&rig);
	for (int i = 0; i < 3; i++) {
		dial(&p[i], &rig);
		say(&p[i], GET("/echo"));
		assert_int_equal(hear(&p[i], false)->status, 200);
	}
	dial(&p[3], &rig);
	expect_end(&p[3]);
	assert_int_equal(rig_metric(&rig, CD_M_connections_refused), 1);
	hang_up(&p[3]);
	hang_up(&p[0]);
	rig_await_open(&rig, 2);
	assert_int_equal(ask(&rig, GET("/echo")), 200);
	hang_up(&p[1]);
	hang_up(&p[2]);
	rig_stop(&rig);
}

/* ---- what is no request, or two at once ---- */

static void test_bad_requests(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{"nonsense\r\n\r\n", 400},
		{"\x16\x03\x01\x02\x01", 400}, /* TLS where none is spoken */
		{"GET /echo HTTP/1.1\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
		{"GET /echo HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		{"GET /echo\r\n\r\n", 400},
		{"GET /echo HTTP/2.0\r\n" HOST "\r\n", 400},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
		{"GET /echo RTSP/1.0\r\n" HOST "\r\n", 400},
		{"SOURCE /echo ICE/1.0\r\n" HOST "\r\n", 400},
		{"GET echo HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET /e\tcho HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET /e\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST "A b: c\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST "A:\r\n b\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST "A: b\rC: d\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST "A:\rC: d\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST "\rC: d\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\nHost: x\n\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n", 400},
		{"GET /echo HTTP/1.1\r\n" HOST "A: b\x01\r\n\r\n", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 3\r\n\r\nab", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2, 2\r\n\r\nab", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: +2\r\n\r\nab", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: -2\r\n\r\nab", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\nab", 400},
		{"POST /echo HTTP/1.1\r\n" HOST
		 "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			400},
		{"POST /echo HTTP/1.1\r\n" HOST
		 "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
			400},
		{"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
		{"POST /echo HTTP/1.1\r\n" HOST
		 "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			400},
		{"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: \x0b"
		 "chunked\r\n\r\n0\r\n\r\n",
			400},
		{"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
		{"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\nContent-Length: 2\r\n\r\nab", 400},
		{"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	};
	static struct rig rig;
	(void)state;
	begin(&rig);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct peer p;
		unsigned before = atomic_load(&rig.requests);
		dial(&p, &rig);
		say_bytes(&p, cases[i].text, strlen(cases[i].text));
		/* whatever is hidden behind it is not served */
		(void)try_say(&p, GET("/echo?smuggled"), strlen(GET("/echo?smuggled")));
		const struct heard *h = hear(&p, false);
		if (h->status != cases[i].status)
			print_error("%s", cases[i].text);
		assert_int_equal(h->status, cases[i].status);
		if (field_of(h, "Connection")) {
			expect_end(&p);
			assert_true(atomic_load(&rig.requests) <= before + 1);
		} else /* a sound message with a bad field: what follows is a request of its own */
			assert_string_equal(field_of(hear(&p, false), "X-Seen"), "GET /echo?smuggled");
		hang_up(&p);
	}
	rig_stop(&rig);
}

static void test_bad_chunks(void **state)
{
	static const char *const bodies[] = {"g\r\n", "-1\r\n", "0x2\r\nab\r\n0\r\n\r\n", "\r\n0\r\n\r\n",
		"2 \r\nab\r\n0\r\n\r\n", "2\nab\n0\n\n", "2\rXab\r\n0\r\n\r\n", "2\r\nabc\r\n0\r\n\r\n",
		"2;x\nab\r\n0\r\n\r\n", "2;x\ry\r\nab\r\n0\r\n\r\n", "2;x=\"a\nb\"\r\nab\r\n0\r\n\r\n",
		"fffffffffffffffff\r\nab", "2\r\nab\n0\r\n\r\n", "0\r\nA b\r\n\r\n"};
	static struct rig rig;
	(void)state;
	begin(&rig);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct peer p;
		dial(&p, &rig);
		say(&p, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n%s", bodies[i]);
		(void)try_say(&p, GET("/echo"), strlen(GET("/echo")));
		if (hear(&p, false)->status != 400)
			print_error("%s", bodies[i]);
		assert_int_equal(p.heard.status, 400);
		expect_end(&p);
		hang_up(&p);
	}
	assert_int_equal(rig.requests, 0);
	rig_stop(&rig);
}

static void test_methods(void **state)
{
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	say(&p, "TRACE /echo HTTP/1.1\r\n" HOST "\r\nOPTIONS * HTTP/1.1\r\n" HOST "\r\n");
	assert_string_equal(field_of(hear(&p, false), "X-Seen"), "? /echo");
	assert_string_equal(field_of(hear(&p, false), "X-Seen"), "OPTIONS *");
	say(&p, "GET /echo HTTP/1.1\r\n" HOST
		"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" GET("/echo?next"));
	assert_int_equal(hear(&p, false)->status, 200);
	assert_string_equal(field_of(hear(&p, false), "X-Seen"), "GET /echo?next");
	/* behind a CONNECT is a tunnel or a body, in any case no request */
	say(&p, "CONNECT a:1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n" GET("/echo?smuggled"));
	assert_string_equal(field_of(hear(&p, false), "X-Seen"), "? a:1");
	expect_end(&p);
	hang_up(&p);
	rig_stop(&rig);
}

/* An answer's fields can not be made to end by what a client sent. */
static void test_no_field_is_injected(void **state)
{
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	say(&p, "GET /refused HTTP/1.1\r\n" HOST
		"Origin: http://a\r\nAccess-Control-Request-Headers: x\r\n\r\n");
	const struct heard *h = hear(&p, false);
	assert_int_equal(h->status, 403);
	assert_string_equal(field_of(h, "Access-Control-Allow-Origin"), "*");
	assert_null(field_of(h, "Connection")); /* no body was announced: the connection stays */
	say(&p, GET("/echo"));
	assert_null(field_of(hear(&p, false), "Access-Control-Allow-Origin"));
	hang_up(&p);
	rig_stop(&rig);
}

/* ---- ends ---- */

static void test_half_closed(void **state)
{
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	say(&p, GET("/later") GET("/later") GET("/echo?last") "GET /cut-off");
	shutdown(p.fd, SHUT_WR);
	assert_int_equal(hear(&p, false)->status, 200);
	assert_int_equal(hear(&p, false)->status, 200);
	assert_string_equal(field_of(hear(&p, false), "X-Seen"), "GET /echo?last");
	expect_end(&p);
	hang_up(&p);
	dial(&p, &rig);
	say(&p, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nhalf");
	shutdown(p.fd, SHUT_WR);
	expect_end(&p);
	hang_up(&p);
	rig_stop(&rig);
}

static void test_client_goes_before_the_answer(void **state)
{
	const struct linger hard = {1, 0};
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	for (int i = 0; i < 2; i++) {
		dial(&p, &rig);
		say(&p, GET("/hold"));
		rig_await(&rig.requests, (unsigned)i * 2 + 1);
		setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, i ? sizeof hard : 0);
		hang_up(&p);
		assert_int_equal(ask(&rig, GET("/echo")), 200);
		rig_release(&rig);
		rig_await(&rig.dones, (unsigned)i * 2 + 2);
	}
	rig_await_open(&rig, 0);
	/* in the middle of a stream that is held back */
	dial(&p, &rig);
	say(&p, GET("/stream/100000000"));
	rig_await(&rig.requests, 5);
	usleep(50000);
	hang_up(&p);
	rig_await(&rig.dones, 5);
	rig_await_open(&rig, 0);
	assert_true(rig.put < 100000000);
	rig_stop(&rig);
}

static void test_stream_waits_for_its_reader(void **state)
{
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	say(&p, GET("/stream/50000000"));
	rig_await(&rig.requests, 1);
	size_t before = SIZE_MAX;
	for (int i = 0; i < 200 && before != rig.put; i++) {
		before = rig.put;
		usleep(50000);
	}
	/* what the kernel took, the mark, one piece */
	assert_in_range(rig.put, 262144, 12000000);
	assert_int_equal(rig.dones, 0);
	assert_int_equal(ask(&rig, GET("/echo")), 200);
	const struct heard *h = hear(&p, false);
	assert_int_equal(h->status, 200);
	assert_int_equal(h->body_n, 50000000);
	for (size_t i = 0; i < h->body_n; i++)
		if (h->body[i] != (char)('a' + i % 23))
			fail();
	assert_true(rig.rooms > 0);
	say(&p, GET("/echo")); /* and the connection lives */
	assert_int_equal(hear(&p, false)->status, 200);
	hang_up(&p);
	rig_stop(&rig);
}

/* A cut answer can not be taken for a whole one. */
static void test_cut(void **state)
{
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	say(&p, GET("/cut/100000"));
	assert_int_equal(hear(&p, false)->status, 0);
	hang_up(&p);
	dial(&p, &rig);
	say(&p, "GET /cut/100 HTTP/1.0\r\n\r\n");
	assert_int_equal(hear(&p, false)->status, 0);
	assert_true(p.heard.reset);
	hang_up(&p);
	assert_int_equal(rig_metric(&rig, CD_M_answers_cut), 2);
	rig_stop(&rig);
}

/* ---- time ---- */

static void test_slow_clients(void **state)
{
	static const char *const halves[] = {"G", "GET /echo HTTP/1.1\r\nHost: x\r\nX: ",
		"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nhalf",
		"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nab"};
	static struct rig rig;
	struct peer p[6];
	(void)state;
	rig_init(&rig);
	rig.set.head_timeout = rig.set.body_timeout = 300000;
	rig.set.idle_timeout = 600000;
	rig_start(&rig);
	for (int i = 0; i < 4; i++) {
		dial(&p[i], &rig);
		say_bytes(&p[i], halves[i], strlen(halves[i]));
	}
	dial(&p[4], &rig); /* says nothing at all */
	dial(&p[5], &rig);
	say(&p[5], GET("/echo"));
	for (int i = 0; i < 4; i++) {
		const struct heard *h = hear(&p[i], false);
		assert_int_equal(h->status, 408);
		assert_string_equal(field_of(h, "Connection"), "close");
		expect_end(&p[i]);
	}
	expect_end(&p[4]);
	assert_int_equal(hear(&p[5], false)->status, 200);
	expect_end(&p[5]);
	for (int i = 0; i < 6; i++)
		hang_up(&p[i]);
	rig_await_open(&rig, 0);
	assert_int_equal(rig_metric(&rig, CD_M_connections_timeout), 6);
	rig_stop(&rig);
}

/* A head has one time for all of it; a body only must not stand still. */
static void test_slow_but_steady(void **state)
{
	static struct rig rig;
	struct peer head, body;
	(void)state;
	rig_init(&rig);
	rig.set.head_timeout = 2000000;
	rig.set.body_timeout = 2000000;
	rig_start(&rig);
	dial(&head, &rig);
	dial(&body, &rig);
	say(&head, "GET /");
	say(&body, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 16\r\n\r\n");
	bool cut = false;
	for (int i = 0; i < 16; i++) {
		usleep(200000);
		say(&body, "x");
		cut = cut || !try_say(&head, "x", 1);
	}
	assert_int_equal(hear(&body, false)->body_n, 16);
	assert_true(cut || hear(&head, false)->status == 408);
	hang_up(&head);
	hang_up(&body);
	rig_stop(&rig);
}

/* Who was in time is not blamed for a server that was not. */
static void test_loop_that_stands_still(void **state)
{
	static struct rig rig;
	struct peer slow, heavy;
	(void)state;
	rig_init(&rig);
	rig.set.head_timeout = 700000;
	rig_start(&rig);
	dial(&slow, &rig);
	dial(&heavy, &rig);
	say(&slow, "GET /echo HTTP/1.1\r\n");
	say(&heavy, GET("/stall"));
	rig_await(&rig.stalls, 1);
	say(&slow, HOST "\r\n");
	assert_int_equal(hear(&heavy, false)->status, 200);
	assert_int_equal(hear(&slow, false)->status, 200);
	say(&slow, "GET /echo HTTP/1.1\r\n"); /* and from now on time runs as ever */
	assert_int_equal(hear(&slow, false)->status, 408);
	hang_up(&slow);
	hang_up(&heavy);
	rig_stop(&rig);
}

static void test_reader_that_stands_still(void **state)
{
	static struct rig rig;
	struct peer still, slow;
	(void)state;
	rig_init(&rig);
	rig.set.write_timeout = 3000000;
	rig_start(&rig);
	dial(&still, &rig);
	dial(&slow, &rig);
	say(&still, GET("/bytes/40000000"));
	say(&slow, GET("/bytes/40000000"));
	/* one takes its answer slowly, much longer than the time-out: it is one write, but it moves */
	size_t took = 0;
	char *part = malloc(1 << 20);
	for (int i = 0; i < 45; i++) {
		usleep(100000);
		for (size_t n = 0; n < 700000;) {
			ssize_t got = recv(slow.fd, part, 700000 - n, 0);
			assert_true(got > 0);
			n += (size_t)got;
			took += (size_t)got;
		}
	}
	for (ssize_t got; took < 40000000 && (got = recv(slow.fd, part, 1 << 20, 0)) > 0;)
		took += (size_t)got;
	assert_true(took >= 40000000);
	free(part);
	rig_await_open(&rig, 1);
	assert_int_equal(hear(&still, false)->status, 0);
	hang_up(&still);
	hang_up(&slow);
	rig_stop(&rig);
}

/* ---- compression ---- */

static void inflated(const struct heard *h, size_t n)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)h->body, .avail_in = (unsigned)h->body_n};
	char *out = malloc(n + 1);
	z.next_out = (unsigned char *)out;
	z.avail_out = (unsigned)n + 1;
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, n);
	assert_int_equal(z.avail_in, 0);
	for (size_t i = 0; i < n; i++)
		if (out[i] != (char)('a' + i % 23))
			fail();
	inflateEnd(&z);
	free(out);
}

static void test_gzip(void **state)
{
	static const struct {
		const char *path, *accept;
		size_t n;
		bool gzip;
	} cases[] = {
		{"/bytes/1400", "gzip", 1400, true},
		{"/bytes/1399", "gzip", 1399, false},
		{"/bytes/1400", "identity", 1400, false},
		{"/bytes/1400", "gzip;q=0", 1400, false},
		{"/bytes/1400", "br, GZIP;q=0.5", 1400, true},
		{"/bytes/1400", "*", 1400, true},
		{"/bytes/3000000", "gzip", 3000000, true},
		{"/stream/3000000", "gzip", 3000000, true},
		{"/stream/0", "gzip", 0, true},
		{"/stream/3000000", "br", 3000000, false},
		{"/raw/5000", "gzip", 5000, false},
	};
	static struct rig rig;
	struct peer p;
	(void)state;
	begin(&rig);
	dial(&p, &rig);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		say(&p, "GET %s HTTP/1.1\r\n" HOST "Accept-Encoding: %s\r\n\r\n", cases[i].path,
			cases[i].accept);
		const struct heard *h = hear(&p, false);
		assert_int_equal(h->status, 200);
		assert_int_equal(field_of(h, "Content-Encoding") != NULL, cases[i].gzip);
		if (cases[i].gzip) {
			assert_string_equal(field_of(h, "Vary"), "Accept-Encoding");
			inflated(h, cases[i].n);
		} else {
			assert_int_equal(h->body_n, cases[i].n);
		}
	}
	hang_up(&p);
	rig_stop(&rig);
	rig_init(&rig);
	rig.set.gzip_min = 0; /* never */
	rig_start(&rig);
	dial(&p, &rig);
	say(&p, "GET /bytes/5000 HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\n\r\n");
	assert_int_equal(hear(&p, false)->body_n, 5000);
	say(&p, "GET /stream/5000 HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\n\r\n");
	assert_int_equal(hear(&p, false)->body_n, 5000);
	hang_up(&p);
	rig_stop(&rig);
}

/* ---- life ---- */

static void test_drain(void **state)
{
	static struct rig rig;
	struct peer idle, half, held, late;
	(void)state;
	begin(&rig);
	dial(&idle, &rig);
	say(&idle, GET("/echo"));
	assert_int_equal(hear(&idle, false)->status, 200);
	dial(&half, &rig);
	say(&half, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nab");
	dial(&held, &rig);
	say(&held, GET("/hold"));
	rig_await(&rig.requests, 2);
	rig_await(&rig.heads, 3);
	rig_drain(&rig);
	expect_end(&idle);
	assert_false(rig.drained);
	say(&half, "cd");
	assert_string_equal(field_of(hear(&half, false), "Connection"), "close");
	expect_end(&half);
	rig_release(&rig);
	assert_string_equal(field_of(hear(&held, false), "Connection"), "close");
	expect_end(&held);
	struct sockaddr_in gone = {.sin_family = AF_INET, .sin_port = htons((uint16_t)rig.port)};
	gone.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	late.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_not_equal(connect(late.fd, (struct sockaddr *)&gone, sizeof gone), 0);
	close(late.fd);
	rig_stop(&rig);
	hang_up(&idle);
	hang_up(&half);
	hang_up(&held);
}

static void test_drain_does_not_wait_for_ever(void **state)
{
	static struct rig rig;
	struct peer half;
	(void)state;
	rig_init(&rig);
	rig.set.drain_timeout = 200000;
	rig_start(&rig);
	dial(&half, &rig);
	say(&half, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nab");
	rig_await(&rig.heads, 1);
	rig_drain(&rig);
	assert_int_equal(hear(&half, false)->status, 0);
	assert_true(half.heard.reset);
	rig_stop(&rig);
	hang_up(&half);
}

static void test_control_socket(void **state)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/cardo-http-XXXXXX";
	static struct rig rig;
	struct peer p = {.fd = -1};
	struct stat st;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(to.sun_path, sizeof to.sun_path, "%s/control", folder);
	rig_init(&rig);
	rig.control = to.sun_path;
	FILE *old = fopen(to.sun_path, "w"); /* of a life that was killed */
	fclose(old);
	rig_start(&rig);
	assert_int_equal(stat(to.sun_path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	p.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(p.fd, (struct sockaddr *)&to, sizeof to), 0);
	say(&p, GET("/bytes/100000"));
	assert_int_equal(hear(&p, false)->body_n, 100000);
	say(&p, GET("/cut/10"));
	assert_int_equal(hear(&p, false)->status, 0);
	hang_up(&p);
	rig_stop(&rig);
	assert_int_not_equal(stat(to.sun_path, &st), 0);
	rmdir(folder);
}

static void test_listen_refuses(void **state)
{
	static const char *const wrong[] = {"", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", ":80",
		"127.0.0.1:-1", "[::1:80", "example.org:80", "127.0.0.1:8 ",
		"1111111111111111111111111111111111111111111111111111111111111111:1"};
	static struct rig rig;
	uv_loop_t loop;
	struct cd_arena arena;
	struct cd_cx cx;
	char taken[64];
	(void)state;
	begin(&rig);
	cd_arena_init(&arena, 1 << 20);
	uv_loop_init(&loop);
	struct cd_http_server *s = cd_http_server_new(&loop, &rig.set, NULL, NULL, NULL, NULL);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		cd_cx_init(&cx, &arena, &rig.set);
		assert_int_equal(cd_http_listen(&cx, s, cd_str_z(wrong[i]), false), CD_E_BAD_REQUEST_DATA);
		assert_string_equal(cx.err.where, "listen");
	}
	cd_cx_init(&cx, &arena, &rig.set);
	snprintf(taken, sizeof taken, "127.0.0.1:%d", rig.port);
	assert_int_equal(cd_http_listen(&cx, s, cd_str_z(taken), false), CD_E_IO);
	cd_cx_init(&cx, &arena, &rig.set);
	assert_int_equal(cd_http_listen_control(&cx, s, "/nonexistent/folder/control"), CD_E_IO);
	cd_http_server_drain(s, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	cd_http_server_free(s);
	assert_int_equal(uv_loop_close(&loop), 0);
	cd_arena_done(&arena);
	rig_stop(&rig);
}

/* The k-th allocation of the loop fails, for every k: an answer or an end, and the next client is served. */
static void test_out_of_memory(void **state)
{
	static const char all[] =
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
		"POST /later HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
		"GET /bytes/5000 HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
		"GET /stream/900000 HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /stream/50000 HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
		"GET nonsense\r\n\r\n";
	static struct rig rig;
	unsigned long k;
	(void)state;
	for (k = 1;; k++) {
		struct peer p;
		rig_init(&rig);
		rig_start(&rig); /* a new one each time: nothing lies in its pools */
		rig_fail_after(&rig, k);
		dial(&p, &rig);
		(void)try_say(&p, all, sizeof all - 1);
		for (int i = 0; i < 6; i++) {
			int status = hear(&p, false)->status;
			if (status == 0)
				break;
			assert_true(status == 200 || status == 400 || status == 503);
		}
		hang_up(&p);
		rig_fail_after(&rig, 0);
		assert_int_equal(ask(&rig, GET("/echo")), 200);
		rig_stop(&rig);
		if (!atomic_load(&rig.failed))
			break;
		assert_true(k < 300);
	}
	assert_true(k > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_old_protocol),
		cmocka_unit_test(test_pipelining_in_order),
		cmocka_unit_test(test_pipelining_behind_a_slow_one),
		cmocka_unit_test(test_expect_continue),
		cmocka_unit_test(test_head_has_the_same_head),
		cmocka_unit_test(test_fields_and_target),
		cmocka_unit_test(test_chunked_bodies),
		cmocka_unit_test(test_sized_bodies),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_head_bound),
		cmocka_unit_test(test_uri_bound),
		cmocka_unit_test(test_fields_bound),
		cmocka_unit_test(test_body_bound),
		cmocka_unit_test(test_framing_bound),
		cmocka_unit_test(test_connections_bound),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_bad_chunks),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_no_field_is_injected),
		cmocka_unit_test(test_half_closed),
		cmocka_unit_test(test_client_goes_before_the_answer),
		cmocka_unit_test(test_stream_waits_for_its_reader),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_slow_clients),
		cmocka_unit_test(test_slow_but_steady),
		cmocka_unit_test(test_loop_that_stands_still),
		cmocka_unit_test(test_reader_that_stands_still),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_drain_does_not_wait_for_ever),
		cmocka_unit_test(test_control_socket),
		cmocka_unit_test(test_listen_refuses),
		cmocka_unit_test(test_out_of_memory),
	};
	setvbuf(stdout, NULL, _IONBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
