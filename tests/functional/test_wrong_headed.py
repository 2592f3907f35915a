"""
Clients that mean harm, or have gone wrong: each gets its answer, the standard's error where there is one, and others go on being
served. Beside each of them a well-behaved client reads and writes over a connection of its own; what counts is that it gets
on, with each of the other's doings, not how fast.

More of the kind stand elsewhere: contexts that loop, are huge or never come in test_contexts.py; patterns that explode, places at the poles
and areas that touch themselves in test_hard_queries.py; framing, slow heads and half-closed sockets without a twin behind them in
tests/unit/http/test_server.c.
"""
import contextlib
import gzip
import http.client
import json
import pathlib
import re
import socket
import threading
import time
import urllib.parse

import pytest

from conftest import NGSI, Server

ENTITIES = NGSI + "/entities"

class Neighbour(threading.Thread):
    """Changes a number and reads it back, one request after the other."""
    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.done, self.wrong, self.stopped = server, 0, None, threading.Event()
        assert server.call("POST", ENTITIES, {"id": "urn:x:neighbour", "type": "Neighbour", "n": 0}).status == 201

    def run(self):
        http_ = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        path = ENTITIES + "/urn:x:neighbour"
        try:
            while not self.stopped.is_set():
                n = self.done + 1
                http_.request("PATCH", path + "/attrs/n", json.dumps({"value": n}), {"Content-Type": "application/json"})
                a = http_.getresponse()
                a.read()
                assert a.status == 204, a.status
                http_.request("GET", path + "?format=simplified")
                got = json.loads(http_.getresponse().read())
                assert got["n"] == n, got
                self.done = n
        except Exception as e:                 # told by the test
            self.wrong = e

    def get_on(self, steps=3):
        """It does so many more; a minute is only there to end a test that hangs."""
        target, deadline = self.done + steps, time.monotonic() + 60
        while self.done < target:
            assert self.wrong is None, self.wrong
            assert time.monotonic() < deadline, "the neighbour stands still"
            time.sleep(0.001)

@pytest.fixture
def twin(tmp_path):
    """One loop, so that who holds it holds everybody; the sanitizers have to be silent in the end."""
    made = []

    def start(*flags):
        made.append(Server(tmp_path / f"twin{len(made)}", "--loops", "1", *flags, kind="CARDO_ASAN").start())
        return made[-1]
    yield start
    for s in made:
        code = s.stop()
        text = pathlib.Path(s.folder + ".log").read_text()
        assert code == 0 and "Sanitizer" not in text and "runtime error" not in text, text

@contextlib.contextmanager
def beside(server):
    """A neighbour that gets on before, after, and whenever the other says that it did something."""
    n = Neighbour(server)
    n.start()
    n.get_on()
    yield lambda what: n.get_on(1)
    n.get_on()
    n.stopped.set()
    n.join(60)
    assert n.wrong is None, n.wrong

def refused(a, status, name, where=None):
    assert a.status == status, (a.status, a.body[:500])
    problem = a.json
    assert problem["type"].endswith("/" + name), problem
    assert problem["detail"], problem
    if where is not None:
        assert problem["where"] == where, problem
    return problem

# ---- raw sockets ----

def connect(server, text=b""):
    s = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    if text:
        s.sendall(text)
    return s

def until_closed(s):
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := s.recv(65536):
            parts.append(part)
    return b"".join(parts)

def status_lines(answer):
    return [int(code) for code in re.findall(rb"HTTP/1.1 (\d{3}) ", answer)]

