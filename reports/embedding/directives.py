"""Directives: what an opening marker asks for, read as data.

>>> directive = parse("table lstm attention --figures work,span --unit layer")
>>> directive.kind, directive.models, directive.figures, directive.setting.unit
('table', ('lstm', 'attention'), ('work', 'span'), 'layer')
>>> parse("figure lstm work --speed 3")
Traceback (most recent call last):
    ...
workspan.reports.embedding.errors.EmbeddingError: expected an option of figure among ... '--speed'
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from ...analysis.figures import COMPARED, NAMES
from ...graphs.setting import CHOICES, Setting
from ..commands.options import PLOTS, parse_figures
from .errors import EmbeddingError

MOST = 16
"""Models of one marker, and sizes that it asks for."""
SHOWN = ("both", "formula", "value")
STYLES = ("grid", "console")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "table": ("figures", "at", "show", "style", *CHOICES),
    "figure": ("at", "show", "part", "name", *CHOICES),
    "plot": ("figure", "figures", "at", "machine", "number", "output", *CHOICES),
    "picture": ("at", "output"),
}
"""What each kind of directive may say besides its models."""
EXAMPLES: Mapping[str, str] = {
    "table": "table lstm attention --figures work,span",
    "figure": "figure lstm work",
    "plot": "plot growth lstm attention --figures work --output work.svg",
    "picture": "picture lstm --output lstm.svg",
}
_FILE = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(?:svg|pdf)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Directive:
    """What a marker asks for."""

    kind: str
    """table, figure, plot or picture."""
    models: tuple[str, ...]
    figures: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    """Sizes such as ``n=64,d=32``; checked where the models are known."""
    setting: Setting = field(default_factory=Setting)
    show: str = "both"
    """formula, value, or both where the sizes give one."""
    style: str = "grid"
    """grid: figures by models; console: a command and what it prints. Of a plot: its kind."""
    part: str = ""
    """Of a figure only the share of one primitive, such as ``contraction``."""
    name: str = ""
    """In reStructuredText, the name of a substitution that stands for the figure."""
    output: str = ""
    """The file of a picture, beside the document."""
    machine: str = ""
    """Whose roofline a plot is under."""
    number: str = ""
    """Of a roofline: the format of all words."""

    def describe(self) -> str:
        """Return all of it in one line, the same for the same directive.

        What only some plots have is left out of all others, whose digests stay what they were.
        """
        told = ((f.name, str(getattr(self, f.name))) for f in fields(self))
        return repr(tuple((k, v) for k, v in told if v or k not in {"machine", "number"}))


def parse(text: str) -> Directive:
    """Read a directive; nothing in it is run.

    Raises
    ------
    EmbeddingError, SettingError, OptionError
        If there is no such directive or option, or a value makes no sense.
    """
    return read(split(text))


def split(text: str) -> list[str]:
    """Return the words of a marker.

    Raises
    ------
    EmbeddingError
        If a quote is not closed.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise EmbeddingError(f"expected quotes in pairs, got {text!r}") from error


def read(words: Sequence[str]) -> Directive:
    """Read the words of a directive, as :func:`parse` does.

    Raises
    ------
    EmbeddingError, SettingError, OptionError
        If there is no such directive or option, or a value makes no sense.
    """
    if not words or words[0] not in OPTIONS:
        got = words[0] if words else "nothing"
        raise EmbeddingError(
            f"expected one of {', '.join(OPTIONS)} after 'workspan:', got {got!r}{_near(got)}"
        )
    kind = words[0]
    names, options = _options(kind, words[1:])
    style = names.pop(0) if kind == "plot" and len(names) > 1 and names[0] in PLOTS else ""
    at = tuple(options.pop("at", ()))
    if len(at) > MOST:
        raise EmbeddingError(f"expected --at at most {MOST} times, got {len(at)}")
    single = {key: _once(key, values) for key, values in options.items()}
    setting = _setting({k: v for k, v in single.items() if k in CHOICES})
    for key, allowed in (("show", SHOWN), ("style", STYLES)):
        if single.get(key, allowed[0]) not in allowed:
            raise EmbeddingError(
                f"expected --{key} to be one of {', '.join(allowed)}, got {single[key]!r}"
            )
    models, figures = _subjects(kind, names, single, style)
    return Directive(
        kind,
        models,
        figures,
        at,
        setting,
        single.get("show", "both"),
        style or single.get("style", "grid"),
        single.get("part", ""),
        _matching("name", _NAME, single.get("name", ""), "lstm-work"),
        _file(kind, single),
        single.get("machine", ""),
        single.get("number", ""),
    )


def _options(kind: str, words: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    names: list[str] = []
    options: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            names.append(word)
            continue
        key, equals, value = word[2:].partition("=")
        if key not in OPTIONS[kind]:
            allowed = ", ".join(f"--{o}" for o in OPTIONS[kind])
            raise EmbeddingError(f"expected an option of {kind} among {allowed}, got {word!r}")
        given = value if equals else next(rest, None)
        if not given or given.startswith("--"):
            raise EmbeddingError(f"expected a value after --{key}, got none")
        options.setdefault(key, []).append(given)
    return names, options


def _once(key: str, values: Sequence[str]) -> str:
    if len(values) > 1:
        raise EmbeddingError(f"expected --{key} once, got it {len(values)} times")
    return values[0]


def _setting(given: Mapping[str, str]) -> Setting:
    known = {k: next((c for c in CHOICES[k] if str(c) == v), v) for k, v in given.items()}
    return Setting().but(**known)


def _subjects(
    kind: str, names: Sequence[str], options: Mapping[str, str], style: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the models and the figures that are asked for."""
    figures: tuple[str, ...] = ()
    models = tuple(names)
    if kind == "table":
        figures = parse_figures(options["figures"], NAMES) if "figures" in options else COMPARED
    elif kind == "figure":
        if len(names) != 2:
            raise _shape(kind, names)
        models, figures = (names[0],), parse_figures(names[1], NAMES)
    elif kind == "plot":
        given = options.get("figures", options.get("figure"))
        if given is None and style in {"", "growth"}:
            raise _shape(kind, names)
        figures = () if given is None else parse_figures(given, NAMES)
    if (
        not models
        or (kind == "picture" and len(models) > 1)
        or (kind != "table" and len(figures) > 1)
    ):
        raise _shape(kind, names)
    if len(models) > MOST:
        raise EmbeddingError(f"expected at most {MOST} models, got {len(models)}")
    twice = next((m for m in models if models.count(m) > 1), None)
    if twice is not None:
        raise EmbeddingError(f"expected each model once, got {twice} {models.count(twice)} times")
    return models, figures


def _shape(kind: str, names: Sequence[str]) -> EmbeddingError:
    return EmbeddingError(
        f"expected {kind} as in '{EXAMPLES[kind]}', got '{' '.join([kind, *names])[:80]}'"
    )


def _file(kind: str, options: Mapping[str, str]) -> str:
    if kind not in {"plot", "picture"}:
        return ""
    if "output" not in options:
        raise EmbeddingError(f"expected --output as in '{EXAMPLES[kind]}', got none")
    return _matching("output", _FILE, options["output"], "pictures/work.svg")


def _matching(key: str, pattern: re.Pattern[str], text: str, example: str) -> str:
    if text and not pattern.fullmatch(text):
        raise EmbeddingError(f"expected --{key} such as {example}, got {text[:80]!r}")
    return text


def _near(word: str) -> str:
    found = difflib.get_close_matches(word, OPTIONS, n=1)
    return f"; did you mean {found[0]}?" if found else ""
