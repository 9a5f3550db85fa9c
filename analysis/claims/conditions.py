"""Conditions under which gradients are looked at: ways to draw weights and inputs of plain cells.

>>> [condition.text for condition in CONDITIONS["rnn"]][:2]
['s = 0.5', 's = 0.9']

References: Pascanu, Mikolov and Bengio 2013 (the largest singular value s); Hochreiter and
Schmidhuber 1997 and Gers et al. 2000 (the forget gate); Saxe, McClelland and Ganguli 2014 and
Arjovsky et al. 2016 (orthogonal and unitary recurrences).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..runs import cells, shapes
from ..runs.signal import RECURRENT, draw, orthogonal, uniform, with_singular_value

Floats = NDArray[np.float64]
Sample = tuple[dict[str, Floats], Floats]
"""Weights and inputs [n, d]."""
Drawing = Callable[[np.random.Generator, int, int], Sample]
"""From a generator, n and d to a sample."""

OPEN = 20.0
"""A bias with which a gate is open: 1 - sigmoid(20) is 2e-9."""
HEADS = 2


@dataclass(frozen=True, slots=True)
class Condition:
    """A way to draw the weights and inputs of a model."""

    model: str
    text: str
    """With what, as it follows on the model's name."""
    sample: Drawing


def blocks(model: str, weights: Mapping[str, Floats], x: Floats) -> Floats:
    """Return d output_i / d input_{i-k} for the last position i, as [k, d, d]."""
    if model in RECURRENT:
        return cells.by_distance(RECURRENT[model], weights, x, width=x.shape[1])
    return cells.attention_by_distance(weights, x, heads=HEADS)


def usual(model: str) -> Drawing:
    """Draw as torch.nn initialises: uniform, with standard normal inputs."""

    def sample(random: np.random.Generator, n: int, d: int) -> Sample:
        if model in RECURRENT:
            return draw(RECURRENT[model], d, random), random.normal(size=(n, d))
        return uniform(shapes.attention({"d": d}), d, random), random.normal(size=(n, d))

    return sample


def _scaled(s: float) -> Drawing:
    """Draw a normal recurrent matrix whose largest singular value is s."""

    def sample(random: np.random.Generator, n: int, d: int) -> Sample:
        weights, x = usual("rnn")(random, n, d)
        matrix = with_singular_value(random.normal(size=(d, d)), s)
        return {**weights, "weight_hh": matrix}, x

    return sample


def _orthogonal(random: np.random.Generator, n: int, d: int) -> Sample:
    """Draw an orthogonal recurrent matrix; where inputs and biases are zero, tanh has slope 1."""
    weights, x = usual("rnn")(random, n, d)
    still = {name: np.zeros(d) for name in ("bias_ih", "bias_hh")}
    return {**weights, **still, "weight_hh": orthogonal(d, random)}, np.zeros_like(x)


def _turning(random: np.random.Generator, n: int, d: int) -> Sample:
    weights, x = usual("linear")(random, n, d)
    return {**weights, "weight_hh": orthogonal(d, random)}, x


def _gate(model: str, place: int) -> Drawing:
    """Open the gate that keeps the state: its part of one bias is `OPEN`."""

    def sample(random: np.random.Generator, n: int, d: int) -> Sample:
        weights, x = usual(model)(random, n, d)
        bias = weights["bias_hh"].copy()
        bias[place * d : (place + 1) * d] = OPEN
        return {**weights, "bias_hh": bias}, x

    return sample


DRAWN = "parameters as torch.nn draws them"
CONDITIONS: Mapping[str, tuple[Condition, ...]] = MappingProxyType(
    {
        "rnn": (
            *(Condition("rnn", f"s = {s}", _scaled(s)) for s in (0.5, 0.9)),
            Condition("rnn", DRAWN, usual("rnn")),
            Condition("rnn", "U orthogonal, inputs and biases 0", _orthogonal),
            Condition("rnn", "s = 4", _scaled(4.0)),
        ),
        "lstm": (
            Condition("lstm", DRAWN, usual("lstm")),
            Condition("lstm", "forget gates open", _gate("lstm", 1)),
        ),
        "gru": (
            Condition("gru", DRAWN, usual("gru")),
            Condition("gru", "update gates open", _gate("gru", 1)),
        ),
        "linear": (Condition("linear", "U orthogonal", _turning),),
        "causal_attention": (
            Condition("causal_attention", f"{DRAWN}, uniformly", usual("causal_attention")),
        ),
    }
)
"""Under which conditions each model is tried."""

CONTEXT = (*CONDITIONS["linear"], *CONDITIONS["causal_attention"])
"""What the models of a claim are held beside."""
