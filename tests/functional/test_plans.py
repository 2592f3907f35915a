"""Whichever way candidates are found, the answer is the same: queries with and without indexes against plain Python, and what
the plans are where it matters. [CIM 009 4.9, 4.10, 4.23, 5.7.2]"""
import itertools
import json
import math
import random
import time
import urllib.parse

import pytest

from conftest import NGSI, Server

COUNT = 3000

def entity(i, r):
    e = {"id": f"urn:e:{i}", "type": ["Sensor", "Rare"] if i % 50 == 0 else "Sensor",
        "serial": i, "kind": f"kind {i % 30}", "level": r.choice([0, 0, 0, 1.5, -2, 1e6]),
        "seen": {"type": "Property", "value": {"@type": "DateTime", "@value": f"2026-01-{1 + i % 28:02d}T{i % 24:02d}:00:00Z"}},
        "refArea": {"type": "Relationship", "object": f"urn:area:{i % 40}"},
        "place": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7 + i % 100 / 1000, 51 + i // 100 / 1000]}}}
    if i % 7 == 0:
        e["mixed"] = ["text", 3, True, [1, 2]][i // 7 % 4]
    if i % 3:
        e["some"] = i % 11
    return e

@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    r = random.Random(5)
    entities = [entity(i, r) for i in range(COUNT)]
    s = Server(tmp_path_factory.mktemp("plans") / "twin", "--index-worth", "1", kind="CARDO_ASAN").start()
    for at in range(0, COUNT, 500):
        assert s.call("POST", NGSI + "/entityOperations/create", entities[at:at + 500]).status == 201
    s.entities = entities
    yield s
    assert s.stop() == 0

def query(s, path="/ngsi-ld/v1/entities", **parameters):
    answer = s.get(path + "?" + urllib.parse.urlencode({"limit": 1000, "local": "true", **parameters}))
    assert answer.status == 200, answer.body
    return answer

def ids(s, **parameters):
    return [e["id"] for e in query(s, pick="id", **parameters).json]

def explain(s, **parameters):
    return query(s, "/debug/explain", **parameters).json

def until_indexed(s, **parameters):
    for _ in range(400):
        told = explain(s, count="true", **parameters)
        if told["plan"] == "index":
            return told
        time.sleep(0.01)
    raise AssertionError(told)

FILTERS = {
    'kind=="kind 7"': lambda e: e["kind"] == "kind 7",
    'kind=="kind 7","kind 8","kind 9"': lambda e: e["kind"] in ("kind 7", "kind 8", "kind 9"),
    "serial>2900": lambda e: e["serial"] > 2900,
    "serial<50": lambda e: e["serial"] < 50,
    "serial==100..300": lambda e: 100 <= e["serial"] <= 300,
    "level==0": lambda e: e["level"] == 0,
    "level>0": lambda e: e["level"] > 0,
    'refArea=="urn:area:3"': lambda e: e["refArea"]["object"] == "urn:area:3",
    "some==4": lambda e: e.get("some") == 4,
    "mixed==3": lambda e: e.get("mixed") == 3,
}

def both(a, b):
    return lambda e: a(e) and b(e)

def either(a, b):
    return lambda e: a(e) or b(e)

def cases():
    yield from FILTERS.items()
    for (a, f), (b, g) in itertools.combinations(FILTERS.items(), 2):
        yield f"({a});({b})", both(f, g)
        yield f"({a})|({b})", either(f, g)

def test_every_way_gives_the_same(twin):
    for q in FILTERS:
        until_indexed(twin, q=q)
    for q, holds in cases():
        expected = [e["id"] for e in twin.entities if holds(e)]
        for page in (dict(limit=1000), dict(limit=7), dict(limit=7, offset=5)):
            at = page.get("offset", 0)
            assert ids(twin, q=q, **page) == expected[at:at + page["limit"]], (q, page)
        rare = [e["id"] for e in twin.entities if holds(e) and "Rare" in e["type"]]
        assert ids(twin, q=q, type="Rare") == rare[:1000], q
        assert query(twin, q=q, count="true", limit=0).headers["NGSILD-Results-Count"] == str(len(expected)), q

def test_what_must_all_hold_is_cut_before_entities_are_looked_at(twin):
    q = 'kind=="kind 7";refArea=="urn:area:3"'
    for part in q.split(";"):
        until_indexed(twin, q=part)
    assert not ids(twin, q=q)  # 7 modulo 30 is never 3 modulo 40
    told = explain(twin, q=q, count="true")
    assert told["plan"] == "index" and len(told["cut"]) == 1 and told["evaluated"] == 0

def test_alternatives_are_put_together(twin):
    q = 'kind=="kind 7"|serial<50'
    for part in q.split("|"):
        until_indexed(twin, q=part)
    told = explain(twin, q=q, count="true")
    assert told["plan"] == "index" and told["found"] == 100 + 50 - 2 and told["evaluated"] <= 100 + 50

def test_a_wrong_guess_is_taken_back(twin):
    q = "serial>2700"
    until_indexed(twin, q=q)
    told = explain(twin, q=q, limit=20)
    # as if the tenth that matches were spread over all, a walk would have been cheap; they are all at the end
    assert told["found"] == 21 and told["evaluated"] < 1000
    assert ids(twin, q=q, limit=20) == [f"urn:e:{i}" for i in range(2701, 2721)]

@pytest.mark.parametrize("attribute, key", [("serial", lambda e: e["serial"]), ("level", lambda e: e["level"]),
    ("seen", lambda e: e["seen"]["value"]["@value"])])
@pytest.mark.parametrize("down", [False, True])
def test_the_first_of_all_in_the_order_of_an_index(twin, attribute, key, down):
    parameters = dict(type="Sensor", orderBy=attribute + (";desc" if down else ""), limit=20)
    for _ in range(400):
        told = explain(twin, **parameters)
        if told.get("order") == "index":
            break
        time.sleep(0.01)
    assert told["order"] == "index" and told["evaluated"] < 100
    expected = [e["id"] for e in sorted(twin.entities, key=key, reverse=down)]
    if down:  # equal ones stay in the order of creation
        expected = [e["id"] for e in sorted(reversed(twin.entities), key=key)][::-1]
    for offset in (0, 5, 990, 2990):
        assert ids(twin, **{**parameters, "offset": offset}) == expected[offset:offset + 20], offset
    answer = query(twin, **parameters, count="true")
    assert answer.headers["NGSILD-Results-Count"] == str(COUNT)
    rare = [i for i in expected if int(i[6:]) % 50 == 0]
    assert ids(twin, **{**parameters, "type": "Rare"}) == rare[:20]
    some = [i for i in expected if int(i[6:]) < 50]
    assert ids(twin, **parameters, q="serial<50") == some[:20]

def test_an_order_that_no_index_can_tell_is_right_too(twin):
    """`mixed` has values of several kinds, `some` not every entity has."""
    until_indexed(twin, q="mixed==3")
    until_indexed(twin, q="some==4")
    mixed = [e for e in twin.entities if "mixed" in e]
    classes = [int, str, list, bool]  # as they ascend
    expected = [e["id"] for e in sorted(mixed, key=lambda e: classes.index(type(e["mixed"])))]
    assert ids(twin, orderBy="mixed")[:len(mixed)] == expected
    some = sorted((e for e in twin.entities if "some" in e), key=lambda e: e["some"])
    others = [e["id"] for e in twin.entities if "some" not in e]
    expected = [e["id"] for e in some] + others
    assert ids(twin, orderBy="some", limit=1000) == expected[:1000]
    assert ids(twin, orderBy="some", limit=50, offset=len(some) - 25) == expected[len(some) - 25:][:50]

def test_orders_follow_changes(twin):
    parameters = dict(orderBy="serial;desc", limit=3)
    assert ids(twin, **parameters) == ["urn:e:2999", "urn:e:2998", "urn:e:2997"]
    where = NGSI + "/entities/urn:e:5/attrs/serial"
    assert twin.call("PATCH", where, {"value": 5000}).status == 204
    assert ids(twin, **parameters) == ["urn:e:5", "urn:e:2999", "urn:e:2998"]
    assert twin.call("PATCH", where, {"value": "none"}).status == 204
    assert ids(twin, **parameters) == ["urn:e:5", "urn:e:2999", "urn:e:2998"]  # text is above numbers
    assert "order" not in explain(twin, **parameters)
    assert twin.call("PATCH", where, {"value": 5}).status == 204
    assert ids(twin, **parameters) == ["urn:e:2999", "urn:e:2998", "urn:e:2997"]
    assert explain(twin, **parameters)["order"] == "index"

def test_places_of_any_size_are_found(twin):
    areas = [{"id": f"urn:area:{i}", "type": "Area", "place": {"type": "GeoProperty", "value": {"type": "Polygon", "coordinates":
        [[[7 - s, 51 - s], [7 + s, 51 - s], [7 + s, 51 + s], [7 - s, 51 + s], [7 - s, 51 - s]]]}}}
        for i, s in enumerate([0.0001, 0.003, 0.05, 1, 20])]
    near = dict(georel="intersects", geometry="Point", coordinates="[7.0, 51.0]", geoproperty="place")
    until_indexed(twin, **near)
    before = ids(twin, **near)
    assert twin.call("POST", NGSI + "/entityOperations/create", areas).status == 201
    assert ids(twin, **near) == before + [a["id"] for a in areas]
    assert explain(twin, **near, count="true")["plan"] == "index"
    assert twin.call("POST", NGSI + "/entityOperations/delete", [a["id"] for a in areas]).status == 204
    assert ids(twin, **near) == before

def metres(a, b):
    x0, y0, x1, y1 = map(math.radians, (*a, *b))
    h = math.sin((y1 - y0) / 2) ** 2 + math.cos(y0) * math.cos(y1) * math.sin((x1 - x0) / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(h))

@pytest.mark.parametrize("at", [[7.0313, 51.0171], [7.2, 51.2], [-60, -30]])
def test_the_nearest_come_from_an_index_of_places(twin, at):
    order = dict(orderBy="place;dist-asc", orderFrom=json.dumps(at))
    until_indexed(twin, georel="near;maxDistance==1", geometry="Point", coordinates="[7.0, 51.0]", geoproperty="place")
    distance = {e["id"]: metres(at, e["place"]["value"]["coordinates"]) for e in twin.entities}
    for more, chosen in ((dict(type="Sensor"), lambda e: True), (dict(q="level==0"), lambda e: e["level"] == 0)):
        expected = sorted(distance[e["id"]] for e in twin.entities if chosen(e))
        for offset in (0, 7, 300):
            found = [distance[i] for i in ids(twin, **order, **more, limit=20, offset=offset)]
            assert found == pytest.approx(expected[offset:offset + 20], rel=0.01), (more, offset)
    told = explain(twin, **order, type="Sensor", limit=20)
    if at[0] == 7.0313:
        assert told["order"] == "index" and told["evaluated"] < 300
    far = dict(orderBy="place;dist-desc", orderFrom=json.dumps(at), type="Sensor")
    assert twin.call("PUT", NGSI + "/entities/urn:e:9", {**twin.entities[9], "place": 5}).status == 204
    assert ids(twin, **far, limit=5, offset=COUNT - 1) == ["urn:e:9"]  # in that direction, too
    assert twin.call("PUT", NGSI + "/entities/urn:e:9", twin.entities[9]).status == 204
    farthest = [distance[i] for i in ids(twin, orderBy="place;dist-desc", orderFrom=json.dumps(at), type="Sensor", limit=5)]
    assert farthest == pytest.approx(sorted(distance.values(), reverse=True)[:5], rel=0.01)
    # no place any more: behind all of them, by value
    assert twin.call("PUT", NGSI + "/entities/urn:e:9", {**twin.entities[9], "place": 5}).status == 204
    assert ids(twin, **order, type="Sensor", limit=5, offset=COUNT - 1) == ["urn:e:9"]
    assert twin.call("PUT", NGSI + "/entities/urn:e:9", twin.entities[9]).status == 204
    answer = query(twin, **order, type="Sensor", limit=3, count="true")
    assert answer.headers["NGSILD-Results-Count"] == str(COUNT) and 'rel="next"' in str(answer.headers)
    assert len(ids(twin, **order, q="serial<2", limit=20)) == 2
    assert ids(twin, **order, type="Sensor", limit=0, count="true") == []

def test_a_place_that_does_not_decide_hides_none_that_does(twin):
    """The distance is that of the instance without datasetId; an index knows all instances."""
    other = [{"id": f"urn:other:{i}", "type": "Other", "place": {"type": "GeoProperty", "datasetId": "urn:d:1",
        "value": {"type": "Point", "coordinates": [9, 53]}}} for i in range(6)]
    plain = [{"id": f"urn:other:{i + 6}", "type": "Other", "place": {"type": "GeoProperty",
        "value": {"type": "Point", "coordinates": [9, 53 + i / 10]}}} for i in range(6)]
    until_indexed(twin, georel="near;maxDistance==1", geometry="Point", coordinates="[7.0, 51.0]", geoproperty="place")
    assert twin.call("POST", NGSI + "/entityOperations/create", other + plain).status == 201
    order = dict(orderBy="place;dist-asc", orderFrom="[9, 53]", type="Other")
    for limit in (2, 5, 8):
        assert ids(twin, **order, limit=limit) == [e["id"] for e in plain + other][:limit]
    assert twin.call("POST", NGSI + "/entityOperations/delete", [e["id"] for e in other + plain]).status == 204

def test_values_without_a_number_have_their_place_in_an_order(twin):
    """Objects are above numbers: an index over numbers alone can not tell."""
    where = NGSI + "/entities/urn:e:4"
    until_indexed(twin, q="serial<50")
    assert twin.call("PUT", where, {**twin.entities[4], "serial": {"type": "LanguageProperty", "languageMap": {"en": "four"}}}).status == 204
    assert ids(twin, orderBy="serial;desc", limit=2) == ["urn:e:4", "urn:e:2999"]
    assert ids(twin, orderBy="serial", limit=2, offset=COUNT - 2) == ["urn:e:2999", "urn:e:4"]
    assert twin.call("PUT", where, twin.entities[4]).status == 204
    assert ids(twin, orderBy="serial;desc", limit=1) == ["urn:e:2999"]

def test_long_texts_are_ordered_by_their_beginnings(twin):
    long = "x" * 1_200_000
    texts = [{"id": f"urn:text:{i}", "type": "Text", "text": t} for i, t in enumerate([long + "b", long + "a", "y", "ä" * 5000])]
    for e in texts:
        assert twin.call("POST", NGSI + "/entities", e).status == 201
    assert ids(twin, type="Text", orderBy="text") == ["urn:text:3", "urn:text:0", "urn:text:1", "urn:text:2"]
    for e in texts:
        assert twin.call("DELETE", f"{NGSI}/entities/{e['id']}").status == 204

def test_many_candidates(twin):
    """More than fit into a list: they are collected as bits; and an order of all of them gives way to others."""
    n, many = 6000, {"NGSILD-Tenant": "many"}
    for at in range(0, n, 1000):
        batch = [{"id": f"urn:m:{i}", "type": "M", "n": i, "k": (i * 7919) % n} for i in range(at, at + 1000)]
        assert twin.call("POST", NGSI + "/entityOperations/create", batch, many).status == 201

    def ask(path, **parameters):
        return twin.call("GET", f"{path}?" + urllib.parse.urlencode({"type": "M", "limit": 1000, **parameters}), headers=many)
    for _ in range(400):
        told = ask("/debug/explain", q="k<5000", count="true").json
        if told["plan"] == "index":
            break
        time.sleep(0.01)
    assert told["plan"] == "index" and told["candidates"] > 4096 and told["found"] == 5000
    expected = [f"urn:m:{i}" for i in range(n) if (i * 7919) % n < 5000]
    for offset in (0, 1234, 4500):
        found = ask(f"{NGSI}/entities", q="k<5000", offset=offset, count="true", pick="id")
        assert [e["id"] for e in found.json] == expected[offset:offset + 1000]
        assert found.headers["NGSILD-Results-Count"] == "5000"
    both = ask(f"{NGSI}/entities", q="k<5000", orderBy="n;desc,k", offset=3000, pick="id").json
    assert [e["id"] for e in both] == expected[::-1][3000:4000]
    wanted = [f"urn:m:{i}" for i in range(0, n, 7)]
    body = {"type": "Query", "entities": [{"type": "M", "id": wanted}]}
    found = twin.call("POST", NGSI + "/entityOperations/query?limit=1000", body, many).json
    assert [e["id"] for e in found] == wanted[:1000]
