/*
 * jsonld/jsonld.h -- JSON-LD 1.1 documents: expanded, and compacted again. [JSON-LD 1.1 API]
 *
 * The complete algorithms, for any document; requests of NGSI-LD use the compiled contexts of
 * jsonld/context.h, which are made by the same context processing. Trees come from and go into cx->arena; an
 * answer borrows from the document and its contexts. Recursion is as deep as the document (json_depth).
 * Nothing is fetched here: documents come from `docs`, and one that is missing ends the work and is named.
 */
#ifndef CD_JSONLD_JSONLD_H
#define CD_JSONLD_JSONLD_H

#include "jsonld/context.h"

/* The errors of the standard, in its words. [JSON-LD 1.1 API 9.6.1] */
#define CD_JLD_ERRORS(X)                                                                                     \
	X(COLLIDING_KEYWORDS, "colliding keywords")                                                          \
	X(CONTEXT_OVERFLOW, "context overflow")                                                              \
	X(CYCLIC_IRI_MAPPING, "cyclic IRI mapping")                                                          \
	X(INVALID_ID_VALUE, "invalid @id value")                                                             \
	X(INVALID_IMPORT_VALUE, "invalid @import value")                                                     \
	X(INVALID_INCLUDED_VALUE, "invalid @included value")                                                 \
	X(INVALID_INDEX_VALUE, "invalid @index value")                                                       \
	X(INVALID_NEST_VALUE, "invalid @nest value")                                                         \
	X(INVALID_PREFIX_VALUE, "invalid @prefix value")                                                     \
	X(INVALID_PROPAGATE_VALUE, "invalid @propagate value")                                               \
	X(INVALID_PROTECTED_VALUE, "invalid @protected value")                                               \
	X(INVALID_REVERSE_VALUE, "invalid @reverse value")                                                   \
	X(INVALID_VERSION_VALUE, "invalid @version value")                                                   \
	X(INVALID_BASE_DIRECTION, "invalid base direction")                                                  \
	X(INVALID_BASE_IRI, "invalid base IRI")                                                              \
	X(INVALID_CONTAINER_MAPPING, "invalid container mapping")                                            \
	X(INVALID_CONTEXT_ENTRY, "invalid context entry")                                                    \
	X(INVALID_CONTEXT_NULLIFICATION, "invalid context nullification")                                    \
	X(INVALID_DEFAULT_LANGUAGE, "invalid default language")                                              \
	X(INVALID_IRI_MAPPING, "invalid IRI mapping")                                                        \
	X(INVALID_KEYWORD_ALIAS, "invalid keyword alias")                                                    \
	X(INVALID_LANGUAGE_MAP_VALUE, "invalid language map value")                                          \
	X(INVALID_LANGUAGE_MAPPING, "invalid language mapping")                                              \
	X(INVALID_LANGUAGE_TAGGED_STRING, "invalid language-tagged string")                                  \
	X(INVALID_LANGUAGE_TAGGED_VALUE, "invalid language-tagged value")                                    \
	X(INVALID_LOCAL_CONTEXT, "invalid local context")                                                    \
	X(INVALID_REMOTE_CONTEXT, "invalid remote context")                                                  \
	X(INVALID_REVERSE_PROPERTY, "invalid reverse property")                                              \
	X(INVALID_REVERSE_PROPERTY_MAP, "invalid reverse property map")                                      \
	X(INVALID_REVERSE_PROPERTY_VALUE, "invalid reverse property value")                                  \
	X(INVALID_SCOPED_CONTEXT, "invalid scoped context")                                                  \
	X(INVALID_SET_OR_LIST_OBJECT, "invalid set or list object")                                          \
	X(INVALID_TERM_DEFINITION, "invalid term definition")                                                \
	X(INVALID_TYPE_MAPPING, "invalid type mapping")                                                      \
	X(INVALID_TYPE_VALUE, "invalid type value")                                                          \
	X(INVALID_TYPED_VALUE, "invalid typed value")                                                        \
	X(INVALID_VALUE_OBJECT, "invalid value object")                                                      \
	X(INVALID_VALUE_OBJECT_VALUE, "invalid value object value")                                          \
	X(INVALID_VOCAB_MAPPING, "invalid vocab mapping")                                                    \
	X(IRI_CONFUSED_WITH_PREFIX, "IRI confused with prefix")                                              \
	X(KEYWORD_REDEFINITION, "keyword redefinition")                                                      \
	X(LOADING_DOCUMENT_FAILED, "loading document failed")                                                \
	X(LOADING_REMOTE_CONTEXT_FAILED, "loading remote context failed")                                    \
	X(MULTIPLE_CONTEXT_LINK_HEADERS, "multiple context link headers")                                    \
	X(PROCESSING_MODE_CONFLICT, "processing mode conflict")                                              \
	X(PROTECTED_TERM_REDEFINITION, "protected term redefinition")
