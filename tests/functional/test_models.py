"""
Every example of the data models goes in where it is valid NGSI-LD, comes back equal in each representation, is found by each of its
attributes, and is all that after a restart; the others are refused for a reason that models.faults() sees as well.

CARDO_MODELS=FOLDER: other models (models.py says which folders will do).
"""
import http.client
import json
from collections import Counter
from urllib.parse import quote, urlencode

import pytest

import models
from conftest import NGSI, data_folder

REL = '; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'

class Client:
    def __init__(self, server):
        self.http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def call(self, method, path, entity=None, link=None, media="application/json", accept="application/json"):
        head = {"Accept": accept, **({"Link": f"<{link}>{REL}"} if link else {})}
        body = None if entity is None else json.dumps(entity).encode()
        self.http.request(method, NGSI + path, body, {**head, **({"Content-Type": media} if body else {})})
        a = self.http.getresponse()
        text = a.read()
        return a.status, json.loads(text) if text else None

@pytest.fixture
def twin(make_server, tmp_path):
    folder = models.chosen() or data_folder("models")
    models.write_index(folder, tmp_path / "contexts")
    s = make_server("--contexts", str(tmp_path / "contexts"), kind="CARDO_ASAN").start()
    s.models, s.index = folder, json.loads((tmp_path / "contexts" / "index.json").read_text())
    yield s
    assert s.stop() == 0

def send(client, entity, link=None):
    """As JSON-LD with the context in it, or as JSON with a Link."""
    client.call("DELETE", "/entities/" + quote(str(entity.get("id")), safe=""))
    return client.call("POST", "/entities", entity, link, "application/ld+json" if "@context" in entity else "application/json")

def restart(s):
    assert s.stop() == 0
    s.start()
    return Client(s)

def agree(path, entity, status, problem, absent=()):
    """The server takes what an independent reading finds no fault with, and names a fault where that finds one."""
    faults = models.faults(entity)
    if absent:
        remote = all(url.startswith(("http://", "https://")) for url in absent)
        assert (status, remote) in ((504, True), (400, False)) and "@context" in problem["title"] + problem["detail"], (path, problem)
        problem.setdefault("where", "@context")
        return "an @context that is not here" if remote else "an @context that is no URL"
    if status == 201:
        assert not faults, f"{path}: taken in spite of {faults}"
        return None
    assert status == 400 and problem["detail"] and problem["where"], (path, problem)
    named = [at for at in faults if at == problem["where"] or at.startswith(problem["where"] + "/") or problem["where"].startswith(at + "/")]
    assert named, f"{path}: refused at {problem['where']} ({problem['detail']}), found at fault {faults}"
    return faults[named[0]]

def table(capsys, what, taken, refused):
    with capsys.disabled():
        print(f"\n{what}: {len(taken)} taken, {len(refused)} refused: " + ", ".join(f"{n} {why}" for why, n in Counter(r[1] for r in refused).items()))
        for path, why, problem in refused:
            print(f"  {path}: {problem['where']}: {problem['detail']} [{why}]")

# ---- back in each representation ----

def get(client, entity, link, **more):
    accept = more.pop("accept", "application/json")
    status, body = client.call("GET", f"/entities/{quote(entity['id'], safe='')}?{urlencode(more)}", None, link, accept=accept)
    assert status == 200, (entity["id"], body)
    return body

def check_forms(client, path, entity, link):
    wanted = models.data(entity)
    assert models.data(get(client, entity, link)) == wanted, path
    assert models.data(get(client, entity, link, format="concise")) == wanted, path
    assert get(client, entity, link, format="simplified") == models.in_simplified(entity), path
    for form in ("normalized", "simplified"):
        feature = get(client, entity, link, format=form, accept="application/geo+json")
        assert feature["type"] == "Feature" and feature["id"] == entity["id"] and feature["geometry"] == models.place(entity), path
        inner = {**feature["properties"], "id": entity["id"]}
        assert inner == models.in_simplified(entity) if form == "simplified" else models.data(inner) == wanted, path

# ---- found by each attribute ----