def head(method, path, *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()

# ---- media types and headers ----

def test_wrong_media_types(twin):
    s = twin()
    with beside(s) as did:
        for media in ("text/plain", "application/xml", "application/", "json", "*/*", "application/json/x", "application/geo+json",
                "application/merge-patch+json", "multipart/form-data; boundary=x", "\xff", "a" * 4000):
            a = s.call("POST", ENTITIES, b'{"id":"urn:x:1","type":"T"}', {"Content-Type": media})
            assert (a.status, a.body) == (415, b""), (media, a.status)
            did(media)
        for media in ("application/json; charset=utf-8", "application/json;charset=\"utf-8\"", "APPLICATION/JSON", "application/json ; x=y"):
            s.call("DELETE", ENTITIES + "/urn:x:1")
            assert s.call("POST", ENTITIES, b'{"id":"urn:x:1","type":"T"}', {"Content-Type": media}).status == 201, media
            did(media)
        for accept in ("image/png", "application/json;q=0", "text/*", "application/json;q=0, */*;q=0", ",".join(["text/x"] * 1000)):
            a = s.call("GET", ENTITIES + "/urn:x:1", headers={"Accept": accept})
            assert a.status == 406 and b"application/ld+json" in a.body, (accept, a.body)
            did(accept)
        for accept in ("nonsense", ";;;", "*/*;q=nan", "application/json;q=" + "9" * 3000, "a/b;" * 2000):
            assert s.call("GET", ENTITIES + "/urn:x:1", headers={"Accept": accept}).status in (200, 406), accept
            did(accept)

def test_links_that_are_huge_or_none(twin):
    s = twin()
    rel = '; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    with beside(s) as did:
        for link in (";" * 9000, "nonsense", "<" + "x" * 12000 + ">" + rel, "<http://127.0.0.1:1/" + "x" * 12000 + ">" + rel, "<" * 9000, "<>" + rel,
                "<http://127.0.0.1:1/c>" + rel + ", <http://127.0.0.1:1/d>" + rel, "<http://[::1/c>" + rel, "<http://127.0.0.1:99999/c>" + rel,
                '<http://127.0.0.1:1/c>; rel="http://www.w3.org/ns/json-ld#context' + "\\" * 100, "<\x01>" + rel):
            a = s.call("GET", ENTITIES + "?type=T", headers={"Link": link})
            assert a.status in (400, 504), (link[:60], a.status, a.body[:300])
            assert a.json["detail"]
            did(link)
        # no context in them: nothing to use
        for link in (", ".join(["<http://x/>; rel=\"next\""] * 500), '<http://x/>; rel="' + "a " * 4000 + '"'):
            assert s.call("GET", ENTITIES + "?type=T", headers={"Link": link}).status == 200, link[:60]
            did(link)
        for many in ({"Link": "x" * 20000}, {f"X-{i}": "y" for i in range(200)}, {"X" * 17000: "y"}):
            a = s.call("GET", ENTITIES + "?type=T", headers=many)
            assert a.status == 431 and a.json["detail"], a.body
            did(many)
        for path in ("?type=" + "T" * 9000, "/urn:x:" + "y" * 9000, "/" * 9000):
            assert s.get(ENTITIES + path).status in (414,), path[:20]
            did(path)

def test_tenants_with_odd_names(twin):
    s = twin("--tenants-max", "3")
    with beside(s) as did:
        for tenant in ("../../etc", "a b", "a/b", "x" * 5000, "%00", "..", "\xe4", "a,b", "\"", "'", "{}"):
            a = s.call("GET", ENTITIES + "?type=T", headers={"NGSILD-Tenant": tenant})
            assert a.status in (400, 404), (tenant[:20], a.status)
            a = s.call("POST", ENTITIES, {"id": "urn:x:1", "type": "T"}, {"NGSILD-Tenant": tenant})
            assert a.status in (400, 201, 503, 507), (tenant[:20], a.status, a.body)
            did(tenant)
        made = [s.call("POST", ENTITIES, {"id": "urn:x:1", "type": "T"}, {"NGSILD-Tenant": f"t{i}"}) for i in range(20)]
        assert made[-1].status not in (201, 500) and made[-1].json["detail"], made[-1].body

# ---- paths and ids ----

ODD_IDS = [chr(c) for c in [*range(0, 0x100), 0x200b, 0x200e, 0x2028, 0x202e, 0x2060, 0x2066, 0x2800, 0x3164, 0xfe0f, 0xfeff, 0xfffd, 0xfffe, 0x1fffe,
    0x1f6b2, 0x10ffff, 0x115f, 0x0301, 0x4e2d, 0xac00]]
NOT_IN_IRIS = set(' <>"{}\\^|`') | {chr(c) for c in [*range(0x21), *range(0x7f, 0xa1), 0xad, 0x200b, 0x200e, 0x2028, 0x202e, 0x2060, 0x2066, 0x2800, 0x3164, 0xfe0f,
    0xfeff, 0xfffe, 0x1fffe, 0x10ffff, 0x115f]}

def test_ids_with_every_odd_character(twin):
    s = twin()
    with beside(s) as did:
        for c in ODD_IDS:
            id_ = f"urn:x:a{c}b"
            a = s.call("POST", ENTITIES, {"id": id_, "type": "T", "p": c})
            assert (a.status == 400) == (c in NOT_IN_IRIS), (hex(ord(c)), a.status, a.body)
            path = ENTITIES + "/" + urllib.parse.quote(id_, safe="")
            if a.status == 201:
                assert a.headers["Location"].isascii()
                assert s.get(a.headers["Location"]).json["p"]["value"] == c
                assert s.get(path).json["id"] == id_
                q = urllib.parse.quote('p=="' + c + '"', safe="")
                if c not in '"\\':
                    assert [e["id"] for e in s.get(f"{ENTITIES}?type=T&q={q}").json] == [id_], hex(ord(c))
                if c != ",":                   # parts them in a list
                    assert [e["id"] for e in s.get(f"{ENTITIES}?type=T&id={urllib.parse.quote(id_, safe='')}").json] == [id_]
                assert s.call("DELETE", path).status == 204
            else:
                refused(a, 400, "BadRequestData", "/id")
                assert s.get(path).status in (400, 404), hex(ord(c))
            did(c)

def test_paths_that_lead_nowhere(twin):
    s = twin()
    with beside(s) as did:
        for path in ("/entities/%2e%2e/", "/entities/..%2f..%2fetc%2fpasswd", "/entities/%", "/entities/%zz", "/entities/%00", "/entities/urn:x:%ff%fe",
                "/entities/urn:x:%c0%af", "/entities/urn:x:neighbour/attrs/%2e%2e", "/entities/urn:x:neighbour/attrs/%252e%252e", "/entities/urn:x:neighbour/attrs/1a",
                "/entities//attrs/x", "/entities?type=%", "/entities?type=%ff", "/entities?%00", "/entities?type=T&type=U", "/entities?limit=99999999999999999999",
                "/entities?type=T&limit=-1", "/entities?type=T&offset=1e3", "/entities?type=T&unknown=1", "/entities?type=T&options=all", "/entities?&&&=&",
                "/types/%", "/attributes/%00", "/jsonldContexts/..%2f", "/entities?type=T&coordinates=" + "[" * 3000):
            a = s.call("PUT" if "//" in path else "GET" if "attrs" not in path else "DELETE", NGSI + path)
            assert 400 <= a.status < 500, (path, a.status, a.body)
            assert a.status in (405, 411, 415) or a.json["title"], (path, a.body)
            did(path)

# ---- bodies ----

def post(s, body, path=ENTITIES, **headers):
    return s.call("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), {"Content-Type": "application/json", **headers})

def test_more_attributes_than_an_entity_may_have(twin):
    s = twin()
    with beside(s) as did:
        for n, status in ((4096, 201), (4097, 400), (10000, 400)):
            a = post(s, {"id": f"urn:x:{n}", "type": "T", **{f"a{i}": i for i in range(n)}})
            assert a.status == status or (status == 400 and a.status == 403), (n, a.status, a.body[:300])
            if status != 201:
                assert "4096" in a.json["detail"], a.json
            did(n)
        a = post(s, {"one": {"value": 1}}, ENTITIES + "/urn:x:4096/attrs")
        assert a.status in (400, 403) and "4096" in a.json["detail"], a.body
        instances = [{"value": i, "datasetId": f"urn:d:{i}"} for i in range(10000)]
        a = post(s, {"id": "urn:x:d", "type": "T", "a": instances})
        assert a.status in (400, 403) and "4096" in a.json["detail"], a.body
        assert len(s.get(ENTITIES + "/urn:x:4096?format=simplified").json) == 4096 + 2
        did("read")

def test_a_thousand_levels(twin):
    s = twin()
    deep_object, deep_array = b'{"x":' * 1000 + b"1" + b"}" * 1000, b"[" * 1000 + b"]" * 1000
    sub = b'{"value":1,"s":' * 1000 + b"1" + b"}" * 1000
    with beside(s) as did:
        for value in (deep_object, deep_array, sub, b"[" * 1000000, b'{"a":' * 500000):
            a = post(s, b'{"id":"urn:x:1","type":"T","p":' + value + b"}")
            assert a.status == 400 and "64" in a.json["detail"], a.body[:300]
            did(value)
        # JSON nests 64 deep at most: the entity and the attribute take one each
        for n, status in ((62, 201), (63, 201), (64, 400), (65, 400)):
            a = post(s, b'{"id":"urn:x:%d","type":"T","p":' % n + b"[" * n + b"]" * n + b"}")
            assert (a.status, n) == (status, n), a.body
            did(n)

def test_duplicate_members(twin):
    """Never half of each: refused, or the last one counts, as with every JSON reader [RFC 8259 4]."""
    s = twin()
    with beside(s) as did:
        for body, wanted in ((b'{"id":"urn:x:1","type":"T","p":1,"p":2}', {"p": 2}), (b'{"id":"urn:x:0","id":"urn:x:1","type":"T"}', {}),
                (b'{"id":"urn:x:1","type":"T","p":{"value":1,"value":2}}', {"p": 2}),
                (b'{"id":"urn:x:1","type":"T","p":{"value":{"x":1,"x":2}}}', {"p": {"x": 2}})):
            a = post(s, body)
            if a.status == 201:
                got = s.get(ENTITIES + "/urn:x:1?format=simplified")
                assert got.status == 200 and {k: v for k, v in got.json.items() if k not in ("id", "type")} == wanted, (body, got.body)
                s.call("DELETE", ENTITIES + "/urn:x:1")
            else:
                assert a.status == 400 and a.json["detail"], a.body
            did(body)

def test_what_is_no_json(twin):
    s = twin()
    with beside(s) as did:
        for body in (b"", b"{", b"nul", b"[1,]", b'{"id":"urn:x:1","type":"T",}', b'{"id":"urn:x:1","type":"\xff"}', b"\x00" * 1000, b"\xef\xbb\xbf" * 10, b'{"id":"urn:x:1"}{}',
                b'{"id":"urn:x:1","type":"T","p":1e}', b'{"id":"urn:x:1","type":"T","p":01}', b'{"id":"urn:x:1","type":"T","p":"\\ud800"}',
                b'{"id":"urn:x:1","type":"T","p":"' + b"\\" * 4001 + b'"}', b'{"id":"urn:x:1","type":"T","p":"\x01"}', gzip.compress(b"{}")):
            a = post(s, body)
            refused(a, 400, "InvalidRequest")
            did(body)
        for body in (b"[]", b"7", b"null", b'"x"', b"{}", b'{"id":"urn:x:1","type":null}', b'{"id":"urn:x:1","type":[]}', b'{"id":7,"type":"T"}'):
            a = post(s, body)
            refused(a, 400, "BadRequestData" if body[0:1] == b"{" else "InvalidRequest")
            did(body)

def test_numbers_beyond_all_measure(twin):
    s = twin()
    with beside(s) as did:
        for number in (b"1e400", b"-1e400", b"1" + b"0" * 400, b"1e-400", b"9" * 100000, b"0." + b"1" * 100000, b"1e" + b"9" * 1000, b"-0", b"-0.0", b"9007199254740993"):
            a = post(s, b'{"id":"urn:x:1","type":"T","p":%s}' % number)
            assert a.status in (201, 400), (number[:20], a.body[:200])
            if a.status == 201:
                back = s.get(ENTITIES + "/urn:x:1")
                shown = re.search(rb'"value":([^,}]+)', back.body).group(1)
                assert float(shown) == float(number), number[:20]
                assert s.get(ENTITIES + "?type=T&q=p>=0").status == 200
                assert s.call("DELETE", ENTITIES + "/urn:x:1").status == 204
            did(number)

def test_bodies_that_are_too_large(twin):
    s = twin()
    with beside(s) as did:
        # told before it comes: nobody reads it
        with connect(s, head("POST", ENTITIES, "Content-Type: application/json", "Content-Length: 20000000")) as raw:
            assert status_lines(until_closed(raw)) == [413]
        did("said")
        for _ in range(3):
            with connect(s) as raw, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                raw.sendall(head("POST", ENTITIES, "Content-Type: application/json", "Content-Length: 20000000") + b" " * 20000000)
            did("sent")
        a = post(s, b" " * (16 << 20) + b" ")
        assert a.status == 413
        body = {"id": "urn:x:1", "type": "T", "p": "x" * 5000000}
        a = post(s, body)
        assert a.status in (400, 403, 413) and a.json["detail"], a.body[:300]
        did("entity")

def test_gzip_bombs(twin):
    """Bodies that are packed are not taken; a bomb stays packed."""
    s = twin()
    bomb = gzip.compress(b" " * 50000000)
    with beside(s) as did:
        for encoding in ("gzip", "deflate", "br", "gzip, gzip", "x"):
            a = post(s, bomb, **{"Content-Encoding": encoding})
            assert a.status in (400, 415), (encoding, a.status, a.body[:200])
            did(encoding)

def test_arrays_of_a_million(twin):
    s = twin()
    with beside(s) as did:
        a = post(s, b'{"id":"urn:x:1","type":"T","p":[' + b"0," * 1000000 + b"0]}")
        assert a.status in (400, 403) and "1000000" in a.json["detail"], a.body[:300]
        did("too many")
        many = b'{"id":"urn:x:1","type":"T","p":[' + b"0," * 300000 + b"1]}"
        assert post(s, many).status == 201
        did("many")
        a = s.get(ENTITIES + "?type=T&q=p==1")
        assert len(a.json) == 1 and len(a.json[0]["p"]["value"]) == 300001
        did("read")
        assert len(s.get(ENTITIES + "?type=T&q=p==2").json) == 0
        a = post(s, [{"id": f"urn:y:{i}", "type": "T"} for i in range(10001)], NGSI + "/entityOperations/create")
        assert "10000" in refused(a, 400, "BadRequestData")["detail"]
        did("batch")

# ---- queries ----

def test_a_hundred_thousand_terms(twin):
    s = twin()
    with beside(s) as did:
        for q in ("|".join(["n==1"] * 100000), ";".join(["n==1"] * 100000), "n==" + ",".join(["1"] * 100000), "(" * 100000 + "n" + ")" * 100000,
                ".".join(["a"] * 100000), "a[" + ".".join(["a"] * 100000) + "]", "r{" * 100000 + "a" + "}" * 100000):
            a = post(s, {"type": "Query", "entities": [{"type": "T"}], "q": q}, NGSI + "/entityOperations/query")
            assert a.status in (400, 403) and a.json["where"] == "/q", (q[:20], a.status, a.body[:300])
            did(q)
        for member, value in (("scopeQ", ",".join(["/a"] * 100000)), ("attrs", ["a"] * 100000), ("pick", ["a"] * 100000), ("omit", ["{"] * 100000),
                ("entities", [{"type": "T"}] * 100000), ("entities", [{"type": "|".join(["T"] * 100000)}]), ("entities", [{"type": "T", "idPattern": "(" * 100000}]),
                ("geoQ", {"georel": "within", "geometry": "Polygon", "coordinates": [[[i / 1000, 0] for i in range(100001)]]})):
            a = post(s, {"type": "Query", "entities": [{"type": "T"}], member: value}, NGSI + "/entityOperations/query")
            assert a.status in (200, 400, 403), (member, a.status, a.body[:300])
            assert a.status == 200 or a.json["where"].startswith("/" + member), (member, a.json)
            did(member)

def test_places_that_are_not_on_earth(twin):
    s = twin()
    point = {"type": "Point"}
    with beside(s) as did:
        for coordinates in ([0], [1, 2, 3, 4, 5], [None, 1], ["1", 2], [True, 1], [[1, 2]], [], "[1,2]", {}, [1e400, 0]):
            body = json.dumps({"id": "urn:x:1", "type": "T", "location": {"type": "GeoProperty", "value": {**point, "coordinates": coordinates}}})
            a = post(s, body.replace("Infinity", "1e400").encode())
            assert a.status == 400 and a.json["detail"], (coordinates, a.status, a.body)
            did(coordinates)
        # beyond the poles and more than once around: stored as given or refused, and never in the way of a query
        for k, coordinates in enumerate(([181, 0], [-540, 0], [0, 91], [1e300, -1e300], [180, 90], [-180, -90])):
            a = post(s, {"id": f"urn:x:{k}", "type": "T", "location": {**point, "coordinates": coordinates}})
            assert a.status in (201, 400), (coordinates, a.body)
            did(coordinates)
        for centre in ([181, 0], [-540, 0], [0, 91], [1e300, -1e300], [180, 90], [-180, -90], [0, 0]):
            for how in ("maxDistance==1", "maxDistance==1000000000", "minDistance==1000000000", "minDistance==1e-300", "maxDistance==1e300"):
                p = urllib.parse.urlencode({"type": "T", "georel": "near;" + how, "geometry": "Point", "coordinates": json.dumps(centre)})
                a = s.get(f"{ENTITIES}?{p}")
                assert a.status in (200, 400), (centre, how, a.body)
                did(how)

# ---- connections ----

def test_slow_heads_and_bodies(twin):
    s = twin("--head-timeout", "500ms", "--body-timeout", "500ms")
    with beside(s) as did:
        slow = [connect(s, b"GET " + NGSI.encode()) for _ in range(50)]
        bodies = [connect(s, head("POST", ENTITIES, "Content-Type: application/json", "Content-Length: 1000") + b'{"id":') for _ in range(50)]
        byte_by_byte = connect(s)
        for c in head("GET", ENTITIES + "/urn:x:neighbour"):
            byte_by_byte.sendall(bytes([c]))
        assert b"200 OK" in byte_by_byte.recv(4096)
        for raw in [*slow, *bodies]:
            assert status_lines(until_closed(raw)) in ([408], [])
            raw.close()
            did(raw)
        byte_by_byte.close()

def test_half_closed_sockets_get_their_answer(twin):
    s = twin()
    with beside(s) as did:
        for _ in range(20):
            with connect(s, head("GET", ENTITIES + "/urn:x:neighbour")) as raw:
                raw.shutdown(socket.SHUT_WR)
                assert status_lines(until_closed(raw)) == [200]
            did("read")
        body = b'{"id":"urn:x:h","type":"T"}'
        with connect(s, head("POST", ENTITIES, "Content-Type: application/json", f"Content-Length: {len(body)}") + body) as raw:
            raw.shutdown(socket.SHUT_WR)
            assert status_lines(until_closed(raw)) == [201]
        assert s.get(ENTITIES + "/urn:x:h").status == 200
        # gone in the middle of a body: nothing is stored
        with connect(s, head("POST", ENTITIES, "Content-Type: application/json", "Content-Length: 1000") + b'{"id":"urn:x:g","type":"T"}') as raw:
            raw.shutdown(socket.SHUT_WR)
            until_closed(raw)
        assert s.get(ENTITIES + "/urn:x:g").status == 404

def test_garbage_behind_good_requests(twin):
    s = twin()
    good = head("GET", ENTITIES + "/urn:x:neighbour")
    with beside(s) as did:
        for garbage in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\x00" * 100, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /x HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                head("POST", ENTITIES, "Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n", b"G" * 100000):
            with connect(s, good * 3 + garbage) as raw:
                raw.shutdown(socket.SHUT_WR)
                statuses = status_lines(until_closed(raw))
            assert statuses[:3] == [200, 200, 200], (garbage[:20], statuses)
            assert all(400 <= code < 600 for code in statuses[3:]) and len(statuses) <= 4, (garbage[:20], statuses)
            did(garbage)

def test_readers_that_do_not_read(twin):
    """Their answers wait in the sockets, not in the loop; they are let go of in the end."""
    s = twin("--write-timeout", "500ms")
    batch = [{"id": f"urn:y:{i}", "type": "Y", "p": "x" * 4000} for i in range(1000)]
    assert post(s, batch, NGSI + "/entityOperations/create").status == 201
    with beside(s) as did:
        idle = []
        for _ in range(20):
            raw = socket.socket()
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.connect(("127.0.0.1", s.port))
            raw.sendall(head("GET", ENTITIES + "?type=Y&limit=1000") * 3)
            idle.append(raw)
            did(raw)
        for raw in idle:
            raw.close()

def test_connections_that_only_open(twin):
    s = twin("--connections-max", "200")
    with beside(s) as did:
        for _ in range(3):
            many = [connect(s) for _ in range(300)]
            did(many)
            for raw in many:
                raw.close()
