/* A context without terms and a table of names, made once, and the packing of JSON with them; for fuzz
 * targets. */
#ifndef TESTS_FUZZ_PLACE_H
#define TESTS_FUZZ_PLACE_H

#include "model/change.h"
#include "repr/repr.h"

#include <stdint.h>
#include <stdlib.h>

struct place {
	struct cd_settings set;
	struct cd_names *names;
	struct cd_ctx *ctx;
};

static inline void must_hold(bool what)
{
	if (!what)
		abort();
}

static const struct cd_json *no_document(void *arg, cd_str url, cd_str *base)
{
	(void)arg, (void)url, (void)base;
	return NULL;
}

static struct place *place_get(void)
{
	static struct place p;
	const struct cd_ctx_docs docs = {no_document, NULL};
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *empty;
	cd_str missing;
	if (p.ctx)
		return &p;
	cd_settings_init(&p.set);
	p.set.json_depth = 24;
	p.set.entity_max = 1 << 20;
	cd_arena_init(&arena, 1 << 24);
	cd_cx_init(&cx, &arena, &p.set);
	p.names = cd_names_new(1 << 22);
	must_hold(p.names && !cd_json_parse_copy(&cx, CD_STR("{}"), &empty));
	must_hold(!cd_ctx_compile(&cx, empty, cd_str_of(NULL, 0), &docs, &p.ctx, &missing));
	cd_arena_done(&arena);
	return &p;
}

/* A sound block whose names have numbers, or NULL: it was refused, in words. */
static const struct cd_ent *place_read(struct place *p, struct cd_cx *cx, enum cd_body body,
	const struct cd_json *json, const struct cd_ent *of)
{
	struct cd_frag frag;
	struct cd_ent *ent = NULL;
	cd_str iri;
	struct cd_in in = {.ctx = p->ctx, .names = p->names, .body = body};
	if (of)
		in.id = cd_ent_id(of);
	in.attr = cd_ctx_term(p->ctx, cx->arena, p->names, CD_STR("n"), &iri);
	in.attr_iri = iri;
	if (cd_repr_in(cx, &in, json, &frag)) {
		must_hold(cx->err.detail != NULL);
		return NULL;
	}
	must_hold(!cd_ent_validate(frag.ent, frag.ent->bytes));
	cd_term *map = CD_NEWS(cx->arena, cd_term, frag.names_n + 1);
	for (uint32_t i = 0; map && i < frag.names_n; i++)
		map[i] = cd_names_add(p->names, frag.names[i]);
	if (!map || cd_ent_rename(cx, frag.ent, map, &ent))
		return NULL;
	must_hold(!cd_ent_validate(ent, ent->bytes));
	return ent;
}

#endif
