/* Names are taken apart into words of ASCII letters and digits; what words mean is in tables. */
#include "intake/words.h"

#include "intake/letters.h"
#include "json/json.h"

/* ---- words ---- */

static bool upper(char c)
{
	return c >= 'A' && c <= 'Z';
}
static bool digit(char c)
{
	return c >= '0' && c <= '9';
}
static char lower_of(char c)
{
	return (char)(upper(c) ? c + 32 : c);
}
static char upper_of(char c)
{
	return (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
}

enum { WORDS_MAX = 32, NAME_MAX_BYTES = 200 };
struct words {
	cd_str word[WORDS_MAX]; /* as written, in plain letters */
	unsigned n;
};

/* Words begin behind what is no letter, and at a capital behind a small letter. False: no memory. */
static bool split(struct cd_arena *arena, cd_str text, struct words *w)
{
	char *p = cd_arena_alloc(arena, text.n * 2 + 1);
	size_t n = 0;
	bool apart = true;
	w->n = 0;
	while (p && text.n && n < NAME_MAX_BYTES) {
		cd_str letters = cd_plain_letters(&text);
		if (letters.n == 0) {
			apart = true;
			continue;
		}
		apart |= upper(letters.p[0]) && n && p[n - 1] >= 'a' && p[n - 1] <= 'z';
		if (apart && w->n == WORDS_MAX)
			break;
		if (apart)
			w->word[w->n++] = cd_str_of(p + n, 0);
		apart = false;
		memcpy(p + n, letters.p, letters.n);
		n += letters.n;
		w->word[w->n - 1].n += letters.n;
	}
	return p != NULL;
}

/* Small letters and digits, nothing between them. */
static cd_str joined(struct cd_arena *arena, const struct words *w)
{
	char *p = cd_arena_alloc(arena, NAME_MAX_BYTES + 3);
	size_t n = 0;
	for (unsigned i = 0; p && i < w->n; i++)
		for (size_t k = 0; k < w->word[i].n; k++)
			p[n++] = lower_of(w->word[i].p[k]);
	return cd_str_of(p, p ? n : 0);
}

/* Is it one of the words in a list, which blanks part? */
static bool listed(const char *list, cd_str word)
{
	cd_str rest = cd_str_z(list);
	while (rest.n)
		if (cd_str_eq_nocase(cd_str_cut(&rest, ' '), word))
			return word.n > 0;
	return false;
}

/* ---- meanings ---- */

static const struct {
	enum cd_meaning meaning;
	const char *zone;
	const char *words;
} dictionary[] = {
	{CD_MEANS_LATITUDE, "", "lat latitude latdeg ylat gpslat geolat"},
	{CD_MEANS_LATITUDE, "Europe/Berlin", "breite breitengrad geobreite geogrbreite"},
	{CD_MEANS_LATITUDE, "Europe/Amsterdam", "breedte breedtegraad"},
	{CD_MEANS_LATITUDE, "Europe/Rome", "latitudine"},
	{CD_MEANS_LATITUDE, "Europe/Madrid", "latitud"},
	{CD_MEANS_LATITUDE, "Europe/Copenhagen", "breddegrad latitud"},
	{CD_MEANS_LATITUDE, "Europe/Warsaw", "szerokosc szerokoscgeograficzna"},
	{CD_MEANS_LATITUDE, "Europe/Helsinki", "leveysaste"},
	{CD_MEANS_LONGITUDE, "", "lon lng long longitude londeg xlon gpslon geolon geolng"},
	{CD_MEANS_LONGITUDE, "Europe/Berlin", "laenge laengengrad geolaenge geogrlaenge"},
	{CD_MEANS_LONGITUDE, "Europe/Amsterdam", "lengte lengtegraad"},
	{CD_MEANS_LONGITUDE, "Europe/Rome", "longitudine"},
	{CD_MEANS_LONGITUDE, "Europe/Madrid", "longitud"},
	{CD_MEANS_LONGITUDE, "Europe/Copenhagen", "laengdegrad laengdegrad lengdegrad"},
	{CD_MEANS_LONGITUDE, "Europe/Warsaw", "dlugosc dlugoscgeograficzna"},
	{CD_MEANS_LONGITUDE, "Europe/Helsinki", "pituusaste"},
	{CD_MEANS_EASTING, "", "x e easting east xcoord coordx xcoordinate utmx utme xutm"},
	{CD_MEANS_EASTING, "Europe/Berlin", "rechtswert ostwert ost xkoord xkoordinate koordx"},
	{CD_MEANS_EASTING, "Europe/Amsterdam", "xcoordinaat xcoor xrd rdx"},
	{CD_MEANS_EASTING, "Europe/Madrid", "coordenadax este xetrs89"},
	{CD_MEANS_EASTING, "Europe/Paris", "xl93 xlambert93 xl2e lambertx"},
	{CD_MEANS_EASTING, "Europe/Rome", "coordinatax est"},
	{CD_MEANS_NORTHING, "", "y n northing north ycoord coordy ycoordinate utmy utmn yutm"},
	{CD_MEANS_NORTHING, "Europe/Berlin", "hochwert nordwert nord ykoord ykoordinate koordy"},
	{CD_MEANS_NORTHING, "Europe/Amsterdam", "ycoordinaat ycoor yrd rdy"},
	{CD_MEANS_NORTHING, "Europe/Madrid", "coordenaday norte yetrs89"},
	{CD_MEANS_NORTHING, "Europe/Paris", "yl93 ylambert93 yl2e lamberty"},
	{CD_MEANS_NORTHING, "Europe/Rome", "coordinatay"},
	{CD_MEANS_POSITION, "",
		"geometry geom wkt geojson shape geopoint geopoint2d geoshape location coordinates latlon "
		"latlng "
		"lonlat position point thegeom"},
	{CD_MEANS_POSITION, "Europe/Berlin", "koordinaten standort geometrie lage"},
	{CD_MEANS_POSITION, "Europe/Paris", "coordonnees geometrie"},
	{CD_MEANS_TIME, "",
		"timestamp datetime time observedat dateobserved instant recordedat measuredat createdat ts "
		"observed phenomenontime resulttime"},
	{CD_MEANS_TIME, "Europe/Berlin",
		"zeitpunkt zeitstempel datumzeit datumuhrzeit datumunduhrzeit messzeit messzeitpunkt zeit"},
	{CD_MEANS_TIME, "Europe/Amsterdam", "tijdstip datumtijd tijdstempel"},
	{CD_MEANS_TIME, "Europe/Paris", "horodatage dateheure dateetheure"},
	{CD_MEANS_TIME, "Europe/Rome", "dataora dataeora"},
	{CD_MEANS_TIME, "Europe/Madrid", "fechahora fechayhora"},
	{CD_MEANS_TIME, "Europe/Copenhagen", "tidspunkt tidsstempel"},
	{CD_MEANS_TIME, "Europe/Stockholm", "tidpunkt tidsstaempel"},
	{CD_MEANS_TIME, "Europe/Lisbon", "datahora"},
	{CD_MEANS_DATE, "", "date day dteday"},
	{CD_MEANS_DATE, "Europe/Berlin", "datum tag messdatum"},
	{CD_MEANS_DATE, "Europe/Amsterdam", "dag"},
	{CD_MEANS_DATE, "Europe/Paris", "jour"},
	{CD_MEANS_DATE, "Europe/Rome", "data giorno"},
	{CD_MEANS_DATE, "Europe/Madrid", "fecha dia"},
	{CD_MEANS_DATE, "Europe/Copenhagen", "dato"},
	{CD_MEANS_DATE, "Europe/Warsaw", "dzien"},
	{CD_MEANS_DATE, "Europe/Helsinki", "paiva paivamaara aika"},
	{CD_MEANS_CLOCK, "", "clock timeofday"},
	{CD_MEANS_CLOCK, "Europe/Berlin", "uhrzeit"},
	{CD_MEANS_CLOCK, "Europe/Amsterdam", "tijd"},
	{CD_MEANS_CLOCK, "Europe/Rome", "ora orario"},
	{CD_MEANS_CLOCK, "Europe/Copenhagen", "klokkeslaet tid"},
	{CD_MEANS_CLOCK, "Europe/Warsaw", "godzina czas"},
	{CD_MEANS_HOUR, "", "hour hr"},
	{CD_MEANS_HOUR, "Europe/Berlin", "stunde"},
	{CD_MEANS_HOUR, "Europe/Amsterdam", "uur"},
	{CD_MEANS_HOUR, "Europe/Paris", "heure"},
	{CD_MEANS_HOUR, "Europe/Madrid", "hora"},
	{CD_MEANS_ID, "",
		"id identifier uuid guid key objectid fid gid ref code number stationid sensorid deviceid"},
	{CD_MEANS_ID, "", "sensor device detector meter node"},
	{CD_MEANS_ID, "Europe/Berlin",
		"nr nummer kennung kennziffer schluessel messstelle zaehlstelle sensornr"},
	{CD_MEANS_ID, "Europe/Paris", "identifiant numero capteur"},
	{CD_MEANS_ID, "Europe/Rome", "codice identificativo sensore"},
	{CD_MEANS_ID, "Europe/Madrid", "codigo identificador"},
	{CD_MEANS_NAME, "", "name title label station"},
	{CD_MEANS_NAME, "Europe/Berlin", "bezeichnung bez titel standortname"},
	{CD_MEANS_NAME, "Europe/Amsterdam", "naam titel"},
	{CD_MEANS_NAME, "Europe/Paris", "nom libelle intitule"},
	{CD_MEANS_NAME, "Europe/Rome", "nome denominazione stazione"},
	{CD_MEANS_NAME, "Europe/Madrid", "nombre denominacion estacion"},
	{CD_MEANS_NAME, "Europe/Copenhagen", "navn"},
	{CD_MEANS_NAME, "Europe/Warsaw", "nazwa"},
	{CD_MEANS_NAME, "Europe/Helsinki", "nimi"},
	{CD_MEANS_CODE, "", "zip zipcode postcode postalcode phone telephone fax isbn nuts lau"},
	{CD_MEANS_CODE, "Europe/Berlin", "plz postleitzahl telefon ags gemeindeschluessel hausnummer"},
	{CD_MEANS_CODE, "Europe/Paris", "codepostal insee codeinsee telephone"},
	{CD_MEANS_CODE, "Europe/Rome", "cap istat codiceistat telefono"},
	{CD_MEANS_CODE, "Europe/Madrid", "codigopostal cp telefono"},
};
enum { DICTIONARY_N = sizeof dictionary / sizeof *dictionary };

static struct cd_word look_up(cd_str word)
{
	for (unsigned i = 0; i < DICTIONARY_N; i++)
		if (listed(dictionary[i].words, word))
			return (struct cd_word){dictionary[i].meaning, cd_str_z(dictionary[i].zone)};
	return (struct cd_word){0};
}

/* Short words say something alone or at an end ("x_rd", "stop_id"), hardly in the middle of a sentence. */
struct cd_word cd_word_of(struct cd_arena *arena, cd_str column)
{
	struct words w;
	if (!split(arena, column, &w) || w.n == 0)
		return (struct cd_word){0};
	struct cd_word all = look_up(joined(arena, &w));
	if (all.meaning || w.n == 1)
		return all;
	struct cd_word last = look_up(w.word[w.n - 1]);
	return last.meaning ? last : look_up(w.word[0]);
}

/* ---- units [UN/CEFACT Recommendation 20] ---- */

/* Symbols as they stand in brackets; the second list is what may end a name without them. */
static const struct {
	const char *code, *symbols, *endings;
} units[] = {
	{"CEL", "°C ºC ˚C C Cel degC Celsius", "degc celsius gradc"},
	{"FAH", "°F F degF Fahrenheit", "degf fahrenheit"},
	{"KEL", "K Kelvin", "kelvin"},
	{"MTR", "m Meter meter metres mètres metri metros", "m meter metres"},
	{"KMT", "km", "km"},
	{"CMT", "cm", "cm"},
	{"MMT", "mm l/m² l/m2", "mm"},
	{"MTK", "m² m2 qm", "m2 qm sqm"},
	{"KMK", "km² km2", "km2"},
	{"HAR", "ha", "ha"},
	{"MTQ", "m³ m3 cbm", "m3 cbm"},
	{"LTR", "l L Liter litre", "liter litre litres"},
	{"MTS", "m/s ms-1 m·s⁻¹", "m/s mps"},
	{"KMH", "km/h kmh kph", "kmh kph km/h"},
	{"KNT", "kn kt knots", "knots"},
	{"SEC", "s sec Sekunden seconds", "sec seconds"},
	{"MIN", "min Minuten minutes", "minutes"},
	{"HUR", "h Stunden hours", "hours"},
	{"DAY", "d days Tage", "days"},
	{"KGM", "kg", "kg"},
	{"GRM", "g", ""},
	{"TNE", "t", "tonnes"},
	{"PAL", "Pa", "pa"},
	{"KPA", "kPa", "kpa"},
	{"A97", "hPa", "hpa"},
	{"BAR", "bar", "bar"},
	{"MBR", "mbar", "mbar"},
	{"P1", "% Prozent percent pct", "pct percent prozent perc"},
	{"GQ", "µg/m³ μg/m³ µg/m3 μg/m3 ug/m3 ug/m³ µg_m3", "ug/m3 ugm3"},
	{"GP", "mg/m³ mg/m3", "mg/m3 mgm3"},
	{"M1", "mg/l mg/L", "mg/l mgl"},
	{"59", "ppm", "ppm"},
	{"61", "ppb", "ppb"},
	{"2N", "dB dB(A) dBA db", "db dba db(a)"},
	{"AMP", "A Ampere", "ampere"},
	{"VLT", "V Volt", "volt"},
	{"WTT", "W Watt", "watt"},
	{"KWT", "kW", "kw"},
	{"MAW", "MW", "mw"},
	{"WHR", "Wh", "wh"},
	{"KWH", "kWh KWh", "kwh"},
	{"MWH", "MWh", "mwh"},
	{"JOU", "J", "joule"},
	{"HTZ", "Hz", "hz"},
	{"LUX", "lx lux", "lux lx"},
	{"DD", "° deg Grad degrees", "deg degrees"},
	{"D54", "W/m² W/m2", "w/m2 wm2"},
	{"MQS", "m³/s m3/s", "m3/s"},
	{"MQH", "m³/h m3/h", "m3/h"},
	{"G51", "l/s L/s", "l/s"},
	{"L2", "l/min L/min", "l/min"},
	{"E32", "l/h L/h", "l/h"},
	{"D10", "S/m", "s/m"},
};
enum { UNITS_N = sizeof units / sizeof *units };

/* Case counts among symbols: mW is no MW. */
static bool is_symbol(const char *list, cd_str symbol)
{
	cd_str rest = cd_str_z(list);
	while (rest.n)
		if (cd_str_eq(cd_str_cut(&rest, ' '), symbol))
			return symbol.n > 0;
	return false;
}

static const char *by_symbol(cd_str symbol)
{
	for (unsigned i = 0; i < UNITS_N; i++)
		if (is_symbol(units[i].symbols, symbol))
			return units[i].code;
	return NULL;
}

static const char *by_ending(cd_str ending)
{
	char text[16];
	if (ending.n > sizeof text)
		return NULL;
	for (size_t i = 0; i < ending.n; i++)
		text[i] = ending.p[i] == '_' || ending.p[i] == ' ' ? '/' : ending.p[i];
	for (unsigned i = 0; i < UNITS_N; i++)
		if (units[i].endings[0] && listed(units[i].endings, cd_str_of(text, ending.n)))
			return units[i].code;
	return NULL;
}

static cd_str without_end(cd_str text)
{
	while (text.n && strchr(" _-,:;/", text.p[text.n - 1]))
		text.n--;
	return text;
}

static const char *in_brackets(cd_str column, cd_str *ret_rest)
{
	static const char open[] = "[(", close[] = "])";
	for (size_t k = 0; k < 2; k++) {
		cd_str text = cd_str_trim(column);
		size_t at = cd_str_find(text, open[k]);
		if (at == text.n || text.p[text.n - 1] != close[k])
			continue;
		const char *code = by_symbol(cd_str_trim(cd_str_of(text.p + at + 1, text.n - at - 2)));
		if (code) {
			*ret_rest = without_end(cd_str_of(text.p, at));
			return code;
		}
	}
	return NULL;
}

/* The longest first: _ug_m3 before _m3. */
static const char *at_the_end(cd_str column, cd_str *ret_rest)
{
	cd_str text = cd_str_trim(column);
	if (text.n && text.p[text.n - 1] == '%') {
		*ret_rest = without_end(cd_str_of(text.p, text.n - 1));
		return "P1";
	}
	for (size_t i = 1; i < text.n; i++) {
		if (text.p[i - 1] != '_' && text.p[i - 1] != ' ')
			continue;
		const char *code = by_ending(cd_str_skip(text, i));
		if (code) {
			*ret_rest = without_end(cd_str_of(text.p, i - 1));
			return code;
		}
	}
	return NULL;
}

const char *cd_word_unit(cd_str column, cd_str *ret_rest)
{
	const char *code = at_the_end(column, ret_rest); /* first: "dB(A)" is not in Ampere */
	return code ? code : in_brackets(column, ret_rest);
}

/* ---- names ---- */

/* Names that mean something else on an attribute's place. [CIM 009 4.5.1, 5.2.2] */
static const char taken[] =
	"id type scope createdAt modifiedAt deletedAt expiresAt observedAt datasetId unitCode value object "
	"objectType languageMap vocab json valueList objectList jsonldcontext location";
static const char *const in_place[][2] = {{"id", "identifier"}, {"type", "kind"}, {"value", "measuredValue"},
	{"scope", "scopeName"}, {"location", "locationName"}, {"object", "objectName"}};

static cd_str put_word(char *p, size_t *n, cd_str word, bool capital)
{
	bool shout = true; /* all capitals: NO2, ID */
	for (size_t i = 0; i < word.n; i++)
		shout &= upper(word.p[i]) || digit(word.p[i]);
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];
		p[(*n)++] = i == 0 ? (capital ? upper_of(c) : lower_of(c)) : shout ? lower_of(c) : c;
	}
	return word;
}

