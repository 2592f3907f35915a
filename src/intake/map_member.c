/* Members of a mapping's objects: each helper names what is wrong with the JSON pointer of the place. */
#include "intake/mapping_int.h"

#include <stdio.h>
#include <stdlib.h>

cd_code cd_map_wrong(struct cd_compile *c, const struct cd_json *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	cd_str words = cd_arena_vprintf(c->cx->arena, fmt, ap);
	va_end(ap);
	if (!words.p)
		return cd_fail_memory(c->cx);
	return cd_fail(
		c->cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(c->cx, at), CD_STR_FMT, CD_STR_ARG(words));
}

static bool listed(const char *const *names, cd_str name)
{
	for (; *names; names++)
		if (cd_str_eq(cd_str_z(*names), name))
			return true;
	return false;
}

static const char *joined(struct cd_compile *c, const char *const *names)
{
	cd_str all = CD_STR("");
	for (; *names; names++)
		all = cd_arena_printf(c->cx->arena, CD_STR_FMT "%s%s", CD_STR_ARG(all), all.n ? ", " : "",
			**names ? *names : "\"\"");
	return all.p ? all.p : "";
}

cd_code cd_map_only(struct cd_compile *c, const struct cd_json *object, const char *const *names)
{
	if (object->kind != CD_JSON_OBJECT)
		return cd_map_wrong(c, object, "Expected an object with %s", joined(c, names));
	for (const struct cd_json *m = object->child; m; m = m->next)
		if (!listed(names, m->key))
			return cd_map_wrong(
				c, m, "There is no such member here; there are %s", joined(c, names));
	return CD_OK;
}

cd_code cd_map_text(struct cd_compile *c, const struct cd_json *object, const char *name, cd_str *ret)
{
	const struct cd_json *v = cd_json_get(object, cd_str_z(name));
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_STRING)
		return cd_map_wrong(c, v, "Expected a text");
	*ret = v->text;
	return CD_OK;
}

cd_code cd_map_flag(struct cd_compile *c, const struct cd_json *object, const char *name, bool *ret)
{
	const struct cd_json *v = cd_json_get(object, cd_str_z(name));
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_TRUE && v->kind != CD_JSON_FALSE)
		return cd_map_wrong(c, v, "Expected true or false");
	*ret = v->kind == CD_JSON_TRUE;
	return CD_OK;
}

cd_code cd_map_byte(struct cd_compile *c, const struct cd_json *object, const char *name, char *ret)
{
	const struct cd_json *v = cd_json_get(object, cd_str_z(name));
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_STRING || v->text.n > 1 ||
		(v->text.n && (unsigned char)v->text.p[0] >= 0x80) ||
		(v->text.n && strchr("\r\n", v->text.p[0])))
		return cd_map_wrong(c, v, "Expected one ASCII character");
	*ret = v->text.n ? v->text.p[0] : 0;
	return CD_OK;
}

cd_code cd_map_word(struct cd_compile *c, const struct cd_json *object, const char *name,
	const char *const *words, unsigned *ret)
{
	const struct cd_json *v = cd_json_get(object, cd_str_z(name));
	if (!v)
		return CD_OK;
	for (unsigned i = 0; v->kind == CD_JSON_STRING && words[i]; i++)
		if (cd_str_eq(cd_str_z(words[i]), v->text)) {
			*ret = i;
			return CD_OK;
		}
	return cd_map_wrong(c, v, "Expected one of %s", joined(c, words));
}

cd_code cd_map_texts(
	struct cd_compile *c, const struct cd_json *object, const char *name, struct cd_texts *ret)
{
	const struct cd_json *v = cd_json_get(object, cd_str_z(name));
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_ARRAY)
		return cd_map_wrong(c, v, "Expected a list of texts");
	ret->text = CD_NEWS(c->cx->arena, cd_str, v->n);
	ret->n = 0;
	if (!ret->text)
		return cd_fail_memory(c->cx);
	for (const struct cd_json *t = v->child; t; t = t->next) {
		if (t->kind != CD_JSON_STRING)
			return cd_map_wrong(c, t, "Expected a text");
		ret->text[ret->n++] = t->text;
	}
	return CD_OK;
}

cd_code cd_map_real(struct cd_compile *c, const struct cd_json *v, double *ret)
{
	double d = v->kind == CD_JSON_NUMBER ? cd_json_number(v->text) : 0;
	if (v->kind != CD_JSON_NUMBER || d - d != 0)
		return cd_map_wrong(c, v, "Expected a number");
	*ret = d;
	return CD_OK;
}

cd_code cd_map_json(struct cd_compile *c, const struct cd_json *v, cd_str *ret)
{
	struct cd_buf b;
	cd_buf_init(&b, 1 << 24);
	cd_json_write(&b, v);
	*ret = b.bad ? cd_str_of(NULL, 0) : cd_arena_copy(c->cx->arena, cd_buf_str(&b));
	cd_buf_done(&b);
	return ret->p ? CD_OK : cd_fail_memory(c->cx);
}

