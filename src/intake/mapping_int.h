/*
 * intake/mapping_int.h -- a compiled mapping, and the state of its run.
 *
 * Every field that a table names has a slot. Before rules run the slots hold the row's values, wherever they
 * come from; a template, condition or rule only knows numbers of slots.
 */
#ifndef CD_INTAKE_MAPPING_INT_H
#define CD_INTAKE_MAPPING_INT_H

#include "intake/crs.h"
#include "intake/csv.h"
#include "intake/items.h"
#include "intake/mapping.h"
#include "intake/moment.h"
#include "intake/zone.h"

enum { CD_MAP_SLOTS_MAX = 4096, CD_MAP_RULES_MAX = 4096, CD_MAP_DEPTH_MAX = 8, CD_MAP_TABLES_MAX = 256 };

/* ---- values ---- */

struct cd_cell {
	cd_str text; /* p == NULL: there is none */
	const struct cd_json *json;
};

enum cd_slot_kind {
	CD_SLOT_COLUMN, /* of a table, or a path into an object */
	CD_SLOT_FILE,
	CD_SLOT_LINE,
	CD_SLOT_ROW,
	CD_SLOT_FEATURE,
	CD_SLOT_OBSERVED,
	CD_SLOT_NAME,     /* @column */
	CD_SLOT_CELL,     /* @cell */
	CD_SLOT_CAPTURE,  /* a name in the pattern of a spread */
	CD_SLOT_WITH,     /* another column of a spread */
	CD_SLOT_REMEMBER, /* a remembered row, the column at hand */
	CD_SLOT_REMEMBER_COLUMN,
	CD_SLOT_LOOKUP,
};
struct cd_path_step {
	cd_str name; /* p == NULL: an index */
	uint32_t index;
};
struct cd_slot {
	cd_str name; /* as the mapping has it */
	enum cd_slot_kind kind;
	cd_str column;   /* COLUMN, REMEMBER_COLUMN, LOOKUP: the name of the column */
	uint32_t number; /* which capture, with, remembered row, lookup */
	uint32_t other;  /* LOOKUP: the slot among the lookup's columns */
	struct cd_path_step *path;
	uint32_t path_n;
	bool passes; /* differs between the passes of a spread */
};

/* ---- pieces of the language ---- */

struct cd_number_form {
	char decimal, thousands; /* thousands: 0 for none */
};
struct cd_texts {
	cd_str *text;
	uint32_t n;
};
enum cd_time_gap { CD_GAP_SKIP, CD_GAP_BEFORE, CD_GAP_AFTER };
enum cd_time_double { CD_DOUBLE_FIRST, CD_DOUBLE_SECOND, CD_DOUBLE_ORDER, CD_DOUBLE_SKIP };
struct cd_time_form {
	struct cd_moment_form form;
	struct cd_zone *zone; /* of times without an offset */
	enum cd_time_gap gap;
	enum cd_time_double twice;
	int64_t last_us; /* of CD_DOUBLE_ORDER */
};

enum { CD_MAP_NONE = UINT32_MAX, CD_MAP_DOT = UINT32_MAX - 1 }; /* in place of a slot */
struct cd_filter;
struct cd_part {
	cd_str literal; /* or, when p == NULL: */
	uint32_t slot;
	struct cd_filter *filters;
	uint32_t filters_n;
};
struct cd_template {
	struct cd_part *parts;
	uint32_t n;
	bool constant; /* no slots; at most one part */
};

enum cd_test {
	CD_TEST_EQUALS,
	CD_TEST_IN,
	CD_TEST_EXISTS,
	CD_TEST_PATTERN,
	CD_TEST_LESS,
	CD_TEST_GREATER,
	CD_TEST_ALL,
	CD_TEST_ANY,
};
struct cd_condition {
	enum cd_test test;
	bool inverse;
	uint32_t slot;
	struct cd_texts texts;
	double number;
	struct cd_condition *parts;
	uint32_t parts_n;
	cd_str report; /* of skip and report */
	bool passes;   /* asks something that differs between the passes of a spread */
};
struct cd_conditions {
	struct cd_condition *p;
	uint32_t n;
};

