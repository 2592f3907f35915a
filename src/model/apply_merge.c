/*
 * Changing an instance member by member: Merge Entity [5.6.17] goes into compound values and sub-attributes,
 * Partial Attribute Update [5.6.4] replaces whole members.
 *
 * A fragment node that did not say its type (concise or simplified form) has to fit the stored one; one that
 * says another type is refused: only whole instances may change theirs.
 */
#include "model/apply_int.h"
#include "model/uri.h"
#include "json/merge.h"

#define LANG_STRING "\"http://www.w3.org/1999/02/22-rdf-syntax-ns#langString\"" /* as it is stored */

/* ---- values as JSON ---- */

static struct cd_json *parse(struct cd_work *w, cd_str text)
{
	struct cd_json *v;
	if (!cd_json_parse_copy(w->cx, text, &v))
		return v;
	w->failed = true;
	return NULL;
}

static void set_json(struct cd_work *w, struct cd_loose *l, const struct cd_json *v)
{
	struct cd_buf b;
	cd_buf_init(&b, w->cx->set->entity_max);
	if (v)
		cd_json_write(&b, v);
	bool large = b.bad == CD_E_TOO_LARGE;
	cd_str text = v && !b.bad ? cd_arena_copy(w->cx->arena, cd_buf_str(&b)) : cd_str_of(NULL, 0);
	cd_buf_done(&b);
	if (large)
		(void)cd_fail(w->cx, CD_E_BAD_REQUEST_DATA, NULL,
			"The merged value is larger than %llu bytes",
			(unsigned long long)w->cx->set->entity_max);
	if (!text.p) {
		cd_work_oom(w); /* the first cause wins */
		return;
	}
	l->value = text;
	l->value_class = cd_value_of(v, &l->key);
	if (l->kind == CD_JSON_PROPERTY) { /* an object, whatever its members are called */
		l->value_class = CD_V_OBJECT;
		l->key = v->n;
	}
}

static bool is_object(cd_str text)
{
	return text.n && text.p[0] == '{';
}

/* ---- members ---- */

static void take_value(struct cd_loose *l, const struct cd_loose *from)
{
	l->value = from->value;
	l->value_class = from->value_class;
	l->key = from->key;
	l->meta[CD_META_BOX] = from->meta[CD_META_BOX];
}

/* {"type":"Property", lang "fr"}: a string merged into a language map changes one language. */
static void merge_language(struct cd_work *w, struct cd_loose *l, const struct cd_loose *from)
{
	struct cd_json *map = parse(w, l->value), *text = parse(w, from->value);
	struct cd_json *patch = cd_json_new(w->cx->arena, CD_JSON_OBJECT);
	if (!map || !text || !patch) {
		cd_work_oom(w);
		return;
	}
	text->key = w->change->lang;
	cd_json_append(patch, text);
	set_json(w, l, cd_json_merge(w->cx, map, patch));
}

static bool compound(const struct cd_loose *l)
{
	return l->kind == CD_PROPERTY || l->kind == CD_LANGUAGE_PROPERTY || l->kind == CD_JSON_PROPERTY;
}

static bool has_marker(cd_str text)
{
	return memmem(text.p, text.n, "\"urn:ngsi-ld:null\"", 18) != NULL;
}

static void merge_value(struct cd_work *w, struct cd_loose *l, const struct cd_loose *from)
{
	bool object = compound(l) && is_object(from->value), both = object && is_object(l->value);
	if (!both && !(object && has_marker(from->value))) {
		take_value(l, from);
		return;
	}
	struct cd_json *old = both ? parse(w, l->value) : NULL, *patch = parse(w, from->value);
	if (patch && (old || !both))
		set_json(w, l, cd_json_merge(w->cx, old, patch));
}

/* ---- does it fit the stored kind? ---- */

/* A geometry without a type, and the stored attribute is a Property: an object like any other. */
static bool as_plain_object(struct cd_work *w, struct cd_loose *from)
{
	struct cd_json *v = parse(w, from->value);
	if (v)
		from->value_class = cd_value_of(v, &from->key);
	from->meta[CD_META_BOX] = cd_str_of(NULL, 0);
	return true;
}

