/*
 * Trees being built: members, arrays, the kinds of objects. [JSON-LD 1.1 API 2, JSON-LD 1.1 9]
 *
 * An object with many members is looked up through one hash table of the whole work, so that a node with a
 * hundred thousand properties costs no search through all of them for each.
 */
#include "jsonld/active.h"

#include "base/hash.h"

enum { MANY = 8 };

/* ---- making ---- */

static struct cd_json *new_node(struct cd_jld *j, enum cd_json_kind kind)
{
	struct cd_json *n = cd_json_new(j->cx->arena, kind);
	if (!n)
		(void)cd_fail_memory(j->cx);
	return n;
}

struct cd_json *cd_jld_object(struct cd_jld *j)
{
	return new_node(j, CD_JSON_OBJECT);
}

struct cd_json *cd_jld_array(struct cd_jld *j)
{
	return new_node(j, CD_JSON_ARRAY);
}

struct cd_json *cd_jld_null(struct cd_jld *j)
{
	return new_node(j, CD_JSON_NULL);
}

struct cd_json *cd_jld_string(struct cd_jld *j, cd_str s)
{
	struct cd_json *n = new_node(j, CD_JSON_STRING);
	if (n)
		n->text = s;
	return n;
}

struct cd_json *cd_jld_copy(struct cd_jld *j, const struct cd_json *v)
{
	struct cd_json *n = v ? new_node(j, v->kind) : NULL;
	if (!n)
		return NULL;
	if (v->kind != CD_JSON_ARRAY && v->kind != CD_JSON_OBJECT) {
		n->text = v->text;
		return n;
	}
	for (const struct cd_json *m = v->child; m; m = m->next) {
		struct cd_json *copy = cd_jld_copy(j, m);
		if (!copy)
			return NULL;
		copy->key = m->key;
		cd_json_append(n, copy);
	}
	return n;
}

/* ---- comparing ---- */

bool cd_jld_equal(const struct cd_json *a, const struct cd_json *b)
{
	bool inner = a->kind == CD_JSON_ARRAY || a->kind == CD_JSON_OBJECT;
	if (a->kind != b->kind || a->n != b->n || (!inner && !cd_str_eq(a->text, b->text)))
		return false;
	const struct cd_json *x = inner ? a->child : NULL, *y = inner ? b->child : NULL;
	for (; x; x = x->next, y = y->next)
		if (!cd_str_eq(x->key, y->key) || !cd_jld_equal(x, y))
			return false;
	return true;
}

uint64_t cd_jld_hash(const struct cd_json *v)
{
	bool inner = v->kind == CD_JSON_ARRAY || v->kind == CD_JSON_OBJECT;
	uint64_t h = cd_hash64(inner ? CD_STR("") : v->text, v->kind);
	for (const struct cd_json *m = inner ? v->child : NULL; m; m = m->next)
		h = cd_hash64(m->key, h ^ (cd_jld_hash(m) + 1));
	return h;
}

/* ---- members ---- */

struct cd_json *cd_jld_get(const struct cd_json *object, const char *key)
{
	return cd_json_get(object, cd_str_z(key));
}

cd_str cd_jld_text(const struct cd_json *object, const char *key)
{
	const struct cd_json *v = cd_jld_get(object, key);
	return v && v->kind == CD_JSON_STRING ? v->text : cd_str_of(NULL, 0);
}

static size_t probe(const struct cd_jld *j, const struct cd_json *object, cd_str key)
{
	size_t i = (size_t)cd_hash64(key, (uintptr_t)object) & j->members_mask;
	while (j->members[i].object &&
		!(j->members[i].object == object && cd_str_eq(j->members[i].member->key, key)))
		i = (i + 1) & j->members_mask;
	return i;
}

static bool grow(struct cd_jld *j)
{
	size_t n = j->members ? (j->members_mask + 1) * 4 : 1024,
	       old_n = j->members ? j->members_mask + 1 : 0;
	struct cd_jld_slot *old = j->members, *table = CD_NEWS(j->cx->arena, struct cd_jld_slot, n);
	if (!table) {
		(void)cd_fail_memory(j->cx);
		return false;
	}
	j->members = table;
	j->members_mask = n - 1;
	for (size_t i = 0; i < old_n; i++)
		if (old[i].object)
			table[probe(j, old[i].object, old[i].member->key)] = old[i];
	return true;
}

static bool enter(struct cd_jld *j, const struct cd_json *object, struct cd_json *member)
{
	if ((!j->members || (j->members_n + 1) * 2 > j->members_mask) && !grow(j))
		return false;
	struct cd_jld_slot *s = &j->members[probe(j, object, member->key)];
	j->members_n += s->object == NULL;
	*s = (struct cd_jld_slot){object, member};
	return true;
}

/* A member that was dropped stays in the table, with something else around it. */
struct cd_json *cd_jld_member(struct cd_jld *j, const struct cd_json *object, cd_str key)
{
	if (!object || object->n <= MANY || !j->members)
		return cd_json_get(object, key);
	const struct cd_jld_slot *s = &j->members[probe(j, object, key)];
	return s->object && s->member->up == object ? s->member : NULL;
}

