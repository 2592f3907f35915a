/*
 * Expansion. [JSON-LD 1.1 API 5.1; the numbers are its steps]
 *
 * Keys are taken in the order of the document. A value that comes to nothing is NULL here; whether something
 * failed stands in the error slot, which everything looks at before it goes on.
 */
#include "jsonld/active.h"

#include <stdlib.h>

#define NONE cd_str_of(NULL, 0)

struct nest {
	struct nest *next;
	const struct cd_json *member;
};

/* A node, value, list or set being expanded. */
struct node {
	struct cd_jld *j;
	const struct cd_jld_ctx *ctx, *types; /* types: before type-scoped contexts */
	cd_str property;                      /* it is a value of; p == NULL: none */
	struct cd_json *result;
	bool literal; /* its @type is @json */
	struct nest *first, **last;
};

static bool stands_for(const struct cd_jld_ctx *c, cd_str key, const char *keyword)
{
	if (cd_jld_is(key, keyword))
		return true;
	const struct cd_jld_term *t = key.n && key.p[0] != '@' ? cd_jld_find(c, key) : NULL;
	return t && cd_jld_is(t->iri, keyword);
}

static bool top_level(cd_str property)
{
	return !property.p || cd_jld_is(property, "@graph");
}

static struct cd_json *wrap(struct cd_jld *j, const char *key, struct cd_json *v)
{
	struct cd_json *o = cd_jld_object(j);
	cd_jld_put(j, o, cd_str_z(key), v);
	return o;
}

/* ---- keywords [13.4] ---- */

static cd_code bad(struct node *n, enum cd_jld_error e, const struct cd_json *at, const char *what)
{
	return cd_jld_fail(n->j, e, at, "%s", what);
}

static void read_id(struct node *n, const struct cd_json *m)
{
	if (m->kind != CD_JSON_STRING) {
		(void)bad(n, CD_JLD_INVALID_ID_VALUE, m, "An @id is a string");
		return;
	}
	cd_str iri = cd_jld_iri(n->j, n->ctx, m->text, CD_JLD_RELATIVE, NULL);
	if (!cd_jld_failed(n->j))
		cd_jld_put_text(n->j, n->result, "@id", iri);
}

static struct cd_json *type_of(struct node *n, const struct cd_json *v)
{
	if (v->kind != CD_JSON_STRING) {
		(void)bad(n, CD_JLD_INVALID_TYPE_VALUE, v, "A @type is a string, or an array of those");
		return NULL;
	}
	cd_str iri = cd_jld_iri(n->j, n->types, v->text, CD_JLD_VOCAB | CD_JLD_RELATIVE, NULL);
	return iri.p ? cd_jld_string(n->j, iri) : NULL;
}

static void read_type(struct node *n, const struct cd_json *m)
{
	struct cd_json *got = NULL, *before = cd_jld_member(n->j, n->result, CD_STR("@type"));
	if (m->kind != CD_JSON_ARRAY) {
		got = type_of(n, m);
	} else {
		got = cd_jld_array(n->j);
		for (const struct cd_json *v = m->child; v && !cd_jld_failed(n->j); v = v->next)
			cd_jld_append(got, type_of(n, v));
	}
	if (before)
		cd_jld_add(n->j, n->result, CD_STR("@type"), got, true);
	else
		cd_jld_put(n->j, n->result, CD_STR("@type"), got);
}

static void read_graph(struct node *n, const struct cd_json *m)
{
	struct cd_json *v = cd_jld_expand_element(n->j, n->ctx, CD_STR("@graph"), m, false);
	if (!cd_jld_failed(n->j))
		cd_jld_put(
			n->j, n->result, CD_STR("@graph"), v ? cd_jld_as_array(n->j, v) : cd_jld_array(n->j));
}

static void read_included(struct node *n, const struct cd_json *m)
{
	if (n->j->old)
		return;
	struct cd_json *v = cd_jld_as_array(n->j, cd_jld_expand_element(n->j, n->ctx, NONE, m, false));
	if (!v && !cd_jld_failed(n->j))
		(void)bad(n, CD_JLD_INVALID_INCLUDED_VALUE, m, "@included holds nodes only");
	for (const struct cd_json *i = v ? v->child : NULL; i; i = i->next)
		if (i->kind != CD_JSON_OBJECT || cd_jld_is_value(i) || cd_jld_is_list(i) ||
			cd_jld_get(i, "@set"))
			(void)bad(n, CD_JLD_INVALID_INCLUDED_VALUE, m, "@included holds nodes only");
	cd_jld_add(n->j, n->result, CD_STR("@included"), v, true);
}

