/*
 * Any JSON as an @context: {"@context": what is compiled, "URL": document, ...}. What compiles keeps its
 * bounds, and a name that becomes an IRI and a name again means the same.
 */
#include "jsonld/context_int.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static const struct cd_json *document(void *arg, cd_str url, cd_str *ret_base)
{
	*ret_base = url;
	return cd_json_get(arg, url);
}

static void there_and_back(const struct cd_ctx *c, struct cd_arena *arena, cd_str name)
{
	cd_str iri = cd_ctx_expand(c, arena, name);
	if (!iri.p || iri.n == 0 || iri.p[0] == '@')
		return;
	cd_str again = cd_ctx_compact(c, arena, iri);
	check(again.p != NULL);
	if (cd_str_eq(again, iri)) /* no name for it: the IRI stands for itself, whatever its scheme */
		return;
	cd_str back = cd_ctx_expand(c, arena, again);
	check(!back.p || cd_str_eq(back, iri));
}

static void use(const struct cd_ctx *c, struct cd_cx *cx)
{
	static const cd_str names[] = {CD_STR_INIT("a"), CD_STR_INIT("p:a"), CD_STR_INIT("value"),
		CD_STR_INIT("http://e/a"), CD_STR_INIT(":"), CD_STR_INIT("p:"),
		CD_STR_INIT("ngsi-ld:default-context/a"), CD_STR_INIT("urn:a:b")};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		there_and_back(c, cx->arena, names[i]);
		(void)cd_ctx_expand_id(c, cx->arena, names[i]);
	}
	check(c->n <= cx->set->context_terms && c->vocab.n <= cx->set->id_max &&
		c->base.n <= cx->set->id_max);
	for (uint32_t i = 0; c->slots && i <= c->mask; i++) {
		const struct cd_ctx_entry *e = c->slots[i];
		if (!e)
			continue;
		check(!cd_ctx_own(cd_ctx_core(), e->name) && e->def.iri.n <= cx->set->id_max);
		check(!e->def.core && (e->def.coerce != CD_COERCE_TYPED || e->def.type.n <= cx->set->id_max));
		there_and_back(c, cx->arena, e->name);
		cd_str iri = cd_iri_resolve(cx->arena, e->def.iri, e->name);
		check(!iri.p || !cd_iri_absolute(e->def.iri) || cd_iri_absolute(iri));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *v;
	struct cd_ctx *c = NULL;
	cd_str missing = cd_str_of(NULL, 0);
	cd_settings_init(&set);
	set.context_terms = 100;
	set.id_max = 200;
	set.request_memory = 1 << 22;
	cd_arena_init(&arena, set.request_memory);
	cd_cx_init(&cx, &arena, &set);
	if (!cd_json_parse_copy(&cx, cd_str_of((const char *)data, size), &v) &&
		cd_json_get(v, CD_STR("@context"))) {
		const struct cd_ctx_docs docs = {document, v};
		cd_code code = cd_ctx_compile(
			&cx, cd_json_get(v, CD_STR("@context")), CD_STR("http://d/"), &docs, &c, &missing);
		check(code == cx.err.code);
		check(code == CD_OK || code == CD_E_BAD_REQUEST_DATA || code == CD_E_NO_MEMORY ||
			code == CD_E_CONTEXT_UNAVAIL);
		check(code != CD_E_CONTEXT_UNAVAIL || missing.n);
		if (!code)
			use(c, &cx);
		cd_ctx_unref(c);
	}
	cd_arena_done(&arena);
	return 0;
}
