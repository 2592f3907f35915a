/* Regular expressions: PCRE2, searched for anywhere, with bounds on the work of one search. */
#include "base/mem.h"
#include "model/query.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { MATCH_LIMIT = 100000, DEPTH_LIMIT = 1000 };

struct cd_pattern {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *bounds;
};

cd_code cd_pattern_new(struct cd_cx *cx, const char *where, cd_str text, struct cd_pattern **ret)
{
	int error;
	PCRE2_SIZE at;
	if (text.n > cx->set->pattern_max)
		return cd_fail(cx, CD_E_TOO_COMPLEX, where, "A pattern may have at most %llu bytes",
			(unsigned long long)cx->set->pattern_max);
	struct cd_pattern *p = cd_mem_zalloc(sizeof *p);
	if (!p)
		return cd_fail_memory(cx);
	p->code = pcre2_compile((PCRE2_SPTR)(text.p ? text.p : ""), text.n,
		PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
	if (!p->code) {
		PCRE2_UCHAR why[128];
		pcre2_get_error_message(error, why, sizeof why);
		cd_mem_free(p);
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, where, "Not a regular expression, at byte %zu: %s",
			(size_t)at, (const char *)why);
	}
	p->data = pcre2_match_data_create(1, NULL);
	p->bounds = pcre2_match_context_create(NULL);
	if (!p->data || !p->bounds) {
		cd_pattern_free(p);
		return cd_fail_memory(cx);
	}
	pcre2_set_match_limit(p->bounds, MATCH_LIMIT);
	pcre2_set_depth_limit(p->bounds, DEPTH_LIMIT);
	(void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* without it the interpreter serves */
	*ret = p;
	return CD_OK;
}

void cd_pattern_free(struct cd_pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	pcre2_match_data_free(p->data);
	pcre2_match_context_free(p->bounds);
	cd_mem_free(p);
}

enum cd_tri cd_pattern_search(const struct cd_pattern *p, cd_str text)
{
	int rc = pcre2_match(p->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, PCRE2_NO_UTF_CHECK,
		p->data, p->bounds);
	return rc >= 0 ? CD_TRUE : rc == PCRE2_ERROR_NOMATCH ? CD_FALSE : CD_UNKNOWN;
}
