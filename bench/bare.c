/*
 * The reference: as little as can answer HTTP at all. One thread, epoll, one read and one write for each
 * request, a body of fixed size with the header fields that Cardo sends. It looks for the end of the head and
 * for Content-Length, and at nothing else. Its CPU for a request is the unit of all ratios.
 *
 * bare PORT BODY-BYTES [STATUS]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, EVENTS = 256 };

struct client {
	int fd;
	size_t n, cap;
	char *in;
};
static char *answer;
static size_t answer_n;

static void stop(const char *what)
{
	perror(what);
	exit(1);
}

/* Bytes of the first request in the buffer; 0: it is not whole yet. */
static size_t request_bytes(const struct client *c)
{
	const char *end = memmem(c->in, c->n, "\r\n\r\n", 4);
	if (!end)
		return 0;
	size_t head = (size_t)(end - c->in) + 4, body = 0;
	for (const char *line = c->in; line < end; line = (const char *)memchr(line, '\n', c->n) + 1)
		if (strncasecmp(line, "content-length:", 15) == 0)
			body = strtoul(line + 15, NULL, 10);
	return head + body <= c->n ? head + body : 0;
}

static void drop(struct client *c)
{
	close(c->fd);
	free(c->in);
	free(c);
}

static int serve(struct client *c)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 4096;
		c->in = realloc(c->in, c->cap);
	}
	ssize_t got = read(c->fd, c->in + c->n, c->cap - c->n);
	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	c->n += (size_t)got;
	for (size_t used; (used = request_bytes(c)) > 0;) {
		for (size_t put = 0; put < answer_n;) {
			ssize_t k = write(c->fd, answer + put, answer_n - put);
			if (k < 0 && errno != EAGAIN)
				return 0;
			put += k > 0 ? (size_t)k : 0;
		}
		c->n -= used;
		memmove(c->in, c->in + used, c->n);
	}
	return 1;
}

static int listen_on(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 4096))
		stop("listen");
	return fd;
}

static void accept_all(int ep, int listener)
{
	for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
		int on = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		struct client *c = calloc(1, sizeof *c);
		c->fd = fd;
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return fprintf(stderr, "bare PORT BODY-BYTES [STATUS]\n"), 2;
	size_t body = strtoul(argv[2], NULL, 10);
	signal(SIGPIPE, SIG_IGN);
	answer = malloc(body + 512);
	answer_n = (size_t)sprintf(answer,
		"HTTP/1.1 %s\r\nContent-Type: application/json\r\nLink: "
		"<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld>; "
		"rel=\"http://www.w3.org/ns/json-ld#context\"; "
		"type=\"application/ld+json\"\r\nContent-Length: %zu\r\n\r\n",
		argc > 3 ? argv[3] : "200 OK", body);
	memset(answer + answer_n, 'x', body);
	answer_n += body;
	int listener = listen_on(atoi(argv[1])), ep = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
	for (;;) {
		int n = epoll_wait(ep, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (!events[i].data.ptr)
				accept_all(ep, listener);
			else if (!serve(events[i].data.ptr))
				drop(events[i].data.ptr);
		}
	}
}
