/*
 * The head of a request: from spans of the buffer to method, target and fields, and what no request may have
 * in its head. [RFC 9112 2 to 6, 11.2]
 */
#include "http/connection_int.h"

static enum cd_method method_of(const llhttp_t *p)
{
	const char *name = llhttp_method_name((llhttp_method_t)p->method);
	for (int m = 0; m < CD_METHOD_N; m++)
		if (cd_str_eq(cd_str_z(name), cd_method_names[m]))
			return (enum cd_method)m;
	return CD_METHOD_OTHER;
}

static cd_str text_of(const struct cd_http_buffer *b, struct span s)
{
	return cd_str_of(b->p + s.at, s.n);
}

/* Names become lower case where they stand. */
static void make_fields(struct cd_http_buffer *b, struct request *r)
{
	for (size_t i = 0; i < r->raw_n; i++) {
		char *name = b->p + r->raw[i].name.at;
		for (uint32_t k = 0; k < r->raw[i].name.n; k++)
			if (name[k] >= 'A' && name[k] <= 'Z')
				name[k] |= 32;
		r->fields[i].name = text_of(b, r->raw[i].name);
		r->fields[i].value = cd_str_trim(text_of(b, r->raw[i].value));
	}
	r->pub.fields = r->fields;
	r->pub.fields_n = r->raw_n;
}

/* "/a?b" or "http://host/a?b" [RFC 9112 3.2] */
static void cut_target(struct request *r)
{
	cd_str t = r->pub.target;
	if (cd_str_starts(t, CD_STR("http://")) || cd_str_starts(t, CD_STR("https://"))) {
		t = cd_str_skip(t, 7);
		t = cd_str_skip(t, t.n && t.p[0] == '/' ? 1 : 0);
		t = cd_str_skip(t, cd_str_find(t, '/'));
	}
	t = cd_str_of(t.p, cd_str_find(t, '#'));
	size_t q = cd_str_find(t, '?');
	r->pub.path = cd_str_of(t.p, q);
	r->pub.query = q == t.n ? cd_str_of("", 0) : cd_str_skip(t, q + 1);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The head read once more, line by line: what a proxy before us could read otherwise than we do is refused
 * whole. Folded lines, line ends that are not CR LF, nameless fields, other protocols. [RFC 9112 2.2,
 * 5, 11.2]
 */
static bool lines_are_sound(const struct cd_http_buffer *b, const struct request *r)
{
	static const char version[] = " HTTP/1.";
	size_t at = r->target.at + r->target.n, n = sizeof version - 1;
	if (at + n + 3 > b->n || memcmp(b->p + at, version, n) != 0)
		return false;
	at += n + 1;
	for (size_t i = 0; i < r->raw_n; i++) {
		const struct head_field *f = &r->raw[i];
		if (memcmp(b->p + at, "\r\n", 2) != 0 || f->name.n == 0 || f->name.at != at + 2)
			return false;
		at = f->name.at + f->name.n;
		if (b->p[at++] != ':')
			return false;
		while (blank(b->p[at]))
			at++;
		if (f->value.n && f->value.at != at)
			return false;
		at += f->value.n;
		while (blank(b->p[at]))
			at++;
	}
	return at + 4 <= b->n && memcmp(b->p + at, "\r\n\r\n", 4) == 0;
}

/* The one coding that there is. Another one, or two framings at once, hide a second request. [RFC 9112 6.1]
 */
static cd_code check_framing(struct cd_cx *cx, const struct cd_http_req *req, const llhttp_t *p)
{
	const cd_str name = CD_STR("transfer-encoding");
	cd_str coding = cd_http_field(req, name);
	if (!coding.p)
		return CD_OK;
	if (p->http_minor == 0 || req->has_length || cd_http_field_nth(req, name, 1).p)
		return cd_fail(cx, CD_E_INVALID_REQUEST, "Transfer-Encoding", "The body's end is ambiguous");
	return cd_str_eq_nocase(coding, CD_STR("chunked"))
		       ? CD_OK
		       : cd_fail(cx, CD_E_NOT_IMPLEMENTED, "Transfer-Encoding", "Only chunked is understood");
}

static cd_code check_fields(struct request *r, const llhttp_t *p)
{
	struct cd_cx *cx = &r->pub.cx;
	const struct cd_settings *set = cx->set;
	bool host = cd_http_field_nth(&r->pub, CD_STR("host"), 0).p;
	if (p->http_major != 1)
		return cd_fail(cx, CD_E_INVALID_REQUEST, NULL, "HTTP/1.1 is spoken here");
	if ((p->http_minor >= 1 && !host) || cd_http_field_nth(&r->pub, CD_STR("host"), 1).p)
		return cd_fail(cx, CD_E_INVALID_REQUEST, "Host", "A request has exactly one Host");
	if (check_framing(cx, &r->pub, p))
		return cx->err.code;
	if (r->pub.target.n > set->uri_max)
		return cd_fail(cx, CD_E_URI_TOO_LONG, NULL, "The target is longer than %llu bytes",
			(unsigned long long)set->uri_max);
	cd_str expect = cd_http_field(&r->pub, CD_STR("expect"));
	if (expect.p && !cd_str_eq_nocase(expect, CD_STR("100-continue")))
		return cd_fail(cx, CD_E_EXPECTATION, "Expect", "Only 100-continue is understood");
	if (r->pub.has_length && p->content_length > set->body_max)
		return cd_fail(cx, CD_E_TOO_LARGE, "Content-Length", "A body may have %llu bytes",
			(unsigned long long)set->body_max);
	return CD_OK;
}

void cd_head_take(struct cd_http_buffer *b, struct request *r, const llhttp_t *p)
{
	r->pub.method = method_of(p);
	r->pub.target = text_of(b, r->target);
	make_fields(b, r);
	cut_target(r);
	r->pub.has_length = p->flags & F_CONTENT_LENGTH;
	r->pub.chunked = p->flags & F_CHUNKED;
	/* behind a CONNECT comes whatever its sender takes for a tunnel */
	r->close_after = !llhttp_should_keep_alive(p) || p->method == HTTP_CONNECT;
	r->head_end = r->raw_n ? r->raw[r->raw_n - 1].value.at + r->raw[r->raw_n - 1].value.n
			       : r->target.at + r->target.n;
}

cd_code cd_head_check(const struct cd_http_buffer *b, struct request *r, const llhttp_t *p)
{
	cd_code code = check_fields(r, p);
	if (code || lines_are_sound(b, r))
		return code;
	r->close_after = true;
	return cd_fail(&r->pub.cx, CD_E_INVALID_REQUEST, NULL, "A line of the head is malformed");
}
