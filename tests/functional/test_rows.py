"""
Every status and error of each resource of NGSI-LD [CIM 009 6.4 to 6.33] and the story that asserts it. What needs distribution,
entity maps or registrations (207 of writes to one entity, 201 of queries, 422 of creates) is not served yet and has no row.
"""
import pathlib
import re

import pytest

from conftest import NGSI
from stories import Story

FOLDER = pathlib.Path(__file__).parent
ENTITY, ATTRS, ATTR = "/entities/{id}", "/entities/{id}/attrs", "/entities/{id}/attrs/{name}"
BATCH, CONTEXT = "/entityOperations/", "/jsonldContexts/{id}"

# resource, method, status, name of the error or None, story
ROWS = [
    ("/entities", "POST", 201, None, "5.6.1/create"),
    ("/entities", "POST", 400, "BadRequestData", "5.6.1/refused"),
    ("/entities", "POST", 400, "InvalidRequest", "5.6.1/refused"),
    ("/entities", "POST", 409, "AlreadyExists", "5.6.1/create"),
    ("/entities", "POST", 411, None, "6.3.4/preconditions"),
    ("/entities", "POST", 415, None, "6.3.4/preconditions"),
    ("/entities", "POST", 504, "LdContextNotAvailable", "5.5.6/unavailable"),
    ("/entities", "GET", 200, None, "5.7.2/list"),
    ("/entities", "GET", 203, None, "4.3.6.8/version"),
    ("/entities", "GET", 400, "BadRequestData", "5.7.2/too-wide"),
    ("/entities", "GET", 400, "InvalidRequest", "6.3.7/parameters"),
    ("/entities", "GET", 403, "TooManyResults", "4.12/pages"),
    ("/entities", "GET", 403, "TooComplexQuery", "4.9/too-complex"),
    ("/entities", "GET", 404, "NonexistentTenant", "5.5.10/tenants"),
    ("/entities", "GET", 406, "NotAcceptable", "6.3.4/preconditions"),
    ("/entities", "HEAD", 200, None, "6.3.3/methods"),
    ("/entities", "OPTIONS", 204, None, "6.3.3/methods"),
    ("/entities", "DELETE", 204, None, "5.6.21/purge"),
    ("/entities", "DELETE", 400, "BadRequestData", "5.6.21/purge-refused"),
    ("/entities", "DELETE", 400, "InvalidRequest", "5.6.21/purge-refused"),
    ("/entities", "DELETE", 404, "NonexistentTenant", "5.5.10/tenants"),
    ("/entities", "PUT", 405, "MethodNotAllowed", "6.3.3/methods"),
    (ENTITY, "GET", 200, None, "5.7.1/retrieve"),
    (ENTITY, "GET", 203, None, "4.3.6.8/version"),
    (ENTITY, "GET", 400, "BadRequestData", "5.7.1/retrieve"),
    (ENTITY, "GET", 400, "InvalidRequest", "5.7.1/retrieve"),
    (ENTITY, "GET", 404, "ResourceNotFound", "5.7.1/retrieve"),
    (ENTITY, "GET", 404, "NonexistentTenant", "5.5.10/tenants"),
    (ENTITY, "GET", 504, "LdContextNotAvailable", "5.13.5/delete"),
    (ENTITY, "DELETE", 204, None, "5.6.6/delete"),
    (ENTITY, "DELETE", 400, "BadRequestData", "5.6.6/delete"),
    (ENTITY, "DELETE", 404, "ResourceNotFound", "5.6.6/delete"),
    (ENTITY, "DELETE", 404, "NonexistentTenant", "5.5.10/tenants"),
    (ENTITY, "PUT", 204, None, "5.6.18/replace"),
    (ENTITY, "PUT", 400, "BadRequestData", "5.6.18/replace"),
    (ENTITY, "PUT", 400, "InvalidRequest", "5.6.18/replace"),
    (ENTITY, "PUT", 404, "ResourceNotFound", "5.6.18/replace"),
    (ENTITY, "PUT", 415, None, "6.3.4/preconditions"),
    (ENTITY, "PATCH", 204, None, "5.6.17/merge"),
    (ENTITY, "PATCH", 400, "BadRequestData", "5.6.17/merge"),
    (ENTITY, "PATCH", 400, "InvalidRequest", "5.6.17/merge"),
    (ENTITY, "PATCH", 404, "ResourceNotFound", "5.6.17/merge"),
    (ENTITY, "PATCH", 404, "NonexistentTenant", "5.5.10/tenants"),
    (ENTITY, "PATCH", 411, None, "6.3.4/preconditions"),
    (ENTITY, "POST", 405, None, "6.3.3/methods"),
    (ATTRS, "POST", 204, None, "5.6.3/append"),
    (ATTRS, "POST", 207, None, "5.6.3/append"),
    (ATTRS, "POST", 400, "BadRequestData", "5.6.3/append"),
    (ATTRS, "POST", 400, "InvalidRequest", "5.6.3/append"),
    (ATTRS, "POST", 404, "ResourceNotFound", "5.6.3/append"),
    (ATTRS, "PATCH", 204, None, "5.6.2/update"),
    (ATTRS, "PATCH", 207, None, "5.6.2/update"),
    (ATTRS, "PATCH", 400, "BadRequestData", "5.6.2/update"),
    (ATTRS, "PATCH", 400, "InvalidRequest", "5.6.2/update"),
    (ATTRS, "PATCH", 404, "ResourceNotFound", "5.6.2/update"),
    (ATTRS, "PATCH", 415, None, "6.3.4/preconditions"),
    (ATTRS, "GET", 405, None, "6.3.3/methods"),
    (ATTR, "PATCH", 204, None, "5.6.4/partial"),
    (ATTR, "PATCH", 400, "BadRequestData", "5.6.4/partial"),
    (ATTR, "PATCH", 400, "InvalidRequest", "5.6.4/partial"),
    (ATTR, "PATCH", 404, "ResourceNotFound", "5.6.4/partial"),
    (ATTR, "DELETE", 204, None, "5.6.5/delete-attribute"),
    (ATTR, "DELETE", 400, "BadRequestData", "5.6.5/delete-attribute"),
    (ATTR, "DELETE", 400, "InvalidRequest", "6.3.7/parameters"),
    (ATTR, "DELETE", 404, "ResourceNotFound", "5.6.5/delete-attribute"),
    (ATTR, "PUT", 204, None, "5.6.19/replace-attribute"),
    (ATTR, "PUT", 400, "BadRequestData", "5.6.19/replace-attribute"),
    (ATTR, "PUT", 400, "InvalidRequest", "6.3.7/parameters"),
    (ATTR, "PUT", 404, "ResourceNotFound", "5.6.19/replace-attribute"),
    (ATTR, "GET", 405, None, "6.3.3/methods"),
    (BATCH + "create", "POST", 201, None, "5.6.7/batch-create"),
    (BATCH + "create", "POST", 207, None, "5.6.7/batch-create"),
    (BATCH + "create", "POST", 400, "BadRequestData", "5.6.7/batch-create"),
    (BATCH + "create", "POST", 400, "InvalidRequest", "5.6.7/batch-create"),
    (BATCH + "create", "POST", 415, None, "6.3.4/preconditions"),
    (BATCH + "create", "PATCH", 405, None, "6.3.3/methods"),
    (BATCH + "upsert", "POST", 201, None, "5.6.8/batch-upsert"),
    (BATCH + "upsert", "POST", 204, None, "5.6.8/batch-upsert"),
    (BATCH + "upsert", "POST", 207, None, "5.6.8/batch-upsert"),
    (BATCH + "upsert", "POST", 400, "BadRequestData", "5.6.8/batch-upsert"),
    (BATCH + "upsert", "POST", 400, "InvalidRequest", "5.6.8/batch-upsert"),
    (BATCH + "update", "POST", 204, None, "5.6.9/batch-update"),
    (BATCH + "update", "POST", 207, None, "5.6.9/batch-update"),
    (BATCH + "update", "POST", 400, "BadRequestData", "5.6.9/batch-update"),
    (BATCH + "update", "POST", 400, "InvalidRequest", "5.6.9/batch-update"),
    (BATCH + "update", "POST", 404, "NonexistentTenant", "5.5.10/tenants"),
    (BATCH + "merge", "POST", 204, None, "5.6.20/batch-merge"),
    (BATCH + "merge", "POST", 207, None, "5.6.20/batch-merge"),
    (BATCH + "merge", "POST", 400, "BadRequestData", "5.6.20/batch-merge"),
    (BATCH + "merge", "POST", 400, "InvalidRequest", "6.3.7/parameters"),
    (BATCH + "merge", "POST", 404, "NonexistentTenant", "5.5.10/tenants"),
    (BATCH + "delete", "POST", 204, None, "5.6.10/batch-delete"),
    (BATCH + "delete", "POST", 207, None, "5.6.10/batch-delete"),
    (BATCH + "delete", "POST", 400, "BadRequestData", "5.6.10/batch-delete"),
    (BATCH + "delete", "POST", 400, "InvalidRequest", "6.3.7/parameters"),
    (BATCH + "delete", "POST", 404, "NonexistentTenant", "5.5.10/tenants"),
    (BATCH + "query", "POST", 200, None, "5.7.2/query-body"),
    (BATCH + "query", "POST", 203, None, "4.3.6.8/version"),
    (BATCH + "query", "POST", 400, "BadRequestData", "5.7.2/query-body"),
    (BATCH + "query", "POST", 400, "InvalidRequest", "5.7.2/query-body"),
    (BATCH + "query", "POST", 403, "TooManyResults", "5.7.2/query-body"),
    (BATCH + "query", "POST", 404, "NonexistentTenant", "5.5.10/tenants"),
    (BATCH + "query", "GET", 405, None, "6.3.3/methods"),
    ("/types", "GET", 200, None, "5.7.5/types"),
    ("/types", "GET", 400, "BadRequestData", "5.7.5/types"),
    ("/types", "GET", 400, "InvalidRequest", "5.7.5/types"),
    ("/types", "GET", 404, "NonexistentTenant", "5.5.10/tenants"),
    ("/types", "GET", 406, None, "4.5.16/geojson"),
    ("/types", "POST", 405, None, "5.7.5/types"),
    ("/types/{type}", "GET", 200, None, "5.7.7/type"),
    ("/types/{type}", "GET", 400, "InvalidRequest", "5.7.7/type"),
    ("/types/{type}", "GET", 404, "ResourceNotFound", "5.7.7/type"),
    ("/types/{type}", "DELETE", 405, None, "5.7.7/type"),
    ("/attributes", "GET", 200, None, "5.7.8/attributes"),
    ("/attributes", "GET", 400, "BadRequestData", "5.7.9/attributes-details"),
    ("/attributes", "GET", 400, "InvalidRequest", "5.7.8/attributes"),
    ("/attributes", "GET", 406, None, "6.3.4/preconditions"),
    ("/attributes", "PATCH", 405, None, "6.3.3/methods"),
    ("/attributes/{name}", "GET", 200, None, "5.7.10/attribute"),
    ("/attributes/{name}", "GET", 400, "InvalidRequest", "6.3.7/parameters"),
    ("/attributes/{name}", "GET", 404, "ResourceNotFound", "5.7.10/attribute"),
    ("/attributes/{name}", "GET", 404, "NonexistentTenant", "5.5.10/tenants"),
    ("/attributes/{name}", "PATCH", 405, None, "6.3.3/methods"),
    ("/jsonldContexts", "POST", 201, None, "5.13.2/add"),
    ("/jsonldContexts", "POST", 400, "BadRequestData", "5.13.2/add"),
    ("/jsonldContexts", "POST", 400, "InvalidRequest", "5.13.2/add"),
    ("/jsonldContexts", "GET", 200, None, "5.13.3/list"),
    ("/jsonldContexts", "GET", 400, "BadRequestData", "5.13.3/list"),
    ("/jsonldContexts", "GET", 400, "InvalidRequest", "5.13.3/list"),
    ("/jsonldContexts", "PUT", 405, None, "6.3.3/methods"),
    (CONTEXT, "GET", 200, None, "5.13.4/serve"),
    (CONTEXT, "GET", 400, "BadRequestData", "5.13.4/serve"),
    (CONTEXT, "GET", 404, "ResourceNotFound", "5.13.4/serve"),
    (CONTEXT, "GET", 422, "OperationNotSupported", "5.13.4/serve"),
    (CONTEXT, "DELETE", 204, None, "5.13.5/delete"),
    (CONTEXT, "DELETE", 400, "BadRequestData", "5.13.5/delete"),
    (CONTEXT, "DELETE", 400, "InvalidRequest", "6.3.7/parameters"),
    (CONTEXT, "DELETE", 404, "ResourceNotFound", "5.13.5/delete"),
    (CONTEXT, "DELETE", 504, "LdContextNotAvailable", "test_stored_contexts.py::test_a_reload_that_fails_keeps_the_copy"),
    (CONTEXT, "PATCH", 405, None, "6.3.3/methods"),
    ("/info/sourceIdentity", "GET", 200, None, "5.15.1/identity"),
    ("/info/sourceIdentity", "GET", 400, "InvalidRequest", "5.15.1/identity"),
    ("/info/sourceIdentity", "POST", 405, None, "5.15.1/identity"),
]

