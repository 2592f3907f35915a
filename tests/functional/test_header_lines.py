"""Fields that come in several lines: they are one list [RFC 9110 5.2], or one too many. [CIM 009 6.3.4, 6.3.14; RFC 7240]"""
import http.client

import pytest

from conftest import NGSI, Answer

def get(server, path, *lines):
    c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    c.putrequest("GET", NGSI + path)
    for name, value in lines:
        c.putheader(name, value)
    c.endheaders()
    r = c.getresponse()
    answer = Answer(r.status, r.headers, r.read())
    c.close()
    return answer

@pytest.fixture
def one(server):
    assert server.call("POST", NGSI + "/entities", {"id": "urn:x:1", "type": "T", "v": {"vocab": "x"}}).status == 201
    return server

def test_a_preference_may_stand_in_any_line(one):
    a = get(one, "/entities/urn:x:1?pick=v", ("Prefer", "respond-async"), ("Prefer", "ngsi-ld=1.7"))
    assert (a.status, a.headers["Preference-Applied"], a.json) == (203, "ngsi-ld=1.7", {"v": {"type": "Property", "value": "x"}})

def test_accepted_types_add_up(one):
    a = get(one, "/entities/urn:x:1", ("Accept", "text/html"), ("Accept", "application/ld+json"))
    assert (a.status, a.headers["Content-Type"]) == (200, "application/ld+json")

def test_a_request_is_for_one_tenant(one):
    a = get(one, "/entities/urn:x:1", ("NGSILD-Tenant", "a"), ("NGSILD-Tenant", "b"))
    assert a.status == 400 and a.json["where"] == "NGSILD-Tenant"
