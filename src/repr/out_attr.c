/*
 * One attribute as JSON, in the three forms. [CIM 009 4.5.2 to 4.5.5]
 *
 * Values stand in the block as the JSON text of the answer, so this is mostly copying; short names are
 * remembered by the context. Only what was stored expanded (vocabulary terms, objectType, valueType) is
 * parsed and shortened again, and compound values in the concise form are looked into, because some would be
 * misread there.
 */
#include "geo/geometry.h"
#include "repr/out_int.h"

void cd_put_name(struct cd_write *w, cd_term term)
{
	cd_json_write_string(w->b, w->out->ctx ? cd_ctx_name(w->out->ctx, w->scratch, w->out->names, term)
					       : cd_names_text(w->out->names, term));
}

static void put_stamp(struct cd_write *w, cd_str begin, cd_stamp stamp)
{
	if (stamp == CD_STAMP_NONE)
		return;
	cd_buf_put(w->b, begin);
	cd_buf_stamp(w->b, stamp);
	cd_buf_char(w->b, '"');
}

struct cd_json *cd_out_parsed(struct cd_write *w, cd_str text)
{
	struct cd_settings set;
	struct cd_cx cx;
	struct cd_json *v;
	cd_settings_init(&set); /* stored text is sound: the bounds were those of the write */
	set.json_depth = 512;
	set.json_members = UINT64_MAX;
	cd_cx_init(&cx, w->scratch, &set);
	if (!cd_json_parse_copy(&cx, text, &v))
		return v;
	w->b->bad = CD_E_NO_MEMORY;
	return NULL;
}

/* ---- what was stored expanded ---- */

static void put_compacted(struct cd_write *w, cd_str text)
{
	if (!w->out->ctx) {
		cd_buf_put(w->b, text);
		return;
	}
	struct cd_json *v = cd_out_parsed(w, text);
	if (!v)
		return;
	bool list = v->kind == CD_JSON_ARRAY;
	for (struct cd_json *c = list ? v->child : v; c; c = list ? c->next : NULL)
		c->text = cd_ctx_compact(w->out->ctx, w->scratch, c->text);
	cd_json_write(w->b, v);
}

/* ["urn:a"] as [{"object":"urn:a"}] */
static void put_objects(struct cd_write *w, cd_str text)
{
	struct cd_json *v = cd_out_parsed(w, text);
	cd_buf_char(w->b, '[');
	for (struct cd_json *c = v ? v->child : NULL; c; c = c->next) {
		if (c != v->child)
			cd_buf_char(w->b, ',');
		CD_BUF_LIT(w->b, "{\"object\":");
		cd_json_write(w->b, c);
		cd_buf_char(w->b, '}');
	}
	cd_buf_char(w->b, ']');
}

static void put_value(struct cd_write *w, const struct cd_node *n)
{
	cd_str text = cd_node_value(w->e, n);
	if (n->kind == CD_VOCAB_PROPERTY)
		put_compacted(w, text);
	else if (n->kind == CD_LIST_RELATIONSHIP && w->out->form == CD_NORMALIZED && cd_out_knows(w, 8))
		put_objects(w, text);
	else
		cd_buf_put(w->b, text);
}

/* ---- linked entities ---- */

/* Only what belongs to the entity itself is followed, as in the flat form, in q and in pick. */
static bool joins(const struct cd_write *w, const struct cd_node *n)
{
	bool top = n - cd_ent_nodes(w->e) < (ptrdiff_t)w->e->tops;
	return top && w->out->join && w->out->join->how == CD_JOIN_INLINE && w->level > 0 &&
	       (n->kind == CD_RELATIONSHIP || n->kind == CD_LIST_RELATIONSHIP);
}

/* ,"entity":{...} or an array of those; nothing when no target is here. */
static void put_joined(struct cd_write *w, const struct cd_node *n)
{
	struct cd_json *v = cd_out_parsed(w, cd_node_value(w->e, n));
	bool list = v && v->kind == CD_JSON_ARRAY, any = false;
	for (struct cd_json *c = list ? v->child : v; c; c = list ? c->next : NULL) {
		const struct cd_ent *target;
		if (c->kind != CD_JSON_STRING || !cd_link_open(w, n, c->text, &target))
			continue;
		if (any)
			cd_buf_char(w->b, ',');
		else
			cd_buf_put(w->b, n->kind == CD_LIST_RELATIONSHIP ? CD_STR(",\"entityList\":[")
					 : list                          ? CD_STR(",\"entity\":[")
									 : CD_STR(",\"entity\":"));
		cd_put_linked(w, n->term, target);
		any = true;
	}
	if (any && (list || n->kind == CD_LIST_RELATIONSHIP))
		cd_buf_char(w->b, ']');
}

