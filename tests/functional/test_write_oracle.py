"""
Random lives of a few entities: every request goes to the server and to the model of write_oracle.py; answers and the whole
state afterwards must be the same. A difference is made as short as it gets, then told as commands.

CARDO_SEED, CARDO_SEQUENCES: other lives, more of them (thousands for a night).
"""
import http.client
import json
import os
import random
import time
import urllib.parse

import oracle
import write_oracle as w
from conftest import NGSI
from test_oracle import Life
from write_oracle import NULL

IDS = ["urn:e:1", "urn:e:2", "urn:e:ä(3)"]
NAMES = ["a", "a", "a", "b", "b", "r", "l", "v", "j", "p", "o", "location"]
DATASETS = ["urn:d:1", "urn:d:2"]
TYPES = ["T", "U", ["T", "U"]]
SCOPES = ["/A", "A", "/B/C", ["/A", "/B"], ["/D"]]
LINK = f'<{w.CONTEXT_URL}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
FUTURE, PAST = "2100-01-01T00:00:00Z", "2020-01-01T00:00:00Z"

# ---- what happens ----

class Author:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.life = Life(seed)                 # values and queries are those of the query oracle

    def maybe(self, chance):
        return self.r.random() < chance

    def pick(self, *choices):
        return self.r.choice(choices)

    def uri(self):
        return f"urn:t:{self.r.randint(0, 3)}"

    def point(self):
        return {"type": "Point", "coordinates": [round(7.5 + self.r.random() * 0.2, 4), round(51.9 + self.r.random() * 0.2, 4)]}

    def bad_value(self):
        return self.pick(None, {"x": NULL}, [NULL], 5, "no uri", {}, [])

    def kind(self, name):
        if self.maybe(0.1):
            return self.r.choice(list(w.KINDS))
        return {"a": "Property", "b": "Property", "r": "Relationship", "l": "LanguageProperty", "v": "VocabProperty",
            "j": "JsonProperty", "p": "ListProperty", "o": "ListRelationship", "s": "Property", "t": "Property",
            "location": "GeoProperty"}[name]

    def value(self, kind, merging=False):
        if self.maybe(0.02):
            return self.bad_value()
        if kind == "GeoProperty":
            return self.point()
        if kind == "Relationship":
            return self.pick(self.uri(), self.uri(), ["urn:t:1", "urn:t:2"])
        if kind == "LanguageProperty":
            map_ = {t: self.pick("one", "two", ["x", "y"]) for t in self.r.sample(["en", "nl", "de", "@none"], self.r.randint(1, 3))}
            return {**map_, "nl": NULL} if merging and self.maybe(0.2) else map_
        if kind == "VocabProperty":
            return self.pick("red", "blue", ["red", "green"])
        if kind == "ListProperty":
            return [self.life.scalar() for _ in range(self.r.randint(0, 3))]
        if kind == "ListRelationship":
            return [self.pick(self.uri(), {"object": self.uri()}) for _ in range(self.r.randint(1, 3))]
        if kind == "JsonProperty":
            return self.pick({"id": None, "n": [1, {"type": "Property"}]}, {"k": {"m": 1}}, [1, None, "x"], {"k": self.life.scalar()})
        return self.property_value(merging)

    def property_value(self, merging):
        v = self.pick(self.life.value(), self.life.value(), {"x": 1, "y": {"z": 2}}, {"type": "Z", "x": self.life.scalar()}, {})
        if merging and isinstance(v, dict) and "@value" not in v and self.maybe(0.4):
            v = {**v, self.pick("x", "y", "z"): self.pick(NULL, {"z": NULL}, {"q": 3})}
        return v

    def null_value(self, kind):
        return {"LanguageProperty": {"@none": NULL}, "ListProperty": [NULL], "ListRelationship": [NULL]}.get(kind, NULL)

    def instance(self, name, nulls=False, merging=False, depth=0):
        """Normalized, concise or bare; where nulls are possible sometimes one."""
        kind = self.kind(name)
        null = self.maybe(0.25 if nulls else 0.01)
        if null and self.maybe(0.4):
            return NULL
        v = self.null_value(kind) if null else self.value(kind, merging)
        if kind in ("Property", "GeoProperty") and self.maybe(0.25):
            return v
        i = {"type": kind, w.KINDS[kind]: v}
        if self.maybe(0.3):
            del i["type"]
        if merging and self.maybe(0.15):
            i = {"type": kind}
        self.members(i, kind)
        if depth < 2 and self.maybe(0.25):
            sub = self.pick("s", "t", "r")
            i[sub] = self.attribute(sub, nulls and merging, merging, depth + 1)
        return i

    def members(self, i, kind):
        if self.maybe(0.3):
            i["observedAt"] = self.life.stamp() if self.maybe(0.97) else self.pick("2026-01-01", "2026-01-01T00:00:00+02:00", 5)
        if self.maybe(0.2) and kind in ("Property", "ListProperty") or self.maybe(0.01):
            i["unitCode"] = self.pick("CEL", "KMH")
        if self.maybe(0.2) and "Relationship" in kind or self.maybe(0.01):
            i["objectType"] = self.pick("T", "U")
        if self.maybe(0.1) and kind == "Property":
            i["valueType"] = self.pick("T", "red")
        if self.maybe(0.06):
            i["expiresAt"] = self.pick(FUTURE, FUTURE, PAST)
        if self.maybe(0.01):
            i[self.pick("value", "object", "json", "previousValue", "@context")] = 1
        if self.maybe(0.02):
            i[self.pick("createdAt", "modifiedAt", "instanceId")] = PAST

    def with_dataset(self, i, dataset):
        if isinstance(i, dict) and w.kind_of(i):
            return {**i, "datasetId": dataset}
        return i

    def attribute(self, name, nulls=False, merging=False, depth=0):
        one = self.instance(name, nulls, merging, depth)
        if name == "location" or self.maybe(0.7):
            return one
        if self.maybe(0.5):
            return self.with_dataset(one, self.pick(*DATASETS, "@none"))
        more = [one] + [self.with_dataset(self.instance(name, nulls, merging, depth), d) for d in self.r.sample(DATASETS, self.r.randint(1, 2))]
        return more if all(w.kind_of(i) for i in more) else one

    def simplified(self, name):
        kind = self.kind(name)
        v = NULL if self.maybe(0.1) else self.value(kind, True)
        if kind in ("LanguageProperty", "VocabProperty", "JsonProperty") and self.maybe(0.5):
            return {w.KINDS[kind]: v}
        if kind == "ListRelationship" and isinstance(v, list):
            v = [i["object"] if isinstance(i, dict) else i for i in v]
        if kind == "Property" and self.maybe(0.2):
            return {"dataset": {d: self.life.scalar() for d in self.r.sample(["@none", *DATASETS], 2)}}
        return self.pick("een", "urn:t:2") if self.maybe(0.15) else v

    def entity(self, id_=None, nulls=False, merging=False, typed=True, simplified=False):
        e = {"id": id_ or self.r.choice(IDS)}
        if typed or self.maybe(0.15):
            e["type"] = self.r.choice(TYPES)
        if self.maybe(0.01):
            e[self.pick("type", "id", "1a", "observedAt")] = self.pick(5, None, "no uri", NULL)
        if self.maybe(0.25):
            e["scope"] = self.r.choice(SCOPES) if self.maybe(0.95) else self.pick("/1", "", [], 5)
            if nulls and self.maybe(0.3):
                e["scope"] = NULL
        if self.maybe(0.04):
            e["expiresAt"] = self.pick(FUTURE, FUTURE, PAST, NULL)
        for name in dict.fromkeys(self.r.choice(NAMES) for _ in range(self.r.randint(0 if typed else 1, 4))):
            e[name] = self.simplified(name) if simplified else self.attribute(name, nulls, merging)
        if self.maybe(0.03):
            e["@type"] = e.get("type", "T") if self.maybe(0.2) else e.pop("type", "T")
        if self.maybe(0.03):
            e["@id"] = e.pop("id")
        return e

    # ---- requests ----

    def life_story(self):
        return [self.request(self.create) for _ in range(self.r.randint(1, 3))] + [
            self.request() for _ in range(self.r.randint(2, 12))]

    def request(self, make=None):
        make = make or self.r.choices([self.create, self.replace, self.delete, self.merge, self.append, self.update, self.partial,
            self.replace_attribute, self.delete_attribute, self.batch, self.purge], [3, 1, 1, 4, 3, 3, 4, 1, 2, 4, 0.5])[0]
        r = make()
        if self.maybe(0.25):
            r["context"] = True
            items = r.get("body") if isinstance(r.get("body"), list) else [r.get("body")]
            r["ld"] = self.maybe(0.4) and all(isinstance(i, dict) and "@context" not in i for i in items)
        if self.maybe(0.1):
            r["tenant"] = self.pick("one", "one", "two")
        if len(r["path"]) > 1 and r["path"][0] == "entities" and self.maybe(0.05):
            r.setdefault("params", {})["type"] = self.pick("T", "U")
        return r

    def at(self, method, *more):
        return {"method": method, "path": ["entities", self.r.choice(IDS), *more], "params": {}}

    def fragment(self, r, **how):
        r["body"] = self.entity(r["path"][1], typed=False, **how)
        if self.maybe(0.8):
            r["body"].pop("id", None)
            r["body"].pop("@id", None)
        return r

    def create(self):
        return {"method": "POST", "path": ["entities"], "body": self.entity()}

    def replace(self):
        r = self.at("PUT")
        r["body"] = self.entity(r["path"][1] if self.maybe(0.95) else None)
        return r

    def delete(self):
        return self.at("DELETE")

    def merge(self):
        r = self.at("PATCH")
        simplified = self.maybe(0.3)
        if simplified:
            r["params"]["format"] = self.pick("simplified", "keyValues")
            if self.maybe(0.4):
                r["params"]["lang"] = self.pick("en", "fr")
        if self.maybe(0.2):
            r["params"]["observedAt"] = FUTURE
        return self.fragment(r, nulls=True, merging=True, simplified=simplified)

    def append(self):
        r = self.at("POST", "attrs")
        if self.maybe(0.4):
            r["params"]["options"] = "noOverwrite"
        return self.fragment(r)

    def update(self):
        return self.fragment(self.at("PATCH", "attrs"), nulls=True)

    def inside(self, name, part):
        """The body of an operation on one attribute."""
        i = self.instance(name, part, False)
        if not isinstance(i, dict) or not w.kind_of(i):
            i = {"value": i}
        if part and self.maybe(0.4):
            i.pop(w.KINDS[w.kind_of(i)], None)
        if part and self.maybe(0.3):
            i[self.pick("s", "t")] = self.pick(NULL, {"type": "Property", "value": NULL}, self.attribute("s"))
        return self.with_dataset(i, self.r.choice(DATASETS)) if self.maybe(0.25) else i

    def partial(self):
        name = self.r.choice(NAMES + ["scope"])
        r = self.at("PATCH", "attrs", name)
        r["body"] = self.inside("a" if name == "scope" else name, True)
        return r

    def replace_attribute(self):
        name = self.r.choice(NAMES)
        r = self.at("PUT", "attrs", name)
        r["body"] = self.inside(name, False)
        return r

    def delete_attribute(self):
        r = self.at("DELETE", "attrs", self.r.choice(NAMES + ["scope"]))
        if self.maybe(0.3):
            r["params"]["datasetId"] = self.r.choice(DATASETS)
        elif self.maybe(0.3):
            r["params"]["deleteAll"] = "true"
        return r

    def purge(self):
        params = {"type": self.pick("T", "U")}
        if self.maybe(0.7):
            params[self.pick("drop", "keep")] = ",".join(self.r.sample(["a", "b", "r", "location", "p"], self.r.randint(1, 3)))
        return {"method": "DELETE", "path": ["entities"], "params": params}

    def view(self):
        """What is asked for of each entity at the end."""
        params = {"format": self.pick("normalized", "concise", "simplified")}
        if self.maybe(0.3):
            params["datasetId"] = self.pick("@none", "urn:d:1", "@none,urn:d:2")
        if self.maybe(0.2):
            params["attrs"] = ",".join(self.r.sample(["a", "b", "r", "l", "p"], 2))
        elif self.maybe(0.4):
            params[self.pick("pick", "omit")] = ",".join(self.r.sample(["id", "type", "scope", "a", "b", "r", "l", "p", "location"], 3))
        if self.maybe(0.3):
            params["lang"] = self.pick("en", "nl")
        return params, self.maybe(0.3), self.maybe(0.2)

    def batch(self):
        what = self.pick("create", "upsert", "upsert", "update", "merge", "delete")
        r = {"method": "POST", "path": ["entityOperations", what], "params": {}}
        n = self.r.randint(1, 3)
        if what == "delete":
            r["body"] = [self.r.choice(IDS) for _ in range(n)]
            return r
        if what == "upsert" and self.maybe(0.6):
            r["params"]["options"] = self.pick("replace", "update")
        if what == "update" and self.maybe(0.4):
            r["params"]["options"] = "noOverwrite"
        updating = what == "merge" or r["params"].get("options") == "update"
        r["body"] = [self.entity(nulls=updating, merging=what == "merge", typed=what in w.CREATORS) for _ in range(n)]
        return r

