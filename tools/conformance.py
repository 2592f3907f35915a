#!/usr/bin/python3
"""Run the official NGSI-LD conformance suite against Cardo, without a network.

tools/conformance.py --suite DIR [--keep] [AREA...]

DIR is a checkout of the suite (Robot Framework). Nothing in it is changed: a copy is made in build-conformance/, in which the
addresses of contexts are those of a small server here, and which talks to a fresh twin for each area. Robot Framework is
installed into a virtual environment beside it, once. Prints a table of areas and the names of what failed, and writes
build-conformance/results/AREA/junit.xml. The twin listens on 127.0.0.1:9090, which two tests of the suite have written into
them.
"""
import argparse
import functools
import http.server
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import venv
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
WORK = ROOT / "build-conformance"
CARDO = os.environ.get("CARDO", str(ROOT / "build" / "cardo"))
TP = "TP/NGSI-LD/"
AREAS = {
    "CommonBehaviours": TP + "CommonBehaviours",
    "Consumption/Entity": TP + "ContextInformation/Consumption/Entity",
    "Consumption/Discovery": TP + "ContextInformation/Consumption/Discovery",
    "Provision/Entities": TP + "ContextInformation/Provision/Entities",
    "Provision/EntityAttributes": TP + "ContextInformation/Provision/EntityAttributes",
    "Provision/BatchEntities": TP + "ContextInformation/Provision/BatchEntities",
    "Provision/PurgeEntities": TP + "ContextInformation/Provision/PurgeEntities",
    "Provision/TransientEntities": TP + "ContextInformation/Provision/TransientEntities",
    "jsonldContext": TP + "jsonldContext",
}
# contexts that fixtures name, and the file of the suite that serves for each
CONTEXTS = [
    (r"https://raw\.githubusercontent\.com/[\w.-]+/ngsi-ld-test-suite/[\w/-]+/resources/jsonld-contexts/", ""),
    (r"https://easy-global-market\.github\.io/[\w/.-]*?ngsildTestSuiteV1\.8-compound\.jsonld", "ngsi-ld-test-suite-compound.jsonld"),
    (r"https://fiware\.github\.io/data-models/context\.jsonld", "ngsi-ld-test-suite.jsonld"),
    (r"https://fiware\.github\.io/NGSI-LD_TestSuite/ldContext/testContext\.jsonld", "ngsi-ld-test-suite.jsonld"),
    (r"https://forge\.etsi\.org/[\w/.-]*?ngsi-ld-test-suite-compound\.jsonld", "ngsi-ld-test-suite-compound.jsonld"),
]
NEEDED = ["robotframework==7.4.1", "robotframework-jsonlibrary==0.5", "robotframework-requests==0.9.7", "deepdiff==8.6.1",
    "prettydiff==0.1.0", "paho-mqtt==1.6.1", "robotframework-mqttlibrary==0.7.1.post3", "setuptools<81"]

class Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {"": "application/octet-stream", ".jsonld": "application/ld+json"}

    def log_message(self, *_):
        pass

def serve_contexts(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"

def environment(suite):
    folder = WORK / "venv"
    robot = folder / "bin" / "robot"
    if not robot.exists():
        print("installing Robot Framework into", folder, flush=True)
        venv.create(folder, with_pip=True, clear=True)
        control = suite / "libraries" / "robotframework-httpctrl"
        subprocess.run([folder / "bin" / "pip", "install", "-q", *NEEDED, *([control] if control.exists() else [])], check=True)
    return robot

def copy_suite(suite, base):
    """The suite with its contexts at `base`."""
    copy = WORK / "suite"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(suite, copy, ignore=shutil.ignore_patterns(".git", "doc", "results"))
    for path in copy.rglob("*"):
        if not path.is_file() or path.suffix not in (".json", ".jsonld", ".geojson", ".robot", ".resource", ".py"):
            continue
        text = changed = path.read_text(errors="surrogateescape")
        for pattern, name in CONTEXTS:
            changed = re.sub(pattern, base + name, changed)
        if changed != text:
            path.write_text(changed, errors="surrogateescape")
    (copy / "local.py").write_text("""url = 'http://127.0.0.1:9090/ngsi-ld/v1'
temporal_api_url = url
notification_server_host = '127.0.0.1'
context_source_host = '127.0.0.1'
context_server_host = '127.0.0.1'
mqtt_broker_host = '127.0.0.1'
""")
    return copy

class Twin:
    """A server with nothing in it."""

    def __enter__(self):
        self.folder = WORK / "data"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.process = subprocess.Popen([CARDO, "serve", "--data", str(self.folder), "--listen", "127.0.0.1:9090",
            "--log-level", "error"], stdout=subprocess.DEVNULL)
        for _ in range(500):
            try:
                with urllib.request.urlopen("http://127.0.0.1:9090/ready", timeout=5):
                    return self
            except OSError:
                time.sleep(0.02)
                if self.process.poll() is not None:
                    sys.exit("cardo did not start: is port 9090 free?")
        sys.exit("cardo is not ready")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

def run(robot, copy, area, path):
    out = WORK / "results" / area.replace("/", "-")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with Twin(), open(out / "console.txt", "w") as console:
        subprocess.run([robot, "--variablefile", "local.py", "--outputdir", out, "--xunit", "junit.xml", "--loglevel", "WARN",
            "--report", "NONE", "--log", "NONE", path], cwd=copy, stdout=console, stderr=console, timeout=3600)
    tests = list(xml.etree.ElementTree.parse(out / "output.xml").iter("test"))
    failed = [(t.get("name"), " ".join((t.find("status").text or "").split())) for t in tests
        if t.find("status").get("status") == "FAIL"]
    return len(tests) - len(failed), failed

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", required=True, type=pathlib.Path)
    parser.add_argument("areas", nargs="*", metavar="AREA", help=", ".join(AREAS) + ", or a path below the suite")
    a = parser.parse_args()
    if not (a.suite / "TP").is_dir():
        sys.exit(f"{a.suite} is no checkout of the suite: there is no TP in it")
    WORK.mkdir(exist_ok=True)
    robot = environment(a.suite)
    copy = copy_suite(a.suite, serve_contexts(a.suite / "resources" / "jsonld-contexts"))
    # the files name each other: they are served with their new addresses as well
    copy = copy_suite(a.suite, serve_contexts(copy / "resources" / "jsonld-contexts"))
    rows = []
    for area in a.areas or AREAS:
        passed, failed = run(robot, copy, area, AREAS.get(area, area))
        rows.append((area, passed, len(failed)))
        print(f"{area}: {passed} passed, {len(failed)} failed", flush=True)
        for name, why in failed:
            print(f"  {name}: {why[:160]}")
    print("\n| area | passed | failed |\n|---|---|---|")
    for area, passed, failed in rows:
        print(f"| {area} | {passed} | {failed} |")
    total = [sum(r[1] for r in rows), sum(r[2] for r in rows)]
    print(f"| **all** | **{total[0]}** | **{total[1]}** |")
    return 1 if total[1] else 0

if __name__ == "__main__":
    sys.exit(main())
