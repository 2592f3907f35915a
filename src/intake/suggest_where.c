/* Where and when: the columns for a position, its reference system, the columns for the time. */
#include "intake/suggest_int.h"

#include <math.h>

/* ---- where ---- */

static int with_meaning(const struct cd_guesses *g, enum cd_meaning meaning)
{
	for (uint32_t i = 0; i < g->s->columns; i++)
		if (g->columns[i].name.n && g->columns[i].word.meaning == meaning &&
			cd_guess_is_number(&g->columns[i]))
			return (int)i;
	return CD_NONE;
}

static bool try_pair(struct cd_guesses *g, int x, int y)
{
	if (x == CD_NONE || y == CD_NONE)
		return false;
	const struct cd_look *a = &g->columns[x].look, *b = &g->columns[y].look;
	const struct cd_extent e = {a->least, a->most, b->least, b->most};
	cd_str names = cd_arena_printf(g->cx->arena, CD_STR_FMT " " CD_STR_FMT,
		CD_STR_ARG(g->columns[x].name), CD_STR_ARG(g->columns[y].name));
	struct cd_place_guess found = cd_place_guess(&e, names, g->zone);
	/* small whole numbers are counts or sizes, as "Breite" and "x" may well be */
	bool whole = a->looks == CD_LOOKS_INTEGER && b->looks == CD_LOOKS_INTEGER;
	if (!found.system || (whole && fabs(a->most) < 10000 && fabs(b->most) < 10000))
		return false;
	g->system = found;
	g->x = found.swapped ? y : x;
	g->y = found.swapped ? x : y;
	return true;
}

static bool is_place(enum cd_looks looks)
{
	return looks == CD_LOOKS_WKT || looks == CD_LOOKS_GEOJSON || looks == CD_LOOKS_LATLON ||
	       looks == CD_LOOKS_LONLAT;
}

/* The first two numbers of a text like POINT (405000 5758000). */
static bool first_numbers(cd_str s, double *x, double *y)
{
	double *to[] = {x, y};
	for (int k = 0; k < 2; k++) {
		size_t n = 0;
		while (s.n && !strchr("-0123456789", s.p[0]))
			s = cd_str_skip(s, 1);
		while (n < s.n && strchr("-0123456789.", s.p[n]))
			n++;
		if (n == 0 || !cd_look_number(cd_str_of(s.p, n), '.', 0, to[k]))
			return false;
		s = cd_str_skip(s, n);
	}
	return true;
}

static void system_of_texts(struct cd_guesses *g, int i)
{
	struct cd_extent e = {
		.x_least = INFINITY, .x_most = -INFINITY, .y_least = INFINITY, .y_most = -INFINITY};
	double x, y;
	for (uint32_t row = 0; row < g->s->rows; row++) {
		if (!first_numbers(cd_column_cell(cd_guess_column(g, i), row), &x, &y))
			continue;
		e.x_least = fmin(e.x_least, x), e.x_most = fmax(e.x_most, x);
		e.y_least = fmin(e.y_least, y), e.y_most = fmax(e.y_most, y);
	}
	if (e.x_least <= e.x_most)
		g->system = cd_place_guess(&e, g->columns[i].name, g->zone);
}

void cd_guess_place(struct cd_guesses *g)
{
	g->x = g->y = g->place = CD_NONE;
	if (g->s->kind == CD_SAMPLE_GEOJSON && g->s->located) {
		const struct cd_extent e = {g->s->x, g->s->x, g->s->y, g->s->y};
		g->system = cd_place_guess(&e, CD_STR(""), g->zone);
	} else if (!try_pair(g, with_meaning(g, CD_MEANS_LONGITUDE), with_meaning(g, CD_MEANS_LATITUDE)) &&
		   !try_pair(g, with_meaning(g, CD_MEANS_EASTING), with_meaning(g, CD_MEANS_NORTHING))) {
		for (uint32_t i = 0; i < g->s->columns && g->place == CD_NONE; i++)
			if (is_place(g->columns[i].look.looks))
				g->place = (int)i;
		if (g->place != CD_NONE && g->columns[g->place].look.looks == CD_LOOKS_WKT)
			system_of_texts(g, g->place);
	}
	if (g->system.system && g->system.system[0] && !g->system.sure)
		cd_guess_note(g, "positions were taken for %s (%s); other systems have numbers like these",
			g->system.system, g->system.land);
}

