"""
What queries mean, written as plainly as possible: CIM 009 4.9, 4.10, 4.17, 4.19, 4.23, over normalized entities as Python
dictionaries, with short names.

A question is a dictionary; every member may be missing, and all of them must hold:

    type       ["or" or "and", part...], a part being a name or such a list again
    ids        list of ids             idPattern  regular expression, found anywhere
    q          ["and" or "or", query...], ["cmp", path, operator, values] or ["link", name, types, query]
    geo        {"relation", "geometry", "property"}, or {"near": "maxDistance" or "minDistance", "metres", "geometry", "property"}
    scope      ["or" or "and", pattern...]
    attrs      list of names, one of which it must have
    expand     attributes whose values in q are terms
    raw        attributes whose inner names are raw keys (they always are: changes nothing)
    order      list of [path, direction], distances being measured from `origin`; collation

judge() says True, False, or None when a distance is too close to call; params() writes it as URL parameters, body() as a Query.
"""
import datetime
import json
import re
import unicodedata

import oracle_geo as geo

DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"

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

def target(kind, value, world):
    """The value that is compared: targets as URIs, terms in full."""
    if kind == "ListRelationship":
        return [v["object"] for v in value]
    if kind == "VocabProperty":
        return [world.term(v) for v in value] if isinstance(value, list) else world.term(value)
    return value

def seen(instance, path, op, world):
    kind = instance["type"]
    value = target(kind, instance[MEMBERS[kind]], world)
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

def reach(entity, path, op, world):
    def walk(holder, steps):
        for instance in instances(holder.get(world.name(steps[0]), [])):
            if len(steps) == 1:
                yield from seen(instance, path, op, world)
            else:
                yield from walk(instance, steps[1:])
    if path["steps"]:
        yield from walk(entity, path["steps"])

# A value in a query: ["number", 3.0], ["string", "x"], ["bool", True], ["time", text]
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

def in_full(v, world):
    if v[0] == "range":
        return ["range", in_full(v[1], world), in_full(v[2], world)]
    return ["string", world.term(v[1])] if v[0] == "string" else v

def in_default_vocabulary(text):
    return text if ":" in text else DEFAULT + text

class World:
    """What a question is asked of: the entities by id, how they name what the question names `n`, and a term in full."""
    def __init__(self, entities, name=lambda n: n, term=in_default_vocabulary):
        self.entities, self.name, self.term = entities, name, term

def compare(entity, path, op, values, world, expand):
    found = list(reach(entity, path, op, world))
    if path["steps"] and path["steps"][0] in expand and op in ("==", "!="):
        values = [in_full(v, world) for v in values]
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

def linked(entity, name, wanted, query, world, expand):
    """Some entity that some instance points to, of one of the types if any are named [4.5.23, 4.9]."""
    for instance in instances(entity.get(world.name(name), [])):
        if instance["type"] not in ("Relationship", "ListRelationship"):
            continue
        objects = target(instance["type"], instance[MEMBERS[instance["type"]]], world)
        for id_ in objects if isinstance(objects, list) else [objects]:
            other = world.entities.get(id_)
            if other and (not wanted or types(other) & {world.name(t) for t in wanted}) and matches(other, query, world, expand):
                return True
    return False

def matches(entity, query, world, expand=()):
    if query[0] == "and":
        return all(matches(entity, c, world, expand) for c in query[1:])
    if query[0] == "or":
        return any(matches(entity, c, world, expand) for c in query[1:])
    if query[0] == "link":
        return linked(entity, *query[1:], world, expand)
    return compare(entity, *query[1:], world, expand)

# ---- types, scopes, places ----

def types(entity):
    return {entity["type"]} if isinstance(entity["type"], str) else set(entity["type"])

def select(part, holds):
    if isinstance(part, str):
        return holds(part)
    return (all if part[0] == "and" else any)(select(p, holds) for p in part[1:])

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

def places(entity, name):
    return [i["value"] for i in instances(entity.get(name, [])) if i["type"] == "GeoProperty"]

def stands(entity, g, world):
    """One instance that stands so is enough; None: the earth's shape decides."""
    found = [one_stands(p, g) for p in places(entity, world.name(g["property"]))]
    return True if True in found else None if None in found else False

def one_stands(place, g):
    if "relation" in g:
        return geo.relates(g["relation"], place, g["geometry"])
    d = geo.distance(place, g["geometry"])
    if abs(d - g["metres"]) < 0.01 * g["metres"]:
        return None
    return (d < g["metres"]) == (g["near"] == "maxDistance")

