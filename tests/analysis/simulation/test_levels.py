"""Levels: how the operations of a node follow one another, as one counts them by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import TYPICAL, WORDS, fitting, symbolic
from tests.examples import examples
from workspan.analysis.measured.graph import MeasureError
from workspan.analysis.simulation.building import tasks_of
from workspan.analysis.simulation.levels import Levels, addends, spread
from workspan.analysis.sites import site
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import einsum, softmax
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly
from workspan.graphs.tracing import Array, trace
from workspan.graphs.unrolling import TooLargeError

AT = {"n": 6, "m": 4, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 2, **WORDS}


def chains(model: object, setting: Setting, **sizes: int) -> set[Levels]:
    """Return the chains of levels that a model has, besides none."""
    tasks = tasks_of(trace(model), setting, sizes)  # type: ignore[arg-type]
    return {tasks.levels[k] for k in set(tasks.shape.tolist()) if tasks.levels[k]}


def outer(x: Array) -> Array:
    """All products of two components, summed over one."""
    return einsum("i, j -> j", x, x)


def test_a_contraction_is_products_and_a_tree() -> None:
    """Of 6 terms for each of 6 results: 36 products, then 18, 6 and 6 sums and the 6 into results."""
    (found,) = chains(outer, Setting(unit="scalar"), n=2, d=6)
    assert found == ((36, 1), (18, 1), (6, 1), (12, 1))


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (Setting(unit="scalar"), (2, 1, 1, 5, 5, 2, 1, 1, 5)),
        (Setting(unit="scalar", reduction="sequential"), (1,) * 4 + (5, 5) + (1,) * 4 + (5,)),
        (Setting(unit="unbounded"), (4, 5, 5, 4, 5)),
    ],
)
def test_a_softmax_is_two_trees_and_three_maps(setting: Setting, expected: tuple[int, ...]) -> None:
    """Of 5 terms: maxima, differences, exponentials, sums, quotients."""
    (found,) = chains(lambda x: softmax(x, "d"), setting, n=1, d=5)
    assert found == tuple((width, 1) for width in expected)


@examples(50)
@given(st.integers(1, 300), st.integers(1, 5))
def test_a_tree_has_a_sum_less_than_terms(terms: int, sums: int) -> None:
    """Law: m - 1 additions in ceil(log2 m) steps, never more than half of what is left."""
    found = addends(terms, sums, "tree")
    assert sum(found) == (terms - 1) * sums
    assert len(found) == math.ceil(math.log2(terms))
    assert found == sorted(found, reverse=True)


@examples(50)
@given(st.integers(0, 50), st.integers(1, 20))
def test_what_is_spread_is_all_there(operations: int, steps: int) -> None:
    """Law: as many operations in as many steps, and no step with two more than another."""
    found = spread(operations, steps)
    assert sum(w * k for w, k in found) == operations
    assert sum(k for _, k in found) == steps
    assert max(w for w, _ in found) - min(w for w, _ in found) <= 1


def test_operations_without_a_step_are_an_error() -> None:
    """Work that a rule for depth gives no time is named."""
    with pytest.raises(MeasureError, match="expected a step for 3 operations"):
        spread(3, 0)


@pytest.mark.parametrize("unit", ["scalar", "unbounded"])
@pytest.mark.parametrize("name", TYPICAL)
def test_phases_have_the_steps_and_the_operations_of_their_rules(name: str, unit: str) -> None:
    """Law: a primitive's phases are as deep as its rule for depth says, with as many operations as
    its rule for work, but for one for each result of a multiply-add.
    """
    graph, at, setting = symbolic(name), fitting(name, AT), Setting(unit=unit)
    shape = "any" if unit == "unbounded" else "tree"

    def value(cost: Poly) -> int:
        return int(cost.evaluate(**at))

    for equation in graph:
        read = site(graph, equation)
        steps = []
        for phase in equation.primitive.phases(read, setting):
            width = value(phase.width)
            terms = phase.terms
            steps += [width] if terms is None else addends(value(terms), width, shape)
        if equation.primitive.phases(read, setting):
            spent = value(equation.primitive.operations(read, setting))
            assert len(steps) == value(equation.primitive.depth(read, setting))
            results = value(equation.scalars)
            assert sum(steps) in {spent, spent - results}


def test_too_many_levels_are_refused() -> None:
    """A chain of a billion steps is an error at once, and so are numbers beyond 64 bits."""
    long = Setting(unit="scalar", reduction="sequential")
    with pytest.raises(TooLargeError, match="or unit tensor"):
        tasks_of(trace(CATALOGUE["rnn"]), long, {"n": 2, "d": 10**9})
    with pytest.raises(TooLargeError, match="operations or scalars in a node"):
        tasks_of(trace(CATALOGUE["rnn"]), Setting(unit="scalar"), {"n": 2, "d": 10**12})
