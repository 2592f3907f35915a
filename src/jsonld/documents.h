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

const struct cd_settings *cd_docs_settings(const struct cd_ctx_cache *);

#endif
