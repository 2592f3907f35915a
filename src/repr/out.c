/*
 * An entity as JSON. [CIM 009 4.5; digest 6]
 *
 * Values stand in the block as the JSON text of the answer, so this is mostly copying; short names are
 * remembered by the context. Only what was stored expanded (vocabulary terms, objectType, valueType) is
 * parsed and shortened again, and compound values in the concise form are looked into, because some would be
 * misread there.
 */
#include "geo/geometry.h"
#include "repr/repr.h"

struct write {
	struct cd_buf *b;
	struct cd_arena *scratch;
	const struct cd_out *out;
	const struct cd_ent *e;
};

static void put_name(struct write *w, cd_term term)
{
	cd_json_write_string(w->b, cd_ctx_name(w->out->ctx, w->scratch, w->out->names, term));
}

static void put_stamp(struct write *w, cd_str begin, cd_stamp stamp)
{
	if (stamp == CD_STAMP_NONE)
		return;
	cd_buf_put(w->b, begin);
	cd_buf_stamp(w->b, stamp);
	cd_buf_char(w->b, '"');
}

/* ---- what was stored expanded ---- */

static struct cd_json *parsed(struct write *w, cd_str text)
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

static void put_compacted(struct write *w, cd_str text)
{
	struct cd_json *v = parsed(w, text);
	if (!v)
		return;
	bool list = v->kind == CD_JSON_ARRAY;
	for (struct cd_json *c = list ? v->child : v; c; c = list ? c->next : NULL)
		c->text = cd_ctx_compact(w->out->ctx, w->scratch, c->text);
	cd_json_write(w->b, v);
}

