/*
 * The evaluator. [CIM 009 4.9]
 *
 * A path leads to things seen: a number, a string, a time, or only "there is something". Packed values mostly
 * answer with the class and key in their node; arrays, language maps and compound values are read from their
 * JSON text. What is said of several instances, or items of an array: equal means one is, unequal means none
 * is, but something is there. Order and patterns hold for one; nothing of another class is ever less or
 * greater.
 */
#include "model/query_int.h"

/* ---- one entity after the other ---- */

void cd_q_run_init(struct cd_q_run *run, const struct cd_cx *cx)
{
	*run = (struct cd_q_run){.now = cx->now, .followed_max = cx->set->linked_max};
	cd_arena_init(&run->scratch, cx->set->request_memory);
}

void cd_q_run_done(struct cd_q_run *run)
{
	cd_arena_done(&run->scratch);
}

static struct cd_json *parsed(struct cd_q_run *run, cd_str text)
{
	struct cd_settings set;
	struct cd_cx cx;
	struct cd_json *v;
	cd_settings_init(&set); /* stored text is sound: the bounds were those of the write */
	set.json_depth = 512;
	cd_cx_init(&cx, &run->scratch, &set);
	if (!cd_json_parse_copy(&cx, text, &v))
		return v;
	run->bad = CD_E_NO_MEMORY;
	return NULL;
}

/* ---- what is seen ---- */

struct seen {
	enum cd_value class; /* BOOL, NUMBER, STRING, DATETIME; others only exist */
	uint64_t key;
	cd_str text; /* of a string, unescaped; of a DateTime, its text */
	bool item;   /* of an array: no order */
};

struct look {
	const struct cd_q *q;
	const struct cd_ent *e;
	struct cd_q_run *run;
	struct cd_q_first *first; /* NULL unless only the first thing is wanted */
	bool any;                 /* something was seen */
	bool equal;               /* one that equals a value of the query */
	bool holds;               /* one for which the operator holds */
};

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* False: they are of different classes. Times compare with times, also with quoted ones. */
static bool comparable(const struct seen *s, const struct cd_q_literal *l, int *ret)
{
	bool time = l->class == CD_V_DATETIME || (l->class == CD_V_STRING && l->dated);
	if (s->class == CD_V_DATETIME || time) {
		*ret = order(s->key, l->time);
		return s->class == CD_V_DATETIME && time;
	}
	if (s->class != l->class)
		return false;
	*ret = order(s->key, l->key);
	if (s->class == CD_V_STRING && *ret == 0)
		*ret = cd_str_cmp(s->text, l->text);
	return s->class == CD_V_STRING || s->class == CD_V_NUMBER || s->class == CD_V_BOOL;
}

static bool matches(const struct seen *s, const struct cd_q_value *v)
{
	int low, high;
	if (!comparable(s, &v->from, &low))
		return false;
	if (!v->range)
		return low == 0;
	return low >= 0 && comparable(s, &v->to, &high) && high <= 0;
}

static bool like(struct look *l, const struct seen *s)
{
	if (s->class != CD_V_STRING && s->class != CD_V_DATETIME)
		return false;
	enum cd_tri t = cd_pattern_search(l->q->pattern, s->text);
	if (t == CD_UNKNOWN) {
		l->run->bad = CD_E_TOO_COMPLEX;
		l->run->where = "q";
	}
	return (t == CD_TRUE) == (l->q->op == CD_OP_LIKE);
}

static bool ordered(struct look *l, const struct seen *s)
{
	int c;
	if (s->item || s->class == CD_V_BOOL || !comparable(s, &l->q->values->from, &c))
		return false;
	switch (l->q->op) {
	case CD_OP_GT:
		return c > 0;
	case CD_OP_GE:
		return c >= 0;
	case CD_OP_LT:
		return c < 0;
	default:
		return c <= 0;
	}
}

