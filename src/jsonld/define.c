/*
 * One definition of a term. [JSON-LD 1.1 API 4.2, Create Term Definition; the numbers are its steps]
 *
 * A definition may name other terms of the same local context, before or behind it: they are defined first,
 * and one that comes back to itself is refused. So that this costs no search through the object for each, its
 * members are noted at the entries of their terms before the first is read (process.c).
 */
#include "jsonld/active.h"

enum { CHAIN_MAX = 100 };

struct definition {
	struct cd_jld *j;
	struct cd_jld_reading *r;
	cd_str term;
	const struct cd_json *at;    /* the member of the local context */
	const struct cd_json *value; /* the same when it is an object, else NULL */
	struct cd_jld_term *d;
	bool ignored; /* it names something with the form of a keyword: as if it were not there */
};

static cd_code refuse(struct definition *f, enum cd_jld_error e, const char *what)
{
	return cd_jld_fail(f->j, e, f->at, "%s: \"" CD_STR_FMT "\"", what, CD_STR_ARG(f->term));
}

static const struct cd_json *get(const struct definition *f, const char *key)
{
	return f->value ? cd_jld_get(f->value, key) : NULL;
}

/*
 * Of @type and @container null says nothing by the syntax (9.15), while the algorithm refuses it. Clients of
 * NGSI-LD that write out every member are understood; elsewhere the algorithm decides.
 */
static const struct cd_json *get_said(const struct definition *f, const char *key)
{
	const struct cd_json *v = get(f, key);
	bool nothing = v && (v->kind == CD_JSON_NULL || (v->kind == CD_JSON_ARRAY && v->n == 0));
	return nothing && f->j->over ? NULL : v;
}

/* An IRI in vocabulary position, or a keyword; bounded. */
static cd_code expand(struct definition *f, cd_str value, cd_str *ret)
{
	*ret = cd_jld_iri(f->j, f->r->ctx, value, CD_JLD_VOCAB, f->r);
	if (!cd_jld_failed(f->j) && ret->n > f->j->cx->set->id_max)
		return cd_jld_fail(f->j, CD_JLD_INVALID_IRI_MAPPING, f->at, "An IRI is longer than id_max");
	return f->j->cx->err.code;
}

static bool blank(cd_str iri)
{
	return cd_str_starts(iri, CD_STR("_:"));
}

static bool is_iri(cd_str iri)
{
	return cd_iri_absolute(iri) && !blank(iri);
}

/* ---- @type, @reverse [12, 13] ---- */

static cd_code read_type(struct definition *f)
{
	const struct cd_json *type = get_said(f, "@type");
	cd_str iri;
	if (!type)
		return CD_OK;
	if (type->kind != CD_JSON_STRING)
		return refuse(f, CD_JLD_INVALID_TYPE_MAPPING, "The @type of a term is no string");
	if (expand(f, type->text, &iri))
		return f->j->cx->err.code;
	bool newer = cd_jld_is(iri, "@json") || cd_jld_is(iri, "@none");
	if (newer ? f->j->old : !cd_jld_is(iri, "@id") && !cd_jld_is(iri, "@vocab") && !is_iri(iri))
		return refuse(f, CD_JLD_INVALID_TYPE_MAPPING,
			"The @type of a term is neither an IRI nor @id, @vocab, @json or @none");
	f->d->type = iri;
	return CD_OK;
}

