"""The hooks of the repository, and the one that is printed for users, run as pre-commit runs them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from workspan.reports.cli import main
from workspan.reports.embedding.markers import FORMATS

ROOT = Path(__file__).parent.parent.parent.parent
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
PAGE = (ROOT / "docs/howto/embed-in-a-document.md").read_text(encoding="utf-8")


def run_as_a_hook(entry: str, *names: str) -> int:
    """Run an entry as pre-commit does: with the names of files that changed as arguments."""
    command = [*shlex.split(entry), *names]
    assert command[0] == "workspan"
    return main(command[1:])


@pytest.mark.parametrize("source", ["hooks", "page"])
def test_a_hook_finds_what_differs_and_repairs_it(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files without markers pass, one that differs fails, and passes once it is embedded."""
    pattern = r"entry: ([^,\n]*)"
    block = re.search(r"```yaml\n[^`]*?(repos:\n.*?)```", PAGE, re.DOTALL)
    assert block is not None
    entries = re.findall(pattern, HOOKS if source == "hooks" else block[0])
    monkeypatch.chdir(tmp_path)
    text = "<!-- workspan: figure lstm params -->?<!-- /workspan -->"
    names = ("a b.md", "-c.html", "plain.rst")
    for name in names:
        Path(name).write_text("nothing" if name == "plain.rst" else text, encoding="utf-8")
    check = entries[0]
    given = [f"./{n}" if n.startswith("-") else n for n in names]
    assert run_as_a_hook(check, "plain.rst") == 0
    assert run_as_a_hook(check, *given) == 1
    assert Path("a b.md").read_text(encoding="utf-8") == text
    write = entries[1] if source == "hooks" else "workspan embed"
    assert run_as_a_hook(write, *given) == 0
    assert run_as_a_hook(check, *given) == 0


def test_the_hooks_are_given_every_format() -> None:
    """Each hook is for the files of every format, but Python, where docstrings are rarely such."""
    yaml = pytest.importorskip("yaml")
    hooks = yaml.safe_load(HOOKS)
    assert [hook["id"] for hook in hooks] == ["workspan-embed", "workspan-embed-write"]
    for hook in hooks:
        assert {"id", "name", "entry", "language", "files"} <= set(hook)
        found = {ending for ending in FORMATS if re.search(hook["files"], f"docs/a{ending}")}
        assert found == set(FORMATS) - {".py"}
    block = re.search(r"```yaml\n[^`]*?(repos:\n.*?)```", PAGE, re.DOTALL)
    assert block is not None
    (repo,) = yaml.safe_load(block[1])["repos"]
    assert repo["repo"] == "local"
    assert {key: repo["hooks"][0][key] for key in ("entry", "files")} == {
        key: hooks[0][key] for key in ("entry", "files")
    }
