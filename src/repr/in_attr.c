/*
 * One attribute. [CIM 009 4.5.2 to 4.5.5, 4.5.0 concise]
 *
 * An object is read as normalized when its `type` names an attribute type, as concise when it has a value
 * member, as a bare geometry, else as the bare value of a Property. An array is several instances when every
 * item is an object that is itself one; else it is a bare value.
 */
#include "geo/geometry.h"
#include "model/uri.h"
#include "repr/in_int.h"
#include "json/merge.h"

enum cd_kind cd_read_kind_of_type(cd_str type)
{
	for (int k = CD_PROPERTY; k < CD_KIND_N; k++)
		if (cd_str_eq(type, cd_kinds[k].type))
			return (enum cd_kind)k;
	return CD_KIND_NONE;
}

enum cd_kind cd_read_kind_of_member(cd_str member)
{
	for (int k = CD_PROPERTY; k < CD_KIND_N; k++)
		if (cd_str_eq(member, cd_kinds[k].member))
			return (enum cd_kind)k;
	return CD_KIND_NONE;
}

static const struct cd_json *type_member(const struct cd_json *v)
{
	const struct cd_json *type = cd_json_get(v, CD_STR("type"));
	return type ? type : cd_json_get(v, CD_STR("@type"));
}

static const struct cd_json *value_member(const struct cd_json *v)
{
	for (const struct cd_json *m = v->child; m; m = m->next)
		if (cd_read_kind_of_member(m->key))
			return m;
	return NULL;
}

static enum cd_kind named_kind(const struct cd_json *v)
{
	const struct cd_json *type = type_member(v);
	return type && type->kind == CD_JSON_STRING ? cd_read_kind_of_type(type->text) : CD_KIND_NONE;
}

/* The kind an object has without saying it. */
static enum cd_kind inferred_kind(const struct cd_json *v)
{
	const struct cd_json *m = value_member(v);
	if (!m)
		return CD_KIND_NONE;
	enum cd_kind kind = cd_read_kind_of_member(m->key);
	return kind == CD_PROPERTY && cd_geo_looks(m) ? CD_GEO_PROPERTY : kind;
}

static bool is_instance(const struct cd_json *v)
{
	return v->kind == CD_JSON_OBJECT && (named_kind(v) || inferred_kind(v));
}

/* ---- members of an instance ---- */

struct instance {
	struct cd_loose *node;
	struct cd_loose **at; /* of its sub-attributes */
	const struct cd_json *value;
};

static bool relation(const struct cd_loose *l)
{
	return l->kind == CD_RELATIONSHIP || l->kind == CD_LIST_RELATIONSHIP;
}

static cd_code read_dataset(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	if (m->kind == CD_JSON_STRING && cd_str_eq(m->text, CD_STR("@none")))
		return CD_OK;
	cd_str uri = m->kind == CD_JSON_STRING ? cd_ctx_expand_id(r->in->ctx, r->cx->arena, m->text)
					       : cd_str_of(NULL, 0);
	if (!uri.p || cd_json_is_marker(m) || !cd_uri_ok(uri))
		return cd_read_bad(r, m, "Expected a URI as datasetId, or @none");
	if (uri.n > r->cx->set->id_max)
		return cd_read_bad(
			r, m, "The URI is longer than %llu bytes", (unsigned long long)r->cx->set->id_max);
	i->node->meta[CD_META_DATASET] = uri;
	return CD_OK;
}

/* The NGSI-LD null removes a member where members are changed one by one. [5.5.8, 5.5.12] */
static bool removes(struct cd_read *r, struct instance *i, const struct cd_json *m, unsigned flag)
{
	bool one_by_one = cd_read_merges(r) || (r->in->body == CD_BODY_ATTR && r->depth == 1);
	if (!cd_json_is_marker(m) || !one_by_one)
		return false;
	i->node->flags |= (uint16_t)flag;
	return true;
}

static cd_code read_observed(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	return removes(r, i, m, CD_NODE_NO_OBSERVED) ? CD_OK : cd_read_stamp(r, m, &i->node->observed);
}

static cd_code read_expires(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	return removes(r, i, m, CD_NODE_NO_EXPIRES) ? CD_OK : cd_read_stamp(r, m, &i->node->expires);
}

static cd_code read_unit(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	enum cd_kind kind = i->node->kind;
	if (kind && kind != CD_PROPERTY && kind != CD_LIST_PROPERTY)
		return cd_read_bad(r, m, "A %s has no unitCode", cd_kinds[kind].type.p);
	if (removes(r, i, m, CD_NODE_NO_UNIT))
		return CD_OK;
	if (m->kind != CD_JSON_STRING || cd_json_is_marker(m))
		return cd_read_bad(r, m, "Expected a string as unitCode");
	return cd_read_text(r, m, &i->node->meta[CD_META_UNIT]);
}

