/*
 * One job on the private root: what a change does is decided by cd_ent_apply, what that means for trees,
 * names, log and tenants is done here.
 *
 * The order within a change follows from what can be undone. First everything that may refuse it alone and
 * leaves nothing behind: the decision, bounds, the block. Then names and contexts: once known they stay
 * known, whoever needed them. Then the log, then the trees; a failure there throws the whole batch away.
 *
 * Names are interned only by what is accepted, but a decision needs their numbers: they are decided on with
 * the numbers they will get, which no other thread can take in between. A report of a refused change names
 * them as the fragment did.
 *
 * Every name in the table is in the log before the next delta, whether this batch brought it or one that was
 * thrown away.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/store_int.h"

/* Source texts of @contexts are kept for the followers of the log only: few and small, or not at all. */
enum { CONTEXT_TEXT_MAX = 64 * 1024, CONTEXTS_BYTES_MAX = 32 * 1024 * 1024 };
enum { SMALL_GROWTH = 64, RECORD_ROOM = 4096, LAPSES_MAX = 1000 };

static const struct cd_tenant nobody; /* the tenant that its first accepted change will make */

struct step {
	struct cd_batch *batch;
	struct cd_job *job;
	struct cd_cx cx;
	uint32_t tenant;         /* UINT32_MAX: not made yet */
	struct cd_change change; /* its fragment has numbers for all names */
	const struct cd_change *asked;
	const cd_term *map; /* numbers of the fragment's own names */
	struct cd_block *old;
	bool lapsed; /* old has expired and makes room for a new entity */
	struct cd_applied applied;
	uint32_t context;
};

static cd_code no_room(struct cd_cx *cx, const char *what)
{
	return cd_fail(cx, CD_E_FULL, NULL, "There is no room for more %s", what);
}

/* ---- names ---- */

/* Numbers of the fragment's own names: known ones, then those that new ones will get. Names given twice count
 * once. */
static cd_code plan_names(struct step *p, cd_term **ret_map)
{
	const struct cd_change *ch = p->asked;
	const struct cd_store *s = p->batch->store;
	uint32_t known = cd_names_count(s->names), fresh = 0, mask = 15;
	while (mask < ch->names_n * 2)
		mask = mask * 2 + 1;
	cd_term *map = CD_NEWS(p->cx.arena, cd_term, ch->names_n);
	uint32_t *seen = CD_NEWS(p->cx.arena, uint32_t, mask + 1);
	if (!map || !seen)
		return cd_fail_memory(&p->cx);
	for (uint32_t i = 0; i < ch->names_n; i++) {
		map[i] = cd_names_find(s->names, ch->names[i]);
		if (map[i])
			continue;
		uint32_t at = (uint32_t)cd_hash64(ch->names[i], s->id_seed) & mask;
		while (seen[at] && !cd_str_eq(ch->names[seen[at] - 1], ch->names[i]))
			at = (at + 1) & mask;
		if (!seen[at]) {
			seen[at] = i + 1;
			map[i] = known + ++fresh;
		} else {
			map[i] = map[seen[at] - 1];
		}
	}
	if (fresh && known + (uint64_t)fresh > s->set->names_max)
		return no_room(&p->cx, "type and attribute names");
	*ret_map = map;
	return CD_OK;
}

static cd_code number_names(struct step *p)
{
	cd_term *map = NULL;
	struct cd_ent *renamed;
	p->change = *p->asked;
	p->map = NULL;
	if (p->asked->names_n == 0 || !p->asked->frag)
		return CD_OK;
	cd_code code = plan_names(p, &map);
	if (!code)
		code = cd_ent_rename(&p->cx, p->asked->frag, map, &renamed);
	if (code)
		return code;
	p->map = map;
	p->change.frag = renamed;
	return CD_OK;
}

/* In the order of plan_names, so that each gets the number it was promised. */
static cd_code keep_names(struct step *p)
{
	struct cd_store *s = p->batch->store;
	for (uint32_t i = 0; p->map && i < p->asked->names_n; i++)
		if (!cd_names_add(s->names, p->asked->names[i]))
			return cd_fail_memory(&p->cx);
	return CD_OK;
}

