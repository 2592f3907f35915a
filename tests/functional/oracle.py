"""What queries mean, written as plainly as possible: CIM 009 4.9, 4.10, 4.17, 4.19, over entities as Python dictionaries."""
import datetime
import math
import re

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d{1,6})?Z$")

def instant(text):
    if not STAMP.match(text):
        return None
    text = text.replace(",", ".").rstrip("Z")
    head, _, fraction = text.partition(".")
    at = datetime.datetime.strptime(head, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return int(at.timestamp()) * 1_000_000 + int((fraction + "000000")[:6])

# What a path leads to: (class, value, is it an item of an array, its text when it is a string)
def things(value, item=False):
    if isinstance(value, bool):
        yield "bool", value, item, None
    elif isinstance(value, (int, float)):
        yield "number", float(value), item, None
    elif isinstance(value, str):
        at = instant(value)
        yield ("time", at, item, value) if at is not None else ("string", value, item, value)
    elif isinstance(value, list):
        if not value:
            yield "something", None, item, None
        for v in value:
            yield from things(v, True)
    elif isinstance(value, dict):
        if "@value" in value:
            yield from things(value["@value"], item)
        else:
            yield "something", None, item, None

def inside(value, path, item=False):
    if not path:
        yield from things(value, item)
        return
    if isinstance(value, list):
        for v in value:
            yield from inside(v, path, True)
    elif isinstance(value, dict) and path[0] in value:
        yield from inside(value[path[0]], path[1:], item)

def instances(attribute):
    return attribute if isinstance(attribute, list) else [attribute]

MEMBERS = {"Property": "value", "GeoProperty": "value", "Relationship": "object", "LanguageProperty": "languageMap",
           "VocabProperty": "vocab", "ListProperty": "valueList", "ListRelationship": "objectList", "JsonProperty": "json"}
EQUALITY = ("==", "!=", None) # what references and terms can be asked for

def target(kind, value):
    """The value that is compared: targets as URIs, terms in full."""
    if kind == "ListRelationship":
        return [v["object"] for v in value]
    if kind == "VocabProperty":
        full = ["https://uri.etsi.org/ngsi-ld/default-context/" + v if ":" not in v else v for v in
            (value if isinstance(value, list) else [value])]
        return full if isinstance(value, list) else full[0]
    return value

def seen(instance, path, op):
    kind = instance["type"]
    value = target(kind, instance[MEMBERS[kind]])
    if path["member"]:
        if path["member"] in instance:
            yield from things(instance[path["member"]])
        return
    if op is None and not path["inside"]:
        yield "something", None, False, None
    elif kind == "LanguageProperty":
        if path["inside"] and len(path["inside"]) == 1:
            for tag, text in value.items():
                if path["inside"][0] in ("*", tag):
                    yield from things(text)
        elif op is None and not path["inside"]:
            yield "something", None, False, None
    elif kind == "GeoProperty":
        if op is None:
            yield "something", None, False, None
    elif kind in ("Relationship", "ListRelationship", "VocabProperty") and op not in EQUALITY:
        return
    else:
        yield from inside(value, path["inside"]) if path["inside"] else things(value)

def reach(entity, path, op):
    def walk(holder, steps):
        for instance in instances(holder.get(steps[0], [])):
            if len(steps) == 1:
                yield from seen(instance, path, op)
            else:
                yield from walk(instance, steps[1:])
    if path["steps"]:
        yield from walk(entity, path["steps"])

# A value in a query: ("number", 3.0), ("string", "x", quoted), ("bool", True), ("time", text)
def literal(v):
    if v[0] == "time":
        return "time", instant(v[1])
    if v[0] == "string" and instant(v[1]) is not None:
        return "time", instant(v[1])
    return v[0], v[1]

def equal(thing, value):
    if value[0] == "range":
        low, high = literal(value[1]), literal(value[2])
        return thing[0] == low[0] == high[0] and low[1] <= thing[1] <= high[1]
    return (thing[0], thing[1]) == literal(value)

def compare(entity, path, op, values):
    found = list(reach(entity, path, op))
    if op is None:
        return bool(found)
    if op == "==":
        return any(equal(t, v) for t in found for v in values)
    if op == "!=":
        return bool(found) and not any(equal(t, v) for t in found for v in values)
    if op in ("~=", "!~="):
        texts = [t for t in found if t[3] is not None]
        return any(bool(re.search(values[0], t[3])) == (op == "~=") for t in texts)
    kind, v = literal(values[0])
    for t in found:
        if t[0] != kind or t[2] or kind == "bool":
            continue
        if {">": t[1] > v, ">=": t[1] >= v, "<": t[1] < v, "<=": t[1] <= v}[op]:
            return True
    return False

def matches(entity, query):
    if query[0] == "and":
        return all(matches(entity, c) for c in query[1])
    if query[0] == "or":
        return any(matches(entity, c) for c in query[1])
    return compare(entity, *query[1:])

def scopes(entity):
    s = entity.get("scope", [])
    return [x.lstrip("/").split("/") for x in (s if isinstance(s, list) else [s])]

def scope_matches(entity, pattern):
    def one(scope, want):
        if not want:
            return not scope
        if want[0] == "#":
            return True
        return bool(scope) and want[0] in ("+", scope[0]) and one(scope[1:], want[1:])
    return any(one(s, pattern.lstrip("/").split("/")) for s in scopes(entity))

def types(entity):
    return {entity["type"]} if isinstance(entity["type"], str) else set(entity["type"])

def metres(a, b):
    """Haversine: within half a percent of the ellipsoid."""
    x0, y0, x1, y1 = map(math.radians, (*a, *b))
    h = math.sin((y1 - y0) / 2) ** 2 + math.cos(y0) * math.cos(y1) * math.sin((x1 - x0) / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(h))

def place(entity):
    for instance in instances(entity.get("location", [])):
        return instance["value"]["coordinates"]
    return None

def near(entity, centre, distance):
    """True, False, or None when too close to call on a sphere."""
    at = place(entity)
    if at is None:
        return False
    d = metres(at, centre)
    return None if abs(d - distance) < 0.01 * distance else d < distance

def within(entity, west, south, east, north):
    at = place(entity)
    return at is not None and west < at[0] < east and south < at[1] < north

# ---- as text ----

def write_value(v):
    if v[0] == "range":
        return write_value(v[1]) + ".." + write_value(v[2])
    if v[0] == "bool":
        return "true" if v[1] else "false"
    if v[0] == "number":
        return repr(v[1])
    if v[0] == "string":
        return '"' + v[1] + '"'
    return v[1]

def write_path(path):
    text = ".".join(path["steps"] + ([path["member"]] if path["member"] else []))
    return text + ("[" + ".".join(path["inside"]) + "]" if path["inside"] else "")

def write(query, top=True):
    if query[0] in ("and", "or"):
        text = (";" if query[0] == "and" else "|").join(write(c, False) for c in query[1])
        return text if top else "(" + text + ")"
    _, path, op, values = query
    if op is None:
        return write_path(path)
    if op in ("~=", "!~="):
        return write_path(path) + op + '"' + values[0] + '"'
    return write_path(path) + op + ",".join(write_value(v) for v in values)
