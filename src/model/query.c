/* The evaluator, and the tree's simple makers. */
#include "model/query.h"

#include "model/uri.h"

enum { IDS_MAX = 10000 };

static struct cd_q *leaf(struct cd_arena *arena, enum cd_q_kind kind, cd_term term, cd_str text)
{
	struct cd_q *q = CD_NEW(arena, struct cd_q);
	if (q)
		*q = (struct cd_q){.kind = kind, .term = term, .text = text};
	return q;
}

cd_code cd_q_ids(struct cd_cx *cx, cd_str list, struct cd_q **ret)
{
	struct cd_q * or = leaf(cx->arena, CD_Q_OR, 0, CD_STR(""));
	struct cd_q **at = or ? & or->child : NULL;
	for (unsigned n = 0; at && list.p; n++, at = &(*at)->next) {
		cd_str id = cd_str_cut(&list, ',');
		if (n == IDS_MAX)
			return cd_fail(cx, CD_E_TOO_COMPLEX, "id", "More than %d ids", IDS_MAX);
		if (!cd_uri_ok(id))
			return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "id", "\"" CD_STR_FMT "\" is not a URI",
				CD_STR_ARG(id));
		*at = leaf(cx->arena, CD_Q_ID, 0, id);
		if (!*at)
			return cd_fail_memory(cx);
	}
	if (! or)
		return cd_fail_memory(cx);
	*ret = or->child && ! or->child->next ? or->child : or ;
	return CD_OK;
}

struct cd_q *cd_q_and(struct cd_arena *arena, struct cd_q *a, struct cd_q *b)
{
	if (!a || !b)
		return a ? a : b;
	struct cd_q *and = leaf(arena, CD_Q_AND, 0, CD_STR(""));
	if (and) {
		and->child = a;
		a->next = b;
	}
	return and;
}

static enum cd_tri all(const struct cd_q *q, const struct cd_ent *e)
{
	enum cd_tri least = CD_TRUE;
	for (const struct cd_q *c = q->child; c && least != CD_FALSE; c = c->next) {
		enum cd_tri t = cd_q_eval(c, e);
		least = t < least ? t : least;
	}
	return least;
}

static enum cd_tri any(const struct cd_q *q, const struct cd_ent *e)
{
	enum cd_tri most = CD_FALSE;
	for (const struct cd_q *c = q->child; c && most != CD_TRUE; c = c->next) {
		enum cd_tri t = cd_q_eval(c, e);
		most = t > most ? t : most;
	}
	return most;
}

enum cd_tri cd_q_eval(const struct cd_q *q, const struct cd_ent *e)
{
	switch (q->kind) {
	case CD_Q_ALWAYS:
		return CD_TRUE;
	case CD_Q_NEVER:
		return CD_FALSE;
	case CD_Q_AND:
		return all(q, e);
	case CD_Q_OR:
		return any(q, e);
	case CD_Q_TYPE:
		return cd_ent_has_type(e, q->term) ? CD_TRUE : CD_FALSE;
	case CD_Q_ID:
		return cd_str_eq(cd_ent_id(e), q->text) ? CD_TRUE : CD_FALSE;
	}
	return CD_FALSE;
}