static void keep_context(struct step *p)
{
	struct cd_store *s = p->batch->store;
	cd_str text = p->asked->context;
	p->context = text.n ? cd_names_find(s->contexts, text) : 0;
	if (p->context || text.n == 0 || text.n > CONTEXT_TEXT_MAX ||
		text.n > CONTEXTS_BYTES_MAX - s->contexts_bytes)
		return;
	p->context = cd_names_add(s->contexts, text);
	s->contexts_bytes += p->context ? text.n : 0;
}

/* A name that the table does not know goes back into the number it had in the fragment. */
static cd_term as_asked(const struct step *p, cd_term term)
{
	uint32_t known = cd_names_count(p->batch->store->names);
	for (uint32_t i = 0; term > known && i < p->asked->names_n; i++)
		if (p->map[i] == term)
			return CD_TERM_LOCAL | i;
	return term;
}

static cd_code report_names(struct step *p, struct cd_report *r)
{
	if (!p->map)
		return CD_OK;
	r->term = as_asked(p, r->term);
	if (r->updated_n + r->not_updated_n == 0)
		return CD_OK;
	cd_term *updated = CD_NEWS(p->cx.arena, cd_term, r->updated_n + 1);
	struct cd_not_updated *not = CD_NEWS(p->cx.arena, struct cd_not_updated, r->not_updated_n + 1);
	if (!updated || !not )
		return cd_fail_memory(&p->cx);
	for (uint32_t i = 0; i < r->updated_n; i++)
		updated[i] = as_asked(p, r->updated[i]);
	for (uint32_t i = 0; i < r->not_updated_n; i++)
		not [i] = (struct cd_not_updated){
			as_asked(p, r->not_updated[i].term), r->not_updated[i].reason};
	r->updated = updated;
	r->not_updated = not ;
	return CD_OK;
}

/* ---- deciding ---- */

static bool has_expired(const struct cd_ent *e, cd_time_us now)
{
	return e->expires != CD_STAMP_NONE && cd_stamp_us(e->expires) <= now;
}

static cd_code decide(struct step *p)
{
	const struct cd_root *root = p->batch->root;
	const struct cd_tenant *t = p->tenant == UINT32_MAX ? &nobody : root->tenants[p->tenant];
	p->old = cd_tenant_find(root->id_seed, t, p->asked->id);
	bool makes = p->asked->verb == CD_VERB_CREATE || p->asked->verb == CD_VERB_UPSERT;
	bool expired = p->old && has_expired(&p->old->ent, p->cx.now);
	p->lapsed = expired && makes;
	cd_code code = number_names(p);
	if (code)
		return code;
	return cd_ent_apply(&p->cx, p->old ? &p->old->ent : NULL,
		p->old && (!expired || p->asked->verb == CD_VERB_LAPSE) ? p->old->ent.number
									: root->next_number,
		root->version + 1 + p->lapsed, &p->change, &p->applied);
}

static cd_code check_count(struct step *p)
{
	uint64_t max = p->job->entities_max, n = 0;
	if (p->tenant != UINT32_MAX)
		n = cd_tenant_count(p->batch->root->tenants[p->tenant]);
	if (max == 0 || n < max || p->old || !p->applied.block)
		return CD_OK;
	return cd_fail(&p->cx, CD_E_FULL, NULL, "There are %llu already, and no more may be added",
		(unsigned long long)n);
}

/*
 * Bounds of memory and disk stop only what makes the twin larger. Near the bound of memory updates may still
 * add the time of a change to an entity that had none; on a full disk the log's reserve is kept for what
 * makes room.
 */
static cd_code check_room(struct step *p)
{
	struct cd_store *s = p->batch->store;
	uint64_t now = p->applied.block ? p->applied.block->bytes : 0, old = p->old ? p->old->ent.bytes : 0;
	if (now < old)
		return CD_OK;
	cd_code code = check_count(p);
	if (code)
		return code;
	if (p->batch->shrink_only)
		return no_room(&p->cx, "data on the disk");
	p->batch->growing = true;
	uint64_t used = cd_reclaim_bytes(&s->reclaim);
	if ((now > old + SMALL_GROWTH && used >= s->memory_max / 100 * 95) ||
		(now > old && used >= s->memory_max))
		return no_room(&p->cx, "data in memory");
	if (p->tenant == UINT32_MAX && p->batch->root->tenants_n >= s->set->tenants_max)
		return no_room(&p->cx, "tenants");
	return CD_OK;
}

/* ---- the log ---- */

