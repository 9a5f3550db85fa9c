"""Laws of the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workspan.reports.cli import main

from .samples import comparison, disagreeing, verdict

Canned = Callable[..., None]

MODEL = """
from workspan.graphs.operations import linear, tanh

def mine(x):
    \"\"\"A layer of my own.\"\"\"
    return tanh(linear(x, "d"))

def broken(x):
    return x.nothing

answer = 42
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a model, a function that is none, and a number."""
    path = tmp_path / "mine.py"
    path.write_text(MODEL)
    return path


def wrong(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail on wrong input in one line, and return the line."""
    assert main([str(a) for a in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("workspan: error: ")
    return captured.err


def test_help_loads_nothing_heavy() -> None:
    """Help loads neither sympy nor networkx nor numpy."""
    code = (
        "import sys; from workspan.reports.cli import main\n"
        "main(['--help']); main(['report', '--help'])\n"
        "print([m for m in ('sympy', 'networkx', 'numpy', 'altair') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "analyze" in done.stdout


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is printed alone."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "0.1.0\n"


@pytest.mark.parametrize("style", ["text", "json", "markdown"])
def test_list_names_every_model(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The list has the models in every format."""
    assert main(["list", "--format", style]) == 0
    out = capsys.readouterr().out
    assert "lstm" in out
    assert "causal_windowed_attention" in out
    if style == "json":
        assert {"model", "description", "options"} == set(json.loads(out)["models"][0])


@pytest.mark.parametrize("style", ["text", "json", "markdown", "latex", "html"])
@pytest.mark.parametrize("command", ["analyze", "compare"])
def test_figures_in_every_format(
    command: str, style: str, canned: Canned, capsys: pytest.CaptureFixture[str]
) -> None:
    """Figures are printed in every format, with exit code 0 when all witnesses agree."""
    canned()
    assert main([command, "lstm", "--at", "n=64,d=32", "--unit", "scalar", "--format", style]) == 0
    assert "lstm" in capsys.readouterr().out


def test_options_reach_the_analysis(canned: Canned, capsys: pytest.CaptureFixture[str]) -> None:
    """Sizes, figures and the setting are handed on as they were given."""
    asked: dict[str, Any] = {}

    def analyze(model: object, **options: object) -> object:
        asked.update(options, model=model)
        return comparison().analyses[1]

    canned(analyze=analyze)
    arguments = ["analyze", "lstm", "--at", "n=64,d=32", "--at", "n=2", "--figures", "work,span"]
    assert main([*arguments, "--mac", "1", "--format", "json"]) == 0
    assert asked["model"] == "lstm"
    assert asked["at"] == [{"n": 64, "d": 32}, {"n": 2}]
    assert asked["figures"] == ("work", "span")
    assert asked["setting"].mac == 1
    assert json.loads(capsys.readouterr().out)["schema"] == 1


@pytest.mark.parametrize("command", ["compare", "report"])
def test_disagreement_fails(
    command: str, canned: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code is 1 when witnesses disagree."""
    monkeypatch.chdir(tmp_path)
    canned(comparison=comparison(work=disagreeing()))
    assert main([command]) == 1


@pytest.mark.parametrize(
    ("found", "code"),
    [("proved", 0), ("confirmed", 0), ("conditional", 0), ("refuted", 1), ("out of reach", 1)],
)
def test_claims_decide_the_exit_code(found: str, code: int, canned: Canned, tmp_path: Path) -> None:
    """Without a record only claims that hold, if on a condition, give exit code 0."""
    canned(verdicts=[verdict(verdict=found)])
    (tmp_path / "mine.toml").write_text("claim = []")
    assert main(["check", str(tmp_path / "mine.toml"), "--format", "json"]) == code


def test_a_record_decides_the_exit_code(
    canned: Canned, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a record the exit code is 1 exactly where a verdict is another one, and says which."""
    mine = tmp_path / "mine.toml"
    mine.write_text("claim = []")
    canned(verdicts=[verdict(verdict="refuted")])
    assert main(["check", str(mine), "--record"]) == 0
    assert main(["check", str(mine)]) == 0
    canned(verdicts=[verdict(verdict="proved")])
    capsys.readouterr()
    assert main(["check", "--claims", str(mine)]) == 1
    assert "changed: sequential: proved, refuted on record" in capsys.readouterr().err


def test_report_writes_all_files(
    canned: Canned, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report is written to the folder, and the table is printed."""
    canned()
    assert main(["report", "-o", str(tmp_path / "out")]) == 0
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names >= {"report.html", "report.md", "report.tex", "report.json", "lstm.svg"}
    captured = capsys.readouterr()
    assert "Who is cheaper where" in captured.out
    assert str(tmp_path / "out") in captured.err.replace("\n", "")
    record = json.loads((tmp_path / "out" / "report.json").read_text())
    assert record["claims"][0]["verdict"] == "conditional"


@pytest.mark.parametrize("style", ["svg", "dot", "mermaid", "json"])
def test_draw_in_every_format(
    style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A drawing is the same on the output and in a file."""
    assert main(["draw", "gru", "--format", style]) == 0
    out = capsys.readouterr().out
    assert main(["draw", "gru", "--format", style, "-o", str(tmp_path / "gru")]) == 0
    assert (tmp_path / "gru").read_text(encoding="utf-8").strip() == out.strip()


def test_draw_takes_a_number_of_layers(capsys: pytest.CaptureFixture[str]) -> None:
    """Layers are one cycle unless their number is given."""
    assert main(["draw", "gru", "--format", "json"]) == 0
    assert '"cycle": "layer"' in capsys.readouterr().out
    assert main(["draw", "gru", "--format", "json", "--at", "L=2"]) == 0
    assert '"cycle": "layer"' not in capsys.readouterr().out


def test_a_model_of_ones_own(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A function in a file is a model."""
    assert main(["draw", f"{file}:mine", "--format", "mermaid"]) == 0
    assert "tanh" in capsys.readouterr().out


def test_wrong_models_are_one_line(
    file: Path, tmp_path: Path, canned: Canned, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that is not found, does not import or is none gives one line that says why."""
    canned()
    assert "did you mean lstm" in wrong(capsys, "analyze", "lsmt")
    assert "workspan list" in wrong(capsys, "draw", "zzz")
    assert "at least one model" in wrong(capsys, "analyze")
    assert "found none at" in wrong(capsys, "draw", tmp_path / "none.py:f")
    assert "it has mine, broken" in wrong(capsys, "draw", file)
    assert "it has mine, broken" in wrong(capsys, "draw", f"{file}:other")
    assert "got a int" in wrong(capsys, "draw", f"{file}:answer").replace("an int", "a int")
    assert "AttributeError" in wrong(capsys, "draw", f"{file}:broken")
    assert "2 times" in wrong(capsys, "compare", "lstm", "lstm")
    for text, name in (
        ("def f(:", "SyntaxError"),
        ("1/0", "ZeroDivisionError"),
        ("exit(3)", "SystemExit"),
    ):
        bad = tmp_path / "bad.py"
        bad.write_text(text)
        assert name in wrong(capsys, "draw", f"{bad}:f")


def test_a_file_imports_what_stands_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model may use another file of its folder, from wherever the command is run."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "halves_of_mine.py").write_text("def half(x):\n    return 0.5 * x\n")
    (folder / "whole.py").write_text("from halves_of_mine import half\n")
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert main(["analyze", "models/whole.py:half", "--figures", "work"]) == 0
    assert "d*n" in capsys.readouterr().out
    assert sys.path == before
    del sys.modules["halves_of_mine"]


def test_files_not_named_are_not_run(tmp_path: Path, file: Path) -> None:
    """A file beside the one that is named is not run, whatever it is called."""
    (tmp_path / "networkx.py").write_text("raise SystemExit('run')")
    (tmp_path / "other.py").write_text("raise SystemExit('run')")
    assert main(["draw", f"{file}:mine"]) == 0


def test_what_a_file_prints_stays_off_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Output stays readable for programs even if a model prints."""
    path = tmp_path / "loud.py"
    path.write_text("print('loud')\n" + MODEL)
    assert main(["draw", f"{path}:mine", "--format", "json"]) == 0
    json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n", "such as --at n=64,d=32"),
        ("n=0", "from 1 to"),
        ("n=-3", "from 1 to"),
        ("n=1.5", "whole number"),
        ("n=x", "whole number"),
        ("q=4", "one of the sizes"),
        ("n=1,n=2", "n twice"),
        ("n=10000000000000", "1,000,000,000,000"),
        ("n=" + "9" * 5000, "whole number"),
        ("", "such as"),
    ],
)
def test_wrong_sizes_are_one_line(
    text: str, said: str, canned: Canned, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sizes that make no sense name the value and the way out."""
    canned()
    assert said in wrong(capsys, "analyze", "lstm", "--at", text)


def test_wrong_options_are_one_line(canned: Canned, capsys: pytest.CaptureFixture[str]) -> None:
    """Options that do not exist, or have no such value, give one line."""
    canned()
    assert "layer, tensor" in wrong(capsys, "analyze", "lstm", "--unit", "furlong")
    assert "did you mean span" in wrong(capsys, "analyze", "lstm", "--figures", "spam")
    assert "one of text, json" in wrong(capsys, "list", "--format", "pdf")
    assert "--figurs" in wrong(capsys, "analyze", "lstm", "--figurs", "work")
    assert "analyz" in wrong(capsys, "analyz")


def test_a_folder_that_cannot_be_written_is_one_line(
    canned: Canned, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An output folder that is a file gives one line that names it."""
    canned()
    blocker = tmp_path / "blocker"
    blocker.write_text("kept")
    assert "blocker" in wrong(capsys, "report", "-o", blocker)
    assert "blocker" in wrong(capsys, "draw", "gru", "-o", blocker / "x.svg")
    assert blocker.read_text() == "kept"


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """With --debug, an error shows where it came from."""
    assert main(["draw", "zzz", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_one_line(canned: Canned, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with exit code 130 and one line."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    canned(analyze=interrupt)
    assert main(["analyze", "lstm"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_a_defect_is_not_called_wrong_input(
    canned: Canned, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error of workspan itself says so, with an exit code of its own."""

    def fail(*_: object, **__: object) -> None:
        raise KeyError("inner")

    canned(analyze=fail)
    assert main(["analyze", "lstm"]) == 70
    assert "defect" in capsys.readouterr().err


def test_output_into_a_closed_pipe_is_quiet() -> None:
    """A reader that has enough ends the output without an error."""
    command = f"{sys.executable} -m workspan draw encoder --format json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""
