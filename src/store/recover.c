/*
 * Recovery: the checkpoint, then the log's tail.
 *
 * Entities come out of the checkpoint in key order, so their trees are filled densely from the left; ids and
 * types are collected and sorted by radix. Then each delta behind the checkpoint is applied by the same
 * function that decided it. What the checkpoint already holds (its block's revision is not older than the
 * delta) is passed over, which makes good a checkpoint that was cut short: it has newer blocks under an older
 * meta, up to meta.target. Only there may a delta find that its entity is gone already.
 *
 * Nodes and blocks that are loaded are born with the checkpoint's version, those of the replay right after
 * it: so the next checkpoint writes what the replay changed, and nothing else.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/sort.h"
#include "store/store_int.h"

/* What had not expired when a delta was accepted must not count as expired when it is applied again. */
#define LONG_AGO (-((cd_time_us)1 << 58))

struct recovery {
	struct cd_store *store;
	struct cd_batch *batch;         /* the private root */
	struct cd_edit load;            /* born with the checkpoint */
	struct cd_arena scratch;        /* of one delta */
	struct cd_tree_build *entities; /* of the tenant that is being loaded */
	struct cd_mortal *loaded;       /* all blocks of the checkpoint, for the case that loading fails */
	struct cd_pairs ids, types;
	uint32_t tenant;
	uint64_t newest; /* revision */
};

/* ---- loading the checkpoint ---- */

static cd_code add_name(
	struct cd_cx *cx, struct cd_names *table, const char *what, uint32_t number, cd_str text)
{
	if (number <= cd_names_count(table) && cd_str_eq(cd_names_text(table, number), text))
		return CD_OK;
	if (number != cd_names_count(table) + 1 || text.n == 0 || cd_names_find(table, text))
		return cd_fail(
			cx, CD_E_CORRUPT, NULL, "%s number %u is out of order", what, (unsigned)number);
	return cd_names_add(table, text) ? CD_OK : cd_fail_memory(cx);
}

static cd_code on_name(void *arg, struct cd_cx *cx, uint32_t number, cd_str text)
{
	struct recovery *r = arg;
	return add_name(cx, r->store->names, "Name", number, text);
}

static cd_code on_context(void *arg, struct cd_cx *cx, uint32_t number, cd_str text)
{
	struct recovery *r = arg;
	uint32_t before = cd_names_count(r->store->contexts);
	cd_code code = add_name(cx, r->store->contexts, "Context", number, text);
	r->store->contexts_bytes += !code && number > before ? text.n : 0;
	return code;
}

static cd_code on_tenant(void *arg, struct cd_cx *cx, uint32_t number, cd_str name)
{
	struct recovery *r = arg;
	struct cd_root *root = r->batch->root;
	if (number < root->tenants_n && cd_str_eq(cd_tenant_name(root->tenants[number]), name))
		return CD_OK;
	if (number != root->tenants_n || (name.n == 0) != (number == 0))
		return cd_fail(cx, CD_E_CORRUPT, NULL, "Tenant number %u is out of order", (unsigned)number);
	return cd_tenant_add(r->batch, name, &number) ? cd_fail_memory(cx) : CD_OK;
}

static cd_code build_sorted(struct cd_edit *e, struct cd_pairs *pairs, struct cd_tree *ret)
{
	struct cd_tree_build *b = cd_tree_build_new(e);
	if (!b)
		return CD_E_NO_MEMORY;
	if (!cd_pairs_sort(pairs)) {
		(void)cd_tree_build_end(b, ret);
		return CD_E_NO_MEMORY;
	}
	for (size_t i = 0; i < pairs->n; i++)
		(void)cd_tree_build_put(b, pairs->at[i], 0); /* sticky: the end tells */
	pairs->n = 0;
	return cd_tree_build_end(b, ret);
}

/* All entities of a tenant are there: hang its trees in. */
static cd_code end_tenant(struct recovery *r)
{
	if (!r->entities)
		return CD_OK;
	struct cd_tenant *t = r->batch->root->tenants[r->tenant];
	cd_code code = cd_tree_build_end(r->entities, &t->entities);
	r->entities = NULL;
	if (!code)
		code = build_sorted(&r->load, &r->ids, &t->ids);
	return code ? code : build_sorted(&r->load, &r->types, &t->types);
}

