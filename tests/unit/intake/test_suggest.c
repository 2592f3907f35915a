/*
 * First mappings: for made-up files, what must be in the mapping and what must not. Every one of them
 * compiles.
 */
#include "rig.h"

#include "zip_made.h"

#include "intake/mapping.h"
#include "intake/suggest.h"

static bool holds(cd_str text, const char *part)
{
	return part[0] == 0 || memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static const struct {
	const char *file;
	cd_str text;
	const char *with[8]; /* in the mapping */
	const char *without; /* not in it */
	const char *finding;
} cases[] = {
	/* places */
	{"trees.csv", CD_STR_INIT("id,lat,lon\n1,51.96,7.62\n2,51.97,7.63\n"),
		{"\"type\": \"Trees\"", "\"id\": \"urn:ngsi-ld:Trees:{id}\"",
			"\"geometry\": \"Point\", \"from\": [\"lon\", \"lat\"]",
			"\"identifier\", \"from\": \"id\""},
		"crs", "longitude and latitude"},
	{"trees.csv", CD_STR_INIT("nr;rechtswert;hochwert\n1;405000,5;5758000\n2;405100;5758100,5\n"),
		{"\"decimal\": \",\"", "\"crs\": \"EPSG:25832\"", "[\"rechtswert\", \"hochwert\"]"},
		"\"to\": \"rechtswert\"", "other systems have numbers like these"},
	{"bomen.csv", CD_STR_INIT("id,x_rd,y_rd\n1,155000.1,463000\n2,155100,463100.5\n"),
		{"\"crs\": \"EPSG:28992\"", "[\"x_rd\", \"y_rd\"]"}, "To check", "Netherlands"},
	{"tables.csv", CD_STR_INIT("id,breite,laenge\n1,80,120\n2,90,200\n"),
		{"\"to\": \"breite\"", "\"to\": \"laenge\""}, "GeoProperty",
		"place      none"}, /* widths and lengths */
	{"geo.csv", CD_STR_INIT("id;the_geom\n1;POINT(405000 5758000)\n2;POINT(405000.5 5758000)\n"),
		{"\"geometry\": \"wkt\", \"from\": \"the_geom\"", "\"crs\": \"EPSG:25832\""},
		"\"to\": \"theGeom\"", ""},
	{"geo.csv", CD_STR_INIT("id;geo_shape\n1;{\"type\":\"Point\",\"coordinates\":[7,51]}\n"),
		{"\"geometry\": \"geojson\""}, "crs", ""},
	{"geo.csv", CD_STR_INIT("id;geo_point_2d\n1;51.9, 7.6\n2;51.8, 7.5\n"), {"\"geometry\": \"latlon\""},
		"crs", ""},
	/* times */
	{"air.csv",
		CD_STR_INIT("station;Datum;Uhrzeit;NO2 "
			    "[µg/m³]\nA;31.01.2024;07:00;12\nA;31.01.2024;08:00;13\nB;31.01.2024;07:00;9\n"),
		{"\"form\": \"DD.MM.YYYY hh:mm\", \"zone\": \"Europe/Berlin\"",
			"\"observedAt\": \"{Datum} {Uhrzeit}\"",
			"\"to\": \"station\", \"from\": \"station\", \"observedAt\": false", "{station}\"",
			"\"to\": \"no2\"", "\"unitCode\": \"GQ\""},
		"\"to\": \"datum\"", "Europe/Berlin was taken"},
	{"a.csv", CD_STR_INIT("time,temp_degc\n2024-01-31T07:00:00Z,1.5\n2024-01-31T08:00:00Z,2.5\n"),
		{"\"observedAt\": \"{time}\"", "{@file|slug}", "\"to\": \"temperature\"",
			"\"unitCode\": \"CEL\""},
		"zone", ""},
	{"a.csv", CD_STR_INIT("ts,v\n1706704496,1\n1706704596,2\n"),
		{"\"form\": \"unix\"}", "\"observedAt\": \"{ts}\""}, "zone", ""},
	{"a.csv", CD_STR_INIT("ts,v\n1706704496123,1\n1706704596123,2\n"), {"\"form\": \"unix-ms\"}"}, "zone",
		""},
	{"a.csv", CD_STR_INIT("number,v\n1706704496,1\n1706704596,2\n"), {"\"to\": \"number\""}, "unix", ""},
	{"a.csv", CD_STR_INIT("date,v\n01/02/2024,1\n02/02/2024,2\n"), {"\"form\": \"DD/MM/YYYY\""}, "",
		"day and month could be the other way round"},
	{"a.csv", CD_STR_INIT("day,hour,v\n2024-01-31,0,1\n2024-01-31,1,2\n"),
		{"\"observedAt\": \"{day} {hour}:00\""}, "\"form\"", ""},
	{"trees.csv", CD_STR_INIT("id,planted\n1,1999-05-01\n2,2001-05-01\n"),
		{"\"to\": \"planted\", \"from\": \"planted\", \"as\": \"date\""}, "observedAt", ""},
	/* ids */
	{"a.csv", CD_STR_INIT("name,height\nOld Oak,1.5\nElm,2.5\n"), {"{name|slug}", "\"as\": \"number\""},
		"", "ids        \"name\""},
	{"a.csv", CD_STR_INIT("name,height\nOak.,1.5\nOak!,2.5\n"), {"{name|uri}"}, "",
		""}, /* as slugs they were one */
	{"a.csv", CD_STR_INIT("street,house\nA-Weg,x1\nA-Weg,x2\nB-Weg,x1\n"), {"{street}:{house}"}, "",
		"\"street\" and \"house\""},
	{"a.csv", CD_STR_INIT("colour,size\nred,1.5\nred,1.5\n"), {"{@file|slug}-{@line}"}, "",
		"no column tells the rows apart"},
	{"a.csv", CD_STR_INIT("id,station,time,v\n1,A,2024-01-31T07:00Z,1\n2,A,2024-01-31T08:00Z,2\n"),
		{"{station}\"", "\"observedAt\": \"{time}\""}, "", "ids        \"station\""},
	/* kinds */
	{"a.csv", CD_STR_INIT("id;open;paid\n1;ja;true\n2;nein;false\n"),
		{"\"map\": {\"ja\": true, \"nein\": false}", "\"from\": \"paid\", \"as\": \"boolean\""}, "",
		"yes or no"},
	{"a.csv", CD_STR_INIT("id;plz\n1;01067\n2;48143\n"), {"\"to\": \"plz\", \"from\": \"plz\"}"},
		"\"plz\", \"as\"", ""},
	{"a.csv", CD_STR_INIT("id;v;w\n1;-;-200\n2;5;7\n3;6;-200\n"), {"\"null\": [\"-\", \"-200\"]"},
		"\"w\", \"as\": \"integer\", \"null\"", "no value"},
	{"a.csv", CD_STR_INIT("id;v;w\n1;-999;7\n2;5;-999\n3;-999;8\n"), {"\"null\": [\"-999\"]}"},
		"\"csv\", \"delimiter\": \";\", \"null\"", ""},
	{"a.csv", CD_STR_INIT("id;v;w\n1;1.234,5;1.5\n2;2,5;2.25\n3;1,5;3.125\n4;2,1;4\n"),
		{"\"as\": \"number\""}, "", ""},
	{"a.csv", CD_STR_INIT("id;a b;a-b;;a b\n1;2;3;4;5\n2;3;4;5;6\n"),
		{"\"to\": \"aB\"", "\"to\": \"aB2\""}, "\"to\": \"aB3\"", "2 columns have no name"},
	{"a.csv", CD_STR_INIT("id;@x;{y}\n1;2;3\n2;3;4\n"), {"\"from\": \"{y}\""}, "@x\"", ""},
	{"a.csv", CD_STR_INIT("id\tv\n1\t2\n"), {"\"delimiter\": \"\\t\""}, "", "tabs between them"},
	{"a.csv", CD_STR_INIT("1;2\n3;4\n"), {"\"header\": false", "\"to\": \"column2\", \"from\": \"2\""},
		"", "called 1, 2"},
	{"a.csv", CD_STR_INIT("zeit;a;b;c\n2024-01-31 07:00;1;2;3\n2024-01-31 08:00;1;2;3\n"), {"{zeit}"}, "",
		"\"spread\""},
	/* JSON */
	{"trees.geojson",
		CD_STR_INIT("{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"id\":"
			    "\"a\",\"properties\":{\"kind\":"
			    "{\"name\":\"Oak\"},\"height_m\":3.5,\"v\":\"2\"},\"geometry\":{\"type\":"
			    "\"Point\",\"coordinates\":[7.6,51.9]}}]}"),
		{"\"format\": \"geojson\"", "{@feature|uri}", "\"geometry\": \"feature\"",
			"\"from\": \"kind.name\"",
			"\"to\": \"height\", \"from\": \"height_m\", \"unitCode\": \"MTR\"",
			"\"from\": \"v\", \"as\": \"integer\""},
		"crs", "features with 3 different members"},
	{"obs.json",
		CD_STR_INIT("{\"data\":[{\"s\":\"A "
			    "1\",\"when\":\"2024-01-31T07:00:00Z\",\"v\":1.5},{\"s\":\"B\",\"when\":\"2024-"
			    "01-31T07:00:00Z\",\"v\":2}]}"),
		{"\"within\": \"data\"", "\"observedAt\": \"{when}\"", "{s|slug}",
			"\"to\": \"v\", \"from\": \"v\"}"},
		"zone", ""},
	{"a.csv",
		CD_STR_INIT("# c\nid;Stra\xdf"
			    "e\n1;x\n2;y\n"),
		{"\"comment\": \"#\"", "\"encoding\": \"latin-1\"", "strasse"}, "", "Latin-1"},
};

static void files_are_described(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		struct cd_suggestion s;
		struct cd_mapping *m = NULL;
		rig_begin(&r);
		assert_int_equal(cd_suggest_bytes(&r.cx, cases[i].file, cases[i].text, true, &s), CD_OK);
		assert_int_equal(s.kind, CD_SUGGEST_MAPPING);
		for (size_t k = 0; k < 8 && cases[i].with[k]; k++) {
			if (!holds(s.mapping, cases[i].with[k]))
				print_error("case %zu: no %s in\n%.*s", i, cases[i].with[k], (int)s.mapping.n,
					s.mapping.p);
			assert_true(holds(s.mapping, cases[i].with[k]));
		}
		bool clean = !cases[i].without[0] || !holds(s.mapping, cases[i].without);
		if (!clean || !holds(s.findings, cases[i].finding))
			print_error("case %zu:\n%.*s%.*s", i, (int)s.mapping.n, s.mapping.p,
				(int)s.findings.n, s.findings.p);
		assert_true(clean);
		assert_true(holds(s.findings, cases[i].finding));
		if (cd_mapping_parse(&r.cx, s.mapping, &m))
			print_error("case %zu: %s %s\n", i, r.cx.err.where, r.cx.err.detail);
		assert_int_equal(r.cx.err.code, CD_OK);
		cd_mapping_close(m);
		rig_end(&r);
	}
}

