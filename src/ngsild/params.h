/* ngsild/params.h -- the parameters of the NGSI-LD routes, as indices of cd_ngsi_params. [CIM 009 6.4 to 6.6]
 */
#ifndef CD_NGSILD_PARAMS_H
#define CD_NGSILD_PARAMS_H

enum cd_ngsi_param {
	P_ID,
	P_TYPE,
	P_LIMIT,
	P_OFFSET,
	P_COUNT,
	P_OPTIONS,
	P_FORMAT,
	P_LOCAL,
	P_DATASET_ID,
	P_DELETE_ALL,
	P_LANG,
	P_OBSERVED_AT,
	P_ID_PATTERN,
	P_Q,
	P_CSF,
	P_SCOPE_Q,
	P_GEOREL,
	P_GEOMETRY,
	P_COORDINATES,
	P_GEOPROPERTY,
	P_GEOMETRY_PROPERTY,
	P_ATTRS,
	P_PICK,
	P_OMIT,
	P_DATASETS,
	P_EXPAND_VALUES,
	P_JSON_KEYS,
	P_JOIN,
	P_JOIN_LEVEL,
	P_CONTAINED_BY,
	P_ORDER_BY,
	P_COLLATION,
	P_ORDER_FROM,
	P_ORDER_GEOMETRY,
	P_KEEP,
	P_DROP,
	P_DETAILS,
	P_KIND,
	P_RELOAD,
	P_N
};
#define P(id) (1ull << P_##id)

/* What selects, what is shown, how results are ordered: of GET /entities and its like. */
#define P_SELECTION                                                                                          \
	(P(ID) | P(ID_PATTERN) | P(TYPE) | P(ATTRS) | P(Q) | P(CSF) | P(SCOPE_Q) | P(GEOREL) | P(GEOMETRY) | \
		P(COORDINATES) | P(GEOPROPERTY) | P(LOCAL) | P(EXPAND_VALUES) | P(JSON_KEYS))
#define P_VIEW                                                                                               \
	(P(ATTRS) | P(PICK) | P(OMIT) | P(DATASETS) | P(LANG) | P(OPTIONS) | P(FORMAT) |                     \
		P(GEOMETRY_PROPERTY) | P(JOIN) | P(JOIN_LEVEL) | P(CONTAINED_BY))
#define P_PAGE  (P(LIMIT) | P(OFFSET) | P(COUNT))
#define P_ORDER (P(ORDER_BY) | P(COLLATION) | P(ORDER_FROM) | P(ORDER_GEOMETRY))

#endif