static cd_code read_reverse(struct definition *f, const struct cd_json *reverse)
{
	const struct cd_json *container = get(f, "@container");
	if (get(f, "@id") || get(f, "@nest"))
		return refuse(f, CD_JLD_INVALID_REVERSE_PROPERTY, "A reverse property has no @id or @nest");
	if (reverse->kind != CD_JSON_STRING)
		return refuse(f, CD_JLD_INVALID_IRI_MAPPING, "The @reverse of a term is no string");
	if (cd_jld_keyword_like(reverse->text)) {
		f->ignored = true;
		return CD_OK;
	}
	if (expand(f, reverse->text, &f->d->iri))
		return f->j->cx->err.code;
	if (!cd_iri_absolute(f->d->iri) && !blank(f->d->iri))
		return refuse(f, CD_JLD_INVALID_IRI_MAPPING, "The @reverse of a term is no IRI");
	bool named = container && container->kind == CD_JSON_STRING;
	if (named && cd_jld_is(container->text, "@set"))
		f->d->containers = CD_CONTAINER_SET;
	else if (named && cd_jld_is(container->text, "@index"))
		f->d->containers = CD_CONTAINER_INDEX;
	else if (container && container->kind != CD_JSON_NULL)
		return refuse(f, CD_JLD_INVALID_REVERSE_PROPERTY,
			"The @container of a reverse property is neither @set, @index nor null");
	f->d->reverse = true;
	return CD_OK;
}

/* ---- what it stands for [14 to 18] ---- */

static bool ends_with_delimiter(cd_str iri)
{
	return iri.n && memchr(":/?#[]@", iri.p[iri.n - 1], 7);
}

/* Could it be read as something else than a term? */
static bool compound(cd_str term)
{
	size_t colon = cd_str_find(cd_str_skip(term, 1), ':') + 1;
	return colon + 1 < term.n || cd_str_find(term, '/') < term.n;
}

static cd_code read_id(struct definition *f, const struct cd_json *id, bool simple)
{
	struct cd_jld_term *d = f->d;
	cd_str plain;
	if (id->kind == CD_JSON_NULL)
		return CD_OK;
	if (id->kind != CD_JSON_STRING)
		return refuse(f, CD_JLD_INVALID_IRI_MAPPING, "The @id of a term is no string");
	if (!cd_jld_keyword(id->text) && cd_jld_keyword_like(id->text)) {
		f->ignored = true;
		return CD_OK;
	}
	if (expand(f, id->text, &d->iri))
		return f->j->cx->err.code;
	if (!d->iri.p || (!cd_jld_keyword(d->iri) && !cd_iri_absolute(d->iri) && !blank(d->iri)))
		return refuse(f, CD_JLD_INVALID_IRI_MAPPING, "The @id of a term is no IRI");
	if (cd_jld_is(d->iri, "@context"))
		return refuse(f, CD_JLD_INVALID_KEYWORD_ALIAS, "A term can not stand for @context");
	/* NGSI-LD: contexts of 1.0 that are in use (DCAT-AP: "Xsd:date") may give such a name its own meaning
	 */
	if (compound(f->term) && !f->j->over) {
		/* defined by now: what it would mean without this definition */
		struct cd_jld_entry *e = cd_jld_own(f->r->ctx, f->term);
		e->todo = NULL;
		e->busy = false;
		if (expand(f, f->term, &plain))
			return f->j->cx->err.code;
		if (!cd_str_eq(plain, d->iri))
			return refuse(f, CD_JLD_INVALID_IRI_MAPPING,
				"A term that looks like an IRI stands for another one");
	}
	bool bare = cd_str_find(f->term, ':') == f->term.n && cd_str_find(f->term, '/') == f->term.n;
	d->prefix = bare && simple && (ends_with_delimiter(d->iri) || blank(d->iri));
	return CD_OK;
}

/* Its prefix needs no mark here, other than elsewhere. [15] */
static cd_code read_compact(struct definition *f, size_t colon)
{
	cd_str prefix = cd_str_of(f->term.p, colon), rest = cd_str_skip(f->term, colon + 1);
	f->d->iri = f->term;
	if (cd_str_starts(rest, CD_STR("//")) || blank(f->term))
		return CD_OK;
	if (cd_jld_define_first(f->j, f->r, prefix))
		return f->j->cx->err.code;
	const struct cd_ctx_entry *over = f->j->over ? cd_ctx_own(f->j->over, prefix) : NULL;
	const struct cd_jld_term *t = over ? NULL : cd_jld_find(f->r->ctx, prefix);
	cd_str head = over ? over->def.iri : t ? t->iri : cd_str_of(NULL, 0);
	if (head.p)
		f->d->iri = cd_ctx_join(f->j->arena, head, rest);
	return CD_OK;
}

