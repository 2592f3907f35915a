"""Everything out: equal after an import, the same from a directory and from a server, and never half a file."""
import csv
import http.server
import io
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

import models
from conftest import NGSI, binary, data_folder

LD = {"Content-Type": "application/ld+json"}
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"

def cardo(*args, status=0, **more):
    done = subprocess.run([binary("CARDO_ASAN"), *map(str, args)], capture_output=True, timeout=120, **more)
    assert done.returncode == status, done.stderr.decode()
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr.decode()
    return done

def export(folder, *flags):
    return cardo("export", "--data", folder, *flags).stdout

def round_trip(folder, tmp_path, *flags, into=()):
    """Out, into an empty directory, out again."""
    first = export(folder, *flags)
    path, again = tmp_path / f"first{len(list(tmp_path.iterdir()))}", tmp_path / f"again{len(list(tmp_path.iterdir()))}"
    path.write_bytes(first)
    cardo("import", "--data", again, *into, path)
    assert export(again, *flags) == first
    return first

def prop(value, **more):
    return {"type": "Property", "value": value, **more}

# as text: Python would lose the numbers
HARD = """{"id": "urn:hard:1", "type": ["Lamp", "Aufzug"], "scope": ["/Madrid/Gardens", "/Berlin"],
    "expiresAt": "2999-01-01T00:00:00Z",
    "huge": {"type": "Property", "value": 1e400}, "written": {"type": "Property", "value": 1.50e+3},
    "long": {"type": "Property", "value": 12345678901234567890}, "zero": {"type": "Property", "value": -0.0},
    "text": {"type": "Property", "value": "a \\"quote\\", a comma, \\u0000 and \\ud83d\\ude00\\nnew line"},
    "truth": {"type": "Property", "value": false},
    "speed": [{"type": "Property", "value": 5, "observedAt": "2026-01-01T00:00:00,5Z", "unitCode": "KMH"},
              {"type": "Property", "value": 7, "datasetId": "urn:ds:b", "expiresAt": "2998-01-01T00:00:00.000Z"},
              {"type": "Property", "value": 6, "datasetId": "urn:ds:a",
               "by": {"type": "Relationship", "object": "urn:x:1", "sure": {"type": "Property", "value": 0.9}}}],
    "data": {"type": "JsonProperty", "json": {"a": null, "b": [null, {"@type": "x"}], "type": "Property"}},
    "name": {"type": "LanguageProperty", "languageMap": {"de": "Stra\u00dfe", "en": ["street", "road"], "@none": "x"}},
    "kind": {"type": "VocabProperty", "vocab": ["Lamp", "https://example.org/x", "pole"]},
    "one": {"type": "VocabProperty", "vocab": "pole"},
    "list": {"type": "ListProperty", "valueList": [1, [2, {"x": 3}], "4"], "valueType": "Lamp"},
    "to": {"type": "Relationship", "object": ["urn:b", "urn:a"], "objectType": "Lamp"},
    "tos": {"type": "ListRelationship", "objectList": [{"object": "urn:b"}, {"object": "urn:a"}]},
    "when": {"type": "Property", "value": {"@type": "DateTime", "@value": "2026-01-01T00:00:00Z"}},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.60, 51.9]}},
    "area": {"type": "GeoProperty", "value": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}},
    "https://example.org/own": {"type": "Property", "value": {"type": "Point", "coordinates": [1, 2]}}}"""

