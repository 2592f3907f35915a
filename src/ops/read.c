/* One entity: from a pinned root, its packed block straight into the answer. */
#include "ops/read_int.h"

#include "model/uri.h"
#include "ops/runner.h"

static cd_code not_found(struct cd_op *op, cd_str id)
{
	return cd_fail(op->cx, CD_E_NOT_FOUND, NULL, "There is no entity " CD_STR_FMT, CD_STR_ARG(id));
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
	bool wanted = !r->asked.query || cd_q_eval(r->asked.query, e, &r->run) == CD_TRUE;
	if (!wanted && !attrs.p)
		return cd_fail(op->cx, CD_E_NOT_FOUND, "type", "The entity is of other types");
	if (!wanted || (r->asked.attributes_named && !cd_repr_shows(&r->asked.out, e)) ||
		!cd_repr_any(&r->asked.out, e))
		return cd_fail(op->cx, CD_E_NOT_FOUND,
			attrs.p         ? "attrs"
			: r->ask.pick.p ? "pick"
					: "omit",
			"The entity has none of the members wanted");
	r->found = e;
	return CD_OK;
}

static enum cd_step finish(struct cd_op_retrieve *r)
{
	if (!r->op.cx->err.code)
		(void)cd_read_judge(&r->op, &r->ask, r->answer.bad ? r->answer.bad : r->linked.bad);
	cd_asked_done(&r->asked);
	cd_q_run_done(&r->run);
	return CD_STEP_DONE;
}

static enum cd_step write_alone(struct cd_op_retrieve *r)
{
	cd_repr_out(&r->answer, r->op.cx->arena, &r->asked.out, r->found);
	return finish(r);
}

/* The entity and those linked to it; the entity alone when there are none. */
static enum cd_step write_linked(struct cd_op *op)
{
	struct cd_op_retrieve *r = (struct cd_op_retrieve *)op;
	if (!cd_read_linked(op, &r->linked, &r->answer))
		return CD_STEP_YIELD;
	bool alone = r->linked.written == 1 && !r->linked.bad && !r->answer.bad;
	if (alone) {
		cd_buf_reset(&r->answer);
		r->asked.out.with_context = r->out.with_context;
		return write_alone(r);
	}
	cd_read_close(&r->answer, &r->asked.out, r->out.with_context);
	return finish(r);
}

static enum cd_step write_flat(struct cd_op_retrieve *r)
{
	struct cd_out *out = &r->asked.out;
	r->linked = (struct cd_linked){.scratch = &r->run.scratch, .written = 1};
	r->linked.walk = cd_walk_new(r->op.cx->arena, r->linked.scratch, out);
	if (!r->linked.walk) {
		(void)cd_fail_memory(r->op.cx);
		return finish(r);
	}
	out->with_context = out->with_context && !out->geojson; /* a collection has one for all */
	cd_walk_from(r->linked.walk, r->found);
	cd_read_open(&r->answer, out);
	cd_repr_out(&r->answer, r->op.cx->arena, out, r->found);
	r->op.next = write_linked;
	return write_linked(&r->op);
}

static enum cd_step retrieve_step(struct cd_op *op)
{
	struct cd_op_retrieve *r = (struct cd_op_retrieve *)op;
	if (retrieve(r))
		return finish(r);
	return cd_read_flat(&r->asked) ? write_flat(r) : write_alone(r);
}

void cd_op_retrieve_begin(struct cd_runner *r, struct cd_op_retrieve *op)
{
	cd_buf_init(&op->answer, CD_ANSWER_MAX);
	cd_q_run_init(&op->run, op->op.cx);
	op->op.action = CD_ACT_READ;
	op->op.next = retrieve_step;
	cd_op_begin(r, &op->op);
}