static cd_code read_object_type(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	if (i->node->kind && !relation(i->node))
		return cd_read_bad(r, m, "Only relationships have an objectType");
	if (removes(r, i, m, CD_NODE_NO_OBJECT_TYPE))
		return CD_OK;
	return cd_read_vocab(r, m, &i->node->meta[CD_META_OBJECT_TYPE]);
}

static cd_code read_value_type(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	if (relation(i->node))
		return cd_read_bad(r, m, "A relationship has no valueType");
	if (removes(r, i, m, CD_NODE_NO_VALUE_TYPE))
		return CD_OK;
	if (i->node->kind == CD_LANGUAGE_PROPERTY &&
		(m->kind != CD_JSON_STRING || !cd_str_eq(m->text, CD_STR("langString"))))
		return cd_read_bad(r, m, "The valueType of a LanguageProperty can only be langString");
	return cd_read_vocab(r, m, &i->node->meta[CD_META_VALUE_TYPE]);
}

static cd_code read_sealed_id(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	return cd_read_text(r, m, &i->node->meta[CD_META_ID_SEALED]);
}

static cd_code read_sealed_type(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	return cd_read_vocab(r, m, &i->node->meta[CD_META_TYPE_SEALED]);
}

static cd_code pass_over(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	(void)r, (void)i, (void)m;
	return CD_OK;
}

/* The body of an attribute operation may bring the request's @context; inside of an entity none may stand. */
static cd_code refuse(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	if (!m->up->up && cd_str_eq(m->key, CD_STR("@context")))
		return CD_OK;
	(void)i;
	return cd_read_bad(r, m, "\"" CD_STR_FMT "\" must not stand in an attribute", CD_STR_ARG(m->key));
}

static const struct {
	cd_str name;
	cd_code (*read)(struct cd_read *, struct instance *, const struct cd_json *);
} members[] = {
	{CD_STR_INIT("type"), pass_over},
	{CD_STR_INIT("@type"), pass_over},
	{CD_STR_INIT("datasetId"), read_dataset},
	{CD_STR_INIT("observedAt"), read_observed},
	{CD_STR_INIT("expiresAt"), read_expires},
	{CD_STR_INIT("unitCode"), read_unit},
	{CD_STR_INIT("objectType"), read_object_type},
	{CD_STR_INIT("valueType"), read_value_type},
	{CD_STR_INIT("createdAt"), pass_over},
	{CD_STR_INIT("modifiedAt"), pass_over},
	{CD_STR_INIT("deletedAt"), pass_over},
	{CD_STR_INIT("instanceId"), pass_over},
	{CD_STR_INIT("@context"), refuse},
	{CD_STR_INIT("entity"), refuse},
	{CD_STR_INIT("entityList"), refuse},
	{CD_STR_INIT("previousValue"), refuse},
	{CD_STR_INIT("previousObject"), refuse},
	{CD_STR_INIT("previousLanguageMap"), refuse},
	{CD_STR_INIT("previousVocab"), refuse},
	{CD_STR_INIT("previousJson"), refuse},
	{CD_STR_INIT("previousValueList"), refuse},
	{CD_STR_INIT("previousObjectList"), refuse},
};

/* The name of a core term, whatever it was called in the body. */
static cd_str core_name(const struct cd_read *r, cd_term term)
{
	static const cd_str core = CD_STR_INIT("https://uri.etsi.org/ngsi-ld/");
	cd_str iri = cd_read_iri(r, term);
	return cd_str_starts(iri, core) ? cd_str_skip(iri, core.n) : CD_STR("");
}

static bool is_proof(const struct cd_read *r, cd_term term)
{
	return cd_str_eq(core_name(r, term), CD_STR("ngsildproof"));
}

static cd_code read_sealed(struct cd_read *r, struct instance *i, const struct cd_json *m, bool id)
{
	if (!is_proof(r, i->node->term) || m->kind != CD_JSON_STRING || cd_json_is_marker(m))
		return cd_read_bad(r, m, "\"" CD_STR_FMT "\" is a string, and stands in ngsildproof only",
			CD_STR_ARG(m->key));
	return id ? read_sealed_id(r, i, m) : read_sealed_type(r, i, m);
}

static cd_code read_member(struct cd_read *r, struct instance *i, const struct cd_json *m)
{
	enum cd_kind kind = cd_read_kind_of_member(m->key);
	cd_term term;
	if (kind && m == i->value)
		return CD_OK; /* read first, because it decides the kind */
	if (kind)
		return cd_read_bad(r, m, "A %s has no \"" CD_STR_FMT "\"",
			i->node->kind ? cd_kinds[i->node->kind].type.p : "attribute of this type",
			CD_STR_ARG(m->key));
	for (size_t k = 0; k < sizeof members / sizeof *members; k++)
		if (cd_str_eq(m->key, members[k].name))
			return members[k].read(r, i, m);
	if (cd_str_eq(m->key, CD_STR("entityIdSealed")) || cd_str_eq(m->key, CD_STR("entityTypeSealed")))
		return read_sealed(r, i, m, m->key.n == 14);
	/* a member of entities only: here it is a name like any other */
	bool scope = cd_str_eq(m->key, CD_STR("scope"));
	if (cd_read_term(r, m, m->key, &term) || (!scope && cd_read_no_member(r, m, term)))
		return r->cx->err.code;
	return cd_read_attr(r, m, term, false, &i->at);
}

