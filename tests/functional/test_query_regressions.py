"""What the query oracle, and clients that mean harm, found: one test for each, what was wrong, and what is right."""
import urllib.parse

from conftest import NGSI

def make(server, *entities):
    assert server.call("POST", f"{NGSI}/entityOperations/create", list(entities)).status == 201

def query(server, **p):
    a = server.get(f"{NGSI}/entities?" + urllib.parse.urlencode({"local": "true", **p}, quote_via=urllib.parse.quote))
    assert a.status == 200, a.body
    return a.json

def post(server, **query_):
    return server.call("POST", f"{NGSI}/entityOperations/query?local=true", {"type": "Query", **query_})

def test_order_of_arrays_objects_dates_and_times(server):
    """4.23: an array was ordered by its first item, an object as null, dates and times of day as strings."""
    values = [3, 20, "10", "oak", {"x": 1}, {}, [1], ["a", 2], True, "10:00:00Z", "10:00:00.5Z", "2020-01-01", "2020-01-01T00:00:00Z"]
    make(server, *({"id": f"urn:x:{k}", "type": "T", "p": {"value": v}} for k, v in reversed(list(enumerate(values)))),
        {"id": "urn:x:none", "type": "T"})
    found = [e.get("p") for e in query(server, orderBy="p", format="simplified", limit=100)]
    # objects, and arrays, among themselves as they were created
    assert found == [3, 20, "10", "oak", {}, {"x": 1}, ["a", 2], [1], True, "10:00:00Z", "10:00:00.5Z", "2020-01-01", "2020-01-01T00:00:00Z", None]
    down = [e.get("p") for e in query(server, orderBy="p;desc", format="simplified", limit=100)]
    assert down[0] == "2020-01-01T00:00:00Z" and down[-1] is None and down[-2] == 3

def test_order_of_a_location_and_of_null_inside(server):
    make(server, {"id": "urn:x:1", "type": "T", "location": {"type": "Point", "coordinates": [1, 2]}}, {"id": "urn:x:2", "type": "T"},
        {"id": "urn:x:3", "type": "T", "j": {"json": {"k": None}}}, {"id": "urn:x:4", "type": "T", "j": {"json": {"k": 1}}},
        {"id": "urn:x:5", "type": "T", "j": {"json": {}}})
    assert [e["id"] for e in query(server, orderBy="location,id", pick="id")][0] == "urn:x:1"
    assert [e["id"] for e in query(server, q="j", orderBy="j[k]", pick="id")] == ["urn:x:4", "urn:x:3", "urn:x:5"]

def test_strings_were_ordered_by_code_points(server):
    """4.23: the order of Unicode's root collation, unless another one is asked for; equal but for accents counts as equal at level 1."""
    words = ["a", "á", "A", "b", "Z", "é", "e", "ete", "Été"]
    make(server, *({"id": f"urn:x:{k}", "type": "T", "p": w} for k, w in enumerate(words)))
    for more in ({}, {"collation": "und"}):
        assert [e["p"] for e in query(server, orderBy="p", format="simplified", **more)] == ["a", "A", "á", "b", "e", "é", "ete", "Été", "Z"]
    level1 = [e["p"] for e in query(server, orderBy="p,id", collation="und-u-ks-level1", format="simplified")]
    assert level1 == ["a", "á", "A", "b", "é", "e", "ete", "Été", "Z"]

def test_sub_attributes_were_joined_inline_but_not_flat(server):
    """4.5.23: what belongs to the entity itself is followed, in both forms."""
    make(server, {"id": "urn:x:1", "type": "T", "p": {"value": 1, "by": {"object": "urn:x:2"}}}, {"id": "urn:x:2", "type": "T"})
    e = server.get(f"{NGSI}/entities/urn:x:1?join=inline").json
    assert "entity" not in e["p"]["by"]
    assert server.get(f"{NGSI}/entities/urn:x:1?join=inline&format=simplified").json["p"] == 1

def test_instances_that_are_not_shown_were_followed(server):
    """4.5.5, 4.5.23: of datasets that are not asked for nothing is joined."""
    make(server, {"id": "urn:x:1", "type": "T", "r": [{"object": "urn:x:2"}, {"object": "urn:x:3", "datasetId": "urn:d:1"}]},
        {"id": "urn:x:2", "type": "T"}, {"id": "urn:x:3", "type": "T"})
    a = server.get(f"{NGSI}/entities/urn:x:1?join=flat&datasetId=urn:d:1").json
    assert [e["id"] for e in a] == ["urn:x:1", "urn:x:3"]

