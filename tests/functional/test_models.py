"""Every normalized example of the Smart Data Models goes in and comes back equal, also after a restart."""
from urllib.parse import quote

import models
from conftest import NGSI, data_folder

LD = {"Content-Type": "application/ld+json"}

def test_examples_come_back_equal(make_server, tmp_path, capsys):
    folder = data_folder("models")
    models.write_index(folder, tmp_path / "contexts")
    s = make_server("--contexts", str(tmp_path / "contexts"), kind="CARDO_ASAN").start()
    taken, refused = [], []
    for path, entity in models.examples(folder):
        s.call("DELETE", f"{NGSI}/entities/{quote(str(entity.get('id')))}")
        a = s.call("POST", f"{NGSI}/entities", entity, LD)
        if a.status != 201:
            refused.append((path, a.json["detail"], a.json.get("where")))
            continue
        taken.append((path, entity))
        check(s, path, entity)
    newest = {e["id"]: (p, e) for p, e in taken}
    assert s.stop() == 0
    s.start()
    for path, entity in newest.values():
        check(s, path, entity)
    assert s.stop() == 0
    with capsys.disabled():
        print(f"\n{len(taken)} examples taken, {len(refused)} refused")
        for path, why, where in refused:
            print(f"  {path}: {where}: {why}")
    assert len(taken) >= 60
    # each refusal must name the member at fault
    assert all(where for _, _, where in refused)

def check(s, path, entity):
    link = f'<{models.link_url(entity)}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    back = s.call("GET", f"{NGSI}/entities/{quote(entity['id'])}", headers={"Link": link, "Accept": "application/json"})
    assert back.status == 200, (path, back.body)
    assert models.data(back.json) == models.data(entity), path
