/*
 * ICU knows the rules; asked once, it gives the instants at which the offset changes, 1900 to 2100. From then
 * on a lookup is a look at the stretch that the last one fell into, or a binary search.
 */
#include "intake/zone.h"

#include "os/library.h"

#include <pthread.h>
#include <unicode/ucal.h>

#define DAY_US ((int64_t)86400 * 1000000)

#define ICU_CALLS(X)                                                                                         \
	X(open, ucal_open)                                                                                   \
	X(close, ucal_close)                                                                                 \
	X(set, ucal_setMillis)                                                                               \
	X(get, ucal_get)                                                                                     \
	X(next, ucal_getTimeZoneTransitionDate)                                                              \
	X(canonical, ucal_getCanonicalTimeZoneID)

#define POINTER(member, f) __typeof__(f) *member;
static struct {
	ICU_CALLS(POINTER)
} icu;
static bool loaded;

static void load(void)
{
#define TEXT(f)         #f
#define NAME(member, f) TEXT(f),
	static const char *const names[] = {ICU_CALLS(NAME)};
	loaded = cd_library_load("libicui18n.so." U_ICU_VERSION_SHORT, names, (void **)&icu,
		sizeof icu / sizeof(void *));
}

/* From `from` on local time is UTC plus `offset`. */
struct stretch {
	int64_t from, offset;
};
enum { STRETCHES_MAX = 1024 };
struct cd_zone {
	uint32_t n, last;
	struct stretch *parts;
};

int64_t cd_days(int64_t year, unsigned month, unsigned day)
{
	/* years that begin in March: the leap day is the last one */
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool cd_is_day(int64_t year, unsigned month, unsigned day)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (unsigned)(month == 2 && leap);
}

/* +01:00, -0330 */
static bool fixed(cd_str name, int64_t *ret_us)
{
	unsigned d[4], n = 0;
	if (name.n < 5 || (name.p[0] != '+' && name.p[0] != '-'))
		return false;
	for (size_t i = 1; i < name.n; i++) {
		char c = name.p[i];
		if (c == ':' && i == 3)
			continue;
		if (c < '0' || c > '9' || n == 4)
			return false;
		d[n++] = (unsigned)(c - '0');
	}
	if (n != 4)
		return false;
	int64_t hours = d[0] * 10 + d[1], minutes = d[2] * 10 + d[3];
	*ret_us = (hours * 60 + minutes) * 60000000 * (name.p[0] == '-' ? -1 : 1);
	return hours < 24 && minutes < 60;
}

static bool wide_name(cd_str name, UChar *to, size_t max)
{
	if (name.n == 0 || name.n >= max)
		return false;
	for (size_t i = 0; i < name.n; i++)
		to[i] = (unsigned char)name.p[i];
	to[name.n] = 0;
	return true;
}

static int64_t offset_at(UCalendar *calendar, double ms)
{
	UErrorCode error = U_ZERO_ERROR;
	icu.set(calendar, ms, &error);
	int64_t offset = icu.get(calendar, UCAL_ZONE_OFFSET, &error);
	offset += icu.get(calendar, UCAL_DST_OFFSET, &error);
	return U_FAILURE(error) ? 0 : offset * 1000;
}

static void collect(UCalendar *calendar, struct cd_zone *z)
{
	double ms = (double)cd_days(1900, 1, 1) * 86400000, end = (double)cd_days(2100, 1, 1) * 86400000;
	z->parts[z->n++] = (struct stretch){INT64_MIN / 2, offset_at(calendar, ms)};
	while (z->n < STRETCHES_MAX) {
		UErrorCode error = U_ZERO_ERROR;
		double at;
		icu.set(calendar, ms, &error);
		if (!icu.next(calendar, UCAL_TZ_TRANSITION_NEXT, &at, &error) || U_FAILURE(error) || at >= end)
			break;
		int64_t offset = offset_at(calendar, at);
		if (offset != z->parts[z->n - 1].offset)
			z->parts[z->n++] = (struct stretch){(int64_t)at * 1000, offset};
		ms = at;
	}
}

static cd_code ask_icu(struct cd_cx *cx, const char *where, cd_str name, struct cd_zone *z)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	UChar wide[64], canonical[64];
	UErrorCode error = U_ZERO_ERROR;
	pthread_once(&once, load);
	if (!loaded)
		return cd_fail(cx, CD_E_INTERNAL, where, "Time zones need the library ICU, which is missing");
	if (!wide_name(name, wide, 64) ||
		(icu.canonical(wide, (int32_t)name.n, canonical, 64, NULL, &error), U_FAILURE(error)))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, where,
			"There is no time zone \"" CD_STR_FMT "\"; one is \"Europe/Berlin\"", CD_STR_ARG(name));
	UCalendar *calendar = icu.open(wide, (int32_t)name.n, "en", UCAL_GREGORIAN, &error);
	if (U_FAILURE(error))
		return cd_fail_memory(cx);
	collect(calendar, z);
	icu.close(calendar);
	return CD_OK;
}

cd_code cd_zone_open(struct cd_cx *cx, const char *where, cd_str name, struct cd_zone **ret)
{
	struct cd_zone *z = CD_NEW(cx->arena, struct cd_zone);
	int64_t offset = 0;
	if (z)
		z->parts = CD_NEWS(cx->arena, struct stretch, STRETCHES_MAX);
	if (!z || !z->parts)
		return cd_fail_memory(cx);
	if (cd_str_eq(name, CD_STR("UTC")) || cd_str_eq(name, CD_STR("Z")) || fixed(name, &offset))
		z->parts[z->n++] = (struct stretch){INT64_MIN / 2, offset};
	else if (ask_icu(cx, where, name, z))
		return cx->err.code;
	*ret = z;
	return CD_OK;
}

static bool holds(const struct cd_zone *z, uint32_t i, int64_t us)
{
	return us >= z->parts[i].from && (i + 1 == z->n || us < z->parts[i + 1].from);
}

/* Clearly inside one stretch: the neighbours' clocks differ by less than two days. */
static bool deep_inside(const struct cd_zone *z, uint32_t i, int64_t us)
{
	return us >= z->parts[i].from + 2 * DAY_US && (i + 1 == z->n || us < z->parts[i + 1].from - 2 * DAY_US);
}

static uint32_t stretch_of(const struct cd_zone *z, int64_t us)
{
	uint32_t low = 0, high = z->n;
	while (high - low > 1) {
		uint32_t mid = (low + high) / 2;
		if (z->parts[mid].from <= us)
			low = mid;
		else
			high = mid;
	}
	return low;
}

struct cd_zone_instants cd_zone_instants(struct cd_zone *z, int64_t local_us)
{
	struct cd_zone_instants r = {.n = 0};
	int64_t guess = local_us - z->parts[z->last].offset;
	if (deep_inside(z, z->last, guess)) {
		r.us[r.n++] = guess;
		return r;
	}
	uint32_t near = stretch_of(z, local_us);
	for (uint32_t i = near > 1 ? near - 2 : 0; i < z->n && i <= near + 2; i++) {
		int64_t us = local_us - z->parts[i].offset;
		if (holds(z, i, us)) {
			z->last = i;
			if (r.n < 2)
				r.us[r.n++] = us;
		} else if (r.n == 0 && us >= z->parts[i].from) {
			r.us[0] = us; /* behind the end of this stretch: its clock, should no other hold it */
		}
	}
	return r;
}
