/*
 * Compiling a context. [JSON-LD 1.1 API 4.1, 4.2; CIM 009 5.5.7]
 *
 * Definitions go into the new context one after the other, later ones over earlier ones. Terms of the core
 * context are passed over: they are protected, as if the core stood last. What NGSI-LD forbids to users
 * (scoped contexts, @import) is refused.
 *
 * A definition may name other terms of the same object, before or behind it: they are defined first, and one
 * that comes back to itself is refused. So that this costs no search through the object for each, its members
 * are noted at the entries of their terms before the first is read. What is kept is copied: the documents go.
 */
#include "jsonld/context_int.h"

#include "base/hash.h"

struct process {
	struct cd_cx *cx;
	struct cd_ctx *ctx;
	const struct cd_ctx_docs *docs;
	cd_str missing;
	unsigned depth, fetches;
	unsigned chain; /* definitions that wait for one they refer to */
};
enum { CHAIN_MAX = 100 };

static cd_code bad(struct process *p, const char *fmt, cd_str what)
{
	cd_str text = cd_arena_printf(p->cx->arena, "%s: \"" CD_STR_FMT "\"", fmt, CD_STR_ARG(what));
	return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "@context", "%s", text.p ? text.p : fmt);
}

static cd_code process(struct process *p, const struct cd_json *value, cd_str base);
static cd_code define(struct process *p, struct cd_ctx_entry *e);

static bool keyword_like(cd_str s)
{
	if (s.n < 2 || s.p[0] != '@')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z')))
			return false;
	return true;
}

static bool keyword(cd_str s)
{
	static const cd_str words[] = {CD_STR_INIT("@id"), CD_STR_INIT("@type"), CD_STR_INIT("@value"),
		CD_STR_INIT("@language"), CD_STR_INIT("@list"), CD_STR_INIT("@set"), CD_STR_INIT("@graph"),
		CD_STR_INIT("@index"), CD_STR_INIT("@json"), CD_STR_INIT("@none"), CD_STR_INIT("@nest"),
		CD_STR_INIT("@included"), CD_STR_INIT("@reverse"), CD_STR_INIT("@vocab"),
		CD_STR_INIT("@base"), CD_STR_INIT("@direction"), CD_STR_INIT("@context"),
		CD_STR_INIT("@container"), CD_STR_INIT("@prefix"), CD_STR_INIT("@protected"),
		CD_STR_INIT("@version"), CD_STR_INIT("@import"), CD_STR_INIT("@propagate")};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (cd_str_eq(s, words[i]))
			return true;
	return false;
}

/* ---- IRIs inside definitions ---- */

/* Define what `name` refers to first, when it stands in the same context. */
static cd_code define_first(struct process *p, cd_str name)
{
	struct cd_ctx_entry *e = cd_ctx_own(p->ctx, name);
	return e ? define(p, e) : CD_OK;
}

/* An IRI that belongs to the context and not to the document, or the error about its length. */
static cd_code keep(struct process *p, cd_str iri, cd_str borrowed, cd_str *ret)
{
	if (iri.p && iri.n > p->cx->set->id_max)
		return bad(p, "An IRI is longer than id_max", borrowed);
	*ret = iri.p == borrowed.p ? cd_arena_copy(&p->ctx->arena, iri) : iri;
	return ret->p ? CD_OK : cd_fail_memory(p->cx);
}

static cd_code expand_in(struct process *p, cd_str value, cd_str *ret)
{
	size_t colon = cd_str_find(value, ':');
	if (keyword(value))
		return keep(p, value, value, ret);
	if (define_first(p, value))
		return p->cx->err.code;
	if (colon < value.n && colon > 0 && !cd_str_starts(cd_str_skip(value, colon + 1), CD_STR("//")) &&
		define_first(p, cd_str_of(value.p, colon)))
		return p->cx->err.code;
	return keep(p, cd_ctx_expand(p->ctx, &p->ctx->arena, value), value, ret);
}

/* ---- one definition ---- */

static cd_code read_id(struct process *p, cd_str term, const struct cd_json *id, cd_str *ret)
{
	if (id && id->kind != CD_JSON_STRING)
		return bad(p, "The @id of a term is no string", term);
	if (id && !cd_str_eq(id->text, term)) {
		if (keyword_like(id->text) && !keyword(id->text)) {
			*ret = CD_STR("");
			return CD_OK;
		}
		if (cd_str_eq(id->text, CD_STR("@context")))
			return bad(p, "A term cannot stand for @context", term);
		return expand_in(p, id->text, ret);
	}
	/* no @id: the term itself as a compact IRI, or in the vocabulary */
	if (cd_str_find(term, ':') < term.n) {
		size_t colon = cd_str_find(term, ':');
		if (define_first(p, cd_str_of(term.p, colon)))
			return p->cx->err.code;
		cd_str iri;
		(void)cd_ctx_expand_compact(p->ctx, &p->ctx->arena, term, &iri);
		return keep(p, iri, term, ret);
	}
	cd_str vocab = p->ctx->vocab.n ? p->ctx->vocab : cd_default_vocab;
	return keep(p, cd_ctx_join(&p->ctx->arena, vocab, term), term, ret);
}

