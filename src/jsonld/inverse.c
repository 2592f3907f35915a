/*
 * From IRIs to names. [JSON-LD 1.1 API 4.3, 6.2, 6.3; the numbers are the steps of 6.2]
 *
 * The standard makes one large map of each active context. Here each layer has its terms sorted by IRI, once,
 * and a question gathers those of all layers that are not covered by one above; so a context on each of many
 * nodes costs what it defines, and not all that lies below. Of the terms of one IRI the shortest, then the
 * least that fits is the name. Terms looked at count as effort where they are many.
 */
#include "jsonld/active.h"

#include <stdlib.h>

/* WORTH: a term among many of one IRI is looked at that often as hard as a definition is read. */
enum { FEW = 16, WORTH = 16, CONTAINERS_MAX = 20, PREFERRED_MAX = 6 };
enum kind { BY_TYPE, BY_LANGUAGE, BY_ANY };

struct cd_jld_way {
	const struct cd_jld_term **terms, **prefixes;
	uint32_t n, prefixes_n;
};

/* What is looked for. */
struct wish {
	const struct cd_json *value; /* may be NULL */
	uint32_t containers[CONTAINERS_MAX];
	unsigned containers_n;
	enum kind kind;
	cd_str preferred[PREFERRED_MAX];
	unsigned preferred_n;
};

/* ---- the terms of one layer ---- */

static int better(cd_str a, cd_str b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return cd_str_cmp(a, b);
}

static int by_iri(const void *x, const void *y)
{
	const struct cd_jld_term *a = *(const struct cd_jld_term *const *)x,
				 *b = *(const struct cd_jld_term *const *)y;
	int c = cd_str_cmp(a->iri, b->iri);
	return c ? c : better(a->name, b->name);
}

static int by_name(const void *x, const void *y)
{
	const struct cd_jld_term *a = *(const struct cd_jld_term *const *)x,
				 *b = *(const struct cd_jld_term *const *)y;
	return better(a->name, b->name);
}

static struct cd_jld_way *way_new(struct cd_jld *j, const struct cd_jld_ctx *c)
{
	struct cd_jld_way *w = CD_NEW(j->arena, struct cd_jld_way);
	if (w)
		w->terms = CD_NEWS(j->arena, const struct cd_jld_term *, c->n + 1);
	if (w)
		w->prefixes = CD_NEWS(j->arena, const struct cd_jld_term *, c->n + 1);
	if (!w || !w->terms || !w->prefixes) {
		(void)cd_fail_memory(j->cx);
		return NULL;
	}
	for (uint32_t i = 0; c->slots && i <= c->mask; i++) {
		const struct cd_jld_term *t = c->slots[i] ? c->slots[i]->term : NULL;
		if (!t || !t->iri.p)
			continue;
		w->terms[w->n++] = t;
		if (t->prefix)
			w->prefixes[w->prefixes_n++] = t;
	}
	qsort(w->terms, w->n, sizeof *w->terms, by_iri);
	return w;
}

static const struct cd_jld_way *way_of(struct cd_jld *j, const struct cd_jld_ctx *c)
{
	if (!c->way) /* a layer is made in this work, and nobody else sees it */
		((struct cd_jld_ctx *)(uintptr_t)c)->way = way_new(j, c);
	return c->way;
}