static void see(struct look *l, const struct seen *s)
{
	if (l->first && !l->any)
		*l->first = (struct cd_q_first){s->class, s->key, s->text};
	l->any = true;
	if (l->q->op == CD_OP_EQ || l->q->op == CD_OP_NE) {
		for (const struct cd_q_value *v = l->q->values; v && !l->equal; v = v->next)
			l->equal = matches(s, v);
	} else if (l->q->op == CD_OP_LIKE || l->q->op == CD_OP_UNLIKE) {
		l->holds = l->holds || like(l, s);
	} else if (l->q->op != CD_OP_EXISTS) {
		l->holds = l->holds || ordered(l, s);
	}
}

static void see_something(struct look *l)
{
	see(l, &(struct seen){.class = CD_V_NONE});
}

static void see_stamp(struct look *l, cd_stamp stamp)
{
	char text[CD_STAMP_TEXT_MAX];
	if (stamp == CD_STAMP_NONE)
		return;
	struct seen s = {
		.class = CD_V_DATETIME, .key = cd_key_of_time(cd_stamp_us(stamp)), .text = CD_STR("")};
	if (l->q->op == CD_OP_LIKE || l->q->op == CD_OP_UNLIKE) /* nobody else reads the text */
		s.text = cd_str_of(text, cd_stamp_print(stamp, text));
	see(l, &s);
}

static void see_string(struct look *l, cd_str text, bool item)
{
	cd_stamp stamp;
	struct seen s = {.class = CD_V_STRING, .text = text, .item = item};
	if (cd_stamp_parse(text, &stamp)) {
		s.class = CD_V_DATETIME;
		s.key = cd_key_of_time(cd_stamp_us(stamp));
	} else {
		s.key = cd_key_of_string(text);
	}
	see(l, &s);
}

/* ---- JSON values ---- */

/* An order has a place for arrays, objects and null as such; a filter looks into them. [4.23] */
static bool see_class(struct look *l, const struct cd_json *v)
{
	enum cd_value class = v->kind == CD_JSON_ARRAY                                         ? CD_V_ARRAY
			      : v->kind == CD_JSON_NULL                                        ? CD_V_NULL
			      : v->kind == CD_JSON_OBJECT && !cd_json_get(v, CD_STR("@value")) ? CD_V_OBJECT
											       : CD_V_NONE;
	if (class != CD_V_NONE)
		see(l, &(struct seen){.class = class});
	return class != CD_V_NONE;
}

static void see_json(struct look *l, const struct cd_json *v, bool item)
{
	if (l->first && see_class(l, v))
		return;
	switch (v->kind) {
	case CD_JSON_NULL:
		break;
	case CD_JSON_TRUE:
	case CD_JSON_FALSE:
		see(l, &(struct seen){.class = CD_V_BOOL, .key = v->kind == CD_JSON_TRUE, .item = item});
		break;
	case CD_JSON_NUMBER:
		see(l, &(struct seen){.class = CD_V_NUMBER,
			       .key = cd_key_of_double(cd_json_number(v->text)),
			       .item = item});
		break;
	case CD_JSON_STRING:
		see_string(l, v->text, item);
		break;
	case CD_JSON_ARRAY:
		if (!v->child)
			see_something(l);
		for (const struct cd_json *c = v->child; c; c = c->next)
			see_json(l, c, true);
		break;
	case CD_JSON_OBJECT: {
		/* a typed value is its value */
		const struct cd_json *inner = cd_json_get(v, CD_STR("@value"));
		if (inner)
			see_json(l, inner, item);
		else
			see_something(l);
		break;
	}
	}
}

/* [x.y] through objects; arrays on the way stand for each of their items. */
static void walk_json(struct look *l, const struct cd_json *v, unsigned i, bool item)
{
	const struct cd_q_path *path = &l->q->path;
	if (i == path->inside_n) {
		see_json(l, v, item);
		return;
	}
	if (v->kind == CD_JSON_ARRAY)
		for (const struct cd_json *c = v->child; c; c = c->next)
			walk_json(l, c, i, true);
	const struct cd_json *next = cd_json_get(v, path->inside[i]);
	if (next)
		walk_json(l, next, i + 1, item);
}

/* [en], [*] of a language map. */
static void walk_languages(struct look *l, const struct cd_json *map)
{
	const struct cd_q_path *path = &l->q->path;
	bool any = cd_str_eq(path->inside[0], CD_STR("*"));
	for (const struct cd_json *m = map->child; m && path->inside_n == 1; m = m->next)
		if (any || cd_str_eq(m->key, path->inside[0]))
			see_json(l, m, false);
}

