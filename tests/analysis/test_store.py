"""The store of measurements: nothing is lost, nothing damaged is believed, nothing is run as code."""

from __future__ import annotations

import hashlib
import json
import math
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.confirming.store import Asked, Store, StoreError, default_folder
from workspan.analysis.confirming.store_index import Index
from workspan.analysis.confirming.store_records import Machine, Seen
from workspan.analysis.runs.observations import EngineError, Observation, Source

SOURCE = Source("torch", "2.13.0", "torch.nn.LSTM")
HERE = Machine("a machine", 2)


def asked(n: int = 8, **changes: Any) -> Asked:
    """Return a question about a length."""
    question = Asked("torch", "lstm", "ab12", {"n": n}, "work", 0, {"torch": "2.13.0"}, HERE)
    return msgspec.structs.replace(question, **changes)


def seen(value: float = 1) -> tuple[Observation, ...]:
    """Return an answer."""
    return (Observation("work", {"n": 8}, value, SOURCE, part="contraction"),)


def files(folder: Path) -> list[Path]:
    """Return the files of all records."""
    return sorted((folder / "measurements").iterdir())


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    """What was kept is found by the same question, in another process of the store."""
    with Store(tmp_path) as store:
        assert store.find(asked()) is None
        store.keep(asked(), seen(96))
    with Store(tmp_path) as store:
        assert store.find(asked()) == seen(96)
        assert len(store) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"engine": "numpy"},
        {"model": "gru"},
        {"digest": "cd34"},
        {"at": {"n": 9}},
        {"figure": "span"},
        {"seed": 1},
        {"versions": {"torch": "2.14.0"}},
        {"machine": Machine("another", 2)},
        {"machine": Machine("a machine", 4)},
    ],
)
def test_every_part_of_a_question_matters(changes: Mapping[str, Any], tmp_path: Path) -> None:
    """A question that differs in anything is another question."""
    with Store(tmp_path) as store:
        store.keep(asked(), seen())
        assert store.find(asked(**changes)) is None


def test_a_record_says_with_what_it_was_taken(tmp_path: Path) -> None:
    """A record keeps what was asked, versions, machine, seed and the time in UTC, as plain JSON."""
    with Store(tmp_path) as store:
        store.keep(asked(seed=3), seen())
    (path,) = files(tmp_path)
    record = json.loads(path.read_text())
    assert record["asked"]["versions"] == {"torch": "2.13.0"}
    assert record["asked"]["machine"] == {"platform": "a machine", "cpus": 2}
    assert record["asked"]["seed"] == 3
    assert record["when"].endswith("Z")
    assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()


numbers = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
observations = st.builds(
    Observation,
    st.text(max_size=8),
    st.dictionaries(st.sampled_from("ndhL"), st.integers(1, 10**12)),
    numbers,
    st.just(SOURCE),
    st.text(max_size=8),
    st.floats(0.0, allow_nan=False),
    st.text(max_size=8),
)


@given(observations)
def test_records_lose_nothing(observation: Observation) -> None:
    """Law: an observation comes back from JSON as it was, long numbers and open tolerances too."""
    written = msgspec.json.encode(Seen.of(observation))
    back = msgspec.json.decode(written, type=Seen).observation
    assert back == observation
    assert type(back.value) is type(observation.value)


def test_dependence_of_many_positions_is_kept(tmp_path: Path) -> None:
    """A set of pairs, which is a number of thousands of digits, is kept whole."""
    with Store(tmp_path) as store:
        store.keep(asked(), seen(2**90_000 - 1))
        assert store.find(asked()) == seen(2**90_000 - 1)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(value: float, tmp_path: Path) -> None:
    """A measurement that is no number is an error that names it, and is not kept."""
    with Store(tmp_path) as store:
        with pytest.raises(EngineError, match=r"work of torch\.nn\.LSTM to be finite"):
            store.keep(asked(), seen(value))
        assert store.find(asked()) is None


def test_a_record_has_a_bounded_size(tmp_path: Path) -> None:
    """A record that is too large is refused."""
    note = Observation("work", {}, 1, SOURCE, note="x" * (1 << 20))
    with Store(tmp_path) as store, pytest.raises(EngineError, match="at most 1048576 bytes"):
        store.keep(asked(), [note])


def test_a_newer_answer_takes_the_place_of_an_older(tmp_path: Path) -> None:
    """One question has one answer and one file, the newest."""
    with Store(tmp_path) as store:
        store.keep(asked(), seen(1))
        store.keep(asked(), seen(2))
        assert store.find(asked()) == seen(2)
    assert len(files(tmp_path)) == 1


