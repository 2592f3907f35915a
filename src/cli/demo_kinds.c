/*
 * The kinds of things in the made-up place: how many, what they are, what they say. Types and members are
 * those of Smart Data Models; `district`, `servesLine`, `irrigates`, `refBuilding` and the occupancy of a bus
 * are ours.
 */
#include "cli/demo_int.h"

#include <math.h>
#include <stdio.h>

enum { WORDS = CD_ROAD_NAME };

/* ---- words ---- */

void cd_thing_put_id(struct cd_buf *b, unsigned kind, uint64_t number)
{
	cd_buf_printf(
		b, "urn:ngsi-ld:%s:demo:%04llu", cd_demo_kinds[kind].type, (unsigned long long)number + 1);
}

static void put_moment(struct cd_buf *b, cd_time_us us)
{
	cd_buf_stamp(b, cd_stamp_of(us - us % 1000000, 0));
}

/* The end of what is observed. */
static void put_seen(const struct cd_thing *t)
{
	CD_BUF_LIT(t->b, ",\"observedAt\":\"");
	put_moment(t->b, t->time);
	CD_BUF_LIT(t->b, "\"}");
}

static void begin_number(const struct cd_thing *t, const char *name, double v, int digits, const char *unit)
{
	cd_buf_printf(t->b, ",\"%s\":{\"type\":\"Property\",\"value\":%.*f", name, digits, v);
	if (unit)
		cd_buf_printf(t->b, ",\"unitCode\":\"%s\"", unit);
}

/* Units are codes of UN/CEFACT. */
static void put_number(const struct cd_thing *t, const char *name, double v, int digits, const char *unit)
{
	begin_number(t, name, v, digits, unit);
	put_seen(t);
}

static void put_fact(const struct cd_thing *t, const char *name, double v, int digits, const char *unit)
{
	begin_number(t, name, v, digits, unit);
	cd_buf_char(t->b, '}');
}

/* `json` is a value as it stands in JSON: a text in its quotes, an array, true. */
static void put_value(const struct cd_thing *t, const char *name, const char *json)
{
	cd_buf_printf(t->b, ",\"%s\":{\"type\":\"Property\",\"value\":%s}", name, json);
}

static void put_state(const struct cd_thing *t, const char *name, const char *json)
{
	cd_buf_printf(t->b, ",\"%s\":{\"type\":\"Property\",\"value\":%s", name, json);
	put_seen(t);
}

static void put_date(const struct cd_thing *t, const char *name, cd_time_us us)
{
	cd_buf_printf(
		t->b, ",\"%s\":{\"type\":\"Property\",\"value\":{\"@type\":\"DateTime\",\"@value\":\"", name);
	put_moment(t->b, us);
	CD_BUF_LIT(t->b, "\"}}");
}

static void put_link(const struct cd_thing *t, const char *name, unsigned kind, uint64_t number)
{
	cd_buf_printf(t->b, ",\"%s\":{\"type\":\"Relationship\",\"object\":\"", name);
	cd_thing_put_id(t->b, kind, number % cd_thing_count(t, kind));
	CD_BUF_LIT(t->b, "\"}");
}

struct words {
	const char *en, *de, *nl;
};

static void put_names(const struct cd_thing *t, struct words w, const char *own)
{
	const char *space = w.en[0] && own[0] ? " " : "";
	cd_buf_printf(t->b,
		",\"name\":{\"type\":\"LanguageProperty\",\"languageMap\":{\"en\":\"%s%s%s\",\"de\":\"%s%s%"
		"s\","
		"\"nl\":\"%s%s%s\"}}",
		w.en, space, own, w.de, space, own, w.nl, space, own);
}

/* ---- quarters ---- */

static const struct words quarters[] = {{"Old Town", "Altstadt", "Oude Stad"},
	{"Station Quarter", "Bahnhofsviertel", "Stationsbuurt"},
	{"University", "Universit\xc3\xa4t", "Universiteit"}, {"Cathedral", "Domviertel", "Domkwartier"},
	{"Market", "Marktviertel", "Marktkwartier"}, {"Harbour", "Hafen", "Haven"},
	{"North Field", "Nordfeld", "Noordveld"}, {"South Gardens", "Südgarten", "Zuidertuinen"},
	{"Mill Brook", "Mühlbach", "Molenbeek"}, {"West Meadows", "Westwiesen", "Westweiden"},
	{"Castle Hill", "Schlossberg", "Kasteelberg"}, {"Riverside", "Am Fluss", "Aan de Rivier"}};
