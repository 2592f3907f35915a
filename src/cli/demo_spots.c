/* Where things are in the made-up place: districts, streets, the ways of the buses, fields. */
#include "cli/demo_int.h"

#include <math.h>
#include <stdio.h>

enum { BLOCK_M = 90 };

uint64_t cd_thing_count(const struct cd_thing *t, unsigned kind)
{
	return cd_demo_kinds[kind].count[t->place->size];
}

unsigned cd_spot_rings(const struct cd_thing *t)
{
	static const unsigned n[] = {1, 2, 5};
	return n[t->place->size];
}

uint64_t cd_spot_district(const struct cd_thing *t, struct cd_spot at)
{
	uint64_t all = cd_thing_count(t, CD_DISTRICT), sectors = all / cd_spot_rings(t);
	double far = hypot(at.x, at.y) / t->place->radius, turn = atan2(at.y, at.x) / (2 * M_PI) + 1;
	uint64_t ring = (uint64_t)fmin(cd_spot_rings(t) - 1, far * cd_spot_rings(t));
	return ring * sectors + (uint64_t)(turn * (double)sectors) % sectors;
}

/* Denser towards the middle. */
struct cd_segment cd_spot_segment(const struct cd_thing *t, uint64_t number)
{
	uint64_t each = cd_thing_count(t, CD_SEGMENT) / cd_thing_count(t, CD_ROAD);
	struct cd_thing road = {.place = t->place, .kind = CD_ROAD, .number = number / each};
	double far = t->place->radius * pow(cd_thing_chance(&road, 1), 0.7);
	double turn = cd_thing_chance(&road, 2) * 2 * M_PI,
	       long_m = cd_thing_chance(&road, 3) < 0.5 ? 90 : 180;
	bool east = cd_thing_chance(&road, 4) < 0.5;
	struct cd_spot at = {
		round(far * cos(turn) / BLOCK_M) * BLOCK_M, round(far * sin(turn) / BLOCK_M) * BLOCK_M};
	double step = ((double)(number % each) - (double)each / 2) * long_m;
	at.x += east ? step : 0;
	at.y += east ? 0 : step;
	return (struct cd_segment){at, {at.x + (east ? long_m : 0), at.y + (east ? 0 : long_m)}, road.number};
}

struct cd_spot cd_spot_beside(struct cd_segment s, double along, double metres)
{
	bool east = s.to.x > s.from.x;
	return (struct cd_spot){s.from.x + (s.to.x - s.from.x) * along + (east ? 0 : metres),
		s.from.y + (s.to.y - s.from.y) * along + (east ? metres : 0)};
}

void cd_spot_road_name(uint64_t road, char text[static CD_ROAD_NAME])
{
	static const char *const first[] = {"Mühlen", "Linden", "Bahnhof", "Kirch", "Schul", "Garten", "Berg",
		"Wiesen", "Wald", "Rosen", "Eichen", "Brunnen", "Dorf", "Feld", "Bach", "Birken", "Schmiede",
		"Ziegel", "Weber", "Kloster", "Burg", "Weiden", "Tannen", "Ufer"};
	static const char *const last[] = {"straße", "gasse", "allee", "zeile"};
	static const char *const before[] = {"", "Alte ", "Obere ", "Untere ", "Neue ", "Kleine ", "Lange "};
	snprintf(text, CD_ROAD_NAME, "%s%s%s", before[road / 96 % 7], first[road * 7 % 24],
		last[road / 24 % 4]);
}

struct cd_segment cd_spot_street(const struct cd_thing *t)
{
	return cd_spot_segment(
		t, (uint64_t)(cd_thing_chance(t, 101) * (double)cd_thing_count(t, CD_SEGMENT)));
}

struct cd_spot cd_spot_at_street(const struct cd_thing *t, struct cd_segment s)
{
	return cd_spot_beside(s, cd_thing_chance(t, 102), cd_thing_chance(t, 103) < 0.5 ? -5 : 5);
}

/* Each line goes round a rectangle of streets. */
struct cd_spot cd_spot_on_line(const struct cd_thing *t, uint64_t number, double part, double *heading)
{
	static const double headings[] = {76, 346, 256, 166}; /* the grid is turned by 14 degrees */
	struct cd_thing line = {.place = t->place, .kind = CD_LINE, .number = number};
	double r = t->place->radius;
	double wide = round(r * (0.4 + 0.8 * cd_thing_chance(&line, 1)) / BLOCK_M) * BLOCK_M;
	double high = round(r * (0.4 + 0.8 * cd_thing_chance(&line, 2)) / BLOCK_M) * BLOCK_M;
	struct cd_spot at = {
		round(r * 0.4 * (cd_thing_chance(&line, 3) - 0.5) / BLOCK_M) * BLOCK_M - wide / 2,
		round(r * 0.4 * (cd_thing_chance(&line, 4) - 0.5) / BLOCK_M) * BLOCK_M - high / 2};
	double way = part * 2 * (wide + high);
	unsigned side = way < wide ? 0 : way < wide + high ? 1 : way < 2 * wide + high ? 2 : 3;
	*heading = headings[side];
	switch (side) {
	case 0:
		return (struct cd_spot){at.x + way, at.y};
	case 1:
		return (struct cd_spot){at.x + wide, at.y + way - wide};
	case 2:
		return (struct cd_spot){at.x + 2 * wide + high - way, at.y + high};
	default:
		return (struct cd_spot){at.x, at.y + 2 * (wide + high) - way};
	}
}

struct cd_spot cd_spot_field(const struct cd_thing *t, uint64_t number)
{
	struct cd_thing parcel = {.place = t->place, .kind = CD_PARCEL, .number = number};
	double turn = (double)number / (double)cd_thing_count(t, CD_PARCEL) * 2 * M_PI;
	double far = t->place->radius * (1.15 + 0.35 * cd_thing_chance(&parcel, 1));
	return (struct cd_spot){far * cos(turn), far * sin(turn)};
}
