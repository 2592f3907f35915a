/*
 * An entity and a change of it, as JSON: whatever is taken is sound, comes out as JSON in every form, and
 * comes back equal; the delta of a change makes the same bytes of the old block, and of the new one nothing.
 *
 * The input: one byte for the change, the entity, a NUL, the body of the change.
 */
#include "place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	enum cd_verb verb;
	enum cd_body body;
} changes[] = {{CD_VERB_REPLACE, CD_BODY_ENTITY}, {CD_VERB_APPEND, CD_BODY_FRAGMENT},
	{CD_VERB_UPDATE, CD_BODY_FRAGMENT_NULL}, {CD_VERB_MERGE, CD_BODY_MERGE},
	{CD_VERB_MERGE, CD_BODY_MERGE_SIMPLIFIED}, {CD_VERB_PARTIAL, CD_BODY_ATTR},
	{CD_VERB_REPLACE_ATTR, CD_BODY_ATTR_WHOLE}, {CD_VERB_UPSERT, CD_BODY_UPSERT_UPDATE}};

static void same(const struct cd_ent *a, const struct cd_ent *b)
{
	must_hold(!a == !b && (!a || (a->bytes == b->bytes && memcmp(a, b, a->bytes) == 0)));
}

static void print(const struct place *p, struct cd_cx *cx, enum cd_form form, bool geojson,
	const struct cd_ent *e, struct cd_buf *b)
{
	const struct cd_out out = {.ctx = p->ctx, .names = p->names, .form = form, .geojson = geojson};
	struct cd_json *json;
	cd_buf_init(b, 64 << 20);
	cd_repr_out(b, cx->arena, &out, e);
	must_hold(!b->bad);
	struct cd_settings wide = *cx->set; /* an answer nests deeper than what it was made of */
	struct cd_cx reader;
	wide.json_depth = 512;
	cd_cx_init(&reader, cx->arena, &wide);
	must_hold(!cd_json_parse_copy(&reader, cd_buf_str(b), &json));
}

/* Put the delta on it: the same bytes come out as were decided. */
static void replay(
	struct cd_cx *cx, const struct cd_ent *old, const struct cd_ent *delta, const struct cd_ent *now)
{
	struct cd_applied again;
	const struct cd_change c = {
		.verb = CD_VERB_DELTA, .id = cd_ent_id(delta), .frag = delta, .observed = CD_STAMP_NONE};
	must_hold(!cd_ent_apply(cx, old, delta->number, delta->revision, &c, &again) && !again.report.code);
	same(again.block, now);
}

static const struct cd_ent *apply(struct cd_cx *cx, enum cd_verb verb, const struct place *p,
	const struct cd_ent *old, const struct cd_ent *frag)
{
	static uint64_t revision;
	struct cd_applied a;
	cd_str iri;
	struct cd_change c = {.verb = verb, .id = cd_ent_id(frag), .frag = frag, .observed = CD_STAMP_NONE};
	if (verb == CD_VERB_PARTIAL || verb == CD_VERB_REPLACE_ATTR) {
		c.id = cd_ent_id(old);
		c.attr = cd_ctx_term(p->ctx, cx->arena, p->names, CD_STR("n"), &iri);
	}
	cx->now += 1000000;
	revision++;
	if (cd_ent_apply(cx, old, old ? old->number : revision, revision, &c, &a))
		return NULL;
	if (a.report.code) {
		must_hold(!a.block && !a.delta && a.report.detail);
		return NULL;
	}
	must_hold(!a.block || !cd_ent_validate(a.block, a.block->bytes));
	if (!a.delta)
		return a.block;
	must_hold(!cd_ent_validate(a.delta, a.delta->bytes));
	replay(cx, old, a.delta, a.block);
	if (a.block)
		replay(cx, a.block, a.delta, a.block);
	return a.block;
}

/* Out and in again. */
static void there_and_back(struct place *p, struct cd_cx *cx, const struct cd_ent *e)
{
	struct cd_buf first, second;
	struct cd_json *json;
	print(p, cx, CD_SIMPLIFIED, false, e, &first);
	cd_buf_done(&first);
	print(p, cx, CD_NORMALIZED, true, e, &first);
	cd_buf_done(&first);
	for (int form = CD_NORMALIZED; form <= CD_CONCISE; form++) {
		print(p, cx, (enum cd_form)form, false, e, &first);
		struct cd_settings wide = *cx->set;
		struct cd_cx reader;
		wide.json_depth = 512;
		cd_cx_init(&reader, cx->arena, &wide);
		reader.now = cx->now;
		must_hold(!cd_json_parse_copy(&reader, cd_buf_str(&first), &json));
		const struct cd_ent *frag = place_read(p, &reader, CD_BODY_ENTITY, json, NULL);
		must_hold(frag != NULL);
		const struct cd_ent *again = apply(&reader, CD_VERB_CREATE, p, NULL, frag);
		must_hold(again != NULL);
		print(p, &reader, (enum cd_form)form, false, again, &second);
		must_hold(cd_str_eq(cd_buf_str(&first), cd_buf_str(&second)));
		cd_buf_done(&first);
		cd_buf_done(&second);
	}
}

static void try(struct place *p, struct cd_cx *cx, unsigned how, cd_str entity, cd_str change)
{
	struct cd_json *json;
	cd_cx_clear(cx);
	if (cd_json_parse_copy(cx, entity, &json))
		return;
	const struct cd_ent *frag = place_read(p, cx, CD_BODY_ENTITY, json, NULL), *e;
	if (!frag || !(e = apply(cx, CD_VERB_CREATE, p, NULL, frag)))
		return;
	there_and_back(p, cx, e);
	cd_cx_clear(cx);
	if (!change.p || cd_json_parse_copy(cx, change, &json) ||
		!(frag = place_read(p, cx, changes[how].body, json, e)))
		return;
	e = apply(cx, changes[how].verb, p, e, frag);
	if (e)
		there_and_back(p, cx, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_arena arena;
	struct cd_cx cx;
	if (size < 2 || size > 20000)
		return 0;
	struct place *p = place_get();
	cd_arena_init(&arena, 256 << 20);
	cd_cx_init(&cx, &arena, &p->set);
	cx.now = 1700000000000000;
	cd_str rest = cd_str_of((const char *)data + 1, size - 1);
	cd_str entity = cd_str_cut(&rest, 0);
	try(p, &cx, data[0] % (sizeof changes / sizeof *changes), entity, rest);
	cd_arena_done(&arena);
	return 0;
}