static cd_code read_coercion(
	struct process *p, cd_str term, const struct cd_json *type, struct cd_ctx_def *def)
{
	if (!type || type->kind == CD_JSON_NULL)
		return CD_OK;
	if (type->kind != CD_JSON_STRING)
		return bad(p, "The @type of a term is no string", term);
	if (cd_str_eq(type->text, CD_STR("@id")))
		def->coerce = CD_COERCE_ID;
	else if (cd_str_eq(type->text, CD_STR("@vocab")))
		def->coerce = CD_COERCE_VOCAB;
	else if (cd_str_eq(type->text, CD_STR("@json")))
		def->coerce = CD_COERCE_JSON;
	else if (!cd_str_eq(type->text, CD_STR("@none"))) {
		def->coerce = CD_COERCE_TYPED;
		return expand_in(p, type->text, &def->type);
	}
	return CD_OK;
}

static cd_code read_container(struct process *p, cd_str term, const struct cd_json *c, struct cd_ctx_def *def)
{
	static const struct {
		cd_str word;
		uint32_t bit;
	} words[] = {{CD_STR_INIT("@list"), CD_CONTAINER_LIST}, {CD_STR_INIT("@set"), CD_CONTAINER_SET},
		{CD_STR_INIT("@language"), CD_CONTAINER_LANGUAGE},
		{CD_STR_INIT("@index"), CD_CONTAINER_INDEX}, {CD_STR_INIT("@id"), CD_CONTAINER_ID},
		{CD_STR_INIT("@type"), CD_CONTAINER_TYPE}, {CD_STR_INIT("@graph"), CD_CONTAINER_GRAPH}};
	if (!c || c->kind == CD_JSON_NULL)
		return CD_OK;
	bool list = c->kind == CD_JSON_ARRAY;
	for (const struct cd_json *w = list ? c->child : c; w; w = list ? w->next : NULL) {
		uint32_t bit = 0;
		for (size_t i = 0; w->kind == CD_JSON_STRING && i < sizeof words / sizeof *words; i++)
			if (cd_str_eq(w->text, words[i].word))
				bit = words[i].bit;
		if (!bit)
			return bad(p, "The @container of a term is not known", term);
		def->containers |= bit;
	}
	return CD_OK;
}

static bool ends_with_delimiter(cd_str iri)
{
	return iri.n && memchr(":/?#[]@", iri.p[iri.n - 1], 7);
}

static cd_code bad_member(struct process *p, cd_str term, cd_str member)
{
	return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "@context",
		"The definition of \"" CD_STR_FMT "\" has an unknown member \"" CD_STR_FMT "\"",
		CD_STR_ARG(term), CD_STR_ARG(member));
}

static cd_code check_members(struct process *p, const struct cd_json *value, cd_str term)
{
	static const cd_str known[] = {CD_STR_INIT("@id"), CD_STR_INIT("@type"), CD_STR_INIT("@container"),
		CD_STR_INIT("@language"), CD_STR_INIT("@direction"), CD_STR_INIT("@prefix"),
		CD_STR_INIT("@protected"), CD_STR_INIT("@nest"), CD_STR_INIT("@index"),
		CD_STR_INIT("@reverse")};
	for (const struct cd_json *m = value->child; m; m = m->next) {
		bool found = false;
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			found = found || cd_str_eq(m->key, known[i]);
		if (cd_str_eq(m->key, CD_STR("@context")))
			return bad(
				p, "NGSI-LD allows no scoped @context inside the definition of a term", term);
		if (!found)
			return bad_member(p, term, m->key);
	}
	return CD_OK;
}

/* May it stand before a colon? A definition says so itself, a mere IRI by its last character. [4.2.2, 14.2.5]
 */
