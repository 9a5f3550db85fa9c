"""``--crate``: what RO-Crate 1.1 demands, and a command that makes the same bytes again."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from cyclopts import App

from workspan.reports.cli import main
from workspan.reports.commands.app import app as APP  # noqa: N812
from workspan.reports.commands.planning import KEPT, WRITTEN
from workspan.reports.provenance import ProvenanceError, checked_out, day

MODEL = "import workspan as ws\n\n\ndef twice(x):\n    return ws.tanh(ws.sigmoid(x))\n"
ASKED = ["rnn", "--figures", "work,span", "--at", "n=8,d=4", "--unit", "layer"]
TERMS = {"about", "actionStatus", "conformsTo", "contentSize", "datePublished", "description"}
TERMS |= {"encodingFormat", "endTime", "hasPart", "identifier", "instrument", "license", "mentions"}
TERMS |= {"name", "object", "result", "softwareRequirements", "value", "version", "@id", "@type"}
"""Those terms of the context of RO-Crate 1.1 that are used."""
Graph = dict[str, dict[str, Any]]


def references(value: Any) -> Iterator[str]:
    """Yield what a value of a property refers to."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            assert set(each) == {"@id"}, "flattened: nothing is described inside another thing"
            yield each["@id"]


def validate(folder: Path) -> Graph:
    """Check all that the specification demands, and return the entities by identifier."""
    record = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    context, *own = record["@context"]
    assert context == "https://w3id.org/ro/crate/1.1/context"
    terms = TERMS.union(*own)
    assert all(urlsplit(uri).scheme for added in own for uri in added.values())
    graph: Graph = {entity["@id"]: entity for entity in record["@graph"]}
    assert len(graph) == len(record["@graph"])
    for entity in graph.values():
        assert {"@id", "@type"} <= set(entity) <= terms
        for value in entity.values():
            if isinstance(value, list):
                assert len(value) > 1, "compacted: one value stands by itself"
            for name in references(value):
                assert name in graph or urlsplit(name).scheme in {"http", "https"}, name
    descriptor = graph["ro-crate-metadata.json"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["conformsTo"]["@id"].startswith("https://w3id.org/ro/crate/")
    root = graph[descriptor["about"]["@id"]]
    assert root["@type"] == "Dataset"
    assert root["@id"].endswith("/")
    assert root["name"]
    assert root["description"]
    assert datetime.date.fromisoformat(root["datePublished"])
    terms_of_use = graph[root["license"]["@id"]]
    assert terms_of_use["name"]
    assert terms_of_use["description"]
    files = {e["@id"] for e in graph.values() if e["@type"] == "File"}
    assert files == set(references(root["hasPart"]))
    for name in files:
        assert re.fullmatch(r"(?:[\w.~-]|%[0-9A-F]{2})+(?:/(?:[\w.~-]|%[0-9A-F]{2})+)*", name), name
        assert not urlsplit(name).scheme
        assert ".." not in name.split("/")
        data = (folder / unquote(name)).read_bytes()
        assert graph[name]["sha256"] == hashlib.sha256(data).hexdigest()
        assert graph[name]["contentSize"] == str(len(data))
        assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", graph[name]["encodingFormat"])
    for action in (e for e in graph.values() if e["@type"] == "CreateAction"):
        assert action["name"]
        assert datetime.datetime.fromisoformat(action["endTime"])
        tools = [graph[name] for name in references(action["instrument"])]
        assert [tool["@type"] for tool in tools] == ["SoftwareApplication"]
        assert all(tool["version"] for tool in tools)
        assert set(references(action["result"])) <= files
    return graph


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model of a user, and a crate of it beside a model of the catalogue."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "my model.py").write_text(MODEL)
    arguments = ["report", f"{folder / 'my model.py'}:twice", *ASKED, "-o", "elsewhere/out"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "86400")
        assert main([*arguments, "--crate", str(folder / "crate")]) == 0
    return folder


def test_a_crate_is_what_the_specification_demands(made: Path) -> None:
    """The description names every file with its checksum, what made it, and from what."""
    graph = validate(made / "crate")
    files = (p for p in (made / "crate").rglob("*") if p.is_file())
    written = {p.relative_to(made / "crate").as_posix() for p in files}
    described = {unquote(name) for name, e in graph.items() if e["@type"] == "File"}
    assert written == described | {"ro-crate-metadata.json"}
    action = graph["#run"]
    assert {"inputs/my%20model.py", "#seed", "#setting", "#platform"} <= set(
        references(action["object"])
    )
    needed = [graph[n] for n in references(graph["#workspan"]["softwareRequirements"])]
    assert {"sympy", "networkx", "numpy"} <= {tool["name"] for tool in needed}
    assert all(re.match(r"\d+\.\d+", tool["version"]) for tool in needed)
    assert graph["./"]["datePublished"] == "1970-01-02"


BREAKS: dict[str, Callable[[Graph], object]] = {
    "no license": lambda g: g["./"].pop("license"),
    "no date": lambda g: g["./"].pop("datePublished"),
    "a date in words": lambda g: g["./"].update(datePublished="yesterday"),
    "no descriptor": lambda g: g.pop("ro-crate-metadata.json"),
    "a file that is no part": lambda g: g["./"]["hasPart"].pop(),
    "a wrong checksum": lambda g: g["out/report.md"].update(sha256="0" * 64),
    "an unknown term": lambda g: g["./"].update(flavour="sweet"),
    "a reference to nothing": lambda g: g["./"].update(mentions={"@id": "#nothing"}),
    "a thing inside another": lambda g: g["./"].update(license={"@id": "#license", "name": "x"}),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_check_of_crates_finds_what_is_wrong(name: str, made: Path, tmp_path: Path) -> None:
    """Each demand of the specification that is broken is found, so that the check can fail."""
    for path in (made / "crate").rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(made / "crate")
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes())
    file = tmp_path / "ro-crate-metadata.json"
    record = json.loads(file.read_text())
    graph = {entity["@id"]: entity for entity in record["@graph"]}
    validate(tmp_path)
    BREAKS[name](graph)
    file.write_text(json.dumps({**record, "@graph": list(graph.values())}))
    with pytest.raises((AssertionError, KeyError, ValueError)):
        validate(tmp_path)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder but those of a crate in it."""
    names = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {n: p.read_bytes() for n, p in names.items() if not n.startswith("again/")}


def again(crate: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Give the command of a crate in its folder, and return the files that are others then."""
    graph = validate(crate)
    command = shlex.split(graph["#run"]["description"])
    assert graph["#run"]["description"] in graph["./"]["description"]
    assert str(crate.parent) not in (crate / "ro-crate-metadata.json").read_text()
    assert command[0] == "workspan"
    monkeypatch.chdir(crate)
    assert main(command[1:]) in (0, 1)
    old, new = files_of(crate), files_of(crate / "again")
    assert set(old) == set(new)
    return {name for name, data in old.items() if new[name] != data}


def test_the_command_of_a_crate_makes_the_same_bytes(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger with nothing but the crate gets every file of the report again, byte for byte."""
    (made / "my model.py").rename(made / "gone.py")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert not again(made / "crate", monkeypatch)
    assert {"inputs/my model.py", "out/report.html", "printed.txt"} <= set(files_of(made / "crate"))


SWEEP = """
models = ["rnn", "twice"]
figures = ["work"]
machines = ["mine.toml"]
[sizes]
n = [8, 16]
d = 4
"""
COMMANDS = {
    "analyze": "analyze rnn --figures work --at n=8,d=4 --format html",
    "compare": "compare own.py:twice rnn --figures work,span --format latex",
    "simulate": "simulate rnn --at n=4,d=2 -o drawn/s.svg --format json",
    "predict": "predict rnn --machine mine.toml --at n=64,d=32 --output=p.svg",
    "advise": "advise --n 64 --d 32 --models rnn,own.py:twice --format markdown",
    "map": "map rnn attention --x n --y d -o map.svg",
    "plot": "plot growth rnn own.py:twice --figures work -o plot.svg",
    "draw": "draw own.py:twice --format dot -o g.dot",
    "check": "check mine.claims.toml --model own.py:twice",
    "cite": "cite own.py:twice.work --format csl",
    "confirm": "confirm rnn --engine numpy --figures work --at n=4,d=2 --store kept",
    "machine": "machine show mine.toml --format markdown",
    "list": "list --format json",
    "experiment": "experiment --pages pages",
}
CLAIM = """
[[claim]]
id = "own"
statement = "It has no parameters."
source = "a paper"
models = ["twice"]
figure = "params"
relation = "equals"
value = "0"
"""


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user, in which commands are given."""
    from workspan.analysis.machines.machine import FOLDER

    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "own.py").write_text(MODEL)
    (folder / "points.toml").write_text(SWEEP)
    (folder / "mine.claims.toml").write_text(CLAIM)
    (folder / "mine.toml").write_bytes((FOLDER / "a100.toml").read_bytes())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_what_any_command_makes_is_made_again(
    name: str, beside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is printed and written is in the crate and nowhere else, and its command suffices."""
    before = set(files_of(beside))
    assert main([*COMMANDS[name].split(), "--crate", str(tmp_path / "crate")]) in (0, 1)
    assert {n for n in files_of(beside) if not n.startswith("kept/")} == before
    beside.rename(tmp_path / "gone")
    assert again(tmp_path / "crate", monkeypatch) == set()


def test_measurements_are_told_apart(
    beside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of a sweep is the same again; the time that it took is called a measurement."""
    asked = [
        "sweep",
        "points.toml",
        "--model",
        "own.py:twice",
        "-o",
        "out/p.csv",
        "--executor",
        "serial",
        "--crate",
    ]
    assert main([*asked, str(tmp_path / "crate")]) == 0
    beside.rename(tmp_path / "gone")
    graph = validate(tmp_path / "crate")
    told = {n: e["description"] for n, e in graph.items() if "description" in e}
    assert told["printed.txt"].startswith("Measured")
    assert told["p.csv"].startswith("The same")
    assert {"own.py", "points.toml", "mine.toml"} <= set(references(graph["#run"]["object"]))
    differing = {"printed.txt", "ro-crate-metadata.json"}
    assert again(tmp_path / "crate", monkeypatch) <= differing


def test_a_folder_of_the_user_is_no_place_for_a_crate(
    beside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with anything but a crate as it was made stays as it is."""
    asked = ["list", "--crate", str(tmp_path / "crate")]
    assert main(asked) == 0
    assert main(asked) == 0
    for name in ("printed.txt", "mine.txt"):
        assert main(asked) == 0
        (tmp_path / "crate" / name).write_text("mine")
        capsys.readouterr()
        assert main(asked) == 2
        assert name in capsys.readouterr().err
        assert (tmp_path / "crate" / name).read_text() == "mine"
        (tmp_path / "crate" / name).unlink()
    assert main(["list", "--crate", str(beside)]) == 2
    assert "expected an empty folder" in capsys.readouterr().err
    assert main(["list", "--crate", "own.py"]) == 2
    assert "got a file" in capsys.readouterr().err
    assert (beside / "own.py").read_text() == MODEL


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("", "expected a command"),
        ("embed own.py", "got embed"),
        ("check mine.claims.toml --model own.py:twice --record", "got --record"),
        ("sweep points.toml --model own.py:twice -o points.toml", "other files"),
        ("report rnn -o .", "expected a name"),
        ("sweep away.toml", "below this folder"),
        ("analyze nothing", "expected a model"),
    ],
)
def test_what_makes_no_crate_is_said_in_a_line(
    asked: str, told: str, beside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands that change files, and inputs that no stranger would have: nothing is left."""
    (beside / "away.toml").write_text(SWEEP.replace("mine.toml", str(beside / "mine.toml")))
    before = files_of(tmp_path)
    assert main([*asked.split(), "--crate", str(tmp_path / "crate")]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert files_of(tmp_path) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["own"]


def test_an_interrupt_leaves_no_crate(
    beside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C leaves an older crate as it was and nothing beside it; what a kill left is removed."""
    crate, left = tmp_path / "crate", tmp_path / ".crate.999999999.tmp"
    assert main(["list", "--crate", str(crate)]) == 0
    before = files_of(crate)
    (left / "own.py").parent.mkdir()
    (left / "own.py").write_text(MODEL)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("crating._describe", "crating._copy", "models.put"):
        with monkeypatch.context() as patch:
            patch.setattr(f"workspan.reports.commands.{name}", interrupt)
            assert main(["list", "--format", "json", "--crate", str(crate)]) == 130
        assert files_of(crate) == before
        assert {p.name for p in tmp_path.iterdir()} == {"crate", "own"}
    assert Path.cwd() == beside


def test_every_command_is_tried() -> None:
    """Each command makes a crate in these tests, but those that take long and one that makes none."""
    elsewhere = {"report", "sweep", "embed"}
    long = {"audit", "claims"}
    assert {n for n in APP if not n.startswith("-")} == {*COMMANDS, *elsewhere, *long}


def test_every_path_of_every_command_has_a_place() -> None:
    """An option for a file is one that crates know: a result, kept work, or an input."""
    known = {*WRITTEN, *KEPT, "FILES", "SPEC", "--claims"}
    found: list[tuple[str, ...]] = []

    def walk(app: App) -> None:
        arguments = app.assemble_argument_collection() if app.default_command else ()
        found.extend(a.names for a in arguments if "Path" in str(a.hint))
        for name in app:
            if not name.startswith("-"):
                walk(app[name])

    walk(APP)
    assert len(found) > 10
    assert [names for names in found if not known & {*names}] == []


def test_a_crate_has_the_digest_of_its_citation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report and the table that is cited have one digest, though only one of them measures."""
    assert main(["report", *ASKED, "--crate", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    assert main(["cite", *ASKED, "--format", "csl"]) == 0
    (item,) = json.loads(capsys.readouterr().out)
    assert validate(tmp_path / "out")["#digest"]["value"] == item["custom"]["digest"]


def test_a_time_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SOURCE_DATE_EPOCH is whole seconds, or one line says so before anything is derived."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "now")
    assert main(["report", "rnn", "--crate", str(tmp_path / "out")]) == 2
    assert "expected SOURCE_DATE_EPOCH" in capsys.readouterr().err
    for wrong in ("-1", "1.5", "9" * 40, "253402300800"):
        with pytest.raises(ProvenanceError):
            day({"SOURCE_DATE_EPOCH": wrong})
    assert day({"SOURCE_DATE_EPOCH": "253402300799"}) == "9999-12-31"


def test_the_commit_is_read_and_never_guessed(tmp_path: Path) -> None:
    """A branch, a packed branch and a bare commit are found; what is no repository has none."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    assert checked_out(tmp_path) is None
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert checked_out(tmp_path) is None
    (git / "packed-refs").write_text(f"# pack-refs\n{commit} refs/heads/main\n")
    assert checked_out(tmp_path) == commit
    (git / "refs" / "heads" / "main").write_text(f"{commit[::-1]}\n")
    assert checked_out(tmp_path) == commit[::-1]
    (git / "HEAD").write_text(f"{commit}\n")
    assert checked_out(tmp_path) == commit
    (git / "HEAD").write_text("nothing\n")
    assert checked_out(tmp_path) is None


def test_a_crate_names_what_was_loaded_for_it(tmp_path: Path) -> None:
    """What a command needs besides, such as what makes a PDF, stands among the software."""
    typst = pytest.importorskip("typst")
    assert main(["draw", "rnn", "-o", "rnn.pdf", "--crate", str(tmp_path / "pdf")]) == 0
    graph = validate(tmp_path / "pdf")
    assert graph["rnn.pdf"]["encodingFormat"] == "application/pdf"
    assert graph["#typst"]["version"] == typst.__version__
    assert main(["draw", "rnn", "--crate", str(tmp_path / "svg")]) == 0
    assert validate(tmp_path / "svg")["printed.svg"]["encodingFormat"] == "image/svg+xml"
