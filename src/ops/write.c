/* One change: check what does not depend on the state, let the writer decide, report. */
#include "ops/write.h"

#include "model/uri.h"
#include "ops/runner.h"

const char *cd_op_place(struct cd_op *op, const struct cd_json *body, struct cd_ctx *ctx,
	const struct cd_change *change, const struct cd_report *r)
{
	const struct cd_names *names = cd_runner_names(op->runner);
	bool local = r->term & CD_TERM_LOCAL;
	const struct cd_json *m = r->where || !r->term ? NULL : body->child;
	for (cd_str iri; m; m = m->next) {
		cd_term term = cd_ctx_term(ctx, op->cx->arena, names, m->key, &iri);
		if (local ? cd_str_eq(iri, change->names[r->term & ~CD_TERM_LOCAL]) : term == r->term)
			return cd_json_pointer(op->cx, m);
	}
	return r->where;
}

static enum cd_step report(struct cd_op *op)
{
	struct cd_op_write *w = (struct cd_op_write *)op;
	if (op->cx->err.code || !w->report.code)
		return CD_STEP_DONE;
	const char *where = w->json && w->attr.n == 0
				    ? cd_op_place(op, w->json, w->ctx, &w->change, &w->report)
				    : w->report.where;
	(void)cd_fail(op->cx, w->report.code, where, "%s",
		w->report.detail ? w->report.detail : cd_code_title(w->report.code));
	return CD_STEP_DONE;
}

/* The attribute of the path: a short name or an IRI, or the member `scope`. */
static cd_code check_attr(struct cd_op_write *w, cd_str *ret_iri)
{
	struct cd_cx *cx = w->op.cx;
	*ret_iri = cd_str_of(NULL, 0);
	if (w->attr.n == 0)
		return CD_OK;
	if (cd_str_eq(w->attr, CD_STR("scope"))) {
		w->change.flags |= CD_CHANGE_SCOPE;
		return w->verb == CD_VERB_DELETE_ATTR
			       ? CD_OK
			       : cd_fail(cx, CD_E_BAD_REQUEST_DATA, "attrId",
					 "scope can be removed here, but only be changed "
					 "through the entity");
	}
	if (!cd_name_ok(w->attr))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "attrId",
			"\"" CD_STR_FMT
			"\" is not an attribute name: a letter, then letters, digits or _; or an IRI",
			CD_STR_ARG(w->attr));
	w->change.attr = cd_ctx_term(w->ctx, cx->arena, cd_runner_names(w->op.runner), w->attr, ret_iri);
	if (ret_iri->n == 0)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "attrId",
			"The @context maps \"" CD_STR_FMT "\" to nothing", CD_STR_ARG(w->attr));
	return CD_OK;
}

static cd_code check_parameters(struct cd_op_write *w)
{
	struct cd_cx *cx = w->op.cx;
	struct cd_q *types = NULL;
	if (w->id.n && !cd_uri_ok(w->id))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "entityId", "\"" CD_STR_FMT "\" is not a URI",
			CD_STR_ARG(w->id));
	if (w->types.n && cd_q_types(cx, w->ctx, cd_runner_names(w->op.runner), w->types, &types))
		return cx->err.code;
	if (w->lang.p && !cd_language_ok(w->lang))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "lang",
			"\"" CD_STR_FMT "\" is not a language tag, nor @none", CD_STR_ARG(w->lang));
	w->change.types = types;
	w->change.dataset = cd_str_eq(w->dataset, CD_STR("@none")) ? cd_str_of(NULL, 0) : w->dataset;
	w->change.lang = w->lang;
	w->change.observed = w->observed;
	return CD_OK;
}

static cd_code check_body(struct cd_op_write *w, cd_str attr_iri)
{
	if (!w->json)
		return CD_OK;
	struct cd_frag frag;
	const struct cd_in in = {
		.ctx = w->ctx,
		.names = cd_runner_names(w->op.runner),
		.body = w->body,
		.id = w->id,
		.attr_iri = attr_iri,
		.attr = w->change.attr,
	};
	cd_code code = cd_repr_in(w->op.cx, &in, w->json, &frag);
	if (code)
		return code;
	w->change.frag = frag.ent;
	w->change.names = frag.names;
	w->change.names_n = frag.names_n;
	w->change.context = cd_ctx_source(w->ctx);
	if (w->id.n == 0)
		w->change.id = cd_ent_id(frag.ent);
	return CD_OK;
}

static enum cd_step check(struct cd_op *op)
{
	struct cd_op_write *w = (struct cd_op_write *)op;
	cd_str attr_iri;
	w->change = (struct cd_change){.verb = w->verb, .flags = w->flags, .id = w->id};
	if (check_parameters(w) || check_attr(w, &attr_iri) || check_body(w, attr_iri))
		return CD_STEP_DONE;
	w->entity_id = w->change.id;
	w->job = (struct cd_job){
		.tenant = op->tenant,
		.create_tenant = w->verb == CD_VERB_CREATE || w->verb == CD_VERB_UPSERT,
		.entities_max = w->entities_max,
		.n = 1,
		.changes = &w->change,
		.reports = &w->report,
		.arena = op->cx->arena,
		.now = op->cx->now,
		.bytes = sizeof w->change + w->change.id.n + (w->change.frag ? w->change.frag->bytes : 0),
		.trace = op->cx->trace,
	};
	op->job = &w->job;
	return cd_op_wait(op, CD_NEED_COMMIT, report);
}

void cd_op_write_begin(struct cd_runner *r, struct cd_op_write *w)
{
	w->op.action = CD_ACT_WRITE;
	w->op.next = check;
	w->report = (struct cd_report){.code = CD_OK};
	cd_op_begin(r, &w->op);
}
