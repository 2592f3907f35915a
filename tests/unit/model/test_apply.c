/*
 * What each verb does to an entity. [CIM 009 5.6] Fragments are written as JSON; world_change
 * checks for every single change that the delta replays to the same bytes and that the block is sound.
 */
#include "../repr/world.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#define HEAD "{'id':'urn:a','type':'T'"

static struct world w;

static int begin(void **state)
{
	(void)state;
	world_init(&w);
	return 0;
}

static int end(void **state)
{
	(void)state;
	world_done(&w);
	return 0;
}

/* A stored entity: id and type stand before `members` (which begins with a comma, or is empty). */
static void stored(const char *members)
{
	w.ent = NULL;
	cd_str text = cd_arena_printf(&w.arena, HEAD "%s}", members);
	cd_code code = world_change(&w, CD_VERB_CREATE, 0, text.p, NULL);
	if (code)
		print_error("%s: %s\n", members,
			w.applied.report.detail ? w.applied.report.detail : w.cx.err.detail);
	assert_int_equal(code, CD_OK);
}

static void change(enum cd_verb verb, unsigned flags, const char *json, const char *attr)
{
	cd_code code = world_change(&w, verb, flags, json, attr);
	if (code)
		print_error("%s: %s\n", json ? json : "",
			w.applied.report.detail ? w.applied.report.detail : w.cx.err.detail);
	assert_int_equal(code, CD_OK);
}

static void refused(cd_code why, enum cd_verb verb, unsigned flags, const char *json, const char *attr)
{
	const struct cd_ent *before = w.ent;
	cd_code code = world_change(&w, verb, flags, json, attr);
	if (code != why)
		print_error("%s: %d\n", json ? json : "", code);
	assert_int_equal(code, why);
	assert_ptr_equal(w.ent, before);
}

static void is(const char *members)
{
	cd_str text = cd_arena_printf(&w.arena, HEAD "%s}", members);
	assert_non_null(w.ent);
	assert_string_equal(world_print(&w, CD_NORMALIZED, w.ent), text.p);
}

static const struct cd_node *attr(const char *name)
{
	return cd_nodes_instance(w.ent, cd_ent_nodes(w.ent), w.ent->tops, world_term(&w, name), CD_STR(""));
}

static const struct cd_node *sub(const struct cd_node *n, const char *name)
{
	return cd_nodes_instance(
		w.ent, cd_ent_nodes(w.ent) + n->child, n->children, world_term(&w, name), CD_STR(""));
}

/* ---- 5.6.1, 5.6.6: create and delete ---- */

static void create_and_delete(void **state)
{
	(void)state;
	stored(",'speed':{'type':'Property','value':5,'unitCode':'KMH'}");
	is(",'speed':{'type':'Property','value':5,'unitCode':'KMH'}");
	assert_true(w.applied.report.created);
	assert_true(w.applied.delta->flags & CD_ENT_WHOLE);
	assert_int_equal(cd_stamp_us(w.ent->created), w.now);
	assert_int_equal(cd_stamp_us(w.ent->modified), w.now);
	refused(CD_E_ALREADY_EXISTS, CD_VERB_CREATE, 0, HEAD "}", NULL);
	change(CD_VERB_DELETE, 0, NULL, NULL);
	assert_null(w.ent);
	assert_true(w.applied.delta->flags & CD_ENT_DELETED);
	refused(CD_E_NOT_FOUND, CD_VERB_DELETE, 0, NULL, NULL);
}

static void nothing_is_changed_that_does_not_exist(void **state)
{
	static const struct {
		enum cd_verb verb;
		const char *json, *attr;
	} rows[] = {
		{CD_VERB_REPLACE, HEAD "}", NULL},
		{CD_VERB_MERGE, HEAD ",'a':1}", NULL},
		{CD_VERB_APPEND, HEAD ",'a':1}", NULL},
		{CD_VERB_UPDATE, HEAD ",'a':1}", NULL},
		{CD_VERB_PARTIAL, "{'value':1}", "a"},
		{CD_VERB_REPLACE_ATTR, "{'value':1}", "a"},
		{CD_VERB_DELETE_ATTR, NULL, "a"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		refused(CD_E_NOT_FOUND, rows[i].verb, 0, rows[i].json, rows[i].attr);
		assert_null(w.applied.block);
	}
}

/* ---- 5.6.18, 5.6.8: replace and upsert ---- */

static void replace_leaves_only_created_at(void **state)
{
	(void)state;
	stored(",'scope':'/A','expiresAt':'2100-01-01T00:00:00Z','a':1,'b':2");
	cd_stamp created = w.ent->created;
	uint64_t number = w.ent->number;
	change(CD_VERB_REPLACE, 0, HEAD ",'b':3}", NULL);
	is(",'b':{'type':'Property','value':3}");
	assert_true(w.ent->created == created && w.ent->number == number);
	assert_int_equal(cd_stamp_us(w.ent->modified), w.now);
	assert_true(w.ent->expires == CD_STAMP_NONE);
	assert_int_equal(cd_stamp_us(cd_ent_stamp(w.ent, attr("b")->created)), w.now);
	assert_false(w.applied.report.created);
}

static void upsert_creates_or_replaces(void **state)
{
	(void)state;
	change(CD_VERB_UPSERT, 0, HEAD ",'a':1,'b':2}", NULL);
	assert_true(w.applied.report.created);
	change(CD_VERB_UPSERT, 0, "{'id':'urn:a','type':'U','b':3}", NULL);
	assert_false(w.applied.report.created);
	assert_string_equal(world_print(&w, CD_NORMALIZED, w.ent),
		"{'id':'urn:a','type':'U','b':{'type':'Property','value':3}}");
}

static void upsert_with_update_keeps_the_rest(void **state)
{
	(void)state;
	change(CD_VERB_UPSERT, CD_CHANGE_UPDATE, HEAD ",'a':1,'b':2}", NULL);
	assert_true(w.applied.report.created);
	change(CD_VERB_UPSERT, CD_CHANGE_UPDATE, HEAD ",'a':'urn:ngsi-ld:null','c':3}", NULL);
	is(",'b':{'type':'Property','value':2},'c':{'type':'Property','value':3}");
	w.ent = NULL;
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_UPSERT, CD_CHANGE_UPDATE, HEAD ",'a':'urn:ngsi-ld:null'}",
		NULL);
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_UPSERT, CD_CHANGE_UPDATE, HEAD ",'scope':'urn:ngsi-ld:null'}",
		NULL);
}

