"""Mappings from outside: the document's own examples, real open data against an independent count, interruptions."""
import collections
import csv
import gzip
import io
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import time
import zipfile
import zoneinfo
from datetime import datetime, timedelta, timezone

import pytest

from conftest import ROOT, Server, binary, data_folder

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

def city(*parts):
    return data_folder("city", *parts)

def run(*args, status=0, kind="CARDO_ASAN", **more):
    done = subprocess.run([binary(kind), "import", *map(str, args)], capture_output=True, text=True, timeout=600, **more)
    assert done.returncode == status, done.stderr
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done

def made(*args, **more):
    done = run("--print", *args, **more)
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

def counts(text):
    """The summary: rows, entities, and faults by kind."""
    head = re.search(r"(\d+) rows read, (\d+) entities (?:made|written), (\d+) refused, (\d+) faults", text)
    kinds = dict(re.findall(r"^  ([a-z-]+) +(\d+)$", text, re.M))
    faults = {k: int(v) for k, v in kinds.items()}
    assert sum(faults.values()) == int(head.group(4))
    return int(head.group(1)), int(head.group(2)), faults

def write(folder, **files):
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (folder / name.replace("__", ".")).write_text(text)

def mapping(*rules, source=None, **more):
    return {"cardoMapping": "1", "source": {"format": "csv", **(source or {})}, "target": {"type": "T"},
            "entity": {"id": "urn:x:{a}"}, "attributes": list(rules), **more}

def exported(folder):
    done = subprocess.run([binary(), "export", "--data", folder], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)

# ---- the document ----

def test_the_examples_of_the_document(tmp_path):
    text = (ROOT / "docs" / "importing.md").read_text()
    table = re.search(r"```csv\n(.*?)```", text, re.S).group(1)
    first = json.loads(re.search(r"```json\n(.*?)   ```", text, re.S).group(1))
    write(tmp_path, air__csv=table, air__json=first)
    entities, told = made("--map", "./air.json", "air.csv", cwd=tmp_path)
    for line in re.findall(r"^   (air\.csv:\d+: .*)$", text, re.M):
        assert line in told.splitlines(), line
    assert counts(told) == (4, 4, {"range": 1, "number": 1})
    assert [e.get("no2", {}).get("value") for e in entities] == [None, None, 31.2, None]
    assert entities[0]["id"] == "urn:ngsi-ld:AirQualityObserved:weseler-strasse"
    assert entities[2]["no2"] == {"type": "Property", "value": 31.2, "unitCode": "GQ", "observedAt": "2024-07-01T10:00:00Z"}
    assert entities[0]["location"]["value"] == {"type": "Point", "coordinates": [7.6093, 51.9501]}
    write(tmp_path, bad__json={**first, "attributes": [first["attributes"][0], {**first["attributes"][1], "as": "float"}]})
    assert "./bad.json#/attributes/1/as" in run("--map", "./bad.json", "air.csv", cwd=tmp_path, status=1).stderr

def test_every_whole_mapping_of_the_document_compiles(tmp_path):
    found = 0
    for block in re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "importing.md").read_text(), re.S):
        if '"cardoMapping"' in block:
            (tmp_path / "m.json").write_text(block)
            write(tmp_path, empty__csv="")
            run("--map", tmp_path / "m.json", "--dry-run", tmp_path / "empty.csv")
            found += 1
    assert found >= 2

def test_members_and_kinds_of_the_code_stand_in_the_document():
    text = (ROOT / "docs" / "importing.md").read_text()
    code = "".join(p.read_text() for p in sorted((ROOT / "src" / "intake").glob("map_*.c")))
    kinds = set(re.findall(r'cd_map_fault\(\s*s,\s*"([a-z-]+)"', code))
    filters = set(re.findall(r'\{"([a-z]+)", [a-z_]+, (?:NONE|TEXT|SEPARATOR|PART)\}', code))
    members = {m for block in re.findall(r"char \*const \w*members\[\] = \{(.*?)NULL", code, re.S) for m in re.findall(r'"(\w+)"', block)}
    assert len(kinds) > 15 and len(filters) > 12 and len(members) > 60
    for word in kinds | filters | members:
        assert re.search(rf"`{word}[`:]|\"{word}\":", text), word

