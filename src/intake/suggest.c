/*
 * The order of the decisions: how numbers are written, where, when, which thing (that needs to know when),
 * then what else there is. Each looks at values first and at names where values leave a choice.
 */
#include "intake/suggest_int.h"

#include "intake/archive.h"

void cd_guess_note(struct cd_guesses *g, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (g->notes_n < CD_NOTES_MAX)
		g->notes[g->notes_n] = cd_arena_vprintf(g->cx->arena, fmt, ap);
	g->notes_n += g->notes_n < CD_NOTES_MAX && g->notes[g->notes_n].p;
	va_end(ap);
}

/* ---- columns ---- */

static bool fits_template(cd_str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (strchr("{}|\\", name.p[i]))
			return false;
	return name.n > 0 && !cd_str_eq(name, CD_STR(".")); /* which is what a rule reads */
}

/* Names that are empty or come a second time can not be told from others; @ begins those of the language. */
static bool usable_name(const struct cd_guesses *g, uint32_t i)
{
	if (g->s->names[i].n == 0 || g->s->names[i].p[0] == '@')
		return false;
	for (uint32_t k = 0; k < i; k++)
		if (cd_str_eq(g->s->names[k], g->s->names[i]))
			return false;
	return true;
}

static cd_code look_at_all(struct cd_guesses *g)
{
	for (uint32_t i = 0; i < g->s->columns; i++)
		if (cd_look(g->cx, cd_guess_column(g, (int)i), g->decimal, &g->columns[i].look))
			return g->cx->err.code;
	return CD_OK;
}

/* What most columns that have a decimal sign have. */
static cd_code find_decimal(struct cd_guesses *g)
{
	uint32_t points = 0, commas = 0;
	g->decimal = '.';
	if (look_at_all(g))
		return g->cx->err.code;
	for (uint32_t i = 0; i < g->s->columns; i++) {
		points += g->columns[i].look.decimal == '.';
		commas += g->columns[i].look.decimal == ',';
	}
	if (commas > points) {
		g->decimal = ',';
		if (look_at_all(g))
			return g->cx->err.code;
	}
	for (uint32_t i = 0; i < g->s->columns && !g->thousands; i++)
		if (g->columns[i].look.thousands != g->decimal)
			g->thousands = g->columns[i].look.thousands;
	return CD_OK;
}

static cd_code know_columns(struct cd_guesses *g)
{
	uint32_t left_out = 0;
	g->columns = CD_NEWS(g->cx->arena, struct cd_guess, g->s->columns + 1);
	if (!g->columns)
		return cd_fail_memory(g->cx);
	if (find_decimal(g))
		return g->cx->err.code;
	for (uint32_t i = 0; i < g->s->columns; i++) {
		struct cd_guess *c = &g->columns[i];
		cd_str rest = g->s->names[i];
		if (!usable_name(g, i)) {
			left_out++;
			c->look.looks = CD_LOOKS_EMPTY;
			continue;
		}
		c->name = g->s->names[i];
		c->fits = fits_template(c->name);
		c->unit = cd_guess_is_number(c) ? cd_word_unit(c->name, &rest) : NULL;
		c->word = cd_word_of(g->cx->arena, rest);
		if (!g->zone.n)
			g->zone = c->word.zone;
	}
	if (left_out)
		cd_guess_note(g,
			"%u columns have no name, that of another one or one with @, and are left out",
			left_out);
	return CD_OK;
}

/* ---- what else ---- */

static bool is_taken(const struct cd_guesses *g, cd_str name, uint32_t before)
{
	for (uint32_t i = 0; i < before; i++)
		if (cd_str_eq(g->columns[i].to, name))
			return true;
	return false;
}

static bool is_used(const struct cd_guesses *g, int i)
{
	return i == g->time || i == g->clock || i == g->hour || i == g->x || i == g->y || i == g->place;
}

