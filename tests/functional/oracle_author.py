"""
Stories at random for the write oracle. A story is a list of steps, each of them data, so that it can be made shorter and told:

    {"method", "path", "params", "body", "tenant", "context", "ld"}     a write (write_oracle.py)
    {"ask": "question", "question", "context", "post", "tenant"}        who fits (oracle.py)
    {"ask": "look", "id", "view", "tenant"}                             one entity, shown in some way (oracle_views.py)
    {"ask": "list", "view", "type", "post", "tenant"}                   all of them, shown so
    {"ask": "discovery", "context", "tenant"}                           types and attributes
    {"restart": "kill" or "term"}
"""
import random

import write_oracle as w
from oracle_views import HEAD
from questions import Questions, Values
from write_oracle import NULL

IDS = ["urn:e:1", "urn:e:2", "urn:e:ä(3)"]
NAMES = ["a", "a", "a", "b", "b", "r", "r", "l", "v", "j", "p", "o", "location"]
DATASETS = ["urn:d:1", "urn:d:2"]
TYPES = ["T", "U", ["T", "U"]]
SCOPES = ["/A", "A", "/B/C", ["/A", "/B"], ["/D"]]
FUTURE, PAST = "2100-01-01T00:00:00Z", "2020-01-01T00:00:00Z"

class Author:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.life = Values(seed)
        self.questions = Questions(seed, names=sorted(set(NAMES) - {"location"}), places=("location",), ids=IDS, scopes=("A", "B", "C"))

    def maybe(self, chance):
        return self.r.random() < chance

    def pick(self, *choices):
        return self.r.choice(choices)

    def uri(self):
        return self.pick(self.r.choice(IDS), f"urn:t:{self.r.randint(0, 3)}")

    def geometry(self):
        return self.life.draughtsman.geometry()

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
            return self.geometry()
        if kind == "Relationship":
            return self.pick(self.uri(), self.uri(), ["urn:t:1", "urn:t:2"], [IDS[0], "urn:t:2"], IDS[1:])
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
        if nulls and self.maybe(0.06):
            i[self.pick("observedAt", "expiresAt", "unitCode", "valueType", "objectType")] = NULL
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
        """Writes, and now and then a question, a look, a restart."""
        story = [self.request(self.create) for _ in range(self.r.randint(1, 3))]
        for _ in range(self.r.randint(2, 12)):
            story.append(self.request())
            if self.maybe(0.4):
                story.append(self.r.choices([self.question, self.look, self.list, self.discovery], [3, 2, 2, 1])[0]())
        if self.maybe(0.03):
            story.insert(self.r.randint(1, len(story)), {"restart": self.pick("kill", "term")})
        return story + [self.question(), self.question(), self.look(), self.list()]

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

    # ---- reading ----

    def view(self):
        view = {"format": self.pick("normalized", "concise", "simplified")}
        if self.maybe(0.25):
            view["datasetId"] = self.pick(["@none"], ["urn:d:1"], ["@none", "urn:d:2"])
        if self.maybe(0.2):
            view["attrs"] = self.r.sample(["a", "b", "r", "l", "p"], 2)
        elif self.maybe(0.4):
            names = self.r.sample([*HEAD, "a", "b", "r", "l", "p", "o", "location"], 3)
            view[self.pick("pick", "omit")] = [[n, None] for n in names]
        if self.maybe(0.3):
            view["lang"] = self.pick("en", "nl")
        if self.maybe(0.25):
            view["context"] = True
        if self.maybe(0.35):
            self.join(view)
        view["accept"] = self.pick("json", "json", "ld", "geo")
        if view["format"] != "concise" and self.maybe(0.2):
            view["options"] = "sysAttrs"
        return view

    def join(self, view):
        view.update(join=self.pick("inline", "inline", "flat"), joinLevel=self.pick(1, 1, 2, 3))
        if self.maybe(0.2):
            view["containedBy"] = [self.r.choice(IDS)]
        for projection in ("pick", "omit"):
            for item in view.get(projection, []):
                if item[0] in ("r", "o") and view["join"] == "inline" and self.maybe(0.7):
                    item[1] = [["id" if projection == "pick" else "scope", None], [self.pick("a", "r", "type"), None]]

    def asked(self, step):
        if self.maybe(0.15):
            step["tenant"] = "one"
        return step

    def look(self):
        return self.asked({"ask": "look", "id": self.r.choice(IDS), "view": self.view()})

    def list(self):
        step = {"ask": "list", "view": self.view()}
        if self.maybe(0.3):
            step["type"] = self.pick("T", "U")
        if self.maybe(0.3):
            step["post"] = True
        return self.asked(step)

    def question(self):
        question = self.questions.ask()
        step = {"ask": "question", "question": question, "context": self.maybe(0.25)}
        step["post"] = self.maybe(0.3) and not {"ids", "idPattern"} <= set(question)
        return self.asked(step)

    def discovery(self):
        return self.asked({"ask": "discovery", "context": self.maybe(0.3)})

    # ---- requests of several entities ----

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
