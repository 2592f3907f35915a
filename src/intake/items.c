#include "intake/items.h"

void cd_items_init(struct cd_items *s, size_t item_max,
	cd_code (*each)(void *, struct cd_cx *, cd_str, uint64_t), void *arg)
{
	*s = (struct cd_items){.line = 1, .each = each, .arg = arg};
	cd_buf_init(&s->item, item_max);
}

void cd_items_done(struct cd_items *s)
{
	cd_buf_done(&s->item);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static cd_code bad(struct cd_items *s, struct cd_cx *cx, const char *what)
{
	return cd_fail(cx, CD_E_INVALID_REQUEST, NULL, "line %llu: %s", (unsigned long long)s->line, what);
}

static cd_code item_ends(struct cd_items *s, struct cd_cx *cx)
{
	static const char padding[64]; /* of json/json.h: readable bytes behind the text */
	if (s->item.bad)
		return cd_fail(cx, s->item.bad, NULL, "line %llu: an item is larger than %zu bytes",
			(unsigned long long)s->item_line, s->item.max);
	size_t n = s->item.n;
	cd_buf_put(&s->item, cd_str_of(padding, sizeof padding));
	if (s->item.bad)
		return cd_fail(cx, s->item.bad, NULL, "line %llu: an item is larger than %zu bytes",
			(unsigned long long)s->item_line, s->item.max - sizeof padding);
	cd_code code = s->each(s->arg, cx, cd_str_of(s->item.p, n), s->item_line);
	cd_buf_reset(&s->item);
	s->comma = true;
	return code;
}

static cd_code array_ends(struct cd_items *s)
{
	s->array = s->comma = false;
	s->tail = s->wrapped;
	s->depth = s->wrapped;
	s->wrapped = false;
	return CD_OK;
}

/* Between items. A record separator may stand before each of a sequence. [RFC 8142] */
static cd_code outside(struct cd_items *s, struct cd_cx *cx, char c)
{
	if (blank(c) || (c == 0x1E && !s->array))
		return CD_OK;
	if (s->array && c == ',' && s->comma) {
		s->comma = false;
		return CD_OK;
	}
	if (s->array && c == ']')
		return array_ends(s);
	if (s->array && s->comma)
		return bad(s, cx, "expected a comma or the end of the array");
	if (c == '[' && !s->array) {
		s->array = true;
		s->comma = false;
		return CD_OK;
	}
	if (c != '{')
		return bad(s, cx, "expected an entity: a JSON object");
	s->item_line = s->line;
	s->depth = 1;
	s->name_n = 0;
	cd_buf_char(&s->item, c);
	return CD_OK;
}

/* `[` at depth 1 behind the name that is looked for: what was collected was the wrapping object's head. */
static bool wraps(struct cd_items *s)
{
	if (s->array || s->tail || s->depth != 1 || s->within.n == 0 || s->item.bad ||
		!cd_str_eq(cd_str_of(s->item.p + s->name_at, s->name_n), s->within))
		return false;
	cd_buf_reset(&s->item);
	s->depth = 0;
	s->array = s->wrapped = true;
	s->comma = false;
	return true;
}

/* A byte that may matter: a quote, a backslash, a bracket. */
static cd_code inside(struct cd_items *s, struct cd_cx *cx, char c)
{
	if (s->text) {
		if (s->escaped)
			s->escaped = false;
		else if (c == '\\')
			s->escaped = true;
		else if (c == '"') {
			s->text = false;
			if (s->depth == 1)
				s->name_n = s->item.n - 1 - s->name_at;
		}
		return CD_OK;
	}
	if (c == '"') {
		s->text = true;
		s->name_at = s->depth == 1 ? s->item.n : s->name_at;
	} else if (c == '[' && wraps(s)) {
		return CD_OK;
	} else if (c == '{' || c == '[') {
		s->depth++;
	} else if ((c == '}' || c == ']') && --s->depth == 0) {
		if (!s->tail)
			return item_ends(s, cx);
		s->tail = false;
		cd_buf_reset(&s->item);
	}
	return CD_OK;
}

static const bool matters[256] = {
	['"'] = true, ['\\'] = true, ['{'] = true, ['}'] = true, ['['] = true, [']'] = true, ['\n'] = true};

/* How many bytes stand before the next that may matter. */
static size_t dull(const struct cd_items *s, cd_str text)
{
	size_t n = 0;
	if (s->text && s->escaped)
		return 0;
	while (n < text.n && !matters[(unsigned char)text.p[n]])
		n++;
	return n;
}

/* Takes what it can of `text` inside an item; returns how much. */
static size_t take_inside(struct cd_items *s, struct cd_cx *cx, cd_str text)
{
	size_t n = dull(s, text);
	size_t keep = n < text.n ? n + 1 : n;
	if (!s->tail)
		cd_buf_put(&s->item, cd_str_of(text.p, keep));
	if (n < text.n) {
		(void)inside(s, cx, text.p[n]);
		s->line += text.p[n] == '\n';
	}
	return keep;
}

cd_code cd_items_feed(struct cd_items *s, struct cd_cx *cx, cd_str text)
{
	s->bytes += text.n;
	while (text.n && !cx->err.code) {
		size_t n = 1;
		if (s->depth) {
			n = take_inside(s, cx, text);
		} else {
			(void)outside(s, cx, text.p[0]);
			s->line += text.p[0] == '\n';
		}
		text = cd_str_skip(text, n);
	}
	return cx->err.code;
}

cd_code cd_items_end(struct cd_items *s, struct cd_cx *cx)
{
	if (s->depth)
		return bad(s, cx, s->tail ? "the input ends inside an object" : "the input ends inside an entity");
	return s->array ? bad(s, cx, "the input ends inside an array") : CD_OK;
}
