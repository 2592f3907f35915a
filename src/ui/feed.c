/*
 * The ring: an index with one row for each revision, and the records themselves in words of 64 bits.
 *
 * The index is the larger in reach: a reader that is far behind still learns whose changes it passes over,
 * and can count them, when their records are gone. Both are rings of atomic words that the writer writes over
 * in order. Before it does, it moves the bound of what is sound (`oldest`, `records_from`); a reader copies
 * first and looks at the bound afterwards, and drops what it copied when the bound has passed it:
 *
 *   writer   bound = past the words to be written;  release fence;  words;  newest = revision (release)
 *   reader   newest (acquire);  words;              acquire fence;  bound
 *
 * When the reader saw any new word, the two fences make it see the moved bound too.
 */
#include "ui/feed.h"

#include "base/mem.h"

#include <pthread.h>

enum { RECORD_WORDS = 8 }; /* room for each row of the index, about one short record */

typedef _Atomic uint64_t word;

struct row {
	word revision;
	word tenant;
	word at;    /* position of the record, in words since the ring began */
	word words; /* 0: it has none */
};

struct ring {
	uint64_t rows_n, words_n; /* powers of two */
	struct row *rows;
	word *words;
	/* the writer's */
	uint64_t next;        /* revision that follows without a gap */
	uint64_t records_end; /* where the next record begins */
	word newest;          /* the newest revision that is complete */
	word oldest;          /* older rows may be written over */
	word records_from;    /* older words may be written over */
};

struct cd_feed {
	const struct cd_settings *set;
	struct cd_participant participant;
	_Atomic(struct ring *)
		ring; /* stored once, by the first cd_feed_wake; pairs with on_event() and readers */
	_Atomic unsigned awake; /* loops */
	_Atomic uint64_t listeners;
	pthread_mutex_t lock; /* of making the ring */
};

/* What a record begins with; types, attributes and the id follow. */
struct record {
	int64_t at;
	uint16_t id_n, attributes_more;
	uint8_t verb, types_n, attributes_n, reserved;
};
_Static_assert(sizeof(struct record) == 16, "two words");
enum {
	RECORD_MOST =
		sizeof(struct record) + (CD_FEED_TYPES + CD_FEED_ATTRIBUTES) * sizeof(cd_term) + CD_FEED_ID,
	WORDS_MOST = RECORD_MOST / 8 + 1
};

static uint64_t load(const word *w)
{
	return atomic_load_explicit(w, memory_order_relaxed);
}

static void store(word *w, uint64_t value)
{
	atomic_store_explicit(w, value, memory_order_relaxed);
}

/* ---- the writer ---- */

static enum cd_feed_verb verb_of(const struct cd_event *e, cd_time_us now)
{
	if (!e->old)
		return CD_FEED_CREATE;
	if (!e->now)
		return cd_ent_alive(e->old, now) ? CD_FEED_DELETE : CD_FEED_EXPIRE;
	return e->delta->flags & CD_ENT_WHOLE ? CD_FEED_REPLACE : CD_FEED_UPDATE;
}

/* Instances of one attribute stand together. */
static unsigned distinct(const struct cd_ent *delta, cd_term *names, unsigned *ret_more)
{
	const struct cd_node *node = cd_ent_nodes(delta);
	unsigned n = 0, more = 0;
	for (uint32_t i = 0; i < delta->tops; i++) {
		if (i && node[i].term == node[i - 1].term)
			continue;
		if (n < CD_FEED_ATTRIBUTES)
			names[n++] = node[i].term;
		else
			more++;
	}
	*ret_more = more;
	return n;
}

