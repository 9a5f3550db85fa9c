"""Tasks: what a model is asked to do on a machine, and how many bytes its numbers have.

>>> Task("decode", batch=8, number="bf16", cache_number="int8").cache_bytes
Fraction(1, 1)
>>> Task("decode", number="bf17")
Traceback (most recent call last):
    ...
workspan.analysis.machines.task.TaskError: expected number to be one of fp64, fp32, ... got 'bf17'
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

BYTES = {
    "fp64": Fraction(8),
    "fp32": Fraction(4),
    "tf32": Fraction(4),
    "bf16": Fraction(2),
    "fp16": Fraction(2),
    "fp8": Fraction(1),
    "int8": Fraction(1),
    "int4": Fraction(1, 2),
}
"""Bytes of a number in memory, by its format (tf32 is fp32 in memory)."""

MODES = ("encode", "prefill", "train", "decode", "generate")

FUSIONS = ("elementwise", "attention", "recurrences")
"""What may be kept on chip, see :mod:`.fusing`."""

OPTIMISERS = {"none": 0, "sgd": 0, "momentum": 1, "adam": 2}
"""How many numbers an optimiser keeps of each parameter, in fp32 each."""

LARGEST = 10**9
"""The largest batch, and the most tokens that are generated."""


class TaskError(ValueError):
    """A task that makes no sense; the message names the argument and the way out."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a model is asked to do."""

    mode: str = "prefill"
    """encode (the whole sequence), prefill (the same for a causal model, whose state stays), train
    (forward and backward), decode (the n-th token) or generate (tokens after a prompt of n)."""
    batch: int = 1
    """How many sequences at once."""
    number: str = "bf16"
    """Format of weights and activations."""
    cache_number: str | None = None
    """Format of what is kept for later positions; that of the others if None."""
    fused: str = "none"
    """What is kept on chip: none, all, or names of :data:`FUSIONS` with commas between."""
    tokens: int | None = None
    """Of generate: how many tokens are generated after the prompt; n tokens if None."""
    pairs: str = "dense"
    """Whether masked pairs are computed and thrown away (dense) or not (masked)."""
    optimiser: str = "adam"
    """Of train: what updates the weights, one of :data:`OPTIMISERS`."""

    def __post_init__(self) -> None:
        for name, allowed in (
            ("mode", MODES),
            ("number", tuple(BYTES)),
            ("pairs", ("dense", "masked")),
            ("optimiser", tuple(OPTIMISERS)),
        ):
            if getattr(self, name) not in allowed:
                raise TaskError(
                    f"expected {name} to be one of {', '.join(allowed)}, got {getattr(self, name)!r}"
                )
        if self.cache_number is not None and self.cache_number not in BYTES:
            raise TaskError(
                f"expected cache_number to be one of {', '.join(BYTES)}, got {self.cache_number!r}"
            )
        for name, value in (("batch", self.batch), ("tokens", self.tokens)):
            if value is not None and not (type(value) is int and 1 <= value <= LARGEST):
                raise TaskError(f"expected {name} to be from 1 to {LARGEST:,}, got {value!r}")
        unknown = [f for f in self._fused if f not in FUSIONS]
        if unknown:
            raise TaskError(
                f"expected fused to be none, all, or among {', '.join(FUSIONS)}, got {unknown[0]!r}"
            )

    @property
    def _fused(self) -> tuple[str, ...]:
        if self.fused == "none":
            return ()
        if self.fused == "all":
            return FUSIONS
        return tuple(part.strip() for part in self.fused.split(","))

    @property
    def fusions(self) -> frozenset[str]:
        """What is kept on chip."""
        return frozenset(self._fused)

    @property
    def bytes(self) -> Fraction:
        """Bytes of a weight or an activation."""
        return BYTES[self.number]

    @property
    def cache_bytes(self) -> Fraction:
        """Bytes of a number that is kept for later positions."""
        return BYTES[self.cache_number or self.number]
