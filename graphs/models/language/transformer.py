"""The Transformer: an encoder and a decoder over words (Vaswani et al. 2017)."""

from __future__ import annotations

from ...operations import parameter, root, scope
from ...sizes import Sized
from ...tables import lookup, sinusoids
from ...tracing import Array, model
from ..transformer import decoder, encoder
from .parts import logits


@model("n", "m")
def transformer(
    tokens: Array,
    source: Array,
    *,
    v: Sized = "v",
    d: Sized = "d",
    h: Sized = 1,
    f: Sized = "f",
    L: Sized = 1,
) -> Array:
    """Transformer with its logits, L layers on either side, one table of words for all."""
    words = parameter("embedding.weight", v, d)

    def embedded(numbers: Array) -> Array:
        rows = lookup(numbers, words)
        return rows * root(d) + sinusoids(numbers, d)

    with scope("encoder"):
        memory = encoder(embedded(source), h=h, f=f, L=L)
    with scope("decoder"):
        return logits(decoder(embedded(tokens), memory, h=h, f=f, L=L), words)
