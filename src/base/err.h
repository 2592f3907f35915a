/*
 * base/err.h -- one list of errors for the whole program.
 *
 * A cd_code travels up; the words travel in the request's error slot (struct cd_cx), where the first cause
 * wins. Only http/problem.c turns an error into a response. Names and statuses are those of NGSI-LD [CIM
 * 009 5.5.2, 6.3.2].
 */
#ifndef CD_BASE_ERR_H
#define CD_BASE_ERR_H

#include "base/str.h"

/* id, type name, HTTP status, title */
#define CD_ERRORS(X)                                                                                         \
	X(INVALID_REQUEST, "InvalidRequest", 400, "The request is not valid")                                \
	X(BAD_REQUEST_DATA, "BadRequestData", 400, "The data does not fit the operation")                    \
	X(NOT_FOUND, "ResourceNotFound", 404, "Not found")                                                   \
	X(NO_TENANT, "NonexistentTenant", 404, "This tenant does not exist")                                 \
	X(ALREADY_EXISTS, "AlreadyExists", 409, "Already exists")                                            \
	X(CONFLICT, "Conflict", 409, "In conflict with what is stored")                                      \
	X(NOT_SUPPORTED, "OperationNotSupported", 422, "The operation is not supported")                     \
	X(TOO_COMPLEX, "TooComplexQuery", 403, "The query is too complex")                                   \
	X(TOO_MANY_RESULTS, "TooManyResults", 403, "The query asks for too many results")                    \
	X(CONTEXT_UNAVAIL, "LdContextNotAvailable", 504, "A remote @context is not available")               \
	X(FORBIDDEN, "AccessDenied", 403, "Not allowed")                                                     \
	X(METHOD, "MethodNotAllowed", 405, "Method not allowed")                                             \
	X(NOT_ACCEPTABLE, "NotAcceptable", 406, "None of the offered media types is acceptable")             \
	X(TIMEOUT, "RequestTimeout", 408, "The request came too slowly")                                     \
	X(LENGTH, "LengthRequired", 411, "Content-Length is required")                                       \
	X(TOO_LARGE, "ContentTooLarge", 413, "The body is too large")                                        \
	X(URI_TOO_LONG, "UriTooLong", 414, "The URI is too long")                                            \
	X(MEDIA_TYPE, "UnsupportedMediaType", 415, "The media type of the body is not supported")            \
	X(EXPECTATION, "ExpectationFailed", 417, "The expectation can not be met")                           \
	X(HEAD_TOO_LARGE, "HeaderFieldsTooLarge", 431, "The header of the request is too large")             \
	X(NOT_IMPLEMENTED, "NotImplemented", 501, "Not implemented")                                         \
	X(BAD_GATEWAY, "BadGateway", 502, "A peer answered wrongly")                                         \
	X(BUSY, "ServiceUnavailable", 503, "Too much work is waiting; try again")                            \
	X(FULL, "InsufficientStorage", 503, "There is no room for more data")                                \
	X(OUTCOME_UNKNOWN, "OutcomeUnknown", 500, "The change may or may not have been stored")              \
	X(NO_MEMORY, "OutOfMemory", 503, "Out of memory")                                                    \
	X(IO, "InternalError", 500, "Reading or writing a file failed")                                      \
	X(CORRUPT, "InternalError", 500, "Stored data is damaged")                                           \
	X(INTERNAL, "InternalError", 500, "Internal error")

typedef enum cd_code {
	CD_OK = 0,
#define X(id, type, status, title) CD_E_##id,
	CD_ERRORS(X)
#undef X
		CD_ERROR_N
} cd_code;

struct cd_err {
	cd_code code;
	const char *detail; /* one sentence; lives in the request's arena, or is static */
	const char *where;  /* JSON pointer ("/speed/value") or parameter name; may be NULL */
	const char *found;  /* what stands there, cut when it is long; may be NULL */
};

cd_str cd_code_type(cd_code); /* "BadRequestData" */
int cd_code_status(cd_code);  /* 400 */
const char *cd_code_title(cd_code);

#endif
