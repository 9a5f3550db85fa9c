"""Laws of plots: numbers read off the pictures are those of independent witnesses."""

from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.api import compare, graph_of
from workspan.analysis.comparing.crossovers import holds
from workspan.analysis.deriving import derive
from workspan.analysis.machines.machine import load
from workspan.analysis.measured.measure import measure
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.reports.cli import main
from workspan.reports.notation.style import DARK_SERIES, SERIES
from workspan.reports.pictures import gradients, growth, panels
from workspan.reports.pictures.lines import DASHES, MARKERS, spread
from workspan.reports.pictures.plots import Plot, standing
from workspan.reports.plotting.asking import Asked, PlotError, asked_of
from workspan.reports.plotting.making import KINDS, UNROLLED, plot
from workspan.reports.plotting.section import plots_section
from workspan.reports.tables.sheet import comparison_sheet

SVG = "{http://www.w3.org/2000/svg}"
TRIO = ("lstm", "attention", "linear_recurrence_scan")


def asked(*models: str, **changes: object) -> Asked:
    """Ask about models of the catalogue."""
    return Asked({m: graph_of(m) for m in models}, **changes)  # type: ignore[arg-type]


def root_of(drawn: Plot) -> ElementTree.Element:
    """Return the plot as a file of its own, parsed."""
    return ElementTree.fromstring(standing(drawn).encode())


