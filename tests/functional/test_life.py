"""The life of the process: start, stop, kill, restart, lock, settings, backup, TLS."""
import json
import os
import pathlib
import resource
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request

import pytest

from conftest import NGSI, ROOT, Server, binary
from context_server import contexts  # noqa: F401 (a fixture)

def entity(i, **more):
    return {"id": f"urn:x:{i}", "type": "T", "n": {"type": "Property", "value": i}, **more}

def everything(server):
    found, offset = [], 0
    while True:
        page = server.get(f"{NGSI}/entities?type=*&limit=1000&offset={offset}&options=sysAttrs").json
        found += page
        offset += 1000
        if len(page) < 1000:
            return sorted(found, key=lambda e: e["id"])

def test_restart_keeps_everything(make_server):
    s = make_server().start()
    for k in range(5):
        assert s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(k * 500 + i) for i in range(500)]).status == 201
    s.call("PATCH", f"{NGSI}/entities/urn:x:7/attrs/n", {"value": "seven"})
    s.call("DELETE", f"{NGSI}/entities/urn:x:8")
    before = everything(s)
    assert len(before) == 2499
    assert s.stop() == 0
    s.start()
    assert everything(s) == before
    assert s.stop(signal.SIGKILL) != 0
    s.start()
    assert everything(s) == before
    assert s.stop() == 0

@pytest.mark.parametrize("round_", range(3))
def test_kill_under_load_loses_nothing_acknowledged(make_server, round_):
    s = make_server("--segment-bytes", "1MiB", "--checkpoint-bytes", "2MiB").start()
    acknowledged, stop = {}, threading.Event()

    def write(worker):
        n = 0
        while not stop.is_set():
            n += 1
            try:
                if n == 1:
                    a = s.call("POST", f"{NGSI}/entities", entity(f"{worker}", pad="x" * 500))
                else:
                    a = s.call("PATCH", f"{NGSI}/entities/urn:x:{worker}/attrs/n", {"value": n})
            except OSError:
                return
            if a.status in (201, 204):
                acknowledged[worker] = n

    threads = [threading.Thread(target=write, args=(w,)) for w in range(8)]
    for t in threads:
        t.start()
    time.sleep(0.4 + 0.3 * round_)
    s.stop(signal.SIGKILL)
    stop.set()
    for t in threads:
        t.join()
    assert sum(acknowledged.values()) > 50
    s.start()
    for worker, n in acknowledged.items():
        value = s.get(f"{NGSI}/entities/urn:x:{worker}?options=keyValues").json["n"]
        # the last answer may have been lost on its way: then the write is one further
        assert value in ((n, n + 1) if n > 1 else (str(worker), 2)), (worker, n, value)
    assert s.stop() == 0
    out = subprocess.run([binary(), "verify", "--data", s.folder], capture_output=True, text=True)
    assert out.returncode == 0 and "sound" in out.stdout, out.stdout + out.stderr

