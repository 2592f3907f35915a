"""Random entities, random writes, random queries: the server says what the plain evaluator of oracle.py says, with indexes
and without, while things change, and after restarts. A difference is made as small as it gets before it is told.

CARDO_SEED, CARDO_ROUNDS: other lives, more of them.
"""
import os
import random
import urllib.parse

import oracle
from conftest import NGSI

WORDS = ["oak", "elm", "Ash", "été", "a b", "fir|x", "2020-01-01T00:00:00Z", "10"]
NAMES = ["a", "b", "c", "d", "r", "l"]

class Life:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.entities = {}
        self.next = 0

    # ---- entities ----

    def number(self):
        return self.r.choice([self.r.randint(-5, 20), round(self.r.uniform(-5, 20), 2), 10, 1e3])

    def stamp(self):
        return f"20{self.r.randint(18, 22)}-0{self.r.randint(1, 9)}-1{self.r.randint(0, 9)}T0{self.r.randint(0, 9)}:00:00Z"

    def scalar(self):
        return self.r.choice([self.number, lambda: self.r.choice(WORDS), lambda: self.r.random() < 0.5, self.stamp])()

    def value(self, depth=0):
        roll = self.r.random()
        if roll < 0.7 or depth > 2:
            return self.scalar()
        if roll < 0.8:
            return [self.value(depth + 1) for _ in range(self.r.randint(1, 3))]
        if roll < 0.85:
            return {"@type": "DateTime", "@value": self.stamp()}
        return {k: self.value(depth + 1) for k in self.r.sample(["x", "y", "z"], self.r.randint(1, 2))}

    def instance(self, name, depth=0):
        if name == "r":
            ids = [f"urn:t:{self.r.randint(0, 9)}" for _ in range(self.r.randint(1, 2))]
            i = {"type": "Relationship", "object": ids[0] if self.r.random() < 0.7 else sorted(set(ids + ["urn:t:x"]))}
        elif name == "l":
            i = {"type": "LanguageProperty", "languageMap": {t: self.r.choice(WORDS) for t in self.r.sample(["en", "nl", "fr"], 2)}}
        else:
            i = {"type": "Property", "value": self.value()}
        if self.r.random() < 0.3:
            i["observedAt"] = self.stamp()
        if self.r.random() < 0.2 and name != "r" and name != "l":
            i["unitCode"] = self.r.choice(["CEL", "KMH"])
        if depth == 0 and self.r.random() < 0.3:
            i["s"] = self.instance(self.r.choice(["a", "r"]), 1)
        return i

    def attribute(self, name):
        one = self.instance(name)
        if self.r.random() < 0.15:
            return [one, dict(self.instance(name), datasetId="urn:d:1")]
        return one

    def entity(self):
        self.next += 1
        e = {"id": f"urn:e:{self.next}", "type": self.r.choice(["T", "U", ["T", "U"]])}
        for name in self.r.sample(NAMES, self.r.randint(1, 5)):
            e[name] = self.attribute(name)
        if self.r.random() < 0.7:
            e["location"] = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [
                round(7.5 + self.r.random() * 0.2, 4), round(51.9 + self.r.random() * 0.2, 4)]}}
        if self.r.random() < 0.5:
            e["scope"] = "/" + "/".join(self.r.sample(["p", "q", "s"], self.r.randint(1, 3)))
        return e

    # ---- queries ----

    def path(self):
        p = {"steps": [self.r.choice(NAMES)], "member": None, "inside": []}
        roll = self.r.random()
        if roll < 0.1:
            p["steps"].append("s")
        elif roll < 0.2:
            p["member"] = self.r.choice(["observedAt", "unitCode", "datasetId"])
        elif roll < 0.3 and p["steps"][0] == "l":
            p["inside"] = [self.r.choice(["en", "nl", "*"])]
        elif roll < 0.35 and p["steps"][0] not in ("l", "r"):
            p["inside"] = self.r.sample(["x", "y", "z"], self.r.randint(1, 2))
        return p

    def literal(self):
        return self.r.choice([lambda: ("number", self.number()), lambda: ("string", self.r.choice(WORDS)),
            lambda: ("bool", self.r.random() < 0.5), lambda: ("time", self.stamp()),
            lambda: ("string", f"urn:t:{self.r.randint(0, 9)}"), lambda: ("number", self.number())])()

    def term(self):
        op = self.r.choice(["==", "==", "==", "!=", ">", ">=", "<", "<=", "~=", "!~=", None])
        if op is None:
            return ("cmp", self.path(), None, [])
        if op in ("~=", "!~="):
            return ("cmp", self.path(), op, [self.r.choice(["^o", "a", "t.$", "[0-9]+", "é", "oak|elm"])])
        values = [self.literal()]
        if op in ("==", "!=") and self.r.random() < 0.2:
            values += [self.literal() for _ in range(self.r.randint(1, 3))]
        elif op in ("==", "!=") and self.r.random() < 0.2:
            low, high = sorted([self.number(), self.number()])
            values = [("range", ("number", low), ("number", high))]
        return ("cmp", self.path(), op, values)

    def query(self, depth=0):
        if depth > 2 or self.r.random() < 0.6:
            return self.term()
        return (self.r.choice(["and", "or"]), [self.query(depth + 1) for _ in range(self.r.randint(2, 3))])

    def ask(self):
        """Parameters, and what they mean."""
        p, conditions = {"local": "true"}, []
        roll = self.r.random()
        if self.r.random() < 0.4:
            t = self.r.choice(["T", "U", "T,U", "(T;U)"])
            p["type"] = t
            conditions.append({"T": lambda e: "T" in oracle.types(e), "U": lambda e: "U" in oracle.types(e),
                "T,U": lambda e: oracle.types(e) & {"T", "U"} != set(), "(T;U)": lambda e: oracle.types(e) >= {"T", "U"}}[t])
        if roll < 0.8:
            q = self.query()
            p["q"] = oracle.write(q)
            conditions.append(lambda e: oracle.matches(e, q))
        if roll > 0.7 and self.r.random() < 0.4:
            centre, distance = [round(7.5 + self.r.random() * 0.2, 3), 52.0], self.r.choice([300, 2000, 9000])
            p.update(georel=f"near;maxDistance=={distance}", geometry="Point", coordinates=str(centre))
            conditions.append(lambda e: oracle.near(e, centre, distance))
        elif roll > 0.7 and self.r.random() < 0.5:
            w, s = 7.5 + self.r.random() * 0.1, 51.9 + self.r.random() * 0.1
            n, o = s + self.r.random() * 0.1, w + self.r.random() * 0.1
            p.update(georel="within", geometry="Polygon", coordinates=str([[[w, s], [o, s], [o, n], [w, n], [w, s]]]))
            conditions.append(lambda e: oracle.within(e, w, s, o, n))
        if self.r.random() < 0.15:
            pattern = "/" + "/".join(self.r.choice(["p", "q", "s", "+"]) for _ in range(self.r.randint(1, 2)))
            pattern += self.r.choice(["", "/#"])
            p["scopeQ"] = pattern
            conditions.append(lambda e: oracle.scope_matches(e, pattern))
        return p, conditions

    # ---- writes ----

    def write(self, servers):
        """Some changes, the same everywhere."""
        for _ in range(self.r.randint(1, 6)):
            known = list(self.entities)
            roll = self.r.random()
            if roll < 0.3 or not known:
                e = self.entity()
                self.entities[e["id"]] = e
                call(servers, "POST", f"{NGSI}/entities", e, 201)
            elif roll < 0.4:
                gone = self.r.choice(known)
                del self.entities[gone]
                call(servers, "DELETE", f"{NGSI}/entities/{gone}", None, 204)
            else:
                e = self.entities[self.r.choice(known)]
                name = self.r.choice(NAMES)
                e[name] = self.attribute(name)
                # the whole attribute anew: instances that are not named would stay
                if self.r.random() < 0.5:
                    call(servers, "PUT", f"{NGSI}/entities/{e['id']}", e, 204)
                else:
                    call(servers, "DELETE", f"{NGSI}/entities/{e['id']}/attrs/{name}?deleteAll=true", None, (204, 404))
                    call(servers, "POST", f"{NGSI}/entities/{e['id']}/attrs", {name: e[name]}, 204)

