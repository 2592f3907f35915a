/* A small binding: routes and parameters of every kind. Shared by the tests and the fuzz target of the
 * router. */
#ifndef CD_TEST_HTTP_TABLE_H
#define CD_TEST_HTTP_TABLE_H

#include "http/router.h"

enum { P_TEXT, P_UINT, P_BOOL, P_URI, P_URIS, P_NAMES, P_WORDS, P_WORD, P_STAMP, P_N };

static const struct cd_param test_params[P_N] = {
	[P_TEXT] = {"q", CD_PARAM_TEXT, 0, 0, NULL, "Anything \"quoted\"", "4.9"},
	[P_UINT] = {"limit", CD_PARAM_UINT, 1, 1000, NULL, "How many", "6.3.10"},
	[P_BOOL] = {"count", CD_PARAM_BOOL, 0, 0, NULL, "Count them", "6.3.13"},
	[P_URI] = {"datasetId", CD_PARAM_URI, 0, 0, NULL, "One", "4.5.5"},
	[P_URIS] = {"id", CD_PARAM_URIS, 0, 0, NULL, "Which", "6.4"},
	[P_NAMES] = {"attrs", CD_PARAM_NAMES, 0, 0, NULL, "Names", "6.4"},
	[P_WORDS] = {"options", CD_PARAM_WORDS, 0, 0, "keyValues|sysAttrs|concise", "How", "6.3"},
	[P_WORD] = {"format", CD_PARAM_WORD, 0, 0, "normalized|concise", "Form", "6.3"},
	[P_STAMP] = {"at", CD_PARAM_STAMP, 0, 0, NULL, "When", "4.8"},
};

#define ALL_PARAMS ((1ull << P_N) - 1)

static const struct cd_route test_routes[] = {
	{CD_GET, "/v1/things", NULL, ALL_PARAMS, 0, "query", "Query things", "5.7.2"},
	{CD_POST, "/v1/things", NULL, 0, CD_ROUTE_BODY_JSON, "create", "Create one", "5.6.1"},
	{CD_GET, "/v1/things/{id}", NULL, 1ull << P_WORDS, 0, "retrieve", "Retrieve one", "5.7.1"},
	{CD_DELETE, "/v1/things/{id}", NULL, 0, 0, "delete", "Delete one", "5.6.6"},
	{CD_PATCH, "/v1/things/{id}/attrs/{name}", NULL, 0, CD_ROUTE_BODY_MERGE, "update", "Update one",
		"5.6.4"},
	{CD_GET, "/v1/things/{id}/attrs", NULL, 0, 0, "attrs", "List", ""},
	{CD_GET, "/v1/things/special", NULL, 0, 0, "special", "A fixed name", ""},
	{CD_DELETE, "/v1/bin/{id}", NULL, 0, 0, "bin", "Only below", ""},
	{CD_GET, "/{a}/{b}/{c}/{d}/{e}", NULL, 0, 0, "deep", "Deeper than parts go", ""},
	{CD_GET, NULL, NULL, 0, 0, NULL, NULL, NULL},
};

#endif
