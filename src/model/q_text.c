/*
 * The query language [CIM 009 4.9]:
 *
 *   query     = all *( "|" all )                      ";" binds tighter
 *   all       = item *( ";" item )
 *   item      = "(" query ")" | path [ op value ]
 *   path      = name "{" [ type *("," type) ":" ] path "}"
 *             | name *( "." name ) [ "[" name *( "." name ) "]" ]
 *   value     = one ".." one | one *( "," one )
 *   one       = "quoted" | number | true | false | date | anything else up to the next of ; | ) } ,
 *
 * An unquoted value that is nothing else is taken for a string, as the examples of the standard do.
 */
#include "model/query_int.h"
#include "model/uri.h"
#include "json/json.h"

enum { STEPS_MAX = 16, NESTING_MAX = 32, TYPES_MAX = 32 };

struct parse {
	const struct cd_q_parse *in;
	struct cd_cx *cx;
	cd_str text, rest;
	uint64_t terms;
	unsigned depth, links;
};

static cd_code parse_any(struct parse *, struct cd_q **ret);

static cd_code bad(struct parse *p, const char *what)
{
	return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "q", "At byte %zu: %s", p->text.n - p->rest.n, what);
}

static bool next_is(const struct parse *p, char c)
{
	return p->rest.n && p->rest.p[0] == c;
}

static bool take(struct parse *p, char c)
{
	if (!next_is(p, c))
		return false;
	p->rest = cd_str_skip(p->rest, 1);
	return true;
}

static bool take_text(struct parse *p, cd_str text)
{
	if (!cd_str_starts(p->rest, text))
		return false;
	p->rest = cd_str_skip(p->rest, text.n);
	return true;
}

/* ---- paths ---- */

static cd_str take_name(struct parse *p)
{
	size_t n = 0;
	while (n < p->rest.n && !strchr("=!<>~;|()[]{},.\"", p->rest.p[n]))
		n++;
	cd_str name = cd_str_of(p->rest.p, n);
	p->rest = cd_str_skip(p->rest, n);
	return name;
}

static enum cd_q_member member_of(cd_str name)
{
	static const struct {
		cd_str name;
		enum cd_q_member member;
	} members[] = {
		{CD_STR_INIT("observedAt"), CD_MEMBER_OBSERVED},
		{CD_STR_INIT("createdAt"), CD_MEMBER_CREATED},
		{CD_STR_INIT("modifiedAt"), CD_MEMBER_MODIFIED},
		{CD_STR_INIT("expiresAt"), CD_MEMBER_EXPIRES},
		{CD_STR_INIT("unitCode"), CD_MEMBER_UNIT},
		{CD_STR_INIT("datasetId"), CD_MEMBER_DATASET},
	};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (cd_str_eq(name, members[i].name))
			return members[i].member;
	return CD_MEMBER_NONE;
}

static cd_code term_of(struct parse *p, cd_str name, cd_term *ret)
{
	cd_str iri;
	if (!cd_name_ok(name))
		return bad(p, name.n ? "not the name of an attribute" : "a name is missing");
	*ret = cd_ctx_term(p->in->ctx, p->cx->arena, p->in->names, name, &iri);
	return iri.p ? CD_OK : cd_fail_memory(p->cx);
}

static cd_code parse_inside(struct parse *p, struct cd_q *q)
{
	cd_str *inside = CD_NEWS(p->cx->arena, cd_str, STEPS_MAX);
	if (!inside)
		return cd_fail_memory(p->cx);
	do {
		if (q->path.inside_n == STEPS_MAX)
			return bad(p, "the path is too long");
		size_t n = 0;
		while (n < p->rest.n && !strchr("].[", p->rest.p[n]))
			n++;
		if (n == 0)
			return bad(p, "a name is missing");
		inside[q->path.inside_n++] = cd_str_of(p->rest.p, n);
		p->rest = cd_str_skip(p->rest, n);
	} while (take(p, '.'));
	q->path.inside = inside;
	return take(p, ']') ? CD_OK : bad(p, "a bracket is not closed");
}

