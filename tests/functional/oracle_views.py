"""What is read back of the entities of write_oracle.py, in every representation: CIM 009 4.5, 4.15, 4.21, 6.3.7, 5.7.5 to 5.7.10."""
import copy
import json
import re

from write_oracle import CORE, DEFAULT, KINDS, MEMBER_KIND, NULL, compact, expand, is_geometry, kind_of

def alone_or_list(values):
    return values[0] if len(values) == 1 else values

def show(e, form, context, lang=None):
    out = {"id": e.id, "type": alone_or_list([compact(t, context) for t in e.types])}
    if e.scopes:
        out["scope"] = alone_or_list(e.scopes)
    for name, all_ in e.attributes.items():
        out[compact(name, context)] = show_attribute(all_, form, context, lang)
    return out

class View:
    """
    How entities are asked to be shown, a dictionary: format, lang, datasetId (list), attrs (list), pick and omit (lists of
    [name, None or such a list, of what is linked]), join, joinLevel, containedBy (list), context, accept (json, ld or geo).
    """
    def __init__(self, asked, entities):
        self.asked, self.entities = asked, entities
        self.form, self.context = asked.get("format", "normalized"), asked.get("context")
        self.level = asked.get("joinLevel", 1) if asked.get("join") in ("inline", "flat") else 0

    def members(self, names):
        """Full names and what they ask of linked entities; id, type and scope stand for themselves."""
        return None if names is None else {n if n in HEAD else expand(n, self.context): below for n, below in names}

    def one(self, e, pick, omit, chain, attrs=None, alone=True):
        """The entity without what is not wanted, linked ones inside where asked for; empty when nothing is left."""
        e, pick, omit = copy.deepcopy(e), self.members(pick), self.members(omit)
        if attrs is not None and not alone and not {expand(n, self.context) for n in attrs} & set(e.attributes):
            return {}                          # a query: attrs selects, whatever is shown of it
        if "datasetId" in self.asked:
            e.attributes = {n: kept for n, all_ in e.attributes.items()
                if (kept := {d: i for d, i in all_.items() if (d or "@none") in self.asked["datasetId"]})}
        if attrs is not None:
            names = [expand(n, self.context) for n in attrs]
            e.attributes = {n: all_ for n, all_ in e.attributes.items() if n in names}
            if alone and not e.attributes:
                return {}
        hidden = {n for n, below in (omit or {}).items() if below is None}
        wanted = {n for n in [*HEAD, *e.attributes] if (pick is None or n in pick) and n not in hidden}
        if self.asked.get("join") == "inline" and len(chain) <= self.level:
            self.link(e, pick or {}, omit or {}, chain)
        out = show(e, self.form, self.context, self.asked.get("lang"))
        return {k: v for k, v in out.items() if (k if k in HEAD else expand_shown(k, self.context)) in wanted}

    def reachable(self, id_, chain):
        return id_ in self.entities and id_ not in chain and id_ not in self.asked.get("containedBy", [])

    def link(self, e, pick, omit, chain):
        for name, all_ in e.attributes.items():
            for i in all_.values():
                for id_ in links(i):
                    if self.reachable(id_, chain):
                        i.linked[id_] = self.one(self.entities[id_], pick.get(name), omit.get(name), [*chain, id_])

    def flat(self, e, chain, found, written=()):
        """Ids of what is linked, over and over; what is written itself is followed from there, as it is shown."""
        pick, omit = self.members(self.asked.get("pick")), self.members(self.asked.get("omit")) or {}
        if "attrs" in self.asked:
            pick = self.members([[n, None] for n in self.asked["attrs"]])
        for name, all_ in e.attributes.items():
            first = len(chain) == 1            # what is not shown leads nowhere
            if len(chain) > self.level or (first and ((pick is not None and name not in pick) or omit.get(name, 0) is None)):
                continue
            shown = [i for d, i in all_.items() if (d or "@none") in self.asked.get("datasetId", [d or "@none"])]
            for id_ in [id_ for i in shown for id_ in links(i)]:
                if id_ not in written and self.reachable(id_, chain):
                    found[id_] = True
                    self.flat(self.entities[id_], [*chain, id_], found, written)
        return found

    def whole(self, e, alone=True, written=()):
        """What GET /entities/{id} answers: (status, body), a flat one as a list. Not alone: as one of a list of entities."""
        out, pick = self.one(e, self.asked.get("pick"), self.asked.get("omit"), [e.id], self.asked.get("attrs"), alone), self.asked.get("pick")
        if not out:
            return 404, "ResourceNotFound"
        if alone and pick and {n for n, _ in pick} - set(HEAD) and not set(out) - set(HEAD):
            return 404, "ResourceNotFound"     # attributes were wanted, and none is there
        geo = self.asked.get("accept") == "geo"
        if self.asked.get("join") != "flat":
            return 200, self.feature(e, out) if geo else out
        found = self.flat(e, [e.id], {}, written)
        shown = [(e, out)] + [(self.entities[id_], self.one(self.entities[id_], None, None, [id_])) for id_ in found]
        return 200, [self.feature(e, out) if geo else out for e, out in shown]

    def feature(self, e, out):
        """GeoJSON [4.5.16]: the geometry may stand twice, the id once; a projection does not take the geometry away."""
        place = e.attributes.get(CORE["location"], {}).get(None)
        if "datasetId" in self.asked and "@none" not in self.asked["datasetId"]:
            place = None
        properties = {k: v for k, v in out.items() if k != "id"}
        head = {k: v for k, v in out.items() if k == "id"}
        geometry = place.value if place and place.kind == "GeoProperty" else None
        return {**head, "type": "Feature", "geometry": geometry, "properties": properties}