def finds(client, entity, link, **p):
    first = entity["type"] if isinstance(entity["type"], str) else entity["type"][0]
    status, body = client.call("GET", "/entities?" + urlencode({"type": first, "pick": "id", "limit": 1000, **p}, quote_via=quote), None, link)
    assert status == 200, (p, body)
    return entity["id"] in [e["id"] for e in body]

def check_questions(client, path, entity, link):
    """How many questions it took."""
    asked = 0
    for name, value in models.data(entity).items():
        if name in ("id", "type", "scope"):
            continue
        assert finds(client, entity, link, q=name), f"{path}: not found by {name}"
        for k, instance in enumerate(value if isinstance(value, list) else [value]):
            if instance["type"] == "GeoProperty":
                g = instance["value"] if isinstance(instance["value"], dict) else json.loads(instance["value"])
                assert finds(client, entity, link, georel="equals", geometry=g["type"], coordinates=json.dumps(g["coordinates"]), geoproperty=name), path
            for yes, no in models.questions(name, instance):
                assert finds(client, entity, link, q=yes), f"{path}: not found by {yes}"
                assert isinstance(value, list) or not finds(client, entity, link, q=no), f"{path}: found by {no}"
                asked += 2
            asked += 1
    return asked

def test_normalized_examples(twin, capsys):
    client, taken, refused, asked = Client(twin), [], [], 0
    for path, entity in models.examples(twin.models):
        status, problem = send(client, entity)
        why = agree(path, entity, status, problem, models.absent_contexts(entity, twin.index))
        if why:
            refused.append((path, why, problem))
            continue
        taken.append((path, entity))
        check_forms(client, path, entity, models.link_url(entity))
        asked += check_questions(client, path, entity, models.link_url(entity))
    client = restart(twin)
    newest = {e["id"]: (p, e) for p, e in taken}
    for path, entity in newest.values():
        check_forms(client, path, entity, models.link_url(entity))
    table(capsys, f"normalized, {asked} questions", taken, refused)
    assert models.chosen() or len(taken) >= 60

@pytest.mark.parametrize("name", ["example.jsonld", "example.json"])
def test_key_values_examples(twin, capsys, name):
    """They are what the concise form takes bare values for; the simplified form gives them back."""
    client, taken, refused = Client(twin), [], []
    contexts = {path.parent: e for path, e in models.examples(twin.models, "example.jsonld")}
    for path, entity in models.examples(twin.models, name):
        context = contexts.get(path.parent, {})
        link = models.link_url(context) if context and name == "example.json" else None
        sent = entity if name == "example.jsonld" else {k: v for k, v in entity.items() if k != "@context"}
        status, problem = send(client, sent, link)
        why = agree(path, sent, status, problem, models.absent_contexts(context, twin.index))
        if why:
            refused.append((path, why, problem))
            continue
        link = models.link_url(entity) if "@context" in sent else link
        taken.append((path, sent, link))
        check_forms(client, path, sent, link)
        check_questions(client, path, sent, link)
    client = restart(twin)
    for path, entity, link in {e["id"]: (p, e, link) for p, e, link in taken}.values():
        check_forms(client, path, entity, link)
    table(capsys, name, taken, refused)
    assert models.chosen() or len(taken) >= 40

def test_examples_of_the_older_interface(twin, capsys):
    """Normalized in NGSI-v2: other types of attributes; where there are none of those, it is NGSI-LD by chance."""
    client, taken, refused = Client(twin), [], []
    contexts = {path.parent: e for path, e in models.examples(twin.models, "example.jsonld")}
    for path, entity in models.examples(twin.models, "example-normalized.json"):
        sent = {k: v for k, v in entity.items() if k != "@context"}
        context = contexts.get(path.parent, {})
        status, problem = send(client, sent, models.link_url(context) if context else None)
        why = agree(path, sent, status, problem, models.absent_contexts(context, twin.index))
        (refused if why else taken).append((path, why, problem))
    table(capsys, "NGSI-v2", taken, [])
    assert models.chosen() or len(refused) >= 60
