/*
 * intake/words.h -- what the names of columns say, in the languages of Europe: what they mean, in which unit
 * they count, and which names attributes and types get from them.
 */
#ifndef CD_INTAKE_WORDS_H
#define CD_INTAKE_WORDS_H

#include "base/arena.h"

enum cd_meaning {
	CD_MEANS_NOTHING,
	CD_MEANS_LATITUDE,
	CD_MEANS_LONGITUDE,
	CD_MEANS_EASTING,
	CD_MEANS_NORTHING,
	CD_MEANS_POSITION, /* both in one column */
	CD_MEANS_TIME,     /* an instant */
	CD_MEANS_DATE,     /* a day, or an instant */
	CD_MEANS_CLOCK,    /* the time of day */
	CD_MEANS_HOUR,     /* its hour alone */
	CD_MEANS_ID,
	CD_MEANS_NAME,
	CD_MEANS_CODE, /* digits that are no number: postal codes, telephones */
};
struct cd_word {
	enum cd_meaning meaning;
	cd_str zone; /* where the word's language is spoken: "Europe/Berlin"; n == 0: in many places */
};
/* CD_MEANS_NOTHING when no word is known, or when memory ran out. */
struct cd_word cd_word_of(struct cd_arena *, cd_str column);

/*
 * The unit in a name, "temp [°C]", "no2_ug_m3": its UN/CEFACT code, and in *ret_rest the name without it.
 * NULL: none. A unit without brackets is a guess that only fits columns of numbers.
 */
const char *cd_word_unit(cd_str column, cd_str *ret_rest);

/* "Weseler Straße (Ost)" is weselerStrasseOst: ASCII letters and digits, a letter first. p == NULL: no
 * memory. */
cd_str cd_word_attribute(struct cd_arena *, cd_str column);
/* "data/parking_2024.csv.gz" is Parking; "Thing" when the name says nothing. p == NULL: no memory. */
cd_str cd_word_type(struct cd_arena *, cd_str file);
/* Its letters and digits, in small ASCII; of the first words of a long text. n == 0: none, or no memory. */
cd_str cd_word_joined(struct cd_arena *, cd_str text);
/* What Smart Data Models call that; n == 0: not known. */
cd_str cd_word_model(struct cd_arena *, cd_str column);
/* The type of Smart Data Models that has attributes of such names, NULL when fewer than two speak for one. */
const char *cd_word_model_type(const cd_str *attributes, size_t n);

#endif
