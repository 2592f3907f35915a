/* Values of attributes, written as JSON behind one another: each kind of value is a step of its own. */
#include "intake/mapping_int.h"

#include "model/uri.h"

#include <math.h>
#include <stdlib.h>

static bool is_null(const struct cd_texts *null, cd_str text)
{
	for (uint32_t i = 0; i < null->n; i++)
		if (cd_str_eq(null->text[i], text))
			return true;
	return false;
}

/* ---- steps: text to JSON; false with a fault told ---- */

static bool put_string(struct cd_map_state *s, const struct cd_map_rule *r, cd_str text)
{
	bool uri = r->kind == CD_MAP_RELATIONSHIP;
	if (uri && !cd_uri_ok(text)) {
		cd_map_fault(s, "uri", "\"" CD_STR_FMT "\" in " CD_STR_FMT " is no URI", CD_STR_ARG(text),
			CD_STR_ARG(r->to));
		return false;
	}
	cd_json_write_string(&s->out, text);
	return true;
}

static bool put_calculated(struct cd_map_state *s, const struct cd_map_rule *r, cd_str number)
{
	double d = cd_json_number(number);
	if (r->scaled)
		d = r->factor * d + r->offset;
	if (r->rounded) {
		double by = pow(10, r->digits);
		d = round(d * by) / by;
	}
	if (!isfinite(d) || (r->ranged && !r->outside_keep && (d < r->least || d > r->most))) {
		cd_map_fault(s, "range", CD_STR_FMT " in " CD_STR_FMT " is out of range", CD_STR_ARG(number),
			CD_STR_ARG(r->to));
		return false;
	}
	if (r->ranged && (d < r->least || d > r->most))
		cd_map_fault(s, "range", CD_STR_FMT " in " CD_STR_FMT " is out of range, and kept",
			CD_STR_ARG(number), CD_STR_ARG(r->to));
	if (r->scaled || r->rounded)
		cd_json_write_number(&s->out, d);
	else
		cd_buf_put(&s->out, number);
	return true;
}

/* 12.0 and 1e3 are whole, 12.5 is not. */
static bool whole(cd_str number, cd_str *ret)
{
	size_t point = cd_str_find(number, '.'), i = point + 1;
	bool exponent = cd_str_find(number, 'e') < number.n || cd_str_find(number, 'E') < number.n;
	if (exponent)
		return false;
	while (i < number.n && number.p[i] == '0')
		i++;
	*ret = cd_str_of(number.p, point);
	return i >= number.n;
}

static bool put_number(struct cd_map_state *s, const struct cd_map_rule *r, cd_str text)
{
	char plain[CD_NUMBER_MAX];
	cd_str number;
	bool good = cd_number_read(&r->number, text, plain, &number);
	if (good && r->as == CD_AS_INTEGER && !r->scaled)
		good = whole(number, &number);
	if (!good) {
		cd_map_fault(s, "number", "\"" CD_STR_FMT "\" in " CD_STR_FMT " is no %s", CD_STR_ARG(text),
			CD_STR_ARG(r->to), r->as == CD_AS_INTEGER ? "whole number" : "number");
		return false;
	}
	if (r->scaled || r->rounded || r->ranged)
		return put_calculated(s, r, number);
	cd_buf_put(&s->out, number);
	return true;
}

