/*
 * Jobs on their way to the writer and back.
 *
 * A loop pushes onto its queue's stack with one atomic exchange of the head; the writer takes the whole stack
 * at once, turns it round and sorts it into lanes by tenant. It serves queues in turn, and within a queue its
 * lanes, one job at a time: neither a busy loop nor a busy tenant can make the others wait for more than its
 * turn. Changes of one tenant that came over one loop keep their order.
 *
 * A queue is bounded by jobs and by bytes, counted from submit to post. When it is full, a lane that holds
 * less than a sixteenth of the bounds still gets in: a flood of one tenant does not lock out the rest.
 *
 * The writer sleeps on a condition. It says so (asleep), then looks at the queues once more; a submitter
 * pushes, then looks at asleep. Both in the one total order, so one of them sees the other.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/store_int.h"

struct cd_queue *cd_queue_new(struct cd_store *s, void (*post)(void *, struct cd_job *), void *arg)
{
	struct cd_queue *q = cd_mem_zalloc(sizeof *q);
	if (!q)
		return NULL;
	q->store = s;
	q->post = post;
	q->arg = arg;
	q->done_tail = &q->done;
	for (unsigned i = 0; i < CD_LANES; i++)
		q->lane[i].tail = &q->lane[i].head;
	pthread_mutex_lock(&s->lock);
	q->next = s->queues;
	s->queues = q;
	pthread_mutex_unlock(&s->lock);
	return q;
}

void cd_queue_free(struct cd_queue *q)
{
	if (!q)
		return;
	struct cd_store *s = q->store;
	pthread_mutex_lock(&s->lock);
	struct cd_queue **at = &s->queues;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	if (s->turn == q)
		s->turn = NULL;
	pthread_mutex_unlock(&s->lock);
	cd_mem_free(q);
}

static struct cd_lane *lane_of(struct cd_queue *q, const struct cd_job *job)
{
	return &q->lane[cd_hash64(job->tenant, 0) % CD_LANES];
}

/* ---- submit: the loop's thread ---- */

static bool fits(uint64_t jobs, uint64_t bytes, size_t more, uint64_t jobs_max, uint64_t bytes_max)
{
	return jobs < jobs_max && (bytes == 0 || (bytes <= bytes_max && more <= bytes_max - bytes));
}

static bool admit(struct cd_queue *q, struct cd_lane *lane, size_t bytes)
{
	const struct cd_settings *set = q->store->set;
	if (fits(atomic_load(&q->jobs), atomic_load(&q->bytes), bytes, set->queue_jobs, set->queue_bytes))
		return true;
	return fits(atomic_load(&lane->jobs), atomic_load(&lane->bytes), bytes, set->queue_jobs / CD_LANES,
		set->queue_bytes / CD_LANES);
}

void cd_writer_wake(struct cd_store *s)
{
	if (!s->threads || !atomic_load(&s->asleep)) /* pairs with sleep_until_work() */
		return;
	pthread_mutex_lock(&s->lock);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

cd_code cd_store_submit(struct cd_queue *q, struct cd_job *job)
{
	struct cd_lane *lane = lane_of(q, job);
	if (!cd_writable(q->store))
		return CD_E_OUTCOME_UNKNOWN;
	if (!admit(q, lane, job->bytes))
		return CD_E_BUSY;
	job->queue = q;
	job->code = CD_OK;
	atomic_fetch_add(&q->jobs, 1);
	atomic_fetch_add(&q->bytes, job->bytes);
	atomic_fetch_add(&lane->jobs, 1);
	atomic_fetch_add(&lane->bytes, job->bytes);
	struct cd_job *head = atomic_load(&q->incoming);
	do
		job->next = head;
	while (!atomic_compare_exchange_weak(&q->incoming, &head, job)); /* pairs with take_in() */
	cd_writer_wake(q->store);
	return CD_OK;
}

/* ---- the writer's thread ---- */

static void take_in(struct cd_queue *q)
{
	struct cd_job *job = atomic_load_explicit(&q->incoming, memory_order_relaxed), *oldest = NULL;
	if (!job)
		return;
	job = atomic_exchange(&q->incoming, NULL); /* pairs with cd_store_submit() */
	for (struct cd_job *next; job; job = next) {
		next = job->next;
		job->next = oldest;
		oldest = job;
	}
	for (struct cd_job *next; oldest; oldest = next) {
		next = oldest->next;
		struct cd_lane *lane = lane_of(q, oldest);
		oldest->next = NULL;
		*lane->tail = oldest;
		lane->tail = &oldest->next;
	}
}

static struct cd_job *take_one(struct cd_queue *q)
{
	take_in(q);
	for (unsigned i = 0; i < CD_LANES; i++) {
		struct cd_lane *lane = &q->lane[q->turn++ % CD_LANES];
		struct cd_job *job = lane->head;
		if (!job)
			continue;
		lane->head = job->next;
		if (!lane->head)
			lane->tail = &lane->head;
		job->next = NULL;
		return job;
	}
	return NULL;
}

struct cd_job *cd_queues_take(struct cd_store *s)
{
	struct cd_job *job = NULL;
	pthread_mutex_lock(&s->lock);
	struct cd_queue *first = s->turn ? s->turn : s->queues, *q = first;
	while (q && !job) {
		job = take_one(q);
		q = q->next ? q->next : s->queues;
		if (q == first)
			break;
	}
	s->turn = q;
	pthread_mutex_unlock(&s->lock);
	return job;
}

/* Under store->lock. */
bool cd_queues_waiting(struct cd_store *s)
{
	for (struct cd_queue *q = s->queues; q; q = q->next) {
		if (atomic_load(&q->incoming))
			return true;
		for (unsigned i = 0; i < CD_LANES; i++)
			if (q->lane[i].head)
				return true;
	}
	return false;
}

void cd_job_done(struct cd_job *job)
{
	struct cd_queue *q = job->queue;
	struct cd_lane *lane = lane_of(q, job);
	atomic_fetch_sub(&q->jobs, 1);
	atomic_fetch_sub(&q->bytes, job->bytes);
	atomic_fetch_sub(&lane->jobs, 1);
	atomic_fetch_sub(&lane->bytes, job->bytes);
	job->next = NULL;
	*q->done_tail = job;
	q->done_tail = &job->next;
}

/*
 * `post` is called without the lock: it may wake a loop that frees its queue. The walk starts anew after each
 * post, because the list may have changed; queues that are done have an empty list and are passed over.
 */
void cd_queues_post(struct cd_store *s)
{
	for (;;) {
		pthread_mutex_lock(&s->lock);
		struct cd_queue *q = s->queues;
		while (q && !q->done)
			q = q->next;
		struct cd_job *done = q ? q->done : NULL;
		void (*post)(void *, struct cd_job *) = q ? q->post : NULL;
		void *arg = q ? q->arg : NULL;
		if (q) {
			q->done = NULL;
			q->done_tail = &q->done;
		}
		pthread_mutex_unlock(&s->lock);
		if (!done)
			return;
		post(arg, done);
	}
}
