/*
 * ops/source.h -- sets of entities as ascending numbers, each once: what a plan draws its candidates from.
 *
 * Entries of one key in a tree of the store {key, entity number} lie in that order already and are walked
 * where they are. A range of keys does not: its entries are collected first, few into a list, many into bits.
 * Sources are put together: any of them, or all of them, by jumping from one to where the other is. Nothing
 * here is exact or complete by itself; the evaluator decides about each entity.
 */
#ifndef CD_OPS_SOURCE_H
#define CD_OPS_SOURCE_H

#include "base/arena.h"
#include "store/root.h"

struct cd_source;
/* Entries under `key`. The tree is of a pinned root. All of these live in the arena; NULL: out of memory. */
struct cd_source *cd_source_key(struct cd_arena *, struct cd_tree, uint64_t key);
/* Numbers to be added in any order, also twice: up to `most` of them, none outside of first..last. */
struct cd_source *cd_source_set(struct cd_arena *, uint64_t most, uint64_t first, uint64_t last);
bool cd_source_add(struct cd_source *, uint64_t number); /* false: out of memory */
void cd_source_ready(struct cd_source *);                /* all were added */
struct cd_source *cd_source_any(struct cd_arena *, struct cd_source *const *, unsigned n);
struct cd_source *cd_source_all(struct cd_arena *, struct cd_source *const *, unsigned n);

/*
 * The first number that is `least` or greater; `least` must not shrink from call to call. ONWARD: there is
 * none below *ret, ask again from there on; so that one call takes a few microseconds at most.
 */
enum cd_found { CD_FOUND, CD_FOUND_END, CD_FOUND_ONWARD };
enum cd_found cd_source_seek(struct cd_source *, uint64_t least, uint64_t *ret);

#endif
