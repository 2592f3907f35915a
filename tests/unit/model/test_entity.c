/* Packed entities: what is packed comes back, bounds hold at their value and one past it, and no bytes
 * whatsoever lead a reader out of a block that was found sound. [model/entity.h] */
#include "base/mem.h"
#include "model/entity.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct cd_settings set;
static struct cd_arena arena;
static struct cd_cx cx;

static int begin(void **state)
{
	(void)state;
	cd_settings_init(&set);
	cd_arena_init(&arena, 1ull << 30);
	cd_cx_init(&cx, &arena, &set);
	return 0;
}

static int end(void **state)
{
	(void)state;
	cd_arena_done(&arena);
	return 0;
}

/* ---- building ---- */

static struct cd_loose *number(cd_term term, const char *text)
{
	struct cd_loose *l = cd_loose_new(&arena, term, CD_PROPERTY);
	l->value = cd_str_z(text);
	l->value_class = CD_V_NUMBER;
	l->key = cd_key_of_double(cd_json_number(l->value));
	return l;
}

static struct cd_loose *value(cd_term term, enum cd_kind kind, enum cd_value class, const char *text)
{
	struct cd_loose *l = cd_loose_new(&arena, term, kind);
	l->value = cd_str_z(text);
	l->value_class = (uint8_t) class;
	return l;
}

static struct cd_loose *in_dataset(struct cd_loose *l, const char *dataset)
{
	l->meta[CD_META_DATASET] = cd_str_z(dataset);
	return l;
}

/* n numbers with the names 1, 2, ... */
static struct cd_loose *row(uint32_t n)
{
	struct cd_loose *first = NULL, **at = &first;
	for (uint32_t i = 0; i < n; i++, at = &(*at)->next)
		*at = number(i + 1, "1");
	return first;
}

static struct cd_loose_ent entity(struct cd_loose *child)
{
	struct cd_loose_ent e;
	cd_loose_ent_init(&e);
	e.id = CD_STR("urn:a");
	e.child = child;
	return e;
}

static const struct cd_ent *packed(const struct cd_loose_ent *in)
{
	struct cd_ent *e = NULL;
	cd_code code = cd_ent_pack(&cx, in, &e);
	if (code)
		print_error("%s\n", cx.err.detail);
	assert_int_equal(code, CD_OK);
	const char *why = cd_ent_validate(e, e->bytes);
	if (why)
		print_error("%s\n", why);
	assert_null(why);
	return e;
}

static void not_packed(const struct cd_loose_ent *in)
{
	struct cd_ent *e = NULL;
	cd_cx_clear(&cx);
	assert_int_equal(cd_ent_pack(&cx, in, &e), CD_E_BAD_REQUEST_DATA);
	assert_null(e);
	assert_non_null(cx.err.detail);
	cd_cx_clear(&cx);
}

static void same(const struct cd_ent *a, const struct cd_ent *b)
{
	assert_int_equal(a->bytes, b->bytes);
	assert_memory_equal(a, b, a->bytes);
}

static void text_is(cd_str s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p, expected, s.n);
}

/* ---- keys ---- */

static void keys_have_the_order_of_values(void **state)
{
	static const double d[] = {-INFINITY, -1e300, -2, -1, -1e-300, 0, 1e-300, 0.1, 1, 2, 1e300, INFINITY};
	static const char *const s[] = {"", "a", "aa", "ab", "abcdefg", "abcdefgh", "b", "\xc3\xa4"};
	(void)state;
	for (size_t i = 0; i + 1 < sizeof d / sizeof *d; i++)
		assert_true(cd_key_of_double(d[i]) < cd_key_of_double(d[i + 1]));
	for (size_t i = 0; i < sizeof d / sizeof *d; i++)
		assert_true(cd_key_to_double(cd_key_of_double(d[i])) == d[i]);
	assert_true(cd_key_of_double(-0.0) == cd_key_of_double(0.0));
	for (size_t i = 0; i + 1 < sizeof s / sizeof *s; i++)
		assert_true(cd_key_of_string(cd_str_z(s[i])) < cd_key_of_string(cd_str_z(s[i + 1])));
	assert_true(cd_key_of_string(CD_STR("abcdefghi")) == cd_key_of_string(CD_STR("abcdefghj")));
	assert_true(cd_key_of_time(-5) < cd_key_of_time(0) && cd_key_of_time(0) < cd_key_of_time(1));
}

