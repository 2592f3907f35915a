/*
 * intake/mapping.h -- a declarative mapping from files to entities; its language is in docs/importing.md.
 *
 * A mapping is compiled once: names become slots, templates lists of parts, attributes steps with the text
 * around their value made in advance. Then it runs over rows of any number: the memory of a row is an arena
 * that is reset behind it. What is wrong in the data is a fault, which is told and does not end the run.
 */
#ifndef CD_INTAKE_MAPPING_H
#define CD_INTAKE_MAPPING_H

#include "intake/archive.h"
#include "json/json.h"

struct cd_mapping;
struct cd_mapping_about {
	cd_str title, license, attribution; /* n == 0: not said */
};
/*
 * Compile. Lives in cx->arena; close it, since it may hold reference systems.
 * CD_E_INVALID_REQUEST: no JSON; CD_E_BAD_REQUEST_DATA: where is the JSON pointer of what is wrong
 */
cd_code cd_mapping_parse(struct cd_cx *, cd_str text, struct cd_mapping **ret);
void cd_mapping_close(struct cd_mapping *); /* NULL is fine */
const struct cd_mapping_about *cd_mapping_about(const struct cd_mapping *);
/* Is its source an archive of tables? */
bool cd_mapping_of_archive(const struct cd_mapping *);

struct cd_map_fault {
	cd_str kind;      /* "number", "gap", or a name from the mapping */
	const char *file; /* or member of an archive */
	uint64_t line;    /* 0: of the file as a whole */
	cd_str detail;    /* one sentence */
};
struct cd_map_sink {
	/* One entity as NGSI-LD JSON, with CD_JSON_PADDING readable bytes behind it; an error ends the run.
	 */
	cd_code (*entity)(void *arg, struct cd_cx *, cd_str json, uint64_t line);
	/* An error ends the run. */
	cd_code (*fault)(void *arg, struct cd_cx *, const struct cd_map_fault *);
	void *arg;
};
struct cd_map_count {
	uint64_t rows;      /* read from the file, headers left out; also those of lookups are not in it */
	uint64_t entities;  /* handed out */
	uint64_t passed;    /* rows that no table's `match` wanted */
	uint64_t at, bytes; /* of the file, for progress; 0: not known */
};
struct cd_map_with {
	cd_str name;      /* of a lookup */
	const char *path; /* its file */
};
struct cd_map_input {
	const char *path;           /* a file, folder, or "-"; for names and for finding lookups beside it */
	struct cd_stream *stream;   /* read this instead of opening `path`; stays the caller's */
	struct cd_archive *archive; /* the same of an archive */
	const struct cd_map_with *with;
	unsigned with_n;
};
/*
 * Run a mapping over a file. `count` is kept up to date while it runs.
 *
 * CD_E_NOT_FOUND, CD_E_IO, CD_E_CORRUPT: of the file or one of its lookups; CD_E_BAD_REQUEST_DATA: the file
 * does not have a column that an id needs; what the sink answered.
 */
cd_code cd_map_run(struct cd_cx *, struct cd_mapping *, const struct cd_map_input *,
	const struct cd_map_sink *, struct cd_map_count *count);

#endif
