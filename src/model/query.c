/* The tree's simple makers, and its end. */
#include "model/query_int.h"

#include "model/uri.h"

enum { IDS_MAX = 10000 };

struct cd_q *cd_q_new(struct cd_arena *arena, enum cd_q_kind kind)
{
	struct cd_q *q = CD_NEW(arena, struct cd_q);
	if (q)
		q->kind = kind;
	return q;
}

static struct cd_q *pair(struct cd_arena *arena, enum cd_q_kind kind, struct cd_q *a, struct cd_q *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->kind == kind) { /* a longer chain instead of a deeper tree */
		struct cd_q **at = &a->child;
		while (*at)
			at = &(*at)->next;
		*at = b;
		return a;
	}
	struct cd_q *q = cd_q_new(arena, kind);
	if (!q) {
		cd_q_done(a);
		cd_q_done(b);
		return NULL;
	}
	q->child = a;
	a->next = b;
	return q;
}

struct cd_q *cd_q_and(struct cd_arena *arena, struct cd_q *a, struct cd_q *b)
{
	return pair(arena, CD_Q_AND, a, b);
}

struct cd_q *cd_q_or(struct cd_arena *arena, struct cd_q *a, struct cd_q *b)
{
	return pair(arena, CD_Q_OR, a, b);
}

cd_code cd_q_id_list(struct cd_cx *cx, const cd_str *ids, size_t n, struct cd_q **ret)
{
	struct cd_q *any = cd_q_new(cx->arena, CD_Q_OR);
	struct cd_q **at = any ? &any->child : NULL;
	if (n > IDS_MAX)
		return cd_fail(cx, CD_E_TOO_COMPLEX, "id", "More than %d ids", IDS_MAX);
	for (size_t i = 0; at && i < n; i++) {
		if (!cd_uri_ok(ids[i]))
			return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "id", "\"" CD_STR_FMT "\" is not a URI",
				CD_STR_ARG(ids[i]));
		*at = cd_q_new(cx->arena, CD_Q_ID);
		if (!*at)
			return cd_fail_memory(cx);
		(*at)->text = ids[i];
		at = &(*at)->next;
	}
	if (!any)
		return cd_fail_memory(cx);
	*ret = n == 1 ? any->child : any;
	return CD_OK;
}

cd_code cd_q_ids(struct cd_cx *cx, cd_str list, struct cd_q **ret)
{
	size_t n = 1;
	for (size_t i = 0; i < list.n; i++)
		n += list.p[i] == ',';
	cd_str *ids = CD_NEWS(cx->arena, cd_str, n);
	if (!ids)
		return cd_fail_memory(cx);
	for (size_t i = 0; i < n; i++)
		ids[i] = cd_str_cut(&list, ',');
	return cd_q_id_list(cx, ids, n, ret);
}

cd_code cd_q_id_pattern(struct cd_cx *cx, cd_str text, struct cd_q **ret)
{
	struct cd_q *q = cd_q_new(cx->arena, CD_Q_PATTERN);
	if (!q)
		return cd_fail_memory(cx);
	*ret = q;
	if (text.n == 0)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "idPattern", "The pattern is empty");
	return cd_pattern_new(cx, "idPattern", text, &q->pattern);
}

cd_code cd_q_has(const struct cd_q_parse *p, cd_str list, struct cd_q **ret)
{
	struct cd_q *any = cd_q_new(p->cx->arena, CD_Q_OR);
	struct cd_q **at = any ? &any->child : NULL;
	while (at && list.p) {
		cd_str name = cd_str_cut(&list, ','), iri;
		bool member = cd_str_eq(name, CD_STR("id")) || cd_str_eq(name, CD_STR("type"));
		if (member || !cd_name_ok(name))
			return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "attrs",
				"\"" CD_STR_FMT "\" is not the name of an attribute", CD_STR_ARG(name));
		cd_term term = cd_ctx_term(p->ctx, p->cx->arena, p->names, name, &iri);
		if (!iri.p || !(*at = cd_q_new(p->cx->arena, term ? CD_Q_HAS : CD_Q_NEVER)))
			return cd_fail_memory(p->cx);
		(*at)->term = term;
		at = &(*at)->next;
	}
	*ret = any;
	return any ? CD_OK : cd_fail_memory(p->cx);
}

bool cd_q_names_attribute(const struct cd_q *q)
{
	if (!q)
		return false;
	if (q->path.steps_n > 0) /* also one that the twin does not know */
		return true;
	for (const struct cd_q *c = q->child; c; c = c->next)
		if (cd_q_names_attribute(c))
			return true;
	return false;
}

static void values_done(struct cd_q *q)
{
	cd_pattern_free(q->pattern);
	cd_geo_query_free(q->geo);
	q->pattern = NULL;
	q->geo = NULL;
}

void cd_q_done(struct cd_q *q)
{
	if (!q)
		return;
	values_done(q);
	for (struct cd_q *c = q->child; c; c = c->next)
		cd_q_done(c);
}
