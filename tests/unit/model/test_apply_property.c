/*
 * Random entities, random changes. For each of them world_change checks that the delta put onto the old block
 * gives the new block byte by byte, that a second time it changes nothing, that every block is sound and that
 * nothing of a fragment is left in it. Here: what a change does not name stays as it was, and what is printed
 * reads back as the same entity.
 *
 * Seeded; CARDO_SEED starts elsewhere, CARDO_ROUNDS takes longer.
 */
#include "../repr/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

struct gen {
	uint64_t state;
	struct cd_buf b;
	bool null, merge; /* may hold the NGSI-LD null: as a value; inside of values */
};

static uint32_t pick(struct gen *g, uint32_t n)
{
	g->state ^= g->state << 13;
	g->state ^= g->state >> 7;
	g->state ^= g->state << 17;
	return (uint32_t)(g->state >> 33) % n;
}

static void put(struct gen *g, const char *text)
{
	cd_buf_put(&g->b, cd_str_z(text));
}

#define ONE_OF(g, ...) one_of(g, (const char *const[]){__VA_ARGS__, NULL})

static void one_of(struct gen *g, const char *const *list)
{
	uint32_t n = 0;
	while (list[n])
		n++;
	put(g, list[pick(g, n)]);
}

static void scalar(struct gen *g)
{
	ONE_OF(g, "1", "-2.50", "1e400", "true", "false", "'text'", "'2020-01-01T00:00:00.100Z'", "''",
		"'\\u0001\\n\\\\'", "'urn:x'");
}

static void value(struct gen *g, unsigned depth)
{
	uint32_t what = pick(g, depth < 3 ? 6 : 4);
	uint32_t n = pick(g, 4);
	if (what < 4) {
		scalar(g);
		return;
	}
	put(g, what == 4 ? "[" : "{");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			put(g, ",");
		if (what == 5)
			cd_buf_printf(&g->b, "'k%u':", i);
		if (what == 5 && g->merge && pick(g, 4) == 0)
			put(g, "'urn:ngsi-ld:null'");
		else if (what == 4)
			scalar(g);
		else
			value(g, depth + 1);
	}
	put(g, what == 4 ? "]" : "}");
}

static void geometry(struct gen *g)
{
	ONE_OF(g, "{'type':'Point','coordinates':[1,2]}",
		"{'type':'LineString','coordinates':[[0,0],[1,1.5]]}");
}

static void language(struct gen *g)
{
	if (g->merge && pick(g, 2))
		ONE_OF(g, "{'en':'urn:ngsi-ld:null'}", "{'en':'urn:ngsi-ld:null','de':'d'}");
	else
		ONE_OF(g, "{}", "{'en':'a','fr':['b','c']}", "{'@none':'x'}");
}

/* The value member of a kind, with its name. */
static void value_member(struct gen *g, enum cd_kind kind)
{
	cd_buf_printf(&g->b, "'%s':", cd_kinds[kind].member.p);
	if (g->null && pick(g, 8) == 0) {
		put(g, kind == CD_LANGUAGE_PROPERTY ? "{'@none':'urn:ngsi-ld:null'}" : "'urn:ngsi-ld:null'");
		return;
	}
	switch (kind) {
	case CD_GEO_PROPERTY:
		geometry(g);
		break;
	case CD_RELATIONSHIP:
		ONE_OF(g, "'urn:x'", "['urn:x','urn:y']");
		break;
	case CD_LANGUAGE_PROPERTY:
		language(g);
		break;
	case CD_VOCAB_PROPERTY:
		ONE_OF(g, "'word'", "['word','http://a.b/c']");
		break;
	case CD_LIST_PROPERTY:
		ONE_OF(g, "[]", "[1,{'a':2}]");
		break;
	case CD_LIST_RELATIONSHIP:
		ONE_OF(g, "[]", "['urn:x',{'object':'urn:y'}]");
		break;
	case CD_JSON_PROPERTY:
		ONE_OF(g, "{'a':null}", "[1,null]", "{}");
		break;
	case CD_PROPERTY:
	case CD_KIND_NONE:
	case CD_KIND_N:
		value(g, 0);
		break;
	}
}

static void attributes(struct gen *g, unsigned depth);

static void members(struct gen *g, enum cd_kind kind, unsigned depth)
{
	if (pick(g, 3) == 0)
		ONE_OF(g, ",'observedAt':'2020-01-01T00:00:00Z'", ",'observedAt':'2020-01-01T00:00:00,5Z'",
			",'expiresAt':'2100-01-01T00:00:00Z'");
	if (kind == CD_PROPERTY && pick(g, 3) == 0)
		put(g, ",'unitCode':'C'");
	if ((kind == CD_RELATIONSHIP || kind == CD_LIST_RELATIONSHIP) && pick(g, 3) == 0)
		ONE_OF(g, ",'objectType':'Car'", ",'objectType':['Car','Bus']");
	if (depth < 3 && pick(g, 3) == 0)
		attributes(g, depth + 1);
}

