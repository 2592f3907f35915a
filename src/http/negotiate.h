/* http/negotiate.h -- Accept against an ordered list of offers. [RFC 9110 12.5.1, CIM 009 6.3.4] */
#ifndef CD_HTTP_NEGOTIATE_H
#define CD_HTTP_NEGOTIATE_H

#include "http/server.h"

/*
 * The best offer of those whose bit is set in `allowed`: highest weight, then the order of the list. An
 * absent or empty header takes the first. Ranges and specificity as RFC 9110; q=0 removes a type even against
 * a wildcard; an unparsable weight is ignored. Returns the index, or -1 when nothing is acceptable.
 */
int cd_negotiate(const struct cd_http_req *, const cd_str *offers, size_t n, uint32_t allowed);

/* The media type of a Content-Type value, in lower case without parameters, in the arena. */
cd_str cd_media_type(struct cd_arena *, cd_str value);

/* Does the client accept this content coding ("gzip")? */
bool cd_accepts_coding(const struct cd_http_req *, cd_str coding);

#endif
