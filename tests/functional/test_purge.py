"""Purges of more entities than one job takes: they take what the query selects, all of it and nothing else, in whichever way it
is found, and whatever the queue says on the way. [CIM 009 5.6.21]"""
import contextlib
import pathlib
import socket
import time
import urllib.parse

from conftest import NGSI

COUNT = 3500

def fill(s, count=COUNT):
    for at in range(0, count, 500):
        batch = [{"id": f"urn:n:{i}", "type": ["Odd"] if i % 2 else ["Even"], "n": i, "m": i % 7} for i in range(at, at + 500)]
        assert s.call("POST", NGSI + "/entityOperations/upsert", batch).status in (201, 204)

def left(s):
    got, at = set(), 0
    while page := s.get(f"{NGSI}/entities?local=true&options=keyValues&limit=1000&offset={at}").json:
        got |= {e["n"] for e in page}
        at += len(page)
    return got

def purge(s, **parameters):
    return s.call("DELETE", f"{NGSI}/entities?{urllib.parse.urlencode(parameters)}")

def until_indexed(s, q):
    for _ in range(400):
        told = s.get("/debug/explain?" + urllib.parse.urlencode({"local": "true", "count": "true", "q": q})).json
        if told["plan"] == "index":
            return
        time.sleep(0.01)
    raise AssertionError(told)

def test_of_a_type(server):
    fill(server)
    assert purge(server, type="Odd").status == 204
    assert left(server) == set(range(0, COUNT, 2))

def test_of_a_range_with_an_index(make_server):
    s = make_server("--index-worth", "1", kind="CARDO_ASAN").start()
    fill(s)
    until_indexed(s, "n==400..2900")
    assert purge(s, q="n==400..2900").status == 204
    assert left(s) == set(range(400)) | set(range(2901, COUNT))
    assert s.stop() == 0

def test_an_attribute_that_the_query_asks_for(server):
    """What the first job drops does not change what the later ones are about."""
    fill(server)
    assert purge(server, q="m<6", drop="m").status == 204
    a = server.get(f"{NGSI}/entities?q=m&count=true&limit=1000&options=keyValues")
    assert int(a.headers["NGSILD-Results-Count"]) == COUNT // 7
    assert {e["m"] for e in a.json} == {6}

def all_at_once(s, paths):
    """Statuses of purges that are all sent before the first answer is read."""
    lines = []
    with contextlib.ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.create_connection(("127.0.0.1", s.port), 60)) for _ in paths]
        for one, path in zip(sockets, paths):
            one.sendall(f"DELETE {NGSI}/entities?{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        for one in sockets:
            with one.makefile("rb") as answer:
                lines.append(answer.read())
    return [(int(told.split(b" ", 2)[1]), told) for told in lines]

def test_refused_by_a_full_queue(make_server):
    """Those that are turned away leave everything in order, and say whether they deleted something before."""
    s = make_server("--queue-jobs", "16", "--loops", "1", kind="CARDO_ASAN").start()
    paths = [f"type=Odd&idPattern=^urn:n:.?.?{i}$" for i in range(1, 400, 2)]
    for _ in range(50): # a quick disk may have kept up
        fill(s, 2000)
        answers = all_at_once(s, paths)
        if 503 in {status for status, _ in answers}:
            break
    assert {status for status, _ in answers} == {204, 503}
    assert all(b"Retry-After" in told and b"ServiceUnavailable" in told for status, told in answers if status == 503)
    gone = [i for i, (status, _) in zip(range(1, 400, 2), answers) if status == 204]
    assert not left(s) & set(gone)
    assert purge(s, type="Odd").status == 204
    assert left(s) == set(range(0, 2000, 2))
    assert s.stop() == 0
    text = pathlib.Path(s.folder + ".log").read_text()
    assert "Sanitizer" not in text and "runtime error" not in text, text
