/* One pass over pattern and text. "iso" is read by hand: its parts may be missing, and it is the common one. */
#include "intake/moment.h"

#include "intake/zone.h"
#include "json/json.h"

struct parts {
	int64_t year;
	unsigned month, day, hour, minute, second, micros, digits;
	bool half_day, afternoon, offset;
	int64_t offset_us;
};

static bool digit(cd_str s, size_t i)
{
	return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

/* least to most digits at *s. */
static bool take_number(cd_str *s, unsigned least, unsigned most, unsigned *ret)
{
	unsigned n = 0, v = 0;
	for (; n < most && digit(*s, n); n++)
		v = v * 10 + (unsigned)(s->p[n] - '0');
	if (n < least)
		return false;
	*s = cd_str_skip(*s, n);
	*ret = v;
	return true;
}

static bool take_char(cd_str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = cd_str_skip(*s, 1);
	return true;
}

/* Digits past the sixth are cut off: instants have microseconds. */
static bool take_fraction(cd_str *s, struct parts *p)
{
	unsigned n = 0;
	p->micros = 0;
	for (; digit(*s, n); n++)
		if (n < 6)
			p->micros = p->micros * 10 + (unsigned)(s->p[n] - '0');
	*s = cd_str_skip(*s, n);
	p->digits = n < 6 ? n : 6;
	for (unsigned i = p->digits; i < 6; i++)
		p->micros *= 10;
	return n > 0;
}

static bool take_offset(cd_str *s, struct parts *p)
{
	unsigned hours, minutes = 0;
	p->offset = true;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	bool minus = s->n && s->p[0] == '-';
	if (!minus && (s->n == 0 || s->p[0] != '+'))
		return false;
	*s = cd_str_skip(*s, 1);
	if (!take_number(s, 2, 2, &hours))
		return false;
	(void)take_char(s, ':');
	if (digit(*s, 0) && !take_number(s, 2, 2, &minutes))
		return false;
	p->offset_us = ((int64_t)hours * 60 + minutes) * 60000000 * (minus ? -1 : 1);
	return hours < 24 && minutes < 60;
}

static bool take_month_name(cd_str *s, struct parts *p)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	for (unsigned m = 0; s->n >= 3 && m < 12; m++)
		if (cd_str_eq_nocase(cd_str_of(s->p, 3), cd_str_of(names + 3 * m, 3))) {
			p->month = m + 1;
			*s = cd_str_skip(*s, 3);
			return true;
		}
	return false;
}

static bool take_half(cd_str *s, struct parts *p)
{
	if (s->n < 2 || (s->p[1] | 32) != 'm' || ((s->p[0] | 32) != 'a' && (s->p[0] | 32) != 'p'))
		return false;
	p->half_day = true;
	p->afternoon = (s->p[0] | 32) == 'p';
	*s = cd_str_skip(*s, 2);
	return true;
}

static bool year_of_two(cd_str *s, struct parts *p)
{
	unsigned v;
	if (!take_number(s, 2, 2, &v))
		return false;
	p->year = v < 70 ? 2000 + v : 1900 + v;
	return true;
}

static bool year_of_four(cd_str *s, struct parts *p)
{
	unsigned v;
	if (!take_number(s, 4, 4, &v))
		return false;
	p->year = v;
	return true;
}

#define NUMBER(name, field, least)                                                                           \
	static bool name(cd_str *s, struct parts *p)                                                         \
	{                                                                                                    \
		return take_number(s, least, 2, &p->field);                                                  \
	}
NUMBER(month_of_two, month, 2)
NUMBER(month_short, month, 1)
NUMBER(day_of_two, day, 2)
NUMBER(day_short, day, 1)
NUMBER(hour_of_two, hour, 2)
NUMBER(hour_short, hour, 1)
NUMBER(minute_of_two, minute, 2)
NUMBER(second_of_two, second, 2)

/* Longest first, since the shorter ones begin alike. */
static const struct {
	cd_str letters;
	bool (*take)(cd_str *, struct parts *);
} fields[] = {
	{CD_STR_INIT("YYYY"), year_of_four},
	{CD_STR_INIT("YY"), year_of_two},
	{CD_STR_INIT("MMM"), take_month_name},
	{CD_STR_INIT("MM"), month_of_two},
	{CD_STR_INIT("M"), month_short},
	{CD_STR_INIT("DD"), day_of_two},
	{CD_STR_INIT("D"), day_short},
	{CD_STR_INIT("hh"), hour_of_two},
	{CD_STR_INIT("h"), hour_short},
	{CD_STR_INIT("mm"), minute_of_two},
	{CD_STR_INIT("ss"), second_of_two},
	{CD_STR_INIT("SSS"), take_fraction},
	{CD_STR_INIT("A"), take_half},
	{CD_STR_INIT("ZZ"), take_offset},
};
enum { FIELDS_N = sizeof fields / sizeof *fields };

