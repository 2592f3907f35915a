"""Stored contexts: hosted in the twin, cached from elsewhere, the core. [CIM 009 5.13, 6.29, 6.30]"""
import concurrent.futures
import signal
import time
import urllib.parse

import pytest

from conftest import NGSI
from context_server import contexts  # noqa: F401 (a fixture)

ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
STORED = NGSI + "/jsonldContexts"
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
SPEED = {"@context": {"speed": "http://e.org/speed", "Car": "http://e.org/Car"}}

def link(url):
    return {"Link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}

def tenant(name):
    return {"NGSILD-Tenant": name} if name else {}

def add(server, document, name=None, **more):
    answer = server.call("POST", STORED, document, {**tenant(name), **more})
    assert answer.status == 201 and not answer.body
    assert answer.headers["Location"].startswith(STORED + "/")
    return answer.headers["Location"]

def one(context_id):
    return STORED + "/" + urllib.parse.quote(context_id, safe="")

def fails(answer, status, kind):
    assert (answer.status, answer.json["type"]) == (status, ERRORS + kind), answer.body
    return answer.json["detail"]

def create(server, n, url, name=None):
    return server.call("POST", NGSI + "/entities", {"id": f"urn:e:{n}", "type": "Car", "speed": {"value": 1}},
        {**link(url), **tenant(name)})

def test_a_hosted_context_is_served_as_it_was_given_without_the_rest(server):
    where = add(server, {**SPEED, "note": "dropped"})
    answer = server.get(where)
    assert (answer.status, answer.json) == (200, SPEED)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert server.get(where + "?details=false").json == SPEED

@pytest.mark.parametrize("media", ["application/json", "application/ld+json"])
def test_it_may_come_as_either_media_type(server, media):
    assert server.get(add(server, SPEED, **{"Content-Type": media})).json == SPEED

def test_requests_name_it_by_its_url_and_entities_keep_its_meaning(server):
    url = server.base + add(server, SPEED)
    assert create(server, 1, url).status == 201
    plain = server.get(NGSI + "/entities/urn:e:1").json
    assert plain["type"] == "http://e.org/Car" and "http://e.org/speed" in plain
    short = server.call("GET", NGSI + "/entities/urn:e:1", headers=link(url))
    assert short.json["type"] == "Car" and short.json["speed"]["value"] == 1
    assert url in short.headers["Link"]

def test_it_needs_no_network_whatever_the_host_is_called(make_server):
    s = make_server("--outbound-private", "0").start()
    path = add(s, SPEED)
    assert create(s, 1, "https://twin.example" + path).status == 201

def test_it_survives_a_kill(make_server):
    s = make_server().start()
    path = add(s, SPEED)
    gone = add(s, SPEED)
    assert s.call("DELETE", gone).status == 204
    s.stop(signal.SIGKILL)
    s.start()
    assert s.get(path).json == SPEED
    assert s.get(gone).status == 404
    assert create(s, 1, s.base + path).status == 201

def test_it_may_name_others_hosted_and_remote(server, contexts):
    contexts.pages["/c"] = {"@context": {"Car": "http://e.org/Car"}}
    inner = server.base + add(server, {"@context": {"speed": "http://e.org/speed"}})
    outer = server.base + add(server, {"@context": [inner, contexts.url("/c")]})
    assert create(server, 1, outer).status == 201
    e = server.get(NGSI + "/entities/urn:e:1").json
    assert e["type"] == "http://e.org/Car" and "http://e.org/speed" in e

def test_details(server):
    path = add(server, SPEED)
    name = path.rsplit("/", 1)[1]
    d = server.get(path + "?details=true").json
    assert d.pop("createdAt").endswith("Z")
    assert d == {"URL": server.base + path, "localId": name, "kind": "Hosted", "numberOfHits": 0}
    create(server, 1, server.base + path)
    d = server.get(path + "?details=true").json
    assert d["numberOfHits"] == 2 and d["lastUsage"].endswith("Z")  # a look counts as a use, too

def test_used_once_it_shows_one_hit_and_used_again_three(server, contexts):
    contexts.pages["/c"] = SPEED
    for url in (contexts.url("/c"), server.base + add(server, SPEED)):
        for hits in (1, 3):
            create(server, f"{hits}:{url[-1]}", url)
            assert server.get(one(url) + "?details=true").json["numberOfHits"] == hits

def test_its_url_names_it_as_well_as_its_local_id(server):
    path = add(server, SPEED)
    assert server.get(one(server.base + path)).json == SPEED
    assert server.call("DELETE", one(server.base + path)).status == 204

@pytest.mark.parametrize("body, kind", [
    (b"{", "InvalidRequest"), ({}, "InvalidRequest"), ([SPEED], "InvalidRequest"), (b"", "InvalidRequest"),
    ({"@context": 7}, "BadRequestData"), ({"@context": True}, "BadRequestData"), ({"@context": None}, "BadRequestData"),
    ({"@context": ["http://e.org/c", 7]}, "BadRequestData"), ({"@context": {"a": 7}}, "BadRequestData"),
])
def test_what_is_no_context(server, body, kind):
    answer = server.call("POST", STORED, body)
    fails(answer, 400, kind)
    assert "Location" not in answer.headers
    assert server.get(STORED + "?kind=Hosted").json == []

def test_hosted_ones_belong_to_their_tenant(server):
    path = add(server, SPEED, "a")
    url = server.base + path
    assert create(server, 1, url, "a").status == 201
    for other in ("b", None):
        fails(server.call("GET", path, headers=tenant(other)), 404, "ResourceNotFound")
        fails(server.call("GET", path + "?details=true", headers=tenant(other)), 404, "ResourceNotFound")
        fails(server.call("DELETE", path, headers=tenant(other)), 404, "ResourceNotFound")
        assert url not in server.call("GET", STORED, headers=tenant(other)).json
        fails(create(server, 2, url, other), 504, "LdContextNotAvailable")
    assert server.call("GET", STORED + "?kind=Hosted", headers=tenant("a")).json == [url]
    assert server.call("DELETE", path, headers=tenant("a")).status == 204
    fails(create(server, 3, url, "a"), 504, "LdContextNotAvailable")

def test_no_client_reaches_the_inner_tenant(server):
    add(server, SPEED)
    fails(server.call("GET", NGSI + "/types", headers=tenant("#contexts")), 400, "BadRequestData")
    assert server.get(NGSI + "/types").json["typeList"] == []

def test_bound_of_hosted_ones(make_server):
    s = make_server("--contexts-hosted", "2").start()
    paths = [add(s, SPEED), add(s, SPEED)]
    fails(s.call("POST", STORED, SPEED), 503, "InsufficientStorage")
    add(s, SPEED, "other")
    s.call("DELETE", paths[0])
    add(s, SPEED)

def test_the_bound_holds_for_those_who_come_together(make_server):
    s = make_server("--contexts-hosted", "5").start()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: s.call("POST", STORED, SPEED), range(64)))
    refused = [a for a in answers if a.status != 201]
    assert len(refused) == 59
    for a in refused:
        fails(a, 503, "InsufficientStorage")
        assert "Location" not in a.headers
    there = s.get(STORED + "?kind=Hosted").json
    assert sorted(there) == sorted(s.base + a.headers["Location"] for a in answers if a.status == 201)

