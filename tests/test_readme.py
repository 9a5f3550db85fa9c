"""The README says what is true; its examples and markers are tested with the pages of docs/."""

from __future__ import annotations

import re
from pathlib import Path

from workspan.reports.cli import COMMANDS
from workspan.reports.commands.app import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_table_and_a_picture_come_first() -> None:
    """Within the first screen stand a table and a picture, between markers, made by the tool."""
    first = "\n".join(README.splitlines()[:30])
    assert re.search(r"<!-- workspan: table .*?<!-- /workspan figure=", first, re.DOTALL)
    (picture,) = re.findall(r"<!-- workspan: picture [^>]*-->\n\n!\[[^]]*\]\(([^)]*)\)", first)
    assert (ROOT / picture).is_file()


def test_links_lead_to_files() -> None:
    """Whatever the README links to in the repository is there."""
    links = re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", README)
    assert len(links) > 10
    assert not [link for link in links if not (ROOT / link).exists()]


def test_every_command_is_listed() -> None:
    """The table of the README has each command of the command line once, and no other."""
    assert COMMANDS, "importing these is what makes them commands"
    listed = re.findall(r"^\| `workspan ([a-z]+)", README, re.MULTILINE)
    assert sorted(listed) == sorted(name for name in app if not name.startswith("-"))


def test_the_model_of_the_readme_is_short() -> None:
    """A reader's first model is under fifteen lines."""
    (code,) = re.findall(r"Put this into `gated.py`:\n\n```python\n(.*?)```", README, re.DOTALL)
    assert len(code.splitlines()) < 15