/* ---- packed values ---- */

static bool takes_operator(const struct cd_node *n, enum cd_q_op op)
{
	bool equality = op == CD_OP_EQ || op == CD_OP_NE || op == CD_OP_EXISTS;
	bool names =
		n->kind == CD_RELATIONSHIP || n->kind == CD_LIST_RELATIONSHIP || n->kind == CD_VOCAB_PROPERTY;
	return !names || equality;
}

static void see_packed(struct look *l, const struct cd_node *n)
{
	cd_str text = cd_node_value(l->e, n);
	struct seen s = {.class = (enum cd_value)n->value_class, .key = n->key};
	switch (n->value_class) {
	case CD_V_BOOL:
	case CD_V_NUMBER:
		see(l, &s);
		return;
	case CD_V_STRING:
	case CD_V_URI:
	case CD_V_DATETIME:
		if (text.n && text.p[0] == '"') {
			s.class = n->value_class == CD_V_URI ? CD_V_STRING : s.class;
			s.text = cd_json_unquote(&l->run->scratch, text);
			see(l, &s);
			return;
		}
		break;
	default:
		break;
	}
	const struct cd_json *v = parsed(l->run, text);
	if (v)
		see_json(l, v, false);
}

static void see_value(struct look *l, const struct cd_node *n)
{
	bool language = n->kind == CD_LANGUAGE_PROPERTY, inside = l->q->path.inside_n > 0;
	if (l->q->op == CD_OP_EXISTS && !inside) {
		see_something(l);
		return;
	}
	if (!takes_operator(n, l->q->op) || n->kind == CD_GEO_PROPERTY || (language && !inside)) {
		if (l->q->op == CD_OP_EXISTS)
			see_something(l);
		else if (l->first) /* a geometry, or a map of languages */
			see(l, &(struct seen){.class = CD_V_OBJECT});
		return;
	}
	if (!inside) {
		see_packed(l, n);
		return;
	}
	const struct cd_json *v = parsed(l->run, cd_node_value(l->e, n));
	if (v && language)
		walk_languages(l, v);
	else if (v)
		walk_json(l, v, 0, false);
}

static void see_meta(struct look *l, const struct cd_node *n, enum cd_meta tag)
{
	cd_str text = cd_node_meta(l->e, n, tag);
	if (!text.p)
		return;
	if (tag == CD_META_DATASET) {
		see_string(l, text, false);
		return;
	}
	const struct cd_json *v = parsed(l->run, text);
	if (v)
		see_json(l, v, false);
}

static void see_member(struct look *l, const struct cd_node *n)
{
	switch (l->q->path.member) {
	case CD_MEMBER_NONE:
		see_value(l, n);
		break;
	case CD_MEMBER_OBSERVED:
		see_stamp(l, cd_ent_stamp(l->e, n->observed));
		break;
	case CD_MEMBER_CREATED:
		see_stamp(l, cd_ent_stamp(l->e, n->created));
		break;
	case CD_MEMBER_MODIFIED:
		see_stamp(l, cd_ent_stamp(l->e, n->modified));
		break;
	case CD_MEMBER_EXPIRES:
		see_stamp(l, cd_ent_stamp(l->e, n->expires));
		break;
	case CD_MEMBER_UNIT:
		see_meta(l, n, CD_META_UNIT);
		break;
	case CD_MEMBER_DATASET:
		see_meta(l, n, CD_META_DATASET);
		break;
	}
}

static void see_entity_member(struct look *l)
{
	const struct cd_ent *e = l->e;
	if (l->q->path.member == CD_MEMBER_CREATED)
		see_stamp(l, e->created);
	else if (l->q->path.member == CD_MEMBER_MODIFIED)
		see_stamp(l, e->modified);
	else if (l->q->path.member == CD_MEMBER_EXPIRES)
		see_stamp(l, e->expires);
}

