"""Attention of low rank: keys and values are mixed down to a few rows before they are asked.

References: Wang et al. 2020, *Linformer*; Xiong et al. 2021, *Nystromformer*.
"""

from __future__ import annotations

from ..operations import (
    collect,
    einsum,
    greatest,
    layer,
    mean,
    parameter,
    rearrange,
    root,
    softmax,
    stack,
    total,
)
from ..sizes import Sized, poly
from ..tracing import Array, model
from .kernel_attention import joined, projected

ITERATIONS = 6
"""Steps towards the pseudo-inverse, as in the paper."""


@layer
def mixed_down(x: Array, r: Sized, h: Sized) -> Array:
    """Keys and values of n positions become r rows by learned maps along the sequence."""
    q, *others = projected(x, h)
    n, scale = x.sequence.extent, root(q.axes[-1].extent)
    k, v = (
        einsum("r j, j h e -> r h e", parameter(f"{name}.weight", r, n), collect(a))
        for name, a in zip(("E", "F"), others, strict=True)
    )
    scores = einsum("h e, r h e -> h r", q, k) / scale
    return joined(einsum("h r, r h e -> h e", softmax(scores, scores.axes[-1]), v))


@model("n d")
def linformer(x: Array, *, r: Sized = "r", h: Sized = 1, L: Sized = 1) -> Array:
    """Attention to r mixtures of the positions, the same for all heads (Wang et al. 2020, eq. 7)."""
    return stack(lambda x: mixed_down(x, r=r, h=h), x, L)


def landmarks(x: Array, m: Sized) -> Array:
    """Means over m segments of the sequence."""
    segments = rearrange(collect(x), "(m s) h e -> m s h e", m=m)
    return mean(segments, segments.axes[1])


def pseudo_inverse(a: Array) -> Array:
    """Iterate Z' = Z (13 I - A Z (15 I - A Z (7 I - A Z))) / 4, multiplied out (eq. 11).

    Both matrices have their columns before their rows. Z starts from the transpose of A by its
    largest sum of a column; its rows sum to one.
    """
    z = rearrange(a, "j h i -> i h j")
    columns = total(z, z.axes[0])
    z = z / greatest(columns, columns.axes[-1])
    for _ in range(ITERATIONS):
        az = einsum("k h i, j h k -> j h i", a, z)
        one = einsum("k h i, j h k -> j h i", z, az)
        two = einsum("k h i, j h k -> j h i", one, az)
        three = einsum("k h i, j h k -> j h i", two, az)
        z = (13 * z - 15 * one + 7 * two - three) / 4
    return z


@layer
def through_landmarks(x: Array, m: Sized, h: Sized) -> Array:
    """Three softmaxes: positions to landmarks, between landmarks, landmarks to positions."""
    q, k, v = projected(x, h)
    scale, rows = root(q.axes[-1].extent), (landmarks(a, m) for a in (q, k))
    few_q, few_k = rows
    to = einsum("h e, m h e -> h m", q, few_k) / scale
    inner = einsum("i h e, j h e -> j h i", few_q, few_k) / scale
    back = einsum("m h e, j h e -> h m j", few_q, collect(k)) / scale
    to, back = (softmax(s, s.axes[-1]) for s in (to, back))
    inverse = pseudo_inverse(softmax(inner, inner.axes[0]))
    read = einsum("h m j, j h e -> h m e", back, collect(v))
    found = einsum("j h i, h j e -> h i e", inverse, read)
    return joined(einsum("h m, h m e -> h e", to, found))


@model("n d")
def nystrom_attention(x: Array, *, m: Sized = "m", h: Sized = 1, L: Sized = 1) -> Array:
    """Attention through m landmarks, m dividing n (Xiong et al. 2021, eq. 13)."""
    return stack(lambda x: through_landmarks(x, m=poly(m), h=h), x, L)
