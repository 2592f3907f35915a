/* Templates: text with fields in braces, which may pass through filters. The list of filters is closed. */
#include "intake/mapping_int.h"

#include "base/hash.h"
#include "model/uri.h"

#include <stdio.h>

typedef cd_str filter_step(struct cd_map_state *, const struct cd_filter *, cd_str);
struct cd_filter {
	filter_step *apply;
	cd_str argument;
	uint32_t number;
	struct cd_number_form *form;
	struct cd_time_form *time;
	bool last;
};

/* ---- what filters do; p == NULL: no value ---- */

static cd_str copy(struct cd_map_state *s, cd_str text)
{
	return cd_arena_copy(&s->row, text);
}

static cd_str trim(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	(void)s, (void)f;
	return cd_str_trim(text);
}

static cd_str lower(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	char *p = (char *)(text = copy(s, text)).p;
	(void)f;
	for (size_t i = 0; p && i < text.n; i++)
		p[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
	return text;
}

static cd_str upper(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	char *p = (char *)(text = copy(s, text)).p;
	(void)f;
	for (size_t i = 0; p && i < text.n; i++)
		p[i] = (char)(p[i] >= 'a' && p[i] <= 'z' ? p[i] - 32 : p[i]);
	return text;
}

static cd_str slug(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	(void)f;
	cd_str r = cd_slug(&s->row, text);
	return r.n ? r : cd_str_of(NULL, 0);
}

static bool alphanumeric(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* What may stand in any part of a URI as it is. [RFC 3986 2.3] */
static cd_str percent(struct cd_map_state *s, cd_str text, const char *more)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = cd_arena_alloc(&s->row, text.n * 3 + 1);
	size_t n = 0;
	for (size_t i = 0; p && i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (alphanumeric(c) || (c && strchr(more, c))) {
			p[n++] = (char)c;
			continue;
		}
		p[n++] = '%';
		p[n++] = hex[c >> 4];
		p[n++] = hex[c & 15];
	}
	return cd_str_of(p, n);
}

static cd_str uri(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	(void)f;
	return percent(s, text, "-._~");
}

/* A URI stays; anything else gets the argument before it. */
static cd_str as_id(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	if ((cd_str_starts(text, CD_STR("urn:")) || cd_str_starts(text, CD_STR("http://")) ||
		    cd_str_starts(text, CD_STR("https://"))) &&
		cd_uri_ok(text))
		return text;
	cd_str parts[] = {f->argument, percent(s, text, "-._~:/")};
	return parts[1].p ? cd_arena_join(&s->row, parts, 2) : parts[1];
}

static cd_str compact(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	char *p = cd_arena_alloc(&s->row, text.n + 1);
	size_t n = 0;
	(void)f;
	for (size_t i = 0; p && i < text.n; i++)
		if (alphanumeric((unsigned char)text.p[i]))
			p[n++] = text.p[i];
	return n ? cd_str_of(p, n) : cd_str_of(NULL, 0);
}

static cd_str number(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	char plain[CD_NUMBER_MAX];
	cd_str r;
	if (cd_number_read(f->form, text, plain, &r))
		return copy(s, r);
	cd_map_fault(s, "number", "\"" CD_STR_FMT "\" is no number", CD_STR_ARG(text));
	return cd_str_of(NULL, 0);
}

static cd_str datetime(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	char out[CD_STAMP_TEXT_MAX];
	cd_stamp t;
	if (!cd_map_time(s, f->time, text, &t))
		return cd_str_of(NULL, 0);
	return copy(s, cd_str_of(out, cd_stamp_print(t, out)));
}

static cd_str date(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	struct cd_moment m;
	char out[CD_STAMP_TEXT_MAX];
	if (cd_moment_read(&f->time->form, text, &m)) {
		size_t n = cd_stamp_print(cd_stamp_of(m.local_us, 0), out);
		return copy(s, cd_str_of(out, n < 10 ? n : 10));
	}
	cd_map_fault(
		s, "time", "\"" CD_STR_FMT "\" is no day of the form that is expected", CD_STR_ARG(text));
	return cd_str_of(NULL, 0);
}

static cd_str strip(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	(void)s;
	while (text.n && memchr(f->argument.p, text.p[0], f->argument.n))
		text = cd_str_skip(text, 1);
	while (text.n && memchr(f->argument.p, text.p[text.n - 1], f->argument.n))
		text.n--;
	return text;
}

/* One of the parts between the separator. */
static cd_str part(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	cd_str sep = f->argument;
	(void)s;
	for (uint32_t i = 0;; i++) {
		const char *at = memmem(text.p, text.n, sep.p, sep.n);
		if (!at)
			return f->last || i == f->number ? text : cd_str_of(NULL, 0);
		size_t n = (size_t)(at - text.p);
		if (!f->last && i == f->number)
			return cd_str_of(text.p, n);
		text = cd_str_skip(text, n + sep.n);
	}
}

static cd_str otherwise(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	(void)s;
	return text.n ? text : f->argument;
}

static cd_str hash(struct cd_map_state *s, const struct cd_filter *f, cd_str text)
{
	(void)f;
	return cd_arena_printf(&s->row, "%016llx", (unsigned long long)cd_hash64(text, 0));
}

enum argument { NONE, TEXT, SEPARATOR, PART };
static const struct {
	const char *name;
	filter_step *apply;
	enum argument argument;
} filters[] = {
	{"trim", trim, NONE},
	{"lower", lower, NONE},
	{"upper", upper, NONE},
	{"slug", slug, NONE},
	{"uri", uri, NONE},
	{"id", as_id, TEXT},
	{"compact", compact, NONE},
	{"number", number, NONE},
	{"datetime", datetime, NONE},
	{"date", date, NONE},
	{"strip", strip, TEXT},
	{"split", part, SEPARATOR},
	{"first", part, PART},
	{"last", part, PART},
	{"nth", part, PART},
	{"default", otherwise, TEXT},
	{"hash", hash, NONE},
};

/* ---- compiling ---- */

/* Up to one of `ends`, backslashes undone; *at goes behind it. */
static cd_str unescaped(struct cd_compile *c, cd_str text, size_t *at, const char *ends)
{
	char *p = cd_arena_alloc(c->cx->arena, text.n + 1);
	size_t n = 0;
	for (; p && *at < text.n && !strchr(ends, text.p[*at] ? text.p[*at] : 1); (*at)++) {
		/* only what has a meaning is escaped: a JSON path keeps its own backslashes */
		if (text.p[*at] == '\\' && *at + 1 < text.n && strchr("{}|:\\", text.p[*at + 1]))
			(*at)++;
		p[n++] = text.p[*at];
	}
	return cd_str_of(p, n);
}

static cd_code part_filter(
	struct cd_compile *c, const struct cd_json *at, struct cd_part *part_of, cd_str name, cd_str argument)
{
	struct cd_filter *f = part_of->filters_n ? &part_of->filters[part_of->filters_n - 1] : NULL;
	unsigned long long n = 1;
	if (!f || f->apply != part || f->number != CD_MAP_NONE || f->last)
		return cd_map_wrong(c, at, CD_STR_FMT " stands behind split", CD_STR_ARG(name));
	f->last = cd_str_eq(name, CD_STR("last"));
	if (cd_str_eq(name, CD_STR("nth")) && (!cd_str_u64(argument, &n) || n < 1 || n > 1000000))
		return cd_map_wrong(c, at, "Expected a number from 1 on: nth:2");
	f->number = (uint32_t)n - 1;
	return CD_OK;
}

static cd_code filter(struct cd_compile *c, const struct cd_json *at, struct cd_part *to, cd_str text)
{
	size_t colon = cd_str_find(text, ':'), end = 0;
	cd_str name = cd_str_of(text.p, colon), raw = cd_str_skip(text, colon + 1);
	cd_str argument = unescaped(c, raw, &end, "");
	if (!argument.p)
		return cd_fail_memory(c->cx);
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		if (!cd_str_eq(cd_str_z(filters[i].name), name))
			continue;
		if (filters[i].argument == PART)
			return part_filter(c, at, to, name, argument);
		if ((filters[i].argument == NONE) != (colon == text.n) ||
			(filters[i].argument == SEPARATOR && argument.n == 0))
			return cd_map_wrong(c, at, "The filter %s %s", filters[i].name,
				filters[i].argument == NONE ? "takes no argument" : "needs an argument");
		struct cd_filter *f = &to->filters[to->filters_n++];
		*f = (struct cd_filter){
			.apply = filters[i].apply, .argument = argument, .number = CD_MAP_NONE};
		f->form = &c->m->source.number;
		f->time = c->m->source.time;
		return CD_OK;
	}
	return cd_map_wrong(c, at, "There is no filter \"" CD_STR_FMT "\"", CD_STR_ARG(name));
}

