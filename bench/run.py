#!/usr/bin/python3
"""Measure Cardo against a bare epoll server in the same run.

bench/run.py [--quick] [--markdown] [ROW...]

Each row prints the CPU of the whole server process for one request, all its threads, as a multiple of what the bare server
needs that answers a body of the same size (x), and how long clients waited. Server on the first processor, load on
the second. Reference and Cardo take turns in short slices, and the median of the ratios is told with its range: machines
that are shared are noisy, ratios of neighbours in time less so.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
CARDO = os.environ.get("CARDO", str(ROOT / "build" / "cardo"))
TOOLS = pathlib.Path(os.environ.get("BENCH_TOOLS", ROOT / "build-bench" / "bench"))
NGSI = "/ngsi-ld/v1"
TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER, LOAD = CORES[0], CORES[1 % len(CORES)]
ROWS = {}

def row(name, title):
    def keep(f):
        ROWS[name] = (title, f)
        return f
    return keep

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

class Process:
    """A server on a port, pinned to processors."""

    def __init__(self, command, port, cores=(SERVER,), ready=None):
        self.port = port
        self.began = time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", ",".join(map(str, cores))] + command,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                if ready:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=60):
                        break
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert self.process.poll() is None, f"{command[0]} ended"
                time.sleep(0.001)
        self.ready_s = time.monotonic() - self.began

    def cpu(self):
        """Seconds of all threads, from the scheduler's own account where the kernel gives it."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except (OSError, IndexError):
                fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
                total += (int(fields[11]) + int(fields[12])) * 1_000_000_000 // TICK
        return total / 1e9

    def private(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty"):
                return int(line.split()[1]) * 1024
        return 0

    def stop(self, sign=signal.SIGTERM):
        self.process.send_signal(sign)
        self.process.wait(120)

class Cardo(Process):
    def __init__(self, folder, *flags, cores=(SERVER,), loops=1):
        port = free_port()
        self.folder = folder
        super().__init__([CARDO, "serve", "--data", str(folder), "--listen", f"127.0.0.1:{port}", "--loops", str(loops),
            "--log-level", "error", *flags], port, cores, "/ready")

    def call(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
            data=json.dumps(body).encode() if body is not None else None, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as r:
            return r.read()

class Bare(Process):
    def __init__(self, size, status="200 OK"):
        port = free_port()
        super().__init__([str(TOOLS / "bench_bare"), str(port), str(size), status], port)

def load(server, connections, seconds, method, path, body=None, cores=(LOAD,), **options):
    command = ["taskset", "-c", ",".join(map(str, cores)), str(TOOLS / "bench_load"), str(server.port), str(connections),
        str(seconds), method, path] + ([str(body)] if body else [])
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            command += ["--" + name, str(one)]
    if body:
        command += ["--header", "Content-Type: application/json"]
    before = server.cpu()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    told["cpu_us"] = (server.cpu() - before) * 1e6 / max(told["requests"], 1)
    assert told["errors"] == 0, f"{told['errors']} errors, the first with status {told['error_status']}"
    return told

def number(i):
    return {"type": "Property", "value": round(7.25 + i % 97 * 0.5, 2), "unitCode": "GQ",
        "observedAt": f"2026-01-02T03:{i % 60:02d}:00Z"}

def small(i):
    """Five attributes, about 550 bytes as compact JSON."""
    return {"id": f"urn:ngsi-ld:AirQualityObserved:muenster:{i:07d}", "type": "AirQualityObserved",
        "NO2": number(i), "PM10": number(i + 5), "temperature": number(i + 11),
        "location": {"type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [7.6 + i % 1000 / 10000, 51.9 + i // 1000 % 1000 / 10000]}},
        "refDevice": {"type": "Relationship", "object": f"urn:ngsi-ld:Device:{i % 5000}"}}

def large(i):
    """About 1 KB."""
    e = small(i)
    for k, name in enumerate(("O3", "SO2", "CO", "PM25", "relativeHumidity")):
        e[name] = number(i + k)
    return e

class Folder:
    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="cardo-bench-", dir=os.environ.get("BENCH_DIR")))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

def fill(server, make, n, step=1000):
    for at in range(0, n, step):
        server.call("POST", f"{NGSI}/entityOperations/create", [make(i) for i in range(at, min(at + step, n))])

def template(folder, make, name="body.json"):
    """The body of a request in which {n} stands for the number of the entity."""
    e = make(0)
    e["id"] = e["id"].rsplit(":", 1)[0] + ":new{n}"
    path = folder / name
    path.write_text(json.dumps(e, separators=(",", ":")))
    return path

def middle(values, digits=2):
    values = sorted(values)
    return f"{statistics.median(values):.{digits}f} ({values[0]:.{digits}f} to {values[-1]:.{digits}f})"

def compare(server, bare, connections, slices, seconds, *request, bare_request=None, **options):
    """Slices in turn; *request goes to Cardo, the same or bare_request to the reference."""
    ratios, ours, theirs, told = [], [], [], []
    options.setdefault("from", 0)
    for _ in range(slices):
        b = load(bare, connections, seconds / 2, *(bare_request or request), **options)
        c = load(server, connections, seconds, *request, **options)
        options["from"] += c["requests"] + connections + b["requests"]
        ratios.append(c["cpu_us"] / b["cpu_us"])
        ours.append(c["cpu_us"])
        theirs.append(b["cpu_us"])
        told.append(c)
    return {"x": middle(ratios), "cpu": middle(ours, 1), "bare": middle(theirs, 1),
        "rate": statistics.median(t["requests"] / t["seconds"] for t in told),
        **{p: statistics.median(t[p] for t in told) for p in ("p50", "p99", "p999")}}

def table(title, r):
    return [title, r["x"], r["cpu"], r["bare"], f"{r['rate']:,.0f}", f"{r['p50']:.0f} / {r['p99']:.0f} / {r['p999']:.0f}"]

@row("retrieve", "retrieve by id, 1 KB, 16 clients")
def retrieve(a):
    with Folder() as f:
        s = Cardo(f / "data")
        fill(s, large, 10000)
        path = f"{NGSI}/entities/{large(17)['id']}"
        size = len(s.call("GET", path))
        b = Bare(size)
        r = compare(s, b, 16, a.slices, a.seconds, "GET", path)
        s.stop(), b.stop()
        return [table(f"retrieve by id, {size} bytes, 16 clients", r)]

@row("list", "20 of a type")
def listing(a):
    with Folder() as f:
        s = Cardo(f / "data")
        fill(s, small, 10000)
        path = f"{NGSI}/entities?type=AirQualityObserved&limit=20"
        size = len(s.call("GET", path))
        b = Bare(size)
        r = compare(s, b, 16, a.slices, a.seconds, "GET", path)
        s.stop(), b.stop()
        return [table(f"20 of a type, {size} bytes, 16 clients", r)]

@row("create", "create, durable")
def create(a):
    found = []
    for clients in (1, 16, 256):
        with Folder() as f:
            s, b = Cardo(f / "data"), Bare(0, "201 Created")
            r = compare(s, b, clients, a.slices, a.seconds, "POST", f"{NGSI}/entities", template(f, small))
            s.stop(), b.stop()
            found.append(table(f"create, durable, {clients} clients", r))
    return found

def patching(a, clients, flags=(), title=None):
    with Folder() as f:
        s, b = Cardo(f / "data", *flags), Bare(0, "204 No Content")
        fill(s, small, 10000)
        body = f / "patch.json"
        body.write_text('{"type":"Property","value":{n},"observedAt":"2026-01-02T03:04:05Z"}')
        path = f"{NGSI}/entities/urn:ngsi-ld:AirQualityObserved:muenster:{{r}}/attrs/NO2"
        # ids have seven digits; those below a million are chosen so that the random number has as many
        s.call("POST", f"{NGSI}/entityOperations/create",
            [dict(small(i), id=f"urn:ngsi-ld:AirQualityObserved:muenster:{i}") for i in range(10000)])
        r = compare(s, b, clients, a.slices, a.seconds, "PATCH", path, body, below=10000)
        s.stop(), b.stop()
        return table(title or f"PATCH one attribute, durable, {clients} clients", r)

@row("patch", "PATCH one attribute, durable")
def patch(a):
    return [patching(a, clients) for clients in (1, 16, 256)]

@row("checkpoint", "PATCH during checkpoints")
def checkpoint(a):
    flags = ("--checkpoint-bytes", "8MiB", "--segment-bytes", "2MiB")
    return [patching(a, 256, flags, "PATCH, 256 clients, one checkpoint after another")]

@row("batch", "batch create of 1000")
def batch(a):
    with Folder() as f:
        s, b = Cardo(f / "data"), Bare(10, "201 Created")
        body = f / "batch.json"
        one = small(0)
        entities = []
        for k in range(1000):
            e = dict(small(k), id=one["id"].rsplit(":", 1)[0] + f":new{{n}}:{k}")
            entities.append(e)
        body.write_text(json.dumps(entities, separators=(",", ":")))
        cpu, told = [], []
        start = 0
        for _ in range(a.slices):
            t = load(s, 4, a.seconds, "POST", f"{NGSI}/entityOperations/create", body, **{"from": start})
            start += t["requests"] + 4
            cpu.append(t["cpu_us"] / 1000)
            told.append(t)
        s.stop(), b.stop()
        rate = statistics.median(t["requests"] * 1000 / t["seconds"] for t in told)
        return [["batch create of 1,000, durable, 4 clients (per entity)", "", middle(cpu), "", f"{rate:,.0f} entities",
            " / ".join(f"{statistics.median(t[p] for t in told):.0f}" for p in ("p50", "p99", "p999"))]]

@row("million", "memory and start with 1,000,000 entities")
def million(a):
    n = 100_000 if a.quick else 1_000_000
    found = []
    with Folder() as f:
        s = Cardo(f / "data")
        base = s.private()
        body = f / "batch.json"
        prefix = small(0)["id"].rsplit(":", 1)[0]
        body.write_text(json.dumps([dict(small(k), id=f"{prefix}:{{n}}:{k}") for k in range(1000)], separators=(",", ":")))
        load(s, 2, 3600, "POST", f"{NGSI}/entityOperations/create", body, requests=n // 1000)
        time.sleep(1)
        found.append([f"memory per entity at {n:,} (bytes, private dirty)", "", f"{(s.private() - base) / n:.0f}", "", "", ""])
        s.stop(signal.SIGKILL)
        s = Cardo(f / "data")
        found.append([f"ready with {n:,} entities after kill -9, warm (s)", "", f"{s.ready_s:.2f}", "", "", ""])
        s.stop()
        s = Cardo(f / "data")
        found.append([f"ready with {n:,} entities after a clean stop, warm (s)", "", f"{s.ready_s:.2f}", "", "", ""])
        found.append([f"memory per entity after that start", "", f"{(s.private() - base) / n:.0f}", "", "", ""])
        r = compare(s, Bare(len(s.call("GET", f"{NGSI}/entities?limit=20&type=AirQualityObserved"))), 16, a.slices, a.seconds,
            "GET", f"{NGSI}/entities?limit=20&type=AirQualityObserved")
        found.append(table(f"20 of a type among {n:,}", r))
        s.stop()
    return found

def spread(i):
    """A small entity whose place, serial number and kind say something about it."""
    e = small(i)
    e["id"] = e["id"].rsplit(":", 1)[0] + f":{i}"
    e["serial"] = {"type": "Property", "value": i}
    e["kind"] = {"type": "Property", "value": f"kind {i % 1000}"}
    e["location"]["value"]["coordinates"] = [7.5 + i * 7919 % 100003 / 100003 * 0.4, 51.8 + i * 104729 % 99991 / 99991 * 0.3]
    return e

QUERIES = {
    "number equal, 1 result": "q=serial==4711",
    "number range, 20 results": "q=serial==100..119",
    "string equal, 20 of 0.1 %": "q=kind==%22kind%207%22",
    "two conjuncts": "q=kind==%22kind%207%22;serial%3C500",
    "unselective, 20 of nearly all": "q=NO2%3E10",
    "pattern, 20 results": "q=kind~=%22%5Ekind%2077%22",
    "near 100 m": "georel=near;maxDistance==100&geometry=Point&coordinates=[7.62,51.95]",
    "within a polygon": "georel=within&geometry=Polygon&coordinates=[[[7.6,51.9],[7.601,51.9],[7.601,51.901],[7.6,51.901],[7.6,51.9]]]",
    "relationship": "q=refDevice==%22urn:ngsi-ld:Device:17%22",
    "count of 500": "q=serial%3C500&count=true",
    "order by, 20 of 500": "q=serial%3C500&orderBy=NO2",
    "order by, 20 of all": "orderBy=serial;desc",
    "the 20 nearest": "orderBy=location;dist-asc&orderFrom=[7.62,51.95]",
    "the last tenth of a range": "q=serial%3E{nine_tenths}",
    "one of two": "q=kind==%22kind%207%22|serial%3C50",
    "time of observation": "q=NO2.observedAt%3E2026-01-02T03:58:30Z",
    "deep offset": "offset=50000",
    "join inline": "join=inline&limit=20",
    "GeoJSON, 20": "limit=20",
}

def explained(server, query, tries=200):
    """What the plan is once the indexes that it asks for are there, and how long the first one took."""
    path = f"/debug/explain?type=AirQualityObserved&{query}"
    first = json.loads(server.call("GET", path))
    last = first
    while "index" not in last and last.get("order") != "index" and last["evaluated"] >= 2000 and tries:
        time.sleep(0.05)
        last = json.loads(server.call("GET", path))
        tries -= 1
    return first, json.loads(server.call("GET", path))

def plan_of(told):
    ways = [told] + told.get("cut", [])
    return " and ".join(w.get("index", w["plan"]) for w in ways) + (", in the order of an index" if "order" in told else "")

class Updates:
    """A thousand changes a second, one attribute each, from four connections on the processor of the load."""

    def __init__(self, server, folder, n):
        body = folder / "update.json"
        body.write_text('{"type":"Property","value":{r},"observedAt":"2026-01-02T03:04:05Z"}')
        path = f"{NGSI}/entities/urn:ngsi-ld:AirQualityObserved:muenster:{{r}}/attrs/NO2"
        self.command = ["taskset", "-c", str(LOAD), str(TOOLS / "bench_load"), str(server.port), "4", "3600", "PATCH", path,
            str(body), "--below", str(n), "--every", "4000", "--header", "Content-Type: application/json"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

def ask_size(server, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return len(answer.read())

def query_row(a, server, folder, n, name, q):
    q = q.replace("{nine_tenths}", str(n * 9 // 10))
    first, warm = explained(server, q)
    path = f"{NGSI}/entities?type=AirQualityObserved&{q}"
    geojson = {"Accept": "application/geo+json"} if name.startswith("GeoJSON") else {}
    options = {"header": [f"{k}: {v}" for k, v in geojson.items()]}
    size = ask_size(server, path, **geojson)
    b = Bare(size)
    slices, seconds = max(a.slices // 2, 3), max(a.seconds / 2, 0.5)
    rows = [table(f"{n:,}: {name}, {size:,} bytes ({plan_of(warm)}; first {first['microseconds'] / 1000:.1f} ms)",
        compare(server, b, 16, slices, seconds, "GET", path, **options))]
    if n == max(a.sizes):
        with Updates(server, folder, n):
            told = [load(server, 16, seconds, "GET", path, **options) for _ in range(slices)]
        at = {p: statistics.median(t[p] for t in told) for p in ("p50", "p99", "p999")}
        rate = statistics.median(t["requests"] / t["seconds"] for t in told)
        rows.append(["... while 1,000 updates a second arrive", "", "", "", f"{rate:,.0f}",
            f"{at['p50']:.0f} / {at['p99']:.0f} / {at['p999']:.0f}"])
    b.stop()
    return rows

@row("query", "queries among 10,000, 100,000 and 1,000,000 entities")
def query(a):
    found = []
    for n in a.sizes:
        with Folder() as f:
            s = Cardo(f / "data")
            fill(s, spread, n, 2000)
            for name, q in QUERIES.items():
                found += query_row(a, s, f, n, name, q)
            s.stop()
    return found

@row("index", "making indexes beside writers")
def index(a):
    """How long it takes, what an entry costs, and what writers feel of it."""
    n = max(a.sizes)
    with Folder() as f:
        s = Cardo(f / "data")
        fill(s, spread, n, 2000)
        body = f / "update.json"
        body.write_text('{"type":"Property","value":{r},"observedAt":"2026-01-02T03:04:05Z"}')
        path = f"{NGSI}/entities/urn:ngsi-ld:AirQualityObserved:muenster:{{r}}/attrs/PM10"
        quiet = load(s, 16, 2 * a.seconds, "PATCH", path, body, below=n)
        rows = [["PATCH, 16 clients, no index being made", "", f"{quiet['cpu_us']:.1f}", "",
            f"{quiet['requests'] / quiet['seconds']:,.0f}", f"{quiet['p50']:.0f} / {quiet['p99']:.0f} / {quiet['p999']:.0f}"]]
        for name, q in (("numbers", "q=serial==4711"), ("strings", 'q=refDevice==%22urn:ngsi-ld:Device:17%22'),
                ("places", QUERIES["near 100 m"])):
            time.sleep(1)
            before = s.private()
            busy = subprocess.Popen(["taskset", "-c", str(LOAD), str(TOOLS / "bench_load"), str(s.port), "16", "3", "PATCH", path,
                str(body), "--below", str(n), "--header", "Content-Type: application/json"], stdout=subprocess.PIPE, text=True)
            began = time.monotonic()
            s.call("GET", f"/debug/explain?type=AirQualityObserved&{q}")
            while "index" not in json.loads(s.call("GET", f"/debug/explain?type=AirQualityObserved&{q}&limit=1")):
                time.sleep(0.005)
            took = time.monotonic() - began
            told = json.loads(busy.communicate()[0])
            time.sleep(1)
            rows.append([f"index of {n:,} {name}: there after {took * 1000:.0f} ms, {(s.private() - before) / n:.0f} bytes an entry; "
                "PATCH meanwhile", "", "", "", f"{told['requests'] / told['seconds']:,.0f}",
                f"{told['p50']:.0f} / {told['p99']:.0f} / {told['p999']:.0f}"])
        s.stop()
        return rows

@row("idle", "idle memory, start, idle connections")
def idle(a):
    with Folder() as f:
        times, memory = [], []
        for k in range(5):
            s = Cardo(f / f"data{k}", loops=2)
            times.append(s.ready_s * 1000)
            memory.append(s.private() / 1048576)
            s.stop()
        s = Cardo(f / "many", "--idle-timeout", "10min")
        before = s.private()
        open_, n = [], 10000 if not a.quick else 1000
        for _ in range(n):
            open_.append(socket.create_connection(("127.0.0.1", s.port)))
        for c in open_:
            c.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        for c in open_:
            c.recv(4096)
        time.sleep(1)
        grown = (s.private() - before) / 1048576
        for c in open_:
            c.close()
        s.stop()
        return [["empty, idle: memory (MiB)", "", middle(memory, 1), "", "", ""],
            ["empty: ready after (ms, from fork, taskset included)", "", middle(times, 1), "", "", ""],
            [f"{n:,} idle connections, each used once: memory (MiB)", "", f"{grown:.1f}", "", "", ""]]

@row("loops", "reads on 1 and 2 loops")
def loops(a):
    if len(CORES) < 2:
        return []
    with Folder() as f:
        rates = {}
        for n in (1, 2):
            s = Cardo(f / f"data{n}", cores=CORES[:n], loops=n)
            fill(s, large, 1000)
            path = f"{NGSI}/entities/{large(17)['id']}"
            told = [load(s, 64, a.seconds, "GET", path, cores=CORES) for _ in range(a.slices)]
            rates[n] = statistics.median(t["cpu_us"] for t in told)
            s.stop()
        return [["retrieve, 2 loops: CPU per request against 1 loop", f"{rates[2] / rates[1]:.2f}", f"{rates[2]:.1f}",
            f"{rates[1]:.1f}", "", ""]]

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help=" ".join(ROWS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--sizes", help="of the rows query and index, in entities: 10000,100000,1000000")
    a = parser.parse_args()
    a.slices, a.seconds = (3, 0.5) if a.quick else (7, 1.5)
    a.sizes = [int(n) for n in (a.sizes or ("20000" if a.quick else "10000,100000,1000000")).split(",")]
    resource_limit()
    head = ["case", "x bare", "CPU us", "bare us", "per second", "p50 / p99 / p99.9 us"]
    rows = []
    for name in a.rows or ROWS:
        if name not in ROWS:
            sys.exit(f"no row {name}; there are {' '.join(ROWS)}")
        for r in ROWS[name][1](a):
            rows.append(r)
            print(" | ".join(f"{h}: {c}" if c and h != "case" else c for h, c in zip(head, r) if c), flush=True)
    if a.markdown:
        print("\n| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
        for r in rows:
            print("| " + " | ".join(r) + " |")

def resource_limit():
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))

if __name__ == "__main__":
    main()
