"""Laws of writing: whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from workspan.reports.commands.files import OutputError, prepare, write, write_all, write_bytes


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


def test_links_stay_links_and_files_keep_their_permissions(tmp_path: Path) -> None:
    """What a link points to is replaced, not the link; who may read a file stays as it was."""
    target, link = tmp_path / "there" / "report.md", tmp_path / "link.md"
    write(target, "old")
    target.chmod(0o640)
    link.symlink_to(target)
    write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    """No file takes the place of a pipe or a device, such as /dev/stdout."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(pipe, "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_is_read_only_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be written is left alone, though its folder would allow a rename."""
    path = tmp_path / "report.md"
    write(path, "old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # whoever may do everything runs this too
    with pytest.raises(OutputError, match="read-only"):
        write(path, "new")
    assert path.read_text() == "old"
    with pytest.raises(OutputError, match="name a file in it"):
        write(tmp_path, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["report.md"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """Only a temporary file of this name, by a process that is gone, is debris."""
    gone, alive = tmp_path / ".a.md.999999999.tmp", tmp_path / f".a.md.{os.getppid()}.tmp"
    others = [tmp_path / name for name in (".b.md.999999999.tmp", ".a.md.x.tmp", "a.md.9.tmp")]
    for path in (gone, alive, *others):
        path.write_text("half")
    write(tmp_path / "a.md", "new")
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in (alive, *others)} | {"a.md"}


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    """The temporary file has the permissions of the old one, and a check sees the old one still."""
    path = tmp_path / "a.md"
    write(path, "old")
    path.chmod(0o600)
    seen: list[int] = []

    def check() -> None:
        seen.extend(stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir())
        assert path.read_text() == "old"

    write_bytes(path, b"new", check)
    assert seen == [0o600, 0o600]
    assert path.read_text() == "new"


def test_a_check_that_fails_keeps_the_old_file(tmp_path: Path) -> None:
    """What is found at the last moment leaves the file as it is, and nothing beside it."""
    path = tmp_path / "a.md"
    write(path, "old")

    def check() -> None:
        raise ValueError("changed")

    with pytest.raises(ValueError, match="changed"):
        write_bytes(path, b"new", check)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
