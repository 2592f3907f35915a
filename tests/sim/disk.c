/* The record of operations, and disks made from it. Aborts when memory is short: it is the test's own. */
#include "disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, BLOCK = 4096, NAME = 64, FOLDERS = 8 };

struct entry {
	char name[NAME];
	uint32_t inode;
};
struct inode {
	bool dir;
	char *data;
	size_t n, cap;
	unsigned char *used; /* one for each block that has been written */
	size_t used_n;
	struct entry *entries;
	size_t entries_n;
};
struct image {
	struct inode *inodes;
	size_t n;
};
enum kind { ENTER, MOVE, REMOVE, WRITE, LENGTH, SYNC, SYNC_FOLDER, SYNC_LOST };
struct op {
	enum kind kind;
	uint32_t inode, what; /* of entries: the folder, and what the name stands for */
	bool dir;
	uint64_t at;
	size_t n;
	char *data;
	char name[NAME], to[NAME];
};
struct cd_file {
	uint32_t inode;
};
struct disk {
	struct cd_fs fs;
	struct image base, live;
	struct op *ops;
	size_t n, cap;
	char scratch[64];
	uint32_t real[FOLDERS]; /* folders that LMDB has */
	unsigned real_n;
	enum disk_fault fault;
	size_t fault_at, fault_times, counts[DISK_READ_FAILS + 1];
	bool failed;
	size_t capacity;
	struct disk *next;
};
static struct disk *disks;

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* ---- images ---- */

static struct inode *inode_at(struct image *m, uint32_t number)
{
	if (number >= m->n) {
		m->inodes = must(realloc(m->inodes, (number + 1) * sizeof *m->inodes));
		memset(m->inodes + m->n, 0, (number + 1 - m->n) * sizeof *m->inodes);
		m->n = number + 1;
	}
	return &m->inodes[number];
}

static void set_length(struct inode *in, size_t n)
{
	if (n > in->cap) {
		in->cap = n + n / 2;
		in->data = must(realloc(in->data, in->cap));
	}
	if (n > in->n)
		memset(in->data + in->n, 0, n - in->n);
	in->n = n;
}

static void put(struct inode *in, const char *data, size_t n, uint64_t at)
{
	if (n == 0)
		return;
	if (at + n > in->n)
		set_length(in, at + n);
	memcpy(in->data + at, data, n);
}

static size_t new_blocks(const struct inode *in, size_t n, uint64_t at)
{
	size_t count = 0;
	for (size_t b = at / BLOCK; n && b <= (at + n - 1) / BLOCK; b++)
		count += b >= in->used_n || !in->used[b];
	return count;
}

static void use_blocks(struct inode *in, size_t n, uint64_t at)
{
	size_t end = n ? (at + n - 1) / BLOCK + 1 : 0;
	if (end > in->used_n) {
		in->used = must(realloc(in->used, end));
		memset(in->used + in->used_n, 0, end - in->used_n);
		in->used_n = end;
	}
	for (size_t b = at / BLOCK; b < end; b++)
		in->used[b] = 1;
}

static struct entry *entry_find(const struct inode *dir, const char *name)
{
	for (size_t i = 0; i < dir->entries_n; i++)
		if (strcmp(dir->entries[i].name, name) == 0)
			return &dir->entries[i];
	return NULL;
}

static void entry_set(struct inode *dir, const char *name, uint32_t inode)
{
	struct entry *e = entry_find(dir, name);
	if (!e) {
		dir->entries = must(realloc(dir->entries, (dir->entries_n + 1) * sizeof *dir->entries));
		e = &dir->entries[dir->entries_n++];
		snprintf(e->name, sizeof e->name, "%s", name);
	}
	e->inode = inode;
}

static void entry_remove(struct inode *dir, const char *name, uint32_t inode)
{
	struct entry *e = entry_find(dir, name);
	if (e && e->inode == inode)
		*e = dir->entries[--dir->entries_n];
}