static cd_code read_prefix(struct process *p, cd_str term, const struct cd_json *v, cd_str iri, bool *ret)
{
	const struct cd_json *said = v ? cd_json_get(v, CD_STR("@prefix")) : NULL;
	bool plain = cd_str_find(term, ':') == term.n && cd_str_find(term, '/') == term.n;
	if (said && said->kind != CD_JSON_TRUE && said->kind != CD_JSON_FALSE)
		return bad(p, "The @prefix of a term is neither true nor false", term);
	if (said && !plain)
		return bad(p, "A term with a colon or a slash can not be a prefix", term);
	*ret = said ? said->kind == CD_JSON_TRUE : !v && plain && ends_with_delimiter(iri);
	/* "_:" begins blank nodes; a keyword is no beginning of anything */
	if (iri.n == 0 || iri.p[0] == '@' || cd_str_eq(term, CD_STR("_")))
		*ret = false;
	return CD_OK;
}

static cd_code read_definition(struct process *p, const struct cd_json *m, struct cd_ctx_entry *e)
{
	const struct cd_json *v = m->kind == CD_JSON_OBJECT ? m : NULL;
	const struct cd_json *id = v ? cd_json_get(v, CD_STR("@id")) : m;
	struct cd_ctx_def def = {.coerce = CD_COERCE_NONE};
	if (!v && m->kind != CD_JSON_STRING && m->kind != CD_JSON_NULL)
		return bad(p, "The definition of a term is neither string, object nor null", m->key);
	if (v && check_members(p, v, m->key))
		return p->cx->err.code;
	const struct cd_json *reverse = v ? cd_json_get(v, CD_STR("@reverse")) : NULL;
	if (reverse)
		id = reverse;
	if (id && id->kind == CD_JSON_NULL) {
		def.iri = CD_STR("");
	} else if (read_id(p, m->key, id, &def.iri) ||
		   read_coercion(p, m->key, v ? cd_json_get(v, CD_STR("@type")) : NULL, &def) ||
		   read_container(p, m->key, v ? cd_json_get(v, CD_STR("@container")) : NULL, &def)) {
		return p->cx->err.code;
	}
	if (read_prefix(p, m->key, v, def.iri, &e->prefix))
		return p->cx->err.code;
	e->def = def;
	return CD_OK;
}

static cd_code define(struct process *p, struct cd_ctx_entry *e)
{
	if (e->defining)
		return bad(p, "The definition of a term comes back to itself", e->name);
	if (!e->todo)
		return CD_OK;
	if (p->chain++ == CHAIN_MAX)
		return bad(p, "Definitions refer to one another too deeply", e->name);
	e->defining = true;
	cd_code code = read_definition(p, e->todo, e);
	e->defining = false;
	e->todo = NULL;
	p->chain--;
	return code;
}

static cd_code note(struct process *p, const struct cd_json *m)
{
	if (m->key.n == 0)
		return bad(p, "A term is empty", m->key);
	if (keyword_like(m->key) || cd_ctx_own(cd_ctx_core(), m->key))
		return CD_OK; /* keywords have their own rules; core terms are protected */
	struct cd_ctx_entry *e = cd_ctx_own(p->ctx, m->key);
	if (!e && p->ctx->n >= p->cx->set->context_terms)
		return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "@context", "More than %llu terms",
			(unsigned long long)p->cx->set->context_terms);
	e = cd_ctx_add(p->ctx, m->key);
	if (!e)
		return cd_fail_memory(p->cx);
	e->todo = m;
	return CD_OK;
}

/* ---- one local context ---- */

static cd_code read_vocab(struct process *p, const struct cd_json *v)
{
	if (v->kind == CD_JSON_NULL) {
		p->ctx->vocab = cd_str_of(NULL, 0);
		return CD_OK;
	}
	cd_str iri;
	if (v->kind != CD_JSON_STRING)
		return bad(p, "@vocab is no string", v->text);
	if (expand_in(p, v->text, &iri))
		return p->cx->err.code;
	p->ctx->vocab = iri;
	return CD_OK;
}

static cd_code read_base(struct process *p, const struct cd_json *v)
{
	if (v->kind == CD_JSON_NULL) {
		p->ctx->base = cd_str_of(NULL, 0);
		return CD_OK;
	}
	if (v->kind != CD_JSON_STRING)
		return bad(p, "@base is no string", v->text);
	return keep(p, cd_iri_resolve(&p->ctx->arena, p->ctx->base, v->text), v->text, &p->ctx->base);
}

