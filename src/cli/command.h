/*
 * cli/command.h -- `cardo`: one subcommand per job, one table of them.
 */
#ifndef CD_CLI_COMMAND_H
#define CD_CLI_COMMAND_H

#include "base/buf.h"
#include "base/cx.h"

struct cd_flag {
	const char *name;  /* "--mode"; NULL ends the list */
	const char *value; /* what follows it, for the help: "create|upsert"; NULL: nothing does */
	const char *sentence;
};
struct cd_command {
	const char *name, *arguments, *sentence;
	bool settings; /* takes every setting as a flag too */
	const struct cd_flag *flags;
	int (*run)(struct cd_cx *, int argc, char **argv); /* behind the name; the exit status */
	const char *more;                                  /* a paragraph for the manual */
};
extern const struct cd_command cd_commands[]; /* ended by name == NULL */

int cd_cmd_serve(struct cd_cx *, int argc, char **argv);
int cd_cmd_import(struct cd_cx *, int argc, char **argv);
int cd_cmd_export(struct cd_cx *, int argc, char **argv);
int cd_cmd_backup(struct cd_cx *, int argc, char **argv);
int cd_cmd_jsonld(struct cd_cx *, int argc, char **argv);
int cd_cmd_verify(struct cd_cx *, int argc, char **argv);
int cd_cmd_help(struct cd_cx *, int argc, char **argv);
extern const struct cd_flag cd_flags_import[], cd_flags_export[], cd_flags_jsonld[], cd_flags_help[];

/*
 * Read flags into the settings: defaults, then the file named by --config or CARDO_CONFIG, then CARDO_<NAME>
 * from the environment, then flags. A flag of `own` goes to `take`; what is no flag goes to `take` with flag
 * == NULL. CD_E_BAD_REQUEST_DATA with cx->err; texts live as long as cx->arena.
 */
cd_code cd_cli_settings(struct cd_cx *, struct cd_settings *, const struct cd_flag *own, int argc,
	char **argv, cd_code (*take)(void *arg, struct cd_cx *, const char *flag, cd_str value), void *arg);

/* "cardo: where: detail" on standard error; returns the exit status 1. */
int cd_cli_fail(const struct cd_cx *);

/* The manual pages of section 1 and 5 in roff, the settings as Markdown and as a file of them. */
void cd_manual_command(struct cd_buf *);
void cd_manual_settings(struct cd_buf *);
void cd_settings_markdown(struct cd_buf *);
void cd_settings_conf(struct cd_buf *);

#endif