static void walk(struct look *l, const struct cd_node *nodes, uint32_t n, unsigned step)
{
	const struct cd_q_path *path = &l->q->path;
	const struct cd_node *at;
	uint32_t count = cd_nodes_find(nodes, n, path->steps[step], &at);
	for (uint32_t i = 0; i < count; i++) {
		if (!cd_node_alive(l->e, &at[i], l->run->now))
			continue;
		if (step + 1u < path->steps_n)
			walk(l, cd_ent_nodes(l->e) + at[i].child, at[i].children, step + 1);
		else
			see_member(l, &at[i]);
	}
}

bool cd_q_first(const struct cd_q *q, const struct cd_ent *e, struct cd_q_run *run, struct cd_q_first *ret)
{
	/* any operator that looks at values */
	struct cd_q path = {.kind = CD_Q_COMPARE, .op = CD_OP_EQ, .path = q->path};
	struct look l = {.q = &path, .e = e, .run = run, .first = ret};
	ret->class = CD_V_NONE;
	if (path.path.steps_n)
		walk(&l, cd_ent_nodes(e), e->tops, 0);
	else
		see_entity_member(&l);
	if (l.any)
		ret->text = cd_arena_copy(&run->scratch, ret->text);
	return l.any;
}

static enum cd_tri compare(const struct cd_q *q, const struct cd_ent *e, struct cd_q_run *run)
{
	struct look l = {.q = q, .e = e, .run = run};
	if (q->path.steps_n)
		walk(&l, cd_ent_nodes(e), e->tops, 0);
	else
		see_entity_member(&l);
	bool yes = q->op == CD_OP_EXISTS ? l.any
		   : q->op == CD_OP_EQ   ? l.equal
		   : q->op == CD_OP_NE   ? l.any && !l.equal
					 : l.holds;
	return yes ? CD_TRUE : CD_FALSE;
}

/* ---- linked entities ---- */

static bool linked_type(const struct cd_q *q, const struct cd_ent *target)
{
	for (uint32_t i = 0; i < q->types_n; i++)
		if (cd_ent_has_type(target, q->types[i]))
			return true;
	return q->types_n == 0;
}

/* Few entities may lie on a great many ways: whoever takes too many gets no answer. */
static bool linked_one(const struct cd_q *q, cd_str id, struct cd_q_run *run)
{
	if (run->followed++ >= run->followed_max) {
		run->bad = CD_E_TOO_COMPLEX;
		run->where = "q";
	}
	if (run->bad)
		return false;
	const struct cd_ent *target = run->fetch ? run->fetch(run->arg, id) : NULL;
	return target && linked_type(q, target) && cd_q_eval(q->child, target, run) == CD_TRUE;
}

static bool linked_node(
	const struct cd_q *q, const struct cd_ent *e, const struct cd_node *n, struct cd_q_run *run)
{
	const struct cd_json *v = parsed(run, cd_node_value(e, n));
	if (v && v->kind == CD_JSON_STRING)
		return linked_one(q, v->text, run);
	for (const struct cd_json *c = v ? v->child : NULL; c; c = c->next)
		if (c->kind == CD_JSON_STRING && linked_one(q, c->text, run))
			return true;
	return false;
}

static enum cd_tri linked(const struct cd_q *q, const struct cd_ent *e, struct cd_q_run *run)
{
	const struct cd_node *at;
	uint32_t n = cd_nodes_find(cd_ent_nodes(e), e->tops, q->path.steps[0], &at);
	bool holds = false;
	if (run->hops++ == 0)
		run->followed = 0;
	for (uint32_t i = 0; i < n && !holds; i++) {
		bool relationship = at[i].kind == CD_RELATIONSHIP || at[i].kind == CD_LIST_RELATIONSHIP;
		holds = relationship && cd_node_alive(e, &at[i], run->now) && linked_node(q, e, &at[i], run);
	}
	run->hops--;
	return holds ? CD_TRUE : CD_FALSE;
}

/* ---- the rest ---- */

static enum cd_tri has(const struct cd_q *q, const struct cd_ent *e, struct cd_q_run *run)
{
	const struct cd_node *at;
	uint32_t n = cd_nodes_find(cd_ent_nodes(e), e->tops, q->term, &at);
	for (uint32_t i = 0; i < n; i++)
		if (cd_node_alive(e, &at[i], run->now))
			return CD_TRUE;
	return CD_FALSE;
}

