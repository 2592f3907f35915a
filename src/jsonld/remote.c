/* A document that came over HTTP: is it JSON, is its JSON-LD elsewhere, which context was sent beside it?
 * [JSON-LD 1.1 API 9.4.2; the numbers are its steps] */
#include "jsonld/active.h"
#include "jsonld/link.h"

#define NONE cd_str_of(NULL, 0)

static bool ends(cd_str s, cd_str tail)
{
	return s.n >= tail.n && cd_str_eq_nocase(cd_str_skip(s, s.n - tail.n), tail);
}

/* The media type without its parameters. */
static cd_str media_of(const struct cd_jld_answer *a)
{
	cd_str rest = a->media;
	return cd_str_trim(cd_str_cut(&rest, ';'));
}

static cd_str target(struct cd_cx *cx, const struct cd_jld_answer *a, const struct cd_link *l)
{
	cd_str url = cd_iri_resolve(cx->arena, a->url, l->url);
	if (!url.p)
		(void)cd_fail_memory(cx);
	return url;
}

static cd_code failed(struct cd_cx *cx, const struct cd_jld_answer *a, enum cd_jld_error e, const char *why,
	struct cd_jld_problem *ret)
{
	ret->error = e;
	return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "%s: \"" CD_STR_FMT "\" %s", cd_jld_error_words(e),
		CD_STR_ARG(a->url), why);
}

cd_code cd_jld_answered(struct cd_cx *cx, const struct cd_jld_answer *a, cd_str *ret_instead,
	cd_str *ret_context, struct cd_jld_problem *ret_problem)
{
	cd_str media = media_of(a), rest = a->link;
	bool ld = cd_str_eq_nocase(media, CD_STR("application/ld+json"));
	bool json = ld || cd_str_eq_nocase(media, CD_STR("application/json")) || ends(media, CD_STR("+json"));
	struct cd_link l, context = {.url = {NULL, 0}};
	unsigned contexts = 0;
	*ret_instead = *ret_context = NONE;
	*ret_problem = (struct cd_jld_problem){CD_JLD_NONE, NONE};
	while (cd_str_trim(rest).n && cd_link_take(&rest, &l)) {
		if (!json && !ret_instead->p && cd_link_is(&l, CD_STR("alternate")) &&
			cd_str_eq_nocase(l.type, CD_STR("application/ld+json")))
			*ret_instead = target(cx, a, &l); /* 2 */
		if (json && !ld && cd_link_is(&l, cd_link_context_rel)) {
			context = l;
			contexts++;
		}
	}
	if (!json && !ret_instead->p && !cx->err.code)
		return failed(cx, a, CD_JLD_LOADING_DOCUMENT_FAILED, "is not JSON", ret_problem);
	if (contexts > 1) /* 3 */
		return failed(cx, a, CD_JLD_MULTIPLE_CONTEXT_LINK_HEADERS, "names several", ret_problem);
	if (contexts)
		*ret_context = target(cx, a, &context);
	return cx->err.code;
}
