/* One value, by the type, language and container of its term. [JSON-LD 1.1 API 6.2.2 value compaction] */
#include "jsonld/active.h"

static bool same_word(cd_str a, cd_str b)
{
	return (a.p == NULL) == (b.p == NULL) && cd_str_eq_nocase(a, b);
}

/* The language and direction a plain string of this term has are those of the value. */
static bool speaks(const struct cd_jld_ctx *c, const struct cd_jld_term *t, const struct cd_json *value)
{
	cd_str language = t && t->has_language ? t->language : c->language;
	cd_str direction = t && t->has_direction ? t->direction : c->direction;
	return same_word(cd_jld_text(value, "@language"), language) &&
	       same_word(cd_jld_text(value, "@direction"), direction);
}

/* Its @value alone says it all. */
static bool bare(const struct cd_jld_ctx *c, const struct cd_jld_term *t, const struct cd_json *value)
{
	cd_str type = t ? t->type : cd_str_of(NULL, 0);
	const struct cd_json *its = cd_jld_get(value, "@type"), *v = cd_jld_get(value, "@value");
	if (cd_jld_is(type, "@none"))
		return false;
	if (its)
		return type.p && its->kind == CD_JSON_STRING && cd_str_eq(its->text, type);
	return v->kind != CD_JSON_STRING || speaks(c, t, value);
}

/* Names of keywords, and of the type. */
static struct cd_json *renamed(struct cd_jld *j, const struct cd_jld_ctx *c, const struct cd_json *value)
{
	struct cd_json *o = cd_jld_object(j);
	for (const struct cd_json *m = value->child; m && !cd_jld_failed(j); m = m->next) {
		struct cd_json *v;
		if (cd_jld_is(m->key, "@type") && m->kind == CD_JSON_STRING)
			v = cd_jld_string(j, cd_jld_compact_iri(j, c, m->text, NULL, true, false));
		else if (cd_jld_is(m->key, "@id") && m->kind == CD_JSON_STRING)
			v = cd_jld_string(j, cd_jld_compact_iri(j, c, m->text, NULL, false, false));
		else
			v = cd_jld_copy(j, m);
		cd_jld_put(j, o, cd_jld_compact_iri(j, c, m->key, NULL, true, false), v);
	}
	return o;
}

/*
 * Not the steps of the standard in one respect: an @index stays beside an @id that would otherwise be a
 * string, unless the container has it. It would be lost.
 */
struct cd_json *cd_jld_compact_value(
	struct cd_jld *j, const struct cd_jld_ctx *c, cd_str property, const struct cd_json *value)
{
	const struct cd_jld_term *t = property.p ? cd_jld_find(c, property) : NULL;
	bool index = cd_jld_get(value, "@index") != NULL;
	bool kept = index && !(t && (t->containers & CD_CONTAINER_INDEX));
	cd_str id = cd_jld_text(value, "@id"), type = t ? t->type : cd_str_of(NULL, 0);
	if (id.p && value->n == 1u + index && !kept) {
		bool vocab = cd_jld_is(type, "@vocab");
		if (vocab || cd_jld_is(type, "@id"))
			return cd_jld_string(j, cd_jld_compact_iri(j, c, id, NULL, vocab, false));
	} else if (cd_jld_is_value(value) && !kept && bare(c, t, value)) {
		return cd_jld_copy(j, cd_jld_get(value, "@value"));
	}
	return renamed(j, c, value);
}