/* ---- rules ---- */

enum cd_map_kind {
	CD_MAP_PROPERTY,
	CD_MAP_RELATIONSHIP,
	CD_MAP_GEO,
	CD_MAP_LANGUAGE,
	CD_MAP_VOCAB,
	CD_MAP_LIST,
	CD_MAP_JSON,
	CD_MAP_KINDS,
};
enum cd_map_as {
	CD_AS_STRING,
	CD_AS_NUMBER,
	CD_AS_INTEGER,
	CD_AS_BOOLEAN,
	CD_AS_DATETIME,
	CD_AS_DATE,
	CD_AS_AUTO,
	CD_AS_JSON,
	CD_AS_N,
};
enum cd_map_shape {
	CD_SHAPE_POINT,
	CD_SHAPE_LATLON,
	CD_SHAPE_LONLAT,
	CD_SHAPE_LINE,
	CD_SHAPE_WKT,
	CD_SHAPE_GEOJSON,
	CD_SHAPE_FEATURE,
	CD_SHAPE_N,
};
enum cd_map_else { CD_ELSE_DROP, CD_ELSE_KEEP, CD_ELSE_ERROR, CD_ELSE_VALUE };
struct cd_map_entry {
	cd_str from, json; /* json.n == 0: dropped without a word */
};
struct cd_map_language {
	cd_str tag;
	struct cd_template text;
};
struct cd_map_rule {
	cd_str to;
	struct cd_template *to_template; /* when the name depends on the pass */
	cd_str head;                     /* ,"to":  */
	cd_str open;                     /* {"type":"Property","value": */
	enum cd_map_kind kind;
	enum cd_map_as as;
	uint32_t from[3];
	uint32_t from_n;
	struct cd_template *format;
	cd_str constant; /* JSON text */
	struct cd_number_form number;
	struct cd_texts null;
	struct cd_time_form *time;
	struct cd_map_entry *map; /* sorted by `from` */
	uint32_t map_n;
	enum cd_map_else otherwise;
	cd_str otherwise_json;
	cd_str split;
	bool scaled, rounded, ranged, outside_keep, required, each, unobserved, listed;
	double factor, offset, least, most;
	int digits;
	struct cd_template *unit, *observed, *dataset;
	struct cd_map_language *languages;
	uint32_t languages_n;
	enum cd_map_shape shape;
	struct cd_crs *crs;
	struct cd_conditions when;
	struct cd_map_rule *rules; /* attributes of the attribute */
	uint32_t rules_n;
	uint32_t same; /* this many rules from here on have the same name (1: only this one) */
	bool many;     /* of those: they differ in datasetId, so they stand side by side */
	cd_str tail;   /* "," "unitCode":"CEL" when it is constant */
};

struct cd_pattern_part {
	cd_str literal; /* or, when p == NULL: */
	uint32_t capture;
};
struct cd_column_pattern {
	struct cd_pattern_part *parts;
	uint32_t n;
};
struct cd_spread {
	struct cd_column_pattern *patterns;
	uint32_t patterns_n;
	struct cd_texts except, captures, with_names;
	struct cd_column_pattern *with; /* names of columns, made of captures */
};
struct cd_group {
	struct cd_template by;
	uint32_t order; /* slot; CD_MAP_NONE */
	bool scattered;
};
struct cd_silent {
	uint32_t slot; /* CD_MAP_NONE */
	cd_str equals;
	int64_t for_us;
};
struct cd_use { /* of a lookup by a table */
	uint32_t lookup;
	struct cd_template by;
	bool passes; /* differs between the passes of a spread */
};
enum cd_rest { CD_REST_DROP, CD_REST_KEEP, CD_REST_ERROR };
enum cd_repeat { CD_REPEAT_UPDATE, CD_REPEAT_FIRST, CD_REPEAT_NEW };

