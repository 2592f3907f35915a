/*
 * store/uses.h -- who uses which attribute: for each type (and for none) and attribute, how many entities
 * have it, and as which kinds. What discovery answers from. [CIM 009 5.7.5 to 5.7.10]
 *
 * The tree `uses` of a tenant: {type << 32 | attribute, kind} -> count; type 0 with kind 0 counts each entity
 * once. A batch collects its changes here and writes them into the trees at its end, so that a thousand
 * entities of one kind cost a few writes.
 */
#ifndef CD_STORE_USES_H
#define CD_STORE_USES_H

#include "base/err.h"
#include "model/entity.h"

struct cd_use {
	uint32_t tenant;
	cd_term type, attribute;
	uint32_t kind;
	int64_t n;
};
struct cd_uses {
	struct cd_use *slots;
	size_t n, mask;
};

void cd_uses_done(struct cd_uses *);
void cd_uses_clear(struct cd_uses *); /* keeps its memory, unless that has grown large */
/* One entity more (old NULL), fewer (now NULL), or changed. CD_E_NO_MEMORY leaves it half counted. */
cd_code cd_uses_change(struct cd_uses *, uint32_t tenant, const struct cd_ent *old, const struct cd_ent *now);

#endif
