"""
Every *.http story below this folder, each in a tenant of its own on one server, or alone.
"""
import pathlib

import pytest

from conftest import NGSI, Server
from stories import Story, run

FOLDER = pathlib.Path(__file__).parent
FILES = sorted(FOLDER.rglob("*.http"))

@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("stories") / "twin", kind="CARDO_ASAN").start()
    yield s
    code = s.stop()
    text = pathlib.Path(s.folder + ".log").read_text()
    assert code == 0 and "Sanitizer" not in text and "runtime error" not in text, text

def tenant_for(server, number):
    """Reading makes no tenant: an entity that comes and goes does."""
    name = f"story-{number}"
    to = {"NGSILD-Tenant": name}
    assert server.call("POST", NGSI + "/entities", {"id": "urn:cardo:nobody", "type": "Nobody"}, to).status == 201
    assert server.call("DELETE", NGSI + "/entities/urn:cardo:nobody", headers=to).status == 204
    return name

@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(FOLDER)) for f in FILES])
def test_story(request, file):
    story = Story(file.read_text(), str(file.relative_to(FOLDER)))
    if story.alone:
        run(request.getfixturevalue("server"), story)
    else:
        shared = request.getfixturevalue("shared")
        run(shared, story, tenant_for(shared, FILES.index(file)))

def test_a_story_fails_where_an_answer_is_not_as_it_says(server):
    """The language itself: a check that could not fail would prove nothing."""
    create = 'POST /ngsi-ld/v1/entities {"id":"urn:x:1","type":"T","a":1} = 201\n'
    assert server.call("POST", NGSI + "/entities", {"id": "urn:x:1", "type": "T", "a": 1}).status == 201
    get = "GET /ngsi-ld/v1/entities/urn:x:1?format=simplified = 200\n  "
    run(server, Story(get + '$.a == 1\n ! $.b\n > Content-Type ~ json\n body == {"id":"urn:x:1",\n "type":"T","a":1}', "right"))
    missing = "GET /ngsi-ld/v1/entities/urn:x:2 = 404\n  "
    run(server, Story(missing + "error ResourceNotFound", "right"))
    for wrong in (create, get.replace("200", "404"), get + "$.a == 2", get + "$.b", get + "! $.a", get + "$.a ~ 2", get + "body == {}", get + "empty",
                  get + "> Content-Type: text/html", get + "> Content-Type ~ html", get + "! > Content-Type", get + "> Location as x",
                  get + "$.b as x", missing + "error BadRequestData", missing + "error ResourceNotFound at /a", get + "nonsense",
                  "GET /ngsi-ld/v1/entities?type=T = 200\n ids == []"):
        with pytest.raises((AssertionError, KeyError)):
            run(server, Story(wrong, "wrong"))
    with pytest.raises(AssertionError):
        Story("# nothing is asked\nalone", "empty")
