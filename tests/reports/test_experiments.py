"""The command of experiments, their pages from the record, and their pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from workspan.analysis.experiments.definitions import NAMES, define
from workspan.analysis.experiments.record import RECORD, read_results
from workspan.reports import experimenting
from workspan.reports.cli import main

PAGES = Path(__file__).parents[2] / "reports" / "experiments"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the pages as they are made now."""
    folder = tmp_path_factory.mktemp("pages")
    assert main(["experiment", "--pages", str(folder)]) == 0
    return folder


def test_committed_pages_are_what_the_record_says(written: Path) -> None:
    """The pages in the repository are made from the record, byte for byte."""
    made, kept = ({p.name: p.read_bytes() for p in f.iterdir()} for f in (written, PAGES))
    assert made == kept, "workspan experiment --pages reports/experiments"


def test_pages_show_every_test_and_every_picture(written: Path) -> None:
    """No verdict is left out, negative ones neither, and every picture is there."""
    text = (written / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"\| (confirmed|not confirmed) \|$", text, re.MULTILINE)
    assert len(shown) == sum(len(define(name).tests) for name in NAMES)
    for name in re.findall(r"\]\((\S+\.svg)\)", text):
        assert (written / name).is_file()


@pytest.mark.parametrize("name", NAMES)
def test_pictures_show_every_learner_inside(written: Path, name: str) -> None:
    """A picture has a legend for each learner, and no mark lies outside of it."""
    root = ElementTree.parse(written / f"{name}.svg").getroot()
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    texts = {t.text for t in root.findall(".//{*}text")}
    assert {x.label for x in define(name).learners} <= texts
    circles = list(root.findall(".//{*}circle"))
    assert circles
    for circle in circles:
        assert 0 < float(circle.attrib["cx"]) < width
        assert 0 < float(circle.attrib["cy"]) < height


def test_distances_grow_along_the_axis(written: Path) -> None:
    """The places of the horizontal axis are in the order of their numbers."""
    root = ElementTree.parse(written / "gradient.svg").getroot()
    places = {
        int(t.text or ""): float(t.attrib["x"])
        for t in root.findall(".//{*}text")
        if (t.text or "").isdigit() and t.attrib.get("text-anchor") == "middle"
    }
    assert list(places) == [1, 2, 4, 8, 16, 32]
    assert sorted(places.values()) == list(places.values())


def test_the_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    """Every experiment is listed with its question, as text, JSON and Markdown."""
    assert main(["experiment", "list"]) == 0
    text = capsys.readouterr().out
    assert main(["experiment", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["experiments"]
    assert [e["name"] for e in found] == list(NAMES)
    assert main(["experiment", "list", "--format", "markdown"]) == 0
    table = capsys.readouterr().out
    assert all(define(n).question in text and n in table for n in NAMES)


def test_a_quick_experiment_runs_and_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quick one has a name of its own, leaves the record alone, and draws its picture."""
    pytest.importorskip("torch")
    before, picture = RECORD.read_bytes(), tmp_path / "x.svg"
    arguments = ["experiment", "locality", "--quick", "--processes", "1"]
    arguments += ["--store", str(tmp_path / "store")]
    assert main([*arguments, "-o", str(picture), "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["experiments"]
    assert found["definition"]["name"] == "locality-quick"
    assert found["result"]["digest"] != read_results()["locality"].digest
    assert main(arguments) == 0
    assert "is more local than attention" in capsys.readouterr().out
    assert main([*arguments, "--format", "markdown"]) == 0
    assert "| statement | seen | p | p by Holm | verdict |" in capsys.readouterr().out
    assert RECORD.read_bytes() == before
    ElementTree.parse(picture)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ading"], "did you mean adding"),
        (["adding", "--processes", "0"], "--processes from 1"),
        (["adding", "--quick", "--record"], "without --quick"),
        (["all", "-o", "x.svg"], "one experiment with --output"),
        (["adding", "--format", "html"], "--format to be one of"),
        (["adding", "--store", "/dev/null/x"], "expected to write"),
    ],
)
def test_wrong_input_is_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What makes no sense is exit code 2 and one line that says what was expected."""
    assert main(["experiment", *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert len(said.err.splitlines()) == 1
    assert not said.out


def test_without_torch_the_record_is_shown_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Running asks for the extra in one line; pages and verdicts from the record need none."""
    monkeypatch.setattr("workspan.analysis.experiments.running.find_spec", lambda name: None)
    assert main(["experiment", "adding", "--store", str(tmp_path)]) == 2
    assert "workspan[torch]" in capsys.readouterr().err
    assert len(experimenting.recorded()) == len(NAMES)
