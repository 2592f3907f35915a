"""What the documents say is what the program does: every command, the settings, metrics and log lines, the bytes of the
small log, the links."""
import json
import os
import pathlib
import re
import shlex
import subprocess

import pytest

from conftest import NGSI, ROOT, Server, binary

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

def alike(text):
    """What two answers have in common: all but their dates and the order of members."""
    lines = timeless(text.replace("\r", "").strip()).split("\n")
    return [json.loads(line) if line[:1] in ("{", "[") else line for line in lines]

# an empty twin, and the city that ./dev run has
@pytest.mark.parametrize("flags", [(), ("--demo", "city")])
def test_the_first_five_minutes_work_as_printed(make_server, flags):
    s = make_server(*flags).start()
    blocks = [b for b in consoles("README.md") if b.startswith("$ curl")]
    assert len(blocks) > 8
    for block in blocks:
        command, printed = split(block)
        assert command.count("http://localhost:9090") == 1, command
        command = command.replace("http://localhost:9090", s.base).replace("curl ", "curl -s ", 1)
        said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True).stdout
        assert alike(said) == alike(printed), command
    assert s.stop() == 0

# ---- the book: each command, in the order of its page ----

# what needs a package manager, an init system or a container engine: packaging/ has tests of those
ELSEWHERE = ("./dev ", "apt ", "meson ", "podman ", "systemd-sysusers", "systemctl status", "systemctl daemon-reload",
             "systemctl enable")

def commands(page):
    """Each command of a page with what is printed below it."""
    for block in consoles(page):
        lines = block.rstrip("\n").split("\n")
        while lines:
            assert lines[0][:2] in ("$ ", "# "), lines[0]
            command = lines.pop(0)[2:]
            while command.count("'") % 2 or ("<<END" in command and not command.endswith("\nEND")):
                command += "\n" + lines.pop(0)
            printed = []
            while lines and lines[0][:2] not in ("$ ", "# "):
                printed.append(lines.pop(0))
            yield command, "\n".join(printed)

def agree(said, printed):
    """`…` stands for anything; nothing printed on the page: nothing is claimed."""
    wanted = ".*?".join(re.escape(part) for part in timeless(printed).split("…"))
    return not printed or re.fullmatch(wanted, timeless(said.replace("\r", "").strip()), re.S)

class Reader:
    """Somebody who follows a page with a twin of their own, in a folder where /var/lib/... is a folder of theirs too."""
    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        (folder / "bin").mkdir()
        (folder / "bin" / "cardo").symlink_to(pathlib.Path(binary()).resolve())
        (folder / "backup").mkdir()
        self.env = {**os.environ, "PATH": f"{folder}/bin:/usr/bin:/bin"}

    def mapped(self, text):
        text = re.sub(r"/var/lib/(private/)?cardo-backup", f"{self.folder}/backup", text)
        text = re.sub(r"/var/lib/(private/)?cardo", f"{self.folder}/cardo-data", text)
        return text.replace("http://localhost:9090", self.server.base)

    def serves(self, command, printed):
        """A second twin, started as the page says, on another port."""
        args = shlex.split(self.mapped(command))[2:]
        data = pathlib.Path(args[args.index("--data") + 1]).name if "--data" in args else "other"
        flags = [a for i, a in enumerate(args) if a not in ("--data", "--listen") and (not i or args[i - 1] not in ("--data", "--listen"))]
        other = Server(self.folder / f"second-{data}", *flags).start()
        assert other.stop() == 0
        log = pathlib.Path(other.folder + ".log").read_text().splitlines()
        assert log[0].rsplit(":", 1)[0] == printed.rsplit(":", 1)[0], command

    def listens(self, command, printed):
        """A stream that does not end: its beginning, with other numbers."""
        done = subprocess.run(["bash", "-c", self.mapped(command).replace("curl ", "curl -s --max-time 2 ", 1)],
                              capture_output=True, text=True, timeout=60)
        def beginning(text):
            return re.sub(r"\d+", "0", text).split("\n")[:5]
        assert done.returncode == 28 and beginning(done.stdout) == beginning(printed), f"{command}\n{done.stdout}"

    def follow(self, command, printed):
        if command.startswith("systemctl stop"):
            assert self.server.stop() == 0
        elif command.startswith("systemctl start"):
            self.server.start()
        elif command.startswith("cardo serve"):
            self.serves(command, printed)
        elif command.startswith("curl -N"):
            self.listens(command, printed)
        else:
            done = subprocess.run(["bash", "-c", self.mapped(command).replace("curl ", "curl -s ", 1)], capture_output=True,
                                  text=True, timeout=60, cwd=self.folder, env=self.env)
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            assert agree(done.stdout, self.mapped(printed)), f"{command}\n{done.stdout}"

def follow(page, reader, least):
    followed = 0
    for command, printed in commands(page):
        if not command.startswith(ELSEWHERE):
            reader.follow(command, printed)
            followed += 1
    assert followed >= least

def test_getting_started_works_as_printed(make_server, tmp_path):
    s = make_server("--demo", "city", name="cardo-data").start()
    while b"\ncardo_entities 5000\n" not in s.get("/metrics").body:
        assert s.process.poll() is None
    follow("docs/getting-started.md", Reader(tmp_path, s), 15)
    assert s.stop() == 0

def test_operating_works_as_printed(make_server, tmp_path):
    s = make_server(name="cardo-data").start()
    lots = [{"id": f"urn:p:{i}", "type": "ParkingSite", "free": free} for i, free in enumerate((594, 160, 12))]
    lots += [{"id": f"urn:l:{i}", "type": "Lamp"} for i in range(100)]
    assert s.call("POST", f"{NGSI}/entityOperations/create", lots).status == 201
    follow("docs/operating.md", Reader(tmp_path, s), 8)
    assert s.get(f"{NGSI}/entities/urn:p:0").status == 200  # as it was before it was restored
    assert s.stop() == 0

def test_the_readme_starts_with_the_two_commands():
    assert [b for b in consoles("README.md")][:2] == ["$ ./dev run\n", "$ ./dev test\n"]
    assert set(re.findall(r"\./dev (\w+)", (ROOT / "README.md").read_text())) <= {"run", "test", "build", "bench", "lint", "package"}

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

def test_the_book_lists_its_pages():
    contents = (ROOT / "docs" / "README.md").read_text()
    assert {p.name for p in ROOT.glob("docs/*.md")} - {"README.md"} <= set(re.findall(r"\]\(([\w-]+\.md)\)", contents))

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

def test_the_page_of_conformance_is_made_of_the_stories():
    run = subprocess.run([ROOT / "tools" / "conformance_page.py", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
