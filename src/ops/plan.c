/*
 * Each condition that must hold gives a set of candidates when an index knows one. One set drives: its
 * numbers are gone through in order. Further ones that are much smaller than the whole are cut with it, by
 * jumping, before any entity is looked at.
 *
 * The unit of price is one look at an entity (a miss of the caches and its evaluation, 0.1 us and more). An
 * entry that is collected costs a sixteenth of it. With n candidates of which r are results, spread evenly, w
 * results cost w * n / r looks; r is guessed as if conditions had nothing to do with each other. Going
 * through a set in order can therefore be much dearer than guessed, when all the results are at its end;
 * collecting a range has a price that is known. So the first gives way to the second after some looks in
 * vain.
 */
#include "ops/plan.h"

#include "ops/probe.h"

enum {
	COLLECT_STEP = 2048,
	IDS_STEP = 128,
	ENTRIES_PER_LOOK = 16,
	POINTS_MAX = 4,
	LOOKS_FEW = 32,
	PATIENCE = 256
};

const char *const cd_plan_way_names[] = {
	[CD_PLAN_ALL] = "all entities",
	[CD_PLAN_TYPE] = "entities of a type",
	[CD_PLAN_IDS] = "ids",
	[CD_PLAN_INDEX] = "index",
	[CD_PLAN_NOTHING] = "nothing",
};
static const struct cd_plan_set nothing = {.way = CD_PLAN_NOTHING};

struct make {
	struct cd_cx *cx;
	struct cd_plan *plan;
	const struct cd_q *ids;
	bool never;
};

static cd_code no_memory(struct cd_plan *p)
{
	p->bad = CD_E_NO_MEMORY;
	return p->bad;
}

/* ---- sets ---- */

static uint64_t entries(const struct cd_plan_part *part)
{
	uint64_t to = part->to == UINT64_MAX ? cd_tree_count(part->tree)
					     : cd_tree_rank(part->tree, (struct cd_key){part->to + 1, 0});
	uint64_t from = cd_tree_rank(part->tree, (struct cd_key){part->from, 0});
	return to > from ? to - from : 0;
}

/* Only what has entries. */
static bool add_part(struct make *m, struct cd_plan_set *s, struct cd_plan_part part)
{
	uint64_t n = entries(&part);
	if (n == 0)
		return true;
	if ((s->parts_n & (s->parts_n - 1)) == 0) { /* 0, 1, 2, 4...: full */
		unsigned cap = s->parts_n ? s->parts_n * 2 : 1;
		struct cd_plan_part *more = CD_NEWS(m->plan->arena, struct cd_plan_part, cap);
		if (!more)
			return no_memory(m->plan) == CD_OK;
		for (unsigned i = 0; i < s->parts_n; i++)
			more[i] = s->parts[i];
		s->parts = more;
	}
	s->parts[s->parts_n++] = part;
	s->n += n;
	return true;
}

static bool type_set(struct make *m, const struct cd_q *q, struct cd_plan_set *s)
{
	s->way = CD_PLAN_TYPE;
	s->term = q->term;
	return add_part(m, s, (struct cd_plan_part){m->plan->tenant->types, q->term, q->term, NULL});
}

static void wish(struct cd_plan *p, cd_term term, enum cd_vi_class class)
{
	for (unsigned i = 0; i < p->wishes_n; i++)
		if (p->wishes[i].term == term && p->wishes[i].class == class)
			return;
	if (p->wishes_n < CD_PLAN_WISHES)
		p->wishes[p->wishes_n++] = (struct cd_plan_wish){term, class};
}

