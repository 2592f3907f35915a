/* How long an answer may be used, from its fields. [RFC 9111 4.2] */
#include "jsonld/documents.h"

#include <string.h>
#include <time.h>

enum { FRESH_MAX_S = 31536000 };

static bool directive(cd_str field, const char *name, unsigned long long *ret)
{
	cd_str rest = field;
	while (rest.p) {
		cd_str part = cd_str_trim(cd_str_cut(&rest, ','));
		cd_str key = cd_str_trim(cd_str_cut(&part, '='));
		if (!cd_str_eq_nocase(key, cd_str_z(name)))
			continue;
		*ret = 0;
		cd_str value = cd_str_trim(part);
		if (value.n >= 2 && value.p[0] == '"')
			value = cd_str_of(value.p + 1, value.n - 2);
		return part.p == NULL || cd_str_u64(value, ret);
	}
	return false;
}

static bool http_date(cd_str text, time_t *ret)
{
	char copy[64];
	struct tm tm = {0};
	if (text.n == 0 || text.n >= sizeof copy)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	if (!strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return false;
	*ret = timegm(&tm);
	return true;
}

cd_time_us cd_fresh_lifetime(const struct cd_settings *set, const struct cd_ctx_fetched *f)
{
	unsigned long long s, age = 0;
	time_t expires, date;
	(void)cd_str_u64(f->age, &age);
	if (directive(f->cache_control, "no-store", &s) || directive(f->cache_control, "no-cache", &s))
		return 0;
	if (!directive(f->cache_control, "s-maxage", &s) && !directive(f->cache_control, "max-age", &s)) {
		if (!f->expires.p)
			return (cd_time_us)set->context_age;
		if (!http_date(f->expires, &expires)) /* "0" and the like: it is over already [5.3] */
			return 0;
		if (!http_date(f->date, &date))
			date = time(NULL);
		s = expires > date ? (unsigned long long)(expires - date) : 0;
	}
	s = s > FRESH_MAX_S ? FRESH_MAX_S : s;
	return (cd_time_us)(s > age ? s - age : 0) * 1000000;
}