static void entities_need_none(void **state)
{
	struct rig r;
	struct cd_suggestion s;
	(void)state;
	rig_begin(&r);
	assert_int_equal(
		cd_suggest_bytes(&r.cx, "a.json", CD_STR("[{\"id\":\"urn:x:1\",\"type\":\"A\"}]"), true, &s),
		CD_OK);
	assert_int_equal(s.kind, CD_SUGGEST_ENTITIES);
	assert_int_equal(s.mapping.n, 0);
	rig_end(&r);
}

static void feeds_are_known(void **state)
{
	struct rig r;
	struct cd_suggestion s = {.kind = CD_SUGGEST_MAPPING};
	(void)state;
	rig_begin(&r);
	const struct zip_member members[] = {{.name = "f/stops.txt"}, {.name = "f/routes.txt"},
		{.name = "f/trips.txt"}, {.name = "f/stop_times.txt"}};
	cd_str feed = zip_made(&r, members, 4), other = zip_made(&r, members, 3);
	const char *path = rig_file(&r, feed.p, feed.n);
	assert_int_equal(cd_suggest(&r.cx, path, &s), CD_OK);
	assert_int_equal(s.kind, CD_SUGGEST_GTFS);
	unlink(path);
	path = rig_file(&r, other.p, other.n);
	assert_int_equal(cd_suggest(&r.cx, path, &s), CD_E_BAD_REQUEST_DATA);
	unlink(path);
	cd_cx_clear(&r.cx);
	assert_int_equal(cd_suggest(&r.cx, "/tmp/no/such/file", &s), CD_E_NOT_FOUND);
	rig_end(&r);
}

