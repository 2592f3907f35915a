"""A file that nobody has described is in the twin in two commands: a mapping is suggested, and it runs as it is."""
import gzip
import json
import re
import shlex
import subprocess

import pytest

from conftest import DATA, ROOT, binary

CITY = DATA / "city"
MUENSTER = CITY / "muenster"

def cardo(*args, status=0, kind="CARDO_ASAN", **more):
    done = subprocess.run([binary(kind), *map(str, args)], capture_output=True, timeout=300, **more)
    assert done.returncode == status, done.stderr.decode()
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr.decode()
    return done

def suggest(path, **more):
    """The mapping and what was said about it; the same each time."""
    done = cardo("import", "--suggest", path, **more)
    assert cardo("import", "--suggest", path, **more).stdout == done.stdout
    return json.loads(done.stdout), done.stderr.decode()

def entities(path, tmp_path, mapping, faults=0, kind="CARDO_ASAN"):
    """What the suggested mapping makes of the file, as it stands."""
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps(mapping))
    done = cardo("import", "--map", file, "--print", path, kind=kind)
    told = re.search(r"(\d+) entities made, (\d+) refused, (\d+) faults", done.stderr.decode())
    assert told, done.stderr.decode()
    assert int(told[2]) == 0 and int(told[3]) <= faults, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]

def value(entity, name):
    return entity[name]["value"]

# ---- files of a city ----

def city(name):
    path = CITY / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path

def test_signals(tmp_path):
    path = city("muenster/traffic/signals.csv")
    mapping, said = suggest(path)
    made = entities(path, tmp_path, mapping)
    assert len(made) == 308 and len({e["id"] for e in made}) == 308
    one = {e["id"]: e for e in made}["urn:ngsi-ld:Signals:01010"]
    assert one["type"] == "Signals"
    assert value(one, "location") == {"type": "Point", "coordinates": [7.580732, 51.987988]}
    assert value(one, "identifier") == "01010" and value(one, "strA") == "Steinfurter Straße"
    assert "technik" not in one  # "-" is no value
    assert "observedAt" not in json.dumps(mapping)
    assert "longitude and latitude" in said

def test_lake(tmp_path):
    path = city("muenster/aasee/aasee_2022_2024.csv.gz")
    mapping, said = suggest(path)
    made = entities(path, tmp_path, mapping, faults=100, kind="CARDO")
    assert len(made) > 60000 and {e["id"] for e in made} == {"urn:ngsi-ld:Aasee:aasee-2022-2024"}
    assert made[0]["temperature"] == {"type": "Property", "value": 7.88, "observedAt": "2021-12-31T23:05:00Z"}
    assert value(made[0], "pH") == 8.09 and value(made[0], "O2") == 9.69
    assert "Europe/Berlin was taken" in said and "WaterQualityObserved" in said

def test_parking(tmp_path):
    path = city("muenster/parking/parking_2024.csv.gz")
    mapping, said = suggest(path)
    assert mapping["entity"] == {"id": "urn:ngsi-ld:Parking:{@file|slug}", "observedAt": "{Datum und Uhrzeit}"}
    assert {"to": "phTheater", "from": "PH Theater", "as": "integer"} in mapping["attributes"]
    assert len(mapping["attributes"]) == 17 and '"spread"' in said
    with gzip.open(path) as full:
        head = tmp_path / "head.csv"
        head.write_bytes(b"".join(full.readline() for _ in range(1000)))
    made = entities(head, tmp_path, mapping)
    assert len(made) == 999 and value(made[0], "phTheater") == 594

@pytest.mark.parametrize("site", ["100020113", "100031297", "100053305"])
def test_bicycles(site, tmp_path):
    path = city(f"muenster/bikes/{site}.csv.gz")
    mapping, _ = suggest(path)
    assert mapping["entity"]["observedAt"] == "{Datetime}"
    with gzip.open(path) as full:
        head = tmp_path / f"{site}.csv"
        head.write_bytes(b"".join(full.readline() for _ in range(2000)))
    made = entities(head, tmp_path, mapping)
    assert len(made) == 1999
    names = set(made[0]) - {"id", "type"}
    assert len(names) == head.read_text().splitlines()[0].count(",")  # an attribute for each column but the time
    assert all(isinstance(value(made[0], name), int) for name in names)

