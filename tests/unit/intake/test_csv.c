/* Rows of tables: what the header promises, in buffers of every filling, and at every bound. */
#include "rig.h"

#include "intake/csv.h"

/* A stream that hands out `step` bytes at a time and fails behind `fail_at`. */
struct dripping {
	struct cd_stream stream;
	cd_str rest;
	size_t step, fail_at;
};

static cd_code drip(struct cd_stream *s, struct cd_cx *cx, void *to, size_t n, size_t *ret_got)
{
	struct dripping *d = (struct dripping *)s;
	if (s->at >= d->fail_at)
		return cd_fail(cx, CD_E_CORRUPT, "a.csv", "torn");
	n = n < d->step ? n : d->step;
	n = n < d->rest.n ? n : d->rest.n;
	if (n)
		memcpy(to, d->rest.p, n);
	d->rest = cd_str_skip(d->rest, n);
	s->at += n;
	*ret_got = n;
	return CD_OK;
}

static const struct cd_stream_ops dripping_ops = {drip, NULL};

static struct dripping dripping(cd_str text, size_t step)
{
	return (struct dripping){
		.stream.ops = &dripping_ops, .rest = text, .step = step, .fail_at = SIZE_MAX};
}

/* Rows as text: line, cells in brackets, or the fault. */
static cd_code shown(cd_str text, size_t step, const struct cd_csv_shape *shape, struct cd_buf *to)
{
	static const char *const faults[] = {"", "quote", "encoding", "long", "wide"};
	struct rig r;
	struct cd_csv_row row;
	rig_begin(&r);
	struct dripping d = dripping(text, step);
	struct cd_csv *c = cd_csv_new(&d.stream, shape);
	assert_non_null(c);
	while (cd_csv_next(c, &r.cx, &row)) {
		cd_buf_u64(to, row.line);
		if (row.fault) {
			assert_int_equal(row.n, 0);
			cd_buf_printf(to, " %s", faults[row.fault]);
		}
		for (uint32_t i = 0; i < row.n; i++) {
			CD_BUF_LIT(to, "[");
			cd_buf_put(to, row.cells[i]);
			CD_BUF_LIT(to, "]");
		}
		CD_BUF_LIT(to, "\n");
	}
	cd_code code = r.cx.err.code;
	assert_false(cd_csv_next(c, &r.cx, &row)); /* the end stays the end */
	cd_csv_free(c);
	rig_end(&r);
	return code;
}

/* The same whatever the pieces it comes in. */
static void expect_shape(cd_str text, struct cd_csv_shape shape, cd_str rows)
{
	static const size_t steps[] = {1, 2, 3, 5, 63, 64, 65, 4096};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct cd_buf got;
		cd_buf_init(&got, SIZE_MAX / 2);
		assert_int_equal(shown(text, steps[i], &shape, &got), CD_OK);
		if (!cd_str_eq(cd_buf_str(&got), rows))
			print_error("%.*s\nin place of\n%.*s\n", (int)got.n, got.p, (int)rows.n, rows.p);
		assert_true(cd_str_eq(cd_buf_str(&got), rows));
		cd_buf_done(&got);
	}
}

#define COMMAS             ((struct cd_csv_shape){.delimiter = ',', .quote = '"'})
#define EXPECT(text, rows) expect_shape(CD_STR(text), COMMAS, CD_STR(rows))

static void plain_rows(void **state)
{
	(void)state;
	EXPECT("", "");
	EXPECT("a", "1[a]\n");
	EXPECT("a\n", "1[a]\n");
	EXPECT("a,b\n1,2\n", "1[a][b]\n2[1][2]\n");
	EXPECT(",\n,,\n", "1[][]\n2[][][]\n");
	EXPECT("a,b,", "1[a][b][]\n");
	EXPECT(" a , b \n", "1[ a ][ b ]\n");
	EXPECT("a;b\n", "1[a;b]\n");
	EXPECT("a,b\n1\n1,2,3\n", "1[a][b]\n2[1]\n3[1][2][3]\n"); /* the caller judges */
	expect_shape(CD_STR("a\0b,c\n"), COMMAS, CD_STR("1[a\0b][c]\n"));
}

