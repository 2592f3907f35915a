"""Every bound that can be reached from outside, at it and one past it; what every counter counts."""
import concurrent.futures
import json
import pathlib
import re
import socket
import subprocess
import time

import pytest

from conftest import NGSI, ROOT, Server, binary

def kind(answer):
    return answer.json["type"].rsplit("/", 1)[1]

def metrics(server):
    rows = re.findall(r"^cardo_(\w+) (\d+)$", server.get("/metrics").body.decode(), re.M)
    assert len(rows) == len(dict(rows))
    return {name.removesuffix("_total"): int(value) for name, value in rows}

def entity(i=1, **more):
    return {"id": f"urn:x:{i}", "type": "T", **more}

def create(body):
    return lambda s: s.call("POST", f"{NGSI}/entities", body)

def get(path):
    return lambda s: s.get(NGSI + path)

def nested(depth):
    # the entity is 1, the property 2
    value = 1
    for _ in range(depth - 2):
        value = [value]
    return entity(v={"type": "Property", "value": value})

def sized(n):
    body = json.dumps(entity(v="@")).encode()
    return body.replace(b"@", b"x" * (n - len(body) + 1))

def long_path(n):
    path = "/entities/urn:"
    return path + "x" * (n - len(NGSI + path))

def query(**body):
    return lambda s: s.call("POST", f"{NGSI}/entityOperations/query", {"type": "Query", **body})

def selectors(n):
    return [{"type": "T", "id": f"urn:x:{i}"} for i in range(n)]

ring = [[i / 100, i * i / 10000] for i in range(9)]
# setting, value, at the bound, its status; one past it, its status and kind (None: without a body)
BOUNDS = [
    ("json-depth", 8, create(nested(8)), 201, create(nested(9)), 400, None),
    ("json-members", 16, create(entity(v=list(range(10)))), 201, create(entity(v=list(range(20)))), 400, None),
    ("body-max", 1024, create(sized(1024)), 201, create(sized(1025)), 413, "ContentTooLarge"),
    ("uri-max", 256, get(long_path(256)), 404, get(long_path(257)), 414, "UriTooLong"),
    ("batch-max", 3, lambda s: s.call("POST", f"{NGSI}/entityOperations/create", [entity(i) for i in range(3)]), 201,
     lambda s: s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(i) for i in range(4)]), 400, "BadRequestData"),
    ("page-max", 7, get("/entities?type=T&limit=7"), 200, get("/entities?type=T&limit=8"), 403, "TooManyResults"),
    ("attributes-max", 4, create(entity(a=1, b=2, c=3, d=4)), 201, create(entity(2, a=1, b=2, c=3, d=4, e=5)), 400, "BadRequestData"),
    ("id-max", 64, create(entity("x" * 58)), 201, create(entity("x" * 59)), 400, "BadRequestData"),
    ("types-max", 3, create({"id": "urn:x:1", "type": ["A", "B", "C"]}), 201,
     create({"id": "urn:x:2", "type": ["A", "B", "C", "D"]}), 400, "BadRequestData"),
    ("query-terms", 6, get("/entities?type=T&q=a>1;b>2;c>3"), 200, get("/entities?type=T&q=a>1;b>2;c>3|d"), 403, "TooComplexQuery"),
    ("query-terms", 6, query(entities=selectors(6)), 200, query(entities=selectors(7)), 403, "TooComplexQuery"),
    ("pattern-max", 16, get("/entities?type=T&idPattern=" + "x" * 16), 200, get("/entities?type=T&idPattern=" + "x" * 17), 403,
     "TooComplexQuery"),
    ("order-max", 10, get("/entities?type=T&orderBy=a&limit=5&offset=5"), 200, get("/entities?type=T&orderBy=a&limit=5&offset=6"),
     403, "TooManyResults"),
    ("vertices-max", 9, create(entity(g={"type": "GeoProperty", "value": {"type": "LineString", "coordinates": ring}})), 201,
     create(entity(2, g={"type": "GeoProperty", "value": {"type": "LineString", "coordinates": ring + [[1, 1]]}})), 400, "BadRequestData"),
]