struct cd_table {
	const char *where;
	cd_str member;
	bool optional;
	struct cd_slot *slots;
	uint32_t slots_n, slots_cap;
	cd_str type, context; /* JSON text */
	cd_str type_word;     /* for messages */
	struct cd_template id, *observed, *scope;
	enum cd_repeat repeat;
	int64_t every_us;
	struct cd_silent silent;
	struct cd_conditions match, skip, report, remember;
	struct cd_texts remember_names;
	struct cd_spread *spread;
	struct cd_group *group;
	struct cd_use *uses;
	uint32_t uses_n;
	struct cd_map_rule *rules;
	uint32_t rules_n;
	enum cd_rest rest;
	bool watches;       /* keeps something of each id */
	bool shows_time;    /* @observedAt is used */
	bool observed_once; /* its time does not differ between passes */
};

enum cd_map_format { CD_FROM_CSV, CD_FROM_JSON, CD_FROM_GEOJSON, CD_FROM_ZIP };
enum cd_ragged { CD_RAGGED_REPORT, CD_RAGGED_USE, CD_RAGGED_SKIP };
struct cd_source {
	enum cd_map_format format;
	struct cd_csv_shape shape;
	uint64_t skip_rows;
	bool header;           /* the first row names the columns */
	struct cd_texts names; /* or these do */
	enum cd_ragged ragged;
	bool absent_ignored; /* columns that the mapping names and the header does not */
	cd_str within;
	struct cd_texts null;
	struct cd_number_form number;
	struct cd_time_form *time;
	struct cd_crs *crs;
};
enum cd_miss { CD_MISS_ROWS, CD_MISS_KEYS, CD_MISS_IGNORE };
struct cd_lookup {
	const char *where;
	cd_str name, file, member;
	bool optional;
	struct cd_source source;
	struct cd_table columns; /* its slots: those of `key` and those that anybody asks for */
	struct cd_template key;
	const struct cd_json *by;
	enum cd_miss miss;
};
struct cd_crs_open {
	cd_str name;
	struct cd_crs *crs;
	struct cd_crs_open *next;
};
struct cd_mapping {
	struct cd_mapping_about about;
	struct cd_source source;
	struct cd_table *tables;
	uint32_t tables_n;
	struct cd_lookup *lookups;
	uint32_t lookups_n;
	struct cd_crs_open *systems;
};

/* ---- compiling: each answers cx->err.code ---- */