/* PnDTnHnMnS, weeks too; months and years have no length. [ISO 8601] */
static bool duration(cd_str s, int64_t *ret_us)
{
	static const struct {
		char letter;
		bool time;
		int64_t seconds;
	} units[] = {{'W', false, 604800}, {'D', false, 86400}, {'H', true, 3600}, {'M', true, 60},
		{'S', true, 1}};
	bool time = false;
	size_t i = 1, from = 0, n = sizeof units / sizeof *units;
	*ret_us = 0;
	if (s.n < 3 || s.p[0] != 'P')
		return false;
	while (i < s.n) {
		if (s.p[i] == 'T' && !time && ++i)
			time = true;
		int64_t v = 0;
		size_t digits = 0;
		for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && digits < 8; i++, digits++)
			v = v * 10 + (s.p[i] - '0');
		while (from < n && (i >= s.n || units[from].letter != s.p[i] || units[from].time != time))
			from++;
		if (digits == 0 || i >= s.n || from == n)
			return false;
		*ret_us += v * units[from++].seconds * 1000000;
		i++;
	}
	return *ret_us > 0;
}

cd_code cd_map_duration(struct cd_compile *c, const struct cd_json *object, const char *name, int64_t *ret_us)
{
	const struct cd_json *v = cd_json_get(object, cd_str_z(name));
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_STRING || !duration(v->text, ret_us))
		return cd_map_wrong(c, v, "Expected a duration: PT15M, PT1H, P7D");
	return CD_OK;
}

cd_code cd_map_number_form(struct cd_compile *c, const struct cd_json *object, struct cd_number_form *form)
{
	const struct cd_json *decimal = cd_json_get(object, CD_STR("decimal"));
	if (cd_map_byte(c, object, "decimal", &form->decimal) ||
		cd_map_byte(c, object, "thousands", &form->thousands))
		return c->cx->err.code;
	if (decimal && !form->decimal)
		return cd_map_wrong(c, decimal, "Expected one ASCII character");
	if (form->decimal == form->thousands)
		return cd_map_wrong(c, object, "decimal and thousands are the same character");
	return CD_OK;
}

cd_code cd_map_time_form(struct cd_compile *c, const struct cd_json *v, const struct cd_time_form *basis,
	struct cd_time_form **ret)
{
	static const char *const members[] = {"form", "zone", "gap", "double", NULL};
	static const char *const gaps[] = {"skip", "before", "after", NULL};
	static const char *const doubles[] = {"first", "second", "order", "skip", NULL};
	struct cd_time_form *t = CD_NEW(c->cx->arena, struct cd_time_form);
	if (!t)
		return cd_fail_memory(c->cx);
	*t = *basis;
	t->last_us = INT64_MIN;
	cd_str form = {NULL, 0}, zone = {NULL, 0};
	unsigned gap = t->gap, twice = t->twice;
	if (cd_map_only(c, v, members) || cd_map_text(c, v, "form", &form) ||
		cd_map_text(c, v, "zone", &zone) || cd_map_word(c, v, "gap", gaps, &gap) ||
		cd_map_word(c, v, "double", doubles, &twice))
		return c->cx->err.code;
	t->gap = gap;
	t->twice = twice;
	if (form.p &&
		cd_moment_form(c->cx, cd_json_pointer(c->cx, cd_json_get(v, CD_STR("form"))), form, &t->form))
		return c->cx->err.code;
	if (zone.p &&
		cd_zone_open(c->cx, cd_json_pointer(c->cx, cd_json_get(v, CD_STR("zone"))), zone, &t->zone))
		return c->cx->err.code;
	*ret = t;
	return CD_OK;
}

/* Each system is opened once for the whole mapping, which closes it. WGS84 itself needs none. */
cd_code cd_map_crs(struct cd_compile *c, const struct cd_json *object, struct cd_crs **ret)
{
	cd_str name = {NULL, 0};
	if (cd_map_text(c, object, "crs", &name) || !name.p)
		return c->cx->err.code;
	*ret = NULL;
	if (cd_str_eq(name, CD_STR("EPSG:4326")) || cd_str_eq(name, CD_STR("OGC:CRS84")))
		return CD_OK;
	for (struct cd_crs_open *o = c->m->systems; o; o = o->next)
		if (cd_str_eq(o->name, name)) {
			*ret = o->crs;
			return CD_OK;
		}
	struct cd_crs_open *o = CD_NEW(c->cx->arena, struct cd_crs_open);
	if (!o)
		return cd_fail_memory(c->cx);
	if (cd_crs_open(c->cx, cd_json_pointer(c->cx, cd_json_get(object, CD_STR("crs"))), name, &o->crs))
		return c->cx->err.code;
	o->name = name;
	o->next = c->m->systems;
	c->m->systems = o;
	*ret = o->crs;
	return CD_OK;
}
