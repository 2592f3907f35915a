/*
 * intake/moment.h -- written times of any form as instants.
 *
 * A pattern is made of YYYY YY MM M DD D hh h mm ss, SSS (fraction, as many digits as there are), A (AM or
 * PM), MMM (Jan to Dec), ZZ (Z, +02:00, +0200, +02) and any other characters, which stand for themselves;
 * "iso" takes what ISO 8601 and its habits have (a blank for the T, no seconds, a date alone, any offset);
 * "unix" and "unix-ms" count from 1970.
 */
#ifndef CD_INTAKE_MOMENT_H
#define CD_INTAKE_MOMENT_H

#include "base/cx.h"

struct cd_moment_form {
	enum { CD_FORM_ISO, CD_FORM_UNIX, CD_FORM_UNIX_MS, CD_FORM_PATTERN } kind;
	cd_str pattern;
};
/* CD_E_BAD_REQUEST_DATA: a pattern without a year, month or day. The text is borrowed. */
cd_code cd_moment_form(struct cd_cx *, const char *where, cd_str text, struct cd_moment_form *ret);

struct cd_moment {
	int64_t local_us; /* on the local clock; with `offset`: minus offset_us it is the instant */
	bool offset;      /* the text says how far it is from UTC */
	int64_t offset_us;
	unsigned digits; /* of the second's fraction */
};
/* False: not of this form, or no such day or time. 24:00:00 is the next day's beginning. */
bool cd_moment_read(const struct cd_moment_form *, cd_str text, struct cd_moment *ret);

#endif
