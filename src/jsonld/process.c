/*
 * Context processing. [JSON-LD 1.1 API 4.1; the numbers are its steps]
 *
 * A local context makes one layer over the active one; a remote one named in it a further layer. What a
 * context on a node or a scoped context made of a given layer is remembered, so that a thousand nodes with
 * the same context share it (and what lies over it in turn).
 *
 * NGSI-LD compiles its contexts with this, too (compile.c): then the terms of the core context are passed
 * over, as if the core stood last, and what NGSI-LD forbids to users is refused.
 */
#include "jsonld/active.h"

#include "base/hash.h"

static bool run(struct cd_jld *, struct cd_jld_ctx **, const struct cd_json *, const struct cd_jld_how *);

/* ---- documents ---- */

static const struct cd_json *fetch(struct cd_jld *j, const struct cd_json *at, cd_str url, cd_str *ret_base)
{
	struct cd_jld_doc *d = j->loaded;
	while (d && !cd_str_eq(d->url, url))
		d = d->next;
	if (!d && j->loaded_n == j->cx->set->context_fetches) {
		(void)cd_jld_fail(j, CD_JLD_CONTEXT_OVERFLOW, at,
			"Too many remote contexts: \"" CD_STR_FMT "\"", CD_STR_ARG(url));
		return NULL;
	}
	if (!d) {
		d = CD_NEW(j->cx->arena, struct cd_jld_doc);
		cd_str copy = cd_arena_copy(j->cx->arena, url);
		if (!d || !copy.p) {
			(void)cd_fail_memory(j->cx);
			return NULL;
		}
		d->url = d->base = copy;
		d->root = j->docs ? j->docs->get(j->docs->arg, d->url, &d->base) : NULL;
		if (!d->root && !cd_jld_failed(j))
			cd_jld_missing(j, at, d->url);
		if (!d->root)
			return NULL;
		d->next = j->loaded;
		j->loaded = d;
		j->loaded_n++;
	}
	*ret_base = d->base;
	return d->root;
}

/* The @context of a remote document. [5.2.5, 5.6.4] */
static const struct cd_json *load(struct cd_jld *j, const struct cd_json *at, cd_str url, cd_str *ret_base)
{
	const struct cd_json *doc = fetch(j, at, url, ret_base);
	const struct cd_json *inside = doc ? cd_jld_get(doc, "@context") : NULL;
	if (doc && !inside)
		(void)cd_jld_fail(j, CD_JLD_INVALID_REMOTE_CONTEXT, at,
			"The document has no @context: \"" CD_STR_FMT "\"", CD_STR_ARG(url));
	return inside;
}

static bool resolve(struct cd_jld *j, const struct cd_json *at, cd_str base, cd_str *ret)
{
	*ret = cd_iri_resolve(j->cx->arena, base, at->text);
	if (!ret->p)
		(void)cd_fail_memory(j->cx);
	else if (j->over && !cd_str_starts(*ret, CD_STR("http://")) &&
		 !cd_str_starts(*ret, CD_STR("https://")))
		(void)cd_jld_fail(j, CD_JLD_LOADING_DOCUMENT_FAILED, at,
			"The @context is not an http URL: \"" CD_STR_FMT "\"", CD_STR_ARG(at->text));
	else if (!cd_iri_absolute(*ret))
		(void)cd_jld_fail(j, CD_JLD_LOADING_DOCUMENT_FAILED, at,
			"The URL of a context is relative, and its document has none: \"" CD_STR_FMT "\"",
			CD_STR_ARG(at->text));
	return !cd_jld_failed(j);
}

/* [5.2] */
static bool read_remote(
	struct cd_jld *j, struct cd_jld_ctx **c, const struct cd_json *at, const struct cd_jld_how *how)
{
	struct cd_jld_trail here = {.up = how->trail, .n = how->trail ? how->trail->n + 1 : 1};
	struct cd_jld_how inner = *how;
	if (!resolve(j, at, how->base, &here.url))
		return false;
	if (j->over && cd_ctx_is_core_url(here.url))
		return true; /* it is always there */
	for (const struct cd_jld_trail *t = how->lenient ? how->trail : NULL; t; t = t->up)
		if (cd_str_eq(t->url, here.url))
			return true;
	if (here.n > j->cx->set->context_depth) {
		(void)cd_jld_fail(j, CD_JLD_CONTEXT_OVERFLOW, at,
			"Contexts name one another too deeply, or in a circle: \"" CD_STR_FMT "\"",
			CD_STR_ARG(here.url));
		return false;
	}
	const struct cd_json *inside = load(j, at, here.url, &inner.base);
	inner.trail = &here;
	return inside && cd_jld_effort(j, 1) && run(j, c, inside, &inner);
}