static cd_code read_own_name(struct definition *f)
{
	size_t colon = cd_str_find(f->term, ':');
	struct cd_jld_ctx *c = f->r->ctx;
	if (colon > 0 && colon < f->term.n) {
		if (read_compact(f, colon))
			return f->j->cx->err.code;
	} else if (cd_str_find(f->term, '/') < f->term.n) {
		f->d->iri = cd_jld_iri(f->j, c, f->term, CD_JLD_VOCAB, NULL);
		if (!cd_jld_failed(f->j) && !is_iri(f->d->iri))
			return refuse(f, CD_JLD_INVALID_IRI_MAPPING, "A relative term has no IRI");
	} else if (cd_jld_is(f->term, "@type")) {
		f->d->iri = f->term;
	} else if (c->vocab.p) {
		f->d->iri = cd_ctx_join(f->j->arena, c->vocab, f->term);
	} else {
		return refuse(f, CD_JLD_INVALID_IRI_MAPPING, "A term has no @id, and there is no @vocab");
	}
	if (!f->d->iri.p)
		return cd_fail_memory(f->j->cx);
	if (f->d->iri.n > f->j->cx->set->id_max)
		return refuse(f, CD_JLD_INVALID_IRI_MAPPING, "An IRI is longer than id_max");
	return CD_OK;
}

/* ---- @container [19] ---- */

static uint32_t container_of(const struct cd_json *v)
{
	static const struct {
		cd_str word;
		uint32_t bit;
	} words[] = {{CD_STR_INIT("@list"), CD_CONTAINER_LIST}, {CD_STR_INIT("@set"), CD_CONTAINER_SET},
		{CD_STR_INIT("@language"), CD_CONTAINER_LANGUAGE},
		{CD_STR_INIT("@index"), CD_CONTAINER_INDEX}, {CD_STR_INIT("@id"), CD_CONTAINER_ID},
		{CD_STR_INIT("@type"), CD_CONTAINER_TYPE}, {CD_STR_INIT("@graph"), CD_CONTAINER_GRAPH}};
	for (size_t i = 0; v->kind == CD_JSON_STRING && i < sizeof words / sizeof *words; i++)
		if (cd_str_eq(v->text, words[i].word))
			return words[i].bit;
	return 0;
}

/* One; @graph with @id or @index; and @set with any of these but @list. */
static bool goes_together(uint32_t c, unsigned n)
{
	const uint32_t set = CD_CONTAINER_SET, graph = CD_CONTAINER_GRAPH, key = c & ~(set | graph);
	bool one_key = (key & (key - 1)) == 0;
	if (n <= 1)
		return true;
	if (c & CD_CONTAINER_LIST)
		return false;
	return one_key && (!(c & graph) || !(key & (CD_CONTAINER_LANGUAGE | CD_CONTAINER_TYPE)));
}

static cd_code read_container(struct definition *f)
{
	const struct cd_json *c = get_said(f, "@container");
	uint32_t all = 0;
	if (!c)
		return CD_OK;
	bool list = c->kind == CD_JSON_ARRAY, good = !list || (c->n && !f->j->old);
	for (const struct cd_json *w = list ? c->child : c; good && w; w = list ? w->next : NULL) {
		uint32_t bit = container_of(w);
		good = bit && !(all & bit);
		all |= bit;
	}
	if (f->j->old && (all & (CD_CONTAINER_GRAPH | CD_CONTAINER_ID | CD_CONTAINER_TYPE)))
		good = false;
	if (!good || !goes_together(all, list ? c->n : 1))
		return refuse(f, CD_JLD_INVALID_CONTAINER_MAPPING, "The @container of a term is not known");
	f->d->containers = all;
	if (!(all & CD_CONTAINER_TYPE))
		return CD_OK;
	if (!f->d->type.p)
		f->d->type = CD_STR("@id");
	if (!cd_jld_is(f->d->type, "@id") && !cd_jld_is(f->d->type, "@vocab"))
		return refuse(f, CD_JLD_INVALID_TYPE_MAPPING,
			"The @type of a term with a container @type is neither @id nor @vocab");
	return CD_OK;
}