HEAD = ("id", "type", "scope")

def expand_shown(name, context):
    """Back from what compact() wrote."""
    if name.startswith("ngsi-ld:default-context/"):
        return DEFAULT + name.split("/", 1)[1]
    return name if ":" in name else expand(name, context)

def links(i):
    if i.kind not in ("Relationship", "ListRelationship"):
        return []
    return i.value if isinstance(i.value, list) else [i.value]

def written(asked):
    """As parameters of the URL."""
    p = {n: asked[n] for n in ("format", "lang", "join", "joinLevel", "options") if n in asked}
    for n in ("datasetId", "attrs", "containedBy"):
        if n in asked:
            p[n] = ",".join(asked[n])
    for n in ("pick", "omit"):
        if n in asked:
            p[n] = write_members(asked[n])
    return p

def as_query(params):
    """(body, what stays in the URL) [5.2.23]."""
    stay = ("local", "limit", "format", "options")
    body = {"type": "Query", **{n: p for n, p in params.items() if n not in (*stay, "type")}}
    for n in ("datasetId", "attrs", "containedBy"):
        if n in body:
            body[n] = body[n].split(",")
    for n in ("pick", "omit"):
        if n in body:
            body[n] = re.findall(r"[^,{]+(?:\{[^}]*\})?", body[n])
    if "type" in params:
        body["entities"] = [{"type": params["type"]}]
    return body, {n: p for n, p in params.items() if n in stay}

def write_members(names):
    return ",".join(n if below is None else n + "{" + write_members(below) + "}" for n, below in names)

# ---- attributes, and entities linked to them ----

def show_attribute(all_, form, context, lang):
    if form == "simplified":
        if len(all_) == 1:
            return show_instance(next(iter(all_.values())), form, context, True, lang)
        return {"dataset": {d or "@none": show_instance(i, form, context, True, lang) for d, i in all_.items()}}
    ordered = sorted(all_.values(), key=lambda i: i.dataset or "")
    return alone_or_list([show_instance(i, form, context, len(all_) == 1, lang) for i in ordered])

def replaced(i, value):
    """In the simplified form an entity stands where its URI stood [4.5.23]."""
    if isinstance(value, list):
        return [i.linked.get(u, u) for u in value]
    return i.linked.get(value, value)

