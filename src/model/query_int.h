/* model/query_int.h -- what the parsers of queries share. */
#ifndef CD_MODEL_QUERY_INT_H
#define CD_MODEL_QUERY_INT_H

#include "model/query.h"

/* NULL when out of memory. */
struct cd_q *cd_q_new(struct cd_arena *, enum cd_q_kind);
/* A path alone, as in q. */
cd_code cd_q_path(const struct cd_q_parse *, cd_str text, struct cd_q **ret);
/* The first thing that a path leads to, for ordering. Text lives in run->scratch. False: nothing. */
struct cd_q_first {
	enum cd_value class;
	uint64_t key;
	cd_str text;
};
bool cd_q_first(const struct cd_q *path, const struct cd_ent *, struct cd_q_run *, struct cd_q_first *ret);

#endif
