/*
 * Geometries against a reference: boxes first, then GEOS; points are made from their boxes without reading
 * JSON.
 *
 * Distances: the nearest points of two geometries are looked for in degrees of longitude shortened by the
 * cosine of the reference's latitude, then the metres between those two are measured along the ellipsoid. For
 * two points, the most common case, only the second step is left, and it is exact everywhere.
 *
 * A query belongs to one thread at a time: its GEOS handle is its own.
 */
#include "geo/relate.h"

#include "base/mem.h"
#include "os/library.h"

#define GEOS_USE_ONLY_R_API
#include <geodesic.h>
#include <geos_c.h>
#include <math.h>
#include <pthread.h>

#define GEOS_CALLS(X)                                                                                        \
	X(GEOS_init_r)                                                                                       \
	X(GEOS_finish_r)                                                                                     \
	X(GEOSGeoJSONReader_create_r)                                                                        \
	X(GEOSGeoJSONReader_readGeometry_r)                                                                  \
	X(GEOSGeoJSONReader_destroy_r)                                                                       \
	X(GEOSGeom_createPointFromXY_r)                                                                      \
	X(GEOSGeom_transformXY_r)                                                                            \
	X(GEOSGeom_destroy_r)                                                                                \
	X(GEOSPrepare_r)                                                                                     \
	X(GEOSPreparedGeom_destroy_r)                                                                        \
	X(GEOSPreparedContains_r)                                                                            \
	X(GEOSPreparedWithin_r)                                                                              \
	X(GEOSPreparedIntersects_r)                                                                          \
	X(GEOSPreparedDisjoint_r)                                                                            \
	X(GEOSPreparedOverlaps_r)                                                                            \
	X(GEOSEquals_r)                                                                                      \
	X(GEOSEqualsExact_r)                                                                                 \
	X(GEOSNearestPoints_r)                                                                               \
	X(GEOSCoordSeq_getXY_r)                                                                              \
	X(GEOSCoordSeq_destroy_r)
#define PROJ_CALLS(X)                                                                                        \
	X(geod_init)                                                                                         \
	X(geod_inverse)

static struct {
#define POINTER(f) __typeof__(f) *f;
	GEOS_CALLS(POINTER)
} geos;
static struct {
	PROJ_CALLS(POINTER)
} proj;
static bool loaded;
static struct geod_geodesic earth;

static void load(void)
{
#define NAME(f) #f,
	static const char *const geos_names[] = {GEOS_CALLS(NAME)}, *const proj_names[] = {PROJ_CALLS(NAME)};
	loaded =
		cd_library_load("libgeos_c.so.1", geos_names, (void **)&geos, sizeof geos / sizeof(void *)) &&
		cd_library_load("libproj.so.25", proj_names, (void **)&proj, sizeof proj / sizeof(void *));
	if (loaded)
		proj.geod_init(&earth, 6378137, 1 / 298.257223563); /* WGS 84 */
}

struct cd_geo_query {
	enum cd_georel relation;
	struct cd_box box;
	double least, most;
	double shrink; /* cosine of the reference's latitude */
	bool point;
	GEOSContextHandle_t handle;
	GEOSGeoJSONReader *reader;
	GEOSGeometry *reference;
	const GEOSPreparedGeometry *prepared;
};

static bool is_point(const struct cd_box *b)
{
	return b->west == b->east && b->south == b->north;
}

/* ---- making ---- */

static GEOSGeometry *read_geometry(const struct cd_geo_query *q, cd_str text, const struct cd_box *box)
{
	char room[4096];
	if (is_point(box))
		return geos.GEOSGeom_createPointFromXY_r(q->handle, box->west, box->south);
	char *copy = text.n < sizeof room ? room : cd_mem_alloc(text.n + 1);
	if (!copy)
		return NULL;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	GEOSGeometry *g = geos.GEOSGeoJSONReader_readGeometry_r(q->handle, q->reader, copy);
	if (copy != room)
		cd_mem_free(copy);
	return g;
}

static int shrunk(double *x, double *y, void *arg)
{
	(void)y;
	*x *= *(const double *)arg;
	return 1;
}