static cd_str not_taken(struct cd_arena *arena, cd_str name)
{
	for (size_t i = 0; i < sizeof in_place / sizeof *in_place; i++)
		if (cd_str_eq(cd_str_z(in_place[i][0]), name))
			return cd_str_z(in_place[i][1]);
	return is_symbol(taken, name) ? cd_arena_printf(arena, CD_STR_FMT "Value", CD_STR_ARG(name)) : name;
}

/* Words that begin with a digit go behind the others: a name begins with a letter. */
cd_str cd_word_attribute(struct cd_arena *arena, cd_str column)
{
	struct words w;
	char *p = split(arena, column, &w) ? cd_arena_alloc(arena, NAME_MAX_BYTES + 16) : NULL;
	size_t n = 0;
	if (!p)
		return cd_str_of(NULL, 0);
	for (int digits = 0; digits < 2; digits++)
		for (unsigned i = 0; i < w.n; i++) {
			if (digit(w.word[i].p[0]) != digits && (digits || n == 0))
				continue;
			if (digits && n == 0) {
				memcpy(p, "column", 6);
				n = 6;
			}
			(void)put_word(p, &n, w.word[i], n > 0);
			w.word[i].n = 0;
		}
	if (n == 0)
		return CD_STR("column");
	return not_taken(arena, cd_str_of(p, n));
}