static void read_value(struct node *n, const struct cd_json *m)
{
	if (n->literal && n->j->old)
		(void)bad(n, CD_JLD_INVALID_VALUE_OBJECT_VALUE, m, "json-ld-1.0 knows no JSON literals");
	else if (!n->literal && (m->kind == CD_JSON_ARRAY || m->kind == CD_JSON_OBJECT))
		(void)bad(n, CD_JLD_INVALID_VALUE_OBJECT_VALUE, m,
			"A @value is a string, number, true, false or null");
	else
		cd_jld_put(n->j, n->result, CD_STR("@value"), cd_jld_copy(n->j, m));
}

static void read_text(struct node *n, const struct cd_json *m, cd_str key)
{
	bool language = cd_jld_is(key, "@language"), direction = cd_jld_is(key, "@direction");
	bool string = m->kind == CD_JSON_STRING;
	if (direction && n->j->old)
		return;
	if (language && !string)
		(void)bad(n, CD_JLD_INVALID_LANGUAGE_TAGGED_STRING, m, "A @language is a string");
	else if (direction && !(string && (cd_jld_is(m->text, "ltr") || cd_jld_is(m->text, "rtl"))))
		(void)bad(n, CD_JLD_INVALID_BASE_DIRECTION, m, "A @direction is ltr or rtl");
	else if (!string)
		(void)bad(n, CD_JLD_INVALID_INDEX_VALUE, m, "An @index is a string");
	else
		cd_jld_put(n->j, n->result, key, cd_jld_string(n->j, m->text));
}

static void read_list(struct node *n, const struct cd_json *m)
{
	if (top_level(n->property))
		return;
	struct cd_json *v = cd_jld_expand_element(n->j, n->ctx, n->property, m, false);
	if (!cd_jld_failed(n->j))
		cd_jld_put(
			n->j, n->result, CD_STR("@list"), v ? cd_jld_as_array(n->j, v) : cd_jld_array(n->j));
}

static void read_set(struct node *n, const struct cd_json *m)
{
	struct cd_json *v = cd_jld_expand_element(n->j, n->ctx, n->property, m, false);
	if (cd_jld_failed(n->j))
		return;
	if (v)
		cd_jld_put(n->j, n->result, CD_STR("@set"), v);
	else
		cd_jld_put_text(n->j, n->result, "@set", NONE);
}

/* Into the reverse map of the node, which may hold no values and no lists. */
static void add_reverse(struct node *n, cd_str property, struct cd_json *v, const struct cd_json *at)
{
	struct cd_json *map = cd_jld_member(n->j, n->result, CD_STR("@reverse"));
	struct cd_json *items = cd_jld_as_array(n->j, v);
	if (!map && items)
		cd_jld_put(n->j, n->result, CD_STR("@reverse"), cd_jld_object(n->j));
	map = cd_jld_member(n->j, n->result, CD_STR("@reverse"));
	for (const struct cd_json *i = items ? items->child : NULL; i; i = i->next)
		if (cd_jld_is_value(i) || cd_jld_is_list(i))
			(void)bad(n, CD_JLD_INVALID_REVERSE_PROPERTY_VALUE, at,
				"The value of a reverse property is a node");
	cd_jld_add(n->j, map, property, items, true);
}

static void read_reverse(struct node *n, const struct cd_json *m)
{
	if (m->kind != CD_JSON_OBJECT) {
		(void)bad(n, CD_JLD_INVALID_REVERSE_VALUE, m, "@reverse is an object");
		return;
	}
	struct cd_json *v = cd_jld_expand_element(n->j, n->ctx, CD_STR("@reverse"), m, false);
	struct cd_json *twice = cd_jld_get(v, "@reverse");
	for (struct cd_json *p = twice ? twice->child : NULL, *next; p; p = next) {
		next = p->next;
		cd_jld_add(n->j, n->result, p->key, p, true);
	}
	for (struct cd_json *p = v && v->kind == CD_JSON_OBJECT ? v->child : NULL, *next; p; p = next) {
		next = p->next;
		if (p != twice)
			add_reverse(n, p->key, p, m);
	}
}

