/* A mapping as a person would write it: a line for each rule, nothing that is the default. */
#include "intake/suggest_int.h"

#include "json/json.h"

static void put_text(struct cd_buf *b, cd_str s)
{
	cd_json_write_string(b, s);
}

/* `, "name": ` with the comma when something stands before it. */
static void put_name(struct cd_buf *b, const char *name)
{
	if (b->n && b->p[b->n - 1] != '{')
		CD_BUF_LIT(b, ", ");
	put_text(b, cd_str_z(name));
	CD_BUF_LIT(b, ": ");
}

static void put_member(struct cd_buf *b, const char *name, cd_str text)
{
	put_name(b, name);
	put_text(b, text);
}

static void put_byte(struct cd_buf *b, const char *name, char c)
{
	put_member(b, name, cd_str_of(&c, c != 0));
}

static void put_texts(struct cd_buf *b, const char *name, const cd_str *list, uint32_t n)
{
	put_name(b, name);
	CD_BUF_LIT(b, "[");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			CD_BUF_LIT(b, ", ");
		put_text(b, list[i]);
	}
	CD_BUF_LIT(b, "]");
}

/* ---- source ---- */

static const char *const encodings[] = {
	[CD_UTF_8] = "utf-8", [CD_LATIN_1] = "latin-1", [CD_WINDOWS_1252] = "windows-1252"};

static bool is_iso(const char *form)
{
	return cd_str_eq(cd_str_z(form), CD_STR("iso"));
}

static void put_time(const struct cd_guesses *g, struct cd_buf *b, const char *form, bool zone)
{
	if (is_iso(form) && !zone)
		return;
	put_name(b, "time");
	CD_BUF_LIT(b, "{");
	if (!is_iso(form))
		put_member(b, "form", cd_str_z(form));
	if (zone)
		put_member(b, "zone", cd_guess_zone(g));
	CD_BUF_LIT(b, "}");
}

static void put_shape(const struct cd_sample *s, struct cd_buf *b)
{
	if (s->shape.delimiter != ',')
		put_byte(b, "delimiter", s->shape.delimiter);
	if (s->shape.quote != '"')
		put_byte(b, "quote", s->shape.quote);
	if (s->shape.comment)
		put_byte(b, "comment", s->shape.comment);
	if (s->shape.encoding != CD_UTF_8)
		put_member(b, "encoding", cd_str_z(encodings[s->shape.encoding]));
	if (s->skip_rows) {
		put_name(b, "skipRows");
		cd_buf_u64(b, s->skip_rows);
	}
	if (!s->header) {
		put_name(b, "header");
		CD_BUF_LIT(b, "false");
	}
	if (s->short_rows * 20 > s->rows)
		put_member(b, "ragged", CD_STR("use"));
}

static bool has_zone(const struct cd_guesses *g)
{
	const struct cd_look *l = &g->columns[g->time].look;
	return l->looks == CD_LOOKS_TIME && !l->offset;
}

static void put_source(const struct cd_guesses *g, struct cd_buf *b)
{
	static const char *const formats[] = {
		[CD_SAMPLE_TABLE] = "csv", [CD_SAMPLE_JSON] = "json", [CD_SAMPLE_GEOJSON] = "geojson"};
	CD_BUF_LIT(b, "  \"source\": {");
	put_member(b, "format", cd_str_z(formats[g->s->kind]));
	if (g->s->kind == CD_SAMPLE_TABLE)
		put_shape(g->s, b);
	else if (g->s->within.n)
		put_member(b, "within", g->s->within);
	if (g->nulls_n)
		put_texts(b, "null", g->nulls, g->nulls_n);
	if (g->decimal != '.')
		put_byte(b, "decimal", g->decimal);
	if (g->thousands)
		put_byte(b, "thousands", g->thousands);
	if (g->time != CD_NONE)
		put_time(g, b, g->form, has_zone(g));
	if (g->system.system && g->system.system[0])
		put_member(b, "crs", cd_str_z(g->system.system));
	CD_BUF_LIT(b, "},\n");
}

/* ---- entity ---- */

static void put_field(const struct cd_guesses *g, struct cd_buf *b, int i, const char *filter)
{
	CD_BUF_LIT(b, "{");
	cd_buf_put(b, g->columns[i].name);
	cd_buf_put(b, cd_str_z(filter));
	CD_BUF_LIT(b, "}");
}

/* A slug reads well; where two names would have the same, or one none, bytes are written out. */
static const char *filter_of(const struct cd_guesses *g, int i)
{
	const struct cd_look *l = &g->columns[i].look;
	if (l->looks == CD_LOOKS_INTEGER || l->plain)
		return "";
	return cd_guess_slugs_differ(g, i) ? "|slug" : "|uri";
}

