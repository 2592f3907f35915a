/*
 * base/settings.h -- every setting and every bound of the program: one row each.
 *
 * A row makes the command-line flag (--body-max), the line of the configuration file (body_max = 16MiB), the
 * environment variable (CARDO_BODY_MAX), the entry of cardo.conf(5) and of `cardo help serve`, and the field
 * below. Numbers may be written with a unit of their kind: bytes 512, 16KiB, 4MiB, 2GiB; times 200us, 50ms,
 * 30s, 10min. The field is always in the unit of the third column.
 */
#ifndef CD_BASE_SETTINGS_H
#define CD_BASE_SETTINGS_H

#include "base/err.h"

#include <stdint.h>

struct cd_cx;

/* id, kind (NUMBER, BYTES, TIME_US, FLAG), default, least, most, sentence */
#define CD_SETTINGS_NUMBERS(X)                                                                               \
	X(loops, NUMBER, 0, 0, 256, "event loops; 0 means one for each processor")                           \
	X(insecure, FLAG, 0, 0, 1, "allow listening beyond loopback without authentication")                 \
	X(connections_max, NUMBER, 20000, 1, 1000000, "open client connections in all")                      \
	X(head_max, BYTES, 16384, 1024, 1048576, "request line and header fields together")                  \
	X(uri_max, BYTES, 8192, 256, 1048576, "request target")                                              \
	X(body_max, BYTES, 16777216, 1024, 1073741824, "request body")                                       \
	X(headers_max, NUMBER, 100, 8, 1000, "header fields of a request")                                   \
	X(head_timeout, TIME_US, 10000000, 1000, 3600000000,                                                 \
		"from the first byte of a request to the end of its head")                                   \
	X(body_timeout, TIME_US, 30000000, 1000, 3600000000, "without any byte of a body that is awaited")   \
	X(idle_timeout, TIME_US, 120000000, 1000, 86400000000, "of a connection between two requests")       \
	X(write_timeout, TIME_US, 30000000, 1000, 3600000000,                                                \
		"without a client taking any byte of its answer")                                            \
	X(drain_timeout, TIME_US, 10000000, 0, 3600000000, "for open requests at shutdown")                  \
	X(gzip_min, BYTES, 1400, 0, 1073741824,                                                              \
		"smallest answer that is compressed for a client that accepts it; 0 never")                  \
	X(slow_request, TIME_US, 500000, 0, 3600000000, "a request slower than this is logged; 0 never")     \
	X(request_memory, BYTES, 268435456, 1048576, 17179869184,                                            \
		"memory one request may take beyond its body")                                               \
	X(json_depth, NUMBER, 64, 4, 512, "nesting of JSON")                                                 \
	X(json_members, NUMBER, 1000000, 16, 100000000, "values in one JSON document")                       \
	X(batch_max, NUMBER, 10000, 1, 1000000, "entities of one batch request")                             \
	X(page_default, NUMBER, 20, 1, 100000, "results of a page when `limit` is not given")                \
	X(page_max, NUMBER, 1000, 1, 1000000, "largest `limit`")                                             \
	X(attributes_max, NUMBER, 4096, 1, 65535,                                                            \
		"attribute instances of an entity, sub-attributes included")                                 \
	X(entity_max, BYTES, 4194304, 4096, 268435456, "an entity in its packed form")                       \
	X(id_max, BYTES, 2048, 64, 65535, "an entity id or another URI")                                     \
	X(types_max, NUMBER, 64, 1, 4096, "types or scopes of an entity")                                    \
	X(query_terms, NUMBER, 1000, 1, 1000000, "terms and values of one query")                            \
	X(index_worth, NUMBER, 2000, 1, 1000000000,                                                          \
		"candidates from which on a query asks for an index over the values it compares")            \
	X(order_max, NUMBER, 100000, 1, 10000000, "results up to which an ordered list may go")              \
	X(linked_max, NUMBER, 100000, 1, 100000000,                                                          \
		"linked entities in one answer, or followed by a query to judge one entity")                 \
	X(pattern_max, BYTES, 1024, 16, 65536, "a regular expression in a query")                            \
	X(vertices_max, NUMBER, 100000, 4, 10000000, "positions of a geometry")                              \
	X(tenants_max, NUMBER, 1000, 1, 1000000, "tenants")                                                  \
	X(names_max, NUMBER, 1000000, 1000, 100000000,                                                       \
		"distinct type and attribute names, in all tenants together")                                \
	X(context_bytes, BYTES, 1048576, 1024, 67108864, "a remote @context document")                       \
	X(context_terms, NUMBER, 50000, 100, 10000000, "terms of a compiled @context")                       \
	X(context_depth, NUMBER, 8, 1, 64, "remote @contexts naming further ones")                           \
	X(context_fetches, NUMBER, 32, 1, 1000, "remote documents one @context may need")                    \
	X(context_parallel, NUMBER, 256, 1, 100000, "remote @contexts being fetched at a time, per loop")    \
	X(context_timeout, TIME_US, 5000000, 1000, 600000000, "to fetch one remote @context")                \
	X(context_age, TIME_US, 3600000000, 0, 31536000000000,                                               \
		"a fetched @context is fresh when its source does not say")                                  \
	X(context_cache, BYTES, 67108864, 65536, 17179869184, "compiled @contexts kept")                     \
	X(contexts_hosted, NUMBER, 1000, 0, 1000000,                                                         \
		"@contexts that one tenant may store (/jsonldContexts)")                                     \
	X(redirects_max, NUMBER, 5, 0, 20, "redirects followed by an outbound request")                      \
	X(outbound_private, NUMBER, 2, 0, 2,                                                                 \
		"outbound requests to private addresses: 0 no, 1 yes, 2 only while listening on loopback")   \
	X(queue_jobs, NUMBER, 4096, 16, 1000000, "write jobs that wait for the writer, per loop")            \
	X(queue_bytes, BYTES, 67108864, 65536, 17179869184, "bytes of the write jobs that wait, per loop")   \
	X(batch_bytes, BYTES, 4194304, 65536, 268435456, "bytes of log written with one sync")               \
	X(batch_time, TIME_US, 5000, 100, 1000000, "time the writer collects one batch at most")             \
	X(segment_bytes, BYTES, 16777216, 1048576, 4294967296, "a segment of the change log")                \
	X(checkpoint_bytes, BYTES, 268435456, 1048576, 1099511627776,                                        \
		"change log written between two checkpoints")                                                \
	X(checkpoint_map, BYTES, 1099511627776, 16777216, 17592186044416,                                    \
		"address space reserved for the checkpoint file")                                            \
	X(memory_max, BYTES, 0, 0, 1099511627776,                                                            \
		"memory for entities and indexes; 0 means three quarters of the machine's")                  \
	X(pin_age, TIME_US, 60000000, 100000, 3600000000, "a reader may hold one version of the twin")       \
	X(events_max, NUMBER, 256, 0, 100000, "listeners to the changes of the twin (/events) at a time")    \
	X(events_kept, NUMBER, 65536, 1024, 16777216,                                                        \
		"newest changes that a listener to /events may come back to; they take 96 bytes each")       \
	X(demo_rate, NUMBER, 50, 0, 1000000, "changes a second in the made-up place of demo")                \
	X(demo_speed, NUMBER, 1, 1, 100000, "how fast its clock runs; 1440: a day in a minute")              \
	X(demo_seed, NUMBER, 1, 0, 1000000000, "another seed makes another place")                           \
	X(pins_max, NUMBER, 64, 4, 1024, "versions of the twin one loop may hold at a time")