/* This text of a string, or of an array of them, instead of the value; `class` when it is one string. */
static bool as_strings(struct cd_work *w, struct cd_loose *from, cd_str text, enum cd_value class)
{
	if (!text.p)
		return false;
	from->value = text;
	if (text.p[0] != '"')
		return true; /* an array of as many items */
	cd_str plain = cd_json_unquote(w->cx->arena, text);
	if (!plain.p) {
		cd_work_oom(w);
		return true;
	}
	from->value_class = (uint8_t) class;
	from->key = cd_key_of_string(plain);
	return true;
}

static bool language_strings(const struct cd_json *v)
{
	bool good = v->kind == CD_JSON_STRING || v->kind == CD_JSON_ARRAY;
	for (const struct cd_json *c = v->kind == CD_JSON_ARRAY ? v->child : NULL; c; c = c->next)
		good = good && c->kind == CD_JSON_STRING;
	return good;
}

static bool is_language_map(struct cd_work *w, cd_str text)
{
	struct cd_json *v = is_object(text) ? parse(w, text) : NULL;
	bool good = v != NULL;
	for (const struct cd_json *m = v ? v->child : NULL; m; m = m->next)
		good = good && cd_language_ok(m->key) && language_strings(m);
	return good;
}

/*
 * What a bare value of the simplified form means for the stored kind. Fragments of that form bring along how
 * strings read as URIs (CD_META_OBJECT_TYPE) and as vocabulary terms (CD_META_VALUE_TYPE). False: it does not
 * fit.
 */
static bool fit_simplified(struct cd_work *w, const struct cd_loose *l, struct cd_loose *from)
{
	cd_str uri = from->meta[CD_META_OBJECT_TYPE], term = from->meta[CD_META_VALUE_TYPE];
	from->meta[CD_META_OBJECT_TYPE] = from->meta[CD_META_VALUE_TYPE] = cd_str_of(NULL, 0);
	switch ((enum cd_kind)l->kind) {
	case CD_RELATIONSHIP:
		return as_strings(w, from, uri, CD_V_URI);
	case CD_LIST_RELATIONSHIP:
		return uri.p && uri.p[0] == '[' && as_strings(w, from, uri, CD_V_URI);
	case CD_VOCAB_PROPERTY:
		return as_strings(w, from, term, CD_V_STRING);
	case CD_LANGUAGE_PROPERTY:
		return is_language_map(w, from->value) || (term.p && cd_language_ok(w->change->lang));
	case CD_LIST_PROPERTY:
		return from->value.n && from->value.p[0] == '[';
	case CD_JSON_PROPERTY:
		return is_object(from->value) || (from->value.n && from->value.p[0] == '[');
	case CD_GEO_PROPERTY:
		return false; /* a geometry was recognised as such */
	case CD_PROPERTY:
	case CD_KIND_NONE:
	case CD_KIND_N:
		break;
	}
	return true;
}

/* Members without a value and a type: they must be those of the stored kind. */
static bool members_fit(struct cd_work *w, const struct cd_loose *l, const struct cd_loose *from)
{
	bool relation = l->kind == CD_RELATIONSHIP || l->kind == CD_LIST_RELATIONSHIP;
	bool unit = l->kind == CD_PROPERTY || l->kind == CD_LIST_PROPERTY;
	cd_str type = from->meta[CD_META_VALUE_TYPE];
	const char *none = NULL;
	if (from->meta[CD_META_UNIT].p && !unit)
		none = "unitCode";
	if (from->meta[CD_META_OBJECT_TYPE].p && !relation)
		none = "objectType";
	if (type.p && relation)
		none = "valueType";
	if (type.p && l->kind == CD_LANGUAGE_PROPERTY && !cd_str_eq(type, CD_STR(LANG_STRING)))
		none = "valueType but langString";
	if (!none)
		return true;
	cd_work_refuse(w, CD_E_BAD_REQUEST_DATA, NULL,
		cd_arena_printf(w->cx->arena, "The stored attribute is a %s, which has no %s",
			cd_kinds[l->kind].type.p, none)
			.p);
	return false;
}