/* What `from` is, at the place of `to`. */
static void become(struct cd_jld *j, struct cd_json *to, const struct cd_json *from)
{
	to->kind = from->kind;
	to->n = from->n;
	to->text = from->text; /* or `last` */
	to->child = from->child;
	bool many = to->kind == CD_JSON_OBJECT && to->n > MANY;
	for (struct cd_json *m = to->child; m; m = m->next) {
		m->up = to;
		if (many && !enter(j, to, m))
			return;
	}
}

void cd_jld_put(struct cd_jld *j, struct cd_json *object, cd_str key, struct cd_json *value)
{
	if (!object || !value || cd_jld_failed(j))
		return;
	struct cd_json *old = cd_jld_member(j, object, key);
	if (old) {
		become(j, old, value);
		return;
	}
	value->key = key;
	cd_json_append(object, value);
	if (object->n == MANY + 1) {
		for (struct cd_json *m = object->child; m && enter(j, object, m); m = m->next)
			;
	} else if (object->n > MANY) {
		(void)enter(j, object, value);
	}
}

void cd_jld_put_text(struct cd_jld *j, struct cd_json *object, const char *key, cd_str s)
{
	cd_jld_put(j, object, cd_str_z(key), s.p ? cd_jld_string(j, s) : cd_jld_null(j));
}

void cd_jld_drop(struct cd_jld *j, struct cd_json *object, cd_str key)
{
	struct cd_json *member = cd_jld_member(j, object, key), *before = NULL;
	if (!member)
		return;
	for (struct cd_json *m = object->child; m != member; m = m->next)
		before = m;
	*(before ? &before->next : &object->child) = member->next;
	if (object->last == member)
		object->last = before;
	object->n--;
	member->up = NULL;
	member->next = NULL;
}

/* ---- arrays ---- */

void cd_jld_append(struct cd_json *array, struct cd_json *item)
{
	if (array && item)
		cd_json_append(array, item);
}

void cd_jld_concat(struct cd_json *to, struct cd_json *from)
{
	if (!to || !from)
		return;
	if (from->kind != CD_JSON_ARRAY) {
		cd_json_append(to, from);
		return;
	}
	for (struct cd_json *m = from->child, *next; m; m = next) {
		next = m->next;
		cd_json_append(to, m);
	}
}

struct cd_json *cd_jld_as_array(struct cd_jld *j, struct cd_json *v)
{
	if (!v || v->kind == CD_JSON_ARRAY)
		return v;
	struct cd_json *array = cd_jld_array(j);
	cd_jld_append(array, v);
	return array;
}

/* The member becomes an array of what it was. */
static bool enclose(struct cd_jld *j, struct cd_json *member)
{
	struct cd_json *inner = new_node(j, member->kind);
	if (!inner)
		return false;
	become(j, inner, member);
	member->kind = CD_JSON_ARRAY;
	member->n = 0;
	member->text = cd_str_of(NULL, 0);
	member->child = NULL;
	cd_json_append(member, inner);
	return true;
}

static void add_one(struct cd_jld *j, struct cd_json *object, cd_str key, struct cd_json *value)
{
	struct cd_json *old = cd_jld_member(j, object, key);
	if (!old)
		cd_jld_put(j, object, key, value);
	else if (old->kind == CD_JSON_ARRAY || enclose(j, old))
		cd_json_append(old, value);
}

void cd_jld_add(struct cd_jld *j, struct cd_json *object, cd_str key, struct cd_json *value, bool as_array)
{
	if (!object || !value || cd_jld_failed(j))
		return;
	struct cd_json *old = cd_jld_member(j, object, key);
	if (as_array && !old)
		cd_jld_put(j, object, key, cd_jld_array(j));
	else if (as_array && old->kind != CD_JSON_ARRAY && !enclose(j, old))
		return;
	if (value->kind != CD_JSON_ARRAY) {
		add_one(j, object, key, value);
		return;
	}
	for (struct cd_json *m = value->child, *next; m && !cd_jld_failed(j); m = next) {
		next = m->next;
		add_one(j, object, key, m);
	}
}

/* ---- kinds of objects ---- */

bool cd_jld_is_value(const struct cd_json *v)
{
	return cd_jld_get(v, "@value") != NULL;
}

bool cd_jld_is_list(const struct cd_json *v)
{
	return cd_jld_get(v, "@list") != NULL;
}

/* @graph, and nothing but @id, @index and @context beside it. */
bool cd_jld_is_graph(const struct cd_json *v)
{
	if (!cd_jld_get(v, "@graph"))
		return false;
	for (const struct cd_json *m = v->child; m; m = m->next)
		if (!cd_jld_is(m->key, "@graph") && !cd_jld_is(m->key, "@id") &&
			!cd_jld_is(m->key, "@index") && !cd_jld_is(m->key, "@context"))
			return false;
	return true;
}
