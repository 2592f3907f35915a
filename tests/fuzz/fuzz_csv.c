/*
 * Any bytes as a table. The first byte chooses the shape, the second how the file comes in pieces. It may
 * refuse rows, but lines go forward, what is handed out is UTF-8, and the pieces make no difference.
 */
#include "base/hash.h"
#include "intake/csv.h"
#include "json/json.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pieces {
	struct cd_stream stream;
	cd_str rest;
	size_t step;
};

static cd_code read_piece(struct cd_stream *s, struct cd_cx *cx, void *to, size_t n, size_t *ret_got)
{
	struct pieces *p = (struct pieces *)s;
	(void)cx;
	n = n < p->step ? n : p->step;
	n = n < p->rest.n ? n : p->rest.n;
	if (n)
		memcpy(to, p->rest.p, n);
	p->rest = cd_str_skip(p->rest, n);
	*ret_got = n;
	return CD_OK;
}

/* What all rows come to. */
static uint64_t rows(const struct cd_csv_shape *shape, cd_str text, size_t step)
{
	static const struct cd_stream_ops ops = {read_piece, NULL};
	struct pieces in = {.stream.ops = &ops, .rest = text, .step = step};
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_csv_row row;
	uint64_t sum = 0, last = 0;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1 << 20);
	cd_cx_init(&cx, &arena, &set);
	struct cd_csv *c = cd_csv_new(&in.stream, shape);
	while (cd_csv_next(c, &cx, &row)) {
		if (row.line <= last || (row.fault ? row.n != 0 : row.n == 0))
			abort();
		last = row.line;
		sum = sum * 31 + row.line * 7 + row.fault;
		for (uint32_t i = 0; i < row.n; i++) {
			if (!cd_utf8_valid(row.cells[i]))
				abort();
			sum = sum * 31 + cd_hash64(row.cells[i], 0);
		}
	}
	sum = sum * 31 + cx.err.code;
	cd_csv_free(c);
	cd_arena_done(&arena);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cd_csv_shape shapes[] = {
		{.delimiter = ',', .quote = '"'},
		{.delimiter = ';', .quote = '"', .encoding = CD_WINDOWS_1252},
		{.delimiter = '\t', .comment = '#'},
		{.delimiter = '|', .quote = '\'', .comment = '#', .encoding = CD_LATIN_1},
	};
	if (size < 2)
		return 0;
	const struct cd_csv_shape *shape = &shapes[data[0] % 4];
	cd_str text = cd_str_of((const char *)data + 2, size - 2);
	if (rows(shape, text, SIZE_MAX) != rows(shape, text, 1u + data[1]))
		abort();
	return 0;
}