def test_mappings_that_are_shipped_are_listed():
    listed = run("--maps").stdout
    for path in sorted((ROOT / "share" / "mappings").glob("*.json")):
        document = json.loads(path.read_text())
        assert re.search(rf"^{path.stem} +{re.escape(document['title'])}$", listed, re.M)
        assert f"`{path.stem}`" in (ROOT / "docs" / "importing.md").read_text()

# ---- arguments ----

def test_what_is_wrong_with_the_arguments_is_named(tmp_path):
    write(tmp_path, m__json=mapping({"to": "b", "from": "b"}), r__csv="a,b\n1,x\n", f__geojson='{"type":"FeatureCollection","features":[]}')
    for words, args in [
            ("--maps", ["--map", "moon-base", "r.csv"]), ("none.json", ["--map", "./none.json", "r.csv"]),
            ("--type", ["f.geojson"]), ("--type", ["--map", "./m.json", "--type", "T", "r.csv"]),
            ("--with", ["--map", "./m.json", "--with", "x", "r.csv"]), ("--resume", ["--resume", "--map", "./m.json", "-"]),
            ("none.csv", ["--map", "./m.json", "--print", "none.csv"]), ("--type", ["--type", "a b", "f.geojson"])]:
        told = run(*args, cwd=tmp_path, status=1).stderr
        assert words in told, told

def test_features_need_a_type_and_nothing_else(tmp_path):
    write(tmp_path, t__geojson={"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": "urn:ngsi-ld:Tree:1", "geometry": {"type": "Point", "coordinates": [7.5, 51.25]},
         "properties": {"species": "Tilia", "height": 12, "type": "old", "gone": None}},
        {"type": "Feature", "geometry": None, "properties": {"species": "Acer"}}]})
    run("--type", "Tree", "--data", tmp_path / "d", tmp_path / "t.geojson")
    first, second = exported(tmp_path / "d")
    prefix = "https://uri.etsi.org/ngsi-ld/default-context/"
    assert first["id"] == "urn:ngsi-ld:Tree:1" and second["id"] == "urn:ngsi-ld:Tree:t-2"
    assert first["type"] == prefix + "Tree" and first[prefix + "type_"]["value"] == "old"
    assert first[prefix + "height"]["value"] == 12 and prefix + "gone" not in first
    assert [v["value"]["coordinates"] for k, v in first.items() if k.endswith("/location")] == [[7.5, 51.25]]

def test_packed_entities_are_read_as_they_are(tmp_path):
    entities = [{"id": f"urn:x:{i}", "type": "T", "b": {"type": "Property", "value": i}} for i in range(3)]
    (tmp_path / "e.json.gz").write_bytes(gzip.compress(json.dumps(entities).encode()))
    assert "3 entities read, 0 refused" in run("--data", tmp_path / "d", tmp_path / "e.json.gz").stdout
    assert len(exported(tmp_path / "d")) == 3

# ---- faults ----

def test_faults_are_shown_counted_and_kept(tmp_path):
    write(tmp_path, m__json=mapping({"to": "b", "from": "b", "as": "number"}),
          r__csv="a,b\n" + "".join(f'{i},"x, ""{i}"""\n' for i in range(20)))
    done = run("--map", "./m.json", "--data", "d", "--faults", "f.csv", "r.csv", cwd=tmp_path)
    assert counts(done.stdout) == (20, 20, {"number": 20})
    assert done.stderr.count("r.csv:") == 5 and "only counted" in done.stderr
    rows = list(csv.DictReader((tmp_path / "f.csv").open(newline="")))
    assert len(rows) == 20
    assert rows[7] == {"file": "r.csv", "line": "9", "kind": "number", "detail": '"x, "7"" in b is no number'}

def test_strict_stops_at_the_first_fault(tmp_path):
    write(tmp_path, m__json=mapping({"to": "b", "from": "b", "as": "number"}), r__csv="a,b\n1,5\n2,x\n3,7\n")
    told = run("--map", "./m.json", "--data", "d", "--strict", "r.csv", cwd=tmp_path, status=1).stderr
    assert "r.csv:3: number" in told and "--strict" in told
    assert [e["id"] for e in exported(tmp_path / "d")] == ["urn:x:1"]

def test_what_the_twin_refuses_is_told_with_its_line(tmp_path):
    write(tmp_path, m__json=mapping(
        {"to": "b", "kind": "GeoProperty", "value": {"type": "Point", "coordinates": [1]}}), r__csv="a\n1\n")
    done = run("--map", "./m.json", "--data", "d", "r.csv", cwd=tmp_path, status=1)
    assert "r.csv:2: urn:x:1: " in done.stderr and "1 refused" in done.stdout

