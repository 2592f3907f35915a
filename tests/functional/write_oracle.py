"""
What writes mean, written as plainly as possible: CIM 009 4.5 (representations), 4.16, 4.18, 4.22 and 5.6 (operations), over
Python dictionaries. It knows nothing of how the server works, keeps full names, and is slow on purpose.

A twin is {tenant: {id: Entity}}. A request is a dictionary: method, path (a list of segments below /ngsi-ld/v1), params, body,
tenant, context (True: names are those of CONTEXT), ld (it stands in the body), and perform() says what must be answered: (status, what the body says).
Time is the number of the request: `created` and `modified` are compared with the server's stamps as an order.
"""
import copy
import json
import re

NULL = "urn:ngsi-ld:null"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
CORE = {"location": "https://uri.etsi.org/ngsi-ld/location"}
CONTEXT_URL = "https://example.org/oracle.jsonld"
CONTEXT = {n: "https://example.org/voc#" + n for n in ("a", "r", "s", "T", "red")}
CONTEXT["also"] = DEFAULT + "b"

KINDS = {"Property": "value", "GeoProperty": "value", "Relationship": "object", "LanguageProperty": "languageMap",
         "VocabProperty": "vocab", "ListProperty": "valueList", "ListRelationship": "objectList", "JsonProperty": "json"}
MEMBER_KIND = {m: k for k, m in KINDS.items() if k != "GeoProperty"}
GEOMETRIES = {"Point": (0, 1), "MultiPoint": (1, 1), "LineString": (1, 2), "MultiLineString": (2, 2), "Polygon": (2, 4),
              "MultiPolygon": (3, 4)}          # arrays around a position, and how many of those there must be
PLAIN_MEMBERS = ("datasetId", "observedAt", "unitCode", "objectType", "valueType", "expiresAt")
IGNORED = ("createdAt", "modifiedAt", "deletedAt", "instanceId")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d{1,6})?Z$")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+$")
SCOPE = re.compile(r"/?[A-Za-z]\w*(/[A-Za-z]\w*)*$")
NAME = re.compile(r"[^\W\d_]\w*$")
NOW = "2026-01-01T00:00:00Z" # expiresAt of the generated data is far before or far after it

class Refused(Exception):
    def __init__(self, status, kind):
        super().__init__(f"{status} {kind}")
        self.status, self.kind = status, kind

def need(condition):
    if not condition:
        raise Refused(400, "BadRequestData")

# ---- names [5.5.7] ----

def expand(name, context):
    need(isinstance(name, str) and NAME.match(name))
    return term(name, context)

def term(text, context):
    return (context and CONTEXT.get(text)) or CORE.get(text) or DEFAULT + text

def compact(iri, context):
    """As it is shown; with a context of "full" as it is meant."""
    if context == "full":
        return iri
    table = {i: n for n, i in {**CORE, **(CONTEXT if context else {})}.items()}
    if iri in table:
        return table[iri]
    rest = iri[len(DEFAULT):]
    if not iri.startswith(DEFAULT):
        return iri
    return "ngsi-ld:default-context/" + rest if context and rest in CONTEXT else rest

# ---- instances of attributes [4.5.1 to 4.5.5] ----

class Instance:
    """kind and value are None in a fragment that does not name them; null: it deletes."""
    def __init__(self):
        self.kind = self.value = None
        self.null = self.context = False
        self.said = False                      # its kind is what it says, not what it looks like
        self.members, self.removed = {}, set() # removed: those that the NGSI-LD null was given for
        self.subs = {}                         # name -> {datasetId or None: Instance}
        self.linked = {}                       # id -> what is shown of that entity (oracle_views.py)
        self.created = self.modified = 0

    @property
    def dataset(self):
        return self.members.get("datasetId")

def is_geometry(v):
    return isinstance(v, dict) and v.get("type") in GEOMETRIES and "coordinates" in v

def geometry_ok(v):
    depth, least = GEOMETRIES[v["type"]]

    def position(p):
        return isinstance(p, list) and 2 <= len(p) <= 4 and all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in p)

    def right(c, depth):
        if depth == 0:
            return position(c)
        closed = depth > 1 or least < 4 or (isinstance(c, list) and c and c[0] == c[-1])
        return isinstance(c, list) and len(c) >= (least if depth == 1 else 1) and closed and all(right(i, depth - 1) for i in c)
    return right(v["coordinates"], depth)

