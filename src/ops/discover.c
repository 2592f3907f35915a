#include "ops/discover.h"

#include "model/uri.h"
#include "ops/runner.h"
#include "json/json.h"

enum { ANSWER_MAX = 1 << 30 };

struct say {
	struct cd_op_discover *d;
	struct cd_buf *b;
	const struct cd_names *names;
	const struct cd_tenant *tenant;
};

/* ---- words ---- */

static void put_iri(struct say *s, cd_term term)
{
	cd_json_write_string(s->b, cd_names_text(s->names, term));
}

static void put_name(struct say *s, cd_term term)
{
	cd_json_write_string(s->b, cd_ctx_name(s->d->ctx, s->d->op.cx->arena, s->names, term));
}

static void put_comma(struct say *s, bool *first)
{
	if (!*first)
		cd_buf_char(s->b, ',');
	*first = false;
}

static void put_context(struct say *s)
{
	if (!s->d->with_context)
		return;
	CD_BUF_LIT(s->b, ",\"@context\":");
	cd_buf_put(s->b, cd_ctx_source(s->d->ctx));
}

/* ---- types ---- */

/* The first type after `after` that some entity has; 0: none. */
static cd_term next_type(const struct cd_tenant *t, cd_term after)
{
	struct cd_tree_at at;
	struct cd_key key;
	uint64_t value;
	cd_tree_seek(t->types, (struct cd_key){(uint64_t)after + 1, 0}, &at);
	return cd_tree_next(&at, &key, &value) ? (cd_term)key.hi : 0;
}

static void put_attribute_names(struct say *s, cd_term type)
{
	struct cd_tree_at at;
	struct cd_uses_row row;
	cd_term before = 0;
	bool first = true;
	cd_uses_begin(s->tenant, type, &at);
	while (cd_uses_next(&at, &row) && row.type == type) {
		if (row.attribute == before)
			continue;
		before = row.attribute;
		put_comma(s, &first);
		put_name(s, row.attribute);
	}
}

static void put_type(struct say *s, cd_term type)
{
	CD_BUF_LIT(s->b, "{\"id\":");
	put_iri(s, type);
	CD_BUF_LIT(s->b, ",\"type\":\"EntityType\",\"typeName\":");
	put_name(s, type);
	CD_BUF_LIT(s->b, ",\"attributeNames\":[");
	put_attribute_names(s, type);
	cd_buf_char(s->b, ']');
	put_context(s);
	cd_buf_char(s->b, '}');
}

static void say_types(struct say *s)
{
	bool first = true;
	if (s->d->details)
		cd_buf_char(s->b, '[');
	else
		cd_buf_printf(s->b,
			"{\"id\":\"urn:ngsi-ld:EntityTypeList:%llu\",\"type\":\"EntityTypeList\","
			"\"typeList\":[",
			(unsigned long long)cd_ctx_id(s->d->ctx));
	for (cd_term type = 0; (type = next_type(s->tenant, type)) != 0;) {
		put_comma(s, &first);
		if (s->d->details)
			put_type(s, type);
		else
			put_name(s, type);
	}
	cd_buf_char(s->b, ']');
	if (s->d->details)
		return;
	put_context(s);
	cd_buf_char(s->b, '}');
}

/* Attributes with their kinds: rows of one attribute stand next to each other. */
static void put_attribute_details(struct say *s, cd_term type)
{
	struct cd_tree_at at;
	struct cd_uses_row row;
	cd_term before = 0;
	cd_uses_begin(s->tenant, type, &at);
	while (cd_uses_next(&at, &row) && row.type == type) {
		if (row.attribute != before) {
			cd_buf_put(s->b, before ? CD_STR("]},{\"id\":") : CD_STR("{\"id\":"));
			put_iri(s, row.attribute);
			CD_BUF_LIT(s->b, ",\"type\":\"Attribute\",\"attributeName\":");
			put_name(s, row.attribute);
			CD_BUF_LIT(s->b, ",\"attributeTypes\":[");
		} else {
			cd_buf_char(s->b, ',');
		}
		before = row.attribute;
		cd_json_write_string(s->b, cd_kinds[row.kind].type);
	}
	if (before)
		CD_BUF_LIT(s->b, "]}");
}

static void say_type(struct say *s, cd_term type)
{
	CD_BUF_LIT(s->b, "{\"id\":");
	put_iri(s, type);
	CD_BUF_LIT(s->b, ",\"type\":\"EntityTypeInfo\",\"typeName\":");
	put_name(s, type);
	cd_buf_printf(s->b, ",\"entityCount\":%llu,\"attributeDetails\":[",
		(unsigned long long)cd_tenant_type_count(s->tenant, type));
	put_attribute_details(s, type);
	cd_buf_char(s->b, ']');
	put_context(s);
	cd_buf_char(s->b, '}');
}

/* ---- attributes ---- */

