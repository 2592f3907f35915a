/* PROJ is loaded when a mapping first names a reference system. */
#include "intake/crs.h"

#include "base/mem.h"
#include "os/library.h"

#include <math.h>
#include <proj.h>
#include <pthread.h>

#define PROJ_CALLS(X)                                                                                        \
	X(proj_context_create)                                                                               \
	X(proj_context_destroy)                                                                              \
	X(proj_log_level)                                                                                    \
	X(proj_create_crs_to_crs)                                                                            \
	X(proj_normalize_for_visualization)                                                                  \
	X(proj_trans)                                                                                        \
	X(proj_destroy)

static struct {
#define POINTER(f) __typeof__(f) *f;
	PROJ_CALLS(POINTER)
} proj;
static bool loaded;

static void load(void)
{
#define NAME(f) #f,
	static const char *const names[] = {PROJ_CALLS(NAME)};
	loaded = cd_library_load("libproj.so.25", names, (void **)&proj, sizeof proj / sizeof(void *));
}

struct cd_crs {
	PJ_CONTEXT *context;
	PJ *steps;
};

cd_code cd_crs_open(struct cd_cx *cx, const char *where, cd_str name, struct cd_crs **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, load);
	if (!loaded)
		return cd_fail(cx, CD_E_INTERNAL, where,
			"Reference systems need the library PROJ, which is missing");
	cd_str from = cd_arena_copy(cx->arena, name);
	struct cd_crs *c = from.p ? cd_mem_zalloc(sizeof *c) : NULL;
	if (!c)
		return cd_fail_memory(cx);
	c->context = proj.proj_context_create();
	if (!c->context) {
		cd_mem_free(c);
		return cd_fail_memory(cx);
	}
	(void)proj.proj_log_level(c->context, PJ_LOG_NONE);
	PJ *as_defined = proj.proj_create_crs_to_crs(c->context, from.p, "EPSG:4326", NULL);
	if (as_defined)
		c->steps = proj.proj_normalize_for_visualization(c->context, as_defined);
	if (as_defined)
		proj.proj_destroy(as_defined);
	if (!c->steps) {
		cd_crs_close(c);
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, where,
			"There is no reference system \"" CD_STR_FMT "\"; one is \"EPSG:25832\"",
			CD_STR_ARG(name));
	}
	*ret = c;
	return CD_OK;
}

void cd_crs_close(struct cd_crs *c)
{
	if (!c)
		return;
	if (c->steps)
		proj.proj_destroy(c->steps);
	proj.proj_context_destroy(c->context);
	cd_mem_free(c);
}

bool cd_crs_to_wgs84(struct cd_crs *c, double *x, double *y)
{
	PJ_COORD at = {.xy = {*x, *y}};
	at = proj.proj_trans(c->steps, PJ_FWD, at);
	if (!isfinite(at.xy.x) || !isfinite(at.xy.y))
		return false;
	*x = at.xy.x;
	*y = at.xy.y;
	return true;
}
