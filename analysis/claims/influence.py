"""How much one input changes an output that attends to it: a numeric experiment over the length.

>>> few = Influence(sizes=(16, 64), samples=32, width=8)
>>> found = influence("attention", few)
>>> found.holds, found.text.startswith("a change of one input")
(True, True)

References: Hahn 2020, *Theoretical Limitations of Self-Attention in Neural Sequence Models*, Lemma 5:
with bounded weights, soft attention passes on O(1/n) of a change.
"""

from __future__ import annotations

import msgspec
import numpy as np

from ...graphs.execution import execute, random_parameters
from ...graphs.graph import Graph
from ..memory import traced
from .finding import Finding

MODELS = ("attention", "causal_attention")
MOST = 4096 * 4096 * 4
"""Pairs of positions of all samples together, at the largest size."""


class Influence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is drawn, and how often."""

    sizes: tuple[int, ...] = (16, 32, 64, 128, 256)
    samples: int = 64
    width: int = 16
    seed: int = 0
    tolerance: float = 0.2
    """How far the exponent of n may be from -1."""

    def __post_init__(self) -> None:
        """Refuse what says nothing or takes hours."""
        if len(self.sizes) < 2 or list(self.sizes) != sorted(set(self.sizes)) or self.sizes[0] < 4:
            raise ValueError(f"expected growing sizes of at least 4, got {list(self.sizes)[:20]}")
        if not 2 <= self.samples <= 1000 or not 2 <= self.width <= 128 or self.seed < 0:
            raise ValueError(
                "expected samples from 2 to 1000, width from 2 to 128 and seed >= 0, got "
                f"samples={self.samples}, width={self.width}, seed={self.seed}"
            )
        if self.samples * self.sizes[-1] ** 2 > MOST or not 0 < self.tolerance < 1:
            raise ValueError(
                f"expected samples times the square of the largest size up to {MOST:,} and a "
                f"tolerance between 0 and 1, got {self.samples}, {self.sizes[-1]}, {self.tolerance}"
            )


def influence(model: str, what: Influence) -> Finding:
    """Change the first input and look at the last output, over growing lengths."""
    graph = traced(model)
    means = [
        float(np.exp(np.mean(np.log([_change(graph, n, what, k) for k in range(what.samples)]))))
        for n in what.sizes
    ]
    exponent = float(np.polyfit(np.log(what.sizes), np.log(means), 1)[0])
    holds = exponent <= -1 + what.tolerance
    told = ", ".join(f"{m:.3g} at n={n}" for m, n in zip(means, what.sizes, strict=True))
    text = (
        f"a change of one input by a unit changes the last output by {told} (geometric means): as n^{exponent:.3f} "
        f"({what.samples} samples of each size, d={what.width}, seed {what.seed}, "
        f"tolerance {what.tolerance})"
    )
    return Finding(holds, False, text, corrected="" if holds else f"it falls as n^{exponent:.3f}")


def _change(graph: Graph, n: int, what: Influence, sample: int) -> float:
    random = np.random.default_rng([what.seed, n, sample])
    sizes = {"n": n, "d": what.width}
    parameters = random_parameters(graph, seed=what.seed + sample, **sizes)
    x = random.normal(size=(n, what.width))
    step = random.normal(size=what.width)
    moved = x.copy()
    moved[0] += step / np.linalg.norm(step)
    (plain,), (other,) = (execute(graph, {"x": y}, parameters, **sizes) for y in (x, moved))
    return float(np.linalg.norm(plain[-1] - other[-1]))
