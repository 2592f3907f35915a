/* cli/system.h -- the routes of the program itself: health, readiness, metrics, OpenAPI, backup. */
#ifndef CD_CLI_SYSTEM_H
#define CD_CLI_SYSTEM_H

#include "http/router.h"

extern const struct cd_route cd_system_routes[];
extern const struct cd_param cd_system_params[];
extern const size_t cd_system_params_n;
bool cd_is_system_route(const struct cd_route *);

#endif
