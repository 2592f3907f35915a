/*
 * A column is asked one question after the other, the narrow ones first; it looks like the first to which
 * almost all of its cells say yes. Words like "NA" and "-" have no say, and are told as what means "missing".
 */
#include "intake/look.h"

#include "base/hash.h"
#include "intake/moment.h"
#include "json/json.h"

#include <math.h>
#include <stdlib.h>

/* Of a hundred cells so many must agree: real data has wild ones. */
enum { AGREE = 95 };

/* ---- missing ---- */

static bool is_blank(cd_str s)
{
	return cd_str_trim(s).n == 0;
}

/* Words that are no value in whatever column. */
static bool is_missing_word(cd_str s)
{
	static const cd_str words[] = {CD_STR_INIT("-"), CD_STR_INIT("--"), CD_STR_INIT("---"),
		CD_STR_INIT("n/a"), CD_STR_INIT("#N/A"), CD_STR_INIT("NA"), CD_STR_INIT("NaN"),
		CD_STR_INIT("null"), CD_STR_INIT("None"), CD_STR_INIT("n.a."), CD_STR_INIT("k.A."),
		CD_STR_INIT("k. A."), CD_STR_INIT("n.d."), CD_STR_INIT("s/d"), CD_STR_INIT("?"),
		CD_STR_INIT("."), CD_STR_INIT(".."), CD_STR_INIT("*")};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (cd_str_eq_nocase(words[i], s))
			return true;
	return false;
}

static void add_null(struct cd_look *l, cd_str s)
{
	for (uint32_t i = 0; i < l->nulls_n; i++)
		if (cd_str_eq(l->nulls[i], s))
			return;
	if (l->nulls_n < CD_LOOK_NULLS_MAX)
		l->nulls[l->nulls_n++] = s;
}

/* ---- numbers ---- */

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Copies the whole part to `to` without signs between thousands, which must stand right. */
static bool whole_part(cd_str *rest, char thousands, char *to, size_t *n, size_t max)
{
	size_t run = 0, groups = 0;
	for (; rest->n && *n < max; *rest = cd_str_skip(*rest, 1)) {
		char c = rest->p[0];
		if (digit(c)) {
			to[(*n)++] = c;
			run++;
		} else if (thousands && c == thousands && run >= 1 && (groups ? run == 3 : run <= 3)) {
			groups++;
			run = 0;
		} else {
			break;
		}
	}
	return run > 0 && (!groups || run == 3);
}

/* No sign +, no zeros in front, at most 15 digits: what has them is a code and would not come back as it was.
 */
bool cd_look_number(cd_str text, char decimal, char thousands, double *ret)
{
	char plain[64];
	size_t n = 0;
	cd_str rest = cd_str_trim(text);
	if (rest.n && rest.p[0] == '-') {
		plain[n++] = '-';
		rest = cd_str_skip(rest, 1);
	}
	size_t from = n;
	if (!whole_part(&rest, thousands, plain, &n, 20) || n - from > 15 ||
		(n - from > 1 && plain[from] == '0'))
		return false;
	if (rest.n && rest.p[0] == decimal) {
		plain[n++] = '.';
		for (rest = cd_str_skip(rest, 1); rest.n && digit(rest.p[0]) && n < 50;
			rest = cd_str_skip(rest, 1))
			plain[n++] = rest.p[0];
		if (plain[n - 1] == '.')
			n--; /* 5. */
	}
	if (rest.n > 1 && (rest.p[0] | 32) == 'e' && rest.n < 8) { /* 1.2e-05 */
		memcpy(plain + n, rest.p, rest.n);
		n += rest.n;
		rest.n = 0;
	}
	if (rest.n || !cd_json_is_number(cd_str_of(plain, n)))
		return false;
	double v = cd_json_number(cd_str_of(plain, n));
	if (!isfinite(v))
		return false;
	*ret = v;
	return true;
}

struct style {
	char decimal, thousands;
};

