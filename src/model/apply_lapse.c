/*
 * What has expired leaves. [CIM 009 4.22]
 *
 * Instances and sub-attributes go without a trace in modifiedAt: nobody changed the entity. Whole entities
 * are the caller's: they are deleted. A change meets an entity without them, though they may still be stored:
 * they leave the block with the next change that touches it.
 */
#include "model/apply_int.h"

static bool lapsed_below(const struct cd_ent *e, const struct cd_node *n, cd_time_us now)
{
	const struct cd_node *child = cd_ent_nodes(e) + n->child;
	for (uint16_t i = 0; i < n->children; i++)
		if (!cd_node_alive(e, &child[i], now) || lapsed_below(e, &child[i], now))
			return true;
	return false;
}

/* The node without the sub-attributes that have expired; NULL: failed. */
static struct cd_loose *pruned(struct cd_work *w, const struct cd_node *n)
{
	struct cd_loose *l = cd_loose_open(w->cx->arena, w->old, n);
	if (!l) {
		cd_work_oom(w);
		return NULL;
	}
	for (struct cd_loose **at = &l->child; *at;) {
		const struct cd_node *child = (*at)->node;
		if (!cd_node_alive(w->old, child, w->cx->now)) {
			*at = (*at)->next;
			continue;
		}
		if (lapsed_below(w->old, child, w->cx->now)) {
			struct cd_loose *less = pruned(w, child);
			if (!less)
				return NULL;
			less->next = (*at)->next;
			*at = less;
		}
		at = &(*at)->next;
	}
	return l;
}

static bool expires(const struct cd_ent *e)
{
	for (uint32_t i = 0; i < e->nodes; i++)
		if (cd_ent_nodes(e)[i].expires)
			return true;
	return false;
}

bool cd_work_prune(struct cd_work *w)
{
	bool any = false;
	if (!w->old || !expires(w->old))
		return false;
	for (uint32_t i = 0; i < w->olds && !w->failed; i++) {
		struct cd_slot *slot = &w->slots[i];
		if (!cd_node_alive(w->old, slot->old, w->cx->now))
			slot->now = NULL;
		else if (lapsed_below(w->old, slot->old, w->cx->now))
			slot->now = pruned(w, slot->old);
		else
			continue;
		slot->touched = any = true;
	}
	return any;
}

void cd_work_lapse(struct cd_work *w)
{
	w->touched = cd_work_prune(w);
	w->out.modified = w->old->modified;
}
