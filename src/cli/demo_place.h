/*
 * cli/demo_place.h -- what there is in the made-up place, and how it changes.
 *
 * Everything follows from (size, seed, time): the same three make the same bytes. Of the types that Smart
 * Data Models describe, each entity has what its schema asks for.
 */
#ifndef CD_CLI_DEMO_PLACE_H
#define CD_CLI_DEMO_PLACE_H

#include "base/buf.h"

enum { CD_PLACE_CYCLE = 256 };

struct cd_place {
	unsigned size; /* 0 village, 1 city, 2 metropolis */
	uint64_t seed;
	double lon, lat;  /* of its middle */
	double radius;    /* metres */
	cd_time_us begun; /* of its clock */
	/* who speaks in which turn: a kind, and which of its turns in the cycle it is */
	struct {
		uint8_t kind, nth;
	} turn[CD_PLACE_CYCLE];
	uint8_t turns[64]; /* of each kind in a cycle */
};
/* False: no such size. */
bool cd_place_init(struct cd_place *, cd_str size, uint64_t seed, cd_time_us now);
uint64_t cd_place_count(const struct cd_place *);
/* The i-th entity, whole, as JSON; its values are those of that time. */
void cd_place_entity(const struct cd_place *, uint64_t i, cd_time_us at, struct cd_buf *);
/*
 * What is heard in turn i at that time, a fragment: those that report often have more turns. False, and
 * nothing is written: who would speak is silent.
 */
bool cd_place_news(const struct cd_place *, uint64_t i, cd_time_us at, struct cd_buf *);

#endif