enum { QUARTERS = sizeof quarters / sizeof *quarters };

/* The second Altstadt of a metropolis is Altstadt 2. */
static void quarter_number(uint64_t district, char text[static 24])
{
	text[0] = 0;
	if (district >= QUARTERS)
		snprintf(text, 24, "%llu", (unsigned long long)(district / QUARTERS + 1));
}

/* ---- places ---- */

static void put_position(const struct cd_thing *t, struct cd_spot at)
{
	double east = at.x * 0.97 - at.y * 0.24, north = at.x * 0.24 + at.y * 0.97;
	double lon = t->place->lon + east / (111320 * cos(t->place->lat * M_PI / 180));
	cd_buf_printf(t->b, "[%.6f,%.6f]", lon, t->place->lat + north / 111000);
}

static void put_point(const struct cd_thing *t, const char *name, struct cd_spot at)
{
	cd_buf_printf(t->b,
		",\"%s\":{\"type\":\"GeoProperty\",\"value\":{\"type\":\"Point\",\"coordinates\":", name);
	put_position(t, at);
	CD_BUF_LIT(t->b, "}}");
}

/* A ring, from its corners. */
static void put_polygon(const struct cd_thing *t, const struct cd_spot *corner, unsigned n)
{
	CD_BUF_LIT(t->b,
		",\"location\":{\"type\":\"GeoProperty\",\"value\":{\"type\":\"Polygon\",\"coordinates\":[[");
	for (unsigned i = 0; i <= n; i++) {
		if (i)
			cd_buf_char(t->b, ',');
		put_position(t, corner[i % n]);
	}
	CD_BUF_LIT(t->b, "]]}}");
}

static void put_rectangle(const struct cd_thing *t, struct cd_spot middle, double half_wide, double half_high)
{
	struct cd_spot c[4] = {{middle.x - half_wide, middle.y - half_high},
		{middle.x + half_wide, middle.y - half_high}, {middle.x + half_wide, middle.y + half_high},
		{middle.x - half_wide, middle.y + half_high}};
	put_polygon(t, c, 4);
}

static void put_point_and_district(const struct cd_thing *t, struct cd_spot at)
{
	put_point(t, "location", at);
	put_link(t, "district", CD_DISTRICT, cd_spot_district(t, at));
}

/* Named by its street. */
static void put_at_street(const struct cd_thing *t, struct words w)
{
	char street[WORDS];
	struct cd_segment s = cd_spot_street(t);
	cd_spot_road_name(s.road, street);
	put_names(t, w, street);
	put_point_and_district(t, cd_spot_at_street(t, s));
}

/* ---- the kinds: what stands ---- */

static void building(const struct cd_thing *t)
{
	static const char *const uses[] = {"detached", "house", "apartments", "apartments", "residential",
		"commercial", "office", "school"};
	struct cd_segment s = cd_spot_street(t);
	double along = cd_thing_chance(t, 1), side = cd_thing_chance(t, 2) < 0.5 ? -1 : 1;
	struct cd_spot at = cd_spot_beside(s, along, side * (12 + 8 * cd_thing_chance(t, 3)));
	uint64_t d = cd_spot_district(t, at);
	char street[WORDS], number[24];
	cd_spot_road_name(s.road, street);
	quarter_number(d, number);
	unsigned house = 1 + 2 * (unsigned)(along * 40) + (side > 0);
	put_rectangle(t, at, 5 + cd_thing_chance(t, 4) * 9, 4 + cd_thing_chance(t, 5) * 4);
	put_link(t, "district", CD_DISTRICT, d);
	cd_buf_printf(t->b,
		",\"address\":{\"type\":\"Property\",\"value\":{\"type\":\"PostalAddress\",\"streetAddress\":"
		"\"%s "
		"%u\",\"addressLocality\":\"%s%s%s\",\"addressCountry\":\"DE\"}}",
		street, house, quarters[d % QUARTERS].de, number[0] ? " " : "", number);
	unsigned use = (unsigned)(cd_thing_chance(t, 6) * 8);
	cd_buf_printf(t->b, ",\"category\":{\"type\":\"Property\",\"value\":[\"%s\"]}", uses[use]);
	put_fact(t, "floorsAboveGround",
		1 + floor(cd_thing_chance(t, 7) * (t->place->size && use > 1 ? 6 : 3)), 0, NULL);
}