@pytest.mark.parametrize("setting, value, inside, status, past, refused, why", BOUNDS, ids=lambda v: v if isinstance(v, str) else None)
def test_at_the_bound_and_one_past_it(make_server, setting, value, inside, status, past, refused, why):
    s = make_server(f"--{setting}", str(value), kind="CARDO_ASAN").start()
    a = inside(s)
    assert a.status == status, a.body
    a = past(s)
    assert a.status == refused, a.body
    assert why is None or kind(a) == why
    assert a.json["detail"]
    assert s.get("/ready").status == 200
    assert s.stop() == 0

def test_ids_of_a_query_in_a_body(make_server):
    s = make_server(kind="CARDO_ASAN").start()
    ids = [f"urn:x:{i}" for i in range(10001)]
    began = time.monotonic()
    assert query(entities=[{"type": "T", "id": ids[:10000]}])(s).status == 200
    a = query(entities=[{"type": "T", "id": ids}])(s)
    assert (a.status, kind(a)) == (403, "TooComplexQuery")
    a = query(entities=[{"type": "T", "id": ids * 40}])(s)
    assert (a.status, kind(a)) == (403, "TooComplexQuery")
    assert time.monotonic() - began < 20
    assert s.stop() == 0

def test_entity_max_is_of_what_it_grows_to(make_server):
    s = make_server("--entity-max", "4KiB").start()
    assert create(entity(a="x" * 3000))(s).status == 201
    a = s.call("POST", f"{NGSI}/entities/urn:x:1/attrs", {"b": {"type": "Property", "value": "x" * 3000}})
    assert a.status == 400, a.body
    assert "b" not in s.get(f"{NGSI}/entities/urn:x:1").json
    assert create(entity(2, a="x" * 5000))(s).status == 400
    assert s.stop() == 0

def test_tenants_and_names(make_server):
    s = make_server("--tenants-max", "3", "--names-max", "1000").start()
    for tenant in ("a", "b"): # the default one is the first
        assert s.call("POST", f"{NGSI}/entities", entity(), {"NGSILD-Tenant": tenant}).status == 201
    a = s.call("POST", f"{NGSI}/entities", entity(), {"NGSILD-Tenant": "c"})
    assert a.status == 503 and kind(a) == "InsufficientStorage", a.body
    assert metrics(s)["tenants"] == 3
    known = metrics(s)["names"]
    assert create(entity(1, **{f"n{i}": 1 for i in range(1000 - known)}))(s).status == 201
    assert metrics(s)["names"] == 1000
    a = create(entity(2, one_more=1))(s)
    assert a.status == 503 and kind(a) == "InsufficientStorage", a.body
    assert create(entity(2, n1=1))(s).status == 201
    assert s.stop() == 0

def test_connections_max(make_server):
    s = make_server("--connections-max", "4", "--loops", "1").start()
    time.sleep(0.1) # the connections of start() have gone
    held = [socket.create_connection(("127.0.0.1", s.port), timeout=10) for _ in range(4)]
    for c in held:
        c.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert c.recv(1000).startswith(b"HTTP/1.1 200")
    with socket.create_connection(("127.0.0.1", s.port), timeout=10) as c:
        try:
            assert c.recv(1000) == b""
        except ConnectionResetError:
            pass
    held.pop().close()
    time.sleep(0.1)
    m = metrics(s)
    assert m["connections_refused"] >= 1 and m["connections_open"] == 4
    assert s.stop() == 0

def test_memory_max_refuses_what_grows_and_nothing_else(make_server):
    s = make_server("--memory-max", "4MiB", kind="CARDO_ASAN").start()
    n = 0
    while (a := s.call("POST", f"{NGSI}/entityOperations/create", [entity(n + i, pad="x" * 2000, v=1) for i in range(50)])).status == 201:
        n += 50
        assert n < 5000
    assert a.status == 207
    assert {e["error"]["status"] for e in a.json["errors"]} == {503}
    n += 50
    while (a := create(entity(n, pad="x" * 2000))(s)).status == 201:
        n += 1
        assert n < 5000
    assert (a.status, kind(a)) == (503, "InsufficientStorage")
    assert 0.94 * (4 << 20) <= metrics(s)["memory_bytes"] <= 4 << 20
    assert s.get(f"{NGSI}/entities/urn:x:{n}").status == 404
    assert s.get(f"{NGSI}/entities?type=T&limit=1000").status == 200
    assert s.call("PATCH", f"{NGSI}/entities/urn:x:1/attrs/v", {"value": 2}).status == 204
    assert s.get(f"{NGSI}/entities/urn:x:1?options=keyValues").json["v"] == 2
    for i in range(200):
        assert s.call("DELETE", f"{NGSI}/entities/urn:x:{i}").status == 204
    assert create(entity(n, pad="x" * 2000))(s).status == 201
    assert s.stop() == 0

