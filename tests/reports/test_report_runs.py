"""``workspan report --engine``: what other people's code showed stands in the cells."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workspan.analysis.runs import engines
from workspan.reports.cli import main


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep measurements in a folder of the test's own."""
    monkeypatch.setenv("WORKSPAN_STORE", str(tmp_path / "store"))


def values(folder: Path, figure: str) -> list[dict[str, Any]]:
    """Return the values of a figure of the first model of a report."""
    record = json.loads((folder / "report.json").read_text())
    found: list[dict[str, Any]] = record["models"][0]["figures"][figure]["values"]
    return found


def test_cells_name_what_ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A number of torch's stands beside the derived and the measured one, with its source."""
    pytest.importorskip("torch")
    folder, sizes = tmp_path / "report", ["--at", "n=6,d=4"]
    assert main(["report", "lstm", *sizes, "--engine", "torch", "-o", str(folder)]) == 0
    for figure in ("work", "activations", "state", "params"):
        sourced = [v for v in values(folder, figure) if "source" in v]
        assert sourced, figure
        assert all(v["run"] == v["derived"] == v["measured"] for v in sourced)
        assert all("torch.nn.LSTM" in v["source"] for v in sourced)
    assert "torch.nn.LSTM on cpu" in (folder / "report.html").read_text()
    assert not any("source" in v for v in values(folder, "mixing_hops"))


def test_a_run_that_disagrees_is_said_in_the_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong count of an engine fails the command and is written where the cell is."""
    observe = engines.observe

    def wrong(*arguments: Any, **options: Any) -> Any:
        found = observe(*arguments, **options)
        return tuple(replace(o, value=o.value + 1) if o.figure == "work" else o for o in found)

    monkeypatch.setattr(engines, "observe", wrong)
    folder = tmp_path / "report"
    arguments = ["report", "rnn", "--at", "n=4,d=4", "--figures", "work,params"]
    assert main([*arguments, "--engine", "numpy", "-o", str(folder)]) == 1
    assert "WITNESSES DISAGREE" in capsys.readouterr().out
    assert "WITNESSES DISAGREE" in (folder / "report.md").read_text()


def test_models_of_ones_own_have_no_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file's function that is called like a model of the catalogue is not run as that one."""
    path = tmp_path / "mine.py"
    path.write_text("def rnn(x):\n    return x * x\n")
    folder = tmp_path / "report"
    arguments = ["report", f"{path}:rnn", "--engine", "numpy", "-o", str(folder)]
    assert main(arguments) == 2
    assert "expected models of the catalogue" in capsys.readouterr().err
    assert not (folder / "report.json").exists()
