#include "cli/items.h"

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

/* Between items. */
static cd_code outside(struct cd_items *s, struct cd_cx *cx, char c)
{
	if (blank(c))
		return CD_OK;
	if (s->array && c == ',' && s->comma) {
		s->comma = false;
		return CD_OK;
	}
	if (s->array && c == ']') {
		s->array = false;
		s->comma = false;
		return CD_OK;
	}
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
	cd_buf_char(&s->item, c);
	return CD_OK;
}

static cd_code inside(struct cd_items *s, struct cd_cx *cx, char c)
{
	cd_buf_char(&s->item, c);
	if (s->text) {
		if (s->escaped)
			s->escaped = false;
		else if (c == '\\')
			s->escaped = true;
		else if (c == '"')
			s->text = false;
		return CD_OK;
	}
	if (c == '"')
		s->text = true;
	else if (c == '{' || c == '[')
		s->depth++;
	else if ((c == '}' || c == ']') && --s->depth == 0)
		return item_ends(s, cx);
	return CD_OK;
}

cd_code cd_items_feed(struct cd_items *s, struct cd_cx *cx, cd_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		cd_code code = s->depth ? inside(s, cx, c) : outside(s, cx, c);
		if (code)
			return code;
		s->line += c == '\n';
	}
	s->bytes += text.n;
	return CD_OK;
}

cd_code cd_items_end(struct cd_items *s, struct cd_cx *cx)
{
	if (s->depth)
		return bad(s, cx, "the input ends inside an entity");
	return s->array ? bad(s, cx, "the input ends inside an array") : CD_OK;
}