static void apply(struct image *m, const struct op *op)
{
	if (op->kind == ENTER)
		inode_at(m, op->what)->dir = op->dir;
	struct inode *in = inode_at(m, op->inode);
	if (op->kind == WRITE) {
		put(in, op->data, op->n, op->at);
		use_blocks(in, op->n, op->at);
	} else if (op->kind == LENGTH)
		set_length(in, op->at);
	else if (op->kind == ENTER)
		entry_set(in, op->name, op->what);
	else if (op->kind == REMOVE)
		entry_remove(in, op->name, op->what);
	else if (op->kind == MOVE) {
		entry_remove(in, op->name, op->what);
		entry_set(in, op->to, op->what);
	}
}

static void image_free(struct image *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->inodes[i].data);
		free(m->inodes[i].used);
		free(m->inodes[i].entries);
	}
	free(m->inodes);
	*m = (struct image){0};
}

static struct image image_copy(const struct image *from)
{
	struct image m = {0};
	for (uint32_t i = 0; i < from->n; i++) {
		const struct inode *in = &from->inodes[i];
		struct inode *copy = inode_at(&m, i);
		copy->dir = in->dir;
		put(copy, in->data, in->n, 0);
		for (size_t b = 0; b < in->used_n; b++)
			if (in->used[b])
				use_blocks(copy, 1, b * BLOCK);
		for (size_t e = 0; e < in->entries_n; e++)
			entry_set(copy, in->entries[e].name, in->entries[e].inode);
	}
	return m;
}

/* ---- a cut ---- */

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

enum fate { NOTHING, EVERYTHING, BY_OPERATION, BY_SECTOR, FATES };

static void apply_sectors(struct image *m, const struct op *op, uint64_t *random)
{
	struct inode *in = inode_at(m, op->inode);
	size_t length = next_random(random) % 2 ? op->at + op->n : in->n; /* the length may be the old one */
	for (uint64_t at = op->at; at < op->at + op->n;) {
		uint64_t end = (at / SECTOR + 1) * SECTOR;
		end = end < op->at + op->n ? end : op->at + op->n;
		if (next_random(random) % 2 && end <= length)
			put(in, op->data + (at - op->at), end - at, at);
		at = end;
	}
	if (length > in->n)
		set_length(in, length);
	use_blocks(in, op->n, op->at);
}

static void maybe(struct image *m, const struct op *op, enum fate fate, uint64_t *random)
{
	if (fate == NOTHING)
		return;
	if (fate == BY_SECTOR && op->kind == WRITE)
		apply_sectors(m, op, random);
	else if (fate == EVERYTHING || next_random(random) % 2)
		apply(m, op);
}

enum { WAITS, DONE };

static bool belongs(const struct op *sync, const struct op *op)
{
	bool content = op->kind == WRITE || op->kind == LENGTH;
	return op->inode == sync->inode && content == (sync->kind != SYNC_FOLDER) && op->kind < SYNC;
}

static struct image cut_image(const struct disk *d, size_t index, uint64_t seed)
{
	struct image m = image_copy(&d->base);
	uint64_t random = seed * 1000003 + index;
	char *state = must(calloc(index + 1, 1));
	for (size_t i = 0; i < index; i++) {
		const struct op *op = &d->ops[i];
		if (op->kind < SYNC)
			continue;
		for (size_t k = 0; k < i; k++) {
			if (state[k] != WAITS || !belongs(op, &d->ops[k]))
				continue;
			if (op->kind == SYNC_LOST)
				maybe(&m, &d->ops[k], BY_OPERATION, &random);
			else
				apply(&m, &d->ops[k]);
			state[k] = DONE;
		}
		state[i] = DONE;
	}
	enum fate fate = (enum fate)(next_random(&random) % FATES);
	for (size_t i = 0; i < index; i++)
		if (state[i] == WAITS)
			maybe(&m, &d->ops[i], fate, &random);
	free(state);
	return m;
}

/* ---- disks ---- */

static const struct cd_fs_ops ops;

