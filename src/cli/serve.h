/* cli/serve.h -- the parts of a running server, shared by its loops; nothing in it changes once they run. */
#ifndef CD_CLI_SERVE_H
#define CD_CLI_SERVE_H

#include "cli/edge.h"

struct cd_loop; /* one thread with its event loop; serve.c */
struct cd_serve {
	struct cd_settings set;
	struct cd_fs *fs;
	struct cd_store *store;
	struct cd_feed *feed;
	const struct cd_participant *participants[2]; /* of the store, NULL-ended */
	struct cd_ctx_cache *contexts;
	struct cd_router *router;
	struct cd_http_tls *tls;
	bool loopback; /* listens on loopback only */
	struct cd_loop *loops;
	unsigned loops_n;
	struct cd_metrics **metrics; /* of the loops, then the writer's */
	unsigned metrics_n;
	_Atomic unsigned ready; /* loops that answer */
};

#endif