static void put_type_names(struct say *s, cd_term attribute)
{
	struct cd_tree_at at;
	struct cd_uses_row row;
	cd_term before = 0;
	bool first = true;
	cd_uses_begin(s->tenant, 1, &at);
	while (cd_uses_next(&at, &row)) {
		if (row.attribute != attribute || row.type == before)
			continue;
		before = row.type;
		put_comma(s, &first);
		put_name(s, row.type);
	}
}

static void put_kinds(struct say *s, cd_term attribute)
{
	struct cd_tree_at at;
	struct cd_uses_row row;
	unsigned kinds = 0;
	bool first = true;
	cd_uses_begin(s->tenant, 1, &at);
	while (cd_uses_next(&at, &row))
		if (row.attribute == attribute)
			kinds |= 1u << row.kind;
	for (unsigned k = 0; k < CD_KIND_N; k++)
		if (kinds >> k & 1) {
			put_comma(s, &first);
			cd_json_write_string(s->b, cd_kinds[k].type);
		}
}

static void put_attribute(struct say *s, cd_term attribute)
{
	CD_BUF_LIT(s->b, "{\"id\":");
	put_iri(s, attribute);
	CD_BUF_LIT(s->b, ",\"type\":\"Attribute\",\"attributeName\":");
	put_name(s, attribute);
	CD_BUF_LIT(s->b, ",\"typeNames\":[");
	put_type_names(s, attribute);
	cd_buf_char(s->b, ']');
}

static void say_attributes(struct say *s)
{
	struct cd_tree_at at;
	struct cd_uses_row row;
	bool first = true;
	if (s->d->details)
		cd_buf_char(s->b, '[');
	else
		cd_buf_printf(s->b,
			"{\"id\":\"urn:ngsi-ld:AttributeList:%llu\",\"type\":\"AttributeList\","
			"\"attributeList\":[",
			(unsigned long long)cd_ctx_id(s->d->ctx));
	cd_uses_begin(s->tenant, 0, &at);
	while (cd_uses_next(&at, &row) && row.type == 0) {
		put_comma(s, &first);
		if (s->d->details) {
			put_attribute(s, row.attribute);
			put_context(s);
			cd_buf_char(s->b, '}');
		} else {
			put_name(s, row.attribute);
		}
	}
	cd_buf_char(s->b, ']');
	if (s->d->details)
		return;
	put_context(s);
	cd_buf_char(s->b, '}');
}

static bool attribute_count(struct say *s, cd_term attribute, uint64_t *ret)
{
	return cd_tree_get(s->tenant->uses, (struct cd_key){attribute, 0}, ret);
}

static void say_attribute(struct say *s, cd_term attribute, uint64_t count)
{
	put_attribute(s, attribute);
	cd_buf_printf(s->b, ",\"attributeCount\":%llu,\"attributeTypes\":[", (unsigned long long)count);
	put_kinds(s, attribute);
	cd_buf_char(s->b, ']');
	put_context(s);
	cd_buf_char(s->b, '}');
}

/* ---- the step ---- */

static cd_code say_one(struct say *s)
{
	struct cd_op_discover *d = s->d;
	struct cd_cx *cx = d->op.cx;
	bool type = d->what == CD_DISCOVER_TYPE;
	uint64_t count = 0;
	cd_str iri;
	if (!cd_name_ok(d->name))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, type ? "type" : "attrId",
			"\"" CD_STR_FMT "\" is not a name", CD_STR_ARG(d->name));
	cd_term term = cd_ctx_term(d->ctx, cx->arena, s->names, d->name, &iri);
	if (!iri.p)
		return cd_fail_memory(cx);
	bool there =
		term && (type ? cd_tenant_type_count(s->tenant, term) > 0 : attribute_count(s, term, &count));
	if (!there)
		return cd_fail(cx, CD_E_NOT_FOUND, NULL, "No entity has the %s " CD_STR_FMT,
			type ? "type" : "attribute", CD_STR_ARG(iri));
	if (type)
		say_type(s, term);
	else
		say_attribute(s, term, count);
	return CD_OK;
}

static enum cd_step discover(struct cd_op *op)
{
	struct cd_op_discover *d = (struct cd_op_discover *)op;
	struct say s = {.d = d, .b = &d->answer, .names = cd_runner_names(op->runner)};
	if (cd_op_pin(op, &s.tenant))
		return CD_STEP_DONE;
	if (d->what == CD_DISCOVER_TYPES)
		say_types(&s);
	else if (d->what == CD_DISCOVER_ATTRIBUTES)
		say_attributes(&s);
	else if (say_one(&s))
		return CD_STEP_DONE;
	if (d->answer.bad)
		(void)cd_fail_memory(op->cx);
	return CD_STEP_DONE;
}

void cd_op_discover_begin(struct cd_runner *r, struct cd_op_discover *d)
{
	cd_buf_init(&d->answer, ANSWER_MAX);
	d->op.action = CD_ACT_READ;
	d->op.next = discover;
	cd_op_begin(r, &d->op);
}
