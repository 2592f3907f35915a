"""Remote @contexts, seen from outside: a small server of contexts in the test, and the real twin. [CIM 009 5.5.5, 6.3.5]"""
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import NGSI, Server, binary
from context_server import Contexts, contexts  # noqa: F401 (a fixture)

ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
REL = 'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
SPEED = {"@context": {"speed": "http://e.org/speed", "Car": "http://e.org/Car"}}

@pytest.fixture
def twin(tmp_path):
    """A server with flags; when the test ends it must stop in order, and the sanitizers be silent."""
    made = []

    def start(*flags):
        made.append(Server(tmp_path / f"twin{len(made)}", *flags, kind="CARDO_ASAN").start())
        return made[-1]
    yield start
    for s in made:
        code = s.stop() if s.process.poll() is None else s.process.returncode
        text = pathlib.Path(s.folder + ".log").read_text()
        assert code == 0 and "Sanitizer" not in text and "runtime error" not in text, text

def link(url):
    return {"Link": f"<{url}>; {REL}"}

def read(server, url, path="/entities?type=Car"):
    return server.call("GET", NGSI + path, headers=link(url))

def refused(answer, status, name):
    assert answer.status == status, (answer.status, answer.body)
    assert answer.json["type"] == ERRORS + name, answer.body
    return answer.json

def create_car(server, i=1):
    car = {"id": f"urn:x:{i}", "type": "http://e.org/Car", "http://e.org/speed": {"type": "Property", "value": i}}
    assert server.call("POST", NGSI + "/entities", car).status == 201

def together(n, f):
    results, threads = [None] * n, []

    def run(i):
        results[i] = f(i)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results

def until(what, seconds=15):
    deadline = time.monotonic() + seconds
    while True:
        result = what()
        if result:
            return result
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)

def silent(contexts):
    """Takes the request and says nothing until the test lets it go."""
    return lambda handler: contexts.release.wait(60)

# ---- fetched once, kept, asked again ----

@pytest.mark.parametrize("loops", ["1", "4"])
def test_fetched_once_for_fifty_parallel_requests(twin, contexts, loops):
    s = twin("--loops", loops)
    create_car(s)
    go = threading.Event()

    def page(handler):
        go.wait(20)
        handler.answer(200, {"@context": ["more", {"speed": "http://e.org/speed"}]}, Cache_Control="max-age=600")
    contexts.pages = {"/c": page, "/more": {"@context": {"Car": "http://e.org/Car"}}}

    def ask(i):
        if i == 0:  # answers once the others are on their way
            until(lambda: contexts.times("/c"))
            time.sleep(0.3)
            go.set()
        return read(s, contexts.url("/c"))
    for a in together(50, ask):
        assert a.status == 200, a.body
        assert a.json[0]["speed"]["value"] == 1 and a.json[0]["type"] == "Car"
        assert contexts.url("/c") in a.headers["Link"]
    assert contexts.times("/c") == 1 and contexts.times("/more") == 1
    assert all(a.status == 200 for a in together(50, lambda i: read(s, contexts.url("/c"))))
    assert len(contexts.asked) == 2

def test_a_batch_asks_once(twin, contexts):
    s = twin()
    contexts.pages = {"/c": SPEED}
    batch = [{"id": f"urn:x:{i}", "type": "Car", "speed": {"type": "Property", "value": i}, "@context": contexts.url("/c")}
             for i in range(500)]
    a = s.call("POST", NGSI + "/entityOperations/create", batch, {"Content-Type": "application/ld+json"})
    assert a.status == 201 and len(a.json) == 500, a.body
    assert contexts.times("/c") == 1
    assert s.get(NGSI + "/entities/urn:x:7").json["http://e.org/speed"]["value"] == 7

def test_an_etag_saves_the_body(twin, contexts):
    s = twin()
    create_car(s)
    version = {"tag": '"v1"', "body": SPEED}

    def page(handler):
        if handler.headers.get("If-None-Match") == version["tag"]:
            handler.answer(304, Cache_Control="max-age=1", ETag=version["tag"])
        else:
            handler.answer(200, version["body"], Cache_Control="max-age=1", ETag=version["tag"])
    contexts.pages = {"/c": page}
    assert read(s, contexts.url("/c")).json[0]["speed"]["value"] == 1

    def revalidated():
        a = read(s, contexts.url("/c"))
        assert a.status == 200 and "speed" in a.json[0]
        return any(h.get("If-None-Match") == '"v1"' for _, h in contexts.asked)
    until(revalidated)
    version.update(tag='"v2"', body={"@context": {"velocity": "http://e.org/speed", "Car": "http://e.org/Car"}})
    until(lambda: "velocity" in read(s, contexts.url("/c")).json[0])
    assert contexts.times("/c") < 30  # not asked by every request

