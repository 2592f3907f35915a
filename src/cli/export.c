/*
 * `cardo export`: everything out, in the order of creation, a piece at a time. The same twin gives the same
 * bytes, and so does a twin that was imported from them.
 */
#include "cli/export.h"

#include "base/mem.h"
#include "cli/command.h"
#include "store/root.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const struct cd_flag cd_flags_export[] = {
	{"--format", "FORMAT",
		"jsonld (an array, the default), ndjson (an entity a line), geojson (a FeatureCollection), "
		"geojsonseq (features as a sequence, RFC 8142), csv (a table, which can not hold "
		"everything)"},
	{"--form", "FORM",
		"normalized, concise or simplified entities; else normalized, in GeoJSON simplified. Only "
		"normalized and concise ones hold everything"},
	{"--type", "TYPES", "entities of these types: A, or A,B, as in a query"},
	{"--q", "QUERY", "entities that fulfil it, as in a query: 'free>10'"},
	{"--context", "URL", "write names as this @context shortens them; types and queries are read by it"},
	{"--sys-attrs", NULL, "with createdAt and modifiedAt, which an import does not take over"},
	{"--geometry", "NAME", "the attribute that places a feature [location]"},
	{"--tenant", "NAME", "tenant to read from"},
	{"--all-tenants", NULL,
		"every tenant, each into a file of its own in the folder of --out; in jsonld and ndjson also "
		"the stored "
		"@contexts, as TENANT#contexts"},
	{"--out", "FILE", "write here instead of to standard output; the file appears when it is complete"},
	{"--url", "URL", "read from a running server instead of the data directory: http://localhost:9090"},
	{"--server", "URL", "the same"},
	{0},
};

enum { PIECE = 256 * 1024, SCRATCH_MAX = 1 << 30, PATH_BYTES = 4096 };

struct job {
	struct cd_export_plan plan;
	const char *format_name, *form_name, *out;
	const struct cd_export_format *format;
	bool all_tenants;
	struct cd_export ex;
	struct cd_export_file file;
	uint32_t *rank, ranked; /* of so many names */
	uint64_t entities, bytes;
	cd_time_us began, told;
};

/* ---- flags ---- */

static const char **text_flag(struct job *j, cd_str name)
{
	const struct {
		const char *name;
		const char **to;
	} rows[] = {
		{"--format", &j->format_name},
		{"--form", &j->form_name},
		{"--type", &j->plan.type},
		{"--q", &j->plan.q},
		{"--context", &j->plan.context},
		{"--geometry", &j->plan.geometry},
		{"--tenant", &j->plan.tenant},
		{"--out", &j->out},
		{"--url", &j->plan.url},
		{"--server", &j->plan.url},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (cd_str_eq(name, cd_str_z(rows[i].name)))
			return rows[i].to;
	return NULL;
}

static cd_code take_flag(void *arg, struct cd_cx *cx, const char *flag, cd_str value)
{
	struct job *j = arg;
	cd_str name = cd_str_z(flag), text = cd_arena_copy(cx->arena, value);
	if (!text.p)
		return cd_fail_memory(cx);
	if (!flag)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL,
			"\"" CD_STR_FMT "\" is not expected here; a file is named with --out",
			CD_STR_ARG(value));
	const char **to = text_flag(j, name);
	if (to)
		*to = text.p;
	else if (cd_str_eq(name, CD_STR("--sys-attrs")))
		j->plan.sys_attrs = true;
	else
		j->all_tenants = true;
	return CD_OK;
}

static cd_code find_form(struct cd_cx *cx, const char *name, enum cd_form *ret)
{
	static const cd_str forms[] = {
		[CD_NORMALIZED] = CD_STR_INIT("normalized"),
		[CD_CONCISE] = CD_STR_INIT("concise"),
		[CD_SIMPLIFIED] = CD_STR_INIT("simplified"),
	};
	for (size_t i = 0; name && i < sizeof forms / sizeof *forms; i++)
		if (cd_str_eq(forms[i], cd_str_z(name))) {
			*ret = (enum cd_form)i;
			return CD_OK;
		}
	return name ? cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--form",
			      "Expected normalized, concise or simplified")
		    : CD_OK;
}

