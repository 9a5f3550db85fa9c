"""The pages that are written from what the library knows, anew for each build."""

import shutil
from pathlib import Path

from catalogues import write_claims, write_models
from referring import write_reference

REPORTS = Path(__file__).parent.parent / "reports"
RECORDS = ("experiments", "machines", "counters")
"""Folders of what was measured and is on record: it is not computed again for a build."""


def write_pages(folder: Path, *, claims: bool = True) -> None:
    """Write all generated pages into a folder.

    Parameters
    ----------
    folder
        It is emptied first.
    claims
        Whether the pages of claims are wanted; without them there is an index only.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_reference(folder / "reference")
    write_models(folder / "models")
    for record in RECORDS:
        shutil.copytree(REPORTS / record, folder / record)
    write_claims(folder / "claims", pages=claims)
