"""The claims that come with workspan: the founding comparison, and the literature by family."""

from __future__ import annotations

import functools
from importlib.resources import files

from ...graphs.models import CATALOGUE
from .reading import ClaimError, parse
from .statements import Claim

FAMILIES = (
    "founding",
    "recurrent",
    "attention",
    "memory",
    "sparse-attention",
    "low-rank-attention",
    "linear-attention",
    "convolution",
    "state-space",
    "language-models",
    "scaling",
    "theory",
    "training",
    "caches",
    "numbers",
)
"""One file each."""

PLANNED = (
    *(
        "qrnn",
        "qrnn_scan",
        "min_gru",
        "min_gru_scan",
        "min_lstm",
        "min_lstm_scan",
        "sru",
        "dilated_rnn",
    ),
    *("encoder_decoder_rnn", "attentive_encoder_decoder_rnn", "latent_attention"),
    *("dilated_windowed_attention", "strided_sparse_attention", "fixed_sparse_attention"),
    *("global_windowed_attention", "big_bird", "block_local_attention", "lsh_attention"),
    *("linformer", "linear_attention", "linear_attention_recurrent", "performer"),
    *("nystrom_attention", "transformer_xl", "compressive_transformer", "sink_attention"),
    *("star_transformer", "perceiver", "induced_set_attention", "longnet", "tcn", "wavenet"),
    *("hyena", "fnet", "bytenet", "s4", "s4d_convolution", "s5", "ssd", "ssd_quadratic"),
    *("ssd_chunked", "retnet", "retnet_recurrent", "retnet_chunked", "rwkv4", "rwkv5", "rwkv6"),
    *("gla", "gla_chunked", "delta_net", "delta_net_chunked", "rg_lru", "mlstm", "slstm", "t5"),
    *("transformer", "mixture_of_experts", "mixtral", "mamba2"),
    *("latent_attention_absorbed", "lstm_language_model", "awd_lstm", "bert_pooled"),
)
"""Models that claims speak of, whether the catalogue has them or not."""


def founding() -> list[Claim]:
    """Return the claims of the founding comparison."""
    return list(of_family("founding"))


@functools.cache
def of_family(family: str) -> tuple[Claim, ...]:
    """Return the claims of one family.

    Raises
    ------
    ClaimError
        If there is no such family.
    """
    if family not in FAMILIES:
        raise ClaimError(f"expected a family of {', '.join(FAMILIES)}, got {family!r}")
    name = f"{family.replace('-', '_')}.toml"
    text = files("workspan.analysis.claims").joinpath(name).read_text(encoding="utf-8")
    return parse(text, name, planned=PLANNED)


def literature() -> tuple[Claim, ...]:
    """Return all claims that come with workspan.

    Raises
    ------
    ClaimError
        If two of them have one name.
    """
    claims = tuple(claim for family in FAMILIES for claim in of_family(family))
    known: dict[str, str] = {}
    for claim in claims:
        if claim.id in known:
            raise ClaimError(
                f"expected ids of their own, got {claim.id!r} in {known[claim.id]} and {claim.family}"
            )
        known[claim.id] = claim.family
    return claims


def claim_of(name: str) -> Claim:
    """Return the claim of an id.

    Raises
    ------
    ClaimError
        If there is none.
    """
    import difflib

    claims = {claim.id: claim for claim in literature()}
    if name not in claims:
        near = difflib.get_close_matches(name, claims, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ClaimError(f"expected the id of a claim, got {name[:80]!r}{hint}")
    return claims[name]


def absent(claim: Claim) -> list[str]:
    """Return the models of a claim that the catalogue does not have."""
    from .validating import models_of

    found = [m for _, reading in claim.readable() for m in models_of(reading)]
    return [m for m in dict.fromkeys(found) if m in PLANNED and m not in CATALOGUE]
