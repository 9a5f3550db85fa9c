"""Operations counted while torch runs, at dispatch, with rules of ours.

Every operator that reaches a device passes here, in evaluation and in backward passes, on the CPU
and on the meta device. One that no rule covers is an error that names it, so nothing counts as
zero because it is unknown.

>>> import torch
>>> tally = count(lambda: torch.ones(2, 3) @ torch.ones(3, 4) + 1.0)
>>> tally.contraction, tally.elementwise, dict(tally.by_operator)
(48, 8, {'aten::mm': 48, 'aten::add': 8})

``masked`` is the minimum over what operators mask by themselves: scaled dot products with a mask,
convolutions at the border. Zeros that were padded before, and scores that another operator masks,
are not seen; where torch takes scaled dot products apart (the meta device) there is no minimum.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ..observations import EngineError
from . import (  # noqa: F401  each registers its rules
    rules_attention,
    rules_contraction,
    rules_elementwise,
    rules_moves,
    rules_recurrent,
    rules_reduction,
)
from .counts import RULES, Call, Counts, Found, Masked, Rule
from .rules_moves import nothing


@dataclass(frozen=True, slots=True)
class Tally:
    """What one run did."""

    counts: Counts
    """Operations by kind."""
    least: Counts | None
    """The same without pairs that operators mask; None where masks cannot be read (the meta device)."""
    masks: bool
    """Whether any operator masked pairs."""
    lines: Mapping[str, Counts]
    """Operations by operator (and place, if asked for), those that did any."""

    @property
    def contraction(self) -> int:
        """Sums of products, two operations for a multiply-add."""
        return self.counts.contraction

    @property
    def elementwise(self) -> int:
        """Maps."""
        return self.counts.elementwise

    @property
    def reduction(self) -> int:
        """Sums and maxima."""
        return self.counts.reduction

    @property
    def softmax(self) -> int:
        """Softmaxes."""
        return self.counts.softmax

    @property
    def scan(self) -> int:
        """Cumulative sums."""
        return self.counts.scan

    @property
    def fft(self) -> int:
        """Fourier transforms."""
        return self.counts.fft

    @property
    def total(self) -> int:
        """All operations on numbers."""
        return self.counts.total

    @property
    def masked(self) -> Counts | None:
        """The same without pairs that operators mask; None where masks cannot be read (the meta device)."""
        return self.least

    @property
    def by_operator(self) -> Mapping[str, int]:
        """Operations on numbers by operator."""
        return {name: found.total for name, found in self.lines.items() if found.total}


def count(function: Callable[[], Any], *, place: Callable[[], str] | None = None) -> Tally:
    """Run a function and count what torch does.

    Parameters
    ----------
    function
        What is run.
    place
        Says where the run is, such as in which module; lines are then apart by place as well.

    Raises
    ------
    EngineError
        If an operator has no rule; the message names it.
    """
    record = _Record(place)
    with _Dispatch(record):
        function()
    return record.tally()


@dataclass(eq=False, slots=True)
class _Record:
    """What has been counted so far."""

    place: Callable[[], str] | None = None
    lines: dict[str, Counts] = field(default_factory=dict)
    thrown: Counts | None = field(default_factory=Counts)
    """What was done for pairs that are masked; None once nobody can tell."""
    masks: bool = False

    def add(self, name: str, found: Found) -> None:
        """Count one operator."""
        if isinstance(found, Masked):
            self.masks = True
            if self.thrown is not None:
                kept = found.least
                self.thrown = None if kept is None else self.thrown + (found.dense - kept)
            found = found.dense
        if self.place is not None:
            name = f"{name} in {self.place()}"
        if name in self.lines:
            self.lines[name] += found
        else:
            self.lines[name] = found

    def tally(self) -> Tally:
        """Return what has been counted."""
        nothing = Counts()
        counts = sum(self.lines.values(), start=nothing)
        least = None if self.thrown is None else counts - self.thrown
        lines = {name: found for name, found in self.lines.items() if found != nothing}
        return Tally(counts, least, self.masks, MappingProxyType(lines))


class _Dispatch(TorchDispatchMode):  # type: ignore[misc]
    """Counts every operator that is dispatched."""

    def __init__(self, record: _Record) -> None:
        super().__init__()
        self.record = record

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operator and count it; one that only stands for others is taken apart."""
        kwargs = kwargs or {}
        name, rule = found(func)
        if rule is None:
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is NotImplemented:
                raise EngineError(f"expected operators with a counting rule, got {func}")
            return parts
        out = func(*args, **kwargs)
        if rule is not nothing:
            self.record.add(name, rule(Call(func, args, kwargs, out)))
        return out


@functools.cache
def found(func: Any) -> tuple[str, Rule | None]:
    """Return the name and the rule of an operator, one that works in place having that of the other.

    Raises
    ------
    EngineError
        If it is no operator that can be taken apart.
    """
    if not isinstance(func, torch._ops.OpOverload):
        raise EngineError(f"expected operators with a counting rule, got {func}")
    name = func._schema.name
    name = name if name in RULES else name.removesuffix("_")
    return name, nothing if func.is_view and name not in RULES else RULES.get(name)