# ---- the server ----

class Client:
    """One connection, kept."""
    def __init__(self, server):
        self.http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def call(self, method, path, params=None, body=None, headers=None, media="application/json"):
        url = NGSI + "/" + "/".join(urllib.parse.quote(p, safe="") for p in path)
        if params:
            url += "?" + urllib.parse.urlencode(params, quote_via=urllib.parse.quote)
        data = None if body is None else json.dumps(body).encode()
        head = {"Content-Type": media} if data is not None else {}
        self.http.request(method, url, data, {**head, **(headers or {})})
        a = self.http.getresponse()
        text = a.read()
        return a.status, a.headers, json.loads(text) if text else None

    def ask(self, r):
        head = {"Link": LINK} if r.get("context") and not r.get("ld") else {}
        if r.get("tenant"):
            head["NGSILD-Tenant"] = r["tenant"]
        if r.get("geojson"):
            head["Accept"] = "application/geo+json"
        body = w.sent_body(r) if "body" in r else None
        return self.call(r["method"], r["path"], r.get("params"), body, head, w.media(r))

# ---- comparing ----

def plain(value):
    """One text for what means the same: the order of members, of types, scopes and instances says nothing."""
    if isinstance(value, dict):
        return {k: sorted(v) if k in ("type", "scope") and isinstance(v, list) and all(isinstance(t, str) for t in v) else plain(v)
            for k, v in sorted(value.items())}
    if isinstance(value, list):
        items = [plain(v) for v in value]
        several = any(isinstance(v, dict) and "datasetId" in v for v in items)
        return sorted(items, key=lambda v: v.get("datasetId", "") if isinstance(v, dict) else "") if several else items
    return value

