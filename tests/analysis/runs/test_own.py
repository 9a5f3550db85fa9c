"""A user's own function: what it computes, what it costs, and what is said when it goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tests.adapters import symbolic
from workspan.analysis.confirming.confirming import draw
from workspan.analysis.deriving import derive
from workspan.analysis.runs.counting import counting
from workspan.analysis.runs.errors import NoRuleError, RunError
from workspan.analysis.runs.lifted import lifted
from workspan.analysis.runs.own import Drawn, Own
from workspan.graphs.setting import Setting

from .own_models import GOOD, WRONG, greedy, rnn, sigmoid

AT = {"n": 5, "d": 4, "h": 2, "k": 3, "L": 2}
SMALL = {"n": 3, "d": 2, "L": 1}


def observed(model: str, function: Any, at: Mapping[str, int]) -> dict[tuple[str, str], Any]:
    """Run a function against a model of the catalogue and return values by figure and line."""
    graph = symbolic(model)
    own = {s: v for s, v in at.items() if s in graph.free_sizes}
    found = Own(function, "mine.py:mine").observe(own, lambda seed: draw(graph, own, seed))
    return {(seen.figure, seen.part): seen.value for seen in found}


@pytest.mark.parametrize("model", GOOD)
def test_a_plain_function_has_the_derived_work_and_span(model: str) -> None:
    """Law: NumPy code that computes a model computes its numbers at its work and its span."""
    found, graph = observed(model, GOOD[model], AT), symbolic(model)
    work = derive("work", graph, Setting())
    span = derive("span", graph, Setting(unit="scalar")).formula
    assert work.formula is not None
    assert span is not None
    at = {s: AT[s] for s in graph.free_sizes}
    contractions = work.by_primitive.get("contraction")
    assert found["outputs", ""] < 1e-12
    assert found["work", ""] == work.formula.evaluate(**at)
    assert found["work", "contraction"] == (contractions.evaluate(**at) if contractions else 0)
    assert found["span", "scalar"] == span.evaluate(**at)


@pytest.mark.parametrize("function", WRONG, ids=lambda f: f.__name__)
def test_what_goes_wrong_is_one_line(function: Callable[..., Any]) -> None:
    """A function that does not run as it should gives one line that names it and says why."""
    with pytest.raises(RunError, match=WRONG[function]) as error:
        observed("rnn", function, SMALL)
    assert "\n" not in str(error.value)
    assert "mine.py:mine" in str(error.value)


def test_names_of_numpy_come_back() -> None:
    """NumPy's names in a function's module are its own again, after an error too."""
    observed("rnn", rnn, SMALL)
    with pytest.raises(RunError):
        observed("rnn", greedy, SMALL)
    assert rnn.__globals__["np"] is np


def test_a_function_that_changes_its_answers_is_refused() -> None:
    """A function that returns something else at a second call has nothing to confirm."""
    calls = iter(range(100))

    def impure(x: Any, parameters: Any) -> Any:
        return x * float(next(calls))

    with pytest.raises(RunError, match="to return the same when it is called again"):
        observed("rnn", impure, SMALL)


def test_inputs_are_not_written_to() -> None:
    """A function that writes into its inputs changes nothing for anybody else."""

    def writing(x: Any, parameters: Any) -> Any:
        x += 1.0
        return x

    x = np.zeros((2, 2))
    drawn = Drawn({"x": x}, {}, np.ones((2, 2)))
    (seen, *_) = Own(writing, "f").observe({"n": 2}, lambda seed: drawn, figures=("outputs",))
    assert seen.value == 0
    assert (x == 0).all()


def numbers(x: Any) -> Any:
    """Return the values of counted scalars."""
    return np.vectorize(lambda element: element.value, otypes=[float])(np.asarray(x, object))


SAME: dict[str, Callable[[Any, Any], Any]] = {
    "sum of everything": lambda x, y: np.sum(x) + x,
    "two axes": lambda x, y: x.sum(axis=(0, 1)) * y,
    "mean": lambda x, y: np.mean(x, axis=0, keepdims=True) - y,
    "variance": lambda x, y: x.var(-1, keepdims=True) + y,
    "maximum": lambda x, y: np.maximum(x, y) * x.max(),
    "power": lambda x, y: x**2 + np.square(y) + (y * y) ** 0.5,
    "stacked products": lambda x, y: np.stack([x, y]) @ np.stack([y.T, x.T]),
    "products with vectors": lambda x, y: x @ y[0] + y[1] @ x.T[:, 0],
    "one operand": lambda x, y: np.einsum("ij->ji", x) @ np.einsum("ij->i", y)[: len(x)],
    "outer": lambda x, y: np.einsum("i,j->ij", x[0], y[1]),
    "implicit": lambda x, y: np.einsum("ij,jk", x, y.T),
    "in place": lambda x, y: _in_place(x, y),
    "moves": lambda x, y: np.concatenate([np.roll(x, 1, 0), np.flip(y, 1)]).reshape(-1, 2),
    "windows": lambda x, y: np.lib.stride_tricks.sliding_window_view(x, 2, axis=0).sum(-1),
    "constants": lambda x, y: np.where(np.tril(np.ones((3, 3)), -1) == 1, x @ y.T, -1.0),
}


def _in_place(x: Any, y: Any) -> Any:
    x = x.copy()
    x += y
    x[1] *= 2.0
    return x


@pytest.mark.parametrize("case", SAME)
def test_counted_arrays_compute_what_numpy_computes(case: str) -> None:
    """Law: on counted scalars NumPy's functions have the values that they have on numbers."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 3, 4))
    expected = SAME[case](x, y)
    with counting():
        found = SAME[case](lifted(x), lifted(y))
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(numbers(found), expected, rtol=1e-12)


