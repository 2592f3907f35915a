#include "model/order.h"

#include "model/collate.h"
#include "model/query_int.h"

enum { KEYS_MAX = 32, TEXT_MAX = 4096 };

/* How mixed values ascend; what is absent comes last in either direction. */
enum rank {
	RANK_PLACE = 1, /* in an order by distance */
	RANK_NUMBER,
	RANK_STRING,
	RANK_OBJECT,
	RANK_ARRAY,
	RANK_BOOL,
	RANK_TIME,
	RANK_DATE,
	RANK_DATETIME,
	RANK_NULL,
	RANK_ABSENT = 0xff
};
enum what { BY_PATH, BY_ID, BY_TYPE, BY_SCOPE, BY_DISTANCE };

struct key {
	enum what what;
	bool down;
	struct cd_q *path; /* CD_Q_COMPARE that only exists: its path; of distances: the attribute */
	struct cd_geo_query *from;
};
struct cd_order {
	struct key keys[KEYS_MAX];
	unsigned n;
	struct cd_collator *collator;
	const struct cd_names *names;
};

/* ---- parsing ---- */

static cd_code bad(const struct cd_q_parse *p, const char *what)
{
	return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "orderBy", "%s", what);
}

static cd_code parse_distance(
	const struct cd_q_parse *p, const struct cd_order_text *in, cd_str name, struct key *k)
{
	struct cd_q_geo_text geo = {.georel = CD_STR("near;minDistance==1"),
		.geometry = in->geometry.n ? in->geometry : CD_STR("Point"),
		.coordinates = in->from,
		.property = name};
	if (!in->from.n)
		return cd_fail(p->cx, CD_E_BAD_REQUEST_DATA, "orderFrom",
			"An order by distance needs the place it begins at");
	struct cd_q *q = NULL;
	cd_code code = cd_q_geo(p, &geo, &q);
	k->what = BY_DISTANCE;
	k->path = q;
	k->from = q ? q->geo : NULL;
	return code;
}

static cd_code parse_direction(const struct cd_q_parse *p, cd_str word, struct key *k, bool *ret_distance)
{
	static const struct {
		cd_str word;
		bool down, distance;
	} words[] = {{CD_STR_INIT("asc"), false, false}, {CD_STR_INIT("desc"), true, false},
		{CD_STR_INIT("dist-asc"), false, true}, {CD_STR_INIT("dist-desc"), true, true}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!cd_str_eq(word, words[i].word))
			continue;
		k->down = words[i].down;
		*ret_distance = words[i].distance;
		return CD_OK;
	}
	return bad(p, "A direction is asc, desc, dist-asc or dist-desc");
}

static cd_code parse_key(
	const struct cd_q_parse *p, const struct cd_order_text *in, cd_str item, struct key *k)
{
	bool distance = false;
	cd_str rest = item, name = cd_str_cut(&rest, ';');
	cd_code code = rest.p ? parse_direction(p, rest, k, &distance) : CD_OK;
	if (code)
		return code;
	if (name.n == 0)
		return bad(p, "A name is missing");
	if (distance)
		return parse_distance(p, in, name, k);
	k->what = cd_str_eq(name, CD_STR("id"))      ? BY_ID
		  : cd_str_eq(name, CD_STR("type"))  ? BY_TYPE
		  : cd_str_eq(name, CD_STR("scope")) ? BY_SCOPE
						     : BY_PATH;
	if (k->what != BY_PATH)
		return CD_OK;
	code = cd_q_path(p, name, &k->path);
	if (!code)
		return CD_OK;
	cd_cx_clear(p->cx);
	return code == CD_E_NO_MEMORY ? cd_fail_memory(p->cx)
				      : bad(p, "Expected names of members, each perhaps with ;desc");
}

cd_code cd_order_parse(const struct cd_q_parse *p, const struct cd_order_text *in, struct cd_order **ret)
{
	struct cd_order *o = *ret = CD_NEW(p->cx->arena, struct cd_order);
	if (!o)
		return cd_fail_memory(p->cx);
	o->names = p->names;
	cd_code code = cd_collator_new(p->cx, in->collation, &o->collator);
	if (code == CD_E_INTERNAL &&
		!in->collation.p) { /* nobody asked for the library by name: by code points */
		cd_cx_clear(p->cx);
		code = CD_OK;
	}
	cd_str list = in->by;
	while (!code && list.p) {
		if (o->n == KEYS_MAX)
			return bad(p, "At most 32 members");
		code = parse_key(p, in, cd_str_cut(&list, ','), &o->keys[o->n++]);
	}
	return code;
}