def test_a_source_that_says_nothing_is_believed_for_context_age(twin, contexts):
    contexts.pages = {"/c": SPEED}
    for age, again in (("0", True), ("60min", False)):
        s = twin("--context-age", age)
        create_car(s)
        before = contexts.times("/c")
        assert read(s, contexts.url("/c")).json[0]["speed"]["value"] == 1
        time.sleep(1.2) # a second is the least
        assert read(s, contexts.url("/c")).json[0]["speed"]["value"] == 1
        if again:
            until(lambda: contexts.times("/c") == before + 2)
        else:
            assert contexts.times("/c") == before + 1

def test_the_last_good_copy_serves_while_the_source_is_down(twin, contexts):
    s = twin()
    create_car(s)
    contexts.pages = {"/c": lambda h: h.answer(200, SPEED, Cache_Control="max-age=1")}
    url = contexts.url("/c")
    assert "speed" in read(s, url).json[0]
    contexts.close()
    log = pathlib.Path(s.folder + ".log")

    def noticed():
        a = read(s, url)
        assert a.status == 200 and "speed" in a.json[0], a.body
        return "last good copy" in log.read_text()
    until(noticed)
    assert "speed" in read(s, url).json[0]
    # a restarted twin has no copy
    again = twin()
    create_car(again)
    refused(read(again, url), 504, "LdContextNotAvailable")

# ---- never loaded ----

def test_a_source_that_is_not_there(twin):
    s = twin()
    create_car(s)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/c"
    assert url in refused(read(s, url), 504, "LdContextNotAvailable")["detail"]
    refused(s.call("POST", NGSI + "/entities", {"id": "urn:x:2", "type": "T", "@context": url},
                   {"Content-Type": "application/ld+json"}), 504, "LdContextNotAvailable")
    mixed = [{"id": "urn:x:3", "type": "T", "@context": url}, {"id": "urn:x:4", "type": "T", "@context": []}]
    a = s.call("POST", NGSI + "/entityOperations/create", mixed, {"Content-Type": "application/ld+json"})
    assert a.status == 207 and a.json["success"] == ["urn:x:4"], a.body
    assert a.json["errors"][0]["error"]["type"] == ERRORS + "LdContextNotAvailable"
    assert s.get(NGSI + "/entities/urn:x:2").status == 404
    # it comes up: soon it is asked again
    late = Contexts(port)
    late.pages = {"/c": SPEED}
    try:
        until(lambda: read(s, url).status == 200)
    finally:
        late.close()

def test_what_a_source_may_answer(twin, contexts):
    s = twin()
    contexts.pages = {
        "/500": lambda h: h.answer(500, SPEED), "/404": lambda h: h.answer(404, b""), "/304": lambda h: h.answer(304),
        "/204": lambda h: h.answer(204), "/html": b"<html></html>", "/array": b"[]", "/none": {"context": {}},
        "/scoped": {"@context": {"bad": {"@id": "http://e.org/x", "@context": {}}}}, "/number": {"@context": 7},
        "/deep": b'{"@context":' + b'[' * 5000 + b']' * 5000 + b'}', "/cut": b'{"@context": {',
        "/latin": b'{"@context": {"caf\xe9": "http://e.org/x"}}', "/empty": {"@context": {}}}
    for path in ("/500", "/404", "/304"):
        refused(read(s, contexts.url(path)), 504, "LdContextNotAvailable")
    for path in ("/204", "/html", "/array", "/none", "/scoped", "/number", "/deep", "/cut", "/latin"):
        refused(read(s, contexts.url(path)), 400, "BadRequestData")
    assert read(s, contexts.url("/empty")).status == 200
    refused(read(s, "https://uri.etsi.org.invalid/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"), 504, "LdContextNotAvailable")
    for url in ("ftp://127.0.0.1/c", "file:///etc/passwd", "c.jsonld", "/c"):
        refused(read(s, url), 400, "BadRequestData")