/* How many words it takes; 0: the id is too long to be told. */
static size_t pack(const struct cd_event *e, uint64_t out[WORDS_MOST])
{
	const struct cd_ent *whole = e->now ? e->now : e->old;
	cd_str id = cd_ent_id(whole);
	cd_term names[CD_FEED_TYPES + CD_FEED_ATTRIBUTES];
	unsigned more, types = whole->types < CD_FEED_TYPES ? whole->types : CD_FEED_TYPES;
	cd_stamp at = e->delta->modified;
	if (id.n > CD_FEED_ID)
		return 0;
	memcpy(names, cd_ent_types(whole), types * sizeof *names);
	unsigned attributes = distinct(e->delta, names + types, &more);
	/* what expires leaves no trace in modifiedAt */
	bool traceless = e->old && (at == CD_STAMP_NONE || at <= e->old->modified);
	struct record r = {.at = traceless ? cd_time_wall() : cd_stamp_us(at),
		.id_n = (uint16_t)id.n,
		.attributes_more = (uint16_t)(more < UINT16_MAX ? more : UINT16_MAX),
		.types_n = (uint8_t)types,
		.attributes_n = (uint8_t)attributes};
	r.verb = (uint8_t)verb_of(e, r.at);
	char *p = (char *)out;
	size_t names_bytes = (types + attributes) * sizeof *names,
	       n = (sizeof r + names_bytes + id.n + 7) / 8;
	out[n - 1] = 0; /* its last bytes may not be of the record */
	memcpy(p, &r, sizeof r);
	memcpy(p + sizeof r, names, names_bytes);
	memcpy(p + sizeof r + names_bytes, id.p, id.n);
	return n;
}

static void put(struct ring *r, const struct cd_event *e)
{
	uint64_t packed[WORDS_MOST];
	size_t n = pack(e, packed);
	struct row *row = &r->rows[e->revision & (r->rows_n - 1)];
	uint64_t at = r->records_end, end = at + n;
	if (e->revision != r->next)
		store(&r->oldest, e->revision);
	else if (e->revision - load(&r->oldest) >= r->rows_n)
		store(&r->oldest, e->revision - r->rows_n + 1);
	if (end > r->words_n)
		store(&r->records_from, end - r->words_n);
	atomic_thread_fence(memory_order_release); /* pairs with is_sound() and cd_feed_get() */
	store(&row->revision, e->revision);
	store(&row->tenant, e->tenant);
	store(&row->at, at);
	store(&row->words, n);
	for (size_t i = 0; i < n; i++)
		store(&r->words[(at + i) & (r->words_n - 1)], packed[i]);
	r->records_end = end;
	r->next = e->revision + 1;
	atomic_store_explicit(&r->newest, e->revision, memory_order_release); /* pairs with is_here() */
}

static void on_event(void *arg, const struct cd_event *e, bool replay)
{
	struct cd_feed *f = arg;
	if (replay || atomic_load_explicit(&f->awake, memory_order_relaxed) == 0)
		return;
	struct ring *r = atomic_load_explicit(&f->ring, memory_order_acquire);
	if (r)
		put(r, e);
}

/* ---- readers ---- */

static struct ring *ring_of(const struct cd_feed *f)
{
	return atomic_load_explicit(&f->ring, memory_order_acquire);
}

/* Has it been written, and not yet been written over? What is read after this is to be checked again. */
static bool is_here(const struct ring *r, uint64_t revision)
{
	return r && revision <= atomic_load_explicit(&r->newest, memory_order_acquire) &&
	       revision >= load(&r->oldest);
}

/* Is what was read of that row what was written? */
static bool is_sound(const struct ring *r, uint64_t revision)
{
	atomic_thread_fence(memory_order_acquire); /* pairs with put() */
	return revision >= load(&r->oldest);
}

bool cd_feed_reaches(const struct cd_feed *f, uint64_t after, uint64_t last)
{
	const struct ring *r = ring_of(f);
	return after == last || (is_here(r, last) && after + 1 >= load(&r->oldest) && after < last);
}

bool cd_feed_tenant(const struct cd_feed *f, uint64_t revision, uint32_t *ret)
{
	const struct ring *r = ring_of(f);
	if (!is_here(r, revision))
		return false;
	uint64_t tenant = load(&r->rows[revision & (r->rows_n - 1)].tenant);
	if (!is_sound(r, revision))
		return false;
	*ret = (uint32_t)tenant;
	return true;
}

