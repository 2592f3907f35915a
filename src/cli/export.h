/*
 * cli/export.h -- everything out: a source of packed entities, a format that writes them, a file they go to.
 *
 * The source is a data directory or a running server; the format does not ask which. Both bring the order of
 * creation, so the same twin gives the same bytes.
 */
#ifndef CD_CLI_EXPORT_H
#define CD_CLI_EXPORT_H

#include "base/cx.h"
#include "repr/repr.h"

struct cd_export_plan {
	const char *type, *q; /* which entities; NULL: all */
	const char *context;  /* URL; NULL: default_context, else the core context */
	const char *tenant;   /* "": the default one. May change between two reads */
	const char *url;      /* of the server, or NULL */
	const char *geometry; /* attribute that places a GeoJSON feature */
	bool sys_attrs;
};

/* ---- sources ---- */

typedef cd_code cd_export_each(void *arg, struct cd_cx *, const struct cd_ent *);
struct cd_export_source;
struct cd_export_source_ops {
	/*
	 * Calls `each` for every entity that the plan selects, in the order of creation, until it fails. With
	 * `again` for those of the read before, and no others; `keep` announces that.
	 */
	cd_code (*read)(struct cd_export_source *, struct cd_cx *, bool keep, bool again,
		cd_export_each *each, void *arg);
	/* Names of all tenants, n == 0 for the default one. CD_E_NOT_SUPPORTED: the source can not tell. */
	cd_code (*tenants)(struct cd_export_source *, struct cd_cx *, const cd_str **ret, size_t *ret_n);
	void (*close)(struct cd_export_source *);
};
struct cd_export_source {
	const struct cd_export_source_ops *ops;
	struct cd_ctx *ctx; /* of the plan */
	const struct cd_names *names;
};
/* NULL and cx->err. The plan and the settings outlive them. */
struct cd_export_source *cd_export_store(
	struct cd_cx *, const struct cd_settings *, const struct cd_export_plan *);
struct cd_export_source *cd_export_server(
	struct cd_cx *, const struct cd_settings *, const struct cd_export_plan *);

/* ---- files ---- */

/*
 * Where the bytes go. A regular file has the name FILE.part until it is complete and synced, so FILE is never
 * half of something; a pipe or a device is written as it comes.
 */
struct cd_export_file {
	const char *path; /* NULL: standard output */
	const char *part; /* NULL: written in place */
	int fd;
	uint64_t bytes;
};
cd_code cd_export_file_open(struct cd_cx *, struct cd_export_file *, const char *path);
cd_code cd_export_file_put(struct cd_cx *, struct cd_export_file *, cd_str);
/* With `whole` the file gets its name, else it goes. Also after a failed open. */
cd_code cd_export_file_close(struct cd_cx *, struct cd_export_file *, bool whole);

/* SIGINT and SIGTERM end the export cleanly: the number of the one that came, or 0. */
void cd_export_signals(void);
int cd_export_signal(void);

/* ---- formats ---- */

struct cd_export_csv;
struct cd_export {
	const struct cd_export_plan *plan;
	struct cd_export_source *source;
	struct cd_out out;
	struct cd_arena scratch; /* of one entity */
	struct cd_buf text;      /* not in the file yet */
	struct cd_export_csv *csv;
	uint64_t entities;
};
struct cd_export_format {
	cd_str name;
	const char *extension;
	enum cd_form form; /* when none is asked for */
	bool names;        /* short by default, for people; else IRIs, for programs */
	/* NULL, or called for every entity before begin(): the source is read twice then */
	cd_code (*look)(struct cd_export *, struct cd_cx *, const struct cd_ent *);
	cd_code (*begin)(struct cd_export *, struct cd_cx *);
	cd_code (*one)(struct cd_export *, struct cd_cx *, const struct cd_ent *);
	void (*end)(struct cd_export *);
	void (*tell)(const struct cd_export *); /* NULL, or what was left out, on standard error */
};
extern const struct cd_export_format cd_export_formats[]; /* ended by name.n == 0 */

/* export_csv.c */
cd_code cd_export_csv_look(struct cd_export *, struct cd_cx *, const struct cd_ent *);
cd_code cd_export_csv_begin(struct cd_export *, struct cd_cx *);
cd_code cd_export_csv_one(struct cd_export *, struct cd_cx *, const struct cd_ent *);
void cd_export_csv_end(struct cd_export *);
void cd_export_csv_tell(const struct cd_export *);
void cd_export_csv_free(struct cd_export_csv *);

#endif
