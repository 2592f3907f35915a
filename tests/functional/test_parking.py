"""A year of a city's car parks goes through as updates, while somebody reads; the totals agree with the file."""
import signal
import subprocess
import threading

import pytest

import parking
from conftest import DATA, NGSI, binary

TABLE = DATA / "city" / "muenster" / "parking" / "parking_2024.csv.gz"

@pytest.fixture(scope="module")
def year(tmp_path_factory):
    if not TABLE.exists():
        pytest.skip(f"{TABLE} is not here: the year of car parks was not tried")
    folder = tmp_path_factory.mktemp("parking")
    told = parking.convert(TABLE, folder / "entities.json", folder / "changes.ndjson")
    assert told["changes"] > 1_400_000
    return folder, told

def metric(server, name):
    for line in server.get("/metrics").body.decode().splitlines():
        if line.split(" ")[0].split("{")[0] == name:
            return float(line.split()[-1])
    raise AssertionError(f"no metric {name}")

def state(server):
    found = server.get(f"{NGSI}/entities?type=OffStreetParking&limit=1000").json
    return sorted(found, key=lambda e: e["id"])

def check(server, told):
    found = state(server)
    assert len(found) == 17
    for e in found:
        last = told["last"][e["id"]]
        assert e["status"]["value"] == last["now"]
        cell, at = last["number"]
        assert e["availableSpotNumber"]["value"] == int(cell)
        assert e["availableSpotNumber"]["observedAt"] == at
        assert e["availableSpotNumber"]["unitCode"] == "C62"
    return found

class Reader(threading.Thread):
    """Reads until told to stop: no answer may be older than one before, or lack an entity."""

    def __init__(self, server):
        super().__init__()
        self.server, self.stop, self.reads, self.fault, self.newest = server, threading.Event(), 0, None, {}

    def look(self):
        found = state(self.server)
        assert len(found) == 17, f"{len(found)} entities"
        for e in found:
            at = e.get("status", {}).get("observedAt", "")
            assert at >= self.newest.get(e["id"], ""), f"{e['id']} went back to {at}"
            self.newest[e["id"]] = at
        self.reads += 1

    def run(self):
        try:
            while not self.stop.is_set():
                self.look()
        except Exception as e:  # told by the test that waits for this thread
            self.fault = e

def bring(*args):
    r = subprocess.run([binary(), "import", *map(str, args)], capture_output=True, text=True, timeout=600)
    assert r.returncode == 0, r.stdout + r.stderr
    return r.stdout + r.stderr

def test_a_year_through_a_server_while_a_reader_reads(make_server, year):
    folder, told = year
    s = make_server().start()
    bring("--url", s.base, folder / "entities.json")
    before = metric(s, "cardo_writes_accepted_total")
    reader = Reader(s)
    reader.start()
    said = bring("--url", s.base, "--mode", "update", folder / "changes.ndjson")
    reader.stop.set()
    reader.join(60)
    assert reader.fault is None and reader.reads > 20
    assert str(told["changes"]) in said.replace(",", "")
    assert metric(s, "cardo_writes_accepted_total") - before == told["changes"]
    found = check(s, told)
    assert s.stop(signal.SIGKILL) != 0
    s.start()
    assert state(s) == found
    assert s.stop() == 0

def test_a_year_straight_into_a_directory(make_server, year):
    folder, told = year
    s = make_server()
    bring("--data", s.folder, folder / "entities.json")
    bring("--data", s.folder, "--mode", "update", folder / "changes.ndjson")
    s.start()
    check(s, told)
    assert s.stop() == 0
