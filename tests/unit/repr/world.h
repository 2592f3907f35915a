/*
 * tests/unit/repr/world.h -- one entity, its names and a context, for tests that read, change and print it.
 *
 * JSON is written with ' for ". Every change goes through the whole of what the writer does: the body is
 * read, its names get numbers, cd_ent_apply decides; and what must hold for every change is checked on the
 * way (see world_change).
 */
#ifndef CD_TESTS_WORLD_H
#define CD_TESTS_WORLD_H

#include "model/change.h"
#include "repr/repr.h"

struct world {
	struct cd_settings set;
	struct cd_arena arena;
	struct cd_cx cx;
	struct cd_names *names;
	struct cd_ctx *ctx;
	cd_time_us now; /* one second later with each change */
	uint64_t revision;
	const struct cd_ent *ent; /* the stored entity; NULL: none */
	struct cd_applied applied;
	const struct cd_q *types; /* what world_change gives to the change */
	cd_str lang, dataset;
	cd_stamp observed;
};

void world_init(struct world *);
void world_done(struct world *);
/* The context of what follows: the value of an "@context". */
void world_context(struct world *, const char *json);

const char *world_quotes(struct world *, const char *text); /* ' becomes " */
struct cd_json *world_json(struct world *, const char *text);
cd_term world_term(struct world *, const char *name); /* a short name's number; new ones get one */

/* A body, read; its names get numbers. The error stays in w->cx. `attr`: for bodies of one attribute. */
cd_code world_read(
	struct world *, enum cd_body, const char *json, const char *attr, const struct cd_ent **ret);
/* The error of a body that must be refused: "pointer: detail". */
const char *world_refused(struct world *, enum cd_body, const char *json, const char *attr);

/* The printed entity, with ' for ". */
const char *world_print(struct world *, enum cd_form, const struct cd_ent *);

enum { WORLD_SIMPLIFIED = 1 << 16 }; /* among the flags of world_change: the body is in that form */

/*
 * A change of w->ent. Returns the code of the report (or of reading or applying, when those fail), and goes
 * on with the new entity. Checked on the way: the block and the delta are sound; the block holds nothing that
 * only fragments and deltas may hold; the delta put onto the old block gives the same bytes, put onto the new
 * one changes nothing; a refused change leaves no block and no delta.
 */
cd_code world_change(struct world *, enum cd_verb, unsigned flags, const char *json, const char *attr);
cd_code world_apply(struct world *, const struct cd_change *);

#endif