/* ---- the others [20 to 25] ---- */

static cd_code read_index(struct definition *f)
{
	const struct cd_json *index = get(f, "@index");
	cd_str iri;
	if (!index)
		return CD_OK;
	if (f->j->old || !(f->d->containers & CD_CONTAINER_INDEX) || index->kind != CD_JSON_STRING)
		return refuse(f, CD_JLD_INVALID_TERM_DEFINITION,
			"The @index of a term is no string, or its container is not @index");
	if (expand(f, index->text, &iri))
		return f->j->cx->err.code;
	if (!is_iri(iri))
		return refuse(f, CD_JLD_INVALID_TERM_DEFINITION, "The @index of a term is no IRI");
	f->d->index = index->text;
	return CD_OK;
}

static cd_code read_scoped(struct definition *f)
{
	const struct cd_json *context = get(f, "@context");
	if (!context)
		return CD_OK;
	if (f->j->over)
		return refuse(f, CD_JLD_INVALID_TERM_DEFINITION,
			"NGSI-LD allows no scoped @context inside the definition of a term");
	if (f->j->old)
		return refuse(f, CD_JLD_INVALID_TERM_DEFINITION, "json-ld-1.0 knows no scoped context");
	f->d->context = context;
	f->d->context_base = f->r->how->base;
	return CD_OK;
}

static cd_code read_language(struct definition *f)
{
	const struct cd_json *language = get(f, "@language"), *direction = get(f, "@direction");
	struct cd_jld_term *d = f->d;
	if (language && !get(f, "@type")) {
		if (language->kind != CD_JSON_STRING && language->kind != CD_JSON_NULL)
			return refuse(f, CD_JLD_INVALID_LANGUAGE_MAPPING,
				"The @language of a term is neither a string nor null");
		d->has_language = true;
		d->language = language->kind == CD_JSON_NULL ? cd_str_of(NULL, 0) : language->text;
	}
	if (direction && !get(f, "@type")) {
		bool word = direction->kind == CD_JSON_STRING &&
			    (cd_jld_is(direction->text, "ltr") || cd_jld_is(direction->text, "rtl"));
		if (!word && direction->kind != CD_JSON_NULL)
			return refuse(f, CD_JLD_INVALID_BASE_DIRECTION,
				"The @direction of a term is neither ltr, rtl nor null");
		d->has_direction = true;
		d->direction = word ? direction->text : cd_str_of(NULL, 0);
	}
	return CD_OK;
}

static cd_code read_nest(struct definition *f)
{
	const struct cd_json *nest = get(f, "@nest");
	if (!nest)
		return CD_OK;
	if (f->j->old)
		return refuse(f, CD_JLD_INVALID_TERM_DEFINITION, "json-ld-1.0 knows no @nest");
	if (nest->kind != CD_JSON_STRING || (cd_jld_keyword(nest->text) && !cd_jld_is(nest->text, "@nest")))
		return refuse(f, CD_JLD_INVALID_NEST_VALUE,
			"The @nest of a term is neither @nest nor a name other than a keyword");
	f->d->nest = nest->text;
	return CD_OK;
}

static cd_code read_prefix(struct definition *f)
{
	const struct cd_json *prefix = get(f, "@prefix");
	struct cd_jld_term *d = f->d;
	if (prefix) {
		if (f->j->old || cd_str_find(f->term, ':') < f->term.n ||
			cd_str_find(f->term, '/') < f->term.n)
			return refuse(f, CD_JLD_INVALID_TERM_DEFINITION,
				"A term with a colon or a slash can not be a prefix");
		if (!cd_jld_boolean(prefix))
			return refuse(f, CD_JLD_INVALID_PREFIX_VALUE,
				"The @prefix of a term is neither true nor false");
		d->prefix = prefix->kind == CD_JSON_TRUE;
		if (d->prefix && d->iri.p && cd_jld_keyword(d->iri))
			return refuse(f, CD_JLD_INVALID_TERM_DEFINITION, "A keyword can not be a prefix");
	}
	/* "_:" begins blank nodes; what is nothing begins nothing */
	if (!d->iri.p || cd_jld_is(f->term, "_"))
		d->prefix = false;
	return CD_OK;
}

