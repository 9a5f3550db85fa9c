"""The claims that come with workspan: the founding comparison, and the literature by family."""

from __future__ import annotations

import functools
from importlib.resources import files

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
    return parse(text, name)


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
