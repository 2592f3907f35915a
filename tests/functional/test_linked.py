"""Linked entities where a great many ways lead through few entities, against a plain walk: each once in the flat form, and an error
past linked_max instead of an answer that never ends. [CIM 009 4.5.23, 4.9]"""
import time
import urllib.parse

import pytest

from conftest import NGSI, Server
from test_wrong_headed import Neighbour

LAYERS = 40

def node(layer, side):
    return f"urn:d:{layer}:{side}"

def diamonds(layers=LAYERS, last=()):
    """Of each layer both lead to both of the next one: 2^layers ways."""
    for k in range(layers):
        to = [node(k + 1, "a"), node(k + 1, "b")] if k + 1 < layers else list(last)
        for side in "ab":
            e = {"id": node(k, side), "type": "First" if k == 0 else "D", "n": {"type": "Property", "value": k}}
            if to:
                e["r"] = {"type": "Relationship", "object": to}
            yield e

def chains():
    """The long way to urn:c:end stands before the short one, and is met first by whoever follows one way to its end."""
    links = {"start": {"a": "1", "z": "end"}, "1": {"a": "2"}, "2": {"a": "end"}, "end": {"a": "5"}, "5": {"a": "6"}, "6": {"a": "start"}}
    for name, to in links.items():
        yield {"id": f"urn:c:{name}", "type": "C", **{k: {"type": "Relationship", "object": f"urn:c:{t}"} for k, t in to.items()}}

def rings():
    for k in range(5):
        yield {"id": f"urn:ring:{k}", "type": "Ring", "r": {"type": "Relationship", "object": [f"urn:ring:{(k + 1) % 5}", f"urn:ring:{k}", "urn:none"]}}

ENTITIES = {e["id"]: e for e in [*diamonds(), *chains(), *rings()]}

@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("linked") / "twin", "--loops", "1", kind="CARDO_ASAN").start()
    assert s.call("POST", f"{NGSI}/entityOperations/create", list(ENTITIES.values())).status == 201
    s.neighbour = Neighbour(s)
    s.neighbour.start()
    yield s
    s.neighbour.get_on()
    s.neighbour.stopped.set()
    s.neighbour.join()
    assert s.stop() == 0

def targets(e):
    for v in e.values():
        if isinstance(v, dict) and v.get("type") == "Relationship":
            yield from v["object"] if isinstance(v["object"], list) else [v["object"]]

def walk(first, level, contained=()):
    """Ids that are linked to, and how far they are."""
    far = dict.fromkeys(first, 0)
    for at in range(1, level + 1):
        for id_ in [t for f, d in far.items() if d == at - 1 for t in targets(ENTITIES[f])]:
            if id_ in ENTITIES and id_ not in contained:
                far.setdefault(id_, at)
    return {id_: d for id_, d in far.items() if id_ not in first}

def get(s, path, **p):
    return s.get(f"{NGSI}{path}?" + urllib.parse.urlencode(p))

def kind(a):
    return a.json["type"].rsplit("/", 1)[1]

def check(a, first, level, contained=()):
    assert a.status == 200, a.body
    body = a.json if isinstance(a.json, list) else [a.json]
    ids, far = [e["id"] for e in body], walk(first, level, contained)
    assert ids[:len(first)] == first
    assert sorted(ids[len(first):]) == sorted(far)
    assert [far[i] for i in ids[len(first):]] == sorted(far.values()) # the nearest first
    assert body == [ENTITIES[i] for i in ids]

@pytest.mark.parametrize("level", [1, 2, 7, 39, 40, 100])
@pytest.mark.parametrize("contained", [(), (node(20, "a"),), (node(20, "a"), node(20, "b")), (node(0, "a"),), ("urn:none",)])
def test_diamonds_flat(twin, level, contained):
    p = {"join": "flat", "joinLevel": level, **({"containedBy": ",".join(contained)} if contained else {})}
    before = twin.neighbour.done
    check(get(twin, "/entities/" + node(0, "a"), **p), [node(0, "a")], level, contained)
    check(get(twin, "/entities", type="First", **p), [node(0, "a"), node(0, "b")], level, contained)
    ordered = get(twin, "/entities", type="First", orderBy="id;desc", **p)
    check(ordered, [node(0, "b"), node(0, "a")], level, contained)
    assert twin.neighbour.done >= before

