"""GET /events: what changes, as server-sent events. Every change is told or counted, or the listener is told to read again."""
import json
import pathlib
import re
import signal
import socket
import time

import pytest

from conftest import NGSI, Server

def entity(i, **more):
    return {"id": f"urn:x:{i}", "type": "Lamp", "n": {"type": "Property", "value": 0}, **more}

class Listener:
    """One client with a socket of its own, so that a test decides when it reads."""
    def __init__(self, server, path="/events", room=None, **headers):
        self.socket = socket.socket()
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.connect(("127.0.0.1", server.port))
        lines = [f"GET {path} HTTP/1.1", "Host: x", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.raw, self.text, self.ended = b"", "", False
        while b"\r\n\r\n" not in self.raw:
            self.raw += self.socket.recv(65536)
        head, self.raw = self.raw.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        self.head = head.decode().lower()
        self.seen = []

    def read(self, seconds):
        """What arrives within that time, or until the end, as new events."""
        self.socket.settimeout(max(0.001, seconds))
        try:
            piece = self.socket.recv(1 << 20)
            assert piece, "cut in the middle of a chunk"
            self.raw += piece
        except TimeoutError:
            return
        while not self.ended and b"\r\n" in self.raw:
            size, rest = self.raw.split(b"\r\n", 1)
            n = int(size, 16)
            if len(rest) < n + 2:
                break
            self.text += rest[:n].decode()
            self.raw = rest[n + 2:]
            self.ended = n == 0
        *whole, self.text = self.text.split("\n\n")
        for block in whole:
            fields = dict(line.split(": ", 1) for line in block.split("\n") if re.match(r"[a-z]+: ", line))
            if "data" in fields:
                self.seen.append((fields["event"], json.loads(fields["data"]), fields.get("id")))

    def until(self, true, seconds=20):
        end = time.monotonic() + seconds
        while not true(self):
            assert time.monotonic() < end, self.seen[-5:]
            self.read(0.2)
        return self

    def of(self, kind):
        return [data for event, data, _ in self.seen if event == kind]

    @property
    def number(self):
        """Of changes that it knows of."""
        return len(self.of("change")) + sum(m["count"] for m in self.of("missed"))

    def ready(self):
        return self.until(lambda l: l.of("ready"))

    def close(self):
        self.socket.close()

def metrics(server):
    return {name.removesuffix("_total"): int(n) for name, n in re.findall(r"^cardo_(\w+) (\d+)$", server.get("/metrics").body.decode(), re.M)}

def listeners(server):
    return metrics(server)["events_listeners"]

def wait(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)

def test_what_changes_is_told(server):
    l = Listener(server).ready()
    assert l.status == 200 and "content-type: text/event-stream" in l.head and "no-store" in l.head
    server.call("POST", f"{NGSI}/entities", entity(1, name={"type": "Property", "value": "a \"b\"\n"}))
    server.call("PATCH", f"{NGSI}/entities/urn:x:1/attrs/n", {"value": 5})
    modified = server.get(f"{NGSI}/entities/urn:x:1?options=sysAttrs").json["modifiedAt"]
    server.call("PUT", f"{NGSI}/entities/urn:x:1", {**entity(1), "type": ["Lamp", "Thing"]})
    server.call("DELETE", f"{NGSI}/entities/urn:x:1/attrs/n")
    server.call("DELETE", f"{NGSI}/entities/urn:x:1")
    server.call("DELETE", f"{NGSI}/entities/urn:x:1")  # 404: no change
    l.until(lambda l: len(l.of("change")) == 5)
    changes = l.of("change")
    assert [c["verb"] for c in changes] == ["create", "update", "replace", "update", "delete"]
    assert [sorted(c["attributes"]) for c in changes[:4]] == [["n", "name"], ["n"], ["n"], ["n"]]
    assert [sorted(c["type"]) for c in changes] == [["Lamp"]] * 2 + [["Lamp", "Thing"]] * 3
    assert all(c["id"] == "urn:x:1" for c in changes)
    first = l.of("ready")[0]["revision"]
    assert [c["revision"] for c in changes] == [first + 1 + i for i in range(5)]
    assert [int(i) for event, _, i in l.seen if event == "change"] == [c["revision"] for c in changes]
    assert changes[1]["at"] == modified
    assert not l.of("missed") and not l.of("resync")

def test_what_expires_is_told(server):
    l = Listener(server).ready()
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    assert server.call("POST", f"{NGSI}/entities", entity(1, expiresAt=soon)).status == 201
    l.until(lambda l: len(l.of("change")) == 2)
    assert [c["verb"] for c in l.of("change")] == ["create", "expire"]
    assert l.of("change")[1]["at"] >= soon[:-1]

def test_many_attributes_are_cut_with_their_number(server):
    l = Listener(server).ready()
    server.call("POST", f"{NGSI}/entities", entity(1, **{f"a{i}": {"type": "Property", "value": i} for i in range(15)}))
    server.call("POST", f"{NGSI}/entities", entity(2, **{f"a{i}": {"type": "Property", "value": i} for i in range(16)}))
    server.call("POST", f"{NGSI}/entities", {"id": "urn:" + "x" * 2044, "type": "T"})
    l.until(lambda l: l.number == 3)
    one, two, three = l.of("change")
    assert len(one["attributes"]) == 16 and "more" not in one
    assert len(two["attributes"]) == 16 and two["more"] == 1
    assert len(three["id"]) == 2048

def test_whoever_hears_of_a_change_can_read_it(make_server):
    """The feed does not run ahead of what readers see."""
    s = make_server().start()
    s.call("POST", f"{NGSI}/entities", entity(1))
    l = Listener(s).ready()
    for n in range(1, 11):
        s.call("PATCH", f"{NGSI}/entities/urn:x:1/attrs/n", {"value": n})
        l.until(lambda l: len(l.of("change")) == n)
        assert s.get(f"{NGSI}/entities/urn:x:1?options=sysAttrs").json["modifiedAt"] >= l.of("change")[-1]["at"]
    assert s.stop() == 0

def test_a_crowd_of_changes_is_a_few_and_a_number(make_server):
    s = make_server().start()
    l = Listener(s).ready()
    for k in range(3):
        assert s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(k * 10000 + i) for i in range(10000)]).status == 201
    l.until(lambda l: l.number == 30000)
    assert len(l.of("change")) <= 40 * len(l.of("missed")) and not l.of("resync")
    revisions = [c["revision"] for c in l.of("change")]
    assert revisions == sorted(set(revisions)) and revisions[-1] == l.of("ready")[0]["revision"] + 30000
    m = metrics(s)
    assert m["events_told"] == len(l.of("change")) and m["events_missed"] == 30000 - m["events_told"] and m["events_listeners"] == 1
    assert s.stop() == 0