/* ---- the five fragment operations side by side ---- */

#define T0 "2020-01-01T00:00:00Z"
#define T1 "2021-01-01T00:00:00Z"

static void the_five_side_by_side(void **state)
{
	static const struct {
		enum cd_verb verb;
		bool unit; /* survives */
	} rows[] = {
		{CD_VERB_APPEND, false},
		{CD_VERB_UPDATE, false},
		{CD_VERB_MERGE, true},
		{CD_VERB_PARTIAL, true},
		{CD_VERB_REPLACE_ATTR, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool inside = rows[i].verb == CD_VERB_PARTIAL || rows[i].verb == CD_VERB_REPLACE_ATTR;
		stored(",'t':{'type':'Property','value':25,'unitCode':'CEL','observedAt':'" T0 "'},'u':7");
		cd_stamp created = cd_ent_stamp(w.ent, attr("t")->created);
		const char *body = "{'type':'Property','value':100,'observedAt':'" T1 "'}";
		if (!inside)
			body = cd_arena_printf(&w.arena, "{'t':%s}", body).p;
		change(rows[i].verb, 0, body, inside ? "t" : NULL);
		is(rows[i].unit ? ",'t':{'type':'Property','value':100,'unitCode':'CEL','observedAt':'" T1
				  "'},'u':{'type':'Property','value':7}"
				: ",'t':{'type':'Property','value':100,'observedAt':'" T1
				  "'},'u':{'type':'Property','value':7}");
		assert_true(cd_ent_stamp(w.ent, attr("t")->created) == created);
		assert_int_equal(cd_stamp_us(cd_ent_stamp(w.ent, attr("t")->modified)), w.now);
		assert_true(cd_ent_stamp(w.ent, attr("u")->modified) == created);
		assert_int_equal(w.applied.delta->tops, 1);
	}
}

static void what_is_missing_is_added_or_404(void **state)
{
	(void)state;
	stored("");
	change(CD_VERB_APPEND, 0, "{'a':1}", NULL);
	change(CD_VERB_UPDATE, 0, "{'b':1}", NULL);
	change(CD_VERB_MERGE, 0, "{'c':1}", NULL);
	assert_int_equal(w.ent->tops, 3);
	refused(CD_E_NOT_FOUND, CD_VERB_PARTIAL, 0, "{'value':1}", "d");
	refused(CD_E_NOT_FOUND, CD_VERB_REPLACE_ATTR, 0, "{'value':1}", "d");
	refused(CD_E_NOT_FOUND, CD_VERB_DELETE_ATTR, 0, NULL, "d");
	world_term(&w, "known");
	refused(CD_E_NOT_FOUND, CD_VERB_PARTIAL, 0, "{'value':1}", "known");
}

static void nothing_said_nothing_changed(void **state)
{
	(void)state;
	stored(",'a':1");
	for (enum cd_verb v = CD_VERB_MERGE; v <= CD_VERB_UPDATE; v++) {
		change(v, 0, "{}", NULL);
		assert_null(w.applied.delta);
	}
	change(CD_VERB_MERGE, 0, "{'type':'T'}", NULL);
	assert_null(w.applied.delta);
	change(CD_VERB_MERGE, 0, "{'nowhere':'urn:ngsi-ld:null'}", NULL);
	assert_null(w.applied.delta);
}

/* ---- no overwriting, and reports ---- */

static void append_without_overwriting(void **state)
{
	(void)state;
	stored(",'a':1,'b':[{'value':1},{'value':2,'datasetId':'urn:d'}]");
	change(CD_VERB_APPEND, CD_CHANGE_NO_OVERWRITE,
		"{'a':9,'b':[{'value':8},{'value':7,'datasetId':'urn:e'}],'c':3}", NULL);
	is(",'a':{'type':'Property','value':1},'b':[{'type':'Property','value':1},"
	   "{'type':'Property','value':2,'datasetId':'urn:d'},"
	   "{'type':'Property','value':7,'datasetId':'urn:e'}],'c':{'type':'Property','value':3}");
	const struct cd_report *r = &w.applied.report;
	assert_int_equal(r->not_updated_n, 2);
	assert_int_equal(r->not_updated[0].term, world_term(&w, "a"));
	assert_int_equal(r->not_updated[1].term, world_term(&w, "b"));
	assert_int_equal(r->updated_n, 2);
	assert_int_equal(r->updated[0], world_term(&w, "b"));
	assert_int_equal(r->updated[1], world_term(&w, "c"));
	change(CD_VERB_APPEND, CD_CHANGE_NO_OVERWRITE, "{'a':9}", NULL);
	assert_null(w.applied.delta);
	assert_int_equal(w.applied.report.not_updated_n, 1);
}

static void update_reports_what_is_not_there_to_be_deleted(void **state)
{
	(void)state;
	stored(",'a':1,'b':2");
	change(CD_VERB_UPDATE, 0,
		"{'a':'urn:ngsi-ld:null','z':{'type':'Property','value':'urn:ngsi-ld:null'}}", NULL);
	is(",'b':{'type':'Property','value':2}");
	assert_int_equal(w.applied.report.not_updated_n, 1);
	assert_int_equal(w.applied.report.not_updated[0].term, world_term(&w, "z"));
	assert_int_equal(w.applied.report.updated_n, 1);
}

/* ---- datasetId [4.5.5] ---- */

static void only_the_named_instance_is_touched(void **state)
{
	static const char three[] = ",'a':[{'value':1},{'value':2,'datasetId':'urn:d:1'},"
				    "{'value':3,'datasetId':'urn:d:2'}]";
	(void)state;
	stored(three);
	change(CD_VERB_APPEND, 0, "{'a':{'value':20,'datasetId':'urn:d:1'}}", NULL);
	change(CD_VERB_UPDATE, 0, "{'a':{'value':30,'datasetId':'urn:d:2'}}", NULL);
	change(CD_VERB_PARTIAL, 0, "{'value':10}", "a");
	is(",'a':[{'type':'Property','value':10},{'type':'Property','value':20,'datasetId':'urn:d:1'},"
	   "{'type':'Property','value':30,'datasetId':'urn:d:2'}]");
	refused(CD_E_NOT_FOUND, CD_VERB_PARTIAL, 0, "{'value':1,'datasetId':'urn:d:3'}", "a");
	change(CD_VERB_UPDATE, 0, "{'a':{'value':'urn:ngsi-ld:null','datasetId':'urn:d:1'}}", NULL);
	change(CD_VERB_MERGE, 0, "{'a':'urn:ngsi-ld:null'}", NULL);
	is(",'a':{'type':'Property','value':30,'datasetId':'urn:d:2'}");
	refused(CD_E_NOT_FOUND, CD_VERB_DELETE_ATTR, 0, NULL, "a");
	w.dataset = CD_STR("urn:d:2");
	change(CD_VERB_DELETE_ATTR, 0, NULL, "a");
	is("");
	w.dataset = CD_STR("");
	stored(three);
	change(CD_VERB_DELETE_ATTR, CD_CHANGE_DELETE_ALL, NULL, "a");
	is("");
	assert_int_equal(w.applied.delta->tops, 3);
	stored(three);
	change(CD_VERB_REPLACE_ATTR, 0, "{'value':5,'datasetId':'urn:d:2'}", "a");
	assert_int_equal(w.ent->tops, 3);
}

/* ---- merge [5.6.17] ---- */

static void merge_goes_into_compound_values(void **state)
{
	(void)state;
	stored(",'a':{'value':{'x':1,'y':{'p':1,'q':2},'z':[1,2]}}");
	change(CD_VERB_MERGE, 0, "{'a':{'value':{'y':{'p':'urn:ngsi-ld:null','r':3},'z':[9],'n':0}}}", NULL);
	is(",'a':{'type':'Property','value':{'x':1,'y':{'q':2,'r':3},'z':[9],'n':0}}");
	change(CD_VERB_MERGE, 0, "{'a':{'value':5}}", NULL);
	change(CD_VERB_MERGE, 0, "{'a':{'value':{'k':{'m':'urn:ngsi-ld:null','o':1}}}}", NULL);
	is(",'a':{'type':'Property','value':{'k':{'o':1}}}");
	change(CD_VERB_MERGE, 0, "{'b':{'value':{'k':'urn:ngsi-ld:null','o':1}}}", NULL);
	is(",'a':{'type':'Property','value':{'k':{'o':1}}},'b':{'type':'Property','value':{'o':1}}");
}

static void partial_replaces_values_whole(void **state)
{
	(void)state;
	stored(",'a':{'value':{'x':1,'y':2}}");
	change(CD_VERB_PARTIAL, 0, "{'value':{'y':3}}", "a");
	is(",'a':{'type':'Property','value':{'y':3}}");
	assert_non_null(world_refused(&w, CD_BODY_ATTR, "{'value':{'y':'urn:ngsi-ld:null'}}", "a"));
}

/* The class and the key of a merged value are those of the same value read at once. */
static void a_merged_value_is_classed_anew(void **state)
{
	(void)state;
	stored(",'a':{'value':{'@type':'DateTime','@value':'" T0
	       "'}},'b':{'value':{'@type':'DateTime','x':1}}");
	change(CD_VERB_MERGE, 0, "{'a':{'value':{'@value':'" T1 "'}},'b':{'value':{'@value':'" T1 "'}}}",
		NULL);
	assert_int_equal(attr("a")->value_class, CD_V_DATETIME);
	assert_int_equal(attr("a")->key, cd_key_of_time(1609459200000000));
	assert_int_equal(attr("b")->value_class, CD_V_DATETIME);
	change(CD_VERB_MERGE, 0, "{'a':{'value':{'@value':'urn:ngsi-ld:null'}}}", NULL);
	assert_int_equal(attr("a")->value_class, CD_V_OBJECT);
	assert_int_equal(attr("a")->key, 1);
}

static void merge_and_partial_of_sub_attributes(void **state)
{
	static const char before[] =
		",'a':{'value':1,'p':{'value':{'x':1},'unitCode':'C','deep':{'value':1}},'q':2}";
	(void)state;
	stored(before);
	cd_stamp created = cd_ent_stamp(w.ent, sub(attr("a"), "p")->created);
	change(CD_VERB_MERGE, 0,
		"{'a':{'type':'Property','p':{'value':{'y':2}},'q':'urn:ngsi-ld:null','r':3}}", NULL);
	is(",'a':{'type':'Property','value':1,'p':{'type':'Property','value':{'x':1,'y':2},'unitCode':'C',"
	   "'deep':{'type':'Property','value':1}},'r':{'type':'Property','value':3}}");
	assert_true(cd_ent_stamp(w.ent, sub(attr("a"), "p")->created) == created);
	assert_int_equal(cd_stamp_us(cd_ent_stamp(w.ent, sub(attr("a"), "p")->modified)), w.now);
	assert_int_equal(cd_stamp_us(cd_ent_stamp(w.ent, sub(attr("a"), "r")->created)), w.now);
	stored(before);
	created = cd_ent_stamp(w.ent, sub(attr("a"), "p")->created);
	change(CD_VERB_PARTIAL, 0, "{'p':{'value':{'y':2}},'q':'urn:ngsi-ld:null'}", "a");
	is(",'a':{'type':'Property','value':1,'p':{'type':'Property','value':{'y':2}}}");
	assert_true(cd_ent_stamp(w.ent, sub(attr("a"), "p")->created) == created);
}

/* The null of what is not there, below what is new, is left out: it must never be stored. */
static void nulls_below_what_is_new_are_left_out(void **state)
{
	(void)state;
	stored(",'a':1");
	change(CD_VERB_MERGE, 0,
		"{'n':{'value':1,'s':{'value':2,'t':'urn:ngsi-ld:null','u':{'value':{'k':'urn:ngsi-ld:null','"
		"l':1}}}}}",
		NULL);
	is(",'a':{'type':'Property','value':1},'n':{'type':'Property','value':1,'s':{'type':'Property','"
	   "value':2,"
	   "'u':{'type':'Property','value':{'l':1}}}}");
	stored(",'a':1");
	change(CD_VERB_MERGE, 0,
		"{'a':{'value':1,'s':{'value':{'k':'urn:ngsi-ld:null'},'t':'urn:ngsi-ld:null'}}}", NULL);
	is(",'a':{'type':'Property','value':1,'s':{'type':'Property','value':{}}}");
	stored(",'a':1");
	change(CD_VERB_UPDATE, 0,
		"{'a':{'value':2,'s':'urn:ngsi-ld:null','t':{'value':1,'u':'urn:ngsi-ld:null'}}}", NULL);
	is(",'a':{'type':'Property','value':2,'t':{'type':'Property','value':1}}");
	stored(",'a':1");
	change(CD_VERB_PARTIAL, 0, "{'t':{'value':1,'u':'urn:ngsi-ld:null'}}", "a");
	is(",'a':{'type':'Property','value':1,'t':{'type':'Property','value':1}}");
	w.ent = NULL;
	change(CD_VERB_UPSERT, CD_CHANGE_UPDATE, HEAD ",'a':{'value':2,'s':'urn:ngsi-ld:null'}}", NULL);
	is(",'a':{'type':'Property','value':2}");
}

static void a_new_attribute_needs_a_value(void **state)
{
	(void)state;
	stored(",'a':1");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, 0, "{'n':{'type':'Property','observedAt':'" T0 "'}}",
		NULL);
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, 0,
		"{'a':{'type':'Property','n':{'type':'Property','unitCode':'C'}}}", NULL);
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, 0,
		"{'n':{'type':'Property','value':1,'m':{'type':'Relationship'}}}", NULL);
	assert_non_null(world_refused(&w, CD_BODY_ATTR, "{'n':{'type':'Property','unitCode':'C'}}", "a"));
	change(CD_VERB_MERGE, 0, "{'a':{'type':'Property','observedAt':'" T0 "'}}", NULL);
	is(",'a':{'type':'Property','value':1,'observedAt':'" T0 "'}");
}

