/* What names of columns say: tables of names as cities write them. */
#include "rig.h"

#include "intake/words.h"

static void meanings(void **state)
{
	static const struct {
		const char *column;
		enum cd_meaning meaning;
		const char *zone;
	} cases[] = {
		{"lat", CD_MEANS_LATITUDE, ""},
		{"Latitude", CD_MEANS_LATITUDE, ""},
		{"stop_lat", CD_MEANS_LATITUDE, ""},
		{"lat_wgs84", CD_MEANS_LATITUDE, ""},
		{"Breite", CD_MEANS_LATITUDE, "Europe/Berlin"},
		{"Geo-Breite", CD_MEANS_LATITUDE, "Europe/Berlin"},
		{"latitudine", CD_MEANS_LATITUDE, "Europe/Rome"},
		{"breedtegraad", CD_MEANS_LATITUDE, "Europe/Amsterdam"},
		{"Long", CD_MEANS_LONGITUDE, ""},
		{"lng", CD_MEANS_LONGITUDE, ""},
		{"Länge", CD_MEANS_LONGITUDE, "Europe/Berlin"},
		{"Längengrad", CD_MEANS_LONGITUDE, "Europe/Berlin"},
		{"x", CD_MEANS_EASTING, ""},
		{"X_Coord", CD_MEANS_EASTING, ""},
		{"Rechtswert", CD_MEANS_EASTING, "Europe/Berlin"},
		{"coordenada_x", CD_MEANS_EASTING, "Europe/Madrid"},
		{"Hochwert", CD_MEANS_NORTHING, "Europe/Berlin"},
		{"geo_point_2d", CD_MEANS_POSITION, ""},
		{"the_geom", CD_MEANS_POSITION, ""},
		{"Koordinaten", CD_MEANS_POSITION, "Europe/Berlin"},
		{"timestamp", CD_MEANS_TIME, ""},
		{"Datum und Uhrzeit", CD_MEANS_TIME, "Europe/Berlin"},
		{"Messzeitpunkt", CD_MEANS_TIME, "Europe/Berlin"},
		{"horodatage", CD_MEANS_TIME, "Europe/Paris"},
		{"fecha_hora", CD_MEANS_TIME, "Europe/Madrid"},
		{"Datum", CD_MEANS_DATE, "Europe/Berlin"},
		{"fecha", CD_MEANS_DATE, "Europe/Madrid"},
		{"Uhrzeit", CD_MEANS_CLOCK, "Europe/Berlin"},
		{"hr", CD_MEANS_HOUR, ""},
		{"ID", CD_MEANS_ID, ""},
		{"station_id", CD_MEANS_ID, ""},
		{"stationId", CD_MEANS_ID, ""},
		{"Sensor-Nr.", CD_MEANS_ID, "Europe/Berlin"},
		{"Name", CD_MEANS_NAME, ""},
		{"Bezeichnung", CD_MEANS_NAME, "Europe/Berlin"},
		{"PLZ", CD_MEANS_CODE, "Europe/Berlin"},
		{"code_postal", CD_MEANS_CODE, "Europe/Paris"},
		{"", CD_MEANS_NOTHING, ""},
		{"%", CD_MEANS_NOTHING, ""},
		{"Wassertemperatur", CD_MEANS_NOTHING, ""},
		{"platform", CD_MEANS_NOTHING, ""}, /* begins like lat and ends like form, and is neither */
		{"valid", CD_MEANS_NOTHING, ""},
	};
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cd_word w = cd_word_of(&r.arena, cd_str_z(cases[i].column));
		if (w.meaning != cases[i].meaning || !cd_str_eq(w.zone, cd_str_z(cases[i].zone)))
			print_error("%s: %d %.*s\n", cases[i].column, w.meaning, (int)w.zone.n, w.zone.p);
		assert_int_equal(w.meaning, cases[i].meaning);
		assert_true(cd_str_eq(w.zone, cd_str_z(cases[i].zone)));
	}
	rig_end(&r);
}

