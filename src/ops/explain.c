#include "ops/read_int.h"

static void explain_set(struct cd_op_list *l, const struct cd_plan_set *set)
{
	static const char *const classes[] = {"numbers", "times", "strings", "places", "scopes"};
	cd_buf_printf(&l->answer, "\"plan\":\"%s\",", cd_plan_way_names[set->way]);
	if (set->index)
		cd_buf_printf(&l->answer, "\"index\":\"%s\",", classes[set->index->class]);
	if (set->index && set->term) {
		CD_BUF_LIT(&l->answer, "\"attribute\":");
		cd_json_write_string(&l->answer, cd_names_text(l->asked.out.names, set->term));
		cd_buf_char(&l->answer, ',');
	}
	cd_buf_printf(&l->answer, "\"candidates\":%llu", (unsigned long long)set->n);
}

/* The set that is gone through, and those it is cut with. */
void cd_list_explain(struct cd_op_list *l)
{
	const struct cd_plan *p = &l->plan;
	cd_buf_reset(&l->answer);
	cd_buf_char(&l->answer, '{');
	if (l->asked.order && l->way != CD_ORDER_ALL)
		CD_BUF_LIT(&l->answer, "\"order\":\"index\",");
	explain_set(l, p->used[0]);
	for (unsigned i = 1; i < p->used_n; i++) {
		cd_buf_put(&l->answer, i == 1 ? CD_STR(",\"cut\":[{") : CD_STR(",{"));
		explain_set(l, p->used[i]);
		cd_buf_char(&l->answer, '}');
	}
	cd_buf_printf(&l->answer,
		"%s,\"changed\":%s,\"exact\":%s,\"ordered\":%s,\"evaluated\":%llu,\"found\":%llu,"
		"\"microseconds\":%lld}",
		p->used_n > 1 ? "]" : "", p->changed ? "true" : "false", p->exact ? "true" : "false",
		l->asked.order ? "true" : "false", (unsigned long long)l->looked,
		(unsigned long long)l->found, (long long)(cd_time_mono() - l->began));
}