static void merge_may_not_change_a_type(void **state)
{
	(void)state;
	stored(",'a':1,'r':{'object':'urn:x'},'l':{'languageMap':{'en':'x'}}");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, 0, "{'a':{'object':'urn:x'}}", NULL);
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, 0, "{'b':2,'r':{'type':'Property','value':1}}", NULL);
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_PARTIAL, 0, "{'type':'Property','observedAt':'" T0 "'}", "r");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_PARTIAL, 0, "{'value':1}", "l");
	change(CD_VERB_APPEND, 0, "{'a':{'object':'urn:x'}}", NULL);
	change(CD_VERB_REPLACE_ATTR, 0, "{'value':1}", "r");
	change(CD_VERB_UPDATE, 0, "{'l':{'vocab':'x'}}", NULL);
	assert_int_equal(attr("a")->kind, CD_RELATIONSHIP);
	assert_int_equal(attr("r")->kind, CD_PROPERTY);
	assert_int_equal(attr("l")->kind, CD_VOCAB_PROPERTY);
}

/* Members that the stored kind does not have are no members of it, whoever leaves out the type. */
static void partial_brings_no_members_of_other_kinds(void **state)
{
	(void)state;
	stored(",'a':1,'r':{'object':'urn:x'},'l':{'languageMap':{'en':'x'}}");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_PARTIAL, 0, "{'unitCode':'C'}", "r");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_PARTIAL, 0, "{'valueType':'X'}", "r");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_PARTIAL, 0, "{'objectType':'X'}", "a");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_PARTIAL, 0, "{'valueType':'X'}", "l");
	change(CD_VERB_PARTIAL, 0, "{'objectType':'X'}", "r");
	change(CD_VERB_PARTIAL, 0, "{'valueType':'langString'}", "l");
	change(CD_VERB_PARTIAL, 0, "{'unitCode':'C','valueType':'X'}", "a");
}

