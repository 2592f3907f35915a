/*
 * intake/suggest.h -- a first mapping for a file that nobody has described yet, from what is seen in its
 * beginning.
 *
 * A person reads it, mends it and runs it: what is a guess is said, in the mapping's description and in the
 * findings. The same bytes under the same name always give the same.
 */
#ifndef CD_INTAKE_SUGGEST_H
#define CD_INTAKE_SUGGEST_H

#include "base/cx.h"

enum cd_suggested {
	CD_SUGGEST_MAPPING,  /* the text is a mapping */
	CD_SUGGEST_GTFS,     /* a GTFS feed: the mapping for those is shipped */
	CD_SUGGEST_ENTITIES, /* NGSI-LD entities: need none */
};
struct cd_suggestion {
	enum cd_suggested kind;
	cd_str mapping;  /* JSON, a line for each rule; empty unless CD_SUGGEST_MAPPING */
	cd_str findings; /* sentences for a person, a line each */
};
/*
 * `path`: a file, an archive or "-". All lives in the arena.
 * CD_E_NOT_FOUND, CD_E_IO, CD_E_CORRUPT: of the file; CD_E_BAD_REQUEST_DATA: nothing can be suggested for it.
 */
cd_code cd_suggest(struct cd_cx *, const char *path, struct cd_suggestion *ret);
/* The same for the first bytes of a file of that name. */
cd_code cd_suggest_bytes(
	struct cd_cx *, const char *path, cd_str bytes, bool whole, struct cd_suggestion *ret);

#endif
