/*
 * Outbound HTTP over libcurl's multi interface, on the loop: libcurl says which sockets and which timer it
 * wants, libuv watches them.
 *
 * The address policy stands where a socket is opened: there the address is known, after name resolution and
 * again for each redirect, so that no name can be given another address between check and use.
 */
#include "http/client.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>

enum { FIELDS_MAX = 64 };

struct cd_client_call {
	struct cd_client_call *next, **prev;
	struct cd_client *client;
	CURL *easy;
	struct curl_slist *sent;
	struct cd_buf body;
	struct cd_arena arena; /* of the answer's fields */
	struct cd_http_field fields[FIELDS_MAX];
	size_t fields_n;
	const char *refused; /* why the address was not allowed */
	char words[CURL_ERROR_SIZE];
	void (*done)(void *, const struct cd_client_answer *);
	void *arg;
};

struct watch {
	uv_poll_t poll;
	curl_socket_t socket;
	struct cd_client *client;
};

struct cd_client {
	uv_loop_t *loop;
	const struct cd_settings *set;
	bool allow_private;
	CURLM *multi; /* made on first use: most twins never call anybody */
	uv_timer_t *timer;
	struct cd_client_call *calls;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- which addresses may be called ---- */

static bool private4(uint32_t a)
{
	return a >> 24 == 127 || a >> 24 == 10 || a >> 24 == 0 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 ||
	       a >> 16 == 0xa9fe || a >> 22 == 0x191 /* 100.64/10 */ || a >> 17 == 0x6309 /* 198.18/15 */ ||
	       a >> 8 == 0xc00000 || a >> 28 >= 0xe;
}

static uint32_t v4_at(const unsigned char *a)
{
	return (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3];
}

/* Forms that carry an IPv4 address lead to where that leads: mapped, NAT64, 6to4. [RFC 4291, 6052, 3056] */
static bool private6(const unsigned char *a)
{
	static const unsigned char zeroes[12], mapped[12] = {[10] = 0xff, [11] = 0xff},
					       nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	if (memcmp(a, zeroes, 12) == 0)
		return true; /* ::, ::1 and the old compatible form */
	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		return private4(v4_at(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02)
		return private4(v4_at(a + 2));
	return (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) >= 0x80) || a[0] == 0xff;
}

static bool is_private(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return private4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
	if (sa->sa_family == AF_INET6)
		return private6(((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr);
	return true;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct cd_client_call *call = arg;
	bool local = address->family == AF_UNIX;
	(void)purpose;
	if (!local && !call->client->allow_private && is_private(&address->addr)) {
		call->refused = "the address is private, and outbound_private does not allow that";
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- the end of a call ---- */

static void call_free(struct cd_client_call *call)
{
	if (call->prev) {
		*call->prev = call->next;
		if (call->next)
			call->next->prev = call->prev;
	}
	if (call->easy)
		curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->sent);
	cd_buf_done(&call->body);
	cd_arena_done(&call->arena);
	cd_mem_free(call);
}

static const char *reason(const struct cd_client_call *call, CURLcode rc)
{
	if (call->refused)
		return call->refused;
	if (call->body.bad)
		return "the answer is too large";
	return call->words[0] ? call->words : curl_easy_strerror(rc);
}

static void answer(struct cd_client_call *call, CURLcode rc)
{
	struct cd_client_answer a = {.fields = call->fields, .fields_n = call->fields_n};
	long status = 0;
	char *url = NULL;
	(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(call->easy, CURLINFO_EFFECTIVE_URL, &url);
	a.status = (int)status;
	a.code = rc ? CD_E_BAD_GATEWAY : CD_OK;
	a.detail = rc ? reason(call, rc) : "";
	a.body = cd_buf_str(&call->body);
	a.final_url = cd_str_z(url ? url : "");
	call->done(call->arg, &a);
	call_free(call);
}

static void collect(struct cd_client *c)
{
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(c->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		struct cd_client_call *call = NULL;
		CURLcode rc = m->data.result;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		(void)curl_multi_remove_handle(c->multi, call->easy);
		answer(call, rc);
	}
}

/* ---- sockets and timer ---- */

static void act(struct cd_client *c, curl_socket_t socket, int what)
{
	int running;
	(void)curl_multi_socket_action(c->multi, socket, what, &running);
	collect(c);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	int what =
		(events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
	act(w->client, w->socket, status < 0 ? CURL_CSELECT_ERR : what);
}

static void free_handle(uv_handle_t *h)
{
	cd_mem_free(h->data); /* the watch around the handle */
}

static void unwatch(struct watch *w)
{
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, free_handle);
}

static struct watch *watch_new(struct cd_client *c, curl_socket_t socket)
{
	struct watch *w = cd_mem_zalloc(sizeof *w);
	if (!w)
		return NULL;
	if (uv_poll_init_socket(c->loop, &w->poll, socket) != 0) {
		cd_mem_free(w);
		return NULL;
	}
	w->poll.data = w;
	w->socket = socket;
	w->client = c;
	(void)curl_multi_assign(c->multi, socket, w);
	return w;
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *known)
{
	struct cd_client *c = arg;
	struct watch *w = known;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			unwatch(w);
		(void)curl_multi_assign(c->multi, socket, NULL);
		return 0;
	}
	w = w ? w : watch_new(c, socket);
	if (!w)
		return -1;
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	return uv_poll_start(&w->poll, events, on_poll) ? -1 : 0;
}

static void on_timer(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_time(CURLM *multi, long ms, void *arg)
{
	struct cd_client *c = arg;
	(void)multi;
	if (ms < 0)
		uv_timer_stop(c->timer);
	else
		uv_timer_start(
			c->timer, on_timer, ms > 0 ? (uint64_t)ms : 1, 0); /* never from inside libcurl */
	return 0;
}

/* ---- what comes ---- */

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
	struct cd_client_call *call = arg;
	cd_buf_put(&call->body, cd_str_of(p, one * n));
	return call->body.bad ? 0 : one * n;
}

static cd_str lower(struct cd_arena *arena, cd_str s)
{
	cd_str copy = cd_arena_copy(arena, s);
	for (size_t i = 0; copy.p && i < copy.n; i++)
		if (copy.p[i] >= 'A' && copy.p[i] <= 'Z')
			((char *)(uintptr_t)copy.p)[i] |= 32;
	return copy;
}

static size_t on_field(char *p, size_t one, size_t n, void *arg)
{
	struct cd_client_call *call = arg;
	cd_str line = cd_str_of(p, one * n);
	if (cd_str_starts(line, CD_STR("HTTP/")))
		call->fields_n = 0; /* of a redirect before */
	size_t colon = cd_str_find(line, ':');
	if (colon == line.n || call->fields_n == FIELDS_MAX)
		return line.n;
	cd_str value = cd_str_skip(line, colon + 1);
	while (value.n && (value.p[value.n - 1] == '\r' || value.p[value.n - 1] == '\n'))
		value.n--;
	struct cd_http_field f = {lower(&call->arena, cd_str_of(line.p, colon)),
		cd_arena_copy(&call->arena, cd_str_trim(value))};
	if (!f.name.p || !f.value.p)
		return 0;
	call->fields[call->fields_n++] = f;
	return line.n;
}

/* ---- sending ---- */

static bool add_line(struct cd_client_call *call, const char *line)
{
	struct curl_slist *list = line ? curl_slist_append(call->sent, line) : NULL;
	if (list)
		call->sent = list;
	return list;
}

static bool add_fields(struct cd_client_call *call, const struct cd_client_req *req)
{
	bool typed = false;
	for (size_t i = 0; i < req->fields_n; i++) {
		cd_str line = cd_arena_printf(&call->arena, CD_STR_FMT ": " CD_STR_FMT,
			CD_STR_ARG(req->fields[i].name), CD_STR_ARG(req->fields[i].value));
		typed = typed || cd_str_eq_nocase(req->fields[i].name, CD_STR("content-type"));
		if (!add_line(call, line.p))
			return false;
	}
	/* what libcurl would say by itself: that a body is a form, and that it waits for a 100 */
	return (typed || add_line(call, "Content-Type:")) && add_line(call, "Expect:");
}

static bool set_method(CURL *e, const struct cd_client_req *req, const char *method)
{
	bool body = req->body.n || req->method == CD_POST || req->method == CD_PUT || req->method == CD_PATCH;
	if (req->method == CD_GET)
		return true;
	if (req->method == CD_HEAD)
		return !curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	if (body && (curl_easy_setopt(e, CURLOPT_POSTFIELDS, req->body.n ? req->body.p : "") ||
			    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n)))
		return false;
	return !curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
}

static bool set_options(struct cd_client_call *call, const struct cd_client_req *req)
{
	CURL *e = call->easy;
	cd_str url = cd_arena_copy(&call->arena, req->url);
	long timeout_ms =
		req->timeout_us < 1000 ? 1 : (long)(req->timeout_us / 1000); /* 0 would be for ever */
	if (!url.p || !add_fields(call, req))
		return false;
	bool good = !curl_easy_setopt(e, CURLOPT_URL, url.p) && !curl_easy_setopt(e, CURLOPT_PRIVATE, call) &&
		    !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") &&
		    !curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") &&
		    !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) &&
		    !curl_easy_setopt(e, CURLOPT_HTTPHEADER, call->sent) &&
		    !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, timeout_ms) &&
		    !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) &&
		    !curl_easy_setopt(e, CURLOPT_WRITEDATA, call) &&
		    !curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_field) &&
		    !curl_easy_setopt(e, CURLOPT_HEADERDATA, call) &&
		    !curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->words) &&
		    !curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) &&
		    !curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, call) &&
		    !curl_easy_setopt(e, CURLOPT_PROXY, "") &&
		    !curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, req->method == CD_GET ? 1L : 0L) &&
		    !curl_easy_setopt(e, CURLOPT_MAXREDIRS, (long)call->client->set->redirects_max) &&
		    !curl_easy_setopt(e, CURLOPT_USERAGENT, "cardo/" CARDO_VERSION);
	if (good && req->unix_socket)
		good = !curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, req->unix_socket);
	return good && set_method(e, req, cd_method_names[req->method].p);
}