static void merge_of_every_kind(void **state)
{
	(void)state;
	stored(",'g':{'type':'GeoProperty','value':{'type':'Point','coordinates':[1,2]}},"
	       "'r':{'object':'urn:x'},'l':{'languageMap':{'en':'a','fr':'b'}},'v':{'vocab':'x'},"
	       "'p':{'valueList':[1,2]},'o':{'objectList':['urn:x']},'j':{'json':{'a':1,'b':null}}");
	change(CD_VERB_MERGE, 0,
		"{'g':{'type':'GeoProperty','value':{'type':'Point','coordinates':[3,4]}},"
		"'r':{'object':['urn:y','urn:z']},'l':{'languageMap':{'fr':'urn:ngsi-ld:null','de':'c'}},"
		"'v':{'vocab':['y']},'p':{'valueList':[3]},'o':{'objectList':[{'object':'urn:y'}]},"
		"'j':{'json':{'a':'urn:ngsi-ld:null','c':[1]}}}",
		NULL);
	is(",'g':{'type':'GeoProperty','value':{'type':'Point','coordinates':[3,4]}},"
	   "'r':{'type':'Relationship','object':['urn:y','urn:z']},"
	   "'l':{'type':'LanguageProperty','languageMap':{'en':'a','de':'c'}},"
	   "'v':{'type':'VocabProperty','vocab':['y']},'p':{'type':'ListProperty','valueList':[3]},"
	   "'o':{'type':'ListRelationship','objectList':[{'object':'urn:y'}]},"
	   "'j':{'type':'JsonProperty','json':{'b':null,'c':[1]}}");
	double box[4];
	memcpy(box, cd_node_meta(w.ent, attr("g"), CD_META_BOX).p, sizeof box);
	assert_true(box[0] == 3 && box[1] == 4 && box[2] == 3 && box[3] == 4);
	change(CD_VERB_MERGE, 0,
		"{'g':'urn:ngsi-ld:null','r':{'object':'urn:ngsi-ld:null'},"
		"'l':{'languageMap':{'@none':'urn:ngsi-ld:null'}},'v':{'vocab':'urn:ngsi-ld:null'},"
		"'p':{'valueList':['urn:ngsi-ld:null']},'o':{'objectList':['urn:ngsi-ld:null']},"
		"'j':{'json':'urn:ngsi-ld:null'}}",
		NULL);
	is("");
}

