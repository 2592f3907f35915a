/*
 * ops/top.h -- the first k of many, by keys compared as bytes: what an ordered page needs of all results.
 */
#ifndef CD_OPS_TOP_H
#define CD_OPS_TOP_H

#include "base/buf.h"
#include "model/entity.h"

struct cd_top;
/* Keys may take so many bytes together. NULL: out of memory. */
struct cd_top *cd_top_new(size_t k, size_t bytes_max);
void cd_top_free(struct cd_top *); /* NULL is fine */
/* Copies the key when it is among the first k. CD_E_NO_MEMORY; CD_E_TOO_MANY_RESULTS: over bytes_max */
cd_code cd_top_add(struct cd_top *, const struct cd_buf *key, const struct cd_ent *);
/* No more come: puts the next so many in their order. False: there are more to be put. */
bool cd_top_sort(struct cd_top *, size_t steps);
size_t cd_top_count(const struct cd_top *);
const struct cd_ent *cd_top_at(const struct cd_top *, size_t i);

#endif