static void units(void **state)
{
	static const struct {
		const char *column, *code, *rest;
	} cases[] = {
		{"temp [°C]", "CEL", "temp"},
		{"Temperatur (°C)", "CEL", "Temperatur"},
		{"NO2 [µg/m³]", "GQ", "NO2"},
		{"NO2 (μg/m3)", "GQ", "NO2"},
		{"no2_ug_m3", "GQ", "no2"},
		{"nitrat_mg_l", "M1", "nitrat"},
		{"Wind (m/s)", "MTS", "Wind"},
		{"wind m/s", "MTS", "wind"},
		{"speed_kmh", "KMH", "speed"},
		{"level_m", "MTR", "level"},
		{"flaeche_m2", "MTK", "flaeche"},
		{"Pegel [cm]", "CMT", "Pegel"},
		{"humidity %", "P1", "humidity"},
		{"hum [%]", "P1", "hum"},
		{"Leistung [kW]", "KWT", "Leistung"},
		{"Leistung [MW]", "MAW", "Leistung"},
		{"verbrauch_kwh", "KWH", "verbrauch"},
		{"LAeq dB(A)", "2N", "LAeq"},
		{"LAeq [dB(A)]", "2N", "LAeq"},
		{"Leistung [mW]", NULL, NULL}, /* thousandths are no millions */
		{"100020113 (Wolbecker Straße)", NULL, NULL},
		{"gender", NULL, NULL},
		{"m", NULL, NULL},
		{"", NULL, NULL},
		{"[°C]", "CEL", ""},
		{"(", NULL, NULL},
		{"a (m", NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cd_str rest = {0};
		const char *code = cd_word_unit(cd_str_z(cases[i].column), &rest);
		if (!code != !cases[i].code)
			print_error("%s: %s\n", cases[i].column, code ? code : "none");
		assert_int_equal(!code, !cases[i].code);
		if (!code)
			continue;
		assert_string_equal(code, cases[i].code);
		assert_true(cd_str_eq(rest, cd_str_z(cases[i].rest)));
	}
}

static void expect_names(
	const char *const (*cases)[2], size_t n, cd_str (*name_of)(struct cd_arena *, cd_str from))
{
	struct rig r;
	rig_begin(&r);
	for (size_t i = 0; i < n; i++) {
		cd_str name = name_of(&r.arena, cd_str_z(cases[i][0]));
		if (!cd_str_eq(name, cd_str_z(cases[i][1])))
			print_error("%s: %.*s\n", cases[i][0], (int)name.n, name.p);
		assert_true(cd_str_eq(name, cd_str_z(cases[i][1])));
	}
	rig_end(&r);
}

static void attributes(void **state)
{
	static const char *const cases[][2] = {
		{"Weseler Straße (Ost)", "weselerStrasseOst"}, {"pH-Wert", "pHWert"}, {"NO2", "no2"},
		{"StrA", "strA"}, {"Datum und Uhrzeit", "datumUndUhrzeit"},
		{"100020113 (Wolbecker Straße)", "wolbeckerStrasse100020113"}, {"2019", "column2019"},
		{"freie Plätze", "freiePlaetze"}, {"Población", "poblacion"}, {"Łódź", "lodz"},
		{"id", "identifier"}, {"type", "kind"}, {"Value", "measuredValue"},
		{"observedAt", "observedAtValue"}, {"unit code", "unitCodeValue"},
		{"location", "locationName"}, {"", "column"}, {"%", "column"}, {"温度", "column"},
		{"<a href=\"x\">", "aHrefX"}, /* none of what names may not have comes through */
	};
	(void)state;
	expect_names(cases, sizeof cases / sizeof *cases, cd_word_attribute);
}

static void types(void **state)
{
	static const char *const cases[][2] = {
		{"parking_2024.csv.gz", "Parking"},
		{"data/city/Luft Messung 2024.csv", "LuftMessung"},
		{"vehicle_counts_2015-10.csv.gz", "VehicleCounts"},
		{"AirQualityUCI.csv", "AirQualityUci"},
		{"100020113.csv.gz", "Thing"},
		{"-", "Thing"},
		{"", "Thing"},
		{".csv", "Csv"},
		{"bäume.geojson", "Baeume"},
		{"/tmp/x.json.gz", "X"},
	};
	(void)state;
	expect_names(cases, sizeof cases / sizeof *cases, cd_word_type);
}

static void names_of_models(void **state)
{
	static const char *const cases[][2] = {
		{"Wassertemperatur", "temperature"},
		{"air_temperature", "temperature"},
		{"RH", "relativeHumidity"},
		{"pH-Wert", "pH"},
		{"Sauerstoffgehalt", "O2"},
		{"PM2.5", "pm25"},
		{"freie Plätze", "availableSpotNumber"},
		{"Bezeichnung", "name"},
		{"Steuergruppe", ""},
		{"", ""},
	};
	const cd_str air[] = {CD_STR("name"), CD_STR("no2"), CD_STR("pm10")},
		     one[] = {CD_STR("no2"), CD_STR("name")},
		     water[] = {CD_STR("temperature"), CD_STR("pH"), CD_STR("O2")};
	struct rig r;
	(void)state;
	rig_begin(&r);
	expect_names(cases, sizeof cases / sizeof *cases, cd_word_model);
	assert_string_equal(cd_word_model_type(air, 3), "AirQualityObserved");
	assert_string_equal(cd_word_model_type(water, 3), "WaterQualityObserved");
	assert_null(cd_word_model_type(one, 2));
	assert_null(cd_word_model_type(NULL, 0));
	rig_end(&r);
}

/* However long a name is, it is cut and not refused. */
static void long_names(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	char *p = cd_arena_alloc(&r.arena, 100000);
	for (size_t i = 0; i < 100000; i++)
		p[i] = "ab "[i % 3];
	cd_str words = cd_word_attribute(&r.arena, cd_str_of(p, 100000));
	assert_true(words.n > 10 && words.n <= 210);
	memset(p, 'x', 100000);
	cd_str word = cd_word_attribute(&r.arena, cd_str_of(p, 100000));
	assert_true(word.n > 10 && word.n <= 210);
	for (size_t i = 0; i < 100000; i += 2)
		memcpy(p + i, "\xc3\x84", 2); /* Ä is two letters */
	word = cd_word_joined(&r.arena, cd_str_of(p, 100000));
	assert_true(word.n > 10 && word.n <= 210);
	rig_end(&r);
}

static void without_memory(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	cd_mem_fail_after(1);
	assert_null(cd_word_attribute(&r.arena, CD_STR("name")).p);
	cd_mem_fail_after(1);
	assert_null(cd_word_type(&r.arena, CD_STR("name")).p);
	cd_mem_fail_after(1);
	assert_int_equal(cd_word_of(&r.arena, CD_STR("name")).meaning, CD_MEANS_NOTHING);
	cd_mem_fail_after(1);
	assert_int_equal(cd_word_joined(&r.arena, CD_STR("name")).n, 0);
	cd_mem_fail_after(0);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meanings),
		cmocka_unit_test(units),
		cmocka_unit_test(attributes),
		cmocka_unit_test(types),
		cmocka_unit_test(names_of_models),
		cmocka_unit_test(long_names),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