def test_a_full_queue_is_busy_and_loses_nothing(make_server):
    s = make_server("--queue-jobs", "16", "--loops", "1").start()

    def write(i):
        return i, s.call("POST", f"{NGSI}/entities", entity(i))
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(write, range(2000)))
    assert {a.status for _, a in answers} <= {201, 503}
    assert all(a.headers["Retry-After"] for _, a in answers if a.status == 503)
    there = [i for i, a in answers if a.status == 201]
    assert there
    m = metrics(s)
    assert m["entities"] == len(there) and m["writes_accepted"] == len(there)
    assert m["writes_busy"] == len(answers) - len(there)
    assert s.stop() == 0

def test_a_slow_request_is_logged_without_what_it_said(make_server):
    s = make_server("--slow-request", "1us").start()
    assert create(entity(secret="hidden"))(s).status == 201
    assert metrics(s)["requests_slow"] > 0
    assert s.stop() == 0
    text = pathlib.Path(s.folder + ".log").read_text()
    lines = [line for line in text.splitlines() if 'did="answered slowly"' in line]
    assert lines and any("method=POST" in line for line in lines)
    assert "hidden" not in text and "urn:x" not in text
    s = make_server("--slow-request", "0", name="two").start()
    assert create(entity())(s).status == 201
    assert metrics(s)["requests_slow"] == 0
    assert s.stop() == 0

