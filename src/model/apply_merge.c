/*
 * Changing an instance member by member: Merge Entity [5.6.17] goes into compound values and sub-attributes,
 * Partial Attribute Update [5.6.4] replaces whole members.
 *
 * A fragment node that did not say its type (concise or simplified form) has to fit the stored one; one that
 * says another type is refused: only whole instances may change theirs.
 */
#include "model/apply_int.h"
#include "json/merge.h"

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
	cd_str text = v && !b.bad ? cd_arena_copy(w->cx->arena, cd_buf_str(&b)) : cd_str_of(NULL, 0);
	cd_buf_done(&b);
	if (!text.p) {
		cd_work_oom(w);
		return;
	}
	l->value = text;
	l->value_class = v->kind == CD_JSON_OBJECT ? CD_V_OBJECT : l->value_class;
	l->key = v->n;
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
	bool both = compound(l) && is_object(l->value) && is_object(from->value);
	if (!both && !(is_object(from->value) && has_marker(from->value))) {
		take_value(l, from);
		return;
	}
	struct cd_json *old = both ? parse(w, l->value) : NULL, *patch = parse(w, from->value);
	if (!both)
		take_value(l, from);
	if (patch && (old || !both))
		set_json(w, l, cd_json_merge(w->cx, old, patch));
}

static bool plain_strings(cd_str value)
{
	return value.n && (value.p[0] == '"' || value.p[0] == '[');
}

/*
 * What a bare value of the simplified form means for the stored kind. Fragments of that form bring along how
 * a string reads as a URI (CD_META_OBJECT_TYPE) and as a vocabulary term (CD_META_VALUE_TYPE). False: it does
 * not fit.
 */
static bool fit_simplified(struct cd_work *w, const struct cd_loose *l, struct cd_loose *from)
{
	cd_str uri = from->meta[CD_META_OBJECT_TYPE], term = from->meta[CD_META_VALUE_TYPE];
	from->meta[CD_META_OBJECT_TYPE] = from->meta[CD_META_VALUE_TYPE] = cd_str_of(NULL, 0);
	switch ((enum cd_kind)l->kind) {
	case CD_RELATIONSHIP:
	case CD_LIST_RELATIONSHIP:
		from->value = uri;
		return uri.p && (l->kind == CD_RELATIONSHIP || uri.p[0] == '[');
	case CD_VOCAB_PROPERTY:
		from->value = term;
		return term.p != NULL;
	case CD_LANGUAGE_PROPERTY:
		return is_object(from->value) || (w->change->lang.n && plain_strings(from->value));
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

static bool fits(struct cd_work *w, const struct cd_loose *l, struct cd_loose *from)
{
	if (from->value_class == CD_V_NONE && from->kind == CD_KIND_NONE)
		return true; /* members only, no value */
	if (from->kind == l->kind)
		return true;
	/* without a type, an object that is a geometry, a string that is a date: the stored kind tells what
	 * it is */
	if (from->kind == CD_KIND_NONE && fit_simplified(w, l, from))
		return true;
	cd_work_refuse(w, CD_E_BAD_REQUEST_DATA, NULL,
		cd_arena_printf(w->cx->arena,
			"The stored attribute is a %s: its type can only change when it is replaced whole",
			cd_kinds[l->kind].type.p)
			.p);
	return false;
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

static struct cd_loose **find_child(struct cd_loose *l, cd_term term, cd_str dataset)
{
	struct cd_loose **at = &l->child;
	while (*at && (term_of(*at) != term || !cd_str_eq(dataset_of(*at), dataset)))
		at = &(*at)->next;
	return at;
}

static struct cd_loose *fresh(struct cd_work *w, const struct cd_node *n)
{
	struct cd_loose *l = cd_loose_open(w->cx->arena, w->frag, n);
	if (!l) {
		cd_work_oom(w);
		return NULL;
	}
	if (l->kind == CD_KIND_NONE)
		cd_work_plain(l);
	l->created = l->modified = w->now;
	return l;
}

static void merge_node(struct cd_work *w, struct cd_loose *l, const struct cd_node *frag, bool deep);

static struct cd_loose *opened(struct cd_work *w, const struct cd_loose *l)
{
	return l->of ? cd_loose_open(w->cx->arena, l->of, l->node) : (struct cd_loose *)(uintptr_t)l;
}

static void merge_child(struct cd_work *w, struct cd_loose *l, const struct cd_node *frag, bool deep)
{
	struct cd_loose **at = find_child(l, frag->term, cd_node_dataset(w->frag, frag));
	if (frag->flags & CD_NODE_NULL) {
		if (*at)
			*at = (*at)->next;
		return;
	}
	struct cd_loose *next = *at ? (*at)->next : NULL;
	struct cd_loose *now = *at && deep ? opened(w, *at) : fresh(w, frag);
	if (!now) {
		cd_work_oom(w);
		return;
	}
	if (*at && !deep)
		now->created = (*at)->of ? cd_ent_stamp((*at)->of, (*at)->node->created) : (*at)->created;
	if (*at && deep)
		merge_node(w, now, frag, true);
	*at = now;
	now->next = next;
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
	bool had_observed = l->observed != CD_STAMP_NONE;
	take_members(w, l, from);
	if (deep && had_observed && from->observed == CD_STAMP_NONE && w->change->observed != CD_STAMP_NONE &&
		w->change->verb == CD_VERB_MERGE)
		l->observed = w->change->observed;
	for (uint32_t i = 0; i < frag->children && !w->failed; i++)
		merge_child(w, l, cd_ent_nodes(w->frag) + frag->child + i, deep);
}

static void merge_slot(struct cd_work *w, struct cd_slot *slot, const struct cd_node *frag, bool deep)
{
	struct cd_loose *l = opened(w, slot->now);
	if (!l) {
		cd_work_oom(w);
		return;
	}
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

/* Does anything in it say "remove this"? */
static bool removes(const struct cd_ent *e, const struct cd_node *n)
{
	bool any = (n->flags & CD_NODE_NULL) || has_marker(cd_node_value(e, n));
	for (uint32_t i = 0; i < n->children && !any; i++)
		any = removes(e, cd_ent_nodes(e) + n->child + i);
	return any;
}

void cd_work_merge_new(struct cd_work *w, const struct cd_node *frag)
{
	cd_work_set(w, w->frag, frag);
	struct cd_slot *slot = cd_work_find(w, frag->term, cd_node_dataset(w->frag, frag));
	if (w->failed || !slot || !removes(w->frag, frag))
		return;
	/* merged into nothing: what it would remove is simply left out */
	struct cd_loose *l = cd_loose_new(w->cx->arena, frag->term, frag->kind ? frag->kind : CD_PROPERTY);
	if (!l) {
		cd_work_oom(w);
		return;
	}
	l->meta[CD_META_DATASET] = cd_node_dataset(w->frag, frag);
	l->created = w->now;
	merge_node(w, l, frag, true);
	slot->now = l;
}

void cd_work_plain(struct cd_loose *l)
{
	l->kind = CD_PROPERTY;
	l->meta[CD_META_OBJECT_TYPE] = l->meta[CD_META_VALUE_TYPE] = cd_str_of(NULL, 0);
}