static cd_code name_attribute(struct cd_guesses *g, uint32_t i)
{
	struct cd_guess *c = &g->columns[i];
	cd_str rest = c->name;
	if (c->unit)
		(void)cd_word_unit(c->name, &rest);
	cd_str model = cd_word_model(g->cx->arena, rest);
	c->model = model.n && !is_taken(g, model, i);
	c->to = c->model ? model : cd_word_attribute(g->cx->arena, rest);
	cd_str plain = c->to;
	for (unsigned n = 2; c->to.p && is_taken(g, c->to, i); n++)
		c->to = cd_arena_printf(g->cx->arena, CD_STR_FMT "%u", CD_STR_ARG(plain), n);
	return c->to.p ? CD_OK : cd_fail_memory(g->cx);
}

static cd_code name_attributes(struct cd_guesses *g)
{
	cd_str *names = CD_NEWS(g->cx->arena, cd_str, g->s->columns + 1);
	uint32_t n = 0, empty = 0;
	if (!names)
		return cd_fail_memory(g->cx);
	for (uint32_t i = 0; i < g->s->columns; i++) {
		struct cd_guess *c = &g->columns[i];
		empty += c->look.looks == CD_LOOKS_EMPTY && c->name.n;
		if (c->look.looks == CD_LOOKS_EMPTY || is_used(g, (int)i))
			continue;
		if (name_attribute(g, i))
			return g->cx->err.code;
		if (c->model)
			names[n++] = c->to;
		if (c->look.odd)
			cd_guess_note(g,
				"\"" CD_STR_FMT
				"\" has a few values of another kind: the import reports them",
				CD_STR_ARG(c->name));
	}
	if (empty)
		cd_guess_note(g, "%u columns are empty in the rows that were read, and are left out", empty);
	const char *type = cd_word_model_type(names, n);
	if (type)
		cd_guess_note(g, "the names suggest the type %s of the Smart Data Models", type);
	return CD_OK;
}

/* Counters or car parks side by side: numbers at times, of which no name says what they are of. */
static void note_wide_table(struct cd_guesses *g)
{
	uint32_t n = 0, others = 0;
	for (uint32_t i = 0; i < g->s->columns; i++) {
		const struct cd_guess *c = &g->columns[i];
		if (!c->to.n)
			continue;
		bool nameless =
			cd_guess_is_number(c) && !c->unit && !c->model && c->word.meaning == CD_MEANS_NOTHING;
		n += nameless;
		others += !nameless;
	}
	if (n >= 3 && n > 4 * others && g->time != CD_NONE)
		cd_guess_note(g, "if each column is a thing of its own (a counter, a car park), \"spread\" "
				 "makes entities of them");
}

/* ---- missing ---- */

static bool lists(const cd_str *list, uint32_t n, cd_str text)
{
	for (uint32_t i = 0; i < n; i++)
		if (cd_str_eq(list[i], text))
			return true;
	return false;
}

bool cd_guess_shares_nulls(const struct cd_guesses *g, const struct cd_look *l)
{
	for (uint32_t i = 0; i < l->nulls_n; i++)
		if (!lists(g->nulls, g->nulls_n, l->nulls[i]))
			return false;
	return true;
}

static bool is_value_somewhere(const struct cd_guesses *g, cd_str text)
{
	for (uint32_t i = 0; i < g->s->columns; i++) {
		const struct cd_look *l = &g->columns[i].look;
		if (lists(l->nulls, l->nulls_n, text))
			continue;
		for (uint32_t row = 0; row < g->s->rows; row++)
			if (cd_str_eq(cd_column_cell(cd_guess_column(g, (int)i), row), text))
				return true;
	}
	return false;
}

static void share_nulls(struct cd_guesses *g)
{
	for (uint32_t i = 0; i < g->s->columns; i++)
		for (uint32_t k = 0; k < g->columns[i].look.nulls_n; k++) {
			cd_str text = g->columns[i].look.nulls[k];
			if (g->nulls_n < CD_SHARED_MAX && !lists(g->nulls, g->nulls_n, text) &&
				!is_value_somewhere(g, text))
				g->nulls[g->nulls_n++] = text;
		}
	if (g->nulls_n)
		cd_guess_note(g, "what means \"no value\" was guessed");
}

/* ---- all ---- */

static cd_str base_name(const char *path)
{
	cd_str s = cd_str_z(path);
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/')
			return cd_str_skip(s, i);
	return s;
}