/* In the simplified form an entity stands where its URI stood. */
static void put_replaced(struct cd_write *w, const struct cd_node *n)
{
	struct cd_json *v = cd_out_parsed(w, cd_node_value(w->e, n));
	bool list = v && v->kind == CD_JSON_ARRAY;
	if (list)
		cd_buf_char(w->b, '[');
	for (struct cd_json *c = list ? v->child : v; c; c = list ? c->next : NULL) {
		const struct cd_ent *target;
		if (list && c != v->child)
			cd_buf_char(w->b, ',');
		if (c->kind == CD_JSON_STRING && cd_link_open(w, n, c->text, &target))
			cd_put_linked(w, n->term, target);
		else
			cd_json_write(w->b, c);
	}
	if (list)
		cd_buf_char(w->b, ']');
}

/* ---- one instance ---- */

enum { COPIED, QUOTED, SHORTENED, HIDDEN };
static const struct {
	cd_str begin;
	int how;
} meta_rows[CD_META_N] = {
	[CD_META_DATASET] = {CD_STR_INIT(",\"datasetId\":"), QUOTED},
	[CD_META_UNIT] = {CD_STR_INIT(",\"unitCode\":"), COPIED},
	[CD_META_OBJECT_TYPE] = {CD_STR_INIT(",\"objectType\":"), SHORTENED},
	[CD_META_VALUE_TYPE] = {CD_STR_INIT(",\"valueType\":"), SHORTENED},
	[CD_META_ID_SEALED] = {CD_STR_INIT(",\"entityIdSealed\":"), COPIED},
	[CD_META_TYPE_SEALED] = {CD_STR_INIT(",\"entityTypeSealed\":"), SHORTENED},
	[CD_META_BOX] = {CD_STR_INIT(""), HIDDEN},
};

bool cd_out_knows(const struct cd_write *w, unsigned minor)
{
	if (w->out->minor == 0 || w->out->minor >= minor)
		return true;
	if (w->out->altered)
		*w->out->altered = true;
	return false;
}

/* What a node is told as: kinds that the wanted version lacks become the older ones. [4.3.6.8] */
static enum cd_kind told_kind(const struct cd_write *w, const struct cd_node *n)
{
	switch (n->kind) {
	case CD_VOCAB_PROPERTY:
	case CD_LIST_PROPERTY:
	case CD_JSON_PROPERTY:
		return cd_out_knows(w, 8) ? (enum cd_kind)n->kind : CD_PROPERTY;
	case CD_LIST_RELATIONSHIP:
		return cd_out_knows(w, 8) ? CD_LIST_RELATIONSHIP : CD_RELATIONSHIP;
	case CD_LANGUAGE_PROPERTY:
		return cd_out_knows(w, 4) ? CD_LANGUAGE_PROPERTY : CD_PROPERTY;
	default:
		return (enum cd_kind)n->kind;
	}
}

static bool told_meta(const struct cd_write *w, enum cd_meta tag)
{
	switch (tag) {
	case CD_META_VALUE_TYPE:
		return cd_out_knows(w, 9);
	case CD_META_OBJECT_TYPE:
		return cd_out_knows(w, 8);
	case CD_META_DATASET:
	case CD_META_UNIT:
		return cd_out_knows(w, 3);
	default:
		return true;
	}
}

static void put_metas(struct cd_write *w, const struct cd_node *n)
{
	const char *at = cd_node_metas(w->e, n);
	for (unsigned i = 0; i < n->metas; i++) {
		enum cd_meta tag;
		cd_str text = cd_meta_next(&at, &tag);
		if (!told_meta(w, tag))
			continue;
		cd_buf_put(w->b, meta_rows[tag].begin);
		if (meta_rows[tag].how == SHORTENED)
			put_compacted(w, text);
		else if (meta_rows[tag].how == QUOTED)
			cd_json_write_string(w->b, text);
		else if (meta_rows[tag].how == COPIED)
			cd_buf_put(w->b, text);
	}
}

/* Everything but type and value, each with a comma before it. */
static void put_members(struct cd_write *w, const struct cd_node *n)
{
	put_metas(w, n);
	if (!n->observed || cd_out_knows(w, 3))
		put_stamp(w, CD_STR(",\"observedAt\":\""), cd_ent_stamp(w->e, n->observed));
	if ((w->out->sys_attrs || w->out->expiry) && (!n->expires || cd_out_knows(w, 9)))
		put_stamp(w, CD_STR(",\"expiresAt\":\""), cd_ent_stamp(w->e, n->expires));
	if (w->out->sys_attrs) {
		put_stamp(w, CD_STR(",\"createdAt\":\""), cd_ent_stamp(w->e, n->created));
		put_stamp(w, CD_STR(",\"modifiedAt\":\""), cd_ent_stamp(w->e, n->modified));
	}
	if (n->children)
		cd_put_attrs(w, cd_ent_nodes(w->e) + n->child, n->children, true);
	if (joins(w, n))
		put_joined(w, n);
}

static void put_member_value(struct cd_write *w, const struct cd_node *n)
{
	cd_buf_char(w->b, '"');
	cd_buf_put(w->b, cd_kinds[told_kind(w, n)].member);
	CD_BUF_LIT(w->b, "\":");
	put_value(w, n);
}

static void put_normalized(struct cd_write *w, const struct cd_node *n)
{
	cd_buf_put(w->b, cd_kinds[told_kind(w, n)].begin);
	put_value(w, n);
	put_members(w, n);
	cd_buf_char(w->b, '}');
}

