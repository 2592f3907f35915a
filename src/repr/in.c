/*
 * A body becomes a fragment: what stands at the level of the entity. [CIM 009 5.2.4, 4.5.1]
 *
 * Members are taken one by one; each knows its rule. Names that the twin has no number for become the
 * fragment's own.
 */
#include "base/hash.h"
#include "model/uri.h"
#include "repr/in_int.h"
#include "json/merge.h"

#include <stdarg.h>

cd_code cd_read_bad(struct cd_read *r, const struct cd_json *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	cd_str text = cd_arena_vprintf(r->cx->arena, fmt, ap);
	va_end(ap);
	return cd_fail(r->cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(r->cx, at), "%s",
		text.p ? text.p : "Not acceptable");
}

bool cd_read_takes_null(const struct cd_read *r)
{
	switch (r->in->body) {
	case CD_BODY_FRAGMENT_NULL:
	case CD_BODY_UPSERT_UPDATE:
	case CD_BODY_MERGE:
	case CD_BODY_MERGE_SIMPLIFIED:
	case CD_BODY_ATTR:
		return true;
	case CD_BODY_ENTITY:
	case CD_BODY_FRAGMENT:
	case CD_BODY_SIMPLIFIED:
	case CD_BODY_ATTR_WHOLE:
		return false;
	}
	return false;
}

bool cd_read_merges(const struct cd_read *r)
{
	return r->in->body == CD_BODY_MERGE || r->in->body == CD_BODY_MERGE_SIMPLIFIED;
}

/* ---- names ---- */

cd_term cd_read_local(struct cd_read *r, cd_str iri)
{
	uint64_t hash = cd_hash64(iri, 0);
	for (uint32_t i = 0; i < r->locals_n; i++)
		if (r->locals[i].hash == hash && cd_str_eq(r->locals[i].iri, iri))
			return CD_TERM_LOCAL | i;
	if (r->locals_n == r->locals_cap) {
		uint32_t cap = r->locals_cap ? r->locals_cap * 2 : 16;
		struct cd_local *list = cd_arena_alloc(r->cx->arena, cap * sizeof *list);
		if (!list)
			return 0;
		if (r->locals_n)
			memcpy(list, r->locals, r->locals_n * sizeof *list);
		r->locals = list;
		r->locals_cap = cap;
	}
	cd_str copy = cd_arena_copy(r->cx->arena, iri);
	if (!copy.p)
		return 0;
	r->locals[r->locals_n] = (struct cd_local){hash, copy};
	return CD_TERM_LOCAL | r->locals_n++;
}

cd_str cd_read_iri(const struct cd_read *r, cd_term term)
{
	return term & CD_TERM_LOCAL ? r->locals[term & ~CD_TERM_LOCAL].iri
				    : cd_names_text(r->in->names, term);
}

cd_code cd_read_term(struct cd_read *r, const struct cd_json *at, cd_str name, cd_term *ret)
{
	cd_str iri;
	if (!cd_name_ok(name))
		return cd_read_bad(r, at,
			"\"" CD_STR_FMT
			"\" is not a name: a letter, then letters, digits or _; or prefix:name; or an IRI",
			CD_STR_ARG(name));
	*ret = cd_ctx_term(r->in->ctx, r->cx->arena, r->in->names, name, &iri);
	if (!iri.p)
		return cd_fail_memory(r->cx);
	if (*ret)
		return CD_OK;
	if (iri.n > r->cx->set->id_max)
		return cd_read_bad(
			r, at, "The name is longer than %llu bytes", (unsigned long long)r->cx->set->id_max);
	if (iri.n && iri.p[0] == '@')
		return cd_read_bad(r, at, "\"" CD_STR_FMT "\" is a keyword, not a name", CD_STR_ARG(name));
	if (iri.n == 0)
		return cd_read_bad(
			r, at, "The @context maps \"" CD_STR_FMT "\" to nothing", CD_STR_ARG(name));
	*ret = cd_read_local(r, iri);
	return *ret ? CD_OK : cd_fail_memory(r->cx);
}

cd_code cd_read_stamp(struct cd_read *r, const struct cd_json *v, cd_stamp *ret)
{
	if (v->kind == CD_JSON_STRING && cd_stamp_parse(v->text, ret))
		return CD_OK;
	return cd_read_bad(r, v, "Expected a DateTime: YYYY-MM-DDThh:mm:ss[.ffffff]Z");
}

