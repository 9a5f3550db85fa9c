"""Rules of fused attention: scaled dot products, and whole layers with their projections.

A fused operator does what its documentation defines. Its scores are computed once going forward;
going backward they are computed again, because they were not kept: five products for two.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from .counts import Call, Counts, Found, Masked, rule, soft
from .rules_contraction import product


def allowed(mask: Any, causal: bool, rows: int, n: int, m: int, *, true: bool = True) -> int | None:
    """Count the pairs of n queries and m keys that a mask allows, in so many rows of heads.

    A mask holds truth values that allow (that forbid, if ``true`` is false), or numbers: minus
    infinity where a pair is not allowed, or the least number there is. A causal one aligns at the
    first query and key.

    >>> allowed(None, True, 2, 3, 3)
    12
    """
    if causal:
        return rows * sum(min(i + 1, m) for i in range(n))
    if mask is None:
        return rows * n * m
    if mask.device.type == "meta":
        return None
    truths = mask.dtype == torch.bool
    kept = mask == true if truths else mask > torch.finfo(mask.dtype).min
    return int(kept.sum()) * (rows * n * m // mask.numel())


def masked(dense: Counts, each: Counts, pairs: int, kept: int | None) -> Found:
    """Return dense counts with their least, where pairs are thrown away; a pair takes ``each``."""
    if kept == pairs:
        return dense
    return Masked(dense, None if kept is None else dense - (pairs - kept) * each)


@rule("_scaled_dot_product_flash_attention_for_cpu")
def _forward(call: Call) -> Found:
    """Count scores, their scale, the mask that is added, the softmax and the mixture of values."""
    query, key, value, mask = (call[name] for name in ("query", "key", "value", "attn_mask"))
    *lead, n, width = query.shape
    rows, m, out = math.prod(lead), key.shape[-2], value.shape[-1]
    each = Counts(contraction=2 * (width + out), elementwise=1 + (mask is not None), softmax=5)
    dense = rows * n * m * each - Counts(softmax=2 * rows * n)
    return masked(dense, each, rows * n * m, allowed(mask, call["is_causal"], rows, n, m))


@rule("_safe_softmax")
def _taken_apart(call: Call) -> Masked:
    """Count the softmax of scaled dot products without a fused operator, whose mask nobody sees."""
    terms = call.out.shape[call["dim"]]
    return Masked(soft(call.out.numel() // max(terms, 1), terms), None)


@rule("_scaled_dot_product_flash_attention_for_cpu_backward")
def _backward(call: Call) -> Found:
    """Count the scores again, and gradients of values, weights, queries and keys."""
    query, key, value = (call[name] for name in ("query", "key", "value"))
    *lead, n, width = query.shape
    rows, m, out = math.prod(lead), key.shape[-2], value.shape[-1]
    mask = call["attn_mask"]
    # Scores: scale, mask, less the logarithm of the sum, exp. Weights: less the row's sum of
    # gradient times output, times the weight, times the scale.
    each = Counts(
        contraction=2 * (3 * width + 2 * out),
        elementwise=3 + (mask is not None) + 3,
        again=2 * width,
    )
    sums = Counts(elementwise=rows * n * out, reduction=rows * n * (out - 1))
    dense = rows * n * m * each + sums
    return masked(dense, each, rows * n * m, allowed(mask, call["is_causal"], rows, n, m))


@rule("_native_multi_head_attention")
def _layer(call: Call) -> Found:
    return layer(
        call[0],
        call["key"],
        call["value"],
        heads=call["num_head"],
        biases=(call["qkv_bias"] is not None) + (call["proj_bias"] is not None),
        mask=call["mask"],
        averaged=call["need_weights"] and call["average_attn_weights"],
    )


def layer(
    query: Any,
    key: Any,
    value: Any,
    *,
    heads: int,
    biases: int,
    mask: Any,
    averaged: bool = False,
) -> Found:
    """Count a layer of attention with its projections; queries are scaled, not scores."""
    batch, n, d = query.shape
    m = key.shape[1]
    projections = product(batch * (2 * n + 2 * m), d, d)
    maps = Counts(
        elementwise=batch * (n * d + (biases > 0) * (n + 2 * m) * d + (biases > 1) * n * d)
    )
    pairs = batch * heads * n * m
    each = Counts(contraction=4 * d // heads, elementwise=int(mask is not None), softmax=5)
    dense = projections + maps + pairs * each - Counts(softmax=2 * batch * heads * n)
    if averaged:
        dense += Counts(elementwise=batch * n * m, reduction=batch * (heads - 1) * n * m)
    # Any mask broadcasts to [batch, heads, n, m]: of pairs (kind 0), of keys (1), of both (2).
    return masked(dense, each, pairs, allowed(mask, False, batch * heads, n, m, true=False))


@rule("_transformer_encoder_layer_fwd")
def _encoder(call: Call) -> Found:
    """Count attention, two residual sums, two norms and the feed-forward network."""
    x = call[0]
    batch, n, d = x.shape
    inner = call["ffn_weight_1"].shape[0]
    attention = layer(x, x, x, heads=call["num_heads"], biases=2, mask=call["mask"])
    rows = batch * n
    rest = (
        2 * product(rows, d, inner)
        + Counts(elementwise=rows * (2 * inner + d) + 2 * rows * d)
        + 2 * layer_norm(rows, d)
    )
    if isinstance(attention, Counts):
        return attention + rest
    least = attention.least
    return Masked(attention.dense + rest, None if least is None else least + rest)


def layer_norm(rows: int, width: int, parameters: int = 2) -> Counts:
    """Count a layer norm: mean, difference, variance, root, quotient, weight and bias.

    Two sums of width - 1, a quotient for each; width differences, squares and quotients; one sum
    and one root; width for each parameter (Ba et al. 2016).
    """
    maps = 3 * width + 4 + parameters * width
    return Counts(elementwise=rows * maps, reduction=rows * 2 * (width - 1))