def is_of(resource, path):
    """Is this a path of the resource? A context's may be known to a story as {word}."""
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(NGSI + resource))
    return re.fullmatch(pattern + "/?", path) or (resource == CONTEXT and re.fullmatch(r"\{\w+\}", path))

def in_python(method, status, error, file, test):
    text = (FOLDER / file).read_text().split(f"def {test}(", 1)[1].split("\ndef ", 1)[0]
    return f'"{method}"' in text and str(status) in text and (not error or error in text)

@pytest.mark.parametrize("resource, method, status, error, story", ROWS, ids=[f"{m} {r} {s} {e or ''}" for r, m, s, e, _ in ROWS])
def test_a_story_asserts_it(resource, method, status, error, story):
    if "::" in story:
        assert in_python(method, status, error, *story.split("::"))
        return
    requests = Story((FOLDER / (story + ".http")).read_text(), story).requests
    assert any(r.method == method and is_of(resource, r.path.split("?")[0]) and r.status == status and (not error or r.problem == error)
        for r in requests), f"{story} does not say that {method} {resource} answers {status} {error or ''}"

def test_every_operation_that_is_served_has_rows(server):
    blank = lambda path: re.sub(r"\{\w+\}", "{}", path)
    known = {(blank(NGSI + resource), method) for resource, method, status, _, _ in ROWS if status < 300}
    served = {(blank(path), method.upper()) for path, item in server.get("/openapi").json["paths"].items() if path.startswith(NGSI)
        for method in item if method in ("get", "post", "put", "patch", "delete")}
    assert len(served) > 25
    assert served <= known, f"no row for {sorted(served - known)}"