def call(servers, method, path, body, status):
    for s in servers:
        a = s.call(method, path, body)
        assert a.status == status or (isinstance(status, tuple) and a.status in status), f"{method} {path} {body}\n{a.body}"

def expected(entities, conditions):
    """Ids in the order of creation; None among them: too close to call."""
    found = []
    for e in entities.values():
        verdicts = [c(e) for c in conditions]
        if None in verdicts and all(v is not False for v in verdicts):
            found.append((e["id"], None))
        elif all(verdicts):
            found.append((e["id"], True))
    return found

def answer(server, p, **more):
    query = urllib.parse.urlencode({**p, **more, "pick": "id", "limit": 1000}, quote_via=urllib.parse.quote)
    a = server.get(f"{NGSI}/entities?{query}")
    assert a.status == 200, f"{p}\n{a.body}"
    return [e["id"] for e in a.json], a.headers.get("NGSILD-Results-Count")

def differs(server, entities, p, conditions):
    want = expected(entities, conditions)
    got, count = answer(server, p, count="true")
    sure = [i for i, v in want if v]
    maybe = {i for i, v in want if v is None}
    return got if [i for i in got if i not in maybe] != sure or not set(got) <= set(sure) | maybe or int(count) != len(got) else None

def smaller(entities, p, conditions, make_server):
    """One entity that is judged wrongly, alone in a new twin."""
    for e in entities.values():
        s = make_server("--index-worth", "1", name="alone-" + e["id"].replace(":", "-")).start()
        call([s], "POST", f"{NGSI}/entities", e, 201)
        wrong = differs(s, {e["id"]: e}, p, conditions)
        s.stop()
        if wrong is not None:
            return e
    return None