def test_a_hundred_thousand_selectors_held_a_loop_for_a_minute(server):
    """5.2.33: their number is bounded, and so is that of the ids in them."""
    make(server, {"id": "urn:x:1", "type": "T"})
    for n, status in ((1000, 200), (1001, 403)):
        a = post(server, entities=[{"type": "T"}] * n)
        assert a.status == status, a.body
    assert a.json["type"].endswith("TooComplexQuery") and a.json["where"] == "/entities"
    for n, status in ((10000, 200), (10001, 403)):
        a = post(server, entities=[{"type": "T", "id": [f"urn:x:{k}" for k in range(n)]}])
        assert a.status == status, a.body
    assert a.json["where"] == "/entities"

def test_errors_of_a_query_in_the_body_point_into_it(server):
    """They named the parameters of the other form."""
    for query_, where in (({"q": "a=="}, "/q"), ({"scopeQ": "//"}, "/scopeQ"), ({"entities": [{"type": "(A"}]}, "/entities"), ({"pick": ["a{"]}, "/pick"),
            ({"geoQ": {"georel": "beside", "geometry": "Point", "coordinates": [1, 2]}}, "/geoQ/georel"),
            ({"geoQ": {"georel": "within", "geometry": "Circle", "coordinates": [1, 2]}}, "/geoQ/geometry"),
            ({"geoQ": {"georel": "within", "geometry": "Point", "coordinates": [[1, 2]]}}, "/geoQ/coordinates"),
            ({"ordering": {"orderBy": ["a;up"]}}, "/ordering/orderBy"), ({"ordering": {"orderBy": ["a"], "collation": "!"}}, "/ordering/collation"),
            ({"jsonKeys": 5}, "/jsonKeys"), ({"expandValues": []}, "/expandValues")):
        a = post(server, **query_)
        assert (a.status, a.json["where"]) == (400, where), (query_, a.body)
    a = server.get(f"{NGSI}/entities?type=T&georel=within&geometry=Polygon&coordinates=[[[0,0],[1,0],[1,1],[0,2]]]")
    assert a.json["where"] == "coordinates" and "/0" in a.json["detail"]
    a = server.get(f"{NGSI}/entities?type=T&georel=within&geometry=Circle&coordinates=[0,0]")
    assert a.json["where"] == "geometry"

def test_errors_say_what_was_found(server):
    """5.5.3: where, what stands there, and what is allowed: for members of the body, of items of a batch, and for parameters."""
    def problem(method, path, body=None):
        a = server.call(method, NGSI + path, body)
        assert a.status in (400, 403), a.body
        return a.json["where"], a.json["found"], a.json["detail"]
    where, found, detail = problem("POST", "/entities", {"id": "urn:x:1", "type": "T", "a": {"value": 1, "observedAt": "yesterday"}})
    assert (where, found) == ("/a/observedAt", '"yesterday"') and "YYYY-MM-DD" in detail
    where, found, _ = problem("POST", "/entities", {"id": "urn:x:1", "type": "T", "a": {"languageMap": {"a/b~c": "x"}}})
    assert (where, found) == ("/a/languageMap/a~1b~0c", '"x"')
    where, found, _ = problem("POST", "/entities", {"id": "urn:x:1", "type": "T", "a": {"object": "é" * 3000}})
    assert where == "/a/object" and len(found) <= 203 and found.endswith("é...")
    where, found, _ = problem("POST", "/entities", {"id": "urn:x:1", "type": "T", "g": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [["x"] * 3000]}}})
    assert where.startswith("/g/value/coordinates") and found.startswith('[') and len(found) <= 203
    where, found, detail = problem("GET", "/entities?type=T&limit=many")
    assert (where, found) == ("limit", "many") and "whole number" in detail
    assert problem("GET", "/entities?type=T&q=a%3D%3D")[:2] == ("q", "a==")
    assert problem("GET", "/entities?type=T&limit=1001")[:2] == ("limit", "1001")
    a = server.call("POST", f"{NGSI}/entities", {"id": "urn:x:1"})
    assert a.json["where"] == "/type" and "found" not in a.json
    batch = [{"id": f"urn:x:{k}", "type": "T", "a": {"unitCode": k, "value": 1}} for k in range(3)] + [{"type": "T"}]
    errors = [e["error"] for e in server.call("POST", f"{NGSI}/entityOperations/create", batch).json["errors"]]
    assert [(e["where"], e.get("found")) for e in errors] == [*((f"/{k}/a/unitCode", str(k)) for k in range(3)), ("/3/id", None)]
