/*
 * ops/runner.h -- one runner for each loop: it owns what operations need there.
 */
#ifndef CD_OPS_RUNNER_H
#define CD_OPS_RUNNER_H

#include "http/client.h"
#include "jsonld/cache.h"
#include "ops/op.h"

struct cd_runner_config {
	uv_loop_t *loop;        /* NULL: synchronous, on the caller's thread */
	struct cd_store *store; /* NULL: no operations, only contexts */
	struct cd_ctx_cache *contexts;
	const struct cd_settings *set;
	struct cd_metrics *metrics;
	bool allow_private; /* outbound requests may go to private addresses */
};
/* NULL and cx->err on failure. */
struct cd_runner *cd_runner_new(struct cd_cx *, const struct cd_runner_config *);
/* No operation is open any more. With a loop: closes its handles; the loop must run once more before it ends.
 */
void cd_runner_free(struct cd_runner *);

struct cd_store *cd_runner_store(const struct cd_runner *);
const struct cd_names *cd_runner_names(const struct cd_runner *);
struct cd_metrics *cd_runner_metrics(const struct cd_runner *);
const struct cd_settings *cd_runner_settings(const struct cd_runner *);
cd_time_us cd_runner_started(const struct cd_runner *); /* monotonic */

/*
 * The context of some work: as cd_ctx_get (jsonld/cache.h), remote ones through the one outbound client. The
 * synchronous runner runs a loop of its own until the context is there, so *ret is set or the call fails.
 */
cd_code cd_runner_context(struct cd_runner *, struct cd_cx *, const struct cd_json *value,
	void (*ready)(void *arg, struct cd_ctx *, const struct cd_err *), void *arg, struct cd_ctx **ret,
	struct cd_ctx_wait **ret_wait);
struct cd_ctx_cache *cd_runner_contexts(const struct cd_runner *);
/* As cd_ctx_reload; only with a loop. */
cd_code cd_runner_context_reload(
	struct cd_runner *, struct cd_cx *, cd_str url, void (*done)(void *arg, bool ok), void *arg);

#endif