def kind_of(v):
    """What an object says it is; None: it is the value of a Property."""
    if not isinstance(v, dict):
        return None
    if isinstance(v.get("type"), str) and v["type"] in KINDS:
        return v["type"]
    kind = next((MEMBER_KIND[m] for m in v if m in MEMBER_KIND), None)
    return "GeoProperty" if kind == "Property" and is_geometry(v["value"]) else kind

def has_null(v):
    inner = v.values() if isinstance(v, dict) else v if isinstance(v, list) else ()
    return v == NULL or any(has_null(i) for i in inner)

def removable_only(v):
    """Null markers in it are members of objects only (they remove something when merged)."""
    if isinstance(v, dict):
        return all(i == NULL or removable_only(i) for i in v.values())
    return not has_null(v)

def is_null_value(kind, v):
    return v == NULL or (kind == "LanguageProperty" and v == {"@none": NULL}) or (
        kind in ("ListProperty", "ListRelationship") and v == [NULL])

def uris(v, objects):
    out = [i["object"] if objects and isinstance(i, dict) and list(i) == ["object"] else i for i in v]
    need(all(isinstance(i, str) and i != NULL and URI.match(i) for i in out))
    return out

def read_value(kind, v, context, merging):
    need(v is not None)
    if kind == "GeoProperty":
        need(is_geometry(v) and geometry_ok(v))
    elif kind == "Relationship":
        need(isinstance(v, str) or (isinstance(v, list) and v))
        uris(v if isinstance(v, list) else [v], False)
    elif kind == "LanguageProperty":
        need(isinstance(v, dict) and all(re.match(r"(@none|[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*)$", t) for t in v))
        need(all(isinstance(s, str) for t in v.values() for s in (t if isinstance(t, list) else [t])))
    elif kind == "VocabProperty":
        need(isinstance(v, str) or (isinstance(v, list) and v and all(isinstance(s, str) for s in v)))
        need(not has_null(v))
        return [term(s, context) for s in v] if isinstance(v, list) else term(v, context)
    elif kind in ("ListProperty", "ListRelationship"):
        need(isinstance(v, list))
        v = uris(v, True) if kind == "ListRelationship" else v
    elif kind == "JsonProperty":
        need(isinstance(v, (dict, list)))
    need(removable_only(v) if merging else not has_null(v))
    return v

def read_instance(v, context, nulls, merging, part=False):
    """One instance. `part`: of what is stored (partial update), so that nothing but what it names is needed."""
    i = Instance()
    i.kind = kind_of(v)
    i.said = isinstance(v, dict) and v.get("type") in KINDS
    if i.kind is None and not part:
        i.kind = "GeoProperty" if is_geometry(v) else "Property"
        i.null = v == NULL
        need(not i.null or nulls)
        i.value = None if i.null else read_value(i.kind, v, context, merging)
        return i
    need(i.said or "type" not in v)
    member = KINDS.get(i.kind)
    need(member in v or part or (merging and i.said))
    if member in v:
        i.null = is_null_value(i.kind, v[member])
        need(not i.null or nulls)
        i.value = None if i.null else read_value(i.kind, v[member], context, merging)
    for name, m in v.items():
        if name in ("type", member) or name in IGNORED:
            continue
        need(name not in MEMBER_KIND and not name.startswith("previous") and name != "@context")
        if name in PLAIN_MEMBERS:
            read_member(i, name, m, context, merging or part)
        else:
            i.subs[expand(name, context)] = read_attribute(m, context, nulls, merging)
    return i

def read_member(i, name, m, context, removable):
    """A member that is no attribute; where members are changed one by one the NGSI-LD null removes it [5.5.8, 5.5.12]."""
    relation = i.kind in ("Relationship", "ListRelationship")
    if removable and m == NULL and name != "datasetId":
        need(name != "unitCode" or i.kind in (None, "Property", "ListProperty"))
        need(name not in ("objectType", "valueType") or i.kind is None or relation == (name == "objectType"))
        i.removed.add(name)
        return
    if name in ("observedAt", "expiresAt"):
        need(isinstance(m, str) and STAMP.match(m))
    elif name == "datasetId":
        if m == "@none":
            return
        need(isinstance(m, str) and m != NULL and URI.match(m))
    elif name == "unitCode":
        need(isinstance(m, str) and m != NULL and i.kind in (None, "Property", "ListProperty"))
    else:
        need(i.kind is None or relation == (name == "objectType"))
        need(isinstance(m, str) and m != NULL and (i.kind != "LanguageProperty" or m == "langString"))
        m = term(m, context)
    i.members[name] = m

