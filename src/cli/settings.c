/*
 * Settings from file, environment and flags, all by the rows of base/settings.h. Later ones win: defaults,
 * file, environment, flags.
 */
#include "cli/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 1 << 20, NAME_MAX_BYTES = 64 };

static cd_code set_copy(struct cd_cx *cx, struct cd_settings *set, const struct cd_setting *row, cd_str value)
{
	cd_str text = cd_arena_copy(cx->arena, value);
	return text.p ? cd_setting_set(cx, set, row, text) : cd_fail_memory(cx);
}

/* ---- the file: name = value, # comments ---- */

static cd_code read_file(struct cd_cx *cx, const char *path, cd_str *ret)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return cd_fail(cx, CD_E_NOT_FOUND, "config", "%s: %s", path, strerror(errno));
	char *text = cd_arena_alloc(cx->arena, FILE_MAX);
	size_t n = text ? fread(text, 1, FILE_MAX, f) : 0;
	bool bad = ferror(f) || n == FILE_MAX;
	fclose(f);
	if (!text)
		return cd_fail_memory(cx);
	if (bad)
		return cd_fail(cx, CD_E_IO, "config", "%s can not be read, or is larger than %d bytes", path,
			FILE_MAX);
	*ret = cd_str_of(text, n);
	return CD_OK;
}

static cd_code set_line(
	struct cd_cx *cx, struct cd_settings *set, const char *path, unsigned line, cd_str text)
{
	text = cd_str_trim(text);
	if (text.n && text.p[text.n - 1] == '\r')
		text = cd_str_trim(cd_str_of(text.p, text.n - 1));
	if (text.n == 0 || text.p[0] == '#')
		return CD_OK;
	size_t at = cd_str_find(text, '=');
	const struct cd_setting *row = cd_setting_find(cd_str_trim(cd_str_of(text.p, at)));
	if (at == text.n || !row)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "config",
			"%s:%u: expected `name = value` with a known name", path, line);
	return set_copy(cx, set, row, cd_str_trim(cd_str_skip(text, at + 1)));
}

static cd_code settings_file(struct cd_cx *cx, struct cd_settings *set, const char *path)
{
	cd_str text;
	cd_code code = read_file(cx, path, &text);
	for (unsigned line = 1; !code && text.p; line++)
		code = set_line(cx, set, path, line, cd_str_cut(&text, '\n'));
	return code;
}

/* ---- the environment ---- */

static cd_code settings_env(struct cd_cx *cx, struct cd_settings *set)
{
	for (size_t i = 0; i < cd_setting_n; i++) {
		char name[NAME_MAX_BYTES];
		int n = snprintf(name, sizeof name, "CARDO_%s", cd_setting_rows[i].name);
		for (int k = 0; k < n && k < NAME_MAX_BYTES; k++)
			name[k] = (char)toupper((unsigned char)name[k]);
		const char *value = getenv(name);
		if (value && set_copy(cx, set, &cd_setting_rows[i], cd_str_z(value)))
			return cx->err.code;
	}
	return CD_OK;
}

/* ---- flags ---- */

static const struct cd_flag *own_flag(const struct cd_flag *own, cd_str name)
{
	for (; own && own->name; own++)
		if (cd_str_eq(name, cd_str_z(own->name)))
			return own;
	return NULL;
}

struct flags {
	int argc, at;
	char **argv;
};

/* The value of a flag: behind '=', or the next argument. */
static cd_code flag_value(struct cd_cx *cx, struct flags *f, cd_str name, cd_str inside, cd_str *ret)
{
	*ret = inside;
	if (inside.p)
		return CD_OK;
	if (f->at == f->argc)
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, NULL, CD_STR_FMT " wants a value", CD_STR_ARG(name));
	*ret = cd_str_z(f->argv[f->at++]);
	return CD_OK;
}

static cd_code one_flag(struct cd_cx *cx, struct cd_settings *set, const struct cd_flag *own, struct flags *f,
	cd_code (*take)(void *, struct cd_cx *, const char *, cd_str), void *arg)
{
	cd_str text = cd_str_z(f->argv[f->at++]), value;
	if (text.n < 2 || text.p[0] != '-' || text.p[1] != '-')
		return take(arg, cx, NULL, text);
	size_t eq = cd_str_find(text, '=');
	cd_str name = cd_str_of(text.p, eq);
	cd_str inside = eq == text.n ? cd_str_of(NULL, 0) : cd_str_skip(text, eq + 1);
	const struct cd_flag *mine = own_flag(own, name);
	if (mine && !mine->value)
		return take(arg, cx, mine->name, cd_str_of("", 0));
	if (mine)
		return flag_value(cx, f, name, inside, &value) ? cx->err.code
							       : take(arg, cx, mine->name, value);
	if (cd_str_eq(name, CD_STR("--config"))) /* was read before */
		return flag_value(cx, f, name, inside, &value);
	const struct cd_setting *row = cd_setting_find(cd_str_skip(name, 2));
	if (!row)
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, NULL, "There is no flag " CD_STR_FMT, CD_STR_ARG(name));
	if (row->kind == CD_SET_FLAG && !inside.p)
		return cd_setting_set(cx, set, row, CD_STR("1"));
	if (flag_value(cx, f, name, inside, &value))
		return cx->err.code;
	return set_copy(cx, set, row, value);
}

static const char *config_path(int argc, char **argv)
{
	const char *path = getenv("CARDO_CONFIG");
	for (int i = 0; i < argc; i++) {
		cd_str text = cd_str_z(argv[i]);
		if (cd_str_eq(text, CD_STR("--config")) && i + 1 < argc)
			path = argv[i + 1];
		else if (cd_str_starts(text, CD_STR("--config=")))
			path = argv[i] + 9;
	}
	return path;
}

cd_code cd_cli_settings(struct cd_cx *cx, struct cd_settings *set, const struct cd_flag *own, int argc,
	char **argv, cd_code (*take)(void *arg, struct cd_cx *, const char *flag, cd_str value), void *arg)
{
	const char *path = config_path(argc, argv);
	cd_settings_init(set);
	cd_code code = path && path[0] ? settings_file(cx, set, path) : CD_OK;
	if (!code)
		code = settings_env(cx, set);
	struct flags f = {.argc = argc, .argv = argv};
	while (!code && f.at < argc)
		code = one_flag(cx, set, own, &f, take, arg);
	return code;
}
