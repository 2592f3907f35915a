/*
 * The core context of NGSI-LD 1.9, as rows of ours. [CIM 009 Annex B]
 *
 * Older published versions are subsets but for slips (attributeCount and attributeDetails without a prefix
 * in 1.3 to 1.8, names that were withdrawn); all their URLs stand for this table. A test compares it with the
 * published files. `ngsildproof` has a scoped context, for terms inside of proofs: repr/ keeps proofs as they
 * are, so it is not needed.
 */
#include "jsonld/context_int.h"

#include "base/hash.h"

#include <pthread.h>

const cd_str cd_core_context_url =
	CD_STR_INIT("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld");
const cd_str cd_default_vocab = CD_STR_INIT("https://uri.etsi.org/ngsi-ld/default-context/");

#define NGSILD  "https://uri.etsi.org/ngsi-ld/"
#define GEOJSON "https://purl.org/geojson/vocab#"

/* Terms that mean NGSILD + the term, without more. */
static const char plain[] =
	"Attribute AttributeList ContextSourceIdentity ContextSourceNotification ContextSourceRegistration "
	"Date DateTime "
	"EntityMap EntityType EntityTypeInfo EntityTypeList ExecutionResultDetails GeoProperty JsonProperty "
	"LanguageProperty ListProperty ListRelationship Notification Property Relationship Snapshot "
	"SnapshotNotification "
	"Subscription TemporalProperty Time VocabProperty accept aggrParams aggrMethods aggrPeriodDuration "
	"attributeCount "
	"attributeDetails attrs cacheDuration collation contextSourceAlias contextSourceInfo "
	"contextSourceUptime cooldown "
	"csf data detail endpoint entities entity entityCount error errors expandValues format geoQ "
	"geoproperty georel "
	"idPattern information isActive join jsonKeys jsonldContext lang lastN linkedMaps localOnly location "
	"management "
	"managementInterval mode ngsildConformance ngsildproof notification notificationTrigger notifierInfo "
	"notUpdated "
	"observationInterval observationSpace omit operations operationSpace ordering pick q reason "
	"receiverInfo "
	"refreshRate registrationId registrationName resultStatus scope scopeQ showChanges snapshotId "
	"snapshotLifetime "
	"snapshotPriority snapshotStatus status subscriptionName sysAttrs temporalQ throttling timeInterval "
	"timeout "
	"timeproperty timerel timesFailed timesSent triggerReason unchanged unitCode updated uri";
static const char geojson[] = "Feature FeatureCollection GeometryCollection LineString MultiLineString "
			      "MultiPoint MultiPolygon Point Polygon "
			      "geometry properties";
/* The same with a coercion or container. */
static const char vocab[] =
	"attributeList attributeName attributeNames attributeTypes attributes propertyNames "
	"relationshipNames typeList typeName typeNames watchedAttributes";
static const char dates[] =
	"contextSourceTimeAt createdAt deletedAt endAt endTimeAt expiresAt lastFailure "
	"lastNotification lastSuccess lastUsedAt modifiedAt notifiedAt observedAt startAt timeAt";
static const char lists[] =
	"avg distinctCount entityList jsons max min orderBy snapshotQueries "
	"snapshotQueriesDetails snapshotTemporalQueries snapshotTemporalQueriesDetails stddev sum "
	"sumsq totalCount";
static const char ids[] = "datasetId entityId instanceId subscriptionId success tenant";
static const char jsons[] = "contextSourceExtras problemDetails";

