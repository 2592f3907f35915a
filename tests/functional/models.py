"""
A folder of data models: where its @contexts are, what of an example is data, how that looks in each representation, and what an example
breaks of the standard, read without the server's help.

The folder is that of the Smart Data Models (shared/data/models); CARDO_MODELS names another one: any tree with folders
`SUBJECT/MODEL/examples` in it, and `SUBJECT/context.jsonld`, as a checkout of github.com/smart-data-models has them:

    CARDO_MODELS=~/smart-data-models python3 -m pytest -q tests/functional/test_models.py
"""
import hashlib
import json
import os
import pathlib
import re

PREFIXES = [
    ("https://smart-data-models.github.io/", ""),
    ("https://raw.githubusercontent.com/smart-data-models/", "master/"),
    ("https://github.com/smart-data-models/", "raw/master/"),
]

def root(models):
    """Where the subjects are."""
    models = pathlib.Path(models)
    return models / "sdm" if (models / "sdm").is_dir() else models

def chosen():
    return os.environ.get("CARDO_MODELS")

def write_index(models, folder):
    """index.json for the setting `contexts`: every URL under which a context of the models is known, to its file."""
    index, folder = {}, pathlib.Path(folder)
    folder.mkdir()
    for path in sorted(root(models).rglob("context.jsonld")):
        subject = path.relative_to(root(models)).parts[0]
        name = subject + ".jsonld"
        (folder / name).write_bytes(path.read_bytes())
        for prefix, branch in PREFIXES:
            index[f"{prefix}{subject}/{branch}context.jsonld"] = name
    index["https://smartdatamodels.org/context.jsonld"] = "data-models.jsonld"
    # a Link names one document: for examples with several contexts, one that holds them all
    for _, entity in [*examples(models), *examples(models, "example.jsonld")]:
        url = link_url(entity)
        if url not in index:
            index[url] = f"combined-{len(index)}.jsonld"
            (folder / index[url]).write_text(json.dumps({"@context": entity["@context"]}))
    (folder / "index.json").write_text(json.dumps(index))

def absent_contexts(entity, index):
    """URLs in its @context that stand neither in the folder nor in the server."""
    context = entity.get("@context", [])
    return [c for c in (context if isinstance(context, list) else [context])
        if isinstance(c, str) and c not in index and "uri.etsi.org/ngsi-ld/" not in c]

def link_url(entity):
    context = entity.get("@context", [])
    context = context if isinstance(context, list) else [context]
    mine = [c for c in context if isinstance(c, dict) or "uri.etsi.org" not in c]
    if len(mine) == 1 and isinstance(mine[0], str):
        return mine[0]
    return "https://combined.test/" + hashlib.sha256(json.dumps(context).encode()).hexdigest()

def examples(models, name="example-normalized.jsonld"):
    for path in sorted(root(models).rglob(name)):
        try:
            found = json.loads(path.read_text())
        except ValueError:
            continue
        for entity in found if isinstance(found, list) else [found]:
            yield path.relative_to(root(models)), entity

SYSTEM = {"createdAt", "modifiedAt", "deletedAt", "instanceId"}

KINDS = {"Property": "value", "GeoProperty": "value", "Relationship": "object", "LanguageProperty": "languageMap",
         "VocabProperty": "vocab", "ListProperty": "valueList", "ListRelationship": "objectList", "JsonProperty": "json"}
GEOMETRIES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
MEMBERS = {"datasetId", "observedAt", "unitCode", "objectType", "valueType", "expiresAt", "type"}

def said_kind(v):
    return v["type"] if isinstance(v.get("type"), str) else None