def read_attribute(v, context, nulls, merging):
    """{datasetId: Instance}; an array is several instances only when every item is one."""
    if isinstance(v, list) and v and all(kind_of(item) for item in v):
        found = [read_instance(item, context, nulls, merging) for item in v]
    else:
        found = [read_instance(v, context, nulls, merging)]
    out = {i.dataset: i for i in found}
    need(len(out) == len(found))
    return out

def read_simplified(v, context):
    """The value alone (merge only): the stored kind decides what it means."""
    if isinstance(v, dict) and list(v) == ["dataset"] and isinstance(v["dataset"], dict):
        out = {}
        for dataset, item in v["dataset"].items():
            need(dataset == "@none" or URI.match(dataset))
            i = read_simplified(item, context)[None]
            if dataset != "@none":
                i.members["datasetId"] = dataset
            out[i.dataset] = i
        return out
    if isinstance(v, dict) and len(v) == 1 and next(iter(v)) in ("languageMap", "vocab", "json"):
        return {None: read_instance(v, context, True, True)}
    i = Instance()
    i.context = context                        # terms are expanded once the stored kind is known
    i.kind = "GeoProperty" if is_geometry(v) else None
    i.null = v == NULL
    need(v is not None and (i.null or removable_only(v)))
    i.value = None if i.null else v
    return {None: i}

# ---- entities ----

class Entity:
    def __init__(self, id_):
        self.id, self.types, self.scopes, self.expires = id_, [], [], None
        self.scope_said = self.scope_null = self.expires_said = False
        self.attributes = {}
        self.created = self.modified = 0
        self.lapsed = False                    # something in it expired: modified may have moved

def read_entity(body, context, nulls=False, merging=False, path_id=None, typed=True, simplified=False):
    need(isinstance(body, dict))
    need(not any("@" + k in body and k in body for k in ("id", "type")))
    body = {{"@id": "id", "@type": "type"}.get(k, k): v for k, v in body.items()}
    need("id" in body or path_id)
    id_ = body.get("id", path_id)
    need(isinstance(id_, str) and id_ != NULL and URI.match(id_) and (not path_id or id_ == path_id))
    need("type" in body or not typed)
    e = Entity(id_)
    for name, v in body.items():
        if name in ("id", "@context") or name in IGNORED:
            continue
        if name == "type":
            need((isinstance(v, str) or (isinstance(v, list) and v)) and v != NULL)
            e.types = list(dict.fromkeys(expand(t, context) for t in (v if isinstance(v, list) else [v])))
        elif name == "scope":
            read_scope(e, v, nulls)
        elif name == "expiresAt":
            need((v == NULL and nulls) or (isinstance(v, str) and STAMP.match(v)))
            e.expires, e.expires_said = None if v == NULL else v, True
        else:
            need(name not in MEMBER_KIND and name not in PLAIN_MEMBERS)
            e.attributes[expand(name, context)] = (read_simplified(v, context) if simplified
                else read_attribute(v, context, nulls, merging))
            if name == "location":
                need(all(i.null or i.kind == "GeoProperty" for i in e.attributes[CORE["location"]].values()))
    return e

def read_scope(e, v, nulls):
    if v == NULL and nulls:
        e.scope_null = True
        return
    v = v if isinstance(v, list) else [v]
    need(v and all(isinstance(s, str) and s != NULL and SCOPE.match(s) for s in v))
    e.scopes = list(dict.fromkeys("/" + s.lstrip("/") for s in v))
    e.scope_said = True

# ---- the operations on one entity ----

class Report:
    def __init__(self):
        self.updated, self.kept, self.touched = [], [], False

    def did(self, name):
        self.touched = True
        self.updated.append(name)

def fresh(i, now, created=None):
    """As it is stored: markers inside of a new value remove nothing, but are gone."""
    need(i.value is not None)
    new = copy.copy(i)
    new.kind = i.kind or "Property"
    new.value = patch({}, i.value) if isinstance(i.value, dict) and not is_geometry(i.value) else i.value
    new.created, new.modified = created or now, now
    new.subs = {n: kept for n, all_ in i.subs.items()
        if (kept := {d: fresh(s, now) for d, s in all_.items() if not s.null})}
    return new

