/*
 * Active contexts: layers, look-ups, and from names to IRIs. [JSON-LD 1.1 API 4.1, 5.2]
 *
 * A look-up goes down the layers until one knows the name. They are few: one for each context a node lies
 * under, and a pile that grows too high is copied into one. What that costs, and every definition that is
 * read, counts as effort, which is bounded: scoped contexts that multiply one another come to an end.
 */
#include "jsonld/active.h"

#include "base/hash.h"

/* A request of NGSI-LD is on a loop that others wait for. */
enum { HEIGHT_MAX = 32, EFFORT = 100, EFFORT_OF_REQUESTS = 32 };
#define NONE cd_str_of(NULL, 0)

/* ---- errors ---- */

const char *cd_jld_error_words(enum cd_jld_error e)
{
	static const char *const words[] = {"",
#define X(id, text) text,
		CD_JLD_ERRORS(X)
#undef X
	};
	return e < CD_JLD_ERROR_N ? words[e] : "";
}

/* "/a/b" in the document at hand, "URL#/a/b" in one it named. */
static const char *place(struct cd_jld *j, const struct cd_json *at)
{
	const struct cd_json *root = at;
	if (j->over)
		return "@context";
	if (!at)
		return NULL;
	while (root->up)
		root = root->up;
	const char *pointer = cd_json_pointer(j->cx, at);
	for (const struct cd_jld_doc *d = j->loaded; d; d = d->next)
		if (d->root == root)
			return cd_arena_printf(j->cx->arena, CD_STR_FMT "#%s", CD_STR_ARG(d->url), pointer).p;
	return pointer;
}

cd_code cd_jld_fail(struct cd_jld *j, enum cd_jld_error e, const struct cd_json *at, const char *fmt, ...)
{
	va_list ap;
	if (cd_jld_failed(j))
		return j->cx->err.code;
	va_start(ap, fmt);
	cd_str text = cd_arena_vprintf(j->cx->arena, fmt, ap);
	va_end(ap);
	j->error = e;
	return cd_fail(j->cx, CD_E_BAD_REQUEST_DATA, place(j, at), "%s: %s", cd_jld_error_words(e),
		text.p ? text.p : "");
}

void cd_jld_missing(struct cd_jld *j, const struct cd_json *at, cd_str url)
{
	j->error = CD_JLD_LOADING_REMOTE_CONTEXT_FAILED;
	j->missing = url;
	(void)cd_fail(j->cx, CD_E_CONTEXT_UNAVAIL, place(j, at),
		"%s%sThe @context " CD_STR_FMT " is not available",
		j->over ? "" : cd_jld_error_words(j->error), j->over ? "" : ": ", CD_STR_ARG(url));
}

bool cd_jld_effort(struct cd_jld *j, uint64_t more)
{
	unsigned times = j->over ? EFFORT_OF_REQUESTS : EFFORT;
	uint64_t most = times * j->cx->set->context_terms;
	j->work += more;
	if (j->work > most)
		(void)cd_jld_fail(j, CD_JLD_CONTEXT_OVERFLOW, NULL,
			"The contexts make more than %llu definitions (%u times context_terms)",
			(unsigned long long)most, times);
	return j->work <= most;
}

/* ---- layers ---- */

static struct cd_jld_ctx *make(struct cd_jld *j)
{
	struct cd_jld_ctx *c = CD_NEW(j->arena, struct cd_jld_ctx);
	if (!c)
		(void)cd_fail_memory(j->cx);
	return c;
}

struct cd_jld_ctx *cd_jld_ctx_new(struct cd_jld *j)
{
	struct cd_jld_ctx *c = make(j);
	if (c && j->over)
		c->vocab = cd_default_vocab;
	if (c)
		c->base = j->base;
	return c;
}

static uint32_t probe(const struct cd_jld_ctx *c, uint64_t hash, cd_str name)
{
	uint32_t i = (uint32_t)hash & c->mask;
	while (c->slots[i] && !(c->slots[i]->hash == hash && cd_str_eq(c->slots[i]->name, name)))
		i = (i + 1) & c->mask;
	return i;
}

static struct cd_jld_entry *own(const struct cd_jld_ctx *c, uint64_t hash, cd_str name)
{
	return c->slots ? c->slots[probe(c, hash, name)] : NULL;
}

