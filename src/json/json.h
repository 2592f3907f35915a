/*
 * json/json.h -- JSON in, as a tree; JSON out.
 *
 * Full fidelity: a number keeps its source text (10^400 and 20-digit integers survive), duplicate member
 * names, bad UTF-8, lone surrogates and bytes behind the value are refused, nesting and the number of values
 * are bounded by settings. The tree lives in cx->arena; strings and names are unescaped UTF-8.
 */
#ifndef CD_JSON_JSON_H
#define CD_JSON_JSON_H

#include "base/buf.h"
#include "base/cx.h"

enum cd_json_kind {
	CD_JSON_NULL,
	CD_JSON_FALSE,
	CD_JSON_TRUE,
	CD_JSON_NUMBER,
	CD_JSON_STRING,
	CD_JSON_ARRAY,
	CD_JSON_OBJECT,
};

struct cd_json {
	enum cd_json_kind kind;
	uint32_t n; /* items or members */
	union {
		cd_str text;          /* NUMBER: as written; STRING: unescaped */
		struct cd_json *last; /* ARRAY, OBJECT: the last item, where cd_json_append() goes on; text.n
					 stays 0 */
	};
	cd_str key;            /* name, when this is a member of an object */
	struct cd_json *child; /* first item or member */
	struct cd_json *next;  /* next item or member */
	struct cd_json *up;    /* the array or object around it; NULL at the top */
};

enum { CD_JSON_PADDING = 64 };

/*
 * Parse one document.
 *
 * text   CD_JSON_PADDING bytes behind it are readable (their content does not matter); not kept
 *
 * CD_E_INVALID_REQUEST   not JSON, bad UTF-8, a duplicate member, trailing bytes: err.where is the JSON
 * pointer CD_E_BAD_REQUEST_DATA  deeper than json_depth, more values than json_members
 */
cd_code cd_json_parse(struct cd_cx *, cd_str text, struct cd_json **ret);

/* The same for text without padding: copies it into the arena first. */
cd_code cd_json_parse_copy(struct cd_cx *, cd_str text, struct cd_json **ret);

/* The member of that name, or NULL; `object` may be of any kind or NULL. */
struct cd_json *cd_json_get(const struct cd_json *object, cd_str name);

/* RFC 6901 pointer of a node, in the arena; "" for the top. For error messages: walks up and counts. */
const char *cd_json_pointer(struct cd_cx *, const struct cd_json *);

/* Compact text of a tree (no blanks, shortest escapes, numbers as written). */
void cd_json_write(struct cd_buf *, const struct cd_json *);

/* A string with its quotes, escaped as little as JSON demands. `utf8` must be valid UTF-8. */
void cd_json_write_string(struct cd_buf *, cd_str utf8);

/*
 * Undo cd_json_write_string on stored text `"..."` (quotes included): the bytes, borrowed from `quoted` when
 * nothing was escaped, else copied into the arena. Only for text this program wrote.
 */
cd_str cd_json_unquote(struct cd_arena *, cd_str quoted);

/* Nodes for trees built in code. NULL when out of memory. */
struct cd_json *cd_json_new(struct cd_arena *, enum cd_json_kind);
struct cd_json *cd_json_string(struct cd_arena *, cd_str utf8); /* borrows the bytes */
void cd_json_append(struct cd_json *to, struct cd_json *item);  /* at the end, in constant time; counts */

/* True when the text is a number of RFC 8259, the whole of it. */
bool cd_json_is_number(cd_str text);
/* Nearest double of a JSON number (out of range: infinity with its sign), independent of the locale. */
double cd_json_number(cd_str text);
/* Shortest text that reads back as the same double; finite values only. */
void cd_json_write_number(struct cd_buf *, double);

/* Valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool cd_utf8_valid(cd_str);
/* Next code point at s->p, moving s on; only on valid, non-empty UTF-8. */
uint32_t cd_utf8_next(cd_str *s);

#endif