static void unpack(const uint64_t in[WORDS_MOST], struct cd_feed_change *c)
{
	struct record r;
	const char *p = (const char *)in;
	memcpy(&r, p, sizeof r);
	c->at = r.at;
	c->verb = (enum cd_feed_verb)r.verb;
	c->types_n = r.types_n;
	c->attributes_n = r.attributes_n;
	c->attributes_more = r.attributes_more;
	p += sizeof r;
	memcpy(c->types, p, r.types_n * sizeof *c->types);
	p += r.types_n * sizeof *c->types;
	memcpy(c->attributes, p, r.attributes_n * sizeof *c->attributes);
	p += r.attributes_n * sizeof *c->attributes;
	memcpy(c->text, p, r.id_n);
	c->id = cd_str_of(c->text, r.id_n);
}

bool cd_feed_get(const struct cd_feed *f, uint64_t revision, struct cd_feed_change *ret)
{
	const struct ring *r = ring_of(f);
	uint64_t packed[WORDS_MOST];
	if (!is_here(r, revision))
		return false;
	const struct row *row = &r->rows[revision & (r->rows_n - 1)];
	uint64_t at = load(&row->at), n = load(&row->words);
	if (!is_sound(r, revision) || n == 0)
		return false;
	for (uint64_t i = 0; i < n; i++)
		packed[i] = load(&r->words[(at + i) & (r->words_n - 1)]);
	if (!is_sound(r, revision) || at < load(&r->records_from))
		return false;
	unpack(packed, ret);
	return true;
}

/* ---- life ---- */

static void ring_free(struct ring *r)
{
	if (!r)
		return;
	cd_mem_free(r->rows);
	cd_mem_free(r->words);
	cd_mem_free(r);
}

/* Pages that are not touched take no memory: the ring grows as it is filled. */
static struct ring *ring_new(uint64_t kept)
{
	struct ring *r = cd_mem_zalloc(sizeof *r);
	if (!r)
		return NULL;
	r->rows_n = 1;
	while (r->rows_n < kept)
		r->rows_n *= 2;
	r->words_n = r->rows_n * RECORD_WORDS;
	r->rows = cd_mem_zalloc(r->rows_n * sizeof *r->rows);
	r->words = cd_mem_zalloc(r->words_n * sizeof *r->words);
	store(&r->oldest, 1);
	if (r->rows && r->words)
		return r;
	ring_free(r);
	return NULL;
}

bool cd_feed_wake(struct cd_feed *f)
{
	pthread_mutex_lock(&f->lock);
	struct ring *r = ring_of(f);
	if (!r) {
		r = ring_new(f->set->events_kept);
		atomic_store_explicit(&f->ring, r, memory_order_release); /* pairs with ring_of() */
	}
	pthread_mutex_unlock(&f->lock);
	if (r)
		atomic_fetch_add(&f->awake, 1);
	return r != NULL;
}

void cd_feed_rest(struct cd_feed *f)
{
	atomic_fetch_sub(&f->awake, 1);
}

bool cd_feed_enter(struct cd_feed *f)
{
	if (atomic_fetch_add(&f->listeners, 1) < f->set->events_max)
		return true;
	cd_feed_leave(f);
	return false;
}

void cd_feed_leave(struct cd_feed *f)
{
	atomic_fetch_sub(&f->listeners, 1);
}

struct cd_feed *cd_feed_new(const struct cd_settings *set)
{
	struct cd_feed *f = cd_mem_zalloc(sizeof *f);
	if (!f)
		return NULL;
	f->set = set;
	f->participant = (struct cd_participant){.name = "feed", .arg = f, .event = on_event};
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

void cd_feed_free(struct cd_feed *f)
{
	if (!f)
		return;
	ring_free(ring_of(f));
	pthread_mutex_destroy(&f->lock);
	cd_mem_free(f);
}

const struct cd_participant *cd_feed_participant(const struct cd_feed *f)
{
	return &f->participant;
}