static struct disk *disk_with(struct image base)
{
	struct disk *d = must(calloc(1, sizeof *d));
	const char *tmp = getenv("TMPDIR");
	d->fs.ops = &ops;
	d->base = base;
	d->live = image_copy(&base);
	snprintf(d->scratch, sizeof d->scratch, "%s/cardo-sim-XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(d->scratch));
	d->next = disks;
	disks = d;
	return d;
}

struct disk *disk_new(void)
{
	struct image empty = {0};
	inode_at(&empty, 0)->dir = true;
	return disk_with(empty);
}

static struct op *op_add(struct disk *d, struct op op)
{
	if (d->n == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 256;
		d->ops = must(realloc(d->ops, d->cap * sizeof *d->ops));
	}
	d->ops[d->n] = op;
	apply(&d->live, &op);
	return &d->ops[d->n++];
}

static char *copied(const void *p, size_t n)
{
	char *copy = must(malloc(n + 1));
	memcpy(copy, p, n);
	return copy;
}

struct disk *disk_kill(const struct disk *d, size_t index)
{
	struct disk *k = disk_with(image_copy(&d->base));
	for (size_t i = 0; i < index; i++) {
		struct op op = d->ops[i];
		if (op.data)
			op.data = copied(op.data, op.n);
		op_add(k, op);
	}
	return k;
}

struct disk *disk_cut(const struct disk *d, size_t index, uint64_t seed)
{
	return disk_with(cut_image(d, index, seed));
}

void disk_free(struct disk *d)
{
	struct disk **at = &disks;
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	for (unsigned i = 0; i < d->real_n; i++) {
		static const char *const names[] = {"/data.mdb", "/data.new", ""};
		for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
			char path[128];
			snprintf(path, sizeof path, "%s/%u%s", d->scratch, d->real[i], names[k]);
			(void)remove(path);
		}
	}
	(void)rmdir(d->scratch);
	for (size_t i = 0; i < d->n; i++)
		free(d->ops[i].data);
	free(d->ops);
	image_free(&d->base);
	image_free(&d->live);
	free(d);
}

struct cd_fs *disk_fs(struct disk *d)
{
	return &d->fs;
}

size_t disk_index(const struct disk *d)
{
	return d->n;
}

/* ---- faults ---- */

void disk_fail(struct disk *d, enum disk_fault fault, size_t at, size_t times)
{
	d->fault = fault;
	d->fault_at = at;
	d->fault_times = times;
	d->failed = false;
}

bool disk_failed(const struct disk *d)
{
	return d->failed;
}

size_t disk_count(const struct disk *d, enum disk_fault fault)
{
	return d->counts[fault];
}

void disk_capacity(struct disk *d, size_t bytes)
{
	d->capacity = bytes;
}

size_t disk_used(const struct disk *d)
{
	size_t blocks = 0;
	for (size_t i = 0; i < d->live.n; i++)
		for (size_t b = 0; b < d->live.inodes[i].used_n; b++)
			blocks += d->live.inodes[i].used[b];
	return blocks * BLOCK;
}

static bool strikes(struct disk *d, enum disk_fault fault)
{
	d->counts[fault]++;
	if (d->fault != fault || d->fault_times == 0)
		return false;
	if (d->fault_at > 0) {
		d->fault_at--;
		return false;
	}
	d->fault_times--;
	return d->failed = true;
}

/* Of one write; 0 or an errno. *ret_put is how much of it is done. */
static int write_fault(struct disk *d, uint32_t inode, size_t n, uint64_t at, size_t *ret_put)
{
	bool fails = strikes(d, DISK_WRITE_FAILS), cut = strikes(d, DISK_WRITE_SHORT),
	     full = strikes(d, DISK_WRITE_FULL);
	*ret_put = cut ? n / 2 : 0;
	if (fails || cut)
		return EIO;
	size_t wanted = new_blocks(inode_at(&d->live, inode), n, at) * BLOCK;
	if (full || (d->capacity && wanted && disk_used(d) + wanted > d->capacity))
		return ENOSPC;
	*ret_put = n;
	return 0;
}

