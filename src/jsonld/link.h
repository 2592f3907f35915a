/* jsonld/link.h -- Link header fields, as far as contexts need them. [RFC 8288 3] */
#ifndef CD_JSONLD_LINK_H
#define CD_JSONLD_LINK_H

#include "base/str.h"

struct cd_link {
	cd_str url;       /* between < and > */
	cd_str rel, type; /* n == 0: none; several rel of one link: the first counts [3.3] */
};
extern const cd_str cd_link_context_rel; /* http://www.w3.org/ns/json-ld#context */

/* Is it one of the relations in `rel`? They stand behind one another, with blanks between. */
bool cd_link_is(const struct cd_link *, cd_str rel);
/* One link of a field; moves `rest` on behind its comma. False: the syntax is broken. */
bool cd_link_take(cd_str *rest, struct cd_link *ret);

#endif