/* Steps after the first name. A name that the twin has never stored makes the whole item false. */
static cd_code parse_steps(struct parse *p, struct cd_q *q, cd_str first, bool *ret_unknown)
{
	cd_term *steps = CD_NEWS(p->cx->arena, cd_term, STEPS_MAX);
	cd_str name = first;
	if (!steps)
		return cd_fail_memory(p->cx);
	q->path.steps = steps;
	for (;;) {
		enum cd_q_member member = member_of(name);
		bool last = !next_is(p, '.');
		if (member && last) {
			q->path.member = member;
			break;
		}
		if (q->path.steps_n == STEPS_MAX)
			return bad(p, "the path is too long");
		cd_code code = term_of(p, name, &steps[q->path.steps_n]);
		if (code)
			return code;
		*ret_unknown = *ret_unknown || !steps[q->path.steps_n];
		q->path.steps_n++;
		if (!take(p, '.'))
			break;
		name = take_name(p);
	}
	return take(p, '[') ? parse_inside(p, q) : CD_OK;
}

/* ---- values ---- */

static bool literal_number(cd_str text, struct cd_q_literal *l)
{
	if (!cd_json_is_number(text))
		return false;
	l->class = CD_V_NUMBER;
	l->key = cd_key_of_double(cd_json_number(text));
	return true;
}

static void literal_string(struct cd_q_literal *l)
{
	cd_stamp stamp;
	l->class = CD_V_STRING;
	l->key = cd_key_of_string(l->text);
	l->dated = cd_stamp_parse(l->text, &stamp);
	if (l->dated)
		l->time = cd_key_of_time(cd_stamp_us(stamp));
}

static cd_code parse_quoted(struct parse *p, struct cd_q_literal *l)
{
	size_t n = 1;
	while (n < p->rest.n && p->rest.p[n] != '"')
		n += p->rest.p[n] == '\\' ? 2 : 1;
	if (n >= p->rest.n)
		return bad(p, "a quote is not closed");
	struct cd_json *v;
	cd_code code = cd_json_parse_copy(p->cx, cd_str_of(p->rest.p, n + 1), &v);
	if (code) {
		cd_cx_clear(p->cx);
		return code == CD_E_NO_MEMORY ? cd_fail_memory(p->cx)
					      : bad(p, "the quoted text is no JSON string");
	}
	p->rest = cd_str_skip(p->rest, n + 1);
	l->text = v->text;
	literal_string(l);
	return CD_OK;
}

static cd_code parse_plain(struct parse *p, struct cd_q_literal *l)
{
	size_t n = 0;
	while (n < p->rest.n && !strchr(";|),}", p->rest.p[n]) &&
		!cd_str_starts(cd_str_skip(p->rest, n), CD_STR("..")))
		n++;
	l->text = cd_str_of(p->rest.p, n);
	if (n == 0)
		return bad(p, "a value is missing");
	for (size_t i = 0; i < n; i++)
		if (strchr("\"(<>", l->text.p[i]) || (i == 0 && strchr("=~!", l->text.p[i])))
			return bad(p, "a value with quotes, parentheses or operators in it must be quoted");
	p->rest = cd_str_skip(p->rest, n);
	bool yes = cd_str_eq(l->text, CD_STR("true"));
	if (yes || cd_str_eq(l->text, CD_STR("false"))) {
		l->class = CD_V_BOOL;
		l->key = yes;
	} else if (!literal_number(l->text, l)) {
		literal_string(l);
		if (l->dated)
			l->class = CD_V_DATETIME;
	}
	return CD_OK;
}

static cd_code parse_literal(struct parse *p, bool expand, struct cd_q_literal *l)
{
	cd_code code = next_is(p, '"') ? parse_quoted(p, l) : parse_plain(p, l);
	if (code || !expand || l->class != CD_V_STRING)
		return code;
	l->text = cd_ctx_expand(p->in->ctx, p->cx->arena, l->text);
	if (!l->text.p)
		return cd_fail_memory(p->cx);
	literal_string(l);
	return CD_OK;
}