static cd_code read_object(struct process *p, const struct cd_json *local)
{
	const struct cd_json *version = cd_json_get(local, CD_STR("@version"));
	if (version && (version->kind != CD_JSON_NUMBER || cd_json_number(version->text) != 1.1))
		return bad(p, "@version can only be 1.1", version->text);
	if (cd_json_get(local, CD_STR("@import")) || cd_json_get(local, CD_STR("@propagate")))
		return bad(p, "NGSI-LD allows no @import and no @propagate", CD_STR("@context"));
	const struct cd_json *base = cd_json_get(local, CD_STR("@base")),
			     *vocab = cd_json_get(local, CD_STR("@vocab"));
	for (const struct cd_json *m = local->child; m; m = m->next)
		if (note(p, m))
			return p->cx->err.code;
	if (base && read_base(p, base))
		return p->cx->err.code;
	if (vocab && read_vocab(p, vocab))
		return p->cx->err.code;
	for (const struct cd_json *m = local->child; m; m = m->next)
		if (define_first(p, m->key))
			return p->cx->err.code;
	return CD_OK;
}

static cd_code read_remote(struct process *p, cd_str ref, cd_str base)
{
	cd_str url = cd_iri_resolve(p->cx->arena, base, ref), doc_base = url;
	if (!url.p)
		return cd_fail_memory(p->cx);
	if (cd_ctx_is_core_url(url))
		return CD_OK; /* it is always there */
	if (!cd_str_starts(url, CD_STR("http://")) && !cd_str_starts(url, CD_STR("https://")))
		return bad(p, "The @context is not an http URL", ref);
	if (p->depth == p->cx->set->context_depth)
		return bad(p, "Contexts name one another too deeply, or in a circle", url);
	if (p->fetches++ == p->cx->set->context_fetches)
		return bad(p, "Too many remote contexts", url);
	const struct cd_json *doc = p->docs ? p->docs->get(p->docs->arg, url, &doc_base) : NULL;
	if (!doc && p->cx->err.code)
		return p->cx->err.code;
	if (!doc) {
		p->missing = url;
		return cd_fail(p->cx, CD_E_CONTEXT_UNAVAIL, "@context",
			"The @context " CD_STR_FMT " is not available", CD_STR_ARG(url));
	}
	const struct cd_json *inside = cd_json_get(doc, CD_STR("@context"));
	if (!inside)
		return bad(p, "The document has no @context", url);
	p->depth++;
	cd_code code = process(p, inside, doc_base);
	p->depth--;
	return code;
}

/* Everything defined so far is forgotten. */
static void reset(struct cd_ctx *c)
{
	for (uint32_t i = 0; c->slots && i <= c->mask; i++)
		c->slots[i] = NULL;
	c->n = 0;
	c->vocab = c->base = cd_str_of(NULL, 0);
}

static cd_code process(struct process *p, const struct cd_json *value, cd_str base)
{
	bool list = value->kind == CD_JSON_ARRAY;
	for (const struct cd_json *v = list ? value->child : value; v; v = list ? v->next : NULL) {
		cd_code code = CD_OK;
		if (v->kind == CD_JSON_STRING)
			code = read_remote(p, v->text, base);
		else if (v->kind == CD_JSON_OBJECT)
			code = read_object(p, v);
		else if (v->kind == CD_JSON_NULL)
			reset(p->ctx);
		else
			code = bad(p, "A @context is a URL, an object or an array of those, not", v->text);
		if (code)
			return code;
	}
	return CD_OK;
}

/* ---- the whole ---- */

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

static cd_code describe(struct process *p, const struct cd_json *value)
{
	struct cd_ctx *c = p->ctx;
	struct cd_buf b;
	cd_buf_init(&b, p->cx->set->body_max);
	cd_json_write(&b, value);
	bool good = !b.bad;
	c->source = good ? cd_arena_copy(&c->arena, cd_buf_str(&b)) : cd_str_of(NULL, 0);
	c->link = cd_arena_copy(&c->arena, link_of(value));
	cd_buf_done(&b);
	if (!c->source.p || !c->link.p || !cd_ctx_seal(c))
		return cd_fail_memory(p->cx);
	c->id = cd_hash64(c->source, 0);
	return CD_OK;
}

cd_code cd_ctx_compile(struct cd_cx *cx, const struct cd_json *value, cd_str base,
	const struct cd_ctx_docs *docs, struct cd_ctx **ret, cd_str *ret_missing)
{
	struct process p = {.cx = cx, .docs = docs, .missing = CD_STR("")};
	p.ctx = cd_ctx_core() ? cd_ctx_new(cx->set->request_memory) : NULL;
	if (!p.ctx)
		return cd_fail_memory(cx);
	cd_code code = process(&p, value, base);
	if (!code)
		code = describe(&p, value);
	if (code) {
		cd_ctx_unref(p.ctx);
		*ret_missing = p.missing;
		return code;
	}
	*ret = p.ctx;
	return CD_OK;
}