static cd_code text_of(struct cd_cx *cx, const struct cd_guesses *g,
	void (*write)(const struct cd_guesses *, struct cd_buf *), cd_str *ret)
{
	struct cd_buf b;
	cd_buf_init(&b, (size_t)64 << 20);
	write(g, &b);
	*ret = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return ret->p && !cx->err.code ? CD_OK : cd_fail_memory(cx);
}

static cd_code guess(struct cd_cx *cx, const char *path, const struct cd_sample *s, struct cd_suggestion *ret)
{
	struct cd_guesses *g = CD_NEW(cx->arena, struct cd_guesses);
	if (!g)
		return cd_fail_memory(cx);
	*g = (struct cd_guesses){.cx = cx, .path = path, .s = s, .file = base_name(path)};
	g->type = cd_word_type(cx->arena, cd_str_z(path));
	if (!g->type.p)
		return cd_fail_memory(cx);
	if (know_columns(g))
		return cx->err.code;
	cd_guess_place(g);
	cd_guess_time(g);
	cd_guess_ids(g);
	if (name_attributes(g))
		return cx->err.code;
	note_wide_table(g);
	share_nulls(g);
	ret->kind = CD_SUGGEST_MAPPING;
	if (text_of(cx, g, cd_guess_write, &ret->mapping))
		return cx->err.code;
	return text_of(cx, g, cd_guess_say, &ret->findings);
}

cd_code cd_suggest_bytes(
	struct cd_cx *cx, const char *path, cd_str bytes, bool whole, struct cd_suggestion *ret)
{
	struct cd_sample s;
	struct cd_suggestion r = {0};
	if (cd_sample(cx, bytes, whole, &s))
		return cx->err.code;
	if (s.kind == CD_SAMPLE_ENTITIES) {
		r.kind = CD_SUGGEST_ENTITIES;
		r.findings = CD_STR("The file holds NGSI-LD entities, which need no mapping.\n");
	} else if (guess(cx, path, &s, &r)) {
		return cx->err.code;
	}
	*ret = r;
	return CD_OK;
}

static bool is_zip(cd_str bytes)
{
	return cd_str_starts(bytes, CD_STR("PK\3\4")) || cd_str_starts(bytes, CD_STR("PK\5\6"));
}

/* A feed has at least these. */
static cd_code suggest_archive(struct cd_cx *cx, const char *path, struct cd_suggestion *ret)
{
	static const cd_str members[] = {CD_STR_INIT("stops.txt"), CD_STR_INIT("routes.txt"),
		CD_STR_INIT("trips.txt"), CD_STR_INIT("stop_times.txt")};
	struct cd_archive *a;
	if (cd_archive_open(cx, path, &a))
		return cx->err.code;
	bool feed = true;
	for (size_t i = 0; i < sizeof members / sizeof *members && feed; i++) {
		struct cd_stream *s = NULL;
		feed = cd_archive_member(cx, a, members[i], &s) == CD_OK;
		cd_stream_close(s);
	}
	cd_archive_close(a);
	if (!feed) {
		cd_cx_clear(cx);
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, path,
			"This archive is no GTFS feed; unpack it and ask for a mapping of each of its "
			"tables");
	}
	*ret = (struct cd_suggestion){.kind = CD_SUGGEST_GTFS,
		.findings = CD_STR("This is a GTFS feed (stops, routes, trips, stop times). Cardo has a "
				   "mapping for those.\n")};
	return CD_OK;
}

cd_code cd_suggest(struct cd_cx *cx, const char *path, struct cd_suggestion *ret)
{
	struct cd_stream *in;
	cd_str bytes;
	bool whole;
	cd_code code = cd_stream_open(cx, path, &in);
	if (code == CD_E_IO) { /* a folder, perhaps */
		struct cd_err first = cx->err;
		cd_cx_clear(cx);
		if (suggest_archive(cx, path, ret) == CD_OK)
			return CD_OK;
		cx->err = first;
	}
	if (code)
		return code;
	code = cd_sample_bytes(cx, in, &bytes, &whole);
	cd_stream_close(in);
	if (code)
		return code;
	return is_zip(bytes) ? suggest_archive(cx, path, ret) : cd_suggest_bytes(cx, path, bytes, whole, ret);
}
