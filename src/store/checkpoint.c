/*
 * Checkpoints in LMDB. [docs/file-format.md]
 *
 * One writer at a time, no readers beside it: LMDB's own locking is switched off, the lock of the data
 * directory serves. A checkpoint is many small transactions. The first one says which version it is on the
 * way to (`target`); the last one moves `version`, log position and batch on. In between, entities may be
 * newer than `version`: replay skips what a block's revision already holds, and takes an entity that is
 * missing for one that was deleted, up to `target`.
 *
 * Only leaves of the tree of entities that were born after the last checkpoint are looked at. For each, the
 * keys that LMDB holds in the leaf's range are compared with the leaf's: what is not in the leaf was deleted.
 */
#include "store/checkpoint.h"

#include "base/mem.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>

#define FILE_NAME "data.mdb"
#define NEW_NAME  "data.new"
enum { FORMAT = 1, TXN_BYTES = 1 << 20, KEY_BYTES = 12, PATH_BYTES = 4096 };

struct cd_ckpt {
	MDB_env *env;
	MDB_dbi meta_db, names_db, contexts_db, tenants_db, entities_db;
	struct cd_ckpt_meta meta;
};

/* ---- errors ---- */

static cd_code fail(struct cd_cx *cx, int rc, const char *what)
{
	cd_code code = rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT                    ? CD_E_FULL
		       : rc == ENOMEM                                                        ? CD_E_NO_MEMORY
		       : rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID ? CD_E_CORRUPT
		       : rc == MDB_VERSION_MISMATCH ? CD_E_NOT_SUPPORTED
						    : CD_E_IO;
	return cd_fail(cx, code, NULL, "checkpoint: %s: %s", what, mdb_strerror(rc));
}

/* ---- meta ---- */

/*  offset size        the value of key "meta"
 *       0    4  format     1
 *       4    4  names      numbers up to here are in `names`
 *       8    4  contexts
 *      12    4  tenants
 *      16    8  version    everything up to this revision is in here
 *      24    8  log        position in the change log that belongs to it
 *      32    8  batch      the last one of the log in it
 *      40    8  next       number for the next entity
 *      48    8  seed       of the hash of ids
 *      56    8  target     version of a checkpoint that is under way; == version when there is none
 */
struct meta_value {
	uint32_t format, names, contexts, tenants;
	uint64_t version, log_position, batch, next_number, id_seed, target;
};
_Static_assert(sizeof(struct meta_value) == 64, "on-disk meta is 64 bytes");

static int put_meta(MDB_txn *txn, const struct cd_ckpt *c, const struct cd_ckpt_meta *m)
{
	struct meta_value v = {FORMAT, m->names_n, m->contexts_n, m->tenants_n, m->version, m->log_position,
		m->batch, m->next_number, m->id_seed, m->target};
	MDB_val key = {4, (void *)(uintptr_t) "meta"}, value = {sizeof v, &v};
	return mdb_put(txn, c->meta_db, &key, &value, 0);
}

static cd_code get_meta(struct cd_cx *cx, MDB_txn *txn, struct cd_ckpt *c)
{
	MDB_val key = {4, (void *)(uintptr_t) "meta"}, value;
	struct meta_value v;
	int rc = mdb_get(txn, c->meta_db, &key, &value);
	if (rc == MDB_NOTFOUND)
		return CD_OK;
	if (rc)
		return fail(cx, rc, "meta");
	if (value.mv_size < sizeof v.format)
		return cd_fail(cx, CD_E_CORRUPT, NULL, "checkpoint: meta is too short");
	memset(&v, 0, sizeof v);
	memcpy(&v, value.mv_data, value.mv_size < sizeof v ? value.mv_size : sizeof v);
	if (v.format != FORMAT)
		return cd_fail(cx, CD_E_NOT_SUPPORTED, NULL, "checkpoint: format %u; this program knows %d",
			v.format, FORMAT);
	if (value.mv_size != sizeof v)
		return cd_fail(cx, CD_E_CORRUPT, NULL, "checkpoint: meta is of the wrong size");
	c->meta = (struct cd_ckpt_meta){.version = v.version,
		.log_position = v.log_position,
		.batch = v.batch,
		.next_number = v.next_number,
		.id_seed = v.id_seed,
		.target = v.target,
		.names_n = v.names,
		.contexts_n = v.contexts,
		.tenants_n = v.tenants};
	return CD_OK;
}

/* ---- open ---- */

