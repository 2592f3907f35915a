/* Which thing a row is about: the columns that tell things apart. */
#include "intake/suggest_int.h"

static unsigned id_rank(const struct cd_guesses *g, int i)
{
	const struct cd_guess *c = &g->columns[i];
	if (!c->fits || i == g->time || i == g->x || i == g->y || c->look.filled < g->s->rows ||
		c->look.nulls_n)
		return 0;
	bool text = c->look.looks == CD_LOOKS_TEXT, whole = c->look.looks == CD_LOOKS_INTEGER;
	if (!text && !whole)
		return 0;
	if (c->word.meaning == CD_MEANS_ID)
		return 4;
	return c->word.meaning == CD_MEANS_NAME && text ? 3 : text && c->look.plain ? 2 : text;
}

/* Rows of which all differ in these columns (and the time, when there is one). */
static bool tells_apart(const struct cd_guesses *g, const int *ids, unsigned n)
{
	struct cd_column c[CD_IDS_MAX + 2];
	unsigned k = 0;
	for (unsigned i = 0; i < n; i++)
		c[k++] = cd_guess_column(g, ids[i]);
	if (g->time != CD_NONE)
		c[k++] = cd_guess_column(g, g->time);
	if (g->clock != CD_NONE || g->hour != CD_NONE)
		c[k++] = cd_guess_column(g, g->clock != CD_NONE ? g->clock : g->hour);
	return k && cd_look_unique(g->cx, c, k);
}

enum { CANDIDATES_MAX = 12 };

/* Best rank first, then as they stand. */
static unsigned id_candidates(const struct cd_guesses *g, int *to)
{
	unsigned n = 0;
	for (unsigned rank = 4; rank > 0; rank--)
		for (uint32_t i = 0; i < g->s->columns && n < CANDIDATES_MAX; i++)
			if (id_rank(g, (int)i) == rank)
				to[n++] = (int)i;
	return n;
}

static bool take_one(struct cd_guesses *g, const int *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (tells_apart(g, from + i, 1)) {
			g->ids[0] = from[i];
			g->ids_n = 1;
			return true;
		}
	return false;
}

static bool take_two(struct cd_guesses *g, const int *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = i + 1; k < n; k++) {
			int two[] = {from[i], from[k]};
			if (!tells_apart(g, two, 2))
				continue;
			memcpy(g->ids, two, sizeof two);
			g->ids_n = 2;
			return true;
		}
	return false;
}

/* Things that come again with other times are what is observed; each row's own number is not. */
static unsigned repeated_only(const struct cd_guesses *g, int *c, unsigned n)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < n; i++)
		if (g->columns[c[i]].look.distinct < g->s->rows)
			c[kept++] = c[i];
	return kept;
}

static void find_ids_of_series(struct cd_guesses *g)
{
	int all[CANDIDATES_MAX], repeated[CANDIDATES_MAX];
	unsigned n = id_candidates(g, all), again;
	memcpy(repeated, all, sizeof all);
	again = repeated_only(g, repeated, n);
	if (take_one(g, repeated, again) || take_two(g, repeated, again))
		return;
	bool placed = g->x != CD_NONE || g->place != CD_NONE;
	if ((placed || (n && id_rank(g, all[0]) >= 3 && g->columns[all[0]].look.looks == CD_LOOKS_TEXT)) &&
		take_one(g, all, n))
		return; /* things, each of which was seen once */
	if (tells_apart(g, NULL, 0))
		return; /* one thing: the file's */
	if (take_one(g, all, n))
		return;
	if (again) { /* some times come twice: the second row counts */
		g->ids[g->ids_n++] = repeated[0];
		cd_guess_note(g, "some rows have the same id and time; the later one counts");
	} else if (g->columns[g->time].look.distinct * 2 < g->s->rows) {
		g->by_line = true;
	}
}

void cd_guess_ids(struct cd_guesses *g)
{
	int c[CANDIDATES_MAX];
	if (g->s->kind == CD_SAMPLE_GEOJSON && g->s->feature_ids == g->s->rows) {
		g->by_feature = true;
		return;
	}
	if (g->time != CD_NONE) {
		find_ids_of_series(g);
	} else {
		unsigned n = id_candidates(g, c);
		bool counted =
			g->s->rows > 1 && g->columns[0].look.looks == CD_LOOKS_INTEGER && g->columns[0].fits;
		if (take_one(g, c, n) || (counted && take_one(g, (int[]){0}, 1)) || take_two(g, c, n))
			return;
		g->by_line = true;
	}
	if (g->by_line)
		cd_guess_note(g, "no column tells the rows apart, so ids have the number of the line: a file "
				 "with other lines would "
				 "change them");
}

bool cd_guess_slugs_differ(const struct cd_guesses *g, int i)
{
	struct cd_look slugs;
	struct cd_column c = cd_guess_column(g, i);
	cd_str *words = CD_NEWS(g->cx->arena, cd_str, c.n + 1);
	for (size_t row = 0; words && row < c.n; row++) {
		words[row] = cd_word_joined(g->cx->arena, cd_column_cell(c, row));
		if (words[row].n == 0)
			return false;
	}
	return words && cd_look_values(g->cx, (struct cd_column){words, c.n, 1}, &slugs) == CD_OK &&
	       slugs.distinct == g->columns[i].look.distinct;
}