static void merge_with_observed_at(void **state)
{
	(void)state;
	stored(",'a':{'value':1,'observedAt':'" T0 "'},'b':2,'c':{'value':1,'observedAt':'" T0 "'}");
	assert_true(cd_stamp_parse(CD_STR(T1), &w.observed));
	change(CD_VERB_MERGE, 0, "{'a':3,'b':4,'c':{'value':1,'observedAt':'2022-01-01T00:00:00Z'}}", NULL);
	is(",'a':{'type':'Property','value':3,'observedAt':'" T1 "'},'b':{'type':'Property','value':4},"
	   "'c':{'type':'Property','value':1,'observedAt':'2022-01-01T00:00:00Z'}");
}

static const char kinds[] = ",'n':1,'g':{'type':'GeoProperty','value':{'type':'Point','coordinates':[1,2]}},"
			    "'r':{'object':'urn:x'},'l':{'languageMap':{'en':'a'}},'v':{'vocab':'x'},"
			    "'p':{'valueList':[1,2]},'o':{'objectList':['urn:x']},'j':{'json':{'a':1}}";

/* format=simplified: the stored attribute says what a bare value is. [5.6.17] */
static void merge_of_bare_values(void **state)
{
	(void)state;
	stored(kinds);
	change(CD_VERB_MERGE, WORLD_SIMPLIFIED,
		"{'n':'2020-01-01T00:00:00Z','g':{'type':'Point','coordinates':[5,6]},'r':'urn:y','v':'z',"
		"'p':[3],'o':['urn:y','urn:z'],'j':{'a':2},'new':'x','geo':{'type':'Point','coordinates':[5,"
		"6]}}",
		NULL);
	is(",'n':{'type':'Property','value':'2020-01-01T00:00:00Z'},"
	   "'g':{'type':'GeoProperty','value':{'type':'Point','coordinates':[5,6]}},"
	   "'r':{'type':'Relationship','object':'urn:y'},'l':{'type':'LanguageProperty','languageMap':{'en':'"
	   "a'}},"
	   "'v':{'type':'VocabProperty','vocab':'z'},'p':{'type':'ListProperty','valueList':[3]},"
	   "'o':{'type':'ListRelationship','objectList':[{'object':'urn:y'},{'object':'urn:z'}]},"
	   "'j':{'type':'JsonProperty','json':{'a':2}},'new':{'type':'Property','value':'x'},"
	   "'geo':{'type':'GeoProperty','value':{'type':'Point','coordinates':[5,6]}}");
	assert_int_equal(attr("r")->value_class, CD_V_URI);
	assert_int_equal(attr("r")->key, cd_key_of_string(CD_STR("urn:y")));
	assert_int_equal(attr("v")->value_class, CD_V_STRING);
	assert_int_equal(attr("v")->key, cd_key_of_string(cd_ctx_expand(w.ctx, &w.arena, CD_STR("z"))));
	change(CD_VERB_MERGE, WORLD_SIMPLIFIED, "{'v':'" T0 "'}", NULL);
	assert_int_equal(attr("v")->value_class, CD_V_STRING);
}

