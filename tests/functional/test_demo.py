"""The made-up place: the same for the same seed, alive, and not built twice; its types are those of Smart Data Models."""
import json
import subprocess
import time
import warnings

import pytest

from conftest import NGSI, binary, data_folder

def metric(server, name):
    for line in server.get("/metrics").body.decode().splitlines():
        if line.split(" ")[0].split("{")[0] == name:
            return float(line.split()[-1])
    raise AssertionError(f"no metric {name}")

def wait(what, seconds=20):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)

def places(server, type_):
    found = server.get(f"{NGSI}/entities?type={type_}&limit=1000&pick=id,location&options=keyValues").json
    return {e["id"]: e.get("location") for e in found}

def village(make_server, name, *flags):
    s = make_server("--demo", "village", "--demo-rate", "200", *flags, name=name).start()
    wait(lambda: metric(s, "cardo_entities") >= 290)
    return s

def test_a_village_is_built_and_lives(make_server):
    s = village(make_server, "one")
    built = metric(s, "cardo_entities")
    wait(lambda: metric(s, "cardo_writes_accepted_total") > built + 300)
    assert metric(s, "cardo_entities") == built
    assert metric(s, "cardo_writes_refused_total") == 0
    types = s.get(f"{NGSI}/types").json["typeList"]
    assert {"Building", "Streetlight", "OffStreetParking", "AgriParcel", "WeatherObserved", "Vehicle", "SluiceGate"} <= set(types)
    # every relationship leads somewhere
    for e in s.get(f"{NGSI}/entities?type=Streetlight&limit=100&join=inline").json:
        assert e["district"]["entity"]["type"] == "District"
        assert e["refRoadSegment"]["entity"]["type"] == "RoadSegment"
    parking = s.get(f"{NGSI}/entities?type=OffStreetParking").json[0]
    assert 0 <= parking["availableSpotNumber"]["value"] <= parking["totalSpotNumber"]["value"]
    # the liar
    assert s.get(f"{NGSI}/entities?type=WaterQualityObserved&q=pH==14").json
    assert s.stop() == 0
    s.start()
    assert metric(s, "cardo_entities") == built
    wait(lambda: metric(s, "cardo_writes_accepted_total") > 50)
    assert metric(s, "cardo_entities") == built
    assert s.stop() == 0

def test_the_same_seed_makes_the_same_place(make_server):
    a, b, c = village(make_server, "a"), village(make_server, "b"), village(make_server, "c", "--demo-seed", "2")
    assert places(a, "Building") == places(b, "Building") != places(c, "Building")
    for s in (a, b, c):
        assert s.stop() == 0

def test_the_same_seed_and_start_make_the_same_entities(make_server):
    told = []
    for name, start in (("a", "2026-06-01T07:30:00Z"), ("b", "2026-06-01T07:30:00Z"), ("c", "2026-06-01T17:30:00Z")):
        s = make_server("--demo", "city", "--demo-rate", "0", "--demo-start", start, name=name).start()
        wait(lambda: metric(s, "cardo_entities") >= 5000)
        assert s.stop() == 0
        told.append(subprocess.run([binary(), "export", "--data", s.folder, "--format", "ndjson"], capture_output=True,
                                   check=True).stdout)
    assert told[0] == told[1] != told[2]
    assert told[0].count(b"\n") == 5000 and b'"observedAt":"2026-06-01T07:30:00Z"' in told[0]

def relationships(entity):
    return {o for a in entity.values() if isinstance(a, dict) and a.get("type") == "Relationship"
            for o in (a["object"] if isinstance(a["object"], list) else [a["object"]])}

def test_relationships_lead_somewhere_and_things_lie_in_their_district(make_server):
    s = make_server("--demo", "city", "--demo-rate", "0", name="whole").start()
    wait(lambda: metric(s, "cardo_entities") >= 5000)
    assert s.stop() == 0
    said = subprocess.run([binary(), "export", "--data", s.folder, "--format", "ndjson", "--context",
                           "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"], capture_output=True, check=True)
    entities = {e["id"]: e for e in map(json.loads, said.stdout.splitlines())}
    assert len(entities) == 5000
    assert {o for e in entities.values() for o in relationships(e)} <= set(entities)
    assert {e["type"] for e in entities.values() if "location" not in e} == {"Road", "AgriCrop", "GtfsRoute"}
    for e in entities.values():
        if e["type"] == "Streetlight":
            x, y = e["location"]["value"]["coordinates"]
            (x1, y1), (x2, y2) = entities[e["refRoadSegment"]["object"]]["location"]["value"]["coordinates"]
            assert min(x1, x2) - 1e-3 < x < max(x1, x2) + 1e-3 and min(y1, y2) - 1e-3 < y < max(y1, y2) + 1e-3
    s.start()
    for d in (1, 5, 12):
        area = entities[f"urn:ngsi-ld:District:demo:{d:04}"]["location"]["value"]["coordinates"]
        ask = f"type=OffStreetParking,EVChargingStation&georel=intersects&geometry=Polygon&coordinates={json.dumps(area)}"
        found = s.get(f"{NGSI}/entities?{ask}&limit=1000".replace(" ", "")).json
        assert found and {e["district"]["object"] for e in found} == {f"urn:ngsi-ld:District:demo:{d:04}"}
    assert s.stop() == 0

