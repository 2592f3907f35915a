#include "ops/ask.h"

#include "model/uri.h"

#include <string.h>

enum { CONTAINED_MAX = 10000 };

struct compile {
	struct cd_cx *cx;
	const struct cd_ask *ask;
	struct cd_asked *to;
	struct cd_q_parse parse;
	bool narrow; /* something that narrows the query enough [5.7.2.4] */
};

static cd_code bad(struct compile *c, const char *where, const char *what)
{
	return cd_fail(c->cx, CD_E_BAD_REQUEST_DATA, where, "%s", what);
}

/* One more condition. What was compiled so far hangs in the query, so that cd_asked_done finds it. */
static cd_code add(struct compile *c, cd_code code, struct cd_q *q)
{
	if (q)
		c->to->query = cd_q_and(c->cx->arena, c->to->query, q);
	return code ? code : c->to->query ? CD_OK : cd_fail_memory(c->cx);
}

/* ---- which entities ---- */

static cd_code compile_types(struct compile *c, cd_str text, struct cd_q **ret)
{
	return cd_q_types(c->cx, c->parse.ctx, c->parse.names, text, ret);
}

static cd_code compile_selector(struct compile *c, const struct cd_ask_selector *s, struct cd_q **ret)
{
	struct cd_q *types = NULL, *more = NULL;
	cd_code code = compile_types(c, s->types, &types);
	if (!code && s->ids_n)
		code = cd_q_id_list(c->cx, s->ids, s->ids_n, &more);
	else if (!code && s->id_pattern.p)
		code = cd_q_id_pattern(c->cx, s->id_pattern, &more);
	*ret = cd_q_and(c->cx->arena, types, more);
	return code ? code : *ret ? CD_OK : cd_fail_memory(c->cx);
}

static cd_code compile_selectors(struct compile *c)
{
	struct cd_q *any = NULL;
	cd_code code = CD_OK;
	if (c->ask->selectors_n > c->cx->set->query_terms)
		return cd_fail(c->cx, CD_E_TOO_COMPLEX, "/entities", "More than %llu selectors",
			(unsigned long long)c->cx->set->query_terms);
	for (uint32_t i = 0; !code && i < c->ask->selectors_n; i++) {
		struct cd_q *one = NULL;
		code = compile_selector(c, &c->ask->selectors[i], &one);
		any = cd_q_or(c->cx->arena, any, one);
		if (!code && !any)
			code = cd_fail_memory(c->cx);
	}
	c->narrow = c->narrow || c->ask->selectors_n;
	return add(c, code, any);
}

static cd_code compile_ids(struct compile *c)
{
	struct cd_q *q = NULL;
	cd_code code = CD_OK;
	if (c->ask->types.p) {
		code = compile_types(c, c->ask->types, &q);
		c->narrow = true;
		code = add(c, code, q);
	}
	if (!code && c->ask->ids.p) {
		q = NULL;
		code = cd_q_ids(c->cx, c->ask->ids, &q);
		code = add(c, code, q);
	}
	if (!code && c->ask->id_pattern.p) {
		q = NULL;
		code = cd_q_id_pattern(c->cx, c->ask->id_pattern, &q);
		code = add(c, code, q);
	}
	return code;
}

static bool is_system(cd_str name)
{
	static const cd_str names[] = {CD_STR_INIT("createdAt"), CD_STR_INIT("modifiedAt"),
		CD_STR_INIT("deletedAt"), CD_STR_INIT("expiresAt"), CD_STR_INIT("observedAt")};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (cd_str_eq(name, names[i]))
			return true;
	return false;
}

static cd_code compile_attrs(struct compile *c)
{
	struct cd_q *q = NULL;
	cd_str list = c->ask->attrs;
	while (list.p)
		c->narrow = !is_system(cd_str_cut(&list, ',')) || c->narrow;
	cd_code code = cd_q_has(&c->parse, c->ask->attrs, &q);
	return add(c, code, q);
}

static cd_code compile_conditions(struct compile *c)
{
	struct cd_q *q = NULL;
	cd_code code = CD_OK;
	if (c->ask->q.p) {
		code = cd_q_text(&c->parse, c->ask->q, &q);
		c->narrow = c->narrow || cd_q_names_attribute(q);
		code = add(c, code, q);
	}
	if (!code && c->ask->scope_q.p) {
		q = NULL;
		code = cd_q_scope(c->cx, c->ask->scope_q, &q);
		code = add(c, code, q);
	}
	if (!code && c->ask->geo_given) {
		q = NULL;
		code = cd_q_geo(&c->parse, &c->ask->geo, &q);
		c->narrow = true;
		code = add(c, code, q);
	}
	return code;
}

static cd_code compile_selection(struct compile *c)
{
	cd_code code = c->ask->selectors_n ? compile_selectors(c) : CD_OK;
	if (!code)
		code = compile_ids(c);
	if (!code && c->ask->attrs.p)
		code = compile_attrs(c);
	if (!code)
		code = compile_conditions(c);
	if (!code && !c->narrow && !c->ask->local && !c->ask->any_size)
		return bad(c, "type",
			"Too wide: say a type, an attribute in attrs or q, a geo-query, or local=true");
	return code;
}

/* ---- what of them is shown ---- */

static cd_code split(struct compile *c, cd_str list, const char *where, const cd_str **ret, uint32_t *ret_n)
{
	uint32_t n = 1;
	for (size_t i = 0; i < list.n; i++)
		n += list.p[i] == ',';
	cd_str *all = CD_NEWS(c->cx->arena, cd_str, n);
	if (!all)
		return cd_fail_memory(c->cx);
	for (n = 0; list.p; n++) {
		all[n] = cd_str_cut(&list, ',');
		if (!cd_uri_ok(all[n]) && !cd_str_eq(all[n], CD_STR("@none")))
			return bad(c, where, "Expected URIs, separated by commas");
	}
	*ret = all;
	*ret_n = n;
	return CD_OK;
}

