/* intake/crs.h -- positions of another reference system as longitude and latitude (PROJ). */
#ifndef CD_INTAKE_CRS_H
#define CD_INTAKE_CRS_H

#include "base/cx.h"

struct cd_crs;
/* "EPSG:25832". CD_E_BAD_REQUEST_DATA: not known; CD_E_INTERNAL: no PROJ. cd_crs_close ends it. */
cd_code cd_crs_open(struct cd_cx *, const char *where, cd_str name, struct cd_crs **ret);
void cd_crs_close(struct cd_crs *); /* NULL is fine */
/* East (or longitude) first, whatever the order in the system's definition. False: not on its map. */
bool cd_crs_to_wgs84(struct cd_crs *, double *x, double *y);

#endif