static bool fits(struct cd_work *w, const struct cd_loose *l, struct cd_loose *from)
{
	if (from->kind == l->kind)
		return true;
	if (from->kind == CD_KIND_NONE && from->value_class == CD_V_NONE)
		return members_fit(w, l, from);
	if (from->kind == CD_KIND_NONE && fit_simplified(w, l, from))
		return true;
	if (from->kind == CD_GEO_PROPERTY && l->kind == CD_PROPERTY && (from->flags & CD_NODE_CONCISE))
		return as_plain_object(w, from);
	bool unsaid = from->kind == CD_KIND_NONE && l->kind == CD_LANGUAGE_PROPERTY && w->change->lang.n == 0;
	cd_work_refuse(w, CD_E_BAD_REQUEST_DATA, NULL,
		cd_arena_printf(w->cx->arena,
			unsaid ? "The stored attribute is a %s: the parameter lang says of which language a "
				 "string is"
			       : "The stored attribute is a %s: its type can only change when it is replaced "
				 "whole",
			cd_kinds[l->kind].type.p)
			.p);
	return false;
}

/* Members that the fragment has the NGSI-LD null for. */
static void drop_members(struct cd_loose *l, const struct cd_loose *from)
{
	static const struct {
		unsigned flag;
		enum cd_meta tag;
	} metas[] = {{CD_NODE_NO_UNIT, CD_META_UNIT}, {CD_NODE_NO_OBJECT_TYPE, CD_META_OBJECT_TYPE},
		{CD_NODE_NO_VALUE_TYPE, CD_META_VALUE_TYPE}};
	for (size_t i = 0; i < sizeof metas / sizeof *metas; i++)
		if (from->flags & metas[i].flag)
			l->meta[metas[i].tag] = cd_str_of(NULL, 0);
	if (from->flags & CD_NODE_NO_OBSERVED)
		l->observed = CD_STAMP_NONE;
	if (from->flags & CD_NODE_NO_EXPIRES)
		l->expires = CD_STAMP_NONE;
}

static void take_members(struct cd_work *w, struct cd_loose *l, const struct cd_loose *from)
{
	static const enum cd_meta replaced[] = {CD_META_UNIT, CD_META_OBJECT_TYPE, CD_META_VALUE_TYPE,
		CD_META_ID_SEALED, CD_META_TYPE_SEALED};
	for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++)
		if (from->meta[replaced[i]].p)
			l->meta[replaced[i]] = from->meta[replaced[i]];
	if (from->observed != CD_STAMP_NONE)
		l->observed = from->observed;
	if (from->expires != CD_STAMP_NONE)
		l->expires = from->expires;
	l->modified = w->now;
}

/* ---- sub-attributes ---- */

static cd_term term_of(const struct cd_loose *l)
{
	return l->term ? l->term : l->node->term;
}

static cd_str dataset_of(const struct cd_loose *l)
{
	return l->of ? cd_node_dataset(l->of, l->node) : l->meta[CD_META_DATASET];
}

static cd_stamp created_of(const struct cd_loose *l)
{
	return l->of && l->created == CD_STAMP_NONE ? cd_ent_stamp(l->of, l->node->created) : l->created;
}

/* Does anything in it have to be left out, or decided, before it can be stored? */
static bool unfinished(const struct cd_ent *e, const struct cd_node *n)
{
	bool any = n->kind == CD_KIND_NONE || n->value_class == CD_V_NONE || has_marker(cd_node_value(e, n));
	for (uint32_t i = 0; i < n->children && !any; i++)
		any = unfinished(e, cd_ent_nodes(e) + n->child + i);
	return any;
}

static void finish_value(struct cd_work *w, struct cd_loose *l)
{
	if (l->kind == CD_KIND_NONE) {
		l->kind = CD_PROPERTY;
		l->meta[CD_META_OBJECT_TYPE] = l->meta[CD_META_VALUE_TYPE] = cd_str_of(NULL, 0);
	}
	if (!compound(l) || !is_object(l->value) || !has_marker(l->value))
		return;
	struct cd_json *v = parse(w, l->value);
	if (v)
		set_json(w, l, cd_json_merge(w->cx, NULL, v));
}

/* Its children, those that are to be removed left out. */
static bool fresh_children(struct cd_work *w, struct cd_loose *l, const struct cd_node *n)
{
	struct cd_loose **at = &l->child;
	*at = NULL;
	for (uint32_t i = 0; i < n->children; i++) {
		const struct cd_node *c = cd_ent_nodes(w->frag) + n->child + i;
		if (c->flags & CD_NODE_NULL)
			continue;
		*at = cd_work_fresh(w, c, l->created);
		if (!*at)
			return false;
		at = &(*at)->next;
	}
	return true;
}