static cd_code check_flags(struct job *j, struct cd_cx *cx)
{
	j->format = cd_export_formats;
	while (j->format->name.n && !cd_str_eq(j->format->name, cd_str_z(j->format_name)))
		j->format++;
	if (!j->format->name.n)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--format",
			"Expected jsonld, ndjson, geojson, geojsonseq or csv");
	j->ex.out.form = j->format->form;
	if (find_form(cx, j->form_name, &j->ex.out.form))
		return cx->err.code;
	if (j->all_tenants && (!j->out || j->plan.tenant[0]))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--all-tenants",
			"It goes with --out FOLDER, and without --tenant");
	if (j->all_tenants && j->plan.url)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--all-tenants",
			"A server does not tell which tenants it has; name each with --tenant, or export a "
			"backup");
	return CD_OK;
}

/* ---- the order of names ---- */

static int by_iri(const void *a, const void *b, void *arg)
{
	const struct cd_names *names = arg;
	return cd_str_cmp(
		cd_names_text(names, *(const cd_term *)a), cd_names_text(names, *(const cd_term *)b));
}

/* Numbers of names tell when a twin first heard of them, which an import does not repeat: IRIs decide. */
static cd_code rank_names(struct job *j, struct cd_cx *cx)
{
	const struct cd_names *names = j->ex.source->names;
	uint32_t n = cd_names_count(names);
	if (n == j->ranked && j->rank)
		return CD_OK;
	cd_term *terms = cd_mem_alloc((n + 1u) * sizeof *terms);
	cd_mem_free(j->rank);
	j->rank = cd_mem_alloc((n + 1u) * sizeof *j->rank);
	if (!terms || !j->rank) {
		cd_mem_free(terms);
		return cd_fail_memory(cx);
	}
	for (uint32_t i = 0; i < n; i++)
		terms[i] = i + 1;
	qsort_r(terms, n, sizeof *terms, by_iri, (void *)(uintptr_t)names);
	for (uint32_t i = 0; i < n; i++)
		j->rank[terms[i]] = i;
	cd_mem_free(terms);
	j->ranked = n;
	j->ex.out.rank = j->rank;
	return CD_OK;
}

/* ---- one tenant into one file ---- */

static cd_code flush(struct job *j, struct cd_cx *cx)
{
	cd_code code = cd_export_file_put(cx, &j->file, cd_buf_str(&j->ex.text));
	cd_buf_reset(&j->ex.text);
	return code;
}

static void tell_progress(struct job *j, bool end)
{
	cd_time_us now = cd_time_mono();
	if (!isatty(STDERR_FILENO) || (!j->out && isatty(STDOUT_FILENO)) || (!end && now - j->told < 500000))
		return;
	j->told = now;
	double s = (double)(now - j->began) / 1e6;
	uint64_t n = j->entities + j->ex.entities;
	fprintf(stderr, "\r%llu entities, %.0f a second%s", (unsigned long long)n,
		(double)n / (s > 0 ? s : 1), end ? "\n" : "  ");
}

static cd_code look(void *arg, struct cd_cx *cx, const struct cd_ent *e)
{
	struct job *j = arg;
	cd_arena_reset(&j->ex.scratch);
	if (cd_export_signal())
		return cd_export_file_put(cx, &j->file, CD_STR(""));
	return rank_names(j, cx) ? cx->err.code : j->format->look(&j->ex, cx, e);
}

static cd_code one(void *arg, struct cd_cx *cx, const struct cd_ent *e)
{
	struct job *j = arg;
	cd_arena_reset(&j->ex.scratch);
	if (rank_names(j, cx) || j->format->one(&j->ex, cx, e))
		return cx->err.code;
	j->ex.entities++;
	if (j->ex.text.n < PIECE)
		return CD_OK;
	tell_progress(j, false);
	return flush(j, cx);
}

static cd_code write_all(struct job *j, struct cd_cx *cx)
{
	struct cd_export_source *s = j->ex.source;
	const struct cd_export_format *f = j->format;
	cd_code code = f->look ? s->ops->read(s, cx, true, false, look, j) : CD_OK;
	if (!code)
		code = f->begin(&j->ex, cx);
	if (!code)
		code = s->ops->read(s, cx, false, f->look != NULL, one, j);
	if (code)
		return code;
	f->end(&j->ex);
	return j->ex.text.bad ? cd_fail_memory(cx) : flush(j, cx);
}

static cd_code export_tenant(struct job *j, struct cd_cx *cx, const char *path)
{
	struct cd_export *ex = &j->ex;
	if (cd_export_file_open(cx, &j->file, path))
		return cx->err.code;
	ex->entities = 0;
	cd_buf_init(&ex->text, SIZE_MAX / 2);
	cd_code code = write_all(j, cx);
	if (cd_export_file_close(cx, &j->file, !code))
		code = cx->err.code;
	if (!code && j->format->tell)
		j->format->tell(ex);
	j->entities += ex->entities;
	j->bytes += j->file.bytes;
	ex->entities = 0;
	cd_export_csv_free(ex->csv);
	ex->csv = NULL;
	cd_buf_done(&ex->text);
	return code;
}

