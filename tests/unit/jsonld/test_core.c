/*
 * The built-in core context against the published files, term by term. The files are data that this
 * repository does not hold: $CARDO_DATA/models/ngsi-ld-contexts, else ../shared/data/...
 */
#include "fixture.h"

#include <stdio.h>

#define VOCAB "https://uri.etsi.org/ngsi-ld/default-context/"

/* ---- the published file, read by other rules than ours: no look ahead, no protected terms ---- */

static const struct cd_json *published(struct work *w, const char *version)
{
	char path[4096];
	const char *data = getenv("CARDO_DATA");
	struct cd_json *v = NULL;
	snprintf(path, sizeof path, "%s/models/ngsi-ld-contexts/ngsi-ld-core-context-v%s.jsonld",
		data ? data : CARDO_ROOT "/../shared/data", version);
	FILE *f = fopen(path, "rb");
	if (!f) {
		print_message("%s is not here: set CARDO_DATA to compare with it\n", path);
		skip();
	}
	static char text[1 << 20];
	size_t n = fread(text, 1, sizeof text, f);
	fclose(f);
	assert_int_equal(cd_json_parse_copy(&w->cx, cd_str_of(text, n), &v), CD_OK);
	const struct cd_json *c = cd_json_get(v, CD_STR("@context"));
	assert_non_null(c);
	return c;
}

static cd_str id_of(const struct cd_json *def)
{
	if (def->kind == CD_JSON_STRING)
		return def->text;
	const struct cd_json *id = cd_json_get(def, CD_STR("@id"));
	return id ? id->text : cd_str_of(NULL, 0);
}

static cd_str iri_of(struct work *w, const struct cd_json *c, cd_str name)
{
	size_t colon = cd_str_find(name, ':');
	const struct cd_json *term = cd_json_get(c, name);
	if (term && !cd_str_eq(id_of(term), name))
		return iri_of(w, c, id_of(term));
	if (name.n && name.p[0] == '@')
		return name;
	const struct cd_json *prefix = cd_json_get(c, cd_str_of(name.p, colon));
	if (colon < name.n && prefix)
		return cd_ctx_join(&w->arena, iri_of(w, c, id_of(prefix)), cd_str_skip(name, colon + 1));
	return colon < name.n ? name : cd_ctx_join(&w->arena, CD_STR(VOCAB), name);
}

static cd_str iri_of_term(struct work *w, const struct cd_json *c, const struct cd_json *m)
{
	return id_of(m).p ? iri_of(w, c, id_of(m)) : cd_ctx_join(&w->arena, CD_STR(VOCAB), m->key);
}

/* ---- slips of older files, which the newest meaning stands for ---- */

struct slip {
	const char *version, *term;
};
static const struct slip slips[] = {
	{"1.3", "attributeCount"}, {"1.3", "attributeDetails"},
	{"1.3", "objects"}, /* objects were @id, too */
	{"1.4", "attributeCount"}, {"1.4", "attributeDetails"}, {"1.4", "objects"}, {"1.6", "attributeCount"},
	{"1.6", "attributeDetails"}, {"1.7", "attributeCount"}, {"1.7", "attributeDetails"},
	{"1.7", "VocabularyProperty"},                                                /* renamed */
	{"1.8", "attributeCount"}, {"1.8", "attributeDetails"}, {"1.8", "entityMap"}, /* became an index */
	{"1.8", "objectsLists"},                                                      /* misspelt */
};

static bool slip(const char *version, cd_str term)
{
	for (size_t i = 0; i < sizeof slips / sizeof *slips; i++)
		if (strcmp(slips[i].version, version) == 0 && cd_str_eq(term, cd_str_z(slips[i].term)))
			return true;
	return false;
}

/* ---- one term ---- */

static cd_str word_of(const struct cd_json *def, const char *name)
{
	const struct cd_json *v = cd_json_get(def, cd_str_z(name));
	return v ? v->text : CD_STR("");
}

static bool agrees(struct work *w, const struct cd_json *c, const struct cd_json *m)
{
	static const struct {
		const char *word;
		uint32_t bit;
	} containers[] = {{"@list", CD_CONTAINER_LIST}, {"@set", CD_CONTAINER_SET},
		{"@index", CD_CONTAINER_INDEX}, {"@language", CD_CONTAINER_LANGUAGE}, {"", 0}};
	const struct cd_ctx_def *ours = cd_ctx_find(cd_ctx_core(), m->key);
	cd_str type = word_of(m, "@type"), container = word_of(m, "@container");
	enum cd_ctx_coerce coerce = CD_COERCE_NONE;
	if (cd_str_eq(type, CD_STR("@id")))
		coerce = CD_COERCE_ID;
	else if (cd_str_eq(type, CD_STR("@vocab")))
		coerce = CD_COERCE_VOCAB;
	else if (cd_str_eq(type, CD_STR("@json")))
		coerce = CD_COERCE_JSON;
	else if (type.n)
		coerce = CD_COERCE_TYPED;
	if (!ours || !ours->core || ours->coerce != coerce || !cd_str_eq(ours->iri, iri_of_term(w, c, m)))
		return false;
	if (coerce == CD_COERCE_TYPED && !cd_str_eq(ours->type, iri_of(w, c, type)))
		return false;
	for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
		if (cd_str_eq(container, cd_str_z(containers[i].word)))
			return ours->containers == containers[i].bit;
	return false;
}

