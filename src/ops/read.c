/*
 * Reading: from a pinned root, packed blocks straight into the answer.
 *
 * A list has two passes over one scan: the page itself, and, when the client wants a count that no tree
 * knows, the rest. The header of a streamed answer must tell count and next page, so a list that needs the
 * rest counted is written into memory first; only lists whose total the trees know are streamed.
 */
#include "ops/read.h"

#include "model/uri.h"
#include "ops/runner.h"

enum { ANSWER_MAX = 1 << 30, PIECE = 64 * 1024, TIRED_EVERY = 8, PAGE_GUESS = 100 };

static bool expired(const struct cd_op *op, const struct cd_ent *e)
{
	return e->expires != CD_STAMP_NONE && cd_stamp_us(e->expires) <= op->cx->now;
}

static cd_code not_found(struct cd_op *op, cd_str id)
{
	return cd_fail(op->cx, CD_E_NOT_FOUND, NULL, "There is no entity " CD_STR_FMT, CD_STR_ARG(id));
}

/* ---- one ---- */

static cd_code retrieve(struct cd_op_retrieve *r)
{
	struct cd_op *op = &r->op;
	const struct cd_tenant *tenant;
	struct cd_q *types = NULL;
	r->out.names = cd_runner_names(op->runner);
	if (!cd_uri_ok(r->id))
		return cd_fail(op->cx, CD_E_BAD_REQUEST_DATA, "entityId", "\"" CD_STR_FMT "\" is not a URI",
			CD_STR_ARG(r->id));
	if (r->types.n && cd_q_types(op->cx, r->out.ctx, r->out.names, r->types, &types))
		return op->cx->err.code;
	if (cd_op_pin(op, &tenant))
		return op->cx->err.code;
	const struct cd_ent *e = cd_tenant_get(cd_runner_store(op->runner), tenant, r->id);
	if (!e || expired(op, e))
		return not_found(op, r->id);
	if (types && cd_q_eval(types, e) != CD_TRUE)
		return cd_fail(op->cx, CD_E_NOT_FOUND, "type", "The entity is of other types");
	cd_repr_out(&r->answer, op->cx->arena, &r->out, e);
	return r->answer.bad ? cd_fail(op->cx, r->answer.bad, NULL, "The answer does not fit into memory")
			     : CD_OK;
}

static enum cd_step retrieve_step(struct cd_op *op)
{
	(void)retrieve((struct cd_op_retrieve *)op);
	return CD_STEP_DONE;
}

void cd_op_retrieve_begin(struct cd_runner *r, struct cd_op_retrieve *op)
{
	cd_buf_init(&op->answer, ANSWER_MAX);
	op->op.action = CD_ACT_READ;
	op->op.next = retrieve_step;
	cd_op_begin(r, &op->op);
}

/* ---- many ---- */

static bool wanted(struct cd_op_list *l, const struct cd_ent *e)
{
	return !expired(&l->op, e) && (!l->query || cd_q_eval(l->query, e) == CD_TRUE);
}

/* A single type, or everything: the trees know ranks and totals. */
static bool plan_by_tree(struct cd_op_list *l, const struct cd_tenant *tenant)
{
	if (l->query && l->query->kind != CD_Q_TYPE && l->query->kind != CD_Q_ALWAYS)
		return false;
	l->type = l->query && l->query->kind == CD_Q_TYPE ? l->query->term : 0;
	l->total = l->type ? cd_tenant_type_count(tenant, l->type) : cd_tenant_count(tenant);
	l->more = l->offset < l->total && l->limit < l->total - l->offset;
	l->skipped = l->offset;
	cd_scan_begin(&l->scan, tenant, l->type, l->offset);
	return true;
}

static enum cd_step scan_page(struct cd_op *op);
static enum cd_step scan_rest(struct cd_op *op);

static enum cd_step list_done(struct cd_op_list *l)
{
	cd_buf_char(&l->answer, ']');
	if (l->scanned)
		l->total = l->found;
	if (l->answer.bad)
		(void)cd_fail(l->op.cx, l->answer.bad, NULL, "The answer does not fit into memory");
	return CD_STEP_DONE;
}

static enum cd_step plan(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	const struct cd_tenant *tenant;
	struct cd_q *types = NULL, *ids = NULL;
	l->out.names = cd_runner_names(op->runner);
	if (l->types.n && cd_q_types(op->cx, l->out.ctx, l->out.names, l->types, &types))
		return CD_STEP_DONE;
	if (l->ids.n && cd_q_ids(op->cx, l->ids, &ids))
		return CD_STEP_DONE;
	l->query = cd_q_and(op->cx->arena, types, ids);
	if (cd_op_pin(op, &tenant))
		return CD_STEP_DONE;
	cd_buf_char(&l->answer, '[');
	l->scanned = !plan_by_tree(l, tenant);
	if (l->scanned)
		cd_scan_begin(&l->scan, tenant, 0, 0);
	op->next = scan_page;
	return scan_page(op);
}

static void write_one(struct cd_op_list *l, const struct cd_ent *e)
{
	if (l->written++)
		cd_buf_char(&l->answer, ',');
	else /* one growth for the page: most entities of a type are about equally large */
		(void)cd_buf_room(&l->answer, e->bytes * (l->limit < PAGE_GUESS ? l->limit + 1 : PAGE_GUESS));
	cd_repr_out(&l->answer, l->op.cx->arena, &l->out, e);
	l->last = e->number;
}

/* After a wait the old root is gone: go on behind the last entity of the answer in the newest one. */
static enum cd_step resume(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	const struct cd_tenant *tenant;
	if (cd_op_pin(op, &tenant))
		return CD_STEP_DONE;
	cd_scan_after(&l->scan, tenant, l->type, l->last);
	op->next = scan_page;
	return scan_page(op);
}

static bool page_full(const struct cd_op_list *l)
{
	return l->written == l->limit;
}

static enum cd_step scan_page(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	for (unsigned i = 1; !page_full(l); i++) {
		if (i % TIRED_EVERY == 0 && cd_op_tired(op))
			return CD_STEP_YIELD;
		const struct cd_ent *e = cd_scan_next(&l->scan);
		if (!e)
			return list_done(l);
		if (!wanted(l, e))
			continue;
		l->found++;
		if (l->skipped < l->offset)
			l->skipped++;
		else
			write_one(l, e);
		if (l->scanned || !l->put || l->answer.n < PIECE)
			continue;
		l->streamed = true;
		if (!l->put(l, &l->answer))
			return cd_op_wait(op, CD_NEED_ROOM, resume);
	}
	if (!l->scanned)
		return list_done(l);
	op->next = scan_rest;
	return scan_rest(op);
}

/* Behind the page: is there one more, and when a count is wanted, how many? */
static enum cd_step scan_rest(struct cd_op *op)
{
	struct cd_op_list *l = (struct cd_op_list *)op;
	for (unsigned i = 1; l->count || !l->more; i++) {
		if (i % TIRED_EVERY == 0 && cd_op_tired(op))
			return CD_STEP_YIELD;
		const struct cd_ent *e = cd_scan_next(&l->scan);
		if (!e)
			break;
		if (!wanted(l, e))
			continue;
		l->found++;
		l->more = true;
	}
	return list_done(l);
}

void cd_op_list_begin(struct cd_runner *r, struct cd_op_list *l)
{
	cd_buf_init(&l->answer, ANSWER_MAX);
	l->op.action = CD_ACT_READ;
	l->op.next = plan;
	cd_op_begin(r, &l->op);
}
