/*
 * `cardo import`: files of entities, or of anything that a mapping makes entities of, of any size, in
 * batches.
 *
 * What is wrong with the data is told and does not end the import, except under --strict; broken JSON between
 * entities does, because nobody knows where the next one begins. How far it has come stands in a small file,
 * so that --resume goes on behind an interruption: the run is the same each time, so "behind the n-th entity
 * of this file" is a place.
 */
#include "cli/import.h"

#include "base/hash.h"
#include "cli/command.h"
#include "cli/suggest.h"
#include "intake/items.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

const struct cd_flag cd_flags_import[] = {
	{"--map", "MAPPING", "make entities of the files by this mapping: a name (see --maps), or a file"},
	{"--with", "NAME=FILE", "the file that a lookup of the mapping reads"},
	{"--maps", NULL, "list the mappings that come with the program"},
	{"--suggest", NULL, "import nothing: write a first mapping for the file to standard output"},
	{"--type", "TYPE", "make entities of this type of GeoJSON features, without a mapping"},
	{"--url", "URL",
		"write through a running server instead of into the data directory: http://localhost:9090"},
	{"--mode", "MODE",
		"upsert (create or replace), create, update (attributes overwrite), append (attributes do "
		"not overwrite), merge"},
	{"--context", "URL", "@context of entities that bring none"},
	{"--tenant", "NAME", "tenant to write to"},
	{"--strict", NULL, "stop at the first fault, and at the first entity that is refused"},
	{"--faults", "FILE", "write all faults into this file, as CSV"},
	{"--dry-run", NULL, "read and map, but write nothing"},
	{"--print", NULL, "write the entities to standard output, one a line, instead of into a twin"},
	{"--resume", NULL, "go on where the same import was interrupted"},
	{0},
};

enum { FILES_MAX = 1000, WITHS_MAX = 64, REPORTED_MAX = 100, BATCH_BYTES = 4 << 20 };

struct import {
	struct cd_import_plan plan;
	bool strict, dry, print, resume, list, suggest;
	const char *map, *type;
	struct cd_map_with with[WITHS_MAX];
	unsigned with_n;
	const char *files[FILES_MAX];
	unsigned files_n;
	const char *file; /* being read */
	struct cd_mapping *mapping;
	struct cd_target *target; /* NULL: nothing is written */
	struct cd_import_batch batch;
	struct cd_faults faults;
	struct cd_progress progress;
	uint64_t skip;               /* entities of this file that were written before the interruption */
	uint64_t read, failed, rows; /* of all files */
	struct cd_map_count count;   /* of this file */
	uint64_t file_entities;      /* of this file, batches and skipped ones included */
	cd_time_us began, told;
};

/* ---- arguments ---- */

static cd_code take_with(struct import *im, struct cd_cx *cx, cd_str text)
{
	size_t eq = cd_str_find(text, '=');
	if (eq == text.n || eq == 0)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--with", "Expected NAME=FILE");
	if (im->with_n == WITHS_MAX)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--with", "More than %d", WITHS_MAX);
	im->with[im->with_n++] = (struct cd_map_with){cd_str_of(text.p, eq), text.p + eq + 1};
	return CD_OK;
}

static cd_code take_flag(void *arg, struct cd_cx *cx, const char *flag, cd_str value)
{
	struct import *im = arg;
	const struct {
		const char *name;
		const char **text;
		bool *set;
	} flags[] = {
		{"--map", &im->map, NULL},
		{"--type", &im->type, NULL},
		{"--url", &im->plan.url, NULL},
		{"--mode", &im->plan.mode, NULL},
		{"--context", &im->plan.context, NULL},
		{"--tenant", &im->plan.tenant, NULL},
		{"--faults", &im->faults.path, NULL},
		{"--maps", NULL, &im->list},
		{"--suggest", NULL, &im->suggest},
		{"--strict", NULL, &im->strict},
		{"--dry-run", NULL, &im->dry},
		{"--print", NULL, &im->print},
		{"--resume", NULL, &im->resume},
	};
	cd_str name = cd_str_z(flag), text = cd_arena_copy(cx->arena, value);
	if (!text.p)
		return cd_fail_memory(cx);
	if (!flag && im->files_n == FILES_MAX)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "More than %d files", FILES_MAX);
	if (!flag)
		im->files[im->files_n++] = text.p;
	else if (cd_str_eq(name, CD_STR("--with")))
		return take_with(im, cx, text);
	for (size_t i = 0; flag && i < sizeof flags / sizeof *flags; i++) {
		if (!cd_str_eq(name, cd_str_z(flags[i].name)))
			continue;
		if (flags[i].text)
			*flags[i].text = text.p;
		else
			*flags[i].set = true;
	}
	return CD_OK;
}