static void light(const struct cd_thing *t)
{
	uint64_t each = cd_thing_count(t, CD_LIGHT) / cd_thing_count(t, CD_SEGMENT) + 1,
		 segment = t->number / each;
	put_point_and_district(t, cd_spot_beside(cd_spot_segment(t, segment),
					  ((double)(t->number % each) + 0.5) / (double)each, 4));
	put_link(t, "refRoadSegment", CD_SEGMENT, segment);
	put_fact(t, "lanternHeight", 4 + floor(cd_thing_chance(t, 2) * 5), 0, "MTR");
	put_value(t, "locationCategory", "\"sidewalk\"");
	put_value(t, "status", cd_thing_chance(t, 3) < 0.01 ? "\"defectiveLamp\"" : "\"ok\"");
}

static void road(const struct cd_thing *t)
{
	static const char *const classes[] = {
		"\"residential\"", "\"residential\"", "\"residential\"", "\"tertiary\"", "\"secondary\""};
	char name[WORDS];
	cd_spot_road_name(t->number, name);
	cd_buf_printf(t->b, ",\"name\":{\"type\":\"Property\",\"value\":\"%s\"}", name);
	put_value(t, "roadClass", classes[(unsigned)(cd_thing_chance(t, 5) * 5)]);
}

static void segment(const struct cd_thing *t)
{
	struct cd_segment s = cd_spot_segment(t, t->number);
	char name[WORDS];
	cd_spot_road_name(s.road, name);
	cd_buf_printf(t->b, ",\"name\":{\"type\":\"Property\",\"value\":\"%s\"}", name);
	CD_BUF_LIT(t->b, ",\"location\":{\"type\":\"GeoProperty\",\"value\":{\"type\":\"LineString\","
			 "\"coordinates\":[");
	put_position(t, s.from);
	cd_buf_char(t->b, ',');
	put_position(t, s.to);
	CD_BUF_LIT(t->b, "]}}");
	put_point(t, "startPoint", s.from);
	put_point(t, "endPoint", s.to);
	put_link(t, "refRoad", CD_ROAD, s.road);
	put_link(t, "district", CD_DISTRICT, cd_spot_district(t, s.from));
	put_fact(t, "length", (s.to.x - s.from.x + s.to.y - s.from.y) / 1000, 2, "KMT");
	put_fact(t, "maximumAllowedSpeed", s.road % 5 < 3 ? 30 : 50, 0, "KMH");
	put_value(t, "allowedVehicleType", "[\"anyVehicle\"]");
}

static double spots(const struct cd_thing *t)
{
	return 60 + floor(cd_thing_chance(t, 1) * 540);
}

static void parking(const struct cd_thing *t)
{
	put_at_street(t, (struct words){"Car park", "Parkhaus", "Parkeergarage"});
	put_value(t, "category", "[\"public\",\"feeCharged\"]");
	put_fact(t, "totalSpotNumber", spots(t), 0, NULL);
}

static void waste(const struct cd_thing *t)
{
	static const char *const kinds[] = {
		"\"organic\"", "\"paper\"", "\"glass\"", "\"plastic\"", "\"other\""};
	put_point_and_district(t, cd_spot_at_street(t, cd_spot_street(t)));
	put_value(t, "storedWasteKind", kinds[(unsigned)(cd_thing_chance(t, 4) * 5)]);
}

static void air(const struct cd_thing *t)
{
	put_at_street(t, (struct words){"Air station", "Luftmessstation", "Luchtmeetstation"});
}

static void noise(const struct cd_thing *t)
{
	put_at_street(t, (struct words){"Noise meter", "Lärmmessstelle", "Geluidsmeter"});
}

static void sky(const struct cd_thing *t)
{
	put_at_street(t, (struct words){"Weather station", "Wetterstation", "Weerstation"});
}

static void water(const struct cd_thing *t)
{
	put_at_street(t, (struct words){"River gauge", "Flusspegel", "Rivierpeil"});
}

static void flow(const struct cd_thing *t)
{
	uint64_t number = (uint64_t)(cd_thing_chance(t, 101) * (double)cd_thing_count(t, CD_SEGMENT));
	struct cd_segment s = cd_spot_segment(t, number);
	char street[WORDS];
	cd_spot_road_name(s.road, street);
	put_names(t, (struct words){"Traffic counter", "Verkehrszähler", "Verkeersteller"}, street);
	put_point_and_district(t, cd_spot_beside(s, 0.5, 0));
	put_link(t, "refRoadSegment", CD_SEGMENT, number);
}