static cd_code check_members(struct definition *f)
{
	static const cd_str known[] = {CD_STR_INIT("@id"), CD_STR_INIT("@type"), CD_STR_INIT("@container"),
		CD_STR_INIT("@language"), CD_STR_INIT("@direction"), CD_STR_INIT("@prefix"),
		CD_STR_INIT("@protected"), CD_STR_INIT("@nest"), CD_STR_INIT("@index"),
		CD_STR_INIT("@reverse"), CD_STR_INIT("@context")};
	for (const struct cd_json *m = f->value ? f->value->child : NULL; m; m = m->next) {
		bool found = false;
		for (size_t i = 0; !found && i < sizeof known / sizeof *known; i++)
			found = cd_str_eq(m->key, known[i]);
		if (!found)
			return cd_jld_fail(f->j, CD_JLD_INVALID_TERM_DEFINITION, m,
				"The definition of \"" CD_STR_FMT "\" has an unknown member \"" CD_STR_FMT
				"\"",
				CD_STR_ARG(f->term), CD_STR_ARG(m->key));
	}
	return CD_OK;
}

/* ---- the whole ---- */

static cd_code read_guard(struct definition *f)
{
	const struct cd_json *guard = get(f, "@protected");
	f->d->guarded = guard ? guard->kind == CD_JSON_TRUE : f->r->guarded;
	if (guard && f->j->old)
		return refuse(f, CD_JLD_INVALID_TERM_DEFINITION, "json-ld-1.0 knows no @protected");
	if (guard && !cd_jld_boolean(guard))
		return refuse(f, CD_JLD_INVALID_PROTECTED_VALUE,
			"The @protected of a term is neither true nor false");
	return CD_OK;
}

/* @type may be given a container, and be protected; nothing else can be said of a keyword. [4, 5] */
static cd_code check_keyword(struct definition *f)
{
	bool good = cd_jld_is(f->term, "@type") && !f->j->old && f->value && f->value->n;
	for (const struct cd_json *m = good ? f->value->child : NULL; good && m; m = m->next)
		good = cd_jld_is(m->key, "@protected") ||
		       (cd_jld_is(m->key, "@container") && container_of(m) == CD_CONTAINER_SET);
	return good ? CD_OK : refuse(f, CD_JLD_KEYWORD_REDEFINITION, "A keyword can not be defined");
}

static cd_code read_definition(struct definition *f)
{
	const struct cd_json *id = f->value ? get(f, "@id") : f->at, *reverse = get(f, "@reverse");
	if (f->at->kind != CD_JSON_OBJECT && f->at->kind != CD_JSON_STRING && f->at->kind != CD_JSON_NULL)
		return refuse(f, CD_JLD_INVALID_TERM_DEFINITION,
			"The definition of a term is neither string, object nor null");
	if (read_guard(f) || read_type(f))
		return f->j->cx->err.code;
	if (reverse)
		return read_reverse(f, reverse) || f->ignored || read_index(f) ? f->j->cx->err.code
									       : check_members(f);
	bool named = id && !(id->kind == CD_JSON_STRING && cd_str_eq(id->text, f->term));
	if (named ? read_id(f, id, !f->value) : read_own_name(f))
		return f->j->cx->err.code;
	if (f->ignored || read_container(f) || read_index(f) || read_scoped(f) || read_language(f) ||
		read_nest(f) || read_prefix(f))
		return f->j->cx->err.code;
	return check_members(f);
}

static bool same_name(cd_str a, cd_str b)
{
	return (a.p == NULL) == (b.p == NULL) && cd_str_eq(a, b);
}