static cd_code parse_values(struct parse *p, struct cd_q *q, bool expand)
{
	struct cd_q_value **at = &q->values;
	bool equality = q->op == CD_OP_EQ || q->op == CD_OP_NE;
	do {
		struct cd_q_value *v = *at = CD_NEW(p->cx->arena, struct cd_q_value);
		if (!v)
			return cd_fail_memory(p->cx);
		if (p->terms++ == p->cx->set->query_terms)
			return cd_fail(p->cx, CD_E_TOO_COMPLEX, "q", "More than %llu terms and values",
				(unsigned long long)p->cx->set->query_terms);
		cd_code code = parse_literal(p, expand, &v->from);
		v->range = !code && take_text(p, CD_STR(".."));
		if (v->range)
			code = parse_literal(p, expand, &v->to);
		if (code)
			return code;
		at = &v->next;
	} while (take(p, ','));
	if (!equality && (q->values->range || q->values->next))
		return bad(p, "ranges and lists only go with == and !=");
	if (q->values->range && q->values->next)
		return bad(p, "a list of ranges is not in the language");
	return CD_OK;
}

static enum cd_q_op parse_op(struct parse *p)
{
	static const struct {
		cd_str text;
		enum cd_q_op op;
	} ops[] = {
		{CD_STR_INIT("!~="), CD_OP_UNLIKE},
		{CD_STR_INIT("=="), CD_OP_EQ},
		{CD_STR_INIT("!="), CD_OP_NE},
		{CD_STR_INIT(">="), CD_OP_GE},
		{CD_STR_INIT("<="), CD_OP_LE},
		{CD_STR_INIT("~="), CD_OP_LIKE},
		{CD_STR_INIT(">"), CD_OP_GT},
		{CD_STR_INIT("<"), CD_OP_LT},
	};
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (take_text(p, ops[i].text))
			return ops[i].op;
	return CD_OP_EXISTS;
}

static bool listed(cd_str list, cd_str name)
{
	while (list.p)
		if (cd_str_eq(cd_str_cut(&list, ','), name))
			return true;
	return false;
}

/* A pattern goes up to the next separator, quoted or not. */
static cd_code parse_pattern(struct parse *p, struct cd_q *q)
{
	struct cd_q_literal l = {0};
	cd_code code = CD_OK;
	if (next_is(p, '"')) {
		code = parse_quoted(p, &l);
	} else {
		size_t n = 0;
		unsigned open = 0;
		while (n < p->rest.n && (open || !strchr(";|)}", p->rest.p[n]))) {
			open += p->rest.p[n] == '(';
			open -= p->rest.p[n] == ')';
			n++;
		}
		l.text = cd_str_of(p->rest.p, n);
		p->rest = cd_str_skip(p->rest, n);
	}
	if (!code && l.text.n == 0)
		return bad(p, "a pattern is missing");
	return code ? code : cd_pattern_new(p->cx, "q", l.text, &q->pattern);
}

/* ---- items ---- */

static cd_code parse_type_hint(struct parse *p, struct cd_q *q)
{
	cd_term *types = CD_NEWS(p->cx->arena, cd_term, TYPES_MAX);
	cd_code code = CD_OK;
	size_t colon = 0;
	if (!types)
		return cd_fail_memory(p->cx);
	q->types = types;
	/* a type hint is a list of names with a colon behind */
	while (colon < p->rest.n && !strchr(":{}=!<>~;|()[].\"", p->rest.p[colon]))
		colon++;
	if (colon == p->rest.n || p->rest.p[colon] != ':')
		return CD_OK;
	cd_str hint = cd_str_of(p->rest.p, colon);
	p->rest = cd_str_skip(p->rest, colon + 1);
	while (!code && hint.p) {
		if (q->types_n == TYPES_MAX)
			return bad(p, "too many types");
		code = term_of(p, cd_str_cut(&hint, ','), &types[q->types_n++]);
	}
	return code;
}

/* A path down to its last brace. *ret_last is what the operator is said of; *ret_name its first name. */
static cd_code parse_path(
	struct parse *p, struct cd_q *q, bool *ret_unknown, struct cd_q **ret_last, cd_str *ret_name)
{
	cd_str name = take_name(p);
	*ret_last = q;
	*ret_name = name;
	if (!take(p, '{'))
		return parse_steps(p, q, name, ret_unknown);
	cd_term *step = CD_NEW(p->cx->arena, cd_term);
	q->child = cd_q_new(p->cx->arena, CD_Q_COMPARE);
	if (!step || !q->child)
		return cd_fail_memory(p->cx);
	if (++p->links > p->in->join_level)
		return bad(p, p->in->join_level ? "deeper than joinLevel"
						: "linked entities can only be asked for with join");
	q->kind = CD_Q_LINKED;
	q->path = (struct cd_q_path){.steps = step, .steps_n = 1};
	cd_code code = term_of(p, name, step);
	if (!code)
		code = parse_type_hint(p, q);
	if (!code)
		code = parse_path(p, q->child, ret_unknown, ret_last, ret_name);
	p->links--;
	*ret_unknown = *ret_unknown || !*step;
	return code ? code : take(p, '}') ? CD_OK : bad(p, "a brace is not closed");
}

