/*
 * Linked entities [CIM 009 4.5.23]. An entity that lies on the way from the first one to here is not followed
 * again, nor is one that the client says it has.
 *
 * Where many ways lead through few entities, the inline form repeats them by its nature: the number of linked
 * entities in an answer is bounded. The flat form has each once, and a queue instead of ways: whoever is met
 * first is met with the most hops left, so meeting it again can add nothing.
 */
#include "repr/out_int.h"

#include "base/hash.h"

/* ---- numbers that were seen ---- */

struct cd_seen {
	struct cd_arena *arena;
	uint64_t *slots;
	size_t n, mask;
	cd_code bad; /* sticky */
};

static struct cd_seen *seen_new(struct cd_arena *arena)
{
	struct cd_seen *s = CD_NEW(arena, struct cd_seen);
	if (s) {
		s->arena = arena;
		s->mask = 63;
		s->slots = CD_NEWS(arena, uint64_t, s->mask + 1);
	}
	return s && s->slots ? s : NULL;
}

static uint64_t *slot_of(uint64_t *slots, size_t mask, uint64_t number)
{
	size_t i = (size_t)(number * 0x9e3779b97f4a7c15u >> 32) & mask;
	while (slots[i] && slots[i] != number)
		i = (i + 1) & mask;
	return &slots[i];
}

static bool grow(struct cd_seen *s)
{
	size_t mask = s->mask * 2 + 1;
	uint64_t *slots = CD_NEWS(s->arena, uint64_t, mask + 1);
	if (!slots)
		return false;
	for (size_t i = 0; i <= s->mask; i++)
		if (s->slots[i])
			*slot_of(slots, mask, s->slots[i]) = s->slots[i];
	s->slots = slots;
	s->mask = mask;
	return true;
}

/* True: it is new. */
static bool seen_add(struct cd_seen *s, uint64_t number)
{
	if (!s->bad && s->n * 2 > s->mask && !grow(s))
		s->bad = CD_E_NO_MEMORY;
	uint64_t *slot = s->bad ? NULL : slot_of(s->slots, s->mask, number);
	if (!slot || *slot)
		return false;
	*slot = number;
	s->n++;
	return true;
}

/* ---- what may be followed ---- */

cd_code cd_join_begin(struct cd_cx *cx, struct cd_join *j)
{
	j->closed = seen_new(cx->arena);
	for (uint32_t i = 0; j->closed && i < j->contained_n; i++) {
		const struct cd_ent *e = j->fetch(j->arg, j->contained[i]);
		if (e)
			(void)seen_add(j->closed, e->number);
	}
	return j->closed && !j->closed->bad ? CD_OK : cd_fail_memory(cx);
}

static const struct cd_ent *target_of(const struct cd_join *j, cd_str id)
{
	const struct cd_ent *e = j->fetch(j->arg, id);
	return e && !*slot_of(j->closed->slots, j->closed->mask, e->number) ? e : NULL;
}

static bool take_one(const struct cd_join *j)
{
	return *j->left && (*j->left)--;
}

/* ---- inline ---- */

bool cd_link_open(const struct cd_write *w, const struct cd_node *n, cd_str id, const struct cd_ent **ret)
{
	(void)n;
	if (w->b->bad) /* nothing is written any more, and there may be a great many ways yet */
		return false;
	for (const struct cd_chain *c = &w->chain; c; c = c->up)
		if (cd_str_eq(c->id, id))
			return false;
	*ret = target_of(w->out->join, id);
	return *ret != NULL;
}

void cd_put_linked(struct cd_write *w, cd_term term, const struct cd_ent *target)
{
	if (!take_one(w->out->join)) {
		w->b->bad = CD_E_TOO_COMPLEX;
		return;
	}
	const struct cd_pick_item *pick = w->pick ? cd_pick_find(w->pick, term) : NULL;
	const struct cd_pick_item *omit = w->omit ? cd_pick_find(w->omit, term) : NULL;
	struct cd_write below = *w;
	below.e = target;
	below.pick = pick ? pick->below : NULL;
	below.omit = omit ? omit->below : NULL;
	below.shown_by_attrs = false;
	below.chain = (struct cd_chain){cd_ent_id(target), &w->chain};
	below.level--;
	cd_put_entity(&below);
	cd_buf_char(w->b, '}');
}

/* ---- flat ---- */