static void put_id(const struct cd_guesses *g, struct cd_buf *b)
{
	CD_BUF_LIT(b, "urn:ngsi-ld:");
	cd_buf_put(b, g->type);
	CD_BUF_LIT(b, ":");
	if (g->by_feature)
		CD_BUF_LIT(b, "{@feature|uri}");
	else if (g->ids_n == 0)
		CD_BUF_LIT(b, "{@file|slug}");
	for (unsigned i = 0; i < g->ids_n; i++) {
		if (i)
			CD_BUF_LIT(b, ":");
		put_field(g, b, g->ids[i], filter_of(g, g->ids[i]));
	}
	if (g->by_line)
		CD_BUF_LIT(b, "-{@line}");
}

static void put_observed_at(const struct cd_guesses *g, struct cd_buf *b)
{
	put_field(g, b, g->time, "");
	if (g->clock != CD_NONE) {
		CD_BUF_LIT(b, " ");
		put_field(g, b, g->clock, "");
	} else if (g->hour != CD_NONE) {
		CD_BUF_LIT(b, " ");
		put_field(g, b, g->hour, "");
		CD_BUF_LIT(b, ":00");
	}
}

/* A text that `write` makes, as JSON. */
static void put_made(const struct cd_guesses *g, struct cd_buf *b, const char *name,
	void (*write)(const struct cd_guesses *, struct cd_buf *))
{
	struct cd_buf text;
	cd_buf_init(&text, 1 << 20);
	write(g, &text);
	put_member(b, name, cd_buf_str(&text));
	b->bad = b->bad ? b->bad : text.bad;
	cd_buf_done(&text);
}

/* ---- attributes ---- */

static void put_truths(struct cd_buf *b, const struct cd_look *l)
{
	if (cd_str_eq_nocase(l->truth, CD_STR("true")) || cd_str_eq_nocase(l->truth, CD_STR("yes"))) {
		put_member(b, "as", CD_STR("boolean"));
		return;
	}
	put_name(b, "map");
	CD_BUF_LIT(b, "{");
	put_text(b, l->truth);
	CD_BUF_LIT(b, ": true, ");
	put_text(b, l->lie);
	CD_BUF_LIT(b, ": false}");
}

static void put_number_form(const struct cd_guesses *g, struct cd_buf *b, const struct cd_look *l)
{
	if (l->decimal && l->decimal != g->decimal)
		put_byte(b, "decimal", l->decimal);
	if ((l->thousands && l->thousands != g->thousands) || (l->decimal && l->decimal == g->thousands))
		put_byte(b, "thousands", l->thousands);
}

static void put_nulls(const struct cd_guesses *g, struct cd_buf *b, const struct cd_look *l)
{
	if (l->nulls_n && !cd_guess_shares_nulls(g, l))
		put_texts(b, "null", l->nulls, l->nulls_n);
}

static void put_moment(const struct cd_guesses *g, struct cd_buf *b, const struct cd_look *l)
{
	bool in_source = g->time != CD_NONE && cd_str_eq(cd_str_z(g->form), cd_str_z(l->form)) &&
			 has_zone(g) == !l->offset;
	put_member(b, "as", l->day_only ? CD_STR("date") : CD_STR("datetime"));
	if (!in_source)
		put_time(g, b, l->form, !l->offset && !l->day_only);
}

/* In JSON a value has its kind already, unless it is a text. */
static bool stands_as_it_is(const struct cd_guesses *g, uint32_t i)
{
	return g->s->kind != CD_SAMPLE_TABLE && !(g->s->holds[i] & CD_SAMPLE_HAS_TEXT);
}

static void put_kind(const struct cd_guesses *g, struct cd_buf *b, uint32_t i)
{
	const struct cd_look *l = &g->columns[i].look;
	if (stands_as_it_is(g, i))
		return;
	switch (l->looks) {
	case CD_LOOKS_INTEGER:
	case CD_LOOKS_NUMBER:
		put_member(b, "as", l->looks == CD_LOOKS_INTEGER ? CD_STR("integer") : CD_STR("number"));
		put_number_form(g, b, l);
		break;
	case CD_LOOKS_BOOLEAN:
		put_truths(b, l);
		break;
	case CD_LOOKS_TIME:
		put_moment(g, b, l);
		break;
	case CD_LOOKS_EMPTY:
	case CD_LOOKS_CLOCK:
	case CD_LOOKS_WKT:
	case CD_LOOKS_GEOJSON:
	case CD_LOOKS_LATLON:
	case CD_LOOKS_LONLAT:
	case CD_LOOKS_TEXT:
		break;
	}
}