static cd_code check_mode(struct cd_cx *cx, const char *mode)
{
	static const char *const modes[] = {"upsert", "create", "update", "append", "merge"};
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (cd_str_eq(cd_str_z(modes[i]), cd_str_z(mode)))
			return CD_OK;
	return cd_fail(
		cx, CD_E_BAD_REQUEST_DATA, "--mode", "Expected upsert, create, update, append or merge");
}

static bool features_by_name(const char *path)
{
	cd_str name = cd_str_z(path), gz = CD_STR(".gz"), ending = CD_STR(".geojson");
	if (name.n > gz.n && cd_str_eq(cd_str_skip(name, name.n - gz.n), gz))
		name.n -= gz.n;
	return name.n > ending.n && cd_str_eq(cd_str_skip(name, name.n - ending.n), ending);
}

static cd_code check_arguments(struct import *im, struct cd_cx *cx)
{
	if (check_mode(cx, im->plan.mode))
		return cx->err.code;
	if (im->files_n == 0)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "Which file? - is standard input");
	if (im->map && im->type)
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, "--type", "The mapping says which type entities get");
	for (unsigned i = 0; i < im->files_n; i++) {
		if (!im->map && !im->type && features_by_name(im->files[i]))
			return cd_fail(cx, CD_E_BAD_REQUEST_DATA, im->files[i],
				"Which type have these features? --type Tree makes trees of them");
		if (im->resume && cd_str_eq(cd_str_z(im->files[i]), CD_STR("-")))
			return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--resume",
				"Standard input can not be read from the beginning again");
	}
	return CD_OK;
}

/* ---- progress ---- */

static void clear_line(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void tell_progress(struct import *im, bool end)
{
	cd_time_us now = cd_time_mono();
	if (!isatty(STDERR_FILENO) || (!end && now - im->told < 500000))
		return;
	im->told = now;
	double s = (double)(now - im->began) / 1e6, part = 0;
	if (im->count.bytes)
		part = (double)im->count.at / (double)im->count.bytes;
	clear_line();
	fprintf(stderr, "%llu entities, %.0f a second", (unsigned long long)im->read,
		(double)im->read / (s > 0 ? s : 1));
	if (!end && part > 0.001 && im->files_n == 1)
		fprintf(stderr, ", %.0f %%, %.0f s left", part * 100, s / part - s);
	else if (!end && part > 0)
		fprintf(stderr, ", %s: %.0f %%", im->file, part * 100);
	fputs(end ? "\n" : "", stderr);
}

/* ---- batches ---- */

static void refused(void *arg, uint64_t line, const char *id, const char *why)
{
	struct import *im = arg;
	im->failed++;
	im->progress.refused++;
	if (im->failed == 1)
		clear_line();
	if (im->failed <= REPORTED_MAX)
		fprintf(stderr, "%s:%llu: %s: %s\n", im->file, (unsigned long long)line,
			id && id[0] ? id : "(no id)", why ? why : "refused");
	if (im->failed == REPORTED_MAX)
		fprintf(stderr, "(further ones are only counted)\n");
}

static cd_code flush(struct import *im, struct cd_cx *cx)
{
	if (im->batch.n == 0)
		return CD_OK;
	cd_code code = CD_OK;
	if (im->target)
		code = im->target->ops->write(im->target, cx, &im->batch, refused, im);
	im->batch.n = 0;
	cd_buf_reset(&im->batch.text);
	if (!code) {
		im->progress.entities = im->file_entities;
		cd_progress_write(&im->progress, false);
	}
	tell_progress(im, false);
	if (!code && im->strict && im->failed)
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, NULL, "Stopped at the first refused entity (--strict)");
	return code;
}

static cd_code print_item(struct import *im, struct cd_cx *cx, cd_str item)
{
	(void)im;
	/* as a line: outside of strings JSON may hold line ends, inside of them not */
	for (size_t i = 0; i < item.n; i++)
		putc_unlocked(item.p[i] == '\n' || item.p[i] == '\r' ? ' ' : item.p[i], stdout);
	if (putc_unlocked('\n', stdout) == EOF)
		return cd_fail(cx, CD_E_IO, "--print", "%s", strerror(errno));
	return CD_OK;
}

