"""What the documents say is what the program does: every command of the README, the settings, the links."""
import json
import re
import subprocess

from conftest import ROOT, binary

CONSOLE = re.compile(r"```console\n(.*?)```", re.S)

def consoles():
    return [c for c in CONSOLE.findall((ROOT / "README.md").read_text()) if c.startswith("$ curl")]

def split(block):
    """The command, which goes on while a quote is open, and what is printed below it."""
    lines = block.rstrip("\n").split("\n")
    command = lines.pop(0)[2:]
    while command.count("'") % 2:
        command += "\n" + lines.pop(0)
    return command, "\n".join(lines)

def test_the_first_five_minutes_work_as_printed(make_server):
    s = make_server().start()
    blocks = consoles()
    assert len(blocks) > 8
    for block in blocks:
        command, printed = split(block)
        command = command.replace("http://localhost:9090", s.base).replace("curl ", "curl -s ", 1)
        said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True).stdout
        said = said.replace("\r", "")
        if " -i " not in command:
            assert json.loads(said) == json.loads(printed), command
            continue
        head, _, body = said.partition("\n\n")
        wanted, _, wanted_body = printed.partition("\n\n")
        fields = head.split("\n")
        for line in wanted.split("\n"):
            assert line in fields, f"{command}\n{line} is not in\n{head}"
        assert body.strip() == wanted_body.strip(), command
    assert s.stop() == 0

def test_every_setting_is_on_the_page_of_settings():
    page = (ROOT / "docs" / "configuration.md").read_text()
    said = subprocess.run([binary(), "help", "--markdown"], capture_output=True, text=True, check=True).stdout
    assert page.endswith(said), "made anew with: cardo help --markdown"

def test_links_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"

def test_settings_that_pages_name_exist():
    known = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "configuration.md").read_text(), re.M))
    page = (ROOT / "docs" / "operating.md").read_text()
    table = page[page.index("| setting |"):page.index("A full disk")]
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", table))
    assert named and named <= known, named - known

def test_metrics_that_pages_name_exist(make_server):
    s = make_server().start()
    told = s.get("/metrics").body.decode()
    for name in re.findall(r"`(cardo_\w+)`", (ROOT / "docs" / "operating.md").read_text()):
        assert re.search(rf"^{name}[ {{]", told, re.M), name
    assert s.stop() == 0