static void note_nest(struct node *n, const struct cd_json *m)
{
	struct nest *nest = CD_NEW(n->j->cx->arena, struct nest);
	if (!nest) {
		(void)cd_fail_memory(n->j->cx);
		return;
	}
	nest->member = m;
	*n->last = nest;
	n->last = &nest->next;
}

static void expand_keyword(struct node *n, cd_str keyword, const struct cd_json *m)
{
	static const struct {
		const char *word;
		void (*read)(struct node *, const struct cd_json *);
	} rows[] = {{"@id", read_id}, {"@type", read_type}, {"@graph", read_graph},
		{"@included", read_included}, {"@value", read_value}, {"@list", read_list},
		{"@set", read_set}, {"@reverse", read_reverse}, {"@nest", note_nest}};
	bool often = (!n->j->old && (cd_jld_is(keyword, "@included") || cd_jld_is(keyword, "@type")));
	if (cd_jld_is(n->property, "@reverse"))
		(void)bad(n, CD_JLD_INVALID_REVERSE_PROPERTY_MAP, m, "A keyword in a reverse map");
	else if (!often && !cd_jld_is(keyword, "@reverse") && cd_jld_member(n->j, n->result, keyword))
		(void)cd_jld_fail(n->j, CD_JLD_COLLIDING_KEYWORDS, m, "Several members mean " CD_STR_FMT,
			CD_STR_ARG(keyword));
	if (cd_jld_failed(n->j))
		return;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (cd_jld_is(keyword, rows[i].word)) {
			rows[i].read(n, m);
			return;
		}
	if (cd_jld_is(keyword, "@language") || cd_jld_is(keyword, "@direction") ||
		cd_jld_is(keyword, "@index"))
		read_text(n, m, keyword);
}

/* ---- properties [13.5 to 13.14] ---- */

static struct cd_json *literal(struct cd_jld *j, const struct cd_json *m)
{
	struct cd_json *o = wrap(j, "@value", cd_jld_copy(j, m));
	cd_jld_put_text(j, o, "@type", CD_STR("@json"));
	return o;
}

static struct cd_json *graphs_of(struct cd_jld *j, struct cd_json *v)
{
	struct cd_json *items = cd_jld_as_array(j, v), *graphs = cd_jld_array(j);
	for (struct cd_json *i = items ? items->child : NULL, *next; i; i = next) {
		next = i->next;
		struct cd_json *one = cd_jld_array(j);
		cd_jld_append(one, i);
		cd_jld_append(graphs, wrap(j, "@graph", one));
	}
	return graphs;
}

static void expand_property(struct node *n, cd_str iri, const struct cd_json *m)
{
	struct cd_jld *j = n->j;
	const struct cd_jld_term *t = cd_jld_find(n->ctx, m->key);
	uint32_t c = t ? t->containers : 0;
	bool map = m->kind == CD_JSON_OBJECT;
	struct cd_json *v;
	if (t && cd_jld_is(t->type, "@json"))
		v = literal(j, m);
	else if (map && (c & CD_CONTAINER_LANGUAGE))
		v = cd_jld_expand_language_map(j, n->ctx, t, m);
	else if (map && (c & (CD_CONTAINER_INDEX | CD_CONTAINER_TYPE | CD_CONTAINER_ID)))
		v = cd_jld_expand_map(j, n->ctx, t, m);
	else
		v = cd_jld_expand_element(j, n->ctx, m->key, m, false);
	if (!v || cd_jld_failed(j))
		return;
	if ((c & CD_CONTAINER_LIST) && !cd_jld_is_list(v))
		v = wrap(j, "@list", cd_jld_as_array(j, v));
	if ((c & CD_CONTAINER_GRAPH) && !(c & (CD_CONTAINER_ID | CD_CONTAINER_INDEX)))
		v = graphs_of(j, v);
	if (t && t->reverse)
		add_reverse(n, iri, v, m);
	else
		cd_jld_add(j, n->result, iri, v, true);
}