def test_private_addresses_can_be_forbidden(twin, contexts):
    s = twin("--outbound-private", "0")
    contexts.pages = {"/c": SPEED}
    assert "private" in refused(read(s, contexts.url("/c")), 504, "LdContextNotAvailable")["detail"]
    assert contexts.asked == []

# ---- bounds ----

def test_fifty_megabytes_are_refused_in_time(twin, contexts):
    s = twin()
    sent = []

    def flood(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(50 << 20))
        handler.end_headers()
        for i in range(800):
            handler.wfile.write(b" " * 65536)
            sent.append(65536)
    contexts.pages = {"/flood": flood}
    before = time.monotonic()
    assert "too large" in refused(read(s, contexts.url("/flood")), 504, "LdContextNotAvailable")["detail"]
    assert time.monotonic() - before < 4  # long before the time-out
    assert sum(sent) < 20 << 20
    assert s.get("/health").status == 200

def test_bound_of_a_document(twin, contexts):
    s = twin("--context-bytes", "2000")
    text = json.dumps(SPEED).encode()
    contexts.pages = {"/at": text + b" " * (2000 - len(text)), "/past": text + b" " * (2001 - len(text))}
    assert read(s, contexts.url("/at")).status == 200
    refused(read(s, contexts.url("/past")), 504, "LdContextNotAvailable")

def test_contexts_that_loop(twin, contexts):
    s = twin()
    contexts.pages = {"/a": {"@context": ["b", {"x": "http://e.org/x"}]}, "/b": {"@context": "a"}, "/self": {"@context": "self"},
                      "/terms": {"@context": {"a": "b:x", "b": "a:y"}}}
    for path in ("/a", "/self", "/terms"):
        assert "@context" in json.dumps(refused(read(s, contexts.url(path)), 400, "BadRequestData"))
    assert contexts.times("/a") == 1 and contexts.times("/b") == 1 and contexts.times("/self") == 1

def test_bound_of_depth_and_of_documents(twin, contexts):
    s = twin("--context-depth", "3", "--context-fetches", "4")
    contexts.pages = {f"/{i}": {"@context": str(i + 1)} for i in range(10)}
    contexts.pages.update({f"/{i}": SPEED for i in range(10, 14)})
    contexts.pages.update({"/wide4": {"@context": ["10", "11", "12", "10"]}, "/wide5": {"@context": ["10", "11", "12", "13"]}})
    assert read(s, contexts.url("/8")).status == 200
    refused(read(s, contexts.url("/7")), 400, "BadRequestData")
    assert read(s, contexts.url("/wide4")).status == 200
    refused(read(s, contexts.url("/wide5")), 400, "BadRequestData")

def test_a_context_imports_another(twin, contexts):
    s = twin()
    create_car(s)
    contexts.pages = {"/own": {"@context": {"@import": "base", "Car": "http://e.org/Car"}}, "/base": {"@context": {"speed": "http://e.org/speed"}},
                      "/list": {"@context": {"@import": "wide"}}, "/wide": {"@context": ["base"]},
                      "/far": {"@context": {"@import": "nowhere"}}, "/scoped": {"@context": {"@import": "bad"}},
                      "/bad": {"@context": {"a": {"@id": "http://e.org/a", "@context": {}}}}}
    assert read(s, contexts.url("/own")).json[0]["speed"]["value"] == 1
    assert "speed" in read(s, contexts.url("/own")).json[0] and contexts.times("/base") == 1
    for page in "/list", "/scoped":
        refused(read(s, contexts.url(page)), 400, "BadRequestData")
    refused(read(s, contexts.url("/far")), 504, "LdContextNotAvailable")

def test_redirects(twin, contexts):
    s = twin("--redirects-max", "2")
    create_car(s)
    hop = lambda to: lambda h: h.answer(302, Location=to)
    contexts.pages = {"/two": hop("/one"), "/one": hop("/dir/c"), "/three": hop("/two"), "/ring": hop("/ring"),
                      "/dir/c": {"@context": "more"}, "/dir/more": SPEED, "/out": hop("file:///etc/passwd")}
    assert "speed" in read(s, contexts.url("/two")).json[0]
    refused(read(s, contexts.url("/three")), 504, "LdContextNotAvailable")
    refused(read(s, contexts.url("/ring")), 504, "LdContextNotAvailable")
    refused(read(s, contexts.url("/out")), 504, "LdContextNotAvailable")