static void bare_values_that_do_not_fit(void **state)
{
	static const char *const rows[] = {
		"{'r':5}",
		"{'r':'no uri'}",
		"{'r':{'a':1}}",
		"{'v':5}",
		"{'v':{'a':1}}",
		"{'p':5}",
		"{'o':'urn:y'}",
		"{'o':['no uri']}",
		"{'j':'x'}",
		"{'j':5}",
		"{'g':'x'}",
		"{'g':{'a':1}}",
		"{'l':'x'}",
		"{'l':5}",
		"{'l':{'en':5}}",
		"{'l':{'no tag':'x'}}",
		"{'r':{'vocab':'x'}}",
	};
	(void)state;
	stored(kinds);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, WORLD_SIMPLIFIED, rows[i], NULL);
	w.lang = CD_STR("fr");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, WORLD_SIMPLIFIED, "{'l':[1,2]}", NULL);
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, WORLD_SIMPLIFIED, "{'l':5}", NULL);
	w.lang = CD_STR("no tag");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, WORLD_SIMPLIFIED, "{'l':'x'}", NULL);
}

static void a_string_merged_in_one_language(void **state)
{
	(void)state;
	stored(",'l':{'languageMap':{'en':'a','fr':'b'}}");
	w.lang = CD_STR("fr");
	change(CD_VERB_MERGE, WORLD_SIMPLIFIED, "{'l':'c'}", NULL);
	is(",'l':{'type':'LanguageProperty','languageMap':{'en':'a','fr':'c'}}");
	assert_int_equal(attr("l")->key, 2);
	w.lang = CD_STR("de-AT");
	change(CD_VERB_MERGE, WORLD_SIMPLIFIED, "{'l':['d','e']}", NULL);
	is(",'l':{'type':'LanguageProperty','languageMap':{'en':'a','fr':'c','de-AT':['d','e']}}");
	w.lang = CD_STR("");
	change(CD_VERB_MERGE, WORLD_SIMPLIFIED, "{'l':{'languageMap':{'fr':'f'}}}", NULL);
	is(",'l':{'type':'LanguageProperty','languageMap':{'en':'a','fr':'f','de-AT':['d','e']}}");
}

/* A geometry in a Property stays one when it comes without a type. */
static void a_property_may_hold_a_geometry(void **state)
{
	(void)state;
	stored(",'a':{'type':'Property','value':{'type':'Point','coordinates':[1,2]}}");
	change(CD_VERB_MERGE, WORLD_SIMPLIFIED, "{'a':{'type':'Point','coordinates':[3,4]}}", NULL);
	is(",'a':{'type':'Property','value':{'type':'Point','coordinates':[3,4]}}");
	change(CD_VERB_PARTIAL, 0, "{'value':{'type':'Point','coordinates':[5,6]}}", "a");
	is(",'a':{'type':'Property','value':{'type':'Point','coordinates':[5,6]}}");
	assert_int_equal(attr("a")->value_class, CD_V_OBJECT);
	assert_int_equal(attr("a")->metas, 0);
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_PARTIAL, 0,
		"{'type':'GeoProperty','value':{'type':'Point','coordinates':[5,6]}}", "a");
}

/* ---- types, scope, expiry ---- */

static void types_only_grow(void **state)
{
	(void)state;
	stored("");
	change(CD_VERB_APPEND, 0, "{'type':'U','a':1}", NULL);
	change(CD_VERB_UPDATE, 0, "{'type':['T','V']}", NULL);
	assert_true(w.applied.delta->flags & CD_ENT_TYPES);
	change(CD_VERB_MERGE, 0, "{'type':'U'}", NULL);
	assert_null(w.applied.delta);
	assert_int_equal(w.ent->types, 3);
	change(CD_VERB_REPLACE, 0, "{'id':'urn:a','type':'U'}", NULL);
	assert_int_equal(w.ent->types, 1);
}

static void the_rows_of_scope(void **state) /* 4.18 */
{
	(void)state;
	stored(",'scope':['/B','A','/B']");
	is(",'scope':['/A','/B']");
	change(CD_VERB_APPEND, CD_CHANGE_NO_OVERWRITE, "{'scope':'/C'}", NULL);
	is(",'scope':['/A','/B','/C']");
	change(CD_VERB_APPEND, 0, "{'scope':'/D'}", NULL);
	is(",'scope':'/D'");
	change(CD_VERB_UPDATE, 0, "{'scope':['/E']}", NULL);
	is(",'scope':'/E'");
	assert_int_equal(w.applied.report.updated_n, 1);
	assert_int_equal(w.applied.report.updated[0], 0);
	change(CD_VERB_MERGE, 0, "{'scope':'/F','a':1}", NULL);
	change(CD_VERB_DELETE_ATTR, CD_CHANGE_SCOPE, NULL, NULL);
	is(",'a':{'type':'Property','value':1}");
	refused(CD_E_NOT_FOUND, CD_VERB_DELETE_ATTR, CD_CHANGE_SCOPE, NULL, NULL);
	change(CD_VERB_UPDATE, 0, "{'scope':'/G','a':2}", NULL);
	is(",'a':{'type':'Property','value':2}");
	assert_int_equal(w.applied.report.not_updated_n, 1);
	assert_int_equal(w.applied.report.not_updated[0].term, 0);
	change(CD_VERB_MERGE, 0, "{'scope':'/H'}", NULL);
	change(CD_VERB_MERGE, 0, "{'scope':'urn:ngsi-ld:null'}", NULL);
	is(",'a':{'type':'Property','value':2}");
	change(CD_VERB_MERGE, 0, "{'scope':'urn:ngsi-ld:null'}", NULL);
	assert_null(w.applied.delta);
	change(CD_VERB_APPEND, 0, "{'scope':'/I'}", NULL);
	change(CD_VERB_UPDATE, 0, "{'scope':'urn:ngsi-ld:null'}", NULL);
	assert_int_equal(w.ent->scopes, 0);
}

