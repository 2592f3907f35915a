/*
 * Mappings: what is wrong with one is named by its JSON pointer; what rows become, and which faults are told.
 * The texts below are JSON and CSV with ' for ".
 */
#include "intake/mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct ran {
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	char entities[16384], faults[8192];
	struct cd_map_count count;
	unsigned stop_after; /* entities */
};

static char *plain(struct ran *r, const char *text)
{
	char *p = (char *)cd_arena_copy(&r->arena, cd_str_z(text)).p;
	for (char *c = p; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return p;
}

static cd_code take(void *arg, struct cd_cx *cx, cd_str json, uint64_t line)
{
	struct ran *r = arg;
	struct cd_json *v;
	(void)line;
	assert_int_equal(cd_json_parse(cx, json, &v), CD_OK);
	strncat(r->entities, json.p, json.n);
	strcat(r->entities, "\n");
	if (r->stop_after && --r->stop_after == 0)
		return cd_fail(cx, CD_E_BUSY, NULL, "enough");
	return CD_OK;
}

static cd_code fault(void *arg, struct cd_cx *cx, const struct cd_map_fault *f)
{
	struct ran *r = arg;
	(void)cx;
	size_t n = strlen(r->faults);
	snprintf(r->faults + n, sizeof r->faults - n, "%llu " CD_STR_FMT ";", (unsigned long long)f->line,
		CD_STR_ARG(f->kind));
	return CD_OK;
}

static void begin(struct ran *r)
{
	memset(r, 0, sizeof *r);
	cd_settings_init(&r->set);
	cd_arena_init(&r->arena, 1 << 24);
	cd_cx_init(&r->cx, &r->arena, &r->set);
}

static cd_code run(struct ran *r, const char *mapping, const char *rows)
{
	struct cd_mapping *m;
	if (cd_mapping_parse(&r->cx, cd_str_z(plain(r, mapping)), &m))
		return r->cx.err.code;
	const struct cd_map_input input = {
		.path = "folder/rows.csv.gz", .stream = cd_stream_memory(cd_str_z(plain(r, rows)))};
	const struct cd_map_sink sink = {take, fault, r};
	cd_code code = cd_map_run(&r->cx, m, &input, &sink, &r->count);
	cd_stream_close(input.stream);
	cd_mapping_close(m);
	return code;
}

/* ---- wrong mappings ---- */

#define SOURCE     "'cardoMapping':'1','source':{'format':'csv'},"
#define HEAD       SOURCE "'target':{'type':'T'},'entity':{'id':'urn:x:{a}'},"
#define RULE(rule) "{" HEAD "'attributes':[" rule "]}"

static const struct {
	const char *mapping, *where;
} wrong[] = {
	{"[]", ""},
	{"{}", ""},
	{"{'cardoMapping':'2'}", ""},
	{"{'cardoMapping':1}", "/cardoMapping"},
	{"{'cardoMapping':'1','color':1}", "/color"},
	{"{'cardoMapping':'1'}", ""},
	{"{'cardoMapping':'1','title':3,'source':{'format':'csv'}}", "/title"},
	{"{'cardoMapping':'1','source':{}}", "/source"},
	{"{'cardoMapping':'1','source':{'format':'xls'}}", "/source/format"},
	{"{'cardoMapping':'1','source':{'format':'csv','delimiter':';;'}}", "/source/delimiter"},
	{"{'cardoMapping':'1','source':{'format':'csv','delimiter':'\\''}}", "/source"},
	{"{'cardoMapping':'1','source':{'format':'csv','quote':'ä'}}", "/source/quote"},
	{"{'cardoMapping':'1','source':{'format':'csv','encoding':'utf-16'}}", "/source/encoding"},
	{"{'cardoMapping':'1','source':{'format':'csv','skipRows':-1}}", "/source/skipRows"},
	{"{'cardoMapping':'1','source':{'format':'csv','header':[]}}", "/source/header"},
	{"{'cardoMapping':'1','source':{'format':'csv','header':[1]}}", "/source/header/0"},
	{"{'cardoMapping':'1','source':{'format':'csv','ragged':'no'}}", "/source/ragged"},
	{"{'cardoMapping':'1','source':{'format':'csv','absent':'no'}}", "/source/absent"},
	{"{'cardoMapping':'1','source':{'format':'csv','null':'NA'}}", "/source/null"},
	{"{'cardoMapping':'1','source':{'format':'csv','decimal':'.','thousands':'.'}}", "/source"},
	{"{'cardoMapping':'1','source':{'format':'csv','decimal':''}}", "/source/decimal"},
	{"{'cardoMapping':'1','source':{'format':'csv','within':'a'}}", "/source/within"},
	{"{'cardoMapping':'1','source':{'format':'csv','time':{'zone':'Europe/Munster'}}}",
		"/source/time/zone"},
	{"{'cardoMapping':'1','source':{'format':'csv','time':{'form':'hh:mm'}}}", "/source/time/form"},
	{"{'cardoMapping':'1','source':{'format':'csv','time':{'gap':'x'}}}", "/source/time/gap"},
	{"{'cardoMapping':'1','source':{'format':'csv','time':{'double':'x'}}}", "/source/time/double"},
	{"{'cardoMapping':'1','source':{'format':'csv','crs':'EPSG:0'}}", "/source/crs"},
	{"{'cardoMapping':'1','source':{'format':'zip'}}", ""},
	{"{" SOURCE "'entity':{'id':'urn:x'}}", ""},
	{"{" SOURCE "'target':{'type':'1 2'},'entity':{'id':'urn:x'}}", "/target/type"},
	{"{" SOURCE "'target':{'type':['T',3]},'entity':{'id':'urn:x'}}", "/target/type/1"},
	{"{" SOURCE "'target':{}}", "/target"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{}}", "/entity"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':3}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{a'}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{}'}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{@moon}'}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{@cell}'}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{a|smooth}'}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{a|split:x}'}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{a|first}'}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{a|split:x|nth:0}'}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{a|trim:x}'}}", "/entity/id"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'u','repeat':'often'}}", "/entity/repeat"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'u','repeat':'new'}}", "/entity"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'u','observedAt':'{t}','every':'15'}}",
		"/entity/every"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'u','observedAt':'{t}','every':'P1M'}}",
		"/entity/every"},
	{"{" SOURCE "'target':{'type':'T'},'entity':{'id':'u','observedAt':'{t}','silent':{'path':'a'}}}",
		"/entity/silent"},
	{"{" HEAD "'rest':'drop'}", ""},
	{"{" HEAD "'rest':'all','attributes':[]}", "/rest"},
	{"{" HEAD "'attributes':{}}", "/attributes"},
	{"{" HEAD "'member':'x','attributes':[]}", "/member"},
	{"{" HEAD "'match':[{'path':'a'}],'attributes':[]}", "/match/0"},
	{"{" HEAD "'match':[{'equals':'a'}],'attributes':[]}", "/match/0"},
	{"{" HEAD "'match':[{'path':'a','equals':'b','exists':true}],'attributes':[]}", "/match/0/exists"},
	{"{" HEAD "'match':[{'path':'a','less':'b'}],'attributes':[]}", "/match/0/less"},
	{"{" HEAD "'match':[{'all':[{'path':'a','equals':1}]}],'attributes':[]}", "/match/0/all/0/equals"},
	{"{" HEAD "'report':[{'path':'a','equals':'b'}],'attributes':[]}", "/report/0"},
	{"{" HEAD "'skip':{},'attributes':[]}", "/skip"},
	{"{" HEAD "'spread':{},'attributes':[]}", "/spread"},
	{"{" HEAD "'spread':{'columns':''},'attributes':[]}", "/spread/columns"},
	{"{" HEAD "'spread':{'columns':'h{x'},'attributes':[]}", "/spread/columns"},
	{"{" HEAD "'spread':{'columns':'h{x}','with':{'s':'{y}'}},'attributes':[]}", "/spread/with/s"},
	{"{" HEAD "'spread':{'columns':'h{x}'},'match':[{'path':'x','equals':'1'}],'attributes':[]}", ""},
	{"{" HEAD "'group':{},'attributes':[]}", "/group"},
	{"{" HEAD "'group':{'by':3},'attributes':[]}", "/group/by"},
	{"{" HEAD "'remember':[],'attributes':[]}", "/remember"},
	{"{" HEAD "'lookups':{'l':{'file':'f'}},'attributes':[]}", "/lookups/l"},
	{"{" HEAD "'lookups':{'l':{'key':'{k}','by':'{a}'}},'attributes':[]}", "/lookups/l"},
	{"{" HEAD "'lookups':{'l':{'file':'f','key':'{@row}','by':'{a}'}},'attributes':[]}",
		"/lookups/l/key"},
	{"{" HEAD "'lookups':{'l.m':{'file':'f','key':'{k}','by':'{a}'}},'attributes':[]}", "/lookups/l.m"},
	{"{" HEAD
	 "'lookups':{'l':{'file':'f','key':'{k}','by':'{l.x}'}},'attributes':[{'to':'b','from':'l.y'}]}",
		"/lookups/l/by"},
	{"{" HEAD "'tables':[{}],'attributes':[]}", "/target"},
	{"{" SOURCE "'tables':[]}", "/tables"},
	{"{" SOURCE "'tables':[{'target':{'type':'T'},'entity':{'id':'u'},'source':{}}]}",
		"/tables/0/source"},
	{RULE("{}"), "/attributes/0"},
	{RULE("{'to':'a b','from':'a'}"), "/attributes/0/to"},
	{RULE("{'to':'id','from':'a'}"), "/attributes/0/to"},
	{RULE("{'to':'b'}"), "/attributes/0"},
	{RULE("{'to':'b','from':'a','value':1}"), "/attributes/0"},
	{RULE("{'to':'b','from':['a','b']}"), "/attributes/0/from"},
	{RULE("{'to':'b','value':null}"), "/attributes/0/value"},
	{RULE("{'to':'b','from':'a','kind':'Thing'}"), "/attributes/0/kind"},
	{RULE("{'to':'b','from':'a','as':'float'}"), "/attributes/0/as"},
	{RULE("{'to':'b','format':'{.}'}"), "/attributes/0/format"},
	{RULE("{'to':'b','from':'a','map':{}}"), "/attributes/0/map"},
	{RULE("{'to':'b','from':'a','else':'keep'}"), "/attributes/0/else"},
	{RULE("{'to':'b','from':'a','map':{'1':2},'else':'fail'}"), "/attributes/0/else"},
	{RULE("{'to':'b','from':'a','map':{'1':2},'else':{}}"), "/attributes/0/else"},
	{RULE("{'to':'b','from':'a','range':[1,2]}"), "/attributes/0"},
	{RULE("{'to':'b','from':'a','as':'number','range':[2,1]}"), "/attributes/0/range"},
	{RULE("{'to':'b','from':'a','as':'number','scale':[2]}"), "/attributes/0/scale"},
	{RULE("{'to':'b','from':'a','as':'number','round':1.5}"), "/attributes/0/round"},
	{RULE("{'to':'b','from':'a','as':'number','round':16}"), "/attributes/0/round"},
	{RULE("{'to':'b','from':'a','split':''}"), "/attributes/0/split"},
	{RULE("{'to':'b','from':'a','each':true}"), "/attributes/0"},
	{RULE("{'to':'b','from':'a','required':1}"), "/attributes/0/required"},
	{RULE("{'to':'b','kind':'GeoProperty','from':'a'}"), "/attributes/0"},
	{RULE("{'to':'b','kind':'GeoProperty','geometry':'Point','from':'a'}"), "/attributes/0"},
	{RULE("{'to':'b','kind':'GeoProperty','geometry':'Point','from':['a']}"), "/attributes/0/from"},
	{RULE("{'to':'b','kind':'GeoProperty','geometry':'feature'}"), "/attributes/0"},
	{RULE("{'to':'b','geometry':'Point','from':'a'}"), "/attributes/0"},
	{RULE("{'to':'b','kind':'LanguageProperty','from':'a'}"), "/attributes/0"},
	{RULE("{'to':'b','kind':'LanguageProperty','languageMap':{'d e':'x'}}"),
		"/attributes/0/languageMap/d e"},
	{RULE("{'to':'b','languageMap':{'de':'x'}}"), "/attributes/0/languageMap"},
	{RULE("{'to':'b','from':'a','attributes':[{'to':'c'}]}"), "/attributes/0/attributes/0"},
	{RULE("{'to':'b','from':'a','unit':'CEL'}"), "/attributes/0/unit"},
};