/* ---- the value ---- */

/* The NGSI-LD null in the form of the kind. */
static bool is_null_value(enum cd_kind kind, const struct cd_json *v)
{
	if (cd_json_is_marker(v))
		return true;
	if (kind == CD_LANGUAGE_PROPERTY) {
		const struct cd_json *none = cd_json_get(v, CD_STR("@none"));
		return none && v->n == 1 && cd_json_is_marker(none);
	}
	bool list = kind == CD_LIST_PROPERTY || kind == CD_LIST_RELATIONSHIP;
	return list && v->kind == CD_JSON_ARRAY && v->n == 1 && cd_json_is_marker(v->child);
}

static cd_code read_value(struct cd_read *r, struct cd_loose *l, const struct cd_json *v)
{
	if (v->kind == CD_JSON_NULL)
		return cd_read_bad(
			r, v, "null is no value; \"urn:ngsi-ld:null\" deletes, where that is possible");
	if (is_null_value(l->kind, v)) {
		if (!cd_read_takes_null(r))
			return cd_read_bad(
				r, v, "The NGSI-LD null can not stand here: there is nothing to be deleted");
		l->flags |= CD_NODE_NULL;
		return CD_OK;
	}
	return cd_read_value(r, l, v);
}

static bool is_space(cd_str name)
{
	return cd_str_eq(name, CD_STR("location")) || cd_str_eq(name, CD_STR("observationSpace")) ||
	       cd_str_eq(name, CD_STR("operationSpace"));
}

/* The well-known geometries of an entity are geometries [4.7.1], a proof is an object. */
static cd_code check_name(struct cd_read *r, const struct cd_loose *l, const struct cd_json *at, bool top)
{
	cd_str name = core_name(r, l->term);
	bool says =
		l->kind != CD_KIND_NONE || l->value_class != CD_V_NONE; /* not only parts of what is stored */
	if (top && is_space(name) && l->kind != CD_GEO_PROPERTY && says && !(l->flags & CD_NODE_NULL))
		return cd_read_bad(r, at, "\"" CD_STR_FMT "\" must be a GeoProperty", CD_STR_ARG(name));
	if (is_proof(r, l->term) && l->value_class != CD_V_OBJECT && l->value_class != CD_V_NONE)
		return cd_read_bad(r, at, "The value of ngsildproof must be an object");
	return CD_OK;
}

static struct cd_loose *add(
	struct cd_read *r, const struct cd_json *v, cd_term term, enum cd_kind kind, struct cd_loose ***at)
{
	if (r->nodes++ == r->cx->set->attributes_max) {
		(void)cd_read_bad(r, v, "More than %llu attributes and sub-attributes",
			(unsigned long long)r->cx->set->attributes_max);
		return NULL;
	}
	struct cd_loose *l = cd_loose_new(r->cx->arena, term, kind);
	if (!l) {
		(void)cd_fail_memory(r->cx);
		return NULL;
	}
	**at = l;
	*at = &l->next;
	return l;
}

/* A value without anything around it; `name` is what the attribute is called. */
static cd_code read_bare(struct cd_read *r, const struct cd_json *v, cd_str name, cd_term term, bool top,
	struct cd_loose ***at)
{
	bool simplified = r->in->body == CD_BODY_MERGE_SIMPLIFIED && !cd_geo_looks(v);
	enum cd_kind kind = cd_geo_looks(v) ? CD_GEO_PROPERTY : simplified ? CD_KIND_NONE : CD_PROPERTY;
	const struct cd_ctx_def *def =
		r->in->body == CD_BODY_SIMPLIFIED ? cd_ctx_find(r->in->ctx, name) : NULL;
	if (def && def->coerce == CD_COERCE_ID && kind == CD_PROPERTY && v->kind == CD_JSON_STRING)
		kind = CD_RELATIONSHIP;
	struct cd_loose *l = add(r, v, term, kind, at);
	if (!l)
		return r->cx->err.code;
	l->flags |= CD_NODE_CONCISE;
	cd_code code = simplified && !is_null_value(kind, v) && v->kind != CD_JSON_NULL
			       ? cd_read_bare(r, l, v)
			       : read_value(r, l, v);
	return code ? code : check_name(r, l, v, top);
}

