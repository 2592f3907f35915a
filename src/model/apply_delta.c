/*
 * Replay: a delta put onto the block it was made from. Every instance in it is whole and carries its times,
 * so the same slots come out as when the change was first applied, and with them the same bytes.
 */
#include "model/apply_int.h"

static void set_as_it_is(struct cd_work *w, const struct cd_node *n)
{
	struct cd_slot *slot = cd_work_set(w, n);
	if (!slot)
		return;
	slot->now->created = cd_ent_stamp(w->frag, n->created);
	slot->now->modified = cd_ent_stamp(w->frag, n->modified);
}

static void replay_lists(struct cd_work *w)
{
	const struct cd_ent *d = w->frag;
	bool whole = d->flags & CD_ENT_WHOLE;
	if (whole || (d->flags & CD_ENT_TYPES)) {
		w->out.types = cd_ent_types(d);
		w->out.types_n = d->types;
	}
	if (whole || (d->flags & CD_ENT_SCOPE)) {
		cd_str *list = CD_NEWS(w->cx->arena, cd_str, d->scopes + 1u);
		if (!list) {
			cd_work_oom(w);
			return;
		}
		for (unsigned i = 0; i < d->scopes; i++)
			list[i] = cd_ent_at(d, cd_ent_scopes(d)[i]);
		w->out.scopes = list;
		w->out.scopes_n = d->scopes;
	}
	if (whole || (d->flags & CD_ENT_EXPIRES))
		w->out.expires = d->expires;
}

void cd_work_delta(struct cd_work *w)
{
	const struct cd_ent *d = w->frag;
	if (d->flags & CD_ENT_WHOLE)
		w->slots_n = w->olds = 0;
	for (uint32_t i = 0; i < d->tops; i++) {
		const struct cd_node *n = cd_ent_nodes(d) + i;
		struct cd_slot *slot = cd_work_find(w, n->term, cd_node_dataset(d, n));
		if (!(n->flags & CD_NODE_GONE))
			set_as_it_is(w, n);
		else if (slot)
			cd_work_remove(w, slot);
	}
	replay_lists(w);
	w->out.created = d->created;
	w->out.modified = d->modified;
	w->out.number = d->number;
	w->out.revision = d->revision;
	w->touched = true;
}
