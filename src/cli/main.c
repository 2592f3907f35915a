/* `cardo`: finds the subcommand in the table and runs it. */
#include "cli/command.h"

#include <stdio.h>

const struct cd_command cd_commands[] = {
	{"serve", "", "run the twin: the HTTP server over one data directory", true, NULL, cd_cmd_serve,
		"SIGTERM and SIGINT stop listening, answer what is open, write a last checkpoint and exit "
		"with 0. "
		"GET /health answers while the process lives, GET /ready once requests are answered, GET "
		"/metrics in the "
		"Prometheus format, GET /openapi describes every route."},
	{"import", "FILE...", "bring entities, or data that a mapping makes entities of, into a twin", true,
		cd_flags_import, cd_cmd_import,
		"A file holds JSON arrays of entities, or entities one after the other (newline-delimited), "
		"of any size, packed with gzip or not; - is standard input. With --map it holds what the "
		"mapping "
		"says: CSV, GeoJSON, JSON, or a zip of tables (GTFS); docs/importing.md has the language. "
		"Without "
		"--url the data directory is written directly and must not be served "
		"meanwhile."},
	{"export", "", "write the entities of a twin to a file", true, cd_flags_export, cd_cmd_export,
		"Without --url the data directory is read directly, as of one moment, and must not be served "
		"meanwhile; of a twin that is served export a backup. From a server each entity is as it was "
		"when its page was read. The order is that of creation, members stand in the order of their "
		"IRIs: the same twin gives the same bytes, and so does one that was imported from them."},
	{"backup", "FOLDER", "copy the twin, also while it is served", true, NULL, cd_cmd_backup,
		"The copy is consistent, and is itself a data directory: cardo serve --data FOLDER starts "
		"it. A running server "
		"is reached through the control socket in its data directory."},
	{"verify", "", "read all of a data directory that is not in use, and check what it holds", true, NULL,
		cd_cmd_verify,
		"Prints what it found and exits with 1 when something is damaged. Changes nothing."},
	{"jsonld", "expand|compact FILE|URL|-", "expand or compact a JSON-LD document", true, cd_flags_jsonld,
		cd_cmd_jsonld,
		"By the algorithms of JSON-LD 1.1, for any document. Contexts come from the folder of the "
		"setting "
		"contexts, from files (named by a document that is one), or from their servers; the core "
		"context "
		"of NGSI-LD is built in. What is wrong is told on standard error with the standard's words "
		"and "
		"the JSON pointer of the place, and the exit status is 1."},
	{"help", "[COMMAND]", "explain a command and its flags", false, cd_flags_help, cd_cmd_help, NULL},
	{0},
};

int cd_cli_fail(const struct cd_cx *cx)
{
	fprintf(stderr, "cardo: %s%s%s\n", cx->err.where ? cx->err.where : "", cx->err.where ? ": " : "",
		cx->err.detail ? cx->err.detail : "failed");
	return 1;
}

static const struct cd_command *find(cd_str name)
{
	for (const struct cd_command *c = cd_commands; c->name; c++)
		if (cd_str_eq(name, cd_str_z(c->name)))
			return c;
	return NULL;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (cd_str_eq(cd_str_z(argv[i]), CD_STR("--help")) ||
			cd_str_eq(cd_str_z(argv[i]), CD_STR("-h")))
			return true;
	return false;
}

static int run(struct cd_cx *cx, int argc, char **argv)
{
	if (argc > 1 && cd_str_eq(cd_str_z(argv[1]), CD_STR("--version"))) {
		printf("cardo %s\n", CARDO_VERSION);
		return 0;
	}
	if (argc < 2 || argv[1][0] == '-')
		return cd_cmd_help(cx, 0, NULL);
	const struct cd_command *c = find(cd_str_z(argv[1]));
	if (!c) {
		fprintf(stderr, "cardo: no command \"%s\"; `cardo help` lists them\n", argv[1]);
		return 2;
	}
	if (wants_help(argc - 2, argv + 2))
		return cd_cmd_help(cx, 1, argv + 1);
	return c->run(cx, argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1u << 30);
	cd_cx_init(&cx, &arena, &set);
	int status = run(&cx, argc, argv);
	cd_arena_done(&arena);
	return status;
}