@pytest.fixture
def hard(make_server):
    s = make_server(kind="CARDO_ASAN").start()
    assert s.call("POST", f"{NGSI}/entities", HARD.encode()).status == 201
    # in this twin "zeta" got its number before "alpha" did, in another one it will not
    for entity in ({"id": "urn:n:1", "type": "N", "zeta": prop(1)}, {"id": "urn:n:2", "type": "N", "alpha": prop(1)},
                   {"id": "urn:n:0", "type": "N", "alpha": prop(2, zeta=prop(1), beta=prop(1))}):
        assert s.call("POST", f"{NGSI}/entities", entity).status == 201
    for attrs in ({"alpha": prop(1)}, {"zeta": prop(1)}):
        assert s.call("POST", f"{NGSI}/entities/urn:n:2/attrs", attrs).status == 204
    assert s.call("POST", f"{NGSI}/entities/urn:n:1/attrs", {"alpha": prop(3)}).status == 204
    assert s.call("DELETE", f"{NGSI}/entities/urn:n:0").status == 204
    assert s.call("POST", f"{NGSI}/entities", {"id": "urn:n:9", "type": ["N", "Lamp"], "alpha": prop(3)}).status == 201
    return s

def test_hard_values_come_back_equal(hard, tmp_path):
    from_server = cardo("export", "--url", hard.base).stdout
    assert hard.stop() == 0
    for flags in ((), ("--format", "ndjson"), ("--form", "concise"), ("--format", "ndjson", "--context", CORE)):
        text = round_trip(hard.folder, tmp_path, *flags)
        for part in (b":1e400", b"1.50e+3", b":12345678901234567890", b":-0.0", b'"2026-01-01T00:00:00,5Z"', b"7.60",
                     b'"expiresAt":"2999-01-01T00:00:00Z"', b'{"a":null,"b":[null,'):
            assert part in text, part
    plain = export(hard.folder)
    assert plain == from_server
    first = json.loads(plain)[0]
    assert first["type"] == [DEFAULT + "Aufzug", DEFAULT + "Lamp"] and first["@context"] == CORE
    assert all(k in {"id", "type", "scope", "expiresAt", "@context"} or k.startswith("https://") for k in first)
    assert "createdAt" not in plain.decode()

def test_every_format_is_the_same_from_a_server(hard):
    formats = ("jsonld", "ndjson", "geojson", "geojsonseq", "csv")
    online = {f: cardo("export", "--server", hard.base, "--format", f, "--sys-attrs").stdout for f in formats}
    small = cardo("export", "--url", hard.base, "--page-max", "1").stdout
    assert hard.stop() == 0
    for f in formats:
        assert export(hard.folder, "--format", f, "--sys-attrs") == online[f], f
    assert export(hard.folder) == small
    stamped = json.loads(online["jsonld"])[0]
    assert stamped["createdAt"] <= stamped["modifiedAt"]
    assert [s["createdAt"] for s in stamped[DEFAULT + "speed"]] and stamped[DEFAULT + "speed"][1][DEFAULT + "by"]["createdAt"]

def test_a_village_comes_back_equal(make_server, tmp_path):
    s = make_server("--demo", "village", "--demo-rate", "0", kind="CARDO_ASAN").start()
    until = time.monotonic() + 30
    while len(s.get(f"{NGSI}/entities?local=true&limit=1000").json) < 290:
        assert time.monotonic() < until
    assert s.stop() == 0
    for flags in ((), ("--format", "ndjson")):
        assert round_trip(s.folder, tmp_path, *flags).count(b'"id"') >= 290

def test_smart_data_models_come_back_equal(tmp_path, capsys):
    folder = data_folder("models")
    models.write_index(folder, tmp_path / "contexts")
    contexts = ("--contexts", tmp_path / "contexts")
    path, n = tmp_path / "all.ndjson", 0
    with path.open("w") as f:
        for _, entity in models.examples(folder):
            # one id stands in several examples
            f.write(json.dumps({**entity, "id": f"{entity['id']}:{n}"}) + "\n")
            n += 1
    done = subprocess.run([binary("CARDO_ASAN"), "import", "--data", tmp_path / "twin", *contexts, path],
                          capture_output=True, text=True)
    read, refused = [int(w) for w in done.stdout.split() if w.isdigit()]
    with capsys.disabled():
        print(f"\n{read} examples, {refused} refused")
    assert read == n and read - refused >= 60
    for flags in ((), ("--format", "ndjson")):
        assert round_trip(tmp_path / "twin", tmp_path, *flags, into=contexts).count(b'"@context"') == read - refused
    # short names of one of the models, and back
    url = "https://smart-data-models.github.io/dataModel.Parking/context.jsonld"
    text = round_trip(tmp_path / "twin", tmp_path, "--format", "ndjson", *contexts, "--context", url, "--type",
                      "OffStreetParking", into=contexts)
    found = [json.loads(line) for line in text.splitlines()]
    assert found and all(e["type"] == "OffStreetParking" and e["@context"] == url for e in found)