enum cd_jld_error {
	CD_JLD_NONE,
#define X(id, words) CD_JLD_##id,
	CD_JLD_ERRORS(X)
#undef X
		CD_JLD_ERROR_N
};
const char *cd_jld_error_words(enum cd_jld_error); /* "" for none */

struct cd_jld_options {
	cd_str base;                    /* IRI of the document; p == NULL: none */
	const struct cd_json *context;  /* in front of the document's own, for expansion; NULL: none */
	cd_str context_url;             /* of a Link header, likewise; p == NULL: none */
	bool old;                       /* processing mode json-ld-1.0 */
	bool keep_arrays;               /* compaction: compactArrays is false */
	bool keep_absolute;             /* compaction: compactToRelative is false */
	cd_str compact_base;            /* relative URLs of contexts to compact with; p == NULL: as `base` */
	const struct cd_ctx_docs *docs; /* where documents come from; NULL: nowhere */
};

/* What went wrong, beside cx->err. */
struct cd_jld_problem {
	enum cd_jld_error error; /* NONE: memory ran out, a bound of ours, or what docs->get() told */
	cd_str missing;          /* CD_E_CONTEXT_UNAVAIL: the document; p == NULL otherwise */
};

/*
 * The expanded form of a document: always an array.                                        [5.1, 9.1 expand]
 *
 * CD_E_BAD_REQUEST_DATA   an error of the standard: cx->err.detail begins with its words, cx->err.where is
 * the JSON pointer of the place (behind "URL#" when it stands in a remote document)
 * CD_E_CONTEXT_UNAVAIL    a document is missing
 * CD_E_NO_MEMORY          also over request_memory
 */
cd_code cd_jld_expand(struct cd_cx *, const struct cd_json *document, const struct cd_jld_options *,
	struct cd_json **ret, struct cd_jld_problem *ret_problem);
/* ... compacted with a context: a URL, an object, an array of those, or an object with an "@context". Always
 * an object, with that context in it unless it is empty. Errors as above.                  [6.1, 9.1 compact]
 */
cd_code cd_jld_compact(struct cd_cx *, const struct cd_json *document, const struct cd_json *context,
	const struct cd_jld_options *, struct cd_json **ret, struct cd_jld_problem *ret_problem);

/* What a server said about a document it sent. */
struct cd_jld_answer {
	cd_str url;   /* it came from, after redirects */
	cd_str media; /* Content-Type */
	cd_str link;  /* Link fields, joined by ", " */
};
/*
 * What is to be done with it.                                                   [9.4.2 LoadDocumentCallback]
 *
 * *ret_instead   p != NULL: it is not JSON, but this URL is its JSON-LD: get that one
 * *ret_context   p != NULL: URL of its context (a document only; a context brings its own)
 *
 * CD_E_BAD_REQUEST_DATA   loading document failed (not JSON), multiple context link headers
 */
cd_code cd_jld_answered(struct cd_cx *, const struct cd_jld_answer *, cd_str *ret_instead,
	cd_str *ret_context, struct cd_jld_problem *ret_problem);

#endif
