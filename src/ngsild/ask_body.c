/* The Query data type. [CIM 009 5.2.23, 5.2.33, 5.2.13, 5.2.43] */
#include "ngsild/ask.h"

#include "model/uri.h"

struct read {
	struct cd_ngsi *n;
	struct cd_cx *cx;
	const struct cd_json *body;
	struct cd_ask *to;
};

static cd_code bad(struct read *r, const struct cd_json *at, const char *what)
{
	return cd_fail(r->cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(r->cx, at), "%s", what);
}

/* id and type may be called @id and @type. [4.5.1] */
static const struct cd_json *get(const struct cd_json *in, const char *name)
{
	const struct cd_json *v = cd_json_get(in, cd_str_z(name));
	if (!v && strcmp(name, "type") == 0)
		v = cd_json_get(in, CD_STR("@type"));
	if (!v && strcmp(name, "id") == 0)
		v = cd_json_get(in, CD_STR("@id"));
	return v;
}

static cd_code get_text(struct read *r, const struct cd_json *in, const char *name, cd_str *ret)
{
	const struct cd_json *v = get(in, name);
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_STRING || v->text.n == 0)
		return bad(r, v, "Expected a string");
	*ret = v->text;
	return CD_OK;
}

/* An array of strings (or one string) as the list that a parameter would be. */
static cd_code get_list(struct read *r, const struct cd_json *in, const char *name, cd_str *ret)
{
	const struct cd_json *v = cd_json_get(in, cd_str_z(name));
	if (!v)
		return CD_OK;
	if (v->kind == CD_JSON_STRING)
		return get_text(r, in, name, ret);
	if (v->kind != CD_JSON_ARRAY || v->n == 0)
		return bad(r, v, "Expected an array of strings that is not empty");
	struct cd_buf b;
	cd_buf_init(&b, 1 << 24);
	for (const struct cd_json *c = v->child; c; c = c->next) {
		if (c->kind != CD_JSON_STRING || c->text.n == 0) {
			cd_buf_done(&b);
			return bad(r, c, "Expected a string");
		}
		if (c != v->child)
			cd_buf_char(&b, ',');
		cd_buf_put(&b, c->text);
	}
	*ret = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(r->cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return ret->p ? CD_OK : cd_fail_memory(r->cx);
}

/* JSON text of a value: an array, or a string that holds one. */
static cd_code get_coordinates(struct read *r, const struct cd_json *in, bool text_too, cd_str *ret)
{
	const struct cd_json *v = cd_json_get(in, CD_STR("coordinates"));
	if (!v)
		return CD_OK;
	if (v->kind == CD_JSON_STRING && text_too)
		return get_text(r, in, "coordinates", ret);
	if (v->kind != CD_JSON_ARRAY)
		return bad(r, v, "Expected an array of positions");
	struct cd_buf b;
	cd_buf_init(&b, 1 << 26);
	cd_json_write(&b, v);
	*ret = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(r->cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return ret->p ? CD_OK : cd_fail_memory(r->cx);
}

/* ---- members ---- */

static cd_code selector_ids(struct read *r, const struct cd_json *v, struct cd_ask_selector *s)
{
	const struct cd_json *ids = get(v, "id");
	bool list = ids && ids->kind == CD_JSON_ARRAY;
	if (!ids)
		return CD_OK;
	if (list && ids->n == 0)
		return bad(r, ids, "Expected ids");
	cd_str *all = CD_NEWS(r->cx->arena, cd_str, list ? ids->n : 1);
	if (!all)
		return cd_fail_memory(r->cx);
	s->ids = all;
	for (const struct cd_json *c = list ? ids->child : ids; c; c = list ? c->next : NULL) {
		if (c->kind != CD_JSON_STRING || !cd_uri_ok(c->text))
			return bad(r, c, "Expected the id of an entity: a URI");
		all[s->ids_n++] = c->text;
	}
	return CD_OK;
}

static cd_code read_selector(struct read *r, const struct cd_json *v, struct cd_ask_selector *s)
{
	if (v->kind != CD_JSON_OBJECT)
		return bad(r, v, "Expected an object with type, and perhaps id or idPattern");
	cd_code code = get_text(r, v, "type", &s->types);
	if (!code && !s->types.p)
		return bad(r, v, "The type is missing");
	if (!code)
		code = get_text(r, v, "idPattern", &s->id_pattern);
	return code ? code : selector_ids(r, v, s);
}

static cd_code read_entities(struct read *r)
{
	const struct cd_json *v = cd_json_get(r->body, CD_STR("entities"));
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_ARRAY || v->n == 0)
		return bad(r, v, "Expected an array of selectors that is not empty");
	struct cd_ask_selector *all = CD_NEWS(r->cx->arena, struct cd_ask_selector, v->n);
	if (!all)
		return cd_fail_memory(r->cx);
	r->to->selectors = all;
	cd_code code = CD_OK;
	for (const struct cd_json *c = v->child; !code && c; c = c->next)
		code = read_selector(r, c, &all[r->to->selectors_n++]);
	return code;
}

static cd_code read_geo(struct read *r)
{
	const struct cd_json *v = cd_json_get(r->body, CD_STR("geoQ"));
	struct cd_q_geo_text *geo = &r->to->geo;
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_OBJECT)
		return bad(r, v, "Expected an object with georel, geometry and coordinates");
	r->to->geo_given = true;
	cd_code code = get_text(r, v, "georel", &geo->georel);
	if (!code)
		code = get_text(r, v, "geometry", &geo->geometry);
	if (!code)
		code = get_coordinates(r, v, true, &geo->coordinates);
	return code ? code : get_text(r, v, "geoproperty", &geo->property);
}

