"""Depth: the longest path of the graph that autograd recorded while a model ran.

Autograd keeps one node for each operator and edges to the operators whose results it read. Views
and copies are free; an operator that stands for several array operations (a product with a bias)
takes as many steps. So the longest path is the span in unit tensor, of what really ran.

A module that projects all inputs of a layer at once (torch.nn.LSTM on the CPU) makes every position
of a layer wait for the whole layer below: its recorded depth is c n L. The same equations position
by position are a wavefront, c (n + L - 1).

>>> at = {"n": 6, "d": 2, "L": 3}
>>> depth("rnn", at), depth("rnn", {**at, "n": 7}), depth("rnn", {**at, "L": 4})
(32, 36, 36)
>>> depth("rnn", at, fused=True)
72
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor

from ..observations import EngineError, Observation
from .modules import build

Sizes = Mapping[str, int]

_MOVES = """
AccumulateGrad Alias AsStrided Cat Clone ConstantPadNd Expand MaskedFill Permute ReshapeAlias Select
Slice Split SplitWithSizes Squeeze Stack T Transpose Unbind Unfold UnsafeSplit UnsafeView Unsqueeze
View
"""
_SINGLE = "Add Bmm Div Exp Mm Mul Neg Pow Relu Rsub Sigmoid Softmax Sqrt Sub Sum Tanh"

FREE = frozenset(_MOVES.split())
"""Operators that move, mask or name values."""

STEPS: Mapping[str, int] = {
    **dict.fromkeys(_SINGLE.split(), 1),
    "Addmm": 2,  # the product, and adding the bias
    "Mean": 2,  # the sum, and dividing it
    "ScaledDotProductFlashAttentionForCpu": 4,  # scores, their scale, softmax, mix
    "NativeLayerNorm": 11,  # sum, /d, -mean, square, sum, /d, + epsilon, root, quotient, then w, b
}
"""Array operations, one after another, that an operator stands for."""


def depth(name: str, at: Sizes, *, fused: bool = False, seed: int = 0) -> int:
    """Run a model of the catalogue and return the longest path that autograd recorded.

    Parameters
    ----------
    name
        A name of `modules.NAMES`.
    at
        Concrete sizes.
    fused
        Whether the library's module runs, or the same equations in plain operators.
    """
    built = build(name, at, seed=seed, fused=fused)
    return longest(built.run(*(x.requires_grad_() for x in built.inputs(seed))))


def observe(
    model: str,
    at: Sizes,
    *,
    figures: Sequence[str] = ("span",),
    seed: int = 0,
    fused: bool = False,
) -> tuple[Observation, ...]:
    """Observe the span in unit tensor."""
    if "span" not in figures:
        return ()
    built = build(model, at, seed=seed, fused=fused)
    steps = longest(built.run(*(x.requires_grad_() for x in built.inputs(seed))))
    note = "the longest path that autograd recorded, in unit tensor"
    return (Observation("span", dict(at), steps, built.source, part="tensor", note=note),)


def slopes(name: str, at: Sizes, size: str, *, count: int = 3, fused: bool = False) -> list[int]:
    """Return by how much the depth grows with each of the next steps of one size."""
    found = [depth(name, {**at, size: at[size] + k}, fused=fused) for k in range(count + 1)]
    return [after - before for before, after in pairwise(found)]


def longest(output: Tensor) -> int:
    """Return the steps of the longest path that ends at an output.

    Raises
    ------
    EngineError
        If nothing was recorded, or an operator has no entry in `STEPS` or `FREE`.
    """
    if not output.requires_grad:
        raise EngineError("expected autograd to record the run, it recorded nothing")
    if output.grad_fn is None:
        return 0  # the output is an input
    finished: dict[Any, int] = {}
    for node in _inputs_first(output.grad_fn):
        before = max((finished[source] for source in _sources(node)), default=0)
        finished[node] = before + steps(node)
    return finished[output.grad_fn]


def steps(node: Any) -> int:
    """Return how many array operations one after another a recorded operator stands for."""
    name = operator(node)
    if name in FREE:
        return 0
    if name == "Convolution":
        return 1 if node._saved_bias_sym_sizes_opt is None else 2
    if name not in STEPS:
        raise EngineError(
            f"expected operators whose depth is known, got {name}; add it to STEPS or to FREE"
        )
    return STEPS[name]


def operator(node: Any) -> str:
    """Return the operator of a recorded node: SoftmaxBackward0 is Softmax."""
    name = str(node.name()).rpartition("::")[2]
    return name.rstrip("0123456789").removesuffix("Backward")


def _sources(node: Any) -> list[Any]:
    return [source for source, _ in node.next_functions if source is not None]


def _inputs_first(last: Any) -> Iterator[Any]:
    """Yield every recorded node after all that it reads, without recursion."""
    seen, pending = {last}, [(last, iter(_sources(last)))]
    while pending:
        node, sources = pending[-1]
        fresh = next((source for source in sources if source not in seen), None)
        if fresh is None:
            pending.pop()
            yield node
        else:
            seen.add(fresh)
            pending.append((fresh, iter(_sources(fresh))))