static void expand_members(struct node *n, const struct cd_json *element)
{
	for (const struct cd_json *m = element->child; m && !cd_jld_failed(n->j); m = m->next) {
		if (cd_jld_is(m->key, "@context"))
			continue;
		cd_str iri = cd_jld_iri(n->j, n->ctx, m->key, CD_JLD_VOCAB, NULL);
		if (iri.p && cd_jld_keyword(iri))
			expand_keyword(n, iri, m);
		else if (iri.p && cd_str_find(iri, ':') < iri.n)
			expand_property(n, iri, m);
	}
}

/* ---- nested properties [14] ---- */

static void expand_nests(struct node *n);

static void expand_nested(struct node *n, const struct cd_json *v)
{
	bool good = v->kind == CD_JSON_OBJECT;
	for (const struct cd_json *m = good ? v->child : NULL; good && m; m = m->next)
		good = !stands_for(n->ctx, m->key, "@value");
	if (!good) {
		(void)bad(n, CD_JLD_INVALID_NEST_VALUE, v, "What is nested is an object, and no value");
		return;
	}
	n->first = NULL;
	n->last = &n->first;
	expand_members(n, v);
	expand_nests(n);
}

static void expand_nests(struct node *n)
{
	const struct node outer = *n;
	for (const struct nest *nest = outer.first; nest && !cd_jld_failed(n->j); nest = nest->next) {
		const struct cd_json *m = nest->member;
		bool list = m->kind == CD_JSON_ARRAY;
		n->property = m->key;
		n->ctx = cd_jld_scoped(n->j, outer.ctx, cd_jld_find(outer.ctx, m->key), true, false);
		for (const struct cd_json *v = list ? m->child : m; v && !cd_jld_failed(n->j);
			v = list ? v->next : NULL)
			expand_nested(n, v);
		n->ctx = outer.ctx;
		n->property = outer.property;
	}
}

/* ---- contexts of a node [7 to 12] ---- */

/* A value, or a mere reference: it belongs to the node around it. */
static bool stays(const struct cd_jld_ctx *c, const struct cd_json *element)
{
	if (element->n == 1 && stands_for(c, element->child->key, "@id"))
		return true;
	for (const struct cd_json *m = element->child; m; m = m->next)
		if (stands_for(c, m->key, "@value"))
			return true;
	return false;
}

static int by_key(const void *x, const void *y)
{
	const struct cd_json *a = *(const struct cd_json *const *)x, *b = *(const struct cd_json *const *)y;
	return cd_str_cmp(a->key, b->key);
}

static int by_text(const void *x, const void *y)
{
	const struct cd_json *a = *(const struct cd_json *const *)x, *b = *(const struct cd_json *const *)y;
	return cd_str_cmp(a->text, b->text);
}

/* The contexts of its types, in the order of their names. */
static void enter_types(struct node *n, const struct cd_json *m)
{
	struct cd_jld *j = n->j;
	bool list = m->kind == CD_JSON_ARRAY;
	const struct cd_json **names = CD_NEWS(j->cx->arena, const struct cd_json *, (list ? m->n : 1) + 1);
	size_t count = 0;
	if (!names) {
		(void)cd_fail_memory(j->cx);
		return;
	}
	for (const struct cd_json *v = list ? m->child : m; v; v = list ? v->next : NULL)
		if (v->kind == CD_JSON_STRING)
			names[count++] = v;
	qsort(names, count, sizeof *names, by_text);
	for (size_t i = 0; n->ctx && i < count; i++)
		n->ctx = cd_jld_scoped(j, n->ctx, cd_jld_find(n->types, names[i]->text), false, true);
}

static void read_types(struct node *n, const struct cd_json *element)
{
	struct cd_jld *j = n->j;
	size_t count = 0, k = 0;
	for (const struct cd_json *m = element->child; m; m = m->next)
		count += stands_for(n->types, m->key, "@type");
	if (count == 0)
		return;
	const struct cd_json **keys = CD_NEWS(j->cx->arena, const struct cd_json *, count);
	if (!keys) {
		(void)cd_fail_memory(j->cx);
		return;
	}
	for (const struct cd_json *m = element->child; m; m = m->next)
		if (stands_for(n->types, m->key, "@type"))
			keys[k++] = m;
	qsort(keys, count, sizeof *keys, by_key);
	for (size_t i = 0; n->ctx && i < count; i++)
		enter_types(n, keys[i]);
	const struct cd_json *first = keys[0]->kind == CD_JSON_ARRAY ? keys[0]->last : keys[0];
	if (n->ctx && first && first->kind == CD_JSON_STRING)
		n->literal = cd_jld_is(cd_jld_iri(j, n->ctx, first->text, CD_JLD_VOCAB, NULL), "@json");
}

