"""A server for each test that wants one: a free port, a folder of its own, stopped and looked at when the test ends."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("CARDO_DATA", ROOT.parent / "shared" / "data"))

def binary(kind="CARDO"):
    path = os.environ.get(kind) or os.environ.get("CARDO") or str(ROOT / "build" / "cardo")
    assert os.access(path, os.X_OK), f"{path} is not built: ./dev build"
    return path

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

class Server:
    def __init__(self, folder, *flags, kind="CARDO", env=None):
        self.folder, self.flags, self.kind, self.env = str(folder), list(flags), kind, env
        self.port = free_port()
        self.process = None

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.log = open(self.folder + ".log", "ab")
        self.process = subprocess.Popen(
            [binary(self.kind), "serve", "--data", self.folder, "--listen", f"127.0.0.1:{self.port}", *self.flags],
            stdout=self.log, stderr=self.log, env={**os.environ, **(self.env or {})})
        deadline = time.monotonic() + 60
        while True:
            try:
                if self.get("/ready").status == 200:
                    return self
            except OSError:
                pass
            assert self.process.poll() is None, pathlib.Path(self.folder + ".log").read_text()
            assert time.monotonic() < deadline, "not ready in a minute"
            time.sleep(0.005)

    def stop(self, sign=signal.SIGTERM):
        self.process.send_signal(sign)
        code = self.process.wait(60)
        self.log.close()
        return code

    def call(self, method, path, body=None, headers=None):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        head = {"Content-Type": "application/json"} if body is not None else {}
        head.update(headers or {})
        url = path if path.startswith("http") else self.base + path
        request = urllib.request.Request(url, data=data, method=method, headers=head)
        try:
            with urllib.request.urlopen(request, timeout=60) as r:
                return Answer(r.status, r.headers, r.read())
        except urllib.error.HTTPError as e:
            return Answer(e.code, e.headers, e.read())

    def get(self, path, **headers):
        return self.call("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

NGSI = "/ngsi-ld/v1"

@pytest.fixture
def server(tmp_path):
    s = Server(tmp_path / "twin", kind="CARDO_ASAN").start()
    yield s
    code = s.stop()
    text = pathlib.Path(s.folder + ".log").read_text()
    assert code == 0 and "Sanitizer" not in text and "runtime error" not in text, text

@pytest.fixture
def make_server(tmp_path):
    made = []

    def make(*flags, name="twin", **more):
        s = Server(tmp_path / name, *flags, **more)
        made.append(s)
        return s
    yield make
    for s in made:
        if s.process and s.process.poll() is None:
            s.stop(signal.SIGKILL)

def data_folder(*parts):
    folder = DATA.joinpath(*parts)
    if not folder.exists():
        pytest.skip(f"{folder} is not here: set CARDO_DATA to run this on real data")
    return folder
