"""What an experiment is: all that decides its numbers and its verdict, as data that never changes.

>>> test = Test("learners know more than chance", "above", Sample("gru, d=4", "accuracy"), value=0.5)
>>> one = Definition("one", "Which?", "order", (Learner("gru", d=4),), "n", (8,), (test,))
>>> one.digest == msgspec.structs.replace(one, seeds=one.seeds + 1).digest
False
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from ..runs.errors import ArgumentError

Relation = Literal["greater", "above", "below", "within", "no more than predicted"]
MEASURES = ("training", "exchange", "gradient")


class Learner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model of the catalogue at a size."""

    model: str
    """The catalogue's name of what mixes its positions."""
    d: int
    L: int = 1
    h: int = 1
    w: int = 0
    """The window, of windowed attention."""
    k: int = 0
    """The kernel, of convolutions."""
    positions: bool = False
    """Whether a code of positions is added to the inputs."""
    bits: int = 0
    """Bits to which each scalar of the state is rounded at the cut; 0 if it is not."""

    @property
    def label(self) -> str:
        """Its name in tables and tests: what differs from one layer with one head and no code."""
        plain = {"L": 1, "h": 1, "w": 0, "k": 0, "bits": 0}
        sizes = [f"d={self.d}"]
        sizes += [f"{s}={getattr(self, s)}" for s, v in plain.items() if getattr(self, s) != v]
        return f"{self.model}, {' '.join(sizes)}{', positions' if self.positions else ''}"


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number for each seed: the mean of a metric over some sizes."""

    learner: str
    """A label."""
    metric: str
    sizes: tuple[int, ...] = ()
    """All sizes if none is named."""


class Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A statement, and the test that decides whether it is confirmed."""

    __test__ = False  # for pytest, which collects what is called Test

    statement: str
    relation: Relation
    left: Sample
    right: Sample | None = None
    """For ``greater``: what the left numbers are compared with."""
    value: float = 0.0
    """For ``above``, ``below`` and ``within``: the threshold, or the centre."""
    margin: float = 0.0
    """For ``within``: how far from the centre still is the same."""


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How learners are trained, and when that ends."""

    steps: int = 1000
    """At most so many steps of Adam."""
    batch: int = 64
    rate: float = 0.005
    clip: float = 1.0
    """The largest norm of a gradient; longer ones are shortened."""
    every: int = 50
    """After so many steps each, the learner is tried on examples of its own stream."""
    enough: float = 0.99
    """The accuracy, or the squared error, at which training stops early."""
    examined: int = 1024
    """Fresh examples on which the metric is taken at the end."""

    @property
    def stopping(self) -> str:
        """The stopping rule in words."""
        return (
            f"at most {self.steps} steps of Adam on batches of {self.batch}; every {self.every} steps "
            f"the learner is tried on 256 held-out examples, and stops at {self.enough:g}"
        )


class Prediction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that a metric can be, derived before anything is measured."""

    learner: str
    size: int
    most: float


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An experiment."""

    name: str
    question: str
    task: str
    """The task that learners are trained on, or that draws inputs; empty where there is none."""
    learners: tuple[Learner, ...]
    along: str
    """The size that varies."""
    sizes: tuple[int, ...]
    tests: tuple[Test, ...]
    statistic: str = ""
    """What the numbers are, in words."""
    metric: str = "accuracy"
    """The metric that is shown."""
    measures: tuple[str, ...] = ("training",)
    fixed: dict[str, int] = {}
    """The sizes that do not vary."""
    training: Training = Training()
    seeds: int = 6
    first: int = 1
    """The first seed."""
    alpha: float = 0.05
    """A test confirms if its p-value, adjusted by Holm for all of the experiment, is not above it."""
    level: float = 0.95
    """Of intervals."""
    predictions: tuple[Prediction, ...] = ()
    predicted: str = ""
    """How predictions were derived."""
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse tests of what is not measured."""
        labels = {learner.label for learner in self.learners}
        if len(labels) != len(self.learners) or len(set(self.sizes)) != len(self.sizes):
            raise ArgumentError(f"expected different learners and sizes in experiment {self.name}")
        if self.seeds < 2 or not set(self.measures) <= set(MEASURES):
            raise ArgumentError(
                f"expected at least 2 seeds and measures among {', '.join(MEASURES)} in experiment "
                f"{self.name}, got {self.seeds} and {', '.join(self.measures)}"
            )
        for sample in (s for t in self.tests for s in (t.left, t.right) if s is not None):
            if sample.learner not in labels or not set(sample.sizes) <= set(self.sizes):
                raise ArgumentError(
                    f"expected tests of learners and sizes of experiment {self.name}, "
                    f"got {sample.learner!r} at {self.along} {sample.sizes}"
                )
        for test in self.tests:
            if (test.right is None) == (test.relation == "greater"):
                raise ArgumentError(f"expected two samples exactly for 'greater', got {test}")

    @property
    def digest(self) -> str:
        """A name for the definition: another one for any other definition."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()

    @property
    def stopping(self) -> str:
        """The stopping rule in words."""
        trained = f"; {self.training.stopping}" if "training" in self.measures else ""
        return f"{self.seeds} seeds from {self.first} on, whatever they show{trained}"

    def learner(self, label: str) -> Learner:
        """Return a learner by its label."""
        return next(x for x in self.learners if x.label == label)

    def at(self, size: int) -> dict[str, int]:
        """Return all sizes of a cell."""
        return {**self.fixed, self.along: size}


QUICK_STEPS, QUICK_SEEDS = 10, 2


def quick(definition: Definition) -> Definition:
    """Return a definition of its own that runs in seconds and shows nothing but that it runs."""
    few = msgspec.structs.replace(
        definition.training, steps=QUICK_STEPS, every=QUICK_STEPS, batch=8, examined=64
    )
    return msgspec.structs.replace(
        definition,
        name=f"{definition.name}-quick",
        seeds=QUICK_SEEDS,
        training=few,
    )
