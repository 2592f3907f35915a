/*
 * http/router.h -- the table of routes and the table of parameters, and what follows from them.
 *
 * A row is complete in itself: it also produces `Allow`, the parameter check, the OpenAPI document and the
 * check that every row has a test. Bindings (ngsild, ogc, ldes) own their tables; this is the machinery.
 */
#ifndef CD_HTTP_ROUTER_H
#define CD_HTTP_ROUTER_H

#include "http/server.h"

enum cd_param_kind {
	CD_PARAM_TEXT,  /* anything, percent-decoded */
	CD_PARAM_UINT,  /* least..most */
	CD_PARAM_BOOL,  /* exactly true or false */
	CD_PARAM_URI,   /* one URI */
	CD_PARAM_URIS,  /* comma list of URIs */
	CD_PARAM_NAMES, /* comma list of names, no empty member */
	CD_PARAM_WORDS, /* comma list, each one of `words` */
	CD_PARAM_WORD,  /* one of `words` */
	CD_PARAM_STAMP, /* DateTime */
};

struct cd_param {
	const char *name;
	enum cd_param_kind kind;
	uint64_t least, most; /* UINT */
	const char *words;    /* WORD, WORDS: "normalized|concise|simplified|keyValues" */
	const char *sentence; /* for OpenAPI and the manual */
	const char *clause;
};

/* Parameters of one request, by the index of their row. */
enum { CD_PARAMS_MAX = 64, CD_PATH_PARTS_MAX = 4 };
struct cd_args {
	uint64_t given;             /* bit i: parameter i was in the query */
	cd_str text[CD_PARAMS_MAX]; /* decoded */
	uint64_t uint[CD_PARAMS_MAX];
	cd_str part[CD_PATH_PARTS_MAX]; /* {..} of the path, percent-decoded once, in order */
	cd_str part_raw[CD_PATH_PARTS_MAX];
};

struct cd_route {
	enum cd_method method;
	const char *path; /* "/ngsi-ld/v1/entities/{entityId}/attrs/{attrName}" */
	void (*fn)(void *app, struct cd_http_req *, const struct cd_route *, const struct cd_args *);
	uint64_t params;     /* bit i: parameter i of the binding's table is allowed */
	uint32_t flags;      /* CD_ROUTE_... */
	const char *name;    /* operationId: "retrieveEntity" */
	const char *summary; /* "Retrieve an entity" */
	const char *clause;  /* "5.7.1" */
};
enum {
	CD_ROUTE_BODY_JSON = 1,  /* takes application/json and application/ld+json */
	CD_ROUTE_BODY_MERGE = 2, /* also application/merge-patch+json */
	CD_ROUTE_CONTROL = 4,    /* only over the control socket, or from loopback */
	CD_ROUTE_LENGTH = 8,     /* a body without Content-Length is refused with 411 */
	CD_ROUTE_GEOJSON = 16,   /* offers application/geo+json as well */
};

struct cd_router;
/* One binding: its routes (ended by path == NULL), its parameters. Several may be added to one router. */
struct cd_router *cd_router_new(void);
cd_code cd_router_add(struct cd_router *, const struct cd_route *, const struct cd_param *, size_t params_n);
void cd_router_free(struct cd_router *);

/*
 * The route of a method and a path.
 * CD_E_NOT_FOUND  no such path        CD_E_METHOD  *ret_allow lists the methods that exist ("GET, HEAD,
 * OPTIONS") A collection answers with and without trailing slash. An empty part ("/entities//attrs") matches,
 * for the route to refuse [7.1]. Parts are decoded into `args` (arena).
 */
cd_code cd_router_find(const struct cd_router *, struct cd_cx *, enum cd_method, cd_str path,
	const struct cd_route **ret, struct cd_args *ret_args, cd_str *ret_allow);

/*
 * Check and decode the query against the route's parameters.
 * CD_E_INVALID_REQUEST   unknown or inapplicable parameter, one given twice, bad percent-encoding
 * CD_E_BAD_REQUEST_DATA  a value out of its row's bounds; err.where is the parameter
 */
cd_code cd_router_args(
	const struct cd_router *, struct cd_cx *, const struct cd_route *, cd_str query, struct cd_args *);

/* OpenAPI 3.1 of all routes, as JSON. */
void cd_router_openapi(const struct cd_router *, struct cd_buf *, cd_str title, cd_str version);

/* Is every % followed by two hexadecimal digits? */
bool cd_percent_ok(cd_str);
/* "%2F" to "/", once. p == NULL when that is not so, or when out of memory. '+' stays '+'. */
cd_str cd_percent_decode(struct cd_arena *, cd_str);
/* Everything but unreserved characters and those in `keep` escaped. */
void cd_percent_encode(struct cd_buf *, cd_str, const char *keep);

#endif
