/*
 * An entity as JSON: what of it is shown, and in which frame. [CIM 009 4.5, 4.21; RFC 7946]
 */
#include "repr/out_int.h"

#include <stdlib.h>

/* ---- instances of one attribute ---- */

bool cd_out_wants_dataset(const struct cd_write *w, const struct cd_node *n)
{
	const struct cd_out *out = w->out;
	cd_str dataset = cd_node_dataset(w->e, n);
	if (out->datasets_n == 0)
		return true;
	for (uint32_t i = 0; i < out->datasets_n; i++)
		if (cd_str_eq(out->datasets[i], dataset.n ? dataset : CD_STR("@none")))
			return true;
	return false;
}

static bool shown(const struct cd_write *w, const struct cd_node *n, bool below)
{
	/* before datasets there was one instance of each */
	bool extra = cd_node_dataset(w->e, n).n && !cd_out_knows(w, 3);
	return cd_node_alive(w->e, n, w->out->now) && !extra && (below || cd_out_wants_dataset(w, n));
}

static void put_list(struct cd_write *w, const struct cd_node *n, uint32_t count, bool below)
{
	bool any = false;
	cd_buf_char(w->b, '[');
	for (uint32_t i = 0; i < count; i++) {
		if (!shown(w, &n[i], below))
			continue;
		if (any)
			cd_buf_char(w->b, ',');
		any = true;
		cd_put_instance(w, &n[i], false);
	}
	cd_buf_char(w->b, ']');
}

/* {"dataset":{"@none":v,"urn:...":v}} [4.5.5] */
static void put_datasets(struct cd_write *w, const struct cd_node *n, uint32_t count, bool below)
{
	bool any = false;
	CD_BUF_LIT(w->b, "{\"dataset\":{");
	for (uint32_t i = 0; i < count; i++) {
		cd_str dataset = cd_node_dataset(w->e, &n[i]);
		if (!shown(w, &n[i], below))
			continue;
		if (any)
			cd_buf_char(w->b, ',');
		any = true;
		cd_json_write_string(w->b, dataset.n ? dataset : CD_STR("@none"));
		cd_buf_char(w->b, ':');
		cd_put_instance(w, &n[i], false);
	}
	CD_BUF_LIT(w->b, "}}");
}

static void put_attr(struct cd_write *w, const struct cd_node *n, uint32_t count, bool below)
{
	const struct cd_node *first = NULL;
	uint32_t visible = 0;
	for (uint32_t i = 0; i < count; i++)
		if (shown(w, &n[i], below) && visible++ == 0)
			first = &n[i];
	if (!first)
		return;
	cd_buf_char(w->b, ',');
	cd_put_name(w, n->term);
	cd_buf_char(w->b, ':');
	if (visible == 1)
		cd_put_instance(w, first, true);
	else if (w->out->form == CD_SIMPLIFIED)
		put_datasets(w, n, count, below);
	else
		put_list(w, n, count, below);
}

static bool picked(const struct cd_write *w, cd_term term)
{
	if (w->pick && !cd_pick_find(w->pick, term))
		return false;
	const struct cd_pick_item *left = w->omit ? cd_pick_find(w->omit, term) : NULL;
	return !left || left->below;
}

static uint32_t instances(const struct cd_node *nodes, uint32_t n)
{
	uint32_t count = 1;
	while (count < n && nodes[count].term == nodes[0].term)
		count++;
	return count;
}