static void line_ends(void **state)
{
	(void)state;
	EXPECT("a\r\nb\r\n", "1[a]\n2[b]\n");
	EXPECT("a\rb\r", "1[a]\n2[b]\n");
	EXPECT("a\nb\rc\r\nd", "1[a]\n2[b]\n3[c]\n4[d]\n");
	EXPECT("a\n\r", "1[a]\n");
	EXPECT("\r\n\n\r\ra\n\n", "5[a]\n"); /* empty lines are passed over and counted */
	EXPECT("a,\r\n,b\r", "1[a][]\n2[][b]\n");
	EXPECT("\"a\r\nb\"\nc\n\"d\re\n\"\n\"\"\nf\n", "1[a\r\nb]\n3[c]\n4[d\re\n]\n7[]\n8[f]\n");
}

static void quotes(void **state)
{
	(void)state;
	EXPECT("\"a\",\"b\"\n", "1[a][b]\n");
	EXPECT("\"a,b\",c\n", "1[a,b][c]\n");
	EXPECT("\"a\"\"b\",\"\"\"\",\"\"\n", "1[a\"b][\"][]\n");
	EXPECT("\"\"\"a\"\"\",x\"\"y\n",
		"1[\"a\"][x\"\"y]\n"); /* in a cell without quotes they are characters */
	EXPECT("a\"b,c\"\n", "1[a\"b][c\"]\n");
	EXPECT("\"\"\n", "1[]\n"); /* not an empty line */
	EXPECT("\"a\"", "1[a]\n");
	EXPECT("\"a\"\"\"", "1[a\"]\n");
	EXPECT("x,\"a\"\"b\"\ny,\"c\"\"d\"\n", "1[x][a\"b]\n2[y][c\"d]\n");
	expect_shape(CD_STR("'a;''b';\"c\"\n"), (struct cd_csv_shape){.delimiter = ';', .quote = '\''},
		CD_STR("1[a;'b][\"c\"]\n"));
	expect_shape(
		CD_STR("\"a\"\tb\"\n"), (struct cd_csv_shape){.delimiter = '\t'}, CD_STR("1[\"a\"][b\"]\n"));
}

/* One line is lost, not what follows. */
static void faults_of_quotes(void **state)
{
	(void)state;
	EXPECT("a\n\"b\nc\nd\n", "1[a]\n2 quote\n3[c]\n4[d]\n");
	EXPECT("a\r\"b\rc\rd\r", "1[a]\n2 quote\n3[c]\n4[d]\n");
	EXPECT("a\r\n\"b\r\nc\r\n", "1[a]\n2 quote\n3[c]\n");
	EXPECT("\"a\"x,b\nc\n", "1 quote\n2[c]\n");
	EXPECT("\"a\" ,b\nc\n", "1 quote\n2[c]\n");
	EXPECT("1,\"a\nb\"x\n2,c\n", "1 quote\n2[b\"x]\n3[2][c]\n");
	EXPECT("\"", "1 quote\n");
	EXPECT("a,\"", "1 quote\n");
	EXPECT("\"a\"\"", "1 quote\n");
	EXPECT("\"\n\"\n\"x\n", "1[\n]\n3 quote\n");
}

static void comments(void **state)
{
	struct cd_csv_shape shape = {.delimiter = ',', .quote = '"', .comment = '#'};
	(void)state;
	expect_shape(
		CD_STR("# made by, \"nobody\na,b\n#\n1,#2\n# end"), shape, CD_STR("2[a][b]\n4[1][#2]\n"));
	expect_shape(CD_STR("#x,\"\r\ra,b\r"), shape, CD_STR("3[a][b]\n"));
	expect_shape(CD_STR(" # a\n\"#\"\n"), shape, CD_STR("1[ # a]\n2[#]\n"));
	expect_shape(CD_STR("# a\n"), COMMAS, CD_STR("1[# a]\n"));
}

