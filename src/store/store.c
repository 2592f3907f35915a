/*
 * The data directory: opened, closed, copied.
 *
 *   lock          held by the process that has the directory
 *   format        "cardo-data 1": what this is, and in which version; written last when a directory is made
 *   checkpoint/   LMDB
 *   log/          segments of the change log
 */
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_int.h"

#include <stdio.h>
#include <unistd.h>

#define FORMAT_NAME "cardo-data "
enum { FORMAT_VERSION = 1, CONTEXTS_MAX = 100000 };

cd_code cd_store_path(struct cd_cx *cx, const char *folder, const char *name, char *out)
{
	int n = snprintf(out, CD_STORE_PATH, "%s/%s", folder, name);
	if (n < 0 || n >= CD_STORE_PATH)
		return cd_fail(cx, CD_E_IO, NULL, "The path of the data directory is too long");
	return CD_OK;
}

static cd_code fs_fail(struct cd_cx *cx, struct cd_fs *fs, cd_code code)
{
	return code ? cd_fail(cx, code, NULL, "%s", fs->why) : CD_OK;
}

/* ---- the format file ---- */

static cd_code read_format(struct cd_cx *cx, struct cd_fs *fs, const char *path)
{
	char text[64] = "";
	size_t got = 0;
	struct cd_file *f;
	cd_code code = fs->ops->open(fs, path, CD_FILE_READ, &f);
	if (code)
		return code == CD_E_NOT_FOUND ? code : fs_fail(cx, fs, code);
	code = fs->ops->read(fs, f, text, sizeof text - 1, 0, &got);
	fs->ops->close(fs, f);
	if (code)
		return fs_fail(cx, fs, code);
	cd_str rest = cd_str_trim(cd_str_of(text, cd_str_find(cd_str_of(text, got), '\n')));
	unsigned long long version = 0;
	if (!cd_str_starts(rest, CD_STR(FORMAT_NAME)) ||
		!cd_str_u64(cd_str_skip(rest, sizeof FORMAT_NAME - 1), &version) || version == 0)
		return cd_fail(cx, CD_E_CORRUPT, NULL, "%s is not the format of a data directory", path);
	if (version > FORMAT_VERSION)
		return cd_fail(cx, CD_E_NOT_SUPPORTED, NULL,
			"The data directory has format %llu, this program knows up to %d", version,
			FORMAT_VERSION);
	return CD_OK;
}

static cd_code write_file(struct cd_fs *fs, const char *path, cd_str text)
{
	struct cd_file *f;
	cd_code code = fs->ops->open(fs, path, CD_FILE_WRITE | CD_FILE_CREATE, &f);
	if (code)
		return code;
	code = fs->ops->truncate(fs, f, 0);
	if (!code)
		code = fs->ops->write(fs, f, text.p, text.n, 0);
	if (!code)
		code = fs->ops->sync(fs, f);
	fs->ops->close(fs, f);
	return code;
}

static cd_code write_format(struct cd_cx *cx, struct cd_fs *fs, const char *folder)
{
	char path[CD_STORE_PATH], temp[CD_STORE_PATH], text[32];
	if (cd_store_path(cx, folder, "format", path) || cd_store_path(cx, folder, "format.new", temp))
		return cx->err.code;
	int n = snprintf(text, sizeof text, FORMAT_NAME "%d\n", FORMAT_VERSION);
	cd_code code = write_file(fs, temp, cd_str_of(text, (size_t)n));
	if (!code)
		code = fs->ops->rename(fs, temp, path);
	if (!code)
		code = fs->ops->sync_dir(fs, folder);
	return fs_fail(cx, fs, code);
}

/* ---- the folder ---- */

static void note_stranger(void *arg, const char *name)
{
	static const char *const ours[] = {"lock", "format.new", "checkpoint", "log"};
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strcmp(name, ours[i]) == 0)
			return;
	*(bool *)arg = true;
}

static void note_any(void *arg, const char *name)
{
	(void)name;
	*(bool *)arg = true;
}

static cd_code make_folder(struct cd_cx *cx, struct cd_fs *fs, const char *folder)
{
	char parent[CD_STORE_PATH];
	cd_code code = fs->ops->mkdir(fs, folder);
	if (code)
		return fs_fail(cx, fs, code);
	size_t n = strlen(folder);
	if (n >= sizeof parent)
		return cd_fail(cx, CD_E_IO, NULL, "The path of the data directory is too long");
	memcpy(parent, folder, n + 1);
	while (n > 1 && parent[n - 1] == '/')
		parent[--n] = 0;
	while (n > 0 && parent[n - 1] != '/')
		n--;
	if (n > 1)
		n--;
	memcpy(parent + n, n ? "" : ".", n ? 1 : 2);
	return fs_fail(cx, fs, fs->ops->sync_dir(fs, parent));
}

