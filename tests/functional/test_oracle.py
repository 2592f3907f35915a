"""Random entities, random writes, random questions: the server says what the plain evaluator of oracle.py says, with indexes
and without, as a GET and as a POST, in one piece and in pages, while things change, and after restarts of both kinds. A difference is made as
small as it gets before it is told.

CARDO_SEED, CARDO_ROUNDS: other lives, more of them. A round asks 240 questions of two servers; for a night:

    CARDO_ROUNDS=1000 python3 -m pytest -q tests/functional/test_oracle.py
"""
import json
import os
import signal
import time
import urllib.parse

import oracle
from conftest import NGSI
from questions import NAMES, Nature, Questions

class Life(Nature):
    """What is stored, and changes to it, the same on all servers."""
    def __init__(self, seed):
        super().__init__(seed)
        self.entities = {}

    def create(self, servers):
        e = self.entity()
        self.entities[e["id"]] = e
        call(servers, "POST", f"{NGSI}/entities", e, 201)

    def write(self, servers):
        for _ in range(self.r.randint(1, 6)):
            known = list(self.entities)
            roll = self.r.random()
            if roll < 0.3 or not known:
                self.create(servers)
            elif roll < 0.4:
                gone = self.r.choice(known)
                del self.entities[gone]
                call(servers, "DELETE", f"{NGSI}/entities/{gone}", None, 204)
            else:
                self.change(servers, self.entities[self.r.choice(known)])

    def change(self, servers, e):
        name = self.r.choice([*NAMES, "location", "g"])
        e[name] = self.attribute(name)
        # the whole attribute anew: instances that are not named would stay
        if self.maybe(0.5):
            call(servers, "PUT", f"{NGSI}/entities/{e['id']}", e, 204)
        else:
            call(servers, "DELETE", f"{NGSI}/entities/{e['id']}/attrs/{name}?deleteAll=true", None, (204, 404))
            call(servers, "POST", f"{NGSI}/entities/{e['id']}/attrs", {name: e[name]}, 204)

def call(servers, method, path, body, status):
    for s in servers:
        a = s.call(method, path, body)
        assert a.status == status or (isinstance(status, tuple) and a.status in status), f"{method} {path} {body}\n{a.body}"

def answer(server, question, post=False, **more):
    p, body = oracle.body(question) if post else (oracle.params(question), None)
    p = {**p, "limit": 1000, **more}
    text = urllib.parse.urlencode(p, quote_via=urllib.parse.quote)
    if post:
        a = server.call("POST", f"{NGSI}/entityOperations/query?{text}", body)
    else:
        a = server.get(f"{NGSI}/entities?{text}" + ("" if "attrs" in question else "&pick=id"))
    assert a.status == 200, f"{p} {body}\n{a.body}"
    return [e["id"] for e in a.json], a.headers.get("NGSILD-Results-Count")

def wanted(entities, question):
    """Ids that must be found, and those that may be, in the order of creation."""
    world = oracle.World(entities)
    verdicts = {i: oracle.judge(question, e, world) for i, e in entities.items()}
    return [i for i, v in verdicts.items() if v], {i for i, v in verdicts.items() if v is None}

def differs(server, entities, question, post=False):
    """What is wrong with the answer, in words; None when nothing is."""
    sure, maybe = wanted(entities, question)
    got, count = answer(server, question, post, count="true")
    if int(count) != len(got):
        return f"{len(got)} found, {count} counted"
    if "order" in question:
        wrong = oracle.disordered([entities[i] for i in got if i in entities], question, oracle.World(entities))
        if wrong:
            return "in the wrong order: " + json.dumps(wrong)
        got, sure = sorted(got), sorted(sure)
    if [i for i in got if i not in maybe] != sure or not set(got) <= set(sure) | maybe:
        return f"found {got}\n  expected {sure}, perhaps {sorted(maybe)}"
    return None

def smallest(server, entities, question, post):
    """A smaller question that is still answered wrongly, and of what is stored only what matters to it."""
    found = True
    while found:
        found = False
        for less in oracle.smaller(question):
            if less and differs(server, entities, less, post):
                question, found = less, True
                break
    why = differs(server, entities, question, post)
    named = [e for i, e in entities.items() if f"'{i}'" in why]
    return question, why, named

def check(servers, life, question):
    # in a selector an id is stronger than a pattern
    post = life.maybe(0.3) and not {"ids", "idPattern"} <= set(question)
    for s in servers:
        if differs(s, life.entities, question, post):
            less, why, named = smallest(s, life.entities, question, post)
            raise AssertionError(f"server {s.flags}, {oracle.body(less) if post else oracle.params(less)}\n{why}\nof\n" + "\n".join(
                json.dumps(e, ensure_ascii=False) for e in named[:12]))
    pages(servers, question)

def pages(servers, question):
    """They fit together."""
    whole, _ = answer(servers[0], question)
    if len(whole) < 4:
        return
    for s in servers:
        found = []
        for offset in range(0, len(whole) + 1, 7):
            found += answer(s, question, limit=7, offset=offset)[0]
        assert found == whole, f"{question}: pages {found}, whole {whole}"

def check_plans(servers):
    """One of them does answer from indexes (they are made when asked for), the other never."""
    def plan(s):
        return s.get("/debug/explain?q=a==10&local=true&count=true").json["plan"]
    deadline = time.monotonic() + 20
    while plan(servers[0]) != "index":
        assert time.monotonic() < deadline
        answer(servers[0], {"q": ["cmp", {"steps": ["a"], "member": None, "inside": []}, "==", [["number", 10]]]})
        time.sleep(0.01)
    assert plan(servers[1]) == "all entities"

def run(seed, make_server, steps):
    servers = [make_server("--index-worth", "1", "--loops", "1", name=f"with{seed}").start(),
        make_server("--index-worth", "1000000000", "--loops", "1", name=f"without{seed}").start()]
    life = Life(seed)
    for _ in range(60):
        life.create(servers)
    for k in range(steps):
        life.write(servers)
        questions = Questions(f"{seed}.{k}", ids=list(life.entities))
        for _ in range(4):
            question = questions.ask()
            if question:
                check(servers, life, question)
        if k in (steps // 3, 2 * steps // 3):
            for s in servers:
                s.stop(signal.SIGKILL if k == steps // 3 else signal.SIGTERM)
                s.start()
    check_plans(servers)
    for s in servers:
        assert s.stop() == 0

def test_random_queries_mean_what_they_say(make_server):
    seed, rounds = int(os.environ.get("CARDO_SEED", "1")), int(os.environ.get("CARDO_ROUNDS", "3"))
    for k in range(rounds):
        run(seed + k, make_server, 60)
