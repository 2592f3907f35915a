/* Reading packed entities. */
#include "model/entity.h"

#include "json/json.h"

#define KIND(type, member)                                                                                   \
	{                                                                                                    \
		CD_STR_INIT(type), CD_STR_INIT(member),                                                      \
			CD_STR_INIT("{\"type\":\"" type "\",\"" member "\":")                                \
	}
const struct cd_kind_row cd_kinds[CD_KIND_N] = {
	[CD_KIND_NONE] = KIND("", ""),
	[CD_PROPERTY] = KIND("Property", "value"),
	[CD_GEO_PROPERTY] = KIND("GeoProperty", "value"),
	[CD_RELATIONSHIP] = KIND("Relationship", "object"),
	[CD_LANGUAGE_PROPERTY] = KIND("LanguageProperty", "languageMap"),
	[CD_VOCAB_PROPERTY] = KIND("VocabProperty", "vocab"),
	[CD_LIST_PROPERTY] = KIND("ListProperty", "valueList"),
	[CD_LIST_RELATIONSHIP] = KIND("ListRelationship", "objectList"),
	[CD_JSON_PROPERTY] = KIND("JsonProperty", "json"),
};

cd_str cd_node_meta(const struct cd_ent *e, const struct cd_node *n, enum cd_meta tag)
{
	const char *at = cd_node_metas(e, n);
	for (unsigned i = 0; i < n->metas; i++) {
		enum cd_meta found;
		cd_str text = cd_meta_next(&at, &found);
		if (found == tag)
			return text;
	}
	return cd_str_of(NULL, 0);
}

uint32_t cd_nodes_find(
	const struct cd_node *nodes, uint32_t n, cd_term term, const struct cd_node **ret_first)
{
	uint32_t lo = 0, hi = n, count = 0;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (nodes[mid].term < term)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + count < n && nodes[lo + count].term == term)
		count++;
	*ret_first = nodes + lo;
	return count;
}

const struct cd_node *cd_nodes_instance(
	const struct cd_ent *e, const struct cd_node *nodes, uint32_t n, cd_term term, cd_str dataset)
{
	const struct cd_node *first;
	uint32_t count = cd_nodes_find(nodes, n, term, &first);
	for (uint32_t i = 0; i < count; i++)
		if (cd_str_eq(cd_node_dataset(e, &first[i]), dataset))
			return &first[i];
	return NULL;
}

bool cd_ent_has_type(const struct cd_ent *e, cd_term term)
{
	const cd_term *types = cd_ent_types(e);
	for (unsigned i = 0; i < e->types; i++)
		if (types[i] == term)
			return true;
	return false;
}

/* Flip the sign bit of positive numbers, all bits of negative ones: then unsigned order is numeric order. -0
 * is 0. */
uint64_t cd_key_of_double(double d)
{
	uint64_t bits;
	d = d == 0 ? 0 : d;
	memcpy(&bits, &d, sizeof bits);
	return bits >> 63 ? ~bits : bits | 1ull << 63;
}

double cd_key_to_double(uint64_t key)
{
	uint64_t bits = key >> 63 ? key & ~(1ull << 63) : ~key;
	double d;
	memcpy(&d, &bits, sizeof d);
	return d;
}

uint64_t cd_key_of_string(cd_str s)
{
	uint64_t key = 0;
	for (size_t i = 0; i < 8; i++)
		key = key << 8 | (i < s.n ? (unsigned char)s.p[i] : 0);
	return key;
}

/* {"@type": "DateTime", "@value": "..."} is a DateTime as well. */
static cd_str date_text(const struct cd_json *v)
{
	const struct cd_json *type = cd_json_get(v, CD_STR("@type")),
			     *value = cd_json_get(v, CD_STR("@value"));
	if (v->kind == CD_JSON_STRING)
		return v->text;
	bool date = type && value && type->kind == CD_JSON_STRING && value->kind == CD_JSON_STRING &&
		    cd_str_eq(type->text, CD_STR("DateTime"));
	return date ? value->text : CD_STR("");
}

static enum cd_value text_or_object(const struct cd_json *v, uint64_t *ret_key)
{
	cd_stamp stamp;
	if (cd_stamp_parse(date_text(v), &stamp)) {
		*ret_key = cd_key_of_time(cd_stamp_us(stamp));
		return CD_V_DATETIME;
	}
	*ret_key = v->kind == CD_JSON_STRING ? cd_key_of_string(v->text) : v->n;
	return v->kind == CD_JSON_STRING ? CD_V_STRING : CD_V_OBJECT;
}

enum cd_value cd_value_of(const struct cd_json *v, uint64_t *ret_key)
{
	*ret_key = 0;
	switch (v->kind) {
	case CD_JSON_NULL:
		break;
	case CD_JSON_FALSE:
	case CD_JSON_TRUE:
		*ret_key = v->kind == CD_JSON_TRUE;
		return CD_V_BOOL;
	case CD_JSON_NUMBER:
		*ret_key = cd_key_of_double(cd_json_number(v->text));
		return CD_V_NUMBER;
	case CD_JSON_ARRAY:
		*ret_key = v->n;
		return CD_V_ARRAY;
	case CD_JSON_STRING:
	case CD_JSON_OBJECT:
		return text_or_object(v, ret_key);
	}
	return CD_V_NULL;
}
