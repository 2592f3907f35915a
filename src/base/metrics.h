/*
 * base/metrics.h -- counters and gauges as rows: name, kind, unit, sentence. /metrics prints just these.
 *
 * Each thread that counts has a struct of its own and adds to it with relaxed atomics; the page sums them
 * all.
 */
#ifndef CD_BASE_METRICS_H
#define CD_BASE_METRICS_H

#include "base/buf.h"

#include <stdatomic.h>

/* id, kind, unit, sentence */
#define CD_METRICS(X)                                                                                        \
	X(connections_accepted, counter, "", "client connections accepted")                                  \
	X(connections_refused, counter, "", "client connections closed at once: over the bound")             \
	X(connections_open, gauge, "", "client connections open now")                                        \
	X(connections_timeout, counter, "", "client connections closed for being slow or silent")            \
	X(requests, counter, "", "requests answered")                                                        \
	X(requests_2xx, counter, "", "requests answered with success")                                       \
	X(requests_4xx, counter, "", "requests refused for what they asked")                                 \
	X(requests_5xx, counter, "", "requests that failed")                                                 \
	X(requests_slow, counter, "", "requests slower than slow_request")                                   \
	X(request_seconds_us, counter, "us",                                                                 \
		"time from the end of a request to the end of its answer, summed")                           \
	X(bytes_in, counter, "bytes", "received from clients")                                               \
	X(bytes_out, counter, "bytes", "sent to clients")                                                    \
	X(answers_cut, counter, "", "answers cut short by a failure: the connection was reset")              \
	X(writes_accepted, counter, "", "changes stored")                                                    \
	X(writes_refused, counter, "", "changes refused by the state of the twin")                           \
	X(writes_busy, counter, "", "write jobs refused because the queue was full")                         \
	X(log_batches, counter, "", "batches written to the change log")                                     \
	X(log_bytes, counter, "bytes", "written to the change log")                                          \
	X(log_sync_us, counter, "us", "spent in syncs of the change log")                                    \
	X(log_sync_last_us, gauge, "us", "the newest sync of the change log")                                \
	X(log_segments, gauge, "", "segments of the change log that recovery would read")                    \
	X(checkpoints, counter, "", "checkpoints finished")                                                  \
	X(checkpoint_records, counter, "", "records written by checkpoints")                                 \
	X(checkpoint_lag_bytes, gauge, "bytes", "change log written since the last checkpoint")              \
	X(revision, gauge, "", "revision of the newest published change")                                    \
	X(entities, gauge, "", "entities in all tenants")                                                    \
	X(tenants, gauge, "", "tenants")                                                                     \
	X(names, gauge, "", "type and attribute names known")                                                \
	X(memory_bytes, gauge, "bytes", "entities and indexes, versions held by readers included")           \
	X(memory_dead_bytes, gauge, "bytes", "replaced versions still held by readers")                      \
	X(pins, gauge, "", "versions of the twin held by readers")                                           \
	X(pins_old, counter, "", "versions of the twin held by a reader for longer than pin_age")            \
	X(contexts_fetched, counter, "", "remote @contexts fetched")                                         \
	X(contexts_failed, counter, "", "remote @contexts that could not be fetched")                        \
	X(contexts_stale, counter, "", "uses of a last good copy because the source failed")                 \
	X(contexts_cached, gauge, "", "compiled @contexts in memory")                                        \
	X(events_listeners, gauge, "", "listeners to /events now")                                           \
	X(events_told, counter, "", "changes written out for the listeners of a tenant to /events")          \
	X(events_missed, counter, "", "changes of which a listener to /events was told the number alone")    \
	X(read_only, gauge, "", "1 when the store stopped writing after a failed sync")

enum cd_metric {
#define X(id, kind, unit, sentence) CD_M_##id,
	CD_METRICS(X)
#undef X
		CD_METRIC_N
};

struct cd_metrics {
	_Atomic uint64_t v[CD_METRIC_N];
};

static inline void cd_metric_add(struct cd_metrics *m, enum cd_metric id, uint64_t n)
{
	if (m)
		atomic_fetch_add_explicit(&m->v[id], n, memory_order_relaxed);
}

static inline void cd_metric_sub(struct cd_metrics *m, enum cd_metric id, uint64_t n)
{
	if (m)
		atomic_fetch_sub_explicit(&m->v[id], n, memory_order_relaxed);
}

/* For gauges that one thread owns. */
static inline void cd_metric_set(struct cd_metrics *m, enum cd_metric id, uint64_t n)
{
	if (m)
		atomic_store_explicit(&m->v[id], n, memory_order_relaxed);
}

/* The sum of all `n` structs in the Prometheus text format, names prefixed with cardo_. */
void cd_metrics_print(struct cd_buf *, struct cd_metrics *const *, size_t n);

#endif