/* What is inside of the braces of an instance. A type that is left out may not fit the stored one. */
static void inside(struct gen *g, unsigned depth, const char *dataset)
{
	enum cd_kind kind = pick(g, 2) ? CD_PROPERTY : 1 + pick(g, CD_KIND_N - 1);
	if (kind == CD_GEO_PROPERTY || pick(g, 2))
		cd_buf_printf(&g->b, "'type':'%s',", cd_kinds[kind].type.p);
	value_member(g, kind);
	if (dataset)
		cd_buf_printf(&g->b, ",'datasetId':'%s'", dataset);
	members(g, kind, depth);
}

static void attribute(struct gen *g, unsigned depth)
{
	static const char *const datasets[] = {NULL, "urn:d:1", "urn:d:2"};
	if (g->null && pick(g, 6) == 0) {
		put(g, "'urn:ngsi-ld:null'");
		return;
	}
	if (pick(g, 4) == 0) {
		geometry(g);
		return;
	}
	uint32_t from = pick(g, 3), to = from + 1 + pick(g, 3 - from);
	if (to - from > 1)
		put(g, "[");
	for (uint32_t i = from; i < to; i++) {
		put(g, i > from ? ",{" : "{");
		inside(g, depth, datasets[i]);
		put(g, "}");
	}
	if (to - from > 1)
		put(g, "]");
}

/* Each with a comma before it. */
static void attributes(struct gen *g, unsigned depth)
{
	for (uint32_t i = 0; i < (depth ? 3 : 6); i++) {
		if (pick(g, 2))
			continue;
		cd_buf_printf(&g->b, ",'%c%u':", depth ? 's' : 'a', i);
		attribute(g, depth);
	}
}

static void head(struct gen *g, bool whole)
{
	put(g, "{'id':'urn:a'");
	if (whole || pick(g, 4) == 0)
		ONE_OF(g, ",'type':'T'", ",'type':['U','T']", ",'type':['V']");
	if (pick(g, 4) == 0)
		ONE_OF(g, ",'scope':'/A'", ",'scope':['/B','/A/C']");
	else if (g->null && pick(g, 6) == 0)
		put(g, ",'scope':'urn:ngsi-ld:null'");
	if (pick(g, 8) == 0)
		ONE_OF(g, ",'expiresAt':'2100-01-01T00:00:00Z'", ",'expiresAt':'2000-01-01T00:00:00Z'");
	else if (g->null && pick(g, 6) == 0)
		put(g, ",'expiresAt':'urn:ngsi-ld:null'");
}

static const char *body(struct gen *g, enum cd_verb verb, unsigned flags)
{
	bool update = verb == CD_VERB_UPSERT && (flags & CD_CHANGE_UPDATE);
	bool whole = verb == CD_VERB_CREATE || verb == CD_VERB_REPLACE || verb == CD_VERB_UPSERT;
	cd_buf_reset(&g->b);
	g->merge = verb == CD_VERB_MERGE;
	g->null = g->merge || update || verb == CD_VERB_UPDATE || verb == CD_VERB_PARTIAL;
	if (verb == CD_VERB_PARTIAL || verb == CD_VERB_REPLACE_ATTR) {
		put(g, "{");
		inside(g, 0, pick(g, 3) ? NULL : "urn:d:1");
	} else {
		head(g, whole);
		attributes(g, 0);
	}
	put(g, "}");
	cd_buf_char(&g->b, 0);
	return g->b.p;
}

/* ---- what must hold ---- */

static bool names(const struct cd_ent *delta, const struct cd_ent *e, const struct cd_node *n)
{
	return cd_nodes_instance(delta, cd_ent_nodes(delta), delta->tops, n->term, cd_node_dataset(e, n));
}

static void check_rest(const struct cd_ent *old, const struct cd_applied *a)
{
	if (!a->block || !a->delta || (a->delta->flags & CD_ENT_WHOLE))
		return;
	for (uint32_t i = 0; i < old->tops; i++) {
		const struct cd_node *n = cd_ent_nodes(old) + i;
		if (names(a->delta, old, n))
			continue;
		const struct cd_node *now = cd_nodes_instance(
			a->block, cd_ent_nodes(a->block), a->block->tops, n->term, cd_node_dataset(old, n));
		assert_non_null(now);
		assert_true(cd_str_eq(cd_node_value(old, n), cd_node_value(a->block, now)));
		assert_true(cd_ent_stamp(old, n->modified) == cd_ent_stamp(a->block, now->modified));
		assert_true(n->children == now->children && n->key == now->key);
	}
}