static cd_code begin_tenant(struct cd_cx *cx, struct recovery *r, uint32_t tenant)
{
	if (end_tenant(r))
		return cd_fail_memory(cx);
	if (tenant >= r->batch->root->tenants_n || cd_tree_count(r->batch->root->tenants[tenant]->entities))
		return cd_fail(cx, CD_E_CORRUPT, NULL, "Entities of an unknown tenant %u", (unsigned)tenant);
	r->tenant = tenant;
	r->entities = cd_tree_build_new(&r->load);
	return r->entities ? CD_OK : cd_fail_memory(cx);
}

static cd_code on_entity(void *arg, struct cd_cx *cx, uint32_t tenant, const struct cd_ent *e)
{
	struct recovery *r = arg;
	struct cd_store *s = r->store;
	if (!r->entities || tenant != r->tenant) {
		cd_code code = begin_tenant(cx, r, tenant);
		if (code)
			return code;
	}
	struct cd_block *b = cd_block_new(&s->reclaim, r->load.edition, e);
	if (!b)
		return cd_fail_memory(cx);
	b->life.dead = r->loaded; /* the link is free as long as the block lives */
	r->loaded = &b->life;
	bool ok = !cd_tree_build_put(r->entities, (struct cd_key){0, e->number}, (uintptr_t)b) &&
		  cd_pairs_add(&r->ids, (struct cd_key){cd_hash64(cd_ent_id(e), s->id_seed), e->number});
	for (uint16_t i = 0; ok && i < e->types; i++)
		ok = cd_pairs_add(&r->types, (struct cd_key){cd_ent_types(e)[i], e->number});
	cd_time_us lapse = cd_ent_lapse(e);
	struct cd_tenant *t = r->batch->root->tenants[tenant];
	if (ok && lapse != INT64_MAX)
		ok = !cd_tree_put(&r->load, &t->expiry, (struct cd_key){cd_key_of_time(lapse), e->number}, 0,
			NULL, NULL);
	ok = ok && !cd_uses_change(&r->batch->uses, tenant, NULL, e);
	t->bytes += e->bytes;
	r->newest = e->revision > r->newest ? e->revision : r->newest;
	return ok ? CD_OK : cd_fail_memory(cx);
}

/* ---- replaying the log ---- */

static void tell_participants(struct recovery *r, const struct cd_event *event)
{
	for (const struct cd_participant *const *at = r->store->participants; at && *at; at++)
		if ((*at)->event)
			(*at)->event((*at)->arg, event, true);
}

static cd_code replay_block(struct cd_cx *cx, struct recovery *r, uint32_t tenant, struct cd_block *old,
	const struct cd_applied *applied, const struct cd_event *event)
{
	struct cd_batch *b = r->batch;
	struct cd_block *now = NULL;
	struct cd_tenant *t = cd_tenant_own(b, tenant);
	if (t && applied->block)
		now = cd_block_new(b->edit.reclaim, b->edit.edition, applied->block);
	if (!t || (applied->block && !now))
		return cd_fail_memory(cx);
	struct cd_event told = *event;
	told.now = now ? &now->ent : NULL;
	tell_participants(r, &told); /* before `old` is freed */
	if (!cd_index_change(b, t, old, now))
		return CD_OK;
	/* What is in the tree is freed with it, the other one here. */
	uint64_t value = 0;
	(void)cd_tree_get(t->entities, (struct cd_key){0, event->delta->number}, &value);
	struct cd_block *lost = now && value == (uintptr_t)now ? old : now;
	if (lost)
		cd_block_free(b->edit.reclaim, lost);
	return cd_fail_memory(cx);
}

struct replayed {
	uint32_t tenant, context;
	const struct cd_ent *delta;
	struct cd_block *old;
};