static void test_wrong_members_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct ran r;
		begin(&r);
		cd_code code = run(&r, wrong[i].mapping, "");
		if (code != CD_E_BAD_REQUEST_DATA ||
			strcmp(r.cx.err.where ? r.cx.err.where : "", wrong[i].where) != 0)
			fail_msg("%s: %d at %s: %s", wrong[i].mapping, code, r.cx.err.where, r.cx.err.detail);
		cd_arena_done(&r.arena);
	}
}

static void test_what_is_no_json_is_told(void **state)
{
	struct ran r;
	(void)state;
	begin(&r);
	assert_int_equal(run(&r, "{'a':", ""), CD_E_INVALID_REQUEST);
	cd_arena_done(&r.arena);
}

/* Attributes in attributes: 8 deep is the most. */
static void test_depth_has_a_bound(void **state)
{
	(void)state;
	for (int depth = 8; depth <= 9; depth++) {
		struct ran r;
		char text[2048] = "{" HEAD "'attributes':[", tail[256] = "";
		begin(&r);
		for (int i = 0; i < depth; i++) {
			strcat(text, "{'to':'b','from':'a'");
			strcat(text, i + 1 < depth ? ",'attributes':[" : "");
			strcat(tail, i + 1 < depth ? "}]" : "}");
		}
		strcat(strcat(text, tail), "]}");
		assert_int_equal(run(&r, text, "a\n1\n"), depth == 8 ? CD_OK : CD_E_BAD_REQUEST_DATA);
		cd_arena_done(&r.arena);
	}
}

