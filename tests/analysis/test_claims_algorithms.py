"""Claims about algorithms are decided by running them, and can be wrong."""

from __future__ import annotations

import pytest

from workspan.analysis.claims import ClaimError, literature, parse, verdict_on
from workspan.analysis.figures import Verdict

SIZES = "[{ n = 2 }, { n = 4 }, { n = 8 }, { n = 64 }]"


def scan(relation: str, value: str, sizes: str = SIZES, more: str = "") -> Verdict:
    """Check what is claimed of the combinations of a scan in two sweeps."""
    (claim,) = parse(
        '[[claim]]\nid = "a"\nstatement = "s"\nsource = "t"\nfigure = "algorithm"\n'
        f'relation = "{relation}"\nvalue = "{value}"\n'
        f'counted = {{ name = "work-efficient scan", counts = "combinations", sizes = {sizes}{more} }}',
        "t.toml",
    )
    return verdict_on(claim)


@pytest.mark.parametrize(
    ("relation", "value", "verdict"),
    [
        ("equals", "2*n - 2", "confirmed"),
        ("at most", "2*n", "confirmed"),
        ("Theta", "n", "confirmed"),
        ("O", "n**2", "confirmed"),
        ("Theta", "n**2", "refuted"),
        ("Theta", "n*ceil(log2(n))", "refuted"),
    ],
)
def test_counts_decide(relation: str, value: str, verdict: str) -> None:
    """What is known of a scan in two sweeps is confirmed; other orders are refuted."""
    assert scan(relation, value).verdict == verdict


def test_a_refuted_count_shows_the_smallest_sizes() -> None:
    """The counterexample is the smallest of the sizes, with what was counted there."""
    found = scan("at most", "n")
    assert found.verdict == "refuted"
    assert found.counterexample == {"n": 4}
    assert found.corrected == "combinations of work-efficient scan = 6 at n=4"


@pytest.mark.parametrize(
    ("relation", "value", "sizes", "more", "field"),
    [
        ("Theta", "n", "[{ n = 2 }]", "", "counted.sizes"),
        ("Theta", "n", "[{ n = 2 }, { n = 4 }, { n = 8 }]", "", "counted.sizes"),
        ("Theta", "1", "[{ n = 2 }, { n = 4 }, { n = 8 }]", "", "counted.sizes"),
        ("equals", "d", SIZES, "", "value"),
        ("tends to", "n", SIZES, "", "relation"),
        ("equals", "n", "[{ n = 100000 }]", "", "counted"),
        ("equals", "n", "[{ m = 1 }]", "", "counted"),
        ("equals", "n", SIZES, ", spread = 100.0", "counted"),
        ("equals", "n", SIZES, ", seed = -1", "counted"),
    ],
)
def test_what_says_nothing_is_refused(
    relation: str, value: str, sizes: str, more: str, field: str
) -> None:
    """Too few sizes, foreign sizes, sizes that take long: each error names the field."""
    with pytest.raises(ClaimError, match=rf"claim\[0\]\.{field}"):
        scan(relation, value, sizes, more)


def test_what_is_out_of_reach_says_what_is_missing() -> None:
    """A kind of statement is no reason by itself: each has a note of its own."""
    beyond = [c for c in literature() if c.beyond and c.beyond != "trained weights"]
    assert beyond
    assert not [c.id for c in beyond if not c.note]
    assert len({c.note for c in beyond}) >= len(beyond) - 1
