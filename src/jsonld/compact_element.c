/*
 * Compaction of nodes, lists and sets. [JSON-LD 1.1 API 6.1; the numbers are its steps]
 *
 * What comes out is a new tree; it borrows texts from the expanded one.
 */
#include "jsonld/active.h"

#include <stdlib.h>

#define NONE cd_str_of(NULL, 0)

/* A node being compacted. */
struct node {
	struct cd_jld *j;
	const struct cd_jld_ctx *ctx, *types; /* types: before type-scoped contexts */
	cd_str property;                      /* it is a value of; p == NULL: none */
	struct cd_json *result;
};

/* One value of a property of it, on its way to where it belongs. */
struct item {
	const struct cd_json *expanded;
	struct cd_json *compacted;
	struct cd_json *target; /* the result, or an object nested in it */
	cd_str name;            /* of the property */
	const struct cd_jld_term *term;
	uint32_t containers;
	bool as_array;
};

static uint32_t containers_of(const struct cd_jld_ctx *c, cd_str name)
{
	const struct cd_jld_term *t = name.p ? cd_jld_find(c, name) : NULL;
	return t ? t->containers : 0;
}

static struct cd_json *string(struct cd_jld *j, cd_str s)
{
	return s.p ? cd_jld_string(j, s) : NULL;
}

static void put_alias(struct node *n, struct cd_json *o, const char *keyword, struct cd_json *v)
{
	cd_jld_put(n->j, o, cd_jld_alias(n->j, n->ctx, keyword), v);
}

/* ---- keywords [12.1 to 12.6] ---- */

static struct cd_json *id_of(struct node *n, const struct cd_json *id)
{
	return string(n->j, cd_jld_compact_iri(n->j, n->ctx, id->text, NULL, false, false));
}

static void put_types(struct node *n, const struct cd_json *m)
{
	struct cd_jld *j = n->j;
	bool list = m->kind == CD_JSON_ARRAY;
	struct cd_json *v = list ? cd_jld_array(j) : NULL;
	for (const struct cd_json *t = list ? m->child : m; t && !cd_jld_failed(j);
		t = list ? t->next : NULL) {
		struct cd_json *name = string(j, cd_jld_compact_iri(j, n->types, t->text, NULL, true, false));
		if (list)
			cd_jld_append(v, name);
		else
			v = name;
	}
	if (cd_jld_failed(j))
		return;
	cd_str alias = cd_jld_alias(j, n->ctx, "@type");
	bool set = !j->old && (containers_of(n->ctx, alias) & CD_CONTAINER_SET);
	cd_jld_add(j, n->result, alias, v, set || j->keep_arrays);
}

static struct cd_json *single(struct node *n, struct cd_json *v)
{
	if (v && v->kind == CD_JSON_ARRAY && v->n == 1 && !n->j->keep_arrays) {
		v = v->child;
		v->up = NULL;
	}
	return v;
}

/* Properties that are reversed by their term go among the others. [12.3] */
static void put_reverse(struct node *n, const struct cd_json *m)
{
	struct cd_jld *j = n->j;
	struct cd_json *map = cd_jld_compact_element(j, n->ctx, CD_STR("@reverse"), m);
	struct cd_json *rest = cd_jld_object(j);
	for (struct cd_json *p = map ? map->child : NULL, *next; p && !cd_jld_failed(j); p = next) {
		const struct cd_jld_term *t = cd_jld_find(n->ctx, p->key);
		next = p->next;
		if (t && t->reverse)
			cd_jld_add(j, n->result, p->key, p,
				(t->containers & CD_CONTAINER_SET) || j->keep_arrays);
		else
			cd_jld_put(j, rest, p->key, p);
	}
	if (rest && rest->n && !cd_jld_failed(j))
		put_alias(n, n->result, "@reverse", rest);
}

static bool put_keyword(struct node *n, const struct cd_json *m)
{
	struct cd_jld *j = n->j;
	if (m->key.n == 0 || m->key.p[0] != '@')
		return false;
	if (cd_jld_is(m->key, "@id") && m->kind == CD_JSON_STRING)
		put_alias(n, n->result, "@id", id_of(n, m));
	else if (cd_jld_is(m->key, "@type"))
		put_types(n, m);
	else if (cd_jld_is(m->key, "@reverse"))
		put_reverse(n, m);
	else if (cd_jld_is(m->key, "@index") && (containers_of(n->ctx, n->property) & CD_CONTAINER_INDEX))
		return true;
	else if (cd_jld_is(m->key, "@direction") || cd_jld_is(m->key, "@index") ||
		 cd_jld_is(m->key, "@language") || cd_jld_is(m->key, "@value") || cd_jld_is(m->key, "@id"))
		cd_jld_put(j, n->result, cd_jld_alias(j, n->ctx, m->key.p), cd_jld_copy(j, m));
	else
		return false;
	return true;
}