static cd_code make_parts(struct cd_cx *cx, struct cd_fs *fs, const char *folder)
{
	static const char *const parts[] = {"checkpoint", "log"};
	char path[CD_STORE_PATH];
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		cd_code code = cd_store_path(cx, folder, parts[i], path);
		if (!code)
			code = fs_fail(cx, fs, fs->ops->mkdir(fs, path));
		if (code)
			return code;
	}
	return fs_fail(cx, fs, fs->ops->sync_dir(fs, folder));
}

/*
 * A folder without a format file is a new one, or one whose making was cut short: then only our own empty
 * parts stand in it. Anything else is somebody else's, or a backup that was cut short.
 */
static cd_code check_fresh(struct cd_cx *cx, struct cd_fs *fs, const char *folder)
{
	static const char *const parts[] = {"checkpoint", "log"};
	char path[CD_STORE_PATH];
	bool strange = false;
	cd_code code = fs->ops->list(fs, folder, note_stranger, &strange);
	for (size_t i = 0; !code && i < sizeof parts / sizeof *parts; i++) {
		code = cd_store_path(cx, folder, parts[i], path);
		if (!code)
			code = fs->ops->list(fs, path, note_any, &strange);
		if (code == CD_E_NOT_FOUND)
			code = CD_OK;
	}
	if (!code && strange)
		return cd_fail(cx, CD_E_CORRUPT, NULL,
			"%s holds something, but is no complete data directory", folder);
	return fs_fail(cx, fs, code);
}

static cd_code take_folder(struct cd_cx *cx, struct cd_store *s)
{
	struct cd_fs *fs = s->fs;
	char path[CD_STORE_PATH];
	cd_code code = s->read_only ? CD_OK : make_folder(cx, fs, s->folder);
	if (!code)
		code = cd_store_path(cx, s->folder, "lock", path);
	if (!code)
		code = fs_fail(cx, fs, fs->ops->lock(fs, path, &s->folder_lock));
	if (!code)
		code = cd_store_path(cx, s->folder, "format", path);
	if (code)
		return code;
	code = read_format(cx, fs, path);
	if (!code && !s->read_only) /* a life that was killed may have left the name with the kernel only */
		code = fs_fail(cx, fs, fs->ops->sync_dir(fs, s->folder));
	if (code != CD_E_NOT_FOUND)
		return code;
	if (s->read_only)
		return cd_fail(cx, CD_E_NOT_FOUND, NULL, "%s is not a data directory", s->folder);
	code = check_fresh(cx, fs, s->folder);
	if (!code)
		code = make_parts(cx, fs, s->folder);
	return code ? code : write_format(cx, fs, s->folder);
}

/* ---- open ---- */

static uint64_t memory_bound(const struct cd_settings *set)
{
	if (set->memory_max)
		return set->memory_max;
	long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
	return pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes / 4 * 3 : UINT64_MAX;
}

static void init_locks(struct cd_store *s)
{
	pthread_condattr_t mono;
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->keep_lock, NULL);
	pthread_mutex_init(&s->ask_lock, NULL);
	pthread_cond_init(&s->wake, &mono);
	pthread_cond_init(&s->ask_cond, &mono);
	pthread_condattr_destroy(&mono);
}

static struct cd_store *store_new(const struct cd_store_config *conf)
{
	size_t folder_n = strlen(conf->set->data);
	struct cd_store *s = cd_mem_zalloc(sizeof *s + folder_n + 1);
	if (!s)
		return NULL;
	memcpy(s + 1, conf->set->data, folder_n + 1);
	s->folder = (const char *)(s + 1);
	s->set = conf->set;
	s->fs = conf->fs;
	s->metrics = conf->metrics;
	s->participants = conf->participants;
	s->read_only = conf->read_only;
	s->threads = conf->threads && !conf->read_only;
	s->memory_max = memory_bound(conf->set);
	s->id_seed = 0x9e3779b97f4a7c15u;
	(void)cd_random(&s->id_seed, sizeof s->id_seed); /* without randomness a fixed seed serves */
	init_locks(s);
	cd_arena_init(&s->lapse_arena, conf->set->request_memory);
	cd_reclaim_init(&s->reclaim);
	return s;
}