@pytest.mark.parametrize("level", [1, 2, 3, 4, 5, 100])
def test_cycles_and_a_shorter_way_that_is_met_later(twin, level):
    for id_ in ("urn:c:start", "urn:c:end", "urn:ring:0"):
        check(get(twin, f"/entities/{id_}", join="flat", joinLevel=level), [id_], level)
    check(get(twin, "/entities", type="Ring", limit=2, join="flat", joinLevel=level), ["urn:ring:0", "urn:ring:1"], level)
    contained = ("urn:ring:2", "urn:ring:0")
    check(get(twin, "/entities/urn:ring:0", join="flat", joinLevel=level, containedBy=",".join(contained)), ["urn:ring:0"], level, contained)

def test_flat_alone_and_in_every_frame(twin):
    last = node(LAYERS - 1, "a")
    assert get(twin, f"/entities/{last}", join="flat", joinLevel=100).json == ENTITIES[last]
    a = twin.get(f"{NGSI}/entities/{last}?join=flat", Accept="application/ld+json")
    assert "@context" in a.json
    a = twin.get(f"{NGSI}/entities/{node(0, 'a')}?join=flat&joinLevel=100", Accept="application/geo+json")
    assert a.json["type"] == "FeatureCollection" and len(a.json["features"]) == 2 * LAYERS - 1
    a = twin.get(f"{NGSI}/entities/{node(0, 'a')}?join=flat&joinLevel=100", Accept="application/ld+json")
    assert len(a.json) == 2 * LAYERS - 1 and all("@context" in e for e in a.json)

def test_what_is_not_shown_leads_nowhere(twin):
    """An entity of the page is followed as it is shown, also when another one leads to it."""
    a = get(twin, "/entities", type="C", id="urn:c:6,urn:c:start", join="flat", joinLevel=3, omit="z", pick="id,a", format="simplified")
    assert {e["id"] for e in a.json} == {f"urn:c:{n}" for n in ("start", "6", "1", "2", "end")}
    a = get(twin, "/entities/" + node(0, "a"), join="flat", joinLevel=100, pick="id,r{id,r{id,n}}", format="simplified")
    assert [e["id"] for e in a.json] == [node(k, side) for k in range(3) for side in "ab" if (k, side) != (0, "b")]
    assert a.json[-1] == {"id": node(2, "b"), "n": 2}

def inline(id_, level, way=()):
    e, way = dict(ENTITIES[id_]), (*way, id_)
    below = [inline(t, level - 1, way) for t in targets(e) if level and t in ENTITIES and t not in way]
    if below:
        e["r"] = {**e["r"], "entity": below}
    return e

@pytest.mark.parametrize("level", [1, 2, 9])
def test_diamonds_and_rings_inline(twin, level):
    for id_ in (node(0, "a"), "urn:ring:3"):
        assert get(twin, f"/entities/{id_}", join="inline", joinLevel=level).json == inline(id_, level)
    assert get(twin, "/entities", type="First", join="inline", joinLevel=level).json == [inline(node(0, s), level) for s in "ab"]

@pytest.mark.parametrize("level", [40, 100])
@pytest.mark.parametrize("form", ["normalized", "simplified"])
def test_inline_ends_with_an_error(twin, level, form):
    before, began = twin.neighbour.done, time.monotonic()
    for a in (get(twin, "/entities/" + node(0, "a"), join="inline", joinLevel=level, format=form),
            get(twin, "/entities", type="First", join="inline", joinLevel=level, format=form),
            get(twin, "/entities", type="First", orderBy="n", join="inline", joinLevel=level, format=form)):
        assert (a.status, kind(a), a.json["where"]) == (403, "TooComplexQuery", "joinLevel"), a.body[:1000]
    a = twin.call("POST", f"{NGSI}/entityOperations/query", {"type": "Query", "entities": [{"type": "First"}], "join": "inline", "joinLevel": level})
    assert (a.status, kind(a), a.json["where"]) == (403, "TooComplexQuery", "/joinLevel"), a.body[:1000]
    assert time.monotonic() - began < 30
    assert twin.neighbour.done > before and twin.neighbour.wrong is None