static cd_code failed(struct disk *d, const char *what, int e)
{
	snprintf(d->fs.why, sizeof d->fs.why, "%s: %s", what, strerror(e));
	return e == ENOSPC   ? CD_E_FULL
	       : e == ENOENT ? CD_E_NOT_FOUND
	       : e == EEXIST ? CD_E_ALREADY_EXISTS
			     : CD_E_IO;
}

/* ---- paths ---- */

/* The folder that holds the path's last name; the name in *ret_name. */
static bool folder_of(struct disk *d, const char *path, uint32_t *ret_folder, const char **ret_name)
{
	uint32_t at = 0;
	while (*path == '/')
		path++;
	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		char name[NAME];
		snprintf(name, sizeof name, "%.*s", (int)(slash - path), path);
		const struct entry *e = name[0] ? entry_find(&d->live.inodes[at], name) : NULL;
		if (name[0] && !e)
			return false;
		at = e ? e->inode : at;
	}
	*ret_folder = at;
	*ret_name = path;
	return true;
}

static bool inode_of(struct disk *d, const char *path, uint32_t *ret)
{
	uint32_t folder;
	const char *name;
	if (!folder_of(d, path, &folder, &name))
		return false;
	const struct entry *e = *name ? entry_find(&d->live.inodes[folder], name) : NULL;
	if (*name && !e)
		return false;
	*ret = e ? e->inode : folder;
	return true;
}

static uint32_t enter(struct disk *d, uint32_t folder, const char *name, bool dir)
{
	struct op op = {.kind = ENTER, .inode = folder, .what = (uint32_t)d->live.n, .dir = dir};
	snprintf(op.name, sizeof op.name, "%s", name);
	return op_add(d, op)->what;
}

/* ---- the table ---- */

static struct disk *of(struct cd_fs *fs)
{
	return (struct disk *)(void *)fs;
}

static struct cd_file *file_new(uint32_t inode)
{
	struct cd_file *f = must(malloc(sizeof *f));
	f->inode = inode;
	return f;
}

static cd_code sim_open(struct cd_fs *fs, const char *path, int flags, struct cd_file **ret)
{
	struct disk *d = of(fs);
	uint32_t folder, inode;
	const char *name;
	bool there = inode_of(d, path, &inode);
	if (!folder_of(d, path, &folder, &name) || (!there && !(flags & CD_FILE_CREATE)))
		return failed(d, path, ENOENT);
	if (there && (flags & CD_FILE_EXCLUSIVE))
		return failed(d, path, EEXIST);
	if (!there && strikes(d, DISK_WRITE_FAILS))
		return failed(d, path, EIO);
	*ret = file_new(there ? inode : enter(d, folder, name, false));
	return CD_OK;
}

static void sim_close(struct cd_fs *fs, struct cd_file *f)
{
	(void)fs;
	free(f);
}

static cd_code sim_read(struct cd_fs *fs, struct cd_file *f, void *to, size_t n, uint64_t at, size_t *ret_got)
{
	struct disk *d = of(fs);
	const struct inode *in = &d->live.inodes[f->inode];
	if (strikes(d, DISK_READ_FAILS))
		return failed(d, "read", EIO);
	size_t there = at < in->n ? in->n - at : 0, got = n < there ? n : there;
	if (got)
		memcpy(to, in->data + at, got);
	if (ret_got)
		*ret_got = got;
	return ret_got || got == n ? CD_OK : failed(d, "read behind the end", EIO);
}

static cd_code sim_write(struct cd_fs *fs, struct cd_file *f, const void *from, size_t n, uint64_t at)
{
	struct disk *d = of(fs);
	size_t put;
	int e = write_fault(d, f->inode, n, at, &put);
	if (put)
		op_add(d, (struct op){.kind = WRITE,
				  .inode = f->inode,
				  .at = at,
				  .n = put,
				  .data = copied(from, put)});
	return e ? failed(d, "write", e) : CD_OK;
}

