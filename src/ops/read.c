/* One entity: from a pinned root, its packed block straight into the answer. */
#include "ops/read_int.h"

#include "model/uri.h"
#include "ops/runner.h"

static cd_code not_found(struct cd_op *op, cd_str id)
{
	return cd_fail(op->cx, CD_E_NOT_FOUND, NULL, "There is no entity " CD_STR_FMT, CD_STR_ARG(id));
}

static bool any_linked(struct cd_op_retrieve *r, const struct cd_ent *e)
{
	struct cd_seen *seen = cd_seen_new(r->op.cx->arena);
	struct cd_buf none;
	struct cd_linked_list l = {&none, r->op.cx->arena, 0};
	cd_buf_init(&none, CD_ANSWER_MAX);
	if (seen && cd_seen_add(seen, e->number))
		cd_repr_linked(r->op.cx->arena, &r->asked.out, e, seen, cd_read_write_linked, &l);
	cd_buf_done(&none);
	return l.n > 0;
}

/* The entity and those linked to it; the entity alone when there are none. */
static cd_code write_flat(struct cd_op_retrieve *r, const struct cd_ent *e)
{
	struct cd_out *out = &r->asked.out;
	struct cd_linked_list l = {&r->answer, r->op.cx->arena, 1};
	bool with_context = out->with_context;
	if (!any_linked(r, e)) {
		cd_repr_out(&r->answer, r->op.cx->arena, out, e);
		return CD_OK;
	}
	struct cd_seen *seen = cd_seen_new(r->op.cx->arena);
	if (!seen)
		return cd_fail_memory(r->op.cx);
	out->with_context = with_context && !out->geojson;
	(void)cd_seen_add(seen, e->number);
	cd_read_open(&r->answer, out);
	cd_repr_out(&r->answer, r->op.cx->arena, out, e);
	cd_repr_linked(r->op.cx->arena, out, e, seen, cd_read_write_linked, &l);
	cd_read_close(&r->answer, out, with_context);
	return CD_OK;
}

static cd_code retrieve(struct cd_op_retrieve *r)
{
	struct cd_op *op = &r->op;
	const struct cd_tenant *tenant;
	if (!cd_uri_ok(r->id))
		return cd_fail(op->cx, CD_E_BAD_REQUEST_DATA, "entityId", "\"" CD_STR_FMT "\" is not a URI",
			CD_STR_ARG(r->id));
	r->asked.out = r->out;
	r->asked.out.names = cd_runner_names(op->runner);
	r->ask.any_size = true;
	cd_str attrs = r->ask.attrs;
	if (cd_ask_compile(op->cx, &r->ask, &r->asked) || cd_op_pin(op, &tenant))
		return op->cx->err.code;
	if (cd_read_links(op, tenant, &r->asked, NULL))
		return op->cx->err.code;
	const struct cd_ent *e = r->asked.join.fetch(r->asked.join.arg, r->id);
	if (!e)
		return not_found(op, r->id);
	struct cd_q_run run;
	cd_q_run_init(&run, op->cx);
	bool wanted = !r->asked.query || cd_q_eval(r->asked.query, e, &run) == CD_TRUE;
	cd_q_run_done(&run);
	if (!wanted && !attrs.p)
		return cd_fail(op->cx, CD_E_NOT_FOUND, "type", "The entity is of other types");
	if (!wanted || (r->asked.attributes_named && !cd_repr_shows(&r->asked.out, e)) ||
		!cd_repr_any(&r->asked.out, e))
		return cd_fail(op->cx, CD_E_NOT_FOUND,
			attrs.p         ? "attrs"
			: r->ask.pick.p ? "pick"
					: "omit",
			"The entity has none of the members wanted");
	if (cd_read_flat(&r->asked)) {
		if (write_flat(r, e))
			return op->cx->err.code;
	} else {
		cd_repr_out(&r->answer, op->cx->arena, &r->asked.out, e);
	}
	return r->answer.bad ? cd_fail(op->cx, r->answer.bad, NULL, "The answer does not fit into memory")
			     : CD_OK;
}

static enum cd_step retrieve_step(struct cd_op *op)
{
	struct cd_op_retrieve *r = (struct cd_op_retrieve *)op;
	(void)retrieve(r);
	cd_asked_done(&r->asked);
	return CD_STEP_DONE;
}

void cd_op_retrieve_begin(struct cd_runner *r, struct cd_op_retrieve *op)
{
	cd_buf_init(&op->answer, CD_ANSWER_MAX);
	op->op.action = CD_ACT_READ;
	op->op.next = retrieve_step;
	cd_op_begin(r, &op->op);
}
