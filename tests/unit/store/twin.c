#include "twin.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/value_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

void twin_remove(const char *folder)
{
	char line[512];
	snprintf(line, sizeof line, "rm -rf '%s'", folder);
	assert_int_equal(system(line), 0);
}

void twin_init(struct twin *t)
{
	memset(t, 0, sizeof *t);
	const char *tmp = getenv("TMPDIR");
	snprintf(t->folder, sizeof t->folder, "%s/cardo-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(t->folder));
	assert_int_equal(rmdir(t->folder), 0); /* the store makes it */
	cd_settings_init(&t->set);
	t->set.data = t->folder;
	t->set.segment_bytes = 1 << 20;
	t->set.checkpoint_map = 1ull << 30;
	t->set.durability = "os"; /* power cuts are simulated elsewhere */
	t->fs = cd_fs_new();
	t->now = 1700000000000000;
	cd_arena_init(&t->arena, 1ull << 32);
}

void twin_done(struct twin *t)
{
	twin_close(t);
	cd_arena_done(&t->arena);
	cd_fs_free(t->fs);
	twin_remove(t->folder);
}

static void post(void *arg, struct cd_job *done)
{
	struct twin *t = arg;
	t->done = done;
	t->posts++;
}

cd_code twin_open(struct twin *t)
{
	const struct cd_store_config conf = {
		.set = &t->set,
		.fs = t->fs,
		.metrics = &t->metrics,
		.participants = t->participants,
		.threads = t->threads,
	};
	cd_cx_init(&t->cx, &t->arena, &t->set);
	t->store = NULL;
	cd_code code = cd_store_open(&t->cx, &conf, &t->store);
	if (code)
		return code;
	t->queue = cd_queue_new(t->store, post, t);
	t->reader = cd_reader_new(t->store);
	assert_non_null(t->queue);
	assert_non_null(t->reader);
	return CD_OK;
}

void twin_close(struct twin *t)
{
	if (!t->store)
		return;
	cd_reader_free(t->reader);
	cd_queue_free(t->queue);
	cd_store_close(t->store);
	t->store = NULL;
}

void twin_reopen(struct twin *t)
{
	twin_close(t);
	cd_code code = twin_open(t);
	if (code)
		print_error("open: %s\n", t->cx.err.detail);
	assert_int_equal(code, CD_OK);
}

/* ---- fragments ---- */

static cd_term name_of(struct twin *t, struct twin_frag *f, const char *name)
{
	cd_term term = cd_names_find(cd_store_names(t->store), cd_str_z(name));
	if (term)
		return term;
	f->names[f->names_n] = cd_str_z(name);
	return CD_TERM_LOCAL | f->names_n++;
}

static struct cd_loose *property(struct twin *t, cd_term term, cd_str text, enum cd_value class, uint64_t key)
{
	struct cd_loose *l = cd_loose_new(&t->arena, term, CD_PROPERTY);
	l->value_class = (uint8_t) class;
	l->value = text;
	l->key = key;
	return l;
}

struct twin_frag twin_fragment(struct twin *t, const char *id, const char *type, int value, size_t bulk)
{
	struct twin_frag f = {0};
	struct cd_loose_ent e;
	struct cd_ent *packed = NULL;
	cd_cx_init(&t->cx, &t->arena, &t->set);
	cd_loose_ent_init(&e);
	cd_term types[1];
	e.id = cd_str_z(id);
	e.flags = CD_ENT_FRAGMENT;
	if (type) {
		types[0] = name_of(t, &f, type);
		e.types = types;
		e.types_n = 1;
	}
	e.child = property(t, name_of(t, &f, "https://example.org/value"),
		cd_arena_printf(&t->arena, "%d", value), CD_V_NUMBER, cd_key_of_double(value));
	if (bulk) {
		char *text = cd_arena_alloc(&t->arena, bulk + 2);
		memset(text, 'x', bulk + 2);
		text[0] = text[bulk + 1] = '"';
		e.child->next = property(t, name_of(t, &f, "https://example.org/bulk"),
			cd_str_of(text, bulk + 2), CD_V_STRING, cd_key_of_string(cd_str_of(text + 1, bulk)));
	}
	assert_int_equal(cd_ent_pack(&t->cx, &e, &packed), CD_OK);
	f.ent = packed;
	return f;
}

struct cd_change twin_change(
	struct twin *t, enum cd_verb verb, const char *id, const char *type, int value, size_t bulk)
{
	struct cd_change c = {.verb = verb, .id = cd_str_z(id), .observed = CD_STAMP_NONE};
	if (verb == CD_VERB_DELETE)
		return c;
	struct twin_frag *f = cd_arena_alloc(&t->arena, sizeof *f);
	*f = twin_fragment(t, id, type, value, bulk);
	c.frag = f->ent;
	c.names = f->names;
	c.names_n = f->names_n;
	c.context = CD_STR("\"https://example.org/context.jsonld\"");
	return c;
}

cd_code twin_submit(struct twin *t, struct cd_job *job)
{
	job->arena = &t->arena;
	job->now = t->now++;
	t->done = NULL;
	cd_code code = cd_store_submit(t->queue, job);
	while (!code && !t->done)
		(void)cd_store_run(t->store);
	return code ? code : job->code;
}

static cd_code one(struct twin *t, const char *tenant, struct cd_change c)
{
	struct cd_report report = {0};
	struct cd_job job = {
		.tenant = cd_str_z(tenant), .create_tenant = true, .n = 1, .changes = &c, .reports = &report};
	cd_code code = twin_submit(t, &job);
	return code ? code : report.code;
}

cd_code twin_create(
	struct twin *t, const char *tenant, const char *id, const char *type, int value, size_t bulk)
{
	return one(t, tenant, twin_change(t, CD_VERB_CREATE, id, type, value, bulk));
}

cd_code twin_update(struct twin *t, const char *tenant, const char *id, int value, size_t bulk)
{
	return one(t, tenant, twin_change(t, CD_VERB_APPEND, id, NULL, value, bulk));
}

cd_code twin_delete(struct twin *t, const char *tenant, const char *id)
{
	return one(t, tenant, twin_change(t, CD_VERB_DELETE, id, NULL, 0, 0));
}

/* ---- looking ---- */

int twin_value(const struct cd_names *names, const struct cd_ent *e)
{
	cd_term term = cd_names_find(names, CD_STR("https://example.org/value"));
	const struct cd_node *n;
	if (!e || !cd_nodes_find(cd_ent_nodes(e), e->tops, term, &n))
		return -1;
	return (int)cd_key_to_double(n->key);
}

int twin_get(struct twin *t, const char *tenant, const char *id)
{
	const struct cd_root *root = cd_pin(t->reader);
	const struct cd_tenant *at = cd_root_tenant(root, cd_str_z(tenant));
	int value = at ? twin_value(cd_store_names(t->store), cd_tenant_get(t->store, at, cd_str_z(id))) : -1;
	cd_unpin(t->reader, root);
	return value;
}

/* What discovery answers from is what is stored, and everything that will expire is known to. */
static void check_uses(const struct cd_tenant *t)
{
	struct cd_uses uses = {0};
	struct cd_scan scan;
	const struct cd_ent *e;
	uint64_t n = 0, mortals = 0, found;
	cd_scan_begin(&scan, t, 0, 0);
	while ((e = cd_scan_next(&scan))) {
		assert_int_equal(cd_uses_change(&uses, 0, NULL, e), CD_OK);
		cd_time_us lapse = cd_ent_lapse(e);
		mortals += lapse != INT64_MAX;
		if (lapse != INT64_MAX)
			assert_true(cd_tree_get(
				t->expiry, (struct cd_key){cd_key_of_time(lapse), e->number}, &found));
	}
	assert_int_equal(mortals, cd_tree_count(t->expiry));
	for (size_t i = 0; uses.n && i <= uses.mask; i++) {
		const struct cd_use *u = &uses.slots[i];
		if (!u->attribute)
			continue;
		assert_true(cd_tree_get(
			t->uses, (struct cd_key){(uint64_t)u->type << 32 | u->attribute, u->kind}, &found));
		assert_int_equal(found, u->n);
		n++;
	}
	assert_int_equal(n, cd_tree_count(t->uses));
	cd_uses_done(&uses);
}

/* Indexes hold every entry of what is stored, and nothing else. */
struct expected {
	const struct cd_index *index;
	uint64_t number, n[3]; /* by where */
};

static bool expect_entry(void *arg, uint64_t key, enum cd_vi_where where)
{
	struct expected *x = arg;
	uint64_t value;
	x->n[where]++;
	if (where != CD_VI_OTHERS)
		assert_true(cd_tree_get(where == CD_VI_REST ? x->index->rest : x->index->tree,
			(struct cd_key){key, x->number}, &value));
	return true;
}

static void check_indexes(const struct cd_tenant *t)
{
	for (unsigned i = 0; i < t->indexes_n; i++) {
		struct expected x = {.index = &t->indexes[i]};
		struct cd_scan scan;
		cd_scan_begin(&scan, t, 0, 0);
		for (const struct cd_ent *e; (e = cd_scan_next(&scan));) {
			x.number = e->number;
			assert_true(cd_vi_entries(e, x.index->term, x.index->class, expect_entry, &x));
		}
		assert_int_equal(x.n[CD_VI_TREE],
			cd_tree_count(x.index->tree)); /* test entities have one instance each */
		assert_int_equal(x.n[CD_VI_REST], cd_tree_count(x.index->rest));
		assert_int_equal(x.n[CD_VI_OTHERS], x.index->others);
	}
}

static uint64_t tenant_sum(struct cd_store *s, const struct cd_tenant *t)
{
	struct cd_scan scan;
	const struct cd_ent *e;
	uint64_t sum = t->number, n = 0, types = 0, bytes = 0, before = 0;
	cd_scan_begin(&scan, t, 0, 0);
	while ((e = cd_scan_next(&scan))) {
		assert_true(e->number > before);
		before = e->number;
		assert_null(cd_ent_validate(e, e->bytes));
		assert_ptr_equal(cd_tenant_get(s, t, cd_ent_id(e)), e);
		for (uint16_t i = 0; i < e->types; i++) {
			uint64_t v;
			assert_true(
				cd_tree_get(t->types, (struct cd_key){cd_ent_types(e)[i], e->number}, &v));
			assert_true(cd_names_text(s->names, cd_ent_types(e)[i]).n > 0);
		}
		for (uint32_t i = 0; i < e->nodes; i++)
			assert_true(cd_names_text(s->names, cd_ent_nodes(e)[i].term).n > 0);
		sum = cd_hash64(cd_str_of((const char *)e, e->bytes), sum);
		types += e->types;
		bytes += e->bytes;
		n++;
	}
	assert_int_equal(n, cd_tenant_count(t));
	assert_int_equal(n, cd_tree_count(t->ids));
	assert_int_equal(types, cd_tree_count(t->types));
	assert_int_equal(bytes, t->bytes);
	check_uses(t);
	check_indexes(t);
	return sum;
}

uint64_t twin_sum(struct cd_store *s, const struct cd_root *root)
{
	uint64_t sum = root->tenants_n;
	for (uint32_t i = 0; i < root->tenants_n; i++) {
		const struct cd_tenant *t = root->tenants[i];
		assert_int_equal(t->number, i);
		assert_ptr_equal(cd_root_tenant(root, cd_tenant_name(t)), t);
		sum = cd_hash64(cd_tenant_name(t), sum) ^ tenant_sum(s, t);
	}
	return sum;
}

uint64_t twin_sum_now(struct twin *t)
{
	const struct cd_root *root = cd_pin(t->reader);
	uint64_t sum = twin_sum(t->store, root);
	cd_unpin(t->reader, root);
	return sum;
}
