"""Steps of a story, done to a server and to the model: every answer must be what the model says."""
import http.client
import json
import time
import urllib.parse

import oracle
import oracle_views as v
import write_oracle as w
from conftest import NGSI
from oracle_author import IDS

LINK = f'<{w.CONTEXT_URL}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
ACCEPT = {"json": "application/json", "ld": "application/ld+json", "geo": "application/geo+json"}

class Difference(Exception):
    pass

# ---- as a command a person can repeat ----

def media(r):
    return "application/ld+json" if r.get("ld") else "application/json"

def sent_body(r):
    """With the context in it, where the request is JSON-LD [6.3.5]."""
    if not r.get("ld"):
        return r["body"]
    return ([{**i, "@context": w.CONTEXT_URL} for i in r["body"]] if isinstance(r["body"], list)
        else {**r["body"], "@context": w.CONTEXT_URL})

def curl(r, base="$B"):
    query = "&".join(f"{k}={v}" for k, v in r.get("params", {}).items())
    parts = [f"curl -i -X {r['method']} '{base}/{'/'.join(r['path'])}{'?' + query if query else ''}'"]
    if r.get("accept", "json") != "json":
        parts.append(f"-H 'Accept: {ACCEPT[r['accept']]}'")
    if r.get("tenant"):
        parts.append(f"-H 'NGSILD-Tenant: {r['tenant']}'")
    if r.get("context") and not r.get("ld"):
        parts.append(f"-H 'Link: <{w.CONTEXT_URL}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"'")
    if "body" in r:
        text = json.dumps(sent_body(r), ensure_ascii=False).replace("'", "'\\''")
        parts.append(f"-H 'Content-Type: {media(r)}' -d '{text}'")
    return " ".join(parts)

# ---- the server ----

class Client:
    """One connection, kept."""
    def __init__(self, server):
        self.http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def call(self, method, path, params=None, body=None, headers=None, media="application/json"):
        url = NGSI + "/" + "/".join(urllib.parse.quote(p, safe="") for p in path)
        if params:
            url += "?" + urllib.parse.urlencode(params, quote_via=urllib.parse.quote)
        data = None if body is None else json.dumps(body).encode()
        head = {"Content-Type": media} if data is not None else {}
        self.http.request(method, url, data, {**head, **(headers or {})})
        a = self.http.getresponse()
        text = a.read()
        return a.status, a.headers, json.loads(text) if text else None

    def ask(self, r):
        head = {"Link": LINK} if r.get("context") and not r.get("ld") else {}
        if r.get("tenant"):
            head["NGSILD-Tenant"] = r["tenant"]
        if "accept" in r:
            head["Accept"] = ACCEPT[r["accept"]]
        body = sent_body(r) if "body" in r else None
        return self.call(r["method"], r["path"], r.get("params"), body, head, media(r))

# ---- comparing ----

def plain(value):
    """One text for what means the same: the order of members, of types, scopes and instances says nothing."""
    if isinstance(value, dict):
        return {k: sorted(v) if k in ("type", "scope") and isinstance(v, list) and all(isinstance(t, str) for t in v) else plain(v)
            for k, v in sorted(value.items())}
    if isinstance(value, list):
        items = [plain(v) for v in value]
        several = any(isinstance(v, dict) and "datasetId" in v for v in items)
        return sorted(items, key=lambda v: v.get("datasetId", "") if isinstance(v, dict) else "") if several else items
    return value

def same(a, b):
    return json.dumps(plain(a), sort_keys=True) == json.dumps(plain(b), sort_keys=True)

def told(answer, r):
    """The server's answer in the words of the model."""
    status, headers, body = answer
    if status >= 400:
        return status, body["type"].rsplit("/", 1)[1]
    if status == 201 and r["path"] == ["entities"]:
        return 201, urllib.parse.unquote(headers["Location"].rsplit("/", 1)[1])
    if status == 207 and r["path"][0] == "entityOperations":
        return 207, (body["success"], [(e["entityId"], e["error"]["status"], e["error"]["type"].rsplit("/", 1)[1])
            for e in body["errors"]])
    if status == 207:
        return 207, (sorted(body["updated"]), sorted(n["attributeName"] for n in body["notUpdated"]))
    return status, body

def check_answer(r, expected, answer):
    got = told(answer, r)
    if json.dumps(got) != json.dumps(expected):
        raise Difference(f"{curl(r)}\n  answers {got}: {json.dumps(answer[2])}\n  expected {expected}")

def check_step(client, model, step):
    if "ask" not in step:
        check_answer(step, model.perform(step), client.ask(step))
        return
    entities = model.tenants[step.get("tenant")]
    {"question": check_question, "look": check_look, "list": check_list, "discovery": check_discovery}[step["ask"]](client, entities, step)

# ---- questions ----

def check_question(client, entities, step):
    context = step.get("context")
    world = oracle.World({i: v.show(e, "normalized", "full") for i, e in entities.items()}, lambda n: w.term(n, context),
        lambda t: t if ":" in t else w.term(t, context))
    verdicts = {i: oracle.judge(step["question"], e, world) for i, e in world.entities.items()}
    r = {"method": "GET", "path": ["entities"], "params": oracle.params(step["question"]), **asked_as(step)}
    if step.get("post"):
        p, body = oracle.body(step["question"])
        r.update(method="POST", path=["entityOperations", "query"], params=p, body=body)
    r["params"].update(limit=1000, count="true")
    status, headers, body = client.ask(r)
    if status != 200:
        raise Difference(f"{curl(r)}\n  answers {status} {json.dumps(body)}")
    got, sure = [e["id"] for e in body], {i for i, verdict in verdicts.items() if verdict}
    maybe = {i for i, verdict in verdicts.items() if verdict is None}
    if not sure <= set(got) <= sure | maybe or len(set(got)) != len(got) or headers["NGSILD-Results-Count"] != str(len(got)):
        raise Difference(f"{curl(r)}\n  finds {got}, counts {headers['NGSILD-Results-Count']}\n  expected {sorted(sure)}, perhaps {sorted(maybe)}, of "
            f"{json.dumps(world.entities, ensure_ascii=False)}")
    wrong = oracle.disordered([world.entities[i] for i in got], step["question"], world)
    if wrong:
        raise Difference(f"{curl(r)}\n  puts {wrong[0]['id']} before {wrong[1]['id']}\n  {json.dumps(wrong, ensure_ascii=False)}")

def asked_as(step):
    return {n: step[n] for n in ("tenant", "context") if step.get(n)}

# ---- representations ----

def check_look(client, entities, step):
    view, e = step["view"], entities.get(step["id"])
    r = {"method": "GET", "path": ["entities", step["id"]], "params": v.written(view), "accept": view.get("accept", "json"),
        **asked_as({**view, **step})}
    status, _, body = client.ask(r)
    wanted, expected = v.View(view, entities).whole(e) if e else (404, "ResourceNotFound")
    if status == 200:
        body = listed(body, view) if view.get("join") == "flat" else plain_answer(body, view)
    if status != wanted or (status == 200 and not same(body, in_list_order(expected, view))):
        raise Difference(f"{curl(r)}\n  answers {status} {json.dumps(plain(body))}\n  expected {wanted} {json.dumps(plain(expected))}")

def check_list(client, entities, step):
    """Every entity that something is left of; in the order of ids here, since flat joins add to it."""
    view = step["view"]
    r = {"method": "GET", "path": ["entities"], "params": {"local": "true", "limit": 1000, **v.written(view)},
        "accept": view.get("accept", "json"), **asked_as({**view, **step})}
    if "type" in step:
        r["params"]["type"] = step["type"]
    if step.get("post"):
        r.update(method="POST", path=["entityOperations", "query"])
        r["body"], r["params"] = v.as_query(r["params"])
    status, _, body = client.ask(r)
    expected = expected_list(entities, step)
    if status != 200 or not same(listed(body, view), in_list_order(expected, {"join": "flat"})):
        raise Difference(f"{curl(r)}\n  answers {status} {json.dumps(plain(body))}\n  expected {json.dumps(plain(expected))}")

def expected_list(entities, step):
    view, first, linked = step["view"], {}, {}
    look = v.View(view, entities)
    found = [e for e in entities.values() if "type" not in step or w.term(step["type"], view.get("context")) in e.types]
    written = {e.id for e in found if look.whole(e, alone=False)[0] == 200}
    for e in found:
        status, shown = look.whole(e, alone=False, written=written)
        if status == 200:
            first[e.id] = shown[0] if isinstance(shown, list) else shown
            linked.update({other["id"]: other for other in (shown[1:] if isinstance(shown, list) else [])})
    return list({**linked, **first}.values())

def in_list_order(entities, view):
    return sorted(entities, key=lambda e: json.dumps(plain(e), sort_keys=True)) if view.get("join") == "flat" else entities

def listed(body, view):
    """An answer that may hold several; one alone may stand without a list."""
    if view.get("accept") == "geo" and body.get("type") == "FeatureCollection":
        if "@context" not in body:
            raise Difference("a FeatureCollection without @context")
        return in_list_order([{**f, "properties": stampless(f["properties"], view)} for f in body["features"]], {"join": "flat"})
    return in_list_order([plain_answer(e, view) for e in (body if isinstance(body, list) else [body])], {"join": "flat"})

def plain_answer(body, view):
    """Without what the media type adds, which must be there, and without stamps."""
    accept = view.get("accept", "json")
    if accept != "json":
        if body.pop("@context", None) is None:
            raise Difference(f"no @context in {json.dumps(body)}")
    if accept == "geo":
        return {**body, "properties": stampless(body["properties"], view)}
    return stampless(body, view)

STAMPS = ("createdAt", "modifiedAt", "expiresAt")

def stampless(entity, view):
    """Without the times that sysAttrs adds to it, its instances and what is linked to it; the first two must be there."""
    if view.get("options") != "sysAttrs":
        return entity
    if view.get("format") == "simplified":
        return timed(entity, view, lambda attribute: in_values(attribute, view))
    return timed(entity, view, lambda attribute: in_instances(attribute, view))

def timed(holder, view, below):
    if not ("createdAt" in holder and "modifiedAt" in holder) and "pick" not in view:
        raise Difference(f"no times in {json.dumps(holder)}")
    return {n: below(i) for n, i in holder.items() if n not in STAMPS}

def in_values(value, view):
    """The simplified form: only entities have them."""
    if isinstance(value, list):
        return [in_values(i, view) for i in value]
    if isinstance(value, dict) and list(value) == ["dataset"]:
        return {"dataset": {d: in_values(i, view) for d, i in value["dataset"].items()}}
    return stampless(value, view) if isinstance(value, dict) and isinstance(value.get("id"), str) else value

def in_instances(value, view):
    if isinstance(value, list):
        return [in_instances(i, view) for i in value]
    if not isinstance(value, dict) or value.get("type") not in w.KINDS:
        return value
    linked = {n: value[n] for n in ("entity", "entityList") if n in value}
    kept = {n: value[n] for n in w.MEMBER_KIND if n in value}
    own = {n: i for n, i in value.items() if n not in linked and n not in kept}
    return {**timed(own, {}, lambda i: in_instances(i, view)), **kept,
        **{n: [stampless(e, view) for e in i] if isinstance(i, list) else stampless(i, view) for n, i in linked.items()}}

# ---- discovery ----

def check_discovery(client, entities, step):
    """What has expired is counted until it is swept out; two seconds are allowed for that [4.22]."""
    deadline = time.monotonic() + 2
    while True:
        try:
            compare_discovery(client, entities, step)
            return
        except Difference:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.01)