static int open_env(struct cd_ckpt *c, const char *path, uint64_t map_bytes, unsigned flags)
{
	int rc = mdb_env_create(&c->env);
	if (rc)
		return rc;
	(void)mdb_env_set_maxdbs(c->env, 8);
	for (uint64_t map = map_bytes;; map /= 2) {
		(void)mdb_env_set_mapsize(c->env, map);
		rc = mdb_env_open(c->env, path, flags, 0600);
		/* a machine that does not give so much address space: less will do */
		if (rc != ENOMEM || map < (1u << 28))
			return rc;
		mdb_env_close(c->env);
		c->env = NULL;
		rc = mdb_env_create(&c->env);
		if (rc)
			return rc;
		(void)mdb_env_set_maxdbs(c->env, 8);
	}
}

static int open_dbs(MDB_txn *txn, struct cd_ckpt *c, unsigned flags)
{
	int rc = mdb_dbi_open(txn, "meta", flags, &c->meta_db);
	if (!rc)
		rc = mdb_dbi_open(txn, "names", flags, &c->names_db);
	if (!rc)
		rc = mdb_dbi_open(txn, "contexts", flags, &c->contexts_db);
	if (!rc)
		rc = mdb_dbi_open(txn, "tenants", flags, &c->tenants_db);
	return rc ? rc : mdb_dbi_open(txn, "entities", flags, &c->entities_db);
}

static cd_code open_content(struct cd_cx *cx, struct cd_ckpt *c, bool read_only)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(c->env, NULL, read_only ? MDB_RDONLY : 0, &txn);
	if (rc)
		return fail(cx, rc, "begin");
	rc = open_dbs(txn, c, read_only ? 0 : MDB_CREATE);
	cd_code code = rc == MDB_NOTFOUND && read_only ? CD_OK
		       : rc                            ? fail(cx, rc, "open")
						       : get_meta(cx, txn, c);
	if (code) {
		mdb_txn_abort(txn);
		return code;
	}
	rc = mdb_txn_commit(txn);
	return rc ? fail(cx, rc, "commit") : CD_OK;
}

/* The file must have its name on the disk before anything relies on it; a life before may have been killed
 * between the two. */
static cd_code sync_names(struct cd_fs *fs, const char *folder)
{
	char up[PATH_BYTES];
	const char *slash = strrchr(folder, '/');
	cd_code code = fs->ops->sync_dir(fs, folder);
	if (code || !slash || slash == folder)
		return code;
	snprintf(up, sizeof up, "%.*s", (int)(slash - folder), folder);
	return fs->ops->sync_dir(fs, up);
}

/* Open the file of that name and what is in it. */
static cd_code open_file(struct cd_cx *cx, struct cd_ckpt *c, struct cd_fs *fs, const char *folder,
	const char *name, uint64_t map_bytes, bool read_only)
{
	char buf[PATH_BYTES], path[PATH_BYTES];
	const char *real = fs->ops->lmdb_path(fs, folder, buf, sizeof buf);
	if ((size_t)snprintf(path, sizeof path, "%s/%s", real, name) >= sizeof path)
		return cd_fail(cx, CD_E_IO, NULL, "The path of the checkpoint is too long");
	int rc = open_env(
		c, path, map_bytes, MDB_NOLOCK | MDB_NOTLS | MDB_NOSUBDIR | (read_only ? MDB_RDONLY : 0u));
	return rc ? fail(cx, rc, folder) : open_content(cx, c, read_only);
}

static void close_file(struct cd_ckpt *c)
{
	if (c->env)
		mdb_env_close(c->env);
	c->env = NULL;
}

/* LMDB writes the first pages of a new file without a sync in between: power that fails there leaves a file
 * that it refuses ever after. So a new one gets its name when it is whole. */
static cd_code make_file(
	struct cd_cx *cx, struct cd_ckpt *c, struct cd_fs *fs, const char *folder, uint64_t map_bytes)
{
	char from[PATH_BYTES], to[PATH_BYTES];
	snprintf(from, sizeof from, "%s/" NEW_NAME, folder);
	snprintf(to, sizeof to, "%s/" FILE_NAME, folder);
	(void)fs->ops->unlink(fs, from); /* of an attempt that was cut off; mostly there is none */
	cd_code code = open_file(cx, c, fs, folder, NEW_NAME, map_bytes, false);
	close_file(c);
	if (code)
		return code;
	code = fs->ops->rename(fs, from, to);
	return code ? cd_fail(cx, code, NULL, "%s", fs->why) : CD_OK;
}

