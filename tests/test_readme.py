"""The README says what is true: its examples run, and its table is what the tool prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from workspan.analysis.claims import parse, verdict_on
from workspan.analysis.claims.claiming import claims_of
from workspan.reports.cli import main
from workspan.reports.embedding.markers import FORMATS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_table_is_what_the_tool_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """The block under a command is the command's output."""
    block = re.search(r"```console\n\$ workspan ([^\n]*)\n(.*?)```", README, re.DOTALL)
    assert block is not None
    assert main(block[1].split()) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.strip().splitlines()]
    assert [line.rstrip() for line in block[2].strip().splitlines()] == printed


def test_the_model_of_the_readme_is_analyzed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reader's first model works as it is printed, and is under fifteen lines."""
    code = re.search(r"Put this into `gated.py`:\n\n```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    assert len(code[1].splitlines()) < 15
    (tmp_path / "gated.py").write_text(code[1], encoding="utf-8")
    assert main(["analyze", f"{tmp_path / 'gated.py'}:gated_average", "--figures", "state"]) == 0
    assert "d" in capsys.readouterr().out


def test_what_stands_between_markers_is_derived(capsys: pytest.CaptureFixture[str]) -> None:
    """Each table between markers is what is derived; the exit code is 1 if any is not."""
    assert README.count("\n<!-- /workspan figure=") == 3
    path = Path(__file__).parent.parent / "README.md"
    assert main(["embed", "--check", str(path)]) == 0, capsys.readouterr().out


HOOKS = (Path(__file__).parent.parent / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")


def run_as_a_hook(entry: str, *names: str) -> int:
    """Run an entry as pre-commit does: with the names of files that changed as arguments."""
    command = [*shlex.split(entry), *names]
    assert command[0] == "workspan"
    return main(command[1:])


@pytest.mark.parametrize("source", ["hooks", "readme"])
def test_a_hook_finds_what_differs_and_repairs_it(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files without markers pass, one that differs fails, and passes once it is embedded."""
    pattern = r"entry: ([^,\n]*)"
    block = re.search(r"```yaml\nrepos:\n.*?```", README, re.DOTALL)
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
    block = re.search(r"```yaml\n(repos:\n.*?)```", README, re.DOTALL)
    assert block is not None
    (repo,) = yaml.safe_load(block[1])["repos"]
    assert repo["repo"] == "local"
    assert {key: repo["hooks"][0][key] for key in ("entry", "files")} == {
        key: hooks[0][key] for key in ("entry", "files")
    }


def test_the_claims_file_of_the_readme_is_refuted_as_it_says() -> None:
    """The counterexample and what holds instead are those that are printed."""
    code = re.search(r"```toml\n(.*?)```\n\n(.*?)\n", README, re.DOTALL)
    assert code is not None
    (claim,) = parse(code[1], "README.md")
    found = verdict_on(claim)
    assert found.verdict == "refuted"
    assert ", ".join(f"{k}={v}" for k, v in found.counterexample.items()) in code[2]
    assert found.corrected.removesuffix(" for w <= n") in code[2]


def test_the_sentences_of_the_readme_hold() -> None:
    """Each claim above the model of the README is proved."""
    code = re.search(r"```python\n(import workspan as ws\n\n\n@ws.claim.*?)```", README, re.DOTALL)
    assert code is not None
    names: dict[str, object] = {}
    exec(code[1], names)
    model = names["gated_sum"]
    claims = claims_of(model)
    assert len(claims) == 3
    for claim in claims:
        assert verdict_on(claim, {"gated_sum": model}).verdict == "proved", claim.statement  # type: ignore[dict-item]


def test_the_sweep_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file that is printed is swept by the commands under it, with a value at every point."""
    code = re.search(r"Put this into `points.toml`:\n\n```toml\n(.*?)```", README, re.DOTALL)
    assert code is not None
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.toml").write_text(code[1], encoding="utf-8")
    (first,) = re.findall(r"^workspan (sweep points.toml -o points.csv)$", README, re.MULTILINE)
    assert main(first.split()) == 0
    points = 2 * 2 * 2 * 12 + 2 * 2 * 4 * 12
    assert capsys.readouterr().out.startswith(f"{points} points in ")
    rows = (tmp_path / "points.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(rows) == points
    assert not [row for row in rows if not row.endswith(",")], "no row has a reason"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["points.csv", "points.toml"]
