"""Values, entities and questions at random, for the oracles; what questions mean is in oracle.py."""
import random

import oracle_geo

WORDS = ["oak", "elm", "Ash", "été", "ete", "a b", "fir|x", "2020-01-01T00:00:00Z", "10", "2020-02-02", "10:00:00Z"]
NAMES = ["a", "b", "c", "d", "r", "l"]
TAGS = ["en", "nl", "fr"]

class Values:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.draughtsman = oracle_geo.Draughtsman(self.r)

    def maybe(self, chance):
        return self.r.random() < chance

    def number(self):
        return self.r.choice([self.r.randint(-5, 20), round(self.r.uniform(-5, 20), 2), 10, 1e3])

    def stamp(self):
        return f"20{self.r.randint(18, 22)}-0{self.r.randint(1, 9)}-1{self.r.randint(0, 9)}T0{self.r.randint(0, 9)}:00:00Z"

    def scalar(self):
        return self.r.choice([self.number, lambda: self.r.choice(WORDS), lambda: self.maybe(0.5), self.stamp])()

    def value(self, depth=0):
        roll = self.r.random()
        if roll < 0.7 or depth > 2:
            return self.scalar()
        if roll < 0.8:
            return [self.value(depth + 1) for _ in range(self.r.randint(1, 3))]
        if roll < 0.85:
            return {"@type": "DateTime", "@value": self.stamp()}
        return {k: self.value(depth + 1) for k in self.r.sample(["x", "y", "z"], self.r.randint(1, 2))}

class Nature(Values):
    """Entities in the normalized form. A name says nothing about the kind for most, so that a question meets all of them."""
    def __init__(self, seed):
        super().__init__(seed)
        self.next = 0

    def someone(self):
        return f"urn:e:{self.r.randint(1, max(self.next, 9))}"

    def instance(self, name, depth=0):
        kind = {"r": "Relationship", "o": "ListRelationship", "l": "LanguageProperty", "v": "VocabProperty", "j": "JsonProperty",
            "p": "ListProperty"}.get(name, "Property")
        value = {
            "Relationship": lambda: self.someone() if self.maybe(0.7) else sorted({self.someone(), self.someone(), "urn:t:x"}),
            "ListRelationship": lambda: [{"object": self.someone()} for _ in range(self.r.randint(1, 2))],
            "LanguageProperty": lambda: {t: self.r.choice(WORDS) for t in self.r.sample(TAGS, 2)},
            "VocabProperty": lambda: self.r.choice(["red", "blue", ["red", "green"]]),
            "JsonProperty": lambda: self.r.choice([{"x": self.value(), "type": None}, [self.scalar(), None], {"x": {"y": self.scalar()}}]),
            "ListProperty": lambda: [self.scalar() for _ in range(self.r.randint(0, 3))],
            "Property": self.value}[kind]()
        members = {"Relationship": "object", "ListRelationship": "objectList", "LanguageProperty": "languageMap",
            "VocabProperty": "vocab", "JsonProperty": "json", "ListProperty": "valueList", "Property": "value"}
        i = {"type": kind, members[kind]: value}
        if self.maybe(0.3):
            i["observedAt"] = self.stamp()
        if self.maybe(0.2) and kind == "Property":
            i["unitCode"] = self.r.choice(["CEL", "KMH"])
        if depth == 0 and self.maybe(0.3):
            i["s"] = self.instance(self.r.choice(["a", "r", "l"]), 1)
        return i

    def attribute(self, name):
        if name in ("location", "g"):
            return self.place(name)
        one = self.instance(name)
        if self.maybe(0.15):
            return [one, dict(self.instance(name), datasetId="urn:d:1")]
        return one

    def place(self, name):
        kinds = {"kinds": ("Point",)} if name == "location" and self.maybe(0.5) else {}
        one = {"type": "GeoProperty", "value": self.draughtsman.geometry(**kinds)}
        if self.maybe(0.1):
            return [one, {"type": "GeoProperty", "value": self.draughtsman.geometry(), "datasetId": "urn:d:1"}]
        return one

    def entity(self):
        self.next += 1
        e = {"id": f"urn:e:{self.next}", "type": self.r.choice(["T", "U", ["T", "U"], "V"])}
        for name in self.r.sample([*NAMES, "o", "v", "j", "p"], self.r.randint(1, 6)):
            e[name] = self.attribute(name)
        for name, chance in (("location", 0.7), ("g", 0.2)):
            if self.maybe(chance):
                e[name] = self.place(name)
        if self.maybe(0.5):
            e["scope"] = self.r.choice([self.scope(), [self.scope(), self.scope()]])
            if isinstance(e["scope"], list) and e["scope"][0] == e["scope"][1]:
                e["scope"] = e["scope"][0]
        return e

    def scope(self):
        return "/" + "/".join(self.r.sample(["p", "q", "s"], self.r.randint(1, 3)))

