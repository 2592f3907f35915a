/* Linked entities, inline and behind: where they are read from, and the frame of an answer of many. [4.5.23]
 */
#include "ops/read_int.h"

#include "ops/runner.h"

/* ---- what linked entities are read from ---- */

struct linked_from {
	const struct cd_store *store;
	const struct cd_tenant *tenant;
	cd_time_us now;
};

static const struct cd_ent *fetch(void *arg, cd_str id)
{
	const struct linked_from *from = arg;
	const struct cd_ent *e = cd_tenant_get(from->store, from->tenant, id);
	return e && cd_ent_alive(e, from->now) ? e : NULL;
}

cd_code cd_read_links(
	struct cd_op *op, const struct cd_tenant *tenant, struct cd_asked *asked, struct cd_q_run *run)
{
	struct linked_from *from = CD_NEW(op->cx->arena, struct linked_from);
	if (!from)
		return cd_fail_memory(op->cx);
	*from = (struct linked_from){cd_runner_store(op->runner), tenant, op->cx->now};
	asked->join.fetch = fetch;
	asked->join.arg = from;
	if (asked->join.how && cd_join_begin(op->cx, &asked->join))
		return op->cx->err.code;
	if (run) {
		run->fetch = fetch;
		run->arg = from;
	}
	return CD_OK;
}

/* ---- the frame around many ---- */

void cd_read_open(struct cd_buf *b, const struct cd_out *out)
{
	cd_buf_put(b, out->geojson ? CD_STR("{\"type\":\"FeatureCollection\",\"features\":[") : CD_STR("["));
}

void cd_read_close(struct cd_buf *b, const struct cd_out *out, bool with_context)
{
	cd_buf_char(b, ']');
	if (!out->geojson)
		return;
	if (with_context) {
		CD_BUF_LIT(b, ",\"@context\":");
		cd_buf_put(b, cd_ctx_source(out->ctx));
	}
	cd_buf_char(b, '}');
}

/* ---- flat: linked entities behind those that link ---- */

bool cd_read_linked(struct cd_op *op, struct cd_linked *l, struct cd_buf *b)
{
	const struct cd_ent *e;
	struct cd_out out;
	for (unsigned i = 1; cd_walk_next(l->walk, &e, &out, &l->bad); i++) {
		if (e) {
			if (l->written++)
				cd_buf_char(b, ',');
			cd_repr_out(b, l->scratch, &out, e);
		}
		if (b->bad)
			break;
		if (i % CD_TIRED_EVERY == 0 && cd_op_tired(op))
			return false;
	}
	return true;
}

cd_code cd_read_judge(struct cd_op *op, const struct cd_ask *ask, cd_code bad)
{
	if (bad == CD_E_TOO_COMPLEX)
		return cd_fail(op->cx, bad, ask->in_body ? "/joinLevel" : "joinLevel",
			"More than %llu linked entities", (unsigned long long)op->cx->set->linked_max);
	return bad ? cd_fail(op->cx, bad, NULL, "The answer does not fit into memory") : CD_OK;
}