static cd_code parse_predicate(struct parse *p, struct cd_q *q)
{
	struct cd_q *last;
	bool unknown = false;
	cd_str name;
	cd_code code = parse_path(p, q, &unknown, &last, &name);
	if (code)
		return code;
	last->op = parse_op(p);
	if (last->op == CD_OP_LIKE || last->op == CD_OP_UNLIKE)
		code = parse_pattern(p, last);
	else if (last->op != CD_OP_EXISTS)
		code = parse_values(p, last, listed(p->in->expand_values, name));
	if (!code && unknown) {
		q->kind = CD_Q_NEVER;
		q->path.steps_n = q->path.steps_n ? q->path.steps_n : 1;
	}
	return code;
}

static cd_code parse_item(struct parse *p, struct cd_q **ret)
{
	if (p->terms++ >= p->cx->set->query_terms)
		return cd_fail(p->cx, CD_E_TOO_COMPLEX, "q", "More than %llu terms and values",
			(unsigned long long)p->cx->set->query_terms);
	if (take(p, '(')) {
		if (++p->depth > NESTING_MAX)
			return cd_fail(p->cx, CD_E_TOO_COMPLEX, "q", "More than %d parentheses in each other",
				NESTING_MAX);
		cd_code code = parse_any(p, ret);
		p->depth--;
		return code ? code : take(p, ')') ? CD_OK : bad(p, "a parenthesis is not closed");
	}
	*ret = cd_q_new(p->cx->arena, CD_Q_COMPARE);
	return *ret ? parse_predicate(p, *ret) : cd_fail_memory(p->cx);
}

/* What has been parsed before an error may hold patterns: it hangs in *ret for cd_q_done in any case. */
static cd_code parse_list(struct parse *p, struct cd_q **ret, bool all)
{
	struct cd_q *list = cd_q_new(p->cx->arena, all ? CD_Q_AND : CD_Q_OR), **at;
	cd_code code = CD_OK;
	if (!list)
		return cd_fail_memory(p->cx);
	*ret = list;
	at = &list->child;
	do {
		code = all ? parse_item(p, at) : parse_list(p, at, true);
		at = *at ? &(*at)->next : at;
	} while (!code && take(p, all ? ';' : '|'));
	if (!code && list->child && !list->child->next)
		*ret = list->child; /* a list of one */
	return code;
}

static cd_code parse_any(struct parse *p, struct cd_q **ret)
{
	return parse_list(p, ret, false);
}

cd_code cd_q_path(const struct cd_q_parse *in, cd_str text, struct cd_q **ret)
{
	struct parse p = {.in = in, .cx = in->cx, .text = text, .rest = text};
	bool unknown = false;
	*ret = cd_q_new(in->cx->arena, CD_Q_COMPARE);
	if (!*ret)
		return cd_fail_memory(in->cx);
	if (!cd_utf8_valid(text))
		return bad(&p, "not UTF-8");
	cd_code code = parse_steps(&p, *ret, take_name(&p), &unknown);
	if (!code && p.rest.n)
		code = bad(&p, "nothing more is expected here");
	if (unknown)
		(*ret)->kind = CD_Q_NEVER;
	return code;
}

cd_code cd_q_text(const struct cd_q_parse *in, cd_str text, struct cd_q **ret)
{
	struct parse p = {.in = in, .cx = in->cx, .text = text, .rest = text};
	*ret = NULL;
	if (!cd_utf8_valid(text))
		return bad(&p, "not UTF-8");
	cd_code code = parse_any(&p, ret);
	if (!code && p.rest.n)
		code = bad(&p, "nothing more is expected here");
	if (code) {
		cd_q_done(*ret);
		*ret = NULL;
	}
	return code;
}
