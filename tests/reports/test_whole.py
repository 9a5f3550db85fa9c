"""Laws of the whole way, from the command line to the analysis and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workspan.reports.cli import main

MODEL = """
from workspan.graphs.operations import layer, linear, scan, stack, tanh, zeros

def mine(x, *, L=1):
    def step(h, x):
        h = tanh(linear(h, "d") + x)
        return h, h
    return stack(layer(lambda x: scan(step, zeros("d"), x)[1] + x), x, L)
"""


def test_a_catalogue_model_is_analyzed(capsys: pytest.CaptureFixture[str]) -> None:
    """A model of the catalogue has all figures, and all witnesses agree at the sizes given."""
    assert main(["analyze", "gru", "--at", "n=9,d=8", "--format", "json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert model["figures"]["params"]["formula"] == "6*d**2 + 6*d"
    assert model["figures"]["work"]["values"][0]["at"] == {"d": 8, "n": 9}
    assert all(f["agree"] is not False for f in model["figures"].values())


def test_a_model_of_ones_own_is_analyzed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A function in a file is analyzed like a model of the catalogue, with layers as a size."""
    path = tmp_path / "mine.py"
    path.write_text(MODEL)
    arguments = ["analyze", f"{path}:mine", "--at", "n=9,d=8,L=3", "--figures", "work,params"]
    assert main([*arguments, "--format", "json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert model["model"] == "mine"
    assert model["figures"]["params"]["formula"] == "L*d**2 + L*d"


def test_crossovers_are_exact(capsys: pytest.CaptureFixture[str]) -> None:
    """One attention layer does less than one LSTM layer exactly when n < 2 d."""
    assert main(["compare", "attention", "lstm", "--figures", "work", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["crossovers"]
    conditions = {c["counted"]: c["condition"] for c in found}
    assert conditions["contractions"] == "n < 2*d"


def test_a_claims_file_with_a_wrong_field_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong field of a claims file gives one line that names the file."""
    path = tmp_path / "claims.toml"
    path.write_text("[[claim]]\nsubjekt = 3\n")
    assert main(["check", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "claims.toml" in captured.err
