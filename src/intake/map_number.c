/* Written numbers of any habit as JSON numbers, and names as slugs. */
#include "intake/letters.h"
#include "intake/mapping_int.h"

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Three digits and no fourth: 1.234 is a thousand, 7.6 is none. */
static bool three(cd_str s)
{
	return s.n >= 3 && digit(s.p[0]) && digit(s.p[1]) && digit(s.p[2]) && (s.n == 3 || !digit(s.p[3]));
}

/* Digits, and the separators before each three of them. */
static void whole_part(const struct cd_number_form *f, cd_str *rest, char *to, size_t *n)
{
	size_t i = 0;
	bool after_digit = false;
	for (; i < rest->n && *n < CD_NUMBER_MAX - 2; i++) {
		char c = rest->p[i];
		if (digit(c)) {
			/* no leading zeros: 007 is 7 */
			if (*n && to[*n - 1] == '0' && (*n == 1 || to[*n - 2] == '-'))
				(*n)--;
			to[(*n)++] = c;
		} else if (!f->thousands || c != f->thousands || !after_digit ||
			   !three(cd_str_skip(*rest, i + 1))) {
			break;
		}
		after_digit = digit(c);
	}
	*rest = cd_str_skip(*rest, i);
}

bool cd_number_read(const struct cd_number_form *f, cd_str text, char to[CD_NUMBER_MAX], cd_str *ret)
{
	size_t n = 0;
	text = cd_str_trim(text);
	if (f->decimal == '.' && !f->thousands && cd_json_is_number(text)) {
		*ret = text;
		return true;
	}
	if (text.n && (text.p[0] == '-' || text.p[0] == '+')) {
		if (text.p[0] == '-')
			to[n++] = '-';
		text = cd_str_skip(text, 1);
	}
	size_t sign = n;
	whole_part(f, &text, to, &n);
	bool point = text.n && text.p[0] == f->decimal;
	if (!point && text.n && text.p[0] == '.')
		return false; /* a point that means something else here */
	if (n == sign) {
		if (!point || text.n < 2)
			return false;
		to[n++] = '0'; /* .5 */
	}
	if (point && text.n == 1) { /* 5. */
		*ret = cd_str_of(to, n);
		return true;
	}
	if (point)
		to[n++] = '.';
	text = cd_str_skip(text, point);
	if (text.n > CD_NUMBER_MAX - n)
		return false;
	if (text.n)
		memcpy(to + n, text.p, text.n);
	*ret = cd_str_of(to, n + text.n);
	return cd_json_is_number(*ret);
}

cd_str cd_slug(struct cd_arena *arena, cd_str text)
{
	char *p = cd_arena_alloc(arena, text.n * 2 + 1);
	size_t n = 0;
	bool gap = false;
	while (p && text.n) {
		cd_str letters = cd_plain_letters(&text);
		if (letters.n && gap && n)
			p[n++] = '-';
		gap = letters.n == 0;
		for (size_t i = 0; i < letters.n; i++)
			p[n++] = (char)(letters.p[i] >= 'A' && letters.p[i] <= 'Z' ? letters.p[i] + 32
										   : letters.p[i]);
	}
	return cd_str_of(p, n);
}