def with_context(server, n, context):
    return server.call("POST", NGSI + "/entities",
        {"id": f"urn:e:{n}", "type": "Car", "speed": {"value": 1}, "@context": context},
        {"Content-Type": "application/ld+json"})

def test_a_context_may_name_only_so_many_hosted_ones(make_server):
    s = make_server("--context-fetches", "3", "--outbound-private", "0").start()
    path = add(s, SPEED)
    urls = [f"http://h{i}.example{path}" for i in range(4)]
    assert with_context(s, 1, urls[:3] + urls[:3]).status == 201  # each counts once
    assert "context_fetches" in fails(with_context(s, 2, urls), 400, "BadRequestData")
    outer = s.base + add(s, {"@context": urls[:2]})
    assert with_context(s, 3, [outer]).status == 201
    outer = s.base + add(s, {"@context": urls[:3]})
    fails(with_context(s, 4, [outer]), 400, "BadRequestData")

def test_an_array_of_very_many_is_refused_soon(server):
    path = add(server, SPEED)
    server.call("POST", NGSI + "/entities", {"id": "urn:e:0", "type": "Car"})
    many = [f"http://h{i}.example{path}" for i in range(100000)]
    def timed(call):
        began = time.monotonic()
        call()
        return time.monotonic() - began
    fails(with_context(server, 1, many), 400, "BadRequestData")
    alike = {"Content-Type": "application/ld+json"}  # as large, and refused before any of it is looked up
    plain = min(timed(lambda: server.call("POST", NGSI + "/entities", {"id": 7, "x": many, "@context": {}}, alike))
        for _ in range(3))
    assert min(timed(lambda: with_context(server, 1, many)) for _ in range(3)) < 3 * plain + 0.2
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        refused = [pool.submit(with_context, server, 1, many) for _ in range(4)]
        assert max(timed(lambda: server.get(NGSI + "/entities/urn:e:0")) for _ in range(20)) < 2
        assert all(f.result().status == 400 for f in refused)
    assert server.get(STORED + "?kind=Cached").json == [CORE]

