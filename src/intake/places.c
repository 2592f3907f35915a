/* Systems by what their numbers can be. Where several fit, names decide, then the language, then the order
 * here. */
#include "intake/places.h"

static const struct {
	const char *system, *land, *zone;
	double x_least, x_most, y_least, y_most;
	const char *words[4]; /* in the names of columns */
} systems[] = {
	{"EPSG:4647", "Germany, UTM zone 32 with its number in front", "Europe/Berlin", 32200000, 32900000,
		5200000, 6200000, {"4647"}},
	{"EPSG:2056", "Switzerland, LV95", "", 2480000, 2840000, 1070000, 1300000, {"2056", "lv95"}},
	{"EPSG:31466", "Germany, Gauss-Krüger zone 2", "Europe/Berlin", 2400000, 2750000, 5200000, 6200000,
		{"31466"}},
	{"EPSG:31467", "Germany, Gauss-Krüger zone 3", "Europe/Berlin", 3200000, 3850000, 5200000, 6200000,
		{"31467"}},
	{"EPSG:31468", "Germany, Gauss-Krüger zone 4", "Europe/Berlin", 4200000, 4850000, 5200000, 6200000,
		{"31468"}},
	{"EPSG:31469", "Germany, Gauss-Krüger zone 5", "Europe/Berlin", 5200000, 5850000, 5200000, 6200000,
		{"31469"}},
	{"EPSG:3035", "Europe, LAEA", "", 2400000, 6600000, 1300000, 5500000, {"3035", "laea"}},
	{"EPSG:21781", "Switzerland, LV03", "", 480000, 840000, 70000, 300000, {"21781", "lv03", "ch1903"}},
	{"EPSG:28992", "Netherlands, RD", "Europe/Amsterdam", 0, 300000, 300000, 625000,
		{"28992", "rd", "rijksdriehoek"}},
	{"EPSG:31370", "Belgium, Lambert 72", "", 20000, 300000, 20000, 260000,
		{"31370", "lambert72", "l72"}},
	{"EPSG:3812", "Belgium, Lambert 2008", "", 500000, 800000, 520000, 760000, {"3812", "lambert2008"}},
	{"EPSG:27700", "Great Britain", "", 0, 700000, 0, 1300000, {"27700", "osgb", "bng"}},
	{"EPSG:2154", "France, Lambert-93", "Europe/Paris", 90000, 1250000, 6030000, 7140000,
		{"2154", "l93", "lambert93"}},
	{"EPSG:25832", "Germany west, Denmark, Italy: UTM zone 32", "Europe/Berlin", 200000, 920000, 3800000,
		6500000, {"25832", "utm32"}},
	{"EPSG:25832", "Italy north and west: UTM zone 32", "Europe/Rome", 200000, 1300000, 3900000, 5300000,
		{"25832"}},
	{"EPSG:25832", "Denmark: UTM zone 32", "Europe/Copenhagen", 400000, 920000, 6000000, 6500000,
		{"25832"}},
	{"EPSG:25830", "Spain: UTM zone 30", "Europe/Madrid", -100000, 1200000, 3900000, 4900000,
		{"25830", "utm30", "etrs89h30"}},
	{"EPSG:25831", "Catalonia, Balearics: UTM zone 31", "", 200000, 900000, 3800000, 6500000,
		{"25831", "utm31"}},
	{"EPSG:25833", "Germany east, Austria: UTM zone 33", "", 200000, 920000, 3800000, 8000000,
		{"25833", "utm33"}},
	{"EPSG:2180", "Poland, PL-1992", "Europe/Warsaw", 160000, 870000, 120000, 910000, {"2180"}},
	{"EPSG:3006", "Sweden, SWEREF 99 TM", "Europe/Stockholm", 260000, 920000, 6120000, 7680000,
		{"3006", "sweref"}},
	{"EPSG:3067", "Finland, TM35FIN", "Europe/Helsinki", 40000, 740000, 6600000, 7800000,
		{"3067", "tm35"}},
	{"EPSG:3763", "Portugal, TM06", "Europe/Lisbon", -130000, 170000, -310000, 290000, {"3763", "tm06"}},
	{"EPSG:3857", "Web Mercator", "", -20037509, 20037509, -20037509, 20037509,
		{"3857", "mercator", "900913"}},
};
enum { SYSTEMS_N = sizeof systems / sizeof *systems };

static bool within(const struct cd_extent *e, unsigned i)
{
	return e->x_least >= systems[i].x_least && e->x_most <= systems[i].x_most &&
	       e->y_least >= systems[i].y_least && e->y_most <= systems[i].y_most;
}

/* Is it in the names as a word of its own, of letters and digits? */
static bool says(cd_str names, const char *word)
{
	cd_str w = cd_str_z(word);
	for (size_t i = 0; w.n && i + w.n <= names.n; i++) {
		if (!cd_str_eq_nocase(cd_str_of(names.p + i, w.n), w))
			continue;
		char before = i ? names.p[i - 1] : ' ', after = i + w.n < names.n ? names.p[i + w.n] : ' ';
		if (strchr(" _-:.()[]", before) && strchr(" _-:.()[]", after))
			return true;
	}
	return false;
}

static bool named(cd_str names, unsigned i)
{
	for (size_t k = 0; k < 4 && systems[i].words[k]; k++)
		if (says(names, systems[i].words[k]))
			return true;
	return false;
}

/* Ordinary numbers are too small for metres on the map of a land. */
static bool is_degrees(const struct cd_extent *e)
{
	return e->x_least >= -180 && e->x_most <= 180 && e->y_least >= -90 && e->y_most <= 90;
}

static bool choose(const struct cd_extent *e, cd_str names, cd_str zone, struct cd_place_guess *ret)
{
	unsigned best = SYSTEMS_N, rank = 0, fit = 0;
	for (unsigned i = 0; i < SYSTEMS_N; i++) {
		if (!within(e, i))
			continue;
		unsigned r = named(names, i)                                        ? 3
			     : zone.n && cd_str_eq(cd_str_z(systems[i].zone), zone) ? 2
										    : 1;
		fit += i + 1 < SYSTEMS_N; /* the whole world is always an alternative */
		if (r > rank) {
			rank = r;
			best = i;
		}
	}
	if (best == SYSTEMS_N)
		return false;
	*ret = (struct cd_place_guess){.system = systems[best].system,
		.land = systems[best].land,
		.sure = rank == 3 || (fit == 1 && best + 1 < SYSTEMS_N)};
	return true;
}

struct cd_place_guess cd_place_guess(const struct cd_extent *e, cd_str names, cd_str zone)
{
	struct cd_place_guess g = {0};
	struct cd_extent turned = {e->y_least, e->y_most, e->x_least, e->x_most};
	if (is_degrees(e))
		return (struct cd_place_guess){.system = "", .land = "longitude and latitude", .sure = true};
	if (is_degrees(&turned))
		return (struct cd_place_guess){
			.system = "", .land = "longitude and latitude", .sure = true, .swapped = true};
	struct cd_place_guess other;
	bool straight = choose(e, names, zone, &g), round = choose(&turned, names, zone, &other);
	bool mercator = straight && cd_str_eq(cd_str_z(g.system), CD_STR("EPSG:3857"));
	/* only as it stands, unless that means the whole world and the other way round is a land */
	if (round && (!straight || (mercator && !cd_str_eq(cd_str_z(other.system), CD_STR("EPSG:3857"))))) {
		g = other;
		g.swapped = true;
	}
	return g;
}
