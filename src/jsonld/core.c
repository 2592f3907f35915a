/*
 * The core context of NGSI-LD 1.9, as rows of ours. [CIM 009 Annex B]
 *
 * Older published versions are subsets but for slips (attributeCount and attributeDetails without a prefix
 * in 1.3 to 1.8, names that were withdrawn); all their URLs stand for this table. A test compares it with the
 * published files. `ngsildproof` has a scoped context, for terms inside of proofs: repr/ keeps proofs as they
 * are, so it is not needed.
 */
#include "jsonld/context_int.h"

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

static void add(cd_str name, cd_str iri, enum cd_ctx_coerce coerce, uint32_t containers)
{
	struct cd_ctx_entry *e = cd_ctx_add(core, name);
	if (!e)
		return;
	e->def = (struct cd_ctx_def){.iri = iri, .coerce = coerce, .containers = containers, .core = true};
	e->prefix = name.n && (cd_str_eq(name, CD_STR("ngsi-ld")) || cd_str_eq(name, CD_STR("geojson")));
}

static void add_words(const char *words, const char *base, enum cd_ctx_coerce coerce, uint32_t containers)
{
	cd_str rest = cd_str_z(words);
	while (rest.p) {
		cd_str name = cd_str_cut(&rest, ' ');
		add(name, cd_arena_printf(&core->arena, "%s" CD_STR_FMT, base, CD_STR_ARG(name)), coerce,
			containers);
	}
}

static void make_core(void)
{
	core = cd_ctx_new();
	if (!core)
		return;
	add_words(plain, NGSILD, CD_COERCE_NONE, 0);
	add_words(geojson, GEOJSON, CD_COERCE_NONE, 0);
	add_words(vocab, NGSILD, CD_COERCE_VOCAB, 0);
	add_words(dates, NGSILD, CD_COERCE_TYPED, 0);
	add_words(lists, NGSILD, CD_COERCE_NONE, CD_CONTAINER_LIST);
	add_words(ids, NGSILD, CD_COERCE_ID, 0);
	add_words(jsons, NGSILD, CD_COERCE_JSON, 0);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		add(cd_str_z(others[i].name), cd_str_z(others[i].iri), others[i].coerce,
			others[i].containers);
	for (uint32_t i = 0; i <= core->mask; i++)
		if (core->slots[i] && core->slots[i]->def.coerce == CD_COERCE_TYPED)
			core->slots[i]->def.type = CD_STR(NGSILD "DateTime");
	core->source = cd_arena_printf(&core->arena, "\"%s\"", cd_core_context_url.p);
	core->link = cd_core_context_url;
	(void)cd_ctx_seal(core);
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
