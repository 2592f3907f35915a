/* Any bytes as a zip file: a member may be refused, it never has more bytes than its directory says. */
#include "intake/archive.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"a", "stops.txt", "routes.txt"};
	static char piece[4096];
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_archive *a = NULL;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, &set);
	(void)cd_archive_memory(&cx, cd_str_of((const char *)data, size), &a);
	for (size_t i = 0; a && i < sizeof names / sizeof *names; i++) {
		struct cd_stream *s = NULL;
		size_t got = 1, sum = 0;
		cd_cx_clear(&cx);
		if (cd_archive_member(&cx, a, cd_str_z(names[i]), &s))
			continue;
		/* what unpacks to much is left after a while */
		while (got && sum < 1 << 22 && !cd_stream_read(s, &cx, piece, sizeof piece, &got))
			sum += got;
		if (sum > s->size || s->at != sum)
			abort();
		cd_stream_close(s);
	}
	cd_archive_close(a);
	cd_arena_done(&arena);
	return 0;
}