static uint32_t first_of(const struct cd_jld_way *w, cd_str iri)
{
	uint32_t lo = 0, hi = w->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (cd_str_cmp(w->terms[mid]->iri, iri) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool covered(const struct cd_jld_ctx *top, const struct cd_jld_ctx *layer, const struct cd_jld_term *t)
{
	return layer != top && cd_jld_find(top, t->name) != t;
}

/* Room for one more in an array that begins on the stack. */
static bool room(struct cd_jld *j, const struct cd_jld_term ***list, size_t n, size_t *cap)
{
	if (n < *cap)
		return true;
	const struct cd_jld_term **more = CD_NEWS(j->cx->arena, const struct cd_jld_term *, *cap * 4);
	if (!more) {
		(void)cd_fail_memory(j->cx);
		return false;
	}
	memcpy(more, *list, n * sizeof **list);
	*list = more;
	*cap *= 4;
	return cd_jld_effort(j, n * WORTH);
}

/* All terms with that IRI, the best names first. */
static size_t gather(
	struct cd_jld *j, const struct cd_jld_ctx *c, cd_str iri, const struct cd_jld_term ***list)
{
	size_t n = 0, cap = FEW;
	unsigned layers = 0;
	for (const struct cd_jld_ctx *l = c; l; l = l->under) {
		const struct cd_jld_way *w = way_of(j, l);
		size_t before = n;
		for (uint32_t i = w ? first_of(w, iri) : 0; w && i < w->n && cd_str_eq(w->terms[i]->iri, iri);
			i++) {
			if (covered(c, l, w->terms[i]))
				continue;
			if (!room(j, list, n, &cap))
				return 0;
			(*list)[n++] = w->terms[i];
		}
		layers += n > before;
	}
	if (layers > 1)
		qsort(*list, n, sizeof **list, by_name);
	return cd_jld_failed(j) ? 0 : n;
}

/* ---- under which keys the inverse context has a term [4.3] ---- */

static bool tag_is(cd_str value, cd_str language, cd_str direction)
{
	return value.n == language.n + 1 + direction.n && value.p[language.n] == '_' &&
	       cd_str_eq_nocase(cd_str_of(value.p, language.n), language) &&
	       cd_str_eq_nocase(cd_str_skip(value, language.n + 1), direction);
}

static bool language_is(cd_str value, cd_str language, cd_str direction, const char *neither)
{
	if (direction.p)
		return tag_is(value, language.p ? language : CD_STR(""), direction);
	return language.p ? cd_str_eq_nocase(value, language) : cd_jld_is(value, neither);
}

static bool has_key(const struct cd_jld_ctx *c, const struct cd_jld_term *t, enum kind kind, cd_str value)
{
	if (cd_jld_is(t->type, "@none") && cd_jld_is(value, "@any") && !t->reverse)
		return true;
	if (kind == BY_ANY)
		return cd_jld_is(value, "@none");
	if (t->reverse)
		return kind == BY_TYPE && cd_jld_is(value, "@reverse");
	if (t->type.p)
		return kind == BY_TYPE && cd_str_eq(value, t->type) && !cd_jld_is(t->type, "@none");
	if (t->has_language)
		return kind == BY_LANGUAGE && language_is(value, t->language, t->direction, "@null");
	if (t->has_direction)
		return kind == BY_LANGUAGE && language_is(value, cd_str_of(NULL, 0), t->direction, "@none");
	return cd_jld_is(value, "@none") ||
	       (kind == BY_LANGUAGE && language_is(value, c->language, c->direction, "@none"));
}

/* [6.3] */
static cd_str select_term(
	const struct cd_jld_ctx *c, const struct wish *w, const struct cd_jld_term *const *list, size_t n)
{
	for (unsigned i = 0; i < w->containers_n; i++)
		for (unsigned k = 0; k < w->preferred_n; k++)
			for (size_t x = 0; x < n; x++)
				if (list[x]->containers == w->containers[i] &&
					has_key(c, list[x], w->kind, w->preferred[k]))
					return list[x]->name;
	return cd_str_of(NULL, 0);
}

/* ---- what a value wishes for [4] ---- */

static void want(struct wish *w, uint32_t container)
{
	if (w->containers_n < CONTAINERS_MAX)
		w->containers[w->containers_n++] = container;
}

/* With @set beside it as well. */
static void want_both(struct wish *w, uint32_t container)
{
	want(w, container);
	want(w, container | CD_CONTAINER_SET);
}

static void prefer(struct wish *w, cd_str value)
{
	if (w->preferred_n < PREFERRED_MAX)
		w->preferred[w->preferred_n++] = value;
}

/* "en", "en_ltr", "_ltr"; p == NULL: neither language nor direction, or failed. */
static cd_str tag_of(struct cd_jld *j, cd_str language, cd_str direction)
{
	if (!direction.p)
		return language;
	cd_str tag = cd_arena_printf(
		j->cx->arena, CD_STR_FMT "_" CD_STR_FMT, CD_STR_ARG(language), CD_STR_ARG(direction));
	if (!tag.p)
		(void)cd_fail_memory(j->cx);
	return tag;
}

/* What all items of a list have in common. [4.7] */
static cd_str common_of(
	struct cd_jld *j, const struct cd_jld_ctx *c, struct wish *w, const struct cd_json *list)
{
	const cd_str none = CD_STR("@none");
	cd_str language = cd_str_of(NULL, 0), type = language;
	if (!list->child) {
		language = tag_of(j, c->language, c->direction);
		return language.p ? language : none;
	}
	for (const struct cd_json *i = list->child; i; i = i->next) {
		cd_str tag = none, its = none;
		if (!cd_jld_is_value(i)) {
			its = CD_STR("@id");
		} else {
			tag = tag_of(j, cd_jld_text(i, "@language"), cd_jld_text(i, "@direction"));
			if (!tag.p && cd_jld_text(i, "@type").p) {
				tag = none;
				its = cd_jld_text(i, "@type");
			}
			tag = tag.p ? tag : CD_STR("@null");
		}
		if (!language.p)
			language = tag;
		else if (!cd_str_eq_nocase(language, tag) && cd_jld_is_value(i))
			language = none;
		type = !type.p || cd_str_eq(type, its) ? its : none;
		if (cd_str_eq(language, none) && cd_str_eq(type, none))
			break;
	}
	if (cd_str_eq(type, none))
		return language;
	w->kind = BY_TYPE;
	return type;
}

/* [4.8] */
static cd_str wish_graph(struct wish *w)
{
	const uint32_t graph = CD_CONTAINER_GRAPH, index = graph | CD_CONTAINER_INDEX,
		       id = graph | CD_CONTAINER_ID;
	bool has_index = cd_jld_get(w->value, "@index") != NULL, has_id = cd_jld_get(w->value, "@id") != NULL;
	if (has_index)
		want_both(w, index);
	if (has_id)
		want_both(w, id);
	want_both(w, graph);
	want(w, CD_CONTAINER_SET);
	if (!has_index)
		want_both(w, index);
	if (!has_id)
		want_both(w, id);
	want_both(w, CD_CONTAINER_INDEX);
	w->kind = BY_TYPE;
	return CD_STR("@id");
}

/* [4.9] */
static cd_str wish_plain(struct cd_jld *j, struct wish *w)
{
	cd_str got = CD_STR("@null");
	if (w->value && cd_jld_is_value(w->value)) {
		cd_str tag =
			tag_of(j, cd_jld_text(w->value, "@language"), cd_jld_text(w->value, "@direction"));
		if (tag.p && !cd_jld_get(w->value, "@index")) {
			got = tag;
			want_both(w, CD_CONTAINER_LANGUAGE);
		} else if (cd_jld_text(w->value, "@type").p) {
			got = cd_jld_text(w->value, "@type");
			w->kind = BY_TYPE;
		}
	} else {
		got = CD_STR("@id");
		w->kind = BY_TYPE;
		want_both(w, CD_CONTAINER_ID);
		want_both(w, CD_CONTAINER_TYPE);
	}
	want(w, CD_CONTAINER_SET);
	return got;
}

/* @vocab before @id where the IRI of the value has a name. [4.16] */
static void prefer_reference(struct cd_jld *j, const struct cd_jld_ctx *c, struct wish *w, cd_str id)
{
	cd_str name = cd_jld_compact_iri(j, c, id, NULL, true, false);
	const struct cd_jld_term *t = name.p ? cd_jld_find(c, name) : NULL;
	bool named = t && cd_str_eq(t->iri, id);
	prefer(w, named ? CD_STR("@vocab") : CD_STR("@id"));
	prefer(w, named ? CD_STR("@id") : CD_STR("@vocab"));
	prefer(w, CD_STR("@none"));
}

static void make_wish(struct cd_jld *j, const struct cd_jld_ctx *c, struct wish *w, bool reverse)
{
	const struct cd_json *v = w->value;
	bool map = v && v->kind == CD_JSON_OBJECT, index = map && cd_jld_get(v, "@index");
	const struct cd_json *list = map ? cd_jld_get(v, "@list") : NULL;
	cd_str got;
	if (index && !cd_jld_is_graph(v))
		want_both(w, CD_CONTAINER_INDEX);
	if (reverse) {
		w->kind = BY_TYPE;
		got = CD_STR("@reverse");
		want(w, CD_CONTAINER_SET);
	} else if (list) {
		if (!index)
			want(w, CD_CONTAINER_LIST);
		got = common_of(j, c, w, list);
	} else if (map && cd_jld_is_graph(v)) {
		got = wish_graph(w);
	} else {
		got = wish_plain(j, w);
	}
	want(w, 0);
	if (!j->old && !index)
		want_both(w, CD_CONTAINER_INDEX);
	if (!j->old && map && v->n == 1 && cd_jld_is_value(v))
		want_both(w, CD_CONTAINER_LANGUAGE);
	cd_str id = map ? cd_jld_text(v, "@id") : cd_str_of(NULL, 0);
	if (cd_jld_is(got, "@reverse"))
		prefer(w, got);
	if (id.p && (cd_jld_is(got, "@id") || cd_jld_is(got, "@reverse"))) {
		prefer_reference(j, c, w, id);
	} else {
		prefer(w, got);
		prefer(w, CD_STR("@none"));
		if (list && !list->child)
			w->kind = BY_ANY;
	}
	prefer(w, CD_STR("@any"));
	size_t bar = cd_str_find(got, '_');
	if (bar < got.n)
		prefer(w, cd_str_skip(got, bar)); /* the direction alone */
}

/* ---- prefixes, and the base ---- */

/* [7] */
static cd_str best_prefix(struct cd_jld *j, const struct cd_jld_ctx *c, cd_str iri, bool valued)
{
	cd_str best = cd_str_of(NULL, 0);
	for (const struct cd_jld_ctx *l = c; l; l = l->under) {
		const struct cd_jld_way *w = way_of(j, l);
		if (!w || !cd_jld_effort(j, w->prefixes_n / 64))
			return best;
		for (uint32_t i = 0; i < w->prefixes_n; i++) {
			const struct cd_jld_term *p = w->prefixes[i];
			size_t n = p->name.n + 1 + iri.n - p->iri.n;
			if (iri.n <= p->iri.n || !cd_str_starts(iri, p->iri) || (best.p && n > best.n) ||
				(best.p && n == best.n && cd_str_cmp(p->name, best) > 0) || covered(c, l, p))
				continue; /* thousands may fit: only what is better is written out */
			const cd_str parts[] = {p->name, CD_STR_INIT(":"), cd_str_skip(iri, p->iri.n)};
			cd_str name = cd_arena_join(j->cx->arena, parts, 3);
			if (!name.p) {
				(void)cd_fail_memory(j->cx);
				return best;
			}
			const struct cd_jld_term *t = cd_jld_find(c, name);
			if ((!t || (!valued && cd_str_eq(t->iri, iri))) &&
				(!best.p || better(name, best) < 0))
				best = name;
		}
	}
	return best;
}

/* Would come back as something else. [9] */
static bool confused(const struct cd_jld_ctx *c, cd_str iri)
{
	size_t colon = cd_str_find(iri, ':');
	const struct cd_jld_term *t =
		colon < iri.n && !cd_str_starts(cd_str_skip(iri, colon + 1), CD_STR("//"))
			? cd_jld_find(c, cd_str_of(iri.p, colon))
			: NULL;
	return t && t->prefix;
}

/* [5] */
static cd_str without_vocab(const struct cd_jld_ctx *c, cd_str iri)
{
	if (!c->vocab.p || iri.n <= c->vocab.n || !cd_str_starts(iri, c->vocab))
		return cd_str_of(NULL, 0);
	cd_str rest = cd_str_skip(iri, c->vocab.n);
	return cd_jld_find(c, rest) ? cd_str_of(NULL, 0) : rest;
}

cd_str cd_jld_compact_iri(struct cd_jld *j, const struct cd_jld_ctx *c, cd_str iri,
	const struct cd_json *value, bool vocab, bool reverse)
{
	const struct cd_jld_term *few[FEW], **list = few;
	cd_str name = cd_str_of(NULL, 0);
	size_t n = vocab ? gather(j, c, iri, &list) : 0;
	if (n) {
		struct wish w = {.value = value, .kind = BY_LANGUAGE};
		make_wish(j, c, &w, reverse);
		name = select_term(c, &w, list, n);
	}
	if (!name.p && vocab)
		name = without_vocab(c, iri);
	if (!name.p && !cd_jld_failed(j))
		name = best_prefix(j, c, iri, value != NULL);
	if (cd_jld_failed(j))
		return cd_str_of(NULL, 0);
	if (name.p)
		return name;
	if (confused(c, iri)) {
		(void)cd_jld_fail(j, CD_JLD_IRI_CONFUSED_WITH_PREFIX, NULL,
			"\"" CD_STR_FMT "\" would be read as a compact IRI", CD_STR_ARG(iri));
		return cd_str_of(NULL, 0);
	}
	if (vocab || !c->base.p)
		return iri;
	name = cd_iri_relative(j->cx->arena, c->base, iri);
	if (!name.p)
		(void)cd_fail_memory(j->cx);
	return name;
}

cd_str cd_jld_alias(struct cd_jld *j, const struct cd_jld_ctx *c, const char *keyword)
{
	return cd_jld_compact_iri(j, c, cd_str_z(keyword), NULL, true, false);
}
