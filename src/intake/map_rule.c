/* Rules of attributes: everything around a value that does not depend on the row is made here. */
#include "intake/mapping_int.h"

#include "model/uri.h"

#include <stdlib.h>

static const char *const members[] = {"to", "kind", "from", "format", "value", "as", "decimal", "thousands",
	"null", "time", "map", "else", "split", "scale", "round", "range", "outside", "unitCode",
	"observedAt", "datasetId", "languageMap", "geometry", "crs", "when", "required", "each", "attributes",
	NULL};
static const char *const kinds[] = {"Property", "Relationship", "GeoProperty", "LanguageProperty",
	"VocabProperty", "ListProperty", "JsonProperty", NULL};
static const cd_str opens[CD_MAP_KINDS] = {
	[CD_MAP_PROPERTY] = CD_STR_INIT("{\"type\":\"Property\",\"value\":"),
	[CD_MAP_RELATIONSHIP] = CD_STR_INIT("{\"type\":\"Relationship\",\"object\":"),
	[CD_MAP_GEO] = CD_STR_INIT("{\"type\":\"GeoProperty\",\"value\":"),
	[CD_MAP_LANGUAGE] = CD_STR_INIT("{\"type\":\"LanguageProperty\",\"languageMap\":"),
	[CD_MAP_VOCAB] = CD_STR_INIT("{\"type\":\"VocabProperty\",\"vocab\":"),
	[CD_MAP_LIST] = CD_STR_INIT("{\"type\":\"ListProperty\",\"valueList\":"),
	[CD_MAP_JSON] = CD_STR_INIT("{\"type\":\"JsonProperty\",\"json\":"),
};
static const char *const forms[] = {
	"string", "number", "integer", "boolean", "datetime", "date", "auto", "json", NULL};
static const char *const shapes[] = {
	"Point", "latlon", "lonlat", "LineString", "wkt", "geojson", "feature", NULL};
static const cd_str reserved[] = {CD_STR_INIT("id"), CD_STR_INIT("@id"), CD_STR_INIT("type"),
	CD_STR_INIT("@type"), CD_STR_INIT("@context"), CD_STR_INIT("scope"), CD_STR_INIT("createdAt"),
	CD_STR_INIT("modifiedAt"), CD_STR_INIT("deletedAt"), CD_STR_INIT("expiresAt")};

/* ,"name": */
static cd_code head_of(struct cd_compile *c, cd_str name, cd_str *ret)
{
	*ret = cd_arena_printf(c->cx->arena, ",\"" CD_STR_FMT "\":", CD_STR_ARG(name));
	return ret->p ? CD_OK : cd_fail_memory(c->cx);
}

static cd_code name_of(struct cd_compile *c, const struct cd_json *v, struct cd_map_rule *r)
{
	const struct cd_json *to = cd_json_get(v, CD_STR("to"));
	struct cd_template *t = NULL;
	if (!to)
		return cd_map_wrong(c, v, "Expected \"to\": the name of the attribute");
	if (cd_map_template_member(c, v, "to", &t))
		return c->cx->err.code;
	r->to = to->text;
	if (!t->constant) {
		r->to_template = t;
		return CD_OK;
	}
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (cd_str_eq(reserved[i], r->to))
			return cd_map_wrong(c, to, "This name is a member of every entity, and no attribute");
	return cd_name_ok(r->to) ? head_of(c, r->to, &r->head)
				 : cd_map_wrong(c, to, "This is no name of an attribute");
}

static cd_code fields_of(struct cd_compile *c, const struct cd_json *from, struct cd_map_rule *r)
{
	if (!from)
		return CD_OK;
	if (from->kind == CD_JSON_STRING) {
		r->from_n = 1;
		return cd_map_slot(c, from, from->text, &r->from[0]);
	}
	bool many = r->kind == CD_MAP_GEO && (r->shape == CD_SHAPE_POINT || r->shape == CD_SHAPE_LINE);
	if (!many || from->kind != CD_JSON_ARRAY || from->n < 2 || from->n > 3)
		return cd_map_wrong(c, from,
			many ? "Expected two or three fields: longitude, latitude, height"
			     : "Expected the name of a field");
	for (const struct cd_json *f = from->child; f; f = f->next) {
		if (f->kind != CD_JSON_STRING)
			return cd_map_wrong(c, f, "Expected the name of a field");
		if (cd_map_slot(c, f, f->text, &r->from[r->from_n++]))
			return c->cx->err.code;
	}
	return CD_OK;
}

