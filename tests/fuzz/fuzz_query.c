/*
 * Any bytes as one of the little languages of a query: q, types, scopes, ids, patterns, geometries, members,
 * order, languages. What is taken is evaluated on an entity that has something of everything, twice with one
 * outcome; what is refused is refused in words.
 *
 * The input: one byte for the language, then the text; lines of it where a language has several parameters.
 */
#include "model/order.h"
#include "place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
	"{\"id\":\"urn:a:1\",\"type\":[\"T\",\"U\"],\"scope\":[\"/a/b\",\"/c\"],"
	"\"n\":{\"type\":\"Property\",\"value\":12.5,\"unitCode\":\"C62\",\"observedAt\":\"2020-01-01T00:00:"
	"00Z\","
	"\"sub\":{\"type\":\"Property\",\"value\":true,\"deep\":{\"type\":\"Property\",\"value\":1}}},"
	"\"s\":\"a "
	"text\",\"t\":{\"type\":\"Property\",\"value\":{\"@type\":\"DateTime\",\"@value\":\"2021-02-03T04:05:"
	"06Z\"}},"
	"\"o\":{\"type\":\"Property\",\"value\":{\"x\":[1,2,{\"y\":\"z\"}],\"k\":null}},\"l\":[1,\"two\",3],"
	"\"r\":{\"type\":\"Relationship\",\"object\":\"urn:a:1\"},"
	"\"g\":{\"type\":\"GeoProperty\",\"value\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[2,2],"
	"[0,0]]]}},"
	"\"m\":{\"type\":\"LanguageProperty\",\"languageMap\":{\"de\":\"eins\",\"en\":[\"one\",\"1\"]}},"
	"\"v\":{\"type\":\"VocabProperty\",\"vocab\":[\"A\",\"B\"]},"
	"\"j\":{\"type\":\"JsonProperty\",\"json\":{\"a\":{\"b\":1}}},"
	"\"q\":{\"type\":\"ListProperty\",\"valueList\":[1,2]}}";

static const struct cd_ent *entity;

static const struct cd_ent *fetch(void *arg, cd_str id)
{
	(void)arg;
	return cd_str_eq(id, cd_ent_id(entity)) ? entity : NULL;
}

static void make_entity(struct place *p)
{
	static struct cd_arena arena;
	struct cd_cx cx;
	struct cd_json *json;
	struct cd_applied a;
	cd_arena_init(&arena, 1 << 24);
	cd_cx_init(&cx, &arena, &p->set);
	cx.now = 1700000000000000;
	must_hold(!cd_json_parse_copy(&cx, cd_str_z(text), &json));
	const struct cd_ent *frag = place_read(p, &cx, CD_BODY_ENTITY, json, NULL);
	must_hold(frag != NULL);
	const struct cd_change c = {
		.verb = CD_VERB_CREATE, .id = cd_ent_id(frag), .frag = frag, .observed = CD_STAMP_NONE};
	must_hold(!cd_ent_apply(&cx, NULL, 1, 1, &c, &a) && a.block);
	entity = a.block;
}

static void evaluate(struct cd_cx *cx, struct cd_q *q)
{
	struct cd_q_run run;
	enum cd_tri seen[2];
	for (int i = 0; i < 2; i++) {
		cd_q_run_init(&run, cx);
		run.fetch = fetch;
		seen[i] = cd_q_eval(q, entity, &run);
		must_hold(!run.bad || run.bad == CD_E_TOO_COMPLEX);
		cd_q_run_done(&run);
	}
	must_hold(seen[0] == seen[1] && seen[0] <= CD_TRUE);
}

