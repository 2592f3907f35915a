/*
 * ops/op.h -- an operation is steps; a runner satisfies what they need.
 *
 * A step never blocks. It returns *done*, *yield* (its slice of 200 us is used up: again, after others), or
 * *wait* with a need. A pin is dropped before a wait. One runner for each loop; commands and tests use a
 * synchronous one, which works off the store's queue itself. Operations know no HTTP: `done` is the
 * binding's, and turns the outcome into an answer.
 */
#ifndef CD_OPS_OP_H
#define CD_OPS_OP_H

#include "base/metrics.h"
#include "store/store.h"

enum cd_step { CD_STEP_DONE, CD_STEP_YIELD, CD_STEP_WAIT };

enum cd_need {
	CD_NEED_NONE,
	/* The next step runs also when these cannot be met: it finds cx->err set, and ends. */
	CD_NEED_COMMIT, /* op->job: write it; its reports are there when the next step runs */
	CD_NEED_ROOM,   /* the reader of the answer is slow: go on after cd_op_room() */
	CD_NEED_WORK,   /* op->work: on a thread of the pool */
};

/* What the runner asks may() about, for every operation. */
enum cd_action { CD_ACT_READ, CD_ACT_WRITE, CD_ACT_OPERATE };

struct cd_runner;
struct cd_op {
	struct cd_cx *cx;
	cd_str tenant; /* n == 0: the default tenant */
	enum cd_action action;
	enum cd_step (*next)(struct cd_op *);
	void (*done)(struct cd_op *); /* once, on the runner's thread; op->cx->err tells a failure */
	void *owner;                  /* the binding's */
	enum cd_need need;
	struct cd_job *job;
	void (*work)(struct cd_op *); /* may use op and its arena; nothing of the runner */
	/* the runner's */
	struct cd_runner *runner;
	const struct cd_root *root; /* pinned, or NULL */
	cd_time_us slice_end;
	struct cd_op *link;
};

/* Ask may(), then step until the operation is done or waits. `done` may be called before this returns. */
void cd_op_begin(struct cd_runner *, struct cd_op *);
/* The reader of the answer has room again; does nothing unless the operation waits for just that. */
void cd_op_room(struct cd_op *);

/* For steps: */
static inline enum cd_step cd_op_wait(
	struct cd_op *op, enum cd_need need, enum cd_step (*then)(struct cd_op *))
{
	op->need = need;
	op->next = then;
	return CD_STEP_WAIT;
}
/* Pins the newest root (once) and finds the tenant. CD_E_NO_TENANT, CD_E_BUSY when too many versions are
 * held. */
cd_code cd_op_pin(struct cd_op *, const struct cd_tenant **ret);
void cd_op_unpin(struct cd_op *);
/* Is the slice used up? Reads the clock: ask every few entities. */
bool cd_op_tired(const struct cd_op *);

/* ---- who may do what: always yes for now, asked everywhere ---- */

struct cd_subject {
	cd_str name; /* empty: nobody has said who they are */
};
bool cd_may(const struct cd_subject *, enum cd_action, cd_str tenant);
/* CD_E_FORBIDDEN. The runner asks for every operation; this is for what is answered without one. */
cd_code cd_may_or_fail(struct cd_cx *, enum cd_action, cd_str tenant);

#endif