static bool index_set(struct make *m, const struct cd_q *q, struct cd_plan_set *s)
{
	struct cd_probe probe;
	cd_term term;
	enum cd_vi_class class;
	if (!cd_probe_index(q, &term, &class))
		return false;
	const struct cd_index *index = cd_tenant_index(m->plan->tenant, term, class);
	if (!index) {
		wish(m->plan, term, class);
		return false;
	}
	bool good = cd_probe_ranges(q, index, &probe);
	for (unsigned i = 0; good && i < probe.n; i++)
		good = add_part(m, s,
			(struct cd_plan_part){index->tree, probe.ranges[i].from, probe.ranges[i].to, index});
	s->way = CD_PLAN_INDEX;
	s->term = term;
	s->index = s->index ? s->index : index;
	return good && add_part(m, s, (struct cd_plan_part){index->rest, 0, 0, index});
}

static bool set_of(struct make *, const struct cd_q *, struct cd_plan_set *);

/* Of conditions that must all hold: the smallest set. */
static bool least_set(struct make *m, const struct cd_q *q, struct cd_plan_set *s)
{
	bool found = false;
	for (const struct cd_q *c = q->child; c; c = c->next) {
		struct cd_plan_set one = {.n = 0};
		if (!set_of(m, c, &one) || (found && one.n >= s->n))
			continue;
		*s = one;
		found = true;
	}
	return found;
}

/* All alternatives together; when one has no set, nor have they. */
static bool either_set(struct make *m, const struct cd_q *q, struct cd_plan_set *s)
{
	bool all = true, hopeless = false;
	const unsigned wishes = m->plan->wishes_n;
	for (const struct cd_q *c = q->child; c; c = c->next) {
		struct cd_plan_set one = {.n = 0};
		const unsigned before = m->plan->wishes_n;
		bool good = set_of(m, c, &one); /* also behind one without: it may wish for an index, too */
		hopeless = hopeless || (!good && m->plan->wishes_n == before);
		all = all && good;
		for (unsigned i = 0; all && i < one.parts_n; i++)
			all = add_part(m, s, one.parts[i]);
		if (one.way == CD_PLAN_INDEX || s->way == CD_PLAN_ALL)
			s->way = one.way;
		s->index = s->index ? s->index : one.index;
		s->term = s->term ? s->term : one.term;
	}
	if (hopeless) /* no index will ever narrow one of them, so those of the others would not help */
		m->plan->wishes_n = wishes;
	return all;
}

/* The candidates for which the condition may hold, into an empty set. False: it does not narrow. */
static bool set_of(struct make *m, const struct cd_q *q, struct cd_plan_set *s)
{
	switch (q->kind) {
	case CD_Q_NEVER:
		return true;
	case CD_Q_TYPE:
		return type_set(m, q, s);
	case CD_Q_AND:
		return least_set(m, q, s);
	case CD_Q_OR:
		return either_set(m, q, s);
	case CD_Q_COMPARE:
	case CD_Q_SCOPE:
	case CD_Q_GEO:
		return index_set(m, q, s);
	case CD_Q_ALWAYS:
	case CD_Q_ID:
	case CD_Q_PATTERN:
	case CD_Q_HAS:
	case CD_Q_LINKED:
		return false;
	}
	return false;
}

static bool points(const struct cd_plan_set *s)
{
	for (unsigned i = 0; i < s->parts_n; i++)
		if (s->parts[i].from != s->parts[i].to)
			return false;
	return s->parts_n <= POINTS_MAX;
}

static bool only_ids(const struct cd_q *q)
{
	if (q->kind != CD_Q_OR)
		return q->kind == CD_Q_ID;
	for (const struct cd_q *c = q->child; c; c = c->next)
		if (c->kind != CD_Q_ID)
			return false;
	return q->child != NULL;
}

/* What must all hold, a set for each. */
static void narrow(struct make *m, const struct cd_q *q)
{
	struct cd_plan *p = m->plan;
	if (q->kind == CD_Q_NEVER) {
		m->never = true;
	} else if (only_ids(q)) {
		m->ids = m->ids ? m->ids : q;
	} else if (q->kind == CD_Q_AND) {
		for (const struct cd_q *c = q->child; c; c = c->next)
			narrow(m, c);
	} else if (p->sets_n < CD_PLAN_SETS) {
		struct cd_plan_set *s = &p->sets[p->sets_n];
		*s = (struct cd_plan_set){.way = CD_PLAN_ALL};
		if (!set_of(m, q, s))
			return;
		s->in_order = points(s);
		p->sets_n++;
	}
}

