/* ops/read_int.h -- what retrieve and list share; for the files of this folder that read. */
#ifndef CD_OPS_READ_INT_H
#define CD_OPS_READ_INT_H

#include "ops/read.h"

enum { CD_ANSWER_MAX = 1 << 30, CD_TIRED_EVERY = 8 };

/* ---- linked entities, and the frame around many (linked.c) ---- */

/* Linked entities are read from the pinned root, also by conditions that lead through them. CD_E_NO_MEMORY */
cd_code cd_read_links(struct cd_op *, const struct cd_tenant *, struct cd_asked *, struct cd_q_run *run);
static inline bool cd_read_flat(const struct cd_asked *a)
{
	return a->join.how == CD_JOIN_FLAT;
}
void cd_read_open(struct cd_buf *, const struct cd_out *);
void cd_read_close(struct cd_buf *, const struct cd_out *, bool with_context);
/* Writes linked entities behind those that link. False: tired, again after others. */
bool cd_read_linked(struct cd_op *, struct cd_linked *, struct cd_buf *);
/* The failure of an answer that was written. */
cd_code cd_read_judge(struct cd_op *, const struct cd_ask *, cd_code bad);

/* ---- lists: list.c ---- */

/* The next candidate; NULL: none yet. False: there are no more, or one can not be judged. */
bool cd_list_next(struct cd_op_list *, const struct cd_ent **ret);
/* Time for others? Asked after some looks, after one at something large, and after each piece of work without
 * a candidate. */
bool cd_list_tired(struct cd_op_list *, unsigned i);
/* Is it a result? */
bool cd_list_wanted(struct cd_op_list *, const struct cd_ent *);
void cd_list_write(struct cd_op_list *, const struct cd_ent *);
static inline bool cd_list_full(const struct cd_op_list *l)
{
	return l->written == l->limit;
}
enum cd_step cd_list_done(struct cd_op_list *);
enum cd_step cd_list_failed(struct cd_op_list *);

/* ---- in an order: list_ordered.c ---- */

/* The first step of an ordered list; its plan is made. */
enum cd_step cd_list_ordered(struct cd_op_list *);

/* explain.c: the plan and what it took, in place of the answer. */
void cd_list_explain(struct cd_op_list *);

#endif
