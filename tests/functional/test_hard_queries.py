"""Queries that mean harm, or look as if they did: the right answer or the standard's error, in time, and nobody else waits."""
import threading
import time
import urllib.parse

import pytest

from conftest import NGSI

def query(server, **p):
    return server.get(f"{NGSI}/entities?" + urllib.parse.urlencode(p, quote_via=urllib.parse.quote))

def kind(a):
    return a.json["type"].rsplit("/", 1)[1]

@pytest.fixture
def twin(make_server):
    s = make_server("--index-worth", "1").start()
    batch = [{"id": f"urn:e:{i}", "type": "T", "n": i, "text": "a" * 40 + str(i),
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [i / 1000, 60.0]}}} for i in range(1000)]
    batch += [
        {"id": "urn:pole", "type": "P", "location": {"type": "Point", "coordinates": [0, 90]}},
        {"id": "urn:near-pole", "type": "P", "location": {"type": "Point", "coordinates": [179.9, 89.999]}},
        {"id": "urn:east", "type": "P", "location": {"type": "Point", "coordinates": [179.99, 0]}},
        {"id": "urn:west", "type": "P", "location": {"type": "Point", "coordinates": [-179.99, 0]}},
        {"id": "urn:bow", "type": "B", "location": {"type": "Polygon",
            "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}},
        {"id": "urn:ring", "type": "B", "location": {"type": "Polygon", "coordinates": [
            [[10, 10], [14, 10], [14, 14], [10, 14], [10, 10]], [[11, 11], [13, 11], [13, 13], [11, 13], [11, 11]]]}}]
    assert s.call("POST", f"{NGSI}/entityOperations/create", batch).status == 201
    yield s
    assert s.stop() == 0

def ids(a):
    assert a.status == 200, a.body
    return {e["id"] for e in a.json}

def test_patterns_that_explode(twin):
    stop, slowest = threading.Event(), [0.0]

    def others():
        while not stop.is_set():
            began = time.monotonic()
            assert twin.get(f"{NGSI}/entities/urn:e:1").status == 200
            slowest[0] = max(slowest[0], time.monotonic() - began)
    t = threading.Thread(target=others)
    t.start()
    for pattern in ("(a+)+b", "(a|a)*b", "(a*)*$x", "^(a|aa)+$"):
        a = query(twin, type="T", q=f'text~="{pattern}"')
        assert a.status in (200, 403), a.body
        if a.status == 403:
            assert kind(a) == "TooComplexQuery"
        assert query(twin, type="T", idPattern=pattern).status in (200, 403)
    stop.set()
    t.join()
    assert slowest[0] < 5

def test_bounds_of_a_query(twin):
    a = query(twin, type="T", q=";".join(["n>0"] * 500))
    assert a.status == 200 # two of a term: its name and its value
    for q in (";".join(["n>0"] * 501), "n==" + ",".join(["1"] * 1001)):
        a = query(twin, type="T", q=q)
        assert (a.status, kind(a)) == (403, "TooComplexQuery")
    a = query(twin, type="T", q="(" * 32 + "n>0" + ")" * 32)
    assert a.status == 200
    a = query(twin, type="T", q="(" * 33 + "n>0" + ")" * 33)
    assert (a.status, kind(a)) == (403, "TooComplexQuery")
    assert query(twin, type="T", idPattern="x" * 1024).status == 200
    a = query(twin, type="T", idPattern="x" * 1025)
    assert (a.status, kind(a)) == (403, "TooComplexQuery")
    body = {"type": "Query", "entities": [{"type": "T"}], "q": "|".join(["n==1"] * 10000)}
    a = twin.call("POST", f"{NGSI}/entityOperations/query", body)
    assert (a.status, kind(a)) == (403, "TooComplexQuery")
    a = query(twin, type="T", orderBy="n", limit=1000, offset=99001)
    assert (a.status, kind(a)) == (403, "TooManyResults")
    assert query(twin, type="T", orderBy="n", limit=1000, offset=99000).status == 200

def test_what_is_no_query_says_where(twin):
    for q in ("n>", "n>>1", "(n>1", "n>1)", "n==1..", "n>1..2", ";", "|", "n==\"x", "[x]==1", "a..b", "a[", "a[]", "a.", "n>1,2",
            "r{", "r{}", "~=x", "n~=", "\x00"):
        a = query(twin, type="T", q=q)
        assert a.status == 400, f"{q!r}: {a.body}"
        assert a.json["where"] == "q"
    for p in ({"georel": "near"}, {"georel": "near;maxDistance==-1"}, {"georel": "near;maxDistance==0"},
            {"georel": "near;maxDistance==1e999"}, {"georel": "near;maxDistance==1;minDistance==1"}, {"georel": "beside"},
            {"georel": "within;maxDistance==1"}, {"coordinates": "[1]"}, {"coordinates": "nonsense"}, {"coordinates": "[[1,2]]"},
            {"geometry": "Circle"}, {"geometry": ""}):
        a = query(twin, type="T", **{"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": "[1,2]", **p})
        assert a.status == 400, f"{p}: {a.body}"
    for scope in ("/a//b", "/#/a", "a-b", "(a", "", "/1"):
        assert query(twin, type="T", scopeQ=scope).status == 400, scope

def near(twin, type_, lon, lat, metres, how="maxDistance"):
    return ids(query(twin, type=type_, georel=f"near;{how}=={metres}", geometry="Point", coordinates=f"[{lon},{lat}]", limit=1000))

def test_poles_and_the_date_line(twin):
    assert near(twin, "P", 90, 90, 1000) == {"urn:pole", "urn:near-pole"}
    assert near(twin, "P", -179.99, 0, 3000) == {"urn:east", "urn:west"}
    assert near(twin, "P", 0, 0, 1e9) == {"urn:pole", "urn:near-pole", "urn:east", "urn:west"}
    assert near(twin, "P", 0, 0, 1e9, "minDistance") == set()
    # a degree of longitude at 60 north is 55.8 km
    assert len(near(twin, "T", 0, 60, 5581 * 5)) == 501
    for _ in range(2): # without and with the index
        assert len(near(twin, "T", 0.5, 60, 560)) == 21
        time.sleep(0.3)

def test_polygons_that_touch_themselves_and_holes(twin):
    def relation(georel, type_, coordinates, geometry="Point"):
        return ids(query(twin, type=type_, georel=georel, geometry=geometry, coordinates=str(coordinates)))
    assert relation("equals", "B", [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]], "Polygon") == {"urn:bow"}
    assert relation("contains", "B", [10.5, 10.5]) == {"urn:ring"}
    assert relation("contains", "B", [12, 12]) == set()
    assert relation("intersects", "B", [[[11.5, 11.5], [12, 11.5], [12, 12], [11.5, 11.5]]], "Polygon") == set()
    assert relation("within", "B", [[[9, 9], [15, 9], [15, 15], [9, 15], [9, 9]]], "Polygon") == {"urn:ring"}
    assert "urn:ring" in relation("disjoint", "B", [12, 12])
    many = [[i / 1000, 60] for i in range(100)]
    assert len(relation("intersects", "T", many, "LineString")) == 20 # a page