static cd_code sync_inode(struct disk *d, uint32_t inode, enum kind kind)
{
	bool fails = strikes(d, DISK_SYNC_FAILS);
	op_add(d, (struct op){.kind = fails ? SYNC_LOST : kind, .inode = inode});
	return fails ? failed(d, "sync", EIO) : CD_OK;
}

static cd_code sim_sync(struct cd_fs *fs, struct cd_file *f)
{
	return sync_inode(of(fs), f->inode, SYNC);
}

static cd_code sim_size(struct cd_fs *fs, struct cd_file *f, uint64_t *ret)
{
	*ret = of(fs)->live.inodes[f->inode].n;
	return CD_OK;
}

static cd_code sim_truncate(struct cd_fs *fs, struct cd_file *f, uint64_t n)
{
	struct disk *d = of(fs);
	if (strikes(d, DISK_WRITE_FAILS))
		return failed(d, "truncate", EIO);
	op_add(d, (struct op){.kind = LENGTH, .inode = f->inode, .at = n});
	return CD_OK;
}

static cd_code sim_rename(struct cd_fs *fs, const char *from, const char *to)
{
	struct disk *d = of(fs);
	uint32_t folder, other, inode;
	const char *name, *new_name;
	if (!inode_of(d, from, &inode) || !folder_of(d, from, &folder, &name) ||
		!folder_of(d, to, &other, &new_name) || folder != other)
		return failed(d, from, ENOENT);
	if (strikes(d, DISK_WRITE_FAILS))
		return failed(d, from, EIO);
	struct op op = {.kind = MOVE, .inode = folder, .what = inode};
	snprintf(op.name, sizeof op.name, "%s", name);
	snprintf(op.to, sizeof op.to, "%s", new_name);
	op_add(d, op);
	for (unsigned i = 0; i < d->real_n; i++) {
		if (d->real[i] != folder)
			continue;
		char real[160], new_real[160];
		snprintf(real, sizeof real, "%s/%u/%s", d->scratch, folder, name);
		snprintf(new_real, sizeof new_real, "%s/%u/%s", d->scratch, folder, new_name);
		if (rename(real, new_real))
			abort();
	}
	return CD_OK;
}

static cd_code sim_unlink(struct cd_fs *fs, const char *path)
{
	struct disk *d = of(fs);
	struct op op = {.kind = REMOVE};
	const char *name;
	if (!inode_of(d, path, &op.what) || !folder_of(d, path, &op.inode, &name))
		return failed(d, path, ENOENT);
	if (strikes(d, DISK_WRITE_FAILS))
		return failed(d, path, EIO);
	snprintf(op.name, sizeof op.name, "%s", name);
	op_add(d, op);
	d->live.inodes[op.what].used_n = 0; /* its space is free again */
	for (unsigned i = 0; i < d->real_n; i++)
		if (d->real[i] == op.inode) {
			char real[160];
			snprintf(real, sizeof real, "%s/%u/%s", d->scratch, op.inode, name);
			(void)unlink(real);
		}
	return CD_OK;
}

static cd_code sim_mkdir(struct cd_fs *fs, const char *path)
{
	struct disk *d = of(fs);
	uint32_t folder, inode;
	const char *name;
	if (inode_of(d, path, &inode))
		return CD_OK;
	if (!folder_of(d, path, &folder, &name))
		return failed(d, path, ENOENT);
	if (strikes(d, DISK_WRITE_FAILS))
		return failed(d, path, EIO);
	(void)enter(d, folder, name, true);
	return CD_OK;
}

static cd_code sim_sync_dir(struct cd_fs *fs, const char *path)
{
	struct disk *d = of(fs);
	uint32_t inode;
	if (!inode_of(d, path, &inode))
		return failed(d, path, ENOENT);
	return sync_inode(d, inode, SYNC_FOLDER);
}