def test_a_condition_at_the_end_of_many_ways(twin):
    def through(depth, n):
        return "r{" * depth + "n" + "}" * depth + f"=={n}"
    assert len(get(twin, "/entities", type="First", q=through(10, 10), join="flat", joinLevel=100, limit=1).json) > 1
    assert get(twin, "/entities", type="First", q=through(10, 11), join="flat", joinLevel=100).json == []
    began = time.monotonic()
    a = get(twin, "/entities", type="First", q=through(LAYERS - 1, -1), join="flat", joinLevel=100)
    assert (a.status, kind(a), a.json["where"]) == (403, "TooComplexQuery", "q"), a.body
    assert time.monotonic() - began < 30

@pytest.mark.parametrize("how, level, n", [("flat", 2, 4), ("flat", 3, 6), ("inline", 2, 6), ("inline", 3, 14)])
def test_linked_max_at_it_and_one_past_it(make_server, how, level, n):
    """Flat, each layer adds two; inline, it doubles."""
    for bound, status in ((n, 200), (n - 1, 403)):
        s = make_server("--linked-max", str(bound), name=f"twin{bound}", kind="CARDO_ASAN").start()
        assert s.call("POST", f"{NGSI}/entityOperations/create", list(diamonds(5))).status == 201
        for path, more in (("/entities", {"id": node(0, "a"), "local": "true"}), ("/entities/" + node(0, "a"), {})):
            a = get(s, path, join=how, joinLevel=level, **more)
            assert a.status == status, a.body
            if status == 403:
                assert kind(a) == "TooComplexQuery" and f"More than {bound} linked entities" in a.json["detail"]
            assert get(s, path, join=how, joinLevel=1, **more).status == 200
        assert s.stop() == 0

def test_links_that_a_condition_may_follow(make_server):
    for bound, status in ((6, 200), (5, 403)):
        s = make_server("--linked-max", str(bound), name=f"twin{bound}", kind="CARDO_ASAN").start()
        assert s.call("POST", f"{NGSI}/entityOperations/create", list(diamonds(5))).status == 201
        # for each of the two candidates
        a = get(s, "/entities", type="First", q="r{r{n}}==-1", join="inline", joinLevel=2)
        assert a.status == status, a.body
        assert s.stop() == 0

def test_ids_that_a_client_says_it_has(twin):
    def ask(n):
        return twin.call("POST", f"{NGSI}/entityOperations/query", {"type": "Query", "entities": [{"type": "First"}], "join": "flat",
            "joinLevel": 100, "containedBy": [f"urn:has:{i}" for i in range(n - 1)] + [node(1, "a")]})
    check(ask(10000), [node(0, "a"), node(0, "b")], 100, (node(1, "a"),))
    a = ask(10001)
    assert (a.status, kind(a), a.json["where"]) == (403, "TooComplexQuery", "/containedBy")

def test_a_long_flat_answer_lets_others_on(make_server):
    """Ten thousand linked entities, some page, and a neighbour on the only loop."""
    s = make_server("--loops", "1", kind="CARDO_ASAN").start()
    many = [{"id": f"urn:m:{i}", "type": "M", "n": i} for i in range(10000)]
    for at in range(0, len(many), 2500):
        assert s.call("POST", f"{NGSI}/entityOperations/create", many[at:at + 2500]).status == 201
    hub = {"id": "urn:hub", "type": "Hub", "r": {"type": "Relationship", "object": [e["id"] for e in many]}}
    assert s.call("POST", f"{NGSI}/entities", hub).status == 201
    neighbour = Neighbour(s)
    neighbour.start()
    before = neighbour.done
    for _ in range(3):
        for a in (get(s, "/entities/urn:hub", join="flat", pick="id,r{id}"), get(s, "/entities", type="Hub", join="flat", pick="id,r{id}")):
            assert [e["id"] for e in a.json] == ["urn:hub"] + [e["id"] for e in many]
    assert neighbour.done > before
    neighbour.get_on()
    neighbour.stopped.set()
    neighbour.join()
    assert s.stop() == 0
