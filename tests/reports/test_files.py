"""Laws of writing: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workspan.reports.files import OutputError, prepare, write, write_all


def test_a_failure_half_way_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If writing fails before the rename, the old file is still there and nothing else is."""
    path = tmp_path / "report.html"
    write(path, "old")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_that_cannot_be_written_keeps_the_old_file(tmp_path: Path) -> None:
    """Text that has no encoding fails while it is written, and the old file stays."""
    path = tmp_path / "a.txt"
    write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write(path, "x" * 100_000 + "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_tried_before_work_is_done(tmp_path: Path) -> None:
    """Preparing makes the folder and leaves nothing in it; a file in its place is an error."""
    prepare(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "c").write_text("kept")
    with pytest.raises(OutputError, match="expected to write to"):
        prepare(tmp_path / "c")
    assert (tmp_path / "c").read_text() == "kept"


def test_folders_are_made(tmp_path: Path) -> None:
    """A folder that is missing is made, and line feeds stay line feeds."""
    (path,) = write_all(tmp_path / "a" / "b", {"c.md": "x\ny\n"})
    assert path.read_bytes() == b"x\ny\n"


def test_a_folder_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    """A folder that cannot be written is one error that names the path."""
    blocker = tmp_path / "blocker"
    blocker.write_text("")
    with pytest.raises(OutputError, match="blocker"):
        write(blocker / "report.html", "x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_clear_error(tmp_path: Path) -> None:
    """A folder without permission is one error that names the path."""
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission"):
        write(tmp_path / "x", "y")