static void stop(const struct cd_thing *t)
{
	uint64_t lines = cd_thing_count(t, CD_LINE), line = t->number % lines,
		 each = cd_thing_count(t, CD_STOP) / lines + 1;
	double heading;
	struct cd_spot at =
		cd_spot_on_line(t, line, ((double)(t->number / lines) + 0.5) / (double)each, &heading);
	char name[WORDS];
	cd_spot_road_name((uint64_t)(cd_thing_chance(t, 1) * 1e6), name);
	put_names(t, (struct words){"", "", ""}, name);
	put_point_and_district(t, at);
	put_value(t, "transportationType", "[3]");
	CD_BUF_LIT(t->b, ",\"refPublicTransportRoute\":{\"type\":\"Relationship\",\"object\":[\"");
	cd_thing_put_id(t->b, CD_LINE, line);
	CD_BUF_LIT(t->b, "\"]}");
}

static void bus(const struct cd_thing *t)
{
	put_value(t, "vehicleType", "\"bus\"");
	put_value(t, "category", "[\"public\"]");
	put_value(t, "serviceProvided", "[\"urbanTransit\"]");
	put_link(t, "servesLine", CD_LINE, t->number);
}

static void meter(const struct cd_thing *t)
{
	put_point_and_district(t, cd_spot_at_street(t, cd_spot_street(t)));
	put_link(t, "refBuilding", CD_BUILDING, (uint64_t)(cd_thing_chance(t, 1) * 1e9));
	put_value(t, "phaseType", "\"threePhase\"");
}

static double sockets(const struct cd_thing *t)
{
	return 2 + floor(cd_thing_chance(t, 1) * 8);
}

static void charger(const struct cd_thing *t)
{
	put_at_street(t, (struct words){"Charging station", "Ladestation", "Laadstation"});
	put_value(t, "socketType", cd_thing_chance(t, 3) < 0.3 ? "[\"CCS/SAE\",\"Type2\"]" : "[\"Type2\"]");
	put_value(t, "allowedVehicleType", "[\"car\"]");
	put_fact(t, "capacity", sockets(t), 0, NULL);
}

static double slots(const struct cd_thing *t)
{
	return 10 + floor(cd_thing_chance(t, 1) * 30);
}

static void bikes(const struct cd_thing *t)
{
	put_at_street(t, (struct words){"Bike station", "Fahrradstation", "Fietsstation"});
	put_fact(t, "totalSlotNumber", slots(t), 0, NULL);
}

static void parcel(const struct cd_thing *t)
{
	static const char *const states[] = {
		"\"seeded\"", "\"justBorn\"", "\"growing\"", "\"maturing\"", "\"readyForHarvesting\""};
	double wide = 30 + cd_thing_chance(t, 2) * 45, high = 25 + cd_thing_chance(t, 3) * 40;
	put_rectangle(t, cd_spot_field(t, t->number), wide, high);
	put_fact(t, "area", 4 * wide * high, 0, "MTK");
	put_link(t, "hasAgriCrop", CD_CROP, (uint64_t)(cd_thing_chance(t, 4) * 1000));
	put_value(t, "category", "\"arable\"");
	double grown = (cd_thing_summer(t) + 1) * 2.4 * (0.7 + 0.3 * cd_thing_chance(t, 5));
	put_value(t, "cropStatus", states[(unsigned)fmin(4, grown)]);
}

static void soil(const struct cd_thing *t)
{
	put_point(t, "location", cd_spot_field(t, t->number));
	put_link(t, "hasAgriParcel", CD_PARCEL, t->number);
}

static void crop(const struct cd_thing *t)
{
	static const struct words names[] = {{"Wheat", "Weizen", "Tarwe"}, {"Maize", "Mais", "Maïs"},
		{"Potatoes", "Kartoffeln", "Aardappelen"}, {"Sugar beet", "Zuckerrüben", "Suikerbieten"},
		{"Barley", "Gerste", "Gerst"}};
	put_names(t, names[t->number % 5], "");
}

