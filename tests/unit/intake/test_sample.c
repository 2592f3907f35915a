/* The beginning of a file as a table: how it is written is found out, whatever that is. */
#include "rig.h"

#include "intake/sample.h"

static cd_code sample(struct rig *r, cd_str text, bool whole, struct cd_sample *s)
{
	rig_begin(r);
	memset(s, 0, sizeof *s);
	cd_str copy = cd_arena_copy(&r->arena, text);
	return cd_sample(&r->cx, copy, whole, s);
}

static void shapes(void **state)
{
	static const struct {
		cd_str text;
		char delimiter, quote, comment;
		enum cd_encoding encoding;
		uint32_t skip, columns, rows;
		bool header;
		const char *name; /* of the last column */
	} cases[] = {
#define T(t) CD_STR_INIT(t)
		{T("a,b\n1,2\n"), ',', '"', 0, CD_UTF_8, 0, 2, 1, true, "b"},
		{T("a;b\n1,5;2,5\n3,5;4,5\n"), ';', '"', 0, CD_UTF_8, 0, 2, 2, true, "b"},
		{T("a\tb\tc\n1\t2\t3\n"), '\t', '"', 0, CD_UTF_8, 0, 3, 1, true, "c"},
		{T("a|b\n1|2\n"), '|', '"', 0, CD_UTF_8, 0, 2, 1, true, "b"},
		{T("a,b\n\"x;y\",2\n\"z;w\",3\n"), ',', '"', 0, CD_UTF_8, 0, 2, 2, true, "b"},
		{T("a\r\n1\r\n2\r\n"), ',', '"', 0, CD_UTF_8, 0, 1, 2, true, "a"},
		{T("\xef\xbb\xbf"
		   "a;b\n1;2\n"),
			';', '"', 0, CD_UTF_8, 0, 2, 1, true, "b"},
		{T("a;Stra\xdf"
		   "e\n1;x\n"),
			';', '"', 0, CD_LATIN_1, 0, 2, 1, true,
			"Stra\xc3\x9f"
			"e"},
		{T("a;b \x80\n1;x\n"), ';', '"', 0, CD_WINDOWS_1252, 0, 2, 1, true, "b \xe2\x82\xac"},
		{T("'a','b'\n'x, y','2'\n"), ',', '\'', 0, CD_UTF_8, 0, 2, 1, true, "b"},
		{T("a,b\n\"5\" pipe,1\n\"6\" pipe,2\n7,8\n"), ',', 0, 0, CD_UTF_8, 0, 2, 3, true, "b"},
		{T("# made by\n# somebody\na,b\n1,2\n"), ',', '"', '#', CD_UTF_8, 0, 2, 1, true, "b"},
		{T("#id,b\n1,2\n"), ',', '"', 0, CD_UTF_8, 0, 2, 1, true, "b"},
		{T("A report\nof 2024\na,b,c\n1,2,3\n4,5,6\n7,8,9\n"), ',', '"', 0, CD_UTF_8, 2, 3, 3, true,
			"c"},
		{T("A report;;\n;;\na;b;c\n1;2;3\n4;5;6\n"), ';', '"', 0, CD_UTF_8, 2, 3, 2, true, "c"},
		{T("1;2\n3;4\n"), ';', '"', 0, CD_UTF_8, 0, 2, 2, false, "2"},
		{T("x;1\ny;2\n"), ';', '"', 0, CD_UTF_8, 0, 2, 2, false, "2"},
		{T("town;2019;2020\nBonn;1;2\n"), ';', '"', 0, CD_UTF_8, 0, 3, 1, true, "2020"},
		{T("colour;tree\nred;oak\nred;elm\n"), ';', '"', 0, CD_UTF_8, 0, 2, 2, true, "tree"},
		{T("red;oak\nred;elm\nblue;oak\n"), ';', '"', 0, CD_UTF_8, 0, 2, 3, false, "2"},
		{T("a;b"), ';', '"', 0, CD_UTF_8, 0, 2, 0, true, "b"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		struct cd_sample s;
		assert_int_equal(sample(&r, cases[i].text, true, &s), CD_OK);
		cd_str name = s.names[s.columns - 1];
		bool right = s.shape.delimiter == cases[i].delimiter && s.shape.quote == cases[i].quote &&
			     s.shape.comment == cases[i].comment && s.shape.encoding == cases[i].encoding &&
			     s.skip_rows == cases[i].skip && s.columns == cases[i].columns &&
			     s.rows == cases[i].rows && s.header == cases[i].header &&
			     cd_str_eq(name, cd_str_z(cases[i].name));
		if (!right)
			print_error("%s: %d %d %d enc %d skip %u, %u x %u header %d %.*s\n", cases[i].text.p,
				s.shape.delimiter, s.shape.quote, s.shape.comment, s.shape.encoding,
				s.skip_rows, s.columns, s.rows, s.header, (int)name.n, name.p);
		assert_true(right);
		assert_true(s.kind == CD_SAMPLE_TABLE && s.whole);
		rig_end(&r);
	}
}

static void irregular_rows_are_counted(void **state)
{
	struct rig r;
	struct cd_sample s;
	(void)state;
	assert_int_equal(
		sample(&r, CD_STR("a,b\n1,2\n3\n4,5,6\n7,8\n9,10\n11,12\n\"x\"y\n"), true, &s), CD_OK);
	assert_int_equal(s.columns, 2);
	assert_int_equal(s.rows, 5);
	assert_int_equal(s.short_rows, 1);
	assert_int_equal(s.wide_rows, 1);
	assert_int_equal(s.faults, 1);
	assert_int_equal(s.cells[1 * 2 + 1].n, 0); /* what is missing is empty */
	rig_end(&r);
}

/* The line that the sample cuts is not taken for a whole one. */
static void a_cut_line_is_left_out(void **state)
{
	struct rig r;
	struct cd_sample s;
	(void)state;
	assert_int_equal(sample(&r, CD_STR("a,b\n1,2\n3,4"), false, &s), CD_OK);
	assert_int_equal(s.rows, 1);
	assert_false(s.whole);
	rig_end(&r);
}

static void nothing_to_describe(void **state)
{
	static const struct {
		cd_str text;
		cd_code code;
	} cases[] = {{CD_STR_INIT(""), CD_E_BAD_REQUEST_DATA}, {CD_STR_INIT("\n\n"), CD_E_BAD_REQUEST_DATA},
		{CD_STR_INIT("\xff\xfe"
			     "a\0"),
			CD_E_BAD_REQUEST_DATA},
		{CD_STR_INIT("{\"a\":"), CD_E_INVALID_REQUEST}, {CD_STR_INIT("[]"), CD_E_BAD_REQUEST_DATA},
		{CD_STR_INIT("[1,2]"), CD_E_INVALID_REQUEST},
		{CD_STR_INIT("{\"a\":tru}"), CD_E_INVALID_REQUEST}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		struct cd_sample s;
		assert_int_equal(sample(&r, cases[i].text, true, &s), cases[i].code);
		rig_end(&r);
	}
}

static void bounds_of_rows_and_columns(void **state)
{
	(void)state;
	for (uint32_t over = 0; over < 2; over++) {
		struct rig r;
		struct cd_sample s;
		struct cd_buf b;
		cd_buf_init(&b, 1 << 24);
		CD_BUF_LIT(&b, "n\n");
		for (uint32_t i = 0; i < CD_SAMPLE_ROWS + over; i++)
			cd_buf_printf(&b, "%u\n", i);
		assert_int_equal(sample(&r, cd_buf_str(&b), true, &s), CD_OK);
		assert_int_equal(s.rows, CD_SAMPLE_ROWS);
		assert_int_equal(s.whole, !over);
		rig_end(&r);
		cd_buf_reset(&b);
		for (uint32_t i = 0; i < CD_SAMPLE_COLUMNS + over; i++)
			cd_buf_printf(&b, "%sc%u", i ? "," : "", i);
		CD_BUF_LIT(&b, "\n");
		assert_int_equal(sample(&r, cd_buf_str(&b), true, &s), over ? CD_E_BAD_REQUEST_DATA : CD_OK);
		rig_end(&r);
		cd_buf_done(&b);
	}
}

static void the_first_bytes(void **state)
{
	struct rig r;
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		cd_str bytes;
		bool whole = over;
		rig_begin(&r);
		cd_str text = rig_noise(&r, CD_SAMPLE_BYTES + over);
		struct cd_stream *in = cd_stream_memory(text);
		assert_int_equal(cd_sample_bytes(&r.cx, in, &bytes, &whole), CD_OK);
		assert_int_equal(bytes.n, CD_SAMPLE_BYTES);
		assert_int_equal(whole, !over);
		cd_stream_close(in);
		rig_end(&r);
	}
}