/* ---- what rows become ---- */

#define TIMED                                                                                                \
	"'cardoMapping':'1','source':{'format':'csv','time':{'zone':'Europe/"                                \
	"Berlin'}},'target':{'type':'T'},"
#define A(value) "{'id':'urn:x:1','type':'T','b':{'type':'Property','value':" value "}}\n"

static const struct {
	const char *name, *mapping, *rows, *entities, *faults;
} cases[] = {
	{"text", RULE("{'to':'b','from':'b'}"), "a,b\n1,x\n", A("'x'"), ""},
	{"no value, no attribute", RULE("{'to':'b','from':'b'}"), "a,b\n1,\n",
		"{'id':'urn:x:1','type':'T'}\n", ""},
	{"number", RULE("{'to':'b','from':'b','as':'number'}"), "a,b\n1,5.50\n1,x\n",
		A("5.50") "{'id':'urn:x:1','type':'T'}\n", "3 number;"},
	{"numbers of another habit",
		RULE("{'to':'b','from':'b','as':'number','decimal':',','thousands':'.'}"), "a;b\n", "",
		"1 column;1 column;"},
	{"decimal comma",
		"{'cardoMapping':'1','source':{'format':'csv','delimiter':';','decimal':',','thousands':'.'},"
		"'target':{'type':'T'},'entity':{'id':'urn:x:{a}'},'attributes':[{'to':'b','from':'b','as':'"
		"number'}]}",
		"a;b\n1;1.234,5\n1;+007\n1;,5\n1;5,\n1;1.2\n",
		A("1234.5") A("7") A("0.5") A("5") "{'id':'urn:x:1','type':'T'}\n", "6 number;"},
	{"integer", RULE("{'to':'b','from':'b','as':'integer'}"), "a,b\n1,12.0\n1,12.5\n",
		A("12") "{'id':'urn:x:1','type':'T'}\n", "3 number;"},
	{"boolean", RULE("{'to':'b','from':'b','as':'boolean'}"), "a,b\n1,Yes\n1,0\n1,2\n",
		A("true") A("false") "{'id':'urn:x:1','type':'T'}\n", "4 boolean;"},
	{"auto", RULE("{'to':'b','from':'b','as':'auto'}"), "a,b\n1,1e3\n1,007\n1,true\n1,x\n",
		A("1e3") A("'007'") A("true") A("'x'"), ""},
	{"json", RULE("{'to':'b','from':'b','as':'json'}"), "a,b\n1,\"{\"\"c\"\":[1,2]}\"\n1,{\n",
		A("{'c':[1,2]}") "{'id':'urn:x:1','type':'T'}\n", "3 json;"},
	{"datetime",
		"{" TIMED "'entity':{'id':'urn:x:{a}'},'attributes':[{'to':'b','from':'b','as':'datetime'}]}",
		"a,b\n1,2024-07-01 12:00\n1,noon\n",
		A("{'@type':'DateTime','@value':'2024-07-01T10:00:00Z'}") "{'id':'urn:x:1','type':'T'}\n",
		"3 time;"},
	{"date", RULE("{'to':'b','from':'b','as':'date','time':{'form':'DD.MM.YY'}}"),
		"a,b\n1,01.07.24\n1,32.07.24\n",
		A("{'@type':'Date','@value':'2024-07-01'}") "{'id':'urn:x:1','type':'T'}\n", "3 time;"},
	{"null", RULE("{'to':'b','from':'b','null':['NA','-200']}"), "a,b\n1,NA\n1,-200\n1,-2\n",
		"{'id':'urn:x:1','type':'T'}\n{'id':'urn:x:1','type':'T'}\n" A("'-2'"), ""},
	{"map", RULE("{'to':'b','from':'b','map':{'1':'good','2':null,'3':[1]}}"),
		"a,b\n1,1\n1,2\n1,3\n1,4\n",
		A("'good'") "{'id':'urn:x:1','type':'T'}\n" A("[1]") "{'id':'urn:x:1','type':'T'}\n",
		"5 map;"},
	{"map, else keep", RULE("{'to':'b','from':'b','as':'integer','map':{'full':0},'else':'keep'}"),
		"a,b\n1,full\n1,7\n", A("0") A("7"), ""},
	{"map, else error", RULE("{'to':'b','from':'b','map':{'1':2},'else':'error'}"), "a,b\n1,3\n1,1\n",
		A("2"), "2 map;"},
	{"map, else a value", RULE("{'to':'b','from':'b','map':{'1':2},'else':{'value':'drop'}}"),
		"a,b\n1,3\n", A("'drop'"), ""},
	{"split", RULE("{'to':'b','from':'b','split':';','as':'integer'}"), "a,b\n1,1; 2;;3\n", A("[1,2,3]"),
		""},
	{"scale and round", RULE("{'to':'b','from':'b','as':'number','scale':[1.8,32],'round':1}"),
		"a,b\n1,36.6\n", A("97.9"), ""},
	{"range", RULE("{'to':'b','from':'b','as':'number','range':[0,10]}"), "a,b\n1,10\n1,10.1\n1,-1\n",
		A("10") "{'id':'urn:x:1','type':'T'}\n{'id':'urn:x:1','type':'T'}\n", "3 range;4 range;"},
	{"range, outside kept", RULE("{'to':'b','from':'b','as':'number','range':[0,10],'outside':'keep'}"),
		"a,b\n1,11\n", A("11"), "2 range;"},
	{"required", RULE("{'to':'b','from':'b','required':true}"), "a,b\n1,\n1,x\n", A("'x'"), "2 missing;"},
	{"when", RULE("{'to':'b','from':'b','when':[{'path':'b','pattern':'x?z*'}]}"), "a,b\n1,xäz!\n1,xz\n",
		A("'xäz!'") "{'id':'urn:x:1','type':'T'}\n", ""},
	{"unit and constant", RULE("{'to':'b','value':{'c':1},'unitCode':'CEL'}"), "a\n1\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':{'c':1},'unitCode':'CEL'}}\n", ""},
	{"unit of a column", RULE("{'to':'b','from':'b','unitCode':'{u|upper}'}"), "a,b,u\n1,2,cel\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':'2','unitCode':'CEL'}}\n", ""},
	{"relationship", RULE("{'to':'b','kind':'Relationship','from':'b','format':'urn:y:{.}'}"),
		"a,b\n1,z\n1,\"y z\"\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'Relationship','object':'urn:y:z'}}\n{'id':'urn:x:1',"
		"'type':'T'}\n",
		"3 uri;"},
	{"languages", RULE("{'to':'b','kind':'LanguageProperty','languageMap':{'de':'{b}','en':'{c}'}}"),
		"a,b,c\n1,Straße,\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'LanguageProperty','languageMap':{'de':'Straße'}}}\n",
		""},
	{"vocabulary and list",
		RULE("{'to':'b','kind':'VocabProperty','from':'b'},{'to':'c','kind':'ListProperty','from':'b'"
		     "}"),
		"a,b\n1,x\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'VocabProperty','vocab':'x'},"
		"'c':{'type':'ListProperty','valueList':['x']}}\n",
		""},
	{"datasets",
		RULE("{'to':'b','from':'b','datasetId':'urn:d:1'},{'to':'c','from':'b'},{'to':'b','from':'c'"
		     "}"),
		"a,b,c\n1,x,y\n",
		"{'id':'urn:x:1','type':'T','b':[{'type':'Property','value':'x','datasetId':'urn:d:1'},"
		"{'type':'Property','value':'y'}],'c':{'type':'Property','value':'x'}}\n",
		""},
	{"later ones win", RULE("{'to':'b','from':'b'},{'to':'b','from':'c'}"), "a,b,c\n1,x,y\n1,x,\n",
		A("'y'") A("'x'"), ""},
	{"attributes of attributes",
		RULE("{'to':'b','from':'b','attributes':[{'to':'c','from':'c','as':'integer'}]}"),
		"a,b,c\n1,x,4\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':'x','c':{'type':'Property','value'"
		":4}}}\n",
		""},
	{"point", RULE("{'to':'b','kind':'GeoProperty','geometry':'Point','from':['x','y','z']}"),
		"a,x,y,z\n1,7.60,51.9,\n1,7,51,60\n1,51,181,\n1,,,\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'GeoProperty','value':{'type':'Point','coordinates':["
		"7.60,51.9]}}}\n"
		"{'id':'urn:x:1','type':'T','b':{'type':'GeoProperty','value':{'type':'Point','coordinates':["
		"7,51,60]}}}\n"
		"{'id':'urn:x:1','type':'T'}\n{'id':'urn:x:1','type':'T'}\n",
		"4 geometry;"},
	{"latitude first", RULE("{'to':'b','kind':'GeoProperty','geometry':'latlon','from':'p'}"),
		"a,p\n1,\"51.9, 7.6\"\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'GeoProperty','value':{'type':'Point','coordinates':["
		"7.6,51.9]}}}\n",
		""},
	{"reference system",
		RULE("{'to':'b','kind':'GeoProperty','geometry':'Point','from':['x','y'],'crs':'EPSG:3857'}"),
		"a,x,y\n1,0,0\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'GeoProperty','value':{'type':'Point','coordinates':["
		"0,0]}}}\n",
		""},
	{"well-known text", RULE("{'to':'b','kind':'GeoProperty','geometry':'wkt','from':'w'}"),
		"a,w\n1,POINT Z (7 51 3)\n1,\"multipoint ((1 2), (3 4))\"\n1,\"POLYGON((0 0,1 0,1 1,0 "
		"0))\"\n1,CIRCLE (1 2)\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'GeoProperty','value':{'type':'Point','coordinates':["
		"7,51,3]}}}\n"
		"{'id':'urn:x:1','type':'T','b':{'type':'GeoProperty','value':{'type':'MultiPoint','"
		"coordinates':[[1,2],[3,4]]}}}\n"
		"{'id':'urn:x:1','type':'T','b':{'type':'GeoProperty','value':{'type':'Polygon','coordinates'"
		":"
		"[[[0,0],[1,0],[1,1],[0,0]]]}}}\n{'id':'urn:x:1','type':'T'}\n",
		"5 geometry;"},
	{"filters",
		RULE("{'to':'b','format':'{b|trim|lower|slug}.{c|split:/"
		     "|last}.{d|default:none}.{b|compact}.{e|strip:()}'}"),
		"a,b,c,d,e\n1, Ärger & Öl ,x/y,,(7)\n", A("'aerger-oel.y.none.rgerl.7'"), ""},
	{"a URI stays, others become one",
		"{" SOURCE "'target':{'type':'T'},'entity':{'id':'{a|id:urn:x:}'},'attributes':[]}",
		"a\nurn:y:1\n2 3\n", "{'id':'urn:y:1','type':'T'}\n{'id':'urn:x:2%203','type':'T'}\n", ""},
	{"ids that are none", RULE("{'to':'b','from':'b'}"), "a,b\n,x\n1 2,x\n", "", "2 id;3 id;"},
	{"match, skip, report",
		"{" HEAD "'match':[{'path':'b','exists':true}],'skip':[{'path':'b','in':['s','t']},"
		"{'path':'b','equals':'u','report':'odd'}],'report':[{'path':'b','equals':'r','report':'rare'"
		"}],"
		"'attributes':[{'to':'b','from':'b'}]}",
		"a,b\n1,\n1,s\n1,u\n1,r\n", A("'r'"), "4 odd;5 rare;"},
	{"conditions joined",
		"{" HEAD "'match':[{'any':[{'path':'b','less':3},{'all':[{'path':'b','greater':7},{'path':'c'"
		",'equals':'x',"
		"'not':true}]}]}],'attributes':[{'to':'b','from':'b','as':'integer'}]}",
		"a,b,c\n1,2,\n1,5,\n1,8,x\n1,9,y\n", A("2") A("9"), ""},
	{"time, gap and doubled hour",
		"{" TIMED
		"'entity':{'id':'urn:x:{a}','observedAt':'{t}'},'attributes':[{'to':'b','from':'b'}]}",
		"a,b,t\n1,x,2024-01-01 12:00\n1,x,2024-03-31 02:30\n1,x,2024-10-27 02:30\n1,x,\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':'x','observedAt':'2024-01-01T11:"
		"00:00Z'}}\n"
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':'x','observedAt':'2024-10-27T00:"
		"30:00Z'}}\n",
		"3 time-gap;4 time-double;5 time;"},
	{"the clock goes back",
		"{'cardoMapping':'1','source':{'format':'csv','time':{'zone':'Europe/"
		"Berlin','double':'order','gap':'after'}},"
		"'target':{'type':'T'},'entity':{'id':'urn:x:{a}','observedAt':'{t}'},"
		"'attributes':[{'to':'b','from':'@observedAt','observedAt':false}]}",
		"a,t\n1,2024-03-31 02:30\n1,2024-10-27 02:30\n1,2024-10-27 02:15\n",
		A("'2024-03-31T00:30:00Z'") A("'2024-10-27T00:30:00Z'") A("'2024-10-27T01:15:00Z'"),
		"2 time-gap;3 time-double;4 time-double;"},
	{"an entity for each observation",
		"{" TIMED "'entity':{'id':'urn:x:{a}','observedAt':'{t}','repeat':'new'},'attributes':[]}",
		"a,t\n1,2024-01-01T00:00:00Z\n", "{'id':'urn:x:1:20240101T000000Z','type':'T'}\n", ""},
	{"the first of an id",
		"{" SOURCE "'target':{'type':'T'},'entity':{'id':'urn:x:{a}','repeat':'first'},"
		"'attributes':[{'to':'b','from':'b'}]}",
		"a,b\n1,x\n1,y\n", A("'x'"), ""},
	{"series: gap, order, silence",
		"{" TIMED "'entity':{'id':'urn:x:{a}','observedAt':'{t}','every':'PT1H','silent':{'path':'b',"
		"'equals':'0',"
		"'for':'PT2H'}},'attributes':[]}",
		"a,b,t\n1,0,2024-01-01 00:00\n1,0,2024-01-01 01:00\n1,0,2024-01-01 02:00\n1,0,2024-01-01 "
		"03:00\n"
		"1,1,2024-01-01 05:00\n1,1,2024-01-01 04:00\n",
		"{'id':'urn:x:1','type':'T'}\n{'id':'urn:x:1','type':'T'}\n{'id':'urn:x:1','type':'T'}\n"
		"{'id':'urn:x:1','type':'T'}\n{'id':'urn:x:1','type':'T'}\n",
		"4 silent;6 gap;7 order;"},
	{"a column for each hour",
		"{'cardoMapping':'1','source':{'format':'csv','time':{'form':'YYYY-MM-DD "
		"hh'}},'target':{'type':'T'},"
		"'spread':{'columns':'h{hour}'},'entity':{'id':'urn:x:{a}','observedAt':'{d} {hour}'},"
		"'attributes':[{'to':'b','from':'@cell','as':'integer','required':true}]}",
		"a,d,h00,h01,total\n1,2024-01-01,5,,5\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':5,'observedAt':'2024-01-01T00:00:"
		"00Z'}}\n",
		"2 missing;"},
	{"a column for each place, with its status",
		"{" SOURCE "'target':{'type':'T'},'spread':{'columns':'{n} "
		"({l})','except':['9*'],'with':{'s':'{n}-status'}},"
		"'entity':{'id':'urn:x:{n}'},'skip':[{'path':'s','equals':'4','report':'ill'}],"
		"'attributes':[{'to':'b','from':'l'},{'to':'c','from':'@cell'},{'to':'{l}','from':'@column'}]"
		"}",
		"t,1 (one),2 (two),9 (nine),1-status,2-status\n0,5,6,7,0,4\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':'one'},'c':{'type':'Property','"
		"value':'5'},"
		"'one':{'type':'Property','value':'1 (one)'}}\n",
		"2 ill;"},
	{"the header changes",
		"{" SOURCE "'target':{'type':'T'},'spread':{'columns':'c{n}'},'entity':{'id':'urn:x:{n}'},"
		"'attributes':[{'to':'b','from':'@cell'}]}",
		"t,c1\n0,x\nt,c1,c2\n0,y,z\n0,y\n0,y,z,q\n",
		A("'x'") A("'y'") "{'id':'urn:x:2','type':'T','b':{'type':'Property','value':'z'}}\n" A(
			"'y'") "{'id':'urn:x:2','type':'T'}\n",
		"3 header;5 cells;6 cells;"},
	{"a row that is remembered",
		"{" SOURCE "'target':{'type':'T'},'spread':{'columns':'c{n}'},'remember':{'all':{'path':'t','"
		"equals':'total'}},"
		"'entity':{'id':'urn:x:{n}'},'attributes':[{'to':'b','format':'{all|strip:()}','as':'integer'"
		"}]}",
		"t,c1\n0,x\ntotal,(7)\n0,x\n", "{'id':'urn:x:1','type':'T'}\n" A("7"), ""},
	{"rows of a group",
		"{" HEAD "'group':{'by':'a','order':'n'},'attributes':[{'to':'b','from':'n','as':'integer','"
		"each':true},"
		"{'to':'c','kind':'GeoProperty','geometry':'LineString','from':['n','y']}]}",
		"a,n,y\n1,2,8\n1,1,9\n2,5,5\n1,3,4\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':[1,2]},'c':{'type':'GeoProperty','"
		"value':"
		"{'type':'LineString','coordinates':[[1,9],[2,8]]}}}\n{'id':'urn:x:2','type':'T','b':{'type':"
		"'Property','value':[5]}}\n"
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':[3]}}\n",
		"4 geometry;5 group;5 geometry;"},
	{"scattered groups, rows numbered",
		"{" HEAD "'group':{'by':'{a}','scattered':true},'attributes':[{'to':'b','kind':'ListProperty'"
		",'format':'{@row}{n}',"
		"'each':true}]}",
		"a,n\n2,x\n1,y\n2,z\n",
		"{'id':'urn:x:1','type':'T','b':{'type':'ListProperty','valueList':['1y']}}\n"
		"{'id':'urn:x:2','type':'T','b':{'type':'ListProperty','valueList':['1x','2z']}}\n",
		""},
	{"the rest is kept", "{" HEAD "'rest':'keep'}", "a,Größe cm,type,9x\n1,7.5,x,\n",
		"{'id':'urn:x:1','type':'T','Größe_cm':{'type':'Property','value':7.5},'type_':{'type':'"
		"Property','value':'x'}}\n",
		""},
	{"no header",
		"{'cardoMapping':'1','source':{'format':'csv','header':false},'target':{'type':'T'},"
		"'entity':{'id':'urn:x:{1}'},'attributes':[{'to':'b','from':'2'}]}",
		"1,x\n", A("'x'"), ""},
	{"a header of the mapping's, rows before it",
		"{'cardoMapping':'1','source':{'format':'csv','header':['a','b'],'skipRows':1,'comment':'#'},"
		"'target':{'type':'T'},"
		"'entity':{'id':'urn:x:{a}'},'attributes':[{'to':'b','from':'b'}]}",
		"junk\n#no\n1,x\n", A("'x'"), ""},
	{"short rows are sound where said",
		"{'cardoMapping':'1','source':{'format':'csv','ragged':'use','absent':'ignore'},'target':{'"
		"type':'T'},"
		"'entity':{'id':'urn:x:{a}'},'attributes':[{'to':'b','from':'b'},{'to':'c','from':'c'}]}",
		"a,b\n1\n", "{'id':'urn:x:1','type':'T'}\n", ""},
	{"broken rows", RULE("{'to':'b','from':'b'}"), "a,b\n1,\"x\"y\n1,\xff\n1,x\n", A("'x'"),
		"2 quote;3 encoding;"},
	{"columns that are not there", RULE("{'to':'b','from':'c'}"), "a,b\n1,x\n",
		"{'id':'urn:x:1','type':'T'}\n", "1 column;"},
	{"several tables of the same rows",
		"{" SOURCE "'tables':[{'match':[{'path':'a','equals':'1'}],'target':{'type':'T'},'entity':{'"
		"id':'urn:x:{a}'},"
		"'attributes':[{'to':'b','from':'b'}]},{'match':[{'path':'a','equals':'2'}],'target':{'type':"
		"['U','V'],"
		"'context':'https://example.org/c'},'entity':{'id':'urn:y:{@file}:{@line}','scope':'/"
		"{b}'},'attributes':[]}]}",
		"a,b\n1,x\n2,y\n3,z\n",
		A("'x'") "{'id':'urn:y:rows:3','type':['U','V'],'scope':'/y','@context':'https://example.org/"
			 "c'}\n",
		""},
	{"objects",
		"{'cardoMapping':'1','source':{'format':'json','within':'all'},'target':{'type':'T'},"
		"'entity':{'id':'urn:x:{a.b[1]}'},'attributes':[{'to':'b','from':'c'},{'to':'d','from':'"
		"d\\\\.e','as':'string'}],"
		"'rest':'keep'}",
		"{'v':1,'all':[{'a':{'b':[0,1]},'c':{'x':[null]},'d.e':5,'f':true},{'a':null}]}",
		"{'id':'urn:x:1','type':'T','b':{'type':'Property','value':{'x':[null]}},'d':{'type':'"
		"Property','value':'5'},"
		"'f':{'type':'Property','value':true}}\n",
		"1 id;"},
	{"features",
		"{'cardoMapping':'1','source':{'format':'geojson'},'target':{'type':'T'},"
		"'entity':{'id':'{@feature|id:urn:x:}'},'attributes':[{'to':'b','kind':'GeoProperty','"
		"geometry':'feature'},"
		"{'to':'c','from':'n'}]}",
		"{'type':'FeatureCollection','features':[{'type':'Feature','id':7,'geometry':{'type':'Point',"
		"'coordinates':[1.0,2]},"
		"'properties':{'n':'x'}},\n{'type':'Feature','geometry':null,'properties':null}]}",
		"{'id':'urn:x:7','type':'T','b':{'type':'GeoProperty','value':{'type':'Point','coordinates':["
		"1.0,2]}},"
		"'c':{'type':'Property','value':'x'}}\n{'id':'urn:x:rows-2','type':'T'}\n",
		""},
};