def patch(old, new):
    """RFC 7396 with the NGSI-LD null."""
    if not isinstance(new, dict):
        return new
    out = dict(old) if isinstance(old, dict) else {}
    for k, v in new.items():
        if v == NULL:
            out.pop(k, None)
        else:
            out[k] = patch(out.get(k), v)
    return out

def store(attributes, name, i, now):
    old = attributes.get(name, {}).get(i.dataset)
    attributes.setdefault(name, {})[i.dataset] = fresh(i, now, old and old.created)

def remove(attributes, name, dataset):
    if dataset not in attributes.get(name, {}):
        return False
    del attributes[name][dataset]
    if not attributes[name]:
        del attributes[name]
    return True

def each(fragment):
    return [(name, i) for name, all_ in fragment.attributes.items() for i in all_.values()]

def head(e, f, report, mode):
    """Types only grow; the scope depends on the operation [4.16, 4.18]."""
    for t in f.types:
        if t not in e.types:
            e.types.append(t)
            report.touched = True
    if f.expires_said:
        e.expires, report.touched = f.expires, True
    if not (f.scope_said or f.scope_null):
        return
    if mode == "noOverwrite":
        e.scopes = list(dict.fromkeys(e.scopes + f.scopes))
    elif mode == "update" and not e.scopes:
        report.kept.append("scope")
        return
    elif f.scope_null and not e.scopes:
        return
    else:
        e.scopes = f.scopes
    report.did("scope")

def append(e, f, now, report, keep):
    head(e, f, report, "noOverwrite" if keep else "append")
    for name, i in each(f):
        if keep and i.dataset in e.attributes.get(name, {}):
            report.kept.append(name)
        else:
            store(e.attributes, name, i, now)
            report.did(name)

def update(e, f, now, report):
    head(e, f, report, "update")
    for name, i in each(f):
        if not i.null:
            store(e.attributes, name, i, now)
            report.did(name)
        elif remove(e.attributes, name, i.dataset):
            report.did(name)
        else:
            report.kept.append(name)

def merge(e, f, now, report, lang=None, observed=None):
    head(e, f, report, "merge")
    for name, i in each(f):
        old = e.attributes.get(name, {}).get(i.dataset)
        if i.null:
            report.touched |= remove(e.attributes, name, i.dataset)
        elif old:
            merge_instance(old, i, now, lang, observed)
            report.touched = True
        else:
            store(e.attributes, name, i, now)
            report.touched = True

def kinds_fit(old, i):
    """The kind of an instance changes only when it is replaced whole; what looks like a geometry may be a value of a Property."""
    return i.kind in (None, old.kind) or (i.kind == "GeoProperty" and not i.said and old.kind == "Property")

def fit(old, i, lang):
    """The value of a fragment as the stored kind has it; None: it does not fit."""
    v = i.value
    if i.kind is not None:
        return v if kinds_fit(old, i) else None
    good = {
        "Property": True, "GeoProperty": False,
        "ListProperty": isinstance(v, list), "JsonProperty": isinstance(v, (list, dict)),
        "Relationship": isinstance(v, (str, list)), "ListRelationship": isinstance(v, list),
        "VocabProperty": isinstance(v, (str, list)), "LanguageProperty": isinstance(v, dict) or lang is not None}[old.kind]
    if not good:
        return None
    if old.kind == "LanguageProperty" and not isinstance(v, dict):
        v = {lang: v}
    return read_value(old.kind, v, i.context, True)

def merge_instance(old, i, now, lang, observed):
    if i.value is not None:
        v = fit(old, i, lang)
        need(v is not None)
        into = old.kind in ("Property", "LanguageProperty", "JsonProperty")
        old.value = patch(old.value, v) if into else v
    else:
        need(kinds_fit(old, i))
    remove_members(old, i)
    had = "observedAt" in old.members
    members_fit(old.kind, i.members)
    old.members.update(i.members)
    if had and observed and "observedAt" not in i.members:
        old.members["observedAt"] = observed
    old.modified = now
    for name, all_ in i.subs.items():
        for dataset, s in all_.items():
            if s.null:
                remove(old.subs, name, dataset)
            elif dataset in old.subs.get(name, {}):
                merge_instance(old.subs[name][dataset], s, now, lang, observed)
            else:
                store(old.subs, name, s, now)

