"""Laws of ``workspan sweep``: killed at any moment it goes on, and ends with the same bytes."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workspan.analysis.sweeping import performing
from workspan.analysis.sweeping.executing import Serial
from workspan.analysis.sweeping.keeping import Kept
from workspan.analysis.sweeping.sweep import digest_of
from workspan.reports.cli import main

from ..analysis.sweeping.specs import SMALL, plan_of, write_toml

MEASURED = {
    "models": ["rnn", "lstm", "attention"],
    "figures": ["work", "span", "state"],
    "sizes": {"n": [2, 5, 9], "d": [2, 3]},
    "setting": {"unit": ["tensor", "scalar"], "mac": [1, 2]},
    "witnesses": ["derived", "measured"],
}
"""Points that are executed, in chunks that are small at first: many moments to be killed at."""


def started(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start a sweep in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "workspan", "sweep", "a.toml", *options],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def chunks_in(folder: Path) -> list[str]:
    """Return the names of the chunks that are kept."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(name for name in os.listdir(folder) if name.endswith(".chunk"))
    return []


def children_of(process: int) -> list[int]:
    """Return the processes that a process has started."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
        return [int(child) for child in text.split()]
    return []


def is_there(process: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_killed_again_and_again_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """Law: after SIGKILLs in the middle, nothing is lost, nothing is done or counted twice, no
    process is left over, and the table is byte for byte that of a sweep nobody disturbed.
    """
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
        write_toml(tmp_path / name / "a.toml", MEASURED)
    calm = started(tmp_path / "calm", "--executor", "serial")
    kept, parts = 0, tmp_path / "killed" / "a.csv.parts"
    for executor in ("serial", "processes:2", "serial"):
        process = started(tmp_path / "killed", "--executor", executor)
        deadline = time.monotonic() + 60
        while len(chunks_in(parts)) < kept + 5 and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.001)
        children = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert len(children) >= (2 if executor == "processes:2" else 0)
        while any(is_there(child) for child in children) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(is_there(child) for child in children)
        found = chunks_in(parts)
        assert len(found) >= kept + 5
        kept = len(found)
    (parts / ".000000000000000-000000000000001.chunk.tmp").write_bytes(b"half a chu")
    before = {name: (parts / name).stat().st_mtime_ns for name in chunks_in(parts)}
    calm.communicate()
    assert calm.returncode == 0
    assert not (tmp_path / "killed" / "a.csv").exists()
    os.chdir(tmp_path / "killed")
    try:
        assert main(["sweep", "a.toml", "--executor", "serial", "--keep", "a.csv.parts"]) == 0
    finally:
        os.chdir(Path(__file__).parent)
    after = {name: (parts / name).stat().st_mtime_ns for name in chunks_in(parts)}
    assert before.items() <= after.items()
    ranges = [tuple(map(int, name.removesuffix(".chunk").split("-"))) for name in sorted(after)]
    assert [start for start, _ in ranges] == [0, *(stop for _, stop in ranges[:-1])]
    expected = (tmp_path / "calm" / "a.csv").read_bytes()
    assert expected.count(b"\n") == 1 + 3 * 3 * 6 * 4
    assert (tmp_path / "killed" / "a.csv").read_bytes() == expected
    assert not (tmp_path / "calm" / "a.csv.parts").exists()


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse to write files beyond a size, as it does when a disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_is_one_line_and_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: when nothing more can be written, one line says so and how much is kept; with room
    again, the same command ends with the table of a sweep nobody disturbed.
    """
    spec = {"models": ["lstm"], "figures": ["work"], "sizes": {"d": [3, 4], "n": {}}}
    spec["sizes"]["n"] = {"from": 1, "to": 100_000}  # type: ignore[index]
    path = write_toml(tmp_path / "a.toml", spec)
    command = ["sweep", str(path), "-o", str(tmp_path / "a.csv"), "--executor", "serial"]
    with largest_file(600_000):
        assert main(command) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "File too large; 100,000 of 200,000 points are kept" in error
    assert not (tmp_path / "a.csv").exists()
    with largest_file(2_000_000):
        assert main(command) == 2
    error = capsys.readouterr().err
    assert "a.csv, got: File too large; 200,000 of 200,000 points are kept" in error
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".parts", ".toml"]
    assert main(command) == 0
    assert "200,000 of them finished before" in capsys.readouterr().out
    calm = tmp_path / "calm.csv"
    assert main(["sweep", str(path), "-o", str(calm)]) == 0
    assert (tmp_path / "a.csv").read_bytes() == calm.read_bytes()
    assert calm.read_bytes().count(b"\n") == 200_001


def test_ctrl_c_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: an interrupt ends with one line that says how to go on, and the next run goes on."""
    path = write_toml(tmp_path / "a.toml", SMALL)
    command = ["sweep", str(path), "-o", str(tmp_path / "a.csv"), "--executor", "serial"]
    submit, calls = Serial.submit, []

    def interrupted(self: Serial, function: object, /, *arguments: object) -> object:
        calls.append(function)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return submit(self, function, *arguments)

    monkeypatch.setattr(Serial, "submit", interrupted)
    assert main(command) == 130
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "interrupted" in error
    assert "the same command goes on from there" in error
    assert main(command) == 0
    assert "finished before" in capsys.readouterr().out


def test_a_damaged_chunk_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: a chunk that is not whole, whatever a disk did to it, is one line and done again."""
    monkeypatch.setattr(performing, "FIRST_FORMULA", 7)
    path, table = write_toml(tmp_path / "a.toml", SMALL), tmp_path / "a.csv"
    kept = tmp_path / "kept"
    command = ["sweep", str(path), "-o", str(table), "--keep", str(kept), "--executor", "serial"]
    assert main(command) == 0
    expected = table.read_bytes()
    first, second, *_ = sorted(kept.glob("*.chunk"))
    first.write_bytes(first.read_bytes()[:-3])
    second.write_bytes(b"\x80" * 50)
    capsys.readouterr()
    assert main(command) == 0
    assert capsys.readouterr().err.count("they are done again") == 2
    assert table.read_bytes() == expected