def test_one_that_comes_back_misses_nothing(make_server):
    s = make_server("--events-kept", "1024").start()
    l = Listener(s).ready()
    s.call("POST", f"{NGSI}/entities", entity(0))
    l.until(lambda l: l.of("change"))
    last = l.seen[-1][2]
    l.close()
    wait(lambda: listeners(s) == 0)
    for i in range(1, 21):
        s.call("POST", f"{NGSI}/entities", entity(i))
    back = Listener(s, Last_Event_ID=last).until(lambda l: l.number == 20)
    assert [c["id"] for c in back.of("change")] == [f"urn:x:{i}" for i in range(1, 21)]
    assert back.of("ready") == [{"revision": int(last)}] and not back.of("resync")
    # more than is told to one that comes back: the newest, and the number of the others
    s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(i) for i in range(500, 1003)])
    back = Listener(s, Last_Event_ID=last).until(lambda l: l.number == 523)
    assert len(back.of("change")) == 200 and back.of("change")[-1]["id"] == "urn:x:1002"
    # the ring has gone round: 523 + 501 changes are just what it keeps, one more is too much
    s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(i) for i in range(2000, 2501)])
    assert Listener(s, Last_Event_ID=last).until(lambda l: l.number == 1024).of("ready")
    s.call("POST", f"{NGSI}/entities", entity(3000))
    late = Listener(s, Last_Event_ID=last).until(lambda l: l.of("resync"))
    assert not late.of("ready") and late.of("resync")[0]["revision"] == int(last) + 1025
    assert s.stop() == 0

def until_index(s, n):
    """A query asks for an index of `n` and of `serial`; it is built behind the scenes."""
    def built():
        assert s.get(f"{NGSI}/entities?type=Lamp&q=n==77777;serial==5&limit=1").status == 200
        return pathlib.Path(s.folder + ".log").read_text().count("built an index") >= n
    wait(built)

