/* intake/suggest_int.h -- what is decided about a file (suggest*.c), and what writes it down. */
#ifndef CD_INTAKE_SUGGEST_INT_H
#define CD_INTAKE_SUGGEST_INT_H

#include "intake/look.h"
#include "intake/places.h"
#include "intake/sample.h"
#include "intake/suggest.h"
#include "intake/words.h"

#include "base/buf.h"

enum { CD_NONE = -1, CD_IDS_MAX = 3, CD_NOTES_MAX = 16, CD_SHARED_MAX = 16 };

struct cd_guess {
	cd_str name; /* of the column, as the file has it */
	cd_str to;   /* of the attribute; n == 0: the column is no attribute */
	bool model;  /* `to` is a name of the Smart Data Models */
	const char *unit;
	struct cd_word word;
	struct cd_look look;
	bool fits; /* the name can stand in a template */
};
struct cd_guesses {
	struct cd_cx *cx;
	const char *path;
	const struct cd_sample *s;
	struct cd_guess *columns;
	cd_str type, file; /* of the entities; the file's name without folders */
	char decimal, thousands;
	cd_str zone; /* of the names' language */
	/* which columns, or CD_NONE */
	int time, clock, hour;
	int x, y, place;
	struct cd_place_guess system;
	int ids[CD_IDS_MAX];
	unsigned ids_n;
	bool by_line;                /* nothing else tells rows apart */
	bool by_feature;             /* features have ids of their own */
	const char *form;            /* of times */
	cd_str nulls[CD_SHARED_MAX]; /* texts that mean "missing" in every column that has them */
	uint32_t nulls_n;
	cd_str notes[CD_NOTES_MAX]; /* what a person should look at */
	unsigned notes_n;
};

/* Something to look at, for the description and the findings. */
void cd_guess_note(struct cd_guesses *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline struct cd_column cd_guess_column(const struct cd_guesses *g, int i)
{
	return (struct cd_column){g->s->cells + i, g->s->rows, g->s->columns};
}
static inline bool cd_guess_is_number(const struct cd_guess *c)
{
	return c->look.looks == CD_LOOKS_INTEGER || c->look.looks == CD_LOOKS_NUMBER;
}
/* In this order: times say what an id has to tell apart. */
void cd_guess_place(struct cd_guesses *);
void cd_guess_time(struct cd_guesses *);
void cd_guess_ids(struct cd_guesses *);
/* The zone of times that do not say theirs. */
cd_str cd_guess_zone(const struct cd_guesses *);
/* Does every text in the column's list mean "missing" in the whole file? */
bool cd_guess_shares_nulls(const struct cd_guesses *, const struct cd_look *);
/* Are the values of a column still different when only their letters and digits count? */
bool cd_guess_slugs_differ(const struct cd_guesses *, int column);
void cd_guess_write(const struct cd_guesses *, struct cd_buf *mapping);
void cd_guess_say(const struct cd_guesses *, struct cd_buf *findings);

#endif