static void encodings(void **state)
{
	struct cd_csv_shape latin = {.delimiter = ',', .quote = '"', .encoding = CD_LATIN_1},
			    windows = {.delimiter = ',', .quote = '"', .encoding = CD_WINDOWS_1252};
	(void)state;
	EXPECT("Stra\xc3\x9f"
	       "e,\xe2\x82\xac\n",
		"1[Stra\xc3\x9f"
		"e][\xe2\x82\xac]\n");
	EXPECT("a\nStra\xdf"
	       "e,b\nc\n",
		"1[a]\n2 encoding\n3[c]\n");
	EXPECT("\xed\xa0\x80\n\xc0\xaf\n\xf4\x90\x80\x80\n\xf0\x9f\x9a\xb2\n",
		"1 encoding\n2 encoding\n3 encoding\n4[\xf0\x9f\x9a\xb2]\n");
	expect_shape(CD_STR("Stra\xdf"
			    "e,\"\xe4\"\"\xf6\"\nx,y\n,\n\xff,\x80\n"),
		latin,
		CD_STR("1[Stra\xc3\x9f"
		       "e][\xc3\xa4\"\xc3\xb6]\n2[x][y]\n3[][]\n4[\xc3\xbf][\xc2\x80]\n"));
	expect_shape(CD_STR("\x80,\x84x\x93,\x81,\x9f,\xe9\n"), windows,
		CD_STR("1[\xe2\x82\xac][\xe2\x80\x9ex\xe2\x80\x9c][\xef\xbf\xbd][\xc5\xb8][\xc3\xa9]\n"));
	/* a mark of UTF-8 is no part of the first name, and counts for more */
	EXPECT("\xef\xbb\xbf"
	       "a,b\n",
		"1[a][b]\n");
	EXPECT("\xef\xbb\xbf", "");
	EXPECT("\xef\xbb\xbf\"a,b\"\n", "1[a,b]\n");
	expect_shape(CD_STR("\xef\xbb\xbf\xc3\xa4\n"), latin, CD_STR("1[\xc3\xa4]\n"));
	/* beyond the first block of 64 bytes */
	EXPECT("0123456789012345678901234567890123456789012345678901234567890123456789\xc3\xa4,x\n\xe4\ny\n",
		"1[0123456789012345678901234567890123456789012345678901234567890123456789\xc3\xa4][x]\n2 "
		"encoding\n3[y]\n");
}

static void utf16_is_refused_by_name(void **state)
{
	static const cd_str files[] = {CD_STR_INIT("\xff\xfe"
						   "a\0,\0"),
		CD_STR_INIT("\xfe\xff\0a"), CD_STR_INIT("\xff\xfe")};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct cd_buf got;
		cd_buf_init(&got, 100);
		assert_int_equal(shown(files[i], 3, &COMMAS, &got), CD_E_BAD_REQUEST_DATA);
		assert_int_equal(got.n, 0);
		cd_buf_done(&got);
	}
}

/* ---- bounds ---- */

/* head, n bytes of fill, tail. */
static cd_str padded(struct rig *r, const char *head, char fill, size_t n, const char *tail)
{
	cd_str middle = cd_str_of(memset(cd_arena_alloc(&r->arena, n + 1), fill, n), n);
	cd_str parts[] = {cd_str_z(head), middle, cd_str_z(tail)};
	return cd_arena_join(&r->arena, parts, 3);
}

/* Reads up to three rows and compares: -1 for a fault of that kind, else the length of the last cell. */
static void expect_rows(cd_str text, const struct cd_csv_row *rows, size_t n)
{
	static const size_t steps[] = {1000, 1 << 16, SIZE_MAX};
	for (size_t k = 0; k < 3; k++) {
		struct rig r;
		struct cd_csv_row row;
		rig_begin(&r);
		struct dripping d = dripping(text, steps[k]);
		struct cd_csv *c = cd_csv_new(&d.stream, &COMMAS);
		for (size_t i = 0; i < n; i++) {
			assert_true(cd_csv_next(c, &r.cx, &row));
			assert_int_equal(row.fault, rows[i].fault);
			assert_int_equal(row.line, rows[i].line);
			assert_int_equal(row.n, rows[i].n);
		}
		assert_false(cd_csv_next(c, &r.cx, &row));
		assert_int_equal(r.cx.err.code, CD_OK);
		cd_csv_free(c);
		rig_end(&r);
	}
}

static void rows_at_their_longest(void **state)
{
	static const char *const ends[] = {"\nx\n", "\r\nx\n", "\rx\n", "\n\nx"};
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t i = 0; i < 4; i++)
		for (size_t over = 0; over < 3; over++) {
			cd_str text = padded(&r, "a,b", 'c', CD_CSV_ROW_MAX - 3 + over, ends[i]);
			struct cd_csv_row rows[] = {
				{.line = 1, .n = over ? 0 : 2, .fault = over ? CD_CSV_LONG : CD_CSV_SOUND},
				{.line = i == 3 ? 3 : 2, .n = 1}};
			expect_rows(text, rows, 2);
		}
	/* the last line, without an end */
	struct cd_csv_row last[] = {{.line = 1, .n = 1}};
	expect_rows(padded(&r, "", 'c', CD_CSV_ROW_MAX, ""), last, 1);
	last[0] = (struct cd_csv_row){.line = 1, .fault = CD_CSV_LONG};
	expect_rows(padded(&r, "", 'c', CD_CSV_ROW_MAX + 1, ""), last, 1);
	expect_rows(padded(&r, "", 'c', (size_t)CD_CSV_ROW_MAX * 5, ""), last, 1);
	rig_end(&r);
}