static cd_code take_item(void *arg, struct cd_cx *cx, cd_str item, uint64_t line)
{
	static const char padding[CD_JSON_PADDING];
	struct import *im = arg;
	struct cd_import_batch *b = &im->batch;
	if (im->file_entities++ < im->skip)
		return CD_OK;
	im->read++;
	if (im->print)
		return print_item(im, cx, item);
	if (!im->target) {
		tell_progress(im, false);
		return CD_OK;
	}
	b->item[b->n].at = b->text.n;
	b->item[b->n].n = item.n;
	b->item[b->n++].line = line;
	cd_buf_put(&b->text, item);
	cd_buf_put(&b->text, cd_str_of(padding, sizeof padding));
	if (b->text.bad)
		return cd_fail_memory(cx);
	/* under --strict one at a time, so that nothing behind the refused one is written */
	bool full = im->strict || b->n == CD_IMPORT_BATCH_MAX || b->text.n >= BATCH_BYTES;
	return full ? flush(im, cx) : CD_OK;
}

static cd_code take_fault(void *arg, struct cd_cx *cx, const struct cd_map_fault *fault)
{
	struct import *im = arg;
	if (im->faults.n < (uint64_t)CD_FAULTS_SHOWN * CD_FAULT_KINDS_MAX)
		clear_line();
	cd_faults_add(&im->faults, fault);
	if (im->strict)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "Stopped at the first fault (--strict)");
	return CD_OK;
}

/* ---- files ---- */

static cd_code read_mapped(struct import *im, struct cd_cx *cx)
{
	const struct cd_map_sink sink = {take_item, take_fault, im};
	const struct cd_map_input input = {.path = im->file, .with = im->with, .with_n = im->with_n};
	return cd_map_run(cx, im->mapping, &input, &sink, &im->count);
}

static cd_code read_items(struct import *im, struct cd_cx *cx)
{
	static char chunk[1 << 18];
	struct cd_stream *in;
	struct cd_items items;
	size_t n = 1;
	if (cd_stream_open(cx, im->file, &in))
		return cx->err.code;
	im->count.bytes = in->size;
	cd_items_init(&items, cx->set->body_max, take_item, im);
	while (n && !cd_stream_read(in, cx, chunk, sizeof chunk, &n) && n) {
		im->count.at = in->at;
		if (cd_items_feed(&items, cx, cd_str_of(chunk, n)))
			break;
	}
	if (!cx->err.code)
		(void)cd_items_end(&items, cx);
	cd_items_done(&items);
	cd_stream_close(in);
	return cx->err.code;
}

/* The file must be the one that was being read. */
static cd_code go_on(struct import *im, struct cd_cx *cx, unsigned i)
{
	struct stat st = {0};
	uint64_t size = 0, modified = 0;
	if (stat(im->file, &st) == 0) {
		size = (uint64_t)st.st_size;
		modified = (uint64_t)st.st_mtim.tv_sec * 1000000 + (uint64_t)st.st_mtim.tv_nsec / 1000;
	}
	im->skip = 0;
	if (im->resume && i == im->progress.file) {
		if (size != im->progress.size || modified != im->progress.modified_us)
			return cd_fail(cx, CD_E_CONFLICT, im->file,
				"The file has changed since; import it anew, without --resume");
		im->skip = im->progress.entities;
		im->failed += im->progress.refused;
		fprintf(stderr, "%s: going on behind %llu entities\n", im->file,
			(unsigned long long)im->skip);
		return CD_OK;
	}
	im->progress.file = i;
	im->progress.size = size;
	im->progress.modified_us = modified;
	im->progress.entities = im->progress.refused = 0;
	cd_progress_write(&im->progress, true);
	return CD_OK;
}

static cd_code read_file(struct import *im, struct cd_cx *cx, unsigned i)
{
	im->file = im->files[i];
	im->count = (struct cd_map_count){0};
	im->file_entities = 0;
	if (go_on(im, cx, i))
		return cx->err.code;
	cd_code code = im->mapping ? read_mapped(im, cx) : read_items(im, cx);
	im->rows += im->count.rows;
	if (!code || !im->strict) {
		/* what came before a failure is still good */
		struct cd_err first = cx->err;
		cd_cx_clear(cx);
		cd_code last = flush(im, cx);
		if (first.code)
			cx->err = first;
		code = code ? code : last;
	}
	if (!code)
		im->progress.entities = im->file_entities;
	cd_progress_write(&im->progress, true);
	return code;
}

/* ---- the whole ---- */

