"""
Stories: requests and what must come of them, one file for each, under the clause it proves. The comment at its top says what it
proves; docs/conformance.md is made of these.

    # The second create of one id is refused.
    POST /ngsi-ld/v1/entities {"id":"urn:x:1","type":"T"} = 201
      > Location: /ngsi-ld/v1/entities/urn:x:1
      empty
    POST /ngsi-ld/v1/entities {"id":"urn:x:1","type":"T"} = 409
      error AlreadyExists
      ! $.stack
    GET /ngsi-ld/v1/entities?type=T = 200
      body == [{"id":"urn:x:1","type":"T"}]

A request ends with its status; what stands below it is said of its answer. Long ones go on over several lines.

    < Name: value        a header of the next request; << of all that follow (<< Name: ends that)
    = 404 within 3       asked again until it is so, for three seconds at most
    @raw TEXT            instead of a JSON body: sent as it is; @chunked TEXT: without a Content-Length
    > Name: value        a header of the answer; > Name ~ pattern; ! > Name: it is not there
    > Name as word       its value stands for {word} from here on
    $.a.b == 1           a member; $.a[0]['http://e.org/b']; $.a ~ pattern; $.a: it is there; ! $.a: it is not; $.a as word
    body == ..., empty   the whole answer
    ids == [...]         the ids of a list of entities (or features), in this order
    error Name at /a     a problem of this type (5.5.3), perhaps with the place that is at fault
    alone                the story has a server of its own, and no tenant unless it says so

{base} is the server's address; {now} and {now+2} are times, in seconds from now.
"""
import datetime
import http.client
import json
import re
import time

ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
REQUEST = re.compile(r"^(?P<method>[A-Z]+) (?P<path>[/{]\S*)(?: (?P<body>.*?))?\s*= (?P<status>\d{3})(?: within (?P<within>\d+))?$", re.S)
BEGINS = re.compile(r"^[A-Z]+ [/{]")

class Request:
    def __init__(self, line, found, headers):
        self.line, self.headers, self.checks = line, headers, []
        self.method, self.path, self.body = found["method"], found["path"], found["body"]
        self.status, self.within = int(found["status"]), int(found["within"] or 0)

    @property
    def problem(self):
        """The name of the error that is asked for, or None."""
        for _, check in self.checks:
            name = re.match(r"error (\w+)", check) or re.match(r'\$\.type == "' + re.escape(ERRORS) + r'(\w+)"', check)
            if name:
                return name[1]
        return None

class Story:
    def __init__(self, text, name):
        self.name, self.requests, self.alone = name, [], False
        lines = text.splitlines()
        head = [line[1:].strip() for line in lines[:next(i for i, line in enumerate(lines) if not line.startswith("#"))]]
        self.says = " ".join(head)
        self.always, self.once = {}, {}
        for number, line in joined(lines):
            self.read(number, line)
        assert self.requests, f"{name} asks nothing"

    def read(self, number, line):
        if line == "alone":
            self.alone = True
        elif line.startswith("<"):
            key, _, value = line.lstrip("< ").partition(":")
            (self.always if line.startswith("<<") else self.once)[key] = value.strip()
        elif BEGINS.match(line):
            found = REQUEST.match(line)
            assert found, f"{self.name}:{number}: no request: {line}"
            headers = {k: v for k, v in {**self.always, **self.once}.items() if v}
            self.requests.append(Request(number, found, headers))
            self.once = {}
        else:
            assert self.requests, f"{self.name}:{number}: said of nothing: {line}"
            self.requests[-1].checks.append((number, line))

def whole(text):
    """Does it need no further line?"""
    if BEGINS.match(text):
        return REQUEST.match(text)
    if " == " not in text:
        return True
    try:
        return json.loads(text.split(" == ", 1)[1]) or True
    except ValueError:
        return False

def joined(lines):
    """Numbered lines without comments and blanks, those that go on put together."""
    at = 0
    while at < len(lines):
        number, text = at + 1, lines[at].strip()
        at += 1
        if not text or text.startswith("#"):
            continue
        while not whole(text):
            assert at < len(lines), f"line {number} does not end: {text}"
            text += "\n" + lines[at].strip()
            at += 1
        yield number, text

# ---- looking into answers ----

