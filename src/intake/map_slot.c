/* Names of fields to slots: where a value comes from is decided once, here. */
#include "intake/mapping_int.h"

static const struct {
	cd_str name;
	enum cd_slot_kind kind;
	bool spread; /* only in one */
} special[] = {
	{CD_STR_INIT("@file"), CD_SLOT_FILE, false},
	{CD_STR_INIT("@line"), CD_SLOT_LINE, false},
	{CD_STR_INIT("@row"), CD_SLOT_ROW, false},
	{CD_STR_INIT("@feature"), CD_SLOT_FEATURE, false},
	{CD_STR_INIT("@observedAt"), CD_SLOT_OBSERVED, false},
	{CD_STR_INIT("@column"), CD_SLOT_NAME, true},
	{CD_STR_INIT("@cell"), CD_SLOT_CELL, true},
};

static bool index_of(const struct cd_texts *texts, cd_str name, uint32_t *ret)
{
	for (uint32_t i = 0; i < texts->n; i++)
		if (cd_str_eq(texts->text[i], name)) {
			*ret = i;
			return true;
		}
	return false;
}

/* "a.b[0]", with \ before a dot or bracket that belongs to a name. */
static cd_code path(struct cd_compile *c, const struct cd_json *at, struct cd_slot *slot)
{
	cd_str text = slot->name;
	uint32_t most = 1;
	for (size_t i = 0; i < text.n; i++)
		most += text.p[i] == '.' || text.p[i] == '[';
	slot->path = CD_NEWS(c->cx->arena, struct cd_path_step, most);
	char *name = cd_arena_alloc(c->cx->arena, text.n + 1);
	if (!slot->path || !name)
		return cd_fail_memory(c->cx);
	for (size_t i = 0; i < text.n;) {
		struct cd_path_step *step = &slot->path[slot->path_n++];
		size_t n = 0;
		if (text.p[i] == '[') {
			size_t close = i + cd_str_find(cd_str_skip(text, i), ']');
			unsigned long long index;
			if (close == text.n ||
				!cd_str_u64(cd_str_of(text.p + i + 1, close - i - 1), &index) ||
				index > UINT32_MAX)
				return cd_map_wrong(c, at, "Expected a number in brackets: list[0]");
			step->index = (uint32_t)index;
			i = close + 1;
			if (i < text.n && text.p[i] != '.' && text.p[i] != '[')
				return cd_map_wrong(
					c, at, "Expected a dot or a bracket behind ]: list[0].name");
		} else {
			char *from = name;
			for (; i < text.n && text.p[i] != '.' && text.p[i] != '['; i++, n++) {
				i += text.p[i] == '\\' && i + 1 < text.n;
				from[n] = text.p[i];
			}
			if (n == 0)
				return cd_map_wrong(c, at, "Expected a name between dots");
			step->name = cd_str_of(from, n);
			name += n;
		}
		i += i < text.n && text.p[i] == '.';
	}
	return slot->path_n ? CD_OK : cd_map_wrong(c, at, "Expected the name of a field");
}

static cd_code special_slot(struct cd_compile *c, const struct cd_json *at, struct cd_slot *slot)
{
	for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
		if (!cd_str_eq(special[i].name, slot->name))
			continue;
		if (c->bare || (special[i].spread && !c->table->spread))
			return cd_map_wrong(c, at, CD_STR_FMT " has no meaning here", CD_STR_ARG(slot->name));
		slot->kind = special[i].kind;
		slot->passes = special[i].spread;
		return CD_OK;
	}
	return cd_map_wrong(c, at,
		"There is no \"" CD_STR_FMT
		"\"; there are @file, @line, @row, @feature, @observedAt, @column, @cell",
		CD_STR_ARG(slot->name));
}

static cd_code lookup_slot(struct cd_compile *c, const struct cd_json *at, uint32_t i, struct cd_slot *slot)
{
	struct cd_lookup *l = &c->m->lookups[i];
	struct cd_compile inner = {
		.cx = c->cx, .m = c->m, .table = &l->columns, .source = &l->source, .bare = true};
	slot->kind = CD_SLOT_LOOKUP;
	slot->number = i;
	return cd_map_slot(&inner, at, slot->column, &slot->other);
}