/* id, default, sentence */
#define CD_SETTINGS_TEXTS(X)                                                                                 \
	X(listen, "127.0.0.1:9090", "address and port of the server; [::1]:9090 for IPv6")                   \
	X(data, "./cardo-data", "data directory")                                                            \
	X(demo, "", "fill an empty twin with a made-up place that lives: village, city or metropolis")       \
	X(demo_start, "", "when its clock begins, as 2026-06-01T07:30:00Z; else now")                        \
	X(durability, "disk", "what a 2xx answer to a write means: disk (synced) or os (in the page cache)") \
	X(contexts, "", "folder of @contexts (index.json maps URL to file) that need no network")            \
	X(default_context, "", "URL of the @context of requests that name none, before the core context")    \
	X(tls_cert, "", "certificate chain in PEM; with tls_key switches TLS on")                            \
	X(tls_key, "", "private key in PEM")                                                                 \
	X(cors_origin, "*", "origin that browsers may call from; empty switches CORS off")                   \
	X(log_level, "info", "debug, info, warn or error")

struct cd_settings {
#define X(id, kind, def, least, most, sentence) uint64_t id;
	CD_SETTINGS_NUMBERS(X)
#undef X
#define X(id, def, sentence) const char *id;
	CD_SETTINGS_TEXTS(X)
#undef X
};

enum cd_setting_kind { CD_SET_NUMBER, CD_SET_BYTES, CD_SET_TIME_US, CD_SET_FLAG, CD_SET_TEXT };

struct cd_setting {
	const char *name; /* "body_max" */
	enum cd_setting_kind kind;
	size_t offset; /* into struct cd_settings */
	uint64_t def, least, most;
	const char *def_text; /* CD_SET_TEXT */
	const char *sentence;
};

extern const struct cd_setting cd_setting_rows[];
extern const size_t cd_setting_n;

/* Every field at its default. */
void cd_settings_init(struct cd_settings *);

/* The row, or NULL. '-' and '_' are the same, so that flags and lines of the file share it. */
const struct cd_setting *cd_setting_find(cd_str name);

/*
 * Set one field from text. The text of a CD_SET_TEXT row is borrowed and must outlive the settings.
 * CD_E_BAD_REQUEST_DATA  not a number, wrong unit, out of bounds; cx->err.where is the row's name
 */
cd_code cd_setting_set(struct cd_cx *, struct cd_settings *, const struct cd_setting *, cd_str text);

#endif