void cd_order_done(struct cd_order *o)
{
	if (!o)
		return;
	for (unsigned i = 0; i < o->n; i++)
		cd_q_done(o->keys[i].path);
	cd_collator_free(o->collator);
	o->collator = NULL;
	o->n = 0;
}

bool cd_order_single(const struct cd_order *o, cd_term *ret_attribute, bool *ret_down)
{
	const struct key *k = &o->keys[0];
	if (o->n != 1 || k->what != BY_PATH || k->path->kind != CD_Q_COMPARE)
		return false;
	const struct cd_q_path *path = &k->path->path;
	if (path->steps_n != 1 || path->inside_n || path->member)
		return false;
	*ret_attribute = path->steps[0];
	*ret_down = k->down;
	return true;
}

bool cd_order_first(const struct cd_order *o, const struct cd_ent *e, struct cd_q_run *run,
	enum cd_value *ret_class, uint64_t *ret_key)
{
	struct cd_q_first first;
	if (!cd_q_first(o->keys[0].path, e, run, &first))
		return false;
	*ret_class = first.class;
	*ret_key = first.key;
	return true;
}

/* ---- keys ---- */

static void put_u64(struct cd_buf *b, uint64_t v)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		cd_buf_char(b, (char)(v >> shift));
}

static void put_rank(struct cd_buf *b, enum rank rank)
{
	cd_buf_char(b, (char)rank);
}

/* By code points; a zero ends it, so one inside counts as the next code. */
static void put_text(cd_str text, struct cd_buf *b)
{
	for (size_t i = 0; i < text.n; i++)
		cd_buf_char(b, (char)(text.p[i] + (text.p[i] == 0)));
	cd_buf_char(b, 0);
}

/* Long texts that begin alike stand in the order of creation. */
static cd_str beginning(cd_str text)
{
	size_t n = text.n < TEXT_MAX ? text.n : TEXT_MAX;
	while (n < text.n && n > 0 && (text.p[n] & 0xC0) == 0x80) /* not within a character */
		n--;
	return cd_str_of(text.p, n);
}

static void put_string(struct cd_order *o, cd_str text, struct cd_buf *b)
{
	put_rank(b, RANK_STRING);
	text = beginning(text);
	if (o->collator)
		cd_collator_key(o->collator, text, b);
	else
		put_text(text, b);
}

/* Does the text begin with the shape: 0 stands for a figure, all else for itself? */
static bool shaped(cd_str text, const char *shape)
{
	size_t n = strlen(shape);
	for (size_t i = 0; i < n && n <= text.n; i++)
		if (shape[i] == '0' ? text.p[i] < '0' || text.p[i] > '9' : text.p[i] != shape[i])
			return false;
	return n <= text.n;
}

/* Dates and times of day have ranks of their own [4.6.3]: YYYY-MM-DD, hh:mm:ss[.f]Z. Without its Z a time is
 * a prefix of the later ones of that second. */
static void put_text_or_time(struct cd_order *o, cd_str text, struct cd_buf *b)
{
	if (text.n == 10 && shaped(text, "0000-00-00")) {
		put_rank(b, RANK_DATE);
		put_text(text, b);
	} else if (text.n >= 9 && text.n <= 16 && shaped(text, "00:00:00") && text.p[text.n - 1] == 'Z') {
		put_rank(b, RANK_TIME);
		put_text(cd_str_of(text.p, text.n - 1), b);
	} else {
		put_string(o, text, b);
	}
}

static void put_seen(struct cd_order *o, const struct cd_q_first *v, struct cd_buf *b)
{
	switch (v->class) {
	case CD_V_NUMBER:
		put_rank(b, RANK_NUMBER);
		put_u64(b, v->key);
		break;
	case CD_V_STRING:
	case CD_V_URI:
		put_text_or_time(o, v->text, b);
		break;
	case CD_V_BOOL:
		put_rank(b, RANK_BOOL);
		put_u64(b, v->key);
		break;
	case CD_V_DATETIME:
		put_rank(b, RANK_DATETIME);
		put_u64(b, v->key);
		break;
	case CD_V_ARRAY:
		put_rank(b, RANK_ARRAY);
		break;
	case CD_V_OBJECT:
		put_rank(b, RANK_OBJECT);
		break;
	default:
		put_rank(b, RANK_NULL);
		break;
	}
}

