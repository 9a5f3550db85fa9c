"""The witness on functions of a user, and what the catalogue refuses."""

import numpy as np
import pytest

from workspan.analysis import runs
from workspan.analysis.runs import witness
from workspan.analysis.runs.operations import Array
from workspan.analysis.runs.witnesses import Weights

X = np.arange(1.0, 7.0).reshape(3, 2)


def test_own_function() -> None:
    """A function of one's own is counted like those of the catalogue."""

    def shifted_sum(x: Array, layers: Weights) -> Array:
        x = runs.linear(runs.enter(x), layers[0]["weight"], layers[0]["bias"])
        return x[1:] + x[:-1]

    weights = [{"weight": np.ones((4, 2)), "bias": np.zeros(4)}]
    result = witness(shifted_sum, {"x": X}, weights)
    assert result.operations == {"multiply_add": 24, "add": 12 + 8}
    assert result.params == 12
    assert result.span == {"layer": 1, "tensor": 3, "scalar": 4}
    assert result.depends == {("x", 0, 0), ("x", 1, 0), ("x", 1, 1), ("x", 2, 1)}
    assert (result.receptive_field, result.path_length["layer"]) == (2, 1)


def test_nothing_depends() -> None:
    """Where no output depends on an input there is no path length, not one of zero."""
    result = witness(lambda x: runs.zeros(x.shape, like=x), {"x": X})
    assert (result.depends, result.path_length, result.receptive_field) == (frozenset(), {}, 0)
    assert result.work == 0


def test_uncounted_outputs() -> None:
    """An output that is not a counted scalar is refused: its work would be nothing."""
    with pytest.raises(runs.NoRuleError, match="counted scalar"):
        witness(lambda x: np.zeros(len(x)), {"x": X})


def test_function_that_looks() -> None:
    """A function that computes something else on counted scalars is found out."""
    with pytest.raises(runs.RunError, match="must not look"):
        witness(lambda x: x + 1.0 if x.dtype == object else x, {"x": X})


def test_dependence_must_agree() -> None:
    """The variant that dependence is read from has to compute the same values."""
    with pytest.raises(runs.RunError, match="must not look"):
        witness(lambda x: x + 1.0, {"x": X}, dependence=lambda x: x + 2.0)


def test_unknown_name() -> None:
    """An unknown model is an error that lists the known ones."""
    with pytest.raises(KeyError, match=r"lstm, gru.*got name='lstmm'"):
        runs.run("lstmm", sizes={"n": 2, "d": 2})


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("attention", {"n": 2, "d": 4, "h": 3}, r"heads=3, d=4 \(4 % 3 == 1\)"),
        ("attention", {"n": 2, "d": 4}, "expected sizes to give 'h'"),
        ("rnn", {"n": 0, "d": 4}, "expected n to be at least 1, got n=0"),
        ("convolution", {"n": 2, "d": 4, "k": 2}, "expected k to be odd"),
        ("windowed_attention", {"n": 2, "d": 4, "h": 1, "w": 4}, "expected window to be odd"),
        ("grouped_query_attention", {"n": 2, "d": 6, "h": 3, "g": 2}, "groups=2, heads=3"),
    ],
)
def test_sizes(name: str, sizes: dict[str, int], message: str) -> None:
    """Sizes that a model cannot have are refused with their names and values."""
    with pytest.raises(runs.ArgumentError, match=message):
        runs.run(name, sizes=sizes)


@pytest.mark.parametrize("setting", [{"pairs": "some"}, {"reduction": "heap"}])
def test_settings(setting: dict[str, str]) -> None:
    """Settings that do not exist are refused, also by models that would ignore them."""
    with pytest.raises(runs.ArgumentError, match="|".join(setting)):
        runs.run("rnn", sizes={"n": 2, "d": 2}, **setting)  # type: ignore[arg-type]


def test_same_seed_same_run() -> None:
    """A run is a function of its arguments."""
    first, second = (runs.run("gru", sizes={"n": 3, "d": 2}, seed=5) for _ in range(2))
    assert first.outputs.tobytes() == second.outputs.tobytes()
    assert first.depends == second.depends
