/* Who answers here. [CIM 009 5.2.40, 5.15.1, 6.33] */
#include "base/hash.h"
#include "ngsild/bind.h"
#include "ngsild/request.h"

enum { ALIAS = 40 };

/* A name for this twin and tenant that a Via header may carry [RFC 9110 7.6.3]: the same as long as the data
 * is. */
static void alias_of(struct cd_ngsi *n, char out[ALIAS])
{
	uint64_t twin = cd_store_identity(cd_runner_store(n->runner));
	uint64_t tenant = n->tenant.n ? cd_hash64(n->tenant, twin) : twin;
	snprintf(out, ALIAS, "cardo-%016llx", (unsigned long long)tenant);
}

static void identity(struct cd_ngsi *n)
{
	char alias[ALIAS];
	struct cd_buf b;
	int64_t up = (cd_time_mono() - cd_runner_started(n->runner)) / 1000000;
	alias_of(n, alias);
	cd_buf_init(&b, 1 << 20);
	cd_buf_printf(&b,
		"{\"id\":\"urn:ngsi-ld:ContextSourceIdentity:%s\",\"type\":\"ContextSourceIdentity\","
		"\"contextSourceAlias\":\"%s\",\"contextSourceUptime\":\"PT%lldS\",\"contextSourceTimeAt\":"
		"\"",
		alias, alias, (long long)up);
	cd_buf_stamp(&b, cd_stamp_of(n->cx->now, 3));
	CD_BUF_LIT(&b, "\"");
	if (!n->context_in_link) {
		CD_BUF_LIT(&b, ",\"@context\":");
		cd_buf_put(&b, cd_ctx_source(n->ctx));
	}
	cd_buf_char(&b, '}');
	cd_ngsi_entities(n, &b, NULL, 0);
}

void cd_bind_identity(
	void *app, struct cd_http_req *http, const struct cd_route *route, const struct cd_args *args)
{
	cd_ngsi_begin(app, http, route, args, CD_NGSI_CONTEXT, identity);
}
