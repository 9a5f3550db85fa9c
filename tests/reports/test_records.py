"""Laws of the JSON for other programs."""

from __future__ import annotations

import json
from fractions import Fraction

from workspan.analysis.figures import Value
from workspan.graphs.sizes import poly
from workspan.reports.tables.records import (
    analyses_record,
    comparison_record,
    dumps,
    plain,
    verdicts_record,
)

from .samples import analysis, comparison, figure, verdict

FIGURE_KEYS = {
    "formula",
    "domain",
    "growth",
    "theta",
    "grade",
    "unit",
    "by_primitive",
    "values",
    "reason",
    "agree",
    "steps",
    "held_out",
    "details",
}


def test_the_schema_is_stable() -> None:
    """An analysis has the keys that other programs rely on, and no others."""
    record = json.loads(dumps(analyses_record([analysis()])))
    assert set(record) == {"schema", "models"}
    assert record["schema"] == 1
    (model,) = record["models"]
    assert set(model) == {"model", "setting", "figures"}
    assert model["setting"]["unit"] == "tensor"
    for found in model["figures"].values():
        assert set(found) == FIGURE_KEYS
        for value in found["values"]:
            assert set(value) == {"at", "derived", "measured", "run"}
    assert model["figures"]["work"]["formula"] == str(poly("16*d**2*n + 20*d*n"))
    assert model["figures"]["work"]["values"][0] == {
        "at": {"d": 2, "n": 4},
        "derived": 416,
        "measured": 416,
        "run": 416,
    }


def test_a_comparison_adds_spans_and_crossovers() -> None:
    """A comparison has the spans by unit and the crossovers as well."""
    record = json.loads(dumps(comparison_record(comparison())))
    assert set(record) == {"schema", "models", "spans", "paths", "training", "crossovers"}
    assert record["spans"]["layer"]["lstm"]["formula"] == "n"
    assert record["crossovers"][0]["condition"] == "n < 2*d"


def test_claims_are_records() -> None:
    """A verdict keeps its claim, its reason and its evidence."""
    (found,) = verdicts_record([verdict()])["claims"]
    assert found["verdict"] == "conditional"
    assert found["evidence"] == ["span is n"]


def test_the_same_input_gives_the_same_bytes() -> None:
    """Two records of equal comparisons are equal byte by byte."""
    assert dumps(comparison_record(comparison())) == dumps(comparison_record(comparison()))


def test_the_order_of_dictionaries_does_not_matter() -> None:
    """Growth and shares are sorted, since their order means nothing."""
    left = figure(
        "work", "n", growth={"n": "n", "d": "1"}, by_primitive={"a": poly(1), "b": poly(2)}
    )
    right = figure(
        "work", "n", growth={"d": "1", "n": "n"}, by_primitive={"b": poly(2), "a": poly(1)}
    )
    assert dumps(analyses_record([analysis(work=left)])) == dumps(
        analyses_record([analysis(work=right)])
    )


def test_a_witness_that_was_not_taken_is_null() -> None:
    """Null stays null and is never a copy of another witness."""
    found = analyses_record([analysis(work=figure("work", "n", values=(Value({"n": 2}, 2),)))])
    assert found["models"][0]["figures"]["work"]["values"][0]["measured"] is None


def test_a_figure_that_a_model_lacks_has_a_reason() -> None:
    """The state of attention over all positions is null, with the reason beside it."""
    found = analyses_record([analysis("attention")])["models"][0]["figures"]["state"]
    assert found["formula"] is None
    assert found["reason"] == "no position is before another"


def test_whole_fractions_are_integers() -> None:
    """Fractions are exact integers where they are whole, and floats elsewhere."""
    assert plain(Fraction(6, 3)) == 2
    assert isinstance(plain(Fraction(6, 3)), int)
    assert plain(Fraction(1, 4)) == 0.25
    assert plain({"b": poly("2*n"), "a": float("inf")}) == {"a": None, "b": "2*n"}
