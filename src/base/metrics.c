#include "base/metrics.h"

static const struct {
	const char *name, *kind, *unit, *sentence;
} rows[] = {
#define X(id, kind, unit, sentence) {#id, #kind, unit, sentence},
	CD_METRICS(X)
#undef X
};

void cd_metrics_print(struct cd_buf *b, struct cd_metrics *const *m, size_t n)
{
	for (size_t i = 0; i < CD_METRIC_N; i++) {
		uint64_t sum = 0;
		for (size_t k = 0; k < n; k++)
			sum += atomic_load_explicit(&m[k]->v[i], memory_order_relaxed);
		const char *total = rows[i].kind[0] == 'c' ? "_total" : "";
		cd_buf_printf(b, "# HELP cardo_%s%s %s%s%s\n# TYPE cardo_%s%s %s\ncardo_%s%s ", rows[i].name,
			total, rows[i].sentence, rows[i].unit[0] ? ", " : "", rows[i].unit, rows[i].name,
			total, rows[i].kind, rows[i].name, total);
		cd_buf_u64(b, sum);
		cd_buf_char(b, '\n');
	}
}
