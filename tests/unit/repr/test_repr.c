/*
 * JSON into entities and back: every kind in every form, what is refused and where, and what each body may
 * hold. [CIM 009 4.5]
 */
#include "base/mem.h"
#include "world.h"

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

static const struct cd_ent *read_as(enum cd_body body, const char *json, const char *attr)
{
	const struct cd_ent *e = NULL;
	cd_code code = world_read(&w, body, json, attr, &e);
	if (code)
		print_error("%s: %s %s\n", json, w.cx.err.where, w.cx.err.detail);
	assert_int_equal(code, CD_OK);
	return e;
}

static const char *whole(const char *attribute)
{
	return cd_arena_printf(&w.arena, HEAD ",'a':%s}", attribute).p;
}

static void comes_out(enum cd_form form, const char *in, const char *out)
{
	const struct cd_ent *e = read_as(CD_BODY_ENTITY, whole(in), NULL);
	assert_string_equal(world_print(&w, form, e), whole(out));
}

/* Refused with that place, and a sentence that has this in it. */
static void refused_as(
	enum cd_body body, const char *json, const char *attr, const char *where, const char *says)
{
	const char *got = world_refused(&w, body, json, attr);
	size_t n = strlen(where);
	if (strncmp(got, where, n) != 0 || got[n] != ':' || !strstr(got, says))
		print_error("%s\n  gave %s\n  not  %s: ...%s...\n", json, got, where, says);
	assert_true(strncmp(got, where, n) == 0 && got[n] == ':');
	assert_non_null(strstr(got, says));
}

/* ---- each kind in each form ---- */

#define POINT "{'type':'Point','coordinates':[1,2]}"