/* ---- where a value goes ---- */

/* The result, or what its term is nested in. [12.7.2, 12.8.2] */
static struct cd_json *target_of(struct node *n, const struct cd_jld_term *t)
{
	struct cd_jld *j = n->j;
	if (!t || !t->nest.p)
		return n->result;
	if (!cd_jld_is(t->nest, "@nest") &&
		!cd_jld_is(cd_jld_iri(j, n->ctx, t->nest, CD_JLD_VOCAB, NULL), "@nest")) {
		(void)cd_jld_fail(j, CD_JLD_INVALID_NEST_VALUE, NULL,
			"\"" CD_STR_FMT "\" is nested in something that does not mean @nest",
			CD_STR_ARG(t->name));
		return NULL;
	}
	struct cd_json *o = cd_jld_member(j, n->result, t->nest);
	if (o)
		return o;
	cd_jld_put(j, n->result, t->nest, cd_jld_object(j));
	return cd_jld_member(j, n->result, t->nest);
}

/* The map that the property is, new when it has no value yet. */
static struct cd_json *map_of(struct node *n, struct item *i)
{
	struct cd_json *map = cd_jld_member(n->j, i->target, i->name);
	if (map)
		return map;
	cd_jld_put(n->j, i->target, i->name, cd_jld_object(n->j));
	return cd_jld_member(n->j, i->target, i->name);
}

/* A JSON literal that is an array is one value: it would be taken apart, and of one item only that be left.
 */
static void add(struct node *n, struct item *i)
{
	bool literal = i->compacted && i->compacted->kind == CD_JSON_ARRAY &&
		       cd_jld_is(cd_jld_text(i->expanded, "@type"), "@json");
	if (literal && !cd_jld_member(n->j, i->target, i->name))
		cd_jld_put(n->j, i->target, i->name, i->compacted);
	else
		cd_jld_add(n->j, i->target, i->name, i->compacted, i->as_array);
}

static void add_under(struct node *n, struct item *i, cd_str key)
{
	if (!key.p)
		key = cd_jld_alias(n->j, n->ctx, "@none");
	struct cd_json *map = cd_jld_failed(n->j) ? NULL : map_of(n, i);
	cd_jld_add(n->j, map, key, i->compacted, i->as_array);
}

static void enclose(struct node *n, struct item *i, const char *keyword)
{
	struct cd_json *o = cd_jld_object(n->j);
	put_alias(n, o, keyword, i->compacted);
	i->compacted = o;
}

/* [12.8.7] */
static void put_list(struct node *n, struct item *i)
{
	cd_str index = cd_jld_text(i->expanded, "@index");
	bool map = i->containers & CD_CONTAINER_INDEX;
	i->compacted = cd_jld_as_array(n->j, i->compacted);
	if (i->containers & CD_CONTAINER_LIST) {
		cd_jld_put(n->j, i->target, i->name, i->compacted);
		return;
	}
	enclose(n, i, "@list");
	if (index.p && !map)
		put_alias(n, i->compacted, "@index", string(n->j, index));
	if (map)
		add_under(n, i, index); /* beside the map it would have no place */
	else
		add(n, i);
}

/* [12.8.8] */
static void put_graph(struct node *n, struct item *i)
{
	struct cd_jld *j = n->j;
	cd_str id = cd_jld_text(i->expanded, "@id"), index = cd_jld_text(i->expanded, "@index");
	uint32_t c = i->containers;
	if ((c & CD_CONTAINER_GRAPH) && (c & CD_CONTAINER_ID)) {
		add_under(n, i, id.p ? cd_jld_compact_iri(j, n->ctx, id, NULL, false, false) : NONE);
	} else if ((c & CD_CONTAINER_GRAPH) && (c & CD_CONTAINER_INDEX) && !id.p) {
		add_under(n, i, index);
	} else if ((c & CD_CONTAINER_GRAPH) && !id.p) {
		if (i->compacted && i->compacted->kind == CD_JSON_ARRAY && i->compacted->n > 1)
			enclose(n, i, "@included");
		add(n, i);
	} else {
		i->compacted = single(n, i->compacted);
		enclose(n, i, "@graph");
		if (id.p)
			put_alias(n, i->compacted, "@id", id_of(n, cd_jld_get(i->expanded, "@id")));
		if (index.p)
			put_alias(n, i->compacted, "@index", string(j, index));
		add(n, i);
	}
}

