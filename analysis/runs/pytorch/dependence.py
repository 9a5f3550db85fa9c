"""Dependence: which inputs each output of a torch model depends on, by its Jacobian.

The Jacobian is taken by reverse mode in float64, one backward pass for each output component. An
output position depends on an input position where the block of the two has an entry that is not
zero, at any of several seeds of weights and inputs. Masked scores and positions outside a window
have a derivative of exactly zero, not a small one, so no threshold is needed.

>>> found = observe("causal_convolution", {"n": 4, "d": 2, "k": 2}, seeds=2)
>>> sorted((j, i) for _, j, i in found.pairs)
[(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..observations import EngineError, Source
from ..perturbation import SEEDS, Dependence, Pair, united
from .modules import MODULES, build

Sizes = Mapping[str, int]
Floats = NDArray[np.float64]


def observe(
    model: str, at: Sizes, *, seed: int = 0, seeds: int = SEEDS, fused: bool = True
) -> Dependence:
    """Unite the non-zero blocks of a catalogue model's Jacobians over seeds of weights and inputs.

    Parameters
    ----------
    model
        A name of `modules.NAMES`.
    at
        Concrete sizes.
    seed, seeds
        The first seed, and how many at least: more are drawn while some pair has shown less often.
    fused
        Whether the library's module runs, or the same equations in plain operators.
    """
    names = tuple(MODULES[model].inputs)

    def make(k: int) -> tuple[Callable[..., Tensor], dict[str, Tensor]]:
        built = build(model, at, seed=k, fused=fused)
        return built.run, dict(zip(names, built.inputs(k), strict=True))

    source = build(model, at, seed=seed, fused=fused).source
    return depends(make, seed=seed, seeds=seeds, at=at, source=source)


def depends(
    make: Callable[[int], tuple[Callable[..., Tensor], Mapping[str, Tensor]]],
    *,
    source: Source,
    at: Sizes,
    seed: int = 0,
    seeds: int = SEEDS,
) -> Dependence:
    """Unite the non-zero blocks of the Jacobians of any torch function, over seeds.

    Parameters
    ----------
    make
        From a seed to a function and its inputs [length, d] by name; it returns [n, d].
    source, at
        Carried into the result.
    seed, seeds
        As in `observe`.
    """

    def take(k: int) -> Iterator[Pair]:
        function, inputs = make(k)
        found = jacobian(function, tuple(inputs.values()))
        for name, block in zip(inputs, found, strict=True):
            yield from ((name, j, i) for j, i in _depends(block))

    seen, chosen = united(take, seed=seed, seeds=seeds)
    return Dependence(dict(at), source, "Jacobian", chosen, seen)


def jacobian(function: Callable[..., Tensor], inputs: Sequence[Tensor]) -> tuple[Floats, ...]:
    """Return d output / d input for each input, as [n_out, d_out, n_in, d_in].

    Raises
    ------
    EngineError
        If the output does not depend on any input in a way that autograd records, or a derivative
        is not finite.
    """
    return tuple(np.stack(parts) for parts in zip(*blocks(function, inputs), strict=True))


def blocks(
    function: Callable[..., Tensor],
    inputs: Sequence[Tensor],
    positions: Sequence[int] | None = None,
) -> list[tuple[Floats, ...]]:
    """Return d output_i / d input as [d_out, n_in, d_in] by input, for all or some positions i."""
    found = []
    with one_thread():
        output, leaves = _run(function, inputs)
        for i in range(len(output)) if positions is None else positions:
            rows = [_pulled(output[i, c], leaves) for c in range(output.shape[1])]
            found.append(tuple(np.stack(parts) for parts in zip(*rows, strict=True)))
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: many small operators only wait for each other with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _run(
    function: Callable[..., Tensor], inputs: Sequence[Tensor]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    leaves = tuple(x.detach().to(torch.float64).requires_grad_() for x in inputs)
    output = function(*leaves)
    if output.ndim != 2 or not output.requires_grad:
        recorded = "" if output.requires_grad else ", not recorded"
        raise EngineError(
            "expected an output [n, d] that autograd has recorded, "
            f"got shape {tuple(output.shape)}{recorded}"
        )
    return output, leaves


def _pulled(component: Tensor, leaves: tuple[Tensor, ...]) -> tuple[Floats, ...]:
    """Return the gradient of one number; an input that it has no path to gets zeros."""
    found = torch.autograd.grad(component, leaves, retain_graph=True, allow_unused=True)
    arrays = tuple(
        np.zeros(tuple(x.shape)) if g is None else g.numpy()
        for g, x in zip(found, leaves, strict=True)
    )
    if not all(np.isfinite(array).all() for array in arrays):
        raise EngineError("expected finite derivatives, got NaN or infinity")
    return arrays


def _depends(block: Floats) -> list[tuple[int, int]]:
    """Return all (j, i) with a non-zero entry in block [n_out, d_out, n_in, d_in]."""
    found = (block != 0).any(axis=(1, 3))
    return [(j, i) for i, j in np.argwhere(found).tolist()]