def compare_discovery(client, entities, step):
    for path, params, expected in v.discovery(entities, step.get("context")):
        r = {"method": "GET", "path": path, "params": params, **asked_as(step)}
        status, _, body = client.ask(r)
        if status != 200 or sorted_lists(without_list_id(body)) != sorted_lists(expected):
            raise Difference(f"{curl(r)}\n  answers {status} {json.dumps(body)}\n  expected {json.dumps(expected)}")

def without_list_id(body):
    """The id of a list is the server's to choose."""
    if isinstance(body, dict) and body.get("type") in ("EntityTypeList", "AttributeList"):
        return {n: i for n, i in body.items() if n != "id"}
    return body

def sorted_lists(value):
    if isinstance(value, dict):
        return {n: sorted_lists(i) for n, i in value.items()}
    if isinstance(value, list):
        return sorted((sorted_lists(i) for i in value), key=lambda i: json.dumps(i, sort_keys=True))
    return value

# ---- everything, at the end ----

def check_state(client, model, times):
    for tenant, entities in model.tenants.items():
        for id_ in IDS:
            e = entities.get(id_)
            for form in ("normalized", "concise", "simplified"):
                for context in (False, True):
                    r = {"method": "GET", "path": ["entities", id_], "params": {"format": form}, "tenant": tenant, "context": context}
                    status, _, body = client.ask(r)
                    if e is None and status != 404:
                        raise Difference(f"{curl(r)}\n  answers {status} {json.dumps(body)}\n  expected 404")
                    if e is not None and (status != 200 or not same(body, v.show(e, form, context))):
                        raise Difference(f"{curl(r)}\n  answers {status} {json.dumps(plain(body))}\n"
                            f"  expected {json.dumps(plain(v.show(e, form, context)))}")
            if e is not None:
                check_times(client, e, tenant, times)
        check_pages(client, tenant, entities)
        check_stamps(client, tenant)
        check_discovery(client, entities, {"tenant": tenant})