class Questions(Values):
    """`known`: names of attributes by what they mostly hold; `ids`: some ids, for patterns and lists."""
    def __init__(self, seed, names=(*NAMES, "o", "v", "j", "p"), places=("location", "g"), ids=(), scopes=("p", "q", "s")):
        super().__init__(seed)
        self.names, self.places, self.ids, self.levels = list(names), list(places), list(ids), list(scopes)

    def path(self):
        p = {"steps": [self.r.choice(self.names)], "member": None, "inside": []}
        roll = self.r.random()
        if roll < 0.1:
            p["steps"].append("s")
        elif roll < 0.2:
            p["member"] = self.r.choice(["observedAt", "unitCode", "datasetId"])
        elif roll < 0.4 and p["steps"][0] == "l":
            p["inside"] = [self.r.choice(["en", "nl", "*"])]
        elif roll < 0.35 and p["steps"][0] not in ("l", "r", "o", "v"):
            p["inside"] = self.r.sample(["x", "y", "z"], self.r.randint(1, 2))
        return p

    def literal(self):
        return self.r.choice([lambda: ["number", self.number()], lambda: ["string", self.r.choice(WORDS)],
            lambda: ["bool", self.maybe(0.5)], lambda: ["time", self.stamp()], lambda: ["string", f"urn:t:{self.r.randint(0, 9)}"],
            lambda: ["string", self.r.choice(self.ids or ["urn:e:1"])], lambda: ["string", self.r.choice(["red", "blue"])],
            lambda: ["number", self.number()]])()

    def range(self):
        pair = self.r.choice([lambda: [["number", n] for n in sorted([self.number(), self.number()])],
            lambda: [["time", t] for t in sorted([self.stamp(), self.stamp()])],
            lambda: [["string", s] for s in sorted(self.r.sample(WORDS[:3], 2))]])()
        return ["range", *pair]

    def term(self):
        op = self.r.choice(["==", "==", "==", "!=", ">", ">=", "<", "<=", "~=", "!~=", None])
        if op is None:
            return ["cmp", self.path(), None, []]
        if op in ("~=", "!~="):
            return ["cmp", self.path(), op, [self.r.choice(["^o", "a", "t.$", "[0-9]+", "é", "oak|elm", "^[^a-z]", "(el|as)."])]]
        values = [self.literal()]
        if op in ("==", "!=") and self.maybe(0.2):
            values += [self.r.choice([self.literal, self.range])() for _ in range(self.r.randint(1, 3))]
        elif op in ("==", "!=") and self.maybe(0.25):
            values = [self.range()]
        return ["cmp", self.path(), op, values]

    def link(self):
        q = self.term()
        for _ in range(self.r.choice([1, 1, 2])):
            q = ["link", self.r.choice(["r", "r", "o"]), self.r.choice([[], [], ["T"], ["U", "V"]]), q]
        return q

    def query(self, depth=0):
        if depth > 2 or self.maybe(0.6):
            return self.link() if self.maybe(0.12) else self.term()
        return [self.r.choice(["and", "or"])] + [self.query(depth + 1) for _ in range(self.r.randint(2, 3))]

    def place(self):
        g = {"property": self.places[0] if self.maybe(0.8) else self.r.choice(self.places)}
        if self.maybe(0.4):
            kinds = {"kinds": ("Point",)} if self.maybe(0.6) else {}
            return {**g, "near": self.r.choice(["maxDistance", "maxDistance", "minDistance"]),
                "metres": self.r.choice([300, 1500, 5000, 9000]), "geometry": self.draughtsman.geometry(**kinds)}
        relation = self.r.choice(["within", "within", "intersects", "contains", "disjoint", "equals", "overlaps"])
        kinds = {"kinds": ("Polygon", "MultiPolygon")} if relation == "within" and self.maybe(0.7) else {}
        return {**g, "relation": relation, "geometry": self.draughtsman.geometry(**kinds)}

    def selection(self, items):
        roll = self.r.random()
        if roll < 0.5:
            return self.r.choice(items)
        parts = self.r.sample(items, 2)
        if roll < 0.7:
            return ["or", *parts]
        return ["and", *parts] if roll < 0.9 else ["or", ["and", *parts], items[-1]]

    def scope_pattern(self):
        pattern = "/" + "/".join(self.r.choice([*self.levels, "+"]) for _ in range(self.r.randint(1, 2)))
        return pattern + self.r.choice(["", "/#"]) if self.maybe(0.9) else "/#"

    def order(self):
        paths = [self.r.choice([self.path(), self.path(), "id"]) for _ in range(self.r.randint(1, 3))]
        order = [[p, self.r.choice(["asc", "desc"])] for p in paths]
        if self.maybe(0.3):
            order[0] = [{"steps": [self.places[0]], "member": None, "inside": []}, self.r.choice(["dist-asc", "dist-desc"])]
        return order

    def ask(self):
        question, roll = {}, self.r.random()
        if self.maybe(0.4):
            question["type"] = self.selection(["T", "U", "V"])
        if roll < 0.75:
            question["q"] = self.query()
            if self.maybe(0.1):
                question["expand"] = ["v"]
            if self.maybe(0.05):
                question["raw"] = ["j", "a"]
        if roll > 0.65:
            question["geo"] = self.place()
        if self.maybe(0.15):
            patterns = self.r.sample([self.scope_pattern() for _ in range(3)], 3)
            question["scope"] = self.selection(patterns) if len(set(patterns)) == 3 else patterns[0]
        if self.maybe(0.05) and self.ids:
            question["ids"] = self.r.sample(self.ids, min(len(self.ids), 3))
        if self.maybe(0.05):
            question["idPattern"] = self.r.choice(["e:[13]", "1$", "^urn:e", "[24].?$", "x"])
        if self.maybe(0.1):
            question["attrs"] = self.r.sample(self.names, 2)
        if self.maybe(0.25):
            question["order"] = self.order()
            question["origin"] = self.draughtsman.geometry(("Point", "Point", "Polygon"))
            if self.maybe(0.5):
                question["collation"] = self.r.choice(["und", "en", "und-u-ks-level1"])
        return question