/* ---- choosing ---- */

static double collecting(const struct cd_plan_set *s)
{
	return s->in_order ? 0 : (double)s->n / ENTRIES_PER_LOOK;
}

/* Looks at candidates of the set until there are the results wanted. */
static double looks(const struct cd_plan_set *s, double results, uint64_t wanted)
{
	double w = (double)wanted;
	return w < results ? (double)s->n * w / results : (double)s->n;
}

static double guessed_results(const struct cd_plan *p)
{
	double all = (double)p->everything.n, r = all;
	for (unsigned i = 0; i < p->sets_n; i++)
		r *= all > 0 && (double)p->sets[i].n < all ? (double)p->sets[i].n / all : 1;
	return r;
}

static const struct cd_plan_set *cheapest(const struct cd_plan *p, double results, uint64_t wanted)
{
	const struct cd_plan_set *best = &p->everything;
	double least = looks(best, results, wanted);
	for (unsigned i = 0; i < p->sets_n; i++) {
		double price = collecting(&p->sets[i]) + looks(&p->sets[i], results, wanted);
		if (price >= least)
			continue;
		best = &p->sets[i];
		least = price;
	}
	return best;
}

/* Sets that spare most of the looks which the first one needs. */
static void add_cuts(struct cd_plan *p, double need)
{
	for (unsigned i = 0; i < p->sets_n && p->used_n < CD_PLAN_USED && need > LOOKS_FEW; i++) {
		const struct cd_plan_set *s = &p->sets[i];
		if (s == p->used[0] || s->n > p->everything.n / 4 || collecting(s) > need / 2)
			continue;
		p->used[p->used_n++] = s;
		need = need * (double)s->n / (double)p->everything.n;
	}
}

/* Parts of one index stand together. */
static void mark_used(const struct cd_plan_set *s, unsigned i)
{
	const struct cd_index *index = s->parts[i].index;
	if (index && (i == 0 || s->parts[i - 1].index != index))
		cd_index_used(index);
}

static void use(struct cd_plan *p, const struct cd_plan_set *s, double need)
{
	p->used[0] = s;
	p->used_n = 1;
	p->source = NULL;
	p->collecting = p->part = 0;
	p->begun = false;
	p->candidates = s->n;
	p->price = need + collecting(s);
	if (!p->exact)
		add_cuts(p, need);
	for (unsigned i = 0; i < p->used_n; i++)
		for (unsigned k = 0; k < p->used[i]->parts_n; k++)
			mark_used(p->used[i], k);
}

static void choose(struct cd_plan *p, uint64_t wanted)
{
	const struct cd_plan_set *s = cheapest(p, p->results, wanted);
	double need = looks(s, p->results, wanted);
	p->patience = UINT64_MAX;
	if (s != cheapest(p, p->results, UINT64_MAX))
		p->patience = (uint64_t)(4 * need) + PATIENCE;
	use(p, s, need);
}

/* Guessed wrong: now as if all results were wanted. */
static void change_over(struct cd_plan *p)
{
	const struct cd_plan_set *s = cheapest(p, p->results, UINT64_MAX);
	p->patience = UINT64_MAX;
	p->changed = true;
	use(p, s, (double)s->n);
}

/* ---- sources ---- */

static void number_range(const struct cd_tenant *t, uint64_t *first, uint64_t *last)
{
	struct cd_tree_at at;
	struct cd_key key = {0, 0};
	uint64_t value, n = cd_tree_count(t->entities);
	cd_tree_select(t->entities, 0, &at);
	*first = cd_tree_next(&at, &key, &value) ? key.lo : 0;
	cd_tree_select(t->entities, n ? n - 1 : 0, &at);
	*last = cd_tree_next(&at, &key, &value) ? key.lo : 0;
}

