#include "json/merge.h"

bool cd_json_is_marker(const struct cd_json *v)
{
	return v->kind == CD_JSON_STRING && cd_str_eq(v->text, CD_STR("urn:ngsi-ld:null"));
}

static bool is_null(const struct cd_json *v)
{
	return v->kind == CD_JSON_NULL;
}

static const struct cd_json *find(const struct cd_json *v, bool (*is)(const struct cd_json *))
{
	if (is(v))
		return v;
	for (const struct cd_json *c = v->child; c; c = c->next) {
		const struct cd_json *found = find(c, is);
		if (found)
			return found;
	}
	return NULL;
}

const struct cd_json *cd_json_find_marker(const struct cd_json *v)
{
	return find(v, cd_json_is_marker);
}

const struct cd_json *cd_json_find_null(const struct cd_json *v)
{
	return find(v, is_null);
}

static struct cd_json *shallow(struct cd_cx *cx, const struct cd_json *v)
{
	struct cd_json *copy = cd_json_new(cx->arena, v->kind);
	if (copy) {
		copy->text = v->text;
		copy->key = v->key;
	}
	return copy;
}

static struct cd_json *copy(struct cd_cx *cx, const struct cd_json *v)
{
	struct cd_json *to = shallow(cx, v);
	for (const struct cd_json *c = v->child; to && c; c = c->next) {
		struct cd_json *item = copy(cx, c);
		if (!item)
			return NULL;
		cd_json_append(to, item);
	}
	return to;
}

/* Members of `old` in their order, changed as the patch says; then those that only the patch has. */
static struct cd_json *merge_objects(struct cd_cx *cx, const struct cd_json *old, const struct cd_json *patch)
{
	struct cd_json *to = shallow(cx, patch);
	bool merges = old && old->kind == CD_JSON_OBJECT;
	for (const struct cd_json *m = merges ? old->child : NULL; to && m; m = m->next) {
		const struct cd_json *p = cd_json_get(patch, m->key);
		if (p && cd_json_is_marker(p))
			continue;
		struct cd_json *item = p ? cd_json_merge(cx, m, p) : copy(cx, m);
		if (!item)
			return NULL;
		cd_json_append(to, item);
	}
	for (const struct cd_json *p = patch->child; to && p; p = p->next) {
		if (cd_json_is_marker(p) || (merges && cd_json_get(old, p->key)))
			continue;
		struct cd_json *item = cd_json_merge(cx, NULL, p);
		if (!item)
			return NULL;
		cd_json_append(to, item);
	}
	return to;
}

struct cd_json *cd_json_merge(struct cd_cx *cx, const struct cd_json *old, const struct cd_json *patch)
{
	return patch->kind == CD_JSON_OBJECT ? merge_objects(cx, old, patch) : copy(cx, patch);
}
