"""The catalogue of claims is what the claims and their record say, and does not drift."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workspan.analysis.claims import literature, verdict_on
from workspan.analysis.claims.record import BUILT_IN, read_record, record_text
from workspan.reports.claims import anchor, catalogue_texts
from workspan.reports.cli import main

COMMITTED = Path(__file__).parents[2] / "reports" / "claims"


def test_the_committed_catalogue_is_made_from_the_record() -> None:
    """Law: 'workspan claims -o reports/claims' changes nothing."""
    made = catalogue_texts()
    assert {p.name for p in COMMITTED.iterdir()} == set(made)
    for name, text in made.items():
        assert (COMMITTED / name).read_text(encoding="utf-8") == text, f"{name} has drifted"


def test_every_claim_has_a_section_and_an_entry() -> None:
    """Each has an anchor on its family's page, a line in the index and one entry in BibTeX."""
    made = catalogue_texts()
    for claim in literature():
        assert made[f"{claim.family}.md"].count(f'<a id="{anchor(claim)}"></a>') == 1
        assert f"{claim.family}.md#{anchor(claim)}" in made["README.md"]
        assert made["claims.bib"].count(f"@misc{{workspan-{claim.id},\n") == 1


def test_what_is_quoted_from_memory_says_so() -> None:
    """A row that was not taken from its source is shown as not verified, everywhere."""
    recalled = [c for c in literature() if c.transcription == "recall"]
    assert recalled
    made = catalogue_texts()
    told = sum(text.count("**Citation not verified.**") for text in made.values())
    assert told == len(recalled)
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