static cd_code read_delta(
	struct cd_cx *cx, struct recovery *r, const struct cd_rec *rec, struct replayed *ret)
{
	const struct cd_root *root = r->batch->root;
	uint32_t head[4];
	if (rec->payload.n < sizeof head)
		return cd_fail(
			cx, CD_E_CORRUPT, NULL, "A delta at %llu is too short", (unsigned long long)rec->at);
	memcpy(head, rec->payload.p, sizeof head);
	const struct cd_ent *delta = (const struct cd_ent *)(const void *)(rec->payload.p + sizeof head);
	const char *bad = cd_ent_validate(delta, rec->payload.n - sizeof head);
	if (bad || head[0] >= root->tenants_n)
		return cd_fail(cx, CD_E_CORRUPT, NULL, "The delta at %llu is damaged: %s",
			(unsigned long long)rec->at, bad ? bad : "no such tenant");
	*ret = (struct replayed){.tenant = head[0], .context = head[2], .delta = delta};
	uint64_t value = 0;
	if (cd_tree_get(root->tenants[head[0]]->entities, (struct cd_key){0, delta->number}, &value))
		ret->old = (struct cd_block *)(uintptr_t)value;
	return CD_OK;
}

/* The checkpoint holds what this delta did: its block is as new, or it is gone by a deletion that came later.
 */
static bool is_past(const struct recovery *r, const struct replayed *d)
{
	if (d->old)
		return d->old->ent.revision >= d->delta->revision;
	return !(d->delta->flags & CD_ENT_WHOLE) && d->delta->revision <= r->store->meta.target;
}

static cd_code on_delta(struct cd_cx *cx, struct recovery *r, const struct cd_rec *rec)
{
	struct cd_root *root = r->batch->root;
	struct replayed d = {0};
	cd_code code = read_delta(cx, r, rec, &d);
	if (code)
		return code;
	const struct cd_ent *old = d.old ? &d.old->ent : NULL;
	r->newest = d.delta->revision > r->newest ? d.delta->revision : r->newest;
	if (d.delta->number >= root->next_number)
		root->next_number = d.delta->number + 1;
	if (is_past(r, &d))
		return CD_OK;
	struct cd_applied applied = {0};
	const struct cd_change change = {
		.verb = CD_VERB_DELTA, .id = cd_ent_id(d.delta), .frag = d.delta, .observed = CD_STAMP_NONE};
	code = cd_ent_apply(cx, old, d.delta->number, d.delta->revision, &change, &applied);
	if (code == CD_E_NO_MEMORY)
		return cd_fail_memory(cx);
	if (code || applied.report.code || (!old && !applied.block))
		return cd_fail(cx, CD_E_CORRUPT, NULL, "The delta at %llu does not fit the entity it changes",
			(unsigned long long)rec->at);
	const struct cd_event event = {
		.revision = d.delta->revision,
		.tenant = d.tenant,
		.old = old,
		.delta = d.delta,
		.context = cd_names_text(r->store->contexts, d.context),
	};
	return replay_block(cx, r, d.tenant, d.old, &applied, &event);
}

static cd_code on_text(struct cd_cx *cx, struct recovery *r, const struct cd_rec *rec)
{
	uint32_t head[2];
	if (rec->payload.n < sizeof head)
		return cd_fail(
			cx, CD_E_CORRUPT, NULL, "A record at %llu is too short", (unsigned long long)rec->at);
	memcpy(head, rec->payload.p, sizeof head);
	cd_str text = cd_str_skip(rec->payload, sizeof head);
	if (rec->kind == CD_REC_NAME)
		return on_name(r, cx, head[0], text);
	if (rec->kind == CD_REC_CONTEXT)
		return on_context(r, cx, head[0], text);
	return on_tenant(r, cx, head[0], text);
}

static cd_code on_record(void *arg, struct cd_cx *cx, const struct cd_rec *rec)
{
	struct recovery *r = arg;
	if (rec->kind != CD_REC_DELTA)
		return on_text(cx, r, rec);
	struct cd_cx mine = *cx; /* the memory of one delta */
	mine.arena = &r->scratch;
	mine.now = LONG_AGO;
	cd_code code = on_delta(&mine, r, rec);
	if (code)
		(void)cd_fail(cx, code, NULL, "%s",
			mine.err.detail ? mine.err.detail : "a delta could not be applied");
	cd_arena_reset(&r->scratch);
	return code;
}

/* ---- all of it ---- */

