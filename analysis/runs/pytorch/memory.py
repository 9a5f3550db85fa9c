"""Memory: bytes that are live, values kept for the backward pass, and the state between two steps.

Bytes that are live are followed at dispatch: a storage lives from the operator that returns it until
the last tensor on it is gone. What an operator allocates and frees inside itself is not seen there;
torch's own allocator sees it, and the operator that ran when most was allocated is named.

>>> built = build("lstm", {"n": 4, "d": 2, "L": 3}, fused=False)
>>> seen = workspace(built)
>>> seen.dispatched == seen.allocated
True
>>> state(build("lstm", {"n": 4, "d": 2, "L": 3}))
12
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

from ..catalogue import PLAIN
from ..observations import EngineError, Observation
from ..timing import uncollected
from .in_order import most_live
from .modules import Built, build
from .saving import saved, storage, tensors

Sizes = Mapping[str, int]

CARRIED = ("rnn", "lstm", "gru")
"""Models whose module returns the state that it carries from one step to the next."""
CLOSE = 1e-9

ROWS = "it goes row by row; the schedule first projects the whole sequence"
LATE = "it projects the memory when a layer reads it; the schedule does so before the first layer"
ROUNDS = "it writes every round anew; in the schedule a scan works in place"


def _other_order(model: str) -> str:
    """Say in which way plain code goes through a model in another order than the schedule."""
    if model.endswith("_scan"):
        return ROUNDS
    if model.endswith(("rnn", "lstm", "gru", "linear_recurrence")):
        return ROWS
    return LATE if model == "decoder" else ""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The most bytes that were live at once, besides weights and inputs."""

    dispatched: int
    """By the tensors that operators return."""
    allocated: int
    """By torch's allocator."""
    operator: str
    """The outermost operator that ran when most was allocated."""

    @property
    def hidden(self) -> int:
        """Bytes that operators have allocated inside themselves when most was."""
        return self.allocated - self.dispatched


