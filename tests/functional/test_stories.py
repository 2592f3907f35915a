"""Every *.http story below this folder, each in a tenant of its own on a fresh server for each clause."""
import pathlib

import pytest

import stories

FOLDER = pathlib.Path(__file__).parent
FILES = sorted(FOLDER.rglob("*.http"))

@pytest.mark.parametrize("story", FILES, ids=[str(f.relative_to(FOLDER)) for f in FILES])
def test_story(server, story):
    stories.run(server, story.read_text(), story.name)
