/*
 * `cardo import`: files of entities, of any size, in batches. An entity that is refused is reported with its
 * line and does not end the import; broken JSON between entities does, because nobody knows where the next
 * one begins.
 */
#include "cli/command.h"
#include "intake/items.h"
#include "cli/target.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

const struct cd_flag cd_flags_import[] = {
	{"--url", "URL",
		"write through a running server instead of into the data directory: http://localhost:9090"},
	{"--mode", "MODE",
		"upsert (create or replace), create, update (attributes overwrite), append (attributes do "
		"not overwrite), merge"},
	{"--context", "URL", "@context of entities that bring none"},
	{"--tenant", "NAME", "tenant to write to"},
	{"--strict", NULL, "stop at the first entity that is refused"},
	{0},
};

enum { FILES_MAX = 1000, REPORTED_MAX = 100, BATCH_BYTES = 4 << 20 };

struct import {
	struct cd_import_plan plan;
	bool strict;
	const char *files[FILES_MAX];
	unsigned files_n;
	const char *file; /* being read */
	struct cd_target *target;
	struct cd_import_batch batch;
	uint64_t read, failed, batches;
	cd_time_us began, told;
};

static cd_code take_flag(void *arg, struct cd_cx *cx, const char *flag, cd_str value)
{
	struct import *im = arg;
	cd_str name = cd_str_z(flag), text = cd_arena_copy(cx->arena, value);
	if (!text.p)
		return cd_fail_memory(cx);
	if (!flag && im->files_n == FILES_MAX)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "More than %d files", FILES_MAX);
	if (!flag)
		im->files[im->files_n++] = text.p;
	else if (cd_str_eq(name, CD_STR("--url")))
		im->plan.url = text.p;
	else if (cd_str_eq(name, CD_STR("--mode")))
		im->plan.mode = text.p;
	else if (cd_str_eq(name, CD_STR("--context")))
		im->plan.context = text.p;
	else if (cd_str_eq(name, CD_STR("--tenant")))
		im->plan.tenant = text.p;
	else
		im->strict = true;
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

static void refused(void *arg, uint64_t line, const char *id, const char *why)
{
	struct import *im = arg;
	im->failed++;
	if (im->failed <= REPORTED_MAX)
		fprintf(stderr, "%s:%llu: %s: %s\n", im->file, (unsigned long long)line,
			id && id[0] ? id : "(no id)", why ? why : "refused");
	if (im->failed == REPORTED_MAX)
		fprintf(stderr, "(further ones are only counted)\n");
}

static void tell_progress(struct import *im, bool end)
{
	cd_time_us now = cd_time_mono();
	if (!isatty(STDERR_FILENO) || (!end && now - im->told < 500000))
		return;
	im->told = now;
	double s = (double)(now - im->began) / 1e6;
	fprintf(stderr, "\r%llu entities, %.0f a second%s", (unsigned long long)im->read,
		(double)im->read / (s > 0 ? s : 1), end ? "\n" : "  ");
}

static cd_code flush(struct import *im, struct cd_cx *cx)
{
	if (im->batch.n == 0)
		return CD_OK;
	cd_code code = im->target->ops->write(im->target, cx, &im->batch, refused, im);
	im->batch.n = 0;
	im->batches++;
	cd_buf_reset(&im->batch.text);
	tell_progress(im, false);
	if (!code && im->strict && im->failed)
		return cd_fail(
			cx, CD_E_BAD_REQUEST_DATA, NULL, "Stopped at the first refused entity (--strict)");
	return code;
}

static cd_code take_item(void *arg, struct cd_cx *cx, cd_str item, uint64_t line)
{
	static const char padding[CD_JSON_PADDING];
	struct import *im = arg;
	struct cd_import_batch *b = &im->batch;
	b->item[b->n].at = b->text.n;
	b->item[b->n].n = item.n;
	b->item[b->n++].line = line;
	cd_buf_put(&b->text, item);
	cd_buf_put(&b->text, cd_str_of(padding, sizeof padding));
	if (b->text.bad)
		return cd_fail_memory(cx);
	im->read++;
	/* under --strict one at a time, so that nothing behind the refused one is written */
	bool full = im->strict || b->n == sizeof b->item / sizeof *b->item || b->text.n >= BATCH_BYTES;
	return full ? flush(im, cx) : CD_OK;
}

static cd_code read_stream(struct import *im, struct cd_cx *cx, FILE *f)
{
	static char chunk[1 << 18];
	struct cd_items items;
	cd_items_init(&items, cx->set->body_max, take_item, im);
	cd_code code = CD_OK;
	size_t n;
	while (!code && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
		code = cd_items_feed(&items, cx, cd_str_of(chunk, n));
	if (!code && ferror(f))
		code = cd_fail(cx, CD_E_IO, im->file, "%s", strerror(errno));
	if (!code)
		code = cd_items_end(&items, cx);
	if (!code || !im->strict) {
		/* what came before broken JSON is still good */
		struct cd_err first = cx->err;
		cd_cx_clear(cx);
		cd_code last = flush(im, cx);
		if (first.code)
			cx->err = first;
		code = code ? code : last;
	}
	cd_items_done(&items);
	return code;
}

static cd_code read_file(struct import *im, struct cd_cx *cx)
{
	if (cd_str_eq(cd_str_z(im->file), CD_STR("-")))
		return read_stream(im, cx, stdin);
	FILE *f = fopen(im->file, "rb");
	if (!f)
		return cd_fail(cx, CD_E_NOT_FOUND, im->file, "%s", strerror(errno));
	cd_code code = read_stream(im, cx, f);
	fclose(f);
	return code;
}

static cd_code import_all(struct import *im, struct cd_cx *cx)
{
	im->target = im->plan.url ? cd_target_server(cx, cx->set, &im->plan)
				  : cd_target_store(cx, cx->set, &im->plan);
	if (!im->target)
		return cx->err.code;
	cd_code code = CD_OK;
	im->began = cd_time_mono();
	cd_buf_init(&im->batch.text, SIZE_MAX / 2);
	for (unsigned i = 0; !code && i < im->files_n; i++) {
		im->file = im->files[i];
		code = read_file(im, cx);
	}
	tell_progress(im, true);
	cd_buf_done(&im->batch.text);
	cd_code closed = im->target->ops->close(im->target, cx);
	return code ? code : closed;
}

int cd_cmd_import(struct cd_cx *cx, int argc, char **argv)
{
	static struct import im = {.plan = {.mode = "upsert", .tenant = ""}};
	struct cd_settings set;
	cx->set = &set;
	if (cd_cli_settings(cx, &set, cd_flags_import, argc, argv, take_flag, &im) ||
		check_mode(cx, im.plan.mode))
		return cd_cli_fail(cx);
	if (im.files_n == 0) {
		(void)cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "Which file? - is standard input");
		return cd_cli_fail(cx);
	}
	cd_code code = import_all(&im, cx);
	printf("%llu entities read, %llu refused\n", (unsigned long long)im.read,
		(unsigned long long)im.failed);
	if (code)
		return cd_cli_fail(cx);
	return im.failed ? 1 : 0;
}
