"""What pages say about the source is so: names, files, and the numbers of the formats. And every row has a test."""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["ARCHITECTURE.md", "docs/file-format.md"] + [str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("docs/decisions/*.md"))]

def read(name):
    return (ROOT / name).read_text()

def source():
    return "\n".join(p.read_text() for p in sorted((ROOT / "src").rglob("*")) if p.suffix in (".c", ".h", ".cc"))

def quoted(page):
    return re.findall(r"`([^`\n]+)`", read(page))

@pytest.mark.parametrize("page", PAGES)
def test_names_of_functions_and_types_exist(page):
    words = set(re.findall(r"\w+", source()))
    wrong = []
    for text in quoted(page):
        for name in re.findall(r"\b(?:cd|CD)_\w+", text):
            if name not in words and not (name.endswith("_") and any(w.startswith(name) for w in words)):
                wrong.append(name)
    assert not wrong, f"{page} speaks of {', '.join(wrong)}"

def test_the_life_of_a_write_and_a_read_is_told_in_functions_that_exist():
    defined = set(re.findall(r"\b(\w+)\(", source()))
    story = read("ARCHITECTURE.md").split("## The life of one write")[1].split("## Indexes")[0]
    told = {m.group(1) for m in re.finditer(r"`([a-z]\w*)(?:\([^`]*\))?`", story)}
    plain = {"report", "check", "post", "collect"} # static functions without an underscore
    names = {t for t in told if "_" in t or t in plain}
    assert len(names) > 20
    assert not {n for n in names if n not in defined and not re.search(rf"\b{n}\b", source())}

@pytest.mark.parametrize("page", PAGES)
def test_files_exist(page):
    wrong = [text for text in quoted(page)
             if re.fullmatch(r"[\w/]+\.(c|h|cc|py|md|http)", text) and "/" in text
             and not (ROOT / text).exists() and not (ROOT / "src" / text).exists()]
    assert not wrong, f"{page} speaks of {', '.join(wrong)}"

def test_rooms_are_those_of_the_tree():
    table = re.findall(r"^\| `(\w+)` \|", read("ARCHITECTURE.md"), re.M)
    assert sorted(table) == sorted(p.name for p in (ROOT / "src").iterdir() if p.is_dir())

# ---- docs/file-format.md against the headers ----

def enumerators(header, name, prefix):
    """What an enum counts up from 0, or says."""
    body = re.search(rf"enum{name} {{(.*?)}};", re.sub(r"/\*.*?\*/", "", read(header), flags=re.S), re.S).group(1)
    numbers, at = {}, 0
    for item in filter(None, (i.strip() for i in body.split(","))):
        key, _, value = (part.strip() for part in item.partition("="))
        at = int(value) if value else at
        numbers[key.removeprefix(prefix)] = at
        at += 1
    return numbers

def numbered(text):
    return {int(n): name for n, name in re.findall(r"(\d+) ([A-Za-z]+)", text)}

def row(begin):
    return re.search(re.escape(begin) + r"[^\n]*", read("docs/file-format.md")).group(0)[len(begin):]

def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))

def test_kinds_of_attributes():
    kinds = {n: camel(k.lower()) for k, n in enumerators("src/model/entity.h", " cd_kind", "CD_").items()
             if k not in ("KIND_NONE", "KIND_N")}
    assert numbered(row("| 4 | 1 | kind:")) == kinds

def test_classes_of_values():
    told = {n: name.lower() for n, name in numbered(row("| 5 | 1 | class of its value:").split(" 0 none")[0]).items()}
    names = {"bool": "boolean"}
    assert told == {n: names.get(k.lower(), k.lower()) for k, n in enumerators("src/model/entity.h", " cd_value", "CD_V_").items() if n}

def test_kinds_of_records():
    told = {int(n): name for n, name in re.findall(r"^\| (\d) (\w+) \| ", read("docs/file-format.md"), re.M)}
    assert told == {n: k.lower() for k, n in enumerators("src/store/log.h", " cd_rec_kind", "CD_REC_").items()}

def test_tags_of_metas():
    text = re.search(r"in the order of tags:(.*?)\n\n", read("docs/file-format.md"), re.S).group(1)
    names = {"dataset": "datasetId", "unit": "unitCode", "object_type": "objectType", "value_type": "valueType",
             "id_sealed": "entityIdSealed", "type_sealed": "entityTypeSealed", "box": "the"}
    tags = enumerators("src/model/entity.h", " cd_meta", "CD_META_")
    del tags["N"]
    told = numbered(text)
    assert {n: told[n] for n in tags.values()} == {n: names[k.lower()] for k, n in tags.items()}

def test_sizes_are_asserted():
    text, code = read("docs/file-format.md"), source()
    assert "sizeof(struct cd_ent) == 72" in code and "| 64 | 4, 4 | id" in text
    assert "sizeof(struct cd_node) == 48" in code and "nodes (48 bytes each)" in text
    assert "sizeof(struct meta_value) == 64" in code and "| `meta` | `meta` | 64 bytes" in text

# ---- rows and their tests ----

def all_tests():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "tests"], cwd=ROOT, text=True,
                            capture_output=True, check=True).stdout.split()
    return "\n".join(read(n) for n in listed if n.endswith((".c", ".h", ".py", ".http")) and "/lint/" not in n)

def test_every_setting_has_a_test():
    text = all_tests()
    rows = re.findall(r"^\tX\((\w+), ", read("src/base/settings.h"), re.M)
    assert len(rows) > 50
    untested = [name for name in rows
                if not re.search(rf"set(\.|->){name}\b|--{name.replace('_', '-')}\b|\"{name.replace('_', '-')}\"|CARDO_{name.upper()}\b", text)]
    assert not untested, ", ".join(untested)

def test_every_metric_has_a_test():
    text = all_tests()
    rows = re.findall(r"^\tX\((\w+), (?:counter|gauge)", read("src/base/metrics.h"), re.M)
    assert len(rows) > 30
    untested = [name for name in rows if not re.search(rf"CD_M_{name}\b|cardo_{name}\b|\[\"{name}\"\]", text)]
    assert not untested, ", ".join(untested)

def test_every_error_has_a_test():
    text = all_tests()
    rows = re.findall(r'^\tX\((\w+), "(\w+)", (\d+)', read("src/base/err.h"), re.M)
    assert len(rows) > 20
    statuses = [status for _, _, status in rows]
    untested = [code for code, kind, status in rows if code != "INTERNAL" and not re.search(
        rf"CD_E_{code}\b|\b{kind}\b" + (rf"|[=, (]{status}\b" if statuses.count(status) == 1 else ""), text)]
    assert not untested, ", ".join(untested)