def remove_members(old, i):
    for name in i.removed:
        old.members.pop(name, None)

def members_fit(kind, members):
    relation = kind in ("Relationship", "ListRelationship")
    need("unitCode" not in members or kind in ("Property", "ListProperty"))
    need("objectType" not in members or relation)
    need("valueType" not in members or not relation)

def partial(old, i, now):
    """Members that are named are overwritten, values and sub-attributes as a whole [5.6.4]."""
    need(kinds_fit(old, i))
    members_fit(old.kind, i.members)
    if i.value is not None:
        old.value = i.value
    remove_members(old, i)
    old.members.update(i.members)
    old.modified = now
    for name, all_ in i.subs.items():
        for dataset, s in all_.items():
            if s.null:
                remove(old.subs, name, dataset)
            else:
                store(old.subs, name, s, now)

def whole(f, now, old=None):
    e = copy.copy(f)
    e.attributes = {}
    e.created, e.modified = old.created if old else now, now
    for name, i in each(f):
        store(e.attributes, name, i, now)
    return e

# ---- time ----

def lapse(entities):
    """What has expired is gone at once [4.22]."""
    def living(all_, e):
        out = {}
        for name, instances in all_.items():
            kept = {d: i for d, i in instances.items() if i.members.get("expiresAt", "9") > NOW}
            e.lapsed |= len(kept) < len(instances)
            for i in kept.values():
                i.subs = living(i.subs, e)
            if kept:
                out[name] = kept
        return out
    for id_ in [i for i, e in entities.items() if e.expires and e.expires < NOW]:
        del entities[id_]
    for e in entities.values():
        e.attributes = living(e.attributes, e)

# ---- requests ----

CREATORS = {"create", "upsert"}