def test_a_terminal_sees_progress_and_a_pipe_does_not(tmp_path):
    write(tmp_path, m__json=mapping({"to": "b", "from": "b"}), r__csv="a,b\n" + "".join(f"{i},x\n" for i in range(2000)))
    args = ["--map", "./m.json", "--data", "d", "r.csv"]
    assert "\r" not in run(*args, cwd=tmp_path).stderr
    leader, follower = pty.openpty()
    with subprocess.Popen([binary(), "import", *args], cwd=tmp_path, stderr=follower, stdout=subprocess.PIPE) as p:
        p.wait(60)
    os.close(follower)
    assert b"entities, " in os.read(leader, 65536)
    os.close(leader)

# ---- joins, archives, several files ----

def test_lookups_join_another_file(tmp_path):
    m = mapping({"to": "b", "from": "place.name"}, lookups={"place": {"file": "places.csv", "key": "{id}", "by": "{p}"}})
    write(tmp_path, m__json=m, r__csv="a,p\n1,x\n2,y\n3,\n", places__csv="id,name\nx,Hafen\nx,Other\n")
    entities, told = made("--map", "./m.json", "r.csv", cwd=tmp_path)
    assert [e.get("b", {}).get("value") for e in entities] == ["Hafen", None, None]
    assert counts(told) == (3, 3, {"lookup": 2})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "places.csv").rename(tmp_path / "elsewhere" / "p.csv")
    assert "--with place=PATH" in run("--print", "--map", "./m.json", "r.csv", cwd=tmp_path, status=1).stderr
    assert made("--map", "./m.json", "--with", "place=elsewhere/p.csv", "r.csv", cwd=tmp_path)[0] == entities
    m["lookups"]["place"]["optional"] = True
    write(tmp_path, m__json=m)
    assert counts(made("--map", "./m.json", "r.csv", cwd=tmp_path)[1]) == (3, 3, {})

def test_tables_of_a_zip_and_of_a_folder_are_the_same(tmp_path):
    rule = {"target": {"type": "T"}, "attributes": [{"to": "b", "from": "b"}]}
    write(tmp_path, m__json={"cardoMapping": "1", "source": {"format": "zip"}, "tables": [
        {"member": "one.csv", "entity": {"id": "urn:1:{a}"}, **rule}, {"member": "two.csv", "entity": {"id": "urn:2:{a}"}, **rule},
        {"member": "three.csv", "optional": True, "entity": {"id": "urn:3:{a}"}, **rule}]})
    folder = tmp_path / "feed"
    folder.mkdir()
    write(folder, one__csv="a,b\n1,x\n", two__csv="a,b\n1,y\n1\n")
    with zipfile.ZipFile(tmp_path / "feed.zip", "w", zipfile.ZIP_DEFLATED) as z:
        for path in folder.iterdir():
            z.write(path, "inside/" + path.name)
    packed, told = made("--map", "./m.json", "feed.zip", cwd=tmp_path)
    assert [e["id"] for e in packed] == ["urn:1:1", "urn:2:1", "urn:2:1"] and "feed.zip!two.csv:3: cells" in told
    assert made("--map", "./m.json", "feed", cwd=tmp_path)[0] == packed
    (folder / "one.csv").unlink()
    assert "one.csv" in run("--map", "./m.json", "--print", "feed", cwd=tmp_path, status=1).stderr

def test_an_import_into_a_server(tmp_path):
    write(tmp_path, m__json=mapping({"to": "b", "from": "b", "as": "integer"}), r__csv="a,b\n" + "".join(f"{i},{i}\n" for i in range(2500)))
    server = Server(tmp_path / "d").start()
    try:
        assert "2500 entities written" in run("--map", "./m.json", "--url", server.base, "r.csv", cwd=tmp_path).stdout
        assert server.get("/ngsi-ld/v1/entities/urn:x:2499").json["b"]["value"] == 2499
    finally:
        assert server.stop() == 0
    assert not list(tmp_path.glob("*.import"))

# ---- interruptions ----

