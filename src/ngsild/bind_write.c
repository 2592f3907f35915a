/* Writes of one entity: parameters and body to an operation, its report to an answer. [CIM 009 6.4 to 6.7] */
#include "ngsild/bind.h"
#include "ngsild/params.h"
#include "ngsild/request.h"
#include "ops/write.h"

/* Names in full; what was refused may have a name that the twin never stored: then it is the change's own. */
static cd_str name_of(const struct cd_names *names, const struct cd_change *change, cd_term term)
{
	if (term == 0)
		return CD_STR("scope");
	return term & CD_TERM_LOCAL ? change->names[term & ~CD_TERM_LOCAL] : cd_names_text(names, term);
}

/* {"updated":[...],"notUpdated":[{"attributeName","reason"}]}, names in full [5.2.18] */
static void update_result(struct cd_buf *b, const struct cd_names *names, const struct cd_change *change,
	const struct cd_report *r)
{
	CD_BUF_LIT(b, "{\"updated\":[");
	for (uint32_t i = 0; i < r->updated_n; i++) {
		if (i)
			cd_buf_char(b, ',');
		cd_json_write_string(b, name_of(names, change, r->updated[i]));
	}
	CD_BUF_LIT(b, "],\"notUpdated\":[");
	for (uint32_t i = 0; i < r->not_updated_n; i++) {
		const struct cd_not_updated *not = &r->not_updated[i];
		if (i)
			cd_buf_char(b, ',');
		CD_BUF_LIT(b, "{\"attributeName\":");
		cd_json_write_string(b, name_of(names, change, not ->term));
		CD_BUF_LIT(b, ",\"reason\":");
		cd_json_write_string(b, cd_str_z(not ->reason));
		cd_buf_char(b, '}');
	}
	CD_BUF_LIT(b, "]}");
}

static void written(struct cd_op *op)
{
	struct cd_op_write *w = (struct cd_op_write *)op;
	struct cd_ngsi *n = op->owner;
	if (op->cx->err.code) {
		cd_ngsi_fail(n);
	} else if (w->verb == CD_VERB_CREATE) {
		cd_ngsi_created(n, "/ngsi-ld/v1/entities/", w->entity_id);
	} else if (w->report.not_updated_n) {
		struct cd_buf body;
		cd_buf_init(&body, SIZE_MAX / 2);
		update_result(&body, cd_runner_names(n->runner), &w->change, &w->report);
		cd_ngsi_json(n, 207, &body);
	} else {
		cd_ngsi_no_content(n);
	}
}

/* What the operations have in common; NULL when out of memory (then the request is answered). */
static struct cd_op_write *new_write(struct cd_ngsi *n, enum cd_verb verb, enum cd_body body)
{
	struct cd_op_write *w = CD_NEW(n->cx->arena, struct cd_op_write);
	if (!w) {
		(void)cd_fail_memory(n->cx);
		cd_ngsi_fail(n);
		return NULL;
	}
	*w = (struct cd_op_write){
		.op = {.cx = n->cx, .tenant = n->tenant, .done = written, .owner = n},
		.verb = verb,
		.body = body,
		.json = n->body,
		.ctx = n->ctx,
		.id = n->args->part[0],
		.attr = n->args->part[1],
		.types = n->args->text[P_TYPE],
		.observed = CD_STAMP_NONE,
	};
	return w;
}

/* No entity is addressed: 400. No attribute: that is the list of attributes, which has other methods
 *. */
static void fail_empty(struct cd_ngsi *n, bool attr)
{
	if (attr)
		(void)cd_fail(
			n->cx, CD_E_METHOD, NULL, "This method needs the name of an attribute in the path");
	else
		(void)cd_fail(n->cx, CD_E_BAD_REQUEST_DATA, "entityId", "The entity id in the path is empty");
	cd_ngsi_fail_allow(n, attr ? CD_STR("POST, PATCH, OPTIONS") : cd_str_of(NULL, 0));
}

/* An entity of the path is always needed here, and the attribute where the path has a place for it. */
static void begin(struct cd_ngsi *n, struct cd_op_write *w)
{
	if (!w)
		return;
	if (w->verb != CD_VERB_CREATE && w->id.n == 0)
		fail_empty(n, false);
	else if (w->attr.p && w->attr.n == 0)
		fail_empty(n, true);
	else
		cd_op_write_begin(n->runner, w);
}

static void create(struct cd_ngsi *n)
{
	begin(n, new_write(n, CD_VERB_CREATE, CD_BODY_ENTITY));
}

static void replace(struct cd_ngsi *n)
{
	begin(n, new_write(n, CD_VERB_REPLACE, CD_BODY_ENTITY));
}

static void delete (struct cd_ngsi *n)
{
	begin(n, new_write(n, CD_VERB_DELETE, CD_BODY_ENTITY));
}

static void update(struct cd_ngsi *n)
{
	begin(n, new_write(n, CD_VERB_UPDATE, CD_BODY_FRAGMENT_NULL));
}

static void partial(struct cd_ngsi *n)
{
	begin(n, new_write(n, CD_VERB_PARTIAL, CD_BODY_ATTR));
}

static void replace_attr(struct cd_ngsi *n)
{
	begin(n, new_write(n, CD_VERB_REPLACE_ATTR, CD_BODY_ATTR_WHOLE));
}

static void merge(struct cd_ngsi *n)
{
	uint32_t options;
	if (cd_ngsi_options(n, CD_OPT_FORMS, &options)) {
		cd_ngsi_fail(n);
		return;
	}
	bool simplified = cd_ngsi_form(n, options) == CD_SIMPLIFIED;
	struct cd_op_write *w =
		new_write(n, CD_VERB_MERGE, simplified ? CD_BODY_MERGE_SIMPLIFIED : CD_BODY_MERGE);
	if (w) {
		w->lang = n->args->text[P_LANG];
		if (n->args->text[P_OBSERVED_AT].n)
			(void)cd_stamp_parse(
				n->args->text[P_OBSERVED_AT], &w->observed); /* the row has checked it */
	}
	begin(n, w);
}

static void append(struct cd_ngsi *n)
{
	uint32_t options;
	if (cd_ngsi_options(n, CD_OPT_NO_OVERWRITE, &options)) {
		cd_ngsi_fail(n);
		return;
	}
	struct cd_op_write *w = new_write(n, CD_VERB_APPEND, CD_BODY_FRAGMENT);
	if (w && (options & CD_OPT_NO_OVERWRITE))
		w->flags |= CD_CHANGE_NO_OVERWRITE;
	begin(n, w);
}

static void delete_attr(struct cd_ngsi *n)
{
	struct cd_op_write *w = new_write(n, CD_VERB_DELETE_ATTR, CD_BODY_ENTITY);
	if (w) {
		w->dataset = n->args->text[P_DATASET_ID];
		if (n->args->uint[P_DELETE_ALL])
			w->flags |= CD_CHANGE_DELETE_ALL;
	}
	begin(n, w);
}

#define BIND(name)                                                                                           \
	void cd_bind_##name(void *app, struct cd_http_req *http, const struct cd_route *route,               \
		const struct cd_args *args)                                                                  \
	{                                                                                                    \
		cd_ngsi_begin(app, http, route, args, CD_NGSI_CONTEXT, name);                                \
	}
BIND(create)
BIND(replace)
BIND(delete)
BIND(update)
BIND(partial)
BIND(replace_attr)
BIND(merge)
BIND(append)
BIND(delete_attr)
