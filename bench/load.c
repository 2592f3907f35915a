/*
 * Load: N keep-alive connections, each with one request under way at any time. One thread, epoll.
 *
 * load PORT CONNECTIONS SECONDS METHOD PATH [BODY-FILE] [options]
 *   --from N    {n} in path and body counts from N on; {r} is a random number below N
 *   --below N
 *   --requests N  stop after so many
 *   --every US  each connection sends no sooner than so long after its last request, and sleeps meanwhile
 *   --header "Name: value"
 *   --expect STATUS  anything else is an error
 *
 * Prints one line of JSON: requests, errors, seconds, bytes, and percentiles of the time from sending a
 * request to the last byte of its answer, in microseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, IN = 1 << 16, BUCKETS = 64 * 64 };

struct connection {
	int fd;
	uint64_t began; /* ns */
	size_t head_n, left;
	int in_body, status, idle;
	char head[8192];
};
static struct {
	int port, connections, expect;
	double seconds;
	const char *method, *path;
	char *body;
	uint64_t from, below, requests, every; /* every: ns */
	char headers[4096];
} conf = {.below = 1, .requests = UINT64_MAX};
static struct {
	uint64_t requests, errors, bytes, sent;
	uint64_t histogram[BUCKETS];
	int first_error;
} sum;

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252u;
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* 64 buckets for each power of two: a percentile is right within 1.6 %. */
static unsigned bucket_of(uint64_t ns)
{
	if (ns < 64)
		return (unsigned)ns;
	unsigned shift = 63 - (unsigned)__builtin_clzll(ns) - 6;
	return (shift + 1) * 64 + (unsigned)(ns >> shift) - 64;
}

static double percentile(double p)
{
	uint64_t want = (uint64_t)((double)sum.requests * p), seen = 0;
	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += sum.histogram[i];
		if (seen > want)
			return (i < 64 ? i : (double)((64 + i % 64) * (1ull << (i / 64 - 1)))) / 1000.0;
	}
	return 0;
}

static size_t fill(char *to, const char *template, uint64_t n, uint64_t random)
{
	char *at = to;
	for (const char *p = template; *p;) {
		if (p[0] == '{' && (p[1] == 'n' || p[1] == 'r') && p[2] == '}') {
			at += sprintf(at, "%llu", (unsigned long long)(p[1] == 'n' ? n : random));
			p += 3;
		} else
			*at++ = *p++;
	}
	*at = 0;
	return (size_t)(at - to);
}

static void fail(struct connection *c, const char *what)
{
	fprintf(stderr, "load: %s (status %d)\n", what, c->status);
	exit(1);
}

static void send_request(struct connection *c)
{
	static char path[4096], *out, *body;
	static size_t room;
	if (!out) {
		room = (conf.body ? strlen(conf.body) * 4 : 0) + 16384;
		out = malloc(room);
		body = malloc(room);
	}
	uint64_t n = conf.from + sum.sent++, random = next_random() % conf.below;
	fill(path, conf.path, n, random);
	size_t body_n = conf.body ? fill(body, conf.body, n, random) : 0, put = 0;
	size_t out_n = (size_t)sprintf(
		out, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s", conf.method, path, conf.headers);
	if (conf.body)
		out_n += (size_t)sprintf(out + out_n, "Content-Length: %zu\r\n", body_n);
	out_n += (size_t)sprintf(out + out_n, "\r\n");
	memcpy(out + out_n, body, body_n);
	out_n += body_n;
	c->began = now_ns();
	c->head_n = c->left = 0;
	c->in_body = c->idle = 0;
	while (put < out_n) {
		ssize_t k = write(c->fd, out + put, out_n - put);
		if (k < 0 && errno != EAGAIN)
			fail(c, "write");
		put += k > 0 ? (size_t)k : 0;
	}
}

static void finish(struct connection *c)
{
	unsigned b = bucket_of(now_ns() - c->began);
	sum.histogram[b < BUCKETS ? b : BUCKETS - 1]++;
	sum.requests++;
	if (conf.expect ? c->status != conf.expect : c->status >= 400) {
		sum.errors++;
		sum.first_error = sum.first_error ? sum.first_error : c->status;
	}
	c->idle = 1;
	if (sum.sent < conf.requests && !conf.every)
		send_request(c);
}

/* Head bytes go to c->head until it is whole; returns how many of `in` belong to it. */
static size_t take_head(struct connection *c, const char *in, size_t n)
{
	size_t before = c->head_n, take = n < sizeof c->head - 1 - before ? n : sizeof c->head - 1 - before;
	memcpy(c->head + before, in, take);
	c->head[before + take] = 0;
	char *end = strstr(c->head + (before > 3 ? before - 3 : 0), "\r\n\r\n");
	if (!end) {
		c->head_n += take;
		if (c->head_n == sizeof c->head - 1)
			fail(c, "the head is too long");
		return take;
	}
	end[2] = 0;
	c->status = atoi(c->head + 9);
	c->in_body = 1;
	for (char *line = c->head; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncasecmp(line, "content-length:", 15) == 0)
			c->left = strtoul(line + 15, NULL, 10);
		if (strncasecmp(line, "transfer-encoding:", 18) == 0)
			fail(c, "chunked answers are not understood");
	}
	return (size_t)(end - c->head) + 4 - before;
}