static cd_str file_stem(cd_str file)
{
	static const char *const endings[] = {
		".gz", ".csv", ".tsv", ".txt", ".json", ".geojson", ".ndjson", ".jsonl", ".zip"};
	for (size_t i = file.n; i > 0; i--)
		if (file.p[i - 1] == '/') {
			file = cd_str_skip(file, i);
			break;
		}
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		cd_str ending = cd_str_z(endings[i]);
		if (file.n > ending.n && cd_str_eq_nocase(cd_str_skip(file, file.n - ending.n), ending)) {
			file.n -= ending.n;
			i = (size_t)-1; /* there may be another before it */
		}
	}
	return file;
}

cd_str cd_word_type(struct cd_arena *arena, cd_str file)
{
	struct words w;
	char *p = split(arena, file_stem(file), &w) ? cd_arena_alloc(arena, NAME_MAX_BYTES + 3) : NULL;
	size_t n = 0;
	if (!p)
		return cd_str_of(NULL, 0);
	for (unsigned i = 0; i < w.n; i++)
		if (!digit(w.word[i].p[0])) /* dates and numbers say which part it is, not what */
			(void)put_word(p, &n, w.word[i], true);
	return n ? cd_str_of(p, n) : CD_STR("Thing");
}

/* ---- Smart Data Models ---- */

