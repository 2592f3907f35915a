/*
 * A batch is one job with n changes. Packing thousands of entities takes longer than a slice, so the check
 * yields between items; an item that breaks the rules keeps its error and makes no change.
 */
#include "ops/batch.h"

#include "model/uri.h"
#include "ops/runner.h"
#include "ops/write.h"

static void item_failed(struct cd_op_batch *b, struct cd_batch_item *item)
{
	item->err = b->op.cx->err;
	cd_cx_clear(b->op.cx);
}

static const char *place(struct cd_op_batch *b, const struct cd_batch_item *item, const struct cd_report *r)
{
	bool fragment = item->json->kind == CD_JSON_OBJECT;
	return fragment ? cd_op_place(&b->op, item->json, item->ctx, &b->job.changes[item->change], r)
			: r->where;
}

static enum cd_step report(struct cd_op *op)
{
	struct cd_op_batch *b = (struct cd_op_batch *)op;
	if (op->cx->err.code)
		return CD_STEP_DONE;
	for (uint32_t i = 0; i < b->n; i++) {
		struct cd_batch_item *item = &b->items[i];
		if (item->err.code)
			continue;
		const struct cd_report *r = &b->job.reports[item->change];
		if (r->code == CD_E_NO_TENANT) { /* of all of them: the request's own fault [5.5.10] */
			(void)cd_fail(op->cx, r->code, r->where, "%s", r->detail);
			break;
		}
		item->created = r->created;
		if (r->code)
			item->err = (struct cd_err){
				r->code, r->detail ? r->detail : cd_code_title(r->code), place(b, item, r)};
		else if (r->not_updated_n) /* noOverwrite kept something: the item counts as failed {suite
					      005_02} */
			item->err = (struct cd_err){CD_E_BAD_REQUEST_DATA,
				"Some attributes exist and were not overwritten", NULL};
	}
	return CD_STEP_DONE;
}

/* The id even of an item that is refused, so that its error can be told apart from others. */
static cd_str id_of(const struct cd_json *json)
{
	const struct cd_json *id = json->kind == CD_JSON_STRING ? json : cd_json_get(json, CD_STR("id"));
	if (!id)
		id = cd_json_get(json, CD_STR("@id"));
	return id && id->kind == CD_JSON_STRING ? id->text : cd_str_of("", 0);
}

static cd_code check_delete(struct cd_op_batch *b, struct cd_batch_item *item, struct cd_change *change)
{
	if (item->json->kind != CD_JSON_STRING || !cd_uri_ok(item->json->text))
		return cd_fail(b->op.cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(b->op.cx, item->json),
			"Expected the id of an entity: a URI");
	change->id = item->json->text;
	return CD_OK;
}

static cd_code check_entity(struct cd_op_batch *b, struct cd_batch_item *item, struct cd_change *change)
{
	struct cd_frag frag;
	const struct cd_in in = {.ctx = item->ctx, .names = cd_runner_names(b->op.runner), .body = b->body};
	cd_code code = cd_repr_in(b->op.cx, &in, item->json, &frag);
	if (code)
		return code;
	change->id = cd_ent_id(frag.ent);
	change->frag = frag.ent;
	change->names = frag.names;
	change->names_n = frag.names_n;
	change->context = cd_ctx_source(item->ctx);
	b->job.bytes += frag.ent->bytes;
	return CD_OK;
}

static void check_item(struct cd_op_batch *b, struct cd_batch_item *item)
{
	struct cd_change *change = &b->job.changes[b->job.n];
	*change = (struct cd_change){.verb = b->verb, .flags = b->flags, .observed = CD_STAMP_NONE};
	item->id = id_of(item->json);
	if (item->err.code)
		return;
	cd_code code =
		b->verb == CD_VERB_DELETE ? check_delete(b, item, change) : check_entity(b, item, change);
	if (code) {
		item_failed(b, item);
		return;
	}
	b->job.bytes += sizeof *change + change->id.n;
	item->change = b->job.n++;
}

static enum cd_step check(struct cd_op *op)
{
	struct cd_op_batch *b = (struct cd_op_batch *)op;
	while (b->at < b->n) {
		check_item(b, &b->items[b->at++]);
		if (b->at < b->n && cd_op_tired(op))
			return CD_STEP_YIELD;
	}
	if (b->job.n == 0)
		return CD_STEP_DONE;
	op->job = &b->job;
	return cd_op_wait(op, CD_NEED_COMMIT, report);
}

static enum cd_step start(struct cd_op *op)
{
	struct cd_op_batch *b = (struct cd_op_batch *)op;
	b->job = (struct cd_job){
		.tenant = op->tenant,
		.create_tenant = b->verb == CD_VERB_CREATE || b->verb == CD_VERB_UPSERT,
		.changes = CD_NEWS(op->cx->arena, struct cd_change, b->n),
		.reports = CD_NEWS(op->cx->arena, struct cd_report, b->n),
		.arena = op->cx->arena,
		.now = op->cx->now,
		.trace = op->cx->trace,
	};
	if (!b->job.changes || !b->job.reports) {
		(void)cd_fail_memory(op->cx);
		return CD_STEP_DONE;
	}
	b->at = 0;
	op->next = check;
	return check(op);
}

void cd_op_batch_begin(struct cd_runner *r, struct cd_op_batch *b)
{
	b->op.action = CD_ACT_WRITE;
	b->op.next = start;
	cd_op_begin(r, &b->op);
}