/* What a thing is called was not observed at a time. */
static bool is_timeless(const struct cd_guesses *g, uint32_t i)
{
	bool id = false;
	for (unsigned k = 0; k < g->ids_n; k++)
		id |= g->ids[k] == (int)i;
	return g->time != CD_NONE && (id || g->columns[i].word.meaning == CD_MEANS_NAME ||
					     g->columns[i].word.meaning == CD_MEANS_ID);
}

static void put_rule(const struct cd_guesses *g, struct cd_buf *b, uint32_t i)
{
	const struct cd_guess *c = &g->columns[i];
	CD_BUF_LIT(b, "    {");
	put_member(b, "to", c->to);
	put_member(b, "from", c->name);
	put_kind(g, b, i);
	if (c->unit)
		put_member(b, "unitCode", cd_str_z(c->unit));
	put_nulls(g, b, &c->look);
	if (is_timeless(g, i)) {
		put_name(b, "observedAt");
		CD_BUF_LIT(b, "false");
	}
	CD_BUF_LIT(b, "}");
}

static const char *geometry_of(enum cd_looks looks)
{
	return looks == CD_LOOKS_WKT       ? "wkt"
	       : looks == CD_LOOKS_GEOJSON ? "geojson"
	       : looks == CD_LOOKS_LONLAT  ? "lonlat"
					   : "latlon";
}

static bool put_location(const struct cd_guesses *g, struct cd_buf *b)
{
	bool feature = g->s->kind == CD_SAMPLE_GEOJSON && g->s->located;
	if (g->x == CD_NONE && g->place == CD_NONE && !feature)
		return false;
	CD_BUF_LIT(b, "    {");
	put_member(b, "to", CD_STR("location"));
	put_member(b, "kind", CD_STR("GeoProperty"));
	if (g->x != CD_NONE) {
		put_member(b, "geometry", CD_STR("Point"));
		put_texts(b, "from", (cd_str[]){g->columns[g->x].name, g->columns[g->y].name}, 2);
		put_number_form(g, b, &g->columns[g->x].look);
		put_nulls(g, b, &g->columns[g->x].look);
	} else if (feature) {
		put_member(b, "geometry", CD_STR("feature"));
	} else {
		put_member(b, "geometry", cd_str_z(geometry_of(g->columns[g->place].look.looks)));
		put_member(b, "from", g->columns[g->place].name);
		put_nulls(g, b, &g->columns[g->place].look);
	}
	CD_BUF_LIT(b, "}");
	return true;
}

static void put_attributes(const struct cd_guesses *g, struct cd_buf *b)
{
	CD_BUF_LIT(b, "  \"attributes\": [\n");
	bool any = put_location(g, b);
	for (uint32_t i = 0; i < g->s->columns; i++) {
		if (!g->columns[i].to.n)
			continue;
		if (any)
			CD_BUF_LIT(b, ",\n");
		put_rule(g, b, i);
		any = true;
	}
	CD_BUF_LIT(b, "\n  ]\n}\n");
}

/* ---- all ---- */

static void put_description(const struct cd_guesses *g, struct cd_buf *b)
{
	cd_buf_printf(b, "A first mapping, suggested from the first %u rows of " CD_STR_FMT ".", g->s->rows,
		CD_STR_ARG(g->file));
	for (unsigned i = 0; i < g->notes_n; i++)
		cd_buf_printf(b, "%s" CD_STR_FMT, i ? "; " : " To check: ", CD_STR_ARG(g->notes[i]));
	if (g->notes_n)
		CD_BUF_LIT(b, ".");
}

static void put_slug(const struct cd_guesses *g, struct cd_buf *b)
{
	cd_buf_printf(b, "urn:cardo:mapping:" CD_STR_FMT ":1", CD_STR_ARG(g->type));
}

void cd_guess_write(const struct cd_guesses *g, struct cd_buf *b)
{
	CD_BUF_LIT(b, "{\n  \"cardoMapping\": \"1\",\n  \"id\": ");
	struct cd_buf id;
	cd_buf_init(&id, 4096);
	put_slug(g, &id);
	put_text(b, cd_buf_str(&id));
	cd_buf_done(&id);
	CD_BUF_LIT(b, ",\n  \"description\": ");
	cd_buf_init(&id, 1 << 20);
	put_description(g, &id);
	put_text(b, cd_buf_str(&id));
	cd_buf_done(&id);
	CD_BUF_LIT(b, ",\n");
	put_source(g, b);
	CD_BUF_LIT(b, "  \"target\": {");
	put_member(b, "type", g->type);
	CD_BUF_LIT(b, "},\n  \"entity\": {");
	put_made(g, b, "id", put_id);
	if (g->time != CD_NONE)
		put_made(g, b, "observedAt", put_observed_at);
	CD_BUF_LIT(b, "},\n");
	put_attributes(g, b);
}
