"""``workspan cite``: a figure, a table and a claim, in three formats, with their digests."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import workspan
from workspan.analysis.claims import literature
from workspan.analysis.claims.sources import cited as named
from workspan.analysis.claims.sources import sources
from workspan.analysis.claims.tex import untex
from workspan.graphs.models import CATALOGUE
from workspan.graphs.sizes import poly
from workspan.reports.citation_formats import bibtex_row
from workspan.reports.citing import bibliography, claim_citation
from workspan.reports.cli import main
from workspan.reports.commands.citing import _is_claim

ROOT = Path(__file__).parent.parent.parent
FIGURE = ["lstm.work", "--at", "n=64,d=32", "--unit", "layer"]
TABLE = ["lstm", "attention", "--figures", "work,span"]
KNOWN = {"type", "id", "title", "author", "issued", "container-title", "publisher", "number"}
CSL = KNOWN | {"version", "note", "custom"}
"""Those properties of CSL's schema for JSON that are used; it allows none of its own."""
TYPES = {"article", "article-journal", "chapter", "dataset", "document", "entry"}
TYPES |= {"book", "paper-conference", "report"}
"""Those types of the same schema that are used."""


def cited(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what the command prints."""
    assert main(["cite", *arguments]) == 0
    return capsys.readouterr().out


def own(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Return the item of CSL-JSON of what is cited, the last one."""
    found: list[dict[str, Any]] = json.loads(cited(capsys, *arguments, "--format", "csl"))
    return found[-1]


@pytest.mark.parametrize("subject", [FIGURE, TABLE, ["C017"]], ids=["figure", "table", "claim"])
def test_every_format_says_version_setting_and_digest(
    subject: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """All three formats have the same digest, the version and the setting, twice the same bytes."""
    item = own(capsys, *subject)
    (setting,) = item["custom"]["setting"]
    assert item["version"] == workspan.__version__
    for style in ("bibtex", "csl", "text"):
        text = cited(capsys, *subject, "--format", style)
        assert cited(capsys, *subject, "--format", style) == text
        assert all(t in text for t in (item["custom"]["digest"], setting, workspan.__version__))


@pytest.mark.parametrize("subject", [FIGURE, TABLE, ["C017"]], ids=["figure", "table", "claim"])
def test_csl_is_of_the_schema(subject: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each item has a type and an id, and nothing that the schema of CSL-JSON does not know."""
    items = json.loads(cited(capsys, *subject, "--format", "csl"))
    assert len({item["id"] for item in items}) == len(items)
    for item in items:
        assert item["type"] in TYPES
        assert set(item) <= CSL
        assert all(set(n) <= {"family", "given", "literal"} for n in item["author"])


def test_the_command_of_a_citation_prints_the_cited_formula(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever runs the command of a citation gets the formula and the value that it states."""
    item = own(capsys, *FIGURE)
    formula = poly(item["title"].partition(": ")[2])
    command = item["custom"]["place"].split()
    assert command[0] == "workspan"
    assert main([*command[1:], "--format", "json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert poly(model["figures"]["work"]["formula"]) == formula
    assert f"{formula.evaluate(n=64, d=32):,}" in item["note"]


def test_another_setting_has_another_digest(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the part of the setting differs where the formula is the same."""
    here = own(capsys, *FIGURE)["custom"]
    there = own(capsys, *FIGURE[:3])["custom"]
    assert here["digest"] != there["digest"]
    assert [k for k, v in here["digest-of"].items() if there["digest-of"][k] != v] == ["setting"]


def test_a_model_file_is_cited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A figure of a model of one's own is cited by its graph: change the model, and it is another."""
    file = tmp_path / "own.py"
    digests = []
    for name in ("tanh", "sigmoid"):
        file.write_text(f"import workspan as ws\ndef f(x):\n    return ws.{name}(x)\n")
        digests.append(own(capsys, f"{file}:f.span")["custom"])
    assert [d["digest-of"]["result"] for d in digests[:1]] == [digests[1]["digest-of"]["result"]]
    assert digests[0]["digest-of"]["graphs"] != digests[1]["digest-of"]["graphs"]


def parsed(text: str) -> dict[str, dict[str, str]]:
    """Read BibTeX as BibTeX does: a brace counts, whether it is escaped or not."""
    found: dict[str, dict[str, str]] = {}
    for entry in re.split(r"^@", text, flags=re.MULTILINE)[1:]:
        head = re.match(r"\w+\{([^\s{}(),=#%\\\"']+),\n", entry)
        assert head, entry
        place, fields = head.end(), {}
        while field := re.compile(r"  (\w+) = \{").match(entry, place):
            place, depth = field.end(), 1
            begin = place
            while depth:
                depth += {"{": 1, "}": -1}.get(entry[place], 0)
                place += 1
            fields[field[1]] = entry[begin : place - 1]
            assert entry[place : place + 2] == ",\n"
            place += 2
        assert entry[place:].strip() == "}", entry
        assert head[1] not in found
        found[head[1]] = fields
    return found


def test_bibtex_is_read_as_it_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each field ends where it should, whatever a model's file is called, and nothing is TeX's own."""
    folder = tmp_path / "a{b}%c#d&e_f^g~h'i$j }"
    folder.mkdir()
    (folder / "own.py").write_text("import workspan as ws\ndef f_1(x):\n    return ws.tanh(x)\n")
    for subject in (FIGURE, TABLE, ["C098"], [f"{folder / 'own.py'}:f_1.path_length"]):
        for fields in parsed(cited(capsys, *subject)).values():
            assert {"author", "title"} <= set(fields)
            if "note" in fields:
                bare = re.sub(r"\\(?:[%&_#$]|[a-z]+\{)", "", fields["title"] + fields["note"])
                assert not set(bare) & set("%&_#$<>|^~\\`'"), bare
    entries = parsed(bibliography())
    assert {f"workspan-{c.id}" for c in literature()} <= set(entries)


def test_sources_are_read_without_tex() -> None:
    """No field of any source has a brace or a backslash left once TeX is taken out."""
    for source in sources().values():
        assert not set(named(source.key)) & set("{}\\")
        for value in source.fields.values():
            assert not set(untex(value)) & set("{}\\$"), value
            outside = re.sub(r"\$[^$]*\$|\\[&^_~]", "", value)
            assert not set(outside) & set("^_&#"), "what is mathematics stands between dollars"
    assert named("gu2022efficiently").startswith("Gu, Goel and Ré 2022")
    assert untex(r"Erd{\H{o}}s, Paul and R{\'e}nyi, Alfr{\'e}d") == "Erdős, Paul and Rényi, Alfréd"
    assert untex(r"P{\"o}ppel and Fran{\c{c}}ois and {\L}ukasz") == "Pöppel and François and Łukasz"


def test_every_claim_can_be_cited_and_none_has_the_name_of_a_model() -> None:
    """Whatever it is called, a claim of the literature is found as one, and has a digest."""
    for claim in literature():
        assert claim.id not in CATALOGUE
        assert _is_claim(claim.id), claim.id
    assert len({str(claim_citation(c.id).digest) for c in literature()[:20]}) == 20


def test_the_bibliography_has_the_digest_of_every_claim() -> None:
    """The file for all claims and the citation of one say the same, digest and setting as well."""
    text = bibliography()
    assert text.count("Digest: ") == len(literature())
    for claim in literature()[::40]:
        assert bibtex_row(claim_citation(claim.id)) in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "expected MODEL.FIGURE"),
        (["lstn.work"], "did you mean lstm"),
        (["lstm.wrok"], "did you mean work"),
        (["lstm.work,span"], "--figures work,span"),
        (["none.py:f.work"], "found none at none.py"),
        (["lstn"], "did you mean lstm"),
        (["C17"], "did you mean C17"),
        (["lstm.work", "gru"], "by itself"),
        (["lstm.work", "--figures", "span"], "only for a table"),
        (["C017", "--unit", "layer"], "for a claim"),
        (["lstm.work", "--format", "ris"], "bibtex, csl, text"),
    ],
)
def test_what_cannot_be_cited_is_said_in_a_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong input is one line that names the way out, and exit code 2."""
    assert main(["cite", *arguments]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert told in said.err
    assert said.err.count("\n") == 1


def test_the_citation_file_is_of_this_version() -> None:
    """CITATION.cff has what CFF 1.2.0 demands, the version, license and keywords of the package."""
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(found)
    assert found["cff-version"] == "1.2.0"
    assert found["type"] == "software"
    assert found["authors"]
    assert all(set(a) == {"name"} for a in found["authors"])
    assert found["version"] == project["version"] == workspan.__version__
    for key in ("license", "keywords"):
        assert found[key] == project[key]
    assert found["title"] == project["name"]
    assert found["abstract"] == project["description"]
