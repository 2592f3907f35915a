/* Any bytes: refused, or a tree whose text reads back as the same text. */
#include "json/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v;
	struct cd_buf once, twice;
	cd_settings_init(&set);
	cd_arena_init(&arena, 64 << 20);
	cd_cx_init(&cx, &arena, &set);
	cd_buf_init(&once, 64 << 20);
	cd_buf_init(&twice, 64 << 20);
	if (!cd_json_parse_copy(&cx, cd_str_of((const char *)data, size), &v)) {
		cd_json_write(&once, v);
		if (cd_json_parse_copy(&cx, cd_buf_str(&once), &v))
			abort();
		cd_json_write(&twice, v);
		if (!cd_str_eq(cd_buf_str(&once), cd_buf_str(&twice)))
			abort();
	}
	cd_buf_done(&once);
	cd_buf_done(&twice);
	cd_arena_done(&arena);
	return 0;
}
