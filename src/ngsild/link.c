/* The @context that a request names in its Link header. [CIM 009 6.3.5] */
#include "ngsild/link.h"

#include "jsonld/link.h"

cd_code cd_link_context(struct cd_http_req *req, cd_str *ret_url)
{
	*ret_url = cd_str_of(NULL, 0);
	cd_str field;
	for (size_t i = 0; (field = cd_http_field_nth(req, CD_STR("link"), i)).p; i++) {
		while (cd_str_trim(field).n) {
			struct cd_link link;
			if (!cd_link_take(&field, &link))
				return cd_fail(&req->cx, CD_E_BAD_REQUEST_DATA, "Link",
					"The Link header can not be read");
			if (!cd_link_is(&link, cd_link_context_rel))
				continue;
			if (ret_url->n)
				return cd_fail(&req->cx, CD_E_BAD_REQUEST_DATA, "Link",
					"More than one @context; use an array of them in one document");
			if (link.url.n == 0)
				return cd_fail(
					&req->cx, CD_E_BAD_REQUEST_DATA, "Link", "The @context has no URL");
			*ret_url = link.url;
		}
	}
	return CD_OK;
}

cd_str cd_link_of_context(struct cd_arena *arena, cd_str url)
{
	const cd_str parts[] = {CD_STR("<"), url,
		CD_STR(">; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"")};
	return cd_arena_join(arena, parts, sizeof parts / sizeof *parts);
}