static bool open_multi(struct cd_client *c)
{
	if (c->multi)
		return true;
	pthread_once(&curl_once, init_curl);
	c->timer = cd_mem_zalloc(sizeof *c->timer);
	c->multi = c->timer ? curl_multi_init() : NULL;
	if (!c->multi || uv_timer_init(c->loop, c->timer) != 0) {
		if (c->multi)
			(void)curl_multi_cleanup(c->multi);
		c->multi = NULL;
		cd_mem_free(c->timer);
		return false;
	}
	c->timer->data = c;
	(void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	(void)curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_time);
	(void)curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	(void)curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 16L);
	(void)curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 256L);
	return true;
}

struct cd_client_call *cd_client_send(struct cd_client *c, const struct cd_client_req *req)
{
	struct cd_client_call *call = open_multi(c) ? cd_mem_zalloc(sizeof *call) : NULL;
	if (!call)
		return NULL;
	call->client = c;
	call->done = req->done;
	call->arg = req->arg;
	cd_buf_init(&call->body, req->answer_max);
	cd_arena_init(&call->arena, 1 << 20);
	call->easy = curl_easy_init();
	if (!call->easy || !set_options(call, req) ||
		curl_multi_add_handle(c->multi, call->easy) != CURLM_OK) {
		call_free(call);
		return NULL;
	}
	call->next = c->calls;
	call->prev = &c->calls;
	if (c->calls)
		c->calls->prev = &call->next;
	c->calls = call;
	return call;
}

void cd_client_cancel(struct cd_client *c, struct cd_client_call *call)
{
	(void)curl_multi_remove_handle(c->multi, call->easy);
	call_free(call);
}

/* ---- life ---- */

struct cd_client *cd_client_new(uv_loop_t *loop, const struct cd_settings *set, bool allow_private)
{
	struct cd_client *c = cd_mem_zalloc(sizeof *c);
	if (c) {
		c->loop = loop;
		c->set = set;
		c->allow_private = allow_private;
	}
	return c;
}

static void free_timer(uv_handle_t *h)
{
	cd_mem_free(h);
}

void cd_client_free(struct cd_client *c)
{
	if (!c)
		return;
	while (c->calls) {
		struct cd_client_call *call = c->calls;
		const struct cd_client_answer a = {
			.code = CD_E_BAD_GATEWAY, .detail = "the program is ending"};
		(void)curl_multi_remove_handle(c->multi, call->easy);
		call->done(call->arg, &a);
		call_free(call);
	}
	if (c->multi) {
		(void)curl_multi_cleanup(c->multi);
		uv_close((uv_handle_t *)c->timer, free_timer);
	}
	cd_mem_free(c);
}