/* The reference of distances lives in shortened degrees. */
static bool prepare(struct cd_geo_query *q, cd_str text)
{
	q->handle = geos.GEOS_init_r();
	if (!q->handle)
		return false;
	q->reader = geos.GEOSGeoJSONReader_create_r(q->handle);
	q->reference = q->reader ? read_geometry(q, text, &q->box) : NULL;
	if (q->reference && q->relation == CD_GEOREL_NEAR && !q->point) {
		GEOSGeometry *g = geos.GEOSGeom_transformXY_r(q->handle, q->reference, shrunk, &q->shrink);
		geos.GEOSGeom_destroy_r(q->handle, q->reference);
		q->reference = g;
	}
	q->prepared = q->reference ? geos.GEOSPrepare_r(q->handle, q->reference) : NULL;
	return q->prepared != NULL;
}

cd_code cd_geo_query_new(struct cd_cx *cx, const struct cd_geo_reference *r, struct cd_geo_query **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, load);
	if (!loaded)
		return cd_fail(cx, CD_E_INTERNAL, NULL, "The geometry library could not be loaded");
	struct cd_geo_query *q = cd_mem_zalloc(sizeof *q);
	if (!q)
		return cd_fail_memory(cx);
	q->relation = r->relation;
	q->box = r->box;
	q->least = r->least;
	q->most = r->most;
	q->shrink = fmax(cos((r->box.south + r->box.north) / 2 * M_PI / 180), 1e-6);
	q->point = is_point(&r->box);
	if (!prepare(q, r->geometry)) {
		cd_geo_query_free(q);
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "coordinates",
			"No geometry can be made of these coordinates");
	}
	*ret = q;
	return CD_OK;
}

void cd_geo_query_free(struct cd_geo_query *q)
{
	if (!q)
		return;
	if (q->prepared)
		geos.GEOSPreparedGeom_destroy_r(q->handle, q->prepared);
	if (q->reference)
		geos.GEOSGeom_destroy_r(q->handle, q->reference);
	if (q->reader)
		geos.GEOSGeoJSONReader_destroy_r(q->handle, q->reader);
	if (q->handle)
		geos.GEOS_finish_r(q->handle);
	cd_mem_free(q);
}

void cd_geo_query_reach(struct cd_geo_query *q, double most)
{
	q->least = 0;
	q->most = most;
}

/* ---- distance ---- */

static double metres(double x0, double y0, double x1, double y1)
{
	double s;
	proj.geod_inverse(&earth, y0, x0, y1, x1, &s, NULL, NULL);
	return s;
}

/* The nearest points of both: the reference's, then the other's. False: there is no answer. */
static bool nearest(
	const struct cd_geo_query *q, cd_str text, const struct cd_box *box, double x[2], double y[2])
{
	double shrink = q->shrink;
	GEOSGeometry *g = read_geometry(q, text, box), *near_g = NULL, *point = NULL;
	if (g)
		near_g = geos.GEOSGeom_transformXY_r(q->handle, g, shrunk, &shrink);
	if (q->point)
		point = geos.GEOSGeom_createPointFromXY_r(q->handle, q->box.west * shrink, q->box.south);
	GEOSCoordSequence *pair =
		near_g ? geos.GEOSNearestPoints_r(q->handle, point ? point : q->reference, near_g) : NULL;
	bool found = pair && geos.GEOSCoordSeq_getXY_r(q->handle, pair, 0, &x[0], &y[0]) &&
		     geos.GEOSCoordSeq_getXY_r(q->handle, pair, 1, &x[1], &y[1]);
	x[0] /= found ? shrink : 1;
	x[1] /= found ? shrink : 1;
	if (pair)
		geos.GEOSCoordSeq_destroy_r(q->handle, pair);
	if (point)
		geos.GEOSGeom_destroy_r(q->handle, point);
	if (near_g)
		geos.GEOSGeom_destroy_r(q->handle, near_g);
	if (g)
		geos.GEOSGeom_destroy_r(q->handle, g);
	return found;
}

/* Along a sphere of the mean radius (haversine); the ellipsoid differs from it by less than 0.6 %. */
static double on_sphere(double x0, double y0, double x1, double y1)
{
	const double degree = M_PI / 180, radius = 6371008.8;
	double up = sin((y1 - y0) * degree / 2), aside = sin((x1 - x0) * degree / 2);
	double h = up * up + cos(y0 * degree) * cos(y1 * degree) * aside * aside;
	return 2 * radius * asin(sqrt(h < 1 ? h : 1));
}

double cd_geo_query_distance(const struct cd_geo_query *q, cd_str text, const struct cd_box *box)
{
	double x[2] = {0}, y[2] = {0};
	if (q->point && is_point(box))
		return on_sphere(q->box.west, q->box.south, box->west, box->south);
	return nearest(q, text, box, x, y) ? on_sphere(x[0], y[0], x[1], y[1]) : -1;
}

