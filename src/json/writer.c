/* JSON out: no blanks, as few escapes as JSON allows, numbers as they were written. */
#include "json/json.h"

/* The bytes that must be escaped: controls, quote, backslash. */
static bool plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

/* The same of eight bytes at once: in a byte of `v` that is zero after the exclusive or, or below 0x20, the
 * borrow of the subtraction sets the highest bit. It may do so in a byte above such a one, too: only "all
 * plain" is exact. */
static bool plain8(const char *p)
{
	const uint64_t ones = 0x0101010101010101u, tops = ones << 7;
	uint64_t v;
	memcpy(&v, p, sizeof v);
	uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';
	return (((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops
		       ? false
		       : true;
}

static void put_escape(struct cd_buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] = {['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't',
		['"'] = '"',
		['\\'] = '\\'};
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
	if (c < sizeof letters && letters[c]) {
		text[1] = letters[c];
		cd_buf_put(b, cd_str_of(text, 2));
	} else {
		cd_buf_put(b, cd_str_of(text, 6));
	}
}

void cd_json_write_string(struct cd_buf *b, cd_str s)
{
	cd_buf_char(b, '"');
	for (size_t i = 0; i < s.n;) {
		size_t from = i;
		while (i + 8 <= s.n && plain8(s.p + i))
			i += 8;
		while (i < s.n && plain((unsigned char)s.p[i]))
			i++;
		cd_buf_put(b, cd_str_of(s.p + from, i - from));
		if (i < s.n)
			put_escape(b, (unsigned char)s.p[i++]);
	}
	cd_buf_char(b, '"');
}

static void write_items(struct cd_buf *b, const struct cd_json *node)
{
	bool object = node->kind == CD_JSON_OBJECT;
	cd_buf_char(b, object ? '{' : '[');
	for (const struct cd_json *n = node->child; n; n = n->next) {
		if (n != node->child)
			cd_buf_char(b, ',');
		if (object) {
			cd_json_write_string(b, n->key);
			cd_buf_char(b, ':');
		}
		cd_json_write(b, n);
	}
	cd_buf_char(b, object ? '}' : ']');
}

void cd_json_write(struct cd_buf *b, const struct cd_json *node)
{
	switch (node->kind) {
	case CD_JSON_NULL:
		CD_BUF_LIT(b, "null");
		break;
	case CD_JSON_FALSE:
		CD_BUF_LIT(b, "false");
		break;
	case CD_JSON_TRUE:
		CD_BUF_LIT(b, "true");
		break;
	case CD_JSON_NUMBER:
		cd_buf_put(b, node->text);
		break;
	case CD_JSON_STRING:
		cd_json_write_string(b, node->text);
		break;
	case CD_JSON_ARRAY:
	case CD_JSON_OBJECT:
		write_items(b, node);
		break;
	}
}

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c | 32) - 'a' + 10;
}

static char unescaped(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

cd_str cd_json_unquote(struct cd_arena *arena, cd_str quoted)
{
	cd_str in = quoted.n >= 2 ? cd_str_of(quoted.p + 1, quoted.n - 2) : cd_str_of("", 0);
	if (cd_str_find(in, '\\') == in.n)
		return in;
	char *out = cd_arena_alloc(arena, in.n);
	size_t n = 0;
	for (size_t i = 0; out && i < in.n; i++) {
		if (in.p[i] != '\\' || i + 1 == in.n) {
			out[n++] = in.p[i];
		} else if (in.p[++i] == 'u' && i + 4 < in.n) { /* our writer makes \u00xx only */
			out[n++] = (char)(hex_digit(in.p[i + 3]) << 4 | hex_digit(in.p[i + 4]));
			i += 4;
		} else {
			out[n++] = unescaped(in.p[i]);
		}
	}
	return cd_str_of(out, out ? n : 0);
}
