/*
 * The tables of NGSI-LD: every row complete in itself. `Allow`, the parameter check, OpenAPI and the manual
 * come from here; a new operation is a row and a binding.
 */
#include "ngsild/bind.h"
#include "ngsild/params.h"
#include "ngsild/request.h"

#define ROOT     "/ngsi-ld/v1"
#define JSON_IN  (CD_ROUTE_BODY_JSON | CD_ROUTE_LENGTH)
#define PATCH_IN (CD_ROUTE_BODY_JSON | CD_ROUTE_BODY_MERGE | CD_ROUTE_LENGTH)

/* options: the union of what any operation knows; each binding refuses what does not apply [digest 6.1] */
const struct cd_param cd_ngsi_params[P_N] = {
	[P_ID] = {"id", CD_PARAM_URIS, 0, 0, NULL, "Ids of the entities wanted, separated by commas",
		"5.7.2"},
	[P_TYPE] = {"type", CD_PARAM_TEXT, 0, 0, NULL,
		"Entity types wanted: A,B or A|B is any, (A;B) is all, * every type", "4.17"},
	[P_LIMIT] = {"limit", CD_PARAM_UINT, 0, 1000000000, NULL,
		"Largest number of results; 0 only with count=true", "6.3.10"},
	[P_OFFSET] = {"offset", CD_PARAM_UINT, 0, 1000000000000000, NULL, "Number of results to pass over",
		"6.3.10"},
	[P_COUNT] = {"count", CD_PARAM_BOOL, 0, 0, NULL,
		"Tell the number of all results in NGSILD-Results-Count", "6.3.13"},
	[P_OPTIONS] = {"options", CD_PARAM_WORDS, 0, 0,
		"normalized|concise|simplified|keyValues|sysAttrs|noOverwrite|replace|update",
		"Representation, system attributes, or how an existing element is treated", "6.3.7"},
	[P_FORMAT] = {"format", CD_PARAM_WORD, 0, 0, "normalized|concise|simplified|keyValues",
		"Representation; wins over options", "6.3.7"},
	[P_LOCAL] = {"local", CD_PARAM_BOOL, 0, 0, NULL, "Only what is stored here, no registered sources",
		"6.3.18"},
	[P_DATASET_ID] = {"datasetId", CD_PARAM_URI, 0, 0, NULL,
		"The instance of the attribute; absent: the default one", "4.5.5"},
	[P_DELETE_ALL] = {"deleteAll", CD_PARAM_BOOL, 0, 0, NULL, "All instances of the attribute", "5.6.5"},
	[P_LANG] = {"lang", CD_PARAM_TEXT, 0, 0, NULL, "Language of strings merged into language maps",
		"5.6.17"},
	[P_OBSERVED_AT] = {"observedAt", CD_PARAM_STAMP, 0, 0, NULL,
		"observedAt of merged attributes that have one and come without", "5.6.17"},
};
const size_t cd_ngsi_params_n = P_N;

const struct cd_route cd_ngsi_routes[] = {
	{CD_POST, ROOT "/entities", cd_bind_create, P(LOCAL), JSON_IN, "createEntity", "Create an entity",
		"5.6.1"},
	{CD_GET, ROOT "/entities", cd_bind_list,
		P(ID) | P(TYPE) | P(LIMIT) | P(OFFSET) | P(COUNT) | P(OPTIONS) | P(FORMAT) | P(LOCAL), 0,
		"queryEntity", "List entities", "5.7.2"},
	{CD_GET, ROOT "/entities/{entityId}", cd_bind_retrieve, P(TYPE) | P(OPTIONS) | P(FORMAT) | P(LOCAL),
		0, "retrieveEntity", "Retrieve an entity", "5.7.1"},
	{CD_PUT, ROOT "/entities/{entityId}", cd_bind_replace, P(TYPE) | P(LOCAL), JSON_IN, "replaceEntity",
		"Replace an entity", "5.6.18"},
	{CD_PATCH, ROOT "/entities/{entityId}", cd_bind_merge,
		P(TYPE) | P(OPTIONS) | P(FORMAT) | P(LANG) | P(OBSERVED_AT) | P(LOCAL), PATCH_IN,
		"mergeEntity", "Merge a fragment into an entity", "5.6.17"},
	{CD_DELETE, ROOT "/entities/{entityId}", cd_bind_delete, P(TYPE) | P(LOCAL), 0, "deleteEntity",
		"Delete an entity", "5.6.6"},
	{CD_POST, ROOT "/entities/{entityId}/attrs", cd_bind_append, P(TYPE) | P(OPTIONS) | P(LOCAL), JSON_IN,
		"appendAttrs", "Append attributes", "5.6.3"},
	{CD_PATCH, ROOT "/entities/{entityId}/attrs", cd_bind_update, P(TYPE) | P(LOCAL), PATCH_IN,
		"updateAttrs", "Update attributes", "5.6.2"},
	{CD_PATCH, ROOT "/entities/{entityId}/attrs/{attrId}", cd_bind_partial, P(TYPE) | P(LOCAL), PATCH_IN,
		"partialAttrUpdate", "Update parts of an attribute", "5.6.4"},
	{CD_PUT, ROOT "/entities/{entityId}/attrs/{attrId}", cd_bind_replace_attr, P(TYPE) | P(LOCAL),
		JSON_IN, "replaceAttr", "Replace an attribute", "5.6.19"},
	{CD_DELETE, ROOT "/entities/{entityId}/attrs/{attrId}", cd_bind_delete_attr,
		P(TYPE) | P(DATASET_ID) | P(DELETE_ALL) | P(LOCAL), 0, "deleteAttr", "Delete an attribute",
		"5.6.5"},
	{CD_POST, ROOT "/entityOperations/create", cd_bind_batch_create, P(LOCAL), JSON_IN, "createBatch",
		"Create many entities", "5.6.7"},
	{CD_POST, ROOT "/entityOperations/upsert", cd_bind_batch_upsert, P(OPTIONS) | P(LOCAL), JSON_IN,
		"upsertBatch", "Create or replace many entities", "5.6.8"},
	{CD_POST, ROOT "/entityOperations/update", cd_bind_batch_update, P(OPTIONS) | P(LOCAL), JSON_IN,
		"updateBatch", "Update many entities", "5.6.9"},
	{CD_POST, ROOT "/entityOperations/merge", cd_bind_batch_merge, P(LOCAL), JSON_IN, "mergeBatch",
		"Merge into many entities", "5.6.20"},
	{CD_POST, ROOT "/entityOperations/delete", cd_bind_batch_delete, P(LOCAL), JSON_IN, "deleteBatch",
		"Delete many entities", "5.6.10"},
	{0},
};
