/* The document: source, tables and what a table has besides its rules. */
#include "intake/mapping_int.h"

#include "model/uri.h"

/* ---- source ---- */

static const char *const source_members[] = {"format", "delimiter", "quote", "comment", "encoding",
	"skipRows", "header", "ragged", "absent", "within", "null", "decimal", "thousands", "time", "crs",
	NULL};
static const char *const formats[] = {"csv", "json", "geojson", "zip", "gtfs", NULL};

static cd_code header_of(struct cd_compile *c, const struct cd_json *v, struct cd_source *s)
{
	const struct cd_json *header = cd_json_get(v, CD_STR("header"));
	s->header = true;
	if (!header)
		return CD_OK;
	if (header->kind == CD_JSON_ARRAY) {
		s->header = false;
		if (header->n == 0)
			return cd_map_wrong(c, header, "Expected the names of the columns");
		return cd_map_texts(c, v, "header", &s->names);
	}
	return cd_map_flag(c, v, "header", &s->header);
}

static cd_code shape_of(struct cd_compile *c, const struct cd_json *v, struct cd_source *s)
{
	static const char *const encodings[] = {"utf-8", "latin-1", "windows-1252", NULL};
	static const char *const ragged[] = {"report", "use", "skip", NULL};
	static const char *const absents[] = {"report", "ignore", NULL};
	const struct cd_json *skip = cd_json_get(v, CD_STR("skipRows"));
	unsigned encoding = 0, rag = s->ragged, absent = s->absent_ignored;
	double rows = 0;
	if (cd_map_byte(c, v, "delimiter", &s->shape.delimiter) ||
		cd_map_byte(c, v, "quote", &s->shape.quote) ||
		cd_map_byte(c, v, "comment", &s->shape.comment) ||
		cd_map_word(c, v, "encoding", encodings, &encoding) ||
		cd_map_word(c, v, "ragged", ragged, &rag) || cd_map_word(c, v, "absent", absents, &absent) ||
		(skip && cd_map_real(c, skip, &rows)))
		return c->cx->err.code;
	if (rows < 0 || rows > 1e6 || rows != (double)(uint64_t)rows)
		return cd_map_wrong(c, skip, "Expected a number of rows");
	if (!s->shape.delimiter || s->shape.delimiter == s->shape.quote ||
		s->shape.delimiter == s->shape.comment)
		return cd_map_wrong(c, v, "delimiter, quote and comment must be different characters");
	s->skip_rows = (uint64_t)rows;
	s->shape.encoding = (enum cd_encoding)encoding;
	s->ragged = (enum cd_ragged)rag;
	s->absent_ignored = absent;
	return CD_OK;
}

/* Used for lookups too, which have some of the members: what an object may have was checked before. */
cd_code cd_map_source(struct cd_compile *c, const struct cd_json *v, struct cd_source *s)
{
	unsigned format = CD_FROM_CSV;
	*s = (struct cd_source){.shape = {.delimiter = ',', .quote = '"'}, .number = {.decimal = '.'}};
	if (cd_map_word(c, v, "format", formats, &format))
		return c->cx->err.code;
	s->ragged = format > CD_FROM_ZIP ? CD_RAGGED_USE : CD_RAGGED_REPORT;
	s->absent_ignored = format > CD_FROM_ZIP;
	s->format = format > CD_FROM_ZIP ? CD_FROM_ZIP : (enum cd_map_format)format;
	if (shape_of(c, v, s) || header_of(c, v, s) || cd_map_text(c, v, "within", &s->within) ||
		cd_map_texts(c, v, "null", &s->null) || cd_map_number_form(c, v, &s->number) ||
		cd_map_crs(c, v, &s->crs))
		return c->cx->err.code;
	if (s->within.p && s->format != CD_FROM_JSON)
		return cd_map_wrong(c, cd_json_get(v, CD_STR("within")), "\"within\" belongs to json");
	if (s->format == CD_FROM_GEOJSON)
		s->within = CD_STR("features");
	const struct cd_json *time = cd_json_get(v, CD_STR("time"));
	struct cd_time_form basis = {.form = {.kind = CD_FORM_ISO}};
	static const struct cd_json none = {.kind = CD_JSON_OBJECT};
	if (cd_zone_open(c->cx, NULL, CD_STR("UTC"), &basis.zone))
		return c->cx->err.code;
	return cd_map_time_form(c, time ? time : &none, &basis, &s->time);
}

/* ---- spread ---- */

