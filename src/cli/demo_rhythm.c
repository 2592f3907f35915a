/* Chance that is always the same, and what all things of a place share: day and week, weather, rush hours. */
#include "cli/demo_int.h"

#include <math.h>

enum { THE_WEATHER = 255, THE_EVENTS = 254 };

static uint64_t mixed(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

double cd_thing_chance(const struct cd_thing *t, unsigned purpose)
{
	uint64_t z = t->place->seed * 0x9e3779b97f4a7c15u + t->kind * 0xd1342543de82ef95u + t->number;
	return (double)(mixed(mixed(z) + purpose * 0x2545f4914f6cdd1du) >> 11) / 9007199254740992.0;
}

double cd_thing_drift(const struct cd_thing *t, unsigned purpose, double minutes)
{
	double steps = (double)t->time / (minutes * 60e6), whole = floor(steps), part = steps - whole;
	struct cd_thing step = *t;
	step.number = t->number * 1000003 + (uint64_t)(int64_t)whole;
	double from = cd_thing_chance(&step, purpose);
	step.number++;
	return (from + (cd_thing_chance(&step, purpose) - from) * part) * 2 - 1;
}

double cd_thing_weather(const struct cd_thing *t, unsigned purpose, double minutes)
{
	struct cd_thing all = *t;
	all.kind = THE_WEATHER;
	all.number = 0;
	return cd_thing_drift(&all, purpose, minutes);
}

double cd_bump(double hour, double middle, double width)
{
	double d = fabs(hour - middle);
	d = fmin(d, 24 - d) / width;
	return exp(-d * d);
}

static double days(const struct cd_thing *t)
{
	return floor((double)t->time / 86400e6);
}

double cd_thing_event(const struct cd_thing *t)
{
	struct cd_thing day = *t;
	day.kind = THE_EVENTS;
	day.number = (uint64_t)(int64_t)days(t);
	return cd_thing_chance(&day, 1) < 0.3 ? cd_bump(t->hour, 20, 2) : 0;
}

double cd_thing_traffic(const struct cd_thing *t)
{
	double work = 0.12 + 0.75 * cd_bump(t->hour, 8, 1.3) + 0.85 * cd_bump(t->hour, 17.2, 1.8) +
		      0.35 * cd_bump(t->hour, 13, 3);
	double rest = 0.1 + 0.5 * cd_bump(t->hour, 15, 4);
	return fmin(1, (t->weekend ? rest : work) + 0.4 * cd_thing_event(t));
}

double cd_thing_summer(const struct cd_thing *t)
{
	return -cos((fmod(days(t), 365.2425) - 20) / 365.2425 * 2 * M_PI);
}

double cd_thing_temperature(const struct cd_thing *t)
{
	return 11 + 9 * cd_thing_summer(t) + 4 * cos((t->hour - 15) / 24 * 2 * M_PI) +
	       4 * cd_thing_weather(t, 1, 900);
}

bool cd_thing_dark(const struct cd_thing *t)
{
	double half_day = 6 + 2 * cd_thing_summer(t); /* hours from noon to dusk */
	return fabs(t->hour - 12.5) > half_day;
}
