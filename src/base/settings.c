#include "base/settings.h"

#include "base/cx.h"

const struct cd_setting cd_setting_rows[] = {
#define X(id, def, sentence) {#id, CD_SET_TEXT, offsetof(struct cd_settings, id), 0, 0, 0, def, sentence},
	CD_SETTINGS_TEXTS(X)
#undef X
#define X(id, kind, def, least, most, sentence)                                                              \
	{#id, CD_SET_##kind, offsetof(struct cd_settings, id), def, least, most, NULL, sentence},
		CD_SETTINGS_NUMBERS(X)
#undef X
};
const size_t cd_setting_n = sizeof cd_setting_rows / sizeof *cd_setting_rows;

void cd_settings_init(struct cd_settings *s)
{
#define X(id, def, sentence) s->id = def;
	CD_SETTINGS_TEXTS(X)
#undef X
#define X(id, kind, def, least, most, sentence) s->id = def;
	CD_SETTINGS_NUMBERS(X)
#undef X
}

static bool same_name(const char *row, cd_str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (row[i] == 0 || row[i] != (name.p[i] == '-' ? '_' : name.p[i]))
			return false;
	return row[name.n] == 0;
}

const struct cd_setting *cd_setting_find(cd_str name)
{
	for (size_t i = 0; i < cd_setting_n; i++)
		if (same_name(cd_setting_rows[i].name, name))
			return &cd_setting_rows[i];
	return NULL;
}

struct unit {
	cd_str name;
	uint64_t factor;
};

static const struct unit byte_units[] = {
	{CD_STR_INIT(""), 1},
	{CD_STR_INIT("KiB"), 1ull << 10},
	{CD_STR_INIT("MiB"), 1ull << 20},
	{CD_STR_INIT("GiB"), 1ull << 30},
	{CD_STR_INIT("TiB"), 1ull << 40},
};
static const struct unit time_units[] = {
	{CD_STR_INIT("us"), 1},
	{CD_STR_INIT("ms"), 1000},
	{CD_STR_INIT("s"), 1000000},
	{CD_STR_INIT("min"), 60000000},
	{CD_STR_INIT("h"), 3600000000},
	{CD_STR_INIT("d"), 86400000000},
};
static const struct unit plain_units[] = {{CD_STR_INIT(""), 1}};

static uint64_t unit_factor(enum cd_setting_kind kind, cd_str unit)
{
	const struct unit *u = kind == CD_SET_BYTES     ? byte_units
			       : kind == CD_SET_TIME_US ? time_units
							: plain_units;
	size_t n = kind == CD_SET_BYTES ? 5 : kind == CD_SET_TIME_US ? 6 : 1;
	for (size_t i = 0; i < n; i++)
		if (cd_str_eq(u[i].name, unit))
			return u[i].factor;
	return 0;
}

static bool parse_number(const struct cd_setting *row, cd_str text, uint64_t *ret)
{
	size_t n = 0;
	unsigned long long v;
	while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	uint64_t factor = unit_factor(row->kind, cd_str_trim(cd_str_skip(text, n)));
	if (!cd_str_u64(cd_str_of(text.p, n), &v) || (factor == 0 && v != 0))
		return false;
	if (factor && v > UINT64_MAX / factor)
		return false;
	*ret = v * factor;
	return *ret >= row->least && *ret <= row->most;
}

cd_code cd_setting_set(struct cd_cx *cx, struct cd_settings *s, const struct cd_setting *row, cd_str text)
{
	char *field = (char *)s + row->offset;
	uint64_t v;
	if (row->kind == CD_SET_TEXT) {
		*(const char **)field = text.p;
		return CD_OK;
	}
	if (row->kind == CD_SET_FLAG && (cd_str_eq(text, CD_STR("true")) || cd_str_eq(text, CD_STR("yes"))))
		text = CD_STR("1");
	if (row->kind == CD_SET_FLAG && (cd_str_eq(text, CD_STR("false")) || cd_str_eq(text, CD_STR("no"))))
		text = CD_STR("0");
	if (!parse_number(row, text, &v))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, row->name,
			"\"" CD_STR_FMT "\" is not between %llu and %llu%s", CD_STR_ARG(text),
			(unsigned long long)row->least, (unsigned long long)row->most,
			row->kind == CD_SET_BYTES     ? " bytes (units KiB, MiB, GiB, TiB)"
			: row->kind == CD_SET_TIME_US ? " us (say the unit: us, ms, s, min, h, d)"
						      : "");
	*(uint64_t *)field = v;
	return CD_OK;
}