static void compare(const char *version, bool all)
{
	struct work w;
	unsigned terms = 0;
	work_init(&w);
	const struct cd_json *c = published(&w, version);
	for (const struct cd_json *m = c->child; m; m = m->next) {
		if (m->key.p[0] == '@')
			continue;
		terms++;
		if (agrees(&w, c, m) == slip(version, m->key))
			fail_msg("%s: \"%.*s\"", version, (int)m->key.n, m->key.p);
	}
	assert_true(terms > 50);
	same(word_of(c, "@vocab"), VOCAB);
	if (all)
		assert_int_equal(terms, cd_ctx_core()->n);
	work_done(&w);
}

static void version_1_3(void **state)
{
	(void)state;
	compare("1.3", false);
}

static void version_1_4(void **state)
{
	(void)state;
	compare("1.4", false);
}

static void version_1_6(void **state)
{
	(void)state;
	compare("1.6", false);
}

static void version_1_7(void **state)
{
	(void)state;
	compare("1.7", false);
}

static void version_1_8(void **state)
{
	(void)state;
	compare("1.8", false);
}

static void version_1_9_has_all_terms_and_no_other(void **state)
{
	(void)state;
	compare("1.9", true);
}

/* ---- without the files ---- */

static void urls_are_matched_exactly(void **state)
{
	(void)state;
#define CORE "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context"
	static const char *const yes[] = {CORE ".jsonld", CORE "-v1.3.jsonld", CORE "-v1.4.jsonld",
		CORE "-v1.5.jsonld", CORE "-v1.6.jsonld", CORE "-v1.7.jsonld", CORE "-v1.8.jsonld",
		CORE "-v1.9.jsonld"};
	static const char *const no[] = {CORE "-non-existing.jsonld", CORE "-v1.2.jsonld",
		CORE "-v2.0.jsonld", CORE "-v1.99.jsonld", CORE "-v1.9.json", CORE, CORE "jsonld",
		CORE "-v1.9.jsonld?x", "", CORE "-v1.9.jsonldx",
		"http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		assert_true(cd_ctx_is_core_url(cd_str_z(yes[i])));
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		assert_false(cd_ctx_is_core_url(cd_str_z(no[i])));
	assert_true(cd_ctx_is_core_url(cd_core_context_url));
}

static void every_term_comes_back_as_itself(void **state)
{
	(void)state;
	struct cd_ctx *core = cd_ctx_core();
	struct work w;
	work_init(&w);
	for (uint32_t i = 0; i <= core->mask; i++) {
		const struct cd_ctx_entry *e = core->slots[i];
		if (!e || e->def.iri.p[0] == '@')
			continue;
		cd_str iri = cd_ctx_expand(core, &w.arena, e->name);
		assert_true(cd_str_eq(iri, e->def.iri));
		assert_true(cd_str_eq(cd_ctx_compact(core, &w.arena, iri), e->name));
	}
	work_done(&w);
}

static void it_says_what_it_is(void **state)
{
	(void)state;
	struct cd_ctx *core = cd_ctx_core();
	same(cd_ctx_source(core), "\"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld\"");
	assert_true(cd_str_eq(cd_ctx_link(core), cd_core_context_url));
	assert_int_not_equal(cd_ctx_id(core), 0);
	cd_ctx_unref(cd_ctx_ref(core)); /* never freed */
	cd_ctx_unref(core);
	assert_ptr_equal(cd_ctx_core(), core);
	assert_non_null(cd_ctx_find(core, CD_STR("Property")));
	assert_null(cd_ctx_find(core, CD_STR("property")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1_3),
		cmocka_unit_test(version_1_4),
		cmocka_unit_test(version_1_6),
		cmocka_unit_test(version_1_7),
		cmocka_unit_test(version_1_8),
		cmocka_unit_test(version_1_9_has_all_terms_and_no_other),
		cmocka_unit_test(urls_are_matched_exactly),
		cmocka_unit_test(every_term_comes_back_as_itself),
		cmocka_unit_test(it_says_what_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