/* ["urn:a"] as [{"object":"urn:a"}] */
static void put_objects(struct write *w, cd_str text)
{
	struct cd_json *v = parsed(w, text);
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

static void put_value(struct write *w, const struct cd_node *n)
{
	cd_str text = cd_node_value(w->e, n);
	if (n->kind == CD_VOCAB_PROPERTY)
		put_compacted(w, text);
	else if (n->kind == CD_LIST_RELATIONSHIP && w->out->form == CD_NORMALIZED)
		put_objects(w, text);
	else
		cd_buf_put(w->b, text);
}

/* ---- one instance ---- */

static void put_attrs(struct write *w, const struct cd_node *nodes, uint32_t n);

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

static void put_metas(struct write *w, const struct cd_node *n)
{
	const char *at = cd_node_metas(w->e, n);
	for (unsigned i = 0; i < n->metas; i++) {
		enum cd_meta tag;
		cd_str text = cd_meta_next(&at, &tag);
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
static void put_members(struct write *w, const struct cd_node *n)
{
	put_metas(w, n);
	put_stamp(w, CD_STR(",\"observedAt\":\""), cd_ent_stamp(w->e, n->observed));
	if (w->out->sys_attrs) {
		put_stamp(w, CD_STR(",\"expiresAt\":\""), cd_ent_stamp(w->e, n->expires));
		put_stamp(w, CD_STR(",\"createdAt\":\""), cd_ent_stamp(w->e, n->created));
		put_stamp(w, CD_STR(",\"modifiedAt\":\""), cd_ent_stamp(w->e, n->modified));
	}
	if (n->children)
		put_attrs(w, cd_ent_nodes(w->e) + n->child, n->children);
}

static void put_member_value(struct write *w, const struct cd_node *n)
{
	cd_buf_char(w->b, '"');
	cd_buf_put(w->b, cd_kinds[n->kind].member);
	CD_BUF_LIT(w->b, "\":");
	put_value(w, n);
}

static void put_normalized(struct write *w, const struct cd_node *n)
{
	cd_buf_put(w->b, cd_kinds[n->kind].begin);
	put_value(w, n);
	put_members(w, n);
	cd_buf_char(w->b, '}');
}

/* Would this value, standing alone, be read as something else than the value of a Property? */
static bool misread(struct write *w, const struct cd_node *n)
{
	if (n->value_class == CD_V_ARRAY) /* of objects: perhaps instances */
		return memchr(cd_node_value(w->e, n).p, '{', n->value.n) != NULL;
	if (n->value_class != CD_V_OBJECT && n->value_class != CD_V_DATETIME)
		return cd_str_eq(cd_node_value(w->e, n), CD_STR("\"urn:ngsi-ld:null\""));
	if (cd_node_value(w->e, n).p[0] != '{')
		return false;
	struct cd_json *v = parsed(w, cd_node_value(w->e, n));
	for (struct cd_json *m = v ? v->child : NULL; m; m = m->next) {
		bool type = cd_str_eq(m->key, CD_STR("type")) || cd_str_eq(m->key, CD_STR("@type"));
		for (int k = CD_PROPERTY; k < CD_KIND_N; k++)
			if (cd_str_eq(m->key, cd_kinds[k].member) ||
				(type && cd_str_eq(m->text, cd_kinds[k].type)))
				return true;
	}
	return v && cd_geo_looks(v);
}

static bool has_members(const struct write *w, const struct cd_node *n)
{
	unsigned metas = n->metas;
	if (n->kind == CD_GEO_PROPERTY && metas)
		metas--; /* the box is ours */
	return metas || n->children || n->observed || w->out->sys_attrs;
}

/* A Property that holds a geometry: without its type it would be read as a GeoProperty. */
static bool holds_geometry(struct write *w, const struct cd_node *n)
{
	cd_str text = cd_node_value(w->e, n), key = CD_STR("\"coordinates\"");
	if (n->kind != CD_PROPERTY || n->value_class != CD_V_OBJECT || !memmem(text.p, text.n, key.p, key.n))
		return false;
	struct cd_json *v = parsed(w, text);
	return v && cd_geo_looks(v);
}

/* `alone`: not among other instances, which all have to be objects. */
static void put_concise(struct write *w, const struct cd_node *n, bool alone)
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

static void put_simplified(struct write *w, const struct cd_node *n)
{
	bool named = n->kind == CD_LANGUAGE_PROPERTY || n->kind == CD_VOCAB_PROPERTY ||
		     n->kind == CD_JSON_PROPERTY;
	if (named)
		cd_buf_char(w->b, '{');
	if (named)
		put_member_value(w, n);
	else
		put_value(w, n);
	if (named)
		cd_buf_char(w->b, '}');
}

static void put_instance(struct write *w, const struct cd_node *n, bool alone)
{
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

/* ---- attributes ---- */

static void put_instances(struct write *w, const struct cd_node *n, uint32_t count)
{
	cd_buf_char(w->b, '[');
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			cd_buf_char(w->b, ',');
		put_instance(w, &n[i], false);
	}
	cd_buf_char(w->b, ']');
}

/* {"dataset":{"@none":v,"urn:...":v}} [4.5.5] */
static void put_datasets(struct write *w, const struct cd_node *n, uint32_t count)
{
	CD_BUF_LIT(w->b, "{\"dataset\":{");
	for (uint32_t i = 0; i < count; i++) {
		cd_str dataset = cd_node_dataset(w->e, &n[i]);
		if (i)
			cd_buf_char(w->b, ',');
		cd_json_write_string(w->b, dataset.n ? dataset : CD_STR("@none"));
		cd_buf_char(w->b, ':');
		put_simplified(w, &n[i]);
	}
	CD_BUF_LIT(w->b, "}}");
}

static void put_attrs(struct write *w, const struct cd_node *nodes, uint32_t n)
{
	for (uint32_t i = 0, count; i < n; i += count) {
		for (count = 1; i + count < n && nodes[i + count].term == nodes[i].term;)
			count++;
		cd_buf_char(w->b, ',');
		put_name(w, nodes[i].term);
		cd_buf_char(w->b, ':');
		if (count == 1)
			put_instance(w, &nodes[i], true);
		else if (w->out->form == CD_SIMPLIFIED)
			put_datasets(w, &nodes[i], count);
		else
			put_instances(w, &nodes[i], count);
	}
}

/* ---- the entity ---- */

static void put_types(struct write *w)
{
	const cd_term *types = cd_ent_types(w->e);
	if (w->e->types == 1) {
		put_name(w, types[0]);
		return;
	}
	cd_buf_char(w->b, '[');
	for (unsigned i = 0; i < w->e->types; i++) {
		if (i)
			cd_buf_char(w->b, ',');
		put_name(w, types[i]);
	}
	cd_buf_char(w->b, ']');
}

static void put_scopes(struct write *w)
{
	const struct cd_ref *scopes = cd_ent_scopes(w->e);
	CD_BUF_LIT(w->b, ",\"scope\":");
	if (w->e->scopes > 1)
		cd_buf_char(w->b, '[');
	for (unsigned i = 0; i < w->e->scopes; i++) {
		if (i)
			cd_buf_char(w->b, ',');
		cd_json_write_string(w->b, cd_ent_at(w->e, scopes[i]));
	}
	if (w->e->scopes > 1)
		cd_buf_char(w->b, ']');
}

void cd_repr_out(struct cd_buf *b, struct cd_arena *scratch, const struct cd_out *out, const struct cd_ent *e)
{
	struct write w = {.b = b, .scratch = scratch, .out = out, .e = e};
	(void)cd_buf_room(b, e->bytes); /* about what it takes; what is missing is made when it is */
	CD_BUF_LIT(b, "{\"id\":");
	cd_json_write_string(b, cd_ent_id(e));
	CD_BUF_LIT(b, ",\"type\":");
	put_types(&w);
	if (e->scopes)
		put_scopes(&w);
	put_attrs(&w, cd_ent_nodes(e), e->tops);
	if (out->sys_attrs) {
		put_stamp(&w, CD_STR(",\"expiresAt\":\""), e->expires);
		put_stamp(&w, CD_STR(",\"createdAt\":\""), e->created);
		put_stamp(&w, CD_STR(",\"modifiedAt\":\""), e->modified);
	}
	if (out->with_context) {
		CD_BUF_LIT(b, ",\"@context\":");
		cd_buf_put(b, cd_ctx_source(out->ctx));
	}
	cd_buf_char(b, '}');
}