def test_an_interrupt_before_the_entry_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was written but not entered when Ctrl-C came is entered by the next opening."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with Store(tmp_path) as store, monkeypatch.context() as patch:
        patch.setattr(Index, "put", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.keep(asked(), seen(7))
    with Store(tmp_path) as store:
        assert store.find(asked()) == seen(7)


def test_an_interrupt_before_the_rename_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is whole or not there: an interrupt while it is written leaves no part of it."""

    def interrupted(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with Store(tmp_path) as store, monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.keep(asked(), seen())
    assert files(tmp_path) == []
    with Store(tmp_path) as store:
        assert store.find(asked()) is None


def _named(data: bytes) -> tuple[str, bytes]:
    return f"{hashlib.sha256(data).hexdigest()}.json", data


DAMAGE = {
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "changed": lambda path: path.write_bytes(path.read_bytes().replace(b"96", b"97")),
    "empty": lambda path: path.write_bytes(b""),
    "too long": lambda path: path.write_bytes(b"[" * (2 << 20)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_skipped_and_taken_again(damage: str, tmp_path: Path) -> None:
    """A damaged file is skipped with one line, and its question can be answered again."""
    told: list[str] = []
    with Store(tmp_path) as store:
        store.keep(asked(), seen(96))
    DAMAGE[damage](files(tmp_path)[0])
    with Store(tmp_path, tell=told.append) as store:
        assert store.find(asked()) is None
        assert len(told) == 1
        assert "measured again" in told[0]
        assert "\n" not in told[0]
        store.keep(asked(), seen(96))
        assert store.find(asked()) == seen(96)
    assert len(told) == 1


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(print),
        b'{"__class__": "os.system", "args": ["true"]}',
        b'{"schema": 1}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_foreign_content_is_not_believed(data: bytes, tmp_path: Path) -> None:
    """Content that is no record is data that is skipped, whatever its name says, and never code."""
    told: list[str] = []
    with Store(tmp_path):
        pass
    name, content = _named(data)
    (tmp_path / "measurements" / name).write_bytes(content)
    with Store(tmp_path, tell=told.append) as store:
        assert len(store) == 0
    assert len(told) == 1
    assert files(tmp_path) == []


def test_a_record_of_another_schema_is_not_believed(tmp_path: Path) -> None:
    """A record that a later version wrote is skipped with one line."""
    told: list[str] = []
    with Store(tmp_path) as store:
        store.keep(asked(), seen())
    (path,) = files(tmp_path)
    name, content = _named(path.read_bytes().replace(b'"schema":1', b'"schema":2'))
    path.unlink()
    (tmp_path / "measurements" / name).write_bytes(content)
    with Store(tmp_path, tell=told.append) as store:
        assert store.find(asked()) is None
    assert ["its schema is 2" in line for line in told] == [True]


@pytest.mark.parametrize("content", [b"no index", b"SQLite format 3\0" + bytes(5000), None])
def test_the_index_is_made_again(content: bytes | None, tmp_path: Path) -> None:
    """An index that is lost or damaged is made again from the files, and what was there is kept."""
    told: list[str] = []
    with Store(tmp_path) as store:
        for n in range(5):
            store.keep(asked(n), seen(n))
    index = tmp_path / "index.sqlite"
    for path in tmp_path.glob("index.sqlite*"):
        path.unlink()
    if content is not None:
        index.write_bytes(content)
    with Store(tmp_path, tell=told.append) as store:
        assert [store.find(asked(n)) for n in range(5)] == [seen(n) for n in range(5)]
    assert len(told) == (content is not None)
    kept = [path.read_bytes() for path in tmp_path.glob("index.sqlite.*")]
    assert content is None or content in kept


def test_the_store_is_bounded(tmp_path: Path) -> None:
    """Of too many records, the oldest go first, and their files with them."""
    with Store(tmp_path, most_records=10) as store:
        for n in range(25):
            store.keep(asked(n), seen(n))
            assert len(store) <= 10
        assert store.find(asked(24)) == seen(24)
        assert store.find(asked(0)) is None
        assert len(files(tmp_path)) == len(store)


def test_bytes_are_bounded(tmp_path: Path) -> None:
    """Records do not take more bytes than they may."""
    with Store(tmp_path, most_bytes=3000) as store:
        for n in range(25):
            store.keep(asked(n), seen(n))
        assert sum(path.stat().st_size for path in files(tmp_path)) <= 3000
        assert store.find(asked(24)) == seen(24)


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    """Processes that keep the same and different answers at once lose none and break nothing."""
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from tests.analysis.test_store import asked, seen
from workspan.analysis.confirming.store import Store
start = int(sys.argv[1])
with Store(Path({str(tmp_path)!r}), tell=print) as store:
    for n in range(start, start + 60):
        if store.find(asked(n)) is None:
            store.keep(asked(n), seen(n))
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code, start], stdout=subprocess.PIPE, text=True)
        for start in ("0", "20", "40")
    ]
    assert [(p.communicate()[0], p.returncode) for p in running] == [("", 0)] * 3
    with Store(tmp_path) as store:
        assert [store.find(asked(n)) for n in range(100)] == [seen(n) for n in range(100)]
        assert len(files(tmp_path)) == len(store) == 100


def test_many_open_a_new_index_at_once(tmp_path: Path) -> None:
    """Law: of all that open an index which is not there yet, nobody is refused."""

    def opened(path: Path, ready: threading.Barrier) -> bool:
        ready.wait()
        with Index(path) as index:
            return index.total() == (0, 0)

    with ThreadPoolExecutor(8) as pool:
        for k in range(60):
            path, ready = tmp_path / f"{k}.sqlite", threading.Barrier(8)
            assert all(pool.map(opened, [path] * 8, [ready] * 8))


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """A store where none can be says so in one line that names the folder."""
    blocker = tmp_path / "blocker"
    blocker.write_text("kept")
    with pytest.raises(StoreError, match=r"expected to write to .*blocker"):
        Store(blocker / "store")
    assert blocker.read_text() == "kept"


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """WORKSPAN_STORE comes first, then the user's cache; a relative cache is ignored."""
    assert default_folder({"WORKSPAN_STORE": "/a/b", "XDG_CACHE_HOME": "/c"}) == Path("/a/b")
    assert default_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/workspan")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_folder({"XDG_CACHE_HOME": "c"}) == Path("/home/somebody/.cache/workspan")
