/* cli/demo_int.h -- the parts of the made-up place: chance and rhythm, the kinds of things. */
#ifndef CD_CLI_DEMO_INT_H
#define CD_CLI_DEMO_INT_H

#include "cli/demo_place.h"

/* One thing at one moment, and where to write about it. */
struct cd_thing {
	const struct cd_place *place;
	unsigned kind;
	uint64_t number;
	cd_time_us time;
	double hour; /* of the day there, 0 to 24, with its minutes */
	bool weekend;
	struct cd_buf *b;
};

/* ---- demo_kinds.c ---- */

enum cd_demo_kind_number {
	CD_BUILDING,
	CD_LIGHT,
	CD_ROAD,
	CD_SEGMENT,
	CD_PARKING,
	CD_WASTE,
	CD_AIR,
	CD_NOISE,
	CD_SKY,
	CD_WATER,
	CD_FLOW,
	CD_STOP,
	CD_BUS,
	CD_METER,
	CD_CHARGER,
	CD_BIKES,
	CD_PARCEL,
	CD_SOIL,
	CD_CROP,
	CD_GATE,
	CD_DISTRICT,
	CD_LINE,
	CD_KINDS
};
struct cd_demo_kind {
	const char *type;
	uint64_t count[3];                       /* in a village, a city, a metropolis */
	unsigned period_s;                       /* between two reports of one of them */
	void (*stands)(const struct cd_thing *); /* what it has for good */
	void (*lives)(const struct cd_thing *);  /* what changes; NULL: nothing */
};
extern const struct cd_demo_kind cd_demo_kinds[CD_KINDS];
void cd_thing_put_id(struct cd_buf *, unsigned kind, uint64_t number);

/* ---- demo_spots.c ---- */

/* Metres from the middle, along a grid of streets that is a little turned. */
struct cd_spot {
	double x, y;
};
/* A road is a row of segments along the grid. */
struct cd_segment {
	struct cd_spot from, to;
	uint64_t road;
};
enum { CD_ROAD_NAME = 96 };
uint64_t cd_thing_count(const struct cd_thing *, unsigned kind);
/* Districts are rings around the middle, cut like a cake. */
unsigned cd_spot_rings(const struct cd_thing *);
uint64_t cd_spot_district(const struct cd_thing *, struct cd_spot);
struct cd_segment cd_spot_segment(const struct cd_thing *, uint64_t number);
/* A place at a street: so far along the segment (0 to 1), so far beside it. */
struct cd_spot cd_spot_beside(struct cd_segment, double along, double metres);
void cd_spot_road_name(uint64_t road, char ret[static CD_ROAD_NAME]);
/* The street something stands at, the same each time it is asked, and where it stands there. */
struct cd_segment cd_spot_street(const struct cd_thing *);
struct cd_spot cd_spot_at_street(const struct cd_thing *, struct cd_segment);
/* On the way of a bus line, after `part` of it (0 to 1); *heading in degrees from north. */
struct cd_spot cd_spot_on_line(const struct cd_thing *, uint64_t line, double part, double *heading);
struct cd_spot cd_spot_field(const struct cd_thing *, uint64_t parcel);

/* ---- demo_rhythm.c ---- */

/* 0 to 1, always the same for a thing and a purpose. */
double cd_thing_chance(const struct cd_thing *, unsigned purpose);
/* -1 to 1, slowly changing: another value every `minutes`, and straight lines between them. */
double cd_thing_drift(const struct cd_thing *, unsigned purpose, double minutes);
/* The same for the whole place. */
double cd_thing_weather(const struct cd_thing *, unsigned purpose, double minutes);
/* 1 at `middle`, falling off to both sides within `width` hours. */
double cd_bump(double hour, double middle, double width);
double cd_thing_event(const struct cd_thing *);   /* evenings with something on: up to 1 */
double cd_thing_traffic(const struct cd_thing *); /* 0 to 1 */
double cd_thing_temperature(const struct cd_thing *);
double cd_thing_summer(const struct cd_thing *); /* -1 in the middle of winter, 1 in that of summer */
bool cd_thing_dark(const struct cd_thing *);

#endif