def attribute(value):
    """An attribute as it comes back: normalized, without system members; one instance in a list stands alone."""
    if isinstance(value, list) and value and all(isinstance(v, dict) and said_kind(v) in KINDS for v in value):
        return attribute(value[0]) if len(value) == 1 else [attribute(v) for v in value]
    if not isinstance(value, dict):
        return {"type": "Property", "value": value}
    kind = said_kind(value)
    if kind in GEOMETRIES and "coordinates" in value:
        return {"type": "GeoProperty", "value": value}
    if kind not in KINDS:
        kind = next((k for k, m in KINDS.items() if k != "GeoProperty" and m in value), None)
        if kind is None:
            return {"type": "Property", "value": value}
    result = {"type": kind}
    for k, v in value.items():
        if k not in SYSTEM and k != "type":
            result[k] = v if k in MEMBERS or k == KINDS[kind] else attribute(v)
    return result

def data(entity):
    plain = {"id", "type", "scope"}
    return {k: v if k in plain else attribute(v) for k, v in entity.items() if k != "@context" and k not in SYSTEM}

# ---- other representations [4.5.4 to 4.5.24] ----

def simplified(value):
    """Of a normalized attribute."""
    if isinstance(value, list):
        return {"dataset": {i.get("datasetId", "@none"): simplified(i) for i in value}}
    inner = value[KINDS[value["type"]]]
    if value["type"] == "ListRelationship":
        return [i["object"] if isinstance(i, dict) else i for i in inner]
    return {KINDS[value["type"]]: inner} if value["type"] in ("LanguageProperty", "VocabProperty", "JsonProperty") else inner

def in_simplified(entity):
    return {k: v if k in ("id", "type", "scope") else simplified(v) for k, v in data(entity).items()}

def place(entity):
    """The geometry of location, of its default instance."""
    all_ = data(entity).get("location", [])
    found = [i for i in (all_ if isinstance(all_, list) else [all_]) if "datasetId" not in i]
    return found[0]["value"] if found else None

# ---- questions that find an entity ----

def text(value):
    """A scalar as q has it; None when it has none."""
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return json.dumps(value)
    if isinstance(value, str) and not set('"\\') & set(value) and value.isprintable():
        return '"' + value + '"'
    return None

def inside(value, path=()):
    """Paths to scalars in a compound value; an array is one of its items."""
    if isinstance(value, dict) and "@value" in value:
        yield from inside(value["@value"], path)
    elif isinstance(value, dict):
        for k, v in value.items():
            if re.fullmatch(r"[^\W\d_]\w*", k):
                yield from inside(v, (*path, k))
    elif isinstance(value, list):
        for v in value:
            if not isinstance(v, (dict, list)) or path:
                yield from inside(v, path)
    elif text(value) is not None:
        yield path, text(value)

def questions(name, instance):
    """(q that must find it, q that must not): the value of this instance in words."""
    kind, value = instance["type"], instance[KINDS[instance["type"]]]
    if kind == "GeoProperty":
        return
    if kind == "LanguageProperty":
        for tag, words in value.items():
            for word in words if isinstance(words, list) else [words]:
                if text(word):
                    yield f"{name}[{tag}]=={text(word)}", f"{name}[{tag}]!={text(word)}"
        return
    if kind == "ListRelationship":
        value = [i["object"] if isinstance(i, dict) else i for i in value]
    if kind == "VocabProperty":
        return                                 # its terms are asked for with expandValues
    for path, literal in inside(value):
        at = name + ("[" + ".".join(path) + "]" if path else "")
        yield f"{at}=={literal}", f"{at}!={literal}"

# ---- what an example breaks ----

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d{1,6})?Z")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
NAME = re.compile(r"([^\W\d_]\w*:)?[^\W\d_]\w*|[A-Za-z][A-Za-z0-9+.-]*://\S+")
RESERVED = {"value", "object", "languageMap", "vocab", "valueList", "objectList", "json", "datasetId", "observedAt", "unitCode",
            "objectType", "valueType", "instanceId", "entity", "entityList"}
POSITIONS = {"Point": (0, 1), "MultiPoint": (1, 1), "LineString": (1, 2), "MultiLineString": (2, 2), "Polygon": (2, 4), "MultiPolygon": (3, 4)}