static void unload(struct recovery *r)
{
	struct cd_tree half = {NULL};
	if (r->entities && !cd_tree_build_end(r->entities, &half))
		cd_tree_drop(&r->load, &half);
	for (uint32_t i = 0; i < r->batch->root->tenants_n; i++) {
		struct cd_tenant *t = r->batch->root->tenants[i];
		cd_tree_drop(&r->load, &t->entities);
		cd_tree_drop(&r->load, &t->ids);
		cd_tree_drop(&r->load, &t->types);
		cd_tree_drop(&r->load, &t->uses);
		cd_tree_drop(&r->load, &t->expiry);
	}
	for (struct cd_mortal *m = r->loaded, *next; m; m = next) {
		next = m->dead;
		cd_block_free(&r->store->reclaim, (struct cd_block *)(void *)m);
	}
}

static cd_code load_checkpoint(struct cd_cx *cx, struct recovery *r)
{
	const struct cd_ckpt_load load = {r, on_name, on_context, on_tenant, on_entity};
	struct cd_store *s = r->store;
	uint32_t tenant;
	r->load.edition = r->batch->edit.edition;
	s->kept = r->load.edition;
	cd_code code = cd_tenant_add(r->batch, cd_str_of(NULL, 0), &tenant);
	if (code)
		return cd_fail_memory(cx);
	code = s->meta.version || s->meta.target ? cd_ckpt_load(cx, s->ckpt, &load) : CD_OK;
	if (!code && (end_tenant(r) || cd_index_flush(r->batch)))
		code = cd_fail_memory(cx);
	if (code)
		unload(r);
	return code;
}

static cd_code replay_log(struct cd_cx *cx, struct recovery *r)
{
	struct cd_store *s = r->store;
	char path[CD_STORE_PATH];
	cd_code code = cd_store_path(cx, s->folder, "log", path);
	if (code)
		return code;
	r->batch->edit.edition = ++r->batch->root->edition; /* newer than the checkpoint */
	const struct cd_log_config conf = {
		.fs = s->fs,
		.set = s->set,
		.metrics = s->metrics,
		.folder = path,
		.from = s->meta.log_position,
		.from_batch = s->meta.batch,
		.read_only = s->read_only,
		.sync = !cd_str_eq(cd_str_z(s->set->durability), CD_STR("os")),
	};
	return cd_log_open(cx, &conf, on_record, r, &s->log);
}

/* The root becomes the newest one even after a failure: cd_store_forget then frees it like any other. */
static void publish(struct recovery *r, struct cd_version *v)
{
	struct cd_store *s = r->store;
	struct cd_root *root = r->batch->root;
	root->version = r->newest > s->meta.version ? r->newest : s->meta.version;
	if (s->meta.target > root->version)
		root->version = s->meta.target;
	root->log_bytes = s->log ? cd_log_position(s->log) : 0;
	root->batch = s->log ? cd_log_batch(s->log) : 0;
	cd_batch_publish(r->batch, v);
}

static cd_code open_checkpoint(struct cd_cx *cx, struct cd_store *s)
{
	char path[CD_STORE_PATH];
	cd_code code = cd_store_path(cx, s->folder, "checkpoint", path);
	if (!code)
		code = cd_ckpt_open(
			cx, s->fs, path, s->set->checkpoint_map, s->read_only, &s->ckpt, &s->meta);
	if (code)
		return code;
	if (s->meta.version || s->meta.target)
		s->id_seed = s->meta.id_seed;
	return CD_OK;
}

cd_code cd_recover(struct cd_cx *cx, struct cd_store *s)
{
	struct recovery r = {.store = s, .batch = &s->batch, .load = {.reclaim = &s->reclaim}};
	cd_code code = open_checkpoint(cx, s);
	struct cd_version *v = cd_mem_zalloc(sizeof *v);
	if (!code && (!v || cd_batch_begin(r.batch, s)))
		code = cd_fail_memory(cx);
	if (code) {
		cd_mem_free(v);
		return code;
	}
	cd_arena_init(&r.scratch, s->set->request_memory);
	if (s->meta.next_number > r.batch->root->next_number)
		r.batch->root->next_number = s->meta.next_number;
	code = load_checkpoint(cx, &r);
	if (!code)
		code = replay_log(cx, &r);
	if (!code && cd_index_flush(r.batch))
		code = cd_fail_memory(cx);
	s->names_durable = cd_names_count(s->names);
	s->contexts_durable = cd_names_count(s->contexts);
	publish(&r, v);
	cd_pairs_done(&r.ids);
	cd_pairs_done(&r.types);
	cd_arena_done(&r.scratch);
	return code;
}
