"""The made-up place: the same for the same seed, alive, and not built twice."""
import time

import pytest

from conftest import NGSI

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
    assert {"Building", "Streetlight", "OffStreetParking", "AgriParcel", "WeatherObserved", "Vehicle"} <= set(types)
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

def test_a_day_in_a_minute(make_server):
    s = village(make_server, "fast", "--demo-speed", "1440")
    def lights():
        return {e["powerState"] for e in s.get(f"{NGSI}/entities?type=Streetlight&limit=100&options=keyValues").json}
    seen = set()
    until = time.monotonic() + 75
    while seen != {"on", "off"}:
        assert time.monotonic() < until, f"the lights were only {seen}"
        seen |= lights()
        time.sleep(0.5)
    assert s.stop() == 0

def test_there_is_no_hamlet(make_server):
    s = make_server("--demo", "hamlet")
    with pytest.raises(AssertionError, match="village, city or metropolis"):
        s.start()
