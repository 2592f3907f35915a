/*
 * Linked entities [CIM 009 4.5.23]. An entity that lies on the way from the first one to here is not followed
 * again, nor is one that the client says it has.
 */
#include "repr/out_int.h"

#include "base/hash.h"

/* ---- inline ---- */

static bool contained(const struct cd_join *j, cd_str id)
{
	for (uint32_t i = 0; i < j->contained_n; i++)
		if (cd_str_eq(j->contained[i], id))
			return true;
	return false;
}

bool cd_link_open(const struct cd_write *w, const struct cd_node *n, cd_str id, const struct cd_ent **ret)
{
	(void)n;
	if (contained(w->out->join, id))
		return false;
	for (const struct cd_chain *c = &w->chain; c; c = c->up)
		if (cd_str_eq(c->id, id))
			return false;
	*ret = w->out->join->fetch(w->out->join->arg, id);
	return *ret != NULL;
}

void cd_put_linked(struct cd_write *w, cd_term term, const struct cd_ent *target)
{
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

/* ---- numbers that were seen ---- */

struct cd_seen {
	struct cd_arena *arena;
	uint64_t *slots;
	size_t n, mask;
};

struct cd_seen *cd_seen_new(struct cd_arena *arena)
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

bool cd_seen_add(struct cd_seen *s, uint64_t number)
{
	if (s->n * 2 > s->mask && !grow(s))
		return false;
	uint64_t *slot = slot_of(s->slots, s->mask, number);
	if (*slot)
		return false;
	*slot = number;
	s->n++;
	return true;
}

/* ---- flat ---- */

struct flat {
	struct cd_write w;
	struct cd_seen *seen;
	void (*each)(void *, const struct cd_ent *, const struct cd_out *);
	void *arg;
};

static void follow(struct flat *f);

static void follow_one(struct flat *f, cd_term term, cd_str id)
{
	const struct cd_ent *target;
	if (!cd_link_open(&f->w, NULL, id, &target))
		return;
	const struct cd_pick_item *pick = f->w.pick ? cd_pick_find(f->w.pick, term) : NULL;
	const struct cd_pick_item *omit = f->w.omit ? cd_pick_find(f->w.omit, term) : NULL;
	struct cd_out out = *f->w.out;
	out.pick = pick ? pick->below : NULL;
	out.omit = omit ? omit->below : NULL;
	out.attrs = false;
	if (cd_seen_add(f->seen, target->number))
		f->each(f->arg, target, &out);
	struct flat below = *f;
	below.w.e = target;
	below.w.pick = out.pick;
	below.w.omit = out.omit;
	below.w.chain = (struct cd_chain){cd_ent_id(target), &f->w.chain};
	below.w.level--;
	follow(&below);
}

static bool left_out(const struct cd_write *w, cd_term term)
{
	const struct cd_pick_item *omit = w->omit ? cd_pick_find(w->omit, term) : NULL;
	return (w->pick && !cd_pick_find(w->pick, term)) || (omit && !omit->below);
}

static void follow(struct flat *f)
{
	const struct cd_node *n = cd_ent_nodes(f->w.e);
	for (uint32_t i = 0; f->w.level > 0 && i < f->w.e->tops; i++) {
		bool relationship = n[i].kind == CD_RELATIONSHIP || n[i].kind == CD_LIST_RELATIONSHIP;
		if (!relationship || !cd_node_alive(f->w.e, &n[i], f->w.out->now) ||
			left_out(&f->w, n[i].term) || !cd_out_wants_dataset(&f->w, &n[i]))
			continue; /* what is not shown leads nowhere */
		struct cd_buf none;
		cd_buf_init(&none, 0);
		f->w.b = &none; /* where a lack of memory is noted */
		struct cd_json *v = cd_out_parsed(&f->w, cd_node_value(f->w.e, &n[i]));
		bool list = v && v->kind == CD_JSON_ARRAY;
		for (struct cd_json *c = list ? v->child : v; c; c = list ? c->next : NULL)
			if (c->kind == CD_JSON_STRING)
				follow_one(f, n[i].term, c->text);
	}
}

void cd_repr_linked(struct cd_arena *scratch, const struct cd_out *out, const struct cd_ent *e,
	struct cd_seen *seen, void (*each)(void *, const struct cd_ent *, const struct cd_out *), void *arg)
{
	struct flat f = {.w = {.scratch = scratch,
				 .out = out,
				 .e = e,
				 .pick = out->pick,
				 .omit = out->omit,
				 .chain = {.id = cd_ent_id(e)},
				 .level = out->join->level},
		.seen = seen,
		.each = each,
		.arg = arg};
	follow(&f);
}