/* Negative: there is no place. */
static double metres_to(const struct key *k, const struct cd_ent *e, struct cd_q_run *run)
{
	struct cd_box box;
	const struct cd_node *n = k->path->kind == CD_Q_GEO ? cd_nodes_instance(e, cd_ent_nodes(e), e->tops,
								      k->path->term, CD_STR(""))
							    : NULL;
	cd_str packed =
		n && n->kind == CD_GEO_PROPERTY ? cd_node_meta(e, n, CD_META_BOX) : cd_str_of(NULL, 0);
	if (packed.n != sizeof box || !cd_node_alive(e, n, run->now))
		return -1;
	memcpy(&box, packed.p, sizeof box);
	return cd_geo_query_distance(k->from, cd_node_value(e, n), &box);
}

/* What is no place comes behind all places, by value. [4.23.2] */
static void put_distance(struct cd_order *o, const struct key *k, const struct cd_ent *e,
	struct cd_q_run *run, struct cd_buf *b)
{
	struct cd_q value = {
		.kind = CD_Q_COMPARE, .op = CD_OP_EQ, .path = {.steps = &k->path->term, .steps_n = 1}};
	struct cd_q_first first;
	double metres = metres_to(k, e, run);
	if (metres >= 0) {
		put_rank(b, RANK_PLACE);
		put_u64(b, cd_key_of_double(metres));
	} else if (k->path->kind == CD_Q_GEO && cd_q_first(&value, e, run, &first)) {
		put_seen(o, &first, b);
	} else {
		put_rank(b, RANK_ABSENT);
	}
}

static void put_key(struct cd_order *o, const struct key *k, const struct cd_ent *e, struct cd_q_run *run,
	struct cd_buf *b)
{
	struct cd_q_first first;
	switch (k->what) {
	case BY_ID:
		put_string(o, cd_ent_id(e), b);
		break;
	case BY_TYPE:
		put_string(o, e->types ? cd_names_text(o->names, cd_ent_types(e)[0]) : CD_STR(""), b);
		break;
	case BY_SCOPE:
		if (e->scopes)
			put_string(o, cd_ent_at(e, cd_ent_scopes(e)[0]), b);
		else
			put_rank(b, RANK_ABSENT);
		break;
	case BY_DISTANCE:
		put_distance(o, k, e, run, b);
		break;
	case BY_PATH:
		if (k->path->kind == CD_Q_COMPARE && cd_q_first(k->path, e, run, &first))
			put_seen(o, &first, b);
		else
			put_rank(b, RANK_ABSENT);
		break;
	}
}

struct cd_q *cd_order_around(struct cd_order *o, double metres, cd_term *ret_attribute)
{
	const struct key *k = &o->keys[0];
	if (o->n != 1 || k->what != BY_DISTANCE || k->down || k->path->kind != CD_Q_GEO)
		return NULL;
	cd_geo_query_reach(k->from, metres);
	*ret_attribute = k->path->term;
	return k->path;
}

double cd_order_metres(struct cd_order *o, const struct cd_ent *e, struct cd_q_run *run)
{
	return metres_to(&o->keys[0], e, run);
}

void cd_order_key(struct cd_order *o, const struct cd_ent *e, struct cd_q_run *run, struct cd_buf *b)
{
	for (unsigned i = 0; i < o->n; i++) {
		size_t from = b->n;
		put_key(o, &o->keys[i], e, run, b);
		if (b->bad || !o->keys[i].down || (unsigned char)b->p[from] == RANK_ABSENT)
			continue;
		/* the farthest first: what is no place stays behind, as it is */
		bool distance = o->keys[i].what == BY_DISTANCE;
		if (distance && b->p[from] != RANK_PLACE)
			continue;
		for (size_t k = from + distance; k < b->n; k++)
			b->p[k] = (char)~b->p[k];
	}
	put_u64(b, e->number);
}