/* ---- what came of it [15 to 19] ---- */

/* An IRI, with nothing in it that can not stand in one. */
static bool written_well(cd_str iri)
{
	bool good = cd_iri_absolute(iri) && !cd_str_starts(iri, CD_STR("_:"));
	for (size_t i = 0; good && i < iri.n; i++)
		good = cd_uri_byte((unsigned char)iri.p[i]);
	return good;
}

static struct cd_json *finish_value(struct node *n, const struct cd_json *at)
{
	struct cd_json *r = n->result;
	const struct cd_json *value = cd_jld_get(r, "@value"), *type = cd_jld_get(r, "@type"),
			     *language = cd_jld_get(r, "@language");
	bool tagged = language || cd_jld_get(r, "@direction");
	unsigned known = 1u + (type != NULL) + (language != NULL) + (cd_jld_get(r, "@direction") != NULL) +
			 (cd_jld_get(r, "@index") != NULL);
	if (r->n != known || (type && tagged))
		(void)bad(n, CD_JLD_INVALID_VALUE_OBJECT, at,
			"Beside @value there is only @index, and @type or @language and @direction");
	if (cd_jld_failed(n->j) || (type && type->kind == CD_JSON_STRING && cd_jld_is(type->text, "@json")))
		return r;
	if (value->kind == CD_JSON_NULL)
		return NULL;
	if (language && value->kind != CD_JSON_STRING)
		(void)bad(n, CD_JLD_INVALID_LANGUAGE_TAGGED_VALUE, at, "What has a @language is a string");
	else if (type && (type->kind != CD_JSON_STRING || !written_well(type->text)))
		(void)bad(n, CD_JLD_INVALID_TYPED_VALUE, at, "The @type of a value is one IRI");
	return r;
}

/* Out of the object it was a member of, which goes. */
static struct cd_json *apart(struct cd_json *v)
{
	v->up = v->next = NULL;
	v->key = cd_str_of(NULL, 0);
	return v;
}

static struct cd_json *finish(struct node *n, const struct cd_json *at)
{
	struct cd_json *r = n->result, *type = cd_jld_member(n->j, r, CD_STR("@type"));
	struct cd_json *set = cd_jld_member(n->j, r, CD_STR("@set")),
		       *list = cd_jld_member(n->j, r, CD_STR("@list"));
	if (cd_jld_member(n->j, r, CD_STR("@value"))) {
		r = finish_value(n, at);
	} else if (set || list) {
		if (r->n > 2 || (r->n == 2 && !cd_jld_get(r, "@index")))
			(void)bad(n, CD_JLD_INVALID_SET_OR_LIST_OBJECT, at,
				"Beside @set or @list there is only @index");
		if (set)
			r = set->kind == CD_JSON_NULL ? NULL : apart(set);
	} else if (type && type->kind != CD_JSON_ARRAY) {
		struct cd_json *array = cd_jld_array(n->j);
		cd_jld_append(array, cd_jld_copy(n->j, type));
		cd_jld_put(n->j, r, CD_STR("@type"), array);
	}
	if (!r || r->kind != CD_JSON_OBJECT)
		return r;
	if (r->n == 1 && cd_jld_get(r, "@language"))
		return NULL;
	if (!top_level(n->property))
		return r;
	bool loose = r->n == 0 || (r->n == 1 && cd_jld_get(r, "@id")) ||
		     cd_jld_member(n->j, r, CD_STR("@value")) || cd_jld_member(n->j, r, CD_STR("@list"));
	return loose ? NULL : r;
}

/* ---- elements ---- */

