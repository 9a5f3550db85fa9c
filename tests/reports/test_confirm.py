"""``workspan confirm``: what ran beside what was derived, disagreements first, nothing lost."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workspan.analysis.runs import engines
from workspan.analysis.runs.errors import RunError
from workspan.reports.cli import main

OWN = """
import numpy as np


def rnn(x, layers):
    print("loud")
    for w in layers:
        h, rows = np.zeros(x.shape[1]), []
        for row in x:
            h = np.tanh(w["ih.weight"] @ row + w["ih.bias"] + (w["hh.weight"] @ h + w["hh.bias"]))
            rows.append(h)
        x = np.stack(rows)
    return x


def wasteful(x, layers):
    return rnn(x, layers) + 0.0 * rnn(x, layers)


def broken(x, layers):
    return x[:1]


def model(x):
    return x
"""
SIZES = ("--at", "n=4,d=4,L=2")

Arguments = Callable[..., int]


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep measurements in a folder of the test's own."""
    monkeypatch.setenv("WORKSPAN_STORE", str(tmp_path / "store"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file with functions of a user."""
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return path


def wrong(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail on wrong input in one line, and return the line."""
    assert main([str(a) for a in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-1].startswith("workspan: error: ")
    assert "Traceback" not in captured.err
    return captured.err.splitlines()[-1]


def broken_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an engine see a receptive field that is one too large."""
    observe = engines.observe

    def off(engine: str, model: str, at: Any, figure: str, *, seed: int = 0) -> Any:
        found = observe(engine, model, at, figure, seed=seed)
        more = int(figure == "receptive_field")
        return tuple(replace(o, value=o.value + more) for o in found)

    monkeypatch.setattr(engines, "observe", off)


@pytest.mark.parametrize("style", ["text", "json", "markdown"])
def test_every_format(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A model is confirmed in every format, with exit code 0 when nothing differs."""
    arguments = ["confirm", "rnn", "attention", "--engine", "numpy", "--figures", "work,state"]
    assert main([*arguments, "--at", "n=4,d=4", "--format", style]) == 0
    out = capsys.readouterr().out
    for said in ("rnn", "attention", "contraction", "runs.recurrent.rnn"):
        assert said in out


def test_json_is_that_of_analyze_with_what_ran(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has the figures as `analyze` writes them, with run values and the source of each."""
    assert main(["confirm", "rnn", "--engine", "numpy", *SIZES, "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    (model,) = record["models"]
    work = model["figures"]["work"]
    assert work["formula"] == "4*L*d**2*n + 4*L*d*n"
    (value,) = work["values"]
    assert value["at"] == {"L": 2, "d": 4, "n": 4}
    assert value["derived"] == value["measured"] == value["run"] == 640
    assert value["source"]["library"] == "numpy"
    assert re.fullmatch(r"\d+\.\d+.*", value["source"]["version"])
    assert value["source"]["subject"] == "workspan.analysis.runs.recurrent.rnn"
    lines = {(x["figure"], x["line"]): x for x in model["lines"]}
    assert lines["work", "contraction"]["run"] == 512
    assert lines["dependence", "x"]["run"] == lines["dependence", "x"]["derived"] == 10
    assert record["agree"] is model["agree"] is work["agree"] is True
    assert main(["analyze", "rnn", *SIZES, "--figures", "work", "--format", "json"]) == 0
    analyzed = json.loads(capsys.readouterr().out)["models"][0]["figures"]["work"]
    assert set(analyzed) <= set(work)
    assert {k: work[k] for k in analyzed if k != "values"} == {
        k: analyzed[k] for k in analyzed if k != "values"
    }
    assert set(analyzed["values"][0]) < set(value)


def test_a_disagreement_is_first_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number that differs is the first thing that is printed, and the exit code is 1."""
    broken_by_one(monkeypatch)
    assert main(["confirm", "gru", "rnn", "--engine", "numpy", *SIZES]) == 1
    first = " ".join(capsys.readouterr().out.split())
    assert first.startswith(
        "DIFFERS gru: receptive_field at n=4, d=4, L=2: derived 4 = n, run 5 by numpy"
    )
    assert main(["confirm", "rnn", "--engine", "numpy", *SIZES, "--format", "markdown"]) == 1
    assert capsys.readouterr().out.startswith("- **DIFFERS rnn: receptive")
    assert main(["confirm", "rnn", "--engine", "numpy", *SIZES, "--format", "json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["agree"] is False
    assert record["models"][0]["lines"][0]["verdict"] == "differs"
    assert record["models"][0]["figures"]["receptive_field"]["agree"] is False


def test_a_run_that_fails_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that fails is one line, and the exit code is 1."""

    def failing(*arguments: Any, **options: Any) -> Any:
        raise RunError("expected weights, got none")

    monkeypatch.setattr(engines, "observe", failing)
    assert main(["confirm", "attention", "--engine", "numpy", *SIZES]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("FAILED attention: params at")
    assert "expected weights, got none" in out


def test_sizes_that_no_model_has_are_refused_before_it_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Heads that do not divide are wrong input: one line, and the exit code is 2."""
    assert main(["confirm", "attention", "--engine", "numpy", "--at", "n=4,d=6,h=4"]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "attention: expected h to divide d, got h=4, d=6 (6 % 4 == 2)" in error


def test_a_function_of_ones_own(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A user's function is held against the model, and what it prints stays off the output."""
    arguments = ["confirm", "rnn", *SIZES, "--against"]
    assert main([*arguments, f"{own}:rnn", "--format", "json"]) == 0
    captured = capsys.readouterr()
    (model,) = json.loads(captured.out)["models"]
    assert {x["source"]["subject"] for x in model["lines"]} == {f"{own}:rnn"}
    assert "loud" in captured.err
    assert main([*arguments, f"{own}:wasteful"]) == 1
    assert capsys.readouterr().out.startswith("DIFFERS rnn: work")


def test_a_changed_function_is_run_again(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is kept of a function is kept of its source: a change is another function."""
    arguments = ["confirm", "rnn", *SIZES, "--against", f"{own}:rnn"]
    assert main(arguments) == 0
    own.write_text(OWN.replace("np.stack(rows)", "2.0 * np.stack(rows)"))
    assert main(arguments) == 1
    assert "DIFFERS rnn: outputs" in capsys.readouterr().out


def test_wrong_functions_are_one_line(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A function that is not found, or does not run as it should, is one line."""
    arguments = ["confirm", "rnn", *SIZES, "--against"]
    assert "return an array of shape (4, 4), got (1, 4)" in wrong(
        capsys, *arguments, f"{own}:broken"
    )
    assert "it has rnn, wasteful" in wrong(capsys, *arguments, f"{own}:other")
    assert "path/to/file.py:function" in wrong(capsys, *arguments, "rnn")
    assert "found none at" in wrong(capsys, *arguments, own.parent / "none.py:f")
    assert "one model with --against, got 2" in wrong(
        capsys, "confirm", "rnn", "gru", "--against", f"{own}:rnn"
    )


def test_wrong_options_are_one_line(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An engine, a figure or a size that does not exist is one line that names those that do."""
    assert "numpy, torch or transformers" in wrong(capsys, "confirm", "rnn", "--engine", "jax")
    assert "did you mean work" in wrong(capsys, "confirm", "rnn", "--figures", "wrok")
    assert "expected sizes of rnn" in wrong(capsys, "confirm", "rnn", "--at", "w=3")
    assert "at least one model" in wrong(capsys, "confirm")
    monkeypatch.setattr(
        engines, "find_spec", lambda n: None if n == "torch" else importlib.util.find_spec(n)
    )
    said = wrong(capsys, "confirm", "rnn", "--engine", "torch")
    assert 'pip install "workspan[torch]"' in said


def test_engines_that_are_not_installed_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --engine, those that are installed run, and those that are not are told."""
    gone = {"torch", "transformers"}
    monkeypatch.setattr(
        engines, "find_spec", lambda n: None if n in gone else importlib.util.find_spec(n)
    )
    assert main(["confirm", "rnn", *SIZES, "--figures", "work"]) == 0
    captured = capsys.readouterr()
    assert "numpy" in captured.out
    assert 'pip install "workspan[torch]"' in captured.err


def test_a_model_that_nobody_runs_is_no_success(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user's model that no engine has confirms nothing, and says so."""
    assert main(["confirm", f"{own}:model", "--engine", "numpy"]) == 1
    assert "numpy does not have model" in capsys.readouterr().out


def test_a_store_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Measurements are kept where --store says, and found there."""
    folder = tmp_path / "mine"
    arguments = ["confirm", "rnn", "--engine", "numpy", *SIZES, "--store", str(folder)]
    assert main([*arguments, "--format", "json"]) == 0
    assert {x["kept"] for x in _lines(capsys)} == {False}
    assert main([*arguments, "--format", "json"]) == 0
    assert {x["kept"] for x in _lines(capsys)} == {True}
    for path in (folder / "measurements").iterdir():
        path.write_bytes(b"{}")
    assert main([*arguments, "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert {x["kept"] for x in json.loads(captured.out)["models"][0]["lines"]} == {False}
    assert captured.err.count("measured again") == 9 == len(captured.err.splitlines())


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["models"][0]["lines"]
    return found


def test_a_store_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that was asked for has to be there; the usual one is done without, with one line."""
    blocker = tmp_path / "blocker"
    blocker.write_text("kept")
    arguments = ["confirm", "rnn", "--engine", "numpy", *SIZES, "--figures", "work"]
    assert "blocker" in wrong(capsys, *arguments, "--store", blocker)
    monkeypatch.setenv("WORKSPAN_STORE", str(blocker))
    assert main(arguments) == 0
    assert "measurements are not kept" in capsys.readouterr().err
    assert blocker.read_text() == "kept"


SLOW = """
import sys, time
from workspan.analysis.runs import engines
from workspan.reports.cli import main

observe = engines.observe


def slow(*arguments, **options):
    print("taken", arguments[3], file=sys.stderr, flush=True)
    time.sleep(0.5)
    return observe(*arguments, **options)


engines.observe = slow
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_and_again(tmp_path: Path) -> None:
    """Ctrl-C ends with exit code 130; the same command then takes only what was missing."""
    folder = tmp_path / "mine"
    command = [sys.executable, "-c", SLOW, "confirm", "rnn", "--engine", "numpy", *SIZES]
    command += ["--store", str(folder), "--format", "json"]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    deadline = time.monotonic() + 60
    while len(list(folder.glob("measurements/*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert out == ""
    assert "the same command goes on from there" in err
    assert "interrupted" in err.splitlines()[-1]
    kept = len(list(folder.glob("measurements/*.json")))
    assert kept >= 2
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert again.stderr.count("taken") == 9 - kept
    record = json.loads(again.stdout)
    assert len({x["figure"] for x in record["models"][0]["lines"]}) == 9
    assert record["agree"] is True