/* {name} is a capture; \{ a brace. New names are added to `names` when `add` is given. */
static cd_code pattern(struct cd_compile *c, const struct cd_json *v, struct cd_texts *names, bool add,
	struct cd_column_pattern *ret)
{
	cd_str text = v->text;
	if (v->kind != CD_JSON_STRING || text.n == 0)
		return cd_map_wrong(c, v, "Expected a pattern of column names: \"h{hour}\"");
	ret->parts = CD_NEWS(c->cx->arena, struct cd_pattern_part, text.n);
	if (!ret->parts)
		return cd_fail_memory(c->cx);
	for (size_t i = 0; i < text.n;) {
		struct cd_pattern_part *p = &ret->parts[ret->n++];
		if (text.p[i] != '{') {
			char *to = cd_arena_alloc(c->cx->arena, text.n);
			size_t n = 0;
			for (; to && i < text.n && text.p[i] != '{'; i++) {
				i += text.p[i] == '\\' && i + 1 < text.n;
				to[n++] = text.p[i];
			}
			p->literal = cd_str_of(to, n);
			continue;
		}
		size_t n = cd_str_find(cd_str_skip(text, i), '}');
		cd_str name = cd_str_of(text.p + i + 1, n - 1);
		if (i + n >= text.n || name.n == 0 || name.p[0] == '@')
			return cd_map_wrong(c, v, "Expected a name in braces");
		while (p->capture < names->n && !cd_str_eq(names->text[p->capture], name))
			p->capture++;
		if (p->capture == names->n && (!add || names->n == 32))
			return cd_map_wrong(c, v,
				add ? "More than 32 names"
				    : "The pattern of the columns has no {" CD_STR_FMT "}",
				CD_STR_ARG(name));
		if (p->capture == names->n)
			names->text[names->n++] = name;
		i += n + 1;
	}
	return CD_OK;
}

static cd_code with_of(struct cd_compile *c, const struct cd_json *list, struct cd_spread *s)
{
	if (!list)
		return CD_OK;
	if (list->kind != CD_JSON_OBJECT)
		return cd_map_wrong(c, list, "Expected an object: {\"status\": \"{channel}-status\"}");
	s->with = CD_NEWS(c->cx->arena, struct cd_column_pattern, list->n);
	s->with_names.text = CD_NEWS(c->cx->arena, cd_str, list->n);
	if (!s->with || !s->with_names.text)
		return cd_fail_memory(c->cx);
	for (const struct cd_json *v = list->child; v; v = v->next) {
		uint32_t i = s->with_names.n++;
		s->with_names.text[i] = v->key;
		if (pattern(c, v, &s->captures, false, &s->with[i]))
			return c->cx->err.code;
	}
	return CD_OK;
}

cd_code cd_map_spread(struct cd_compile *c, const struct cd_json *v, struct cd_spread **ret)
{
	static const char *const members[] = {"columns", "except", "with", NULL};
	const struct cd_json *columns;
	if (cd_map_only(c, v, members))
		return c->cx->err.code;
	if (c->source->format != CD_FROM_CSV && c->source->format != CD_FROM_ZIP)
		return cd_map_wrong(c, v, "Only tables are spread");
	struct cd_spread *s = CD_NEW(c->cx->arena, struct cd_spread);
	columns = cd_json_get(v, CD_STR("columns"));
	if (!columns)
		return cd_map_wrong(c, v, "Expected \"columns\"");
	uint32_t n = columns->kind == CD_JSON_ARRAY ? columns->n : 1;
	if (!s || !(s->patterns = CD_NEWS(c->cx->arena, struct cd_column_pattern, n)) ||
		!(s->captures.text = CD_NEWS(c->cx->arena, cd_str, 32)))
		return cd_fail_memory(c->cx);
	const struct cd_json *one = columns->kind == CD_JSON_ARRAY ? columns->child : columns;
	for (; s->patterns_n < n; one = one->next)
		if (pattern(c, one, &s->captures, true, &s->patterns[s->patterns_n++]))
			return c->cx->err.code;
	if (n == 0)
		return cd_map_wrong(c, columns, "Expected a pattern of column names");
	if (cd_map_texts(c, v, "except", &s->except) || with_of(c, cd_json_get(v, CD_STR("with")), s))
		return c->cx->err.code;
	*ret = s;
	return CD_OK;
}

/* ---- a table ---- */