static const struct {
	const char *name, *words;
} models[] = {
	{"name", "name bezeichnung naam nom nome nombre navn nazwa nimi"},
	{"description", "description beschreibung omschrijving descrizione descripcion beskrivelse"},
	{"temperature", "temp temperature temperatur temperatura lufttemperatur airtemperature "
			"wassertemperatur watertemperature"},
	{"relativeHumidity", "rh humidity relativehumidity luftfeuchte luftfeuchtigkeit humidite umidita "
			     "humedad luchtvochtigheid"},
	{"atmosphericPressure", "pressure airpressure luftdruck pression pressione presion luchtdruk"},
	{"windSpeed",
		"windspeed windgeschwindigkeit wind windsnelheid vitessevent velocidadviento velocitavento"},
	{"windDirection", "winddirection windrichtung directionvent direccionviento direzionevento"},
	{"precipitation",
		"precipitation rain rainfall niederschlag regen neerslag pluie pioggia precipitacion lluvia"},
	{"solarRadiation", "solarradiation globalstrahlung irradiance strahlung"},
	{"illuminance", "illuminance illuminanz beleuchtungsstaerke"},
	{"no2", "no2 stickstoffdioxid nitrogendioxide"},
	{"no", "no stickstoffmonoxid"},
	{"nox", "nox"},
	{"o3", "o3 ozon ozone ozono"},
	{"so2", "so2 schwefeldioxid"},
	{"co", "co kohlenmonoxid carbonmonoxide"},
	{"co2", "co2 kohlendioxid carbondioxide"},
	{"pm10", "pm10 feinstaub"},
	{"pm25", "pm25"},
	{"pm1", "pm1"},
	{"c6h6", "c6h6 benzol benzene"},
	{"pH", "ph phwert phvalue"},
	{"O2", "dissolvedoxygen sauerstoffgehalt sauerstoff geloestersauerstoff zuurstof"},
	{"conductivity", "conductivity leitfaehigkeit conductivite conducibilita conductividad"},
	{"turbidity", "turbidity truebung turbidite torbidita turbidez"},
	{"LAeq", "laeq"},
	{"LAmax", "lamax"},
	{"availableSpotNumber", "free freie freieplaetze freiepl frei available availablespots "
				"availablespaces placeslibres libres"},
	{"totalSpotNumber", "capacity kapazitaet gesamt plaetzegesamt totalspots totalspaces capacite "
			    "capienza capacidad"},
	{"occupiedSpotNumber", "occupied belegt belegteplaetze bezet"},
	{"intensity", "intensity anzahl zaehlung count vehicles fahrzeuge passages"},
	{"averageVehicleSpeed", "averagespeed vehiclespeed durchschnittsgeschwindigkeit"},
	{"batteryLevel", "battery batterylevel batterie akku"},
	{"fillingLevel", "fillinglevel fuellstand fillevel vulgraad"},
	{"soilMoistureVwc", "soilmoisture bodenfeuchte"},
	{"status", "status zustand stato estado etat"},
	{"category", "category kategorie categorie categoria"},
};