def judge(question, entity, world):
    verdicts = []
    if "type" in question:
        verdicts.append(select(question["type"], lambda t: world.name(t) in types(entity)))
    if "ids" in question:
        verdicts.append(entity["id"] in question["ids"])
    if "idPattern" in question:
        verdicts.append(bool(re.search(question["idPattern"], entity["id"])))
    if "q" in question:
        verdicts.append(matches(entity, question["q"], world, question.get("expand", ())))
    if "geo" in question:
        verdicts.append(stands(entity, question["geo"], world))
    if "scope" in question:
        verdicts.append(select(question["scope"], lambda s: scope_matches(entity, s)))
    if "attrs" in question:
        verdicts.append(any(world.name(a) in entity for a in question["attrs"]))
    return False if False in verdicts else None if None in verdicts else True

# ---- order [4.23] ----

RANKS = {"number": 1, "string": 2, "object": 3, "array": 4, "bool": 5, "clock": 6, "date": 7, "time": 8, "null": 9, "absent": 10}
ABSENT = RANKS["absent"], None
UNKNOWN = object()

def collated(text, level):
    """The root order of UTS #10 for words of a few scripts: blanks, signs, figures, letters; then accents; then case."""
    plain = unicodedata.normalize("NFD", text)
    base = [c for c in plain if not unicodedata.combining(c)]
    sort = {"Z": 0, "P": 1, "S": 2, "N": 3, "L": 4}
    first = [(sort[unicodedata.category(c)[0]], c.lower()) for c in base]
    accents = [c for c in plain if unicodedata.combining(c)]
    return (first,) if level == 1 else (first, accents, [c.isupper() for c in base])

def order_key(entity, path, question, world):
    """(rank, value), or UNKNOWN where several instances leave open which one counts."""
    if path == "id":
        return RANKS["string"], strings(entity["id"], question)
    held = instances(entity.get(world.name(path["steps"][0]), []))
    if len(held) > 1 or len(path["steps"]) > 1 or "*" in path["inside"] or not held:
        return UNKNOWN if held else ABSENT
    i = held[0]
    if path["member"]:
        return rank(i[path["member"]], question) if path["member"] in i else ABSENT
    value = target(i["type"], i[MEMBERS[i["type"]]], world)
    for name in path["inside"]:
        if isinstance(value, list):
            return UNKNOWN
        if not isinstance(value, dict) or name not in value:
            return ABSENT
        value = value[name]
    return rank(value, question)

def strings(text, question):
    return collated(text, 1 if "level1" in question.get("collation", "") else 3)

def rank(value, question):
    if isinstance(value, dict):
        return rank(value["@value"], question) if "@value" in value else (RANKS["object"], None)
    if isinstance(value, list):
        return (RANKS["array"], None)
    if value is None:
        return RANKS["null"], None
    kind, v = next(things(value))[:2]
    if kind == "string":
        kind = "date" if re.fullmatch(r"\d{4}-\d\d-\d\d", v) else "clock" if re.fullmatch(r"\d\d:\d\d:\d\d(\.\d+)?Z", v) else kind
    return RANKS[kind], strings(v, question) if kind == "string" else v.rstrip("Z") if kind == "clock" else v

def distance_key(entity, name, question, world):
    held = instances(entity.get(world.name(name), []))
    default = [i for i in held if "datasetId" not in i and i["type"] == "GeoProperty"]
    if not default:
        return ABSENT
    return RANKS["number"], geo.distance(default[0]["value"], question["origin"])

def before(a, b, question, world):
    """Must a stand before b (-1), after it (1), or does the order say nothing about them (0)?"""
    for path, direction in question.get("order", []):
        far = direction.startswith("dist")
        x, y = ((distance_key(e, path["steps"][0], question, world) if far else order_key(e, path, question, world)) for e in (a, b))
        if UNKNOWN in (x, y) or (far and ABSENT not in (x, y) and abs(x[1] - y[1]) <= 0.01 * max(x[1], y[1])):
            return 0
        if x == y:
            continue
        if ABSENT in (x, y):
            return 1 if x == ABSENT else -1
        return (1 if x > y else -1) * (-1 if direction.endswith("desc") else 1)
    return 0

def disordered(entities, question, world):
    """Two of a list that stand the wrong way round."""
    for k, a in enumerate(entities):
        for b in entities[k + 1:]:
            if before(a, b, question, world) > 0:
                return a, b
    return None

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
    if path == "id":
        return path
    text = ".".join(path["steps"] + ([path["member"]] if path["member"] else []))
    return text + ("[" + ".".join(path["inside"]) + "]" if path["inside"] else "")

