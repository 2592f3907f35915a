/* Any bytes as a file to be described: what is suggested must be a mapping that compiles, and the same each
 * time. */
#include "intake/mapping.h"
#include "intake/suggest.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compile(struct cd_cx *cx, cd_str text)
{
	struct cd_mapping *m = NULL;
	if (cd_mapping_parse(cx, text, &m)) {
		fprintf(stderr, "%s: %s\n%.*s", cx->err.where, cx->err.detail, (int)text.n, text.p);
		abort();
	}
	cd_mapping_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_suggestion first, again;
	cd_str bytes = cd_str_of((const char *)data, size);
	if (size == 0)
		return 0;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 30);
	cd_cx_init(&cx, &arena, &set);
	cd_str rest = cd_str_skip(bytes, 1);
	bool whole = data[0] & 1;
	if (!cd_suggest_bytes(&cx, "my-file.csv", rest, whole, &first) && first.kind == CD_SUGGEST_MAPPING) {
		compile(&cx, first.mapping);
		if (cd_suggest_bytes(&cx, "my-file.csv", rest, whole, &again) ||
			!cd_str_eq(first.mapping, again.mapping) ||
			!cd_str_eq(first.findings, again.findings))
			abort();
	}
	cd_arena_done(&arena);
	return 0;
}
