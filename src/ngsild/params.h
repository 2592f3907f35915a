/* ngsild/params.h -- the parameters of the NGSI-LD routes, as indices of cd_ngsi_params. [CIM 009 6.4 to 6.6;
 * digest 9] */
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
	P_N
};
#define P(id) (1ull << P_##id)

#endif