/* ---- when ---- */

/* Seconds or milliseconds of the years 1990 to 2100 under a name for times. */
static const char *counted_form(const struct cd_guess *c)
{
	if (c->look.looks != CD_LOOKS_INTEGER ||
		(c->word.meaning != CD_MEANS_TIME && c->word.meaning != CD_MEANS_DATE))
		return NULL;
	if (c->look.least >= 631152000 && c->look.most < 4102444800)
		return "unix";
	return c->look.least >= 631152000e3 && c->look.most < 4102444800e3 ? "unix-ms" : NULL;
}

/* A name for times, then a time of day, then the place in the row. */
static unsigned time_rank(const struct cd_guess *c)
{
	bool named = c->word.meaning == CD_MEANS_TIME || c->word.meaning == CD_MEANS_DATE ||
		     c->word.meaning == CD_MEANS_CLOCK;
	if (!c->fits)
		return 0;
	if (counted_form(c))
		return 4;
	if (c->look.looks != CD_LOOKS_TIME)
		return 0;
	return named ? c->look.day_only ? 3 : 5 : c->look.day_only ? 0 : 2;
}

static int clock_column(const struct cd_guesses *g)
{
	for (uint32_t i = 0; i < g->s->columns; i++)
		if (g->columns[i].look.looks == CD_LOOKS_CLOCK && g->columns[i].fits)
			return (int)i;
	return CD_NONE;
}

static int hour_column(const struct cd_guesses *g)
{
	int i = with_meaning(g, CD_MEANS_HOUR);
	if (i == CD_NONE || !g->columns[i].fits)
		return CD_NONE;
	const struct cd_look *l = &g->columns[i].look;
	return l->looks == CD_LOOKS_INTEGER && l->least >= 0 && l->most <= 24 ? i : CD_NONE;
}

cd_str cd_guess_zone(const struct cd_guesses *g)
{
	return g->zone.n ? g->zone : CD_STR("Europe/Brussels");
}

static void note_about_times(struct cd_guesses *g)
{
	const struct cd_look *l = &g->columns[g->time].look;
	if (l->looks == CD_LOOKS_TIME && !l->offset)
		cd_guess_note(g, "times do not say their zone; " CD_STR_FMT " was taken%s",
			CD_STR_ARG(cd_guess_zone(g)),
			g->zone.n ? ", where the names' language is spoken" : ", as for most of Europe");
	if (l->either)
		cd_guess_note(
			g, "day and month could be the other way round: the day was taken to come first");
}

void cd_guess_time(struct cd_guesses *g)
{
	unsigned rank = 0;
	g->time = g->clock = g->hour = CD_NONE;
	for (uint32_t i = 0; i < g->s->columns; i++) {
		unsigned r = time_rank(&g->columns[i]);
		if (r > rank) {
			rank = r;
			g->time = (int)i;
		}
	}
	if (!g->zone.n)
		g->zone = CD_STR("");
	if (g->time == CD_NONE)
		return;
	const struct cd_guess *c = &g->columns[g->time];
	g->form = counted_form(c) ? counted_form(c) : c->look.form;
	note_about_times(g);
	if (!c->look.day_only || counted_form(c))
		return;
	g->clock = clock_column(g);
	g->hour = g->clock == CD_NONE ? hour_column(g) : CD_NONE;
	bool iso = cd_str_eq(cd_str_z(g->form), CD_STR("iso"));
	if (!iso && (g->clock != CD_NONE || g->hour != CD_NONE))
		g->form = cd_arena_printf(g->cx->arena, "%s %s", g->form,
			g->hour != CD_NONE ? "h:mm" : g->columns[g->clock].look.form)
				  .p;
	if (!g->form)
		g->form = "iso";
}
