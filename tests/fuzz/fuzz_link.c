/* Any bytes as the value of a Link header: an URL that comes out lies inside the value. */
#include "ngsild/link.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_settings set;
	struct cd_arena arena;
	const struct cd_http_field field = {CD_STR_INIT("link"), cd_str_of((const char *)data, size)};
	struct cd_http_req req = {.fields = &field, .fields_n = 1};
	cd_str url;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 16);
	cd_cx_init(&req.cx, &arena, &set);
	if (!cd_link_context(&req, &url) && url.n &&
		(url.p < field.value.p || url.p + url.n > field.value.p + size))
		abort();
	cd_arena_done(&arena);
	return 0;
}