class _Live(TorchDispatchMode):  # type: ignore[misc]
    """Follows the storages of all tensors that operators return."""

    def __init__(self, given: Sequence[Tensor]) -> None:
        super().__init__()
        self.now = self.most = 0
        self._bytes: dict[int, int] = {}
        self._given = {storage(x) for x in given}

    def __torch_dispatch__(
        self, operator: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        found = operator(*arguments, **(options or {}))
        for tensor in tensors(found):
            self._see(tensor)
        return found

    def _see(self, tensor: Tensor) -> None:
        held, key = tensor.untyped_storage(), storage(tensor)
        if key in self._bytes or key in self._given:
            return
        self._bytes[key] = held.nbytes()
        self.now += self._bytes[key]
        self.most = max(self.most, self.now)
        weakref.finalize(held, self._forget, key)

    def _forget(self, key: int) -> None:
        self.now -= self._bytes.pop(key, 0)


def workspace(built: Built, *, grad: bool = False, seed: int = 0) -> Workspace:
    """Run a model twice, followed at dispatch and at the allocator.

    Parameters
    ----------
    built
        A model on the cpu.
    grad
        Whether autograd records, and so keeps what the backward pass needs.
    seed
        Of the inputs.
    """
    inputs = built.inputs(seed)
    with torch.set_grad_enabled(grad):
        built.forward(*inputs)  # what is set up once is not the model's
        with _Live([*inputs, *built.module.parameters(), *built.module.buffers()]) as live:
            built.forward(*inputs)
        allocated, operator = _allocated(lambda: built.forward(*inputs))
    return Workspace(live.most, allocated, operator)


def state(built: Built, *, seed: int = 0) -> int:
    """Count the scalars of the state that a recurrent module hands from one step to the next.

    Raises
    ------
    EngineError
        If the module returns no state, or does not go on from it as if it had never stopped.
    """
    if built.name not in CARRIED:
        raise EngineError(
            f"expected a module that returns its state ({', '.join(CARRIED)}), got {built.subject}"
        )
    (x,) = (x.unsqueeze(0) for x in built.inputs(seed))
    with torch.no_grad():
        whole, _ = built.module(torch.cat((x, x[:, :1]), 1))
        _, carried = built.module(x)
        last, _ = built.module(x[:, :1], carried)
    if not torch.allclose(last[:, -1], whole[:, -1], rtol=0, atol=CLOSE):
        raise EngineError(f"expected {built.subject} to go on from its state, it computed another")
    return sum(part.numel() for part in tensors(carried))


def observe(
    model: str, at: Sizes, *, figures: Sequence[str], seed: int = 0
) -> tuple[Observation, ...]:
    """Observe state, activations (saved for the backward pass) and workspace (live at the peak).

    Raises
    ------
    EngineError
        If torch does not have the model, or the run failed.
    """
    return tuple(o for figure in figures for o in FIGURES[figure](model, at, seed))


def _state(model: str, at: Sizes, seed: int) -> Iterator[Observation]:
    if model in CARRIED:
        built = build(model, at, seed=seed)
        yield Observation("state", dict(at), state(built, seed=seed), built.source)


def _activations(model: str, at: Sizes, seed: int) -> Iterator[Observation]:
    """Observe the values that are kept, and the storages that hold them."""
    rounds = model in PLAIN and PLAIN[model].stepwise is not None
    for fused in (False, True):
        built = build(model, at, seed=seed, fused=fused)
        seen = saved(built, seed=seed)
        values = Observation("activations", dict(at), seen.values, built.source)
        if fused:
            note = "a fused operator keeps what its own derivative reads"
            values = replace(values, part="fused", tolerance=math.inf, note=note)
        elif rounds:
            note = "every round of a scan keeps its products, the derivation those of a loop"
            values = replace(values, tolerance=math.inf, note=note)
        more = f"copies, constants and rests of views take {seen.stored - seen.values} more"
        masks = f", masks and indices {seen.others} bytes" if seen.others else ""
        stored = replace(values, value=seen.stored, part=f"stored{' fused' if fused else ''}")
        yield values
        yield replace(stored, tolerance=math.inf, note=f"{more}{masks}")


def _workspace(model: str, at: Sizes, seed: int) -> Iterator[Observation]:
    """Observe what is live at the peak; of an LSTM in single precision too, as oneDNN runs it.

    The first number, in scalars, is of the schedule *in order*; the others, in bytes, are of what
    the code itself keeps alive.
    """
    plain, note = build(model, at, seed=seed, fused=False), _other_order(model)
    most = Observation("workspace", dict(at), most_live(plain, seed=seed), plain.source, note=note)
    yield replace(most, tolerance=math.inf if note else 0.0)
    kinds: list[tuple[str, bool, Any]] = [
        ("", False, torch.float64),
        (" fused", True, torch.float64),
    ]
    if model == "lstm":
        kinds.append((" fused float32", True, torch.float32))
    for end, fused, dtype in kinds:
        built = build(model, at, seed=seed, fused=fused, dtype=dtype)
        seen = workspace(built, seed=seed)
        note = f"{seen.hidden} bytes inside {seen.operator}" if seen.hidden else ""
        live = Observation("workspace", dict(at), seen.dispatched, built.source, f"dispatched{end}")
        yield live
        tolerance = math.inf if fused else 0.0
        yield replace(
            live, value=seen.allocated, part=f"allocated{end}", tolerance=tolerance, note=note
        )


FIGURES: Mapping[str, Callable[[str, Sizes, int], Iterator[Observation]]] = MappingProxyType(
    {"state": _state, "activations": _activations, "workspace": _workspace}
)
"""How each figure is observed."""


def _allocated(function: Callable[[], Any]) -> tuple[int, str]:
    """Return the most bytes that the allocator gave out at once, and who ran then."""
    with (
        uncollected(),
        _quiet(),
        profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded,
    ):
        function()
    events = list(recorded.profiler.kineto_results.events())
    changes = [(e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]"]
    now = most = when = 0
    for time, size in sorted(changes, key=lambda change: change[0]):
        now += size
        if now > most:
            most, when = now, time
    operators = [e for e in events if e.name().startswith(("aten::", "mkldnn::"))]
    running = [e for e in operators if e.start_ns() <= when <= e.start_ns() + e.duration_ns()]
    outermost = min(running, key=lambda e: e.start_ns(), default=None)
    return most, "" if outermost is None else str(outermost.name())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep off the error output what the profiler's library writes there by itself."""
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