/* The first value of `key`, which leaves the object; it stays when it is no string. */
static cd_str take_first(struct node *n, struct cd_json *object, cd_str key)
{
	struct cd_jld *j = n->j;
	struct cd_json *v = object && object->kind == CD_JSON_OBJECT ? cd_jld_member(j, object, key) : NULL;
	struct cd_json *first = v && v->kind == CD_JSON_ARRAY ? v->child : v;
	if (!first || first->kind != CD_JSON_STRING)
		return NONE;
	cd_str text = first->text;
	struct cd_json *rest = first == v ? NULL : first->next;
	cd_jld_drop(j, object, key);
	for (struct cd_json *next; rest && !cd_jld_failed(j); rest = next) {
		next = rest->next;
		cd_jld_add(j, object, key, rest, false);
	}
	return text;
}

/* [12.8.9.7] */
static cd_str take_type(struct node *n, struct item *i)
{
	struct cd_jld *j = n->j;
	cd_str key = take_first(n, i->compacted, cd_jld_alias(j, n->ctx, "@type"));
	const struct cd_json *only = i->compacted ? i->compacted->child : NULL;
	if (!only || i->compacted->kind != CD_JSON_OBJECT || i->compacted->n != 1 ||
		!cd_jld_is(cd_jld_iri(j, n->ctx, only->key, CD_JLD_VOCAB, NULL), "@id"))
		return key;
	struct cd_json *reference = cd_jld_object(j);
	cd_jld_put(j, reference, CD_STR("@id"), cd_jld_copy(j, cd_jld_get(i->expanded, "@id")));
	if (reference)
		i->compacted = cd_jld_compact_element(j, n->ctx, i->name, reference);
	return key;
}

/* Whatever the property that is the index is called here: its name depends on the value. [12.8.9.5] */
static cd_str take_property(struct node *n, struct item *i)
{
	cd_str iri = cd_jld_iri(n->j, n->ctx, i->term->index, CD_JLD_VOCAB, NULL), key = NONE;
	const struct cd_json *m = i->compacted->kind == CD_JSON_OBJECT ? i->compacted->child : NULL;
	for (const struct cd_json *next; iri.p && m && !key.p && !cd_jld_failed(n->j); m = next) {
		next = m->next;
		cd_str its = cd_jld_iri(n->j, n->ctx, m->key, CD_JLD_VOCAB, NULL);
		if (its.p && cd_str_eq(its, iri))
			key = take_first(n, i->compacted, m->key);
	}
	return key;
}

/* [12.8.9] */
static void put_mapped(struct node *n, struct item *i)
{
	struct cd_jld *j = n->j;
	uint32_t c = i->containers;
	cd_str key = NONE, index = i->term->index;
	if (c & CD_CONTAINER_LANGUAGE) {
		key = cd_jld_text(i->expanded, "@language");
		if (cd_jld_is_value(i->expanded))
			i->compacted = cd_jld_copy(j, cd_jld_get(i->expanded, "@value"));
	} else if ((c & CD_CONTAINER_INDEX) && (!index.p || cd_jld_is(index, "@index"))) {
		key = cd_jld_text(i->expanded, "@index");
	} else if (c & CD_CONTAINER_INDEX) {
		key = take_property(n, i);
	} else if (c & CD_CONTAINER_ID) {
		key = take_first(n, i->compacted, cd_jld_alias(j, n->ctx, "@id"));
	} else {
		key = take_type(n, i);
	}
	add_under(n, i, key);
}

