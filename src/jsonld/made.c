/*
 * Layers by what they were made of: the active context and the local one.
 *
 * A document often carries the same context on each of its nodes, and a scoped context is used wherever its
 * term is. A local context of a node is recognised by its content, a scoped one by its place; both over the
 * very same active context, so that what is made over them in turn is found again, too.
 */
#include "jsonld/active.h"

#include "base/hash.h"

struct cd_jld_made {
	struct cd_jld_made *next;
	uint64_t hash;
	const struct cd_jld_ctx *under, *result;
	const struct cd_json *local;
	unsigned how; /* bits of the flags it was made with */
};
enum { SCOPED = 1, OVERRIDE = 2, APART = 4 };

static bool grow(struct cd_jld *j)
{
	uint32_t n = j->made ? (j->made_mask + 1) * 4 : 64, old_n = j->made ? j->made_mask + 1 : 0;
	struct cd_jld_made **old = j->made, **table = CD_NEWS(j->arena, struct cd_jld_made *, n);
	if (!table) {
		(void)cd_fail_memory(j->cx);
		return false;
	}
	for (uint32_t i = 0; i < old_n; i++)
		for (struct cd_jld_made *m = old[i], *next; m; m = next) {
			next = m->next;
			m->next = table[m->hash & (n - 1)];
			table[m->hash & (n - 1)] = m;
		}
	j->made = table;
	j->made_mask = n - 1;
	return true;
}

static struct cd_jld_made *find(struct cd_jld *j, const struct cd_jld_made *key)
{
	struct cd_jld_made *m = j->made ? j->made[key->hash & j->made_mask] : NULL;
	for (; m; m = m->next)
		if (m->hash == key->hash && m->under == key->under && m->how == key->how &&
			(m->local == key->local ||
				(!(key->how & SCOPED) && cd_jld_equal(m->local, key->local))))
			return m;
	return NULL;
}

static bool remember(struct cd_jld *j, const struct cd_jld_made *made)
{
	if ((!j->made || j->made_n > j->made_mask) && !grow(j))
		return false;
	struct cd_jld_made *m = CD_NEW(j->arena, struct cd_jld_made);
	if (!m) {
		(void)cd_fail_memory(j->cx);
		return false;
	}
	*m = *made;
	m->next = j->made[m->hash & j->made_mask];
	j->made[m->hash & j->made_mask] = m;
	j->made_n++;
	return true;
}

static const struct cd_jld_ctx *make(struct cd_jld *j, struct cd_jld_made *key, cd_str base)
{
	const struct cd_jld_how how = {
		.base = base, .override = (key->how & OVERRIDE) != 0, .apart = (key->how & APART) != 0};
	const uintptr_t parts[] = {(uintptr_t)key->under, key->how};
	key->hash = cd_hash64(cd_str_of((const char *)parts, sizeof parts), key->hash);
	const struct cd_jld_made *m = find(j, key);
	if (m)
		return m->result;
	key->result = cd_jld_process(j, key->under, key->local, &how);
	return key->result && remember(j, key) ? key->result : NULL;
}

const struct cd_jld_ctx *cd_jld_embedded(
	struct cd_jld *j, const struct cd_jld_ctx *active, const struct cd_json *local)
{
	struct cd_jld_made key = {.hash = cd_jld_hash(local), .under = active, .local = local};
	return make(j, &key, j->base);
}

const struct cd_jld_ctx *cd_jld_scoped(struct cd_jld *j, const struct cd_jld_ctx *active,
	const struct cd_jld_term *term, bool override, bool apart)
{
	if (!term || !term->context)
		return active;
	struct cd_jld_made key = {.hash = (uintptr_t)term->context,
		.under = active,
		.local = term->context,
		.how = SCOPED | (override ? OVERRIDE : 0) | (apart ? APART : 0)};
	return make(j, &key, term->context_base);
}