def trickle(contexts):
    def page(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not contexts.release.wait(0.05):
            handler.wfile.write(b" ")
    return page

@pytest.mark.parametrize("how", [silent, trickle])
def test_a_source_that_never_answers_holds_nobody_else(twin, contexts, how):
    s = twin("--context-timeout", "1500ms", "--loops", "1")
    create_car(s)
    contexts.pages = {"/slow": how(contexts), "/quick": SPEED}
    took, slowest = [], 0.0

    def ask(i):
        start = time.monotonic()
        refused(read(s, contexts.url("/slow")), 504, "LdContextNotAvailable")
        took.append(time.monotonic() - start)
    t = threading.Thread(target=together, args=(5, ask))
    t.start()
    until(lambda: contexts.times("/slow"))
    n = 0
    while t.is_alive():
        start = time.monotonic()
        assert s.get(NGSI + "/entities/urn:x:1").status == 200
        assert "speed" in read(s, contexts.url("/quick")).json[0]
        slowest = max(slowest, time.monotonic() - start)
        n += 1
    t.join()
    assert len(took) == 5 and all(1.0 < x < 5 for x in took), took
    assert n > 5 and slowest < 1.0, (n, slowest)
    assert contexts.times("/slow") == 1

def test_bound_of_parallel_fetches(twin, contexts):
    s = twin("--context-parallel", "2", "--loops", "1", "--context-timeout", "20s")
    for i in range(3):
        contexts.pages[f"/{i}"] = lambda h: (contexts.release.wait(60), h.answer(200, SPEED))
    waiting = [threading.Thread(target=lambda i=i: read(s, contexts.url(f"/{i}"))) for i in range(2)]
    for i, t in enumerate(waiting):
        t.start()
        until(lambda: contexts.times(f"/{i}"))
    a = read(s, contexts.url("/2"))
    assert a.status == 503 and a.headers["Retry-After"], (a.status, a.body)
    contexts.release.set()
    for t in waiting:
        t.join()
    assert read(s, contexts.url("/2")).status == 200

# ---- ends of clients and of the twin ----

def test_clients_that_leave_while_their_context_comes(twin, contexts):
    s = twin()
    create_car(s)
    contexts.pages = {"/c": lambda h: (contexts.release.wait(60), h.answer(200, SPEED))}
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", s.port)) as c:
            c.sendall(f"GET {NGSI}/entities?type=Car HTTP/1.1\r\nHost: x\r\nLink: <{contexts.url('/c')}>; {REL}\r\n\r\n".encode())
            until(lambda: contexts.times("/c"))
    contexts.release.set()
    assert "speed" in until(lambda: read(s, contexts.url("/c"))).json[0]

def test_the_twin_stops_while_a_context_is_awaited(twin, contexts):
    s = twin("--drain-timeout", "500ms", "--context-timeout", "3s")
    contexts.pages = {"/c": silent(contexts)}

    def ask(i):
        try:
            return read(s, contexts.url("/c")).status
        except (OSError, http.client.HTTPException):
            return None
    t = threading.Thread(target=together, args=(4, ask))
    t.start()
    until(lambda: contexts.times("/c"))
    before = time.monotonic()
    assert s.stop(signal.SIGTERM) == 0
    assert time.monotonic() - before < 10
    t.join()

# ---- contexts that need no network ----

def test_a_folder_of_contexts(twin, tmp_path):
    folder = tmp_path / "contexts"
    folder.mkdir()
    (folder / "index.json").write_text(json.dumps({"http://nowhere.invalid/c": "c.jsonld", "http://nowhere.invalid/d": "d.jsonld"}))
    (folder / "c.jsonld").write_text(json.dumps({"@context": ["http://nowhere.invalid/d", {"Car": "http://e.org/Car"}]}))
    (folder / "d.jsonld").write_text(json.dumps({"@context": {"speed": "http://e.org/speed"}}))
    s = twin("--contexts", str(folder), "--default-context", "http://nowhere.invalid/d")
    create_car(s)
    assert "speed" in read(s, "http://nowhere.invalid/c").json[0]
    a = s.get(NGSI + "/entities/urn:x:1")
    assert a.json["type"] == "http://e.org/Car" and "speed" in a.json
    refused(read(s, "http://nowhere.invalid/else"), 504, "LdContextNotAvailable")

def test_a_folder_that_is_wrong_is_told_at_the_start(tmp_path):
    folder = tmp_path / "contexts"
    folder.mkdir()
    for index, words in ((None, "index.json"), ("[]", "index.json"), ('{"http://x/c": "c.jsonld"}', "c.jsonld")):
        if index:
            (folder / "index.json").write_text(index)
        r = subprocess.run([binary("CARDO_ASAN"), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0",
                            "--contexts", str(folder)], capture_output=True, text=True, timeout=60,
                           env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # it ends at once: nothing is freed
        assert r.returncode == 1 and words in r.stderr and "Sanitizer" not in r.stderr, r

# ---- which context applies [6.3.5] ----

CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"

def test_where_the_context_may_stand(twin, contexts):
    s = twin()
    contexts.pages = {"/c": SPEED}
    url, n = contexts.url("/c"), 0
    rows = [  # media type, Link, @context in the body: what it means
        ("application/json", None, None, "default"), ("application/json", url, None, "mapped"),
        ("application/json", None, url, 400), ("application/json", url, url, 400),
        ("application/ld+json", None, url, "mapped"), ("application/ld+json", None, [url, CORE], "mapped"),
        ("application/ld+json", None, SPEED["@context"], "mapped"), ("application/ld+json", None, [SPEED["@context"]], "mapped"),
        ("application/ld+json", None, CORE, "default"), ("application/ld+json", None, [], "default"),
        ("application/ld+json", None, None, 400), ("application/ld+json", url, url, 400), ("application/ld+json", url, None, 400),
        ("application/ld+json", None, 7, 400), ("application/ld+json", None, [7], 400),
        ("application/ld+json", None, {"speed": 7}, 400), ("application/ld+json", None, {"x": {"@id": "http://e/x", "@context": {}}}, 400)]
    for media, header, inside, want in rows:
        n += 1
        entity = {"id": f"urn:x:{n}", "type": "Car", "speed": {"type": "Property", "value": n}}
        if inside is not None:
            entity["@context"] = inside
        a = s.call("POST", NGSI + "/entities", entity, {"Content-Type": media, **(link(header) if header else {})})
        if want == 400:
            refused(a, 400, "BadRequestData")
            assert s.get(f"{NGSI}/entities/urn:x:{n}").status == 404
            continue
        assert a.status == 201, (media, header, inside, a.body)
        got = s.get(f"{NGSI}/entities/urn:x:{n}").json
        name = "http://e.org/speed" if want == "mapped" else "speed"
        assert got[name]["value"] == n, (media, header, inside, got)

def test_the_answer_tells_its_context(twin, contexts):
    s = twin()
    create_car(s)
    contexts.pages = {"/c": SPEED}
    url = contexts.url("/c")
    a = read(s, url)
    assert a.headers["Content-Type"] == "application/json" and f"<{url}>" in a.headers["Link"] and "@context" not in a.json[0]
    a = s.call("GET", NGSI + "/entities?type=Car", headers={**link(url), "Accept": "application/ld+json"})
    assert a.headers["Content-Type"] == "application/ld+json" and a.headers["Link"] is None and a.json[0]["@context"] == url
    a = s.get(NGSI + "/entities?type=http://e.org/Car")
    assert CORE in a.headers["Link"] and "http://e.org/speed" in a.json[0]

def test_protected_and_shadowed_names(twin, contexts):
    s = twin()
    contexts.pages = {"/evil": {"@context": {"value": "http://evil.org/", "Property": "http://evil.org/P", "type": "http://evil.org/t",
                                             "location": "http://evil.org/l", "speed": "http://e.org/speed"}}}
    plain = {"id": "urn:x:1", "type": "T", "speed": {"type": "Property", "value": 1},
             "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}}
    assert s.call("POST", NGSI + "/entities", plain).status == 201
    got = read(s, contexts.url("/evil"), "/entities/urn:x:1").json
    assert got["location"]["value"]["coordinates"] == [1, 2] and got["type"] == "T"
    # the context calls something else "speed": it must not lend that name
    assert "speed" not in got and got["ngsi-ld:default-context/speed"]["value"] == 1