static void put_item(struct node *n, const struct cd_json *property, const struct cd_json *expanded)
{
	struct cd_jld *j = n->j;
	const uint32_t maps =
		CD_CONTAINER_LANGUAGE | CD_CONTAINER_INDEX | CD_CONTAINER_ID | CD_CONTAINER_TYPE;
	struct item i = {.expanded = expanded};
	i.name = cd_jld_compact_iri(
		j, n->ctx, property->key, expanded, true, cd_jld_is(n->property, "@reverse"));
	i.term = i.name.p ? cd_jld_find(n->ctx, i.name) : NULL;
	i.target = cd_jld_failed(j) ? NULL : target_of(n, i.term);
	if (!i.target)
		return;
	i.containers = i.term ? i.term->containers : 0;
	i.as_array = (i.containers & CD_CONTAINER_SET) || cd_jld_is(i.name, "@graph") ||
		     cd_jld_is(i.name, "@list") || j->keep_arrays;
	const struct cd_json *list = cd_jld_get(expanded, "@list");
	bool graph = !list && cd_jld_is_graph(expanded);
	const struct cd_json *inner = list ? list : graph ? cd_jld_get(expanded, "@graph") : expanded;
	i.compacted = cd_jld_compact_element(j, n->ctx, i.name, inner);
	if (cd_jld_failed(j))
		return;
	if (list)
		put_list(n, &i);
	else if (graph)
		put_graph(n, &i);
	else if ((i.containers & maps) && !(i.containers & CD_CONTAINER_GRAPH))
		put_mapped(n, &i);
	else
		add(n, &i);
}

/* [12.7] */
static void put_nothing(struct node *n, const struct cd_json *m)
{
	struct cd_jld *j = n->j;
	cd_str name = cd_jld_compact_iri(j, n->ctx, m->key, m, true, cd_jld_is(n->property, "@reverse"));
	struct cd_json *target = name.p ? target_of(n, cd_jld_find(n->ctx, name)) : NULL;
	if (target)
		cd_jld_add(j, target, name, cd_jld_array(j), true);
}

static void put_member(struct node *n, const struct cd_json *m)
{
	if (put_keyword(n, m))
		return;
	bool list = m->kind == CD_JSON_ARRAY;
	if (list && !m->child)
		put_nothing(n, m);
	for (const struct cd_json *v = list ? m->child : m; v && !cd_jld_failed(n->j);
		v = list ? v->next : NULL)
		put_item(n, m, v);
}

/* ---- contexts [5, 6, 11] ---- */

static int by_text(const void *x, const void *y)
{
	return cd_str_cmp(*(const cd_str *)x, *(const cd_str *)y);
}

static void enter_types(struct node *n, const struct cd_json *element)
{
	struct cd_jld *j = n->j;
	const struct cd_json *types = cd_jld_member(j, element, CD_STR("@type"));
	bool list = types && types->kind == CD_JSON_ARRAY;
	if (!types)
		return;
	cd_str *names = CD_NEWS(j->cx->arena, cd_str, (list ? types->n : 1) + 1);
	size_t count = 0;
	if (!names) {
		(void)cd_fail_memory(j->cx);
		return;
	}
	for (const struct cd_json *t = list ? types->child : types; t && !cd_jld_failed(j);
		t = list ? t->next : NULL)
		names[count++] = cd_jld_compact_iri(j, n->types, t->text, NULL, true, false);
	if (cd_jld_failed(j))
		return;
	qsort(names, count, sizeof *names, by_text);
	for (size_t i = 0; n->ctx && i < count; i++)
		n->ctx = cd_jld_scoped(j, n->ctx, cd_jld_find(n->types, names[i]), false, true);
}

/* ---- elements ---- */

static struct cd_json *compact_node(struct node *n, const struct cd_json *element)
{
	n->result = cd_jld_object(n->j);
	enter_types(n, element);
	for (const struct cd_json *m = element->child; m && n->ctx && !cd_jld_failed(n->j); m = m->next)
		put_member(n, m);
	return cd_jld_failed(n->j) ? NULL : n->result;
}

static struct cd_json *compact_object(
	struct cd_jld *j, const struct cd_jld_ctx *ctx, cd_str property, const struct cd_json *element)
{
	const struct cd_jld_term *t = property.p ? cd_jld_find(ctx, property) : NULL;
	struct node n = {.j = j, .ctx = ctx, .property = property};
	bool reference = element->n == 1 && cd_jld_get(element, "@id");
	bool value = cd_jld_get(element, "@value") != NULL;
	if (ctx->previous && !value && !reference)
		n.ctx = ctx->previous;
	n.ctx = n.types = cd_jld_scoped(j, n.ctx, t, true, false);
	if (!n.ctx)
		return NULL;
	t = property.p ? cd_jld_find(n.ctx, property) : NULL;
	if (value || cd_jld_get(element, "@id")) {
		struct cd_json *v = cd_jld_compact_value(j, n.ctx, property, element);
		if (v && (cd_jld_scalar(v) || v->kind == CD_JSON_NULL || (t && cd_jld_is(t->type, "@json"))))
			return v;
	}
	const struct cd_json *list = cd_jld_get(element, "@list");
	if (list && t && (t->containers & CD_CONTAINER_LIST))
		return cd_jld_compact_element(j, n.ctx, property, list);
	return cd_jld_failed(j) ? NULL : compact_node(&n, element);
}