/* Would this value, standing alone, be read as something else than the value of a Property? */
static bool misread(struct cd_write *w, const struct cd_node *n)
{
	if (n->value_class == CD_V_ARRAY) /* of objects: perhaps instances */
		return memchr(cd_node_value(w->e, n).p, '{', n->value.n) != NULL;
	if (n->value_class != CD_V_OBJECT && n->value_class != CD_V_DATETIME)
		return cd_str_eq(cd_node_value(w->e, n), CD_STR("\"urn:ngsi-ld:null\""));
	if (cd_node_value(w->e, n).p[0] != '{')
		return false;
	struct cd_json *v = cd_out_parsed(w, cd_node_value(w->e, n));
	for (struct cd_json *m = v ? v->child : NULL; m; m = m->next) {
		bool type = cd_str_eq(m->key, CD_STR("type")) || cd_str_eq(m->key, CD_STR("@type"));
		for (int k = CD_PROPERTY; k < CD_KIND_N; k++)
			if (cd_str_eq(m->key, cd_kinds[k].member) ||
				(type && cd_str_eq(m->text, cd_kinds[k].type)))
				return true;
	}
	return v && cd_geo_looks(v);
}

/* Until the writer has swept it out, something expired may be all that there is. */
static bool has_children(const struct cd_write *w, const struct cd_node *n)
{
	const struct cd_node *child = cd_ent_nodes(w->e) + n->child;
	for (uint32_t i = 0; i < n->children; i++)
		if (cd_node_alive(w->e, &child[i], w->out->now))
			return true;
	return false;
}

static bool has_members(const struct cd_write *w, const struct cd_node *n)
{
	unsigned metas = n->metas;
	if (n->kind == CD_GEO_PROPERTY && metas)
		metas--; /* the box is ours */
	return metas || has_children(w, n) || n->observed || w->out->sys_attrs ||
	       (w->out->expiry && n->expires);
}

/* A Property that holds a geometry: without its type it would be read as a GeoProperty. */
static bool holds_geometry(struct cd_write *w, const struct cd_node *n)
{
	cd_str text = cd_node_value(w->e, n), key = CD_STR("\"coordinates\"");
	if (n->kind != CD_PROPERTY || n->value_class != CD_V_OBJECT || !memmem(text.p, text.n, key.p, key.n))
		return false;
	struct cd_json *v = cd_out_parsed(w, text);
	return v && cd_geo_looks(v);
}

static void put_concise(struct cd_write *w, const struct cd_node *n, bool alone)
{
	bool bare = (n->kind == CD_PROPERTY || n->kind == CD_GEO_PROPERTY) && alone && !has_members(w, n);
	if (bare && (n->kind == CD_GEO_PROPERTY || !misread(w, n))) {
		put_value(w, n);
		return;
	}
	if (holds_geometry(w, n)) {
		put_normalized(w, n);
		return;
	}
	cd_buf_char(w->b, '{');
	put_member_value(w, n);
	put_members(w, n);
	cd_buf_char(w->b, '}');
}

static void put_simplified(struct cd_write *w, const struct cd_node *n)
{
	enum cd_kind kind = told_kind(w, n);
	bool named = kind == CD_LANGUAGE_PROPERTY || kind == CD_VOCAB_PROPERTY || kind == CD_JSON_PROPERTY;
	if (joins(w, n)) {
		put_replaced(w, n);
		return;
	}
	if (named)
		cd_buf_char(w->b, '{');
	if (named)
		put_member_value(w, n);
	else
		put_value(w, n);
	if (named)
		cd_buf_char(w->b, '}');
}

/* A language map in one language: a Property with the tag that was chosen. [4.15] */
static bool put_chosen(struct cd_write *w, const struct cd_node *n)
{
	struct cd_json *map = cd_out_parsed(w, cd_node_value(w->e, n));
	const struct cd_json *chosen =
		map && map->kind == CD_JSON_OBJECT ? cd_lang_choose(w->out->langs, map) : NULL;
	if (!chosen)
		return false;
	if (w->out->form == CD_SIMPLIFIED) {
		cd_json_write(w->b, chosen);
		return true;
	}
	cd_buf_put(w->b, w->out->form == CD_NORMALIZED ? cd_kinds[CD_PROPERTY].begin : CD_STR("{\"value\":"));
	cd_json_write(w->b, chosen);
	CD_BUF_LIT(w->b, ",\"lang\":");
	cd_json_write_string(w->b, chosen->key);
	put_members(w, n);
	cd_buf_char(w->b, '}');
	return true;
}

void cd_put_instance(struct cd_write *w, const struct cd_node *n, bool alone)
{
	if (n->kind == CD_LANGUAGE_PROPERTY && w->out->langs && put_chosen(w, n))
		return;
	switch (w->out->form) {
	case CD_NORMALIZED:
		put_normalized(w, n);
		break;
	case CD_CONCISE:
		put_concise(w, n, alone);
		break;
	case CD_SIMPLIFIED:
		put_simplified(w, n);
		break;
	}
}
