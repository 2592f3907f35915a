/*
 * What has expired leaves. [CIM 009 4.22]
 *
 * Instances and sub-attributes go without a trace in modifiedAt: nobody changed the entity. Whole entities
 * are the caller's: they are deleted.
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

void cd_work_lapse(struct cd_work *w)
{
	for (uint32_t i = 0; i < w->olds && !w->failed; i++) {
		struct cd_slot *slot = &w->slots[i];
		if (!cd_node_alive(w->old, slot->old, w->cx->now)) {
			cd_work_remove(w, slot);
		} else if (lapsed_below(w->old, slot->old, w->cx->now)) {
			slot->now = pruned(w, slot->old);
			slot->touched = w->touched = true;
		}
	}
	w->out.modified = w->old->modified;
}
