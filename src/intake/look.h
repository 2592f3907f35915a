/* intake/look.h -- what the cells of a column look like: numbers and how they are written, times, places,
 * texts. */
#ifndef CD_INTAKE_LOOK_H
#define CD_INTAKE_LOOK_H

#include "base/cx.h"

enum cd_looks {
	CD_LOOKS_EMPTY,
	CD_LOOKS_INTEGER,
	CD_LOOKS_NUMBER,
	CD_LOOKS_BOOLEAN,
	CD_LOOKS_TIME,
	CD_LOOKS_CLOCK, /* hh:mm or hh:mm:ss */
	CD_LOOKS_WKT,
	CD_LOOKS_GEOJSON,
	CD_LOOKS_LATLON, /* "51.9, 7.6" */
	CD_LOOKS_LONLAT,
	CD_LOOKS_TEXT,
};
/* A column of a table that lies row by row. */
struct cd_column {
	const cd_str *cells;
	size_t n, step;
};
static inline cd_str cd_column_cell(struct cd_column c, size_t row)
{
	return c.cells[row * c.step];
}

enum { CD_LOOK_NULLS_MAX = 8 };
struct cd_look {
	enum cd_looks looks;
	char decimal, thousands;         /* of numbers; 0: no cell has one */
	double least, most;              /* of numbers, without what means "missing" */
	const char *form;                /* of times and clocks: "iso", "DD.MM.YYYY hh:mm" */
	bool day_only, offset;           /* of times: without a time of day; with their distance from UTC */
	bool either;                     /* of times: day and month could be the other way round */
	cd_str truth, lie;               /* of booleans, as written */
	cd_str nulls[CD_LOOK_NULLS_MAX]; /* texts that mean "missing", beside the empty one */
	uint32_t nulls_n;
	uint32_t filled, distinct; /* cells with a value; different ones */
	bool plain;                /* only letters, digits and -._~ */
	bool odd;                  /* a few cells are of another kind */
};
/* `decimal` is tried first: '.' or ','. CD_E_NO_MEMORY */
cd_code cd_look(struct cd_cx *, struct cd_column, char decimal, struct cd_look *ret);

/* Of it only filled, distinct and plain. CD_E_NO_MEMORY */
cd_code cd_look_values(struct cd_cx *, struct cd_column, struct cd_look *ret);
/* Every row has another value, and has one, in these columns together. False also without memory. */
bool cd_look_unique(struct cd_cx *, const struct cd_column *, size_t n);

/* A number written with this decimal sign and this sign between thousands (0: none), the whole of the text.
 */
bool cd_look_number(cd_str text, char decimal, char thousands, double *ret);

#endif