def same(a, b):
    return json.dumps(plain(a), sort_keys=True) == json.dumps(plain(b), sort_keys=True)

def told(answer, r):
    """The server's answer in the words of the model."""
    status, headers, body = answer
    if status >= 400:
        return status, body["type"].rsplit("/", 1)[1]
    if status == 201 and r["path"] == ["entities"]:
        return 201, urllib.parse.unquote(headers["Location"].rsplit("/", 1)[1])
    if status == 207 and r["path"][0] == "entityOperations":
        return 207, (body["success"], [(e["entityId"], e["error"]["status"], e["error"]["type"].rsplit("/", 1)[1])
            for e in body["errors"]])
    if status == 207:
        return 207, (sorted(body["updated"]), sorted(n["attributeName"] for n in body["notUpdated"]))
    return status, body

class Difference(Exception):
    pass

def check_answer(r, expected, answer):
    got = told(answer, r)
    if json.dumps(got) != json.dumps(expected):
        raise Difference(f"{w.curl(r)}\n  answers {got}: {json.dumps(answer[2])}\n  expected {expected}")

def check_state(client, model, times):
    for tenant, entities in model.tenants.items():
        for id_ in IDS:
            e = entities.get(id_)
            for form in ("normalized", "concise", "simplified"):
                for context in (False, True):
                    r = {"method": "GET", "path": ["entities", id_], "params": {"format": form}, "tenant": tenant, "context": context}
                    status, _, body = client.ask(r)
                    if e is None and status != 404:
                        raise Difference(f"{w.curl(r)}\n  answers {status} {json.dumps(body)}\n  expected 404")
                    if e is not None and (status != 200 or not same(body, w.show(e, form, context))):
                        raise Difference(f"{w.curl(r)}\n  answers {status} {json.dumps(plain(body))}\n"
                            f"  expected {json.dumps(plain(w.show(e, form, context)))}")
            if e is not None:
                check_times(client, e, tenant, times)
    check_lists(client, model)