def check_times(client, e, tenant, times):
    """createdAt and modifiedAt order as the model's do, and are equal where those are; expiresAt is shown."""
    r = {"method": "GET", "path": ["entities", e.id], "params": {"options": "sysAttrs"}, "tenant": tenant}
    _, _, body = client.ask(r)
    seen = [(e.created, body["createdAt"])] + ([] if e.lapsed else [(e.modified, body["modifiedAt"])])
    if body.get("expiresAt") != e.expires:
        raise Difference(f"{curl(r)}\n  expiresAt {body.get('expiresAt')}\n  expected {e.expires}")
    for name, all_ in e.attributes.items():
        shown = body[w.compact(name, False)]
        for i in shown if isinstance(shown, list) else [shown]:
            mine = all_[i.get("datasetId")]
            seen += [(mine.created, i["createdAt"]), (mine.modified, i["modifiedAt"])]
            if i.get("expiresAt") != mine.members.get("expiresAt"):
                raise Difference(f"{curl(r)}\n  {name} expiresAt {i.get('expiresAt')}\n  expected {mine.members.get('expiresAt')}")
    for at, stamp in seen:
        if times.setdefault(at, stamp) != stamp:
            raise Difference(f"{curl(r)}\n  {json.dumps(body)}\n  {stamp} and {times[at]} are of one request, the {at}th")
    order = [stamp for _, stamp in sorted(times.items())]
    if order != sorted(order):
        raise Difference(f"{curl(r)}\n  {json.dumps(body)}\n  times go back: {sorted(times.items())}")