static cd_code sim_list(struct cd_fs *fs, const char *path, void (*each)(void *, const char *), void *arg)
{
	struct disk *d = of(fs);
	uint32_t inode;
	if (!inode_of(d, path, &inode))
		return failed(d, path, ENOENT);
	/* `each` may remove what it is told of */
	size_t n = d->live.inodes[inode].entries_n;
	struct entry *copy = must(calloc(n + 1, sizeof *copy));
	if (n)
		memcpy(copy, d->live.inodes[inode].entries, n * sizeof *copy);
	for (size_t i = 0; i < n; i++)
		each(arg, copy[i].name);
	free(copy);
	return CD_OK;
}

/* One process at a time has this disk. */
static cd_code sim_lock(struct cd_fs *fs, const char *path, struct cd_file **ret)
{
	return sim_open(fs, path, CD_FILE_WRITE | CD_FILE_CREATE, ret);
}

static void make_real(struct disk *d, const char *folder, const struct entry *e)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s", folder, e->name);
	FILE *f = must(fopen(path, "w"));
	const struct inode *in = &d->live.inodes[e->inode];
	if (in->n && fwrite(in->data, 1, in->n, f) != in->n)
		abort();
	if (fclose(f))
		abort();
}

static const char *sim_lmdb_path(struct cd_fs *fs, const char *path, char *buf, size_t n)
{
	struct disk *d = of(fs);
	uint32_t inode = 0;
	if (!inode_of(d, path, &inode) || d->real_n == FOLDERS)
		abort();
	snprintf(buf, n, "%s/%u", d->scratch, inode);
	for (unsigned i = 0; i < d->real_n; i++)
		if (d->real[i] == inode)
			return buf;
	d->real[d->real_n++] = inode;
	if (mkdir(buf, 0700))
		abort();
	for (size_t i = 0; i < d->live.inodes[inode].entries_n; i++)
		make_real(d, buf, &d->live.inodes[inode].entries[i]);
	return buf;
}

static const struct cd_fs_ops ops = {
	.open = sim_open,
	.close = sim_close,
	.read = sim_read,
	.write = sim_write,
	.sync = sim_sync,
	.size = sim_size,
	.truncate = sim_truncate,
	.rename = sim_rename,
	.unlink = sim_unlink,
	.mkdir = sim_mkdir,
	.sync_dir = sim_sync_dir,
	.list = sim_list,
	.lock = sim_lock,
	.lmdb_path = sim_lmdb_path,
};

/* ---- LMDB ---- */

struct disk *disk_of_path(const char *path, uint32_t *ret_folder, const char **ret_name)
{
	for (struct disk *d = disks; d; d = d->next) {
		size_t n = strlen(d->scratch);
		unsigned folder;
		char name[NAME];
		if (strncmp(path, d->scratch, n) != 0 || sscanf(path + n, "/%u/%63s", &folder, name) != 2)
			continue;
		*ret_folder = folder;
		*ret_name = strrchr(path, '/') + 1;
		return d;
	}
	return NULL;
}

bool disk_lmdb_open(struct disk *d, uint32_t folder, const char *name, bool create, uint32_t *ret_inode)
{
	const struct entry *e = entry_find(&d->live.inodes[folder], name);
	if (!e && !create)
		return false;
	*ret_inode = e ? e->inode : enter(d, folder, name, false);
	return true;
}

bool disk_lmdb_write(struct disk *d, uint32_t inode, const void *from, size_t n, uint64_t at, size_t *ret_put)
{
	int e = write_fault(d, inode, n, at, ret_put);
	if (*ret_put)
		op_add(d, (struct op){.kind = WRITE,
				  .inode = inode,
				  .at = at,
				  .n = *ret_put,
				  .data = copied(from, *ret_put)});
	errno = e;
	return e == 0;
}

bool disk_lmdb_sync(struct disk *d, uint32_t inode)
{
	if (sync_inode(d, inode, SYNC) == CD_OK)
		return true;
	errno = EIO;
	return false;
}
