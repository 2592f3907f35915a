/*
 * What the store itself costs, without HTTP: bench_store [entities] [folder]
 *
 * Creates that many entities of about 550 bytes of JSON in batches of 256 jobs, changes one attribute of
 * random ones (in batches of 256 jobs and one by one), gets random ones by id, scans all, closes, opens
 * again; prints nanoseconds each and bytes per entity. Without threads: the time is the writer's CPU and the
 * log's system calls.
 */
#include "base/log.h"
#include "store/store_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { BATCH = 256, CHANGES = 400000, GETS = 1000000 };

struct bench {
	struct cd_settings set;
	struct cd_metrics metrics;
	struct cd_arena arena, jobs; /* of the run, of one batch */
	struct cd_cx cx;
	struct cd_store *store;
	struct cd_queue *queue;
	struct cd_reader *reader;
	struct cd_fs *fs;
	uint64_t seed, n, failed;
	struct cd_job job[BATCH];
	struct cd_change change[BATCH];
	struct cd_report report[BATCH];
};

static uint64_t rnd(struct bench *b)
{
	b->seed ^= b->seed << 13, b->seed ^= b->seed >> 7, b->seed ^= b->seed << 17;
	return b->seed;
}

static void post(void *arg, struct cd_job *done)
{
	struct bench *b = arg;
	for (; done; done = done->next)
		b->failed += done->code || done->reports[0].code;
}

static double cpu_ns(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return ((double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec) * 1e9 +
	       ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) * 1e3;
}

struct span {
	cd_time_us wall;
	double cpu;
};
static struct span span_begin(void)
{
	return (struct span){cd_time_mono(), cpu_ns()};
}
static void span_end(struct span s, const char *what, uint64_t n)
{
	double wall = (double)(cd_time_mono() - s.wall) * 1e3, cpu = cpu_ns() - s.cpu;
	printf("%-44s %9.0f ns  %9.0f ns CPU  (%.3f s)\n", what, wall / (double)n, cpu / (double)n,
		wall / 1e9);
}

static void must(struct bench *b, cd_code code, const char *what)
{
	if (code) {
		fprintf(stderr, "%s: %s\n", what, b->cx.err.detail ? b->cx.err.detail : cd_code_title(code));
		exit(1);
	}
}

static void open_store(struct bench *b)
{
	const struct cd_store_config conf = {.set = &b->set, .fs = b->fs, .metrics = &b->metrics};
	cd_cx_init(&b->cx, &b->arena, &b->set);
	must(b, cd_store_open(&b->cx, &conf, &b->store), "open");
	b->queue = cd_queue_new(b->store, post, b);
	b->reader = cd_reader_new(b->store);
}

static void close_store(struct bench *b)
{
	cd_reader_free(b->reader);
	cd_queue_free(b->queue);
	cd_store_close(b->store);
}

/* ---- entities: a lamp with five attributes ---- */

static const char *const names[] = {"https://smartdatamodels.org/dataModel.Streetlighting/Streetlight",
	"https://smartdatamodels.org/dataModel.Streetlighting/powerState",
	"https://smartdatamodels.org/dataModel.Streetlighting/illuminanceLevel",
	"https://smartdatamodels.org/dataModel.Streetlighting/refStreetlightGroup",
	"https://smartdatamodels.org/dataModel.Streetlighting/description",
	"https://uri.etsi.org/ngsi-ld/location"};

static cd_term term_of(struct bench *b, struct cd_change *c, unsigned i)
{
	cd_term term = cd_names_find(cd_store_names(b->store), cd_str_z(names[i]));
	if (term)
		return term;
	cd_str *local = (cd_str *)(uintptr_t)c->names;
	local[c->names_n] = cd_str_z(names[i]);
	return CD_TERM_LOCAL | c->names_n++;
}

static struct cd_loose *attribute(
	struct bench *b, cd_term term, enum cd_kind kind, cd_str text, enum cd_value class, uint64_t key)
{
	struct cd_loose *l = cd_loose_new(&b->jobs, term, kind);
	l->value = text;
	l->value_class = (uint8_t) class;
	l->key = key;
	return l;
}

static struct cd_loose *level(struct bench *b, struct cd_change *c)
{
	double value = (double)(rnd(b) % 100000) / 100;
	struct cd_loose *l = attribute(b, term_of(b, c, 2), CD_PROPERTY,
		cd_arena_printf(&b->jobs, "%.2f", value), CD_V_NUMBER, cd_key_of_double(value));
	l->observed = cd_stamp_of(b->cx.now, 3);
	return l;
}

static void make(struct bench *b, struct cd_change *c, enum cd_verb verb, uint64_t i)
{
	struct cd_loose_ent e;
	struct cd_ent *packed;
	cd_loose_ent_init(&e);
	*c = (struct cd_change){.verb = verb, .observed = CD_STAMP_NONE};
	c->names = CD_NEWS(&b->jobs, cd_str, 8);
	c->id = e.id =
		cd_arena_printf(&b->jobs, "urn:ngsi-ld:Streetlight:guadalajara:%llu", (unsigned long long)i);
	e.flags = CD_ENT_FRAGMENT;
	e.child = level(b, c);
	cd_term type;
	if (verb == CD_VERB_CREATE) {
		type = term_of(b, c, 0);
		e.types = &type;
		e.types_n = 1;
		struct cd_loose *l = e.child;
		l = l->next = attribute(b, term_of(b, c, 1), CD_PROPERTY, CD_STR("\"on\""), CD_V_STRING,
			cd_key_of_string(CD_STR("on")));
		l = l->next = attribute(b, term_of(b, c, 3), CD_RELATIONSHIP,
			CD_STR("\"urn:ngsi-ld:StreetlightGroup:mygroup\""), CD_V_URI,
			cd_key_of_string(CD_STR("urn:ngsi-ld:StreetlightGroup:mygroup")));
		l = l->next = attribute(b, term_of(b, c, 4), CD_PROPERTY,
			CD_STR("\"on the corner, between the bakery and the fountain\""), CD_V_STRING,
			cd_key_of_string(CD_STR("on the corner")));
		l->next = attribute(b, term_of(b, c, 5), CD_GEO_PROPERTY,
			cd_arena_printf(&b->jobs, "{\"type\":\"Point\",\"coordinates\":[%.5f,%.5f]}",
				(double)(rnd(b) % 1000) / 100, (double)(rnd(b) % 1000) / 100),
			CD_V_GEOMETRY, 0);
		static const double box[4] = {0, 0, 1, 1};
		l->next->meta[CD_META_BOX] = cd_str_of((const char *)box, sizeof box);
	}
	cd_cx_clear(&b->cx);
	b->cx.arena = &b->jobs;
	must(b, cd_ent_pack(&b->cx, &e, &packed), "pack");
	b->cx.arena = &b->arena;
	c->frag = packed;
}