static void quoted_rows_at_their_longest(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	for (size_t over = 0; over < 2; over++) {
		cd_str text = padded(&r, "\"", 'c', CD_CSV_ROW_MAX - 2 + over, "\"\nx\n");
		struct cd_csv_row rows[] = {
			{.line = 1, .n = !over, .fault = over ? CD_CSV_QUOTE : CD_CSV_SOUND},
			{.line = 2, .n = 1}};
		expect_rows(text, rows, 2);
	}
	/* never closed: one line is lost */
	cd_str open = padded(&r, "\"a\nb\n", 'c', (size_t)CD_CSV_ROW_MAX - 10, "\nd\n");
	struct cd_csv_row rows[] = {{.line = 1, .fault = CD_CSV_QUOTE}, {.line = 2, .n = 1},
		{.line = 3, .n = 1}, {.line = 4, .n = 1}};
	expect_rows(open, rows, 4);
	rig_end(&r);
}

static void cells_at_their_most(void **state)
{
	struct rig r;
	(void)state;
	rig_begin(&r);
	struct cd_csv_row rows[] = {{.line = 1, .n = CD_CSV_CELLS_MAX}, {.line = 2, .n = 1}};
	expect_rows(padded(&r, "", ',', CD_CSV_CELLS_MAX - 1, "\nx\n"), rows, 2);
	rows[0] = (struct cd_csv_row){.line = 1, .fault = CD_CSV_WIDE};
	expect_rows(padded(&r, "", ',', CD_CSV_CELLS_MAX, "\nx\n"), rows, 2);
	rig_end(&r);
}

/* ---- what fails beneath ---- */

static void a_stream_that_fails(void **state)
{
	struct rig r;
	struct cd_csv_row row;
	(void)state;
	rig_begin(&r);
	struct dripping d = dripping(CD_STR("a,b\nc,d\ne,f\n"), 4);
	d.fail_at = 8;
	struct cd_csv *c = cd_csv_new(&d.stream, &COMMAS);
	assert_true(cd_csv_next(c, &r.cx, &row));
	assert_true(cd_csv_next(c, &r.cx, &row));
	assert_int_equal(row.line, 2);
	assert_false(cd_csv_next(c, &r.cx, &row));
	assert_int_equal(r.cx.err.code, CD_E_CORRUPT);
	cd_csv_free(c);
	cd_csv_free(NULL);
	rig_end(&r);
}

/* A wide row, a long one and one to be converted: everything that asks for memory. */
static cd_code read_hungrily(struct rig *r, cd_str text)
{
	struct cd_csv_shape shape = {.delimiter = ',', .quote = '"', .encoding = CD_LATIN_1};
	struct dripping d = dripping(text, SIZE_MAX);
	struct cd_csv_row row;
	unsigned rows = 0;
	struct cd_csv *c = cd_csv_new(&d.stream, &shape);
	if (!c)
		return CD_E_NO_MEMORY;
	while (cd_csv_next(c, &r->cx, &row)) {
		assert_int_equal(row.fault, CD_CSV_SOUND);
		rows++;
	}
	cd_csv_free(c);
	assert_true(r->cx.err.code || rows == 3);
	return r->cx.err.code;
}

static void without_memory(void **state)
{
	struct rig r;
	unsigned long k = 0;
	(void)state;
	rig_begin(&r);
	cd_str parts[] = {
		padded(&r, "", ',', 300, "\n"), padded(&r, "a", 'b', 3 << 20, "\n"), CD_STR("\xe4\n")};
	cd_str text = cd_arena_join(&r.arena, parts, 3);
	for (bool failed = true; failed;) {
		cd_cx_clear(&r.cx);
		cd_mem_fail_after(++k);
		cd_code code = read_hungrily(&r, text);
		failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
	}
	assert_true(k > 7);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_rows),
		cmocka_unit_test(line_ends),
		cmocka_unit_test(quotes),
		cmocka_unit_test(faults_of_quotes),
		cmocka_unit_test(comments),
		cmocka_unit_test(encodings),
		cmocka_unit_test(utf16_is_refused_by_name),
		cmocka_unit_test(rows_at_their_longest),
		cmocka_unit_test(quoted_rows_at_their_longest),
		cmocka_unit_test(cells_at_their_most),
		cmocka_unit_test(a_stream_that_fails),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
