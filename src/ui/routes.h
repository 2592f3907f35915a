/*
 * ui/routes.h -- the start page and what it shows, from inside the program.
 *
 * The files are built from web/ and packed into a table (src/ui/pack.py); nothing is read from the disk.
 * Route functions get a struct cd_ui as `app`.
 */
#ifndef CD_UI_ROUTES_H
#define CD_UI_ROUTES_H

#include "http/router.h"
#include "ui/events.h"

/* What the pages need of one loop. */
struct cd_ui {
	struct cd_runner *runner;
	struct cd_events *events;
};
bool cd_is_ui_route(const struct cd_route *);

extern const struct cd_route cd_ui_routes[];
extern const struct cd_param cd_ui_params[];
extern const size_t cd_ui_params_n;

#endif