/* ---- entries of a context that are no terms ---- */

/* A member of the context, else of the one it imports. */
struct local {
	const struct cd_json *own, *import;
};

static const struct cd_json *entry(const struct local *l, const char *key)
{
	const struct cd_json *v = cd_jld_get(l->own, key);
	return v || !l->import ? v : cd_jld_get(l->import, key);
}

static cd_code too_new(struct cd_jld *j, const struct cd_json *at)
{
	return cd_jld_fail(
		j, CD_JLD_INVALID_CONTEXT_ENTRY, at, "json-ld-1.0 knows no " CD_STR_FMT, CD_STR_ARG(at->key));
}

static cd_code check_version(struct cd_jld *j, const struct local *l)
{
	const struct cd_json *v = entry(l, "@version");
	if (!v)
		return CD_OK;
	if (v->kind != CD_JSON_NUMBER || cd_json_number(v->text) != 1.1)
		return cd_jld_fail(j, CD_JLD_INVALID_VERSION_VALUE, v,
			"@version can only be 1.1, not \"" CD_STR_FMT "\"", CD_STR_ARG(v->text));
	return !j->old ? CD_OK
		       : cd_jld_fail(j, CD_JLD_PROCESSING_MODE_CONFLICT, v,
				 "A context of version 1.1 in mode json-ld-1.0");
}

/* [5.6] */
static cd_code read_import(struct cd_jld *j, struct local *l, const struct cd_jld_how *how)
{
	const struct cd_json *v = cd_jld_get(l->own, "@import");
	cd_str url, base;
	if (!v)
		return CD_OK;
	if (j->old)
		return too_new(j, v);
	if (v->kind != CD_JSON_STRING)
		return cd_jld_fail(j, CD_JLD_INVALID_IMPORT_VALUE, v, "@import is no string");
	if (!resolve(j, v, how->base, &url))
		return j->cx->err.code;
	if (j->over && cd_ctx_is_core_url(url))
		return CD_OK; /* it is always there */
	if (!(l->import = load(j, v, url, &base)))
		return j->cx->err.code;
	if (l->import->kind != CD_JSON_OBJECT)
		return cd_jld_fail(j, CD_JLD_INVALID_REMOTE_CONTEXT, v,
			"What @import names is not one context: \"" CD_STR_FMT "\"", CD_STR_ARG(url));
	if (cd_jld_get(l->import, "@import"))
		return cd_jld_fail(j, CD_JLD_INVALID_CONTEXT_ENTRY, v,
			"What @import names has an @import: \"" CD_STR_FMT "\"", CD_STR_ARG(url));
	return CD_OK;
}

static cd_code keep(struct cd_jld *j, const struct cd_json *at, cd_str iri, cd_str *ret)
{
	if (cd_jld_failed(j))
		return j->cx->err.code;
	if (iri.n > j->cx->set->id_max)
		return cd_jld_fail(j, CD_JLD_INVALID_IRI_MAPPING, at, "An IRI is longer than id_max");
	*ret = iri;
	return CD_OK;
}

/* Only where the document itself has the context: a remote one can not move it. [5.7] */
static cd_code read_base(
	struct cd_jld *j, struct cd_jld_ctx *c, const struct local *l, const struct cd_jld_how *how)
{
	const struct cd_json *v = entry(l, "@base");
	if (!v || how->trail)
		return CD_OK;
	if (v->kind == CD_JSON_NULL) {
		c->base = cd_str_of(NULL, 0);
		return CD_OK;
	}
	if (v->kind != CD_JSON_STRING)
		return cd_jld_fail(j, CD_JLD_INVALID_BASE_IRI, v, "@base is no string");
	if (!cd_iri_absolute(v->text) && !c->base.p && !j->over)
		return cd_jld_fail(j, CD_JLD_INVALID_BASE_IRI, v,
			"@base is relative, and there is none before it: \"" CD_STR_FMT "\"",
			CD_STR_ARG(v->text));
	cd_str iri = cd_iri_resolve(j->arena, c->base, v->text);
	return iri.p ? keep(j, v, iri, &c->base) : cd_fail_memory(j->cx);
}

