/*
 * ops/top.h -- the first k of many, by keys compared as bytes: what an ordered page needs of all results.
 */
#ifndef CD_OPS_TOP_H
#define CD_OPS_TOP_H

#include "base/buf.h"
#include "model/entity.h"

struct cd_top;
struct cd_top *cd_top_new(size_t k);
void cd_top_free(struct cd_top *); /* NULL is fine */
/* Takes the bytes of `key` when they are among the first k, and gives back memory for the next. False: out of
 * memory. */
bool cd_top_add(struct cd_top *, struct cd_buf *key, const struct cd_ent *);
/* No more come: in their order. */
void cd_top_sort(struct cd_top *);
size_t cd_top_count(const struct cd_top *);
const struct cd_ent *cd_top_at(const struct cd_top *, size_t i);

#endif
