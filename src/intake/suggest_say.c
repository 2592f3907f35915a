/* What was found, in plain words: one line for each question that a person would ask. */
#include "intake/suggest_int.h"

static const char *delimiter_name(char c)
{
	return c == ',' ? "commas" : c == ';' ? "semicolons" : c == '\t' ? "tabs" : "bars";
}

static void say_shape(const struct cd_guesses *g, struct cd_buf *b)
{
	static const char *const encodings[] = {"UTF-8", "Latin-1", "Windows-1252"};
	const struct cd_sample *s = g->s;
	cd_buf_put(b, g->file);
	if (s->kind == CD_SAMPLE_TABLE)
		cd_buf_printf(b, ": a table of %u columns, %s between them, in %s; %s", s->columns,
			delimiter_name(s->shape.delimiter), encodings[s->shape.encoding],
			s->header ? "the first row names them"
				  : "no row names them, so they are called 1, 2 and so on");
	else
		cd_buf_printf(b, ": %s with %u different members",
			s->kind == CD_SAMPLE_GEOJSON ? "features" : "objects", s->columns);
	cd_buf_printf(b, ". %s %u rows were read.\n", s->whole ? "All" : "The first", s->rows);
	if (s->skip_rows)
		cd_buf_printf(b, "  %u rows before the names are passed over\n", s->skip_rows);
	if (s->wide_rows + s->short_rows + s->faults)
		cd_buf_printf(b, "  %llu rows have too many cells, %llu too few, %llu can not be read\n",
			(unsigned long long)s->wide_rows, (unsigned long long)s->short_rows,
			(unsigned long long)s->faults);
}

static void say_columns(const struct cd_guesses *g, struct cd_buf *b, const int *columns, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		cd_buf_printf(
			b, "%s\"" CD_STR_FMT "\"", i ? " and " : "", CD_STR_ARG(g->columns[columns[i]].name));
}

static void say_id(const struct cd_guesses *g, struct cd_buf *b)
{
	CD_BUF_LIT(b, "  ids        ");
	if (g->by_feature)
		CD_BUF_LIT(b, "those of the features");
	else if (g->ids_n)
		say_columns(g, b, g->ids, g->ids_n);
	else
		cd_buf_put(b,
			g->by_line
				? CD_STR("file and line: no column tells the rows apart")
				: CD_STR("the name of the file: its rows are one thing at different times"));
	CD_BUF_LIT(b, "\n");
}

static void say_time(const struct cd_guesses *g, struct cd_buf *b)
{
	int columns[] = {g->time, g->clock != CD_NONE ? g->clock : g->hour};
	CD_BUF_LIT(b, "  time       ");
	if (g->time == CD_NONE) {
		CD_BUF_LIT(b, "none was found\n");
		return;
	}
	say_columns(g, b, columns, columns[1] == CD_NONE ? 1 : 2);
	cd_buf_printf(b, ", written as %s\n", g->form);
}

static void say_place(const struct cd_guesses *g, struct cd_buf *b)
{
	int columns[] = {g->x != CD_NONE ? g->x : g->place, g->y};
	CD_BUF_LIT(b, "  place      ");
	if (columns[0] != CD_NONE) {
		say_columns(g, b, columns, g->x != CD_NONE ? 2 : 1);
	} else if (g->s->kind == CD_SAMPLE_GEOJSON && g->s->located) {
		CD_BUF_LIT(b, "the geometry of the features");
	} else {
		CD_BUF_LIT(b, "none was found\n");
		return;
	}
	if (g->system.system)
		cd_buf_printf(
			b, ": %s%s%s", g->system.land, g->system.system[0] ? ", " : "", g->system.system);
	CD_BUF_LIT(b, "\n");
}

static bool is_number(enum cd_looks looks)
{
	return looks == CD_LOOKS_INTEGER || looks == CD_LOOKS_NUMBER;
}
static bool is_moment(enum cd_looks looks)
{
	return looks == CD_LOOKS_TIME;
}
static bool is_boolean(enum cd_looks looks)
{
	return looks == CD_LOOKS_BOOLEAN;
}
static bool is_text(enum cd_looks looks)
{
	return looks == CD_LOOKS_TEXT || looks == CD_LOOKS_CLOCK;
}

enum { SHOWN_MAX = 8 };

static void say_kind(
	const struct cd_guesses *g, struct cd_buf *b, const char *title, bool (*is)(enum cd_looks))
{
	unsigned n = 0;
	for (uint32_t i = 0; i < g->s->columns; i++) {
		const struct cd_guess *c = &g->columns[i];
		if (!c->to.n || !is(c->look.looks))
			continue;
		if (n++ >= SHOWN_MAX)
			continue;
		cd_buf_printf(b, "%s" CD_STR_FMT, n == 1 ? title : ", ", CD_STR_ARG(c->to));
		if (c->unit)
			cd_buf_printf(b, " (%s)", c->unit);
		if (is_text(c->look.looks) && c->look.distinct <= 12 && c->look.filled > c->look.distinct * 3)
			cd_buf_printf(b, " (%u different)", c->look.distinct);
	}
	if (n > SHOWN_MAX)
		cd_buf_printf(b, " and %u more", n - SHOWN_MAX);
	if (n)
		CD_BUF_LIT(b, "\n");
}

static void say_models(const struct cd_guesses *g, struct cd_buf *b)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < g->s->columns; i++)
		if (g->columns[i].model && g->columns[i].to.n)
			cd_buf_printf(b, "%s" CD_STR_FMT, n++ ? ", " : "  models     ",
				CD_STR_ARG(g->columns[i].to));
	if (n)
		CD_BUF_LIT(b, ": names of the Smart Data Models\n");
}

static void say_nulls(const struct cd_guesses *g, struct cd_buf *b)
{
	for (uint32_t i = 0; i < g->nulls_n; i++)
		cd_buf_printf(b, "%s\"" CD_STR_FMT "\"", i ? ", " : "  no value   ", CD_STR_ARG(g->nulls[i]));
	if (g->nulls_n)
		CD_BUF_LIT(b, "\n");
}

void cd_guess_say(const struct cd_guesses *g, struct cd_buf *b)
{
	say_shape(g, b);
	cd_buf_printf(b, "  type       " CD_STR_FMT "\n", CD_STR_ARG(g->type));
	say_id(g, b);
	say_time(g, b);
	say_place(g, b);
	say_kind(g, b, "  numbers    ", is_number);
	say_kind(g, b, "  times      ", is_moment);
	say_kind(g, b, "  yes or no  ", is_boolean);
	say_kind(g, b, "  texts      ", is_text);
	say_models(g, b);
	say_nulls(g, b);
	for (unsigned i = 0; i < g->notes_n; i++)
		cd_buf_printf(b, "check: " CD_STR_FMT "\n", CD_STR_ARG(g->notes[i]));
}