/* [5.8] */
static cd_code read_vocab(struct cd_jld *j, struct cd_jld_ctx *c, const struct local *l)
{
	const struct cd_json *v = entry(l, "@vocab");
	if (!v)
		return CD_OK;
	if (v->kind == CD_JSON_NULL) {
		c->vocab = j->over ? cd_default_vocab : cd_str_of(NULL, 0);
		return CD_OK;
	}
	if (v->kind != CD_JSON_STRING)
		return cd_jld_fail(j, CD_JLD_INVALID_VOCAB_MAPPING, v, "@vocab is no string");
	bool blank = cd_str_starts(v->text, CD_STR("_:"));
	if (j->old && !blank && !cd_iri_absolute(v->text))
		return cd_jld_fail(j, CD_JLD_INVALID_VOCAB_MAPPING, v, "@vocab is no IRI: \"" CD_STR_FMT "\"",
			CD_STR_ARG(v->text));
	cd_str iri = cd_jld_iri(j, c, v->text, CD_JLD_VOCAB | CD_JLD_RELATIVE, NULL);
	if (!iri.p && !cd_jld_failed(j))
		return cd_jld_fail(j, CD_JLD_INVALID_VOCAB_MAPPING, v, "@vocab is no IRI: \"" CD_STR_FMT "\"",
			CD_STR_ARG(v->text));
	return keep(j, v, iri, &c->vocab);
}

/* [5.9, 5.10] */
static cd_code read_language(struct cd_jld *j, struct cd_jld_ctx *c, const struct local *l)
{
	const struct cd_json *language = entry(l, "@language"), *direction = entry(l, "@direction");
	if (language && language->kind != CD_JSON_STRING && language->kind != CD_JSON_NULL)
		return cd_jld_fail(j, CD_JLD_INVALID_DEFAULT_LANGUAGE, language,
			"@language is neither a string nor null");
	if (language)
		c->language = language->kind == CD_JSON_NULL ? cd_str_of(NULL, 0) : language->text;
	if (!direction)
		return CD_OK;
	if (j->old)
		return too_new(j, direction);
	bool word = direction->kind == CD_JSON_STRING &&
		    (cd_jld_is(direction->text, "ltr") || cd_jld_is(direction->text, "rtl"));
	if (!word && direction->kind != CD_JSON_NULL)
		return cd_jld_fail(j, CD_JLD_INVALID_BASE_DIRECTION, direction,
			"@direction is neither ltr, rtl nor null");
	c->direction = word ? direction->text : cd_str_of(NULL, 0);
	return CD_OK;
}

/* [5.11; 5.13, @protected] */
static cd_code check_flags(struct cd_jld *j, const struct local *l, bool *ret_guarded)
{
	const struct cd_json *propagate = entry(l, "@propagate"), *guard = entry(l, "@protected");
	if (propagate && j->old)
		return too_new(j, propagate);
	if (propagate && !cd_jld_boolean(propagate))
		return cd_jld_fail(
			j, CD_JLD_INVALID_PROPAGATE_VALUE, propagate, "@propagate is neither true nor false");
	if (propagate && j->over && propagate->kind == CD_JSON_FALSE)
		return cd_jld_fail(j, CD_JLD_INVALID_CONTEXT_ENTRY, propagate,
			"The @context of NGSI-LD holds for all of an entity: @propagate can not be false");
	if (guard && j->old)
		return too_new(j, guard);
	if (guard && !cd_jld_boolean(guard))
		return cd_jld_fail(
			j, CD_JLD_INVALID_PROTECTED_VALUE, guard, "@protected is neither true nor false");
	*ret_guarded = guard && guard->kind == CD_JSON_TRUE;
	return CD_OK;
}

/* ---- a context definition ---- */

static bool no_term(cd_str key)
{
	static const cd_str entries[] = {CD_STR_INIT("@base"), CD_STR_INIT("@direction"),
		CD_STR_INIT("@import"), CD_STR_INIT("@language"), CD_STR_INIT("@propagate"),
		CD_STR_INIT("@protected"), CD_STR_INIT("@version"), CD_STR_INIT("@vocab")};
	for (size_t i = 0; key.n && key.p[0] == '@' && i < sizeof entries / sizeof *entries; i++)
		if (cd_str_eq(key, entries[i]))
			return true;
	return false;
}

