"""The Smart Data Models folder: where its @contexts are, and what of an example is data."""
import hashlib
import json
import pathlib

PREFIXES = [
    ("https://smart-data-models.github.io/", ""),
    ("https://raw.githubusercontent.com/smart-data-models/", "master/"),
    ("https://github.com/smart-data-models/", "raw/master/"),
]

def write_index(models, folder):
    """index.json for the setting `contexts`: every URL under which a context of the models is known, to its file."""
    index, folder = {}, pathlib.Path(folder)
    folder.mkdir()
    for path in sorted((models / "sdm").rglob("context.jsonld")):
        subject = path.relative_to(models / "sdm").parts[0]
        name = subject + ".jsonld"
        (folder / name).write_bytes(path.read_bytes())
        for prefix, branch in PREFIXES:
            index[f"{prefix}{subject}/{branch}context.jsonld"] = name
    index["https://smartdatamodels.org/context.jsonld"] = "data-models.jsonld"
    # a Link names one document: for examples with several contexts, one that holds them all
    for _, entity in examples(models):
        url = link_url(entity)
        if url not in index:
            index[url] = f"combined-{len(index)}.jsonld"
            (folder / index[url]).write_text(json.dumps({"@context": entity["@context"]}))
    (folder / "index.json").write_text(json.dumps(index))

def link_url(entity):
    context = entity.get("@context", [])
    context = context if isinstance(context, list) else [context]
    mine = [c for c in context if isinstance(c, dict) or "uri.etsi.org" not in c]
    if len(mine) == 1 and isinstance(mine[0], str):
        return mine[0]
    return "https://combined.test/" + hashlib.sha256(json.dumps(context).encode()).hexdigest()

def examples(models):
    for path in sorted((models / "sdm").rglob("example-normalized.jsonld")):
        try:
            found = json.loads(path.read_text())
        except ValueError:
            continue
        for entity in found if isinstance(found, list) else [found]:
            yield path.relative_to(models / "sdm"), entity

SYSTEM = {"createdAt", "modifiedAt", "deletedAt", "instanceId"}

KINDS = {"Property": "value", "GeoProperty": "value", "Relationship": "object", "LanguageProperty": "languageMap",
         "VocabProperty": "vocab", "ListProperty": "valueList", "ListRelationship": "objectList", "JsonProperty": "json"}
GEOMETRIES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
MEMBERS = {"datasetId", "observedAt", "unitCode", "objectType", "valueType", "expiresAt", "type"}

def attribute(value):
    """An attribute as it comes back: normalized, without system members; one instance in a list stands alone."""
    if isinstance(value, list) and value and all(isinstance(v, dict) and v.get("type") in KINDS for v in value):
        return attribute(value[0]) if len(value) == 1 else [attribute(v) for v in value]
    if not isinstance(value, dict):
        return {"type": "Property", "value": value}
    kind = value.get("type") if isinstance(value.get("type"), str) else None
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
