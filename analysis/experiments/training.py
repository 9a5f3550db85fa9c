"""Training a learner on a task until it has learned it or the steps are used up.

>>> from .definition import Learner, Training
>>> few = Training(steps=2, batch=4, examined=64)
>>> sorted(train("order", Learner("gru", d=4), {"n": 6}, 0, few))
['accuracy', 'learned', 'steps']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from ..runs.pytorch.dependence import one_thread
from .definition import Learner, Training
from .learners import Net, build
from .tasks import TASKS, Batch

TRIED = 256
"""Examples on which a learner is tried while it is trained."""


def train(
    task: str, learner: Learner, at: Mapping[str, int], seed: int, how: Training
) -> dict[str, float]:
    """Train one learner from one seed.

    Parameters
    ----------
    task
        A name of ``TASKS``.
    learner, at
        What is trained, and the sizes of the task; with ``samples`` it has so many examples and
        no more, and draws batches of them.
    seed
        Decides the initial weights and all examples.
    how
        Steps, batches and when to stop.

    Returns
    -------
    dict
        ``accuracy`` or ``error`` (the mean square) on fresh examples, the ``steps`` that were
        taken, and ``learned``: 1 if training stopped because the task was learned, else 0.
    """
    draw, examples, tried, fresh = TASKS[task], *_streams(seed)
    with one_thread():
        trial = draw(examples, 1, at)
        net = build(learner, inputs=trial.x.shape[-1], outputs=trial.classes or 1, seed=seed)
        batches = _batches(task, at, how.batch, examples)
        adam = torch.optim.Adam(net.parameters(), lr=how.rate)
        held_out, steps, learned = draw(tried, TRIED, at), 0, False
        while steps < how.steps and not learned:
            _step(net, adam, batches(), how.clip)
            steps += 1
            learned = steps % how.every == 0 and _enough(examine(net, held_out), how.enough)
        found = examine(net, draw(fresh, how.examined, at))
    return {**found, "steps": float(steps), "learned": float(learned)}


def _streams(seed: int) -> tuple[torch.Generator, ...]:
    """Return generators of examples to train on, to be tried on, and to be examined on."""
    return tuple(torch.Generator().manual_seed(1000 * seed + k) for k in range(1, 4))


def _batches(
    task: str, at: Mapping[str, int], size: int, random: torch.Generator
) -> Callable[[], Batch]:
    """Return what draws batches: fresh ones, or parts of the samples that there are."""
    samples = at.get("samples")
    if samples is None:
        return lambda: TASKS[task](random, size, at)
    kept = TASKS[task](random, samples, at)

    def some() -> Batch:
        chosen = torch.randint(samples, (min(size, samples),), generator=random)
        return Batch(kept.x[chosen], kept.y[chosen], kept.cut, kept.classes)

    return some


def _step(net: Net, adam: torch.optim.Adam, batch: Batch, clip: float) -> None:
    adam.zero_grad()
    _loss(net, batch).backward()
    nn.utils.clip_grad_norm_(net.parameters(), clip)
    adam.step()


def _answers(net: Net, batch: Batch) -> Tensor:
    return net(batch.x, batch.cut)[:, -batch.y.shape[1] :]


def _loss(net: Net, batch: Batch) -> Tensor:
    out = _answers(net, batch)
    if batch.classes:
        return nn.functional.cross_entropy(out.flatten(0, 1), batch.y.flatten())
    return (out - batch.y).square().mean()


def examine(net: Net, batch: Batch) -> dict[str, float]:
    """Return the share of right answers, or the mean square error."""
    with torch.no_grad():
        out = _answers(net, batch)
    if batch.classes:
        return {"accuracy": float((out.argmax(-1) == batch.y).double().mean())}
    return {"error": float((out - batch.y).double().square().mean())}


def _enough(found: Mapping[str, float], threshold: float) -> bool:
    if "accuracy" in found:
        return found["accuracy"] >= threshold
    return found["error"] <= threshold
