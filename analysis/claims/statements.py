"""What a claim is: its statement, its source, and how it reads as a relation between figures.

A claim says that ``left`` stands in a relation to ``value``. Both are formulas over sizes, over the
paper's own ``symbols``, and over ``quantities``, which are figures of models; ``left`` is the one
figure ``figure`` of each of the ``models`` unless the claim says otherwise. Nothing in it is ever
evaluated as code.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...graphs.setting import Setting
from .algorithms import Counting
from .influence import Influence
from .random_graphs import RandomGraphs
from .signal import Experiment
from .trials import Trial


class Tried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting in which a claim is tried; axes that it does not name have their defaults."""

    mode: str = "encode"
    unit: str = "tensor"
    reduction: str = "tree"
    scope: str = "layer"
    pairs: str = "dense"
    mac: int = 2

    def setting(self) -> Setting:
        """Return it as a setting."""
        return Setting(self.mode, self.unit, self.reduction, self.scope, self.pairs, self.mac)


class Quantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure that formulas of a claim speak of by name."""

    figure: str
    model: str = ""
    """The model that is being tried, if none is named."""
    counting: str = ""
    """Of work: one kind of operation, such as ``contraction``; all of them if empty."""
    options: dict[str, int | str] = {}
    recompute: str = ""
    setting: dict[str, str | int] = {}
    """Axes in which its setting differs from the one that is being tried."""


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way to understand a claim: what it changes; the verdict names those that hold."""

    name: str
    models: tuple[str, ...] | None = None
    figure: str | None = None
    counting: str | None = None
    relation: str | None = None
    left: str | None = None
    value: str | None = None
    when: str | None = None
    symbols: dict[str, str] | None = None
    quantities: dict[str, Quantity] | None = None
    options: dict[str, int | str] | None = None
    recompute: str | None = None
    within: str | None = None
    at: dict[str, int] | None = None
    bytes: int | None = None
    sizes: tuple[str, ...] | None = None
    domain: tuple[str, ...] | None = None
    settings: tuple[Tried, ...] | None = None
    counted: Counting | None = None


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim."""

    id: str
    """A stable name: letters, digits and hyphens."""
    statement: str
    """What is claimed, in words."""
    source: str
    """A key of the file of sources, or a text for what is not in it."""
    models: tuple[str, ...] = ()
    """Models that the claim speaks of."""
    figure: str = ""
    """A figure, ``intermediate`` (the largest array that is computed), ``gradient``, ``offsets``
    (the distances that are connected), ``random graph``, ``influence`` or ``algorithm``."""
    relation: str = ""
    """One of the relations that the checker knows, such as Theta or equals."""
    value: str = "1"
    """The right-hand side: a formula, or a model for ``no more than``."""
    left: str = ""
    """The left-hand side, where it is more than one figure."""
    quantities: dict[str, Quantity] = {}
    counting: str = ""
    """Of work: one kind of operation, such as ``contraction``; all of them if empty."""
    bytes: int = 0
    """Bytes of each number, if the figure is to be in bytes."""
    sizes: tuple[str, ...] = ()
    """For Theta, O and limits: the sizes that grow; all sizes of the formula if none is named."""
    options: dict[str, int | str] = {}
    """At which sizes the models are traced, such as ``L = "L"`` for stacks."""
    recompute: str = ""
    """An axis along which training keeps only what is carried, and computes the rest again."""
    symbols: dict[str, str] = {}
    """The paper's symbols as formulas over ours, such as ``T = "n"``."""
    domain: tuple[str, ...] = ()
    """For which sizes it is claimed: ``w <= n`` or ``d = h*e``."""
    at: dict[str, int] = {}
    """Numbers at which both sides are evaluated, such as a published configuration."""
    within: str = "0"
    """For ``within``: how far the two sides may be apart."""
    when: str = ""
    """For ``cheaper than``: exactly when, such as ``n < d``; always if empty."""
    settings: tuple[Tried, ...] | None = None
    """Where it is tried; every setting that makes sense for the figure if the claim has none."""
    figures: tuple[str, ...] = ()
    """Further figures that the claim may be read as speaking of."""
    readings: tuple[Reading, ...] = ()
    """Ways to understand what the words leave open; tried one by one."""
    experiment: Experiment | None = None
    """For ``gradient``: the numeric experiment, with its seed, sample size and tolerance."""
    graphs: RandomGraphs | None = None
    """For ``random graph``: which ones, with seed, sample size and tolerance."""
    perturbation: Influence | None = None
    """For ``influence``: what is drawn, with seed, sample size and tolerance."""
    counted: Counting | None = None
    """For ``algorithm``: which one, what is counted, and at which sizes."""
    beyond: str = ""
    """A kind of statement that no relation here can express; it is out of reach for that reason."""
    trial: Trial | None = None
    """For a statement beyond graphs: the recorded experiment whose tests can confirm it."""
    family: str = ""
    where: str = ""
    """The place in the source, such as Table 1."""
    transcription: str = ""
    """How the statement was taken from its source; ``recall`` is shown as not verified."""
    paper: str = ""
    """The formula as it is printed there."""
    note: str = ""
    """What the source leaves unsaid, or how the claim is read here."""
    since: str = ""
    """The version that checked it first."""

    def readable(self) -> tuple[tuple[str, Claim], ...]:
        """Return the claim in each of its readings, by name."""
        return tuple((r.name, _changed(self, r)) for r in self.readings) or (("", self),)


def _changed(claim: Claim, reading: Reading) -> Claim:
    changes: dict[str, Any] = {
        f: getattr(reading, f)
        for f in reading.__struct_fields__
        if f != "name" and getattr(reading, f) is not None
    }
    for merged in ("quantities", "options", "symbols"):
        if merged in changes:
            changes[merged] = {**getattr(claim, merged), **changes[merged]}
    return msgspec.structs.replace(claim, readings=(), **changes)