/* How many of the cells that are neither empty nor a word for it are numbers of that style. */
static size_t count_numbers(struct cd_column c, struct style style, size_t *ret_of)
{
	size_t yes = 0, of = 0;
	double v;
	for (size_t i = 0; i < c.n; i++) {
		cd_str s = cd_str_trim(cd_column_cell(c, i));
		if (s.n == 0 || is_missing_word(s))
			continue;
		of++;
		yes += cd_look_number(s, style.decimal, style.thousands, &v);
	}
	*ret_of = of;
	return yes;
}

static bool agrees(size_t yes, size_t of)
{
	return of > 0 && yes * 100 >= of * AGREE;
}

/* What stands for "missing" among numbers: -999 and its like, far from all others. */
static bool is_sentinel(double v)
{
	static const double known[] = {-99, -99.9, -99.99, -200, -999, -999.9, -999.99, -9999, -9999.9,
		-99999, -999999, 999, 999.9, 9999, 9999.9, 99999, 999999};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (v == known[i])
			return true;
	return false;
}

static void take_numbers(
	struct cd_column c, struct style style, const double *without, struct cd_look *l, size_t *ret_same)
{
	double v;
	l->least = INFINITY, l->most = -INFINITY;
	*ret_same = 0;
	l->decimal = l->thousands = 0;
	l->looks = CD_LOOKS_INTEGER;
	for (size_t i = 0; i < c.n; i++) {
		cd_str s = cd_str_trim(cd_column_cell(c, i));
		if (!cd_look_number(s, style.decimal, style.thousands, &v))
			continue;
		if (without && v == *without) {
			(*ret_same)++;
			continue;
		}
		l->least = v < l->least ? v : l->least;
		l->most = v > l->most ? v : l->most;
		if (cd_str_find(s, style.decimal) < s.n)
			l->decimal = style.decimal;
		if (style.thousands && cd_str_find(s, style.thousands) < s.n)
			l->thousands = style.thousands;
		if (l->decimal || cd_str_find(s, 'e') < s.n || cd_str_find(s, 'E') < s.n)
			l->looks = CD_LOOKS_NUMBER;
	}
}

/* At an end, more than once, and the others keep at least half the way to zero as their distance. */
static void find_sentinel(struct cd_column c, struct style style, struct cd_look *l)
{
	struct cd_look others = *l;
	size_t same;
	double ends[] = {l->least, l->most}, v;
	for (int i = 0; i < 2; i++) {
		if (!is_sentinel(ends[i]))
			continue;
		take_numbers(c, style, &ends[i], &others, &same);
		if (same < 2 || (ends[i] < 0 ? others.least < ends[i] / 2 : others.most > ends[i] / 2))
			continue;
		for (size_t k = 0; k < c.n; k++) {
			cd_str s = cd_column_cell(c, k);
			if (cd_look_number(s, style.decimal, style.thousands, &v) && v == ends[i])
				add_null(l, s);
		}
		l->least = others.least, l->most = others.most;
		l->looks = others.looks, l->decimal = others.decimal;
	}
}

static void tell_other_words(struct cd_column c, struct style style, struct cd_look *l)
{
	double v;
	for (size_t i = 0; i < c.n; i++) {
		cd_str s = cd_str_trim(cd_column_cell(c, i));
		if (s.n == 0 || cd_look_number(s, style.decimal, style.thousands, &v))
			continue;
		if (is_missing_word(s))
			add_null(l, s);
		else
			l->odd = true;
	}
}

static bool look_at_numbers(struct cd_column c, char decimal, struct cd_look *l)
{
	const char other = decimal == '.' ? ',' : '.';
	const struct style styles[] = {{decimal, 0}, {decimal, other}, {other, 0}, {other, decimal}};
	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
		size_t of, same, yes = count_numbers(c, styles[i], &of);
		if (!agrees(yes, of))
			continue;
		take_numbers(c, styles[i], NULL, l, &same);
		find_sentinel(c, styles[i], l);
		tell_other_words(c, styles[i], l);
		return true;
	}
	return false;
}

/* ---- times ---- */

