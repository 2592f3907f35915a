/*
 * http/problem.h -- the only place where an error becomes a response. [RFC 9457, CIM 009 5.5.2]
 *
 * NGSI-LD wants application/json and its own type names; OGC wants application/problem+json. 411 and 415 have
 * no body.
 */
#ifndef CD_HTTP_PROBLEM_H
#define CD_HTTP_PROBLEM_H

#include "http/server.h"

enum cd_surface { CD_SURFACE_NGSILD, CD_SURFACE_OGC };

/* The JSON object {type,title,detail,status[,where,found]} of an error. `where` is a JSON pointer or a
 * parameter's name, `found` what stands there. */
void cd_problem_write(struct cd_buf *, enum cd_surface, const struct cd_err *);

/* Answer with req->cx.err; `more` fields are sent too (Allow, NGSILD-Tenant, Retry-After). */
void cd_problem_reply(struct cd_http_req *, enum cd_surface, const struct cd_http_field *more, size_t n);

#endif