/* ---- the entity's own members ---- */

struct entity {
	struct cd_loose_ent out;
	struct cd_loose **at;
	const struct cd_json *id, *type, *scope;
};

static cd_code once(struct cd_read *r, const struct cd_json **slot, const struct cd_json *m)
{
	if (*slot)
		return cd_read_bad(r, m, "It is there twice, with and without @");
	*slot = m;
	return CD_OK;
}

static cd_code read_id(struct cd_read *r, struct entity *e, const struct cd_json *m)
{
	if (once(r, &e->id, m))
		return r->cx->err.code;
	if (m->kind != CD_JSON_STRING || !cd_uri_ok(m->text) || cd_json_is_marker(m))
		return cd_read_bad(r, m, "Expected a URI as id");
	if (m->text.n > r->cx->set->id_max)
		return cd_read_bad(
			r, m, "The id is longer than %llu bytes", (unsigned long long)r->cx->set->id_max);
	if (r->in->id.n && !cd_str_eq(r->in->id, m->text))
		return cd_read_bad(r, m, "The id is not that of the path");
	e->out.id = m->text;
	return CD_OK;
}

/* Before each is looked at: that takes time. */
static cd_code too_many(struct cd_read *r, const struct cd_json *list)
{
	uint64_t most = r->cx->set->types_max;
	return list->kind == CD_JSON_ARRAY && list->n > most
		       ? cd_read_bad(r, list, "More than %llu types or scopes", (unsigned long long)most)
		       : CD_OK;
}

static cd_code read_type(struct cd_read *r, struct entity *e, const struct cd_json *m)
{
	bool list = m->kind == CD_JSON_ARRAY;
	if (once(r, &e->type, m))
		return r->cx->err.code;
	if ((!list && m->kind != CD_JSON_STRING) || (list && m->n == 0))
		return cd_read_bad(r, m, "Expected the name of a type, or an array of names");
	if (too_many(r, m))
		return r->cx->err.code;
	cd_term *types = CD_NEWS(r->cx->arena, cd_term, list ? m->n : 1);
	if (!types)
		return cd_fail_memory(r->cx);
	for (const struct cd_json *t = list ? m->child : m; t; t = list ? t->next : NULL) {
		if (t->kind != CD_JSON_STRING || cd_json_is_marker(t))
			return cd_read_bad(r, t, "Expected the name of a type");
		if (cd_read_term(r, t, t->text, &types[e->out.types_n++]))
			return r->cx->err.code;
	}
	e->out.types = types;
	return CD_OK;
}

/* "Madrid" is "/Madrid". */
static cd_code add_scope(struct cd_read *r, struct entity *e, cd_str *scopes, const struct cd_json *s)
{
	if (s->kind != CD_JSON_STRING || cd_json_is_marker(s) || !cd_scope_ok(s->text))
		return cd_read_bad(
			r, s, "Expected a scope: /Level/Level..., each a letter, then letters, digits or _");
	cd_str scope = s->text.p[0] == '/'
			       ? s->text
			       : cd_arena_printf(r->cx->arena, "/" CD_STR_FMT, CD_STR_ARG(s->text));
	if (!scope.p)
		return cd_fail_memory(r->cx);
	scopes[e->out.scopes_n++] = scope;
	return CD_OK;
}

static cd_code read_scope(struct cd_read *r, struct entity *e, const struct cd_json *m)
{
	bool list = m->kind == CD_JSON_ARRAY;
	if (once(r, &e->scope, m))
		return r->cx->err.code;
	if (cd_json_is_marker(m) && cd_read_takes_null(r)) {
		e->out.flags |= CD_ENT_SCOPE_NULL;
		return CD_OK;
	}
	if (list && m->n == 0)
		return cd_read_bad(r, m, "The array is empty");
	if (too_many(r, m))
		return r->cx->err.code;
	cd_str *scopes = CD_NEWS(r->cx->arena, cd_str, list ? m->n : 1);
	if (!scopes)
		return cd_fail_memory(r->cx);
	e->out.scopes = scopes;
	e->out.flags |= CD_ENT_SCOPE;
	for (const struct cd_json *s = list ? m->child : m; s; s = list ? s->next : NULL)
		if (add_scope(r, e, scopes, s))
			return r->cx->err.code;
	return CD_OK;
}