static bool is_there(struct cd_fs *fs, const char *folder)
{
	char path[PATH_BYTES];
	struct cd_file *f;
	snprintf(path, sizeof path, "%s/" FILE_NAME, folder);
	cd_code code = fs->ops->open(fs, path, CD_FILE_READ, &f);
	if (!code)
		fs->ops->close(fs, f);
	return code != CD_E_NOT_FOUND;
}

cd_code cd_ckpt_open(struct cd_cx *cx, struct cd_fs *fs, const char *folder, uint64_t map_bytes,
	bool read_only, struct cd_ckpt **ret, struct cd_ckpt_meta *ret_meta)
{
	struct cd_ckpt *c = cd_mem_zalloc(sizeof *c);
	if (!c)
		return cd_fail_memory(cx);
	cd_code code = read_only ? CD_OK : fs->ops->mkdir(fs, folder);
	if (code)
		code = cd_fail(cx, code, NULL, "%s", fs->why);
	if (!code && !read_only && !is_there(fs, folder))
		code = make_file(cx, c, fs, folder, map_bytes);
	if (!code)
		code = open_file(cx, c, fs, folder, FILE_NAME, map_bytes, read_only);
	if (!code && !read_only && sync_names(fs, folder))
		code = cd_fail(cx, CD_E_IO, NULL, "%s", fs->why);
	if (code) {
		cd_ckpt_close(c);
		return code;
	}
	*ret = c;
	*ret_meta = c->meta;
	return CD_OK;
}

void cd_ckpt_close(struct cd_ckpt *c)
{
	if (!c)
		return;
	close_file(c);
	cd_mem_free(c);
}

/* ---- keys: big endian, so that LMDB's order is ours ---- */

static void put_be(unsigned char *to, uint64_t v, unsigned n)
{
	for (unsigned i = n; i-- > 0; v >>= 8)
		to[i] = (unsigned char)v;
}

static uint64_t get_be(const unsigned char *from, unsigned n)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < n; i++)
		v = v << 8 | from[i];
	return v;
}

static void entity_key(unsigned char key[KEY_BYTES], uint32_t tenant, uint64_t number)
{
	put_be(key, tenant, 4);
	put_be(key + 4, number, 8);
}

/* ---- load ---- */

static cd_code load_texts(struct cd_cx *cx, MDB_txn *txn, MDB_dbi db, const struct cd_ckpt_load *load,
	cd_code (*each)(void *, struct cd_cx *, uint32_t, cd_str))
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, db, &cursor);
	if (rc)
		return fail(cx, rc, "cursor");
	cd_code code = CD_OK;
	while (!code && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
		code = key.mv_size == 4
			       ? each(load->arg, cx, (uint32_t)get_be(key.mv_data, 4),
					 cd_str_of(value.mv_data, value.mv_size))
			       : cd_fail(cx, CD_E_CORRUPT, NULL, "checkpoint: a key is of the wrong size");
	mdb_cursor_close(cursor);
	return code || rc == MDB_NOTFOUND ? code : fail(cx, rc, "read");
}

static cd_code load_entity(struct cd_cx *cx, const struct cd_ckpt_load *load, const MDB_val *key,
	const MDB_val *value, char **room, size_t *room_n)
{
	if (key->mv_size != KEY_BYTES)
		return cd_fail(cx, CD_E_CORRUPT, NULL, "checkpoint: a key is of the wrong size");
	uint32_t tenant = (uint32_t)get_be(key->mv_data, 4);
	uint64_t number = get_be((const unsigned char *)key->mv_data + 4, 8);
	if (value->mv_size > *room_n) {
		char *p = cd_mem_realloc(*room, value->mv_size * 2);
		if (!p)
			return cd_fail_memory(cx);
		*room = p;
		*room_n = value->mv_size * 2;
	}
	/* LMDB aligns to two bytes only */
	if (value->mv_size)
		memcpy(*room, value->mv_data, value->mv_size);
	const char *why = value->mv_size ? cd_ent_validate(*room, value->mv_size) : "empty";
	const struct cd_ent *e = (const struct cd_ent *)(const void *)*room;
	if (!why && (e->number != number || e->bytes != value->mv_size))
		why = "it is not the entity of its key";
	if (why)
		return cd_fail(cx, CD_E_CORRUPT, NULL, "checkpoint: entity %llu of tenant %u: %s",
			(unsigned long long)number, tenant, why);
	return load->entity(load->arg, cx, tenant, e);
}

