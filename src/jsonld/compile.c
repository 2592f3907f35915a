/*
 * The compiled context of NGSI-LD, made from the processed one. [CIM 009 5.5.7]
 *
 * Context processing (process.c) does all of the work, with the rules of NGSI-LD on. What it leaves is a few
 * layers in scratch memory; what names mean and how values are coerced is copied from them into the tables
 * that requests use, and the rest goes with the documents.
 */
#include "jsonld/active.h"

#include "base/hash.h"

/* [X], [X, core] and [core, X] stand for X. */
static cd_str link_of(const struct cd_json *value)
{
	cd_str url = CD_STR(""), core = CD_STR("");
	if (value->kind == CD_JSON_STRING)
		return value->text;
	for (const struct cd_json *v = value->kind == CD_JSON_ARRAY ? value->child : NULL; v; v = v->next) {
		bool is_core = v->kind == CD_JSON_STRING && cd_ctx_is_core_url(v->text);
		if (v->kind != CD_JSON_STRING || (url.n && !is_core))
			return CD_STR("");
		*(is_core ? &core : &url) = v->text;
	}
	return url.n ? url : core;
}

static cd_code describe(struct cd_cx *cx, struct cd_ctx *c, const struct cd_json *value)
{
	struct cd_buf b;
	cd_buf_init(&b, cx->set->body_max);
	cd_json_write(&b, value);
	bool good = !b.bad;
	c->source = good ? cd_arena_copy(&c->arena, cd_buf_str(&b)) : cd_str_of(NULL, 0);
	c->link = cd_arena_copy(&c->arena, link_of(value));
	cd_buf_done(&b);
	if (!c->source.p || !c->link.p || !cd_ctx_seal(c))
		return cd_fail_memory(cx);
	c->id = cd_hash64(c->source, 0);
	return CD_OK;
}

static enum cd_ctx_coerce coercion_of(cd_str type)
{
	if (!type.p || cd_jld_is(type, "@none"))
		return CD_COERCE_NONE;
	if (cd_jld_is(type, "@id"))
		return CD_COERCE_ID;
	if (cd_jld_is(type, "@vocab"))
		return CD_COERCE_VOCAB;
	return cd_jld_is(type, "@json") ? CD_COERCE_JSON : CD_COERCE_TYPED;
}

static bool copy(struct cd_ctx *c, cd_str s, cd_str *ret)
{
	*ret = s.n ? cd_arena_copy(&c->arena, s) : CD_STR("");
	return ret->p != NULL;
}

static bool take_term(struct cd_ctx *c, uint64_t hash, const struct cd_jld_term *t)
{
	struct cd_ctx_entry *e = cd_ctx_add_hashed(c, hash, t->name);
	if (!e || !copy(c, t->iri, &e->def.iri))
		return false;
	e->def.coerce = coercion_of(t->type);
	e->def.containers = t->containers;
	e->prefix = t->prefix;
	return e->def.coerce != CD_COERCE_TYPED || copy(c, t->type, &e->def.type);
}

/* The uppermost layer that knows a name says what it means. */
static bool take_terms(struct cd_ctx *c, const struct cd_jld_ctx *top)
{
	if (!cd_ctx_reserve(c, top->terms))
		return false;
	for (const struct cd_jld_ctx *l = top; l; l = l->under)
		for (uint32_t i = 0; l->slots && i <= l->mask; i++) {
			const struct cd_jld_entry *e = l->slots[i];
			if (!e || !e->term || e->name.p[0] == '@')
				continue;
			if (l != top && cd_jld_find(top, e->name) != e->term)
				continue;
			if (!take_term(c, e->hash, e->term))
				return false;
		}
	return true;
}

static cd_code take(struct cd_cx *cx, struct cd_ctx *c, const struct cd_jld_ctx *top)
{
	bool good = take_terms(c, top) && copy(c, top->vocab, &c->vocab) && copy(c, top->base, &c->base);
	return good ? CD_OK : cd_fail_memory(cx);
}

static cd_code compile(struct cd_jld *j, const struct cd_json *value, cd_str base, struct cd_ctx *c)
{
	const struct cd_jld_how how = {.base = base};
	struct cd_jld_ctx *none = cd_jld_ctx_new(j);
	const struct cd_jld_ctx *top = none ? cd_jld_process(j, none, value, &how) : NULL;
	return top && !take(j->cx, c, top) ? describe(j->cx, c, value) : j->cx->err.code;
}

cd_code cd_ctx_compile(struct cd_cx *cx, const struct cd_json *value, cd_str base,
	const struct cd_ctx_docs *docs, struct cd_ctx **ret, cd_str *ret_missing)
{
	struct cd_arena scratch;
	struct cd_jld j = {.cx = cx, .arena = &scratch, .docs = docs, .over = cd_ctx_core()};
	struct cd_ctx *c = j.over ? cd_ctx_new(cx->set->request_memory) : NULL;
	if (!c)
		return cd_fail_memory(cx);
	cd_arena_init(&scratch, cx->set->request_memory);
	cd_code code = compile(&j, value, base, c);
	cd_arena_done(&scratch);
	if (code) {
		cd_ctx_unref(c);
		*ret_missing = j.missing;
		return code;
	}
	*ret = c;
	return CD_OK;
}
