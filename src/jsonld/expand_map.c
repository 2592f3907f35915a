/* Values: of terms with a type or language, and of terms whose container is a map. [JSON-LD 1.1 API 5.3;
 * 5.1.2, 13.7 and 13.8] */
#include "jsonld/active.h"

/* ---- value expansion [5.3] ---- */

static struct cd_json *reference(struct cd_jld *j, const struct cd_jld_ctx *ctx, cd_str id, unsigned flags)
{
	struct cd_json *o = cd_jld_object(j);
	cd_str iri = cd_jld_iri(j, ctx, id, flags | CD_JLD_RELATIVE, NULL);
	cd_jld_put(j, o, CD_STR("@id"), iri.p ? cd_jld_string(j, iri) : cd_jld_null(j));
	return o;
}

struct cd_json *cd_jld_expand_value(
	struct cd_jld *j, const struct cd_jld_ctx *ctx, cd_str property, const struct cd_json *value)
{
	const struct cd_jld_term *t = cd_jld_find(ctx, property);
	cd_str type = t ? t->type : cd_str_of(NULL, 0);
	bool string = value->kind == CD_JSON_STRING;
	bool id = cd_jld_is(type, "@id"), vocab = cd_jld_is(type, "@vocab");
	if (string && (id || vocab))
		return reference(j, ctx, value->text, vocab ? CD_JLD_VOCAB : 0);
	struct cd_json *o = cd_jld_object(j);
	cd_jld_put(j, o, CD_STR("@value"), cd_jld_copy(j, value));
	if (type.p && !id && !vocab && !cd_jld_is(type, "@none")) {
		cd_jld_put_text(j, o, "@type", type);
	} else if (string) {
		cd_str language = t && t->has_language ? t->language : ctx->language;
		cd_str direction = t && t->has_direction ? t->direction : ctx->direction;
		if (language.p)
			cd_jld_put_text(j, o, "@language", language);
		if (direction.p)
			cd_jld_put_text(j, o, "@direction", direction);
	}
	return o;
}

/* ---- by language [13.7] ---- */

static bool is_none(struct cd_jld *j, const struct cd_jld_ctx *ctx, cd_str key)
{
	return cd_jld_is(cd_jld_iri(j, ctx, key, CD_JLD_VOCAB, NULL), "@none");
}

struct cd_json *cd_jld_expand_language_map(struct cd_jld *j, const struct cd_jld_ctx *ctx,
	const struct cd_jld_term *t, const struct cd_json *map)
{
	struct cd_json *all = cd_jld_array(j);
	cd_str direction = t->has_direction ? t->direction : ctx->direction;
	for (const struct cd_json *m = map->child; m; m = m->next) {
		bool list = m->kind == CD_JSON_ARRAY, none = is_none(j, ctx, m->key);
		for (const struct cd_json *v = list ? m->child : m; v; v = list ? v->next : NULL) {
			if (v->kind == CD_JSON_NULL)
				continue;
			if (v->kind != CD_JSON_STRING)
				(void)cd_jld_fail(j, CD_JLD_INVALID_LANGUAGE_MAP_VALUE, v,
					"What stands under a language is a string");
			struct cd_json *o = cd_jld_failed(j) ? NULL : cd_jld_object(j);
			if (!o)
				return NULL;
			cd_jld_put_text(j, o, "@value", v->text);
			if (!none)
				cd_jld_put_text(j, o, "@language", m->key);
			if (direction.p)
				cd_jld_put_text(j, o, "@direction", direction);
			cd_jld_append(all, o);
		}
	}
	return all;
}

/* ---- by index, id or type [13.8] ---- */

struct map {
	struct cd_jld *j;
	const struct cd_jld_ctx *ctx;
	const struct cd_jld_term *t;
	cd_str property; /* the index is a value of; p == NULL: of @index */
};

/* In front of what is there. */
static void prepend(struct cd_jld *j, struct cd_json *o, cd_str key, struct cd_json *v)
{
	struct cd_json *old = cd_json_get(o, key), *all = cd_jld_array(j);
	cd_jld_append(all, v);
	if (old && old->kind == CD_JSON_ARRAY)
		cd_jld_concat(all, old);
	else if (old)
		cd_jld_append(all, cd_jld_copy(j, old));
	cd_jld_put(j, o, key, all);
}