static void gate(const struct cd_thing *t)
{
	uint64_t first = t->number * cd_thing_count(t, CD_PARCEL) / cd_thing_count(t, CD_GATE);
	struct cd_spot at = cd_spot_field(t, first);
	put_point(t, "location", (struct cd_spot){at.x * 0.97, at.y * 0.97});
	put_link(t, "irrigates", CD_PARCEL, first);
}

static void district(const struct cd_thing *t)
{
	enum { ARC = 8 };
	uint64_t sectors = cd_thing_count(t, CD_DISTRICT) / cd_spot_rings(t), ring = t->number / sectors;
	double in = t->place->radius * (double)ring / cd_spot_rings(t),
	       out = t->place->radius * (double)(ring + 1) / cd_spot_rings(t);
	double from = (double)(t->number % sectors) / (double)sectors * 2 * M_PI;
	struct cd_spot corner[2 * ARC + 2];
	for (unsigned i = 0; i <= ARC; i++) {
		double turn = from + 2 * M_PI / (double)sectors * i / ARC;
		corner[i] = (struct cd_spot){out * cos(turn), out * sin(turn)};
		corner[2 * ARC + 1 - i] = (struct cd_spot){in * cos(turn), in * sin(turn)};
	}
	char number[24];
	quarter_number(t->number, number);
	put_names(t, quarters[t->number % QUARTERS], number);
	/* the innermost have one corner in the middle, not an arc of them */
	put_polygon(t, corner, ring ? 2 * ARC + 2 : ARC + 2);
	put_fact(t, "population", floor((t->place->size ? 4000 : 150) * (0.5 + cd_thing_chance(t, 3))), 0,
		NULL);
}

static void line(const struct cd_thing *t)
{
	char number[24];
	snprintf(number, sizeof number, "%llu", (unsigned long long)t->number + 1);
	put_names(t, (struct words){"Line", "Linie", "Lijn"}, number);
	cd_buf_printf(t->b, ",\"shortName\":{\"type\":\"Property\",\"value\":\"%s\"}", number);
	put_value(t, "routeType", "\"3\"");
}

/* ---- the kinds: what lives ---- */

static void light_lives(const struct cd_thing *t)
{
	bool dark = cd_thing_dark(t), broken = cd_thing_chance(t, 3) < 0.01;
	double level = !dark || broken ? 0 : t->hour > 1 && t->hour < 5 ? 0.5 : 1;
	put_state(t, "powerState", level > 0.5 ? "\"on\"" : level > 0 ? "\"low\"" : "\"off\"");
	put_number(t, "illuminanceLevel", level, 1, NULL);
}

static void parking_lives(const struct cd_thing *t)
{
	double busy = 0.12 + 0.7 * cd_bump(t->hour, t->weekend ? 15 : 12.5, 3.6) + 0.4 * cd_thing_event(t) +
		      0.08 * cd_thing_drift(t, 2, 20);
	put_number(t, "availableSpotNumber", floor(spots(t) * fmax(0, 1 - fmin(1, busy))), 0, NULL);
	put_state(t, "status",
		busy >= 1    ? "[\"full\"]"
		: busy > 0.9 ? "[\"open\",\"almostFull\"]"
			     : "[\"open\"]");
}

static void waste_lives(const struct cd_thing *t)
{
	/* filled in some days, emptied at one stroke */
	double times = (double)t->time / 86400e6 / (3 + cd_thing_chance(t, 1) * 6) + cd_thing_chance(t, 2);
	put_number(t, "fillingLevel", times - floor(times), 2, "C62");
	put_number(t, "temperature", cd_thing_temperature(t) + 3 * cd_thing_chance(t, 3), 1, "CEL");
}

static void air_lives(const struct cd_thing *t)
{
	double calm = 1 - 0.5 * cd_thing_weather(t, 2, 400), near = 0.5 + cd_thing_chance(t, 1);
	double cars = cd_thing_traffic(t);
	put_number(t, "no2", fmax(1, (9 + 55 * cars * near) * calm + 3 * cd_thing_drift(t, 3, 15)), 1, "GQ");
	put_number(
		t, "pm10", fmax(1, (11 + 18 * cars * near) * calm + 2 * cd_thing_drift(t, 4, 30)), 1, "GQ");
	put_number(t, "pm25", fmax(1, (7 + 9 * cars * near) * calm + cd_thing_drift(t, 5, 30)), 1, "GQ");
	put_number(t, "o3",
		fmax(1, 40 + 30 * cd_bump(t->hour, 15, 4) - 20 * cars + 6 * cd_thing_weather(t, 3, 300)), 1,
		"GQ");
	put_date(t, "dateObserved", t->time);
}

