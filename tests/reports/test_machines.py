"""The commands about machines: what they print, what they draw, and one line for wrong input."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from workspan.analysis.machines.calibrating import Measured
from workspan.analysis.machines.machine import load, names
from workspan.analysis.machines.predicting import Parts
from workspan.analysis.machines.validating import Point, Validation, term_of
from workspan.reports.cli import main
from workspan.reports.commands import machines as machine_commands
from workspan.reports.validation import validation_markdown, validation_record

LLAMA = "n=4096,d=4096,h=32,g=8,f=14336,v=128256,L=32"


def test_machines_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Every machine is listed, and shows each of its sources."""
    assert main(["machine", "list", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)["machines"]
    assert tuple(listed) == names()
    for style in ("text", "markdown", "json"):
        assert main(["machine", "list", "--format", style]) == 0
        assert main(["machine", "show", "h100", "--format", style]) == 0
        assert "3.35 TB/s" in capsys.readouterr().out or style == "json"
    assert listed["a100"]["bandwidth"] == 2039e9


def test_a_prediction_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """All formats say the same: time, what binds, memory, and the longest context with its formula."""
    command = ["predict", "llama", "--at", LLAMA, "--mode", "decode", "--memory", "80GB"]
    assert main([*command, "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["predictions"]
    assert found["binds"] == "bandwidth"
    assert found["bytes"] == pytest.approx(sum(found["memory"].values()))
    assert found["seconds"] == pytest.approx(sum(o["seconds"] for o in found["operations"]))
    # 8030261248 parameters in 16 bits (Llama 3), and 131072 bytes a token.
    assert found["memory"]["weights"] == 2 * 8030261248
    most = (80 * 10**9 - 2 * 8030261248) // 131072
    assert most * 0.99 <= found["context"]["n_max"] <= most
    for style in ("text", "markdown"):
        assert main([*command, "--format", style]) == 0
        printed = capsys.readouterr().out.replace("\\", "")
        assert "bandwidth" in printed
        assert f"{found['context']['n_max']:,}" in printed


def test_several_models_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    """Of several models, a table before all others has a row for each."""
    command = ["predict", "lstm", "causal_attention", "--at", "n=64,d=32,L=2,h=2"]
    assert main([*command, "--mode", "decode", "--memory", "1MB", "--format", "markdown"]) == 0
    first = capsys.readouterr().out.split("##")[0].splitlines()
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in first if line]
    assert [row[0] for row in rows] == ["model", "---", "lstm", "causal\\_attention"]
    # An LSTM keeps 2 d numbers a layer; attention 2 d n of them, of 2 bytes.
    assert rows[2][-1] == "no limit"
    assert 0 < int(rows[3][-1].replace(",", "")) <= 10**6 // (2 * 2 * 32 * 2)


def test_the_picture_has_every_operation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A roofline picture is XML with one point for each operation, and three for what binds."""
    file = tmp_path / "roof.svg"
    command = ["predict", "llama", "--at", LLAMA, "--mode", "decode", "-o", str(file)]
    assert main([*command, "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["predictions"]
    drawn = [o for o in found["operations"] if o["flops"] and o["bytes"]]
    circles = [e for e in ElementTree.parse(file).iter() if e.tag.endswith("circle")]
    assert len(circles) == len(drawn) + 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "llama", "--at", "n=8,d=8"], "expected all sizes of llama, got no f, g, h, v"),
        (["predict", "llama", "--at", LLAMA, "--memory", "80"], "expected a number with a unit"),
        (["predict", "llama", "--at", LLAMA, "--machine", "nothing"], "expected a machine of"),
        (["predict", "llama", "--at", LLAMA, "--number", "fp8"], "number format that NVIDIA A100"),
        (["predict", "llama", "--at", LLAMA, "--mode", "sleep"], "expected mode to be one of"),
        (["predict", "llama", "--at", LLAMA, "--fused", "much"], "expected fused to be"),
        (["predict", "llama", "--at", LLAMA, "--batch", "0"], "expected batch to be"),
        (
            ["predict", "llama", "--at", LLAMA, "-o", "x.png"],
            "expected --output to be an .svg or .pdf file",
        ),
        (["predict"], "expected at least one model"),
        (["predict", "attention", "--at", "n=8,d=8,h=1", "--mode", "decode"], "not causal"),
        (["predict", "attention", "--at", "n=8,d=7,h=2"], "expected h to divide d"),
        (["machine", "show", "nothing"], "expected a machine of"),
        (["machine", "calibrate", "--threads", "3"], "expected --threads to be 1 or all"),
        (["machine", "calibrate", "--engine", "abacus"], "abacus"),
        (["machine", "validate", "--machine", "nothing"], "expected a machine of"),
    ],
)
def test_wrong_input_is_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: wrong input is one line that names the argument, and exit code 2."""
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_calibration_writes_a_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was measured is written as a file that predictions take."""
    measured = Measured("Lib 1", "all", {"bf16": 2e11}, {65536: 9e10}, 3e10, 2e9, 6e8, 2e-6)
    monkeypatch.setattr(
        "workspan.analysis.machines.calibrating.calibrate", lambda *_, **__: [measured]
    )
    file = tmp_path / "here.toml"
    assert main(["machine", "calibrate", "-o", str(file)]) == 0
    assert load(str(file)).rates == {"bf16": 2e11}
    assert main(["predict", "lstm", "--at", "n=8,d=8", "--machine", str(file)]) == 0
    assert "Lib 1" in capsys.readouterr().out
    assert machine_commands.machine is not None


def test_a_missing_term_is_found() -> None:
    """Law: of runs that take as long as with one term multiplied, that term and factor are named."""

    def part(matrix: float, transfer: float, latency: float) -> Parts:
        return Parts(1, 1, 1, matrix, 0.0, 0.0, transfer, latency)

    cases = [part(1.0, 0.1, 0.5), part(2.0, 0.1, 3.0), part(4.0, 0.3, 0.2), part(0.1, 0.9, 0.7)]
    late = [([p], max(p.matrix, p.transfer) + 8 * p.latency) for p in cases]
    found = term_of("code", late)
    assert found is not None
    assert (found.term, found.factor) == ("latency", 8.0)
    assert found.left == pytest.approx(0.0)
    slow = [([p], max(4 * p.matrix, p.transfer) + p.latency) for p in cases]
    found = term_of("code", slow)
    assert found is not None
    assert (found.term, found.factor) == ("matrix", 4.0)
    assert term_of("code", [([p], float(p.seconds)) for p in cases]) is None


def test_a_validation_is_shown() -> None:
    """The report has a row for each run, the median error, and the missing terms."""
    points = tuple(
        Point("code", "lstm", "none", {"n": n, "d": 8}, 1.0, 1.0 + n / 10) for n in (1, 5, 9)
    )
    found = Validation(load("vm_numpy"), "numpy", "1", "cpu", points)
    assert found.error == pytest.approx(0.5 / 1.5)
    text = validation_markdown(found)
    assert "33 %; 1 of 3 runs within 25 %" in text.replace("\\", "")
    assert text.count("| code | none |") == 3
    assert len(validation_record(found)["runs"]) == 3