static void receive(struct connection *c)
{
	static char in[IN];
	ssize_t got = read(c->fd, in, sizeof in);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0)
		fail(c, "the connection was closed");
	sum.bytes += (uint64_t)got;
	for (size_t at = 0; at < (size_t)got;) {
		if (!c->in_body)
			at += take_head(c, in + at, (size_t)got - at);
		size_t body = (size_t)got - at < c->left ? (size_t)got - at : c->left;
		at += body;
		c->left -= body;
		if (c->in_body && c->left == 0)
			finish(c);
	}
}

static void connect_one(struct connection *c, int ep)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)conf.port)};
	int on = 1;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&at, sizeof at))
		fail(c, "connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}

static char *content(const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f)
		return perror(path), exit(1), NULL;
	char *text = malloc(1 << 26);
	text[fread(text, 1, (1 << 26) - 1, f)] = 0;
	fclose(f);
	return text;
}

static void options(int argc, char **argv)
{
	static const struct option known[] = {{"from", 1, NULL, 'f'}, {"below", 1, NULL, 'b'},
		{"requests", 1, NULL, 'r'}, {"header", 1, NULL, 'h'}, {"expect", 1, NULL, 'e'},
		{"every", 1, NULL, 'v'}, {0}};
	for (int o; (o = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (o == 'f')
			conf.from = strtoull(optarg, NULL, 10);
		else if (o == 'b')
			conf.below = strtoull(optarg, NULL, 10);
		else if (o == 'r')
			conf.requests = strtoull(optarg, NULL, 10);
		else if (o == 'v')
			conf.every = strtoull(optarg, NULL, 10) * 1000;
		else if (o == 'e')
			conf.expect = atoi(optarg);
		else if (o == 'h' && strlen(conf.headers) + strlen(optarg) + 3 < sizeof conf.headers)
			strcat(strcat(conf.headers, optarg), "\r\n");
		else
			exit(2);
	}
	if (argc - optind < 5) {
		fprintf(stderr, "load PORT CONNECTIONS SECONDS METHOD PATH [BODY-FILE]\n");
		exit(2);
	}
	conf.port = atoi(argv[optind]);
	conf.connections = atoi(argv[optind + 1]);
	conf.seconds = atof(argv[optind + 2]);
	conf.method = argv[optind + 3];
	conf.path = argv[optind + 4];
	conf.body = argc - optind > 5 ? content(argv[optind + 5]) : NULL;
}

/* Whoever is due sends; the least sleep that the kernel gives, when nobody was. */
static void send_due(struct connection *all)
{
	uint64_t now = now_ns();
	int sent = 0;
	for (int i = 0; i < conf.connections; i++)
		if (all[i].idle && now >= all[i].began + conf.every && sum.sent < conf.requests) {
			send_request(&all[i]);
			sent = 1;
		}
	if (!sent)
		nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	options(argc, argv);
	int ep = epoll_create1(0);
	struct connection *all = calloc((size_t)conf.connections, sizeof *all);
	struct epoll_event events[EVENTS];
	for (int i = 0; i < conf.connections; i++)
		connect_one(&all[i], ep);
	uint64_t began = now_ns(), until = began + (uint64_t)(conf.seconds * 1e9);
	for (int i = 0; i < conf.connections && sum.sent < conf.requests; i++)
		send_request(&all[i]);
	while (sum.requests < conf.requests && now_ns() < until) {
		/* It never sleeps: else the server would pay for waking it, the slower one more often. */
		int n = epoll_wait(ep, events, EVENTS, 0);
		for (int i = 0; i < n; i++)
			receive(events[i].data.ptr);
		if (conf.every)
			send_due(all);
	}
	double seconds = (double)(now_ns() - began) / 1e9;
	printf("{\"requests\": %llu, \"errors\": %llu, \"error_status\": %d, \"seconds\": %.6f, \"bytes\": "
	       "%llu, \"p50\": %.1f, "
	       "\"p99\": %.1f, \"p999\": %.1f}\n",
		(unsigned long long)sum.requests, (unsigned long long)sum.errors, sum.first_error, seconds,
		(unsigned long long)sum.bytes, percentile(0.5), percentile(0.99), percentile(0.999));
	return 0;
}