cd_code cd_read_instance(
	struct cd_read *r, const struct cd_json *v, cd_term term, bool top, struct cd_loose ***at)
{
	const struct cd_json *type = type_member(v);
	enum cd_kind kind = named_kind(v);
	bool said = kind != CD_KIND_NONE;
	if (!said)
		kind = inferred_kind(v);
	if (type && !said && (kind || type->kind != CD_JSON_STRING || r->in->body == CD_BODY_ATTR))
		return cd_read_bad(
			r, type, "Expected an attribute type: Property, Relationship, GeoProperty, ...");
	struct instance i = {.node = add(r, v, term, kind, at)};
	if (!i.node)
		return r->cx->err.code;
	i.at = &i.node->child;
	i.value = kind ? cd_json_get(v, cd_kinds[kind].member) : NULL;
	if (!said)
		i.node->flags |= CD_NODE_CONCISE;
	bool parts = top && r->in->body == CD_BODY_ATTR; /* of what is stored, whose kind decides */
	if (!i.value && !parts && !(cd_read_merges(r) && kind))
		return cd_read_bad(r, v, "A %s needs \"%s\"", cd_kinds[kind ? kind : CD_PROPERTY].type.p,
			cd_kinds[kind ? kind : CD_PROPERTY].member.p);
	if (r->depth++ == r->cx->set->json_depth)
		return cd_read_bad(r, v, "Sub-attributes are nested too deep");
	if (i.value && read_value(r, i.node, i.value))
		return r->cx->err.code;
	for (const struct cd_json *m = v->child; m; m = m->next)
		if (read_member(r, &i, m))
			return r->cx->err.code;
	r->depth--;
	return check_name(r, i.node, v, top);
}

/* {"dataset": {"@none": value, "urn:...": value}}: the simplified form of several instances. */
static cd_code read_datasets(struct cd_read *r, const struct cd_json *set, cd_str name, cd_term term,
	bool top, struct cd_loose ***at)
{
	for (const struct cd_json *v = set->child; v; v = v->next) {
		struct cd_loose **mine = *at;
		bool none = cd_str_eq(v->key, CD_STR("@none"));
		if (!none && (!cd_uri_ok(v->key) || v->key.n > r->cx->set->id_max))
			return cd_read_bad(r, v, "Expected a datasetId: a URI, or @none");
		if (read_bare(r, v, name, term, top, at))
			return r->cx->err.code;
		if (!none)
			(*mine)->meta[CD_META_DATASET] = v->key;
	}
	return CD_OK;
}

static bool simplified_body(const struct cd_read *r)
{
	return r->in->body == CD_BODY_MERGE_SIMPLIFIED || r->in->body == CD_BODY_SIMPLIFIED;
}

/* In the simplified form only these objects say what they are. */
static cd_code read_simplified(
	struct cd_read *r, const struct cd_json *v, cd_term term, bool top, struct cd_loose ***at)
{
	const struct cd_json *m = v->kind == CD_JSON_OBJECT && v->n == 1 ? v->child : NULL;
	enum cd_kind kind = m ? cd_read_kind_of_member(m->key) : CD_KIND_NONE;
	if (m && m->kind == CD_JSON_OBJECT && cd_str_eq(m->key, CD_STR("dataset")))
		return read_datasets(r, m, v->key, term, top, at);
	if (kind == CD_LANGUAGE_PROPERTY || kind == CD_VOCAB_PROPERTY || kind == CD_JSON_PROPERTY)
		return cd_read_instance(r, v, term, top, at);
	return read_bare(r, v, v->key, term, top, at);
}

static cd_code read_instances(
	struct cd_read *r, const struct cd_json *list, cd_term term, bool top, struct cd_loose ***at)
{
	struct cd_loose **first = *at;
	for (const struct cd_json *v = list->child; v; v = v->next) {
		struct cd_loose **mine = *at;
		if (cd_read_instance(r, v, term, top, at))
			return r->cx->err.code;
		for (const struct cd_loose *l = *first; l != *mine; l = l->next)
			if (cd_str_eq(l->meta[CD_META_DATASET], (*mine)->meta[CD_META_DATASET]))
				return cd_read_bad(
					r, v, "Another instance has the same datasetId, or has none as well");
	}
	return CD_OK;
}

cd_code cd_read_attr(
	struct cd_read *r, const struct cd_json *v, cd_term term, bool top, struct cd_loose ***at)
{
	if (simplified_body(r))
		return read_simplified(r, v, term, top, at);
	if (is_instance(v))
		return cd_read_instance(r, v, term, top, at);
	bool several = v->kind == CD_JSON_ARRAY && v->n > 0;
	for (const struct cd_json *c = v->child; several && c; c = c->next)
		several = is_instance(c);
	return several ? read_instances(r, v, term, top, at) : read_bare(r, v, v->key, term, top, at);
}