static bool scope_matches(cd_str pattern, cd_str scope)
{
	if (scope.n && scope.p[0] == '/')
		scope = cd_str_skip(scope, 1);
	while (pattern.p) {
		cd_str want = cd_str_cut(&pattern, '/');
		if (cd_str_eq(want, CD_STR("#")))
			return true; /* what lies below, and the scope itself */
		if (!scope.p)
			return false;
		cd_str level = cd_str_cut(&scope, '/');
		bool one = cd_str_eq(want, CD_STR("+")) || cd_str_eq(want, CD_STR(" "));
		if (!one && !cd_str_eq(want, level))
			return false;
	}
	return !scope.p;
}

static enum cd_tri scoped(const struct cd_q *q, const struct cd_ent *e)
{
	const struct cd_ref *scopes = cd_ent_scopes(e);
	for (unsigned i = 0; i < e->scopes; i++)
		if (scope_matches(q->text, cd_ent_at(e, scopes[i])))
			return CD_TRUE;
	return CD_FALSE;
}

static enum cd_tri located(const struct cd_q *q, const struct cd_ent *e, struct cd_q_run *run)
{
	const struct cd_node *at;
	uint32_t n = cd_nodes_find(cd_ent_nodes(e), e->tops, q->term, &at);
	for (uint32_t i = 0; i < n; i++) {
		struct cd_box box;
		cd_str packed = at[i].kind == CD_GEO_PROPERTY ? cd_node_meta(e, &at[i], CD_META_BOX)
							      : cd_str_of(NULL, 0);
		if (packed.n != sizeof box || !cd_node_alive(e, &at[i], run->now))
			continue;
		memcpy(&box, packed.p, sizeof box);
		if (cd_geo_query_holds(q->geo, cd_node_value(e, &at[i]), &box))
			return CD_TRUE;
	}
	return CD_FALSE;
}

static enum cd_tri id_like(const struct cd_q *q, const struct cd_ent *e, struct cd_q_run *run)
{
	enum cd_tri t = cd_pattern_search(q->pattern, cd_ent_id(e));
	if (t == CD_UNKNOWN) {
		run->bad = CD_E_TOO_COMPLEX;
		run->where = "idPattern";
	}
	return t;
}

static enum cd_tri all(const struct cd_q *q, const struct cd_ent *e, struct cd_q_run *run)
{
	enum cd_tri least = CD_TRUE;
	for (const struct cd_q *c = q->child; c && least != CD_FALSE; c = c->next) {
		enum cd_tri t = cd_q_eval(c, e, run);
		least = t < least ? t : least;
	}
	return least;
}

static enum cd_tri any(const struct cd_q *q, const struct cd_ent *e, struct cd_q_run *run)
{
	enum cd_tri most = CD_FALSE;
	for (const struct cd_q *c = q->child; c && most != CD_TRUE; c = c->next) {
		enum cd_tri t = cd_q_eval(c, e, run);
		most = t > most ? t : most;
	}
	return most;
}

enum cd_tri cd_q_eval(const struct cd_q *q, const struct cd_ent *e, struct cd_q_run *run)
{
	switch (q->kind) {
	case CD_Q_ALWAYS:
		return CD_TRUE;
	case CD_Q_NEVER:
		return CD_FALSE;
	case CD_Q_AND:
		return all(q, e, run);
	case CD_Q_OR:
		return any(q, e, run);
	case CD_Q_TYPE:
		return cd_ent_has_type(e, q->term) ? CD_TRUE : CD_FALSE;
	case CD_Q_ID:
		return cd_str_eq(cd_ent_id(e), q->text) ? CD_TRUE : CD_FALSE;
	case CD_Q_PATTERN:
		return id_like(q, e, run);
	case CD_Q_SCOPE:
		return scoped(q, e);
	case CD_Q_HAS:
		return has(q, e, run);
	case CD_Q_COMPARE:
		return compare(q, e, run);
	case CD_Q_GEO:
		return located(q, e, run);
	case CD_Q_LINKED:
		return linked(q, e, run);
	}
	return CD_FALSE;
}
