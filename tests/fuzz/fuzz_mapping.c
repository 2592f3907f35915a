/*
 * Any bytes as a mapping, and rows through it. The input is a mapping, a NUL and the file that it reads;
 * without a NUL the rows are a few of every habit. What comes out must be JSON with an id, or a fault.
 */
#include "intake/mapping.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cd_code take(void *arg, struct cd_cx *cx, cd_str json, uint64_t line)
{
	struct cd_arena arena;
	struct cd_cx own;
	struct cd_json *v;
	(void)arg, (void)line;
	cd_arena_init(&arena, 1 << 26);
	cd_cx_init(&own, &arena, cx->set);
	/* names that come of columns may meet: that is for the twin to refuse */
	bool good = !cd_json_parse(&own, json, &v)
			    ? cd_json_get(v, CD_STR("id")) && cd_json_get(v, CD_STR("type"))
			    : own.err.code == CD_E_BAD_REQUEST_DATA || strstr(own.err.detail, "twice");
	if (!good)
		abort();
	cd_arena_done(&arena);
	return CD_OK;
}

static cd_code fault(void *arg, struct cd_cx *cx, const struct cd_map_fault *f)
{
	unsigned *n = arg;
	(void)cx;
	if (f->kind.n == 0 || !cd_utf8_valid(f->detail))
		abort();
	return ++*n > 10000 ? cd_fail(cx, CD_E_TOO_LARGE, NULL, "enough") : CD_OK;
}

static const char rows[] =
	"a,b,c,h00,h01,1 (x),1-status\n1,2024-03-31 02:30,7.6,5,6,7,0\nx,2024-10-27 02:30,\"q,\"\"\",1,,2,3\n"
	"a,b,c,h00\n2,3\n";

static void run(struct cd_cx *cx, struct cd_mapping *m, cd_str text)
{
	unsigned faults = 0;
	const struct cd_map_sink sink = {take, fault, &faults};
	struct cd_map_input input = {.path = "fuzz.csv"};
	struct cd_map_count count;
	if (cd_mapping_of_archive(m) ? cd_archive_memory(cx, text, &input.archive) != CD_OK
				     : !(input.stream = cd_stream_memory(text)))
		return;
	(void)cd_map_run(cx, m, &input, &sink, &count);
	cd_stream_close(input.stream);
	cd_archive_close(input.archive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_mapping *m;
	cd_str text = cd_str_of((const char *)data, size);
	size_t nul = cd_str_find(text, 0);
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 26);
	cd_cx_init(&cx, &arena, &set);
	if (!cd_mapping_parse(&cx, cd_str_of(text.p, nul), &m)) {
		run(&cx, m, nul < size ? cd_str_skip(text, nul + 1) : cd_str_of(rows, sizeof rows - 1));
		cd_mapping_close(m);
	}
	cd_arena_done(&arena);
	return 0;
}