static const char *const forms[] = {"iso", "DD.MM.YYYY hh:mm", "DD.MM.YYYY hh:mm:ss", "DD.MM.YYYY",
	"D.M.YYYY h:mm", "D.M.YYYY h:mm:ss", "D.M.YYYY", "DD.MM.YY hh:mm", "DD.MM.YY", "DD/MM/YYYY hh:mm",
	"DD/MM/YYYY hh:mm:ss", "DD/MM/YYYY", "D/M/YYYY h:mm", "D/M/YYYY h:mm:ss", "D/M/YYYY",
	"MM/DD/YYYY hh:mm", "MM/DD/YYYY hh:mm:ss", "MM/DD/YYYY", "M/D/YYYY h:mm A", "M/D/YYYY h:mm:ss A",
	"M/D/YYYY h:mm", "M/D/YYYY h:mm:ss", "M/D/YYYY", "M/D/YY h:mm", "M/D/YY", "DD-MM-YYYY hh:mm",
	"DD-MM-YYYY hh:mm:ss", "DD-MM-YYYY", "D-M-YYYY h:mm", "D-M-YYYY", "YYYY/MM/DD hh:mm",
	"YYYY/MM/DD hh:mm:ss", "YYYY/MM/DD", "YYYYMMDDhhmm", "YYYYMMDDhhmmss", "YYYYMMDDThhmmss",
	"YYYYMMDDThhmmssZZ", "YYYYMMDD", "DD MMM YYYY", "D MMM YYYY", "DD-MMM-YYYY", "DD-MMM-YY",
	"DD MMM YYYY hh:mm", "DD-MMM-YYYY hh:mm:ss", "YYYY-MM-DD hh.mm.ss", "YYYY-MM-DD hh.mm"};

static const int64_t year_us = (int64_t)31556952 * 1000000;

/* Between 1850 and 2150: other "times" are numbers that happen to fit. */
static bool likely(const struct cd_moment *m)
{
	return m->local_us > -120 * year_us && m->local_us < 180 * year_us;
}

static bool fits(struct cd_column c, const char *text, struct cd_look *l)
{
	struct cd_moment_form form = {.kind = CD_FORM_PATTERN, .pattern = cd_str_z(text)};
	struct cd_moment m;
	size_t yes = 0, of = 0, misses = 0, offsets = 0;
	if (cd_str_eq(form.pattern, CD_STR("iso")))
		form.kind = CD_FORM_ISO;
	for (size_t i = 0; i < c.n && misses * 100 <= c.n * (100 - AGREE); i++) {
		cd_str s = cd_str_trim(cd_column_cell(c, i));
		if (s.n == 0 || is_missing_word(s))
			continue;
		bool is = cd_moment_read(&form, s, &m) && likely(&m);
		of++;
		yes += is;
		misses += !is;
		offsets += is && m.offset;
	}
	if (!agrees(yes, of))
		return false;
	l->offset = offsets > 0;
	l->odd = yes < of;
	return true;
}

static bool has_clock(struct cd_column c)
{
	for (size_t i = 0; i < c.n; i++) {
		cd_str s = cd_column_cell(c, i);
		if (!is_blank(s) && !is_missing_word(cd_str_trim(s)))
			return cd_str_find(s, ':') < s.n || cd_str_find(s, 'T') < s.n;
	}
	return false;
}

static void tell_missing_words(struct cd_column c, struct cd_look *l)
{
	for (size_t i = 0; i < c.n; i++) {
		cd_str s = cd_str_trim(cd_column_cell(c, i));
		if (s.n && is_missing_word(s))
			add_null(l, s);
	}
}

static bool look_at_times(struct cd_column c, struct cd_look *l)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (!fits(c, forms[i], l))
			continue;
		struct cd_look other = {0};
		l->looks = CD_LOOKS_TIME;
		l->form = forms[i];
		l->day_only = i == 0 ? !has_clock(c) : !strpbrk(forms[i], "hH");
		if (strncmp(forms[i], "DD/MM", 5) == 0 || strncmp(forms[i], "D/M", 3) == 0)
			l->either = fits(c,
				forms[i][1] == 'D' ? l->day_only ? "MM/DD/YYYY" : "MM/DD/YYYY hh:mm"
						   : "M/D/YYYY h:mm",
				&other);
		tell_missing_words(c, l);
		return true;
	}
	return false;
}

