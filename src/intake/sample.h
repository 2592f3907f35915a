/*
 * intake/sample.h -- the beginning of a file as a table, and how the file must be written for that.
 *
 * A file is taken for what gives the most regular table: delimiter, quote, encoding, rows before the header.
 * The same bytes always give the same.
 */
#ifndef CD_INTAKE_SAMPLE_H
#define CD_INTAKE_SAMPLE_H

#include "intake/csv.h"

enum {
	CD_SAMPLE_ROWS = 10000,
	CD_SAMPLE_CELLS = 1000000,
	CD_SAMPLE_COLUMNS = 2000,
	CD_SAMPLE_BYTES = 8 << 20
};

enum cd_sample_kind {
	CD_SAMPLE_TABLE,
	CD_SAMPLE_JSON,     /* objects */
	CD_SAMPLE_GEOJSON,  /* features */
	CD_SAMPLE_ENTITIES, /* NGSI-LD already: needs no mapping */
};
/* Of JSON: what a path holds. */
enum cd_sample_json {
	CD_SAMPLE_HAS_TEXT = 1,
	CD_SAMPLE_HAS_NUMBER = 2,
	CD_SAMPLE_HAS_BOOLEAN = 4,
	CD_SAMPLE_HAS_MORE = 8
};

struct cd_sample {
	enum cd_sample_kind kind;
	cd_str *names; /* of columns; of JSON: paths, dots in names as \. */
	uint32_t columns, rows;
	cd_str *cells; /* row by row, columns of them each */
	bool whole;    /* the file ended within the sample */
	/* of tables */
	struct cd_csv_shape shape;
	uint32_t skip_rows;
	bool header;
	uint64_t short_rows, wide_rows, faults;
	/* of JSON */
	unsigned char *holds; /* for each column, bits of cd_sample_json */
	cd_str within;        /* the member whose array has the objects */
	uint32_t feature_ids; /* features that have an id */
	bool located;         /* some feature has a geometry */
	double x, y;          /* a position of it */
};

/* The first bytes of a stream in the arena: CD_SAMPLE_BYTES, or all of it. */
cd_code cd_sample_bytes(struct cd_cx *, struct cd_stream *, cd_str *ret, bool *ret_whole);
/*
 * All lives in the arena. CD_E_BAD_REQUEST_DATA: nothing in it, or neither table nor JSON;
 * CD_E_INVALID_REQUEST: broken JSON
 */
cd_code cd_sample(struct cd_cx *, cd_str bytes, bool whole, struct cd_sample *ret);
/* Of sample.c and sample_json.c, by the first byte that is not blank. */
cd_code cd_sample_table(struct cd_cx *, cd_str bytes, bool whole, struct cd_sample *ret);
cd_code cd_sample_objects(struct cd_cx *, cd_str bytes, bool whole, struct cd_sample *ret);

#endif
