"""A year of Münster's car parks as NGSI-LD: one entity for each car park, one change for each cell of the table.

python3 parking.py TABLE.csv.gz ENTITIES.json CHANGES.ndjson

The first column is local time; a cell is the number of free places, or a word: closed (ges), full (bes), not known (kei).
Somewhere in the year the table begins anew, with quoted fields, its header once more and a line of capacities.
"""
import collections
import csv
import datetime
import gzip
import json
import re
import sys
import zoneinfo

WORDS = {"ges": "closed", "bes": "full", "kei": "unknown"}
ZONE = zoneinfo.ZoneInfo("Europe/Berlin")

def rows(path):
    """(time, cells) of each line, header and capacities; times that occur twice in October are told apart."""
    before = None
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as f:
        for row in csv.reader(f):
            if not re.match(r"\d{4}-", row[0]):
                yield row[0], row[1:]
                continue
            local = datetime.datetime.fromisoformat(row[0]).replace(tzinfo=ZONE)
            utc = local.astimezone(datetime.timezone.utc)
            if before and utc <= before:
                utc = local.replace(fold=1).astimezone(datetime.timezone.utc)
            before = utc
            yield utc.isoformat()[:19] + "Z", row[1:]

def identify(name):
    plain = name.translate(str.maketrans({"ö": "oe", "ü": "ue", "ß": "ss", "ä": "ae"}))
    return "urn:ngsi-ld:OffStreetParking:muenster:" + re.sub(r"[^A-Za-z0-9]+", "-", plain)

def entity(name, capacity):
    e = {"id": identify(name), "type": "OffStreetParking", "name": {"type": "Property", "value": name}}
    if capacity:
        e["totalSpotNumber"] = {"type": "Property", "value": capacity}
    return e

def change(id_, at, cell):
    """As text: there are a million and a half of them, in which nothing has to be escaped."""
    status = f'{{"id":"{id_}","status":{{"type":"Property","value":"{WORDS.get(cell, "open")}","observedAt":"{at}"}}'
    if cell in WORDS:
        return status + "}\n"
    return status + f',"availableSpotNumber":{{"type":"Property","value":{int(cell)},"observedAt":"{at}","unitCode":"C62"}}}}\n'

def convert(table, entities, changes):
    """Writes both files; returns (changes, last cell by id, sum of all numbers)."""
    names, capacities, last = [], {}, {}
    written = total = 0
    counts = collections.Counter()
    with open(changes, "w", encoding="utf-8") as out:
        for at, cells in rows(table):
            if at.startswith("Datum"):
                names, ids = cells, [identify(name) for name in cells]
            elif at.startswith("Anzahl"):
                capacities = dict(zip(names, (int(c.strip("()")) for c in cells)))
            else:
                for id_, cell in zip(ids, cells):
                    out.write(change(id_, at, cell))
                    written += 1
                    newest = last.setdefault(id_, {})
                    newest["status" if cell in WORDS else "number"] = (cell, at)
                    newest["now"] = WORDS.get(cell, "open")
                    total += 0 if cell in WORDS else int(cell)
                    counts[cell if cell in WORDS else "number"] += 1
    with open(entities, "w", encoding="utf-8") as out:
        json.dump([entity(n, capacities.get(n)) for n in names], out, ensure_ascii=False)
    return {"changes": written, "last": last, "total": total, "counts": counts}

if __name__ == "__main__":
    print(json.dumps(convert(*sys.argv[1:])))