struct item {
	const struct cd_ent *e;
	const struct cd_pick *pick, *omit;
	unsigned level; /* hops that are left */
};
struct cd_walk {
	struct cd_arena *arena, *scratch;
	const struct cd_out *out;
	struct cd_seen *seen;
	struct item *items; /* those written, then those linked to them, hop by hop */
	size_t n, cap;
	size_t told, followed; /* so many of them */
	cd_code bad;           /* sticky */
};

struct cd_walk *cd_walk_new(struct cd_arena *arena, struct cd_arena *scratch, const struct cd_out *out)
{
	struct cd_walk *w = CD_NEW(arena, struct cd_walk);
	if (!w)
		return NULL;
	*w = (struct cd_walk){.arena = arena, .scratch = scratch, .out = out, .seen = seen_new(arena)};
	return w->seen ? w : NULL;
}

static void append(struct cd_walk *w, struct item item)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 64;
		struct item *items = CD_NEWS(w->arena, struct item, cap);
		if (!items) {
			w->bad = CD_E_NO_MEMORY;
			return;
		}
		if (w->n)
			memcpy(items, w->items, w->n * sizeof *items);
		w->items = items;
		w->cap = cap;
	}
	w->items[w->n++] = item;
}

void cd_walk_from(struct cd_walk *w, const struct cd_ent *e)
{
	(void)seen_add(w->seen, e->number);
	append(w, (struct item){e, w->out->pick, w->out->omit, w->out->join->level});
	w->told = w->n;
}

static void meet(struct cd_walk *w, const struct item *from, cd_term term, cd_str id)
{
	const struct cd_ent *target = target_of(w->out->join, id);
	if (!target || !seen_add(w->seen, target->number))
		return;
	if (!take_one(w->out->join)) {
		w->bad = CD_E_TOO_COMPLEX;
		return;
	}
	const struct cd_pick_item *pick = from->pick ? cd_pick_find(from->pick, term) : NULL;
	const struct cd_pick_item *omit = from->omit ? cd_pick_find(from->omit, term) : NULL;
	append(w,
		(struct item){target, pick ? pick->below : NULL, omit ? omit->below : NULL, from->level - 1});
}

static bool left_out(const struct item *i, cd_term term)
{
	const struct cd_pick_item *omit = i->omit ? cd_pick_find(i->omit, term) : NULL;
	return (i->pick && !cd_pick_find(i->pick, term)) || (omit && !omit->below);
}

/* What is not shown leads nowhere. */
static bool leads_on(const struct cd_write *w, const struct item *from, const struct cd_node *n)
{
	return (n->kind == CD_RELATIONSHIP || n->kind == CD_LIST_RELATIONSHIP) &&
	       cd_node_alive(w->e, n, w->out->now) && !left_out(from, n->term) && cd_out_wants_dataset(w, n);
}

static void follow(struct cd_walk *w, struct item from)
{
	struct cd_buf none; /* where a lack of memory is noted */
	cd_buf_init(&none, 0);
	struct cd_write at = {.b = &none, .scratch = w->scratch, .out = w->out, .e = from.e};
	const struct cd_node *n = cd_ent_nodes(from.e);
	for (uint32_t i = 0; from.level > 0 && i < from.e->tops; i++) {
		if (!leads_on(&at, &from, &n[i]))
			continue;
		struct cd_json *v = cd_out_parsed(&at, cd_node_value(from.e, &n[i]));
		bool list = v && v->kind == CD_JSON_ARRAY;
		for (struct cd_json *c = list ? v->child : v; c && !w->bad; c = list ? c->next : NULL)
			if (c->kind == CD_JSON_STRING)
				meet(w, &from, n[i].term, c->text);
	}
	if (!w->bad)
		w->bad = none.bad ? none.bad : w->seen->bad;
}

static struct cd_out shown_as(const struct cd_walk *w, const struct item *i)
{
	struct cd_out out = *w->out;
	out.pick = i->pick;
	out.omit = i->omit;
	out.attrs = false;
	return out;
}

bool cd_walk_next(struct cd_walk *w, const struct cd_ent **ret, struct cd_out *ret_out, cd_code *bad)
{
	cd_arena_reset(w->scratch);
	*ret = NULL;
	*bad = w->bad;
	if (w->bad)
		return false;
	if (w->told < w->n) {
		const struct item *i = &w->items[w->told++];
		*ret = i->e;
		*ret_out = shown_as(w, i);
		return true;
	}
	if (w->followed == w->n)
		return false;
	follow(w, w->items[w->followed++]);
	return true;
}
