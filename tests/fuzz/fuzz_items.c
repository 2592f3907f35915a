/* Any bytes through the item cutter: it may refuse them, each item it hands out has balanced brackets. */
#include "intake/items.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cd_code take(void *arg, struct cd_cx *cx, cd_str item, uint64_t line)
{
	uint64_t *last = arg;
	(void)cx;
	if (item.n < 2 || item.p[0] != '{' || line < *last)
		abort();
	*last = line;
	return CD_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_items items;
	uint64_t last = 0;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, &set);
	cd_items_init(&items, 4096, take, &last);
	if (!cd_items_feed(&items, &cx, cd_str_of((const char *)data, size)))
		(void)cd_items_end(&items, &cx);
	cd_items_done(&items);
	cd_arena_done(&arena);
	return 0;
}
