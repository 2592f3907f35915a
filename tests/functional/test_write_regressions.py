"""What the write oracle found, one test for each: what was wrong, and what is right."""
from conftest import NGSI

PAST = "2020-01-01T00:00:00Z"

def make(server, **members):
    assert server.call("POST", f"{NGSI}/entities", {"id": "urn:x:1", "type": "T", **members}).status == 201

def attributes(server):
    e = server.get(f"{NGSI}/entities/urn:x:1?format=concise").json
    return {k: v for k, v in e.items() if k not in ("id", "type")}

def test_location_did_not_stay_a_geometry_in_the_simplified_form(server):
    """4.7.1: a simplified merge could make location a Property."""
    make(server)
    for value in ("blue", {}, ["urn:t:2"], 5):
        a = server.call("PATCH", f"{NGSI}/entities/urn:x:1?format=simplified", {"location": value})
        assert a.status == 400 and a.json["where"] == "/location"
    assert attributes(server) == {}
    point = {"type": "Point", "coordinates": [1, 2]}
    assert server.call("PATCH", f"{NGSI}/entities/urn:x:1?format=simplified", {"location": point}).status == 204
    assert attributes(server) == {"location": point}

def test_what_had_expired_took_part_in_the_next_change(server):
    """4.22: until the writer had swept it out, an expired instance was merged into, kept by noOverwrite, found by a deletion."""
    gone = {"type": "Property", "value": {"x": 1}, "expiresAt": PAST}
    batch = f"{NGSI}/entityOperations/"
    make(server)
    # in one batch, so that nothing sweeps in between
    assert server.call("POST", batch + "merge", [{"id": "urn:x:1", "a": gone}, {"id": "urn:x:1", "a": {"y": 2}}]).status == 204
    assert attributes(server) == {"a": {"y": 2}}
    assert server.call("POST", batch + "update", [{"id": "urn:x:1", "b": gone}]).status == 204
    assert server.call("POST", batch + "update?options=noOverwrite", [{"id": "urn:x:1", "b": 3}]).status == 204
    assert attributes(server) == {"a": {"y": 2}, "b": 3}
    for method, path in (("DELETE", "/c"), ("PATCH", "/c"), ("PUT", "/c")):
        assert server.call("POST", f"{NGSI}/entities/urn:x:1/attrs", {"c": gone}).status == 204
        body = None if method == "DELETE" else {"value": 1}
        assert server.call(method, f"{NGSI}/entities/urn:x:1/attrs{path}", body).status == 404, method
    a = server.call("PATCH", f"{NGSI}/entities/urn:x:1/attrs", {"c": "urn:ngsi-ld:null"})
    assert a.status == 207

def test_expired_sub_attributes_took_part_in_the_next_change(server):
    make(server, a={"type": "Property", "value": 1})
    gone = {"value": {"x": 1}, "expiresAt": PAST}
    merge = [{"id": "urn:x:1", "a": {"value": 1, "s": gone}}, {"id": "urn:x:1", "a": {"value": 1, "s": {"y": 2}}}]
    assert server.call("POST", f"{NGSI}/entityOperations/merge", merge).status == 204
    assert attributes(server) == {"a": {"value": 1, "s": {"y": 2}}}

def test_what_had_expired_still_showed_in_the_shape(server):
    """4.22, 4.5.1: until it was swept out, an expired sub-attribute kept the concise form from being the bare value."""
    make(server, a={"value": 1, "s": {"value": 2, "expiresAt": PAST}}, b={"value": 1, "s": {"value": 2}})
    assert attributes(server) == {"a": 1, "b": {"value": 1, "s": 2}}

def test_a_context_made_an_empty_fragment_look_full(server):
    """5.6.4: a partial update that names no member is refused, in JSON-LD too."""
    make(server, a=1)
    ld = {"Content-Type": "application/ld+json"}
    body = {"@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"}
    a = server.call("PATCH", f"{NGSI}/entities/urn:x:1/attrs/a", body, ld)
    assert a.status == 400 and a.json["type"].endswith("BadRequestData")
