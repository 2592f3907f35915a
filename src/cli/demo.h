/*
 * cli/demo.h -- a made-up place that lives, for those who want to see something: `serve --demo
 * village|city|metropolis`.
 *
 * The place is the same for the same seed. It is written and then kept alive through the same operations as
 * everybody else's entities, a batch at a time, on the loop of the runner.
 */
#ifndef CD_CLI_DEMO_H
#define CD_CLI_DEMO_H

#include "ops/runner.h"

#include <uv.h>

struct cd_demo;
/*
 * *ret stays NULL when no demo is wanted. CD_E_BAD_REQUEST_DATA: there is no place of that size (where:
 * "demo"), or its clock can not begin then ("demo_start")
 */
cd_code cd_demo_new(
	struct cd_cx *, const struct cd_settings *, struct cd_runner *, uv_loop_t *, struct cd_demo **ret);
/* No batch begins any more; `then` is called when the last one has ended, on the loop. */
void cd_demo_stop(struct cd_demo *, void (*then)(void *arg), void *arg);
/* After its handle has closed: when the loop has ended. NULL is fine. */
void cd_demo_free(struct cd_demo *);

#endif