static struct cd_json *expand_object(struct cd_jld *j, const struct cd_jld_ctx *ctx, cd_str property,
	const struct cd_json *element, bool from_map)
{
	const struct cd_jld_term *term = property.p ? cd_jld_find(ctx, property) : NULL;
	const struct cd_json *local = cd_jld_get(element, "@context");
	if (ctx->previous && !from_map && !stays(ctx, element))
		ctx = ctx->previous;
	ctx = cd_jld_scoped(j, ctx, term, true, false);
	if (ctx && local)
		ctx = cd_jld_embedded(j, ctx, local);
	if (!ctx)
		return NULL;
	struct node n = {.j = j, .ctx = ctx, .types = ctx, .property = property, .result = cd_jld_object(j)};
	n.last = &n.first;
	read_types(&n, element);
	if (!n.ctx || cd_jld_failed(j))
		return NULL;
	expand_members(&n, element);
	expand_nests(&n);
	struct cd_json *r = cd_jld_failed(j) ? NULL : finish(&n, element);
	return cd_jld_failed(j) ? NULL : r;
}

static struct cd_json *expand_array(struct cd_jld *j, const struct cd_jld_ctx *ctx, cd_str property,
	const struct cd_json *element, bool from_map)
{
	const struct cd_jld_term *term = property.p ? cd_jld_find(ctx, property) : NULL;
	bool lists = term && (term->containers & CD_CONTAINER_LIST);
	struct cd_json *result = cd_jld_array(j);
	for (const struct cd_json *i = element->child; i && !cd_jld_failed(j); i = i->next) {
		struct cd_json *v = cd_jld_expand_element(j, ctx, property, i, from_map);
		if (v && lists && v->kind == CD_JSON_ARRAY)
			v = wrap(j, "@list", v);
		cd_jld_concat(result, v);
	}
	return cd_jld_failed(j) ? NULL : result;
}

struct cd_json *cd_jld_expand_element(struct cd_jld *j, const struct cd_jld_ctx *ctx, cd_str property,
	const struct cd_json *element, bool from_map)
{
	if (element->kind == CD_JSON_NULL)
		return NULL;
	if (element->kind == CD_JSON_ARRAY)
		return expand_array(j, ctx, property, element, from_map);
	if (element->kind == CD_JSON_OBJECT)
		return expand_object(j, ctx, property, element, from_map);
	if (top_level(property))
		return NULL;
	ctx = cd_jld_scoped(j, ctx, cd_jld_find(ctx, property), true, false);
	return ctx ? cd_jld_expand_value(j, ctx, property, element) : NULL;
}

/* ---- a document [9.1] ---- */

static const struct cd_jld_ctx *first_context(struct cd_jld *j, const struct cd_jld_options *o)
{
	const struct cd_jld_ctx *ctx = cd_jld_ctx_new(j);
	const struct cd_jld_how how = {.base = j->base};
	const struct cd_json *inside = o->context ? cd_jld_get(o->context, "@context") : NULL;
	if (ctx && o->context)
		ctx = cd_jld_process(j, ctx, inside ? inside : o->context, &how);
	struct cd_json *link = ctx && o->context_url.p ? cd_jld_string(j, o->context_url) : NULL;
	return link ? cd_jld_process(j, ctx, link, &how) : cd_jld_failed(j) ? NULL : ctx;
}

static struct cd_json *expand_document(
	struct cd_jld *j, const struct cd_json *document, const struct cd_jld_options *o)
{
	const struct cd_jld_ctx *ctx = first_context(j, o);
	struct cd_json *v = ctx ? cd_jld_expand_element(j, ctx, NONE, document, false) : NULL;
	if (v && v->kind == CD_JSON_OBJECT && v->n == 1 && cd_jld_get(v, "@graph"))
		v = cd_jld_get(v, "@graph");
	if (!v && !cd_jld_failed(j))
		v = cd_jld_array(j);
	struct cd_json *all = cd_jld_as_array(j, v);
	if (all) {
		all->key = NONE;
		all->next = all->up = NULL;
	}
	return all;
}

cd_code cd_jld_expand(struct cd_cx *cx, const struct cd_json *document, const struct cd_jld_options *o,
	struct cd_json **ret, struct cd_jld_problem *ret_problem)
{
	struct cd_jld j = {.cx = cx, .arena = cx->arena, .docs = o->docs, .old = o->old, .base = o->base};
	struct cd_json *v = expand_document(&j, document, o);
	*ret_problem = (struct cd_jld_problem){j.error, j.missing};
	if (cd_jld_failed(&j))
		return cx->err.code;
	*ret = v;
	return CD_OK;
}