static cd_code read_ordering(struct read *r)
{
	const struct cd_json *v = cd_json_get(r->body, CD_STR("ordering"));
	struct cd_order_text *o = &r->to->order;
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_OBJECT)
		return bad(r, v, "Expected an object with orderBy");
	const struct cd_json *by = cd_json_get(v, CD_STR("orderBy"));
	if (!by || by->kind != CD_JSON_ARRAY)
		return bad(r, v, "orderBy is an array of strings");
	cd_code code = get_list(r, v, "orderBy", &o->by);
	if (!code)
		code = get_text(r, v, "collation", &o->collation);
	if (!code)
		code = get_text(r, v, "geometry", &o->geometry);
	return code ? code : get_coordinates(r, v, false, &o->from);
}

static cd_code read_join(struct read *r)
{
	struct cd_ask *a = r->to;
	const struct cd_json *level = cd_json_get(r->body, CD_STR("joinLevel"));
	cd_str how = {0};
	cd_code code = get_text(r, r->body, "join", &how);
	if (code)
		return code;
	a->join_level = 1;
	a->join = cd_str_eq(how, CD_STR("inline")) ? CD_JOIN_INLINE
		  : cd_str_eq(how, CD_STR("flat")) ? CD_JOIN_FLAT
						   : CD_JOIN_NONE;
	if (how.p && !a->join && !cd_str_eq(how, CD_STR("@none")))
		return bad(r, cd_json_get(r->body, CD_STR("join")), "Expected inline, flat or @none");
	if (level) {
		unsigned long long v;
		if (level->kind != CD_JSON_NUMBER || !cd_str_u64(level->text, &v) || v < 1 || v > 100)
			return bad(r, level, "Expected a whole number from 1 to 100");
		a->join_level = (unsigned)v;
	}
	return get_list(r, r->body, "containedBy", &a->contained_by);
}

/* Some clients write %22 for the quotes, as in a URL. */
static cd_code read_q(struct read *r)
{
	cd_code code = get_text(r, r->body, "q", &r->to->q);
	if (code || !r->to->q.p || !memmem(r->to->q.p, r->to->q.n, "%22", 3))
		return code;
	if (!cd_percent_ok(r->to->q))
		return bad(r, cd_json_get(r->body, CD_STR("q")),
			"A % is not followed by two hexadecimal digits");
	r->to->q = cd_percent_decode(r->cx->arena, r->to->q);
	return r->to->q.p ? CD_OK : cd_fail_memory(r->cx);
}

static cd_code read_lists(struct read *r)
{
	struct cd_ask *a = r->to;
	cd_str raw = {0}; /* the inner names of a path are raw keys anyway */
	const struct {
		const char *name;
		cd_str *to;
	} lists[] = {{"attrs", &a->attrs}, {"pick", &a->pick}, {"omit", &a->omit},
		{"datasetId", &a->datasets}, {"expandValues", &a->expand_values}, {"jsonKeys", &raw}};
	cd_code code = CD_OK;
	for (size_t i = 0; !code && i < sizeof lists / sizeof *lists; i++)
		code = get_list(r, r->body, lists[i].name, lists[i].to);
	if (!code)
		code = get_text(r, r->body, "scopeQ", &a->scope_q);
	if (!code)
		code = get_text(r, r->body, "lang", &a->lang);
	return code ? code : get_text(r, r->body, "geometryProperty", &a->geometry_property);
}

static cd_code read_csf(struct read *r)
{
	cd_str csf = {0};
	cd_code code = get_text(r, r->body, "csf", &csf);
	return code ? code : cd_ngsi_check_csf(r->n, csf);
}

cd_code cd_ngsi_ask_body(struct cd_ngsi *n, struct cd_ask *to)
{
	struct read r = {.n = n, .cx = n->cx, .body = n->body, .to = to};
	const struct cd_json *type = get(n->body, "type");
	const struct cd_json *temporal = cd_json_get(n->body, CD_STR("temporalQ"));
	if (!type || type->kind != CD_JSON_STRING || !cd_str_eq(type->text, CD_STR("Query")))
		return bad(&r, type ? type : n->body, "The type of a query is \"Query\"");
	if (temporal)
		return bad(&r, temporal, "A temporal query goes to /temporal/entityOperations/query");
	if (read_entities(&r) || read_q(&r) || read_geo(&r) || read_lists(&r) || read_join(&r) ||
		read_ordering(&r) || read_csf(&r))
		return n->cx->err.code;
	return CD_OK;
}