/* Each member at the entry of its term, and these in a row. */
static bool note_all(struct cd_jld *j, struct cd_jld_reading *r, const struct cd_json *object)
{
	for (const struct cd_json *m = object ? object->child : NULL; m; m = m->next) {
		if (m->key.n == 0)
			(void)cd_jld_fail(j, CD_JLD_INVALID_TERM_DEFINITION, m, "A term is empty");
		uint64_t hash = cd_hash64(m->key, 0);
		if (no_term(m->key) || (j->over && cd_ctx_own_hashed(j->over, hash, m->key)))
			continue;
		struct cd_jld_entry *e = cd_jld_failed(j) ? NULL : cd_jld_touch(j, r->ctx, hash, m->key);
		if (!e)
			return false;
		if (!e->todo) {
			e->next = NULL;
			*r->last = e;
			r->last = &e->next;
		}
		e->todo = m;
	}
	return true;
}

static bool read_object(
	struct cd_jld *j, struct cd_jld_ctx *c, const struct cd_json *object, const struct cd_jld_how *how)
{
	struct local l = {object, NULL};
	struct cd_jld_reading r = {.ctx = c, .how = how, .last = &r.first};
	if (check_version(j, &l) || read_import(j, &l, how) || check_version(j, &l) ||
		read_base(j, c, &l, how) || read_vocab(j, c, &l) || read_language(j, c, &l) ||
		check_flags(j, &l, &r.guarded) || !note_all(j, &r, l.import) || !note_all(j, &r, l.own))
		return false;
	for (struct cd_jld_entry *e = r.first; e; e = e->next)
		if (cd_jld_define(j, &r, e))
			return false;
	/* behind all definitions, so that their order in the object does not matter */
	for (const struct cd_jld_entry *e = r.first; e; e = e->next)
		if (e->term && e->term->context && cd_jld_check_scoped(j, &r, e->term))
			return false;
	return true;
}

/* ---- the whole ---- */

/* null: nothing is left, unless something is protected. [5.1] */
static bool forget(
	struct cd_jld *j, struct cd_jld_ctx **c, const struct cd_json *at, bool apart, bool override)
{
	if ((*c)->guarded && !override) {
		(void)cd_jld_fail(j, CD_JLD_INVALID_CONTEXT_NULLIFICATION, at,
			"null in a @context while terms are protected");
		return false;
	}
	struct cd_jld_ctx *fresh = cd_jld_ctx_new(j);
	if (!fresh)
		return false;
	if (apart)
		fresh->previous = (*c)->previous;
	*c = fresh;
	return true;
}

static bool read_one(
	struct cd_jld *j, struct cd_jld_ctx **c, const struct cd_json *v, const struct cd_jld_how *how)
{
	if (v->kind == CD_JSON_STRING)
		return read_remote(j, c, v, how);
	if (v->kind == CD_JSON_OBJECT)
		return read_object(j, *c, v, how);
	if (v->kind == CD_JSON_NULL)
		return forget(j, c, v, how->apart, how->override);
	(void)cd_jld_fail(j, CD_JLD_INVALID_LOCAL_CONTEXT, v,
		"A @context is a URL, an object or an array of those%s" CD_STR_FMT,
		v->kind == CD_JSON_NUMBER ? ", not " : "",
		CD_STR_ARG(v->kind == CD_JSON_NUMBER ? v->text : CD_STR("")));
	return false;
}

static bool run(
	struct cd_jld *j, struct cd_jld_ctx **c, const struct cd_json *local, const struct cd_jld_how *how)
{
	const struct cd_json *propagate = cd_jld_get(local, "@propagate");
	struct cd_jld_how mine = *how;
	struct cd_jld_ctx *layer = cd_jld_ctx_over(j, *c);
	if (!layer)
		return false;
	if (propagate)
		mine.apart = propagate->kind == CD_JSON_FALSE;
	if (mine.apart && !layer->previous)
		layer->previous = *c;
	*c = layer;
	bool list = local->kind == CD_JSON_ARRAY, good = true;
	for (const struct cd_json *v = list ? local->child : local; good && v; v = list ? v->next : NULL)
		good = read_one(j, c, v, &mine);
	return good && !cd_jld_failed(j);
}

const struct cd_jld_ctx *cd_jld_process(struct cd_jld *j, const struct cd_jld_ctx *active,
	const struct cd_json *local, const struct cd_jld_how *how)
{
	/* only what lies over it is written to */
	struct cd_jld_ctx *c = (struct cd_jld_ctx *)(uintptr_t)active;
	return run(j, &c, local, how) ? c : NULL;
}