def test_nothing_is_lost_when_an_import_is_killed(tmp_path):
    n = 200000     # long enough to be struck in the middle on any machine
    write(tmp_path, m__json=mapping({"to": "b", "from": "b", "as": "integer"}),
          r__csv="a,b\n" + "".join(f"{i},{i}\n" if i % 100 else f"{i},x\n" for i in range(n)))
    args = ["import", "--map", "./m.json", "--data", "d", "r.csv"]
    kills = 0
    for attempt in range(200):
        p = subprocess.Popen([binary(), *args, *(["--resume"] if attempt else [])], cwd=tmp_path,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        state = tmp_path / "d" / "import.json"
        deadline, before = time.monotonic() + 60, state.read_text() if state.exists() else ""
        while kills < 4 and p.poll() is None and time.monotonic() < deadline:
            if state.exists() and state.read_text() != before and '"entities":0,' not in state.read_text():
                p.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.002)
        out, err = p.communicate(timeout=300)
        if p.returncode == 0:
            break
        assert p.returncode == -signal.SIGKILL, err
    assert p.returncode == 0 and kills >= 1, err
    if kills:
        assert re.search(r"going on behind [1-9]\d* entities", err), err
    assert counts(out)[2] == {"number": n // 100}      # faults are those of the whole
    assert not (tmp_path / "d" / "import.json").exists()
    entities = exported(tmp_path / "d")
    prefix = "https://uri.etsi.org/ngsi-ld/default-context/"
    assert {e["id"]: e.get(prefix + "b", {}).get("value") for e in entities} == \
        {f"urn:x:{i}": i if i % 100 else None for i in range(n)}

def test_going_on_needs_the_same_import(tmp_path):
    write(tmp_path, m__json=mapping({"to": "b", "from": "b"}), r__csv="a,b\n1,x\n", s__csv="a,b\n1,x\n")
    run("--map", "./m.json", "--data", "d", "r.csv", cwd=tmp_path)
    told = run("--map", "./m.json", "--data", "d", "--resume", "r.csv", cwd=tmp_path).stderr
    assert "beginning at the beginning" in told
    write(tmp_path, broken__json='{"id":"urn:x:1","type":"T"} ]')
    run("--data", "d", "broken.json", cwd=tmp_path, status=1)
    assert (tmp_path / "d" / "import.json").exists()
    assert "another import" in run("--map", "./m.json", "--data", "d", "--resume", "r.csv", cwd=tmp_path, status=1).stderr
    write(tmp_path, broken__json='{"id":"urn:x:1","type":"T"}{"id":"urn:x:2","type":"T"}')
    assert "has changed" in run("--data", "d", "--resume", "broken.json", cwd=tmp_path, status=1).stderr
    (tmp_path / "d" / "import.json").write_text("{")
    run("--data", "d", "--resume", "broken.json", cwd=tmp_path)
    assert len(exported(tmp_path / "d")) == 2

# ---- real data, counted by other means ----

def rows_of(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as f:
        yield from csv.reader(f)

def local(text, second=False):
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=BERLIN, fold=second).astimezone(timezone.utc)

def doubled(text):
    return local(text) != local(text, True) and local(text).astimezone(BERLIN).strftime("%Y-%m-%d %H:%M") == text

def in_order(texts):
    """Instants of local times that stand in order; the doubled hour is the second one when the clock goes back."""
    last = None
    for text in texts:
        at = local(text)
        if doubled(text) and last is not None and last >= at:
            at = local(text, True)
        last = at
        yield at

def import_equal(tmp_path, name, *paths):
    """Into a directory: what is in the twin is the last one of each id that --print writes."""
    entities, _ = made("--map", name, *paths, kind="CARDO")
    last = {e["id"]: e for e in entities}
    done = run("--map", name, "--data", tmp_path / "d", *paths, kind="CARDO")
    stored = {e["id"]: e for e in exported(tmp_path / "d")}
    assert set(stored) == set(last)
    for id, e in last.items():
        short = {k.rsplit("/", 1)[-1]: v for k, v in stored[id].items()}
        for key, value in e.items():
            if isinstance(value, dict) and "value" in value:
                there = short[key]
                assert there["value"] == value["value"] and there.get("observedAt") == value.get("observedAt"), (id, key)
    return entities, done

def test_bicycles(tmp_path):
    paths = sorted(city("muenster", "bikes").glob("*.csv.gz"))
    rows = written = 0
    faults = collections.Counter()
    for path in paths:
        header, times, lines, last = None, [], [], {}
        for row in rows_of(path):
            if row[0] == "Datetime":
                faults["header"] += header is not None
                header = row
                continue
            lines.append((header, row))
            times.append(row[0])
        rows += len(lines)
        for (header, row), text, at in zip(lines, times, in_order(times)):
            faults["time-double"] += doubled(text)
            channels = [i for i, name in enumerate(header) if re.fullmatch(r".+ \(.+\)", name)]
            steps = set()
            for i in channels:
                id = header[i].split(" ")[0]
                status = row[header.index(id + "-status")]
                faults["status"] += status not in ("", "0")
                if id in last and at < last[id]:
                    steps.add("order")
                    continue
                if id in last and at - last[id] > timedelta(minutes=15):
                    steps.add(at - last[id])
                last[id] = at
                if row[i] == "":
                    faults["missing"] += 1
                else:
                    written += 1
            faults["order"] += "order" in steps
            faults["gap"] += len(steps - {"order"})
    done = run("--map", "muenster-bikes", "--dry-run", *paths, kind="CARDO")
    assert counts(done.stdout) == (rows, written, {k: v for k, v in faults.items() if v})
    assert "100053305.csv.gz:25342: header: The header comes again: 15 columns, before 11; new: \"353306596" in done.stderr

def test_bicycles_of_one_station_in_the_twin(tmp_path):
    path = city("muenster", "bikes", "100035541.csv.gz")
    entities, _ = import_equal(tmp_path, "muenster-bikes", path)
    assert {e["stationName"]["value"] for e in entities} == {"Neutor"}
    table = list(rows_of(path))
    assert [e["intensity"]["value"] for e in entities if e["id"].endswith(":100035541")] == [int(r[1]) for r in table[1:] if r[1]]

def test_lake(tmp_path):
    path = city("muenster", "aasee", "aasee_2022_2024.csv.gz")
    table = list(rows_of(path))[1:]
    times = list(in_order([r[0] for r in table]))
    faults = collections.Counter()
    last, written = None, 0
    for row, at in zip(table, times):
        faults["time-double"] += doubled(row[0])
        if last and at < last:
            faults["order"] += 1
            continue
        faults["gap"] += bool(last) and at - last > timedelta(minutes=90)
        last = at
        written += 1
        for text, least, most in zip(row[1:], (-1, 4, 0), (35, 11, 25)):
            faults["range"] += not least <= float(text) <= most
    _, done = import_equal(tmp_path, "muenster-aasee", path)
    assert counts(done.stdout) == (len(table), written, {k: v for k, v in faults.items() if v})
    assert faults["range"] and faults["gap"]

def test_car_parks(tmp_path):
    path = city("muenster", "parking", "parking_2024.csv.gz")
    table = list(rows_of(path))
    names, capacity, zero = table[0], None, {}
    data = [r for r in table[1:] if r[0][:2] == "20"]
    faults, written, shown = collections.Counter(header=sum(r == names for r in table[1:])), 0, {}
    for row, at in zip(data, in_order([r[0] for r in data])):
        faults["time-double"] += doubled(row[0])
        for name, cell in zip(names[1:], row[1:]):
            if cell == "kei":
                faults["no-data"] += 1
                continue
            written += 1
            shown[name] = cell
            if cell != "0":
                zero.pop(name, None)
            elif name not in zero:
                zero[name] = [at, False]
            elif at - zero[name][0] >= timedelta(days=7) and not zero[name][1]:
                zero[name][1] = True
                faults["silent"] += 1
    done = run("--map", "muenster-parking", "--dry-run", path, kind="CARDO")
    assert counts(done.stdout) == (len(table) - 2, written, dict(faults))
    small = tmp_path / "tail.csv"
    small.write_text("\n".join([",".join(names)] + [",".join(f'"{c}"' for c in r) for r in table[73600:75600]]) + "\n")
    entities, _ = import_equal(tmp_path, "muenster-parking", small)
    theater = [e for e in entities if e["name"]["value"] == "PH Theater"]
    assert "totalSpotNumber" not in theater[0] and theater[-1]["totalSpotNumber"]["value"] == 393
    closed = [e for e in entities if e.get("status", {}).get("value") == ["closed"]]
    assert closed and all("availableSpotNumber" not in e for e in closed)
    assert all(e["availableSpotNumber"]["value"] == 0 for e in entities if e["status"]["value"] == ["open", "full"])

def test_junctions(tmp_path):
    path = city("muenster", "traffic", "signals.csv")
    table = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    ids = {r["ID"] for r in table}
    unknown = sum(r[k] not in ids for r in table for k in ("NbW", "NbX", "NbY", "NbZ") if r[k])
    entities, done = import_equal(tmp_path, "muenster-signals", path)
    assert counts(done.stdout) == (len(table), len(table), {"neighbour": unknown})
    for row, e in zip(table, entities):
        assert e["location"]["value"]["coordinates"] == [float(row["Long"]), float(row["Lat"])]
        known = ["urn:ngsi-ld:Device:muenster:signal:" + row[k] for k in ("NbW", "NbX", "NbY", "NbZ") if row[k] in ids]
        assert [n["object"] for n in (e.get("neighbour") or [])] == known

def test_vehicles():
    folder = city("muenster", "traffic")
    ids = {r["ID"] for r in csv.DictReader((folder / "signals.csv").open(encoding="utf-8", newline=""))}
    with gzip.open(folder / "vehicle_counts_2015-10.csv.gz", "rt", newline="") as f:
        table = list(csv.DictReader(f, delimiter=";"))
    faults, written, last = collections.Counter(), 0, {}
    for row in table:
        faults["lookup"] += row["signal_id"] not in ids
        told = None
        for hour in range(24):
            text, cell = f"{row['date']} {hour:02}:00", row[f"h{hour:02}"]
            faults["time-double"] += doubled(text)
            at, id = local(text), row["detector"]
            if id in last and at - last[id] > timedelta(hours=1):
                faults["gap"] += told != at - last[id]
                told = at - last[id]
            last[id] = at
            bad = cell != "" and not 0 <= float(cell) <= 100000
            faults["range"] += bad
            faults["missing"] += cell == "" or bad
            written += cell != "" and not bad
    done = run("--map", "muenster-vehicles", "--dry-run", folder / "vehicle_counts_2015-10.csv.gz", kind="CARDO")
    assert counts(done.stdout) == (len(table), written, {k: v for k, v in faults.items() if v})

MEMBERS = {"agency.txt": ["GtfsAgency"], "stops.txt": ["GtfsStop", "GtfsStation"], "routes.txt": ["GtfsRoute"], "trips.txt": ["GtfsTrip"],
           "stop_times.txt": ["GtfsStopTime"], "calendar.txt": ["GtfsCalendarRule"], "calendar_dates.txt": ["GtfsCalendarDateRule"],
           "frequencies.txt": ["GtfsFrequency"], "transfers.txt": ["GtfsTransferRule"]}

@pytest.mark.parametrize("feed", ["rovigo", "sample-feed-1"])
def test_timetables(feed, tmp_path):
    path = city("gtfs", f"{feed}.zip")
    archive = zipfile.ZipFile(path)
    read = lambda name: list(csv.DictReader(io.TextIOWrapper(archive.open(name), "utf-8-sig", newline=""))) \
        if name in archive.namelist() else []
    entities, done = import_equal(tmp_path, "gtfs", path)
    types = collections.Counter(e["type"] for e in entities)
    for member, kinds in MEMBERS.items():
        assert sum(types[k] for k in kinds) == len(read(member)), member
    services = [{r["service_id"] for r in read(n)} for n in ("calendar.txt", "calendar_dates.txt")]
    assert types["GtfsService"] == len(services[0]) + len(services[1])
    assert counts(done.stdout) == (sum(len(read(n)) for n in [*MEMBERS, "shapes.txt"]), len(entities), {})
    lines = collections.defaultdict(list)
    for r in read("shapes.txt"):
        lines[r["shape_id"].replace("/", "%2F")].append((int(r["shape_pt_sequence"]), [float(r["shape_pt_lon"]), float(r["shape_pt_lat"])]))
    shapes = {e["id"].rsplit(":", 1)[1]: e["location"]["value"]["coordinates"] for e in entities if e["type"] == "GtfsShape"}
    assert shapes == {k: [p for _, p in sorted(v)] for k, v in lines.items()}
    ids = {e["id"] for e in entities}
    for e in entities:
        for name in ("hasStop", "hasTrip", "hasRoute", "hasShape", "hasService", "operatedBy"):
            assert name not in e or e[name]["object"] in ids, (e["id"], name)