def check(servers, life, make_server):
    p, conditions = life.ask()
    if not conditions:
        return
    for s in servers:
        got = differs(s, life.entities, p, conditions)
        if got is None:
            continue
        raise AssertionError(f"{p}\nserver {s.flags}: {got}\nexpected {expected(life.entities, conditions)}\n"
            f"alone: {smaller(life.entities, p, conditions, make_server)}")
    # pages fit together
    whole, _ = answer(servers[0], p)
    if len(whole) > 3:
        for s in servers:
            query = urllib.parse.urlencode({**p, "pick": "id"}, quote_via=urllib.parse.quote)
            pages = []
            for offset in range(0, len(whole) + 1, 3):
                pages += [e["id"] for e in s.get(f"{NGSI}/entities?{query}&limit=3&offset={offset}").json]
            assert pages == whole, f"{p}: pages {pages}, whole {whole}"

def run(seed, make_server, steps):
    servers = [make_server("--index-worth", "1", "--loops", "1", name=f"with{seed}").start(),
        make_server("--index-worth", "1000000000", "--loops", "1", name=f"without{seed}").start()]
    life = Life(seed)
    for _ in range(60):
        e = life.entity()
        life.entities[e["id"]] = e
        call(servers, "POST", f"{NGSI}/entities", e, 201)
    for k in range(steps):
        life.write(servers)
        for _ in range(4):
            check(servers, life, make_server)
        if k == steps // 2:
            for s in servers:
                assert s.stop() == 0
                s.start()
    told = [s.get("/debug/explain?q=a==10&local=true&count=true").json["plan"] for s in servers]
    assert told == ["index", "all entities"]
    for s in servers:
        assert s.stop() == 0

def test_random_queries_mean_what_they_say(make_server):
    seed, rounds = int(os.environ.get("CARDO_SEED", "1")), int(os.environ.get("CARDO_ROUNDS", "3"))
    for k in range(rounds):
        run(seed + k, make_server, 60)