static void noise_lives(const struct cd_thing *t)
{
	enum { PERIOD_S = 900 };
	double v = 38 + 24 * cd_thing_traffic(t) + 8 * cd_thing_event(t) + 3 * cd_thing_drift(t, 1, 4) +
		   6 * cd_thing_chance(t, 2);
	if (t->number == 1) /* it drifts: half a decibel a day */
		v += (double)(t->time - t->place->begun) / 86400e6 * 0.5;
	put_number(t, "LAeq", v, 1, "2N");
	put_date(t, "dateObservedFrom", t->time - (cd_time_us)PERIOD_S * 1000000);
	put_date(t, "dateObservedTo", t->time);
}

static void sky_lives(const struct cd_thing *t)
{
	double cloud = cd_thing_weather(t, 2, 400);
	put_number(t, "temperature", cd_thing_temperature(t) + 0.5 * cd_thing_drift(t, 1, 30), 1, "CEL");
	put_number(t, "relativeHumidity", fmin(1, fmax(0.2, 0.65 + 0.2 * cloud)), 2, "C62");
	put_number(t, "windSpeed", fmax(0, 3.5 + 3 * cd_thing_weather(t, 3, 250)), 1, "MTS");
	put_number(t, "precipitation", fmax(0, (cloud - 0.5) * 6), 1, "MMT");
	put_date(t, "dateObserved", t->time);
}

static void water_lives(const struct cd_thing *t)
{
	bool lies = t->number == 0; /* a number that no river has, always the same */
	put_number(t, "temperature", fmax(1, 6 + 0.6 * cd_thing_temperature(t)), 1, "CEL");
	put_number(t, "pH", lies ? 14 : 7.6 + 0.3 * cd_thing_drift(t, 1, 600), 2, NULL);
	put_number(t, "O2", 9 + cd_thing_drift(t, 2, 600), 1, "M1");
	put_date(t, "dateObserved", t->time);
}

static void flow_lives(const struct cd_thing *t)
{
	double load = cd_thing_traffic(t) * (0.4 + 1.2 * cd_thing_chance(t, 1));
	put_number(t, "intensity", floor(fmax(0, 900 * load + 60 * cd_thing_drift(t, 2, 5))), 0, NULL);
	put_number(t, "occupancy", fmin(0.95, 0.5 * load), 2, "C62");
	put_number(t, "averageVehicleSpeed", fmax(6, 48 - 34 * fmin(1, load) + 4 * cd_thing_drift(t, 3, 5)),
		1, "KMH");
	put_state(t, "congested", load > 0.9 ? "true" : "false");
	put_date(t, "dateObserved", t->time);
}

static void bus_lives(const struct cd_thing *t)
{
	double minutes = 25 + 2.5 * t->place->radius / 1000 + 20 * cd_thing_chance(t, 2), heading;
	double way = (double)t->time / (minutes * 60e6) + cd_thing_chance(t, 3);
	uint64_t lines = cd_thing_count(t, CD_LINE);
	put_point(t, "location", cd_spot_on_line(t, t->number % lines, way - floor(way), &heading));
	put_number(t, "heading", heading, 0, "DD");
	put_number(
		t, "speed", fmax(0, 24 - 10 * cd_thing_traffic(t) + 8 * cd_thing_drift(t, 6, 1)), 0, "KMH");
	put_number(
		t, "occupancy", fmin(1, cd_thing_traffic(t) * (0.4 + 0.8 * cd_thing_chance(t, 7))), 2, "C62");
	put_state(t, "serviceStatus", "\"onRoute\"");
}

static void meter_lives(const struct cd_thing *t)
{
	double use = 0.2 + 0.5 * cd_bump(t->hour, 7.5, 1.5) + 1.1 * cd_bump(t->hour, 19, 2.4) +
		     fmax(0, (14 - cd_thing_temperature(t)) * 0.03);
	double size = 0.4 + 1.6 * cd_thing_chance(t, 2), since = (double)t->time / 3600e6 - 430000;
	put_number(t, "totalActivePower", 1000 * use * size * (1 + 0.2 * cd_thing_drift(t, 3, 3)), 0, "WTT");
	put_number(t, "totalActiveEnergyImport", fmax(0, 0.5 * size * since), 1, "KWH");
	put_date(t, "dateObserved", t->time);
}