def check_times(client, e, tenant, times):
    """createdAt and modifiedAt order as the model's do, and are equal where those are; expiresAt is shown."""
    r = {"method": "GET", "path": ["entities", e.id], "params": {"options": "sysAttrs"}, "tenant": tenant}
    _, _, body = client.ask(r)
    seen = [(e.created, body["createdAt"])] + ([] if e.lapsed else [(e.modified, body["modifiedAt"])])
    if body.get("expiresAt") != e.expires:
        raise Difference(f"{w.curl(r)}\n  expiresAt {body.get('expiresAt')}\n  expected {e.expires}")
    for name, all_ in e.attributes.items():
        shown = body[w.compact(name, False)]
        for i in shown if isinstance(shown, list) else [shown]:
            mine = all_[i.get("datasetId")]
            seen += [(mine.created, i["createdAt"]), (mine.modified, i["modifiedAt"])]
            if i.get("expiresAt") != mine.members.get("expiresAt"):
                raise Difference(f"{w.curl(r)}\n  {name} expiresAt {i.get('expiresAt')}\n  expected {mine.members.get('expiresAt')}")
    for at, stamp in seen:
        if times.setdefault(at, stamp) != stamp:
            raise Difference(f"{w.curl(r)}\n  {json.dumps(body)}\n  {stamp} and {times[at]} are of one request, the {at}th")
    order = [stamp for _, stamp in sorted(times.items())]
    if order != sorted(order):
        raise Difference(f"{w.curl(r)}\n  {json.dumps(body)}\n  times go back: {sorted(times.items())}")