def test_products_count_multiply_adds() -> None:
    """A product of matrices n by k and k by m is n k m multiply-adds, however it is written."""
    a, b = np.ones((2, 3, 4)), np.ones((4, 5))
    for multiply in (
        lambda a, b: a @ b,
        np.dot,
        lambda a, b: np.einsum("xnk,km->xnm", a, b),
    ):
        with counting() as tally:
            multiply(lifted(a), b)
        assert (tally.multiply_adds, tally.other.total()) == (2 * 3 * 4 * 5, 0)


@pytest.mark.parametrize("refused", ["sort", "cumsum", "prod", "argmax", "linalg.norm", "sin"])
def test_what_has_no_rule_is_refused_by_name(refused: str) -> None:
    """Nothing counts as nothing: a function without a rule is an error that names it."""
    function: Any = np
    for name in refused.split("."):
        function = getattr(function, name)
    with counting(), pytest.raises(NoRuleError, match=refused.rpartition(".")[2]):
        function(lifted(np.ones(3)))


def test_a_logistic_function_is_one_operation() -> None:
    """1 / (1 + exp(-x)) is one operation for each number, and one step deep."""
    with counting() as tally:
        y = sigmoid(lifted(np.zeros((2, 3))))
    assert dict(tally.other) == {"sigmoid": 6}
    assert (y[0, 0].value, y[0, 0].scalar) == (0.5, 1)


READERS: dict[str, Callable[[Any], Any]] = {
    "the exponential": lambda x: (lambda e: e / (1 + e) + 1 / (1 + e))(np.exp(-x)),
    "the exponential, later": lambda x: (lambda e: 1 / (1 + e) + e)(np.exp(-x)),
    "a view of it, before": lambda x: (lambda e: e[::-1] + 1 / (1 + e))(np.exp(-x)),
    "the negative": lambda x: (lambda y: 1 / (1 + np.exp(y)) + y)(-x),
    "the sum": lambda x: (lambda s: 1 / s + s)(1 + np.exp(-x)),
}


@pytest.mark.parametrize("reader", READERS)
def test_steps_that_are_read_count(reader: str) -> None:
    """A step of the logistic function that something else reads counts as what it is."""
    x = np.array([0.5, -1.0, 2.0])
    with counting() as tally:
        y = READERS[reader](lifted(x))
    np.testing.assert_allclose(numbers(y), READERS[reader](x))
    read = {"the negative": {"neg"}, "the sum": {"neg", "exp", "add"}}.get(reader, {"neg", "exp"})
    assert read <= set(tally.other)
    assert all(tally.other[kind] >= 3 for kind in read)
    assert all(count > 0 for count in tally.other.values())