static void objects(void **state)
{
	static const struct {
		const char *text;
		enum cd_sample_kind kind;
		const char *within, *names;
		uint32_t rows;
	} cases[] = {
		{"[{\"a\":1,\"b\":\"x\"},{\"a\":2}]", CD_SAMPLE_JSON, "", "a b", 2},
		{"{\"a\":1}\n{\"a\":2,\"b\":3}\n", CD_SAMPLE_JSON, "", "a b", 2},
		{"{\"a\":1}", CD_SAMPLE_JSON, "", "a", 1},
		{"{\"meta\":{\"n\":[1]},\"data\":[{\"a\":1}],\"more\":2}", CD_SAMPLE_JSON, "data", "a", 1},
		{" \n[{\"a\":{\"b\":{\"c\":1}},\"x.y\":[1]}]", CD_SAMPLE_JSON, "", "a.b.c x\\.y", 1},
		{"[{\"a\":{\"b\":{\"c\":{\"d\":1}}}}]", CD_SAMPLE_JSON, "", "a.b.c", 1},
		{"[{\"a[0]\":1,\"\":2,\"b\\\\\":3}]", CD_SAMPLE_JSON, "", "a\\[0] b\\\\", 1},
		{"[{\"p\":{\"type\":\"Point\",\"coordinates\":[1,2]}}]", CD_SAMPLE_JSON, "", "p", 1},
		{"[{\"id\":\"urn:x:1\",\"type\":\"A\"}]", CD_SAMPLE_ENTITIES, "", "id type", 1},
		{"[{\"id\":\"7\",\"type\":\"A\"}]", CD_SAMPLE_JSON, "", "id type", 1},
		{"{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"id\":4,"
		 "\"properties\":{\"n\":1},"
		 "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[7,51],[8,51],[8,52],[7,51]]]}}]}",
			CD_SAMPLE_GEOJSON, "", "n", 1},
		{"{\"type\":\"Feature\",\"properties\":{\"n\":1},\"geometry\":null}\n{\"type\":\"Feature\","
		 "\"properties\":{\"m\":1}}",
			CD_SAMPLE_GEOJSON, "", "n m", 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		struct cd_sample s;
		char names[256] = "";
		assert_int_equal(sample(&r, cd_str_z(cases[i].text), true, &s), CD_OK);
		for (uint32_t k = 0; k < s.columns; k++)
			snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.*s", k ? " " : "",
				(int)s.names[k].n, s.names[k].p);
		if (s.kind != cases[i].kind || strcmp(names, cases[i].names) != 0)
			print_error("%s: %d %s\n", cases[i].text, s.kind, names);
		assert_int_equal(s.kind, cases[i].kind);
		assert_string_equal(names, cases[i].names);
		assert_int_equal(s.rows, cases[i].rows);
		assert_true(cd_str_eq(s.within, cd_str_z(cases[i].within)));
		rig_end(&r);
	}
}

