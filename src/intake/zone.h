/*
 * intake/zone.h -- local times of an IANA time zone as instants: "Europe/Berlin", "UTC", "+01:00".
 *
 * In spring there are local times that no instant has, in autumn some that two have; the caller decides.
 */
#ifndef CD_INTAKE_ZONE_H
#define CD_INTAKE_ZONE_H

#include "base/cx.h"

struct cd_zone;
/* Lives in cx->arena. CD_E_BAD_REQUEST_DATA: no such zone (`where` names the member); CD_E_INTERNAL: no ICU. */
cd_code cd_zone_open(struct cd_cx *, const char *where, cd_str name, struct cd_zone **ret);

struct cd_zone_instants {
	unsigned n;        /* 1; 0: the clocks jumped over it; 2: they showed it twice */
	cd_time_us us[2];  /* n == 0: [0] is the instant by the clock before the jump */
};
/* `local_us`: microseconds since 1970-01-01T00:00:00 on the local clock. */
struct cd_zone_instants cd_zone_instants(struct cd_zone *, int64_t local_us);

/* Days since 1970-01-01 of a day of the proleptic Gregorian calendar. */
int64_t cd_days(int64_t year, unsigned month, unsigned day);
/* False: there is no such day. */
bool cd_is_day(int64_t year, unsigned month, unsigned day);

#endif