static cd_code put_text(struct cd_batch *b, enum cd_rec_kind kind, uint32_t number, cd_str text)
{
	const uint32_t head[2] = {number, 0};
	const cd_str parts[] = {cd_str_of((const char *)head, sizeof head), text};
	return cd_log_put(b->store->log, kind, b->root->version, parts, 2);
}

static cd_code put_names(struct cd_batch *b)
{
	struct cd_store *s = b->store;
	cd_code code = CD_OK;
	for (; !code && s->names_put < cd_names_count(s->names); s->names_put += !code)
		code = put_text(b, CD_REC_NAME, s->names_put + 1, cd_names_text(s->names, s->names_put + 1));
	for (; !code && s->contexts_put < cd_names_count(s->contexts); s->contexts_put += !code)
		code = put_text(b, CD_REC_CONTEXT, s->contexts_put + 1,
			cd_names_text(s->contexts, s->contexts_put + 1));
	return code;
}

static cd_code put_delta(struct step *p, uint32_t tenant, const struct cd_ent *delta)
{
	const uint32_t head[4] = {tenant, 0, p->context, 0};
	const cd_str parts[] = {
		cd_str_of((const char *)head, sizeof head), cd_str_of((const char *)delta, delta->bytes)};
	return cd_log_put(p->batch->store->log, CD_REC_DELTA, delta->revision, parts, 2);
}

/* An entity that has lapsed leaves in a change of its own, right before the one that takes its id: its number
 * is gone. */
static cd_code delta_of_lapse(struct step *p, const struct cd_ent **ret)
{
	struct cd_cx cx = p->cx;
	const struct cd_ent *old = &p->old->ent;
	struct cd_applied gone = {0};
	const struct cd_change del = {.verb = CD_VERB_DELETE, .id = p->asked->id, .observed = CD_STAMP_NONE};
	cx.now = cd_stamp_us(old->expires) - 1; /* the last moment at which it can be deleted */
	cd_code code = cd_ent_apply(&cx, old, old->number, p->batch->root->version + 1, &del, &gone);
	if (!code && !gone.delta)
		code = cd_fail(&p->cx, CD_E_INTERNAL, NULL, "The expired entity could not be removed");
	*ret = gone.delta;
	return code;
}

/* ---- accepting ---- */

static bool room_for_accepted(struct cd_batch *b)
{
	if (b->accepted_n + 2 <= b->accepted_cap)
		return true;
	size_t cap = b->accepted_cap ? b->accepted_cap * 2 : 256;
	struct cd_accepted *more = cd_mem_realloc(b->accepted, cap * sizeof *more);
	if (more) {
		b->accepted = more;
		b->accepted_cap = cap;
	}
	return more != NULL;
}

static cd_code index_one(
	struct step *p, struct cd_block *old, struct cd_block *now, const struct cd_ent *delta)
{
	struct cd_batch *b = p->batch;
	b->accepted[b->accepted_n++] = (struct cd_accepted){p->tenant, p->context, old, now, delta};
	b->entities += (now != NULL) - (old != NULL);
	b->root->version = delta->revision;
	struct cd_tenant *t = cd_tenant_own(b, p->tenant);
	return t ? cd_index_change(b, t, old, now) : CD_E_NO_MEMORY;
}

/* From here on a failure leaves the batch half done. */
static cd_code put_all(struct step *p, const struct cd_ent *lapse, struct cd_block *now)
{
	struct cd_batch *b = p->batch;
	bool first = p->tenant == UINT32_MAX;
	uint32_t tenant = first ? b->root->tenants_n : p->tenant;
	cd_code code = first ? put_text(b, CD_REC_TENANT, tenant, p->job->tenant) : CD_OK;
	if (!code && lapse)
		code = put_delta(p, tenant, lapse);
	if (!code)
		code = put_delta(p, tenant, p->applied.delta);
	if (code && !first && !lapse) { /* nothing was put: it fails alone */
		cd_block_free(&b->store->reclaim, now);
		return cd_fail(&p->cx, code, NULL, "The change does not fit into a batch of the log");
	}
	if (!code && first)
		code = cd_tenant_add(b, p->job->tenant, &p->tenant);
	if (code) {
		cd_block_free(&b->store->reclaim, now);
		return b->bad = code;
	}
	if (lapse)
		code = index_one(p, p->old, NULL, lapse);
	if (!code)
		code = index_one(p, lapse ? NULL : p->old, now, p->applied.delta);
	else
		cd_block_free(&b->store->reclaim, now);
	return b->bad = code;
}

