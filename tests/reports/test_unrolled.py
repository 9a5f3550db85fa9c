"""Laws of drawings in time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

from tests.adapters import TYPICAL
from workspan.analysis.measured.measure import measure
from workspan.analysis.measured.span import timed
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import trace
from workspan.reports.cli import main
from workspan.reports.notation.style import POSITIONS
from workspan.reports.pictures.timeline import LARGEST_ROWS, TimelineError, drawn_path, timeline
from workspan.reports.pictures.unrolled import unrolled_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", TYPICAL)
def test_every_task_is_drawn_and_waits(name: str) -> None:
    """Law: marks hold all tasks, none begins before what it waits for, and the bold path is whole.

    The bold path goes from mark to mark along drawn lines without a pause, from depth zero to the
    measured span.
    """
    graph = trace(CATALOGUE[name])
    found = timeline(graph, Setting())
    seen = timed(graph, Setting(), found.sizes)
    assert seen is not None
    tasks = Counter(n[0] for n in seen.order if seen.weight(n))
    drawn = {name for mark, names in found.marks.items() if mark.end > mark.start for name in names}
    assert drawn == set(tasks)
    assert sum(m.end - m.start for m in found.critical) == found.span
    assert found.span == measure("span", graph, Setting(), found.sizes)
    assert all(source.end <= target.start for source, target in found.lines)
    assert all(source.bits & ~target.bits == 0 for source, target in found.lines)
    for source, target in drawn_path(found):
        assert (source, target) in found.lines
        assert source.end == target.start


@pytest.mark.parametrize("name", TYPICAL)
def test_a_drawing_says_what_it_shows(name: str) -> None:
    """Each position with an input is named and can be reached; the drawing is the same twice."""
    graph = trace(CATALOGUE[name])
    drawing = unrolled_svg(graph, Setting())
    assert drawing == unrolled_svg(graph, Setting())
    root = ElementTree.fromstring(drawing.encode())
    rows = [g for g in root.iter(f"{SVG}g") if "row" in g.get("class", "").split()]
    found = timeline(graph, Setting())
    assert len(rows) == len(found.reaches)
    for k, row in enumerate(rows):
        assert f"p{k}" in row.attrib["class"].split()
        assert row.attrib["tabindex"] == "0"
        assert re.fullmatch("(position|what has) .* reaches .*", row.attrib["aria-label"])
    marks = [m for m in root.iter(f"{SVG}rect") if "task" in m.get("class", "").split()]
    assert len(marks) == len(found.marks)


def test_modes_are_drawn_as_they_run() -> None:
    """Generating takes one step after another, decoding one position, training there and back."""
    graph = trace(CATALOGUE["rnn"])
    for mode, span, places in (("encode", 32, 8), ("generate", 32, 8), ("decode", 4, 1)):
        found = timeline(graph, Setting(mode=mode), {"n": 8})
        assert found.span == measure("span", graph, Setting(mode=mode), found.sizes) == span
        assert len(found.reaches) == places
    trained = timeline(graph, Setting(mode="train"), {"n": 4})
    assert trained.span == measure("span", graph, Setting(mode="train"), trained.sizes)


def test_too_much_is_not_drawn() -> None:
    """What would not be readable is refused with the way out, and so is a mode there is not."""
    assert LARGEST_ROWS <= POSITIONS
    graph = trace(CATALOGUE["rnn"])
    with pytest.raises(TimelineError, match="expected at most 24 positions to draw, got 25"):
        timeline(graph, Setting(), {"n": 25})
    with pytest.raises(ValueError, match="not causal"):
        timeline(trace(CATALOGUE["attention"]), Setting(mode="decode"))


def test_the_command_draws_in_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``draw --unrolled`` takes sizes and a setting, and makes SVG alone."""
    file = tmp_path / "x.svg"
    given = ["draw", "gru", "--unrolled", "--at", "n=4,L=2", "--unit", "layer"]
    assert main([*given, "-o", str(file)]) == 0
    assert "gru in mode encode at n=4, d=8, L=2: 5 layers one after another" in file.read_text()
    assert main([*given, "--format", "dot"]) == 2
    assert "expected --format to be one of svg, pdf, got 'dot'" in capsys.readouterr().err