def write(query, top=True):
    if query[0] in ("and", "or"):
        text = (";" if query[0] == "and" else "|").join(write(c, False) for c in query[1:])
        return text if top else "(" + text + ")"
    opened, closed = "", ""
    while query[0] == "link":                  # the operator stands behind the last brace
        opened += query[1] + "{" + (",".join(query[2]) + ":" if query[2] else "")
        closed += "}"
        query = query[3]
    _, path, op, values = query
    text = opened + write_path(path) + closed
    if op is None:
        return text
    if op in ("~=", "!~="):
        return text + op + '"' + values[0] + '"'
    return text + op + ",".join(write_value(v) for v in values)

def write_selection(part, either, top=True):
    if isinstance(part, str):
        return part
    text = (";" if part[0] == "and" else either).join(write_selection(p, either, False) for p in part[1:])
    return text if top and part[0] == "or" or len(part) == 2 else "(" + text + ")"

def depth(query):
    """Of links in each other."""
    if query[0] == "link":
        return 1 + depth(query[3])
    return max((depth(c) for c in query[1:]), default=0) if query[0] in ("and", "or") else 0

def georel(g):
    return g["relation"] if "relation" in g else f"near;{g['near']}=={g['metres']}"

def params(question):
    p = {"local": "true"}
    if "type" in question:
        p["type"] = write_selection(question["type"], ",")
    if "ids" in question:
        p["id"] = ",".join(question["ids"])
    if "idPattern" in question:
        p["idPattern"] = question["idPattern"]
    if "q" in question:
        p["q"] = write(question["q"])
        if depth(question["q"]):
            p.update(join="inline", joinLevel=depth(question["q"]))
    if "geo" in question:
        g = question["geo"]
        p.update(georel=georel(g), geometry=g["geometry"]["type"], coordinates=json.dumps(g["geometry"]["coordinates"]),
            geoproperty=g["property"])
    if "scope" in question:
        p["scopeQ"] = write_selection(question["scope"], "|")
    if "attrs" in question:
        p["attrs"] = ",".join(question["attrs"])
    if "expand" in question:
        p["expandValues"] = ",".join(question["expand"])
    if "raw" in question:
        p["jsonKeys"] = ",".join(question["raw"])
    if "order" in question:
        p["orderBy"] = ",".join(write_path(path) + ";" + direction for path, direction in question["order"])
        if any(direction.startswith("dist") for _, direction in question["order"]):
            origin = question["origin"]
            p.update(orderFrom=json.dumps(origin["coordinates"]), orderGeometry=origin["type"])
        if "collation" in question:
            p["collation"] = question["collation"]
    return p

def body(question):
    """The same as a Query [5.2.23]: (what stays in the URL, body)."""
    p = params(question)
    out = {"type": "Query"}
    if {"type", "id", "idPattern"} & set(p):
        selector = {"type": p.get("type", "*")}
        if "id" in p:
            selector["id"] = p["id"].split(",")
        elif "idPattern" in p:
            selector["idPattern"] = p["idPattern"]
        out["entities"] = [selector]
    for name in ("q", "scopeQ", "join", "joinLevel"):
        if name in p:
            out[name] = p[name]
    for name in ("attrs", "expandValues", "jsonKeys"):
        if name in p:
            out[name] = p[name].split(",")
    if "georel" in p:
        out["geoQ"] = {"georel": p["georel"], "geometry": p["geometry"], "coordinates": json.loads(p["coordinates"]),
            "geoproperty": p["geoproperty"]}
    if "orderBy" in p:
        out["ordering"] = {"orderBy": p["orderBy"].split(",")}
        for name, member in (("orderFrom", "coordinates"), ("orderGeometry", "geometry"), ("collation", "collation")):
            if name in p:
                out["ordering"][member] = json.loads(p[name]) if name == "orderFrom" else p[name]
    return {"local": "true"}, out

# ---- a question that is smaller ----

def smaller_query(q):
    if q[0] in ("and", "or"):
        yield from q[1:]
        if len(q) > 2:
            for k in range(1, len(q)):
                yield q[:k] + q[k + 1:]
        for k in range(1, len(q)):
            for less in smaller_query(q[k]):
                yield q[:k] + [less] + q[k + 1:]
    elif q[0] == "cmp" and len(q[3]) > 1:
        for v in q[3]:
            yield q[:3] + [[v]]

def smaller(question):
    for k in question:
        if k not in ("origin", "expand"):
            yield {n: v for n, v in question.items() if n != k}
    for less in smaller_query(question["q"]) if "q" in question else ():
        yield {**question, "q": less}
    for k in ("order", "attrs", "ids"):
        for less in question.get(k, []) if len(question.get(k, [])) > 1 else ():
            yield {**question, k: [less]}