cd_str cd_word_joined(struct cd_arena *arena, cd_str text)
{
	struct words w;
	return split(arena, text, &w) ? joined(arena, &w) : CD_STR("");
}

cd_str cd_word_model(struct cd_arena *arena, cd_str column)
{
	struct words w;
	if (!split(arena, column, &w))
		return CD_STR("");
	cd_str word = joined(arena, &w);
	for (size_t i = 0; i < sizeof models / sizeof *models; i++)
		if (listed(models[i].words, word))
			return cd_str_z(models[i].name);
	return CD_STR("");
}

static const struct {
	const char *type, *attributes;
} model_types[] = {
	{"AirQualityObserved", "no2 no nox o3 so2 co co2 pm10 pm25 pm1 c6h6"},
	{"WaterQualityObserved", "pH O2 conductivity turbidity temperature"},
	{"WeatherObserved", "temperature relativeHumidity atmosphericPressure windSpeed windDirection "
			    "precipitation solarRadiation"},
	{"OffStreetParking", "availableSpotNumber totalSpotNumber occupiedSpotNumber"},
	{"TrafficFlowObserved", "intensity averageVehicleSpeed"},
	{"NoiseLevelObserved", "LAeq LAmax"},
};

const char *cd_word_model_type(const cd_str *attributes, size_t n)
{
	const char *best = NULL;
	unsigned most = 1;
	for (size_t i = 0; i < sizeof model_types / sizeof *model_types; i++) {
		unsigned found = 0;
		for (size_t k = 0; k < n; k++)
			found += is_symbol(model_types[i].attributes, attributes[k]);
		if (found > most) {
			most = found;
			best = model_types[i].type;
		}
	}
	return best;
}