# ---- as Smart Data Models describe the types ----

PREFIXES = {"https://smart-data-models.github.io/": "", "https://raw.githubusercontent.com/smart-data-models/": "master/",
            "https://github.com/smart-data-models/": "raw/master/"}

def schema_from(folder, url):
    for prefix, branch in PREFIXES.items():
        if url.startswith(prefix):
            return json.loads((folder / url.removeprefix(prefix).replace(branch, "", 1)).read_text())
    raise LookupError(url)

def plain(entity):
    """As the schemas have it: a moment is its text."""
    return {k: v["@value"] if isinstance(v, dict) and "@value" in v else v for k, v in entity.items() if k != "@context"}

def test_types_are_as_smart_data_models_describe_them(make_server):
    jsonschema = pytest.importorskip("jsonschema")
    folder = data_folder("models", "sdm")
    s = make_server("--demo", "city", "--demo-rate", "2000", name="models").start()
    wait(lambda: metric(s, "cardo_entities") >= 5000)
    wait(lambda: metric(s, "cardo_writes_accepted_total") > 7000)
    without = set()
    for type_ in s.get(f"{NGSI}/types").json["typeList"]:
        found = [p for p in folder.glob(f"*/{type_}/schema.json") if p.parts[-3] != "dataModel.S4BLDG"]
        if not found:
            without.add(type_)
            continue
        schema = json.loads(found[0].read_text())
        schema.pop("$id", None)  # half of them are wrong
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            there = jsonschema.RefResolver("", schema, handlers={"https": lambda url: schema_from(folder, url)})
        judge = jsonschema.Draft202012Validator(schema, resolver=there)
        for entity in s.get(f"{NGSI}/entities?type={type_}&limit=100&options=keyValues&lang=en").json:
            faults = [f"{entity['id']} {list(e.absolute_path)}: {e.message}" for e in judge.iter_errors(plain(entity))]
            assert not faults, "\n".join(faults)
    assert without == {"District"}
    assert s.stop() == 0

def test_a_day_passes_in_seconds(make_server):
    s = village(make_server, "fast", "--demo-speed", "7200")
    def lights():
        return {e["powerState"] for e in s.get(f"{NGSI}/entities?type=Streetlight&limit=100&options=keyValues").json}
    seen = set()
    until = time.monotonic() + 60
    while not seen >= {"on", "off"}:  # others are dimmed
        assert time.monotonic() < until, f"the lights were only {seen}"
        seen |= lights()
        time.sleep(0.1)
    assert s.stop() == 0

def test_a_stress_test_is_more_than_a_batch_for_each_tick(make_server):
    s = make_server("--demo", "city", "--demo-rate", "20000", "--durability", "os", name="stress").start()
    wait(lambda: metric(s, "cardo_entities") >= 5000)
    best, until = 0, time.monotonic() + 60
    while best < 4000:
        assert time.monotonic() < until, f"at most {best:.0f} a second"
        before, began = metric(s, "cardo_writes_accepted_total"), time.monotonic()
        time.sleep(1)
        best = max(best, (metric(s, "cardo_writes_accepted_total") - before) / (time.monotonic() - began))
    assert metric(s, "cardo_writes_refused_total") == 0
    assert s.stop() == 0

def test_there_is_no_hamlet(make_server):
    s = make_server("--demo", "hamlet")
    with pytest.raises(AssertionError, match="village, city or metropolis"):
        s.start()

def test_its_clock_begins_at_a_time(make_server):
    s = make_server("--demo", "village", "--demo-start", "noon")
    with pytest.raises(AssertionError, match="demo_start.*2026-06-01T07:30:00Z"):
        s.start()
