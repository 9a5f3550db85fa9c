"""Claims about gradients over distance: numeric experiments on plain cells, and Pascanu's bound.

*Gradients vanish over long paths* is a statement about weights and inputs, not about a graph. So it
is tried under conditions, each of them a way to draw weights and inputs, and the verdict names the
conditions under which it holds and those under which it does not.

>>> found = check(("rnn",), Experiment(samples=8, distance=24, width=4))
>>> found.verdict, found.tried[0].signal.vanishes, found.tried[3].condition.text
('conditional', True, 'U orthogonal, inputs and biases 0')

References: Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural
networks*, Section 2.1.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from ..runs.signal import ROUNDING, Bound, Signal, bound, spectral, summarise, tightest
from .conditions import CONDITIONS, CONTEXT, HEADS, Condition, blocks, usual

STATISTIC = "rate of the spectral norm of d output_i / d input_j"
LEGEND = (
    "in parentheses the factor per position with its interval; U is the recurrent matrix, s its "
    "largest singular value, linear is h = U h + W x"
)


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is taken, and how often."""

    statistic: str = STATISTIC
    """What is taken of each sample; there is one."""
    seed: int = 0
    samples: int = 32
    """Independent draws of weights and inputs under each condition."""
    distance: int = 63
    """The largest i - j."""
    width: int = 16
    """Components of inputs and of the state."""
    tolerance: float = 1e-9
    """By how much a norm may be above its bound, as a part of it, since numbers are rounded."""

    def __post_init__(self) -> None:
        """Refuse what would say nothing, or take hours."""
        if self.statistic != STATISTIC:
            raise ValueError(f"expected statistic to be {STATISTIC!r}, got {self.statistic[:80]!r}")
        for name, low, high in (("samples", 8, 4096), ("distance", 8, 256), ("width", 2, 128)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"expected {name} from {low} to {high}, got {name}={value}")
        if self.seed < 0 or not 0 <= self.tolerance <= 1e-3 or self.width % HEADS:
            raise ValueError(
                "expected seed >= 0, tolerance from 0 to 0.001 and an even width, "
                f"got seed={self.seed}, tolerance={self.tolerance}, width={self.width}"
            )


@dataclass(frozen=True, slots=True)
class Tried:
    """What one condition showed."""

    condition: Condition
    signal: Signal
    bound: Bound | None = None
    """For a tanh cell: its norms against s^(i - j) |W|."""

    def __str__(self) -> str:
        near, far = (self.signal.distances[k].mean for k in (1, -1))
        ends = (
            f"norm {_short(near)} at distance 1, {_short(far)} at {len(self.signal.distances) - 1}"
        )
        line = (
            f"{self.condition.model} with {self.condition.text}: {self.signal.trend}: factor per "
            f"position {self.signal.rate}, {ends}, {self.signal.samples} samples"
        )
        return line if self.bound is None else f"{line}; {_compared([self.bound])}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an experiment found."""

    verdict: str
    reason: str
    evidence: tuple[str, ...]
    tried: tuple[Tried, ...] = ()


@functools.lru_cache(maxsize=8)
def check(models: tuple[str, ...], experiment: Experiment | None = None) -> Outcome:
    """Try whether the gradients of models vanish over distance.

    Returns
    -------
    Outcome
        confirmed if they do under every condition, refuted under none, conditional under some,
        and out of reach for a model of which there is no experiment, or no rate. A norm above
        Pascanu's bound would refute the theory, and with it the claim.
    """
    experiment = experiment or Experiment()
    unknown = [m for m in models if m not in CONDITIONS]
    if unknown:
        reason = f"no experiment on gradients for {', '.join(unknown)}"
        return Outcome("out of reach", reason, ())
    tried = [run(c, experiment) for m in models for c in CONDITIONS[m]]
    context = [run(c, experiment) for c in CONTEXT if c.model not in models]
    verdict, reason = _verdict(tried, context, experiment)
    evidence = (*map(str, (*tried, *context)), _exchanged(experiment))
    return Outcome(verdict, reason, evidence, (*tried, *context))