def check_lists(client, model):
    """Everything in pages of two, and the types and attributes there are."""
    for tenant, entities in model.tenants.items():
        head = {"NGSILD-Tenant": tenant} if tenant else {}
        ids = []
        for offset in range(0, len(entities) + 1, 2):
            _, headers, page = client.call("GET", ["entities"],
                {"local": "true", "count": "true", "limit": 2, "offset": offset, "format": "simplified"}, None, head)
            ids += [e["id"] for e in page]
            if headers["NGSILD-Results-Count"] != str(len(entities)):
                raise Difference(f"GET entities in {tenant} counts {headers['NGSILD-Results-Count']}, expected {len(entities)}")
        if sorted(ids) != sorted(entities):
            raise Difference(f"GET entities in {tenant}, in pages: {ids}, expected {list(entities)}")
        for path, member, wanted in (("types", "typeList", {t for e in entities.values() for t in e.types}),
                ("attributes", "attributeList", {n for e in entities.values() for n in e.attributes})):
            check_discovery(client, path, member, sorted(w.compact(n, False) for n in wanted), head)

def check_discovery(client, path, member, wanted, head):
    """What has expired is counted until it is swept out; two seconds are allowed for that [4.22]."""
    deadline = time.monotonic() + 2
    while True:
        _, _, body = client.call("GET", [path], None, None, head)
        if sorted(body[member]) == wanted:
            return
        if time.monotonic() > deadline:
            raise Difference(f"GET {path} with {head}: {body[member]}, expected {wanted}")
        time.sleep(0.01)

def check_views(client, model, views):
    for tenant, entities in model.tenants.items():
        for e in entities.values():
            for params, context, geojson in views:
                r = {"method": "GET", "path": ["entities", e.id], "params": params, "tenant": tenant, "context": context, "geojson": geojson}
                status, _, body = client.ask(r)
                wanted, expected = w.view(e, params, context, geojson)
                if geojson and status == 200:
                    del body["@context"]
                if status != wanted or (status == 200 and not same(body, expected)):
                    raise Difference(f"{w.curl(r)}{' as GeoJSON' if geojson else ''}\n  answers {status} {json.dumps(plain(body))}\n"
                        f"  expected {wanted} {json.dumps(plain(expected))}")

def check_queries(client, model, queries):
    entities = {i: w.show(e, "normalized", False) for i, e in model.tenants[None].items()}
    for p, conditions in queries:
        verdicts = {i: [c(e) for c in conditions] for i, e in entities.items()}
        sure = {i for i, v in verdicts.items() if all(v)}
        maybe = {i for i, v in verdicts.items() if None in v and False not in v}
        status, _, body = client.call("GET", ["entities"], {**p, "pick": "id", "limit": 1000})
        got = {e["id"] for e in body} if status == 200 else set()
        if status != 200 or not sure <= got or not got <= sure | maybe:
            raise Difference(f"GET entities {p}\n  answers {status} {body}\n  expected {sure}, perhaps {maybe}, of {json.dumps(entities)}")