static cd_code accept(struct step *p)
{
	struct cd_batch *b = p->batch;
	const struct cd_ent *lapse = NULL;
	struct cd_block *now = NULL;
	cd_code code = check_room(p);
	if (!code && p->lapsed)
		code = delta_of_lapse(p, &lapse);
	if (code)
		return code;
	if (p->applied.delta->bytes > b->store->set->segment_bytes - RECORD_ROOM)
		return cd_fail(
			&p->cx, CD_E_TOO_LARGE, NULL, "The change is larger than a segment of the log");
	bool created = p->applied.block && (p->lapsed || !p->old);
	if (!room_for_accepted(b))
		return cd_fail_memory(&p->cx);
	code = keep_names(p);
	if (code)
		return code;
	keep_context(p);
	if (put_names(b))
		return cd_fail_memory(&p->cx);
	if (p->applied.block) {
		now = cd_block_new(&b->store->reclaim, b->edit.edition, p->applied.block);
		if (!now)
			return cd_fail_memory(&p->cx);
	}
	code = put_all(p, lapse, now);
	b->root->next_number += !code && created;
	return code;
}

static cd_code change_one(struct step *p, struct cd_report *report)
{
	cd_code code = decide(p);
	if (code)
		return code;
	*report = p->applied.report;
	if (report->code == CD_OK && p->applied.delta)
		return accept(p); /* its names are in the table then */
	return report_names(p, report);
}

void cd_apply_job(struct cd_batch *b, struct cd_job *job)
{
	struct step p = {.batch = b, .job = job, .tenant = cd_root_tenant_number(b->root, job->tenant)};
	for (uint32_t i = 0; i < job->n && !b->bad; i++) {
		struct cd_report *report = &job->reports[i];
		p.cx = (struct cd_cx){
			.arena = job->arena, .set = b->store->set, .now = job->now, .trace = job->trace};
		p.asked = &job->changes[i];
		p.applied = (struct cd_applied){0};
		p.context = 0;
		*report = (struct cd_report){.code = CD_OK};
		cd_code code;
		if (p.tenant == UINT32_MAX && !job->create_tenant)
			code = cd_fail(&p.cx, CD_E_NO_TENANT, "NGSILD-Tenant", "This tenant does not exist");
		else
			code = change_one(&p, report);
		if (code)
			*report = (struct cd_report){
				.code = code, .detail = p.cx.err.detail, .where = p.cx.err.where};
	}
}

/* ---- what has expired ---- */

/* The next one of a tenant, or NULL. */
static const struct cd_block *next_lapsed(const struct cd_tenant *t, cd_time_us now)
{
	struct cd_tree_at at;
	struct cd_key key;
	uint64_t value;
	cd_tree_seek(t->expiry, (struct cd_key){0, 0}, &at);
	if (!cd_tree_next(&at, &key, &value) || key.hi > cd_key_of_time(now))
		return NULL;
	return cd_tree_get(t->entities, (struct cd_key){0, key.lo}, &value)
		       ? (const struct cd_block *)(uintptr_t)value
		       : NULL;
}

bool cd_lapse_due(const struct cd_root *root, cd_time_us now)
{
	for (uint32_t i = 0; i < root->tenants_n; i++)
		if (cd_tenant_expired(root->tenants[i], now))
			return true;
	return false;
}

void cd_apply_lapsed(struct cd_batch *b, struct cd_arena *arena, cd_time_us now)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < b->root->tenants_n; i++) {
		const struct cd_block *block;
		while (n < LAPSES_MAX && !b->bad && (block = next_lapsed(b->root->tenants[i], now)) != NULL) {
			struct cd_report report = {.code = CD_OK};
			struct cd_change change = {.verb = CD_VERB_LAPSE,
				.id = cd_arena_copy(arena, cd_ent_id(&block->ent)),
				.observed = CD_STAMP_NONE};
			struct cd_job job = {.tenant = cd_tenant_name(b->root->tenants[i]),
				.n = 1,
				.changes = &change,
				.reports = &report,
				.arena = arena,
				.now = now};
			if (!change.id.p)
				return;
			cd_apply_job(b, &job);
			if (report.code) /* no memory: the next batch tries again */
				return;
			n++;
		}
	}
}
