#include "base/clock.h"

#include <time.h>

/* Days since 1970-01-01 of a proleptic Gregorian date: years start in March, so that the leap day comes last.
 */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	unsigned yoe = (unsigned)(y - era * 400);
	unsigned doy = (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1;
	unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + (int64_t)doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
	z += 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

static bool digits(const char *p, unsigned n, unsigned *ret)
{
	unsigned v = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned d = (unsigned char)p[i] - '0';
		if (d > 9)
			return false;
		v = v * 10 + d;
	}
	*ret = v;
	return true;
}

static unsigned days_in_month(unsigned y, unsigned m)
{
	static const unsigned char days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return days[m] + (m == 2 && leap);
}

/* ".123456Z" or ",5Z" behind the seconds. */
static bool fraction(cd_str s, unsigned *us, unsigned *form)
{
	*us = *form = 0;
	if (s.n == 1)
		return s.p[0] == 'Z';
	if (s.n < 3 || s.n > 8 || (s.p[0] != '.' && s.p[0] != ',') || s.p[s.n - 1] != 'Z')
		return false;
	unsigned n = (unsigned)s.n - 2;
	if (!digits(s.p + 1, n, us))
		return false;
	*form = n + (s.p[0] == ',' ? 8 : 0);
	for (; n < 6; n++)
		*us *= 10;
	return true;
}

bool cd_stamp_parse(cd_str t, cd_stamp *ret)
{
	unsigned y, mo, d, h, mi, s, us, form;
	const char *p = t.p;
	if (t.n < 20 || p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':')
		return false;
	if (!digits(p, 4, &y) || !digits(p + 5, 2, &mo) || !digits(p + 8, 2, &d) || !digits(p + 11, 2, &h) ||
		!digits(p + 14, 2, &mi) || !digits(p + 17, 2, &s) ||
		!fraction(cd_str_skip(t, 19), &us, &form))
		return false;
	if (mo < 1 || mo > 12 || d < 1 || d > days_in_month(y, mo) || h > 23 || mi > 59 || s > 59)
		return false;
	int64_t sec = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + s;
	*ret = cd_stamp_of(sec * 1000000 + us, form);
	return true;
}

static char *put(char *p, unsigned v, unsigned n)
{
	for (unsigned i = n; i-- > 0; v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + n;
}

/* Times of one answer are mostly of few days: the last one's text is kept. */
static char *put_day(char *p, int64_t day)
{
	static _Thread_local int64_t known = INT64_MIN;
	static _Thread_local char text[10];
	if (day != known) {
		int64_t y;
		unsigned m, d;
		civil_from_days(day, &y, &m, &d);
		char *at = put(text, (unsigned)y, 4);
		*at++ = '-';
		at = put(at, m, 2);
		*at++ = '-';
		(void)put(at, d, 2);
		known = day;
	}
	memcpy(p, text, sizeof text);
	return p + sizeof text;
}

size_t cd_stamp_print(cd_stamp stamp, char out[CD_STAMP_TEXT_MAX])
{
	unsigned form = (unsigned)(stamp & 15), n = form & 7;
	cd_time_us us = cd_stamp_us(stamp);
	int64_t sec = us / 1000000, frac = us % 1000000;
	if (frac < 0) {
		frac += 1000000;
		sec--;
	}
	int64_t day = sec / 86400, rest = sec % 86400;
	if (rest < 0) {
		rest += 86400;
		day--;
	}
	unsigned r = (unsigned)rest;
	char *p = put_day(out, day);
	*p++ = 'T';
	p = put(p, r / 3600, 2);
	*p++ = ':';
	p = put(p, r / 60 % 60, 2);
	*p++ = ':';
	p = put(p, r % 60, 2);
	if (n) {
		unsigned f = (unsigned)frac;
		for (unsigned i = n; i < 6; i++)
			f /= 10;
		*p++ = form & 8 ? ',' : '.';
		p = put(p, f, n);
	}
	*p++ = 'Z';
	return (size_t)(p - out);
}

static cd_time_us clock_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (cd_time_us)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

cd_time_us cd_time_wall(void)
{
	return clock_us(CLOCK_REALTIME);
}

cd_time_us cd_time_mono(void)
{
	return clock_us(CLOCK_MONOTONIC);
}
