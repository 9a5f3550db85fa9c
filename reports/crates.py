"""RO-Crates: results with their provenance, described so that a stranger can make them again.

The description follows RO-Crate 1.1: https://w3id.org/ro/crate/1.1. It is the only file that has a
date and a platform in it; all others are the same wherever they are made, but for measurements.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from .provenance import Provenance

METADATA = "ro-crate-metadata.json"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
CHECKSUM = {"sha256": "http://schema.org/sha256"}
"""A term that the context of version 1.1 does not have, with the meaning that 1.2 gives it."""
PROFILE = "https://w3id.org/ro/crate/1.1"
RUN, MADE = "#run", "Running a command of workspan"
"""The identifier and the name of the action that made the results."""
MEASURED = "Measured: it is another one in every run."
SAME = "The same bytes in every run."
MEDIA = {
    ".bib": "application/x-bibtex",
    ".csv": "text/csv",
    ".dot": "text/vnd.graphviz",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
    ".toml": "application/toml",
}
LICENSE = {
    "@id": "#license",
    "@type": "CreativeWork",
    "name": "No license stated",
    "description": "Whoever publishes this crate says how it may be used; workspan lays no claim "
    "to what it prints.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a crate."""

    name: str
    """Its path in the crate."""
    size: int
    sha256: str
    told: str = ""
    """What else is known of it."""

    @classmethod
    def of(cls, folder: Path, name: str, told: str = "") -> Part:
        """Describe a file that is there."""
        path = folder / name
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        return cls(name, path.stat().st_size, found, told)


@dataclass(frozen=True, slots=True)
class Crate:
    """What results are described with."""

    title: str
    results: Sequence[Part]
    inputs: Sequence[Part]
    """Copies of the files that they were made from."""
    command: str
    """What makes the results again, given in the folder of the crate."""
    setting: str
    digest: str
    provenance: Provenance


def crate_text(crate: Crate) -> str:
    """Return the RO-Crate Metadata File, the same for the same crate."""
    entities = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": PROFILE},
            "about": {"@id": "./"},
        },
        _root(crate),
        LICENSE,
        _action(crate),
        *_software(crate.provenance),
        *_values(crate),
        *map(_file, (*crate.results, *crate.inputs)),
    ]
    record = {"@context": [CONTEXT, CHECKSUM], "@graph": entities}
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _root(crate: Crate) -> dict[str, Any]:
    parts = [part.name for part in (*crate.results, *crate.inputs)]
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": crate.title,
        "description": f"Results of workspan {crate.provenance.version}. With that version, this "
        f"makes them again, in the folder of this file: {crate.command}",
        "datePublished": crate.provenance.date,
        "license": {"@id": LICENSE["@id"]},
        "identifier": {"@id": "#digest"},
        "hasPart": _refer(map(_path, parts)),
        "mentions": {"@id": RUN},
    }


def _action(crate: Crate) -> dict[str, Any]:
    values = (f"#{name}" for name in ("seed", "setting", "platform"))
    return {
        "@id": RUN,
        "@type": "CreateAction",
        "name": MADE,
        "description": crate.command,
        "endTime": crate.provenance.date,
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "instrument": {"@id": "#workspan"},
        "object": _refer((*(_path(part.name) for part in crate.inputs), *values)),
        "result": _refer(_path(part.name) for part in crate.results),
    }


def _software(found: Provenance) -> list[dict[str, Any]]:
    """Return the library that made the results, and what it ran on."""
    needed = [_program(name, version) for name, version in found.software.items()]
    own = {
        **_program("workspan", found.version),
        "identifier": _refer(["#source", *(["#commit"] if found.commit else [])]),
        "softwareRequirements": _refer(program["@id"] for program in needed),
    }
    return [own, *needed]


def _program(name: str, version: str) -> dict[str, Any]:
    return {
        "@id": f"#{name}",
        "@type": "SoftwareApplication",
        "name": name,
        "version": version,
    }


def _values(crate: Crate) -> list[dict[str, Any]]:
    """Return what is known by a name and a value."""
    found = crate.provenance
    told = {
        "digest": (
            "digest of what is stated, the setting, the models and the version",
            crate.digest,
        ),
        "seed": ("seed of what is drawn for the runs", found.seed),
        "setting": ("setting", crate.setting),
        "platform": ("platform", found.platform),
        "source": ("SHA-256 of the Python files of workspan", found.source),
        "commit": ("commit of workspan, besides what was changed since", found.commit),
    }
    return [
        {"@id": f"#{key}", "@type": "PropertyValue", "name": name, "value": value}
        for key, (name, value) in told.items()
        if value is not None
    ]


def _file(part: Part) -> dict[str, Any]:
    path = PurePosixPath(part.name)
    return {
        "@id": _path(part.name),
        "@type": "File",
        "name": path.name,
        **({"description": part.told} if part.told else {}),
        "encodingFormat": MEDIA.get(path.suffix, "text/plain"),
        "contentSize": str(part.size),
        "sha256": part.sha256,
    }


def _path(name: str) -> str:
    """Return a path as the specification writes it: relative, blanks and signs escaped."""
    return "".join(c if ord(c) > 127 else quote(c, safe="/-._~") for c in name)


def _refer(names: Any) -> Any:
    """Return references to entities; one stands by itself, as compacted JSON-LD has it."""
    found: Sequence[dict[str, str]] = [{"@id": name} for name in names]
    return found[0] if len(found) == 1 else found
