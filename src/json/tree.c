/* The tree: looking things up in it, naming a place in it, building it in code. */
#include "json/json.h"

cd_code cd_json_parse_copy(struct cd_cx *cx, cd_str text, struct cd_json **ret)
{
	char *p = cd_arena_alloc(cx->arena, text.n + CD_JSON_PADDING);
	if (!p)
		return cd_fail_memory(cx);
	if (text.n)
		memcpy(p, text.p, text.n);
	memset(p + text.n, 0, CD_JSON_PADDING);
	return cd_json_parse(cx, cd_str_of(p, text.n), ret);
}

struct cd_json *cd_json_get(const struct cd_json *object, cd_str name)
{
	if (!object || object->kind != CD_JSON_OBJECT)
		return NULL;
	for (struct cd_json *m = object->child; m; m = m->next)
		if (cd_str_eq(m->key, name))
			return m;
	return NULL;
}

/* ~ and / of a name are written ~0 and ~1 [RFC 6901 3]. */
static void put_name(struct cd_buf *b, cd_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '~')
			CD_BUF_LIT(b, "~0");
		else if (name.p[i] == '/')
			CD_BUF_LIT(b, "~1");
		else
			cd_buf_char(b, name.p[i]);
	}
}

static void put_path(struct cd_buf *b, const struct cd_json *node)
{
	if (!node->up)
		return;
	put_path(b, node->up);
	cd_buf_char(b, '/');
	if (node->up->kind == CD_JSON_OBJECT) {
		put_name(b, node->key);
		return;
	}
	uint64_t index = 0;
	for (const struct cd_json *n = node->up->child; n && n != node; n = n->next)
		index++;
	cd_buf_u64(b, index);
}

const char *cd_json_pointer(struct cd_cx *cx, const struct cd_json *node)
{
	struct cd_buf b;
	cd_buf_init(&b, 65536);
	put_path(&b, node);
	const char *text = b.bad ? NULL : cd_arena_copy(cx->arena, cd_buf_str(&b)).p;
	cd_buf_done(&b);
	return text ? text : "";
}

struct cd_json *cd_json_new(struct cd_arena *arena, enum cd_json_kind kind)
{
	struct cd_json *n = CD_NEW(arena, struct cd_json);
	if (n)
		n->kind = kind;
	return n;
}

struct cd_json *cd_json_string(struct cd_arena *arena, cd_str utf8)
{
	struct cd_json *n = cd_json_new(arena, CD_JSON_STRING);
	if (n)
		n->text = utf8;
	return n;
}

void cd_json_append(struct cd_json *to, struct cd_json *item)
{
	if (to->child)
		to->last->next = item;
	else
		to->child = item;
	to->last = item;
	item->up = to;
	item->next = NULL;
	to->n++;
}
