/*
 * cli/target.h -- where an import goes: a data directory through the operations' synchronous runner, or a
 * running server through its batch routes. One table, so that the import does not ask which.
 */
#ifndef CD_CLI_TARGET_H
#define CD_CLI_TARGET_H

#include "base/buf.h"
#include "model/change.h"
#include "ops/runner.h"

/* Entities of one batch, with the lines they began at. Larger ones fall out of the caches: measured slower. */
enum { CD_IMPORT_BATCH_MAX = 1000 };
struct cd_import_batch {
	struct cd_buf text; /* items, each followed by 64 readable bytes */
	struct {
		size_t at, n;
		uint64_t line;
	} item[CD_IMPORT_BATCH_MAX];
	unsigned n;
};
struct cd_import_plan {
	const char *mode;    /* create, upsert, update, append, merge */
	const char *url;     /* of the server, or NULL */
	const char *context; /* URL of the @context of entities that bring none, or NULL */
	const char *tenant;
};
struct cd_target;
struct cd_target_ops {
	/* `failed` is called for each entity that was refused, with words that live until it returns. */
	cd_code (*write)(struct cd_target *, struct cd_cx *, const struct cd_import_batch *,
		void (*failed)(void *arg, uint64_t line, const char *id, const char *why), void *arg);
	cd_code (*close)(struct cd_target *, struct cd_cx *);
};
struct cd_target {
	const struct cd_target_ops *ops;
};
/* NULL and cx->err. */
struct cd_target *cd_target_store(struct cd_cx *, const struct cd_settings *, const struct cd_import_plan *);
struct cd_target *cd_target_server(struct cd_cx *, const struct cd_settings *, const struct cd_import_plan *);

#endif