def classed(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Return the elements of a class, in order."""
    return [e for e in root.iter() if name in e.attrib.get("class", "").split()]


def corners(path: str) -> list[tuple[float, float]]:
    """Return the places that a path of straight lines goes through."""
    numbers = [float(x) for x in re.findall(r"-?[\d.]+", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_plot_states_sizes_and_setting_and_names_its_series(kind: str) -> None:
    """Every kind has a title, a description, a caption with sizes and setting, and all names."""
    drawn = plot(kind, asked(*TRIO))
    root = root_of(drawn)
    assert root.findtext(f"{SVG}title") == drawn.title
    told = root.findtext(f"{SVG}desc") or ""
    shown = " ".join("".join(e.itertext()) for e in root.iter(f"{SVG}text"))
    for text in (told, shown):
        assert "Setting: " in text
        assert re.search(r"At (n=\d+, )?d=\d+", text)
        assert all(name in text for name in TRIO)
    assert not [e for e in root.iter() if "style" in e.attrib]
    assert standing(plot(kind, asked(*TRIO))) == standing(drawn)


@pytest.mark.parametrize("figure", ["work", "activations"])
def test_marks_stand_where_the_order_turns_at_every_whole_number(figure: str) -> None:
    """Growth marks exactly the n at which looking at all of them finds the order turned."""
    models = ("lstm", "gru", "rnn", "attention", "causal_windowed_attention")
    at = {"d": 64, "w": 33}
    drawn = plot("growth", asked(*models, at=at, figure=figure))
    formulas = {m: derive(figure, graph_of(m), Setting()).formula for m in models}
    found = set()
    for a, b in itertools.combinations(models, 2):
        last = 0
        for n in range(1, 2000):
            left, right = (formulas[m].evaluate(n=n, **at) for m in (a, b))  # type: ignore[union-attr]
            here = (left > right) - (left < right)
            if here and last and here != last:
                found.add((n, max(left, right)))
            last = here or last
    marked = sorted(int(n) for n in re.findall(r"[a-z], n = (\d+):", " ".join(drawn.notes)))
    assert marked == sorted(n for n, _ in found)
    assert found
    places = [
        (float(c.attrib["cx"]), float(c.attrib["cy"])) for c in classed(root_of(drawn), "mark")
    ]
    across = sorted(growth.LEFT + growth.WIDTH * math.log2(n) / 17 for n, _ in found)
    assert [x for x, _ in sorted(places)] == pytest.approx(across, abs=0.1)


def test_marks_stand_where_the_conditions_of_a_comparison_change() -> None:
    """At a marked n the comparison's condition for who has less work is another than before it."""
    compared = compare(["lstm", "attention", "gru"], figures=["work"], witnesses=("derived",))
    at = {"d": 64, "h": 4}
    drawn = plot("growth", asked("lstm", "attention", "gru", at={"d": 64}))
    marks = re.findall(r"[a-z], n = (\d+): (\w+) over (\w+)", drawn.notes[1])
    assert len(marks) == 2
    for number, more, less in marks:
        (found,) = (
            c
            for c in compared.crossovers
            if {c.left, c.right} == {more, less} and c.counted == "all operations"
        )
        before, after = (holds(found, {**at, "n": int(number) + k}) for k in (-1, 0))
        assert (before, after) == ((found.left == more), (found.left == less))


def test_a_page_has_every_kind_at_the_sizes_of_its_report() -> None:
    """All kinds are in one section, at the first sizes that were named, in well-formed pictures."""
    compared = compare(
        ["rnn", "causal_attention"],
        at=[{"n": 9, "d": 6}, {"n": 5, "d": 4}],
        figures=["work", "span", "path_length", "state", "activations"],
    )
    shown = plots_section(compared, comparison_sheet(compared)).shown()
    section = ElementTree.fromstring(shown)
    captions = ["".join(e.itertext()) for e in section.iter("figcaption")]
    assert all("d=4" not in c and "n=5" not in c for c in captions)
    kinds = ("Roofline of NVIDIA A100", "Parallelism along", "Memory over", "Gradient against")
    assert all(c.startswith(kind) for c, kind in zip(captions[-4:], kinds, strict=True))
    assert all("At n=9, d=6." in c for c in captions[-4:])
    assert "Setting: train, unit layer" in captions[-1]
    assert sum(" over n" in c for c in captions[:-4]) > 8
    for picture in section.iter("svg"):
        assert picture.find("title") is not None
        assert picture.find("desc") is not None
        assert not [e for e in picture.iter() if "style" in e.attrib or e.tag == "style"]


def test_what_cannot_be_drawn_is_named_with_its_reason() -> None:
    """A model without the figure, one that is zero, and one that does not exist at the sizes."""
    told = plot("growth", asked("lstm", "attention", figure="state", at={"d": 8})).notes[-1]
    assert told.startswith("Not drawn: attention (not causal: ")
    told = plot("growth", asked("rnn", "linear_recurrence", figure="params")).notes[-1]
    assert told == "Not drawn: linear_recurrence (it is 0, which a logarithmic axis does not show)."
    told = plot("gradient", asked("rnn", "llama")).notes[-1]
    assert told == "Not drawn: llama (expected a gradient to reach tokens, none does)."
    with pytest.raises(PlotError, match="expected scope layer, block or model, got mixing"):
        plot("profile", asked("rnn", setting=Setting(scope="mixing")))


@pytest.mark.parametrize("mode", ["encode", "train"])
@pytest.mark.parametrize("name", ["rnn", "attention", "linear_recurrence_scan", "encoder"])
def test_the_peak_of_memory_is_the_proved_workspace(name: str, mode: str) -> None:
    """The mark stands at the largest area, and its number is that of the formula for all sizes."""
    setting = Setting(mode=mode)
    question = asked(name, setting=setting, at={"n": 10})
    drawn = plot("memory", question)
    at = question.sizes(graph_of(name), UNROLLED)
    found = derive("workspace", graph_of(name), setting)
    assert found.formula is not None
    value = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    assert value == measure("workspace", graph_of(name), setting, at)
    assert drawn.told[0].startswith(f"{name}: at most {value:,} in ")
    root = root_of(drawn)
    (area,), (mark,) = classed(root, "area"), classed(root, "mark")
    highest = min(y for _, y in corners(area.attrib["d"]))
    assert float(mark.attrib["cy"]) == pytest.approx(highest, abs=0.1)
    assert f"{value:,}" in [e.text for e in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("unit", ["tensor", "scalar"])
@pytest.mark.parametrize("name", TRIO)
def test_the_area_of_a_profile_is_the_work_and_its_length_the_span(name: str, unit: str) -> None:
    """The drawn area, in units of its axes, is all tasks; the axis ends at the measured span."""
    setting, at = Setting(unit=unit), {"n": 6, "d": 4}
    drawn = plot("profile", asked(name, setting=setting, at=at))
    span = measure("span", graph_of(name), setting, at)
    work, told, most = (
        int(x.replace(",", ""))
        for x in re.findall(r"work ([\d,]+), span ([\d,]+), most ([\d,]+),", drawn.told[0])[0]
    )
    assert told == span
    if unit == "scalar":
        assert work == measure("work", graph_of(name), setting, at)
    root = root_of(drawn)
    outline = corners(classed(root, "s0")[-1].attrib["d"])
    pairs = itertools.pairwise([*outline, outline[0]])
    shoelace = abs(sum(a * d - b * c for (a, b), (c, d) in pairs)) / 2
    unit_area = (panels.WIDTH / span) * panels.HIGH / (most * panels.ROOM)
    assert shoelace / unit_area == pytest.approx(work, rel=0.02)
    assert f"{span:,} steps" in [e.text for e in root.iter(f"{SVG}text")]


def test_a_gradient_goes_through_as_many_layers_as_the_literature_has_it() -> None:
    """In layers, k + 1 over a distance of k in a recurrence, 1 in attention (Vaswani et al. 2017)."""
    drawn = plot("gradient", asked("rnn", "attention", setting=Setting(unit="layer")))
    root = root_of(drawn)
    lines = [e for e in classed(root, "line") if e.find(f"{SVG}title") is not None]
    n = UNROLLED["n"]
    for line, slope in zip(lines, (1, 0), strict=True):
        places = corners(line.attrib["d"])
        assert len(places) == n
        for k, (x, y) in enumerate(places):
            assert (x - gradients.LEFT) / gradients.WIDTH * (n - 1) == pytest.approx(k, abs=0.02)
            up = n * (1 - (y - gradients.TOP) / gradients.HEIGHT)
            assert up == pytest.approx(1 + slope * k, abs=0.02)
    rings = [float(e.attrib["cy"]) for e in classed(root, "ring")]
    tops = [min(y for _, y in corners(line.attrib["d"])) for line in lines]
    assert rings == pytest.approx(tops, abs=0.1)
    assert drawn.told == ("rnn: at most n = 32, proved.", "attention: at most 1, proved.")


def test_where_no_gradient_gets_it_says_so() -> None:
    """A window of w positions lets a gradient back over w - 1 of them (Beltagy et al. 2020)."""
    drawn = plot("gradient", asked("causal_windowed_attention", at={"w": 5}))
    assert drawn.told[0].endswith("no gradient beyond distance 4.")


def test_a_roofline_names_the_machine_and_where_its_figures_are_from() -> None:
    """The caption has the sources of the machine's file; points are at work over bytes."""
    at = {"n": 64, "d": 32, "h": 4}
    drawn = plot("roofline", asked("attention", at={"n": 64, "d": 32}, machine="h100"))
    machine = load("h100")
    assert machine.name in drawn.title
    assert all(source in drawn.notes[0] for source in machine.sources)
    assert "data sheet" in drawn.notes[0]
    work = measure("work", graph_of("attention"), Setting(), at)
    words = measure("traffic", graph_of("attention"), Setting(), at)
    assert drawn.told[0].startswith(f"attention: {work / (2 * words):.3g} flop/byte")  # type: ignore[operator]


def test_series_differ_without_their_colours() -> None:
    """Of twenty series, no two have both dashes and markers in common."""
    looks = {(DASHES[k % len(DASHES)], MARKERS[k % len(MARKERS)]) for k in range(20)}
    assert len(looks) == 20


@pytest.mark.parametrize(("colours", "page"), [(SERIES, "#ffffff"), (DARK_SERIES, "#14181d")])
def test_colours_of_series_are_seen(colours: tuple[str, ...], page: str) -> None:
    """Lines have a contrast of at least 3 with the page (WCAG 2.1, success criterion 1.4.11)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for colour in colours:
        low, high = sorted((luminance(colour), luminance(page)))
        assert (high + 0.05) / (low + 0.05) >= 3, colour


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(5, 60)), max_size=12))
def test_labels_do_not_overlap(blocks: list[tuple[float, float]]) -> None:
    """Labels keep their order, none covers another, and none begins above the plot."""
    wanted, heights = [y for y, _ in blocks], [h for _, h in blocks]
    tops = spread(wanted, heights, 0, 300)
    order = sorted(range(len(blocks)), key=lambda k: (wanted[k], k))
    for a, b in itertools.pairwise(order):
        assert tops[b] >= tops[a] + heights[a] - 1e-9
    assert all(top >= 0 for top in tops)
    if sum(heights) <= 300:
        assert all(top + h <= 300 + 1e-9 for top, h in zip(tops, heights, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_plot_stands_in_a_file_of_its_own(kind: str, tmp_path: Path) -> None:
    """The command writes what the same question gives, for models at sizes in a setting."""
    path = tmp_path / "p.svg"
    options = ["--at", "n=12,d=8", "--mac", "1", "--output", str(path)]
    assert main(["plot", kind, "rnn", *options]) == 0
    at = [{"n": 12, "d": 8}]
    question = asked_of(kind, {"rnn": graph_of("rnn")}, at, Setting(mac=1))
    assert path.read_text(encoding="utf-8") == standing(plot(kind, question))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("grwth lstm", "did you mean growth?"),
        ("growth", "expected at least one model"),
        ("growth lstm --figures work,span", "expected one figure for a plot, got work,span"),
        ("growth lstm --figures wrk", "did you mean work?"),
        ("memory lstm --figures work", "expected --figures of a plot of kind growth only"),
        ("profile lstm --machine h100", "expected --machine of a plot of kind roofline only"),
        ("roofline lstm --machine b200", "expected a machine of a100"),
        ("roofline lstm --number fp8", "expected a number format that NVIDIA A100"),
        ("memory lstm --at w=3", "expected sizes among"),
        ("memory lstm --at n=4 --at n=8", "expected --at once for a plot, got it 2 times"),
        ("memory lstm --mode decode", "expected mode encode, prefill, train"),
        ("memory lstm --output x.png", "expected --output to be an .svg or .pdf file"),
        ("profile lstm --at n=100000000", "expected at most"),
        ("growth lstm --at n=1000000000000,d=0", "from 1 to"),
        ("growth attention --figures state", "expected a figure that varies with n or d"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    arguments: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong input ends with exit code 2 and one line that says the way out."""
    assert main(["plot", *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_every_model_of_the_catalogue_is_drawn_or_has_a_reason() -> None:
    """No picture contradicts a formula: the word for that is in no caption of any model."""
    for name in list(CATALOGUE)[::20]:
        for kind in ("profile", "memory"):
            drawn = plot(kind, asked(name, at={"n": 16}))
            assert "DISAGREE" not in drawn.description