def test_one_that_is_deleted_while_it_is_used_is_there_or_not_available(server):
    paths = [add(server, SPEED) for _ in range(40)]
    def use(i):  # each under a URL of its own, so that it is looked up and copied anew
        return create(server, i, f"http://127.0.0.{1 + i // 40}:{server.port}{paths[i % 40]}")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        uses = [pool.submit(use, i) for i in range(400)]
        gone = [pool.submit(server.call, "DELETE", path) for path in paths]
        assert {g.result().status for g in gone} == {204}
        for answer in (u.result() for u in uses):
            if answer.status != 201:
                fails(answer, 504, "LdContextNotAvailable")
    assert server.get(STORED + "?kind=Hosted").json == []
    for i, path in enumerate(paths):
        fails(create(server, 1000 + i, server.base + path), 504, "LdContextNotAvailable")

def test_lists_by_kind(server, contexts):
    contexts.pages["/c"] = SPEED
    cached, hosted = contexts.url("/c"), server.base + add(server, SPEED)
    create(server, 1, cached)
    assert sorted(server.get(STORED).json) == sorted([CORE, cached, hosted])
    assert server.get(STORED + "?kind=Hosted").json == [hosted]
    assert sorted(server.get(STORED + "?kind=Cached&details=false").json) == sorted([CORE, cached])
    assert server.get(STORED + "?kind=ImplicitlyCreated").json == []
    kinds = {d["URL"]: d["kind"] for d in server.get(STORED + "?details=true").json}
    assert kinds == {CORE: "Cached", cached: "Cached", hosted: "Hosted"}
    fails(server.get(STORED + "?kind=hosted"), 400, "BadRequestData")
    fails(server.get(STORED + "?details=yes"), 400, "BadRequestData")

def test_a_cached_one_is_told_of_but_not_served(server, contexts):
    contexts.pages["/c"] = SPEED
    url = contexts.url("/c")
    fails(server.get(one(url)), 404, "ResourceNotFound")
    create(server, 1, url)
    fails(server.get(one(url)), 422, "OperationNotSupported")
    d = server.get(one(url) + "?details=true").json
    assert (d["URL"], d["localId"], d["kind"]) == (url, url, "Cached")
    assert set(d) == {"URL", "localId", "kind", "createdAt", "lastUsage", "expiresAt", "numberOfHits"}

def test_a_deleted_cached_one_is_fetched_when_it_is_used_again(server, contexts):
    contexts.pages["/c"] = SPEED
    url = contexts.url("/c")
    create(server, 1, url)
    assert server.call("DELETE", one(url)).status == 204
    fails(server.get(one(url) + "?details=true"), 404, "ResourceNotFound")
    fails(server.call("DELETE", one(url)), 404, "ResourceNotFound")
    contexts.pages["/c"] = {"@context": {"speed": "http://e.org/other", "Car": "http://e.org/Car"}}
    create(server, 2, url)
    assert contexts.times("/c") == 2
    assert "http://e.org/other" in server.get(NGSI + "/entities/urn:e:2").json

