/* Conditions: whether a row, or an attribute, is meant. */
#include "intake/mapping_int.h"

static const char *const tests[] = {
	"equals", "in", "exists", "pattern", "less", "greater", "all", "any", NULL};
static const char *const members[] = {
	"path", "not", "report", "equals", "in", "exists", "pattern", "less", "greater", "all", "any", NULL};

static cd_code parts(struct cd_compile *c, const struct cd_json *list, struct cd_condition *ret)
{
	struct cd_conditions all = {0};
	if (cd_map_conditions(c, list, false, &all))
		return c->cx->err.code;
	ret->parts = all.p;
	ret->parts_n = all.n;
	return CD_OK;
}

static cd_code one_text(struct cd_compile *c, const struct cd_json *v, struct cd_condition *ret)
{
	if (v->kind != CD_JSON_STRING)
		return cd_map_wrong(c, v, "Expected a text");
	ret->texts.text = CD_NEW(c->cx->arena, cd_str);
	if (!ret->texts.text)
		return cd_fail_memory(c->cx);
	*ret->texts.text = v->text;
	ret->texts.n = 1;
	return CD_OK;
}

static cd_code argument(
	struct cd_compile *c, const struct cd_json *object, const struct cd_json *v, struct cd_condition *ret)
{
	bool there = true;
	switch (ret->test) {
	case CD_TEST_EQUALS:
	case CD_TEST_PATTERN:
		return one_text(c, v, ret);
	case CD_TEST_IN:
		return cd_map_texts(c, object, "in", &ret->texts);
	case CD_TEST_EXISTS:
		if (cd_map_flag(c, object, "exists", &there))
			return c->cx->err.code;
		ret->inverse ^= !there;
		return CD_OK;
	case CD_TEST_LESS:
	case CD_TEST_GREATER:
		return cd_map_real(c, v, &ret->number);
	case CD_TEST_ALL:
	case CD_TEST_ANY:
		return parts(c, v, ret);
	}
	return CD_OK;
}

static unsigned nesting(const struct cd_json *v)
{
	unsigned n = 0;
	for (; v; v = v->up)
		n++;
	return n;
}

cd_code cd_map_condition(struct cd_compile *c, const struct cd_json *v, struct cd_condition *ret)
{
	const struct cd_json *found = NULL, *path;
	*ret = (struct cd_condition){0};
	if (cd_map_only(c, v, members) || cd_map_flag(c, v, "not", &ret->inverse) ||
		cd_map_text(c, v, "report", &ret->report))
		return c->cx->err.code;
	if (nesting(v) > 64)
		return cd_map_wrong(c, v, "Conditions are nested too deep");
	for (unsigned i = 0; tests[i]; i++) {
		const struct cd_json *t = cd_json_get(v, cd_str_z(tests[i]));
		if (t && found)
			return cd_map_wrong(c, t, "A condition asks one thing; \"all\" joins several");
		if (t) {
			found = t;
			ret->test = (enum cd_test)i;
		}
	}
	if (!found)
		return cd_map_wrong(
			c, v, "Expected one of equals, in, exists, pattern, less, greater, all, any");
	path = cd_json_get(v, CD_STR("path"));
	bool joins = ret->test == CD_TEST_ALL || ret->test == CD_TEST_ANY;
	if (joins != !path)
		return cd_map_wrong(
			c, v, joins ? "\"%s\" takes no path" : "\"%s\" needs a path", tests[ret->test]);
	if (path && path->kind != CD_JSON_STRING)
		return cd_map_wrong(c, path, "Expected the name of a field");
	if (path && cd_map_slot(c, path, path->text, &ret->slot))
		return c->cx->err.code;
	return argument(c, v, found, ret);
}

cd_code cd_map_conditions(
	struct cd_compile *c, const struct cd_json *list, bool report_needed, struct cd_conditions *ret)
{
	if (!list)
		return CD_OK;
	if (list->kind != CD_JSON_ARRAY)
		return cd_map_wrong(c, list, "Expected a list of conditions");
	ret->p = CD_NEWS(c->cx->arena, struct cd_condition, list->n);
	if (!ret->p)
		return cd_fail_memory(c->cx);
	for (const struct cd_json *v = list->child; v; v = v->next) {
		struct cd_condition *to = &ret->p[ret->n++];
		if (cd_map_condition(c, v, to))
			return c->cx->err.code;
		if (report_needed && to->report.n == 0)
			return cd_map_wrong(c, v, "Expected \"report\": the name under which it is counted");
	}
	return CD_OK;
}

bool cd_wild(cd_str pattern, cd_str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
			/* ? is one character: with all its bytes */
			bool any = pattern.p[p] == '?';
			p++;
			t++;
			while (any && t < text.n && ((unsigned char)text.p[t] & 0xC0) == 0x80)
				t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static bool compares(const struct cd_map_state *s, const struct cd_condition *q, cd_str text)
{
	char plain[CD_NUMBER_MAX];
	cd_str number;
	if (!text.p || !cd_number_read(&s->m->source.number, text, plain, &number))
		return false;
	double v = cd_json_number(number);
	return q->test == CD_TEST_LESS ? v < q->number : v > q->number;
}

/* What is not there is "": a column that a file does not have asks the same as an empty one. */
static bool any_text(const struct cd_condition *q, cd_str text)
{
	for (uint32_t i = 0; i < q->texts.n; i++)
		if (cd_str_eq(q->texts.text[i], text))
			return true;
	return false;
}

static bool holds(const struct cd_map_state *s, const struct cd_condition *q)
{
	bool all = q->test == CD_TEST_ALL;
	cd_str text = all || q->test == CD_TEST_ANY ? cd_str_of(NULL, 0) : s->cells[q->slot].text;
	switch (q->test) {
	case CD_TEST_EQUALS:
	case CD_TEST_IN:
		return any_text(q, text);
	case CD_TEST_EXISTS:
		return text.n > 0 || s->cells[q->slot].json;
	case CD_TEST_PATTERN:
		return text.p && cd_wild(q->texts.text[0], text);
	case CD_TEST_LESS:
	case CD_TEST_GREATER:
		return compares(s, q, text);
	case CD_TEST_ALL:
	case CD_TEST_ANY:
		for (uint32_t i = 0; i < q->parts_n; i++)
			if (cd_condition_holds(s, &q->parts[i]) != all)
				return !all;
		return all;
	}
	return false;
}

bool cd_condition_holds(const struct cd_map_state *s, const struct cd_condition *q)
{
	return holds(s, q) != q->inverse;
}

bool cd_conditions_hold(const struct cd_map_state *s, const struct cd_conditions *all)
{
	for (uint32_t i = 0; i < all->n; i++)
		if (!cd_condition_holds(s, &all->p[i]))
			return false;
	return true;
}