class Model:
    def __init__(self, tenants=()):
        self.tenants = {None: {}, **{t: {} for t in tenants}}
        self.now = 0

    def perform(self, r):
        self.now += 1
        try:
            answer = self.dispatch(r)
        except Refused as e:
            answer = (e.status, e.kind)
        for entities in self.tenants.values():
            lapse(entities)
        return answer

    def dispatch(self, r):
        path, tenant = r["path"], r.get("tenant")
        batch = path[0] == "entityOperations"
        creates = path[1] in CREATORS if batch else r["method"] == "POST" and len(path) == 1
        if tenant not in self.tenants:
            if not creates:
                raise Refused(404, "NonexistentTenant")
            made = {}
            answer = self.batch(r, made) if batch else self.create(r, made)
            self.tenants[tenant] = made
            return answer
        entities = self.tenants[tenant]
        if batch:
            return self.batch(r, entities)
        if len(path) == 1:
            return self.purge(r, entities) if r["method"] == "DELETE" else self.create(r, entities)
        return self.change(r, entities)

    def create(self, r, entities):
        f = read_entity(r["body"], r.get("context"))
        if f.id in entities:
            raise Refused(409, "AlreadyExists")
        entities[f.id] = whole(f, self.now)
        return 201, f.id

    def purge(self, r, entities):
        """Entities of a type, or some attributes of them [5.6.21]."""
        params, context = r["params"], r.get("context")
        names = {expand(n, context) for k in ("drop", "keep") for n in params.get(k, "").split(",") if n}
        for e in [e for e in entities.values() if expand(params["type"], context) in e.types]:
            if not names:
                del entities[e.id]
                continue
            for name in [n for n in e.attributes if (n in names) == ("drop" in params)]:
                del e.attributes[name]
                e.modified = self.now
        return 204, None

    def change(self, r, entities):
        method, path, params, context = r["method"], r["path"], r.get("params", {}), r.get("context")
        change = self.entity_change(r, path[1], params, context) if len(path) < 4 else self.attribute_change(
            r, path[3], params, context)
        e = entities.get(path[1])
        if e is None or ("type" in params and expand(params["type"], context) not in e.types):
            raise Refused(404, "ResourceNotFound")
        if method == "DELETE" and len(path) == 2:
            del entities[path[1]]
            return 204, None
        work, report = copy.deepcopy(e), Report()
        change(work, report)
        self.keep(entities, work, report)
        if report.kept:
            return 207, (sorted(set(report.updated)), sorted(set(report.kept)))
        return 204, None

    def keep(self, entities, e, report):
        if report.touched:
            e.modified = self.now
        entities[e.id] = e

    def entity_change(self, r, id_, params, context):
        """The body is judged before the entity is looked for."""
        method, body = r["method"], r.get("body")
        if method == "DELETE":
            return None
        if len(r["path"]) == 2 and method == "PUT":
            f = read_entity(body, context, path_id=id_)
            return lambda e, report: (e.__dict__.update(whole(f, self.now, e).__dict__), report.did("*"))
        if len(r["path"]) == 2:
            simplified = params.get("format") in ("simplified", "keyValues")
            f = read_entity(body, context, True, True, id_, False, simplified)
            return lambda e, report: merge(e, f, self.now, report, params.get("lang"), params.get("observedAt"))
        if method == "POST":
            f = read_entity(body, context, path_id=id_, typed=False)
            return lambda e, report: append(e, f, self.now, report, params.get("options") == "noOverwrite")
        f = read_entity(body, context, True, path_id=id_, typed=False)
        return lambda e, report: update(e, f, self.now, report)

    def attribute_change(self, r, name, params, context):
        method, body, scope = r["method"], r.get("body"), name == "scope"
        attribute = None if scope else expand(name, context)
        if method == "DELETE":
            return lambda e, report: self.delete_attribute(e, attribute, params, report)
        need(not scope and isinstance(body, dict) and body and (method == "PATCH" or kind_of(body)))
        i = read_instance(body, context, method == "PATCH", False, method == "PATCH")
        need(name != "location" or i.null or i.kind in ("GeoProperty", None))

        def change(e, report):
            if i.dataset not in e.attributes.get(attribute, {}):
                raise Refused(404, "ResourceNotFound")
            if method == "PUT":
                store(e.attributes, attribute, i, self.now)
            elif i.null:
                remove(e.attributes, attribute, i.dataset)
            else:
                partial(e.attributes[attribute][i.dataset], i, self.now)
            report.did(attribute)
        return change

    def delete_attribute(self, e, attribute, params, report):
        if attribute is None:
            gone, e.scopes = bool(e.scopes), []
        elif params.get("deleteAll") == "true":
            gone = e.attributes.pop(attribute, None) is not None
        else:
            gone = remove(e.attributes, attribute, params.get("datasetId"))
        if not gone:
            raise Refused(404, "ResourceNotFound")
        report.did(attribute)

    def batch(self, r, entities):
        what, body, context, options = r["path"][1], r["body"], r.get("context"), r.get("params", {}).get("options")
        need(isinstance(body, list) and body and None not in body)
        success, errors, created = [], [], []
        for item in body:
            id_ = item if isinstance(item, str) else item.get("id", item.get("@id"))
            id_ = id_ if isinstance(id_, str) else ""
            try:
                if self.item(what, item, context, options, entities):
                    created.append(id_)
                success.append(id_)
            except Refused as e:
                errors.append((id_, e.status, e.kind))
            lapse(entities)
        if errors:
            return 207, (success, errors)
        return (201, created) if created else (204, None)

    def item(self, what, item, context, options, entities):
        """True when it created an entity."""
        if what == "delete":
            need(isinstance(item, str) and URI.match(item))
            if entities.pop(item, None) is None:
                raise Refused(404, "ResourceNotFound")
            return False
        updating = what == "upsert" and options == "update"
        f = read_entity(item, context, updating or what == "merge", what == "merge", None, what in CREATORS)
        old = entities.get(f.id)
        if what == "create" and old:
            raise Refused(409, "AlreadyExists")
        if old is None and what not in CREATORS:
            raise Refused(404, "ResourceNotFound")
        if old is None or (what == "upsert" and not updating):
            need(not f.scope_null and not any(i.null for _, i in each(f)))
            entities[f.id] = whole(f, self.now, old)
            return old is None
        work, report = copy.deepcopy(old), Report()
        if what == "merge":
            merge(work, f, self.now, report)
        elif what == "update":
            append(work, f, self.now, report, options == "noOverwrite")
        else:
            update(work, f, self.now, report)
        self.keep(entities, work, report)
        need(not report.kept)
        return False
