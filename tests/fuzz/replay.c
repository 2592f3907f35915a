/*
 * Runs a fuzz target over the files named on the command line (folders: every file in them), so that corpus
 * and old crashes are tests in every build. With -Dfuzz=true libFuzzer brings its own main instead.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return -1;
	fseek(f, 0, SEEK_END);
	size_t n = (size_t)ftell(f);
	rewind(f);
	uint8_t *data = malloc(n ? n : 1); /* exactly sized: an overrun is caught */
	size_t got = data ? fread(data, 1, n, f) : 0;
	fclose(f);
	if (data && got == n)
		LLVMFuzzerTestOneInput(data, n);
	free(data);
	return got == n ? 1 : -1;
}

static int run_folder(const char *path)
{
	DIR *dir = opendir(path);
	int ran = 0;
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char name[4096];
		if (e->d_name[0] == '.' ||
			snprintf(name, sizeof name, "%s/%s", path, e->d_name) >= (int)sizeof name)
			continue;
		ran += run_file(name) > 0;
	}
	if (dir)
		closedir(dir);
	return ran;
}

int main(int argc, char **argv)
{
	int ran = 0;
	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) == 0)
			ran += S_ISDIR(st.st_mode) ? run_folder(argv[i]) : run_file(argv[i]) > 0;
	}
	printf("%d inputs\n", ran);
	return ran > 0 ? 0 : 1;
}
