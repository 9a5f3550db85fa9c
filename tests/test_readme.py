"""The README says what is true; its examples and markers are tested with the pages of docs/."""

from __future__ import annotations

import re
from pathlib import Path

from workspan.reports.cli import main
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
    listed = re.findall(r"^\| `workspan ([a-z]+)", README, re.MULTILINE)
    assert sorted(listed) == sorted(name for name in app if not name.startswith("-"))


def test_the_model_of_the_readme_is_short() -> None:
    """A reader's first model is under fifteen lines."""
    (code,) = re.findall(r"Put this into `gated.py`:\n\n```python\n(.*?)```", README, re.DOTALL)
    assert len(code.splitlines()) < 15


def test_the_hook_is_a_command_of_the_command_line(tmp_path: Path) -> None:
    """What pre-commit runs on a document is what a user would run, and finds what differs."""
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    found = re.findall(r"^  entry: workspan (.*)$", text, re.MULTILINE)
    pattern = re.findall(r"^  files: (.*)$", text, re.MULTILINE)
    assert [e.split()[0] for e in found] == ["embed", "embed"]
    path = tmp_path / "a.md"
    path.write_text("<!-- workspan: figure lstm params -->?<!-- /workspan -->", encoding="utf-8")
    assert all(re.search(p, path.name) for p in pattern)
    assert [main([*e.split(), str(path)]) for e in found] == [1, 0]
