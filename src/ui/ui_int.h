/* ui/ui_int.h -- the packed files and the bindings; for this room. */
#ifndef CD_UI_INT_H
#define CD_UI_INT_H

#include "http/router.h"

struct cd_ui_file {
	cd_str path;
	cd_str media;
	const char *tag; /* hash of the plain bytes */
	bool hashed;     /* the name changes with the content: may be kept for ever */
	cd_str plain;
	cd_str gzip; /* n == 0: not worth it */
};
/* By path, in the order of bytes. */
extern const struct cd_ui_file cd_ui_files[];
extern const size_t cd_ui_files_n;

/* One of the files, by the request's path. */
void cd_ui_page(void *app, struct cd_http_req *, const struct cd_route *, const struct cd_args *);
/* Version, revision and tenants. */
void cd_ui_twin(void *app, struct cd_http_req *, const struct cd_route *, const struct cd_args *);
/* The changes of one tenant, for as long as the client listens. */
void cd_ui_events(void *app, struct cd_http_req *, const struct cd_route *, const struct cd_args *);

#endif