static struct cd_source *walked(struct cd_plan *p, const struct cd_plan_set *s)
{
	struct cd_source *of[POINTS_MAX];
	for (unsigned i = 0; i < s->parts_n; i++) {
		of[i] = cd_source_key(p->arena, s->parts[i].tree, s->parts[i].from);
		if (!of[i])
			return NULL;
	}
	return s->parts_n ? cd_source_any(p->arena, of, s->parts_n) : cd_source_set(p->arena, 0, 0, 0);
}

/* So many entries of the set's parts, one part after the other; true when all are there. */
static bool collect_some(struct cd_plan *p, const struct cd_plan_set *s, struct cd_source *into)
{
	struct cd_key key;
	uint64_t value;
	for (unsigned n = 0; p->part < s->parts_n; n++) {
		const struct cd_plan_part *part = &s->parts[p->part];
		if (n == COLLECT_STEP)
			return false;
		if (!p->begun)
			cd_tree_seek(part->tree, (struct cd_key){part->from, 0}, &p->at);
		p->begun = cd_tree_next(&p->at, &key, &value) && key.hi <= part->to;
		if (!p->begun)
			p->part++;
		else if (!cd_source_add(into, key.lo))
			return no_memory(p) == CD_OK;
	}
	cd_source_ready(into);
	p->part = 0;
	return true;
}

static struct cd_source *collected(struct cd_plan *p, const struct cd_plan_set *s)
{
	uint64_t first, last;
	number_range(p->tenant, &first, &last);
	return cd_source_set(p->arena, s->n, first, last);
}

static void look_up_some(struct cd_plan *p)
{
	for (unsigned i = 0; p->ids && i < IDS_STEP; i++) {
		const struct cd_ent *e = cd_tenant_get(p->store, p->tenant, p->ids->text);
		if (e && !cd_source_add(p->sources[0], e->number))
			(void)no_memory(p);
		p->ids = p->one_id ? NULL : p->ids->next;
	}
	if (p->ids)
		return;
	cd_source_ready(p->sources[0]);
	p->source = p->sources[0];
}

/* A piece of the work before the first candidate. */
static void prepare(struct cd_plan *p)
{
	if (p->ids) {
		look_up_some(p);
		return;
	}
	while (p->collecting < p->used_n && !p->bad) {
		const struct cd_plan_set *s = p->used[p->collecting];
		struct cd_source **source = &p->sources[p->collecting];
		if (!p->begun && p->part == 0)
			*source = s->in_order ? walked(p, s) : collected(p, s);
		if (!*source)
			(void)no_memory(p);
		else if (!s->in_order && !collect_some(p, s, *source))
			return;
		p->collecting++;
	}
	if (p->bad)
		return;
	p->source = cd_source_all(p->arena, p->sources, p->used_n);
	if (!p->source)
		(void)no_memory(p);
}

/* ---- making ---- */

/* The entities of these ids: looked up in pieces, before the first candidate. */
static cd_code by_ids(struct make *m)
{
	struct cd_plan *p = m->plan;
	uint64_t n = 0, from, to;
	p->one_id = m->ids->kind == CD_Q_ID;
	p->ids = p->one_id ? m->ids : m->ids->child;
	for (const struct cd_q *c = p->ids; c; c = p->one_id ? NULL : c->next)
		n++;
	number_range(p->tenant, &from, &to);
	p->sources[0] = cd_source_set(p->arena, n, from, to);
	if (!p->sources[0])
		return cd_fail_memory(m->cx);
	p->sets[0] = (struct cd_plan_set){.way = CD_PLAN_IDS, .n = n};
	p->used[0] = &p->sets[0];
	p->used_n = 1;
	p->candidates = n;
	return CD_OK;
}

static bool all_of_them(const struct cd_q *q)
{
	return !q || q->kind == CD_Q_ALWAYS;
}