static cd_code read_expiry(struct cd_read *r, struct entity *e, const struct cd_json *m)
{
	e->out.flags |= CD_ENT_EXPIRES;
	if (cd_json_is_marker(m) && cd_read_takes_null(r)) {
		e->out.expires = CD_STAMP_NONE;
		return CD_OK;
	}
	return cd_read_stamp(r, m, &e->out.expires);
}

static cd_code pass_over(struct cd_read *r, struct entity *e, const struct cd_json *m)
{
	(void)r, (void)e, (void)m;
	return CD_OK;
}

static const struct {
	cd_str name;
	cd_code (*read)(struct cd_read *, struct entity *, const struct cd_json *);
} members[] = {
	{CD_STR_INIT("id"), read_id},
	{CD_STR_INIT("@id"), read_id},
	{CD_STR_INIT("type"), read_type},
	{CD_STR_INIT("@type"), read_type},
	{CD_STR_INIT("scope"), read_scope},
	{CD_STR_INIT("expiresAt"), read_expiry},
	{CD_STR_INIT("@context"), pass_over},
	{CD_STR_INIT("createdAt"), pass_over},
	{CD_STR_INIT("modifiedAt"), pass_over},
	{CD_STR_INIT("deletedAt"), pass_over},
};

/* Core terms that are members of attributes, not attributes. */
static const cd_str reserved_names[] = {CD_STR_INIT("value"), CD_STR_INIT("object"),
	CD_STR_INIT("languageMap"), CD_STR_INIT("vocab"), CD_STR_INIT("json"), CD_STR_INIT("valueList"),
	CD_STR_INIT("objectList"), CD_STR_INIT("datasetId"), CD_STR_INIT("instanceId"),
	CD_STR_INIT("observedAt"), CD_STR_INIT("unitCode"), CD_STR_INIT("objectType"),
	CD_STR_INIT("valueType"), CD_STR_INIT("entity"), CD_STR_INIT("entityList"),
	CD_STR_INIT("entityIdSealed"), CD_STR_INIT("entityTypeSealed"), CD_STR_INIT("previousValue"),
	CD_STR_INIT("previousObject"), CD_STR_INIT("previousLanguageMap"), CD_STR_INIT("previousVocab"),
	CD_STR_INIT("previousJson"), CD_STR_INIT("previousValueList"), CD_STR_INIT("previousObjectList")};

static bool reserved(cd_str name)
{
	for (size_t i = 0; i < sizeof reserved_names / sizeof *reserved_names; i++)
		if (cd_str_eq(name, reserved_names[i]))
			return true;
	return false;
}

/* The same, and members of entities, by the IRIs that they stand for: in full, or as a user's context calls
 * them, they would come back under the name of the member. */
static bool stands_for(cd_str name, cd_str iri, struct cd_arena *arena)
{
	return cd_str_eq(cd_ctx_expand(cd_ctx_core(), arena, name), iri);
}

cd_code cd_read_no_member(struct cd_read *r, const struct cd_json *m, cd_term term)
{
	static const cd_str system[] = {CD_STR_INIT("createdAt"), CD_STR_INIT("modifiedAt"),
		CD_STR_INIT("deletedAt"), CD_STR_INIT("expiresAt"), CD_STR_INIT("scope")};
	cd_str iri = cd_read_iri(r, term);
	bool is = false;
	if (!cd_str_starts(iri, CD_STR("https://uri.etsi.org/ngsi-ld/")) ||
		cd_str_starts(iri, CD_STR("https://uri.etsi.org/ngsi-ld/default-context/")))
		return CD_OK;
	for (size_t i = 0; i < sizeof reserved_names / sizeof *reserved_names && !is; i++)
		is = stands_for(reserved_names[i], iri, r->cx->arena);
	for (size_t i = 0; i < sizeof system / sizeof *system && !is; i++)
		is = stands_for(system[i], iri, r->cx->arena);
	return is ? cd_read_bad(r, m,
			    "<" CD_STR_FMT
			    "> is a member of NGSI-LD, which has a short name, and no attribute",
			    CD_STR_ARG(iri))
		  : CD_OK;
}

