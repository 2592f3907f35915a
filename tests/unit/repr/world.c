#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void world_init(struct world *w)
{
	*w = (struct world){.now = 1700000000000000, .observed = CD_STAMP_NONE};
	cd_settings_init(&w->set);
	cd_arena_init(&w->arena, 1ull << 30);
	cd_cx_init(&w->cx, &w->arena, &w->set);
	w->names = cd_names_new(100000);
	assert_non_null(w->names);
	world_context(w, "{}"); /* one of our own: a context remembers the numbers of one table */
}

void world_done(struct world *w)
{
	cd_ctx_unref(w->ctx);
	cd_names_free(w->names);
	cd_arena_done(&w->arena);
}

static const struct cd_json *no_document(void *arg, cd_str url, cd_str *base)
{
	(void)arg, (void)url, (void)base;
	return NULL;
}

void world_context(struct world *w, const char *json)
{
	const struct cd_ctx_docs docs = {no_document, NULL};
	struct cd_ctx *ctx = NULL;
	cd_str missing;
	cd_code code = cd_ctx_compile(&w->cx, world_json(w, json), cd_str_of(NULL, 0), &docs, &ctx, &missing);
	assert_int_equal(code, CD_OK);
	cd_ctx_unref(w->ctx);
	w->ctx = ctx;
}

static const char *exchanged(struct world *w, cd_str text, char from, char to)
{
	cd_str copy = cd_arena_copy(&w->arena, text);
	assert_non_null(copy.p);
	char *p = (char *)(uintptr_t)copy.p;
	for (size_t i = 0; i < copy.n; i++)
		p[i] = p[i] == from ? to : p[i];
	return p;
}

const char *world_quotes(struct world *w, const char *text)
{
	return exchanged(w, cd_str_z(text), '\'', '"');
}

struct cd_json *world_json(struct world *w, const char *text)
{
	struct cd_json *v = NULL;
	cd_cx_clear(&w->cx);
	cd_code code = cd_json_parse_copy(&w->cx, cd_str_z(world_quotes(w, text)), &v);
	if (code)
		print_error("%s: %s\n", text, w->cx.err.detail);
	assert_int_equal(code, CD_OK);
	return v;
}

cd_term world_term(struct world *w, const char *name)
{
	cd_term term = cd_names_add(w->names, cd_ctx_expand(w->ctx, &w->arena, cd_str_z(name)));
	assert_int_not_equal(term, 0);
	return term;
}

/* ---- in and out ---- */

static cd_code number(struct world *w, const struct cd_frag *frag, const struct cd_ent **ret)
{
	cd_term *map = CD_NEWS(&w->arena, cd_term, frag->names_n + 1);
	struct cd_ent *renamed = NULL;
	assert_non_null(map);
	for (uint32_t i = 0; i < frag->names_n; i++)
		map[i] = cd_names_add(w->names, frag->names[i]);
	cd_code code = cd_ent_rename(&w->cx, frag->ent, map, &renamed);
	if (!code)
		*ret = renamed;
	return code;
}

cd_code world_read(
	struct world *w, enum cd_body body, const char *json, const char *attr, const struct cd_ent **ret)
{
	struct cd_frag frag;
	struct cd_in in = {.ctx = w->ctx, .names = w->names, .body = body};
	struct cd_json *v = world_json(w, json);
	if (w->ent)
		in.id = cd_ent_id(w->ent);
	if (attr)
		in.attr = cd_ctx_term(w->ctx, &w->arena, w->names, cd_str_z(attr), &in.attr_iri);
	cd_code code = cd_repr_in(&w->cx, &in, v, &frag);
	if (code)
		return code;
	assert_null(cd_ent_validate(frag.ent, frag.ent->bytes));
	return number(w, &frag, ret);
}

const char *world_refused(struct world *w, enum cd_body body, const char *json, const char *attr)
{
	const struct cd_ent *e = NULL;
	cd_code code = world_read(w, body, json, attr, &e);
	if (!code)
		print_error("taken: %s\n", json);
	assert_int_equal(code, CD_E_BAD_REQUEST_DATA);
	cd_str text = cd_arena_printf(
		&w->arena, "%s: %s", w->cx.err.where ? w->cx.err.where : "", w->cx.err.detail);
	cd_cx_clear(&w->cx);
	return exchanged(w, text, '"', '\'');
}

const char *world_print(struct world *w, enum cd_form form, const struct cd_ent *e)
{
	const struct cd_out out = {.ctx = w->ctx, .names = w->names, .form = form};
	struct cd_buf b;
	cd_buf_init(&b, 64 << 20);
	cd_repr_out(&b, &w->arena, &out, e);
	assert_int_equal(b.bad, CD_OK);
	const char *text = exchanged(w, cd_buf_str(&b), '"', '\'');
	cd_buf_done(&b);
	return text;
}

/* ---- changes ---- */

static void check_sound(const struct cd_ent *e)
{
	const char *why = cd_ent_validate(e, e->bytes);
	if (why)
		print_error("unsound: %s\n", why);
	assert_null(why);
}