def faults(entity):
    """{JSON pointer: what is wrong there}, by the rules of 4.5, 4.6 and 4.7; empty for what a server has to take."""
    found = {}
    if not (isinstance(entity.get("id"), str) and URI.fullmatch(entity["id"])):
        found["/id"] = "id is not a URI"
    for name, value in entity.items():
        if name in ("id", "type", "@context", "scope") or name in SYSTEM:
            continue
        at = "/" + name.replace("~", "~0").replace("/", "~1")
        if name in RESERVED:
            found[at] = "a member of attributes as the name of one"
        elif not NAME.fullmatch(name):
            found[at] = "not a name"
        else:
            attribute_faults(at, name, value, found)
    return found

def instance_like(v):
    return isinstance(v, dict) and (said_kind(v) in KINDS or any(m in v for m in KINDS.values()))

def attribute_faults(at, name, value, found):
    if isinstance(value, list) and value and all(instance_like(v) for v in value):
        datasets = [v.get("datasetId") for v in value]
        for k, v in enumerate(value):
            if v.get("datasetId") in datasets[:k]:
                found[f"{at}/{k}"] = "two instances of one dataset"
            instance_faults(f"{at}/{k}", name, v, found)
    elif isinstance(value, dict) and not is_geometry(value):
        instance_faults(at, name, value, found)
    elif isinstance(value, dict):
        geometry_faults(at, value, found)
    elif name == "location":
        found[at] = "location is not a GeoProperty"
    elif value is None:
        found[at] = "null"

def instance_faults(at, name, v, found):
    kind = said_kind(v)
    said = [k for k, m in KINDS.items() if m in v and k != "GeoProperty"]
    if "type" in v and kind not in KINDS and said:
        found[at + "/type"] = "not a type of attributes"
        return
    if kind not in KINDS:
        if name == "location" and not (said == ["Property"] and is_geometry(v["value"])):
            found[at] = "location is not a GeoProperty"
        elif not said:
            return                             # the value of a Property
        kind = "GeoProperty" if said == ["Property"] and is_geometry(v["value"]) else said[0]
    if v.get(KINDS[kind]) is None:
        found[at] = "a " + kind + " without " + KINDS[kind]
        return
    if name == "location" and kind != "GeoProperty":
        found[at] = "location is not a GeoProperty"
    value = v[KINDS[kind]]
    if kind == "GeoProperty":
        geometry_faults(at + "/value", value, found)
    if kind == "Relationship":
        for u in value if isinstance(value, list) else [value]:
            if not (isinstance(u, str) and URI.fullmatch(u)):
                found[at + "/object"] = "not a URI"
    if "observedAt" in v and not (isinstance(v["observedAt"], str) and STAMP.fullmatch(v["observedAt"])):
        found[at + "/observedAt"] = "not a DateTime"
    for n, sub in v.items():
        if n in ("id", "@id", "@context"):
            found[f"{at}/{n}"] = "a keyword as a name"
        elif n not in MEMBERS and n not in SYSTEM and n != KINDS[kind]:
            attribute_faults(f"{at}/{n}", n, sub, found)

def is_geometry(v):
    return isinstance(v, dict) and said_kind(v) in GEOMETRIES and "coordinates" in v

def geometry_faults(at, v, found):
    if isinstance(v, str):                     # a string that holds one
        try:
            v = json.loads(v)
        except ValueError:
            v = None
    if not is_geometry(v):
        found[at] = "not a geometry"
        return
    depth, least = POSITIONS[v["type"]]

    def walk(c, depth, at):
        if not isinstance(c, list) or (depth == 0 and not (2 <= len(c) <= 4 and all(type(n) in (int, float) for n in c))):
            found[at] = "not a position"
        elif depth == 1 and (len(c) < least or (least == 4 and c[0] != c[-1])):
            found[at] = "not a closed ring" if least == 4 else "too few positions"
        elif depth > 0:
            for k, inner in enumerate(c):
                walk(inner, depth - 1, f"{at}/{k}")
    walk(v["coordinates"], depth, at + "/coordinates")