@pytest.mark.skipif("CARDO_TSAN" not in os.environ, reason="needs a program with the thread sanitizer in CARDO_TSAN")
def test_loops_writer_and_housekeeper_race_for_nothing(make_server, tmp_path, contexts):
    """Everything at once on four loops: writes, reads, queries that ask for indexes, remote contexts, a backup, a checkpoint."""
    contexts.pages = {f"/{k}": {"@context": {"n": "http://e.org/n"}} for k in range(4)}
    s = make_server("--loops", "4", "--segment-bytes", "1MiB", "--checkpoint-bytes", "1MiB", "--index-worth", "10",
                    "--pins-max", "64", kind="CARDO_TSAN",
                    env={"TSAN_OPTIONS": f"suppressions={ROOT}/tests/tsan.supp"}).start()
    stop, wrong = threading.Event(), []

    def worker(w):
        n = 0
        while not stop.is_set():
            n += 1
            link = {"Link": f'<{contexts.url(f"/{n % 4}")}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}
            calls = [("POST", f"/entityOperations/upsert", [entity(i, w=w, pad="x" * 300) for i in range(n % 40, n % 40 + 20)], {}),
                     ("PATCH", f"/entities/urn:x:{n % 60}/attrs/n", {"value": n}, {}),
                     ("GET", f"/entities?type=T&q=n>{n % 50}&limit=50&count=true", None, link),
                     ("GET", f"/entities?type=T&orderBy=n&limit=10", None, {}),
                     ("GET", "/types?details=true", None, {}),
                     ("DELETE", f"/entities/urn:x:{n % 60}", None, {})]
            for method, path, body, headers in calls:
                status = s.call(method, NGSI + path, body, headers).status
                if status >= 500:
                    wrong.append((method, path, status))
    threads = [threading.Thread(target=worker, args=(w,)) for w in range(6)]
    for t in threads:
        t.start()
    time.sleep(4)
    r = subprocess.run([binary("CARDO_TSAN"), "backup", str(tmp_path / "copy"), "--data", s.folder], capture_output=True, text=True)
    s.get("/metrics")
    time.sleep(2)
    stop.set()
    for t in threads:
        t.join()
    code = s.stop()
    text = pathlib.Path(s.folder + ".log").read_text()
    assert "ThreadSanitizer" not in text + r.stderr, text[-20000:]
    assert code == 0 and r.returncode == 0 and not wrong, wrong[:5]

def test_one_server_per_directory(make_server):
    s = make_server().start()
    second = subprocess.run([binary(), "serve", "--data", s.folder, "--listen", "127.0.0.1:0"], capture_output=True,
                            text=True, timeout=20)
    assert second.returncode == 1 and second.stderr
    assert s.stop() == 0

def test_settings_from_file_environment_and_flags(make_server, tmp_path):
    conf = tmp_path / "cardo.conf"
    conf.write_text("# bounds\npage_max = 7\npage_default = 3\n")
    s = make_server("--config", str(conf), env={"CARDO_PAGE_MAX": "5"}).start()
    assert s.get(f"{NGSI}/entities?type=T&limit=6").status == 403
    assert s.get(f"{NGSI}/entities?type=T&limit=5").status == 200
    s.stop()
    s = make_server("--config", str(conf), "--page-max", "4", env={"CARDO_PAGE_MAX": "5"}, name="two").start()
    assert s.get(f"{NGSI}/entities?type=T&limit=5").status == 403
    s.stop()
    for bad in (["--no-such-flag", "1"], ["--page-max", "many"], ["--config", "/nonexistent"], ["--page-max", "0"],
                ["--listen", "nonsense"], ["--listen", "0.0.0.0:0"]):
        r = subprocess.run([binary(), "serve", "--data", str(tmp_path / "three"), *bad], capture_output=True, text=True, timeout=20)
        assert r.returncode == 1 and r.stderr.startswith("cardo: "), (bad, r)

def test_backup_while_serving_is_a_data_directory(make_server, tmp_path):
    s = make_server().start()
    s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(i) for i in range(1000)])
    stop = threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            n += 1
            s.call("PATCH", f"{NGSI}/entities/urn:x:1/attrs/n", {"value": n})
    t = threading.Thread(target=write)
    t.start()
    copy = tmp_path / "copy"
    r = subprocess.run([binary(), "backup", str(copy), "--data", s.folder], capture_output=True, text=True, timeout=60)
    stop.set()
    t.join()
    assert r.returncode == 0, r.stderr
    again = subprocess.run([binary(), "backup", str(copy), "--data", s.folder], capture_output=True, text=True, timeout=60)
    assert again.returncode == 1
    assert s.stop() == 0
    offline = tmp_path / "offline"
    assert subprocess.run([binary(), "backup", str(offline), "--data", s.folder]).returncode == 0
    for folder in (copy, offline):
        assert subprocess.run([binary(), "verify", "--data", str(folder)], capture_output=True).returncode == 0
    c = Server(copy).start()
    assert len(everything(c)) == 1000
    assert c.stop() == 0

def test_damage_is_found_and_named(make_server):
    s = make_server().start()
    for i in range(3):
        s.call("POST", f"{NGSI}/entities", entity(i))
    s.stop(signal.SIGKILL)
    segment = sorted(pathlib.Path(s.folder, "log").glob("*.seg"))[0]
    raw = bytearray(segment.read_bytes())
    raw[64 + 60] ^= 1
    segment.write_bytes(raw)
    r = subprocess.run([binary(), "verify", "--data", s.folder], capture_output=True, text=True)
    assert r.returncode == 1 and "segment 1" in r.stdout + r.stderr, r
    r = subprocess.run([binary(), "serve", "--data", s.folder, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=20)
    assert r.returncode == 1 and "segment 1" in r.stderr, r

def test_a_loop_without_a_thread_is_no_start(tmp_path):
    def little_memory():
        resource.setrlimit(resource.RLIMIT_AS, (1200 << 20, 1200 << 20))
    r = subprocess.run([binary(), "serve", "--data", str(tmp_path / "twin"), "--listen", "127.0.0.1:0", "--loops", "200",
                        "--checkpoint-map", "256MiB"], capture_output=True, text=True, timeout=20, preexec_fn=little_memory)
    assert r.returncode == 1 and "loop" in r.stderr and "listens" not in r.stdout, r

class OnSmallDisk(Server):
    """The data directory is a file system of its own, of 24 MiB, that nobody else sees."""

    def start(self):
        pathlib.Path(self.folder).mkdir()
        inside = f"mount -t tmpfs -o size=24m none '{self.folder}' && exec \"$@\""
        if subprocess.run(["unshare", "-m", "sh", "-c", inside, "sh", "true"], capture_output=True).returncode:
            pytest.skip("may not mount a small file system")
        self.log = open(self.folder + ".log", "ab")
        self.process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", inside, "sh", binary(self.kind), "serve", "--data", self.folder + "/twin", "--listen",
             f"127.0.0.1:{self.port}", *self.flags], stdout=self.log, stderr=self.log)
        for _ in range(1000):
            try:
                if self.get("/ready").status == 200:
                    return self
            except OSError:
                time.sleep(0.01)
        raise AssertionError(pathlib.Path(self.folder + ".log").read_text())

