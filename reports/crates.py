"""RO-Crates: a report with its provenance, described so that a stranger can make it again.

The description follows RO-Crate 1.1: https://w3id.org/ro/crate/1.1. It is the only file of a
report that has a date and a platform in it; all others are the same wherever they are made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from .provenance import Provenance

METADATA = "ro-crate-metadata.json"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
CHECKSUM = {"sha256": "http://schema.org/sha256"}
"""A term that the context of version 1.1 does not have, with the meaning that 1.2 gives it."""
PROFILE = "https://w3id.org/ro/crate/1.1"
RUN, MADE = "#run", "Making the report of workspan"
"""The identifier and the name of the action that made a report."""
MEDIA = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
}
LICENSE = {
    "@id": "#license",
    "@type": "CreativeWork",
    "name": "No license stated",
    "description": "Whoever publishes this crate says how it may be used; workspan lays no claim "
    "to what it prints.",
}


@dataclass(frozen=True, slots=True)
class Crate:
    """What a report is described with."""

    title: str
    results: Mapping[str, str | bytes]
    """The files of the report by name."""
    inputs: Mapping[str, str]
    """Copies of the files that it was made from, by their paths in the crate."""
    command: str
    """What makes the report again, given in the folder of the crate."""
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
        *(_file(name, text) for name, text in (*crate.results.items(), *crate.inputs.items())),
    ]
    record = {"@context": [CONTEXT, CHECKSUM], "@graph": entities}
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _root(crate: Crate) -> dict[str, Any]:
    parts = [*crate.results, *crate.inputs]
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": crate.title,
        "description": f"A report of workspan {crate.provenance.version}. With that version, this "
        f"makes it again, in the folder of this file: {crate.command}",
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
        "object": _refer((*map(_path, crate.inputs), *values)),
        "result": _refer(map(_path, crate.results)),
    }


def _software(found: Provenance) -> list[dict[str, Any]]:
    """Return the library that made the report, and what it ran on."""
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
        "digest": ("digest of the formulas, setting, graphs and version", crate.digest),
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


def _file(name: str, content: str | bytes) -> dict[str, Any]:
    data = content if isinstance(content, bytes) else content.encode()
    return {
        "@id": _path(name),
        "@type": "File",
        "name": PurePosixPath(name).name,
        "encodingFormat": MEDIA.get(PurePosixPath(name).suffix, "text/plain"),
        "contentSize": str(len(data)),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _path(name: str) -> str:
    """Return a path as the specification writes it: relative, blanks and signs escaped."""
    return "".join(c if ord(c) > 127 else quote(c, safe="/-._~") for c in name)


def _refer(names: Any) -> Any:
    """Return references to entities; one stands by itself, as compacted JSON-LD has it."""
    found: Sequence[dict[str, str]] = [{"@id": name} for name in names]
    return found[0] if len(found) == 1 else found
