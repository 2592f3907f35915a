/*
 * jsonld/documents.h -- remote @context documents: text, freshness, failures. Shared by all loops, behind one
 * mutex, off the hot path; bounded in bytes.
 */
#ifndef CD_JSONLD_DOCUMENTS_H
#define CD_JSONLD_DOCUMENTS_H

#include "jsonld/cache.h"

enum cd_doc_state {
	CD_DOC_UNKNOWN, /* never fetched, or forgotten */
	CD_DOC_FRESH,
	CD_DOC_STALE,  /* there is a copy, but it should be asked for again */
	CD_DOC_FAILED, /* no copy, and the last try failed a moment ago */
	CD_DOC_BAD,    /* what came is not JSON with an @context */
};
/* The copy (in `arena`, followed by 64 bytes; only when FRESH or STALE), its ETag, until when it is fresh
 * (monotonic), and why it failed. */
struct cd_doc {
	enum cd_doc_state state;
	cd_str text, base, etag;
	cd_time_us fresh_until;
	const char *why;
};
void cd_docs_get(struct cd_ctx_cache *, struct cd_arena *, cd_str url, struct cd_doc *ret);
/* What a fetch brought; a copy that is there stays when the fetch failed. */
void cd_docs_fetched(struct cd_ctx_cache *, cd_str url, const struct cd_ctx_fetched *, struct cd_metrics *);

/*
 * Who fetches? Everybody who wants to asks first; on CD_TURN_MINE the caller does, and must end it with
 * cd_docs_fetched or, when nothing could be sent, cd_docs_abandon. All watches ring when a fetch ends: any
 * thread, with the lock of the cache held, so that a watch may not call back.
 */
enum cd_docs_turn {
	CD_TURN_MINE,
	CD_TURN_OTHERS, /* it is being fetched */
	CD_TURN_DONE,   /* it came, or failed, since it was last looked at */
	CD_TURN_NO_MEMORY,
};
enum cd_docs_turn cd_docs_begin(struct cd_ctx_cache *, cd_str url);
void cd_docs_abandon(struct cd_ctx_cache *, cd_str url);
bool cd_docs_fetching(struct cd_ctx_cache *, cd_str url);
struct cd_docs_watch {
	struct cd_docs_watch *next;
	void (*wake)(void *arg);
	void *arg;
};
void cd_docs_watch(struct cd_ctx_cache *, struct cd_docs_watch *);
void cd_docs_unwatch(struct cd_ctx_cache *, struct cd_docs_watch *);

const struct cd_settings *cd_docs_settings(const struct cd_ctx_cache *);

#endif
