"""The README says what is true: its examples run, and its table is what the tool prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workspan.analysis.claims import parse, verdict_on
from workspan.analysis.claims.claiming import claims_of
from workspan.reports.cli import main

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


def test_the_hook_is_a_command_of_the_command_line(tmp_path: Path) -> None:
    """What pre-commit runs on a document is what a user would run, and finds what differs."""
    text = (Path(__file__).parent.parent / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    found = re.findall(r"^  entry: workspan (.*)$", text, re.MULTILINE)
    pattern = re.findall(r"^  files: (.*)$", text, re.MULTILINE)
    assert [e.split()[0] for e in found] == ["embed", "embed"]
    path = tmp_path / "a.md"
    path.write_text("<!-- workspan: figure lstm params -->?<!-- /workspan -->", encoding="utf-8")
    assert all(re.search(p, path.name) for p in pattern)
    assert [main([*e.split(), str(path)]) for e in found] == [1, 0]


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