static cd_code load_entities(
	struct cd_cx *cx, MDB_txn *txn, const struct cd_ckpt *c, const struct cd_ckpt_load *load)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	char *room = NULL;
	size_t room_n = 0;
	int rc = mdb_cursor_open(txn, c->entities_db, &cursor);
	if (rc)
		return fail(cx, rc, "cursor");
	cd_code code = CD_OK;
	while (!code && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
		code = load_entity(cx, load, &key, &value, &room, &room_n);
	mdb_cursor_close(cursor);
	cd_mem_free(room);
	return code || rc == MDB_NOTFOUND ? code : fail(cx, rc, "read");
}

cd_code cd_ckpt_load(struct cd_cx *cx, struct cd_ckpt *c, const struct cd_ckpt_load *load)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(c->env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return fail(cx, rc, "begin");
	cd_code code = load_texts(cx, txn, c->names_db, load, load->name);
	if (!code)
		code = load_texts(cx, txn, c->contexts_db, load, load->context);
	if (!code)
		code = load_texts(cx, txn, c->tenants_db, load, load->tenant);
	if (!code)
		code = load_entities(cx, txn, c, load);
	mdb_txn_abort(txn);
	return code;
}

/* ---- write ---- */

struct write {
	struct cd_cx *cx;
	struct cd_ckpt *c;
	struct cd_ckpt_write *w;
	MDB_txn *txn;
	MDB_cursor *cursor; /* over entities, of the open transaction */
	size_t bytes;       /* put into it */
};

static cd_code begin(struct write *w)
{
	int rc = mdb_txn_begin(w->c->env, NULL, 0, &w->txn);
	if (rc) {
		w->txn = NULL;
		return fail(w->cx, rc, "begin");
	}
	rc = mdb_cursor_open(w->txn, w->c->entities_db, &w->cursor);
	w->bytes = 0;
	return rc ? fail(w->cx, rc, "cursor") : CD_OK;
}

static void abandon(struct write *w)
{
	if (w->cursor)
		mdb_cursor_close(w->cursor);
	if (w->txn)
		mdb_txn_abort(w->txn);
	w->cursor = NULL;
	w->txn = NULL;
}

static cd_code commit(struct write *w)
{
	mdb_cursor_close(w->cursor);
	w->cursor = NULL;
	int rc = mdb_txn_commit(w->txn);
	w->txn = NULL;
	return rc ? fail(w->cx, rc, "commit") : CD_OK;
}

/* Large enough: commit, let others have the disk, begin anew. */
static cd_code breathe(struct write *w)
{
	if (w->bytes < TXN_BYTES)
		return CD_OK;
	cd_code code = commit(w);
	if (!code && w->w->pace && !w->w->pace(w->w->arg))
		return cd_fail(w->cx, CD_E_BUSY, NULL, "The checkpoint was put off");
	return code ? code : begin(w);
}

static cd_code put(struct write *w, MDB_dbi db, const void *key, size_t key_n, cd_str value)
{
	MDB_val k = {key_n, (void *)(uintptr_t)key}, v = {value.n, (void *)(uintptr_t)value.p};
	int rc = mdb_put(w->txn, db, &k, &v, 0);
	if (rc)
		return fail(w->cx, rc, "put");
	w->bytes += key_n + value.n;
	w->w->records++;
	return breathe(w);
}

static cd_code put_names(
	struct write *w, MDB_dbi db, const struct cd_names *names, uint32_t from, uint32_t to)
{
	cd_code code = CD_OK;
	for (uint32_t i = from + 1; !code && i <= to; i++) {
		unsigned char key[4];
		put_be(key, i, 4);
		code = put(w, db, key, sizeof key, cd_names_text(names, i));
	}
	return code;
}

static cd_code put_tenants(struct write *w)
{
	cd_code code = CD_OK;
	for (uint32_t i = w->c->meta.tenants_n; !code && i < w->w->root->tenants_n; i++) {
		const struct cd_tenant *t = w->w->root->tenants[i];
		unsigned char key[4];
		put_be(key, i, 4);
		code = put(w, w->c->tenants_db, key, sizeof key, cd_str_of(t->name, t->name_n));
	}
	return code;
}

