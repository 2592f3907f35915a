/*
 * What a change does to an entity. [CIM 009 5.6]
 *
 * The old block becomes a list of slots, one for each top-level instance, untouched ones taken over as they
 * are. The verb edits slots, types, scope and expiry; at the end the slots are packed into the new block, and
 * those that were touched into the delta. Nothing else decides: replay feeds the delta through the same slots
 * (apply_delta.c), so the same bytes come out.
 */
#include "model/apply_int.h"

/* ---- slots ---- */

void cd_work_oom(struct cd_work *w)
{
	w->failed = true;
	(void)cd_fail_memory(w->cx);
}

void cd_work_refuse(struct cd_work *w, cd_code code, const char *where, const char *detail)
{
	if (w->report->code)
		return;
	w->report->code = code;
	w->report->where = where;
	w->report->term = w->term;
	w->report->detail = detail ? detail : cd_code_title(code);
}

static bool add_slot(struct cd_work *w, struct cd_slot slot)
{
	if (w->slots_n == w->slots_cap) {
		cd_work_oom(w); /* capacity was counted before: never happens */
		return false;
	}
	w->slots[w->slots_n++] = slot;
	return true;
}

struct cd_loose *cd_work_take(struct cd_work *w, const struct cd_ent *e, const struct cd_node *n)
{
	struct cd_loose *l = cd_loose_new(w->cx->arena, 0, n->kind);
	if (!l) {
		cd_work_oom(w);
		return NULL;
	}
	l->of = e;
	l->node = n;
	return l;
}

static bool open_slots(struct cd_work *w)
{
	uint32_t olds = w->old ? w->old->tops : 0;
	w->slots_cap = olds + (w->frag ? w->frag->tops : 0);
	w->slots = CD_NEWS(w->cx->arena, struct cd_slot, w->slots_cap + 1);
	w->updated = CD_NEWS(w->cx->arena, cd_term, w->slots_cap + 2);
	w->refused = CD_NEWS(w->cx->arena, struct cd_not_updated, w->slots_cap + 2);
	if (!w->slots || !w->updated || !w->refused) {
		cd_work_oom(w);
		return false;
	}
	for (uint32_t i = 0; i < olds; i++) {
		const struct cd_node *n = cd_ent_nodes(w->old) + i;
		struct cd_slot slot = {.term = n->term,
			.dataset = cd_node_dataset(w->old, n),
			.old = n,
			.now = cd_work_take(w, w->old, n)};
		if (!slot.now || !add_slot(w, slot))
			return false;
	}
	w->olds = olds;
	return true;
}

static int compare(const struct cd_slot *slot, cd_term term, cd_str dataset)
{
	if (slot->term != term)
		return slot->term < term ? -1 : 1;
	return cd_str_cmp(slot->dataset, dataset);
}