static bool is_clock(cd_str s, bool *seconds)
{
	struct cd_moment_form form = {.kind = CD_FORM_ISO};
	struct cd_moment m;
	char text[32] = "2000-01-01 ";
	if (s.n < 4 || s.n > 8 || !digit(s.p[0]))
		return false;
	memcpy(text + 11, s.p, s.n);
	*seconds = s.n > 5;
	return cd_moment_read(&form, cd_str_of(text, 11 + s.n), &m);
}

static bool look_at_clocks(struct cd_column c, struct cd_look *l)
{
	size_t yes = 0, of = 0, with = 0, longest = 0;
	for (size_t i = 0; i < c.n; i++) {
		cd_str s = cd_str_trim(cd_column_cell(c, i));
		bool seconds = false;
		if (s.n == 0 || is_missing_word(s))
			continue;
		of++;
		yes += is_clock(s, &seconds);
		with += seconds;
		longest += cd_str_find(s, ':') == 1;
	}
	if (!agrees(yes, of))
		return false;
	l->looks = CD_LOOKS_CLOCK;
	l->form = with ? longest ? "h:mm:ss" : "hh:mm:ss" : longest ? "h:mm" : "hh:mm";
	return true;
}

/* ---- places ---- */

static bool starts_nocase(cd_str s, cd_str head)
{
	return s.n >= head.n && cd_str_eq_nocase(cd_str_of(s.p, head.n), head);
}

static bool is_wkt(cd_str s)
{
	static const cd_str kinds[] = {CD_STR_INIT("POINT"), CD_STR_INIT("LINESTRING"),
		CD_STR_INIT("POLYGON"), CD_STR_INIT("MULTIPOINT"), CD_STR_INIT("MULTILINESTRING"),
		CD_STR_INIT("MULTIPOLYGON")};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!starts_nocase(s, kinds[i]))
			continue;
		cd_str rest = cd_str_trim(cd_str_skip(s, kinds[i].n));
		return rest.n && (rest.p[0] == '(' || (rest.p[0] | 32) == 'z' || (rest.p[0] | 32) == 'm');
	}
	return false;
}

static bool is_geojson(cd_str s)
{
	return s.n > 2 && s.p[0] == '{' && s.p[s.n - 1] == '}' && memmem(s.p, s.n, "\"coordinates\"", 13);
}

static bool is_pair(cd_str s, double *a, double *b)
{
	size_t at = cd_str_find(s, ',');
	return at < s.n && cd_look_number(cd_str_of(s.p, at), '.', 0, a) &&
	       cd_look_number(cd_str_skip(s, at + 1), '.', 0, b) && cd_str_find(s, '.') < s.n &&
	       fabs(*a) <= 180 && fabs(*b) <= 180 && (fabs(*a) <= 90 || fabs(*b) <= 90);
}

static bool european_latitude(double v)
{
	return v >= 34 && v <= 72;
}

static bool look_at_places(struct cd_column c, struct cd_look *l)
{
	size_t of = 0, wkt = 0, geojson = 0, pairs = 0, lonlat = 0;
	double a, b;
	for (size_t i = 0; i < c.n; i++) {
		cd_str s = cd_str_trim(cd_column_cell(c, i));
		if (s.n == 0 || is_missing_word(s))
			continue;
		of++;
		wkt += is_wkt(s);
		geojson += is_geojson(s);
		bool pair = is_pair(s, &a, &b);
		pairs += pair;
		lonlat += pair && (fabs(b) <= 90 &&
					  (fabs(a) > 90 || (european_latitude(b) && !european_latitude(a))));
	}
	l->looks = agrees(wkt, of)       ? CD_LOOKS_WKT
		   : agrees(geojson, of) ? CD_LOOKS_GEOJSON
		   : !agrees(pairs, of)  ? CD_LOOKS_TEXT
		   : agrees(lonlat, of)  ? CD_LOOKS_LONLAT
					 : CD_LOOKS_LATLON;
	return l->looks != CD_LOOKS_TEXT;
}

/* ---- booleans ---- */

