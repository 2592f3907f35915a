"""The lists of Debian packages agree: what ./dev installs, what the Debian package and the container are built from."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What a Debian build has without being told (build-essential), and what only a checkout needs: the start page is built by
# ./dev package before the Debian package is, and nothing asks git.
NOT_FOR_DEBIAN = {"build-essential", "git", "nodejs", "npm"}

def listed(section):
    text = (ROOT / "packages.txt").read_text()
    part = re.search(rf"(?ms)^\[{section}\]\n(.*?)(?=^\[|\Z)", text)[1]
    return {line for line in part.split("\n") if line and not line.startswith("#")}

def test_the_debian_package_is_built_from_what_dev_installs():
    control = (ROOT / "debian" / "control").read_text()
    field = re.search(r"(?m)^Build-Depends:((?:.*\n)(?: .*\n)*)", control)[1]
    needed = {re.sub(r"\s*\(.*\)", "", name.strip()) for name in field.split(",")}
    assert needed - {"debhelper-compat"} == listed("build") - NOT_FOR_DEBIAN

def test_every_package_has_its_reason():
    reasons = (ROOT / "docs" / "dependencies.md").read_text()
    for section in re.findall(r"(?m)^\[(.*)\]$", (ROOT / "packages.txt").read_text()):
        for name in listed(section):
            assert re.search(rf"\b{re.escape(name.removesuffix('-dev'))}", reasons), f"{name}: docs/dependencies.md is silent"
