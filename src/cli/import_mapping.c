/* Where mappings are found: a path, or the name of one that came with the program. */
#include "cli/import.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAPPING_BYTES = 4 << 20 };

/* From where the program lies: installed, or in a build folder of a checkout. */
static const char *const places[] = {"../share/cardo/mappings", "../../../share/mappings", CARDO_MAPPINGS};

static bool place(unsigned i, char path[4096])
{
	char exe[2048];
	if (places[i][0] == '/') {
		snprintf(path, 4096, "%s", places[i]);
		return access(path, R_OK) == 0;
	}
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	if (n <= 0)
		return false;
	exe[n] = 0;
	char *slash = strrchr(exe, '/');
	if (slash)
		*slash = 0;
	snprintf(path, 4096, "%s/%s", exe, places[i]);
	return access(path, R_OK) == 0;
}

static cd_code read_text(struct cd_cx *cx, const char *path, cd_str *ret)
{
	FILE *f = fopen(path, "rb");
	char *text = f ? cd_arena_alloc(cx->arena, MAPPING_BYTES) : NULL;
	if (!f)
		return cd_fail(cx, CD_E_NOT_FOUND, path, "%s", strerror(errno));
	size_t n = text ? fread(text, 1, MAPPING_BYTES, f) : 0;
	bool failed = ferror(f);
	fclose(f);
	if (!text)
		return cd_fail_memory(cx);
	if (failed || n == MAPPING_BYTES)
		return cd_fail(cx, failed ? CD_E_IO : CD_E_TOO_LARGE, path, "The mapping can not be read");
	*ret = cd_str_of(text, n);
	return CD_OK;
}

static bool is_name(const char *name)
{
	size_t n = strlen(name);
	return !strchr(name, '/') && (n < 5 || strcmp(name + n - 5, ".json") != 0);
}

static cd_code find(struct cd_cx *cx, const char *name, char path[4096])
{
	char folder[4096];
	for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
		if (!place(i, folder))
			continue;
		if (snprintf(path, 4096, "%s/%s.json", folder, name) < 4096 && access(path, R_OK) == 0)
			return CD_OK;
	}
	return cd_fail(cx, CD_E_NOT_FOUND, "--map",
		"No mapping \"%s\" came with the program; --maps lists them. A file needs a slash or ends "
		"with .json",
		name);
}

cd_code cd_import_mapping(struct cd_cx *cx, const char *name, struct cd_mapping **ret, cd_str *ret_text)
{
	char path[4096];
	const char *from = name;
	if (is_name(name)) {
		if (find(cx, name, path))
			return cx->err.code;
		from = path;
	}
	if (read_text(cx, from, ret_text) || !cd_mapping_parse(cx, *ret_text, ret))
		return cx->err.code;
	/* the pointer alone does not say in which document */
	const char *where = cd_arena_printf(cx->arena, "%s%s%s", name,
		cx->err.where && *cx->err.where ? "#" : "", cx->err.where ? cx->err.where : "")
				    .p;
	cx->err.where = where ? where : cx->err.where;
	return cx->err.code;
}

cd_code cd_import_features(struct cd_cx *cx, const char *type, struct cd_mapping **ret, cd_str *ret_text)
{
	struct cd_buf b, word;
	cd_buf_init(&word, 4096);
	cd_json_write_string(&word, cd_str_z(type));
	if (word.n > 2)
		word.n -= 1; /* the closing quote */
	cd_str name = cd_str_skip(cd_buf_str(&word), 1);
	cd_buf_init(&b, 1 << 16);
	cd_buf_printf(&b,
		"{\"cardoMapping\":\"1\",\"title\":\"Features as they "
		"are\",\"source\":{\"format\":\"geojson\"},"
		"\"target\":{\"type\":\"" CD_STR_FMT
		"\"},\"entity\":{\"id\":\"{@feature|id:urn:ngsi-ld:" CD_STR_FMT ":}\"},"
		"\"attributes\":[{\"to\":\"location\",\"kind\":\"GeoProperty\",\"geometry\":\"feature\"}],"
		"\"rest\":\"keep\"}",
		CD_STR_ARG(name), CD_STR_ARG(name));
	*ret_text = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	cd_buf_done(&word);
	if (!ret_text->p)
		return cd_fail_memory(cx);
	if (cd_mapping_parse(cx, *ret_text, ret))
		cx->err.where = "--type";
	return cx->err.code;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

cd_code cd_import_list(struct cd_cx *cx, FILE *to)
{
	char folder[4096];
	char *names[512];
	unsigned n = 0;
	DIR *d = NULL;
	for (unsigned i = 0; !d && i < sizeof places / sizeof *places; i++)
		d = place(i, folder) ? opendir(folder) : NULL;
	if (!d)
		return cd_fail(cx, CD_E_NOT_FOUND, "--maps", "No mappings came with the program");
	for (struct dirent *e; (e = readdir(d)) != NULL && n < 512;) {
		cd_str name = cd_str_z(e->d_name);
		if (name.n > 5 && cd_str_eq(cd_str_skip(name, name.n - 5), CD_STR(".json")))
			names[n++] = (char *)cd_arena_copy(cx->arena, cd_str_of(name.p, name.n - 5)).p;
	}
	closedir(d);
	qsort(names, n, sizeof *names, by_name);
	for (unsigned i = 0; i < n && names[i]; i++) {
		struct cd_mapping *m = NULL;
		cd_str text;
		if (cd_import_mapping(cx, names[i], &m, &text))
			return cx->err.code;
		const struct cd_mapping_about *about = cd_mapping_about(m);
		fprintf(to, "%-28s " CD_STR_FMT "\n", names[i], CD_STR_ARG(about->title));
		cd_mapping_close(m);
	}
	return CD_OK;
}
