"""`cardo jsonld expand|compact`: documents from files, standard input and servers, and what is told when one is wrong."""
import json
import pathlib
import subprocess

import pytest

from conftest import binary
from context_server import Contexts

CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
V = {"@context": {"@vocab": "http://v/"}}

@pytest.fixture
def contexts():
    s = Contexts()
    yield s
    s.close()

def cardo(*args, status=0, document=None, **more):
    text = None if document is None else json.dumps(document).encode()
    done = subprocess.run([binary("CARDO_ASAN"), "jsonld", *map(str, args)], input=text, capture_output=True, timeout=60, **more)
    words = done.stderr.decode()
    assert done.returncode == status and "Sanitizer" not in words and "runtime error" not in words, words
    return words if status else json.loads(done.stdout)

def served(document, media="application/ld+json", **fields):
    return lambda h: h.answer(200, json.dumps(document).encode(), Content_Type=media, **fields)

def put(path, document):
    path.write_text(json.dumps(document))
    return path

def test_there_and_back(tmp_path):
    entity = {"@context": [{"speed": "http://e.org/speed"}, CORE], "id": "urn:x:1", "type": "Lamp",
              "speed": {"type": "Property", "value": 3.50, "unitCode": "KMH"}, "near": {"type": "Relationship", "object": "urn:x:2"}}
    path = put(tmp_path / "entity.jsonld", entity)
    expanded = cardo("expand", path)
    assert [n["@id"] for n in expanded] == ["urn:x:1"] and expanded[0]["@type"] == [DEFAULT + "Lamp"]
    assert expanded[0][DEFAULT + "near"][0]["https://uri.etsi.org/ngsi-ld/hasObject"] == [{"@id": "urn:x:2"}]
    assert cardo("compact", "--context", path, "-", document=expanded) == entity

def test_contexts_beside_a_file(tmp_path):
    put(tmp_path / "a b.jsonld", {"@context": {"a": "http://e.org/a"}})
    path = put(tmp_path / "doc.jsonld", {"@context": "a%20b.jsonld", "@id": "x", "a": 1})
    uri = tmp_path.resolve().as_uri()
    assert cardo("expand", path) == [{"@id": uri + "/x", "http://e.org/a": [{"@value": 1}]}]
    assert cardo("expand", "--base", "http://h/", path, status=1).startswith("cardo: /@context: loading remote context failed: ")
    assert cardo("expand", "--base", "http://h/y", "-", document={"@id": "x", "http://e.org/a": 1}) == [
        {"@id": "http://h/x", "http://e.org/a": [{"@value": 1}]}]
    assert cardo("expand", "--context", tmp_path / "a b.jsonld", "-", document={"a": 1}) == [{"http://e.org/a": [{"@value": 1}]}]

def test_contexts_of_servers(contexts):
    contexts.pages = {"/c": served(V), "/moved": lambda h: h.answer(302, Location="/d/c"), "/d/c": served({"@context": "../c"})}
    for page in "/c", "/moved":
        assert cardo("expand", "-", document={"@context": contexts.url(page), "a": 1}) == [{"http://v/a": [{"@value": 1}]}]
    # compacted with a URL, it is that context that is named
    url = contexts.url("/c")
    assert cardo("compact", "--context", url, "-", document={"http://v/a": 1}) == {**V, "a": 1}

def test_documents_of_servers(contexts):
    link = '<c>; rel="http://www.w3.org/ns/json-ld#context"'
    contexts.pages = {"/c": served(V), "/plain": served({"@id": "x", "a": 1}, "application/json", Link=link),
                      "/page": served("hello", "text/html", Link='<plain>; rel="alternate"; type="application/ld+json"'),
                      "/html": served("hello", "text/html"), "/again": served("x", "text/html", Link='<again>; rel="alternate"; type="application/ld+json"'),
                      "/two": served({"a": 1}, "application/json", Link=f"{link}, {link}"),
                      "/file": served({"@context": "file:///etc/hostname", "a": 1})}
    for page in "/plain", "/page":
        assert cardo("expand", contexts.url(page)) == [{"@id": contexts.url("/x"), "http://v/a": [{"@value": 1}]}]
    for page, words in (("/html", "loading document failed"), ("/missing", "loading document failed"), ("/again", "loading document failed"),
                        ("/two", "multiple context link headers"), ("/file", "loading remote context failed")):
        assert words in cardo("expand", contexts.url(page), status=1), page

def test_a_folder_of_contexts(tmp_path):
    put(tmp_path / "index.json", {"https://example.org/c": "c.jsonld"})
    put(tmp_path / "c.jsonld", V)
    document = {"@context": "https://example.org/c", "a": 1}
    assert cardo("expand", "--contexts", tmp_path, "-", document=document) == [{"http://v/a": [{"@value": 1}]}]

@pytest.mark.parametrize("document, said", [
    ({"@context": {"a": {"@id": "http://x/a", "@type": 5}}}, "cardo: /@context/a: invalid type mapping: "),
    ([{"http://x/a": [1, {"@id": 5}]}], "cardo: /0/http:~1~1x~1a/1/@id: invalid @id value: "),
    ({"@context": "relative"}, "cardo: /@context: loading document failed: "),
    ({"@context": "http://127.0.0.1:1/x"}, "cardo: /@context: loading remote context failed: "),
])
def test_errors_have_the_words_of_the_standard_and_a_place(document, said):
    words = cardo("expand", "-", document=document, status=1)
    assert words.startswith(said) and words.count("\n") == 1

def test_an_error_in_a_context_names_it(contexts):
    contexts.pages = {"/c": served({"@context": {"a": {"@id": 5}}})}
    words = cardo("expand", "-", document={"@context": [contexts.url("/c")]}, status=1)
    assert words.startswith(f"cardo: {contexts.url('/c')}#/@context/a: invalid IRI mapping: ")

def test_wrong_calls(tmp_path):
    assert "expand or compact" in cardo(status=1)
    assert "expand or compact" in cardo("flatten", "-", status=1)
    assert "Which document" in cardo("expand", status=1)
    assert "--context" in cardo("compact", "-", status=1, document={})
    assert "--base" in cardo("expand", "--base", "x", "-", status=1, document={})
    assert "No such file" in cardo("expand", tmp_path / "none", status=1)
    assert "One document" in cardo("expand", put(tmp_path / "x", {}), "y", status=1)
    pathlib.Path(tmp_path / "broken").write_text('{"a": ')
    assert cardo("expand", tmp_path / "broken", status=1).startswith("cardo: ")
    assert "--body-max" in cardo("expand", "--body-max", "1KiB", "-", status=1, document={"a": "x" * 2000})
