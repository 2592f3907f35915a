/*
 * ui/feed.h -- the newest changes of the twin, for those who look on.
 *
 * A follower of the log at leisure: one ring of short records behind the writer, put in by the writer (as a
 * participant of the store), read by any loop. No locks, and nobody waits for anybody: the writer writes over
 * what is oldest, and a reader that comes too late for a record learns just that. While no loop is awake the
 * writer looks at one number and goes on, and until the first one is the ring takes no memory.
 *
 * Records have the numbers of their revisions, one behind the other without a gap; when a gap has to be (the
 * feed slept), what lay before it is forgotten. A change is in the ring before the root that holds it is
 * published: readers go no further than cd_store_version().
 */
#ifndef CD_UI_FEED_H
#define CD_UI_FEED_H

#include "store/store.h"

struct cd_feed;
/* NULL when out of memory. `set` outlives it. */
struct cd_feed *cd_feed_new(const struct cd_settings *set);
void cd_feed_free(struct cd_feed *); /* the store is closed */
/* To be given to cd_store_open. Lives as long as the feed. */
const struct cd_participant *cd_feed_participant(const struct cd_feed *);

/* One more loop wants changes to be kept, or one fewer. False: out of memory. Any thread. */
bool cd_feed_wake(struct cd_feed *);
void cd_feed_rest(struct cd_feed *);

/* A place among the events_max listeners of the process; false: all are taken. Any thread. */
bool cd_feed_enter(struct cd_feed *);
void cd_feed_leave(struct cd_feed *);

enum cd_feed_verb { CD_FEED_CREATE, CD_FEED_UPDATE, CD_FEED_REPLACE, CD_FEED_DELETE, CD_FEED_EXPIRE };
enum { CD_FEED_ID = 2048, CD_FEED_TYPES = 4, CD_FEED_ATTRIBUTES = 16 };
struct cd_feed_change {
	cd_time_us at; /* modifiedAt of the change; of what expires, when it left */
	enum cd_feed_verb verb;
	unsigned types_n, attributes_n; /* at most as many as there is room for here */
	unsigned attributes_more;       /* that had no room */
	cd_term types[CD_FEED_TYPES];
	cd_term attributes[CD_FEED_ATTRIBUTES]; /* that were put, changed or removed; distinct */
	cd_str id;                              /* in `text` */
	char text[CD_FEED_ID];
};

/* Are all changes after that revision up to `last` still known by their tenant? Both may be equal. */
bool cd_feed_reaches(const struct cd_feed *, uint64_t after, uint64_t last);
/* The tenant of one change. False: too late. */
bool cd_feed_tenant(const struct cd_feed *, uint64_t revision, uint32_t *ret);
/* All of it, copied. False: too late, or its id is longer than CD_FEED_ID. */
bool cd_feed_get(const struct cd_feed *, uint64_t revision, struct cd_feed_change *ret);

#endif