enum side { INSIDE, OUTSIDE, CLOSE };
/* Most points are so far from both bounds that the sphere, with twice its error, tells. */
static enum side side_of(const struct cd_geo_query *q, const struct cd_box *box)
{
	double s = on_sphere(q->box.west, q->box.south, box->west, box->south), low = s * 0.988,
	       high = s * 1.012;
	if (high < q->least || (q->most >= 0 && low > q->most))
		return OUTSIDE;
	return low >= q->least && (q->most < 0 || high <= q->most) ? INSIDE : CLOSE;
}

static bool is_near(const struct cd_geo_query *q, cd_str text, const struct cd_box *box)
{
	double x[2] = {q->box.west, box->west}, y[2] = {q->box.south, box->south};
	bool points = q->point && is_point(box);
	enum side side = points ? side_of(q, box) : CLOSE;
	if (side != CLOSE)
		return side == INSIDE;
	if (!points && !nearest(q, text, box, x, y))
		return false;
	double s = metres(x[0], y[0], x[1], y[1]);
	return s >= q->least && (q->most < 0 || s <= q->most);
}

/* ---- boxes ---- */

static bool apart(const struct cd_box *a, const struct cd_box *b)
{
	return a->east < b->west || b->east < a->west || a->north < b->south || b->north < a->south;
}

/* `most` metres around the reference; none when that goes over a pole or the date line. */
static bool near_box(const struct cd_geo_query *q, struct cd_box *ret)
{
	const double metres_of_degree = 110000; /* the least there is, so the box is never too small */
	if (q->most < 0)
		return false;
	double up = q->most / metres_of_degree;
	double highest = fmax(fabs(q->box.south - up), fabs(q->box.north + up));
	if (highest >= 89)
		return false;
	double aside = up / cos(highest * M_PI / 180);
	*ret = (struct cd_box){
		q->box.west - aside, q->box.south - up, q->box.east + aside, q->box.north + up};
	return ret->west >= -180 && ret->east <= 180;
}

bool cd_geo_query_box(const struct cd_geo_query *q, struct cd_box *ret)
{
	if (q->relation == CD_GEOREL_DISJOINT)
		return false;
	if (q->relation == CD_GEOREL_NEAR)
		return near_box(q, ret);
	*ret = q->box;
	return true;
}

/* ---- relations ---- */

static bool related(const struct cd_geo_query *q, const GEOSGeometry *g)
{
	char yes = 0;
	switch (q->relation) {
	case CD_GEOREL_NEAR:
		break;
	case CD_GEOREL_WITHIN:
		yes = geos.GEOSPreparedContains_r(q->handle, q->prepared, g);
		break;
	case CD_GEOREL_CONTAINS:
		yes = geos.GEOSPreparedWithin_r(q->handle, q->prepared, g);
		break;
	case CD_GEOREL_INTERSECTS:
		yes = geos.GEOSPreparedIntersects_r(q->handle, q->prepared, g);
		break;
	case CD_GEOREL_EQUALS:
		/* the same positions are equal even where the geometry touches itself */
		yes = geos.GEOSEqualsExact_r(q->handle, q->reference, g, 0);
		if (yes != 1)
			yes = geos.GEOSEquals_r(q->handle, q->reference, g);
		break;
	case CD_GEOREL_DISJOINT:
		yes = geos.GEOSPreparedDisjoint_r(q->handle, q->prepared, g);
		break;
	case CD_GEOREL_OVERLAPS:
		yes = geos.GEOSPreparedOverlaps_r(q->handle, q->prepared, g);
		break;
	}
	return yes == 1; /* 2: it could not be told */
}

bool cd_geo_query_holds(const struct cd_geo_query *q, cd_str text, const struct cd_box *box)
{
	struct cd_box around;
	bool out = cd_geo_query_box(q, &around) && apart(&around, box);
	if (out)
		return false;
	if (q->relation == CD_GEOREL_NEAR)
		return is_near(q, text, box);
	if (q->relation == CD_GEOREL_DISJOINT && apart(&q->box, box))
		return true;
	GEOSGeometry *g = read_geometry(q, text, box);
	bool yes = g && related(q, g);
	if (g)
		geos.GEOSGeom_destroy_r(q->handle, g);
	return yes;
}
