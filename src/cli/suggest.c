#include "cli/suggest.h"

#include "cli/command.h"
#include "intake/suggest.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name for the mapping: the file's own without folders and endings. */
static cd_str mapping_name(struct cd_cx *cx, const char *file)
{
	cd_str s = cd_str_z(file);
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/') {
			s = cd_str_skip(s, i);
			break;
		}
	size_t dot = cd_str_find(s, '.');
	cd_str name = cd_arena_printf(
		cx->arena, CD_STR_FMT ".mapping.json", CD_STR_ARG(dot ? cd_str_of(s.p, dot) : CD_STR("my")));
	return name.p ? name : CD_STR("mapping.json");
}

/* As a shell reads it. */
static const char *quoted(struct cd_cx *cx, const char *text)
{
	struct cd_buf b;
	if (text[0] && !text[strspn(text,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=")])
		return text;
	cd_buf_init(&b, 1 << 20);
	CD_BUF_LIT(&b, "'");
	for (; *text; text++)
		cd_buf_put(&b, *text == '\'' ? CD_STR("'\\''") : cd_str_of(text, 1));
	CD_BUF_LIT(&b, "'");
	cd_str copy = cd_arena_copy(cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return copy.p ? copy.p : "FILE";
}

/* Where standard output goes, when that is a file: the mapping's name, as it was asked for or in full. */
static const char *written_to(struct cd_cx *cx)
{
	struct stat st;
	char path[4096], here[4096];
	ssize_t n = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode)
			    ? readlink("/proc/self/fd/1", path, sizeof path - 1)
			    : -1;
	if (n <= 0)
		return NULL;
	cd_str name = cd_str_of(path, (size_t)n), folder = cd_str_z(getcwd(here, sizeof here));
	if (folder.n && cd_str_starts(name, folder) && name.n > folder.n && name.p[folder.n] == '/')
		name = cd_str_skip(name, folder.n + 1);
	/* a name alone would be that of a mapping that comes with the program */
	bool plain = cd_str_find(name, '/') == name.n &&
		     (name.n < 5 || !cd_str_eq(cd_str_skip(name, name.n - 5), CD_STR(".json")));
	return cd_arena_printf(cx->arena, "%s" CD_STR_FMT, plain ? "./" : "", CD_STR_ARG(name)).p;
}

static void say_next(struct cd_cx *cx, const char *file, enum cd_suggested kind)
{
	const char *data = quoted(cx, file), *mapping = written_to(cx);
	if (kind == CD_SUGGEST_GTFS) {
		fprintf(stderr, "next:  cardo import --map gtfs %s\n", data);
	} else if (kind == CD_SUGGEST_ENTITIES) {
		fprintf(stderr, "next:  cardo import %s\n", data);
	} else if (mapping) {
		fprintf(stderr, "next:  cardo import --map %s %s\n", quoted(cx, mapping), data);
	} else {
		mapping = quoted(cx, mapping_name(cx, file).p);
		fprintf(stderr, "next:  cardo import --suggest %s > %s\n       cardo import --map %s %s\n",
			data, mapping, mapping, data);
	}
}

int cd_cli_suggest(struct cd_cx *cx, const char *const *files, unsigned n)
{
	struct cd_suggestion found;
	if (n != 1) {
		(void)cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--suggest",
			"A mapping is suggested for one file at a time");
		return cd_cli_fail(cx);
	}
	if (cd_suggest(cx, files[0], &found))
		return cd_cli_fail(cx);
	bool written =
		fwrite(found.mapping.p ? found.mapping.p : "", 1, found.mapping.n, stdout) == found.mapping.n;
	if (!written || fflush(stdout) != 0) {
		(void)cd_fail(cx, CD_E_IO, NULL, "The mapping could not be written");
		return cd_cli_fail(cx);
	}
	fwrite(found.findings.p, 1, found.findings.n, stderr);
	say_next(cx, files[0], found.kind);
	return 0;
}
