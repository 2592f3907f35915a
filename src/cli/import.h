/* cli/import.h -- what an import is made of: entities into batches, faults into a report, a way to go on. */
#ifndef CD_CLI_IMPORT_H
#define CD_CLI_IMPORT_H

#include "cli/target.h"
#include "intake/mapping.h"

#include <stdio.h>

/* ---- faults of the data ---- */

enum { CD_FAULT_KINDS_MAX = 256, CD_FAULTS_SHOWN = 5 };
struct cd_faults {
	struct {
		char name[64];
		uint64_t n;
	} kinds[CD_FAULT_KINDS_MAX]; /* what does not fit any more is counted under the last one */
	unsigned kinds_n;
	uint64_t n;
	const char *path; /* of the file that gets all of them, or NULL */
	FILE *file;
	bool failed; /* writing it did */
};
/* CD_E_IO */
cd_code cd_faults_open(struct cd_faults *, struct cd_cx *);
/* Counts it, shows the first ones of each kind on standard error. */
void cd_faults_add(struct cd_faults *, const struct cd_map_fault *);
/* One line for each kind, most frequent first. */
void cd_faults_tell(const struct cd_faults *, FILE *to);
cd_code cd_faults_close(struct cd_faults *, struct cd_cx *);

/* ---- going on after an interruption ---- */

/*
 * How far an import has come, in a small file: in the data directory, or beside the first input when it goes
 * to a server. What it says is written behind the batch it speaks of, so nothing is lost: after an
 * interruption some entities are written again.
 */
struct cd_progress {
	char path[4096];
	uint64_t job;               /* of what is imported: names, mapping, target */
	unsigned file;              /* number of the one at hand */
	uint64_t size, modified_us; /* of that file */
	uint64_t entities, refused; /* of that file, written or refused */
	cd_time_us written;
};
/* False: there is nothing to go on with. CD_E_CONFLICT in cx->err: there is, but of something else. */
bool cd_progress_read(struct cd_progress *, struct cd_cx *);
/* At most five times a second, unless `now`. Best effort: without it more is written again. */
void cd_progress_write(struct cd_progress *, bool now);
void cd_progress_end(struct cd_progress *);

/* ---- mappings ---- */

/* By path, or by the name of one that is shipped. CD_E_NOT_FOUND, and what cd_mapping_parse fails with. */
cd_code cd_import_mapping(struct cd_cx *, const char *name, struct cd_mapping **ret, cd_str *ret_text);
/* The one for features without a mapping: all properties, and the geometry as `location`. */
cd_code cd_import_features(struct cd_cx *, const char *type, struct cd_mapping **ret, cd_str *ret_text);
/* Names and titles of those that are shipped. */
cd_code cd_import_list(struct cd_cx *, FILE *to);

#endif