def _verdict(
    tried: Sequence[Tried], context: Sequence[Tried], experiment: Experiment
) -> tuple[str, str]:
    broken = [t for t in tried if t.bound and t.bound.largest_ratio > 1 + experiment.tolerance]
    if broken:
        return "refuted", f"above Pascanu's bound: {broken[0]}"
    holds, fails, unclear = (
        [t for t in tried if t.signal.vanishes is said] for said in (True, False, None)
    )
    if len(unclear) == len(tried):
        return "out of reach", f"no rate: {unclear[0]}"
    if len(holds) == len(tried) or len(fails) == len(tried):
        return "confirmed" if holds else "refuted", f"{_listed(tried)} ({LEGEND})"
    against = [*fails, *(t for t in context if t.condition.model == "linear")]
    groups = (("holds for", holds), ("not for", against), ("cannot tell for", unclear))
    parts = [f"{words} {_listed(group)}" for words, group in groups if group]
    theory = [t.bound for t in holds if t.bound is not None and t.bound.decays]
    if theory:
        parts.insert(0, f"a tanh cell with s < 1 vanishes by theory: {_compared(theory)}")
    return "conditional", f"{'; '.join(parts)} ({LEGEND})"


def run(condition: Condition, experiment: Experiment) -> Tried:
    """Draw samples under one condition and put their norms against the distance."""
    n, d = experiment.distance + 1, experiment.width
    norms, bounds = [], []
    for k in range(experiment.samples):
        weights, x = condition.sample(np.random.default_rng([experiment.seed, k]), n, d)
        norms.append(spectral(condition.model, blocks(condition.model, weights, x)))
        if condition.model == "rnn":
            bounds.append(bound(norms[-1], weights))
    at = {"n": n, "d": d}
    signal = summarise(condition.model, np.stack(norms), at=at, seed=experiment.seed)
    return Tried(condition, signal, tightest(bounds) if bounds else None)


def _listed(tried: Sequence[Tried]) -> str:
    return ", ".join(
        f"{t.condition.model} with {t.condition.text} ({t.signal.rate})" for t in tried
    )


def _compared(bounds: Sequence[Bound]) -> str:
    """Say how the norms lie to Pascanu's bound."""
    whole = tightest(list(bounds))
    extent = "all" if whole.largest_ratio <= 1 + ROUNDING else "not all"
    return (
        f"{extent} {whole.compared} norms are at most s^(i-j) |W|, "
        f"the largest {whole.largest_ratio:.3g} of it"
    )


def _short(mean: Any) -> str:
    return "0" if mean is None else f"{mean.estimate:.3g}"


def _exchanged(experiment: Experiment) -> str:
    """Exchange the earlier inputs of attention: the norms go with them, whatever the distance."""
    worst = exchange(experiment)
    return (
        "causal_attention: the norm goes with the input and not with its distance: when earlier "
        f"inputs are permuted, norms differ by at most {worst:.1g} of the largest"
    )


def exchange(experiment: Experiment) -> float:
    """Return by how much norms differ when earlier inputs are permuted and the norms with them.

    Without a code of positions the last output of causal attention is a symmetric function of the
    inputs before it, so its derivative by one of them cannot depend on where that one stands.
    """
    n, d, worst = experiment.distance + 1, experiment.width, 0.0
    for k in range(experiment.samples):
        random = np.random.default_rng([experiment.seed, k])
        weights, x = usual("causal_attention")(random, n, d)
        order = np.append(random.permutation(n - 1), n - 1)
        plain, moved = (
            spectral("causal_attention", blocks("causal_attention", weights, y))[::-1]
            for y in (x, x[order])
        )
        worst = max(worst, float(np.abs(plain[order] - moved).max() / plain.max()))
    return worst
