/*
 * cli/documents.h -- JSON documents for `cardo jsonld`, read one after the other: files, the folder of the
 * setting `contexts`, the core context of NGSI-LD, and servers through the one outbound client.
 */
#ifndef CD_CLI_DOCUMENTS_H
#define CD_CLI_DOCUMENTS_H

#include "jsonld/jsonld.h"

struct cd_documents;
struct cd_documents *cd_documents_new(struct cd_cx *); /* NULL and cx->err */
void cd_documents_free(struct cd_documents *);

struct cd_document {
	const struct cd_json *root;
	cd_str url;     /* file:///... or http...; p == NULL: standard input */
	cd_str context; /* that its server sent beside it; p == NULL: none */
};
/*
 * A file, a URL, or "-". CD_E_NOT_FOUND, CD_E_CONTEXT_UNAVAIL it can not be had   CD_E_INVALID_REQUEST it is
 * not JSON, ...; *ret_problem when the standard has words for it.
 */
cd_code cd_documents_read(
	struct cd_documents *, const char *name, struct cd_document *ret, struct cd_jld_problem *ret_problem);

/* Where contexts come from. Files only once a file, or standard input, was read: a document of the network
 * names none. */
struct cd_ctx_docs cd_documents_docs(struct cd_documents *);
/* Why the last one could not be had; NULL: no reason is known. */
const char *cd_documents_why(const struct cd_documents *);

#endif
