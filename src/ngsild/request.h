/*
 * ngsild/request.h -- one NGSI-LD request between HTTP and an operation. [CIM 009 6.3]
 *
 * cd_ngsi_begin does what all operations have in common, in this order: Accept, tenant, body,
 * @context. Then the binding's `then` starts the operation; cd_ngsi_fail and the answers below end the
 * request.
 */
#ifndef CD_NGSILD_REQUEST_H
#define CD_NGSILD_REQUEST_H

#include "http/problem.h"
#include "http/router.h"
#include "ops/runner.h"
#include "repr/repr.h"

/* Order of the offers decides between equal weights. */
enum { CD_OFFER_JSON, CD_OFFER_LD, CD_OFFER_GEO, CD_OFFER_N };

struct cd_ngsi {
	struct cd_runner *runner;
	struct cd_http_req *http;
	struct cd_cx *cx; /* of the HTTP request */
	const struct cd_route *route;
	const struct cd_args *args;
	cd_str tenant;
	bool tenant_given;
	int offer;            /* what the answer will be: CD_OFFER_... */
	unsigned minor;       /* Prefer: ngsi-ld=1.minor; 0: not said */
	bool entities;        /* the answer holds entities, so a version applies */
	bool altered;         /* the answer is not as the newest version would have it: 203 */
	bool context_in_link; /* the answer names its @context in a header, not in the body */
	bool ld_body;         /* application/ld+json */
	struct cd_json *body;
	struct cd_json *link;           /* a string node with the URL of the Link header's context, or NULL */
	struct cd_ctx *ctx;             /* one reference; not set for batches */
	void (*then)(struct cd_ngsi *); /* when all contexts are there */
	void (*bound)(struct cd_ngsi *); /* the binding's, after its context */
	void *op;                        /* the binding's operation */
	void (*room)(struct cd_ngsi *);  /* when the answer streams */
	bool streaming;
	/* contexts being fetched */
	struct cd_ngsi_wait *waits;
	uint32_t waiting;
};
struct cd_ngsi_wait {
	struct cd_ngsi *request;
	struct cd_ctx **ctx; /* where it goes */
	struct cd_err *err;  /* where its failure goes */
	struct cd_ctx_wait *wait;
};

enum cd_ngsi_context {
	CD_NGSI_CONTEXT,       /* one, from Link or body: before `then` */
	CD_NGSI_CONTEXT_ITEMS, /* a batch: every item has its own; `then` looks for them */
};
/* Called by bindings as the route's function; `app` is the loop's runner. */
void cd_ngsi_begin(void *app, struct cd_http_req *, const struct cd_route *, const struct cd_args *,
	enum cd_ngsi_context, void (*then)(struct cd_ngsi *));

/*
 * The context of one body (an entity of a batch, or the whole body): *ctx is set, or *err, now or later; when
 * all that were asked for are there, n->then is called. Call cd_ngsi_contexts_done after the last one.
 */
void cd_ngsi_want_context(struct cd_ngsi *, const struct cd_json *body, struct cd_ngsi_wait *);
void cd_ngsi_contexts_done(struct cd_ngsi *, void (*then)(struct cd_ngsi *));

/* May a client name this tenant? Empty: the default one. CD_E_BAD_REQUEST_DATA */
cd_code cd_ngsi_tenant(struct cd_cx *, cd_str name);

/* What `options` and `format` say, as bits. */
enum {
	CD_OPT_NORMALIZED = 1,
	CD_OPT_CONCISE = 2,
	CD_OPT_SIMPLIFIED = 4, /* keyValues is its older name */
	CD_OPT_SYS_ATTRS = 8,
	CD_OPT_NO_OVERWRITE = 16,
	CD_OPT_REPLACE = 32,
	CD_OPT_UPDATE = 64,
	CD_OPT_FORMS = CD_OPT_NORMALIZED | CD_OPT_CONCISE | CD_OPT_SIMPLIFIED,
};
/* CD_E_INVALID_REQUEST: one that is not in `allowed`, or two that exclude each other. */
cd_code cd_ngsi_options(struct cd_ngsi *, uint32_t allowed, uint32_t *ret);
/* The representation they ask for; `format` wins over `options`. */
enum cd_form cd_ngsi_form(const struct cd_ngsi *, uint32_t options);

/* The error of a request that did not get as far as cd_ngsi_begin; `more` are further fields (Allow). */
void cd_ngsi_problem(struct cd_http_req *, const struct cd_http_field *more, size_t n);

/* Notes what stands in the request where the error points, unless that is known. `item` is the one of a batch
 * that the pointer begins with, or NULL. */
void cd_ngsi_found(struct cd_ngsi *, const struct cd_json *item, struct cd_err *);

/* Answers. Each ends the request. */
void cd_ngsi_fail(struct cd_ngsi *);                     /* with cx->err */
void cd_ngsi_fail_allow(struct cd_ngsi *, cd_str allow); /* the same, with Allow when p != NULL */
/* 201 and Location: collection ("/ngsi-ld/v1/entities/") and id */
void cd_ngsi_created(struct cd_ngsi *, const char *collection, cd_str id);
void cd_ngsi_no_content(struct cd_ngsi *); /* 204 */
void cd_ngsi_json(
	struct cd_ngsi *, int status, struct cd_buf *);   /* application/json, no Link: 201, 207 of batches */
void cd_ngsi_document(struct cd_ngsi *, struct cd_buf *); /* 200, of the media type negotiated, no Link */
/* Entities, as negotiated, with the context's Link; `more` are further fields. */
void cd_ngsi_entities(struct cd_ngsi *, struct cd_buf *, const struct cd_http_field *more, size_t n);
/* The same as a stream; pieces follow through http/server.h. */
void cd_ngsi_entities_begin(struct cd_ngsi *, const struct cd_http_field *more, size_t n);

/* Of the tables in routes.c. */
extern const struct cd_route cd_ngsi_routes[];
extern const struct cd_param cd_ngsi_params[];
extern const size_t cd_ngsi_params_n;
/* A stream has room again (from the HTTP application). */
void cd_ngsi_room(struct cd_http_req *);

#endif