static bool before_dot(cd_str name, cd_str *head, cd_str *tail)
{
	size_t dot = cd_str_find(name, '.');
	*head = cd_str_of(name.p, dot);
	*tail = cd_str_skip(name, dot + 1);
	return dot < name.n && tail->n;
}

static cd_code resolve(struct cd_compile *c, const struct cd_json *at, struct cd_slot *slot)
{
	struct cd_table *t = c->table;
	cd_str head, tail;
	if (slot->name.n && slot->name.p[0] == '@')
		return special_slot(c, at, slot);
	if (!c->bare && t->spread) {
		slot->passes = true;
		slot->kind = CD_SLOT_CAPTURE;
		if (index_of(&t->spread->captures, slot->name, &slot->number))
			return CD_OK;
		slot->kind = CD_SLOT_WITH;
		if (index_of(&t->spread->with_names, slot->name, &slot->number))
			return CD_OK;
		slot->kind = CD_SLOT_REMEMBER;
		if (index_of(&t->remember_names, slot->name, &slot->number))
			return CD_OK;
		slot->passes = false;
	}
	if (!c->bare && before_dot(slot->name, &head, &tail)) {
		slot->column = tail;
		slot->kind = CD_SLOT_REMEMBER_COLUMN;
		if (index_of(&t->remember_names, head, &slot->number))
			return CD_OK;
		for (uint32_t i = 0; i < c->m->lookups_n; i++)
			if (cd_str_eq(c->m->lookups[i].name, head))
				return lookup_slot(c, at, i, slot);
	}
	slot->kind = CD_SLOT_COLUMN;
	slot->column = slot->name;
	if (c->source->format == CD_FROM_JSON || c->source->format == CD_FROM_GEOJSON)
		return path(c, at, slot);
	return slot->name.n ? CD_OK : cd_map_wrong(c, at, "Expected the name of a field");
}

cd_code cd_map_slot(struct cd_compile *c, const struct cd_json *at, cd_str name, uint32_t *ret)
{
	struct cd_table *t = c->table;
	struct cd_slot slot = {.name = name};
	for (uint32_t i = 0; i < t->slots_n; i++)
		if (cd_str_eq(t->slots[i].name, name)) {
			*ret = i;
			return CD_OK;
		}
	if (t->slots_n == CD_MAP_SLOTS_MAX)
		return cd_map_wrong(c, at, "More than %d fields", CD_MAP_SLOTS_MAX);
	if (resolve(c, at, &slot))
		return c->cx->err.code;
	if (t->slots_n == t->slots_cap) {
		uint32_t cap = t->slots_cap ? t->slots_cap * 2 : 16;
		struct cd_slot *more = CD_NEWS(c->cx->arena, struct cd_slot, cap);
		if (!more)
			return cd_fail_memory(c->cx);
		if (t->slots_n)
			memcpy(more, t->slots, t->slots_n * sizeof *more);
		t->slots = more;
		t->slots_cap = cap;
	}
	*ret = t->slots_n;
	t->slots[t->slots_n++] = slot;
	return CD_OK;
}

const struct cd_json *cd_path_get(const struct cd_json *v, const struct cd_path_step *steps, uint32_t n)
{
	for (uint32_t i = 0; v && i < n; i++) {
		uint32_t k = steps[i].index;
		if (steps[i].name.p) {
			v = cd_json_get(v, steps[i].name);
			continue;
		}
		v = v->kind == CD_JSON_ARRAY ? v->child : NULL;
		while (v && k--)
			v = v->next;
	}
	return v && v->kind != CD_JSON_NULL ? v : NULL;
}

cd_str cd_json_scalar(const struct cd_json *v)
{
	switch (v->kind) {
	case CD_JSON_STRING:
	case CD_JSON_NUMBER:
		return v->text;
	case CD_JSON_TRUE:
		return CD_STR("true");
	case CD_JSON_FALSE:
		return CD_STR("false");
	case CD_JSON_NULL:
	case CD_JSON_ARRAY:
	case CD_JSON_OBJECT:
		break;
	}
	return cd_str_of(NULL, 0);
}