def test_an_index_is_no_change(make_server):
    """A root that only an index tells from the one before has no revision: nobody is told to read again, and the next change
    follows without a gap."""
    s = make_server("--index-worth", "1").start()
    assert s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(i, serial=i) for i in range(500)]).status == 201
    l = Listener(s).ready()
    first = l.of("ready")[0]["revision"]
    until_index(s, 2)
    time.sleep(0.7)  # three ticks
    l.read(0.01)
    assert not l.of("resync") and metrics(s)["revision"] == first
    s.call("PATCH", f"{NGSI}/entities/urn:x:3/attrs/n", {"value": 5})
    l.until(lambda l: l.of("change"))
    assert [c["revision"] for c in l.of("change")] == [first + 1] and not l.of("resync")
    back = Listener(s, Last_Event_ID=str(first)).until(lambda l: l.number == 1)
    assert back.of("ready") == [{"revision": first}] and not back.of("resync")
    assert s.stop() == 0

def test_an_index_before_a_kill_hides_no_change(make_server):
    """Whoever was told a revision before the kill hears of the one that follows it."""
    s = make_server("--index-worth", "1").start()
    s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(i, serial=i) for i in range(500)])
    for life in range(3):
        l = Listener(s).ready()
        until_index(s, 2 * life + 2)
        time.sleep(0.7)
        l.read(0.01)
        s.call("PATCH", f"{NGSI}/entities/urn:x:{life}/attrs/n", {"value": 5})
        l.until(lambda l: l.of("change"))
        last = l.seen[-1][2]
        time.sleep(0.7)
        l.read(0.01)
        assert l.seen[-1][2] == last and not l.of("resync")
        s.stop(signal.SIGKILL)
        s.start()
        Listener(s).ready()  # wakes the feed
        s.call("PATCH", f"{NGSI}/entities/urn:x:100/attrs/n", {"value": life})
        back = Listener(s, Last_Event_ID=last).until(lambda l: l.number == 1)
        assert back.of("ready") == [{"revision": int(last)}] and not back.of("resync")
        assert [(c["id"], c["revision"]) for c in back.of("change")] == [("urn:x:100", int(last) + 1)]
    assert s.stop() == 0

def test_an_id_of_another_life_is_told_to_read_again(server):
    server.call("POST", f"{NGSI}/entities", entity(1))
    now = Listener(server).ready().of("ready")[0]["revision"]
    for wrong in (str(now + 1), str(2**64), "abc", "-1", "1e3"):
        l = Listener(server, Last_Event_ID=wrong).until(lambda l: l.seen)
        assert [event for event, _, _ in l.seen] == ["resync"], wrong
        l.close()

def test_tenants_do_not_hear_of_each_other(server):
    create = lambda i, **h: server.call("POST", f"{NGSI}/entities", entity(i), headers={k.replace("_", "-"): v for k, v in h.items()})
    create(1, NGSILD_Tenant="north")
    create(1, NGSILD_Tenant="south")
    everybody = Listener(server).ready()
    north = Listener(server, NGSILD_Tenant="north").ready()
    same = Listener(server, "/events?tenant=north", NGSILD_Tenant="north").ready()
    south = Listener(server, "/events?tenant=south").ready()
    for i in range(2, 62):
        create(i, NGSILD_Tenant="south")
    create(2, NGSILD_Tenant="north")
    create(3)
    south.until(lambda l: l.number == 60)
    for l, wanted in ((north, "urn:x:2"), (same, "urn:x:2"), (everybody, "urn:x:3")):
        l.until(lambda l: l.number == 1)
        assert [c["id"] for c in l.of("change")] == [wanted]
    last = north.of("ready")[0]["revision"]
    back = Listener(server, "/events?tenant=north", Last_Event_ID=last).until(lambda l: l.number)
    assert back.number == 1 and back.of("change")[0]["id"] == "urn:x:2"

@pytest.mark.parametrize("path,headers,status", [
    ("/events?tenant=nobody", {}, 404), ("/events?tenant=a%23contexts", {}, 400), ("/events?tenant=a", {"NGSILD-Tenant": "b"}, 400),
    ("/events?other=1", {}, 400)])
def test_refused(server, path, headers, status):
    a = server.call("GET", path, headers=headers)
    assert a.status == status and a.json["title"]

def test_head_is_answered_at_once(server):
    assert server.call("HEAD", "/events").status == 200
    assert server.call("POST", "/events", {}).status == 405