static int by_text(const void *a, const void *b)
{
	return cd_str_cmp(((const struct cd_map_entry *)a)->from, ((const struct cd_map_entry *)b)->from);
}

static cd_code map_of(struct cd_compile *c, const struct cd_json *v, struct cd_map_rule *r)
{
	static const char *const words[] = {"drop", "keep", "error", NULL};
	static const char *const only_value[] = {"value", NULL};
	const struct cd_json *map = cd_json_get(v, CD_STR("map")), *other = cd_json_get(v, CD_STR("else"));
	if (!map)
		return other ? cd_map_wrong(c, other, "\"else\" has a meaning beside \"map\" only") : CD_OK;
	if (map->kind != CD_JSON_OBJECT || map->n == 0)
		return cd_map_wrong(c, map, "Expected an object: {\"text\": value}");
	r->map = CD_NEWS(c->cx->arena, struct cd_map_entry, map->n);
	if (!r->map)
		return cd_fail_memory(c->cx);
	for (const struct cd_json *e = map->child; e; e = e->next) {
		r->map[r->map_n].from = e->key;
		if (e->kind != CD_JSON_NULL && cd_map_json(c, e, &r->map[r->map_n].json))
			return c->cx->err.code;
		r->map_n++;
	}
	qsort(r->map, r->map_n, sizeof *r->map, by_text);
	if (other && other->kind == CD_JSON_OBJECT) {
		const struct cd_json *value = cd_json_get(other, CD_STR("value"));
		if (cd_map_only(c, other, only_value))
			return c->cx->err.code;
		if (!value || value->kind == CD_JSON_NULL)
			return cd_map_wrong(c, other, "Expected {\"value\": ...}");
		r->otherwise = CD_ELSE_VALUE;
		return cd_map_json(c, value, &r->otherwise_json);
	}
	unsigned word = r->otherwise;
	if (cd_map_word(c, v, "else", words, &word))
		return c->cx->err.code;
	r->otherwise = word;
	return CD_OK;
}

static cd_code two_numbers(struct cd_compile *c, const struct cd_json *v, const char *name, bool *ret_there,
	double *a, double *b)
{
	const struct cd_json *list = cd_json_get(v, cd_str_z(name));
	if (!list)
		return CD_OK;
	if (list->kind != CD_JSON_ARRAY || list->n != 2)
		return cd_map_wrong(c, list, "Expected two numbers");
	*ret_there = true;
	return cd_map_real(c, list->child, a) ? c->cx->err.code : cd_map_real(c, list->child->next, b);
}

static cd_code numbers_of(struct cd_compile *c, const struct cd_json *v, struct cd_map_rule *r)
{
	static const char *const outside[] = {"drop", "keep", NULL};
	const struct cd_json *digits = cd_json_get(v, CD_STR("round"));
	unsigned keep = 0;
	double d = 0;
	if (two_numbers(c, v, "scale", &r->scaled, &r->factor, &r->offset) ||
		two_numbers(c, v, "range", &r->ranged, &r->least, &r->most) ||
		cd_map_word(c, v, "outside", outside, &keep) || (digits && cd_map_real(c, digits, &d)) ||
		cd_map_number_form(c, v, &r->number))
		return c->cx->err.code;
	r->rounded = digits;
	r->digits = d >= 0 && d <= 15 ? (int)d : -1;
	if (digits && r->digits != d)
		return cd_map_wrong(c, digits, "Expected digits behind the point: 0 to 15");
	if (r->ranged && r->least > r->most)
		return cd_map_wrong(c, cd_json_get(v, CD_STR("range")), "The least is more than the most");
	r->outside_keep = keep;
	bool number = r->as == CD_AS_NUMBER || r->as == CD_AS_INTEGER || r->as == CD_AS_AUTO;
	if ((r->scaled || r->rounded || r->ranged) && !number)
		return cd_map_wrong(c, v, "scale, round and range need \"as\": \"number\"");
	return CD_OK;
}

