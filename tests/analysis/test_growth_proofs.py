"""Laws of growth certificates: constants that are accepted hold, and wrong ones are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.claims import growing as of_claims
from workspan.analysis.claims import parse, verdict_on
from workspan.analysis.comparing.bounding import certify_growth
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.growth import GrowthCertificate, check_growth, is_certain
from workspan.graphs.sizes import Poly, SizeError, ceil_div, ceil_log, ceil_log2, poly, power

KNOWN: tuple[tuple[str, str, str], ...] = (
    ("8*d**2*n + 4*d*n**2", "n**2", "n"),
    ("16*d**2*n + 21*d*n", "d**2", "d"),
    ("7", "1", "n"),
    ("min(n, w)", "1", "n"),
    ("min(n, w)", "1", "w"),
    ("n*min(n, w) - min(n, w)**2/2 + min(n, w)/2", "n", "n"),
    ("max(n, w)", "n", "n"),
    ("3*ceil(log2(n)) + d", "ceil(log2(n))", "n"),
    ("n*ceil(log2(n)) - 2**ceil(log2(n)) + 1", "n*ceil(log2(n))", "n"),
    ("2**ceil(log2(n))", "n", "n"),
    ("2**n*n + n**9", "2**n*n", "n"),
    ("k**L - 1", "k**L", "L"),
    ("2*d*n/h", "1/h", "h"),
    ("ceil(n/s)", "n", "n"),
    ("ceil(n/s)", "1", "s"),
    ("ceil(log(n, k))", "ceil(log2(n))", "n"),
    ("min(n**2, 2**n)", "n**2", "n"),
    ("L + n - 1", "n", "n"),
    ("L + 5*min(L, ceil((n - 1)/(w - 1)))", "L", "L"),
    ("min(L, ceil((n - 1)/(w - 1)))", "1", "n"),
    ("min(L, ceil((n - 1)/(w - 1)))", "1", "L"),
    ("min(L, ceil((n - 1)/(w - 1)))", "1", "w"),
    ("min(L, ceil(log(n + 1, 2)) - 1)", "1", "L"),
    ("ceil((n - 1)/(w - 1))", "n", "n"),
    ("n**2/2 - n/2", "n**2", "n"),
    ("8*d**2*n + 4*d*n**2 + 6*n**2 - 2*n", "d**2*n + d*n**2", ""),
    ("2*d*min(n, w) + d*n", "d*n", ""),
    ("n*ceil(log2(n)) - 2**ceil(log2(n)) + 1", "n*ceil(log2(n))", ""),
    ("n + L - 1", "n + L", ""),
)
"""A formula, what it is of the order of, and in which size; in all together if none is named."""


def growing(formula: Poly, bound: Poly, size: str) -> tuple[str, ...]:
    """Return the sizes that grow."""
    return (size,) if size else tuple(sorted({*formula.sizes, *bound.sizes}))


def holds(found: GrowthCertificate, more: Mapping[str, int]) -> bool | None:
    """Whether the constants hold at sizes that are so much more than the least; None if undefined."""
    names = {*found.formula.sizes, *found.bound.sizes, *found.start}
    for part in (found.upper, found.lower or poly(1), *found.start.values()):
        names.update(part.sizes)
    at = {s: found.least.get(s, 1) + more[s] for s in names if s not in found.start}
    try:
        for name, start in found.start.items():
            first = Fraction(start.evaluate(**at))
            at[name] = -(-first.numerator // first.denominator) + more[name]
        value, bound, upper = (
            cost.evaluate(**at) for cost in (found.formula, found.bound, found.upper)
        )
        if value > upper * bound:
            return False
        return found.lower is None or value >= found.lower.evaluate(**at) * bound
    except (SizeError, ZeroDivisionError):
        return None


MORE = st.fixed_dictionaries({s: st.integers(0, 40) for s in ("n", "d", "w", "k", "L", "h", "s")})


@pytest.mark.parametrize(("formula", "bound", "size"), KNOWN)
def test_classes_have_constants(formula: str, bound: str, size: str) -> None:
    """Law: each class has constants that the checker accepts, and not without what grows."""
    cost, of = poly(formula), poly(bound)
    names = growing(cost, of, size)
    found = certify_growth(cost, of, names or ("n",), {}, below=True)
    assert found is not None
    check_growth(found)
    with pytest.raises(ProofError, match="do not depend on"):
        check_growth(replace(found, start={}))
    for name in names:
        with pytest.raises(ProofError, match="do not depend on"):
            check_growth(replace(found, upper=found.upper * poly(name)))


@examples(200)
@given(case=st.sampled_from(KNOWN), more=MORE)
def test_constants_hold(case: tuple[str, str, str], more: Mapping[str, int]) -> None:
    """Law: between constants that are accepted the formula stays, at any sizes from the start on."""
    cost, of = poly(case[0]), poly(case[1])
    found = certify_growth(cost, of, growing(cost, of, case[2]) or ("n",), {}, below=True)
    assert found is not None
    if more["L"] < 12 and more["n"] < 30:  # powers of these
        assert holds(found, more)


@pytest.mark.parametrize(
    ("formula", "bound", "size"),
    [
        ("n**2", "n", "n"),
        ("n*ceil(log2(n))", "n", "n"),
        ("n", "n*ceil(log2(n))", "n"),
        ("2**n", "n**3", "n"),
        ("n**3", "2**n", "n"),
        ("min(n, w)", "n", "n"),
        ("n + d", "n", ""),
        ("n*d", "n + d", ""),
        ("L*n", "L + n", ""),
        ("ceil(n/s)", "1", "n"),
        ("ceil(log(n, k))", "1", "n"),
        ("min(L, ceil((n - 1)/(w - 1)))", "L", "L"),
    ],
)
def test_other_classes_have_no_constants(formula: str, bound: str, size: str) -> None:
    """Law: no constants are accepted for what grows faster, or slower."""
    cost, of = poly(formula), poly(bound)
    assert certify_growth(cost, of, growing(cost, of, size), {}, below=True) is None


ATOMS = st.sampled_from(
    [
        poly("n"),
        poly("d"),
        poly("n") ** 2,
        ceil_log2("n"),
        ceil_div("n", "d"),
        power(2, "n"),
        power(2, ceil_log2("n")),
        ceil_log(2, "n"),
        poly("min(n, d)"),
        poly("max(n, d**2)"),
        1 / poly("d"),
        ceil_div("n", poly("d") + 1),
    ]
)
COSTS = st.lists(
    st.builds(
        lambda atoms, c: c * poly(1) * atoms[0] * atoms[1],
        st.tuples(ATOMS, ATOMS | st.just(poly(1))),
        st.integers(-4, 8),
    ),
    min_size=1,
    max_size=4,
).map(lambda terms: sum(terms, poly(0)))


@examples(400)
@given(cost=COSTS, first=st.integers(0, 4), n=st.integers(0, 30), d=st.integers(1, 12))
def test_what_is_certain_is_not_negative(cost: Poly, first: int, n: int, d: int) -> None:
    """Law: what the laws of rounding and logarithms make certain holds at any sizes."""
    if is_certain(cost, {"n": first + 1 + poly("n_g_")}):
        assert cost.evaluate(n=first + 1 + n, d=d) >= 0


@examples(300)
@given(data=st.data(), case=st.sampled_from(KNOWN), more=MORE)
def test_no_corrupted_certificate_is_accepted_where_it_is_wrong(
    data: st.DataObject, case: tuple[str, str, str], more: Mapping[str, int]
) -> None:
    """Law: whatever is changed, constants that are accepted hold."""
    cost, of = poly(case[0]), poly(case[1])
    names = growing(cost, of, case[2]) or ("n",)
    found = certify_growth(cost, of, names, {}, below=True)
    assert found is not None
    assert found.lower is not None
    factor: Any = data.draw(st.sampled_from([Fraction(1, 2), Fraction(9, 10), 2, 5]))
    changes: dict[str, Any] = {
        "upper": found.upper * factor,
        "lower": found.lower * factor,
        "start": {s: poly(1) for s in names},
        "least": {},
        "formula": found.formula * factor,
        "bound": found.bound + 1,
    }
    kind = data.draw(st.sampled_from(sorted(changes)))
    wrong = replace(found, **{kind: changes[kind]})
    try:
        check_growth(wrong)
    except ProofError:
        return
    if more["L"] < 12 and more["n"] < 30:
        assert holds(wrong, more) is not False


def test_nothing_is_divided_by_what_may_be_zero() -> None:
    """Law: a window of one position is excluded where its length less one divides."""
    cost = poly("L + 5*min(L, ceil((n - 1)/(w - 1)))")
    found = certify_growth(cost, poly("L"), ("L",), {}, below=True)
    assert found is not None
    assert found.least["w"] == 2
    with pytest.raises(ProofError, match="divided by it"):
        check_growth(replace(found, least={"n": 2, "w": 1}))


CLAIM = """
[[claim]]
id = "a-claim"
statement = "something"
models = ["attention"]
figure = "work"
relation = "{relation}"
value = "{value}"
sizes = {sizes}
settings = [{{ unit = "tensor" }}]
source = "nobody"
"""


@pytest.mark.parametrize("relation", ["Theta", "O"])
@pytest.mark.parametrize(("value", "sizes"), [("n**2", '["n"]'), ("d*n**2 + d**2*n", "[]")])
def test_claims_about_growth_are_proved_by_constants(
    relation: str, value: str, sizes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: a claim about growth is proved if constants are accepted, and only confirmed if not."""
    (claim,) = parse(CLAIM.format(relation=relation, value=value, sizes=sizes), "claims.toml")
    found = verdict_on(claim)
    assert found.verdict == "proved"
    assert "it <= " in found.reason
    monkeypatch.setattr(of_claims, "certify_growth", lambda *_, **__: None)
    found = verdict_on(claim)
    assert found.verdict == "confirmed"
    assert "no constants were found" in found.reason