def test_a_slow_reader_costs_nobody_anything(make_server):
    """It gets nothing more until it reads, and then the number of what it missed."""
    s = make_server().start()
    s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(i, pad={"type": "Property", "value": 1}) for i in range(200)])
    slow = Listener(s, room=2048).ready()
    quick = Listener(s).ready()
    before = memory(s)
    for rounds in range(1, 26):  # far more than lies between two sockets
        s.call("POST", f"{NGSI}/entityOperations/upsert?options=update", [
            {"id": f"urn:x:{i}", "type": "Lamp", **{"x" * 60 + str(k): {"type": "Property", "value": rounds} for k in range(8)}} for i in range(200)])
        quick.until(lambda l: l.number == rounds * 200)
    assert memory(s) - before < 16 << 20
    slow.until(lambda l: l.number == rounds * 200)
    assert len(slow.of("change")) < len(quick.of("change")) and not slow.of("resync")
    assert s.stop() == 0

def memory(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

def test_one_that_never_reads_is_cut_off(make_server):
    s = make_server("--write-timeout", "1s").start()
    s.call("POST", f"{NGSI}/entityOperations/upsert", [entity(i) for i in range(200)])
    Listener(s, room=2048).ready()
    n = 0
    end = time.monotonic() + 60
    while listeners(s):
        n += 1
        s.call("POST", f"{NGSI}/entityOperations/upsert?options=update", [
            {"id": f"urn:x:{i}", "type": "Lamp", **{"x" * 60 + str(k): {"type": "Property", "value": n} for k in range(8)}} for i in range(200)])
        assert time.monotonic() < end
    assert s.stop() == 0

def test_places_are_bounded_and_become_free(make_server):
    s = make_server("--events-max", "3").start()
    inside = [Listener(s).ready() for _ in range(3)]
    outside = Listener(s)
    assert outside.status == 503 and "retry-after: 5" in outside.head
    inside.pop().close()
    wait(lambda: listeners(s) == 2)
    assert Listener(s).ready().status == 200
    assert s.stop() == 0
    s = make_server("--events-max", "0", name="off").start()
    assert Listener(s).status == 503
    assert s.stop() == 0

def test_many_listeners_hear_the_same(make_server):
    s = make_server().start()
    all_of_them = [Listener(s, room=65536) for _ in range(200)]
    for l in all_of_them:
        l.ready()
    assert listeners(s) == 200
    for i in range(30):  # no more than one tick tells
        s.call("POST", f"{NGSI}/entities", entity(i))
    for l in all_of_them:
        l.until(lambda l: l.number == 30)
        assert [c["id"] for c in l.of("change")] == [f"urn:x:{i}" for i in range(30)]
    for l in all_of_them:
        l.close()
    wait(lambda: listeners(s) == 0)
    assert s.stop() == 0

def test_a_drain_ends_the_streams(make_server):
    s = make_server(kind="CARDO_ASAN").start()
    heard = [Listener(s).ready() for _ in range(3)] + [Listener(s)]
    stalled = Listener(s, room=2048)
    began = time.monotonic()
    assert s.stop() == 0
    assert time.monotonic() - began < 5
    for l in heard:
        l.until(lambda l: l.ended)
    stalled.close()
    text = pathlib.Path(s.folder + ".log").read_text()
    assert "Sanitizer" not in text and "answered slowly" not in text, text

def test_in_words_of_the_default_context(make_server, tmp_path):
    folder = tmp_path / "contexts"
    folder.mkdir()
    url = "https://example.org/lamps.jsonld"
    (folder / "index.json").write_text(json.dumps({url: "lamps.jsonld"}))
    (folder / "lamps.jsonld").write_text(json.dumps({"@context": {"Lamp": "https://example.org/Lamp", "n": "https://example.org/n"}}))
    s = make_server("--contexts", str(folder), "--default-context", url).start()
    l = Listener(s).ready()
    s.call("POST", f"{NGSI}/entities", entity(1))
    l.until(lambda l: l.number == 1)
    assert l.of("change")[0]["type"] == ["Lamp"] and l.of("change")[0]["attributes"] == ["n"]
    assert s.stop() == 0

def test_nothing_is_lost_between_the_head_and_the_first_event(make_server):
    """Whoever reads the twin after the head of the answer hears of all that was not in it."""
    s = make_server().start()
    for i in range(10):
        l = Listener(s)
        s.call("POST", f"{NGSI}/entities", entity(i))
        l.until(lambda l: l.number == 1)
        assert [c["id"] for c in l.of("change")] == [f"urn:x:{i}"] and not l.of("resync")
        l.close()
    assert s.stop() == 0
