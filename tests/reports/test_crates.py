"""``workspan report --crate``: what RO-Crate 1.1 demands, and a command that makes it again."""

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

from workspan.reports.cli import main
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
    arguments = ["report", f"{folder / 'my model.py'}:twice", *ASKED, "-o", str(folder / "crate")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "86400")
        assert main([*arguments, "--crate"]) == 0
    return folder


def test_a_crate_is_what_the_specification_demands(made: Path) -> None:
    """The description names every file with its checksum, what made it, and from what."""
    graph = validate(made / "crate")
    written = {p.name for p in (made / "crate").iterdir() if p.is_file()}
    described = {name for name, e in graph.items() if e["@type"] == "File" and "/" not in name}
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
    "a wrong checksum": lambda g: g["report.md"].update(sha256="0" * 64),
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


def test_the_command_of_a_crate_makes_the_same_bytes(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger with nothing but the crate gets every file of the report again, byte for byte."""
    (made / "my model.py").rename(made / "gone.py")
    crate = made / "crate"
    graph = validate(crate)
    command = shlex.split(graph["#run"]["description"])
    assert graph["#run"]["description"] in graph["./"]["description"]
    assert str(made) not in (crate / "ro-crate-metadata.json").read_text()
    monkeypatch.chdir(crate)
    assert command[0] == "workspan"
    assert main(command[1:]) == 0
    results = list(references(graph["#run"]["result"]))
    assert len(results) == 8
    for name in results:
        assert (crate / "again" / name).read_bytes() == (crate / name).read_bytes(), name


def test_a_crate_is_the_same_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The description too, where SOURCE_DATE_EPOCH says which day it is."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    texts = []
    for name in ("one", "two"):
        folder = tmp_path / name
        assert main(["report", *ASKED, "-o", str(folder), "--crate"]) == 0
        texts.append((folder / "ro-crate-metadata.json").read_bytes())
    assert texts[0] == texts[1]


def test_a_crate_has_the_digest_of_its_citation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report and the table that is cited have one digest, though only one of them measures."""
    assert main(["report", *ASKED, "-o", str(tmp_path / "out"), "--crate"]) == 0
    capsys.readouterr()
    assert main(["cite", *ASKED, "--format", "csl"]) == 0
    (item,) = json.loads(capsys.readouterr().out)
    assert validate(tmp_path / "out")["#digest"]["value"] == item["custom"]["digest"]


def test_files_of_the_user_are_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What lies where a copy or the description goes, and is neither, stays as it is."""
    model = tmp_path / "own.py"
    model.write_text(MODEL)
    folder = tmp_path / "out"
    other = folder / "inputs" / "own.py"
    other.parent.mkdir(parents=True)
    other.write_text("# mine\n")
    arguments = ["report", f"{model}:twice", *ASKED[1:], "-o", str(folder), "--crate"]
    assert main(arguments) == 2
    assert "name another folder" in capsys.readouterr().err
    other.unlink()
    (folder / "ro-crate-metadata.json").write_text("{}")
    assert main(arguments) == 2
    assert "name another folder" in capsys.readouterr().err
    assert (folder / "ro-crate-metadata.json").read_text() == "{}"
    assert sorted(p.name for p in folder.iterdir()) == ["inputs", "ro-crate-metadata.json"]


def test_a_time_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SOURCE_DATE_EPOCH is whole seconds, or one line says so before anything is derived."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "now")
    assert main(["report", "rnn", "-o", str(tmp_path / "out"), "--crate"]) == 2
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