static const struct cd_jld_term *find(const struct cd_jld_ctx *c, uint64_t hash, cd_str name)
{
	for (; c; c = c->under) {
		const struct cd_jld_entry *e = own(c, hash, name);
		if (e)
			return e->term;
	}
	return NULL;
}

struct cd_jld_entry *cd_jld_own(const struct cd_jld_ctx *c, cd_str name)
{
	return own(c, cd_hash64(name, 0), name);
}

const struct cd_jld_term *cd_jld_find(const struct cd_jld_ctx *c, cd_str name)
{
	return find(c, cd_hash64(name, 0), name);
}

static bool grow(struct cd_jld *j, struct cd_jld_ctx *c)
{
	uint32_t n = c->slots ? (c->mask + 1) * 2 : 8, old_n = c->slots ? c->mask + 1 : 0;
	struct cd_jld_entry **old = c->slots, **slots = CD_NEWS(j->arena, struct cd_jld_entry *, n);
	if (!slots) {
		(void)cd_fail_memory(j->cx);
		return false;
	}
	c->slots = slots;
	c->mask = n - 1;
	for (uint32_t i = 0; i < old_n; i++)
		if (old[i])
			slots[probe(c, old[i]->hash, old[i]->name)] = old[i];
	return true;
}

struct cd_jld_entry *cd_jld_touch(struct cd_jld *j, struct cd_jld_ctx *c, uint64_t hash, cd_str name)
{
	struct cd_jld_entry *e = own(c, hash, name);
	if (e)
		return e;
	if ((!c->slots || (c->n + 1) * 2 > c->mask) && !grow(j, c))
		return NULL;
	e = CD_NEW(j->arena, struct cd_jld_entry);
	if (!e) {
		(void)cd_fail_memory(j->cx);
		return NULL;
	}
	e->name = name;
	e->hash = hash;
	e->term = find(c->under, hash, name);
	c->slots[probe(c, hash, name)] = e;
	c->n++;
	return e;
}

void cd_jld_set(
	struct cd_jld *j, struct cd_jld_ctx *c, struct cd_jld_entry *e, const struct cd_jld_term *term)
{
	const struct cd_jld_term *old = e->term;
	c->terms += (term != NULL) - (old != NULL);
	c->guarded += (term && term->guarded) - (old && old->guarded);
	e->term = term;
	if (c->terms > j->cx->set->context_terms)
		(void)cd_fail(j->cx, CD_E_BAD_REQUEST_DATA, place(j, NULL), "More than %llu terms",
			(unsigned long long)j->cx->set->context_terms);
}

/* All of the pile in one layer. */
static bool flatten(struct cd_jld *j, struct cd_jld_ctx *c, const struct cd_jld_ctx *pile)
{
	c->terms = c->guarded = 0;
	for (const struct cd_jld_ctx *l = pile; l; l = l->under)
		for (uint32_t i = 0; l->slots && i <= l->mask; i++) {
			const struct cd_jld_entry *below = l->slots[i];
			if (!below || own(c, below->hash, below->name))
				continue;
			struct cd_jld_entry *e = cd_jld_touch(j, c, below->hash, below->name);
			if (!e || !cd_jld_effort(j, 1))
				return false;
			cd_jld_set(j, c, e, below->term);
		}
	return true;
}

struct cd_jld_ctx *cd_jld_ctx_over(struct cd_jld *j, const struct cd_jld_ctx *under)
{
	struct cd_jld_ctx *c = make(j);
	if (!c)
		return NULL;
	*c = (struct cd_jld_ctx){.under = under,
		.previous = under->previous,
		.height = under->height + 1,
		.terms = under->terms,
		.guarded = under->guarded,
		.base = under->base,
		.vocab = under->vocab,
		.language = under->language,
		.direction = under->direction};
	if (c->height <= HEIGHT_MAX)
		return c;
	c->height = 0;
	c->under = NULL;
	return flatten(j, c, under) ? c : NULL;
}

/* ---- names to IRIs ---- */

bool cd_jld_keyword_like(cd_str s)
{
	if (s.n < 2 || s.p[0] != '@')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z')))
			return false;
	return true;
}