def at(value, path):
    for step in re.findall(r"\.([A-Za-z0-9_@:/#-]+)|\[(\d+)\]|\['([^']+)'\]", path[1:]):
        name, index, quoted = step
        try:
            value = value[int(index)] if index else value[name or quoted]
        except (KeyError, IndexError, TypeError):
            return KeyError
    return value

def instant(match):
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=float(match[1] or 0))
    return then.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

def header(answer, name):
    return ", ".join(answer.headers.get_all(name) or [])

def check_header(answer, rest, known):
    pattern, word = re.match(r"(\S+) ~ (.*)$", rest), re.match(r"(\S+) as (\w+)$", rest)
    if pattern:
        return re.search(pattern[2], header(answer, pattern[1]))
    if word:
        known[word[2]] = header(answer, word[1])
        return known[word[2]]
    name, value = rest.split(": ", 1)
    return header(answer, name) == value

def check_error(answer, rest):
    name, _, where = rest.partition(" at ")
    body = answer.json
    return (body["type"] == ERRORS + name and body["title"] and body["detail"] and body["status"] == answer.status
            and (not where or body.get("where") == where) and answer.headers["Content-Type"] == "application/json"
            and answer.headers["Link"] is None)

def check_value(answer, line, known):
    word = re.match(r"(\S+) as (\w+)$", line)
    if word:
        known[word[2]] = at(answer.json, word[1])
        return isinstance(known[word[2]], str)
    equal, pattern = re.match(r"(\S+) == (.*)$", line, re.S), re.match(r"(\S+) ~ (.*)$", line)
    got = at(answer.json, (equal or pattern or [line, line])[1])
    if equal:
        return got is not KeyError and got == json.loads(equal[2])
    return got is not KeyError and (not pattern or re.search(pattern[2], str(got)))

def check(answer, line, known):
    if line == "empty":
        return answer.body == b""
    if line.startswith("body == "):
        return answer.json == json.loads(line[8:])
    if line.startswith("ids == "):
        items = answer.json["features"] if isinstance(answer.json, dict) else answer.json
        return [e["id"] for e in items] == json.loads(line[7:])
    if line.startswith("error "):
        return check_error(answer, line[6:])
    if line.startswith("! > "):
        return answer.headers.get(line[4:]) is None
    if line.startswith("> "):
        return check_header(answer, line[2:], known)
    if line.startswith("! "):
        return at(answer.json, line[2:]) is KeyError
    assert line.startswith("$"), f"not understood: {line}"
    return check_value(answer, line, known)

# ---- telling it ----

def fill(text, known):
    text = re.sub(r"\{now([+-]\d+)?\}", instant, text)
    for word, value in known.items():
        text = text.replace("{" + word + "}", value)
    return text

def send(server, request, known, tenant):
    headers = {**({"NGSILD-Tenant": tenant} if tenant else {}), **{k: fill(v, known) for k, v in request.headers.items()}}
    path, body = fill(request.path, known), request.body
    if body is None:
        return server.call(request.method, path, None, headers)
    if body.startswith("@chunked "):
        return chunked(server, request.method, path, body[9:].encode(), headers)
    return server.call(request.method, path, fill(body.removeprefix("@raw "), known).encode(), headers)

def chunked(server, method, path, body, headers):
    c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    c.request(method, path, iter([body]), {"Content-Type": "application/json", **headers}, encode_chunked=True)
    r = c.getresponse()
    answer = type(server.call("GET", "/health"))(r.status, r.headers, r.read())
    c.close()
    return answer

def settled(server, request, known, tenant):
    deadline = time.monotonic() + request.within
    while True:
        answer = send(server, request, known, tenant)
        if answer.status == request.status or time.monotonic() >= deadline:
            return answer
        time.sleep(0.02)

def run(server, story, tenant=None):
    known = {"base": server.base}
    for request in story.requests:
        answer = settled(server, request, known, tenant)
        place = f"{story.name}:{request.line}: {request.method} {request.path}"
        assert answer.status == request.status, f"{place}\n{answer.status} {answer.body.decode(errors='replace')}"
        for number, line in request.checks:
            said = f"{place}\n{number}: {line}\n{answer.headers}{answer.body.decode(errors='replace')}"
            assert check(answer, fill(line, known), known), said