TABLE = [
    {"id": "urn:p:1", "type": "Park", "scope": ["/B", "/A"], "free": prop(12, observedAt="2026-01-01T00:00:00Z"),
     "name": {"type": "LanguageProperty", "languageMap": {"de": "Süd, \"alt\"", "en": "South"}},
     "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.5, 51]}},
     "open": prop(True), "owner": {"type": "Relationship", "object": "urn:o:1", "since": prop("1990")}},
    {"id": "urn:p:2", "type": ["Park", "Green"], "free": [prop(1.50), prop(2, datasetId="urn:d:1")],
     "location": {"type": "GeoProperty", "value": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}},
     "size": prop({"w": 1, "h": [2]}, unitCode="MTR"), "note": prop("two\nlines"),
     "use": {"type": "VocabProperty", "vocab": ["play", "rest"]}},
]

@pytest.fixture
def table(make_server):
    s = make_server(kind="CARDO_ASAN").start()
    assert s.call("POST", f"{NGSI}/entityOperations/create", TABLE).status == 201
    assert s.stop() == 0
    return s.folder

def test_csv_is_the_table_that_is_documented(table):
    done = cardo("export", "--data", table, "--format", "csv")
    assert b"jsonld and ndjson hold everything" in done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode(), newline="")))
    assert list(rows[0]) == ["id", "type", "scope", "free", "free.observedAt", "free[urn:d:1]", "location",
        "location.latitude", "location.longitude", "name@de", "name@en", "note", "open", "owner", "owner.since", "size",
        "size.unitCode", "use"]
    assert {k: v for k, v in rows[0].items() if v} == {"id": "urn:p:1", "type": "Park", "scope": "/A /B", "free": "12",
        "free.observedAt": "2026-01-01T00:00:00Z", "location.latitude": "51", "location.longitude": "7.5",
        "name@de": "Süd, \"alt\"", "name@en": "South", "open": "true", "owner": "urn:o:1", "owner.since": "1990"}
    assert {k: v for k, v in rows[1].items() if v} == {"id": "urn:p:2", "type": "Green Park", "free": "1.5",
        "free[urn:d:1]": "2", "location": '{"type":"LineString","coordinates":[[0,0],[1,1]]}', "note": "two\nlines",
        "size": '{"w":1,"h":[2]}', "size.unitCode": "MTR", "use": '["play","rest"]'}

def test_csv_says_what_it_can_not_hold(make_server):
    s = make_server(kind="CARDO_ASAN").start()
    point = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}, "longitude": prop(3)}
    assert s.call("POST", f"{NGSI}/entities", {"id": "urn:c", "type": "C", "location": point}).status == 201
    assert s.stop() == 0
    done = cardo("export", "--data", s.folder, "--format", "csv")
    assert b"\n1 values are not in it: another one has their column" in done.stderr
    assert done.stdout == b"id,type,location.latitude,location.longitude\nurn:c,C,2,1\n"

def test_csv_has_an_end_of_columns(tmp_path):
    def entity(i, attributes):
        return json.dumps({"id": f"urn:w:{i}", "type": "W", **{f"a{k}": k for k in attributes}})
    path = tmp_path / "wide"
    path.write_text("\n".join(entity(i, range(i * 3000, min(i * 3000 + 3000, 9998))) for i in range(4)))
    cardo("import", "--data", tmp_path / "twin", path)
    assert export(tmp_path / "twin", "--format", "csv").split(b"\n")[0].count(b",") == 9999
    path.write_text(entity(9, [9998]))
    cardo("import", "--data", tmp_path / "twin", path)
    out = tmp_path / "out.csv"
    done = cardo("export", "--data", tmp_path / "twin", "--format", "csv", "--out", out, status=1)
    assert b"More than 10000 columns" in done.stderr and not list(tmp_path.glob("out*"))