static cd_code make_tables(struct cd_cx *cx, struct cd_store *s)
{
	s->names = cd_names_new(s->set->names_max);
	s->contexts = cd_names_new(CONTEXTS_MAX);
	s->tenant_names = cd_names_new(UINT32_MAX); /* bounded by tenants_max, batches that failed aside */
	if (!s->names || !s->contexts || !s->tenant_names || cd_keep_init(s))
		return cd_fail_memory(cx);
	return CD_OK;
}

static void first_metrics(struct cd_store *s)
{
	const struct cd_root *root = s->reclaim.newest->root;
	uint64_t entities = 0;
	for (uint32_t i = 0; i < root->tenants_n; i++)
		entities += cd_tenant_count(root->tenants[i]);
	cd_metric_set(s->metrics, CD_M_entities, entities);
	cd_metric_set(s->metrics, CD_M_tenants, root->tenants_n);
	cd_metric_set(s->metrics, CD_M_names, cd_names_count(s->names));
	cd_metric_set(s->metrics, CD_M_revision, root->version);
	cd_count_memory(s);
	cd_metric_set(s->metrics, CD_M_checkpoint_lag_bytes, root->log_bytes - s->meta.log_position);
}

static cd_code start_threads(struct cd_cx *cx, struct cd_store *s)
{
	if (!s->threads)
		return CD_OK;
	s->writer_runs = pthread_create(&s->writer_thread, NULL, cd_writer_main, s) == 0;
	s->keep_runs = s->writer_runs && pthread_create(&s->keep_thread, NULL, cd_keep_main, s) == 0;
	return s->keep_runs ? CD_OK
			    : cd_fail(cx, CD_E_NO_MEMORY, NULL, "The store's threads could not be started");
}

static void stop_threads(struct cd_store *s)
{
	atomic_store(&s->stop, true);
	pthread_mutex_lock(&s->lock);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_mutex_lock(&s->ask_lock);
	pthread_cond_signal(&s->ask_cond);
	pthread_mutex_unlock(&s->ask_lock);
	if (s->writer_runs)
		pthread_join(s->writer_thread, NULL);
	if (s->keep_runs)
		pthread_join(s->keep_thread, NULL);
	s->writer_runs = s->keep_runs = s->threads = false;
}

static void forget_tenant(struct cd_edit *e, struct cd_tenant *t)
{
	struct cd_tree_at at;
	struct cd_key key = {0, 0};
	uint64_t value;
	cd_tree_seek(t->entities, key, &at);
	while (cd_tree_next(&at, &key, &value))
		cd_block_free(e->reclaim, (struct cd_block *)(uintptr_t)value);
	cd_tree_drop(e, &t->entities);
	cd_tree_drop(e, &t->ids);
	cd_tree_drop(e, &t->types);
	cd_tree_drop(e, &t->uses);
	cd_tree_drop(e, &t->expiry);
	for (unsigned i = 0; i < t->indexes_n; i++) {
		cd_tree_drop(e, &t->indexes[i].tree);
		cd_tree_drop(e, &t->indexes[i].rest);
	}
	cd_mem_free(t);
}

void cd_store_forget(struct cd_store *s)
{
	struct cd_edit e = {.edition = UINT64_MAX, .reclaim = &s->reclaim};
	struct cd_root *root = cd_reclaim_forget(&s->reclaim);
	for (uint32_t i = 0; root && i < root->tenants_n; i++)
		forget_tenant(&e, root->tenants[i]);
	if (root)
		cd_tree_drop(&e, &root->tenant_ids);
	cd_mem_free(root);
	cd_mem_free(s->batch.root); /* of a recovery that failed */
	cd_reclaim_done(&s->reclaim);
}

static void store_free(struct cd_store *s)
{
	stop_threads(s);
	cd_keep_done(s);
	cd_log_close(s->log);
	cd_ckpt_close(s->ckpt);
	cd_store_forget(s);
	cd_mem_free(s->batch.accepted);
	cd_uses_done(&s->batch.uses);
	cd_arena_done(&s->lapse_arena);
	cd_index_uses_free(s);
	cd_names_free(s->names);
	cd_names_free(s->contexts);
	cd_names_free(s->tenant_names);
	if (s->folder_lock)
		s->fs->ops->close(s->fs, s->folder_lock);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->keep_lock);
	pthread_mutex_destroy(&s->ask_lock);
	pthread_cond_destroy(&s->wake);
	pthread_cond_destroy(&s->ask_cond);
	cd_mem_free(s);
}

