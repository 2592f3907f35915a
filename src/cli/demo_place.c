/*
 * A place from a seed. Everything about an entity follows from (seed, kind, number): so nothing is kept, a
 * million entities cost no memory here, and the same seed makes the same place.
 *
 * Values follow the clock: day and night, working days, rush hours, a weather that all sensors share, an
 * event on some evenings. Three sensors are broken on purpose: one falls silent, one drifts, one lies.
 */
#include "cli/demo_place.h"

#include "json/json.h"

#include <math.h>
#include <stdio.h>

struct at {
	const struct cd_place *place;
	unsigned kind;
	uint64_t number;
	cd_time_us time;
	double hour; /* of the day, 0 to 24, with its minutes */
	bool weekend;
	struct cd_buf *b;
};
typedef void write_fn(const struct at *);
struct kind {
	const char *type;
	uint64_t count[3];
	write_fn *stands; /* what it has for good */
	write_fn *lives;  /* what changes; NULL: nothing */
};
extern const struct kind kinds[];

/* ---- chance ---- */

static uint64_t mixed(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 to 1, always the same for a thing and a purpose. */
static double chance(const struct at *a, unsigned purpose)
{
	uint64_t z = a->place->seed * 0x9e3779b97f4a7c15u + a->kind * 0xd1342543de82ef95u + a->number;
	return (double)(mixed(mixed(z) + purpose * 0x2545f4914f6cdd1du) >> 11) / 9007199254740992.0;
}

/* -1 to 1, slowly changing: one value every `minutes`, and straight lines between them. */
static double drift(const struct at *a, unsigned purpose, double minutes)
{
	double steps = (double)a->time / (minutes * 60e6), whole = floor(steps), part = steps - whole;
	struct at shared = *a;
	shared.number = a->number * 1000003 + (uint64_t)whole;
	double from = chance(&shared, purpose);
	shared.number++;
	return (from + (chance(&shared, purpose) - from) * part) * 2 - 1;
}

/* The weather is the same for the whole place. */
static double weather(const struct at *a, unsigned purpose, double minutes)
{
	struct at all = *a;
	all.kind = 99;
	all.number = 0;
	return drift(&all, purpose, minutes);
}

/* ---- rhythm ---- */

static double bump(double hour, double middle, double width)
{
	double d = fabs(hour - middle);
	d = fmin(d, 24 - d) / width;
	return exp(-d * d);
}

/* Evenings with something on: 0 or 1 in the middle of it. */
static double event(const struct at *a)
{
	struct at day = *a;
	day.kind = 98;
	day.number = (uint64_t)(a->time / 86400000000);
	return chance(&day, 1) < 0.3 ? bump(a->hour, 20, 2) : 0;
}

static double traffic(const struct at *a)
{
	double work = 0.12 + 0.75 * bump(a->hour, 8, 1.3) + 0.85 * bump(a->hour, 17.2, 1.8) +
		      0.35 * bump(a->hour, 13, 3);
	double rest = 0.1 + 0.5 * bump(a->hour, 15, 4);
	return fmin(1, (a->weekend ? rest : work) + 0.4 * event(a));
}

static double temperature(const struct at *a)
{
	double day = (double)(a->time / 86400000000 % 365);
	double season = -cos((day - 20) / 365 * 2 * M_PI);
	return 11 + 9 * season + 4 * cos((a->hour - 15) / 24 * 2 * M_PI) + 4 * weather(a, 1, 900);
}

static bool dark(const struct at *a)
{
	double day = (double)(a->time / 86400000000 % 365);
	double half = 6 + 2 * -cos((day - 10) / 365 * 2 * M_PI); /* hours from noon to dusk */
	return fabs(a->hour - 12.5) > half;
}

/* ---- words ---- */

static void put_id(struct cd_buf *b, const char *type, uint64_t number)
{
	cd_buf_printf(b, "urn:ngsi-ld:%s:demo:%04llu", type, (unsigned long long)number + 1);
}

static void put_number(const struct at *a, const char *name, double v, int digits, const char *unit)
{
	char at[CD_STAMP_TEXT_MAX];
	size_t n = cd_stamp_print(cd_stamp_of(a->time - a->time % 1000000, 0), at);
	cd_buf_printf(a->b, ",\"%s\":{\"type\":\"Property\",\"value\":%.*f", name, digits, v);
	if (unit)
		cd_buf_printf(a->b, ",\"unitCode\":\"%s\"", unit);
	cd_buf_printf(a->b, ",\"observedAt\":\"%.*s\"}", (int)n, at);
}

static void put_word(const struct at *a, const char *name, const char *value)
{
	char at[CD_STAMP_TEXT_MAX];
	size_t n = cd_stamp_print(cd_stamp_of(a->time - a->time % 1000000, 0), at);
	cd_buf_printf(a->b, ",\"%s\":{\"type\":\"Property\",\"value\":\"%s\",\"observedAt\":\"%.*s\"}", name,
		value, (int)n, at);
}

static void put_fact(const struct at *a, const char *name, double v, int digits, const char *unit)
{
	cd_buf_printf(a->b, ",\"%s\":{\"type\":\"Property\",\"value\":%.*f", name, digits, v);
	if (unit)
		cd_buf_printf(a->b, ",\"unitCode\":\"%s\"", unit);
	cd_buf_char(a->b, '}');
}

static void put_text(const struct at *a, const char *name, const char *value)
{
	cd_buf_printf(a->b, ",\"%s\":{\"type\":\"Property\",\"value\":\"%s\"}", name, value);
}

enum {
	BUILDING,
	LIGHT,
	ROAD,
	PARKING,
	WASTE,
	AIR,
	NOISE,
	SKY,
	WATER,
	FLOW,
	STOP,
	BUS,
	METER,
	CHARGER,
	BIKES,
	PARCEL,
	SOIL,
	DISTRICT,
	LINE,
	KINDS
};

static void put_link(const struct at *a, const char *name, unsigned kind, uint64_t number)
{
	uint64_t n = kinds[kind].count[a->place->size];
	if (n == 0)
		return;
	cd_buf_printf(a->b, ",\"%s\":{\"type\":\"Relationship\",\"object\":\"", name);
	put_id(a->b, kinds[kind].type, number % n);
	CD_BUF_LIT(a->b, "\"}");
}

static const struct {
	const char *en, *de, *nl;
} quarters[] = {{"Old Town", "Altstadt", "Oude Stad"}, {"Harbour", "Hafen", "Haven"},
	{"Station Quarter", "Bahnhofsviertel", "Stationsbuurt"},
	{"University", "Universit\xc3\xa4t", "Universiteit"}, {"North Field", "Nordfeld", "Noordveld"},
	{"South Gardens",
		"S\xc3\xbc"
		"dgarten",
		"Zuidertuinen"},
	{"Mill Brook", "M\xc3\xbchlbach", "Molenbeek"}, {"West Meadows", "Westwiesen", "Westweiden"},
	{"Castle Hill", "Schlossberg", "Kasteelberg"}, {"Market", "Markt", "Markt"},
	{"Riverside", "Am Fluss", "Aan de Rivier"}, {"Cathedral", "Dom", "Kathedraal"}};
enum { QUARTERS = sizeof quarters / sizeof *quarters };

static void put_names(const struct at *a, const char *en, const char *de, const char *nl, uint64_t i)
{
	const char *suffix = "";
	char number[24];
	if (i) {
		snprintf(number, sizeof number, " %llu", (unsigned long long)i + 1);
		suffix = number;
	}
	cd_buf_printf(a->b,
		",\"name\":{\"type\":\"LanguageProperty\",\"languageMap\":{\"en\":\"%s%s\",\"de\":\"%s%s\","
		"\"nl\":\"%s%s\"}}",
		en, suffix, de, suffix, nl, suffix);
}

/* ---- places ---- */

struct spot {
	double lon, lat;
};

static struct spot moved(const struct cd_place *p, struct spot s, double east, double north)
{
	return (struct spot){s.lon + east / (111320 * cos(p->lat * M_PI / 180)), s.lat + north / 111000};
}

/* Denser towards the middle, on a grid of streets a little turned. */
static struct spot spot_of(const struct at *a)
{
	double far = a->place->radius * pow(chance(a, 101), 0.7), turn = chance(a, 102) * 2 * M_PI;
	double x = far * cos(turn), y = far * sin(turn), block = 90;
	if (a->kind != PARCEL && a->kind != SOIL && a->kind != BUILDING) {
		if (chance(a, 103) < 0.5)
			x = round(x / block) * block;
		else
			y = round(y / block) * block;
	}
	struct spot middle = {a->place->lon, a->place->lat};
	return moved(a->place, middle, x * 0.97 - y * 0.24, x * 0.24 + y * 0.97);
}

static void put_spot(const struct at *a, struct spot s)
{
	cd_buf_printf(a->b,
		",\"location\":{\"type\":\"GeoProperty\",\"value\":{\"type\":\"Point\",\"coordinates\":[%.6f,"
		"%.6f]}}",
		s.lon, s.lat);
}

static void put_rectangle(const struct at *a, double wide, double high)
{
	struct spot s = spot_of(a), c[4] = {moved(a->place, s, -wide, -high), moved(a->place, s, wide, -high),
					    moved(a->place, s, wide, high), moved(a->place, s, -wide, high)};
	CD_BUF_LIT(a->b,
		",\"location\":{\"type\":\"GeoProperty\",\"value\":{\"type\":\"Polygon\",\"coordinates\":[[");
	for (unsigned i = 0; i < 5; i++)
		cd_buf_printf(a->b, "%s[%.6f,%.6f]", i ? "," : "", c[i % 4].lon, c[i % 4].lat);
	CD_BUF_LIT(a->b, "]]}}");
}

static uint64_t district_of(const struct at *a)
{
	return (uint64_t)(chance(a, 104) * 1000);
}

static void put_place(const struct at *a)
{
	put_spot(a, spot_of(a));
	put_link(a, "district", DISTRICT, district_of(a));
}

/* ---- the kinds: what stands ---- */

static void building(const struct at *a)
{
	static const char *const uses[] = {
		"residential", "residential", "residential", "commercial", "school", "office"};
	put_rectangle(a, 6 + chance(a, 1) * 12, 5 + chance(a, 2) * 9);
	put_link(a, "district", DISTRICT, district_of(a));
	cd_buf_printf(a->b, ",\"category\":{\"type\":\"Property\",\"value\":[\"%s\"]}",
		uses[(unsigned)(chance(a, 3) * 6)]);
	put_fact(a, "floorsAboveGround", 1 + floor(chance(a, 4) * (a->place->size ? 6 : 3)), 0, NULL);
}

static void light(const struct at *a)
{
	put_place(a);
	put_link(a, "refRoadSegment", ROAD, (uint64_t)(chance(a, 1) * 1e6));
	put_fact(a, "lanternHeight", 4 + floor(chance(a, 2) * 5), 0, "MTR");
}

static void road(const struct at *a)
{
	struct spot s = spot_of(a),
		    e = moved(a->place, s, 40 + chance(a, 1) * 200, (chance(a, 2) - 0.5) * 120);
	cd_buf_printf(a->b,
		",\"location\":{\"type\":\"GeoProperty\",\"value\":{\"type\":\"LineString\",\"coordinates\":["
		"[%.6f,%.6f],[%.6f,%.6f]]}}",
		s.lon, s.lat, e.lon, e.lat);
	put_link(a, "district", DISTRICT, district_of(a));
	put_fact(a, "maximumAllowedSpeed", chance(a, 3) < 0.6 ? 30 : 50, 0, "KMH");
}

static void parking(const struct at *a)
{
	uint64_t q = a->number % QUARTERS;
	put_names(a, quarters[q].en, quarters[q].de, quarters[q].nl, a->number / QUARTERS);
	put_place(a);
	put_fact(a, "totalSpotNumber", 60 + floor(chance(a, 1) * 540), 0, NULL);
}

static void named(const struct at *a)
{
	uint64_t q = a->number % QUARTERS;
	put_names(a, quarters[q].en, quarters[q].de, quarters[q].nl, a->number / QUARTERS);
	put_place(a);
}

static void stop(const struct at *a)
{
	named(a);
	put_link(a, "servedBy", LINE, (uint64_t)(chance(a, 1) * 1000));
}

static void bus(const struct at *a)
{
	put_text(a, "vehicleType", "bus");
	put_link(a, "servesLine", LINE, a->number);
	put_fact(a, "capacity", chance(a, 1) < 0.3 ? 150 : 95, 0, NULL);
}

static void meter(const struct at *a)
{
	put_place(a);
	put_link(a, "refBuilding", BUILDING, (uint64_t)(chance(a, 1) * 1e9));
}

static void parcel(const struct at *a)
{
	static const char *const crops[] = {"wheat", "maize", "potatoes", "apples", "grassland"};
	put_rectangle(a, 60 + chance(a, 1) * 120, 50 + chance(a, 2) * 90);
	put_text(a, "cropStatus", "growing");
	put_text(a, "category", crops[(unsigned)(chance(a, 3) * 5)]);
}

static void soil(const struct at *a)
{
	put_place(a);
	put_link(a, "hasAgriParcel", PARCEL, a->number);
}

static void district(const struct at *a)
{
	uint64_t q = a->number % QUARTERS;
	put_names(a, quarters[q].en, quarters[q].de, quarters[q].nl, a->number / QUARTERS);
	put_rectangle(a, 300 + chance(a, 1) * 300, 250 + chance(a, 2) * 300);
	put_fact(a, "population", floor((a->place->size ? 4000 : 150) * (0.5 + chance(a, 3))), 0, NULL);
}

static void line(const struct at *a)
{
	cd_buf_printf(a->b, ",\"shortName\":{\"type\":\"Property\",\"value\":\"%llu\"}",
		(unsigned long long)a->number + 1);
	put_text(a, "routeType", "3");
}

/* ---- the kinds: what lives ---- */

static void light_lives(const struct at *a)
{
	put_word(a, "powerState", dark(a) ? "on" : "off");
	put_number(a, "illuminanceLevel", dark(a) ? (a->hour > 1 && a->hour < 5 ? 0.5 : 1) : 0, 1, NULL);
}

static void parking_lives(const struct at *a)
{
	double total = 60 + floor(chance(a, 1) * 540);
	double busy = 0.12 + 0.7 * bump(a->hour, a->weekend ? 15 : 12.5, 3.6) + 0.4 * event(a) +
		      0.08 * drift(a, 2, 20);
	put_number(a, "availableSpotNumber", floor(total * fmax(0, 1 - fmin(1, busy))), 0, NULL);
	put_word(a, "status", busy >= 1 ? "full" : "open");
}

static void waste_lives(const struct at *a)
{
	/* filled in some days, emptied at one stroke */
	double days = (double)a->time / 86400e6 / (3 + chance(a, 1) * 6) + chance(a, 2);
	put_number(a, "fillingLevel", days - floor(days), 2, "C62");
	put_number(a, "temperature", temperature(a) + 3 * chance(a, 3), 1, "CEL");
}

static void air_lives(const struct at *a)
{
	double calm = 1 - 0.5 * weather(a, 2, 400), near = 0.5 + chance(a, 1);
	put_number(a, "NO2", fmax(1, (9 + 55 * traffic(a) * near) * calm + 3 * drift(a, 3, 15)), 1, "GQ");
	put_number(a, "PM10", fmax(1, (11 + 18 * traffic(a) * near) * calm + 2 * drift(a, 4, 30)), 1, "GQ");
	put_number(a, "PM25", fmax(1, (7 + 9 * traffic(a) * near) * calm + drift(a, 5, 30)), 1, "GQ");
	put_number(a, "O3",
		fmax(1, 40 + 30 * bump(a->hour, 15, 4) - 20 * traffic(a) + 6 * weather(a, 3, 300)), 1, "GQ");
}

static void noise_lives(const struct at *a)
{
	double v = 38 + 24 * traffic(a) + 8 * event(a) + 3 * drift(a, 1, 4) + 6 * chance(a, 2);
	if (a->number == 1) /* it drifts: half a decibel a day */
		v += (double)(a->time - a->place->begun) / 86400e6 * 0.5;
	put_number(a, "LAeq", v, 1, "2N");
}

static void sky_lives(const struct at *a)
{
	double cloud = weather(a, 2, 400);
	put_number(a, "temperature", temperature(a) + 0.5 * drift(a, 1, 30), 1, "CEL");
	put_number(a, "relativeHumidity", fmin(1, fmax(0.2, 0.65 + 0.2 * cloud)), 2, "C62");
	put_number(a, "windSpeed", fmax(0, 3.5 + 3 * weather(a, 3, 250)), 1, "MTS");
	put_number(a, "precipitation", fmax(0, (cloud - 0.5) * 6), 1, "MMT");
}

static void water_lives(const struct at *a)
{
	bool lies = a->number == 0; /* a number that no water has, always the same */
	put_number(a, "temperature", fmax(1, 6 + 0.6 * temperature(a)), 1, "CEL");
	put_number(a, "pH", lies ? 14 : 7.6 + 0.3 * drift(a, 1, 600), 2, NULL);
	put_number(a, "O2", 9 + drift(a, 2, 600), 1, "M1");
}

static void flow_lives(const struct at *a)
{
	double load = traffic(a) * (0.4 + 1.2 * chance(a, 1));
	put_number(a, "intensity", floor(fmax(0, 900 * load + 60 * drift(a, 2, 5))), 0, NULL);
	put_number(a, "averageVehicleSpeed", fmax(6, 48 - 34 * fmin(1, load) + 4 * drift(a, 3, 5)), 1, "KMH");
	cd_buf_printf(
		a->b, ",\"congested\":{\"type\":\"Property\",\"value\":%s}", load > 0.9 ? "true" : "false");
}

/* Round the place on an ellipse of its own. */
static void bus_lives(const struct at *a)
{
	double minutes = 40 + 50 * chance(a, 2), way = (double)a->time / (minutes * 60e6) + chance(a, 3);
	double turn = way * 2 * M_PI, wide = a->place->radius * (0.3 + 0.6 * chance(a, 4));
	struct spot middle = {a->place->lon, a->place->lat};
	put_spot(a, moved(a->place, middle, wide * cos(turn), wide * (0.4 + 0.5 * chance(a, 5)) * sin(turn)));
	put_number(a, "speed", fmax(0, 24 - 10 * traffic(a) + 8 * drift(a, 6, 1)), 0, "KMH");
	put_number(a, "occupancy", fmin(1, fmax(0, traffic(a) * (0.4 + 0.8 * chance(a, 7)))), 2, "C62");
}

static void meter_lives(const struct at *a)
{
	double use = 0.2 + 0.5 * bump(a->hour, 7.5, 1.5) + 1.1 * bump(a->hour, 19, 2.4) +
		     fmax(0, (14 - temperature(a)) * 0.03);
	put_number(a, "activePower", 1000 * use * (0.4 + 1.6 * chance(a, 2)) * (1 + 0.2 * drift(a, 3, 3)), 0,
		"WTT");
}

static void charger_lives(const struct at *a)
{
	double total = 2 + floor(chance(a, 1) * 8),
	       busy = 0.2 + 0.5 * bump(a->hour, 18, 3) + 0.3 * drift(a, 2, 40);
	put_number(a, "availableCapacity", floor(total * fmax(0, 1 - fmin(1, fmax(0, busy)))), 0, NULL);
}

static void bikes_lives(const struct at *a)
{
	double total = 10 + floor(chance(a, 1) * 30),
	       out = 0.5 * traffic(a) + 0.3 * chance(a, 2) + 0.15 * drift(a, 3, 15);
	put_number(a, "availableBikeNumber", floor(total * fmax(0, 1 - fmin(1, fmax(0, out)))), 0, NULL);
}

static void soil_lives(const struct at *a)
{
	double dry =
		0.28 - 0.06 * bump(a->hour, 15, 5) + 0.07 * weather(a, 2, 2000) + 0.03 * drift(a, 1, 900);
	put_number(a, "soilMoistureVwc", dry, 3, "C62");
	put_number(a, "soilTemperature", 4 + 0.7 * temperature(a), 1, "CEL");
	put_word(a, "irrigation", dry < 0.2 ? "on" : "off");
}

const struct kind kinds[KINDS] = {
	[BUILDING] = {"Building", {70, 1250, 600000}, building, NULL},
	[LIGHT] = {"Streetlight", {45, 1500, 300000}, light, light_lives},
	[ROAD] = {"RoadSegment", {20, 420, 30000}, road, NULL},
	[PARKING] = {"OffStreetParking", {1, 24, 300}, parking, parking_lives},
	[WASTE] = {"WasteContainer", {14, 520, 37000}, named, waste_lives},
	[AIR] = {"AirQualityObserved", {4, 30, 500}, named, air_lives},
	[NOISE] = {"NoiseLevelObserved", {2, 25, 500}, named, noise_lives},
	[SKY] = {"WeatherObserved", {1, 6, 40}, named, sky_lives},
	[WATER] = {"WaterQualityObserved", {1, 5, 60}, named, water_lives},
	[FLOW] = {"TrafficFlowObserved", {4, 160, 8000}, named, flow_lives},
	[STOP] = {"PublicTransportStop", {5, 330, 10000}, stop, NULL},
	[BUS] = {"Vehicle", {2, 60, 1500}, bus, bus_lives},
	[METER] = {"ACMeasurement", {30, 500, 9000}, meter, meter_lives},
	[CHARGER] = {"EVChargingStation", {1, 60, 1000}, named, charger_lives},
	[BIKES] = {"BikeHireDockingStation", {0, 45, 600}, named, bikes_lives},
	[PARCEL] = {"AgriParcel", {45, 24, 100}, parcel, NULL},
	[SOIL] = {"AgriSoilMeasurement", {45, 24, 100}, soil, soil_lives},
	[DISTRICT] = {"District", {3, 12, 100}, district, NULL},
	[LINE] = {"PublicTransportRoute", {1, 16, 200}, line, NULL},
};

/* ---- all of them ---- */

bool cd_place_init(struct cd_place *p, cd_str size, uint64_t seed, cd_time_us now)
{
	static const cd_str sizes[] = {
		CD_STR_INIT("village"), CD_STR_INIT("city"), CD_STR_INIT("metropolis")};
	static const double lon[] = {7.874, 7.626, 7.01}, lat[] = {51.842, 51.961, 51.45},
			    radius[] = {900, 5200, 24000};
	for (unsigned i = 0; i < 3; i++) {
		if (!cd_str_eq(size, sizes[i]))
			continue;
		*p = (struct cd_place){i, seed, lon[i], lat[i], radius[i], now};
		return true;
	}
	return false;
}

static uint64_t total(const struct cd_place *p, bool live)
{
	uint64_t n = 0;
	for (unsigned k = 0; k < KINDS; k++)
		n += !live || kinds[k].lives ? kinds[k].count[p->size] : 0;
	return n;
}

uint64_t cd_place_count(const struct cd_place *p)
{
	return total(p, false);
}

uint64_t cd_place_live_count(const struct cd_place *p)
{
	return total(p, true);
}

static void find(
	const struct cd_place *p, uint64_t i, bool live, cd_time_us time, struct cd_buf *b, struct at *a)
{
	int64_t second = time / 1000000, day = second / 86400;
	*a = (struct at){.place = p, .time = time, .b = b, .hour = (double)(second % 86400) / 3600};
	a->weekend = (day + 3) % 7 >= 5; /* the first of January 1970 was a Thursday */
	for (; a->kind < KINDS - 1u; a->kind++) {
		uint64_t n = !live || kinds[a->kind].lives ? kinds[a->kind].count[p->size] : 0;
		if (i < n)
			break;
		i -= n;
	}
	a->number = i;
}

void cd_place_entity(const struct cd_place *p, uint64_t i, cd_time_us time, struct cd_buf *b)
{
	struct at a;
	find(p, i, false, time, b, &a);
	CD_BUF_LIT(b, "{\"id\":\"");
	put_id(b, kinds[a.kind].type, a.number);
	cd_buf_printf(b, "\",\"type\":\"%s\"", kinds[a.kind].type);
	kinds[a.kind].stands(&a);
	if (kinds[a.kind].lives)
		kinds[a.kind].lives(&a);
	cd_buf_char(b, '}');
}

bool cd_place_news(const struct cd_place *p, uint64_t i, cd_time_us time, struct cd_buf *b)
{
	struct at a;
	find(p, i, true, time, b, &a);
	/* the third air station falls silent after a quarter of an hour */
	if (a.kind == AIR && a.number == 2 && time - p->begun > (cd_time_us)15 * 60 * 1000000)
		return false;
	CD_BUF_LIT(b, "{\"id\":\"");
	put_id(b, kinds[a.kind].type, a.number);
	cd_buf_char(b, '"');
	kinds[a.kind].lives(&a);
	cd_buf_char(b, '}');
	return true;
}
