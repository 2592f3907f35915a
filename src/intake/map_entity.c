/* One entity of the values at hand: its id, what is known about the id from rows before, its attributes. */
#include "intake/mapping_int.h"

#include "base/hash.h"
#include "base/mem.h"
#include "model/uri.h"

#include <stdio.h>

void cd_map_fault(struct cd_map_state *s, const char *kind, const char *fmt, ...)
{
	char words[400];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	size_t kept = n < 0 ? 0 : (size_t)n < sizeof words ? (size_t)n : sizeof words - 1;
	/* not in the middle of a character */
	while (kept && (size_t)n > kept && !cd_utf8_valid(cd_str_of(words, kept)))
		kept--;
	const struct cd_map_fault fault = {
		.kind = cd_str_z(kind), .file = s->file, .line = s->line, .detail = cd_str_of(words, kept)};
	if (!s->cx->err.code)
		(void)s->sink->fault(s->sink->arg, s->cx, &fault);
}

/* ---- what is kept of each id ---- */

static bool grow(struct cd_watches *w)
{
	size_t cap = w->cap ? w->cap * 2 : 256;
	struct cd_watch *p = cd_mem_zalloc(cap * sizeof *p);
	if (!p)
		return false;
	for (size_t i = 0; i < w->cap; i++) {
		size_t at = w->p[i].hash & (cap - 1);
		if (!w->p[i].hash)
			continue;
		while (p[at].hash)
			at = (at + 1) & (cap - 1);
		p[at] = w->p[i];
	}
	cd_mem_free(w->p);
	w->p = p;
	w->cap = cap;
	return true;
}

struct cd_watch *cd_watch_of(struct cd_watches *w, uint64_t hash)
{
	hash += hash == 0;
	if (w->n * 4 >= w->cap * 3 && !grow(w))
		return NULL;
	size_t at = hash & (w->cap - 1);
	while (w->p[at].hash && w->p[at].hash != hash)
		at = (at + 1) & (w->cap - 1);
	if (!w->p[at].hash) {
		w->p[at] = (struct cd_watch){.hash = hash, .last_us = INT64_MIN, .silent_us = INT64_MIN};
		w->n++;
	}
	return &w->p[at];
}

void cd_watches_done(struct cd_watches *w)
{
	cd_mem_free(w->p);
	*w = (struct cd_watches){0};
}

static const char *span(int64_t us, char text[48])
{
	int64_t minutes = us / 60000000;
	if (minutes >= 2880)
		snprintf(text, 48, "%lld days", (long long)(minutes / 1440));
	else if (minutes >= 120)
		snprintf(text, 48, "%lld hours", (long long)(minutes / 60));
	else if (minutes)
		snprintf(text, 48, "%lld minutes", (long long)minutes);
	else
		snprintf(text, 48, "%lld seconds", (long long)(us / 1000000));
	return text;
}

static void watch_silence(struct cd_map_state *s, struct cd_watch *w, cd_str id, int64_t us)
{
	const struct cd_silent *q = &s->tr->t->silent;
	char text[48];
	if (q->slot == CD_MAP_NONE)
		return;
	if (!cd_str_eq(s->cells[q->slot].text, q->equals)) {
		w->silent_us = INT64_MIN;
		w->told = false;
		return;
	}
	if (w->silent_us == INT64_MIN)
		w->silent_us = us;
	if (us - w->silent_us < q->for_us || w->told)
		return;
	w->told = true;
	cd_map_fault(s, "silent", CD_STR_FMT " has been \"" CD_STR_FMT "\" for %s", CD_STR_ARG(id),
		CD_STR_ARG(q->equals), span(q->for_us, text));
}

/* False: this row is not written. */
static bool watch(struct cd_map_state *s, cd_str id)
{
	const struct cd_table *t = s->tr->t;
	char text[48];
	struct cd_watch *w = cd_watch_of(&s->tr->ids, cd_hash64(id, 0));
	if (!w) {
		(void)cd_fail_memory(s->cx);
		return false;
	}
	if (t->repeat == CD_REPEAT_FIRST) {
		bool again = w->told;
		w->told = true;
		return !again;
	}
	if (!s->has_time)
		return true;
	int64_t us = cd_stamp_us(s->time), step = w->last_us == INT64_MIN ? 0 : us - w->last_us;
	/* the columns of a row tell the same story: once is enough */
	bool told = s->told_line == s->line && s->told_step == step;
	if (step < 0 && !told)
		cd_map_fault(s, "order", CD_STR_FMT " was observed %s before the row before", CD_STR_ARG(id),
			span(-step, text));
	if (t->every_us && step > t->every_us && !told)
		cd_map_fault(s, "gap", CD_STR_FMT " has nothing for the %s before", CD_STR_ARG(id),
			span(step, text));
	s->told_line = s->line;
	s->told_step = step;
	if (step < 0)
		return false;
	w->last_us = us;
	watch_silence(s, w, id, us);
	return true;
}

/* ---- the entity ---- */

static bool put_id(struct cd_map_state *s, cd_str *ret)
{
	const struct cd_table *t = s->tr->t;
	cd_str id = cd_template_text(s, &t->id, CD_STR(""));
	if (!id.p || !cd_uri_ok(id)) {
		cd_map_fault(s, "id",
			id.p ? "\"" CD_STR_FMT "\" is no URI" : "A field of the id has no value",
			CD_STR_ARG(id));
		return false;
	}
	*ret = id;
	CD_BUF_LIT(&s->out, "{\"id\":");
	if (t->repeat == CD_REPEAT_NEW && s->has_time) {
		char out[CD_STAMP_TEXT_MAX];
		size_t n = cd_stamp_print(s->time, out), k = 0;
		for (size_t i = 0; i < n; i++)
			if (out[i] != '-' && out[i] != ':')
				out[k++] = out[i];
		cd_str parts[] = {id, CD_STR(":"), cd_str_of(out, k)};
		id = cd_arena_join(&s->row, parts, 3);
	}
	cd_json_write_string(&s->out, id);
	return true;
}