static cd_code languages_of(struct cd_compile *c, const struct cd_json *v, struct cd_map_rule *r)
{
	const struct cd_json *map = cd_json_get(v, CD_STR("languageMap"));
	if (!map)
		return CD_OK;
	if (map->kind != CD_JSON_OBJECT || map->n == 0 || r->kind != CD_MAP_LANGUAGE)
		return cd_map_wrong(
			c, map, "Expected an object, in a LanguageProperty: {\"de\": \"{name_de}\"}");
	r->languages = CD_NEWS(c->cx->arena, struct cd_map_language, map->n);
	if (!r->languages)
		return cd_fail_memory(c->cx);
	for (const struct cd_json *m = map->child; m; m = m->next) {
		struct cd_map_language *l = &r->languages[r->languages_n++];
		l->tag = m->key;
		if (!cd_language_ok(m->key))
			return cd_map_wrong(c, m, "This is no language tag");
		if (cd_map_template(c, m, CD_MAP_NONE, &l->text))
			return c->cx->err.code;
	}
	return CD_OK;
}

static cd_code observed_of(struct cd_compile *c, const struct cd_json *v, struct cd_map_rule *r)
{
	const struct cd_json *at = cd_json_get(v, CD_STR("observedAt"));
	if (!at)
		return CD_OK;
	if (at->kind == CD_JSON_FALSE) {
		r->unobserved = true;
		return CD_OK;
	}
	return cd_map_template_member(c, v, "observedAt", &r->observed);
}

/* Of what can a value be made? One thing. */
static cd_code check_origin(struct cd_compile *c, const struct cd_json *v, const struct cd_map_rule *r)
{
	bool value = r->constant.p, languages = r->languages_n;
	bool feature = r->kind == CD_MAP_GEO && r->shape == CD_SHAPE_FEATURE;
	bool text = r->from_n || r->format;
	if (value + languages + feature + text != 1)
		return cd_map_wrong(c, v,
			"Expected one of from (or format), value, languageMap, \"geometry\": \"feature\"");
	if ((r->kind == CD_MAP_LANGUAGE) != languages && !value)
		return cd_map_wrong(c, v, "A LanguageProperty needs a languageMap");
	if (r->kind == CD_MAP_GEO && !value && (r->format || !cd_json_get(v, CD_STR("geometry"))))
		return cd_map_wrong(c, v, "A GeoProperty needs \"geometry\", and \"from\"");
	if (r->kind != CD_MAP_GEO && cd_json_get(v, CD_STR("geometry")))
		return cd_map_wrong(c, v, "\"geometry\" needs \"kind\": \"GeoProperty\"");
	bool pair = r->kind == CD_MAP_GEO && (r->shape == CD_SHAPE_POINT || r->shape == CD_SHAPE_LINE);
	if (pair && text && r->from_n < 2)
		return cd_map_wrong(c, v, "Expected two fields in \"from\": longitude, latitude");
	if (feature && c->source->format != CD_FROM_GEOJSON)
		return cd_map_wrong(c, v, "Only GeoJSON has features");
	if (!c->table->group && (r->each || (r->kind == CD_MAP_GEO && r->shape == CD_SHAPE_LINE)))
		return cd_map_wrong(c, v, "each and LineString need a \"group\"");
	return CD_OK;
}

static cd_code value_of(struct cd_compile *c, const struct cd_json *v, struct cd_map_rule *r)
{
	const struct cd_json *value = cd_json_get(v, CD_STR("value")),
			     *format = cd_json_get(v, CD_STR("format"));
	const struct cd_json *time = cd_json_get(v, CD_STR("time"));
	bool object = c->source->format == CD_FROM_JSON || c->source->format == CD_FROM_GEOJSON;
	unsigned as = object && !format && r->kind != CD_MAP_RELATIONSHIP && r->kind != CD_MAP_VOCAB
			      ? CD_AS_JSON
		      : r->kind == CD_MAP_JSON && !format ? CD_AS_JSON
							  : CD_AS_STRING;
	if (value && value->kind == CD_JSON_NULL)
		return cd_map_wrong(c, value, "null is no value of an attribute");
	if (fields_of(c, cd_json_get(v, CD_STR("from")), r) ||
		(value && cd_map_json(c, value, &r->constant)) || cd_map_word(c, v, "as", forms, &as) ||
		cd_map_text(c, v, "split", &r->split) || cd_map_texts(c, v, "null", &r->null) ||
		(time && cd_map_time_form(c, time, c->m->source.time, &r->time)))
		return c->cx->err.code;
	r->as = as;
	if (r->split.p && r->split.n == 0)
		return cd_map_wrong(c, cd_json_get(v, CD_STR("split")), "Expected a text to split at");
	if (format) {
		r->format = CD_NEW(c->cx->arena, struct cd_template);
		if (!r->format)
			return cd_fail_memory(c->cx);
		if (cd_map_template(c, format, r->from_n == 1 ? CD_MAP_DOT : CD_MAP_NONE, r->format))
			return c->cx->err.code;
	}
	return CD_OK;
}

