"""Measuring one learner at one size from one seed; needs torch.

>>> from .definition import Definition
>>> from .definition import Learner
>>> one = Definition("one", "", "order", (Learner("attention", d=4),), "n", (6,), (), measures=("exchange",))
>>> measure(one, one.learners[0].label, 6, 1)["change"] < 1e-12
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch

from ..runs.pytorch import signal
from ..runs.pytorch.dependence import one_thread
from ..runs.pytorch.modules import build as build_module
from ..runs.signal import spectral
from .definition import Definition, Learner
from .learners import build
from .tasks import TASKS
from .training import train

EXAMPLES = 32
"""Examples of which inputs are exchanged."""


def measure(definition: Definition, label: str, size: int, seed: int) -> dict[str, float]:
    """Return the numbers of one learner at one size from one seed, by metric."""
    learner, at = definition.learner(label), definition.at(size)
    found: dict[str, float] = {}
    for name in definition.measures:
        found |= MEASURES[name](definition, learner, at, seed)
    return found


def _trained(
    definition: Definition, learner: Learner, at: Mapping[str, int], seed: int
) -> dict[str, float]:
    return train(definition.task, learner, at, seed, definition.training)


def _exchanged(
    definition: Definition, learner: Learner, at: Mapping[str, int], seed: int
) -> dict[str, float]:
    """Permute all inputs but the last, before any training, and look at the last output.

    ``change`` is the mean norm of its change over its mean norm.
    """
    random = torch.Generator().manual_seed(seed)
    with one_thread(), torch.no_grad():
        x = TASKS[definition.task](random, EXAMPLES, at).x.double()
        net = build(learner, inputs=x.shape[-1], outputs=learner.d, seed=seed).double()
        chosen = torch.rand(EXAMPLES, x.shape[1] - 1, generator=random).argsort(1)
        moved = x.clone()
        moved[:, :-1] = x[:, :-1].gather(1, chosen[..., None].expand(-1, -1, x.shape[-1]))
        plain, other = (net(y)[:, -1] for y in (x, moved))
        return {"change": float((plain - other).norm(dim=-1).mean() / plain.norm(dim=-1).mean())}


def _gradient(
    definition: Definition, learner: Learner, at: Mapping[str, int], seed: int
) -> dict[str, float]:
    """Take the norms of the Jacobian blocks of the last output, as torch initialises the model.

    ``norm at k`` for distances in powers of two; ``slope`` of the natural logarithm of the norm by
    distance from 1 on, unless a norm is zero; ``share`` of the norms from 1 on that lie within
    ``near``; ``ends`` the logarithm of the norm at distance 1 over that at the largest distance.
    """
    sizes = {s: v for s, v in (("d", learner.d), ("h", learner.h), ("L", learner.L)) if v > 1}
    sizes |= {s: v for s, v in (("w", learner.w), ("k", learner.k)) if v}
    built = build_module(learner.model, {"n": at["n"], **sizes}, seed=seed)
    norms = spectral(learner.model, signal.by_distance(built, seed))
    away = np.arange(1, len(norms))
    found = {f"norm at {k}": float(norms[k]) for k in away if k & (k - 1) == 0}
    found["share"] = float(norms[1 : at["near"] + 1].sum() / norms[1:].sum())
    if (norms[1:] > 0).all():
        found["slope"] = float(np.polyfit(away, np.log(norms[1:]), 1)[0])
        found["ends"] = math.log(norms[1] / norms[-1])
    return found


MEASURES: Mapping[
    str, Callable[[Definition, Learner, Mapping[str, int], int], dict[str, float]]
] = {"training": _trained, "exchange": _exchanged, "gradient": _gradient}
"""What is done for each word of a definition."""