static bool in_leaf(const struct cd_tree_leaf *leaf, uint64_t number)
{
	uint32_t lo = 0, hi = leaf->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (leaf->key[mid].lo < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < leaf->n && leaf->key[lo].lo == number;
}

/* Keys of entities are {0, number}: of the last leaf's range only that part counts. */
static uint64_t range_end(const struct cd_tree_leaf *leaf)
{
	return leaf->to.hi ? UINT64_MAX : leaf->to.lo;
}

static cd_code delete_missing(struct write *w, uint32_t tenant, const struct cd_tree_leaf *leaf)
{
	unsigned char from[KEY_BYTES];
	MDB_val key = {KEY_BYTES, from}, value;
	bool open_end = leaf->to.hi != 0;
	entity_key(from, tenant, leaf->from.lo);
	int rc = mdb_cursor_get(w->cursor, &key, &value, MDB_SET_RANGE);
	while (rc == 0 && get_be(key.mv_data, 4) == tenant) {
		uint64_t number = get_be((const unsigned char *)key.mv_data + 4, 8);
		if (!open_end && number >= range_end(leaf))
			break;
		if (!in_leaf(leaf, number)) {
			rc = mdb_cursor_del(w->cursor, 0);
			if (rc)
				break;
			w->bytes += KEY_BYTES;
			w->w->records++;
		}
		/* behind a deletion the cursor already stands on the next one: LMDB knows, and does not skip
		 * it */
		rc = mdb_cursor_get(w->cursor, &key, &value, MDB_NEXT);
	}
	return rc && rc != MDB_NOTFOUND ? fail(w->cx, rc, "delete") : CD_OK;
}

static cd_code write_leaf(struct write *w, uint32_t tenant, const struct cd_tree_leaf *leaf)
{
	cd_code code = delete_missing(w, tenant, leaf);
	for (uint32_t i = 0; !code && i < leaf->n; i++) {
		const struct cd_block *block = (const struct cd_block *)(uintptr_t)leaf->value[i];
		unsigned char key[KEY_BYTES];
		if (block->born <= w->w->since)
			continue;
		entity_key(key, tenant, leaf->key[i].lo);
		code = put(w, w->c->entities_db, key, sizeof key,
			cd_str_of((const char *)&block->ent, block->ent.bytes));
	}
	return code ? code : breathe(w);
}

static cd_code write_tenant(struct write *w, const struct cd_tenant *t)
{
	struct cd_key from = {0, 0};
	struct cd_tree_leaf leaf;
	cd_code code = CD_OK;
	if (t->born <= w->w->since)
		return CD_OK;
	while (!code && cd_tree_changed(t->entities, w->w->since, from, &leaf)) {
		code = write_leaf(w, t->number, &leaf);
		from = leaf.to;
		if (from.hi == UINT64_MAX && from.lo == UINT64_MAX)
			break;
	}
	return code;
}

/* "On the way": what replay must tolerate, said before anything newer is written. */
static cd_code announce(struct write *w)
{
	struct cd_ckpt_meta m = w->c->meta;
	m.target = w->w->root->version > m.target ? w->w->root->version : m.target;
	m.id_seed = w->w->meta.id_seed;
	if (m.next_number == 0)
		m.next_number = 1;
	int rc = put_meta(w->txn, w->c, &m);
	if (rc)
		return fail(w->cx, rc, "meta");
	cd_code code = commit(w);
	if (!code)
		w->c->meta = m;
	return code ? code : begin(w);
}

static cd_code conclude(struct write *w)
{
	int rc = put_meta(w->txn, w->c, &w->w->meta);
	if (rc)
		return fail(w->cx, rc, "meta");
	cd_code code = commit(w);
	if (!code)
		w->c->meta = w->w->meta;
	return code;
}

cd_code cd_ckpt_write(struct cd_cx *cx, struct cd_ckpt *c, struct cd_ckpt_write *out)
{
	struct write w = {.cx = cx, .c = c, .w = out};
	cd_code code = begin(&w);
	out->records = 0;
	if (!code)
		code = announce(&w);
	if (!code)
		code = put_names(&w, c->names_db, out->names, c->meta.names_n, out->meta.names_n);
	if (!code)
		code = put_names(&w, c->contexts_db, out->contexts, c->meta.contexts_n, out->meta.contexts_n);
	if (!code)
		code = put_tenants(&w);
	for (uint32_t i = 0; !code && i < out->root->tenants_n; i++)
		code = write_tenant(&w, out->root->tenants[i]);
	if (!code)
		code = conclude(&w);
	abandon(&w);
	return code;
}