/* ---- all of it ---- */

/* Stored @contexts belong to everything, and to no table, no map and no selection. */
static bool is_wanted(const struct job *j, cd_str tenant)
{
	return !cd_tenant_inner(tenant) || !(j->format->names || j->plan.type || j->plan.q);
}

/* The default tenant has no name, and others begin with a letter, digit, _, - or a point. */
static cd_code export_tenants(struct job *j, struct cd_cx *cx)
{
	const cd_str *names;
	size_t n;
	if (mkdir(j->out, 0777) != 0 && errno != EEXIST)
		return cd_fail(cx, CD_E_IO, j->out, "%s", strerror(errno));
	cd_code code = j->ex.source->ops->tenants(j->ex.source, cx, &names, &n);
	for (size_t i = 0; !code && i < n; i++) {
		if (!is_wanted(j, names[i]))
			continue;
		j->plan.tenant = cd_arena_copy(cx->arena, names[i]).p;
		cd_str path = cd_arena_printf(cx->arena, "%s/%s.%s", j->out,
			names[i].n ? j->plan.tenant : "+default", j->format->extension);
		code = j->plan.tenant && path.p ? export_tenant(j, cx, path.p) : cd_fail_memory(cx);
	}
	return code;
}

/* Silence would look like "everything". */
static void tell_others(struct job *j, struct cd_cx *cx)
{
	const cd_str *names;
	size_t n, others = 0, inner = 0;
	if (j->plan.url || j->plan.tenant[0] || j->ex.source->ops->tenants(j->ex.source, cx, &names, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		others += names[i].n && !cd_tenant_inner(names[i]);
		inner += cd_tenant_inner(names[i]) && is_wanted(j, names[i]);
	}
	if (others)
		fprintf(stderr, "%zu other tenants are not in it: --tenant NAME, or --all-tenants\n", others);
	if (inner)
		fprintf(stderr, "Stored @contexts are not in it: --all-tenants\n");
}

static cd_code export_everything(struct job *j, struct cd_cx *cx)
{
	struct cd_export *ex = &j->ex;
	ex->plan = &j->plan;
	ex->source = j->plan.url ? cd_export_server(cx, cx->set, &j->plan)
				 : cd_export_store(cx, cx->set, &j->plan);
	if (!ex->source)
		return cx->err.code;
	ex->out.names = ex->source->names;
	ex->out.ctx = j->plan.context || j->format->names ? ex->source->ctx : NULL;
	ex->out.sys_attrs = j->plan.sys_attrs;
	ex->out.expiry = true;
	ex->out.now = cx->now;
	cd_arena_init(&ex->scratch, SCRATCH_MAX);
	j->began = cd_time_mono();
	cd_code code = j->all_tenants ? export_tenants(j, cx) : export_tenant(j, cx, j->out);
	tell_progress(j, true);
	if (!code && !j->all_tenants)
		tell_others(j, cx);
	cd_arena_done(&ex->scratch);
	cd_mem_free(j->rank);
	ex->source->ops->close(ex->source);
	return code;
}

static int end_by_signal(int number)
{
	(void)signal(number, SIG_DFL);
	(void)raise(number); /* so that a shell sees what ended it */
	return 128 + number;
}

int cd_cmd_export(struct cd_cx *cx, int argc, char **argv)
{
	struct job j = {.plan = {.tenant = "", .geometry = "location"}, .format_name = "jsonld"};
	struct cd_settings set;
	cx->set = &set;
	if (cd_cli_settings(cx, &set, cd_flags_export, argc, argv, take_flag, &j) || check_flags(&j, cx))
		return cd_cli_fail(cx);
	cd_export_signals();
	cd_code code = export_everything(&j, cx);
	if (code) {
		int status = cd_cli_fail(cx);
		if (code == CD_E_CONFLICT && !j.plan.url)
			fprintf(stderr, "While it is served: --url http://localhost:9090, or export a backup "
					"of it\n");
		return cd_export_signal() ? end_by_signal(cd_export_signal()) : status;
	}
	fprintf(stderr, "%llu entities, %llu bytes\n", (unsigned long long)j.entities,
		(unsigned long long)j.bytes);
	return 0;
}
