/* ngsild/link.h -- the Link header field. [RFC 8288; CIM 009 6.3.5, 6.3.10] */
#ifndef CD_NGSILD_LINK_H
#define CD_NGSILD_LINK_H

#include "http/server.h"

/*
 * The URL of the request's link with rel="http://www.w3.org/ns/json-ld#context"; n == 0: none.
 * CD_E_BAD_REQUEST_DATA  several such links, or one whose syntax is broken
 */
cd_code cd_link_context(struct cd_http_req *, cd_str *ret_url);

/* `<url>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"` in the arena. */
cd_str cd_link_of_context(struct cd_arena *, cd_str url);

#endif
