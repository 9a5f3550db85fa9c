"""What goes wrong in a run, in one voice: the argument, its value, the way out."""

from __future__ import annotations


class RunError(Exception):
    """Any failure of a run; the others below are kinds of it."""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.args)


class ArgumentError(RunError, ValueError):
    """An argument has a value that the run cannot use."""


class NoRuleError(RunError, TypeError):
    """An operation has no counting rule, so that carrying it out would count as nothing."""


class NoTallyError(RunError, RuntimeError):
    """An operation was carried out on counted scalars while nobody counted."""


class UnknownNameError(RunError, KeyError):
    """A name that the catalogue of plain implementations does not have."""


class TooLargeError(RunError):
    """A run that would not end soon; smaller sizes do."""


def require_divides(part: str, size: int, whole: str, total: int) -> None:
    """Refuse `size` where it does not divide `total` (both named in the message)."""
    if size < 1 or total % size:
        rest = "" if size < 1 else f" ({total} % {size} == {total % size})"
        raise ArgumentError(
            f"expected {part} to divide {whole}, got {part}={size}, {whole}={total}{rest}"
        )


def require_odd(name: str, size: int) -> None:
    """Refuse an even window: it has no centre."""
    if size < 1 or size % 2 == 0:
        raise ArgumentError(f"expected {name} to be odd and at least 1, got {name}={size}")


def require_one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    """Refuse a value outside a short list of allowed ones."""
    if value not in allowed:
        choices = " or ".join(repr(choice) for choice in allowed)
        raise ArgumentError(f"expected {name} to be {choices}, got {name}={value!r}")