static void nothing_at_all(struct cd_plan *p)
{
	p->used[0] = &nothing;
	p->used_n = 1;
	p->candidates = 0;
}

cd_code cd_plan_make(struct cd_cx *cx, struct cd_arena *arena, struct cd_store *s, const struct cd_tenant *t,
	const struct cd_q *q, uint64_t wanted, struct cd_plan *p)
{
	struct make m = {.cx = cx, .plan = p};
	*p = (struct cd_plan){.arena = arena,
		.store = s,
		.tenant = t,
		.patience = UINT64_MAX,
		.worth = cx->set->index_worth};
	p->whole = (struct cd_plan_part){t->entities, 0, 0, NULL};
	p->everything = (struct cd_plan_set){.way = CD_PLAN_ALL,
		.n = cd_tenant_count(t),
		.parts = &p->whole,
		.parts_n = 1,
		.in_order = true};
	if (q)
		narrow(&m, q);
	if (p->bad)
		return cd_fail_memory(cx);
	p->results = guessed_results(p);
	bool one_type = q && q->kind == CD_Q_TYPE;
	p->exact = !cd_tenant_expired(t, cx->now) && (all_of_them(q) || m.never || one_type);
	if (m.never)
		nothing_at_all(p);
	else if (m.ids)
		return by_ids(&m);
	else if (p->exact)
		use(p, one_type ? &p->sets[0] : &p->everything, p->results);
	else
		choose(p, wanted);
	return CD_OK;
}

/* ---- going through them ---- */

void cd_plan_skip(struct cd_plan *p, uint64_t n)
{
	struct cd_tree_at at;
	struct cd_key key;
	uint64_t value;
	const struct cd_plan_part *part = p->used[0]->parts;
	if (n == 0 || p->used[0]->parts_n == 0)
		return;
	uint64_t first = cd_tree_rank(part->tree, (struct cd_key){part->from, 0});
	cd_tree_select(part->tree, n < UINT64_MAX - first ? first + n : UINT64_MAX, &at);
	p->next = cd_tree_next(&at, &key, &value) && key.hi == part->from ? key.lo : UINT64_MAX;
}

void cd_plan_after(struct cd_plan *p, uint64_t number)
{
	p->next = number == UINT64_MAX ? number : number + 1;
	p->ahead_i = p->ahead_n = 0;
}

static void tell_wishes(struct cd_plan *p)
{
	for (unsigned i = 0; i < p->wishes_n; i++)
		cd_index_ask(p->store, p->tenant, p->wishes[i].term, p->wishes[i].class);
	p->wishes_n = 0;
}

/* Some candidates at once: while one is judged, the others come from memory. */
static enum cd_found look_ahead(struct cd_plan *p)
{
	enum cd_found f = CD_FOUND;
	p->ahead_i = p->ahead_n = 0;
	while (f == CD_FOUND && p->ahead_n < CD_PLAN_AHEAD) {
		uint64_t number;
		f = cd_source_seek(p->source, p->next, &number);
		if (f == CD_FOUND_END)
			break;
		p->next = f == CD_FOUND ? number + 1 : number;
		const struct cd_ent *e = f == CD_FOUND ? cd_tenant_near(p->tenant, &p->near, number) : NULL;
		if (e)
			p->ahead[p->ahead_n++] = e;
	}
	return f;
}

bool cd_plan_next(struct cd_plan *p, const struct cd_ent **ret)
{
	*ret = NULL;
	if (p->ahead_i == p->ahead_n) {
		if (p->bad || p->used[0]->way == CD_PLAN_NOTHING)
			return false;
		if (p->looked > p->patience)
			change_over(p);
		if (!p->source) {
			prepare(p);
			return !p->bad;
		}
		if (look_ahead(p) == CD_FOUND_END && p->ahead_n == 0)
			return false;
		if (p->ahead_n == 0)
			return true;
	}
	*ret = p->ahead[p->ahead_i++];
	if (++p->looked >= p->worth && p->wishes_n)
		tell_wishes(p);
	return true;
}
