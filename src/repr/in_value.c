/* Values, kind by kind: what they may be, how they are stored, their class and key. [* model/entity.h] */
#include "geo/geometry.h"
#include "model/uri.h"
#include "repr/in_int.h"
#include "json/merge.h"

cd_code cd_read_text(struct cd_read *r, const struct cd_json *v, cd_str *ret)
{
	struct cd_buf b;
	cd_buf_init(&b, r->cx->set->entity_max);
	cd_json_write(&b, v);
	cd_code bad = b.bad;
	cd_str text = bad ? cd_str_of(NULL, 0) : cd_arena_copy(r->cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	if (bad == CD_E_TOO_LARGE)
		return cd_read_bad(r, v, "The value is larger than %llu bytes",
			(unsigned long long)r->cx->set->entity_max);
	if (!text.p)
		return cd_fail_memory(r->cx);
	*ret = text;
	return CD_OK;
}

static cd_code store(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	l->value_class = cd_value_of(v, &l->key);
	return cd_read_text(r, v, &l->value);
}

/* A marker that would remove nothing when it is merged: only members of objects can be removed. */
static const struct cd_json *lost_marker(const struct cd_json *v)
{
	const struct cd_json *found = NULL;
	if (v->kind == CD_JSON_ARRAY)
		return cd_json_find_marker(v);
	for (const struct cd_json *c = v->child; c && !found; c = c->next)
		found = cd_json_is_marker(c) ? NULL : lost_marker(c);
	return found;
}

static cd_code no_marker(struct cd_read *r, const struct cd_json *v)
{
	bool members = cd_read_merges(r) && v->kind == CD_JSON_OBJECT;
	const struct cd_json *marker = members ? lost_marker(v) : cd_json_find_marker(v);
	return marker ? cd_read_bad(r, marker,
				"The NGSI-LD null can only stand for a member inside of a value, and only "
				"when "
				"entities are merged")
		      : CD_OK;
}

/* ---- kinds ---- */

static cd_code read_property(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	cd_code code = no_marker(r, v);
	return code ? code : store(r, l, v);
}

static cd_code read_geometry(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	struct cd_json *inside = (struct cd_json *)(uintptr_t)v;
	enum cd_geo_type type;
	struct cd_box box;
	if (v->kind == CD_JSON_STRING) { /* a geometry as text is stored as the object it is */
		if (cd_json_parse_copy(r->cx, v->text, &inside)) {
			cd_cx_clear(r->cx);
			return cd_read_bad(r, v, "Expected a GeoJSON geometry");
		}
		inside->up = v->up;
		inside->key = v->key;
	}
	if (cd_geo_check(r->cx, inside, &type, &box))
		return r->cx->err.code;
	if (cd_json_find_marker(inside))
		return cd_read_bad(r, v, "The NGSI-LD null can not stand inside of a geometry");
	cd_str bytes = cd_arena_copy(r->cx->arena, cd_str_of((const char *)&box, sizeof box));
	if (!bytes.p)
		return cd_fail_memory(r->cx);
	l->meta[CD_META_BOX] = bytes;
	if (cd_read_text(r, inside, &l->value))
		return r->cx->err.code;
	l->value_class = CD_V_GEOMETRY;
	l->key = 0;
	return CD_OK;
}

static cd_code one_uri(struct cd_read *r, const struct cd_json *v, cd_str *ret)
{
	if (v->kind != CD_JSON_STRING || cd_json_is_marker(v))
		return cd_read_bad(r, v, "Expected a URI");
	*ret = cd_ctx_expand_id(r->in->ctx, r->cx->arena, v->text);
	if (!ret->p)
		return cd_fail_memory(r->cx);
	return cd_uri_ok(*ret) ? CD_OK
			       : cd_read_bad(r, v, "\"" CD_STR_FMT "\" is not a URI", CD_STR_ARG(v->text));
}

/* Strings, or (for lists) objects with the member "object", as an array of URIs. */
static struct cd_json *uri_array(struct cd_read *r, const struct cd_json *list, bool objects)
{
	struct cd_json *out = cd_json_new(r->cx->arena, CD_JSON_ARRAY);
	for (const struct cd_json *c = list->child; out && c; c = c->next) {
		const struct cd_json *object = objects && c->kind == CD_JSON_OBJECT && c->n == 1
						       ? cd_json_get(c, CD_STR("object"))
						       : NULL;
		cd_str uri;
		if (one_uri(r, object ? object : c, &uri))
			return NULL;
		struct cd_json *item = cd_json_string(r->cx->arena, uri);
		if (!item)
			break;
		cd_json_append(out, item);
	}
	if (!out || out->n != list->n)
		(void)cd_fail_memory(r->cx);
	return r->cx->err.code ? NULL : out;
}

static cd_code read_relationship(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	cd_str uri;
	if (v->kind == CD_JSON_ARRAY && v->n) {
		const struct cd_json *list = uri_array(r, v, false);
		return list ? store(r, l, list) : r->cx->err.code;
	}
	if (one_uri(r, v, &uri))
		return r->cx->err.code;
	struct cd_json *s = cd_json_string(r->cx->arena, uri);
	if (!s)
		return cd_fail_memory(r->cx);
	l->value_class = CD_V_URI;
	l->key = cd_key_of_string(uri);
	return cd_read_text(r, s, &l->value);
}

static cd_code read_list_relationship(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	if (v->kind != CD_JSON_ARRAY)
		return cd_read_bad(r, v, "Expected an array of URIs, or of objects {\"object\": URI}");
	const struct cd_json *list = uri_array(r, v, true);
	return list ? store(r, l, list) : r->cx->err.code;
}

static cd_code read_language(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	if (v->kind != CD_JSON_OBJECT)
		return cd_read_bad(
			r, v, "Expected an object: language tag to string, or to array of strings");
	for (const struct cd_json *m = v->child; m; m = m->next) {
		if (!cd_language_ok(m->key))
			return cd_read_bad(r, m, "\"" CD_STR_FMT "\" is not a language tag, nor @none",
				CD_STR_ARG(m->key));
		bool good = m->kind == CD_JSON_STRING || m->kind == CD_JSON_ARRAY;
		for (const struct cd_json *c = m->kind == CD_JSON_ARRAY ? m->child : NULL; c; c = c->next)
			good = good && c->kind == CD_JSON_STRING;
		if (!good)
			return cd_read_bad(r, m, "Expected a string, or an array of strings");
	}
	cd_code code = no_marker(r, v);
	return code ? code : store(r, l, v);
}

cd_code cd_read_vocab(struct cd_read *r, const struct cd_json *v, cd_str *ret)
{
	bool list = v->kind == CD_JSON_ARRAY;
	struct cd_json *out = cd_json_new(r->cx->arena, CD_JSON_ARRAY);
	if ((!list && v->kind != CD_JSON_STRING) || (list && v->n == 0))
		return cd_read_bad(r, v, "Expected a string, or an array of strings");
	for (const struct cd_json *c = list ? v->child : v; out && c; c = list ? c->next : NULL) {
		if (c->kind != CD_JSON_STRING || cd_json_is_marker(c))
			return cd_read_bad(r, c, "Expected a string");
		cd_str iri = cd_ctx_expand(r->in->ctx, r->cx->arena, c->text);
		struct cd_json *item = iri.p ? cd_json_string(r->cx->arena, iri) : NULL;
		if (!item)
			return cd_fail_memory(r->cx);
		cd_json_append(out, item);
	}
	if (!out)
		return cd_fail_memory(r->cx);
	return cd_read_text(r, list ? out : out->child, ret);
}

static cd_code read_vocab(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	cd_code code = cd_read_vocab(r, v, &l->value);
	if (code)
		return code;
	l->value_class = v->kind == CD_JSON_ARRAY ? CD_V_ARRAY : CD_V_STRING;
	l->key = v->kind == CD_JSON_ARRAY ? v->n : cd_key_of_string(cd_json_unquote(r->cx->arena, l->value));
	return CD_OK;
}

static cd_code read_list(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	if (v->kind != CD_JSON_ARRAY)
		return cd_read_bad(r, v, "Expected an array");
	for (const struct cd_json *c = v->child; c; c = c->next)
		if (c->kind == CD_JSON_NULL)
			return cd_read_bad(r, c, "null is no value");
	cd_code code = no_marker(r, v);
	return code ? code : store(r, l, v);
}

static cd_code read_json(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	if (v->kind != CD_JSON_OBJECT && v->kind != CD_JSON_ARRAY)
		return cd_read_bad(r, v, "Expected an object or an array");
	cd_code code = no_marker(r, v);
	if (code)
		return code;
	l->value_class = v->kind == CD_JSON_OBJECT ? CD_V_OBJECT : CD_V_ARRAY;
	l->key = v->n;
	return cd_read_text(r, v, &l->value);
}

cd_code cd_read_value(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	switch ((enum cd_kind)l->kind) {
	case CD_GEO_PROPERTY:
		return read_geometry(r, l, v);
	case CD_RELATIONSHIP:
		return read_relationship(r, l, v);
	case CD_LANGUAGE_PROPERTY:
		return read_language(r, l, v);
	case CD_VOCAB_PROPERTY:
		return read_vocab(r, l, v);
	case CD_LIST_PROPERTY:
		return read_list(r, l, v);
	case CD_LIST_RELATIONSHIP:
		return read_list_relationship(r, l, v);
	case CD_JSON_PROPERTY:
		return read_json(r, l, v);
	case CD_PROPERTY:
	case CD_KIND_NONE:
	case CD_KIND_N:
		break;
	}
	return read_property(r, l, v);
}

/* How a string, or an array of them, reads as URI and as vocabulary term: apply_merge.c knows the stored
 * kind. */
cd_code cd_read_bare(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	cd_code code = read_property(r, l, v);
	bool strings = v->kind == CD_JSON_STRING || (v->kind == CD_JSON_ARRAY && v->n);
	for (const struct cd_json *c = v->child; strings && v->kind == CD_JSON_ARRAY && c; c = c->next)
		strings = c->kind == CD_JSON_STRING;
	if (code || !strings)
		return code;
	struct cd_loose as_uri = {.term = 0};
	if (read_relationship(r, &as_uri, v) == CD_OK)
		l->meta[CD_META_OBJECT_TYPE] = as_uri.value;
	else if (r->cx->err.code == CD_E_NO_MEMORY)
		return CD_E_NO_MEMORY;
	cd_cx_clear(r->cx);
	return cd_read_vocab(r, v, &l->meta[CD_META_VALUE_TYPE]);
}
