/*
 * Pins without locks.
 *
 * A reader has a row of slots. To pin it writes the root's address into a free one and looks whether that
 * root is still the newest; if not it tries again. The writer stores the new root first and reads the slots
 * then. Both sides use the one total order of sequentially consistent atomics, so either the reader sees the
 * new root and tries again, or the writer sees the slot and keeps the version. The address may be one that
 * was freed and used again in between: then it is that of the newest root, which the slot protects just the
 * same.
 *
 * A slot that is emptied (release) is read by the writer (acquire) before it frees what the reader has looked
 * at.
 */
#include "base/mem.h"
#include "store/store_int.h"

struct cd_reader {
	struct cd_store *store;
	struct cd_reader *next; /* under store->lock */
	uint32_t slots_n;
	uint32_t *refs; /* the reader's own: how often each slot is pinned */
	_Atomic(struct cd_root *) slot[];
};

struct cd_reader *cd_reader_new(struct cd_store *s)
{
	uint32_t n = (uint32_t)s->set->pins_max;
	struct cd_reader *r = cd_mem_zalloc(sizeof *r + n * (sizeof r->slot[0] + sizeof r->refs[0]));
	if (!r)
		return NULL;
	r->store = s;
	r->slots_n = n;
	r->refs = (uint32_t *)(void *)(r->slot + n);
	pthread_mutex_lock(&s->lock);
	r->next = s->pins.readers;
	s->pins.readers = r;
	pthread_mutex_unlock(&s->lock);
	return r;
}

void cd_reader_free(struct cd_reader *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->store->lock);
	struct cd_reader **at = &r->store->pins.readers;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	pthread_mutex_unlock(&r->store->lock);
	cd_mem_free(r);
}

const struct cd_root *cd_pin(struct cd_reader *r)
{
	_Atomic(struct cd_root *) *current = &r->store->pins.current;
	struct cd_root *root = atomic_load_explicit(current, memory_order_acquire);
	uint32_t empty = r->slots_n;
	for (uint32_t i = 0; i < r->slots_n; i++) {
		if (r->refs[i] == 0) {
			empty = i < empty ? i : empty;
		} else if (atomic_load_explicit(&r->slot[i], memory_order_relaxed) == root) {
			r->refs[i]++;
			return root;
		}
	}
	if (empty == r->slots_n)
		return NULL;
	for (struct cd_root *again;; root = again) {
		atomic_store(&r->slot[empty], root); /* pairs with cd_pins_mark() */
		again = atomic_load(current);        /* pairs with cd_batch_publish() */
		if (again == root)
			break;
	}
	r->refs[empty] = 1;
	return root;
}

void cd_unpin(struct cd_reader *r, const struct cd_root *root)
{
	uint32_t i = 0;
	while (r->refs[i] == 0 || atomic_load_explicit(&r->slot[i], memory_order_relaxed) != root)
		i++;
	if (--r->refs[i] == 0)
		atomic_store_explicit(
			&r->slot[i], NULL, memory_order_release); /* pairs with cd_pins_mark() */
}

static void mark(struct cd_reclaim *r, const struct cd_root *root)
{
	/* A reader that is about to try again may show a root that is long gone: it is only compared. */
	for (struct cd_version *v = r->newest; v; v = v->older)
		if (v->root == root)
			v->pinned = true;
}

/* Whoever holds a version for too long costs memory, nothing else; it shows in the metrics. */
static void count_old(struct cd_store *s)
{
	cd_time_us before = cd_time_mono() - (cd_time_us)s->set->pin_age;
	for (struct cd_version *v = s->reclaim.newest->older; v; v = v->older) {
		if (!v->pinned || v->old || v->replaced_at > before)
			continue;
		v->old = true;
		cd_metric_add(s->metrics, CD_M_pins_old, 1);
	}
}

void cd_pins_mark(struct cd_store *s)
{
	uint64_t pins = 0;
	for (struct cd_version *v = s->reclaim.newest; v; v = v->older)
		v->pinned = false;
	pthread_mutex_lock(&s->lock);
	for (struct cd_reader *r = s->pins.readers; r; r = r->next) {
		for (uint32_t i = 0; i < r->slots_n; i++) {
			struct cd_root *root = atomic_load(&r->slot[i]);
			if (!root)
				continue;
			pins++;
			mark(&s->reclaim, root);
		}
	}
	pthread_mutex_unlock(&s->lock);
	cd_metric_set(s->metrics, CD_M_pins, pins);
	if (s->reclaim.versions_n > 1)
		count_old(s);
}