struct cd_loose *cd_work_fresh(struct cd_work *w, const struct cd_node *n, cd_stamp created)
{
	bool whole = !unfinished(w->frag, n);
	struct cd_loose *l = whole ? cd_work_take(w, w->frag, n) : cd_loose_open(w->cx->arena, w->frag, n);
	if (!l) {
		cd_work_oom(w);
		return NULL;
	}
	l->created = created;
	l->modified = w->now;
	if (whole)
		return l;
	if (l->value_class == CD_V_NONE) {
		cd_work_refuse(w, CD_E_BAD_REQUEST_DATA, NULL, "A new attribute needs a value");
		return NULL;
	}
	finish_value(w, l);
	return fresh_children(w, l, n) ? l : NULL;
}

/* Both lists are sorted: the search goes on where the last one ended. False: it would stand here. */
static bool seek_child(struct cd_loose ***at, cd_term term, cd_str dataset)
{
	for (;; *at = &(**at)->next) {
		if (!**at || term_of(**at) > term)
			return false;
		int order = term_of(**at) == term ? cd_str_cmp(dataset_of(**at), dataset) : -1;
		if (order >= 0)
			return order == 0;
	}
}

static struct cd_loose *opened(struct cd_work *w, struct cd_loose *l)
{
	if (!l->of)
		return l; /* it was, to leave out what has expired */
	struct cd_loose *open = cd_loose_open(w->cx->arena, l->of, l->node);
	if (!open)
		cd_work_oom(w);
	return open;
}

static void merge_node(struct cd_work *w, struct cd_loose *l, const struct cd_node *frag, bool deep);

static void merge_child(struct cd_work *w, struct cd_loose ***at, const struct cd_node *frag, bool deep)
{
	bool there = seek_child(at, frag->term, cd_node_dataset(w->frag, frag));
	struct cd_loose *old = there ? **at : NULL, *now;
	if (frag->flags & CD_NODE_NULL) {
		if (old)
			**at = old->next;
		return;
	}
	if (old && deep) {
		now = opened(w, old);
		if (now)
			merge_node(w, now, frag, true);
	} else {
		now = cd_work_fresh(w, frag, old ? created_of(old) : w->now);
	}
	if (!now)
		return;
	now->next = old ? old->next : **at;
	**at = now;
}

/* ---- one node ---- */

static void merge_node(struct cd_work *w, struct cd_loose *l, const struct cd_node *frag, bool deep)
{
	struct cd_loose *from = cd_loose_open(w->cx->arena, w->frag, frag);
	if (!from) {
		cd_work_oom(w);
		return;
	}
	bool bare = from->kind == CD_KIND_NONE;
	if (!fits(w, l, from))
		return;
	if (from->value_class != CD_V_NONE) {
		bool language = bare && l->kind == CD_LANGUAGE_PROPERTY && !is_object(from->value);
		if (language)
			merge_language(w, l, from);
		else if (deep)
			merge_value(w, l, from);
		else
			take_value(l, from);
	}
	drop_members(l, from);
	bool had_observed = l->observed != CD_STAMP_NONE;
	take_members(w, l, from);
	if (deep && had_observed && from->observed == CD_STAMP_NONE && w->change->observed != CD_STAMP_NONE &&
		w->change->verb == CD_VERB_MERGE)
		l->observed = w->change->observed;
	struct cd_loose **at = &l->child;
	for (uint32_t i = 0; i < frag->children && !w->failed; i++)
		merge_child(w, &at, cd_ent_nodes(w->frag) + frag->child + i, deep);
}

static void merge_slot(struct cd_work *w, struct cd_slot *slot, const struct cd_node *frag, bool deep)
{
	struct cd_loose *l = opened(w, slot->now);
	if (!l)
		return;
	w->term = frag->term;
	merge_node(w, l, frag, deep);
	slot->now = l;
	slot->touched = w->touched = true;
}

void cd_work_merge(struct cd_work *w, struct cd_slot *slot, const struct cd_node *frag)
{
	merge_slot(w, slot, frag, true);
}

void cd_work_partial(struct cd_work *w, struct cd_slot *slot, const struct cd_node *frag)
{
	merge_slot(w, slot, frag, false);
}
