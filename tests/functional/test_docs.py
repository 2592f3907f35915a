"""What the documents say is what the program does: every command of the README, the settings, metrics and log lines, the
bytes of the small log, the links."""
import re
import subprocess

import pytest

from conftest import NGSI, ROOT, binary

CONSOLE = re.compile(r"```console\n(.*?)```", re.S)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
OPERATING = (ROOT / "docs" / "operating.md").read_text()

def consoles(page):
    return CONSOLE.findall((ROOT / page).read_text())

def split(block):
    """The command, which goes on while a quote is open, and what is printed below it."""
    lines = block.rstrip("\n").split("\n")
    command = lines.pop(0)[2:]
    while command.count("'") % 2:
        command += "\n" + lines.pop(0)
    return command, "\n".join(lines)

def timeless(text):
    return re.sub(r"(?m)^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$", "Date: then", text)

def test_the_first_five_minutes_work_as_printed(make_server):
    s = make_server().start()
    blocks = [b for b in consoles("README.md") if b.startswith("$ curl")]
    assert len(blocks) > 8
    for block in blocks:
        command, printed = split(block)
        assert command.count("http://localhost:9090") == 1, command
        command = command.replace("http://localhost:9090", s.base).replace("curl ", "curl -s ", 1)
        said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True).stdout
        assert timeless(said.replace("\r", "").strip()) == timeless(printed.strip()), command
    assert s.stop() == 0

def test_the_readme_starts_with_the_two_commands():
    assert [b for b in consoles("README.md")][:2] == ["$ ./dev run\n", "$ ./dev test\n"]
    assert set(re.findall(r"\./dev (\w+)", (ROOT / "README.md").read_text())) <= {"run", "test", "build", "bench", "lint"}

def test_the_page_of_settings_is_what_the_program_prints():
    page = (ROOT / "docs" / "configuration.md").read_text()
    said = subprocess.run([binary(), "help", "--markdown"], capture_output=True, text=True, check=True).stdout
    assert page[page.index("| setting |"):] == said, "made anew with: cardo help --markdown"

def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
            path, _, anchor = target.partition("#")
            if re.match(r"\w+:", target):
                continue
            there = page.parent / path if path else page
            assert there.exists(), f"{page.name}: {target}"
            titles = re.findall(r"(?m)^#+ (.*)$", there.read_text()) if anchor else []
            slugs = [re.sub(r"[^\w\- ]", "", t).lower().replace(" ", "-") for t in titles]
            assert not anchor or anchor in slugs, f"{page.name}: {target}"

def test_settings_that_pages_name_exist():
    known = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "configuration.md").read_text(), re.M))
    # in a code span with an underscore and no prefix: a setting, wherever it stands
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)(?: = [^`]*)?`", OPERATING)) - set(re.findall(r"`(cardo_\w+)`", OPERATING))
    fields = {"took_us", "path_bytes"}
    assert len(named) > 8 and named - fields <= known, named - known
    flags = {f for page in PAGES for block in CONSOLE.findall(page.read_text()) for f in re.findall(r"cardo serve.*", block)}
    for flag in re.findall(r"--([\w-]+)", " ".join(flags)):
        assert flag == "config" or flag.replace("-", "_") in known, flag

def test_metrics_that_pages_name_exist(make_server):
    s = make_server().start()
    told = s.get("/metrics").body.decode()
    named = set(re.findall(r"`(cardo_[a-z0-9_]+)`", OPERATING))
    assert len(named) > 8
    for name in named:
        assert re.search(rf"^{name}[ {{]", told, re.M), name
    assert s.stop() == 0

LOG_CALL = re.compile(r'cd_log\(CD_LOG_\w+,\s*"(\w+)",[^,]+,\s*(?:[^"?;]*\?\s*)?"([^"]*)"(?:\s*:\s*"([^"]*)")?')

def test_every_line_of_the_log_is_explained():
    calls = sum(f.read_text().count("cd_log(CD_LOG_") for f in (ROOT / "src").rglob("*.c"))
    lines = [m.groups() for f in sorted((ROOT / "src").rglob("*.c")) for m in LOG_CALL.finditer(f.read_text())]
    assert len(lines) == calls > 10
    written = {(area, did) for area, *dids in lines for did in dids if did}
    explained = set(re.findall(r"(?m)^\| (\w+) \| `([^`]+)` \|", OPERATING))
    assert written == explained

def small_log():
    """The bytes of the hex dump in docs/file-format.md, each at its offset."""
    page = (ROOT / "docs" / "file-format.md").read_text()
    log = bytearray()
    for line in re.findall(r"(?m)^[0-9a-f]{8}: (?:[0-9a-f]{2} )+", page):
        at, bytes_ = line.split(":")
        assert int(at, 16) == len(log), f"a gap before {at}"
        log += bytes.fromhex(bytes_)
    return bytes(log)

def put_small_log(folder, log):
    (folder / "log").mkdir(parents=True)
    (folder / "log" / "00000000000000000001.seg").write_bytes(log + bytes(4096))
    (folder / "format").write_text("cardo-data 1\n")

def test_the_small_log_of_the_file_format_is_a_twin(make_server, tmp_path):
    log = small_log()
    assert len(log) == 592
    put_small_log(tmp_path / "twin", log)
    s = make_server().start()
    found = s.get(NGSI + "/entities/urn:a:1?options=sysAttrs").json
    then = "2026-11-24T15:47:27.341616Z"
    assert found == {"id": "urn:a:1", "type": "Lamp", "createdAt": then, "modifiedAt": then,
                     "on": {"type": "Property", "value": True, "createdAt": then, "modifiedAt": then}}
    assert s.stop() == 0

@pytest.mark.parametrize("at", [64, 200, 300, 400, 590])
def test_the_small_log_with_one_other_bit_is_not_believed(make_server, tmp_path, at):
    log = bytearray(small_log())
    log[at] ^= 1
    put_small_log(tmp_path / "twin", bytes(log))
    s = make_server().start()
    assert s.get(NGSI + "/entities/urn:a:1").status == 404
    assert s.stop() == 0

def test_the_service_starts_the_program_with_what_it_knows():
    unit = (ROOT / "share" / "cardo.service.in").read_text()
    command = re.search(r"(?m)^ExecStart=\S*/cardo (\w+) (.*)$", unit)
    said = subprocess.run([binary(), "help", command[1]], capture_output=True, text=True, check=True).stdout
    for flag in re.findall(r"--[\w-]+", command[2]):
        assert f"  {flag} " in said, flag
    folders = re.search(r"(?m)^StateDirectory=(.*)$", unit)[1].split()
    for path in re.findall(r"/var/lib/([\w-]+)", unit + OPERATING.replace("/private/", "/").replace("-damaged", "")):
        assert path in folders, f"/var/lib/{path} is not the service's to write"