struct cd_slot *cd_work_find(struct cd_work *w, cd_term term, cd_str dataset)
{
	uint32_t lo = 0, hi = w->olds;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (compare(&w->slots[mid], term, dataset) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < w->olds && compare(&w->slots[lo], term, dataset) == 0 ? &w->slots[lo] : NULL;
}

/* The same, unless it has expired. */
static struct cd_slot *find_living(struct cd_work *w, cd_term term, cd_str dataset)
{
	struct cd_slot *slot = cd_work_find(w, term, dataset);
	return slot && slot->now ? slot : NULL;
}

/* Instances come sorted, so those of one name follow one another. */
static void mark_updated(struct cd_work *w, cd_term term)
{
	if (w->updated_n == 0 || w->updated[w->updated_n - 1] != term)
		w->updated[w->updated_n++] = term;
}

static void mark_refused(struct cd_work *w, cd_term term, const char *reason)
{
	if (w->refused_n == 0 || w->refused[w->refused_n - 1].term != term)
		w->refused[w->refused_n++] = (struct cd_not_updated){term, reason};
}

static void touch(struct cd_work *w, struct cd_slot *slot)
{
	slot->touched = true;
	w->touched = true;
	mark_updated(w, slot->term);
}

void cd_work_remove(struct cd_work *w, struct cd_slot *slot)
{
	slot->now = NULL;
	touch(w, slot);
}

struct cd_slot *cd_work_set(struct cd_work *w, const struct cd_node *n)
{
	cd_str dataset = cd_node_dataset(w->frag, n);
	struct cd_slot *slot = cd_work_find(w, n->term, dataset);
	w->term = n->term;
	cd_stamp created = slot && slot->now ? cd_ent_stamp(w->old, slot->old->created) : w->now;
	bool replay =
		w->change->verb == CD_VERB_DELTA; /* what was stored once holds nothing to be left out */
	struct cd_loose *l = replay ? cd_work_take(w, w->frag, n) : cd_work_fresh(w, n, created);
	if (!l)
		return NULL;
	if (!slot) {
		if (!add_slot(w, (struct cd_slot){.term = n->term, .dataset = dataset}))
			return NULL;
		slot = &w->slots[w->slots_n - 1];
	}
	slot->now = l;
	touch(w, slot);
	return slot;
}

/* ---- types, scope, expiry ---- */

static void add_scopes(const struct cd_ent *e, cd_str *list, uint32_t *n)
{
	for (unsigned i = 0; i < e->scopes; i++)
		list[(*n)++] = cd_ent_at(e, cd_ent_scopes(e)[i]);
}

/* Scopes of `a`, then of `b`; either may be NULL. */
static void set_scopes(struct cd_work *w, const struct cd_ent *a, const struct cd_ent *b)
{
	uint32_t n = 0, cap = (a ? a->scopes : 0u) + (b ? b->scopes : 0u);
	cd_str *list = CD_NEWS(w->cx->arena, cd_str, cap + 1);
	if (!list) {
		cd_work_oom(w);
		return;
	}
	if (a)
		add_scopes(a, list, &n);
	if (b)
		add_scopes(b, list, &n);
	w->out.scopes = list;
	w->out.scopes_n = n;
}

static void union_types(struct cd_work *w)
{
	const struct cd_ent *f = w->frag;
	uint32_t n = w->out.types_n;
	cd_term *list = CD_NEWS(w->cx->arena, cd_term, n + f->types + 1u);
	if (!list) {
		cd_work_oom(w);
		return;
	}
	if (n)
		memcpy(list, w->out.types, n * sizeof *list);
	for (unsigned i = 0; i < f->types; i++) {
		cd_term t = cd_ent_types(f)[i];
		if (w->old && cd_ent_has_type(w->old, t))
			continue;
		list[n++] = t;
		w->types_changed = w->touched = true;
	}
	w->out.types = list;
	w->out.types_n = n;
}

static void replace_scope(struct cd_work *w)
{
	set_scopes(w, w->frag, NULL);
	w->scope_changed = w->touched = true;
	mark_updated(w, 0);
}

/* What each verb does to the scope. [CIM 009 4.18] */
static void fragment_scope(struct cd_work *w)
{
	const struct cd_ent *f = w->frag;
	bool null = f->flags & CD_ENT_SCOPE_NULL;
	if (!(f->flags & CD_ENT_SCOPE) && !null)
		return;
	if (w->change->verb == CD_VERB_APPEND && (w->change->flags & CD_CHANGE_NO_OVERWRITE)) {
		set_scopes(w, w->old, f);
		w->scope_changed = w->touched = true;
		mark_updated(w, 0);
		return;
	}
	bool update = w->change->verb == CD_VERB_UPDATE || w->change->verb == CD_VERB_UPSERT;
	if (update && w->old->scopes == 0)
		mark_refused(w, 0, "The entity has no scope that could be updated");
	else if (!null || w->old->scopes)
		replace_scope(w);
}

static void fragment_expiry(struct cd_work *w)
{
	if (!(w->frag->flags & CD_ENT_EXPIRES))
		return;
	w->out.expires = w->frag->expires;
	w->expires_changed = w->touched = true;
}

/* What a fragment says about the entity itself. */
static void fragment_head(struct cd_work *w)
{
	if (w->frag->types)
		union_types(w);
	fragment_scope(w);
	fragment_expiry(w);
}

/* ---- verbs ---- */

static const struct cd_node *frag_top(const struct cd_work *w, uint32_t i)
{
	return cd_ent_nodes(w->frag) + i;
}

static bool has_nulls(const struct cd_work *w)
{
	bool any = w->frag->flags & CD_ENT_SCOPE_NULL;
	for (uint32_t i = 0; i < w->frag->tops && !any; i++)
		any = frag_top(w, i)->flags & CD_NODE_NULL;
	return any;
}

/* A whole new entity; what was there before is gone, but for its createdAt. */
static void whole(struct cd_work *w)
{
	if (has_nulls(w)) {
		cd_work_refuse(w, CD_E_BAD_REQUEST_DATA, NULL,
			"The NGSI-LD null can only be merged into what exists");
		return;
	}
	const struct cd_ent *old = w->old;
	w->old = NULL; /* nothing of it is taken over */
	w->slots_n = w->olds = 0;
	for (uint32_t i = 0; i < w->frag->tops; i++)
		(void)cd_work_set(w, frag_top(w, i));
	w->out.types_n = 0;
	union_types(w);
	set_scopes(w, w->frag, NULL);
	w->out.expires = w->frag->expires;
	w->out.created = old ? old->created : w->now;
	w->touched = true;
	w->old = old;
}

static void append(struct cd_work *w)
{
	bool keep = w->change->flags & CD_CHANGE_NO_OVERWRITE;
	fragment_head(w);
	for (uint32_t i = 0; i < w->frag->tops; i++) {
		const struct cd_node *n = frag_top(w, i);
		if (keep && find_living(w, n->term, cd_node_dataset(w->frag, n)))
			mark_refused(w, n->term, "The attribute exists and was not to be overwritten");
		else
			(void)cd_work_set(w, n);
	}
}

static void update(struct cd_work *w)
{
	fragment_head(w);
	for (uint32_t i = 0; i < w->frag->tops; i++) {
		const struct cd_node *n = frag_top(w, i);
		if (!(n->flags & CD_NODE_NULL)) {
			(void)cd_work_set(w, n);
			continue;
		}
		struct cd_slot *slot = find_living(w, n->term, cd_node_dataset(w->frag, n));
		if (slot)
			cd_work_remove(w, slot);
		else
			mark_refused(w, n->term, "There is no such attribute to be deleted");
	}
}

static void merge(struct cd_work *w)
{
	fragment_head(w);
	for (uint32_t i = 0; i < w->frag->tops; i++) {
		const struct cd_node *n = frag_top(w, i);
		struct cd_slot *slot = find_living(w, n->term, cd_node_dataset(w->frag, n));
		if (slot && (n->flags & CD_NODE_NULL))
			cd_work_remove(w, slot);
		else if (slot)
			cd_work_merge(w, slot, n);
		else if (!(n->flags & CD_NODE_NULL))
			(void)cd_work_set(w, n);
	}
}

static struct cd_slot *addressed(struct cd_work *w, cd_str dataset)
{
	struct cd_slot *slot = w->change->attr ? find_living(w, w->change->attr, dataset) : NULL;
	if (!slot)
		cd_work_refuse(w, CD_E_NOT_FOUND, "attrId",
			"The entity has no such attribute, or not with this datasetId");
	return slot;
}

static void partial(struct cd_work *w)
{
	const struct cd_node *n = frag_top(w, 0);
	struct cd_slot *slot = addressed(w, cd_node_dataset(w->frag, n));
	if (slot && (n->flags & CD_NODE_NULL))
		cd_work_remove(w, slot);
	else if (slot)
		cd_work_partial(w, slot, n);
}

static void replace_attr(struct cd_work *w)
{
	const struct cd_node *n = frag_top(w, 0);
	if (addressed(w, cd_node_dataset(w->frag, n)))
		(void)cd_work_set(w, n);
}

static void delete_scope(struct cd_work *w)
{
	if (w->old->scopes == 0) {
		cd_work_refuse(w, CD_E_NOT_FOUND, "attrId", "The entity has no scope");
		return;
	}
	w->out.scopes_n = 0;
	w->scope_changed = w->touched = true;
}

static void delete_attr(struct cd_work *w)
{
	bool all = w->change->flags & CD_CHANGE_DELETE_ALL, any = false;
	if (w->change->flags & CD_CHANGE_SCOPE) {
		delete_scope(w);
		return;
	}
	for (uint32_t i = 0; w->change->attr && i < w->slots_n; i++) {
		struct cd_slot *slot = &w->slots[i];
		if (slot->term != w->change->attr || (!all && !cd_str_eq(slot->dataset, w->change->dataset)))
			continue;
		if (!slot->now) /* expired */
			continue;
		cd_work_remove(w, slot);
		any = true;
	}
	if (!any)
		cd_work_refuse(w, CD_E_NOT_FOUND, "attrId",
			"The entity has no such attribute, or not with this datasetId");
}

static void run_verb(struct cd_work *w)
{
	switch (w->change->verb) {
	case CD_VERB_CREATE:
	case CD_VERB_REPLACE:
		whole(w);
		break;
	case CD_VERB_UPSERT:
		if (w->old && (w->change->flags & CD_CHANGE_UPDATE))
			update(w);
		else
			whole(w);
		break;
	case CD_VERB_MERGE:
		merge(w);
		break;
	case CD_VERB_APPEND:
		append(w);
		break;
	case CD_VERB_UPDATE:
		update(w);
		break;
	case CD_VERB_PARTIAL:
		partial(w);
		break;
	case CD_VERB_REPLACE_ATTR:
		replace_attr(w);
		break;
	case CD_VERB_DELETE_ATTR:
		delete_attr(w);
		break;
	case CD_VERB_LAPSE:
		cd_work_lapse(w);
		break;
	case CD_VERB_DELTA:
		cd_work_delta(w);
		break;
	case CD_VERB_DELETE:
	case CD_VERB_N:
		break;
	}
}

/* ---- packing what came of it ---- */

static void link_slots(struct cd_work *w, struct cd_loose_ent *out)
{
	struct cd_loose **at = &out->child;
	for (uint32_t i = 0; i < w->slots_n; i++) {
		if (!w->slots[i].now)
			continue;
		*at = w->slots[i].now;
		at = &(*at)->next;
	}
	*at = NULL;
}

static cd_code pack_block(struct cd_work *w, struct cd_applied *ret)
{
	struct cd_ent *block;
	link_slots(w, &w->out);
	cd_code code = cd_ent_pack(w->cx, &w->out, &block);
	if (!code)
		ret->block = block;
	return code;
}

/* The whole entity again, marked as a delta. */
static cd_code whole_delta(struct cd_work *w, struct cd_applied *ret)
{
	struct cd_ent *delta = cd_arena_alloc(w->cx->arena, ret->block->bytes);
	if (!delta)
		return cd_fail_memory(w->cx);
	memcpy(delta, ret->block, ret->block->bytes);
	delta->flags |= CD_ENT_DELTA | CD_ENT_WHOLE;
	ret->delta = delta;
	return CD_OK;
}

static struct cd_loose *gone(struct cd_work *w, const struct cd_slot *slot)
{
	struct cd_loose *l = cd_loose_new(w->cx->arena, slot->term, CD_KIND_NONE);
	if (l) {
		l->flags = CD_NODE_GONE;
		if (slot->dataset.n)
			l->meta[CD_META_DATASET] = slot->dataset;
	}
	return l;
}

/* A copy of the head, because a loose node hangs in one list only. */
static struct cd_loose *again(struct cd_work *w, const struct cd_loose *l)
{
	struct cd_loose *copy = CD_NEW(w->cx->arena, struct cd_loose);
	if (copy) {
		*copy = *l;
		copy->next = NULL;
	}
	return copy;
}

/* What was removed counts in a delta, but not against the bounds of an entity. */
static cd_code pack_delta(struct cd_work *w, const struct cd_loose_ent *d, struct cd_ent **ret)
{
	const struct cd_settings *set = w->cx->set;
	struct cd_settings wide = *set;
	wide.attributes_max = UINT32_MAX;
	wide.entity_max = UINT32_MAX;
	w->cx->set = &wide;
	cd_code code = cd_ent_pack(w->cx, d, ret);
	w->cx->set = set;
	return code;
}

static cd_code parts_delta(struct cd_work *w, struct cd_applied *ret)
{
	struct cd_loose_ent d = w->out;
	struct cd_loose **at = &d.child;
	struct cd_ent *delta;
	d.flags = CD_ENT_DELTA | (w->types_changed ? CD_ENT_TYPES : 0u) |
		  (w->scope_changed ? CD_ENT_SCOPE : 0u) | (w->expires_changed ? CD_ENT_EXPIRES : 0u);
	if (!w->types_changed)
		d.types_n = 0;
	if (!w->scope_changed)
		d.scopes_n = 0;
	if (!w->expires_changed)
		d.expires = CD_STAMP_NONE;
	for (uint32_t i = 0; i < w->slots_n; i++) {
		const struct cd_slot *slot = &w->slots[i];
		if (!slot->touched || (!slot->now && !slot->old))
			continue;
		*at = slot->now ? again(w, slot->now) : gone(w, slot);
		if (!*at)
			return cd_fail_memory(w->cx);
		at = &(*at)->next;
	}
	*at = NULL;
	cd_code code = pack_delta(w, &d, &delta);
	if (!code)
		ret->delta = delta;
	return code;
}

static cd_code deleted_delta(struct cd_work *w, struct cd_applied *ret)
{
	struct cd_ent *delta;
	struct cd_loose_ent d = w->out;
	d.flags = CD_ENT_DELTA | CD_ENT_DELETED;
	d.types_n = d.scopes_n = 0;
	d.child = NULL;
	cd_code code = cd_ent_pack(w->cx, &d, &delta);
	if (!code)
		ret->delta = delta;
	return code;
}

/* ---- the function ---- */

static bool makes_entities(const struct cd_change *c)
{
	return c->verb == CD_VERB_CREATE || c->verb == CD_VERB_UPSERT ||
	       (c->verb == CD_VERB_DELTA && (c->frag->flags & CD_ENT_WHOLE));
}

static cd_str message(struct cd_work *w, const char *fmt)
{
	return cd_arena_printf(w->cx->arena, "%s " CD_STR_FMT, fmt, CD_STR_ARG(w->change->id));
}

/* 404 and 409, and the type condition of the operation. */
static void check_existence(struct cd_work *w)
{
	if (!w->old && !makes_entities(w->change))
		cd_work_refuse(w, CD_E_NOT_FOUND, NULL, message(w, "There is no entity").p);
	else if (w->old && w->change->verb == CD_VERB_CREATE)
		cd_work_refuse(w, CD_E_ALREADY_EXISTS, NULL, message(w, "There already is an entity").p);
	else if (w->old && w->change->types && cd_q_eval(w->change->types, w->old, NULL) != CD_TRUE)
		cd_work_refuse(w, CD_E_NOT_FOUND, "type", "The entity is of other types");
}

static void begin_out(struct cd_work *w, uint64_t number, uint64_t revision)
{
	cd_loose_ent_init(&w->out);
	w->out.id = w->old ? cd_ent_id(w->old) : w->change->id;
	w->out.number = number;
	w->out.revision = revision;
	w->out.created = w->now;
	w->out.modified = w->now;
	if (!w->old)
		return;
	w->out.created = w->old->created;
	w->out.expires = w->old->expires;
	w->out.types = cd_ent_types(w->old);
	w->out.types_n = w->old->types;
	set_scopes(w, w->old, NULL);
}

static cd_code finish(struct cd_work *w, struct cd_applied *ret)
{
	bool replaces =
		w->change->verb == CD_VERB_CREATE || w->change->verb == CD_VERB_REPLACE ||
		(w->change->verb == CD_VERB_UPSERT && !(w->old && (w->change->flags & CD_CHANGE_UPDATE)));
	ret->report.updated = w->updated;
	ret->report.updated_n = w->updated_n;
	ret->report.not_updated = w->refused;
	ret->report.not_updated_n = w->refused_n;
	ret->report.created = !w->old;
	if (!w->touched) {
		ret->block = w->old;
		return CD_OK;
	}
	if (w->change->verb == CD_VERB_DELTA) {
		ret->delta = w->frag;
		return pack_block(w, ret);
	}
	cd_code code = pack_block(w, ret);
	if (code)
		return code;
	return replaces ? whole_delta(w, ret) : parts_delta(w, ret);
}

/* A block that breaks a bound of its own making is the client's fault, not ours: it becomes the report. */
static cd_code as_report(struct cd_work *w, struct cd_applied *ret)
{
	struct cd_err err = w->cx->err;
	if (err.code == CD_E_NO_MEMORY)
		return err.code;
	*ret = (struct cd_applied){.report = {.code = err.code, .detail = err.detail, .where = err.where}};
	cd_cx_clear(w->cx);
	return CD_OK;
}

cd_code cd_ent_apply(struct cd_cx *cx, const struct cd_ent *old, uint64_t number, uint64_t revision,
	const struct cd_change *change, struct cd_applied *ret)
{
	struct cd_work w = {.cx = cx, .change = change, .frag = change->frag, .now = cd_stamp_of(cx->now, 6)};
	*ret = (struct cd_applied){.block = NULL};
	w.report = &ret->report;
	bool expired = old && old->expires != CD_STAMP_NONE && cd_stamp_us(old->expires) <= cx->now;
	bool seen = !expired || change->verb == CD_VERB_DELTA || change->verb == CD_VERB_LAPSE;
	w.old = seen ? old : NULL;
	check_existence(&w);
	if (w.report->code)
		return CD_OK;
	begin_out(&w, number, revision);
	if (change->verb == CD_VERB_DELETE || (change->verb == CD_VERB_LAPSE && expired))
		return w.failed ? cx->err.code : deleted_delta(&w, ret);
	if (change->verb == CD_VERB_DELTA && (change->frag->flags & CD_ENT_DELETED)) {
		ret->delta = change->frag;
		return CD_OK;
	}
	if (!w.failed && open_slots(&w)) {
		if (change->verb != CD_VERB_DELTA && change->verb != CD_VERB_LAPSE)
			(void)cd_work_prune(&w);
		run_verb(&w);
	}
	if (w.failed)
		return as_report(&w, ret);
	if (w.report->code)
		return CD_OK;
	cd_code code = finish(&w, ret);
	return code ? as_report(&w, ret) : CD_OK;
}