static const struct {
	const char *name, *iri;
	enum cd_ctx_coerce coerce;
	uint32_t containers;
} others[] = {
	{"id", "@id", CD_COERCE_NONE, 0},
	{"type", "@type", CD_COERCE_NONE, 0},
	{"ngsi-ld", NGSILD, CD_COERCE_NONE, 0},
	{"geojson", GEOJSON, CD_COERCE_NONE, 0},
	{"bbox", GEOJSON "bbox", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"coordinates", GEOJSON "coordinates", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"features", GEOJSON "features", CD_COERCE_NONE, CD_CONTAINER_SET},
	{"containedBy", NGSILD "isContainedBy", CD_COERCE_NONE, 0},
	{"dataset", NGSILD "hasDataset", CD_COERCE_NONE, CD_CONTAINER_INDEX},
	{"description", "http://purl.org/dc/terms/description", CD_COERCE_NONE, 0},
	{"title", "http://purl.org/dc/terms/title", CD_COERCE_NONE, 0},
	{"langString", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString", CD_COERCE_NONE, 0},
	{"entityMap", NGSILD "hasEntityMap", CD_COERCE_NONE, CD_CONTAINER_INDEX},
	{"entityMapLifetime", NGSILD "hasEntityMapLifetime", CD_COERCE_NONE, 0},
	{"joinLevel", NGSILD "hasJoinLevel", CD_COERCE_NONE, 0},
	{"key", NGSILD "hasKey", CD_COERCE_NONE, 0},
	{"splitEntities", NGSILD "hasSplitEntities", CD_COERCE_NONE, 0},
	{"json", NGSILD "hasJSON", CD_COERCE_JSON, 0},
	{"previousJson", NGSILD "hasPreviousJson", CD_COERCE_JSON, 0},
	{"languageMap", NGSILD "hasLanguageMap", CD_COERCE_NONE, CD_CONTAINER_LANGUAGE},
	{"languageMaps", NGSILD "hasLanguageMaps", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"previousLanguageMap", NGSILD "hasPreviousLanguageMap", CD_COERCE_NONE, CD_CONTAINER_LANGUAGE},
	{"object", NGSILD "hasObject", CD_COERCE_ID, 0},
	{"objects", NGSILD "hasObjects", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"objectList", NGSILD "hasObjectList", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"objectLists", NGSILD "hasObjectLists", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"objectType", NGSILD "hasObjectType", CD_COERCE_VOCAB, 0},
	{"previousObject", NGSILD "hasPreviousObject", CD_COERCE_ID, 0},
	{"previousObjectList", NGSILD "hasPreviousObjectList", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"value", NGSILD "hasValue", CD_COERCE_NONE, 0},
	{"values", NGSILD "hasValues", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"valueList", NGSILD "hasValueList", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"valueLists", NGSILD "hasValueLists", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"valueType", NGSILD "hasValueType", CD_COERCE_VOCAB, 0},
	{"previousValue", NGSILD "hasPreviousValue", CD_COERCE_NONE, 0},
	{"previousValueList", NGSILD "hasPreviousValueList", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"vocab", NGSILD "hasVocab", CD_COERCE_VOCAB, 0},
	{"vocabs", NGSILD "hasVocabs", CD_COERCE_NONE, CD_CONTAINER_LIST},
	{"previousVocab", NGSILD "hasPreviousVocab", CD_COERCE_VOCAB, 0},
};

static struct cd_ctx *core;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool add(struct cd_ctx *c, cd_str name, cd_str iri, enum cd_ctx_coerce coerce, uint32_t containers)
{
	struct cd_ctx_entry *e = iri.p ? cd_ctx_add(c, name) : NULL;
	if (!e)
		return false;
	e->def = (struct cd_ctx_def){.iri = iri, .coerce = coerce, .containers = containers, .core = true};
	if (coerce == CD_COERCE_TYPED)
		e->def.type = CD_STR(NGSILD "DateTime");
	e->prefix = cd_str_eq(name, CD_STR("ngsi-ld")) || cd_str_eq(name, CD_STR("geojson"));
	return true;
}

static bool add_words(
	struct cd_ctx *c, const char *words, const char *base, enum cd_ctx_coerce coerce, uint32_t containers)
{
	cd_str rest = cd_str_z(words);
	bool good = true;
	while (good && rest.p) {
		cd_str name = cd_str_cut(&rest, ' ');
		good = add(c, name, cd_ctx_join(&c->arena, cd_str_z(base), name), coerce, containers);
	}
	return good;
}

static bool fill(struct cd_ctx *c)
{
	bool good = add_words(c, plain, NGSILD, CD_COERCE_NONE, 0) &&
		    add_words(c, geojson, GEOJSON, CD_COERCE_NONE, 0) &&
		    add_words(c, vocab, NGSILD, CD_COERCE_VOCAB, 0) &&
		    add_words(c, dates, NGSILD, CD_COERCE_TYPED, 0) &&
		    add_words(c, lists, NGSILD, CD_COERCE_NONE, CD_CONTAINER_LIST) &&
		    add_words(c, ids, NGSILD, CD_COERCE_ID, 0) &&
		    add_words(c, jsons, NGSILD, CD_COERCE_JSON, 0);
	for (size_t i = 0; good && i < sizeof others / sizeof *others; i++)
		good = add(c, cd_str_z(others[i].name), cd_str_z(others[i].iri), others[i].coerce,
			others[i].containers);
	c->source = cd_arena_printf(&c->arena, "\"%s\"", cd_core_context_url.p);
	c->link = cd_core_context_url;
	c->id = cd_hash64(c->source, 0);
	return good && c->source.p && cd_ctx_seal(c);
}

/* All of it or nothing: with a term missing, names would get wrong meanings for the life of the program. */
static void make_core(void)
{
	struct cd_ctx *c = cd_ctx_new((size_t)1 << 20);
	if (c && fill(c))
		core = c;
	else
		cd_ctx_free(c);
}

struct cd_ctx *cd_ctx_core(void)
{
	pthread_once(&once, make_core);
	return core;
}

bool cd_ctx_is_core_url(cd_str url)
{
	static const char *const versions[] = {
		"", "-v1.3", "-v1.4", "-v1.5", "-v1.6", "-v1.7", "-v1.8", "-v1.9"};
	const cd_str head = CD_STR("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context"),
		     tail = CD_STR(".jsonld");
	if (!cd_str_starts(url, head) || url.n < head.n + tail.n)
		return false;
	cd_str version = cd_str_of(url.p + head.n, url.n - head.n - tail.n);
	if (!cd_str_eq(cd_str_of(url.p + url.n - tail.n, tail.n), tail))
		return false;
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (cd_str_eq(version, cd_str_z(versions[i])))
			return true;
	return false;
}

/* ---- as a document ---- */

static void put(struct cd_cx *cx, struct cd_json *object, cd_str key, struct cd_json *value)
{
	if (!object || !value) {
		(void)cd_fail_memory(cx);
		return;
	}
	value->key = key;
	cd_json_append(object, value);
}

static void put_text(struct cd_cx *cx, struct cd_json *object, const char *key, cd_str text)
{
	put(cx, object, cd_str_z(key), cd_json_string(cx->arena, text));
}

static struct cd_json *definition_of(struct cd_cx *cx, const struct cd_ctx_entry *e)
{
	static const char *const coercions[] = {NULL, "@id", "@vocab", "@json"};
	static const struct {
		uint32_t bit;
		const char *word;
	} containers[] = {{CD_CONTAINER_LIST, "@list"}, {CD_CONTAINER_SET, "@set"},
		{CD_CONTAINER_LANGUAGE, "@language"}, {CD_CONTAINER_INDEX, "@index"}};
	const struct cd_ctx_def *d = &e->def;
	if (e->prefix || (d->coerce == CD_COERCE_NONE && !d->containers))
		return cd_json_string(cx->arena, d->iri);
	struct cd_json *o = cd_json_new(cx->arena, CD_JSON_OBJECT);
	put_text(cx, o, "@id", d->iri);
	if (d->coerce == CD_COERCE_TYPED)
		put_text(cx, o, "@type", d->type);
	else if (d->coerce != CD_COERCE_NONE)
		put_text(cx, o, "@type", cd_str_z(coercions[d->coerce]));
	for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
		if (d->containers & containers[i].bit)
			put_text(cx, o, "@container", cd_str_z(containers[i].word));
	return o;
}

struct cd_json *cd_ctx_core_document(struct cd_cx *cx)
{
	const struct cd_ctx *c = cd_ctx_core();
	struct cd_json *doc = cd_json_new(cx->arena, CD_JSON_OBJECT),
		       *context = cd_json_new(cx->arena, CD_JSON_OBJECT),
		       *version = cd_json_new(cx->arena, CD_JSON_NUMBER);
	if (!c || !version) {
		(void)cd_fail_memory(cx);
		return NULL;
	}
	version->text = CD_STR("1.1");
	put(cx, doc, CD_STR("@context"), context);
	put(cx, context, CD_STR("@version"), version);
	put(cx, context, CD_STR("@protected"), cd_json_new(cx->arena, CD_JSON_TRUE));
	put_text(cx, context, "@vocab", cd_default_vocab);
	for (uint32_t i = 0; c->slots && i <= c->mask && !cx->err.code; i++)
		if (c->slots[i])
			put(cx, context, c->slots[i]->name, definition_of(cx, c->slots[i]));
	return cx->err.code ? NULL : doc;
}