def test_vehicle_counts(tmp_path):
    path = city("muenster/traffic/vehicle_counts_2015-10.csv.gz")
    mapping, _ = suggest(path)
    assert mapping["source"]["delimiter"] == ";"
    made = entities(path, tmp_path, mapping, kind="CARDO")
    assert len(made) == 19463 and len({e["id"] for e in made}) == 640
    one = next(e for e in made if value(e, "detector") == "MQ_03290_FV12_GR")
    assert value(one, "signalId") == "03290" and value(one, "h00") == 36  # a code keeps its zero

def test_air_quality(tmp_path):
    path = city("reference-series/AirQualityUCI.csv.gz")
    mapping, said = suggest(path)
    assert mapping["source"]["null"] == ["-200"] and mapping["entity"]["observedAt"] == "{Date} {Time}"
    made = entities(path, tmp_path, mapping, faults=3, kind="CARDO")
    assert len(made) > 9300 and all(a.get("value") != -200 for e in made for a in e.values() if isinstance(a, dict))
    assert value(made[0], "relativeHumidity") == 48.9

def test_a_feed_of_timetables_has_a_mapping_already():
    done = cardo("import", "--suggest", city("gtfs/rovigo.zip"))
    assert done.stdout == b"" and b"--map gtfs" in done.stderr

# ---- files of anybody ----

STATIONS = """Sensor-Nr;Name;Rechtswert;Hochwert;Temp [°C];NO2 (µg/m³);Zeitpunkt;aktiv
1001;Rathaus;405123,5;5758123,25;12,5;33;31.01.2024 07:00;ja
1002;Bahnhof Süd;405500,1;5757000,5;-1,5;-999;31.01.2024 07:00;nein
1001;Rathaus;405123,5;5758123,25;13,0;-999;31.07.2024 08:00;ja
1002;Bahnhof Süd;405500,1;5757000,5;1.234,5;35;31.07.2024 08:00;nein
"""

def test_in_the_twin_in_two_commands(tmp_path, make_server):
    data = tmp_path / "Luft Messung 2024.csv"
    data.write_bytes(STATIONS.encode("latin-1"))
    with open(tmp_path / "my.json", "wb") as to:
        said = subprocess.run([binary("CARDO_ASAN"), "import", "--suggest", data.name], stdout=to, stderr=subprocess.PIPE,
                              cwd=tmp_path, timeout=60, check=True).stderr.decode()
    following = re.search(r"next:  cardo (.*)", said)[1]
    assert following == "import --map my.json 'Luft Messung 2024.csv'"
    server = make_server()
    cardo(*shlex.split(following), "--data", server.folder, cwd=tmp_path)
    server.start()
    found = server.get("/ngsi-ld/v1/entities?type=LuftMessung&options=concise&orderBy=id").json
    assert [e["id"] for e in found] == ["urn:ngsi-ld:LuftMessung:1001", "urn:ngsi-ld:LuftMessung:1002"]
    first, second = found
    assert first["temperature"] == {"value": 13.0, "unitCode": "CEL", "observedAt": "2024-07-31T06:00:00Z"}
    assert second["temperature"]["value"] == 1234.5 and second["no2"]["unitCode"] == "GQ"
    assert first["aktiv"]["value"] is True and second["name"] == "Bahnhof Süd"
    lon, lat = first["location"]["coordinates"]
    assert 7.61 < lon < 7.63 and 51.96 < lat < 51.97

def test_the_example_of_the_document(tmp_path):
    text = (ROOT / "docs" / "importing.md").read_text()
    section = text[text.index("## A first mapping for your file"):]
    table, mapping = (re.search(rf"```{kind}\n(.*?)```", section, re.S)[1] for kind in ("csv", "json"))
    said = re.search(r"```\n(sensors\.csv: .*?)```", section, re.S)[1]
    (tmp_path / "sensors.csv").write_text(table)
    with open(tmp_path / "sensors.json", "wb") as to:
        done = subprocess.run([binary("CARDO_ASAN"), "import", "--suggest", "sensors.csv"], stdout=to, stderr=subprocess.PIPE,
                              cwd=tmp_path, timeout=60, check=True)
    assert done.stderr.decode() == said
    assert (tmp_path / "sensors.json").read_text() == mapping

