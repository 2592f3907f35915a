/*
 * JSON in: simdjson's On-Demand front end behind a C face.
 *
 * On-Demand checks UTF-8 and finds structure at once, but looks at values only when asked: so every value is
 * visited, and whatever it leaves open (number grammar, literals, what stands between values) is an error of
 * the visit. The tree is written in one pass; nodes come from the arena in blocks. A document may not name a
 * member twice: small objects compare all pairs, large ones sort their names.
 *
 * Built without exceptions and RTTI; nothing of C++ leaves this file.
 */
#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <new>

extern "C" {
#include "json/json.h"
}

namespace od = simdjson::ondemand;

namespace
{

enum { NODES_AT_ONCE = 32, PAIRS_MAX = 16, KEEP_BYTES = 1 << 20 };

struct reader {
	struct cd_cx *cx;
	struct cd_json *spare; /* nodes of the last block */
	unsigned spare_n;
	uint64_t values;
	unsigned depth;
};

/*
 * One parser for each thread, as large as the largest document it has seen; given back after a very large one
 * and when the thread ends.
 */
thread_local std::unique_ptr<od::parser> parser;

cd_code bad(reader &r, struct cd_json *at, const char *what)
{
	return cd_fail(r.cx, CD_E_INVALID_REQUEST, cd_json_pointer(r.cx, at), "Not JSON: %s", what);
}

cd_code bad(reader &r, struct cd_json *at, simdjson::error_code e)
{
	if (e == simdjson::MEMALLOC || e == simdjson::CAPACITY)
		return cd_fail_memory(r.cx);
	return bad(r, at, simdjson::error_message(e));
}

struct cd_json *node(reader &r, struct cd_json *up)
{
	if (r.spare_n == 0) {
		r.spare = static_cast<struct cd_json *>(
			cd_arena_zalloc(r.cx->arena, NODES_AT_ONCE * sizeof(struct cd_json)));
		r.spare_n = r.spare ? NODES_AT_ONCE : 0;
	}
	if (!r.spare) {
		(void)cd_fail_memory(r.cx);
		return nullptr;
	}
	r.spare_n--;
	r.spare->up = up;
	return r.spare++;
}

/* All pairs while there are few; else the names are sorted, so that ten thousand members stay n log n. */
cd_code check_names(reader &r, struct cd_json *object)
{
	if (object->n < 2)
		return CD_OK;
	if (object->n <= PAIRS_MAX) {
		for (struct cd_json *a = object->child; a; a = a->next)
			for (struct cd_json *b = a->next; b; b = b->next)
				if (cd_str_eq(a->key, b->key))
					return bad(r, b, "a member is there twice");
		return CD_OK;
	}
	auto **list = static_cast<struct cd_json **>(
		cd_arena_alloc(r.cx->arena, object->n * sizeof(struct cd_json *)));
	if (!list)
		return cd_fail_memory(r.cx);
	size_t n = 0;
	for (struct cd_json *a = object->child; a; a = a->next)
		list[n++] = a;
	std::sort(list, list + n, [](const struct cd_json *a, const struct cd_json *b) {
		return cd_str_cmp(a->key, b->key) < 0;
	});
	for (size_t i = 1; i < n; i++)
		if (cd_str_eq(list[i - 1]->key, list[i]->key))
			return bad(r, list[i], "a member is there twice");
	return CD_OK;
}

bool copied(reader &r, std::string_view text, cd_str *ret)
{
	/* simdjson unescapes into the parser's own buffer, which the next document overwrites */
	*ret = cd_arena_copy(r.cx->arena, cd_str_of(text.data(), text.size()));
	return ret->p != nullptr;
}

cd_code read_any(reader &r, od::value &value, struct cd_json *into);

cd_code deeper(reader &r, struct cd_json *at)
{
	if (r.depth++ == r.cx->set->json_depth)
		return cd_fail(r.cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(r.cx, at),
			"Nested deeper than %llu", (unsigned long long)r.cx->set->json_depth);
	return CD_OK;
}

struct cd_json *child(reader &r, struct cd_json *of)
{
	struct cd_json *c = node(r, of);
	if (c)
		cd_json_append(of, c);
	return c;
}

template <class V> cd_code read_array(reader &r, V &value, struct cd_json *into)
{
	od::array array;
	cd_code code = deeper(r, into);
	if (code)
		return code;
	if (auto e = value.get_array().get(array))
		return bad(r, into, e);
	for (auto item : array) {
		od::value v;
		if (auto e = item.get(v))
			return bad(r, into->child ? into->last : into, e);
		struct cd_json *c = child(r, into);
		if (!c)
			return CD_E_NO_MEMORY;
		code = read_any(r, v, c);
		if (code)
			return code;
	}
	r.depth--;
	return CD_OK;
}

template <class V> cd_code read_object(reader &r, V &value, struct cd_json *into)
{
	od::object object;
	cd_code code = deeper(r, into);
	if (code)
		return code;
	if (auto e = value.get_object().get(object))
		return bad(r, into, e);
	for (auto member : object) {
		od::field field;
		std::string_view key;
		if (auto e = std::move(member).get(field))
			return bad(r, into->child ? into->last : into, e);
		if (auto e = field.unescaped_key().get(key))
			return bad(r, into->child ? into->last : into, e);
		struct cd_json *c = child(r, into);
		if (!c || !copied(r, key, &c->key))
			return cd_fail_memory(r.cx);
		od::value v = field.value();
		code = read_any(r, v, c);
		if (code)
			return code;
	}
	r.depth--;
	return check_names(r, into);
}

/* The raw token of a scalar runs up to the next structural byte: blanks may stand behind it. */
cd_str token(std::string_view raw)
{
	size_t n = raw.size();
	while (n && (raw[n - 1] == ' ' || raw[n - 1] == '\t' || raw[n - 1] == '\n' || raw[n - 1] == '\r'))
		n--;
	return cd_str_of(raw.data(), n);
}

/* Literals and numbers: On-Demand moves past an unread scalar by itself. */
cd_code read_token(reader &r, cd_str text, struct cd_json *into)
{
	if (cd_str_eq(text, CD_STR("true")))
		into->kind = CD_JSON_TRUE;
	else if (cd_str_eq(text, CD_STR("false")))
		into->kind = CD_JSON_FALSE;
	else if (cd_str_eq(text, CD_STR("null")))
		into->kind = CD_JSON_NULL;
	else if (!cd_json_is_number(text))
		return bad(r, into, "expected a value");
	else {
		into->kind = CD_JSON_NUMBER;
		into->text = cd_arena_copy(r.cx->arena, text);
		if (!into->text.p)
			return cd_fail_memory(r.cx);
	}
	return CD_OK;
}

template <class V> cd_code read_string(reader &r, V &value, struct cd_json *into)
{
	std::string_view text;
	into->kind = CD_JSON_STRING;
	if (auto e = value.get_string().get(text))
		return bad(r, into, e);
	/* an escape may spell half of a surrogate pair, which has no UTF-8 */
	if (!cd_utf8_valid(cd_str_of(text.data(), text.size())))
		return bad(r, into, "a string with half of a surrogate pair");
	return copied(r, text, &into->text) ? CD_OK : cd_fail_memory(r.cx);
}

cd_code count(reader &r, struct cd_json *at)
{
	if (r.values++ == r.cx->set->json_members)
		return cd_fail(r.cx, CD_E_BAD_REQUEST_DATA, cd_json_pointer(r.cx, at),
			"More than %llu values", (unsigned long long)r.cx->set->json_members);
	return CD_OK;
}

cd_code read_any(reader &r, od::value &value, struct cd_json *into)
{
	cd_code code = count(r, into);
	if (code)
		return code;
	od::json_type type;
	if (auto e = value.type().get(type))
		return bad(r, into, e);
	switch (type) {
	case od::json_type::array:
		into->kind = CD_JSON_ARRAY;
		return read_array(r, value, into);
	case od::json_type::object:
		into->kind = CD_JSON_OBJECT;
		return read_object(r, value, into);
	case od::json_type::string:
		return read_string(r, value, into);
	case od::json_type::number:
	case od::json_type::boolean:
	case od::json_type::null:
		return read_token(r, token(value.raw_json_token()), into);
	}
	return bad(r, into, "expected a value");
}

cd_str trimmed(cd_str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\n' || s.p[0] == '\r'))
		s = cd_str_of(s.p + 1, s.n - 1);
	return token(std::string_view(s.p, s.n));
}

cd_code read_document(reader &r, od::document &doc, cd_str text, struct cd_json *top)
{
	cd_code code = count(r, top);
	if (code)
		return code;
	char first = text.p[0];
	if (first == '{') {
		top->kind = CD_JSON_OBJECT;
		code = read_object(r, doc, top);
	} else if (first == '[') {
		top->kind = CD_JSON_ARRAY;
		code = read_array(r, doc, top);
	} else if (first == '"') {
		code = read_string(r, doc, top);
	} else {
		return read_token(r, text, top); /* the token is the whole document */
	}
	if (!code && doc.current_location().error() != simdjson::OUT_OF_BOUNDS)
		return bad(r, top, "bytes behind the value");
	return code;
}

} // namespace

extern "C" cd_code cd_json_parse(struct cd_cx *cx, cd_str text, struct cd_json **ret)
{
	reader r = {cx, nullptr, 0, 0, 0};
	struct cd_json *top = node(r, nullptr);
	cd_str inside = text.n ? trimmed(text) : text;
	if (!top)
		return CD_E_NO_MEMORY;
	if (inside.n == 0)
		return bad(r, top, "there is no value");
	if (!parser)
		parser.reset(new (std::nothrow) od::parser);
	if (!parser)
		return cd_fail_memory(cx);
	od::document doc;
	simdjson::padded_string_view view(inside.p, inside.n, inside.n + CD_JSON_PADDING);
	cd_code code;
	if (auto e = parser->iterate(view).get(doc))
		code = bad(r, top, e);
	else
		code = read_document(r, doc, inside, top);
	if (parser->capacity() > KEEP_BYTES)
		parser.reset();
	if (!code)
		*ret = top;
	return code;
}
