/*
 * store/value_index.h -- indexes over the values of one attribute: numbers, times, strings, places.
 *
 * They hang on the tenant's root and are exact in every version: the writer changes them with the block. An
 * entity whose value is no plain one of the class (an array, an object) stands in `rest`: it must be looked
 * at always. Indexes narrow, the evaluator decides; so a string is kept by its hash, a place by its cell.
 *
 * Built when a query first finds that it would pay: the keeper collects and sorts over a pinned root, the
 * writer makes the tree, puts in what changed since, and publishes it.
 */
#ifndef CD_STORE_VALUE_INDEX_H
#define CD_STORE_VALUE_INDEX_H

#include "store/root.h"

uint64_t cd_vi_string_key(cd_str text);
/* Of a scope without its first slash: of that very one, or of it and all that lie below. */
uint64_t cd_vi_scope_key(cd_str scope, bool below);

/* The writer, and replay: all indexes of the tenant, from old to now. CD_E_NO_MEMORY */
cd_code cd_vi_change(
	struct cd_edit *, struct cd_tenant *, const struct cd_ent *old, const struct cd_ent *now);
/* One of them alone. */
cd_code cd_vi_change_one(
	struct cd_edit *, struct cd_index *, const struct cd_ent *old, const struct cd_ent *now);
/* The entries of one entity in one index: with a key in `tree`; without one in `rest`; only counted, in
 * `others` (numbers and times: values of another class). When `each` answers false that is the end. */
enum cd_vi_where { CD_VI_TREE, CD_VI_REST, CD_VI_OTHERS };
typedef bool cd_vi_each(void *arg, uint64_t key, enum cd_vi_where);
bool cd_vi_entries(const struct cd_ent *, cd_term term, enum cd_vi_class class, cd_vi_each *each, void *arg);

#endif