/* Normalized and concise forms say everything that a client can say. */
static void check_print(struct world *w)
{
	const char *normalized = world_print(w, CD_NORMALIZED, w->ent);
	const struct cd_ent *again;
	for (enum cd_form form = CD_NORMALIZED; form <= CD_CONCISE; form++) {
		const char *text = world_print(w, form, w->ent);
		cd_code code = world_read(w, CD_BODY_ENTITY, text, NULL, &again);
		if (code)
			print_error("%s\n%s %s\n", text, w->cx.err.where, w->cx.err.detail);
		assert_int_equal(code, CD_OK);
		assert_string_equal(world_print(w, CD_NORMALIZED, again), normalized);
		for (uint32_t i = 0; i < again->nodes; i++) {
			const struct cd_node *a = cd_ent_nodes(again) + i, *b = cd_ent_nodes(w->ent) + i;
			if (a->value_class != b->value_class || a->key != b->key || a->kind != b->kind)
				print_error("%s: node %u\n", text, i);
			assert_int_equal(a->kind, b->kind);
			assert_int_equal(a->value_class, b->value_class);
			assert_true(a->key == b->key);
		}
	}
}

/* ---- lives ---- */

static unsigned accepted[CD_VERB_N], answers[CD_ERROR_N];

static void step(struct world *w, struct gen *g)
{
	static const enum cd_verb verbs[] = {CD_VERB_CREATE, CD_VERB_REPLACE, CD_VERB_UPSERT, CD_VERB_UPSERT,
		CD_VERB_MERGE, CD_VERB_MERGE, CD_VERB_MERGE, CD_VERB_MERGE, CD_VERB_APPEND, CD_VERB_UPDATE,
		CD_VERB_UPDATE, CD_VERB_PARTIAL, CD_VERB_PARTIAL, CD_VERB_PARTIAL, CD_VERB_REPLACE_ATTR,
		CD_VERB_DELETE_ATTR, CD_VERB_DELETE_ATTR};
	enum cd_verb verb = verbs[pick(g, sizeof verbs / sizeof *verbs)];
	unsigned flags = 0;
	if (verb == CD_VERB_UPSERT && pick(g, 2))
		flags = CD_CHANGE_UPDATE;
	if (verb == CD_VERB_APPEND && pick(g, 2))
		flags = CD_CHANGE_NO_OVERWRITE;
	if (verb == CD_VERB_DELETE_ATTR && pick(g, 2))
		flags = CD_CHANGE_DELETE_ALL;
	if (pick(g, 40) == 0)
		verb = CD_VERB_DELETE;
	if (pick(g, 20) == 0)
		verb = CD_VERB_LAPSE;
	bool one = verb == CD_VERB_PARTIAL || verb == CD_VERB_REPLACE_ATTR || verb == CD_VERB_DELETE_ATTR;
	bool bare = verb == CD_VERB_DELETE || verb == CD_VERB_DELETE_ATTR || verb == CD_VERB_LAPSE;
	const char *attr[] = {"a0", "a1", "a2", "a3", "a4", "a5"};
	const struct cd_ent *old = w->ent;
	const char *text = bare ? NULL : body(g, verb, flags);
	w->observed = pick(g, 2) ? cd_stamp_of(w->now, 0) : CD_STAMP_NONE;
	w->dataset = pick(g, 2) ? CD_STR("") : CD_STR("urn:d:1");
	cd_code code = world_change(w, verb, flags, text, one ? attr[pick(g, 6)] : NULL);
	answers[code]++;
	if (code) {
		if (code != CD_E_NOT_FOUND && code != CD_E_ALREADY_EXISTS && code != CD_E_BAD_REQUEST_DATA)
			print_error("%d %s %s\n", code, text, w->cx.err.detail);
		assert_true(code == CD_E_NOT_FOUND || code == CD_E_ALREADY_EXISTS ||
			    code == CD_E_BAD_REQUEST_DATA);
		return;
	}
	accepted[verb]++;
	if (old && w->ent)
		check_rest(old, &w->applied);
	if (w->ent)
		check_print(w);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void random_lives(void **state)
{
	uint64_t seed = setting("CARDO_SEED", 1), rounds = setting("CARDO_ROUNDS", 150);
	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		struct world w;
		struct gen g = {.state = (seed + i) * 0x9e3779b97f4a7c15u};
		world_init(&w);
		cd_buf_init(&g.b, 1 << 20);
		for (unsigned k = 0; k < 40; k++)
			step(&w, &g);
		cd_buf_done(&g.b);
		world_done(&w);
	}
	for (enum cd_verb v = CD_VERB_CREATE; v < CD_VERB_DELTA; v++)
		assert_true(accepted[v] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_lives)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