static void expiry(void **state) /* 4.22 */
{
	(void)state;
	stored(",'a':{'value':1,'expiresAt':'2090-01-01T00:00:00Z'}");
	cd_stamp at = cd_ent_stamp(w.ent, attr("a")->expires);
	change(CD_VERB_PARTIAL, 0, "{'value':2}", "a");
	change(CD_VERB_MERGE, 0, "{'a':3}", NULL);
	assert_true(cd_ent_stamp(w.ent, attr("a")->expires) == at);
	change(CD_VERB_UPDATE, 0, "{'a':4}", NULL);
	assert_int_equal(attr("a")->expires, 0);
	change(CD_VERB_MERGE, 0, "{'expiresAt':'2090-01-01T00:00:00Z'}", NULL);
	assert_true(w.ent->expires == at);
	change(CD_VERB_APPEND, 0, "{'b':4}", NULL);
	assert_true(w.ent->expires == at);
	change(CD_VERB_MERGE, 0, "{'expiresAt':'urn:ngsi-ld:null'}", NULL);
	assert_true(w.ent->expires == CD_STAMP_NONE);
}

static void what_has_expired_is_not_there(void **state)
{
	(void)state;
	stored(",'a':1");
	cd_stamp first = w.ent->created;
	change(CD_VERB_MERGE, 0, "{'expiresAt':'1999-01-01T00:00:00Z'}",
		NULL); /* the past is legal, and takes effect */
	refused(CD_E_NOT_FOUND, CD_VERB_MERGE, 0, "{'a':1}", NULL);
	refused(CD_E_NOT_FOUND, CD_VERB_DELETE, 0, NULL, NULL);
	change(CD_VERB_CREATE, 0, HEAD ",'b':1}", NULL);
	is(",'b':{'type':'Property','value':1}");
	assert_true(w.ent->created != first && w.ent->expires == CD_STAMP_NONE);
}

/* An entity expires in the microsecond that it names, not one before. */
static void the_moment_of_expiry(void **state)
{
	struct cd_applied applied;
	struct cd_change del = {.verb = CD_VERB_DELETE, .id = CD_STR("urn:a"), .observed = CD_STAMP_NONE};
	(void)state;
	stored(",'expiresAt':'2090-01-01T00:00:00Z'");
	w.cx.now = cd_stamp_us(w.ent->expires);
	assert_int_equal(cd_ent_apply(&w.cx, w.ent, 1, 2, &del, &applied), CD_OK);
	assert_int_equal(applied.report.code, CD_E_NOT_FOUND);
	w.cx.now--;
	assert_int_equal(cd_ent_apply(&w.cx, w.ent, 1, 2, &del, &applied), CD_OK);
	assert_int_equal(applied.report.code, CD_OK);
}

/* ---- conditions ---- */

static void the_type_condition(void **state)
{
	struct cd_q *q;
	(void)state;
	stored(",'a':1");
	assert_int_equal(cd_q_types(&w.cx, w.ctx, w.names, CD_STR("U"), &q), CD_OK);
	w.types = q;
	refused(CD_E_NOT_FOUND, CD_VERB_MERGE, 0, "{'a':2}", NULL);
	refused(CD_E_NOT_FOUND, CD_VERB_DELETE_ATTR, 0, NULL, "a");
	refused(CD_E_NOT_FOUND, CD_VERB_DELETE, 0, NULL, NULL);
	assert_int_equal(cd_q_types(&w.cx, w.ctx, w.names, CD_STR("U,T"), &q), CD_OK);
	w.types = q;
	change(CD_VERB_MERGE, 0, "{'a':2}", NULL);
	change(CD_VERB_DELETE, 0, NULL, NULL);
}

/* ---- bounds ---- */

static void too_many_attributes_is_the_clients_fault(void **state)
{
	(void)state;
	w.set.attributes_max = 3;
	stored(",'a':1,'b':{'value':1,'c':2}");
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_APPEND, 0, "{'d':1}", NULL);
	change(CD_VERB_APPEND, 0, "{'a':2}", NULL);
	change(CD_VERB_UPDATE, 0, "{'a':'urn:ngsi-ld:null','d':1}", NULL);
	assert_int_equal(w.ent->nodes, 3);
}

/* What a change takes away counts in its delta, but not against the bound of an entity. */
static void a_delta_may_be_larger_than_its_entity(void **state)
{
	(void)state;
	w.set.attributes_max = 4;
	stored(",'a':1,'b':2,'c':3,'d':4");
	change(CD_VERB_UPDATE, 0, "{'a':'urn:ngsi-ld:null','b':'urn:ngsi-ld:null','c':{'value':1,'e':5}}",
		NULL);
	stored(",'a':1,'b':2,'c':{'value':1,'f':6}");
	change(CD_VERB_MERGE, 0, "{'a':'urn:ngsi-ld:null','b':'urn:ngsi-ld:null','c':{'value':1,'e':5}}",
		NULL);
	assert_int_equal(w.ent->nodes, 3);
	assert_int_equal(w.applied.delta->nodes, 5);
}

