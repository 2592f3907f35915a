/* json/merge.h -- merging values: RFC 7396, but what removes a member is the NGSI-LD null. [CIM
 * 009 5.5.12, 4.5.0] */
#ifndef CD_JSON_MERGE_H
#define CD_JSON_MERGE_H

#include "json/json.h"

/*
 * `patch` merged into `old` (NULL: nothing was there), a new tree that borrows from both. Objects merge
 * member by member, a member that is "urn:ngsi-ld:null" goes, everything else replaces. NULL when out of
 * memory.
 */
struct cd_json *cd_json_merge(struct cd_cx *, const struct cd_json *old, const struct cd_json *patch);

bool cd_json_is_marker(const struct cd_json *);                    /* the string "urn:ngsi-ld:null" */
const struct cd_json *cd_json_find_marker(const struct cd_json *); /* anywhere in it, as a value; or NULL */
const struct cd_json *cd_json_find_null(const struct cd_json *);   /* JSON null anywhere; or NULL */

#endif
