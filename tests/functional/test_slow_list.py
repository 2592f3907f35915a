"""A long list for a slow reader: it waits, the root it was read from goes, and it goes on in the newest one. [CIM 009 5.7.2]"""
import json
import socket

from conftest import NGSI

COUNT = 900

def entity(i, size):
    return {"id": f"urn:slow:{i}", "type": "Slow", "text": "x" * size}

def test_what_is_written_meanwhile_shows_from_there_on(server):
    for at in range(0, COUNT, 100):
        assert server.call("POST", NGSI + "/entityOperations/create", [entity(i, 12000) for i in range(at, at + 100)]).status == 201
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", server.port))
        s.sendall(f"GET {NGSI}/entities?type=Slow&limit=1000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        first = s.recv(2000)
        # all of them twice: nothing of what the list saw is left, nor the place where it lay
        for size in (6000, 5000):
            for at in range(0, COUNT, 100):
                body = [entity(i, size) for i in range(at, at + 100)]
                assert server.call("POST", NGSI + "/entityOperations/upsert", body).status == 204
        assert server.call("POST", NGSI + "/entityOperations/delete", [f"urn:slow:{i}" for i in range(890, COUNT)]).status == 204
        answer = first + b"".join(iter(lambda: s.recv(1 << 16), b""))
    head, body = answer.split(b"\r\n\r\n", 1)
    assert b" 200 " in head and b"chunked" in head.lower()
    text = b""
    while body:
        size, body = body.split(b"\r\n", 1)
        text, body = text + body[:int(size, 16)], body[int(size, 16) + 2:]
    found = json.loads(text)
    numbers = [int(e["id"].rsplit(":", 1)[1]) for e in found]
    assert numbers == list(range(890)), "each once, in order, without those deleted meanwhile"
    sizes = [len(e["text"]["value"]) for e in found]
    assert sizes[0] == 12000 and sizes[-1] == 5000, "it began in the old state and ended in the newest"