static void what_a_value_is(void **state)
{
	static const struct {
		const char *json;
		enum cd_value class;
		uint64_t key;
	} rows[] = {
		{"null", CD_V_NULL, 0},
		{"false", CD_V_BOOL, 0},
		{"true", CD_V_BOOL, 1},
		{"[1,2,3]", CD_V_ARRAY, 3},
		{"{\"a\":1}", CD_V_OBJECT, 1},
		{"{\"@type\":\"DateTime\",\"@value\":\"1970-01-01T00:00:01Z\"}", CD_V_DATETIME,
			(1ull << 63) + 1000000},
		{"{\"@type\":\"DateTime\",\"@value\":\"1970-01-01\"}", CD_V_OBJECT, 2},
		{"{\"@type\":\"Date\",\"@value\":\"1970-01-01T00:00:01Z\"}", CD_V_OBJECT, 2},
		{"{\"@type\":1,\"@value\":\"1970-01-01T00:00:01Z\"}", CD_V_OBJECT, 2},
		{"\"1970-01-01T00:00:00.000001Z\"", CD_V_DATETIME, (1ull << 63) + 1},
		{"\"1970-01-01\"", CD_V_STRING, 0x313937302d30312d},
		{"\"\"", CD_V_STRING, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cd_json *v;
		uint64_t key = 99;
		assert_int_equal(cd_json_parse_copy(&cx, cd_str_z(rows[i].json), &v), CD_OK);
		assert_int_equal(cd_value_of(v, &key), rows[i].class);
		assert_true(key == rows[i].key);
	}
}

/* ---- round trips ---- */

static void every_kind_comes_back(void **state)
{
	static const char *const texts[CD_KIND_N] = {"", "5", "{\"type\":\"Point\",\"coordinates\":[1,2]}",
		"\"urn:x\"", "{\"en\":\"a\"}", "\"http://x/y\"", "[1]", "[\"urn:x\"]", "{}"};
	static const enum cd_value classes[CD_KIND_N] = {CD_V_NONE, CD_V_NUMBER, CD_V_GEOMETRY, CD_V_URI,
		CD_V_OBJECT, CD_V_STRING, CD_V_ARRAY, CD_V_ARRAY, CD_V_OBJECT};
	struct cd_loose *first = NULL;
	(void)state;
	for (int k = CD_PROPERTY; k < CD_KIND_N; k++) { /* from the last name to the first */
		struct cd_loose *l = value(100 - (cd_term)k, k, classes[k], texts[k]);
		l->key = (uint64_t)k << 40;
		l->next = first;
		first = l;
	}
	struct cd_loose_ent in = entity(first);
	const struct cd_ent *e = packed(&in);
	assert_int_equal(e->tops, CD_KIND_N - 1);
	for (int k = CD_PROPERTY; k < CD_KIND_N; k++) {
		const struct cd_node *n;
		assert_int_equal(cd_nodes_find(cd_ent_nodes(e), e->tops, 100 - (cd_term)k, &n), 1);
		assert_int_equal(n->kind, k);
		assert_int_equal(n->value_class, classes[k]);
		assert_true(n->key == (uint64_t)k << 40);
		text_is(cd_node_value(e, n), texts[k]);
	}
}

static void the_head_comes_back(void **state)
{
	static const cd_term types[] = {9, 3, 9, 5};
	static const cd_str scopes[] = {
		CD_STR_INIT("/b"), CD_STR_INIT("/a/b"), CD_STR_INIT("/b"), CD_STR_INIT("/a")};
	struct cd_loose_ent in = entity(NULL);
	(void)state;
	in.id = CD_STR("urn:ngsi-ld:Stra\u00dfe:1");
	in.number = 1ull << 40;
	in.revision = 77;
	in.created = cd_stamp_of(5, 6);
	in.modified = cd_stamp_of(6, 6);
	in.expires = cd_stamp_of(7, 0);
	in.types = types;
	in.types_n = 4;
	in.scopes = scopes;
	in.scopes_n = 4;
	const struct cd_ent *e = packed(&in);
	text_is(cd_ent_id(e), "urn:ngsi-ld:Stra\u00dfe:1");
	assert_true(e->number == 1ull << 40 && e->revision == 77);
	assert_true(e->created == in.created && e->modified == in.modified && e->expires == in.expires);
	assert_int_equal(e->types, 3);
	assert_int_equal(e->scopes, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(cd_ent_types(e)[i], 3 + 2 * i + (i == 2 ? 2 : 0));
		text_is(cd_ent_at(e, cd_ent_scopes(e)[i]), ((const char *[]){"/a", "/a/b", "/b"})[i]);
	}
	assert_true(cd_ent_has_type(e, 5) && !cd_ent_has_type(e, 4));
	assert_int_equal(e->nodes, 0);
}

static void instances_stand_sorted(void **state)
{
	struct cd_loose *l = in_dataset(number(7, "3"), "urn:b");
	const struct cd_node *n;
	(void)state;
	l->next = in_dataset(number(7, "2"), "urn:a");
	l->next->next = number(7, "1");
	l->next->next->next = number(6, "0");
	struct cd_loose_ent in = entity(l);
	const struct cd_ent *e = packed(&in);
	assert_int_equal(cd_nodes_find(cd_ent_nodes(e), e->tops, 7, &n), 3);
	for (int i = 0; i < 3; i++)
		assert_true(n[i].key == cd_key_of_double(i + 1));
	assert_null(cd_node_dataset(e, &n[0]).p);
	assert_ptr_equal(cd_nodes_instance(e, cd_ent_nodes(e), e->tops, 7, CD_STR("")), &n[0]);
	assert_ptr_equal(cd_nodes_instance(e, cd_ent_nodes(e), e->tops, 7, CD_STR("urn:b")), &n[2]);
	assert_null(cd_nodes_instance(e, cd_ent_nodes(e), e->tops, 7, CD_STR("urn:c")));
	assert_null(cd_nodes_instance(e, cd_ent_nodes(e), e->tops, 8, CD_STR("")));
	assert_int_equal(cd_nodes_find(cd_ent_nodes(e), e->tops, 5, &n), 0);
	assert_int_equal(cd_nodes_find(cd_ent_nodes(e), e->tops, 9, &n), 0);
}

static void two_of_one_dataset_are_refused(void **state)
{
	struct cd_loose *l = number(7, "1"), *parent = number(1, "1");
	(void)state;
	l->next = number(7, "2");
	struct cd_loose_ent in = entity(l);
	not_packed(&in);
	parent->child = l;
	in = entity(parent);
	not_packed(&in);
	l->next = in_dataset(number(7, "2"), "urn:a");
	(void)packed(&in);
	l->meta[CD_META_DATASET] = CD_STR("urn:a");
	not_packed(&in);
}

static void metas_and_times_come_back(void **state)
{
	static const double box[4] = {-1, -2, 3.5, 4};
	struct cd_loose *l =
		value(3, CD_GEO_PROPERTY, CD_V_GEOMETRY, "{\"type\":\"Point\",\"coordinates\":[1,2]}");
	(void)state;
	l->meta[CD_META_BOX] = cd_str_of((const char *)box, sizeof box);
	l->meta[CD_META_DATASET] = CD_STR("urn:d");
	l->meta[CD_META_UNIT] = CD_STR("\"C\"");
	l->meta[CD_META_VALUE_TYPE] = CD_STR("");
	l->created = cd_stamp_of(1, 6);
	l->modified = cd_stamp_of(2, 6);
	l->observed = cd_stamp_of(1, 6);
	l->expires = cd_stamp_of(1, 3); /* the same instant, written otherwise */
	struct cd_loose_ent in = entity(l);
	const struct cd_ent *e = packed(&in);
	const struct cd_node *n = cd_ent_nodes(e);
	double back[4];
	memcpy(back, cd_node_meta(e, n, CD_META_BOX).p, sizeof back);
	assert_memory_equal(back, box, sizeof box);
	text_is(cd_node_meta(e, n, CD_META_UNIT), "\"C\"");
	text_is(cd_node_dataset(e, n), "urn:d");
	assert_non_null(cd_node_meta(e, n, CD_META_VALUE_TYPE).p);
	assert_null(cd_node_meta(e, n, CD_META_OBJECT_TYPE).p);
	assert_int_equal(e->stamps, 3);
	assert_int_equal(n->created, n->observed);
	assert_true(cd_ent_stamp(e, n->modified) == cd_stamp_of(2, 6));
	assert_true(cd_ent_stamp(e, n->expires) == cd_stamp_of(1, 3));
	assert_true(cd_ent_stamp(e, 0) == CD_STAMP_NONE);
}

/* A chain of sub-attributes. */
static struct cd_loose *chain(unsigned depth)
{
	struct cd_loose *l = NULL;
	for (unsigned i = 0; i < depth; i++) {
		struct cd_loose *up = number(5, "1");
		up->child = l;
		l = up;
	}
	return l;
}

static void sub_attributes_at_every_depth(void **state)
{
	struct cd_loose_ent in = entity(chain(512));
	struct cd_ent *deep = NULL;
	(void)state;
	const struct cd_ent *e = packed(&in);
	const struct cd_node *n = cd_ent_nodes(e);
	unsigned depth = 1;
	for (; n->children; n = cd_ent_nodes(e) + n->child)
		depth++;
	assert_int_equal(depth, 512);
	in = entity(chain(513));
	assert_int_equal(cd_ent_pack(&cx, &in, &deep), CD_OK);
	assert_non_null(cd_ent_validate(deep, deep->bytes));
}

/* A tree with several of everything. */
static const struct cd_ent *sample(void)
{
	static const cd_term types[] = {40, 41};
	static const cd_str scopes[] = {CD_STR_INIT("/a"), CD_STR_INIT("/b")};
	struct cd_loose *l = row(3);
	l->child = row(2);
	l->child->child = in_dataset(number(2, "4"), "urn:d");
	l->next->next->created = cd_stamp_of(3, 6);
	l->next->meta[CD_META_UNIT] = CD_STR("\"C\"");
	l->next->child = number(8, "17.25");
	l->next->next->next = in_dataset(value(3, CD_PROPERTY, CD_V_STRING, "\"some text\""), "urn:e");
	struct cd_loose_ent in = entity(l);
	in.types = types;
	in.scopes = scopes;
	in.types_n = in.scopes_n = 2;
	return packed(&in);
}

/* Opening a node and packing it again, or taking it over, leads to the same bytes. */
static void opened_and_packed_again(void **state)
{
	const struct cd_ent *e = sample(), *again[2];
	(void)state;
	for (int take = 0; take < 2; take++) {
		struct cd_loose_ent in = entity(NULL);
		cd_str scopes[] = {CD_STR("/a"), CD_STR("/b")};
		struct cd_loose **at = &in.child;
		in.types = cd_ent_types(e);
		in.types_n = e->types;
		in.scopes = scopes;
		in.scopes_n = 2;
		for (uint32_t i = e->tops; i-- > 0; at = &(*at)->next) {
			const struct cd_node *n = cd_ent_nodes(e) + i;
			*at = take ? cd_loose_new(&arena, 0, n->kind) : cd_loose_open(&arena, e, n);
			if (take) {
				(*at)->of = e;
				(*at)->node = n;
			}
		}
		again[take] = packed(&in);
	}
	same(e, again[0]);
	same(e, again[1]);
}

static void taken_over_under_another_name_and_time(void **state)
{
	const struct cd_ent *e = sample();
	struct cd_loose *l = cd_loose_new(&arena, 99, CD_PROPERTY);
	const struct cd_node *n;
	(void)state;
	l->of = e;
	l->node = cd_ent_nodes(e);
	l->created = cd_stamp_of(50, 6);
	l->modified = cd_stamp_of(60, 6);
	struct cd_loose_ent in = entity(l);
	const struct cd_ent *to = packed(&in);
	assert_int_equal(cd_nodes_find(cd_ent_nodes(to), to->tops, 99, &n), 1);
	assert_int_equal(n->children, 2);
	assert_int_equal(to->nodes, 4);
	for (uint32_t i = 0; i < to->nodes; i++) { /* those below had no times: they get their parent's */
		assert_true(cd_ent_stamp(to, cd_ent_nodes(to)[i].created) == cd_stamp_of(50, 6));
		assert_true(cd_ent_stamp(to, cd_ent_nodes(to)[i].modified) == cd_stamp_of(60, 6));
	}
}

static void local_names_get_numbers(void **state)
{
	struct cd_loose *l = number(CD_TERM_LOCAL | 0, "1");
	const cd_term types[] = {7, CD_TERM_LOCAL | 2}, map[] = {5, 3, 4};
	struct cd_ent *e = NULL;
	(void)state;
	l->flags = CD_NODE_CONCISE;
	l->next = number(CD_TERM_LOCAL | 1, "2");
	l->next->child = number(CD_TERM_LOCAL | 0, "3");
	l->next->next = number(4, "4");
	struct cd_loose_ent in = entity(l);
	in.flags = CD_ENT_FRAGMENT;
	in.types = types;
	in.types_n = 2;
	const struct cd_ent *frag = packed(&in);
	assert_int_equal(cd_ent_rename(&cx, frag, map, &e), CD_OK);
	assert_null(cd_ent_validate(e, e->bytes));
	assert_int_equal(e->flags, CD_ENT_FRAGMENT);
	for (cd_term i = 0; i < 3; i++)
		assert_int_equal(cd_ent_nodes(e)[i].term, 3 + i);
	assert_int_equal(cd_ent_nodes(e)[2].flags, CD_NODE_CONCISE);
	assert_int_equal(cd_ent_nodes(e)[cd_ent_nodes(e)[0].child].term, 5);
	assert_int_equal(cd_ent_types(e)[0], 4);
	assert_int_equal(cd_ent_types(e)[1], 7);
}

/* What only fragments and deltas say stays in them. */
static void flags_stay_where_they_belong(void **state)
{
	struct cd_loose *l = number(1, "1");
	struct cd_loose_ent in = entity(l);
	(void)state;
	l->flags = CD_NODE_CONCISE;
	assert_int_equal(cd_ent_nodes(packed(&in))->flags, 0);
	in.flags = CD_ENT_FRAGMENT;
	assert_int_equal(cd_ent_nodes(packed(&in))->flags, CD_NODE_CONCISE);
	l->value_class = CD_V_NONE;
	l->value = CD_STR("");
	l->flags = CD_NODE_NULL;
	assert_int_equal(cd_ent_nodes(packed(&in))->flags, CD_NODE_NULL);
	in.flags = CD_ENT_DELTA;
	l->flags = CD_NODE_GONE;
	assert_int_equal(cd_ent_nodes(packed(&in))->flags, CD_NODE_GONE);
	struct cd_ent *stored = NULL;
	in.flags = 0;
	assert_int_equal(cd_ent_pack(&cx, &in, &stored), CD_OK);
	assert_non_null(cd_ent_validate(stored, stored->bytes));
	stored->flags = CD_ENT_DELTA | CD_ENT_WHOLE; /* becomes what is stored */
	assert_non_null(cd_ent_validate(stored, stored->bytes));
}

/* ---- bounds ---- */

static void attributes_at_their_bound(void **state)
{
	struct cd_loose_ent in;
	(void)state;
	for (uint64_t most = 1; most <= 65535; most = most == 1 ? 4096 : most == 4096 ? 65535 : 65536) {
		set.attributes_max = most;
		in = entity(row((uint32_t)most));
		assert_int_equal(packed(&in)->nodes, most);
		in = entity(row((uint32_t)most + 1));
		not_packed(&in);
	}
	set.attributes_max = 3; /* those below count, and those taken over */
	struct cd_loose *l = row(2);
	l->child = row(1);
	in = entity(l);
	const struct cd_ent *e = packed(&in);
	l = number(9, "1");
	l->next = cd_loose_new(&arena, 0, CD_PROPERTY);
	l->next->of = e;
	l->next->node = cd_ent_nodes(e);
	in = entity(l);
	(void)packed(&in);
	l->child = row(1);
	not_packed(&in);
}

/* 65,535 children are the most that a node can count. */
static void children_at_their_bound(void **state)
{
	struct cd_loose *l = number(1, "1");
	struct cd_loose_ent in = entity(l);
	(void)state;
	set.attributes_max = 65535;
	l->child = row(65534);
	assert_int_equal(cd_ent_nodes(packed(&in))->children, 65534);
}

static void bytes_at_their_bound(void **state)
{
	struct cd_loose *l = number(1, "1");
	struct cd_loose_ent in = entity(l);
	char *text = cd_arena_alloc(&arena, 8192);
	(void)state;
	memset(text, 'x', 8192);
	text[0] = '"';
	size_t empty = packed(&in)->bytes - 8;
	set.entity_max = 4096;
	l->value_class = CD_V_STRING;
	l->value = cd_str_of(text, 4096 - empty);
	assert_int_equal(packed(&in)->bytes, 4096);
	l->value.n++;
	not_packed(&in);
}

static void types_and_scopes_at_their_bound(void **state)
{
	static cd_term types[65];
	static char text[65][8];
	static cd_str scopes[65];
	struct cd_loose_ent in = entity(NULL);
	(void)state;
	for (cd_term i = 0; i < 65; i++) {
		types[i] = 100 - i;
		scopes[i] = cd_str_of(text[i], (size_t)snprintf(text[i], sizeof text[i], "/s%u", i));
	}
	in.types = types;
	in.scopes = scopes;
	in.types_n = in.scopes_n = 64;
	assert_int_equal(packed(&in)->types, 64);
	assert_int_equal(packed(&in)->scopes, 64);
	in.types_n = 65;
	not_packed(&in);
	in.types_n = 1;
	in.scopes_n = 65;
	not_packed(&in);
}

static void times_at_their_bound(void **state)
{
	struct cd_loose *l = row(16384);
	struct cd_loose_ent in = entity(l);
	cd_stamp t = 1;
	(void)state;
	set.attributes_max = 65535;
	set.entity_max = 1 << 28;
	for (; l; l = l->next) {
		l->created = t++;
		l->modified = t++;
		l->observed = t++;
		l->expires = l->next ? t++ : CD_STAMP_NONE;
	}
	assert_int_equal(packed(&in)->stamps, 65535);
	for (l = in.child; l->next; l = l->next)
		;
	l->expires = t;
	not_packed(&in);
}

/* ---- what is not sound ---- */

static void shorter_is_never_sound(void **state)
{
	const struct cd_ent *e = sample();
	(void)state;
	for (size_t n = 0; n < e->bytes; n++) {
		void *copy = malloc(n ? n : 1);
		memcpy(copy, e, n);
		assert_non_null(cd_ent_validate(copy, n));
		free(copy);
	}
}

/* Everything that a reader may touch, touched; exactly sized memory catches one byte too many. */
static uint64_t walk(const struct cd_ent *e)
{
	uint64_t sum = cd_ent_id(e).n ? (unsigned char)cd_ent_id(e).p[0] : 0;
	for (unsigned i = 0; i < e->types; i++)
		sum += cd_ent_types(e)[i];
	for (unsigned i = 0; i < e->scopes; i++)
		sum += cd_ent_at(e, cd_ent_scopes(e)[i]).n;
	for (uint32_t i = 0; i < e->nodes; i++) {
		const struct cd_node *n = cd_ent_nodes(e) + i, *first;
		cd_str text = cd_node_value(e, n);
		sum += text.n ? (unsigned char)text.p[text.n - 1] : 0;
		for (int tag = 0; tag < CD_META_N; tag++) {
			cd_str meta = cd_node_meta(e, n, tag);
			sum += meta.n ? (unsigned char)meta.p[meta.n - 1] : 0;
		}
		sum += (uint64_t)(cd_ent_stamp(e, n->created) ^ cd_ent_stamp(e, n->expires));
		sum += cd_nodes_find(cd_ent_nodes(e) + n->child, n->children, n->term, &first);
	}
	return sum;
}

static void any_changed_byte_is_refused_or_harmless(void **state)
{
	const struct cd_ent *e = sample();
	unsigned refused = 0, taken = 0;
	volatile uint64_t sum = 0;
	(void)state;
	for (uint32_t i = 0; i < e->bytes; i++) {
		for (unsigned x = 1; x < 256; x = x < 128 ? x * 2 : x == 128 ? 255 : 256) {
			unsigned char *copy = malloc(e->bytes);
			memcpy(copy, e, e->bytes);
			copy[i] ^= (unsigned char)x;
			const struct cd_ent *bad = (const void *)copy;
			if (cd_ent_validate(copy, e->bytes))
				refused++;
			else
				taken++, sum += walk(bad);
			free(copy);
		}
	}
	assert_true(refused > taken / 2);
}

struct damage {
	size_t at;
	uint32_t value;
};
#define HEAD(field, v)                                                                                       \
	{                                                                                                    \
		offsetof(struct cd_ent, field), v                                                            \
	}

static void each_rule_of_the_head(void **state)
{
	const struct cd_ent *e = sample();
	const struct damage rows[] = {
		HEAD(bytes, 0),
		HEAD(bytes, e->bytes - 8),
		HEAD(bytes, e->bytes + 8),
		HEAD(bytes, e->bytes - 4),
		HEAD(nodes, e->nodes + 1),
		HEAD(nodes, e->nodes - 1),
		HEAD(nodes, UINT32_MAX),
		HEAD(tops, e->tops + 1),
		HEAD(tops, e->tops - 1),
		HEAD(tops, UINT32_MAX),
		HEAD(id.at, 0),
		HEAD(id.at, e->bytes),
		HEAD(id.n, UINT32_MAX),
		HEAD(id.n, e->bytes),
		HEAD(id.at, e->id.at + 4),
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *copy = malloc(e->bytes);
		memcpy(copy, e, e->bytes);
		memcpy(copy + rows[i].at, &rows[i].value, 4);
		if (!cd_ent_validate(copy, e->bytes))
			print_error("row %zu was taken\n", i);
		assert_non_null(cd_ent_validate(copy, e->bytes));
		free(copy);
	}
}

/* One node after the other is given what no node may have. */
static void each_rule_of_a_node(void **state)
{
	const struct cd_ent *e = sample();
	struct cd_ent *copy = malloc(e->bytes);
	(void)state;
	for (unsigned rule = 0; rule < 17; rule++) {
		memcpy(copy, e, e->bytes);
		struct cd_node *nodes = (struct cd_node *)(uintptr_t)cd_ent_nodes(copy), *n = &nodes[1], swap;
		char *bytes = (char *)copy;
		switch (rule) {
		case 0:
			n->term = 0;
			break;
		case 1:
			n->kind = CD_KIND_N;
			break;
		case 2:
			n->value_class = CD_V_NULL + 1;
			break;
		case 3:
			n->kind = CD_KIND_NONE;
			break;
		case 4:
			n->flags = CD_NODE_NULL;
			break;
		case 5:
			n->flags = CD_NODE_GONE;
			break;
		case 6:
			n->created = copy->stamps + 1;
			break;
		case 7:
			n->observed = UINT16_MAX;
			break;
		case 8:
			n->value_class = CD_V_STRING;
			break; /* of a number */
		case 9:
			n->value.at += 4;
			break;
		case 10:
			n->value.n = 0;
			break;
		case 11:
			n->child++;
			break;
		case 12:
			n->children++;
			break;
		case 13:
			n->metas++;
			break;
		case 14:
			swap = nodes[0], nodes[0] = nodes[1], nodes[1] = swap;
			break;
		case 15:
			bytes[n->value.at] = '\xff';
			break;
		case 16:
			n->meta_at = 8;
			break;
		}
		if (!cd_ent_validate(copy, copy->bytes))
			print_error("rule %u was not kept\n", rule);
		assert_non_null(cd_ent_validate(copy, copy->bytes));
	}
	free(copy);
}

/* ---- memory runs out at every place ---- */

static void out_of_memory(void **state)
{
	const struct cd_ent *e = sample();
	static const cd_term map[1];
	struct cd_loose_ent in = entity(row(3));
	struct cd_arena small;
	(void)state;
	for (int rename = 0; rename < 2; rename++) {
		cd_code code = CD_E_NO_MEMORY;
		for (unsigned long k = 1; code; k++) {
			struct cd_ent *to = NULL;
			cd_arena_init(&small, 1 << 20);
			cx.arena = &small;
			cd_cx_clear(&cx);
			cd_mem_fail_after(k);
			code = rename ? cd_ent_rename(&cx, e, map, &to) : cd_ent_pack(&cx, &in, &to);
			bool failed = cd_mem_failed();
			cd_mem_fail_after(0);
			assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
			assert_int_equal(to != NULL, !failed);
			cd_arena_done(&small);
		}
	}
	cx.arena = &arena;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(keys_have_the_order_of_values),
		T(what_a_value_is),
		T(every_kind_comes_back),
		T(the_head_comes_back),
		T(instances_stand_sorted),
		T(two_of_one_dataset_are_refused),
		T(metas_and_times_come_back),
		T(sub_attributes_at_every_depth),
		T(opened_and_packed_again),
		T(taken_over_under_another_name_and_time),
		T(local_names_get_numbers),
		T(flags_stay_where_they_belong),
		T(attributes_at_their_bound),
		T(children_at_their_bound),
		T(bytes_at_their_bound),
		T(types_and_scopes_at_their_bound),
		T(times_at_their_bound),
		T(shorter_is_never_sound),
		T(any_changed_byte_is_refused_or_harmless),
		T(each_rule_of_the_head),
		T(each_rule_of_a_node),
		T(out_of_memory),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
