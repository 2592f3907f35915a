#include "ngsild/ask.h"

#include "ngsild/params.h"

cd_code cd_ngsi_representation(struct cd_ngsi *n, struct cd_out *out)
{
	uint32_t options;
	if (cd_ngsi_options(n, CD_OPT_FORMS | CD_OPT_SYS_ATTRS, &options))
		return n->cx->err.code;
	*out = (struct cd_out){
		.ctx = n->ctx,
		.form = cd_ngsi_form(n, options),
		.sys_attrs = options & CD_OPT_SYS_ATTRS,
		.with_context = !n->context_in_link,
		.geojson = n->offer == CD_OFFER_GEO,
		.minor = n->minor,
		.altered = &n->altered,
	};
	n->entities = true;
	return CD_OK;
}

static cd_str text(const struct cd_ngsi *n, enum cd_ngsi_param p)
{
	if (!(n->args->given >> p & 1))
		return cd_str_of(NULL, 0);
	cd_str t = n->args->text[p];
	return t.p ? t : CD_STR("");
}

static cd_code ask_join(struct cd_ngsi *n, struct cd_ask *a)
{
	cd_str how = text(n, P_JOIN);
	a->join = cd_str_eq(how, CD_STR("inline")) ? CD_JOIN_INLINE
		  : cd_str_eq(how, CD_STR("flat")) ? CD_JOIN_FLAT
						   : CD_JOIN_NONE;
	a->join_level = n->args->given & P(JOIN_LEVEL) ? (unsigned)n->args->uint[P_JOIN_LEVEL] : 1;
	a->contained_by = text(n, P_CONTAINED_BY);
	return CD_OK;
}

cd_code cd_ngsi_check_csf(struct cd_ngsi *n, cd_str csf)
{
	const struct cd_q_parse p = {.cx = n->cx, .ctx = n->ctx, .names = cd_runner_names(n->runner)};
	struct cd_q *q = NULL;
	cd_code code = csf.p ? cd_q_text(&p, csf, &q) : CD_OK;
	cd_q_done(q);
	if (!code || code == CD_E_NO_MEMORY)
		return code;
	const char *why = n->cx->err.detail;
	cd_cx_clear(n->cx);
	return cd_fail(n->cx, code, "csf", "%s", why ? why : "Not a query");
}

cd_code cd_ngsi_ask(struct cd_ngsi *n, struct cd_ask *a)
{
	*a = (struct cd_ask){
		.types = text(n, P_TYPE),
		.ids = text(n, P_ID),
		.id_pattern = text(n, P_ID_PATTERN),
		.q = text(n, P_Q),
		.scope_q = text(n, P_SCOPE_Q),
		.attrs = text(n, P_ATTRS),
		.expand_values = text(n, P_EXPAND_VALUES),
		.pick = text(n, P_PICK),
		.omit = text(n, P_OMIT),
		.datasets = text(n, P_DATASETS),
		.lang = text(n, P_LANG),
		.geometry_property = text(n, P_GEOMETRY_PROPERTY),
		.local = n->args->uint[P_LOCAL],
		.geo = {.georel = text(n, P_GEOREL),
			.geometry = text(n, P_GEOMETRY),
			.coordinates = text(n, P_COORDINATES),
			.property = text(n, P_GEOPROPERTY)},
		.geo_given = n->args->given & (P(GEOREL) | P(GEOMETRY) | P(COORDINATES)),
		.order = {.by = text(n, P_ORDER_BY),
			.collation = text(n, P_COLLATION),
			.from = text(n, P_ORDER_FROM),
			.geometry = text(n, P_ORDER_GEOMETRY)},
	};
	if (cd_str_eq(a->types, CD_STR("*"))) {
		if ((n->args->given & P(LOCAL)) && !a->local)
			return cd_fail(
				n->cx, CD_E_BAD_REQUEST_DATA, "local", "type=* is only answered locally");
		a->local = true;
	}
	cd_code code = cd_ngsi_check_csf(n, text(n, P_CSF));
	return code ? code : ask_join(n, a);
}