/* @observedAt */
static void show_time(struct cd_map_state *s)
{
	cd_str text = cd_str_of(s->time_text, cd_stamp_print(s->time, s->time_text));
	for (uint32_t i = 0; i < s->tr->t->slots_n; i++)
		if (s->tr->t->slots[i].kind == CD_SLOT_OBSERVED)
			s->cells[i].text = text;
}

bool cd_map_row_time(struct cd_map_state *s)
{
	const struct cd_table *t = s->tr->t;
	if (!t->observed || (t->observed_once && s->has_time))
		return true;
	cd_str text = cd_template_text(s, t->observed, CD_STR(""));
	s->has_time = text.n && cd_map_time(s, s->m->source.time, text, &s->time);
	if (text.n == 0)
		cd_map_fault(s, "time", "There is no time in this row");
	if (s->has_time && t->shows_time)
		show_time(s);
	return s->has_time;
}

static void put_rest_json(struct cd_map_state *s, const struct cd_json *item);

static void put_rest(struct cd_map_state *s, const cd_str *row, uint32_t n)
{
	static const struct cd_map_rule any = {
		.as = CD_AS_AUTO, .number = {.decimal = '.'}, .to = CD_STR_INIT("a column")};
	struct cd_map_rule rule = any;
	rule.number = s->m->source.number;
	const struct cd_bound *b = &s->tr->bound;
	for (uint32_t i = 0; i < b->rest_n; i++) {
		size_t mark = s->out.n;
		cd_str text = b->rest[i] < n ? row[b->rest[i]] : CD_STR("");
		cd_buf_put(&s->out, b->rest_heads[i]);
		if (cd_map_put_text(s, &rule, text))
			cd_buf_char(&s->out, '}');
		else
			s->out.n = mark;
	}
}

static void put_scope(struct cd_map_state *s)
{
	cd_str scope = s->tr->t->scope ? cd_template_text(s, s->tr->t->scope, CD_STR("")) : CD_STR("");
	if (scope.n == 0)
		return;
	if (!cd_scope_ok(scope)) {
		cd_map_fault(s, "scope", "\"" CD_STR_FMT "\" is no scope", CD_STR_ARG(scope));
		return;
	}
	CD_BUF_LIT(&s->out, ",\"scope\":");
	cd_json_write_string(&s->out, scope);
}

static bool assemble(struct cd_map_state *s, const struct cd_json *item, const cd_str *row, uint32_t row_n)
{
	const struct cd_table *t = s->tr->t;
	cd_str id;
	if (!cd_map_row_time(s) || !put_id(s, &id) || (t->watches && !watch(s, id)))
		return false;
	CD_BUF_LIT(&s->out, ",\"type\":");
	cd_buf_put(&s->out, t->type);
	put_scope(s);
	if (!cd_map_put_rules(s, t->rules, t->rules_n, true))
		return false;
	if (t->rest == CD_REST_KEEP && item)
		put_rest_json(s, item);
	else if (t->rest == CD_REST_KEEP)
		put_rest(s, row, row_n);
	if (t->context.n) {
		CD_BUF_LIT(&s->out, ",\"@context\":");
		cd_buf_put(&s->out, t->context);
	}
	cd_buf_char(&s->out, '}');
	return true;
}

void cd_map_put_entity(struct cd_map_state *s, const struct cd_json *item, const cd_str *row, uint32_t row_n)
{
	cd_buf_reset(&s->out);
	s->row_bad = false;
	/* a fault may have ended the run: then nothing of its row is written */
	if (s->cx->err.code || !assemble(s, item, row, row_n) || s->cx->err.code)
		return;
	size_t n = s->out.n;
	static const char padding[CD_JSON_PADDING];
	cd_buf_put(&s->out, cd_str_of(padding, sizeof padding));
	if (s->out.bad) {
		if (s->out.bad == CD_E_TOO_LARGE)
			cd_map_fault(s, "large", "The entity would be larger than %zu bytes", s->out.max);
		else
			(void)cd_fail_memory(s->cx);
		return;
	}
	s->count->entities++;
	(void)s->sink->entity(s->sink->arg, s->cx, cd_str_of(s->out.p, n), s->line);
}

/* ---- members that no rule names, of objects ---- */

static bool named(const struct cd_table *t, cd_str member)
{
	for (uint32_t i = 0; i < t->slots_n; i++)
		if (t->slots[i].kind == CD_SLOT_COLUMN && t->slots[i].path_n &&
			cd_str_eq(t->slots[i].path[0].name, member))
			return true;
	return false;
}

static void put_rest_json(struct cd_map_state *s, const struct cd_json *item)
{
	const struct cd_table *t = s->tr->t;
	for (const struct cd_json *m = item->child; m; m = m->next) {
		if (m->kind == CD_JSON_NULL || named(t, m->key))
			continue;
		cd_str name = cd_map_fitting_name(&s->row, t, m->key);
		CD_BUF_LIT(&s->out, ",");
		cd_json_write_string(&s->out, name);
		CD_BUF_LIT(&s->out, ":{\"type\":\"Property\",\"value\":");
		cd_json_write(&s->out, m);
		CD_BUF_LIT(&s->out, "}");
	}
}
