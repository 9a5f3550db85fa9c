"""Laws of advice on the command line: the answer first, in all formats, and wrong input in a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from workspan.reports.cli import main
from workspan.reports.tables.blocks import Heading, Lines, Table, markdown_of, printer_of
from workspan.reports.tables.text import text_of

ASKED = ("advise", "--n", "32768", "--d", "1024", "--L", "24", "--batch", "8", "--mode", "decode")
BARE = ASKED[:-4]
FEW = ("--models", "lstm,causal_attention,attention")
MAPPED = ("map", "--x", "n=1..1000", "--y", "d=1..100")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command and return what it prints, on one line for each sentence."""
    assert main(arguments) == 0
    return " ".join(capsys.readouterr().out.split())


def record(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Run a command and return its JSON."""
    assert main((*arguments, "--format", "json")) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_answer_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    """The first words are the model and its cost; then the ranking, exclusions and crossovers."""
    text = run(capsys, *ASKED, *FEW, "--memory", "32GB")
    assert text.startswith("lstm: 3.225e+09 operations")
    places = [text.index(p) for p in ("Ranked by", "Excluded", "Where lstm is overtaken")]
    assert places == sorted(places)
    assert "causal_attention is cheaper for n <= 2049; you are 16 times above it" in text
    assert "not causal: attention: layers.gather reads later positions (all)" in text


def test_the_machine_and_the_memory_decide(capsys: pytest.CaptureFixture[str]) -> None:
    """With a machine it is time, with what binds; what does not fit is excluded with its n_max."""
    text = run(capsys, *ASKED, *FEW, "--memory", "16GB", "--machine", "h100")
    assert "bound by" in text
    assert "memory: causal_attention: needs" in text
    assert "would fit" in text
    short = ("advise", "--n", "1024", "--d", "1024", "--L", "24", "--batch", "8", *FEW)
    text = run(capsys, *short, "--memory", "16GB")
    assert text.startswith("causal_attention")
    assert "causal_attention does not fit; the next that does is lstm, at any n" in text
    streaming = run(capsys, *ASKED, *FEW, "--streaming")
    assert "state grows: causal_attention: the state is 2*L*d*n scalars and grows as n" in streaming


def test_the_record_holds_what_the_text_says(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has costs, formulas, properties, exclusions with evidence, and turns."""
    found = record(capsys, *ASKED, *FEW, "--explain", "lstm")
    assert [r["model"] for r in found["ranked"]] == ["lstm", "causal_attention"]
    assert found["excluded"][0]["reasons"][0]["kind"] == "not causal"
    assert found["ranked"][1]["turns"][0]["condition"] == "n <= 2049"
    assert found["explained"]["dependence"]["changed"] == []
    assert found["explained"]["survives"] == {"layers.multiply_3": "L*d", "layers.add_4": "L*d"}


def test_a_model_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """The derivation lines say what survives, what was perturbed and what the cost is made of."""
    text = run(capsys, *ASKED, *FEW, "--explain", "causal_attention")
    for words in (
        "what survives between two calls",
        "layers.rename_2: L*d*n scalars",
        "are the same to the last bit",
        "state: 32*L*d*n",
        "cost (proved) =",
    ):
        assert words in text


def test_rules_and_properties_are_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """All rules at a glance, one with its derivation, and the properties of models."""
    assert "Recurrence when input streams." in run(
        capsys, "advise", "rules", "--format", "markdown"
    )
    text = run(capsys, "advise", "--rule", "long-sequences", "--d", "64")
    assert "exactly where n > (8*d**2 + 17*d + 2)/(4*d + 6)" in text
    assert "with d = 64: n >= 130" in text
    found = record(capsys, "advise", "properties", "--models", "lstm,attention")
    assert [m["properties"]["streamable"]["value"] for m in found["models"]] == ["yes", "no"]
    assert "| lstm | yes |" in run(capsys, "advise", "properties", "--format", "markdown")


def test_a_map_says_who_wins_where(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Text has the rule, JSON the runs of each row, and the picture is well-formed."""
    text = run(capsys, *MAPPED, "-o", str(tmp_path / "map.svg"))
    assert "n < (8*d**2 + 17*d + 2)/(4*d + 6)" in text
    root = ElementTree.fromstring((tmp_path / "map.svg").read_text(encoding="utf-8"))
    assert root.tag.endswith("svg")
    found = record(capsys, *MAPPED)
    (row,) = (r for r in found["rows"] if r["at"] == 10)
    assert [(r["first"], r["last"], r["winners"]) for r in row["runs"]] == [
        (1, 21, ["causal_attention"]),
        (22, 1000, ["lstm"]),
    ]


def test_models_of_a_map_may_be_named_as_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    """Models are arguments, as of every command, or one option."""
    assert run(capsys, *MAPPED, "rnn", "attention") == run(
        capsys, *MAPPED, "--models", "rnn,attention"
    )


def test_a_map_of_times_has_no_rule_and_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    """Predicted times are compared, and the text says so."""
    arguments = ("map", "--x", "n=1..5000", "--y", "d=64..66", "--figure", "time")
    text = run(capsys, *arguments, "--machine", "a100", "--mode", "decode")
    assert "found to the whole number by bisection" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*ASKED, "--memory", "16"), "--memory: expected a number with a unit such as 80 GB, got '16'"),
        ((*ASKED, "--memory", "0GB"), "expected --memory to be at least one byte, got '0GB'"),
        (("advise", "--n", "0", "--d", "8"), "expected n to be from 1 to"),
        (("advise", "--d", "8"), "expected a value for n, such as --n 1024"),
        (("advise", "--n", "8", "--at", "n=9,d=4"), "expected each size once, got n in --at and as --n"),
        ((*ASKED, "--machine", "abacus"), "expected a machine of "),
        ((*ASKED, "--models", "lstn"), "did you mean lstm"),
        ((*BARE, "--mode", "sleep"), "expected mode to be one of encode"),
        ((*BARE, "--batch", "0"), "expected batch to be from 1 to"),
        ((*ASKED, "--number", "bf17"), "expected number to be one of fp64"),
        ((*ASKED, "--top", "0"), "expected --top to be from 1"),
        ((*ASKED, "--models", "lstm", "--explain", "gru"), "expected --explain one of the models"),
        (("advise", "everything"), "expected 'rules', 'properties' or sizes"),
        (("advise", "--rule", "speed"), "expected a rule among long-sequences"),
        (("advise", "rules", "--rule", "speed"), "expected either 'rules' or --rule speed"),
        (("map", "--x", "n", "--y", "n"), "expected two different sizes"),
        (("map", "--x", "n=9..3"), "expected 1 <= first < last"),
        (("map", "--x", "q"), "expected --x to be one of"),
        (("map", "--at", "n=4"), "expected n on an axis or in --at, got both"),
        (("map", "--figure", "beauty"), "expected a figure of params"),
        ((*BARE, *FEW, "--at", "b=4"), "expected sizes that one of the models has (L, d, n), got b=4"),
        (("map", "--x", "w"), "expected sizes that one of the models has (d, n), got w"),
        (("map", "--figure", "time"), "expected a machine for the figure time"),
        (("map", "--machine", "a100"), "expected the figure time on a machine, got 'work'"),
        (("map", "--models", "attention", "--figure", "state"), "not causal"),
    ],
)  # fmt: skip
def test_wrong_input_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    """Law: a question that makes no sense is one line that names the value and the way out."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("workspan: error: ")
    assert message in captured.err


def test_a_page_is_the_same_in_both_formats() -> None:
    """Law: every cell and sentence of a page is in its text and in its Markdown."""
    page = (Heading("Head"), Lines(("one", "two")), Table(("a", "b"), (("left|right", "4"),)))
    text, markdown = text_of(printer_of(page)), markdown_of(page)
    for words in ("Head", "one", "two", "a", "b", "4"):
        assert words in text
        assert words in markdown
    assert "left\\|right" in markdown