static cd_code target(struct cd_compile *c, const struct cd_json *table)
{
	static const char *const members[] = {"type", "context", NULL};
	const struct cd_json *v = cd_json_get(table, CD_STR("target")), *type, *context;
	if (!v)
		return cd_map_wrong(c, table, "Expected \"target\"");
	if (cd_map_only(c, v, members))
		return c->cx->err.code;
	type = cd_json_get(v, CD_STR("type"));
	if (!type)
		return cd_map_wrong(c, v, "Expected \"type\"");
	bool list = type->kind == CD_JSON_ARRAY && type->n;
	for (const struct cd_json *t = list ? type->child : type; t; t = list ? t->next : NULL)
		if (t->kind != CD_JSON_STRING || !cd_name_ok(t->text))
			return cd_map_wrong(c, t, "Expected the name of a type");
	c->table->type_word = list ? type->child->text : type->text;
	context = cd_json_get(v, CD_STR("context"));
	if (context && cd_map_json(c, context, &c->table->context))
		return c->cx->err.code;
	return cd_map_json(c, type, &c->table->type);
}

static cd_code silent(struct cd_compile *c, const struct cd_json *v, struct cd_silent *s)
{
	static const char *const members[] = {"path", "equals", "for", NULL};
	cd_str path = {NULL, 0};
	s->slot = CD_MAP_NONE;
	if (!v)
		return CD_OK;
	if (cd_map_only(c, v, members) || cd_map_text(c, v, "path", &path) ||
		cd_map_text(c, v, "equals", &s->equals) || cd_map_duration(c, v, "for", &s->for_us))
		return c->cx->err.code;
	if (!path.p || !s->equals.p || !s->for_us)
		return cd_map_wrong(c, v, "Expected path, equals and for");
	return cd_map_slot(c, cd_json_get(v, CD_STR("path")), path, &s->slot);
}

static cd_code entity(struct cd_compile *c, const struct cd_json *table)
{
	static const char *const members[] = {"id", "observedAt", "repeat", "every", "silent", "scope", NULL};
	static const char *const repeats[] = {"update", "first", "new", NULL};
	struct cd_table *t = c->table;
	const struct cd_json *v = cd_json_get(table, CD_STR("entity")), *id;
	unsigned repeat = 0;
	if (!v)
		return cd_map_wrong(c, table, "Expected \"entity\"");
	if (cd_map_only(c, v, members))
		return c->cx->err.code;
	id = cd_json_get(v, CD_STR("id"));
	if (!id)
		return cd_map_wrong(c, v, "Expected \"id\"");
	if (cd_map_template(c, id, CD_MAP_NONE, &t->id) ||
		cd_map_template_member(c, v, "observedAt", &t->observed) ||
		cd_map_template_member(c, v, "scope", &t->scope) ||
		cd_map_word(c, v, "repeat", repeats, &repeat) ||
		cd_map_duration(c, v, "every", &t->every_us) ||
		silent(c, cd_json_get(v, CD_STR("silent")), &t->silent))
		return c->cx->err.code;
	t->repeat = (enum cd_repeat)repeat;
	bool series = t->every_us || t->silent.slot != CD_MAP_NONE;
	if ((series || t->repeat == CD_REPEAT_NEW) && !t->observed)
		return cd_map_wrong(c, v, "every, silent and \"repeat\": \"new\" need \"observedAt\"");
	t->watches = series || t->repeat == CD_REPEAT_FIRST || (t->observed && t->repeat == CD_REPEAT_UPDATE);
	return CD_OK;
}

static cd_code remember_names(struct cd_compile *c, const struct cd_json *v)
{
	struct cd_texts *names = &c->table->remember_names;
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_OBJECT ||
		(c->source->format != CD_FROM_CSV && c->source->format != CD_FROM_ZIP))
		return cd_map_wrong(c, v, "Expected an object of conditions, over the rows of a table");
	names->text = CD_NEWS(c->cx->arena, cd_str, v->n);
	c->table->remember.p = CD_NEWS(c->cx->arena, struct cd_condition, v->n);
	if (!names->text || !c->table->remember.p)
		return cd_fail_memory(c->cx);
	for (const struct cd_json *m = v->child; m; m = m->next)
		names->text[names->n++] = m->key;
	for (const struct cd_json *m = v->child; m; m = m->next)
		if (cd_map_condition(c, m, &c->table->remember.p[c->table->remember.n++]))
			return c->cx->err.code;
	return CD_OK;
}

