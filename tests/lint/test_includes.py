"""The rooms of src/ lie in the order in which data flows: a folder includes only folders before it."""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ["base", "os", "json", "http", "jsonld", "geo", "model", "intake", "models", "repr", "store", "history", "federation",
         "notify", "ops", "ngsild", "ogc", "ldes", "ai", "ui", "cli"]
HIDDEN = {"jsonld": {"http"}, "geo": {"http"}, "model": {"http"}, "repr": {"http"}, "store": {"http", "history", "notify"}}
INCLUDE = re.compile(r'^\s*#include "([a-z]+)/')

def sources():
    return sorted(p for p in (ROOT / "src").rglob("*") if p.suffix in (".c", ".h", ".cc"))

def test_rooms_include_only_what_lies_before_them():
    wrong = []
    for path in sources():
        room = path.relative_to(ROOT / "src").parts[0]
        assert room in ROOMS, f"{room} has no place in the order"
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            other = found.group(1)
            if ROOMS.index(other) > ROOMS.index(room) or other in HIDDEN.get(room, ()):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {room} must not include {other}")
    assert not wrong, "\n".join(wrong)

def test_inner_headers_stay_in_their_room():
    wrong = []
    for path in sources():
        room = path.relative_to(ROOT / "src").parts[0]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#include "([a-z]+)/(\w+_int)\.h"', line)
            if found and found.group(1) != room:
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {found.group(2)}.h belongs to {found.group(1)}")
    assert not wrong, "\n".join(wrong)

def headers():
    return [str(p.relative_to(ROOT / "src")) for p in sources() if p.suffix == ".h"]

@pytest.mark.parametrize("header", headers())
def test_header_stands_alone(header):
    text = f'#include "{header}"\n#include "{header}"\n'
    flags = ["-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-Isrc", "-isystem", "/usr/share/include", "-isystem", "/usr/share/include/llhttp", "-fsyntax-only", "-"]
    subprocess.run(["gcc", "-std=gnu17", "-x", "c"] + flags, input=text, text=True, cwd=ROOT, check=True)

def test_no_words_of_the_workshop():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout.split()
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    wrong = []
    for name in listed:
        path = ROOT / name
        if path.suffix in (".c", ".h", ".cc", ".py") and path.name != "test_includes.py" and path.exists():
            wrong += [f"{name}:{n}" for n, line in enumerate(path.read_text().splitlines(), 1) if words.search(line)]
    assert not wrong, "\n".join(wrong)