bool cd_jld_keyword(cd_str s)
{
	static const cd_str words[] = {CD_STR_INIT("@id"), CD_STR_INIT("@type"), CD_STR_INIT("@value"),
		CD_STR_INIT("@language"), CD_STR_INIT("@list"), CD_STR_INIT("@set"), CD_STR_INIT("@graph"),
		CD_STR_INIT("@index"), CD_STR_INIT("@json"), CD_STR_INIT("@none"), CD_STR_INIT("@nest"),
		CD_STR_INIT("@included"), CD_STR_INIT("@reverse"), CD_STR_INIT("@vocab"),
		CD_STR_INIT("@base"), CD_STR_INIT("@direction"), CD_STR_INIT("@context"),
		CD_STR_INIT("@container"), CD_STR_INIT("@prefix"), CD_STR_INIT("@protected"),
		CD_STR_INIT("@version"), CD_STR_INIT("@import"), CD_STR_INIT("@propagate")};
	if (s.n < 3 || s.p[0] != '@')
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (cd_str_eq(s, words[i]))
			return true;
	return false;
}

/* What a defined name means. False: it is not defined. */
static bool meaning(const struct cd_jld *j, const struct cd_jld_ctx *c, uint64_t hash, cd_str name,
	cd_str *ret_iri, bool *ret_prefix)
{
	const struct cd_ctx_entry *over = j->over ? cd_ctx_own_hashed(j->over, hash, name) : NULL;
	const struct cd_jld_term *t = over ? NULL : find(c, hash, name);
	if (!over && !t)
		return false;
	*ret_iri = over ? over->def.iri : t->iri;
	*ret_prefix = over ? over->prefix : t->prefix;
	return true;
}

static cd_code define_first(struct cd_jld *j, struct cd_jld_reading *r, uint64_t hash, cd_str name)
{
	struct cd_jld_entry *e = own(r->ctx, hash, name);
	return e ? cd_jld_define(j, r, e) : CD_OK;
}

cd_code cd_jld_define_first(struct cd_jld *j, struct cd_jld_reading *r, cd_str name)
{
	return define_first(j, r, cd_hash64(name, 0), name);
}

static cd_str join(struct cd_jld *j, cd_str a, cd_str b)
{
	cd_str s = cd_ctx_join(j->arena, a, b);
	if (!s.p)
		(void)cd_fail_memory(j->cx);
	return s;
}

/* With a colon: ret->p == NULL when it is neither compact nor an IRI. */
static cd_code expand_colon(struct cd_jld *j, const struct cd_jld_ctx *c, cd_str value, size_t colon,
	struct cd_jld_reading *reading, cd_str *ret)
{
	cd_str prefix = cd_str_of(value.p, colon), rest = cd_str_skip(value, colon + 1), iri;
	bool usable;
	*ret = value;
	if (cd_jld_is(prefix, "_") || cd_str_starts(rest, CD_STR("//")))
		return CD_OK;
	uint64_t hash = cd_hash64(prefix, 0);
	if (reading && define_first(j, reading, hash, prefix))
		return j->cx->err.code;
	if (meaning(j, c, hash, prefix, &iri, &usable) && iri.p && usable)
		*ret = join(j, iri, rest);
	else if (!cd_iri_absolute(value))
		*ret = NONE;
	return j->cx->err.code;
}

cd_str cd_jld_iri(struct cd_jld *j, const struct cd_jld_ctx *c, cd_str value, unsigned flags,
	struct cd_jld_reading *reading)
{
	cd_str iri;
	bool prefix;
	if (!value.p || cd_jld_keyword(value))
		return value;
	uint64_t hash = cd_hash64(value, 0);
	if (cd_jld_keyword_like(value) || (reading && define_first(j, reading, hash, value)))
		return NONE;
	if (meaning(j, c, hash, value, &iri, &prefix) &&
		((flags & CD_JLD_VOCAB) || (iri.p && cd_jld_keyword(iri))))
		return iri;
	size_t colon = cd_str_find(value, ':');
	if (colon > 0 && colon < value.n && (expand_colon(j, c, value, colon, reading, &iri) || iri.p))
		return cd_jld_failed(j) ? NONE : iri;
	if ((flags & CD_JLD_VOCAB) && c->vocab.p)
		return join(j, c->vocab, value);
	if (!(flags & CD_JLD_RELATIVE) || !c->base.p)
		return value;
	iri = cd_iri_resolve(j->arena, c->base, value);
	if (!iri.p)
		(void)cd_fail_memory(j->cx);
	return iri;
}