static cd_code group(struct cd_compile *c, const struct cd_json *v, struct cd_group **ret)
{
	static const char *const members[] = {"by", "order", "scattered", NULL};
	const struct cd_json *by;
	if (!v)
		return CD_OK;
	if (cd_map_only(c, v, members))
		return c->cx->err.code;
	if (c->source->format != CD_FROM_CSV && c->source->format != CD_FROM_ZIP)
		return cd_map_wrong(c, v, "Only rows of tables are grouped");
	struct cd_group *g = CD_NEW(c->cx->arena, struct cd_group);
	if (!g)
		return cd_fail_memory(c->cx);
	*ret = g;
	g->order = CD_MAP_NONE;
	by = cd_json_get(v, CD_STR("by"));
	if (!by)
		return cd_map_wrong(c, v, "Expected \"by\"");
	const struct cd_json *order = cd_json_get(v, CD_STR("order"));
	cd_str name = {NULL, 0};
	if (cd_map_text(c, v, "order", &name) || cd_map_flag(c, v, "scattered", &g->scattered) ||
		(name.p && cd_map_slot(c, order, name, &g->order)))
		return c->cx->err.code;
	if (by->kind != CD_JSON_STRING)
		return cd_map_wrong(c, by, "Expected a field, or a template");
	if (cd_str_find(by->text, '{') < by->text.n)
		return cd_map_template(c, by, CD_MAP_NONE, &g->by);
	g->by = (struct cd_template){.parts = CD_NEW(c->cx->arena, struct cd_part), .n = 1};
	return g->by.parts ? cd_map_slot(c, by, by->text, &g->by.parts->slot) : cd_fail_memory(c->cx);
}

static bool condition_passes(const struct cd_table *t, struct cd_condition *q)
{
	q->passes = q->test < CD_TEST_ALL && t->slots[q->slot].passes;
	for (uint32_t i = 0; i < q->parts_n; i++)
		q->passes |= condition_passes(t, &q->parts[i]);
	return q->passes;
}

/* What is asked of a row as a whole can not depend on the column at hand. */
static cd_code check_passes(struct cd_compile *c, const struct cd_json *table)
{
	struct cd_table *t = c->table;
	bool wrong = false;
	for (uint32_t i = 0; i < t->skip.n; i++)
		(void)condition_passes(t, &t->skip.p[i]);
	for (uint32_t i = 0; i < t->report.n; i++)
		(void)condition_passes(t, &t->report.p[i]);
	for (uint32_t i = 0; i < t->match.n; i++)
		wrong |= condition_passes(t, &t->match.p[i]);
	for (uint32_t i = 0; i < t->remember.n; i++)
		wrong |= condition_passes(t, &t->remember.p[i]);
	if (wrong)
		return cd_map_wrong(
			c, table, "match and remember ask rows, and cannot use what differs between columns");
	for (uint32_t i = 0; i < t->slots_n; i++)
		t->shows_time |= t->slots[i].kind == CD_SLOT_OBSERVED;
	t->observed_once = t->observed && !cd_template_passes(t, t->observed);
	return CD_OK;
}

static const char *const table_members[] = {"member", "optional", "target", "entity", "match", "skip",
	"report", "remember", "spread", "group", "attributes", "rest", NULL};

static cd_code table(struct cd_compile *c, const struct cd_json *v, struct cd_table *t)
{
	static const char *const rests[] = {"drop", "keep", "error", NULL};
	const struct cd_json *spread = cd_json_get(v, CD_STR("spread"));
	const struct cd_json *rules = cd_json_get(v, CD_STR("attributes"));
	unsigned rest = 0;
	c->table = t;
	t->where = cd_json_pointer(c->cx, v);
	if ((spread && cd_map_spread(c, spread, &t->spread)) ||
		remember_names(c, cd_json_get(v, CD_STR("remember"))) || target(c, v) || entity(c, v) ||
		group(c, cd_json_get(v, CD_STR("group")), &t->group) ||
		cd_map_conditions(c, cd_json_get(v, CD_STR("match")), false, &t->match) ||
		cd_map_conditions(c, cd_json_get(v, CD_STR("skip")), false, &t->skip) ||
		cd_map_conditions(c, cd_json_get(v, CD_STR("report")), true, &t->report) ||
		cd_map_word(c, v, "rest", rests, &rest) || cd_map_text(c, v, "member", &t->member) ||
		cd_map_flag(c, v, "optional", &t->optional))
		return c->cx->err.code;
	t->rest = (enum cd_rest)rest;
	if (!rules && t->rest != CD_REST_KEEP)
		return cd_map_wrong(c, v, "Expected \"attributes\", or \"rest\": \"keep\"");
	if (rules && cd_map_rules(c, rules, 0, &t->rules, &t->rules_n))
		return c->cx->err.code;
	if (t->group && (t->rest != CD_REST_DROP || t->silent.slot != CD_MAP_NONE))
		return cd_map_wrong(c, v, "A group keeps no rest, and has no silence");
	if (!t->member.p != (c->source->format != CD_FROM_ZIP))
		return cd_map_wrong(c, v,
			t->member.p ? "Only a zip has members"
				    : "Expected \"member\": the name of the table in the zip");
	return cd_map_uses(c) ? c->cx->err.code : check_passes(c, v);
}