static unsigned field_at(cd_str pattern)
{
	unsigned i = 0;
	while (i < FIELDS_N && !cd_str_starts(pattern, fields[i].letters))
		i++;
	return i;
}

static bool read_pattern(cd_str pattern, cd_str s, struct parts *p)
{
	while (pattern.n) {
		unsigned i = field_at(pattern);
		if (i < FIELDS_N) {
			if (!fields[i].take(&s, p))
				return false;
			pattern = cd_str_skip(pattern, fields[i].letters.n);
		} else {
			if (!take_char(&s, pattern.p[0]))
				return false;
			pattern = cd_str_skip(pattern, 1);
		}
	}
	return s.n == 0;
}

static bool read_iso(cd_str s, struct parts *p)
{
	if (!year_of_four(&s, p) || !take_char(&s, '-') || !take_number(&s, 2, 2, &p->month) ||
		!take_char(&s, '-') || !take_number(&s, 2, 2, &p->day))
		return false;
	if (s.n == 0)
		return true;
	if (!take_char(&s, 'T') && !take_char(&s, ' ') && !take_char(&s, 't'))
		return false;
	if (!take_number(&s, 1, 2, &p->hour) || !take_char(&s, ':') || !take_number(&s, 2, 2, &p->minute))
		return false;
	if (take_char(&s, ':') && !take_number(&s, 2, 2, &p->second))
		return false;
	if ((take_char(&s, '.') || take_char(&s, ',')) && !take_fraction(&s, p))
		return false;
	(void)take_char(&s, ' ');
	return s.n == 0 || (take_offset(&s, p) && s.n == 0);
}

static bool assemble(struct parts *p, struct cd_moment *ret)
{
	if (p->half_day && (p->hour < 1 || p->hour > 12))
		return false;
	if (p->half_day)
		p->hour = p->hour % 12 + (p->afternoon ? 12 : 0);
	bool midnight = p->hour == 24 && p->minute == 0 && p->second == 0 && p->micros == 0;
	if (!cd_is_day(p->year, p->month, p->day) || (p->hour > 23 && !midnight) || p->minute > 59 ||
		p->second > 59)
		return false;
	int64_t seconds =
		cd_days(p->year, p->month, p->day) * 86400 + p->hour * 3600 + p->minute * 60 + p->second;
	*ret = (struct cd_moment){
		.local_us = seconds * 1000000 + p->micros,
		.offset = p->offset,
		.offset_us = p->offset_us,
		.digits = p->digits,
	};
	return true;
}

/* Seconds or milliseconds since 1970; a fraction is welcome. */
static bool read_unix(cd_str s, double unit_us, struct cd_moment *ret)
{
	if (!cd_json_is_number(s))
		return false;
	double us = cd_json_number(s) * unit_us;
	if (!(us > -6e16 && us < 2e17))
		return false;
	*ret = (struct cd_moment){.local_us = (int64_t)(us + (us < 0 ? -0.5 : 0.5)), .offset = true};
	ret->digits = ret->local_us % 1000000 == 0 ? 0 : ret->local_us % 1000 == 0 ? 3 : 6;
	return true;
}

bool cd_moment_read(const struct cd_moment_form *form, cd_str text, struct cd_moment *ret)
{
	struct parts p = {0};
	switch (form->kind) {
	case CD_FORM_ISO:
		return read_iso(text, &p) && assemble(&p, ret);
	case CD_FORM_UNIX:
		return read_unix(text, 1e6, ret);
	case CD_FORM_UNIX_MS:
		return read_unix(text, 1e3, ret);
	case CD_FORM_PATTERN:
		return read_pattern(form->pattern, text, &p) && assemble(&p, ret);
	}
	return false;
}

cd_code cd_moment_form(struct cd_cx *cx, const char *where, cd_str text, struct cd_moment_form *ret)
{
	unsigned seen = 0;
	*ret = (struct cd_moment_form){.kind = CD_FORM_PATTERN, .pattern = text};
	if (cd_str_eq(text, CD_STR("iso")))
		ret->kind = CD_FORM_ISO;
	else if (cd_str_eq(text, CD_STR("unix")))
		ret->kind = CD_FORM_UNIX;
	else if (cd_str_eq(text, CD_STR("unix-ms")))
		ret->kind = CD_FORM_UNIX_MS;
	if (ret->kind != CD_FORM_PATTERN)
		return CD_OK;
	for (cd_str rest = text; rest.n;) {
		unsigned i = field_at(rest);
		const char letter = rest.p[0];
		if (i < FIELDS_N)
			seen |= letter == 'Y' ? 1u : letter == 'M' ? 2u : letter == 'D' ? 4u : 0u;
		rest = cd_str_skip(rest, i < FIELDS_N ? fields[i].letters.n : 1);
	}
	if (seen == 7)
		return CD_OK;
	return cd_fail(cx, CD_E_BAD_REQUEST_DATA, where,
		"A time needs a year, a month and a day: \"DD.MM.YYYY hh:mm\"; or \"iso\", \"unix\", "
		"\"unix-ms\"");
}