cd_code cd_store_open(struct cd_cx *cx, const struct cd_store_config *conf, struct cd_store **ret)
{
	struct cd_store *s = store_new(conf);
	if (!s)
		return cd_fail_memory(cx);
	cd_code code = make_tables(cx, s);
	if (!code)
		code = take_folder(cx, s);
	if (!code)
		code = cd_recover(cx, s);
	if (!code) {
		const struct cd_root *root = s->reclaim.newest->root;
		atomic_store(&s->version, root->version);
		atomic_store(&s->written, root->log_bytes);
		atomic_store(&s->checkpointed, s->meta.log_position);
		s->keep_asked_at = root->log_bytes;
		first_metrics(s);
		code = start_threads(cx, s);
	}
	if (code) {
		store_free(s);
		return code;
	}
	*ret = s;
	return CD_OK;
}

void cd_store_close(struct cd_store *s)
{
	struct cd_arena arena;
	struct cd_cx cx;
	if (!s)
		return;
	stop_threads(s);
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, s->set);
	if (cd_store_writable(s)) {
		(void)cd_store_run(s);
		if (cd_store_writable(s) && cd_store_checkpoint(&cx, s))
			cd_log(CD_LOG_WARN, "store", 0, "closed without a checkpoint; the log has everything",
				cx.err.detail, NULL);
		/* what it does not need is only space: a failure costs nothing else */
		if (cd_store_writable(s))
			(void)cd_log_trim(s->log, atomic_load(&s->trim_to));
	}
	cd_arena_done(&arena);
	store_free(s);
}

const struct cd_names *cd_store_names(const struct cd_store *s)
{
	return s->names;
}

bool cd_store_writable(const struct cd_store *s)
{
	return cd_writable(s);
}

uint64_t cd_store_identity(const struct cd_store *s)
{
	/* half of a hash: who knew the seed could make ids that collide, and a whole one can be turned back
	 */
	return cd_hash64(cd_str_of((const char *)&s->id_seed, sizeof s->id_seed), 1) >> 32;
}

uint64_t cd_store_version(const struct cd_store *s)
{
	return atomic_load_explicit(&s->version, memory_order_acquire);
}

/* ---- backup ---- */

static bool no_pace(void *arg)
{
	(void)arg;
	return true;
}

/* The copy begins a log of its own, at position 0. */
static cd_code copy_root(struct cd_cx *cx, struct cd_store *s, const char *folder, const struct cd_root *root)
{
	char path[CD_STORE_PATH];
	struct cd_ckpt *ckpt;
	struct cd_ckpt_meta nothing;
	struct cd_ckpt_write w = {
		.root = root,
		.names = s->names,
		.contexts = s->contexts,
		.meta =
			{
				.version = root->version,
				.next_number = root->next_number,
				.id_seed = s->id_seed,
				.target = root->version,
				.names_n = cd_names_count(s->names),
				.contexts_n = cd_names_count(s->contexts),
				.tenants_n = root->tenants_n,
			},
		.pace = no_pace,
	};
	cd_code code = cd_store_path(cx, folder, "checkpoint", path);
	if (!code)
		code = cd_ckpt_open(cx, s->fs, path, s->set->checkpoint_map, false, &ckpt, &nothing);
	if (code)
		return code;
	code = cd_ckpt_write(cx, ckpt, &w);
	cd_ckpt_close(ckpt);
	return code;
}

cd_code cd_store_backup(struct cd_cx *cx, struct cd_store *s, const char *folder, uint64_t *ret_version)
{
	bool any = false;
	cd_code code = make_folder(cx, s->fs, folder);
	if (!code)
		code = fs_fail(cx, s->fs, s->fs->ops->list(s->fs, folder, note_any, &any));
	if (!code && any)
		code = cd_fail(cx, CD_E_ALREADY_EXISTS, NULL, "%s is not empty", folder);
	if (!code)
		code = make_parts(cx, s->fs, folder);
	if (code)
		return code;
	struct cd_reader *reader = cd_reader_new(s);
	if (!reader)
		return cd_fail_memory(cx);
	const struct cd_root *root = cd_pin(reader); /* its only pin: there is a slot */
	code = copy_root(cx, s, folder, root);
	if (!code)
		code = write_format(cx, s->fs, folder); /* last: without it nobody takes it for complete */
	if (!code)
		*ret_version = root->version;
	cd_unpin(reader, root);
	cd_reader_free(reader);
	return code;
}
