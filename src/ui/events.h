/*
 * ui/events.h -- who listens to the changes of the twin on one loop. [HTML 9.2, server-sent events]
 *
 * Twice and more a second each listener gets what has changed in its tenant, in one piece and no larger
 * however much it was: the newest in full, of the others their number. A listener that reads slowly gets
 * nothing until it has taken what it was sent, and then the number of what it missed; so it costs one piece
 * of memory, and neither the writer nor another listener ever waits for it.
 */
#ifndef CD_UI_EVENTS_H
#define CD_UI_EVENTS_H

#include "http/router.h"
#include "ops/runner.h"
#include "ui/feed.h"

struct cd_events;
/* One for each loop. All of it outlives the events. NULL when out of memory. */
struct cd_events *cd_events_new(uv_loop_t *, struct cd_runner *, struct cd_feed *);
/* The listeners' answers end, nobody else is let in; for a drain, before that of the server. */
void cd_events_stop(struct cd_events *);
/* After the server's drain: no request is open any more. */
void cd_events_free(struct cd_events *);

/* GET /events of that tenant: the request is answered for as long as its client listens. */
void cd_events_listen(struct cd_events *, struct cd_http_req *, cd_str tenant);

#endif