static void add_index(struct map *m, struct cd_json *item, const struct cd_json *row)
{
	struct cd_jld *j = m->j;
	if (!m->property.p) {
		if (!cd_jld_get(item, "@index"))
			cd_jld_put_text(j, item, "@index", row->key);
		return;
	}
	struct cd_json text = {.kind = CD_JSON_STRING, .text = row->key};
	prepend(j, item, m->property, cd_jld_expand_value(j, m->ctx, m->t->index, &text));
	if (cd_jld_is_value(item))
		(void)cd_jld_fail(j, CD_JLD_INVALID_VALUE_OBJECT, row,
			"A value can not have the property its index stands for");
}

/* What has an id or a type of its own: a node. The steps would make values with an @id.
 * [JSON-LD 1.1 9.11, 9.12] */
static bool is_node(struct map *m, const struct cd_json *item, const struct cd_json *row)
{
	if (cd_jld_is_value(item))
		(void)cd_jld_fail(
			m->j, CD_JLD_INVALID_VALUE_OBJECT, row, "A value has no @id, and no such @type");
	else if (cd_jld_is_list(item))
		(void)cd_jld_fail(
			m->j, CD_JLD_INVALID_SET_OR_LIST_OBJECT, row, "A list has neither @id nor @type");
	return !cd_jld_failed(m->j);
}

/* What stands under one key of the map, with the key put in. */
static void add_key(struct map *m, struct cd_json *item, const struct cd_json *row)
{
	struct cd_jld *j = m->j;
	uint32_t c = m->t->containers;
	cd_str expanded = cd_jld_iri(j, m->ctx, row->key, CD_JLD_VOCAB, NULL);
	if (cd_jld_failed(j) || cd_jld_is(expanded, "@none") || item->kind != CD_JSON_OBJECT)
		return;
	if (c & CD_CONTAINER_INDEX) {
		add_index(m, item, row);
	} else if (!is_node(m, item, row)) {
		return;
	} else if (c & CD_CONTAINER_ID) {
		cd_str id = cd_jld_iri(j, m->ctx, row->key, CD_JLD_RELATIVE, NULL);
		if (!cd_jld_get(item, "@id") && id.p)
			cd_jld_put_text(j, item, "@id", id);
	} else if (expanded.p) {
		prepend(j, item, CD_STR("@type"), cd_jld_string(j, expanded));
	}
}

static struct cd_json *graph_of(struct cd_jld *j, struct cd_json *item)
{
	struct cd_json *inner = cd_jld_array(j), *o = cd_jld_object(j);
	cd_jld_append(inner, item);
	cd_jld_put(j, o, CD_STR("@graph"), inner);
	return o;
}

static void expand_row(struct map *m, const struct cd_json *row, struct cd_json *all)
{
	struct cd_jld *j = m->j;
	uint32_t c = m->t->containers;
	const struct cd_jld_ctx *ctx = m->ctx;
	if ((c & (CD_CONTAINER_ID | CD_CONTAINER_TYPE)) && ctx->previous)
		ctx = ctx->previous;
	if (c & CD_CONTAINER_TYPE)
		ctx = cd_jld_scoped(j, ctx, cd_jld_find(ctx, row->key), false, true);
	if (!ctx)
		return;
	struct cd_json *got = cd_jld_as_array(j, cd_jld_expand_element(j, ctx, m->t->name, row, true));
	for (struct cd_json *item = got ? got->child : NULL, *next; item && !cd_jld_failed(j); item = next) {
		next = item->next;
		if ((c & CD_CONTAINER_GRAPH) && !cd_jld_is_graph(item))
			item = graph_of(j, item);
		if (item)
			add_key(m, item, row);
		cd_jld_append(all, item);
	}
}

struct cd_json *cd_jld_expand_map(struct cd_jld *j, const struct cd_jld_ctx *ctx, const struct cd_jld_term *t,
	const struct cd_json *map)
{
	struct map m = {j, ctx, t, cd_str_of(NULL, 0)};
	struct cd_json *all = cd_jld_array(j);
	if (t->index.p && !cd_jld_is(t->index, "@index"))
		m.property = cd_jld_iri(j, ctx, t->index, CD_JLD_VOCAB, NULL);
	for (const struct cd_json *row = map->child; row && !cd_jld_failed(j); row = row->next)
		expand_row(&m, row, all);
	return cd_jld_failed(j) ? NULL : all;
}
