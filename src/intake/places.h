/* intake/places.h -- which reference system positions are of, guessed from where their numbers lie. */
#ifndef CD_INTAKE_PLACES_H
#define CD_INTAKE_PLACES_H

#include "base/str.h"

struct cd_extent {
	double x_least, x_most, y_least, y_most;
};
struct cd_place_guess {
	const char *system; /* "EPSG:25832"; "" for longitude and latitude; NULL: no idea */
	const char *land;   /* where it is used, for people */
	bool swapped;       /* the first number is the northing, or latitude */
	bool sure;          /* no other system known here has numbers like these */
};
/* `names`: of both columns, since they may say it ("x_25832", "RD"); `zone` of the file's language or empty.
 */
struct cd_place_guess cd_place_guess(const struct cd_extent *, cd_str names, cd_str zone);

#endif
