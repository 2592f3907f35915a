/* `cardo help`, the manual pages and the settings as Markdown: all from the tables of commands and settings.
 */
#include "cli/command.h"

#include <stdio.h>
#include <unistd.h>

const struct cd_flag cd_flags_help[] = {
	{"--man", "1|5", "print cardo(1) or cardo.conf(5) in roff"},
	{"--markdown", NULL, "print the settings as a Markdown table"},
	{"--conf", NULL, "print a file of settings: all of them, each as it is without it, in comments"},
	{0},
};

static const char *const kind_values[] = {"NUMBER", "BYTES", "TIME", NULL, "TEXT"};

static void put_bytes(struct cd_buf *b, uint64_t v)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
	int u = 0;
	for (; v && v % 1024 == 0 && u < 4; u++)
		v /= 1024;
	cd_buf_printf(b, "%llu%s", (unsigned long long)v, v ? units[u] : "");
}

static void put_time(struct cd_buf *b, uint64_t us)
{
	if (us && us % 60000000 == 0)
		cd_buf_printf(b, "%llumin", (unsigned long long)us / 60000000);
	else if (us && us % 1000000 == 0)
		cd_buf_printf(b, "%llus", (unsigned long long)us / 1000000);
	else if (us && us % 1000 == 0)
		cd_buf_printf(b, "%llums", (unsigned long long)us / 1000);
	else
		cd_buf_printf(b, "%lluus", (unsigned long long)us);
}

static void put_default(struct cd_buf *b, const struct cd_setting *row)
{
	switch (row->kind) {
	case CD_SET_TEXT:
		cd_buf_put(b, cd_str_z(row->def_text));
		break;
	case CD_SET_BYTES:
		put_bytes(b, row->def);
		break;
	case CD_SET_TIME_US:
		put_time(b, row->def);
		break;
	case CD_SET_NUMBER:
	case CD_SET_FLAG:
		cd_buf_u64(b, row->def);
		break;
	}
}

static void put_flag_name(struct cd_buf *b, const char *name)
{
	CD_BUF_LIT(b, "--");
	for (; *name; name++)
		cd_buf_char(b, *name == '_' ? '-' : *name);
}

static void put_setting(struct cd_buf *b, const struct cd_setting *row)
{
	CD_BUF_LIT(b, "  ");
	put_flag_name(b, row->name);
	if (kind_values[row->kind])
		cd_buf_printf(b, " %s", kind_values[row->kind]);
	cd_buf_printf(b, "\n      %s", row->sentence);
	if (row->kind != CD_SET_FLAG) {
		CD_BUF_LIT(b, " [");
		put_default(b, row);
		cd_buf_char(b, ']');
	}
	cd_buf_char(b, '\n');
}

static void put_settings(struct cd_buf *b)
{
	CD_BUF_LIT(b, "\nSettings (as a flag, as `name = value` in the file of --config, as CARDO_NAME):\n");
	for (size_t i = 0; i < cd_setting_n; i++)
		put_setting(b, &cd_setting_rows[i]);
}

/* Beside the server all settings hold, but few matter: the others would bury them. */
static void put_few_settings(struct cd_buf *b)
{
	static const cd_str few[] = {
		CD_STR_INIT("data"), CD_STR_INIT("contexts"), CD_STR_INIT("default_context")};
	CD_BUF_LIT(b, "\nSettings:\n");
	for (size_t i = 0; i < sizeof few / sizeof *few; i++)
		put_setting(b, cd_setting_find(few[i]));
	CD_BUF_LIT(b, "Those of `cardo serve` hold as well, from flags, environment and --config FILE.\n");
}

static void put_command(struct cd_buf *b, const struct cd_command *c)
{
	cd_buf_printf(b, "cardo %s%s%s%s: %s\n", c->name, c->settings || c->flags ? " [FLAGS]" : "",
		c->arguments[0] ? " " : "", c->arguments, c->sentence);
	if (c->more)
		cd_buf_printf(b, "\n%s\n", c->more);
	for (const struct cd_flag *f = c->flags; f && f->name; f++)
		cd_buf_printf(b, "%s  %s%s%s\n      %s\n", f == c->flags ? "\nFlags:\n" : "", f->name,
			f->value ? " " : "", f->value ? f->value : "", f->sentence);
	if (c->settings && cd_str_eq(cd_str_z(c->name), CD_STR("serve")))
		put_settings(b);
	else if (c->settings)
		put_few_settings(b);
}

static void put_overview(struct cd_buf *b)
{
	cd_buf_printf(b, "cardo %s, a Local Digital Twin engine\n\n", CARDO_VERSION);
	for (const struct cd_command *c = cd_commands; c->name; c++)
		cd_buf_printf(b, "  cardo %-8s %-25s %s\n", c->name, c->arguments, c->sentence);
	CD_BUF_LIT(b, "\n`cardo COMMAND --help` tells the flags, `cardo --version` the version.\n");
}

void cd_settings_markdown(struct cd_buf *b)
{
	CD_BUF_LIT(
		b, "| setting | flag | default | least to most | what it bounds |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < cd_setting_n; i++) {
		const struct cd_setting *row = &cd_setting_rows[i];
		cd_buf_printf(b, "| `%s` | `", row->name);
		put_flag_name(b, row->name);
		CD_BUF_LIT(b, "` | ");
		put_default(b, row);
		if (row->kind == CD_SET_TEXT)
			CD_BUF_LIT(b, " | ");
		else
			cd_buf_printf(b, " | %llu to %llu%s", (unsigned long long)row->least,
				(unsigned long long)row->most, row->kind == CD_SET_TIME_US ? " us" : "");
		cd_buf_printf(b, " | %s |\n", row->sentence);
	}
}

