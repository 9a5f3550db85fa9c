"""Laws of executors: a cluster makes the same table, and whatever is not there is one line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from workspan.analysis.sweeping import executing, performing
from workspan.analysis.sweeping.errors import SweepError
from workspan.analysis.sweeping.keeping import Kept
from workspan.analysis.sweeping.performing import Work
from workspan.analysis.sweeping.sweep import digest_of, in_order, perform
from workspan.analysis.sweeping.writing import csv_texts

from .specs import plan_of

MEASURED = {
    "models": ["rnn", "attention"],
    "figures": ["work", "span"],
    "sizes": {"n": [2, 5, 9], "d": [2, 3]},
    "setting": {"unit": ["tensor", "scalar"]},
    "witnesses": ["derived", "measured"],
}


class Cluster:
    """A dask scheduler with two workers, all of them processes of their own."""

    def __init__(self, folder: Path) -> None:
        where = folder / "scheduler.json"
        options = ["--no-dashboard", "--scheduler-file", str(where)]
        here = ["--host", "127.0.0.1"]
        self.scheduler = self._start("scheduler", "--port", "0", *here, *options)
        deadline = time.monotonic() + 60
        while not where.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.workers = [
            self._start(
                *("worker", "--nthreads", "1", "--no-nanny", *here, *options),
                *("--local-directory", str(folder / f"worker{k}")),
            )
            for k in range(2)
        ]
        self.address = json.loads(where.read_text())["address"].replace("tcp://", "dask://")

    @staticmethod
    def _start(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        """End all three processes."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Start a cluster and end it."""
    pytest.importorskip("distributed")
    found = Cluster(tmp_path)
    yield found
    found.stop()


def test_a_cluster_makes_the_same_table_until_it_dies(
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Law: two workers give the bytes that one process gives; when the scheduler is killed
    half-way, one line says so, and what was finished is kept and not done again.
    """
    plan = plan_of(**MEASURED)
    alone = list(in_order(Work(plan, [(0, plan.total)], "serial")))
    expected = "".join(t for c in alone for t in csv_texts(plan, c))
    found = in_order(Work(plan, [(0, plan.total)], cluster.address))
    assert "".join(t for c in found for t in csv_texts(plan, c)) == expected

    def kill_the_scheduler(done: int) -> None:
        cluster.scheduler.kill()

    monkeypatch.setattr(executing, "PATIENCE", 1.0)
    with Kept(tmp_path / "kept", digest_of(plan), plan.total) as kept:
        with pytest.raises(SweepError) as error:
            perform(plan, kept, cluster.address, kill_the_scheduler)
        assert cluster.address in str(error.value)
        assert capfd.readouterr().err == ""
        assert f"{kept.done:,} of {plan.total:,} points are kept" in str(error.value)
        assert "\n" not in str(error.value)
        before = kept.done
        assert 0 < before < plan.total
        assert sum(stop - start for start, stop in kept.gaps()) == plan.total - before
        perform(plan, kept, "serial")
        assert "".join(t for c in kept.chunks() for t in csv_texts(plan, c)) == expected


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: where nothing listens, the address is named, soon."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(executing, "CONNECTING", 0.5)
    with (
        pytest.raises(
            SweepError, match=r"dask scheduler at dask://127\.0\.0\.1:9, nothing answers"
        ),
        executing.opened("dask://127.0.0.1:9"),
    ):
        raise AssertionError


def test_dask_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: without the extra, the line says what to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(SweepError, match=r"pip install 'workspan\[dask\]'"),
        executing.opened("dask://127.0.0.1:9"),
    ):
        raise AssertionError


@pytest.mark.parametrize(
    "name", ["threads", "processes:0", "processes:9999", "dask://x", "", "dask://a b:1"]
)
def test_an_executor_that_does_not_exist_is_refused(name: str) -> None:
    """Law: names of executors are checked before any work."""
    with pytest.raises(SweepError, match="expected"):
        executing.check_name(name)


def _die(*_: object) -> None:
    import os

    os._exit(9)


def test_a_worker_that_dies_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a worker process that is killed ends the sweep with one line, not a traceback."""
    monkeypatch.setattr(performing, "formula_of", _die)
    plan = plan_of()
    with pytest.raises(SweepError, match="a worker process died"):
        list(Work(plan, [(0, plan.total)], "processes:1"))


def _sleep(*_: object) -> None:
    time.sleep(60)


def test_leaving_early_does_not_wait_for_tasks() -> None:
    """Law: after an interrupt, tasks that nobody will read are ended, not waited for."""
    futures: list[Future[None]] = []

    def interrupted() -> None:
        with executing.opened("processes:2") as seam:
            futures.extend(seam.executor.submit(_sleep) for _ in range(2))
            while not all(f.running() for f in futures):
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert all(f.cancelled() or f.exception() is not None for f in futures)