static struct cd_json *compact_array(
	struct cd_jld *j, const struct cd_jld_ctx *ctx, cd_str property, const struct cd_json *element)
{
	struct cd_json *all = cd_jld_array(j);
	bool kept = j->keep_arrays || cd_jld_is(property, "@graph") || cd_jld_is(property, "@set") ||
		    (containers_of(ctx, property) & (CD_CONTAINER_LIST | CD_CONTAINER_SET));
	for (const struct cd_json *i = element->child; i && !cd_jld_failed(j); i = i->next)
		cd_jld_append(all, cd_jld_compact_element(j, ctx, property, i));
	if (cd_jld_failed(j) || kept || all->n != 1)
		return cd_jld_failed(j) ? NULL : all;
	all->child->up = NULL;
	return all->child;
}

struct cd_json *cd_jld_compact_element(
	struct cd_jld *j, const struct cd_jld_ctx *ctx, cd_str property, const struct cd_json *element)
{
	if (element->kind == CD_JSON_ARRAY)
		return compact_array(j, ctx, property, element);
	if (element->kind == CD_JSON_OBJECT)
		return compact_object(j, ctx, property, element);
	return cd_jld_copy(j, element);
}

/* ---- a document [9.1] ---- */

static const struct cd_jld_ctx *context_of(
	struct cd_jld *j, const struct cd_json *context, const struct cd_jld_options *o)
{
	struct cd_jld_ctx *first = cd_jld_ctx_new(j);
	const struct cd_jld_how how = {.base = o->compact_base.p ? o->compact_base : o->base};
	if (first && o->keep_absolute)
		first->base = NONE;
	return first ? cd_jld_process(j, first, context, &how) : NULL;
}

static bool empty(const struct cd_json *context)
{
	return context->kind == CD_JSON_NULL ||
	       ((context->kind == CD_JSON_OBJECT || context->kind == CD_JSON_ARRAY) && context->n == 0);
}

/* An object, with the context in front. */
static struct cd_json *finish(
	struct cd_jld *j, const struct cd_jld_ctx *ctx, const struct cd_json *context, struct cd_json *v)
{
	struct cd_json *all = cd_jld_object(j);
	if (!empty(context))
		cd_jld_put(j, all, CD_STR("@context"), cd_jld_copy(j, context));
	if (v->kind != CD_JSON_OBJECT && v->n)
		cd_jld_put(j, all, cd_jld_alias(j, ctx, "@graph"), cd_jld_as_array(j, v));
	for (struct cd_json *m = v->kind == CD_JSON_OBJECT ? v->child : NULL, *next; m; m = next) {
		next = m->next;
		cd_jld_put(j, all, m->key, m);
	}
	return cd_jld_failed(j) ? NULL : all;
}

cd_code cd_jld_compact(struct cd_cx *cx, const struct cd_json *document, const struct cd_json *context,
	const struct cd_jld_options *o, struct cd_json **ret, struct cd_jld_problem *ret_problem)
{
	struct cd_jld j = {.cx = cx,
		.arena = cx->arena,
		.docs = o->docs,
		.old = o->old,
		.keep_arrays = o->keep_arrays,
		.base = o->base};
	const struct cd_json *inside = cd_jld_get(context, "@context");
	struct cd_json *expanded, *v = NULL;
	if (cd_jld_expand(cx, document, o, &expanded, ret_problem))
		return cx->err.code;
	context = inside ? inside : context;
	const struct cd_jld_ctx *ctx = context_of(&j, context, o);
	if (ctx)
		v = cd_jld_compact_element(&j, ctx, NONE, expanded);
	if (v)
		v = finish(&j, ctx, context, v);
	*ret_problem = (struct cd_jld_problem){j.error, j.missing};
	if (cd_jld_failed(&j))
		return cx->err.code;
	*ret = v;
	return CD_OK;
}