/* Where the bar or brace that ends a piece is: one that no backslash precedes. */
static size_t piece_end(cd_str text, size_t i)
{
	for (; i < text.n && text.p[i] != '|' && text.p[i] != '}'; i++)
		i += text.p[i] == '\\' && i + 1 < text.n;
	return i < text.n ? i : text.n;
}

static cd_code field(
	struct cd_compile *c, const struct cd_json *at, size_t *i, uint32_t dot, struct cd_part *to)
{
	cd_str text = at->text;
	size_t end = piece_end(text, *i), k = 0;
	cd_str name = unescaped(c, cd_str_of(text.p + *i, end - *i), &k, "");
	if (!name.p)
		return cd_fail_memory(c->cx);
	to->slot = dot;
	if (dot == CD_MAP_NONE && cd_str_eq(name, CD_STR(".")))
		return cd_map_wrong(c, at, "{.} is what \"from\" names, which is missing");
	if (!cd_str_eq(name, CD_STR(".")) && cd_map_slot(c, at, name, &to->slot))
		return c->cx->err.code;
	uint32_t most = 0;
	for (size_t j = end; j < text.n; j++)
		most += text.p[j] == '|';
	to->filters = most ? CD_NEWS(c->cx->arena, struct cd_filter, most) : NULL;
	if (most && !to->filters)
		return cd_fail_memory(c->cx);
	while (end < text.n && text.p[end] == '|') {
		size_t from = end + 1;
		end = piece_end(text, from);
		if (filter(c, at, to, cd_str_of(text.p + from, end - from)))
			return c->cx->err.code;
	}
	for (uint32_t j = 0; j < to->filters_n; j++)
		if (to->filters[j].apply == part && to->filters[j].number == CD_MAP_NONE &&
			!to->filters[j].last)
			return cd_map_wrong(c, at, "Behind split stands first, last or nth");
	if (end >= text.n)
		return cd_map_wrong(c, at, "A brace is not closed");
	*i = end + 1;
	return CD_OK;
}