static int by_rank(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* `n` terms, each with its place, in the order wanted: rank << 32 | place. NULL: out of memory. */
static uint64_t *ranked(struct cd_write *w, const cd_term *terms, size_t stride, uint32_t n)
{
	uint64_t *order = cd_arena_alloc(w->scratch, n * sizeof *order);
	if (!order) {
		w->b->bad = CD_E_NO_MEMORY;
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++) {
		cd_term term = *(const cd_term *)(const void *)((const char *)terms + i * stride);
		order[i] = (uint64_t)w->out->rank[term] << 32 | i;
	}
	qsort(order, n, sizeof *order, by_rank);
	return order;
}

static void put_attrs_ranked(struct cd_write *w, const struct cd_node *nodes, uint32_t n, bool below)
{
	const uint64_t *order = ranked(w, &nodes->term, sizeof *nodes, n);
	for (uint32_t i = 0, count; order && i < n; i += count) {
		const struct cd_node *first = &nodes[(uint32_t)order[i]];
		count = instances(first, n - (uint32_t)order[i]);
		if (below || picked(w, first->term))
			put_attr(w, first, count, below);
	}
}

void cd_put_attrs(struct cd_write *w, const struct cd_node *nodes, uint32_t n, bool below)
{
	if (w->out->rank && n > 1) {
		put_attrs_ranked(w, nodes, n, below);
		return;
	}
	for (uint32_t i = 0, count; i < n; i += count) {
		count = instances(&nodes[i], n - i);
		if (below || picked(w, nodes[i].term))
			put_attr(w, &nodes[i], count, below);
	}
}

/* ---- the entity's own members ---- */

static bool shows_id(const struct cd_write *w)
{
	return (!w->pick || w->shown_by_attrs || w->pick->id) && !(w->omit && w->omit->id);
}

static bool shows_type(const struct cd_write *w)
{
	return (!w->pick || w->shown_by_attrs || w->pick->type) && !(w->omit && w->omit->type);
}

static bool shows_scope(const struct cd_write *w)
{
	return w->e->scopes && cd_out_knows(w, 4) && (!w->pick || w->shown_by_attrs || w->pick->scope) &&
	       !(w->omit && w->omit->scope);
}

static void put_id(struct cd_write *w)
{
	CD_BUF_LIT(w->b, ",\"id\":");
	cd_json_write_string(w->b, cd_ent_id(w->e));
}

static void put_types(struct cd_write *w)
{
	const cd_term *types = cd_ent_types(w->e);
	unsigned n = w->e->types < 2 || cd_out_knows(w, 3) ? w->e->types : 1;
	const uint64_t *order = w->out->rank && n > 1 ? ranked(w, types, sizeof *types, n) : NULL;
	CD_BUF_LIT(w->b, ",\"type\":");
	if (n > 1)
		cd_buf_char(w->b, '[');
	for (unsigned i = 0; i < n; i++) {
		if (i)
			cd_buf_char(w->b, ',');
		cd_put_name(w, types[order ? (uint32_t)order[i] : i]);
	}
	if (n > 1)
		cd_buf_char(w->b, ']');
}

static void put_scopes(struct cd_write *w)
{
	const struct cd_ref *scopes = cd_ent_scopes(w->e);
	CD_BUF_LIT(w->b, ",\"scope\":");
	if (w->e->scopes > 1)
		cd_buf_char(w->b, '[');
	for (unsigned i = 0; i < w->e->scopes; i++) {
		if (i)
			cd_buf_char(w->b, ',');
		cd_json_write_string(w->b, cd_ent_at(w->e, scopes[i]));
	}
	if (w->e->scopes > 1)
		cd_buf_char(w->b, ']');
}

static void put_stamp(struct cd_buf *b, cd_str begin, cd_stamp stamp)
{
	if (stamp == CD_STAMP_NONE)
		return;
	cd_buf_put(b, begin);
	cd_buf_stamp(b, stamp);
	cd_buf_char(b, '"');
}

static void put_times(struct cd_write *w)
{
	if (w->e->expires == CD_STAMP_NONE || cd_out_knows(w, 9))
		put_stamp(w->b, CD_STR(",\"expiresAt\":\""), w->e->expires);
	if (!w->out->sys_attrs)
		return;
	put_stamp(w->b, CD_STR(",\"createdAt\":\""), w->e->created);
	put_stamp(w->b, CD_STR(",\"modifiedAt\":\""), w->e->modified);
}

/* Every member brings a comma: the first one becomes the brace. */
static void put_members(struct cd_write *w, bool with_id)
{
	size_t at = w->b->n;
	if (with_id && shows_id(w))
		put_id(w);
	if (shows_type(w))
		put_types(w);
	if (shows_scope(w))
		put_scopes(w);
	cd_put_attrs(w, cd_ent_nodes(w->e), w->e->tops, false);
	if (w->out->sys_attrs || w->out->expiry)
		put_times(w);
	if (w->b->bad)
		return;
	if (w->b->n == at)
		cd_buf_char(w->b, '{');
	else
		w->b->p[at] = '{';
}

/* ---- GeoJSON ---- */

/* The instance that is the Feature's geometry: the default one; with datasetId the first of those that is
 * there. [4.5.16.1] */
static const struct cd_node *geometry_of(const struct cd_write *w)
{
	const struct cd_out *out = w->out;
	const struct cd_node *found = NULL;
	uint32_t wanted = out->datasets_n ? out->datasets_n : 1;
	for (uint32_t i = 0; i < wanted && !found; i++) {
		cd_str dataset = out->datasets_n ? out->datasets[i] : CD_STR("@none");
		if (cd_str_eq(dataset, CD_STR("@none")))
			dataset = cd_str_of(NULL, 0);
		found = cd_nodes_instance(w->e, cd_ent_nodes(w->e), w->e->tops, out->geometry, dataset);
		if (found && (found->kind != CD_GEO_PROPERTY || !cd_node_alive(w->e, found, out->now)))
			found = NULL;
	}
	return found;
}

static void put_geometry(struct cd_write *w)
{
	const struct cd_node *n = geometry_of(w);
	CD_BUF_LIT(w->b, ",\"geometry\":");
	cd_buf_put(w->b, n ? cd_node_value(w->e, n) : CD_STR("null"));
}

static void put_feature(struct cd_write *w)
{
	if (shows_id(w)) {
		CD_BUF_LIT(w->b, "{\"id\":");
		cd_json_write_string(w->b, cd_ent_id(w->e));
		CD_BUF_LIT(w->b, ",\"type\":\"Feature\"");
	} else {
		CD_BUF_LIT(w->b, "{\"type\":\"Feature\"");
	}
	put_geometry(w);
	CD_BUF_LIT(w->b, ",\"properties\":");
	put_members(w, false);
	cd_buf_char(w->b, '}');
}

/* ---- all of it ---- */

void cd_put_entity(struct cd_write *w)
{
	if (w->out->geojson && !w->chain.up)
		put_feature(w);
	else
		put_members(w, true);
}

static struct cd_write begin(
	struct cd_buf *b, struct cd_arena *scratch, const struct cd_out *out, const struct cd_ent *e)
{
	return (struct cd_write){.b = b,
		.scratch = scratch,
		.out = out,
		.e = e,
		.pick = out->pick,
		.omit = out->omit,
		.shown_by_attrs = out->attrs,
		.chain = {.id = cd_ent_id(e)},
		.level = out->join ? out->join->level : 0};
}

void cd_repr_out(struct cd_buf *b, struct cd_arena *scratch, const struct cd_out *out, const struct cd_ent *e)
{
	struct cd_write w = begin(b, scratch, out, e);
	(void)cd_buf_room(b, e->bytes); /* about what it takes; what is missing is made when it is */
	cd_put_entity(&w);
	if (out->with_context) {
		bool empty = !b->bad && b->p[b->n - 1] == '{';
		cd_buf_put(b, empty ? CD_STR("\"@context\":") : CD_STR(",\"@context\":"));
		cd_buf_put(b, cd_ctx_source(out->ctx ? out->ctx : cd_ctx_core()));
	}
	cd_buf_char(b, '}');
}

bool cd_repr_shows(const struct cd_out *out, const struct cd_ent *e)
{
	struct cd_write w = begin(NULL, NULL, out, e);
	const struct cd_node *nodes = cd_ent_nodes(e);
	for (uint32_t i = 0; i < e->tops; i++)
		if (picked(&w, nodes[i].term) && shown(&w, &nodes[i], false))
			return true;
	return false;
}

bool cd_repr_any(const struct cd_out *out, const struct cd_ent *e)
{
	struct cd_write w = begin(NULL, NULL, out, e);
	return shows_id(&w) || shows_type(&w) || shows_scope(&w) || cd_repr_shows(out, e);
}