def test_a_folder_of_another_sweep_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: points of one sweep are never taken for those of another, nor are files removed."""
    table, kept = tmp_path / "a.csv", tmp_path / "kept"
    command = ["-o", str(table), "--keep", str(kept), "--executor", "serial"]
    assert main(["sweep", str(write_toml(tmp_path / "a.toml", SMALL)), *command]) == 0
    other = write_toml(tmp_path / "b.toml", {**SMALL, "figures": ["work"]})
    before = sorted(kept.iterdir())
    capsys.readouterr()
    assert main(["sweep", str(other), *command]) == 2
    assert "holds the points of another one" in capsys.readouterr().err
    assert sorted(kept.iterdir()) == before


def test_parquet_holds_the_rows_of_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: both files have the same rows; a float that is not the value has it as text beside."""
    arrow = pytest.importorskip("pyarrow.parquet")
    from workspan.analysis.sweeping import writing

    monkeypatch.setattr(writing, "ROW_GROUP", 50)
    path = write_toml(tmp_path / "a.toml", SMALL)
    for name in ("a.csv", "a.parquet"):
        assert main(["sweep", str(path), "-o", str(tmp_path / name), "--executor", "serial"]) == 0
    capsys.readouterr()
    found = arrow.read_table(tmp_path / "a.parquet")
    groups = arrow.ParquetFile(tmp_path / "a.parquet").metadata
    assert {groups.row_group(i).num_rows for i in range(groups.num_row_groups - 1)} == {50}
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert found.num_rows == len(rows) == 3 * 4 * 4 * 10 + 4 * 4 * 10
    for ours, theirs in zip(found.to_pylist(), rows, strict=True):
        assert list(ours) == list(theirs)
        for name in set(ours) - {"value", "exact"}:
            assert ("" if ours[name] is None else str(ours[name])) == theirs[name]
        if ours["value"] is None:
            assert theirs["value"] == ""
            assert theirs["reason"]
        else:
            assert float(theirs["value"]) == ours["value"]
        if "." not in theirs["value"] and theirs["value"] and "e" not in theirs["value"]:
            assert ours["exact"] in (None, theirs["value"])


def test_a_missing_library_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: without pyarrow, the line says what to install, before any work is done."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    path = write_toml(tmp_path / "a.toml", SMALL)
    assert main(["sweep", str(path), "-o", str(tmp_path / "a.parquet")]) == 2
    assert "pip install 'workspan[parquet]'" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["a.toml"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "a.xlsx"], "expected a file that ends in .csv or .parquet"),
        (["-o", "nowhere/a.csv"], "there is no folder nowhere"),
        (["--executor", "threads"], "expected serial, processes, processes:N or dask://host:port"),
        (["--limit-points", "10"], "a.toml, line 3: sizes.n: expected at most 10 points"),
        (["--format", "xml"], "expected --format to be one of"),
    ],
)
def test_wrong_options_are_one_line(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Law: what makes no sense is refused in one line, before anything is written."""
    monkeypatch.chdir(tmp_path)
    write_toml(tmp_path / "a.toml", SMALL)
    assert main(["sweep", "a.toml", *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.toml"]


def test_the_summary_is_for_other_programs_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: as JSON the summary counts values and reasons, which together are all points."""
    monkeypatch.chdir(tmp_path)
    write_toml(tmp_path / "a.toml", SMALL)
    assert main(["sweep", "a.toml", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["points"] == found["values"] + sum(found["reasons"].values())
    assert (tmp_path / "a.csv").read_text().count("\n") == found["points"] + 1


def test_two_sweeps_do_not_work_in_one_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: while one sweep works in a folder, a second one is refused in one line."""
    path, table = write_toml(tmp_path / "a.toml", SMALL), tmp_path / "a.csv"
    plan = plan_of()
    with Kept(tmp_path / "a.csv.parts", digest_of(plan), plan.total):
        assert main(["sweep", str(path), "-o", str(table)]) == 2
    assert "another process works in it" in capsys.readouterr().err
    assert main(["sweep", str(path), "-o", str(table)]) == 0


def test_a_model_of_ones_own_is_swept_if_the_command_line_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Law: a sweep's file runs no code; a model in a file is traced only if it is named beside."""
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(
        "import workspan as ws\n\n\ndef halves(x):\n    return ws.linear(x, 'd', name='out')\n"
    )
    spec = {"models": ["own.py:halves"], "figures": ["work"], "sizes": {"n": [2, 3], "d": [5]}}
    write_toml(tmp_path / "a.toml", {**spec, "witnesses": ["derived", "measured"]})
    assert main(["sweep", "a.toml"]) == 2
    assert "a.toml, line 1: models: expected a model of the catalogue" in capsys.readouterr().err
    options = ["--model", "own.py:halves", "--executor", "processes:1"]
    assert main(["sweep", "a.toml", *options]) == 0
    rows = list(csv.DictReader(Path("a.csv").read_text().splitlines()))
    assert [(r["model"], r["value"], r["measured"]) for r in rows] == [
        ("own.py:halves", str(2 * 5 * 5 * n + 5 * n), str(2 * 5 * 5 * n + 5 * n)) for n in (2, 3)
    ]
