/*
 * Parses documents from standard input and writes them back compact, for tests in other languages.
 *
 * In: a line with the number of bytes, then the document; again until the input ends. Out: for each a line
 * with the code (0: taken), a blank and the number of bytes, then the bytes: the document, or the sentence of
 * the error.
 */
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

static void answer(cd_str text)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_buf b;
	struct cd_json *v;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 30);
	cd_cx_init(&cx, &arena, &set);
	cd_buf_init(&b, 1 << 30);
	cd_code code = cd_json_parse_copy(&cx, text, &v);
	if (code)
		cd_buf_put(&b, cd_str_z(cx.err.detail));
	else
		cd_json_write(&b, v);
	printf("%d %zu\n", (int)code, b.n);
	fwrite(b.p, 1, b.n, stdout);
	fflush(stdout);
	cd_buf_done(&b);
	cd_arena_done(&arena);
}

int main(void)
{
	size_t n;
	while (scanf("%zu", &n) == 1 && getchar() == '\n' && n <= 1 << 28) {
		char *p = malloc(n ? n : 1);
		if (!p || fread(p, 1, n, stdin) != n) {
			free(p);
			return 1;
		}
		answer(cd_str_of(p, n));
		free(p);
	}
	return 0;
}
