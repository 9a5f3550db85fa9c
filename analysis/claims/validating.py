"""What a claim may say: every field bounded and checked, with the path to it in the message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sized
from typing import Any

from ...graphs.models import CATALOGUE
from ...graphs.setting import CHOICES, Setting, SettingError
from ...graphs.sizes import NAME, SizeError, poly
from ...graphs.tracing import sizes_of
from ..experiments.definitions import NAMES as EXPERIMENTS
from ..figures import NAMES
from .algorithms import COUNTED as COUNTED_RELATIONS
from .algorithms import faults
from .bounded import replaced, stated
from .chance import CHANCES
from .domains import compared, parse_domain
from .reading import ClaimError
from .rules import BEYOND, RELATIONS
from .statements import Claim, Quantity
from .subjects import Models

VANISHES = "vanishes with distance"
"""The one relation of ``gradient``; it is tried by an experiment and not on a graph."""

DERIVED = (*NAMES, "intermediate")
FALLS = "falls as 1/n"
"""The one relation of ``influence``, an experiment as well."""

FIGURES = (*DERIVED, "gradient", "offsets", "random graph", "influence", "algorithm")
COUNTED = ("contraction", "map", "reduction", "softmax", "associative_scan", "fourier")
"""Kinds of operations by which work is broken down, and that a claim may count alone."""
OF_FIGURES = ("no more than", "grows with distance", "permutation equivariant")
TRANSCRIPTIONS = ("full text", "transcript", "secondary", "recall", "derived", "")
LONGEST_TEXT = 2_000
MOST_PARTS = 32
"""Models, quantities, symbols, settings and readings of one claim."""
PARTS = (
    "models",
    "figures",
    "settings",
    "quantities",
    "symbols",
    "options",
    "at",
    "sizes",
    "domain",
)
MOST_TRIES = 256
"""Models times figures times settings, of all readings together."""
MOST_LAYERS = 64
"""The largest number among options: layers of a stack that is written out."""
LARGEST = 10**16


def validate(field: str, claim: Claim, own: Models) -> None:
    """Refuse what makes no sense.

    Raises
    ------
    ClaimError
        With the path to the field.
    """
    if not claim.id.replace("-", "").replace(".", "").isalnum() or len(claim.id) > 80:
        raise ClaimError(f"{field}.id: expected letters, digits and hyphens, got {claim.id[:80]!r}")
    for name in ("statement", "source", "value", "left", "where", "paper", "note", "family"):
        if len(getattr(claim, name)) > LONGEST_TEXT:
            raise ClaimError(f"{field}.{name}: expected at most {LONGEST_TEXT} characters")
        odd = next((c for c in getattr(claim, name) if not c.isprintable() and c not in "\n\t"), "")
        if odd:
            raise ClaimError(
                f"{field}.{name}: expected text without control characters, got {odd!r}"
            )
    _one_of(f"{field}.transcription", claim.transcription, TRANSCRIPTIONS)
    if claim.beyond:
        _one_of(f"{field}.beyond", claim.beyond, tuple(BEYOND))
        _trial(f"{field}.trial", claim)
        return
    if claim.trial is not None:
        raise ClaimError(f"{field}.trial: expected beyond, the kind of statement, with a trial")
    for name in ("readings", *PARTS):
        _few(f"{field}.{name}", getattr(claim, name))
    tries = sum(_tries(reading) for _, reading in claim.readable())
    if tries > MOST_TRIES:
        raise ClaimError(
            f"{field}.readings: expected at most {MOST_TRIES} models times figures times settings, "
            f"got {tries}"
        )
    for k, (name, reading) in enumerate(claim.readable()):
        where = f"{field}.readings[{k}]" if name else field
        _reading(where, reading, own)


def _trial(field: str, claim: Claim) -> None:
    if claim.trial is not None:
        _one_of(f"{field}.experiment", claim.trial.experiment, tuple(EXPERIMENTS))
        _few(f"{field}.tests", claim.trial.tests)
        if not claim.trial.tests:
            raise ClaimError(f"{field}.tests: expected at least one test")


def _tries(claim: Claim) -> int:
    """Return how many cases are tried at most."""
    settings = 4 if claim.settings is None else len(claim.settings)
    return len(claim.models) * (1 + len(claim.figures)) * settings


def _few(field: str, parts: Sized | None) -> None:
    if parts is not None and len(parts) > MOST_PARTS:
        raise ClaimError(f"{field}: expected at most {MOST_PARTS}, got {len(parts)}")


def _reading(field: str, claim: Claim, own: Models) -> None:
    for name in PARTS:
        _few(f"{field}.{name}", getattr(claim, name))
    if bool(claim.left) == bool(claim.figure):
        raise ClaimError(f"{field}.figure: expected a figure or left, one of them")
    for j, figure in enumerate((claim.figure, *claim.figures)):
        name = f"{field}.figure" if j == 0 else f"{field}.figures[{j - 1}]"
        if figure or not claim.left:
            _one_of(name, figure, FIGURES)
    special = {
        "gradient": (VANISHES,),
        "random graph": tuple(CHANCES),
        "influence": (FALLS,),
        "algorithm": COUNTED_RELATIONS,
    }
    _one_of(f"{field}.relation", claim.relation, special.get(claim.figure, tuple(RELATIONS)))
    if claim.figure == "random graph":
        return
    if claim.figure == "algorithm":
        fault = faults(claim)
        if fault:
            raise ClaimError(f"{field}.{fault}")
        return
    for name in (claim.counting, *(q.counting for q in claim.quantities.values())):
        if name:
            _one_of(f"{field}.counting", name, COUNTED)
    if (claim.figure == "offsets") != (claim.relation == "connects up to"):
        raise ClaimError(f"{field}.relation: expected 'connects up to' with figure 'offsets'")
    if claim.left and claim.relation in OF_FIGURES:
        raise ClaimError(f"{field}.left: expected a figure, which {claim.relation!r} is about")
    _models(field, claim, own)
    for j, tried in enumerate(claim.settings or ()):
        _setting(f"{field}.settings[{j}]", tried.setting)
    _sides(field, claim, own)


def _models(field: str, claim: Claim, own: Models) -> None:
    known = (*own, *CATALOGUE)
    if not 1 <= len(claim.models) <= MOST_PARTS:
        raise ClaimError(f"{field}.models: expected 1 to {MOST_PARTS} models")
    for j, model in enumerate(claim.models):
        _one_of(f"{field}.models[{j}]", model, known)
    for name, quantity in claim.quantities.items():
        _quantity(f"{field}.quantities.{name}", name, quantity, known)
    for axis in (claim.recompute, *(q.recompute for q in claim.quantities.values())):
        if axis:
            _name(f"{field}.recompute", axis)
    for name, value in _options(claim):
        where = f"{field}.options.{name}"
        if isinstance(value, int) and not 1 <= value <= MOST_LAYERS:
            raise ClaimError(f"{where}: expected from 1 to {MOST_LAYERS} or a size, got {value}")
        _formula(where, str(value))
    have = [sizes_of(f) for f in (own.get(m) or CATALOGUE.get(m) for m in models_of(claim)) if f]
    for name in claim.options:
        if len(have) == len(models_of(claim)) and not any(name in sizes for sizes in have):
            raise ClaimError(
                f"{field}.options.{name}: expected a size of {', '.join(models_of(claim))}, "
                f"got {name}"
            )


def models_of(claim: Claim) -> tuple[str, ...]:
    """Return all models that a claim speaks of."""
    others = tuple(q.model for q in claim.quantities.values() if q.model)
    against = (claim.value,) if claim.relation == "no more than" else ()
    return tuple(dict.fromkeys((*claim.models, *others, *against)))


def _quantity(field: str, name: str, quantity: Quantity, known: Collection[str]) -> None:
    _name(field, name)
    _one_of(f"{field}.figure", quantity.figure, DERIVED)
    if quantity.model:
        _one_of(f"{field}.model", quantity.model, known)
    changes: dict[str, Any] = dict(quantity.setting)
    _setting(f"{field}.setting", lambda: Setting().but(**changes))


def _options(claim: Claim) -> Iterator[tuple[str, int | str]]:
    yield from claim.options.items()
    for quantity in claim.quantities.values():
        yield from quantity.options.items()


def _sides(field: str, claim: Claim, own: Models) -> None:
    if claim.relation == "no more than":
        _one_of(f"{field}.value", claim.value, (*own, *CATALOGUE))
        return
    try:
        parse_domain(claim.domain)
    except SizeError as error:
        raise ClaimError(f"{field}.domain: {error}") from None
    if claim.when:
        try:
            compared(claim.when)
        except SizeError as error:
            raise ClaimError(f"{field}.when: {error}") from None
    for name, value in claim.symbols.items():
        _name(f"{field}.symbols.{name}", name)
        _formula(f"{field}.symbols.{name}", value)
    for name, number in claim.at.items():
        _name(f"{field}.at.{name}", name)
        if not 1 <= number <= LARGEST:
            raise ClaimError(f"{field}.at.{name}: expected from 1 to {LARGEST:,}, got {number}")
    if not 0 <= claim.bytes <= 16:
        raise ClaimError(f"{field}.bytes: expected from 0 to 16, got {claim.bytes}")
    _known_sizes(field, claim, own)


def _known_sizes(field: str, claim: Claim, own: Models) -> None:
    """Refuse a size that none of the models has: a typing error would make any claim false."""
    functions = [own.get(m) or CATALOGUE.get(m) for m in models_of(claim)]
    known = {s for f in functions if f for s in sizes_of(f)} | {*claim.quantities, *claim.at}
    for _, value in _options(claim):
        known |= {*poly(str(value)).sizes}
    for condition in claim.domain:
        left, _, right = compared(condition)
        known |= {*left.sizes, *right.sizes}
    for name in ("value", "left", "within"):
        text = getattr(claim, name)
        if not text:
            continue
        _formula(f"{field}.{name}", text)
        used = _used(f"{field}.{name}", text, claim)
        foreign = [s for s in used if s not in known]
        if foreign and None not in functions:
            raise ClaimError(
                f"{field}.{name}: expected sizes of {', '.join(models_of(claim))} "
                f"({', '.join(sorted(known))}), got {foreign[0]}"
            )


def _used(field: str, text: str, claim: Claim) -> tuple[str, ...]:
    """Return the sizes of a formula once the paper's symbols are replaced."""
    try:
        return replaced(poly(text), claim.symbols).sizes
    except (SizeError, ArithmeticError) as error:
        raise ClaimError(f"{field}: {error}") from None


def _setting(field: str, make: Callable[[], Setting]) -> None:
    try:
        make()
    except SettingError as error:
        axis = next((a for a in CHOICES if f"expected {a} " in str(error)), "")
        raise ClaimError(f"{field}.{axis}: {error}") from None


def _name(field: str, name: str) -> None:
    if not NAME.match(name):
        raise ClaimError(f"{field}: expected a name such as N or d_kv, got {name[:40]!r}")


def _formula(field: str, text: str) -> None:
    try:
        stated(text)
    except (SizeError, ArithmeticError) as error:
        raise ClaimError(f"{field}: {error}") from None


def _one_of(field: str, value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise ClaimError(f"{field}: expected one of {', '.join(allowed)}, got {value[:80]!r}")