static cd_code compile_projection(struct compile *c)
{
	const struct cd_ask *a = c->ask;
	struct cd_out *out = &c->to->out;
	struct cd_pick *pick = NULL, *omit = NULL;
	unsigned depth = a->join ? a->join_level : 0;
	cd_code code = CD_OK;
	if (a->attrs.p && (a->pick.p || a->omit.p))
		return bad(c, "attrs", "attrs does not go with pick and omit");
	if (a->pick.p || a->attrs.p)
		code = cd_pick_parse(c->cx, out->ctx, out->names, a->pick.p ? "pick" : "attrs",
			a->pick.p ? a->pick : a->attrs, a->pick.p ? depth : 0, &pick);
	if (!code && a->omit.p)
		code = cd_pick_parse(c->cx, out->ctx, out->names, "omit", a->omit, depth, &omit);
	if (!code && pick && omit && cd_pick_overlap(pick, omit))
		return bad(c, "omit", "A member is in pick and in omit");
	out->pick = pick;
	out->omit = omit;
	out->attrs = a->attrs.p != NULL;
	c->to->attributes_named = pick && pick->attributes;
	c->to->may_be_empty =
		(pick && !out->attrs && !pick->id && !pick->type) || (omit && omit->id && omit->type);
	return code;
}

static cd_code compile_geometry(struct compile *c)
{
	struct cd_out *out = &c->to->out;
	cd_str name = c->ask->geometry_property, iri;
	if (!out->geojson)
		return name.p ? bad(c, "geometryProperty",
					"This is only for the media type application/geo+json")
			      : CD_OK;
	if (!name.p)
		name = CD_STR("location");
	if (!cd_name_ok(name))
		return bad(c, "geometryProperty", "Not the name of an attribute");
	out->geometry = cd_ctx_term(out->ctx, c->cx->arena, out->names, name, &iri);
	return iri.p ? CD_OK : cd_fail_memory(c->cx);
}

static cd_code compile_view(struct compile *c)
{
	const struct cd_ask *a = c->ask;
	struct cd_out *out = &c->to->out;
	cd_code code = compile_projection(c);
	if (!code && a->datasets.p)
		code = split(c, a->datasets, "datasetId", &out->datasets, &out->datasets_n);
	if (!code && a->lang.p) {
		code = cd_langs_parse(c->cx, a->lang, &c->to->langs);
		out->langs = &c->to->langs;
	}
	if (!code && a->join) {
		c->to->join.how = a->join;
		c->to->join.level = a->join_level;
		c->to->linked_left = c->cx->set->linked_max;
		c->to->join.left = &c->to->linked_left;
		out->join = &c->to->join;
	}
	if (!code && a->contained_by.p)
		code = split(
			c, a->contained_by, "containedBy", &c->to->join.contained, &c->to->join.contained_n);
	if (!code && c->to->join.contained_n > CONTAINED_MAX)
		return cd_fail(c->cx, CD_E_TOO_COMPLEX, "containedBy", "More than %d ids", CONTAINED_MAX);
	return code ? code : compile_geometry(c);
}

/* Where the parameters stand in a Query. [5.2.23] */
static const char *place_in_body(const char *where)
{
	static const struct {
		const char *parameter, *pointer;
	} places[] = {{"type", "/entities"}, {"id", "/entities"}, {"idPattern", "/entities"}, {"q", "/q"},
		{"scopeQ", "/scopeQ"}, {"georel", "/geoQ/georel"}, {"geometry", "/geoQ/geometry"},
		{"coordinates", "/geoQ/coordinates"}, {"geoproperty", "/geoQ/geoproperty"},
		{"attrs", "/attrs"}, {"pick", "/pick"}, {"omit", "/omit"}, {"lang", "/lang"},
		{"datasetId", "/datasetId"}, {"containedBy", "/containedBy"},
		{"geometryProperty", "/geometryProperty"}, {"orderBy", "/ordering/orderBy"},
		{"collation", "/ordering/collation"}, {"orderFrom", "/ordering/coordinates"},
		{"orderGeometry", "/ordering/geometry"}};
	for (size_t i = 0; where && i < sizeof places / sizeof *places; i++)
		if (strcmp(where, places[i].parameter) == 0)
			return places[i].pointer;
	return where;
}

static cd_code compile(struct compile *c)
{
	const struct cd_ask *ask = c->ask;
	cd_code code = compile_selection(c);
	if (!code)
		code = compile_view(c);
	if (!code && ask->order.by.p)
		code = cd_order_parse(&c->parse, &ask->order, &c->to->order);
	else if (!code && (ask->order.collation.p || ask->order.from.p || ask->order.geometry.p))
		code = bad(c, "orderBy", "collation, orderFrom and orderGeometry go with orderBy");
	return code;
}

cd_code cd_ask_compile(struct cd_cx *cx, const struct cd_ask *ask, struct cd_asked *to)
{
	struct compile c = {.cx = cx,
		.ask = ask,
		.to = to,
		.parse = {.cx = cx,
			.ctx = to->out.ctx,
			.names = to->out.names,
			.expand_values = ask->expand_values,
			.join_level = ask->join ? ask->join_level : 0}};
	to->out.now = cx->now;
	cd_code code = compile(&c);
	if (code && ask->in_body)
		cx->err.where = place_in_body(cx->err.where);
	return code;
}

void cd_asked_done(struct cd_asked *a)
{
	cd_q_done(a->query);
	cd_order_done(a->order);
	a->query = NULL;
	a->order = NULL;
}