struct cd_compile {
	struct cd_cx *cx;
	struct cd_mapping *m;
	struct cd_table *table; /* whose fields are meant */
	const struct cd_source *source;
	bool bare; /* inside of a pattern or key: columns and captures alone */
};
cd_code cd_map_wrong(struct cd_compile *, const struct cd_json *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Refuses members that are not in `names` (ended by NULL), and what is no object. */
cd_code cd_map_only(struct cd_compile *, const struct cd_json *, const char *const *names);
/* The text of a member; *ret is untouched when it is not there. */
cd_code cd_map_text(struct cd_compile *, const struct cd_json *, const char *name, cd_str *ret);
cd_code cd_map_flag(struct cd_compile *, const struct cd_json *, const char *name, bool *ret);
/* One byte, or "" for none. */
cd_code cd_map_byte(struct cd_compile *, const struct cd_json *, const char *name, char *ret);
/* One of `words` (ended by NULL) as its index. */
cd_code cd_map_word(struct cd_compile *, const struct cd_json *, const char *name, const char *const *words,
	unsigned *ret);
cd_code cd_map_texts(struct cd_compile *, const struct cd_json *, const char *name, struct cd_texts *ret);
cd_code cd_map_real(struct cd_compile *, const struct cd_json *value, double *ret);
/* "PT15M", "P7D" */
cd_code cd_map_duration(struct cd_compile *, const struct cd_json *, const char *name, int64_t *ret_us);
cd_code cd_map_json(struct cd_compile *, const struct cd_json *, cd_str *ret);
cd_code cd_map_number_form(struct cd_compile *, const struct cd_json *, struct cd_number_form *);
cd_code cd_map_time_form(struct cd_compile *, const struct cd_json *value, const struct cd_time_form *basis,
	struct cd_time_form **ret);
cd_code cd_map_crs(struct cd_compile *, const struct cd_json *, struct cd_crs **ret);
cd_code cd_map_slot(struct cd_compile *, const struct cd_json *at, cd_str name, uint32_t *ret);
/* `dot`: CD_MAP_DOT where {.} has a meaning, else CD_MAP_NONE. */
cd_code cd_map_template(struct cd_compile *, const struct cd_json *at, uint32_t dot, struct cd_template *ret);
cd_code cd_map_template_member(
	struct cd_compile *, const struct cd_json *, const char *name, struct cd_template **ret);
cd_code cd_map_conditions(
	struct cd_compile *, const struct cd_json *list, bool report_needed, struct cd_conditions *ret);
cd_code cd_map_condition(struct cd_compile *, const struct cd_json *, struct cd_condition *ret);
cd_code cd_map_rules(struct cd_compile *, const struct cd_json *list, unsigned depth,
	struct cd_map_rule **ret, uint32_t *ret_n);
cd_code cd_map_source(struct cd_compile *, const struct cd_json *, struct cd_source *);
cd_code cd_map_lookups(struct cd_compile *, const struct cd_json *);
cd_code cd_map_uses(struct cd_compile *); /* of c->table, which all its slots are known of */
cd_code cd_map_spread(struct cd_compile *, const struct cd_json *, struct cd_spread **ret);

/* ---- running ---- */

struct cd_pass { /* of a spread: a column, and what hangs on it */
	uint32_t column;
	cd_str *captures;
	uint32_t *with; /* columns; CD_MAP_NONE: there is none */
};
struct cd_kept { /* a remembered row */
	cd_str *cells;
	uint32_t n;
};
struct cd_bound {          /* what a header made of a table */
	uint32_t *columns; /* of the slots; CD_MAP_NONE: there is none */
	struct cd_pass *passes;
	uint32_t passes_n;
	uint32_t *rest; /* columns that no rule names */
	cd_str *rest_heads;
	uint32_t rest_n;
};
struct cd_watch {      /* of one id */
	uint64_t hash; /* 0: empty */
	int64_t last_us, silent_us;
	bool told;
};
struct cd_watches {
	struct cd_watch *p;
	size_t n, cap;
};
struct cd_table_run {
	struct cd_table *t;
	struct cd_bound bound;
	struct cd_kept *kept;
	struct cd_watches ids;
	/* of the group at hand, or of all when they are scattered */
	struct cd_arena rows_arena;
	struct cd_group_row *rows;
	size_t rows_n, rows_cap;
	struct cd_watches groups;
};
struct cd_found; /* rows of a lookup by key */
struct cd_map_state {
	struct cd_cx *cx, row_cx; /* the caller's; one whose errors are those of a row */
	struct cd_mapping *m;
	const struct cd_map_input *input;
	const struct cd_map_sink *sink;
	struct cd_map_count *count;
	struct cd_arena row, head, keep;
	struct cd_buf out, scratch;
	struct cd_table_run *tables;
	struct cd_found **found;
	const char *file;
	cd_str file_word; /* for @file */
	uint64_t line;    /* of the row at hand */
	/* of the table at hand */
	struct cd_table_run *tr;
	struct cd_cell *cells;
	cd_str line_text;
	char line_digits[20];
	const struct cd_group_row *group;
	size_t group_n;
	uint64_t told_line; /* of the last gap or step back that was told */
	int64_t told_step;
	bool row_bad; /* the row at hand is left out */
	bool has_time;
	cd_stamp time;
	char time_text[CD_STAMP_TEXT_MAX];
	const struct cd_json *geometry;
};
struct cd_group_row {
	cd_str key;
	uint64_t line;
	size_t seq;
	double order;
	struct cd_cell *cells;
};

/* Tell a fault of the row at hand. */
void cd_map_fault(struct cd_map_state *, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool cd_template_passes(const struct cd_table *, const struct cd_template *);
/* The text of a template: false when a field has no value. Appends; nothing when false. */
bool cd_template_put(struct cd_map_state *, const struct cd_template *, cd_str dot, struct cd_buf *);
/* p == NULL when it has none; lives as long as the row. */
cd_str cd_template_text(struct cd_map_state *, const struct cd_template *, cd_str dot);
bool cd_condition_holds(const struct cd_map_state *, const struct cd_condition *);
bool cd_conditions_hold(const struct cd_map_state *, const struct cd_conditions *); /* all of them */
bool cd_wild(cd_str pattern, cd_str text);
/* Plain JSON number of a written one, in `to`. False: it is none. */
enum { CD_NUMBER_MAX = 64 };
bool cd_number_read(const struct cd_number_form *, cd_str text, char to[CD_NUMBER_MAX], cd_str *ret);
enum cd_time_read { CD_TIME_OK, CD_TIME_WRONG, CD_TIME_GAP, CD_TIME_DOUBLE };
/* GAP and DOUBLE: *ret is set as the form's policy has it, or CD_STAMP_NONE. */
enum cd_time_read cd_time_form_read(struct cd_time_form *, cd_str text, cd_stamp *ret);
/* The same with faults told; false: no time. */
bool cd_map_time(struct cd_map_state *, struct cd_time_form *, cd_str text, cd_stamp *ret);
/* Letters and digits, the rest as single hyphens. */
cd_str cd_slug(struct cd_arena *, cd_str);
bool cd_map_geometry(struct cd_map_state *, const struct cd_map_rule *, struct cd_buf *);
bool cd_wkt_put(cd_str wkt, struct cd_crs *, struct cd_buf *);
/* Attributes behind one another, each with a comma before it. False: the row is left out. */
bool cd_map_put_rules(struct cd_map_state *, const struct cd_map_rule *, uint32_t n, bool observed);
/* The value of a rule from a text, without anything around it. */
bool cd_map_put_text(struct cd_map_state *, const struct cd_map_rule *, cd_str);
/* The time of an entity is read once for all columns of a row; false: it has none, and that was told. */
bool cd_map_row_time(struct cd_map_state *);
/* What a column or member is called as an attribute. */
cd_str cd_map_fitting_name(struct cd_arena *, const struct cd_table *, cd_str name);
/* One entity of the cells at hand. */
void cd_map_put_entity(struct cd_map_state *, const struct cd_json *item, const cd_str *row, uint32_t row_n);

struct cd_watch *cd_watch_of(struct cd_watches *, uint64_t hash); /* NULL: out of memory */
void cd_watches_done(struct cd_watches *);

/* ---- rows ---- */

cd_code cd_bind_header(struct cd_map_state *, struct cd_table_run *, const cd_str *names, uint32_t n);
void cd_map_csv_row(struct cd_map_state *, struct cd_table_run *, const cd_str *cells, uint32_t n,
	const cd_str *names, bool *wanted);
void cd_map_json_row(struct cd_map_state *, struct cd_table_run *, const struct cd_json *, bool *wanted);
void cd_map_group_end(struct cd_map_state *, struct cd_table_run *);

cd_code cd_lookups_load(struct cd_map_state *, struct cd_archive *);
void cd_lookups_done(struct cd_map_state *);
/* Sets the slots of the lookups whose key does, or does not, differ between passes. */
void cd_lookups_find(struct cd_map_state *, bool passes);
/* A path of an object. */
const struct cd_json *cd_path_get(const struct cd_json *, const struct cd_path_step *, uint32_t n);
cd_str cd_json_scalar(const struct cd_json *);

#endif
