"""Jacobians of torch models against reachability in the unrolled graph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from tests.adapters import symbolic
from workspan.analysis.measured.vanishing import reachable, vanishing
from workspan.analysis.runs.observations import EngineError, Source
from workspan.analysis.runs.pytorch.dependence import depends, jacobian, observe, one_thread
from workspan.analysis.runs.pytorch.modules import MODULES, NAMES

SIZES: tuple[Mapping[str, int], ...] = (
    {"n": 1, "m": 1, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 1},
    {"n": 4, "m": 1, "d": 4, "h": 2, "g": 2, "f": 1, "k": 3, "w": 1, "L": 2},
    {"n": 9, "m": 3, "d": 4, "h": 2, "g": 2, "f": 3, "k": 2, "w": 3, "L": 2},
)
CENTRED = ("convolution", "separable_convolution")
SOURCE = Source("torch", torch.__version__, "a function")


def sizes(name: str, at: Mapping[str, int]) -> dict[str, int]:
    """Return the sizes that a model has; centred kernels are odd."""
    own = {s: v for s, v in at.items() if s in (*MODULES[name].sizes, "L")}
    return {**own, "k": own["k"] | 1} if name in CENTRED else own


@pytest.mark.parametrize("at", SIZES, ids=["one position", "one slot", "nine positions"])
@pytest.mark.parametrize("name", NAMES)
def test_the_jacobian_is_reachability(name: str, at: Mapping[str, int]) -> None:
    """Law: an output depends on exactly what reaches it in the unrolled graph and does not vanish.

    What vanishes is read off the graph alone: a product with the zero state, a softmax of one slot.
    """
    own, graph = sizes(name, at), symbolic(name)
    fewest = 1 if at["n"] == 9 and name != "feed_forward" else 6
    found = observe(name, own, seeds=fewest)
    reached = reachable(graph, own)
    assert not found.beyond(reached)
    assert found.unseen(reached) == set(vanishing(graph, own))


@pytest.mark.parametrize("name", NAMES)
def test_plain_operators_depend_on_the_same(name: str) -> None:
    """Law: the equations in plain operators and the library's module have the same dependence."""
    own = sizes(name, {**SIZES[2], "n": 5})
    fewest = 6 if name == "feed_forward" else 1
    plain, fused = (observe(name, own, seeds=fewest, fused=fused) for fused in (False, True))
    assert plain.pairs == fused.pairs


def test_a_leak_of_the_future_shows() -> None:
    """A causal function that lets one position see the next one has a pair beyond the graph."""

    def leaking(x: torch.Tensor) -> torch.Tensor:
        ahead = torch.cat([x[1:2], torch.zeros_like(x[1:])])
        return x.cumsum(0) + 1e-6 * ahead

    x = torch.randn(4, 2, dtype=torch.float64)
    found = depends(lambda seed: (leaking, {"x": x}), source=SOURCE, at={"n": 4})
    allowed = {("x", j, i) for i in range(4) for j in range(i + 1)}
    assert found.beyond(allowed) == {("x", 1, 0)}
    assert not found.unseen(allowed)


def test_switched_off_units_are_looked_at_again() -> None:
    """Behind one rectifier a position shows at some seeds only, so more than the fewest are drawn."""
    own = {"n": 5, "d": 4, "f": 1, "L": 2}
    found = observe("feed_forward", own)
    assert found.pairs == {("x", i, i) for i in range(5)}
    assert len(found.seeds) > 6
    assert found.rare == found.pairs
    assert min(found.seen.values()) >= 6


def test_a_function_that_never_passes_its_input_on_is_drawn_no_further() -> None:
    """With no pair at all nothing can show more often, and drawing stops."""
    x = torch.randn(3, 2, dtype=torch.float64)
    found = depends(lambda seed: (lambda x: 0 * x, {"x": x}), source=SOURCE, at={"n": 3})
    assert not found.pairs
    assert len(found.seeds) == 6


def test_the_jacobian_of_a_linear_map_is_its_matrix() -> None:
    """Every block of x W is W at its own position and zero elsewhere, for each input."""
    random = np.random.default_rng(0)
    w = random.normal(size=(3, 2))
    weight = torch.tensor(w)
    inputs = [torch.tensor(random.normal(size=(4, k))) for k in (3, 2)]
    by_x, by_y = jacobian(lambda x, y: x @ weight + 2 * y.flip(0), inputs)
    for i in range(4):
        for j in range(4):
            assert np.array_equal(by_x[i, :, j], w.T * (i == j))
            assert np.array_equal(by_y[i, :, j], 2 * np.eye(2) * (i + j == 3))


def test_what_cannot_be_differentiated_is_an_error() -> None:
    """No record, an output that is no matrix, and a derivative that is not finite: one line each."""
    x = torch.ones(3, 2, dtype=torch.float64)
    for function, word in (
        (lambda x: x.detach(), "not recorded"),
        (lambda x: x.sum(), r"got shape \(\)"),
        (lambda x: (x - 1).sqrt(), "finite derivatives"),
    ):
        with pytest.raises(EngineError, match=word) as error:
            jacobian(function, [x])
        assert "\n" not in str(error.value)


def test_threads_are_given_back() -> None:
    """One thread runs inside, and as many as before afterwards, even after an error."""
    usual = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), one_thread():
            raise ZeroDivisionError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(usual)
