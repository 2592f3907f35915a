/*
 * The formats of an export. JSON ones are the representations of the server, in one canonical order: members
 * by their IRI, whatever numbers the twin has given to names.
 */
#include "cli/export.h"

static cd_code check(struct cd_export *ex, struct cd_cx *cx)
{
	return ex->text.bad ? cd_fail(cx, ex->text.bad, NULL, "An entity does not fit into memory") : CD_OK;
}

/* ---- JSON-LD, newline-delimited ---- */

static cd_code begin_array(struct cd_export *ex, struct cd_cx *cx)
{
	CD_BUF_LIT(&ex->text, "[");
	ex->out.with_context = true;
	return check(ex, cx);
}

static cd_code one_of_array(struct cd_export *ex, struct cd_cx *cx, const struct cd_ent *e)
{
	cd_buf_put(&ex->text, ex->entities ? CD_STR(",\n") : CD_STR("\n"));
	cd_repr_out(&ex->text, &ex->scratch, &ex->out, e);
	return check(ex, cx);
}

static void end_array(struct cd_export *ex)
{
	CD_BUF_LIT(&ex->text, "\n]\n");
}

static cd_code begin_lines(struct cd_export *ex, struct cd_cx *cx)
{
	(void)cx;
	ex->out.with_context = true;
	return CD_OK;
}

static cd_code one_line(struct cd_export *ex, struct cd_cx *cx, const struct cd_ent *e)
{
	cd_repr_out(&ex->text, &ex->scratch, &ex->out, e);
	cd_buf_char(&ex->text, '\n');
	return check(ex, cx);
}

static void end_nothing(struct cd_export *ex)
{
	(void)ex;
}

/* ---- GeoJSON [RFC 7946], as a sequence [RFC 8142] ---- */

static cd_code find_geometry(struct cd_export *ex, struct cd_cx *cx)
{
	cd_str iri;
	/* names of a server's entities come as they are read: the number may not be there yet */
	ex->out.geometry = cd_ctx_term(
		ex->source->ctx, &ex->scratch, ex->source->names, cd_str_z(ex->plan->geometry), &iri);
	return iri.p ? CD_OK : cd_fail_memory(cx);
}

static cd_code begin_collection(struct cd_export *ex, struct cd_cx *cx)
{
	ex->out.geojson = true;
	CD_BUF_LIT(&ex->text, "{\"type\":\"FeatureCollection\",\"features\":[");
	return check(ex, cx);
}

static cd_code one_feature(struct cd_export *ex, struct cd_cx *cx, const struct cd_ent *e)
{
	return find_geometry(ex, cx) ? cx->err.code : one_of_array(ex, cx, e);
}

static void end_collection(struct cd_export *ex)
{
	CD_BUF_LIT(&ex->text, "\n],\"@context\":");
	cd_buf_put(&ex->text, cd_ctx_source(ex->out.ctx ? ex->out.ctx : cd_ctx_core()));
	CD_BUF_LIT(&ex->text, "}\n");
}

static cd_code begin_sequence(struct cd_export *ex, struct cd_cx *cx)
{
	(void)cx;
	ex->out.geojson = ex->out.with_context = true;
	return CD_OK;
}

static cd_code one_in_sequence(struct cd_export *ex, struct cd_cx *cx, const struct cd_ent *e)
{
	if (find_geometry(ex, cx))
		return cx->err.code;
	cd_buf_char(&ex->text, '\x1e'); /* RS */
	return one_line(ex, cx, e);
}

const struct cd_export_format cd_export_formats[] = {
	{CD_STR_INIT("jsonld"), "jsonld", CD_NORMALIZED, false, NULL, begin_array, one_of_array, end_array,
		NULL},
	{CD_STR_INIT("ndjson"), "ndjson", CD_NORMALIZED, false, NULL, begin_lines, one_line, end_nothing,
		NULL},
	{CD_STR_INIT("geojson"), "geojson", CD_SIMPLIFIED, true, NULL, begin_collection, one_feature,
		end_collection, NULL},
	{CD_STR_INIT("geojsonseq"), "geojsons", CD_SIMPLIFIED, true, NULL, begin_sequence, one_in_sequence,
		end_nothing, NULL},
	{CD_STR_INIT("csv"), "csv", CD_SIMPLIFIED, true, cd_export_csv_look, cd_export_csv_begin, cd_export_csv_one, cd_export_csv_end,
		cd_export_csv_tell},
	{.name = {NULL, 0}},
};
