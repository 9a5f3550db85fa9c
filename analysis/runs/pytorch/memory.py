"""Memory: bytes that are live, bytes kept for the backward pass, and the state between two steps.

Bytes that are live are followed at dispatch: a storage lives from the operator that returns it until
the last tensor on it is gone. What an operator allocates and frees inside itself is not seen there;
torch's own allocator sees it, and the operator that ran when most was allocated is named.

>>> built = build("lstm", {"n": 4, "d": 2, "L": 3}, fused=False)
>>> seen = workspace(built)
>>> seen.dispatched == seen.allocated
True
>>> state(build("lstm", {"n": 4, "d": 2, "L": 3}))
12
>>> saved(build("feed_forward", {"n": 4, "d": 2, "f": 3, "L": 1}, fused=False)).scalars
20
"""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ..observations import EngineError, Observation
from .modules import Built, build

Sizes = Mapping[str, int]

CARRIED = ("rnn", "lstm", "gru")
"""Models whose module returns the state that it carries from one step to the next."""
CLOSE = 1e-9


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


@dataclass(frozen=True, slots=True)
class Saved:
    """What autograd keeps for the backward pass, each storage once, without weights."""

    scalars: int
    """Numbers, of the type that the model computes in."""
    others: int
    """Bytes of masks, indices and random states."""
    constants: int
    """Plain numbers that the code divides or multiplies by, kept as tensors without axes."""


class _Live(TorchDispatchMode):  # type: ignore[misc]
    """Follows the storages of all tensors that operators return."""

    def __init__(self, given: Sequence[Tensor]) -> None:
        super().__init__()
        self.now = self.most = 0
        self._bytes: dict[int, int] = {}
        self._given = {_storage(x) for x in given}

    def __torch_dispatch__(
        self, operator: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        found = operator(*arguments, **(options or {}))
        for tensor in _tensors(found):
            self._see(tensor)
        return found

    def _see(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._bytes or key in self._given:
            return
        self._bytes[key] = storage.nbytes()
        self.now += self._bytes[key]
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._forget, key)

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


def saved(built: Built, *, seed: int = 0) -> Saved:
    """Run a model and count what autograd keeps, by hooks on the tensors that it saves."""
    weights = {_storage(p) for p in [*built.module.parameters(), *built.module.buffers()]}
    scalars: dict[int, int] = {}
    others: dict[int, int] = {}
    constants: set[int] = set()
    held: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        key, size = _storage(tensor), tensor.untyped_storage().nbytes()
        held.append(tensor)  # so that no other tensor gets this one's storage
        if key in weights:
            return tensor
        if tensor.dtype != built.dtype:
            others[key] = size
        elif tensor.dim() == 0:
            constants.add(key)
        else:
            scalars[key] = size // tensor.element_size()
        return tensor

    inputs = [x.requires_grad_() for x in built.inputs(seed)]
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        built.forward(*inputs)
    return Saved(sum(scalars.values()), sum(others.values()), len(constants))


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
    return sum(part.numel() for part in _tensors(carried))


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
    for fused in (False, True):
        built = build(model, at, seed=seed, fused=fused)
        seen = saved(built, seed=seed)
        left = [f"{seen.others} bytes of masks and indices"] if seen.others else []
        left += [f"{seen.constants} plain numbers"] if seen.constants else []
        notes = [f"besides {' and '.join(left)}"] if left else []
        notes += ["fused operators keep what their own derivative reads"] if fused else []
        tolerance, part = (float("inf"), "fused") if fused else (0.0, "")
        yield Observation(
            "activations", dict(at), seen.scalars, built.source, part, tolerance, "; ".join(notes)
        )


def _workspace(model: str, at: Sizes, seed: int) -> Iterator[Observation]:
    for fused in (False, True):
        built = build(model, at, seed=seed, fused=fused)
        seen = workspace(built, seed=seed)
        end = " fused" if fused else ""
        note = f"{seen.hidden} bytes inside {seen.operator}" if seen.hidden else ""
        tolerance = float("inf") if fused else 0.0
        kind = (dict(at), built.source)
        yield Observation("workspace", kind[0], seen.dispatched, kind[1], f"dispatched{end}")
        yield Observation(
            "workspace", kind[0], seen.allocated, kind[1], f"allocated{end}", tolerance, note
        )


FIGURES: Mapping[str, Callable[[str, Sizes, int], Iterator[Observation]]] = MappingProxyType(
    {"state": _state, "activations": _activations, "workspace": _workspace}
)
"""How each figure is observed."""


def _allocated(function: Callable[[], Any]) -> tuple[int, str]:
    """Return the most bytes that the allocator gave out at once, and who ran then."""
    gc.collect()
    with _quiet(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
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


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _tensors(found: Any) -> list[Tensor]:
    return [x for x in tree_leaves(found) if isinstance(x, Tensor)]