/* What stands behind the value when it is the same for every row. */
static cd_code tail_of(struct cd_compile *c, struct cd_map_rule *r)
{
	struct cd_buf b;
	if (!r->unit || !r->unit->constant || r->unit->n != 1)
		return CD_OK;
	cd_buf_init(&b, 1 << 20);
	CD_BUF_LIT(&b, ",\"unitCode\":");
	cd_json_write_string(&b, r->unit->parts->literal);
	r->tail = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(c->cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	r->unit = NULL;
	return r->tail.p ? CD_OK : cd_fail_memory(c->cx);
}

static cd_code rule(struct cd_compile *c, const struct cd_json *v, unsigned depth, struct cd_map_rule *r)
{
	unsigned kind = 0, shape = 0;
	const struct cd_json *inner;
	r->number = c->source->number;
	r->null = c->source->null;
	r->time = c->m->source.time;
	r->crs = c->source->crs;
	r->same = 1;
	if (cd_map_only(c, v, members) || name_of(c, v, r) || cd_map_word(c, v, "kind", kinds, &kind) ||
		cd_map_word(c, v, "geometry", shapes, &shape))
		return c->cx->err.code;
	r->kind = kind;
	r->shape = shape;
	r->open = opens[kind];
	if (value_of(c, v, r) || map_of(c, v, r) || numbers_of(c, v, r) || languages_of(c, v, r) ||
		observed_of(c, v, r) || cd_map_template_member(c, v, "unitCode", &r->unit) ||
		cd_map_template_member(c, v, "datasetId", &r->dataset) || cd_map_crs(c, v, &r->crs) ||
		cd_map_conditions(c, cd_json_get(v, CD_STR("when")), false, &r->when) ||
		cd_map_flag(c, v, "required", &r->required) || cd_map_flag(c, v, "each", &r->each) ||
		tail_of(c, r))
		return c->cx->err.code;
	if (check_origin(c, v, r))
		return c->cx->err.code;
	r->listed = r->kind == CD_MAP_LIST;
	inner = cd_json_get(v, CD_STR("attributes"));
	return inner ? cd_map_rules(c, inner, depth + 1, &r->rules, &r->rules_n) : CD_OK;
}

/* Rules of one name stand together, in their order. */
static void join_names(struct cd_map_rule *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += r[i].same) {
		if (r[i].to_template)
			continue;
		for (uint32_t k = i + 1; k < n; k++) {
			if (r[k].to_template || !cd_str_eq(r[k].to, r[i].to))
				continue;
			struct cd_map_rule moved = r[k];
			uint32_t to = i + r[i].same;
			memmove(&r[to + 1], &r[to], (k - to) * sizeof *r);
			r[to] = moved;
			r[i].same++;
		}
		for (uint32_t k = i; k < i + r[i].same; k++)
			r[i].many |= r[i].same > 1 && r[k].dataset != NULL;
	}
}

cd_code cd_map_rules(struct cd_compile *c, const struct cd_json *list, unsigned depth,
	struct cd_map_rule **ret, uint32_t *ret_n)
{
	if (list->kind != CD_JSON_ARRAY || list->n > CD_MAP_RULES_MAX)
		return cd_map_wrong(c, list, "Expected a list of rules, %d at most", CD_MAP_RULES_MAX);
	if (depth == CD_MAP_DEPTH_MAX)
		return cd_map_wrong(c, list, "Attributes are nested deeper than %d", CD_MAP_DEPTH_MAX);
	*ret = CD_NEWS(c->cx->arena, struct cd_map_rule, list->n);
	if (!*ret)
		return cd_fail_memory(c->cx);
	for (const struct cd_json *v = list->child; v; v = v->next)
		if (rule(c, v, depth, &(*ret)[(*ret_n)++]))
			return c->cx->err.code;
	join_names(*ret, *ret_n);
	return CD_OK;
}
