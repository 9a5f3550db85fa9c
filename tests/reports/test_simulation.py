"""The command simulate: what it prints, what it draws, what it refuses."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from workspan import Setting, simulate
from workspan.reports.cli import main
from workspan.reports.options import parse_processors
from workspan.reports.schedule_plots import PictureError, picture
from workspan.reports.schedule_strips import equation_strips, processor_strips


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what the command prints."""
    assert main(["simulate", *arguments]) == 0
    return capsys.readouterr().out


def test_the_table_has_a_row_for_each_number(capsys: pytest.CaptureFixture[str]) -> None:
    """An RNN of four steps on one and on infinitely many processors, in work and span."""
    out = printed(capsys, "rnn", "--at", "n=4,d=2", "--processors", "1,inf", "--unit", "layer")
    rows = [line.split() for line in out.splitlines() if line.strip()[:3] in {"1  ", "inf"}]
    assert [row[:4] for row in rows] == [["1", "8", "8", "8"], ["inf", "4", "4", "4"]]
    assert "S = n (proved)" in out
    assert "no fewer do" in out


def test_records_are_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has the makespans, the interval, the formulas, and profiles whose mean is the work."""
    arguments = ("attention", "--at", "n=4,d=4", "--processors", "1,2,...,inf", "--format", "json")
    (found,) = json.loads(printed(capsys, *arguments))["simulations"]
    api = simulate("attention", at={"n": 4, "d": 4}, processors=(1, 2, ..., math.inf))
    assert [r["makespan"] for r in found["runs"]] == [r.makespan for r in api.runs]
    assert found["runs"][-1]["processors"] == "inf"
    assert found["formulas"]["lower"] == str(api.formulas.lower)
    for run in found["runs"]:
        mean = sum(run["profile"]) / len(run["profile"])
        assert mean * run["makespan"] == pytest.approx(found["work"])


def test_markdown_shows_formulas_as_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A formula is a code span, and nothing in it is escaped."""
    out = printed(capsys, "rnn", "--processors", "2", "--unit", "scalar", "--format", "markdown")
    assert "| processors | steps |" in out
    assert "S = `ceil(log2(d))*n + " in out


def test_what_is_asked_of_several_models_goes_to_each(capsys: pytest.CaptureFixture[str]) -> None:
    """A size that only one model has is used for that one."""
    out = printed(capsys, "rnn", "encoder", "--at", "n=3,f=5", "--processors", "1")
    assert "encoder on processors, first ready, first started, n=3" in out
    assert "f=5" in out


def test_too_little_memory_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A schedule that gets stuck says where, and how much is enough."""
    out = printed(capsys, "rnn", "--at", "n=4,d=4", "--processors", "2", "--memory", "17")
    assert "stuck" in out
    assert "With 17 scalars it gets stuck on 2, at step" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--processors", "0"), "from 1 to 1,000,000,000,000, got processors=0"),
        (("--processors", "1,x"), "got processors=x"),
        (("--processors", ""), "1,2,4,...,inf, got ''"),
        (("--processors", "1,..."), "two rising numbers"),
        (("--factor", "x"), "got x"),
        (("--at", "n=1000000000"), "pass smaller sizes"),
        (("--at", "n=2", "--at", "n=3", "-o", "x.svg"), "expected one model and one --at"),
        (("--format", "latex"), "expected --format"),
        (("--priority", "best"), "got 'best'"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    """Wrong input is one line that names the value, and exit code 2."""
    assert main(["simulate", "rnn", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_an_ellipsis_is_read() -> None:
    """Both ways to write an ellipsis are one."""
    assert (
        parse_processors("1,2, …,inf") == parse_processors("1,2,...,inf") == (1, 2, ..., math.inf)
    )


@pytest.mark.parametrize("processors", [3, math.inf])
@pytest.mark.parametrize("priority", ["fifo", "critical-path"])
def test_strips_hold_the_work(processors: Any, priority: str) -> None:
    """Law: bars have the work as their area by processor, and never overlap; each row is busy."""
    found = simulate("lstm", at={"n": 5, "d": 4}, processors=(processors,), priority=priority)
    run = found.runs[0]
    assert run.makespan is not None
    if processors == math.inf:
        strips = equation_strips(found.tasks, run.schedule, 1000)
    else:
        strips = processor_strips(found.tasks, run.schedule, 1000)
        area = sum(stop - begin for strip in strips for begin, stop, _, _ in strip.bars)
        assert area == found.work
    for strip in strips:
        ends = [x for begin, stop, _, _ in strip.bars for x in (begin, stop)]
        assert ends == sorted(ends)
        assert strip.bars


@pytest.mark.parametrize(
    ("model", "processors", "setting"),
    [
        ("lstm", (1, 2, 4), Setting()),
        ("attention", (math.inf,), Setting(unit="scalar")),
        ("rnn", (2,), Setting(unit="layer")),
        ("encoder", (4,), Setting(mode="train")),
    ],
)
def test_pictures_are_xml(model: str, processors: Any, setting: Setting) -> None:
    """A picture is well-formed, has its panels, and a dark style."""
    found = simulate(
        model, at={"n": 4, "d": 4}, processors=processors, setting=setting, memory=None
    )
    text = picture(found)
    root = ET.fromstring(text)
    words = "".join(root.itertext())
    assert "processors busy" in words
    assert ("scalars live" in words) == (setting.unit != "layer")
    assert "prefers-color-scheme: dark" in words
    assert "nan" not in text


def test_a_picture_is_written_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is there, and nothing else is."""
    printed(capsys, "rnn", "--processors", "2", "-o", str(tmp_path / "a.svg"))
    assert [p.name for p in tmp_path.iterdir()] == ["a.svg"]
    ET.parse(tmp_path / "a.svg")


def test_nothing_to_draw_is_an_error() -> None:
    """Schedules that all got stuck have no picture."""
    found = simulate("rnn", at={"n": 4, "d": 4}, processors=(2,), memory=17)
    with pytest.raises(PictureError, match="comes to an end"):
        picture(found)