static bool put_boolean(struct cd_map_state *s, const struct cd_map_rule *r, cd_str text)
{
	static const struct {
		cd_str word;
		bool truth;
	} words[] = {{CD_STR_INIT("true"), true}, {CD_STR_INIT("false"), false}, {CD_STR_INIT("1"), true},
		{CD_STR_INIT("0"), false}, {CD_STR_INIT("yes"), true}, {CD_STR_INIT("no"), false}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (cd_str_eq_nocase(words[i].word, text)) {
			cd_buf_put(&s->out, words[i].truth ? CD_STR("true") : CD_STR("false"));
			return true;
		}
	cd_map_fault(s, "boolean", "\"" CD_STR_FMT "\" in " CD_STR_FMT " is neither true nor false",
		CD_STR_ARG(text), CD_STR_ARG(r->to));
	return false;
}

static bool put_datetime(struct cd_map_state *s, const struct cd_map_rule *r, cd_str text)
{
	char out[CD_STAMP_TEXT_MAX];
	cd_stamp t;
	if (!cd_map_time(s, r->time, text, &t))
		return false;
	CD_BUF_LIT(&s->out, "{\"@type\":\"DateTime\",\"@value\":\"");
	cd_buf_put(&s->out, cd_str_of(out, cd_stamp_print(t, out)));
	CD_BUF_LIT(&s->out, "\"}");
	return true;
}

static bool put_date(struct cd_map_state *s, const struct cd_map_rule *r, cd_str text)
{
	char out[CD_STAMP_TEXT_MAX];
	struct cd_moment m;
	if (!cd_moment_read(&r->time->form, cd_str_trim(text), &m)) {
		cd_map_fault(s, "time",
			"\"" CD_STR_FMT "\" in " CD_STR_FMT " is no day of the form that is expected",
			CD_STR_ARG(text), CD_STR_ARG(r->to));
		return false;
	}
	size_t n = cd_stamp_print(cd_stamp_of(m.local_us, 0), out);
	CD_BUF_LIT(&s->out, "{\"@type\":\"Date\",\"@value\":\"");
	cd_buf_put(&s->out, cd_str_of(out, n < 10 ? n : 10));
	CD_BUF_LIT(&s->out, "\"}");
	return true;
}

static bool put_auto(struct cd_map_state *s, const struct cd_map_rule *r, cd_str text)
{
	char plain[CD_NUMBER_MAX];
	cd_str number;
	/* 007 is a name that looks like a number */
	bool zero = text.n > 1 && text.p[0] == '0' && text.p[1] >= '0' && text.p[1] <= '9';
	if (!zero && cd_number_read(&r->number, text, plain, &number))
		return put_number(s, r, text);
	if (cd_str_eq(text, CD_STR("true")) || cd_str_eq(text, CD_STR("false"))) {
		cd_buf_put(&s->out, text);
		return true;
	}
	return put_string(s, r, text);
}

static bool put_json(struct cd_map_state *s, const struct cd_map_rule *r, cd_str text)
{
	struct cd_json *parsed;
	cd_cx_clear(&s->row_cx);
	if (!cd_json_parse_copy(&s->row_cx, text, &parsed) && parsed->kind != CD_JSON_NULL) {
		cd_json_write(&s->out, parsed);
		return true;
	}
	cd_map_fault(s, "json", "The text in " CD_STR_FMT " is no JSON", CD_STR_ARG(r->to));
	return false;
}

static bool (*const steps[CD_AS_N])(struct cd_map_state *, const struct cd_map_rule *, cd_str) = {
	[CD_AS_STRING] = put_string,
	[CD_AS_NUMBER] = put_number,
	[CD_AS_INTEGER] = put_number,
	[CD_AS_BOOLEAN] = put_boolean,
	[CD_AS_DATETIME] = put_datetime,
	[CD_AS_DATE] = put_date,
	[CD_AS_AUTO] = put_auto,
	[CD_AS_JSON] = put_json,
};

/* ---- from a cell to a value ---- */

static const struct cd_map_entry *entry_of(const struct cd_map_rule *r, cd_str text)
{
	uint32_t low = 0, high = r->map_n;
	while (low < high) {
		uint32_t mid = (low + high) / 2;
		int c = cd_str_cmp(r->map[mid].from, text);
		if (c == 0)
			return &r->map[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool cd_map_put_text(struct cd_map_state *s, const struct cd_map_rule *r, cd_str text)
{
	if (text.n == 0 || is_null(&r->null, text))
		return false;
	const struct cd_map_entry *e = r->map_n ? entry_of(r, text) : NULL;
	if (e) {
		cd_buf_put(&s->out, e->json);
		return e->json.n > 0;
	}
	if (r->map_n && r->otherwise == CD_ELSE_VALUE) {
		cd_buf_put(&s->out, r->otherwise_json);
		return true;
	}
	if (r->map_n && r->otherwise != CD_ELSE_KEEP) {
		cd_map_fault(s, "map",
			"\"" CD_STR_FMT "\" in " CD_STR_FMT " is none of the values that are mapped",
			CD_STR_ARG(text), CD_STR_ARG(r->to));
		s->row_bad |= r->otherwise == CD_ELSE_ERROR;
		return false;
	}
	return steps[r->as](s, r, text);
}

static bool put_split(struct cd_map_state *s, const struct cd_map_rule *r, cd_str text)
{
	unsigned n = 0;
	if (text.n == 0 || is_null(&r->null, text))
		return false;
	cd_buf_char(&s->out, '[');
	for (bool more = true; more;) {
		const char *at = memmem(text.p, text.n, r->split.p, r->split.n);
		cd_str part = cd_str_trim(at ? cd_str_of(text.p, (size_t)(at - text.p)) : text);
		size_t mark = s->out.n;
		if (n)
			cd_buf_char(&s->out, ',');
		if (cd_map_put_text(s, r, part))
			n++;
		else
			s->out.n = mark;
		more = at != NULL;
		text = more ? cd_str_skip(text, (size_t)(at - text.p) + r->split.n) : text;
	}
	cd_buf_char(&s->out, ']');
	return n > 0;
}

static bool put_node(struct cd_map_state *s, const struct cd_map_rule *r, const struct cd_json *v)
{
	bool wrap = r->listed && v->kind != CD_JSON_ARRAY;
	if (wrap)
		cd_buf_char(&s->out, '[');
	cd_json_write(&s->out, v);
	if (wrap)
		cd_buf_char(&s->out, ']');
	return true;
}

static bool put_cell(struct cd_map_state *s, const struct cd_map_rule *r)
{
	const struct cd_cell none = {{NULL, 0}, NULL}, *cell = r->from_n ? &s->cells[r->from[0]] : &none;
	cd_str text = r->format ? cd_template_text(s, r->format, cell->text) : cell->text;
	if (r->split.n)
		return put_split(s, r, text);
	if (!r->format && cell->json && r->as == CD_AS_JSON && !r->map_n)
		return !is_null(&r->null, text) && put_node(s, r, cell->json);
	if (!r->listed || r->each)
		return cd_map_put_text(s, r, text);
	cd_buf_char(&s->out, '[');
	bool good = cd_map_put_text(s, r, text);
	cd_buf_char(&s->out, ']');
	return good;
}

/* The value of every row of a group. */
static bool put_each(struct cd_map_state *s, const struct cd_map_rule *r)
{
	struct cd_cell *first = s->cells;
	uint64_t line = s->line;
	size_t n = 0;
	cd_buf_char(&s->out, '[');
	for (size_t i = 0; i < s->group_n; i++) {
		size_t mark = s->out.n;
		s->cells = s->group[i].cells;
		s->line = s->group[i].line;
		if (n)
			cd_buf_char(&s->out, ',');
		if (put_cell(s, r))
			n++;
		else
			s->out.n = mark;
	}
	cd_buf_char(&s->out, ']');
	s->cells = first;
	s->line = line;
	return n > 0;
}

static bool put_languages(struct cd_map_state *s, const struct cd_map_rule *r)
{
	unsigned n = 0;
	cd_buf_char(&s->out, '{');
	for (uint32_t i = 0; i < r->languages_n; i++) {
		cd_str text = cd_template_text(s, &r->languages[i].text, CD_STR(""));
		if (text.n == 0 || is_null(&r->null, text))
			continue;
		if (n++)
			cd_buf_char(&s->out, ',');
		cd_json_write_string(&s->out, r->languages[i].tag);
		cd_buf_char(&s->out, ':');
		cd_json_write_string(&s->out, text);
	}
	cd_buf_char(&s->out, '}');
	return n > 0;
}

static bool put_value(struct cd_map_state *s, const struct cd_map_rule *r)
{
	if (r->constant.p) {
		cd_buf_put(&s->out, r->constant);
		return true;
	}
	if (r->kind == CD_MAP_GEO)
		return cd_map_geometry(s, r, &s->out);
	if (r->kind == CD_MAP_LANGUAGE)
		return put_languages(s, r);
	return r->each ? put_each(s, r) : put_cell(s, r);
}

/* ---- the attribute around it ---- */

static void put_time(struct cd_buf *b, cd_stamp t)
{
	CD_BUF_LIT(b, ",\"observedAt\":\"");
	cd_buf_stamp(b, t);
	cd_buf_char(b, '"');
}

/* Constants, places, relationships and names are not what was observed then. */
static bool observable(const struct cd_map_rule *r)
{
	return !r->constant.p &&
	       (r->kind == CD_MAP_PROPERTY || r->kind == CD_MAP_LIST || r->kind == CD_MAP_JSON);
}

static void put_observed(struct cd_map_state *s, const struct cd_map_rule *r, bool observed)
{
	cd_stamp t;
	if (r->observed) {
		cd_str text = cd_template_text(s, r->observed, CD_STR(""));
		if (text.n && cd_map_time(s, r->time, text, &t))
			put_time(&s->out, t);
	} else if (observed && s->has_time && !r->unobserved && observable(r)) {
		put_time(&s->out, s->time);
	}
}

static bool put_dataset(struct cd_map_state *s, const struct cd_map_rule *r)
{
	cd_str id = cd_template_text(s, r->dataset, CD_STR(""));
	if (!cd_uri_ok(id)) {
		cd_map_fault(s, "uri", "The datasetId \"" CD_STR_FMT "\" of " CD_STR_FMT " is no URI",
			CD_STR_ARG(id), CD_STR_ARG(r->to));
		return false;
	}
	CD_BUF_LIT(&s->out, ",\"datasetId\":");
	cd_json_write_string(&s->out, id);
	return true;
}

/* {"type": ..., "value": ...}; nothing when it has no value. */
static bool put_instance(struct cd_map_state *s, const struct cd_map_rule *r, bool observed)
{
	size_t mark = s->out.n;
	if (!cd_conditions_hold(s, &r->when))
		return false;
	cd_buf_put(&s->out, r->open);
	bool good = put_value(s, r);
	if (good && r->unit) {
		cd_str unit = cd_template_text(s, r->unit, CD_STR(""));
		if (unit.n) {
			CD_BUF_LIT(&s->out, ",\"unitCode\":");
			cd_json_write_string(&s->out, unit);
		}
	}
	if (good) {
		cd_buf_put(&s->out, r->tail);
		put_observed(s, r, observed);
		good = !r->dataset || put_dataset(s, r);
	}
	if (good)
		good = cd_map_put_rules(s, r->rules, r->rules_n, false);
	if (good) {
		cd_buf_char(&s->out, '}');
		return true;
	}
	s->out.n = mark;
	if (r->required) {
		cd_map_fault(s, "missing", CD_STR_FMT " has no value, and is required", CD_STR_ARG(r->to));
		s->row_bad = true;
	}
	return false;
}

static bool put_name(struct cd_map_state *s, const struct cd_map_rule *r)
{
	if (!r->to_template) {
		cd_buf_put(&s->out, r->head);
		return true;
	}
	cd_str name = cd_template_text(s, r->to_template, CD_STR(""));
	if (!cd_name_ok(name)) {
		cd_map_fault(s, "name", "\"" CD_STR_FMT "\" is no name of an attribute", CD_STR_ARG(name));
		return false;
	}
	CD_BUF_LIT(&s->out, ",");
	cd_json_write_string(&s->out, name);
	CD_BUF_LIT(&s->out, ":");
	return true;
}

static void put_many(struct cd_map_state *s, const struct cd_map_rule *r, bool observed)
{
	unsigned n = 0;
	cd_buf_char(&s->out, '[');
	for (uint32_t i = 0; i < r->same; i++) {
		size_t mark = s->out.n;
		if (n)
			cd_buf_char(&s->out, ',');
		if (put_instance(s, &r[i], observed))
			n++;
		else
			s->out.n = mark;
	}
	cd_buf_char(&s->out, ']');
}

bool cd_map_put_rules(struct cd_map_state *s, const struct cd_map_rule *r, uint32_t n, bool observed)
{
	for (uint32_t i = 0; i < n && !s->row_bad; i += r[i].same) {
		size_t mark = s->out.n;
		bool written = put_name(s, &r[i]);
		size_t begin = s->out.n;
		if (written && r[i].many)
			put_many(s, &r[i], observed);
		/* later ones win */
		for (uint32_t k = r[i].same; written && !r[i].many && k > 0 && s->out.n == begin; k--)
			(void)put_instance(s, &r[i + k - 1], observed);
		if (s->out.n <= begin + 2)
			s->out.n = mark;
	}
	return !s->row_bad;
}