/* ---- the document ---- */

static cd_code tables(struct cd_compile *c, const struct cd_json *doc)
{
	const struct cd_json *list = cd_json_get(doc, CD_STR("tables"));
	uint32_t n = list ? list->n : 1;
	if (list && (list->kind != CD_JSON_ARRAY || n == 0 || n > CD_MAP_TABLES_MAX))
		return cd_map_wrong(c, list, "Expected a list of tables, %d at most", CD_MAP_TABLES_MAX);
	if (!list && c->source->format == CD_FROM_ZIP)
		return cd_map_wrong(c, doc, "A zip needs \"tables\"");
	for (size_t i = 2; list && table_members[i]; i++)
		if (cd_json_get(doc, cd_str_z(table_members[i])))
			return cd_map_wrong(c, cd_json_get(doc, cd_str_z(table_members[i])),
				"Beside \"tables\" this belongs into one of them");
	c->m->tables = CD_NEWS(c->cx->arena, struct cd_table, n);
	if (!c->m->tables)
		return cd_fail_memory(c->cx);
	if (!list) {
		c->m->tables_n = 1;
		return table(c, doc, &c->m->tables[0]);
	}
	for (const struct cd_json *v = list->child; v; v = v->next)
		if (cd_map_only(c, v, table_members) || table(c, v, &c->m->tables[c->m->tables_n++]))
			return c->cx->err.code;
	return CD_OK;
}

static cd_code document(struct cd_compile *c, const struct cd_json *doc)
{
	static const char *const members[] = {"cardoMapping", "id", "version", "title", "description",
		"license", "attribution", "source", "lookups", "tables", "target", "entity", "match", "skip",
		"report", "remember", "spread", "group", "attributes", "rest", NULL};
	static const char *const texts[] = {"cardoMapping", "id", "version", "description", NULL};
	struct cd_mapping_about *about = &c->m->about;
	cd_str version = {NULL, 0}, text;
	if (cd_map_only(c, doc, members) || cd_map_text(c, doc, "cardoMapping", &version))
		return c->cx->err.code;
	if (!cd_str_eq(version, CD_STR("1")))
		return cd_map_wrong(c, doc, "Expected \"cardoMapping\": \"1\"");
	for (size_t i = 0; texts[i]; i++)
		if (cd_map_text(c, doc, texts[i], &text))
			return c->cx->err.code;
	const struct cd_json *source = cd_json_get(doc, CD_STR("source"));
	if (!source)
		return cd_map_wrong(c, doc, "Expected \"source\"");
	if (cd_map_text(c, doc, "title", &about->title) || cd_map_text(c, doc, "license", &about->license) ||
		cd_map_text(c, doc, "attribution", &about->attribution) ||
		cd_map_only(c, source, source_members))
		return c->cx->err.code;
	if (!cd_json_get(source, CD_STR("format")))
		return cd_map_wrong(c, source, "Expected \"format\"");
	if (cd_map_source(c, source, &c->m->source) || cd_map_lookups(c, cd_json_get(doc, CD_STR("lookups"))))
		return c->cx->err.code;
	return tables(c, doc);
}

cd_code cd_mapping_parse(struct cd_cx *cx, cd_str text, struct cd_mapping **ret)
{
	struct cd_json *doc;
	struct cd_mapping *m = CD_NEW(cx->arena, struct cd_mapping);
	if (!m)
		return cd_fail_memory(cx);
	if (cd_json_parse_copy(cx, text, &doc))
		return cx->err.code;
	struct cd_compile c = {.cx = cx, .m = m, .source = &m->source};
	if (document(&c, doc)) {
		cd_mapping_close(m);
		return cx->err.code;
	}
	*ret = m;
	return CD_OK;
}

void cd_mapping_close(struct cd_mapping *m)
{
	for (struct cd_crs_open *o = m ? m->systems : NULL; o; o = o->next)
		cd_crs_close(o->crs);
}

const struct cd_mapping_about *cd_mapping_about(const struct cd_mapping *m)
{
	return &m->about;
}

bool cd_mapping_of_archive(const struct cd_mapping *m)
{
	return m->source.format == CD_FROM_ZIP;
}