static bool look_at_booleans(struct cd_column c, struct cd_look *l)
{
	static const char *const pairs[][2] = {{"true", "false"}, {"yes", "no"}, {"ja", "nein"},
		{"ja", "nee"}, {"oui", "non"}, {"sí", "no"}, {"sì", "no"}, {"si", "no"}, {"sim", "não"},
		{"vrai", "faux"}, {"wahr", "falsch"}, {"ja", "nej"}, {"tak", "nie"}, {"y", "n"}, {"t", "f"}};
	for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
		bool all = true;
		cd_str truth = {0}, lie = {0};
		for (size_t i = 0; i < c.n && all; i++) {
			cd_str s = cd_str_trim(cd_column_cell(c, i));
			if (s.n == 0 || is_missing_word(s))
				continue;
			cd_str *of = cd_str_eq_nocase(s, cd_str_z(pairs[k][0]))   ? &truth
				     : cd_str_eq_nocase(s, cd_str_z(pairs[k][1])) ? &lie
										  : NULL;
			all = of && (of->n == 0 || cd_str_eq(*of, s)); /* one spelling each */
			if (all)
				*of = s;
		}
		if (!all || !truth.n || !lie.n)
			continue;
		l->looks = CD_LOOKS_BOOLEAN;
		l->truth = truth, l->lie = lie;
		tell_missing_words(c, l);
		return true;
	}
	return false;
}

/* ---- texts ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Distinct among n; sorts. */
static size_t distinct(uint64_t *hashes, size_t n)
{
	size_t d = 0;
	qsort(hashes, n, sizeof *hashes, by_value);
	for (size_t i = 0; i < n; i++)
		d += i == 0 || hashes[i] != hashes[i - 1];
	return d;
}

bool cd_look_unique(struct cd_cx *cx, const struct cd_column *columns, size_t n)
{
	size_t rows = columns[0].n;
	uint64_t *hashes = CD_NEWS(cx->arena, uint64_t, rows + 1);
	for (size_t i = 0; hashes && i < rows; i++)
		for (size_t k = 0; k < n; k++) {
			cd_str s = cd_column_cell(columns[k], i);
			if (is_blank(s))
				return false;
			hashes[i] = cd_hash64(s, hashes[i]);
		}
	return hashes && distinct(hashes, rows) == rows;
}

cd_code cd_look_values(struct cd_cx *cx, struct cd_column c, struct cd_look *l)
{
	uint64_t *hashes = CD_NEWS(cx->arena, uint64_t, c.n + 1);
	if (!hashes)
		return cd_fail_memory(cx);
	*l = (struct cd_look){.plain = true};
	for (size_t i = 0; i < c.n; i++) {
		cd_str s = cd_column_cell(c, i);
		if (is_blank(s))
			continue;
		hashes[l->filled++] = cd_hash64(s, 0);
		for (size_t k = 0; k < s.n; k++)
			l->plain &= digit(s.p[k]) || ((s.p[k] | 32) >= 'a' && (s.p[k] | 32) <= 'z') ||
				    strchr("-._~", s.p[k]);
	}
	l->distinct = (uint32_t)distinct(hashes, l->filled);
	return CD_OK;
}

/* For texts only marks are told: words like "NA" may be a value there. */
static void look_at_texts(struct cd_column c, struct cd_look *l)
{
	l->looks = CD_LOOKS_TEXT;
	for (size_t i = 0; i < c.n; i++) {
		cd_str s = cd_column_cell(c, i);
		if (s.n && is_missing_word(s) && (s.p[0] == '-' || s.n == 1 || memchr(s.p, '/', s.n)))
			add_null(l, s);
	}
}

cd_code cd_look(struct cd_cx *cx, struct cd_column c, char decimal, struct cd_look *ret)
{
	struct cd_look l;
	if (cd_look_values(cx, c, &l))
		return cx->err.code;
	if (l.filled && !look_at_times(c, &l) && !look_at_numbers(c, decimal, &l) && !look_at_clocks(c, &l) &&
		!look_at_booleans(c, &l) && !look_at_places(c, &l))
		look_at_texts(c, &l);
	*ret = l;
	return CD_OK;
}
