"""Parameters and work of the catalogue's modules, as torch runs them.

>>> for seen in observe("causal_attention", {"n": 4, "d": 2}, figures=("params", "work")):
...     print(seen.figure, seen.part or "all", seen.value, seen.source.subject)
params all 24 torch.nn.MultiheadAttention
work contraction dense 256 torch.nn.MultiheadAttention
work contraction masked 208 torch.nn.MultiheadAttention
work dense 376 torch.nn.MultiheadAttention in plain operators
work contraction dense 256 torch.nn.MultiheadAttention in plain operators

The module's contractions are those of the equations, exactly. Its other operations differ where a
fused operator scales queries in place of scores, adds a mask, or writes a sum of products with one
product less; so the whole is taken from the equations in plain operators, operator by operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..catalogue import PLAIN
from ..observations import EngineError, Observation
from .counting import Tally, count
from .counts import Counts
from .modules import MODULES, Built, build

Sizes = Mapping[str, int]
Found = Iterator[Observation]

MODES = ("encode", "train")


def observe(
    model: str, at: Sizes, *, figures: Sequence[str], seed: int = 0, mode: str = "encode"
) -> tuple[Observation, ...]:
    """Run a module and its equations in plain operators; observe ``params`` and ``work``.

    Parameters
    ----------
    mode
        ``encode``: the forward pass; ``train``: forward and backward, from a gradient of ones.

    Raises
    ------
    EngineError
        If torch does not have the model, the sizes do not fit, or an operator has no rule.
    """
    if mode not in MODES:
        raise EngineError(f"expected mode to be {' or '.join(MODES)}, got mode={mode!r}")
    return tuple(o for f in figures if f in FIGURES for o in FIGURES[f](model, at, seed, mode))


def _params(model: str, at: Sizes, seed: int, mode: str) -> Found:
    built = build(model, at, seed=seed)
    yield Observation("params", dict(at), parameters(built), built.source)


def parameters(built: Built) -> int:
    """Count the numbers in a module's parameters."""
    return sum(p.numel() for p in built.module.parameters())


def _work(model: str, at: Sizes, seed: int, mode: str) -> Found:
    masks = PLAIN[model].pairs if model in PLAIN else False
    for fused in (True, False):
        # In single precision an LSTM is one operator; its backward one also computes gradients
        # that nobody asked for.
        dtype = torch.float32 if mode == "encode" else torch.float64
        built = build(model, at, seed=seed, dtype=dtype, fused=fused)
        yield from _lines(built, at, ran(built, seed=seed, mode=mode), masks, mode)


def ran(built: Built, *, seed: int = 0, mode: str = "encode") -> Tally:
    """Count what one run of a module does.

    In mode train every parameter takes a gradient, no input does, and the first state of a
    recurrence does: it is a state like any other.
    """
    inputs = built.inputs(seed)
    if mode == "encode":
        with torch.no_grad():
            return count(lambda: built.run(*inputs))
    start, ones = first_state(built), torch.ones_like(built.run(*inputs))
    return count(lambda: from_state(built, inputs, start).backward(ones))


def first_state(built: Built) -> Tensor | None:
    """Return a zero state [1, width] that takes a gradient, None where nothing recurs."""
    if not isinstance(built.module, nn.RNNBase):
        return None
    zeros = torch.zeros(1, built.module.hidden_size, dtype=built.dtype, device=built.device)
    return zeros.requires_grad_()


def from_state(built: Built, inputs: tuple[Tensor, ...], start: Tensor | None) -> Tensor:
    """Run a module from a first state; as usual where there is none."""
    if start is None:
        return built.run(*inputs)
    if not built.fused:
        weights = {**dict(built.module.named_parameters()), "start": start}
        return MODULES[built.name].plain(weights, built.sizes, *inputs)
    module = built.module
    layers = module.num_layers * (1 + module.bidirectional)
    state: Any = start.unsqueeze(0).expand(layers, -1, -1)
    state = (state, state) if isinstance(module, nn.LSTM) else state
    return module(inputs[0].unsqueeze(0), state)[0].squeeze(0)


def _lines(built: Built, at: Sizes, tally: Tally, masks: bool, mode: str) -> Found:
    """Observe what a run shows that is the derived figure's own."""
    dense = " dense" if masks else ""
    again = tally.counts.again
    notes = [f"{again} more compute scores again that were not kept"] if again else []
    # Windows are a mask over all pairs in the module; in plain operators they are gathered.
    windows = built.fused and "w" in MODULES[built.name].sizes
    if not built.fused and mode == "encode":
        yield Observation("work", dict(at), tally.total, built.source, dense.strip())
    if not windows:
        note = "; ".join([*notes, _besides(tally.counts)])
        value = tally.contraction - again
        yield Observation("work", dict(at), value, built.source, f"contraction{dense}", note=note)
    if masks and tally.masks and tally.least is not None:
        value = tally.least.contraction - tally.least.again
        said = [f"all pairs: {tally.contraction - again}"] if windows else []
        note = "; ".join([*said, *notes])
        yield Observation("work", dict(at), value, built.source, "contraction masked", note=note)


def _besides(counts: Counts) -> str:
    found = {
        "map": counts.elementwise,
        "reduction": counts.reduction,
        "softmax": counts.softmax,
    }
    named = ", ".join(f"{name} {value}" for name, value in found.items() if value)
    return f"besides contractions: {named or 'nothing'}"


FIGURES = {"params": _params, "work": _work}
"""How each figure is observed."""
