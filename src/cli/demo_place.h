/* cli/demo_place.h -- what there is in the made-up place, and how it changes. */
#ifndef CD_CLI_DEMO_PLACE_H
#define CD_CLI_DEMO_PLACE_H

#include "base/buf.h"

struct cd_place {
	unsigned size; /* 0 village, 1 city, 2 metropolis */
	uint64_t seed;
	double lon, lat;  /* of its middle */
	double radius;    /* metres */
	cd_time_us begun; /* of its clock */
};
/* False: no such size. */
bool cd_place_init(struct cd_place *, cd_str size, uint64_t seed, cd_time_us now);
uint64_t cd_place_count(const struct cd_place *);
uint64_t cd_place_live_count(const struct cd_place *);
/* The i-th entity, whole, as JSON; its values are those of that time. */
void cd_place_entity(const struct cd_place *, uint64_t i, cd_time_us at, struct cd_buf *);
/* What the i-th of those that live says at that time: a fragment. False: it is silent. */
bool cd_place_news(const struct cd_place *, uint64_t i, cd_time_us at, struct cd_buf *);

#endif