static void charger_lives(const struct cd_thing *t)
{
	double busy = 0.2 + 0.5 * cd_bump(t->hour, 18, 3) + 0.3 * cd_thing_drift(t, 2, 40);
	double left = floor(sockets(t) * (1 - fmin(1, fmax(0, busy))));
	put_number(t, "availableCapacity", left, 0, NULL);
	put_state(t, "status", left > 0 ? "\"working\"" : "\"full\"");
}

static void bikes_lives(const struct cd_thing *t)
{
	double out =
		0.5 * cd_thing_traffic(t) + 0.3 * cd_thing_chance(t, 2) + 0.15 * cd_thing_drift(t, 3, 15);
	double left = floor(slots(t) * (1 - fmin(1, fmax(0, out))));
	put_number(t, "availableBikeNumber", left, 0, NULL);
	put_number(t, "freeSlotNumber", slots(t) - left, 0, NULL);
	put_state(t, "status", left > 0 ? "\"working\"" : "\"empty\"");
}

/* Water in the soil, by volume; what is dry is watered. */
static double moisture(const struct cd_thing *t)
{
	return 0.28 - 0.06 * cd_bump(t->hour, 15, 5) + 0.07 * cd_thing_weather(t, 2, 2000);
}

static void soil_lives(const struct cd_thing *t)
{
	put_number(t, "soilMoistureVwc", moisture(t) + 0.03 * cd_thing_drift(t, 1, 900), 3, "C62");
	put_number(t, "soilTemperature", 4 + 0.7 * cd_thing_temperature(t), 1, "CEL");
}

static void gate_lives(const struct cd_thing *t)
{
	double open = fmax(0, 0.26 - moisture(t)) * 8 * (0.5 + cd_thing_chance(t, 2));
	put_number(t, "gateOpening", fmin(0.6, open), 2, "MTR");
}

const struct cd_demo_kind cd_demo_kinds[CD_KINDS] = {
	[CD_BUILDING] = {"Building", {70, 1146, 594975}, 0, building, NULL},
	[CD_LIGHT] = {"Streetlight", {45, 1500, 300000}, 900, light, light_lives},
	[CD_ROAD] = {"Road", {5, 84, 6000}, 0, road, NULL},
	[CD_SEGMENT] = {"RoadSegment", {20, 420, 30000}, 0, segment, NULL},
	[CD_PARKING] = {"OffStreetParking", {1, 24, 300}, 30, parking, parking_lives},
	[CD_WASTE] = {"WasteContainer", {14, 520, 37000}, 900, waste, waste_lives},
	[CD_AIR] = {"AirQualityObserved", {4, 30, 500}, 60, air, air_lives},
	[CD_NOISE] = {"NoiseLevelObserved", {2, 25, 500}, 60, noise, noise_lives},
	[CD_SKY] = {"WeatherObserved", {1, 6, 40}, 60, sky, sky_lives},
	[CD_WATER] = {"WaterQualityObserved", {1, 5, 60}, 60, water, water_lives},
	[CD_FLOW] = {"TrafficFlowObserved", {4, 160, 8000}, 60, flow, flow_lives},
	[CD_STOP] = {"PublicTransportStop", {5, 330, 10000}, 0, stop, NULL},
	[CD_BUS] = {"Vehicle", {2, 60, 1500}, 5, bus, bus_lives},
	[CD_METER] = {"ACMeasurement", {30, 500, 9000}, 300, meter, meter_lives},
	[CD_CHARGER] = {"EVChargingStation", {1, 60, 1000}, 120, charger, charger_lives},
	[CD_BIKES] = {"BikeHireDockingStation", {0, 45, 600}, 60, bikes, bikes_lives},
	[CD_PARCEL] = {"AgriParcel", {40, 24, 100}, 0, parcel, NULL},
	[CD_SOIL] = {"AgriParcelRecord", {40, 24, 100}, 600, soil, soil_lives},
	[CD_CROP] = {"AgriCrop", {5, 5, 5}, 0, crop, NULL},
	[CD_GATE] = {"SluiceGate", {6, 4, 20}, 300, gate, gate_lives},
	[CD_DISTRICT] = {"District", {3, 12, 100}, 0, district, NULL},
	[CD_LINE] = {"GtfsRoute", {1, 16, 200}, 0, line, NULL},
};