def test_page_default_and_gzip_min(make_server):
    s = make_server("--page-default", "3", "--gzip-min", "2KiB").start()
    s.call("POST", f"{NGSI}/entityOperations/create", [entity(i, pad="x" * 500) for i in range(10)])
    assert len(s.get(f"{NGSI}/entities?type=T").json) == 3
    for limit, coding in ((2, None), (6, "gzip")):
        a = s.call("GET", f"{NGSI}/entities?type=T&limit={limit}", headers={"Accept-Encoding": "gzip"})
        assert a.headers.get("Content-Encoding") == coding
    assert s.stop() == 0
    s = make_server("--gzip-min", "0", name="two").start()
    s.call("POST", f"{NGSI}/entityOperations/create", [entity(i, pad="x" * 5000) for i in range(10)])
    a = s.call("GET", f"{NGSI}/entities?type=T", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in a.headers
    assert s.stop() == 0

def test_a_body_tells_its_length_where_the_standard_asks_for_it(server):
    # [6.3.4]: 411, before what the body is
    for path in ("/entities", "/entityOperations/upsert"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as c:
            c.sendall(f"POST {NGSI}{path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n".encode())
            assert c.recv(1000).startswith(b"HTTP/1.1 411 ")

def test_cors_origin(make_server):
    for origin, allowed in (("*", "*"), ("https://city.example", "https://city.example"), ("", None)):
        s = make_server("--cors-origin", origin, name=f"twin{len(origin)}").start()
        a = s.call("GET", f"{NGSI}/types", headers={"Origin": "https://elsewhere.example"})
        assert a.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Access-Control-Allow-Origin" not in s.get(f"{NGSI}/types").headers
        a = s.call("OPTIONS", f"{NGSI}/entities", headers={"Origin": "https://elsewhere.example",
            "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"})
        assert a.status == 204 and "POST" in a.headers["Allow"]
        assert a.headers.get("Access-Control-Allow-Methods") == (a.headers["Allow"] if allowed else None)
        assert a.headers.get("Access-Control-Allow-Headers") == ("content-type" if allowed else None)
        assert s.stop() == 0

def test_log_level(make_server):
    s = make_server("--log-level", "error", "--slow-request", "1us").start()
    assert create(entity())(s).status == 201
    assert s.stop() == 0
    text = pathlib.Path(s.folder + ".log").read_text()
    assert "level=warn" not in text and "level=info" not in text
    r = subprocess.run([binary(), "serve", "--data", s.folder, "--log-level", "loud"], capture_output=True, text=True, timeout=20)
    assert r.returncode == 1 and "log_level" in r.stderr

def test_a_reader_that_stays_holds_memory_and_it_is_seen(make_server):
    s = make_server("--loops", "1", "--pin-age", "100ms").start()
    for k in range(4):
        s.call("POST", f"{NGSI}/entityOperations/create", [entity(1000 * k + i, pad="x" * 4000) for i in range(1000)])
    with socket.create_connection(("127.0.0.1", s.port), timeout=30) as c:
        c.sendall(f"GET {NGSI}/entities?type=T&limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        c.recv(100)
        s.call("PATCH", f"{NGSI}/entities/urn:x:1", {"pad": "y"})
        m = metrics(s)
        assert m["pins"] >= 0 and m["memory_dead_bytes"] < m["memory_bytes"]
    deadline = time.monotonic() + 10
    while (metrics(s)["memory_dead_bytes"] or metrics(s)["pins"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert metrics(s)["memory_dead_bytes"] == 0 and metrics(s)["pins"] == 0
    assert s.stop() == 0

def test_other_machines_need_to_be_meant(tmp_path):
    from conftest import free_port
    port = free_port()
    command = [binary(), "serve", "--data", str(tmp_path / "twin"), "--listen", f"0.0.0.0:{port}"]
    r = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert r.returncode == 1 and "--insecure" in r.stderr
    s = Server(tmp_path / "twin", "--insecure", "--listen", f"0.0.0.0:{port}")
    s.port = port
    assert s.start().get("/health").status == 200
    assert s.stop() == 0

def test_small_batches_still_come_to_an_end(make_server):
    s = make_server("--batch-bytes", "64KiB", "--batch-time", "100us", "--segment-bytes", "1MiB", "--checkpoint-bytes", "1MiB").start()
    for k in range(8):
        assert s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(i, pad="x" * 1000, k=k) for i in range(500)]).status in (201, 204)
    m = metrics(s)
    assert m["entities"] == 500 and m["revision"] == 4000 and m["writes_accepted"] == 4000
    assert s.stop() == 0

def test_what_the_counters_count(make_server):
    s = make_server("--segment-bytes", "1MiB", "--checkpoint-bytes", "1MiB", "--loops", "1").start()
    before = metrics(s)
    assert set(before) == set(re.findall(r"^\tX\((\w+), (?:counter|gauge)", (ROOT / "src/base/metrics.h").read_text(), re.M))
    for i in range(600):
        assert create(entity(i, pad="x" * 4000))(s).status == 201
    assert create(entity(1))(s).status == 409
    assert s.get(f"{NGSI}/entities/urn:none").status == 404
    deadline = time.monotonic() + 20
    while (after := metrics(s))["checkpoints"] == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    more = {name: after[name] - before[name] for name in after}
    assert more["requests"] >= 602 and more["requests_4xx"] == 2 and more["requests_5xx"] == 0
    assert more["requests_2xx"] + more["requests_4xx"] == more["requests"]
    assert more["connections_accepted"] >= 602
    assert more["bytes_in"] > 600 * 4000 and more["bytes_out"] > 600 * 100
    assert more["request_seconds_us"] > 0
    assert more["writes_accepted"] == 600 and more["writes_refused"] == 1
    assert 0 < more["log_batches"] <= 600 and more["log_bytes"] > 600 * 4000
    assert 0 < after["log_sync_last_us"] <= after["log_sync_us"]
    assert after["log_segments"] >= 1
    assert after["revision"] == 600 and after["entities"] == 600 and after["tenants"] == 1 and after["names"] >= 2
    assert after["memory_bytes"] > 600 * 4000 and after["read_only"] == 0
    assert after["checkpoints"] >= 1 and after["checkpoint_records"] > 0
    assert after["checkpoint_lag_bytes"] < more["log_bytes"]
    assert s.stop() == 0