def made_of(text, tmp_path, name="data.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    mapping, said = suggest(path)
    return entities(path, tmp_path, mapping), mapping, said

def test_dutch_points(tmp_path):
    made, mapping, _ = made_of("id,naam,x_rd,y_rd\n7,Onze Lieve Vrouwe,155000.0,463000.5\n8,Elders,155100,463100.5\n", tmp_path,
                               "torens.csv")
    assert mapping["source"]["crs"] == "EPSG:28992"
    lon, lat = value(made[0], "location")["coordinates"]
    assert abs(lon - 5.3872) < 1e-4 and abs(lat - 52.15517) < 1e-4
    assert value(made[0], "name") == "Onze Lieve Vrouwe"

def test_lines_in_a_text_column(tmp_path):
    made, _, _ = made_of('id;wkt\n1;LINESTRING(7.6 51.9, 7.7 52)\n2;POINT (7.6 51.9)\n', tmp_path)
    assert [value(e, "location")["type"] for e in made] == ["LineString", "Point"]

def test_geojson(tmp_path):
    text = json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": n, "properties": {"name": f"Baum {n}", "hoehe_m": 10 + n, "gepflanzt": "2001-05-01"},
         "geometry": {"type": "Point", "coordinates": [7.6, 51.9]}} for n in (1, 2)]})
    made, _, _ = made_of(text, tmp_path, "baeume.geojson")
    assert made[1]["id"] == "urn:ngsi-ld:Baeume:2" and made[1]["type"] == "Baeume"
    assert made[1]["hoehe"] == {"type": "Property", "value": 12, "unitCode": "MTR"}
    assert value(made[1], "gepflanzt") == {"@type": "Date", "@value": "2001-05-01"}

def test_objects_inside_an_object(tmp_path):
    text = '{"meta": {"n": 2}, "data": [{"station": "A 1", "v": 1.5, "when": "2024-01-31T07:00:00+01:00"}, ' \
           '{"station": "B", "v": "2.5", "when": "2024-01-31T07:00:00+01:00"}]}'
    made, _, _ = made_of(text, tmp_path, "obs.json")
    assert [e["id"] for e in made] == ["urn:ngsi-ld:Obs:a-1", "urn:ngsi-ld:Obs:b"]
    assert made[1]["v"] == {"type": "Property", "value": 2.5, "observedAt": "2024-01-31T06:00:00Z"}

def test_titles_before_the_names(tmp_path):
    made, mapping, _ = made_of("Bericht der Stadt\nStand 2024;;\nid;name;wert\n1;a;2\n2;b;3\n3;c;4\n", tmp_path)
    assert mapping["source"]["skipRows"] == 2 and [value(e, "wert") for e in made] == [2, 3, 4]

def test_no_names_at_all(tmp_path):
    made, _, said = made_of("1;2\n3;4\n", tmp_path)
    assert [value(e, "column2") for e in made] == [2, 4] and "no row names them" in said

def test_a_large_file_is_only_begun(tmp_path):
    """Only what is read of it counts: a pipe without an end is described as well."""
    feed = subprocess.Popen(["sh", "-c", "echo 'id,v'; exec yes 1,2"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    done = cardo("import", "--suggest", "-", stdin=feed.stdout)
    feed.kill()
    feed.wait()
    assert json.loads(done.stdout)["target"] == {"type": "Thing"} and b"The first 10000 rows" in done.stderr

@pytest.mark.parametrize("content,words", [
    (b"", "nothing in the file"), (b"\xff\xfea\0", "UTF-16"), (b"PK\3\4xxxx", "zip"), (b"[1]", "object"), (b"\x1f\x8b\x08xx", "")])
def test_what_can_not_be_described(content, words, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    done = cardo("import", "--suggest", path, status=1)
    assert words in done.stderr.decode() and done.stdout == b""

def test_one_file_at_a_time(tmp_path):
    cardo("import", "--suggest", status=1)
    cardo("import", "--suggest", "a", "b", status=1)
    assert b"no/such" in cardo("import", "--suggest", tmp_path / "no/such", status=1).stderr

def test_entities_need_no_mapping(tmp_path):
    path = tmp_path / "e.json"
    path.write_text('[{"id": "urn:x:1", "type": "A"}]')
    done = cardo("import", "--suggest", path)
    assert done.stdout == b"" and b"next:  cardo import" in done.stderr