static void test_what_rows_become(void **state)
{
	unsigned failed = 0;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ran r;
		begin(&r);
		cd_code code = run(&r, cases[i].mapping, cases[i].rows);
		const char *expected = plain(&r, cases[i].entities);
		if (code || strcmp(expected, r.entities) != 0 || strcmp(cases[i].faults, r.faults) != 0) {
			print_error("%s: %d %s %s\nentities %snot      %sfaults   %s\nnot      %s\n",
				cases[i].name, code, r.cx.err.where ? r.cx.err.where : "",
				r.cx.err.detail ? r.cx.err.detail : "", r.entities, expected, r.faults,
				cases[i].faults);
			failed++;
		}
		cd_arena_done(&r.arena);
	}
	assert_int_equal(failed, 0);
}

static void test_what_the_sink_answers_ends_the_run(void **state)
{
	struct ran r;
	(void)state;
	begin(&r);
	r.stop_after = 2;
	assert_int_equal(run(&r, RULE("{'to':'b','from':'b'}"), "a,b\n1,x\n1,y\n1,z\n"), CD_E_BUSY);
	assert_int_equal(r.count.entities, 2);
	cd_arena_done(&r.arena);
}

static void test_rows_are_counted(void **state)
{
	struct ran r;
	(void)state;
	begin(&r);
	assert_int_equal(run(&r, "{" HEAD "'match':[{'path':'a','equals':'1'}],'attributes':[]}",
				 "a\n1\n2\n\n3\na\n1\n"),
		CD_OK);
	assert_int_equal(r.count.rows, 4);
	assert_int_equal(r.count.passed, 2);
	assert_int_equal(r.count.entities, 2);
	cd_arena_done(&r.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_members_are_named),
		cmocka_unit_test(test_what_is_no_json_is_told),
		cmocka_unit_test(test_depth_has_a_bound),
		cmocka_unit_test(test_what_rows_become),
		cmocka_unit_test(test_what_the_sink_answers_ends_the_run),
		cmocka_unit_test(test_rows_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