/* What is stored has kinds and values, and none of the marks of fragments and deltas. */
static void check_stored(struct world *w, const struct cd_ent *e)
{
	check_sound(e);
	assert_int_equal(e->flags, 0);
	assert_true(e->revision == w->revision);
	for (uint32_t i = 0; i < e->nodes; i++) {
		const struct cd_node *n = cd_ent_nodes(e) + i;
		assert_int_not_equal(n->kind, CD_KIND_NONE);
		assert_int_not_equal(n->value_class, CD_V_NONE);
		assert_int_equal(n->flags, 0);
		assert_int_not_equal(n->created, 0);
		assert_int_not_equal(n->modified, 0);
		cd_str text = cd_node_value(e, n);
		assert_null(memmem(text.p, text.n, CD_STR("\"urn:ngsi-ld:null\"").p, 18));
	}
}

static void same_bytes(const struct cd_ent *a, const struct cd_ent *b)
{
	assert_int_equal(a != NULL, b != NULL);
	if (!a)
		return;
	assert_int_equal(a->bytes, b->bytes);
	assert_memory_equal(a, b, a->bytes);
}

static void replay(
	struct world *w, const struct cd_ent *old, const struct cd_ent *delta, const struct cd_ent *expected)
{
	struct cd_applied again;
	const struct cd_change c = {
		.verb = CD_VERB_DELTA, .id = cd_ent_id(delta), .frag = delta, .observed = CD_STAMP_NONE};
	assert_int_equal(cd_ent_apply(&w->cx, old, delta->number, delta->revision, &c, &again), CD_OK);
	assert_int_equal(again.report.code, CD_OK);
	same_bytes(again.block, expected);
}

static void check_accepted(struct world *w)
{
	const struct cd_ent *block = w->applied.block, *delta = w->applied.delta;
	if (!delta) {
		assert_ptr_equal(block, w->ent);
		return;
	}
	check_sound(delta);
	assert_true(delta->flags & CD_ENT_DELTA);
	if (block)
		check_stored(w, block);
	else
		assert_true(delta->flags & CD_ENT_DELETED);
	w->cx.now += 77; /* replay reads no clock */
	replay(w, w->ent, delta, block);
	if (block)
		replay(w, block, delta, block);
}

cd_code world_apply(struct world *w, const struct cd_change *c)
{
	cd_cx_clear(&w->cx);
	w->cx.now = w->now += 1000000;
	w->revision++;
	bool expired = c->verb != CD_VERB_LAPSE && w->ent && w->ent->expires != CD_STAMP_NONE &&
		       cd_stamp_us(w->ent->expires) <= w->now;
	uint64_t entity = w->ent && !expired ? w->ent->number : w->revision;
	cd_code code = cd_ent_apply(&w->cx, w->ent, entity, w->revision, c, &w->applied);
	if (code)
		return code;
	if (w->applied.report.code) {
		assert_null(w->applied.delta);
		assert_null(w->applied.block);
		assert_non_null(w->applied.report.detail);
		return w->applied.report.code;
	}
	if (expired)
		w->ent = NULL; /* the store has deleted it before */
	check_accepted(w);
	w->ent = w->applied.block;
	return CD_OK;
}

static enum cd_body body_of(enum cd_verb verb, unsigned flags)
{
	switch (verb) {
	case CD_VERB_MERGE:
		return CD_BODY_MERGE;
	case CD_VERB_APPEND:
		return CD_BODY_FRAGMENT;
	case CD_VERB_UPDATE:
		return CD_BODY_FRAGMENT_NULL;
	case CD_VERB_PARTIAL:
		return CD_BODY_ATTR;
	case CD_VERB_REPLACE_ATTR:
		return CD_BODY_ATTR_WHOLE;
	case CD_VERB_UPSERT:
		return flags & CD_CHANGE_UPDATE ? CD_BODY_UPSERT_UPDATE : CD_BODY_ENTITY;
	case CD_VERB_CREATE:
	case CD_VERB_REPLACE:
	case CD_VERB_DELETE_ATTR:
	case CD_VERB_DELETE:
	case CD_VERB_LAPSE:
	case CD_VERB_DELTA:
	case CD_VERB_N:
		break;
	}
	return CD_BODY_ENTITY;
}

cd_code world_change(struct world *w, enum cd_verb verb, unsigned flags, const char *json, const char *attr)
{
	struct cd_change c = {.verb = verb,
		.flags = flags & ~WORLD_SIMPLIFIED,
		.id = w->ent ? cd_ent_id(w->ent) : CD_STR("urn:none"),
		.types = w->types,
		.dataset = w->dataset,
		.lang = w->lang,
		.observed = w->observed};
	enum cd_body body = flags & WORLD_SIMPLIFIED ? CD_BODY_MERGE_SIMPLIFIED : body_of(verb, flags);
	if (json) {
		cd_code code = world_read(w, body, json, attr, &c.frag);
		if (code)
			return code;
		c.id = cd_ent_id(c.frag);
	}
	if (attr)
		c.attr = cd_ctx_term(w->ctx, &w->arena, w->names, cd_str_z(attr), NULL);
	return world_apply(w, &c);
}
