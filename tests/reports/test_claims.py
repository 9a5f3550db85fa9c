"""The catalogue of claims is what the claims and their record say, and does not drift."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workspan.analysis.claims import FAMILIES, literature, of_family, verdict_on
from workspan.analysis.claims.record import BUILT_IN, read_record, record_text
from workspan.analysis.claims.working import derivations_of
from workspan.reports.citation_formats import bibtex_row
from workspan.reports.citing import bibliography, row
from workspan.reports.claim_pages import EXPERIMENTS, claim_page, file_of
from workspan.reports.claims import index
from workspan.reports.cli import main
from workspan.reports.notation.markup import code

COMMITTED = Path(__file__).parents[2] / "reports" / "claims"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """The committed catalogue, of which .ci/run compares all with what is made."""
    return {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir()}


def test_the_committed_catalogue_is_what_is_made(made: dict[str, str]) -> None:
    """Law: what 'workspan claims' makes is what is committed: the index, sources, a family's pages."""
    record = read_record(BUILT_IN)
    families = {family: of_family(family) for family in FAMILIES}
    assert made["README.md"] == index(families, record)
    assert made["claims.bib"] == bibliography()
    for claim in families["founding"]:
        assert made[file_of(claim)] == claim_page(claim, record.get(claim.id)), claim.id


def test_every_claim_has_a_page_and_an_entry(made: dict[str, str]) -> None:
    """Each has a page that is named after it alone, a line in the index and one entry in BibTeX."""
    names = [file_of(claim).lower() for claim in literature()]
    assert len(names) == len(set(names)), "two pages would be one file where case is ignored"
    assert set(made) - {file_of(claim) for claim in literature()} == {"README.md", "claims.bib"}
    for claim in literature():
        assert made["README.md"].count(f"]({file_of(claim)})") == 1
        assert made["claims.bib"].count(f"@misc{{workspan-{claim.id},\n") == 1
        assert f"claims/{file_of(claim)}" in bibtex_row(row(claim, None))


def test_a_page_has_all_that_a_reader_needs(made: dict[str, str]) -> None:
    """Source, reading, setting, verdict, version, and all steps of what was derived."""
    record = read_record(BUILT_IN)
    for claim in literature():
        page = made[file_of(claim)]
        for part in ("- Source: ", "- Read as", "- Verdict: **", "- Checked since version "):
            assert part in page, (claim.id, part)
        if claim.beyond or claim.figure in EXPERIMENTS:
            assert "## Derivations" not in page, claim.id
            assert "- Setting (" not in page, claim.id
            continue
        assert "- Setting (" in page, claim.id
        assert all(code(line) in page for line in record[claim.id].evidence), claim.id
    (claim,) = [c for c in literature() if c.id == "C017"]
    worked = derivations_of(claim)
    assert worked
    assert any(len(each.found.steps) > 3 for each in worked)
    for each in worked:
        assert "\n".join(each.found.steps) in made["C017.md"]


def test_what_is_quoted_from_memory_says_so(made: dict[str, str]) -> None:
    """A row that was not taken from its source is shown as not verified, everywhere."""
    recalled = [c for c in literature() if c.transcription == "recall"]
    assert recalled
    for claim in literature():
        told = made[file_of(claim)].count("**Citation not verified.**")
        assert told == (claim.transcription == "recall"), claim.id
    assert made["claims.bib"].count("(citation not verified)") == len(recalled)


def test_a_citation_has_the_source_and_the_row(capsys: pytest.CaptureFixture[str]) -> None:
    """Cite prints the entry of the source and the entry of the checked row."""
    assert main(["cite", "C017"]) == 0
    out = capsys.readouterr().out
    keys = re.findall(r"^@\w+\{([\w-]+),$", out, re.MULTILINE)
    assert keys == ["vaswani2017attention", "workspan-C017"]
    assert main(["cite", "C17"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_one_claim_is_checked_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    """Only that one is, against the record; an id that is none is an error."""
    assert main(["check", "--id", "C027", "--format", "json"]) == 0
    assert capsys.readouterr().out.count('"claim": ') == 1
    assert main(["check", "--id", "C0"]) == 2


def test_the_record_is_what_is_computed() -> None:
    """Some claims of each family are checked again, and give what is on record."""
    record = read_record(BUILT_IN)
    for name in ("C001", "C027", "C133", "C029-depth", "C153", "C162", "cache-llama-3-8b"):
        (claim,) = [c for c in literature() if c.id == name]
        found = verdict_on(claim)
        assert (found.verdict, found.reason) == (record[name].verdict, record[name].reason), name


def test_a_record_prints_as_it_was_read() -> None:
    """Law: writing what was read gives the same bytes."""
    assert record_text(read_record(BUILT_IN)) == BUILT_IN.read_text(encoding="utf-8")


def test_models_of_a_users_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A claims file may name a model only if the command line does; it never runs a file itself."""
    (tmp_path / "mine.py").write_text(
        "import workspan as ws\n\n\ndef my_layer(x):\n    return ws.linear(x, 'd', name='out')\n"
    )
    mine = tmp_path / "mine.toml"
    mine.write_text(
        '[[claim]]\nid = "a"\nstatement = "a map"\nsource = "me"\nmodels = ["my_layer"]\n'
        'figure = "params"\nrelation = "equals"\nvalue = "d**2 + d"\n'
    )
    assert main(["check", str(mine)]) == 2
    assert "models[0]" in capsys.readouterr().err
    assert main(["check", str(mine), "--model", f"{tmp_path / 'mine.py'}:my_layer"]) == 0
    assert "proved: a: a map" in capsys.readouterr().out
    assert main(["check", str(mine), "--family", "recurrent"]) == 2
    named = f"{tmp_path / 'mine.py'}:my_layer"
    mine.write_text(mine.read_text().replace('"my_layer"', f'"{named}"'))
    assert main(["check", str(mine)]) == 2
    assert main(["check", str(mine), "--model", named]) == 0