/* ---- measures ---- */

static void submit(struct bench *b, unsigned i)
{
	b->job[i] = (struct cd_job){.n = 1,
		.changes = &b->change[i],
		.reports = &b->report[i],
		.arena = &b->jobs,
		.now = b->cx.now,
		.bytes = 1};
	must(b, cd_store_submit(b->queue, &b->job[i]), "submit");
}

/* Only what the store does is timed: the fragments are packed before. */
static void write_all(struct bench *b, const char *what, enum cd_verb verb, uint64_t n, unsigned batch)
{
	double wall = 0, cpu = 0;
	for (uint64_t done = 0; done < n; done += batch) {
		for (unsigned i = 0; i < batch; i++)
			make(b, &b->change[i], verb, verb == CD_VERB_CREATE ? done + i : rnd(b) % b->n);
		struct span s = span_begin();
		for (unsigned i = 0; i < batch; i++)
			submit(b, i);
		(void)cd_store_run(b->store);
		wall += (double)(cd_time_mono() - s.wall) * 1e3;
		cpu += cpu_ns() - s.cpu;
		cd_arena_reset(&b->jobs);
	}
	printf("%-44s %9.0f ns  %9.0f ns CPU  (%.3f s)\n", what, wall / (double)n, cpu / (double)n,
		wall / 1e9);
}

static void read_all(struct bench *b)
{
	const struct cd_root *root = cd_pin(b->reader);
	const struct cd_tenant *t = root->tenants[0];
	uint64_t found = 0;
	struct span s = span_begin();
	for (int i = 0; i < GETS; i++) {
		char id[64];
		int n = snprintf(id, sizeof id, "urn:ngsi-ld:Streetlight:guadalajara:%llu",
			(unsigned long long)(rnd(b) % b->n));
		found += cd_tenant_get(b->store, t, cd_str_of(id, (size_t)n)) != NULL;
	}
	span_end(s, "get by id (printing the id included)", GETS);
	struct cd_scan scan;
	const struct cd_ent *e;
	uint64_t n = 0, bytes = 0;
	s = span_begin();
	cd_scan_begin(&scan, t, 0, 0);
	while ((e = cd_scan_next(&scan))) {
		n++;
		bytes += e->bytes;
	}
	span_end(s, "scan", n);
	s = span_begin();
	cd_scan_begin(&scan, t, cd_names_find(cd_store_names(b->store), cd_str_z(names[0])), 0);
	for (n = 0; (e = cd_scan_next(&scan)); n++)
		found += e->number & 1;
	span_end(s, "scan by type", n);
	printf("%llu entities of %.0f bytes packed, %.0f bytes each with all trees\n", (unsigned long long)n,
		(double)bytes / (double)n, (double)atomic_load(&b->metrics.v[CD_M_memory_bytes]) / (double)n);
	s = span_begin();
	for (int i = 0; i < GETS; i++)
		cd_unpin(b->reader, cd_pin(b->reader));
	span_end(s, "pin and unpin, one more on a version", GETS);
	cd_unpin(b->reader, root);
	s = span_begin();
	for (int i = 0; i < GETS; i++)
		cd_unpin(b->reader, cd_pin(b->reader));
	span_end(s, "pin and unpin", GETS);
}

int main(int argc, char **argv)
{
	static struct bench b;
	b.n = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	b.n = (b.n + BATCH - 1) / BATCH * BATCH;
	b.seed = 88172645463325252ull;
	cd_settings_init(&b.set);
	b.set.data = argc > 2 ? argv[2] : "./bench-store-data";
	b.set.checkpoint_bytes = 1ull << 40; /* none but the last */
	cd_arena_init(&b.arena, 1ull << 30);
	cd_arena_init(&b.jobs, 1ull << 30);
	b.fs = cd_fs_new();
	open_store(&b);
	write_all(&b, "create, batches of 256", CD_VERB_CREATE, b.n, BATCH);
	write_all(&b, "change one attribute, batches of 256", CD_VERB_APPEND, CHANGES / BATCH * BATCH, BATCH);
	write_all(&b, "change one attribute, one by one", CD_VERB_APPEND, 2000, 1);
	read_all(&b);
	printf("%llu refused\n", (unsigned long long)b.failed);
	struct span s = span_begin();
	close_store(&b);
	span_end(s, "checkpoint and close, per entity", b.n);
	s = span_begin();
	open_store(&b);
	span_end(s, "open, per entity", b.n);
	read_all(&b);
	close_store(&b);
	cd_fs_free(b.fs);
	cd_arena_done(&b.arena);
	cd_arena_done(&b.jobs);
	return 0;
}