static void a_merged_value_too_large_is_the_clients_fault(void **state)
{
	char half[2100];
	(void)state;
	memset(half, 'x', sizeof half);
	half[sizeof half - 1] = 0;
	w.set.entity_max = 4096;
	stored(cd_arena_printf(&w.arena, ",'a':{'value':{'x':'%s'}}", half).p);
	refused(CD_E_BAD_REQUEST_DATA, CD_VERB_MERGE, 0,
		cd_arena_printf(&w.arena, "{'a':{'value':{'y':'%s'}}}", half).p, NULL);
}

/* ---- memory runs out at every place ---- */

/* The k-th allocation fails, for every k: out of memory is said, and nothing else. */
static void each_allocation_fails(const struct cd_change *c)
{
	struct cd_arena *arena = w.cx.arena, small;
	cd_code code = CD_E_NO_MEMORY;
	for (unsigned long k = 1; code; k++) {
		struct cd_applied applied;
		cd_arena_init(&small, 1 << 24);
		w.cx.arena = &small;
		cd_cx_clear(&w.cx);
		cd_mem_fail_after(k);
		code = cd_ent_apply(&w.cx, w.ent, 1, 2, c, &applied);
		bool failed = cd_mem_failed();
		cd_mem_fail_after(0);
		assert_int_equal(code, failed ? CD_E_NO_MEMORY : CD_OK);
		if (!failed)
			assert_int_equal(applied.report.code, CD_OK);
		cd_arena_done(&small);
	}
	w.cx.arena = arena;
}

static void out_of_memory(void **state)
{
	static const struct {
		enum cd_verb verb;
		unsigned flags;
		const char *json, *attr;
	} rows[] = {
		{CD_VERB_REPLACE, 0, HEAD ",'a':1,'scope':['/A','/B']}", NULL},
		{CD_VERB_MERGE, 0,
			"{'type':'U','n':{'value':{'x':'urn:ngsi-ld:null','y':1},'s':{'value':1,'t':'urn:"
			"ngsi-ld:null'}},"
			"'j':{'json':{'a':2}},'p':{'valueList':[2],'q':3}}",
			NULL},
		{CD_VERB_MERGE, WORLD_SIMPLIFIED, "{'l':'x','r':'urn:z','v':['y'],'new':1}", NULL},
		{CD_VERB_APPEND, CD_CHANGE_NO_OVERWRITE, "{'n':1,'new':2,'scope':'/C'}", NULL},
		{CD_VERB_UPDATE, 0, "{'n':'urn:ngsi-ld:null','g':'urn:ngsi-ld:null','z':'urn:ngsi-ld:null'}",
			NULL},
		{CD_VERB_PARTIAL, 0, "{'value':1,'q':{'value':2}}", "n"},
		{CD_VERB_REPLACE_ATTR, 0, "{'value':1}", "n"},
		{CD_VERB_DELETE_ATTR, 0, NULL, "n"},
		{CD_VERB_DELETE, 0, NULL, NULL},
	};
	(void)state;
	w.lang = CD_STR("fr");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		stored(kinds);
		struct cd_change c = {.verb = rows[i].verb,
			.flags = rows[i].flags & ~WORLD_SIMPLIFIED,
			.id = CD_STR("urn:a"),
			.lang = w.lang,
			.observed = CD_STAMP_NONE};
		enum cd_body body = rows[i].flags & WORLD_SIMPLIFIED ? CD_BODY_MERGE_SIMPLIFIED
				    : c.verb == CD_VERB_MERGE        ? CD_BODY_MERGE
				    : c.verb == CD_VERB_UPDATE       ? CD_BODY_FRAGMENT_NULL
				    : rows[i].attr                   ? CD_BODY_ATTR
				    : c.verb == CD_VERB_REPLACE      ? CD_BODY_ENTITY
								     : CD_BODY_FRAGMENT;
		if (rows[i].json)
			assert_int_equal(world_read(&w, body, rows[i].json, rows[i].attr, &c.frag), CD_OK);
		c.attr = rows[i].attr ? world_term(&w, rows[i].attr) : 0;
		each_allocation_fails(&c);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(create_and_delete),
		T(nothing_is_changed_that_does_not_exist),
		T(replace_leaves_only_created_at),
		T(upsert_creates_or_replaces),
		T(upsert_with_update_keeps_the_rest),
		T(the_five_side_by_side),
		T(what_is_missing_is_added_or_404),
		T(nothing_said_nothing_changed),
		T(append_without_overwriting),
		T(update_reports_what_is_not_there_to_be_deleted),
		T(only_the_named_instance_is_touched),
		T(merge_goes_into_compound_values),
		T(partial_replaces_values_whole),
		T(a_merged_value_is_classed_anew),
		T(merge_and_partial_of_sub_attributes),
		T(nulls_below_what_is_new_are_left_out),
		T(a_new_attribute_needs_a_value),
		T(merge_may_not_change_a_type),
		T(partial_brings_no_members_of_other_kinds),
		T(merge_of_every_kind),
		T(merge_with_observed_at),
		T(merge_of_bare_values),
		T(bare_values_that_do_not_fit),
		T(a_string_merged_in_one_language),
		T(a_property_may_hold_a_geometry),
		T(types_only_grow),
		T(the_rows_of_scope),
		T(expiry),
		T(what_has_expired_is_not_there),
		T(the_moment_of_expiry),
		T(the_type_condition),
		T(too_many_attributes_is_the_clients_fault),
		T(a_delta_may_be_larger_than_its_entity),
		T(a_merged_value_too_large_is_the_clients_fault),
		T(out_of_memory),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