static void packed_files(void **state)
{
	struct rig r;
	struct cd_suggestion s;
	(void)state;
	rig_begin(&r);
	cd_str packed = rig_pack(&r, CD_STR("id,v\n1,2\n2,3\n"), 31);
	const char *path = rig_file(&r, packed.p, packed.n);
	assert_int_equal(cd_suggest(&r.cx, path, &s), CD_OK);
	assert_true(holds(s.mapping, "{id}"));
	unlink(path);
	rig_end(&r);
}

static void without_memory(void **state)
{
	cd_str text = CD_STR("station;Datum;NO2 [µg/m³];lat;lon\nA b;31.01.2024;12;51.9;7.6\nB "
			     "c;31.01.2024;-999;51.8;7.5\n");
	unsigned long k = 0;
	(void)state;
	for (bool failed = true; failed;) {
		struct rig r;
		struct cd_suggestion s;
		struct cd_mapping *m = NULL;
		rig_begin(&r);
		cd_mem_fail_after(++k);
		cd_code code = cd_suggest_bytes(&r.cx, "a.csv", text, true, &s);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_true(code == CD_OK || (failed && code == CD_E_NO_MEMORY));
		if (!code) /* what did without was a hint */
			assert_int_equal(cd_mapping_parse(&r.cx, s.mapping, &m), CD_OK);
		cd_mapping_close(m);
		rig_end(&r);
	}
	assert_true(k > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_described),
		cmocka_unit_test(entities_need_none),
		cmocka_unit_test(feeds_are_known),
		cmocka_unit_test(packed_files),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