/* The same but for @protected? */
static bool same_term(const struct cd_jld_term *a, const struct cd_jld_term *b)
{
	bool contexts = a->context == b->context ||
			(a->context && b->context && cd_jld_equal(a->context, b->context));
	return contexts && same_name(a->iri, b->iri) && same_name(a->type, b->type) &&
	       a->containers == b->containers && a->prefix == b->prefix && a->reverse == b->reverse &&
	       a->has_language == b->has_language && a->has_direction == b->has_direction &&
	       same_name(a->language, b->language) && same_name(a->direction, b->direction) &&
	       same_name(a->nest, b->nest) && same_name(a->index, b->index);
}

/* [27, 28] */
static cd_code settle(struct definition *f, struct cd_jld_entry *e, const struct cd_jld_term *before)
{
	const struct cd_jld_term *now = f->ignored ? NULL : f->d;
	if (now && before && before->guarded && !f->r->how->override) {
		if (!same_term(now, before))
			return refuse(f, CD_JLD_PROTECTED_TERM_REDEFINITION,
				"A protected term can not be defined anew");
		now = before;
	}
	cd_jld_set(f->j, f->r->ctx, e, now);
	return f->j->cx->err.code;
}

static cd_code define(struct cd_jld *j, struct cd_jld_reading *r, struct cd_jld_entry *e)
{
	struct definition f = {.j = j, .r = r, .term = e->name, .at = e->todo};
	const struct cd_jld_term *before = e->term;
	f.value = f.at->kind == CD_JSON_OBJECT ? f.at : NULL;
	if (!cd_jld_effort(j, 1))
		return j->cx->err.code;
	if (cd_jld_keyword(f.term) && check_keyword(&f))
		return j->cx->err.code;
	if (!cd_jld_keyword(f.term) && cd_jld_keyword_like(f.term)) /* for standards to come */
		return CD_OK;
	f.d = CD_NEW(j->arena, struct cd_jld_term);
	if (!f.d)
		return cd_fail_memory(j->cx);
	f.d->name = f.term;
	cd_jld_set(j, r->ctx, e, NULL);
	return read_definition(&f) ? j->cx->err.code : settle(&f, e, before);
}

cd_code cd_jld_define(struct cd_jld *j, struct cd_jld_reading *r, struct cd_jld_entry *e)
{
	if (e->busy)
		return cd_jld_fail(j, CD_JLD_CYCLIC_IRI_MAPPING, e->todo,
			"The definition of a term comes back to itself: \"" CD_STR_FMT "\"",
			CD_STR_ARG(e->name));
	if (!e->todo)
		return CD_OK;
	if (j->chain == CHAIN_MAX)
		return cd_jld_fail(j, CD_JLD_CONTEXT_OVERFLOW, e->todo,
			"Definitions refer to one another too deeply: \"" CD_STR_FMT "\"",
			CD_STR_ARG(e->name));
	j->chain++;
	e->busy = true;
	cd_code code = define(j, r, e);
	e->busy = false;
	e->todo = NULL;
	j->chain--;
	return code;
}

/*
 * What comes of it is thrown away, with its memory: it is made again where it is used. An error in it is that
 * of the definition, unless the context is only out of reach.
 */
cd_code cd_jld_check_scoped(struct cd_jld *j, const struct cd_jld_reading *r, const struct cd_jld_term *term)
{
	const struct cd_jld_how how = {term->context_base, r->how->trail, true, false, true};
	struct cd_arena scratch, *arena = j->arena;
	cd_arena_init(&scratch, j->cx->set->request_memory);
	j->arena = &scratch;
	bool good = cd_jld_process(j, r->ctx, term->context, &how) != NULL;
	j->arena = arena;
	cd_arena_done(&scratch);
	if (good || j->cx->err.code != CD_E_BAD_REQUEST_DATA || j->error == CD_JLD_CONTEXT_OVERFLOW)
		return j->cx->err.code;
	struct cd_err inner = j->cx->err;
	cd_cx_clear(j->cx);
	j->error = CD_JLD_INVALID_SCOPED_CONTEXT;
	return cd_fail(j->cx, inner.code, inner.where, "%s: %s",
		cd_jld_error_words(CD_JLD_INVALID_SCOPED_CONTEXT), inner.detail ? inner.detail : "");
}
