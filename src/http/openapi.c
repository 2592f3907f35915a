/* OpenAPI 3.1 of all routes, from the same rows that serve them. */
#include "http/router_int.h"
#include "json/json.h"

static void put(struct cd_buf *b, const char *text)
{
	cd_json_write_string(b, cd_str_z(text));
}

static void put_schema(struct cd_buf *b, const struct cd_param *p)
{
	switch (p->kind) {
	case CD_PARAM_UINT:
		cd_buf_printf(b, "{\"type\":\"integer\",\"minimum\":%llu,\"maximum\":%llu}",
			(unsigned long long)p->least, (unsigned long long)p->most);
		break;
	case CD_PARAM_BOOL:
		CD_BUF_LIT(b, "{\"type\":\"boolean\"}");
		break;
	case CD_PARAM_URI:
		CD_BUF_LIT(b, "{\"type\":\"string\",\"format\":\"uri\"}");
		break;
	case CD_PARAM_STAMP:
		CD_BUF_LIT(b, "{\"type\":\"string\",\"format\":\"date-time\"}");
		break;
	case CD_PARAM_WORD:
	case CD_PARAM_WORDS: {
		cd_str rest = cd_str_z(p->words);
		bool list = p->kind == CD_PARAM_WORDS, first = true;
		CD_BUF_LIT(b, "{");
		if (list)
			CD_BUF_LIT(b, "\"type\":\"array\",\"items\":{");
		CD_BUF_LIT(b, "\"type\":\"string\",\"enum\":[");
		for (; rest.p; first = false) {
			if (!first)
				cd_buf_char(b, ',');
			cd_json_write_string(b, cd_str_cut(&rest, '|'));
		}
		cd_buf_put(b, list ? CD_STR("]}}") : CD_STR("]}"));
		break;
	}
	case CD_PARAM_URIS:
	case CD_PARAM_NAMES:
		CD_BUF_LIT(b, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
		break;
	case CD_PARAM_TEXT:
		CD_BUF_LIT(b, "{\"type\":\"string\"}");
		break;
	}
}

static void put_param(struct cd_buf *b, const struct cd_param *p)
{
	CD_BUF_LIT(b, "{\"name\":");
	put(b, p->name);
	CD_BUF_LIT(b, ",\"in\":\"query\",\"description\":");
	put(b, p->sentence);
	bool list = p->kind == CD_PARAM_WORDS || p->kind == CD_PARAM_URIS || p->kind == CD_PARAM_NAMES;
	if (list)
		CD_BUF_LIT(b, ",\"style\":\"form\",\"explode\":false");
	CD_BUF_LIT(b, ",\"schema\":");
	put_schema(b, p);
	cd_buf_char(b, '}');
}

static void put_path_params(struct cd_buf *b, const char *path, bool *first)
{
	cd_str rest = cd_str_z(path);
	while (rest.p) {
		cd_str seg = cd_str_cut(&rest, '/');
		if (seg.n < 2 || seg.p[0] != '{')
			continue;
		if (!*first)
			cd_buf_char(b, ',');
		*first = false;
		CD_BUF_LIT(b, "{\"name\":");
		cd_json_write_string(b, cd_str_of(seg.p + 1, seg.n - 2));
		CD_BUF_LIT(b, ",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}");
	}
}

static void put_body(struct cd_buf *b, const struct cd_route *route)
{
	static const char *const types[] = {
		"application/json", "application/ld+json", "application/merge-patch+json"};
	int n = route->flags & CD_ROUTE_BODY_MERGE ? 3 : 2;
	CD_BUF_LIT(b, ",\"requestBody\":{\"required\":true,\"content\":{");
	for (int i = 0; i < n; i++) {
		if (i)
			cd_buf_char(b, ',');
		put(b, types[i]);
		CD_BUF_LIT(b, ":{\"schema\":{}}");
	}
	CD_BUF_LIT(b, "}}");
}

static void put_route(struct cd_buf *b, const struct cd_route_table *t, const struct cd_route *route)
{
	bool first = true;
	cd_str method = cd_method_names[route->method];
	cd_buf_char(b, '"');
	for (size_t i = 0; i < method.n; i++)
		cd_buf_char(b, (char)(method.p[i] | 32));
	CD_BUF_LIT(b, "\":{\"operationId\":");
	put(b, route->name);
	CD_BUF_LIT(b, ",\"summary\":");
	put(b, route->summary);
	if (route->clause[0]) {
		CD_BUF_LIT(b, ",\"description\":\"ETSI GS CIM 009 clause ");
		cd_buf_put(b, cd_str_z(route->clause)); /* digits and dots */
		cd_buf_char(b, '"');
	}
	CD_BUF_LIT(b, ",\"parameters\":[");
	put_path_params(b, route->path, &first);
	for (size_t i = 0; i < t->params_n; i++) {
		if (!(route->params >> i & 1))
			continue;
		if (!first)
			cd_buf_char(b, ',');
		first = false;
		put_param(b, &t->params[i]);
	}
	cd_buf_char(b, ']');
	if (route->flags & (CD_ROUTE_BODY_JSON | CD_ROUTE_BODY_MERGE))
		put_body(b, route);
	CD_BUF_LIT(b, ",\"responses\":{\"2XX\":{\"description\":\"Success\"},\"4XX\":{\"$ref\":\"#/"
		      "components/responses/"
		      "Problem\"},\"5XX\":{\"$ref\":\"#/components/responses/Problem\"}}}");
}

/* Rows of one path stand together under it. */
static void put_table(struct cd_buf *b, const struct cd_route_table *t, bool *first_path)
{
	for (const struct cd_route *route = t->routes; route->path; route++) {
		bool seen = false, first = true;
		for (const struct cd_route *before = t->routes; before < route; before++)
			seen = seen || strcmp(before->path, route->path) == 0;
		if (seen)
			continue;
		if (!*first_path)
			cd_buf_char(b, ',');
		*first_path = false;
		put(b, route->path);
		CD_BUF_LIT(b, ":{");
		for (const struct cd_route *same = route; same->path; same++) {
			if (strcmp(same->path, route->path) != 0)
				continue;
			if (!first)
				cd_buf_char(b, ',');
			first = false;
			put_route(b, t, same);
		}
		cd_buf_char(b, '}');
	}
}

void cd_router_openapi(const struct cd_router *r, struct cd_buf *b, cd_str title, cd_str version)
{
	bool first = true;
	CD_BUF_LIT(b, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":");
	cd_json_write_string(b, title);
	CD_BUF_LIT(b, ",\"version\":");
	cd_json_write_string(b, version);
	CD_BUF_LIT(b, "},\"servers\":[{\"url\":\"/\"}],\"paths\":{");
	for (size_t i = 0; i < r->tables_n; i++)
		put_table(b, &r->tables[i], &first);
	CD_BUF_LIT(b,
		"},\"components\":{\"responses\":{\"Problem\":{\"description\":\"Problem "
		"details\",\"content\":{"
		"\"application/"
		"json\":{\"schema\":{\"type\":\"object\",\"required\":[\"type\",\"title\"],\"properties\":"
		"{\"type\":{\"type\":\"string\",\"format\":\"uri\"},\"title\":{\"type\":\"string\"},"
		"\"detail\":{\"type\":"
		"\"string\"},\"status\":{\"type\":\"integer\"},\"where\":{\"type\":\"string\"}}}}}}}}}");
}