def test_reload_brings_the_new_meaning_at_once(server, contexts):
    contexts.pages["/c"] = SPEED
    url = contexts.url("/c")
    create(server, 1, url)
    contexts.pages["/c"] = {"@context": {"speed": "http://e.org/newer", "Car": "http://e.org/Car"}}
    assert server.call("DELETE", one(url) + "?reload=true").status == 204
    create(server, 2, url)
    assert "http://e.org/newer" in server.get(NGSI + "/entities/urn:e:2").json

@pytest.mark.parametrize("bad", [lambda h: h.answer(500), {"no": "context"}, b"<html>"])
def test_a_reload_that_fails_keeps_the_copy(server, contexts, bad):
    contexts.pages["/c"] = SPEED
    url = contexts.url("/c")
    create(server, 1, url)
    contexts.pages["/c"] = bad
    assert url in fails(server.call("DELETE", one(url) + "?reload=true"), 504, "LdContextNotAvailable")
    assert create(server, 2, url).status == 201
    assert server.call("DELETE", one(url)).status == 204

def test_what_can_not_be_reloaded(server):
    path = add(server, SPEED)
    fails(server.call("DELETE", path + "?reload=true"), 400, "BadRequestData")
    fails(server.call("DELETE", one("http://nowhere.example/c") + "?reload=true"), 400, "BadRequestData")
    fails(server.call("DELETE", path + "?reload=maybe"), 400, "BadRequestData")
    assert server.get(path).status == 200

def test_the_core_context_stays(server):
    assert server.get(one(CORE) + "?details=true").json["kind"] == "Cached"
    fails(server.get(one(CORE)), 422, "OperationNotSupported")
    fails(server.call("DELETE", one(CORE)), 400, "BadRequestData")
    fails(server.call("DELETE", one(CORE) + "?reload=false"), 400, "BadRequestData")
    assert server.call("DELETE", one(CORE) + "?reload=true").status == 204

def test_methods(server):
    answer = server.call("PATCH", STORED, {})
    assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    answer = server.call("POST", one("x"), SPEED)
    assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD, DELETE, OPTIONS"

def test_other_brokers_use_it_unless_it_is_of_a_tenant(server, make_server):
    url, private = server.base + add(server, SPEED), server.base + add(server, SPEED, "a")
    other = make_server(name="other").start()
    assert create(other, 1, url).status == 201
    e = other.get(NGSI + "/entities/urn:e:1").json
    assert e["type"] == "http://e.org/Car" and "http://e.org/speed" in e
    assert other.get(STORED + "?kind=Cached").json.count(url) == 1
    assert other.get(STORED + "?kind=Hosted").json == []
    fails(create(other, 2, private), 504, "LdContextNotAvailable")
    server.call("DELETE", url.removeprefix(server.base))
    assert create(other, 3, url).status == 201  # it has its copy
    fails(other.call("DELETE", one(url) + "?reload=true"), 504, "LdContextNotAvailable")
    assert create(other, 4, url).status == 201

@pytest.mark.parametrize("accept, media", [("application/ld+json", "application/ld+json"), ("*/*", "application/json")])
def test_it_is_served_as_the_asker_accepts_it(server, accept, media):
    answer = server.call("GET", add(server, SPEED), headers={"Accept": accept})
    assert (answer.headers["Content-Type"], answer.json) == (media, SPEED)

def test_uses_are_counted_for_each_kind(server, contexts):
    contexts.pages["/c"] = SPEED
    for url in (contexts.url("/c"), server.base + add(server, SPEED)):
        create(server, url[-1], url)
        hits = [server.get(one(url) + "?details=true").json["numberOfHits"]]
        for n in range(2):
            server.call("GET", NGSI + "/entities?type=Car", headers=link(url))
            hits.append(server.get(one(url) + "?details=true").json["numberOfHits"])
        assert hits[0] < hits[1] < hits[2]
        assert server.get(one(url) + "?details=true").json["lastUsage"].endswith("Z")