/* A user's context may call @id and @type by other names. */
static cd_str keyword_of(const struct cd_read *r, cd_str name)
{
	const struct cd_ctx_def *def = cd_ctx_find(r->in->ctx, name);
	return def && def->iri.n && def->iri.p[0] == '@' ? def->iri : name;
}

static cd_code read_member(struct cd_read *r, struct entity *e, const struct cd_json *m)
{
	cd_str name = keyword_of(r, m->key);
	cd_term term;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (cd_str_eq(name, members[i].name))
			return members[i].read(r, e, m);
	/* {"vocab": {"type": "VocabProperty", ...}} can only be an attribute */
	bool told = m->kind == CD_JSON_OBJECT && cd_json_get(m, CD_STR("type"));
	bool vocab = told && cd_str_eq(name, CD_STR("vocab"));
	if (reserved(name) && !vocab)
		return cd_read_bad(r, m,
			"\"" CD_STR_FMT "\" is a member of attributes and can not be the name of one",
			CD_STR_ARG(name));
	if (cd_read_term(r, m, m->key, &term) || (!vocab && cd_read_no_member(r, m, term)))
		return r->cx->err.code;
	return cd_read_attr(r, m, term, true, &e->at);
}

/* ---- whole bodies ---- */

static bool needs_type(enum cd_body body)
{
	return body == CD_BODY_ENTITY || body == CD_BODY_UPSERT_UPDATE || body == CD_BODY_SIMPLIFIED;
}

static cd_code missing(struct cd_read *r, const struct cd_json *json, const char *name)
{
	cd_str at = cd_arena_printf(r->cx->arena, "%s/%s", cd_json_pointer(r->cx, json), name);
	return cd_fail(r->cx, CD_E_BAD_REQUEST_DATA, at.p, "The entity has no %s", name);
}

static cd_code read_entity(struct cd_read *r, const struct cd_json *json, struct entity *e)
{
	if (json->kind != CD_JSON_OBJECT)
		return cd_read_bad(r, json, "Expected an entity: a JSON object");
	for (const struct cd_json *m = json->child; m; m = m->next)
		if (read_member(r, e, m))
			return r->cx->err.code;
	if (!e->id && r->in->id.n == 0)
		return missing(r, json, "id");
	if (!e->id)
		e->out.id = r->in->id;
	if (!e->type && needs_type(r->in->body))
		return missing(r, json, "type");
	return CD_OK;
}

/* The request's @context may stand in it; that is no member of the attribute. */
static bool has_members(const struct cd_json *json)
{
	return json->n > (cd_json_get(json, CD_STR("@context")) ? 1u : 0u);
}

static cd_code read_inside(struct cd_read *r, const struct cd_json *json, struct entity *e)
{
	cd_term term = r->in->attr ? r->in->attr : cd_read_local(r, r->in->attr_iri);
	e->out.id = r->in->id;
	if (!term)
		return cd_fail_memory(r->cx);
	if (json->kind != CD_JSON_OBJECT || !has_members(json))
		return cd_read_bad(r, json, "Expected the members of an attribute: a JSON object");
	return cd_read_instance(r, json, term, true, &e->at);
}

cd_code cd_repr_in(struct cd_cx *cx, const struct cd_in *in, const struct cd_json *json, struct cd_frag *ret)
{
	struct cd_read r = {.cx = cx, .in = in};
	struct entity e = {.id = NULL};
	struct cd_frag frag;
	bool inside = in->body == CD_BODY_ATTR || in->body == CD_BODY_ATTR_WHOLE;
	cd_loose_ent_init(&e.out);
	e.at = &e.out.child;
	e.out.flags = CD_ENT_FRAGMENT;
	if (inside ? read_inside(&r, json, &e) : read_entity(&r, json, &e))
		return cx->err.code;
	if (cd_ent_pack(cx, &e.out, &frag.ent))
		return cx->err.code;
	cd_str *names = CD_NEWS(cx->arena, cd_str, r.locals_n + 1);
	if (!names)
		return cd_fail_memory(cx);
	for (uint32_t i = 0; i < r.locals_n; i++)
		names[i] = r.locals[i].iri;
	frag.names = names;
	frag.names_n = r.locals_n;
	*ret = frag;
	return CD_OK;
}