/* What tells one import from another: its progress is not that of another. */
static void name_progress(struct import *im, struct cd_cx *cx, cd_str mapping)
{
	uint64_t job = cd_hash64(mapping, 1);
	const char *const parts[] = {im->plan.mode, im->plan.tenant, im->plan.context, im->plan.url};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		job = cd_hash64(cd_str_z(parts[i]), job + i);
	for (unsigned i = 0; i < im->files_n; i++)
		job = cd_hash64(cd_str_z(im->files[i]), job);
	im->progress.job = job;
	int n = im->plan.url
			? snprintf(im->progress.path, sizeof im->progress.path, "%s.import", im->files[0])
			: snprintf(im->progress.path, sizeof im->progress.path, "%s/import.json",
				  cx->set->data);
	if (n >= (int)sizeof im->progress.path ||
		(im->plan.url && cd_str_eq(cd_str_z(im->files[0]), CD_STR("-"))))
		im->progress.path[0] = 0;
}

static cd_code prepare(struct import *im, struct cd_cx *cx)
{
	cd_str text = CD_STR("");
	if (im->map && cd_import_mapping(cx, im->map, &im->mapping, &text))
		return cx->err.code;
	if (im->type && cd_import_features(cx, im->type, &im->mapping, &text))
		return cx->err.code;
	if (cd_faults_open(&im->faults, cx))
		return cx->err.code;
	if (im->dry || im->print) {
		im->resume = false;
		return CD_OK;
	}
	im->target = im->plan.url ? cd_target_server(cx, cx->set, &im->plan)
				  : cd_target_store(cx, cx->set, &im->plan);
	if (!im->target)
		return cx->err.code;
	name_progress(im, cx, text);
	if (!im->resume)
		return CD_OK;
	im->resume = cd_progress_read(&im->progress, cx);
	if (!im->resume && !cx->err.code)
		fprintf(stderr, "Nothing was interrupted: beginning at the beginning\n");
	return cx->err.code;
}

static cd_code import_all(struct import *im, struct cd_cx *cx)
{
	cd_buf_init(&im->batch.text, SIZE_MAX / 2);
	cd_code code = prepare(im, cx);
	im->began = cd_time_mono();
	for (unsigned i = im->resume ? im->progress.file : 0; !code && i < im->files_n; i++)
		code = read_file(im, cx, i);
	tell_progress(im, true);
	if (!code)
		cd_progress_end(&im->progress);
	cd_buf_done(&im->batch.text);
	cd_mapping_close(im->mapping);
	struct cd_err first = cx->err;
	cd_cx_clear(cx);
	if (im->target)
		(void)im->target->ops->close(im->target, cx);
	(void)cd_faults_close(&im->faults, cx);
	if (first.code)
		cx->err = first;
	return cx->err.code;
}

static void tell_result(const struct import *im)
{
	FILE *to = im->print ? stderr : stdout;
	double s = (double)(cd_time_mono() - im->began) / 1e6;
	if (!im->mapping) {
		fprintf(to, "%llu entities read, %llu refused\n", (unsigned long long)im->read,
			(unsigned long long)im->failed);
		return;
	}
	const struct cd_mapping_about *about = cd_mapping_about(im->mapping);
	fprintf(to,
		"%llu rows read, %llu entities %s, %llu refused, %llu faults, in %.2f s (%.0f entities a "
		"second)\n",
		(unsigned long long)im->rows,
		(unsigned long long)(im->read - (im->dry || im->print ? 0 : im->failed)),
		im->dry || im->print ? "made" : "written", (unsigned long long)im->failed,
		(unsigned long long)im->faults.n, s, (double)im->read / (s > 0 ? s : 1));
	cd_faults_tell(&im->faults, to);
	if (about->attribution.n)
		fprintf(to, "Source: " CD_STR_FMT "%s" CD_STR_FMT "\n", CD_STR_ARG(about->attribution),
			about->license.n ? ", " : "", CD_STR_ARG(about->license));
}

int cd_cmd_import(struct cd_cx *cx, int argc, char **argv)
{
	static struct import im = {.plan = {.mode = "upsert", .tenant = ""}};
	struct cd_settings set;
	cx->set = &set;
	if (cd_cli_settings(cx, &set, cd_flags_import, argc, argv, take_flag, &im))
		return cd_cli_fail(cx);
	if (im.list)
		return cd_import_list(cx, stdout) ? cd_cli_fail(cx) : 0;
	if (im.suggest)
		return cd_cli_suggest(cx, im.files, im.files_n);
	if (check_arguments(&im, cx))
		return cd_cli_fail(cx);
	im.began = cd_time_mono();
	cd_code code = import_all(&im, cx);
	if (!code || im.read)
		tell_result(&im);
	if (fflush(stdout) != 0 && !code)
		code = cd_fail(cx, CD_E_IO, NULL, "%s", strerror(errno));
	if (code)
		return cd_cli_fail(cx);
	return im.failed ? 1 : 0;
}