def test_geojson_is_for_maps(table):
    found = json.loads(export(table, "--format", "geojson"))
    assert found["type"] == "FeatureCollection" and found["@context"] == CORE
    first = found["features"][0]
    assert first["type"] == "Feature" and first["geometry"] == {"type": "Point", "coordinates": [7.5, 51]}
    assert first["properties"]["free"] == 12 and first["properties"]["type"] == "Park"
    whole = json.loads(export(table, "--format", "geojson", "--form", "normalized", "--geometry", "nowhere"))
    assert whole["features"][0]["geometry"] is None
    assert whole["features"][0]["properties"]["free"]["observedAt"] == "2026-01-01T00:00:00Z"
    parts = export(table, "--format", "geojsonseq").split(b"\x1e")
    assert parts[0] == b"" and [json.loads(p)["id"] for p in parts[1:]] == ["urn:p:1", "urn:p:2"]
    assert all(p.endswith(b"\n") for p in parts[1:])

def test_some_of_it(table):
    def ids(*flags):
        return [e["id"] for e in json.loads(export(table, *flags))]
    assert ids("--type", "Green") == ["urn:p:2"]
    assert ids("--type", "Green,Park") == ["urn:p:1", "urn:p:2"]
    assert ids("--q", "free>10") == ["urn:p:1"]
    assert ids("--type", "None") == []
    assert export(table, "--type", "None", "--format", "csv") == b"id,type\n"
    assert b"q: " in cardo("export", "--data", table, "--q", "(", status=1).stderr

def test_tenants(make_server, tmp_path):
    s = make_server(kind="CARDO_ASAN").start()
    assert s.call("POST", f"{NGSI}/entities", {"id": "urn:a", "type": "A"}).status == 201
    for tenant in ("north", "..", "default"):
        head = {"NGSILD-Tenant": tenant}
        assert s.call("POST", f"{NGSI}/entities", {"id": f"urn:{tenant}", "type": "A"}, head).status == 201
    online = cardo("export", "--url", s.base, "--tenant", "north").stdout
    assert s.stop() == 0
    done = cardo("export", "--data", s.folder)
    assert b"3 other tenants are not in it" in done.stderr and b"north" not in done.stdout
    assert export(s.folder, "--tenant", "north") == online
    assert b"no tenant" in cardo("export", "--data", s.folder, "--tenant", "south", status=1).stderr
    cardo("export", "--data", s.folder, "--all-tenants", "--format", "ndjson", "--out", tmp_path / "all")
    files = {p.name: json.loads(p.read_bytes())["id"] for p in (tmp_path / "all").iterdir()}
    assert files == {"+default.ndjson": "urn:a", "north.ndjson": "urn:north", "...ndjson": "urn:..",
                     "default.ndjson": "urn:default"}
    for flags in (("--all-tenants",), ("--all-tenants", "--out", tmp_path / "x", "--tenant", "north"),
                  ("--all-tenants", "--out", tmp_path / "x", "--url", s.base)):
        assert b"--all-tenants" in cardo("export", "--data", s.folder, *flags, status=1).stderr

