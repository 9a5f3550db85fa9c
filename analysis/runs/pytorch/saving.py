"""What autograd keeps for the backward pass: which values, and how much storage they take.

Storages are counted by hooks on the tensors that autograd saves. A storage may hold more than what
is read (a view keeps all of it), and values may be kept twice, in copies that joining, padding or
repeating makes. So every value carries a number of its own through all operators that only move
values, and those that are kept are counted once.

>>> built = build("feed_forward", {"n": 4, "d": 2, "f": 3, "L": 1}, fused=False)
>>> seen = saved(built)
>>> seen.values, seen.stored
(20, 20)
>>> saved(build("causal_convolution", {"n": 4, "d": 2, "k": 3, "L": 1}, fused=False)).values
8

Weights do not count, nor do constants such as a first state of zeros: they are there anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from .modules import Built, build

__all__ = ["Constants", "Saved", "Values", "build", "saved", "storage", "tensors"]

MOVES = frozenset(
    [
        "cat",
        "clone",
        "constant_pad_nd",
        "copy",
        "flip",
        "index_select",
        "repeat",
        "roll",
        "slice_copy",
        "stack",
        "_to_copy",
    ]
)
"""Operators that copy values and compute none."""

NOBODY = -1
"""The number of weights, constants and padding."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What autograd keeps, without weights."""

    values: int
    """Different scalars that inputs and weights decide."""
    stored: int
    """Scalars of all storages that are kept, each once: copies, constants and rests of views too."""
    others: int
    """Bytes of masks, indices and random states."""


class Values(TorchDispatchMode):  # type: ignore[misc]
    """Numbers every value, and carries the numbers along where values only move."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self._numbers: dict[int, Tensor] = {}
        self._held: list[Tensor] = []

    def of(self, tensor: Tensor) -> Tensor:
        """Return the numbers of a tensor's values, in its shape."""
        key = storage(tensor)
        if key not in self._numbers:
            self._held.append(tensor)  # so that no later tensor gets this one's storage
            size = tensor.untyped_storage().nbytes() // tensor.element_size()
            self._numbers[key] = torch.arange(self.count, self.count + size)
            self.count += size
        return self._numbers[key].as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())

    def forget(self, tensor: Tensor) -> None:
        """Give the number of nobody to all values of a storage."""
        self.of(tensor)
        self._numbers[storage(tensor)].fill_(NOBODY)

    def __torch_dispatch__(
        self, operator: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        options = options or {}
        found = operator(*arguments, **options)
        name = operator._schema.name.removeprefix("aten::").removesuffix("_")
        if name in MOVES and isinstance(found, Tensor) and found.is_floating_point():
            self._move(operator, name, arguments, options, found)
        return found

    def _move(self, operator: Any, name: str, arguments: Any, options: Any, found: Tensor) -> None:
        if name == "_to_copy":
            moved = self.of(arguments[0])
        elif name == "constant_pad_nd":
            moved = operator(self.of(arguments[0]), arguments[1], NOBODY)
        else:
            numbers = tree_map(self._numbered, arguments)
            moved = operator(*numbers, **options)
        self.of(found).copy_(moved)

    def _numbered(self, argument: Any) -> Any:
        return self.of(argument) if isinstance(argument, Tensor) else argument


class Constants(TorchFunctionMode):  # type: ignore[misc]
    """Notes the tensors that no input or weight decides.

    With ``states``, zeros take a gradient: autograd would spare that of a first state, and what it
    reads, but a first state is a state like any other.
    """

    def __init__(self, values: Values, *, states: bool) -> None:
        super().__init__()
        self.values = values
        self.states = states

    def __torch_function__(
        self, function: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        found = function(*arguments, **(options or {}))
        for tensor in tensors(found):
            if not tensor.is_floating_point() or tensor.requires_grad or _is_batched(tensor):
                continue
            self.values.forget(tensor)
            if self.states and getattr(function, "__name__", "") in {
                "zeros",
                "zeros_like",
                "new_zeros",
            }:
                tensor.requires_grad_()
        return found


def saved(built: Built, *, seed: int = 0) -> Saved:
    """Run a model and see what autograd keeps.

    Parameters
    ----------
    built
        A model on the cpu.
    seed
        Of the inputs.
    """
    values, kept, others = Values(), {}, {}
    numbers: list[Tensor] = []
    weights = [*built.module.parameters(), *built.module.buffers()]
    for weight in weights:
        values.forget(weight)
    own = {storage(weight) for weight in weights}

    def pack(tensor: Tensor) -> Tensor:
        key, size = storage(tensor), tensor.untyped_storage().nbytes()
        if key in own:
            return tensor
        if tensor.is_floating_point():
            numbers.append(values.of(tensor).flatten())
            kept[key] = size // tensor.element_size()
        else:
            others[key] = size
        return tensor

    inputs = [x.requires_grad_() for x in built.inputs(seed)]
    constants = Constants(values, states=not built.fused)
    with saved_tensors_hooks(pack, lambda tensor: tensor), constants, values:
        built.forward(*inputs)
    found = torch.cat([torch.tensor([NOBODY]), *numbers]).unique()
    return Saved(len(found) - 1, sum(kept.values()), sum(others.values()))


def _is_batched(tensor: Tensor) -> bool:
    """Whether a tensor only stands for others inside vmap, and has no storage of its own."""
    return bool(torch._C._functorch.is_batchedtensor(tensor))


def storage(tensor: Tensor) -> int:
    """Return what tells storages apart as long as they live."""
    return int(tensor.untyped_storage()._cdata)


def tensors(found: Any) -> list[Tensor]:
    """Return all tensors in what an operator returned."""
    return [x for x in tree_leaves(found) if isinstance(x, Tensor)]
