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

/* Is it this media type (in lower case) that a Content-Type value names, whatever its parameters? */
bool cd_media_is(cd_str value, cd_str media);

/* Does the client accept this content coding ("gzip")? */
bool cd_accepts_coding(const struct cd_http_req *, cd_str coding);

#endif