static void what_values_of_objects_are(void **state)
{
	struct rig r;
	struct cd_sample s;
	(void)state;
	assert_int_equal(sample(&r,
				 CD_STR("[{\"a\":1,\"b\":\"x\",\"c\":true,\"d\":[1],\"e\":null},{\"e\":1,"
					"\"a\":\"2\",\"z\":1}]"),
				 true, &s),
		CD_OK);
	assert_int_equal(s.columns, 6);
	assert_int_equal(s.holds[0], CD_SAMPLE_HAS_NUMBER | CD_SAMPLE_HAS_TEXT);
	assert_int_equal(s.holds[1], CD_SAMPLE_HAS_TEXT);
	assert_int_equal(s.holds[2], CD_SAMPLE_HAS_BOOLEAN);
	assert_int_equal(s.holds[3], CD_SAMPLE_HAS_MORE);
	assert_int_equal(s.holds[4], CD_SAMPLE_HAS_NUMBER);
	assert_true(cd_str_eq(s.cells[3], CD_STR("[1]")));
	assert_true(cd_str_eq(s.cells[6], CD_STR("2")));
	assert_true(cd_str_eq(s.cells[6 + 4], CD_STR("1")));
	rig_end(&r);
	assert_int_equal(sample(&r,
				 CD_STR("{\"type\":\"Feature\",\"id\":\"x\",\"properties\":{},\"geometry\":{"
					"\"type\":\"Point\","
					"\"coordinates\":[405000.5,5758000]}}"),
				 true, &s),
		CD_OK);
	assert_true(s.located && s.x == 405000.5 && s.y == 5758000 && s.feature_ids == 1);
	rig_end(&r);
}

static void without_memory(void **state)
{
	static const cd_str texts[] = {
		CD_STR_INIT("a;b\nx;1\ny;2\n"), CD_STR_INIT("[{\"a\":1,\"b\":{\"c\":[2]}}]")};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unsigned long k = 0;
		for (bool failed = true; failed;) {
			struct rig r;
			struct cd_sample s;
			rig_begin(&r);
			cd_str copy = cd_arena_copy(&r.arena, texts[i]);
			cd_mem_fail_after(++k);
			cd_code code = cd_sample(&r.cx, copy, true, &s);
			failed = cd_mem_failed();
			cd_mem_fail_after(0);
			if (!failed)
				assert_int_equal(code, CD_OK);
			else if (code)
				assert_int_equal(code, CD_E_NO_MEMORY);
			rig_end(&r);
		}
		assert_true(k > 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes),
		cmocka_unit_test(irregular_rows_are_counted),
		cmocka_unit_test(a_cut_line_is_left_out),
		cmocka_unit_test(nothing_to_describe),
		cmocka_unit_test(bounds_of_rows_and_columns),
		cmocka_unit_test(the_first_bytes),
		cmocka_unit_test(objects),
		cmocka_unit_test(what_values_of_objects_are),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
