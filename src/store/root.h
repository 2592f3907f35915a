/*
 * store/root.h -- one version of the twin, and how readers hold it.
 *
 * root -> tenants (by number) -> trees. A root is immutable once published with one atomic store. A reader
 * pins it without a lock: it writes its address into a slot of its own, looks whether it is still the current
 * root, and else tries again; the writer, after it has published, reads all slots. Replaced nodes and
 * blocks (born in edition b, died in d) hang on the newest version that can still see them and are freed when
 * no pinned edition p has b <= p < d.
 */
#ifndef CD_STORE_ROOT_H
#define CD_STORE_ROOT_H

#include "base/names.h"
#include "model/entity.h"
#include "store/tree.h"

/* A stored block with its birth in front: what entity trees point to. */
struct cd_block {
	union {
		struct cd_mortal life;
		uint64_t born; /* edition that first held it */
	};
	struct cd_ent ent; /* ent.bytes in all */
};

/* Over the values of one attribute (store/value_index.h). */
enum cd_vi_class { CD_VI_NUMBER, CD_VI_TIME, CD_VI_STRING, CD_VI_PLACE, CD_VI_SCOPE };
struct cd_index {
	cd_term term; /* 0: of scopes */
	enum cd_vi_class class;
	struct cd_tree tree; /* {key, entity number} -> 0 */
	struct cd_tree rest; /* {0, entity number} -> 0: values without a key */
	uint64_t others;     /* of numbers, times: values of other classes that are in neither */
	uint32_t levels;     /* of places: sizes of cells that were ever in it (cd_cell_level_bit) */
	_Atomic uint64_t
		*used; /* monotonic time of the last query that used it; lives as long as the store */
};
enum { CD_INDEXES = 24 };

struct cd_tenant {
	union {
		struct cd_mortal life;
		uint64_t born;
	};
	uint32_t number; /* 0 is the default tenant; never reused */
	uint32_t name_n;
	const char *name;        /* lives as long as the store */
	struct cd_tree ids;      /* {hash of id, entity number} -> 0; the id itself stands in the block */
	struct cd_tree entities; /* {0, entity number} -> struct cd_block * */
	struct cd_tree types;    /* {term, entity number} -> 0: an update of an entity leaves it alone */
	struct cd_tree uses;     /* {type << 32 | attribute, kind} -> count (store/uses.h) */
	struct cd_tree expiry;   /* {us, entity number} -> 0: when something in it expires next */
	uint64_t bytes;          /* of its blocks */
	unsigned indexes_n;
	struct cd_index indexes[CD_INDEXES];
};

struct cd_root {
	uint64_t version; /* revision of the newest change in it: what the log, events and clients know */
	uint64_t edition; /* goes up with every root, also when only an index is new; begins anew at start */
	uint64_t batch;   /* number of the newest batch of the log in it */
	uint64_t id_seed; /* of the hashes in ids and tenant_ids */
	uint64_t next_number; /* for new entities */
	uint64_t log_bytes;   /* position in the change log, over all segments ever written */
	uint32_t tenants_n;
	struct cd_tenant *const *tenants; /* by number */
	struct cd_tree tenant_ids;        /* {hash of name, number} -> 0 */
};

/* Does a tenant of that name hold objects of the twin's own (stored contexts), beside the tenant that the name
 * begins with? No client can name such a tenant. */
static inline bool cd_tenant_inner(cd_str name)
{
	return name.n && memchr(name.p, '#', name.n);
}

struct cd_store;
/* n == 0: the default one; NULL: none. */
const struct cd_tenant *cd_root_tenant(const struct cd_root *, cd_str name);
/* The stored entity, or NULL. Expired ones are returned: the caller compares ent->expires with its clock. */
const struct cd_ent *cd_tenant_get(const struct cd_store *, const struct cd_tenant *, cd_str id);
/* The one of that number, or NULL. */
const struct cd_ent *cd_tenant_at(const struct cd_tenant *, uint64_t number);
uint64_t cd_tenant_count(const struct cd_tenant *); /* all entities */
uint64_t cd_tenant_type_count(const struct cd_tenant *, cd_term);

/* The index over that attribute, or NULL. */
const struct cd_index *cd_tenant_index(const struct cd_tenant *, cd_term, enum cd_vi_class);
/* Somebody uses it: the time is noted, once a second at most, since all loops write it. */
void cd_index_used(const struct cd_index *);
/* An index would have paid: one is built, soon, unless it is being built already. Any thread. */
void cd_index_ask(struct cd_store *, const struct cd_tenant *, cd_term, enum cd_vi_class);

/* Has something expired that is still stored? Then counts of the trees are too large by it. */
bool cd_tenant_expired(const struct cd_tenant *, cd_time_us now);
/* The rows of `uses` one after the other, by type and attribute, from a type on; false at the end. */
struct cd_uses_row {
	cd_term type, attribute;
	enum cd_kind kind;
	uint64_t count;
};
void cd_uses_begin(const struct cd_tenant *, cd_term type, struct cd_tree_at *);
bool cd_uses_next(struct cd_tree_at *, struct cd_uses_row *ret);

/* Entities in the order of their numbers (the order of creation), all of them or those of one type. */
struct cd_scan {
	const struct cd_tenant *tenant;
	struct cd_tree_at at;
	cd_term type; /* 0: all */
};
void cd_scan_begin(struct cd_scan *, const struct cd_tenant *, cd_term type, uint64_t offset);
const struct cd_ent *cd_scan_next(struct cd_scan *);

/* Entities by ascending number, of many that lie near to each other. NULL: there is none of that number. The
 * memory of what is returned is on its way, not yet here. */
struct cd_near {
	struct cd_tree_at at;
};
const struct cd_ent *cd_tenant_near(const struct cd_tenant *, struct cd_near *, uint64_t number);

/* ---- pins ---- */

/* One for each thread that reads. pins_max versions at a time; one version pinned twice uses one slot. */
struct cd_reader;
struct cd_reader *cd_reader_new(struct cd_store *); /* NULL when out of memory */
void cd_reader_free(struct cd_reader *);            /* holds no pin any more */
/* The newest published root, or NULL when all slots are taken (503). */
const struct cd_root *cd_pin(struct cd_reader *);
void cd_unpin(struct cd_reader *, const struct cd_root *);

/* ---- reclaim (writer thread only) ---- */

void cd_retire_node(struct cd_edit *, struct cd_tree_node *);
void cd_retire_block(struct cd_edit *, struct cd_block *);

#endif
