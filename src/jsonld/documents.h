/*
 * jsonld/documents.h -- remote @context documents: text, freshness, failures. Shared by all loops, behind one
 * mutex, off the hot path; bounded in bytes.
 */
#ifndef CD_JSONLD_DOCUMENTS_H
#define CD_JSONLD_DOCUMENTS_H

#include "jsonld/cache.h"

#include <stdatomic.h>

enum cd_doc_state {
	CD_DOC_UNKNOWN, /* never fetched, or forgotten */
	CD_DOC_FRESH,
	CD_DOC_STALE,  /* there is a copy, but it should be asked for again */
	CD_DOC_FAILED, /* no copy, and the last try failed a moment ago */
	CD_DOC_BAD,    /* what came is not JSON with an @context */
};
/* The copy (in `arena`, followed by 64 bytes; only when FRESH or STALE), its ETag, until when it is fresh
 * (monotonic), and why it failed. */
/* How often a document was used, outliving the copy it counts for. */
struct cd_doc_use {
	_Atomic uint32_t refs;
	_Atomic uint64_t hits;
	_Atomic int64_t last; /* wall clock; 0: never */
};
struct cd_doc_use *cd_doc_use_ref(struct cd_doc_use *); /* NULL is passed on */
void cd_doc_use_unref(struct cd_doc_use *);
void cd_doc_used(struct cd_doc_use *, cd_time_us now); /* any thread; NULL: nothing */
struct cd_doc {
	enum cd_doc_state state;
	cd_str text, base, etag;
	cd_time_us fresh_until;
	const char *why;
	struct cd_doc_use *use; /* FRESH, STALE: one reference, the caller's */
};
void cd_docs_get(struct cd_ctx_cache *, struct cd_arena *, cd_str url, struct cd_doc *ret);
/* What a fetch brought; a copy that is there stays when the fetch failed (false). */
bool cd_docs_fetched(struct cd_ctx_cache *, cd_str url, const struct cd_ctx_fetched *, struct cd_metrics *);
/* Grows when a document was removed or replaced before its time: what was compiled before must be compiled
 * anew. */
uint64_t cd_docs_generation(const struct cd_ctx_cache *);
void cd_docs_renewed(struct cd_ctx_cache *);
/* How long an answer is fresh, by its fields. */
cd_time_us cd_fresh_lifetime(const struct cd_settings *, const struct cd_ctx_fetched *);

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