def test_all_tenants_come_back_equal(make_server, tmp_path):
    s = make_server(kind="CARDO_ASAN").start()
    context = {"@context": {"lamp": "https://example.org/lamp", "Lamp": "https://example.org/Lamp"}}
    for i, tenant in enumerate(("", "north", "south-2")):
        head = {"NGSILD-Tenant": tenant} if tenant else {}
        made = s.call("POST", f"{NGSI}/jsonldContexts", context, head)
        assert made.status == 201
        url = urljoin(s.base, made.headers["Location"])
        link = {**head, "Link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}
        for n in range(3):
            # the order of ids is not that of creation
            entity = {"id": f"urn:l:{(7 * n + i) % 5}", "type": "Lamp", "lamp": prop({"n": n, "of": tenant}), "own": prop(i)}
            assert s.call("POST", f"{NGSI}/entities", entity, link).status == 201
    assert s.stop() == 0
    again, first, second = tmp_path / "again", tmp_path / "first", tmp_path / "second"
    cardo("export", "--data", s.folder, "--all-tenants", "--out", first)
    for path in first.iterdir():
        tenant = path.name.removesuffix(".jsonld")
        cardo("import", "--data", again, *(() if tenant == "+default" else ("--tenant", tenant)), path)
    cardo("export", "--data", again, "--all-tenants", "--out", second)
    files = {p.name: p.read_bytes() for p in first.iterdir()}
    assert files == {p.name: p.read_bytes() for p in second.iterdir()}
    names = {"+default.jsonld", "north.jsonld", "south-2.jsonld"}
    assert set(files) == names | {"#contexts.jsonld", "north#contexts.jsonld", "south-2#contexts.jsonld"}
    assert all(files[name].count(b'"https://example.org/lamp"') == 3 for name in names)
    # what is stored there is served from the other twin
    other = make_server(name="again", kind="CARDO_ASAN").start()
    listed = other.call("GET", f"{NGSI}/jsonldContexts?details=true&kind=Hosted", headers={"NGSILD-Tenant": "north"}).json
    assert len(listed) == 1
    served = other.call("GET", f"{NGSI}/jsonldContexts/{listed[0]['localId']}", headers={"NGSILD-Tenant": "north"}).json
    assert served == context
    assert other.stop() == 0
    for flags in (("--format", "csv"), ("--format", "geojson"), ("--type", "https://example.org/Lamp")):
        out = tmp_path / f"only-{flags[1][-4:]}"
        cardo("export", "--data", s.folder, "--all-tenants", *flags, "--out", out)
        assert len(list(out.iterdir())) == 3
    told = cardo("export", "--data", s.folder).stderr
    assert b"2 other tenants" in told and b"Stored @contexts" in told

def test_a_served_directory_is_not_read(make_server, tmp_path):
    s = make_server().start()
    done = cardo("export", "--data", s.folder, status=1)
    assert b"another process" in done.stderr and b"--url" in done.stderr and done.stdout == b""
    assert s.call("POST", f"{NGSI}/entities", {"id": "urn:a", "type": "A"}).status == 201
    cardo("backup", "--data", s.folder, tmp_path / "copy")
    assert b"urn:a" in export(tmp_path / "copy")
    assert s.stop() == 0
    done = cardo("export", "--data", tmp_path / "nowhere", status=1)
    assert not (tmp_path / "nowhere").exists() and done.stdout == b""

def test_wrong_flags(table):
    for flags, word in ((("--format", "xml"), b"--format"), (("--form", "short"), b"--form"), (("file",), b"--out"),
                        (("--context", "nonsense"), b"context")):
        assert word in cardo("export", "--data", table, *flags, status=1).stderr.lower()

# ---- what goes wrong ----

def test_a_full_disk(table, tmp_path):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([binary("CARDO_ASAN"), "export", "--data", table], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"No space left" in done.stderr
    assert b"No space left" in cardo("export", "--data", table, "--out", "/dev/full", status=1).stderr
    out = tmp_path / "out"
    out.write_text("before")
    done = subprocess.run(["bash", "-c", f"ulimit -f 0; trap '' XFSZ; exec {binary()} export --data {table} --out {out}"],
                          capture_output=True)
    assert done.returncode == 1 and b"out: " in done.stderr
    assert out.read_text() == "before" and [p.name for p in tmp_path.glob("out*")] == ["out"]
    assert b"out/x" in cardo("export", "--data", table, "--out", out / "x", status=1).stderr

def test_a_reader_that_goes_away(table):
    done = subprocess.run(["bash", "-c", f"{binary()} export --data {table} | true; exit ${{PIPESTATUS[0]}}"],
                          capture_output=True)
    # a pipe may take it all before its reader is gone
    assert done.returncode == 0 or b"Broken pipe" in done.stderr

def test_an_interrupted_export_leaves_nothing(tmp_path):
    path = tmp_path / "many"
    path.write_text("\n".join(json.dumps({"id": f"urn:m:{i}", "type": "M", "text": "x" * 1000}) for i in range(2000)))
    cardo("import", "--data", tmp_path / "twin", path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    fd = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    process = subprocess.Popen([binary("CARDO_ASAN"), "export", "--data", tmp_path / "twin", "--out", pipe],
                               stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while True: # until the pipe is full
        try:
            if os.read(fd, 10):
                break
        except BlockingIOError:
            pass
        assert time.monotonic() < until
    process.send_signal(signal.SIGINT)
    assert b"Interrupted" in process.communicate(timeout=30)[1] and process.returncode == -signal.SIGINT
    os.close(fd)
    assert pipe.is_fifo()

# ---- a server whose entities go away between two pages ----

class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ask = parse_qs(urlsplit(self.path).query)
        offset, limit = int(ask["offset"][0]), int(ask["limit"][0])
        self.server.asked(offset)
        body = json.dumps(self.server.entities[offset:offset + limit]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

@pytest.fixture
def pages():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.base = f"http://127.0.0.1:{server.server_port}"
    server.entities = [{"id": f"urn:e:{i:04}", "type": "E"} for i in range(1000)]
    server.requests = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()

@pytest.mark.parametrize("limit,gone", [(1, 0), (2, 0), (7, 1), (40, 1), (40, 20), (300, 100), (500, 499), (1000, 500)])
def test_what_is_there_all_the_time_is_exported_once(pages, limit, gone):
    del pages.entities[max(100, limit * 2):]
    before = [e["id"] for e in pages.entities]

    def asked(offset):
        pages.requests.append(offset)
        if len(pages.requests) in (2, 4):
            del pages.entities[:gone]
        if len(pages.requests) == 4:
            pages.entities.append({"id": "urn:e:new", "type": "E"})
    pages.asked = asked
    text = cardo("export", "--url", pages.base, "--page-max", limit, "--format", "ndjson").stdout
    assert len(pages.requests) < 300
    ids = [json.loads(line)["id"] for line in text.splitlines()]
    assert len(ids) == len(set(ids))
    stayed = {e["id"] for e in pages.entities} & set(before)
    assert stayed <= set(ids) and ids == sorted(ids)

def test_a_place_that_is_lost_is_an_error(pages):
    def asked(offset):
        pages.requests.append(offset)
        if len(pages.requests) == 3:
            del pages.entities[:300]
    pages.asked = asked
    done = cardo("export", "--url", pages.base, "--page-max", "50", status=1)
    assert b"So much was deleted" in done.stderr and not done.stdout.endswith(b"]\n")

def test_an_interrupted_wait_leaves_nothing(pages, tmp_path):
    held = threading.Event()

    def asked(offset):
        pages.requests.append(offset)
        if offset:
            held.wait(30)
    pages.asked = asked
    out = tmp_path / "out.jsonld"
    process = subprocess.Popen([binary("CARDO_ASAN"), "export", "--url", pages.base, "--page-max", "100", "--out", out],
                               stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while len(pages.requests) < 2:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert [p.name for p in tmp_path.iterdir()] == ["out.jsonld.part"]
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=30)[1]
    held.set()
    assert process.returncode == -signal.SIGTERM and b"Interrupted" in said and b"Sanitizer" not in said
    assert list(tmp_path.iterdir()) == []

def test_a_server_that_is_none(pages):
    pages.asked = lambda offset: None
    pages.entities = {"not": "a list"}
    class Slice(dict):
        def __getitem__(self, _):
            return {"detail": "no"}
    pages.entities = Slice()
    assert b"did not answer with a list" in cardo("export", "--url", pages.base, status=1).stderr
    assert b"url" in cardo("export", "--url", "http://127.0.0.1:1", status=1).stderr
