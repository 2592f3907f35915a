#include "json/merge.h"

#include "base/hash.h"
#include "base/mem.h"

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
		copy->key = v->key;
		if (v->kind == CD_JSON_NUMBER || v->kind == CD_JSON_STRING)
			copy->text = v->text;
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

/*
 * The members of an object by name. Few are walked; many get a table, so that merging two large objects takes
 * time in proportion to their size. The seed keeps senders from choosing names that meet in one slot.
 */
enum { WALK_MAX = 16 };

struct members {
	const struct cd_json *object; /* NULL: none */
	const struct cd_json **slot;  /* NULL: few */
	uint64_t mask, seed;
};

static uint64_t slot_of(const struct members *t, cd_str name)
{
	uint64_t i = cd_hash64(name, t->seed) & t->mask;
	while (t->slot[i] && !cd_str_eq(t->slot[i]->key, name))
		i = (i + 1) & t->mask;
	return i;
}

static bool members_init(struct members *t, const struct cd_json *object)
{
	*t = (struct members){.object = object, .mask = 2 * WALK_MAX - 1, .seed = 0x9e3779b97f4a7c15u};
	if (!object || object->n <= WALK_MAX)
		return true;
	while (t->mask < (uint64_t)object->n * 2)
		t->mask = t->mask * 2 + 1;
	t->slot = cd_mem_zalloc((t->mask + 1) * sizeof *t->slot);
	if (!t->slot)
		return false;
	(void)cd_random(&t->seed, sizeof t->seed); /* without randomness a fixed seed serves */
	for (const struct cd_json *m = object->child; m; m = m->next)
		t->slot[slot_of(t, m->key)] = m;
	return true;
}

static const struct cd_json *members_get(const struct members *t, cd_str name)
{
	return t->slot ? t->slot[slot_of(t, name)] : cd_json_get(t->object, name);
}

/* NULL counts as out of memory. */
static bool append(struct cd_json *to, struct cd_json *item)
{
	if (item)
		cd_json_append(to, item);
	return item != NULL;
}

/* Members of `old` in their order, changed as the patch says; then those that only the patch has. */
static bool merge_into(
	struct cd_cx *cx, struct cd_json *to, const struct members *old, const struct members *patch)
{
	for (const struct cd_json *m = old->object ? old->object->child : NULL; m; m = m->next) {
		const struct cd_json *p = members_get(patch, m->key);
		if (p && cd_json_is_marker(p))
			continue;
		if (!append(to, p ? cd_json_merge(cx, m, p) : copy(cx, m)))
			return false;
	}
	for (const struct cd_json *p = patch->object->child; p; p = p->next) {
		if (cd_json_is_marker(p) || members_get(old, p->key))
			continue;
		if (!append(to, cd_json_merge(cx, NULL, p)))
			return false;
	}
	return true;
}

static struct cd_json *merge_objects(struct cd_cx *cx, const struct cd_json *old, const struct cd_json *patch)
{
	struct members of_old = {0}, of_patch = {0};
	struct cd_json *to = shallow(cx, patch);
	bool done = to && members_init(&of_old, old && old->kind == CD_JSON_OBJECT ? old : NULL) &&
		    members_init(&of_patch, patch) && merge_into(cx, to, &of_old, &of_patch);
	cd_mem_free(of_old.slot);
	cd_mem_free(of_patch.slot);
	return done ? to : NULL;
}

struct cd_json *cd_json_merge(struct cd_cx *cx, const struct cd_json *old, const struct cd_json *patch)
{
	return patch->kind == CD_JSON_OBJECT ? merge_objects(cx, old, patch) : copy(cx, patch);
}
