"""
Stories: requests and what must come of them, one file for each, under the clause it proves.

    # 5.6.1: the second create of one id is refused
    POST /ngsi-ld/v1/entities {"id":"urn:x:1","type":"T"}      = 201
      > Location: /ngsi-ld/v1/entities/urn:x:1
    POST /ngsi-ld/v1/entities {"id":"urn:x:1","type":"T"}      = 409
      $.type == "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists"
      ! $.stack
    GET /ngsi-ld/v1/entities?type=T                            = 200
      body == [{"id":"urn:x:1","type":"T"}]

A line "< Name: value" before a request adds a header to that request; "<< Name: value" to all that follow. `@raw TEXT` instead of
a JSON body is sent as it is.
"""
import json
import re

REQUEST = re.compile(r"^([A-Z]+) (\S+)(?: (.*?))?\s*= (\d{3})$")

def at(value, path):
    for step in re.findall(r"\.([A-Za-z0-9_@:/#-]+)|\[(\d+)\]|\['([^']+)'\]", path[1:]):
        name, index, quoted = step
        try:
            value = value[int(index)] if index else value[name or quoted]
        except (KeyError, IndexError, TypeError):
            return KeyError
    return value

def run(server, text, name):
    always, once, answer, done = {}, {}, None, 0
    for number, line in enumerate(text.splitlines(), 1):
        place = f"{name}:{number}: {line.strip()}"
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if bare.startswith("<"):
            to = always if bare.startswith("<<") else once
            key, value = bare.lstrip("< ").split(": ", 1)
            to[key] = value
            continue
        found = REQUEST.match(bare)
        if found:
            method, path, body, status = found.groups()
            data = None
            if body is not None:
                data = body[5:].encode() if body.startswith("@raw ") else body.encode()
            answer = server.call(method, path, data, {**always, **once})
            once = {}
            assert answer.status == int(status), f"{place}\n{answer.status} {answer.body.decode(errors='replace')}"
            done += 1
            continue
        if bare.startswith("> "):
            key, value = bare[2:].split(": ", 1)
            got = ", ".join(answer.headers.get_all(key) or [])
            assert got == value, f"{place}\n{key}: {got}"
        elif bare.startswith("! > "):
            assert answer.headers.get(bare[4:]) is None, place
        elif bare.startswith("! "):
            assert at(answer.json, bare[2:]) is KeyError, f"{place}\n{answer.body.decode()}"
        elif bare.startswith("body == "):
            assert answer.json == json.loads(bare[8:]), f"{place}\n{answer.body.decode()}"
        elif bare == "empty":
            assert answer.body == b"", place
        else:
            path, wanted = bare.split(" == ", 1)
            got = at(answer.json, path)
            assert got is not KeyError and got == json.loads(wanted), f"{place}\n{answer.body.decode()}"
    assert done, f"{name} asks nothing"