def beside(i):
    """In the others beside it."""
    found = [i.linked[u] for u in links(i) if u in i.linked]
    if not found:
        return {}
    if i.kind == "ListRelationship":
        return {"entityList": found}
    return {"entity": found if isinstance(i.value, list) else found[0]}

def show_value(i, form, context):
    if i.kind == "VocabProperty":
        return [compact(t, context) for t in i.value] if isinstance(i.value, list) else compact(i.value, context)
    if i.kind == "ListRelationship" and form == "normalized":
        return [{"object": u} for u in i.value]
    return i.value

def choose(map_, tag):
    """[4.15] The tag itself, or the one for any language, or whatever there is."""
    return tag if tag in map_ else "@none" if "@none" in map_ else next(iter(map_))

def show_instance(i, form, context, alone, lang):
    value, member, kind, said = show_value(i, form, context), KINDS[i.kind], i.kind, {}
    if lang and kind == "LanguageProperty" and i.value:
        chosen = choose(i.value, lang)         # becomes a Property in that language
        value, member, kind, said = i.value[chosen], "value", "Property", {"lang": chosen}
    if form == "simplified":
        return {member: value} if kind in ("LanguageProperty", "VocabProperty", "JsonProperty") else replaced(i, value) if i.linked else value
    out = {"type": kind, member: value, **beside(i), **said}
    for name, m in i.members.items():
        if name != "expiresAt":                # only with sysAttrs
            out[name] = compact(m, context) if name in ("objectType", "valueType") else m
    for name, all_ in i.subs.items():
        out[compact(name, context)] = show_attribute(all_, form, context, lang)
    if form == "normalized":
        return out
    if len(out) == 2 and alone and kind == "GeoProperty":
        return value
    if len(out) == 2 and alone and kind == "Property" and not misread(value):
        return value
    if i.kind == "Property" and is_geometry(value):
        return out                             # without its type it would become a GeoProperty
    del out["type"]
    return out

def misread(value):
    """Would this value, standing alone, be read as anything but the value of a Property?"""
    if isinstance(value, list):
        return "{" in json.dumps(value)        # perhaps instances: an array with objects anywhere in it is not left alone
    if isinstance(value, dict):
        return kind_of(value) is not None or is_geometry(value) or any(m in MEMBER_KIND for m in value)
    return value == NULL

# ---- which types and attributes there are [5.7.5 to 5.7.10] ----

def discovery(entities, context):
    """(path, parameters, body) of all that can be asked."""
    def short(names):
        return [compact(n, context) for n in names]

    def having(attribute):
        return [e for e in entities.values() if attribute in e.attributes]

    def kinds(those, attribute):
        return list({i.kind for e in those if attribute in e.attributes for i in e.attributes[attribute].values()})

    def types_of(those):
        return short({t for e in those for t in e.types})
    types = {t: [e for e in entities.values() if t in e.types] for e in entities.values() for t in e.types}
    attributes = {n for e in entities.values() for n in e.attributes}
    yield ["types"], {}, {"type": "EntityTypeList", "typeList": short(types)}
    yield ["types"], {"details": "true"}, [{"id": t, "type": "EntityType", "typeName": compact(t, context),
        "attributeNames": short({n for e in those for n in e.attributes})} for t, those in types.items()]
    for t, those in types.items():
        yield ["types", t], {}, {"id": t, "type": "EntityTypeInfo", "typeName": compact(t, context), "entityCount": len(those),
            "attributeDetails": [{"id": n, "type": "Attribute", "attributeName": compact(n, context), "attributeTypes": kinds(those, n)}
                for n in {n for e in those for n in e.attributes}]}
    yield ["attributes"], {}, {"type": "AttributeList", "attributeList": short(attributes)}
    yield ["attributes"], {"details": "true"}, [{"id": n, "type": "Attribute", "attributeName": compact(n, context),
        "typeNames": types_of(having(n))} for n in attributes]
    for n in attributes:
        yield ["attributes", n], {}, {"id": n, "type": "Attribute", "attributeName": compact(n, context), "attributeCount": len(having(n)),
            "attributeTypes": kinds(having(n), n), "typeNames": types_of(having(n))}
