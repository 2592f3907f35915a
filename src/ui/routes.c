/* Routes for people with a browser. */
#include "ui/routes.h"

#include "ui/ui_int.h"

const struct cd_param cd_ui_params[] = {{0}};
const size_t cd_ui_params_n = 0;
const struct cd_route cd_ui_routes[] = {
	{CD_GET, "/", cd_ui_page, 0, 0, "startPage", "The start page, for browsers", ""},
	{CD_GET, "/api", cd_ui_page, 0, 0, "apiPage", "This description, for browsers", ""},
	{CD_GET, "/docs", cd_ui_page, 0, 0, "docsPage", "The documents, for browsers", ""},
	{CD_GET, "/docs/{page}", cd_ui_page, 0, 0, "docsOnePage", "One document, for browsers", ""},
	{CD_GET, "/assets/{file}", cd_ui_page, 0, 0, "asset", "What the pages are made of", ""},
	{CD_GET, "/twin", cd_ui_twin, 0, 0, "twin",
		"What runs here: version, newest revision, tenants and how many entities they have", ""},
	{0},
};