void cd_settings_conf(struct cd_buf *b)
{
	CD_BUF_LIT(b,
		"# Settings of cardo(1); see cardo.conf(5). What stands behind a # is how it is without this "
		"line.\n# Read at the start only. CARDO_NAME in the environment and --name win over this "
		"file.\n");
	for (size_t i = 0; i < cd_setting_n; i++) {
		const struct cd_setting *row = &cd_setting_rows[i];
		cd_buf_printf(b, "\n# %s\n#%s = ", row->sentence, row->name);
		put_default(b, row);
		cd_buf_char(b, '\n');
	}
}

/* Hyphens of flags are minus signs in roff. */
static void put_roff(struct cd_buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			cd_buf_char(b, '\\');
		cd_buf_char(b, *text);
	}
}

static void roff_item(struct cd_buf *b, const char *name, const char *value, const char *sentence)
{
	CD_BUF_LIT(b, ".TP\n.B ");
	put_roff(b, name);
	if (value)
		cd_buf_printf(b, " \\fI%s\\fR", value);
	cd_buf_char(b, '\n');
	put_roff(b, sentence);
	cd_buf_char(b, '\n');
}

void cd_manual_command(struct cd_buf *b)
{
	cd_buf_printf(b,
		".TH CARDO 1 \"\" \"cardo %s\" \"User Commands\"\n.SH NAME\ncardo \\- Local Digital Twin "
		"engine\n.SH "
		"SYNOPSIS\n",
		CARDO_VERSION);
	for (const struct cd_command *c = cd_commands; c->name; c++)
		cd_buf_printf(b, ".B cardo %s\n%s\\fI%s\\fR\n.br\n", c->name, c->settings ? "[flags] " : "",
			c->arguments);
	CD_BUF_LIT(b, ".SH COMMANDS\n");
	for (const struct cd_command *c = cd_commands; c->name; c++) {
		cd_buf_printf(b, ".SS %s\n", c->name);
		put_roff(b, c->sentence);
		CD_BUF_LIT(b, ".\n");
		if (c->more) {
			CD_BUF_LIT(b, ".PP\n");
			put_roff(b, c->more);
			cd_buf_char(b, '\n');
		}
		for (const struct cd_flag *f = c->flags; f && f->name; f++)
			roff_item(b, f->name, f->value, f->sentence);
	}
	CD_BUF_LIT(b,
		".SH SETTINGS\nEvery setting of\n.BR cardo.conf (5)\nis also a flag.\n.SH SEE ALSO\n.BR "
		"cardo.conf (5)\n");
}

void cd_manual_settings(struct cd_buf *b)
{
	cd_buf_printf(b,
		".TH CARDO.CONF 5 \"\" \"cardo %s\" \"File Formats\"\n.SH NAME\ncardo.conf \\- settings of "
		"cardo\n.SH "
		"DESCRIPTION\nLines of the form \\fIname = value\\fR; # begins a comment. The file is named "
		"with "
		"\\-\\-config or CARDO_CONFIG. The environment (CARDO_ and the name in capitals) wins over "
		"the file, a flag "
		"over both. Bytes may be written as 16KiB, 4MiB, 2GiB, times as 200us, 50ms, 30s, 10min, 2h, "
		"7d.\n.SH "
		"SETTINGS\n",
		CARDO_VERSION);
	for (size_t i = 0; i < cd_setting_n; i++) {
		const struct cd_setting *row = &cd_setting_rows[i];
		struct cd_buf def;
		cd_buf_init(&def, 4096);
		put_default(&def, row);
		cd_buf_char(&def, 0);
		roff_item(b, row->name, def.bad || !def.p[0] ? NULL : def.p, row->sentence);
		cd_buf_done(&def);
	}
	CD_BUF_LIT(b, ".SH SEE ALSO\n.BR cardo (1)\n");
}

static int print(struct cd_buf *b)
{
	bool ok = !b->bad && fwrite(b->p, 1, b->n, stdout) == b->n && fflush(stdout) == 0;
	cd_buf_done(b);
	return ok ? 0 : 1;
}

static int unknown(const char *name)
{
	fprintf(stderr, "cardo: there is nothing to tell about \"%s\"\n", name);
	return 2;
}

int cd_cmd_help(struct cd_cx *cx, int argc, char **argv)
{
	struct cd_buf b;
	(void)cx;
	cd_buf_init(&b, 1 << 20);
	cd_str what = cd_str_z(argc > 0 ? argv[0] : "");
	if (what.n == 0) {
		put_overview(&b);
	} else if (cd_str_eq(what, CD_STR("--markdown"))) {
		cd_settings_markdown(&b);
	} else if (cd_str_eq(what, CD_STR("--conf"))) {
		cd_settings_conf(&b);
	} else if (cd_str_eq(what, CD_STR("--man"))) {
		if (argc > 1 && argv[1][0] == '5')
			cd_manual_settings(&b);
		else
			cd_manual_command(&b);
	} else {
		const struct cd_command *c = cd_commands;
		while (c->name && !cd_str_eq(what, cd_str_z(c->name)))
			c++;
		if (!c->name)
			return unknown(argv[0]);
		put_command(&b, c);
	}
	return print(&b);
}