def check_pages(client, tenant, entities):
    ids = []
    for offset in range(0, len(entities) + 1, 2):
        r = {"method": "GET", "path": ["entities"], "tenant": tenant,
            "params": {"local": "true", "count": "true", "limit": 2, "offset": offset, "format": "simplified"}}
        _, headers, page = client.ask(r)
        ids += [e["id"] for e in page]
        if headers["NGSILD-Results-Count"] != str(len(entities)):
            raise Difference(f"{curl(r)}\n  counts {headers['NGSILD-Results-Count']}, expected {len(entities)}")
    if sorted(ids) != sorted(entities):
        raise Difference(f"{curl(r)}, and the pages before: {ids}, expected {list(entities)}")

def check_stamps(client, tenant):
    """createdAt and modifiedAt order and select as they are shown [4.9, 4.23]."""
    for name in ("createdAt", "modifiedAt"):
        r = {"method": "GET", "path": ["entities"], "params": {"local": "true", "options": "sysAttrs", "orderBy": name + ";desc"}, "tenant": tenant}
        _, _, body = client.ask(r)
        stamps = {e["id"]: oracle.instant(e[name]) for e in body}
        if list(stamps.values()) != sorted(stamps.values(), reverse=True):
            raise Difference(f"{curl(r)}\n  is not in order: {stamps}")
        if not body:
            continue
        r["params"] = {"local": "true", "q": f"{name}>={body[0][name]}"}
        _, _, found = client.ask(r)
        if {e["id"] for e in found} != {i for i, at in stamps.items() if at == stamps[body[0]["id"]]}:
            raise Difference(f"{curl(r)}\n  finds {[e['id'] for e in found]} of {stamps}")