def test_a_full_disk_refuses_what_grows_and_nothing_else(tmp_path):
    s = OnSmallDisk(tmp_path / "disk", "--segment-bytes", "1MiB", "--checkpoint-bytes", "2MiB", kind="CARDO_ASAN").start()
    n = 0
    while (a := s.call("POST", f"{NGSI}/entities", entity(n, pad="x" * 20000))).status == 201:
        n += 1
        assert n < 2000
    assert a.status == 503 and a.json["type"].endswith("/InsufficientStorage") and a.headers["Retry-After"], a.body
    assert s.get("/ready").json == {"status": "ready"} # it still writes
    assert s.get(f"{NGSI}/entities/urn:x:{n}").status == 404
    assert s.get(f"{NGSI}/entities/urn:x:{n - 1}?options=keyValues").json["n"] == n - 1
    for i in range(n):
        assert s.call("DELETE", f"{NGSI}/entities/urn:x:{i}").status == 204, i
    assert s.get(f"{NGSI}/entities?type=T").json == []
    assert s.stop() == 0
    text = pathlib.Path(s.folder + ".log").read_text()
    assert "the disk is full" in text and "Sanitizer" not in text

def test_tls(make_server, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key.pem", "-out",
                    tmp_path / "cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    s = make_server("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    log = open(tmp_path / "tls.log", "wb")
    s.process = subprocess.Popen([binary("CARDO_ASAN"), "serve", "--data", s.folder, "--listen", f"127.0.0.1:{s.port}", *s.flags],
                                 stdout=log, stderr=log)
    s.log = log
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{s.port}/ready", context=context) as r:
                assert r.status == 200
                break
        except OSError:
            time.sleep(0.05)
    else:
        raise AssertionError((tmp_path / "tls.log").read_text())
    body = json.dumps(entity(1, big="y" * 100000)).encode()
    request = urllib.request.Request(f"https://127.0.0.1:{s.port}{NGSI}/entities", data=body, headers={"Content-Type": "application/json"})
    assert urllib.request.urlopen(request, context=context).status == 201
    with urllib.request.urlopen(f"https://127.0.0.1:{s.port}{NGSI}/entities/urn:x:1?options=keyValues", context=context) as r:
        assert json.load(r)["big"] == "y" * 100000
    with socket.create_connection(("127.0.0.1", s.port)) as plain:
        plain.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.settimeout(10)
        try:
            while plain.recv(1000):
                pass
        except OSError:
            pass
    assert s.stop() == 0

def test_drain_answers_what_is_open(make_server):
    s = make_server().start()
    c = socket.create_connection(("127.0.0.1", s.port))
    body = json.dumps(entity(1)).encode()
    c.sendall(b"POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
    time.sleep(0.1)
    s.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    c.sendall(body)
    answer = b""
    while piece := c.recv(1000):
        answer += piece
    assert answer.startswith(b"HTTP/1.1 201") and b"Connection: close" in answer
    assert s.process.wait(20) == 0

def test_version_and_help():
    assert subprocess.run([binary(), "--version"], capture_output=True, text=True).stdout.startswith("cardo ")
    for command in ("serve", "import", "backup", "verify"):
        out = subprocess.run([binary(), command, "--help"], capture_output=True, text=True)
        assert out.returncode == 0 and f"cardo {command}" in out.stdout
    assert subprocess.run([binary(), "nonsense"], capture_output=True).returncode == 2
    assert ".TH CARDO 1" in subprocess.run([binary(), "help", "--man", "1"], capture_output=True, text=True).stdout
