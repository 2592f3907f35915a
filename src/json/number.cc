/* Numbers as text: the grammar of RFC 8259, and conversion that no locale can change. */
#include <charconv>
#include <cmath>

extern "C" {
#include "json/json.h"
}

static size_t digits(cd_str s, size_t i)
{
	size_t from = i;
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i - from;
}

extern "C" bool cd_json_is_number(cd_str s)
{
	size_t i = s.n && s.p[0] == '-';
	size_t n = digits(s, i);
	if (n == 0 || (n > 1 && s.p[i] == '0'))
		return false;
	i += n;
	if (i < s.n && s.p[i] == '.') {
		n = digits(s, ++i);
		if (n == 0)
			return false;
		i += n;
	}
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		i++;
		if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
			i++;
		n = digits(s, i);
		if (n == 0)
			return false;
		i += n;
	}
	return i == s.n;
}

/* from_chars tells "out of range" for both ends: too large is infinity, too small is zero. */
static double out_of_range(cd_str s)
{
	int64_t magnitude = 0,
		exponent = 0; /* digits count into the millions: the exponent's bound is far above them */
	bool point = false, leading = true;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == 'e' || c == 'E') {
			bool minus = s.p[i + 1] == '-';
			for (size_t k = i + 1; k < s.n && exponent < 1000000000000; k++)
				if (s.p[k] >= '0' && s.p[k] <= '9')
					exponent = exponent * 10 + (s.p[k] - '0');
			exponent = minus ? -exponent : exponent;
			break;
		}
		if (c == '.')
			point = true;
		else if (c >= '0' && c <= '9') {
			leading = leading && c == '0';
			if (!point && !leading)
				magnitude++;
			else if (point && leading)
				magnitude--;
		}
	}
	double v = magnitude + exponent > 0 ? INFINITY : 0.0;
	return s.p[0] == '-' ? -v : v;
}

extern "C" double cd_json_number(cd_str s)
{
	double v = 0;
	auto r = std::from_chars(s.p, s.p + s.n, v);
	return r.ec == std::errc::result_out_of_range ? out_of_range(s) : v;
}

extern "C" void cd_json_write_number(struct cd_buf *b, double v)
{
	char text[32];
	auto r = std::to_chars(text, text + sizeof text, v);
	cd_buf_put(b, cd_str_of(text, static_cast<size_t>(r.ptr - text)));
}