static void each_kind_in_each_form(void **state)
{
	static const struct {
		const char *normalized, *concise, *simplified;
	} rows[] = {
		{"{'type':'Property','value':5}", "5", "5"},
		{"{'type':'Property','value':'x'}", "'x'", "'x'"},
		{"{'type':'Property','value':[1,{'b':2}]}", "{'value':[1,{'b':2}]}", "[1,{'b':2}]"},
		{"{'type':'Property','value':[1,2]}", "[1,2]", "[1,2]"},
		{"{'type':'Property','value':[]}", "[]", "[]"},
		{"{'type':'Property','value':{'b':1}}", "{'b':1}", "{'b':1}"},
		{"{'type':'Property','value':{'value':1}}", "{'value':{'value':1}}", "{'value':1}"},
		{"{'type':'Property','value':{'type':'Property'}}", "{'value':{'type':'Property'}}",
			"{'type':'Property'}"},
		{"{'type':'Property','value':{'@type':'Relationship'}}", "{'value':{'@type':'Relationship'}}",
			"{'@type':'Relationship'}"},
		{"{'type':'Property','value':{'type':'Car'}}", "{'type':'Car'}", "{'type':'Car'}"},
		{"{'type':'Property','value':" POINT "}", "{'type':'Property','value':" POINT "}", POINT},
		{"{'type':'Property','value':" POINT ",'unitCode':'C'}",
			"{'type':'Property','value':" POINT ",'unitCode':'C'}", POINT},
		{"{'type':'Property','value':5,'unitCode':'C'}", "{'value':5,'unitCode':'C'}", "5"},
		{"{'type':'Property','value':5,'observedAt':'2020-01-01T00:00:00,1Z'}",
			"{'value':5,'observedAt':'2020-01-01T00:00:00,1Z'}", "5"},
		{"{'type':'GeoProperty','value':" POINT "}", POINT, POINT},
		{"{'type':'GeoProperty','value':" POINT ",'q':{'type':'Property','value':1}}",
			"{'value':" POINT ",'q':1}", POINT},
		{"{'type':'Relationship','object':'urn:x'}", "{'object':'urn:x'}", "'urn:x'"},
		{"{'type':'Relationship','object':['urn:x','urn:y'],'objectType':['T','U']}",
			"{'object':['urn:x','urn:y'],'objectType':['T','U']}", "['urn:x','urn:y']"},
		{"{'type':'LanguageProperty','languageMap':{'en':'a','@none':['b','c']}}",
			"{'languageMap':{'en':'a','@none':['b','c']}}",
			"{'languageMap':{'en':'a','@none':['b','c']}}"},
		{"{'type':'VocabProperty','vocab':'x'}", "{'vocab':'x'}", "{'vocab':'x'}"},
		{"{'type':'VocabProperty','vocab':['x','http://a.b/c']}", "{'vocab':['x','http://a.b/c']}",
			"{'vocab':['x','http://a.b/c']}"},
		{"{'type':'ListProperty','valueList':[1,[2],{'b':3}]}", "{'valueList':[1,[2],{'b':3}]}",
			"[1,[2],{'b':3}]"},
		{"{'type':'ListRelationship','objectList':[{'object':'urn:x'},{'object':'urn:y'}]}",
			"{'objectList':['urn:x','urn:y']}", "['urn:x','urn:y']"},
		{"{'type':'ListRelationship','objectList':[]}", "{'objectList':[]}", "[]"},
		{"{'type':'JsonProperty','json':{'a':null,'T':1}}", "{'json':{'a':null,'T':1}}",
			"{'json':{'a':null,'T':1}}"},
		{"{'type':'JsonProperty','json':[null]}", "{'json':[null]}", "{'json':[null]}"},
		{"[{'type':'Property','value':1},{'type':'Property','value':2,'datasetId':'urn:d'}]",
			"[{'value':1},{'value':2,'datasetId':'urn:d'}]", "{'dataset':{'@none':1,'urn:d':2}}"},
		{"[{'type':'GeoProperty','value':" POINT
		 "},{'type':'VocabProperty','vocab':'x','datasetId':'urn:d'}]",
			"[{'value':" POINT "},{'vocab':'x','datasetId':'urn:d'}]",
			"{'dataset':{'@none':" POINT ",'urn:d':{'vocab':'x'}}}"},
		{"{'type':'Property','value':1,'datasetId':'urn:d'}", "{'value':1,'datasetId':'urn:d'}", "1"},
		{"{'type':'Property','value':1,'q':[{'type':'Property','value':2},{'type':'Property','value':"
		 "3,"
		 "'datasetId':'urn:d'}]}",
			"{'value':1,'q':[{'value':2},{'value':3,'datasetId':'urn:d'}]}", "1"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		comes_out(CD_NORMALIZED, rows[i].normalized, rows[i].normalized);
		comes_out(CD_NORMALIZED, rows[i].concise, rows[i].normalized);
		comes_out(CD_CONCISE, rows[i].normalized, rows[i].concise);
		comes_out(CD_SIMPLIFIED, rows[i].normalized, rows[i].simplified);
	}
}

static void what_is_read_in_more_than_one_way(void **state)
{
	(void)state;
	comes_out(CD_CONCISE, "{'@type':'Property','value':5}", "5");
	comes_out(CD_CONCISE,
		"{'type':'GeoProperty','value':'"
		"{\\\"type\\\":\\\"Point\\\",\\\"coordinates\\\":[1,2]}"
		"'}",
		POINT);
	comes_out(CD_CONCISE, "{'value':1,'datasetId':'@none'}", "1");
	comes_out(CD_CONCISE, "[{'value':1}]", "1");
	comes_out(CD_CONCISE, "{'objectList':[{'object':'urn:x'},'urn:y']}",
		"{'objectList':['urn:x','urn:y']}");
	comes_out(CD_CONCISE, "[{'value':1},2]", "{'value':[{'value':1},2]}");
	comes_out(
		CD_CONCISE, "{'value':1,'createdAt':'x','modifiedAt':5,'deletedAt':{},'instanceId':[]}", "1");
	comes_out(CD_NORMALIZED, "{'value':{'b':'urn:ngsi-ld:nul'}}",
		"{'type':'Property','value':{'b':'urn:ngsi-ld:nul'}}");
}

/* Text comes back byte for byte, numbers as they were written. [suite 464_01] */
static void values_survive(void **state)
{
	static const char *const rows[] = {"'< > = ; ( )'", "'\\u0000\\u001f'", "1e400",
		"12345678901234567890123", "-0", "1.50", "true", "'\xc3\xa4\xf0\x9f\x9a\x97'",
		"{'a':{'b':[{'c':null}]}}", "''", "{'@type':'DateTime','@value':'2020-01-01T00:00:00Z'}",
		"{'@type':'@json','@value':null}"};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		comes_out(CD_SIMPLIFIED, rows[i], rows[i]);
}

static void the_entity_around_it(void **state)
{
	const struct cd_ent *e = read_as(CD_BODY_ENTITY,
		"{'@id':'urn:a','@type':['T','U','T'],'scope':['b/c','/a','/b/"
		"c'],'expiresAt':'2090-01-01T00:00:00Z',"
		"'createdAt':1,'modifiedAt':[],'deletedAt':{},'@context':'https://nowhere.example/'}",
		NULL);
	(void)state;
	assert_string_equal(
		world_print(&w, CD_NORMALIZED, e), "{'id':'urn:a','type':['T','U'],'scope':['/a','/b/c']}");
	assert_true(e->expires != CD_STAMP_NONE);
	e = read_as(CD_BODY_ENTITY, "{'id':'urn:a','type':['T'],'scope':['x']}", NULL);
	assert_string_equal(world_print(&w, CD_SIMPLIFIED, e), "{'id':'urn:a','type':'T','scope':'/x'}");
}

static void system_members_and_context_when_asked(void **state)
{
	struct cd_buf b;
	(void)state;
	world_context(&w, "{'Auto':'https://example.org/Car'}");
	assert_int_equal(
		world_change(&w, CD_VERB_CREATE, 0,
			"{'id':'urn:a','type':'Auto','a':{'value':1,'expiresAt':'2090-01-01T00:00:00Z'}}",
			NULL),
		CD_OK);
	const struct cd_out out = {.ctx = w.ctx, .names = w.names, .sys_attrs = true, .with_context = true};
	cd_buf_init(&b, 4096);
	cd_repr_out(&b, &w.arena, &out, w.ent);
	const char *times =
		"'createdAt':'2023-11-14T22:13:21.000000Z','modifiedAt':'2023-11-14T22:13:21.000000Z'";
	const char *text = cd_arena_printf(&w.arena,
		"{'id':'urn:a','type':'Auto','a':{'type':'Property','value':1,'expiresAt':'2090-01-01T00:00:"
		"00Z',%s},%s,"
		"'@context':{'Auto':'https://example.org/Car'}}",
		times, times)
				   .p;
	assert_int_equal(b.bad, CD_OK);
	cd_buf_char(&b, 0);
	assert_string_equal(b.p, world_quotes(&w, text));
	cd_buf_done(&b);
}

/* Another reader has other names for the same things. */
static void names_are_those_of_the_readers_context(void **state)
{
	(void)state;
	world_context(&w, "{'Auto':'https://example.org/Car','tempo':'https://example.org/"
			  "speed','ex':'https://example.org/'}");
	const struct cd_ent *e = read_as(CD_BODY_ENTITY,
		"{'id':'urn:a','type':'Auto','tempo':{'vocab':'Auto','valueType':'tempo','ex:of':1}}", NULL);
	assert_string_equal(world_print(&w, CD_NORMALIZED, e),
		"{'id':'urn:a','type':'Auto','tempo':{'type':'VocabProperty','vocab':'Auto','valueType':'"
		"tempo',"
		"'ex:of':{'type':'Property','value':1}}}");
	world_context(&w, "{}");
	assert_string_equal(world_print(&w, CD_CONCISE, e),
		"{'id':'urn:a','type':'https://example.org/Car','https://example.org/speed':{"
		"'vocab':'https://example.org/Car','valueType':'https://example.org/speed','https://"
		"example.org/of':1}}");
}

static void users_contexts_with_aliases_and_nothing(void **state)
{
	(void)state;
	world_context(&w, "{'name':'@id','kind':'@type','gone':null,'b':'https://example.org/b','c':'https://"
			  "example.org/b'}");
	const struct cd_ent *e = read_as(CD_BODY_ENTITY, "{'name':'urn:a','kind':'T','x':1}", NULL);
	assert_string_equal(world_print(&w, CD_CONCISE, e), "{'id':'urn:a','type':'T','x':1}");
	refused_as(CD_BODY_ENTITY, "{'name':'urn:a','id':'urn:a','type':'T'}", NULL, "/id", "twice");
	refused_as(CD_BODY_ENTITY, HEAD ",'gone':1}", NULL, "/gone", "nothing");
	refused_as(CD_BODY_ENTITY, "{'id':'urn:a','type':'gone'}", NULL, "/type", "nothing");
	refused_as(CD_BODY_ENTITY, HEAD ",'a':{'value':1,'kind':'x'}}", NULL, "/a/kind", "keyword");
	refused_as(CD_BODY_ENTITY, HEAD ",'b':1,'c':2}", NULL, "", "Two instances");
}

/* ---- what is refused, and where ---- */

static void attributes_at_fault(void **state)
{
	static const struct {
		const char *attribute, *where, *says;
	} rows[] = {
		{"null", "/a", "null is no value"},
		{"{'type':'Property'}", "/a", "needs 'value'"},
		{"{'type':'Property','value':null}", "/a/value", "null is no value"},
		{"{'type':'Property','object':'urn:x'}", "/a", "needs 'value'"},
		{"{'type':'Property','value':1,'object':'urn:x'}", "/a/object", "Property has no 'object'"},
		{"{'value':1,'json':{}}", "/a/json", "Property has no 'json'"},
		{"{'type':'Properti','value':1}", "/a/type", "attribute type"},
		{"{'type':5,'value':1}", "/a/type", "attribute type"},
		{"{'type':'Relationship','object':'urn:x','unitCode':'C'}", "/a/unitCode", "no unitCode"},
		{"{'type':'GeoProperty','value':" POINT ",'unitCode':'C'}", "/a/unitCode", "no unitCode"},
		{"{'value':1,'unitCode':5}", "/a/unitCode", "a string"},
		{"{'value':1,'unitCode':'urn:ngsi-ld:null'}", "/a/unitCode", "a string"},
		{"{'value':1,'objectType':'T'}", "/a/objectType", "Only relationships"},
		{"{'object':'urn:x','objectType':5}", "/a/objectType", "a string"},
		{"{'object':'urn:x','objectType':[]}", "/a/objectType", "a string"},
		{"{'object':'urn:x','objectType':['T',5]}", "/a/objectType/1", "a string"},
		{"{'object':'urn:x','valueType':'T'}", "/a/valueType", "no valueType"},
		{"{'languageMap':{},'valueType':'T'}", "/a/valueType", "langString"},
		{"{'value':1,'observedAt':'2020-01-01'}", "/a/observedAt", "DateTime"},
		{"{'value':1,'observedAt':'2020-01-01T00:00:00+02:00'}", "/a/observedAt", "DateTime"},
		{"{'value':1,'observedAt':{'@value':'2020-01-01T00:00:00Z'}}", "/a/observedAt", "DateTime"},
		{"{'value':1,'expiresAt':5}", "/a/expiresAt", "DateTime"},
		{"{'value':1,'datasetId':5}", "/a/datasetId", "URI"},
		{"{'value':1,'datasetId':'no uri'}", "/a/datasetId", "URI"},
		{"{'value':1,'datasetId':'urn:ngsi-ld:null'}", "/a/datasetId", "URI"},
		{"{'value':1,'@context':{}}", "/a/@context", "must not stand"},
		{"{'value':1,'entity':{}}", "/a/entity", "must not stand"},
		{"{'value':1,'entityList':[]}", "/a/entityList", "must not stand"},
		{"{'value':1,'previousValue':1}", "/a/previousValue", "must not stand"},
		{"{'object':'urn:x','previousObject':'urn:x'}", "/a/previousObject", "must not stand"},
		{"{'value':1,'entityIdSealed':'x'}", "/a/entityIdSealed", "ngsildproof"},
		{"{'value':1,'id':'urn:x'}", "/a/id", "keyword"},
		{"{'value':1,'a-b':1}", "/a/a-b", "not a name"},
		{"{'value':1,'b':{'value':1,'c':{'type':'Property'}}}", "/a/b/c", "needs 'value'"},
		{"{'object':'no uri'}", "/a/object", "not a URI"},
		{"{'object':5}", "/a/object", "URI"},
		{"{'object':[]}", "/a/object", "URI"},
		{"{'object':['urn:x','no uri']}", "/a/object/1", "not a URI"},
		{"{'object':{'object':'urn:x'}}", "/a/object", "URI"},
		{"{'objectList':'urn:x'}", "/a/objectList", "array"},
		{"{'objectList':[{'object':'urn:x','b':1}]}", "/a/objectList/0", "URI"},
		{"{'objectList':['urn:x',{'object':'no uri'}]}", "/a/objectList/1/object", "not a URI"},
		{"{'languageMap':'x'}", "/a/languageMap", "object"},
		{"{'languageMap':{'':'x'}}", "/a/languageMap/", "language tag"},
		{"{'languageMap':{'en us':'x'}}", "/a/languageMap/en us", "language tag"},
		{"{'languageMap':{'en':5}}", "/a/languageMap/en", "string"},
		{"{'languageMap':{'en':['a',5]}}", "/a/languageMap/en", "string"},
		{"{'vocab':5}", "/a/vocab", "string"},
		{"{'vocab':[]}", "/a/vocab", "string"},
		{"{'vocab':['a',{}]}", "/a/vocab/1", "string"},
		{"{'valueList':5}", "/a/valueList", "array"},
		{"{'valueList':[1,null]}", "/a/valueList/1", "null"},
		{"{'json':5}", "/a/json", "object or an array"},
		{"{'json':null}", "/a/json", "null"},
		{"{'json':'x'}", "/a/json", "object or an array"},
		{"{'type':'GeoProperty','value':5}", "/a/value", "geometry"},
		{"{'type':'GeoProperty','value':'x'}", "/a/value", "geometry"},
		{"{'type':'Point','coordinates':[1]}", "/a/coordinates", ""},
		{"{'type':'GeoProperty','value':{'type':'Polygon','coordinates':[[[0,0],[1,1],[2,2]]]}}",
			"/a/value/coordinates/0", ""},
		{"{'type':'Point','coordinates':[1,2],'bbox':'urn:ngsi-ld:null'}", "/a", "geometry"},
		{"[{'value':1},{'value':2}]", "/a/1", "same datasetId"},
		{"[{'value':1,'datasetId':'urn:d'},{'value':2},{'value':3,'datasetId':'urn:d'}]", "/a/2",
			"same datasetId"},
		{"[{'value':1,'datasetId':'@none'},{'value':2}]", "/a/1", "same datasetId"},
		{"[{'value':1},{'object':5,'datasetId':'urn:d'}]", "/a/1/object", "URI"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused_as(CD_BODY_ENTITY, whole(rows[i].attribute), NULL, rows[i].where, rows[i].says);
}

static void entities_at_fault(void **state)
{
	static const struct {
		const char *json, *where, *says;
	} rows[] = {
		{"[]", "", "object"},
		{"5", "", "object"},
		{"{'type':'T'}", "/id", "no id"},
		{"{'id':'urn:a'}", "/type", "no type"},
		{"{'id':5,'type':'T'}", "/id", "URI"},
		{"{'id':'no uri','type':'T'}", "/id", "URI"},
		{"{'id':'urn:ngsi-ld:null','type':'T'}", "/id", "URI"},
		{"{'id':'urn:a','@id':'urn:a','type':'T'}", "/@id", "twice"},
		{"{'id':'urn:a','type':'T','@type':'T'}", "/@type", "twice"},
		{"{'id':'urn:a','type':5}", "/type", "name of a type"},
		{"{'id':'urn:a','type':[]}", "/type", "name of a type"},
		{"{'id':'urn:a','type':['T',5]}", "/type/1", "name of a type"},
		{"{'id':'urn:a','type':['T','a b']}", "/type/1", "not a name"},
		{"{'id':'urn:a','type':'urn:ngsi-ld:null'}", "/type", "name of a type"},
		{"{'id':'urn:a','type':'@id'}", "/type", "not a name"},
		{"{'id':'urn:a','type':'id'}", "/type", "keyword"},
		{HEAD ",'scope':5}", "/scope", "scope"},
		{HEAD ",'scope':[]}", "/scope", "empty"},
		{HEAD ",'scope':['/a','/1']}", "/scope/1", "scope"},
		{HEAD ",'scope':'urn:ngsi-ld:null'}", "/scope", "scope"},
		{HEAD ",'expiresAt':'tomorrow'}", "/expiresAt", "DateTime"},
		{HEAD ",'expiresAt':'urn:ngsi-ld:null'}", "/expiresAt", "DateTime"},
		{HEAD ",'a-b':1}", "/a-b", "not a name"},
		{HEAD ",'1a':1}", "/1a", "not a name"},
		{HEAD ",'':1}", "/", "not a name"},
		{HEAD ",'a b':{'value':1}}", "/a b", "not a name"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused_as(CD_BODY_ENTITY, rows[i].json, NULL, rows[i].where, rows[i].says);
}

static void names_of_members_are_no_attributes(void **state)
{
	static const char *const list[] = {"value", "object", "languageMap", "vocab", "json", "valueList",
		"objectList", "datasetId", "instanceId", "observedAt", "unitCode", "objectType", "valueType",
		"entity", "entityList", "entityIdSealed", "entityTypeSealed", "previousValue",
		"previousObject", "previousLanguageMap", "previousVocab", "previousJson", "previousValueList",
		"previousObjectList"};
	(void)state;
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		refused_as(CD_BODY_ENTITY, cd_arena_printf(&w.arena, HEAD ",'%s':{'value':1}}", list[i]).p,
			NULL, cd_arena_printf(&w.arena, "/%s", list[i]).p, "member of attributes");
}

/* [4.7.1, suite 471_01]: by whatever name, in whatever form. */
static void the_well_known_spaces_are_geometries(void **state)
{
	static const char *const list[] = {"location", "observationSpace", "operationSpace",
		"https://uri.etsi.org/ngsi-ld/location", "ngsi-ld:location"};
	(void)state;
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		const char *where = cd_arena_printf(&w.arena, "/%s", list[i]).p;
		if (i == 3)
			where = "/https:~1~1uri.etsi.org~1ngsi-ld~1location";
		refused_as(CD_BODY_ENTITY, cd_arena_printf(&w.arena, HEAD ",'%s':5}", list[i]).p, NULL, where,
			"GeoProperty");
		(void)read_as(
			CD_BODY_ENTITY, cd_arena_printf(&w.arena, HEAD ",'%s':" POINT "}", list[i]).p, NULL);
		(void)read_as(CD_BODY_MERGE,
			cd_arena_printf(&w.arena, HEAD ",'%s':'urn:ngsi-ld:null'}", list[i]).p, NULL);
	}
	refused_as(CD_BODY_ENTITY, HEAD ",'location':[{'value':" POINT "},{'value':5,'datasetId':'urn:d'}]}",
		NULL, "/location/1", "GeoProperty");
	refused_as(CD_BODY_SIMPLIFIED, HEAD ",'location':{'dataset':{'@none':5}}}", NULL,
		"/location/dataset/@none", "GeoProperty");
	refused_as(CD_BODY_ATTR_WHOLE, "{'value':5}", "location", "", "GeoProperty");
	refused_as(CD_BODY_ATTR, "{'type':'Property','value':5}", "location", "", "GeoProperty");
	(void)read_as(CD_BODY_ATTR, "{'observedAt':'2020-01-01T00:00:00Z'}", "location");
	comes_out(CD_CONCISE, "{'value':1,'location':5}",
		"{'value':1,'location':5}"); /* of an attribute: any */
}

static void proofs_are_kept_as_they_are(void **state) /* suite 452_03 */
{
	static const char proof[] = "{'type':'Property','value':{'type':'DataIntegrityProof','created':'x'},"
				    "'entityIdSealed':'urn:a','entityTypeSealed':'T'}";
	const char *json = cd_arena_printf(&w.arena, HEAD ",'ngsildproof':%s}", proof).p;
	(void)state;
	assert_string_equal(world_print(&w, CD_NORMALIZED, read_as(CD_BODY_ENTITY, json, NULL)), json);
	json = whole(cd_arena_printf(&w.arena, "{'type':'Property','value':1,'ngsildproof':%s}", proof).p);
	assert_string_equal(world_print(&w, CD_NORMALIZED, read_as(CD_BODY_ENTITY, json, NULL)), json);
	(void)read_as(CD_BODY_ATTR_WHOLE, proof, "ngsildproof");
	refused_as(CD_BODY_ENTITY, HEAD ",'ngsildproof':5}", NULL, "/ngsildproof", "object");
	refused_as(CD_BODY_ENTITY, whole("{'value':1,'ngsildproof':5}"), NULL, "/a/ngsildproof", "object");
	refused_as(CD_BODY_ENTITY, HEAD ",'ngsildproof':{'value':{},'entityIdSealed':5}}", NULL,
		"/ngsildproof/entityIdSealed", "string");
}

/* ---- the NGSI-LD null, body by body ---- */

static void where_the_null_may_stand(void **state)
{
	static const char *const places[] = {
		HEAD ",'a':'urn:ngsi-ld:null'}",
		HEAD ",'a':{'value':'urn:ngsi-ld:null'}}",
		HEAD ",'a':{'object':'urn:ngsi-ld:null'}}",
		HEAD ",'a':{'languageMap':{'@none':'urn:ngsi-ld:null'}}}",
		HEAD ",'a':{'valueList':['urn:ngsi-ld:null']}}",
		HEAD ",'a':{'objectList':['urn:ngsi-ld:null']}}",
		HEAD ",'a':{'value':1,'b':'urn:ngsi-ld:null'}}",
		HEAD ",'scope':'urn:ngsi-ld:null'}",
		HEAD ",'expiresAt':'urn:ngsi-ld:null'}",
	};
	static const char *const inside[] = {
		HEAD ",'a':{'value':1,'unitCode':'urn:ngsi-ld:null'}}",
		HEAD ",'a':{'value':1,'observedAt':'urn:ngsi-ld:null'}}",
		HEAD ",'a':{'value':1,'expiresAt':'urn:ngsi-ld:null'}}",
		HEAD ",'a':{'value':1,'valueType':'urn:ngsi-ld:null'}}",
		HEAD ",'a':{'object':'urn:b','objectType':'urn:ngsi-ld:null'}}",
		HEAD ",'a':{'value':{'k':'urn:ngsi-ld:null'}}}",
		HEAD ",'a':{'k':{'l':'urn:ngsi-ld:null'}}}",
		HEAD ",'a':{'json':{'k':'urn:ngsi-ld:null'}}}",
		HEAD ",'a':{'languageMap':{'en':'urn:ngsi-ld:null'}}}",
	};
	static const char *const nowhere[] = {
		HEAD ",'a':{'value':['urn:ngsi-ld:null']}}",
		HEAD ",'a':{'value':{'k':[1,'urn:ngsi-ld:null']}}}",
		HEAD ",'a':{'value':{'k':[{'l':'urn:ngsi-ld:null'}]}}}",
		HEAD ",'a':{'valueList':[1,'urn:ngsi-ld:null']}}",
		HEAD ",'a':{'json':['urn:ngsi-ld:null']}}",
		HEAD ",'a':{'object':['urn:ngsi-ld:null']}}",
		HEAD ",'a':{'vocab':['urn:ngsi-ld:null']}}",
		HEAD ",'a':{'object':'urn:b','unitCode':'urn:ngsi-ld:null'}}",
		HEAD ",'a':{'value':1,'datasetId':'urn:ngsi-ld:null'}}",
		HEAD ",'type':'urn:ngsi-ld:null'}",
	};
	static const enum cd_body never[] = {CD_BODY_ENTITY, CD_BODY_FRAGMENT},
				  takes[] = {CD_BODY_FRAGMENT_NULL, CD_BODY_UPSERT_UPDATE, CD_BODY_MERGE};
	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		for (size_t k = 0; k < 2; k++)
			(void)world_refused(&w, never[k], places[i], NULL);
		for (size_t k = 0; k < 3; k++)
			(void)read_as(takes[k], places[i], NULL);
	}
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
		for (size_t k = 0; k < 2; k++) {
			(void)world_refused(&w, never[k], inside[i], NULL);
			(void)world_refused(&w, takes[k], inside[i], NULL);
		}
		(void)read_as(CD_BODY_MERGE, inside[i], NULL);
	}
	for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere - 1; i++)
		for (size_t k = 0; k < 3; k++)
			(void)world_refused(&w, takes[k], nowhere[i], NULL);
	(void)world_refused(&w, CD_BODY_ATTR_WHOLE, "{'value':'urn:ngsi-ld:null'}", "a");
	(void)read_as(CD_BODY_ATTR, "{'value':'urn:ngsi-ld:null'}", "a");
	(void)read_as(CD_BODY_ATTR, "{'b':'urn:ngsi-ld:null'}", "a");
	(void)world_refused(&w, CD_BODY_SIMPLIFIED, HEAD ",'a':'urn:ngsi-ld:null'}", NULL);
	(void)read_as(CD_BODY_MERGE_SIMPLIFIED, "{'id':'urn:a','a':'urn:ngsi-ld:null'}", NULL);
}

/* ---- bodies ---- */

static void what_a_body_needs(void **state)
{
	(void)state;
	(void)world_change(
		&w, CD_VERB_CREATE, 0, HEAD "}", NULL); /* from here on there is an id in the path */
	(void)read_as(CD_BODY_FRAGMENT, "{}", NULL);
	(void)read_as(CD_BODY_MERGE, "{'id':'urn:a'}", NULL);
	refused_as(CD_BODY_MERGE, "{'id':'urn:b'}", NULL, "/id", "path");
	refused_as(CD_BODY_UPSERT_UPDATE, "{'id':'urn:a'}", NULL, "/type", "no type");
	refused_as(CD_BODY_ATTR, "{}", "a", "", "members of an attribute");
	refused_as(CD_BODY_ATTR, "5", "a", "", "members of an attribute");
	refused_as(CD_BODY_ATTR, "[{'value':1}]", "a", "", "members of an attribute");
	refused_as(CD_BODY_ATTR_WHOLE, "{'unitCode':'C'}", "a", "", "needs 'value'");
	refused_as(CD_BODY_ATTR, "{'type':'Car'}", "a", "/type", "attribute type");
	const struct cd_ent *e = read_as(CD_BODY_ATTR, "{'unitCode':'C','@context':'https://x/'}", "new");
	assert_int_equal(e->tops, 1);
	assert_int_equal(cd_ent_nodes(e)->kind, CD_KIND_NONE);
	assert_int_equal(cd_ent_nodes(e)->term, world_term(&w, "new"));
	refused_as(CD_BODY_ATTR, "{'b':{'value':1,'@context':{}}}", "a", "/b/@context", "must not stand");
}

static void names_without_a_number(void **state)
{
	struct cd_frag f;
	const struct cd_in in = {.ctx = w.ctx, .names = w.names, .body = CD_BODY_ENTITY};
	(void)state;
	world_term(&w, "known");
	struct cd_json *v =
		world_json(&w, "{'id':'urn:a','type':['T','U'],'known':1,'T':{'value':1,'U':1,'V':1}}");
	assert_int_equal(cd_repr_in(&w.cx, &in, v, &f), CD_OK);
	assert_int_equal(f.names_n, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_true(cd_str_eq(f.names[i],
			cd_arena_printf(
				&w.arena, "https://uri.etsi.org/ngsi-ld/default-context/%c", 'T' + (int)i)));
	assert_int_equal(cd_names_count(w.names), 1); /* reading makes no names */
	assert_int_equal(f.ent->flags, CD_ENT_FRAGMENT);
}

static void key_values_of_an_import(void **state)
{
	(void)state;
	world_context(&w, "{'rel':{'@id':'https://example.org/rel','@type':'@id'}}");
	const struct cd_ent *e = read_as(CD_BODY_SIMPLIFIED,
		HEAD ",'a':5,'b':{'x':{'value':1}},'g':" POINT
		     ",'rel':'urn:x','l':{'languageMap':{'en':'x'}},'v':{'vocab':'y'},"
		     "'j':{'json':{'z':null}},'d':{'dataset':{'@none':1,'urn:d':2}},'m':{'value':1,'type':'"
		     "Property'}}",
		NULL);
	assert_string_equal(world_print(&w, CD_NORMALIZED, e), HEAD
		",'a':{'type':'Property','value':5},'b':{'type':'Property','value':{'x':{'value':1}}},"
		"'g':{'type':'GeoProperty','value':" POINT "},'rel':{'type':'Relationship','object':'urn:x'},"
		"'l':{'type':'LanguageProperty','languageMap':{'en':'x'}},'v':{'type':'VocabProperty','vocab'"
		":'y'},"
		"'j':{'type':'JsonProperty','json':{'z':null}},'d':[{'type':'Property','value':1},"
		"{'type':'Property','value':2,'datasetId':'urn:d'}],'m':{'type':'Property','value':"
		"{'value':1,'type':'Property'}}}");
	e = read_as(CD_BODY_SIMPLIFIED, HEAD ",'rel':{'dataset':{'@none':'urn:x','urn:d':'urn:y'}}}", NULL);
	assert_int_equal(cd_ent_nodes(e)[1].kind, CD_RELATIONSHIP);
	refused_as(CD_BODY_SIMPLIFIED, HEAD ",'a':{'dataset':{'no uri':1}}}", NULL, "/a/dataset/no uri",
		"datasetId");
	refused_as(CD_BODY_SIMPLIFIED, HEAD ",'a':null}", NULL, "/a", "null");
}

/* ---- bounds ---- */

static void attributes_at_their_bound(void **state)
{
	(void)state;
	w.set.attributes_max = 4;
	(void)read_as(CD_BODY_ENTITY, HEAD ",'a':1,'b':{'value':2,'c':3,'d':4}}", NULL);
	refused_as(
		CD_BODY_ENTITY, HEAD ",'a':1,'b':{'value':2,'c':3,'d':4},'e':5}", NULL, "/e", "More than 4");
	refused_as(CD_BODY_ENTITY,
		HEAD ",'a':[{'value':1},{'value':1,'datasetId':'urn:b'},{'value':1,'datasetId':'urn:c'},"
		     "{'value':1,'datasetId':'urn:d'},{'value':1,'datasetId':'urn:e'}]}",
		NULL, "/a/4", "More than 4");
}

static void lengths_at_their_bound(void **state)
{
	char text[65];
	(void)state;
	w.set.id_max = 64;
	w.set.types_max = 2;
	for (unsigned n = 64; n <= 65; n++) {
		const char *where[] = {"/id", "/a/datasetId", NULL};
		memset(text, 'x', sizeof text);
		memcpy(text, "urn:", 4);
		const char *bodies[] = {
			cd_arena_printf(&w.arena, "{'id':'%.*s','type':'T'}", (int)n, text).p,
			cd_arena_printf(&w.arena, HEAD ",'a':{'value':1,'datasetId':'%.*s'}}", (int)n, text)
				.p,
			cd_arena_printf(&w.arena, HEAD ",'%.*s':1}", (int)n, text).p,
		};
		where[2] = cd_arena_printf(&w.arena, "/%.*s", (int)n, text).p;
		for (int i = 0; i < 3; i++)
			if (n == 64)
				(void)read_as(CD_BODY_ENTITY, bodies[i], NULL);
			else
				refused_as(CD_BODY_ENTITY, bodies[i], NULL, where[i], "longer than 64");
	}
	(void)read_as(CD_BODY_ENTITY, "{'id':'urn:a','type':['T','U'],'scope':['a','b']}", NULL);
	refused_as(CD_BODY_ENTITY, "{'id':'urn:a','type':['T','U','V']}", NULL, "/type", "More than 2");
	refused_as(CD_BODY_ENTITY, HEAD ",'scope':['a','b','c']}", NULL, "/scope", "More than 2");
}

static void values_at_their_bound(void **state)
{
	char *text = cd_arena_alloc(&w.arena, 8192);
	(void)state;
	w.set.entity_max = 4096;
	memset(text, 'x', 8192);
	refused_as(CD_BODY_ENTITY, cd_arena_printf(&w.arena, HEAD ",'a':{'value':'%.*s'}}", 5000, text).p,
		NULL, "/a/value", "larger than 4096");
	refused_as(CD_BODY_ENTITY,
		cd_arena_printf(&w.arena, HEAD ",'a':'%.*s','b':'%.*s'}", 2100, text, 2100, text).p, NULL, "",
		"larger than 4096");
	(void)read_as(CD_BODY_ENTITY, cd_arena_printf(&w.arena, HEAD ",'a':'%.*s'}", 3800, text).p, NULL);
}

/* ---- memory runs out at every place ---- */

static const char everything[] = HEAD
	",'scope':['a','/"
	"b'],'p':{'value':{'x':[1]},'unitCode':'C','observedAt':'2020-01-01T00:00:00Z','q':{'value':1,"
	"'r':2}},'g':" POINT
	",'o':{'object':['urn:x','urn:y'],'objectType':['T','New']},'l':{'languageMap':{'en':'x'}},"
	"'v':{'vocab':['a','b']},'n':{'valueList':[1]},'m':{'objectList':['urn:x']},'j':{'json':{'a':null}},"
	"'d':[{'value':1},{'value':2,'datasetId':'urn:d'}]}";

/* With the next allocation failing: out of memory, or what comes without a failure (some memory is only for
 * speed). False when nothing is left that could fail. */
static bool fails_once(
	const struct cd_in *in, const struct cd_json *v, cd_code expected, const struct cd_ent *good)
{
	static unsigned long k;
	struct cd_arena small;
	struct cd_frag f = {NULL};
	cd_arena_init(&small, 1 << 24);
	w.cx.arena = &small;
	cd_cx_clear(&w.cx);
	cd_mem_fail_after(++k);
	cd_code code = cd_repr_in(&w.cx, in, v, &f);
	bool failed = cd_mem_failed();
	cd_mem_fail_after(0);
	assert_true(code == expected || (failed && code == CD_E_NO_MEMORY));
	if (!code)
		assert_memory_equal(f.ent, good, good->bytes);
	cd_arena_done(&small);
	w.cx.arena = &w.arena;
	if (!failed)
		k = 0;
	return failed;
}

static void reading_out_of_memory(void **state)
{
	static const struct {
		enum cd_body body;
		const char *json;
	} rows[] = {
		{CD_BODY_ENTITY, everything},
		{CD_BODY_MERGE_SIMPLIFIED,
			"{'id':'urn:a','a':'urn:x','b':['x','y'],'c':{'dataset':{'@none':'z'}}}"},
		{CD_BODY_ENTITY, HEAD ",'a':{'value':1,'b':{'object':5}}}"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cd_json *v = world_json(&w, rows[i].json);
		const struct cd_in in = {.ctx = w.ctx, .names = w.names, .body = rows[i].body};
		struct cd_frag good = {NULL};
		cd_code expected = cd_repr_in(&w.cx, &in, v, &good);
		while (fails_once(&in, v, expected, good.ent))
			;
	}
}

/* Whatever could not be had, the text is whole or the buffer says that it is not. */
static void printing_out_of_memory(void **state)
{
	const struct cd_ent *e = read_as(CD_BODY_ENTITY, everything, NULL);
	struct cd_arena small;
	(void)state;
	for (enum cd_form form = CD_NORMALIZED; form <= CD_SIMPLIFIED; form++) {
		const char *whole_text = world_quotes(&w, world_print(&w, form, e));
		bool failed = true;
		for (unsigned long k = 1; failed; k++) {
			const struct cd_out out = {.ctx = w.ctx, .names = w.names, .form = form};
			struct cd_buf b;
			cd_arena_init(&small, 1 << 24);
			cd_buf_init(&b, 1 << 20);
			cd_mem_fail_after(k);
			cd_repr_out(&b, &small, &out, e);
			failed = cd_mem_failed();
			cd_mem_fail_after(0);
			if (b.bad)
				assert_int_equal(b.bad, CD_E_NO_MEMORY);
			else
				assert_int_equal(b.n, strlen(whole_text));
			assert_true(failed || !b.bad);
			cd_buf_done(&b);
			cd_arena_done(&small);
		}
	}
}

static void printing_stops_at_the_bound_of_the_buffer(void **state)
{
	const struct cd_ent *e = read_as(CD_BODY_ENTITY, everything, NULL);
	const struct cd_out out = {.ctx = w.ctx, .names = w.names};
	size_t n = strlen(world_print(&w, CD_NORMALIZED, e));
	struct cd_buf b;
	(void)state;
	cd_buf_init(&b, n - 1);
	cd_repr_out(&b, &w.arena, &out, e);
	assert_int_equal(b.bad, CD_E_TOO_LARGE);
	cd_buf_done(&b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(each_kind_in_each_form),
		T(what_is_read_in_more_than_one_way),
		T(values_survive),
		T(the_entity_around_it),
		T(system_members_and_context_when_asked),
		T(names_are_those_of_the_readers_context),
		T(users_contexts_with_aliases_and_nothing),
		T(attributes_at_fault),
		T(entities_at_fault),
		T(names_of_members_are_no_attributes),
		T(the_well_known_spaces_are_geometries),
		T(proofs_are_kept_as_they_are),
		T(where_the_null_may_stand),
		T(what_a_body_needs),
		T(names_without_a_number),
		T(key_values_of_an_import),
		T(attributes_at_their_bound),
		T(lengths_at_their_bound),
		T(values_at_their_bound),
		T(reading_out_of_memory),
		T(printing_out_of_memory),
		T(printing_stops_at_the_bound_of_the_buffer),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