static cd_code order(struct cd_cx *cx, const struct cd_q_parse *parse, cd_str rest)
{
	struct cd_order_text t = {.by = cd_str_cut(&rest, '\n')};
	struct cd_order *o = NULL;
	struct cd_q_run run;
	struct cd_buf keys[2];
	t.collation = rest.p ? cd_str_cut(&rest, '\n') : rest;
	t.from = rest.p ? cd_str_cut(&rest, '\n') : rest;
	t.geometry = rest.p ? rest : cd_str_of(NULL, 0);
	t.collation = t.collation.n ? t.collation : cd_str_of(NULL, 0);
	t.from = t.from.n ? t.from : cd_str_of(NULL, 0);
	cd_code code = cd_order_parse(parse, &t, &o);
	for (int i = 0; !code && i < 2; i++) {
		cd_q_run_init(&run, cx);
		run.fetch = fetch;
		cd_buf_init(&keys[i], 1 << 20);
		cd_order_key(o, entity, &run, &keys[i]);
		cd_q_run_done(&run);
	}
	if (!code) {
		must_hold(cd_str_eq(cd_buf_str(&keys[0]), cd_buf_str(&keys[1])));
		cd_buf_done(&keys[0]);
		cd_buf_done(&keys[1]);
	}
	cd_order_done(o);
	return code;
}

static cd_code members(struct cd_cx *cx, const struct place *p, cd_str list)
{
	struct cd_pick *pick = NULL;
	struct cd_buf b;
	struct cd_json *json;
	cd_code code = cd_pick_parse(cx, p->ctx, p->names, "pick", list, 3, &pick);
	const struct cd_join join = {.how = CD_JOIN_INLINE, .level = 3, .fetch = fetch};
	const struct cd_out out = {.ctx = p->ctx, .names = p->names, .pick = pick, .join = &join};
	if (code)
		return code;
	(void)cd_pick_overlap(pick, pick);
	cd_buf_init(&b, 1 << 24);
	cd_repr_out(&b, cx->arena, &out, entity);
	must_hold(!b.bad && !cd_json_parse_copy(cx, cd_buf_str(&b), &json));
	cd_buf_done(&b);
	return CD_OK;
}

static cd_code geometry(const struct cd_q_parse *parse, cd_str rest, struct cd_q **ret)
{
	struct cd_q_geo_text t = {.georel = cd_str_cut(&rest, '\n'), .property = CD_STR("g")};
	t.geometry = rest.p ? cd_str_cut(&rest, '\n') : CD_STR("");
	t.coordinates = rest.p ? rest : CD_STR("");
	return cd_q_geo(parse, &t, ret);
}

static cd_code languages(struct cd_cx *cx, const struct place *p, cd_str list)
{
	struct cd_langs langs;
	struct cd_buf b;
	cd_code code = cd_langs_parse(cx, list, &langs);
	const struct cd_out out = {.ctx = p->ctx, .names = p->names, .langs = &langs};
	if (code)
		return code;
	cd_buf_init(&b, 1 << 24);
	cd_repr_out(&b, cx->arena, &out, entity);
	must_hold(!b.bad);
	cd_buf_done(&b);
	return CD_OK;
}

static cd_code parse(struct cd_cx *cx, struct place *p, unsigned which, cd_str s, struct cd_q **ret)
{
	const struct cd_q_parse in = {.cx = cx,
		.ctx = p->ctx,
		.names = p->names,
		.expand_values = CD_STR("v,s"),
		.join_level = which == 1 ? 3 : 0};
	switch (which) {
	case 0:
	case 1:
		return cd_q_text(&in, s, ret);
	case 2:
		return cd_q_types(cx, p->ctx, p->names, s, ret);
	case 3:
		return cd_q_scope(cx, s, ret);
	case 4:
		return cd_q_id_pattern(cx, s, ret);
	case 5:
		return cd_q_ids(cx, s, ret);
	case 6:
		return cd_q_has(&in, s, ret);
	case 7:
		return geometry(&in, s, ret);
	case 8:
		return order(cx, &in, s);
	case 9:
		return members(cx, p, s);
	default:
		return languages(cx, p, s);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_q *q = NULL;
	if (size < 1 || size > 5000)
		return 0;
	struct place *p = place_get();
	if (!entity)
		make_entity(p);
	cd_arena_init(&arena, 64 << 20);
	cd_cx_init(&cx, &arena, &p->set);
	cx.now = 1700000000000000;
	cd_code code = parse(&cx, p, data[0] % 11, cd_str_of((const char *)data + 1, size - 1), &q);
	must_hold(!code || (cx.err.code == code && cx.err.detail));
	if (!code && q)
		evaluate(&cx, q);
	cd_q_done(q);
	cd_arena_done(&arena);
	return 0;
}