cd_code cd_map_template(struct cd_compile *c, const struct cd_json *at, uint32_t dot, struct cd_template *ret)
{
	if (at->kind != CD_JSON_STRING)
		return cd_map_wrong(c, at, "Expected a template: \"urn:ngsi-ld:Thing:{number}\"");
	uint32_t most = 1;
	for (size_t i = 0; i < at->text.n; i++)
		most += at->text.p[i] == '{' ? 2 : 0;
	ret->parts = CD_NEWS(c->cx->arena, struct cd_part, most);
	ret->n = 0;
	if (!ret->parts)
		return cd_fail_memory(c->cx);
	ret->constant = true;
	for (size_t i = 0; i < at->text.n;) {
		struct cd_part *p = &ret->parts[ret->n++];
		if (at->text.p[i] == '{') {
			i++;
			ret->constant = false;
			if (field(c, at, &i, dot, p))
				return c->cx->err.code;
		} else {
			p->literal = unescaped(c, at->text, &i, "{");
			if (!p->literal.p)
				return cd_fail_memory(c->cx);
		}
	}
	return CD_OK;
}

cd_code cd_map_template_member(
	struct cd_compile *c, const struct cd_json *object, const char *name, struct cd_template **ret)
{
	const struct cd_json *v = cd_json_get(object, cd_str_z(name));
	if (!v)
		return CD_OK;
	*ret = CD_NEW(c->cx->arena, struct cd_template);
	return *ret ? cd_map_template(c, v, UINT32_MAX, *ret) : cd_fail_memory(c->cx);
}

bool cd_template_passes(const struct cd_table *t, const struct cd_template *tpl)
{
	for (uint32_t i = 0; i < tpl->n; i++)
		if (!tpl->parts[i].literal.p && t->slots[tpl->parts[i].slot].passes)
			return true;
	return false;
}

/* ---- running ---- */

static cd_str part_text(struct cd_map_state *s, const struct cd_part *p, cd_str dot)
{
	cd_str text = p->slot == CD_MAP_DOT ? dot : s->cells[p->slot].text;
	for (uint32_t i = 0; i < p->filters_n; i++)
		if (text.n || p->filters[i].apply == otherwise)
			text = p->filters[i].apply(s, &p->filters[i], text);
	return text;
}

bool cd_template_put(struct cd_map_state *s, const struct cd_template *t, cd_str dot, struct cd_buf *to)
{
	size_t mark = to->n;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct cd_part *p = &t->parts[i];
		cd_str text = p->literal.p ? p->literal : part_text(s, p, dot);
		if (text.n == 0 && !p->literal.p) {
			to->n = mark;
			return false;
		}
		cd_buf_put(to, text);
	}
	return true;
}

cd_str cd_template_text(struct cd_map_state *s, const struct cd_template *t, cd_str dot)
{
	if (t->n == 1) {
		cd_str text = t->parts->literal.p ? t->parts->literal : part_text(s, t->parts, dot);
		return text.n ? text : cd_str_of(NULL, 0);
	}
	size_t mark = s->scratch.n;
	if (!cd_template_put(s, t, dot, &s->scratch))
		return cd_str_of(NULL, 0);
	cd_str text = cd_arena_copy(&s->row, cd_str_skip(cd_buf_str(&s->scratch), mark));
	s->scratch.n = mark;
	return text;
}
