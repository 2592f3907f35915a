/*
 * intake/csv.h -- rows of a table as text, one at a time, whatever the size of the file. [RFC 4180]
 *
 * Fields may be quoted; inside quotes a doubled quote is one, and line ends belong to the field. Lines end
 * with LF, CR LF or CR. Empty lines are passed over. A row that can not be read is handed out as a fault with
 * its line and no cells, and reading goes on behind that line: a quote that is never closed costs one line,
 * not the file.
 */
#ifndef CD_INTAKE_CSV_H
#define CD_INTAKE_CSV_H

#include "intake/stream.h"

enum cd_encoding { CD_UTF_8, CD_LATIN_1, CD_WINDOWS_1252 };
enum cd_csv_fault {
	CD_CSV_SOUND,
	CD_CSV_QUOTE, /* text behind a closing quote, or a quote that is not closed within CD_CSV_ROW_MAX */
	CD_CSV_ENCODING, /* not UTF-8 */
	CD_CSV_LONG,     /* over CD_CSV_ROW_MAX bytes, the line end not counted */
	CD_CSV_WIDE,     /* over CD_CSV_CELLS_MAX */
};
struct cd_csv_shape {
	char delimiter, quote, comment; /* quote, comment: 0 for none; a comment stands at the line's start */
	enum cd_encoding encoding;
};
enum { CD_CSV_CELLS_MAX = 65536, CD_CSV_ROW_MAX = 1 << 22 };
struct cd_csv;
struct cd_csv_row {
	const cd_str *cells; /* UTF-8; valid until the next row */
	uint32_t n;
	uint64_t line; /* where it begins, from 1 */
	enum cd_csv_fault fault;
};
/* Reads from `in`, which stays the caller's. NULL when out of memory. */
struct cd_csv *cd_csv_new(struct cd_stream *in, const struct cd_csv_shape *);
void cd_csv_free(struct cd_csv *);
/* false at the end, or with cx->err: the stream's, CD_E_NO_MEMORY, CD_E_BAD_REQUEST_DATA: UTF-16. A mark of
 * UTF-8 at the file's start (BOM) is passed over and counts for more than the shape's encoding. */
bool cd_csv_next(struct cd_csv *, struct cd_cx *, struct cd_csv_row *ret);

#endif
