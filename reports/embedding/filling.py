"""Filling: what a document is when everything between its markers is derived anew."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .content import Console, Image, Inline
from .digests import changes, read, told
from .directives import Directive, parse
from .documents import LARGEST
from .documents import document as decoded
from .drawings import Drawing, made_here
from .errors import EmbeddingError
from .markers import Format, Region, format_of, regions
from .writers import WRITERS

if TYPE_CHECKING:
    from .deriving import Derived, Deriver
    from .documents import Document

PRINTED = ("latex", "typst")
"""Formats whose documents take a picture in PDF."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A document, what it is to be, and why."""

    document: Document
    data: bytes
    pictures: Mapping[Path, Drawing]
    reasons: tuple[str, ...]
    """One line for each marker: what changed."""

    @property
    def changed(self) -> bool:
        """Whether anything is another than it was."""
        return self.data != self.document.data or bool(self.stale)

    @property
    def stale(self) -> tuple[Path, ...]:
        """Pictures that are missing or another than they were."""
        return tuple(p for p, drawing in self.pictures.items() if not drawing.stands(p))


def fill(document: Document, deriver: Deriver) -> Filled:
    """Derive everything between markers; nothing is written yet.

    Raises
    ------
    EmbeddingError
        If a marker or what it asks for makes no sense; the message names the file and the line.
    """
    form = format_of(document.path)
    parts: list[str] = []
    pictures: dict[Path, Drawing] = {}
    reasons, done = [], 0
    found = _regions(document, form)
    for region in found:
        try:
            directive = parse(region.directive)
            derived = deriver.derive(directive)
            body = _body(document.text, region, form, derived)
            places = {name: _place(document.path, name, form) for name in derived.files}
            for name, svg in derived.files.items():
                path, drawing = places[name], _drawing(svg, derived)
                if pictures.setdefault(path, drawing) != drawing:
                    raise EmbeddingError(f"expected a file for each picture, got {name} twice")
        except ValueError as error:
            raise EmbeddingError(f"{document.path}:{region.line}: {error}") from error
        parts += [document.text[done : region.start], body, _closing(region, derived)]
        edits = [
            *(["the text between the markers"] if _differs(document.text, region, body) else []),
            *(f"the file {n}" for n, p in places.items() if not pictures[p].stands(p)),
        ]
        reasons.append(_reason(document.path, region, directive, derived, edits))
        done = region.after
    whole = document.encode("".join([*parts, document.text[done:]]))
    if len(whole) > LARGEST:
        raise EmbeddingError(
            f"{document.path}: expected at most {LARGEST:,} bytes once it is filled, got more"
        )
    _expect_found(found, parts[1::3], decoded(document.path, whole), form)
    return Filled(document, whole, pictures, tuple(reasons))


def _regions(document: Document, form: Format) -> list[Region]:
    try:
        return regions(document.text, form)
    except EmbeddingError as error:
        raise EmbeddingError(f"{document.path}, {error}") from error


def _expect_found(
    before: Sequence[Region], bodies: Sequence[str], made: Document, form: Format
) -> None:
    """Raise where what was filled in would make other text of a marker, as after an open quote."""
    text = made.text
    try:
        after = regions(text, form)
    except EmbeddingError:
        after = []
    for k, (region, body) in enumerate(zip(before, bodies, strict=True)):
        if (
            k >= len(after)
            or after[k].directive != region.directive
            or text[after[k].start : after[k].end] != body
        ):
            raise EmbeddingError(
                f"{made.path}:{region.line}: expected a marker that stays one when it is filled, "
                "got one after a sign such as ` that is left open"
            )


def _body(text: str, region: Region, form: Format, derived: Derived) -> str:
    """Return what stands between two markers, with the document's ends of lines."""
    within = form.fenced(text, region.start) if isinstance(derived.content, Console) else False
    writer = f"{form.writer} in a fence" if within else form.writer
    written = WRITERS[writer].write(derived.content)
    comment = region.comment
    if isinstance(derived.content, Inline) and comment.inline is not None:
        before, after = comment.inline
        body = f"{before}{written}{after}"
    elif region.indent is None:
        raise EmbeddingError("expected a marker on a line of its own for what takes lines")
    else:
        lines = [region.indent + line if line else line for line in written.split("\n")]
        body = comment.gap + "\n".join(lines) + comment.gap + region.indent
    return body.replace("\n", _newline(text, region.start))


def _newline(text: str, place: int) -> str:
    """Return what ends the line at a place, or the lines of the document."""
    rest = text[place : place + 2]
    found = next((end for end in ("\r\n", "\n", "\r") if rest.startswith(end)), None)
    return found or next((end for end in ("\r\n", "\n", "\r") if end in text), "\n")


def _closing(region: Region, derived: Derived) -> str:
    comment = region.comment
    return (
        f"{comment.start} /workspan {told(derived.digest)}{' ' if comment.end else ''}{comment.end}"
    )


def _drawing(svg: str, derived: Derived) -> Drawing:
    return Drawing(svg, derived.content.alt if isinstance(derived.content, Image) else "")


def _place(document: Path, name: str, form: Format) -> Path:
    """Return where a picture goes: beside the document, and over nothing but such a picture."""
    if name.endswith(".pdf") and form.writer not in PRINTED:
        raise EmbeddingError(f"expected --output with .svg in this document, got {name}")
    folder = Path(os.path.realpath(document)).parent
    path = folder / name
    if not Path(os.path.realpath(path)).is_relative_to(folder):
        raise EmbeddingError(f"expected --output beside the document, got {name}")
    if path.exists() and not made_here(path):
        raise EmbeddingError(
            f"expected --output {name} to be a picture that embed made, got another file; "
            "name another one"
        )
    return document.parent / name if Path(os.path.realpath(document.parent)) == folder else path


def _differs(text: str, region: Region, body: str) -> bool:
    return body != text[region.start : region.end]


def _reason(
    path: Path, region: Region, directive: Directive, derived: Derived, edits: list[str]
) -> str:
    """Say in one line what changed; edits only if nothing else explains them."""
    found = changes(read(region.told), derived.digest, directive.models)
    found = found or [f"{edit}, by other hands" for edit in edits]
    what = f"changed: {'; '.join(found)}" if found else "as it was"
    # Bytes that are no characters here cannot be printed.
    asked = region.directive.encode("utf-8", "replace").decode("utf-8")
    return f"{path}:{region.line}: {asked}: {what}"