# ---- one life ----

TENANTS = ("one", "two")

def clean(client):
    for tenant in (None, *TENANTS):
        head = {"NGSILD-Tenant": tenant} if tenant else {}
        assert client.call("DELETE", ["entities"], {"local": "true"}, None, head)[0] == 204

class Asked:
    """What is asked at the end of a life."""
    def __init__(self, author):
        self.queries = [author.life.ask() for _ in range(6)]
        self.views = [author.view() for _ in range(3)]

def play(client, requests, asked, restart=None):
    """What differs, in words; None when nothing does."""
    clean(client)
    model, times = w.Model(TENANTS), {}
    try:
        for r in requests:
            expected = model.perform(r)
            check_answer(r, expected, client.ask(r))
        if restart:
            restart()
        check_state(client, model, times)
        check_views(client, model, asked.views)
        check_queries(client, model, asked.queries)
    except Difference as d:
        return str(d)
    return None

def parts(value):
    """The value with one thing less, everywhere that is possible."""
    if isinstance(value, dict):
        for k in value:
            yield {i: v for i, v in value.items() if i != k}
        for k, v in value.items():
            for less in parts(v):
                yield {**value, k: less}
    elif isinstance(value, list):
        for k in range(len(value)):
            if len(value) > 1:
                yield value[:k] + value[k + 1:]
            for less in parts(value[k]):
                yield value[:k] + [less] + value[k + 1:]

def shorter(requests):
    size = len(requests)
    while size >= 1:
        for k in range(0, len(requests), size):
            yield requests[:k] + requests[k + size:]
        size //= 2
    for k, r in enumerate(requests):
        for names in (("context", "ld"), ("ld",), ("tenant",)):
            if any(r.get(n) for n in names):
                yield requests[:k] + [{n: v for n, v in r.items() if n not in names}] + requests[k + 1:]
        for less in parts(r.get("params", {})):
            yield requests[:k] + [{**r, "params": less}] + requests[k + 1:]
        for less in parts(r.get("body")):
            yield requests[:k] + [{**r, "body": less}] + requests[k + 1:]

def shrink(requests, differs):
    """The shortest that still differs: as long as something smaller does, go on from there."""
    found = True
    while found:
        found = False
        for less in shorter(requests):
            if less and differs(less):
                requests, found = less, True
                break
    return requests

def tell(requests, why, seed):
    return f"seed {seed}:\n" + "\n".join(w.curl(r) for r in requests) + f"\n{why}"

def differences(server, seed, sequences, most=1):
    client, found = Client(server), []

    def restart():
        client.http.close()
        assert server.stop() == 0
        server.start()
    for tenant in TENANTS:
        client.call("POST", ["entities"], None, {"id": "urn:e:1", "type": "T"}, {"NGSILD-Tenant": tenant})
    for k in range(seed, seed + sequences):
        author = Author(k)
        requests, asked = author.life_story(), Asked(author)
        again = restart if k % 50 == 0 else None
        why = play(client, requests, asked, again)
        if why is None:
            continue
        requests = shrink(requests, lambda less: play(client, less, asked, again) is not None)
        found.append(tell(requests, play(client, requests, asked, again) or "not always: " + why, k))
        if len(found) == most:
            break
    return found

def write_context(folder):
    folder.mkdir()
    (folder / "oracle.jsonld").write_text(json.dumps({"@context": w.CONTEXT}))
    (folder / "index.json").write_text(json.dumps({w.CONTEXT_URL: "oracle.jsonld"}))
    return str(folder)

def test_random_lives(make_server, tmp_path):
    seed, sequences = int(os.environ.get("CARDO_SEED", "1")), int(os.environ.get("CARDO_SEQUENCES", "400"))
    s = make_server("--contexts", write_context(tmp_path / "contexts"), "--index-worth", "1").start()
    found = differences(s, seed, sequences)
    assert s.stop() == 0
    assert not found, "\n\n".join(found)
